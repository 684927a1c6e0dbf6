//! A concurrent map for read-mostly shared state.

mod bucket;
mod primitive;
mod reclaim;
mod sync;
mod tuning;

pub use self::sync::{IntoIter, Iter, OccupiedError, Ref, Stats, SyncMap};
pub use equivalent::Equivalent;
