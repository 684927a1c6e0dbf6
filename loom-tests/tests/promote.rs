//! Fresh lists and promotion: keys that come, go and come back while the next snapshot is built and published.
//!
//! Every operation that adds a key, or finds one in a fresh list, takes a step here: the first begins the next
//! snapshot, the second copies it, the third publishes it.
//!
//! After each race the invariants F2 and D1 to D3 are checked, and the count against the entries.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::hash::{BuildHasher, BuildHasherDefault};
use std::sync::Arc;

use support::{Fixed, Map, Plain, Watched, map_of, race, with_preemptions};

/// Dirty is begun, and nothing copied: key 1 deleted, key 3 in a fresh list.
fn begun() -> Arc<Map> {
    let map = map_of(&[(1, 1), (2, 2)]);
    map.delete(1);
    map.store(3, 3);
    map
}

/// All is copied, and not published: key 1 expunged, the list of key 3 frozen.
fn one_expunged() -> Arc<Map> {
    let map = begun();
    assert_eq!(map.load(3), Some(3));
    map
}

/// The first key from a number on whose entries are in the first bucket.
fn in_first_bucket(from: u32) -> u32 {
    let hasher = BuildHasherDefault::<Fixed>::default();
    (from..)
        .find(|key| hasher.hash_one(key) % BUCKETS == 0)
        .expect("one in eight is")
}

const BUCKETS: u64 = 8;

/// The first two of eight buckets are copied and their lists frozen. Keys 1 to 8 are in fresh lists.
fn partly_copied() -> Arc<Map> {
    let hasher = BuildHasherDefault::default();
    let map = Arc::new(Map::with_capacity_and_hasher(6 * BUCKETS as usize, hasher));
    for key in 1..=8 {
        map.store(key, key);
    }
    assert_eq!(map.load(8), Some(8));
    map
}

