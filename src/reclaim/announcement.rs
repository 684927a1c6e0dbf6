//! What a thread tells the others of its sections: one word, written by plain stores.
//!
//! From the low end: how many sections are open; whether entering takes a fence, which never changes; and the
//! number of the outermost section, one more each time that one is entered while none is open.
//!
//! PERF: one word for all three. Every load of what was stored a moment ago costs four or five cycles, and one test
//! tells the usual case, in which no section is open and none takes a fence.

use super::barrier::Barrier;
use crate::primitive::{AtomicUsize, Ordering, light_fence};

/// The lowest bit of the number.
const NUMBER: usize = 1 << if usize::BITS >= 64 { 32 } else { 24 };
/// Entering takes a fence.
const FENCED: usize = NUMBER / 2;
/// The bits that count open sections.
const OPEN: usize = FENCED - 1;

/// The word. Written by the owner of its slot only (R2).
#[derive(Debug)]
pub(super) struct Announcement(AtomicUsize);

impl Announcement {
    pub(super) fn new(barrier: Barrier) -> Self {
        Self(AtomicUsize::new(match barrier {
            Barrier::Process => 0,
            Barrier::Fence => FENCED,
        }))
    }

    /// How many sections are open. For the owner.
    pub(super) fn open(&self) -> usize {
        // ORDERING: Relaxed. Only this thread writes it.
        self.0.load(Ordering::Relaxed) & OPEN
    }

    /// The number of the section that the owner is in, if it is in one.
    ///
    /// Comes round, after 256 sections at the earliest. A reclaimer that then takes a later section for the one that
    /// it waits for waits on, no more.
    pub(super) fn open_section(&self) -> Option<usize> {
        // ORDERING: Acquire pairs with the Release in `leave`, and with the one in `announce` for a look
        // that sees a later section: either way the section that ended happens before what follows
        // here, the freeing. Model: grace::leave_vs_free.
        let word = self.0.load(Ordering::Acquire);
        (word & OPEN != 0).then_some(word / NUMBER)
    }

    /// Enters a section: what is loaded after this is covered.
    ///
    /// # Panics
    ///
    /// If as many sections are open as can be counted: 2^31 - 1, or 2^23 - 1 on a machine of 32 bits.
    #[inline]
    pub(super) fn enter(&self) {
        // ORDERING: Relaxed. Only this thread writes it.
        let word = self.0.load(Ordering::Relaxed);
        if word & (FENCED | OPEN) == 0 {
            self.announce(word.wrapping_add(NUMBER + 1));
            light_fence();
        } else {
            self.enter_otherwise(word);
        }
    }

    /// Enters a section inside another one, or one that takes a fence.
    ///
    /// An inner section needs neither a number nor a fence: from the first one on until all are left, in whichever
    /// order, the word says that the first is open.
    #[cold]
    #[inline(never)]
    fn enter_otherwise(&self, word: usize) {
        if word & OPEN == 0 {
            self.announce(word.wrapping_add(NUMBER + 1));
            Barrier::Fence.light();
        } else {
            let room = word & OPEN < OPEN;
            assert!(room, "too many results are held, or were leaked");
            self.announce(word + 1);
        }
    }

    #[inline]
    fn announce(&self, word: usize) {
        // ORDERING: Release pairs with the Acquire in `open_section`: a reclaimer that sees this
        // section, and not the last, must still be ordered after the end of the last. Model:
        // grace::later_section.
        self.0.store(word, Ordering::Release);
    }

    /// Leaves a section; returns whether it was the last one open.
    #[inline]
    pub(super) fn leave(&self) -> bool {
        // ORDERING: Relaxed. Only this thread writes it.
        let left = self.0.load(Ordering::Relaxed) - 1;
        // ORDERING: Release pairs with the Acquire in `open_section`: all accesses of the section
        // happen before the freeing of what it could see. Model: grace::leave_vs_free.
        self.0.store(left, Ordering::Release);
        left & OPEN == 0
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const BOTH: [Barrier; 2] = [Barrier::Process, Barrier::Fence];

    #[test]
    fn an_outermost_section_has_a_number_of_its_own_and_inner_ones_have_the_same() {
        for barrier in BOTH {
            let announcement = Announcement::new(barrier);
            assert_eq!(announcement.open_section(), None);
            announcement.enter();
            let first = announcement.open_section().expect("a section is open");
            announcement.enter();
            assert!(!announcement.leave(), "the outer one is open");
            assert_eq!(announcement.open_section(), Some(first));
            assert!(announcement.leave());
            assert_eq!(announcement.open_section(), None);
            announcement.enter();
            assert_ne!(announcement.open_section(), Some(first));
        }
    }

    #[test]
    fn a_number_that_comes_round_leaves_the_rest_alone() {
        for barrier in BOTH {
            let mut announcement = Announcement::new(barrier);
            *announcement.0.get_mut() |= usize::MAX / NUMBER * NUMBER;
            announcement.enter();
            assert_eq!(announcement.open_section(), Some(0));
            assert!(announcement.leave());
            assert_eq!(
                announcement.0.into_inner(),
                Announcement::new(barrier).0.into_inner()
            );
        }
    }

    #[test]
    fn more_sections_than_can_be_counted_are_refused() {
        for barrier in BOTH {
            let mut announcement = Announcement::new(barrier);
            *announcement.0.get_mut() += OPEN - 1;
            announcement.enter();
            let one_more = catch_unwind(AssertUnwindSafe(|| announcement.enter()));
            assert!(one_more.is_err(), "the count would have run over");
            assert_eq!(announcement.open(), OPEN);
            assert!(!announcement.leave());
        }
    }
}
