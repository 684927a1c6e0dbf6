//! Which slot is the calling thread's, and what happens when a thread exits.
//!
//! Every thread remembers its slots by the numbers of their domains, which are never reused: the most
//! recent ones in a small table found by one compare, all of them in a sorted list. The memory is an
//! address without a type or a lifetime; it is used only on behalf of a live domain with that number.
//!
//! Threads and domains end in any order. What they share of a slot is its [`Tenure`], which both keep
//! alive: an exiting thread ends the tenures of its slots without looking at the slots, which may be
//! gone; a domain drops its slots without looking for their threads.
//!
//! A slot whose tenure has ended waits for a successor. It may still have an open section: an entry in
//! thread-local storage that is dropped later in the same thread's exit, or one that was leaked. Nobody
//! takes such a slot over (R6).
//!
//! A thread whose memory is already destroyed (it uses a map from the destructor of another thread-local
//! variable) takes a slot for the length of one outermost section.

use core::cell::{Cell, RefCell};

use super::slot::Slot;
use super::{Domain, Garbage, Registry};
use crate::primitive::{Arc, AtomicUsize, CachePadded, Ordering, per_thread};
use crate::tuning::RECENT_SLOTS;

/// Who owns a slot: odd while a thread does, even while none does. Every change adds one, so that a
/// value names one term of one owner, or one vacancy.
#[derive(Debug)]
pub(super) struct Tenure(AtomicUsize);

impl Tenure {
    const FIRST_TERM: usize = 1;

    fn first() -> Self {
        Self(AtomicUsize::new(Self::FIRST_TERM))
    }

    /// The current vacancy, if there is one.
    pub(super) fn vacant(&self) -> Option<usize> {
        // ORDERING: Acquire pairs with the Release in `end`: an announcement loaded after this is at least
        // as new as the former owner's last before it, so that no open section seen means none. Model:
        // tenure::section_outlives_term_vs_acquire.
        let value = self.0.load(Ordering::Acquire);
        (value % 2 == 0).then_some(value)
    }

    /// Begins a term in this vacancy, and returns it; `None` if another thread was first.
    pub(super) fn begin(&self, vacancy: usize) -> Option<usize> {
        let term = vacancy.wrapping_add(1);
        // ORDERING: on success Acquire pairs with the Release in `end`: the former owner's writes to
        // its slot happen before the successor's (R1). On failure Relaxed: nothing is done. Model:
        // tenure::succession.
        self.0
            .compare_exchange(vacancy, term, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            .then_some(term)
    }

    pub(super) fn is(&self, term: usize) -> bool {
        // ORDERING: Relaxed. Asked by the owner of the term, and only the owner ends it.
        self.0.load(Ordering::Relaxed) == term
    }

    /// Ends the term, which is the calling thread's.
    pub(super) fn end(&self, term: usize) {
        // ORDERING: Release pairs with the Acquire in `begin` and `vacant`. Model: tenure::succession.
        self.0.store(term.wrapping_add(1), Ordering::Release);
    }
}

/// A slot's address, without its type.
type Address = *const ();

/// The slots found by one compare. Has no destructor, so that access needs no check.
struct Recent([Cell<(u64, Address)>; RECENT_SLOTS]);

impl Recent {
    const fn new() -> Self {
        Self([const { Cell::new((0, core::ptr::null())) }; RECENT_SLOTS])
    }

    /// The cell in which domain `id` is remembered, if at all.
    #[inline]
    fn way(&self, id: u64) -> &Cell<(u64, Address)> {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits choose")]
        &self.0[id as usize % RECENT_SLOTS]
    }
}

/// All slots of a thread, by ascending number of their domains.
struct Owned(RefCell<Vec<OwnedSlot>>);

struct OwnedSlot {
    domain: u64,
    address: Address,
    tenure: Arc<Tenure>,
    term: usize,
}

impl Owned {
    const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    fn find(&self, domain: u64) -> Option<Address> {
        let owned = self.0.borrow();
        let at = owned
            .binary_search_by_key(&domain, |slot| slot.domain)
            .ok()?;
        Some(owned[at].address)
    }