/// A lookup misses in the table while a key comes: it finds none, or it finds the entry in the fresh list.
///
/// Covers P3, the store of `amended` and the bit of the filter before the first push.
#[test]
fn push_vs_find() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        let read = |map: &Map| (map.load(2), map.load(2));
        match race(&map, read, |map| map.store(2, 2)) {
            ((None, None | Some(2)) | (Some(2), Some(2)), None, then) => {
                assert_eq!(then, [(1, 1), (2, 2)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A lookup beside a key that comes to a frozen list.
#[test]
fn push_frozen_vs_find() {
    with_preemptions(2, || {
        let map = one_expunged();
        let read = |map: &Map| (map.load(4), map.load(4));
        match race(&map, read, |map| map.store(4, 4)) {
            ((None, None | Some(4)) | (Some(4), Some(4)), None, then) => {
                assert_eq!(then, [(2, 2), (3, 3), (4, 4)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads add one new key to a frozen list, and whoever takes the mutex second finds the list changed since
/// he compared: the key is there once.
///
/// A quarter of the buckets is copied, so that the first one's step does not supersede the snapshot.
#[test]
fn push_frozen_vs_push_frozen() {
    with_preemptions(2, || {
        let map = partly_copied();
        let key = in_first_bucket(9);
        let (first, second, then) = race(&map, move |map| map.add(key, 5), |map| map.add(key, 6));
        let winner = match (first, second) {
            ((5, true), (5, false)) => 5,
            ((6, false), (6, true)) => 6,
            illegal => panic!("no order explains {illegal:?}"),
        };
        assert_eq!(then.len(), 9);
        assert!(then.contains(&(key, winner)));
    });
}

/// A key comes while its bucket is copied: before the list is frozen, or after, through the mutex.
#[test]
fn push_vs_copy() {
    with_preemptions(2, || {
        match race(&begun(), |map| map.store(4, 4), |map| map.load(3)) {
            (None, Some(3), then) => assert_eq!(then, [(2, 2), (3, 3), (4, 4)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A key comes to a frozen list while the snapshot is superseded: to dirty before, or to the next snapshot.
#[test]
fn push_vs_publication() {
    with_preemptions(2, || {
        match race(&one_expunged(), |map| map.store(4, 4), |map| map.load(3)) {
            (None, Some(3), then) => assert_eq!(then, [(2, 2), (3, 3), (4, 4)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same key from two threads while the snapshot is superseded: it is not there twice.
#[test]
fn push_vs_push_vs_publication() {
    with_preemptions(2, || {
        let map = one_expunged();
        let publish_and_add = |map: &Map| (map.load(3), map.add(4, 6));
        match race(&map, |map| map.add(4, 5), publish_and_add) {
            ((5, true), (Some(3), (5, false)), then) => {
                assert_eq!(then, [(2, 2), (3, 3), (4, 5)]);
            }
            ((6, false), (Some(3), (6, true)), then) => {
                assert_eq!(then, [(2, 2), (3, 3), (4, 6)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The first key of an empty map.
#[test]
fn first_key() {
    with_preemptions(3, || {
        match race(&map_of(&[]), |map| map.store(1, 1), |map| map.store(2, 2)) {
            (None, None, then) => assert_eq!(then, [(1, 1), (2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The miss that promotes, against a key that comes: it is in the dirty that is published, or in the next.
#[test]
fn promoting_miss_vs_insert() {
    with_preemptions(3, || {
        let map = map_of(&[]);
        map.store(1, 1);
        match race(&map, |map| map.load(1), |map| map.store(2, 2)) {
            (Some(1), None, then) => assert_eq!(then, [(1, 1), (2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two misses at once: one promotes, the other looks again and finds the key in the new snapshot.
#[test]
fn miss_vs_miss() {
    with_preemptions(3, || {
        let map = map_of(&[]);
        map.store(1, 1);
        match race(&map, |map| map.load(1), |map| (map.load(1), map.load(9))) {
            (Some(1), (Some(1), None), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads add one new key: one stores, the other finds what it stored.
#[test]
fn push_vs_push() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        match race(&map, |map| map.add(2, 5), |map| map.add(2, 6)) {
            ((5, true), (5, false), then) => assert_eq!(then, [(1, 1), (2, 5)]),
            ((6, false), (6, true), then) => assert_eq!(then, [(1, 1), (2, 6)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A deletion without the mutex while its bucket is copied: the entry is copied, or expunged.
#[test]
fn delete_vs_copy() {
    with_preemptions(3, || {
        match race(&begun(), |map| map.delete(2), |map| map.load(3)) {
            (Some(2), Some(3), then) => assert_eq!(then, [(3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A deleted key comes back while its bucket is copied: filled before, or revived after.
#[test]
fn store_vs_copy() {
    with_preemptions(2, || {
        match race(&begun(), |map| map.store(1, 5), |map| map.load(3)) {
            (None, Some(3), then) => assert_eq!(then, [(1, 5), (2, 2), (3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same, if absent, and read back at once.
#[test]
fn add_vs_copy() {
    with_preemptions(2, || {
        let add_and_read = |map: &Map| (map.add(1, 5), map.load(1));
        match race(&begun(), add_and_read, |map| map.load(3)) {
            (((5, true), Some(5)), Some(3), then) => {
                assert_eq!(then, [(1, 5), (2, 2), (3, 3)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads bring an expunged key back.
#[test]
fn unexpunge_vs_unexpunge() {
    with_preemptions(3, || {
        match race(&one_expunged(), |map| map.add(1, 5), |map| map.store(1, 6)) {
            ((5, true), Some(5), then) | ((6, false), None, then) => {
                assert_eq!(then, [(1, 6), (2, 2), (3, 3)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// An expunged key comes back while dirty is published without it, or with it.
#[test]
fn unexpunge_vs_promotion() {
    with_preemptions(2, || {
        match race(&one_expunged(), |map| map.store(1, 5), |map| map.promote()) {
            (None, (), then) => assert_eq!(then, [(1, 5), (2, 2), (3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same, and the promotion is that of a miss.
#[test]
fn unexpunge_vs_promoting_miss() {
    with_preemptions(2, || {
        let map = one_expunged();
        match race(&map, |map| map.add(1, 5), |map| map.load(3)) {
            ((5, true), Some(3), then) => assert_eq!(then, [(1, 5), (2, 2), (3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A key that was brought back is deleted again while dirty is published: it is retired once.
#[test]
fn revived_and_deleted_vs_promotion() {
    with_preemptions(2, || {
        let map = one_expunged();
        map.store(1, 5);
        match race(&map, |map| map.delete(1), |map| map.promote()) {
            (Some(5), (), then) => assert_eq!(then, [(2, 2), (3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A deleted key is filled while it is purged from the snapshot.
#[test]
fn purge_vs_fill() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1), (2, 2)]);
        map.delete(1);
        match race(&map, |map| map.add(1, 5), |map| map.promote()) {
            ((5, true), (), then) => assert_eq!(then, [(1, 5), (2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A deleted key is filled while it is purged, beside a fresh one.
#[test]
fn purge_of_dirty_vs_store() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1), (2, 2)]);
        map.store(3, 3);
        map.delete(1);
        match race(&map, |map| map.store(1, 5), |map| map.promote()) {
            (None, (), then) => assert_eq!(then, [(1, 5), (2, 2), (3, 3)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A fresh key is deleted while its value is being replaced.
#[test]
fn fresh_delete_vs_update() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        match race(&map, |map| map.change(2, 5), |map| map.delete(2)) {
            (Some(2), Some(5), then) | (None, Some(2), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same against a lookup.
#[test]
fn fresh_delete_vs_load() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        match race(&map, |map| map.load(2), |map| map.delete(2)) {
            (Some(2) | None, Some(2), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same, and the key comes back: the lookup finds the old value, the new one, or none.
#[test]
fn fresh_delete_and_insert_vs_load() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        let replace = |map: &Map| (map.delete(2), map.store(2, 5));
        match race(&map, |map| map.load(2), replace) {
            (Some(2 | 5) | None, (Some(2), None), then) => assert_eq!(then, [(1, 1), (2, 5)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two increments and a promotion between them: each acts on the value that it was shown.
#[test]
fn update_vs_promotion_and_update() {
    with_preemptions(2, || {
        let map = map_of(&[]);
        map.store(1, 0);
        let increment = |map: &Map| {
            map.update(&1, |_, value| Watched::new(value.get() + 1))
                .is_some()
        };
        let promote_and_increment = move |map: &Map| {
            map.promote();
            increment(map)
        };
        match race(&map, increment, promote_and_increment) {
            (true, true, then) => assert_eq!(then, [(1, 2)]),
            illegal => panic!("an update was lost: {illegal:?}"),
        }
    });
}
