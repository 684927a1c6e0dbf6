//! What a thread does, step by step, and how it is played on a subject.
//!
//! A workload is data: the steps of every thread, drawn beforehand. Lookups alone have a loop of their
//! own, since at two nanoseconds a lookup the choice between kinds of step would be a good part of what
//! is measured. In mixed scripts that choice costs every subject the same, up to a mispredicted branch
//! each, so that ratios there are a little closer to one than the maps are.

use std::ops::{AddAssign, Sub};
use std::sync::Arc;

use crate::key::Key;
use crate::subject::Subject;

/// One operation, or the few that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Looks the key up.
    Get,
    /// Stores the key's first value, whatever was there.
    Insert,
    /// Stores it if the key is absent.
    TryInsert,
    /// Adds one to the key's value.
    Update,
    /// Removes the key.
    Remove,
    /// Looks the key up, and stores it if it is absent: a cache that is asked.
    Fill,
    /// Removes the key, and stores it again if it was there.
    Bounce,
    /// Stores the key, and removes it again.
    Visit,
    /// Compares with the key's first value, and stores the same.
    Swap,
    /// Compares with the key's first value, stores another, and swaps back if that succeeded.
    SwapTwice,
    /// Compares with a value that no key has.
    SwapWrong,
    /// Compares with the key's first value and removes it, and stores it again if it was there.
    Take,
    /// Removes whichever key iteration gives first, and stores this one.
    Evict,
    /// Removes everything, and stores this key.
    Clear,
}

/// One step of a thread.
#[derive(Clone, Debug)]
pub struct Step<K> {
    /// The key it is about.
    pub key: K,
    /// What is done.
    pub kind: Kind,
}

/// All that one thread does in one round.
#[derive(Clone, Debug)]
pub enum Script<K> {
    /// Looks up `count` of the drawn keys, from `start` on and round and round.
    Gets {
        /// The keys, shared by all threads.
        draws: Arc<[K]>,
        /// Where this thread begins in the first round.
        start: usize,
        /// Lookups in one round.
        count: usize,
    },
    /// Steps through a mix of operations.
    Steps(Arc<[Step<K>]>),
    /// Visits all entries, so many times.
    Iterate(usize),
}

/// What came out of a script, to be compared with what must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Operations; of an iteration, entries visited.
    pub ops: u64,
    /// Lookups that found a value.
    pub hits: u64,
    /// Lookups that found none.
    pub misses: u64,
    /// Keys that came to be there.
    pub added: u64,
    /// Keys that ceased to be.
    pub removed: u64,
    /// Values changed under a key that stayed.
    pub updated: u64,
    /// Sum of the values that pure lookups and iterations found.
    pub sum: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.ops += other.ops;
        self.hits += other.hits;
        self.misses += other.misses;
        self.added += other.added;
        self.removed += other.removed;
        self.updated += other.updated;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl Tally {
    fn note_insert(&mut self, new: bool) {
        self.added += u64::from(new);
        self.updated += u64::from(!new);
    }

    /// Entries gained less entries lost.
    #[must_use]
    pub fn growth(&self) -> i64 {
        (self.added as i64).sub(self.removed as i64)
    }
}

impl<K: Key> Script<K> {
    /// A script of lookups of `draws`, which thread `thread` of `threads` begins at its own place.
    #[must_use]
    pub fn gets(draws: &Arc<[K]>, count: usize, (thread, threads): (usize, usize)) -> Self {
        Script::Gets {
            draws: Arc::clone(draws),
            start: draws.len() * thread / threads,
            count,
        }
    }

