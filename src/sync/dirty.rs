//! What the mutex guards: the next snapshot while it is being built, and the operations that need it.
//!
//! Dirty is the snapshot to come. It is begun when enough has come, gone or been missed (`promote`), built a
//! few buckets at a time by operations that hold the mutex anyway, and then published. A bucket is copied with
//! its fresh lists, which are frozen first; from then on a new key of that bucket goes into dirty too. Entries
//! are shared with the current snapshot, so a change made through it without the mutex is a change of dirty too,
//! and publication looks at no entry.
//!
//! # Invariants
//!
//! While the mutex is free:
//!
//! * **D1** — Dirty holds exactly the entries of the copied buckets, of their table and of their lists, that are
//!   not expunged. The lists of the copied buckets, and no others, are frozen.
//! * **D2** — Without dirty, no entry of the snapshot is expunged and no list frozen.
//! * **D3** — `expunged` holds every entry that dirty was built without, each once, and perhaps some revived
//!   ones, which `revived` counts.
//! * **D4** — `leaving` holds entries that no map holds and that are not retired yet, each once.
//!
//! No closure and no `Drop` of the user's runs under the mutex. `Eq` does, in [`Locked::add`], and only for keys
//! whose hashes are equal; it finds the map consistent, and if it panics the mutex is released and nothing has
//! changed.

use super::entry::{Entry, EntryPtr, Found, Unpublished};
use super::fresh::{Fresh, Push};
use super::snapshot::{EntryTable, Snapshot};
use super::{Section, SyncMap};
use crate::primitive::{MutexGuard, yield_point};

/// The mutex's content.
pub(super) struct Dirty<K, V> {
    pub(super) next: Option<Next<K, V>>,
    /// Entries of former snapshots, to be retired a few at a time (D4).
    pub(super) leaving: Vec<EntryPtr<K, V>>,
    /// Keys added since the last promotion, as far as reported.
    pub(super) additions: usize,
    /// Lookups, since the last promotion, that found their key in a fresh list, as far as reported.
    pub(super) misses: usize,
    /// All additions noted by threads up to the last promotion.
    pub(super) additions_before: usize,
    pub(super) promotions: u64,
    pub(super) locked_ops: u64,
}

/// Dirty: the snapshot being built.
pub(super) struct Next<K, V> {
    pub(super) table: EntryTable<K, V>,
    /// Made little by little, as writing so much memory at once would be a pause.
    pub(super) fresh: Fresh<K, V>,
    /// Buckets of the current snapshot below this number are copied.
    pub(super) copied: usize,
    /// Entries left out (D3).
    pub(super) expunged: Vec<EntryPtr<K, V>>,
    pub(super) revived: usize,
}

impl<K, V> Dirty<K, V> {
    pub(super) const fn new() -> Self {
        Self {
            next: None,
            leaving: Vec::new(),
            additions: 0,
            misses: 0,
            additions_before: 0,
            promotions: 0,
            locked_ops: 0,
        }
    }
}

impl<K, V> Next<K, V> {
    /// Entries that are not taken over, as they have no value.
    pub(super) fn left_out(&self) -> usize {
        self.expunged.len() - self.revived
    }

    pub(super) fn insert(&mut self, entry: EntryPtr<K, V>, hash: u64) {
        self.table.insert_new(hash, low_bits(hash), entry);
    }
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
        self.locked(section, self.dirty.lock())
    }

    /// Takes the mutex, unless another thread has it.
    pub(super) fn try_lock<'map, 's, 'd>(
        &'map self,
        section: &'s Section<'d, K, V>,
    ) -> Option<Locked<'map, 's, 'd, K, V, S>> {
        Some(self.locked(section, self.dirty.try_lock()?))
    }

    fn locked<'map, 's, 'd>(
        &'map self,
        section: &'s Section<'d, K, V>,
        mut dirty: MutexGuard<'map, Dirty<K, V>>,
    ) -> Locked<'map, 's, 'd, K, V, S> {
        dirty.locked_ops += 1;
        Locked {
            map: self,
            section,
            snapshot: self.current(section),
            dirty,
        }
    }
}

/// Why a new entry was not added: the entry that has its key, and the new one.
pub(super) type Occupied<'s, K, V> = (&'s Entry<K, V>, Unpublished<K, V>);

impl<'s, K, V, S> Locked<'_, 's, '_, K, V, S> {
    /// Adds `new`, or else finds the entry that has its key, fit to be given a value while the mutex is held.
    pub(super) fn add(
        &mut self,
        hash: u64,
        new: Unpublished<K, V>,
    ) -> Result<Found<'s, K, V>, Occupied<'s, K, V>>
    where
        K: Eq,
    {
        let snapshot = self.snapshot;
        let fresh = snapshot.fresh();
        let settled = snapshot
            .find_settled(self.section, hash, |entry| {
                entry.may_hash_to(hash) && *new.key() == *entry.key()
            })
            .filter(|_| !cfg!(splitmap_planted = "stale_snapshot"));
        if let Some(found) = settled {
            return Err((self.unexpunged(found), new));
        }
        let head = match fresh.find(self.section, hash, |key| *new.key() == *key) {
            Ok(found) => return Err((self.unexpunged(found), new)),
            Err(head) => head,
        };
        let added = match snapshot.push(self.section, new, head, hash) {
            Push::Added(added) => added,
            Push::Present(found, new) => return Err((self.unexpunged(found), new)),
            Push::Frozen(new) => self.add_to_frozen(fresh, new, hash),
        };
        Ok(added.just_published(self.section))
    }

    /// Adds an entry whose key is nowhere to its list and to dirty, which has a copy of the list (D1).
    fn add_to_frozen(
        &mut self,
        fresh: &Fresh<K, V>,
        new: Unpublished<K, V>,
        hash: u64,
    ) -> EntryPtr<K, V> {
        fresh.expect(hash);
        let added = fresh.list(hash).push_frozen(new);
        yield_point(); // in the list, and not in dirty
        if !cfg!(splitmap_planted = "promotion_drops_key") {
            self.next().insert(added, hash);
        }
        self.section.count(1);
        self.section.note_addition();
        added
    }

    /// The entry, back in dirty if it was expunged; it has no value then.
    fn unexpunged(&mut self, found: EntryPtr<K, V>) -> &'s Entry<K, V> {
        let entry = found.get(self.section);
        if entry.revive() {
            yield_point(); // nil, and not in dirty
            let next = self.next();
            next.insert(found, entry.hash());
            next.revived += 1;
        }
        entry
    }

    fn next(&mut self) -> &mut Next<K, V> {
        match &mut self.dirty.next {
            Some(next) => next,
            None => unreachable!("an expunged entry or a frozen list, and no dirty (D2)"),
        }
    }
}

/// What a table keeps of a hash.
fn low_bits(hash: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    let low = hash as u32;
    low
}
