//! The time of every single operation, while a map grows and while keys come and go.
//!
//! One reading of the clock ends an operation and begins the next, so that no pause can hide between two;
//! its own cost, some twenty nanoseconds, is in every figure. Threads issue the next operation when the last
//! has ended: a pause delays what would have come meanwhile, which is not counted again (no correction
//! for coordinated omission). What the machine does to a thread is in the tail of every map.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::cli::Cli;
use super::progress::Progress;
use crate::key::{Key, dice, shuffled};
use crate::rounds::median;
use crate::script::{Kind, Script, Step, Tally, play_step};
use crate::start::Start;
use crate::subject::{Dashmap, Flurry, Papaya, RwLocked, SccIndex, SccMap, Splitmap, Subject};
use crate::workload::{Cell, churn_plan};

use rand::Rng;

/// Points of a series over the course of a run.
const POINTS: usize = 256;

/// What one map did in all rounds of one scenario.
#[derive(Clone, Debug)]
pub(super) struct Latency {
    pub(super) scenario: String,
    pub(super) subject: &'static str,
    /// Lookups.
    pub(super) reads: Histogram<u64>,
    /// Everything else.
    pub(super) writes: Histogram<u64>,
    /// The longest operation of each round.
    pub(super) worst: Vec<u64>,
    /// The longest write in each part of the last round.
    pub(super) series: Vec<u64>,
}

impl Latency {
    /// The longest single operation of a round, on the median.
    pub(super) fn worst(&self) -> f64 {
        median(self.worst.iter().map(|&nanos| nanos as f64))
    }
}

/// One thread's clock, and what it measured.
struct Watch {
    reads: Histogram<u64>,
    writes: Histogram<u64>,
    series: Vec<u64>,
    last: Instant,
}

impl Watch {
    fn new() -> Self {
        Watch {
            reads: histogram(),
            writes: histogram(),
            series: vec![0; POINTS],
            last: Instant::now(),
        }
    }

    /// Ends the operation that began with the lap before.
    fn lap(&mut self, read: bool, part: usize) {
        let now = Instant::now();
        let nanos = (now - self.last).as_nanos() as u64;
        self.last = now;
        if read {
            self.reads.saturating_record(nanos);
        } else {
            self.writes.saturating_record(nanos);
            self.series[part] = self.series[part].max(nanos);
        }
    }

    fn merge(&mut self, other: &Watch) {
        let added = self.reads.add(&other.reads);
        added.expect("PANIC: bounds are the same");
        let added = self.writes.add(&other.writes);
        added.expect("PANIC: bounds are the same");
        for (all, &one) in self.series.iter_mut().zip(&other.series) {
            *all = one.max(*all);
        }
    }
}

fn histogram() -> Histogram<u64> {
    const MINUTE: u64 = 60_000_000_000;
    Histogram::new_with_bounds(1, MINUTE, 3).expect("PANIC: bounds are valid")
}

/// What the threads of one scenario do.
struct Scenario {
    name: String,
    prefill: Vec<u64>,
    /// Each thread's operations; all are run to their end.
    scripts: Vec<Vec<Step<u64>>>,
    /// What a further thread looks up until the others have finished.
    beside: Vec<u64>,
}

fn scenarios(cli: &Cli) -> [Scenario; 3] {
    let threads = cli.threads().into_iter().max().unwrap_or(1);
    [growth(cli.quick), churn(cli, threads), shrinking(cli.quick)]
}

/// One thread stores keys that are all new; another looks up what was there before, and what is coming.
fn growth(quick: bool) -> Scenario {
    let (size, before) = (if quick { 1 << 18 } else { 4_000_000 }, 1 << 12);
    let insert = |key| Step {
        key,
        kind: Kind::Insert,
    };
    let keys = shuffled::<u64>(before..before + size, 21);
    let mut dice = dice(22);
    let looked_up = (0..1 << 20).map(|n| match n % 2 {
        0 => u64::nth(dice.random_range(0..before)),
        _ => u64::nth(dice.random_range(before..before + size)),
    });
    Scenario {
        name: format!("growth to {size} keys, lookups beside"),
        beside: looked_up.collect(),
        prefill: shuffled(0..before, 23),
        scripts: vec![keys.into_iter().map(insert).collect()],
    }
}

/// One thread removes all keys but one in twenty, and stores one in twenty again; another looks keys up.
fn shrinking(quick: bool) -> Scenario {
    let size = if quick { 1 << 18 } else { 1_000_000 };
    let keys = shuffled::<u64>(0..size, 31);
    let mut steps = Vec::new();
    for (place, &key) in keys.iter().enumerate() {
        let kind = Kind::Remove;
        match place % 20 {
            18 => {}
            19 => {
                steps.push(Step { key, kind });
                let (key, kind) = (keys[place - 10], Kind::Insert);
                steps.push(Step { key, kind });
            }
            _ => steps.push(Step { key, kind }),
        }
    }
    let mut dice = dice(32);
    let looked_up = (0..1 << 20).map(|_| u64::nth(dice.random_range(0..size)));
    Scenario {
        name: format!("shrinking from {size} keys, lookups beside"),
        beside: looked_up.collect(),
        prefill: shuffled(0..size, 33),
        scripts: vec![steps],
    }
}

