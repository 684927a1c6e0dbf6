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
//! * **D3** — `left_out` holds every entry that dirty was built without, each once, and passes over those that were
//!   revived since.
//! * **D4** — `leaving` holds entries that no map holds and that are not retired yet, each once. Those it passes over
//!   it knows by their address alone, and does not follow: they may be freed already.
//!
//! No code of the user's runs under the mutex: keys are compared before it is taken, and whoever finds then that
//! what he has compared with has changed leaves it and compares again.

use super::entry::{EntryPtr, Unpublished};
use super::fresh::{Fresh, Head};
use super::left_out::LeftOut;
use super::snapshot::{EntryTable, Snapshot};
use super::{Promotion, Section, SyncMap};
use crate::primitive::{MutexGuard, yield_point};
use crate::tuning::SPINS;

/// The mutex's content.
pub(super) struct Dirty<K, V> {
    pub(super) next: Option<Next<K, V>>,
    /// Entries of former snapshots, to be retired a few at a time (D4).
    pub(super) leaving: Vec<LeftOut<K, V>>,
    /// Keys added since the last promotion, as far as reported.
    pub(super) additions: usize,
    /// Lookups, since the last promotion, that found their key in a fresh list, as far as reported.
    pub(super) misses: usize,
    /// All additions noted by threads up to the last promotion.
    pub(super) additions_before: usize,
    pub(super) promotions: u64,
    pub(super) locked_ops: u64,
    /// When the next snapshot is begun.
    pub(super) policy: Promotion,
}

/// An entry, and a hash that places it.
pub(super) type Hashed<K, V> = (u64, EntryPtr<K, V>);

/// Dirty: the snapshot being built.
pub(super) struct Next<K, V> {
    pub(super) table: EntryTable<K, V>,
    /// Made little by little, as writing so much memory at once would be a pause.
    pub(super) fresh: Fresh<K, V>,
    /// Buckets of the current snapshot below this number are copied.
    pub(super) copied: usize,
    /// Buckets more that are to be copied, for what threads have noted.
    pub(super) owed: usize,
    /// Entries that are not taken over, as they have no value (D3).
    pub(super) left_out: LeftOut<K, V>,
    /// Empty: memory for the entries that a step looks at, so that it does not allocate.
    pub(super) found: Vec<Hashed<K, V>>,
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
            policy: Promotion::Automatic,
        }
    }
}

impl<K, V> Next<K, V> {
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
        self.locked(section, self.dirty.spin_and_lock(SPINS))
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

impl<K, V, S> Locked<'_, '_, '_, K, V, S> {
    /// Adds an entry to a frozen list of `snapshot`, and to dirty, which has a copy of the list (D1). Gives it back
    /// if the snapshot has been superseded, or the list has other entries than those `compared` with.
    pub(super) fn push_frozen(
        &mut self,
        snapshot: &Snapshot<K, V>,
        compared: Head<K, V>,
        new: Unpublished<K, V>,
        hash: u64,
    ) -> Result<EntryPtr<K, V>, Unpublished<K, V>> {
        if !self.is_current(snapshot) {
            return Err(new);
        }
        // The filter has its bit: the push that found the list frozen saw to that.
        let added = snapshot.fresh().list(hash).push_frozen(compared, new)?;
        yield_point(); // in the list, and not in dirty
        if !cfg!(splitmap_planted = "promotion_drops_key") {
            self.next().insert(added, hash);
        }
        self.section.count(1);
        self.section.note_addition();
        Ok(added)
    }

    /// Puts an entry of `snapshot` back into dirty if it is expunged; it has no value then. Does nothing if the
    /// snapshot has been superseded: the entry is in no other, or no longer expunged.
    pub(super) fn unexpunge(&mut self, snapshot: &Snapshot<K, V>, found: EntryPtr<K, V>) {
        if !self.is_current(snapshot) {
            return;
        }
        let entry = found.get(self.section);
        if entry.revive() {
            yield_point(); // nil, and not in dirty
            let next = self.next();
            next.insert(found, entry.hash());
            next.left_out.revive(found);
        }
    }

    /// Whether this is the current snapshot. Its address means no other one: the section keeps it.
    fn is_current(&self, snapshot: &Snapshot<K, V>) -> bool {
        core::ptr::eq(self.snapshot, snapshot)
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
