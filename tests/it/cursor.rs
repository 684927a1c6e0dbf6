//! `Cursor`: what an iteration promises when the map changes between any two of its steps.
//!
//! 1. An entry present throughout is produced exactly once.
//! 2. A removed one is not produced, 3. one created meanwhile at most once.
//! 4. The value produced is the current one.
//! 5. Clearing and emptying end the cursor; its end is final.
//! 6. Growth of either kind in between is invisible.
//! 7. All of it also for keys that are not equal to themselves.
//! 8. A cursor on another map panics.
//!
//! Go's own iterator breaks some of it (holes 1 to 5); each has its recipe here.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use splitmap::{BucketMap, Cursor, Growth};

use crate::support::hashers::{Collide, FourBit, Good, Grouped, Identity, good};
use crate::support::{histories, validate};

type Map = BucketMap<u64, u64, Good>;

fn filled(len: u64) -> Map {
    let mut map = Map::with_hasher(good());
    for key in 0..len {
        map.insert(key, key);
    }
    map
}

/// The rest of what a cursor gives, keys only; fails if one comes twice.
fn rest<S: BuildHasher>(cursor: &mut Cursor, map: &BucketMap<u64, u64, S>) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    while let Some((key, _)) = cursor.next(map) {
        assert!(seen.insert(*key), "{key} came twice");
    }
    seen
}

#[test]
fn cursor_without_changes_yields_every_entry_once() {
    // Small, at the limit, in the middle of a doubling, calm.
    for len in [0, 1, 8, 9, 104, 110, 417, 430, 1_000] {
        let map = filled(len);
        let mut cursor = map.cursor();
        assert_eq!(rest(&mut cursor, &map), (0..len).collect());
        assert_eq!(cursor.next(&map), None);
    }
}

#[test]
fn cursor_borrows_nothing() {
    let mut map = filled(100);
    let mut cursor = map.cursor();
    let mut steps = 0;
    while let Some((key, value)) = cursor.next(&map) {
        let (key, value) = (*key, *value);
        assert_eq!(key, value);
        *map.get_mut(&key).expect("present") += 1;
        steps += 1;
    }
    assert_eq!(steps, 100);
    assert!(map.iter().all(|(key, value)| *value == key + 1));
}

#[test]
fn cursors_are_independent() {
    let map = filled(50);
    let mut first = map.cursor();
    assert!(first.next(&map).is_some());
    let mut second = map.cursor();
    assert_eq!(rest(&mut second, &map).len(), 50);
    assert_eq!(rest(&mut first, &map).len(), 49);
}

#[test]
fn removed_entries_are_not_produced() {
    // Go's TestMapIterDelete0 and 1, and TestTableIterationDelete.
    for len in [1, 31, 120, 500] {
        let mut map = filled(len);
        let mut cursor = map.cursor();
        map.retain(|key, _| *key == 0);
        assert_eq!(rest(&mut cursor, &map), BTreeSet::from([0]));

        let mut map = filled(len);
        let mut cursor = map.cursor();
        let first = *cursor.next(&map).expect("not empty").0;
        for key in 0..len {
            if key != first {
                map.remove(&key);
            }
        }
        assert_eq!(rest(&mut cursor, &map), BTreeSet::new());
    }
}

#[test]
fn current_value_is_produced() {
    let mut map = filled(300);
    let mut cursor = map.cursor();
    let mut stamp = 1_000;
    while let Some((key, value)) = cursor.next(&map) {
        assert!(stamp == 1_000 || *value == stamp, "old value of {key}");
        stamp += 1;
        map.values_mut().for_each(|value| *value = stamp);
    }
    assert_eq!(stamp, 1_300);
}

/// Go's TestIterGrowAndDelete: growth in the first step, then removal of all odd keys.
#[test]
fn growth_and_removal_in_the_first_step_are_invisible() {
    let mut map = filled(100);
    let mut cursor = map.cursor();
    let first = *cursor.next(&map).expect("not empty").0;
    for key in 100..1_000 {
        map.insert(key, key);
    }
    for key in (1..1_000).step_by(2) {
        map.remove(&key);
    }
    let seen = rest(&mut cursor, &map);
    assert!(seen.iter().all(|key| key % 2 == 0));
    assert!(
        (0..100)
            .step_by(2)
            .all(|key| key == first || seen.contains(&key))
    );
}

