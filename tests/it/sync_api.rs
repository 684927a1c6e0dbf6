//! Every method and trait of `SyncMap`, on one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hash, RandomState};

use equivalent::Equivalent;
use splitmap::{OccupiedError, SyncMap};

use crate::support::hashers::{Collide, Good, Identity, good, with_every_hasher};

/// `len` keys, each with ten times itself, half of them promoted.
fn tens(len: u32) -> SyncMap<u32, u32, Good> {
    let map = SyncMap::with_hasher(good());
    for key in 0..len {
        assert!(map.insert(key, 10 * key).is_none());
        if key == len / 2 {
            map.promote();
        }
    }
    map
}

fn contents<S: BuildHasher>(map: &SyncMap<u32, u32, S>) -> BTreeMap<u32, u32> {
    let mut all = BTreeMap::new();
    for entry in map.iter() {
        assert_eq!(all.insert(*entry.key(), *entry), None, "a key came twice");
    }
    all
}

#[test]
fn new_is_empty() {
    let map = SyncMap::<u32, u32>::new();
    assert_eq!(map.len(), 0);
    assert!(map.is_empty());
    assert!(map.get(&1).is_none());
    assert!(!map.contains_key(&1));
    assert!(map.remove(&1).is_none());
    assert!(map.iter().next().is_none());
}

#[test]
fn constructors_agree_on_an_empty_map() {
    let hashed = SyncMap::<u32, u32, Good>::with_hasher(good());
    let sized = SyncMap::<u32, u32>::with_capacity(1_000);
    let both = SyncMap::<u32, u32, Identity>::with_capacity_and_hasher(1_000, Identity);
    let default = SyncMap::<u32, u32, Collide>::default();
    assert!(hashed.is_empty() && sized.is_empty() && both.is_empty() && default.is_empty());
    sized.insert(1, 1);
    both.insert(1, 1);
    assert_eq!((sized.len(), both.len()), (1, 1));
    // A hostile hint is a clear panic or a bounded allocation.
    let _ = std::panic::catch_unwind(|| {
        let map = SyncMap::<u64, u64>::with_capacity(usize::MAX);
        map.insert(1, 2);
        assert_eq!(map.get(&1).as_deref(), Some(&2));
    });
}

#[test]
fn hasher_returns_the_one_given() {
    let state = RandomState::new();
    let expected = state.hash_one("x");
    let map = SyncMap::<u32, u32, RandomState>::with_hasher(state);
    assert_eq!(map.hasher().hash_one("x"), expected);
}

#[test]
fn insert_returns_the_value_replaced() {
    let map = SyncMap::new();
    assert!(map.insert("a", 1).is_none());
    assert_eq!(map.insert("a", 2).as_deref(), Some(&1));
    map.promote();
    let old = map.insert("a", 3).expect("present");
    assert_eq!((*old.key(), *old.value()), ("a", 2));
    assert_eq!(map.get("a").as_deref(), Some(&3));
    assert_eq!(map.len(), 1);
}

#[test]
fn get_finds_keys_wherever_they_are() {
    with_every_hasher!(get_finds);
}

fn get_finds<S: BuildHasher>(hasher: S) {
    let map = SyncMap::with_hasher(hasher);
    for key in 0..300_u32 {
        map.insert(key, 10 * key);
        if key % 100 == 50 {
            map.promote();
        }
    }
    for key in 0..600 {
        let found = map.get(&key).map(|entry| (*entry.key(), *entry));
        assert_eq!(found, (key < 300).then_some((key, 10 * key)));
        assert_eq!(map.contains_key(&key), key < 300);
    }
}

#[test]
fn try_insert_stores_or_gives_the_value_back() {
    let map = SyncMap::new();
    for promoted in [false, true] {
        let stored = map.try_insert("a", String::from("first")).expect("vacant");
        assert_eq!((*stored.key(), stored.as_str()), ("a", "first"));
        if promoted {
            map.promote();
        }
        let OccupiedError { current, value, .. } = map
            .try_insert("a", String::from("second"))
            .expect_err("occupied");
        assert_eq!((*current.key(), current.as_str()), ("a", "first"));
        assert_eq!(value, "second");
        assert_eq!(map.get("a").expect("present").as_str(), "first");
        drop(map.remove("a"));
    }
}

#[test]
fn occupied_error_is_an_error() {
    let map = SyncMap::from([(1, 2)]);
    let error = map.try_insert(1, 3).expect_err("occupied");
    assert!(!error.to_string().is_empty());
    assert!(!format!("{error:?}").is_empty());
    let _: &dyn std::error::Error = &error;
}

