//! The cursor's semantics, C1 to C7, and the five ways in which Go's own iterator breaks them.
//!
//! The five are recipes that made Go's runtime map (before 1.24) produce an entry twice, miss one,
//! or produce one that was gone. Each is run as the recipe says, and then at random.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};

use super::support::{Dice, HashWith};
use crate::bucket::{BucketMap, Cursor, Growth};

type Map<K = u64> = BucketMap<K, u64, HashWith>;

/// A key that does not equal itself, as NaN does not: never found, but iterated.
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

/// What cursor tests need of a key.
trait Key: Copy + Eq + Hash {
    fn number(self) -> u64;
    fn of(number: u64) -> Self;
}

impl Key for u64 {
    fn number(self) -> u64 {
        self
    }

    fn of(number: u64) -> Self {
        number
    }
}

impl Key for Nan {
    fn number(self) -> u64 {
        self.0
    }

    fn of(number: u64) -> Self {
        Self(number)
    }
}

fn map_of<K: Key>(numbers: impl IntoIterator<Item = u64>) -> Map<K> {
    let mut map = Map::with_hasher(HashWith::GOOD);
    map.extend(numbers.into_iter().map(|n| (K::of(n), n)));
    map
}

/// Takes up to `steps` entries and adds their numbers to `seen`, none of which may come twice.
fn advance<K: Key>(cursor: &mut Cursor, map: &Map<K>, seen: &mut HashSet<u64>, steps: usize) {
    for _ in 0..steps {
        let Some((key, _)) = cursor.next(map) else {
            return;
        };
        assert!(
            seen.insert(key.number()),
            "{} was produced twice",
            key.number()
        );
    }
}

/// Runs the cursor to its end: with what was seen before, `all` must have been produced.
fn finish<K: Key>(cursor: &mut Cursor, map: &Map<K>, seen: &mut HashSet<u64>, all: u64) {
    advance(cursor, map, seen, usize::MAX);
    let missed: Vec<_> = (0..all).filter(|n| !seen.contains(n)).collect();
    assert!(missed.is_empty(), "{missed:?} were missed");
    assert!(cursor.next(map).is_none(), "C6");
    map.validate();
}

/// Inserts and removes other keys, from `from` on, until a growth of this kind is under way.
fn churn_until<K: Key>(map: &mut Map<K>, wanted: Growth, from: u64) {
    for next in from..from + 200_000 {
        if map.layout().growth == wanted {
            return;
        }
        // As full as can be without doubling: only then do chains become long.
        if wanted == Growth::SameSize && map.len() >= map.capacity() {
            map.retain(|key, _| key.number() < from);
        }
        map.insert(K::of(next), next);
    }
    panic!("no {wanted:?} came about");
}

/// The number of entries whose insertion starts a doubling to 2^`bits` buckets.
fn doubling_to(bits: u32) -> u64 {
    crate::bucket::header::load_limit(bits - 1) + 1
}

/// H1: begin in a doubling, let it finish and a same-size growth start while inside a chain.
#[test]
fn hole_1_a_same_size_growth_after_a_doubling_produces_nothing_twice() {
    fn run<K: Key>() {
        for bits in 3..=5 {
            for at in (0..doubling_to(bits) as usize / 2).step_by(3) {
                let mut map: Map<K> = map_of(0..doubling_to(bits));
                assert_eq!(map.layout().growth, Growth::Doubling);
                let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
                advance(&mut cursor, &map, &mut seen, at);
                map.finish_growth();
                churn_until(&mut map, Growth::SameSize, 1000);
                seen.retain(|&n| n < 1000);
                advance(&mut cursor, &map, &mut seen, 1);
                finish(&mut cursor, &map, &mut seen, doubling_to(bits));
            }
        }
    }
    run::<u64>();
    run::<Nan>();
}

/// H2: two same-size growths in one iteration, with the map running empty in between.
#[test]
fn hole_2_running_empty_between_two_same_size_growths_ends_the_cursor() {
    for at in 0..40 {
        let mut map: Map = map_of(0..60);
        let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
        advance(&mut cursor, &map, &mut seen, at);
        churn_until(&mut map, Growth::SameSize, 1000);
        for n in 0..2000 {
            map.remove(&n);
        }
        map.retain(|_, _| false);
        assert!(map.is_empty());
        map.extend((0..60).map(|n| (n, n)));
        churn_until(&mut map, Growth::SameSize, 1000);
        assert_eq!(cursor.next(&map), None, "C4");
    }
}

