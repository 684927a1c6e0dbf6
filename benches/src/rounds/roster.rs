//! All subjects, and the order in which they run.

use std::sync::Arc;

use super::{Contender, Figure, Referee, Seat};
use crate::key::Key;
use crate::subject::{
    Alone, Dashmap, Flurry, Papaya, RwLocked, SccIndex, SccMap, Splitmap, Subject,
};
use crate::workload::{AnyPlan, Plan};

/// The subjects' names, in the order in which they are shown.
pub const SUBJECTS: [&str; 8] = [
    "splitmap",
    "papaya",
    "scc HashIndex",
    "scc HashMap",
    "dashmap",
    "flurry",
    "RwLock",
    "hashbrown alone",
];

/// Runs `plan` in so many rounds on every subject that `admits` names; `told` hears of each that ran.
pub fn run(
    plan: AnyPlan,
    rounds: usize,
    admits: &dyn Fn(&str) -> bool,
    told: &mut dyn FnMut(&str),
) -> Vec<Figure> {
    match plan {
        AnyPlan::Numbers(plan) => run_typed(plan, rounds, admits, told),
        AnyPlan::Strings(plan) => run_typed(plan, rounds, admits, told),
    }
}

fn run_typed<K: Key>(
    plan: Plan<K>,
    rounds: usize,
    admits: &dyn Fn(&str) -> bool,
    told: &mut dyn FnMut(&str),
) -> Vec<Figure> {
    let plan = Arc::new(plan);
    let mut seats: Vec<_> = seats(&plan)
        .into_iter()
        .filter(|seat| admits(seat.name()))
        .collect();
    let threads = plan.scripts.len();
    let names = seats.iter().map(|seat| seat.name());
    let mut figures: Vec<_> = names.map(|name| Figure::new(name, threads)).collect();
    let mut referee = Referee::new(&plan);
    for round in 0..rounds {
        let expected = referee.expect(round);
        for turn in 0..seats.len() {
            let turn = (turn + round) % seats.len();
            told(seats[turn].name());
            let sample = seats[turn].round(round, expected.as_ref());
            figures[turn].samples.push(sample);
        }
    }
    figures
}

/// A seat for every subject that can be put through `plan`.
fn seats<K: Key>(plan: &Arc<Plan<K>>) -> Vec<Box<dyn Contender>> {
    let seats = [
        seat::<K, Splitmap<K>>(plan),
        seat::<K, Papaya<K>>(plan),
        seat::<K, SccIndex<K>>(plan),
        seat::<K, SccMap<K>>(plan),
        seat::<K, Dashmap<K>>(plan),
        seat::<K, Flurry<K>>(plan),
        seat::<K, RwLocked<K>>(plan),
        seat::<K, Alone<K>>(plan),
    ];
    seats.into_iter().flatten().collect()
}

fn seat<K: Key, M: Subject<K>>(plan: &Arc<Plan<K>>) -> Option<Box<dyn Contender>> {
    let seat = Seat::<K, M>::new(plan)?;
    Some(Box::new(seat))
}
