//! The entry: one key's node, shared by the read snapshot and the dirty map.
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
//!
//! # Invariants
//!
//! * **E1** — A value is fully written before its pointer is stored, and retired by the thread whose
//!   exchange removed that pointer, exactly once.
//! * **E2** — While the mutex is free: an entry of the snapshot is expunged if and only if a dirty map
//!   exists and lacks the entry.
//! * **E3** — An entry that `clear` has detached (it is in neither map any more) is moved to expunged, in
//!   one step, and never leaves it.
//! * **E4** — An entry is retired once, after no map holds it. A pointer to it is followed only inside a
//!   section that was entered before that, or by the map's destructor.
//! * **E5** — All entries, sections and pointers that meet in one call belong to one map. `EntryPtr` never
//!   leaves `sync`, so this module tree as a whole answers for E4 and E5.
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

use core::fmt;
use core::ptr::NonNull;

use super::Section;
use crate::primitive::{AtomicPtr, Ordering};

/// One key's node.
pub(super) struct Entry<K, V> {
    hash: u64,
    key: K,
    /// A leaked `Box<V>`, null for nil, or [`expunged`].
    value: AtomicPtr<V>,
}

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
    Occupied(&'s V, Box<V>),
    /// Nothing: the entry is expunged, and here is the value again.
    Expunged(Box<V>),
}

impl<K, V> Entry<K, V> {
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        &self.key
    }

    /// The value, if there is one.
    ///
    /// The entry was borrowed inside a section, which keeps the value for as long.
    #[inline]
    pub(super) fn load(&self) -> Option<&V> {
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
            if seen == expunged() {
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
                section.retire(Retired::value(seen));
                Swap::Replaced(old)
            }
            None => {
                section.count(1);
                Swap::Filled
            }
        }
    }

    /// Stores `value` if there is none and the entry is not expunged.
    pub(super) fn fill<'s>(&'s self, section: &'s Section<'_, K, V>, value: Box<V>) -> Fill<'s, V> {
        let new = Box::into_raw(value);
        // ORDERING: SeqCst, as in `load`: a value that is there is returned without an exchange. Model:
        // sb::store_and_add.
        let mut seen = self.value.load(Ordering::SeqCst);
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
        let value = unsafe { Box::from_raw(new) };
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
                section.retire(Retired::value(removed));
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
                section.retire(Retired::value(removed));
                true
            }
            Err(_) => false,
        }
    }

    /// Moves from nil to expunged; returns whether the entry is expunged now.
    ///
    /// Under the mutex, and the caller leaves the key out of dirty (E2).
    pub(super) fn expunge(&self) -> bool {
        match self.exchange(core::ptr::null_mut(), expunged()) {
            Ok(_) => true,
            Err(now) => now == expunged(),
        }
    }

    /// Moves to expunged from whatever state it is in. For an entry that `clear` has detached (E3).
    ///
    /// In one step: an operation that still has the entry acts on its value, just before the `clear` (S2),
    /// or finds that it is too late. A nil on the way would let it store, and return, as if the key
    /// had been absent before the `clear`. Model: clear::clear_vs_store.
    pub(super) fn bury(&self, section: &Section<'_, K, V>) {
        // ORDERING: Relaxed. A guess for the exchange, which acquires.
        let mut seen = self.value.load(Ordering::Relaxed);
        while seen != expunged() {
            match self.exchange(seen, expunged()) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        if !seen.is_null() && seen != expunged() {
            section.count(-1);
            section.retire(Retired::value(seen));
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

    /// The one place where the pointer changes. Returns the pointer that was there.
    fn exchange(&self, expected: *mut V, new: *mut V) -> Result<*mut V, *mut V> {
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
    pub(super) fn new(hash: u64, key: K, value: Box<V>) -> Self {
        let entry = Box::new(Entry {
            hash,
            key,
            value: AtomicPtr::new(Box::into_raw(value)),
        });
        Self(NonNull::from(Box::leak(entry)))
    }

    /// The entry, for as long as the section is open.
    #[inline]
    pub(super) fn get<'s>(self, _section: &'s Section<'_, K, V>) -> &'s Entry<K, V> {
        // SAFETY: by E4 a pointer is followed only inside a section that is older than the entry's
        // retirement, and the section outlives `'s`. Entries are only used through shared references.
        unsafe { self.0.as_ref() }
    }

    /// Whether the entry is expunged. Asked under the mutex, or by the owner of the map, of an entry that
    /// dirty was built without (D3), which is in the snapshot and so not retired (E4).
    pub(super) fn is_expunged(&self) -> bool {
        // SAFETY: not retired, as just said. Entries are only used through shared references.
        unsafe { self.0.as_ref() }.is_expunged()
    }

    /// Frees the entry and returns its content. Only [`Retired`], which is the entry's owner, calls this.
    fn into_pair(self) -> (K, Option<V>) {
        // SAFETY: the entry was leaked by `new`, is in no retired list (E4) and is shared with nobody.
        let entry = unsafe { Box::from_raw(self.0.as_ptr()) };
        let Entry { key, value, .. } = *entry;
        let value = value.into_inner();
        if value.is_null() || value == expunged() {
            return (key, None);
        }
        // SAFETY: a value's pointer comes from a leaked box, and this was its only owner (E1).
        (key, Some(*unsafe { Box::from_raw(value) }))
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
    Value(*mut V),
    Entry(EntryPtr<K, V>),
}

// SAFETY: dropping it drops a `V`, or a `K` and a `V`, on whichever thread reclaims.
unsafe impl<K: Send, V: Send> Send for Retired<K, V> {}

impl<K, V> Retired<K, V> {
    /// A value's pointer that the caller's exchange has removed from its entry (E1).
    fn value(removed: *mut V) -> Self {
        Self(Object::Value(removed))
    }

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
            Object::Value(_) => unreachable!("a map's own entries are not values"),
        }
    }
}

impl<K, V> Drop for Retired<K, V> {
    fn drop(&mut self) {
        match self.0 {
            // SAFETY: the pointer comes from the leaked box in the entry, whose ownership passed here
            // with the exchange that removed it (E1); the domain says that no reader is left.
            Object::Value(value) => drop(unsafe { Box::from_raw(value) }),
            Object::Entry(entry) => drop(entry.into_pair()),
        }
    }
}

/// A section together with an entry and a value that were found inside it.
pub(super) struct Held<'m, K, V> {
    entry: NonNull<Entry<K, V>>,
    value: NonNull<V>,
    _section: Section<'m, K, V>,
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
        let ((entry, value), extra) = find(&section)?;
        let held = Held {
            entry: NonNull::from(entry),
            value: NonNull::from(value),
            _section: section,
        };
        Ok((held, extra))
    }

    #[inline]
    pub(super) fn key(&self) -> &K {
        // SAFETY: found inside the section that `self` keeps open; `new`'s signature ties both
        // references to a borrow of it. Only shared references to entries exist (E4).
        &unsafe { self.entry.as_ref() }.key
    }

    #[inline]
    pub(super) fn value(&self) -> &V {
        // SAFETY: as in `key`, and only shared references to published values exist (E1).
        unsafe { self.value.as_ref() }
    }
}
