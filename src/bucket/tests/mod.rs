//! Unit tests of the bucket map. What a user of the public API can see is tested in `tests/it`; here
//! are the thresholds, the growth rules and the invariants, seen from inside.

mod map;
mod support;
mod table;
