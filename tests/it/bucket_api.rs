//! Every method and trait of `BucketMap`, as a user of `std::collections::HashMap` expects it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use equivalent::Equivalent;
use splitmap::BucketMap;

use crate::support::hashers::{Collide, Good, Identity, good};
use crate::support::validate;

/// Equal by `id`; `tag` tells equal keys apart.
#[derive(Clone, Copy, Debug)]
struct Tagged {
    id: u32,
    tag: char,
}

impl PartialEq for Tagged {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Tagged {}

impl Hash for Tagged {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

fn tagged(id: u32, tag: char) -> Tagged {
    Tagged { id, tag }
}

/// `len` keys, each with ten times itself.
fn tens(len: u32) -> BucketMap<u32, u32, Good> {
    let mut map = BucketMap::with_hasher(good());
    for key in 0..len {
        assert_eq!(map.insert(key, 10 * key), None);
    }
    map
}

fn sorted<S: BuildHasher>(map: &BucketMap<u32, u32, S>) -> BTreeMap<u32, u32> {
    map.iter().map(|(key, value)| (*key, *value)).collect()
}

#[test]
fn new_is_empty_and_holds_eight() {
    let map = BucketMap::<u32, u32>::new();
    assert_eq!(map.len(), 0);
    assert!(map.is_empty());
    assert_eq!(map.capacity(), 8);
    assert_eq!(map.iter().next(), None);
    assert_eq!(map.get(&1), None);
    assert!(!map.contains_key(&1));
}

#[test]
fn constructors_agree_on_an_empty_map() {
    let hashed = BucketMap::<u32, u32, Good>::with_hasher(good());
    let sized = BucketMap::<u32, u32>::with_capacity(100);
    let both = BucketMap::<u32, u32, Identity>::with_capacity_and_hasher(100, Identity);
    let default = BucketMap::<u32, u32, Collide>::default();
    assert!(hashed.is_empty() && sized.is_empty() && both.is_empty() && default.is_empty());
    assert_eq!(hashed.capacity(), 8);
    assert_eq!(default.capacity(), 8);
    assert_eq!(sized.capacity(), 104);
    assert_eq!(both.capacity(), 104);
}

#[test]
fn hasher_returns_the_one_given() {
    let state = RandomState::new();
    let expected = state.hash_one("x");
    let map = BucketMap::<u32, u32, RandomState>::with_hasher(state);
    assert_eq!(map.hasher().hash_one("x"), expected);
    let map = BucketMap::<u32, u32, Identity>::with_capacity_and_hasher(50, Identity);
    assert_eq!(map.hasher().hash_one(7_u64), 7);
}

#[test]
fn insert_returns_the_value_replaced() {
    let mut map = BucketMap::new();
    assert_eq!(map.insert("a", 1), None);
    assert_eq!(map.insert("a", 2), Some(1));
    assert_eq!(map.insert("b", 3), None);
    assert_eq!(map.len(), 2);
    assert!(!map.is_empty());
    assert_eq!(map.get("a"), Some(&2));
    assert_eq!(map.get("b"), Some(&3));
}

#[test]
fn insert_keeps_the_stored_key() {
    let mut map = BucketMap::new();
    assert_eq!(map.insert(tagged(1, 'a'), 1), None);
    assert_eq!(map.insert(tagged(1, 'b'), 2), Some(1));
    let (key, value) = map.get_key_value(&tagged(1, 'c')).expect("present");
    assert_eq!((key.tag, *value), ('a', 2));
    // After a removal the key is a new one.
    assert_eq!(map.remove(&tagged(1, 'd')), Some(2));
    assert_eq!(map.insert(tagged(1, 'e'), 3), None);
    let (key, _) = map.get_key_value(&tagged(1, 'c')).expect("present");
    assert_eq!(key.tag, 'e');
}

#[test]
fn get_mut_changes_the_value_in_place() {
    let mut map = tens(100);
    *map.get_mut(&42).expect("present") += 1;
    assert_eq!(map.get(&42), Some(&421));
    assert_eq!(map.get_mut(&100), None);
    assert_eq!(map.len(), 100);
    let changed = map.iter().filter(|(key, value)| **value != 10 * **key);
    assert_eq!(changed.count(), 1);
}

#[test]
fn get_key_value_returns_the_stored_pair() {
    let map = tens(50);
    assert_eq!(map.get_key_value(&7), Some((&7, &70)));
    assert_eq!(map.get_key_value(&50), None);
}

#[test]
fn contains_key_tells_present_from_absent() {
    let map = tens(1_000);
    assert!((0..1_000).all(|key| map.contains_key(&key)));
    assert!((1_000..2_000).all(|key| !map.contains_key(&key)));
}

#[test]
fn remove_returns_the_value_once() {
    let mut map = tens(200);
    for key in 0..200 {
        assert_eq!(map.remove(&key), Some(10 * key));
        assert_eq!(map.remove(&key), None);
        assert_eq!(map.get(&key), None);
        assert_eq!(map.len(), 199 - key as usize);
        validate!(map);
    }
    assert!(map.is_empty());
}

#[test]
fn remove_entry_returns_the_stored_key() {
    let mut map = BucketMap::new();
    map.insert(tagged(1, 'a'), "one");
    map.insert(tagged(2, 'a'), "two");
    let (key, value) = map.remove_entry(&tagged(1, 'z')).expect("present");
    assert_eq!((key.id, key.tag, value), (1, 'a', "one"));
    assert_eq!(map.remove_entry(&tagged(1, 'z')), None);
    assert_eq!(map.len(), 1);
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

    let mut map = BucketMap::new();
    map.insert(String::from("one"), 1);
    map.insert(String::from("two"), 2);
    assert_eq!(map.get("one"), Some(&1));
    assert_eq!(map.get(&Word("two")), Some(&2));
    assert!(map.contains_key("two") && !map.contains_key(&Word("three")));
    *map.get_mut("two").expect("present") = 3;
    assert_eq!(map["two"], 3);
    assert_eq!(
        map.get_key_value(&Word("two")),
        Some((&String::from("two"), &3))
    );
    assert_eq!(map.remove("one"), Some(1));
    assert_eq!(
        map.remove_entry(&Word("two")),
        Some((String::from("two"), 3))
    );
    assert!(map.is_empty());
}

#[test]
fn index_returns_the_value() {
    let map = tens(10);
    assert_eq!(map[&3], 30);
}

#[test]
#[should_panic]
fn index_panics_on_an_absent_key() {
    let map = tens(10);
    let _ = map[&10];
}

#[test]
fn iter_yields_every_entry_once() {
    for len in [0, 1, 7, 8, 9, 100, 1_000] {
        let map = tens(len);
        let mut seen = BTreeMap::new();
        for (key, value) in map.iter() {
            assert_eq!(seen.insert(*key, *value), None, "key {key} came twice");
        }
        assert_eq!(seen, (0..len).map(|key| (key, 10 * key)).collect());
    }
}

#[test]
fn iter_knows_how_many_are_left() {
    let mut map = tens(60);
    let mut left = 60;
    let mut entries = map.iter();
    loop {
        assert_eq!(entries.size_hint(), (left, Some(left)));
        if entries.next().is_none() {
            break;
        }
        left -= 1;
    }
    assert_eq!(left, 0);
    assert_eq!(entries.next(), None, "the end is final");
    assert_eq!(map.keys().size_hint(), (60, Some(60)));
    assert_eq!(map.values().size_hint(), (60, Some(60)));
    assert_eq!(map.iter_mut().size_hint(), (60, Some(60)));
    assert_eq!(map.values_mut().size_hint(), (60, Some(60)));
    assert_eq!(map.drain().size_hint(), (60, Some(60)));
    assert_eq!(tens(60).into_iter().size_hint(), (60, Some(60)));
}

#[test]
fn iter_mut_reaches_every_value() {
    let mut map = tens(300);
    let mut steps = 0;
    for (key, value) in map.iter_mut() {
        assert_eq!(*value, 10 * key);
        *value += 1;
        steps += 1;
    }
    assert_eq!(steps, 300);
    assert!(map.iter().all(|(key, value)| *value == 10 * key + 1));
}

#[test]
fn keys_and_values_yield_their_halves() {
    let mut map = tens(300);
    let keys: BTreeSet<_> = map.keys().copied().collect();
    assert_eq!(keys, (0..300).collect());
    assert_eq!(map.keys().count(), 300);
    let mut values: Vec<_> = map.values().copied().collect();
    values.sort_unstable();
    assert_eq!(values, (0..300).map(|key| 10 * key).collect::<Vec<_>>());
    map.values_mut().for_each(|value| *value = 1);
    assert_eq!(map.values().sum::<u32>(), 300);
}

#[test]
fn into_iter_yields_every_entry_by_value() {
    let map: BucketMap<String, String> = (0..100)
        .map(|n| (n.to_string(), (10 * n).to_string()))
        .collect();
    let pairs: BTreeMap<String, String> = map.into_iter().collect();
    assert_eq!(pairs.len(), 100);
    assert!(
        pairs
            .iter()
            .all(|(key, value)| *value == format!("{key}0") || key == "0")
    );
}

#[test]
fn into_iterator_works_by_reference() {
    let mut map = tens(20);
    let mut sum = 0;
    for (key, value) in &map {
        sum += key + value;
    }
    assert_eq!(sum, 11 * 190);
    for (_, value) in &mut map {
        *value = 0;
    }
    assert_eq!(map.values().sum::<u32>(), 0);
}

#[test]
fn drain_yields_all_and_leaves_the_map_empty() {
    let mut map = tens(200);
    let capacity = map.capacity();
    let drained: BTreeMap<_, _> = map.drain().collect();
    assert_eq!(drained, (0..200).map(|key| (key, 10 * key)).collect());
    assert!(map.is_empty());
    validate!(map);
    assert_eq!(map.capacity(), capacity, "the table never shrinks");
    assert_eq!(map.insert(5, 5), None);
    assert_eq!(map.len(), 1);
}

#[test]
fn drain_dropped_early_empties_the_map_too() {
    let mut map = tens(200);
    let first: Vec<_> = map.drain().take(3).collect();
    assert_eq!(first.len(), 3);
    assert!(map.is_empty());
    validate!(map);
    assert_eq!(map.iter().count(), 0);
}

#[test]
fn drain_forgotten_leaves_a_usable_map() {
    let mut map = tens(200);
    let mut drain = map.drain();
    assert!(drain.next().is_some());
    std::mem::forget(drain);
    validate!(map);
    assert_eq!(map.iter().count(), map.len());
    map.clear();
    assert_eq!(map.insert(1, 2), None);
    assert_eq!(map.get(&1), Some(&2));
    assert_eq!(map.len(), 1);
}

#[test]
fn retain_keeps_what_the_closure_keeps() {
    let mut map = tens(500);
    let mut asked = HashSet::new();
    map.retain(|key, value| {
        assert!(asked.insert(*key), "asked twice about {key}");
        *value += 1;
        key % 3 == 0
    });
    assert_eq!(asked.len(), 500);
    let expected: BTreeMap<_, _> = (0..500)
        .filter(|key| key % 3 == 0)
        .map(|key| (key, 10 * key + 1))
        .collect();
    assert_eq!(sorted(&map), expected);
    assert_eq!(map.len(), expected.len());
    validate!(map);
    map.retain(|_, _| false);
    assert!(map.is_empty());
    validate!(map);
}

#[test]
fn clear_empties_and_keeps_the_capacity() {
    let mut map = tens(1_000);
    let capacity = map.capacity();
    map.clear();
    assert!(map.is_empty());
    assert_eq!(map.iter().next(), None);
    assert_eq!(map.get(&1), None);
    assert_eq!(map.capacity(), capacity);
    validate!(map);
    for key in 0..1_000 {
        assert_eq!(map.insert(key, key), None);
    }
    assert_eq!(map.len(), 1_000);
    assert_eq!(map.capacity(), capacity, "nothing had to grow");
}

#[test]
fn clone_is_equal_and_independent() {
    for len in [0, 1, 8, 9, 53, 60, 1_000] {
        let map = tens(len);
        let mut copy = map.clone();
        validate!(copy);
        assert_eq!(copy, map);
        assert_eq!(copy.len(), len as usize);
        copy.insert(7_777, 1);
        copy.values_mut().for_each(|value| *value += 1);
        assert_eq!(map.get(&7_777), None);
        assert!(map.iter().all(|(key, value)| *value == 10 * key));
    }
}

#[test]
fn clone_from_replaces_everything() {
    let map = tens(100);
    let mut other = tens(5);
    other.insert(1_000, 1);
    other.clone_from(&map);
    assert_eq!(other, map);
    assert_eq!(other.get(&1_000), None);
}

#[test]
fn debug_prints_a_map() {
    let mut map = BucketMap::new();
    assert_eq!(format!("{map:?}"), "{}");
    map.insert("a", 1);
    assert_eq!(format!("{map:?}"), r#"{"a": 1}"#);
    assert!(!format!("{:?}", map.iter()).is_empty());
}

#[test]
fn eq_compares_contents_not_layout() {
    let small = tens(20);
    let mut large = BucketMap::with_capacity_and_hasher(10_000, good());
    for key in (0..20).rev() {
        large.insert(key, 10 * key);
    }
    assert_eq!(small, large);
    large.insert(3, 0);
    assert_ne!(small, large);
    large.insert(3, 30);
    large.insert(20, 200);
    assert_ne!(small, large);
    large.remove(&0);
    assert_ne!(small, large, "as many keys, but others");
}

#[test]
fn from_iter_and_extend_let_the_last_value_win() {
    let mut map: BucketMap<u32, u32, Good> = [(1, 1), (2, 2), (1, 3)].into_iter().collect();
    assert_eq!(sorted(&map), BTreeMap::from([(1, 3), (2, 2)]));
    map.extend([(2, 5), (4, 4)]);
    map.extend((100..200).map(|key| (key, key)));
    assert_eq!(map.len(), 103);
    assert_eq!(map[&2], 5);
    assert_eq!(map[&150], 150);
    validate!(map);
}

#[test]
fn from_array_holds_the_pairs() {
    let map = BucketMap::from([("a", 1), ("b", 2)]);
    assert_eq!(map.len(), 2);
    assert_eq!((map["a"], map["b"]), (1, 2));
}

#[test]
fn extend_from_itself_drained_moves_everything() {
    let mut from = tens(100);
    let mut into = BucketMap::with_hasher(Identity);
    into.extend(from.drain());
    assert!(from.is_empty());
    assert_eq!(sorted(&into), (0..100).map(|key| (key, 10 * key)).collect());
}

#[test]
fn keys_and_values_may_be_zero_sized() {
    let mut map = BucketMap::new();
    assert_eq!(map.insert((), ()), None);
    assert_eq!(map.insert((), ()), Some(()));
    assert_eq!(map.len(), 1);
    assert_eq!(map.iter().next(), Some((&(), &())));
    assert_eq!(map.remove(&()), Some(()));
    assert!(map.is_empty());

    let mut set = BucketMap::new();
    for key in 0..1_000_u32 {
        set.insert(key, ());
    }
    assert_eq!(set.keys().count(), 1_000);
    assert!((0..1_000).all(|key| set.get(&key) == Some(&())));
}

#[test]
fn keys_and_values_may_be_over_aligned() {
    #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
    #[repr(align(64))]
    struct Wide(u8);

    #[repr(align(4096))]
    struct Page(u32);

    let mut map = BucketMap::new();
    for key in 0..200 {
        map.insert(Wide(key), Page(u32::from(key)));
    }
    for (key, value) in &map {
        assert_eq!(std::ptr::from_ref(key).addr() % 64, 0);
        assert_eq!(std::ptr::from_ref(value).addr() % 4096, 0);
        assert_eq!(u32::from(key.0), value.0);
    }
    assert_eq!(map.len(), 200);
}

#[test]
fn keys_that_differ_in_one_bit_stay_apart() {
    let mut map = BucketMap::with_hasher(Identity);
    for bit in 0..64 {
        assert_eq!(map.insert(1_u64 << bit, bit), None);
    }
    for bit in 0..64 {
        assert_eq!(map.get(&(1 << bit)), Some(&bit));
    }
    assert_eq!(map.len(), 64);
}

#[test]
fn all_equal_hashes_are_slow_but_correct() {
    let mut map = BucketMap::with_hasher(Collide);
    for key in 0..500_u32 {
        assert_eq!(map.insert(key, key), None);
    }
    validate!(map);
    for key in (0..500).step_by(2) {
        assert_eq!(map.remove(&key), Some(key));
    }
    validate!(map);
    for key in 0..500 {
        assert_eq!(map.get(&key).copied(), (key % 2 == 1).then_some(key));
    }
    assert_eq!(map.len(), 250);
}

#[test]
fn a_hasher_that_answers_at_random_breaks_nothing() {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Answers differently each time.
    struct Fickle(AtomicU64);

    struct Answer(u64);

    impl Hasher for Answer {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, _: &[u8]) {}
    }

    impl BuildHasher for Fickle {
        type Hasher = Answer;

        fn build_hasher(&self) -> Answer {
            Answer(good().hash_one(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    let mut map = BucketMap::with_hasher(Fickle(AtomicU64::new(0)));
    for step in 0..3_000_u32 {
        map.insert(step % 100, step);
        if step % 7 == 0 {
            map.remove(&(step % 50));
        }
        assert_eq!(map.iter().count(), map.len());
    }
    let len = map.len();
    assert_eq!(map.drain().count(), len);
    assert!(map.is_empty());
}
