//! The model half of the door: loom, and stand-ins for what loom cannot see into.
//!
//! Every stand-in is weaker than, or as strong as, what it stands for, so that a fault in our use of it
//! does not hide behind it:
//!
//! * [`SnapshotCell`] gives a load the Acquire and a store the Release that `arc-swap` documents, and
//!   no lock; a replaced pointer is kept until the cell goes, as reclamation inside `arc-swap` is
//!   that crate's concern.
//! * A `SeqCst` access is not much more than an `AcqRel` one: loom knows only a part of the total order.
//!   [`Choices::total_order`] adds the rest.
//! * [`Cell`] and [`UnsafeCell`] report access that nothing orders; the native ones cannot.
//! * [`process_barrier`] and [`light_fence`] order a reclaimer and a reader, in whichever order they come,
//!   and no two readers: see `Fences`.
//! * Every load is also a store to a shadow of the atomic, see `Shadows`: without them loom leaves out
//!   interleavings.
//! * Seeds are constant: loom replays a schedule only if the program does the same again.

mod atomic;

use std::cell::Cell as PlainCell;
use std::sync::Arc as PlainArc;
use std::sync::Mutex as PlainMutex;
use std::sync::atomic::AtomicU64 as PlainAtomicU64;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::cell::Cell;
pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{AtomicIsize, Ordering, fence};
pub(crate) use loom::thread::{Thread, ThreadId, current as current_thread, park};

use self::atomic::own_number;
pub(crate) use self::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
pub(crate) use super::explored::{Hint, Mutex, MutexGuard};

/// For bookkeeping of the model: its threads take turns on one.
// ORDERING: Relaxed. loom runs all threads of a model on one.
const PLAIN: Ordering = Ordering::Relaxed;

/// What a model of this crate chooses before it begins; the default for every other one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// What the system says to the process-wide barrier.
    pub barrier: ProcessBarrier,
    /// Gives `SeqCst` accesses their total order.
    ///
    /// loom alone lets a `SeqCst` load find the value that an atomic was created with, whatever was stored
    /// since. The order is that of the model's steps, all of which are explored: a `SeqCst` load finds
    /// the newest value if that was stored by a `SeqCst` access, and any that an `Acquire` load may find
    /// if not. For litmus tests of that order.
    pub total_order: bool,
}

/// See [`Choices`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessBarrier {
    /// It works.
    #[default]
    Works,
    /// There is none, so that readers and reclaimers use fences.
    Missing,
    /// It worked when the process asked, and no longer does.
    Refused,
}

std::thread_local! {
    // loom runs every thread of a model on the thread that runs the test.
    static CHOICES: PlainCell<Choices> = const {
        PlainCell::new(Choices { barrier: ProcessBarrier::Works, total_order: USERS })
    };
}

/// Makes the choices of all models that this test runs from now on.
pub fn choose(choices: Choices) {
    CHOICES.set(choices);
}

/// Whether the models are those of a user, whom the map promises one order of all operations.
const USERS: bool = cfg!(not(splitmap_models));

/// The content, to the last of those who share it; or to nobody, if two let go at once.
pub(crate) fn last_share<T>(shared: Arc<T>) -> Option<T> {
    Arc::try_unwrap(shared).ok()
}

/// Stand-in for `arc-swap`: the newest pointer, and all former ones kept alive.
#[derive(Debug)]
pub(crate) struct SnapshotCell<T> {
    newest: loom::sync::atomic::AtomicUsize,
    /// Bookkeeping of the model, held for no operation of loom's.
    kept: PlainMutex<Vec<PlainArc<Kept<T>>>>,
}

#[derive(Debug)]
struct Kept<T> {
    shared: Arc<T>,
    /// Read by every load, in the place of all that is reached through the pointer. The lock only makes a
    /// map in a model as shareable as one that ships: loom switches no threads at such a cell.
    content: PlainMutex<loom::cell::UnsafeCell<()>>,
}

impl<T> SnapshotCell<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        let cell = Self {
            newest: loom::sync::atomic::AtomicUsize::new(0),
            kept: PlainMutex::new(Vec::new()),
        };
        cell.keep(value);
        cell
    }

    pub(crate) fn load(&self) -> Arc<T> {
        // ORDERING: Acquire pairs with the Release in `store`; nothing stronger is promised to a user.
        // Model: snapshot::read_vs_publish.
        let newest = self.newest.load(Ordering::Acquire);
        let kept = {
            let kept = self.kept.lock().expect("a model that panics is over");
            PlainArc::clone(&kept[newest])
        };
        let content = kept.content.lock().expect("a model that panics is over");
        content.with(|_| ());
        drop(content);
        Arc::clone(&kept.shared)
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        let index = self.keep(value);
        // ORDERING: Release publishes the snapshot to the Acquire in `load`. Model:
        // snapshot::read_vs_publish.
        self.newest.store(index, Ordering::Release);
    }

    fn keep(&self, shared: Arc<T>) -> usize {
        let content = PlainMutex::new(loom::cell::UnsafeCell::new(()));
        let mut kept = self.kept.lock().expect("a model that panics is over");
        kept.push(PlainArc::new(Kept { shared, content }));
        kept.len() - 1
    }
}

