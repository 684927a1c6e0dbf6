//! The half of the door for random schedules: shuttle, which runs one thread at a time and decides before
//! every access which.
//!
//! Memory is sequentially consistent there, so that orderings and fences mean nothing; loom looks at those.
//! What shuttle has over loom is size: more threads, longer scripts, and memory that is really freed and
//! used again.
//!
//! * [`SnapshotCell`] is a lock around the pointer, as the strategy that the native half chooses is.
//! * Whoever waits yields by shuttle's means, or a scheduler with priorities would wait for ever.
//! * Numbers come from the schedule, which so can be replayed.

use std::sync::atomic::AtomicU64 as PlainAtomicU64;

pub(crate) use std::cell::Cell;
pub(crate) use std::sync::Arc;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use shuttle::thread::{Thread, ThreadId, current as current_thread, park};

pub(crate) use super::explored::{Hint, Mutex, MutexGuard};

/// The content, to the last of those who share it.
pub(crate) fn last_share<T>(shared: Arc<T>) -> Option<T> {
    Arc::into_inner(shared)
}

/// Stand-in for `arc-swap` with its lock.
#[derive(Debug)]
pub(crate) struct SnapshotCell<T>(shuttle::sync::RwLock<Arc<T>>);

impl<T> SnapshotCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(shuttle::sync::RwLock::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        Arc::clone(&self.0.read().expect("a schedule that panics is over"))
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        let mut cell = self.0.write().expect("a schedule that panics is over");
        let former = core::mem::replace(&mut *cell, value);
        drop(cell);
        drop(former);
    }
}

/// A cell whose content only its owner touches; the model half checks that.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Lets other threads go first.
#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn snooze(&self) {
        shuttle::thread::yield_now();
    }
}

/// Declares per-thread state of shuttle's threads.
macro_rules! per_thread {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        shuttle::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
pub(crate) use per_thread;

/// A number that no other call in this process returns; never 0.
pub(crate) fn unique_id() -> u64 {
    static NEXT: PlainAtomicU64 = PlainAtomicU64::new(1);
    // ORDERING: Relaxed. Only the uniqueness of the number is used; it publishes nothing.
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A number that the schedule decides.
pub(crate) fn random() -> u64 {
    use shuttle::rand::RngCore;

    shuttle::rand::thread_rng().next_u64()
}

/// Nothing: what precedes is visible already.
pub(crate) fn light_fence() {}

/// Nothing, as above.
pub(crate) fn process_barrier() -> bool {
    true
}

/// Always.
pub(crate) fn has_process_barrier() -> bool {
    true
}

/// Nothing: shuttle lets other threads in everywhere.
pub(crate) fn yield_point() {}
