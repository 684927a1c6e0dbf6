//! What threads have to do for one particular fault to show. Each test says what the fault is.

use std::cell::{Cell, RefCell};
use std::hash::{Hash as HashTrait, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use std::sync::{Barrier, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::{Ref, SyncMap};

use crate::bytes::OF_THREAD;
use crate::support::{Hash, Random, deadline, new_map};

/// Fault: `clear` ends an entry in two steps, and an insertion that comes in between finds nothing to replace
/// and leaves nothing behind: it returns `None` as if it came after, and its value is gone as if before.
#[test]
fn an_insertion_comes_before_a_clear_or_after_it() {
    let end = deadline();
    let mut after = 0_u64;
    let mut rounds = 0_u64;
    while Instant::now() < end {
        const KEYS: u64 = 64;
        let map: SyncMap<u64, u64, Hash> = new_map();
        for key in 0..KEYS {
            drop(map.insert(key, 100));
        }
        map.promote();
        let start = Barrier::new(2);
        let replaced: Vec<Option<u64>> = thread::scope(|scope| {
            let inserting = scope.spawn(|| {
                start.wait();
                (0..KEYS)
                    .map(|key| map.insert(key, 200).map(|old| *old))
                    .collect()
            });
            start.wait();
            (0..rounds % 64).for_each(|_| std::hint::spin_loop());
            map.clear();
            inserting.join().expect("no panic")
        });
        for (key, replaced) in (0..KEYS).zip(replaced) {
            let left = map.get(&key).map(|value| *value);
            match (replaced, left) {
                (Some(100), None) => {}
                (None, Some(200)) => after += 1,
                other => panic!("key {key}: replaced and left {other:?}"),
            }
        }
        rounds += 1;
    }
    println!("{rounds} rounds, {after} insertions after the clear");
}

/// Fault: every table that is replaced while some `Ref` is held is kept whole until it goes.
#[test]
fn a_ref_does_not_keep_table_after_table() {
    let map: SyncMap<u64, u64, Hash> = new_map();
    for key in 0..10_000 {
        drop(map.insert(key, key));
    }
    map.promote();
    let before = OF_THREAD.get();
    let held = map.get(&1).expect("was inserted");
    for _ in 0..1_000 {
        drop(map.insert(u64::MAX, 1));
        drop(map.remove(&u64::MAX));
        map.promote();
    }
    let grown = OF_THREAD.get() - before;
    // A table of 10,000 entries takes some 150 kB.
    assert!(grown < 10_000_000, "{grown} bytes more under one Ref");
    drop(held);
}

/// Fault: a promotion with nothing to promote leaves an empty batch in the queue while a `Ref` is held.
#[test]
fn idle_promotions_beside_a_ref_leave_nothing() {
    let map: SyncMap<u64, u64, Hash> = new_map();
    drop(map.insert(1, 1));
    map.promote();
    let (held, is_held) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let map = &map;
        scope.spawn(move || {
            let entry = map.get(&1);
            held.send(()).expect("the test waits");
            // Until the sender is gone, with or without a word.
            let _ = is_released.recv();
            drop(entry);
        });
        is_held.recv().expect("it comes");
        let before = OF_THREAD.get();
        (0..50_000).for_each(|_| map.promote());
        let grown = OF_THREAD.get() - before;
        assert!(grown < 100_000, "{grown} bytes after promotions of nothing");
        drop(release);
    });
}

/// Fault: what a long `Ref` held back is freed only as new garbage comes, a batch for a batch: where all
/// threads only read from then on, it stays.
#[test]
fn readers_free_what_a_long_ref_held_back() {
    let map: SyncMap<u64, String, Hash> = new_map();
    for key in 0..100 {
        drop(map.insert(key, String::new()));
    }
    map.promote();
    let (held, is_held) = mpsc::channel();
    let (release, is_released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let map = &map;
        let reader = scope.spawn(move || {
            let entry = map.get(&1);
            held.send(()).expect("the test waits");
            let _ = is_released.recv();
            drop(entry);
            (0..10_000).for_each(|key| drop(map.get(&(key % 100))));
        });
        is_held.recv().expect("it comes");
        for round in 0..100_000_u64 {
            drop(map.insert(2, round.to_string()));
        }
        drop(release);
        reader.join().expect("no panic");
        (0..10_000).for_each(|key| drop(map.get(&(key % 100))));
        let retired = map.stats().retired;
        assert!(retired < 2_000, "{retired} values wait for nobody");
    });
}

static LIVE: AtomicIsize = AtomicIsize::new(0);

