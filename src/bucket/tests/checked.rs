//! The checked map: which overlaps panic, with which words, and what they leave behind.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use crate::bucket::CheckedMap;

const READ: &str = "concurrent map read and map write";
const WRITE: &str = "concurrent map writes";
const ITERATION: &str = "concurrent map iteration and map write";

thread_local! {
    /// What the key under comparison calls back to.
    static IN_EQ: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_CLONE: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_DROP: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_HASH: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

type Hook = &'static thread::LocalKey<RefCell<Option<Box<dyn Fn()>>>>;

fn call_back(hook: Hook) {
    // Taken out for the time of the call, which then does not call back again.
    let call = hook.try_with(RefCell::take).ok().flatten();
    if let Some(call) = call {
        call();
        hook.set(Some(call));
    }
}

/// A key, and a value, whose every use calls back.
#[derive(Debug)]
struct Caller(u64);

impl PartialEq for Caller {
    fn eq(&self, other: &Self) -> bool {
        call_back(&IN_EQ);
        self.0 == other.0
    }
}

impl Eq for Caller {}

impl Hash for Caller {
    fn hash<H: Hasher>(&self, state: &mut H) {
        call_back(&IN_HASH);
        self.0.hash(state);
    }
}

impl Clone for Caller {
    fn clone(&self) -> Self {
        call_back(&IN_CLONE);
        Self(self.0)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        call_back(&IN_DROP);
    }
}

type Map = &'static CheckedMap<Caller, Caller>;

fn map() -> Map {
    let map = CheckedMap::new();
    map.insert(Caller(1), Caller(1));
    Box::leak(Box::new(map))
}

/// Runs `outer` with `inner` as the call-back and returns what either panicked with.
fn overlap(hook: Hook, inner: impl Fn() + 'static, outer: impl FnOnce()) -> Option<String> {
    hook.set(Some(Box::new(inner)));
    let outcome = catch_unwind(AssertUnwindSafe(outer));
    hook.set(None);
    outcome
        .err()
        .map(|panic| panic.downcast_ref::<&str>().expect("a text").to_string())
}

fn usable(map: Map) {
    map.insert(Caller(2), Caller(2));
    assert_eq!(map.remove(&Caller(2)), Some(Caller(2)));
    assert_eq!(map.len(), 1);
    assert!(map.contains_key(&Caller(1)));
}

#[test]
fn the_later_of_two_overlapping_operations_panics_with_gos_words() {
    type Op = fn(Map);
    let insert: Op = |map| drop(map.insert(Caller(1), Caller(5)));
    let remove: Op = |map| drop(map.remove(&Caller(9)));
    let clear: Op = |map| map.clear();
    let get: Op = |map| drop(map.get(&Caller(1)));
    let with: Op = |map| assert!(map.with(&Caller(1), |_| ()).is_some());
    let len: Op = |map| assert_eq!(map.len(), 1);
    let each: Op = |map| map.for_each(|_, _| ());

    let in_eq: Hook = &IN_EQ;
    for outer in [insert, |map| drop(map.remove(&Caller(1)))] {
        for (inner, words) in [
            (insert, WRITE),
            (remove, WRITE),
            (clear, WRITE),
            (get, READ),
            (with, READ),
            (len, READ),
            (each, ITERATION),
        ] {
            let map = map();
            assert_eq!(
                overlap(in_eq, move || inner(map), || outer(map)).as_deref(),
                Some(words)
            );
            usable(map);
        }
    }
    for inner in [insert, remove, clear] {
        let map = map();
        assert_eq!(
            overlap(in_eq, move || inner(map), || get(map)).as_deref(),
            Some(READ)
        );
        usable(map);
        let words = overlap(&IN_CLONE, move || inner(map), || each(map));
        assert_eq!(words.as_deref(), Some(ITERATION));
        usable(map);
    }
    for inner in [get, with, len, each] {
        let map = map();
        assert_eq!(overlap(in_eq, move || inner(map), || get(map)), None);
        assert_eq!(overlap(&IN_CLONE, move || inner(map), || each(map)), None);
        usable(map);
    }
}

#[test]
fn the_operation_that_did_not_panic_finishes_normally() {
    let map = map();
    let inner = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| map.insert(Caller(7), Caller(7))));
        assert!(outcome.is_err());
    };
    IN_EQ.set(Some(Box::new(inner)));
    let replaced = map.insert(Caller(1), Caller(3));
    IN_EQ.set(None);
    assert_eq!(replaced, Some(Caller(1)));
    assert_eq!(map.get(&Caller(1)), Some(Caller(3)));
    usable(map);
}

