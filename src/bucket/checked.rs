//! The map as Go programs share it: by reference, without a lock, with misuse detected.

use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};

use equivalent::Equivalent;

use super::cursor::Cursor;
use super::map::BucketMap;
use super::marked::Marked;

/// A [`BucketMap`] shared by reference without a lock, in which overlapping misuse panics.
///
/// Like a Go map it may be read by any number of threads at a time, or written by one. Unlike Go's
/// check, which is best effort, this one is certain: of two operations that overlap, at least one
/// of them a write, the later one panics before it has touched the map. The other one finishes
/// normally, and the map stays usable. Use it where accesses are known not to overlap, but not to
/// the compiler; where they do overlap use [`BucketMap`] in a lock.
///
/// Keys are hashed before the check, and destructors run after it: both may use the map. `Eq`,
/// `Clone` and the closure of [`with`](Self::with) run under it; they may read the map as part of a
/// read, but a write from there is an overlap.
///
/// # Panics
///
/// Every method panics when it overlaps a write, and every write when it overlaps anything, with
/// Go's words: "concurrent map read and map write", "concurrent map writes" or "concurrent map
/// iteration and map write".
///
/// # Examples
///
/// ```
/// use std::thread;
/// use splitmap::CheckedMap;
///
/// let map = CheckedMap::new();
/// map.insert("a", 1);
/// thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(map.get("a"), Some(1)));
///     scope.spawn(|| assert_eq!(map.get("b"), None));
/// });
/// assert_eq!(map.remove("a"), Some(1));
/// ```
pub struct CheckedMap<K, V, S = RandomState> {
    /// Without its hasher, which has to be at hand before the check.
    map: Marked<BucketMap<K, V, ()>>,
    hasher: S,
}

impl<K, V> CheckedMap<K, V> {
    /// Returns an empty map.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map: CheckedMap<u32, u32> = CheckedMap::new();
    /// assert!(map.is_empty());
    /// ```
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }
}

impl<K, V, S> CheckedMap<K, V, S> {
    /// Returns an empty map that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::RandomState;
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::with_hasher(RandomState::new());
    /// map.insert(1, 'a');
    /// assert_eq!(map.get(&1), Some('a'));
    /// ```
    pub fn with_hasher(hasher: S) -> Self {
        Self {
            map: Marked::new(BucketMap::with_hasher(())),
            hasher,
        }
    }

    /// Returns the map without the check.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// assert_eq!(map.into_inner()[&1], 'a');
    /// ```
    pub fn into_inner(self) -> BucketMap<K, V, S> {
        self.map.into_inner().hashing_with(self.hasher)
    }

    /// Returns the number of entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.map.read().len()
    }

    /// Returns whether the map has no entries.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map: CheckedMap<u32, u32> = CheckedMap::new();
    /// assert!(map.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.read().is_empty()
    }

    /// Drops all entries and keeps the number of buckets.
    ///
    /// The entries are dropped after the check, so their destructors may use the map. If one panics
    /// the others are still dropped, and the map is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&self) {
        let entries = self.map.write().take_entries();
        drop(entries);
    }

    /// Calls `each` with a copy of every entry, in arbitrary order.
    ///
    /// Each step copies one entry out under the check and calls `each` outside of it, so that
    /// `each` may write to the map. What is produced then is as for a [`Cursor`].
    ///
    /// # Complexity
    ///
    /// **O(n + buckets)** without the calls.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// map.insert(2, 'b');
    /// map.for_each(|key, _| {
    ///     map.remove(&key);
    /// });
    /// assert!(map.is_empty());
    /// ```
    pub fn for_each(&self, mut each: impl FnMut(K, V))
    where
        K: Clone,
        V: Clone,
    {
        let mut cursor = self.map.step().cursor();
        while let Some((key, value)) = self.copy_next(&mut cursor) {
            each(key, value);
        }
    }
}

impl<K: Clone, V: Clone, S> CheckedMap<K, V, S> {
    fn copy_next(&self, cursor: &mut Cursor) -> Option<(K, V)> {
        // Declared before the guard and so dropped after it, should copying the value unwind.
        let key_copy;
        let map = self.map.step();
        let (key, value) = cursor.next(&map)?;
        key_copy = key.clone();
        Some((key_copy, value.clone()))
    }
}

impl<K, V, S> CheckedMap<K, V, S>
where
    S: BuildHasher,
{
    /// Returns a copy of the value of `key`.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// assert_eq!(map.get(&1), Some('a'));
    /// assert_eq!(map.get(&2), None);
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        V: Clone,
    {
        self.with(key, V::clone)
    }

    /// Shows the value of `key` to `look` and returns what that returns.
    ///
    /// `look` runs under the check: it may read the map, but not write to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, String::from("abc"));
    /// assert_eq!(map.with(&1, |text| text.len()), Some(3));
    /// ```
    pub fn with<Q, R>(&self, key: &Q, look: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let hash = self.hasher.hash_one(key);
        let map = self.map.read();
        let (_, value) = map.find_hashed(hash, key)?;
        Some(look(value))
    }

    /// Returns whether there is an entry for `key`.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// assert!(map.contains_key(&1));
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.with(key, |_| ()).is_some()
    }

    /// Stores `value` under `key` and returns the value it replaces, if there was one.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// assert_eq!(map.insert(1, 'a'), None);
    /// assert_eq!(map.insert(1, 'b'), Some('a'));
    /// ```
    pub fn insert(&self, key: K, mut value: V) -> Option<V>
    where
        K: Hash + Eq,
    {
        let hash = self.hasher.hash_one(&key);
        // The guard goes before the parameters do, so their destructors run after the mark is
        // cleared also if comparing unwinds.
        let mut map = self.map.write();
        if let Err(absent) = map.swap_hashed(hash, &key, &mut value) {
            map.insert_absent(absent, key, value);
            return None;
        }
        drop(map);
        drop(key); // while the value is a local: in place for returning it would leak on unwinding
        Some(value)
    }

    /// Removes the entry of `key` and returns its value.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::CheckedMap;
    ///
    /// let map = CheckedMap::new();
    /// map.insert(1, 'a');
    /// assert_eq!(map.remove(&1), Some('a'));
    /// ```
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let hash = self.hasher.hash_one(key);
        let removed = self.map.write().remove_hashed(hash, key);
        let (key, value) = removed?;
        drop(key); // while the value is a local, as in `insert`
        Some(value)
    }
}

impl<K, V, S: Default> Default for CheckedMap<K, V, S> {
    /// Returns an empty map.
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S> From<BucketMap<K, V, S>> for CheckedMap<K, V, S> {
    /// Puts the check around a map.
    fn from(map: BucketMap<K, V, S>) -> Self {
        let (map, hasher) = map.without_hasher();
        Self {
            map: Marked::new(map),
            hasher,
        }
    }
}

impl<K, V, S> fmt::Debug for CheckedMap<K, V, S>
where
    K: fmt::Debug,
    V: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.map.read(), f)
    }
}
