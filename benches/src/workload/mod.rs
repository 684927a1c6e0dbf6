//! The catalogue: every workload builds a [`Plan`], which is what one run consists of.
//!
//! | file        | what                                                                          |
//! |-------------|-------------------------------------------------------------------------------|
//! | `reads`     | hits, misses on a settled map, misses while new keys wait, one hot key          |
//! | `updates`   | get and update of present keys, by closure and by replacement                   |
//! | `churn`     | keys that come and go: from a bounded set, and never seen before                |
//! | `inserts`   | unique keys into an empty map                                                   |
//! | `bustle`    | conc-map-bench's three mixes with bustle's key scheme                           |
//! | `ycsb`      | YCSB A to D and F                                                               |
//! | `gomap`     | the benchmarks of Go's `sync.Map`                                               |
//! | `scan`      | iteration                                                                       |
//! | `twitter`   | generators after the statistics of Twitter's cache clusters                     |
//! | `traces`    | replay of recorded accesses                                                     |

mod bustle;
mod churn;
mod gomap;
mod inserts;
mod reads;
mod scan;
pub mod traces;
mod twitter;
mod updates;
mod ycsb;

use std::fmt;
use std::sync::Arc;

pub use self::churn::churn as churn_plan;

use crate::key::{Key, shuffled};
use crate::script::{Kind, Script, Step};

/// How much of a workload one run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Pure lookups, per thread.
    pub gets: usize,
    /// Steps of a mix, all threads together.
    pub steps: usize,
}

impl Effort {
    /// Enough for figures to be recorded.
    pub const FULL: Effort = Effort {
        gets: 1 << 22,
        steps: 1 << 20,
    };
    /// Enough to see that nothing is broken, and roughly where things are.
    pub const QUICK: Effort = Effort {
        gets: 1 << 20,
        steps: 1 << 17,
    };
}

/// What a plan is built for.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Keys in the map, for workloads of which that can be chosen.
    pub size: usize,
    /// Threads that use it.
    pub threads: usize,
    /// How much they do.
    pub effort: Effort,
}

impl Cell {
    /// Each thread's number, with the number of threads.
    fn each_thread(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.threads).map(move |thread| (thread, self.threads))
    }

    /// The steps that fall to one thread.
    fn steps_each(self) -> usize {
        self.effort.steps / self.threads
    }

    /// Draws that are walked round and round: all of a large map, and too many to learn by heart.
    fn draws(self) -> usize {
        self.size.max(1 << 16)
    }
}

/// What must come out of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exactly what one thread gets that plays the scripts one after the other.
    Exact,
    /// What the interleaving makes of it; only that nothing is lost can be checked.
    Raced,
}

/// All that is needed to run one workload on any subject.
#[derive(Clone, Debug)]
pub struct Plan<K> {
    /// Keys that are in the map before the clock starts.
    pub prefill: Arc<[K]>,
    /// Room that the map is asked for when it is built.
    pub capacity: usize,
    /// Whether the map is settled after it is filled.
    pub settled: bool,
    /// Keys stored after that, and stored again before every round.
    pub waiting: Arc<[K]>,
    /// One script a thread.
    pub scripts: Vec<Script<K>>,
    /// Equal maps that the scripts are played on one after the other in a round.
    pub copies: usize,
    /// What must come out.
    pub outcome: Outcome,
}

impl<K: Key> Plan<K> {
    /// A settled map of `prefill`, on which each of `scripts` runs once.
    fn settled(prefill: Vec<K>, scripts: impl Iterator<Item = Script<K>>) -> Self {
        Plan {
            prefill: prefill.into(),
            capacity: 0,
            settled: true,
            waiting: Arc::new([]),
            scripts: scripts.collect(),
            copies: 1,
            outcome: Outcome::Exact,
        }
    }

    /// A new map without a key.
    fn empty(scripts: impl Iterator<Item = Script<K>>) -> Self {
        Plan {
            settled: false,
            ..Plan::settled(Vec::new(), scripts)
        }
    }

    fn raced(self) -> Self {
        Plan {
            outcome: Outcome::Raced,
            ..self
        }
    }

