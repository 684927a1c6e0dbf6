//! The litmus shapes of memory models, over keys in the place of memory cells.
//!
//! Nothing but the map orders these threads: no clock runs, no ledger is kept, and what was observed has to
//! be explained by an order of all calls that keeps each thread's own. A processor that lets a store wait
//! while a later load goes ahead would show as a store-buffering outcome; the threads run in step, in tight
//! loops, to give it the chance.

use core::sync::atomic::AtomicBool;
use std::collections::HashSet;
use std::thread;

use splitmap::SyncMap;

use super::crowd::{Gate, TellOnPanic};
use super::frame::verify;
use super::history::{Effect, Event, Value};
use super::setting;
use super::subject::MaskedHasher;

/// One call of a litmus thread, on the key with this number.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// The shape's write; see [`Write`].
    Write(u8),
    Read(u8),
}

use Call::{Read as R, Write as W};

/// The shapes, by their usual names, as the calls of each thread.
const SHAPES: [(&str, &[&[Call]]); 6] = [
    ("SB", &[&[W(0), R(1)], &[W(1), R(0)]]),
    ("SB3", &[&[W(0), R(1)], &[W(1), R(2)], &[W(2), R(0)]]),
    ("MP", &[&[W(0), W(1)], &[R(1), R(0)]]),
    ("2+2W", &[&[W(0), W(1)], &[W(1), W(0)]]),
    ("WRC", &[&[W(0)], &[R(0), W(1)], &[R(1), R(0)]]),
    ("IRIW", &[&[W(0)], &[W(1)], &[R(0), R(1)], &[R(1), R(0)]]),
];

/// What a write is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Insert,
    TryInsert,
    Remove,
    /// The first thread's writes only; the others insert.
    Clear,
}

const WRITES: [Write; 4] = [Write::Insert, Write::TryInsert, Write::Remove, Write::Clear];

/// Where the keys are before.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// Nowhere, and dirty is not in use.
    Unamended,
    /// Nowhere, and every miss looks into dirty.
    Amended,
    /// In dirty.
    Dirty,
    /// In the snapshot.
    Read,
    /// In the snapshot, without a value.
    Nil,
    /// In the snapshot, without a value, and dirty is in use.
    Expunged,
}

const BEFORE: [Before; 6] = [
    Before::Unamended,
    Before::Amended,
    Before::Dirty,
    Before::Read,
    Before::Nil,
    Before::Expunged,
];

const KEYS: u8 = 3;

/// A key that no thread uses.
const OTHER: u32 = 99;

type Map = SyncMap<u32, Value, MaskedHasher>;

fn map(before: Before) -> Map {
    let map = Map::with_hasher(MaskedHasher { mask: u64::MAX });
    let fill = || {
        for key in 0..u32::from(KEYS) {
            drop(map.insert(key, initial(key)));
        }
    };
    let empty = || {
        for key in 0..u32::from(KEYS) {
            drop(map.remove(&key));
        }
    };
    match before {
        Before::Unamended => {}
        Before::Amended => drop(map.insert(OTHER, 0)),
        Before::Dirty => fill(),
        Before::Read | Before::Nil | Before::Expunged => {
            fill();
            map.promote();
        }
    }
    if matches!(before, Before::Nil | Before::Expunged) {
        empty();
    }
    if matches!(before, Before::Expunged) {
        drop(map.insert(OTHER, 0));
    }
    map
}

fn initial(key: u32) -> Value {
    100 + key
}

fn event(lane: usize, (call, ret): (u64, u64), effect: Effect) -> Event {
    let (lane, name) = (lane as u16, "");
    Event {
        call,
        ret,
        lane,
        name,
        effect,
    }
}

