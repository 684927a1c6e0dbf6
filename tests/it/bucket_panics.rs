//! User code that panics at its n-th call, for every n, in every method of `BucketMap`.
//!
//! After the panic the table is valid, every entry is as before or as after the call, every instance
//! is accounted for, and the map goes on working.

use std::collections::BTreeMap;

use splitmap::{BucketMap, Entry, Growth};

use crate::support::fuse::{Call, Id, Probe, blow_at, tick};
use crate::support::hashers::{Grouped, good};
use crate::support::ledger::Ledger;
use crate::support::validate;

/// Two behaviours of one hasher type, so that all maps here have one type.
#[derive(Clone, Copy)]
enum Hash {
    Good,
    Grouped,
}

impl std::hash::BuildHasher for Hash {
    type Hasher = Box<dyn std::hash::Hasher>;

    fn build_hasher(&self) -> Self::Hasher {
        match self {
            Self::Good => Box::new(good().build_hasher()),
            Self::Grouped => Box::new(Grouped.build_hasher()),
        }
    }
}

type Map = BucketMap<Probe, Probe, Hash>;

fn insert(map: &mut Map, key: u64, value: u64, ledger: &Ledger) {
    map.insert(Probe::new(key, ledger), Probe::new(value, ledger));
}

fn filled(len: u64, ledger: &Ledger) -> Map {
    let mut map = Map::with_hasher(Hash::Good);
    for id in 0..len {
        insert(&mut map, id, id, ledger);
    }
    map
}

/// One that the next new key makes grow.
fn at_its_limit(ledger: &Ledger) -> Map {
    filled(13, ledger)
}

/// One in the middle of a doubling.
fn doubling(ledger: &Ledger) -> Map {
    let map = filled(54, ledger);
    assert!(matches!(map.layout().growth, Growth::Doubling));
    map
}

/// One in the middle of a growth of the same size; key 0 is there.
fn same_size(ledger: &Ledger) -> Map {
    let mut map = Map::with_capacity_and_hasher(52, Hash::Grouped);
    insert(&mut map, 0, 0, ledger);
    for group in 1..1_000_u64 {
        for n in 0..48 {
            insert(&mut map, (group << 8) + n, n, ledger);
            if let Growth::SameSize = map.layout().growth {
                return map;
            }
        }
        for n in 0..48 {
            map.remove(&Id((group << 8) + n));
        }
    }
    panic!("no growth of the same size");
}

fn contents(map: &Map) -> BTreeMap<u64, u64> {
    let all: BTreeMap<_, _> = map.iter().map(|(key, value)| (key.id, value.id)).collect();
    assert_eq!(
        all.len(),
        map.len(),
        "a key came twice, or the length is wrong"
    );
    all
}

type Build = fn(&Ledger) -> Map;
type Act = fn(&mut Map, &Ledger);

