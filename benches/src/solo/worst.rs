//! The time of every single insertion while a map grows from nothing.
//!
//! One reading of the clock ends an insertion and begins the next, so that no pause can hide between two;
//! its own cost is in every figure. The percentiles are of the wall clock. The worst is also taken in runs
//! of their own with the thread's clock, which stands still while the machine takes the processor away:
//! the wall clock's worst says as much about the machine as about a map.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::map::Solo;
use crate::Hasher;
use crate::clock::{processor_time, wall_time};
use crate::key::{Key, shuffled};
use crate::rounds::median;

/// The latencies of one map in all rounds.
#[derive(Debug)]
pub(super) struct Latencies {
    pub(super) name: &'static str,
    pub(super) wall: Histogram<u64>,
    /// The worst of each round, by the wall clock and by the thread's.
    worst: Vec<(u64, u64)>,
}

impl Latencies {
    /// The worst insertion of a round by the wall clock, on the median.
    pub(super) fn worst_wall(&self) -> f64 {
        median(self.worst.iter().map(|&(wall, _)| wall as f64))
    }

    /// The same by the thread's clock.
    pub(super) fn worst(&self) -> f64 {
        median(self.worst.iter().map(|&(_, own)| own as f64))
    }
}

type Clock = fn() -> Duration;

/// A map's name, and how it is filled.
type Fill = (&'static str, fn(&[u64], Clock) -> Histogram<u64>);

/// Fills each map with `size` keys, in so many rounds.
pub(super) fn measure(size: usize, rounds: usize) -> Vec<Latencies> {
    let keys: Vec<u64> = shuffled(0..size as u64, 15);
    let fills: [Fill; 3] = [
        entry::<splitmap::BucketMap<u64, u64, Hasher>>(),
        entry::<hashbrown::HashMap<u64, u64, Hasher>>(),
        entry::<std::collections::HashMap<u64, u64, Hasher>>(),
    ];
    let mut latencies = fills.map(|(name, _)| Latencies {
        name,
        wall: histogram(),
        worst: Vec::new(),
    });
    for round in 0..rounds {
        for turn in 0..fills.len() {
            let turn = (turn + round) % fills.len();
            let (_, fill) = fills[turn];
            let (wall, own) = (fill(&keys, wall_time), fill(&keys, processor_time));
            latencies[turn].worst.push((wall.max(), own.max()));
            let added = latencies[turn].wall.add(&wall);
            added.expect("PANIC: bounds are the same");
        }
    }
    latencies.into()
}

fn entry<M: Solo<u64>>() -> Fill {
    (M::NAME, fill::<M>)
}

fn histogram() -> Histogram<u64> {
    const MINUTE: u64 = 60_000_000_000;
    Histogram::new_with_bounds(1, MINUTE, 3).expect("PANIC: bounds are valid")
}

fn fill<M: Solo<u64>>(keys: &[u64], clock: Clock) -> Histogram<u64> {
    let (mut map, mut histogram) = (M::with_capacity(0), histogram());
    let mut before = clock();
    for &key in keys {
        map.insert(key, key.value());
        let now = clock();
        histogram.saturating_record((now - before).as_nanos() as u64);
        before = now;
    }
    assert_eq!(map.len(), keys.len(), "{}: entries", M::NAME);
    histogram
}
