#!/usr/bin/env bash
# Faults planted in the map, one of each class that the tests of threads are there to find, and the tests that
# have to find each, for the reason given. A test that is silent about a planted fault says nothing by being
# silent about the map.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The reports that count: no order explains a history, or an iteration found a key twice; or memory was used
# after it was freed, as keys and values notice, or shuttle's atomics, or the processor.
order='not linearizable|came to one key twice'
memory='a (freed|dropped) (key|value) was read|changed while it was held|of another map was found|RefCell already|SIGSEGV|SIGABRT'

# loom's own report of a race, a value of a model that is read too late, and a state that cannot be.
model='Causality violation|was (read|dropped)|were? leaked|freed or foreign|assertion|a key is there twice'

# find_fault FAULT REPORT PACKAGE TEST CARGO-ARGUMENT...: fails unless the test does, with a report that matches.
find_fault() {
    local fault=$1 report=$2 package=$3 test=$4 begin output
    shift 4
    # No backtraces: they are long, and name more than the report.
    export SPLITMAP_PLANTED=$fault RUST_BACKTRACE=0
    cargo test --quiet --locked --package "$package" "$@" --no-run
    begin=${EPOCHREALTIME/[.,]/}
    # Not --quiet: that would hide by which signal a test was ended.
    if output=$(timeout 300 cargo test --locked --package "$package" "$@" -- "$test" 2>&1); then
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

# Until it is found: a fault that needs rare timing may take more histories than an ordinary run has.
real_threads() {
    SPLITMAP_LIN_HISTORIES=40000 step "$1, real threads" find_fault "$1" "$2" lin-tests random_histories
}

random_schedules() {
    step "$1, random schedules" find_fault "$1" "$2" shuttle-tests "${3:-short_scripts}"
}

models() {
    step "$1, models" find_fault "$1" "$model" loom-tests '' --profile loom --test "$2"
}

# An entry that the next snapshot does not have leaks, where nobody looked for its key again: a promotion
# dropped it, or it was written to while expunged and so is not in dirty.
lost_entry="$order|was never dropped|were leaked"

for fault in lost_update stale_snapshot; do
    real_threads $fault "$order"
    random_schedules $fault "$order"
done
for fault in unexpunge_race promotion_drops_key; do
    real_threads $fault "$lost_entry"
    random_schedules $fault "$lost_entry"
done
real_threads early_free "$memory"
random_schedules early_free "$memory"
random_schedules early_free "$memory" maps_that_share

# An identity that comes round with an address: only where maps come and go, and memory is used again.
random_schedules reused_identity "$memory" maps_that_come

models unexpunge_race promote
models stale_snapshot promote
models early_free grace
