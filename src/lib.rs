//! A concurrent map for read-mostly shared state.

mod primitive;
