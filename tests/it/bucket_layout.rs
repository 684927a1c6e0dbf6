//! What `layout` shows: thresholds, growth in instalments, same-size growth, a fresh seed.

use std::collections::HashSet;

use splitmap::{BucketMap, Growth, Layout};

use crate::support::hashers::{Collide, Good, Grouped, Identity, good};
use crate::support::validate;

/// How many entries a table of 2^B buckets holds before it must grow.
fn limit(log2: u32) -> usize {
    if log2 == 0 { 8 } else { 13 * (1 << log2) / 2 }
}

fn filled(len: u32) -> BucketMap<u32, u32, Good> {
    let mut map = BucketMap::with_hasher(good());
    for key in 0..len {
        map.insert(key, key);
    }
    map
}

/// What is left of a growth.
fn pending(layout: &Layout) -> usize {
    layout.old_buckets - layout.evacuated
}

#[test]
fn empty_map_has_one_calm_bucket() {
    let layout = BucketMap::<u32, u32>::new().layout();
    assert_eq!(layout.buckets, 1);
    assert_eq!(layout.old_buckets, 0);
    assert_eq!(layout.evacuated, 0);
    assert_eq!(layout.overflow_buckets, 0);
    assert!(matches!(layout.growth, Growth::None));
}

/// Go's TestMapBuckets: bucket counts by hint and by number of inserts.
#[test]
fn bucket_count_follows_hint_and_inserts() {
    for (len, buckets) in [
        (0, 1),
        (7, 1),
        (8, 1),
        (9, 2),
        (12, 2),
        (14, 4),
        (24, 4),
        (27, 8),
        (48, 8),
        (53, 16),
    ] {
        assert_eq!(filled(len).layout().buckets, buckets, "{len} inserts");
        let mut hinted = BucketMap::with_capacity(len as usize);
        assert_eq!(hinted.layout().buckets, buckets, "hint {len}");
        for key in 0..len {
            hinted.insert(key, key);
        }
        assert_eq!(hinted.layout().buckets, buckets, "hint {len}, then filled");
        assert!(matches!(hinted.layout().growth, Growth::None));
    }
}

#[test]
fn hint_gives_the_smallest_table_that_holds_it() {
    for (hint, log2) in [
        (8, 0),
        (9, 1),
        (13, 1),
        (14, 2),
        (26, 2),
        (27, 3),
        (1_000, 8),
        (6_656, 10),
        (6_657, 11),
        (1 << 20, 18),
    ] {
        let map = BucketMap::<u8, u8>::with_capacity(hint);
        assert_eq!(map.layout().buckets, 1 << log2, "hint {hint}");
        assert_eq!(map.capacity(), limit(log2), "hint {hint}");
    }
}

/// Go's TestIgnoreBogusMapHint: a clear panic or a bounded allocation, and nothing else.
#[test]
fn bogus_hint_panics_or_is_bounded() {
    for hint in [
        usize::MAX,
        usize::MAX / 2,
        1 << (usize::BITS - 2),
        isize::MAX as usize,
    ] {
        let made = std::panic::catch_unwind(|| {
            let mut map = BucketMap::<u64, u64>::with_capacity(hint);
            map.insert(1, 2);
            assert_eq!(map.get(&1), Some(&2));
            assert!(map.layout().buckets <= 1 << 20, "hint {hint} was obeyed");
        });
        if let Err(payload) = made {
            let message = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .expect("a panic with a message");
            assert!(message.contains("capacity"), "unclear: {message}");
        }
    }
}

/// Go's TestLoadFactor: 13 entries for every 2 buckets, and 8 for one.
#[test]
fn load_limit_is_exact() {
    for log2 in 0..=12 {
        let mut map = BucketMap::with_capacity_and_hasher(limit(log2), good());
        assert_eq!(map.layout().buckets, 1 << log2);
        assert_eq!(map.capacity(), limit(log2));
        for key in 0..limit(log2) {
            map.insert(key, ());
        }
        assert_eq!(map.layout().buckets, 1 << log2, "B {log2} at its limit");
        assert!(matches!(map.layout().growth, Growth::None));
        map.insert(usize::MAX, ());
        assert_eq!(map.layout().buckets, 2 << log2, "B {log2} over its limit");
        assert_eq!(map.capacity(), limit(log2 + 1));
    }
}

