//! Of those who race for one thing, exactly one gets it.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use splitmap::SyncMap;

use crate::support::{Hash, THREADS, deadline, new_map};

/// Lets all threads try for each of many keys, in many maps; `attempt` tells whether it won.
fn one_winner(attempt: impl Fn(&SyncMap<u64, u64, Hash>, u64, u64) -> bool + Sync, preset: bool) {
    const KEYS: u64 = 200;
    let end = deadline();
    let mut rounds = 0_u64;
    while Instant::now() < end || rounds == 0 {
        rounds += 1;
        let map = new_map();
        if preset {
            for key in 0..KEYS {
                map.insert(key, 0);
                if key == rounds * 37 % KEYS {
                    map.promote();
                }
            }
        }
        let wins: Vec<AtomicUsize> = (0..KEYS).map(|_| AtomicUsize::new(0)).collect();
        let line = Barrier::new(usize::try_from(THREADS).expect("small"));
        thread::scope(|scope| {
            for worker in 1..=THREADS {
                let (map, wins, line, attempt) = (&map, &wins, &line, &attempt);
                scope.spawn(move || {
                    line.wait();
                    for (key, wins) in (0..KEYS).zip(wins) {
                        if attempt(map, key, worker) {
                            wins.fetch_add(1, Ordering::Relaxed);
                        }
                        if key == worker * 40 {
                            map.promote();
                        }
                    }
                });
            }
        });
        for (wins, key) in wins.iter().zip(0..) {
            let wins: usize = wins.load(Ordering::Relaxed);
            assert_eq!(wins, 1, "key {key} in round {rounds}");
        }
    }
}

#[test]
fn try_insert_has_exactly_one_winner() {
    one_winner(
        |map, key, worker| map.try_insert(key, worker).is_ok(),
        false,
    );
}

#[test]
fn insert_finds_nothing_exactly_once() {
    one_winner(|map, key, worker| map.insert(key, worker).is_none(), false);
}

#[test]
fn get_or_insert_gives_everyone_the_winner() {
    one_winner(
        |map, key, worker| {
            let stored = *map.get_or_insert_with(key, || worker);
            assert_eq!(
                map.get(&key).as_deref(),
                Some(&stored),
                "it changed afterwards"
            );
            stored == worker
        },
        false,
    );
}

#[test]
fn remove_has_exactly_one_winner() {
    one_winner(|map, key, _| map.remove(&key).is_some(), true);
}

#[test]
fn remove_if_has_exactly_one_winner() {
    one_winner(
        |map, key, _| map.remove_if(&key, |_, value| *value == 0).is_some(),
        true,
    );
}

#[test]
fn compare_and_swap_has_exactly_one_winner() {
    one_winner(
        |map, key, worker| map.compare_and_swap(&key, &0, worker).is_ok(),
        true,
    );
}

#[test]
fn compare_and_remove_has_exactly_one_winner() {
    one_winner(
        |map, key, _| map.compare_and_remove(&key, &0).is_some(),
        true,
    );
}

#[test]
fn removal_and_swap_of_one_value_never_both_win() {
    one_winner(
        |map, key, worker| {
            if worker % 2 == 0 {
                map.compare_and_swap(&key, &0, worker).is_ok()
            } else {
                map.compare_and_remove(&key, &0).is_some()
            }
        },
        true,
    );
}
