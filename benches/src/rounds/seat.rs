//! One subject's place in a workload: builds its maps, runs a round, checks what came out.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::key::Key;
use crate::script::{Script, Tally};
use crate::start::Start;
use crate::subject::{RwLocked, Subject};
use crate::workload::{Outcome, Plan};

/// What one round measured.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the first thread's start to the last one's end.
    pub elapsed: Duration,
    /// Operations of all threads.
    pub ops: u64,
    /// Those of them that took the map's lock, if it counts them.
    pub locked: Option<u64>,
    /// Results that were not what they must be.
    pub wrong: u64,
}

impl Sample {
    /// Nanoseconds that an operation kept one of `threads` threads busy.
    #[must_use]
    pub fn nanos(&self, threads: usize) -> f64 {
        self.elapsed.as_nanos() as f64 * threads as f64 / self.ops as f64
    }
}

/// A subject in its seat, whatever its type.
pub trait Contender {
    /// The subject's name.
    fn name(&self) -> &'static str;

    /// Runs one round, from which `expected` must come out.
    fn round(&mut self, round: usize, expected: Option<&Tally>) -> Sample;
}

/// One subject, and the workload that it is put through.
#[derive(Debug)]
pub struct Seat<K, M> {
    plan: Arc<Plan<K>>,
    maps: Vec<M>,
}

impl<K: Key, M: Subject<K>> Seat<K, M> {
    /// An empty seat, if the subject can be put through `plan` at all.
    #[must_use]
    pub fn new(plan: &Arc<Plan<K>>) -> Option<Self> {
        let plan = Arc::clone(plan);
        let maps = Vec::new();
        (M::SHARED || !writes_shared(&plan)).then_some(Seat { plan, maps })
    }

    /// Brings the maps into the state in which a round begins.
    fn prepare(&mut self) {
        if self.maps.is_empty() {
            self.maps = (0..self.plan.copies).map(|_| filled(&self.plan)).collect();
        }
        let waiting = &self.plan.waiting;
        for map in self.maps.iter().filter(|_| !waiting.is_empty()) {
            for key in waiting.iter() {
                map.remove(key);
            }
            map.settle();
            for key in waiting.iter() {
                map.insert(key.clone(), key.value());
            }
        }
    }

    fn locked(&self) -> Option<u64> {
        self.maps.iter().map(M::locked_ops).sum()
    }

    fn len(&self) -> i64 {
        self.maps.iter().map(|map| map.len() as i64).sum()
    }
}

impl<K: Key, M: Subject<K>> Contender for Seat<K, M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn round(&mut self, round: usize, expected: Option<&Tally>) -> Sample {
        self.prepare();
        let (entries, locked) = (self.len(), self.locked());
        let (tally, elapsed) = play(&self.plan, &self.maps, round);
        let locked = self
            .locked()
            .zip(locked)
            .map(|(after, before)| after - before);
        let wrong = expected.map_or(0, |expected| tally.differs(expected));
        // Of a peer it is a finding, and goes into the report.
        assert!(
            wrong == 0 || !M::OURS,
            "{}: {tally:?}, not {expected:?}",
            M::NAME
        );
        if !self.plan.clears() {
            let left = entries + tally.growth();
            assert_eq!(self.len(), left, "{}: entries left", M::NAME);
        }
        if self.plan.copies > 1 || self.plan.clears() || tally.added + tally.removed > 0 {
            self.maps.clear();
        }
        Sample {
            elapsed,
            ops: tally.ops,
            locked,
            wrong,
        }
    }
}

/// Whether several threads use a map that is written to.
fn writes_shared<K: Key>(plan: &Plan<K>) -> bool {
    plan.scripts.len() > 1 && !(plan.is_read_only() && plan.waiting.is_empty())
}

/// The map that a round of `plan` begins with.
fn filled<K: Key, M: Subject<K>>(plan: &Plan<K>) -> M {
    let map = M::with_capacity(plan.capacity);
    for key in plan.prefill.iter() {
        map.insert(key.clone(), key.value());
    }
    if plan.settled {
        map.settle();
    }
    map
}

/// Runs every script on a thread of its own, all at once.
fn play<K: Key, M: Subject<K>>(plan: &Plan<K>, maps: &[M], round: usize) -> (Tally, Duration) {
    if plan.scripts.len() > 1 {
        maps.iter().for_each(M::share);
    }
    let together = Start::of(plan.scripts.len());
    let work = |script: &Script<K>| {
        // What a map keeps for each thread is there before the clock starts.
        for (map, key) in maps.iter().zip(plan.prefill.iter().cycle()) {
            map.get(key);
        }
        together.wait();
        let start = Instant::now();
        let mut tally = Tally::default();
        for map in maps {
            tally += script.play(map, round);
        }
        (tally, start, Instant::now())
    };
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = plan
            .scripts
            .iter()
            .map(|script| scope.spawn(move || work(script)))
            .collect();
        let parts = threads.into_iter().map(|thread| {
            let part = thread.join();
            part.unwrap_or_else(|cause| std::panic::resume_unwind(cause))
        });
        let all = parts.reduce(|(mut tally, start, end), (part, began, ended)| {
            tally += part;
            (tally, start.min(began), end.max(ended))
        });
        let (tally, start, end) = all.expect("PANIC: every plan has a script");
        (tally, end - start)
    })
}

/// Says what must come out of a round.
#[derive(Debug)]
pub struct Referee<K> {
    plan: Arc<Plan<K>>,
    map: RwLocked<K>,
    first: Option<Tally>,
}

impl<K: Key> Referee<K> {
    /// One for `plan`.
    #[must_use]
    pub fn new(plan: &Arc<Plan<K>>) -> Self {
        let plan = Arc::clone(plan);
        let map = filled(&plan);
        let first = None;
        Referee { plan, map, first }
    }

    /// What comes out if one thread plays all scripts, one after the other; `None` if threads that play
    /// them at once may get something else.
    pub fn expect(&mut self, round: usize) -> Option<Tally> {
        if self.plan.outcome == Outcome::Raced {
            return None;
        }
        if !self.plan.is_read_only() && self.first.is_some() {
            return self.first;
        }
        let mut once = Tally::default();
        for script in &self.plan.scripts {
            once += script.play(&self.map, round);
        }
        let mut all = Tally::default();
        (0..self.plan.copies).for_each(|_| all += once);
        self.first = Some(all);
        self.first
    }
}
