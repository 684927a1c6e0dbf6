//! One generation of buckets: the primary ones, their overflow buckets, and the chains they form.
//!
//! Buckets are numbered. Primary buckets come first, 0 to 2^B - 1; overflow buckets follow in the
//! order in which they are taken into use, whatever memory they come from:
//!
//! ```text
//!   main slab: 2^B primary | 2^(B-4) spare      chunk 0      chunk 1           chunk 2
//!   numbers    0 ..          2^B ..             first each,  2 * first each,   4 * first each ..
//! ```
//!
//! So the next overflow bucket is always number 2^B + `overflow`, spares first, and a link is a
//! number. Further chunks double in size and are never copied: taking an overflow bucket into use
//! costs O(1) at worst, however large the table.

#![expect(unsafe_code, reason = "reads and writes of cells that may be vacant")]

mod change;
mod evacuate;
mod lookup;

use super::probe::live_cells;
use super::raw::{Refused, Slab};
use super::ruin::Ruin;
use crate::bucket::header::{CELLS, load_limit, spares};
use crate::bucket::tophash::Word;

use std::ops::Range;
use std::ptr::NonNull;

/// Where an entry was found.
///
/// PERF: two words, so that it is passed in registers and the usual lookup needs no stack.
pub(in crate::bucket) struct Place<T> {
    /// The entry itself; good as long as the generation is not changed.
    pub(in crate::bucket) entry: NonNull<T>,
    /// The cell, counted from bucket 0 on.
    at: usize,
}

impl<T> Place<T> {
    #[inline]
    const fn new(bucket: usize, cell: usize, entry: NonNull<T>) -> Self {
        let at = bucket * CELLS + cell;
        Self { entry, at }
    }

    #[inline]
    pub(in crate::bucket) const fn bucket(&self) -> usize {
        self.at / CELLS
    }

    #[inline]
    pub(in crate::bucket) const fn cell(&self) -> usize {
        self.at % CELLS
    }
}

/// What a look into the primary bucket tells.
pub(crate) enum Near<F> {
    Found(F),
    /// Not in the chain, which has no entry behind the primary bucket.
    Ends,
    /// Not in the primary bucket; perhaps in an overflow bucket.
    GoesOn,
}

impl<F> Near<F> {
    #[inline]
    pub(crate) fn map<G>(self, f: impl FnOnce(F) -> G) -> Near<G> {
        match self {
            Self::Found(found) => Near::Found(f(found)),
            Self::Ends => Near::Ends,
            Self::GoesOn => Near::GoesOn,
        }
    }
}

/// Buckets taken at a time by a walk: as many as a word has bits for their cells.
///
/// PERF: how many cells of a bucket are live is as good as random, so the end of a bucket is a
/// branch that is mispredicted every time. With eight buckets to a mask that is once in some forty
/// entries.
pub(super) const STRIDE: usize = 8;

/// Buckets side by side in memory.
pub(in crate::bucket) struct Stride<T> {
    pub(in crate::bucket) buckets: usize,
    /// A bit for each cell, set if it is live; the first cell's lowest.
    pub(in crate::bucket) live: u64,
    pub(in crate::bucket) cells: NonNull<T>,
}

pub(in crate::bucket) struct Generation<T, M> {
    main: Slab<T, M>,
    /// The number of primary buckets less one. Below `main.buckets()`, unless that is 0.
    mask: usize,
    /// Overflow buckets taken into use.
    overflow: usize,
    /// The number of entries beyond which the table has to grow; 0 if nothing is allocated, or if
    /// there are too many overflow buckets.
    ///
    /// PERF: one number for both reasons, as every insert asks.
    limit: usize,
    /// Overflow buckets beyond the spare ones.
    chunks: Vec<Slab<T, M>>,
}

impl<T, M> Generation<T, M> {
    /// One bucket, not allocated yet.
    pub(in crate::bucket) const fn unallocated() -> Self {
        Self {
            main: Slab::vacant(),
            mask: 0,
            overflow: 0,
            limit: 0,
            chunks: Vec::new(),
        }
    }

    /// 2^`bits` empty buckets and their spares.
    pub(in crate::bucket) fn new(bits: u32) -> Result<Self, Refused> {
        let primary = 1_usize.checked_shl(bits).ok_or(Refused::TooLarge)?;
        let main = Slab::new(primary.checked_add(spares(bits)).ok_or(Refused::TooLarge)?)?;
        Ok(Self {
            main,
            mask: primary - 1,
            overflow: 0,
            limit: Self::limit_of(bits),
            chunks: Vec::new(),
        })
    }

    /// The limit of 2^`bits` buckets with not too many overflow buckets.
    fn limit_of(bits: u32) -> usize {
        usize::try_from(load_limit(bits)).unwrap_or(usize::MAX)
    }

    pub(in crate::bucket) const fn is_allocated(&self) -> bool {
        self.main.buckets() > 0
    }

    /// The number of primary buckets.
    #[inline]
    pub(in crate::bucket) const fn primary(&self) -> usize {
        self.mask + 1
    }

    #[inline]
    pub(in crate::bucket) const fn bits(&self) -> u32 {
        self.mask.trailing_ones()
    }

    /// Whether one more entry than `len` may be added, as far as load and overflow buckets go.
    #[inline]
    pub(in crate::bucket) const fn has_room(&self, len: usize) -> bool {
        len < self.limit
    }

    /// The number of overflow buckets taken into use.
    #[inline]
    pub(in crate::bucket) const fn overflow(&self) -> usize {
        self.overflow
    }

