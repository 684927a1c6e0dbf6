//! Iteration: a walk over one snapshot, its table and then its fresh lists.
//!
//! * **I1** — No key is produced twice: a snapshot holds each key once (F2), and the walk visits each cell and
//!   each entry of a list once.
//! * **I2** — A key that is present throughout is produced: it was in the snapshot's table or lists when the walk
//!   began, and nothing leaves them.
//! * **I3** — The value produced is the key's current one at that step. A key without one is skipped.
//! * **I4** — Keys added after the walk began may be produced, unless the snapshot is superseded: the walk ends.
//! * **I5** — Nobody waits for a walk, and the map may be used in any way meanwhile. After `clear`, a walk
//!   that began before produces nothing more once the keys are swept.

use core::fmt;
use core::iter::FusedIterator;

use super::entry::{Held, Retired};
use super::snapshot::{At, Snapshot};
use super::{Kept, Ref, SyncMap};
use crate::primitive::Arc;
use crate::reclaim::Domain;

impl<K, V, S> SyncMap<K, V, S> {
    /// Iterates over the entries, in no particular order.
    ///
    /// Each item is a [`Ref`], which has key and value. A key that is present throughout is produced exactly once,
    /// one that is added meanwhile perhaps, no key twice; the value is the one that the key has at that step. No
    /// consistent picture of the map at one moment, that is: beside a [`clear`](Self::clear) it may go on for a moment
    /// with what that removes.
    ///
    /// # Concurrency
    ///
    /// Never blocks, nobody waits for the iterator, and the map may be used in any way meanwhile. Like a [`Ref`], it
    /// holds back what is replaced or removed later.
    ///
    /// # Complexity
    ///
    /// **O(capacity)** for a whole walk.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// for entry in &map {
    ///     let (key, value) = entry.pair();
    ///     assert_eq!(*value, if *key == "a" { 1 } else { 2 });
    /// }
    /// assert_eq!(map.iter().map(|entry| *entry).sum::<i32>(), 3);
    /// ```
    #[doc(alias = "Range")]
    pub fn iter(&self) -> Iter<'_, K, V> {
        let section = self.domain.enter();
        let snapshot = self.published.current_shared(&section);
        Iter {
            domain: &self.domain,
            snapshot,
            at: At::start(),
            _section: section.keep(),
        }
    }

    /// Calls `visit` with every entry, as [`iter`](Self::iter) produces them. `visit` may use the map.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// let mut sum = 0;
    /// map.for_each(|entry| sum += *entry);
    /// assert_eq!(sum, 3);
    /// ```
    #[doc(alias = "scan")]
    #[doc(alias = "Range")]
    pub fn for_each<F>(&self, visit: F)
    where
        F: FnMut(Ref<'_, K, V>),
    {
        self.iter().for_each(visit);
    }
}

/// An iterator over the entries of a [`SyncMap`], from [`SyncMap::iter`].
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let mut entries = map.iter();
/// assert_eq!(entries.next().expect("one").pair(), (&"a", &1));
/// assert!(entries.next().is_none());
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Iter<'m, K, V> {
    domain: &'m Domain<Snapshot<K, V>, Retired<K, V>>,
    snapshot: Arc<Snapshot<K, V>>,
    at: At<K, V>,
    /// Entered before the snapshot was found current, so its entries stay allocated. An entry produced
    /// has a section of its own, nested in this one, and so may outlive the iterator.
    _section: Kept<'m, K, V>,
}

impl<'m, K, V> Iterator for Iter<'m, K, V> {
    type Item = Ref<'m, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let held = Held::new(self.domain.enter(), |section| {
                let pointer = self.snapshot.next(&mut self.at, section).ok_or(true)?;
                let entry = pointer.get(section);
                let value = entry.load().ok_or(false)?;
                Ok(((entry, value), ()))
            });
            match held {
                Ok((held, ())) => return Some(Ref::new(held)),
                Err(at_end) if at_end => return None,
                Err(_) => {}
            }
        }
    }
}

impl<K, V> FusedIterator for Iter<'_, K, V> {}

impl<K, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

impl<'m, K, V, S> IntoIterator for &'m SyncMap<K, V, S> {
    type Item = Ref<'m, K, V>;
    type IntoIter = Iter<'m, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over the keys and values of a [`SyncMap`] that was given up, from its `into_iter`.
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a", 1)]);
/// ```
pub struct IntoIter<K, V> {
    entries: std::vec::IntoIter<Retired<K, V>>,
}

impl<K, V> Iterator for IntoIter<K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.entries.by_ref().find_map(Retired::into_entry)
    }
}

impl<K, V> FusedIterator for IntoIter<K, V> {}

impl<K, V> fmt::Debug for IntoIter<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").finish_non_exhaustive()
    }
}

impl<K, V, S> IntoIterator for SyncMap<K, V, S> {
    type Item = (K, V);
    type IntoIter = IntoIter<K, V>;

    /// Takes the map apart. **O(n)** at once for the entries' pointers.
    fn into_iter(mut self) -> IntoIter<K, V> {
        let entries = self.take_entries().into_iter();
        drop(self);
        IntoIter { entries }
    }
}
