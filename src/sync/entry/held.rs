//! An entry and a value that stay readable after the operation that found them.

use core::ptr::NonNull;

use super::{Entry, EntryPtr, Found, boxed};
use crate::sync::{Kept, Section};

/// A section together with an entry and a value that were found inside it.
pub(in crate::sync) struct Held<'m, K, V> {
    entry: EntryPtr<K, V>,
    value: ValuePtr<V>,
    _section: Kept<'m, K, V>,
}

/// The address of a value that is held.
struct ValuePtr<V>(NonNull<V>);

// SAFETY: gives `&V` to whoever has it, and never the value itself.
unsafe impl<V: Sync> Send for ValuePtr<V> {}
// SAFETY: as above.
unsafe impl<V: Sync> Sync for ValuePtr<V> {}

impl<'m, K, V> Held<'m, K, V> {
    /// Runs `find` inside `section`, and keeps the section open around what it found.
    ///
    /// `extra` is carried past the borrow of the section; so is what `find` returns instead.
    #[inline]
    pub(in crate::sync) fn new<X, N>(
        section: Section<'m, K, V>,
        find: impl for<'s> FnOnce(&'s Section<'m, K, V>) -> Result<(Found<'s, K, V>, X), N>,
    ) -> Result<(Self, X), N> {
        let ((entry, value), extra) = match find(&section) {
            Ok(found) => found,
            Err(none) => {
                drop(section);
                return Err(none);
            }
        };
        let held = Held {
            entry: EntryPtr::from(entry),
            value: ValuePtr(NonNull::from(value)),
            _section: section.keep(),
        };
        Ok((held, extra))
    }

    /// Stores `value` in place of the one held, and holds it; or gives it back if the entry has another.
    pub(in crate::sync) fn replace(&self, section: Section<'m, K, V>, value: V) -> Result<Self, V> {
        let new = boxed(&section, value);
        let stored = match self.entry().replace(&section, self.value(), new) {
            Ok(stored) => stored,
            Err(new) => return Err(*new),
        };
        Ok(Held {
            entry: self.entry,
            value: ValuePtr(NonNull::from(stored)),
            // Overlaps `self`'s, on the same thread: the entry stays for as long as one of them is open.
            _section: section.keep(),
        })
    }

    /// Removes the value held if the entry still has it; returns whether it did.
    pub(in crate::sync) fn take(&self, section: &Section<'m, K, V>) -> bool {
        self.entry().take_seen(section, self.value())
    }

    #[inline]
    fn entry(&self) -> &Entry<K, V> {
        // SAFETY: found inside the section that `self` keeps open; `new`'s signature ties both
        // references to a borrow of it. Only shared references to entries exist (E4).
        unsafe { &*self.entry.as_raw() }
    }

    #[inline]
    pub(in crate::sync) fn key(&self) -> &K {
        &self.entry().key
    }

    #[inline]
    pub(in crate::sync) fn value(&self) -> &V {
        // SAFETY: as in `entry`, and only shared references to published values exist (E1).
        unsafe { self.value.0.as_ref() }
    }
}