#[test]
fn inserts_double_the_table_exactly_at_the_thresholds() {
    let mut map = BucketMap::with_hasher(good());
    let mut grew_at = Vec::new();
    for n in 1..=6_700_u32 {
        let before = map.layout().buckets;
        map.insert(n, n);
        let after = map.layout().buckets;
        if after != before {
            assert_eq!(after, 2 * before);
            grew_at.push(n);
        }
    }
    assert_eq!(
        grew_at,
        [9, 14, 27, 53, 105, 209, 417, 833, 1_665, 3_329, 6_657]
    );
}

#[test]
fn old_table_is_released_after_half_to_all_its_buckets_in_writes() {
    let mut map = BucketMap::with_hasher(good());
    let mut started = 0;
    let mut old = 0;
    let mut growths = 0;
    for n in 1..=4_000_u32 {
        let before = map.layout();
        map.insert(n, n);
        let after = map.layout();
        if after.buckets != before.buckets {
            assert!(matches!(before.growth, Growth::None), "growths overlap");
            started = n;
            old = u32::try_from(before.buckets).expect("small");
        }
        let ended = matches!(after.growth, Growth::None)
            && (after.buckets != before.buckets || !matches!(before.growth, Growth::None));
        if ended {
            let writes = n - started + 1;
            assert!(
                writes >= old.div_ceil(2),
                "{old} buckets in {writes} writes"
            );
            assert!(writes <= old, "{old} buckets took {writes} writes");
            growths += 1;
        }
        if matches!(after.growth, Growth::None) {
            assert_eq!((after.old_buckets, after.evacuated), (0, 0));
        } else {
            assert!(matches!(after.growth, Growth::Doubling));
            assert_eq!(2 * after.old_buckets, after.buckets);
            assert!(after.evacuated < after.old_buckets);
        }
    }
    assert_eq!(growths, 10);
}

/// A map in the first write of a doubling from 64 to 128 buckets.
fn doubling() -> BucketMap<u32, u32, Good> {
    let map = filled(417);
    assert!(matches!(map.layout().growth, Growth::Doubling));
    assert_eq!((map.layout().old_buckets, map.layout().buckets), (64, 128));
    map
}

#[test]
fn every_kind_of_write_advances_growth() {
    type Write = fn(&mut BucketMap<u32, u32, Good>);
    let writes: [(&str, Write); 4] = [
        ("overwrite", |map| {
            map.insert(3, 3);
        }),
        ("insert", |map| {
            map.insert(10_000 + u32::try_from(map.len()).expect("small"), 0);
        }),
        ("remove", |map| {
            let key = *map.keys().min().expect("not empty");
            map.remove(&key);
        }),
        ("remove of an absent key", |map| {
            map.remove(&9_999);
        }),
    ];
    for (name, write) in writes {
        let mut map = doubling();
        let mut count = 0;
        while !matches!(map.layout().growth, Growth::None) {
            let before = pending(&map.layout());
            write(&mut map);
            let after = pending(&map.layout());
            assert!(after < before, "{name}: {before} left, then {after}");
            validate!(map);
            count += 1;
        }
        // One bucket was done by the write that started it, at least.
        assert!((31..=63).contains(&count), "{name}: {count} writes");
    }
}

