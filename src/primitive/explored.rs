//! What the halves for explored schedules, loom's and shuttle's, have in common.

use std::sync::atomic::AtomicBool as PlainAtomicBool;

#[cfg(splitmap_loom)]
use ::loom::sync::{self as explorer, atomic::Ordering};
#[cfg(splitmap_shuttle)]
use ::shuttle::sync::{self as explorer, atomic::Ordering};

pub(crate) use self::explorer::MutexGuard;

/// A mutex whose `lock` returns the guard, as in the native half.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(explorer::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explorer::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("an execution that panics is over")
    }

    /// The guard. To look before would be another way to the same.
    pub(crate) fn spin_and_lock(&self, _looks: u32) -> MutexGuard<'_, T> {
        self.lock()
    }

    /// The guard, unless another thread has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("an execution that panics is over")
    }
}

/// A flag on whose value nothing depends but when something is done. Not explored: an ordinary atomic.
#[derive(Debug)]
pub(crate) struct Hint(PlainAtomicBool);

impl Hint {
    pub(crate) fn new(value: bool) -> Self {
        Self(PlainAtomicBool::new(value))
    }

    pub(crate) fn get(&self) -> bool {
        // ORDERING: Relaxed. One thread of an execution runs at a time.
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, value: bool) {
        // ORDERING: Relaxed, as in `get`.
        self.0.store(value, Ordering::Relaxed);
    }
}
