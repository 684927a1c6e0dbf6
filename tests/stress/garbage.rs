//! Values live for as long as they are seen, and garbage goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::{Ref, SyncMap};

use crate::canary::{Aviary, Canary, churn, listen};
use crate::support::{GARBAGE, Hash, Random, Stop, THREADS, deadline, new_map};

#[test]
fn values_are_never_freed_under_a_ref() {
    const KEYS: u64 = 32;
    let aviary = Aviary::new();
    let map: SyncMap<u64, Canary, Hash> = new_map();
    let end = deadline();
    let done = AtomicBool::new(false);
    let sung: u64 = thread::scope(|scope| {
        let (map, aviary, done) = (&map, &aviary, &done);
        for worker in 0..2 {
            scope.spawn(move || {
                let _stop = Stop(done);
                let mut random = Random::new(worker);
                while Instant::now() < end && !done.load(Ordering::Relaxed) {
                    let key = random.below(KEYS);
                    let canary = aviary.canary();
                    match random.below(32) {
                        0 => map.clear(),
                        1 => map.promote(),
                        2 => map.retain(|key, canary| {
                            canary.sing();
                            key % 3 != 0
                        }),
                        3..=9 => drop(
                            map.remove(&key)
                                .inspect(|canary| assert!(canary.sing() < u64::MAX)),
                        ),
                        10..=13 => drop(map.try_insert(key, canary)),
                        14..=17 => drop(map.update(&key, |_, old| {
                            old.sing();
                            aviary.canary()
                        })),
                        _ => drop(
                            map.insert(key, canary)
                                .inspect(|old| assert!(old.sing() < u64::MAX)),
                        ),
                    }
                }
            });
        }
        let readers: Vec<_> = (0..2)
            .map(|reader| {
                scope.spawn(move || {
                    let _stop = Stop(done);
                    let mut random = Random::new(20 + reader);
                    let mut sung = 0;
                    // Held for a while, so that it outlives many changes.
                    let mut held: Vec<(Ref<'_, u64, Canary>, u64)> = Vec::new();
                    while !done.load(Ordering::Relaxed) {
                        let key = random.below(KEYS);
                        if random.below(64) == 0 {
                            for entry in map {
                                assert!(*entry.key() < KEYS);
                                entry.sing();
                            }
                        }
                        if let Some(entry) = map.get(&key) {
                            assert_eq!(*entry.key(), key);
                            let number = entry.sing();
                            held.push((entry, number));
                            sung += 1;
                        }
                        if held.len() > 40 {
                            let place = random.below(40);
                            let (entry, number) = held.swap_remove(place as usize);
                            assert_eq!(entry.sing(), number, "another value under a ref");
                        }
                        if random.below(2_000) == 0 {
                            for (entry, number) in held.drain(..) {
                                assert_eq!(entry.sing(), number, "another value under a ref");
                            }
                        }
                    }
                    sung
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().expect("no panic"))
            .sum()
    });
    assert_ne!(sung, 0);
    drop(map);
    aviary.assert_settled();
}

#[test]
fn garbage_is_bounded_beside_idle_threads() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    churn(&map, &aviary, 100);
    // Threads that used the map in every way, made garbage of their own, and then sleep.
    let (ready, wait_ready) = mpsc::channel();
    let idle: Vec<_> = (0..4)
        .map(|worker: u64| {
            let (map, aviary, ready) = (Arc::clone(&map), Arc::clone(&aviary), ready.clone());
            let (wake, wait) = mpsc::channel::<()>();
            let thread = thread::spawn(move || {
                drop(map.insert(worker, aviary.canary()));
                listen(&map, worker + 1);
                drop(map.remove(&worker));
                assert!(map.iter().count() <= 16);
                ready.send(()).expect("the test waits");
                wait.recv().expect_err("never woken, only left");
                // Its state is as it was; it must find the map as it is now.
                listen(&map, 3);
            });
            (wake, thread)
        })
        .collect();
    for _ in &idle {
        wait_ready.recv().expect("all come");
    }
    let most = churn(&map, &aviary, 200_000);
    assert!(most < GARBAGE, "{most} values lived, for 16 keys");
    for (wake, thread) in idle {
        drop(wake);
        thread.join().expect("no panic");
    }
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_freed_after_an_idle_ref_goes() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    churn(&map, &aviary, 100);
    let (ready, wait_ready) = mpsc::channel();
    let (wake, wait) = mpsc::channel::<()>();
    let (woken, wait_woken) = mpsc::channel();
    let holder = {
        let map = Arc::clone(&map);
        thread::spawn(move || {
            let held = map.get(&3).expect("present");
            let number = held.sing();
            ready.send(()).expect("the test waits");
            wait.recv().expect("woken");
            assert_eq!(held.sing(), number);
            drop(held);
            woken.send(()).expect("the test waits");
            wait.recv().expect_err("left asleep");
        })
    };
    wait_ready.recv().expect("it comes");
    churn(&map, &aviary, 50_000);
    wake.send(()).expect("it waits");
    wait_woken.recv().expect("it wakes");
    // Some work lets go of what waited; the holder sleeps on.
    churn(&map, &aviary, 20_000);
    let left = aviary.live();
    assert!(left < GARBAGE, "{left} values live, for 16 keys");
    drop(wake);
    holder.join().expect("no panic");
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_bounded_with_thousands_of_exited_threads() {
    let aviary = Aviary::new();
    let map: Arc<SyncMap<u64, Canary, Hash>> = Arc::new(new_map());
    let end = deadline() + Duration::from_millis(500);
    let mut threads = 0;
    let mut most = 0;
    while threads < 4_000 && (threads < 500 || Instant::now() < end) {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (map, aviary) = (Arc::clone(&map), Arc::clone(&aviary));
                thread::spawn(move || {
                    for n in 0..20_u64 {
                        drop(map.insert((n + worker) % 16, aviary.canary()));
                        if n == 9 {
                            drop(map.remove(&worker));
                            listen(&map, n % 16);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("no panic");
            threads += 1;
        }
        most = most.max(aviary.live());
    }
    // Less than what they made, or nothing would show.
    assert!(
        most < (20 * threads / 2).max(1_000),
        "{most} values lived after {threads} threads"
    );
    assert!(
        most < GARBAGE,
        "{most} values lived after {threads} threads"
    );
    drop(Arc::into_inner(map).expect("the only one left"));
    aviary.assert_settled();
}

#[test]
fn garbage_is_bounded_with_all_threads_at_work() {
    let aviary = Aviary::new();
    let map: SyncMap<u64, Canary, Hash> = new_map();
    let end = deadline();
    let most: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|worker| {
                let (map, aviary) = (&map, &aviary);
                scope.spawn(move || {
                    let mut random = Random::new(worker);
                    let mut most = 0;
                    while Instant::now() < end {
                        for _ in 0..50 {
                            let key = random.below(16);
                            drop(map.insert(key, aviary.canary()));
                            listen(map, random.below(16));
                            drop(map.remove(&random.below(64)));
                        }
                        most = most.max(aviary.live());
                    }
                    most
                })
            })
            .collect();
        let most = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        most.max().expect("some threads")
    });
    // A thread that is stopped inside an operation holds back what is retired meanwhile: be generous.
    assert!(most < 10 * GARBAGE, "{most} values lived, for 16 keys");
    // With all threads gone, a little work lets go of the rest.
    churn(&map, &aviary, 20_000);
    let left = aviary.live();
    assert!(left < GARBAGE, "{left} values live, for 16 keys");
    drop(map);
    aviary.assert_settled();
}
