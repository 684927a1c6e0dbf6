//! Replays a trace of real cache operations on many threads that share one `SyncMap`.
//!
//! The map is used as a build tool would use a cache of file metadata, `path -> Arc<Meta>`: look up
//! and fill on a miss, replace, evict. The outcome is then checked, exactly where the dealing of
//! operations to threads makes it exact (see `deal`), against `std::collections::HashMap`.
//!
//! Exit codes: 0 verified, 1 something differs or the report cannot be written, 2 bad input.

mod check;
mod cli;
mod deal;
mod input;
mod meta;
mod progress;
mod replay;
mod report;
mod stopwatch;
mod tally;
mod trace;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use self::cli::{Cli, Plan};
use self::progress::Progress;
use self::report::Report;
use self::trace::{AnyTrace, Key, Trace};

/// Why a run did not end well; each has its exit code.
enum Failure {
    /// The options or the trace are at fault: one line.
    BadInput(String),
    /// The map is at fault: what differs, a line each.
    Differs(Vec<String>),
    /// The report could not be written.
    Unwritten(io::Error),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return fail(2, &[cli::brief(&error)]),
        Err(help) => {
            // A reader who has seen enough of the help may close the pipe.
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::BadInput(what)) => fail(2, &[what]),
        Err(Failure::Differs(lines)) => fail(1, &lines),
        Err(Failure::Unwritten(error)) => fail(1, &[format!("cannot write the report: {error}")]),
    }
}

/// Prints `lines` on standard error, which may be closed, unlike `eprintln!` without panicking.
fn fail(code: u8, lines: &[String]) -> ExitCode {
    let mut stderr = io::stderr().lock();
    for line in lines {
        let _ = writeln!(stderr, "error: {line}");
    }
    ExitCode::from(code)
}

fn run(cli: &Cli) -> Result<(), Failure> {
    let plan = cli.plan().map_err(Failure::BadInput)?;
    let report = match trace::load(&plan.trace).map_err(Failure::BadInput)? {
        AnyTrace::Numbers(trace) => replay_and_check(&trace, &plan),
        AnyTrace::Strings(trace) => replay_and_check(&trace, &plan),
    }?;
    let text = if cli.json {
        report.json()
    } else {
        report.to_string()
    };
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Unwritten(error)),
        _ => Ok(()),
    }
}

fn replay_and_check<K: Key>(trace: &Trace<K>, plan: &Plan) -> Result<Report, Failure> {
    let total = plan
        .operations(trace.ops.len())
        .map_err(Failure::BadInput)?;
    let progress = Progress::new(plan.threads, total, io::stderr().is_terminal());
    let outcome = replay::replay(trace, plan, &progress).map_err(Failure::BadInput)?;
    let verified = check::check(trace, plan, &outcome).map_err(Failure::Differs)?;
    Ok(Report::new(trace, plan, &outcome, verified))
}
