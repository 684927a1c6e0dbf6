//! What was promised, and whether it holds.
//!
//! A bound is on the ratio of splitmap's time to that of a peer, the fastest where none is named. Peers are
//! the concurrent maps; the lock over one map and the map without a lock are shown but bind nothing.

use std::fmt;

use super::latency::Latency;
use super::memory::Memory;
use super::table::short;
use super::throughput::Row;
use crate::rounds::{Figure, ratio};
use crate::workload::{KeyType, Workload, traces::Locks};

const OURS: &str = "splitmap";
const PEERS: [&str; 5] = [
    "papaya",
    "scc HashIndex",
    "scc HashMap",
    "dashmap",
    "flurry",
];
const LOCK_FREE: [&str; 3] = ["papaya", "scc HashIndex", "flurry"];

/// One promise, with what was measured.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) what: String,
    /// Against whom.
    pub(super) against: String,
    pub(super) measured: f64,
    /// At most so much.
    pub(super) bound: f64,
}

impl Line {
    pub(super) fn holds(&self) -> bool {
        self.measured <= self.bound
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "PASS" } else { "FAIL" };
        let Line {
            what,
            against,
            measured,
            bound,
        } = self;
        write!(
            f,
            "{verdict}  {measured:>8.3} <= {bound:<6.3}  {what}: {against}"
        )
    }
}

/// The workloads that bounds are about.
pub(super) fn concerns(workload: &Workload) -> bool {
    let name = workload.name.as_str();
    let numbers = ["hits", "misses-beside-dirty", "insert-unique"].contains(&name)
        || name.starts_with("update-")
        || name.starts_with("churn-");
    numbers && workload.keys == KeyType::Numbers || is_replay(name)
}

fn is_replay(name: &str) -> bool {
    name.starts_with("trace-") && !name.ends_with("-lru")
}

/// What `row` says about the bounds on its workload.
pub(super) fn judge(row: &Row, go: Option<Locks>) -> Vec<Line> {
    let name = row.workload.as_str();
    if is_replay(name) {
        return judge_trace(row, go);
    }
    if row.keys != KeyType::Numbers {
        return Vec::new();
    }
    let size = row.size.unwrap_or(0);
    match name {
        "hits" => judge_lookups(row, size),
        "misses-beside-dirty" => {
            let mut lines = judge_lookups(row, size);
            lines.extend(locked(row, 0.0, "operations in 1000 that lock"));
            lines
        }
        "insert-unique" if row.threads == 2 => fastest(row, &PEERS, 1.3),
        _ if name.starts_with("update-") => fastest(row, &PEERS, 1.0),
        _ if name.starts_with("churn-") => {
            let mut lines = fastest(row, &["papaya", "flurry"], 1.0);
            lines.extend(fastest(row, &PEERS, 1.2));
            lines
        }
        _ => Vec::new(),
    }
}

fn judge_lookups(row: &Row, size: usize) -> Vec<Line> {
    match size {
        0..=0x8000 => fastest(row, &PEERS, 0.5),
        0x8001..=0x8_0000 => fastest(row, &PEERS, 0.75),
        _ => {
            let mut lines = fastest(row, &LOCK_FREE, 0.8);
            if row.threads == 2 {
                lines.extend(fastest(row, &["dashmap"], 1.0));
            }
            lines
        }
    }
}

fn judge_trace(row: &Row, go: Option<Locks>) -> Vec<Line> {
    let Some(go) = go.filter(|go| go.settles) else {
        return Vec::new();
    };
    let mut lines = fastest(row, &PEERS, 1.0);
    let what = "operations in 1000 that lock, a tenth of Go's";
    lines.extend(locked(row, 100.0 * go.whole, what));
    lines
}

fn label(row: &Row) -> String {
    let size = row
        .size
        .map_or(String::new(), |size| format!(" {}", short(size)));
    format!("{}{size}, {} threads", row.workload, row.threads)
}

/// The ratio to the fastest of `peers`.
fn fastest(row: &Row, peers: &[&str], bound: f64) -> Vec<Line> {
    let fastest = row.fastest(|subject| peers.contains(&subject));
    let line = |(ours, peer): (&Figure, &Figure)| Line {
        what: label(row),
        against: format!("time of {}", peer.subject),
        measured: ratio(ours, peer),
        bound,
    };
    row.figure(OURS)
        .zip(fastest)
        .map(line)
        .into_iter()
        .collect()
}

fn locked(row: &Row, bound: f64, against: &str) -> Option<Line> {
    let measured = row.figure(OURS)?.locked()?;
    Some(Line {
        what: label(row),
        against: against.to_owned(),
        measured,
        bound,
    })
}

/// The longest single operation must be shorter than the best peer's.
pub(super) fn judge_latency(all: &[Latency]) -> Vec<Line> {
    let ours = all.iter().filter(|latency| latency.subject == OURS);
    let line = |ours: &Latency| {
        let peers = all
            .iter()
            .filter(|peer| peer.scenario == ours.scenario && PEERS.contains(&peer.subject));
        let best = peers.min_by(|a, b| a.worst().total_cmp(&b.worst()))?;
        Some(Line {
            what: format!("longest operation, {}", ours.scenario),
            against: format!("that of {}", best.subject),
            measured: ours.worst() / best.worst(),
            bound: 1.0,
        })
    };
    ours.filter_map(line).collect()
}

/// Bytes an entry.
pub(super) fn judge_memory(all: &[Memory]) -> Vec<Line> {
    let of = |name| all.iter().find(|memory| memory.subject == name);
    let line = |(ours, papaya): (&Memory, &Memory)| Line {
        what: format!("bytes an entry at {}", short(ours.entries)),
        against: "those of papaya".to_owned(),
        measured: ours.taken / papaya.taken,
        bound: 1.2,
    };
    of(OURS).zip(of("papaya")).map(line).into_iter().collect()
}
