//! Iteration, `retain` and `len`, while others write.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use splitmap::Ref;

use crate::support::{Random, Stop, THREADS, deadline, disturb, new_map};

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
