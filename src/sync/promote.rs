//! When the next snapshot is built, and how.
//!
//! ```text
//!   calm ── due ──▶ begun ── copy, a few buckets at a time ──▶ copied ── publish ──▶ calm
//! ```
//!
//! Every thread notes what it adds, removes, and finds in a fresh list, and reports when it has noted
//! so many of them ([`MOST_PATIENCE`]): it takes the mutex if that is free and takes a step of the above. So do the
//! operations that need the mutex for themselves. No step does work in proportion to the map, or to what is owed: it ends
//! with the buckets in which it comes to so many entries ([`ENTRIES_AT_ONCE`]), and leaves the rest to the next. Only the
//! lists of those buckets are copied however long they are: a few entries each, unless additions were not counted for
//! long, under [`Promotion::Manual`] or as the thread that was to copy them was kept from running.
//!
//! The next snapshot is due when there were so many additions and misses together for each bucket: see
//! [`PRESSURE_PER_BUCKET`] for how many, and why. It is also due when more than half of the keys have gone. So says
//! the default policy; the user may choose another ([`Promotion`]).
//!
//! A deleted key goes in two steps. Its bucket's copy leaves the entry out (it is expunged), the publication of
//! that copy drops it from the snapshot; then it is retired. [`Locked::purge`] takes all steps at once.

use core::ops::Range;

use super::dirty::{Hashed, Locked, Next};
use super::entry::Retired;
use super::fresh::{Fresh, List};
use super::left_out::LeftOut;
use super::snapshot::{EntryTable, Snapshot};
use super::{Promotion, Section, SyncMap};
use crate::primitive::yield_point;
use crate::reclaim::Tally;
use crate::tuning::{
    BUCKETS_ABREAST, BUCKETS_PER_NOTE, ENTRIES_AT_ONCE, GROWTH_STEP, LEAST_REMOVALS, LEAVING_STEP,
    LISTS_AT_ONCE, MOST_PATIENCE, PRESSURE_PER_BUCKET,
};

/// Entries of the buckets that are copied together, usually.
const USUAL: usize = 16 * BUCKETS_ABREAST;

impl<K, V> Snapshot<K, V> {
    /// Freezes the lists of up to [`BUCKETS_ABREAST`] buckets, and adds to `found` what these and their lists
    /// hold. Under the mutex.
    ///
    /// PERF: takes a step in every list before the next one in any, as a step is a cache miss in a large map, and
    /// only those of different lists can be under way at once.
    fn freeze(
        &self,
        section: &Section<'_, K, V>,
        buckets: Range<usize>,
        found: &mut Vec<Hashed<K, V>>,
    ) {
        let mut at = [None; BUCKETS_ABREAST];
        for (at, bucket) in at.iter_mut().zip(buckets) {
            *at = self.fresh().of_bucket(bucket).freeze();
            self.table()
                .for_each_of(bucket, |hash, entry| found.push((hash, *entry)));
        }
        while at.iter().any(Option::is_some) {
            for at in &mut at {
                let Some(pointer) = *at else { continue };
                let entry = pointer.get(section);
                found.push((entry.hash(), pointer));
                *at = entry.next();
            }
        }
    }

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
        let buckets = (tally.total() as usize)
            .saturating_add(1)
            .saturating_mul(BUCKETS_PER_NOTE);
        match &mut self.dirty.next {
            None => {
                if self.is_due(tally) {
                    self.begin();
                }
            }
            Some(next) if next.copied < self.snapshot.table().buckets() => {
                self.copy(buckets, ENTRIES_AT_ONCE);
            }
            Some(next) if !next.is_ready() => next.get_ready(),
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
        self.dirty.next = Some(Next::with_room_for(keys + keys / 4 + 1));
    }

    /// Copies `owed` buckets more, each with its fresh list; those after `most` entries are left to the next step.
    fn copy(&mut self, owed: usize, most: usize) {
        let Some(next) = &mut self.dirty.next else {
            return;
        };
        next.owed = next.owed.saturating_add(owed);
        let snapshot = self.snapshot;
        let buckets = snapshot.table().buckets();
        let (left, mut entries) = (buckets - next.copied, 0);
        while next.owed > 0 && next.copied < buckets && entries < most {
            let group = next.owed.min(BUCKETS_ABREAST).min(buckets - next.copied);
            let end = next.copied + group;
            snapshot.freeze(self.section, next.copied..end, &mut next.found);
            entries += next.found.len();
            next.take_over_found(self.section);
            next.owed -= group;
            next.copied = end;
        }
        next.make_lists(buckets - next.copied, left);
    }

    /// Publishes the next snapshot, all of which is copied. The caller lets entries leave.
    fn publish(&mut self) {
        let Some(mut next) = self.dirty.next.take() else {
            return;
        };
        // Both are done, unless all steps are taken at once.
        next.table.finish_growth();
        next.fresh.make(next.table.buckets());
        self.publish_table(next.table, next.fresh);
        yield_point(); // what the new snapshot lacks is not retired yet
        self.dirty.promotions += 1;
        if !next.left_out.is_empty() {
            self.dirty.leaving.push(next.left_out);
        }
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
        let Some(last) = self.dirty.leaving.last_mut() else {
            return;
        };
        if !last.take(most, |entry| self.section.retire(Retired::entry(entry))) {
            self.dirty.leaving.pop();
        }
        // What others removed, and the thread may idle from here on: it keeps none of it back.
        self.section.flush();
    }

