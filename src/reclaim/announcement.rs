//! What a thread tells the others of its sections: one word, written by plain stores.
//!
//! From the low end: the number of the outermost section, one more each time that one is entered while none is open;
//! whether entering takes a fence, which never changes; and how many sections are open.
//!
//! PERF: one word for all three. Every load of what was stored a moment ago costs four or five cycles, and one
//! comparison tells the usual case, in which no section is open and none takes a fence.

use super::barrier::Barrier;
use crate::primitive::{AtomicUsize, Ordering, light_fence};

/// How many numbers there are. So few leave room to count more open sections than a 32-bit machine has memory for
/// results.
const NUMBERS: usize = 16;
/// Entering takes a fence.
const FENCED: usize = NUMBERS;
/// An open section.
const SECTION: usize = 2 * FENCED;

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
        self.0.load(Ordering::Relaxed) / SECTION
    }

    /// The number of the section that the owner is in, if it is in one.
    ///
    /// Comes round after 16 sections. A reclaimer that takes a later section for the one that it waits for waits until
    /// it looks again, no more.
    pub(super) fn open_section(&self) -> Option<usize> {
        // ORDERING: Acquire pairs with the Release in `leave`, and with the one in `announce` for a look
        // that sees a later section: either way the section that ended happens before what follows
        // here, the freeing. Model: grace::leave_vs_free.
        let word = self.0.load(Ordering::Acquire);
        (word >= SECTION).then_some(word % NUMBERS)
    }

    /// Enters a section: what is loaded after this is covered.
    ///
    /// # Panics
    ///
    /// If as many sections are open as can be counted: 2^59 - 1, or 2^27 - 1 on a machine of 32 bits.
    #[inline]
    pub(super) fn enter(&self) {
        // ORDERING: Relaxed. Only this thread writes it.
        let word = self.0.load(Ordering::Relaxed);
        if word < FENCED {
            self.announce(SECTION + (word + 1) % NUMBERS);
            light_fence();
        } else {
            self.enter_otherwise(word);
        }
    }

    /// Enters a section inside another one, or one that takes a fence.
    ///
    /// An inner section needs neither a number nor a fence: from the first one on until all are left, in whichever
    /// order, the word says that the first is open.
    #[inline(never)]
    fn enter_otherwise(&self, word: usize) {
        if word < SECTION {
            self.announce(SECTION + FENCED + (word + 1) % NUMBERS);
            Barrier::Fence.light();
        } else {
            let inner = word.checked_add(SECTION);
            self.announce(inner.expect("too many results are held, or were leaked"));
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
        let left = self.0.load(Ordering::Relaxed) - SECTION;
        // ORDERING: Release pairs with the Acquire in `open_section`: all accesses of the section
        // happen before the freeing of what it could see. Model: grace::leave_vs_free.
        self.0.store(left, Ordering::Release);
        left < SECTION
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const MOST: usize = usize::MAX / SECTION;
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
            *announcement.0.get_mut() |= NUMBERS - 1;
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
            *announcement.0.get_mut() += (MOST - 1) * SECTION;
            announcement.enter();
            let one_more = catch_unwind(AssertUnwindSafe(|| announcement.enter()));
            assert!(one_more.is_err(), "the count would have run over");
            assert_eq!(announcement.open(), MOST);
            assert!(!announcement.leave());
        }
    }
}
