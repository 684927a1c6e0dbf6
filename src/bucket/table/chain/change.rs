//! Putting entries into a chain, and taking them out.

use super::{Generation, Place};
use crate::bucket::header::{CELLS, too_many_overflow};
use crate::bucket::table::raw::{Refused, Slab};
use crate::bucket::tophash::{Tophash, Word};

impl<T, M> Generation<T, M> {
    /// Puts an entry into the first empty cell of the chain for its hash, which may lengthen it.
    ///
    /// # Safety
    ///
    /// The generation must be allocated.
    #[inline]
    pub(in crate::bucket) unsafe fn place(&mut self, hash: u64, stamp: M, entry: T) -> Place<T> {
        debug_assert!(self.is_allocated());
        let home = self.home(hash);
        // SAFETY: the mask is below the slab's size, as the caller says that it is allocated.
        let word = unsafe { self.main.word(home) };
        let Some(cell) = word.first_empty() else {
            return self.place_further(home, hash, stamp, entry);
        };
        // SAFETY: in bounds as above; the cell was found empty in the bucket's word.
        let entry = unsafe { self.main.fill(home, cell, Tophash::of(hash), stamp, entry) };
        Place::new(home, cell, entry)
    }

    /// The rest of [`Self::place`]: `home` is full.
    #[inline(never)]
    fn place_further(&mut self, home: usize, hash: u64, stamp: M, entry: T) -> Place<T> {
        let (bucket, cell) = self.first_empty_further(home);
        let (slab, at) = self.locate_mut(bucket);
        // SAFETY: `locate_mut` answers with an index below the slab's size; the cell was found empty,
        // or its bucket was appended, and all of it is.
        let entry = unsafe { slab.fill(at, cell, Tophash::of(hash), stamp, entry) };
        Place::new(bucket, cell, entry)
    }

    /// The first empty cell behind bucket `bucket`; appends a bucket if there is none.
    fn first_empty_further(&mut self, mut bucket: usize) -> (usize, usize) {
        loop {
            match self.link(bucket) {
                0 => return (self.append(bucket), 0),
                next => bucket = next,
            }
            if let Some(cell) = self.word(bucket).first_empty() {
                return (bucket, cell);
            }
        }
    }

    /// Takes an overflow bucket into use, at the end of the chain that `tail` ends.
    ///
    /// # Panics
    ///
    /// When bucket numbers run out, before anything is changed.
    pub(super) fn append(&mut self, tail: usize) -> usize {
        let link = self.allocate_overflow(0);
        self.overflow += 1;
        if too_many_overflow(self.overflow, self.primary()) {
            self.limit = 0;
        }
        let (slab, at) = self.locate_mut(tail);
        // SAFETY: `locate_mut` answers with an index below the slab's size.
        unsafe { slab.set_link(at, link) };
        link as usize
    }

    /// The number of the overflow bucket that will be taken into use after `ahead` others;
    /// allocates the chunk it is in unless there is one.
    pub(super) fn allocate_overflow(&mut self, ahead: usize) -> u32 {
        let bucket = self.primary() + self.overflow + ahead;
        if bucket >= self.main.buckets() {
            let (chunk, _) = self.chunk_of(bucket);
            if chunk == self.chunks.len() {
                let slab = Slab::new(self.first_chunk() << chunk);
                self.chunks
                    .push(slab.unwrap_or_else(|refused| refused.fail()));
            }
        }
        u32::try_from(bucket).unwrap_or_else(|_| Refused::TooLarge.fail())
    }

    /// Moves a live entry out and leaves its cell empty.
    ///
    /// # Safety
    ///
    /// The cell must be live, in a chain that is not evacuated and starts at `home`.
    #[inline]
    pub(in crate::bucket) unsafe fn take(&mut self, home: usize, bucket: usize, cell: usize) -> T {
        let (slab, at) = self.locate_mut(bucket);
        // SAFETY: `locate_mut` answers with an index below the slab's size.
        let word = unsafe { slab.word(at) };
        debug_assert!(
            word.byte(cell).is_live(),
            "taken from a vacant cell {bucket}:{cell}"
        );
        // SAFETY: index as above; a live cell's number is one.
        let slot = unsafe { slab.cell(at, cell) };
        // SAFETY: live by the caller's promise, so initialised by B1; from the next statement on it
        // is not live, so nobody reads it again.
        let entry = unsafe { slot.read() };
        let mut left = word.with(cell, Tophash::EMPTY_ONE);
        if word.ends_chain() {
            left = left.trimmed();
        }
        // SAFETY: index as above; no cell becomes live.
        unsafe { slab.set_word(at, left) };
        if cell == CELLS - 1 || (left == Word::EMPTY && bucket != home) {
            self.extend_rest(home, bucket);
        }
        entry
    }

    /// Restores B2 after the last cell of `bucket` became emptyOne, or all became emptyRest: if
    /// nothing follows, trims the bucket, and if nothing is left of it, the one before.
    #[cold]
    #[inline(never)]
    fn extend_rest(&mut self, home: usize, mut bucket: usize) {
        loop {
            let next = self.link(bucket);
            if next != 0 && self.word(next).byte(0) != Tophash::EMPTY_REST {
                return;
            }
            let (slab, at) = self.locate_mut(bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size.
            let word = unsafe { slab.word(at) }.trimmed();
            // SAFETY: index as above; no cell becomes live.
            unsafe { slab.set_word(at, word) };
            if bucket == home || word != Word::EMPTY {
                return;
            }
            bucket = self.before(home, bucket);
        }
    }

    /// The bucket before `bucket` in the chain of `home`.
    fn before(&self, home: usize, bucket: usize) -> usize {
        let mut before = home;
        loop {
            match self.link(before) {
                next if next == bucket => return before,
                0 => unreachable!("bucket {bucket} is not in the chain of {home}"),
                next => before = next,
            }
        }
    }

    /// Makes every bucket empty, unlinks the overflow buckets and frees the chunks. Entries that
    /// were there are forgotten, not dropped.
    pub(in crate::bucket) fn wipe(&mut self) {
        self.main.wipe();
        self.chunks.clear();
        self.overflow = 0;
        if self.is_allocated() {
            self.limit = Self::limit_of(self.bits());
        }
    }
}
