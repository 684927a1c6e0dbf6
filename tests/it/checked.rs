//! `CheckedMap`: overlapping misuse panics with certainty, with Go's messages; the other operation
//! finishes and the map stays usable.
//!
//! Overlap is made on purpose, from inside user code that the map runs under its mark, so that every
//! case is deterministic; and once with threads.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use splitmap::{BucketMap, CheckedMap};

use crate::support::hashers::{Good, good};
use crate::support::{implements, validate};

const READ_WRITE: &str = "concurrent map read and map write";
const WRITES: &str = "concurrent map writes";
const ITERATION_WRITE: &str = "concurrent map iteration and map write";

fn tens() -> CheckedMap<u32, u32, Good> {
    let map = CheckedMap::with_hasher(good());
    for key in 0..100 {
        assert_eq!(map.insert(key, 10 * key), None);
    }
    map
}

/// The message `body` panics with.
fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(body)) else {
        panic!("misuse was not noticed")
    };
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| {
            payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
        })
        .expect("a panic with a message")
}

#[test]
fn every_method_does_what_it_says() {
    let map = CheckedMap::new();
    assert!(map.is_empty());
    assert_eq!(map.insert(String::from("a"), 1), None);
    assert_eq!(map.insert(String::from("a"), 2), Some(1));
    assert_eq!(map.insert(String::from("b"), 3), None);
    assert_eq!(map.len(), 2);
    assert!(!map.is_empty());
    assert_eq!(map.get("a"), Some(2));
    assert_eq!(map.get("z"), None);
    assert_eq!(map.with("b", |value| value + 1), Some(4));
    assert_eq!(map.with("z", |_| panic!("absent")), None::<()>);
    assert!(map.contains_key("a") && !map.contains_key("z"));
    assert_eq!(map.remove("a"), Some(2));
    assert_eq!(map.remove("a"), None);
    map.clear();
    assert!(map.is_empty());
    map.insert(String::from("c"), 5);
    let inner: BucketMap<String, i32> = map.into_inner();
    assert_eq!(inner.len(), 1);
    assert_eq!(inner["c"], 5);
}

#[test]
fn clear_keeps_the_buckets_and_into_inner_the_entries() {
    let map = tens();
    map.clear();
    map.insert(1, 1);
    let map = map.into_inner();
    validate!(map);
    assert_eq!((map.len(), map.layout().buckets, map[&1]), (1, 16, 1));
    let map = CheckedMap::from(map);
    assert_eq!(map.get(&1), Some(1));
}

#[test]
fn for_each_yields_every_entry_once() {
    let map = tens();
    let mut seen = BTreeMap::new();
    map.for_each(|key, value| assert_eq!(seen.insert(key, value), None));
    assert_eq!(seen, (0..100).map(|key| (key, 10 * key)).collect());
}

#[test]
fn for_each_may_write_between_steps() {
    let map = tens();
    let mut seen = BTreeMap::new();
    map.for_each(|key, value| {
        if key < 100 {
            assert_eq!(seen.insert(key, value), None, "{key} came twice");
            map.insert(1_000 + key, 0);
            map.insert(1_000 + key, 1);
            assert_eq!(map.remove(&key), Some(10 * key));
            assert_eq!(map.get(&key), None);
        }
    });
    assert_eq!(seen.len(), 100);
    assert_eq!(map.len(), 100);
    let mut steps = 0;
    map.for_each(|_, _| {
        steps += 1;
        map.clear();
    });
    assert_eq!(steps, 1);
}

#[test]
fn for_each_may_be_nested() {
    let map = tens();
    let mut pairs = 0;
    map.for_each(|_, _| map.for_each(|_, _| pairs += 1));
    assert_eq!(pairs, 10_000);
}

#[test]
fn write_during_a_read_panics() {
    let map = tens();
    let seen = map.with(&3, |value| {
        assert_eq!(panic_of(|| map.insert(3, 0)), READ_WRITE);
        assert_eq!(panic_of(|| map.insert(1_000, 0)), READ_WRITE);
        assert_eq!(panic_of(|| map.remove(&3)), READ_WRITE);
        assert_eq!(panic_of(|| map.remove(&7)), READ_WRITE);
        assert_eq!(panic_of(|| map.clear()), READ_WRITE);
        *value
    });
    assert_eq!(seen, Some(30), "the read finished normally");
    assert_eq!(map.len(), 100);
    assert_eq!(map.insert(3, 1), Some(30), "usable again");
    assert_eq!(map.get(&1_000), None);
}

