//! An allocator that gives freed memory out again at once: the block freed last first.
//!
//! That makes the most of an address that outlives what it stood for. With an allocator that waits, or one
//! that takes turns, such a fault may never show. What is freed is overwritten first.

#![expect(unsafe_code, reason = "implements an allocator")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr;
use std::alloc::System;

/// Blocks come in multiples of this.
const GRAIN: usize = 16;

/// All blocks are aligned to this, as a reader slot is.
const ALIGN: usize = 128;

/// Blocks of as many grains, or more, are the system's.
const CLASSES: usize = 64;

/// What freed memory is filled with.
const POISON: u8 = 0xdb;

std::thread_local! {
    /// The block of each size that was freed last; its first bytes hold the address of the one before.
    ///
    /// shuttle runs all threads of a schedule on the one that tests it. A block that another real thread
    /// frees goes to that one's list.
    static FREED: [Cell<*mut u8>; CLASSES] = const { [const { Cell::new(ptr::null_mut()) }; CLASSES] };

    /// Blocks that were given out once more.
    static REUSED: Cell<u64> = const { Cell::new(0) };
}

/// How many blocks the calling thread was given that had been in use before.
pub(crate) fn reused() -> u64 {
    REUSED.get()
}

pub(crate) struct LastFreedFirst;

/// Which list a block of this layout is on, and the layout that it was taken from the system with.
fn class(layout: Layout) -> Option<(usize, Layout)> {
    let grains = layout.size().div_ceil(GRAIN);
    let of_class = Layout::from_size_align(grains * GRAIN, ALIGN).ok()?;
    let pooled = (1..CLASSES).contains(&grains) && layout.align() <= ALIGN;
    pooled.then_some((grains, of_class))
}

// SAFETY: a block is on one list or in use, never both, and every block of a class has the size and the
// alignment of all its layouts.
unsafe impl GlobalAlloc for LastFreedFirst {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((class, of_class)) = class(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        };
        let freed = FREED.with(|freed| freed[class].get());
        if freed.is_null() {
            // SAFETY: of a size above 0.
            return unsafe { System.alloc(of_class) };
        }
        // SAFETY: a block on the list holds the address of the next.
        let next = unsafe { freed.cast::<*mut u8>().read() };
        FREED.with(|freed| freed[class].set(next));
        REUSED.set(REUSED.get() + 1);
        freed
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((class, of_class)) = class(layout) else {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(block, layout) };
        };
        // SAFETY: the block is as large as its class, and nobody uses it any more.
        unsafe { block.write_bytes(POISON, of_class.size()) };
        let last = FREED.with(|freed| freed[class].replace(block));
        // SAFETY: a grain holds an address, and is aligned for one.
        unsafe { block.cast::<*mut u8>().write(last) };
    }
}

/// Without this the rest of the tests would be worth less, and nobody would know.
#[test]
fn the_block_freed_last_comes_first() {
    let addresses = [1, 2].map(|number: u64| ptr::from_ref(&*Box::new(number)).addr());
    assert_eq!(addresses[0], addresses[1]);
}
