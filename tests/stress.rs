//! Real threads against the promises that hold between them.
//!
//! Each test runs for `SPLITMAP_STRESS_SECONDS` (0.5 by default) with random choices that follow from
//! `SPLITMAP_STRESS_SEED`. What these cannot find are orderings the processor never shows; those are
//! for the models in `loom-tests`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::env;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::{Ref, SyncMap};

type Hash = foldhash::fast::FixedState;

/// More threads than the machine has processors, so that some are always stopped halfway.
const THREADS: u64 = 4;

/// What one map may keep waiting, in values or keys, with a handful of threads at work.
const GARBAGE: usize = 20_000;

fn new_map<K, V>() -> SyncMap<K, V, Hash> {
    SyncMap::with_hasher(Hash::with_seed(0x5917_4a9e))
}

/// When the test has to end.
fn deadline() -> Instant {
    let seconds = env::var("SPLITMAP_STRESS_SECONDS").map_or(0.5, |text| {
        text.parse().expect("SPLITMAP_STRESS_SECONDS is a number")
    });
    Instant::now() + Duration::from_secs_f64(seconds)
}

/// A small random generator; `stream` tells threads apart.
struct Random(u64);

impl Random {
    fn new(stream: u64) -> Self {
        let seed: u64 = env::var("SPLITMAP_STRESS_SEED").map_or(1, |text| {
            text.parse().expect("SPLITMAP_STRESS_SEED is a number")
        });
        Self(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ (stream + 1).wrapping_mul(0xd134_2543_de82_ef95),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Raises a flag when it goes, so that the other threads of a test end when one of them fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Keeps a map changing shape: new keys, promotions, scans, all at and above `from`.
fn disturb(map: &SyncMap<u64, u64, Hash>, from: u64, random: &mut Random) {
    let key = from + random.below(64);
    match random.below(8) {
        0 => map.promote(),
        1 => drop(map.iter().next()),
        2 | 3 => drop(map.remove(&key)),
        4 => map.retain(|key, _| *key < from || key % 2 == 0),
        _ => drop(map.insert(key, 0)),
    }
}

// --- No lost update ------------------------------------------------------------------------------

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

// --- No stale read after a completed write ---------------------------------------------------------

/// One owner writes, removes and clears; who reads between two of its operations must find exactly what
/// the last one left. Others promote and insert and remove keys of their own.
#[test]
fn reads_see_the_last_completed_write() {
    const KEYS: u64 = 3;
    const ABSENT: u64 = u64::MAX;
    let map = new_map();
    // Odd while the owner is at work.
    let sequence = AtomicU64::new(0);
    let states: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(ABSENT)).collect();
    let done = AtomicBool::new(false);
    // How many reads met a quiet moment. On a machine with much else to do that takes longer.
    let checked = AtomicU64::new(0);
    let end = deadline();
    let at_last = end + Duration::from_secs(30);
    let goes_on = || {
        let enough = checked.load(Ordering::Relaxed) >= 100;
        Instant::now() < if enough { end } else { at_last }
    };
    thread::scope(|scope| {
        let (map, sequence, states, done) = (&map, &sequence, &states, &done);
        let (checked, goes_on) = (&checked, &goes_on);
        scope.spawn(move || {
            let _stop = Stop(done);
            let mut random = Random::new(50);
            let mut value = 0;
            while goes_on() && !done.load(Ordering::Relaxed) {
                let key = random.below(KEYS);
                let state = &states[usize::try_from(key).expect("small")];
                value += 1;
                sequence.fetch_add(1, Ordering::SeqCst);
                match random.below(12) {
                    0 => {
                        map.clear();
                        states
                            .iter()
                            .for_each(|state| state.store(ABSENT, Ordering::SeqCst));
                    }
                    1..=3 => {
                        drop(map.remove(&key));
                        state.store(ABSENT, Ordering::SeqCst);
                    }
                    4 => {
                        map.retain(|other, _| *other != key);
                        state.store(ABSENT, Ordering::SeqCst);
                    }
                    5 => {
                        if map.update(&key, |_, _| value).is_some() {
                            state.store(value, Ordering::SeqCst);
                        }
                    }
                    _ => {
                        drop(map.insert(key, value));
                        state.store(value, Ordering::SeqCst);
                    }
                }
                sequence.fetch_add(1, Ordering::SeqCst);
                // Leave the readers a moment of quiet.
                for _ in 0..random.below(200) {
                    hint::spin_loop();
                }
                if random.below(16) == 0 {
                    thread::sleep(Duration::from_micros(20));
                }
            }
        });
        scope.spawn(move || {
            let mut random = Random::new(51);
            while !done.load(Ordering::Relaxed) {
                disturb(map, 1_000, &mut random);
            }
        });
        for reader in 0..2 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut random = Random::new(reader);
                while !done.load(Ordering::Relaxed) {
                    let key = random.below(KEYS);
                    let state = &states[usize::try_from(key).expect("small")];
                    let before = sequence.load(Ordering::SeqCst);
                    let expected = state.load(Ordering::SeqCst);
                    let found = match random.below(3) {
                        0 => map.get(&key).map_or(ABSENT, |value| *value),
                        1 => map
                            .iter()
                            .find(|entry| *entry.key() == key)
                            .map_or(ABSENT, |value| *value),
                        // Present, but with which value is not told.
                        _ if map.contains_key(&key) && expected != ABSENT => expected,
                        _ if map.contains_key(&key) => 0,
                        _ => ABSENT,
                    };
                    if before % 2 == 0 && sequence.load(Ordering::SeqCst) == before {
                        assert_eq!(found, expected, "key {key}");
                        checked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let checked = checked.into_inner();
    assert!(checked >= 100, "only {checked} reads met a quiet moment");
}

/// A reader that was told of a value never finds an older one, whatever others do to the map.
#[test]
fn published_values_never_go_back() {
    const KEYS: u64 = 4;
    let map = new_map();
    let published: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    for key in 0..KEYS {
        map.insert(key, 0);
    }
    let end = deadline();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (map, published, done) = (&map, &published, &done);
        // Each key has one writer.
        for key in 0..KEYS {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut random = Random::new(key);
                let mut value = 0;
                while Instant::now() < end && !done.load(Ordering::Relaxed) {
                    value += 1;
                    if random.below(2) == 0 {
                        assert_eq!(map.insert(key, value).as_deref(), Some(&(value - 1)));
                    } else {
                        assert!(map.compare_and_swap(&key, &(value - 1), value).is_ok());
                    }
                    published[usize::try_from(key).expect("small")].store(value, Ordering::Release);
                    disturb(map, 1_000, &mut random);
                }
            });
        }
        for reader in 0..2 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut random = Random::new(60 + reader);
                while !done.load(Ordering::Relaxed) {
                    let key = random.below(KEYS);
                    let least =
                        published[usize::try_from(key).expect("small")].load(Ordering::Acquire);
                    let found = *map.get(&key).expect("never removed");
                    assert!(found >= least, "key {key}: {found} after {least}");
                }
            });
        }
    });
}

