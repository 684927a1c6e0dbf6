//! Single-flight initialisation: one leader at a time, and no waiter sleeps on.
//!
//! A waiter that is not woken, or that parks after the end of the flight it waits for, is a deadlock, which
//! loom reports.

#[expect(dead_code, reason = "shared by files that each use a part of it")]
mod support;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use support::{Map, Watched, map_of, race, with_preemptions};

fn init(map: &Map, key: u32, value: u32, runs: &AtomicUsize) -> u32 {
    let entry = map.get_or_init(Watched::new(key), || {
        runs.fetch_add(1, Relaxed);
        loom::thread::yield_now();
        Watched::new(value)
    });
    entry.value().get()
}

fn fail(map: &Map, key: u32) -> Option<u32> {
    let entry = map.get_or_try_init(Watched::new(key), || {
        loom::thread::yield_now();
        Err(())
    });
    entry.ok().map(|entry| entry.value().get())
}

/// One of the two makes the value, and both return it.
#[test]
fn init_vs_init() {
    with_preemptions(4, || {
        let runs = Arc::new(AtomicUsize::new(0));
        let others = Arc::clone(&runs);
        let first = move |map: &Map| init(map, 1, 10, &others);
        let (first, second, then) = race(&map_of(&[]), first, |map| init(map, 1, 20, &runs));
        assert_eq!((first, runs.load(Relaxed)), (second, 1));
        assert_eq!(then, [(1, first)]);
    });
}

/// Whoever waits for one that fails takes over.
#[test]
fn init_vs_failure() {
    with_preemptions(4, || {
        let runs = AtomicUsize::new(0);
        let fails = |map: &Map| fail(map, 1);
        let (failed, made, then) = race(&map_of(&[]), fails, |map| init(map, 1, 20, &runs));
        assert!(matches!(failed, None | Some(20)));
        assert_eq!((made, runs.into_inner(), then), (20, 1, vec![(1, 20)]));
    });
}

/// A value that is stored otherwise meanwhile is kept, or replaces the one that was made.
#[test]
fn init_vs_store() {
    use support::Plain;

    with_preemptions(4, || {
        let runs = AtomicUsize::new(0);
        let store = |map: &Map| map.store(1, 10);
        match race(&map_of(&[]), store, |map| init(map, 1, 20, &runs)) {
            (None, 10, then) | (Some(20), 20, then) => assert_eq!(then, [(1, 10)]),
            illegal => panic!("no order explains {illegal:?}"),
        }
    });
}

/// A task that is polled once, and then given up, leads or waits; either way the thread gets its value.
#[test]
fn init_vs_cancelled_task() {
    with_preemptions(4, || {
        let runs = AtomicUsize::new(0);
        let task = |map: &Map| {
            let future = pin!(map.get_or_init_async(Watched::new(1), std::future::pending));
            match future.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(value) => Some(value.get()),
                Poll::Pending => None,
            }
        };
        let (polled, made, then) = race(&map_of(&[]), task, |map| init(map, 1, 20, &runs));
        assert!(matches!(polled, None | Some(20)));
        assert_eq!((made, runs.into_inner(), then), (20, 1, vec![(1, 20)]));
    });
}

/// Two keys: neither waits for the other.
#[test]
fn init_vs_init_of_another_key() {
    with_preemptions(3, || {
        let runs = Arc::new(AtomicUsize::new(0));
        let others = Arc::clone(&runs);
        let first = move |map: &Map| init(map, 1, 10, &others);
        let (first, second, then) = race(&map_of(&[]), first, |map| init(map, 2, 20, &runs));
        assert_eq!((first, second, runs.load(Relaxed)), (10, 20, 2));
        assert_eq!(then, [(1, 10), (2, 20)]);
    });
}
