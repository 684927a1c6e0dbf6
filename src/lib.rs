//! A concurrent map for read-mostly shared state.

mod bucket;
mod primitive;
