//! The entry: one key's node, shared by the snapshot and the next one.
//!
//! An entry is reachable from both maps at once, and from any number of threads. Its key and hash never
//! change; its value is one atomic pointer, and that pointer's three states are the whole protocol.
//!
//! # States
//!
//! ```text
//!                 swap, replace
//!                    ┌────┐
//!                    ▼    │    take, take_seen
//!   Entry::new ──▶ ┌───────┐ ──────────────────▶ ┌─────┐ ── expunge ──▶ ┌──────────┐
//!                  │ value │                     │ nil │                │ expunged │
//!                  └───────┘ ◀────────────────── └─────┘ ◀── revive ─── └──────────┘
//!                                swap, fill
//! ```
//!
//! | edge             | by                  | mutex     | the caller must also                      |
//! |------------------|---------------------|-----------|-------------------------------------------|
//! | value → value    | `swap`, `replace`   | no        | —                                         |
//! | value → nil      | `take`, `take_seen` | no        | —                                         |
//! | nil → value      | `swap`, `fill`      | no        | —                                         |
//! | nil → expunged   | `expunge`           | **held**  | leave the key out of dirty                |
//! | expunged → nil   | `revive`            | **held**  | put this entry into dirty before unlocking |
//! | any → expunged   | `bury`              | no        | have detached the entry (E3)              |
//!
//! No other edge exists. A writer without the mutex that finds `expunged` gives up and takes the mutex.
//! The last edge is not Go's, whose `Clear` leaves the entries as they are.
//!
//! # Invariants
//!
//! * **E1** — A value is fully written before its pointer is stored, and retired by the thread whose
//!   exchange removed that pointer, exactly once.
//! * **E2** — While the mutex is free: an entry of the snapshot is expunged if and only if its bucket has been
//!   copied to dirty and dirty lacks the entry.
//! * **E3** — An entry that `clear` has detached (it is in neither map any more) is moved to expunged, in
//!   one step, and never leaves it.
//! * **E4** — An entry is retired once, after no map holds it. A pointer to it is followed only inside a
//!   section that was entered before that, or by the map's destructor.
//! * **E5** — All entries, sections and pointers that meet in one call belong to one map. `EntryPtr` never
//!   leaves `sync`, so this module tree as a whole answers for E4 and E5.
//! * **E6** — A node has two parts that are freed apart, in any order and by any threads, each once: `first`,
//!   after it was retired as a value, and the rest, after the entry was retired. Whoever is second frees the
//!   memory. An entry whose value is still `first` when the entry is freed is freed as a whole.
//!
//! # Addresses as identities
//!
//! A value that was seen inside a section cannot be freed before that section ends, so its address cannot
//! come to mean another value meanwhile: an exchange that expects a seen address acts on the very value
//! that was seen. (Values of size zero share one address, and have nothing to tell apart.)
//!
//! # Memory ordering
//!
//! Every access is `SeqCst`. `Acquire` and `AcqRel` are what one key needs (E1); the total order is what
//! several keys need: two threads that each write one key and then read the other's may not both miss,
//! and two readers must agree on the order of two writes. The snapshot's generation and its `amended` flag
//! are in the same order, for the same reason. On x86-64 and ARMv8 a `SeqCst` load costs what an `Acquire`
//! load costs. (The models in `sb` show that each of them is needed for that; how the processor keeps the
//! promise, the litmus test over two keys in `tests/stress.rs` watches.)

#![expect(
    unsafe_code,
    reason = "follows and frees pointers to entries and values, under E1 to E5"
)]

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::{Kept, Section};
use crate::primitive::{AtomicBool, AtomicPtr, Ordering, yield_point};
use crate::reclaim::Garbage;
use crate::tuning::{RETIRED_BATCH, SPARE_BYTES};

