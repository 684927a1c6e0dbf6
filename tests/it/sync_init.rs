//! Single-flight initialisation: one caller makes the value, whoever wants it waits, nobody else does.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use splitmap::SyncMap;

use crate::support::fuse::{Call, Probe, blow_at, tick};
use crate::support::hashers::{Collide, Good, good, with_every_hasher};
use crate::support::ledger::Ledger;
use crate::support::{implements, within};

type Map = SyncMap<u32, u32, Good>;

fn map() -> Map {
    SyncMap::with_hasher(good())
}

/// Runs a future on this thread, parked while it is pending.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        thread::park();
    }
}

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Long enough for others to come and wait, if they can.
fn pause() {
    thread::sleep(Duration::from_millis(30));
}

#[test]
fn a_value_that_is_there_is_returned() {
    let map = map();
    map.insert(1, 10);
    assert_eq!(*map.get_or_init(1, || unreachable!("is there")), 10);
    assert_eq!(map.get_or_try_init(1, || Err(())).as_deref(), Ok(&10));
    assert_eq!(
        block_on(map.get_or_init_async(1, async || unreachable!("is there"))),
        10
    );
    assert_eq!(*map.get_or_init(2, || 20), 20);
    assert_eq!(block_on(map.get_or_init_async(3, async || 30)), 30);
    assert_eq!(map.len(), 3);
}

#[test]
fn exactly_one_caller_makes_the_value() {
    fn race<S: BuildHasher + Sync>(hasher: S) {
        let map = SyncMap::with_hasher(hasher);
        let made = AtomicUsize::new(0);
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for caller in 0..4_usize {
                let (map, made, barrier) = (&map, &made, &barrier);
                scope.spawn(move || {
                    for key in 0..50_u32 {
                        barrier.wait();
                        let make = || {
                            made.fetch_add(1, SeqCst);
                            thread::yield_now();
                            key + 1
                        };
                        let value = if caller % 2 == 0 {
                            *map.get_or_init(key, make)
                        } else {
                            block_on(map.get_or_init_async(key, async || make()))
                        };
                        assert_eq!(value, key + 1);
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), 50);
    }
    within(60, || with_every_hasher!(race));
}

#[test]
fn other_keys_do_not_wait() {
    within(60, || {
        // Even if they have the same hash.
        let map = SyncMap::with_hasher(Collide);
        let inside = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                let value = map.get_or_init(1, || {
                    inside.wait();
                    inside.wait();
                    10
                });
                assert_eq!(*value, 10);
            });
            inside.wait();
            assert_eq!(*map.get_or_init(2, || 20), 20);
            assert_eq!(block_on(map.get_or_init_async(3, async || 30)), 30);
            assert!(map.get(&1).is_none());
            drop(map.insert(4, 40));
            inside.wait();
        });
        assert_eq!(map.len(), 4);
    });
}

#[test]
fn a_waiter_takes_over_from_a_panic_and_from_an_error() {
    within(60, || {
        for panics in [true, false] {
            let map = map();
            let inside = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let result = catch_unwind(AssertUnwindSafe(|| {
                        map.get_or_try_init(1, || {
                            inside.wait();
                            pause();
                            if panics {
                                resume_unwind(Box::new("gives up"));
                            }
                            Err::<u32, _>("gives up")
                        })
                        .is_err()
                    }));
                    assert_eq!(result.is_err(), panics);
                });
                inside.wait();
                let waiters = [10, 11, 12].map(|value| {
                    let map = &map;
                    scope.spawn(move || *map.get_or_init(1, || value))
                });
                let values: BTreeSet<u32> = waiters
                    .into_iter()
                    .map(|waiter| waiter.join().expect("no panic"))
                    .collect();
                assert_eq!(values.len(), 1, "one of the three took over");
            });
        }
    });
}

