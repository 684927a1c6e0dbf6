//! The two halves of the fence between a reader that enters and a reclaimer that looks.
//!
//! With the process-wide barrier a reader pays nothing: its half is a compiler fence, and the
//! reclaimer's system call executes the missing barrier on the reader's processor. Without it both
//! halves are real fences. The choice is made once per process, as the halves must match.

use crate::primitive::{Ordering, fence, has_process_barrier, light_fence, process_barrier};

/// Which pair of fences this process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Barrier {
    /// Readers: none. Reclaimers: the system call.
    Process,
    /// Readers and reclaimers: a sequentially consistent fence each.
    Fence,
}

impl Barrier {
    pub(super) fn of_this_process() -> Self {
        if has_process_barrier() {
            Self::Process
        } else {
            Self::Fence
        }
    }

    /// The reader's half: between the announcement and the first load of a shared pointer.
    #[inline]
    pub(super) fn light(self) {
        match self {
            Self::Process => light_fence(),
            // ORDERING: SeqCst pairs with the fence in `heavy`. Model: grace::enter_vs_retire_by_fences.
            Self::Fence => fence(Ordering::SeqCst),
        }
    }

    /// The reclaimer's half: between the last retirement and the first look at an announcement.
    ///
    /// `false` when the system refuses what it once granted (a sandbox set up later, say): then nothing
    /// may be freed.
    #[must_use]
    pub(super) fn heavy(self) -> bool {
        match self {
            Self::Process => process_barrier(),
            Self::Fence => {
                // ORDERING: SeqCst pairs with the fence in `light`. Model: grace::enter_vs_retire_by_fences.
                fence(Ordering::SeqCst);
                true
            }
        }
    }
}