/// Performs one call of thread `lane`.
fn perform(map: &Map, write: Write, lane: usize, call: Call) -> Effect {
    match call {
        R(key) => saw(map, key),
        W(key) => {
            // Each thread writes a key once, so that this is unique for the key.
            let to = 1 + lane as Value;
            let number = u32::from(key);
            match (write, lane) {
                (Write::Insert, _) | (Write::Clear, 1..) => {
                    let from = map.insert(number, to).map(|value| *value);
                    Effect::Changed {
                        key,
                        from,
                        to: Some(to),
                    }
                }
                (Write::TryInsert, _) => match map.try_insert(number, to) {
                    Ok(_) => Effect::Changed {
                        key,
                        from: None,
                        to: Some(to),
                    },
                    Err(error) => Effect::Saw {
                        key,
                        value: Some(*error.current),
                    },
                },
                (Write::Remove, _) => match map.remove(&number).map(|value| *value) {
                    None => Effect::Saw { key, value: None },
                    from => Effect::Changed {
                        key,
                        from,
                        to: None,
                    },
                },
                (Write::Clear, 0) => {
                    map.clear();
                    Effect::Cleared
                }
            }
        }
    }
}

fn saw(map: &Map, key: u8) -> Effect {
    let value = map.get(&u32::from(key)).map(|value| *value);
    Effect::Saw { key, value }
}

/// Runs a shape on `rounds` fresh maps, and returns how many outcomes there were.
fn run(threads: &[&[Call]], write: Write, before: Before, rounds: usize) -> usize {
    let maps: Vec<Map> = (0..rounds).map(|_| map(before)).collect();
    let firsts: Vec<Vec<Effect>> = maps
        .iter()
        .map(|map| (0..KEYS).map(|key| saw(map, key)).collect())
        .collect();
    let gates: Vec<Gate> = maps.iter().map(|_| Gate::new(threads.len())).collect();
    let failed = AtomicBool::new(false);
    let play = |lane: usize| -> Vec<Vec<Effect>> {
        let _tell = TellOnPanic(&failed);
        let mut outcomes: Vec<Vec<Effect>> = vec![Vec::with_capacity(2); rounds];
        for ((map, gate), outcome) in maps.iter().zip(&gates).zip(&mut outcomes) {
            gate.pass(&failed);
            for &call in threads[lane] {
                outcome.push(perform(map, write, lane, call));
            }
        }
        outcomes
    };
    let outcomes: Vec<Vec<Vec<Effect>>> = thread::scope(|scope| {
        let play = &play;
        let spawned: Vec<_> = (0..threads.len())
            .map(|lane| scope.spawn(move || play(lane)))
            .collect();
        let joined = spawned.into_iter().map(|thread| thread.join());
        joined.collect::<Result<_, _>>().expect("no call panics")
    });

    let mut different = HashSet::new();
    for (round, (map, first)) in maps.iter().zip(&firsts).enumerate() {
        let mut events = Vec::new();
        for effect in first {
            let Effect::Saw { key, value: to } = *effect else {
                continue;
            };
            let from = None;
            events.push(event(
                threads.len(),
                (0, 0),
                Effect::Changed { key, from, to },
            ));
        }
        for (lane, outcomes) in outcomes.iter().enumerate() {
            events.extend(
                outcomes[round]
                    .iter()
                    .map(|&effect| event(lane, (1, 2), effect)),
            );
        }
        let last = (0..KEYS).map(|key| event(threads.len(), (3, 3), saw(map, key)));
        events.extend(last);
        different.insert(format!("{events:?}"));
        verify(events);
    }
    different.len()
}

#[test]
fn litmus_shapes_have_sequential_outcomes() {
    let rounds =
        setting("SPLITMAP_LIN_LITMUS").unwrap_or(if cfg!(splitmap_stress) { 100 } else { 300 });
    for (name, threads) in SHAPES {
        let mut outcomes = 0;
        for write in WRITES {
            for before in BEFORE {
                outcomes += run(threads, write, before, rounds as usize);
            }
        }
        println!("{name}: {outcomes} outcomes");
    }
}
