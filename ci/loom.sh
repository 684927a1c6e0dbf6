#!/usr/bin/env bash
# The loom models: every interleaving of small scripts over the crate's own algorithms, and how many those were.
# Arguments go to the test runner, for instance a filter: `ci/loom.sh reclaim`.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The library compiles against loom, whether or not there is a model to run.
step "loom build" cargo build --quiet --locked --package loom-tests --profile loom

# Each model adds a line when it is through.
SPLITMAP_LOOM_REPORT=$(realpath -m "$build_dir")/loom-report
export SPLITMAP_LOOM_REPORT
rm -f "$SPLITMAP_LOOM_REPORT"

# A process for every model: a panic inside loom may abort, and must not take others with it.
if have cargo-nextest; then
    step "loom models" cargo nextest run --cargo-quiet --locked --no-tests=pass \
        --package loom-tests --cargo-profile loom --status-level fail "$@"
else
    step "loom models" cargo test --quiet --locked --package loom-tests --profile loom "$@"
fi

# table: the models by name, with what each explored. A model with a planted fault ends at the first
# interleaving that shows it, and has no line.
table() {
    sort "$SPLITMAP_LOOM_REPORT" | sed -E 's/: ([0-9]+) interleavings, /\t\1\t/; s/, ([^,]*)$/\t\1/' |
        awk -F'\t' '
            BEGIN { print "interleavings  preemptions            time  model" }
            {
                printf "%13d  %-18s %8s  %s\n", $2, $3, $4, $1
                models++
                sum += $2
            }
            END { printf "%13d  interleavings of %d models\n", sum, models }'
}
[[ ! -e $SPLITMAP_LOOM_REPORT ]] || table