/// Go's TestIterGrowWithGC and TestTableIterationGrow.
#[test]
fn growth_at_any_step_is_invisible() {
    for len in [1, 9, 16, 31, 110] {
        for at in 1..=len.min(20) {
            let mut map = filled(len);
            let mut cursor = map.cursor();
            let mut seen = BTreeSet::new();
            while let Some((key, _)) = cursor.next(&map) {
                assert!(seen.insert(*key), "{key} came twice");
                if seen.len() as u64 == at {
                    for key in 1_000..1_900 {
                        map.insert(key, key);
                    }
                }
            }
            assert!(
                (0..len).all(|key| seen.contains(&key)),
                "{len} entries, step {at}"
            );
        }
    }
}

#[test]
fn growth_little_by_little_is_invisible() {
    for len in [5, 50, 105, 417] {
        let mut map = filled(len);
        let mut cursor = map.cursor();
        let mut seen = BTreeSet::new();
        let mut next = 10_000;
        while let Some((key, _)) = cursor.next(&map) {
            assert!(seen.insert(*key), "{key} came twice");
            // Fewer as it goes on, or it would chase its own tail.
            if next < 10_000 + 3 * len {
                map.insert(next, next);
                map.insert(next + 1, next);
                next += 2;
            }
        }
        assert!((0..len).all(|key| seen.contains(&key)));
    }
}

/// Go's TestMapIterDeleteReplace: a replaced entry is produced, if at all, with its new value.
#[test]
fn removed_and_inserted_again_is_a_new_entry() {
    for len in [1, 7, 100, 417, 1_000] {
        let mut map = filled(len);
        map.values_mut().for_each(|value| *value = 0);
        let mut cursor = map.cursor();
        let mut steps = 0;
        while let Some((key, _)) = cursor.next(&map) {
            let key = *key;
            map.remove(&key);
            map.insert(key, 1);
            steps += 1;
            assert!(steps <= 100 * len + 100, "chases its own tail");
        }
        assert!(
            map.values().all(|value| *value == 1),
            "an entry was left out"
        );
    }
}

#[test]
fn clear_ends_the_cursor() {
    for len in [1, 8, 110, 1_000] {
        let mut map = filled(len);
        let mut cursor = map.cursor();
        assert!(cursor.next(&map).is_some());
        map.clear();
        for key in 0..len {
            map.insert(key, key);
        }
        assert_eq!(
            cursor.next(&map),
            None,
            "all there is was created meanwhile"
        );
        assert_eq!(cursor.next(&map), None);
    }
}

#[test]
fn emptying_ends_the_cursor() {
    type Empty = fn(&mut Map);
    let ways: [Empty; 3] = [
        |map| {
            for key in 0..50 {
                map.remove(&key);
            }
        },
        |map| map.retain(|_, _| false),
        |map| drop(map.drain()),
    ];
    for empty in ways {
        for at in [0, 1, 25] {
            let mut map = filled(50);
            let mut cursor = map.cursor();
            for _ in 0..at {
                assert!(cursor.next(&map).is_some());
            }
            empty(&mut map);
            for key in 0..50 {
                map.insert(key, key);
            }
            assert_eq!(cursor.next(&map), None);
        }
    }
}

#[test]
fn end_is_final() {
    let mut map = filled(10);
    let mut cursor = map.cursor();
    assert_eq!(rest(&mut cursor, &map).len(), 10);
    for key in 10..500 {
        map.insert(key, key);
        assert_eq!(cursor.next(&map), None);
    }
    // Of an empty map too.
    let mut map = filled(0);
    let mut cursor = map.cursor();
    assert_eq!(cursor.next(&map), None);
    map.insert(1, 1);
    assert_eq!(cursor.next(&map), None);
}

#[test]
fn cursor_of_an_empty_map_is_at_its_end() {
    let mut map = filled(0);
    let mut cursor = map.cursor();
    map.insert(1, 1);
    // Created meanwhile: at most once.
    assert!(rest(&mut cursor, &map).len() <= 1);
}

