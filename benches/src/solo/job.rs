//! One workload on one map: prepared, timed, checked.
//!
//! What a workload uses up is made anew before the clock starts: maps to fill, to empty or to clear, and
//! the keys to be moved in. Small maps come in such numbers that a run takes a measurable time. The clock
//! is the thread's own, so that a busy machine disturbs through its caches only.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use super::map::Solo;
use crate::Hasher;
use crate::clock::processor_time;
use crate::key::{ABSENT, Key, dice, shuffled};
use crate::rounds::{Contender, Sample};
use crate::script::Tally;

/// Operations in one run, or one pass over the map if it is larger.
const OPS: usize = 1 << 16;

/// What is done with a map of a given size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Looks present keys up.
    Hit,
    /// Looks absent keys up.
    Miss,
    /// Fills a map that has room for all keys.
    Insert,
    /// Stores every key again.
    Overwrite,
    /// Empties the map key by key.
    Remove,
    /// Visits every entry.
    Iterate,
    /// Fills a map that was given no hint.
    Grow,
    /// Empties the map at once; one operation is one entry.
    Clear,
}

impl Operation {
    /// In the order in which they are shown.
    pub const ALL: [Operation; 8] = [
        Operation::Hit,
        Operation::Miss,
        Operation::Insert,
        Operation::Overwrite,
        Operation::Remove,
        Operation::Iterate,
        Operation::Grow,
        Operation::Clear,
    ];
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Operation::Hit => "hit",
            Operation::Miss => "miss",
            Operation::Insert => "insert",
            Operation::Overwrite => "overwrite",
            Operation::Remove => "remove",
            Operation::Iterate => "iterate",
            Operation::Grow => "grow",
            Operation::Clear => "clear",
        })
    }
}

/// The keys of one size, drawn once for all maps.
#[derive(Debug)]
pub struct Keys<K> {
    /// All that are ever in a map, in the order in which they are stored.
    present: Vec<K>,
    /// The same in another order.
    reordered: Vec<K>,
    /// Present keys at random.
    hits: Vec<K>,
    /// Keys that are in no map.
    misses: Vec<K>,
}

impl<K: Key> Keys<K> {
    /// Keys for maps of `size` entries.
    #[must_use]
    pub fn new(size: usize) -> Arc<Self> {
        let n = size as u64;
        let mut dice = dice(11);
        let draws = size.max(OPS);
        Arc::new(Keys {
            present: shuffled(0..n, 12),
            reordered: shuffled(0..n, 13),
            hits: (0..draws)
                .map(|_| K::nth(dice.random_range(0..n)))
                .collect(),
            misses: shuffled(ABSENT..ABSENT + draws as u64, 14),
        })
    }

    fn size(&self) -> usize {
        self.present.len()
    }

    fn copies(&self) -> usize {
        (OPS / self.size()).max(1)
    }
}

/// One operation on one kind of map.
#[derive(Debug)]
pub struct Job<K, M> {
    operation: Operation,
    keys: Arc<Keys<K>>,
    /// What lookups and iteration use, and no one changes.
    kept: Option<M>,
}

impl<K: Key, M: Solo<K>> Job<K, M> {
    /// One that has not run yet.
    #[must_use]
    pub fn new(operation: Operation, keys: &Arc<Keys<K>>) -> Self {
        Job {
            operation,
            keys: Arc::clone(keys),
            kept: None,
        }
    }

    fn filled(&self) -> M {
        let mut map = M::with_capacity(0);
        for key in &self.keys.present {
            map.insert(key.clone(), key.value());
        }
        map
    }

    fn many(&self, make: impl Fn() -> M) -> Vec<M> {
        (0..self.keys.copies()).map(|_| make()).collect()
    }

    fn run(&mut self) -> Sample {
        match self.operation {
            Operation::Hit => self.look_up(|keys| &keys.hits, |draws| draws.len()),
            Operation::Miss => self.look_up(|keys| &keys.misses, |_| 0),
            Operation::Iterate => self.iterate(),
            Operation::Insert => self.store(|| M::with_capacity(self.keys.size()), false),
            Operation::Grow => self.store(|| M::with_capacity(0), false),
            Operation::Overwrite => self.store(|| self.filled(), true),
            Operation::Remove => self.remove(),
            Operation::Clear => self.clear(),
        }
    }

