//! The tophash byte, its six reserved states, and eight of them as one word.
//!
//! | byte | state          | meaning                                                             |
//! |------|----------------|---------------------------------------------------------------------|
//! | 0    | emptyRest      | the cell is empty, and so is every later one of the chain           |
//! | 1    | emptyOne       | the cell is empty                                                   |
//! | 2    | evacuatedX     | the entry moved to the same index of the new array                  |
//! | 3    | evacuatedY     | the entry moved to the same index plus the old number of buckets    |
//! | 4    | evacuatedEmpty | the cell was empty when its bucket was evacuated                    |
//! | 5..  | live           | the cell holds an entry; the byte is the hash's top one, 0-4 plus 5 |
//!
//! A bucket's eight bytes are one `u64`, cell 0 lowest, always read and written whole, so byte
//! order plays no part. All tests on it but `Word::candidates` are exact: no carry crosses from
//! one byte into the next.

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// One tophash byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Tophash(u8);

impl Tophash {
    pub(super) const EMPTY_REST: Self = Self(0);
    pub(super) const EMPTY_ONE: Self = Self(1);
    pub(super) const EVACUATED_X: Self = Self(2);
    pub(super) const EVACUATED_Y: Self = Self(3);
    pub(super) const EVACUATED_EMPTY: Self = Self(4);
    pub(super) const MIN_LIVE: u8 = 5;

    /// The byte of a live cell whose entry hashes to `hash`.
    #[inline]
    pub(super) const fn of(hash: u64) -> Self {
        Self(live_byte(hash) as u8)
    }

    /// A hash with this byte and these low bits: enough to place the entry anew without hashing.
    #[inline]
    pub(super) const fn rebuild_hash(self, low_hash: u32) -> u64 {
        ((self.0 as u64) << 56) | low_hash as u64
    }

    #[inline]
    pub(super) const fn is_live(self) -> bool {
        self.0 >= Self::MIN_LIVE
    }

    #[inline]
    pub(super) const fn is_evacuated(self) -> bool {
        Self::EVACUATED_X.0 <= self.0 && self.0 <= Self::EVACUATED_EMPTY.0
    }
}

/// The top byte of a hash, moved past the reserved states.
#[inline]
const fn live_byte(hash: u64) -> u64 {
    let top = hash >> 56;
    let min = Tophash::MIN_LIVE as u64;
    if top < min { top + min } else { top }
}

/// Eight times the byte of a live cell whose entry hashes to `hash`: what a word is compared with.
///
/// PERF: not by way of [`Tophash`], whose single byte would be cut off and widened again.
#[inline]
pub(super) const fn pattern(hash: u64) -> u64 {
    LOW_BITS * live_byte(hash)
}

// `Word::evacuated` stays below evacuatedEmpty when it makes an X a Y.
const _: () = assert!(Tophash::EVACUATED_Y.0 == Tophash::EVACUATED_X.0 + 1);

/// The eight tophash bytes of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Word(u64);

impl Word {
    /// Eight times emptyRest, which is all-zero memory.
    pub(super) const EMPTY: Self = Self(0);

    /// Makes `byte` the byte of a cell that is emptyRest.
    #[inline]
    pub(super) const fn put(&mut self, cell: usize, byte: Tophash) {
        self.0 |= (byte.0 as u64) << (8 * cell);
    }

    /// The marks that evacuating leaves: evacuatedEmpty for the cells that are not live, evacuatedX
    /// for those that are, or evacuatedY if they are in `ups`.
    #[inline]
    pub(super) const fn evacuated(self, ups: Ups) -> Self {
        let empty_to_x = (Tophash::EVACUATED_EMPTY.0 - Tophash::EVACUATED_X.0) as u64;
        let x_to_y = (Tophash::EVACUATED_Y.0 - Tophash::EVACUATED_X.0) as u64;
        let empty = LOW_BITS * Tophash::EVACUATED_EMPTY.0 as u64;
        // Byte by byte, without a borrow or a carry: 4, less 2 if live, plus 1 if up.
        Self(empty - (self.live().0 >> 7) * empty_to_x + ups.0 * x_to_y)
    }

