//! The checked map: of two operations that overlap, one of them a write, the later one panics, the other one
//! finishes, and nobody sees half a write.
//!
//! Each model counts how it ended, and fails unless it ended in every way there is: a check that never
//! panicked, or always, would pass the rest. What the map holds is watched, so that a read that the mark does
//! not order before or after a write fails by loom's check of the value.
//!
//! And the bucket map's write flag, which is best effort, and must not cry wolf.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::hash::BuildHasherDefault;
use std::sync::{Arc, Mutex};

use splitmap_model::{BucketMap, CheckedMap};
use support::{Fixed, Watched, caught, exhaustively, with_preemptions};

type Map = CheckedMap<Watched, Watched, BuildHasherDefault<Fixed>>;

const READ: &str = "concurrent map read and map write";
const WRITE: &str = "concurrent map writes";
const ITERATION: &str = "concurrent map iteration and map write";

/// How an operation ended: with what it returned, or with the words of its panic.
type Outcome<T> = Result<T, &'static str>;

/// The endings of a model, over all interleavings.
struct Endings<T>(Mutex<Vec<T>>);

impl<T: PartialEq + std::fmt::Debug> Endings<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    fn note(&self, ending: T) {
        let mut endings = self.0.lock().expect("endings");
        if !endings.contains(&ending) {
            endings.push(ending);
        }
    }

    /// Panics unless the model ended in these ways and in no other.
    fn are(&self, expected: &[T]) {
        let endings = self.0.lock().expect("endings");
        for ending in &*endings {
            assert!(expected.contains(ending), "an impossible end: {ending:?}");
        }
        for ending in expected {
            assert!(endings.contains(ending), "never seen: {ending:?}");
        }
    }
}

fn map_of(entries: &[(u32, u32)]) -> Arc<Map> {
    let map = Map::with_hasher(BuildHasherDefault::default());
    for (key, value) in entries {
        map.insert(Watched::new(*key), Watched::new(*value));
    }
    Arc::new(map)
}

/// The words of the panic, if there was one.
fn outcome<T>(operation: impl FnOnce() -> T) -> Outcome<T> {
    caught(&[READ, WRITE, ITERATION], operation)
}

/// Runs two operations at once, and returns how each ended.
fn race<A: 'static, B>(
    map: &Arc<Map>,
    first: impl FnOnce(&Map) -> A + 'static,
    second: impl FnOnce(&Map) -> B,
) -> (Outcome<A>, Outcome<B>) {
    let other = loom::thread::spawn({
        let map = Arc::clone(map);
        move || outcome(|| first(&map))
    });
    let second = outcome(|| second(map));
    (other.join().expect("joined"), second)
}

fn get(map: &Map, key: u32) -> Option<u32> {
    map.get(&key).map(|value| value.get())
}

fn insert(map: &Map, key: u32, value: u32) -> Option<u32> {
    let replaced = map.insert(Watched::new(key), Watched::new(value));
    replaced.map(|value| value.get())
}

fn remove(map: &Map, key: u32) -> Option<u32> {
    map.remove(&key).map(|value| value.get())
}

/// All that the map has. Panics if an overlap left its mark behind.
fn contents(map: &Map) -> Vec<(u32, u32)> {
    insert(map, 99, 0);
    remove(map, 99);
    let mut contents = Vec::new();
    map.for_each(|key, value| contents.push((key.get(), value.get())));
    contents.sort_unstable();
    contents
}

#[test]
fn read_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    exhaustively(move || {
        let map = map_of(&[(1, 10)]);
        let (read, write) = race(&map, |map| get(map, 1), |map| insert(map, 1, 11));
        noted.note((read, write, contents(&map)));
    });
    endings.are(&[
        (Ok(Some(10)), Ok(Some(10)), vec![(1, 11)]),
        (Ok(Some(11)), Ok(Some(10)), vec![(1, 11)]),
        (Err(READ), Ok(Some(10)), vec![(1, 11)]),
        (Ok(Some(10)), Err(READ), vec![(1, 10)]),
    ]);
}

/// A read that stays: the closure looks twice, and a write that got in between would be seen.
#[test]
fn long_read_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    exhaustively(move || {
        let map = map_of(&[(1, 10)]);
        let look_twice = |map: &Map| {
            map.with(&1, |value| {
                let first = value.get();
                (first, value.get())
            })
        };
        let (read, write) = race(&map, look_twice, |map| remove(map, 1));
        noted.note((read, write, contents(&map)));
    });
    endings.are(&[
        (Ok(Some((10, 10))), Ok(Some(10)), vec![]),
        (Ok(None), Ok(Some(10)), vec![]),
        (Err(READ), Ok(Some(10)), vec![]),
        (Ok(Some((10, 10))), Err(READ), vec![(1, 10)]),
    ]);
}

