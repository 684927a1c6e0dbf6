//! Hashers from good to worst. All are fixed, so that a failure repeats.

use std::hash::{BuildHasher, Hasher};

/// A good hash with a fixed seed.
pub(crate) type Good = foldhash::fast::FixedState;

/// [`Good`], always with the same seed.
pub(crate) fn good() -> Good {
    Good::with_seed(0x5917_4a9e)
}

/// An integer is its own hash: dense low bits, no high bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Identity;

/// Every key has the same hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Collide;

/// A good hash of which only the lowest four bits are left.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FourBit;

/// An integer's hash is the integer without its low eight bits: keys come in groups that share one hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Grouped;

/// Folds what is hashed into one word; a single integer stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    state: u64,
    shift: u32,
}

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.state >> self.shift
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.state = self.state.rotate_left(29) ^ u64::from_le_bytes(word);
        }
    }
}

impl BuildHasher for Identity {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold::default()
    }
}

impl BuildHasher for Grouped {
    type Hasher = Fold;

    fn build_hasher(&self) -> Fold {
        Fold { state: 0, shift: 8 }
    }
}

/// Hashes nothing.
#[derive(Debug)]
pub(crate) struct Zero;

impl Hasher for Zero {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, _: &[u8]) {}
}

impl BuildHasher for Collide {
    type Hasher = Zero;

    fn build_hasher(&self) -> Zero {
        Zero
    }
}

/// [`Good`], cut to four bits.
pub(crate) struct Cut(<Good as BuildHasher>::Hasher);

impl Hasher for Cut {
    fn finish(&self) -> u64 {
        self.0.finish() & 0xf
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }
}

impl BuildHasher for FourBit {
    type Hasher = Cut;

    fn build_hasher(&self) -> Cut {
        Cut(good().build_hasher())
    }
}

/// Runs one body under each of the four hashers every map must bear.
macro_rules! with_every_hasher {
    ($check:ident $(, $argument:expr)*) => {{
        $check($($argument,)* $crate::support::hashers::good());
        $check($($argument,)* $crate::support::hashers::Identity);
        $check($($argument,)* $crate::support::hashers::Collide);
        $check($($argument,)* $crate::support::hashers::FourBit);
    }};
}
pub(crate) use with_every_hasher;
