//! The bucket map beside hashbrown and std's map, on one thread and with one hasher.
//!
//! | file     | idea                                                              |
//! |----------|-------------------------------------------------------------------|
//! | `map`    | what the three maps have in common                                |
//! | `job`    | one workload on one map: prepared, timed, checked                 |
//! | `worst`  | the time of every single insertion while a map grows              |
//! | `budget` | the program that holds the ratios against what was promised       |
//! | `count`  | the program whose instructions are counted                        |

mod budget;
mod count;
mod job;
mod map;
mod worst;

pub use self::budget::main as budget;
pub use self::count::main as count;
pub use self::job::{Job, Keys, Operation, contenders};
pub use self::map::Solo;