/// H3: begin in a same-size growth and let a doubling start while inside a chain.
#[test]
fn hole_3_a_doubling_after_a_same_size_growth_misses_nothing() {
    fn run<K: Key>() {
        for at in 0..30 {
            let mut map: Map<K> = map_of(0..40);
            churn_until(&mut map, Growth::SameSize, 1000);
            let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
            advance(&mut cursor, &map, &mut seen, at);
            map.finish_growth();
            churn_until(&mut map, Growth::Doubling, 10_000);
            advance(&mut cursor, &map, &mut seen, 1);
            map.finish_growth();
            seen.retain(|&n| n < 40);
            advance(&mut cursor, &map, &mut seen, usize::MAX);
            assert!((0..40).all(|n| seen.contains(&n)));
        }
    }
    run::<u64>();
    run::<Nan>();
}

/// H4: stand in a spare overflow bucket, clear, and fill again, so that it serves another chain.
#[test]
fn hole_4_clearing_and_filling_again_produces_nothing_of_the_new_entries() {
    for n in [100, 200, 400] {
        for at in (0..n as usize).step_by(7) {
            let mut map: Map = map_of(0..n);
            assert!(map.layout().buckets >= 16);
            let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
            advance(&mut cursor, &map, &mut seen, at);
            map.clear();
            map.extend((0..n).map(|n| (n, n)));
            assert_eq!(cursor.next(&map), None, "C4");
        }
    }
}

/// H5: eight keys that do not equal themselves, growth in the first step, then a clear.
#[test]
fn hole_5_nothing_of_before_a_clear_is_produced_after_it() {
    let mut map: Map<Nan> = map_of(0..8);
    let mut cursor = map.cursor();
    assert!(cursor.next(&map).is_some());
    map.extend((8..18).map(|n| (Nan(n), n)));
    map.clear();
    assert!(cursor.next(&map).is_none());
    map.extend((0..8).map(|n| (Nan(n), n)));
    assert!(cursor.next(&map).is_none());
}

/// Go issue 59411: 13 * 16 + 1 such keys, cleared in the sixth step.
#[test]
fn clearing_in_mid_growth_ends_the_cursor() {
    let mut map: Map<Nan> = map_of(0..13 * 16 + 1);
    assert_eq!(map.layout().growth, Growth::Doubling);
    let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
    advance(&mut cursor, &map, &mut seen, 6);
    map.clear();
    assert!(cursor.next(&map).is_none());
}

#[test]
fn every_way_of_running_empty_a_forgotten_drain_too_ends_the_cursor_for_good() {
    let ways: [fn(&mut Map); 5] = [
        Map::clear,
        |map| drop(map.drain()),
        |map| map.retain(|_, _| false),
        |map| (0..20).for_each(|n| assert_eq!(map.remove(&n), Some(n))),
        |map| std::mem::forget(map.drain()),
    ];
    for run_empty in ways {
        let mut map: Map = map_of(0..20);
        let mut cursor = map.cursor();
        assert!(cursor.next(&map).is_some());
        run_empty(&mut map);
        map.extend((0..20).map(|n| (n, n)));
        assert_eq!((cursor.next(&map), cursor.next(&map)), (None, None));
    }
}

/// Everything at random, under every hasher, beside a model of what must and must not come.
#[test]
fn cursor_keeps_its_promises_whatever_happens_between_steps() {
    for (seed, hasher) in (0..).zip(HashWith::ALL) {
        for round in 0..if cfg!(miri) { 2 } else { 150 } {
            let dice = Dice::new(seed << 32 | round);
            let mut map = Map::with_hasher(hasher);
            map.extend((0..dice.roll(120)).map(|n| (n, n)));
            episode(&mut map, &dice);
        }
    }
}

