//! Hashers and keys that misbehave on demand, and values that are counted.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};

/// Hashes a `u64` key to what the function makes of it.
#[derive(Clone, Copy)]
pub(super) struct HashWith(pub(super) fn(u64) -> u64);

impl HashWith {
    pub(super) const IDENTITY: Self = Self(|n| n);
    pub(super) const EQUAL: Self = Self(|_| 0);
    pub(super) const FOUR_BITS: Self = Self(|n| n % 16);
    pub(super) const GOOD: Self = Self(mix);

    pub(super) const ALL: [Self; 4] = [Self::IDENTITY, Self::EQUAL, Self::FOUR_BITS, Self::GOOD];
}

impl BuildHasher for HashWith {
    type Hasher = Number;

    fn build_hasher(&self) -> Number {
        Number {
            with: self.0,
            number: 0,
        }
    }
}

pub(super) struct Number {
    with: fn(u64) -> u64,
    number: u64,
}

impl Hasher for Number {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.number = self.number.wrapping_mul(31).wrapping_add(number);
    }

    fn finish(&self) -> u64 {
        (self.with)(self.number)
    }
}

/// A hash with all bits used; the same for the same number.
pub(super) fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Numbers that look random; the same for the same seed.
pub(super) struct Dice(Cell<u64>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// A number below `sides`.
    pub(super) fn roll(&self, sides: u64) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        mix(state) % sides
    }
}
