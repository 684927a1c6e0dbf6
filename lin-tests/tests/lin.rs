//! `tests/lin` once more, against the library that yields.

extern crate splitmap_stressed as splitmap;

#[path = "../../tests/lin/main.rs"]
mod lin;
