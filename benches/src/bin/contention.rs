//! Measures the concurrent maps beside each other; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    splitmap_benches::contention::main()
}