#[test]
fn reads_never_advance_growth() {
    let map = doubling();
    let before = map.layout();
    for key in 0..2_000 {
        assert_eq!(map.get(&key).is_some(), key < 417);
        assert_eq!(map.contains_key(&key), key < 417);
        assert_eq!(map.get_key_value(&key).is_some(), key < 417);
    }
    assert_eq!(map.iter().count(), 417);
    assert_eq!(map.keys().count() + map.values().count(), 2 * 417);
    let copy = map.clone();
    assert_eq!(copy, map);
    let after = map.layout();
    assert!(matches!(after.growth, Growth::Doubling));
    assert_eq!(after.evacuated, before.evacuated);
    assert_eq!(after.old_buckets, before.old_buckets);
}

#[test]
fn overwrites_and_removals_never_start_growth() {
    let mut map = filled(104);
    assert_eq!(map.layout().buckets, 16);
    for _ in 0..10 {
        for key in 0..104 {
            map.insert(key, 1);
            map.remove(&1_000);
        }
    }
    assert_eq!(map.layout().buckets, 16);
    assert!(matches!(map.layout().growth, Growth::None));
    map.insert(104, 0);
    assert_eq!(map.layout().buckets, 32);
}

#[test]
fn vacant_entry_not_filled_starts_no_growth() {
    let mut map = filled(104);
    for key in 200..300 {
        assert_eq!(*map.entry(key).key(), key);
        map.entry(key).and_modify(|_| panic!("the key is absent"));
    }
    assert_eq!(map.layout().buckets, 16);
    assert!(matches!(map.layout().growth, Growth::None));
    assert_eq!(map.len(), 104);
    map.entry(200).or_insert(0);
    assert_eq!(map.layout().buckets, 32);
}

#[test]
fn finish_growth_ends_it_and_keeps_every_entry() {
    let mut map = doubling();
    map.finish_growth();
    let layout = map.layout();
    assert!(matches!(layout.growth, Growth::None));
    assert_eq!((layout.buckets, layout.old_buckets), (128, 0));
    assert_eq!(layout.evacuated, 0);
    validate!(map);
    assert!((0..417).all(|key| map.get(&key) == Some(&key)));
    assert_eq!(map.len(), 417);
    // Nothing to do: nothing happens.
    map.finish_growth();
    assert_eq!(map.layout().buckets, 128);
}

#[test]
fn growth_is_invisible_at_every_step() {
    let mut map = filled(416);
    for step in 0..200_u32 {
        map.insert(416 + step, 416 + step);
        validate!(map);
        assert_eq!(map.len(), 417 + step as usize);
        assert_eq!(map.iter().count(), map.len());
        for key in 0..=416 + step {
            assert_eq!(map.get(&key), Some(&key), "lost at step {step}");
        }
        assert_eq!(map.get(&(417 + step)), None);
    }
}

#[test]
fn table_never_shrinks() {
    let mut map = filled(1_000);
    map.finish_growth();
    let buckets = map.layout().buckets;
    for key in 0..1_000 {
        map.remove(&key);
        assert_eq!(map.layout().buckets, buckets);
    }
    map.clear();
    assert_eq!(map.layout().buckets, buckets);
    map.retain(|_, _| false);
    assert_eq!(map.layout().buckets, buckets);
}

#[test]
fn clear_ends_a_growth_and_drops_overflow_buckets() {
    let mut map = BucketMap::with_hasher(Collide);
    for key in 0..417_u32 {
        map.insert(key, key);
    }
    assert!(map.layout().overflow_buckets > 0);
    assert!(matches!(map.layout().growth, Growth::Doubling));
    map.clear();
    let layout = map.layout();
    assert!(matches!(layout.growth, Growth::None));
    assert_eq!(layout.buckets, 128);
    assert_eq!((layout.old_buckets, layout.evacuated), (0, 0));
    assert_eq!(layout.overflow_buckets, 0);
    validate!(map);
}