    /// The number of buckets in use; every number below it is a bucket that [`Self::locate`] knows,
    /// except that an unallocated generation counts as having none.
    #[inline]
    pub(in crate::bucket) const fn buckets(&self) -> usize {
        if self.is_allocated() {
            self.primary() + self.overflow
        } else {
            0
        }
    }

    /// The primary bucket for a hash of which these are the low bits.
    #[inline]
    pub(in crate::bucket) const fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    /// The slab that holds a bucket, and the bucket's index in it, which is below the slab's size.
    #[inline]
    fn locate(&self, bucket: usize) -> (&Slab<T, M>, usize) {
        if bucket < self.main.buckets() {
            return (&self.main, bucket);
        }
        self.locate_in_chunks(bucket)
    }

    #[cold]
    #[inline(never)]
    fn locate_in_chunks(&self, bucket: usize) -> (&Slab<T, M>, usize) {
        let (chunk, at) = self.chunk_of(bucket);
        let slab = &self.chunks[chunk];
        assert!(at < slab.buckets());
        (slab, at)
    }

    #[inline]
    fn locate_mut(&mut self, bucket: usize) -> (&mut Slab<T, M>, usize) {
        if bucket < self.main.buckets() {
            return (&mut self.main, bucket);
        }
        self.locate_in_chunks_mut(bucket)
    }

    #[cold]
    #[inline(never)]
    fn locate_in_chunks_mut(&mut self, bucket: usize) -> (&mut Slab<T, M>, usize) {
        let (chunk, at) = self.chunk_of(bucket);
        let slab = &mut self.chunks[chunk];
        assert!(at < slab.buckets());
        (slab, at)
    }

    /// The chunk for a bucket beyond the main slab, and the index in it. Chunk c starts behind
    /// `first` * (2^c - 1) others.
    const fn chunk_of(&self, bucket: usize) -> (usize, usize) {
        let first = self.first_chunk();
        let beyond = bucket - self.main.buckets();
        let chunk = (beyond / first + 1).ilog2();
        (chunk as usize, beyond - first * ((1 << chunk) - 1))
    }

    /// The size of chunk 0: as many buckets as there are spares, but at least one.
    const fn first_chunk(&self) -> usize {
        let spares = spares(self.bits());
        if spares == 0 { 1 } else { spares }
    }

    /// The tophash bytes of a bucket in use.
    #[inline]
    pub(in crate::bucket) fn word(&self, bucket: usize) -> Word {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size.
        unsafe { slab.word(at) }
    }

    /// Where the cells and the stamps of a bucket in use begin.
    #[inline]
    fn cells_and_stamps(&self, bucket: usize) -> (NonNull<T>, NonNull<M>) {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size, and 0 is a cell number.
        let cells = unsafe { slab.cell(at, 0) };
        // SAFETY: as above.
        (cells, unsafe { slab.stamp(at, 0) })
    }

    /// Up to `most` buckets, at most [`STRIDE`], in use that are side by side in memory, from `bucket` on.
    pub(super) fn stride(&self, bucket: usize, most: usize) -> Stride<T> {
        let (slab, at) = self.locate(bucket);
        let buckets = most.min(self.buckets() - bucket).min(slab.buckets() - at);
        let word = |i| match i < buckets {
            // SAFETY: `at` and the `buckets` from it on are below the slab's size.
            true => unsafe { slab.word(at + i) },
            false => Word::EMPTY,
        };
        let pair = |i| live_cells(word(i), word(i + 1));
        let live = match buckets {
            // PERF: without a condition for each bucket.
            STRIDE.. => (0..STRIDE)
                .step_by(2)
                .rev()
                .fold(0, |live, i| live << (2 * CELLS) | pair(i)),
            _ => (0..buckets)
                .step_by(2)
                .rev()
                .fold(0, |live, i| live << (2 * CELLS) | pair(i)),
        };
        Stride {
            buckets,
            live,
            // SAFETY: as above, and 0 is a cell number.
            cells: unsafe { slab.cell(at, 0) },
        }
    }

    /// The number of the bucket that follows in the chain; 0 if none does.
    #[inline]
    pub(in crate::bucket) fn link(&self, bucket: usize) -> usize {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size.
        unsafe { slab.link(at) }
    }

    /// After how many evacuated chains [`Self::release`] is worth a call; `None` if it never is.
    pub(in crate::bucket) fn portion(&self) -> Option<usize> {
        self.main.portion()
    }

    /// Gives the memory of some primary buckets' cells back to the system.
    ///
    /// # Safety
    ///
    /// The chains of all of them must be evacuated.
    pub(in crate::bucket) unsafe fn release(&mut self, homes: Range<usize>) {
        assert!(homes.end <= self.primary());
        // SAFETY: primary buckets are all in the main slab; no cell of an evacuated one is live (B3).
        unsafe { self.main.release(homes) };
    }

    /// The memory of the primary buckets, if it is large. Entries are forgotten, not dropped.
    pub(super) fn into_ruin(self) -> Option<Ruin> {
        self.main.into_ruin()
    }

    /// Whether the chain of primary bucket `home` has been evacuated.
    #[inline]
    pub(in crate::bucket) fn is_evacuated(&self, home: usize) -> bool {
        debug_assert!(home <= self.mask, "not a primary bucket: {home}");
        // SAFETY: the callers mask, and the mask is below the slab's size; were it not allocated,
        // `home` would be 0.
        unsafe { self.main.word(home & self.mask) }.is_evacuated()
    }

    /// Where the entry of a cell is, or would be.
    #[inline]
    pub(in crate::bucket) fn entry(&self, bucket: usize, cell: usize) -> NonNull<T> {
        assert!(cell < CELLS);
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size; the cell was just checked.
        unsafe { slab.cell(at, cell) }
    }
}