    fn add(&self, slot: OwnedSlot) {
        let mut owned = self.0.borrow_mut();
        if owned.len() == owned.capacity() {
            // Amortised: forget the domains that are gone. Their slots' shares of the tenures went
            // with them, and nobody else has one.
            owned.retain(|slot| Arc::strong_count(&slot.tenure) > 1);
        }
        let at = owned.partition_point(|other| other.domain < slot.domain);
        owned.insert(at, slot);
    }

    fn end_terms(&self) {
        let slots = self.0.take();
        if slots.is_empty() {
            return; // and nothing is remembered as recent
        }
        let _ = RECENT.try_with(|recent| {
            for way in &recent.0 {
                way.set((0, core::ptr::null()));
            }
        });
        for slot in slots {
            slot.tenure.end(slot.term);
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.end_terms();
    }
}

/// Ends the terms of the calling thread now, as its exit would, for models in which something outlives
/// them.
#[cfg(splitmap_loom)]
pub(crate) fn end_terms() {
    OWNED.with(Owned::end_terms);
}

per_thread! {
    static RECENT: Recent = Recent::new();
}

per_thread! {
    static OWNED: Owned = Owned::new();
}

/// The calling thread's slot in `domain`.
#[inline]
pub(super) fn slot_of_this_thread<C, G: Garbage>(domain: &Domain<C, G>) -> &Slot<C, G> {
    let recent = RECENT.try_with(|recent| {
        let (id, address) = recent.way(domain.id).get();
        (id == domain.id).then_some(address)
    });
    match recent {
        // SAFETY: the address was remembered for this number, which is this domain's alone, so it is
        // one of its slots, of its type; `domain` keeps it alive.
        Ok(Some(address)) => unsafe { typed(address) },
        _ => find_or_acquire(domain),
    }
}

/// # Safety
///
/// `address` must be that of a live `Slot<C, G>` for the whole of `'d`.
#[inline]
unsafe fn typed<'d, C, G: Garbage>(address: Address) -> &'d Slot<C, G> {
    debug_assert!(!address.is_null(), "no slot was remembered");
    // SAFETY: the caller's promise. Slots are only used through shared references.
    unsafe { &*address.cast::<Slot<C, G>>() }
}

#[cold]
#[inline(never)]
fn find_or_acquire<C, G: Garbage>(domain: &Domain<C, G>) -> &Slot<C, G> {
    let remembered = OWNED.try_with(|owned| {
        let address = owned
            .find(domain.id)
            .unwrap_or_else(|| acquire_and_remember(domain, owned));
        let _ = RECENT.try_with(|recent| recent.way(domain.id).set((domain.id, address)));
        address
    });
    match remembered {
        // SAFETY: the address was remembered for this number, which is this domain's alone, so it is
        // one of its slots, of its type; `domain` keeps it alive.
        Ok(address) => unsafe { typed(address) },
        Err(_) => {
            let (slot, _) = acquire(domain.registry());
            slot.make_passing();
            slot
        }
    }
}

fn acquire_and_remember<C, G: Garbage>(domain: &Domain<C, G>, owned: &Owned) -> Address {
    let (slot, term) = acquire(domain.registry());
    let address = core::ptr::from_ref(slot).cast();
    owned.add(OwnedSlot {
        domain: domain.id,
        address,
        tenure: Arc::clone(slot.tenure()),
        term,
    });
    address
}

/// A slot for the calling thread: one whose owner has gone, or else a new one.
fn acquire<C, G: Garbage>(registry: &Registry<C, G>) -> (&Slot<C, G>, usize) {
    if let Some(slot) = registry.slots().find(|slot| slot.try_succeed()) {
        return (slot, slot.term());
    }
    let tenure = Arc::new(Tenure::first());
    let slot = Slot::new(registry, tenure, Tenure::FIRST_TERM);
    let slot = registry.push(Box::new(CachePadded::new(slot)));
    (slot, Tenure::FIRST_TERM)
}
