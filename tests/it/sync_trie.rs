//! The catalogue of Go's `HashTrieMap` tests, the successor of the map this one is built like, under a
//! good hash, one hash for all, and one of four bits.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::{Arc, Weak};
use std::thread;

use splitmap::SyncMap;

use crate::support::hashers::{Collide, FourBit, good};

const WORKERS: usize = 4;

/// Go's test data: 128 binary strings.
fn keys() -> Vec<String> {
    (0..128).map(|n| format!("{n:b}")).collect()
}

type Map<S> = SyncMap<String, usize, S>;

#[track_caller]
fn present<S: BuildHasher>(map: &Map<S>, key: &str, value: usize) {
    assert_eq!(map.get(key).as_deref(), Some(&value), "{key}");
}

#[track_caller]
fn absent<S: BuildHasher>(map: &Map<S>, key: &str) {
    assert_eq!(map.get(key).as_deref(), None, "{key}");
}

fn filled<S: BuildHasher>(hasher: S) -> Map<S> {
    let map = Map::with_hasher(hasher);
    for (key, n) in keys().into_iter().zip(0..) {
        absent(&map, &key);
        assert!(map.try_insert(key.clone(), n).is_ok());
        present(&map, &key, n);
        let error = map.try_insert(key, n + 1).expect_err("stored just now");
        assert_eq!(*error.current, n);
    }
    map
}

fn load_empty<S: BuildHasher>(hasher: S) {
    let map = Map::with_hasher(hasher);
    for key in keys() {
        absent(&map, &key);
    }
}

fn load_or_store<S: BuildHasher>(hasher: S) {
    let map = filled(hasher);
    for (key, n) in keys().into_iter().zip(0..) {
        present(&map, &key, n);
        assert_eq!(*map.get_or_insert(key, 999), n);
    }
    assert_eq!(map.len(), 128);
}

fn all<S: BuildHasher>(hasher: S) {
    let map = filled(hasher);
    let mut seen = BTreeMap::new();
    map.for_each(|entry| {
        assert!(
            seen.insert(entry.key().clone(), *entry).is_none(),
            "came twice"
        );
    });
    let expected: BTreeMap<String, usize> = keys().into_iter().zip(0..).collect();
    assert_eq!(seen, expected);
}

fn clear_simple<S: BuildHasher>(hasher: S) {
    let map = filled(hasher);
    map.clear();
    for key in keys() {
        absent(&map, &key);
    }
    assert!(map.is_empty());
}

/// Comparisons that fail, during a clear, bring nothing back.
fn clear_concurrent<S: BuildHasher + Sync>(hasher: S) {
    let map = filled(hasher);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for key in keys() {
                    assert!(map.compare_and_remove(&key, &9_999).is_none());
                    assert!(map.compare_and_swap(&key, &9_999, 1).is_err());
                }
            });
        }
        scope.spawn(|| map.clear());
    });
    for key in keys() {
        absent(&map, &key);
    }
    assert_eq!(map.len(), 0);
}

type Remove<S> = fn(&Map<S>, &str, usize) -> bool;

/// Ways to remove that succeed if, and only if, the key is there with this value.
fn removals<S: BuildHasher>() -> [Remove<S>; 3] {
    [
        |map, key, value| map.compare_and_remove(key, &value).is_some(),
        |map, key, value| map.remove(key).is_some_and(|old| *old == value),
        |map, key, value| map.remove_if(key, |_, old| *old == value).is_some(),
    ]
}

fn remove_all<S: BuildHasher + Clone>(hasher: S) {
    for remove in removals() {
        let map = Map::with_hasher(hasher.clone());
        for _ in 0..3 {
            for (key, n) in keys().into_iter().zip(0..) {
                assert!(!remove(&map, &key, n));
                assert!(map.insert(key.clone(), n).is_none());
                assert!(map.compare_and_remove(&key, &usize::MAX).is_none());
                assert!(remove(&map, &key, n));
                assert!(!remove(&map, &key, n));
                absent(&map, &key);
            }
            for key in keys() {
                absent(&map, &key);
            }
        }
        assert!(map.is_empty());
    }
}

