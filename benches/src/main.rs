//! Side-by-side comparisons of `splitmap` with its peers.

fn main() {}
