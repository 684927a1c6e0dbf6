//! What the maps that are compared have in common.

use std::fmt::Debug;

use crate::Hasher;
use crate::key::Key;

/// A map for one thread.
pub trait Solo<K>: Debug {
    /// How a report names it.
    const NAME: &'static str;

    /// An empty map with room for `capacity` entries.
    fn with_capacity(capacity: usize) -> Self;

    /// The value under `key`.
    fn get(&self, key: &K) -> Option<u64>;

    /// Stores `value`; the value replaced.
    fn insert(&mut self, key: K, value: u64) -> Option<u64>;

    /// Removes `key`; its value.
    fn remove(&mut self, key: &K) -> Option<u64>;

    /// The sum of all values.
    fn sum(&self) -> u64;

    /// Removes every entry.
    fn clear(&mut self);

    /// The number of entries.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

macro_rules! solo {
    ($map:ident, $name:literal) => {
        impl<K: Key> Solo<K> for $map<K, u64, Hasher> {
            const NAME: &'static str = $name;

            fn with_capacity(capacity: usize) -> Self {
                $map::with_capacity_and_hasher(capacity, Hasher::default())
            }

            #[inline]
            fn get(&self, key: &K) -> Option<u64> {
                self.get(key).copied()
            }

            #[inline]
            fn insert(&mut self, key: K, value: u64) -> Option<u64> {
                self.insert(key, value)
            }

            #[inline]
            fn remove(&mut self, key: &K) -> Option<u64> {
                self.remove(key)
            }

            fn sum(&self) -> u64 {
                self.values().fold(0, |sum, value| value.wrapping_add(sum))
            }

            fn clear(&mut self) {
                self.clear();
            }

            fn len(&self) -> usize {
                self.len()
            }
        }
    };
}

use hashbrown::HashMap as Hashbrown;
use splitmap::BucketMap;
use std::collections::HashMap as Std;

solo!(BucketMap, "BucketMap");
solo!(Hashbrown, "hashbrown");
solo!(Std, "std");
