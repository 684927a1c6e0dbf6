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

use super::Stamp;
use super::header::{CELLS, spares};
use super::raw::{Refused, Slab};
use super::tophash::{Tophash, Word};

use std::ptr::NonNull;

/// Where an entry was found.
pub(super) struct Place<T> {
    pub(super) bucket: usize,
    pub(super) cell: usize,
    /// The entry itself; good as long as the generation is not changed.
    pub(super) entry: NonNull<T>,
}

pub(super) struct Generation<T, M> {
    main: Slab<T, M>,
    /// The number of primary buckets less one. Below `main.buckets()`, unless that is 0.
    mask: usize,
    /// Overflow buckets taken into use.
    overflow: usize,
    /// Overflow buckets beyond the spare ones.
    chunks: Vec<Slab<T, M>>,
}

impl<T, M> Generation<T, M> {
    /// One bucket, not allocated yet.
    pub(super) const fn unallocated() -> Self {
        Self {
            main: Slab::vacant(),
            mask: 0,
            overflow: 0,
            chunks: Vec::new(),
        }
    }

    /// 2^`bits` empty buckets and their spares.
    pub(super) fn new(bits: u32) -> Result<Self, Refused> {
        let primary = 1_usize.checked_shl(bits).ok_or(Refused::TooLarge)?;
        let main = Slab::new(primary.checked_add(spares(bits)).ok_or(Refused::TooLarge)?)?;
        Ok(Self {
            main,
            mask: primary - 1,
            overflow: 0,
            chunks: Vec::new(),
        })
    }

    pub(super) const fn is_allocated(&self) -> bool {
        self.main.buckets() > 0
    }

    /// The number of primary buckets.
    #[inline]
    pub(super) const fn primary(&self) -> usize {
        self.mask + 1
    }

    #[inline]
    pub(super) const fn bits(&self) -> u32 {
        self.mask.count_ones()
    }

    /// The number of overflow buckets taken into use.
    #[inline]
    pub(super) const fn overflow(&self) -> usize {
        self.overflow
    }

    /// The number of buckets in use; every number below it is a bucket that [`Self::locate`] knows,
    /// except that an unallocated generation counts as having none.
    #[inline]
    pub(super) const fn buckets(&self) -> usize {
        if self.is_allocated() {
            self.primary() + self.overflow
        } else {
            0
        }
    }

