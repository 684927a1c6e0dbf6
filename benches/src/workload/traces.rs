//! Replay of recorded accesses: real keys, in the order in which a real program asked for them.
//!
//! A trace that has keys only is a cache that is asked: what is absent is stored. Its accesses are dealt
//! to threads one by one, as a server's are. A trace that says what was done is taken at its word, and
//! dealt by key, so that each key's operations stay in order; where it is of a cache, a lookup that
//! misses still fills. `-lru` bounds the cache to a tenth of the trace's keys, by the rule that the key
//! unused for longest goes, so that fills and evictions never end.
//!
//! The map starts empty and unhinted, so that a replay includes the warm-up. Think time is left out: the
//! accesses follow each other as fast as the map allows.

mod go_model;
#[path = "../../../examples/shared_cache/input.rs"]
mod input;
mod lru;
#[path = "../../../examples/shared_cache/trace.rs"]
mod trace;

use std::fs;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::go_model::Locks;
use self::trace::{AnyTrace, Op, Trace};
use super::{Cell, Plan, Workload};
use crate::Hasher;
use crate::key::Key;
use crate::script::{Kind, Script, Step};

/// A share of a trace's keys that a bounded cache holds.
const BOUND: usize = 10;

/// The trace that comes with the crate.
#[must_use]
pub fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data")
}

/// The workloads of every trace in `dir`, and what Go's algorithm would lock on each.
///
/// # Errors
///
/// If `dir` cannot be read, or a file in it is not what its name says.
pub fn list(dir: &Path, all: &mut Vec<Workload>) -> Result<(), String> {
    let unreadable = |error| format!("{}: {error}", dir.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.retain(|path| stem(path).is_some());
    paths.sort();
    for path in &paths {
        list_one(path, all)?;
    }
    Ok(())
}

/// The name of the trace in `path`, if it is one.
fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".zst").unwrap_or(name);
    let (stem, format) = name.rsplit_once('.')?;
    ["u64", "ops", "str", "keys"]
        .contains(&format)
        .then_some(stem)
}

fn list_one(path: &Path, all: &mut Vec<Workload>) -> Result<(), String> {
    let name = stem(path).unwrap_or_default().to_owned();
    match trace::load(path)? {
        AnyTrace::Numbers(trace) => {
            let replay = Replay::new(&name, trace.keys, trace.ops);
            all.extend(replay.workloads(Workload::numbers));
        }
        AnyTrace::Strings(Trace { keys, ops }) => {
            let keys = keys.iter().map(|key| key.to_string()).collect();
            let replay = Replay::new(&name, keys, ops);
            all.extend(replay.workloads(Workload::strings));
        }
    }
    Ok(())
}

/// A trace, and how it is to be taken.
struct Replay<K> {
    name: String,
    keys: Vec<K>,
    ops: Vec<Op>,
    /// Whether a lookup that misses stores the key.
    fills: bool,
}

impl<K: Key> Replay<K> {
    fn new(name: &str, keys: Vec<K>, ops: Vec<Op>) -> Arc<Self> {
        let literal = name.ends_with("_sessions") || name.starts_with("malloc_");
        Arc::new(Replay {
            name: name.to_owned(),
            keys,
            ops,
            fills: !literal,
        })
    }

    fn workloads<W>(self: Arc<Self>, workload: W) -> Vec<Workload>
    where
        W: Fn(String, Box<dyn Fn(Cell) -> Plan<K>>) -> Workload,
    {
        let locks = Locks::of_go(&self.ops, self.keys.len(), self.fills);
        let whole = Arc::clone(&self);
        let name = format!("trace-{}", self.name);
        let mut all = vec![workload(name, Box::new(move |cell| whole.plan(cell)))];
        if self.is_keys_only() {
            let bounded = Arc::clone(&self);
            let name = format!("trace-{}-lru", self.name);
            all.push(workload(name, Box::new(move |cell| bounded.bounded(cell))).slow());
        }
        let own = all.into_iter().map(Workload::own_size);
        own.map(|workload| workload.with_go_locks(locks)).collect()
    }

    fn is_keys_only(&self) -> bool {
        self.fills && self.ops.iter().all(|op| op.kind == trace::Kind::Get)
    }

    /// As many operations as `cell` has the time for.
    fn ops(&self, cell: Cell) -> &[Op] {
        let steps = cell.effort.steps.saturating_mul(8);
        &self.ops[..self.ops.len().min(steps)]
    }

    fn plan(&self, cell: Cell) -> Plan<K> {
        let dealt = if self.is_keys_only() {
            self.deal(cell, |place, _| place % cell.threads)
        } else {
            self.deal_by_key(cell)
        };
        let scripts = dealt.into_iter().map(|ops| {
            let steps = ops.into_iter().map(|op| self.step(op));
            Script::Steps(steps.collect())
        });
        let plan = Plan::empty(scripts);
        if self.is_keys_only() {
            plan.raced()
        } else {
            plan
        }
    }

    fn deal(&self, cell: Cell, owner: impl Fn(usize, Op) -> usize) -> Vec<Vec<Op>> {
        let mut dealt = vec![Vec::new(); cell.threads];
        for (place, &op) in self.ops(cell).iter().enumerate() {
            dealt[owner(place, op)].push(op);
        }
        dealt
    }

    fn deal_by_key(&self, cell: Cell) -> Vec<Vec<Op>> {
        let hasher = Hasher::with_seed(1);
        self.deal(cell, |_, op| {
            (hasher.hash_one(op.key) % cell.threads as u64) as usize
        })
    }

    fn step(&self, op: Op) -> Step<K> {
        let kind = match op.kind {
            trace::Kind::Get if self.fills => Kind::Fill,
            trace::Kind::Get => Kind::Get,
            trace::Kind::Set => Kind::Insert,
            trace::Kind::Del => Kind::Remove,
        };
        self.step_on(kind, op.key)
    }

    fn step_on(&self, kind: Kind, key: u32) -> Step<K> {
        let key = self.keys[key as usize].clone();
        Step { key, kind }
    }

    /// Each thread keeps its share of the keys within its share of the bound.
    fn bounded(&self, cell: Cell) -> Plan<K> {
        let bound = (self.keys.len() / BOUND / cell.threads).max(1);
        let scripts = self.deal_by_key(cell).into_iter().map(|ops| {
            let mut lru = lru::Lru::new(bound, self.keys.len());
            let mut steps = Vec::with_capacity(ops.len());
            for op in ops {
                steps.push(self.step_on(Kind::Fill, op.key));
                if let Some(evicted) = lru.touch(op.key) {
                    steps.push(self.step_on(Kind::Remove, evicted));
                }
            }
            Script::Steps(steps.into())
        });
        Plan::empty(scripts)
    }
}
