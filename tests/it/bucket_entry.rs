//! The entry API of `BucketMap`.

use splitmap::{BucketMap, Entry};

use crate::support::hashers::{Good, good};
use crate::support::validate;

fn map() -> BucketMap<&'static str, u32, Good> {
    let mut map = BucketMap::with_hasher(good());
    map.insert("a", 1);
    map.insert("b", 2);
    map
}

#[test]
fn or_insert_fills_only_a_vacant_entry() {
    let mut map = map();
    *map.entry("a").or_insert(9) += 10;
    *map.entry("c").or_insert(9) += 10;
    assert_eq!((map["a"], map["c"]), (11, 19));
    assert_eq!(map.len(), 3);
    validate!(map);
}

#[test]
fn or_insert_with_calls_only_for_a_vacant_entry() {
    let mut map = map();
    let mut calls = 0;
    let mut seven = || {
        calls += 1;
        7
    };
    assert_eq!(*map.entry("a").or_insert_with(&mut seven), 1);
    assert_eq!(*map.entry("c").or_insert_with(&mut seven), 7);
    assert_eq!(calls, 1);
}

#[test]
fn or_insert_with_key_sees_the_key() {
    let mut map = map();
    let length = |key: &&str| u32::try_from(key.len()).expect("short");
    assert_eq!(*map.entry("long").or_insert_with_key(length), 4);
    assert_eq!(*map.entry("a").or_insert_with_key(length), 1);
}

#[test]
fn or_default_fills_with_the_default() {
    let mut map = map();
    *map.entry("c").or_default() += 5;
    *map.entry("a").or_default() += 5;
    assert_eq!((map["a"], map["c"]), (6, 5));
}

#[test]
fn or_default_after_a_removal_starts_from_the_default() {
    // Go's TestIncrementAfterDelete*: a cell that is used again must not remember its value.
    let mut map = BucketMap::new();
    for key in 0..100 {
        map.insert(key, 12);
    }
    for key in 0..100 {
        assert_eq!(map.remove(&key), Some(12));
    }
    for key in 0..100 {
        *map.entry(key).or_default() += 1;
    }
    assert!(map.values().all(|value| *value == 1));
    map.clear();
    for key in 0..100 {
        *map.entry(key).or_default() += 2;
    }
    assert!(map.values().all(|value| *value == 2));
}

#[test]
fn and_modify_changes_only_an_occupied_entry() {
    let mut map = map();
    map.entry("a").and_modify(|value| *value += 10).or_insert(0);
    map.entry("c").and_modify(|value| *value += 10).or_insert(5);
    assert_eq!((map["a"], map["c"]), (11, 5));
}

#[test]
fn key_is_the_one_asked_for() {
    let mut map = map();
    assert_eq!(*map.entry("a").key(), "a");
    assert_eq!(*map.entry("z").key(), "z");
    assert_eq!(map.len(), 2, "asking fills nothing");
}

#[test]
fn occupied_half_reads_replaces_and_removes() {
    let mut map = map();
    match map.entry("a") {
        Entry::Occupied(mut entry) => {
            assert_eq!(*entry.key(), "a");
            assert_eq!(*entry.get(), 1);
            *entry.get_mut() += 1;
            assert_eq!(entry.insert(5), 2);
            *entry.into_mut() += 1;
        }
        Entry::Vacant(_) => panic!("the key is there"),
    }
    assert_eq!(map["a"], 6);
    let Entry::Occupied(entry) = map.entry("a") else {
        panic!("the key is there")
    };
    assert_eq!(entry.remove(), 6);
    assert_eq!(map.get("a"), None);
    let Entry::Occupied(entry) = map.entry("b") else {
        panic!("the key is there")
    };
    assert_eq!(entry.remove_entry(), ("b", 2));
    assert!(map.is_empty());
    validate!(map);
}

#[test]
fn vacant_half_gives_back_the_key_or_fills() {
    let mut map = map();
    let Entry::Vacant(entry) = map.entry("c") else {
        panic!("the key is not there")
    };
    assert_eq!(*entry.key(), "c");
    assert_eq!(entry.into_key(), "c");
    assert_eq!(map.len(), 2);
    let Entry::Vacant(entry) = map.entry("c") else {
        panic!("the key is not there")
    };
    *entry.insert(3) += 1;
    assert_eq!(map["c"], 4);
    assert_eq!(map.len(), 3);
    validate!(map);
}

#[test]
fn insert_entry_leaves_an_occupied_half() {
    let mut map = map();
    let entry = map.entry("a").insert_entry(8);
    assert_eq!((*entry.key(), *entry.get()), ("a", 8));
    let mut entry = map.entry("c").insert_entry(9);
    *entry.get_mut() += 1;
    assert_eq!(entry.remove(), 10);
    assert_eq!(map["a"], 8);
    assert_eq!(map.len(), 2);
    validate!(map);
}

#[test]
fn vacant_entries_grow_the_map_when_filled() {
    let mut map = BucketMap::with_hasher(good());
    for key in 0..10_000_u32 {
        *map.entry(key).or_insert(0) += key;
        if key % 1_000 == 0 {
            validate!(map);
        }
    }
    assert_eq!(map.len(), 10_000);
    assert!(map.iter().all(|(key, value)| key == value));
}

#[test]
fn removal_through_entries_during_growth_loses_nothing() {
    let mut map = BucketMap::with_hasher(good());
    // Exactly the insert that starts a doubling of 64 buckets.
    for key in 0..417_u32 {
        map.insert(key, key);
    }
    assert_eq!(map.layout().old_buckets, 64);
    for key in (0..417).step_by(2) {
        let Entry::Occupied(entry) = map.entry(key) else {
            panic!("{key} is there")
        };
        assert_eq!(entry.remove_entry(), (key, key));
        validate!(map);
    }
    assert_eq!(map.len(), 208);
    assert!((0..417).all(|key| map.contains_key(&key) == (key % 2 == 1)));
}

#[test]
fn entry_debug_is_printable() {
    let mut map = map();
    assert!(!format!("{:?}", map.entry("a")).is_empty());
    assert!(!format!("{:?}", map.entry("z")).is_empty());
}
