//! An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering};

/// The system's allocator, which counts the bytes of the threads that ask for it.
struct Counting;

pub(crate) static BYTES: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    pub(crate) static COUNTED: Cell<bool> = const { Cell::new(false) };

    /// The bytes that this thread has asked for, less those it has freed; always counted.
    pub(crate) static OF_THREAD: Cell<isize> = const { Cell::new(0) };
}

fn count_bytes(change: isize) {
    OF_THREAD.set(OF_THREAD.get() + change);
    if COUNTED.get() {
        BYTES.fetch_add(change, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "to count bytes is to be the allocator")]
// SAFETY: everything is passed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_bytes(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_bytes(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
