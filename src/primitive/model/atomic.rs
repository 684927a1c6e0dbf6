//! loom's atomics, with what loom leaves out: the total order of `SeqCst`, and interleavings.

use std::sync::atomic::AtomicBool as PlainAtomicBool;
use std::sync::atomic::AtomicUsize as PlainAtomicUsize;

use loom::sync::atomic::{self, Ordering};

use super::{CHOICES, PLAIN};

/// Whether an access takes part in the order of `Choices::total_order`.
fn is_totally_ordered(ordering: Ordering) -> bool {
    ordering == Ordering::SeqCst && CHOICES.get().total_order
}

/// What makes loom explore a load of one thread before and after the store of another that has loaded, too.
///
/// loom remembers the last access to an atomic, and tries the other order of two accesses when the later
/// one is a store and the last access is another thread's. If the storing thread has loaded the value
/// itself, as nearly every thread does before it exchanges one, then that load is the last access, and
/// those of other threads are forgotten: their order is never tried.
///
/// So each thread has a shadow of each atomic. Its own loads store to it, and so do, once it has loaded, the
/// stores of all others; loom tries both orders of those. No two loads have a shadow in common. Nobody loads
/// from a shadow, so it orders nothing.
#[derive(Debug)]
struct Shadows([Shadow; SHADOWS + 1]);

#[derive(Debug)]
struct Shadow {
    touched: atomic::AtomicBool,
    has_loaded: PlainAtomicBool,
}

/// Threads with a shadow of their own; more than these share. Those whose memory is destroyed have the last.
const SHADOWS: usize = 4;

impl Shadows {
    fn new() -> Self {
        Self(core::array::from_fn(|_| Shadow {
            touched: atomic::AtomicBool::new(false),
            has_loaded: PlainAtomicBool::new(false),
        }))
    }

    fn own() -> usize {
        own_number().map_or(SHADOWS, |own| own % SHADOWS)
    }

    fn note_load(&self) {
        let shadow = &self.0[Self::own()];
        shadow.has_loaded.store(true, PLAIN);
        shadow.touch();
    }

    fn note_store(&self) {
        let own = Self::own();
        for (other, shadow) in self.0.iter().enumerate() {
            if other != own && shadow.has_loaded.load(PLAIN) {
                shadow.touch();
            }
        }
    }
}

impl Shadow {
    fn touch(&self) {
        // ORDERING: Relaxed. Nobody loads it.
        self.touched.store(false, Ordering::Relaxed);
    }
}

/// The number of the calling thread in this execution; none while its memory is destroyed.
pub(super) fn own_number() -> Option<usize> {
    OWN_NUMBER.try_with(|own| *own).ok()
}

loom::lazy_static! {
    static ref NUMBERS: PlainAtomicUsize = PlainAtomicUsize::new(0);
}

loom::thread_local! {
    static OWN_NUMBER: usize = NUMBERS.fetch_add(1, PLAIN);
}

/// loom's atomic with the order of `Choices::total_order`.
macro_rules! atomic {
    ($name:ident $(<$param:ident>)?, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name $(<$param>)? {
            atomic: atomic::$name $(<$param>)?,
            /// Whether the newest value was stored by a `SeqCst` access. Follows every store at once:
            /// loom switches threads only before an operation.
            newest_is_ordered: PlainAtomicBool,
            shadows: Shadows,
        }

        impl $(<$param>)? $name $(<$param>)? {
            pub(crate) fn new(value: $value) -> Self {
                Self {
                    atomic: atomic::$name::new(value),
                    newest_is_ordered: PlainAtomicBool::new(true),
                    shadows: Shadows::new(),
                }
            }

            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                self.shadows.note_load();
                if is_totally_ordered(ordering) && self.newest_is_ordered.load(PLAIN) {
                    return self.newest();
                }
                self.atomic.load(ordering)
            }

            fn note_store(&self, ordering: Ordering) {
                self.newest_is_ordered.store(ordering == Ordering::SeqCst, PLAIN);
            }
        }
    };
}