#[test]
fn cursor_on_another_map_panics_and_harms_nothing() {
    let map = filled(20);
    let copy = map.clone();
    let rebuilt: Map = map.iter().map(|(key, value)| (*key, *value)).collect();
    let empty = Map::with_hasher(good());
    for other in [&copy, &rebuilt, &empty] {
        let mut cursor = map.cursor();
        assert!(cursor.next(&map).is_some());
        let used = catch_unwind(AssertUnwindSafe(|| cursor.next(other).is_some()));
        assert!(used.is_err(), "a foreign cursor was served");
        assert_eq!(rest(&mut cursor, &map).len(), 19);
    }
    let mut cursor = empty.cursor();
    assert!(catch_unwind(AssertUnwindSafe(|| cursor.next(&map).is_some())).is_err());
}

#[test]
fn moved_and_swapped_maps_stay_the_same() {
    let mut first = filled(20);
    let mut second = filled(200);
    let mut cursor = first.cursor();
    assert!(cursor.next(&first).is_some());
    std::mem::swap(&mut first, &mut second);
    assert!(cursor.next(&second).is_some());
    let boxed = Box::new(second);
    assert_eq!(rest(&mut cursor, &boxed).len(), 18);
}

/// Go's TestMapIterOrder: the starting point is random.
#[test]
fn order_varies() {
    for len in [3, 7, 9, 15, 200] {
        let map = filled(len);
        let order = || {
            let mut cursor = map.cursor();
            let mut order = Vec::new();
            while let Some((key, _)) = cursor.next(&map) {
                order.push(*key);
            }
            order
        };
        let first = order();
        assert!(
            (0..100).any(|_| order() != first),
            "{len} entries: one order"
        );
    }
}

/// Go's TestMapSparseIterOrder (issue 8410) and TestMapIterDuplicate.
#[test]
fn order_of_a_sparse_map_varies_and_is_complete() {
    let mut map = filled(1_000);
    map.retain(|key, _| *key >= 980);
    let order = || {
        let mut cursor = map.cursor();
        let mut order = Vec::new();
        while let Some((key, _)) = cursor.next(&map) {
            order.push(*key);
        }
        assert_eq!(
            order.iter().copied().collect::<BTreeSet<_>>(),
            (980..1_000).collect()
        );
        assert_eq!(order.len(), 20);
        order
    };
    let orders: HashSet<_> = (0..800).map(|_| order()).collect();
    assert!(orders.len() > 1);
}

#[test]
fn iteration_order_of_the_map_itself_varies() {
    let map = filled(200);
    let first: Vec<_> = map.keys().collect();
    assert!((0..100).any(|_| map.keys().collect::<Vec<_>>() != first));
    let first: Vec<_> = map.iter().collect();
    assert!((0..100).any(|_| map.iter().collect::<Vec<_>>() != first));
}

/// A good hash, but keys from 2^32 on come in groups of 256 that share one.
#[derive(Clone, Copy)]
struct GroupedAbove;

struct Above(u64);