/// Every thread has keys of its own, on which every result is known, while others promote all the time:
/// what an operation missed in the snapshot may be there by the time it has the mutex.
#[test]
fn own_keys_are_found_across_promotions() {
    let map = new_map();
    let end = deadline();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (map, done) = (&map, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                map.promote();
            }
        });
        for worker in 0..3_u64 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut key = worker << 32;
                while Instant::now() < end && !done.load(Ordering::Relaxed) {
                    // Some are new keys, some were removed before.
                    key += 1;
                    let key = if key % 3 == 0 {
                        (worker << 32) + key % 64
                    } else {
                        key
                    };
                    let fresh = || drop(map.insert(key, 0));
                    assert!(map.insert(key, 0).is_none());
                    assert_eq!(map.get(&key).as_deref(), Some(&0));
                    assert!(map.remove(&key).is_some());
                    // Each right after the key was made, when a promotion is most likely.
                    fresh();
                    assert!(map.remove(&key).is_some());
                    fresh();
                    assert_eq!(map.insert(key, 1).as_deref(), Some(&0));
                    fresh();
                    assert!(map.remove(&key).is_some());
                    assert!(map.try_insert(key, 1).is_ok());
                    assert_eq!(map.insert(key, 2).as_deref(), Some(&1));
                    assert!(map.compare_and_remove(&key, &2).is_some());
                    fresh();
                    assert!(map.compare_and_swap(&key, &0, 1).is_ok());
                    assert!(map.remove_if(&key, |_, value| *value == 1).is_some());
                    fresh();
                    assert!(map.update(&key, |_, value| value + 1).is_some());
                    assert!(map.try_insert(key, 0).is_err());
                    assert_eq!(*map.get_or_insert_with(key, || 7), 1);
                    map.retain(|other, _| *other != key);
                    assert!(!map.contains_key(&key));
                    assert!(map.remove(&key).is_none());
                }
            });
        }
    });
    assert!(map.is_empty());
}

