//! The bucket map's interface: checks the write flag, hashes, and leaves the rest to the table.

use std::fmt;
use std::hash::RandomState;

use super::cursor::Cursor;
use super::hashed::ITERATION;
use super::header::Layout;
use super::identity::Identity;
use super::stamp::{EntryStamp, Life};
use super::table::Table;
use super::write_flag::WriteFlag;

/// A single-threaded hash map that grows in instalments: no insert ever pays for moving the whole
/// map.
///
/// It is shaped like the map of the Go runtime before Go 1.24: buckets of eight cells with a byte
/// of hash each, chains of overflow buckets, and a growth whose work is spread over the writes
/// after it. Use it where the longest insert matters, or for a [`Cursor`], which iterates while the
/// map is being changed. Where neither matters std's `HashMap` is a little faster.
///
/// Iteration order is arbitrary and differs from one iterator to the next, `keys` and `values` of
/// the same map included.
///
/// # Complexity
///
/// Lookups, inserts and removals take expected **O(1)**, and inserts and removals O(1) in the worst
/// case too, but for allocating memory and for chains of equal hashes. The map never shrinks.
///
/// # Panics
///
/// Whatever a key's `Hash` or `Eq`, a destructor or a closure does, panicking included, the map
/// stays valid: each entry is as before the call or as after it.
///
/// # Examples
///
/// ```
/// use splitmap::BucketMap;
///
/// let mut stock = BucketMap::new();
/// stock.insert("apples", 3);
/// *stock.entry("pears").or_insert(0) += 2;
/// assert_eq!(stock.get("pears"), Some(&2));
/// assert_eq!(stock.remove("apples"), Some(3));
/// assert_eq!(stock.len(), 1);
/// ```
pub struct BucketMap<K, V, S = RandomState> {
    pub(super) table: Table<(K, V), EntryStamp>,
    pub(super) life: Life,
    pub(super) flag: WriteFlag,
    pub(super) identity: Identity,
    pub(super) hasher: S,
}

impl<K, V> BucketMap<K, V> {
    /// Returns an empty map. Allocates nothing until the first insert.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map: BucketMap<u32, u32> = BucketMap::new();
    /// assert!(map.is_empty());
    /// assert_eq!(map.capacity(), 8);
    /// ```
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// Returns an empty map that holds `capacity` entries before it grows.
    ///
    /// The capacity is a hint. One for more memory than there is counts as 0, as in Go.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map: BucketMap<u32, u32> = BucketMap::with_capacity(100);
    /// assert_eq!(map.capacity(), 104);
    ///
    /// let map: BucketMap<u32, u32> = BucketMap::with_capacity(usize::MAX);
    /// assert_eq!(map.capacity(), 8);
    /// ```
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> BucketMap<K, V, S> {
    /// Returns an empty map that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::with_hasher(RandomState::new());
    /// map.insert(1, 'a');
    /// assert_eq!(map[&1], 'a');
    /// ```
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    /// Returns an empty map that holds `capacity` entries before it grows and hashes with `hasher`.
    ///
    /// The capacity is a hint, as for [`with_capacity`](BucketMap::with_capacity).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    /// use splitmap::BucketMap;
    ///
    /// let map: BucketMap<u32, u32> = BucketMap::with_capacity_and_hasher(9, RandomState::new());
    /// assert_eq!(map.capacity(), 13);
    /// ```
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        let table = Table::with_capacity(capacity);
        Self {
            table,
            life: Life::new(),
            flag: WriteFlag::new(),
            identity: Identity::new(),
            hasher,
        }
    }

    /// The map's hasher.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::{BuildHasher, RandomState};
    /// use splitmap::BucketMap;
    ///
    /// let hasher = RandomState::new();
    /// let map: BucketMap<u32, u32> = BucketMap::with_hasher(hasher.clone());
    /// assert_eq!(map.hasher().hash_one(7), hasher.hash_one(7));
    /// ```
    pub const fn hasher(&self) -> &S {
        &self.hasher
    }

    /// Returns how many entries the map holds before it must grow.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.capacity(), 8);
    /// map.extend((0..9).map(|i| (i, ())));
    /// assert_eq!(map.capacity(), 13);
    /// ```
    pub fn capacity(&self) -> usize {
        self.table.capacity()
    }

    /// Returns the number of entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([('a', 1), ('b', 2)]);
    /// assert_eq!(map.len(), 2);
    /// ```
    #[inline]
    pub const fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether the map has no entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert!(map.is_empty());
    /// map.insert(1, 1);
    /// assert!(!map.is_empty());
    /// ```
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Returns the map's shape: its buckets, and how far a growth is.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Growth};
    ///
    /// // 208 entries fill 32 buckets; one more starts a growth, of which the same insert does at
    /// // most two instalments.
    /// let mut map = BucketMap::new();
    /// map.extend((0..209).map(|i| (i, i)));
    /// let layout = map.layout();
    /// assert_eq!((layout.buckets, layout.old_buckets), (64, 32));
    /// assert_eq!(layout.growth, Growth::Doubling);
    /// assert!(layout.evacuated <= 2);
    /// ```
    pub fn layout(&self) -> Layout {
        self.table.layout()
    }

    /// Does what is left of a growth at once.
    ///
    /// # Complexity
    ///
    /// **O(n)** if the map is growing, else O(1). Never needed: writes do the same work bit by bit.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Growth};
    ///
    /// let mut map = BucketMap::new();
    /// map.extend((0..209).map(|i| (i, i)));
    /// assert_eq!(map.layout().growth, Growth::Doubling);
    /// map.finish_growth();
    /// assert_eq!(map.layout().growth, Growth::None);
    /// ```
    pub fn finish_growth(&mut self) {
        let _writing = self.flag.write();
        self.table.finish_growth();
    }

    /// Returns a cursor: an iteration that borrows nothing, so that the map may change between
    /// steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map: BucketMap<u32, u32> = (0..10).map(|i| (i, i)).collect();
    /// let mut cursor = map.cursor();
    /// while let Some((&key, _)) = cursor.next(&map) {
    ///     map.insert(key + 10, key);
    /// }
    /// assert_eq!(map.len(), 20);
    /// ```
    pub fn cursor(&self) -> Cursor {
        self.flag.check(ITERATION);
        Cursor::new(self)
    }

    /// The same map with another hasher, which must hash as the one before did.
    fn with_other_hasher<R>(self, hasher: R) -> (BucketMap<K, V, R>, S) {
        let Self {
            table,
            life,
            flag,
            identity,
            hasher: before,
        } = self;
        (
            BucketMap {
                table,
                life,
                flag,
                identity,
                hasher,
            },
            before,
        )
    }

    /// The map and its hasher apart, for [`CheckedMap`](crate::CheckedMap).
    pub(super) fn without_hasher(self) -> (BucketMap<K, V, ()>, S) {
        self.with_other_hasher(())
    }

    /// Puts a hasher back that was taken out.
    pub(super) fn hashing_with<R>(self, hasher: R) -> BucketMap<K, V, R> {
        self.with_other_hasher(hasher).0
    }

    /// Panics unless the map's invariants hold. For tests of this crate.
    #[doc(hidden)]
    #[cfg(any(test, debug_assertions, splitmap_loom))]
    pub fn validate(&self) {
        self.flag.check(super::hashed::READ);
        self.table.validate();
        self.table.validate_stamps();
    }
}

impl<K, V, S> fmt::Debug for BucketMap<K, V, S>
where
    K: fmt::Debug,
    V: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
