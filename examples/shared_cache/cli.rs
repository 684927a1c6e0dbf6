//! The options, and the plan of a run that they amount to.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Parser, ValueEnum};
use serde::Serialize;

/// More threads than this are a typing error, not an experiment.
const MAX_THREADS: usize = 1024;

/// Replay a trace of cache operations through one SyncMap shared by all threads, and verify it.
#[derive(Debug, Parser)]
#[command(name = "shared_cache")]
pub(crate) struct Cli {
    /// Trace to replay: NAME.u64, .ops, .str or .keys, plain or zstd (.zst) [default: the bundled
    /// file-name operations of a package build]
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Worker threads, at most 1024 [default: what the machine runs in parallel]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,

    /// Times the trace is replayed, one after the other, on the same map
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    passes: u32,

    /// How operations are dealt to threads
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Deal::Key)]
    deal: Deal,

    /// Whether a get that misses fills the entry
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Fill::Auto)]
    fill: Fill,

    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How operations are dealt to threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deal {
    /// By key, each key's operations in order on one thread: the outcome is exact
    Key,
    /// Every thread runs the whole trace from its own starting point: all keys contended
    Offset,
}

/// Whether a get that misses fills the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Fill {
    /// Unless the file is named *_sessions or malloc_*: those traces record their own fills
    Auto,
    /// Every get is of a cache
    Always,
    /// Every operation is taken literally
    Never,
}

/// A run, with every option resolved.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) trace: PathBuf,
    pub(crate) threads: usize,
    pub(crate) passes: u32,
    pub(crate) deal: Deal,
    pub(crate) fills: bool,
}

impl Cli {
    /// Resolves defaults and rejects what cannot be run, in one line.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        let threads = match self.threads {
            Some(0) => return Err("--threads must be at least 1".into()),
            Some(n) if n > MAX_THREADS => {
                return Err(format!("--threads must be at most {MAX_THREADS}, not {n}"));
            }
            Some(n) => n,
            None => thread::available_parallelism().map_or(1, NonZero::get),
        };
        if self.passes == 0 {
            return Err("--passes must be at least 1".into());
        }
        let trace = self.trace.clone().unwrap_or_else(bundled);
        Ok(Plan {
            threads: threads.min(MAX_THREADS),
            passes: self.passes,
            deal: self.deal,
            fills: self.fill.applies_to(&trace),
            trace,
        })
    }
}

impl Fill {
    fn applies_to(self, trace: &Path) -> bool {
        match self {
            Fill::Always => true,
            Fill::Never => false,
            Fill::Auto => {
                let name = trace.file_name().unwrap_or_default().to_string_lossy();
                let stem = name.split('.').next().unwrap_or_default();
                !stem.ends_with("_sessions") && !stem.starts_with("malloc_")
            }
        }
    }
}

impl Plan {
    /// Operations all threads run together, of a trace of `len`.
    pub(crate) fn operations(&self, len: usize) -> Result<u64, String> {
        let each = len as u64 * u64::from(self.passes);
        match self.deal {
            Deal::Key => Ok(each),
            Deal::Offset => each
                .checked_mul(self.threads as u64)
                .ok_or_else(|| format!("--passes {} is more than can be counted", self.passes)),
        }
    }
}

fn bundled() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/fs_paths.str.zst")
}

/// A clap error without its hints, in one line.
pub(crate) fn brief(error: &clap::Error) -> String {
    let text = error.to_string();
    let brief = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<_> = brief.split_whitespace().collect();
    let line = words.join(" ");
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

/// The plan that these options amount to.
#[cfg(test)]
pub(crate) fn plan(options: &[&str]) -> Result<Plan, String> {
    let words = ["shared_cache"].iter().chain(options);
    Cli::try_parse_from(words)
        .map_err(|error| brief(&error))?
        .plan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_fills_are_not_doubled() {
        let fills = |name, how| {
            plan(&["--trace", name, "--fill", how])
                .expect("valid options")
                .fills
        };
        assert!(fills("a/fs_paths.str.zst", "auto"));
        assert!(fills("sessions.ops", "auto"));
        assert!(!fills("a/nasa_sessions.ops.zst", "auto"));
        assert!(!fills("malloc_py.ops", "auto"));
        assert!(fills("malloc_py.ops", "always"));
        assert!(!fills("fs_paths.str.zst", "never"));
    }

    #[test]
    fn bad_options_are_one_line() {
        for options in [
            ["--threads", "0"],
            ["--threads", "1025"],
            ["--threads", "-1"],
            ["--threads", "99999999999999999999"],
            ["--passes", "0"],
            ["--deal", "cards"],
            ["--nonsense", "x"],
        ] {
            let error = plan(&options).expect_err("accepted");
            assert!(error.contains(options[0]), "{error}");
            assert!(
                !error.contains('\n') && !error.starts_with("error"),
                "{error}"
            );
        }
    }

    #[test]
    fn operations_beyond_counting_are_refused() {
        let mut plan = plan(&["--threads", "1024", "--deal", "offset"]).expect("valid options");
        plan.passes = u32::MAX;
        assert!(plan.operations(1 << 31).is_err());
        assert!(plan.operations(1 << 20).is_ok());
    }
}