#[test]
fn get_or_insert_returns_what_is_stored() {
    let map = SyncMap::new();
    assert_eq!(*map.get_or_insert("a", 1), 1);
    assert_eq!(*map.get_or_insert("a", 2), 1);
    map.promote();
    assert_eq!(*map.get_or_insert("a", 3), 1);
    assert_eq!(*map.get_or_insert("b", 4), 4);
    assert_eq!(map.len(), 2);
}

#[test]
fn get_or_insert_with_calls_only_for_an_absent_key() {
    let map = SyncMap::new();
    let mut calls = 0;
    for expected in [1, 1, 2, 2] {
        let found = *map.get_or_insert_with("a", || {
            calls += 1;
            calls
        });
        assert_eq!(found, expected);
        if found == 2 || map.stats().amended {
            map.promote();
        } else {
            drop(map.remove("a"));
        }
    }
    assert_eq!(calls, 2);
}

#[test]
fn remove_returns_the_value_once() {
    let map = tens(100);
    for key in 0..100 {
        let removed = map.remove(&key).expect("present");
        assert_eq!((*removed.key(), *removed), (key, 10 * key));
        assert!(map.remove(&key).is_none());
        assert!(map.get(&key).is_none());
        assert_eq!(map.len(), 99 - key as usize);
    }
    assert!(map.is_empty());
}

#[test]
fn removed_keys_come_back_with_their_new_value() {
    let map = tens(100);
    // Deleted in the snapshot, deleted and gone from dirty, deleted in dirty only.
    for round in 0..4 {
        for key in 0..100 {
            assert!(map.remove(&key).is_some());
        }
        if round % 2 == 0 {
            map.insert(1_000 + round, 0);
        }
        if round == 3 {
            map.promote();
        }
        for key in 0..100 {
            assert!(map.insert(key, key + round).is_none());
            assert_eq!(map.get(&key).as_deref(), Some(&(key + round)));
        }
        map.remove(&(1_000 + round));
    }
    assert_eq!(map.len(), 100);
    assert_eq!(contents(&map), (0..100).map(|key| (key, key + 3)).collect());
}

#[test]
fn remove_if_asks_about_the_value_it_removes() {
    let map = tens(20);
    let mut asked = Vec::new();
    for key in 0..25 {
        let removed = map.remove_if(&key, |key, value| {
            asked.push((*key, *value));
            *value >= 100
        });
        assert_eq!(
            removed.map(|entry| *entry),
            (10..20).contains(&key).then_some(10 * key)
        );
    }
    assert_eq!(
        asked,
        (0..20).map(|key| (key, 10 * key)).collect::<Vec<_>>()
    );
    assert_eq!(map.len(), 10);
}

#[test]
fn compare_and_swap_replaces_only_an_equal_value() {
    let map = tens(10);
    for key in 0..10 {
        let old = map.compare_and_swap(&key, &(10 * key), 1).expect("equal");
        assert_eq!((*old.key(), *old), (key, 10 * key));
        let back = map.compare_and_swap(&key, &(10 * key), 2);
        assert_eq!(back.map(|entry| *entry), Err(2));
        assert_eq!(map.get(&key).as_deref(), Some(&1));
    }
    // Go's TestCompareAndSwap_NonExistingKey: an absent key equals nothing.
    assert_eq!(map.compare_and_swap(&10, &0, 5).map(|entry| *entry), Err(5));
    assert!(!map.contains_key(&10));
    drop(map.remove(&3));
    assert_eq!(map.compare_and_swap(&3, &1, 5).map(|entry| *entry), Err(5));
    assert!(!map.contains_key(&3));
}

#[test]
fn compare_and_remove_removes_only_an_equal_value() {
    let map = tens(10);
    for key in 0..10 {
        assert!(map.compare_and_remove(&key, &7).is_none());
        assert_eq!(map.len(), 10 - key as usize);
        let old = map.compare_and_remove(&key, &(10 * key)).expect("equal");
        assert_eq!((*old.key(), *old), (key, 10 * key));
        assert!(map.compare_and_remove(&key, &(10 * key)).is_none());
    }
    assert!(map.is_empty());
    assert!(map.compare_and_remove(&77, &0).is_none());
}

