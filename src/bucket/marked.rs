//! A value shared without a lock, whose every use is marked: overlapping misuse panics.
//!
//! The mark is one number, and every edge one compare-and-exchange that is only made from a state
//! that allows it:
//!
//! ```text
//!   free = 0      +- READER ->  readers and steppers, counted apart  (any number)
//!             <---+- STEPPER ->
//!                 +- WRITER ->  WRITER and nothing else
//! ```
//!
//! * **M1** While the mark is `WRITER`, only the writer that set it has access, and no other edge
//!   than its own back to free is taken.
//! * **M2** While the mark counts readers or steppers, nobody writes.
//!
//! So the check is certain, and the one that comes later loses: it has not touched the value when
//! it panics, and the others are not disturbed.

#![expect(unsafe_code, reason = "a cell that the mark guards")]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::hashed::{ITERATION, READ, WRITE};
use crate::primitive::{AtomicU64, Ordering};

const READER: u64 = 1;
const STEPPER: u64 = 1 << 32;
const WRITER: u64 = 1 << 63;

pub(super) struct Marked<T> {
    mark: AtomicU64,
    value: UnsafeCell<T>,
}

// SAFETY: a `&Marked` on another thread gives `&T` there, at the same time as here (needs `T:
// Sync`), and `&mut T`, with which the value can be taken out (needs `T: Send`).
unsafe impl<T: Send + Sync> Sync for Marked<T> {}

// A use that unwinds leaves the mark as before it, and the map valid.
impl<T> UnwindSafe for Marked<T> {}
impl<T> RefUnwindSafe for Marked<T> {}

impl<T> Marked<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            mark: AtomicU64::new(0),
            value: UnsafeCell::new(value),
        }
    }

    pub(super) fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Marks a read.
    #[inline]
    pub(super) fn read(&self) -> Reading<'_, T> {
        self.share(READER, READ)
    }

    /// Marks a step of an iteration, which is a read with a message of its own.
    #[inline]
    pub(super) fn step(&self) -> Reading<'_, T> {
        self.share(STEPPER, ITERATION)
    }

    #[inline]
    fn share(&self, unit: u64, misuse: &'static str) -> Reading<'_, T> {
        // ORDERING: Relaxed. A guess for the exchange, which decides.
        let mut seen = self.mark.load(Ordering::Relaxed);
        loop {
            if seen == WRITER {
                overlap(misuse);
            }
            // ORDERING: Acquire on success pairs with the Release in `Writing::drop`: what the last
            // writer wrote is seen. Relaxed on failure: only another guess. Model: checked::read_vs_write.
            match self.mark.compare_exchange_weak(
                seen,
                seen + unit,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Reading { marked: self, unit },
                Err(now) => seen = now,
            }
        }
    }

    /// Marks a write.
    #[inline]
    pub(super) fn write(&self) -> Writing<'_, T> {
        // ORDERING: Acquire on success pairs with the Release in `Writing::drop` and, as every
        // later count continues its release sequence, with that of each `Reading::drop`: earlier
        // writes are seen, and earlier reads are over. Relaxed on failure: the number only chooses
        // the message. Models: checked::read_vs_write, checked::write_vs_write.
        match self
            .mark
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) => Writing { marked: self },
            Err(WRITER) => overlap(WRITE),
            Err(shared) if shared % STEPPER != 0 => overlap(READ),
            Err(_) => overlap(ITERATION),
        }
    }
}

#[cold]
#[inline(never)]
fn overlap(misuse: &'static str) -> ! {
    // Not `panic!("{..}")`: that would make the payload a `String`.
    std::panic::panic_any(misuse)
}

/// A read or a step under way.
pub(super) struct Reading<'a, T> {
    marked: &'a Marked<T>,
    unit: u64,
}

impl<T> Deref for Reading<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as long as this guard is counted nobody writes (M2).
        unsafe { &*self.marked.value.get() }
    }
}

impl<T> Drop for Reading<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire of the next `write`: this read is over before
        // it. Models: checked::read_vs_write, checked::two_reads_vs_write.
        self.marked.mark.fetch_sub(self.unit, Ordering::Release);
    }
}

/// A write under way.
pub(super) struct Writing<'a, T> {
    marked: &'a Marked<T>,
}

impl<T> Deref for Writing<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: until this guard is dropped nobody else has access (M1).
        unsafe { &*self.marked.value.get() }
    }
}

impl<T> DerefMut for Writing<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: until this guard is dropped nobody else has access (M1).
        unsafe { &mut *self.marked.value.get() }
    }
}

impl<T> Drop for Writing<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING: Release pairs with the Acquire in `share` and `write`: whoever comes next sees
        // what was written. A plain store will do, as the mark is `WRITER` and nothing else (M1).
        // Models: checked::read_vs_write, checked::write_vs_write.
        self.marked.mark.store(0, Ordering::Release);
    }
}