/// Two threads that each write one key and then read the other's: they may not both miss.
fn store_buffering(
    prepare: impl Fn(&SyncMap<u64, u64, Hash>, u64, [u64; 2]),
    write: impl Fn(&SyncMap<u64, u64, Hash>, u64, u64) + Sync,
    missed: impl Fn(&SyncMap<u64, u64, Hash>, u64, u64) -> bool + Sync,
    keys_of: impl Fn(u64) -> [u64; 2] + Sync,
) {
    let map = new_map();
    let end = deadline();
    // They start by spinning, for both have to start within nanoseconds.
    let go = AtomicU64::new(0);
    let finished = AtomicU64::new(0);
    let other_missed = AtomicBool::new(false);
    let done = AtomicBool::new(false);
    let wait = |for_it: &AtomicU64, round: u64| {
        let mut spins = 0_u32;
        while for_it.load(Ordering::SeqCst) != round && !done.load(Ordering::Relaxed) {
            spins += 1;
            if spins % 4_000 == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    };
    let play = |side: usize, round: u64| {
        let keys = keys_of(round);
        write(&map, keys[side], round);
        missed(&map, keys[1 - side], round)
    };
    let rounds = thread::scope(|scope| {
        let _stop = Stop(&done);
        let (go, finished, other_missed, done) = (&go, &finished, &other_missed, &done);
        let (play, wait) = (&play, &wait);
        scope.spawn(move || {
            let _stop = Stop(done);
            for round in 1.. {
                wait(go, round);
                if done.load(Ordering::Relaxed) {
                    return;
                }
                other_missed.store(play(1, round), Ordering::SeqCst);
                finished.store(round, Ordering::SeqCst);
            }
        });
        let mut random = Random::new(0);
        let mut round = 0;
        while (Instant::now() < end || round < 20) && !done.load(Ordering::Relaxed) {
            round += 1;
            prepare(&map, round, keys_of(round));
            go.store(round, Ordering::SeqCst);
            // The other learns of it a little later; how much, nobody knows.
            for _ in 0..random.below(40) {
                hint::spin_loop();
            }
            let missed = play(0, round);
            wait(finished, round);
            let both = missed && other_missed.load(Ordering::SeqCst);
            assert!(!both, "both missed the other's write in round {round}");
        }
        round
    });
    assert!(rounds >= 20, "{rounds} rounds only");
}

fn insert_round(map: &SyncMap<u64, u64, Hash>, key: u64, round: u64) {
    drop(map.insert(key, round));
}

fn is_older(map: &SyncMap<u64, u64, Hash>, key: u64, round: u64) -> bool {
    map.get(&key).is_none_or(|value| *value < round)
}

#[test]
fn store_buffering_never_shows_with_keys_in_the_snapshot() {
    store_buffering(
        |map, round, keys| {
            if round == 1 {
                keys.into_iter().for_each(|key| drop(map.insert(key, 0)));
                map.promote();
            }
        },
        insert_round,
        is_older,
        |_| [1, 2],
    );
}

#[test]
fn store_buffering_never_shows_with_keys_in_dirty() {
    store_buffering(
        |map, round, keys| {
            map.clear();
            for key in (100..200).chain(keys) {
                drop(map.insert(key, round - 1));
            }
            assert!(map.stats().amended);
        },
        insert_round,
        is_older,
        |_| [1, 2],
    );
}

#[test]
fn store_buffering_never_shows_with_new_keys() {
    store_buffering(
        |map, round, _| {
            if round % 1_000 == 0 {
                map.clear();
            }
        },
        insert_round,
        is_older,
        |round| [2 * round, 2 * round + 1],
    );
}

#[test]
fn store_buffering_never_shows_with_one_key_in_the_snapshot_and_one_new() {
    store_buffering(
        |map, round, keys| {
            if round == 1 {
                drop(map.insert(keys[0], 0));
                map.promote();
            }
            if round % 1_000 == 0 {
                map.retain(|key, _| *key == keys[0]);
            }
        },
        insert_round,
        is_older,
        |round| [1, 1_000 + round],
    );
}

#[test]
fn store_buffering_never_shows_with_deleted_and_expunged_keys() {
    store_buffering(
        |map, round, keys| {
            keys.into_iter().for_each(|key| drop(map.insert(key, 0)));
            map.promote();
            keys.into_iter().for_each(|key| drop(map.remove(&key)));
            if round % 2 == 0 {
                // Building dirty expunges them.
                drop(map.insert(1_000 + round % 50, 0));
            }
        },
        insert_round,
        is_older,
        |_| [1, 2],
    );
}

#[test]
fn store_buffering_never_shows_with_removals() {
    store_buffering(
        |map, round, keys| {
            keys.into_iter()
                .for_each(|key| drop(map.insert(key, round)));
            if round % 2 == 0 {
                map.promote();
            }
            if round % 3 == 0 {
                drop(map.insert(1_000 + round % 50, 0));
            }
        },
        |map, key, _| drop(map.remove(&key)),
        // To miss the removal is to see the value.
        |map, key, _| map.get(&key).is_some(),
        |_| [1, 2],
    );
}

// --- Exactly one winner ---------------------------------------------------------------------------

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

// --- Iteration and length -------------------------------------------------------------------------

#[test]
fn iteration_yields_every_stable_key_once() {
    const STABLE: u64 = 200;
    let map = new_map();
    for key in 0..STABLE {
        map.insert(key, key);
    }
    let end = deadline();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (map, done) = (&map, &done);
        for worker in 0..2 {
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while !done.load(Ordering::Relaxed) {
                    disturb(map, STABLE, &mut random);
                    // Their values change, to multiples of the key.
                    let key = random.below(STABLE);
                    let factor = random.below(100);
                    assert!(map.insert(key, key * factor).is_some());
                }
            });
        }
        for way in 0..2 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut scans = 0;
                while Instant::now() < end || scans == 0 {
                    let mut seen = HashSet::new();
                    let mut see = |entry: Ref<'_, u64, u64>| {
                        let key = *entry.key();
                        assert!(seen.insert(key), "{key} came twice");
                        assert!(key >= STABLE || (key == 0 && *entry == 0) || *entry % key == 0);
                    };
                    if way == 0 {
                        map.iter().for_each(&mut see);
                    } else {
                        map.for_each(&mut see);
                    }
                    for key in 0..STABLE {
                        assert!(seen.contains(&key), "{key} did not come");
                    }
                    scans += 1;
                }
            });
        }
    });
}

