//! `clear` against everything: it empties the map at one moment, for all keys.
//!
//! A write that `clear` meets is before it, and swept away, or after it, and stays (S2).

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::Arc;

use support::{Map, Plain, map_of, race, spawn, with_preemptions};

fn two_keys() -> Arc<Map> {
    map_of(&[(1, 1), (2, 2)])
}

/// Key 1 in the snapshot, key 2 in dirty alone.
fn amended() -> Arc<Map> {
    let map = map_of(&[(1, 1)]);
    map.store(2, 2);
    map
}

/// Atomic over two keys: whoever finds one absent finds the other absent.
#[test]
fn clear_vs_two_loads() {
    with_preemptions(3, || {
        let read = |map: &Map| (map.load(1), map.load(2));
        match race(&two_keys(), read, |map| map.clear()) {
            ((Some(1), Some(2) | None) | (None, None), (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same when one key is in dirty.
#[test]
fn clear_vs_two_loads_amended() {
    with_preemptions(3, || {
        let read = |map: &Map| (map.load(2), map.load(1));
        match race(&amended(), read, |map| map.clear()) {
            ((Some(2), Some(1) | None) | (None, None), (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A store to a key that is there.
#[test]
fn clear_vs_store() {
    with_preemptions(3, || {
        match race(&two_keys(), |map| map.store(1, 5), |map| map.clear()) {
            (Some(1), (), then) => assert_eq!(then, [], "stored before, and not cleared"),
            (None, (), then) => assert_eq!(then, [(1, 5)], "stored after, and lost"),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A store, and then a look at the other key: both before, between, or both after.
#[test]
fn clear_vs_store_and_load() {
    with_preemptions(2, || {
        let store_and_load = |map: &Map| (map.store(1, 5), map.load(2));
        match race(&two_keys(), store_and_load, |map| map.clear()) {
            ((Some(1), Some(2) | None), (), then) => assert_eq!(then, []),
            ((None, None), (), then) => assert_eq!(then, [(1, 5)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A look at one key, and then a store to the other: no store before the clear follows a look after it.
#[test]
fn clear_vs_load_and_store() {
    with_preemptions(2, || {
        let load_and_store = |map: &Map| (map.load(2), map.store(1, 5), map.load(1));
        match race(&two_keys(), load_and_store, |map| map.clear()) {
            ((Some(2), Some(1), Some(5) | None), (), then) => assert_eq!(then, []),
            ((Some(2) | None, None, Some(5)), (), then) => assert_eq!(then, [(1, 5)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A store to a deleted key, whose entry is detached with no value.
#[test]
fn clear_vs_fill() {
    with_preemptions(3, || {
        let map = two_keys();
        map.delete(1);
        match race(&map, |map| map.store(1, 5), |map| map.clear()) {
            (None, (), then) if then.is_empty() || then == [(1, 5)] => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// An expunged key comes back.
#[test]
fn clear_vs_unexpunge() {
    with_preemptions(3, || {
        let map = two_keys();
        map.delete(1);
        map.store(3, 3);
        match race(&map, |map| map.store(1, 5), |map| map.clear()) {
            (None, (), then) if then.is_empty() || then == [(1, 5)] => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A new key.
#[test]
fn clear_vs_insert() {
    with_preemptions(3, || {
        match race(&two_keys(), |map| map.store(3, 5), |map| map.clear()) {
            (None, (), then) if then.is_empty() || then == [(3, 5)] => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// An insertion if absent stores only after the clear.
#[test]
fn clear_vs_add() {
    with_preemptions(3, || {
        match race(&two_keys(), |map| map.add(1, 5), |map| map.clear()) {
            ((1, false), (), then) => assert_eq!(then, []),
            ((5, true), (), then) => assert_eq!(then, [(1, 5)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A replacement never brings a key back.
#[test]
fn clear_vs_update() {
    with_preemptions(3, || {
        match race(&two_keys(), |map| map.change(1, 5), |map| map.clear()) {
            (Some(1) | None, (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A removal gets the value, or the clear does; it is counted once.
#[test]
fn clear_vs_delete() {
    with_preemptions(3, || {
        match race(&two_keys(), |map| map.delete(1), |map| map.clear()) {
            (Some(1) | None, (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same for a key that only dirty holds.
#[test]
fn clear_vs_unlink() {
    with_preemptions(2, || {
        match race(&amended(), |map| map.delete(2), |map| map.clear()) {
            (Some(2) | None, (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A promotion publishes what is cleared, or finds nothing.
#[test]
fn clear_vs_promote() {
    with_preemptions(2, || {
        let ((), (), then) = race(&amended(), |map| map.promote(), |map| map.clear());
        assert_eq!(then, []);
    });
}

/// The miss that promotes.
#[test]
fn clear_vs_promoting_miss() {
    with_preemptions(2, || {
        let map = map_of(&[]);
        map.store(1, 1);
        match race(&map, |map| map.load(1), |map| map.clear()) {
            (Some(1) | None, (), then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Each entry is swept and retired by one of them.
#[test]
fn clear_vs_clear() {
    with_preemptions(2, || {
        let ((), (), then) = race(&two_keys(), |map| map.clear(), |map| map.clear());
        assert_eq!(then, []);
    });
}

/// A clear, a store, and a reader that must not see the store undone.
#[test]
fn clear_vs_store_vs_load() {
    with_preemptions(1, || {
        let map = map_of(&[(1, 1)]);
        let storer = spawn(&map, |map| map.store(1, 5));
        let reader = spawn(&map, |map| (map.load(1), map.load(1), map.load(1)));
        map.clear();
        let stored = storer.join().expect("joined");
        let read = reader.join().expect("joined");
        match (stored, read, map.check()) {
            (Some(1), read, then) if then.is_empty() => match read {
                // 1, then 5, then none, each for any number of looks.
                (Some(1), Some(1), Some(1 | 5) | None)
                | (Some(1), Some(5), Some(5) | None)
                | (Some(5), Some(5), Some(5) | None)
                | (Some(1 | 5), None, None)
                | (None, None, None) => {}
                illegal => panic!("no order explains {illegal:?}"),
            },
            (None, read, then) if then == [(1, 5)] => match read {
                // 1, then none, then 5.
                (Some(1), Some(1), Some(1 | 5) | None)
                | (Some(1) | None, None, None | Some(5))
                | (Some(1 | 5) | None, Some(5), Some(5)) => {}
                illegal => panic!("no order explains {illegal:?}"),
            },
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}
