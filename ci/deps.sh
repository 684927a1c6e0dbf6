#!/usr/bin/env bash
# Dependencies: their licences, no crate twice in what users build, and an honest manifest.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# licences: fails on a package of the workspace's tree whose licence deny.toml does not allow.
# `A OR B` needs one of them, `A AND B` both.
licences() {
    # Every package once, on every platform, for every purpose.
    cargo tree --locked --workspace --target all --prefix none --format '{l}|{p}' |
        sed 's/ (.*//' | sort -u |
        awk -F'|' '
            FILENAME == "deny.toml" {
                if (/^allow = \[/) open = 1
                if (open && match($0, /"[^"]+"/)) allowed[substr($0, RSTART + 1, RLENGTH - 2)] = 1
                if (/\]/) open = 0
                next
            }
            {
                seen++
                expression = $1
                gsub(/[()]/, "", expression)
                gsub("/", " OR ", expression)
                parts = split(expression, part, / AND /)
                for (p = 1; p <= parts; p++) {
                    fine = 0
                    options = split(part[p], option, / OR /)
                    for (o = 1; o <= options; o++) if (option[o] in allowed) fine = 1
                    if (!fine) { print $2 ": licence not in deny.toml: " $1; bad = 1; break }
                }
            }
            END {
                if (!seen) { print "no packages seen"; bad = 1 }
                exit bad
            }' deny.toml -
}

# duplicates: fails if a user of the library would build one crate in two versions.
duplicates() {
    local twice
    # Only what the library needs; what the tests and the peers in the benchmarks bring is our own load.
    twice=$(cargo tree --locked --quiet --package splitmap --edges normal --target all --duplicates --depth 0)
    [[ -z $twice ]] || {
        echo "$twice"
        return 1
    }
}

# minimal: the library compiles with the oldest releases of its dependencies that the manifest allows.
# In a copy, since it needs a lock file of its own.
minimal() {
    local copy
    copy=$(mktemp -d)
    cp -r Cargo.toml src "$copy"
    # The library alone: the other members are published nowhere.
    sed -i "s/^members = .*/members = []/" "$copy/Cargo.toml"
    (
        cd "$copy"
        # Ours as old as can be, what they depend on as new as can be.
        RUSTC_BOOTSTRAP=1 cargo generate-lockfile --quiet -Zdirect-minimal-versions
        # Not the tests: their dependencies are nobody else's concern.
        RUSTFLAGS="" cargo check --quiet --lib --target-dir "$minimal_target"
    )
    rm -rf "$copy"
}
minimal_target=$(realpath -m "$build_dir")/minimal

step "licences" licences
step "duplicates" duplicates
step "minimal versions" minimal

# The same rules once more, and bans and sources, by the tool they are written for.
if have cargo-deny; then
    step "cargo deny" cargo deny --all-features check licenses bans sources
fi