/// One key's node.
pub(super) struct Entry<K, V> {
    /// The address of `first`, a leaked `Box<V>`, null for nil, or [`expunged`].
    value: AtomicPtr<V>,
    key: K,
    /// The value that the entry was made with: a hit on it touches no memory but this node's.
    first: UnsafeCell<MaybeUninit<V>>,
    /// The next older entry of the fresh list that this one was pushed to. Set before that, and never again.
    next: AtomicPtr<Entry<K, V>>,
    /// The bits of the hash that choose buckets. With the other two fields in 8 bytes, so that a node of two
    /// words of content takes five.
    hash_low: u32,
    /// The bits of the hash that make its tophash.
    hash_top: u16,
    /// One of the two parts of the node, `first` and the rest, has been freed (E6).
    half_freed: AtomicBool,
}

const HASH_TOP_SHIFT: u32 = 48;
const LOW_HASH: u64 = u32::MAX as u64;

/// A byte whose address no value has.
static EXPUNGED: u8 = 0;

/// The value pointer of an expunged entry; never followed.
fn expunged<V>() -> *mut V {
    (&raw const EXPUNGED).cast_mut().cast()
}

/// What [`Entry::swap`] did.
#[must_use]
pub(super) enum Swap<'s, V> {
    /// There was this value; it is retired.
    Replaced(&'s V),
    /// There was none.
    Filled,
    /// Nothing: the entry is expunged, and here is the value again.
    Expunged(Box<V>),
}