#[test]
fn write_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    exhaustively(move || {
        let map = map_of(&[(1, 10)]);
        let (insertion, removal) = race(&map, |map| insert(map, 1, 11), |map| remove(map, 1));
        noted.note((insertion, removal, contents(&map)));
    });
    endings.are(&[
        (Ok(Some(10)), Ok(Some(11)), vec![]),
        (Ok(None), Ok(Some(10)), vec![(1, 11)]),
        (Err(WRITE), Ok(Some(10)), vec![]),
        (Ok(Some(10)), Err(WRITE), vec![(1, 11)]),
    ]);
}

/// An insertion that moves all entries to another array.
#[test]
fn read_vs_growth() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    exhaustively(move || {
        let full: Vec<_> = (0..8).map(|key| (key, key + 10)).collect();
        let map = map_of(&full);
        let (read, write) = race(&map, |map| get(map, 7), |map| insert(map, 8, 18));
        noted.note((read, write, contents(&map).len()));
    });
    endings.are(&[
        (Ok(Some(17)), Ok(None), 9),
        (Err(READ), Ok(None), 9),
        (Ok(Some(17)), Err(READ), 8),
    ]);
}

/// The check is made at every step, and the map may change between two.
#[test]
fn iteration_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    with_preemptions(3, move || {
        let map = map_of(&[(1, 10), (2, 20)]);
        let sum = |map: &Map| {
            let mut sum = 0;
            map.for_each(|_, value| sum += value.get());
            sum
        };
        let (iteration, write) = race(&map, sum, |map| insert(map, 1, 11));
        noted.note((iteration, write));
    });
    endings.are(&[
        (Ok(30), Ok(Some(10))),
        (Ok(31), Ok(Some(10))),
        (Err(ITERATION), Ok(Some(10))),
        (Ok(30), Err(ITERATION)),
    ]);
}

#[test]
fn clear_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    exhaustively(move || {
        let map = map_of(&[(1, 10)]);
        let (clear, write) = race(&map, Map::clear, |map| insert(map, 2, 20));
        noted.note((clear, write, contents(&map)));
    });
    endings.are(&[
        (Ok(()), Ok(None), vec![(2, 20)]),
        (Ok(()), Ok(None), vec![]),
        (Err(WRITE), Ok(None), vec![(1, 10), (2, 20)]),
        (Ok(()), Err(WRITE), vec![]),
    ]);
}

/// Readers do not disturb one another.
#[test]
fn read_vs_read() {
    with_preemptions(3, || {
        let map = map_of(&[(1, 10)]);
        let read = |map: &Map| (get(map, 1), map.contains_key(&2), map.len());
        let ends = race(&map, read, read);
        assert_eq!(ends, (Ok((Some(10), false, 1)), Ok((Some(10), false, 1))));
    });
}

/// A write is refused until the last of two readers is gone, and sees that both are.
#[test]
fn two_reads_vs_write() {
    let endings = Endings::new();
    let noted = Arc::clone(&endings);
    with_preemptions(3, move || {
        let map = map_of(&[(1, 10)]);
        let readers = [(); 2].map(|()| {
            let map = Arc::clone(&map);
            loom::thread::spawn(move || outcome(|| get(&map, 1)))
        });
        let write = outcome(|| remove(&map, 1));
        let reads = readers.map(|reader| reader.join().expect("joined"));
        match &write {
            Ok(removed) => assert_eq!(*removed, Some(10)),
            Err(words) => {
                assert_eq!(*words, READ);
                assert_eq!(reads, [Ok(Some(10)), Ok(Some(10))], "two lost");
            }
        }
        assert_eq!(map.len(), write.is_err().into());
        noted.note((reads[0].is_ok(), reads[1].is_ok(), write.is_ok()));
    });
    endings.are(&[
        (true, true, true),
        (true, true, false),
        (true, false, true),
        (false, true, true),
        (false, false, true),
    ]);
}

/// The bucket map's flag is no lock and orders nothing: where a lock does, it is never found set.
#[test]
fn write_flag_under_a_lock() {
    exhaustively(|| {
        let map = BucketMap::<u32, u32, BuildHasherDefault<Fixed>>::default();
        let map = Arc::new(loom::sync::Mutex::new(map));
        let other = loom::thread::spawn({
            let map = Arc::clone(&map);
            move || {
                let mut map = map.lock().expect("locked");
                map.insert(1, 10);
                map.get(&2).copied()
            }
        });
        let mine = {
            let mut map = map.lock().expect("locked");
            map.insert(2, 20);
            map.get(&1).copied()
        };
        let other = other.join().expect("joined");
        assert!([(None, Some(20)), (Some(10), None)].contains(&(mine, other)));
    });
}
