//! The iterators that lend entries.

use std::iter::FusedIterator;
use std::ptr::NonNull;

use super::{Table, Walk};
use crate::bucket::Stamp;

/// Shared references to all entries.
pub(crate) struct Iter<'a, T, M: Stamp> {
    pub(super) table: &'a Table<T, M>,
    pub(super) walk: Walk<T>,
}

impl<'a, T, M: Stamp> Iter<'a, T, M> {
    pub(in crate::bucket) fn new(table: &'a Table<T, M>, start: u64) -> Self {
        Self {
            walk: Walk::new(table, start),
            table,
        }
    }
}

impl<T, M: Stamp> Clone for Iter<'_, T, M> {
    fn clone(&self) -> Self {
        Self {
            table: self.table,
            walk: self.walk.clone(),
        }
    }
}

impl<'a, T, M: Stamp> Iterator for Iter<'a, T, M> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        let entry = self.walk.next(self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1; the table is borrowed for `'a`.
        Some(unsafe { entry.as_ref() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut f: F) -> B {
        let fold = |all, entry: NonNull<T>| {
            // SAFETY: as in `next`.
            f(all, unsafe { entry.as_ref() })
        };
        self.walk.fold(self.table, init, fold)
    }
}

impl<T, M: Stamp> ExactSizeIterator for Iter<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for Iter<'_, T, M> {}

/// Exclusive references to all entries.
pub(crate) struct IterMut<'a, T, M: Stamp> {
    table: &'a mut Table<T, M>,
    walk: Walk<T>,
}

impl<'a, T, M: Stamp> IterMut<'a, T, M> {
    pub(in crate::bucket) fn new(table: &'a mut Table<T, M>, start: u64) -> Self {
        Self {
            walk: Walk::new(table, start),
            table,
        }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        Iter {
            table: self.table,
            walk: self.walk.clone(),
        }
    }
}

impl<'a, T, M: Stamp> Iterator for IterMut<'a, T, M> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        let mut entry = self.walk.next(self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1, each once, so no two references
        // overlap; the table is borrowed exclusively for `'a`, and what `self` still does with it
        // is to read words, links and other cells.
        Some(unsafe { entry.as_mut() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a mut T) -> B>(self, init: B, mut f: F) -> B {
        let fold = |all, mut entry: NonNull<T>| {
            // SAFETY: as in `next`.
            f(all, unsafe { entry.as_mut() })
        };
        self.walk.fold(self.table, init, fold)
    }
}

impl<T, M: Stamp> ExactSizeIterator for IterMut<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for IterMut<'_, T, M> {}