fn episode(map: &mut Map, dice: &Dice) {
    let mut cursor = map.cursor();
    // Of each key: its value, and whether it has been there since the cursor was created.
    let mut model: HashMap<u64, (u64, bool)> = map
        .iter()
        .map(|(&key, &value)| (key, (value, true)))
        .collect();
    let mut produced = HashSet::new();
    loop {
        for _ in 0..dice.roll(12) {
            let key = dice.roll(150);
            if dice.roll(3) == 0 {
                map.remove(&key);
                model.remove(&key);
                produced.remove(&key);
            } else {
                let value = dice.roll(1000);
                let old = map.insert(key, value);
                let since_creation = model.get(&key).is_some_and(|&(_, since)| since);
                assert_eq!(
                    old,
                    model.insert(key, (value, since_creation)).map(|(v, _)| v)
                );
            }
        }
        if dice.roll(40) == 0 {
            map.finish_growth();
        }
        match cursor.next(map) {
            None => break,
            Some((key, value)) => {
                assert_eq!(model.get(key).map(|(v, _)| v), Some(value), "C2, C3");
                assert!(produced.insert(*key), "C1, C2: {key} came twice");
            }
        }
    }
    if map.life.epoch == 0 {
        for (key, (_, since_creation)) in model {
            assert!(
                !since_creation || produced.contains(&key),
                "C1: {key} was missed"
            );
        }
    }
}

#[test]
fn a_cursor_that_replaces_every_entry_it_gives_ends_after_as_many_steps() {
    for hasher in HashWith::ALL {
        let mut map = Map::with_hasher(hasher);
        map.extend((0..300).map(|n| (n, n)));
        let mut cursor = map.cursor();
        let mut steps = 0;
        while let Some((&key, _)) = cursor.next(&map) {
            steps += 1;
            map.remove(&key);
            map.insert(key + 1000, 0);
            map.insert(key, 1);
        }
        assert_eq!(steps, 300);
        assert_eq!(map.len(), 600);
    }
}

#[test]
fn promises_hold_after_birth_numbers_came_round() {
    let mut map: Map = map_of(0..100);
    map.life.births = (1 << 32) - 10;
    let (mut cursor, mut seen) = (map.cursor(), HashSet::new());
    advance(&mut cursor, &map, &mut seen, 20);
    for n in 0..100 {
        map.insert(1000 + n, n);
    }
    map.validate();
    seen.retain(|&n| n < 100);
    advance(&mut cursor, &map, &mut seen, usize::MAX);
    assert!((0..100).all(|n| seen.contains(&n)));
}

#[test]
fn a_foreign_cursor_panics_and_harms_nothing() {
    let map: Map = map_of(0..20);
    let mut cursor = map.cursor();
    assert!(cursor.next(&map).is_some());
    let strangers = [
        map.clone(),
        map_of(0..20),
        map_of(0..0),
        map.clone()
            .into_iter()
            .fold(map_of(0..0), |mut rebuilt, (key, value)| {
                rebuilt.insert(key, value);
                rebuilt
            }),
    ];
    for stranger in strangers {
        let _other = stranger.cursor();
        let before = stranger.len();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            cursor.next(&stranger).is_some()
        }));
        let message = *outcome.expect_err("C7").downcast::<&str>().expect("a text");
        assert_eq!(message, "cursor used on another map");
        assert_eq!(stranger.len(), before);
    }
    let mut rest = HashSet::new();
    advance(&mut cursor, &map, &mut rest, usize::MAX);
    assert_eq!(rest.len(), 19);
}

#[test]
fn a_cursor_follows_its_map_when_that_is_moved_or_swapped() {
    let mut map: Map = map_of(0..20);
    let mut cursor = map.cursor();
    let mut other: Map = map_of(0..0);
    std::mem::swap(&mut map, &mut other);
    let moved = Box::new(other);
    assert!(cursor.next(&moved).is_some());
}

#[test]
fn order_differs_from_cursor_to_cursor() {
    for len in [3, 7, 9, 15, 100] {
        let map: Map = map_of(0..len);
        let order = || {
            let mut cursor = map.cursor();
            std::iter::from_fn(|| cursor.next(&map).map(|(&key, _)| key)).collect::<Vec<_>>()
        };
        let first = order();
        assert!((0..200).any(|_| order() != first), "{len}");
    }
}

#[test]
fn a_cursor_on_an_empty_map_is_finished() {
    let mut map: Map = map_of(0..0);
    let mut cursor = map.cursor();
    map.insert(1, 1);
    assert_eq!(cursor.next(&map), None);
}
