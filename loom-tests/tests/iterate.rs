//! Iteration against everything that moves keys meanwhile (I1 to I5).

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use support::{Map, Plain, map_of, race, with_preemptions};

/// What an iteration produces, in order of keys. Panics if a key is produced twice.
fn walk(map: &Map) -> Vec<(u32, u32)> {
    let entries = map
        .iter()
        .map(|entry| (entry.key().get(), entry.value().get()));
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    assert!(
        entries.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "a key twice: {entries:?}"
    );
    entries
}

/// A key that is there throughout is produced; one that comes or goes, perhaps.
#[test]
fn walk_vs_delete() {
    with_preemptions(3, || {
        match race(&map_of(&[(1, 1), (2, 2)]), |map| map.delete(2), walk) {
            (Some(2), seen, then) if seen == [(1, 1)] || seen == [(1, 1), (2, 2)] => {
                assert_eq!(then, [(1, 1)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A new key, and the building of dirty that it causes.
#[test]
fn walk_vs_insert() {
    with_preemptions(3, || {
        match race(&map_of(&[(1, 1)]), |map| map.store(2, 2), walk) {
            (None, seen, then) if seen == [(1, 1)] || seen == [(1, 1), (2, 2)] => {
                assert_eq!(then, [(1, 1), (2, 2)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The walk promotes, and so does another thread.
#[test]
fn walk_vs_promotion() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        let ((), seen, then) = race(&map, |map| map.promote(), walk);
        assert_eq!(
            (&seen, then.as_slice()),
            (&then, [(1, 1), (2, 2)].as_slice())
        );
    });
}

/// Deleted keys leave the tables while the walk goes on over the old snapshot.
#[test]
fn walk_vs_delete_and_purge() {
    with_preemptions(2, || {
        let delete_and_purge = |map: &Map| {
            let deleted = map.delete(2);
            map.promote();
            deleted
        };
        match race(&map_of(&[(1, 1), (2, 2)]), delete_and_purge, walk) {
            (Some(2), seen, then) if seen == [(1, 1)] || seen == [(1, 1), (2, 2)] => {
                assert_eq!(then, [(1, 1)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A key that goes and comes back is produced with one of its values, or not at all.
#[test]
fn walk_vs_delete_and_insert() {
    with_preemptions(2, || {
        let delete_and_insert = |map: &Map| (map.delete(2), map.store(2, 5));
        match race(&map_of(&[(1, 1), (2, 2)]), delete_and_insert, walk) {
            ((Some(2), None), seen, then) => {
                assert!(
                    matches!(seen[..], [(1, 1)] | [(1, 1), (2, 2 | 5)]),
                    "{seen:?}"
                );
                assert_eq!(then, [(1, 1), (2, 5)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The value produced is one that the key had.
#[test]
fn walk_vs_store() {
    with_preemptions(3, || {
        match race(&map_of(&[(1, 1), (2, 2)]), |map| map.store(2, 5), walk) {
            (Some(2), seen, then) => {
                assert!(matches!(seen[..], [(1, 1), (2, 2 | 5)]), "{seen:?}");
                assert_eq!(then, [(1, 1), (2, 5)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// What a walk has produced outlives the walk, and the clear.
#[test]
fn walk_vs_clear() {
    with_preemptions(2, || {
        let hold = |map: &Map| {
            let held: Vec<_> = map.iter().collect();
            held.iter()
                .for_each(|entry| assert_eq!(entry.key().get(), entry.value().get()));
            held.len()
        };
        match race(&map_of(&[(1, 1), (2, 2)]), |map| map.clear(), hold) {
            ((), 0..=2, then) => assert_eq!(then, []),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// `retain` removes the value that it was shown, and no other.
#[test]
fn retain_vs_store() {
    with_preemptions(2, || {
        let retain = |map: &Map| map.retain(|_, value| value.get() != 2);
        match race(&map_of(&[(1, 1), (2, 2)]), |map| map.store(2, 5), retain) {
            (Some(2) | None, (), then) => assert_eq!(then, [(1, 1), (2, 5)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two of them remove a key once.
#[test]
fn retain_vs_delete() {
    with_preemptions(2, || {
        let retain = |map: &Map| map.retain(|_, value| value.get() != 2);
        match race(&map_of(&[(1, 1), (2, 2)]), |map| map.delete(2), retain) {
            (Some(2) | None, (), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}
