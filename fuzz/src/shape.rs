//! The layout model: a bucket map's shape, predicted from the rules alone.
//!
//! It knows how many entries with which hashes each chain has and how many buckets, and nothing of
//! cells, bytes or memory: a bucket is added when all that the chain has are full, wherever the holes
//! are. The rules are those that the map's own page numbers; the thresholds are written out here, not
//! computed as the map computes them.

use splitmap::{Growth, Layout};

const CELLS: usize = 8;

/// Rule 10: the entries that 1, 2, 4, .. buckets hold before there are too many.
const LIMITS: [usize; 12] = [8, 13, 26, 52, 104, 208, 416, 832, 1664, 3328, 6656, 13312];

#[derive(Clone, Debug)]
struct Chain {
    hashes: Vec<u64>,
    buckets: usize,
}

impl Chain {
    const fn new() -> Self {
        Self {
            hashes: Vec::new(),
            buckets: 1,
        }
    }

    /// Adds an entry; the number of overflow buckets that takes (rules 35 and 37).
    fn add(&mut self, hash: u64) -> usize {
        let grows = self.hashes.len() == CELLS * self.buckets;
        self.buckets += usize::from(grows);
        self.hashes.push(hash);
        usize::from(grows)
    }
}

#[derive(Clone, Debug)]
struct Old {
    /// `None` once evacuated.
    chains: Vec<Option<Chain>>,
    evacuated: usize,
    growth: Growth,
}

#[derive(Clone, Debug)]
pub(crate) struct Shape {
    chains: Vec<Chain>,
    overflow: usize,
    len: usize,
    old: Option<Old>,
}

/// Rule 13: the buckets for a hint.
pub(crate) fn buckets_for(hint: usize) -> usize {
    match LIMITS.iter().position(|&limit| hint <= limit) {
        Some(bits) => 1 << bits,
        // The programs give no hints in between: it is one for more memory than there is.
        None => 1,
    }
}

/// Rule 10: the entries that so many buckets hold.
pub(crate) fn limit_of(buckets: usize) -> usize {
    LIMITS[buckets.ilog2() as usize]
}

impl Shape {
    pub(crate) fn empty(buckets: usize) -> Self {
        Self {
            chains: vec![Chain::new(); buckets],
            overflow: 0,
            len: 0,
            old: None,
        }
    }

    fn home(&self, hash: u64) -> usize {
        hash as usize % self.chains.len()
    }

    fn place(&mut self, hash: u64) {
        let home = self.home(hash);
        self.overflow += self.chains[home].add(hash);
    }

    /// An insert of a new entry.
    pub(crate) fn insert_new(&mut self, hash: u64) {
        self.advance(hash);
        // Rules 21 and 25.
        if self.old.is_none() {
            let buckets = self.chains.len();
            // Rule 22: doubling is looked at first.
            if self.len + 1 > limit_of(buckets) {
                self.start(Growth::Doubling, buckets * 2, hash);
            } else if self.overflow >= buckets {
                // Rule 19.
                self.start(Growth::SameSize, buckets, hash);
            }
        }
        self.place(hash);
        self.len += 1;
    }

    /// Rule 23, and the instalment of the insert that started it.
    fn start(&mut self, growth: Growth, buckets: usize, hash: u64) {
        let chains = std::mem::replace(&mut self.chains, vec![Chain::new(); buckets]);
        self.overflow = 0;
        self.old = Some(Old {
            chains: chains.into_iter().map(Some).collect(),
            evacuated: 0,
            growth,
        });
        self.advance(hash);
    }

    /// The growth work of one write: rule 24.
    pub(crate) fn advance(&mut self, hash: u64) {
        if let Some(old) = &self.old {
            self.evacuate(hash as usize % old.chains.len());
        }
        if let Some(old) = &self.old {
            self.evacuate(old.evacuated);
        }
    }

    /// Rules 26, 28 and 29.
    fn evacuate(&mut self, home: usize) {
        let Some(old) = &mut self.old else {
            return;
        };
        let moved = old.chains[home].take();
        if home == old.evacuated {
            let pending = old.chains[home..].iter().position(Option::is_some);
            old.evacuated = pending.map_or(old.chains.len(), |ahead| home + ahead);
        }
        if old.evacuated == old.chains.len() {
            self.old = None;
        }
        for hash in moved.into_iter().flat_map(|chain| chain.hashes) {
            self.place(hash);
        }
    }

    /// The removal of an entry, without the growth work. `remove` does that afterwards, as the key is
    /// looked for before anything is moved; `retain` does none.
    pub(crate) fn take(&mut self, hash: u64) {
        let home = self.home(hash);
        let chain = match &mut self.old {
            Some(old) => {
                let old_home = hash as usize % old.chains.len();
                old.chains[old_home].as_mut()
            }
            None => None,
        };
        let chain = chain.unwrap_or(&mut self.chains[home]);
        let at = chain.hashes.iter().position(|&other| other == hash);
        chain
            .hashes
            .swap_remove(at.expect("the model has the entry"));
        self.len -= 1;
    }

    /// Clearing and draining a map that is not empty: rule 45.
    pub(crate) fn clear(&mut self) {
        *self = Self::empty(self.chains.len());
    }

    pub(crate) fn finish(&mut self) {
        while let Some(old) = &self.old {
            self.evacuate(old.evacuated);
        }
    }

    /// The shape of a clone: no growth is copied, and there is room for all. `None` if so many entries
    /// collide that the copying itself starts a growth: how far that gets depends on the order, which
    /// no rule fixes.
    pub(crate) fn of_clone(&self) -> Option<Self> {
        let mut copy = Self::empty(buckets_for(self.len));
        let old = self.old.iter().flat_map(|old| old.chains.iter().flatten());
        for chain in self.chains.iter().chain(old) {
            for &hash in &chain.hashes {
                copy.place(hash);
                copy.len += 1;
            }
        }
        (copy.overflow < copy.chains.len()).then_some(copy)
    }

    pub(crate) fn layout(&self) -> Layout {
        let (old_buckets, evacuated, growth) = match &self.old {
            None => (0, 0, Growth::None),
            Some(old) => (old.chains.len(), old.evacuated, old.growth),
        };
        Layout {
            buckets: self.chains.len(),
            old_buckets,
            evacuated,
            overflow_buckets: self.overflow,
            growth,
        }
    }
}

/// What holds of any layout, and of any step from one to the next: for where the course of a growth
/// cannot be predicted.
pub(crate) fn check_step(before: Layout, after: Layout, may_start: bool) {
    // Rule 30.
    assert!(before.buckets <= after.buckets, "{before:?} to {after:?}");
    assert!(after.evacuated <= after.old_buckets, "{after:?}");
    let old_buckets = match after.growth {
        Growth::None => 0,
        Growth::SameSize => after.buckets,
        Growth::Doubling => after.buckets / 2,
    };
    assert_eq!(after.old_buckets, old_buckets, "{after:?}");
    // Rule 21.
    let starts = before.growth == Growth::None && after.growth != Growth::None;
    assert!(may_start || !starts, "{before:?} to {after:?}");
}
