//! hashbrown without any synchronisation: the limit that no concurrent map can pass.
//!
//! On several threads it is only read. What it cannot show there is what sharing costs a map that is
//! also written to.

#![expect(
    unsafe_code,
    reason = "writes through a shared reference, on one thread"
)]

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use hashbrown::HashMap;

use super::Subject;
use super::rwlock::{add_one, remove_if, sum, swap_if, try_insert};
use crate::Hasher;
use crate::key::Key;

/// hashbrown's map, without a lock.
#[derive(Debug)]
pub struct Alone<K> {
    map: UnsafeCell<HashMap<K, u64, Hasher>>,
    /// Whether several threads use the map.
    shared: AtomicBool,
}

// SAFETY: whoever lets several threads use a map calls `share` before it starts them (`rounds::Seat`
// and the tests here are the only ones who do), and from then on every write panics before it touches
// the map. Keys are read from any thread, which needs `K: Sync`, and dropped on any, which needs
// `K: Send`.
unsafe impl<K: Send + Sync> Sync for Alone<K> {}

impl<K> Alone<K> {
    #[inline]
    fn map(&self) -> &HashMap<K, u64, Hasher> {
        // SAFETY: no write overlaps, see `map_mut`.
        unsafe { &*self.map.get() }
    }

    #[expect(clippy::mut_from_ref, reason = "one thread, one operation at a time")]
    #[inline]
    fn map_mut(&self) -> &mut HashMap<K, u64, Hasher> {
        // ORDERING: Relaxed. Threads are started after the flag is set, which orders them after it.
        let shared = self.shared.load(Relaxed);
        assert!(!shared, "an unsynchronised map is written to while shared");
        // SAFETY: one thread uses the map, since nobody has called `share`; no operation of this file
        // calls another while it borrows the map, so this borrow is the only one.
        unsafe { &mut *self.map.get() }
    }
}

impl<K: Key> Subject<K> for Alone<K> {
    const NAME: &'static str = "hashbrown alone";
    const SHARED: bool = false;

    fn with_capacity(capacity: usize) -> Self {
        let map = HashMap::with_capacity_and_hasher(capacity, Hasher::default());
        Alone {
            map: UnsafeCell::new(map),
            shared: AtomicBool::new(false),
        }
    }

    fn share(&self) {
        // ORDERING: Relaxed, see `map_mut`.
        self.shared.store(true, Relaxed);
    }

    #[inline]
    fn get(&self, key: &K) -> Option<u64> {
        self.map().get(key).copied()
    }

    #[inline]
    fn insert(&self, key: K, value: u64) -> bool {
        self.map_mut().insert(key, value).is_none()
    }

    #[inline]
    fn try_insert(&self, key: K, value: u64) -> bool {
        try_insert(self.map_mut(), key, value)
    }

    #[inline]
    fn update(&self, key: &K) -> bool {
        add_one(self.map_mut().get_mut(key))
    }

    #[inline]
    fn remove(&self, key: &K) -> bool {
        self.map_mut().remove(key).is_some()
    }

    #[inline]
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool {
        swap_if(self.map_mut().get_mut(key), old, new)
    }

    #[inline]
    fn compare_and_remove(&self, key: &K, old: u64) -> bool {
        remove_if(self.map_mut(), key, old)
    }

    fn first_key(&self) -> Option<K> {
        self.map().keys().next().cloned()
    }

    fn iterate(&self) -> (u64, u64) {
        sum(self.map().values())
    }

    fn clear(&self) {
        self.map_mut().clear();
    }

    fn len(&self) -> usize {
        self.map().len()
    }
}
