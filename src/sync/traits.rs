//! Std's traits.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::panic::{RefUnwindSafe, UnwindSafe};
use std::hash::RandomState;

use super::SyncMap;

impl<K, V, S: Default> Default for SyncMap<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

/// Shows the entries as [`SyncMap::iter`] produces them.
impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for SyncMap<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for entry in self {
            map.entry(entry.key(), entry.value());
        }
        map.finish()
    }
}

/// Clones the entries as [`SyncMap::iter`] produces them. The clone starts promoted, and has the same policy of
/// when to promote.
impl<K, V, S> Clone for SyncMap<K, V, S>
where
    K: Clone + Hash + Eq,
    V: Clone,
    S: Clone + BuildHasher,
{
    fn clone(&self) -> Self {
        let entries = self.iter();
        let entries = entries.map(|entry| (entry.key().clone(), entry.value().clone()));
        promoted_from(self.len(), self.hasher.clone(), entries).with_promotion(self.promotion())
    }
}

/// The map starts promoted. The last of several values for one key stays, as in std.
impl<K, V, S> FromIterator<(K, V)> for SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        promoted_from(entries.size_hint().0, S::default(), entries)
    }
}

/// The map starts promoted. The last of several values for one key stays, as in std.
impl<K, V, const N: usize> From<[(K, V); N]> for SyncMap<K, V, RandomState>
where
    K: Hash + Eq,
{
    fn from(entries: [(K, V); N]) -> Self {
        Self::from_iter(entries)
    }
}

fn promoted_from<K, V, S>(
    capacity: usize,
    hasher: S,
    entries: impl Iterator<Item = (K, V)>,
) -> SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    let map = SyncMap::with_capacity_and_hasher(capacity, hasher);
    for (key, value) in entries {
        drop(map.insert(key, value));
    }
    map.promote();
    map
}

impl<K, V, S> Extend<(K, V)> for SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        (&*self).extend(entries);
    }
}

/// Inserts one entry after the other; not atomic.
impl<K, V, S> Extend<(K, V)> for &SyncMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            drop(self.insert(key, value));
        }
    }
}

// A panic of user code leaves the map consistent: `Hash` and closures run outside every lock and before
// anything changes, `Eq` finds the map consistent, `Drop` runs after everything.
impl<K, V, S> UnwindSafe for SyncMap<K, V, S>
where
    K: UnwindSafe,
    V: UnwindSafe,
    S: UnwindSafe,
{
}
impl<K, V, S> RefUnwindSafe for SyncMap<K, V, S>
where
    K: RefUnwindSafe,
    V: RefUnwindSafe,
    S: RefUnwindSafe,
{
}