    /// So many maps that a round takes a measurable time.
    fn repeated(self, ops: usize, cell: Cell) -> Self {
        let copies = (cell.effort.steps / ops.max(1)).clamp(1, 1024);
        Plan { copies, ..self }
    }

    /// Whether some thread removes all keys at once, so that entries cannot be accounted for.
    #[must_use]
    pub fn clears(&self) -> bool {
        self.scripts.iter().any(|script| match script {
            Script::Steps(steps) => steps.iter().any(|step| step.kind == Kind::Clear),
            Script::Gets { .. } | Script::Iterate(_) => false,
        })
    }

    /// Whether no thread writes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.scripts.iter().all(Script::is_read_only)
    }
}

/// A plan, in the type of keys that it was asked for.
#[derive(Clone, Debug)]
pub enum AnyPlan {
    /// Keys are numbers.
    Numbers(Plan<u64>),
    /// Keys are strings.
    Strings(Plan<String>),
}

/// The types of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `u64`.
    Numbers,
    /// `String`.
    Strings,
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyType::Numbers => u64::NAME,
            KeyType::Strings => String::NAME,
        })
    }
}

type Build = Box<dyn Fn(Cell) -> AnyPlan>;

/// An entry of the catalogue.
pub struct Workload {
    /// By which it is asked for, with the type of keys.
    pub name: String,
    /// The type of its keys.
    pub keys: KeyType,
    /// Whether the number of keys can be chosen.
    pub sized: bool,
    /// Whether `--quick` runs it.
    pub quick: bool,
    /// What Go's algorithm locks on it, if it is a trace.
    pub go_locks: Option<traces::Locks>,
    build: Build,
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.keys)
    }
}

impl Workload {
    /// A workload of numbers.
    pub fn numbers(name: impl Into<String>, build: impl Fn(Cell) -> Plan<u64> + 'static) -> Self {
        Workload {
            name: name.into(),
            keys: KeyType::Numbers,
            sized: true,
            quick: true,
            go_locks: None,
            build: Box::new(move |cell| AnyPlan::Numbers(build(cell))),
        }
    }

    /// A workload of strings.
    pub fn strings(
        name: impl Into<String>,
        build: impl Fn(Cell) -> Plan<String> + 'static,
    ) -> Self {
        Workload {
            name: name.into(),
            keys: KeyType::Strings,
            sized: true,
            quick: true,
            go_locks: None,
            build: Box::new(move |cell| AnyPlan::Strings(build(cell))),
        }
    }

    /// One whose number of keys follows from what it is.
    #[must_use]
    pub fn own_size(self) -> Self {
        Workload {
            sized: false,
            ..self
        }
    }

    fn with_go_locks(self, locks: traces::Locks) -> Self {
        Workload {
            go_locks: Some(locks),
            ..self
        }
    }

    /// One that `--quick` leaves out.
    #[must_use]
    pub fn slow(self) -> Self {
        Workload {
            quick: false,
            ..self
        }
    }

    /// Draws everything that one run needs.
    #[must_use]
    pub fn plan(&self, cell: Cell) -> AnyPlan {
        (self.build)(cell)
    }
}

/// Every workload that needs no file.
#[must_use]
pub fn catalogue() -> Vec<Workload> {
    let mut all = Vec::new();
    reads::list(&mut all);
    updates::list(&mut all);
    churn::list(&mut all);
    inserts::list(&mut all);
    bustle::list(&mut all);
    ycsb::list(&mut all);
    gomap::list(&mut all);
    scan::list(&mut all);
    twitter::list(&mut all);
    all
}

/// The first `size` keys, in random order.
fn present<K: Key>(size: usize) -> Vec<K> {
    shuffled(0..size as u64, 1)
}

/// A script of `count` steps, each made by `next`.
fn steps<K>(count: usize, mut next: impl FnMut() -> (Kind, K)) -> Script<K> {
    let steps = (0..count).map(|_| {
        let (kind, key) = next();
        Step { key, kind }
    });
    Script::Steps(steps.collect())
}
