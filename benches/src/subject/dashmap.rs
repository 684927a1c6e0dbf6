//! dashmap, with as many shards as it chooses.

use ::dashmap::{DashMap, Entry};

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`DashMap`].
#[derive(Debug)]
pub struct Dashmap<K: Key>(DashMap<K, u64, Hasher>);

impl<K: Key> Subject<K> for Dashmap<K> {
    const NAME: &'static str = "dashmap";

    fn with_capacity(capacity: usize) -> Self {
        Dashmap(DashMap::with_capacity_and_hasher(
            capacity,
            Hasher::default(),
        ))
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.0.get(key).map(|value| *value)
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        self.0.insert(key, value).is_none()
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        match self.0.entry(key) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(value);
                true
            }
        }
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        let value = self.0.get_mut(key);
        value
            .map(|mut value| *value = value.wrapping_add(1))
            .is_some()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        let value = self.0.get_mut(key).filter(|value| **value == old);
        value.map(|mut value| *value = new).is_some()
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        self.0.remove_if(key, |_, &value| value == old).is_some()
    }

    fn first_key(&self) -> Option<K> {
        self.0.iter().next().map(|entry| entry.key().clone())
    }

    fn iterate(&self) -> (u64, u64) {
        self.0.iter().fold((0, 0), |(count, sum), entry| {
            (count + 1, entry.value().wrapping_add(sum))
        })
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
