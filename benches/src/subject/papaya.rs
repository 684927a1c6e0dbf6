//! papaya, pinned in every operation, as its documentation says for operations that come one by one.

use ::papaya::{Compute, HashMap, Operation};

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`papaya::HashMap`](HashMap).
#[derive(Debug)]
pub struct Papaya<K: Key>(HashMap<K, u64, Hasher>);

impl<K: Key> Subject<K> for Papaya<K> {
    const NAME: &'static str = "papaya";

    fn with_capacity(capacity: usize) -> Self {
        Papaya(HashMap::with_capacity_and_hasher(
            capacity,
            Hasher::default(),
        ))
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.0.pin().get(key).copied()
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        self.0.pin().insert(key, value).is_none()
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        self.0.pin().try_insert(key, value).is_ok()
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        let add = |value: &u64| value.wrapping_add(1);
        self.0.pin().update(key.clone(), add).is_some()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.pin().remove(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        let swap = |entry: Option<(&K, &u64)>| match entry {
            Some((_, &value)) if value == old => Operation::Insert(new),
            _ => Operation::Abort(()),
        };
        let map = self.0.pin();
        matches!(map.compute(key.clone(), swap), Compute::Updated { .. })
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        let map = self.0.pin();
        matches!(map.remove_if(key, |_, &value| value == old), Ok(Some(_)))
    }

    fn first_key(&self) -> Option<K> {
        self.0.pin().keys().next().cloned()
    }

    fn iterate(&self) -> (u64, u64) {
        self.0.pin().values().fold((0, 0), |(count, sum), value| {
            (count + 1, value.wrapping_add(sum))
        })
    }

    fn clear(&self) {
        self.0.pin().clear();
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
