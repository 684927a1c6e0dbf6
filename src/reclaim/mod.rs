//! When may memory that readers can see be freed.
//!
//! Userspace RCU, in the flavour that spares readers their fence (Desnoyers, McKenney, Stern, Dagenais
//! and Walpole, "User-Level Implementations of Read-Copy Update", IEEE TPDS 2012): readers announce
//! themselves by one plain store to a cache line of their own, and whoever reclaims makes every
//! processor execute a barrier before looking at the announcements.
//!
//! # Vocabulary
//!
//! * **domain** — one map's readers and garbage. Domains know nothing of each other: a reader of one
//!   map never holds back another's garbage.
//! * **slot** — one thread's record in a domain: its announcement, its cached object, its garbage.
//! * **read-side section** — the time between entering and leaving; a thread's sections nest.
//! * **retire** — to hand over an object that no new reader can reach.
//! * **grace period** — a time in which every reader that was inside a section has left it once.
//! * **tenure** — the time for which a thread owns a slot. A slot outlives its threads.
//!
//! | file             | idea                                                          |
//! |------------------|---------------------------------------------------------------|
//! | [`barrier`]      | the two halves of the fence between a reader and a reclaimer  |
//! | [`announcement`] | what a thread tells the others of its sections                |
//! | [`section`]      | what an operation does inside a section                       |
//! | [`slot`]         | one thread's cached object, count and garbage                 |
//! | [`tenure`]       | which slot is this thread's; what happens when a thread exits |
//! | [`grace`]        | batches of garbage and when each may be freed                 |
//! | [`ruin`]         | superseded objects, taken down a part at a time               |
//!
//! # Invariants
//!
//! * **R1** — The owner-only fields of a slot (everything but its atomics) are touched only by the
//!   thread whose tenure is current, or by the domain's `drop`, which has exclusive access.
//! * **R2** — A slot's announcement counts the owner's open sections, and numbers the outermost ones. Only the owner
//!   writes it.
//! * **R3** — An object is retired after the last store that made it reachable was overwritten, by the
//!   thread that overwrote it or by one that synchronises with it.
//! * **R4** — A batch is closed (its waits are noted) after a barrier that follows the retirement of
//!   every object in it.
//! * **R5** — A batch is freed only when the owner of each slot that it waits for has been outside all sections once.
//! * **R6** — A slot changes hands only while no section of it is open.
//!
//! # Why a reader never touches freed memory
//!
//! Let a reader enter (store one more, light fence) and load a pointer to an object that is unlinked,
//! retired and whose batch is closed (heavy fence, load of the announcement). A section inside another has that one's
//! number and fence. The two fences are totally ordered:
//!
//! 1. The reader's comes first: the reclaimer reads that value, or a later one. If it is this very
//!    section's, the batch waits (R5) until the reader has left, and the Acquire load that sees the
//!    change pairs with the Release of that leave. If it is a later one, that was stored with Release, too, after
//!    the leave.
//! 2. The reclaimer's comes first: everything it overwrote before (R3, R4) is visible to the reader's
//!    loads, so the reader cannot reach the object at all.
//!
//! In all cases no access of the reader comes after the free.
//!
//! # Where garbage waits
//!
//! An object waits in its thread's own list until a batch is full, then in the domain's queue, from
//! which any thread that closes a batch frees what is due, and so do the threads whose sections held it
//! back, when they leave. A thread that idles outside sections holds back nothing of the queue; a thread
//! that exits leaves its list to whoever closes a batch next.
//! A superseded cached object goes with the last thread that lets go of it; what is left of a large one is taken
//! down in parts, see [`ruin`].
//! Freeing runs the user's `Drop`, which may use the map again: it happens at the end of an outermost
//! section, with no lock held and no borrow of a slot alive.

#![expect(
    unsafe_code,
    reason = "shares owner-only slot fields and reclaims by grace periods, under R1 to R6"
)]

mod announcement;
mod barrier;
mod grace;
mod ruin;
mod section;
mod slot;
mod tenure;

use core::fmt;
use core::ptr::NonNull;

use self::barrier::Barrier;
use self::grace::Queue;
pub(crate) use self::ruin::Ruin;
use self::ruin::Ruins;
pub(crate) use self::section::{Kept, Section, Tally};
use self::slot::Slot;
#[cfg(splitmap_loom)]
pub(crate) use self::tenure::end_terms;
use crate::primitive::{Arc, AtomicPtr, CachePadded, Ordering, last_share, unique_id};

/// A retired object.
pub(crate) trait Garbage {
    /// Memory without an object in it.
    type Memory;

    /// How much of it a thread keeps to use it again.
    const KEPT: usize;

    /// Ends the object as dropping it does, and gives its memory if that can be used again.
    fn end(self) -> Option<Self::Memory>;
}

/// One map's readers and garbage.
///
/// `C` is what every thread caches (the map's snapshot), `G` is a retired object; dropping a `G` frees
/// what it stands for.
pub(crate) struct Domain<C, G: Garbage> {
    /// Never reused, so that a thread's memory of a domain that is gone cannot name another.
    id: u64,
    /// From `Box::into_raw`: slots point to it, and the domain may be moved.
    registry: NonNull<Registry<C, G>>,
}

/// What the slots of a domain share.
struct Registry<C, G: Garbage> {
    /// Newest slot first. Slots are pushed, and freed with the domain.
    newest: AtomicPtr<CachePadded<Slot<C, G>>>,
    queue: Queue<C, G>,
    barrier: Barrier,
    ruins: Ruins,
    /// Makes a ruin of an object that nobody caches any more, if it is large.
    ruin: RuinOf<C>,
}

