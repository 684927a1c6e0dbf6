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
//! * Every load is also a store to a shadow of the atomic, see [`Shadows`]: without them loom leaves out
//!   interleavings.
//! * Seeds are constant: loom replays a schedule only if the program does the same again.

use std::cell::Cell as PlainCell;
use std::sync::Arc as PlainArc;
use std::sync::Mutex as PlainMutex;
use std::sync::atomic::AtomicBool as PlainAtomicBool;
use std::sync::atomic::AtomicU64 as PlainAtomicU64;
use std::sync::atomic::AtomicUsize as PlainAtomicUsize;

pub(crate) use crossbeam_utils::CachePadded;
pub(crate) use loom::cell::Cell;
use loom::sync::atomic;
pub(crate) use loom::sync::atomic::{AtomicIsize, Ordering, fence};
pub(crate) use loom::sync::{Arc, MutexGuard};
pub(crate) use loom::thread::{Thread, ThreadId, current as current_thread, park};

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

/// Whether an access takes part in the order of [`Choices::total_order`].
fn is_totally_ordered(ordering: Ordering) -> bool {
    ordering == Ordering::SeqCst && CHOICES.get().total_order
}

/// What makes loom explore a load of one thread before and after the store of another that has loaded, too.
///
/// loom remembers the last access to an atomic, and tries the other order of two accesses when the later
/// one is a store and the last access is another thread's. If the storing thread has loaded the value
/// itself, as nearly every thread does before it exchanges one, then that load is the last access, and
/// those of other threads are forgotten: their order is never tried.
///
/// So each thread has a shadow of each atomic. Its own loads store to it, and so do, once it has loaded, the
/// stores of all others; loom tries both orders of those. No two loads have a shadow in common. Nobody loads
/// from a shadow, so it orders nothing.
#[derive(Debug)]
struct Shadows([Shadow; SHADOWS + 1]);

#[derive(Debug)]
struct Shadow {
    touched: atomic::AtomicBool,
    has_loaded: PlainAtomicBool,
}

/// Threads with a shadow of their own; more than these share. Those whose memory is destroyed have the last.
const SHADOWS: usize = 4;

impl Shadows {
    fn new() -> Self {
        Self(core::array::from_fn(|_| Shadow {
            touched: atomic::AtomicBool::new(false),
            has_loaded: PlainAtomicBool::new(false),
        }))
    }

    fn own() -> usize {
        own_number().map_or(SHADOWS, |own| own % SHADOWS)
    }

    fn note_load(&self) {
        let shadow = &self.0[Self::own()];
        shadow.has_loaded.store(true, PLAIN);
        shadow.touch();
    }

    fn note_store(&self) {
        let own = Self::own();
        for (other, shadow) in self.0.iter().enumerate() {
            if other != own && shadow.has_loaded.load(PLAIN) {
                shadow.touch();
            }
        }
    }
}

impl Shadow {
    fn touch(&self) {
        // ORDERING: Relaxed. Nobody loads it.
        self.touched.store(false, Ordering::Relaxed);
    }
}

/// The number of the calling thread in this execution; none while its memory is destroyed.
fn own_number() -> Option<usize> {
    OWN_NUMBER.try_with(|own| *own).ok()
}

loom::lazy_static! {
    static ref NUMBERS: PlainAtomicUsize = PlainAtomicUsize::new(0);
}

loom::thread_local! {
    static OWN_NUMBER: usize = NUMBERS.fetch_add(1, PLAIN);
}

/// loom's atomic with the order of [`Choices::total_order`].
macro_rules! atomic {
    ($name:ident $(<$param:ident>)?, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name $(<$param>)? {
            atomic: atomic::$name $(<$param>)?,
            /// Whether the newest value was stored by a `SeqCst` access. Follows every store at once:
            /// loom switches threads only before an operation.
            newest_is_ordered: PlainAtomicBool,
            shadows: Shadows,
        }

        impl $(<$param>)? $name $(<$param>)? {
            pub(crate) fn new(value: $value) -> Self {
                Self {
                    atomic: atomic::$name::new(value),
                    newest_is_ordered: PlainAtomicBool::new(true),
                    shadows: Shadows::new(),
                }
            }

            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                self.shadows.note_load();
                if is_totally_ordered(ordering) && self.newest_is_ordered.load(PLAIN) {
                    return self.newest();
                }
                self.atomic.load(ordering)
            }

            fn note_store(&self, ordering: Ordering) {
                self.newest_is_ordered.store(ordering == Ordering::SeqCst, PLAIN);
            }
        }
    };
}

/// The exchanges of [`atomic`].
macro_rules! exchange {
    ($name:ident $(<$param:ident>)?, $value:ty, $($exchange:ident),+) => {
        impl $(<$param>)? $name $(<$param>)? {
            $(pub(crate) fn $exchange(
                &self,
                expected: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.shadows.note_store();
                let found = self.atomic.$exchange(expected, new, success, failure);
                if found.is_ok() {
                    self.note_store(success);
                }
                found
            })+
        }
    };
}

atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
exchange!(AtomicUsize, usize, compare_exchange);
exchange!(
    AtomicPtr<T>,
    *mut T,
    compare_exchange,
    compare_exchange_weak
);

/// A number, as a bool has no value that an exchange can expect in vain.
#[derive(Debug)]
pub(crate) struct AtomicBool(AtomicUsize);

impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        Self(AtomicUsize::new(value.into()))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> bool {
        self.0.load(ordering) != 0
    }

    pub(crate) fn store(&self, value: bool, ordering: Ordering) {
        self.0.store(value.into(), ordering);
    }

    pub(crate) fn swap(&self, value: bool, ordering: Ordering) -> bool {
        self.0.swap(value.into(), ordering) != 0
    }
}

/// A pointer-sized number: loom runs on machines where that has 64 bits.
#[derive(Debug)]
pub(crate) struct AtomicU64(AtomicUsize);

const _: () = assert!(usize::BITS == 64, "the models need a 64-bit machine");

impl AtomicU64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicUsize::new(value as usize))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> u64 {
        self.0.load(ordering) as u64
    }

    pub(crate) fn store(&self, value: u64, ordering: Ordering) {
        self.0.store(value as usize, ordering);
    }

    pub(crate) fn fetch_or(&self, bits: u64, ordering: Ordering) -> u64 {
        self.0.fetch_or(bits as usize, ordering) as u64
    }

    pub(crate) fn fetch_sub(&self, change: u64, ordering: Ordering) -> u64 {
        self.0.fetch_sub(change as usize, ordering) as u64
    }

    pub(crate) fn compare_exchange(
        &self,
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        let found = self
            .0
            .compare_exchange(expected as usize, new as usize, success, failure);
        found
            .map(|found| found as u64)
            .map_err(|found| found as u64)
    }

    pub(crate) fn compare_exchange_weak(
        &self,
        expected: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(expected, new, success, failure)
    }
}

/// A flag on whose value nothing depends but when something is done. Not explored: an ordinary atomic.
#[derive(Debug)]
pub(crate) struct Hint(PlainAtomicBool);

impl Hint {
    pub(crate) fn new(value: bool) -> Self {
        Self(PlainAtomicBool::new(value))
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(PLAIN)
    }

    pub(crate) fn set(&self, value: bool) {
        self.0.store(value, PLAIN);
    }
}

// loom gives an exchange the newest value, also one that fails, as those below do.

impl AtomicUsize {
    fn newest(&self) -> usize {
        // ORDERING: those of a SeqCst load, as far as loom knows them; the exchange never succeeds.
        let found = self.atomic.compare_exchange(
            usize::MAX,
            usize::MAX,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        found.unwrap_or_else(|newest| newest)
    }

    pub(crate) fn store(&self, value: usize, ordering: Ordering) {
        self.shadows.note_store();
        self.atomic.store(value, ordering);
        self.note_store(ordering);
    }

    pub(crate) fn swap(&self, value: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        let found = self.atomic.swap(value, ordering);
        self.note_store(ordering);
        found
    }

    pub(crate) fn fetch_add(&self, change: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        self.atomic.fetch_add(change, ordering)
    }

    pub(crate) fn fetch_sub(&self, change: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        self.atomic.fetch_sub(change, ordering)
    }

    pub(crate) fn fetch_or(&self, bits: usize, ordering: Ordering) -> usize {
        self.shadows.note_store();
        let found = self.atomic.fetch_or(bits, ordering);
        self.note_store(ordering);
        found
    }
}

impl<T> AtomicPtr<T> {
    pub(crate) fn store(&self, value: *mut T, ordering: Ordering) {
        self.shadows.note_store();
        self.atomic.store(value, ordering);
        self.note_store(ordering);
    }

    fn newest(&self) -> *mut T {
        let nowhere = core::ptr::without_provenance_mut(usize::MAX);
        // ORDERING: as for the number.
        let found =
            self.atomic
                .compare_exchange(nowhere, nowhere, Ordering::AcqRel, Ordering::Acquire);
        found.unwrap_or_else(|newest| newest)
    }

    pub(crate) fn swap(&self, value: *mut T, ordering: Ordering) -> *mut T {
        self.shadows.note_store();
        let found = self.atomic.swap(value, ordering);
        self.note_store(ordering);
        found
    }
}

/// A mutex whose `lock` returns the guard, as in the native half.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("a model that panics is over")
    }

    /// The guard, unless another thread has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().expect("a model that panics is over")
    }
}

/// Stand-in for `arc-swap`: the newest pointer, and all former ones kept alive.
#[derive(Debug)]
pub(crate) struct SnapshotCell<T> {
    newest: atomic::AtomicUsize,
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
            newest: atomic::AtomicUsize::new(0),
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
struct Fences([atomic::AtomicUsize; loom::MAX_THREADS + 1]);

loom::lazy_static! {
    static ref FENCES: Fences = Fences(core::array::from_fn(|_| atomic::AtomicUsize::new(0)));
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
