//! A concurrent map for read-mostly shared state, and the bucket map it is built on.
//!
//! * [`SyncMap`] is shared between threads by reference: lookups use a snapshot without a lock, while the next
//!   one is built under a mutex, a few buckets at a time. The shape is that of Go's first `sync.Map`, without
//!   its cliffs.
//! * [`SyncSet`] is the set to that map.
//! * [`BucketMap`] is the single-threaded map underneath, shaped like the map of Go's runtime before Swiss
//!   tables: growth in small instalments, and [cursors](Cursor) that survive any change of the map.
//! * [`CheckedMap`] is a bucket map shared by reference without a lock, for code that promises not to use
//!   it from two sides at once: overlapping misuse is detected with certainty, and panics.
//!
//! A map in a `static`, a cache whose entries expire, and more of the kind: [`docs::recipes`]. Which map suits
//! which program, these and others: [`docs::chooser`]. From Go, dashmap or papaya to this crate:
//! [`docs::migration`]. What was measured, the losses too: [`docs::performance`].
//!
//! # Features
//!
//! Both off by default.
//!
//! * `serde`: `Serialize` and `Deserialize` for [`SyncMap`], [`SyncSet`] and [`BucketMap`].
//! * `rayon`: parallel iteration over [`SyncMap`] and [`SyncSet`], and building them in parallel.
//!
//! # Examples
//!
//! ```
//! use splitmap::SyncMap;
//!
//! let cache = SyncMap::new();
//! std::thread::scope(|scope| {
//!     for _ in 0..4 {
//!         // Whoever comes first stores its value; everybody gets that one.
//!         scope.spawn(|| assert_eq!(*cache.get_or_insert_with("answer", || 42), 42));
//!     }
//! });
//! assert_eq!(cache.len(), 1);
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc(test(attr(deny(warnings))))]

mod bucket;
pub mod docs;
#[doc(hidden)]
#[cfg(splitmap_loom)]
pub mod internals;
mod primitive;
mod reclaim;
#[doc(hidden)]
#[cfg(all(debug_assertions, not(any(splitmap_loom, splitmap_shuttle))))]
pub mod replay;
#[cfg(feature = "serde")]
mod serialize;
mod set;
mod sync;
mod tuning;

pub use equivalent::Equivalent;

pub use self::bucket::{BucketMap, CheckedMap, Cursor, Entry, Growth, Layout};
pub use self::set::SyncSet;
pub use self::sync::{
    Compute, Frozen, KeyRef, OccupiedError, Operation, Promotion, Ref, Stats, SyncMap,
};

#[cfg(splitmap_stress)]
#[doc(hidden)]
pub use self::primitive::seed_yields;

/// The types that the methods of [`BucketMap`] return.
pub mod bucket_map {
    pub use crate::bucket::{
        Drain, Entry, IntoIter, IntoKeys, IntoValues, Iter, IterMut, Keys, OccupiedEntry,
        VacantEntry, Values, ValuesMut,
    };
}

/// The types that the methods of [`SyncMap`] return.
pub mod sync_map {
    pub use crate::sync::{
        Compute, Frozen, GetMany, IntoIter, Iter, KeyRef, Keys, OccupiedError, Operation,
        Promotion, Ref, Stats, TakeAll, Values,
    };
    #[cfg(feature = "rayon")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
    pub use crate::sync::{ParIter, ParMap};
}

/// The types that the methods of [`SyncSet`] return.
pub mod sync_set {
    #[cfg(feature = "rayon")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
    pub use crate::set::ParIter;
    pub use crate::set::{IntoIter, Iter};
    pub use crate::sync::{KeyRef, Promotion, Stats};
}

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
