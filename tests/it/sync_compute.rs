//! `compute`, `update_or_insert` and their kin: what they do, what they show, and that nothing is lost.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::thread;

use splitmap::{Compute, Operation, SyncMap};

use crate::support::fuse::{Call, Probe, blow_at, tick};
use crate::support::hashers::{Good, good, with_every_hasher};
use crate::support::ledger::Ledger;
use crate::support::within;

type Map = SyncMap<u32, u32, Good>;

/// A map in each of its shapes, with ten times itself under every key below ten.
fn shapes() -> [Map; 3] {
    let build = |promote_at: Option<u32>| {
        let map = SyncMap::with_hasher(good());
        for key in 0..10 {
            map.insert(key, 10 * key);
            if promote_at == Some(key) {
                map.promote();
            }
        }
        map
    };
    [build(None), build(Some(4)), build(Some(9))]
}

fn get(map: &Map, key: u32) -> Option<u32> {
    map.get(&key).as_deref().copied()
}

#[test]
fn compute_inserts_updates_and_removes() {
    for map in shapes() {
        for key in [3, 7, 50] {
            let before = get(&map, key);
            let done = map.compute(key, |entry| {
                assert_eq!(
                    entry.map(|(key, value)| (*key, *value)),
                    before.map(|value| (key, value))
                );
                Operation::<_, ()>::Insert(1)
            });
            match (done, before) {
                (Compute::Inserted(new), None) => assert_eq!(new.pair(), (&key, &1)),
                (Compute::Updated { old, new }, Some(before)) => {
                    assert_eq!((old.pair(), new.pair()), ((&key, &before), (&key, &1)));
                }
                (done, before) => panic!("{done:?} of {before:?}"),
            }
            assert_eq!(get(&map, key), Some(1));

            let done = map.compute(key, |_| Operation::<_, ()>::Remove);
            assert!(matches!(done, Compute::Removed(gone) if gone.pair() == (&key, &1)));
            assert_eq!(get(&map, key), None);

            let done = map.compute(key, |_| Operation::<_, ()>::Remove);
            assert!(matches!(done, Compute::Absent));
        }
        assert_eq!(map.len(), 8);
    }
}

#[test]
fn compute_aborts_without_a_trace() {
    for map in shapes() {
        for key in [3, 7, 50] {
            let before = get(&map, key);
            let done = map.compute(key, |entry| {
                Operation::Abort(entry.map(|(_, value)| *value))
            });
            assert!(matches!(done, Compute::Aborted(seen) if seen == before));
            assert_eq!(get(&map, key), before);
        }
        assert_eq!(map.len(), 10);
    }
}

#[test]
fn compute_shows_a_removed_key_as_absent() {
    for map in shapes() {
        for key in [3, 7] {
            drop(map.remove(&key));
            let done = map.compute(key, |entry| {
                assert!(entry.is_none());
                Operation::<_, ()>::Insert(5)
            });
            assert!(matches!(done, Compute::Inserted(_)));
            assert_eq!(get(&map, key), Some(5));
        }
    }
}

#[test]
fn compute_runs_again_when_its_closure_changes_the_key() {
    within(60, || {
        for map in shapes() {
            for key in [3, 7, 50] {
                let present = get(&map, key).is_some();
                let mut seen = Vec::new();
                let done = map.compute(key, |entry| {
                    seen.push(entry.map(|(_, value)| *value));
                    if seen.len() == 1 {
                        drop(if present {
                            map.remove(&key)
                        } else {
                            map.insert(key, 1)
                        });
                    }
                    Operation::<_, ()>::Insert(2)
                });
                assert_eq!(seen.len(), 2);
                assert_eq!(seen[1], if present { None } else { Some(1) });
                assert_eq!(present, matches!(done, Compute::Inserted(_)));
                assert_eq!(get(&map, key), Some(2));
            }
        }
    });
}

#[test]
fn compute_removes_only_what_it_saw() {
    for map in shapes() {
        for key in [3, 7] {
            let mut runs = 0;
            let done = map.compute(key, |entry| {
                runs += 1;
                let (_, value) = entry.expect("is there");
                if runs == 1 {
                    map.insert(key, value + 1);
                }
                Operation::<u32, ()>::Remove
            });
            assert_eq!(runs, 2);
            assert!(matches!(done, Compute::Removed(gone) if *gone == 10 * key + 1));
        }
    }
}

#[test]
fn results_outlive_later_writes() {
    for map in shapes() {
        let done = map.compute(3, |_| Operation::<_, ()>::Insert(1));
        map.clear();
        map.promote();
        map.insert(3, 9);
        assert!(matches!(done, Compute::Updated { old, new } if (*old, *new) == (30, 1)));
    }
}

#[test]
fn update_or_insert_does_one_of_the_two() {
    for map in shapes() {
        assert_eq!(*map.update_or_insert(3, |key, value| key + value, 1), 33);
        assert_eq!(*map.update_or_insert(7, |key, value| key + value, 1), 77);
        assert_eq!(
            *map.update_or_insert(50, |_, _| unreachable!("absent"), 1),
            1
        );
        assert_eq!(
            *map.update_or_insert_with(3, |_, _| 5, || unreachable!("present")),
            5
        );
        assert_eq!(
            *map.update_or_insert_with(51, |_, _| unreachable!("absent"), || 6),
            6
        );
        assert_eq!(map.len(), 12);
    }
}

