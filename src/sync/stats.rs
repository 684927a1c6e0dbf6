//! Figures that make the split's one surprising behaviour visible: who pays, and when.

use super::SyncMap;

/// A map's figures at one moment, from [`SyncMap::stats`].
///
/// # Examples
///
/// ```
/// let map = splitmap::SyncMap::new();
/// map.insert("a", 1);
/// let stats = map.stats();
/// assert_eq!((stats.read_len, stats.dirty_len, stats.amended), (0, 1, true));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Keys in the read snapshot, deleted ones that are still in it included.
    pub read_len: usize,
    /// Keys in the dirty map, those that it shares with the snapshot included; 0 when there is none.
    pub dirty_len: usize,
    /// Whether the dirty map may hold keys that the snapshot lacks, so that a lookup may need the mutex.
    pub amended: bool,
    /// Operations since the last promotion that had to look into the dirty map.
    pub misses: usize,
    /// Times that the dirty map became the snapshot.
    pub promotions: u64,
    /// Operations that had to take the mutex.
    pub locked_ops: u64,
    /// Values and entries that were replaced or removed and are not yet freed: each thread that writes
    /// keeps a batch, and a [`Ref`](super::Ref) that is held keeps everything since.
    pub retired: usize,
}

impl<K, V, S> SyncMap<K, V, S> {
    /// The map's figures.
    ///
    /// Changes nothing, the figures included. Takes the mutex for a moment; **O(threads)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1)]);
    /// let before = map.stats();
    /// assert!(map.get("a").is_some());
    /// assert_eq!(map.stats().locked_ops, before.locked_ops); // a hit takes no lock
    /// ```
    pub fn stats(&self) -> Stats {
        let section = self.domain.enter();
        let dirty = self.dirty.lock();
        let snapshot = self.current(&section);
        Stats {
            read_len: snapshot.len(),
            dirty_len: dirty.len(),
            amended: snapshot.is_amended(),
            misses: dirty.misses,
            promotions: dirty.promotions,
            locked_ops: dirty.locked_ops,
            retired: self.domain.waiting(),
        }
    }
}