fn remove_some<S: BuildHasher + Clone>(hasher: S) {
    for remove in removals() {
        for chosen in [&[15][..], &[1, 105, 6, 85]] {
            let map = filled(hasher.clone());
            for n in chosen {
                assert!(remove(&map, &format!("{n:b}"), *n));
                assert!(!remove(&map, &format!("{n:b}"), *n));
            }
            for (key, n) in keys().into_iter().zip(0..) {
                if chosen.contains(&n) {
                    absent(&map, &key);
                } else {
                    present(&map, &key, n);
                }
            }
            assert_eq!(map.len(), 128 - chosen.len());
        }
    }
}

fn remove_while_iterating<S: BuildHasher + Clone>(hasher: S) {
    for remove in removals() {
        let map = filled(hasher.clone());
        let mut steps = 0;
        for entry in &map {
            steps += 1;
            assert!(remove(&map, entry.key(), *entry));
            absent(&map, entry.key());
        }
        assert_eq!(steps, 128);
        assert!(map.is_empty());
    }
}

fn swap_and_compare_all<S: BuildHasher>(hasher: S) {
    let map = filled(hasher);
    for round in 0..3 {
        for (key, n) in keys().into_iter().zip(0..) {
            let now = n + 2 * round;
            assert!(map.compare_and_swap(&key, &usize::MAX, 0).is_err());
            assert_eq!(
                map.compare_and_swap(&key, &now, now + 1).map(|old| *old),
                Ok(now)
            );
            assert!(map.compare_and_swap(&key, &now, now + 1).is_err());
            present(&map, &key, now + 1);
            assert_eq!(
                map.insert(key.clone(), now + 2).as_deref(),
                Some(&(now + 1))
            );
            present(&map, &key, now + 2);
        }
    }
    for (key, n) in keys().into_iter().zip(0..) {
        present(&map, &key, n + 6);
    }
    assert_eq!(map.len(), 128);
}

fn swap_and_compare_some<S: BuildHasher + Clone>(hasher: S) {
    for chosen in [&[15][..], &[1, 105, 6, 85]] {
        let map = filled(hasher.clone());
        for n in chosen {
            let key = format!("{n:b}");
            assert!(map.compare_and_swap(&key, n, n + 1_000).is_ok());
            assert_eq!(map.insert(key, n + 2_000).as_deref(), Some(&(n + 1_000)));
        }
        for (key, n) in keys().into_iter().zip(0..) {
            let moved = if chosen.contains(&n) { 2_000 } else { 0 };
            present(&map, &key, n + moved);
        }
    }
}

/// Every worker has its own keys, so every result is exact.
fn unshared_keys<S: BuildHasher + Sync>(hasher: S) {
    let map = Map::with_hasher(hasher);
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let map = &map;
            scope.spawn(move || {
                let key = |key: String| format!("{key}-{worker}");
                for round in 0..3 {
                    for (key, n) in keys().into_iter().map(key).zip(0..) {
                        absent(map, &key);
                        assert!(map.try_insert(key.clone(), n).is_ok());
                        present(map, &key, n);
                        assert!(map.try_insert(key, 0).is_err());
                    }
                    for (key, n) in keys().into_iter().map(key).zip(0..) {
                        present(map, &key, n);
                        assert_eq!(map.insert(key.clone(), n + 1).as_deref(), Some(&n));
                        assert!(map.compare_and_swap(&key, &n, 0).is_err());
                        assert!(map.compare_and_swap(&key, &(n + 1), n + 2).is_ok());
                        assert_eq!(
                            map.update(&key, |_, value| value + 1).as_deref(),
                            Some(&(n + 3))
                        );
                        present(map, &key, n + 3);
                    }
                    for (key, n) in keys().into_iter().map(key).zip(0..) {
                        assert!(map.compare_and_remove(&key, &n).is_none());
                        if (n + round) % 2 == 0 {
                            assert!(map.compare_and_remove(&key, &(n + 3)).is_some());
                        } else {
                            assert_eq!(map.remove(&key).as_deref(), Some(&(n + 3)));
                        }
                        absent(map, &key);
                        assert!(map.remove(&key).is_none());
                    }
                }
            });
        }
    });
    assert_eq!(map.len(), 0);
    assert_eq!(map.iter().count(), 0);
}

