//! The node: how an entry's memory is shared, owned and freed.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{Entry, Found, HASH_TOP_SHIFT, Retired, expunged};
use crate::primitive::{self, AtomicBool, AtomicPtr, Ordering, yield_point};
use crate::sync::Section;

/// A map's pointer to an entry. Copies are made freely; [`Retired`] frees.
pub(in crate::sync) struct EntryPtr<K, V>(NonNull<Entry<K, V>>);

impl<K, V> Clone for EntryPtr<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for EntryPtr<K, V> {}

impl<K, V> PartialEq for EntryPtr<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V> From<&Entry<K, V>> for EntryPtr<K, V> {
    fn from(entry: &Entry<K, V>) -> Self {
        Self(NonNull::from(entry))
    }
}

// SAFETY: an `EntryPtr` is followed by whichever thread finds it in a shared table, which gives it `&K`
// and `&V` (needs `Sync`), and the entry is dropped by whichever thread reclaims (needs `Send`).
unsafe impl<K: Send + Sync, V: Send + Sync> Send for EntryPtr<K, V> {}
// SAFETY: as above; `&EntryPtr` gives no more than a copy of it.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for EntryPtr<K, V> {}

impl<K, V> EntryPtr<K, V> {
    /// A new entry that no map holds yet.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the hash is taken in parts"
    )]
    pub(in crate::sync) fn new(hash: u64, key: K, value: V) -> Self {
        let entry = Box::into_raw(Box::new(Entry {
            value: AtomicPtr::new(core::ptr::null_mut()),
            key,
            first: UnsafeCell::new(MaybeUninit::new(value)),
            next: AtomicPtr::new(core::ptr::null_mut()),
            hash_low: hash as u32,
            hash_top: (hash >> HASH_TOP_SHIFT) as u16,
            half_freed: AtomicBool::new(false),
            memory: primitive::UnsafeCell::new(()),
        }));
        // SAFETY: just leaked, and shared with nobody. A place is computed, nothing is read.
        let first = unsafe { &raw mut (*entry).first };
        // SAFETY: as above.
        let value = unsafe { &raw mut (*entry).value };
        // SAFETY: as above; the field is initialised. The address keeps the provenance of the whole
        // node, which `Entry::of_first` needs. (`UnsafeCell` and `MaybeUninit` are transparent.)
        unsafe { value.write(AtomicPtr::new(first.cast())) };
        // SAFETY: a box's pointer is not null.
        Self(unsafe { NonNull::new_unchecked(entry) })
    }

    /// An entry's address, without a tag.
    pub(in crate::sync) fn from_raw(entry: *mut Entry<K, V>) -> Option<Self> {
        NonNull::new(entry).map(Self)
    }

    pub(in crate::sync) fn as_raw(self) -> *mut Entry<K, V> {
        self.0.as_ptr()
    }

    /// The entry, for as long as the section is open.
    #[inline]
    pub(in crate::sync) fn get<'s>(self, _section: &'s Section<'_, K, V>) -> &'s Entry<K, V> {
        // SAFETY: by E4 a pointer is followed only inside a section that is older than the entry's
        // retirement, and the section outlives `'s`. Entries are only used through shared references.
        unsafe { self.0.as_ref() }
    }

    /// The entry and the value that it was made with, to the operation that has just published it: another
    /// thread may have removed the value since, but the section, which is older, keeps it.
    pub(in crate::sync) fn just_published<'s>(
        self,
        section: &'s Section<'_, K, V>,
    ) -> Found<'s, K, V> {
        let entry = self.get(section);
        // SAFETY: initialised by `new`. Retired no earlier than it was published, so after the section was
        // entered (E1); only shared references to published values exist.
        (entry, unsafe { &*entry.first.get().cast::<V>() })
    }

    /// Whether the entry is expunged. Asked when no other thread uses the map, of an entry in the snapshot.
    #[cfg(splitmap_loom)]
    pub(in crate::sync) fn is_expunged(&self) -> bool {
        // SAFETY: in the snapshot, so not retired (E4). Entries are only used through shared references.
        unsafe { self.0.as_ref() }.is_expunged()
    }

    /// Removes the value of an entry that nobody else has, and returns both parts of its node (E6).
    #[cfg(splitmap_loom)]
    pub(in crate::sync) fn into_halves(self) -> [Retired<K, V>; 2] {
        // SAFETY: not retired yet. Entries are only used through shared references.
        let entry = unsafe { self.0.as_ref() };
        // ORDERING: Relaxed. Nobody else has the entry.
        let first = entry.value.swap(core::ptr::null_mut(), Ordering::Relaxed);
        [entry.garbage(first), Retired::entry(self)]
    }

    /// Frees the entry and returns its content. Only [`Retired`], which is the entry's owner, calls this.
    pub(super) fn into_pair(self) -> (K, Option<V>) {
        // SAFETY: the node lives, as its part is not freed yet (E6), and by E4 nobody else has access
        // to anything but `first`, which is a cell.
        let entry = unsafe { self.0.as_ref() };
        // ORDERING: Relaxed. The domain's grace period ordered all exchanges before.
        let value = entry.value.load(Ordering::Relaxed);
        // SAFETY: the owner of the entry reads the key once, and nobody looks at it any more.
        let key = unsafe { core::ptr::read(&raw const entry.key) };
        if value.is_null() || value == expunged() {
            Node::free_half(self.0);
            return (key, None);
        }
        if entry.is_first(value) {
            // SAFETY: a value that was never removed, so this was its only owner (E1).
            let value = unsafe { value.read() };
            // `first` was never retired, so both parts end here (E6).
            Node::free(self.0);
            return (key, Some(value));
        }
        Node::free_half(self.0);
        // SAFETY: a later value's pointer comes from a leaked box, and this was its only owner (E1).
        (key, Some(*unsafe { Box::from_raw(value) }))
    }
}