#[test]
fn retain_never_touches_what_it_keeps() {
    const STABLE: u64 = 100;
    let map = new_map();
    for key in 0..STABLE {
        map.insert(key, 0);
    }
    let end = deadline();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (map, done) = (&map, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                map.retain(|key, _| *key < STABLE);
            }
        });
        scope.spawn(move || {
            let mut random = Random::new(1);
            while !done.load(Ordering::Relaxed) {
                drop(map.insert(STABLE + random.below(100), 0));
            }
        });
        let _stop = Stop(done);
        let mut random = Random::new(2);
        let mut counts = [0; STABLE as usize];
        while Instant::now() < end {
            let key = random.below(STABLE);
            let count = &mut counts[usize::try_from(key).expect("small")];
            *count += 1;
            let new = map.update(&key, |_, value| value + 1).expect("kept");
            assert_eq!(*new, *count, "an update of {key} was lost");
        }
    });
    map.retain(|key, _| *key < STABLE);
    assert_eq!(map.len() as u64, STABLE);
}

#[test]
fn len_is_exact_when_all_is_quiet() {
    let end = deadline();
    let mut rounds = 0;
    while Instant::now() < end || rounds == 0 {
        rounds += 1;
        let map = new_map();
        let net: i64 = thread::scope(|scope| {
            let map = &map;
            let workers: Vec<_> = (0..THREADS)
                .map(|worker| {
                    scope.spawn(move || {
                        let mut random = Random::new(1_000 * rounds + worker);
                        let mut net = 0;
                        for _ in 0..500 {
                            let key = random.below(40);
                            match random.below(6) {
                                0 => net += i64::from(map.insert(key, 1).is_none()),
                                1 => net += i64::from(map.try_insert(key, 1).is_ok()),
                                2 => net -= i64::from(map.remove(&key).is_some()),
                                3 => net -= i64::from(map.compare_and_remove(&key, &1).is_some()),
                                4 => net -= i64::from(map.remove_if(&key, |_, _| true).is_some()),
                                _ if random.below(8) == 0 => map.promote(),
                                _ => drop(map.get(&key)),
                            }
                        }
                        net
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("no panic"))
                .sum()
        });
        let len = i64::try_from(map.len()).expect("not negative");
        assert_eq!(len, net, "by the results of the operations");
        assert_eq!(map.len(), map.iter().count(), "by iteration");
        assert_eq!(map.len(), map.len());
        assert_eq!(map.is_empty(), net == 0);
    }
}

#[test]
fn len_is_exact_after_clears_and_retains() {
    let end = deadline();
    let mut rounds = 0;
    while Instant::now() < end || rounds == 0 {
        rounds += 1;
        let map = new_map();
        thread::scope(|scope| {
            for worker in 0..THREADS {
                let map = &map;
                scope.spawn(move || {
                    let mut random = Random::new(1_000 * rounds + worker);
                    for _ in 0..300 {
                        let key = random.below(40);
                        match random.below(12) {
                            0 => map.clear(),
                            1 => map.retain(|key, _| key % 3 == 0),
                            2..=4 => drop(map.remove(&key)),
                            5 => map.promote(),
                            _ => drop(map.insert(key, 1)),
                        }
                    }
                });
            }
        });
        let found = (0..40).filter(|key| map.contains_key(key)).count();
        assert_eq!(map.len(), found, "by lookups");
        assert_eq!(map.len(), map.iter().count(), "by iteration");
        map.clear();
        assert_eq!(map.len(), 0);
    }
}

// --- Values live as long as they are seen, and garbage goes ----------------------------------------

/// Knows from outside of the map's memory which canaries are alive.
struct Aviary {
    /// By place, the number of the canary that lives there; or zero.
    places: Vec<AtomicU64>,
    made: AtomicU64,
    live: AtomicUsize,
    dropped_twice: AtomicUsize,
}

impl Aviary {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            places: (0..1 << 20).map(|_| AtomicU64::new(0)).collect(),
            made: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            dropped_twice: AtomicUsize::new(0),
        })
    }

    fn place(&self, number: u64) -> &AtomicU64 {
        &self.places[usize::try_from(number).expect("64 bits") % self.places.len()]
    }

    /// A new canary, with a number never used before.
    fn canary(self: &Arc<Self>) -> Canary {
        let free = |number: &u64| {
            let place = self.place(*number);
            place
                .compare_exchange(0, *number, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        let number = std::iter::repeat_with(|| 1 + self.made.fetch_add(1, Ordering::Relaxed))
            .take(self.places.len())
            .find(free)
            .expect("a million live");
        self.live.fetch_add(1, Ordering::Relaxed);
        Canary {
            number: AtomicU64::new(number),
            check: AtomicU64::new(Canary::check_of(number)),
            aviary: Arc::clone(self),
        }
    }

    fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    #[track_caller]
    fn assert_settled(&self) {
        assert_ne!(self.made.load(Ordering::SeqCst), 0);
        assert_eq!(
            self.dropped_twice.load(Ordering::SeqCst),
            0,
            "dropped twice"
        );
        assert_eq!(self.live.load(Ordering::SeqCst), 0, "leaked");
    }
}

/// A value that knows its number twice over, and poisons it when it goes.
struct Canary {
    number: AtomicU64,
    check: AtomicU64,
    aviary: Arc<Aviary>,
}

impl Canary {
    fn check_of(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635
    }

    /// Whether it lives.
    fn is_alive(&self) -> bool {
        let number = self.number.load(Ordering::Relaxed);
        self.check.load(Ordering::Relaxed) == Self::check_of(number)
            && self.aviary.place(number).load(Ordering::Relaxed) == number
    }

    /// Tells its number, if it lives.
    #[track_caller]
    fn sing(&self) -> u64 {
        let number = self.number.load(Ordering::Relaxed);
        let check = self.check.load(Ordering::Relaxed);
        assert_eq!(check, Self::check_of(number), "the value was freed");
        let place = self.aviary.place(number).load(Ordering::Relaxed);
        assert_eq!(place, number, "the value was dropped");
        number
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let number = self.number.swap(0, Ordering::SeqCst);
        self.check.store(0xdead, Ordering::SeqCst);
        let place = self.aviary.place(number);
        let left = place.compare_exchange(number, 0, Ordering::SeqCst, Ordering::SeqCst);
        if number != 0 && left.is_ok() {
            self.aviary.live.fetch_sub(1, Ordering::Relaxed);
        } else {
            self.aviary.dropped_twice.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Looks a canary up and listens to it.
#[track_caller]
fn listen(map: &SyncMap<u64, Canary, Hash>, key: u64) {
    if let Some(canary) = map.get(&key) {
        canary.sing();
    }
}

#[test]
fn values_are_never_freed_under_a_ref() {
    const KEYS: u64 = 32;
    let aviary = Aviary::new();
    let map: SyncMap<u64, Canary, Hash> = new_map();
    let end = deadline();
    let done = AtomicBool::new(false);
    let sung: u64 = thread::scope(|scope| {
        let (map, aviary, done) = (&map, &aviary, &done);
        for worker in 0..2 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut random = Random::new(worker);
                while Instant::now() < end && !done.load(Ordering::Relaxed) {
                    let key = random.below(KEYS);
                    let canary = aviary.canary();
                    match random.below(32) {
                        0 => map.clear(),
                        1 => map.promote(),
                        2 => map.retain(|key, canary| {
                            canary.sing();
                            key % 3 != 0
                        }),
                        3..=9 => drop(
                            map.remove(&key)
                                .inspect(|canary| assert!(canary.sing() < u64::MAX)),
                        ),
                        10..=13 => drop(map.try_insert(key, canary)),
                        14..=17 => drop(map.update(&key, |_, old| {
                            old.sing();
                            aviary.canary()
                        })),
                        _ => drop(
                            map.insert(key, canary)
                                .inspect(|old| assert!(old.sing() < u64::MAX)),
                        ),
                    }
                }
            });
        }
        let readers: Vec<_> = (0..2)
            .map(|reader| {
                scope.spawn(move || {
                    let _stop = Stop(done);
                    let mut random = Random::new(20 + reader);
                    let mut sung = 0;
                    // Held for a while, so that it outlives many changes.
                    let mut held: Vec<(Ref<'_, u64, Canary>, u64)> = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let key = random.below(KEYS);
                        if random.below(64) == 0 {
                            for entry in map {
                                assert!(*entry.key() < KEYS);
                                entry.sing();
                            }
                        }
                        if let Some(entry) = map.get(&key) {
                            assert_eq!(*entry.key(), key);
                            let number = entry.sing();
                            held.push((entry, number));
                            sung += 1;
                        }
                        if held.len() > 40 {
                            let place = random.below(40);
                            let (entry, number) = held.swap_remove(place as usize);
                            assert_eq!(entry.sing(), number, "another value under a ref");
                        }
                        if random.below(2_000) == 0 {
                            for (entry, number) in held.drain(..) {
                                assert_eq!(entry.sing(), number, "another value under a ref");
                            }
                        }
                    }
                    sung
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().expect("no panic"))
            .sum()
    });
    assert_ne!(sung, 0);
    drop(map);
    aviary.assert_settled();
}

/// Overwrites and removes until `count` canaries were made, and returns the most that lived at once.
fn churn(map: &SyncMap<u64, Canary, Hash>, aviary: &Arc<Aviary>, count: usize) -> usize {
    let mut most = 0;
    for n in 0..count {
        let key = n as u64 % 16;
        drop(map.insert(key, aviary.canary()));
        if n % 7 == 0 {
            drop(map.remove(&key));
        }
        if n % 64 == 0 {
            most = most.max(aviary.live());
        }
    }
    most
}

#[test]
fn garbage_is_bounded_beside_idle_threads() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    churn(&map, &aviary, 100);
    // Threads that used the map in every way, made garbage of their own, and then sleep.
    let (ready, wait_ready) = mpsc::channel();
    let idle: Vec<_> = (0..4)
        .map(|worker: u64| {
            let (map, aviary, ready) = (Arc::clone(&map), Arc::clone(&aviary), ready.clone());
            let (wake, wait) = mpsc::channel::<()>();
            let thread = thread::spawn(move || {
                drop(map.insert(worker, aviary.canary()));
                listen(&map, worker + 1);
                drop(map.remove(&worker));
                assert!(map.iter().count() <= 16);
                ready.send(()).expect("the test waits");
                wait.recv().expect_err("never woken, only left");
                // Its state is as it was; it must find the map as it is now.
                listen(&map, 3);
            });
            (wake, thread)
        })
        .collect();
    for _ in &idle {
        wait_ready.recv().expect("all come");
    }
    let most = churn(&map, &aviary, 200_000);
    assert!(most < GARBAGE, "{most} values lived, for 16 keys");
    for (wake, thread) in idle {
        drop(wake);
        thread.join().expect("no panic");
    }
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_freed_after_an_idle_ref_goes() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    churn(&map, &aviary, 100);
    let (ready, wait_ready) = mpsc::channel();
    let (wake, wait) = mpsc::channel::<()>();
    let (woken, wait_woken) = mpsc::channel();
    let holder = {
        let map = Arc::clone(&map);
        thread::spawn(move || {
            let held = map.get(&3).expect("present");
            let number = held.sing();
            ready.send(()).expect("the test waits");
            wait.recv().expect("woken");
            assert_eq!(held.sing(), number);
            drop(held);
            woken.send(()).expect("the test waits");
            wait.recv().expect_err("left asleep");
        })
    };
    wait_ready.recv().expect("it comes");
    churn(&map, &aviary, 50_000);
    wake.send(()).expect("it waits");
    wait_woken.recv().expect("it wakes");
    // Some work lets go of what waited; the holder sleeps on.
    churn(&map, &aviary, 20_000);
    let left = aviary.live();
    assert!(left < GARBAGE, "{left} values live, for 16 keys");
    drop(wake);
    holder.join().expect("no panic");
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_bounded_with_thousands_of_exited_threads() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    let end = deadline() + Duration::from_millis(500);
    let mut threads = 0;
    let mut most = 0;
    while threads < 4_000 && (threads < 500 || Instant::now() < end) {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (map, aviary) = (Arc::clone(&map), Arc::clone(&aviary));
                thread::spawn(move || {
                    for n in 0..20_u64 {
                        drop(map.insert((n + worker) % 16, aviary.canary()));
                        if n == 9 {
                            drop(map.remove(&worker));
                            listen(&map, n % 16);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no panic");
            threads += 1;
        }
        most = most.max(aviary.live());
    }
    // Less than what they made, or nothing would show.
    assert!(
        most < (20 * threads / 2).max(1_000),
        "{most} values lived after {threads} threads"
    );
    assert!(
        most < GARBAGE,
        "{most} values lived after {threads} threads"
    );
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_bounded_with_all_threads_at_work() {
    let aviary = Aviary::new();
    let map: SyncMap<u64, Canary, Hash> = new_map();
    let end = deadline();
    let most: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                let (map, aviary) = (&map, &aviary);
                scope.spawn(move || {
                    let mut random = Random::new(worker);
                    let mut most = 0;
                    while Instant::now() < end {
                        for _ in 0..50 {
                            let key = random.below(16);
                            drop(map.insert(key, aviary.canary()));
                            listen(map, random.below(16));
                            drop(map.remove(&random.below(64)));
                        }
                        most = most.max(aviary.live());
                    }
                    most
                })
            })
            .collect();
        let most = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        most.max().expect("some threads")
    });
    // A thread that is stopped inside an operation holds back what is retired meanwhile: be generous.
    assert!(most < 10 * GARBAGE, "{most} values lived, for 16 keys");
    // With all threads gone, a little work lets go of the rest.
    churn(&map, &aviary, 20_000);
    let left = aviary.live();
    assert!(left < GARBAGE, "{left} values live, for 16 keys");
    drop(map);
    aviary.assert_settled();
}

// --- Threads that end, maps that come and go -------------------------------------------------------

#[test]
fn ref_in_a_thread_local_outlives_its_threads_state() {
    static AVIARY: LazyLock<Arc<Aviary>> = LazyLock::new(Aviary::new);
    static MAP: LazyLock<SyncMap<u64, Canary, Hash>> = LazyLock::new(new_map);
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    /// Looks at its refs when the thread goes, and uses the map again.
    #[derive(Default)]
    struct Keep(Vec<(Ref<'static, u64, Canary>, u64)>);

    impl Drop for Keep {
        fn drop(&mut self) {
            // A panic here would abort: leave the count short instead.
            for (canary, number) in &self.0 {
                if !canary.is_alive() || canary.number.load(Ordering::Relaxed) != *number {
                    return;
                }
            }
            listen(&MAP, 1);
            drop(MAP.insert(2, AVIARY.canary()));
            drop(MAP.remove(&2));
            ENDED.fetch_add(1, Ordering::SeqCst);
            self.0.clear();
            listen(&MAP, 3);
        }
    }

    thread_local! {
        static FIRST: RefCell<Keep> = RefCell::default();
        static LAST: RefCell<Keep> = RefCell::default();
    }

    let end = deadline();
    let mut threads = 0;
    while threads < 20 || (Instant::now() < end && threads < 2_000) {
        let early = threads % 2 == 0;
        let thread = thread::spawn(move || {
            // Destructors run in some order of first use: before the map is used, and after.
            let before = |entry| FIRST.with_borrow_mut(|keep| keep.0.push(entry));
            let after = |entry| LAST.with_borrow_mut(|keep| keep.0.push(entry));
            if early {
                FIRST.with_borrow(|keep| assert!(keep.0.is_empty()));
            }
            for key in 0..8 {
                drop(MAP.insert(key, AVIARY.canary()));
                let entry = MAP.get(&key).expect("stored by someone");
                let number = entry.sing();
                before((entry, number));
                if let Some(entry) = MAP.insert(key, AVIARY.canary()) {
                    let number = entry.sing();
                    after((entry, number));
                }
            }
        });
        // Others make garbage while the thread goes.
        churn(&MAP, &AVIARY, 50);
        for key in 0..8 {
            drop(MAP.insert(key, AVIARY.canary()));
        }
        thread.join().expect("no panic");
        threads += 1;
    }
    assert_eq!(
        ENDED.load(Ordering::SeqCst),
        2 * threads,
        "a ref lost its value"
    );
    churn(&MAP, &AVIARY, 20_000);
    let left = AVIARY.live();
    assert!(left < GARBAGE, "{left} values live after {threads} threads");
    assert_eq!(AVIARY.dropped_twice.load(Ordering::Relaxed), 0);
}

#[test]
fn ref_kept_by_a_dying_thread_keeps_its_value_to_the_end() {
    static AVIARY: LazyLock<Arc<Aviary>> = LazyLock::new(Aviary::new);
    static MAP: LazyLock<SyncMap<u64, Canary, Hash>> = LazyLock::new(new_map);

    struct Slow(Option<Ref<'static, u64, Canary>>, mpsc::Sender<bool>);

    impl Drop for Slow {
        fn drop(&mut self) {
            let canary = self.0.take().expect("put in");
            let before = canary.number.load(Ordering::Relaxed);
            // While this thread is dying, another frees all it can.
            thread::spawn(|| {
                drop(MAP.remove(&1));
                churn(&MAP, &AVIARY, 3_000);
            })
            .join()
            .ok();
            let same = canary.number.load(Ordering::Relaxed) == before;
            self.1.send(same && canary.is_alive()).ok();
        }
    }

    thread_local! {
        static KEEP: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }

    for round in 0..20 {
        let (report, result) = mpsc::channel();
        thread::spawn(move || {
            if round % 2 == 0 {
                // The thread's state is made before the thread local, so goes after it, or the reverse.
                assert!(MAP.get(&99).is_none());
            }
            KEEP.set(None);
            drop(MAP.insert(1, AVIARY.canary()));
            let entry = MAP.get(&1).expect("stored");
            KEEP.set(Some(Slow(Some(entry), report)));
        })
        .join()
        .expect("no panic");
        assert!(
            result.recv().expect("it reports"),
            "freed under a ref, round {round}"
        );
    }
}

#[test]
fn thousands_of_maps_on_living_threads_leave_nothing() {
    let aviary = Aviary::new();
    let end = deadline();
    let (give, take) = mpsc::channel::<Arc<SyncMap<u64, Canary, Hash>>>();
    let (back, got_back) = mpsc::channel::<()>();
    let helper = {
        let aviary = Arc::clone(&aviary);
        thread::spawn(move || {
            for map in take {
                drop(map.insert(1, aviary.canary()));
                listen(&map, 0);
                drop(map);
                back.send(()).expect("the test waits");
            }
        })
    };
    let mut maps = 0;
    while maps < 2_000 || (Instant::now() < end && maps < 50_000) {
        let map = Arc::new(new_map());
        drop(map.insert(0, aviary.canary()));
        drop(map.insert(0, aviary.canary()));
        if maps % 4 == 0 {
            map.promote();
        }
        give.send(Arc::clone(&map)).expect("the helper lives");
        listen(&map, 0);
        got_back.recv().expect("the helper lives");
        drop(Arc::into_inner(map).expect("the only one left"));
        maps += 1;
        assert_eq!(
            aviary.live.load(Ordering::SeqCst),
            0,
            "map {maps} left values"
        );
    }
    drop(give);
    helper.join().expect("no panic");
    aviary.assert_settled();
}

/// The system's allocator, which counts the bytes of the threads that ask for it.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

fn count_bytes(change: isize) {
    if COUNTED.get() {
        BYTES.fetch_add(change, Ordering::Relaxed);
    }
}

#[expect(unsafe_code, reason = "to count bytes is to be the allocator")]
// SAFETY: everything is passed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_bytes(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_bytes(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn thousands_of_maps_cost_living_threads_no_memory() {
    const MAPS: usize = 10_000;
    let (give, take) = mpsc::sync_channel::<Arc<SyncMap<u64, u64, Hash>>>(0);
    let (back, got_back) = mpsc::sync_channel::<()>(0);
    let helper = thread::spawn(move || {
        COUNTED.set(true);
        for map in take {
            drop(map.insert(1, 1));
            assert!(map.get(&0).is_some());
            drop(map);
            back.send(()).expect("the test waits");
        }
        COUNTED.set(false);
    });
    COUNTED.set(true);
    let use_maps = |count| {
        for n in 0..count {
            let map = Arc::new(new_map());
            for key in 0..20 {
                drop(map.insert(key, n as u64));
            }
            drop(map.remove(&3));
            map.promote();
            give.send(Arc::clone(&map)).expect("the helper lives");
            got_back.recv().expect("the helper lives");
            drop(Arc::into_inner(map).expect("the only one left"));
        }
    };
    use_maps(1_000);
    let before = BYTES.load(Ordering::SeqCst);
    use_maps(MAPS);
    let grown = BYTES.load(Ordering::SeqCst) - before;
    COUNTED.set(false);
    drop(give);
    helper.join().expect("no panic");
    assert!(grown < 32 << 10, "{grown} bytes are left of {MAPS} maps");
}

#[test]
fn many_maps_at_once_do_not_mix() {
    let maps: Vec<SyncMap<u64, u64, Hash>> = (0..500).map(|_| new_map()).collect();
    let end = deadline();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let maps = &maps;
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let number = random.below(maps.len() as u64);
                        let map = &maps[usize::try_from(number).expect("small")];
                        let key = random.below(8);
                        match random.below(8) {
                            0 => drop(map.remove(&key)),
                            1 => map.promote(),
                            2 | 3 => drop(map.insert(key, 1_000 * number + key)),
                            _ => {
                                if let Some(value) = map.get(&key) {
                                    assert_eq!(*value, 1_000 * number + key, "of another map");
                                }
                            }
                        }
                    }
                }
            });
        }
    });
    for (map, number) in maps.iter().zip(0..) {
        assert!(
            map.iter()
                .all(|entry| *entry == 1_000 * number + entry.key())
        );
    }
}

