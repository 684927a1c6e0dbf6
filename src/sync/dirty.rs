//! Everything the mutex guards, and the operations that need it.
//!
//! The dirty map takes new keys. While it exists it holds every entry of the snapshot that is not expunged
//! (E2), the very same nodes, so that a change made through the snapshot without the mutex is a change
//! of dirty too, and promotion can replace the snapshot by dirty without looking at a single entry.
//!
//! # Invariants
//!
//! While the mutex is free:
//!
//! * **D1** — The snapshot is amended ⇒ dirty exists.
//! * **D2** — Not amended ⇒ dirty does not exist, or is the empty table that `clear` or a capacity hint left.
//! * **D3** — `expunged` holds every entry that dirty was built without, each once, and perhaps some revived
//!   ones.
//! * **D4** — An entry that only dirty holds gets a value only under the mutex; it may lose one without.
//!   So an entry that is unlinked from dirty with no value never gets one again.
//!
//! No closure and no `Drop` of the user's runs under the mutex. `Eq` does, in [`Locked::find_dirty`] and
//! [`Locked::find_read`], and only for keys whose 64-bit hashes are equal; it finds the map consistent,
//! and if it panics the mutex is released and nothing has changed.

use super::entry::{Entry, EntryPtr, Found, Retired};
use super::snapshot::{EntryTable, Snapshot};
use super::{Section, SyncMap};
use crate::primitive::{MutexGuard, yield_point};

/// The mutex's content.
pub(super) struct Dirty<K, V> {
    pub(super) table: Option<EntryTable<K, V>>,
    /// Entries left out of `table` when it was built (D3).
    pub(super) expunged: Vec<EntryPtr<K, V>>,
    /// Operations, since the last promotion, that had to look into `table`.
    pub(super) misses: usize,
    pub(super) promotions: u64,
    pub(super) locked_ops: u64,
}

impl<K, V> Dirty<K, V> {
    /// `capacity` is that of the first table.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            table: (capacity > 0).then(|| EntryTable::with_capacity(capacity)),
            expunged: Vec::new(),
            misses: 0,
            promotions: 0,
            locked_ops: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.as_ref().map_or(0, EntryTable::len)
    }

    /// Every entry of `snapshot` and of this, each once. The caller holds the mutex or owns the map.
    ///
    /// A snapshot that is amended has in dirty all its entries but the expunged ones (E2).
    pub(super) fn all_entries(&self, snapshot: &Snapshot<K, V>) -> Vec<EntryPtr<K, V>> {
        match &self.table {
            Some(table) if snapshot.is_amended() => {
                let expunged = self.expunged.iter().filter(|entry| entry.is_expunged());
                table.iter(0).chain(expunged).copied().collect()
            }
            _ => snapshot.entries().collect(),
        }
    }
}

/// Where an entry was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// In the snapshot, and perhaps in dirty too.
    Read,
    /// In dirty alone.
    Dirty,
}

/// An operation that holds the mutex.
pub(super) struct Locked<'map, 's, 'd, K, V, S> {
    pub(super) map: &'map SyncMap<K, V, S>,
    pub(super) section: &'s Section<'d, K, V>,
    /// Current for as long as the mutex is held, but for what this operation itself publishes.
    pub(super) snapshot: &'s Snapshot<K, V>,
    pub(super) dirty: MutexGuard<'map, Dirty<K, V>>,
}

impl<K, V, S> SyncMap<K, V, S> {
    /// Takes the mutex. Every caller looks at the snapshot again: it may have changed meanwhile.
    pub(super) fn lock<'map, 's, 'd>(
        &'map self,
        section: &'s Section<'d, K, V>,
    ) -> Locked<'map, 's, 'd, K, V, S> {
        yield_point(); // what the caller saw may change before the mutex is taken
        let mut dirty = self.dirty.lock();
        dirty.locked_ops += 1;
        Locked {
            map: self,
            section,
            snapshot: self.current(section),
            dirty,
        }
    }
}

