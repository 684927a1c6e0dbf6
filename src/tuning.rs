//! Every constant that trades time for space.

/// Retired objects that a thread gathers before it pays for a process-wide barrier.
///
/// The barrier costs about 2 us on two cores, so at 256 objects an update carries 8 ns of it. The price
/// is memory: every thread that writes may keep this many dead objects of each map it writes to.
#[cfg(not(any(splitmap_models, splitmap_shuttle, splitmap_stress)))]
pub(crate) const RETIRED_BATCH: usize = 256;

/// Small enough that a model, or a stress test, reclaims within a few operations.
#[cfg(any(splitmap_models, splitmap_shuttle, splitmap_stress))]
pub(crate) const RETIRED_BATCH: usize = 2;

/// Maps per thread whose reader slot is found by one compare; a power of two.
///
/// Maps are dealt to the ways by their number, so that a program with at most this many maps never
/// searches. 16 bytes of thread-local storage each.
pub(crate) const RECENT_SLOTS: usize = 8;
