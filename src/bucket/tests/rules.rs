//! The rules of the module's table that no other test covers, seen from inside: which bucket, which
//! byte, which growth.

use super::support::{HashWith, mix};
use crate::bucket::header::{load_limit, spares};
use crate::bucket::tophash::Tophash;
use crate::bucket::{BucketMap, Entry, Growth, Layout, Table};

type Numbers = Table<u64, u32>;
type Map = BucketMap<u64, u64, HashWith>;

fn insert(table: &mut Numbers, n: u64, hash: u64) {
    *table.insert_new(hash, hash as u32, n) = n;
}

fn remove(table: &mut Numbers, n: u64, hash: u64) -> Option<u64> {
    table.remove(hash, |&m| m == n)
}

/// The table's one chain: its bytes, buckets in order.
fn chain(table: &Numbers, home: usize) -> Vec<Tophash> {
    let mut bytes = Vec::new();
    let mut bucket = home;
    loop {
        let word = table.current.word(bucket);
        bytes.extend((0..8).map(|cell| word.byte(cell)));
        bucket = table.current.link(bucket);
        if bucket == 0 {
            return bytes;
        }
    }
}

/// A calm table of 16 buckets.
fn sixteen() -> Numbers {
    let table = Numbers::with_capacity(100);
    assert_eq!(table.layout().buckets, 16);
    table
}

fn growing_map() -> Map {
    let mut map = Map::with_hasher(HashWith::GOOD);
    map.extend((0..209).map(|n| (n, n)));
    assert_eq!(map.layout().growth, Growth::Doubling);
    map
}

#[test]
fn rules_9_and_35_low_bits_choose_the_bucket_and_the_first_empty_cell_is_taken() {
    let mut table = sixteen();
    for n in 0..5 {
        insert(&mut table, n, n << 4 | 3);
    }
    assert_eq!(table.current.word(3).live().count(), 5);
    assert_eq!(remove(&mut table, 1, 1 << 4 | 3), Some(1));
    let top = 0xab << 56;
    insert(&mut table, 9, top | 3);
    assert_eq!(table.current.word(3).byte(1), Tophash::of(top));
}

#[test]
fn rules_16_to_18_and_37_overflow_buckets_are_spares_in_order_and_counted_exactly() {
    let mut table = Numbers::with_capacity(load_limit(6) as usize);
    assert_eq!((table.layout().buckets, spares(6)), (64, 4));
    for bucket in 0..6 {
        for n in 0..9 {
            insert(&mut table, bucket * 100 + n, n << 6 | bucket);
        }
        // The four spares first, then further ones; always at the end of the chain, from cell 0.
        let expected = 64 + bucket as usize;
        assert_eq!(table.current.link(bucket as usize), expected);
        assert_eq!(table.current.word(expected).live().collect::<Vec<_>>(), [0]);
        assert_eq!(table.layout().overflow_buckets, bucket as usize + 1);
    }
    // Removals empty them and change neither the count nor the links.
    for bucket in 0..6 {
        for n in 0..9 {
            assert!(remove(&mut table, bucket * 100 + n, n << 6 | bucket).is_some());
        }
    }
    assert_eq!(table.layout().overflow_buckets, 6);
    assert_eq!(table.current.link(5), 69);
    table.validate();
}

#[test]
fn rule_20_one_bucket_never_overflows() {
    let mut table = Numbers::new();
    for n in 0..10_000 {
        insert(&mut table, n, mix(n));
        if n >= 8 {
            assert!(remove(&mut table, n - 8, mix(n - 8)).is_some());
        }
        if table.layout().buckets == 1 {
            assert_eq!(table.layout().overflow_buckets, 0);
        }
    }
    let mut table = Numbers::new();
    for n in 0..10_000 {
        insert(&mut table, n, 0);
        if n >= 7 {
            assert!(remove(&mut table, n - 7, 0).is_some());
        }
    }
    let layout = table.layout();
    assert_eq!(
        (layout.buckets, layout.overflow_buckets, layout.growth),
        (1, 0, Growth::None)
    );
}

#[test]
fn rules_21_and_23_only_the_insert_of_a_new_entry_starts_a_growth_and_it_moves_at_most_two() {
    let mut map = Map::with_hasher(HashWith::GOOD);
    map.extend((0..208).map(|n| (n, n)));
    let calm = map.layout();
    assert_eq!((calm.growth, calm.buckets), (Growth::None, 32));
    map.insert(0, 1);
    map.remove(&500);
    assert!(map.get(&500).is_none());
    assert!(matches!(map.entry(500), Entry::Vacant(_)));
    *map.entry(0).or_insert(7) += 1;
    map.retain(|_, _| true);
    assert_eq!(map.layout(), calm);
    map.insert(208, 208);
    let layout = map.layout();
    assert_eq!((layout.growth, layout.old_buckets), (Growth::Doubling, 32));
    assert!(layout.evacuated <= 2);
    map.validate();
}

