//! Configures the copy of the library that this package compiles: the loom half of `src/primitive`, which is
//! public, and what only the models here need of it.

fn main() {
    println!("cargo::rustc-cfg=splitmap_loom");
    println!("cargo::rustc-cfg=splitmap_models");
}
