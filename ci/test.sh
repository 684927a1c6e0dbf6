#!/usr/bin/env bash
# The test command of the README: doctests, examples, and all tests, unoptimised and optimised.
# Arguments go to the test runner, for instance a filter: `ci/test.sh cursor`.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# run_tests CARGO-FLAG...: by cargo-nextest where it is installed (a process for every test, and a
# time limit for each), by cargo's own runner elsewhere.
if have cargo-nextest; then
    run_tests() { cargo nextest run --cargo-quiet --locked --no-tests=pass "$@"; }
    release=--cargo-profile=release
else
    run_tests() { cargo test --quiet --locked --lib --bins --tests "$@"; }
    release=--release
fi

# Examples in the documentation and in the README.
step "doctests" cargo test --quiet --locked --doc

# Those of the optional features, which are off elsewhere.
step "doctests, rayon" cargo test --quiet --locked --doc --features rayon parallel

# Every example runs with its defaults and checks itself.
for example in examples/*.rs examples/*/main.rs; do
    [[ -e $example ]] || continue
    name=${example%/main.rs}
    name=$(basename "$name" .rs)
    step "example $name" cargo run --quiet --locked --release --example "$name"
done

# With debug assertions: the invariants are validated as the tests go.
step "tests, debug" run_tests "$@"

# What the optional features add, which is off elsewhere.
step "tests, all features" run_tests --all-features parallel serialize

# Without them: the code that ships, at the speed at which threads really meet.
step "tests, release" run_tests "$release" "$@"
