//! Threads that end, and maps that come and go.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::thread;
use std::time::Instant;

use splitmap::{Ref, SyncMap};

use crate::bytes::{BYTES, COUNTED};
use crate::canary::{Aviary, Canary, churn, listen};
use crate::support::{GARBAGE, Hash, Random, THREADS, deadline, new_map};

#[test]
fn ref_in_a_thread_local_outlives_its_threads_state() {
    static AVIARY: LazyLock<Arc<Aviary>> = LazyLock::new(Aviary::new);
    static MAP: LazyLock<SyncMap<u64, Canary, Hash>> = LazyLock::new(new_map);
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    /// Looks at its refs when the thread goes, and uses the map again.
    #[derive(Default)]
    struct Keep(Vec<(Ref<'static, u64, Canary>, u64)>);

    impl Drop for Keep {
        fn drop(&mut self) {
            // A panic here would abort: leave the count short instead.
            for (canary, number) in &self.0 {
                if !canary.is_alive() || canary.number.load(Ordering::Relaxed) != *number {
                    return;
                }
            }
            listen(&MAP, 1);
            drop(MAP.insert(2, AVIARY.canary()));
            drop(MAP.remove(&2));
            ENDED.fetch_add(1, Ordering::SeqCst);
            self.0.clear();
            listen(&MAP, 3);
        }
    }

    thread_local! {
        static FIRST: RefCell<Keep> = RefCell::default();
        static LAST: RefCell<Keep> = RefCell::default();
    }

    let end = deadline();
    let mut threads = 0;
    while threads < 20 || (Instant::now() < end && threads < 2_000) {
        let early = threads % 2 == 0;
        let thread = thread::spawn(move || {
            // Destructors run in some order of first use: before the map is used, and after.
            let before = |entry| FIRST.with_borrow_mut(|keep| keep.0.push(entry));
            let after = |entry| LAST.with_borrow_mut(|keep| keep.0.push(entry));
            if early {
                FIRST.with_borrow(|keep| assert!(keep.0.is_empty()));
            }
            for key in 0..8 {
                drop(MAP.insert(key, AVIARY.canary()));
                let entry = MAP.get(&key).expect("stored by someone");
                let number = entry.sing();
                before((entry, number));
                if let Some(entry) = MAP.insert(key, AVIARY.canary()) {
                    let number = entry.sing();
                    after((entry, number));
                }
            }
        });
        // Others make garbage while the thread goes.
        churn(&MAP, &AVIARY, 50);
        for key in 0..8 {
            drop(MAP.insert(key, AVIARY.canary()));
        }
        thread.join().expect("no panic");
        threads += 1;
    }
    assert_eq!(
        ENDED.load(Ordering::SeqCst),
        2 * threads,
        "a ref lost its value"
    );
    churn(&MAP, &AVIARY, 20_000);
    let left = AVIARY.live();
    assert!(left < GARBAGE, "{left} values live after {threads} threads");
    assert_eq!(AVIARY.dropped_twice.load(Ordering::Relaxed), 0);
}

#[test]
fn ref_kept_by_a_dying_thread_keeps_its_value_to_the_end() {
    static AVIARY: LazyLock<Arc<Aviary>> = LazyLock::new(Aviary::new);
    static MAP: LazyLock<SyncMap<u64, Canary, Hash>> = LazyLock::new(new_map);

    struct Slow(Option<Ref<'static, u64, Canary>>, mpsc::Sender<bool>);

    impl Drop for Slow {
        fn drop(&mut self) {
            let canary = self.0.take().expect("put in");
            let before = canary.number.load(Ordering::Relaxed);
            // While this thread is dying, another frees all it can.
            thread::spawn(|| {
                drop(MAP.remove(&1));
                churn(&MAP, &AVIARY, 3_000);
            })
            .join()
            .ok();
            let same = canary.number.load(Ordering::Relaxed) == before;
            self.1.send(same && canary.is_alive()).ok();
        }
    }

    thread_local! {
        static KEEP: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }

    for round in 0..20 {
        let (report, result) = mpsc::channel();
        thread::spawn(move || {
            if round % 2 == 0 {
                // The thread's state is made before the thread local, so goes after it, or the reverse.
                assert!(MAP.get(&99).is_none());
            }
            KEEP.set(None);
            drop(MAP.insert(1, AVIARY.canary()));
            let entry = MAP.get(&1).expect("stored");
            KEEP.set(Some(Slow(Some(entry), report)));
        })
        .join()
        .expect("no panic");
        assert!(
            result.recv().expect("it reports"),
            "freed under a ref, round {round}"
        );
    }
}

#[test]
fn thousands_of_maps_on_living_threads_leave_nothing() {
    let aviary = Aviary::new();
    let end = deadline();
    let (give, take) = mpsc::channel::<Arc<SyncMap<u64, Canary, Hash>>>();
    let (back, got_back) = mpsc::channel::<()>();
    let helper = {
        let aviary = Arc::clone(&aviary);
        thread::spawn(move || {
            for map in take {
                drop(map.insert(1, aviary.canary()));
                listen(&map, 0);
                drop(map);
                back.send(()).expect("the test waits");
            }
        })
    };
    let mut maps = 0;
    while maps < 2_000 || (Instant::now() < end && maps < 50_000) {
        let map = Arc::new(new_map());
        drop(map.insert(0, aviary.canary()));
        drop(map.insert(0, aviary.canary()));
        if maps % 4 == 0 {
            map.promote();
        }
        give.send(Arc::clone(&map)).expect("the helper lives");
        listen(&map, 0);
        got_back.recv().expect("the helper lives");
        drop(Arc::into_inner(map).expect("the only one left"));
        maps += 1;
        assert_eq!(
            aviary.live.load(Ordering::SeqCst),
            0,
            "map {maps} left values"
        );
    }
    drop(give);
    helper.join().expect("no panic");
    aviary.assert_settled();
}

#[test]
fn thousands_of_maps_cost_living_threads_no_memory() {
    const MAPS: usize = 10_000;
    let (give, take) = mpsc::sync_channel::<Arc<SyncMap<u64, u64, Hash>>>(0);
    let (back, got_back) = mpsc::sync_channel::<()>(0);
    let helper = thread::spawn(move || {
        COUNTED.set(true);
        for map in take {
            drop(map.insert(1, 1));
            assert!(map.get(&0).is_some());
            drop(map);
            back.send(()).expect("the test waits");
        }
        COUNTED.set(false);
    });
    COUNTED.set(true);
    let use_maps = |count| {
        for n in 0..count {
            let map = Arc::new(new_map());
            for key in 0..20 {
                drop(map.insert(key, n as u64));
            }
            drop(map.remove(&3));
            map.promote();
            give.send(Arc::clone(&map)).expect("the helper lives");
            got_back.recv().expect("the helper lives");
            drop(Arc::into_inner(map).expect("the only one left"));
        }
    };
    use_maps(1_000);
    let before = BYTES.load(Ordering::SeqCst);
    use_maps(MAPS);
    let grown = BYTES.load(Ordering::SeqCst) - before;
    COUNTED.set(false);
    drop(give);
    helper.join().expect("no panic");
    assert!(grown < 32 << 10, "{grown} bytes are left of {MAPS} maps");
}

#[test]
fn many_maps_at_once_do_not_mix() {
    let maps: Vec<SyncMap<u64, u64, Hash>> = (0..500).map(|_| new_map()).collect();
    let end = deadline();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let maps = &maps;
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let number = random.below(maps.len() as u64);
                        let map = &maps[usize::try_from(number).expect("small")];
                        let key = random.below(8);
                        match random.below(8) {
                            0 => drop(map.remove(&key)),
                            1 => map.promote(),
                            2 | 3 => drop(map.insert(key, 1_000 * number + key)),
                            _ => {
                                if let Some(value) = map.get(&key) {
                                    assert_eq!(*value, 1_000 * number + key, "of another map");
                                }
                            }
                        }
                    }
                }
            });
        }
    });
    for (map, number) in maps.iter().zip(0..) {
        assert!(
            map.iter()
                .all(|entry| *entry == 1_000 * number + entry.key())
        );
    }
}

