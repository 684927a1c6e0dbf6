#!/usr/bin/env bash
# The documentation, public and private. Warnings, broken links among them, are errors.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

export RUSTDOCFLAGS="-D warnings"

# What a user reads: a link from public to private documentation is an error here.
step "cargo doc" cargo doc --quiet --locked --no-deps --workspace

# The same with the optional features.
step "cargo doc, all features" cargo doc --quiet --locked --no-deps --lib --all-features

# What a maintainer reads: private modules are documented to the same standard.
step "cargo doc, private items" cargo doc --quiet --locked --no-deps --document-private-items
