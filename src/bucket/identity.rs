//! What ties a cursor to its map.

use crate::primitive::{AtomicU64, Ordering, unique_id};

/// The number of a map, given out when it is first asked for: most maps never have a cursor, and then
/// pay nothing for being told apart. It moves with the map.
pub(super) struct Identity(AtomicU64);

impl Identity {
    /// No number yet.
    const UNKNOWN: u64 = 0;

    pub(super) fn new() -> Self {
        Self(AtomicU64::new(Self::UNKNOWN))
    }

    pub(super) fn get(&self) -> u64 {
        // ORDERING: Relaxed, all three. The number stands for itself and publishes nothing; that all
        // threads agree on one follows from its being written once, by the exchange.
        let known = self.0.load(Ordering::Relaxed);
        if known != Self::UNKNOWN {
            return known;
        }
        let fresh = unique_id();
        let outcome =
            self.0
                .compare_exchange(Self::UNKNOWN, fresh, Ordering::Relaxed, Ordering::Relaxed);
        outcome.err().unwrap_or(fresh)
    }

    /// Whether `number` is this map's. A map that was never asked has none.
    #[inline]
    pub(super) fn is(&self, number: u64) -> bool {
        // ORDERING: Relaxed, as in `get`. A cursor of this map came from a `get` that happened before,
        // so its number is seen.
        self.0.load(Ordering::Relaxed) == number
    }
}