#[test]
fn update_replaces_a_present_value_and_returns_the_new_one() {
    let map = tens(10);
    for key in 0..10 {
        let new = map.update(&key, |key, value| key + value).expect("present");
        assert_eq!((*new.key(), *new), (key, 11 * key));
        assert_eq!(map.get(&key).as_deref(), Some(&(11 * key)));
    }
    assert!(map.update(&10, |_, _| panic!("absent")).is_none());
    drop(map.remove(&4));
    assert!(map.update(&4, |_, _| panic!("removed")).is_none());
    assert_eq!(map.len(), 9);
}

#[test]
fn iter_yields_every_entry_once() {
    for len in [0, 1, 9, 100, 1_000] {
        let map = tens(len);
        assert_eq!(
            contents(&map),
            (0..len).map(|key| (key, 10 * key)).collect()
        );
        for key in (0..len).step_by(3) {
            drop(map.remove(&key));
        }
        let left = (0..len).filter(|key| key % 3 != 0);
        assert_eq!(contents(&map), left.map(|key| (key, 10 * key)).collect());
    }
}

#[test]
fn into_iterator_works_by_reference_and_by_value() {
    let map = tens(50);
    drop(map.remove(&3));
    let mut sum = 0;
    for entry in &map {
        sum += *entry;
    }
    assert_eq!(sum, 10 * (50 * 49 / 2 - 3));
    let pairs: BTreeMap<u32, u32> = map.into_iter().collect();
    assert_eq!(pairs.len(), 49);
    assert!(pairs.iter().all(|(key, value)| *value == 10 * key));
}

#[test]
fn into_iter_moves_keys_and_values_out() {
    #[derive(Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
    struct NotClone(u32);

    let map = SyncMap::new();
    for n in 0..40 {
        map.insert(NotClone(n), Box::new(NotClone(n + 1)));
        if n == 20 {
            map.promote();
        }
    }
    let mut pairs: Vec<(NotClone, Box<NotClone>)> = map.into_iter().collect();
    pairs.sort();
    assert!(
        pairs
            .iter()
            .zip(0..)
            .all(|((key, value), n)| key.0 == n && value.0 == n + 1)
    );
    assert_eq!(pairs.len(), 40);
}

#[test]
fn for_each_visits_every_entry_once() {
    let map = tens(100);
    let mut seen = BTreeSet::new();
    map.for_each(|entry| {
        assert_eq!(*entry.value(), 10 * entry.key());
        assert!(seen.insert(*entry.key()), "a key came twice");
    });
    assert_eq!(seen.len(), 100);
}

#[test]
fn retain_keeps_what_the_closure_keeps() {
    let map = tens(100);
    map.retain(|key, value| {
        assert_eq!(*value, 10 * key);
        key % 3 == 0
    });
    assert_eq!(map.len(), 34);
    let kept = (0..100).filter(|key| key % 3 == 0);
    assert_eq!(contents(&map), kept.map(|key| (key, 10 * key)).collect());
    assert!(map.get(&1).is_none());
    map.retain(|_, _| false);
    assert!(map.is_empty());
    map.insert(1, 1);
    assert_eq!(map.len(), 1);
}

#[test]
fn clear_removes_everything_wherever_it_is() {
    let map = tens(100);
    map.clear();
    assert!(map.is_empty());
    assert_eq!(map.len(), 0);
    assert!((0..100).all(|key| map.get(&key).is_none()));
    assert!(map.iter().next().is_none());
    map.clear();
    for key in 0..50 {
        assert!(map.insert(key, 1).is_none());
    }
    assert_eq!(map.len(), 50);
}

#[test]
fn promote_moves_everything_to_the_snapshot() {
    let map = tens(100);
    assert!(map.stats().amended);
    map.promote();
    let stats = map.stats();
    assert_eq!(
        (stats.read_len, stats.amended, stats.dirty_len),
        (100, false, 0)
    );
    assert_eq!(contents(&map).len(), 100);
    map.promote();
    assert_eq!(map.len(), 100);
}

