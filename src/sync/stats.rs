//! Figures that make the split's one surprising behaviour visible: who pays, and when.

use super::SyncMap;
use super::left_out::LeftOut;

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
    /// Keys that the next snapshot has to take over, those of the current one included; 0 when there is no new
    /// key. Off by one for each thread that is just adding a key, or was at the last promotion.
    pub dirty_len: usize,
    /// Whether there may be keys that came since the snapshot's table was built. Lookups find them without the
    /// mutex, but not as fast.
    pub amended: bool,
    /// Operations since the last promotion that found their key among those, as far as threads have reported
    /// them: up to 31 a thread are not, or some more while another has the mutex. Lookups that find nothing are not
    /// counted.
    pub misses: usize,
    /// Times that a new snapshot was published with the keys that had come.
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
        let amended = snapshot.is_amended();
        let read_len = snapshot.table().len();
        let additions = self.domain.additions();
        let fresh = additions.saturating_sub(dirty.additions_before);
        let left_out = dirty.next.as_ref().map_or(0, |next| next.left_out.len());
        let leaving: usize = dirty.leaving.iter().map(LeftOut::len).sum();
        Stats {
            read_len,
            dirty_len: if amended {
                (read_len + fresh).saturating_sub(left_out)
            } else {
                0
            },
            amended,
            misses: dirty.misses,
            promotions: dirty.promotions,
            locked_ops: dirty.locked_ops,
            retired: self.domain.waiting() + leaving,
        }
    }
}
