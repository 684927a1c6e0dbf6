//! The tripwire for access to a map that is being written: Go's `hashWriting`.
//!
//! `&mut` keeps safe code from tripping it. It is there for code that shares a map by other means (an
//! `UnsafeCell`, a pointer from C) and whose `Hash`, `Eq` or closure calls back into a map that is in
//! the middle of a write. Best effort, as in Go: [`CheckedMap`](crate::CheckedMap) is the type whose
//! check is certain.

use crate::primitive::{AtomicBool, Ordering};

/// Set while a write is under way.
pub(super) struct WriteFlag(AtomicBool);

impl WriteFlag {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Panics with `misuse` if a write is under way.
    #[inline]
    pub(super) fn check(&self, misuse: &'static str) {
        // ORDERING: Relaxed. A tripwire, not a lock: exclusive access is the caller's `&mut`, so there
        // is nothing to publish. It may miss a misuse; it may not report one that did not happen.
        if self.0.load(Ordering::Relaxed) {
            tripped(misuse);
        }
    }

    /// Marks a write as under way until the guard is dropped, on unwinding too: user code only ever
    /// runs while the map is valid, so a write that unwinds leaves a valid map.
    #[inline]
    pub(super) fn write(&self) -> Writing<'_> {
        self.check("concurrent map writes");
        // ORDERING: Relaxed, as in `check`. A plain store, where a swap would cost as much as the rest
        // of an insert: two writers that race for it are beyond help anyway.
        self.0.store(true, Ordering::Relaxed);
        Writing(self)
    }
}

#[cold]
#[inline(never)]
fn tripped(misuse: &'static str) -> ! {
    panic!("{misuse}")
}

/// A write under way.
pub(super) struct Writing<'a>(&'a WriteFlag);

impl Drop for Writing<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING: Relaxed, as in `check`.
        self.0.0.store(false, Ordering::Relaxed);
    }
}
