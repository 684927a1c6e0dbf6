//! Configures the copy of the library that this package compiles: the loom half of `src/primitive`, which is
//! public, and what only the models here need of it.
//!
//! `SPLITMAP_PLANTED` names a fault to plant in it, for the test of the tests.

fn main() {
    println!("cargo::rerun-if-env-changed=SPLITMAP_PLANTED");
    println!("cargo::rustc-cfg=splitmap_loom");
    println!("cargo::rustc-cfg=splitmap_models");
    if let Ok(fault) = std::env::var("SPLITMAP_PLANTED") {
        println!("cargo::rustc-cfg=splitmap_planted=\"{fault}\"");
    }
}