/// What is left of an object, if that is too much to be freed at once.
pub(crate) type RuinOf<C> = fn(C) -> Option<Box<dyn Ruin>>;

// SAFETY: a domain owns its slots, what they cache and their garbage, and may be dropped by whichever
// thread owns it: needs `G: Send`, and `C: Send + Sync` as `Arc<C>` requires. (Memory without an object in it may be
// freed by any thread.)
unsafe impl<C: Send + Sync, G: Garbage + Send> Send for Domain<C, G> {}
// SAFETY: through `&Domain` a thread reaches its own slot (R1), the atomics of the others, and garbage
// that other threads retired, which it drops: needs `G: Send`. The cached object is shared with every
// thread: needs `C: Send + Sync`.
unsafe impl<C: Send + Sync, G: Garbage + Send> Sync for Domain<C, G> {}

impl<C, G: Garbage> Domain<C, G> {
    pub(crate) fn new(ruin: RuinOf<C>) -> Self {
        let registry = Box::new(Registry {
            newest: AtomicPtr::new(core::ptr::null_mut()),
            queue: Queue::new(),
            barrier: Barrier::of_this_process(),
            ruins: Ruins::new(),
            ruin,
        });
        Self {
            id: if cfg!(splitmap_planted = "reused_identity") {
                core::ptr::from_ref(&*registry).addr() as u64
            } else {
                unique_id()
            },
            registry: NonNull::from(Box::leak(registry)),
        }
    }

    /// Enters a read-side section of the calling thread; it ends when the result is dropped.
    ///
    /// Wait-free but for a thread's first use of the domain, which allocates its slot.
    #[inline]
    pub(crate) fn enter(&self) -> Section<'_, C, G> {
        Section::enter(tenure::slot_of_this_thread(self))
    }

    /// The sum of what all threads counted with [`Section::count`]; at least 0.
    ///
    /// Exact when no thread is counting; O(threads), without a lock.
    pub(crate) fn total(&self) -> usize {
        let sum: isize = self.registry().slots().map(Slot::counted).sum();
        usize::try_from(sum).unwrap_or(0)
    }

    /// All additions that threads ever noted; exact when no thread is adding. O(threads), without a lock.
    pub(crate) fn additions(&self) -> usize {
        let slots = self.registry().slots();
        slots.fold(0, |sum, slot| sum.wrapping_add(slot.additions()))
    }

    /// Retired objects not yet freed, in threads' lists and in the queue.
    pub(crate) fn waiting(&self) -> usize {
        let listed: usize = self.registry().slots().map(Slot::listed).sum();
        listed + self.registry().queue.len()
    }

    fn registry(&self) -> &Registry<C, G> {
        // SAFETY: `registry` comes from a leaked box that only `drop` frees, and `&self` rules that
        // out. The registry is only ever used through shared references.
        unsafe { self.registry.as_ref() }
    }
}

impl<C, G: Garbage> Registry<C, G> {
    /// All slots there are, of live and of exited threads.
    fn slots(&self) -> impl Iterator<Item = &Slot<C, G>> {
        // ORDERING: Acquire pairs with the Release in `push`: a slot is seen complete. Model:
        // grace::first_enter_vs_retire.
        let mut next = self.newest.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            let slot = NonNull::new(next)?;
            // SAFETY: slots are freed only when the domain is dropped, which `&self` rules out, and
            // are only ever used through shared references.
            let slot: &Slot<C, G> = unsafe { slot.as_ref() };
            next = slot.next();
            Some(slot)
        })
    }

    /// Gives up a share of a cached object.
    fn let_go(&self, object: Arc<C>) {
        if let Some(ruin) = last_share(object).and_then(self.ruin) {
            self.ruins.add(ruin);
        }
    }

    fn push(&self, slot: Box<CachePadded<Slot<C, G>>>) -> &Slot<C, G> {
        let pushed = Box::into_raw(slot);
        // SAFETY: just leaked; freed only when the domain is dropped, which `&self` rules out.
        let slot = unsafe { &*pushed };
        // ORDERING: Relaxed. The value is only linked to, never looked into, before the exchange.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            slot.set_next(newest);
            // ORDERING: on success AcqRel: Release publishes the slot to `slots`, Acquire keeps what
            // older pushes published reachable through `next`. On failure Relaxed, as above. Model:
            // grace::first_enter_vs_retire.
            match self.newest.compare_exchange_weak(
                newest,
                pushed,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return slot,
                Err(now) => newest = now,
            }
        }
    }
}

impl<C, G: Garbage> Drop for Domain<C, G> {
    fn drop(&mut self) {
        // SAFETY: the box was leaked by `new` and nobody else frees it. `&mut self` says that no
        // section, iterator or entry borrows the domain; threads that still remember it do so by
        // its number and hold no reference into it (`tenure`).
        let registry = unsafe { Box::from_raw(self.registry.as_ptr()) };
        let mut slots = Vec::new();
        // ORDERING: Relaxed. Exclusive access: whoever handed over the domain has synchronised.
        let mut next = registry.newest.load(Ordering::Relaxed);
        while let Some(slot) = NonNull::new(next) {
            // SAFETY: every slot in the list was leaked by `push`, which put it there once.
            let slot = unsafe { Box::from_raw(slot.as_ptr()) };
            next = slot.next();
            slots.push(slot);
        }
        // All garbage goes, whatever it waits for: exclusive access means that no section is open.
        // `Vec` drops the rest if one object's `Drop` panics, and the queue goes with `registry`.
        drop(slots);
        drop(registry);
    }
}

impl<C, G: Garbage> fmt::Debug for Domain<C, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain")
            .field("id", &self.id)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