/// Two maps of unlike types and foreign `ArcSwap`s of the default strategy, on the same threads: a load
/// never gives what was stored elsewhere.
#[test]
fn maps_beside_foreign_arc_swaps_do_not_mix() {
    use arc_swap::ArcSwap;

    /// As large as what a map may allocate, so that addresses are used again.
    struct Foreign([u64; 4]);

    let numbers: SyncMap<u64, [u64; 4], Hash> = new_map();
    let texts: SyncMap<u64, String, Hash> = new_map();
    let foreign = [
        ArcSwap::from_pointee(Foreign([7; 4])),
        ArcSwap::from_pointee(Foreign([7; 4])),
    ];
    let end = deadline();
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let (numbers, texts, foreign) = (&numbers, &texts, &foreign);
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let key = random.below(8);
                        match random.below(12) {
                            0 => drop(numbers.insert(key, [key; 4])),
                            1 => drop(texts.insert(key, format!("text {key}"))),
                            2 => drop(numbers.remove(&key)),
                            3 => drop(texts.remove(&key)),
                            4 => numbers.promote(),
                            5 => texts.promote(),
                            6 => foreign[key as usize % 2].store(Arc::new(Foreign([7; 4]))),
                            7 => assert_eq!(foreign[key as usize % 2].load().0, [7; 4]),
                            8 | 9 => {
                                if let Some(entry) = numbers.get(&key) {
                                    assert_eq!(*entry, [key; 4]);
                                }
                            }
                            _ => {
                                if let Some(entry) = texts.get(&key) {
                                    assert_eq!(entry.as_str(), format!("text {key}"));
                                }
                            }
                        }
                    }
                }
            });
        }
    });
}
