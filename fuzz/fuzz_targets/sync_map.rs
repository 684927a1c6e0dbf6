//! See the interpreter of the same name.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| splitmap_fuzz::sync_map(data));
