//! The map's iterators: the table's, with pairs taken apart.
//!
//! All know their length, all are fused, and all may be sent and shared as the references or
//! entries they give may.

use std::fmt;
use std::iter::FusedIterator;

use super::stamp::EntryStamp;
use super::table::walk;

/// An iterator over the entries of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.iter().next(), Some((&1, &'a')));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Iter<'a, K, V> {
    pub(super) entries: walk::Iter<'a, (K, V), EntryStamp>,
}

/// A mutable iterator over the entries of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let mut map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.iter_mut().next(), Some((&1, &mut 'a')));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct IterMut<'a, K, V> {
    pub(super) entries: walk::IterMut<'a, (K, V), EntryStamp>,
}

/// An owning iterator over the entries of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.into_iter().next(), Some((1, 'a')));
/// ```
pub struct IntoIter<K, V> {
    pub(super) entries: walk::IntoIter<(K, V), EntryStamp>,
}

/// A draining iterator over the entries of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let mut map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.drain().next(), Some((1, 'a')));
/// ```
pub struct Drain<'a, K, V> {
    pub(super) entries: walk::Drain<'a, (K, V), EntryStamp>,
}

/// An iterator over the keys of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.keys().next(), Some(&1));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Keys<'a, K, V> {
    pub(super) entries: Iter<'a, K, V>,
}

/// An iterator over the values of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.values().next(), Some(&'a'));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Values<'a, K, V> {
    pub(super) entries: Iter<'a, K, V>,
}

/// A mutable iterator over the values of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let mut map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.values_mut().next(), Some(&mut 'a'));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct ValuesMut<'a, K, V> {
    pub(super) entries: IterMut<'a, K, V>,
}

/// An owning iterator over the keys of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.into_keys().next(), Some(1));
/// ```
pub struct IntoKeys<K, V> {
    pub(super) entries: IntoIter<K, V>,
}

/// An owning iterator over the values of a [`BucketMap`](crate::BucketMap).
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// assert_eq!(map.into_values().next(), Some('a'));
/// ```
pub struct IntoValues<K, V> {
    pub(super) entries: IntoIter<K, V>,
}

/// The iterator traits, for a type that turns each item of `entries` into another. The type is
/// named twice, the second time with its lifetime if the items need it.
macro_rules! maps_entries {
    ($type:ty, [$($a:lifetime)?] $same:ty, $item:ty, $turn:expr) => {
        impl<$($a,)? K, V> Iterator for $same {
            type Item = $item;

            #[inline]
            fn next(&mut self) -> Option<$item> {
                self.entries.next().map($turn)
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                self.entries.size_hint()
            }

            #[inline]
            fn fold<B, F: FnMut(B, $item) -> B>(self, init: B, f: F) -> B {
                self.entries.map($turn).fold(init, f)
            }
        }

        impl<K, V> ExactSizeIterator for $type {}
        impl<K, V> FusedIterator for $type {}
    };
}

maps_entries!(Iter<'_, K, V>, ['a] Iter<'a, K, V>, (&'a K, &'a V), by_ref);
maps_entries!(IterMut<'_, K, V>, ['a] IterMut<'a, K, V>, (&'a K, &'a mut V), |(key, value)| {
    (&*key, value)
});
maps_entries!(IntoIter<K, V>, [] IntoIter<K, V>, (K, V), |entry| entry);
maps_entries!(Drain<'_, K, V>, [] Drain<'_, K, V>, (K, V), |entry| entry);
maps_entries!(Keys<'_, K, V>, ['a] Keys<'a, K, V>, &'a K, |(key, _)| key);
maps_entries!(Values<'_, K, V>, ['a] Values<'a, K, V>, &'a V, |(_, value)| value);
maps_entries!(ValuesMut<'_, K, V>, ['a] ValuesMut<'a, K, V>, &'a mut V, |(_, value)| value);
maps_entries!(IntoKeys<K, V>, [] IntoKeys<K, V>, K, |(key, value)| {
    // While the key is a local: one already in place for returning would leak if this panicked.
    drop(value);
    key
});
maps_entries!(IntoValues<K, V>, [] IntoValues<K, V>, V, |(key, value)| {
    drop(key); // as for the keys
    value
});

fn by_ref<K, V>((key, value): &(K, V)) -> (&K, &V) {
    (key, value)
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
        }
    }
}

impl<K, V> Clone for Keys<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
        }
    }
}

impl<K, V> Clone for Values<'_, K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
        }
    }
}

impl<K, V> IterMut<'_, K, V> {
    fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.rest().map(by_ref)
    }
}

impl<K, V> IntoIter<K, V> {
    fn rest(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.rest().map(by_ref)
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for IterMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rest()).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for IntoIter<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rest()).finish()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Drain<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.rest().map(by_ref))
            .finish()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for Keys<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<K, V: fmt::Debug> fmt::Debug for Values<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<K, V: fmt::Debug> fmt::Debug for ValuesMut<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.rest().map(|(_, value)| value))
            .finish()
    }
}

impl<K: fmt::Debug, V> fmt::Debug for IntoKeys<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.rest().map(|(key, _)| key))
            .finish()
    }
}

impl<K, V: fmt::Debug> fmt::Debug for IntoValues<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.rest().map(|(_, value)| value))
            .finish()
    }
}