/// A value that is counted, and notices when it is read after its end.
struct Counted(Box<u64>);

const DEAD: u64 = 0xdead_dead;

impl Counted {
    fn new(number: u64) -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self(Box::new(number))
    }

    fn check(&self) {
        assert_ne!(*self.0, DEAD, "a freed value was read");
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.check();
        *self.0 = DEAD;
        std::hint::black_box(&mut self.0);
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

type CountedMap = SyncMap<u64, Counted, Hash>;

/// Waits until nothing is retired, and so many instances live for each entry.
fn assert_settles<K, V>(map: &SyncMap<K, V, Hash>, live: &AtomicIsize, of_entry: usize) {
    // A scope ends before its threads' memory is destroyed, which may take a moment.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        map.promote();
        let live = live.load(Ordering::Relaxed);
        let (retired, expected) = (map.stats().retired, map.len() * of_entry);
        if retired == 0 && live == expected as isize {
            return;
        }
        assert!(
            Instant::now() < end,
            "{live} instances live instead of {expected}, {retired} retired"
        );
        thread::yield_now();
    }
}

/// What a thread leaves behind: results and a half-done iteration, and a map to use once more.
#[derive(Default)]
struct Late {
    map: Option<&'static CountedMap>,
    refs: Vec<Ref<'static, u64, Counted>>,
    iteration: Option<splitmap::sync_map::Iter<'static, u64, Counted>>,
}

impl Drop for Late {
    fn drop(&mut self) {
        let Some(map) = self.map else { return };
        self.refs.iter().for_each(|entry| entry.check());
        let mut kept: Vec<_> = self.iteration.iter_mut().flatten().take(3).collect();
        self.iteration = None;
        for key in 0..20 {
            drop(map.insert(key, Counted::new(key)));
            drop(map.remove(&(key + 7)));
            kept.extend(map.get(&key));
        }
        map.promote();
        self.refs.clear();
        for key in 0..300 {
            drop(map.insert(key % 5, Counted::new(key)));
        }
        kept.iter().for_each(|entry| entry.check());
    }
}

thread_local! {
    static LATE: RefCell<Late> = RefCell::default();
}

/// Fault: a result or an iteration that is dropped after the map's own thread-local memory touches that
/// memory, frees what another still holds, or keeps a slot or garbage for ever.
#[test]
fn threads_that_end_with_results_in_hand_leave_nothing() {
    static MAP: LazyLock<CountedMap> = LazyLock::new(new_map);
    let map: &'static CountedMap = &MAP;
    for round in 0..15 {
        thread::scope(|scope| {
            for number in 0..4_u64 {
                scope.spawn(move || {
                    // The order of first use decides which memory goes first: both are tried.
                    if (round + number) % 3 != 0 {
                        LATE.with_borrow_mut(|late| late.map = Some(map));
                    }
                    for step in 0..400 {
                        drop(map.insert((step * 7 + number) % 64, Counted::new(step)));
                        if step % 3 == 0 {
                            drop(map.remove(&(step * 5 % 64)));
                        }
                        if let Some(entry) = map.get(&(step % 64)) {
                            entry.check();
                        }
                        if step % 97 == 0 {
                            map.clear();
                        }
                        if step % 53 == 0 {
                            map.retain(|key, _| key % 3 != 0);
                        }
                    }
                    LATE.with_borrow_mut(|late| {
                        late.map = Some(map);
                        late.iteration = Some(map.iter());
                        late.refs = (0..5).filter_map(|key| map.get(&key)).collect();
                    });
                });
            }
        });
    }
    assert_settles(map, &LIVE, 1);
}

/// What keys and values do besides what they are asked to.
#[derive(Clone, Copy, Default)]
struct Mischief {
    lies: bool,
    panics: bool,
    calls_back: bool,
}

thread_local! {
    static MISCHIEF: Cell<Mischief> = const {
        Cell::new(Mischief { lies: false, panics: false, calls_back: false })
    };
    static RANDOM: RefCell<Random> = RefCell::new(Random::new(0));
}

static ALL_WELL: AtomicBool = AtomicBool::new(false);
static WICKED_LIVE: AtomicIsize = AtomicIsize::new(0);

fn below(limit: u64) -> u64 {
    RANDOM.with_borrow_mut(|random| random.below(limit))
}

fn mischief() -> Mischief {
    if ALL_WELL.load(Ordering::Relaxed) {
        return Mischief::default();
    }
    MISCHIEF.get()
}

/// Now and then panics, with nothing printed.
fn stumble() {
    if mischief().panics && !thread::panicking() && below(200) == 0 {
        resume_unwind(Box::new("stumbled"));
    }
}

