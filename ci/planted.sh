#!/usr/bin/env bash
# Faults planted in the map, one of each class that the history tests are there to find, and the tests that
# have to find each, for the reason given. A test that is silent about a planted fault says nothing by being
# silent about the map.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The reports that count: no order explains a history; or memory was used after it was freed, as keys and
# values notice, or the processor.
order='not linearizable'
memory='a (freed|dropped) (key|value) was read|SIGSEGV|SIGABRT'

# find FAULT REPORT PACKAGE [TEST]: fails unless the test does, with a report that matches.
find_fault() {
    local fault=$1 report=$2 package=$3 test=${4:-} begin output
    export SPLITMAP_PLANTED=$fault
    cargo test --quiet --locked --package "$package" --no-run
    begin=${EPOCHREALTIME/[.,]/}
    # Not --quiet: that would hide by which signal a test was ended.
    if output=$(timeout 300 cargo test --locked --package "$package" -- "$test" 2>&1); then
        echo "the planted fault '$fault' went unnoticed" >&2
        return 1
    fi
    if ! grep -qE "$report" <<<"$output"; then
        tail -n 40 <<<"$output" >&2
        echo "the planted fault '$fault' had another effect than expected" >&2
        return 1
    fi
    echo "found in $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms"
}

# A key that a promotion drops leaks, where nobody looked for it again.
lost_key="$order|a value was never dropped"

for fault in lost_update stale_snapshot unexpunge_race; do
    step "$fault, real threads" find_fault $fault "$order" lin-tests random_histories
    step "$fault, random schedules" find_fault $fault "$order" shuttle-tests short_scripts
done
step "promotion_drops_key, real threads" find_fault promotion_drops_key "$lost_key" lin-tests random_histories
step "promotion_drops_key, random schedules" find_fault promotion_drops_key "$lost_key" shuttle-tests short_scripts
step "early_free, real threads" find_fault early_free "$memory" lin-tests random_histories
step "early_free, random schedules" find_fault early_free "$memory" shuttle-tests short_scripts
step "early_free, two maps that share freed memory" find_fault early_free "$memory" shuttle-tests maps_that_share

# An identity that comes round with an address: only where maps come and go, and memory is used again.
step "reused_identity, random schedules" find_fault reused_identity "$memory" shuttle-tests maps_that_come
