//! For tests of this crate: a run that can be repeated exactly.

/// Makes the seeds and starting points that this thread chooses from here on predictable.
///
/// Without it the same calls give another bucket order, and other growth steps, in each run: fuzzing
/// could neither tell what an input reaches nor reproduce what it found.
pub fn pin_randomness(state: u64) {
    crate::primitive::pin_random(state);
}
