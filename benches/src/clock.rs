//! Two clocks.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The time for which this thread has had a processor.
///
/// What one thread does alone is measured with it: time that the machine gives to others is not the map's.
/// It costs a system call, a few hundred nanoseconds, and is no measure of waiting.
pub(crate) fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The time that has passed since the first call.
pub(crate) fn wall_time() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
