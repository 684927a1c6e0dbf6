//! Measures the concurrent maps beside each other; see `--help`.

use std::process::ExitCode;

use splitmap_benches::allocation::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    splitmap_benches::contention::main()
}