#[test]
fn overflow_buckets_are_counted() {
    let mut map = BucketMap::with_capacity_and_hasher(104, Collide);
    for (len, overflow) in [(8, 0), (9, 1), (16, 1), (17, 2), (104, 12)] {
        while map.len() < len {
            map.insert(map.len(), ());
        }
        assert_eq!(
            map.layout().overflow_buckets,
            overflow,
            "{len} in one chain"
        );
    }
    // Overflow buckets are never unlinked, and their cells are used again.
    for key in 1..104 {
        map.remove(&key);
    }
    assert_eq!(map.layout().overflow_buckets, 12);
    for key in 1..104 {
        map.insert(key, ());
    }
    assert_eq!(map.layout().overflow_buckets, 12);
    validate!(map);
}

/// Fills and empties one chain after another until the map has too many overflow buckets; stops in
/// the write that starts the growth of the same size.
fn drive_to_same_size(map: &mut BucketMap<u64, u64, Grouped>) {
    assert_eq!(map.layout().buckets, 16);
    map.insert(u64::MAX, 0);
    for group in 0..1_000_u64 {
        let start = group << 8;
        for key in start..start + 100 {
            map.insert(key, key);
            assert_eq!(map.layout().buckets, 16, "the load never rose");
            if let Growth::SameSize = map.layout().growth {
                return;
            }
        }
        for key in start..start + 100 {
            map.remove(&key);
        }
    }
    panic!(
        "no growth of the same size in 1,000 rounds: {:?}",
        map.layout()
    );
}

fn same_size() -> BucketMap<u64, u64, Grouped> {
    let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
    drive_to_same_size(&mut map);
    map
}

#[test]
fn too_many_overflow_buckets_start_a_growth_of_the_same_size() {
    let map = same_size();
    validate!(map);
    let layout = map.layout();
    assert_eq!((layout.buckets, layout.old_buckets), (16, 16));
    assert_eq!(map.iter().count(), map.len());
}

#[test]
fn growth_of_the_same_size_drops_the_empty_overflow_buckets() {
    let mut map = same_size();
    let keys: HashSet<_> = map.keys().copied().collect();
    map.finish_growth();
    validate!(map);
    let layout = map.layout();
    assert_eq!((layout.buckets, layout.old_buckets), (16, 0));
    assert!(matches!(layout.growth, Growth::None));
    // At most 102 entries are left, in one full chain and one of a single entry.
    assert!(layout.overflow_buckets <= 13, "{layout:?}");
    assert_eq!(map.keys().copied().collect::<HashSet<_>>(), keys);
}

#[test]
fn growth_of_the_same_size_advances_by_writes() {
    let mut map = same_size();
    let len = map.len();
    let mut writes = 0;
    while let Growth::SameSize = map.layout().growth {
        let before = pending(&map.layout());
        map.insert(u64::MAX, writes);
        assert!(pending(&map.layout()) < before);
        validate!(map);
        assert_eq!((map.len(), map.iter().count()), (len, len));
        writes += 1;
    }
    assert!((7..=15).contains(&writes), "{writes} writes");
}

#[test]
fn growth_of_the_same_size_may_be_cloned_over_its_limit() {
    // Go's issue 69110: while growing, no other growth starts, so the load may pass its limit.
    let mut map = same_size();
    let mut extra = 1 << 40;
    while let Growth::SameSize = map.layout().growth {
        map.insert(extra, extra);
        extra += 1 << 8;
        let copy = map.clone();
        validate!(copy);
        assert_eq!(copy, map);
        let mut seen = HashSet::new();
        for (key, value) in &copy {
            assert!(seen.insert(*key));
            assert_eq!(map.get(key), Some(value));
        }
        assert_eq!(seen.len(), map.len());
    }
}

/// Issue 16070 of Go's: churn at a constant size must not grow memory.
#[test]
fn churn_at_constant_size_keeps_table_and_overflow_bounded() {
    let mut map = BucketMap::with_hasher(good());
    let mut most = 0;
    for key in 0..100_u32 {
        map.insert(key, ());
    }
    for key in 100..50_000 {
        map.remove(&(key - 100));
        map.insert(key, ());
        most = most.max(map.layout().overflow_buckets);
        assert_eq!(map.layout().buckets, 16);
    }
    assert_eq!(map.len(), 100);
    // Sixteen new ones start the growth; as many may be made again before it ends.
    assert!(most <= 48, "{most} overflow buckets for 100 entries");
    validate!(map);
}

