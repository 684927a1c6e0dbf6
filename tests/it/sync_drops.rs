//! Keys and values of a `SyncMap` are dropped exactly once; garbage is bounded meanwhile.

use std::sync::Arc;
use std::thread;

use splitmap::SyncMap;

use crate::support::fuse::{Id, Probe};
use crate::support::hashers::{Good, good};
use crate::support::ledger::Ledger;

type Map = SyncMap<Probe, Probe, Good>;

/// What one map may keep waiting for readers that are long gone; each is a key or a value.
const GARBAGE: usize = 10_000;

fn insert(map: &Map, key: u64, value: u64, ledger: &Ledger) {
    map.insert(Probe::new(key, ledger), Probe::new(value, ledger));
}

fn filled(len: u64, ledger: &Ledger) -> Map {
    let map = Map::with_hasher(good());
    for id in 0..len {
        insert(&map, id, id, ledger);
        if id == len / 2 {
            map.promote();
        }
    }
    assert!(ledger.live() >= 2 * map.len());
    map
}

#[test]
fn dropping_the_map_drops_everything() {
    for len in [1, 8, 100, 1_000] {
        for promoted in [false, true] {
            let ledger = Ledger::new();
            let map = filled(len, &ledger);
            if promoted {
                map.promote();
            }
            drop(map);
            ledger.assert_settled();
        }
    }
}

#[test]
fn dropping_the_map_drops_its_garbage_too() {
    let ledger = Ledger::new();
    let map = filled(200, &ledger);
    for id in 0..200 {
        insert(&map, id, 0, &ledger);
        if id % 3 == 0 {
            drop(map.remove(&Id(id)));
        }
    }
    insert(&map, 1_000, 0, &ledger);
    for id in (0..200).step_by(6) {
        insert(&map, id, 0, &ledger);
    }
    drop(map);
    ledger.assert_settled();
}

#[test]
fn whoever_promotes_frees_what_exited_threads_have_left() {
    let ledger = Ledger::new();
    let map = filled(20, &ledger);
    map.promote();
    let mut left = 0;
    for round in 1..=20 {
        thread::scope(|scope| {
            let (map, ledger) = (&map, &ledger);
            let writers: Vec<_> = (0..5)
                .map(|id| scope.spawn(move || insert(map, id, 100 * round, ledger)))
                .collect();
            // The scope alone would not wait for what a thread does on its way out.
            for writer in writers {
                writer.join().expect("does not panic");
            }
        });
        left += map.stats().retired;
        map.promote();
        assert_eq!(map.stats().retired, 0);
        assert_eq!(ledger.live(), 2 * map.len());
    }
    assert!(left > 0, "no thread has left anything");
}

#[test]
fn every_operation_settles_its_keys_and_values() {
    let ledger = Ledger::new();
    let map = filled(50, &ledger);
    let probe = |id| Probe::new(id, &ledger);
    for round in 0..30 {
        let key = round % 5;
        drop(map.try_insert(probe(key), probe(1)));
        drop(map.try_insert(probe(100 + round), probe(1)));
        drop(map.get_or_insert(probe(key), probe(2)));
        drop(map.get_or_insert_with(probe(200 + round), || probe(3)));
        drop(
            map.compare_and_swap(&Id(key), &probe(key), probe(4))
                .map(drop),
        );
        drop(
            map.compare_and_swap(&Id(key), &probe(99), probe(5))
                .map(drop),
        );
        drop(map.compare_and_remove(&Id(key), &probe(77)));
        drop(map.compare_and_remove(&Id(100 + round), &probe(1)));
        drop(map.update(&Id(key), |_, old| probe(old.id + 1)));
        drop(map.remove_if(&Id(200 + round), |_, value| value.id == 3));
        map.retain(|key, _| key.id != 10 + round);
        drop(map.clone());
        if round % 10 == 9 {
            map.promote();
        }
        if round == 20 {
            map.clear();
        }
    }
    assert!(ledger.live() >= 2 * map.len());
    drop(map);
    ledger.assert_settled();
}

#[test]
fn into_iter_drops_what_was_not_taken() {
    let ledger = Ledger::new();
    let map = filled(100, &ledger);
    drop(map.remove(&Id(5)));
    let taken: Vec<_> = map.into_iter().take(10).collect();
    assert_eq!(ledger.live(), 20);
    drop(taken);
    ledger.assert_settled();
}

#[test]
fn rejected_value_comes_back_alive() {
    let ledger = Ledger::new();
    let map = filled(5, &ledger);
    let back = map.compare_and_swap(&Id(1), &Probe::new(9, &ledger), Probe::new(7, &ledger));
    assert_eq!(back.expect_err("not equal").id, 7);
    let error = map
        .try_insert(Probe::new(1, &ledger), Probe::new(8, &ledger))
        .expect_err("occupied");
    assert_eq!((error.value.id, error.current.id), (8, 1));
    drop(error);
    drop(map);
    ledger.assert_settled();
}

