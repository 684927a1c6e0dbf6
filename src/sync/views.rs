//! Keys alone and values alone.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Deref;

use super::{Iter, Ref, SyncMap};

impl<K, V, S> SyncMap<K, V, S> {
    /// Iterates over the keys, in no particular order: those of the entries that [`iter`](Self::iter) produces,
    /// at the same cost and with the same guarantees.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// let mut keys: Vec<&str> = map.keys().map(|key| *key).collect();
    /// keys.sort();
    /// assert_eq!(keys, ["a", "b"]);
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys {
            entries: self.iter(),
        }
    }

    /// Iterates over the values, in no particular order: those of the entries that [`iter`](Self::iter)
    /// produces, at the same cost and with the same guarantees. A [`Ref`] dereferences to its value.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// assert_eq!(map.values().map(|value| *value).max(), Some(2));
    /// ```
    pub fn values(&self) -> Values<'_, K, V> {
        Values {
            entries: self.iter(),
        }
    }
}

/// Shared access to a key of a [`SyncMap`], or to a member of a [`SyncSet`](crate::SyncSet), as it was when the
/// operation returned it.
///
/// Dereferences to the key. A [`Ref`] otherwise: it holds no lock, cannot be sent to another thread, and holds
/// back what is removed later while it is kept.
///
/// # Examples
///
/// ```
/// let names = splitmap::SyncSet::from([String::from("a")]);
/// let name = names.get("a").expect("is there");
/// names.clear();
/// assert_eq!(name.as_str(), "a");
/// ```
#[must_use = "if the call is for its effect alone, say so with `drop`"]
pub struct KeyRef<'m, K, V = ()>(Ref<'m, K, V>);

impl<'m, K, V> KeyRef<'m, K, V> {
    pub(crate) fn new(entry: Ref<'m, K, V>) -> Self {
        Self(entry)
    }
}

impl<K, V> Deref for KeyRef<'_, K, V> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        self.0.key()
    }
}

impl<K, V> AsRef<K> for KeyRef<'_, K, V> {
    fn as_ref(&self) -> &K {
        self
    }
}

/// Shows the key, as a smart pointer does.
impl<K: fmt::Debug, V> fmt::Debug for KeyRef<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Shows the key, as a smart pointer does.
impl<K: fmt::Display, V> fmt::Display for KeyRef<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// An iterator over the keys of a [`SyncMap`], from [`SyncMap::keys`].
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// assert_eq!(map.keys().next().as_deref(), Some(&"a"));
/// ```
#[derive(Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Keys<'m, K, V> {
    entries: Iter<'m, K, V>,
}

impl<'m, K, V> Iterator for Keys<'m, K, V> {
    type Item = KeyRef<'m, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(KeyRef::new)
    }
}

impl<K, V> FusedIterator for Keys<'_, K, V> {}

/// An iterator over the values of a [`SyncMap`], from [`SyncMap::values`].
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// assert_eq!(map.values().next().as_deref(), Some(&1));
/// ```
#[derive(Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Values<'m, K, V> {
    entries: Iter<'m, K, V>,
}

impl<'m, K, V> Iterator for Values<'m, K, V> {
    type Item = Ref<'m, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next()
    }
}

impl<K, V> FusedIterator for Values<'_, K, V> {}
