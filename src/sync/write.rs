//! Unconditional writes, insertion if absent, removal.

use core::convert::Infallible;
use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use super::entry::{Entry, EntryPtr, Fill, Found, Held, Swap, Unpublished, boxed};
use super::fresh::{Head, Push};
use super::snapshot::Snapshot;
use super::{OccupiedError, Ref, Section, SyncMap};

/// What [`SyncMap::fill`] did.
enum Filled<'s, K, V> {
    /// Stored the value, in this entry.
    Stored(Found<'s, K, V>),
    /// Found a value there, and gives key and new value back.
    Occupied(Found<'s, K, V>, K, V),
}

/// What [`SyncMap::add_or`] did.
enum Written<'s, K, V, D> {
    /// Added an entry with the given value.
    Added(Found<'s, K, V>),
    /// Wrote to this entry; here is the key again, and what the writing returned.
    Present(&'s Entry<K, V>, K, D),
}

/// Where a key that is to be written has its place.
enum Place<'s, K, V> {
    /// In a new entry, which has the given value.
    Added(Found<'s, K, V>),
    /// In an entry of this snapshot; here are key and value again.
    Present(&'s Snapshot<K, V>, EntryPtr<K, V>, K, V),
}

impl<K, V, S> SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Stores `value` under `key`, and returns the value replaced, or `None` if the key was absent.
    ///
    /// A key that is already there is kept, and `key` dropped, as in std.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — seldom: a key that is new, or comes back, in a part of the map that is just being taken over
    ///   into the next snapshot takes the map's mutex, once unless other threads add to the same bucket. No code of
    ///   yours runs under it, `Eq` and `Drop` included.
    /// * **Ordering** — happens before every operation that sees the value. The write that stored the value
    ///   returned happens before the return.
    ///
    /// # Complexity
    ///
    /// Expected **O(1)**. Every so many new keys a thread takes over a bounded number of buckets into the next
    /// snapshot.
    ///
    /// # Panics
    ///
    /// Only if hashing or comparing does; the map is unchanged, and `key` and `value` are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert!(map.insert("a", 1).is_none());
    /// assert_eq!(*map.insert("a", 2).expect("was there"), 1);
    /// assert_eq!(*map.get("a").expect("is there"), 2);
    /// ```
    #[doc(alias = "upsert")]
    #[doc(alias = "put")]
    #[doc(alias = "set")]
    #[doc(alias = "Store")]
    #[doc(alias = "Swap")]
    pub fn insert(&self, key: K, value: V) -> Option<Ref<'_, K, V>> {
        let hash = self.hash(&key);
        let held = Held::new(self.domain.enter(), |section| {
            match self.swap(section, hash, key, value) {
                Some(replaced) => Ok((replaced, ())),
                None => Err(()),
            }
        });
        Ref::found(held)
    }

    /// Stores `value` under `key` if the key is absent, and returns the entry; otherwise returns what is
    /// there, and `value` again.
    ///
    /// However many threads race on one absent key, exactly one stores.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — as [`insert`](Self::insert).
    /// * **Ordering** — the call that stored a value happens before every call that returns it.
    ///
    /// # Errors
    ///
    /// [`OccupiedError`], if the key has a value.
    ///
    /// # Complexity
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert_eq!(*map.try_insert("a", 1).expect("absent"), 1);
    ///
    /// let error = map.try_insert("a", 2).expect_err("present");
    /// assert_eq!((*error.current, error.value), (1, 2));
    /// ```
    #[doc(alias = "LoadOrStore")]
    pub fn try_insert(&self, key: K, value: V) -> Result<Ref<'_, K, V>, OccupiedError<'_, K, V>> {
        let hash = self.hash(&key);
        let (current, rejected) = self.fill_hashed(hash, key, value);
        let Some((key, value)) = rejected else {
            return Ok(current);
        };
        drop(key); // before the result is in its place, where it would leak if this panicked
        Err(OccupiedError { current, value })
    }

    /// Returns the entry of `key`, having stored `value` if there was none.
    ///
    /// Blocks, costs and panics as [`try_insert`](Self::try_insert).
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert_eq!(*map.get_or_insert("a", 1), 1);
    /// assert_eq!(*map.get_or_insert("a", 2), 1);
    /// ```
    #[doc(alias = "or_insert")]
    #[doc(alias = "LoadOrStore")]
    pub fn get_or_insert(&self, key: K, value: V) -> Ref<'_, K, V> {
        let hash = self.hash(&key);
        let (entry, rejected) = self.fill_hashed(hash, key, value);
        drop(rejected); // as in `try_insert`
        entry
    }

    /// Returns the entry of `key`, having stored the result of `make` if there was none.
    ///
    /// `make` is called at most once, outside every lock; it may use the map. If another thread stores
    /// first, the result is dropped and that thread's value returned.
    ///
    /// Blocks and costs as a [`get`](Self::get), and on a miss as a [`try_insert`](Self::try_insert) more.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), and if `make` does; then nothing is stored.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert_eq!(*map.get_or_insert_with("a", || 1), 1);
    /// assert_eq!(*map.get_or_insert_with("a", || unreachable!("is there")), 1);
    /// ```
    #[doc(alias = "or_insert_with")]
    #[doc(alias = "try_insert_with")]
    #[doc(alias = "LoadOrStore")]
    pub fn get_or_insert_with<F>(&self, key: K, make: F) -> Ref<'_, K, V>
    where
        F: FnOnce() -> V,
    {
        let Ok(entry) = self.get_or_try_insert_with(key, || Ok::<V, Infallible>(make()));
        entry
    }

    /// The entry of `key` with its value, and `key` and `value` again if they were not stored.
    pub(super) fn fill_hashed(
        &self,
        hash: u64,
        key: K,
        value: V,
    ) -> (Ref<'_, K, V>, Option<(K, V)>) {
        let held = Held::new(self.domain.enter(), |section| {
            Ok(match self.fill(section, hash, key, value) {
                Filled::Stored(found) => (found, None),
                Filled::Occupied(found, key, value) => (found, Some((key, value))),
            })
        });
        Ref::always(held)
    }

    /// Stores `value` whatever is there, and returns what was.
    fn swap<'s>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: K,
        value: V,
    ) -> Option<Found<'s, K, V>> {
        let swap = |entry: &'s Entry<K, V>, value| match entry.swap(section, boxed(section, value))
        {
            Swap::Replaced(old) => Ok(Some(old)),
            Swap::Filled => Ok(None),
            Swap::Expunged(value) => Err(*value),
        };
        match self.add_or(section, hash, key, value, swap) {
            Written::Added(_) => None,
            Written::Present(entry, _key, old) => Some((entry, old?)),
        }
    }

    /// Stores `value` if there is none.
    fn fill<'s>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: K,
        value: V,
    ) -> Filled<'s, K, V> {
        let fill = |entry: &'s Entry<K, V>, value| match entry.fill(section, value) {
            Fill::Stored(value) => Ok((value, None)),
            Fill::Occupied(current, value) => Ok((current, Some(value))),
            Fill::Expunged(value) => Err(value),
        };
        match self.add_or(section, hash, key, value, fill) {
            Written::Added(found) => Filled::Stored(found),
            Written::Present(entry, key, (stored, None)) => {
                drop(key); // before the result is in its place, where it would leak if this panicked
                Filled::Stored((entry, stored))
            }
            Written::Present(entry, key, (current, Some(value))) => {
                Filled::Occupied((entry, current), key, value)
            }
        }
    }

    /// Adds an entry with this value, or else has `write` put the value into the key's entry, and again if
    /// that is expunged, and the value returned.
    #[inline]
    fn add_or<'s, D>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: K,
        value: V,
        write: impl Fn(&'s Entry<K, V>, V) -> Result<D, V>,
    ) -> Written<'s, K, V, D> {
        let mut pair = (key, value);
        loop {
            let (snapshot, found, key, value) =
                match self.find_or_push(section, hash, pair.0, pair.1) {
                    Place::Added(found) => return Written::Added(found),
                    Place::Present(snapshot, found, key, value) => (snapshot, found, key, value),
                };
            let entry = found.get(section);
            match write(entry, value) {
                Ok(done) => return Written::Present(entry, key, done),
                Err(value) => pair = (key, value),
            }
            self.unexpunge(section, snapshot, found);
        }
    }

    /// Finds the key's entry, or adds one with this value.
    #[inline]
    fn find_or_push<'s>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: K,
        value: V,
    ) -> Place<'s, K, V> {
        let (mut key, mut value) = (key, value);
        loop {
            let snapshot = self.current(section);
            let is_key = |other: &K| key == *other;
            if let Some(found) = snapshot.find_settled(section, hash, is_key) {
                return Place::Present(snapshot, found, key, value);
            }
            let fresh = snapshot.fresh();
            let head = match fresh.find(section, hash, is_key) {
                Ok(found) => {
                    self.note_miss(section, snapshot);
                    return Place::Present(snapshot, found, key, value);
                }
                Err(head) => head,
            };
            let new = Unpublished::new(hash, key, value);
            let again = match snapshot.push(section, new, head, hash) {
                Push::Added(added) => {
                    self.noted(section, snapshot);
                    return Place::Added(added.just_published(section));
                }
                Push::Present(found, new) => {
                    let (key, value) = new.into_pair();
                    return Place::Present(snapshot, found, key, value);
                }
                Push::Frozen(compared, new) => {
                    match self.push_frozen(section, snapshot, compared, new, hash) {
                        Ok(added) => return Place::Added(added.just_published(section)),
                        Err(new) => new,
                    }
                }
            };
            (key, value) = again.into_pair();
        }
    }

    /// Adds an entry to a frozen list, under the mutex, or gives it back: what was compared has changed meanwhile, and its
    /// key may be there.
    #[cold]
    #[inline(never)]
    fn push_frozen(
        &self,
        section: &Section<'_, K, V>,
        snapshot: &Snapshot<K, V>,
        compared: Head<K, V>,
        new: Unpublished<K, V>,
        hash: u64,
    ) -> Result<EntryPtr<K, V>, Unpublished<K, V>> {
        let pushed;
        let mut locked = self.lock(section);
        pushed = locked.push_frozen(snapshot, compared, new, hash);
        // Should this panic, as memory is out, the mutex is free before what is given back is dropped.
        locked.step();
        drop(locked);
        pushed
    }

    /// Sees to it that an entry which was found expunged may have a value again, or else is not in the current
    /// snapshot any more. The caller looks again.
    #[cold]
    #[inline(never)]
    fn unexpunge(
        &self,
        section: &Section<'_, K, V>,
        snapshot: &Snapshot<K, V>,
        found: EntryPtr<K, V>,
    ) {
        let mut locked = self.lock(section);
        locked.unexpunge(snapshot, found);
        locked.step();
    }
}

