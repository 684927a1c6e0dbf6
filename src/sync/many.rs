//! Lookups of many keys at once.
//!
//! One lookup in a map larger than the cache waits for memory three times in a row: for the bucket's tophash bytes, for
//! the cell, for the entry. Lookups one after the other wait again and again, as a processor sees only so many
//! instructions ahead. A batch waits three times for all of its keys: each pass over the batch issues loads that do not
//! depend on one another, and the last pass does ordinary lookups, which find everything in the cache.

use core::hash::{BuildHasher, Hash};
use core::iter::FusedIterator;
use core::{array, fmt};

use equivalent::Equivalent;

use super::{Ref, SyncMap};
use crate::tuning::LOOKUPS_AT_ONCE;

type Batch<T> = [Option<T>; LOOKUPS_AT_ONCE];

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Looks up many keys: for each, in their order, what [`get`](Self::get) returns.
    ///
    /// Takes keys off the iterator in batches of 16 and looks a batch up together, so that the processor waits for the
    /// memory of all of them at once. In a map that does not fit the cache that makes it several times as fast as
    /// single lookups; in a small one it gains nothing. Each lookup is linearizable by itself; the batch is not one
    /// operation.
    ///
    /// # Concurrency
    ///
    /// As [`get`](Self::get). The results of a batch that are not taken yet count as held: see [`Ref`].
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
            ready: [const { None }; LOOKUPS_AT_ONCE].into_iter(),
            left: 0,
        }
    }

    fn get_batch<Q>(&self, keys: &Batch<&Q>) -> Batch<Option<Ref<'_, K, V>>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let section = self.domain.enter();
        let table = self.current(&section).table();
        let hashes = keys.map(|key| key.map(|key| self.hash(key)));
        for hash in hashes.iter().flatten() {
            table.touch(*hash);
        }
        let guesses = hashes.map(|hash| table.guess(hash?).copied());
        for guess in guesses.iter().flatten() {
            core::hint::black_box(guess.get(&section).load());
        }
        array::from_fn(|at| {
            let (key, hash) = (keys[at]?, hashes[at]?);
            Some(self.get_hashed(hash, key))
        })
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
pub struct GetMany<'m, I, K, V, S> {
    map: &'m SyncMap<K, V, S>,
    keys: I,
    ready: array::IntoIter<Option<Option<Ref<'m, K, V>>>, LOOKUPS_AT_ONCE>,
    /// Results in `ready` that have not been given.
    left: usize,
}

impl<'m, 'q, Q, I, K, V, S> Iterator for GetMany<'m, I, K, V, S>
where
    Q: 'q + ?Sized + Hash + Equivalent<K>,
    I: Iterator<Item = &'q Q>,
    S: BuildHasher,
{
    type Item = Option<Ref<'m, K, V>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            let mut keys = self.keys.by_ref().take(LOOKUPS_AT_ONCE);
            let batch = array::from_fn(|_| keys.next());
            self.left = batch.iter().flatten().count();
            self.ready = self.map.get_batch(&batch).into_iter();
        }
        self.left = self.left.checked_sub(1)?;
        self.ready.next().flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.keys.size_hint();
        let left = self.left;
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
    I: FusedIterator<Item = &'q Q>,
    S: BuildHasher,
{
}

impl<I, K, V, S> fmt::Debug for GetMany<'_, I, K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetMany").finish_non_exhaustive()
    }
}
