//! Writes one plain variable from two threads, at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

static mut COUNT: u64 = 0;

/// Threads that have begun. Orders nothing, and so hides no race.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

fn count() {
    BEGUN.fetch_add(1, Ordering::Relaxed);
    while BEGUN.load(Ordering::Relaxed) < 2 {
        std::thread::yield_now();
    }
    for turn in 0..100_000 {
        if turn % 100 == 0 {
            // The sanitizer remembers few accesses: each thread finds the other's again and again.
            std::thread::yield_now();
        }
        let count = &raw mut COUNT;
        // SAFETY: none. The other thread writes it too, and that is the point.
        unsafe { count.write_volatile(count.read_volatile() + 1) };
    }
}

fn main() {
    let other = std::thread::spawn(count);
    count();
    other.join().expect("counting does not panic");
}
