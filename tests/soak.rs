//! Soak: one map, used for as long as one likes, while its memory stays level.
//!
//! The map lives through all episodes. In each, threads come and go, writers replace and remove, idle threads
//! wake now and then from a snapshot that is long superseded, and a result is held for a stretch and then
//! released. Between episodes, when nobody writes, the figures have to be exact: what is alive is what is in
//! the map, and nothing waits to be freed. That nothing piles up beside the counted keys and values (tables,
//! slots, lists of garbage) is seen from the size of the process.
//!
//! What it cannot find: which order went wrong. The histories of `tests/lin` can.
//!
//! `SPLITMAP_SOAK_SECONDS` sets for how long, a few seconds unless told. Each episode is decided by a number
//! that is told when it fails; `SPLITMAP_SOAK_SEED` begins with that one.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use splitmap::{Ref, SyncMap};

type Map = SyncMap<Key, Value>;

const KEYS: u64 = 1_024;
const WRITERS: usize = 2;
/// Threads of an episode that make a few calls and exit.
const PASSERS: usize = 16;
const IDLERS: u64 = 3;

const CALLS_OF_WRITER: usize = 20_000;
const CALLS_OF_PASSER: usize = 300;
/// Calls for which a writer keeps what one of them returned.
const CALLS_HELD: usize = 2_000;
/// An idle thread sleeps through this many episodes, and they take turns.
const EPISODES_IDLE: u64 = 4;

static LIVE_KEYS: AtomicIsize = AtomicIsize::new(0);
static LIVE_VALUES: AtomicIsize = AtomicIsize::new(0);
static PEAK_VALUES: AtomicIsize = AtomicIsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A key that is counted.
struct Key(u64);

impl Key {
    fn new(number: u64) -> Self {
        LIVE_KEYS.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        LIVE_KEYS.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// A value that is counted, belongs to one key, and is large enough to be missed.
struct Value {
    key: u64,
    number: u64,
    filling: [u64; 14],
}

impl Value {
    fn new(key: u64, number: u64) -> Self {
        let alive = LIVE_VALUES.fetch_add(1, Ordering::Relaxed) + 1;
        PEAK_VALUES.fetch_max(alive, Ordering::Relaxed);
        let filling = [key ^ number; 14];
        Self {
            key,
            number,
            filling,
        }
    }

    /// Panics unless the value is whole, and that of the key.
    fn check(&self, key: u64) {
        assert_eq!(self.key, key, "a value of another key was found");
        assert_eq!(
            self.filling,
            [key ^ self.number; 14],
            "a value was freed or torn"
        );
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        LIVE_VALUES.fetch_sub(1, Ordering::Relaxed);
        self.filling = [0; 14];
        std::hint::black_box(&mut self.filling);
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Makes `calls` random calls, each checked for what it can be on its own.
fn work(map: &Map, seed: u64, calls: usize) {
    let mut random = Random(seed);
    let mut held: Option<(Ref<'_, Key, Value>, u64, usize)> = None;
    for call in 0..calls {
        let number = random.next();
        let key = random.next() % KEYS;
        let probe = Key::new(key);
        let value = || Value::new(key, number);
        let found = match number % 128 {
            0..48 => map.get(&probe),
            48..80 => map.insert(Key::new(key), value()),
            80..88 => Some(map.get_or_insert_with(Key::new(key), value)),
            88..104 => map.remove(&probe),
            104..124 => map.update(&probe, |_, _| value()),
            124..126 => map.remove_if(&probe, |_, value| value.number % 2 == 0),
            126 => map.iter().next(),
            _ => {
                rare(map, random.next());
                None
            }
        };
        let Some(found) = found else { continue };
        let key = found.key().0;
        found.check(key);
        if held.is_none() && number >> 32 & 63 == 0 {
            held = Some((found, key, call + CALLS_HELD));
        }
        if held.as_ref().is_some_and(|(_, _, until)| *until <= call) {
            let (found, key, _) = held.take().expect("just seen");
            found.check(key);
        }
    }
    CALLS.fetch_add(calls, Ordering::Relaxed);
}

/// Calls that touch the whole map.
fn rare(map: &Map, number: u64) {
    match number % 512 {
        0 => map.clear(),
        1..8 => map.retain(|_, value| value.number % 4 != 0),
        8..16 => map.promote(),
        16..24 => map.for_each(|entry| entry.check(entry.key().0)),
        _ => {}
    }
}

/// A thread that looks at the map when told, and sleeps otherwise.
struct Idler {
    wake: Sender<u64>,
    done: Receiver<()>,
}

impl Idler {
    fn spawn<'scope>(scope: &'scope Scope<'scope, '_>, map: &'scope Map) -> Self {
        let (wake, keys) = channel();
        let (tell, done) = channel();
        scope.spawn(move || {
            for key in keys {
                if let Some(found) = map.get(&Key::new(key)) {
                    found.check(key);
                }
                if tell.send(()).is_err() {
                    break;
                }
            }
        });
        Self { wake, done }
    }
}

/// Runs threads with these numbers of calls. The first ones run together, and the last ones one by one
/// beside them.
///
/// They are joined: a scope alone does not wait for what threads do when they exit.
fn run_threads(map: &Map, seed: u64, together: &[usize], one_by_one: &[usize]) {
    let mut random = Random(seed);
    thread::scope(|scope| {
        let mut spawn = |&calls: &usize| {
            let seed = random.next();
            scope.spawn(move || work(map, seed, calls))
        };
        let together: Vec<_> = together.iter().map(&mut spawn).collect();
        for thread in one_by_one.iter().map(spawn).chain(together) {
            thread.join().expect("every result was whole");
        }
    });
}

/// Writers, and threads that come and go beside them.
fn churn(map: &Map, seed: u64) {
    run_threads(
        map,
        seed,
        &[CALLS_OF_WRITER; WRITERS],
        &[CALLS_OF_PASSER; PASSERS],
    );
}

/// Writers, while the calling thread keeps one result.
fn hold(map: &Map, seed: u64) {
    let key = seed % KEYS;
    let held = map.get_or_insert_with(Key::new(key), || Value::new(key, seed));
    run_threads(map, seed, &[CALLS_OF_WRITER; WRITERS], &[]);
    held.check(key);
}

/// Checks the figures while nobody writes.
fn take_stock(map: &Map) {
    // Twice: the first frees what exited threads left, and so may retire more.
    map.promote();
    map.promote();
    let stats = map.stats();
    assert_eq!(stats.retired, 0, "garbage is left: {stats:?}");
    assert_eq!(
        stats.read_len,
        map.len(),
        "deleted keys are left: {stats:?}"
    );
    assert_eq!(map.iter().count(), map.len(), "the count is off: {stats:?}");
    let len = map.len() as isize;
    assert_eq!(
        LIVE_VALUES.load(Ordering::Relaxed),
        len,
        "values leaked: {stats:?}"
    );
    assert_eq!(
        LIVE_KEYS.load(Ordering::Relaxed),
        len,
        "keys leaked: {stats:?}"
    );
}

/// The pages of the process that are in memory, in bytes, where the system tells.
fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4_096)
}

/// Panics if the process was larger all through the last quarter of the episodes than ever in the second.
fn check_level(sizes: &[u64]) {
    // For threads that happen to be interrupted where that holds back much.
    const ALLOWANCE: u64 = 16 << 20;
    let quarter = sizes.len() / 4;
    let early = sizes.iter().skip(quarter).take(quarter).max();
    let late = sizes.iter().rev().take(quarter).min();
    if let (Some(early), Some(late)) = (early, late) {
        assert!(late <= &(early + ALLOWANCE), "the process grows: {sizes:?}");
    }
}

/// Says which episode failed.
struct ReportOnPanic(u64);

impl Drop for ReportOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("repeat from here with SPLITMAP_SOAK_SEED={}", self.0);
        }
    }
}

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is no number: {text}"))
}