/// What [`Entry::fill`] did.
#[must_use]
pub(super) enum Fill<'s, V> {
    /// There was no value; now there is this one.
    Stored(&'s V),
    /// Nothing: there was this value, and here is the given one again.
    Occupied(&'s V, V),
    /// Nothing: the entry is expunged, and here is the value again.
    Expunged(V),
}

impl<K, V> Entry<K, V> {
    /// The hash, without its bits 32 to 47.
    pub(super) fn hash(&self) -> u64 {
        u64::from(self.hash_low) | u64::from(self.hash_top) << HASH_TOP_SHIFT
    }

    /// Whether this could be the hash: always for the same, and for one in 2^48 others.
    #[inline]
    pub(super) fn may_hash_to(&self, hash: u64) -> bool {
        self.hash() == hash & (LOW_HASH | u64::MAX << HASH_TOP_SHIFT)
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        &self.key
    }

    /// The next older entry of the same fresh list.
    pub(super) fn next(&self) -> Option<EntryPtr<K, V>> {
        // ORDERING: Relaxed. Set before the entry was published; the load that found it acquired that. Model:
        // promote::push_vs_find.
        EntryPtr::from_raw(self.next.load(Ordering::Relaxed))
    }

    /// The value, if there is one.
    ///
    /// The entry was borrowed inside a section, which keeps the value for as long.
    #[inline]
    pub(super) fn load(&self) -> Option<&V> {
        yield_point(); // the entry was looked up
        // ORDERING: SeqCst. Its Acquire half pairs with the exchange that stored the pointer (E1); the
        // rest is the module header's. Models: entry::load_vs_swap, sb::two_removals.
        self.shared(self.value.load(Ordering::SeqCst))
    }

    /// Stores `value`, whatever was there, unless the entry is expunged.
    pub(super) fn swap<'s>(&'s self, section: &'s Section<'_, K, V>, value: Box<V>) -> Swap<'s, V> {
        let new = Box::into_raw(value);
        // ORDERING: Relaxed. A guess for the exchange, which acquires; an expunged entry is looked at
        // again under the mutex.
        let mut seen = self.value.load(Ordering::Relaxed);
        loop {
            if seen == expunged() && !cfg!(splitmap_planted = "unexpunge_race") {
                // SAFETY: `new` was leaked above and published nowhere.
                return Swap::Expunged(unsafe { Box::from_raw(new) });
            }
            match self.exchange(seen, new) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        match self.shared(seen) {
            Some(old) => {
                section.retire(self.garbage(seen));
                Swap::Replaced(old)
            }
            None => {
                section.count(1);
                Swap::Filled
            }
        }
    }

    /// Stores `value` if there is none and the entry is not expunged.
    pub(super) fn fill<'s>(&'s self, section: &'s Section<'_, K, V>, value: V) -> Fill<'s, V> {
        // ORDERING: SeqCst, as in `load`: a value that is there is returned without an exchange. Model:
        // sb::store_and_add.
        let mut seen = self.value.load(Ordering::SeqCst);
        if !seen.is_null() {
            return self.refuse(seen, value);
        }
        let new = Box::into_raw(boxed(section, value));
        while seen.is_null() {
            match self.exchange(seen, new) {
                Ok(_) => {
                    section.count(1);
                    // SAFETY: a value just stored, which the section keeps from being freed (E1).
                    return Fill::Stored(unsafe { &*new });
                }
                Err(now) => seen = now,
            }
        }
        // SAFETY: `new` was leaked above and published nowhere: no exchange succeeded.
        self.refuse(seen, *unsafe { Box::from_raw(new) })
    }

    /// What `fill` did not store, and why.
    fn refuse(&self, seen: *mut V, value: V) -> Fill<'_, V> {
        match self.shared(seen) {
            Some(current) => Fill::Occupied(current, value),
            None => Fill::Expunged(value),
        }
    }

    /// Stores `value` in place of `seen`, or gives it back if `seen` is no longer the value.
    pub(super) fn replace<'s>(
        &'s self,
        section: &'s Section<'_, K, V>,
        seen: &'s V,
        value: Box<V>,
    ) -> Result<&'s V, Box<V>> {
        let new = Box::into_raw(value);
        match self.exchange(core::ptr::from_ref(seen).cast_mut(), new) {
            Ok(removed) => {
                section.retire(self.garbage(removed));
                // SAFETY: a value just stored, which the section keeps from being freed (E1).
                Ok(unsafe { &*new })
            }
            // SAFETY: `new` was leaked above and published nowhere: the exchange failed.
            Err(_) => Err(unsafe { Box::from_raw(new) }),
        }
    }

    /// Removes the value, if there is one.
    pub(super) fn take<'s>(&'s self, section: &'s Section<'_, K, V>) -> Option<&'s V> {
        loop {
            let seen = self.load()?;
            if self.take_seen(section, seen) {
                return Some(seen);
            }
        }
    }

    /// Removes the value if it still is `seen`; returns whether it was.
    pub(super) fn take_seen<'s>(&'s self, section: &'s Section<'_, K, V>, seen: &'s V) -> bool {
        let seen = core::ptr::from_ref(seen).cast_mut();
        match self.exchange(seen, core::ptr::null_mut()) {
            Ok(removed) => {
                section.count(-1);
                section.retire(self.garbage(removed));
                true
            }
            Err(_) => false,
        }
    }

    /// Moves to expunged from any state, for good; returns the value removed, if there was one. Only for an entry that `clear` has detached (E3).
    ///
    /// One exchange, not a removal and then the edge from nil: a value stored in between would be lost
    /// after its writer was told that the key had been absent, which no order explains.
    pub(super) fn bury<'s>(&'s self, section: &'s Section<'_, K, V>) -> Option<&'s V> {
        yield_point(); // the map is empty, the entry is not
        // ORDERING: SeqCst, as in `exchange`. Model: clear::clear_vs_store.
        let removed = self.value.swap(expunged(), Ordering::SeqCst);
        let value = self.shared(removed)?;
        section.count(-1);
        section.retire(self.garbage(removed));
        Some(value)
    }

    /// Moves from nil to expunged; returns whether the entry is expunged now.
    ///
    /// Under the mutex, and the caller leaves the key out of dirty (E2).
    pub(super) fn expunge(&self) -> bool {
        // ORDERING: SeqCst, as in `load`. An exchange bound to fail would take the node's cache line away
        // from all readers. Model: promote::delete_vs_copy.
        let seen = self.value.load(Ordering::SeqCst);
        if !seen.is_null() {
            return seen == expunged();
        }
        match self.exchange(core::ptr::null_mut(), expunged()) {
            Ok(_) => true,
            Err(now) => now == expunged(),
        }
    }

    /// Moves from expunged to nil; returns whether it did, and so the caller must put it into dirty.
    ///
    /// Under the mutex (E2).
    pub(super) fn revive(&self) -> bool {
        self.exchange(expunged(), core::ptr::null_mut()).is_ok()
    }

    /// Whether the entry is expunged; the answer stands only under the mutex.
    fn is_expunged(&self) -> bool {
        // ORDERING: Relaxed. Asked under the mutex, which orders all changes to and from expunged.
        self.value.load(Ordering::Relaxed) == expunged()
    }

    /// Whether a pointer loaded from `value` is that of the value inside the node.
    fn is_first(&self, pointer: *mut V) -> bool {
        core::ptr::addr_eq(self.first.get(), pointer)
    }

    /// A removed value's pointer, as garbage (E1).
    fn garbage(&self, removed: *mut V) -> Retired<K, V> {
        Retired(if self.is_first(removed) {
            Object::First(removed)
        } else {
            Object::Later(removed)
        })
    }

    /// The node that `first` is in.
    ///
    /// # Safety
    ///
    /// `first` must be a pointer that [`EntryPtr::new`] made, and the node not yet freed.
    unsafe fn of_first(first: *mut V) -> NonNull<Self> {
        debug_assert!(!first.is_null(), "nil is no value");
        // SAFETY: the caller's promise: the field is at this offset in a live node, over all of which the
        // pointer has provenance.
        let node = unsafe { first.byte_sub(core::mem::offset_of!(Self, first)) };
        // SAFETY: inside an allocation, so not null.
        unsafe { NonNull::new_unchecked(node.cast()) }
    }

    /// The one place where the pointer changes. Returns the pointer that was there.
    fn exchange(&self, expected: *mut V, new: *mut V) -> Result<*mut V, *mut V> {
        yield_point(); // `expected` was loaded
        // ORDERING: SeqCst on both outcomes.
        // - Release publishes the value behind `new` to whoever loads the pointer (E1).
        // - Acquire, also on failure: the pointer found instead is followed or returned.
        // - The total order is the module header's.
        // Models: entry::load_vs_swap, entry::swap_vs_take, entry::fill_vs_fill, sb::two_removals.
        self.value
            .compare_exchange(expected, new, Ordering::SeqCst, Ordering::SeqCst)
    }

    /// The value behind a pointer that was loaded from `value`.
    #[inline]
    fn shared(&self, pointer: *mut V) -> Option<&V> {
        if pointer.is_null() || pointer == expunged() {
            return None;
        }
        // SAFETY: neither nil nor expunged, so a value that was complete when stored (E1). Whoever
        // removes it retires it, and the section in which `self` was borrowed is older than that.
        Some(unsafe { &*pointer })
    }
}

