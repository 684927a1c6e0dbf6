//! The program that measures the concurrent maps beside each other.

mod cli;
mod progress;
mod table;
mod throughput;

use std::process::ExitCode;

use clap::Parser;

use self::cli::Cli;
use crate::say::say;

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
    let workloads = cli.workloads()?;
    if cli.list {
        for workload in &workloads {
            say(format!("{:<40} {}", workload.name, workload.keys));
        }
        return Ok(true);
    }
    throughput::measure(cli, &workloads, &mut table::print);
    Ok(true)
}
