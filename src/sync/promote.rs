//! When the next snapshot is built, and how.
//!
//! ```text
//!   calm ── due ──▶ begun ── copy, a few buckets at a time ──▶ copied ── publish ──▶ calm
//! ```
//!
//! Every thread notes what it adds, removes, and finds in a fresh list, and reports when it has noted
//! so many of them ([`MOST_PATIENCE`]): it takes the mutex if that is free and takes a step of the above. So do the
//! operations that need the mutex for themselves. No step does work in proportion to the map.
//!
//! The next snapshot is due when there were so many additions and misses together for each bucket: see
//! [`PRESSURE_PER_BUCKET`] for how many, and why. It is also due when more than half of the keys have gone. So says
//! the default policy; the user may choose another ([`Promotion`]).
//!
//! A deleted key goes in two steps. Its bucket's copy leaves the entry out (it is expunged), the publication of
//! that copy drops it from the snapshot; then it is retired. [`Locked::purge`] takes all steps at once.

use super::dirty::{Locked, Next};
use super::entry::{EntryPtr, Retired};
use super::fresh::{Fresh, List};
use super::snapshot::{EntryTable, Snapshot};
use super::{Promotion, Section, SyncMap};
use crate::primitive::yield_point;
use crate::reclaim::Tally;
use crate::tuning::{
    BUCKETS_PER_NOTE, LEAST_REMOVALS, LEAVING_STEP, MOST_PATIENCE, PRESSURE_PER_BUCKET,
};

/// Entries of one bucket and its lists, usually.
const USUAL: usize = 16;

impl<K, V> Snapshot<K, V> {
    /// How much a thread may note before it reports. In a small map additions and misses are reported at once, so
    /// that it is exact.
    fn patience(&self) -> u32 {
        let buckets = u32::try_from(self.table().buckets()).unwrap_or(u32::MAX);
        (buckets / 2).clamp(1, MOST_PATIENCE)
    }
}

impl<K, V, S> SyncMap<K, V, S> {
    /// Notes that a key was found in a fresh list of the snapshot.
    pub(super) fn note_miss(&self, section: &Section<'_, K, V>, snapshot: &Snapshot<K, V>) {
        section.note_miss();
        self.noted(section, snapshot);
    }

    /// Reports the additions and misses that the calling thread has noted, if those are enough.
    pub(super) fn noted(&self, section: &Section<'_, K, V>, snapshot: &Snapshot<K, V>) {
        let tally = section.tally();
        if tally.additions.saturating_add(tally.misses) >= snapshot.patience() {
            self.report(section);
        }
    }

    /// Notes that a key was removed.
    pub(super) fn note_removal(&self, section: &Section<'_, K, V>) {
        section.note_removal();
        let removals = section.tally().removals;
        if removals >= LEAST_REMOVALS && removals >= self.current(section).patience() {
            self.report(section);
        }
    }

    #[cold]
    #[inline(never)]
    fn report(&self, section: &Section<'_, K, V>) {
        // Another thread that has the mutex takes a step as well; ours comes with the next note.
        if let Some(mut locked) = self.try_lock(section) {
            locked.step();
        }
    }
}

