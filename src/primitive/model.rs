//! The model half of the door: loom, and stand-ins for what loom cannot see into.
//!
//! Every stand-in is weaker than, or as strong as, what it stands for, so that a fault in our use of it
//! does not hide behind it:
//!
//! * [`SnapshotCell`] gives a load the Acquire and a store the Release that `arc-swap` documents, and
//!   no lock; a replaced pointer is kept until the cell goes, as reclamation inside `arc-swap` is
//!   that crate's concern.
//! * A `SeqCst` access is no more than an `AcqRel` one: loom has no total order over accesses. Only
//!   [`Choices::total_order`] makes it more.
//! * [`Cell`] and [`UnsafeCell`] report access that nothing orders; the native ones cannot.
//! * [`process_barrier`] is one `SeqCst` fence in the caller; [`light_fence`], a compiler fence in the
//!   native half, is its partner fence in every reader. That pair of fences is what the system call
//!   stands for.
//! * Seeds are constant: loom replays a schedule only if the program does the same again.

use std::cell::Cell as PlainCell;
use std::sync::Arc as PlainArc;
use std::sync::Mutex as PlainMutex;
use std::sync::atomic::AtomicU64 as PlainAtomicU64;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::cell::Cell;
use loom::sync::atomic;
pub(crate) use loom::sync::atomic::{AtomicIsize, Ordering, fence};
pub(crate) use loom::sync::{Arc, MutexGuard};

/// What a model chooses before it begins; the default for every other one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// What the system says to the process-wide barrier.
    pub barrier: ProcessBarrier,
    /// Puts a `SeqCst` fence before every `SeqCst` load and after every `SeqCst` store or exchange.
    ///
    /// That is how a compiler makes such accesses out of fences, and it gives loom the total order that
    /// it lacks. But it is stronger than the accesses alone: for litmus tests of that order, and nothing
    /// else.
    pub total_order: bool,
}

/// See [`Choices`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessBarrier {
    /// It works.
    #[default]
    Works,
    /// There is none, so that readers and reclaimers use fences.
    Missing,
    /// It worked when the process asked, and no longer does.
    Refused,
}

std::thread_local! {
    // loom runs every thread of a model on the thread that runs the test.
    static CHOICES: PlainCell<Choices> = const {
        PlainCell::new(Choices { barrier: ProcessBarrier::Works, total_order: false })
    };
}

/// Makes the choices of all models that this test runs from now on.
pub fn choose(choices: Choices) {
    CHOICES.set(choices);
}

/// The fence of [`Choices::total_order`].
fn order_totally(ordering: Ordering) {
    if ordering == Ordering::SeqCst && CHOICES.get().total_order {
        // ORDERING: SeqCst; see `Choices`.
        fence(Ordering::SeqCst);
    }
}

/// loom's atomic with the fences of [`Choices::total_order`].
macro_rules! atomic {
    ($name:ident $(<$param:ident>)?, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name $(<$param>)? (atomic::$name $(<$param>)?);

        impl $(<$param>)? $name $(<$param>)? {
            pub(crate) fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                order_totally(ordering);
                self.0.load(ordering)
            }
        }
    };
}

/// The stores of [`atomic`].
macro_rules! store {
    ($name:ident, $value:ty) => {
        impl $name {
            pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                self.0.store(value, ordering);
                order_totally(ordering);
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
                let found = self.0.$exchange(expected, new, success, failure);
                order_totally(if found.is_ok() { success } else { failure });
                found
            })+
        }
    };
}