#[test]
fn overwritten_values_are_freed_along_the_way() {
    let ledger = Ledger::new();
    let map = filled(10, &ledger);
    let mut most = 0;
    for n in 0..50_000 {
        insert(&map, n % 10, n, &ledger);
        most = most.max(ledger.live());
    }
    assert!(most <= GARBAGE, "{most} instances for 10 entries");
    drop(map);
    ledger.assert_settled();
}

#[test]
fn updated_and_swapped_values_are_freed_along_the_way() {
    let ledger = Ledger::new();
    let map = filled(10, &ledger);
    let mut most = 0;
    for n in 0..20_000 {
        let key = Id(n % 10);
        let new = map
            .update(&key, |_, _| Probe::new(n, &ledger))
            .expect("present");
        let swapped = map.compare_and_swap(&key, new.value(), Probe::new(n + 1, &ledger));
        assert!(swapped.is_ok());
        most = most.max(ledger.live());
    }
    assert!(most <= GARBAGE, "{most} instances for 10 entries");
    drop(map);
    ledger.assert_settled();
}

/// Go's issue 40999 (TestIssue40999): keys that come and go, each a new one, beside one that stays.
#[test]
fn removed_keys_are_freed_along_the_way() {
    let ledger = Ledger::new();
    let map = filled(1, &ledger);
    let mut most = 0;
    for n in 1..30_000 {
        insert(&map, n, n, &ledger);
        assert!(map.remove(&Id(n)).is_some());
        most = most.max(ledger.live());
    }
    assert!(most <= GARBAGE, "{most} instances for one entry");
    assert_eq!(map.len(), 1);
    drop(map);
    ledger.assert_settled();
}

#[test]
fn keys_removed_from_the_snapshot_are_freed_by_promotion() {
    let ledger = Ledger::new();
    let map = filled(20_000, &ledger);
    map.promote();
    for id in 0..20_000 {
        assert!(map.remove(&Id(id)).is_some());
    }
    // Two keys are made and unmade, so that dirty is built and promoted.
    for id in 0..2_000 {
        insert(&map, 30_000 + id, 0, &ledger);
        map.promote();
        assert!(map.remove(&Id(30_000 + id)).is_some());
    }
    assert!(
        ledger.live() <= GARBAGE,
        "{} instances for no entry",
        ledger.live()
    );
    drop(map);
    ledger.assert_settled();
}

#[test]
fn cleared_entries_are_freed_along_the_way() {
    let ledger = Ledger::new();
    let map = filled(1, &ledger);
    let mut most = 0;
    for round in 0..300 {
        for id in 0..100 {
            insert(&map, id, round, &ledger);
        }
        if round % 2 == 0 {
            map.promote();
        }
        map.clear();
        most = most.max(ledger.live());
    }
    assert!(most <= GARBAGE, "{most} instances for 100 entries");
    drop(map);
    ledger.assert_settled();
}

#[test]
fn retired_shows_garbage_and_its_end() {
    let ledger = Ledger::new();
    let map = filled(10, &ledger);
    let held = map.get(&Id(0)).expect("present");
    for n in 0..5_000 {
        insert(&map, 1, n, &ledger);
    }
    // What was retired after `held` was taken waits for it.
    assert!(map.stats().retired >= 4_000, "{:?}", map.stats());
    drop(held);
    for n in 0..5_000 {
        insert(&map, 1, n, &ledger);
    }
    assert!(map.stats().retired <= 4_000, "{:?}", map.stats());
    drop(map);
    ledger.assert_settled();
}

#[test]
fn garbage_of_other_threads_goes_with_the_map() {
    let ledger = Ledger::new();
    let map = Arc::new(filled(100, &ledger));
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let map = Arc::clone(&map);
            let ledger = ledger.clone();
            thread::spawn(move || {
                for n in 0..100 {
                    insert(&map, n, worker, &ledger);
                    drop(map.remove(&Id(n * worker % 100)));
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no panic");
    }
    drop(Arc::into_inner(map).expect("the only one left"));
    ledger.assert_settled();
}

#[test]
fn many_maps_in_a_row_leave_nothing() {
    let ledger = Ledger::new();
    for n in 0..500 {
        let map = filled(n % 10 + 1, &ledger);
        insert(&map, 0, 1, &ledger);
        drop(map.remove(&Id(1)));
        drop(map);
        assert_eq!(ledger.live(), 0, "map {n} left something");
    }
}
