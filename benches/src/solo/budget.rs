//! The program that holds the bucket map's ratios against what was promised.
//!
//! Ratios are to hashbrown, medians over interleaved rounds. What has no bound is shown all the same.

use std::process::ExitCode;

use clap::Parser;
use hdrhistogram::Histogram;

use super::job::{Keys, Operation, contenders};
use super::worst::{self, Latencies};
use crate::key::Key;
use crate::rounds::{Figure, ratio};
use crate::say::say;

/// How many times shorter the worst insertion must be.
const WORST: f64 = 50.0;

/// Hold the bucket map's speed beside hashbrown's against its budget.
#[derive(Debug, Parser)]
#[command(name = "bucket_budget")]
struct Cli {
    /// Rounds, of which the median counts [default: 15, or 3 with --quick]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,

    /// A few rounds; growth to 256k instead of 4M
    #[arg(long)]
    quick: bool,

    /// Growth only
    #[arg(long)]
    growth: bool,
}

/// Runs the program; the exit code is 1 if a bound is missed.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let rounds = cli.rounds.unwrap_or(if cli.quick { 3 } else { 15 }).max(1);
    let mut missed = 0;
    if !cli.growth {
        say("operation  keys     entries  BucketMap  hashbrown        std    ratio  budget");
        for size in [1 << 10, 1 << 16, 1 << 20] {
            missed += table::<u64>(size, rounds, bound);
        }
        for size in [1 << 10, 1 << 16, 1 << 20] {
            missed += table::<String>(size, rounds, |_, _| None);
        }
    }
    let growth = if cli.quick { 1 << 18 } else { 4_000_000 };
    missed += growth_table(&worst::measure(growth, rounds.div_ceil(3)), growth);
    say(match missed {
        0 => "all bounds hold".to_owned(),
        n => format!("{n} bounds missed"),
    });
    ExitCode::from(u8::from(missed > 0))
}

/// The time of an operation on numbers, at most, as a multiple of hashbrown's.
fn bound(operation: Operation, size: usize) -> Option<f64> {
    match operation {
        Operation::Hit | Operation::Miss if size <= 1 << 16 => Some(1.3),
        Operation::Hit | Operation::Miss => Some(1.6),
        Operation::Insert | Operation::Grow | Operation::Remove | Operation::Iterate => Some(1.5),
        Operation::Overwrite | Operation::Clear => None,
    }
}

/// Prints a row for every operation; the number of bounds missed.
fn table<K: Key>(
    size: usize,
    rounds: usize,
    bound: impl Fn(Operation, usize) -> Option<f64>,
) -> usize {
    let keys = Keys::<K>::new(size);
    let mut missed = 0;
    for operation in Operation::ALL {
        let mut all = contenders(operation, &keys);
        let mut figures: Vec<_> = all.iter().map(|job| Figure::new(job.name(), 1)).collect();
        for round in 0..rounds {
            for turn in 0..all.len() {
                let turn = (turn + round) % all.len();
                figures[turn].samples.push(all[turn].round(round, None));
            }
        }
        let ratio = ratio(&figures[0], &figures[1]);
        let nanos: String = figures
            .iter()
            .map(|figure| format!("{:>8.2} ns", figure.nanos()))
            .collect();
        let verdict = verdict(bound(operation, size).map(|bound| (bound, ratio <= bound)));
        missed += usize::from(verdict.starts_with("FAIL"));
        let keys = K::NAME;
        say(format!(
            "{operation:<9}  {keys:<6}{size:>10}{nanos}  {ratio:>7.2}  {verdict}"
        ));
    }
    missed
}

fn verdict(bound: Option<(f64, bool)>) -> String {
    match bound {
        None => "-".to_owned(),
        Some((bound, true)) => format!("PASS  <= {bound}"),
        Some((bound, false)) => format!("FAIL  <= {bound}"),
    }
}

fn growth_table(all: &[Latencies], size: usize) -> usize {
    say(format!(
        "\nevery single insertion while {size} keys go in, in nanoseconds"
    ));
    let quantiles = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
    say(
        "                 p50      p90      p99    p99.9   p99.99  p99.999    worst  worst by the thread's clock",
    );
    for map in all {
        let at = |q: f64| format!("{:>9}", map.wall.value_at_quantile(q));
        let row: String = quantiles.into_iter().map(at).collect();
        let (wall, own) = (map.worst_wall(), map.worst());
        say(format!("{:<11}{row}{wall:>9.0}{own:>9.0}", map.name));
    }
    say("\ninsertions that took from .. nanoseconds");
    let names: String = all.iter().map(|map| format!("{:>12}", map.name)).collect();
    say(format!("{:>12}{names}", "from"));
    for exponent in 0..=11 {
        let from = 10_u64.pow(exponent);
        let counts: Vec<_> = all.iter().map(|map| decade(&map.wall, from)).collect();
        if counts.iter().any(|&count| count > 0) {
            let counts: String = counts.iter().map(|count| format!("{count:>12}")).collect();
            say(format!("{from:>12}{counts}"));
        }
    }
    let shorter = all[1].worst() / all[0].worst();
    let kept = if shorter >= WORST { "PASS" } else { "FAIL" };
    say(format!(
        "\nworst insertion, by the thread's clock, {shorter:.1} times shorter than hashbrown's: \
         {kept}  >= {WORST}"
    ));
    usize::from(shorter < WORST)
}

fn decade(histogram: &Histogram<u64>, from: u64) -> u64 {
    histogram.count_between(from, from * 10 - 1)
}
