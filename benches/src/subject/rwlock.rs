//! One lock over hashbrown: what a program has before it looks for a concurrent map.

use std::borrow::Borrow;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use parking_lot::RwLock;

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// `parking_lot`'s [`RwLock`] over hashbrown's map.
#[derive(Debug)]
pub struct RwLocked<K>(RwLock<HashMap<K, u64, Hasher>>);

impl<K: Key> Subject<K> for RwLocked<K> {
    const NAME: &'static str = "RwLock";

    fn with_capacity(capacity: usize) -> Self {
        let map = HashMap::with_capacity_and_hasher(capacity, Hasher::default());
        RwLocked(RwLock::new(map))
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.0.read().get(key).copied()
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        self.0.write().insert(key, value).is_none()
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        try_insert(&mut self.0.write(), key, value)
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        add_one(self.0.write().get_mut(key))
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.write().remove(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        swap_if(self.0.write().get_mut(key), old, new)
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        remove_if(&mut self.0.write(), key, old)
    }

    fn first_key(&self) -> Option<K> {
        self.0.read().keys().next().cloned()
    }

    fn iterate(&self) -> (u64, u64) {
        sum(self.0.read().values())
    }

    fn clear(&self) {
        self.0.write().clear();
    }

    fn len(&self) -> usize {
        self.0.read().len()
    }
}

pub(super) fn try_insert<K: Key>(map: &mut HashMap<K, u64, Hasher>, key: K, value: u64) -> bool {
    match map.entry(key) {
        Entry::Occupied(_) => false,
        Entry::Vacant(entry) => {
            entry.insert(value);
            true
        }
    }
}

pub(super) fn add_one(value: Option<&mut u64>) -> bool {
    value.map(|value| *value = value.wrapping_add(1)).is_some()
}

pub(super) fn swap_if(value: Option<&mut u64>, old: u64, new: u64) -> bool {
    value
        .filter(|value| **value == old)
        .map(|value| *value = new)
        .is_some()
}

pub(super) fn remove_if<K: Key>(map: &mut HashMap<K, u64, Hasher>, key: &K, old: u64) -> bool {
    let equal = map.get(key) == Some(&old);
    equal && map.remove(key).is_some()
}

pub(super) fn sum<V: Borrow<u64>>(values: impl Iterator<Item = V>) -> (u64, u64) {
    values.fold((0, 0), |(count, sum), value| {
        (count + 1, value.borrow().wrapping_add(sum))
    })
}
