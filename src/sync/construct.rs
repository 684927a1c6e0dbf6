//! Making a map.

use std::hash::RandomState;

use super::SyncMap;
use super::dirty::Dirty;
use super::flight::Flights;
use super::snapshot::{EntryTable, Published, Snapshot};
use crate::primitive::{CachePadded, Mutex};
use crate::reclaim::Domain;

impl<K, V> SyncMap<K, V> {
    /// An empty map, with std's randomly seeded hasher.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::<String, u32>::new();
    /// assert!(map.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// An empty map whose first table has room for `capacity` entries.
    ///
    /// A hint too large for memory's address space counts as 0, as in Go. When new keys settle in the table is
    /// another matter: see [`with_promotion`](SyncMap::with_promotion).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::with_capacity(1_000);
    /// map.insert("key", 1);
    /// assert_eq!(map.len(), 1);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<K, V, S> SyncMap<K, V, S> {
    /// An empty map that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    ///
    /// let map = splitmap::SyncMap::with_hasher(RandomState::new());
    /// map.insert(1, "one");
    /// assert!(map.contains_key(&1));
    /// ```
    #[must_use]
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    /// An empty map whose first table has room for `capacity` entries, and that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    ///
    /// let map = splitmap::SyncMap::with_capacity_and_hasher(64, RandomState::new());
    /// map.insert(1, "one");
    /// assert!(map.contains_key(&1));
    /// ```
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        let table = EntryTable::with_capacity(capacity);
        Self {
            published: Published::new(table),
            dirty: CachePadded::new(Mutex::new(Dirty::new())),
            domain: Domain::new(Snapshot::ruin),
            flights: Flights::new(),
            hasher,
        }
    }

    /// The hasher that the map was built with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::{BuildHasher, RandomState};
    ///
    /// let hasher = RandomState::new();
    /// let map = splitmap::SyncMap::<u32, u32>::with_hasher(hasher.clone());
    /// assert_eq!(map.hasher().hash_one(7), hasher.hash_one(7));
    /// ```
    pub fn hasher(&self) -> &S {
        &self.hasher
    }
}
