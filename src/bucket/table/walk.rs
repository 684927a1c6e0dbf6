//! Walks over all live cells.
//!
//! A walk goes through the buckets by number, those of the current generation and then, while
//! growing, those of the old one, from a starting bucket once around. It takes eight buckets at a
//! time where they are side by side, and gives their live cells from a starting cell once around.
//! An entry that moved has left a mark that is not live, so each is met once (B1, B3). The walk
//! counts down the entries left and so does not look at the buckets after the last one.

#![expect(unsafe_code, reason = "pointers to live cells become references")]

mod into_iter;
mod iter;

pub(crate) use self::into_iter::{Drain, IntoIter};
pub(crate) use self::iter::{Iter, IterMut};

use std::mem;
use std::ptr::NonNull;

use super::Table;
use super::chain::{Generation, STRIDE};
use crate::bucket::Stamp;
use crate::bucket::header::CELLS;

/// A cell's address.
pub(in crate::bucket) struct At {
    pub(in crate::bucket) is_old: bool,
    pub(in crate::bucket) bucket: usize,
    pub(in crate::bucket) cell: usize,
}

/// A position in a walk. Belongs to one table, which must not grow, shrink or be cleared meanwhile;
/// the cell just given may be emptied.
pub(in crate::bucket) struct Walk<T> {
    /// A bit for each live cell of the stride under the walk that has not been given, seen from
    /// cell `turn` on: bit i stands for cell i + `turn` mod 64.
    live: u64,
    turn: u32,
    /// The first cell of the stride.
    cells: NonNull<T>,
    /// The first bucket of the stride; counted through both generations.
    first: usize,
    /// The first bucket after it.
    next: usize,
    /// Where the walk stops: at the number of buckets, and once it has begun again at bucket 0, at
    /// the bucket it started from.
    end: usize,
    /// The bucket it started from.
    start: usize,
    /// What `turn` is taken from.
    turns: u32,
    /// Live cells after the stride.
    beyond: usize,
}

// SAFETY: `cells` is an address, used only together with the table, whose own sharing rules then
// say what is allowed.
unsafe impl<T> Send for Walk<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Walk<T> {}

impl<T> Clone for Walk<T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<T> Walk<T> {
    /// A walk over all of `table`, with starting points taken from the bits of `start`.
    pub(in crate::bucket) fn new<M: Stamp>(table: &Table<T, M>, start: u64) -> Self {
        let buckets = table.walk_len();
        let first = (start >> 32) as usize % buckets.max(1);
        Self {
            live: 0,
            turn: 0,
            cells: NonNull::dangling(),
            first,
            next: first,
            end: buckets,
            start: first,
            turns: start as u32,
            beyond: table.len(),
        }
    }

    /// Live cells not given yet.
    #[inline]
    const fn left(&self) -> usize {
        self.beyond + self.live.count_ones() as usize
    }

    /// The next live cell, counted through the stride, after going on to another if need be.
    #[inline]
    fn next_cell<M: Stamp>(&mut self, table: &Table<T, M>) -> Option<usize> {
        if self.live == 0 && !self.enter_next(table) {
            return None;
        }
        let bit = self.live.trailing_zeros();
        self.live &= self.live - 1;
        Some((bit + self.turn) as usize % (STRIDE * CELLS))
    }

    /// Goes on to the next stride with a live cell; false if there is none.
    #[inline(never)]
    fn enter_next<M: Stamp>(&mut self, table: &Table<T, M>) -> bool {
        if self.beyond == 0 {
            return false;
        }
        while self.live == 0 {
            self.enter_stride(table);
        }
        true
    }

    fn enter_stride<M: Stamp>(&mut self, table: &Table<T, M>) {
        if self.next == self.end {
            (self.next, self.end) = (0, self.start);
        }
        self.first = self.next;
        let (_, bucket, generation) = table.walk_bucket(self.first);
        let stride = generation.stride(bucket, STRIDE.min(self.end - self.first));
        // PERF: a product, and not a remainder, which takes longer than the rest.
        let cells = (stride.buckets * CELLS) as u64;
        self.turn = ((u64::from(self.turns) * cells) >> 32) as u32;
        self.live = stride.live.rotate_right(self.turn);
        self.beyond -= self.live.count_ones() as usize;
        self.cells = stride.cells;
        self.next += stride.buckets;
    }

    /// The next live cell's entry.
    #[inline]
    fn next<M: Stamp>(&mut self, table: &Table<T, M>) -> Option<NonNull<T>> {
        let cell = self.next_cell(table)?;
        // SAFETY: the cells of a stride are side by side, and this is one of them.
        Some(unsafe { self.cells.add(cell) })
    }

