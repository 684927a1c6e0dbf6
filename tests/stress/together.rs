//! Everything at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::support::{Random, THREADS, deadline, new_map};

const KEYS: u64 = 200;

/// What `len` may return at most when so many operations were begun while it added up the threads' counts.
///
/// Besides the keys: those that a thread which is just clearing has not counted off yet; for each thread one
/// operation that has taken effect and is not counted; and what was counted between the reading of two counts.
fn most(begun: usize) -> usize {
    let (keys, threads) = (KEYS as usize, THREADS as usize);
    keys + keys * threads + threads + begun
}

/// Every operation on every kind of key at once, then a check that the map is still one map.
#[test]
fn everything_at_once_leaves_a_consistent_map() {
    let map = new_map();
    let end = deadline();
    let begun = AtomicUsize::new(0);
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let (map, begun) = (&map, &begun);
            scope.spawn(move || {
                let mut random = Random::new(worker);
                while Instant::now() < end {
                    for _ in 0..100 {
                        let (key, value) = (random.below(KEYS), random.below(4));
                        let before = begun.fetch_add(1, Ordering::Relaxed);
                        match random.below(24) {
                            0..=3 => drop(map.insert(key, value)),
                            4 => drop(map.try_insert(key, value)),
                            5 => drop(map.get_or_insert(key, value)),
                            6 => drop(map.get_or_insert_with(key, || value)),
                            7..=9 => drop(map.remove(&key)),
                            10 => drop(map.remove_if(&key, |_, old| *old == value)),
                            11 => drop(map.compare_and_swap(&key, &value, 1)),
                            12 => drop(map.compare_and_remove(&key, &value)),
                            13 => drop(map.update(&key, |_, old| (old + value) % 4)),
                            14 if value == 0 => map.promote(),
                            15 if value == 0 => map.retain(|_, old| *old != 3),
                            16 if key == 0 => map.clear(),
                            17 if value == 0 => assert!(map.iter().all(|entry| *entry < 4)),
                            18 if value == 0 => assert!(map.clone().len() <= KEYS as usize),
                            19 => {
                                let len = map.len();
                                let meanwhile = begun.load(Ordering::Relaxed) - before;
                                assert!(len <= most(meanwhile), "{len}, {meanwhile} meanwhile");
                            }
                            _ => assert!(map.get(&key).is_none_or(|entry| *entry < 4)),
                        }
                    }
                }
            });
        }
    });
    let by_iteration: BTreeMap<u64, u64> = map.iter().map(|entry| (*entry.key(), *entry)).collect();
    let by_lookup: BTreeMap<u64, u64> = (0..KEYS)
        .filter_map(|key| map.get(&key).map(|entry| (key, *entry)))
        .collect();
    assert_eq!(by_iteration, by_lookup);
    assert_eq!(map.len(), by_lookup.len());
    let by_value: BTreeMap<u64, u64> = map.into_iter().collect();
    assert_eq!(by_value, by_lookup);
}
