//! Parallel iteration and building, for the feature `rayon`.
//!
//! A [`Ref`](super::Ref) belongs to its thread, so it cannot be an item of a parallel iterator. A closure that
//! is lent key and value on the thread that works on them can do the same; what it returns is the item.
//!
//! The thread that drives the iteration opens a section, gathers the entries, and keeps the section open until
//! all workers are done: so a worker's own section, which keeps the value that it loads, may begin after an
//! entry was retired (E4). Nothing with a longer life than the call is lent.

use core::fmt;
use core::hash::{BuildHasher, Hash};

use rayon::iter::plumbing::UnindexedConsumer;
use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};

use super::SyncMap;
use super::entry::EntryPtr;

impl<K, V, S> SyncMap<K, V, S>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Sync,
{
    /// Calls `visit` with every entry, on rayon's threads; returns a parallel iterator over the results.
    ///
    /// Visits what [`iter`](Self::iter) would produce at the time when the iterator is driven. `visit` may use
    /// the map.
    ///
    /// # Concurrency
    ///
    /// As [`iter`](Self::iter). What is replaced or removed meanwhile is freed after the last call of `visit`.
    ///
    /// # Complexity
    ///
    /// **O(capacity)** on the calling thread, for the entries' pointers; the rest is shared.
    ///
    /// # Panics
    ///
    /// If `visit` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use rayon::prelude::*;
    ///
    /// let map: splitmap::SyncMap<u64, u64> = (0..1_000).map(|key| (key, 2 * key)).collect();
    /// let sum: u64 = map.par_map(|key, value| value - key).sum();
    /// assert_eq!(sum, 499_500);
    /// ```
    pub fn par_map<F, R>(&self, visit: F) -> ParMap<'_, K, V, S, F>
    where
        F: Fn(&K, &V) -> R + Send + Sync,
        R: Send,
    {
        ParMap { map: self, visit }
    }

    /// Calls `visit` with every entry, on rayon's threads. As [`par_map`](Self::par_map), which see.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// let map: splitmap::SyncMap<u64, u64> = (0..1_000).map(|key| (key, 2 * key)).collect();
    /// let sum = AtomicU64::new(0);
    /// map.par_for_each(|_, value| {
    ///     sum.fetch_add(*value, Ordering::Relaxed);
    /// });
    /// assert_eq!(sum.into_inner(), 999_000);
    /// ```
    pub fn par_for_each<F>(&self, visit: F)
    where
        F: Fn(&K, &V) + Send + Sync,
    {
        self.par_map(visit).for_each(|()| ());
    }
}

/// A parallel iterator over what a closure makes of the entries, from [`SyncMap::par_map`].
///
/// # Examples
///
/// ```
/// use rayon::prelude::*;
///
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// assert_eq!(map.par_map(|_, value| value + 1).collect::<Vec<_>>(), [2]);
/// ```
#[must_use = "parallel iterators do nothing until they are driven"]
pub struct ParMap<'m, K, V, S, F> {
    map: &'m SyncMap<K, V, S>,
    visit: F,
}

impl<K, V, S, F, R> ParallelIterator for ParMap<'_, K, V, S, F>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Sync,
    F: Fn(&K, &V) -> R + Send + Sync,
    R: Send,
{
    type Item = R;

    fn drive_unindexed<C: UnindexedConsumer<R>>(self, consumer: C) -> C::Result {
        let Self { map, visit } = self;
        let section = map.domain.enter();
        let snapshot = map.current(&section);
        let entries: Vec<EntryPtr<K, V>> = snapshot.entries(&section).collect();
        let section = section.keep();
        let results = entries.into_par_iter().filter_map(|pointer| {
            let section = map.domain.enter();
            let entry = pointer.get(&section);
            Some(visit(entry.key(), entry.load()?))
        });
        let result = results.drive_unindexed(consumer);
        drop(section); // after the last worker's last look
        result
    }
}

impl<K, V, S, F> fmt::Debug for ParMap<'_, K, V, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParMap").finish_non_exhaustive()
    }
}

/// A parallel iterator over clones of the entries, from `par_iter`.
///
/// # Examples
///
/// ```
/// use rayon::prelude::*;
///
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// assert_eq!(map.par_iter().collect::<Vec<_>>(), [("a", 1)]);
/// ```
#[must_use = "parallel iterators do nothing until they are driven"]
#[derive(Debug)]
pub struct ParIter<'m, K, V, S> {
    map: &'m SyncMap<K, V, S>,
}

impl<K, V, S> ParallelIterator for ParIter<'_, K, V, S>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: Sync,
{
    type Item = (K, V);

    fn drive_unindexed<C: UnindexedConsumer<(K, V)>>(self, consumer: C) -> C::Result {
        let cloned = self.map.par_map(|key, value| (key.clone(), value.clone()));
        cloned.drive_unindexed(consumer)
    }
}

/// Clones the entries; [`SyncMap::par_map`] does not.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<'m, K, V, S> IntoParallelIterator for &'m SyncMap<K, V, S>
where
    K: Clone + Send + Sync,
    V: Clone + Send + Sync,
    S: Sync,
{
    type Item = (K, V);
    type Iter = ParIter<'m, K, V, S>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter { map: self }
    }
}

/// Takes the map apart.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<K, V, S> IntoParallelIterator for SyncMap<K, V, S>
where
    K: Send,
    V: Send,
{
    type Item = (K, V);
    type Iter = rayon::vec::IntoIter<(K, V)>;

    fn into_par_iter(self) -> Self::Iter {
        self.into_iter().collect::<Vec<_>>().into_par_iter()
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<K, V, S> ParallelExtend<(K, V)> for SyncMap<K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        (&*self).par_extend(entries);
    }
}

/// Inserts the entries, in any order; not atomic. Any of several values for one key stays.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<K, V, S> ParallelExtend<(K, V)> for &SyncMap<K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = (K, V)>>(&mut self, entries: I) {
        let map = &**self;
        let entries = entries.into_par_iter();
        entries.for_each(|(key, value)| drop(map.insert(key, value)));
    }
}

/// The map starts promoted. Any of several values for one key stays.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<K, V, S> FromParallelIterator<(K, V)> for SyncMap<K, V, S>
where
    K: Hash + Eq + Send + Sync,
    V: Send + Sync,
    S: BuildHasher + Default + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = (K, V)>>(entries: I) -> Self {
        let map = Self::with_hasher(S::default());
        (&map).par_extend(entries);
        map.promote();
        map
    }
}
