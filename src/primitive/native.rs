//! The native half of the door: std, `parking_lot`, `arc-swap` and the kernel.

pub(crate) use std::cell::Cell;
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicIsize, AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use std::thread::{Thread, ThreadId, current as current_thread, park};

pub(crate) use crossbeam_utils::{Backoff, CachePadded};
pub(crate) use parking_lot::MutexGuard;

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::compiler_fence;

use arc_swap::ArcSwapAny;

/// The content, to the last of those who share it.
pub(crate) fn last_share<T>(shared: Arc<T>) -> Option<T> {
    Arc::into_inner(shared)
}

/// A mutex that does not poison: every section under it leaves its data valid, also on unwinding.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock()
    }

    /// The guard; the thread looks whether it is free so many times before it sleeps.
    pub(crate) fn spin_and_lock(&self, looks: u32) -> MutexGuard<'_, T> {
        for _ in 0..looks {
            if let Some(guard) = self.0.try_lock() {
                return guard;
            }
            core::hint::spin_loop();
        }
        self.0.lock()
    }

    /// The guard, unless another thread has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

/// A cell with one shared pointer that is read rarely and replaced more rarely still.
///
/// The strategy must stay `RwLock<()>`. The default one keys its debts by address and shares them
/// between all instances and types of a thread, so that a load whose pointer was freed and reused by
/// another `ArcSwap` takes that foreign object for its own (arc-swap issue 210). The lock costs
/// nothing here: a thread loads once per promotion, never on a hot path.
#[derive(Debug)]
pub(crate) struct SnapshotCell<T>(ArcSwapAny<Arc<T>, std::sync::RwLock<()>>);

impl<T> SnapshotCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(ArcSwapAny::with_strategy(value, std::sync::RwLock::new(())))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        self.0.store(value);
    }
}

/// A number that no other call in this process returns; never 0.
pub(crate) fn unique_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // ORDERING: Relaxed. Only the uniqueness of the number is used; it publishes nothing.
    NEXT.fetch_add(1, Ordering::Relaxed)
}

std::thread_local! {
    static RANDOM: Cell<u64> = Cell::new(RandomState::new().hash_one(0));
}

/// Makes this thread's [`random`] numbers predictable from here on: for runs that have to repeat.
#[cfg(debug_assertions)]
pub(crate) fn pin_random(state: u64) {
    RANDOM.with(|random| random.set(state));
}

/// A number that is hard to guess and differs from call to call: for seeds and starting points.
///
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) over a per-thread counter that starts at a key of
/// std's `RandomState`, which the system's randomness feeds.
pub(crate) fn random() -> u64 {
    let state = RANDOM
        .try_with(|state| {
            let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            state.set(next);
            next
        })
        .unwrap_or_else(|_| RandomState::new().hash_one(1));
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Makes every running thread of the process execute a full memory barrier; `false` if it cannot.
///
/// The kernel's private expedited `membarrier` (about 2 us on two cores). Must be preceded by a
/// [`register_process_barrier`] that returned `true`.
pub(crate) fn process_barrier() -> bool {
    #[cfg(all(target_os = "linux", not(splitmap_fence)))]
    {
        use rustix::thread::{MembarrierCommand, membarrier};
        membarrier(MembarrierCommand::PrivateExpedited).is_ok()
    }
    #[cfg(not(all(target_os = "linux", not(splitmap_fence))))]
    false
}

/// Whether [`process_barrier`] works here; found out, and prepared, at the first call.
///
/// `cfg(splitmap_fence)` says no: for tests of the fallback, and for the thread sanitizer, which cannot
/// see a barrier that another thread issues.
pub(crate) fn has_process_barrier() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| register_process_barrier() && process_barrier())
}

fn register_process_barrier() -> bool {
    #[cfg(all(target_os = "linux", not(splitmap_fence)))]
    {
        use rustix::thread::{MembarrierCommand, membarrier};
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }
    #[cfg(not(all(target_os = "linux", not(splitmap_fence))))]
    false
}

/// Keeps the compiler from moving memory accesses across it; costs no instruction.
///
/// The reader's half of the pair whose other half is [`process_barrier`], which makes it a full
/// barrier on the reader's processor when it matters.
#[inline]
pub(crate) fn light_fence() {
    // ORDERING: SeqCst on the compiler only. The partner is `process_barrier`; the model half has an
    // atomic exchange in the place of each. Model: grace::enter_vs_retire.
    compiler_fence(Ordering::SeqCst);
}

/// Where another thread may be let in between, in a build for that; nothing otherwise.
#[inline(always)]
pub(crate) fn yield_point() {
    #[cfg(splitmap_stress)]
    super::stress::yield_point();
}

/// A flag on whose value nothing depends but when something is done.
#[derive(Debug)]
pub(crate) struct Hint(AtomicBool);

impl Hint {
    pub(crate) fn new(value: bool) -> Self {
        Self(AtomicBool::new(value))
    }

    #[inline]
    pub(crate) fn get(&self) -> bool {
        // ORDERING: Relaxed. A hint that comes late, or is overwritten, is late, nothing more.
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set(&self, value: bool) {
        // ORDERING: Relaxed, as in `get`.
        self.0.store(value, Ordering::Relaxed);
    }
}

/// A cell whose content only its owner touches; the model half checks that.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// Declares per-thread state with a constant initial value.
macro_rules! per_thread {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        ::std::thread_local! { $(#[$meta])* static $name: $type = const { $init }; }
    };
}
pub(crate) use per_thread;
