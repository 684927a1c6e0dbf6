//! A concurrent map for read-mostly shared state.

mod bucket;
mod primitive;
mod reclaim;
mod sync;
mod tuning;

pub use self::bucket::{BucketMap, CheckedMap, Cursor, Entry, Growth, Layout};
pub use self::sync::{IntoIter, Iter, OccupiedError, Ref, Stats, SyncMap};
pub use equivalent::Equivalent;

/// The types that the methods of [`BucketMap`] return.
pub mod bucket_map {
    pub use crate::bucket::{
        Drain, Entry, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, OccupiedEntry,
        VacantEntry, Values, ValuesMut,
    };
}