#[test]
fn reads_may_overlap() {
    let map = tens();
    let sum = map.with(&1, |one| {
        map.with(&2, |two| {
            assert_eq!(map.get(&3), Some(30));
            assert!(map.contains_key(&4));
            assert_eq!(map.len(), 100);
            let mut steps = 0;
            map.for_each(|_, _| steps += 1);
            assert_eq!(steps, 100);
            one + two
        })
    });
    assert_eq!(sum, Some(Some(30)));
}

#[test]
fn panic_in_a_reader_leaves_the_map_usable() {
    let map = tens();
    let message = panic_of(|| map.with(&3, |_| panic!("of the caller's")));
    assert_eq!(message, "of the caller's");
    assert_eq!(map.insert(3, 1), Some(30));
    assert_eq!(map.remove(&4), Some(40));
}

type Shared<'a> = CheckedMap<Meddler<'a>, u32, Good>;

type Action<'a> = Box<dyn Fn() + 'a>;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

/// A key that does something, once, when it is compared (or hashed).
struct Meddler<'a> {
    id: u32,
    on_eq: Option<Action<'a>>,
    on_hash: Option<Action<'a>>,
}

fn plain<'a>(id: u32) -> Meddler<'a> {
    Meddler {
        id,
        on_eq: None,
        on_hash: None,
    }
}

fn fire(action: Option<&Action<'_>>) {
    if let Some(action) = action {
        if ARMED.replace(false) {
            action();
        }
    }
}

impl PartialEq for Meddler<'_> {
    fn eq(&self, other: &Self) -> bool {
        fire(self.on_eq.as_ref());
        fire(other.on_eq.as_ref());
        self.id == other.id
    }
}

impl Eq for Meddler<'_> {}

impl Hash for Meddler<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fire(self.on_hash.as_ref());
        self.id.hash(state);
    }
}

fn meddlers<'a>() -> Rc<Shared<'a>> {
    let map = CheckedMap::with_hasher(good());
    for id in 0..20 {
        map.insert(plain(id), id);
    }
    Rc::new(map)
}

/// A key that is there and that runs `action` when it is compared.
fn comparing<'a>(action: impl Fn() + 'a) -> Meddler<'a> {
    ARMED.set(true);
    Meddler {
        on_eq: Some(Box::new(action)),
        ..plain(3)
    }
}

#[test]
fn write_during_a_write_panics() {
    let map = meddlers();
    let inner = Rc::clone(&map);
    let key = comparing(move || {
        assert_eq!(panic_of(|| inner.insert(plain(5), 0)), WRITES);
        assert_eq!(panic_of(|| inner.remove(&plain(5))), WRITES);
        assert_eq!(panic_of(|| inner.clear()), WRITES);
    });
    assert_eq!(map.insert(key, 33), Some(3), "the first write finished");
    assert!(!ARMED.get(), "nothing was compared");
    assert_eq!(map.get(&plain(3)), Some(33));
    assert_eq!(map.get(&plain(5)), Some(5));

    let inner = Rc::clone(&map);
    let key = comparing(move || assert_eq!(panic_of(|| inner.insert(plain(5), 0)), WRITES));
    assert_eq!(map.remove(&key), Some(33));
    assert!(!ARMED.get(), "nothing was compared");
    assert_eq!(map.len(), 19);
}

#[test]
fn read_during_a_write_panics() {
    let map = meddlers();
    let inner = Rc::clone(&map);
    let key = comparing(move || {
        assert_eq!(panic_of(|| inner.get(&plain(5))), READ_WRITE);
        assert_eq!(panic_of(|| inner.contains_key(&plain(5))), READ_WRITE);
        assert_eq!(
            panic_of(|| inner.with(&plain(5), |value| *value)),
            READ_WRITE
        );
    });
    assert_eq!(map.insert(key, 33), Some(3));
    assert!(!ARMED.get(), "nothing was compared");
    assert_eq!(map.get(&plain(5)), Some(5));
}

#[test]
fn comparison_in_a_read_may_read_but_not_write() {
    let map = meddlers();
    let inner = Rc::clone(&map);
    let key = comparing(move || {
        assert_eq!(inner.get(&plain(5)), Some(5));
        assert_eq!(panic_of(|| inner.insert(plain(6), 0)), READ_WRITE);
    });
    assert_eq!(map.get(&key), Some(3));
    assert!(!ARMED.get(), "nothing was compared");
    assert_eq!(map.insert(plain(6), 66), Some(6));
}