    #[inline]
    pub(super) const fn byte(self, cell: usize) -> Tophash {
        Tophash((self.0 >> (8 * cell)) as u8)
    }

    #[inline]
    pub(super) const fn with(self, cell: usize, byte: Tophash) -> Self {
        let cleared = self.0 & !(0xff << (8 * cell));
        Self(cleared | ((byte.0 as u64) << (8 * cell)))
    }

    /// Makes `byte` the byte of a cell that is emptyRest or emptyOne.
    ///
    /// PERF: one bit is cleared, where [`Self::with`] clears eight.
    #[inline]
    pub(super) const fn occupied(self, cell: usize, byte: Tophash) -> Self {
        debug_assert!(self.byte(cell).0 <= Tophash::EMPTY_ONE.0);
        let cleared = self.0 & !((Tophash::EMPTY_ONE.0 as u64) << (8 * cell));
        Self(cleared | (byte.0 as u64) << (8 * cell))
    }

    /// The bytes as a number, cell 0 lowest.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    /// The high bit of every byte that is the pattern's, and perhaps of others. All are live if the
    /// word has no evacuated byte.
    ///
    /// PERF: the exact test takes two instructions more, on the path that matters most.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    #[inline]
    pub(super) const fn candidates(self, pattern: u64) -> u64 {
        // Borrows start at bytes that became zero, the matches, and run on through bytes that
        // became one: those that differ from the pattern in the lowest bit only. For a live byte
        // that is another live one, or 4, which is evacuatedEmpty.
        let differs = self.0 ^ pattern;
        differs.wrapping_sub(LOW_BITS) & !differs & HIGH_BITS
    }

    /// The cells that hold an entry.
    #[inline]
    pub(super) const fn live(self) -> Cells {
        // Bytes from 5 to 127 carry into their high bit; those from 128 on have it already.
        let low = (self.0 & !HIGH_BITS) + LOW_BITS * (0x80 - Tophash::MIN_LIVE as u64);
        Cells((low | self.0) & HIGH_BITS)
    }

    /// The first cell that is emptyRest or emptyOne.
    #[inline]
    pub(super) fn first_empty(self) -> Option<usize> {
        zero_bytes(self.0 & !LOW_BITS).next()
    }

    /// The word with emptyRest from its last live cell on: what it is to be when nothing follows.
    #[inline]
    pub(super) const fn trimmed(self) -> Self {
        let unused = self.live().0.leading_zeros();
        Self(if unused == 64 {
            0
        } else {
            self.0 & (u64::MAX >> unused)
        })
    }

    /// Whether the chain has no entry after this bucket: then, and only then, the last cell is
    /// emptyRest.
    #[inline]
    pub(super) const fn ends_chain(self) -> bool {
        self.0 >> 56 == 0
    }

    /// Whether the bucket, a primary one, has been evacuated. The first byte alone tells.
    #[inline]
    pub(super) const fn is_evacuated(self) -> bool {
        self.byte(0).is_evacuated()
    }
}

/// The high bit of every byte of `bytes` that is zero.
#[inline]
const fn zero_bytes(bytes: u64) -> Cells {
    let low = (bytes & !HIGH_BITS) + !HIGH_BITS;
    Cells(!(low | bytes) & HIGH_BITS)
}

/// A set of cells of one bucket, given in ascending order: the high bit of each one's byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells(u64);

impl Cells {
    #[inline]
    pub(super) const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The set as eight bits, cell 0 lowest.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    #[inline]
    pub(super) const fn bits(self) -> u64 {
        // Bit 8c + 7 goes to bit 8c by the shift; the factor then brings it to bit 56 + c, and each
        // bit that reaches the top byte gets a place of its own there.
        (self.0 >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }
}

impl Iterator for Cells {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let cell = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(cell)
    }
}

/// Live cells whose entries move up, to evacuatedY: the low bit of every such cell's byte.
#[derive(Clone, Copy)]
pub(super) struct Ups(u64);

impl Ups {
    pub(super) const NONE: Self = Self(0);

    /// Adds `cell` if `up` is 1 and not 0.
    #[inline]
    pub(super) const fn add(&mut self, cell: usize, up: usize) {
        self.0 |= (up as u64) << (8 * cell);
    }
}
