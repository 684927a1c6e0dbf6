//! Finding entries in a chain.

use super::{Generation, Near, Place};
use crate::bucket::Stamp;
use crate::bucket::table::probe::Candidates;
use crate::bucket::tophash::Word;

impl<T, M> Generation<T, M> {
    /// Has the processor fetch where an entry with this hash is, most likely.
    #[inline]
    pub(in crate::bucket) fn prefetch_cells(&self, hash: u64) {
        self.main.prefetch_cells(self.home(hash));
    }

    /// Has the processor fetch where an entry with this hash goes, most likely.
    #[inline]
    pub(in crate::bucket) fn prefetch(&self, hash: u64) {
        self.main.prefetch(self.home(hash));
    }

    /// Whether the primary bucket for a hash is empty from its first cell on.
    #[inline]
    pub(in crate::bucket) fn is_vacant(&self, hash: u64) -> bool {
        // SAFETY: the mask is below the slab's size, or it is 0 and the slab unallocated.
        let word = unsafe { self.main.word(self.home(hash)) };
        word == Word::EMPTY
    }

    /// The first cell of a primary bucket that may hold the entry with this hash.
    #[inline]
    pub(in crate::bucket) fn first_candidate(&self, home: usize, hash: u64) -> Option<usize> {
        Candidates::new(self.word(home), hash).first()
    }

    /// Finds the entry with this hash that `eq` accepts, in the chain for the hash.
    ///
    /// # Safety
    ///
    /// That chain must not be evacuated.
    #[inline]
    pub(in crate::bucket) unsafe fn find(
        &self,
        hash: u64,
        mut eq: impl FnMut(&T) -> bool,
    ) -> Option<Place<T>> {
        // SAFETY: not evacuated by the caller's promise.
        match unsafe { self.find_near(hash, &mut eq) } {
            Near::Found(place) => Some(place),
            Near::Ends => None,
            Near::GoesOn => self.find_further(hash, eq),
        }
    }

    /// The first part of [`Self::find`]: looks into the primary bucket.
    ///
    /// # Safety
    ///
    /// The chain for the hash must not be evacuated.
    #[inline]
    pub(in crate::bucket) unsafe fn find_near(
        &self,
        hash: u64,
        mut eq: impl FnMut(&T) -> bool,
    ) -> Near<Place<T>> {
        let home = self.home(hash);
        // SAFETY: the mask is below the slab's size, or it is 0 and the slab unallocated.
        let word = unsafe { self.main.word(home) };
        let mut candidates = Candidates::new(word, hash);
        while let Some(cell) = candidates.first() {
            // SAFETY: as above, but not unallocated, as some byte is live; `candidates` gives
            // cell numbers.
            let entry = unsafe { self.main.cell(home, cell) };
            // SAFETY: the chain is not evacuated, so by B3 the candidate is live, and by B1 the
            // cell is initialised; `&self` excludes writers.
            if eq(unsafe { entry.as_ref() }) {
                return Near::Found(Place::new(home, cell, entry));
            }
            candidates = candidates.rest();
        }
        // SAFETY: as for the word.
        match unsafe { self.main.link(home) } {
            0 => Near::Ends,
            _ => Near::GoesOn,
        }
    }

    /// The second part of [`Self::find`]: looks into the overflow buckets.
    ///
    /// PERF: a function of its own, which keeps the few instructions of the usual lookup free of
    /// what overflow buckets need.
    #[inline(never)]
    pub(in crate::bucket) fn find_further(
        &self,
        hash: u64,
        mut eq: impl FnMut(&T) -> bool,
    ) -> Option<Place<T>> {
        let mut bucket = self.home(hash);
        loop {
            bucket = self.link(bucket);
            if bucket == 0 {
                return None;
            }
            let (slab, at) = self.locate(bucket);
            // SAFETY: `locate` answers with an index below the slab's size.
            let word = unsafe { slab.word(at) };
            let mut candidates = Candidates::new(word, hash);
            while let Some(cell) = candidates.first() {
                // SAFETY: index as above; `candidates` gives cell numbers.
                let entry = unsafe { slab.cell(at, cell) };
                // SAFETY: initialised, as in `find`.
                if eq(unsafe { entry.as_ref() }) {
                    return Some(Place::new(bucket, cell, entry));
                }
                candidates = candidates.rest();
            }
            if word.ends_chain() {
                return None;
            }
        }
    }
}

impl<T, M: Stamp> Generation<T, M> {
    /// The stamp of a live cell.
    #[inline]
    pub(in crate::bucket) fn stamp(&self, bucket: usize, cell: usize) -> M {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size, here and below.
        assert!(unsafe { slab.word(at) }.byte(cell).is_live());
        // SAFETY: index as above; a live cell's number is one.
        let stamp = unsafe { slab.stamp(at, cell) };
        // SAFETY: the cell is live, so by B1 the stamp is initialised.
        unsafe { stamp.read() }
    }

    /// Finds the entry with this stamp.
    pub(in crate::bucket) fn find_stamp(&self, stamp: M) -> Option<Place<T>>
    where
        M: PartialEq,
    {
        if !self.is_allocated() {
            return None;
        }
        let mut bucket = self.home(stamp.low_hash().into());
        loop {
            let mut live = self.word(bucket).live();
            if let Some(cell) = live.find(|&cell| self.stamp(bucket, cell) == stamp) {
                let entry = self.entry(bucket, cell);
                return Some(Place::new(bucket, cell, entry));
            }
            bucket = self.link(bucket);
            if bucket == 0 {
                return None;
            }
        }
    }
}
