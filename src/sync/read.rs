//! Lookups.

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::entry::{Entry, Held};
use super::{Ref, Section, SyncMap};

/// Whether an operation that finds its key in neither table has missed all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CountMiss {
    /// Yes: every look into dirty is a miss.
    Always,
    /// No: as Go's `CompareAndSwap`, which gives up on an absent key without a copy to pay for.
    OnlyIfFound,
}

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Returns the entry of `key`, or `None` if the map has none.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — never, if the key is in the read snapshot or the snapshot is not amended. Otherwise
    ///   takes the map's mutex once, and counts as a miss.
    /// * **Ordering** — the write that stored the value happens before the return.
    ///
    /// # Complexity
    ///
    /// Expected **O(1)**. The miss that promotes dirty finishes its growth first.
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
        self.find(&section, hash, key, CountMiss::Always)
            .is_some_and(|entry| entry.load().is_some())
    }

    #[inline]
    pub(super) fn get_hashed<Q>(&self, hash: u64, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let held = Held::new(self.domain.enter(), |section| {
            let entry = self.find(section, hash, key, CountMiss::Always).ok_or(())?;
            let value = entry.load().ok_or(())?;
            Ok(((entry, value), ()))
        });
        Ref::found(held)
    }

    /// The entry of `key`, whatever its state, from the snapshot or else from dirty.
    #[inline]
    pub(super) fn find<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: &Q,
        miss: CountMiss,
    ) -> Option<&'s Entry<K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let snapshot = self.current(section);
        match snapshot.find(section, hash, |entry| key.equivalent(entry.key())) {
            Some(entry) => Some(entry.get(section)),
            // Absent when the generation was read (P3).
            None if !snapshot.is_amended() => None,
            None => self.find_locked(section, hash, key, miss),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_locked<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: &Q,
        miss: CountMiss,
    ) -> Option<&'s Entry<K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let mut locked = self.lock(section);
        let found = locked.find_read(hash, |other| key.equivalent(other));
        if let Some(entry) = found.filter(|_| !cfg!(splitmap_planted = "stale_snapshot")) {
            return Some(entry.get(section));
        }
        if !locked.is_amended() {
            return None;
        }
        let found = locked.find_dirty(hash, |other| key.equivalent(other));
        if found.is_some() || miss == CountMiss::Always {
            locked.miss();
        }
        found.map(|entry| entry.get(section))
    }
}
