//! Operations on all entries.

use super::hashed::ITERATION;
use super::iter::{Drain, IntoKeys, IntoValues, Iter, IterMut, Keys, Values, ValuesMut};
use super::map::BucketMap;
use crate::primitive::random;

impl<K, V, S> BucketMap<K, V, S> {
    /// Returns an iterator over all entries, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([('a', 1), ('b', 2)]);
    /// assert_eq!(map.iter().map(|(_, n)| n).sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.flag.check(ITERATION);
        Iter {
            entries: self.table.iter(random()),
        }
    }

    /// Returns an iterator over all entries, in arbitrary order, with mutable references to the
    /// values.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([('a', 1), ('b', 2)]);
    /// for (_, n) in map.iter_mut() {
    ///     *n *= 10;
    /// }
    /// assert_eq!(map[&'b'], 20);
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, K, V> {
        self.flag.check(ITERATION);
        IterMut {
            entries: self.table.iter_mut(random()),
        }
    }

    /// Returns an iterator over all keys, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([('a', 1), ('b', 2)]);
    /// assert!(map.keys().all(|key| key.is_alphabetic()));
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys {
            entries: self.iter(),
        }
    }

    /// Returns an iterator over all values, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([('a', 1), ('b', 2)]);
    /// assert_eq!(map.values().max(), Some(&2));
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        Values {
            entries: self.iter(),
        }
    }

    /// Returns an iterator over mutable references to all values, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([('a', 1), ('b', 2)]);
    /// map.values_mut().for_each(|n| *n += 1);
    /// assert_eq!(map[&'a'], 2);
    /// ```
    pub fn values_mut(&mut self) -> ValuesMut<'_, K, V> {
        ValuesMut {
            entries: self.iter_mut(),
        }
    }

    /// Returns an iterator over the keys themselves, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.into_keys().collect::<Vec<_>>(), ["a"]);
    /// ```
    pub fn into_keys(self) -> IntoKeys<K, V> {
        IntoKeys {
            entries: self.into_iter(),
        }
    }

    /// Returns an iterator over the values themselves, in arbitrary order.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let map = BucketMap::from([(1, String::from("a"))]);
    /// assert_eq!(map.into_values().collect::<Vec<_>>(), ["a"]);
    /// ```
    pub fn into_values(self) -> IntoValues<K, V> {
        IntoValues {
            entries: self.into_iter(),
        }
    }

    /// Empties the map and returns an iterator over what was in it, in arbitrary order.
    ///
    /// Entries not taken from the iterator are dropped with it. The map keeps its buckets, unless
    /// the iterator is forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([('a', 1)]);
    /// assert_eq!(map.drain().next(), Some(('a', 1)));
    /// assert!(map.is_empty());
    /// ```
    pub fn drain(&mut self) -> Drain<'_, K, V> {
        let _writing = self.flag.write();
        if !self.is_empty() {
            self.life.begin_anew();
        }
        Drain {
            entries: self.table.drain(random()),
        }
    }

    /// Keeps the entries for which `keep` returns true, and drops the others.
    ///
    /// # Complexity
    ///
    /// **O(n + capacity)**.
    ///
    /// # Panics
    ///
    /// If `keep` or a destructor panics, the entries visited so far are kept or gone as `keep`
    /// said, and the others are still there.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map: BucketMap<i32, i32> = (0..10).map(|i| (i, i)).collect();
    /// map.retain(|key, _| key % 2 == 0);
    /// assert_eq!(map.len(), 5);
    /// ```
    pub fn retain<F>(&mut self, mut keep: F)
    where
        F: FnMut(&K, &mut V) -> bool,
    {
        let _writing = self.flag.write();
        let keep = |(key, value): &mut (K, V)| keep(key, value);
        let removed = |entry, was_last| {
            if was_last {
                self.life.begin_anew();
            }
            drop(entry);
        };
        self.table.retain(random(), keep, removed);
    }

    /// Drops all entries and keeps the buckets.
    ///
    /// # Complexity
    ///
    /// **O(capacity)**; O(1) if the map is empty already.
    ///
    /// # Panics
    ///
    /// If a destructor panics the other entries are still dropped, and the map is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([('a', 1)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    pub fn clear(&mut self) {
        if !self.is_empty() {
            drop(self.drain());
        }
    }
}