#[test]
fn memory_stays_level() {
    let limit = Duration::from_secs(setting("SPLITMAP_SOAK_SECONDS", 4));
    let first = setting("SPLITMAP_SOAK_SEED", 0);
    let map = Map::new();
    let start = Instant::now();
    let mut sizes = Vec::new();
    thread::scope(|scope| {
        let idlers: Vec<Idler> = (0..IDLERS).map(|_| Idler::spawn(scope, &map)).collect();
        for episode in first.. {
            let _report = ReportOnPanic(episode);
            let mut random = Random(episode);
            let numbered = idlers.iter().zip(0..);
            let woken = numbered.filter(|(_, number)| (episode + number) % EPISODES_IDLE == 0);
            let woken: Vec<&Idler> = woken.map(|(idler, _)| idler).collect();
            for idler in &woken {
                let key = random.next() % KEYS;
                idler.wake.send(key).expect("idle threads wait to the end");
            }
            churn(&map, random.next());
            for idler in &woken {
                idler.done.recv().expect("idle threads wait to the end");
            }
            take_stock(&map);
            hold(&map, random.next());
            take_stock(&map);
            sizes.extend(resident_bytes());
            if start.elapsed() >= limit {
                break;
            }
        }
    });
    drop(map);
    assert_eq!(
        LIVE_VALUES.load(Ordering::Relaxed),
        0,
        "values outlived the map"
    );
    assert_eq!(
        LIVE_KEYS.load(Ordering::Relaxed),
        0,
        "keys outlived the map"
    );
    println!(
        "{} episodes, {} calls, at most {} values alive, {:?} bytes",
        sizes.len(),
        CALLS.load(Ordering::Relaxed),
        PEAK_VALUES.load(Ordering::Relaxed),
        sizes.last(),
    );
    check_level(&sizes);
}