/// All workers fight for the same keys; whatever the order, one outcome is known.
fn shared_keys<S: BuildHasher + Sync>(hasher: S) {
    let map = filled(hasher);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for (key, n) in keys().into_iter().zip(0..) {
                    // Whoever wins, the value is one more from now on.
                    let _ = map.compare_and_swap(&key, &n, n + 1).map(drop);
                    present(&map, &key, n + 1);
                }
            });
        }
    });
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for (key, n) in keys().into_iter().zip(0..) {
                    let old = map.insert(key.clone(), n + 2).map(|old| *old);
                    assert!(old == Some(n + 1) || old == Some(n + 2), "{old:?}");
                    present(&map, &key, n + 2);
                }
            });
        }
    });
    let removed: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut removed = 0;
                    for (key, n) in keys().into_iter().zip(0..) {
                        if n % 2 == 0 {
                            removed += usize::from(map.remove(&key).is_some());
                        } else {
                            let gone = map.compare_and_remove(&key, &(n + 2));
                            removed += usize::from(gone.is_some());
                        }
                        absent(&map, &key);
                    }
                    removed
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"))
            .sum()
    });
    assert_eq!(removed, 128);
    assert!(map.is_empty());
    let stored: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let map = &map;
                scope.spawn(move || {
                    let stored = |key: String| map.try_insert(key, worker).is_ok();
                    keys().into_iter().filter(|key| stored(key.clone())).count()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"))
            .sum()
    });
    assert_eq!(stored, 128);
    assert_eq!(map.len(), 128);
}

macro_rules! catalogue {
    ($($test:ident)+) => {
        mod good_hash {
            $(#[test] fn $test() { super::$test(super::good()); })+
        }
        mod one_hash {
            $(#[test] fn $test() { super::$test(super::Collide); })+
        }
        mod four_bits {
            $(#[test] fn $test() { super::$test(super::FourBit); })+
        }
    };
}

catalogue! {
    load_empty
    load_or_store
    all
    clear_simple
    clear_concurrent
    remove_all
    remove_some
    remove_while_iterating
    swap_and_compare_all
    swap_and_compare_some
    unshared_keys
    shared_keys
}

/// A weak value is equal to another if both name the same object.
#[derive(Clone, Debug)]
struct Named(Weak<usize>);

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// Go's TestConcurrentCache (issue 70970): a swap and a removal of the same old value never both
/// succeed, so whoever holds an object finds just that one again.
#[test]
fn concurrent_cache_gives_one_object_for_one_key() {
    const KEYS: usize = 50;
    let cache: SyncMap<usize, Named> = SyncMap::new();

    let get = |key: usize| -> Arc<usize> {
        let fresh = Arc::new(key);
        let named = Named(Arc::downgrade(&fresh));
        loop {
            let current = match cache.try_insert(key, named.clone()) {
                Ok(_) => return fresh,
                Err(error) => error.current.value().clone(),
            };
            if let Some(object) = current.0.upgrade() {
                return object;
            }
            // Dead: replace it, unless another was faster.
            if cache
                .compare_and_swap(&key, &current, named.clone())
                .is_ok()
            {
                return fresh;
            }
        }
    };

    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (cache, get) = (&cache, &get);
            scope.spawn(move || {
                for n in 0..5_000 {
                    let key = (n * 7 + worker * 13) % KEYS;
                    let first = get(key);
                    let second = get(key);
                    assert!(Arc::ptr_eq(&first, &second), "two objects for {key}");
                    assert_eq!(*first, key);
                    drop(second);
                    let weak = Named(Arc::downgrade(&first));
                    // The clean-up that Go attaches to the object.
                    if Arc::into_inner(first).is_some() {
                        let _ = cache.compare_and_remove(&key, &weak);
                    }
                }
            });
        }
    });
    assert!(cache.len() <= KEYS);
}
