//! Tests of Go's `sync` package for its `Map`; each names its original.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, RwLock};
use std::thread;

use proptest::prelude::*;
use splitmap::SyncMap;

use crate::support::hashers::good;

/// The interface Go checks three maps against each other by.
trait Reference {
    fn load(&self, key: &str) -> Option<u32>;
    fn swap(&self, key: &str, value: u32) -> Option<u32>;
    fn load_or_store(&self, key: &str, value: u32) -> (u32, bool);
    fn load_and_delete(&self, key: &str) -> Option<u32>;
    fn compare_and_swap(&self, key: &str, old: u32, new: u32) -> bool;
    fn compare_and_delete(&self, key: &str, old: u32) -> bool;
    fn clear(&self);
    fn range(&self) -> BTreeMap<String, u32>;
}

impl Reference for SyncMap<String, u32> {
    fn load(&self, key: &str) -> Option<u32> {
        self.get(key).map(|entry| *entry)
    }

    fn swap(&self, key: &str, value: u32) -> Option<u32> {
        self.insert(key.to_owned(), value).map(|entry| *entry)
    }

    fn load_or_store(&self, key: &str, value: u32) -> (u32, bool) {
        match self.try_insert(key.to_owned(), value) {
            Ok(stored) => (*stored, false),
            Err(error) => (*error.current, true),
        }
    }

    fn load_and_delete(&self, key: &str) -> Option<u32> {
        self.remove(key).map(|entry| *entry)
    }

    fn compare_and_swap(&self, key: &str, old: u32, new: u32) -> bool {
        SyncMap::compare_and_swap(self, key, &old, new).is_ok()
    }

    fn compare_and_delete(&self, key: &str, old: u32) -> bool {
        self.compare_and_remove(key, &old).is_some()
    }

    fn clear(&self) {
        SyncMap::clear(self);
    }

    fn range(&self) -> BTreeMap<String, u32> {
        let mut all = BTreeMap::new();
        self.for_each(|entry| {
            assert!(all.insert(entry.key().clone(), *entry).is_none());
        });
        all
    }
}

impl Reference for RwLock<HashMap<String, u32>> {
    fn load(&self, key: &str) -> Option<u32> {
        self.read().expect("not poisoned").get(key).copied()
    }

    fn swap(&self, key: &str, value: u32) -> Option<u32> {
        self.write()
            .expect("not poisoned")
            .insert(key.to_owned(), value)
    }

    fn load_or_store(&self, key: &str, value: u32) -> (u32, bool) {
        let mut map = self.write().expect("not poisoned");
        let loaded = map.contains_key(key);
        (*map.entry(key.to_owned()).or_insert(value), loaded)
    }

    fn load_and_delete(&self, key: &str) -> Option<u32> {
        self.write().expect("not poisoned").remove(key)
    }

    fn compare_and_swap(&self, key: &str, old: u32, new: u32) -> bool {
        match self.write().expect("not poisoned").get_mut(key) {
            Some(value) if *value == old => {
                *value = new;
                true
            }
            _ => false,
        }
    }

    fn compare_and_delete(&self, key: &str, old: u32) -> bool {
        let mut map = self.write().expect("not poisoned");
        map.get(key) == Some(&old) && map.remove(key).is_some()
    }

    fn clear(&self) {
        self.write().expect("not poisoned").clear();
    }

    fn range(&self) -> BTreeMap<String, u32> {
        let map = self.read().expect("not poisoned");
        map.iter()
            .map(|(key, value)| (key.clone(), *value))
            .collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Load,
    Store,
    LoadOrStore,
    LoadAndDelete,
    Delete,
    Swap,
    CompareAndSwap,
    CompareAndDelete,
    Clear,
}

type Step = (Call, String, u32, u32);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let call = prop::sample::select(vec![
        Call::Load,
        Call::Store,
        Call::LoadOrStore,
        Call::LoadAndDelete,
        Call::Delete,
        Call::Swap,
        Call::CompareAndSwap,
        Call::CompareAndDelete,
        Call::Clear,
    ]);
    // Zero to three letters, as Go has, but few letters, so that keys meet again.
    let key = prop::collection::vec(prop::sample::select(vec!['a', 'b']), 0..=3)
        .prop_map(|letters| letters.into_iter().collect());
    prop::collection::vec((call, key, 0..3_u32, 0..3_u32), 0..200)
}

fn apply(map: &impl Reference, steps: &[Step]) -> (Vec<String>, BTreeMap<String, u32>) {
    let results = steps.iter().map(|(call, key, first, second)| match call {
        Call::Load => format!("{:?}", map.load(key)),
        Call::Store => {
            map.swap(key, *first);
            String::new()
        }
        Call::LoadOrStore => format!("{:?}", map.load_or_store(key, *first)),
        Call::LoadAndDelete => format!("{:?}", map.load_and_delete(key)),
        Call::Delete => {
            map.load_and_delete(key);
            String::new()
        }
        Call::Swap => format!("{:?}", map.swap(key, *first)),
        Call::CompareAndSwap => map.compare_and_swap(key, *first, *second).to_string(),
        Call::CompareAndDelete => map.compare_and_delete(key, *first).to_string(),
        Call::Clear => {
            map.clear();
            String::new()
        }
    });
    (results.collect(), map.range())
}

