#!/usr/bin/env bash
# The public API is what API.txt says. After a change that is meant: `ci/api.sh --bless`, and look at what git
# says of API.txt: a line that went away, or changed, breaks somebody's program.
#
# The list is read from rustdoc's pages, which the compiler's release may change: the first line names the one
# that made it, and with another the check is skipped.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

made_with=$(rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/# All features, rustdoc \1./')

# api: the list as of now.
api() {
    echo "$made_with"
    python3 ci/api.py "$build_dir/api/doc/splitmap"
}

# The features together: each only adds.
step "cargo doc, all features" cargo doc --quiet --locked --no-deps --lib --all-features --target-dir "$build_dir/api"

if [[ ${1-} == --bless ]]; then
    api >API.txt
    exit
fi
[[ $(head -n 1 API.txt) == "$made_with" ]] || skip "API.txt was made with another rustdoc"
# Every public item, method and implementation.
step "public API" diff -u API.txt <(api)
