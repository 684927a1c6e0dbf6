//! Walks over all live cells: the iterators.
//!
//! A walk goes through the buckets by number, those of the current generation and then, while
//! growing, those of the old one, from a starting bucket once around. It takes eight buckets at a
//! time where they are side by side, and gives their live cells from a starting cell once around.
//! An entry that moved has left a mark that is not live, so each is met once (B1, B3). The walk
//! counts down the entries left and so does not look at the buckets after the last one.

#![expect(unsafe_code, reason = "pointers to live cells become references")]

use std::iter::FusedIterator;
use std::marker::PhantomData;
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

/// Shared references to all entries.
pub(crate) struct Iter<'a, T, M: Stamp> {
    table: &'a Table<T, M>,
    walk: Walk<T>,
}

impl<'a, T, M: Stamp> Iter<'a, T, M> {
    pub(in crate::bucket) fn new(table: &'a Table<T, M>, start: u64) -> Self {
        Self {
            walk: Walk::new(table, start),
            table,
        }
    }
}

impl<T, M: Stamp> Clone for Iter<'_, T, M> {
    fn clone(&self) -> Self {
        Self {
            table: self.table,
            walk: self.walk.clone(),
        }
    }
}

impl<'a, T, M: Stamp> Iterator for Iter<'a, T, M> {
    type Item = &'a T;

    #[inline]
    fn next(&mut self) -> Option<&'a T> {
        let entry = self.walk.next(self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1; the table is borrowed for `'a`.
        Some(unsafe { entry.as_ref() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a T) -> B>(self, init: B, mut f: F) -> B {
        let fold = |all, entry: NonNull<T>| {
            // SAFETY: as in `next`.
            f(all, unsafe { entry.as_ref() })
        };
        self.walk.fold(self.table, init, fold)
    }
}

impl<T, M: Stamp> ExactSizeIterator for Iter<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for Iter<'_, T, M> {}

/// Exclusive references to all entries.
pub(crate) struct IterMut<'a, T, M: Stamp> {
    table: &'a mut Table<T, M>,
    walk: Walk<T>,
}

impl<'a, T, M: Stamp> IterMut<'a, T, M> {
    pub(in crate::bucket) fn new(table: &'a mut Table<T, M>, start: u64) -> Self {
        Self {
            walk: Walk::new(table, start),
            table,
        }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        Iter {
            table: self.table,
            walk: self.walk.clone(),
        }
    }
}

impl<'a, T, M: Stamp> Iterator for IterMut<'a, T, M> {
    type Item = &'a mut T;

    #[inline]
    fn next(&mut self) -> Option<&'a mut T> {
        let mut entry = self.walk.next(self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1, each once, so no two references
        // overlap; the table is borrowed exclusively for `'a`, and what `self` still does with it
        // is to read words, links and other cells.
        Some(unsafe { entry.as_mut() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }

    #[inline]
    fn fold<B, F: FnMut(B, &'a mut T) -> B>(self, init: B, mut f: F) -> B {
        let fold = |all, mut entry: NonNull<T>| {
            // SAFETY: as in `next`.
            f(all, unsafe { entry.as_mut() })
        };
        self.walk.fold(self.table, init, fold)
    }
}

impl<T, M: Stamp> ExactSizeIterator for IterMut<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for IterMut<'_, T, M> {}

/// The entries themselves.
pub(crate) struct IntoIter<T, M: Stamp> {
    /// Counts as empty, so that dropping it frees memory only: the entries are the walk's.
    table: Table<T, M>,
    walk: Walk<T>,
}

impl<T, M: Stamp> IntoIter<T, M> {
    pub(in crate::bucket) fn new(mut table: Table<T, M>, start: u64) -> Self {
        let walk = Walk::new(&table, start);
        table.len = 0;
        Self { table, walk }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        Iter {
            table: &self.table,
            walk: self.walk.clone(),
        }
    }

    fn drop_rest(&mut self) {
        let rest = self.walk.clone();
        (self.walk.live, self.walk.beyond) = (0, 0);
        rest.drop_entries(&mut self.table);
    }
}

impl<T, M: Stamp> Iterator for IntoIter<T, M> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        let entry = self.walk.next(&self.table)?;
        // SAFETY: the walk gives live cells, initialised by B1, each once; the table counts as
        // empty, so nobody else reads them.
        Some(unsafe { entry.read() })
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.walk.left(), Some(self.walk.left()))
    }
}

impl<T, M: Stamp> ExactSizeIterator for IntoIter<T, M> {}
impl<T, M: Stamp> FusedIterator for IntoIter<T, M> {}

impl<T, M: Stamp> Drop for IntoIter<T, M> {
    fn drop(&mut self) {
        self.drop_rest();
    }
}

/// The entries themselves; gives the buckets back to the table they came from.
pub(crate) struct Drain<'a, T, M: Stamp> {
    /// Where the buckets go back to; an unallocated table meanwhile, and for good if the iterator
    /// is forgotten. A pointer, so that `Drain` is covariant in `T`, as std's is: the table that
    /// goes back holds no `T`.
    origin: NonNull<Table<T, M>>,
    entries: IntoIter<T, M>,
    /// Whether there was anything to drain: if not, there is nothing to wipe.
    had_entries: bool,
    _borrow: PhantomData<&'a Table<T, M>>,
}

// SAFETY: `origin` is an exclusive borrow, and sending one needs what sending the table needs.
unsafe impl<T: Send, M: Stamp + Send> Send for Drain<'_, T, M> {}
// SAFETY: `&Drain` shows the entries still to come by reference and never looks at `origin`.
unsafe impl<T: Sync, M: Stamp + Sync> Sync for Drain<'_, T, M> {}

impl<'a, T, M: Stamp> Drain<'a, T, M> {
    pub(in crate::bucket) fn new(origin: &'a mut Table<T, M>, start: u64) -> Self {
        let had_entries = !origin.is_empty();
        let table = mem::replace(origin, Table::new());
        let entries = IntoIter::new(table, start);
        Self {
            origin: NonNull::from(origin),
            entries,
            had_entries,
            _borrow: PhantomData,
        }
    }

    /// The entries still to come.
    pub(in crate::bucket) fn rest(&self) -> Iter<'_, T, M> {
        self.entries.rest()
    }
}

impl<T, M: Stamp> Iterator for Drain<'_, T, M> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.entries.next()
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<T, M: Stamp> ExactSizeIterator for Drain<'_, T, M> {}
impl<T, M: Stamp> FusedIterator for Drain<'_, T, M> {}

impl<T, M: Stamp> Drop for Drain<'_, T, M> {
    fn drop(&mut self) {
        /// Gives the buckets back, also when an entry panics while it is dropped.
        struct GiveBack<'a, T, M: Stamp> {
            origin: &'a mut Table<T, M>,
            entries: &'a mut IntoIter<T, M>,
            had_entries: bool,
        }

        impl<T, M: Stamp> Drop for GiveBack<'_, T, M> {
            fn drop(&mut self) {
                if self.had_entries {
                    self.entries.table.wipe();
                }
                mem::swap(self.origin, &mut self.entries.table);
            }
        }

        // SAFETY: made from a reference whose lifetime `_borrow` carries, and not used elsewhere.
        let origin = unsafe { self.origin.as_mut() };
        let back = GiveBack {
            origin,
            entries: &mut self.entries,
            had_entries: self.had_entries,
        };
        back.entries.drop_rest();
    }
}
