//! Measures splitmap beside its peers.
//!
//! | module     | idea                                                                       |
//! |------------|----------------------------------------------------------------------------|
//! | [`key`]    | what is looked up: numbers and strings, drawn before the clock starts      |
//! | [`subject`] | one trait, one file for each concurrent map that is measured              |
//! | [`script`] | what a thread does, step by step, and how it is played on a subject        |
//! | [`workload`] | the catalogue: each builds the scripts of one run                        |
//! | [`rounds`] | interleaved rounds of all subjects, and the medians that come out of them  |
//! | [`solo`]   | the bucket map beside hashbrown and std, on one thread                     |
//! | [`contention`] | the program that measures the concurrent maps                          |
//! | [`allocation`] | an allocator that counts                                               |
//!
//! Every map hashes with the same [`Hasher`]. No key is drawn, no map built or dropped, and no result
//! checked while the clock runs.

pub mod allocation;
mod clock;
pub mod contention;
pub mod key;
pub mod rounds;
mod say;
pub mod script;
pub mod solo;
mod start;
pub mod subject;
pub mod workload;

/// The hasher of every map measured here; its seed is fixed, so that a run can be repeated.
pub type Hasher = foldhash::fast::FixedState;
