//! Keys and values of a `BucketMap` are dropped exactly once, and at once.

use splitmap::{BucketMap, Entry};

use crate::support::fuse::{Id, Probe};
use crate::support::hashers::{Good, good};
use crate::support::ledger::Ledger;

fn filled(len: u64, ledger: &Ledger) -> BucketMap<Probe, Probe, Good> {
    let mut map = BucketMap::with_hasher(good());
    for id in 0..len {
        map.insert(Probe::new(id, ledger), Probe::new(id, ledger));
    }
    assert_eq!(ledger.live(), 2 * map.len());
    map
}

/// Lengths that leave the table small, at its limit, in the middle of a growth, and calm again.
const LENGTHS: [u64; 7] = [1, 8, 9, 104, 110, 417, 1_000];

#[test]
fn dropping_the_map_drops_everything() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        drop(filled(len, &ledger));
        ledger.assert_settled();
    }
}

#[test]
fn clear_drops_everything_at_once() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        let mut map = filled(len, &ledger);
        map.clear();
        assert_eq!(ledger.live(), 0);
        drop(map);
        ledger.assert_settled();
    }
}

#[test]
fn overwrite_drops_the_spare_key_and_hands_out_the_old_value() {
    let ledger = Ledger::new();
    let mut map = filled(10, &ledger);
    let old = map.insert(Probe::new(3, &ledger), Probe::new(33, &ledger));
    assert_eq!(old.as_ref().map(|value| value.id), Some(3));
    assert_eq!(ledger.live(), 21);
    drop(old);
    assert_eq!(ledger.live(), 20);
    drop(map);
    ledger.assert_settled();
}

#[test]
fn removal_drops_the_key_and_hands_out_the_value() {
    let ledger = Ledger::new();
    let mut map = filled(200, &ledger);
    for id in 0..100 {
        let value = map.remove(&Id(id)).expect("present");
        assert_eq!(ledger.live(), 2 * map.len() + 1);
        drop(value);
    }
    for id in 100..200 {
        let pair = map.remove_entry(&Id(id)).expect("present");
        assert_eq!(ledger.live(), 2 * map.len() + 2);
        drop(pair);
    }
    assert_eq!(ledger.live(), 0);
    drop(map);
    ledger.assert_settled();
}

#[test]
fn retain_drops_what_it_rejects_at_once() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        let mut map = filled(len, &ledger);
        map.retain(|key, _| key.id % 2 == 0);
        assert_eq!(ledger.live(), 2 * map.len());
        assert_eq!(map.len() as u64, len.div_ceil(2));
        drop(map);
        ledger.assert_settled();
    }
}

#[test]
fn drain_drops_what_was_not_taken() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        let mut map = filled(len, &ledger);
        let taken: Vec<_> = map.drain().take(5).collect();
        assert_eq!(ledger.live(), 2 * taken.len());
        assert!(map.is_empty());
        drop(taken);
        map.insert(Probe::new(1, &ledger), Probe::new(1, &ledger));
        assert_eq!(ledger.live(), 2);
        drop(map);
        ledger.assert_settled();
    }
}

#[test]
fn into_iter_dropped_early_drops_the_rest() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        let taken: Vec<_> = filled(len, &ledger).into_iter().take(5).collect();
        assert_eq!(ledger.live(), 2 * taken.len());
        drop(taken);
        ledger.assert_settled();
    }
}

#[test]
fn clone_makes_and_drops_its_own_instances() {
    for len in LENGTHS {
        let ledger = Ledger::new();
        let map = filled(len, &ledger);
        let made = ledger.made();
        let copy = map.clone();
        assert_eq!(ledger.made() - made, 2 * map.len());
        drop(map);
        assert_eq!(ledger.live(), 2 * copy.len());
        assert!((0..len).all(|id| copy.get(&Id(id)).is_some_and(|value| value.id == id)));
        drop(copy);
        ledger.assert_settled();
    }
}

#[test]
fn growth_moves_without_clones_or_drops() {
    let ledger = Ledger::new();
    let mut map = filled(416, &ledger);
    let made = ledger.made();
    for id in 416..600 {
        map.insert(Probe::new(id, &ledger), Probe::new(id, &ledger));
        assert_eq!(ledger.live(), 2 * map.len());
    }
    map.finish_growth();
    assert_eq!(ledger.made() - made, 2 * 184);
    assert_eq!(ledger.live(), 1_200);
    drop(map);
    ledger.assert_settled();
}

#[test]
fn entries_drop_what_they_do_not_use() {
    let ledger = Ledger::new();
    let mut map = filled(10, &ledger);
    // The spare key and the spare value.
    map.entry(Probe::new(1, &ledger))
        .or_insert(Probe::new(1, &ledger));
    assert_eq!(ledger.live(), 20);
    // A vacant entry not filled.
    drop(map.entry(Probe::new(50, &ledger)));
    assert_eq!(ledger.live(), 20);
    if let Entry::Occupied(mut entry) = map.entry(Probe::new(2, &ledger)) {
        drop(entry.insert(Probe::new(22, &ledger)));
        drop(entry.remove_entry());
    } else {
        panic!("present");
    }
    assert_eq!(ledger.live(), 18);
    drop(map);
    ledger.assert_settled();
}
