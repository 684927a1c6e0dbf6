#!/usr/bin/env bash
# The loom models: every interleaving of small scripts over the crate's own algorithms.
# Arguments go to the test runner, for instance a filter: `ci/loom.sh reclaim`.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The library compiles against loom, whether or not there is a model to run.
step "loom build" cargo build --quiet --locked --package loom-tests --profile loom

# A process for every model: a panic inside loom may abort, and must not take others with it.
if have cargo-nextest; then
    step "loom models" cargo nextest run --cargo-quiet --locked --no-tests=pass \
        --package loom-tests --cargo-profile loom "$@"
else
    step "loom models" cargo test --quiet --locked --package loom-tests --profile loom "$@"
fi
