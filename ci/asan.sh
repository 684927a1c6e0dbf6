#!/usr/bin/env bash
# Address and leak sanitizer over the test suites: use after free, double free, leaks.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# RUSTC_BOOTSTRAP: the flag is unstable, the toolchain is not.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address"
export ASAN_OPTIONS=detect_leaks=1 CARGO_TARGET_DIR=$build_dir/asan

# Both sanitizers are on.
step "planted leak" control leak 'LeakSanitizer: detected memory leaks' --target "$host"
step "planted use after free" control use_after_free 'AddressSanitizer: heap-use-after-free' --target "$host"

# One process for a whole binary: leaks are looked for when it ends, and start-up is slow.
read -ra targets < <(test_targets it stress fuzz_corpus; echo)
step "address and leak sanitizer" cargo test --quiet --locked --target "$host" --lib "${targets[@]}" "$@" \
    -- --skip forgotten

# Tests with `forgotten` in their name call `mem::forget`, and leak on purpose.
export ASAN_OPTIONS=detect_leaks=0
step "address sanitizer" cargo test --quiet --locked --target "$host" --lib "${targets[@]}" "$@" \
    -- forgotten