/// Two maps of unlike types and foreign `ArcSwap`s of the default strategy, on the same threads: a load
/// never gives what was stored elsewhere.
#[test]
fn maps_beside_foreign_arc_swaps_do_not_mix() {
    use arc_swap::ArcSwap;

    /// As large as what a map may allocate, so that addresses are used again.
    struct Foreign([u64; 4]);

    let numbers: SyncMap<u64, [u64; 4], Hash> = new_map();
    let texts: SyncMap<u64, String, Hash> = new_map();
    let foreign = [
        ArcSwap::from_pointee(Foreign([7; 4])),
        ArcSwap::from_pointee(Foreign([7; 4])),
    ];
    let end = deadline();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let (numbers, texts, foreign) = (&numbers, &texts, &foreign);
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let key = random.below(8);
                        match random.below(12) {
                            0 => drop(numbers.insert(key, [key; 4])),
                            1 => drop(texts.insert(key, format!("text {key}"))),
                            2 => drop(numbers.remove(&key)),
                            3 => drop(texts.remove(&key)),
                            4 => numbers.promote(),
                            5 => texts.promote(),
                            6 => foreign[key as usize % 2].store(Arc::new(Foreign([7; 4]))),
                            7 => assert_eq!(foreign[key as usize % 2].load().0, [7; 4]),
                            8 | 9 => {
                                if let Some(entry) = numbers.get(&key) {
                                    assert_eq!(*entry, [key; 4]);
                                }
                            }
                            _ => {
                                if let Some(entry) = texts.get(&key) {
                                    assert_eq!(entry.as_str(), format!("text {key}"));
                                }
                            }
                        }
                    }
                }
            });
        }
    });
}

