#!/usr/bin/env bash
# Recorded histories of real threads, against a library that yields where a thread is best interrupted.
# `ci/lin.sh HISTORIES` sets how many; a few thousand by default, a hundred thousand to be thorough.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

[[ $# -eq 0 ]] || export SPLITMAP_LIN_HISTORIES=$1

# Optimised, with debug assertions. The figures are part of what is reported.
step "histories" cargo test --quiet --locked --package lin-tests --profile loom -- --nocapture
