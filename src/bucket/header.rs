//! Sizes and load arithmetic: pure functions of counts, no memory.
//!
//! A table of `bits` B has 2^B primary buckets. Every threshold here is Go's, to the entry; the
//! tables in the tests are the reference.

use std::fmt;

/// Cells in a bucket.
pub(super) const CELLS: usize = 8;

/// The largest B. Bucket numbers, spare and further overflow buckets included, must fit the 32 bits
/// of a link, and the 32 bits of hash kept beside each cell must reach every bucket.
pub(super) const MAX_BITS: u32 = 31;

/// Entries a table of `bits` holds before it must grow: eight in one bucket, else 13/2 a bucket.
///
/// The numerator is applied before the division is lost: `bits` 0 aside, 2^B is even, so halving
/// first is exact, and the product stays far from 2^64.
pub(super) const fn load_limit(bits: u32) -> u64 {
    if bits == 0 {
        CELLS as u64
    } else {
        13 << (bits - 1)
    }
}

/// Whether `count` entries are too many for 2^`bits` buckets.
pub(super) const fn over_load(count: usize, bits: u32) -> bool {
    count as u64 > load_limit(bits)
}

/// Whether `overflow` overflow buckets are too many for `primary` primary ones: when there are as many.
///
/// Go counts in 16 bits and samples from B = 16 on to make do; ours counts exactly, so the sampled
/// threshold (2^15 samples of one in 2^(B-15)) becomes the plain one.
#[inline]
pub(super) const fn too_many_overflow(overflow: usize, primary: usize) -> bool {
    overflow >= primary
}

/// The smallest B that holds `hint` entries, if there is one.
pub(super) fn bits_for(hint: usize) -> Option<u32> {
    (0..=MAX_BITS).find(|&bits| !over_load(hint, bits))
}

/// Spare overflow buckets that are allocated with 2^`bits` primary ones.
pub(super) const fn spares(bits: u32) -> usize {
    if bits < 4 { 0 } else { 1 << (bits - 4) }
}

/// The kind of growth a [`BucketMap`](crate::BucketMap) is in the middle of.
///
/// # Examples
///
/// ```
/// use splitmap::{BucketMap, Growth};
///
/// let map: BucketMap<u32, u32> = BucketMap::new();
/// assert_eq!(map.layout().growth, Growth::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Growth {
    /// Not growing: there is one array of buckets.
    #[default]
    None,
    /// Moving to an array of twice as many buckets, because the load limit was reached.
    Doubling,
    /// Moving to an array of as many buckets, to shed overflow buckets left sparse by removals.
    SameSize,
}

/// A snapshot of a [`BucketMap`](crate::BucketMap)'s shape: how many buckets, and how far a growth is.
///
/// # Examples
///
/// ```
/// use splitmap::{BucketMap, Growth};
///
/// let mut map = BucketMap::new();
/// map.extend((0..8).map(|i| (i, i)));
/// assert_eq!(map.layout().buckets, 1);
///
/// // The ninth entry is one too many for a single bucket; two are allocated, and as there is but one
/// // old bucket the same insert moves it and is done.
/// map.insert(8, 8);
/// let layout = map.layout();
/// assert_eq!((layout.buckets, layout.old_buckets), (2, 0));
/// assert_eq!(layout.growth, Growth::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Primary buckets, a power of two; overflow buckets come on top.
    pub buckets: usize,
    /// Primary buckets of the array being moved from; 0 when not growing.
    pub old_buckets: usize,
    /// The index below which every old bucket has been moved; 0 when not growing.
    pub evacuated: usize,
    /// Overflow buckets taken into use since the last growth began or the map was last cleared.
    pub overflow_buckets: usize,
    /// The growth under way.
    pub growth: Growth,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} buckets + {} overflow",
            self.buckets, self.overflow_buckets
        )?;
        match self.growth {
            Growth::None => Ok(()),
            Growth::Doubling | Growth::SameSize => {
                write!(f, ", {}/{} moved", self.evacuated, self.old_buckets)
            }
        }
    }
}
