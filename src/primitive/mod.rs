//! The only door to atomics, locks, threads and shared pointers.
//!
//! Interchangeable halves with the same names: `native` is the real thing at no cost, `model` is loom and
//! stand-ins for what loom cannot see into, `shuttle` takes its place for random schedules; what those two
//! have in common is in `explored`. Nothing else in
//! `src/` may name `std::sync`, `std::thread`, `parking_lot` or `arc_swap` (`ci/tidy.sh` enforces it), so what
//! is explored is what ships.
//!
//! What the door offers, beyond names that mirror std:
//!
//! * [`Cell`] and [`UnsafeCell`]: for what one thread at a time owns; the model checks that.
//! * [`Mutex`]: no poisoning; `lock` returns the guard.
//! * [`SnapshotCell`]: holds one `Arc<T>`; `load` clones it, `store` replaces it.
//! * [`process_barrier`]: a memory barrier on every running thread of the process, or `false` where
//!   the system has none.
//! * [`random`] and [`unique_id`]: seeds and identities.
//! * [`yield_point`]: nothing, but where a stress test lets another thread go first. They stand between the
//!   two steps of whatever a thread does in two steps.

#[cfg(not(any(splitmap_loom, splitmap_shuttle)))]
mod native;
#[cfg(not(any(splitmap_loom, splitmap_shuttle)))]
pub(crate) use self::native::*;

#[cfg(splitmap_stress)]
mod stress;
#[cfg(splitmap_stress)]
pub use self::stress::seed_yields;

#[cfg(any(splitmap_loom, splitmap_shuttle))]
mod explored;

#[cfg(splitmap_loom)]
mod model;
#[cfg(splitmap_loom)]
pub(crate) use self::model::*;
#[cfg(splitmap_loom)]
pub use self::model::{Choices, ProcessBarrier, choose};

#[cfg(splitmap_shuttle)]
mod shuttle;
#[cfg(splitmap_shuttle)]
pub(crate) use self::shuttle::*;