/// Blows the fuse at every call that `act` makes, on every map that matters; returns how often.
fn exhaust(act: Act) -> usize {
    let builds: [Build; 4] = [
        |ledger| filled(5, ledger),
        at_its_limit,
        doubling,
        same_size,
    ];
    let mut blown = 0;
    for build in builds {
        let ledger = Ledger::new();
        let mut map = build(&ledger);
        let before = contents(&map);
        act(&mut map, &ledger);
        let after = contents(&map);
        for call in Call::ALL {
            for n in 1.. {
                let ledger = Ledger::new();
                let mut map = build(&ledger);
                let done = blow_at(call, n, || act(&mut map, &ledger)).is_some();
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
    mut map: Map,
    ledger: &Ledger,
    before: &BTreeMap<u64, u64>,
    after: &BTreeMap<u64, u64>,
    done: bool,
) {
    validate!(map);
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
    assert_eq!(ledger.live(), 2 * map.len(), "leaked");
    // It goes on working, through the next growth.
    for id in 5_000..5_060 {
        insert(&mut map, id, id, ledger);
    }
    for id in 5_000..5_060 {
        assert!(map.remove(&Id(id)).is_some());
    }
    validate!(map);
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
    insert_of_a_new_key_survives_panics: |map, ledger| insert(map, 1_000, 1, ledger);
    insert_of_a_present_key_survives_panics: |map, ledger| insert(map, 0, 1, ledger);
    insert_of_many_survives_panics: |map, ledger| {
        for id in 1_000..1_030 {
            insert(map, id, id, ledger);
        }
    };
    get_survives_panics: |map, _| {
        assert_eq!(map.get(&Id(0)).expect("present").id, 0);
        assert!(map.get(&Id(9_999)).is_none());
        assert!(map.contains_key(&Id(0)));
        assert!(map.get_key_value(&Id(0)).is_some());
        assert!(map.get_mut(&Id(0)).is_some());
    };
    remove_survives_panics: |map, _| {
        drop(map.remove(&Id(0)));
        drop(map.remove(&Id(9_999)));
    };
    remove_entry_survives_panics: |map, _| drop(map.remove_entry(&Id(0)));
    remove_of_all_survives_panics: |map, _| {
        let keys: Vec<_> = map.keys().map(|key| key.id).collect();
        for key in keys {
            drop(map.remove(&Id(key)));
        }
    };
    clear_survives_panics: |map, _| map.clear();
    drain_survives_panics: |map, _| drop(map.drain());
    drain_taken_halfway_survives_panics: |map, _| {
        let half = map.len() / 2;
        assert_eq!(map.drain().take(half).count(), half);
    };
    retain_survives_panics: |map, _| {
        map.retain(|key, _| {
            tick(Call::Closure);
            key.id % 2 == 0
        });
    };
    retain_of_nothing_survives_panics: |map, _| {
        map.retain(|_, _| {
            tick(Call::Closure);
            false
        });
    };
    entry_or_insert_survives_panics: |map, ledger| {
        map.entry(Probe::new(0, ledger)).or_insert(Probe::new(1, ledger));
        map.entry(Probe::new(1_000, ledger)).or_insert(Probe::new(1, ledger));
    };
    entry_or_insert_with_survives_panics: |map, ledger| {
        map.entry(Probe::new(1_000, ledger)).or_insert_with(|| {
            tick(Call::Closure);
            Probe::new(1, ledger)
        });
    };
    entry_and_modify_survives_panics: |map, ledger| {
        map.entry(Probe::new(0, ledger))
            .and_modify(|_| tick(Call::Closure))
            .or_insert(Probe::new(1, ledger));
    };
    occupied_insert_survives_panics: |map, ledger| {
        match map.entry(Probe::new(0, ledger)) {
            Entry::Occupied(mut entry) => drop(entry.insert(Probe::new(9, ledger))),
            Entry::Vacant(_) => panic!("present"),
        }
    };
    occupied_remove_survives_panics: |map, ledger| {
        match map.entry(Probe::new(0, ledger)) {
            Entry::Occupied(entry) => drop(entry.remove()),
            Entry::Vacant(_) => panic!("present"),
        }
    };
    vacant_insert_survives_panics: |map, ledger| {
        match map.entry(Probe::new(1_000, ledger)) {
            Entry::Vacant(entry) => {
                entry.insert(Probe::new(9, ledger));
            }
            Entry::Occupied(_) => panic!("absent"),
        }
    };
    clone_survives_panics: |map, _| {
        let copy = map.clone();
        assert_eq!(copy.len(), map.len());
    };
    eq_survives_panics: |map, _| assert!(*map == *map);
    extend_survives_panics: |map, ledger| {
        map.extend((1_000..1_030).map(|id| {
            tick(Call::Closure);
            (Probe::new(id, ledger), Probe::new(id, ledger))
        }));
    };
    finish_growth_and_reading_survive_panics: |map, _| {
        map.finish_growth();
        assert!(map.get(&Id(0)).is_some());
    };
}

#[test]
fn finish_growth_calls_no_user_code() {
    for build in [doubling, same_size] {
        for call in Call::ALL {
            let ledger = Ledger::new();
            let mut map = build(&ledger);
            let done = blow_at(call, 1, || map.finish_growth());
            assert!(done.is_some(), "evacuation called {call:?}");
            assert!(matches!(map.layout().growth, Growth::None));
        }
    }
}

#[test]
fn dropping_the_map_drops_the_rest_when_one_drop_panics() {
    for build in [at_its_limit, doubling, same_size] {
        for n in 1.. {
            let ledger = Ledger::new();
            let map = build(&ledger);
            let done = blow_at(Call::Drop, n, || drop(map)).is_some();
            ledger.assert_settled();
            if done {
                assert!(n > 25, "nearly nothing was dropped");
                break;
            }
        }
    }
}

#[test]
fn dropping_into_iter_drops_the_rest_when_one_drop_panics() {
    for build in [at_its_limit, doubling, same_size] {
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
                assert!(n > 25, "nearly nothing was dropped");
                break;
            }
        }
    }
}

#[test]
fn collecting_drops_what_it_made_when_user_code_panics() {
    for call in [Call::Hash, Call::Eq, Call::Drop, Call::Closure] {
        for n in 1.. {
            let ledger = Ledger::new();
            // Equal keys too, so that there is something to compare and to drop.
            let done = blow_at(call, n, || {
                let pairs = (0..60).map(|id| {
                    tick(Call::Closure);
                    (Probe::new(id % 40, &ledger), Probe::new(id, &ledger))
                });
                assert_eq!(pairs.collect::<BucketMap<_, _>>().len(), 40);
            });
            if n > 1 || done.is_some() {
                ledger.assert_settled();
            }
            if done.is_some() {
                assert!(n > 10, "{call:?} was hardly called");
                break;
            }
        }
    }
}

/// Go's issue 19359: the mark of a write must not outlive a hasher that panicked.
#[test]
fn panicking_hash_leaves_no_write_in_progress() {
    let ledger = Ledger::new();
    let mut map = filled(20, &ledger);
    assert!(blow_at(Call::Hash, 1, || insert(&mut map, 3, 3, &ledger)).is_none());
    assert!(blow_at(Call::Hash, 1, || drop(map.remove(&Id(3)))).is_none());
    assert!(blow_at(Call::Hash, 1, || drop(map.entry(Probe::new(3, &ledger)))).is_none());
    assert!(blow_at(Call::Hash, 1, || map.contains_key(&Id(3))).is_none());
    insert(&mut map, 3, 33, &ledger);
    assert_eq!(map.get(&Id(3)).expect("present").id, 33);
    assert!(map.remove(&Id(3)).is_some());
    assert_eq!(map.len(), 19);
    drop(map);
    ledger.assert_settled();
}
