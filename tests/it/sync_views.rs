//! Keys alone, values alone, everything at once, and frozen copies.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use splitmap::{Frozen, KeyRef, SyncMap};

use crate::support::fuse::{Call, Probe, blow_at};
use crate::support::hashers::{Good, good};
use crate::support::ledger::Ledger;
use crate::support::{implements, within};

type Map = SyncMap<u32, u32, Good>;

/// A map in each of its shapes, with ten times itself under every key below a hundred.
fn shapes() -> [Map; 3] {
    [None, Some(50), Some(99)].map(|promote_at| {
        let map = SyncMap::with_hasher(good());
        for key in 0..100 {
            map.insert(key, 10 * key);
            if promote_at == Some(key) {
                map.promote();
            }
        }
        map
    })
}

#[test]
fn keys_and_values_are_those_of_the_entries() {
    for map in shapes() {
        drop(map.remove(&3));
        drop(map.remove(&97));
        let keys: BTreeSet<u32> = map.keys().map(|key| *key).collect();
        let values: BTreeSet<u32> = map.values().map(|value| *value).collect();
        assert_eq!((keys.len(), map.keys().count()), (98, 98));
        assert_eq!(values, keys.iter().map(|key| 10 * key).collect());
        assert!(!keys.contains(&3) && !keys.contains(&97));
    }
}

#[test]
fn the_map_may_be_used_in_any_way_during_iteration() {
    within(60, || {
        for map in shapes() {
            for key in map.keys() {
                drop(map.insert(*key, 1));
                drop(map.update_or_insert(*key + 1_000, |_, value| value + 1, 1));
                drop(map.take_all());
                map.promote();
            }
            for value in map.values() {
                assert_eq!(map.snapshot().len(), map.len());
                map.clear();
                assert!(*value <= 1_000);
            }
        }
    });
}

