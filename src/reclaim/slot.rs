//! One thread's record in a domain: announcement, nesting, cached object, count, garbage.
//!
//! The whole record sits on cache lines of its own. A reader writes `sections` and `kept` and reads
//! the rest; other threads read the atomics when they close a batch or add up the count.

use super::announcement::Announcement;
use super::section::Tally;
use super::tenure::Tenure;
use super::{Garbage, Registry};
use crate::primitive::{
    Arc, AtomicIsize, AtomicUsize, CachePadded, Cell, Hint, Ordering, UnsafeCell, yield_point,
};
use crate::tuning::{DUE_STEP, RETIRED_BATCH};

/// A thread's record. See R1 for who may touch what.
pub(super) struct Slot<C, G: Garbage> {
    /// The owner's open sections (R2).
    pub(super) sections: Announcement,
    /// Open sections whose operation has ended (`Kept`); the others may still be looking into the cached
    /// object. No user code can leak one of those.
    pub(super) kept: Cell<usize>,
    /// Something to do when a section is left: a full list, garbage in the queue that this section held back,
    /// superseded objects, a tenure that ends with the section. A hint: others set it too.
    pub(super) errand: Hint,
    /// The generation that `cache` belongs to; 0 when it is empty.
    pub(super) generation: Cell<u64>,
    /// The address of the object in `cache`, if there is one.
    ///
    /// PERF: next to the generation, and past the shared object's counts, which every lookup would have to step over.
    pub(super) cached: Cell<*const C>,
    pub(super) cache: UnsafeCell<Option<Arc<C>>>,
    /// This slot's share of the domain's count. Written by the owner only.
    pub(super) counted: AtomicIsize,
    /// All additions that its owners ever noted. Written by the owner only.
    pub(super) additions: AtomicUsize,
    pub(super) tally: Cell<Tally>,
    /// The length of `list`, for others to read. Written by the owner only.
    pub(super) listed: AtomicUsize,
    pub(super) list: UnsafeCell<Vec<G>>,
    /// Memory of ended objects, to be used again.
    pub(super) spare: UnsafeCell<Vec<G::Memory>>,
    /// An empty list with room, for [`Self::settle`].
    due: Cell<Vec<G>>,
    /// Former contents of `cache` that an operation of this thread may still be looking into.
    pub(super) superseded: UnsafeCell<Vec<Arc<C>>>,
    /// The list is to be closed at the end of the section, full or not.
    pub(super) flush: Cell<bool>,
    /// `settle` is running on this thread, and the `Drop` of some object called back.
    pub(super) settling: Cell<bool>,
    pub(super) tenure: Arc<Tenure>,
    /// The value of `tenure` while this thread has it.
    pub(super) term: Cell<usize>,
    /// The tenure ends with the outermost section (see `tenure`).
    pub(super) passing: Cell<bool>,
    pub(super) registry: *const Registry<C, G>,
    pub(super) next: Cell<*mut CachePadded<Slot<C, G>>>,
}

// SAFETY: a slot is reached by every thread that uses the domain. By R1 they touch its atomics alone, and
// only the owner what is not atomic. What the slot owns goes to whoever takes it over or drops the domain:
// needs `G: Send`, and `C: Send + Sync` as `Arc<C>` requires.
unsafe impl<C: Send + Sync, G: Garbage + Send> Sync for Slot<C, G> {}

impl<C, G: Garbage> Slot<C, G> {
    /// A slot whose first term, `term`, is the calling thread's.
    pub(super) fn new(registry: &Registry<C, G>, tenure: Arc<Tenure>, term: usize) -> Self {
        Self {
            sections: Announcement::new(registry.barrier),
            kept: Cell::new(0),
            errand: Hint::new(false),
            generation: Cell::new(0),
            cached: Cell::new(core::ptr::null()),
            cache: UnsafeCell::new(None),
            counted: AtomicIsize::new(0),
            additions: AtomicUsize::new(0),
            tally: Cell::new(Tally::default()),
            listed: AtomicUsize::new(0),
            list: UnsafeCell::new(Vec::new()),
            spare: UnsafeCell::new(Vec::new()),
            due: Cell::new(Vec::new()),
            superseded: UnsafeCell::new(Vec::new()),
            flush: Cell::new(false),
            settling: Cell::new(false),
            tenure,
            term: Cell::new(term),
            passing: Cell::new(false),
            registry,
            next: Cell::new(core::ptr::null_mut()),
        }
    }

