//! The replay itself: worker threads, one map.

use std::panic;
use std::sync::{Arc, RwLock};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use foldhash::fast::RandomState;
use splitmap::{Stats, SyncMap};

use super::cli::{Deal, Plan};
use super::deal::{Share, deal};
use super::meta::Meta;
use super::progress::Progress;
use super::stopwatch::{Lap, Latency, Stopwatch};
use super::tally::Tally;
use super::trace::{Key, Kind, Op, Trace};

pub(crate) type Cache<K> = SyncMap<K, Arc<Meta>, RandomState>;

/// What a replay leaves behind.
pub(crate) struct Outcome<K> {
    pub(crate) cache: Cache<K>,
    pub(crate) tally: Tally,
    pub(crate) latency: Latency,
    /// From the first thread's start to the last one's end.
    pub(crate) elapsed: Duration,
    /// The map's own account, taken before anything else looks into it.
    pub(crate) stats: Stats,
}

/// Runs `trace` as `plan` says. Fails if the machine refuses that many threads.
pub(crate) fn replay<K: Key>(
    trace: &Trace<K>,
    plan: &Plan,
    progress: &Progress,
) -> Result<Outcome<K>, String> {
    let cache = Cache::with_hasher(RandomState::default());
    let shares = deal(trace, plan);
    // Held shut until all threads are there, so that none runs alone; opened on `false` if one is
    // refused, so that those which are there go home.
    let gate = RwLock::new(false);
    let workers = thread::scope(|scope| {
        let mut shut = gate.write().expect("PANIC: no holder of the gate panics");
        let mut handles = Vec::with_capacity(shares.len());
        let mut refused = None;
        for (thread, share) in shares.iter().enumerate() {
            let (cache, gate) = (&cache, &gate);
            let work = move || {
                let open = *gate.read().expect("PANIC: no holder of the gate panics");
                open.then(|| Worker::new(cache, trace, plan, thread).run(share, progress))
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    refused = Some(format!("cannot start thread {}: {error}", thread + 1));
                    break;
                }
            }
        }
        *shut = refused.is_none();
        drop(shut);
        progress.watch(|| handles.iter().all(ScopedJoinHandle::is_finished));
        let workers: Vec<_> = handles.into_iter().filter_map(join).collect();
        refused.map_or(Ok(workers), Err)
    })?;
    Ok(Outcome::gather(cache, &workers))
}

fn join<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle
        .join()
        .unwrap_or_else(|cause| panic::resume_unwind(cause))
}

impl<K: Key> Outcome<K> {
    fn gather(cache: Cache<K>, workers: &[(Tally, Stopwatch)]) -> Self {
        let (mut tally, mut latency) = (Tally::default(), Latency::default());
        for (part, watch) in workers {
            tally.merge(part);
            latency.merge(&watch.latency);
        }
        let began = workers.iter().map(|(_, watch)| watch.began).min();
        let ended = workers.iter().map(|(_, watch)| watch.ended).max();
        Outcome {
            stats: cache.stats(),
            cache,
            tally,
            latency,
            elapsed: began.zip(ended).map_or(Duration::ZERO, |(a, b)| b - a),
        }
    }
}

/// One thread's part of a replay.
struct Worker<'a, K> {
    cache: &'a Cache<K>,
    trace: &'a Trace<K>,
    plan: &'a Plan,
    thread: usize,
    tally: Tally,
}

impl<'a, K: Key> Worker<'a, K> {
    fn new(cache: &'a Cache<K>, trace: &'a Trace<K>, plan: &'a Plan, thread: usize) -> Self {
        let tally = Tally::default();
        Worker {
            cache,
            trace,
            plan,
            thread,
            tally,
        }
    }

    fn run(mut self, share: &Share, progress: &Progress) -> (Tally, Stopwatch) {
        let len = self.trace.ops.len();
        let mut done = 0;
        let mut watch = Stopwatch::start();
        for pass in 0..self.plan.passes {
            let base = self.first_tick(pass);
            share.for_each(len, |index| {
                let lap = self.step(self.trace.ops[index], base + index as u64);
                watch.lap(lap);
                done += 1;
                progress.note(self.thread, done);
            });
        }
        (self.tally, watch)
    }

    /// Ticks are dealt so that no two operations share one, and so that a tick tells its operation.
    fn first_tick(&self, pass: u32) -> u64 {
        let round = match self.plan.deal {
            Deal::Key => u64::from(pass),
            Deal::Offset => self.thread as u64 * u64::from(self.plan.passes) + u64::from(pass),
        };
        round * self.trace.ops.len() as u64
    }

    fn step(&mut self, op: Op, tick: u64) -> Lap {
        let key = &self.trace.keys[op.key as usize];
        match op.kind {
            Kind::Get => self.get(key, op, tick),
            Kind::Set => {
                let value = Arc::new(Meta::stored_by(op, tick));
                let old = self.cache.insert(key.clone(), Arc::clone(&value));
                self.tally
                    .set(tick, &value, old.as_deref().map(|old| &**old));
                Lap::Set
            }
            Kind::Del => {
                let old = self.cache.remove(key);
                self.tally
                    .del(op.key, tick, old.as_deref().map(|old| &**old));
                Lap::Del
            }
        }
    }

    fn get(&mut self, key: &K, op: Op, tick: u64) -> Lap {
        if let Some(value) = self.cache.get(key) {
            self.tally.hit(op.key, tick, &value);
            return Lap::GetHit;
        }
        self.tally.miss();
        if self.plan.fills {
            let value = Arc::new(Meta::stored_by(op, tick));
            match self.cache.try_insert(key.clone(), value) {
                Ok(value) => self.tally.fill(&value),
                Err(_) => self.tally.late_fill(),
            }
        }
        Lap::GetMiss
    }
}