#[test]
fn stats_count_promotions_and_locked_operations() {
    let map = tens(0);
    let before = map.stats();
    map.insert(1, 1);
    let inserted = map.stats();
    assert!(
        inserted.locked_ops > before.locked_ops,
        "a new key takes the mutex"
    );
    map.promote();
    let promoted = map.stats();
    assert_eq!(promoted.promotions, before.promotions + 1);
    for _ in 0..1_000 {
        assert!(map.get(&1).is_some());
        assert!(map.get(&2).is_none());
        assert!(map.insert(1, 2).is_some());
        assert!(map.update(&1, |_, value| value + 1).is_some());
        assert!(map.compare_and_swap(&1, &3, 4).is_ok());
        assert_eq!(*map.get_or_insert(1, 0), 4);
    }
    let after = map.stats();
    assert_eq!(
        after.locked_ops, promoted.locked_ops,
        "all was in the snapshot"
    );
    assert_eq!(after.promotions, promoted.promotions);
    // To look changes nothing.
    let again = map.stats();
    assert_eq!(again.locked_ops, after.locked_ops);
    assert_eq!(again.misses, after.misses);
}

#[test]
fn len_counts_through_every_change() {
    let map = SyncMap::with_hasher(good());
    let check = |len| {
        assert_eq!(map.len(), len);
        assert_eq!(map.is_empty(), len == 0);
    };
    check(0);
    map.insert(1, 1);
    map.insert(1, 2);
    check(1);
    let _ = map.try_insert(1, 3);
    let _ = map.try_insert(2, 3);
    check(2);
    drop(map.get_or_insert(2, 4));
    drop(map.get_or_insert(3, 4));
    check(3);
    drop(map.get_or_insert_with(3, || 5));
    drop(map.get_or_insert_with(4, || 5));
    check(4);
    drop(map.remove(&9));
    drop(map.remove(&1));
    drop(map.remove(&1));
    check(3);
    map.promote();
    check(3);
    let _ = map.compare_and_swap(&2, &3, 5);
    let _ = map.update(&2, |_, _| 6);
    check(3);
    let _ = map.compare_and_remove(&2, &5);
    check(3);
    let _ = map.compare_and_remove(&2, &6);
    check(2);
    let _ = map.remove_if(&3, |_, _| false);
    let _ = map.remove_if(&3, |_, _| true);
    check(1);
    map.retain(|_, _| true);
    check(1);
    map.retain(|_, _| false);
    check(0);
    map.insert(7, 7);
    map.clear();
    check(0);
}

#[test]
fn lookup_takes_borrowed_and_foreign_keys() {
    /// A key type that shares nothing with `String` but its hash.
    #[derive(Hash)]
    struct Word<'a>(&'a str);

    impl Equivalent<String> for Word<'_> {
        fn equivalent(&self, key: &String) -> bool {
            self.0 == key
        }
    }

    let map = SyncMap::new();
    map.insert(String::from("one"), 1);
    map.promote();
    map.insert(String::from("two"), 2);
    assert_eq!(map.get("one").as_deref(), Some(&1));
    assert_eq!(map.get(&Word("two")).as_deref(), Some(&2));
    assert!(map.contains_key("two") && !map.contains_key(&Word("three")));
    assert_eq!(map.update("one", |_, n| n + 10).as_deref(), Some(&11));
    assert!(map.compare_and_swap(&Word("one"), &11, 12).is_ok());
    assert!(map.remove_if("one", |_, n| *n != 12).is_none());
    assert!(map.compare_and_remove("one", &12).is_some());
    assert!(map.remove(&Word("two")).is_some());
    assert!(map.is_empty());
}

#[test]
fn clone_is_equal_and_independent() {
    let map = tens(60);
    drop(map.remove(&5));
    let copy = map.clone();
    assert_eq!(contents(&copy), contents(&map));
    assert_eq!(copy.len(), 59);
    copy.insert(1, 0);
    drop(copy.remove(&2));
    assert_eq!(map.get(&1).as_deref(), Some(&10));
    assert_eq!(map.get(&2).as_deref(), Some(&20));
    map.clear();
    assert_eq!(copy.len(), 58);
}

#[test]
fn from_iter_and_from_array_start_promoted() {
    let collected: SyncMap<u32, u32, Good> = (0..100).map(|n| (n % 60, n)).collect();
    let stats = collected.stats();
    assert_eq!(
        (stats.read_len, stats.amended, stats.dirty_len),
        (60, false, 0)
    );
    assert_eq!(collected.len(), 60);
    let last_wins = (0..60).map(|n| (n, if n < 40 { n + 60 } else { n }));
    assert_eq!(contents(&collected), last_wins.collect());

    let array = SyncMap::from([("a", 1), ("b", 2)]);
    let stats = array.stats();
    assert_eq!(
        (stats.read_len, stats.amended, stats.dirty_len),
        (2, false, 0)
    );
    assert_eq!(array.get("b").as_deref(), Some(&2));

    let copied = collected.clone();
    assert_eq!(contents(&copied), contents(&collected));
}

