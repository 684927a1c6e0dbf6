//! Closures, iteration, `PartialEq` of values and `Drop` may call back into the map that runs them.
//!
//! All of it on a thread of its own with a time limit: a lock held by mistake is a deadlock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use splitmap::SyncMap;

use crate::support::hashers::{Good, good};
use crate::support::within;

type Map = SyncMap<u32, u32, Good>;

fn tens() -> Map {
    let map = SyncMap::with_hasher(good());
    for key in 0..100 {
        map.insert(key, 10 * key);
        if key == 50 {
            map.promote();
        }
    }
    map
}

/// Everything that can be asked of a map, but for the keys below 1,000, which stay as they are.
fn use_all(map: &Map) {
    assert_eq!(map.get(&3).as_deref(), Some(&30));
    assert_eq!(map.get(&77).as_deref(), Some(&770));
    assert!(map.get(&999).is_none());
    drop(map.insert(1_000, 1));
    drop(map.insert(1_000, 2));
    assert!(map.try_insert(1_000, 3).is_err());
    assert!(map.try_insert(1_001, 3).is_ok());
    assert_eq!(*map.get_or_insert(1_001, 4), 3);
    assert_eq!(*map.get_or_insert_with(1_002, || 5), 5);
    assert!(map.compare_and_swap(&1_002, &5, 6).is_ok());
    assert!(map.update(&1_002, |_, value| value + 1).is_some());
    assert!(map.compare_and_remove(&1_002, &7).is_some());
    assert!(map.remove_if(&1_001, |_, _| true).is_some());
    assert!(map.remove(&1_000).is_some());
    map.retain(|key, _| *key < 1_000);
    assert!(map.iter().count() >= 98);
    map.for_each(|entry| assert!(*entry.key() < 1_000));
    assert!(map.len() >= 98);
    map.promote();
    assert!(map.stats().read_len >= 98);
    assert!(map.clone().len() >= 98);
}

/// Runs `body` on the map in each of its shapes.
fn everywhere(body: fn(&Map)) {
    within(60, move || {
        let amended = tens();
        body(&amended);
        let promoted = tens();
        promoted.promote();
        body(&promoted);
        let dirty = SyncMap::with_hasher(good());
        dirty.extend_shared((0..100).map(|key| (key, 10 * key)));
        body(&dirty);
    });
}

/// `Extend` by shared reference, as a method.
trait ExtendShared {
    fn extend_shared(&self, pairs: impl Iterator<Item = (u32, u32)>);
}

impl ExtendShared for Map {
    fn extend_shared(&self, pairs: impl Iterator<Item = (u32, u32)>) {
        let mut shared = self;
        shared.extend(pairs);
    }
}

#[test]
fn get_or_insert_with_may_use_the_map() {
    everywhere(|map| {
        let made = map.get_or_insert_with(500, || {
            use_all(map);
            5
        });
        assert_eq!(*made, 5);
    });
}

#[test]
fn get_or_insert_with_yields_to_its_own_closure() {
    everywhere(|map| {
        // The closure itself fills the key: it was first, and the closure's result is dropped.
        let found = map.get_or_insert_with(500, || {
            map.insert(500, 1);
            2
        });
        assert_eq!(*found, 1);
        assert_eq!(map.get(&500).as_deref(), Some(&1));
    });
}

#[test]
fn update_may_use_the_map() {
    everywhere(|map| {
        for key in [3, 77] {
            let new = map.update(&key, |_, value| {
                use_all(map);
                *value
            });
            assert_eq!(new.as_deref(), Some(&(10 * key)));
        }
    });
}

#[test]
fn update_runs_again_when_its_closure_changes_the_value() {
    everywhere(|map| {
        let mut seen = Vec::new();
        let new = map.update(&3, |_, value| {
            seen.push(*value);
            if seen.len() == 1 {
                map.insert(3, 1_000);
            }
            value + 1
        });
        assert_eq!(new.as_deref(), Some(&1_001));
        assert_eq!(seen, [30, 1_000]);
    });
}

#[test]
fn update_gives_up_when_its_closure_removes_the_key() {
    everywhere(|map| {
        let mut calls = 0;
        let new = map.update(&3, |_, value| {
            calls += 1;
            drop(map.remove(&3));
            value + 1
        });
        assert!(new.is_none());
        assert_eq!(calls, 1);
        assert!(map.get(&3).is_none(), "a removed value came back");
        let new = map.update(&4, |_, _| {
            map.clear();
            1
        });
        assert!(new.is_none(), "the map was cleared meanwhile");
        assert!(map.get(&4).is_none());
    });
}

#[test]
fn remove_if_may_use_the_map() {
    everywhere(|map| {
        for keep in [true, false] {
            let removed = map.remove_if(&5, |_, _| {
                use_all(map);
                !keep
            });
            assert_eq!(removed.is_some(), !keep);
        }
        assert!(!map.contains_key(&5));
    });
}

#[test]
fn remove_if_acts_only_on_the_value_it_showed() {
    everywhere(|map| {
        let mut seen = Vec::new();
        let removed = map.remove_if(&3, |_, value| {
            seen.push(*value);
            if seen.len() == 1 {
                map.insert(3, 1_000);
            }
            *value == 30
        });
        assert!(removed.is_none(), "a value never shown was removed");
        assert_eq!(seen, [30, 1_000]);
        assert_eq!(map.get(&3).as_deref(), Some(&1_000));
    });
}

