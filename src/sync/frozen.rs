//! A copy of a map that nothing changes any more.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::ops::Index;
use std::hash::RandomState;

use equivalent::Equivalent;

use super::SyncMap;
use crate::bucket::{BucketMap, Iter, Keys, Values};
use crate::primitive::Arc;

impl<K, V, S> SyncMap<K, V, S>
where
    K: Hash + Eq + Clone,
    V: Clone,
    S: BuildHasher + Clone,
{
    /// Copies the entries into a [`Frozen`] map, which may go anywhere and stays as it is.
    ///
    /// Copies what [`iter`](Self::iter) produces: a key that is present throughout the call is in the copy,
    /// with a value that it had meanwhile; keys that come or go meanwhile may be or not. With `Arc<T>` values
    /// only the counts of the values are touched.
    ///
    /// # Concurrency
    ///
    /// Blocks as [`iter`](Self::iter); nobody waits for it, and the clones are made outside every lock. The
    /// copy itself is free of the map: it has no locks, holds no garbage back, and outlives the map.
    ///
    /// # Complexity
    ///
    /// **O(n)** clones, paid for by the caller.
    ///
    /// # Panics
    ///
    /// Only if cloning or hashing a key, or cloning a value, does.
    ///
    /// # Examples
    ///
    /// ```
    /// let prices = splitmap::SyncMap::from([("tea", 3), ("milk", 1)]);
    /// let monday = prices.snapshot();
    /// prices.insert("tea", 4);
    /// prices.remove("milk");
    ///
    /// let report = std::thread::spawn(move || monday.values().sum::<i32>());
    /// assert_eq!(report.join().expect("no panic"), 4);
    /// ```
    pub fn snapshot(&self) -> Frozen<K, V, S> {
        let mut map = BucketMap::with_capacity_and_hasher(self.len(), self.hasher().clone());
        for entry in self {
            map.insert(entry.key().clone(), entry.value().clone());
        }
        map.finish_growth();
        Frozen(Arc::new(map))
    }
}

/// An immutable map, from [`SyncMap::snapshot`]: references into it are plain, and it iterates for ever.
///
/// Shared, not copied, by `clone`. `Send`, `Sync` and `'static` if keys, values and hasher are. Two of them
/// can be compared, unlike two maps that change while they are compared.
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let (before, same) = (map.snapshot(), map.snapshot());
/// map.insert("a", 2);
/// assert_eq!(before.get("a"), Some(&1));
/// assert_eq!(before, same);
/// assert_ne!(before, map.snapshot());
/// ```
pub struct Frozen<K, V, S = RandomState>(Arc<BucketMap<K, V, S>>);

impl<K, V, S> Frozen<K, V, S> {
    /// The number of entries.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(splitmap::SyncMap::from([("a", 1)]).snapshot().len(), 1);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(splitmap::SyncMap::<u32, u32>::new().snapshot().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over keys and values, in no particular order.
    ///
    /// # Examples
    ///
    /// ```
    /// let frozen = splitmap::SyncMap::from([("a", 1)]).snapshot();
    /// assert_eq!(frozen.iter().collect::<Vec<_>>(), [(&"a", &1)]);
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        self.0.iter()
    }

    /// Iterates over the keys, in no particular order.
    ///
    /// # Examples
    ///
    /// ```
    /// let frozen = splitmap::SyncMap::from([("a", 1)]).snapshot();
    /// assert_eq!(frozen.keys().collect::<Vec<_>>(), [&"a"]);
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        self.0.keys()
    }

    /// Iterates over the values, in no particular order.
    ///
    /// # Examples
    ///
    /// ```
    /// let frozen = splitmap::SyncMap::from([("a", 1)]).snapshot();
    /// assert_eq!(frozen.values().sum::<i32>(), 1);
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        self.0.values()
    }
}

impl<K, V, S> Frozen<K, V, S>
where
    S: BuildHasher,
{
    /// Returns the value of `key`, or `None` if there is none. Expected **O(1)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let frozen = splitmap::SyncMap::from([("a", 1)]).snapshot();
    /// assert_eq!((frozen.get("a"), frozen.get("b")), (Some(&1), None));
    /// ```
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.0.get(key)
    }

    /// Returns key and value, as stored, of `key`, or `None` if there are none. Expected **O(1)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let frozen = splitmap::SyncMap::from([("a", 1)]).snapshot();
    /// assert_eq!(frozen.get_key_value("a"), Some((&"a", &1)));
    /// ```
    pub fn get_key_value<Q>(&self, key: &Q) -> Option<(&K, &V)>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.0.get_key_value(key)
    }

    /// Returns whether there is an entry of `key`. Expected **O(1)**.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(splitmap::SyncMap::from([("a", 1)]).snapshot().contains_key("a"));
    /// ```
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.0.contains_key(key)
    }
}

/// Shares the entries; **O(1)**.
impl<K, V, S> Clone for Frozen<K, V, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for Frozen<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K, V, S> PartialEq for Frozen<K, V, S>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
{
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl<K, V, S> Eq for Frozen<K, V, S>
where
    K: Hash + Eq,
    V: Eq,
    S: BuildHasher,
{
}

impl<K, V, S, Q> Index<&Q> for Frozen<K, V, S>
where
    Q: ?Sized + Hash + Equivalent<K>,
    S: BuildHasher,
{
    type Output = V;

    /// Returns the value of `key`.
    ///
    /// # Panics
    ///
    /// If there is none.
    fn index(&self, key: &Q) -> &V {
        &self.0[key]
    }
}

impl<'f, K, V, S> IntoIterator for &'f Frozen<K, V, S> {
    type Item = (&'f K, &'f V);
    type IntoIter = Iter<'f, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
