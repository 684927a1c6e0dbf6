//! `get_many` gives what single lookups give.

use std::panic::{AssertUnwindSafe, catch_unwind};

use splitmap::SyncMap;

use crate::support::hashers::{Good, good};

fn map_of(keys: u32) -> SyncMap<u32, u32, Good> {
    let map = SyncMap::with_hasher(good());
    for key in 0..keys {
        map.insert(key, 10 * key);
        if key == keys / 2 {
            map.promote();
        }
    }
    map
}

/// For batches that are full, cut short, and empty; for settled, fresh and absent keys.
#[test]
fn same_as_single_lookups() {
    for keys in [0, 1, 8, 9, 100, 3_000, 100_000] {
        let map = map_of(keys);
        for asked in [0, 1, 15, 16, 17, 100] {
            let wanted: Vec<u32> = (0..asked).map(|i| i * 7 % (keys + 3)).collect();
            let found: Vec<_> = map
                .get_many(&wanted)
                .map(|entry| entry.map(|entry| *entry))
                .collect();
            let single: Vec<_> = wanted
                .iter()
                .map(|key| map.get(key).map(|entry| *entry))
                .collect();
            assert_eq!(found, single, "{keys} keys, {asked} asked for");
        }
    }
}

#[test]
fn keys_may_be_borrowed_forms() {
    let map = SyncMap::from([(String::from("a"), 1), (String::from("b"), 2)]);
    let sum: i32 = map.get_many(["a", "b", "c"]).flatten().map(|n| *n).sum();
    assert_eq!(sum, 3);
}

#[test]
fn length_is_known() {
    let map = map_of(10);
    let keys: Vec<u32> = (0..40).collect();
    let mut results = map.get_many(&keys);
    for left in (0..40).rev() {
        assert!(results.next().is_some());
        assert_eq!(results.len(), left);
    }
    assert!(results.next().is_none());
}

/// A key is looked up when its result is asked for, and the map may be used in between.
#[test]
fn map_may_change_between_results() {
    for size in [32, 60_000] {
        let map = map_of(size);
        let keys: Vec<u32> = (0..32).collect();
        let mut seen = Vec::new();
        for (key, entry) in keys.iter().zip(map.get_many(&keys)) {
            if let Some(entry) = entry {
                assert_eq!(*entry, 10 * key);
                seen.push(*key);
            }
            match *key {
                3 => drop(map.remove(&5)),
                20 => map.clear(),
                _ => {}
            }
        }
        let expected: Vec<u32> = (0..=20).filter(|key| *key != 5).collect();
        assert_eq!(seen, expected, "of {size} keys");
    }
}

#[test]
fn panic_of_the_keys_leaves_the_map_usable() {
    let map = map_of(32);
    let keys: Vec<u32> = (0..32).collect();
    let failing = keys.iter().inspect(|key| assert_ne!(**key, 20));
    let caught = catch_unwind(AssertUnwindSafe(|| map.get_many(failing).count()));
    assert!(caught.is_err());
    assert_eq!(map.get_many(&keys).flatten().count(), 32);
    drop(map.remove(&1));
    map.promote();
    assert_eq!(map.stats().retired, 0, "a section was left open");
}
