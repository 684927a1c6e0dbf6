//! What is looked up, and how it is drawn.
//!
//! A key is made from its index, so that "the n-th key" means the same in every workload. Indices are
//! scrambled: neighbours in a distribution are no neighbours in memory or in hash, and the hottest key
//! is any key. Everything is drawn from fixed seeds before the clock starts.

use std::fmt::Debug;
use std::hash::Hash;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Zipf};

/// The skew of YCSB, and of most caches that are skewed at all.
pub const SKEW: f64 = 0.99;

/// Indices from here on name keys that no workload ever inserts.
pub const ABSENT: u64 = 1 << 40;

/// A key that can be made from a number, and that tells the value stored under it.
pub trait Key: Clone + Debug + Eq + Hash + Ord + Send + Sync + 'static {
    /// How a report names keys of this type.
    const NAME: &'static str;

    /// The key with this index.
    fn nth(index: u64) -> Self;

    /// The value first stored under this key.
    fn value(&self) -> u64;
}

impl Key for u64 {
    const NAME: &'static str = "u64";

    fn nth(index: u64) -> Self {
        scramble(index)
    }

    fn value(&self) -> u64 {
        !*self
    }
}

/// Twenty bytes, as YCSB's record names have.
impl Key for String {
    const NAME: &'static str = "string";

    fn nth(index: u64) -> Self {
        format!("user{:016x}", scramble(index))
    }

    fn value(&self) -> u64 {
        let mut value = [0; 8];
        for (to, from) in value.iter_mut().zip(self.bytes().rev()) {
            *to = from;
        }
        u64::from_le_bytes(value)
    }
}

/// A bijection, so that distinct indices give distinct keys (the finalizer of splitmix64).
fn scramble(index: u64) -> u64 {
    let mut x = index.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A source of randomness that is the same in every run.
#[must_use]
pub fn dice(seed: u64) -> SmallRng {
    SmallRng::seed_from_u64(scramble(seed))
}

/// The keys with these indices, in random order.
#[must_use]
pub fn shuffled<K: Key>(indices: std::ops::Range<u64>, seed: u64) -> Vec<K> {
    let mut indices: Vec<_> = indices.collect();
    indices.shuffle(&mut dice(seed));
    indices.into_iter().map(K::nth).collect()
}

/// How often which of the first `n` indices is drawn.
#[derive(Clone, Copy, Debug)]
pub enum Spread {
    /// Each as often as any other.
    Uniform(u64),
    /// Some far more often, with this exponent.
    Zipf(u64, f64),
}

impl Spread {
    /// Draws one index after the other, without end.
    pub fn draws(self, mut dice: SmallRng) -> impl FnMut() -> u64 {
        let zipf = match self {
            Spread::Uniform(_) => None,
            Spread::Zipf(n, skew) => Some(
                Zipf::new(n as f64, skew).expect("PANIC: there is a key, and skew is positive"),
            ),
        };
        move || match (self, zipf) {
            (Spread::Uniform(n), _) => dice.random_range(0..n),
            (_, Some(zipf)) => zipf.sample(&mut dice) as u64 - 1,
            (_, None) => unreachable!("a skewed spread has its distribution"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_distinct_and_so_are_their_values() {
        let keys = shuffled::<String>(0..1000, 1);
        let distinct: std::collections::HashSet<_> = keys.iter().map(|k| (k, k.value())).collect();
        assert_eq!(distinct.len(), 1000);
    }

    #[test]
    fn a_skewed_spread_draws_its_first_index_most() {
        let mut draw = Spread::Zipf(1000, SKEW).draws(dice(7));
        let mut counts = [0; 1000];
        (0..100_000).for_each(|_| counts[draw() as usize] += 1);
        assert_eq!(counts.iter().max(), Some(&counts[0]));
        assert!((10_000..20_000).contains(&counts[0]), "{}", counts[0]);
    }
}
