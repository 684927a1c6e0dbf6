//! The standard traits of the bucket map.

use std::hash::{BuildHasher, Hash, RandomState};
use std::ops::Index;

use equivalent::Equivalent;

use super::iter::{IntoIter, Iter, IterMut};
use super::map::BucketMap;
use super::table::Table;
use crate::primitive::random;

/// Copies the entries to a map of its own: a [`Cursor`](crate::Cursor) of the one is foreign to the
/// other. Hashes nothing.
///
/// # Examples
///
/// ```
/// let map = splitmap::BucketMap::from([(1, 'a')]);
/// let mut copy = map.clone();
/// copy.insert(1, 'b');
/// assert_eq!((map[&1], copy[&1]), ('a', 'b'));
/// ```
impl<K: Clone, V: Clone, S: Clone> Clone for BucketMap<K, V, S> {
    fn clone(&self) -> Self {
        let mut copy = Self::with_hasher(self.hasher().clone());
        // The entries are placed by the low bits of their hashes, so the seed has to be the same. A
        // same-size growth may have let the map exceed its load limit; the copy gets room for all.
        copy.life.seed = self.life.seed;
        copy.table = Table::with_capacity(self.len());
        self.table.for_each_hashed(|hash, _, (key, value)| {
            let entry = (key.clone(), value.clone());
            let stamp = copy.life.next_stamp(hash, &copy.table);
            copy.table.insert_new(hash, stamp, entry);
        });
        copy
    }
}

impl<K, V, S: Default> Default for BucketMap<K, V, S> {
    /// Returns an empty map.
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S> PartialEq for BucketMap<K, V, S>
where
    K: Hash + Eq,
    V: PartialEq,
    S: BuildHasher,
{
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(key, value)| other.get(key).is_some_and(|theirs| *value == *theirs))
    }
}

impl<K, V, S> Eq for BucketMap<K, V, S>
where
    K: Hash + Eq,
    V: Eq,
    S: BuildHasher,
{
}

impl<K, V, S, Q> Index<&Q> for BucketMap<K, V, S>
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
        self.get(key).expect("no entry found for key")
    }
}

impl<K, V, S> Extend<(K, V)> for BucketMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            drop(self.insert(key, value));
        }
    }
}

impl<'a, K, V, S> Extend<(&'a K, &'a V)> for BucketMap<K, V, S>
where
    K: Hash + Eq + Copy,
    V: Copy,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (&'a K, &'a V)>>(&mut self, entries: I) {
        self.extend(entries.into_iter().map(|(key, value)| (*key, *value)));
    }
}

impl<K, V, S> FromIterator<(K, V)> for BucketMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut map = Self::with_capacity_and_hasher(entries.size_hint().0, S::default());
        map.extend(entries);
        map
    }
}

impl<K: Hash + Eq, V, const N: usize> From<[(K, V); N]> for BucketMap<K, V, RandomState> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V, S> IntoIterator for BucketMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    fn into_iter(self) -> IntoIter<K, V> {
        IntoIter {
            entries: self.table.into_iter(random()),
        }
    }
}

impl<'a, K, V, S> IntoIterator for &'a BucketMap<K, V, S> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<'a, K, V, S> IntoIterator for &'a mut BucketMap<K, V, S> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = IterMut<'a, K, V>;

    fn into_iter(self) -> IterMut<'a, K, V> {
        self.iter_mut()
    }
}
