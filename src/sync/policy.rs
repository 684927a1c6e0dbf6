//! When a map begins to build its next snapshot by itself.

use super::SyncMap;

/// When a [`SyncMap`] or a [`SyncSet`](crate::SyncSet) begins to build its next snapshot by itself.
///
/// Keys that came since the last promotion are *fresh*: they hang on the snapshot in lists, one for each bucket of its
/// table. To look one up, or to add another, is to walk a list. Building the next snapshot makes them *settled*, and
/// drops the keys that were removed; it costs those whose operations pay for its instalments, and memory for a
/// second table until it is published. The policy says when that is worth it.
///
/// | | [`Automatic`](Self::Automatic) | [`Eager`](Self::Eager) | [`Manual`](Self::Manual) |
/// |---|---|---|---|
/// | lookup of a settled key | the same | the same | the same |
/// | lookup of a fresh key | walks a list of four to six | walks a list of one, mostly | walks a list that grows |
/// | lookup of an absent key | a bit of a filter; in one of eight cases a list | the filter | the filter while few keys are fresh, then a list that grows |
/// | a new key copies | a quarter of a bucket | two to four buckets | nothing |
/// | a new key takes the mutex | seldom | about every other time | never, but for the moment in which a promotion is made |
/// | removed keys go | when half of the keys have gone, or with the next promotion | with the next promotion, which is soon | when you say |
/// | for | nearly every map | few new keys, each read very often | loading much, then reading; promotion at moments of your choice |
///
/// The policy of a map can be changed at any time, see [`SyncMap::set_promotion`]. Whatever it is,
/// [`promote`](SyncMap::promote) and [`shrink`](SyncMap::shrink) publish a snapshot at once, and so do
/// [`retain`](SyncMap::retain) and [`clear`](SyncMap::clear), if they remove anything.
///
/// # Examples
///
/// ```
/// use splitmap::{Promotion, SyncMap};
///
/// let map = SyncMap::with_capacity(1_000).with_promotion(Promotion::Manual);
/// for key in 0..1_000 {
///     map.insert(key, key);
/// }
/// assert_eq!((map.stats().promotions, map.stats().read_len), (0, 0));
/// map.promote();
/// assert_eq!((map.stats().promotions, map.stats().read_len), (1, 1_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Promotion {
    /// When the fresh keys have cost about what making them settled costs, or when more than half of the keys have
    /// gone.
    ///
    /// That is at four new keys and lookups of fresh ones, together, for each bucket of the table, and so at most
    /// about twice as dear as if one had known what was to come. No operation on a key does work in proportion to the map.
    #[default]
    Automatic,

    /// As soon as there is a fresh key, or a removed one, as far as threads have reported them: a thread reports
    /// after at most 32 such operations, in a small map after each.
    ///
    /// Copies some ten times as much for each new key as `Automatic`, still a few buckets at a time, and is
    /// nearly always in the middle of it: about every other new key takes the mutex. What is gained is that a new key is
    /// settled after half as many further operations on fresh keys as there are buckets, instead of after more than
    /// four times as many.
    ///
    /// ```
    /// use splitmap::{Promotion, SyncMap};
    ///
    /// let routes = SyncMap::from([("/", 1)]).with_promotion(Promotion::Eager);
    /// routes.insert("/about", 2);
    /// while routes.stats().amended {
    ///     assert_eq!(routes.get("/about").as_deref(), Some(&2)); // each lookup pays for a bit of it
    /// }
    /// assert_eq!(routes.stats().read_len, 2);
    /// ```
    Eager,

    /// Never, but for the calls that publish a snapshot: [`promote`](SyncMap::promote) and the others named above.
    ///
    /// Nothing is copied by operations on keys. **Lookups and insertions are not O(1) then, but O(keys that came
    /// since the last promotion, for each bucket)**: a map made by [`new`](SyncMap::new) has one bucket, and filling
    /// it with *n* keys before the first promotion takes O(n²) steps, as does looking each of them up. A table that
    /// was made, by [`with_capacity`](SyncMap::with_capacity), or by a promotion, for about as many keys as come keeps
    /// the lists short.
    ///
    /// A removed key keeps its memory until the next promotion, so a map whose keys come and go **grows until you call
    /// one**; [`Stats::dirty_len`](super::Stats::dirty_len) tells.
    Manual,
}

impl<K, V, S> SyncMap<K, V, S> {
    /// The map, with this policy of when to build a snapshot by itself.
    ///
    /// As [`set_promotion`](Self::set_promotion), for a map that is just being made.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncMap};
    /// use std::sync::LazyLock;
    ///
    /// static ROUTES: LazyLock<SyncMap<&str, u32>> =
    ///     LazyLock::new(|| SyncMap::new().with_promotion(Promotion::Eager));
    ///
    /// assert_eq!(ROUTES.promotion(), Promotion::Eager);
    /// ```
    #[must_use]
    pub fn with_promotion(mut self, policy: Promotion) -> Self {
        self.dirty.get_mut().policy = policy;
        self
    }

    /// Says when the map is to build a snapshot by itself, from now on.
    ///
    /// Copies nothing itself. A building that is under way goes on to its end, whatever the new policy. A clone of the
    /// map has the same policy.
    ///
    /// # Concurrency
    ///
    /// Takes the mutex for a moment. Lookups do not look at the policy.
    ///
    /// # Complexity
    ///
    /// **O(1)**.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncMap};
    ///
    /// let map = SyncMap::with_capacity(1_000);
    /// map.set_promotion(Promotion::Manual); // while it is loaded
    /// (&map).extend((0..1_000).map(|key| (key, key)));
    /// map.promote();
    /// map.set_promotion(Promotion::Automatic);
    /// assert_eq!(map.stats().promotions, 1);
    /// ```
    #[doc(alias = "resize_mode")]
    pub fn set_promotion(&self, policy: Promotion) {
        self.dirty.lock().policy = policy;
    }

    /// The policy of when the map builds a snapshot by itself.
    ///
    /// Takes the mutex for a moment; **O(1)**.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::{Promotion, SyncMap};
    ///
    /// assert_eq!(SyncMap::<u32, u32>::new().promotion(), Promotion::Automatic);
    /// ```
    pub fn promotion(&self) -> Promotion {
        self.dirty.lock().policy
    }
}
