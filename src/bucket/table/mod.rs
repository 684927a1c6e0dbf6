//! The table: entries found by hash, in one generation of buckets, or two while growing.
//!
//! Used by both maps, with different things in the cells. It never hashes and never compares: a
//! lookup brings a hash and a predicate, and each cell keeps a [`Stamp`] with the hash's low bits,
//! so that growth moves entries without asking user code anything. Only `find`, `find_mut` and
//! `remove` call back, before they change anything; entries that leave the table are returned, not
//! dropped, except by `clear` and by dropping it.

#![expect(unsafe_code, reason = "pointers to live cells become references")]

mod chain;
mod grow;
mod lookup;
pub(in crate::bucket) mod probe;
mod raw;
mod release;
mod ruin;
#[cfg(any(test, debug_assertions, splitmap_loom))]
mod validate;
pub(in crate::bucket) mod walk;

use core::mem;

pub(in crate::bucket) use self::chain::Generation;
pub(crate) use self::chain::Near;
use self::chain::Place;
use self::grow::Evacuation;
pub(crate) use self::ruin::Ruin;
pub(crate) use self::walk::Position;
use self::walk::{Drain, IntoIter, Iter, IterMut, Walk};
use crate::bucket::Stamp;
use crate::bucket::header::{Growth, Layout, MAX_BITS, bits_for, load_limit};

pub(crate) struct Table<T, M: Stamp> {
    /// Where entries go.
    pub(in crate::bucket) current: Generation<T, M>,
    pub(in crate::bucket) len: usize,
    /// Where entries may still be, while growing.
    pub(in crate::bucket) evacuation: Option<Box<Evacuation<T, M>>>,
}

impl<T, M: Stamp> Table<T, M> {
    /// An empty table without memory; the first insert allocates one bucket.
    pub(crate) const fn new() -> Self {
        Self {
            current: Generation::unallocated(),
            len: 0,
            evacuation: None,
        }
    }

    /// An empty table that holds `hint` entries before it grows. A hint for more memory than there
    /// is counts as 0.
    pub(crate) fn with_capacity(hint: usize) -> Self {
        let mut table = Self::new();
        if let Some(bits @ 1..) = bits_for(hint) {
            if let Ok(generation) = Generation::new(bits) {
                table.current = generation;
            }
        }
        table
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many entries the table holds before it must grow.
    pub(crate) fn capacity(&self) -> usize {
        // While a growth is under way the load limit is not enforced.
        let limit = usize::try_from(load_limit(self.current.bits())).unwrap_or(usize::MAX);
        limit.max(self.len)
    }

    pub(crate) fn layout(&self) -> Layout {
        let (old_buckets, evacuated, growth) = match &self.evacuation {
            None => (0, 0, Growth::None),
            Some(evacuation) => evacuation.progress(),
        };
        Layout {
            buckets: self.current.primary(),
            old_buckets,
            evacuated,
            overflow_buckets: self.current.overflow(),
            growth,
        }
    }

    /// The generation in which the entries with this hash are (B4).
    #[inline]
    pub(in crate::bucket) fn generation_of(&self, hash: u64) -> &Generation<T, M> {
        match &self.evacuation {
            Some(evacuation) if evacuation.holds(hash) => evacuation.old(),
            _ => &self.current,
        }
    }

    /// The number of primary buckets; entries with the same low bits of their hashes share one.
    pub(crate) fn buckets(&self) -> usize {
        self.current.primary()
    }

    /// Shows the entries of one primary bucket and its overflow buckets, each with a hash as
    /// [`Self::for_each_hashed`] does.
    ///
    /// # Panics
    ///
    /// While the table is growing, or if there is no such bucket.
    pub(crate) fn for_each_of(&self, bucket: usize, mut show: impl FnMut(u64, &T)) {
        assert!(self.evacuation.is_none(), "entries are in two generations");
        assert!(bucket < self.buckets(), "no primary bucket: {bucket}");
        if !self.current.is_allocated() {
            return;
        }
        let mut bucket = bucket;
        loop {
            let word = self.current.word(bucket);
            for cell in word.live() {
                let low_hash = self.current.stamp(bucket, cell).low_hash();
                let hash = word.byte(cell).rebuild_hash(low_hash);
                // SAFETY: the cell is live, so it is initialised (B1); `&self` keeps it so.
                show(hash, unsafe { self.current.entry(bucket, cell).as_ref() });
            }
            bucket = self.current.link(bucket);
            if bucket == 0 {
                return;
            }
        }
    }

    /// Adds an entry that the caller knows to be absent. May start a growth, and carries on one
    /// that is under way.
    ///
    /// # Panics
    ///
    /// "capacity overflow" when there would be more than 2^31 buckets or bucket numbers run out;
    /// the table is as before.
    #[inline]
    pub(crate) fn insert_new(&mut self, hash: u64, stamp: M, entry: T) -> &mut T {
        let mut place = self.place_new(hash, stamp, entry);
        // SAFETY: just initialised; `&mut self` excludes everyone else.
        unsafe { place.entry.as_mut() }
    }

    /// Like [`Self::insert_new`], to go on working with the entry.
    pub(in crate::bucket) fn insert_found(
        &mut self,
        hash: u64,
        stamp: M,
        entry: T,
    ) -> Found<'_, T, M> {
        let place = self.place_new(hash, stamp, entry);
        Found {
            table: self,
            hash,
            place,
        }
    }

