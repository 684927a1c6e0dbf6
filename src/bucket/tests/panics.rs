//! User code that panics: at the n-th call of `Hash`, `Eq`, `Clone`, `Drop` or a closure, for all
//! n, in every method, at every stage of a growth.
//!
//! After each panic the map must be valid, every entry as before the call or as after it, the map
//! usable, and, once it is dropped, every key and value ever made dropped exactly once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::support::HashWith;
use crate::bucket::{BucketMap, CheckedMap, Entry, Growth};

thread_local! {
    /// Calls of user code until one panics; 0 for never.
    static FUSE: Cell<u64> = const { Cell::new(0) };
    /// The objects alive, by number.
    static ALIVE: RefCell<BTreeSet<u64>> = const { RefCell::new(BTreeSet::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// To be called by all user code.
fn tick() {
    let left = FUSE.get();
    FUSE.set(left.saturating_sub(1));
    if left == 1 {
        std::panic::panic_any("the fuse burnt down");
    }
}

/// A key or a value that is accounted for.
struct Tracked {
    number: u64,
    object: u64,
}

impl Tracked {
    fn new(number: u64) -> Self {
        let object = NEXT.get();
        NEXT.set(object + 1);
        ALIVE.with_borrow_mut(|alive| alive.insert(object));
        Self { number, object }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let was_alive = ALIVE.with_borrow_mut(|alive| alive.remove(&self.object));
        assert!(was_alive, "{} was dropped twice", self.number);
        tick();
    }
}

impl Clone for Tracked {
    fn clone(&self) -> Self {
        tick();
        Self::new(self.number)
    }
}

impl PartialEq for Tracked {
    fn eq(&self, other: &Self) -> bool {
        tick();
        self.number == other.number
    }
}

impl Eq for Tracked {}

impl Hash for Tracked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        tick();
        self.number.hash(state);
    }
}

type Map = BucketMap<Tracked, Tracked, HashWith>;

fn tracked(number: u64) -> Tracked {
    Tracked::new(number)
}

fn contents(map: &Map) -> BTreeMap<u64, u64> {
    map.iter()
        .map(|(key, value)| (key.number, value.number))
        .collect()
}

/// A map at some stage: keys from 0 on, with their own numbers for values.
type Stage = fn() -> Map;

fn filled(hasher: HashWith, len: u64) -> Map {
    let mut map = Map::with_hasher(hasher);
    map.extend((0..len).map(|n| (tracked(n), tracked(n))));
    map
}

/// Four buckets, each of which has been made to overflow once, and one insert after that.
fn mid_same_size() -> Map {
    let mut map = filled(HashWith::IDENTITY, 14);
    map.finish_growth();
    for bucket in 0..4 {
        for n in 0..6 {
            map.insert(tracked(100 + 4 * n + bucket), tracked(0));
        }
        map.retain(|key, _| key.number < 100);
    }
    map.insert(tracked(14), tracked(14));
    assert_eq!(map.layout().growth, Growth::SameSize);
    map
}

const STAGES: [Stage; 7] = [
    || filled(HashWith::GOOD, 0),
    || filled(HashWith::GOOD, 1),
    || filled(HashWith::GOOD, 8),
    || filled(HashWith::EQUAL, 20),
    || filled(HashWith::GOOD, 53),
    || filled(HashWith::FOUR_BITS, 54),
    mid_same_size,
];

type Op = fn(&mut Map);

const OPS: &[(&str, Op)] = &[
    ("insert an absent key", |map| {
        assert!(map.insert(tracked(500), tracked(0)).is_none());
    }),
    ("insert a present key", |map| {
        drop(map.insert(tracked(0), tracked(700)));
    }),
    ("get", |map| {
        map.get(&tracked(0));
    }),
    ("get an absent key", |map| {
        assert!(map.get(&tracked(500)).is_none());
    }),
    ("get_mut", |map| {
        if let Some(value) = map.get_mut(&tracked(0)) {
            *value = tracked(701);
        }
    }),
    ("remove", |map| drop(map.remove(&tracked(0)))),
    ("remove an absent key", |map| {
        assert!(map.remove(&tracked(500)).is_none());
    }),
    ("remove_entry", |map| drop(map.remove_entry(&tracked(0)))),
    ("entry, or_insert", |map| {
        map.entry(tracked(500)).or_insert(tracked(0)).number += 1;
    }),
    ("entry, or_insert, present", |map| {
        let _ = map.entry(tracked(0)).or_insert(tracked(0));
    }),
    ("entry, or_insert_with", |map| {
        let value = || {
            tick();
            tracked(5)
        };
        let _ = map.entry(tracked(500)).or_insert_with(value);
    }),
    ("entry, or_insert_with_key", |map| {
        let value = |key: &Tracked| {
            tick();
            key.clone()
        };
        let _ = map.entry(tracked(500)).or_insert_with_key(value);
    }),
    ("entry, and_modify", |map| {
        let modify = |value: &mut Tracked| {
            tick();
            *value = tracked(702);
        };
        drop(map.entry(tracked(0)).and_modify(modify));
    }),
    ("entry, unfilled", |map| drop(map.entry(tracked(500)))),
    ("entry, insert_entry", |map| {
        map.entry(tracked(0)).insert_entry(tracked(703));
    }),
    ("entry, remove", |map| match map.entry(tracked(0)) {
        Entry::Occupied(entry) => drop(entry.remove()),
        Entry::Vacant(entry) => drop(entry.into_key()),
    }),
    ("entry, insert", |map| match map.entry(tracked(0)) {
        Entry::Occupied(mut entry) => drop(entry.insert(tracked(704))),
        Entry::Vacant(_) => {}
    }),
    ("retain", |map| {
        map.retain(|key, value| {
            tick();
            value.number += 1000;
            key.number % 3 == 0
        });
    }),
    ("retain nothing", |map| {
        map.retain(|_, _| {
            tick();
            false
        });
    }),
    ("clear", Map::clear),
    ("drain a part", |map| {
        map.drain().take(3).count();
    }),
    ("drain", |map| map.drain().for_each(|_| tick())),
    ("into_iter", |map| {
        std::mem::replace(map, filled_empty())
            .into_iter()
            .for_each(|_| tick());
    }),
    ("into_iter a part", |map| {
        std::mem::replace(map, filled_empty())
            .into_iter()
            .take(2)
            .count();
    }),
    ("into_keys", |map| {
        std::mem::replace(map, filled_empty()).into_keys().count();
    }),
    ("into_values", |map| {
        std::mem::replace(map, filled_empty()).into_values().count();
    }),
    ("drop", |map| *map = filled_empty()),
    ("clone", |map| drop(map.clone())),
    ("clone, compare", |map| {
        let copy = map.clone();
        assert!(copy == *map);
    }),
    ("clone over", |map| *map = map.clone()),
    ("extend", |map| {
        map.extend((0..40).map(|n| (tracked(n * 7), tracked(n))));
    }),
    ("cursor", |map| {
        let mut cursor = map.cursor();
        while let Some((key, value)) = cursor.next(map) {
            let (key, value) = (key.clone(), value.clone());
            map.insert(key, value);
        }
    }),
    ("finish_growth", Map::finish_growth),
];

fn filled_empty() -> Map {
    filled(HashWith::GOOD, 0)
}

/// Runs `op` with a fuse of `calls`; true if it burnt down.
fn panics_at(calls: u64, op: impl FnOnce()) -> bool {
    FUSE.set(calls);
    let outcome = catch_unwind(AssertUnwindSafe(op));
    let left = FUSE.replace(0);
    match outcome {
        Ok(()) => assert_ne!(left, 0, "a panic was swallowed"),
        Err(panic) => assert_eq!(panic.downcast_ref(), Some(&"the fuse burnt down")),
    }
    left == 0
}

fn assert_nothing_alive(what: &str) {
    ALIVE.with_borrow(|alive| assert!(alive.is_empty(), "{what}: {} leaked", alive.len()));
}

fn check(what: &str, stage: Stage, op: Op) {
    let mut done = stage();
    op(&mut done);
    let after = contents(&done);
    drop(done);
    for calls in 1.. {
        let mut map = stage();
        let before = contents(&map);
        let panicked = panics_at(calls, || op(&mut map));
        map.validate();
        let now = contents(&map);
        assert_eq!(now.len(), map.len(), "{what}");
        let keys = before.keys().chain(after.keys()).chain(now.keys());
        for key in keys {
            let state = now.get(key);
            let legal = state == before.get(key) || state == after.get(key);
            assert!(legal, "{what}, call {calls}: {key} is {state:?}");
        }
        // The write flag is clear, and the map as good as any.
        map.insert(tracked(900), tracked(900));
        assert_eq!(
            map.remove(&tracked(900)).map(|value| value.number),
            Some(900)
        );
        drop(map);
        assert_nothing_alive(what);
        if !panicked {
            assert_eq!(now, after, "{what}");
            return;
        }
    }
}

/// Silences the panics that are meant, in this thread only.
fn quietly(test: impl FnOnce()) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&"the fuse burnt down") {
            before(info);
        }
    }));
    test();
}