#[test]
fn update_or_insert_with_makes_once_and_keeps_it_for_the_next_turn() {
    for map in shapes() {
        let (mut made, mut updated) = (0, 0);
        let entry = map.update_or_insert_with(
            50,
            |_, _| {
                updated += 1;
                drop(map.remove(&50)); // so that what was made is wanted again
                99
            },
            || {
                made += 1;
                map.insert(50, 1); // so that it is not stored at first
                7
            },
        );
        assert_eq!((*entry, made, updated), (7, 1, 1));
        assert_eq!(get(&map, 50), Some(7));
    }
}

#[test]
fn get_or_try_insert_with_stores_only_success() {
    for map in shapes() {
        assert_eq!(
            map.get_or_try_insert_with(50, || Err("no")).as_deref(),
            Err(&"no")
        );
        assert_eq!(get(&map, 50), None);
        assert_eq!(
            map.get_or_try_insert_with(50, || Ok::<_, ()>(1)).as_deref(),
            Ok(&1)
        );
        assert_eq!(
            map.get_or_try_insert_with(50, || Err("no")).as_deref(),
            Ok(&1)
        );
        let entry = map.get_or_try_insert_with(51, || {
            map.insert(51, 2);
            Ok::<_, ()>(3)
        });
        assert_eq!(entry.as_deref(), Ok(&2));
    }
}

#[test]
fn every_hasher_will_do() {
    fn count<S: BuildHasher>(hasher: S) {
        let map = SyncMap::with_hasher(hasher);
        for round in 1..=3 {
            for key in 0..100_u32 {
                assert_eq!(*map.update_or_insert(key, |_, count| count + 1, 1), round);
            }
        }
        for key in 0..100 {
            let done = map.compute(key, |_| Operation::<u32, ()>::Remove);
            assert!(matches!(done, Compute::Removed(gone) if *gone == 3));
        }
        assert!(map.is_empty());
    }
    with_every_hasher!(count);
}

#[test]
fn no_update_is_lost_while_keys_come_and_go() {
    const ROUNDS: u32 = 2_000;
    let map = &Map::with_hasher(good());
    let taken: u32 = thread::scope(|scope| {
        let adders: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        drop(map.update_or_insert(round % 5, |_, sum| sum + 1, 1));
                    }
                    0
                })
            })
            .collect();
        let taker = scope.spawn(move || {
            let mut taken = 0;
            for round in 0..ROUNDS {
                if let Compute::Removed(gone) =
                    map.compute(round % 5, |_| Operation::<_, ()>::Remove)
                {
                    taken += *gone;
                }
                if round % 100 == 0 {
                    map.promote();
                }
            }
            taken
        });
        let threads = adders.into_iter().chain([taker]);
        threads.map(|thread| thread.join().expect("no panic")).sum()
    });
    let left: u32 = map.iter().map(|entry| *entry).sum();
    assert_eq!(taken + left, 3 * ROUNDS);
}

#[test]
fn a_panic_anywhere_loses_and_leaks_nothing() {
    type Probes = SyncMap<Probe, Probe, Good>;
    let acts: [fn(&Probes, &Ledger, u64); 3] = [
        |map, ledger, key| {
            drop(map.compute(Probe::new(key, ledger), |_| {
                tick(Call::Closure);
                Operation::<_, ()>::Insert(Probe::new(1, ledger))
            }));
        },
        |map, ledger, key| {
            drop(map.compute(Probe::new(key, ledger), |_| {
                tick(Call::Closure);
                Operation::<Probe, ()>::Remove
            }));
        },
        |map, ledger, key| {
            let update = |_: &Probe, _: &Probe| {
                tick(Call::Closure);
                Probe::new(1, ledger)
            };
            drop(
                map.update_or_insert_with(Probe::new(key, ledger), update, || {
                    Probe::new(2, ledger)
                }),
            );
        },
    ];
    for act in acts {
        for key in [1, 3, 9] {
            for call in Call::ALL {
                for n in 1.. {
                    let ledger = Ledger::new();
                    let map = Probes::with_hasher(good());
                    for id in 0..4 {
                        drop(map.insert(Probe::new(id, &ledger), Probe::new(10 + id, &ledger)));
                        if id == 1 {
                            map.promote();
                        }
                    }
                    let done = blow_at(call, n, || act(&map, &ledger, key)).is_some();
                    let left: BTreeSet<u64> = map.iter().map(|entry| entry.key().id).collect();
                    assert!((0..4).all(|id| id == key || left.contains(&id)));
                    drop(map);
                    ledger.assert_settled();
                    if done {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn keys_removed_by_compute_leave_the_tables() {
    let map: Map = (0..10_000).map(|key| (key, key)).collect();
    for key in 0..10_000 {
        drop(map.compute(key, |_| Operation::<_, ()>::Remove));
    }
    assert!(map.is_empty());
    assert!(map.stats().read_len < 5_000, "{:?}", map.stats());
}
