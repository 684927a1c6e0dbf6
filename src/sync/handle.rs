//! Handles on entries, and the invariants as a check; for models only.

use super::dirty::Next;
use super::entry::{EntryPtr, Fill, Retired, Swap, boxed};
use super::left_out::LeftOut;
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
        let domain = Domain::new(Snapshot::ruin);
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
        match self
            .entry
            .get(&section)
            .swap(&section, boxed(&section, value))
        {
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
        let replaced = entry
            .replace(&section, seen, boxed(&section, value))
            .is_ok();
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
    pub fn bury<R>(&self, see: impl FnOnce(&V) -> R) -> Option<R> {
        let section = self.domain.enter();
        self.entry.get(&section).bury(&section).map(see)
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
        let swapped = entry.swap(&section, boxed(&section, value));
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

/// One of the two parts of an entry's node.
#[expect(missing_debug_implementations, reason = "nothing to show")]
pub struct Half<V>(Retired<u32, V>);

impl<V> Half<V> {
    /// Both parts of a node whose value was removed.
    pub fn both(value: V) -> [Self; 2] {
        EntryPtr::new(0, 0, value).into_halves().map(Self)
    }

    /// Frees the part.
    pub fn free(self) {
        drop(self.0);
    }
}

/// Panics unless the map, which no other thread is using, keeps F2 and D1 to D4, and counts right.
pub fn check<K: Eq, V, S>(map: &SyncMap<K, V, S>) {
    let section = map.domain.enter();
    let dirty = map.dirty.lock();
    let snapshot = map.current(&section);
    let entries: Vec<_> = snapshot.entries(&section).collect();
    for (at, pointer) in entries.iter().enumerate() {
        let key = pointer.get(&section).key();
        let mut others = entries[at + 1..].iter();
        let is_unique = others.all(|other| other.get(&section).key() != key);
        assert!(is_unique, "F2: a key is there twice");
    }
    match &dirty.next {
        Some(next) => check_next(next, snapshot, &section),
        None => {
            let no_expunged = entries.iter().all(|entry| !entry.is_expunged());
            assert!(no_expunged, "D2: expunged without dirty");
            let no_frozen = snapshot.fresh().all().all(|list| !list.is_frozen());
            assert!(no_frozen, "D2: frozen without dirty");
        }
    }
    let leaving: Vec<_> = dirty.leaving.iter().flat_map(LeftOut::iter).collect();
    for (at, pointer) in leaving.iter().enumerate() {
        let is_unique = !leaving[at + 1..].contains(pointer);
        assert!(is_unique, "D4: an entry leaves twice");
        assert!(!entries.contains(pointer), "D4: an entry leaves and stays");
    }
    let live = entries.iter().filter(|entry| has_value(**entry, &section));
    assert_eq!(
        live.count(),
        map.len(),
        "the count is not that of the entries with a value"
    );
}

fn check_next<K, V>(next: &Next<K, V>, snapshot: &Snapshot<K, V>, section: &Section<'_, K, V>) {
    let buckets = snapshot.table().buckets();
    let mut taken_over = 0;
    let mut left_out = 0;
    for pointer in snapshot.entries(section) {
        let hash = pointer.get(section).hash();
        let bucket = hash as usize & (buckets - 1);
        let in_next = next.table.find(hash, |other| *other == pointer).is_some();
        let is_copied = bucket < next.copied;
        assert_eq!(
            in_next,
            is_copied && !pointer.is_expunged(),
            "D1: bucket {bucket} of {} copied ones",
            next.copied
        );
        assert!(
            is_copied || !pointer.is_expunged(),
            "D1: expunged before its bucket was copied"
        );
        taken_over += usize::from(in_next);
        if pointer.is_expunged() {
            let listed = next.left_out.iter().filter(|other| *other == pointer);
            assert_eq!(listed.count(), 1, "D3: an expunged entry is listed once");
            left_out += 1;
        }
    }
    assert_eq!(next.table.len(), taken_over, "D1: not of the snapshot");
    assert_eq!(
        next.left_out.len(),
        left_out,
        "D3: the count of revived entries"
    );
    for (bucket, list) in snapshot.fresh().all().enumerate() {
        assert_eq!(list.is_frozen(), bucket < next.copied, "D1: list {bucket}");
    }
}

fn has_value<K, V>(entry: EntryPtr<K, V>, section: &Section<'_, K, V>) -> bool {
    entry.get(section).load().is_some()
}