#[test]
fn hashing_comes_before_the_mark_and_destructors_after_it() {
    let map = map();
    let busy = move || {
        map.insert(Caller(3), Caller(3));
        map.remove(&Caller(3));
    };
    for hook in [&IN_HASH, &IN_DROP] as [Hook; 2] {
        assert_eq!(
            overlap(hook, busy, || drop(map.insert(Caller(1), Caller(4)))),
            None
        );
        assert_eq!(overlap(hook, busy, || drop(map.get(&Caller(1)))), None);
        assert_eq!(overlap(hook, busy, || drop(map.remove(&Caller(9)))), None);
        assert_eq!(overlap(hook, busy, || map.for_each(|_, _| ())), None);
        assert_eq!(overlap(hook, busy, || drop(map.remove(&Caller(1)))), None);
        map.insert(Caller(1), Caller(1));
        assert_eq!(overlap(hook, busy, || map.clear()), None);
        map.insert(Caller(1), Caller(1));
        usable(map);
    }
}

#[test]
fn a_panic_under_the_mark_clears_it_before_destructors_run() {
    let map = map();
    IN_DROP.set(Some(Box::new(move || {
        drop(map.insert(Caller(8), Caller(8)));
    })));
    let words = overlap(
        &IN_EQ,
        || panic!("in eq"),
        || drop(map.insert(Caller(1), Caller(2))),
    );
    assert_eq!(words.as_deref(), Some("in eq"));
    let words = overlap(&IN_CLONE, || panic!("in clone"), || map.for_each(|_, _| ()));
    IN_DROP.set(None);
    assert_eq!(words.as_deref(), Some("in clone"));
    map.remove(&Caller(8));
    usable(map);
}

#[test]
fn the_closure_of_for_each_may_write() {
    let map = CheckedMap::new();
    for n in 0..100 {
        map.insert(n, n);
    }
    let mut seen = 0;
    map.for_each(|key, _| {
        seen += 1;
        map.remove(&key);
        map.insert(key + 1000, 0);
    });
    assert_eq!((seen, map.len()), (100, 100));
    map.for_each(|_, _| map.clear());
    assert!(map.is_empty());
}

#[test]
fn clear_keeps_the_buckets_and_into_inner_the_entries() {
    let map = CheckedMap::new();
    for n in 0..100 {
        map.insert(n, n);
    }
    map.clear();
    map.insert(1, 1);
    let map = map.into_inner();
    map.validate();
    assert_eq!((map.len(), map.layout().buckets, map[&1]), (1, 16, 1));
    let map = CheckedMap::from(map);
    assert_eq!(map.get(&1), Some(1));
}

/// Every thread counts what it did and what panicked: with the mark in order, no write is lost.
#[test]
fn overlapping_threads_either_do_their_work_or_panic() {
    const THREADS: u64 = 4;
    let rounds = if cfg!(miri) { 20 } else { 3000 };
    let map = CheckedMap::new();
    let barrier = Barrier::new(THREADS as usize);
    let done: u64 = thread::scope(|scope| {
        let (map, barrier) = (&map, &barrier);
        let work = move |id: u64| {
            barrier.wait();
            (0..rounds)
                .filter(|n| {
                    let key = n * THREADS + id;
                    catch_unwind(AssertUnwindSafe(|| map.insert(key, key))).is_ok()
                })
                .count() as u64
        };
        let threads: Vec<_> = (0..THREADS)
            .map(|id| scope.spawn(move || work(id)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("caught inside"))
            .sum()
    });
    let map = map.into_inner();
    map.validate();
    assert_eq!(map.len() as u64, done);
    assert!(map.iter().all(|(key, value)| key == value));
}

#[test]
fn checked_map_is_sync_when_its_parts_are() {
    fn both<T: Send + Sync>(_: &T) {}
    both(&CheckedMap::<u64, String>::new());
}