    fn kept(&mut self) -> M {
        self.kept.take().unwrap_or_else(|| self.filled())
    }

    fn look_up(
        &mut self,
        draws: impl Fn(&Keys<K>) -> &[K],
        expected: impl Fn(&[K]) -> usize,
    ) -> Sample {
        let map = self.kept();
        let draws = draws(&self.keys);
        let (mut found, mut sum) = (0, 0_u64);
        let start = processor_time();
        for key in draws {
            if let Some(value) = map.get(key) {
                found += 1;
                sum = sum.wrapping_add(value);
            }
        }
        let sample = sample(start, draws.len());
        black_box(sum);
        assert_eq!(found, expected(draws), "{}: keys found", M::NAME);
        self.kept = Some(map);
        sample
    }

    fn iterate(&mut self) -> Sample {
        let map = self.kept();
        let times = self.keys.copies();
        let start = processor_time();
        let sum = (0..times).fold(0, |_, _| black_box(black_box(&map).sum()));
        let sample = sample(start, times * map.len());
        let expected = self.keys.present.iter().map(Key::value);
        let expected = expected.fold(0, u64::wrapping_add);
        assert_eq!(sum, expected, "{}: values visited", M::NAME);
        self.kept = Some(map);
        sample
    }

    fn store(&self, make: impl Fn() -> M, present: bool) -> Sample {
        let mut maps = self.many(make);
        let keys = if present {
            &self.keys.reordered
        } else {
            &self.keys.present
        };
        let batches = vec![keys.clone(); maps.len()];
        let mut replaced = 0;
        let start = processor_time();
        for (map, batch) in maps.iter_mut().zip(batches) {
            for key in batch {
                let value = key.value();
                replaced += u64::from(map.insert(key, value).is_some());
            }
        }
        let sample = sample(start, maps.len() * self.keys.size());
        let expected = if present { sample.ops } else { 0 };
        assert_eq!(replaced, expected, "{}: values replaced", M::NAME);
        assert!(maps.iter().all(|map| map.len() == self.keys.size()));
        sample
    }

    fn remove(&self) -> Sample {
        let mut maps = self.many(|| self.filled());
        let mut removed = 0;
        let start = processor_time();
        for map in &mut maps {
            for key in &self.keys.reordered {
                removed += usize::from(map.remove(key).is_some());
            }
        }
        let sample = sample(start, maps.len() * self.keys.size());
        assert_eq!(removed as u64, sample.ops, "{}: keys removed", M::NAME);
        assert!(maps.iter().all(M::is_empty));
        sample
    }

    fn clear(&self) -> Sample {
        let mut maps = self.many(|| self.filled());
        let start = processor_time();
        maps.iter_mut().for_each(M::clear);
        let sample = sample(start, maps.len() * self.keys.size());
        assert!(maps.iter().all(M::is_empty), "{}: is empty", M::NAME);
        sample
    }
}

impl<K: Key, M: Solo<K>> Contender for Job<K, M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn round(&mut self, _: usize, _: Option<&Tally>) -> Sample {
        self.run()
    }
}

fn sample(start: Duration, ops: usize) -> Sample {
    Sample {
        elapsed: processor_time() - start,
        ops: ops as u64,
        locked: None,
    }
}

/// `operation` on each of the maps that are compared, the bucket map first.
#[must_use]
pub fn contenders<K: Key>(operation: Operation, keys: &Arc<Keys<K>>) -> Vec<Box<dyn Contender>> {
    type Bucket<K> = splitmap::BucketMap<K, u64, Hasher>;
    type Hashbrown<K> = hashbrown::HashMap<K, u64, Hasher>;
    type Std<K> = std::collections::HashMap<K, u64, Hasher>;
    vec![
        Box::new(Job::<K, Bucket<K>>::new(operation, keys)),
        Box::new(Job::<K, Hashbrown<K>>::new(operation, keys)),
        Box::new(Job::<K, Std<K>>::new(operation, keys)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_runs_and_is_checked_on_every_map() {
        let (numbers, strings) = (Keys::<u64>::new(1000), Keys::<String>::new(1000));
        for operation in Operation::ALL {
            let mut all = contenders(operation, &numbers);
            all.extend(contenders(operation, &strings));
            for job in &mut all {
                assert!(job.round(0, None).ops >= 1000);
            }
        }
    }
}
