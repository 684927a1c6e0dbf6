//! The map beside std's, and what its signatures promise.

use std::collections::HashMap;

use super::support::{Dice, HashWith};
use crate::bucket::{BucketMap, Drain, Entry, Growth, IntoIter, Iter, Keys, Values};

type Map = BucketMap<u64, u64, HashWith>;

fn sorted(pairs: impl IntoIterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_unstable();
    pairs
}

fn step(map: &mut Map, model: &mut HashMap<u64, u64>, dice: &Dice) {
    let (key, value) = (dice.roll(300), dice.roll(1 << 20));
    match dice.roll(100) {
        0..40 => assert_eq!(map.insert(key, value), model.insert(key, value)),
        40..60 => assert_eq!(map.remove(&key), model.remove(&key)),
        60..70 => assert_eq!(map.get(&key), model.get(&key)),
        70..80 => {
            *map.entry(key).or_insert(value) += 1;
            *model.entry(key).or_insert(value) += 1;
        }
        80..85 => match map.entry(key) {
            Entry::Occupied(entry) => assert_eq!(Some(entry.remove()), model.remove(&key)),
            Entry::Vacant(_) => assert!(!model.contains_key(&key)),
        },
        85..90 => assert_eq!(map.get_mut(&key), model.get_mut(&key)),
        90..94 => {
            let keep = |key: &u64, n: &mut u64| (*key ^ *n ^ value) % 8 != 0;
            map.retain(keep);
            model.retain(keep);
        }
        94..97 => *map = map.clone(),
        97 => map.clear_beside(model),
        98 => assert_eq!(sorted(map.drain()), sorted(model.drain())),
        _ => map.finish_growth(),
    }
}

impl Map {
    fn clear_beside(&mut self, model: &mut HashMap<u64, u64>) {
        self.clear();
        model.clear();
    }
}

#[test]
fn map_matches_std_under_every_hasher() {
    for (seed, hasher) in (0..).zip(HashWith::ALL) {
        let mut map = Map::with_hasher(hasher);
        let mut model = HashMap::new();
        let dice = Dice::new(seed);
        for _ in 0..if cfg!(miri) { 200 } else { 6000 } {
            step(&mut map, &mut model, &dice);
            map.validate();
            assert_eq!(map.len(), model.len());
        }
        assert_eq!(
            sorted(map.iter().map(|(&k, &v)| (k, v))),
            sorted(model.clone())
        );
        assert_eq!(sorted(map), sorted(model));
    }
}

#[test]
fn rule_36_insert_keeps_the_stored_key() {
    let mut map = BucketMap::new();
    let first = std::rc::Rc::new(1);
    map.insert(first.clone(), 'a');
    assert_eq!(map.insert(std::rc::Rc::new(1), 'b'), Some('a'));
    assert!(std::rc::Rc::ptr_eq(
        map.keys().next().expect("one key"),
        &first
    ));
}

#[test]
fn a_vacant_entry_that_is_not_filled_changes_nothing() {
    let mut map = Map::with_hasher(HashWith::GOOD);
    map.extend((0..8).map(|n| (n, n)));
    let layout = map.layout();
    assert!(matches!(map.entry(8), Entry::Vacant(_)));
    assert_eq!(map.layout(), layout);
    map.extend((0..209).map(|n| (n, n)));
    let layout = map.layout();
    assert_eq!(layout.growth, Growth::Doubling);
    assert!(matches!(map.entry(1000), Entry::Vacant(_)));
    assert_eq!(map.layout(), layout);
    map.validate();
}