    #[inline]
    fn place_new(&mut self, hash: u64, stamp: M, entry: T) -> Place<T> {
        debug_assert_eq!(stamp.low_hash(), hash as u32, "a stamp of another hash");
        self.grow_for_insert(hash);
        // SAFETY: `grow_for_insert` allocates if nothing was.
        let place = unsafe { self.current.place(hash, stamp, entry) };
        self.len += 1;
        place
    }

    /// Removes the entry with this hash that `eq` accepts, and carries on a growth that is under
    /// way, whether there is one or not.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<T> {
        let removed = self.take(hash, eq);
        self.advance_growth(hash);
        removed
    }

    #[inline]
    fn take(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<T> {
        let place = self.place_of(hash, eq)?;
        // SAFETY: just found for this hash.
        Some(unsafe { self.take_at(hash, &place) })
    }

    /// # Safety
    ///
    /// `place` must have been found for this hash, with no change to the table since.
    #[inline]
    unsafe fn take_at(&mut self, hash: u64, place: &Place<T>) -> T {
        let generation = match &mut self.evacuation {
            Some(evacuation) if evacuation.holds(hash) => evacuation.old_mut(),
            _ => &mut self.current,
        };
        let home = generation.home(hash);
        self.len -= 1;
        // SAFETY: the cell was found live, in the chain of `home` of this same generation, and that
        // chain is not evacuated, or its entries would be in the other generation (B4).
        unsafe { generation.take(home, place.bucket(), place.cell()) }
    }

    /// Removes every entry that `keep` rejects. No growth work is done.
    ///
    /// `removed` gets each rejected entry, and whether it was the last one, after the table is
    /// consistent without it.
    pub(crate) fn retain(
        &mut self,
        start: u64,
        mut keep: impl FnMut(&mut T) -> bool,
        mut removed: impl FnMut(T, bool),
    ) {
        let mut walk = Walk::new(self, start);
        while let Some((at, mut entry)) = walk.next_at(self) {
            // SAFETY: the walk gives live cells, initialised by B1, each once; `&mut self` excludes
            // everyone else.
            if keep(unsafe { entry.as_mut() }) {
                continue;
            }
            let generation = match &mut self.evacuation {
                Some(evacuation) if at.is_old => evacuation.old_mut(),
                _ => &mut self.current,
            };
            let home = generation.home(generation.stamp(at.bucket, at.cell).low_hash().into());
            self.len -= 1;
            // SAFETY: live, as the walk found it so and only `keep` ran since, which has no access
            // to the table; a live cell's chain is not evacuated (B3), and starts at its home (B4).
            let entry = unsafe { generation.take(home, at.bucket, at.cell) };
            removed(entry, self.len == 0);
        }
    }

    /// All entries, in the order of their buckets from a point that `start` chooses.
    pub(crate) fn iter(&self, start: u64) -> Iter<'_, T, M> {
        Iter::new(self, start)
    }

    /// Like [`Self::iter`], to change the entries.
    pub(crate) fn iter_mut(&mut self, start: u64) -> IterMut<'_, T, M> {
        IterMut::new(self, start)
    }

    /// The entries themselves.
    pub(crate) fn into_iter(self, start: u64) -> IntoIter<T, M> {
        IntoIter::new(self, start)
    }

    /// The entries themselves; the table is empty at once, and has its buckets back when the
    /// iterator is dropped.
    pub(crate) fn drain(&mut self, start: u64) -> Drain<'_, T, M> {
        Drain::new(self, start)
    }

    /// Shows every entry with its stamp and a hash that places it as its own would: the low 32 bits
    /// are the entry's, and the top 8 give the same tophash.
    pub(crate) fn for_each_hashed<'a>(&'a self, mut show: impl FnMut(u64, M, &'a T)) {
        let mut walk = Walk::new(self, 0);
        while let Some((at, entry)) = walk.next_at(self) {
            let generation = self.generation_at(&at);
            let stamp = generation.stamp(at.bucket, at.cell);
            let top = generation.word(at.bucket).byte(at.cell);
            // SAFETY: the walk gives live cells, initialised by B1; `&self` keeps them so.
            show(top.rebuild_hash(stamp.low_hash()), stamp, unsafe {
                entry.as_ref()
            });
        }
    }

    /// An empty table with as many buckets, or without any if there is no memory for them.
    pub(in crate::bucket) fn empty_twin(&self) -> Self {
        let mut twin = Self::new();
        if self.current.is_allocated() {
            if let Ok(generation) = Generation::new(self.current.bits()) {
                twin.current = generation;
            }
        }
        twin
    }

    /// Makes the table empty without dropping the entries; keeps the number of buckets.
    pub(in crate::bucket) fn wipe(&mut self) {
        self.len = 0;
        self.evacuation = None;
        self.current.wipe();
    }

    /// Whether there may be twice as many buckets.
    pub(in crate::bucket) fn can_double(&self) -> bool {
        self.current.bits() < MAX_BITS
    }
}

