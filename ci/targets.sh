#!/usr/bin/env bash
# The library compiles for other systems, word sizes and byte orders: type-checked only, nothing is run.
#
# A target without a standard library on this machine is asked of rustup. Where that cannot have it either, the
# target is skipped and named.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

targets=(
    i686-unknown-linux-gnu    # 32-bit
    x86_64-pc-windows-gnu     # neither membarrier nor madvise
    aarch64-apple-darwin      # the same, and weakly ordered
    s390x-unknown-linux-gnu   # big-endian
)

# has_std TARGET: whether there is a standard library to check against.
has_std() {
    compgen -G "$(rustc --print target-libdir --target "$1")/libstd-*" >/dev/null
}

# fetch TARGET: whether rustup could add it.
fetch() {
    have rustup && timeout 120 rustup target add "$1" >/dev/null 2>&1 && has_std "$1"
}

missing=()
for target in "${targets[@]}"; do
    if ! has_std "$target" && ! fetch "$target"; then
        echo "no standard library for $target to be had" >&2
        missing+=("$target")
        continue
    fi
    # All that ships, the optional features with it. Warnings are errors: code for one processor only leaves some.
    step "cargo check, $target" env RUSTFLAGS="${RUSTFLAGS:-} -D warnings" \
        cargo check --quiet --locked --lib --all-features --target "$target" --target-dir "$build_dir/targets"
done

[[ ${#missing[@]} -eq 0 ]] || skip "no standard library for: ${missing[*]}"