/// A map's pointer to an entry. Copies are made freely; [`Retired`] frees.
pub(super) struct EntryPtr<K, V>(NonNull<Entry<K, V>>);

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
    pub(super) fn new(hash: u64, key: K, value: V) -> Self {
        let entry = Box::into_raw(Box::new(Entry {
            value: AtomicPtr::new(core::ptr::null_mut()),
            key,
            first: UnsafeCell::new(MaybeUninit::new(value)),
            next: AtomicPtr::new(core::ptr::null_mut()),
            hash_low: hash as u32,
            hash_top: (hash >> HASH_TOP_SHIFT) as u16,
            half_freed: AtomicBool::new(false),
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
    pub(super) fn from_raw(entry: *mut Entry<K, V>) -> Option<Self> {
        NonNull::new(entry).map(Self)
    }

    pub(super) fn as_raw(self) -> *mut Entry<K, V> {
        self.0.as_ptr()
    }

    /// The entry, for as long as the section is open.
    #[inline]
    pub(super) fn get<'s>(self, _section: &'s Section<'_, K, V>) -> &'s Entry<K, V> {
        // SAFETY: by E4 a pointer is followed only inside a section that is older than the entry's
        // retirement, and the section outlives `'s`. Entries are only used through shared references.
        unsafe { self.0.as_ref() }
    }

    /// The entry and the value that it was made with, to the operation that has just published it: another
    /// thread may have removed the value since, but the section, which is older, keeps it.
    pub(super) fn just_published<'s>(self, section: &'s Section<'_, K, V>) -> Found<'s, K, V> {
        let entry = self.get(section);
        // SAFETY: initialised by `new`. Retired no earlier than it was published, so after the section was
        // entered (E1); only shared references to published values exist.
        (entry, unsafe { &*entry.first.get().cast::<V>() })
    }

    /// Whether the entry is expunged. Asked under the mutex, or by the owner of the map, of an entry that
    /// dirty was built without (D3), which is in the snapshot and so not retired (E4).
    pub(super) fn is_expunged(&self) -> bool {
        // SAFETY: not retired, as just said. Entries are only used through shared references.
        unsafe { self.0.as_ref() }.is_expunged()
    }

    /// Frees the entry and returns its content. Only [`Retired`], which is the entry's owner, calls this.
    fn into_pair(self) -> (K, Option<V>) {
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
pub(super) struct Unpublished<K, V>(EntryPtr<K, V>);

impl<K, V> Unpublished<K, V> {
    pub(super) fn new(hash: u64, key: K, value: V) -> Self {
        Self(EntryPtr::new(hash, key, value))
    }

    pub(super) fn key(&self) -> &K {
        // SAFETY: this is the entry's only owner, and entries are only used through shared references.
        &unsafe { self.0.0.as_ref() }.key
    }

    /// Its address, to be published with [`Self::publish`].
    pub(super) fn as_raw(&self) -> *mut Entry<K, V> {
        self.0.as_raw()
    }

    /// Makes `next` follow it in the list that it will be published in.
    pub(super) fn set_next(&self, next: *mut Entry<K, V>) {
        // SAFETY: as in `key`.
        let entry = unsafe { self.0.0.as_ref() };
        // ORDERING: Relaxed. The exchange that publishes the entry releases it. Model: promote::push_vs_find.
        entry.next.store(next, Ordering::Relaxed);
    }

    /// Passes the ownership to the map, which holds the entry from here on.
    pub(super) fn publish(self) -> EntryPtr<K, V> {
        core::mem::ManuallyDrop::new(self).0
    }

    /// The content of an entry that is not to be published after all.
    pub(super) fn into_pair(self) -> (K, V) {
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
struct Node<K, V>(NonNull<Entry<K, V>>);

impl<K, V> Node<K, V> {
    /// Frees one part of a node (E6), whose content the caller has moved out or dropped.
    fn free_half(node: NonNull<Entry<K, V>>) {
        // SAFETY: the node lives until its second part is freed, and the caller's is not freed yet.
        let half_freed = unsafe { &(*node.as_ptr()).half_freed };
        yield_point(); // the other part may be freed at the same time
        // ORDERING: AcqRel. Release: what this thread did to its part happens before the freeing.
        // Acquire: the same of the other part, if this is the second. Model: entry::halves.
        if half_freed.swap(true, Ordering::AcqRel) {
            Self::free(node);
        }
    }

    /// Frees the memory of a node whose parts are both the caller's.
    fn free(node: NonNull<Entry<K, V>>) {
        // SAFETY: leaked by `EntryPtr::new` with this layout, and freed once (E6). The content was moved
        // out or dropped; what is left, two atomics and a number, needs no drop.
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

/// Garbage: dropping it frees what it stands for. Lives in the domain until a grace period has passed.
pub(super) struct Retired<K, V>(Object<K, V>);

enum Object<K, V> {
    /// The value inside a node.
    First(*mut V),
    /// A value in a box.
    Later(*mut V),
    Entry(EntryPtr<K, V>),
}

// SAFETY: dropping it drops a `V`, or a `K` and a `V`, on whichever thread reclaims.
unsafe impl<K: Send, V: Send> Send for Retired<K, V> {}

impl<K, V> Retired<K, V> {
    /// An entry that no map holds any more (E4).
    pub(super) fn entry(entry: EntryPtr<K, V>) -> Self {
        Self(Object::Entry(entry))
    }

    /// The content of an entry that had a value; for conversions that own the map.
    pub(super) fn into_entry(self) -> Option<(K, V)> {
        match core::mem::ManuallyDrop::new(self).0 {
            Object::Entry(entry) => {
                let (key, value) = entry.into_pair();
                Some((key, value?))
            }
            Object::First(_) | Object::Later(_) => {
                unreachable!("a map's own entries are not values")
            }
        }
    }
}

impl<K, V> Garbage for Retired<K, V> {
    type Memory = Box<MaybeUninit<V>>;

    const KEPT: usize = match size_of::<V>() {
        0 => 0,
        size if SPARE_BYTES / size < 2 * RETIRED_BATCH => SPARE_BYTES / size,
        _ => 2 * RETIRED_BATCH,
    };

    fn end(self) -> Option<Self::Memory> {
        let Object::Later(value) = self.0 else {
            return None;
        };
        core::mem::forget(self);
        // SAFETY: as in `drop`: the box is this object's alone. What may be uninitialised has no value to drop.
        let mut memory = unsafe { Box::from_raw(value.cast::<MaybeUninit<V>>()) };
        // SAFETY: the value is there, and dropped once: if that unwinds, the box frees the memory alone.
        unsafe { memory.assume_init_drop() };
        Some(memory)
    }
}

/// A box for a later value; one used before, if the thread has any.
pub(super) fn boxed<K, V>(section: &Section<'_, K, V>, value: V) -> Box<V> {
    let Some(mut memory) = section.spare() else {
        return Box::new(value);
    };
    memory.write(value);
    // SAFETY: the same allocation, with a value in it now.
    unsafe { Box::from_raw(Box::into_raw(memory).cast::<V>()) }
}

impl<K, V> Drop for Retired<K, V> {
    fn drop(&mut self) {
        match self.0 {
            Object::First(value) => {
                // SAFETY: `garbage` found it to be a node's `first`; that part is not freed yet (E6).
                let _part = Node(unsafe { Entry::<K, V>::of_first(value) });
                // SAFETY: its ownership passed here with the exchange that removed it (E1), and the
                // domain says that no reader is left.
                unsafe { value.drop_in_place() };
            }
            // SAFETY: the pointer comes from a leaked box, whose ownership passed here with the exchange
            // that removed it (E1), and the domain says that no reader is left.
            Object::Later(value) => drop(unsafe { Box::from_raw(value) }),
            Object::Entry(entry) => drop(entry.into_pair()),
        }
    }
}

/// A section together with an entry and a value that were found inside it.
pub(super) struct Held<'m, K, V> {
    entry: NonNull<Entry<K, V>>,
    value: NonNull<V>,
    _section: Kept<'m, K, V>,
}

/// An entry and its value, as found inside a section.
pub(super) type Found<'s, K, V> = (&'s Entry<K, V>, &'s V);

impl<'m, K, V> Held<'m, K, V> {
    /// Runs `find` inside `section`, and keeps the section open around what it found.
    ///
    /// `extra` is carried past the borrow of the section; so is what `find` returns instead.
    #[inline]
    pub(super) fn new<X, N>(
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
            entry: NonNull::from(entry),
            value: NonNull::from(value),
            _section: section.keep(),
        };
        Ok((held, extra))
    }

    /// Stores `value` in place of the one held, and holds it; or gives it back if the entry has another.
    pub(super) fn replace(
        &self,
        section: Section<'m, K, V>,
        value: Box<V>,
    ) -> Result<Self, Box<V>> {
        let stored = self.entry().replace(&section, self.value(), value)?;
        Ok(Held {
            entry: self.entry,
            value: NonNull::from(stored),
            // Overlaps `self`'s, on the same thread: the entry stays for as long as one of them is open.
            _section: section.keep(),
        })
    }

    /// Removes the value held if the entry still has it; returns whether it did.
    pub(super) fn take(&self, section: &Section<'m, K, V>) -> bool {
        self.entry().take_seen(section, self.value())
    }

    #[inline]
    fn entry(&self) -> &Entry<K, V> {
        // SAFETY: found inside the section that `self` keeps open; `new`'s signature ties both
        // references to a borrow of it. Only shared references to entries exist (E4).
        unsafe { self.entry.as_ref() }
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        &self.entry().key
    }

    #[inline]
    pub(super) fn value(&self) -> &V {
        // SAFETY: as in `entry`, and only shared references to published values exist (E1).
        unsafe { self.value.as_ref() }
    }
}
