//! What a `Ref` promises: it names the value it was taken for, whatever becomes of the map.

use std::sync::Arc;
use std::thread;

use splitmap::{Ref, SyncMap};

use crate::support::fuse::{Id, Probe};
use crate::support::hashers::{Good, good};
use crate::support::ledger::Ledger;
use crate::support::within;

fn words() -> SyncMap<u32, String, Good> {
    (0..100).map(|n| (n, format!("word {n}"))).collect()
}

#[test]
fn ref_gives_key_value_and_pair() {
    let map = words();
    let entry = map.get(&7).expect("present");
    assert_eq!(entry.key(), &7);
    assert_eq!(entry.value(), "word 7");
    assert_eq!(entry.pair(), (&7, &String::from("word 7")));
    assert_eq!(entry.len(), 6, "derefs to the value");
}

#[test]
fn ref_prints_as_its_value() {
    let map = SyncMap::from([(1, "text")]);
    let entry = map.get(&1).expect("present");
    assert_eq!(entry.to_string(), "text");
    assert_eq!(format!("{entry:>6}"), "  text", "formatting is passed on");
    assert!(format!("{entry:?}").contains("\"text\""));
}

#[test]
fn ref_outlives_replacement() {
    let map = words();
    let old = map.get(&7).expect("present");
    let replaced = map.insert(7, String::from("other")).expect("present");
    assert_eq!((old.as_str(), replaced.as_str()), ("word 7", "word 7"));
    assert_eq!(map.get(&7).expect("present").as_str(), "other");
    for n in 0..2_000 {
        map.insert(7, n.to_string());
    }
    assert_eq!((old.as_str(), replaced.as_str()), ("word 7", "word 7"));
}

#[test]
fn ref_outlives_removal() {
    let map = words();
    let before = map.get(&7).expect("present");
    let removed = map.remove(&7).expect("present");
    map.insert(1_000, String::new());
    map.promote();
    assert!(map.get(&7).is_none());
    map.insert(7, String::from("again"));
    assert_eq!((before.key(), before.as_str()), (&7, "word 7"));
    assert_eq!((removed.key(), removed.as_str()), (&7, "word 7"));
}

#[test]
fn ref_outlives_clear_and_churn() {
    let map = words();
    let refs: Vec<Ref<'_, u32, String>> = map.iter().collect();
    assert_eq!(refs.len(), 100);
    map.clear();
    for n in 0..5_000 {
        map.insert(n % 300, n.to_string());
        if n % 50 == 0 {
            map.promote();
        }
        if n % 7 == 0 {
            drop(map.remove(&(n % 300)));
        }
    }
    map.clear();
    for entry in &refs {
        assert_eq!(entry.value(), &format!("word {}", entry.key()));
    }
}

#[test]
fn ref_of_each_operation_names_the_right_value() {
    let map = words();
    let before = map.get(&1).expect("present");
    let updated = map.update(&1, |_, old| format!("{old}!")).expect("present");
    let swapped = map
        .compare_and_swap(&1, &String::from("word 1!"), String::from("third"))
        .expect("equal");
    let current = map.get_or_insert(1, String::from("unused"));
    let error = map
        .try_insert(1, String::from("unused"))
        .expect_err("occupied");
    let removed = map
        .compare_and_remove(&1, &String::from("third"))
        .expect("equal");
    let stored = map.try_insert(1, String::from("fourth")).expect("vacant");
    let last = map
        .remove_if(&1, |_, value| value == "fourth")
        .expect("equal");
    map.clear();
    assert_eq!(before.value(), "word 1");
    assert_eq!(updated.value(), "word 1!");
    assert_eq!(swapped.value(), "word 1!");
    assert_eq!(current.value(), "third");
    assert_eq!(error.current.value(), "third");
    assert_eq!(removed.value(), "third");
    assert_eq!(stored.value(), "fourth");
    assert_eq!(last.value(), "fourth");
}

#[test]
fn ref_holds_no_lock() {
    within(20, || {
        let map = Arc::new(words());
        // Of a key in the snapshot, and of one only dirty has.
        map.insert(200, String::from("dirty"));
        let refs = [map.get(&1), map.get(&200), map.remove(&2)];
        let same = Arc::clone(&map);
        thread::spawn(move || {
            same.insert(1, String::from("new"));
            same.insert(300, String::from("new"));
            assert!(same.remove(&200).is_some());
            same.promote();
            same.clear();
        })
        .join()
        .expect("no panic");
        // And by the thread that holds them.
        map.insert(1, String::from("mine"));
        map.promote();
        map.clear();
        let values: Vec<_> = refs.iter().flatten().map(|entry| entry.as_str()).collect();
        assert_eq!(values, ["word 1", "dirty", "word 2"]);
    });
}

#[test]
fn ref_keeps_its_value_alive_and_no_longer() {
    let ledger = Ledger::new();
    let map = SyncMap::with_hasher(good());
    map.insert(Probe::new(1, &ledger), Probe::new(10, &ledger));
    let held = map.get(&Id(1)).expect("present");
    for n in 0..100 {
        map.insert(Probe::new(1, &ledger), Probe::new(n, &ledger));
    }
    assert_eq!(held.id, 10);
    assert_eq!(held.key().id, 1);
    drop(held);
    // Once it is gone, what it held back goes as well.
    for n in 0..20_000 {
        map.insert(Probe::new(1, &ledger), Probe::new(n, &ledger));
    }
    assert!(ledger.live() < 10_000, "{} instances live", ledger.live());
    drop(map);
    ledger.assert_settled();
}

#[test]
fn refs_of_several_maps_live_side_by_side() {
    let first = words();
    let second: SyncMap<String, u32> = (0..100).map(|n| (n.to_string(), n)).collect();
    let mut held = Vec::new();
    for n in 0..100 {
        held.push((
            first.get(&n).expect("present"),
            second.get(n.to_string().as_str()).expect("present"),
        ));
        first.insert(n, String::new());
        drop(second.remove(n.to_string().as_str()));
    }
    for ((word, number), n) in held.iter().zip(0..) {
        assert_eq!(word.value(), &format!("word {n}"));
        assert_eq!(**number, n);
    }
}

#[test]
fn refs_may_be_dropped_in_any_order() {
    let map = words();
    let mut held: Vec<_> = (0..100).map(|n| map.get(&n)).collect();
    for n in 0..100_usize {
        let taken = held[n * 37 % 100].take().expect("taken once");
        assert!(taken.starts_with("word"));
        drop(taken);
        map.insert(1_000, String::new());
    }
}
