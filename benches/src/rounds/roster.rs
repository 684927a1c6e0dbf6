//! All subjects, and the order in which they run.

use std::sync::Arc;

use super::{Contender, Figure, Referee, Sample, Seat};
use crate::key::Key;
use crate::script::Tally;
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

/// The seats of one workload's subjects, and what they have done so far.
pub struct Session {
    seats: Vec<Box<dyn Contender>>,
    expect: Box<dyn FnMut(usize) -> Option<Tally>>,
    figures: Vec<Figure>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Session").field(&self.figures).finish()
    }
}

impl Session {
    /// Seats every subject that `admits` names and that can be put through `plan`.
    #[must_use]
    pub fn new(plan: &AnyPlan, admits: &dyn Fn(&str) -> bool) -> Self {
        match plan {
            AnyPlan::Numbers(plan) => Session::typed(plan, admits),
            AnyPlan::Strings(plan) => Session::typed(plan, admits),
        }
    }

    fn typed<K: Key>(plan: &Plan<K>, admits: &dyn Fn(&str) -> bool) -> Self {
        let plan = Arc::new(plan.clone());
        let mut seats = seats(&plan);
        seats.retain(|seat| admits(seat.name()));
        let threads = plan.scripts.len();
        let names = seats.iter().map(|seat| seat.name());
        let figures = names.map(|name| Figure::new(name, threads)).collect();
        let mut referee = Referee::new(&plan);
        Session {
            seats,
            expect: Box::new(move |round| referee.expect(round)),
            figures,
        }
    }

    /// Whether nobody is seated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Runs every subject once, in an order that differs from round to round; `told` hears of each.
    pub fn round(&mut self, round: usize, told: &mut dyn FnMut(&str)) {
        let expected = (self.expect)(round);
        let subjects = self.seats.len();
        for turn in 0..subjects {
            let turn = (turn + round) % subjects;
            let seat = &mut self.seats[turn];
            told(seat.name());
            let sample: Sample = seat.round(round, expected.as_ref());
            self.figures[turn].samples.push(sample);
        }
    }

    /// What has been measured since this was last asked for.
    pub fn take_figures(&mut self) -> Vec<Figure> {
        let empty = |figure: &Figure| Figure::new(figure.subject, figure.threads);
        let empty = self.figures.iter().map(empty).collect();
        std::mem::replace(&mut self.figures, empty)
    }
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
