//! No update is lost, and no value comes out twice.

use std::collections::HashSet;
use std::thread;
use std::time::Instant;

use splitmap::SyncMap;

use crate::support::{Hash, Random, THREADS, deadline, disturb, new_map};

/// Counts with `count` from several threads while the map is disturbed; all must be counted.
fn count_together(count: impl Fn(&SyncMap<u64, u64, Hash>, u64) + Sync) {
    const COUNTERS: u64 = 3;
    let map = new_map();
    for key in 0..COUNTERS {
        map.insert(key, 0);
    }
    let end = deadline();
    let counted: u64 = thread::scope(|scope| {
        let (map, count) = (&map, &count);
        scope.spawn(move || {
            let mut random = Random::new(100);
            while Instant::now() < end {
                disturb(map, 1_000, &mut random);
            }
        });
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                scope.spawn(move || {
                    let mut random = Random::new(worker);
                    let mut counted = 0;
                    while Instant::now() < end {
                        for _ in 0..50 {
                            count(map, random.below(COUNTERS));
                            counted += 1;
                        }
                    }
                    counted
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"))
            .sum()
    });
    assert_ne!(counted, 0);
    let total: u64 = (0..COUNTERS)
        .map(|key| *map.get(&key).expect("never removed"))
        .sum();
    assert_eq!(total, counted, "updates were lost");
}

#[test]
fn update_loses_no_increment() {
    count_together(|map, key| {
        assert!(map.update(&key, |_, value| value + 1).is_some());
    });
}

#[test]
fn compare_and_swap_loses_no_increment() {
    count_together(|map, key| {
        loop {
            let old = *map.get(&key).expect("never removed");
            if map.compare_and_swap(&key, &old, old + 1).is_ok() {
                break;
            }
        }
    });
}

#[test]
fn removal_and_insertion_lose_no_increment() {
    // Take the counter out, put it back one higher: whoever finds nothing waits.
    count_together(|map, key| {
        loop {
            if let Some(old) = map.remove(&key) {
                assert!(
                    map.try_insert(key, *old + 1).is_ok(),
                    "two held the counter"
                );
                break;
            }
            thread::yield_now();
        }
    });
}

/// Every value that goes in comes out exactly once: replaced, removed, cleared away, or left at the end.
#[test]
fn every_value_comes_out_exactly_once() {
    const KEYS: u64 = 8;
    let map: SyncMap<u64, u64, Hash> = new_map();
    let end = deadline();
    // By worker: how many values went in, and which came out.
    let results: Vec<(u64, Vec<u64>)> = thread::scope(|scope| {
        let map = &map;
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                scope.spawn(move || {
                    let mut random = Random::new(worker);
                    let mut stored = 0;
                    let mut out = Vec::new();
                    while Instant::now() < end {
                        for _ in 0..20 {
                            let key = random.below(KEYS);
                            let value = stored * THREADS + worker;
                            match random.below(8) {
                                0..=2 => {
                                    stored += 1;
                                    out.extend(map.insert(key, value).map(|old| *old));
                                }
                                3 => stored += u64::from(map.try_insert(key, value).is_ok()),
                                4 => out.extend(map.remove(&key).map(|old| *old)),
                                5 => out.extend(map.remove_if(&key, |_, v| v % 2 == 0).map(|v| *v)),
                                6 => {
                                    let Some(old) = map.get(&key).map(|old| *old) else {
                                        continue;
                                    };
                                    if map.compare_and_swap(&key, &old, value).is_ok() {
                                        stored += 1;
                                        out.push(old);
                                    }
                                }
                                _ => map.promote(),
                            }
                        }
                    }
                    (stored, out)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"))
            .collect()
    });
    let mut out = HashSet::new();
    let came = results.iter().flat_map(|(_, out)| out.iter().copied());
    let left = map.iter().map(|entry| *entry);
    for value in came.chain(left.collect::<Vec<_>>()) {
        assert!(out.insert(value), "{value} came out twice");
    }
    for ((stored, _), worker) in results.iter().zip(0..) {
        assert_ne!(*stored, 0);
        for n in 0..*stored {
            assert!(out.remove(&(n * THREADS + worker)), "a value was lost");
        }
    }
    assert!(out.is_empty(), "values came out that never went in");
}