    /// The next older slot. Set before the slot is published and never again.
    pub(super) fn next(&self) -> *mut CachePadded<Self> {
        self.next.get()
    }

    pub(super) fn set_next(&self, next: *mut CachePadded<Self>) {
        self.next.set(next);
    }

    pub(super) fn tenure(&self) -> &Arc<Tenure> {
        &self.tenure
    }

    /// The current term. For its owner.
    pub(super) fn term(&self) -> usize {
        self.term.get()
    }

    /// Takes the slot over for the calling thread, if its last owner has left it for good.
    ///
    /// Returns whether the calling thread now owns it.
    pub(super) fn try_succeed(&self) -> bool {
        let Some(vacant) = self.tenure.vacant() else {
            return false;
        };
        // The order matters: a vacant slot opens no section, so that no open section seen after the
        // tenure was seen vacant stays so for as long as that tenure's number does (R6).
        if self.open_section().is_some() {
            return false;
        }
        yield_point(); // another thread may begin a term
        let Some(term) = self.tenure.begin(vacant) else {
            return false;
        };
        self.term.set(term);
        self.passing.set(false);
        // A section that outlived its thread's tenure left its errand to us, and the thread its list: not to be kept
        // until there is more of it, as we may idle.
        self.flush.set(self.listed() > 0);
        self.summon();
        true
    }

    /// Makes the tenure end with the outermost section.
    pub(super) fn make_passing(&self) {
        self.passing.set(true);
        self.summon();
    }

    /// Has the owner settle at the end of its outermost section. A hint: one that comes too late, or is
    /// overwritten, delays freeing until another batch is closed.
    pub(super) fn summon(&self) {
        self.errand.set(true);
    }

    /// The number of the section that the owner is in, if it is in one.
    pub(super) fn open_section(&self) -> Option<usize> {
        self.sections.open_section()
    }

    pub(super) fn counted(&self) -> isize {
        // ORDERING: Relaxed. A sum over threads is exact only when they are quiet, and then their
        // counts happen before.
        self.counted.load(Ordering::Relaxed)
    }

    pub(super) fn additions(&self) -> usize {
        // ORDERING: Relaxed, as in `counted`.
        self.additions.load(Ordering::Relaxed)
    }

    pub(super) fn listed(&self) -> usize {
        // ORDERING: Relaxed. A statistic, and a hint in `bequeath`.
        self.listed.load(Ordering::Relaxed)
    }

    /// Moves the list of an exited thread to `heirs`; does nothing for the slot of a live one.
    pub(super) fn bequeath(&self, heirs: &mut Vec<G>) {
        if self.listed() == 0 || !self.try_succeed() {
            return;
        }
        self.list.with_mut(|list| {
            // SAFETY: `try_succeed` made this thread the owner (R1), and no other reference to the
            // list exists: no section of this slot is open and `bequeath` calls nothing back.
            heirs.append(unsafe { &mut *list });
        });
        self.set_listed(0);
        self.tenure.end(self.term.get());
    }

