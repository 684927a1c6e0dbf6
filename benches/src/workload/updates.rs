//! Get and update of present keys: the set of keys never changes.
//!
//! `update` reads the old value and writes one more, in one call; `replace` overwrites without looking.
//! All threads share all keys, so that the skewed mixes contend on single entries.

use super::{Cell, Plan, Workload, present, steps};
use crate::key::{Key, SKEW, Spread, dice};
use crate::script::Kind;
use rand::Rng;

pub(super) fn list(all: &mut Vec<Workload>) {
    for gets in [99, 95, 50] {
        let name = |verb: &str, spread: &str| format!("{verb}-{gets}-{}-{spread}", 100 - gets);
        let mix = move |cell: Cell, kind, spread| Mix { gets, kind, spread }.plan(cell);
        all.push(Workload::numbers(name("update", "uniform"), move |cell| {
            mix(cell, Kind::Update, Spread::Uniform(cell.size as u64))
        }));
        all.push(Workload::numbers(name("update", "zipf"), move |cell| {
            mix(cell, Kind::Update, Spread::Zipf(cell.size as u64, SKEW))
        }));
        all.push(
            Workload::numbers(name("replace", "uniform"), move |cell| {
                mix(cell, Kind::Insert, Spread::Uniform(cell.size as u64))
            })
            .slow(),
        );
        all.push(
            Workload::numbers(name("replace", "zipf"), move |cell| {
                mix(cell, Kind::Insert, Spread::Zipf(cell.size as u64, SKEW))
            })
            .slow(),
        );
    }
    all.push(Workload::strings("update-95-5-zipf", |cell| {
        Mix {
            gets: 95,
            kind: Kind::Update,
            spread: Spread::Zipf(cell.size as u64, SKEW),
        }
        .plan(cell)
    }));
}

struct Mix {
    /// Lookups in a hundred steps.
    gets: u32,
    /// What the others are.
    kind: Kind,
    spread: Spread,
}

impl Mix {
    fn plan<K: Key>(&self, cell: Cell) -> Plan<K> {
        let scripts = cell.each_thread().map(|(thread, _)| {
            let seed = thread as u64;
            let (mut draw, mut dice) = (self.spread.draws(dice(100 + seed)), dice(200 + seed));
            steps(cell.steps_each(), move || {
                let get = dice.random_ratio(self.gets, 100);
                (if get { Kind::Get } else { self.kind }, K::nth(draw()))
            })
        });
        Plan::settled(present(cell.size), scripts)
    }
}
