#!/usr/bin/env bash
# The library and the services compile with the oldest Rust that the manifests promise.
#
# That compiler comes from rustup where it is installed, and otherwise from Debian, whose bookworm
# carries it for its browsers. Without their tests, whose dependencies may ask for more.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

promised=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
root=$tools_dir/rustc-$promised

if have rustup && rustup toolchain list | grep -q "^${promised}[.-]"; then
    RUSTC=$(rustup which --toolchain "$promised" rustc)
else
    RUSTC=$root/usr/bin/rustc
    export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
    if [[ ! -x $RUSTC ]]; then
        debian_open bookworm || skip "no Rust $promised to be had"
        debian_fetch bookworm "$root" './usr/*' \
            rustc-web "libstd-rust-web-$promised" libstd-rust-web-dev libllvm19 ||
            skip "no Rust $promised to be had"
    fi
fi
export RUSTC

# It is the compiler we think it is.
[[ $("$RUSTC" --version) == "rustc $promised."* ]] || skip "no Rust $promised to be had"

# Today's cargo, that day's compiler.
step "cargo check, Rust $promised" cargo check --quiet --locked --lib --all-features --target-dir "$build_dir/msrv"

# The services are there to be copied, into programs whose Rust is no newer than the library needs.
step "cargo check, services, Rust $promised" cargo check --quiet --locked --package cache-service --package tiered-cache \
    --target-dir "$build_dir/msrv"