    /// Retires all of them. O(them).
    fn let_all_leave(&mut self) {
        while !self.dirty.leaving.is_empty() {
            self.let_leave(usize::MAX);
        }
    }

    /// Publishes a snapshot whose table has every key and no deleted one, if the current one is not so, and
    /// retires what is to leave. O(map).
    pub(super) fn purge(&mut self) {
        let has_deleted = self.map.len() < self.snapshot.table().len();
        if self.snapshot.is_amended() || self.dirty.next.is_some() || has_deleted {
            self.rebuild();
        } else {
            self.let_all_leave();
        }
    }

    /// Publishes a snapshot whose table has room for the keys there are and a quarter more, and no deleted
    /// key, and retires what is to leave. O(map).
    pub(super) fn rebuild(&mut self) {
        // From the beginning, as keys may have been deleted in what is copied already.
        self.begin();
        self.copy(usize::MAX, usize::MAX);
        self.publish();
        self.let_all_leave();
    }
}

impl<K, V> Next<K, V> {
    fn with_room_for(keys: usize) -> Self {
        let table = EntryTable::with_capacity(keys);
        let fresh = Fresh::with_room_for(table.buckets());
        Self {
            table,
            fresh,
            copied: 0,
            owed: 0,
            left_out: LeftOut::new(),
            found: Vec::with_capacity(USUAL),
        }
    }

    /// Whether this can be published as it is, if all buckets are copied.
    fn is_ready(&self) -> bool {
        !self.table.is_growing() && self.fresh.len() == self.table.buckets()
    }

    /// Makes its share of the lists, if `before` buckets were to be copied and now `left` are. Their memory is taken
    /// when the building begins; it moves if the table has grown since.
    fn make_lists(&mut self, left: usize, before: usize) {
        let missing = self.table.buckets() - self.fresh.len();
        let share = missing.div_ceil(before.max(1)) * (before - left);
        let lists = share.min(missing).min(LISTS_AT_ONCE);
        self.fresh.make(self.fresh.len() + lists);
    }

    /// Takes a step of what is left to do after the copying, if far more keys came than there was room for.
    fn get_ready(&mut self) {
        for _ in 0..GROWTH_STEP {
            self.table.advance_growth(0);
        }
        self.make_lists(0, 1);
    }

    /// Takes the entries found over, but for those without a value: they are expunged.
    ///
    /// PERF: all of them are looked at before any is inserted. The looks are cache misses in a large map, and
    /// only with nothing else between them are several under way at once.
    fn take_over_found(&mut self, section: &Section<'_, K, V>) {
        let mut found = core::mem::take(&mut self.found);
        found.retain(|(_, entry)| {
            let stays = !entry.get(section).expunge();
            if !stays {
                self.left_out.push(*entry);
            }
            stays
        });
        for (hash, entry) in found.drain(..) {
            self.insert(entry, hash);
        }
        self.found = found;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::entry::EntryPtr;

    const KEYS: u64 = 20_000;

    /// Entries of the last group that a step copies, and more.
    const GROUP: usize = 32 * BUCKETS_ABREAST;

    #[test]
    fn a_step_stays_short_however_much_was_noted() {
        let map: SyncMap<u64, u64> = (0..KEYS).map(|key| (key, key)).collect();
        let section = map.domain.enter();
        let mut locked = map.lock(&section);
        locked.rebuild();
        locked.begin();
        (0..KEYS).for_each(|_| section.note_miss());

        let (mut copied, mut steps) = (0, 0);
        while let Some(next) = &locked.dirty.next {
            let more = next.table.len() - copied;
            assert!(more <= ENTRIES_AT_ONCE + GROUP, "{more} in one step");
            copied = next.table.len();
            locked.step();
            steps += 1;
        }
        assert!(steps > KEYS as usize / (ENTRIES_AT_ONCE + GROUP));
        assert_eq!(locked.snapshot.table().len(), KEYS as usize);
    }

    #[test]
    fn a_table_that_has_to_grow_is_made_ready_in_short_steps() {
        let entries: Vec<_> = (0..KEYS).map(|key| EntryPtr::new(key, key, ())).collect();
        let mut next = Next::with_room_for(0);
        for (&entry, hash) in entries.iter().zip(0..) {
            next.insert(entry, hash);
            if hash > KEYS / 2 && next.table.is_growing() {
                break;
            }
        }

        let mut steps = 0;
        while !next.is_ready() {
            let (moved, lists) = (next.table.layout().evacuated, next.fresh.len());
            next.get_ready();
            let now = next.table.layout().evacuated;
            assert!(now <= moved + GROWTH_STEP + 1, "from {moved} to {now}");
            assert!(next.fresh.len() <= lists + LISTS_AT_ONCE);
            steps += 1;
        }
        assert!(steps > 10, "{steps} steps are no test");
        entries.into_iter().map(Retired::entry).for_each(drop);
    }
}
