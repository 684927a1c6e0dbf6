//! Longer pages: how the maps work inside, and how that is known to be right.
//!
//! Nothing here is needed to use the crate.

#[doc = include_str!("docs/bucket_map.md")]
pub mod bucket_map {}

#[doc = include_str!("docs/loom.md")]
pub mod model_checking {}
