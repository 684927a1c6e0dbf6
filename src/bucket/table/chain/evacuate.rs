//! Moving a chain to the next generation.

use std::ptr::NonNull;

use super::Generation;
use crate::bucket::Stamp;
use crate::bucket::header::CELLS;
use crate::bucket::table::raw::Slab;
use crate::bucket::tophash::{Tophash, Ups, Word};

impl<T, M: Stamp> Generation<T, M> {
    /// Moves every entry of the chain of `home` into `to`, which has as many buckets or twice as
    /// many, and leaves the marks that say where each went.
    ///
    /// The destination chains are empty before (B6), so entries are appended densely. Calls no user
    /// code. All that can fail is to get another overflow bucket, and that is done before any entry
    /// of a bucket is moved: should it unwind, each entry is live in exactly one place.
    pub(in crate::bucket) fn evacuate(&mut self, home: usize, to: &mut Self) {
        let fork = Fork {
            bit: self.bits(),
            two: usize::from(to.mask != self.mask),
        };
        let mut tails = [
            Tail::new(to, home),
            Tail::new(to, home + (fork.two << fork.bit)),
        ];
        let (slab, at) = self.locate_mut(home);
        // PERF: apart from the overflow buckets, since both tails begin with an empty bucket: all
        // that one bucket holds fits, without a look at how full they are.
        let push = |side: usize, top, stamp, entry| {
            // SAFETY: at most eight entries come. Each is live, so by B1 initialised, and is marked
            // as moved before anything that could unwind; `flush` follows.
            unsafe { tails[side].push(top, stamp, entry) };
        };
        // SAFETY: `locate_mut` answers with an index below the slab's size, here and below.
        unsafe { fork.scatter(slab, at, push) };
        for tail in &tails {
            tail.flush(to);
        }
        // SAFETY: as above.
        let next = unsafe { slab.link(at) };
        if next != 0 {
            self.evacuate_further(next, to, fork, tails);
        }
    }

    /// The rest of [`Self::evacuate`]: the overflow buckets, from `bucket` on.
    #[inline(never)]
    fn evacuate_further(
        &mut self,
        mut bucket: usize,
        to: &mut Self,
        fork: Fork,
        mut tails: [Tail<T, M>; 2],
    ) {
        while bucket != 0 {
            let (slab, at) = self.locate_mut(bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size, here and below.
            let count = unsafe { slab.word(at) }.live().count();
            if tails.iter().any(|tail| tail.used + count > CELLS) {
                to.reserve(tails.len());
            }
            let push = |side: usize, top, stamp, entry| {
                tails[side].make_room(to);
                // SAFETY: as in `evacuate`, but that room was made; what that may need is reserved,
                // so it does not unwind.
                unsafe { tails[side].push(top, stamp, entry) };
            };
            // SAFETY: index as above.
            unsafe { fork.scatter(slab, at, push) };
            for tail in &tails {
                tail.flush(to);
            }
            // SAFETY: index as above.
            bucket = unsafe { slab.link(at) };
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

/// Which of two chains each entry of a chain goes to.
#[derive(Clone, Copy)]
struct Fork {
    /// The bit of the hash that decides.
    bit: u32,
    /// 1 if there are two chains, 0 if there is only the first.
    two: usize,
}

impl Fork {
    /// Gives the entries of a bucket to `push`, each with the number of its chain, and leaves the
    /// marks that say where each went.
    ///
    /// # Safety
    ///
    /// `at` must be below the slab's size, and `push` must not unwind.
    #[inline]
    unsafe fn scatter<T, M: Stamp>(
        self,
        slab: &mut Slab<T, M>,
        at: usize,
        mut push: impl FnMut(usize, Tophash, M, NonNull<T>),
    ) {
        // SAFETY: in bounds by the caller's promise, here and below.
        let word = unsafe { slab.word(at) };
        let mut ups = Ups::NONE;
        for cell in word.live() {
            // SAFETY: index as above; `live` gives cell numbers.
            let stamp = unsafe { slab.stamp(at, cell) };
            // SAFETY: live, so by B1 initialised; `M` is `Copy`.
            let stamp = unsafe { stamp.read() };
            // SAFETY: index as above.
            let entry = unsafe { slab.cell(at, cell) };
            // PERF: a number, and not a branch that would be mispredicted every other time.
            let side = (stamp.low_hash() as usize >> self.bit) & self.two;
            push(side, word.byte(cell), stamp, entry);
            ups.add(cell, side);
        }
        // SAFETY: index as above; no cell becomes live.
        unsafe { slab.set_word(at, word.evacuated(ups)) };
    }
}

/// The last bucket of a chain that is being filled densely.
///
/// PERF: of a size that is a power of two, so that one of two is reached by a shift.
#[repr(align(64))]
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

    /// Goes on to a further bucket, the next overflow bucket, if this one is full.
    #[inline]
    fn make_room(&mut self, to: &mut Generation<T, M>) {
        if self.used == CELLS {
            self.flush(to);
            let next = to.append(self.bucket);
            *self = Self::new(to, next);
        }
    }

    /// Moves an entry into the next cell.
    ///
    /// # Safety
    ///
    /// * Not all cells may be in use.
    /// * `entry` must be initialised, and counts as moved out.
    /// * `flush` must follow before anybody looks at the bucket.
    #[inline]
    unsafe fn push(&mut self, top: Tophash, stamp: M, entry: NonNull<T>) {
        debug_assert!(self.used < CELLS, "a full bucket");
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