impl<'s, K, V, S> Locked<'_, 's, '_, K, V, S> {
    /// The snapshot's entry of a key.
    pub(super) fn find_read(
        &self,
        hash: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<EntryPtr<K, V>> {
        self.snapshot.find(self.section, hash, |entry| {
            entry.hash() == hash && is_key(entry.key())
        })
    }

    /// Dirty's entry of a key.
    pub(super) fn find_dirty(
        &self,
        hash: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<EntryPtr<K, V>> {
        let table = self.dirty.table.as_ref()?;
        let found = table.find(hash, |entry| {
            let entry = entry.get(self.section);
            entry.hash() == hash && is_key(entry.key())
        });
        found.copied()
    }

    /// Whether dirty may hold keys that the snapshot lacks.
    pub(super) fn is_amended(&self) -> bool {
        self.snapshot.is_amended()
    }

    /// The entry of the snapshot or else of dirty, fit to be given a value while the mutex is held.
    ///
    /// An expunged entry goes back into dirty, with no value.
    pub(super) fn find_to_fill(
        &mut self,
        hash: u64,
        mut is_key: impl FnMut(&K) -> bool,
    ) -> Option<(Side, &'s Entry<K, V>)> {
        if let Some(pointer) = self.find_read(hash, &mut is_key) {
            let entry = pointer.get(self.section);
            if entry.revive() {
                yield_point(); // nil, and not in dirty
                self.insert_dirty(pointer, entry.hash());
            }
            return Some((Side::Read, entry));
        }
        let pointer = self.find_dirty(hash, is_key)?;
        Some((Side::Dirty, pointer.get(self.section)))
    }

    /// Adds a new key, which neither map holds.
    pub(super) fn add(&mut self, hash: u64, key: K, value: V) -> Found<'s, K, V> {
        if !self.is_amended() {
            self.build_dirty();
            yield_point(); // dirty exists, and nobody looks into it
            self.snapshot.amend();
        }
        let pointer = EntryPtr::new(hash, key, value);
        let entry = pointer.get(self.section);
        let Some(value) = entry.load() else {
            unreachable!("a new entry has a value, and nobody else has the entry");
        };
        self.insert_dirty(pointer, hash);
        self.section.count(1);
        (entry, value)
    }

    /// Finds a key in dirty, and unlinks and retires its entry if dirty alone holds it.
    ///
    /// The entry is to be emptied before the mutex is released (D4). That dirty alone holds it is asked of
    /// the snapshot by address: an `Eq` that contradicts itself may have missed it there a moment ago.
    pub(super) fn unlink(
        &mut self,
        hash: u64,
        is_key: impl FnMut(&K) -> bool,
    ) -> Option<&'s Entry<K, V>> {
        let section = self.section;
        let pointer = self.find_dirty(hash, is_key)?;
        let entry = pointer.get(section);
        let in_snapshot = self
            .snapshot
            .find(section, hash, |other| core::ptr::eq(other, entry));
        if in_snapshot.is_none() {
            if let Some(table) = &mut self.dirty.table {
                table.remove(hash, |other| *other == pointer);
            }
            section.retire(Retired::entry(pointer));
        }
        Some(entry)
    }

    fn insert_dirty(&mut self, pointer: EntryPtr<K, V>, hash: u64) {
        let table = self.dirty.table.get_or_insert_with(EntryTable::new);
        table.insert_new(hash, low_bits(hash), pointer);
    }

    /// Makes dirty from the snapshot's entries that have values; the others are expunged. O(snapshot).
    pub(super) fn build_dirty(&mut self) {
        if self.snapshot.len() == 0 {
            return;
        }
        let mut table = EntryTable::with_capacity(self.snapshot.len() + 1);
        for pointer in self.snapshot.entries() {
            let entry = pointer.get(self.section);
            let was_nil = cfg!(splitmap_planted = "promotion_drops_key") && entry.load().is_none();
            if entry.expunge() || was_nil {
                self.dirty.expunged.push(pointer);
            } else {
                table.insert_new(entry.hash(), low_bits(entry.hash()), pointer);
            }
        }
        self.dirty.table = Some(table);
    }
}

/// What a table keeps of a hash.
pub(super) fn low_bits(hash: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    let low = hash as u32;
    low
}