// --- All together ---------------------------------------------------------------------------------

/// Every operation on every kind of key at once, then a check that the map is still one map.
#[test]
fn everything_at_once_leaves_a_consistent_map() {
    let map = new_map();
    let end = deadline();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let map = &map;
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let (key, value) = (random.below(200), random.below(4));
                        match random.below(24) {
                            0..=3 => drop(map.insert(key, value)),
                            4 => drop(map.try_insert(key, value)),
                            5 => drop(map.get_or_insert(key, value)),
                            6 => drop(map.get_or_insert_with(key, || value)),
                            7..=9 => drop(map.remove(&key)),
                            10 => drop(map.remove_if(&key, |_, old| *old == value)),
                            11 => drop(map.compare_and_swap(&key, &value, 1)),
                            12 => drop(map.compare_and_remove(&key, &value)),
                            13 => drop(map.update(&key, |_, old| (old + value) % 4)),
                            14 if value == 0 => map.promote(),
                            15 if value == 0 => map.retain(|_, old| *old != 3),
                            16 if key == 0 => map.clear(),
                            17 if value == 0 => assert!(map.iter().all(|entry| *entry < 4)),
                            18 if value == 0 => assert!(map.clone().len() <= 200),
                            19 => assert!(map.len() <= 200 + 8),
                            _ => assert!(map.get(&key).is_none_or(|entry| *entry < 4)),
                        }
                    }
                }
            });
        }
    });
    let by_iteration: BTreeMap<u64, u64> = map.iter().map(|entry| (*entry.key(), *entry)).collect();
    let by_lookup: BTreeMap<u64, u64> = (0..200)
        .filter_map(|key| map.get(&key).map(|entry| (key, *entry)))
        .collect();
    assert_eq!(by_iteration, by_lookup);
    assert_eq!(map.len(), by_lookup.len());
    let by_value: BTreeMap<u64, u64> = map.into_iter().collect();
    assert_eq!(by_value, by_lookup);
}
