//! A concurrent map for read-mostly shared state.

mod bucket;
mod primitive;

pub use bucket::{BucketMap, CheckedMap, Cursor, Entry, Growth, Layout};

/// The types that the methods of [`BucketMap`] return.
pub mod bucket_map {
    pub use crate::bucket::{
        Drain, Entry, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, OccupiedEntry,
        VacantEntry, Values, ValuesMut,
    };
}
