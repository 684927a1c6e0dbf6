//! The model half of the door: loom, and stand-ins for what loom cannot see into.
//!
//! Every stand-in is weaker than, or as strong as, what it stands for, so that a fault in our use of it
//! does not hide behind it:
//!
//! * [`SnapshotCell`] gives a load the Acquire and a store the Release that `arc-swap` documents, and
//!   no lock; a replaced pointer is kept until the cell goes, as reclamation inside `arc-swap` is
//!   that crate's concern.
//! * [`process_barrier`] is one `SeqCst` fence in the caller; [`light_fence`], a compiler fence in the
//!   native half, is its partner fence in every reader. That pair of fences is what the system call
//!   stands for.
//! * Seeds are constant: loom replays a schedule only if the program does the same again.

use std::sync::atomic::AtomicU64 as PlainAtomicU64;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use loom::sync::{Arc, MutexGuard};

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
    newest: AtomicUsize,
    kept: std::sync::Mutex<Vec<Arc<T>>>,
}

impl<T> SnapshotCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self {
            newest: AtomicUsize::new(0),
            kept: std::sync::Mutex::new(vec![value]),
        }
    }

    pub(crate) fn load(&self) -> Arc<T> {
        // ORDERING: Acquire pairs with the Release in `store`; nothing stronger is promised to a user.
        let newest = self.newest.load(Ordering::Acquire);
        // Bookkeeping of the model: never held across a loom operation.
        let kept = self.kept.lock().expect("a model that panics is over");
        Arc::clone(&kept[newest])
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        let index = {
            let mut kept = self.kept.lock().expect("a model that panics is over");
            kept.push(value);
            kept.len() - 1
        };
        // ORDERING: Release publishes the snapshot to the Acquire in `load`.
        self.newest.store(index, Ordering::Release);
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
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The same number at every call.
pub(crate) fn random() -> u64 {
    0x9e37_79b9_7f4a_7c15
}

/// The reader's half of the pair of fences that the process-wide barrier stands for.
#[inline]
pub(crate) fn light_fence() {
    // ORDERING: SeqCst pairs with `process_barrier`; grace::enter_vs_retire fails without it.
    fence(Ordering::SeqCst);
}

/// The reclaimer's half of that pair.
pub(crate) fn process_barrier() -> bool {
    // ORDERING: SeqCst pairs with `light_fence`; grace::enter_vs_retire fails without it.
    fence(Ordering::SeqCst);
    true
}

/// Always: the model has the barrier.
pub(crate) fn has_process_barrier() -> bool {
    true
}
