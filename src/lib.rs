//! A concurrent map for read-mostly shared state.

mod bucket;
#[cfg(splitmap_loom)]
pub mod internals;
mod primitive;
mod reclaim;
mod sync;
mod tuning;

pub use self::sync::{IntoIter, Iter, OccupiedError, Ref, Stats, SyncMap};
pub use equivalent::Equivalent;