/// The exchanges of [`atomic`].
macro_rules! exchange {
    ($name:ident $(<$param:ident>)?, $value:ty, $($exchange:ident),+) => {
        impl $(<$param>)? $name $(<$param>)? {
            $(pub(crate) fn $exchange(
                &self,
                expected: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.shadows.note_store();
                let found = self.atomic.$exchange(expected, new, success, failure);
                if found.is_ok() {
                    self.note_store(success);
                }
                found
            })+
        }
    };
}

atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
exchange!(AtomicUsize, usize, compare_exchange);
exchange!(
    AtomicPtr<T>,
    *mut T,
    compare_exchange,
    compare_exchange_weak
);

/// A number, as a bool has no value that an exchange can expect in vain.
#[derive(Debug)]
pub(crate) struct AtomicBool(AtomicUsize);

impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        Self(AtomicUsize::new(value.into()))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> bool {
        self.0.load(ordering) != 0
    }

    pub(crate) fn store(&self, value: bool, ordering: Ordering) {
        self.0.store(value.into(), ordering);
    }

    pub(crate) fn swap(&self, value: bool, ordering: Ordering) -> bool {
        self.0.swap(value.into(), ordering) != 0
    }
}

/// A pointer-sized number: loom runs on machines where that has 64 bits.
#[derive(Debug)]
pub(crate) struct AtomicU64(AtomicUsize);

const _: () = assert!(usize::BITS == 64, "the models need a 64-bit machine");

impl AtomicU64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicUsize::new(value as usize))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> u64 {
        self.0.load(ordering) as u64
    }

    pub(crate) fn store(&self, value: u64, ordering: Ordering) {
        self.0.store(value as usize, ordering);
    }

    pub(crate) fn fetch_or(&self, bits: u64, ordering: Ordering) -> u64 {
        self.0.fetch_or(bits as usize, ordering) as u64
    }

    pub(crate) fn fetch_sub(&self, change: u64, ordering: Ordering) -> u64 {
        self.0.fetch_sub(change as usize, ordering) as u64
    }

    pub(crate) fn compare_exchange(
        &self,
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let found = self
            .0
            .compare_exchange(expected as usize, new as usize, success, failure);
        found
            .map(|found| found as u64)
            .map_err(|found| found as u64)
    }

    pub(crate) fn compare_exchange_weak(
        &self,
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(expected, new, success, failure)
    }
}

// loom gives an exchange the newest value, also one that fails, as those below do.

impl AtomicUsize {
    fn newest(&self) -> usize {
        // ORDERING: those of a SeqCst load, as far as loom knows them; the exchange never succeeds.
        let found = self.atomic.compare_exchange(
            usize::MAX,
            usize::MAX,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        found.unwrap_or_else(|newest| newest)
    }

    pub(crate) fn store(&self, value: usize, ordering: Ordering) {
        self.shadows.note_store();
        self.atomic.store(value, ordering);
        self.note_store(ordering);
    }

    pub(crate) fn swap(&self, value: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        let found = self.atomic.swap(value, ordering);
        self.note_store(ordering);
        found
    }

    pub(crate) fn fetch_add(&self, change: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        self.atomic.fetch_add(change, ordering)
    }

    pub(crate) fn fetch_sub(&self, change: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        self.atomic.fetch_sub(change, ordering)
    }

    pub(crate) fn fetch_or(&self, bits: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        let found = self.atomic.fetch_or(bits, ordering);
        self.note_store(ordering);
        found
    }
}

impl<T> AtomicPtr<T> {
    pub(crate) fn store(&self, value: *mut T, ordering: Ordering) {
        self.shadows.note_store();
        self.atomic.store(value, ordering);
        self.note_store(ordering);
    }

    fn newest(&self) -> *mut T {
        let nowhere = core::ptr::without_provenance_mut(usize::MAX);
        // ORDERING: as for the number.
        let found =
            self.atomic
                .compare_exchange(nowhere, nowhere, Ordering::AcqRel, Ordering::Acquire);
        found.unwrap_or_else(|newest| newest)
    }

    pub(crate) fn swap(&self, value: *mut T, ordering: Ordering) -> *mut T {
        self.shadows.note_store();
        let found = self.atomic.swap(value, ordering);
        self.note_store(ordering);
        found
    }
}
