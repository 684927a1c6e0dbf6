//! The program that measures the concurrent maps beside each other; and, in `count`, the one whose instructions
//! are counted.

mod budget;
mod cli;
mod count;
mod latency;
mod many;
mod memory;
mod progress;
mod report;
mod table;
mod throughput;

use std::process::ExitCode;

use clap::Parser;

use self::cli::Cli;
pub use self::count::main as count;
use crate::say::say;
use crate::workload::Workload;

/// Runs the program; the exit code is 1 if a budget is missed, 2 if the options are at fault.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(what) => {
            eprintln!("error: {what}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<bool, String> {
    cli.check()?;
    let mut workloads = cli.workloads()?;
    if cli.list {
        for workload in &workloads {
            say(format!("{:<40} {}", workload.name, workload.keys));
        }
        return Ok(true);
    }
    if cli.budget {
        workloads.retain(budget::concerns);
    }
    let mut results = Results::default();
    if cli.wants_throughput() {
        results.rows = throughput::measure(cli, &workloads, &mut table::print);
    }
    if cli.wants_latency() {
        results.latencies = latency::measure(cli);
        table::print_latencies(&results.latencies);
    }
    if cli.wants_memory() {
        results.memories = memory::measure(cli)?;
        table::print_memories(&results.memories);
    }
    if cli.wants_many() {
        results.many = many::measure(cli);
        table::print_many(&results.many);
    }
    let lines = results.judge(&workloads);
    if cli.budget {
        lines.iter().for_each(|line| say(line.to_string()));
    }
    if let Some(dir) = &cli.report {
        report::write(dir, &results, &lines)?;
        say(format!("report: {}", dir.join("report.html").display()));
    }
    Ok(!cli.budget || lines.iter().all(budget::Line::holds))
}

/// All that was measured in one run.
#[derive(Debug, Default)]
struct Results {
    rows: Vec<throughput::Row>,
    latencies: Vec<latency::Latency>,
    memories: Vec<memory::Memory>,
    many: Vec<many::Many>,
}

impl Results {
    /// The budget's lines that this run has figures for.
    fn judge(&self, workloads: &[Workload]) -> Vec<budget::Line> {
        let go = |row: &throughput::Row| {
            let of_row = workloads
                .iter()
                .find(|workload| workload.name == row.workload);
            of_row.and_then(|workload| workload.go_locks)
        };
        let rows = self.rows.iter().flat_map(|row| budget::judge(row, go(row)));
        let latencies = budget::judge_latency(&self.latencies);
        let memories = budget::judge_memory(&self.memories);
        rows.chain(latencies).chain(memories).collect()
    }
}
