//! Handles on entries, and the invariants as a check; for models only.

use super::entry::{EntryPtr, Fill, Retired, Swap};
use super::snapshot::Snapshot;
use super::{Section, SyncMap};
use crate::primitive::Mutex;
use crate::reclaim::Domain;

/// One entry, in a domain of its own, without a map around it.
#[expect(missing_debug_implementations, reason = "nothing to show")]
pub struct Node<V> {
    domain: Domain<Snapshot<u32, V>, Retired<u32, V>>,
    entry: EntryPtr<u32, V>,
    /// In the place of the map's.
    mutex: Mutex<()>,
}

impl<V> Node<V> {
    /// An entry with a value, which counts.
    pub fn new(value: V) -> Self {
        let domain = Domain::new();
        domain.enter().count(1);
        Self {
            domain,
            entry: EntryPtr::new(0, 0, value),
            mutex: Mutex::new(()),
        }
    }

    /// `Entry::load`.
    pub fn load<R>(&self, see: impl FnOnce(&V) -> R) -> Option<R> {
        let section = self.domain.enter();
        self.entry.get(&section).load().map(see)
    }

    /// `Entry::swap`: the value replaced, if there was one; `Err` if the entry is expunged.
    pub fn swap<R>(&self, value: V, see: impl FnOnce(&V) -> R) -> Result<Option<R>, V> {
        let section = self.domain.enter();
        match self.entry.get(&section).swap(&section, Box::new(value)) {
            Swap::Replaced(old) => Ok(Some(see(old))),
            Swap::Filled => Ok(None),
            Swap::Expunged(value) => Err(*value),
        }
    }

    /// `Entry::fill`: the value that is there now; with `Err`, why the given one is not.
    pub fn fill<R>(&self, value: V, see: impl FnOnce(&V) -> R) -> Result<R, Option<R>> {
        let section = self.domain.enter();
        match self.entry.get(&section).fill(&section, value) {
            Fill::Stored(value) => Ok(see(value)),
            Fill::Occupied(current, _) => Err(Some(see(current))),
            Fill::Expunged(_) => Err(None),
        }
    }

    /// `Entry::load`, then `Entry::replace` of what was seen; `None` if there was nothing to see.
    pub fn replace<R>(&self, value: V, see: impl FnOnce(&V) -> R) -> Option<(R, bool)> {
        let section = self.domain.enter();
        let entry = self.entry.get(&section);
        let seen = entry.load()?;
        let replaced = entry.replace(&section, seen, Box::new(value)).is_ok();
        Some((see(seen), replaced))
    }

    /// `Entry::take`.
    pub fn take<R>(&self, see: impl FnOnce(&V) -> R) -> Option<R> {
        let section = self.domain.enter();
        self.entry.get(&section).take(&section).map(see)
    }

    /// `Entry::load`, then `Entry::take_seen` of what was seen; `None` if there was nothing to see.
    pub fn take_seen<R>(&self, see: impl FnOnce(&V) -> R) -> Option<(R, bool)> {
        let section = self.domain.enter();
        let entry = self.entry.get(&section);
        let seen = entry.load()?;
        let taken = entry.take_seen(&section, seen);
        Some((see(seen), taken))
    }

    /// `Entry::expunge`, under the mutex.
    pub fn expunge(&self) -> bool {
        let section = self.domain.enter();
        let _locked = self.mutex.lock();
        self.entry.get(&section).expunge()
    }

    /// `Entry::bury`.
    pub fn bury(&self) {
        let section = self.domain.enter();
        self.entry.get(&section).bury(&section);
    }

    /// `Entry::revive`, under the mutex.
    pub fn revive(&self) -> bool {
        let section = self.domain.enter();
        let _locked = self.mutex.lock();
        self.entry.get(&section).revive()
    }

    /// `Entry::revive` and then `Entry::swap` under one hold of the mutex, as the map's slow path does.
    pub fn swap_locked<R>(&self, value: V, see: impl FnOnce(&V) -> R) -> Option<R> {
        let section = self.domain.enter();
        let entry = self.entry.get(&section);
        let locked = self.mutex.lock();
        entry.revive();
        let swapped = entry.swap(&section, Box::new(value));
        drop(locked);
        match swapped {
            Swap::Replaced(old) => Some(see(old)),
            Swap::Filled => None,
            Swap::Expunged(_) => panic!("revived, and expunged only under the mutex (E2)"),
        }
    }

    /// Whether the entry is expunged; for when no other thread is using it.
    pub fn is_expunged(&self) -> bool {
        self.entry.is_expunged()
    }

    /// Values counted in, less those counted out.
    pub fn total(&self) -> usize {
        self.domain.total()
    }
}

impl<V> Drop for Node<V> {
    fn drop(&mut self) {
        drop(Retired::entry(self.entry));
    }
}

/// Panics unless the map, which no other thread is using, keeps E2, D1, D2 and D3, and counts right.
pub fn check<K, V, S>(map: &SyncMap<K, V, S>) {
    let section = map.domain.enter();
    let dirty = map.dirty.lock();
    let snapshot = map.current(&section);
    let in_dirty = |pointer: EntryPtr<K, V>| {
        let table = dirty.table.as_ref();
        let hash = pointer.get(&section).hash();
        table.is_some_and(|table| table.find(hash, |other| *other == pointer).is_some())
    };
    if snapshot.is_amended() {
        assert!(dirty.table.is_some(), "D1: amended without a dirty map");
    } else {
        assert_eq!(dirty.len(), 0, "D2: a dirty map that is not amended");
        assert!(
            dirty.expunged.is_empty(),
            "D2: expunged entries without a dirty map"
        );
    }
    for pointer in snapshot.entries() {
        if pointer.is_expunged() {
            assert!(
                snapshot.is_amended() && !in_dirty(pointer),
                "E2: wrongly expunged"
            );
            let listed = dirty.expunged.iter().filter(|other| **other == pointer);
            assert_eq!(listed.count(), 1, "D3: an expunged entry is listed once");
        } else {
            assert!(
                !snapshot.is_amended() || in_dirty(pointer),
                "E2: missing in dirty"
            );
        }
    }
    for pointer in &dirty.expunged {
        assert!(
            snapshot.entries().any(|other| other == *pointer),
            "D3: not of the snapshot"
        );
    }
    let entries = dirty.all_entries(snapshot);
    let live = entries.iter().filter(|entry| has_value(**entry, &section));
    assert_eq!(
        live.count(),
        map.len(),
        "the count is not that of the entries with a value"
    );
}

fn has_value<K, V>(entry: EntryPtr<K, V>, section: &Section<'_, K, V>) -> bool {
    entry.get(section).load().is_some()
}
