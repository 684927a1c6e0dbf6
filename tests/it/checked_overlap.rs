//! `CheckedMap`: every operation overlapping every other one, on one thread, from inside the user code
//! that the outer one runs.
//!
//! Which of two panics, with which words, which user code runs under the mark and which outside of
//! it, and what a panic leaves behind. Misuse by threads, and single cases one by one, are in
//! [`checked`](crate::checked).

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::LocalKey;

use splitmap::CheckedMap;

const READ: &str = "concurrent map read and map write";
const WRITE: &str = "concurrent map writes";
const ITERATION: &str = "concurrent map iteration and map write";

type Hook = &'static LocalKey<RefCell<Option<Box<dyn Fn()>>>>;

thread_local! {
    /// What the next key that is compared calls back to.
    static IN_EQ: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_CLONE: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_DROP: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
    static IN_HASH: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

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

type Map = CheckedMap<Caller, Caller>;
type Op = fn(&Map);

const INSERT: Op = |map| drop(map.insert(Caller(1), Caller(5)));
const REMOVE: Op = |map| drop(map.remove(&Caller(1)));
const REMOVE_ABSENT: Op = |map| drop(map.remove(&Caller(9)));
const CLEAR: Op = |map| map.clear();
const GET: Op = |map| drop(map.get(&Caller(1)));
const WITH: Op = |map| assert!(map.with(&Caller(1), |_| ()).is_some());
const LEN: Op = |map| assert_eq!(map.len(), 1);
const EACH: Op = |map| map.for_each(|_, _| ());

fn map() -> Rc<Map> {
    let map = CheckedMap::new();
    map.insert(Caller(1), Caller(1));
    Rc::new(map)
}

/// Runs `outer` with `inner` as the call-back, both on `map`, and returns what either panicked with.
fn overlap(
    map: &Rc<Map>,
    hook: Hook,
    inner: impl Fn(&Map) + 'static,
    outer: impl FnOnce(&Map),
) -> Option<String> {
    let inside = Rc::clone(map);
    hook.set(Some(Box::new(move || inner(&inside))));
    let outcome = catch_unwind(AssertUnwindSafe(|| outer(map)));
    hook.set(None);
    outcome
        .err()
        .map(|panic| panic.downcast_ref::<&str>().expect("a text").to_string())
}

fn usable(map: &Map) {
    map.insert(Caller(2), Caller(2));
    assert_eq!(map.remove(&Caller(2)), Some(Caller(2)));
    assert_eq!(map.len(), 1);
    assert!(map.contains_key(&Caller(1)));
}

#[test]
fn whatever_overlaps_a_write_panics_with_gos_words() {
    for outer in [INSERT, REMOVE] {
        for (inner, words) in [
            (INSERT, WRITE),
            (REMOVE_ABSENT, WRITE),
            (CLEAR, WRITE),
            (GET, READ),
            (WITH, READ),
            (LEN, READ),
            (EACH, ITERATION),
        ] {
            let map = map();
            let said = overlap(&map, &IN_EQ, inner, outer);
            assert_eq!(said.as_deref(), Some(words));
            usable(&map);
        }
    }
}

#[test]
fn writes_that_overlap_a_read_panic_with_gos_words() {
    for inner in [INSERT, REMOVE_ABSENT, CLEAR] {
        let map = map();
        let said = overlap(&map, &IN_EQ, inner, GET);
        assert_eq!(said.as_deref(), Some(READ));
        usable(&map);
        let said = overlap(&map, &IN_CLONE, inner, EACH);
        assert_eq!(said.as_deref(), Some(ITERATION));
        usable(&map);
    }
}

#[test]
fn reads_overlap_reads() {
    for inner in [GET, WITH, LEN, EACH] {
        let map = map();
        assert_eq!(overlap(&map, &IN_EQ, inner, GET), None);
        assert_eq!(overlap(&map, &IN_CLONE, inner, EACH), None);
        usable(&map);
    }
}

#[test]
fn hashing_comes_before_the_mark_and_destructors_after_it() {
    let busy: Op = |map| {
        map.insert(Caller(3), Caller(3));
        map.remove(&Caller(3));
    };
    let map = map();
    for hook in [&IN_HASH, &IN_DROP] as [Hook; 2] {
        for outer in [INSERT, GET, REMOVE_ABSENT, EACH, REMOVE, CLEAR] {
            map.insert(Caller(1), Caller(1));
            assert_eq!(overlap(&map, hook, busy, outer), None);
        }
        map.insert(Caller(1), Caller(1));
        usable(&map);
    }
}

#[test]
fn a_panic_under_the_mark_clears_it_before_destructors_run() {
    let map = map();
    let inside = Rc::clone(&map);
    IN_DROP.set(Some(Box::new(move || {
        drop(inside.insert(Caller(8), Caller(8)));
    })));
    let in_eq = overlap(&map, &IN_EQ, |_| panic!("in eq"), INSERT);
    let in_clone = overlap(&map, &IN_CLONE, |_| panic!("in clone"), EACH);
    IN_DROP.set(None);
    assert_eq!(in_eq.as_deref(), Some("in eq"));
    assert_eq!(in_clone.as_deref(), Some("in clone"));
    assert!(map.remove(&Caller(8)).is_some(), "nothing was dropped");
    usable(&map);
}
