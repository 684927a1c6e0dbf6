//! Bytes and allocations, by the counting allocator.
//!
//! Bytes are what is allocated and not freed, with the allocator's own share by estimate. A map that frees
//! late shows what it still holds at the moment it is asked; nothing is done to make it let go.

use rand::Rng;

use super::cli::Cli;
use super::progress::Progress;
use crate::allocation::Count;
use crate::key::{Key, dice, shuffled};
use crate::script::{Kind, Step, Tally, play_step};
use crate::subject::{
    Alone, Dashmap, Flurry, Papaya, RwLocked, SccIndex, SccMap, Splitmap, Subject,
};

/// Operations of which the allocations are counted.
const COUNTED: usize = 100_000;

/// The operations that are told apart.
pub(super) const OPERATIONS: [(&str, Kind); 5] = [
    ("get", Kind::Get),
    ("update", Kind::Update),
    ("replace", Kind::Insert),
    ("remove", Kind::Remove),
    ("insert", Kind::Insert),
];

/// What one map takes.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) subject: &'static str,
    /// Entries that it was filled with.
    pub(super) entries: usize,
    /// Bytes an entry: as asked for, and with what the allocator adds.
    pub(super) asked: f64,
    pub(super) taken: f64,
    /// The most it took while it was filled.
    pub(super) peak: f64,
    /// Bytes an entry that four overwrites of each left behind.
    pub(super) garbage: f64,
    /// The most that there was of it.
    pub(super) garbage_peak: f64,
    /// Allocations of each kind of operation.
    pub(super) allocations: [f64; OPERATIONS.len()],
    /// Bytes an entry that are held when all have been removed.
    pub(super) emptied: f64,
}

/// Measures every map that is asked for, one after the other: counts do not depend on the machine.
pub(super) fn measure(cli: &Cli) -> Result<Vec<Memory>, String> {
    if !Count::begin().works() {
        return Err("this program was built without the counting allocator".into());
    }
    let measures: [Take; 8] = [
        of::<Splitmap<u64>>(),
        of::<Papaya<u64>>(),
        of::<SccIndex<u64>>(),
        of::<SccMap<u64>>(),
        of::<Dashmap<u64>>(),
        of::<Flurry<u64>>(),
        of::<RwLocked<u64>>(),
        of::<Alone<u64>>(),
    ];
    let entries = if cli.quick { 1 << 16 } else { 1 << 20 };
    let progress = Progress::new(measures.len());
    let mut all = Vec::new();
    for (name, measure) in measures {
        progress.tell("memory", name);
        if cli.admits(name) {
            all.push(measure(entries));
        }
        progress.step();
    }
    Ok(all)
}

/// A map's name, and how it is measured.
type Take = (&'static str, fn(usize) -> Memory);

fn of<M: Subject<u64>>() -> Take {
    (M::NAME, take::<M>)
}

fn take<M: Subject<u64>>(entries: usize) -> Memory {
    let keys: Vec<u64> = shuffled(0..entries as u64, 31);
    let mut dice = dice(32);
    let draws = (0..4 * entries).map(|_| keys[dice.random_range(0..entries)]);
    let draws: Vec<_> = draws.collect();
    let count = Count::begin();
    let each = |bytes: i64| bytes as f64 / entries as f64;
    let map = M::with_capacity(0);
    keys.iter().for_each(|&key| {
        map.insert(key, key.value());
    });
    let peak = count.used().peak;
    map.settle();
    let filled = count.used();
    let mut most = filled.taken;
    for key in &draws {
        map.insert(*key, 1);
        most = most.max(count.used().taken);
    }
    let overwritten = count.used();
    let allocations = OPERATIONS.map(|(_, kind)| allocations(&map, &keys, kind, &count));
    for key in &keys {
        map.remove(key);
    }
    assert!(map.is_empty(), "{}: emptied", M::NAME);
    let emptied = count.used().taken;
    drop(map);
    Memory {
        subject: M::NAME,
        entries,
        asked: each(filled.asked),
        taken: each(filled.taken),
        peak: each(peak),
        garbage: each(overwritten.taken - filled.taken),
        garbage_peak: each(most - filled.taken),
        allocations,
        emptied: each(emptied),
    }
}

/// Allocations an operation of this kind; a removal comes before the insertion that takes its keys back.
fn allocations<M: Subject<u64>>(map: &M, keys: &[u64], kind: Kind, count: &Count) -> f64 {
    let keys = &keys[..COUNTED.min(keys.len() / 2)];
    let (before, mut tally) = (count.used().calls, Tally::default());
    for &key in keys {
        play_step(map, &Step { key, kind }, &mut tally);
    }
    (count.used().calls - before) as f64 / keys.len() as f64
}
