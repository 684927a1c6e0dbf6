//! User code that panics at its n-th call, for every n, in every method of `SyncMap`.
//!
//! After the panic every entry is as before or as after the call, no lock is left held, every instance
//! is accounted for when the map goes, and the map goes on working.

use std::collections::BTreeMap;
use std::thread;

use splitmap::SyncMap;

use crate::support::fuse::{Call, Id, Probe, blow_at, tick};
use crate::support::hashers::{Good, good};
use crate::support::ledger::Ledger;
use crate::support::within;

type Map = SyncMap<Probe, Probe, Good>;

fn insert(map: &Map, key: u64, value: u64, ledger: &Ledger) {
    map.insert(Probe::new(key, ledger), Probe::new(value, ledger));
}

/// All keys only in dirty.
fn fresh(ledger: &Ledger) -> Map {
    let map = Map::with_hasher(good());
    for id in 0..30 {
        insert(&map, id, id, ledger);
    }
    map
}

/// All keys in the snapshot, some deleted there; no dirty.
fn promoted(ledger: &Ledger) -> Map {
    let map = fresh(ledger);
    map.promote();
    for id in [5, 6] {
        drop(map.remove(&Id(id)));
    }
    map
}

/// Keys in the snapshot, in dirty, deleted, and expunged.
fn amended(ledger: &Ledger) -> Map {
    let map = promoted(ledger);
    for id in 40..50 {
        insert(&map, id, id, ledger);
    }
    drop(map.remove(&Id(7)));
    drop(map.remove(&Id(41)));
    map
}

/// What only iteration of a clone tells without changing the map.
fn contents(map: &Map) -> BTreeMap<u64, u64> {
    let mut all = BTreeMap::new();
    for (key, value) in map.clone() {
        assert!(all.insert(key.id, value.id).is_none(), "a key came twice");
    }
    assert_eq!(map.len(), all.len());
    all
}

type Act = fn(&Map, &Ledger);

/// Blows the fuse at every call that `act` makes, on every map that matters; returns how often.
fn exhaust(act: Act) -> usize {
    let builds: [fn(&Ledger) -> Map; 3] = [fresh, promoted, amended];
    let mut blown = 0;
    for build in builds {
        let ledger = Ledger::new();
        let map = build(&ledger);
        let before = contents(&map);
        act(&map, &ledger);
        let after = contents(&map);
        for call in Call::ALL {
            for n in 1.. {
                let ledger = Ledger::new();
                let map = build(&ledger);
                let done = blow_at(call, n, || act(&map, &ledger)).is_some();
                check(map, &ledger, &before, &after, done);
                if done {
                    break;
                }
                blown += 1;
            }
        }
    }
    blown
}

fn check(
    map: Map,
    ledger: &Ledger,
    before: &BTreeMap<u64, u64>,
    after: &BTreeMap<u64, u64>,
    done: bool,
) {
    // Another thread can do what takes the mutex.
    let other = ledger.clone();
    let map = within(20, move || {
        insert(&map, 9_000, 1, &other);
        assert!(map.remove(&Id(9_000)).is_some());
        map
    });
    let now = contents(&map);
    if done {
        assert_eq!(now, *after);
    }
    for key in now.keys().chain(before.keys()).chain(after.keys()) {
        let state = now.get(key);
        assert!(
            state == before.get(key) || state == after.get(key),
            "{key} is {state:?}, was {:?}, should become {:?}",
            before.get(key),
            after.get(key)
        );
        assert_eq!(map.get(&Id(*key)).map(|value| value.id), state.copied());
    }
    for id in 5_000..5_050 {
        insert(&map, id, id, ledger);
    }
    map.promote();
    for id in 5_000..5_050 {
        assert!(map.remove(&Id(id)).is_some());
    }
    assert_eq!(contents(&map), now);
    drop(map);
    ledger.assert_settled();
}

macro_rules! survives {
    ($($name:ident: $act:expr;)+) => {$(
        #[test]
        fn $name() {
            let blown = exhaust($act);
            assert_ne!(blown, 0, "no user code was called");
        }
    )+};
}

