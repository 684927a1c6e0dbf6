//! Unit tests of the bucket map. What a user of the public API can see is tested in `tests/it`;
//! here are the thresholds, the growth rules and the invariants, seen from inside.

mod citations;
mod cursor;
mod hostile;
mod map;
mod panics;
mod rules;
mod support;
mod table;
