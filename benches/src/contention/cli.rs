//! The options.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use clap::Parser;

use crate::rounds::SUBJECTS;
use crate::workload::{Effort, Workload, catalogue, traces};

/// Measure splitmap beside its peers, in interleaved rounds.
#[derive(Clone, Debug, Parser)]
#[command(name = "contention")]
pub(super) struct Cli {
    /// Workloads whose name contains this [default: all]
    #[arg(long, short, value_name = "TEXT")]
    workload: Vec<String>,

    /// Keys in the map, such as 1k, 64k or 1M [default: 1k, 64k, 1M; with --quick 64k]
    #[arg(long, short, value_name = "N", value_delimiter = ',', value_parser = size)]
    size: Vec<usize>,

    /// Threads [default: 1, and as many as the machine runs at once]
    #[arg(long, short, value_name = "N", value_delimiter = ',')]
    threads: Vec<usize>,

    /// Subjects whose name contains this [default: all]
    #[arg(long, value_name = "TEXT", value_delimiter = ',')]
    subject: Vec<String>,

    /// Only keys of this type: u64 or string
    #[arg(long, value_name = "TYPE")]
    keys: Option<String>,

    /// Rounds, of which the median counts [default: 7, or 3 with --quick]
    #[arg(long, short, value_name = "N")]
    rounds: Option<usize>,

    /// A few rounds of little work, within five minutes for everything
    #[arg(long)]
    pub(super) quick: bool,

    /// Directory of traces to replay
    #[arg(long, value_name = "DIR", env = "SPLITMAP_TRACES", default_value_os_t = traces::bundled())]
    traces: PathBuf,

    /// Measure what the budgets are about, and print whether they hold
    #[arg(long)]
    pub(super) budget: bool,

    /// Measure the latency of every single operation, during growth and during churn
    #[arg(long)]
    pub(super) latency: bool,

    /// Measure bytes and allocations
    #[arg(long)]
    pub(super) memory: bool,

    /// Measure `get_many` beside as many `get`s
    #[arg(long)]
    pub(super) many: bool,

    /// Measure all of it, and write a report into this directory
    #[arg(long, value_name = "DIR")]
    pub(super) report: Option<PathBuf>,

    /// Print the workloads' names
    #[arg(long)]
    pub(super) list: bool,
}

fn size(text: &str) -> Result<usize, String> {
    let (number, shift) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 10),
        None => text.strip_suffix(['m', 'M']).map_or((text, 0), |n| (n, 20)),
    };
    let number: usize = number
        .parse()
        .map_err(|_| format!("{text} is not a size"))?;
    let size = number
        .checked_shl(shift)
        .filter(|size| size >> shift == number);
    size.filter(|&size| size >= 64)
        .ok_or_else(|| format!("{text} is not a size of at least 64"))
}

impl Cli {
    /// Everything that is asked for, in the catalogue's order.
    pub(super) fn workloads(&self) -> Result<Vec<Workload>, String> {
        let mut all = catalogue();
        traces::list(&self.traces, &mut all)?;
        all.retain(|workload| self.asks_for(workload));
        if all.is_empty() {
            return Err("no workload has such a name; --list prints all names".into());
        }
        Ok(all)
    }

    fn asks_for(&self, workload: &Workload) -> bool {
        let named = self
            .workload
            .iter()
            .any(|text| workload.name.contains(text.as_str()));
        let default = self.workload.is_empty() && (workload.quick || !self.quick);
        let keys = workload.keys.to_string();
        (named || default) && self.keys.as_ref().is_none_or(|asked| *asked == keys)
    }

    pub(super) fn admits(&self, subject: &str) -> bool {
        let asked = |text: &String| subject.to_lowercase().contains(&text.to_lowercase());
        self.subject.is_empty() || self.subject.iter().any(asked)
    }

    /// Refuses what cannot be run.
    pub(super) fn check(&self) -> Result<(), String> {
        if !SUBJECTS.iter().any(|subject| self.admits(subject)) {
            return Err(format!(
                "no such subject; there are {}",
                SUBJECTS.join(", ")
            ));
        }
        if self
            .threads
            .iter()
            .any(|threads| !(1..=1024).contains(threads))
        {
            return Err("--threads must be 1 to 1024".into());
        }
        if self.rounds == Some(0) {
            return Err("--rounds must be at least 1".into());
        }
        Ok(())
    }

    pub(super) fn sizes(&self) -> Vec<usize> {
        match &self.size[..] {
            [] if self.quick && !self.budget => vec![1 << 16],
            [] => vec![1 << 10, 1 << 16, 1 << 20],
            sizes => sizes.to_vec(),
        }
    }

    pub(super) fn threads(&self) -> Vec<usize> {
        if !self.threads.is_empty() {
            return self.threads.clone();
        }
        let parallel = thread::available_parallelism().map_or(1, NonZero::get);
        let mut threads = vec![1, parallel];
        threads.dedup();
        threads
    }

    /// Whether nothing but the other measurements is asked for.
    fn is_special(&self) -> bool {
        (self.latency || self.memory || self.many) && !self.budget && self.report.is_none()
    }

    pub(super) fn wants_throughput(&self) -> bool {
        !self.is_special()
    }

    pub(super) fn wants_latency(&self) -> bool {
        self.latency || self.budget || self.report.is_some()
    }

    pub(super) fn wants_memory(&self) -> bool {
        self.memory || self.budget || self.report.is_some()
    }

    pub(super) fn wants_many(&self) -> bool {
        self.many || self.report.is_some()
    }

    pub(super) fn effort(&self) -> Effort {
        if self.quick {
            Effort::QUICK
        } else {
            Effort::FULL
        }
    }

    pub(super) fn rounds(&self) -> usize {
        self.rounds.unwrap_or(if self.quick { 3 } else { 7 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_may_be_abbreviated() {
        assert_eq!(size("1k"), Ok(1024));
        assert_eq!(size("64K"), Ok(65_536));
        assert_eq!(size("1M"), Ok(1 << 20));
        assert_eq!(size("100"), Ok(100));
        assert!(size("1").is_err() && size("k").is_err() && size("99999999999999999M").is_err());
    }
}
