//! Configures the copy of the library that this package compiles.
//!
//! `SPLITMAP_PLANTED` names a fault to plant in it, for the test of the tests.

fn main() {
    println!("cargo::rerun-if-env-changed=SPLITMAP_PLANTED");
    println!("cargo::rustc-cfg=splitmap_stress");
    if let Ok(fault) = std::env::var("SPLITMAP_PLANTED") {
        println!("cargo::rustc-cfg=splitmap_planted=\"{fault}\"");
    }
}
