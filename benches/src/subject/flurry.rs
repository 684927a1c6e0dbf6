//! flurry, pinned in every operation.

use ::flurry::HashMap;

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`flurry::HashMap`](HashMap).
#[derive(Debug)]
pub struct Flurry<K: Key>(HashMap<K, u64, Hasher>);

impl<K: Key> Subject<K> for Flurry<K> {
    const NAME: &'static str = "flurry";

    fn with_capacity(capacity: usize) -> Self {
        Flurry(HashMap::with_capacity_and_hasher(
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
        let add = |_: &K, value: &u64| Some(value.wrapping_add(1));
        self.0.pin().compute_if_present(key, add).is_some()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.pin().remove(key).is_some()
    }

    /// It cannot refuse once it has looked, so that a value which differs is stored again.
    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        let mut swapped = false;
        self.0.pin().compute_if_present(key, |_, &value| {
            swapped = value == old;
            Some(if swapped { new } else { value })
        });
        swapped
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        let mut removed = false;
        self.0.pin().compute_if_present(key, |_, &value| {
            removed = value == old;
            (!removed).then_some(value)
        });
        removed
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
