//! Lookups.

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::entry::{Entry, Held};
use super::snapshot::Snapshot;
use super::{Ref, Section, SyncMap};
use crate::bucket::Near;

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Returns the entry of `key`, or `None` if the map has none.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — never. A lookup that finds its key among the fresh ones is a miss, and every so many
    ///   misses it takes the map's mutex, if that is free, to build a part of the next snapshot.
    /// * **Ordering** — the write that stored the value happens before the return.
    ///
    /// # Complexity
    ///
    /// Expected **O(1)**.
    ///
    /// # Panics
    ///
    /// Only if hashing or comparing does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert_eq!(*map.get("a").expect("is there"), 1);
    /// assert!(map.get("b").is_none());
    /// ```
    #[doc(alias = "read")]
    #[doc(alias = "peek")]
    #[doc(alias = "get_key_value")]
    #[doc(alias = "view")]
    #[doc(alias = "Load")]
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        self.get_hashed(self.hash(key), key)
    }

    /// Returns whether the map has an entry of `key`. Costs what [`get`](Self::get) costs.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert!(map.contains_key("a"));
    /// assert!(!map.contains_key("b"));
    /// ```
    #[doc(alias = "Load")]
    #[inline]
    pub fn contains_key<Q>(&self, key: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let hash = self.hash(key);
        let section = self.domain.enter();
        self.find(&section, hash, key)
            .is_some_and(|entry| entry.load().is_some())
    }

    #[inline]
    pub(super) fn get_hashed<Q>(&self, hash: u64, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let held = Held::new(self.domain.enter(), |section| {
            let entry = self.find(section, hash, key).ok_or(())?;
            let value = entry.load().ok_or(())?;
            Ok(((entry, value), ()))
        });
        Ref::found(held)
    }

    /// The entry of `key`, whatever its state.
    #[inline]
    pub(super) fn find<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: &Q,
    ) -> Option<&'s Entry<K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let snapshot = self.current(section);
        match snapshot.find_near(section, hash, |other| key.equivalent(other)) {
            Near::Found(entry) => Some(entry.get(section)),
            Near::Ends if !snapshot.may_have_fresh(hash) => None,
            Near::Ends => self.find_fresh(section, snapshot, hash, key),
            Near::GoesOn => self.find_beyond(section, snapshot, hash, key),
        }
    }

    /// The rest of a lookup that goes on beyond the primary bucket.
    ///
    /// PERF: with all that it needs behind one call. The shorter the usual lookup, the more of them the processor has
    /// under way at once, which is what a table in far memory waits for. By `find_settled` a hit takes four instructions
    /// and four accesses to memory more.
    #[inline(never)]
    fn find_beyond<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        snapshot: &Snapshot<K, V>,
        hash: u64,
        key: &Q,
    ) -> Option<&'s Entry<K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        match snapshot.find_further(section, hash, |other| key.equivalent(other)) {
            Some(found) => Some(found.get(section)),
            None if snapshot.may_have_fresh(hash) => self.find_fresh(section, snapshot, hash, key),
            None => None,
        }
    }

    #[inline(never)]
    fn find_fresh<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        snapshot: &Snapshot<K, V>,
        hash: u64,
        key: &Q,
    ) -> Option<&'s Entry<K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let fresh = snapshot.fresh();
        let found = fresh.find(section, hash, |other| key.equivalent(other));
        let found = found.ok()?.get(section);
        self.note_miss(section, snapshot);
        Some(found)
    }
}