#[test]
fn a_key_outlives_its_entry() {
    let map = SyncMap::from([(String::from("a"), 1)]);
    let key: KeyRef<'_, String, i32> = map.keys().next().expect("one");
    map.clear();
    map.promote();
    assert_eq!(
        (key.as_str(), format!("{key:?} {key}")),
        ("a", String::from("\"a\" a"))
    );
    assert!(!implements!(KeyRef<'static, u8>: Send));
}

#[test]
fn take_all_takes_all_once() {
    for map in shapes() {
        drop(map.remove(&3));
        drop(map.remove(&97));
        let taken = map.take_all();
        assert!(map.is_empty() && map.iter().next().is_none() && map.get(&5).is_none());
        assert_eq!(taken.len(), 98);
        drop(map.insert(5, 1));
        let taken: BTreeMap<u32, u32> = taken.map(|entry| (*entry.key(), *entry)).collect();
        assert_eq!(taken.len(), 98);
        assert!(taken.iter().all(|(key, value)| *value == 10 * key));
        assert_eq!(map.take_all().len(), 1);
        assert_eq!(map.take_all().len(), 0);
    }
}

#[test]
fn take_all_and_writers_lose_and_double_nothing() {
    const EACH: u32 = 20_000;
    let map = &SyncMap::<u32, u32, Good>::with_hasher(good());
    let taken: u32 = thread::scope(|scope| {
        let writers = [0, 1].map(|writer| {
            scope.spawn(move || {
                for count in 0..EACH {
                    drop(map.update_or_insert((count + writer) % 7, |_, sum| sum + 1, 1));
                }
                0
            })
        });
        let taker = scope.spawn(|| {
            let mut sum = 0;
            for _ in 0..300 {
                sum += map.take_all().map(|entry| *entry).sum::<u32>();
                thread::yield_now();
            }
            sum
        });
        writers
            .into_iter()
            .chain([taker])
            .map(|thread| thread.join().expect("no panic"))
            .sum()
    });
    let left: u32 = map.take_all().map(|entry| *entry).sum();
    assert_eq!(taken + left, 2 * EACH);
}

#[test]
fn take_all_leaks_nothing_even_if_a_drop_panics() {
    for n in 1.. {
        let ledger = Ledger::new();
        let map = SyncMap::with_hasher(good());
        for id in 0..10 {
            drop(map.insert(Probe::new(id, &ledger), Probe::new(id, &ledger)));
            if id == 5 {
                map.promote();
            }
        }
        let done = blow_at(Call::Drop, n, || {
            let mut taken = map.take_all();
            drop(taken.next());
            drop(taken);
            map.promote();
        });
        assert!(map.is_empty());
        drop(map);
        ledger.assert_settled();
        if done.is_some() {
            break;
        }
    }
}

#[test]
fn a_frozen_map_stays_as_it_is() {
    for map in shapes() {
        let frozen = map.snapshot();
        let shared = frozen.clone();
        map.retain(|key, _| key % 2 == 0);
        drop(map.insert(4, 0));
        drop(map.insert(1_000, 0));
        assert_eq!(frozen, shared);
        assert_ne!(frozen, map.snapshot());
        drop(map);
        for _ in 0..2 {
            assert_eq!(frozen.iter().count(), 100);
            assert!((&frozen).into_iter().all(|(key, value)| *value == 10 * key));
        }
        assert_eq!(
            frozen.keys().sum::<u32>() * 10,
            frozen.values().sum::<u32>()
        );
        assert_eq!((frozen.get(&4), frozen.get(&1_000)), (Some(&40), None));
        assert_eq!(
            (frozen.get_key_value(&4), frozen[&5]),
            (Some((&4, &40)), 50)
        );
        assert!(frozen.contains_key(&99) && !frozen.contains_key(&100));
        assert!((frozen.len(), frozen.is_empty()) == (100, false));
        thread::spawn(move || assert_eq!(frozen.len(), 100))
            .join()
            .expect("no panic");
    }
    assert!(implements!(Frozen<u32, String>: Send) && implements!(Frozen<u32, String>: Sync));
    assert!(!implements!(Frozen<u32, std::rc::Rc<u8>>: Send));
}

#[test]
fn a_snapshot_holds_every_key_that_stays() {
    let map = &Map::with_hasher(good());
    for key in 0..100 {
        map.insert(key, 0);
    }
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..20_000 {
                drop(map.insert(round % 100, round));
                drop(map.insert(1_000 + round % 50, round));
                drop(map.remove(&(1_000 + (round + 25) % 50)));
            }
        });
        while !writer.is_finished() {
            let frozen = map.snapshot();
            assert!((0..100).all(|key| frozen.contains_key(&key)));
        }
    });
}

#[test]
fn shrink_keeps_what_is_there() {
    for map in shapes() {
        map.retain(|key, _| key % 10 == 0);
        drop(map.insert(1_000, 0));
        map.shrink();
        assert_eq!((map.len(), map.stats().read_len), (11, 11));
        assert!((0..10).all(|tens| map.get(&(10 * tens)).as_deref() == Some(&(100 * tens))));
        map.clear();
        map.shrink();
        assert_eq!((map.len(), map.stats().read_len), (0, 0));
        drop(map.insert(1, 1));
        assert_eq!(map.get(&1).as_deref(), Some(&1));
    }
}

#[test]
fn writers_and_shrink_lose_nothing() {
    let map = &Map::with_hasher(good());
    thread::scope(|scope| {
        let writers = [0, 1].map(|writer| {
            scope.spawn(move || {
                for key in 0..10_000 {
                    let key = 2 * key + writer;
                    assert!(map.insert(key, key).is_none());
                    if key % 3 == 0 {
                        assert_eq!(map.remove(&key).as_deref(), Some(&key));
                    }
                }
            })
        });
        while writers.iter().any(|writer| !writer.is_finished()) {
            map.shrink();
        }
    });
    assert!((0..20_000).all(|key| map.contains_key(&key) == (key % 3 != 0)));
}