impl<T: Copy, M: Stamp> Table<T, M> {
    /// The memory of a large table, to be freed in parts; that of a small one is freed.
    pub(crate) fn into_ruin(mut self) -> Option<Ruin> {
        self.len = 0;
        mem::replace(&mut self.current, Generation::unallocated()).into_ruin()
    }
}

impl<T, M: Stamp> Drop for Table<T, M> {
    fn drop(&mut self) {
        Walk::new(self, 0).drop_entries(self);
    }
}

impl<T, M: Stamp + PartialEq> Table<T, M> {
    /// The entry with this stamp.
    pub(in crate::bucket) fn find_stamp(&self, stamp: M) -> Option<&T> {
        let place = self
            .generation_of(stamp.low_hash().into())
            .find_stamp(stamp)?;
        // SAFETY: `find_stamp` gives a live cell, initialised by B1; `&self` keeps it so.
        Some(unsafe { place.entry.as_ref() })
    }

    /// The entry with this hash that `eq` accepts, to go on working with it; the table back if
    /// there is none. Only if there is one, a growth under way is carried on.
    ///
    /// Stamps must tell entries apart.
    pub(in crate::bucket) fn find_entry(
        &mut self,
        hash: u64,
        eq: impl FnMut(&T) -> bool,
    ) -> Result<Found<'_, T, M>, &mut Self> {
        let Some(mut place) = self.place_of(hash, eq) else {
            return Err(self);
        };
        if self.evacuation.is_some() {
            let generation = self.generation_of(hash);
            let stamp = generation.stamp(place.bucket(), place.cell());
            self.advance_growth(hash);
            let moved = self.current.find_stamp(stamp);
            place = moved.expect("PANIC: growth work moves the chain and loses nothing");
        }
        Ok(Found {
            table: self,
            hash,
            place,
        })
    }
}

/// An entry, and the table it was found in.
pub(in crate::bucket) struct Found<'a, T, M: Stamp> {
    table: &'a mut Table<T, M>,
    hash: u64,
    /// Found for `hash`; the table has not changed since.
    place: Place<T>,
}

// SAFETY: `place` is the address of an entry of `table`; sending it along needs what sending the
// exclusive reference needs.
unsafe impl<T: Send, M: Stamp + Send> Send for Found<'_, T, M> {}
// SAFETY: `&Found` gives `&T` and nothing else.
unsafe impl<T: Sync, M: Stamp + Sync> Sync for Found<'_, T, M> {}

impl<'a, T, M: Stamp> Found<'a, T, M> {
    pub(in crate::bucket) fn get(&self) -> &T {
        // SAFETY: a live cell of a table that has not changed, initialised by B1.
        unsafe { self.place.entry.as_ref() }
    }

    pub(in crate::bucket) fn get_mut(&mut self) -> &mut T {
        // SAFETY: as for `get`; the table is borrowed exclusively, and through `&mut self`.
        unsafe { self.place.entry.as_mut() }
    }

    pub(in crate::bucket) fn into_mut(mut self) -> &'a mut T {
        // SAFETY: as for `get_mut`; `self` is used up, so for all of `'a` this is the only access.
        unsafe { self.place.entry.as_mut() }
    }

    /// Removes the entry; tells whether it was the last one.
    pub(in crate::bucket) fn remove(self) -> (T, bool) {
        // SAFETY: found for this hash, and the table has not changed since.
        let entry = unsafe { self.table.take_at(self.hash, &self.place) };
        (entry, self.table.is_empty())
    }
}
