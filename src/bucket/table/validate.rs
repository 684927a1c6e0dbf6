//! A check of every numbered invariant, for tests and debug builds.

use std::collections::HashSet;

use super::Table;
use super::chain::Generation;
use crate::bucket::Stamp;
use crate::bucket::header::{CELLS, too_many_overflow};
use crate::bucket::map::BucketMap;
use crate::bucket::stamp::EntryStamp;
use crate::bucket::tophash::Tophash;

impl<T, M: Stamp> Table<T, M> {
    /// Panics unless B2 to B7 hold. (B1 is about memory: sanitizers and Miri check it.)
    pub(crate) fn validate(&self) {
        let mut live = self.current.validate_chains(|_| Chain::InUse);
        if let Some(evacuation) = &self.evacuation {
            let from = evacuation.old();
            live += from.validate_chains(|home| match from.is_evacuated(home) {
                true => Chain::Evacuated,
                false => Chain::InUse,
            });
            self.validate_growth();
        }
        assert_eq!(live, self.len, "B7: len");
        if !self.current.is_allocated() {
            assert_eq!(
                (self.len, self.current.primary()),
                (0, 1),
                "B7: unallocated"
            );
            assert!(self.evacuation.is_none(), "B7: unallocated");
        }
    }

    fn validate_growth(&self) {
        let Some(evacuation) = &self.evacuation else {
            return;
        };
        let from = evacuation.old();
        let (old_buckets, evacuated, _) = evacuation.progress();
        assert!(
            evacuated < old_buckets,
            "B6: a finished growth is still under way"
        );
        let times = self.current.primary() / old_buckets;
        assert!(
            times == 1 || times == 2,
            "B6: {times} times as many buckets"
        );
        for home in 0..old_buckets {
            assert!(
                home >= evacuated || from.is_evacuated(home),
                "B6: bucket {home}"
            );
            if !from.is_evacuated(home) {
                for to in (home..self.current.primary()).step_by(old_buckets) {
                    assert_eq!(self.current.word(to).live().count(), 0, "B6: bucket {to}");
                    assert_eq!(self.current.link(to), 0, "B6: bucket {to}");
                }
            }
        }
    }
}

impl<K, V, S> BucketMap<K, V, S> {
    /// What every hash is xored with at present. For tests of this crate: with it the buckets, and so
    /// the course of a growth, can be predicted from outside.
    #[doc(hidden)]
    #[cfg(debug_assertions)]
    pub const fn seed(&self) -> u64 {
        self.life.seed
    }
}

impl<T> Table<T, EntryStamp> {
    /// Panics unless B8 holds.
    pub(in crate::bucket) fn validate_stamps(&self) {
        let mut seen = HashSet::new();
        self.for_each_hashed(|_, stamp, _| {
            assert!(
                seen.insert((stamp.low_hash(), stamp.birth())),
                "B8: {stamp:?}"
            );
        });
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Chain {
    InUse,
    Evacuated,
}

impl<T, M: Stamp> Generation<T, M> {
    /// Checks every chain and counts the live cells.
    fn validate_chains(&self, state_of: impl Fn(usize) -> Chain) -> usize {
        if !self.is_allocated() {
            return 0;
        }
        let mut linked = vec![false; self.overflow()];
        let mut live = 0;
        for home in 0..self.primary() {
            let mut bytes = Vec::new();
            let mut bucket = home;
            loop {
                bytes.extend((0..CELLS).map(|cell| self.word(bucket).byte(cell)));
                for cell in self.word(bucket).live() {
                    let low_hash = self.stamp(bucket, cell).low_hash();
                    assert_eq!(self.home(low_hash.into()), home, "B4: {bucket}:{cell}");
                    live += 1;
                }
                bucket = self.link(bucket);
                if bucket == 0 {
                    break;
                }
                let seen = &mut linked[bucket - self.primary()];
                assert!(!*seen, "B5: bucket {bucket} is linked twice");
                *seen = true;
            }
            validate_bytes(&bytes, state_of(home), home);
        }
        assert!(
            linked.iter().all(|&linked| linked),
            "B5: an overflow bucket is lost"
        );
        let room = !too_many_overflow(self.overflow(), self.primary());
        assert_eq!(self.has_room(0), room, "the limit without its reasons");
        live
    }
}

/// Checks the bytes of one chain.
fn validate_bytes(bytes: &[Tophash], state: Chain, home: usize) {
    match state {
        Chain::Evacuated => {
            assert!(
                bytes.iter().all(|byte| byte.is_evacuated()),
                "B3: chain {home}"
            );
        }
        Chain::InUse => {
            let rest = bytes.iter().position(|&byte| byte == Tophash::EMPTY_REST);
            let (used, rest) = bytes.split_at(rest.unwrap_or(bytes.len()));
            assert!(
                rest.iter().all(|&byte| byte == Tophash::EMPTY_REST),
                "B2: chain {home}"
            );
            assert_ne!(used.last(), Some(&Tophash::EMPTY_ONE), "B2: chain {home}");
            assert!(
                !used.iter().any(|byte| byte.is_evacuated()),
                "B3: chain {home}"
            );
        }
    }
}
