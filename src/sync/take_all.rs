//! Removal of everything, with the entries handed out.

use core::fmt;
use core::iter::FusedIterator;

use super::entry::{Held, Retired};
use super::{Ref, SyncMap};

impl<K, V, S> SyncMap<K, V, S> {
    /// Removes every entry, all at one moment, and returns them.
    ///
    /// As [`clear`](Self::clear), which this is but for the result: no entry that is stored before that moment
    /// is missed, none that is stored after it is touched. The entries come as [`Ref`]s, not as owned keys and
    /// values, since other threads may still be reading them. Clone what is to stay, or keep `Arc<V>` values;
    /// to take a map apart that nobody shares, use its `into_iter`.
    ///
    /// # Concurrency
    ///
    /// Blocks and is ordered as [`clear`](Self::clear).
    ///
    /// # Complexity
    ///
    /// **O(n)**, and as many [`Ref`]s at once. An empty map is left alone.
    ///
    /// # Examples
    ///
    /// ```
    /// let pending = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// let batch = pending.take_all();
    /// assert!(pending.is_empty());
    ///
    /// pending.insert("c", 3);
    /// assert_eq!(batch.len(), 2);
    /// assert_eq!(batch.map(|entry| *entry).sum::<i32>(), 3);
    /// ```
    #[doc(alias = "drain")]
    pub fn take_all(&self) -> TakeAll<'_, K, V> {
        let section = self.domain.enter();
        let mut taken = Vec::new();
        for pointer in self.detach_all(&section) {
            let held = Held::new(self.domain.enter(), |section| {
                let entry = pointer.get(section);
                let value = entry.bury(section).ok_or(())?;
                Ok(((entry, value), ()))
            });
            taken.extend(Ref::found(held));
            section.retire(Retired::entry(pointer));
        }
        section.flush();
        TakeAll {
            entries: taken.into_iter(),
        }
    }
}

/// The entries that [`SyncMap::take_all`] removed, in no particular order.
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let mut taken = map.take_all();
/// assert_eq!(taken.next().expect("one").pair(), (&"a", &1));
/// assert!(taken.next().is_none());
/// ```
#[must_use = "to remove without a look, use `clear`"]
pub struct TakeAll<'m, K, V> {
    entries: std::vec::IntoIter<Ref<'m, K, V>>,
}

impl<'m, K, V> Iterator for TakeAll<'m, K, V> {
    type Item = Ref<'m, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<K, V> ExactSizeIterator for TakeAll<'_, K, V> {}

impl<K, V> FusedIterator for TakeAll<'_, K, V> {}

impl<K, V> fmt::Debug for TakeAll<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TakeAll")
            .field("left", &self.len())
            .finish_non_exhaustive()
    }
}
