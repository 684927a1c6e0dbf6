//! The benchmarks that Go's `sync.Map` is tuned by, under Go's names.
//!
//! Keys are consecutive integers, here as there; each thread begins far from the others. Go's values
//! equal their keys; here they follow from them. The two adversarial ones were written against the
//! read/dirty split: a store whenever the snapshot could become clean, and a deletion and a store that
//! make a full copy of a large map for the sake of one entry.

use super::{Cell, Plan, Workload, steps};
use crate::script::{Kind, Script};

/// Keys, or a share of them, in the maps that Go's benchmarks prime.
const MANY: u64 = 1023;
const HALF: u64 = 128;

type Next = fn(i: u64) -> (Kind, u64);

pub(super) fn list(all: &mut Vec<Workload>) {
    // (name, entries at the start, what step `i` does)
    let fixed: [(&str, u64, Next); 21] = [
        ("load-mostly-hits", MANY, |i| (Kind::Get, i % 1024)),
        ("load-mostly-misses", 1, |i| (Kind::Get, i % 1024)),
        ("load-or-store-balanced", HALF, |i| {
            (Kind::TryInsert, half(i))
        }),
        ("load-or-store-unique", 0, |i| (Kind::TryInsert, i)),
        ("load-or-store-collision", 1, |_| (Kind::TryInsert, 0)),
        ("load-and-delete-balanced", HALF, |i| {
            (Kind::Remove, half(i))
        }),
        ("load-and-delete-unique", 0, |i| (Kind::Remove, i)),
        ("load-and-delete-collision", 1, |_| (Kind::Bounce, 0)),
        ("delete-collision", 1, |_| (Kind::Remove, 0)),
        ("swap-collision", 1, |_| (Kind::Insert, 0)),
        ("swap-mostly-hits", MANY, |i| swap(MANY, i)),
        ("swap-mostly-misses", 1, |i| swap(1, i)),
        ("compare-and-swap-collision", 1, |_| (Kind::SwapTwice, 0)),
        ("compare-and-swap-no-existing-key", 0, |i| (Kind::Swap, i)),
        ("compare-and-swap-value-not-equal", 1, |_| {
            (Kind::SwapWrong, 0)
        }),
        ("compare-and-swap-mostly-hits", MANY, |i| {
            (Kind::Swap, most(MANY, i))
        }),
        ("compare-and-swap-mostly-misses", 1, |i| {
            (Kind::Swap, most(1, i))
        }),
        ("compare-and-delete-collision", 1, |_| (Kind::Take, 0)),
        ("compare-and-delete-mostly-hits", MANY, |i| {
            (Kind::Take, most(MANY, i))
        }),
        ("compare-and-delete-mostly-misses", 1, |i| {
            (Kind::Take, most(1, i))
        }),
        ("clear", 0, |i| (Kind::Clear, i % 256)),
    ];
    let quick = [
        "load-mostly-hits",
        "load-mostly-misses",
        "load-or-store-unique",
    ];
    for (name, entries, next) in fixed {
        let workload = Workload::numbers(format!("go-{name}"), move |cell| {
            plan(cell, entries, |from| {
                let mut i = from;
                steps(cell.steps_each(), move || {
                    i += 1;
                    next(i - 1)
                })
            })
        });
        let workload = workload.own_size();
        let quick = quick.contains(&name);
        all.push(if quick { workload } else { workload.slow() });
    }
    all.extend([
        Workload::numbers("go-range", range).own_size().slow(),
        Workload::numbers("go-adversarial-alloc", adversarial_alloc).own_size(),
        Workload::numbers("go-adversarial-delete", adversarial_delete).own_size(),
    ]);
}

/// Half of the steps about keys that are there from the start, half about new ones.
fn half(i: u64) -> u64 {
    let j = i % (2 * HALF);
    if j < HALF { j } else { i }
}

/// A key that is there from the start for `hits` steps in a thousand and twenty-four.
fn most(hits: u64, i: u64) -> u64 {
    let j = i % 1024;
    if j < hits { j } else { i }
}

fn swap(hits: u64, i: u64) -> (Kind, u64) {
    let j = i % 1024;
    if j < hits {
        (Kind::Insert, j)
    } else {
        (Kind::Visit, i)
    }
}

fn plan(cell: Cell, entries: u64, script: impl Fn(u64) -> Script<u64>) -> Plan<u64> {
    // Where each thread begins: far apart, and at the same place within 1,024.
    let scripts = (0..cell.threads).map(|thread| script((thread as u64) << 32));
    let plan = Plan {
        // Go primes a map by looking at it.
        settled: entries > 0,
        ..Plan::settled((0..entries).collect(), scripts)
    };
    plan.raced()
}

fn range(cell: Cell) -> Plan<u64> {
    let times = cell.effort.gets / 1024;
    plan(cell, 1024, |_| Script::Iterate(times))
}

fn adversarial_alloc(cell: Cell) -> Plan<u64> {
    plan(cell, 0, |from| {
        let (mut i, mut stores, mut loads, mut store) = (from, 0, 0, false);
        steps(cell.steps_each(), move || {
            if store {
                (store, loads, stores) = (false, 0, stores + 1);
                return (Kind::TryInsert, i - 1);
            }
            i += 1;
            loads += 1;
            store = loads > stores;
            (Kind::Get, i - 1)
        })
    })
}

fn adversarial_delete(cell: Cell) -> Plan<u64> {
    let adversarial = plan(cell, 1024, |from| {
        let (mut i, mut evict) = (from, false);
        steps(cell.steps_each(), move || {
            if std::mem::take(&mut evict) {
                return (Kind::Evict, i - 1);
            }
            evict = i % 1024 == 0;
            i += 1;
            (Kind::Get, i - 1)
        })
    });
    Plan {
        settled: false,
        ..adversarial
    }
}
