//! What the tests share: the map, the clock, random numbers, a disturber.

use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use splitmap::SyncMap;

pub(crate) type Hash = foldhash::fast::FixedState;

/// More threads than the machine has processors, so that some are always stopped halfway.
pub(crate) const THREADS: u64 = 4;

/// What one map may keep waiting, in values or keys, with a handful of threads at work.
pub(crate) const GARBAGE: usize = 20_000;

pub(crate) fn new_map<K, V>() -> SyncMap<K, V, Hash> {
    SyncMap::with_hasher(Hash::with_seed(0x5917_4a9e))
}

/// When the test has to end.
pub(crate) fn deadline() -> Instant {
    let seconds = env::var("SPLITMAP_STRESS_SECONDS").map_or(0.5, |text| {
        text.parse().expect("SPLITMAP_STRESS_SECONDS is a number")
    });
    Instant::now() + Duration::from_secs_f64(seconds)
}

/// A small random generator; `stream` tells threads apart.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(stream: u64) -> Self {
        let seed: u64 = env::var("SPLITMAP_STRESS_SEED").map_or(1, |text| {
            text.parse().expect("SPLITMAP_STRESS_SEED is a number")
        });
        Self(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ (stream + 1).wrapping_mul(0xd134_2543_de82_ef95),
        )
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Raises a flag when it goes, so that the other threads of a test end when one of them fails.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Keeps a map changing shape: new keys, promotions, scans, all at and above `from`.
pub(crate) fn disturb(map: &SyncMap<u64, u64, Hash>, from: u64, random: &mut Random) {
    let key = from + random.below(64);
    match random.below(8) {
        0 => map.promote(),
        1 => drop(map.iter().next()),
        2 | 3 => drop(map.remove(&key)),
        4 => map.retain(|key, _| *key < from || key % 2 == 0),
        _ => drop(map.insert(key, 0)),
    }
}
