//! scc's `HashIndex`: reads by `peek_with`, which takes no lock; writes through its entries.
//!
//! It has no insertion that replaces, so one is made of an entry, as its documentation does.

use scc::HashIndex;
use scc::hash_index::Entry;

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`scc::HashIndex`](HashIndex).
#[derive(Debug)]
pub struct SccIndex<K: Key>(HashIndex<K, u64, Hasher>);

impl<K: Key> Subject<K> for SccIndex<K> {
    const NAME: &'static str = "scc HashIndex";

    fn with_capacity(capacity: usize) -> Self {
        SccIndex(HashIndex::with_capacity_and_hasher(
            capacity,
            Hasher::default(),
        ))
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.0.peek_with(key, |_, &value| value)
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        match self.0.entry_sync(key) {
            Entry::Occupied(mut entry) => {
                entry.update(value);
                false
            }
            Entry::Vacant(entry) => {
                entry.insert_entry(value);
                true
            }
        }
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        self.0.insert_sync(key, value).is_ok()
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        let entry = self.0.get_sync(key);
        entry.is_some_and(|mut entry| {
            let value = entry.get().wrapping_add(1);
            entry.update(value);
            true
        })
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove_sync(key)
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        let entry = self.0.get_sync(key).filter(|entry| *entry.get() == old);
        entry.is_some_and(|mut entry| {
            entry.update(new);
            true
        })
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        self.0.remove_if_sync(key, |&value| value == old)
    }

    fn first_key(&self) -> Option<K> {
        let guard = scc::Guard::new();
        self.0.iter(&guard).next().map(|(key, _)| key.clone())
    }

    fn iterate(&self) -> (u64, u64) {
        let guard = scc::Guard::new();
        self.0
            .iter(&guard)
            .fold((0, 0), |(count, sum), (_, value)| {
                (count + 1, value.wrapping_add(sum))
            })
    }

    fn clear(&self) {
        self.0.clear_sync();
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
