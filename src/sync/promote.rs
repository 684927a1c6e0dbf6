//! When dirty becomes the next snapshot.
//!
//! Go's rule: every operation that had to look into dirty is a miss, and as many misses as dirty has
//! entries pay for the next building of dirty, which copies it.
//!
//! A deleted key goes in two steps. Building dirty leaves the entry out (it is expunged), the promotion of
//! that dirty drops it from the snapshot; then it is retired. [`Locked::purge`] takes both steps at once.

use super::dirty::Locked;
use super::entry::{EntryPtr, Retired};
use super::snapshot::EntryTable;
use crate::primitive::yield_point;

impl<K, V, S> Locked<'_, '_, '_, K, V, S> {
    /// Counts a miss, and promotes when enough have come.
    pub(super) fn miss(&mut self) {
        self.dirty.misses += 1;
        if self.dirty.misses >= self.dirty.len() {
            self.promote();
        }
    }

    /// Publishes dirty as the next snapshot.
    pub(super) fn promote(&mut self) {
        let mut table = self.dirty.table.take().unwrap_or_else(EntryTable::new);
        table.finish_growth();
        self.map.published.replace(table);
        yield_point(); // what the new snapshot lacks is not retired yet
        self.dirty.misses = 0;
        self.dirty.promotions += 1;
        for pointer in core::mem::take(&mut self.dirty.expunged) {
            // A revived entry is in dirty, and so in the new snapshot (D3).
            if pointer.is_expunged() {
                self.section.retire(Retired::entry(pointer));
            }
        }
        // Much at once, and the thread may idle from here on: it keeps none of it back.
        self.section.flush();
        self.snapshot = self.map.current(self.section);
    }

    /// Publishes a snapshot without deleted keys, if the map has new or deleted keys. O(map).
    pub(super) fn purge(&mut self) {
        if self.is_amended() {
            self.drop_deleted_from_dirty();
        } else {
            let mut entries = self.snapshot.entries();
            if !entries.any(|entry| entry.get(self.section).load().is_none()) {
                return;
            }
            self.build_dirty();
        }
        self.promote();
    }

    /// Takes every entry without a value out of dirty.
    fn drop_deleted_from_dirty(&mut self) {
        // Revived entries first: one that was deleted again comes anew, and is listed once (D3).
        self.dirty.expunged.retain(|entry| entry.is_expunged());
        let Some(table) = &mut self.dirty.table else {
            return;
        };
        let deleted: Vec<EntryPtr<K, V>> = table
            .iter(0)
            .copied()
            .filter(|entry| entry.get(self.section).expunge())
            .collect();
        for &pointer in &deleted {
            table.remove(pointer.get(self.section).hash(), |other| *other == pointer);
        }
        self.dirty.expunged.extend(deleted);
    }
}