/// A key or a value with wicked implementations of everything.
struct Wicked(Box<u64>);

impl Wicked {
    fn new(number: u64) -> Self {
        WICKED_LIVE.fetch_add(1, Ordering::Relaxed);
        Self(Box::new(number))
    }

    fn get(&self) -> u64 {
        assert_ne!(*self.0, DEAD, "a freed key or value was read");
        *self.0
    }
}

impl Drop for Wicked {
    fn drop(&mut self) {
        self.get();
        *self.0 = DEAD;
        std::hint::black_box(&mut self.0);
        WICKED_LIVE.fetch_sub(1, Ordering::Relaxed);
        stumble();
        if mischief().calls_back && below(50) == 0 {
            // Once: what is dropped in there behaves.
            let before = MISCHIEF.replace(Mischief::default());
            drop(wicked_map().insert(Wicked::new(below(30)), Wicked::new(1)));
            drop(wicked_map().remove(&Wicked::new(below(30))));
            MISCHIEF.set(before);
        }
    }
}

impl HashTrait for Wicked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        stumble();
        (self.get() % 11).hash(state);
    }
}

impl PartialEq for Wicked {
    fn eq(&self, other: &Self) -> bool {
        stumble();
        let equal = self.get() == other.get();
        equal != (mischief().lies && below(4) == 0)
    }
}

impl Eq for Wicked {}

type WickedMap = SyncMap<Wicked, Wicked, Hash>;

fn wicked_map() -> &'static WickedMap {
    static MAP: LazyLock<WickedMap> = LazyLock::new(new_map);
    &MAP
}

fn any_call() {
    let map = wicked_map();
    let key = || Wicked::new(below(30));
    match below(16) {
        0..=2 => drop(map.insert(key(), Wicked::new(below(4)))),
        3 => drop(map.remove(&key())),
        4 => {
            let held = map.get(&key());
            for _ in 0..below(5) {
                drop(map.insert(key(), Wicked::new(below(4))));
            }
            if let Some(entry) = &held {
                entry.get();
                entry.key().get();
            }
        }
        5 => drop(map.try_insert(key(), Wicked::new(1))),
        6 => drop(map.get_or_insert(key(), Wicked::new(2))),
        7 => drop(map.get_or_insert_with(key(), || {
            drop(map.remove(&key()));
            stumble();
            Wicked::new(3)
        })),
        8 => drop(map.update(&key(), |_, old| {
            old.get();
            stumble();
            Wicked::new(below(4))
        })),
        9 => drop(map.compare_and_swap(&key(), &Wicked::new(1), Wicked::new(2))),
        10 => drop(map.compare_and_remove(&key(), &Wicked::new(2))),
        11 => drop(map.remove_if(&key(), |_, old| old.get() > 1)),
        12 => {
            for entry in map {
                entry.get();
                entry.key().get();
                if below(9) == 0 {
                    drop(map.insert(key(), Wicked::new(0)));
                }
            }
        }
        13 => map.retain(|key, value| (key.get() + value.get()) % 5 != 0),
        14 if below(4) == 0 => map.clear(),
        _ => {
            map.promote();
            let _ = map.len();
        }
    }
}

/// Fault: any rule of the map's own that rests on what `Eq` and `Hash` say, or on their coming back. The map may
/// contain what it likes then, but reads nothing freed, frees nothing twice, and forgets nothing when cleared.
#[test]
fn wicked_keys_and_values_do_no_harm() {
    for round in 0..8_u32 {
        ALL_WELL.store(false, Ordering::Relaxed);
        thread::scope(|scope| {
            for number in 0..3 {
                scope.spawn(move || {
                    RANDOM.set(Random::new(u64::from(round) * 3 + number));
                    MISCHIEF.set(Mischief {
                        lies: round & 1 != 0,
                        panics: round & 2 != 0,
                        calls_back: round & 4 != 0,
                    });
                    for _ in 0..1_500 {
                        if let Err(payload) = catch_unwind(AssertUnwindSafe(any_call)) {
                            let stumbled = payload.downcast_ref::<&str>() == Some(&"stumbled");
                            assert!(stumbled, "a panic of the map's");
                        }
                    }
                    MISCHIEF.set(Mischief::default());
                });
            }
        });
        ALL_WELL.store(true, Ordering::Relaxed);
        let map = wicked_map();
        map.clear();
        assert_eq!((map.len(), map.iter().count()), (0, 0), "round {round}");
        assert_settles(map, &WICKED_LIVE, 0);
    }
}
