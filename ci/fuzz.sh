#!/usr/bin/env bash
# Coverage-guided fuzzing for a bounded time: `ci/fuzz.sh SECONDS [TARGET]...`, by default 60 seconds and
# every target, which share them. Fails on a finding. The committed corpus is where it starts from, and
# is left as it is; what is new is kept below the build directory, for the next run and for
# `ci/fuzz.sh --merge`, which makes of both a new committed corpus.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

merge=
if [[ ${1-} == --merge ]]; then
    merge=1
    shift
fi
seconds=${1:-${SPLITMAP_FUZZ_SECONDS:-60}}
shift $(($# > 0 ? 1 : 0))
targets=("$@")
[[ $# -gt 0 ]] || targets=(bucket_map bucket_map_hostile sync_map checked_map)

# RUSTC_BOOTSTRAP: the instrumentation's flags are unstable, the toolchain need not be. On a nightly, as
# by RUSTUP_TOOLCHAIN=nightly, it changes nothing.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$build_dir/fuzz
kept=$(realpath -m "$build_dir")/fuzz-kept
# A program is short, and no step of it may take long.
limits=(-max_len=512 -len_control=20 -timeout=20 -rss_limit_mb=2048)

PATH=$PATH:$tools_dir/cargo-fuzz/bin
if ! have cargo-fuzz; then
    step "install cargo-fuzz" cargo install --quiet --locked --root "$tools_dir/cargo-fuzz" cargo-fuzz ||
        skip "cargo-fuzz is not to be had"
fi

# fuzz TARGET: runs one target for its share of the time, and prints the speed and what it reached.
fuzz() {
    local target=$1 log=$kept/$1.log share=$((seconds / ${#targets[@]})) status=0
    local flags=("${limits[@]}" -print_final_stats=1 "-artifact_prefix=$kept/$1-")
    # What a thread keeps of the maps it has used is not a leak, but is taken for a hint of one after each
    # run. Keys and values are counted, and lost memory is found when the replay is run under the leak
    # sanitizer.
    [[ $target != sync_map ]] || flags+=(-detect_leaks=0)
    mkdir -p "$kept/$target"
    cargo fuzz run "$target" "$kept/$target" "fuzz/corpus/$target" -- \
        "${flags[@]}" "-max_total_time=$((share > 0 ? share : 1))" >"$log" 2>&1 || status=$?
    if ((status != 0)); then
        grep -vE '^#[0-9]+|^INFO' "$log" >&2
        return "$status"
    fi
    awk -v target="$target" '
        /^#[0-9]+.*(DONE|INITED)/ { for (i = 1; i < NF; i++) reached[$i] = $(i + 1) }
        /average_exec_per_sec/ { speed = $2 }
        /number_of_executed_units/ { runs = $2 }
        END {
            if (!runs) { print target ": nothing was run"; exit 1 }
            printf "%s: %d runs, %d a second, %s edges, %s features\n",
                target, runs, speed, reached["cov:"], reached["ft:"]
        }' "$log"
}

# Chooses, of the committed corpus and what was kept, few programs that reach all there is to reach, and
# leaves those with a name, which were put there for a reason.
merge() {
    local target=$1 chosen=$kept/$1.chosen
    rm -rf "$chosen"
    mkdir -p "$chosen" "$kept/$target"
    cargo fuzz run "$target" "$chosen" "fuzz/corpus/$target" "$kept/$target" -- "${limits[@]}" \
        -set_cover_merge=1 -detect_leaks=0 >"$kept/$target.log" 2>&1
    find "fuzz/corpus/$target" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
    mv "$chosen"/* "fuzz/corpus/$target/"
    echo "$target: $(find "fuzz/corpus/$target" -type f | wc -l) programs"
}

step "cargo fuzz build" cargo fuzz build
for target in "${targets[@]}"; do
    if [[ -n $merge ]]; then
        step "merge $target" merge "$target"
    else
        step "fuzz $target" fuzz "$target"
    fi
done