    /// The primary bucket for a hash of which these are the low bits.
    #[inline]
    pub(super) const fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask
    }

    /// The slab that holds a bucket, and the bucket's index in it, which is below the slab's size.
    #[inline]
    fn locate(&self, bucket: usize) -> (&Slab<T, M>, usize) {
        if bucket < self.main.buckets() {
            return (&self.main, bucket);
        }
        self.locate_in_chunk(bucket)
    }

    /// Out of line: spares nearly always suffice, and the arithmetic would crowd every lookup.
    #[cold]
    #[inline(never)]
    fn locate_in_chunk(&self, bucket: usize) -> (&Slab<T, M>, usize) {
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
    pub(super) fn word(&self, bucket: usize) -> Word {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size.
        unsafe { slab.word(at) }
    }

    /// The number of the bucket that follows in the chain; 0 if none does.
    #[inline]
    pub(super) fn link(&self, bucket: usize) -> usize {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size.
        unsafe { slab.link(at) }
    }

    /// Whether the chain of primary bucket `home` has been evacuated.
    #[inline]
    pub(super) fn is_evacuated(&self, home: usize) -> bool {
        debug_assert!(home <= self.mask, "not a primary bucket: {home}");
        // SAFETY: the callers mask, and the mask is below the slab's size; were it not allocated,
        // `home` would be 0.
        unsafe { self.main.word(home & self.mask) }.is_evacuated()
    }

    /// Where the entry of a cell is, or would be.
    #[inline]
    pub(super) fn entry(&self, bucket: usize, cell: usize) -> NonNull<T> {
        assert!(cell < CELLS);
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size; the cell was just checked.
        unsafe { slab.cell(at, cell) }
    }

    /// Finds the entry with this hash that `eq` accepts, in the chain for the hash.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<Place<T>> {
        let top = Tophash::of(hash);
        let mut bucket = self.home(hash);
        let (mut slab, mut at) = (&self.main, bucket);
        loop {
            // SAFETY: `at` is below the slab's size. At first because the mask is, or it is 0 and the
            // slab unallocated; later because `locate` says so.
            let word = unsafe { slab.word(at) };
            for cell in word.matching(top) {
                // SAFETY: `at` as above, but not unallocated, as some byte is live; `matching` gives
                // cell numbers.
                let entry = unsafe { slab.cell(at, cell) };
                // SAFETY: the byte equals a hash's, so it is live, and by B1 the cell is initialised;
                // `&self` excludes writers.
                if eq(unsafe { entry.as_ref() }) {
                    return Some(Place {
                        bucket,
                        cell,
                        entry,
                    });
                }
            }
            if word.ends_chain() {
                return None;
            }
            // SAFETY: as for the word.
            bucket = unsafe { slab.link(at) };
            if bucket == 0 {
                return None;
            }
            (slab, at) = self.locate(bucket);
        }
    }

    /// Puts an entry into the first empty cell of the chain of `home`, which may lengthen it.
    pub(super) fn place(&mut self, home: usize, top: Tophash, stamp: M, entry: T) -> Place<T> {
        let (bucket, cell) = self.first_empty(home);
        debug_assert!(top.is_live(), "{top:?} in a live cell");
        let (slab, at) = self.locate_mut(bucket);
        // SAFETY: `locate_mut` answers with an index below the slab's size, here and below;
        // `first_empty` gives cell numbers.
        let slot = unsafe { slab.cell(at, cell) };
        // SAFETY: as above.
        let stamp_slot = unsafe { slab.stamp(at, cell) };
        // SAFETY: allocated memory of ours that `&mut self` lets us write. By B1 it holds no entry,
        // as the cell is empty, so nothing is overwritten.
        unsafe { slot.write(entry) };
        // SAFETY: as above.
        unsafe { stamp_slot.write(stamp) };
        // SAFETY: index as above.
        let word = unsafe { slab.word(at) }.with(cell, top);
        // SAFETY: index as above; the one cell that becomes live has just been written.
        unsafe { slab.set_word(at, word) };
        Place {
            bucket,
            cell,
            entry: slot,
        }
    }

    /// The first empty cell of the chain of `home`; appends a bucket if there is none.
    #[inline]
    fn first_empty(&mut self, home: usize) -> (usize, usize) {
        let mut bucket = home;
        loop {
            if let Some(cell) = self.word(bucket).first_empty() {
                return (bucket, cell);
            }
            match self.link(bucket) {
                0 => return (self.append(bucket), 0),
                next => bucket = next,
            }
        }
    }

    /// Takes an overflow bucket into use, at the end of the chain that `tail` ends.
    ///
    /// # Panics
    ///
    /// When bucket numbers run out or memory does, before anything is changed.
    fn append(&mut self, tail: usize) -> usize {
        let bucket = self.primary() + self.overflow;
        let link = u32::try_from(bucket).unwrap_or_else(|_| Refused::TooLarge.fail());
        if bucket >= self.main.buckets() {
            let (chunk, _) = self.chunk_of(bucket);
            if chunk == self.chunks.len() {
                let slab = Slab::new(self.first_chunk() << chunk);
                self.chunks
                    .push(slab.unwrap_or_else(|refused| refused.fail()));
            }
        }
        self.overflow += 1;
        let (slab, at) = self.locate_mut(tail);
        // SAFETY: `locate_mut` answers with an index below the slab's size.
        unsafe { slab.set_link(at, link) };
        bucket
    }

    /// Moves a live entry out and leaves its cell empty.
    ///
    /// # Safety
    ///
    /// The cell must be live, in a chain that is not evacuated and starts at `home`.
    pub(super) unsafe fn take(&mut self, home: usize, bucket: usize, cell: usize) -> T {
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
        // SAFETY: index as above; no cell becomes live.
        unsafe { slab.set_word(at, word.with(cell, Tophash::EMPTY_ONE)) };
        if self.is_rest(bucket, cell + 1) {
            self.extend_rest(home, bucket, cell);
        }
        entry
    }

    /// Whether the chain is emptyRest from this cell on; cell 8 is the first of the next bucket.
    fn is_rest(&self, bucket: usize, cell: usize) -> bool {
        if cell < CELLS {
            return self.word(bucket).byte(cell) == Tophash::EMPTY_REST;
        }
        match self.link(bucket) {
            0 => true,
            next => self.word(next).byte(0) == Tophash::EMPTY_REST,
        }
    }

    /// Turns this emptyOne cell, after which there is only emptyRest, into emptyRest, and likewise
    /// the emptyOne cells right before it, across buckets (B2).
    fn extend_rest(&mut self, home: usize, mut bucket: usize, mut cell: usize) {
        loop {
            let (slab, at) = self.locate_mut(bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size.
            let mut word = unsafe { slab.word(at) };
            while word.byte(cell) == Tophash::EMPTY_ONE {
                word = word.with(cell, Tophash::EMPTY_REST);
                if cell == 0 {
                    break;
                }
                cell -= 1;
            }
            // SAFETY: index as above; no cell becomes live.
            unsafe { slab.set_word(at, word) };
            if bucket == home || word.byte(0) != Tophash::EMPTY_REST {
                return;
            }
            bucket = self.before(home, bucket);
            cell = CELLS - 1;
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

    /// Makes every bucket empty, unlinks the overflow buckets and frees the chunks. Entries that were
    /// there are forgotten, not dropped.
    pub(super) fn wipe(&mut self) {
        self.main.wipe();
        self.chunks.clear();
        self.overflow = 0;
    }
}

impl<T, M: Stamp> Generation<T, M> {
    /// The stamp of a live cell.
    #[inline]
    pub(super) fn stamp(&self, bucket: usize, cell: usize) -> M {
        let (slab, at) = self.locate(bucket);
        // SAFETY: `locate` answers with an index below the slab's size, here and below.
        assert!(unsafe { slab.word(at) }.byte(cell).is_live());
        // SAFETY: index as above; a live cell's number is one.
        let stamp = unsafe { slab.stamp(at, cell) };
        // SAFETY: the cell is live, so by B1 the stamp is initialised.
        unsafe { stamp.read() }
    }

    /// Finds the entry with this stamp.
    pub(super) fn find_stamp(&self, stamp: M) -> Option<Place<T>>
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
                return Some(Place {
                    bucket,
                    cell,
                    entry,
                });
            }
            bucket = self.link(bucket);
            if bucket == 0 {
                return None;
            }
        }
    }

    /// Moves every entry of the chain of `home` into `to`, which has as many buckets or twice as many,
    /// and leaves the marks that say where each went.
    ///
    /// The destination chains are empty before (B6), so entries are appended densely. Calls no user
    /// code. An append can only fail by running out of bucket numbers, after which the table is good
    /// for being dropped: every entry is live in exactly one place.
    pub(super) fn evacuate(&mut self, home: usize, to: &mut Self) {
        let split = if to.mask == self.mask {
            0
        } else {
            self.primary()
        };
        let mut x = Tail {
            bucket: home,
            cell: 0,
        };
        let mut y = Tail {
            bucket: home + split,
            cell: 0,
        };
        let mut bucket = home;
        loop {
            let (slab, at) = self.locate_mut(bucket);
            // SAFETY: `locate_mut` answers with an index below the slab's size.
            let word = unsafe { slab.word(at) };
            for cell in 0..CELLS {
                let byte = word.byte(cell);
                // SAFETY: index as above, here and below.
                let now = unsafe { slab.word(at) };
                if !byte.is_live() {
                    // SAFETY: no cell becomes live.
                    unsafe { slab.set_word(at, now.with(cell, Tophash::EVACUATED_EMPTY)) };
                    continue;
                }
                // SAFETY: index as above; a cell number.
                let entry = unsafe { slab.cell(at, cell) };
                // SAFETY: as above.
                let stamp = unsafe { slab.stamp(at, cell) };
                // SAFETY: live, so by B1 initialised; `M` is `Copy`.
                let stamp = unsafe { stamp.read() };
                let goes_up = stamp.low_hash() as usize & split != 0;
                let (tail, mark) = match goes_up {
                    false => (&mut x, Tophash::EVACUATED_X),
                    true => (&mut y, Tophash::EVACUATED_Y),
                };
                tail.make_room(to);
                // SAFETY: the cell is live and is marked as moved right below, with nothing in
                // between that could unwind.
                let entry = unsafe { entry.read() };
                // SAFETY: no cell becomes live.
                unsafe { slab.set_word(at, now.with(cell, mark)) };
                tail.push(to, byte, stamp, entry);
            }
            // SAFETY: index as above.
            bucket = unsafe { slab.link(at) };
            if bucket == 0 {
                return;
            }
        }
    }
}

/// The end of a chain that is being filled densely: its next cell.
struct Tail {
    bucket: usize,
    cell: usize,
}

impl Tail {
    /// Makes sure that the next cell exists, with a further bucket if need be.
    fn make_room<T, M>(&mut self, to: &mut Generation<T, M>) {
        if self.cell == CELLS {
            *self = Self {
                bucket: to.append(self.bucket),
                cell: 0,
            };
        }
    }

    /// Fills the next cell.
    fn push<T, M>(&mut self, to: &mut Generation<T, M>, top: Tophash, stamp: M, entry: T) {
        let _ = to.place(self.bucket, top, stamp, entry);
        self.cell += 1;
    }
}
