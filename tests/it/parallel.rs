//! The feature `rayon`: every entry once, on many threads, while the map is written to.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use rayon::prelude::*;
use splitmap::{SyncMap, SyncSet};

use crate::support::within;

fn doubles(len: u32) -> SyncMap<u32, u32> {
    (0..len).map(|key| (key, 2 * key)).collect()
}

#[test]
fn every_entry_is_visited_once() {
    let map = doubles(10_000);
    drop(map.insert(10_000, 20_000));
    drop(map.remove(&7));
    let all: Vec<(u32, u32)> = map.par_iter().collect();
    assert!(
        all.iter()
            .all(|(key, value)| *value == 2 * key && *key != 7)
    );
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 10_000);
    assert_eq!(all.len(), 10_000);
    let visits = AtomicUsize::new(0);
    map.par_for_each(|_, _| {
        visits.fetch_add(1, Relaxed);
    });
    assert_eq!(visits.into_inner(), 10_000);
    assert_eq!(map.into_par_iter().count(), 10_000);
}

#[test]
fn a_map_and_a_set_are_built_and_extended_in_parallel() {
    let mut map: SyncMap<u32, u32> = (0..5_000_u32)
        .into_par_iter()
        .map(|key| (key, key))
        .collect();
    assert!(!map.stats().amended, "starts promoted");
    map.par_extend((4_000..6_000_u32).into_par_iter().map(|key| (key, key)));
    assert_eq!(
        (
            map.len(),
            map.par_map(|key, _| u64::from(*key)).sum::<u64>()
        ),
        (6_000, 17_997_000)
    );

    let mut set: SyncSet<u32> = (0..5_000_u32).into_par_iter().collect();
    set.par_extend((4_000..6_000_u32).into_par_iter());
    assert_eq!((set.len(), set.par_iter().count()), (6_000, 6_000));
}

#[test]
fn closures_may_use_the_map() {
    within(60, || {
        let map = doubles(1_000);
        map.par_for_each(|key, value| {
            assert_eq!(map.remove(key).as_deref(), Some(value));
            assert_eq!(*map.get_or_init(key + 10_000, || *value), *value);
            if key % 100 == 0 {
                map.promote();
            }
        });
        assert_eq!(map.len(), 1_000);
        assert!(
            map.par_iter()
                .all(|(key, value)| value == 2 * (key - 10_000))
        );
    });
}

#[test]
fn what_is_lent_is_not_freed_by_writers() {
    let map = SyncMap::<u32, String>::new();
    for key in 0..500 {
        drop(map.insert(key, key.to_string()));
    }
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..40_u32 {
                for key in 0..500 {
                    drop(map.remove(&key));
                    drop(map.insert(key, key.to_string()));
                }
                if round % 8 == 0 {
                    map.clear();
                }
            }
        });
        while !writer.is_finished() {
            map.par_for_each(|key, value| assert_eq!(*value, key.to_string()));
        }
    });
}