/// Go's issue 19359: hashing comes before the mark.
#[test]
fn hashing_may_use_the_map() {
    let map = meddlers();
    let act = |map: &Rc<Shared<'static>>| {
        let inner = Rc::clone(map);
        ARMED.set(true);
        Meddler {
            on_hash: Some(Box::new(move || {
                inner.insert(plain(50), 50);
                assert_eq!(inner.get(&plain(50)), Some(50));
                assert_eq!(inner.remove(&plain(50)), Some(50));
            })),
            ..plain(3)
        }
    };
    assert_eq!(map.get(&act(&map)), Some(3));
    assert_eq!(map.insert(act(&map), 33), Some(3));
    assert_eq!(map.remove(&act(&map)), Some(33));
    assert!(!ARMED.get());
    // The map holds keys that hold the map.
    map.clear();
}

/// Acts when it is cloned.
struct Cloner {
    action: Option<Box<dyn Fn()>>,
}

impl Clone for Cloner {
    fn clone(&self) -> Self {
        if let Some(action) = &self.action {
            if ARMED.replace(false) {
                action();
            }
        }
        Self { action: None }
    }
}

#[test]
fn write_while_iteration_copies_an_entry_panics() {
    let map: Rc<CheckedMap<u32, Cloner>> = Rc::new(CheckedMap::new());
    let inner = Rc::downgrade(&map);
    let action: Box<dyn Fn()> = Box::new(move || {
        let map = inner.upgrade().expect("alive");
        assert_eq!(panic_of(|| map.remove(&1)), ITERATION_WRITE);
        assert_eq!(panic_of(|| map.clear()), ITERATION_WRITE);
        assert!(map.contains_key(&1), "reads may overlap");
    });
    map.insert(
        1,
        Cloner {
            action: Some(action),
        },
    );
    ARMED.set(true);
    let mut steps = 0;
    map.for_each(|_, _| steps += 1);
    assert_eq!(steps, 1);
    assert!(!ARMED.get(), "nothing was cloned");
    // In a plain read the message is the reader's.
    assert_eq!(map.len(), 1);
    assert!(map.remove(&1).is_some());
}

#[test]
fn iteration_step_during_a_write_panics() {
    // Keys that are `Clone`, for `for_each`.
    #[derive(Clone)]
    struct Key {
        id: u32,
        map: std::rc::Weak<CheckedMap<Key, u32, Good>>,
    }

    impl PartialEq for Key {
        fn eq(&self, other: &Self) -> bool {
            let map = self.map.upgrade().or_else(|| other.map.upgrade());
            if let (Some(map), true) = (map, ARMED.replace(false)) {
                assert_eq!(panic_of(|| map.for_each(|_, _| {})), ITERATION_WRITE);
            }
            self.id == other.id
        }
    }

    impl Eq for Key {}

    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.id.hash(state);
        }
    }

    let key = |id, map: &Rc<CheckedMap<Key, u32, Good>>| Key {
        id,
        map: Rc::downgrade(map),
    };
    let map = Rc::new(CheckedMap::with_hasher(good()));
    for id in 0..10 {
        map.insert(key(id, &map), id);
    }
    ARMED.set(true);
    assert_eq!(map.insert(key(3, &map), 33), Some(3));
    assert!(!ARMED.get(), "nothing was compared");
    assert_eq!(map.len(), 10);
}

#[test]
fn destructors_may_use_the_map() {
    struct Caller {
        map: std::rc::Weak<CheckedMap<u32, Caller>>,
        dropped: Rc<Cell<u32>>,
    }

    impl Drop for Caller {
        fn drop(&mut self) {
            self.dropped.set(self.dropped.get() + 1);
            if let Some(map) = self.map.upgrade() {
                let _ = map.contains_key(&1);
                let quiet = Caller {
                    map: std::rc::Weak::new(),
                    dropped: Rc::clone(&self.dropped),
                };
                drop(map.insert(9_999, quiet));
                drop(map.remove(&9_999));
            }
        }
    }

    let map: Rc<CheckedMap<u32, Caller>> = Rc::new(CheckedMap::new());
    let dropped = Rc::new(Cell::new(0));
    let caller = || Caller {
        map: Rc::downgrade(&map),
        dropped: Rc::clone(&dropped),
    };
    for key in 0..50 {
        map.insert(key, caller());
    }
    drop(map.insert(3, caller()));
    drop(map.remove(&4));
    let before = dropped.get();
    map.clear();
    assert!(dropped.get() >= before + 49);
    assert_eq!(map.len(), 0);
    map.insert(1, caller());
    assert_eq!(map.len(), 1);
}

