//! The table: lookups, growth rules and invariants, with hashes chosen by the tests.

use std::collections::HashMap;

use super::support::mix;
use crate::bucket::header::{bits_for, load_limit, over_load, spares};
use crate::bucket::table::probe::{Candidates, live_cells};
use crate::bucket::tophash::{Tophash, Word, pattern};
use crate::bucket::{Growth, Table};

type Numbers = Table<u64, u32>;

fn insert(table: &mut Numbers, n: u64, hash: u64) {
    assert_eq!(table.find(hash, |&m| m == n), None);
    *table.insert_new(hash, hash as u32, n) = n;
}

/// Inserts, removes and looks up at random beside std's map, validating after every step.
fn matches_std(hash: impl Fn(u64) -> u64, keys: u64, steps: u64) {
    let mut table = Numbers::new();
    let mut model = HashMap::new();
    for step in 0..steps {
        let n = mix(step) % keys;
        let h = hash(n);
        match mix(step + steps) % 8 {
            0..5 if model.insert(n, ()).is_none() => insert(&mut table, n, h),
            5..7 => assert_eq!(
                table.remove(h, |&m| m == n),
                model.remove_entry(&n).map(|(n, ())| n)
            ),
            _ => assert_eq!(
                table.find(h, |&m| m == n).copied(),
                model.get_key_value(&n).map(|(&n, ())| n)
            ),
        }
        table.validate();
        assert_eq!(table.len(), model.len());
    }
    let mut found: Vec<_> = table.iter(steps).copied().collect();
    found.sort_unstable();
    let mut expected: Vec<_> = model.into_keys().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn table_matches_std_with_good_hashes() {
    matches_std(mix, 400, if cfg!(miri) { 300 } else { 4000 });
}

#[test]
fn table_matches_std_with_few_hashes() {
    matches_std(|n| mix(n % 16), 200, if cfg!(miri) { 300 } else { 3000 });
}

#[test]
fn table_matches_std_with_equal_hashes() {
    matches_std(|_| 0, 60, if cfg!(miri) { 200 } else { 2000 });
}

#[test]
fn table_matches_std_with_identity_hashes() {
    matches_std(|n| n, 400, if cfg!(miri) { 300 } else { 4000 });
}

#[test]
fn rules_6_and_8_byte_tests_are_exact_for_every_pair_of_neighbours() {
    for low in 0..=255_u8 {
        for high in 0..=255_u8 {
            let bytes = |cell| if cell == 4 { high } else { low };
            let word = (0..8).fold(Word::EMPTY, |word, cell| {
                let byte = Tophash::of(0xff << 56).rebuild_hash(0) >> 56;
                assert_eq!(byte, 0xff);
                word.with(cell, raw_byte(bytes(cell)))
            });
            let cells =
                |test: &dyn Fn(u8) -> bool| (0..8).filter(|&c| test(bytes(c))).collect::<Vec<_>>();
            assert_eq!(word.live().collect::<Vec<_>>(), cells(&|b| b >= 5));
            let live = word.live().bits();
            assert_eq!(live_cells(word, word), live | live << 8);
            assert_eq!(live_cells(word, Word::EMPTY), live);
            assert_eq!(word.first_empty(), cells(&|b| b <= 1).first().copied());
            if high >= 5 && !(2..=4).contains(&low) {
                let hash = u64::from(high) << 56;
                let plain = word.candidates(pattern(hash));
                let plain: Vec<_> = (0..8).filter(|c| plain >> (8 * c + 7) & 1 == 1).collect();
                for candidates in [plain, all(Candidates::new(word, hash))] {
                    let mut right = cells(&|b| b == high).into_iter();
                    assert!(right.all(|cell| candidates.contains(&cell)));
                    assert!(candidates.iter().all(|&cell| bytes(cell) | 1 == high | 1));
                    assert!(candidates.iter().all(|&cell| bytes(cell) >= 5));
                    assert!(candidates.is_sorted());
                }
            }
            assert_eq!(word.is_evacuated(), (2..=4).contains(&low));
            assert_eq!(word.ends_chain(), low == 0);
        }
    }
}

fn all(mut candidates: Candidates) -> Vec<usize> {
    let mut cells = Vec::new();
    while let Some(cell) = candidates.first() {
        cells.push(cell);
        candidates = candidates.rest();
    }
    cells
}

fn raw_byte(byte: u8) -> Tophash {
    match byte {
        0 => Tophash::EMPTY_REST,
        1 => Tophash::EMPTY_ONE,
        2 => Tophash::EVACUATED_X,
        3 => Tophash::EVACUATED_Y,
        4 => Tophash::EVACUATED_EMPTY,
        live => Tophash::of(u64::from(live) << 56),
    }
}

#[test]
fn rule_7_tophash_is_the_top_byte_moved_past_the_reserved_states() {
    for top in 0..=255_u64 {
        let expected = if top < 5 { top + 5 } else { top };
        assert_eq!(
            Tophash::of(top << 56 | 0xabc).rebuild_hash(0) >> 56,
            expected
        );
    }
}

#[test]
fn rules_10_and_12_load_limits_are_exact() {
    let limits = [8, 13, 26, 52, 104, 208, 416, 832, 1664, 3328, 6656, 13312];
    for (bits, limit) in (0..).zip(limits) {
        assert_eq!(load_limit(bits), limit);
        assert!(!over_load(limit as usize, bits));
        assert!(over_load(limit as usize + 1, bits));
    }
    let mut table = Numbers::new();
    let mut grew_at = Vec::new();
    let mut buckets = 1;
    for n in 1..=6657 {
        insert(&mut table, n, mix(n));
        if table.layout().buckets != buckets {
            buckets = table.layout().buckets;
            grew_at.push(n);
        }
    }
    assert_eq!(
        grew_at,
        [9, 14, 27, 53, 105, 209, 417, 833, 1665, 3329, 6657]
    );
}

#[test]
fn rule_13_hint_to_bits() {
    let cases = [
        (0, 0),
        (8, 0),
        (9, 1),
        (13, 1),
        (14, 2),
        (26, 2),
        (27, 3),
        (1000, 8),
        (6657, 11),
    ];
    for (hint, bits) in cases {
        assert_eq!(bits_for(hint), Some(bits), "{hint}");
    }
    assert_eq!(bits_for(1 << 20), Some(18));
    // On a 32-bit machine their number fits, and the memory does not, see below.
    let narrow = cfg!(target_pointer_width = "32");
    assert_eq!(bits_for(usize::MAX), narrow.then_some(30));
    for hint in [
        usize::MAX,
        usize::MAX / 2,
        1 << (usize::BITS - 2),
        usize::MAX / 13,
    ] {
        assert_eq!(Numbers::with_capacity(hint).layout().buckets, 1);
    }
}

#[test]
fn rule_14_one_bucket_is_allocated_by_the_first_insert_only() {
    let mut table = Numbers::with_capacity(8);
    assert!(!table.current.is_allocated());
    assert_eq!(table.remove(1, |_| true), None);
    insert(&mut table, 1, 1);
    assert!(table.current.is_allocated());
    assert!(Numbers::with_capacity(9).current.is_allocated());
}

#[test]
fn rule_15_spare_overflow_buckets() {
    assert_eq!([0, 3, 4, 5, 10].map(spares), [0, 0, 1, 2, 64]);
}

#[test]
fn rule_24_a_write_moves_its_own_old_bucket_and_the_first_one_left() {
    let mut table = Numbers::new();
    for n in 0..209 {
        insert(&mut table, n, mix(n));
    }
    let layout = table.layout();
    assert_eq!(
        (layout.growth, layout.buckets, layout.old_buckets),
        (Growth::Doubling, 64, 32)
    );
    assert!(layout.evacuated <= 2);
    // Lookups move nothing.
    for n in 0..209 {
        assert!(table.find(mix(n), |&m| m == n).is_some());
    }
    assert_eq!(table.layout(), layout);
    let mut writes = 0;
    while table.layout().growth != Growth::None {
        assert_eq!(table.remove(mix(1000), |_| false), None);
        table.validate();
        writes += 1;
    }
    assert!((16..=32).contains(&writes), "{writes}");
    assert_eq!(table.len(), 209);
}

#[test]
fn rules_19_and_22_too_many_overflow_buckets_start_a_growth_of_the_same_size() {
    let mut table = Numbers::new();
    let mut next = 0;
    let mut seen_same_size = false;
    for n in 0..100 {
        insert(&mut table, n, mix(n));
    }
    // Constant churn at a high load: overflow buckets pile up, but the table never doubles.
    for _ in 0..20_000 {
        assert_eq!(table.remove(mix(next), |&m| m == next), Some(next));
        insert(&mut table, next + 100, mix(next + 100));
        next += 1;
        let layout = table.layout();
        assert_eq!(layout.buckets, 16);
        assert!(layout.overflow_buckets <= 16);
        if layout.growth == Growth::SameSize {
            seen_same_size = true;
            table.validate();
        }
    }
    assert!(seen_same_size);
}

#[test]
fn finish_growth_moves_everything_and_is_idle_when_calm() {
    let mut table = Numbers::new();
    table.finish_growth();
    for n in 0..1665 {
        insert(&mut table, n, mix(n));
    }
    assert_eq!(table.layout().growth, Growth::Doubling);
    table.finish_growth();
    table.validate();
    assert_eq!(
        (table.layout().growth, table.layout().old_buckets),
        (Growth::None, 0)
    );
    assert_eq!(table.iter(7).count(), 1665);
}

#[test]
fn clear_ends_a_growth_and_keeps_the_buckets() {
    let mut table = Numbers::new();
    for n in 0..209 {
        insert(&mut table, n, mix(n));
    }
    assert_eq!(table.layout().growth, Growth::Doubling);
    drop(table.drain(0));
    table.validate();
    let layout = table.layout();
    assert_eq!(
        (layout.buckets, layout.growth, layout.overflow_buckets),
        (64, Growth::None, 0)
    );
    assert!(table.is_empty());
    insert(&mut table, 1, 1);
    table.validate();
}

#[test]
fn iterators_visit_every_entry_once_from_any_start_at_any_stage_of_growth() {
    for len in [0, 1, 7, 8, 9, 30, 53, 60, 209, 215, 230] {
        let mut table = Numbers::new();
        for n in 0..len {
            insert(&mut table, n, mix(n % 50));
        }
        for start in (0..200).step_by(if cfg!(miri) { 67 } else { 1 }) {
            let start = start << 32 | mix(start) >> 32;
            let mut seen: Vec<_> = table.iter(start).copied().collect();
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..len));
            assert_eq!(table.iter_mut(start).count() as u64, len);
        }
        let mut kept = 0;
        table.retain(5, |n| *n % 2 == 0, |_, _| kept += 1);
        table.validate();
        assert_eq!(kept, len / 2);
        assert_eq!(table.drain(3).count() as u64, len.div_ceil(2));
        table.validate();
        assert!(table.is_empty());
    }
}