#[test]
fn rule_24_every_kind_of_write_carries_a_growth_on_and_nothing_else_does() {
    type Step = fn(&mut Map);
    let writes: [Step; 8] = [
        |map| assert_eq!(map.insert(1000, 0), None),
        |map| assert!(map.insert(0, 0).is_some()),
        |map| assert_eq!(map.remove(&1000), None),
        |map| assert!(map.remove_entry(&0).is_some()),
        |map| *map.entry(1000).or_insert(0) += 1,
        |map| *map.entry(0).or_insert(0) += 1,
        |map| {
            let _ = map.entry(0).insert_entry(4);
        },
        |map| map.extend([(0, 0)]),
    ];
    for write in writes {
        let mut map = growing_map();
        let before = map.layout();
        write(&mut map);
        let after = map.layout();
        let moved = evacuated(&map) - 1;
        assert!(after.evacuated > before.evacuated, "{before} {after}");
        assert!(
            (1..=4).contains(&moved),
            "{moved} old buckets in two writes"
        );
        map.validate();
    }
    let reads: [Step; 9] = [
        |map| assert!(map.get(&0).is_some()),
        |map| assert!(map.get_mut(&0).is_some()),
        |map| assert_eq!(map.iter().count(), 209),
        |map| assert_eq!(map.iter_mut().count(), 209),
        |map| map.retain(|_, _| true),
        |map| {
            let _ = map.entry(1000);
        },
        |map| drop(map.clone()),
        |map| assert!(map.cursor().next(map).is_some()),
        |map| assert!(map.contains_key(&0)),
    ];
    for read in reads {
        let mut map = growing_map();
        let before = map.layout();
        read(&mut map);
        assert_eq!(map.layout(), before);
    }
}

/// The number of old buckets that are evacuated, in whatever order, plus one.
fn evacuated(map: &Map) -> usize {
    let old = map.table.evacuation.as_ref().expect("growing").old();
    (0..old.primary())
        .filter(|&home| old.is_evacuated(home))
        .count()
        + 1
}

#[test]
fn rules_22_and_25_doubling_wins_and_no_growth_starts_in_another() {
    let mut table = sixteen();
    for bucket in 0..15 {
        for n in 0..9 {
            insert(&mut table, n, bucket);
        }
        for n in 0..9 {
            assert_eq!(remove(&mut table, n, bucket), Some(n));
        }
    }
    for n in 0..101 {
        insert(&mut table, n, n % 16);
    }
    for n in 101..104 {
        insert(&mut table, n, 15);
    }
    assert_eq!((table.len(), table.layout().overflow_buckets), (104, 16));
    assert_eq!(table.layout().growth, Growth::None);
    insert(&mut table, 104, 15);
    assert_eq!(table.layout().growth, Growth::Doubling);
    table.validate();

    // In a same-size growth the load limit may be passed; the doubling starts when it is over.
    let mut table = same_size();
    for n in 10_000.. {
        insert(&mut table, n, mix(n));
        if table.layout().growth != Growth::SameSize {
            break;
        }
        assert_eq!(table.layout().buckets, 16);
        assert!(table.len() as u64 > load_limit(4));
        assert!(table.capacity() >= table.len());
    }
    assert_eq!(table.layout().growth, Growth::Doubling);
}

/// A table of 16 buckets with a same-size growth just begun and as many entries as it may have.
fn same_size() -> Numbers {
    let mut table = sixteen();
    for n in 0..104 {
        insert(&mut table, n, mix(n));
    }
    let mut next = 0;
    while table.layout().growth == Growth::None {
        assert!(remove(&mut table, next, mix(next)).is_some());
        insert(&mut table, next + 104, mix(next + 104));
        next += 1;
    }
    assert_eq!(
        (table.layout().growth, table.len()),
        (Growth::SameSize, 104)
    );
    table
}

#[test]
fn rules_26_and_28_a_moved_chain_is_dense_in_order_and_leaves_marks() {
    let mut table = sixteen();
    // Ten entries of bucket 5, six of which will stay there and four move to bucket 21.
    for n in 0..10_u64 {
        insert(&mut table, n, n << 56 | u64::from(n % 3 == 0) << 4 | 5);
    }
    assert_eq!(remove(&mut table, 4, 4 << 56 | 5), Some(4));
    for n in 10..105 {
        insert(&mut table, n, (n - 10) % 4 + 8);
    }
    insert(&mut table, 105, 8);
    assert_eq!(table.layout().growth, Growth::Doubling);
    assert_eq!(remove(&mut table, 0, 5 | 77 << 56), None);
    let tops = |ns: &[u64]| ns.iter().map(|n| Tophash::of(n << 56)).collect::<Vec<_>>();
    assert_eq!(
        chain(&table, 5)[..6],
        [tops(&[1, 2, 5, 7, 8]), vec![Tophash::EMPTY_REST]].concat()
    );
    assert_eq!(chain(&table, 21)[..4], tops(&[0, 3, 6, 9]));
    let old = table.evacuation.as_ref().expect("growing").old();
    let marks: Vec<_> = (0..8).map(|cell| old.word(5).byte(cell)).collect();
    let (x, y) = (Tophash::EVACUATED_X, Tophash::EVACUATED_Y);
    assert_eq!(marks, [y, x, x, y, Tophash::EVACUATED_EMPTY, x, y, x]);
    table.validate();
}

