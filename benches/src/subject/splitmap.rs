//! splitmap's own map.

use splitmap::SyncMap;

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`SyncMap`], every result copied out of its `Ref`.
#[derive(Debug)]
pub struct Splitmap<K>(SyncMap<K, u64, Hasher>);

impl<K: Key> Subject<K> for Splitmap<K> {
    const NAME: &'static str = "splitmap";

    fn with_capacity(capacity: usize) -> Self {
        Splitmap(SyncMap::with_capacity_and_hasher(
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
        self.0.try_insert(key, value).is_ok()
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        self.0
            .update(key, |_, value| value.wrapping_add(1))
            .is_some()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        self.0.compare_and_swap(key, &old, new).is_ok()
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        self.0.compare_and_remove(key, &old).is_some()
    }

    fn first_key(&self) -> Option<K> {
        self.0.iter().next().map(|entry| entry.key().clone())
    }

    fn iterate(&self) -> (u64, u64) {
        self.0.iter().fold((0, 0), |(count, sum), value| {
            (count + 1, value.wrapping_add(sum))
        })
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    fn settle(&self) {
        self.0.promote();
    }

    fn locked_ops(&self) -> Option<u64> {
        Some(self.0.stats().locked_ops)
    }
}
