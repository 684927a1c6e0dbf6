//! What a bucket map keeps beside each entry, and what it renews when it runs empty.

use super::Stamp;
use super::table::Table;
use crate::primitive::random;

/// Tells an entry from every other one of its map: the low hash and the entry's birth number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryStamp {
    low_hash: u32,
    birth: u32,
}

impl EntryStamp {
    /// The number of entries created before this one since the map was last empty, modulo 2^32.
    pub(super) const fn birth(self) -> u32 {
        self.birth
    }
}

impl Stamp for EntryStamp {
    #[inline]
    fn low_hash(self) -> u32 {
        self.low_hash
    }
}

/// The state that a map begins anew whenever it runs empty.
pub(super) struct Life {
    /// Mixed into every hash. Go changes its seed at the same moments: no entry depends on the old
    /// one then, and whoever had worked out colliding keys has to start over.
    pub(super) seed: u64,
    /// How often the map has run empty or been cleared. Outstanding cursors end when it changes:
    /// all they had to give is gone.
    pub(super) epoch: u64,
    /// Entries created in this epoch.
    pub(super) births: u64,
}

impl Life {
    pub(super) fn new() -> Self {
        Self {
            seed: random(),
            epoch: 0,
            births: 0,
        }
    }

    /// To be called whenever the length becomes 0.
    #[cold]
    pub(super) fn begin_anew(&mut self) {
        self.seed = random();
        self.epoch += 1;
        self.births = 0;
    }

    /// The stamp for a new entry with this hash; no other entry of `table` has it.
    ///
    /// Birth numbers come round after 2^32 births, an hour or so of nothing but inserts, and an
    /// entry may well live longer. From then on a number that an entry with the same low hash still
    /// bears is passed over. So two live entries never share a stamp, and a cursor that looks for
    /// one never finds two. It may find another entry than the one it noted, if that was removed
    /// and 2^32 births later its stamp was given anew; that one was created meanwhile, and as its
    /// chain is gone through only once, it is produced once: nothing that a cursor promises is
    /// broken.
    #[inline]
    pub(super) fn next_stamp<T>(&mut self, hash: u64, table: &Table<T, EntryStamp>) -> EntryStamp {
        let is_first_round = self.births < 1 << 32;
        let stamp = self.give_birth(hash);
        if is_first_round {
            return stamp;
        }
        self.first_unused(stamp, table)
    }

    #[inline]
    fn give_birth(&mut self, hash: u64) -> EntryStamp {
        let birth = self.births as u32;
        self.births += 1;
        EntryStamp {
            low_hash: hash as u32,
            birth,
        }
    }

    #[cold]
    fn first_unused<T>(
        &mut self,
        mut stamp: EntryStamp,
        table: &Table<T, EntryStamp>,
    ) -> EntryStamp {
        while table.find_stamp(stamp).is_some() {
            stamp = self.give_birth(stamp.low_hash.into());
        }
        stamp
    }
}