    /// Whether this script leaves the map as it was.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        match self {
            Script::Gets { .. } | Script::Iterate(_) => true,
            Script::Steps(steps) => steps.iter().all(|step| step.kind == Kind::Get),
        }
    }

    /// Runs the script on `map`. Lookups go on where the round before this one stopped.
    pub fn play<M: Subject<K>>(&self, map: &M, round: usize) -> Tally {
        match self {
            Script::Gets {
                draws,
                start,
                count,
            } => play_gets(map, draws, (start + round * count) % draws.len(), *count),
            Script::Steps(steps) => play_steps(map, steps),
            Script::Iterate(times) => {
                let mut tally = Tally::default();
                for _ in 0..*times {
                    let (count, sum) = map.iterate();
                    tally.ops += count;
                    tally.sum = tally.sum.wrapping_add(sum);
                }
                tally
            }
        }
    }
}

fn play_gets<K: Key, M: Subject<K>>(map: &M, draws: &[K], start: usize, count: usize) -> Tally {
    let (mut hits, mut sum) = (0, 0_u64);
    let (mut from, mut left) = (start, count);
    while left > 0 {
        let to = draws.len().min(from + left);
        for key in &draws[from..to] {
            if let Some(value) = map.get(key) {
                hits += 1;
                sum = sum.wrapping_add(value);
            }
        }
        left -= to - from;
        from = 0;
    }
    Tally {
        ops: count as u64,
        hits,
        misses: count as u64 - hits,
        sum,
        ..Tally::default()
    }
}

fn play_steps<K: Key, M: Subject<K>>(map: &M, steps: &[Step<K>]) -> Tally {
    let mut tally = Tally::default();
    for step in steps {
        play_step(map, step, &mut tally);
    }
    tally
}

/// Runs one step on `map`.
#[inline]
pub fn play_step<K: Key, M: Subject<K>>(map: &M, step: &Step<K>, tally: &mut Tally) {
    tally.ops += 1;
    let key = &step.key;
    match step.kind {
        Kind::Get => match map.get(key) {
            Some(_) => tally.hits += 1,
            None => tally.misses += 1,
        },
        Kind::Fill => match map.get(key) {
            Some(_) => tally.hits += 1,
            None => {
                tally.misses += 1;
                tally.added += u64::from(map.try_insert(key.clone(), key.value()));
            }
        },
        Kind::Insert => tally.note_insert(map.insert(key.clone(), key.value())),
        Kind::TryInsert => tally.added += u64::from(map.try_insert(key.clone(), key.value())),
        Kind::Update => tally.updated += u64::from(map.update(key)),
        Kind::Remove => tally.removed += u64::from(map.remove(key)),
        _ => play_rare_step(map, step, tally),
    }
}

/// The steps that only a few workloads take, out of the way of the others.
fn play_rare_step<K: Key, M: Subject<K>>(map: &M, step: &Step<K>, tally: &mut Tally) {
    let (key, value) = (&step.key, step.key.value());
    match step.kind {
        Kind::Bounce => {
            if map.remove(key) {
                tally.removed += 1;
                tally.note_insert(map.insert(key.clone(), value));
            }
        }
        Kind::Visit => {
            tally.note_insert(map.insert(key.clone(), value));
            tally.removed += u64::from(map.remove(key));
        }
        Kind::Swap => tally.updated += u64::from(map.compare_and_swap(key, value, value)),
        Kind::SwapTwice => {
            if map.compare_and_swap(key, value, !value) {
                tally.updated += 1 + u64::from(map.compare_and_swap(key, !value, value));
            }
        }
        Kind::SwapWrong => tally.updated += u64::from(map.compare_and_swap(key, !value, value)),
        Kind::Take => {
            if map.compare_and_remove(key, value) {
                tally.removed += 1;
                tally.note_insert(map.insert(key.clone(), value));
            }
        }
        Kind::Evict => {
            if let Some(first) = map.first_key() {
                tally.removed += u64::from(map.remove(&first));
            }
            tally.note_insert(map.insert(key.clone(), value));
        }
        Kind::Clear => {
            map.clear();
            map.insert(key.clone(), value);
        }
        kind => unreachable!("{kind:?} is not rare"),
    }
}
