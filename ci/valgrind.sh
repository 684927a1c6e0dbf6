#!/usr/bin/env bash
# Valgrind's memcheck over the test suites: reads of uninitialised memory, which no sanitizer here sees.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

have valgrind || skip "valgrind is not installed"

# std itself shows a block as "possibly lost", so only definite leaks count.
runner="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite"
runner_variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$host")_RUNNER
export "$runner_variable=$runner --show-leak-kinds=definite" CARGO_TARGET_DIR=$build_dir/valgrind

# Memcheck is on.
step "planted leak" control leak 'definitely lost' --target "$host"
step "planted use after free" control use_after_free 'Invalid read' --target "$host"

# Optimised: memcheck makes everything thirty times slower.
read -ra targets < <(test_targets it stress; echo)
step "memcheck" cargo test --quiet --locked --profile loom --target "$host" --lib "${targets[@]}" "$@"
