//! Sequences of calls that a map with one particular fault does not survive. Each test says what the fault is,
//! and what would be seen of it.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use splitmap::{Equivalent, SyncMap};

use crate::support::hashers::{Good, good};
use crate::support::ledger::{Ledger, Token};

/// What a map of few keys may keep waiting when one thread writes to it, and no `Ref` is held.
const GARBAGE: usize = 2_000;

/// A key that notices when it is read after its end.
#[derive(Debug)]
struct Mortal {
    name: u64,
    pulse: Cell<u64>,
}

const ALIVE: u64 = 0x6c69_7665_6c69_7665;

impl Mortal {
    fn new(name: u64) -> Self {
        let pulse = Cell::new(ALIVE);
        Self { name, pulse }
    }

    fn name(&self) -> u64 {
        assert_eq!(self.pulse.get(), ALIVE, "a freed key was read");
        self.name
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.pulse.set(0);
        std::hint::black_box(&self.pulse);
    }
}

impl Hash for Mortal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl PartialEq for Mortal {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Mortal {}

/// A borrowed key that denies being itself so many times.
struct Denying {
    name: u64,
    denials: Cell<u32>,
}

impl Hash for Denying {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Equivalent<Mortal> for Denying {
    fn equivalent(&self, key: &Mortal) -> bool {
        if self.name != key.name() {
            return false;
        }
        let left = self.denials.get();
        self.denials.set(left.saturating_sub(1));
        left == 0
    }
}

/// Fault: an entry found in dirty is freed on removal because the snapshot, asked by `Eq`, was said not to have
/// it. The snapshot would keep a pointer to it, and the next lookup would read a freed key.
#[test]
fn a_shared_entry_outlives_a_removal_by_a_key_that_changes_its_mind() {
    for denials in 0..6 {
        let map: SyncMap<Mortal, u64, Good> = SyncMap::with_hasher(good());
        map.insert(Mortal::new(1), 10);
        map.insert(Mortal::new(2), 20);
        map.promote();
        // Dirty shares the entries from here on.
        for name in 100..120 {
            map.insert(Mortal::new(name), 0);
        }
        let denying = Denying {
            name: 1,
            denials: Cell::new(denials),
        };
        drop(map.remove(&denying));
        // Batches fill up, and what was retired is freed, and its memory used again.
        for round in 0..2_000 {
            drop(map.insert(Mortal::new(2), round));
        }
        let found = map.get(&Mortal::new(1)).map(|entry| *entry);
        assert!([None, Some(10)].contains(&found), "{found:?}");
        map.promote();
        let _ = map.get(&Mortal::new(1));
        assert_eq!(map.get(&Mortal::new(2)).as_deref(), Some(&1_999));
    }
}

/// A value whose destructor panics, once, if it is told to.
#[derive(Debug)]
struct Bomb {
    armed: AtomicBool,
    _token: Token,
}

impl Bomb {
    fn new(armed: bool, ledger: &Ledger) -> Self {
        Self {
            armed: AtomicBool::new(armed),
            _token: ledger.token(),
        }
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.armed.swap(false, Ordering::Relaxed) {
            resume_unwind(Box::new("a bomb"));
        }
    }
}

type Map = SyncMap<u32, Bomb, Good>;

fn explodes(operation: impl FnOnce()) {
    catch_unwind(AssertUnwindSafe(operation)).expect_err("a bomb goes off");
}

/// Overwrites one key many times, and panics if nothing of that is freed.
fn assert_garbage_goes(map: &Map, ledger: &Ledger) {
    for _ in 0..50_000 {
        drop(map.insert(1, Bomb::new(false, ledger)));
    }
    let retired = map.stats().retired;
    assert!(retired < GARBAGE, "{retired} retired values are not freed");
}

/// Fault: the result is already held when the value that was not needed is dropped, and that destructor
/// panics. The read-side section would never end, and nothing of the map be freed any more.
#[test]
fn a_rejected_value_that_panics_leaves_no_section_open() {
    type Add = fn(&Map, &Ledger);
    let additions: [Add; 3] = [
        |map, ledger| drop(map.get_or_insert(1, Bomb::new(true, ledger))),
        |map, ledger| drop(map.try_insert(1, Bomb::new(true, ledger))),
        |map, ledger| {
            drop(map.remove(&1));
            drop(map.get_or_insert_with(1, || {
                // Somebody else is first.
                drop(map.insert(1, Bomb::new(false, ledger)));
                Bomb::new(true, ledger)
            }));
        },
    ];
    for add in additions {
        let ledger = Ledger::new();
        let map: Map = SyncMap::with_hasher(good());
        drop(map.insert(1, Bomb::new(false, &ledger)));
        map.promote();
        explodes(|| add(&map, &ledger));
        assert_garbage_goes(&map, &ledger);
        drop(map);
        ledger.assert_settled();
    }
}

/// Fault: values that a comparison of ours retires, and whose destructors panic at the end of the outer
/// operation, take the rest of their batch with them.
#[test]
fn garbage_that_panics_takes_nothing_else_along() {
    let ledger = Ledger::new();
    let map: Map = SyncMap::with_hasher(good());
    drop(map.insert(1, Bomb::new(false, &ledger)));
    drop(map.insert(2, Bomb::new(false, &ledger)));
    map.promote();
    explodes(|| {
        drop(map.remove_if(&1, |_, _| {
            for round in 0..600 {
                drop(map.insert(2, Bomb::new(round == 5, &ledger)));
            }
            true
        }));
        // At the latest here: how much is freed by which operation is not promised.
        map.promote();
    });
    map.promote();
    assert_eq!(map.stats().retired, 0);
    assert_eq!(ledger.live(), map.len());
    drop(map);
    ledger.assert_settled();
}

/// Fault: a map that is taken apart frees its garbage while the entries are on their way to the iterator, and
/// a destructor that panics there leaks them all.
#[test]
fn a_consuming_iterator_loses_nothing_to_garbage_that_panics() {
    let ledger = Ledger::new();
    let map: Map = SyncMap::with_hasher(good());
    for key in 0..100 {
        drop(map.insert(key, Bomb::new(false, &ledger)));
    }
    drop(map.insert(0, Bomb::new(true, &ledger)));
    drop(map.insert(0, Bomb::new(false, &ledger)));
    explodes(|| assert_eq!(map.into_iter().count(), 100));
    ledger.assert_settled();
}

/// Uses a map when its thread's memory is destroyed.
struct Late(Cell<Option<(Arc<Map>, Ledger)>>);

impl Drop for Late {
    fn drop(&mut self) {
        let Some((map, ledger)) = self.0.take() else {
            return;
        };
        let _ = catch_unwind(AssertUnwindSafe(|| {
            drop(map.insert(1, Bomb::new(true, &ledger)));
            drop(map.insert(1, Bomb::new(false, &ledger)));
            for _ in 0..3 {
                map.promote();
            }
        }));
        for _ in 0..100 {
            drop(map.insert(1, Bomb::new(false, &ledger)));
        }
    }
}

thread_local! {
    static LATE: Late = const { Late(Cell::new(None)) };
}

/// Fault: the slot that such a thread takes for the length of one operation is not given back when freeing
/// panics in it. Each such thread would leave one behind, with all that waits there.
#[test]
fn a_slot_taken_in_passing_is_given_back_when_garbage_panics() {
    let ledger = Ledger::new();
    let map: Arc<Map> = Arc::new(SyncMap::with_hasher(good()));
    drop(map.insert(1, Bomb::new(false, &ledger)));
    for _ in 0..200 {
        let of_thread = (Arc::clone(&map), ledger.clone());
        let late = thread::spawn(move || {
            // Before the map's own, so that it is destroyed after them.
            LATE.with(|late| late.0.set(None));
            drop(of_thread.0.get(&1));
            LATE.with(|late| late.0.set(Some(of_thread)));
        });
        late.join().expect("panics are caught");
    }
    map.promote();
    let waiting = map.stats().retired;
    assert!(waiting < GARBAGE, "{waiting} values wait in lost slots");
    assert!(ledger.live() < GARBAGE, "{} values live", ledger.live());
    drop(Arc::into_inner(map).expect("all threads are gone"));
    ledger.assert_settled();
}