fn churn(cli: &Cli, threads: usize) -> Scenario {
    let size = if cli.quick { 1 << 16 } else { 1 << 20 };
    let effort = cli.effort();
    let plan = churn_plan::<u64>(
        Cell {
            size,
            threads,
            effort,
        },
        90,
    );
    let steps = |script: &Script<u64>| match script {
        Script::Steps(steps) => steps.to_vec(),
        Script::Gets { .. } | Script::Iterate(_) => Vec::new(),
    };
    Scenario {
        name: format!("churn of {size} keys, {threads} threads"),
        prefill: plan.prefill.to_vec(),
        scripts: plan.scripts.iter().map(steps).collect(),
        beside: Vec::new(),
    }
}

/// A map's name, and how it runs a scenario.
type Run = (&'static str, fn(&Scenario) -> Watch);

fn subjects() -> [Run; 7] {
    fn run<M: Subject<u64>>() -> Run {
        (M::NAME, play::<M>)
    }
    [
        run::<Splitmap<u64>>(),
        run::<Papaya<u64>>(),
        run::<SccIndex<u64>>(),
        run::<SccMap<u64>>(),
        run::<Dashmap<u64>>(),
        run::<Flurry<u64>>(),
        run::<RwLocked<u64>>(),
    ]
}

/// Runs all scenarios on every map that is asked for, in interleaved rounds.
pub(super) fn measure(cli: &Cli) -> Vec<Latency> {
    let subjects: Vec<_> = subjects()
        .into_iter()
        .filter(|(name, _)| cli.admits(name))
        .collect();
    let rounds = cli.rounds().div_ceil(2);
    let scenarios = scenarios(cli);
    let progress = Progress::new(scenarios.len() * rounds * subjects.len());
    let mut all = Vec::new();
    for scenario in scenarios {
        let mut measured: Vec<_> = subjects
            .iter()
            .map(|&(subject, _)| Latency {
                scenario: scenario.name.clone(),
                subject,
                reads: histogram(),
                writes: histogram(),
                worst: Vec::new(),
                series: Vec::new(),
            })
            .collect();
        for round in 0..rounds {
            for turn in 0..subjects.len() {
                let turn = (turn + round) % subjects.len();
                progress.tell(&scenario.name, subjects[turn].0);
                let watch = (subjects[turn].1)(&scenario);
                note(&mut measured[turn], watch);
                progress.step();
            }
        }
        all.extend(measured);
    }
    all
}

fn note(latency: &mut Latency, watch: Watch) {
    latency
        .worst
        .push(watch.reads.max().max(watch.writes.max()));
    let added = latency.reads.add(&watch.reads);
    added.expect("PANIC: bounds are the same");
    let added = latency.writes.add(&watch.writes);
    added.expect("PANIC: bounds are the same");
    latency.series = watch.series;
}

fn play<M: Subject<u64>>(scenario: &Scenario) -> Watch {
    let map = M::with_capacity(0);
    for &key in &scenario.prefill {
        map.insert(key, key.value());
    }
    map.settle();
    let done = AtomicBool::new(false);
    let beside = usize::from(!scenario.beside.is_empty());
    let start = Start::of(scenario.scripts.len() + beside);
    let (map, done, start) = (&map, &done, &start);
    thread::scope(|scope| {
        let reader = (beside > 0).then(|| {
            scope.spawn(move || {
                start.wait();
                look_up(map, &scenario.beside, done)
            })
        });
        let writers: Vec<_> = scenario
            .scripts
            .iter()
            .map(|steps| {
                scope.spawn(move || {
                    start.wait();
                    step_through(map, steps)
                })
            })
            .collect();
        let mut all = Watch::new();
        let mut tally = Tally::default();
        for writer in writers {
            let (watch, part) = writer.join().expect("no thread panics");
            all.merge(&watch);
            tally += part;
        }
        // ORDERING: Relaxed, a request to stop; joining orders what follows.
        done.store(true, Relaxed);
        if let Some(reader) = reader {
            all.merge(&reader.join().expect("no thread panics"));
        }
        let left = scenario.prefill.len() as i64 + tally.growth();
        assert_eq!(map.len() as i64, left, "{}: entries left", M::NAME);
        all
    })
}

fn step_through<M: Subject<u64>>(map: &M, steps: &[Step<u64>]) -> (Watch, Tally) {
    let (mut watch, mut tally) = (Watch::new(), Tally::default());
    for (place, step) in steps.iter().enumerate() {
        play_step(map, step, &mut tally);
        watch.lap(step.kind == Kind::Get, place * POINTS / steps.len());
    }
    (watch, tally)
}

fn look_up<M: Subject<u64>>(map: &M, keys: &[u64], done: &AtomicBool) -> Watch {
    let mut watch = Watch::new();
    for key in keys.iter().cycle() {
        if let Some(value) = map.get(key) {
            assert_eq!(value, key.value(), "{}: value", M::NAME);
        }
        watch.lap(true, 0);
        // ORDERING: Relaxed, see `play`.
        if done.load(Relaxed) {
            break;
        }
    }
    watch
}
