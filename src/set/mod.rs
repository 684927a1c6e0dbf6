//! The concurrent set: a map whose values are nothing.
//!
//! What is atomic, what blocks and what is freed when is the map's concern, down to the names of the methods.

mod iter;
#[cfg(feature = "rayon")]
mod parallel;
mod traits;

use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use equivalent::Equivalent;

pub use self::iter::{IntoIter, Iter};
#[cfg(feature = "rayon")]
pub use self::parallel::ParIter;
use crate::sync::{KeyRef, Promotion, Stats, SyncMap};

/// A concurrent hash set for read-mostly shared state, made as [`SyncMap`] is.
///
/// Shared by reference between threads; every method takes `&self`. All that is said of the map holds:
/// consistency, blocking, what a [`KeyRef`] holds back, and when code of yours runs.
///
/// # Examples
///
/// An interner: equal strings become one allocation, and looking one up that is there takes no lock.
///
/// ```
/// use std::sync::Arc;
///
/// let names = splitmap::SyncSet::<Arc<str>>::new();
/// let intern = |name: &str| match names.get(name) {
///     Some(known) => Arc::clone(&known),
///     None => Arc::clone(&names.get_or_insert(Arc::from(name))),
/// };
/// assert!(Arc::ptr_eq(&intern("a"), &intern("a")));
/// assert_eq!(names.len(), 1);
/// ```
pub struct SyncSet<T, S = RandomState> {
    map: SyncMap<T, (), S>,
}

impl<T> SyncSet<T> {
    /// An empty set, with std's randomly seeded hasher.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(splitmap::SyncSet::<u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(RandomState::new())
    }

    /// An empty set whose first table has room for `capacity` members.
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::with_capacity(1_000);
    /// assert!(set.insert("a"));
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacity_and_hasher(capacity, RandomState::new())
    }
}

impl<T, S> SyncSet<T, S> {
    /// An empty set that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::with_hasher(std::hash::RandomState::new());
    /// assert!(set.insert("a"));
    /// ```
    #[must_use]
    pub fn with_hasher(hasher: S) -> Self {
        Self::with_capacity_and_hasher(0, hasher)
    }

    /// An empty set whose first table has room for `capacity` members, and that hashes with `hasher`.
    ///
    /// # Examples
    ///
    /// ```
    /// let hasher = std::hash::RandomState::new();
    /// let set = splitmap::SyncSet::with_capacity_and_hasher(64, hasher);
    /// assert!(set.insert("a"));
    /// ```
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hasher: S) -> Self {
        Self {
            map: SyncMap::with_capacity_and_hasher(capacity, hasher),
        }
    }

    /// The hasher that the set was built with.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::hash::{BuildHasher, RandomState};
    ///
    /// let hasher = RandomState::new();
    /// let set = splitmap::SyncSet::<u32>::with_hasher(hasher.clone());
    /// assert_eq!(set.hasher().hash_one(7), hasher.hash_one(7));
    /// ```
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// The number of members; exact when no thread is writing, as [`SyncMap::len`].
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(splitmap::SyncSet::from(["a", "b"]).len(), 2);
    /// ```
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(splitmap::SyncSet::<u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Iterates over the members, in no particular order: as [`SyncMap::iter`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// assert_eq!(set.iter().map(|member| *member).sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter::new(self.map.iter())
    }

    /// Calls `visit` with every member, as [`iter`](Self::iter) produces them. `visit` may use the set.
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// let mut sum = 0;
    /// set.for_each(|member| sum += *member);
    /// assert_eq!(sum, 3);
    /// ```
    pub fn for_each<F>(&self, visit: F)
    where
        F: FnMut(KeyRef<'_, T>),
    {
        self.iter().for_each(visit);
    }

    /// Removes every member for which `keep` returns `false`; `keep` may use the set. As [`SyncMap::retain`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// set.retain(|member| *member > 1);
    /// assert!(!set.contains(&1) && set.contains(&2));
    /// ```
    pub fn retain<F>(&self, mut keep: F)
    where
        F: FnMut(&T) -> bool,
    {
        self.map.retain(|member, ()| keep(member));
    }

    /// Removes every member, all at one moment. As [`SyncMap::clear`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&self) {
        self.map.clear();
    }

    /// Removes every member, all at one moment, and returns them. As [`SyncMap::take_all`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// assert_eq!(set.take_all().map(|member| *member).sum::<i32>(), 3);
    /// assert!(set.is_empty());
    /// ```
    pub fn take_all(&self) -> impl ExactSizeIterator<Item = KeyRef<'_, T>> {
        self.map.take_all().map(KeyRef::new)
    }

    /// Makes all members readable without the mutex, and drops removed ones from the tables, now. As
    /// [`SyncMap::promote`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([1, 2]);
    /// set.insert(3);
    /// set.promote();
    /// assert!(!set.stats().amended);
    /// ```
    pub fn promote(&self) {
        self.map.promote();
    }

    /// The set, with this policy of when to build a snapshot by itself. As [`SyncMap::with_promotion`].
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncSet};
    ///
    /// let set = SyncSet::<u32>::new().with_promotion(Promotion::Eager);
    /// assert_eq!(set.promotion(), Promotion::Eager);
    /// ```
    #[must_use]
    pub fn with_promotion(mut self, policy: Promotion) -> Self {
        self.map = self.map.with_promotion(policy);
        self
    }

    /// Says when the set is to build a snapshot by itself, from now on. As [`SyncMap::set_promotion`].
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncSet};
    ///
    /// let set = SyncSet::with_capacity(100);
    /// set.set_promotion(Promotion::Manual);
    /// (&set).extend(0..100);
    /// assert_eq!(set.stats().promotions, 0);
    /// ```
    pub fn set_promotion(&self, policy: Promotion) {
        self.map.set_promotion(policy);
    }

    /// The policy of when the set builds a snapshot by itself. As [`SyncMap::promotion`].
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncSet};
    ///
    /// assert_eq!(SyncSet::<u32>::new().promotion(), Promotion::Automatic);
    /// ```
    pub fn promotion(&self) -> Promotion {
        self.map.promotion()
    }

    /// Builds the tables anew, as small as the members that are there allow. As [`SyncMap::shrink`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::with_capacity(100_000);
    /// set.insert(1);
    /// set.shrink();
    /// assert!(set.contains(&1));
    /// ```
    pub fn shrink(&self) {
        self.map.shrink();
    }

    /// The figures of the map underneath.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(splitmap::SyncSet::from([1, 2]).stats().read_len, 2);
    /// ```
    pub fn stats(&self) -> Stats {
        self.map.stats()
    }
}