impl<K, V, S> Locked<'_, '_, '_, K, V, S> {
    /// Counts what this thread has noted, and takes as much of a step as that pays for.
    pub(super) fn step(&mut self) {
        let tally = self.section.take_tally();
        self.dirty.additions += tally.additions as usize;
        self.dirty.misses += tally.misses as usize;
        let buckets = (tally.total() as usize + 1) * BUCKETS_PER_NOTE;
        match &self.dirty.next {
            None if self.is_due(tally) => self.begin(),
            None => {}
            Some(next) if next.copied < self.snapshot.table().buckets() => self.copy(buckets),
            Some(_) => self.publish(),
        }
        self.let_leave(LEAVING_STEP);
    }

    fn is_due(&self, tally: Tally) -> bool {
        let pressure = self.dirty.additions + self.dirty.misses;
        match self.dirty.policy {
            Promotion::Automatic => {}
            Promotion::Eager => return pressure > 0 || tally.removals > 0,
            Promotion::Manual => return false,
        }
        if pressure >= self.snapshot.fresh().len() * PRESSURE_PER_BUCKET {
            return true;
        }
        let keys = self.snapshot.table().len() + self.dirty.additions;
        tally.removals > 0 && self.map.len() < keys / 2
    }

    /// Begins the next snapshot, with room for the keys there are and a quarter more.
    fn begin(&mut self) {
        let keys = self.map.len();
        let table = EntryTable::with_capacity(keys + keys / 4 + 1);
        let fresh = Fresh::with_room_for(table.buckets());
        self.dirty.next = Some(Next {
            table,
            fresh,
            copied: 0,
            expunged: Vec::new(),
            revived: 0,
        });
    }

    /// Copies up to `most` buckets, each with its fresh lists.
    fn copy(&mut self, most: usize) {
        let Some(next) = &mut self.dirty.next else {
            return;
        };
        let (section, snapshot) = (self.section, self.snapshot);
        let buckets = snapshot.table().buckets();
        let end = next.copied.saturating_add(most).min(buckets);
        let mut found = Vec::with_capacity(USUAL);
        for bucket in next.copied..end {
            let table = snapshot.table();
            table.for_each_of(bucket, |entry| found.push(*entry));
            let newest = snapshot.fresh().of_bucket(bucket).freeze();
            let next_older = |entry: &EntryPtr<K, V>| entry.get(section).next();
            found.extend(core::iter::successors(newest, next_older));
            next.copy(section, &mut found);
        }
        next.copied = end;
        next.fresh.make(next.table.buckets() * end / buckets);
    }

    /// Publishes the next snapshot, all of which is copied. The caller lets entries leave.
    fn publish(&mut self) {
        let Some(mut next) = self.dirty.next.take() else {
            return;
        };
        // Done, unless far more keys came than there was room for.
        next.table.finish_growth();
        next.fresh.make(next.table.buckets());
        self.publish_table(next.table, next.fresh);
        yield_point(); // what the new snapshot lacks is not retired yet
        self.dirty.promotions += 1;
        let mut expunged = next.expunged;
        if next.revived > 0 {
            // A revived entry is in dirty, and so in the new snapshot (D3).
            expunged.retain(EntryPtr::is_expunged);
        }
        self.dirty.leaving.append(&mut expunged);
        // Much at once, and the thread may idle from here on: it keeps none of it back.
        self.section.flush();
    }

    /// Publishes the next snapshot. All lists of the current one are frozen (F4).
    pub(super) fn publish_table(&mut self, table: EntryTable<K, V>, fresh: Fresh<K, V>) {
        debug_assert!(self.snapshot.fresh().all().all(List::is_frozen), "F4");
        self.map.published.replace(table, fresh);
        self.snapshot = self.map.current(self.section);
        self.dirty.additions = 0;
        self.dirty.misses = 0;
        self.dirty.additions_before = self.map.domain.additions();
    }

    /// Retires up to `most` of the entries that former snapshots had.
    fn let_leave(&mut self, most: usize) {
        if self.dirty.leaving.is_empty() {
            return;
        }
        let stay = self.dirty.leaving.len().saturating_sub(most);
        for entry in self.dirty.leaving.drain(stay..) {
            self.section.retire(Retired::entry(entry));
        }
        // What others removed, and the thread may idle from here on: it keeps none of it back.
        self.section.flush();
    }

    /// Publishes a snapshot whose table has every key and no deleted one, if the current one is not so, and
    /// retires what is to leave. O(map).
    pub(super) fn purge(&mut self) {
        let has_deleted = self.map.len() < self.snapshot.table().len();
        if self.snapshot.is_amended() || self.dirty.next.is_some() || has_deleted {
            self.rebuild();
        } else {
            self.let_leave(usize::MAX);
        }
    }

    /// Publishes a snapshot whose table has room for the keys there are and a quarter more, and no deleted
    /// key, and retires what is to leave. O(map).
    pub(super) fn rebuild(&mut self) {
        // From the beginning, as keys may have been deleted in what is copied already.
        self.begin();
        self.copy(usize::MAX);
        self.publish();
        self.let_leave(usize::MAX);
    }
}

impl<K, V> Next<K, V> {
    /// Takes entries over, but for those without a value: they are expunged.
    ///
    /// PERF: all of them are looked at before any is inserted. The looks are cache misses in a large map, and
    /// only with nothing else between them are several under way at once.
    fn copy(&mut self, section: &Section<'_, K, V>, entries: &mut Vec<EntryPtr<K, V>>) {
        let expunged = &mut self.expunged;
        entries.retain(|entry| {
            let stays = !entry.get(section).expunge();
            if !stays {
                expunged.push(*entry);
            }
            stays
        });
        for entry in entries.drain(..) {
            self.insert(entry, entry.get(section).hash());
        }
    }
}
