//! The read-only snapshot, and how it is published and found again.
//!
//! A snapshot is an immutable table of entry pointers, and the fresh lists of the keys that came since it was
//! built. It is published through an `arc-swap` cell and
//! then stamped valid by the generation counter; each thread keeps the snapshot it last saw in its reader
//! slot, and one load of the counter tells whether that is still the current one.
//!
//! # Invariants
//!
//! * **P1** — The cell and the counter change only under the mutex, the cell first. A snapshot counts as
//!   current from the store of the counter on; `SyncMap::clear` linearizes there.
//! * **P2** — A thread uses a snapshot only if, at some moment inside its section, the counter held that
//!   snapshot's generation. (The cell may already hold the next one; using that early would show
//!   one thread the future while another still sees the past.)
//! * **P3** — `amended` changes once, from false to true, before the first entry is pushed to a fresh list. So a
//!   reader that misses in the table and then finds the snapshot not amended, or nothing in the fresh list,
//!   knows that the key was absent at that moment, or, if the snapshot was superseded before (F4), at the
//!   moment when it was.
//! * **P4** — An entry that is dropped by a publication is retired after the store of the counter. A section
//!   that looks into the older snapshot read the older counter, so it began before the retirement.

use super::entry::{EntryPtr, Unpublished};
use super::fresh::{self, Fresh, Head, Push};
use super::{Section, SyncMap};
use crate::bucket::{Near, Position, Ruin, Table};
use crate::primitive::{
    Arc, AtomicBool, AtomicU64, Backoff, CachePadded, Ordering, SnapshotCell, random, yield_point,
};
use crate::reclaim;

/// A bucket table of entry pointers, with the low hash bits of each.
pub(super) type EntryTable<K, V> = Table<EntryPtr<K, V>, u32>;

impl reclaim::Ruin for Ruin {
    fn demolish(&mut self) -> bool {
        Ruin::demolish(self)
    }
}

/// The table that readers see, which does not change, and the keys that came since it was built.
pub(super) struct Snapshot<K, V> {
    generation: u64,
    /// Some fresh list may have an entry.
    amended: AtomicBool,
    table: EntryTable<K, V>,
    fresh: Fresh<K, V>,
}

impl<K, V> Snapshot<K, V> {
    fn new(generation: u64, table: EntryTable<K, V>, fresh: Fresh<K, V>) -> Self {
        assert!(!table.is_growing(), "lookups look into one generation");
        debug_assert_eq!(fresh.len(), table.buckets(), "a list for each bucket");
        Self {
            generation,
            amended: AtomicBool::new(false),
            table,
            fresh,
        }
    }

    /// What is left when nobody uses it any more, if that is much. The fresh lists, a tenth of it, are freed.
    pub(super) fn ruin(self) -> Option<Box<dyn reclaim::Ruin>> {
        self.table.into_ruin().map(|ruin| Box::new(ruin) as _)
    }

    pub(super) fn table(&self) -> &EntryTable<K, V> {
        &self.table
    }

    pub(super) fn fresh(&self) -> &Fresh<K, V> {
        &self.fresh
    }

    /// The table's entry that `is_key` accepts.
    ///
    /// Here and below `self` was found current inside `section` (P2), which is why its pointers may be followed.
    #[inline]
    pub(super) fn find_settled(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        is_key: impl Fn(&K) -> bool,
    ) -> Option<EntryPtr<K, V>> {
        match self.find_near(section, hash, &is_key) {
            Near::Found(found) => Some(found),
            Near::Ends => None,
            Near::GoesOn => self.find_further(section, hash, &is_key),
        }
    }

