//! Memory of buckets: four dense arrays, and cells that may be vacant.
//!
//! ```text
//!  zeroed memory   words   [ w0 | w1 | w2 | ... ]     8 bytes a bucket: the tophash bytes
//!                  links   [ l0 | l1 | l2 | ... ]     4 bytes a bucket: next in chain, 0 = none
//!  plain memory    cells   [ 8 x T | 8 x T | ... ]    bucket b: cells 8b .. 8b + 8
//!                  stamps  [ 8 x M | 8 x M | ... ]
//! ```
//!
//! The words of all buckets lie side by side, so a lookup in a large table has one far cache miss,
//! that of the cell. The two memories differ in that the first must be zero: the system hands out
//! large zero pages without touching them, which is what keeps the insert that starts a growth
//! short. In small slabs they are two allocations, in large ones one.

#![expect(unsafe_code, reason = "allocation, and cells that may be vacant")]

use std::alloc;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::NonNull;

use super::release::{PORTION_BYTES, WORTHWHILE_BYTES, release};
use super::ruin::Ruin;
use crate::bucket::header::CELLS;
use crate::bucket::tophash::{Tophash, Word};

/// Where a bucket's cells start is worth aligning once the arrays outgrow the nearest caches.
const CACHE_LINE: usize = 64;
const ALIGN_FROM_BYTES: usize = 4096;

/// From this size on a slab is one allocation, and all of it zeroed.
///
/// PERF: allocators take large blocks straight from the system, which has zero pages, but keep
/// middling ones for reuse and have to clear them: glibc all below 32 MiB. The words of a large
/// table are middling, and clearing them would be the longest insert of all.
const WHOLE_FROM_BYTES: usize = 32 << 20;

/// What a slab asks of the allocator, and where in it what begins.
struct Layouts {
    /// The words and the links, or everything.
    zeroed: alloc::Layout,
    /// The cells and the stamps, if they are apart.
    plain: Option<alloc::Layout>,
    links_at: usize,
    /// Where the cells may begin, once aligned, if they are not apart.
    whole_at: usize,
    /// From the cells on.
    stamps_at: usize,
}

/// What the words and links of every unallocated slab point at. Never written.
static VACANT_WORD: Word = Word::EMPTY;
static VACANT_LINK: u32 = 0;

/// Why a slab could not be had.
#[derive(Debug)]
pub(in crate::bucket) enum Refused {
    /// Its size does not fit the address space.
    TooLarge,
    /// The allocator has no such memory.
    OutOfMemory(alloc::Layout),
}

impl Refused {
    /// Gives up the way std's collections do.
    #[cold]
    pub(in crate::bucket) fn fail(self) -> ! {
        match self {
            Self::TooLarge => panic!("capacity overflow"),
            Self::OutOfMemory(layout) => alloc::handle_alloc_error(layout),
        }
    }
}

/// A run of buckets. Owns the memory but not the entries: whoever drops a slab has emptied it.
pub(in crate::bucket) struct Slab<T, M> {
    words: NonNull<Word>,
    links: NonNull<u32>,
    pub(super) cells: NonNull<T>,
    stamps: NonNull<M>,
    /// 0: nothing is allocated, and word and link 0 are shared constants that may only be read.
    buckets: usize,
    _entries: PhantomData<(T, M)>,
}

// SAFETY: a slab owns its memory exclusively, as a `Vec<(T, M)>` does; moving it to another thread
// moves the entries in it, hence `Send`.
unsafe impl<T: Send, M: Send> Send for Slab<T, M> {}
// SAFETY: `&Slab` gives out `&T` and copies of `M` and changes nothing, hence `Sync`.
unsafe impl<T: Sync, M: Sync> Sync for Slab<T, M> {}

impl<T, M> Slab<T, M> {
    /// A slab without memory, in which bucket 0 reads as empty.
    pub(in crate::bucket) const fn vacant() -> Self {
        // SAFETY: a static's address is not null.
        let words = unsafe { NonNull::new_unchecked((&raw const VACANT_WORD).cast_mut()) };
        // SAFETY: as above.
        let links = unsafe { NonNull::new_unchecked((&raw const VACANT_LINK).cast_mut()) };
        Self {
            words,
            links,
            cells: NonNull::dangling(),
            stamps: NonNull::dangling(),
            buckets: 0,
            _entries: PhantomData,
        }
    }

