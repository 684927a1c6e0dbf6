//! Real threads against the promises that hold between them.
//!
//! Each test runs for `SPLITMAP_STRESS_SECONDS` (0.5 by default) with random choices that follow from
//! `SPLITMAP_STRESS_SEED`. What these cannot find are orderings the processor never shows; those are
//! for the models in `loom-tests`.

mod bytes;
mod canary;
mod coming_and_going;
mod faults;
mod garbage;
mod order;
mod support;
mod together;
mod updates;
mod whole;
mod winners;
