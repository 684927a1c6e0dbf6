//! The read-only snapshot, and how it is published and found again.
//!
//! A snapshot is an immutable table of entry pointers. It is published through an `arc-swap` cell and
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
//! * **P3** — `amended` changes once, from false to true, under the mutex, before the first key that the
//!   snapshot lacks is in dirty. So a reader that misses in a current snapshot, and then finds it not
//!   amended, knows that the key was absent when it read the counter.
//! * **P4** — An entry that is dropped by a publication is retired after the store of the counter. A section
//!   that looks into the older snapshot read the older counter, so it began before the retirement.

use super::entry::{Entry, EntryPtr};
use super::{Section, SyncMap};
use crate::bucket::{Position, Table};
use crate::primitive::{
    Arc, AtomicBool, AtomicU64, Backoff, CachePadded, Ordering, SnapshotCell, random, yield_point,
};

/// A bucket table of entry pointers, with the low hash bits of each.
pub(super) type EntryTable<K, V> = Table<EntryPtr<K, V>, u32>;

/// An immutable table of entries, as readers see it.
pub(super) struct Snapshot<K, V> {
    generation: u64,
    amended: AtomicBool,
    table: EntryTable<K, V>,
}

impl<K, V> Snapshot<K, V> {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// The entry that `is_match` accepts among those with this hash, and perhaps others.
    ///
    /// `self` was found current inside `section` (P2), which is why its pointers may be followed.
    #[inline]
    pub(super) fn find(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        mut is_match: impl FnMut(&Entry<K, V>) -> bool,
    ) -> Option<EntryPtr<K, V>> {
        self.table
            .find(hash, |entry| is_match(entry.get(section)))
            .copied()
    }

    /// All entries, whatever their states, in an order of the table's.
    pub(super) fn entries(&self) -> impl Iterator<Item = EntryPtr<K, V>> {
        self.table.iter(0).copied()
    }

    /// The next entry of a walk over the snapshot.
    pub(super) fn next(&self, at: &mut Position<EntryPtr<K, V>>) -> Option<EntryPtr<K, V>> {
        self.table.next(at, random).copied()
    }

    /// Whether dirty may hold keys that the snapshot lacks.
    #[inline]
    pub(super) fn is_amended(&self) -> bool {
        yield_point(); // the snapshot was looked into
        // ORDERING: SeqCst. Acquire pairs with `amend`: who sees it takes the mutex, so nothing more is
        // published by it. The total order with entries and generations is for a thread that writes
        // one key, without the mutex, and then misses another (P3). Model: sb::known_and_new_key.
        self.amended.load(Ordering::SeqCst)
    }

    /// Under the mutex, before the first new key is put into dirty (P3).
    pub(super) fn amend(&self) {
        // ORDERING: SeqCst, for the total order that `is_amended` names. Model: sb::known_and_new_key.
        self.amended.store(true, Ordering::SeqCst);
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
        let snapshot = Snapshot {
            generation: Self::FIRST,
            amended: AtomicBool::new(false),
            table,
        };
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
        // The total order is for a thread that writes to one map and then finds a key in another, which
        // was cleared. Models: snapshot::read_vs_publish, sb::clear_of_another_map.
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

    /// Publishes `table` as the next snapshot. Under the mutex (P1).
    pub(super) fn replace(&self, table: EntryTable<K, V>) {
        // 64 bits also on 32-bit machines: a counter that came round would make a thread that slept so
        // long take its old snapshot for the current one.
        let generation = self.generation() + 1;
        self.cell.store(Arc::new(Snapshot {
            generation,
            amended: AtomicBool::new(false),
            table,
        }));
        yield_point(); // the cell is ahead of the counter
        // ORDERING: SeqCst. Release pairs with the load in `generation`; the total order is named
        // there. Models: snapshot::read_vs_publish, sb::clear_of_another_map.
        self.generation.store(generation, Ordering::SeqCst);
    }

    /// The current snapshot, to whoever has the map to itself; an empty one takes its place.
    pub(super) fn take(&mut self) -> Arc<Snapshot<K, V>> {
        let snapshot = self.cell.load();
        self.replace(EntryTable::new());
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
