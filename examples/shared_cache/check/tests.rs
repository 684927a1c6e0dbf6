//! A true outcome passes, and each kind of false one is named.

use super::super::cli::plan;
use super::super::progress::Progress;
use super::super::replay::replay;
use super::*;
use std::sync::Arc;

fn op(n: u32) -> Op {
    let kind = match n % 7 {
        0 => Kind::Set,
        1 => Kind::Del,
        _ => Kind::Get,
    };
    let (number, key) = (u64::from(n), n * n % 31);
    Op { number, key, kind }
}

/// Replays a small trace, lets `spoil` falsify the outcome, and returns what is found wrong.
fn differences(options: &[&str], spoil: impl FnOnce(&mut Outcome<u64>)) -> String {
    let trace = Trace {
        keys: (0..31).collect(),
        ops: (0..2000).map(op).collect(),
    };
    let plan = plan(options).expect("valid options");
    let progress = Progress::new(plan.threads, 0, false);
    let mut outcome = replay(&trace, &plan, &progress).expect("threads start");
    spoil(&mut outcome);
    let found = check(&trace, &plan, &outcome).err();
    found.unwrap_or_default().join("\n")
}

#[test]
fn a_true_outcome_passes() {
    for threads in ["1", "2", "5"] {
        for (deal, fill) in [("key", "never"), ("key", "always"), ("offset", "always")] {
            let options = ["--threads", threads, "--deal", deal, "--fill", fill];
            let passes = ["--passes", "3"];
            assert_eq!(differences(&[&options[..], &passes].concat(), |_| ()), "");
        }
    }
}

#[test]
fn a_false_count_is_named() {
    let found = differences(&[], |outcome| outcome.tally.hits += 1);
    assert!(
        found.contains("hits + misses") && found.contains("\nhits: "),
        "{found}"
    );
}

#[test]
fn a_lost_entry_is_named() {
    for deal in ["key", "offset"] {
        let found = differences(&["--deal", deal], |outcome| {
            let key = *outcome.cache.iter().next().expect("not empty").key();
            outcome.cache.remove(&key);
        });
        assert!(found.contains("live entries"), "{found}");
    }
}

#[test]
fn a_foreign_value_is_named() {
    let found = differences(&["--deal", "offset"], |outcome| {
        outcome.cache.insert(3, Arc::new(Meta::stored_by(op(0), 0)));
    });
    assert!(found.contains("3 holds what no operation"), "{found}");
}

#[test]
fn a_stale_value_is_named() {
    let found = differences(&["--passes", "2"], |outcome| {
        let (key, value) = (3..31)
            .find_map(|key| outcome.cache.get(&key).map(|v| (key, Meta::clone(&v))))
            .expect("not empty");
        let before = Meta::stored_by(op((value.modified % 2000) as u32), value.modified - 2000);
        outcome.cache.insert(key, Arc::new(before));
    });
    assert!(found.contains("digest of the live values"), "{found}");
    assert!(found.contains("expected Some(Meta"), "{found}");
}