/// Drives `map` into a growth of the same size and out of it by overwriting one key, and returns the
/// old buckets that were passed over as already done, give or take one: that key's is among them,
/// because its first overwrite did it out of turn.
fn done_out_of_turn(map: &mut BucketMap<u64, u64, Grouped>) -> HashSet<usize> {
    drive_to_same_size(map);
    let mut out_of_turn = HashSet::new();
    while let Growth::SameSize = map.layout().growth {
        let before = map.layout().evacuated;
        assert_eq!(map.insert(u64::MAX, 0), Some(0));
        let layout = map.layout();
        let after = if layout.old_buckets == 0 {
            16
        } else {
            layout.evacuated
        };
        if after > before + 1 {
            out_of_turn.extend(before..after);
        }
    }
    assert!(!out_of_turn.is_empty());
    out_of_turn
}

/// Whether the bucket of one key changes from round to round, with the same hasher throughout.
fn seed_changes(mut next: impl FnMut() -> HashSet<usize>) -> bool {
    let mut always = next();
    for _ in 0..64 {
        let now = next();
        always.retain(|bucket| now.contains(bucket));
    }
    always.is_empty()
}

#[test]
fn clear_and_emptying_renew_the_seed() {
    type Empty = fn(&mut BucketMap<u64, u64, Grouped>);
    let ways: [(&str, Empty); 5] = [
        ("clear", BucketMap::clear),
        ("remove", |map| {
            let keys: Vec<_> = map.keys().copied().collect();
            for key in keys {
                assert!(map.remove(&key).is_some());
            }
        }),
        ("remove_entry", |map| {
            let keys: Vec<_> = map.keys().copied().collect();
            for key in keys {
                assert!(map.remove_entry(&key).is_some());
            }
        }),
        ("retain", |map| map.retain(|_, _| false)),
        ("drain", |map| assert_ne!(map.drain().count(), 0)),
    ];
    for (name, empty) in ways {
        let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
        let changes = seed_changes(|| {
            let bucket = done_out_of_turn(&mut map);
            empty(&mut map);
            assert!(map.is_empty());
            validate!(map);
            bucket
        });
        assert!(changes, "{name}: always in the same bucket");
    }
}

#[test]
fn maps_of_one_hasher_have_seeds_of_their_own() {
    assert!(seed_changes(|| {
        done_out_of_turn(&mut BucketMap::with_capacity_and_hasher(104, Grouped))
    }));
}

#[test]
fn seed_stays_while_there_are_entries() {
    let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
    assert!(!seed_changes(|| {
        let bucket = done_out_of_turn(&mut map);
        map.retain(|key, _| *key == u64::MAX);
        assert_eq!(map.len(), 1);
        bucket
    }));
}

#[test]
fn clone_holds_the_entries_in_no_larger_a_table() {
    for len in [0, 8, 9, 104, 105, 120, 417, 500] {
        let map = filled(len);
        let copy = map.clone();
        assert!(copy.layout().buckets <= map.layout().buckets);
        assert!(copy.capacity() >= copy.len());
        assert_eq!(copy, map);
    }
    // Nearly empty, but once large.
    let mut map = filled(10_000);
    map.retain(|key, _| *key < 10);
    let copy = map.clone();
    assert_eq!(copy.len(), 10);
    assert_eq!(copy, map);
}

#[test]
fn identity_hash_of_multiples_still_spreads_or_chains_correctly() {
    let mut map = BucketMap::with_hasher(Identity);
    for n in 0..2_000_u64 {
        map.insert(n << 32, n);
    }
    validate!(map);
    assert_eq!(map.len(), 2_000);
    assert!((0..2_000).all(|n| map.get(&(n << 32)) == Some(&n)));
}
