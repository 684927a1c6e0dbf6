//! What a promotion does and leaves alone, as the figures show it.

use splitmap::SyncMap;

use crate::support::hashers::{Good, good};

type Map = SyncMap<u32, u32, Good>;

fn settled(keys: u32) -> Map {
    let map = Map::with_hasher(good());
    for key in 0..keys {
        map.insert(key, key);
    }
    map.promote();
    map
}

#[test]
fn a_promotion_leaves_a_settled_map_alone() {
    let map = settled(1_000);
    let before = map.stats().promotions;
    map.promote();
    assert_eq!(map.stats().promotions, before);
    assert_eq!(map.insert(1, 2).as_deref(), Some(&1));
    map.promote();
    assert_eq!(map.stats().promotions, before, "a new value is no new key");
}

#[test]
fn a_promotion_drops_a_single_removed_key() {
    let map = settled(1_000);
    let before = map.stats();
    drop(map.remove(&7));
    assert_eq!(map.stats().read_len, 1_000);
    map.promote();
    let after = map.stats();
    assert_eq!((after.read_len, after.amended), (999, false));
    assert_eq!(after.promotions, before.promotions + 1);
}

#[test]
fn a_new_key_takes_the_mutex_once_while_the_next_snapshot_is_built() {
    let map = Map::with_hasher(good());
    let mut in_frozen_lists = 0;
    for key in 0..5_000 {
        let before = map.stats().locked_ops;
        map.insert(key, key);
        let locked = map.stats().locked_ops - before;
        assert!(locked <= 1, "key {key} took the mutex {locked} times");
        in_frozen_lists += locked;
    }
    assert!(in_frozen_lists > 100, "no list was frozen");
}

#[test]
fn every_key_is_counted_while_the_next_snapshot_is_built() {
    let map = Map::with_hasher(good());
    for key in 0..5_000_u32 {
        map.insert(key, key);
        let stats = map.stats();
        assert_eq!(map.len(), key as usize + 1);
        if stats.amended {
            assert_eq!(stats.dirty_len, map.len(), "{stats:?}");
        } else {
            assert_eq!((stats.read_len, stats.dirty_len), (map.len(), 0));
        }
    }
    assert!(map.stats().promotions >= 5, "hardly anything was built");
}
