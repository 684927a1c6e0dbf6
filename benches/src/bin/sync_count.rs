//! Does one operation of a concurrent map many times, for valgrind to count; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    splitmap_benches::contention::count()
}
