//! Publication of snapshots: the cell, the generation, and what each thread keeps of them.
//!
//! Whole maps, so each model names its bound. Keys and values are watched: a reader that follows a pointer
//! of a snapshot that it should not have used meets an entry after its end.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use support::{Plain, map_of, race, spawn, with_preemptions};

/// A lookup while a new snapshot is published uses the one before or the one after.
///
/// Covers P1, P2, and the Release and Acquire of the cell.
#[test]
fn read_vs_publish() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        let read = |map: &support::Map| (map.load(1), map.load(2));
        match race(&map, read, |map| map.promote()) {
            ((Some(1), Some(2)), (), then) => assert_eq!(then, [(1, 1), (2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A key once found is found again, whatever is published.
#[test]
fn read_vs_insert_and_publish() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1)]);
        let insert_and_publish = |map: &support::Map| {
            map.store(2, 2);
            map.promote();
        };
        let read = |map: &support::Map| (map.load(2), map.load(2), map.load(1));
        match race(&map, read, insert_and_publish) {
            ((None, None | Some(2), Some(1)) | (Some(2), Some(2), Some(1)), (), then) => {
                assert_eq!(then, [(1, 1), (2, 2)]);
            }
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// An entry that a publication drops is freed only when nobody can look into the snapshot that has it.
///
/// Covers P4 and E4: the reader compares the key of an entry that is being retired.
#[test]
fn reload_vs_drop_of_entry() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 1), (2, 2)]);
        map.delete(2);
        match race(&map, |map| map.load(2), |map| map.promote()) {
            (None, (), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A reader that reloads between the two stores of a publication waits for the second.
///
/// Two publications in a row: what it loads from the cell may be older or newer than the generation.
#[test]
fn reload_between_stores() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1), (2, 2), (3, 3)]);
        map.delete(2);
        let publish_twice = |map: &support::Map| {
            map.promote();
            map.delete(3);
            map.promote();
        };
        let read = |map: &support::Map| (map.load(3), map.load(1));
        match race(&map, read, publish_twice) {
            ((None | Some(3), Some(1)), (), then) => assert_eq!(then, [(1, 1)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// What was found stays readable while the thread's cached snapshot is replaced under it.
#[test]
fn entry_held_across_reload() {
    with_preemptions(2, || {
        let map = map_of(&[(1, 1), (2, 2)]);
        let hold = |map: &support::Map| {
            let held = map.get(&1);
            let other = map.load(2);
            let held = held.map(|entry| (entry.key().get(), entry.value().get()));
            (held, other)
        };
        let remove_and_publish = |map: &support::Map| {
            map.delete(1);
            map.promote();
        };
        match race(&map, hold, remove_and_publish) {
            ((None | Some((1, 1)), Some(2)), (), then) => assert_eq!(then, [(2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// Two threads publish at once, under the mutex, while a third reads.
#[test]
fn two_publishers() {
    with_preemptions(1, || {
        let map = map_of(&[(1, 1)]);
        map.store(2, 2);
        let publisher = spawn(&map, |map| map.promote());
        match race(&map, |map| map.load(2), |map| map.promote()) {
            (Some(2), (), then) => assert_eq!(then, [(1, 1), (2, 2)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
        publisher.join().expect("joined");
    });
}
