//! The values of the cache: metadata that follows from the operation that stored it.

use super::trace::{Kind, Op};

/// A file's metadata, as a build tool caches it.
///
/// Everything in it follows from the operation and from when it ran, so that two replays can be
/// compared value by value, and a value alone tells whether its key could ever have held it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The key's index in the trace.
    pub(crate) inode: u32,
    /// The operation's third column.
    pub(crate) owner: u64,
    /// When it was stored: no two operations of a replay share a tick.
    pub(crate) modified: u64,
    pub(crate) size: u64,
}

impl Meta {
    /// What `op` stores if it runs at `tick`.
    pub(crate) fn stored_by(op: Op, tick: u64) -> Self {
        Meta {
            inode: op.key,
            owner: op.number,
            modified: tick,
            size: fold(
                tick ^ 0x9e37_79b9_7f4a_7c15,
                u64::from(op.key) ^ 0xd1b5_4a32_d192_ed03,
            ),
        }
    }

    /// A number that no two of a replay's values share but by accident.
    pub(crate) fn digest(&self) -> u64 {
        let place = fold(
            self.modified ^ 0xa076_1d64_78bd_642f,
            u64::from(self.inode) ^ 0xe703_7ed1_a0b4_28db,
        );
        let rest = fold(
            self.size ^ 0x8ebc_6af0_9c88_c6e3,
            self.owner ^ 0x5899_65cc_7537_4cc3,
        );
        place.wrapping_add(rest)
    }

    /// The digest of this value and of the moment something was done with it.
    pub(crate) fn digest_at(&self, tick: u64) -> u64 {
        fold(
            self.digest() ^ 0x2d35_8dcc_aa6c_78a5,
            tick ^ 0x8bb8_4b93_962e_acc9,
        )
    }
}

/// Whether `op` can leave a value behind, when a missing `get` does or does not fill.
pub(crate) fn can_store(op: Op, fills: bool) -> bool {
    match op.kind {
        Kind::Get => fills,
        Kind::Set => true,
        Kind::Del => false,
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}
