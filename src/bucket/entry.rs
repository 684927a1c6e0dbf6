//! The entry interface: one lookup, then whatever the outcome calls for.

use std::fmt;
use std::mem;

use super::stamp::{EntryStamp, Life};
use super::table::{Found, Table};

/// A place in a [`BucketMap`](crate::BucketMap) for one key, from [`entry`](crate::BucketMap::entry).
///
/// # Examples
///
/// ```
/// use splitmap::{BucketMap, Entry};
///
/// let mut map = BucketMap::from([("a", 1)]);
/// assert!(matches!(map.entry("a"), Entry::Occupied(_)));
/// assert!(matches!(map.entry("b"), Entry::Vacant(_)));
/// ```
pub enum Entry<'a, K, V> {
    /// There is an entry.
    Occupied(OccupiedEntry<'a, K, V>),
    /// There is none.
    Vacant(VacantEntry<'a, K, V>),
}

/// A place that holds an entry.
///
/// # Examples
///
/// ```
/// use splitmap::{BucketMap, Entry};
///
/// let mut map = BucketMap::from([("a", 1)]);
/// let Entry::Occupied(entry) = map.entry("a") else { unreachable!() };
/// assert_eq!(entry.remove_entry(), ("a", 1));
/// assert!(map.is_empty());
/// ```
pub struct OccupiedEntry<'a, K, V> {
    found: Found<'a, (K, V), EntryStamp>,
    life: &'a mut Life,
}

/// A place that holds no entry yet.
///
/// # Examples
///
/// ```
/// use splitmap::{BucketMap, Entry};
///
/// let mut map = BucketMap::new();
/// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
/// assert_eq!(entry.insert(1), &1);
/// ```
pub struct VacantEntry<'a, K, V> {
    table: &'a mut Table<(K, V), EntryStamp>,
    life: &'a mut Life,
    hash: u64,
    key: K,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The key: the stored one, or the one asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map: BucketMap<&str, u32> = BucketMap::new();
    /// assert_eq!(map.entry("a").key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        match self {
            Self::Occupied(entry) => entry.key(),
            Self::Vacant(entry) => entry.key(),
        }
    }

    /// Returns the value, storing `default` first if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").or_insert(1), &1);
    /// assert_eq!(map.entry("a").or_insert(2), &1);
    /// ```
    #[inline]
    pub fn or_insert(self, default: V) -> &'a mut V {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(default),
        }
    }

    /// Returns the value, storing what `default` returns first if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").or_insert_with(|| 1), &1);
    /// ```
    #[inline]
    pub fn or_insert_with<F>(self, default: F) -> &'a mut V
    where
        F: FnOnce() -> V,
    {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => entry.insert(default()),
        }
    }

    /// Returns the value, storing what `default` makes of the key first if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("abc").or_insert_with_key(|key| key.len()), &3);
    /// ```
    #[inline]
    pub fn or_insert_with_key<F>(self, default: F) -> &'a mut V
    where
        F: FnOnce(&K) -> V,
    {
        match self {
            Self::Occupied(entry) => entry.into_mut(),
            Self::Vacant(entry) => {
                let value = default(entry.key());
                entry.insert(value)
            }
        }
    }

    /// Returns the value, storing the default one first if there is none.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map: BucketMap<&str, u32> = BucketMap::new();
    /// assert_eq!(map.entry("a").or_default(), &0);
    /// ```
    #[inline]
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Shows the value to `modify`, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([("a", 1)]);
    /// assert_eq!(map.entry("a").and_modify(|n| *n += 1).or_insert(0), &2);
    /// ```
    #[inline]
    pub fn and_modify<F>(mut self, modify: F) -> Self
    where
        F: FnOnce(&mut V),
    {
        if let Self::Occupied(entry) = &mut self {
            modify(entry.get_mut());
        }
        self
    }

    /// Stores `value`, dropping the one it replaces if there is one, and returns the entry.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([("a", 1)]);
    /// assert_eq!(map.entry("a").insert_entry(2).get(), &2);
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V> {
        match self {
            Self::Occupied(mut entry) => {
                drop(entry.insert(value));
                entry
            }
            Self::Vacant(entry) => entry.insert_entry(value),
        }
    }
}

