//! Iteration over the members.

use core::iter::FusedIterator;

use super::SyncSet;
use crate::sync::{self, KeyRef};

/// An iterator over the members of a [`SyncSet`], from [`SyncSet::iter`].
///
/// # Examples
///
/// ```
/// let set = splitmap::SyncSet::from(["a"]);
/// assert_eq!(set.iter().next().as_deref(), Some(&"a"));
/// ```
#[derive(Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Iter<'s, T> {
    entries: sync::Iter<'s, T, ()>,
}

impl<'s, T> Iter<'s, T> {
    pub(super) fn new(entries: sync::Iter<'s, T, ()>) -> Self {
        Self { entries }
    }
}

impl<'s, T> Iterator for Iter<'s, T> {
    type Item = KeyRef<'s, T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(KeyRef::new)
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<'s, T, S> IntoIterator for &'s SyncSet<T, S> {
    type Item = KeyRef<'s, T>;
    type IntoIter = Iter<'s, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An iterator over the members of a [`SyncSet`] that was given up, from its `into_iter`.
///
/// # Examples
///
/// ```
/// let set = splitmap::SyncSet::from(["a"]);
/// assert_eq!(set.into_iter().collect::<Vec<_>>(), ["a"]);
/// ```
#[derive(Debug)]
pub struct IntoIter<T> {
    entries: sync::IntoIter<T, ()>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.entries.next().map(|(member, ())| member)
    }
}

impl<T> FusedIterator for IntoIter<T> {}

impl<T, S> IntoIterator for SyncSet<T, S> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    /// Takes the set apart. **O(n)** at once for the members' pointers.
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            entries: self.map.into_iter(),
        }
    }
}
