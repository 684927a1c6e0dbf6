//! Store buffering and its kin: what two keys, or two maps, say of one order.
//!
//! Operations on different keys are in one order, so of two threads that each write one key and then look
//! for the other's, one must find it. C++ and Rust promise that of `SeqCst` accesses, and of nothing weaker.
//! loom alone knows half of that order: a `SeqCst` load does not find a value older than the newest
//! `SeqCst` store, if that older value was stored by one, too; a value that an atomic was created with is
//! no such store, so loom reports outcomes that cannot happen (`what_loom_alone_sees`). The other models
//! ask the stand-ins for the whole order (`Choices::total_order`).
//!
//! They show that each `SeqCst` is needed, and that the accesses which have it are enough. They show
//! nothing of how compilers and processors keep the promise; `tests/stress.rs` watches that.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use splitmap_model::internals::{Choices, choose};
use support::{Map, Plain, exhaustively, map_of, race, spawn, with_preemptions};

fn in_total_order() {
    choose(Choices {
        total_order: true,
        ..Choices::default()
    });
}

/// Keys 1 and 2, both absent, with their entries in the snapshot.
fn two_absent_keys() -> Arc<Map> {
    let map = map_of(&[(1, 1), (2, 2)]);
    map.delete(1);
    map.delete(2);
    map
}

