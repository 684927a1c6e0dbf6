//! Writes that decide what to do by what is there, the key's absence included.
//!
//! As in `conditional`, user code runs outside every lock and sees the very value that is then replaced or
//! removed. What is new is the absent key: there the write that follows stores only if the key is still
//! absent, and otherwise gives key and value back for another turn.

use core::fmt;
use core::hash::{BuildHasher, Hash};

use super::entry::Held;
use super::{Ref, SyncMap};

/// What [`SyncMap::compute`] is to do, as decided by its closure.
///
/// # Examples
///
/// ```
/// use splitmap::{Compute, Operation, SyncMap};
///
/// let map = SyncMap::from([("stock", 1_u32)]);
/// let take_one = || {
///     map.compute("stock", |entry| match entry {
///         None => Operation::Abort("sold out"),
///         Some((_, 1)) => Operation::Remove,
///         Some((_, many)) => Operation::Insert(many - 1),
///     })
/// };
/// assert!(matches!(take_one(), Compute::Removed(last) if *last == 1));
/// assert!(matches!(take_one(), Compute::Aborted("sold out")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<V, T> {
    /// Store this value, in place of the one that is there if there is one.
    Insert(V),
    /// Remove the entry, if there is one.
    Remove,
    /// Leave everything as it is, and return this from `compute`.
    Abort(T),
}

/// What [`SyncMap::compute`] did.
///
/// # Examples
///
/// ```
/// use splitmap::{Compute, Operation, SyncMap};
///
/// let map = SyncMap::from([("a", 1)]);
/// let done = map.compute("a", |_| Operation::<_, ()>::Insert(2));
/// assert!(matches!(done, Compute::Updated { old, new } if (*old, *new) == (1, 2)));
/// ```
#[must_use = "tells which operation was carried out"]
pub enum Compute<'m, K, V, T> {
    /// The key was absent; this is its entry now.
    Inserted(Ref<'m, K, V>),
    /// The key had a value, which was replaced.
    Updated {
        /// The entry with the value that was replaced.
        old: Ref<'m, K, V>,
        /// The entry with the new value.
        new: Ref<'m, K, V>,
    },
    /// The key was there, and this was its entry.
    Removed(Ref<'m, K, V>),
    /// There was nothing to remove.
    Absent,
    /// Nothing was changed; this is what the closure returned.
    Aborted(T),
}

impl<K, V: fmt::Debug, T: fmt::Debug> fmt::Debug for Compute<'_, K, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inserted(entry) => f.debug_tuple("Inserted").field(entry).finish(),
            Self::Updated { old, new } => f
                .debug_struct("Updated")
                .field("old", old)
                .field("new", new)
                .finish(),
            Self::Removed(entry) => f.debug_tuple("Removed").field(entry).finish(),
            Self::Absent => f.write_str("Absent"),
            Self::Aborted(why) => f.debug_tuple("Aborted").field(why).finish(),
        }
    }
}