    /// The table's entry that `is_key` accepts, if it is where most are.
    #[inline]
    pub(super) fn find_near(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Near<EntryPtr<K, V>> {
        self.table.fetch_ahead(hash);
        let is_match = |entry: &EntryPtr<K, V>| is_key(entry.get(section).key());
        self.table.find_near(hash, is_match).map(|entry| *entry)
    }

    /// The table's entry that `is_key` accepts, if it is in an overflow bucket: after [`Near::GoesOn`].
    #[inline]
    pub(super) fn find_further(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<EntryPtr<K, V>> {
        let is_match = |entry: &EntryPtr<K, V>| is_key(entry.get(section).key());
        self.table.find_further(hash, is_match).copied()
    }

    /// Whether an entry with this hash may be in its fresh list. Asked after the table (P3).
    #[inline]
    pub(super) fn may_have_fresh(&self, hash: u64) -> bool {
        self.is_amended() && self.fresh.may_have(hash)
    }

    /// Adds an entry whose key is not in the table, and not in its list behind `compared`.
    pub(super) fn push(
        &self,
        section: &Section<'_, K, V>,
        new: Unpublished<K, V>,
        compared: Head<K, V>,
        hash: u64,
    ) -> Push<K, V>
    where
        K: Eq,
    {
        self.amend();
        self.fresh.expect(hash);
        let push = self.fresh.list(hash).push(section, new, compared, hash);
        if let Push::Added(_) = push {
            section.count(1);
            section.note_addition();
        }
        push
    }

    /// All entries, whatever their states.
    pub(super) fn entries(
        &self,
        section: &Section<'_, K, V>,
    ) -> impl Iterator<Item = EntryPtr<K, V>> {
        let mut at = fresh::At::start();
        let fresh = core::iter::from_fn(move || self.fresh.next(&mut at, section));
        self.table.iter(0).copied().chain(fresh)
    }

    /// The next entry of a walk over the snapshot.
    pub(super) fn next(
        &self,
        at: &mut At<K, V>,
        section: &Section<'_, K, V>,
    ) -> Option<EntryPtr<K, V>> {
        if !at.table_done {
            if let Some(entry) = self.table.next(&mut at.table, random) {
                return Some(*entry);
            }
            at.table_done = true;
        }
        self.fresh.next(&mut at.fresh, section)
    }

    /// Whether some fresh list may have an entry.
    #[inline]
    pub(super) fn is_amended(&self) -> bool {
        yield_point(); // the table was looked into
        // ORDERING: SeqCst. The total order with entries, lists and generations is for a thread that writes
        // one key and then misses another (P3). Model: sb::known_and_new_key.
        self.amended.load(Ordering::SeqCst)
    }

    /// Before an entry is pushed to a fresh list (P3). Writes to shared memory the first time only.
    pub(super) fn amend(&self) {
        if !self.is_amended() {
            // ORDERING: SeqCst, for the total order that `is_amended` names. Model: sb::known_and_new_key.
            self.amended.store(true, Ordering::SeqCst);
        }
    }
}

/// Where a walk over a snapshot is.
pub(super) struct At<K, V> {
    table: Position<EntryPtr<K, V>>,
    table_done: bool,
    fresh: fresh::At<K, V>,
}

impl<K, V> At<K, V> {
    pub(super) const fn start() -> Self {
        Self {
            table: Position::new(),
            table_done: false,
            fresh: fresh::At::start(),
        }
    }
}

/// Where the current snapshot is published.
pub(super) struct Published<K, V> {
    generation: CachePadded<AtomicU64>,
    cell: SnapshotCell<Snapshot<K, V>>,
}

impl<K, V> Published<K, V> {
    /// The generation of a map's first snapshot; 0 is that of no snapshot.
    const FIRST: u64 = 1;

    pub(super) fn new(table: EntryTable<K, V>) -> Self {
        let fresh = Fresh::new(table.buckets());
        let snapshot = Snapshot::new(Self::FIRST, table, fresh);
        Self {
            generation: CachePadded::new(AtomicU64::new(Self::FIRST)),
            cell: SnapshotCell::new(Arc::new(snapshot)),
        }
    }

    /// The current generation.
    #[inline]
    fn generation(&self) -> u64 {
        // ORDERING: SeqCst. Acquire pairs with the store in `replace`: what the publisher did before is
        // visible, so that a section that sees the new generation cannot reach what it dropped (P4).
        // The total order is for a thread that writes one key and then misses another, which is in the
        // next snapshot alone. Model: sb::new_key_after_publication.
        self.generation.load(Ordering::SeqCst)
    }

    /// The current snapshot (P2).
    #[inline]
    pub(super) fn current<'s>(&self, section: &'s Section<'_, K, V>) -> &'s Snapshot<K, V> {
        let generation = self.generation();
        yield_point(); // the snapshot may be superseded
        match section.cached(generation) {
            Some(snapshot) => snapshot,
            None => self.reload(section),
        }
    }

    /// Another share of the current snapshot.
    pub(super) fn current_shared(&self, section: &Section<'_, K, V>) -> Arc<Snapshot<K, V>> {
        let generation = self.current(section).generation;
        match section.cached_shared(generation) {
            Some(snapshot) => snapshot,
            None => unreachable!("the snapshot was cached one line above"),
        }
    }

    /// Loads the current snapshot into the thread's slot: once per thread and publication.
    ///
    /// Waits while another thread is between the two stores of `replace`, a few instructions.
    #[cold]
    #[inline(never)]
    fn reload<'s>(&self, section: &'s Section<'_, K, V>) -> &'s Snapshot<K, V> {
        let backoff = Backoff::new();
        loop {
            let snapshot = self.cell.load();
            yield_point(); // the two may be of different publications
            let generation = self.generation();
            if snapshot.generation == generation {
                return section.cache(generation, snapshot);
            }
            backoff.snooze();
        }
    }

    /// Publishes the next snapshot. Under the mutex (P1), with all lists of this one frozen (F4).
    pub(super) fn replace(&self, table: EntryTable<K, V>, fresh: Fresh<K, V>) {
        // 64 bits also on 32-bit machines: a counter that came round would make a thread that slept so
        // long take its old snapshot for the current one.
        let generation = self.generation() + 1;
        let snapshot = Snapshot::new(generation, table, fresh);
        self.cell.store(Arc::new(snapshot));
        yield_point(); // the cell is ahead of the counter
        // ORDERING: SeqCst. Release pairs with the load in `generation`; the total order is named
        // there. Model: sb::new_key_after_publication.
        self.generation.store(generation, Ordering::SeqCst);
    }

    /// The current snapshot, to whoever has the map to itself; an empty one takes its place.
    pub(super) fn take(&mut self) -> Arc<Snapshot<K, V>> {
        let snapshot = self.cell.load();
        let table = EntryTable::new();
        let fresh = Fresh::new(table.buckets());
        self.replace(table, fresh);
        snapshot
    }
}

impl<K, V, S> SyncMap<K, V, S> {
    /// The current snapshot, for as long as the section is open.
    #[inline]
    pub(super) fn current<'s>(&self, section: &'s Section<'_, K, V>) -> &'s Snapshot<K, V> {
        self.published.current(section)
    }
}