/// Without the whole order both threads may find what the other has removed.
#[test]
fn what_loom_alone_sees() {
    let both_found = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&both_found);
    exhaustively(move || {
        let take_and_load = |own, other| move |map: &Map| (map.delete(own), map.load(other));
        let map = map_of(&[(1, 1), (2, 2)]);
        match race(&map, take_and_load(1, 2), take_and_load(2, 1)) {
            ((Some(1), Some(2)), (Some(2), Some(1)), _) => {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            ((Some(1), None | Some(2)), (Some(2), None | Some(1)), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
    let both_found = both_found.load(Ordering::Relaxed);
    assert!(
        both_found > 0,
        "loom has learnt of the total order; delete `Choices::total_order`"
    );
}

/// Both keys' entries are in the snapshot: no mutex, only the entries' values.
///
/// Covers the `SeqCst` of the exchange and of the load.
#[test]
fn two_known_keys() {
    in_total_order();
    exhaustively(|| {
        let store_and_load = |own, other| move |map: &Map| (map.store(own, 9), map.load(other));
        match race(
            &two_absent_keys(),
            store_and_load(1, 2),
            store_and_load(2, 1),
        ) {
            ((None, Some(9)), (None, Some(9)), _)
            | ((None, None), (None, Some(9)), _)
            | ((None, Some(9)), (None, None), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Removals are writes, too.
#[test]
fn two_removals() {
    in_total_order();
    exhaustively(|| {
        let take_and_load = |own, other| move |map: &Map| (map.delete(own), map.load(other));
        let map = map_of(&[(1, 1), (2, 2)]);
        match race(&map, take_and_load(1, 2), take_and_load(2, 1)) {
            ((Some(1), None), (Some(2), None), _)
            | ((Some(1), Some(2)), (Some(2), None), _)
            | ((Some(1), None), (Some(2), Some(1)), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A failed insertion is a look, too.
#[test]
fn store_and_add() {
    in_total_order();
    exhaustively(|| {
        let take_and_add = |own, other| move |map: &Map| (map.delete(own), map.add(other, 9).1);
        let map = map_of(&[(1, 1), (2, 2)]);
        match race(&map, take_and_add(1, 2), take_and_add(2, 1)) {
            ((Some(1), true), (Some(2), true), _)
            | ((Some(1), false), (Some(2 | 9), true), _)
            | ((Some(1 | 9), true), (Some(2), false), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// One key's entry is in the snapshot, the other is new: the miss depends on `amended`.
///
/// Covers the `SeqCst` of `amend` and `is_amended` (P3), of the filter, and of a list's head.
#[test]
fn known_and_new_key() {
    in_total_order();
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        map.delete(1);
        let store_and_load = |own, other| move |map: &Map| (map.store(own, 9), map.load(other));
        match race(&map, store_and_load(1, 2), store_and_load(2, 1)) {
            ((None, Some(9)), (None, Some(9)), _)
            | ((None, None), (None, Some(9)), _)
            | ((None, Some(9)), (None, None), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// The same, and the new key is in the next snapshot by the time of the look.
///
/// A stale generation leads to a snapshot whose `amended` must not be stale as well.
#[test]
fn known_and_promoted_key() {
    in_total_order();
    with_preemptions(2, || {
        let map = map_of(&[(1, 1)]);
        map.delete(1);
        let store_and_load = |map: &Map| (map.store(1, 9), map.load(2));
        let promote_and_load = |map: &Map| {
            assert_eq!(map.store(2, 9), None);
            map.promote();
            map.load(1)
        };
        match race(&map, store_and_load, promote_and_load) {
            ((None, Some(9)), Some(9) | None, _) | ((None, None), Some(9), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Both keys are new: each miss depends on `amended`, the filter and the head of a list.
///
/// Any one of those may be weaker for this, as the others are not.
#[test]
fn two_new_keys() {
    in_total_order();
    with_preemptions(3, || {
        let store_and_load = |own, other| move |map: &Map| (map.store(own, 9), map.load(other));
        match race(&map_of(&[]), store_and_load(1, 2), store_and_load(2, 1)) {
            ((None, Some(9)), (None, Some(9)), _)
            | ((None, None), (None, Some(9)), _)
            | ((None, Some(9)), (None, None), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A new key is in the lists of the newest snapshot alone, so who has written before the look for it must not
/// look into an older one.
///
/// Covers the `SeqCst` of the generation.
#[test]
fn new_key_after_publication() {
    in_total_order();
    with_preemptions(2, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        let take_and_load = |map: &Map| (map.delete(1), map.load(3));
        let publish_and_store = |map: &Map| {
            map.promote();
            (map.store(3, 9), map.load(1))
        };
        match race(&map, take_and_load, publish_and_store) {
            ((Some(1), Some(9)), (None, Some(1) | None), _)
            | ((Some(1), None), (None, None), _) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// `clear` is a write: who has stored in one map and still finds a key in another, cleared one, has its
/// store seen after the clear.
///
/// The generation and the burial of the entries each suffice for that. Within one map a store that `clear` does not sweep away has
/// taken the mutex after it, so this takes two maps; the order holds between all maps of a program.
#[test]
fn clear_of_another_map() {
    in_total_order();
    with_preemptions(2, || {
        let stored = map_of(&[(1, 1)]);
        stored.delete(1);
        let cleared = map_of(&[(2, 2)]);
        let other = {
            let cleared = Arc::clone(&cleared);
            spawn(&stored, move |stored| {
                let result = (stored.store(1, 9), cleared.load(2));
                drop(cleared);
                result
            })
        };
        cleared.clear();
        let seen = stored.load(1);
        match (other.join().expect("joined"), seen) {
            ((None, None), None | Some(9)) | ((None, Some(2)), Some(9)) => {}
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two readers agree on the order of two writes.
#[test]
fn independent_reads_of_independent_writes() {
    in_total_order();
    with_preemptions(1, || {
        let map = two_absent_keys();
        let writers = [1, 2].map(|key| spawn(&map, move |map| map.store(key, 9)));
        let reader = spawn(&map, |map| (map.load(2), map.load(1)));
        let forwards = (map.load(1), map.load(2));
        let backwards = reader.join().expect("joined");
        for writer in writers {
            assert_eq!(writer.join().expect("joined"), None);
        }
        if let ((Some(9), None), (Some(9), None)) = (forwards, backwards) {
            panic!("the readers disagree on the order of the writes");
        }
    });
}