impl<K, V, S> SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Inserts, replaces or removes the entry of `key`, as `decide` says when it is shown the entry, or that
    /// there is none; returns what was done.
    ///
    /// `decide` sees the value that is replaced or removed; it runs again when that has changed meanwhile, and
    /// may use the map. All other methods that write to one key are special cases of this one.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — as [`insert`](Self::insert) when it stores under an absent key, else as
    ///   [`get`](Self::get); lock-free otherwise. Never holds a lock while `decide` runs.
    /// * **Ordering** — as [`insert`](Self::insert) and [`remove`](Self::remove).
    ///
    /// # Complexity
    ///
    /// As [`insert`](Self::insert), for every run of `decide`.
    ///
    /// # Panics
    ///
    /// Only if hashing, comparing or `decide` does; the map is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Compute, Operation, SyncMap};
    ///
    /// let words = SyncMap::new();
    /// for word in ["a", "b", "a"] {
    ///     let done = words.compute(word, |entry| match entry {
    ///         Some((_, count)) => Operation::<_, ()>::Insert(count + 1),
    ///         None => Operation::Insert(1),
    ///     });
    ///     assert!(matches!(done, Compute::Inserted(_) | Compute::Updated { .. }));
    /// }
    /// assert_eq!(words.get("a").as_deref(), Some(&2));
    /// ```
    #[doc(alias = "entry")]
    pub fn compute<F, T>(&self, key: K, mut decide: F) -> Compute<'_, K, V, T>
    where
        F: FnMut(Option<(&K, &V)>) -> Operation<V, T>,
    {
        let hash = self.hash(&key);
        let mut key = key;
        loop {
            let Some(present) = self.hold(hash, &key) else {
                match decide(None) {
                    Operation::Insert(value) => match self.fill_hashed(hash, key, value) {
                        (entry, None) => return Compute::Inserted(entry),
                        (_, Some((again, _))) => key = again,
                    },
                    Operation::Remove => return Compute::Absent,
                    Operation::Abort(why) => {
                        drop(key); // as below
                        return Compute::Aborted(why);
                    }
                }
                continue;
            };
            let done = match decide(Some((present.key(), present.value()))) {
                Operation::Insert(value) => match present.replace(self.domain.enter(), value) {
                    Ok(new) => Compute::Updated {
                        old: Ref::new(present),
                        new: Ref::new(new),
                    },
                    Err(_) => continue,
                },
                Operation::Remove => {
                    let section = self.domain.enter();
                    if !present.take(&section) {
                        continue;
                    }
                    self.note_removal(&section);
                    Compute::Removed(Ref::new(present))
                }
                Operation::Abort(why) => Compute::Aborted(why),
            };
            drop(key); // before the result is in its place, where it would leak if this panicked
            return done;
        }
    }

    /// Replaces the value of `key` by what `update` returns for it, or stores `value` if there is none; returns
    /// the entry with its new value.
    ///
    /// `update` sees the value that is replaced; it runs again when that has changed meanwhile, and may use the
    /// map. No update is lost.
    ///
    /// Blocks, is ordered and panics as [`compute`](Self::compute).
    ///
    /// # Examples
    ///
    /// ```
    /// let hits = splitmap::SyncMap::new();
    /// assert_eq!(*hits.update_or_insert("index.html", |_, hits| hits + 1, 1), 1);
    /// assert_eq!(*hits.update_or_insert("index.html", |_, hits| hits + 1, 1), 2);
    /// ```
    #[doc(alias = "and_modify")]
    pub fn update_or_insert<U>(&self, key: K, update: U, value: V) -> Ref<'_, K, V>
    where
        U: FnMut(&K, &V) -> V,
    {
        self.update_or_insert_with(key, update, || value)
    }

    /// Replaces the value of `key` by what `update` returns for it, or stores the result of `make` if there is
    /// none; returns the entry with its new value.
    ///
    /// As [`update_or_insert`](Self::update_or_insert); `make` is called at most once, and may use the map.
    ///
    /// # Examples
    ///
    /// ```
    /// let logs = splitmap::SyncMap::<&str, Vec<&str>>::new();
    /// let append = |_: &_, log: &Vec<_>| log.iter().copied().chain(["again"]).collect();
    /// assert_eq!(*logs.update_or_insert_with("a", append, || vec!["first"]), ["first"]);
    /// assert_eq!(*logs.update_or_insert_with("a", append, || vec!["first"]), ["first", "again"]);
    /// ```
    pub fn update_or_insert_with<U, F>(&self, key: K, mut update: U, make: F) -> Ref<'_, K, V>
    where
        U: FnMut(&K, &V) -> V,
        F: FnOnce() -> V,
    {
        let hash = self.hash(&key);
        let mut key = key;
        let mut make = Some(make);
        // Made for an absent key that another thread filled first; the key may be absent again.
        let mut spare = None;
        loop {
            if let Some(present) = self.hold(hash, &key) {
                let new = update(present.key(), present.value());
                if let Ok(new) = present.replace(self.domain.enter(), new) {
                    drop((present, key, make, spare)); // as in `compute`
                    return Ref::new(new);
                }
                continue;
            }
            let value = match (spare.take(), make.take()) {
                (Some(value), _) => value,
                (None, Some(make)) => make(),
                (None, None) => unreachable!("what was made is spare until it is stored"),
            };
            match self.fill_hashed(hash, key, value) {
                (entry, None) => return entry,
                (_, Some((again, value))) => {
                    key = again;
                    spare = Some(value);
                }
            }
        }
    }

    /// Returns the entry of `key`, having stored the result of `make` if there was none, unless that is an
    /// error.
    ///
    /// `make` is called at most once, outside every lock; it may use the map. If another thread stores first,
    /// the result is dropped and that thread's value returned. For one call of `make` in all, see
    /// [`get_or_try_init`](Self::get_or_try_init).
    ///
    /// Blocks and costs as [`get_or_insert_with`](Self::get_or_insert_with).
    ///
    /// # Errors
    ///
    /// That of `make`; then nothing is stored.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert), and if `make` does; then nothing is stored.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// assert!(map.get_or_try_insert_with("port", || "http".parse::<u16>()).is_err());
    /// assert_eq!(map.get_or_try_insert_with("port", || "80".parse()).as_deref(), Ok(&80));
    /// ```
    #[doc(alias = "or_try_insert_with")]
    pub fn get_or_try_insert_with<F, E>(&self, key: K, make: F) -> Result<Ref<'_, K, V>, E>
    where
        F: FnOnce() -> Result<V, E>,
    {
        let hash = self.hash(&key);
        if let Some(present) = self.get_hashed(hash, &key) {
            drop((key, make)); // as in `compute`
            return Ok(present);
        }
        let (entry, rejected) = self.fill_hashed(hash, key, make()?);
        drop(rejected); // as in `compute`
        Ok(entry)
    }

    /// The entry of `key` with the value that it has.
    fn hold(&self, hash: u64, key: &K) -> Option<Held<'_, K, V>> {
        self.get_hashed(hash, key).map(Ref::into_held)
    }
}
