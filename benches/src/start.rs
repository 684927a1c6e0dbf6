//! Where the threads of a round wait for each other.

use std::hint::spin_loop;
use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

/// Two ticks of a scheduler that has 250 a second.
const SPREAD: Duration = Duration::from_millis(8);

/// A barrier that lets threads go when each has had time to get a processor of its own.
///
/// Threads that are woken together may be put on one processor, where they take turns for a time slice each
/// until the scheduler next looks. That says nothing about the map, and is longer than any operation.
#[derive(Debug)]
pub(crate) struct Start {
    here: Barrier,
    spread: Duration,
    begin: OnceLock<Instant>,
}

impl Start {
    pub(crate) fn of(threads: usize) -> Self {
        Start {
            here: Barrier::new(threads),
            spread: if threads > 1 { SPREAD } else { Duration::ZERO },
            begin: OnceLock::new(),
        }
    }

    /// Waits for all threads, and keeps a processor busy until all begin.
    pub(crate) fn wait(&self) {
        self.here.wait();
        let begin = *self.begin.get_or_init(|| Instant::now() + self.spread);
        while Instant::now() < begin {
            spin_loop();
        }
    }
}