    /// A slab of `buckets` empty buckets.
    pub(in crate::bucket) fn new(buckets: usize) -> Result<Self, Refused> {
        const { assert!(size_of::<M>() > 0, "an allocation of no bytes is undefined") };
        debug_assert!(buckets > 0, "a slab of no buckets");
        let Layouts {
            zeroed,
            plain,
            links_at,
            whole_at,
            stamps_at,
        } = Self::layouts(buckets).ok_or(Refused::TooLarge)?;
        // SAFETY: not of size zero, since `buckets` is not.
        let words = unsafe { alloc::alloc_zeroed(zeroed) };
        let words = NonNull::new(words).ok_or(Refused::OutOfMemory(zeroed))?;
        let cells = match plain {
            None => {
                // SAFETY: `whole_at` lies inside the allocation it was computed with.
                let after = unsafe { words.add(whole_at) };
                // SAFETY: there is room for the cells after as many bytes as their alignment.
                unsafe { after.add(after.align_offset(CACHE_LINE.max(align_of::<(T, M)>()))) }
            }
            Some(plain) => {
                // SAFETY: not of size zero, since stamps are not.
                let cells = unsafe { alloc::alloc(plain) };
                let Some(cells) = NonNull::new(cells) else {
                    // SAFETY: just allocated with this layout.
                    unsafe { alloc::dealloc(words.as_ptr(), zeroed) };
                    return Err(Refused::OutOfMemory(plain));
                };
                cells
            }
        };
        Ok(Self {
            words: words.cast(),
            // SAFETY: the offset lies inside the allocation it was computed with.
            links: unsafe { words.add(links_at) }.cast(),
            cells: cells.cast(),
            // SAFETY: as above.
            stamps: unsafe { cells.add(stamps_at) }.cast(),
            buckets,
            _entries: PhantomData,
        })
    }

    fn layouts(buckets: usize) -> Option<Layouts> {
        let (zeroed, links_at) = Self::shared_layout(buckets)?;
        let (plain, stamps_at) = Self::cell_layout(buckets)?;
        let whole_at = zeroed.size();
        // PERF: `alloc_zeroed` clears by hand what is to be aligned better than usual, so the cells
        // are aligned here.
        let size = whole_at
            .checked_add(plain.align())?
            .checked_add(plain.size())?;
        let whole = alloc::Layout::from_size_align(size, zeroed.align()).ok()?;
        let is_whole = whole.size() >= WHOLE_FROM_BYTES;
        Some(Layouts {
            zeroed: if is_whole { whole } else { zeroed },
            plain: (!is_whole).then_some(plain),
            links_at,
            whole_at,
            stamps_at,
        })
    }

    /// The words and, at the offset, the links.
    fn shared_layout(buckets: usize) -> Option<(alloc::Layout, usize)> {
        let words = alloc::Layout::array::<Word>(buckets).ok()?;
        words
            .extend(alloc::Layout::array::<u32>(buckets).ok()?)
            .ok()
    }

    /// The cells and, at the offset, the stamps.
    fn cell_layout(buckets: usize) -> Option<(alloc::Layout, usize)> {
        let count = buckets.checked_mul(CELLS)?;
        let cells = alloc::Layout::array::<T>(count).ok()?;
        let (both, stamps_at) = cells.extend(alloc::Layout::array::<M>(count).ok()?).ok()?;
        let align = if both.size() >= ALIGN_FROM_BYTES {
            CACHE_LINE
        } else {
            1
        };
        Some((both.align_to(align).ok()?, stamps_at))
    }

    pub(in crate::bucket) const fn buckets(&self) -> usize {
        self.buckets
    }

    /// The tophash bytes of `bucket`.
    ///
    /// # Safety
    ///
    /// `bucket` must be below [`Self::buckets`], or 0.
    #[inline]
    pub(in crate::bucket) unsafe fn word(&self, bucket: usize) -> Word {
        debug_assert!(
            bucket < self.buckets.max(1),
            "bucket {bucket} of {}",
            self.buckets
        );
        // SAFETY: in bounds by the caller's promise; an unallocated slab has word 0.
        let word = unsafe { self.words.add(bucket) };
        // SAFETY: words are initialised from the start (zeroed), and `&self` excludes writers.
        unsafe { word.read() }
    }