impl<T, S> SyncSet<T, S>
where
    S: BuildHasher,
{
    /// Returns whether `value` is a member. Costs and blocks as [`SyncMap::get`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([String::from("a")]);
    /// assert!(set.contains("a") && !set.contains("b"));
    /// ```
    #[inline]
    pub fn contains<Q>(&self, value: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.contains_key(value)
    }

    /// Returns the member that equals `value`, or `None` if there is none. As [`SyncMap::get`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([String::from("a")]);
    /// assert_eq!(set.get("a").expect("is there").as_str(), "a");
    /// ```
    #[inline]
    pub fn get<Q>(&self, value: &Q) -> Option<KeyRef<'_, T>>
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.get(value).map(KeyRef::new)
    }

    /// Removes the member that equals `value`; returns whether there was one. As [`SyncMap::remove`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from(["a"]);
    /// assert!(set.remove("a"));
    /// assert!(!set.remove("a"));
    /// ```
    pub fn remove<Q>(&self, value: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.remove(value).is_some()
    }

    /// Removes the member that equals `value`, and returns it, or `None` if there is none. As
    /// [`SyncMap::remove`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::from([String::from("a")]);
    /// assert_eq!(set.take("a").expect("was there").as_str(), "a");
    /// assert!(set.take("a").is_none());
    /// ```
    pub fn take<Q>(&self, value: &Q) -> Option<KeyRef<'_, T>>
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.remove(value).map(KeyRef::new)
    }
}

impl<T, S> SyncSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    /// Adds `value`, unless an equal member is there; returns whether it was added.
    ///
    /// However many threads race on one value, exactly one adds it. Otherwise `value` is dropped and the member
    /// stays. Costs, blocks and panics as [`SyncMap::try_insert`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::new();
    /// assert!(set.insert("a"));
    /// assert!(!set.insert("a"));
    /// ```
    pub fn insert(&self, value: T) -> bool {
        self.map.try_insert(value, ()).is_ok()
    }

    /// Returns the member that equals `value`, having added `value` if there was none. As
    /// [`SyncMap::get_or_insert`].
    ///
    /// # Examples
    ///
    /// ```
    /// let set = splitmap::SyncSet::new();
    /// let first = set.get_or_insert(String::from("a")).as_ptr();
    /// assert_eq!(set.get_or_insert(String::from("a")).as_ptr(), first);
    /// ```
    pub fn get_or_insert(&self, value: T) -> KeyRef<'_, T> {
        KeyRef::new(self.map.get_or_insert(value, ()))
    }
}