#[test]
fn rule_29_the_count_of_evacuated_buckets_passes_over_those_done_out_of_turn() {
    let mut table = Numbers::with_capacity(load_limit(13) as usize);
    for n in 0..=load_limit(13) {
        insert(&mut table, n, mix(n));
    }
    assert_eq!(table.layout().old_buckets, 1 << 13);
    let mut writes = 0;
    let mut last = table.layout().evacuated;
    // Always the highest bucket not moved yet: the front is moved on by one a write, and meets the
    // other end half way.
    for home in (0..1 << 13).rev() {
        let layout = table.layout();
        if layout.growth == Growth::None {
            break;
        }
        assert!(layout.evacuated - last <= 1025);
        last = layout.evacuated;
        assert_eq!(remove(&mut table, u64::MAX, home), None);
        writes += 1;
    }
    // Half of all buckets by one write each, and then, at 1024 a step, over the other half.
    assert!((1 << 12..(1 << 12) + 10).contains(&writes), "{writes}");
    assert_eq!(table.layout().growth, Growth::None);
}

#[test]
fn rules_30_and_45_the_number_of_buckets_never_falls() {
    let mut map = Map::with_hasher(HashWith::GOOD);
    map.extend((0..1000).map(|n| (n, n)));
    let buckets = map.layout().buckets;
    for n in 0..1000 {
        map.remove(&n);
        assert_eq!(map.layout().buckets, buckets);
    }
    map.insert(1, 1);
    map.clear();
    let cleared = Layout {
        buckets,
        ..Layout::default()
    };
    assert_eq!(map.layout(), cleared);
    map.clear();
    assert_eq!(map.layout(), cleared);
}

#[test]
fn rules_31_and_40_an_empty_map_does_not_hash() {
    let mut map = Map::with_hasher(HashWith(|_| panic!("hashed")));
    assert_eq!(map.get(&1), None);
    assert!(!map.contains_key(&1));
    assert_eq!(map.get_mut(&1), None);
    assert_eq!(map.remove(&1), None);
    assert_eq!(map.remove_entry(&1), None);
}

#[test]
fn rules_32_and_33_lookups_follow_a_chain_wherever_it_is() {
    let map = growing_map();
    let old = map.table.evacuation.as_ref().expect("growing").old();
    assert!((0..32).any(|home| old.is_evacuated(home)));
    assert!((0..32).any(|home| !old.is_evacuated(home)));
    for n in 0..209 {
        assert_eq!(map.get(&n), Some(&n));
    }
    // Equal tophash and bucket: it is for `Eq` to tell them apart.
    let mut map = Map::with_hasher(HashWith::EQUAL);
    map.extend((0..20).map(|n| (n, n)));
    assert_eq!((map.get(&19), map.get(&20)), (Some(&19), None));
}

#[test]
fn rules_34_38_and_44_the_write_flag_is_set_after_hashing_and_cleared_at_the_end() {
    let mut map = Map::with_hasher(HashWith(|n| if n == 13 { panic!("13") } else { n }));
    map.insert(1, 1);
    let attempts: [fn(&mut Map); 3] = [
        |map| {
            map.insert(13, 0);
        },
        |map| {
            map.remove(&13);
        },
        |map| {
            let _ = map.entry(13);
        },
    ];
    for attempt in attempts {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attempt(&mut map)));
        assert!(outcome.is_err());
        assert_eq!(map.insert(1, 1), Some(1));
    }
    let writing = map.flag.write();
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| map.get(&1).copied()));
    drop(writing);
    assert!(read.is_err());
    assert_eq!(map.get(&1), Some(&1));
}

#[test]
fn rules_41_and_42_removal_leaves_empty_one_and_then_empty_rest_backwards_across_buckets() {
    let (one, rest) = (Tophash::EMPTY_ONE, Tophash::EMPTY_REST);
    let mut table = sixteen();
    for n in 0..18 {
        insert(&mut table, n, 7);
    }
    let live = Tophash::of(7);
    // Holes in the first two buckets, all before something live.
    for n in [0, 6, 7, 8, 9, 15] {
        assert_eq!(remove(&mut table, n, 7), Some(n));
    }
    assert_eq!(chain(&table, 7)[6..10], [one; 4]);
    // The last bucket empties, and the hole at the end of the second goes with it.
    for n in [17, 16] {
        assert_eq!(remove(&mut table, n, 7), Some(n));
    }
    assert_eq!(chain(&table, 7)[14..], [&[live][..], &[rest; 9]].concat());
    // The rest of the second bucket goes, and with it the holes at the end of the first.
    for n in (10..15).rev() {
        assert_eq!(remove(&mut table, n, 7), Some(n));
    }
    assert_eq!(chain(&table, 7)[..6], [&[one][..], &[live; 5]].concat());
    assert_eq!(chain(&table, 7)[6..], [rest; 18]);
    // And a hole is the first to be filled.
    insert(&mut table, 99, 7);
    assert_eq!(chain(&table, 7)[0], live);
    table.validate();
}
