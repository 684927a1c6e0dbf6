//! Counts what maps ask of the allocator.
//!
//! A program installs [`Counting`] as its allocator. It counts only while a [`Count`] is being taken, and
//! costs a load of a flag otherwise, the same for every map. It cannot show fragmentation, nor what the
//! system allocator keeps for itself; of its rounding and its headers there is an estimate.

#![expect(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static ASKED: AtomicI64 = AtomicI64::new(0);
static TAKEN: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// The system's allocator, with an account.
#[derive(Debug)]
pub struct Counting;

// SAFETY: every call is passed on to `System` with the arguments it came with, and only its result is
// returned; counting allocates nothing and cannot panic.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 1);
        // SAFETY: the caller promises what `System` asks for, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size(), 1);
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(layout.size(), -1);
        // SAFETY: the block came from `System`, by the methods here; the rest the caller promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(layout.size(), -1);
        note(size, 1);
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[inline]
fn note(size: usize, sign: i64) {
    // ORDERING: Relaxed throughout. Statistics only; who reads them has joined the threads he asks about.
    if ON.load(Relaxed) {
        note_counted(size, sign);
    }
}

#[cold]
fn note_counted(size: usize, sign: i64) {
    // ORDERING: Relaxed, see `note`.
    CALLS.fetch_add(u64::from(sign > 0), Relaxed);
    ASKED.fetch_add(sign * size as i64, Relaxed);
    let step = sign * rounded(size) as i64;
    let taken = TAKEN.fetch_add(step, Relaxed) + step;
    PEAK.fetch_max(taken, Relaxed);
}

/// What glibc takes for a block of `size` bytes: a word of header, in steps of sixteen, at least 32.
fn rounded(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

/// What has been allocated since the count began, and not freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// Calls that allocated.
    pub(crate) calls: u64,
    /// Bytes asked for.
    pub(crate) asked: i64,
    /// Bytes with what the allocator adds, by estimate.
    pub(crate) taken: i64,
    /// The most that `taken` has been.
    pub(crate) peak: i64,
}

/// Counts while it lives; there is one at a time.
#[derive(Debug)]
pub(crate) struct Count(());

impl Count {
    /// Begins to count.
    pub(crate) fn begin() -> Self {
        // ORDERING: Relaxed, see `note`.
        CALLS.store(0, Relaxed);
        for bytes in [&ASKED, &TAKEN, &PEAK] {
            bytes.store(0, Relaxed);
        }
        ON.store(true, Relaxed);
        Count(())
    }

    pub(crate) fn used(&self) -> Used {
        // ORDERING: Relaxed, see `note`.
        Used {
            calls: CALLS.load(Relaxed),
            asked: ASKED.load(Relaxed),
            taken: TAKEN.load(Relaxed),
            peak: PEAK.load(Relaxed),
        }
    }

    /// Whether the program counts at all.
    pub(crate) fn works(&self) -> bool {
        let before = self.used().calls;
        drop(std::hint::black_box(Box::new(1_u64)));
        self.used().calls > before
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        // ORDERING: Relaxed, see `note`.
        ON.store(false, Relaxed);
    }
}