#[test]
fn two_threads_that_write_at_once_are_noticed() {
    /// Waits in the middle of the write until told to go on.
    struct Slow {
        id: u32,
        wait: Option<(Arc<Barrier>, Arc<Barrier>)>,
    }

    impl PartialEq for Slow {
        fn eq(&self, other: &Self) -> bool {
            if let Some((inside, leave)) = self.wait.as_ref().or(other.wait.as_ref()) {
                inside.wait();
                leave.wait();
            }
            self.id == other.id
        }
    }

    impl Eq for Slow {}

    impl Hash for Slow {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.id.hash(state);
        }
    }

    impl equivalent::Equivalent<Slow> for u32 {
        fn equivalent(&self, key: &Slow) -> bool {
            *self == key.id
        }
    }

    let map: CheckedMap<Slow, u32> = CheckedMap::new();
    map.insert(Slow { id: 1, wait: None }, 1);
    let (inside, leave) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    thread::scope(|scope| {
        let key = Slow {
            id: 1,
            wait: Some((Arc::clone(&inside), Arc::clone(&leave))),
        };
        let map = &map;
        let writer = scope.spawn(move || map.insert(key, 2));
        inside.wait();
        let during = [
            catch_unwind(AssertUnwindSafe(|| map.remove(&1))),
            catch_unwind(AssertUnwindSafe(|| map.get(&1))),
        ];
        // First let the writer go, or a failure here would be a hang.
        leave.wait();
        let [write, read] = during
            .map(|result| panic_of(|| result.unwrap_or_else(|payload| resume_unwind(payload))));
        assert_eq!((write.as_str(), read.as_str()), (WRITES, READ_WRITE));
        assert_eq!(writer.join().expect("the first finishes"), Some(1));
    });
    assert_eq!(map.get(&1), Some(2));
}

#[test]
fn a_thread_that_writes_beside_a_reader_is_noticed() {
    let map = tens();
    let (entered, wait_entered) = mpsc::channel();
    let (leave, wait_leave) = mpsc::channel();
    thread::scope(|scope| {
        let map = &map;
        let reader = scope.spawn(move || {
            map.with(&3, |value| {
                entered.send(()).expect("the other lives");
                wait_leave.recv().expect("the other lives");
                *value
            })
        });
        wait_entered.recv().expect("the other lives");
        assert_eq!(panic_of(|| map.insert(5, 5)), READ_WRITE);
        assert_eq!(map.get(&5), Some(50));
        leave.send(()).expect("the other lives");
        assert_eq!(reader.join().expect("no panic"), Some(30));
    });
    assert_eq!(map.insert(5, 5), Some(50));
}

/// Go's TestConcurrentMapWrites, which is flaky there: whatever happens, nothing is corrupted, and each
/// write either was done or panicked. With the mark in order, no write is lost.
fn fight(workers: u32) {
    let map = CheckedMap::with_hasher(good());
    let start = Barrier::new(workers as usize);
    let done: u32 = thread::scope(|scope| {
        let fighters: Vec<_> = (0..workers)
            .map(|worker| {
                let (map, start) = (&map, &start);
                scope.spawn(move || {
                    let mut done = 0;
                    start.wait();
                    for n in 0..5_000_u32 {
                        let insert = || map.insert(workers * n + worker, n);
                        // Quietly: thousands of messages help nobody.
                        done += u32::from(catch_unwind(AssertUnwindSafe(insert)).is_ok());
                    }
                    done
                })
            })
            .collect();
        fighters
            .into_iter()
            .map(|fighter| fighter.join().expect("caught"))
            .sum()
    });
    assert_eq!(map.len(), done as usize);
    let inner = map.into_inner();
    validate!(inner);
    assert_eq!(inner.iter().count(), done as usize);
    assert!(inner.iter().all(|(key, value)| key / workers == *value));
}

#[test]
fn two_threads_that_fight_never_corrupt() {
    fight(2);
}

#[test]
fn four_threads_that_fight_never_corrupt() {
    fight(4);
}

#[test]
fn checked_map_is_sync_for_shareable_types() {
    assert!(implements!(CheckedMap<u32, String>: Sync));
    assert!(implements!(CheckedMap<u32, String>: Send));
    assert!(!implements!(CheckedMap<u32, Rc<u32>>: Sync));
    assert!(!implements!(CheckedMap<u32, Cell<u32>>: Sync));
    assert!(!implements!(CheckedMap<Rc<u32>, u32>: Send));
}

#[test]
fn hasher_type_is_free() {
    let map: CheckedMap<u32, u32, Good> = CheckedMap::with_hasher(good());
    map.insert(1, 1);
    assert_eq!(map.into_inner().hasher().hash_one(1), good().hash_one(1));
}
