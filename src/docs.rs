//! Longer pages: how to do this and that, which map to use, how to come here from another, what operations
//! cost, how the maps work inside, and how that is known to be right.
//!
//! Nothing here is needed to use the crate.

#[doc = include_str!("docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("docs/chooser.md")]
pub mod chooser {}

#[doc = include_str!("docs/migration.md")]
pub mod migration {}

#[doc = include_str!("docs/bucket_map.md")]
pub mod bucket_map {}

#[doc = include_str!("docs/loom.md")]
pub mod model_checking {}

#[doc = include_str!("docs/design.md")]
pub mod design {}

#[doc = include_str!("docs/performance.md")]
pub mod performance {}

#[doc = include_str!("docs/scaling.md")]
pub mod scaling {}
