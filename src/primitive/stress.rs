//! Where and how the map yields in a build that is made to be tested.

use std::cell::Cell;
use std::time::Duration;

std::thread_local! {
    /// 0 until the thread is seeded.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Decides all that the calling thread's yields do from now on.
#[doc(hidden)]
pub fn seed_yields(seed: u64) {
    STATE.set(seed | 1);
}

/// Now and then spins, gives up the processor, or sleeps for a moment.
pub(super) fn yield_point() {
    let mut state = STATE.get();
    if state == 0 {
        state = super::unique_id().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    }
    // Marsaglia, "Xorshift RNGs" (2003).
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    STATE.set(state);
    match state % 256 {
        0..160 => {}
        160..208 => (0..state >> 8 & 127).for_each(|_| std::hint::spin_loop()),
        208..255 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(1)),
    }
}
