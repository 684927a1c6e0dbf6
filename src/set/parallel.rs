//! Parallel iteration and building, for the feature `rayon`: the map's.

use core::hash::{BuildHasher, Hash};

use rayon::iter::plumbing::UnindexedConsumer;
use rayon::iter::{FromParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};

use super::SyncSet;

/// A parallel iterator over clones of the members, from `par_iter`.
///
/// # Examples
///
/// ```
/// use rayon::prelude::*;
///
/// let set = splitmap::SyncSet::from([1, 2]);
/// assert_eq!(set.par_iter().sum::<i32>(), 3);
/// ```
#[must_use = "parallel iterators do nothing until they are driven"]
#[derive(Debug)]
pub struct ParIter<'s, T, S> {
    set: &'s SyncSet<T, S>,
}

impl<T, S> ParallelIterator for ParIter<'_, T, S>
where
    T: Clone + Send + Sync,
    S: Sync,
{
    type Item = T;

    fn drive_unindexed<C: UnindexedConsumer<T>>(self, consumer: C) -> C::Result {
        let cloned = self.set.map.par_map(|member, ()| member.clone());
        cloned.drive_unindexed(consumer)
    }
}

/// Clones the members.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<'s, T, S> IntoParallelIterator for &'s SyncSet<T, S>
where
    T: Clone + Send + Sync,
    S: Sync,
{
    type Item = T;
    type Iter = ParIter<'s, T, S>;

    fn into_par_iter(self) -> Self::Iter {
        ParIter { set: self }
    }
}

#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<T, S> ParallelExtend<T> for SyncSet<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, members: I) {
        (&*self).par_extend(members);
    }
}

/// Inserts the members, in any order; not atomic.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<T, S> ParallelExtend<T> for &SyncSet<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Sync,
{
    fn par_extend<I: IntoParallelIterator<Item = T>>(&mut self, members: I) {
        let set = &**self;
        members.into_par_iter().for_each(|member| {
            set.insert(member);
        });
    }
}

/// The set starts promoted.
#[cfg_attr(docsrs, doc(cfg(feature = "rayon")))]
impl<T, S> FromParallelIterator<T> for SyncSet<T, S>
where
    T: Hash + Eq + Send + Sync,
    S: BuildHasher + Default + Sync,
{
    fn from_par_iter<I: IntoParallelIterator<Item = T>>(members: I) -> Self {
        let set = Self::with_hasher(S::default());
        (&set).par_extend(members);
        set.promote();
        set
    }
}