impl<K, V, S> SyncMap<K, V, S>
where
    S: BuildHasher,
{
    /// Removes `key`, and returns the entry that it had, or `None` if it was absent.
    ///
    /// The entry's memory is kept while the result lives, and freed some time later, with a batch of
    /// others; the key's place in the tables goes at a promotion, see [`promote`](Self::promote).
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — never.
    /// * **Ordering** — happens before every operation that sees the key absent because of it. The write
    ///   that stored the value happens before the return.
    ///
    /// # Complexity
    ///
    /// Expected **O(1)**, as [`get`](Self::get).
    ///
    /// # Panics
    ///
    /// Only if hashing or comparing does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert_eq!(*map.remove("a").expect("was there"), 1);
    /// assert!(map.remove("a").is_none());
    /// ```
    #[doc(alias = "invalidate")]
    #[doc(alias = "remove_entry")]
    #[doc(alias = "LoadAndDelete")]
    #[doc(alias = "Delete")]
    pub fn remove<Q>(&self, key: &Q) -> Option<Ref<'_, K, V>>
    where
        Q: ?Sized + Hash + Equivalent<K>,
    {
        let hash = self.hash(key);
        let held = Held::new(self.domain.enter(), |section| {
            match self.take(section, hash, key) {
                Some(removed) => Ok((removed, ())),
                None => Err(()),
            }
        });
        Ref::found(held)
    }

    fn take<'s, Q>(
        &self,
        section: &'s Section<'_, K, V>,
        hash: u64,
        key: &Q,
    ) -> Option<Found<'s, K, V>>
    where
        Q: ?Sized + Equivalent<K>,
    {
        let entry = self.find(section, hash, key)?;
        let taken = entry.take(section)?;
        self.note_removal(section);
        Some((entry, taken))
    }
}
