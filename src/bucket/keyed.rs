//! What the map does with one key: lookups, inserts, removals, entries.

use std::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::entry::{Entry, OccupiedEntry, VacantEntry};
use super::map::BucketMap;

impl<K, V, S> BucketMap<K, V, S>
where
    S: BuildHasher,
{
    /// Returns the value of `key`.
    ///
    /// The key may be any type that hashes and compares as `K` does. It is not hashed if the map is
    /// empty.
    ///
    /// # Complexity
    ///
    /// Expected **O(1)**. Does none of a growth's work.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get("a"), Some(&1));
    /// assert_eq!(map.get("b"), None);
    /// ```
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.get_key_value(key).map(|(_, value)| value)
    }

    /// Returns the stored key and the value of `key`.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get_key_value("a"), Some((&String::from("a"), &1)));
    /// ```
    #[inline]
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        if self.is_empty() {
            return None;
        }
        let (key, value) = self.find_hashed(self.hasher.hash_one(key), key)?;
        Some((key, value))
    }

    /// Returns whether there is an entry for `key`.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([(1, 'a')]);
    /// assert!(map.contains_key(&1));
    /// assert!(!map.contains_key(&2));
    /// ```
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.get_key_value(key).is_some()
    }

    /// Returns a mutable reference to the value of `key`.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([(1, 'a')]);
    /// if let Some(letter) = map.get_mut(&1) {
    ///     *letter = 'b';
    /// }
    /// assert_eq!(map[&1], 'b');
    /// ```
    #[inline]
    pub fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        if self.is_empty() {
            return None;
        }
        let (_, value) = self.find_mut_hashed(self.hasher.hash_one(key), key)?;
        Some(value)
    }

    /// Stores `value` under `key` and returns the value it replaces, if there was one.
    ///
    /// As in std the stored key stays and the new one is dropped.
    ///
    /// # Complexity
    ///
    /// Expected and worst **O(1)**, but for allocating and for long chains of equal hashes. While
    /// the map is growing each call moves one or two of the old buckets.
    ///
    /// # Panics
    ///
    /// "capacity overflow" when the map would need more than 2^31 buckets. If hashing or comparing
    /// panics, nothing has changed.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.insert(1, 'a'), None);
    /// assert_eq!(map.insert(1, 'b'), Some('a'));
    /// ```
    #[inline]
    pub fn insert(&mut self, key: K, mut value: V) -> Option<V>
    where
        K: Hash + Eq,
    {
        let hash = self.hasher.hash_one(&key);
        if let Err(absent) = self.swap_hashed(hash, &key, &mut value) {
            self.insert_absent(absent, key, value);
            return None;
        }
        // Now, while the replaced value is a local: should the destructor panic, a value already in
        // place for returning would leak.
        drop(key);
        Some(value)
    }

    /// Removes the entry of `key` and returns its value.
    ///
    /// # Complexity
    ///
    /// As for [`insert`](Self::insert): while the map is growing each call moves one or two of the
    /// old buckets, also if there is nothing to remove.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([(1, 'a')]);
    /// assert_eq!(map.remove(&1), Some('a'));
    /// assert_eq!(map.remove(&1), None);
    /// ```
    #[inline]
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let (key, value) = self.remove_entry(key)?;
        drop(key); // while the value is a local, as in `insert`
        Some(value)
    }

    /// Removes the entry of `key` and returns it whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.remove_entry("a"), Some((String::from("a"), 1)));
    /// ```
    #[inline]
    pub fn remove_entry<Q>(&mut self, key: &Q) -> Option<(K, V)>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        if self.is_empty() {
            return None;
        }
        self.remove_hashed(self.hasher.hash_one(key), key)
    }

    /// Returns the place of `key`: occupied or vacant.
    ///
    /// A vacant entry that is not filled changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut letters = BucketMap::new();
    /// for letter in "banana".chars() {
    ///     *letters.entry(letter).or_insert(0) += 1;
    /// }
    /// assert_eq!(letters[&'a'], 3);
    /// ```
    #[inline]
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V>
    where
        K: Hash + Eq,
    {
        let hash = self.seeded(self.hasher.hash_one(&key));
        let writing = self.flag.write();
        let found = self.table.find_entry(hash, |(stored, _)| *stored == key);
        drop(writing);
        match found {
            Ok(found) => Entry::Occupied(OccupiedEntry::new(found, &mut self.life)),
            Err(table) => Entry::Vacant(VacantEntry::new(table, &mut self.life, hash, key)),
        }
    }
}
