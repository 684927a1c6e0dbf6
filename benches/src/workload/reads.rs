//! Lookups and nothing else.
//!
//! Uniform draws over all keys, so that at a million keys nearly every lookup leaves the cache. What
//! they cannot show is a cost that readers pay only while somebody writes; see `churn` and `gomap`.

use std::sync::Arc;

use super::{Cell, Plan, Workload, present};
use crate::key::{ABSENT, Key, SKEW, Spread, dice, shuffled};
use crate::script::Script;

pub(super) fn list(all: &mut Vec<Workload>) {
    all.extend([
        Workload::numbers("hits", hits),
        Workload::numbers("hits-zipf", hits_zipf),
        Workload::numbers("hits-half", hits_half),
        Workload::numbers("hits-one-key", hits_one_key).own_size(),
        Workload::numbers("misses", misses),
        Workload::numbers("misses-beside-dirty", misses_beside_dirty),
        Workload::strings("hits", hits),
        Workload::strings("misses", misses),
    ]);
}

/// Every thread looks `draws` up, from its own place on.
fn lookups<K: Key>(cell: Cell, draws: Vec<K>) -> Plan<K> {
    let draws = draws.into();
    let scripts = cell
        .each_thread()
        .map(|thread| Script::gets(&draws, cell.effort.gets, thread));
    Plan::settled(present(cell.size), scripts)
}

fn drawn<K: Key>(cell: Cell, spread: Spread) -> Vec<K> {
    let mut draw = spread.draws(dice(2));
    (0..cell.draws()).map(|_| K::nth(draw())).collect()
}

/// All lookups hit, each key as often as any other.
fn hits<K: Key>(cell: Cell) -> Plan<K> {
    lookups(cell, drawn(cell, Spread::Uniform(cell.size as u64)))
}

/// All lookups hit, a few keys most of the time.
fn hits_zipf<K: Key>(cell: Cell) -> Plan<K> {
    lookups(cell, drawn(cell, Spread::Zipf(cell.size as u64, SKEW)))
}

/// Half of the lookups hit, in random order.
fn hits_half<K: Key>(cell: Cell) -> Plan<K> {
    lookups(cell, drawn(cell, Spread::Uniform(2 * cell.size as u64)))
}

/// All threads look one key up.
fn hits_one_key<K: Key>(cell: Cell) -> Plan<K> {
    let draws = vec![K::nth(0); 1 << 10];
    lookups(Cell { size: 1024, ..cell }, draws)
}

fn absent<K: Key>(cell: Cell) -> Vec<K> {
    shuffled(ABSENT..ABSENT + cell.draws() as u64, 3)
}

/// No lookup hits, and no key is new to the map.
fn misses<K: Key>(cell: Cell) -> Plan<K> {
    lookups(cell, absent(cell))
}

/// No lookup hits, in a map that has been given a key in sixty-four since it settled.
fn misses_beside_dirty<K: Key>(cell: Cell) -> Plan<K> {
    let size = cell.size as u64;
    Plan {
        waiting: Arc::from(shuffled(size..size + size / 64 + 1, 4)),
        ..lookups(cell, absent(cell))
    }
}
