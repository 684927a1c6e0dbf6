//! conc-map-bench's three mixes, with the key scheme of bustle, the harness it runs on.
//!
//! Every thread owns an array of random keys that no other thread touches. Inserts and removals go
//! through it in order; lookups and updates walk all of it, far beyond what has been inserted, so that
//! three lookups in four find nothing. A hundred steps are shuffled once and repeated. The size is
//! the capacity that the map is asked for; the published charts ask for 2^25. Nothing settles the map,
//! as nothing does there.
//!
//! It cannot show contention on an entry, since no two threads share a key.

use rand::seq::SliceRandom;

use super::{Cell, Plan, Workload};
use crate::key::{Key, dice};
use crate::script::{Kind, Script, Step};

pub(super) fn list(all: &mut Vec<Workload>) {
    let mixes = [
        ("bustle-read-heavy", [98, 1, 1, 0], 75),
        ("bustle-exchange", [10, 40, 40, 10], 75),
        ("bustle-rapid-grow", [5, 80, 5, 10], 0),
    ];
    for (name, percents, prefilled) in mixes {
        let mix = Mix {
            percents,
            prefilled,
        };
        all.push(Workload::numbers(name, move |cell| mix.plan(cell)));
    }
}

/// The share of lookups, inserts, removals and updates, in that order.
const KINDS: [Kind; 4] = [Kind::Get, Kind::Insert, Kind::Remove, Kind::Update];

#[derive(Clone, Copy)]
struct Mix {
    percents: [usize; 4],
    /// Percent of the capacity.
    prefilled: usize,
}

impl Mix {
    fn plan<K: Key>(self, cell: Cell) -> Plan<K> {
        let capacity = cell.size.next_power_of_two();
        let prefilled = capacity * self.prefilled / 100;
        let inserts = capacity.div_ceil(100) * self.percents[1];
        let keys = (capacity.max(inserts) + prefilled).div_ceil(cell.threads);
        let scheme = Scheme {
            keys: keys.next_power_of_two(),
            prefilled: prefilled / cell.threads,
            steps: capacity / cell.threads,
        };
        let order = self.order();
        let scripts = (0..cell.threads).map(|thread| scheme.script(thread, &order));
        let fills = (0..cell.threads)
            .flat_map(|thread| (0..scheme.prefilled).map(move |seq| Scheme::key(thread, seq)));
        Plan {
            capacity,
            settled: false,
            ..Plan::settled(fills.collect(), scripts)
        }
        .repeated(capacity, cell)
    }

    /// A hundred kinds of step, shuffled.
    fn order(self) -> Vec<Kind> {
        let counts = KINDS.iter().zip(self.percents);
        let mut order: Vec<_> = counts.flat_map(|(&kind, n)| vec![kind; n]).collect();
        order.shuffle(&mut dice(500));
        order
    }
}

/// How a thread goes through its keys.
struct Scheme {
    /// A power of two, so that the generator below visits all.
    keys: usize,
    prefilled: usize,
    steps: usize,
}

impl Scheme {
    fn key<K: Key>(thread: usize, seq: usize) -> K {
        K::nth(((thread as u64) << 32) + seq as u64)
    }

    fn script<K: Key>(&self, thread: usize, order: &[Kind]) -> Script<K> {
        let (factor, step) = (self.keys / 2 + 1, self.keys / 4 - 1);
        let (mut found, mut inserted, mut removed) = (0, self.prefilled, 0);
        let mut found_next = || {
            let this = found;
            found = (factor * found + step) & (self.keys - 1);
            this
        };
        let steps = order.iter().cycle().take(self.steps).map(|&kind| {
            let seq = match kind {
                Kind::Insert => {
                    inserted += 1;
                    inserted - 1
                }
                Kind::Remove if removed < inserted => {
                    removed += 1;
                    removed - 1
                }
                _ => found_next(),
            };
            let key = Self::key(thread, seq);
            Step { key, kind }
        });
        Script::Steps(steps.collect())
    }
}
