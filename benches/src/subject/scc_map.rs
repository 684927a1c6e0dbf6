//! scc's `HashMap`, by its blocking methods.

use scc::HashMap;

use super::Subject;
use crate::Hasher;
use crate::key::Key;

/// [`scc::HashMap`](HashMap).
#[derive(Debug)]
pub struct SccMap<K: Key>(HashMap<K, u64, Hasher>);

impl<K: Key> Subject<K> for SccMap<K> {
    const NAME: &'static str = "scc HashMap";

    fn with_capacity(capacity: usize) -> Self {
        SccMap(HashMap::with_capacity_and_hasher(
            capacity,
            Hasher::default(),
        ))
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.0.read_sync(key, |_, &value| value)
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        self.0.upsert_sync(key, value).is_none()
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        self.0.insert_sync(key, value).is_ok()
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        let add = |_: &K, value: &mut u64| *value = value.wrapping_add(1);
        self.0.update_sync(key, add).is_some()
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.0.remove_sync(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        let swap = |_: &K, value: &mut u64| {
            let equal = *value == old;
            if equal {
                *value = new;
            }
            equal
        };
        self.0.update_sync(key, swap) == Some(true)
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        self.0.remove_if_sync(key, |value| *value == old).is_some()
    }

    fn first_key(&self) -> Option<K> {
        self.0.begin_sync().map(|entry| entry.key().clone())
    }

    fn iterate(&self) -> (u64, u64) {
        let (mut count, mut sum) = (0, 0_u64);
        self.0.iter_sync(|_, &value| {
            count += 1;
            sum = sum.wrapping_add(value);
            true
        });
        (count, sum)
    }

    fn clear(&self) {
        self.0.clear_sync();
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}