survives! {
    get_survives_panics: |map, _| {
        for id in [0, 5, 40, 9_999] {
            drop(map.get(&Id(id)));
            let _ = map.contains_key(&Id(id));
        }
    };
    insert_of_a_new_key_survives_panics: |map, ledger| insert(map, 1_000, 1, ledger);
    insert_of_a_present_key_survives_panics: |map, ledger| insert(map, 3, 1, ledger);
    insert_of_a_dirty_key_survives_panics: |map, ledger| insert(map, 45, 1, ledger);
    insert_of_a_deleted_key_survives_panics: |map, ledger| insert(map, 5, 1, ledger);
    try_insert_survives_panics: |map, ledger| {
        for id in [3, 5, 45, 1_000] {
            drop(map.try_insert(Probe::new(id, ledger), Probe::new(1, ledger)));
        }
    };
    get_or_insert_with_survives_panics: |map, ledger| {
        for id in [3, 5, 45, 1_000] {
            drop(map.get_or_insert_with(Probe::new(id, ledger), || {
                tick(Call::Closure);
                Probe::new(1, ledger)
            }));
        }
    };
    remove_survives_panics: |map, _| {
        for id in [3, 5, 45, 1_000] {
            drop(map.remove(&Id(id)));
        }
    };
    remove_if_survives_panics: |map, _| {
        for id in [3, 5, 45, 1_000] {
            drop(map.remove_if(&Id(id), |_, _| {
                tick(Call::Closure);
                true
            }));
        }
    };
    compare_and_swap_survives_panics: |map, ledger| {
        for id in [3, 5, 45, 1_000] {
            let old = Probe::new(id, ledger);
            drop(map.compare_and_swap(&Id(id), &old, Probe::new(1, ledger)).map(drop));
        }
    };
    compare_and_swap_of_another_value_survives_panics: |map, ledger| {
        let other = Probe::new(77, ledger);
        drop(map.compare_and_swap(&Id(3), &other, Probe::new(1, ledger)).map(drop));
        drop(map.compare_and_swap(&Id(45), &other, Probe::new(1, ledger)).map(drop));
    };
    compare_and_remove_survives_panics: |map, ledger| {
        for id in [3, 5, 45, 1_000] {
            drop(map.compare_and_remove(&Id(id), &Probe::new(id, ledger)));
        }
    };
    update_survives_panics: |map, ledger| {
        for id in [3, 5, 45, 1_000] {
            drop(map.update(&Id(id), |_, old| {
                tick(Call::Closure);
                Probe::new(old.id + 1, ledger)
            }));
        }
    };
    retain_survives_panics: |map, _| {
        map.retain(|key, _| {
            tick(Call::Closure);
            key.id % 2 == 0
        });
    };
    clear_survives_panics: |map, _| map.clear();
    clone_survives_panics: |map, _| assert_eq!(map.clone().len(), map.len());
    for_each_survives_panics: |map, _| map.for_each(|_| tick(Call::Closure));
    extend_survives_panics: |map, ledger| {
        let mut shared = map;
        shared.extend((1_000..1_030).map(|id| {
            tick(Call::Closure);
            (Probe::new(id, ledger), Probe::new(id, ledger))
        }));
    };
    misses_to_promotion_survive_panics: |map, _| {
        for _ in 0..60 {
            assert!(map.get(&Id(9_999)).is_none());
        }
    };
}

/// Go's trie leaves a node locked when a comparison panics in CompareAndDelete.
#[test]
fn panicking_comparison_leaves_the_key_usable() {
    for build in [fresh, promoted, amended] {
        let ledger = Ledger::new();
        let map = build(&ledger);
        for id in [3, 20] {
            let probe = || Probe::new(id, &ledger);
            for n in 1..=2 {
                let blown = blow_at(Call::Eq, n, || {
                    map.compare_and_remove(&Id(id), &probe()).is_some()
                });
                if blown == Some(true) {
                    insert(&map, id, id, &ledger);
                }
                let blown = blow_at(Call::Eq, n, || {
                    map.compare_and_swap(&Id(id), &probe(), probe()).is_ok()
                });
                assert_ne!(blown, Some(false));
            }
            let map = &map;
            thread::scope(|scope| {
                scope.spawn(move || assert!(map.compare_and_remove(&Id(id), &probe()).is_some()));
            });
            assert!(!map.contains_key(&Id(id)));
        }
        drop(map);
        ledger.assert_settled();
    }
}

#[test]
fn panicking_drop_of_garbage_loses_nothing_else() {
    // Where in the run garbage is dropped is the map's business, so the fuse is set all along it.
    for n in (1..40).chain((40..3_000).step_by(97)) {
        let ledger = Ledger::new();
        let map = promoted(&ledger);
        let work = |map: &Map| {
            for round in 0..40 {
                for id in 0..40 {
                    insert(map, id, round, &ledger);
                    if (id + round) % 5 == 0 {
                        drop(map.remove(&Id(id)));
                    }
                }
            }
        };
        let done = blow_at(Call::Drop, n, || work(&map)).is_some();
        assert!(!done, "fewer than {n} drops in the whole run");
        work(&map);
        assert!(map.len() <= 40);
        for id in 0..40 {
            insert(&map, id, id, &ledger);
            assert_eq!(map.get(&Id(id)).expect("stored just now").id, id);
        }
        drop(map);
        ledger.assert_settled();
    }
}

#[test]
fn dropping_the_map_drops_the_rest_when_one_drop_panics() {
    for build in [fresh, promoted, amended] {
        for n in 1.. {
            let ledger = Ledger::new();
            let map = build(&ledger);
            insert(&map, 3, 33, &ledger);
            let done = blow_at(Call::Drop, n, || drop(map)).is_some();
            ledger.assert_settled();
            if done {
                assert!(n > 50, "nearly nothing was dropped");
                break;
            }
        }
    }
}

#[test]
fn dropping_into_iter_drops_the_rest_when_one_drop_panics() {
    for build in [fresh, promoted, amended] {
        for n in 1.. {
            let ledger = Ledger::new();
            let map = build(&ledger);
            let done = blow_at(Call::Drop, n, || {
                let mut entries = map.into_iter();
                drop(entries.next());
                drop(entries);
            });
            ledger.assert_settled();
            if done.is_some() {
                assert!(n > 50, "nearly nothing was dropped");
                break;
            }
        }
    }
}
