//! Does one operation of the bucket map many times, for valgrind to count; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    splitmap_benches::solo::count()
}
