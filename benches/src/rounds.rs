//! Interleaved rounds, and what comes out of them.
//!
//! In every round each subject runs once, and the next round begins with another subject: what slows
//! the machine down for a while slows all of them. Of the rounds the median counts, and where two
//! subjects are compared, the median of their ratios within a round.
//!
//! A round builds the maps, unless the last one left them as they were; starts the threads, lets each
//! look one key up, holds them at a barrier; and then measures from the first thread's start to the last
//! one's end. Afterwards the outcome is compared with what must come out.

mod roster;
mod seat;
mod stats;

pub use self::roster::{SUBJECTS, Session};
pub use self::seat::{Contender, Referee, Sample, Seat};
pub use self::stats::{Figure, median, ratio};