#[test]
fn extend_works_on_the_map_and_on_a_reference() {
    let mut map = tens(10);
    map.extend([(3, 0), (20, 1)]);
    let mut shared = &map;
    shared.extend((100..150).map(|n| (n, n)));
    assert_eq!(map.len(), 61);
    assert_eq!(map.get(&3).as_deref(), Some(&0));
    assert_eq!(map.get(&149).as_deref(), Some(&149));
}

#[test]
fn debug_prints_a_map() {
    let map = SyncMap::new();
    assert_eq!(format!("{map:?}"), "{}");
    map.insert("a", 1);
    assert_eq!(format!("{map:?}"), r#"{"a": 1}"#);
    drop(map.remove("a"));
    assert_eq!(format!("{map:?}"), "{}");
}

#[test]
fn keys_and_values_may_borrow() {
    let text = String::from("a shared cache of names, a map of names to names");
    let map: SyncMap<&str, &str> = SyncMap::new();
    for word in text.split(' ') {
        map.insert(word, &word[..1]);
        if map.len() == 4 {
            map.promote();
        }
    }
    assert_eq!(map.get("names").map(|entry| *entry), Some("n"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(map.insert("cache", &text[2..3]).is_some());
            drop(map.remove("map"));
        });
    });
    assert_eq!(map.get("cache").map(|entry| *entry), Some("s"));
    assert!(!map.contains_key("map"));
    // The map goes first, then what it borrows.
    drop(map);
    drop(text);
}

#[test]
fn keys_and_values_need_be_neither_clone_nor_comparable() {
    #[derive(Eq, Hash, PartialEq)]
    struct Key(u32);

    struct Value(u32);

    let map = SyncMap::new();
    for n in 0..50 {
        map.insert(Key(n), Value(n));
        map.promote();
        map.insert(Key(n), Value(n + 1));
    }
    assert_eq!(map.get(&Key(7)).expect("present").0, 8);
    assert_eq!(
        map.update(&Key(7), |_, old| Value(old.0 + 1))
            .expect("present")
            .0,
        9
    );
    assert_eq!(
        map.remove_if(&Key(7), |_, value| value.0 == 9)
            .expect("equal")
            .0,
        9
    );
    assert_eq!(map.get_or_insert_with(Key(7), || Value(70)).0, 70);
    map.retain(|key, _| key.0 < 10);
    assert_eq!(map.iter().count(), 10);
}

#[test]
fn keys_and_values_of_any_size_arrive_whole() {
    #[derive(Debug, PartialEq)]
    #[repr(align(128))]
    struct Wide([u8; 200]);

    let units = SyncMap::new();
    assert!(units.insert((), ()).is_none());
    assert!(units.insert((), ()).is_some());
    units.promote();
    assert!(units.get(&()).is_some());
    assert_eq!(units.len(), 1);
    assert!(units.remove(&()).is_some());
    assert!(units.is_empty());

    let wide = SyncMap::new();
    for n in 0..100_u8 {
        wide.insert([n; 300], Wide([n; 200]));
        wide.insert([n; 300], Wide([n + 1; 200]));
    }
    for n in 0..100_u8 {
        let entry = wide.get(&[n; 300]).expect("present");
        assert_eq!(std::ptr::from_ref(&*entry).addr() % 128, 0);
        assert_eq!(*entry, Wide([n + 1; 200]));
    }
}

#[test]
fn map_that_is_not_sync_works_on_its_thread() {
    use std::cell::Cell;
    use std::rc::Rc;

    let map: SyncMap<Rc<str>, Cell<u32>> = SyncMap::new();
    let key: Rc<str> = Rc::from("a");
    map.insert(Rc::clone(&key), Cell::new(1));
    map.get("a").expect("present").set(5);
    assert_eq!(map.get("a").expect("present").get(), 5);
    assert_eq!(Rc::strong_count(&key), 2);
    drop(map);
    assert_eq!(Rc::strong_count(&key), 1);
}

#[test]
fn map_moves_between_threads_with_its_contents() {
    let map = tens(100);
    let map = std::thread::spawn(move || {
        for key in 0..50 {
            assert!(map.remove(&key).is_some());
        }
        map
    })
    .join()
    .expect("no panic");
    assert_eq!(map.len(), 50);
    let moved = Box::new(map);
    assert_eq!(contents(&moved).len(), 50);
}
