//! The iterators that give entries away.

use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::mem;
use std::ptr::NonNull;

use super::{Iter, Table, Walk};
use crate::bucket::Stamp;

/// The entries themselves.
pub(crate) struct IntoIter<T, M: Stamp> {
    /// Counts as empty, so that dropping it frees memory only: the entries are the walk's.
    table: Table<T, M>,
    walk: Walk<T>,
}

impl<T, M: Stamp> IntoIter<T, M> {
    pub(in crate::bucket) fn new(mut table: Table<T, M>, start: u64) -> Self {
        let walk = Walk::new(&table, start);
        table.len = 0;
        Self { table, walk }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        Iter {
            table: &self.table,
            walk: self.walk.clone(),
        }
    }

    fn drop_rest(&mut self) {
        let rest = self.walk.clone();
        (self.walk.live, self.walk.beyond) = (0, 0);
        rest.drop_entries(&mut self.table);
    }
}

impl<T, M: Stamp> Iterator for IntoIter<T, M> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let entry = self.walk.next(&self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1, each once; the table counts as
        // empty, so nobody else reads them.
        Some(unsafe { entry.read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }
}

impl<T, M: Stamp> ExactSizeIterator for IntoIter<T, M> {}
impl<T, M: Stamp> FusedIterator for IntoIter<T, M> {}

impl<T, M: Stamp> Drop for IntoIter<T, M> {
    fn drop(&mut self) {
        self.drop_rest();
    }
}

/// The entries themselves; gives the buckets back to the table they came from.
pub(crate) struct Drain<'a, T, M: Stamp> {
    /// Where the buckets go back to; an unallocated table meanwhile, and for good if the iterator
    /// is forgotten. A pointer, so that `Drain` is covariant in `T`, as std's is: the table that
    /// goes back holds no `T`.
    origin: NonNull<Table<T, M>>,
    entries: IntoIter<T, M>,
    /// Whether there was anything to drain: if not, there is nothing to wipe.
    had_entries: bool,
    _borrow: PhantomData<&'a Table<T, M>>,
}

// SAFETY: `origin` is an exclusive borrow, and sending one needs what sending the table needs.
unsafe impl<T: Send, M: Stamp + Send> Send for Drain<'_, T, M> {}
// SAFETY: `&Drain` shows the entries still to come by reference and never looks at `origin`.
unsafe impl<T: Sync, M: Stamp + Sync> Sync for Drain<'_, T, M> {}

impl<'a, T, M: Stamp> Drain<'a, T, M> {
    pub(in crate::bucket) fn new(origin: &'a mut Table<T, M>, start: u64) -> Self {
        let had_entries = !origin.is_empty();
        let table = mem::replace(origin, Table::new());
        let entries = IntoIter::new(table, start);
        Self {
            origin: NonNull::from(origin),
            entries,
            had_entries,
            _borrow: PhantomData,
        }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        self.entries.rest()
    }
}

impl<T, M: Stamp> Iterator for Drain<'_, T, M> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.entries.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<T, M: Stamp> ExactSizeIterator for Drain<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for Drain<'_, T, M> {}

impl<T, M: Stamp> Drop for Drain<'_, T, M> {
    fn drop(&mut self) {
        /// Gives the buckets back, also when an entry panics while it is dropped.
        struct GiveBack<'a, T, M: Stamp> {
            origin: &'a mut Table<T, M>,
            entries: &'a mut IntoIter<T, M>,
            had_entries: bool,
        }

        impl<T, M: Stamp> Drop for GiveBack<'_, T, M> {
            fn drop(&mut self) {
                if self.had_entries {
                    self.entries.table.wipe();
                }
                mem::swap(self.origin, &mut self.entries.table);
            }
        }

        // SAFETY: made from a reference whose lifetime `_borrow` carries, and not used elsewhere.
        let origin = unsafe { self.origin.as_mut() };
        let back = GiveBack {
            origin,
            entries: &mut self.entries,
            had_entries: self.had_entries,
        };
        back.entries.drop_rest();
    }
}
