//! `get_many` beside as many `get`s, which no peer has.
//!
//! One thread, keys in random order, every key of the map. The two take turns within a round.

use std::hint::black_box;
use std::iter;

use splitmap::SyncMap;

use super::cli::Cli;
use super::progress::Progress;
use super::table::short;
use crate::Hasher;
use crate::clock::processor_time;
use crate::key::shuffled;
use crate::rounds::median;

/// Lookups in a round, or one of each key if there are more.
const LOOKUPS: usize = 1 << 20;

/// Nanoseconds of a lookup, and how many times as fast they were together; medians over the rounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Many {
    pub(super) entries: usize,
    pub(super) single: f64,
    pub(super) together: f64,
    pub(super) faster: f64,
}

/// Measures every size.
pub(super) fn measure(cli: &Cli) -> Vec<Many> {
    let sizes: &[usize] = if cli.quick {
        &[1 << 10, 1 << 16, 1 << 20]
    } else {
        &[1 << 10, 1 << 16, 1 << 20, 1 << 24]
    };
    let progress = Progress::new(sizes.len());
    let each = |&entries: &usize| {
        progress.tell("get_many", &short(entries));
        let many = take(entries, cli.rounds());
        progress.step();
        many
    };
    sizes.iter().map(each).collect()
}

fn take(entries: usize, rounds: usize) -> Many {
    let keys: Vec<u64> = shuffled(0..entries as u64, 41);
    let inserted: Vec<u64> = shuffled(0..entries as u64, 42);
    let map: SyncMap<u64, u64, Hasher> = inserted.into_iter().map(|key| (key, 1)).collect();
    map.promote();
    let mut passes = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let single = timed(&keys, |keys| {
            keys.iter()
                .filter_map(|key| map.get(key))
                .map(|value| *value)
                .sum()
        });
        let together = timed(&keys, |keys| {
            map.get_many(keys).flatten().map(|value| *value).sum()
        });
        passes.push((single, together));
    }
    Many {
        entries,
        single: median(passes.iter().map(|pass| pass.0)),
        together: median(passes.iter().map(|pass| pass.1)),
        faster: median(passes.iter().map(|pass| pass.0 / pass.1)),
    }
}

/// Nanoseconds a key of as many passes as come to [`LOOKUPS`].
fn timed(keys: &[u64], mut pass: impl FnMut(&[u64]) -> u64) -> f64 {
    let passes = (LOOKUPS / keys.len()).max(1);
    let before = processor_time();
    let found: u64 = iter::repeat_with(|| pass(black_box(keys)))
        .take(passes)
        .sum();
    let time = processor_time() - before;
    assert_eq!(found, (passes * keys.len()) as u64, "a key was not found");
    time.as_secs_f64() * 1e9 / (passes * keys.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_either_way() {
        for entries in [64, 1 << 16] {
            let many = take(entries, 2);
            assert_eq!(many.entries, entries);
            assert!(many.single > 0.0 && many.together > 0.0 && many.faster > 0.0);
        }
    }
}