#[test]
fn a_panic_anywhere_loses_leaks_and_drops_twice_nothing() {
    quietly(|| {
        for stage in STAGES {
            for &(what, op) in OPS {
                check(what, stage, op);
            }
        }
    });
}

type CheckedOp = fn(&CheckedMap<Tracked, Tracked, HashWith>);

const CHECKED_OPS: &[(&str, CheckedOp)] = &[
    ("insert an absent key", |map| {
        assert!(map.insert(tracked(500), tracked(0)).is_none());
    }),
    ("insert a present key", |map| {
        drop(map.insert(tracked(0), tracked(700)));
    }),
    ("get", |map| drop(map.get(&tracked(0)))),
    ("with", |map| {
        map.with(&tracked(0), |_| tick());
    }),
    ("remove", |map| drop(map.remove(&tracked(0)))),
    ("for_each", |map| map.for_each(|_, _| tick())),
    ("clear", |map| map.clear()),
];

#[test]
fn a_panic_anywhere_in_a_checked_map_leaves_the_mark_clear() {
    quietly(|| {
        for stage in STAGES {
            for &(what, op) in CHECKED_OPS {
                for calls in 1.. {
                    let map = CheckedMap::from(stage());
                    let panicked = panics_at(calls, || op(&map));
                    map.insert(tracked(900), tracked(900));
                    assert!(map.contains_key(&tracked(900)), "{what}");
                    let map = map.into_inner();
                    map.validate();
                    drop(map);
                    assert_nothing_alive(what);
                    if !panicked {
                        break;
                    }
                }
            }
        }
    });
}
