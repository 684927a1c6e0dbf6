//! What an operation does inside a read-side section, and what is left of it while its result is held.

use core::marker::PhantomData;

use super::Garbage;
use super::slot::Slot;
use crate::primitive::{Arc, Ordering};
use crate::tuning::RETIRED_BATCH;

/// What a thread has noted of the cached object since it last reported.
///
/// The words are the map's. They stand here because the slot is where a thread finds what is its own of a map, and a
/// second such place would be a second look-up for every write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) additions: u32,
    pub(crate) misses: u32,
    pub(crate) removals: u32,
}

impl Tally {
    pub(crate) fn total(self) -> u32 {
        self.additions
            .saturating_add(self.misses)
            .saturating_add(self.removals)
    }
}

/// An open read-side section of the calling thread, and an operation inside it.
///
/// Whatever was reachable at some moment since it was entered stays allocated until it is dropped. So do
/// the cached objects that were current meanwhile.
pub(crate) struct Section<'d, C, G: Garbage> {
    slot: &'d Slot<C, G>,
    /// A section ends on the thread that began it (R1).
    _not_send: PhantomData<*mut ()>,
}

impl<'d, C, G: Garbage> Section<'d, C, G> {
    /// Enters a section of `slot`, whose owner is the calling thread.
    #[inline]
    pub(super) fn enter(slot: &'d Slot<C, G>) -> Self {
        slot.enter();
        Self {
            slot,
            _not_send: PhantomData,
        }
    }

    /// Ends the operation and keeps the section open.
    #[inline]
    pub(crate) fn keep(self) -> Kept<'d, C, G> {
        let kept = Kept {
            slot: self.slot,
            _thread: StaysOnItsThread(PhantomData),
        };
        core::mem::forget(self); // its leave is `kept`'s now
        kept.slot.kept.set(kept.slot.kept.get() + 1);
        kept
    }

    /// The cached object, if it is of this generation.
    #[inline]
    pub(crate) fn cached(&self, generation: u64) -> Option<&C> {
        if self.slot.generation.get() != generation {
            return None;
        }
        debug_assert_ne!(generation, 0, "the generation of no object");
        self.slot.cache.with(|_| ()); // for the model, which sees who uses the cell
        // SAFETY: this thread owns the slot (R1). Generations are not 0 (`Published::FIRST`), and any that is not was
        // stored with the address of the object in `cache`. The result may outlive a replacement of that: it is kept
        // until no operation of this thread looks, and the result borrows one that does.
        Some(unsafe { &*self.slot.cached.get() })
    }

    /// Replaces the cached object.
    pub(crate) fn cache(&self, generation: u64, object: Arc<C>) -> &C {
        let address: *const C = &raw const *object;
        let former = self.slot.cache.with_mut(|cache| {
            // SAFETY: this thread owns the slot (R1). References handed out point into the object,
            // not into the cell.
            unsafe { &mut *cache }.replace(object)
        });
        self.slot.cached.set(address);
        self.slot.generation.set(generation);
        // What was noted was noted of the former object.
        self.slot.tally.set(Tally::default());
        if let Some(former) = former {
            self.slot.superseded.with_mut(|superseded| {
                // SAFETY: this thread owns the slot (R1) and no other reference to the list exists.
                unsafe { &mut *superseded }.push(former);
            });
            self.slot.summon();
        }
        // SAFETY: the cell now shares ownership of the object and, as in `cached`, keeps it for as
        // long as this operation looks.
        unsafe { &*address }
    }

    /// Another share of the cached object, if it is of this generation.
    pub(crate) fn cached_shared(&self, generation: u64) -> Option<Arc<C>> {
        if self.slot.generation.get() != generation {
            return None;
        }
        self.slot.cache.with(|cache| {
            // SAFETY: this thread owns the slot (R1), and the borrow ends here.
            unsafe { &*cache }.clone()
        })
    }

    /// Memory of an object that has ended, if this thread has any.
    pub(crate) fn spare(&self) -> Option<G::Memory> {
        self.slot.spare.with_mut(|spare| {
            // SAFETY: this thread owns the slot (R1) and no other reference to the list exists.
            unsafe { &mut *spare }.pop()
        })
    }

    /// Hands over an object that no section entered from now on can reach (R3).
    pub(crate) fn retire(&self, object: G) {
        let length = self.slot.list.with_mut(|list| {
            // SAFETY: this thread owns the slot (R1) and no other reference to the list exists:
            // pushing calls nothing back.
            let list = unsafe { &mut *list };
            list.push(object);
            list.len()
        });
        self.slot.set_listed(length);
        if length >= RETIRED_BATCH {
            self.slot.summon();
        }
    }

    /// Has all that this thread retired closed at the end of the outermost section, however little.
    pub(crate) fn flush(&self) {
        self.slot.flush.set(true);
        self.slot.summon();
    }

    /// Adds to the domain's count.
    #[inline]
    pub(crate) fn count(&self, change: isize) {
        let counted = self.slot.counted();
        // ORDERING: Relaxed, see `counted`. A plain store, as only the owner writes.
        self.slot
            .counted
            .store(counted.wrapping_add(change), Ordering::Relaxed);
    }
}

impl<C, G: Garbage> Section<'_, C, G> {
    /// Notes that this operation added a key.
    pub(crate) fn note_addition(&self) {
        // ORDERING: Relaxed, see `counted`. A plain store, as only the owner writes.
        self.slot
            .additions
            .store(self.slot.additions().wrapping_add(1), Ordering::Relaxed);
        self.note(|tally| tally.additions = tally.additions.saturating_add(1));
    }

    /// Notes that this operation found its key outside the table.
    pub(crate) fn note_miss(&self) {
        self.note(|tally| tally.misses = tally.misses.saturating_add(1));
    }

    /// Notes that this operation removed a key.
    pub(crate) fn note_removal(&self) {
        self.note(|tally| tally.removals = tally.removals.saturating_add(1));
    }

    fn note(&self, add: impl FnOnce(&mut Tally)) {
        let mut tally = self.slot.tally.get();
        add(&mut tally);
        self.slot.tally.set(tally);
    }

    /// What this thread has noted since it was last taken.
    pub(crate) fn tally(&self) -> Tally {
        self.slot.tally.get()
    }

    /// Takes what this thread has noted.
    pub(crate) fn take_tally(&self) -> Tally {
        self.slot.tally.replace(Tally::default())
    }
}

impl<C, G: Garbage> Drop for Section<'_, C, G> {
    #[inline]
    fn drop(&mut self) {
        self.slot.leave();
    }
}

/// A read-side section that is kept open after its operation has ended.
///
/// May be lent to other threads, to which it gives nothing; what it keeps stays for as long as it is lent.
pub(crate) struct Kept<'d, C, G: Garbage> {
    slot: &'d Slot<C, G>,
    _thread: StaysOnItsThread,
}

/// A section ends on the thread that began it (R1). The one thing that keeps results from being sent, so that
/// the compiler names it, and once.
struct StaysOnItsThread(PhantomData<*mut ()>);

// SAFETY: has no content.
unsafe impl Sync for StaysOnItsThread {}

impl<C, G: Garbage> Drop for Kept<'_, C, G> {
    #[inline]
    fn drop(&mut self) {
        self.slot.kept.set(self.slot.kept.get() - 1);
        self.slot.leave();
    }
}