/// The unconditional exchange of [`atomic`].
macro_rules! swap {
    ($name:ident $(<$param:ident>)?, $value:ty) => {
        impl $(<$param>)? $name $(<$param>)? {
            pub(crate) fn swap(&self, value: $value, ordering: Ordering) -> $value {
                let found = self.0.swap(value, ordering);
                order_totally(ordering);
                found
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
store!(AtomicBool, bool);
store!(AtomicU64, u64);
store!(AtomicUsize, usize);
exchange!(AtomicU64, u64, compare_exchange, compare_exchange_weak);
exchange!(AtomicUsize, usize, compare_exchange);
swap!(AtomicBool, bool);
swap!(AtomicPtr<T>, *mut T);
exchange!(
    AtomicPtr<T>,
    *mut T,
    compare_exchange,
    compare_exchange_weak
);

impl AtomicU64 {
    pub(crate) fn fetch_sub(&self, change: u64, ordering: Ordering) -> u64 {
        self.0.fetch_sub(change, ordering)
    }
}

impl AtomicUsize {
    pub(crate) fn fetch_add(&self, change: usize, ordering: Ordering) -> usize {
        self.0.fetch_add(change, ordering)
    }

    pub(crate) fn fetch_sub(&self, change: usize, ordering: Ordering) -> usize {
        self.0.fetch_sub(change, ordering)
    }
}

/// A mutex whose `lock` returns the guard, as in the native half.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("a model that panics is over")
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("a model that panics is over")
    }
}

/// Stand-in for `arc-swap`: the newest pointer, and all former ones kept alive.
#[derive(Debug)]
pub(crate) struct SnapshotCell<T> {
    newest: atomic::AtomicUsize,
    /// Bookkeeping of the model, held for no operation of loom's.
    kept: PlainMutex<Vec<PlainArc<Kept<T>>>>,
}

#[derive(Debug)]
struct Kept<T> {
    shared: Arc<T>,
    /// Read by every load, in the place of all that is reached through the pointer.
    content: loom::cell::UnsafeCell<()>,
}

impl<T> SnapshotCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        let cell = Self {
            newest: atomic::AtomicUsize::new(0),
            kept: PlainMutex::new(Vec::new()),
        };
        cell.keep(value);
        cell
    }

    pub(crate) fn load(&self) -> Arc<T> {
        // ORDERING: Acquire pairs with the Release in `store`; nothing stronger is promised to a user.
        // Model: snapshot::read_vs_publish.
        let newest = self.newest.load(Ordering::Acquire);
        let kept = {
            let kept = self.kept.lock().expect("a model that panics is over");
            PlainArc::clone(&kept[newest])
        };
        kept.content.with(|_| ());
        Arc::clone(&kept.shared)
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        let index = self.keep(value);
        // ORDERING: Release publishes the snapshot to the Acquire in `load`. Model:
        // snapshot::read_vs_publish.
        self.newest.store(index, Ordering::Release);
    }

    fn keep(&self, shared: Arc<T>) -> usize {
        let content = loom::cell::UnsafeCell::new(());
        let mut kept = self.kept.lock().expect("a model that panics is over");
        kept.push(PlainArc::new(Kept { shared, content }));
        kept.len() - 1
    }
}

/// loom's cell, which reports unsynchronised access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.0.with(f)
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }
}

/// Yields to the other modelled threads; loom needs that in every waiting loop.
#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn snooze(&self) {
        loom::thread::yield_now();
    }
}

/// Nothing: loom lets other threads in everywhere.
pub(crate) fn yield_point() {}

/// Declares per-thread state that loom creates anew in every execution.
macro_rules! per_thread {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
pub(crate) use per_thread;

/// A number that no other call in this process returns; never 0.
pub(crate) fn unique_id() -> u64 {
    static NEXT: PlainAtomicU64 = PlainAtomicU64::new(1);
    // ORDERING: Relaxed. Only the uniqueness of the number is used.
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The same number at every call.
pub(crate) fn random() -> u64 {
    0x9e37_79b9_7f4a_7c15
}

/// The reader's half of the pair of fences that the process-wide barrier stands for.
#[inline]
pub(crate) fn light_fence() {
    // ORDERING: SeqCst pairs with `process_barrier`. Model: grace::enter_vs_retire.
    fence(Ordering::SeqCst);
}

/// The reclaimer's half of that pair.
pub(crate) fn process_barrier() -> bool {
    if CHOICES.get().barrier != ProcessBarrier::Works {
        return false;
    }
    // ORDERING: SeqCst pairs with `light_fence`. Model: grace::enter_vs_retire.
    fence(Ordering::SeqCst);
    true
}

/// Whether [`process_barrier`] worked when this was first asked.
pub(crate) fn has_process_barrier() -> bool {
    CHOICES.get().barrier != ProcessBarrier::Missing
}
