//! Checks what a replay left behind: invariants always, exact equality where dealing allows it.

use std::collections::HashMap;
use std::fmt::Debug;

use foldhash::fast::RandomState;

use super::cli::{Deal, Plan};
use super::meta::{Meta, can_store};
use super::replay::Outcome;
use super::report::grouped;
use super::tally::Tally;
use super::trace::{Key, Kind, Op, Trace};

/// Differences told one by one; of the rest only the number is.
const TOLD: usize = 10;

/// Says what was verified, or what differs.
pub(crate) fn check<K: Key>(
    trace: &Trace<K>,
    plan: &Plan,
    outcome: &Outcome<K>,
) -> Result<String, Vec<String>> {
    let mut found = Differences::default();
    let live = contents(trace, plan, outcome, &mut found);
    invariants(trace, plan, outcome, &live, &mut found);
    if plan.deal == Deal::Key {
        let reference = Reference::replay(trace, plan);
        reference.compare(trace, &outcome.tally, &live, &mut found);
    }
    found.or(|| verdict(plan, &outcome.tally, outcome.cache.len()))
}

fn verdict(plan: &Plan, tally: &Tally, live: usize) -> String {
    let live = grouped(live as u64);
    match plan.deal {
        Deal::Key => format!(
            "equal to std's HashMap on one thread: {} hits, {} misses, {} adds, {} replaces, {} \
             evicts, each with its value, and all {live} live entries",
            grouped(tally.hits),
            grouped(tally.misses),
            grouped(tally.adds),
            grouped(tally.replaces),
            grouped(tally.evicts),
        ),
        Deal::Offset => format!(
            "invariants: hits + misses = gets, adds + replaces = sets, no value under a foreign \
             key, {live} live entries = fills + adds - evicts, none twice, every value stored is \
             live or was removed once"
        ),
    }
}

#[derive(Default)]
struct Differences {
    told: Vec<String>,
    untold: usize,
}

impl Differences {
    fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.told.len() < TOLD {
            self.told.push(what());
        } else {
            self.untold += 1;
        }
    }

    fn unless_equal<T: PartialEq + Debug>(&mut self, what: &str, actual: &T, expected: &T) {
        if actual != expected {
            self.tell(|| format!("{what}: {actual:?}, expected {expected:?}"));
        }
    }

    fn or<T>(mut self, verdict: impl FnOnce() -> T) -> Result<T, Vec<String>> {
        if self.told.is_empty() {
            return Ok(verdict());
        }
        if self.untold > 0 {
            self.told
                .push(format!("and {} more differences", self.untold));
        }
        Err(self.told)
    }
}

/// The value live under each of the trace's keys, by iteration; `get` must agree with it.
fn contents<K: Key>(
    trace: &Trace<K>,
    plan: &Plan,
    outcome: &Outcome<K>,
    found: &mut Differences,
) -> Vec<Option<Meta>> {
    let mut live = vec![None; trace.keys.len()];
    let mut iterated = 0;
    for entry in outcome.cache.iter() {
        iterated += 1;
        let (key, value) = (entry.key(), Meta::clone(&entry));
        if !could_hold(trace, plan, key, &value) {
            found.tell(|| format!("{key:?} holds what no operation on it stored: {value:?}"));
        } else if let Some(other) = live[value.inode as usize].replace(value) {
            found.tell(|| format!("{key:?} is iterated twice, once with {other:?}"));
        }
    }
    found.unless_equal("len", &outcome.cache.len(), &iterated);
    for (key, value) in trace.keys.iter().zip(&live) {
        let got = outcome.cache.get(key).map(|value| Meta::clone(&value));
        if got != *value {
            found.tell(|| format!("{key:?}: get gives {got:?}, iteration {value:?}"));
        }
    }
    live
}

/// Whether some operation on `key` stored exactly this value.
fn could_hold<K: Key>(trace: &Trace<K>, plan: &Plan, key: &K, value: &Meta) -> bool {
    let op = trace.ops[(value.modified % trace.ops.len() as u64) as usize];
    let stored = can_store(op, plan.fills) && *value == Meta::stored_by(op, value.modified);
    stored && trace.keys[op.key as usize] == *key
}

fn invariants<K: Key>(
    trace: &Trace<K>,
    plan: &Plan,
    outcome: &Outcome<K>,
    live: &[Option<Meta>],
    found: &mut Differences,
) {
    let tally = &outcome.tally;
    let runs = match plan.deal {
        Deal::Key => u64::from(plan.passes),
        Deal::Offset => u64::from(plan.passes) * plan.threads as u64,
    };
    let expected = |kind| runs * trace.ops.iter().filter(|op| op.kind == kind).count() as u64;
    let gets = tally.hits + tally.misses;
    found.unless_equal("hits + misses", &gets, &expected(Kind::Get));
    let sets = tally.adds + tally.replaces;
    found.unless_equal("adds + replaces", &sets, &expected(Kind::Set));
    let dels = tally.evicts + tally.idle_dels;
    found.unless_equal("dels", &dels, &expected(Kind::Del));
    let fills = if plan.fills { tally.misses } else { 0 };
    found.unless_equal("fills", &(tally.fills + tally.late_fills), &fills);
    found.unless_equal("values under a foreign key", &tally.foreign, &0);
    let count = live.iter().flatten().count() as u64;
    found.unless_equal("live entries", &Some(count), &tally.live());
    let left = live
        .iter()
        .flatten()
        .fold(0, |sum, value| value.digest().wrapping_add(sum));
    found.unless_equal("digest of the live values", &left, &tally.left());
}

/// The same operations on one thread and std's map.
struct Reference {
    tally: Tally,
    live: Vec<Option<Meta>>,
}

impl Reference {
    fn replay<K: Key>(trace: &Trace<K>, plan: &Plan) -> Self {
        let mut tally = Tally::default();
        let mut map: HashMap<&K, Meta, RandomState> = HashMap::default();
        let mut tick = 0;
        for _ in 0..plan.passes {
            for op in &trace.ops {
                let key = &trace.keys[op.key as usize];
                step(&mut map, &mut tally, key, *op, tick, plan.fills);
                tick += 1;
            }
        }
        let live = trace.keys.iter().map(|key| map.remove(key)).collect();
        Reference { tally, live }
    }

    fn compare<K: Key>(
        &self,
        trace: &Trace<K>,
        tally: &Tally,
        live: &[Option<Meta>],
        found: &mut Differences,
    ) {
        for ((what, actual), (_, expected)) in tally.named().iter().zip(self.tally.named()) {
            found.unless_equal(what, actual, &expected);
        }
        for ((key, actual), expected) in trace.keys.iter().zip(live).zip(&self.live) {
            if actual != expected {
                found.tell(|| format!("{key:?}: {actual:?}, expected {expected:?}"));
            }
        }
    }
}

fn step<'t, K: Key>(
    map: &mut HashMap<&'t K, Meta, RandomState>,
    tally: &mut Tally,
    key: &'t K,
    op: Op,
    tick: u64,
    fills: bool,
) {
    match op.kind {
        Kind::Get => match map.get(key) {
            Some(value) => tally.hit(op.key, tick, value),
            None => {
                tally.miss();
                if fills {
                    let value = Meta::stored_by(op, tick);
                    tally.fill(&value);
                    map.insert(key, value);
                }
            }
        },
        Kind::Set => {
            let value = Meta::stored_by(op, tick);
            let old = map.insert(key, value.clone());
            tally.set(tick, &value, old.as_ref());
        }
        Kind::Del => tally.del(op.key, tick, map.remove(key).as_ref()),
    }
}

#[cfg(test)]
mod tests;
