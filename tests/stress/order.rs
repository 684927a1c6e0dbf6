//! No read is stale after a write has completed, across keys either.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::SyncMap;

use crate::support::{Hash, Random, Stop, deadline, disturb, new_map};

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
