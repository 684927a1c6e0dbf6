//! How far a long run has come, told without disturbing it.
//!
//! A worker stores its own count now and then, on a cache line of its own; the main thread, which
//! has nothing else to do, reads them ten times a second.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crossbeam_utils::CachePadded;
use indicatif::{ProgressBar, ProgressStyle};

/// A run of fewer operations is over before a bar could be read.
const LONG: u64 = 5_000_000;

/// Operations between two stores of a worker's count.
const STRIDE: u64 = 1024;

#[derive(Debug)]
pub(crate) struct Progress {
    done: Vec<CachePadded<AtomicU64>>,
    total: u64,
    shown: bool,
}

impl Progress {
    pub(crate) fn new(threads: usize, total: u64, terminal: bool) -> Self {
        Progress {
            done: (0..threads).map(|_| CachePadded::default()).collect(),
            total,
            shown: terminal && total >= LONG,
        }
    }

    /// Notes that `thread` has run `count` operations, if it is time to.
    #[inline]
    pub(crate) fn note(&self, thread: usize, count: u64) {
        if count % STRIDE == 0 {
            // ORDERING: Relaxed, statistics only: nothing is read on the strength of it.
            self.done[thread].store(count, Relaxed);
        }
    }

    /// Shows a bar, if one is due, until `finished`; otherwise returns at once.
    pub(crate) fn watch(&self, finished: impl Fn() -> bool) {
        if !self.shown {
            return;
        }
        let style = ProgressStyle::with_template(
            "{wide_bar} {percent} % of {human_len} operations, {eta} left",
        )
        .expect("PANIC: the template is valid");
        let bar = ProgressBar::new(self.total).with_style(style);
        while !finished() {
            thread::sleep(Duration::from_millis(100));
            // ORDERING: Relaxed, see `note`.
            bar.set_position(self.done.iter().map(|count| count.load(Relaxed)).sum());
        }
        bar.finish_and_clear();
    }
}
