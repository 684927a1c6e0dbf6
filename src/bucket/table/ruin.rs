//! Memory of a table that nobody uses any more, freed a part at a time.

#![expect(unsafe_code, reason = "owns memory by its address")]

use std::alloc;
use std::ptr::NonNull;

use super::release::{PORTION_BYTES, release};

/// What is left of a large table whose entries are gone. Dropping it frees the rest at once.
pub(crate) struct Ruin(Vec<Block>);

/// An allocation that holds nothing.
struct Block {
    start: NonNull<u8>,
    layout: alloc::Layout,
    /// Bytes from the start on that were given back.
    released: usize,
}

// SAFETY: a block owns its memory exclusively, and there is nothing in it.
unsafe impl Send for Block {}

impl Ruin {
    /// Takes allocations over.
    ///
    /// # Safety
    ///
    /// Each must come from the global allocator, with the layout given, and be the caller's alone.
    pub(super) unsafe fn new(
        blocks: impl IntoIterator<Item = (NonNull<u8>, alloc::Layout)>,
    ) -> Self {
        let blocks = blocks.into_iter().map(|(start, layout)| Block {
            start,
            layout,
            released: 0,
        });
        Self(blocks.collect())
    }

    /// Gives some hundred microseconds' worth of it back to the system; returns whether there is more.
    pub(crate) fn demolish(&mut self) -> bool {
        if self.0.last_mut().is_some_and(|block| !block.release()) {
            self.0.pop();
        }
        !self.0.is_empty()
    }
}

impl Block {
    /// Gives the next portion back; returns whether there is more.
    fn release(&mut self) -> bool {
        let bytes = PORTION_BYTES.min(self.layout.size() - self.released);
        // SAFETY: `released` is at most the size of the allocation.
        let portion = unsafe { self.start.add(self.released) };
        // SAFETY: inside the allocation, which is this block's, and which nobody reads.
        unsafe { release(portion, bytes) };
        self.released += bytes;
        self.released < self.layout.size()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `Ruin::new` was promised that this is how it was allocated, and is freed here only.
        unsafe { alloc::dealloc(self.start.as_ptr(), self.layout) };
    }
}