impl Hasher for Above {
    fn finish(&self) -> u64 {
        let group = if self.0 >> 32 == 0 {
            self.0
        } else {
            self.0 >> 8 << 8
        };
        good().hash_one(group)
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only integers are hashed")
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl BuildHasher for GroupedAbove {
    type Hasher = Above;

    fn build_hasher(&self) -> Above {
        Above(0)
    }
}

/// Hole 1: a doubling under way at the start finishes meanwhile and a growth of the same size follows.
#[test]
fn hole_1_same_size_growth_during_a_doubling_repeats_nothing() {
    for round in 0..300_u64 {
        let log2 = 3 + round % 3;
        let limit = 13 * (1 << log2) / 2;
        // The insert that starts the doubling to 2^log2 buckets.
        let start = limit / 2 + 1;
        let mut map = BucketMap::with_hasher(GroupedAbove);
        for key in 0..start {
            map.insert(key, key);
        }
        assert!(matches!(map.layout().growth, Growth::Doubling));
        let mut cursor = map.cursor();
        let mut seen = BTreeSet::new();
        let churn_at = 1 + (round * 7 % start) / 2;
        let mut reached = false;
        while let Some((key, _)) = cursor.next(&map) {
            assert!(seen.insert(*key), "{key} came twice");
            if seen.len() as u64 != churn_at {
                continue;
            }
            for group in 1..1_000_u64 {
                let keys = (group << 32)..(group << 32) + limit - 1 - start;
                for key in keys.clone() {
                    map.insert(key, key);
                    reached |= matches!(map.layout().growth, Growth::SameSize);
                }
                if reached {
                    break;
                }
                for key in keys {
                    map.remove(&key);
                }
            }
        }
        assert!(reached, "no growth of the same size");
        assert_eq!(map.layout().buckets, 1 << log2);
        assert!((0..start).all(|key| seen.contains(&key)), "missed");
    }
}

/// Drives a map into a growth of the same size without touching keys at or above 2^40.
fn churn_to_same_size(map: &mut BucketMap<u64, u64, Grouped>, from: u64) {
    for group in from..from + 1_000 {
        let start = group << 8;
        let mut last = start;
        while map.len() < map.capacity() - 1 {
            map.insert(last, last);
            last += 1;
            if let Growth::SameSize = map.layout().growth {
                return;
            }
        }
        for key in start..last {
            map.remove(&key);
        }
    }
    panic!("no growth of the same size");
}

/// Hole 2: two growths of the same size with an emptying, and so another seed, between them.
#[test]
fn hole_2_emptying_between_two_same_size_growths_repeats_nothing() {
    for step in 1..20 {
        let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
        for key in 0..30 {
            map.insert((1 << 40) + (key << 8), key);
        }
        let mut cursor = map.cursor();
        for _ in 0..step {
            assert!(cursor.next(&map).is_some());
        }
        churn_to_same_size(&mut map, 1);
        let keys: Vec<_> = map.keys().copied().collect();
        for key in keys {
            map.remove(&key);
        }
        for key in 0..30 {
            map.insert((1 << 40) + (key << 8), key);
        }
        churn_to_same_size(&mut map, 5_000);
        assert_eq!(cursor.next(&map), None);
    }
}

/// A key that equals nothing, itself included.
#[derive(Clone, Copy, Debug)]
struct Nan(u64);

impl PartialEq for Nan {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Nan {}

impl Hash for Nan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Steps a cursor and counts what comes.
fn count<S: BuildHasher>(
    cursor: &mut Cursor,
    map: &BucketMap<Nan, u64, S>,
    seen: &mut HashMap<u64, u32>,
) -> bool {
    let Some((key, value)) = cursor.next(map) else {
        return false;
    };
    assert_eq!(key.0, *value);
    *seen.entry(*value).or_default() += 1;
    true
}

/// Hole 3: a growth of the same size under way at the start, then a doubling; keys unequal to themselves.
#[test]
fn hole_3_doubling_after_a_same_size_growth_misses_no_strange_key() {
    for step in 0..40 {
        let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
        // Strange keys can only be removed by a closure, so that is how chains are emptied.
        for key in 0..50 {
            map.insert(Nan((1 << 40) + (key << 8)), (1 << 40) + (key << 8));
        }
        let mut group = 1_u64;
        while !matches!(map.layout().growth, Growth::SameSize) {
            assert!(group < 1_000, "no growth of the same size");
            for key in (group << 8)..(group << 8) + 52 {
                map.insert(Nan(key), key);
                if matches!(map.layout().growth, Growth::SameSize) {
                    break;
                }
            }
            if !matches!(map.layout().growth, Growth::SameSize) {
                map.retain(|key, _| key.0 >= 1 << 40);
            }
            group += 1;
        }
        let start: Vec<_> = map.values().copied().collect();
        let mut cursor = map.cursor();
        let mut seen = HashMap::new();
        for _ in 0..step {
            assert!(count(&mut cursor, &map, &mut seen));
        }
        for key in 0..200 {
            map.insert(Nan((2 << 40) + (key << 8)), (2 << 40) + (key << 8));
        }
        assert!(map.layout().buckets > 16);
        while count(&mut cursor, &map, &mut seen) {}
        assert!(seen.values().all(|times| *times == 1), "came twice");
        assert!(start.iter().all(|key| seen.contains_key(key)), "missed");
    }
}

/// Hole 4: a clear and a refill use the overflow bucket again that the cursor stands in.
#[test]
fn hole_4_clear_and_refill_repeat_nothing() {
    for round in 0..400_u64 {
        let len = 100 + round % 3 * 100;
        let mut map = filled(len);
        let mut cursor = map.cursor();
        let mut seen = BTreeSet::new();
        let at = round % len + 1;
        while let Some((key, _)) = cursor.next(&map) {
            assert!(seen.insert(*key), "{key} came twice");
            if seen.len() as u64 == at {
                map.clear();
                for key in 0..len {
                    map.insert(10_000 + key, key);
                }
            }
        }
        assert_eq!(seen.len() as u64, at, "the clear ends it");
    }
}

/// Hole 5: Go's fixedbugs/issue59411 and 70189: strange keys after a clear.
#[test]
fn hole_5_strange_keys_do_not_survive_a_clear() {
    // 13 * 16 + 1 of them, cleared at step 6; and 8, grown by ten and cleared in the first step.
    for (len, at, more) in [(209, 6, 0), (8, 1, 10), (8, 1, 1_000)] {
        let mut map = BucketMap::with_hasher(good());
        for n in 0..len {
            map.insert(Nan(n), n);
        }
        let mut cursor = map.cursor();
        for _ in 0..at {
            assert!(cursor.next(&map).is_some());
        }
        for n in 0..more {
            map.insert(Nan(n), n);
        }
        map.clear();
        map.insert(Nan(1), 1);
        assert_eq!(cursor.next(&map), None);
    }
}

/// Go's TestMapNanGrowIterator and TestGrowWithNaN.
#[test]
fn strange_keys_are_produced_once_through_growth() {
    for (len, step, more, writes) in [(104, 0, 1, 8), (3, 1, 100, 0), (417, 5, 3, 20)] {
        let mut map = BucketMap::with_hasher(good());
        for n in 0..len {
            map.insert(Nan(n), n);
        }
        let mut cursor = map.cursor();
        let mut seen = HashMap::new();
        for _ in 0..step {
            assert!(count(&mut cursor, &map, &mut seen));
        }
        for n in 0..more {
            map.insert(Nan(10_000 + n), 10_000 + n);
        }
        for _ in 0..writes {
            map.remove(&Nan(0));
            if !count(&mut cursor, &map, &mut seen) {
                break;
            }
        }
        while count(&mut cursor, &map, &mut seen) {}
        assert!(seen.values().all(|times| *times == 1), "came twice");
        assert!((0..len).all(|n| seen.contains_key(&n)), "missed");
    }
}

/// Go's TestConcurrentReadsAfterGrowth: reading from many threads is no misuse.
#[test]
fn many_threads_read_a_growing_map_at_once() {
    let mut map = filled(0);
    for key in 0..150 {
        map.insert(key, key);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let map = &map;
                scope.spawn(move || {
                    let mut cursor = map.cursor();
                    assert_eq!(rest(&mut cursor, map).len() as u64, key + 1);
                });
                scope.spawn(move || assert_eq!(map.get(&key), Some(&key)));
            }
        });
    }
}