impl<'a, K, V> OccupiedEntry<'a, K, V> {
    pub(super) fn new(found: Found<'a, (K, V), EntryStamp>, life: &'a mut Life) -> Self {
        Self { found, life }
    }

    /// The stored key.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").insert_entry(1).key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.found.get().0
    }

    /// The value.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").insert_entry(1).get(), &1);
    /// ```
    pub fn get(&self) -> &V {
        &self.found.get().1
    }

    /// The value, to change it. To keep the reference, use [`into_mut`](Self::into_mut).
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// *map.entry("a").insert_entry(1).get_mut() += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn get_mut(&mut self) -> &mut V {
        &mut self.found.get_mut().1
    }

    /// The value, to change it, for as long as the map is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// let value = map.entry("a").insert_entry(1).into_mut();
    /// *value += 1;
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn into_mut(self) -> &'a mut V {
        &mut self.found.into_mut().1
    }

    /// Stores `value` and returns the one it replaces.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").insert_entry(1).insert(2), 1);
    /// assert_eq!(map["a"], 2);
    /// ```
    pub fn insert(&mut self, value: V) -> V {
        mem::replace(self.get_mut(), value)
    }

    /// Removes the entry and returns its value.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").insert_entry(1).remove(), 1);
    /// assert!(map.is_empty());
    /// ```
    pub fn remove(self) -> V {
        let (key, value) = self.remove_entry();
        // Now, while the value is a local: one already in place for returning would leak if the
        // destructor panicked.
        drop(key);
        value
    }

    /// Removes the entry and returns it whole.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::new();
    /// assert_eq!(map.entry("a").insert_entry(1).remove_entry(), ("a", 1));
    /// ```
    pub fn remove_entry(self) -> (K, V) {
        let (entry, was_last) = self.found.remove();
        if was_last {
            self.life.begin_anew();
        }
        entry
    }
}

impl<'a, K, V> VacantEntry<'a, K, V> {
    pub(super) fn new(
        table: &'a mut Table<(K, V), EntryStamp>,
        life: &'a mut Life,
        hash: u64,
        key: K,
    ) -> Self {
        Self {
            table,
            life,
            hash,
            key,
        }
    }

    /// The key that was asked for.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Entry};
    ///
    /// let mut map: BucketMap<&str, u32> = BucketMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.key(), &"a");
    /// ```
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Gives the key back; the map stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Entry};
    ///
    /// let mut map: BucketMap<&str, u32> = BucketMap::new();
    /// let Entry::Vacant(entry) = map.entry("a") else { unreachable!() };
    /// assert_eq!(entry.into_key(), "a");
    /// assert!(map.is_empty());
    /// ```
    pub fn into_key(self) -> K {
        self.key
    }

    /// Stores `value` under the key.
    ///
    /// # Panics
    ///
    /// As [`BucketMap::insert`](crate::BucketMap::insert).
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Entry};
    ///
    /// let mut map = BucketMap::new();
    /// if let Entry::Vacant(entry) = map.entry("a") {
    ///     *entry.insert(1) += 1;
    /// }
    /// assert_eq!(map["a"], 2);
    /// ```
    #[inline]
    pub fn insert(self, value: V) -> &'a mut V {
        let stamp = self.life.next_stamp(self.hash, self.table);
        let (_, value) = self.table.insert_new(self.hash, stamp, (self.key, value));
        value
    }

    /// Stores `value` under the key and returns the entry.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{BucketMap, Entry};
    ///
    /// let mut map = BucketMap::new();
    /// if let Entry::Vacant(entry) = map.entry("a") {
    ///     assert_eq!(entry.insert_entry(1).get(), &1);
    /// }
    /// ```
    pub fn insert_entry(self, value: V) -> OccupiedEntry<'a, K, V> {
        let stamp = self.life.next_stamp(self.hash, self.table);
        let found = self.table.insert_found(self.hash, stamp, (self.key, value));
        OccupiedEntry {
            found,
            life: self.life,
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Entry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Occupied(entry) => f.debug_tuple("Entry").field(entry).finish(),
            Self::Vacant(entry) => f.debug_tuple("Entry").field(entry).finish(),
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OccupiedEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, value) = self.found.get();
        f.debug_struct("OccupiedEntry")
            .field("key", key)
            .field("value", value)
            .finish()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for VacantEntry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VacantEntry").field(&self.key).finish()
    }
}
