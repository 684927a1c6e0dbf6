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

mod garbage;
mod held;
mod node;

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

pub(super) use self::garbage::{Retired, boxed};
pub(super) use self::held::Held;
pub(super) use self::node::{EntryPtr, Unpublished};

use self::garbage::Object;
use super::Section;
use crate::primitive::{self, AtomicBool, AtomicPtr, Ordering, yield_point};

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
    /// Nothing, in whose place the model sees the last uses of the node's memory, and the freeing.
    memory: primitive::UnsafeCell<()>,
}

const HASH_TOP_SHIFT: u32 = 48;
const LOW_HASH: u64 = u32::MAX as u64;

/// The value pointer of an expunged entry; never followed.
///
/// No value has the last address: it would end beyond it, or, being of size zero, lie in a node or at its alignment.
fn expunged<V>() -> *mut V {
    core::ptr::without_provenance_mut(usize::MAX)
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
        // ORDERING: SeqCst. Acquire: the value removed is returned. Release: who finds the entry expunged has
        // the counter that `clear` has stored before, and so finds no other key of the older snapshot. Model:
        // entry::swap_vs_bury.
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
        // ORDERING: Relaxed. The mutex orders all changes to and from expunged; nil is a guess, which the
        // exchange makes sure of; and an entry of which an older value is seen stays, which is never wrong.
        // (An exchange bound to fail would take the node's cache line away from all readers.)
        let seen = self.value.load(Ordering::Relaxed);
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
    #[cfg(splitmap_loom)]
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
        // PERF: nil and expunged by one comparison: they are the only addresses that become 1 and 0.
        if pointer.addr().wrapping_add(1) <= 1 {
            return None;
        }
        // SAFETY: neither nil nor expunged, so a value that was complete when stored (E1). Whoever
        // removes it retires it, and the section in which `self` was borrowed is older than that.
        Some(unsafe { &*pointer })
    }
}

/// An entry and its value, as found inside a section.
pub(super) type Found<'s, K, V> = (&'s Entry<K, V>, &'s V);
