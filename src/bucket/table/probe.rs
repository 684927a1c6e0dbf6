//! Which cells of a bucket may hold the entry that is looked for: one comparison of eight bytes.
//!
//! PERF: with SSE2, which every x86-64 processor has, it takes half the instructions of the plain
//! arithmetic that other machines use. It is the middle of every lookup.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "vector instructions")
)]

#[cfg(target_arch = "x86_64")]
use crate::bucket::tophash::Tophash;
use crate::bucket::tophash::{Word, pattern};

/// Cells worth asking about, in ascending order: those whose tophash byte is the hash's, and perhaps
/// others that are live.
#[derive(Clone, Copy, Debug)]
pub(in crate::bucket) struct Candidates(Mask);

#[cfg(target_arch = "x86_64")]
type Mask = u8;
#[cfg(not(target_arch = "x86_64"))]
type Mask = u64;

/// Bits of the mask for one cell.
const BITS: u32 = Mask::BITS / 8;

impl Candidates {
    /// The candidates for `hash` in a bucket with these bytes, none of which may be evacuated.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(in crate::bucket) fn new(word: Word, hash: u64) -> Self {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_movemask_epi8};

        // SAFETY: x86-64 has SSE2, here and below.
        let bytes = unsafe { _mm_cvtsi64_si128(word.bits() as i64) };
        // SAFETY: as above.
        let pattern = unsafe { _mm_cvtsi64_si128(pattern(hash) as i64) };
        // SAFETY: as above.
        let equal = unsafe { _mm_cmpeq_epi8(bytes, pattern) };
        // The upper eight bytes are zero on both sides and compare equal: cut off.
        // SAFETY: as above.
        Self(unsafe { _mm_movemask_epi8(equal) } as Mask)
    }

    /// The candidates for `hash` in a bucket with these bytes, none of which may be evacuated.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub(in crate::bucket) fn new(word: Word, hash: u64) -> Self {
        Self(word.candidates(pattern(hash)))
    }

    /// The first cell.
    #[inline]
    pub(in crate::bucket) fn first(self) -> Option<usize> {
        match self.0 {
            0 => None,
            mask => Some((mask.trailing_zeros() / BITS) as usize),
        }
    }

    /// All but the first cell, of which there must be one.
    ///
    /// PERF: apart from `first`, and not an iterator, so that nothing is computed for the cells
    /// after the right one.
    #[inline]
    pub(in crate::bucket) const fn rest(self) -> Self {
        Self(self.0 & (self.0 - 1))
    }
}

/// A bit for each cell of two buckets, set if it is live; the first cell of `low` lowest.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(in crate::bucket) fn live_cells(low: Word, high: Word) -> u64 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_max_epu8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8,
    };

    // SAFETY: x86-64 has SSE2, here and below.
    let bytes = unsafe { _mm_set_epi64x(high.bits() as i64, low.bits() as i64) };
    // SAFETY: as above.
    let least = unsafe { _mm_set1_epi8(Tophash::MIN_LIVE as i8) };
    // SAFETY: as above.
    let raised = unsafe { _mm_max_epu8(bytes, least) };
    // SAFETY: as above.
    let live = unsafe { _mm_cmpeq_epi8(bytes, raised) };
    // SAFETY: as above.
    (unsafe { _mm_movemask_epi8(live) }) as u64
}

/// A bit for each cell of two buckets, set if it is live; the first cell of `low` lowest.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(in crate::bucket) fn live_cells(low: Word, high: Word) -> u64 {
    low.live().bits() | high.live().bits() << 8
}