#[test]
fn a_waiter_takes_over_from_a_future_that_is_dropped() {
    within(60, || {
        let map = map();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut leader = Box::pin(map.get_or_init_async(1, std::future::pending));
        assert!(leader.as_mut().poll(&mut context).is_pending());
        let mut waiter = Box::pin(map.get_or_init_async(1, async || 2));
        let mut other = Box::pin(map.get_or_init_async(1, async || 3));
        for _ in 0..3 {
            assert!(waiter.as_mut().poll(&mut context).is_pending());
            assert!(other.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(count.0.load(SeqCst), 0);
        thread::scope(|scope| {
            let thread = scope.spawn(|| *map.get_or_init(1, || 4));
            pause();
            drop(other); // a waiter that goes is not waited for, nor woken
            drop(leader);
            assert_eq!(count.0.load(SeqCst), 1);
            let Poll::Ready(value) = waiter.as_mut().poll(&mut context) else {
                // The thread was faster, and is in the middle of it.
                assert_eq!(block_on(waiter), 4);
                return;
            };
            assert_eq!(thread.join().expect("no panic"), value);
        });
        assert!(map.get(&1).is_some());
    });
}

#[test]
fn a_future_that_is_never_polled_holds_nobody_up() {
    let map = map();
    let idle = map.get_or_init_async(1, async || 1);
    assert_eq!(*map.get_or_init(1, || 2), 2);
    assert_eq!(block_on(idle), 2);
}

#[test]
fn only_the_last_waker_is_woken() {
    let map = map();
    let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
    let mut leader = Box::pin(map.get_or_init_async(1, std::future::pending));
    assert!(
        leader
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let mut waiter = Box::pin(map.get_or_init_async(1, async || 2));
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        assert!(
            waiter
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    assert_eq!(
        Arc::strong_count(&counts[0]),
        1,
        "a waker that was replaced is kept"
    );
    drop(leader);
    assert_eq!(counts.each_ref().map(|count| count.0.load(SeqCst)), [0, 1]);
    assert_eq!(block_on(waiter), 2);
}

#[test]
fn the_initialiser_may_use_the_map_and_initialise_other_keys() {
    within(60, || {
        let map = map();
        let fibonacci = |map: &Map, n: u32| -> u32 {
            fn make(map: &Map, n: u32) -> u32 {
                if n < 2 {
                    return n;
                }
                map.promote();
                map.retain(|_, _| true);
                *map.get_or_init(n - 1, || make(map, n - 1))
                    + *map.get_or_init(n - 2, || make(map, n - 2))
            }
            *map.get_or_init(n, || make(map, n))
        };
        assert_eq!(fibonacci(&map, 20), 6_765);
        assert_eq!(map.len(), 20 + 1);
    });
}

#[test]
fn asking_for_its_own_key_is_a_panic_not_a_deadlock() {
    within(60, || {
        let map = map();
        let result = catch_unwind(AssertUnwindSafe(|| {
            drop(map.get_or_init(1, || *map.get_or_init(1, || 2)));
        }));
        let message = result.expect_err("a panic");
        assert!(
            message
                .downcast_ref::<&str>()
                .expect("a message")
                .contains("same key")
        );
        assert_eq!(*map.get_or_init(1, || 3), 3);
    });
}

#[test]
fn a_value_stored_otherwise_meanwhile_is_kept() {
    within(60, || {
        let map = map();
        let value = map.get_or_init(1, || {
            map.insert(1, 2);
            3
        });
        assert_eq!(*value, 2);
        assert_eq!(block_on(map.get_or_init_async(1, async || 4)), 2);
    });
}

#[test]
fn destructors_may_initialise_the_key_that_is_stored() {
    /// A key that asks the map for itself when a spare copy of it is dropped.
    struct Calling(u32, Option<Arc<SyncMap<u32, u32>>>);
    impl Drop for Calling {
        fn drop(&mut self) {
            if let Some(calls) = &self.1 {
                drop(calls.get_or_init(self.0, || 1));
            }
        }
    }
    impl PartialEq for Calling {
        fn eq(&self, other: &Self) -> bool {
            if let Some(calls) = &self.1 {
                drop(calls.get_or_init(self.0, || 1));
            }
            self.0 == other.0
        }
    }
    impl Eq for Calling {}
    impl std::hash::Hash for Calling {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }
    within(60, || {
        let calls = Arc::new(SyncMap::new());
        let map = SyncMap::with_hasher(Collide);
        for key in 0..20 {
            let value = map.get_or_init(Calling(key, Some(Arc::clone(&calls))), || {
                drop(map.insert(Calling(key, None), 1));
                2
            });
            assert_eq!(*value, 1);
        }
        assert_eq!((map.len(), calls.len()), (20, 20));
    });
}

#[test]
fn the_future_is_send_if_what_it_carries_is() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let map = Arc::new(map());
    let task = Arc::clone(&map);
    let spawned = is_send(async move { task.get_or_init_async(1, async || 2).await });
    assert_eq!(
        thread::spawn(|| block_on(spawned))
            .join()
            .expect("no panic"),
        2
    );
    assert!(implements!(Map: Send) && implements!(Map: Sync));
}

#[test]
fn keys_that_come_and_go_are_made_once_each_time() {
    within(60, || {
        let map = map();
        let (made, removed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 0..2_000_u32 {
                        drop(map.get_or_init(round % 3, || {
                            made.fetch_add(1, SeqCst);
                            7
                        }));
                        if round % 4 == 0 && map.remove(&(round % 3)).is_some() {
                            removed.fetch_add(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), removed.into_inner() + map.len());
    });
}

#[test]
fn a_panic_anywhere_leaves_no_flight_behind_and_leaks_nothing() {
    type Probes = SyncMap<Probe, Probe, Good>;
    fn init(map: &Probes, ledger: &Ledger, key: u64) -> u64 {
        let entry = map.get_or_init(Probe::new(key, ledger), || {
            tick(Call::Closure);
            Probe::new(10 * key, ledger)
        });
        entry.value().id
    }
    fn init_async(map: &Probes, ledger: &Ledger, key: u64) -> u64 {
        let made = map.get_or_init_async(Probe::new(key, ledger), async || {
            tick(Call::Closure);
            Probe::new(10 * key, ledger)
        });
        block_on(made).id
    }
    fn rival(map: &Probes, ledger: &Ledger, key: u64) -> u64 {
        let entry = map.get_or_init(Probe::new(key, ledger), || {
            drop(map.insert(Probe::new(key, ledger), Probe::new(10 * key, ledger)));
            Probe::new(77, ledger)
        });
        entry.value().id
    }
    within(60, || {
        for act in [init, init_async, rival] {
            for key in [1, 3, 9] {
                for call in Call::ALL {
                    for n in 1.. {
                        let ledger = Ledger::new();
                        let map = Probes::with_hasher(good());
                        for id in 0..4 {
                            drop(map.insert(Probe::new(id, &ledger), Probe::new(10 * id, &ledger)));
                            if id == 1 {
                                map.promote();
                            }
                        }
                        let done = blow_at(call, n, || act(&map, &ledger, key)).is_some();
                        // Whatever the first call did, the key is free for the next.
                        assert_eq!(init(&map, &ledger, key), 10 * key);
                        drop(map);
                        ledger.assert_settled();
                        if done {
                            break;
                        }
                    }
                }
            }
        }
    });
}

/// Pending once, and ready when it is polled again.
async fn step_aside() {
    let mut stepped = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn futures_given_up_at_any_point_hold_nobody_up() {
    within(60, || {
        let map = map();
        let (made, removed) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for caller in 0..3_u32 {
                let (map, made, removed) = (&map, &made, &removed);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let key = round % 2;
                        let mut future = Box::pin(map.get_or_init_async(key, async || {
                            step_aside().await;
                            made.fetch_add(1, SeqCst);
                            7
                        }));
                        let mut context = Context::from_waker(Waker::noop());
                        let polls = (round + caller) % 4;
                        let given_up =
                            (0..polls).all(|_| future.as_mut().poll(&mut context).is_pending());
                        drop(future);
                        if !given_up || round % 5 == 0 {
                            let value = map.get_or_init_async(key, async || {
                                step_aside().await;
                                made.fetch_add(1, SeqCst);
                                7
                            });
                            assert_eq!(block_on(value), 7);
                        }
                        if round % 3 == 0 && map.remove(&key).is_some() {
                            removed.fetch_add(1, SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(made.into_inner(), removed.into_inner() + map.len());
    });
}
