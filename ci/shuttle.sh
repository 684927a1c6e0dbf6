#!/usr/bin/env bash
# Random schedules of the crate's own algorithms, with shuttle. `ci/shuttle.sh TIMES` runs that many times as
# many; SPLITMAP_SHUTTLE_SEED chooses others.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

[[ $# -eq 0 ]] || export SPLITMAP_SHUTTLE_SCHEDULES=$1

# Optimised, with debug assertions. The figures are part of what is reported.
step "schedules" cargo test --quiet --locked --package shuttle-tests --profile loom -- --nocapture
