//! Runs the workloads that are asked for, at every size and number of threads.

use super::cli::Cli;
use super::progress::Progress;
use crate::rounds::{Figure, Session};
use crate::workload::{Cell, KeyType, Workload};

/// What all subjects did in one workload, at one size and number of threads.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) workload: String,
    pub(super) keys: KeyType,
    /// Keys in the map, if that can be chosen.
    pub(super) size: Option<usize>,
    pub(super) threads: usize,
    pub(super) figures: Vec<Figure>,
}

impl Row {
    pub(super) fn figure(&self, subject: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.subject == subject)
    }

    /// The fastest of those that `admits` names.
    pub(super) fn fastest(&self, admits: impl Fn(&str) -> bool) -> Option<&Figure> {
        let admitted = self.figures.iter().filter(|figure| admits(figure.subject));
        admitted.min_by(|a, b| a.nanos().total_cmp(&b.nanos()))
    }
}

/// Every cell in which `workload` is run.
pub(super) fn cells(cli: &Cli, workload: &Workload) -> Vec<Cell> {
    let sizes = cli.sizes();
    let sizes = if workload.sized {
        &sizes[..]
    } else {
        &sizes[..1]
    };
    let cell = |size| {
        let threads = cli.threads().into_iter();
        threads.map(move |threads| Cell {
            size,
            threads,
            effort: cli.effort(),
        })
    };
    sizes.iter().flat_map(|&size| cell(size)).collect()
}

/// Runs all of `workloads`; `done` sees every row as soon as it is there.
pub(super) fn measure(cli: &Cli, workloads: &[Workload], done: &mut dyn FnMut(&Row)) -> Vec<Row> {
    let runs: Vec<_> = workloads
        .iter()
        .flat_map(|workload| {
            cells(cli, workload)
                .into_iter()
                .map(move |cell| (workload, cell))
        })
        .collect();
    let progress = Progress::new(runs.len());
    let mut rows = Vec::with_capacity(runs.len());
    for (workload, cell) in runs {
        let row = measure_one(cli, workload, cell, &progress);
        progress.hidden(|| done(&row));
        rows.push(row);
        progress.step();
    }
    rows
}

/// Runs one cell.
pub(super) fn measure_one(cli: &Cli, workload: &Workload, cell: Cell, progress: &Progress) -> Row {
    let size = workload.sized.then_some(cell.size);
    let what = format!("{workload:?}, {} keys, {} threads", cell.size, cell.threads);
    progress.tell(&what, "drawing keys");
    let plan = workload.plan(cell);
    let mut session = Session::new(&plan, &|subject| cli.admits(subject));
    drop(plan);
    for round in 0..cli.rounds() {
        session.round(round, &mut |subject| progress.tell(&what, subject));
    }
    Row {
        workload: workload.name.clone(),
        keys: workload.keys,
        size,
        threads: cell.threads,
        figures: session.take_figures(),
    }
}