    /// Replaces the tophash bytes of `bucket`.
    ///
    /// # Safety
    ///
    /// * `bucket` must be below [`Self::buckets`].
    /// * Every cell that `word` makes live must be initialised, with its stamp.
    #[inline]
    pub(in crate::bucket) unsafe fn set_word(&mut self, bucket: usize, word: Word) {
        debug_assert!(bucket < self.buckets, "bucket {bucket} of {}", self.buckets);
        // SAFETY: in bounds by the caller's promise.
        let slot = unsafe { self.words.add(bucket) };
        // SAFETY: allocated, since 0 buckets have no `bucket` below them; `&mut self` is exclusive.
        unsafe { slot.write(word) };
    }

    /// The number of the bucket that follows `bucket` in its chain; 0 if none does.
    ///
    /// # Safety
    ///
    /// `bucket` must be below [`Self::buckets`], or 0.
    #[inline]
    pub(in crate::bucket) unsafe fn link(&self, bucket: usize) -> usize {
        debug_assert!(
            bucket < self.buckets.max(1),
            "bucket {bucket} of {}",
            self.buckets
        );
        // SAFETY: in bounds by the caller's promise; an unallocated slab has link 0.
        let link = unsafe { self.links.add(bucket) };
        // SAFETY: links are initialised from the start (zeroed), and `&self` excludes writers.
        unsafe { link.read() as usize }
    }

    /// Makes bucket number `next` follow `bucket` in its chain.
    ///
    /// # Safety
    ///
    /// `bucket` must be below [`Self::buckets`].
    pub(in crate::bucket) unsafe fn set_link(&mut self, bucket: usize, next: u32) {
        debug_assert!(bucket < self.buckets, "bucket {bucket} of {}", self.buckets);
        // SAFETY: in bounds by the caller's promise.
        let slot = unsafe { self.links.add(bucket) };
        // SAFETY: allocated, since 0 buckets have no `bucket` below them; `&mut self` is exclusive.
        unsafe { slot.write(next) };
    }

    /// Where the entry of a cell is, or would be. Valid for writes, whatever `self` was borrowed
    /// as: the slab's memory is reached through its raw pointers only.
    ///
    /// # Safety
    ///
    /// `bucket` must be below [`Self::buckets`], and `cell` below [`CELLS`].
    #[inline]
    pub(in crate::bucket) unsafe fn cell(&self, bucket: usize, cell: usize) -> NonNull<T> {
        debug_assert!(bucket < self.buckets && cell < CELLS, "{bucket}:{cell}");
        // SAFETY: in bounds of the cell array by the caller's promise.
        unsafe { self.cells.add(bucket * CELLS + cell) }
    }

    /// Where the stamp of a cell is, or would be.
    ///
    /// # Safety
    ///
    /// `bucket` must be below [`Self::buckets`], and `cell` below [`CELLS`].
    #[inline]
    pub(in crate::bucket) unsafe fn stamp(&self, bucket: usize, cell: usize) -> NonNull<M> {
        debug_assert!(bucket < self.buckets && cell < CELLS, "{bucket}:{cell}");
        // SAFETY: in bounds of the stamp array by the caller's promise.
        unsafe { self.stamps.add(bucket * CELLS + cell) }
    }

    /// Has the processor fetch the first cells of a bucket.
    #[inline]
    pub(in crate::bucket) fn prefetch_cells(&self, bucket: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

            let cells = self.cells.as_ptr().wrapping_add(bucket * CELLS);
            // SAFETY: x86-64 has SSE; the hint may be given for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(cells.cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = bucket;
    }

    /// Has the processor fetch the first cells and stamps of a bucket, which is sure to be used.
    ///
    /// PERF: a store to a far line holds up all later ones, where a fetch holds up nothing.
    #[inline]
    pub(in crate::bucket) fn prefetch(&self, bucket: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

            let cells = self.cells.as_ptr().wrapping_add(bucket * CELLS);
            let stamps = self.stamps.as_ptr().wrapping_add(bucket * CELLS);
            // SAFETY: x86-64 has SSE; the hint may be given for any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(cells.cast()) };
            // SAFETY: as above.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(stamps.cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = bucket;
    }

