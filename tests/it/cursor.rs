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
//! Go's own iterator breaks some of it: see `cursor_holes`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use splitmap::{BucketMap, Cursor};

use crate::support::hashers::{Collide, FourBit, Good, Identity, good};
use crate::support::{histories, validate};

type Map = BucketMap<u64, u64, Good>;

pub(crate) fn filled(len: u64) -> Map {
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
