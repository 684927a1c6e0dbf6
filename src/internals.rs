//! Handles on private parts, for the models in `loom-tests`; absent from every other build.

use crate::primitive::Arc;
use crate::reclaim::{self, Garbage};

pub use crate::primitive::{Choices, ProcessBarrier, choose};
pub use crate::sync::handle::{Half, Node, check};

/// A domain of reclamation without a map.
#[derive(Debug)]
pub struct Domain<C, G>(reclaim::Domain<C, Object<G>>);

/// Something to be dropped.
struct Object<G>(G);

impl<G> Garbage for Object<G> {
    type Memory = ();

    const KEPT: usize = 0;

    fn end(self) -> Option<()> {
        drop(self.0);
        None
    }
}

impl<C, G> Domain<C, G> {
    /// A domain that no thread has entered.
    #[expect(clippy::new_without_default, reason = "one way is enough")]
    pub fn new() -> Self {
        Self(reclaim::Domain::new(|object| {
            drop(object);
            None
        }))
    }

    /// Enters a section of the calling thread.
    pub fn enter(&self) -> Section<'_, C, G> {
        Section(self.0.enter())
    }

    /// Retired objects not yet freed.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// The sum of what was counted.
    pub fn total(&self) -> usize {
        self.0.total()
    }
}

/// An open section.
#[expect(missing_debug_implementations, reason = "nothing to show")]
pub struct Section<'d, C, G>(reclaim::Section<'d, C, Object<G>>);

impl<C, G> Section<'_, C, G> {
    /// Hands over an object that no section entered from now on can reach.
    pub fn retire(&self, object: G) {
        self.0.retire(Object(object));
    }

    /// Closes what was retired at the end of the outermost section, however little.
    pub fn flush(&self) {
        self.0.flush();
    }

    /// Adds to the count.
    pub fn count(&self, change: isize) {
        self.0.count(change);
    }

    /// The cached object, if it is of this generation.
    pub fn cached(&self, generation: u64) -> Option<&C> {
        self.0.cached(generation)
    }

    /// Replaces the cached object.
    pub fn cache(&self, generation: u64, object: C) -> &C {
        self.0.cache(generation, Arc::new(object))
    }
}

/// Ends the calling thread's terms in all domains, as its exit would.
///
/// A modelled thread is joined before its thread-local storage is destroyed, so that this also makes a
/// model smaller: what follows a join is then alone.
pub fn end_terms() {
    reclaim::end_terms();
}
