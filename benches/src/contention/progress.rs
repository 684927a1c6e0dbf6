//! How far a long run has come, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that moves between measurements, never during one: it has no thread of its own.
#[derive(Debug)]
pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(runs: usize) -> Self {
        let template = "{bar:30} {pos}/{len}, {eta} left: {wide_msg}";
        let style = ProgressStyle::with_template(template).expect("PANIC: the template is valid");
        Progress(ProgressBar::new(runs as u64).with_style(style))
    }

    /// Says what is about to run.
    pub(super) fn tell(&self, what: &str, subject: &str) {
        self.0.set_message(format!("{what}: {subject}"));
    }

    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away while `print` writes to the terminal.
    pub(super) fn hidden<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.0.finish_and_clear();
        }
    }
}
