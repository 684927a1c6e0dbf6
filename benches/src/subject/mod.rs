//! The concurrent maps that are measured, each called as its own documentation says.
//!
//! One call is one operation: whoever needs a guard or a pin takes it in every call, as a program does
//! that gets one request after the other. Results are copied out, so that a map that lends and one that
//! copies do the same work.

mod alone;
mod dashmap;
mod flurry;
mod papaya;
mod rwlock;
mod scc_index;
mod scc_map;
mod splitmap;
#[cfg(test)]
mod tests;

pub use self::alone::Alone;
pub use self::dashmap::Dashmap;
pub use self::flurry::Flurry;
pub use self::papaya::Papaya;
pub use self::rwlock::RwLocked;
pub use self::scc_index::SccIndex;
pub use self::scc_map::SccMap;
pub use self::splitmap::Splitmap;

use crate::key::Key;

/// A concurrent map from `K` to `u64`.
pub trait Subject<K: Key>: Sized + Send + Sync + 'static {
    /// How a report names it.
    const NAME: &'static str;

    /// Whether several threads may write to it.
    const SHARED: bool = true;

    /// An empty map with room for `capacity` entries.
    fn with_capacity(capacity: usize) -> Self;

    /// Says that several threads are going to use the map.
    fn share(&self) {}

    /// The value under `key`.
    fn get(&self, key: &K) -> Option<u64>;

    /// Stores `value`, and says whether `key` was absent.
    fn insert(&self, key: K, value: u64) -> bool;

    /// Stores `value` if `key` is absent, and says whether it was.
    fn try_insert(&self, key: K, value: u64) -> bool;

    /// Adds one to the value under `key`, and says whether there was one.
    fn update(&self, key: &K) -> bool;

    /// Removes `key`, and says whether it was there.
    fn remove(&self, key: &K) -> bool;

    /// Stores `new` if the value under `key` is `old`.
    fn compare_and_swap(&self, key: &K, old: u64, new: u64) -> bool;

    /// Removes `key` if the value under it is `old`.
    fn compare_and_remove(&self, key: &K, old: u64) -> bool;

    /// Whichever key iteration gives first.
    fn first_key(&self) -> Option<K>;

    /// Visits every entry; the number of them, and the sum of their values.
    fn iterate(&self) -> (u64, u64);

    /// Removes every entry.
    fn clear(&self);

    /// The number of entries.
    fn len(&self) -> usize;

    /// Whether there are no entries.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Does what the map would do sooner or later if it were only read.
    fn settle(&self) {}

    /// The operations that had to take a lock over the whole map, if the map counts them.
    fn locked_ops(&self) -> Option<u64> {
        None
    }
}