    /// Puts an entry into an empty cell and makes it live.
    ///
    /// # Safety
    ///
    /// * `bucket` must be below [`Self::buckets`], and `cell` below [`CELLS`].
    /// * The cell must be emptyRest or emptyOne.
    #[inline]
    pub(in crate::bucket) unsafe fn fill(
        &mut self,
        bucket: usize,
        cell: usize,
        top: Tophash,
        stamp: M,
        entry: T,
    ) -> NonNull<T> {
        debug_assert!(top.is_live(), "{top:?} in a live cell");
        // SAFETY: in bounds by the caller's promise, here and below.
        let slot = unsafe { self.cell(bucket, cell) };
        // SAFETY: memory of ours, of the right type, that `&mut self` lets us write.
        unsafe { slot.write(entry) };
        // SAFETY: in bounds.
        let stamp_slot = unsafe { self.stamp(bucket, cell) };
        // SAFETY: as for the entry.
        unsafe { stamp_slot.write(stamp) };
        // SAFETY: in bounds.
        let word = unsafe { self.word(bucket) }.occupied(cell, top);
        // SAFETY: in bounds; the one cell that becomes live has just been written.
        unsafe { self.set_word(bucket, word) };
        slot
    }

    /// After how many dead buckets [`Self::release`] is worth a call; `None` if it never is.
    pub(in crate::bucket) fn portion(&self) -> Option<usize> {
        let bucket = CELLS * (size_of::<T>() + size_of::<M>());
        (self.buckets * bucket >= WORTHWHILE_BYTES).then(|| PORTION_BYTES.div_ceil(bucket))
    }

    /// Gives the memory of the cells and stamps of some buckets back to the system, as far as it is
    /// whole pages. It comes back, with any content, when it is written to.
    ///
    /// # Safety
    ///
    /// * `buckets` must end at or below [`Self::buckets`].
    /// * None of their cells may be live.
    pub(in crate::bucket) unsafe fn release(&mut self, buckets: Range<usize>) {
        debug_assert!(
            buckets.end <= self.buckets,
            "{buckets:?} of {}",
            self.buckets
        );
        let (start, count) = (buckets.start * CELLS, buckets.len() * CELLS);
        // SAFETY: in bounds of the cell array by the caller's promise.
        let cells = unsafe { self.cells.add(start) };
        // SAFETY: in bounds of the stamp array by the caller's promise.
        let stamps = unsafe { self.stamps.add(start) };
        // SAFETY: in bounds, and not read before written, as none is live.
        unsafe { release(cells.cast(), count * size_of::<T>()) };
        // SAFETY: as above.
        unsafe { release(stamps.cast(), count * size_of::<M>()) };
    }

    /// The memory, if it is large; otherwise frees it. Entries are forgotten, not dropped.
    pub(super) fn into_ruin(self) -> Option<Ruin> {
        self.portion()?;
        let slab = ManuallyDrop::new(self);
        let Layouts { zeroed, plain, .. } = Self::layouts(slab.buckets)?;
        let zeroed = (slab.words.cast(), zeroed);
        let plain = plain.map(|plain| (slab.cells.cast(), plain));
        // SAFETY: allocated in `new` with the layouts that follow from `buckets`; the slab does not free them.
        Some(unsafe { Ruin::new([zeroed].into_iter().chain(plain)) })
    }

    /// Makes every bucket empty and unlinked. Entries that were there are forgotten, not dropped.
    pub(in crate::bucket) fn wipe(&mut self) {
        if self.buckets > 0 {
            // SAFETY: the whole array; all-zero is `Word::EMPTY`, and no cell is live in it.
            unsafe { self.words.write_bytes(0, self.buckets) };
            // SAFETY: the whole array; zero is "no link".
            unsafe { self.links.write_bytes(0, self.buckets) };
        }
    }
}

impl<T, M> Drop for Slab<T, M> {
    fn drop(&mut self) {
        if self.buckets == 0 {
            return;
        }
        let Some(Layouts { zeroed, plain, .. }) = Self::layouts(self.buckets) else {
            unreachable!("the layouts were computed when the slab was made")
        };
        if let Some(plain) = plain {
            // SAFETY: allocated in `new` with the layout that follows from `buckets`; not used
            // again.
            unsafe { alloc::dealloc(self.cells.cast().as_ptr(), plain) };
        }
        // SAFETY: as above, and freed last, as it may be the only one.
        unsafe { alloc::dealloc(self.words.cast().as_ptr(), zeroed) };
    }
}