proptest! {
    /// Go's TestMapMatchesRWMutex: the same results for each call, and the same final contents.
    #[test]
    fn map_matches_a_locked_hash_map(steps in steps()) {
        let locked: RwLock<HashMap<String, u32>> = RwLock::default();
        let map: SyncMap<String, u32> = SyncMap::new();
        prop_assert_eq!(apply(&map, &steps), apply(&locked, &steps));
    }
}

/// Go's TestConcurrentRange: every value is divisible by its key, no key comes twice, all come.
#[test]
fn concurrent_range_sees_every_key_once() {
    const KEYS: u64 = 1_024;
    let map = SyncMap::with_hasher(good());
    for key in 1..=KEYS {
        map.insert(key, key);
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for worker in 1..=3_u64 {
            let (map, done) = (&map, &done);
            scope.spawn(move || {
                let mut round = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    round += 1;
                    for key in 1..=KEYS {
                        if (key * 31 + round * 17) % KEYS == 0 {
                            map.insert(key, key * round * worker);
                        } else {
                            assert!(map.get(&key).is_some());
                        }
                    }
                }
            });
        }
        for _ in 0..64 {
            let mut seen = BTreeSet::new();
            map.for_each(|entry| {
                assert_eq!(*entry % entry.key(), 0, "foreign value");
                assert!(seen.insert(*entry.key()), "{} came twice", entry.key());
            });
            assert_eq!(seen.len() as u64, KEYS);
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Go's TestMapRangeNestedCall (issue 46399).
#[test]
fn nested_iteration_may_call_everything() {
    let map = SyncMap::with_hasher(good());
    for (key, value) in [(0, "hello"), (1, "world"), (2, "Go")] {
        map.insert(key, value);
    }
    let mut outer = 0;
    map.for_each(|entry| {
        outer += 1;
        let offered = *entry.key();
        map.for_each(|inner| {
            // Offered keys are loaded; deleted ones may be offered but are not there.
            if let Some(found) = map.get(inner.key()) {
                assert_eq!(*found, *inner);
            }
            assert_eq!(*map.get_or_insert(42, "dummy"), "dummy");
            assert_eq!(map.insert(42, "sync.Map").as_deref(), Some(&"dummy"));
            assert_eq!(map.remove(&42).as_deref(), Some(&"sync.Map"));
        });
        drop(map.remove(&offered));
    });
    assert_eq!(outer, 3);
    assert!(map.is_empty());
    assert!(map.iter().next().is_none());
}

/// Go's TestCompareAndSwap_NonExistingKey (issue 51972), also for a key that was there.
#[test]
fn compare_and_swap_of_an_absent_key_is_refused() {
    let map: SyncMap<u32, Option<u32>> = SyncMap::new();
    assert!(map.compare_and_swap(&1, &None, Some(42)).is_err());
    map.insert(1, None);
    drop(map.remove(&1));
    assert!(map.compare_and_swap(&1, &None, Some(42)).is_err());
    assert!(map.compare_and_remove(&1, &None).is_none());
    assert!(map.is_empty());
}

/// Go's TestConcurrentClear.
#[test]
fn concurrent_clear_leaves_an_empty_map_at_last() {
    let map = SyncMap::with_hasher(good());
    for _ in 0..20 {
        thread::scope(|scope| {
            for key in 0..10_u32 {
                let map = &map;
                scope.spawn(move || map.insert(key, key).is_some());
                scope.spawn(move || {
                    if let Some(value) = map.get(&key) {
                        assert_eq!(*value, key);
                    }
                });
                scope.spawn(move || map.clear());
            }
        });
        map.clear();
        assert_eq!(map.iter().count(), 0);
        assert_eq!(map.len(), 0);
    }
}

/// What Go's map was observed to do: keys made by the body of a loop may or may not come, those
/// removed before they are reached do not.
#[test]
fn iteration_sees_removals_made_meanwhile() {
    let map: SyncMap<u32, u32> = (0..100).map(|n| (n, n)).collect();
    let mut steps = 0;
    for entry in &map {
        steps += 1;
        for key in 0..100 {
            if key != *entry.key() {
                drop(map.remove(&key));
            }
        }
    }
    assert_eq!(steps, 1);
    assert_eq!(map.len(), 1);
}

/// A write is seen by every read that comes after it: here, through a lock of the caller's.
#[test]
fn a_completed_write_is_seen_by_whoever_comes_after() {
    let map = SyncMap::with_hasher(good());
    let last = Mutex::new(0_u32);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let mut last = last.lock().expect("not poisoned");
                    assert_eq!(map.get(&0).map_or(0, |value| *value), *last);
                    *last += 1;
                    if *last % 3 == 0 {
                        drop(map.remove(&0));
                    }
                    map.insert(0, *last);
                    if *last % 5 == 0 {
                        map.insert(*last, 0);
                        drop(map.remove(&*last));
                    }
                }
            });
        }
    });
    assert_eq!(map.get(&0).as_deref(), Some(&6_000));
}