/// An entry that nobody else has seen yet.
pub(in crate::sync) struct Unpublished<K, V>(EntryPtr<K, V>);

impl<K, V> Unpublished<K, V> {
    pub(in crate::sync) fn new(hash: u64, key: K, value: V) -> Self {
        Self(EntryPtr::new(hash, key, value))
    }

    pub(in crate::sync) fn key(&self) -> &K {
        // SAFETY: this is the entry's only owner, and entries are only used through shared references.
        &unsafe { self.0.0.as_ref() }.key
    }

    /// Its address, to be published with [`Self::publish`].
    pub(in crate::sync) fn as_raw(&self) -> *mut Entry<K, V> {
        self.0.as_raw()
    }

    /// Makes `next` follow it in the list that it will be published in.
    pub(in crate::sync) fn set_next(&self, next: *mut Entry<K, V>) {
        // SAFETY: as in `key`.
        let entry = unsafe { self.0.0.as_ref() };
        // ORDERING: Relaxed. The exchange that publishes the entry releases it. Model: promote::push_vs_find.
        entry.next.store(next, Ordering::Relaxed);
    }

    /// Passes the ownership to the map, which holds the entry from here on.
    pub(in crate::sync) fn publish(self) -> EntryPtr<K, V> {
        core::mem::ManuallyDrop::new(self).0
    }

    /// The content of an entry that is not to be published after all.
    pub(in crate::sync) fn into_pair(self) -> (K, V) {
        match self.publish().into_pair() {
            (key, Some(value)) => (key, value),
            (_, None) => unreachable!("nobody else has seen the entry"),
        }
    }
}

impl<K, V> Drop for Unpublished<K, V> {
    fn drop(&mut self) {
        drop(Retired::entry(self.0));
    }
}

/// The memory of an entry, without its content.
pub(super) struct Node<K, V>(pub(super) NonNull<Entry<K, V>>);

impl<K, V> Node<K, V> {
    /// Frees one part of a node (E6), whose content the caller has moved out or dropped.
    fn free_half(node: NonNull<Entry<K, V>>) {
        // SAFETY: the node lives until its second part is freed, and the caller's is not freed yet.
        let half_freed = unsafe { &(*node.as_ptr()).half_freed };
        // SAFETY: as above.
        unsafe { &(*node.as_ptr()).memory }.with(|_| ());
        yield_point(); // the other part may be freed at the same time
        // ORDERING: AcqRel. Release: what this thread did to its part happens before the freeing.
        // Acquire: the same of the other part, if this is the second. Model: entry::halves.
        if half_freed.swap(true, Ordering::AcqRel) {
            Self::free(node);
        }
    }

    /// Frees the memory of a node whose parts are both the caller's.
    fn free(node: NonNull<Entry<K, V>>) {
        // SAFETY: not freed yet (E6).
        unsafe { &(*node.as_ptr()).memory }.with_mut(|_| ());
        // SAFETY: leaked by `EntryPtr::new` with this layout, and freed once (E6). The content was moved
        // out or dropped; what is left, atomics and numbers, needs no drop.
        drop(unsafe { Box::from_raw(node.as_ptr().cast::<MaybeUninit<Entry<K, V>>>()) });
    }
}

/// Frees its part of the node also when dropping the value unwinds.
impl<K, V> Drop for Node<K, V> {
    fn drop(&mut self) {
        Self::free_half(self.0);
    }
}

impl<K, V> fmt::Debug for EntryPtr<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
