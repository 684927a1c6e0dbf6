//! Holds the bucket map's speed against its budget; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    splitmap_benches::solo::budget()
}
