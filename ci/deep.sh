#!/usr/bin/env bash
# The long checks, for a night or a release: the stress tests for minutes instead of moments, in every
# build that can see something the others cannot, and fuzzing for half an hour. `ci/deep.sh SECONDS` sets
# the time for each test, SPLITMAP_FUZZ_SECONDS that for fuzzing.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

export SPLITMAP_STRESS_SECONDS=${1:-60} NEXTEST_PROFILE=deep
export SPLITMAP_FUZZ_SECONDS=${SPLITMAP_FUZZ_SECONDS:-1800}

# As shipped, in services, under both sanitizers, and under memcheck.
exec bash ci/all.sh loom services test asan tsan valgrind fuzz
