//! Std's traits.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use std::hash::RandomState;

use super::SyncSet;

impl<T, S: Default> Default for SyncSet<T, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

/// Shows the members as [`SyncSet::iter`] produces them.
impl<T: fmt::Debug, S> fmt::Debug for SyncSet<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

/// Clones the members as [`SyncSet::iter`] produces them. The clone starts promoted.
impl<T, S> Clone for SyncSet<T, S>
where
    T: Clone + Hash + Eq,
    S: Clone + BuildHasher,
{
    fn clone(&self) -> Self {
        Self {
            map: self.map.clone(),
        }
    }
}

/// The set starts promoted. The first of several equal values stays, as in std.
impl<T, S> FromIterator<T> for SyncSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher + Default,
{
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        let members = members.into_iter().map(|member| (member, ()));
        Self {
            map: members.collect(),
        }
    }
}

/// The set starts promoted. The first of several equal values stays, as in std.
impl<T, const N: usize> From<[T; N]> for SyncSet<T, RandomState>
where
    T: Hash + Eq,
{
    fn from(members: [T; N]) -> Self {
        members.into_iter().collect()
    }
}

impl<T, S> Extend<T> for SyncSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        (&*self).extend(members);
    }
}

/// Inserts one value after the other; not atomic.
impl<T, S> Extend<T> for &SyncSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}