#[test]
fn rules_43_and_45_the_seed_is_renewed_whenever_the_map_runs_empty() {
    let runs_empty: [fn(&mut Map); 6] = [
        Map::clear,
        |map| drop(map.drain()),
        |map| map.retain(|_, _| false),
        |map| assert_eq!(map.remove(&1), Some(1)),
        |map| {
            map.remove_entry(&1);
        },
        |map| match map.entry(1) {
            Entry::Occupied(entry) => assert_eq!(entry.remove_entry(), (1, 1)),
            Entry::Vacant(_) => unreachable!("1 is there"),
        },
    ];
    for run_empty in runs_empty {
        let mut map = Map::with_hasher(HashWith::GOOD);
        map.insert(1, 1);
        map.insert(2, 2);
        let before = (map.life.seed, map.life.epoch);
        map.remove(&2);
        assert_eq!((map.life.seed, map.life.epoch), before);
        run_empty(&mut map);
        assert_ne!(map.life.seed, before.0);
        assert_eq!((map.life.epoch, map.life.births), (before.1 + 1, 0));
        // An empty map has nothing to renew.
        let before = (map.life.seed, map.life.epoch);
        map.clear();
        map.retain(|_, _| false);
        drop(map.drain());
        map.remove(&1);
        assert_eq!((map.life.seed, map.life.epoch), before);
    }
}

#[test]
fn a_stamp_still_in_use_is_passed_over_when_birth_numbers_come_round() {
    let mut map = Map::with_hasher(HashWith::EQUAL);
    map.insert(0, 0);
    map.insert(1, 1);
    map.life.births = 1 << 32;
    map.insert(2, 2);
    assert_eq!(map.life.births, (1 << 32) + 3);
    map.validate();
}

#[test]
fn iterators_are_covariant_where_std_has_them_so() {
    fn map<'a>(map: BucketMap<&'static str, &'static str>) -> BucketMap<&'a str, &'a str> {
        map
    }
    fn iter<'a>(iter: Iter<'a, &'static str, &'static str>) -> Iter<'a, &'a str, &'a str> {
        iter
    }
    fn into_iter<'a>(iter: IntoIter<&'static str, &'static str>) -> IntoIter<&'a str, &'a str> {
        iter
    }
    fn drain<'a>(iter: Drain<'static, &'static str, &'static str>) -> Drain<'a, &'a str, &'a str> {
        iter
    }
    fn keys<'a>(iter: Keys<'a, &'static str, &'static str>) -> Keys<'a, &'a str, &'a str> {
        iter
    }
    fn values<'a>(iter: Values<'a, &'static str, &'static str>) -> Values<'a, &'a str, &'a str> {
        iter
    }
    let _ = (map, iter, into_iter, drain, keys, values);
}

#[test]
fn map_and_its_iterators_are_send_and_sync_as_std_has_them() {
    fn both<T: Send + Sync>(_: T) {}
    let mut map = BucketMap::from([(1, 'a')]);
    both(map.iter());
    both(map.iter_mut());
    both(map.values_mut());
    both(map.entry(1));
    both(map.entry(2));
    both(map.drain());
    both(map.clone().into_iter());
    both(map);
}

#[test]
fn iteration_order_varies_even_in_one_bucket() {
    for len in [3, 7, 9, 15, 100] {
        let map: BucketMap<u64, ()> = (0..len).map(|n| (n, ())).collect();
        let first: Vec<_> = map.keys().collect();
        assert!(
            (0..100).any(|_| map.keys().collect::<Vec<_>>() != first),
            "{len}"
        );
    }
}

#[test]
fn iterators_tell_their_length_and_stay_finished() {
    let mut map: BucketMap<u64, u64> = (0..20).map(|n| (n, n)).collect();
    let mut iter = map.iter();
    for left in (0..20).rev() {
        assert!(iter.next().is_some());
        assert_eq!(iter.len(), left);
        assert_eq!(iter.clone().count(), left);
    }
    assert_eq!((iter.next(), iter.next()), (None, None));
    assert_eq!(map.iter_mut().len(), 20);
    let mut drain = map.drain();
    assert!(drain.next().is_some());
    assert_eq!(drain.len(), 19);
}

#[test]
fn a_forgotten_drain_leaves_an_empty_map() {
    let mut map: BucketMap<u64, u64> = (0..20).map(|n| (n, n)).collect();
    std::mem::forget(map.drain());
    map.validate();
    assert!(map.is_empty());
    map.insert(1, 1);
    assert_eq!(map.len(), 1);
}
