#!/usr/bin/env bash
# Thread sanitizer over the tests that have threads, with std rebuilt under it: data races. With SPLITMAP_DEEP
# set, over all tests, and recorded histories too.
#
# std has to be instrumented too, or its own synchronisation is invisible and reported as races. Its
# source is the `rust-src` of the toolchain, or of the Debian package for the very same release.
# The sanitizer cannot see a barrier that another thread issues, so the fence fallback is tested.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

release=$(rustc --version | cut -d ' ' -f 2)
library=$(rustc --print sysroot)/lib/rustlib/src/rust/library
[[ -e $library/Cargo.lock ]] || library=$tools_dir/rust-src/usr/src/rustc-$release/library

fetch_library() {
    debian_open trixie-backports || return
    local version
    version=$(apt_private trixie-backports apt-cache madison rust-src |
        awk -v release="$release+" 'index($3, release) == 1 { print $3; exit }')
    [[ -n $version ]] || return
    debian_fetch trixie-backports "$tools_dir/rust-src" './usr/src/*/library/*' "rust-src=$version"
}

if [[ ! -e $library/Cargo.lock ]]; then
    fetch_library || skip "thread sanitizer: no source of std $release to be had"
fi

# The variable is cargo's own for its tests; the stable way is `rustup component add rust-src`.
export __CARGO_TESTS_ONLY_SRC_ROOT=$library RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=thread --cfg splitmap_fence"
export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1" CARGO_TARGET_DIR=$build_dir/tsan

# The sanitizer is on. This also builds std.
step "planted data race" control data_race 'ThreadSanitizer: data race' -Zbuild-std --target "$host"

# No report is suppressed. If one ever has to be, it goes here, with the reason why it is not a race.

run_tests() {
    cargo test --quiet --locked -Zbuild-std --target "$host" "$@"
}

# Not the doctests: they would need the flags a second time.
if [[ -n ${SPLITMAP_DEEP-} ]]; then
    read -ra targets < <(test_targets it stress lin soak; echo)
    step "thread sanitizer" run_tests --lib "${targets[@]}" "$@"
else
    # One thread alone has no races, and the tests of the bucket map take long.
    step "thread sanitizer, stress" run_tests --test stress "$@"
    step "thread sanitizer, shared maps" run_tests --lib --test it "$@" -- sync_ checked
fi
