//! YCSB's core workloads, but for E, which scans a range and so asks for an ordered map.
//!
//! | | mix | keys |
//! |---|---|---|
//! | A | 50 lookups, 50 replacements | skewed |
//! | B | 95 lookups, 5 replacements | skewed |
//! | C | lookups | skewed |
//! | D | 95 lookups, 5 insertions | skewed towards the newest |
//! | F | 50 lookups, 50 read-modify-writes | skewed |
//!
//! Values are `u64`, not ten fields of a hundred bytes: it is the map that is measured.

use rand::Rng;

use super::{Cell, Plan, Workload, present, steps};
use crate::key::{Key, SKEW, Spread, dice};
use crate::script::Kind;

pub(super) fn list(all: &mut Vec<Workload>) {
    all.push(Workload::numbers("ycsb-a", |cell| {
        mix(cell, 50, Kind::Insert)
    }));
    all.push(Workload::numbers("ycsb-b", |cell| {
        mix(cell, 95, Kind::Insert)
    }));
    all.push(Workload::numbers("ycsb-c", |cell| {
        mix(cell, 100, Kind::Get)
    }));
    all.push(Workload::numbers("ycsb-d", latest));
    all.push(Workload::numbers("ycsb-f", |cell| {
        mix(cell, 50, Kind::Update)
    }));
    all.push(Workload::strings("ycsb-b", |cell| {
        mix(cell, 95, Kind::Insert)
    }));
}

fn mix<K: Key>(cell: Cell, gets: u32, other: Kind) -> Plan<K> {
    let scripts = cell.each_thread().map(|(thread, _)| {
        let spread = Spread::Zipf(cell.size as u64, SKEW);
        let mut draw = spread.draws(dice(600 + thread as u64));
        let mut dice = dice(700 + thread as u64);
        steps(cell.steps_each(), move || {
            let get = dice.random_ratio(gets, 100);
            (if get { Kind::Get } else { other }, K::nth(draw()))
        })
    });
    Plan::settled(present(cell.size), scripts)
}

/// Each thread sees its own insertions and what was there before; the newest are looked up most.
fn latest<K: Key>(cell: Cell) -> Plan<K> {
    let scripts = cell.each_thread().map(|(thread, threads)| {
        let share = (cell.size / threads) as u64;
        let nth = move |seq: u64| K::nth(seq * threads as u64 + thread as u64);
        let mut draw = Spread::Zipf(share, SKEW).draws(dice(800 + thread as u64));
        let (mut newest, mut dice) = (share - 1, dice(900 + thread as u64));
        steps(cell.steps_each(), move || {
            if dice.random_ratio(95, 100) {
                (Kind::Get, nth(newest - draw()))
            } else {
                newest += 1;
                (Kind::Insert, nth(newest))
            }
        })
    });
    let prefill = present(cell.size / cell.threads * cell.threads);
    Plan::settled(prefill, scripts)
}
