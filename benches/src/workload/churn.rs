//! Keys that come and go while others are read: a cache with fills and evictions.
//!
//! `churn` draws from a set twice the size of the map, so that removed keys come back; each thread
//! owns its share of them, which makes every outcome exact, and reads all of its share, present or
//! not. `turnover` stores keys never seen before and removes the oldest, and reads the rest; nothing
//! ever comes back.

use std::collections::VecDeque;

use rand::Rng;
use rand::rngs::SmallRng;

use super::{Cell, Plan, Workload, present, steps};
use crate::key::{ABSENT, Key, dice};
use crate::script::{Kind, Script};

pub(super) fn list(all: &mut Vec<Workload>) {
    for (gets, name) in [(98, "98-1-1"), (90, "90-5-5")] {
        all.push(Workload::numbers(format!("churn-{name}"), move |cell| {
            churn(cell, gets)
        }));
        all.push(Workload::numbers(format!("turnover-{name}"), move |cell| {
            turnover(cell, gets)
        }));
    }
    all.push(Workload::strings("churn-98-1-1", |cell| churn(cell, 98)));
}

/// Keys of a bounded set come and go; `gets` of a hundred steps are lookups.
#[must_use]
pub fn churn<K: Key>(cell: Cell, gets: u32) -> Plan<K> {
    let scripts = cell
        .each_thread()
        .map(|thread| Pool::new(cell, thread).script(cell, gets));
    Plan::settled(present(cell.size), scripts)
}

/// One thread's share of a bounded set of keys.
struct Pool {
    present: Vec<u64>,
    removed: Vec<u64>,
    dice: SmallRng,
}

impl Pool {
    fn new(cell: Cell, (thread, threads): (usize, usize)) -> Self {
        let share = |from: usize| {
            let indices = from as u64..(from + cell.size) as u64;
            indices.skip(thread).step_by(threads).collect()
        };
        Pool {
            present: share(0),
            removed: share(cell.size),
            dice: dice(300 + thread as u64),
        }
    }

    fn script<K: Key>(mut self, cell: Cell, gets: u32) -> Script<K> {
        steps(cell.steps_each(), move || {
            let (kind, index) = self.step(gets);
            (kind, K::nth(index))
        })
    }

    fn step(&mut self, gets: u32) -> (Kind, u64) {
        if self.dice.random_ratio(gets, 100) {
            return (Kind::Get, pick(&self.present, &mut self.dice));
        }
        // The one that has more gives, so that the map keeps its size.
        let inserts = self.removed.len() >= self.present.len();
        let (kind, from, to) = if inserts {
            (Kind::Insert, &mut self.removed, &mut self.present)
        } else {
            (Kind::Remove, &mut self.present, &mut self.removed)
        };
        let index = from.swap_remove(self.dice.random_range(0..from.len()));
        to.push(index);
        (kind, index)
    }
}

fn pick(indices: &[u64], dice: &mut SmallRng) -> u64 {
    indices[dice.random_range(0..indices.len())]
}

fn turnover<K: Key>(cell: Cell, gets: u32) -> Plan<K> {
    let scripts = cell.each_thread().map(|(thread, threads)| {
        let mut live: VecDeque<u64> = (thread as u64..cell.size as u64).step_by(threads).collect();
        let (mut next, mut dice) = (ABSENT + ((thread as u64) << 32), dice(400 + thread as u64));
        let (full, mut inserts) = (live.len(), true);
        steps(cell.steps_each(), move || {
            if dice.random_ratio(gets, 100) {
                return (Kind::Get, K::nth(live[dice.random_range(0..live.len())]));
            }
            if std::mem::replace(&mut inserts, false) || live.len() < full {
                live.push_back(next);
                next += 1;
                (Kind::Insert, K::nth(next - 1))
            } else {
                inserts = true;
                let oldest = live
                    .pop_front()
                    .expect("PANIC: a thread's share is not empty");
                (Kind::Remove, K::nth(oldest))
            }
        })
    });
    Plan::settled(present(cell.size), scripts)
}