#[test]
fn rebuilt_hashes_place_entries_where_their_own_hashes_do() {
    let mut table = Numbers::new();
    let mut copy = Numbers::new();
    for n in 0..300 {
        insert(&mut table, n, mix(n));
    }
    table.for_each_hashed(|hash, stamp, &n| {
        copy.insert_new(hash, stamp, n);
    });
    copy.validate();
    for n in 0..300 {
        assert_eq!(copy.find(mix(n), |&m| m == n), Some(&n));
    }
}

#[test]
fn table_is_send_and_sync_when_its_entries_are() {
    fn both<T: Send + Sync>(_: &T) {}
    both(&Numbers::new());
}

#[test]
fn a_large_table_is_freed_in_parts_and_a_small_one_at_once() {
    assert!(Numbers::new().into_ruin().is_none());
    let mut small = Numbers::with_capacity(1_000);
    insert(&mut small, 1, mix(1));
    assert!(small.into_ruin().is_none());

    let mut large = Numbers::with_capacity(1_000_000);
    for n in 0..1_000 {
        insert(&mut large, n, mix(n));
    }
    let bytes = large.layout().buckets * 8 * (8 + 4);
    let mut ruin = large.into_ruin().expect("more than 8 MiB");
    let mut parts = 1;
    while ruin.demolish() {
        parts += 1;
    }
    assert!(
        parts >= bytes >> 19,
        "{parts} parts of half a MiB of {bytes}"
    );
    assert!(!ruin.demolish(), "nothing is left");
}