#[derive(Clone, Debug)]
enum Op {
    Step(u8),
    Insert(u16),
    InsertMany(u16, u8),
    Remove(u16),
    RemoveMany(u16, u8),
    Replace(u16),
    Overwrite(u16),
    Retain(u16),
    Clear,
    FinishGrowth,
    NewCursor,
}

fn op() -> impl Strategy<Value = Op> {
    let key = || prop_oneof![3 => 0..40_u16, 2 => 0..300_u16];
    prop_oneof![
        20 => (1..6_u8).prop_map(Op::Step),
        6 => key().prop_map(Op::Insert),
        4 => (key(), 1..80_u8).prop_map(|(k, n)| Op::InsertMany(k, n)),
        6 => key().prop_map(Op::Remove),
        3 => (key(), 1..80_u8).prop_map(|(k, n)| Op::RemoveMany(k, n)),
        4 => key().prop_map(Op::Replace),
        4 => key().prop_map(Op::Overwrite),
        1 => (2..5_u16).prop_map(Op::Retain),
        1 => Just(Op::Clear),
        1 => Just(Op::FinishGrowth),
        1 => Just(Op::NewCursor),
    ]
}

/// The promises, checked against the life of every entry. Values name the entry: each insert of a new
/// key makes a new one.
fn check<S: BuildHasher>(history: &[Op], hasher: S) -> Result<(), TestCaseError> {
    let mut map: BucketMap<u16, (u32, u32), S> = BucketMap::with_hasher(hasher);
    // By key, the entry that lives and its current version.
    let mut alive: HashMap<u16, (u32, u32)> = HashMap::new();
    let mut number = 0;
    let mut cursor = map.cursor();
    let mut owed: HashSet<u32> = HashSet::new();
    let mut produced: HashSet<u32> = HashSet::new();
    let mut ended = true;
    let steps = |map: &BucketMap<u16, (u32, u32), S>,
                 alive: &HashMap<u16, (u32, u32)>,
                 cursor: &mut Cursor,
                 owed: &mut HashSet<u32>,
                 produced: &mut HashSet<u32>,
                 ended: &mut bool,
                 count: usize|
     -> Result<(), TestCaseError> {
        for _ in 0..count {
            match cursor.next(map) {
                None => {
                    prop_assert!(*ended || owed.is_empty(), "ended and left out {:?}", owed);
                    *ended = true;
                    break;
                }
                Some((key, value)) => {
                    prop_assert!(!*ended, "went on after its end");
                    prop_assert_eq!(alive.get(key), Some(value), "not the current value");
                    prop_assert!(produced.insert(value.0), "{} came twice", key);
                    owed.remove(&value.0);
                }
            }
        }
        Ok(())
    };
    for op in history {
        let mut insert = |map: &mut BucketMap<_, _, S>, alive: &mut HashMap<_, _>, key: u16| {
            number += 1;
            let (entry, version) = alive.get(&key).copied().unwrap_or((number, 0));
            map.insert(key, (entry, version + 1));
            alive.insert(key, (entry, version + 1));
        };
        let mut removed = Vec::new();
        match *op {
            Op::Step(count) => steps(
                &map,
                &alive,
                &mut cursor,
                &mut owed,
                &mut produced,
                &mut ended,
                count.into(),
            )?,
            Op::Insert(key) | Op::Overwrite(key) => insert(&mut map, &mut alive, key),
            Op::InsertMany(key, count) => {
                for n in 0..u16::from(count) {
                    insert(&mut map, &mut alive, key + n);
                }
            }
            Op::Remove(key) => removed.push(key),
            Op::RemoveMany(key, count) => removed.extend(key..key + u16::from(count)),
            Op::Replace(key) => {
                map.remove(&key);
                if let Some((entry, _)) = alive.remove(&key) {
                    owed.remove(&entry);
                    if alive.is_empty() {
                        ended = true;
                    }
                }
                insert(&mut map, &mut alive, key);
            }
            Op::Retain(modulus) => {
                map.retain(|key, _| key % modulus != 0);
                let gone = alive.keys().copied().filter(|key| key % modulus == 0);
                removed.extend(gone);
            }
            Op::Clear => {
                map.clear();
                removed.extend(alive.keys().copied());
            }
            Op::FinishGrowth => map.finish_growth(),
            Op::NewCursor => {
                cursor = map.cursor();
                owed = alive.values().map(|(entry, _)| *entry).collect();
                produced.clear();
                ended = false;
            }
        }
        for key in removed {
            map.remove(&key);
            if let Some((entry, _)) = alive.remove(&key) {
                owed.remove(&entry);
                if alive.is_empty() {
                    // Emptied: nothing may come any more.
                    ended = true;
                }
            }
        }
        validate!(map);
    }
    steps(
        &map,
        &alive,
        &mut cursor,
        &mut owed,
        &mut produced,
        &mut ended,
        usize::MAX,
    )
}

proptest! {
    #![proptest_config(histories())]

    #[test]
    fn any_history_keeps_the_promises(mut history in prop::collection::vec(op(), 1..120)) {
        // Something to look at.
        history.insert(0, Op::InsertMany(0, 60));
        history.insert(1, Op::NewCursor);
        check(&history, good())?;
        check(&history, Identity)?;
        check(&history, Collide)?;
        check(&history, FourBit)?;
    }
}
