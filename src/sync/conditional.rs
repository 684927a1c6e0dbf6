//! Writes that depend on the value that is there.
//!
//! The value is compared, or shown to a closure, outside every lock; the exchange that follows expects the
//! very value that was shown (see "Addresses as identities" in `entry`), and if another thread was faster
//! everything is done again with the value that is there now.

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::entry::{Found, Held, boxed};
use super::{Ref, Section, SyncMap};

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Removes `key` if it has a value that `condition` accepts, and returns the entry that it had.
    ///
    /// `condition` sees the value that is removed; it may run again when the value has changed meanwhile,
    /// and may use the map.
    ///
    /// # Concurrency
    ///
    /// Blocks as [`get`](Self::get); lock-free otherwise. Ordered as [`remove`](Self::remove).
    ///
    /// # Panics
    ///
    /// Only if hashing, comparing or `condition` does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert!(map.remove_if("a", |_, value| *value > 1).is_none());
    /// assert_eq!(*map.remove_if("a", |_, value| *value == 1).expect("accepted"), 1);
    /// assert!(map.is_empty());
    /// ```
    #[doc(alias = "CompareAndDelete")]
    pub fn remove_if<Q, F>(&self, key: &Q, mut condition: F) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        F: FnMut(&K, &V) -> bool,
    {
        let hash = self.hash(key);
        let held = Held::new(self.domain.enter(), move |section| {
            let entry = self.find(section, hash, key).ok_or(())?;
            loop {
                let seen = entry.load().ok_or(())?;
                if !condition(entry.key(), seen) {
                    return Err(());
                }
                if entry.take_seen(section, seen) {
                    self.note_removal(section);
                    return Ok(((entry, seen), ()));
                }
            }
        });
        Ref::found(held)
    }

    /// Removes `key` if its value equals `expected`, and returns the entry that it had.
    ///
    /// Blocks, costs and panics as [`remove_if`](Self::remove_if).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert!(map.compare_and_remove("a", &2).is_none());
    /// assert_eq!(*map.compare_and_remove("a", &1).expect("equal"), 1);
    /// ```
    #[doc(alias = "CompareAndDelete")]
    pub fn compare_and_remove<Q>(&self, key: &Q, expected: &V) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        V: PartialEq,
    {
        self.remove_if(key, |_, value| value == expected)
    }

    /// Stores `new` under `key` if the value there equals `expected`, and returns the value replaced.
    ///
    /// Never adds a key.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — never.
    /// * **Ordering** — as [`insert`](Self::insert) when it stores, as [`get`](Self::get) when it does not.
    ///
    /// # Errors
    ///
    /// `new` again, if the key is absent or has another value.
    ///
    /// # Panics
    ///
    /// Only if hashing or comparing does; the map is unchanged, and `new` is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert_eq!(*map.compare_and_swap("a", &1, 2).expect("equal"), 1);
    /// assert_eq!(map.compare_and_swap("a", &1, 3).expect_err("is 2 now"), 3);
    /// ```
    #[doc(alias = "CompareAndSwap")]
    pub fn compare_and_swap<Q>(&self, key: &Q, expected: &V, new: V) -> Result<Ref<'_, K, V>, V>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        V: PartialEq,
    {
        let hash = self.hash(key);
        let held = Held::new(self.domain.enter(), move |section| {
            let swapped = self.swap_if_equal(section, hash, key, expected, boxed(section, new));
            swapped.map(|replaced| (replaced, ()))
        });
        match held {
            Ok((held, ())) => Ok(Ref::new(held)),
            Err(new) => Err(*new),
        }
    }

    fn swap_if_equal<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: &Q,
        expected: &V,
        mut new: Box<V>,
    ) -> Result<Found<'s, K, V>, Box<V>>
    where
        Q: ?Sized + Equivalent<K>,
        V: PartialEq,
    {
        let Some(entry) = self.find(section, hash, key) else {
            return Err(new);
        };
        while let Some(seen) = entry.load() {
            if seen != expected {
                break;
            }
            match entry.replace(section, seen, new) {
                Ok(_) => return Ok((entry, seen)),
                Err(again) => new = again,
            }
        }
        Err(new)
    }

    /// Replaces the value of `key` by what `make` returns for it, and returns the entry with its new value;
    /// `None` if the key is absent.
    ///
    /// `make` sees the value that is replaced; it may run again when the value has changed meanwhile, and
    /// may use the map. No update is lost.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — as [`compare_and_swap`](Self::compare_and_swap).
    /// * **Ordering** — as [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// Only if hashing, comparing or `make` does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("hits", 1)]);
    /// assert_eq!(*map.update("hits", |_, hits| hits + 1).expect("is there"), 2);
    /// assert!(map.update("misses", |_, misses| misses + 1).is_none());
    /// ```
    #[doc(alias = "get_mut")]
    #[doc(alias = "alter")]
    #[doc(alias = "modify")]
    pub fn update<Q, F>(&self, key: &Q, mut make: F) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
        F: FnMut(&K, &V) -> V,
    {
        let hash = self.hash(key);
        let held = Held::new(self.domain.enter(), move |section| {
            let entry = self.find(section, hash, key).ok_or(())?;
            loop {
                let seen = entry.load().ok_or(())?;
                let new = boxed(section, make(entry.key(), seen));
                let seen = if cfg!(splitmap_planted = "lost_update") {
                    entry.load().ok_or(())?
                } else {
                    seen
                };
                if let Ok(stored) = entry.replace(section, seen, new) {
                    return Ok(((entry, stored), ()));
                }
            }
        });
        Ref::found(held)
    }
}
