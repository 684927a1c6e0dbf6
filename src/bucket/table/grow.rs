//! Growth: when it starts, and the moving of old buckets in instalments.
//!
//! Only an insert of a new entry starts a growth, and only when none is under way. Starting
//! allocates and moves nothing. From then on every write first moves the old bucket that belongs to
//! its hash and then the first one not moved yet, so that N old buckets take between N/2 and N
//! writes, and the worst write pays for two chains. Lookups and iteration move nothing.

#![expect(unsafe_code, reason = "the promise that cells are dead")]

use std::mem;

use super::Table;
use super::chain::Generation;
use super::raw::Refused;
use crate::bucket::Stamp;
use crate::bucket::header::{Growth, over_load};

/// Old buckets a single write may skip over because they were moved out of turn.
const MAX_SKIP: usize = 1024;

/// The old generation of a growing table.
pub(in crate::bucket) struct Evacuation<T, M: Stamp> {
    old: Generation<T, M>,
    /// Every old bucket below this one is evacuated (B6).
    evacuated: usize,
    growth: Growth,
    /// Every old bucket below this one, of those evacuated, has given its memory back.
    released: usize,
    /// How many are to do so at a time, if any are.
    portion: Option<usize>,
}

impl<T, M: Stamp> Evacuation<T, M> {
    pub(in crate::bucket) const fn old(&self) -> &Generation<T, M> {
        &self.old
    }

    pub(in crate::bucket) const fn old_mut(&mut self) -> &mut Generation<T, M> {
        &mut self.old
    }

    /// Old buckets, how many at the front are evacuated, and the kind of growth.
    pub(in crate::bucket) const fn progress(&self) -> (usize, usize, Growth) {
        (self.old.primary(), self.evacuated, self.growth)
    }

    /// Whether entries with this hash are still in the old generation.
    #[inline]
    pub(in crate::bucket) fn holds(&self, hash: u64) -> bool {
        !self.old.is_evacuated(self.old.home(hash))
    }

    /// Has the processor fetch what evacuating `home` will use.
    ///
    /// PERF: all of it is far, and every step of an evacuation depends on the one before.
    fn prefetch(&self, home: usize, to: &Generation<T, M>) {
        self.old.prefetch(home as u64);
        to.prefetch(home as u64);
        to.prefetch((home + self.old.primary()) as u64);
    }

    /// Evacuates an old bucket unless that was done before. True when it was the last one.
    fn evacuate(&mut self, home: usize, to: &mut Generation<T, M>) -> bool {
        if !self.old.is_evacuated(home) {
            self.old.evacuate(home, to);
        }
        if home == self.evacuated {
            self.skip_evacuated();
            self.release();
        }
        self.evacuated == self.old.primary()
    }

    /// Gives the memory of evacuated buckets back, once there are enough of them.
    #[inline]
    fn release(&mut self) {
        match self.portion {
            Some(portion) if self.evacuated - self.released >= portion => {
                let dead = self.released..self.evacuated;
                self.released = self.evacuated;
                // SAFETY: all below `evacuated` are (B6).
                unsafe { self.old.release(dead) };
            }
            _ => {}
        }
    }

    /// Passes over the bucket just evacuated and those after it that already were, but only so
    /// many.
    fn skip_evacuated(&mut self) {
        self.evacuated += 1;
        let stop = self.old.primary().min(self.evacuated + MAX_SKIP);
        while self.evacuated < stop && self.old.is_evacuated(self.evacuated) {
            self.evacuated += 1;
        }
    }
}

impl<T, M: Stamp> Table<T, M> {
    /// Makes sure that the chain for `hash` is in the current generation, that this is allocated,
    /// and that one more entry may go in: carries on a growth, or starts one.
    #[inline]
    pub(in crate::bucket) fn grow_for_insert(&mut self, hash: u64) {
        if self.evacuation.is_some() || !self.current.has_room(self.len) {
            self.grow_for_insert_slow(hash);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow_for_insert_slow(&mut self, hash: u64) {
        self.advance_growth(hash);
        if self.evacuation.is_some() || self.current.has_room(self.len) {
            return;
        }
        if self.current.is_allocated() {
            self.start_growth(hash);
        } else {
            self.current = Generation::new(0).unwrap_or_else(|refused| refused.fail());
        }
    }

    #[cold]
    #[inline(never)]
    fn start_growth(&mut self, hash: u64) {
        let bits = self.current.bits();
        let growth = match over_load(self.len + 1, bits) {
            true => Growth::Doubling,
            false => Growth::SameSize,
        };
        let new_bits = match growth {
            Growth::Doubling if self.can_double() => bits + 1,
            Growth::Doubling => Refused::TooLarge.fail(),
            Growth::SameSize | Growth::None => bits,
        };
        let to = Generation::new(new_bits).unwrap_or_else(|refused| refused.fail());
        let old = mem::replace(&mut self.current, to);
        self.evacuation = Some(Box::new(Evacuation {
            released: 0,
            portion: old.portion(),
            old,
            evacuated: 0,
            growth,
        }));
        self.advance_growth(hash);
    }

    pub(crate) const fn is_growing(&self) -> bool {
        self.evacuation.is_some()
    }

    /// The growth work of one write: moves the old bucket for `hash`, then the first one not moved.
    #[inline]
    pub(crate) fn advance_growth(&mut self, hash: u64) {
        if self.evacuation.is_some() {
            self.advance_growth_slow(hash);
        }
    }

    #[cold]
    #[inline(never)]
    fn advance_growth_slow(&mut self, hash: u64) {
        let Some(evacuation) = &mut self.evacuation else {
            return;
        };
        let home = evacuation.old.home(hash);
        evacuation.prefetch(home, &self.current);
        evacuation.prefetch(evacuation.evacuated, &self.current);
        let done = evacuation.evacuate(home, &mut self.current)
            || evacuation.evacuate(evacuation.evacuated, &mut self.current);
        if done {
            self.evacuation = None;
        }
    }

    /// Moves every old bucket that is left.
    pub(crate) fn finish_growth(&mut self) {
        if let Some(evacuation) = &mut self.evacuation {
            while !evacuation.evacuate(evacuation.evacuated, &mut self.current) {}
        }
        self.evacuation = None;
    }
}
