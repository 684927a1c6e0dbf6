//! Configures the copy of the library that this package compiles.

fn main() {
    println!("cargo::rustc-cfg=splitmap_shuttle");
}