    pub(super) fn set_listed(&self, length: usize) {
        // ORDERING: Relaxed. A statistic, and a hint in `bequeath`, which synchronises by the tenure.
        self.listed.store(length, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn enter(&self) {
        self.sections.enter();
        yield_point(); // announced, and nothing loaded
    }

    #[inline]
    pub(super) fn leave(&self) {
        if self.errand.get() {
            self.leave_with_errand();
        } else {
            self.sections.leave();
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_with_errand(&self) {
        // A section may outlive its thread's tenure: an entry kept in thread-local storage, dropped
        // while the thread exits. Then the slot may be another's as soon as the leave is announced,
        // so the question comes first. Only this thread can have ended the term, so the answer stands.
        let still_owner = self.tenure.is(self.term.get());
        let superseded = self.superseded_unless_looking();
        let was_last = self.sections.leave();
        for object in superseded {
            // SAFETY: the registry outlives its slots; it is only used through shared references.
            unsafe { &*self.registry }.let_go(object);
        }
        if was_last && still_owner {
            let _passing = EndIfPassing(self);
            self.settle();
        }
    }

    /// What nobody looks into any more once the calling operation's section, or a kept one, is left.
    fn superseded_unless_looking(&self) -> Vec<Arc<C>> {
        if self.sections.open() > self.kept.get() + 1 {
            return Vec::new();
        }
        self.superseded.with_mut(|superseded| {
            // SAFETY: this thread owns the slot (R1), or owned it when it opened the section that it is leaving,
            // which keeps others from taking it (R6); no other reference to the list exists.
            core::mem::take(unsafe { &mut *superseded })
        })
    }

    /// Closes the list if it is full, frees all that is due in the domain, and takes down a part of a ruin.
    ///
    /// Objects are dropped with no lock held and no borrow alive, as their `Drop` may use the map.
    fn settle(&self) {
        if self.settling.replace(true) {
            return; // the outer call, whose object called back, goes on after it
        }
        let _reset = ResetOnDrop(&self.settling);
        self.errand.set(false);
        // SAFETY: the registry outlives its slots; it is only used through shared references.
        if unsafe { &*self.registry }.ruins.demolish() {
            self.summon();
        }
        let most = if self.flush.get() {
            usize::MAX
        } else {
            DUE_STEP
        };
        // Objects that retire others when dropped could go on for ever: a second round, and the rest at
        // the end of the next section.
        for _round in 0..2 {
            let closed = self.close_list();
            let mut due = self.due.take();
            // SAFETY: the registry outlives its slots; it is only used through shared references.
            unsafe { &*self.registry }.due(&mut due, most);
            let nothing = due.is_empty() && !closed;
            due.drain(..).for_each(|object| self.end(object));
            self.due.set(due);
            if nothing {
                return;
            }
        }
        self.summon();
    }

    /// Ends an object, and keeps its memory if there is room for that.
    fn end(&self, object: G) {
        let Some(memory) = object.end() else {
            return;
        };
        let surplus = self.spare.with_mut(|spare| {
            // SAFETY: this thread owns the slot (R1) and no other reference to the list exists: pushing calls
            // nothing back.
            let spare = unsafe { &mut *spare };
            if spare.len() < G::KEPT {
                spare.push(memory);
                None
            } else {
                Some(memory)
            }
        });
        drop(surplus);
    }

    /// Closes the list if it is full or to be flushed; returns whether it did.
    fn close_list(&self) -> bool {
        let flush = self.flush.take();
        if self.listed() < RETIRED_BATCH && !flush {
            return false;
        }
        let objects = self.list.with_mut(|list| {
            // SAFETY: this thread owns the slot (R1) and no other reference to the list exists.
            core::mem::take(unsafe { &mut *list })
        });
        // SAFETY: the registry outlives its slots; it is only used through shared references.
        let (closed, list) = match unsafe { &*self.registry }.close(objects) {
            Ok(empty) => (true, empty),
            Err(refused) => (false, refused),
        };
        self.set_listed(list.len());
        self.list.with_mut(|former| {
            // SAFETY: as above. The list is still empty: `close` calls nothing back.
            unsafe { *former = list };
        });
        closed
    }
}

struct ResetOnDrop<'a>(&'a Cell<bool>);

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Ends the tenure of a slot that was taken for one section, also when an object's `Drop` unwinds.
struct EndIfPassing<'a, C, G: Garbage>(&'a Slot<C, G>);

impl<C, G: Garbage> Drop for EndIfPassing<'_, C, G> {
    fn drop(&mut self) {
        if self.0.passing.get() {
            self.0.tenure.end(self.0.term.get());
        }
    }
}
