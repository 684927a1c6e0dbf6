//! The program whose instructions are counted: one operation, many times, and nothing else in [`counted`].
//!
//! Time is noisy and instructions are not: two runs differ by nothing. The counting itself is valgrind's,
//! told to count inside that function only.

use std::hint::black_box;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use super::map::Solo;
use crate::Hasher;
use crate::key::{ABSENT, Key, shuffled};
use crate::say::say;

/// Entries in the map.
const SIZE: u64 = 1 << 16;

/// Do one operation once for each of 65,536 entries.
#[derive(Debug, Parser)]
#[command(name = "bucket_count")]
struct Cli {
    operation: Counted,
    map: Map,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Counted {
    Hit,
    Miss,
    Insert,
    Overwrite,
    Remove,
    Iterate,
    Grow,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Map {
    Bucket,
    Hashbrown,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.map {
        Map::Bucket => run::<splitmap::BucketMap<u64, u64, Hasher>>(cli.operation),
        Map::Hashbrown => run::<hashbrown::HashMap<u64, u64, Hasher>>(cli.operation),
    }
    say(format!("operations: {SIZE}"));
    ExitCode::SUCCESS
}

fn run<M: Solo<u64>>(operation: Counted) {
    let keys: Vec<u64> = shuffled(0..SIZE, 16);
    let absent: Vec<u64> = shuffled(ABSENT..ABSENT + SIZE, 17);
    let mut map = M::with_capacity(match operation {
        Counted::Grow => 0,
        _ => SIZE as usize,
    });
    if !matches!(operation, Counted::Insert | Counted::Grow) {
        for key in &keys {
            map.insert(*key, key.value());
        }
    }
    let sum = match operation {
        Counted::Hit => counted(|| {
            keys.iter()
                .filter_map(|key| map.get(key))
                .fold(0, u64::wrapping_add)
        }),
        Counted::Miss => counted(|| {
            absent
                .iter()
                .filter_map(|key| map.get(key))
                .fold(0, u64::wrapping_add)
        }),
        Counted::Iterate => counted(|| map.sum()),
        Counted::Remove => counted(|| {
            keys.iter()
                .filter_map(|key| map.remove(key))
                .fold(0, u64::wrapping_add)
        }),
        Counted::Insert | Counted::Grow | Counted::Overwrite => counted(|| {
            let replaced = keys.iter().filter_map(|key| map.insert(*key, key.value()));
            replaced.fold(0, u64::wrapping_add)
        }),
    };
    black_box(sum);
}

/// What is counted.
#[inline(never)]
fn counted(mut work: impl FnMut() -> u64) -> u64 {
    black_box(work())
}
