//! The program whose instructions are counted: one operation on one map, many times.
//!
//! On one thread, so that it counts what an operation does and not what it waits for. Two runs differ by nothing.
//! The counting itself is valgrind's, told to count inside [`counted`] only.

use std::hint::black_box;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::key::{ABSENT, shuffled};
use crate::say::say;
use crate::subject::{
    Alone, Dashmap, Flurry, Papaya, RwLocked, SccIndex, SccMap, Splitmap, Subject,
};

/// Entries in the map, and operations counted.
const SIZE: u64 = 1 << 16;

/// Do one operation 65,536 times, on a map of as many entries.
#[derive(Debug, Parser)]
#[command(name = "sync_count")]
struct Cli {
    operation: Counted,
    map: Contender,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Counted {
    /// Look up what is there.
    Hit,
    /// Look up what is not there.
    Miss,
    /// The same in a map that was given a key in sixty-four since it settled.
    MissBesideNew,
    /// Add one to a value, not the first time.
    Update,
    /// Insert a key that is there, not the first time.
    Overwrite,
    /// Insert a key that is not there.
    Insert,
    /// Remove what is there.
    Remove,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Contender {
    Splitmap,
    Papaya,
    SccIndex,
    SccMap,
    Dashmap,
    Flurry,
    Rwlock,
    /// hashbrown without any synchronisation.
    Alone,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.map {
        Contender::Splitmap => run::<Splitmap<u64>>(cli.operation),
        Contender::Papaya => run::<Papaya<u64>>(cli.operation),
        Contender::SccIndex => run::<SccIndex<u64>>(cli.operation),
        Contender::SccMap => run::<SccMap<u64>>(cli.operation),
        Contender::Dashmap => run::<Dashmap<u64>>(cli.operation),
        Contender::Flurry => run::<Flurry<u64>>(cli.operation),
        Contender::Rwlock => run::<RwLocked<u64>>(cli.operation),
        Contender::Alone => run::<Alone<u64>>(cli.operation),
    }
    say(format!("operations: {SIZE}"));
    ExitCode::SUCCESS
}

fn run<M: Subject<u64>>(operation: Counted) {
    let present: Vec<u64> = shuffled(0..SIZE, 16);
    let absent: Vec<u64> = shuffled(ABSENT..ABSENT + SIZE, 17);
    let map = M::with_capacity(0);
    for key in &present {
        map.insert(*key, 1);
    }
    map.settle();
    if matches!(operation, Counted::Update | Counted::Overwrite) {
        present.iter().for_each(|key| _ = map.update(key));
    }
    if operation == Counted::MissBesideNew {
        for key in SIZE..SIZE + SIZE / 64 {
            map.insert(key, 1);
        }
    }
    let count = match operation {
        Counted::Hit => counted(&present, |key| map.get(&key).is_some()),
        Counted::Miss | Counted::MissBesideNew => counted(&absent, |key| map.get(&key).is_none()),
        Counted::Update => counted(&present, |key| map.update(&key)),
        Counted::Overwrite => counted(&present, |key| !map.insert(key, 2)),
        Counted::Insert => counted(&absent, |key| map.insert(key, 2)),
        Counted::Remove => counted(&present, |key| map.remove(&key)),
    };
    assert_eq!(count, SIZE, "not every operation did what it was to do");
}

/// What is counted.
#[inline(never)]
fn counted(keys: &[u64], mut operation: impl FnMut(u64) -> bool) -> u64 {
    black_box(keys.iter().map(|&key| u64::from(operation(key))).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_does_what_is_counted() {
        for operation in Counted::value_variants() {
            run::<Splitmap<u64>>(*operation);
            run::<Dashmap<u64>>(*operation);
        }
    }
}
