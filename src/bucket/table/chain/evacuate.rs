//! Moving a chain to the next generation.

use std::ptr::NonNull;

use super::Generation;
use crate::bucket::Stamp;
use crate::bucket::header::CELLS;
use crate::bucket::tophash::{Tophash, Ups, Word};

impl<T, M: Stamp> Generation<T, M> {
    /// Moves every entry of the chain of `home` into `to`, which has as many buckets or twice as
    /// many, and leaves the marks that say where each went.
    ///
    /// The destination chains are empty before (B6), so entries are appended densely. Calls no user
    /// code. All that can fail is to get another overflow bucket, and that is done before any entry
    /// of a bucket is moved: should it unwind, each entry is live in exactly one place.
    pub(in crate::bucket) fn evacuate(&mut self, home: usize, to: &mut Self) {
        let split = if to.mask == self.mask {
            0
        } else {
            self.primary()
        };
        let mut tails = [Tail::new(to, home), Tail::new(to, home + split)];
        let mut bucket = home;
        loop {
            let (slab, at) = self.locate_mut(bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size, here and below.
            let word = unsafe { slab.word(at) };
            let count = word.live().count();
            if tails.iter().any(|tail| tail.used + count > CELLS) {
                to.reserve(tails.len());
            }
            let mut ups = Ups::NONE;
            for cell in word.live() {
                // SAFETY: index as above; `live` gives cell numbers.
                let stamp = unsafe { slab.stamp(at, cell) };
                // SAFETY: live, so by B1 initialised; `M` is `Copy`.
                let stamp = unsafe { stamp.read() };
                // SAFETY: index as above.
                let entry = unsafe { slab.cell(at, cell) };
                // PERF: an index, and not a branch that would be mispredicted every other time.
                let side = usize::from(stamp.low_hash() as usize & split != 0);
                // SAFETY: the entry is live, so by B1 initialised, and is marked as moved before
                // anything that could unwind; for a further bucket there is a reserve.
                unsafe { tails[side].push(to, word.byte(cell), stamp, entry) };
                ups.add(cell, side);
            }
            // SAFETY: index as above; no cell becomes live.
            unsafe { slab.set_word(at, word.evacuated(ups)) };
            for tail in &tails {
                tail.flush(to);
            }
            // SAFETY: index as above.
            bucket = unsafe { slab.link(at) };
            if bucket == 0 {
                return;
            }
        }
    }

    /// Makes sure that the next `count` overflow buckets can be taken into use without fail.
    #[cold]
    fn reserve(&mut self, count: usize) {
        for ahead in 0..count {
            self.allocate_overflow(ahead);
        }
    }
}

/// The last bucket of a chain that is being filled densely.
struct Tail<T, M> {
    bucket: usize,
    /// Its cells in use.
    used: usize,
    /// Its word, which is ahead of the bucket's own until `flush`.
    word: Word,
    cells: NonNull<T>,
    stamps: NonNull<M>,
}

impl<T, M> Tail<T, M> {
    /// The chain of primary bucket `home`, which is empty.
    fn new(to: &Generation<T, M>, home: usize) -> Self {
        let (cells, stamps) = to.cells_and_stamps(home);
        Self {
            bucket: home,
            used: 0,
            word: Word::EMPTY,
            cells,
            stamps,
        }
    }

    /// Moves an entry into the next cell, which may be the first of a further bucket.
    ///
    /// # Safety
    ///
    /// * `entry` must be initialised, and counts as moved out.
    /// * `flush` must follow before anybody looks at the bucket.
    #[inline]
    unsafe fn push(
        &mut self,
        to: &mut Generation<T, M>,
        top: Tophash,
        stamp: M,
        entry: NonNull<T>,
    ) {
        if self.used == CELLS {
            self.flush(to);
            let next = to.append(self.bucket);
            *self = Self::new(to, next);
        }
        // SAFETY: `cells` are the eight of a bucket, and `used` is below eight.
        let slot = unsafe { self.cells.add(self.used) };
        // SAFETY: initialised by the caller's promise; another generation's cells are elsewhere.
        unsafe { slot.copy_from_nonoverlapping(entry, 1) };
        // SAFETY: as for the cells.
        let slot = unsafe { self.stamps.add(self.used) };
        // SAFETY: memory of ours, of the right type.
        unsafe { slot.write(stamp) };
        self.word.put(self.used, top);
        self.used += 1;
    }

    /// Makes what was pushed live.
    #[inline]
    fn flush(&self, to: &mut Generation<T, M>) {
        if self.used > 0 {
            let (slab, at) = to.locate_mut(self.bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size; the first `used`
            // cells and stamps have been written, and the word makes no other live.
            unsafe { slab.set_word(at, self.word) };
        }
    }
}
