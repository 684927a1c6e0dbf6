//! What each thread of a history will do, all of it decided by a seed.

use core::fmt;

use super::history::{CLASSES, MAX_KEYS};
use super::random::Random;

/// One call on the map. The numbers are a key, and a class of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get(u8),
    ContainsKey(u8),
    Insert(u8),
    TryInsert(u8),
    GetOrInsert(u8),
    GetOrInsertWith(u8),
    Remove(u8),
    RemoveIf(u8, u32),
    CompareAndRemove(u8, u32),
    CompareAndSwap(u8, u32),
    Update(u8),
    /// A walk that removes this key on the way.
    Iter(Option<u8>),
    ForEach,
    /// Removes values of this class.
    Retain(u32),
    Clear,
    Promote,
    Len,
    Stats,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    /// What the call returns is kept for a while.
    pub(crate) hold: bool,
}

/// A history to be: some calls on one thread, then several crews of threads, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) keys: u8,
    /// What of a key's hash is used: all, one bit, or nothing.
    pub(crate) hash_mask: u64,
    /// Stamps are the time, not a shared counter: less exact, but the threads do not synchronise on it.
    pub(crate) stamped_by_time: bool,
    /// For how many entries the first table has room: a large one is copied in many steps.
    pub(crate) room: usize,
    pub(crate) setup: Vec<Step>,
    pub(crate) crews: Vec<Vec<Vec<Step>>>,
}

/// How many threads and steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) crews: usize,
    pub(crate) threads: usize,
    pub(crate) steps: usize,
}

/// How often each kind of call comes.
struct Mix {
    lookup: usize,
    write: usize,
    insert_if_absent: usize,
    remove: usize,
    conditional: usize,
    walk: usize,
    retain: usize,
    clear: usize,
    promote: usize,
    figures: usize,
}

/// Everything now and then.
const ALL: Mix = Mix {
    lookup: 6,
    write: 5,
    insert_if_absent: 4,
    remove: 5,
    conditional: 5,
    walk: 2,
    retain: 1,
    clear: 1,
    promote: 2,
    figures: 1,
};

/// Keys come and go, and tables with them.
const CHURN: Mix = Mix {
    lookup: 3,
    write: 5,
    insert_if_absent: 3,
    remove: 7,
    conditional: 2,
    walk: 0,
    retain: 0,
    clear: 0,
    promote: 5,
    figures: 0,
};

/// Values change in place.
const UPDATES: Mix = Mix {
    lookup: 4,
    write: 4,
    insert_if_absent: 1,
    remove: 1,
    conditional: 8,
    walk: 0,
    retain: 0,
    clear: 0,
    promote: 1,
    figures: 0,
};

/// `clear` against everything.
const CLEARS: Mix = Mix {
    lookup: 4,
    write: 5,
    insert_if_absent: 3,
    remove: 3,
    conditional: 3,
    walk: 1,
    retain: 0,
    clear: 4,
    promote: 2,
    figures: 1,
};

/// Walks against writes.
const WALKS: Mix = Mix {
    lookup: 1,
    write: 6,
    insert_if_absent: 2,
    remove: 5,
    conditional: 2,
    walk: 5,
    retain: 3,
    clear: 0,
    promote: 1,
    figures: 0,
};

impl Script {
    /// The script of a seed, of a given size.
    pub(crate) fn sized(seed: u64, size: Size) -> Self {
        let mut random = Random::new(!seed);
        let keys = 1 + random.below(MAX_KEYS) as u8;
        let mix = random.pick(&[ALL, CHURN, UPDATES, CLEARS, WALKS]);
        let mut steps = |count| -> Vec<Step> {
            let steps = (0..count).map(|_| Step {
                op: op(&mut random, keys, mix),
                hold: random.one_in(6),
            });
            steps.collect()
        };
        let mut threads = |count: usize| (0..count).map(|_| steps(size.steps)).collect();
        let crews = (0..size.crews).map(|_| threads(size.threads)).collect();
        Self {
            seed,
            keys,
            hash_mask: *random.pick(&[u64::MAX, u64::MAX, 1, 0]),
            stamped_by_time: random.one_in(2),
            room: *random.pick(&[0, 20, 40]),
            setup: setup(&mut random, keys),
            crews,
        }
    }

    /// All steps of all threads.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Step> {
        self.setup
            .iter()
            .chain(self.crews.iter().flatten().flatten())
    }
}

/// Steps that bring entries into each of their states, and one into the snapshot or dirty.
fn setup(random: &mut Random, keys: u8) -> Vec<Step> {
    let mut ops = Vec::new();
    for _ in 0..random.below(4) {
        for key in 0..keys {
            match random.below(4) {
                0 => ops.push(Op::Remove(key)),
                1 | 2 => ops.push(Op::Insert(key)),
                _ => {}
            }
        }
        if random.one_in(2) {
            // Publishes without purging, so that deleted entries stay.
            ops.push(if random.one_in(2) {
                Op::Promote
            } else {
                Op::Iter(None)
            });
        }
    }
    let steps = ops.into_iter().map(|op| Step { op, hold: false });
    steps.collect()
}

fn op(random: &mut Random, keys: u8, mix: &Mix) -> Op {
    let key = random.below(usize::from(keys)) as u8;
    let class = random.below(CLASSES as usize) as u32;
    let kinds: [(usize, &[Op]); 10] = [
        (
            mix.lookup,
            &[Op::Get(key), Op::Get(key), Op::ContainsKey(key)],
        ),
        (mix.write, &[Op::Insert(key)]),
        (
            mix.insert_if_absent,
            &[
                Op::TryInsert(key),
                Op::GetOrInsert(key),
                Op::GetOrInsertWith(key),
            ],
        ),
        (mix.remove, &[Op::Remove(key)]),
        (
            mix.conditional,
            &[
                Op::Update(key),
                Op::CompareAndSwap(key, class),
                Op::CompareAndRemove(key, class),
                Op::RemoveIf(key, class),
            ],
        ),
        (
            mix.walk,
            &[Op::Iter(None), Op::Iter(Some(key)), Op::ForEach],
        ),
        (mix.retain, &[Op::Retain(class)]),
        (mix.clear, &[Op::Clear]),
        (mix.promote, &[Op::Promote]),
        (mix.figures, &[Op::Len, Op::Stats]),
    ];
    let mut ticket = random.below(kinds.iter().map(|(weight, _)| weight).sum());
    for (weight, ops) in kinds {
        match ticket.checked_sub(weight) {
            Some(rest) => ticket = rest,
            None => return *random.pick(ops),
        }
    }
    unreachable!("a ticket is below the sum of the weights")
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "script {}: {} keys, hash mask {:x}, room for {}, stamped by {}",
            self.seed,
            self.keys,
            self.hash_mask,
            self.room,
            if self.stamped_by_time {
                "time"
            } else {
                "counter"
            },
        )?;
        writeln!(f, "  setup: {:?}", ops(&self.setup))?;
        for (crew, threads) in self.crews.iter().enumerate() {
            for (thread, steps) in threads.iter().enumerate() {
                writeln!(f, "  crew {crew}, thread {thread}: {:?}", ops(steps))?;
            }
        }
        Ok(())
    }
}

fn ops(steps: &[Step]) -> Vec<Op> {
    steps.iter().map(|step| step.op).collect()
}
