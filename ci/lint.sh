#!/usr/bin/env bash
# Formatting and lints, of the Rust sources and of these scripts. Warnings are errors.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# Formatting of every workspace member.
step "cargo fmt" cargo fmt --all --check

# Formatting of the planted faults, which are a workspace of their own.
step "rustfmt ci/controls" rustfmt --check --edition 2024 ci/controls/src/bin/*.rs

# Formatting of the fuzz targets, likewise. What they run is part of the tests, and linted with them.
step "rustfmt fuzz" rustfmt --check --edition 2024 fuzz/fuzz_targets/*.rs

# Formatting of the example that is a crate of its own.
step "rustfmt loom_user" rustfmt --check --edition 2024 examples/loom_user/src/lib.rs examples/loom_user/tests/models.rs

# Every lint of the manifests, on every target of every member.
step "cargo clippy" cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

# The optional features, each alone and both.
for features in serde rayon serde,rayon; do
    step "cargo clippy, $features" cargo clippy --quiet --locked --lib --features "$features" -- -D warnings
done

# Tests that only exist with a feature.
step "cargo clippy, tests of features" cargo clippy --quiet --locked --all-features --test it -- -D warnings

# The other half of what ships: the fallback for systems without a process-wide barrier.
step "cargo clippy, fence fallback" env RUSTFLAGS="${RUSTFLAGS:-} --cfg splitmap_fence" \
    cargo clippy --quiet --locked --lib -- -D warnings

# And what a user's models run on.
step "cargo clippy, loom" env RUSTFLAGS="${RUSTFLAGS:-} --cfg splitmap_loom" \
    cargo clippy --quiet --locked --lib -- -D warnings

shellcheck=$(command -v shellcheck || echo "$tools_dir/shellcheck/usr/bin/shellcheck")
# These scripts.
if [[ ! -x $shellcheck ]]; then
    debian_open bookworm
    debian_fetch bookworm "$tools_dir/shellcheck" './usr/bin/shellcheck' shellcheck
fi
step "shellcheck" "$shellcheck" --external-sources --source-path=SCRIPTDIR .ci/run ci/*.sh
