//! Latency by kind of operation.
//!
//! Laps follow each other without a gap: one reading of the clock ends an operation and begins the
//! next. That halves what timing costs, and leaves no moment in which a stall could hide. What is
//! left, the reading and the recording, is part of every lap; [`cost_of_timing`] measures it.

use std::time::Instant;

use hdrhistogram::Histogram;

/// The kinds of operation told apart, in the order they are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lap {
    GetHit,
    GetMiss,
    Set,
    Del,
}

pub(crate) const LAPS: [Lap; 4] = [Lap::GetHit, Lap::GetMiss, Lap::Set, Lap::Del];

/// Nanoseconds of each kind's operations.
#[derive(Clone, Debug)]
pub(crate) struct Latency([Histogram<u64>; 4]);

impl Latency {
    fn new() -> Self {
        const MINUTE: u64 = 60_000_000_000;
        // Two digits keep a thread's counters within its first- and second-level cache.
        let empty = Histogram::new_with_bounds(1, MINUTE, 2).expect("PANIC: bounds are valid");
        Latency([(); 4].map(|()| empty.clone()))
    }

    pub(crate) fn of(&self, lap: Lap) -> &Histogram<u64> {
        &self.0[lap as usize]
    }

    pub(crate) fn merge(&mut self, part: &Latency) {
        for (sum, part) in self.0.iter_mut().zip(&part.0) {
            sum.add(part).expect("PANIC: bounds are the same");
        }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

/// One thread's clock and what it measured.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) latency: Latency,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        let latency = Latency::new();
        let now = Instant::now();
        Stopwatch {
            began: now,
            ended: now,
            latency,
        }
    }

    /// Ends the operation that began with the previous lap.
    pub(crate) fn lap(&mut self, lap: Lap) {
        let now = Instant::now();
        let took = now.duration_since(self.ended).as_nanos() as u64;
        self.latency.0[lap as usize].saturating_record(took);
        self.ended = now;
    }
}

/// Nanoseconds that a lap of nothing takes here, on the median.
pub(crate) fn cost_of_timing() -> u64 {
    let mut watch = Stopwatch::start();
    for _ in 0..10_000 {
        watch.lap(Lap::GetHit);
    }
    watch.latency.of(Lap::GetHit).value_at_quantile(0.5)
}
