//! Every subject does what std's map does: a benchmark of something else would measure nothing.

use std::collections::HashMap;

use rand::Rng;

use super::{Alone, Dashmap, Flurry, Papaya, RwLocked, SccIndex, SccMap, Splitmap, Subject};
use crate::key::{Key, dice};

fn behaves<K: Key, M: Subject<K>>() {
    let (map, mut model) = (M::with_capacity(0), HashMap::new());
    let mut dice = dice(3);
    for _ in 0..20_000 {
        let key = K::nth(dice.random_range(0..64));
        let value = dice.random_range(0..4);
        let stored = model.get(&key).copied();
        match dice.random_range(0..100) {
            0..20 => assert_eq!(map.get(&key), stored),
            20..40 => {
                assert_eq!(map.insert(key.clone(), value), stored.is_none());
                model.insert(key, value);
            }
            40..50 => {
                assert_eq!(map.try_insert(key.clone(), value), stored.is_none());
                model.entry(key).or_insert(value);
            }
            50..60 => {
                assert_eq!(map.update(&key), stored.is_some());
                model.entry(key).and_modify(|value| *value += 1);
            }
            60..75 => assert_eq!(map.remove(&key), model.remove(&key).is_some()),
            75..85 => {
                assert_eq!(map.compare_and_swap(&key, value, 9), stored == Some(value));
                model
                    .entry(key)
                    .and_modify(|v| *v = if *v == value { 9 } else { *v });
            }
            85..95 => {
                assert_eq!(map.compare_and_remove(&key, value), stored == Some(value));
                model.retain(|k, v| *k != key || *v != value);
            }
            95..97 => assert_eq!(map.first_key().is_some(), !model.is_empty()),
            97..99 => {
                let sum = model.values().sum();
                assert_eq!(map.iterate(), (model.len() as u64, sum));
                map.settle();
            }
            _ => {
                map.clear();
                model.clear();
            }
        }
        assert_eq!(map.len(), model.len());
        assert_eq!(map.is_empty(), model.is_empty());
    }
}

macro_rules! each_subject_behaves {
    ($($name:ident: $subject:ident,)*) => {$(
        #[test]
        fn $name() {
            behaves::<u64, $subject<u64>>();
            behaves::<String, $subject<String>>();
        }
    )*};
}

each_subject_behaves! {
    splitmap_behaves: Splitmap,
    papaya_behaves: Papaya,
    scc_index_behaves: SccIndex,
    scc_map_behaves: SccMap,
    dashmap_behaves: Dashmap,
    flurry_behaves: Flurry,
    rwlock_behaves: RwLocked,
    alone_behaves: Alone,
}

#[test]
#[should_panic(expected = "written to while shared")]
fn alone_refuses_writes_once_it_is_shared() {
    let map = Alone::with_capacity(0);
    map.share();
    map.insert(1_u64, 1);
}