#[test]
fn retain_may_use_the_map() {
    everywhere(|map| {
        let mut calls = 0;
        map.retain(|key, _| {
            calls += 1;
            if calls == 1 {
                use_all(map);
            }
            key % 2 == 0 || *key == 3 || *key == 77
        });
        assert_eq!(map.len(), 52);
    });
}

#[test]
fn retain_acts_only_on_the_value_it_showed() {
    everywhere(|map| {
        let mut shown = Vec::new();
        map.retain(|key, value| {
            if *key == 3 {
                shown.push(*value);
                if shown.len() == 1 {
                    map.insert(3, 1_000);
                }
            }
            *value != 30
        });
        assert_eq!(
            map.get(&3).as_deref(),
            Some(&1_000),
            "a value never shown was removed"
        );
        assert_eq!(map.len(), 100);
        assert_eq!(shown.first(), Some(&30));
    });
}

#[test]
fn for_each_and_iter_may_use_the_map() {
    everywhere(|map| {
        let mut steps = 0;
        map.for_each(|entry| {
            if *entry.key() < 1_000 {
                steps += 1;
            }
            if steps % 40 == 1 {
                use_all(map);
            }
        });
        assert_eq!(steps, 100);
        for (entry, step) in map.iter().zip(0..) {
            if step == 0 {
                use_all(map);
            }
            drop(map.remove(entry.key()));
        }
        assert!(map.is_empty());
    });
}

#[test]
fn clear_in_the_middle_of_iteration_is_allowed() {
    everywhere(|map| {
        let mut steps = 0;
        for entry in map {
            assert_eq!(*entry, 10 * entry.key());
            map.clear();
            steps += 1;
        }
        assert!((1..=100).contains(&steps));
        assert!(map.is_empty());
    });
}

#[test]
fn extend_may_read_the_map_it_extends() {
    everywhere(|map| {
        map.extend_shared((200..300).map(|key| {
            use_all(map);
            (key, map.len() as u32)
        }));
        assert_eq!(map.len(), 200);
    });
}

/// Calls the map it is in whenever it is compared or dropped.
struct Caller {
    id: u32,
    map: Weak<SyncMap<u32, Caller>>,
    dropped: Arc<AtomicUsize>,
}

impl Caller {
    fn call(&self) {
        if let Some(map) = self.map.upgrade() {
            assert!(map.get(&9_999).is_none());
            let _ = map.contains_key(&1);
            let quiet = Self {
                id: 0,
                map: Weak::new(),
                dropped: Arc::clone(&self.dropped),
            };
            drop(map.insert(5_000, quiet));
            drop(map.remove(&5_000));
            let _ = map.len();
            let _ = map.stats();
        }
    }
}

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        self.call();
        self.id == other.id
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.call();
    }
}

type CallerMap = Arc<SyncMap<u32, Caller>>;

fn callers() -> (CallerMap, impl Fn(u32) -> Caller, Arc<AtomicUsize>) {
    let map = Arc::new(SyncMap::new());
    let dropped = Arc::new(AtomicUsize::new(0));
    let make = {
        let (map, dropped) = (Arc::downgrade(&map), Arc::clone(&dropped));
        move |id| Caller {
            id,
            map: Weak::clone(&map),
            dropped: Arc::clone(&dropped),
        }
    };
    (map, make, dropped)
}

#[test]
fn comparing_values_may_use_the_map() {
    within(60, || {
        let (map, make, _) = callers();
        for key in 0..50 {
            map.insert(key, make(key));
            // A key only dirty has, and the same after promotion.
            assert!(map.compare_and_swap(&key, &make(99), make(1)).is_err());
            assert!(
                map.compare_and_swap(&key, &make(key), make(key + 1))
                    .is_ok()
            );
            assert!(map.compare_and_remove(&key, &make(99)).is_none());
            map.promote();
            assert!(
                map.compare_and_swap(&key, &make(key + 1), make(key + 2))
                    .is_ok()
            );
            if key % 2 == 0 {
                assert!(map.compare_and_remove(&key, &make(key + 2)).is_some());
            }
        }
        assert_eq!(map.len(), 25);
    });
}

#[test]
fn dropping_values_may_use_the_map() {
    within(60, || {
        let (map, make, dropped) = callers();
        for round in 0..200 {
            for key in 0..20 {
                drop(map.insert(key, make(round)));
                if (key + round) % 3 == 0 {
                    drop(map.remove(&key));
                }
            }
            if round % 10 == 0 {
                map.promote();
            }
            if round % 50 == 49 {
                map.clear();
            }
        }
        // Most were dropped while the map lived, or nothing was tested.
        assert!(dropped.load(Ordering::Relaxed) > 1_000);
        drop(map);
    });
}

#[test]
fn hashing_for_a_lookup_may_use_the_map() {
    use std::hash::{Hash, Hasher};

    struct Nosy<'a>(&'a Map, u32);

    impl Hash for Nosy<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            use_all(self.0);
            self.1.hash(state);
        }
    }

    impl equivalent::Equivalent<u32> for Nosy<'_> {
        fn equivalent(&self, key: &u32) -> bool {
            self.1 == *key
        }
    }

    everywhere(|map| {
        assert_eq!(map.get(&Nosy(map, 3)).as_deref(), Some(&30));
        assert!(map.get(&Nosy(map, 9_999)).is_none());
        assert!(map.update(&Nosy(map, 3), |_, value| *value).is_some());
        assert!(map.remove(&Nosy(map, 9)).is_some());
    });
}
