//! Finding entries in a table, whichever generation they are in.

use super::Table;
use super::chain::{Near, Place};
use crate::bucket::Stamp;

impl<T, M: Stamp> Table<T, M> {
    /// Looks into the current generation first, also while growing: if the chain is still in the
    /// old one that look meets an empty word.
    #[inline]
    pub(super) fn place_of(&self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<Place<T>> {
        // SAFETY: the chains of the current generation are never evacuated (B3).
        match unsafe { self.current.find_near(hash, &mut eq) } {
            Near::Found(place) => Some(place),
            Near::Ends if self.evacuation.is_none() => None,
            Near::Ends | Near::GoesOn => self.place_beyond(hash, eq),
        }
    }

    /// The rest of a lookup: looks into overflow buckets and into the old generation.
    ///
    /// PERF: one call for all that is unusual, so that the usual lookup is short enough to be
    /// inlined.
    #[inline(never)]
    fn place_beyond(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<Place<T>> {
        match &self.evacuation {
            // SAFETY: `holds` has just seen that the chain is not evacuated. That in the current
            // generation is empty (B6).
            Some(evacuation) if self.current.is_vacant(hash) && evacuation.holds(hash) => unsafe {
                evacuation.old().find(hash, eq)
            },
            _ => self.current.find_further(hash, eq),
        }
    }

    /// The entry with this hash that `eq` accepts. Changes nothing, so any number of threads may
    /// call it on a shared table.
    #[inline]
    pub(crate) fn find(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<&T> {
        let place = self.place_of(hash, eq)?;
        // SAFETY: `find` gives a live cell, initialised by B1; `&self` keeps it so.
        Some(unsafe { place.entry.as_ref() })
    }

    /// The first part of [`Self::find`] in a table that is not growing: looks into the primary bucket.
    ///
    /// PERF: apart from the second, so that a caller can put that behind a call of its own, with what else is rare.
    #[inline]
    pub(crate) fn find_near(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Near<&T> {
        debug_assert!(self.evacuation.is_none(), "entries are in two generations");
        // SAFETY: the chains of the current generation are never evacuated (B3).
        let near = unsafe { self.current.find_near(hash, eq) };
        // SAFETY: `find_near` gives a live cell, initialised by B1; `&self` keeps it so.
        near.map(|place| unsafe { place.entry.as_ref() })
    }

    /// The second part of [`Self::find`] in a table that is not growing: looks into the overflow buckets.
    pub(crate) fn find_further(&self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<&T> {
        debug_assert!(self.evacuation.is_none(), "entries are in two generations");
        let place = self.current.find_further(hash, eq)?;
        // SAFETY: `find_further` gives a live cell, initialised by B1; `&self` keeps it so.
        Some(unsafe { place.entry.as_ref() })
    }

    /// Has the cells of a primary bucket fetched while [`Self::find`] looks at its tophash bytes: worth it where most
    /// lookups find something, and the table does not fit the cache.
    #[inline]
    pub(crate) fn fetch_ahead(&self, hash: u64) {
        self.current.prefetch_cells(hash);
    }

    /// Loads what [`Self::find`] looks at first, and uses it for nothing: several such loads are under way at once.
    #[inline]
    pub(crate) fn touch(&self, hash: u64) {
        if self.current.is_allocated() {
            std::hint::black_box(self.current.word(self.current.home(hash)));
        }
    }

    /// The entry that [`Self::find`] most likely asks about first.
    #[inline]
    pub(crate) fn guess(&self, hash: u64) -> Option<&T> {
        if !self.current.is_allocated() {
            return None;
        }
        let home = self.current.home(hash);
        let cell = self.current.first_candidate(home, hash)?;
        // SAFETY: by B3 a candidate is live, or the chain is evacuated and it is none, so the cell is initialised
        // (B1); `&self` keeps it so.
        Some(unsafe { self.current.entry(home, cell).as_ref() })
    }

    /// Like [`Self::find`], to change the entry. Does no growth work: see [`Self::advance_growth`].
    #[inline]
    pub(crate) fn find_mut(&mut self, hash: u64, eq: impl FnMut(&T) -> bool) -> Option<&mut T> {
        let mut place = self.place_of(hash, eq)?;
        // SAFETY: `find` gives a live cell, initialised by B1, through a pointer that may be
        // written to; `&mut self` excludes everyone else.
        Some(unsafe { place.entry.as_mut() })
    }
}
