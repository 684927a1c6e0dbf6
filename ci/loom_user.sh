#!/usr/bin/env bash
# A user's crate that model-checks its own code over `SyncMap`: examples/loom_user, from a copy outside this
# tree, as nothing of this workspace is there to help a user's.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

copy=$(mktemp -d)
cp -r examples/loom_user/. "$copy"
rm -rf "$copy/target"
sed -i "s#path = \"../..\"#path = \"$PWD\"#" "$copy/Cargo.toml"
# What has been downloaded for this workspace will do for the copy.
cp Cargo.lock "$copy"
CARGO_TARGET_DIR=$(realpath -m "$build_dir")/loom_user
export CARGO_TARGET_DIR

in_copy() {
    (cd "$copy" && "$@")
}

# The ordinary build has nothing of loom.
no_loom() {
    local tree
    tree=$(in_copy cargo tree --edges normal)
    ! grep loom <<<"${tree#loom_user}"
}
step "a user's crate, as it ships" in_copy cargo test --quiet --all-targets
step "no loom in what ships" no_loom

# The model with a fault in the user's code has to fail, and says so by #[should_panic].
step "a user's models" in_copy env RUSTFLAGS="${RUSTFLAGS:-} --cfg splitmap_loom" \
    cargo test --quiet --profile release --all-targets

rm -rf "$copy"
