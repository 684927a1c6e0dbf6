//! What operations return: an entry that stays readable for as long as it is held.

use core::error::Error;
use core::fmt;
use core::ops::Deref;

use super::entry::Held;

/// Shared access to an entry of a [`SyncMap`](super::SyncMap), as it was when the operation returned it.
///
/// Dereferences to the value. Holds no lock: the map can be read and written meanwhile, by this thread and
/// by others, and the entry may be replaced or removed; what this gives access to stays the same. Taking
/// one and dropping it cost a store each.
///
/// While it is held, nothing of its map that is replaced or removed later is freed, on any thread; leaked
/// with [`mem::forget`](core::mem::forget), it holds that back for as long as the map lives. References of
/// one thread and one map that overlap count as one: in a loop, drop the old one before getting the next
/// (`current = map.get(..)` gets first). On a 32-bit machine a thread that has leaked 2^27 - 1 of one map panics when
/// it uses that map again.
///
/// It can be lent to other threads, but not be sent to one, nor be held across an `await` of a future that moves
/// between threads: clone the value, or keep `Arc<T>` values and clone those.
///
/// ```compile_fail
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let entry = map.get("a");
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(entry));
/// });
/// ```
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let entry = map.get("a").expect("is there");
/// map.insert("a", 2);
/// assert_eq!(entry.pair(), (&"a", &1));
/// assert_eq!(*map.get("a").expect("is there"), 2);
///
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(*entry, 1)); // lent
/// });
/// ```
#[must_use = "if the call is for its effect alone, say so: `drop(map.get_or_insert(key, value))`"]
pub struct Ref<'m, K, V>(Held<'m, K, V>);

impl<'m, K, V> Ref<'m, K, V> {
    #[inline]
    pub(super) fn new(held: Held<'m, K, V>) -> Self {
        Self(held)
    }

    /// For operations that go on with what was found.
    pub(super) fn into_held(self) -> Held<'m, K, V> {
        self.0
    }

    /// What an operation found, if it did.
    #[inline]
    pub(super) fn found(held: Result<(Held<'m, K, V>, ()), ()>) -> Option<Self> {
        held.ok().map(|(held, ())| Self(held))
    }

    /// What an operation that cannot fail found, with its extra result.
    #[inline]
    pub(super) fn always<X>(
        held: Result<(Held<'m, K, V>, X), core::convert::Infallible>,
    ) -> (Self, X) {
        let Ok((held, extra)) = held;
        (Self(held), extra)
    }

    /// The key, as stored in the map.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([(String::from("a"), 1)]);
    /// assert_eq!(map.get("a").expect("is there").key(), "a");
    /// ```
    #[inline]
    pub fn key(&self) -> &K {
        self.0.key()
    }

    /// The value.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert_eq!(map.get("a").expect("is there").value(), &1);
    /// ```
    #[inline]
    pub fn value(&self) -> &V {
        self.0.value()
    }

    /// The key and the value.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// assert_eq!(map.get("a").expect("is there").pair(), (&"a", &1));
    /// ```
    #[inline]
    pub fn pair(&self) -> (&K, &V) {
        (self.key(), self.value())
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K, V> AsRef<V> for Ref<'_, K, V> {
    fn as_ref(&self) -> &V {
        self.value()
    }
}

/// Shows the value, as a smart pointer does.
impl<K, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// Shows the value, as a smart pointer does.
impl<K, V: fmt::Display> fmt::Display for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

/// The error of [`SyncMap::try_insert`](super::SyncMap::try_insert): the key has a value already.
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::from([("a", 1)]);
/// let error = map.try_insert("a", 2).expect_err("present");
/// assert_eq!(error.to_string(), "the key has a value already");
/// assert_eq!((*error.current, error.value), (1, 2));
/// ```
pub struct OccupiedError<'m, K, V> {
    /// The entry that is there.
    pub current: Ref<'m, K, V>,
    /// The value that was not stored.
    pub value: V,
}

impl<K, V: fmt::Debug> fmt::Debug for OccupiedError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OccupiedError")
            .field("current", &self.current)
            .field("value", &self.value)
            .finish()
    }
}

impl<K, V> fmt::Display for OccupiedError<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key has a value already")
    }
}

impl<K, V: fmt::Debug> Error for OccupiedError<'_, K, V> {}