/// loom's cell, which reports unsynchronised access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::cell::UnsafeCell::new(value))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.0.with(f)
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }
}

/// Yields to the other modelled threads; loom needs that in every waiting loop.
#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn snooze(&self) {
        loom::thread::yield_now();
    }
}

/// Nothing: loom lets other threads in everywhere.
pub(crate) fn yield_point() {}

/// Declares per-thread state that loom creates anew in every execution.
macro_rules! per_thread {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        $(#[$meta])*
        static $name: $crate::primitive::PerThread<$type> = {
            loom::thread_local! {
                static OF_THREAD: $crate::primitive::ForgottenOnPanic<$type> =
                    $crate::primitive::ForgottenOnPanic::new($init);
            }
            $crate::primitive::PerThread::new(&OF_THREAD)
        };
    };
}
pub(crate) use per_thread;

/// What [`per_thread`] declares; used as std's key is.
pub(crate) struct PerThread<T: 'static>(&'static loom::thread::LocalKey<ForgottenOnPanic<T>>);

impl<T> PerThread<T> {
    pub(crate) const fn new(key: &'static loom::thread::LocalKey<ForgottenOnPanic<T>>) -> Self {
        Self(key)
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        self.0.with(|of_thread| f(of_thread.get()))
    }

    pub(crate) fn try_with<R>(
        &self,
        f: impl FnOnce(&T) -> R,
    ) -> Result<R, loom::thread::AccessError> {
        self.0.try_with(|of_thread| f(of_thread.get()))
    }
}

/// Not dropped by a model that fails: loom has ended by then, and its objects in here would panic once more,
/// which ends the process before it can say why.
pub(crate) struct ForgottenOnPanic<T>(Option<T>);

impl<T> ForgottenOnPanic<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    fn get(&self) -> &T {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl<T> Drop for ForgottenOnPanic<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            core::mem::forget(self.0.take());
        }
    }
}

/// A number that no other call in this process returns; never 0.
pub(crate) fn unique_id() -> u64 {
    static NEXT: PlainAtomicU64 = PlainAtomicU64::new(1);
    NEXT.fetch_add(1, PLAIN)
}

/// The same number at every call.
pub(crate) fn random() -> u64 {
    0x9e37_79b9_7f4a_7c15
}

/// What stands for the process-wide barrier: one atomic for each thread.
///
/// A reader exchanges its own, a reclaimer those of all: whoever comes second is ordered after the first, as
/// if the barrier had run on the reader's processor just there, where the reader has its compiler fence. Two
/// readers have no atomic in common, as a compiler fence orders no two threads; a pair of `SeqCst` fences
/// would. (A reader before the reclaimer's exchange is ordered before another one after it. No weaker
/// stand-in that says as much is known to us.)
struct Fences([loom::sync::atomic::AtomicUsize; loom::MAX_THREADS + 1]);

loom::lazy_static! {
    static ref FENCES: Fences = Fences(core::array::from_fn(|_| loom::sync::atomic::AtomicUsize::new(0)));
}

/// The reader's half of the pair of fences that the process-wide barrier stands for.
pub(crate) fn light_fence() {
    // Threads whose memory is destroyed share the last one.
    let own = own_number().unwrap_or(loom::MAX_THREADS);
    // ORDERING: AcqRel. Acquire and Release each pair with the other in `process_barrier`. Model:
    // grace::enter_vs_retire.
    FENCES.0[own].fetch_add(1, Ordering::AcqRel);
}

/// The reclaimer's half of that pair.
pub(crate) fn process_barrier() -> bool {
    if CHOICES.get().barrier != ProcessBarrier::Works {
        return false;
    }
    for of_thread in &FENCES.0 {
        // ORDERING: AcqRel. Acquire and Release each pair with the other in `light_fence`. Model:
        // grace::enter_vs_retire.
        of_thread.fetch_add(1, Ordering::AcqRel);
    }
    true
}

/// Whether [`process_barrier`] worked when this was first asked.
pub(crate) fn has_process_barrier() -> bool {
    let _ = &FENCES.0; // there before any thread is spawned that uses the domain
    CHOICES.get().barrier != ProcessBarrier::Missing
}
