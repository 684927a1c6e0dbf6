//! Behaviour of the public API, seen from outside: one binary, one module per topic.
//!
//! What only threads can break is in `tests/stress`; what only an adversarial schedule can break
//! is in `loom-tests`.

mod support;

mod autotraits;
mod bucket_api;
mod bucket_drops;
mod bucket_entry;
mod bucket_go;
mod bucket_layout;
mod bucket_model;
mod bucket_panics;
mod checked;
mod checked_overlap;
mod cursor;
mod cursor_holes;
#[cfg(feature = "rayon")]
mod parallel;
#[cfg(feature = "serde")]
mod serialize;
mod set;
mod sync_api;
mod sync_callbacks;
mod sync_compute;
mod sync_drops;
mod sync_faults;
mod sync_go;
mod sync_init;
mod sync_keys;
mod sync_many;
mod sync_model;
mod sync_panics;
mod sync_policy;
mod sync_promotion;
mod sync_reentrancy;
mod sync_refs;
mod sync_trace;
mod sync_trie;
mod sync_views;
