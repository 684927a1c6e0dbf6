//! Gives the pages of dead cells back to the system before the allocation is freed.
//!
//! To free a hundred megabytes takes the system milliseconds, whoever asks for it: in a growing map
//! that would be the one insert which ends the growth. Given back along the way, as the cells are
//! evacuated, every write does a small part, and a growth needs less memory at its peak.

#![expect(unsafe_code, reason = "a system call about memory")]

use std::ptr::NonNull;

/// Slabs smaller than this are freed in less time than it is worth to save.
pub(super) const WORTHWHILE_BYTES: usize = 8 << 20;

/// What is given back at a time, at least: some hundred microseconds' work.
pub(super) const PORTION_BYTES: usize = 512 << 10;

/// The size of a page, or a multiple of it; were it less, the system would refuse.
#[cfg(all(target_os = "linux", not(any(miri, splitmap_loom, splitmap_shuttle))))]
const PAGE: usize = if cfg!(target_arch = "x86_64") {
    1 << 12
} else {
    1 << 16
};

/// Tells the system that what is in the whole pages of `bytes` bytes is not needed any more. Where
/// there is no such call, does nothing.
///
/// # Safety
///
/// The bytes must be one allocation's, which `&mut` or ownership gives the caller alone, and nobody
/// may read from them before writing.
#[cfg(all(target_os = "linux", not(any(miri, splitmap_loom, splitmap_shuttle))))]
pub(super) unsafe fn release(start: NonNull<u8>, bytes: usize) {
    use rustix::mm::{Advice, madvise};

    let skip = start.align_offset(PAGE);
    let Some(whole) = bytes.checked_sub(skip).map(|rest| rest & !(PAGE - 1)) else {
        return;
    };
    // SAFETY: `skip` is at most `bytes`.
    let first = unsafe { start.add(skip) };
    // SAFETY: whole pages inside the caller's bytes, whose content is lost to nobody.
    let _refused = unsafe { madvise(first.as_ptr().cast(), whole, Advice::LinuxDontNeed) };
}

/// Does nothing: there is no such call, or it is not to be seen.
///
/// # Safety
///
/// None.
#[cfg(not(all(target_os = "linux", not(any(miri, splitmap_loom, splitmap_shuttle)))))]
pub(super) unsafe fn release(_: NonNull<u8>, _: usize) {}
