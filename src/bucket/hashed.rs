//! The map's operations for a key that has been hashed already.
//!
//! Apart from the interface for [`CheckedMap`](crate::CheckedMap)'s sake: it hashes before it may
//! touch the map, and keeps the hasher elsewhere. `hash` is the hasher's; the seed is mixed in
//! here. The write flag is checked and set here too, after hashing and around comparing.

use std::mem;

use equivalent::Equivalent;

use super::map::BucketMap;
use super::stamp::EntryStamp;
use super::table::Table;

pub(super) const READ: &str = "concurrent map read and map write";
pub(super) const WRITE: &str = "concurrent map writes";
pub(super) const ITERATION: &str = "concurrent map iteration and map write";

/// That there is no entry for a key.
///
/// PERF: passes the hash on as the table knows it, so that nothing is derived from it twice.
pub(super) struct Absent {
    hash: u64,
}

impl<K, V, S> BucketMap<K, V, S> {
    /// The hash under which the table knows what the hasher gave `hash`.
    ///
    /// Xor, and not a further mix: a hasher that spreads keys evenly, be it by leaving them as they
    /// are, still does.
    #[inline]
    pub(super) const fn seeded(&self, hash: u64) -> u64 {
        hash ^ self.life.seed
    }

    #[inline]
    pub(super) fn find_hashed<Q>(&self, hash: u64, key: &Q) -> Option<&(K, V)>
    where
        Q: ?Sized + Equivalent<K>,
    {
        self.flag.check(READ);
        self.table
            .find(self.seeded(hash), |(stored, _)| key.equivalent(stored))
    }

    #[inline]
    pub(super) fn find_mut_hashed<Q>(&mut self, hash: u64, key: &Q) -> Option<&mut (K, V)>
    where
        Q: ?Sized + Equivalent<K>,
    {
        self.flag.check(READ);
        let hash = self.seeded(hash);
        self.table
            .find_mut(hash, |(stored, _)| key.equivalent(stored))
    }

    /// Swaps `value` with that of `key`, if there is an entry. The caller still owns both when
    /// comparing unwinds.
    #[inline]
    pub(super) fn swap_hashed(&mut self, hash: u64, key: &K, value: &mut V) -> Result<(), Absent>
    where
        K: Eq,
    {
        let hash = self.seeded(hash);
        self.table.current.prefetch(hash);
        let _writing = self.flag.write();
        let Some((_, stored)) = self.table.find_mut(hash, |(stored, _)| stored == key) else {
            return Err(Absent { hash });
        };
        mem::swap(stored, value);
        self.table.advance_growth(hash);
        Ok(())
    }

    /// Adds an entry that was just found to be absent.
    #[inline]
    pub(super) fn insert_absent(&mut self, Absent { hash }: Absent, key: K, value: V) {
        let stamp = self.life.next_stamp(hash, &self.table);
        self.table.insert_new(hash, stamp, (key, value));
    }

    #[inline]
    pub(super) fn remove_hashed<Q>(&mut self, hash: u64, key: &Q) -> Option<(K, V)>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let hash = self.seeded(hash);
        let _writing = self.flag.write();
        let removed = self
            .table
            .remove(hash, |(stored, _)| key.equivalent(stored))?;
        if self.table.is_empty() {
            self.life.begin_anew();
        }
        Some(removed)
    }

    /// Moves all entries out, with a new array of as many buckets left behind. Runs no user code.
    pub(super) fn take_entries(&mut self) -> Table<(K, V), EntryStamp> {
        let _writing = self.flag.write();
        if self.table.is_empty() {
            return Table::new();
        }
        self.life.begin_anew();
        let empty = self.table.empty_twin();
        mem::replace(&mut self.table, empty)
    }
}
