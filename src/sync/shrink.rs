//! Giving memory back.

use super::SyncMap;

impl<K, V, S> SyncMap<K, V, S> {
    /// Builds the tables anew, as small as the entries that are there allow, and makes all keys readable as
    /// settled ones.
    ///
    /// The tables follow the number of entries by themselves, at promotions, which come with new keys, and when
    /// more than half of the keys have gone. This is for a map that has just lost many and is to be left alone, or
    /// was made with too large a capacity. Where [`promote`](Self::promote) does nothing if nothing has changed, this
    /// always builds.
    ///
    /// The memory of what was removed earlier, by any thread, is freed once no [`Ref`](super::Ref) holds it back.
    ///
    /// # Concurrency
    ///
    /// Takes the mutex once, for as long as it takes. Lookups, and replacement and removal of values, go on
    /// meanwhile.
    ///
    /// # Complexity
    ///
    /// **O(n)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::with_capacity(100_000);
    /// map.insert("a", 1);
    /// map.shrink();
    /// assert_eq!(map.get("a").as_deref(), Some(&1));
    /// assert_eq!((map.stats().read_len, map.stats().amended), (1, false));
    /// ```
    #[doc(alias = "shrink_to_fit")]
    pub fn shrink(&self) {
        let section = self.domain.enter();
        self.lock(&section).rebuild();
        section.flush();
    }
}