    /// Gives the remaining live cells' entries to `f`, one after the other.
    ///
    /// PERF: the state of a stride stays in registers, which it does not between calls of `next`.
    #[inline]
    fn fold<M: Stamp, B>(
        mut self,
        table: &Table<T, M>,
        init: B,
        mut f: impl FnMut(B, NonNull<T>) -> B,
    ) -> B {
        let mut all = init;
        while self.live != 0 || self.enter_next(table) {
            let (cells, turn, mut live) = (self.cells, self.turn as usize, self.live);
            self.live = 0;
            while live != 0 {
                let cell = (live.trailing_zeros() as usize + turn) % (STRIDE * CELLS);
                live &= live - 1;
                // SAFETY: the cells of a stride are side by side, and this is one of them.
                all = f(all, unsafe { cells.add(cell) });
            }
        }
        all
    }

    /// Like [`Self::next`], with the address.
    pub(in crate::bucket) fn next_at<M: Stamp>(
        &mut self,
        table: &Table<T, M>,
    ) -> Option<(At, NonNull<T>)> {
        let cell = self.next_cell(table)?;
        let (is_old, bucket, generation) = table.walk_bucket(self.first + cell / CELLS);
        let cell = cell % CELLS;
        Some((
            At {
                is_old,
                bucket,
                cell,
            },
            generation.entry(bucket, cell),
        ))
    }

    /// Drops the entries not given yet, the rest also if dropping one panics. They stay marked
    /// live: the table must not be used again, but for its memory.
    pub(in crate::bucket) fn drop_entries<M: Stamp>(self, table: &mut Table<T, M>) {
        table.len = 0;
        if !mem::needs_drop::<T>() {
            return;
        }
        /// Goes on where an unwinding drop left off.
        struct Rest<'a, T, M: Stamp>(Walk<T>, &'a Table<T, M>);

        impl<T, M: Stamp> Rest<'_, T, M> {
            fn drop_all(&mut self) {
                while let Some(entry) = self.0.next(self.1) {
                    // SAFETY: the walk gives live cells, initialised by B1, each once, and nobody
                    // looks at the cells afterwards: the caller gives the table up.
                    unsafe { entry.drop_in_place() };
                }
            }
        }

        impl<T, M: Stamp> Drop for Rest<'_, T, M> {
            fn drop(&mut self) {
                self.drop_all();
            }
        }

        Rest(self, table).drop_all();
    }
}

impl<T, M: Stamp> Table<T, M> {
    /// The number of buckets a walk goes through.
    #[inline]
    fn walk_len(&self) -> usize {
        let old = self
            .evacuation
            .as_ref()
            .map_or(0, |evacuation| evacuation.old().buckets());
        self.current.buckets() + old
    }

    /// The bucket that is `number`th in a walk: whether it is old, its own number, its generation.
    #[inline]
    fn walk_bucket(&self, number: usize) -> (bool, usize, &Generation<T, M>) {
        let current = self.current.buckets();
        match &self.evacuation {
            Some(evacuation) if number >= current => (true, number - current, evacuation.old()),
            _ => (false, number, &self.current),
        }
    }

    /// The generation a cell is in.
    pub(in crate::bucket) fn generation_at(&self, at: &At) -> &Generation<T, M> {
        match &self.evacuation {
            Some(evacuation) if at.is_old => evacuation.old(),
            _ => &self.current,
        }
    }
}

/// A walk that borrows nothing between two steps, for a table that nobody changes.
pub(crate) struct Position<T>(Option<Walk<T>>);

impl<T> Position<T> {
    /// Before the first step.
    pub(crate) const fn new() -> Self {
        Self(None)
    }
}

impl<T, M: Stamp> Table<T, M> {
    /// The next entry of a walk over all of the table, from a starting point that `start` chooses at the
    /// first step.
    pub(crate) fn next(&self, at: &mut Position<T>, start: impl FnOnce() -> u64) -> Option<&T> {
        let walk = at.0.get_or_insert_with(|| Walk::new(self, start()));
        let (at, _) = walk.next_at(self)?;
        let generation = self.generation_at(&at);
        let is_live = generation
            .word(at.bucket)
            .live()
            .any(|live| live == at.cell);
        assert!(is_live, "the table is another, or was changed");
        let entry = generation.entry(at.bucket, at.cell);
        // SAFETY: a live cell of this table, as just seen, so it is initialised (B1); `&self` keeps it so.
        Some(unsafe { entry.as_ref() })
    }
}
