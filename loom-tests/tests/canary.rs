//! Models with a planted fault, each of which must fail.
//!
//! If the library's door to atomics ever led to std's, or the watch over values slept, every other model
//! would pass without looking; these would not fail.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::sync::Arc;

use loom::thread;
use splitmap_model::internals::end_terms;
use support::{Map, Plain, Watched, exhaustively, map_of};

/// A lost update: `get` and then `insert` is not `update`.
#[test]
#[should_panic(expected = "an update was lost")]
fn lost_update() {
    exhaustively(|| {
        let map = map_of(&[(1, 0)]);
        let increment = |map: &Map| {
            let seen = map.load(1).expect("is there");
            map.store(1, seen + 1);
        };
        let other = thread::spawn({
            let map = Arc::clone(&map);
            move || {
                increment(&map);
                end_terms();
            }
        });
        increment(&map);
        other.join().expect("joined");
        if map.load(1) != Some(2) {
            // Unwinding through loom's objects aborts.
            std::mem::forget(map);
            end_terms();
            panic!("an update was lost");
        }
    });
}

/// A read that nothing orders before the end of what is read.
#[test]
#[should_panic(expected = "Causality violation")]
fn unordered_end() {
    exhaustively(|| {
        let value = Watched::new(1);
        let reader = thread::spawn(value.alias());
        drop(value);
        reader.join().expect("joined");
    });
}

/// A read after the end, ordered as it may be.
#[test]
#[should_panic(expected = "was read after its end")]
fn late_read() {
    exhaustively(|| {
        let value = Watched::new(1);
        let read = value.alias();
        thread::spawn(move || drop(value)).join().expect("joined");
        read();
    });
}

/// A value that nobody drops.
#[test]
#[should_panic(expected = "was leaked")]
fn leak() {
    exhaustively(|| {
        let map = map_of(&[(1, 1)]);
        let other = thread::spawn({
            let map = Arc::clone(&map);
            move || {
                map.load(1);
                end_terms();
            }
        });
        std::mem::forget(Watched::new(1));
        other.join().expect("joined");
    });
}
