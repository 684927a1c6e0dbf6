# shellcheck shell=bash
# Sourced by every script in ci/: the root, quiet cargo, timing, and tools fetched on demand.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

export CARGO_TERM_PROGRESS_WHEN=never

# A clean checkout is built once: what is kept for the next edit or for a debugger is only time.
if [[ -n ${CI-} ]]; then
    export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
fi

build_dir=${CARGO_TARGET_DIR:-target}
# Absolute, since apt is called from other directories.
tools_dir=$(realpath -m "$build_dir")/ci-tools
# Read by the scripts that pass it as --target, which keeps RUSTFLAGS away from build scripts.
# shellcheck disable=SC2034
host=$(rustc -vV | sed -n 's/^host: //p')

current_step=start-up
trap 'case $? in 0 | 77) ;; *) echo "FAILED: $current_step" >&2 ;; esac' EXIT

# step NAME COMMAND...: prints the name, runs the command, prints the seconds it took.
# No `|| status=$?` in here: it would switch errexit off inside COMMAND if that is a function.
step() {
    current_step=$1
    local begin=$SECONDS
    shift
    echo "==> $current_step"
    "$@"
    echo "<== $current_step: $((SECONDS - begin)) s"
}

# skip REASON: ends the script as "not checked", which is neither a pass nor a failure.
skip() {
    echo "SKIPPED: $*" >&2
    exit 77
}

have() {
    command -v "$1" >/dev/null
}

# The `--test NAME` arguments of those integration test binaries named that exist.
test_targets() {
    local name
    for name in "$@"; do
        if [[ -e tests/$name.rs || -e tests/$name/main.rs ]]; then
            printf -- '--test %s ' "$name"
        fi
    done
}

# control BINARY PATTERN CARGO-ARGUMENT...: runs one program of ci/controls, which misbehaves on
# purpose, and fails unless it is stopped with a report that matches. A checker that is silent about
# a planted fault says nothing by being silent about the crate.
control() {
    local binary=$1 pattern=$2 output
    shift 2
    # --quiet: the report is wanted, not the build.
    if output=$(cargo run --quiet --locked --manifest-path ci/controls/Cargo.toml --bin "$binary" "$@" 2>&1); then
        echo "the planted fault '$binary' went unnoticed" >&2
        return 1
    fi
    if ! grep -qE "$pattern" <<<"$output"; then
        printf '%s\n' "$output" >&2
        echo "the planted fault '$binary' failed for another reason" >&2
        return 1
    fi
    echo "planted fault '$binary': reported"
}

# apt_private SUITE TOOL ARGUMENT...: apt with sources, lists and cache of its own, so that a fresh
# machine without lists and one with other sources behave alike, and nothing is installed.
apt_private() {
    local state=$tools_dir/apt-$1 tool=$2
    shift 2
    "$tool" -q \
        -o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# debian_open SUITE: fetches the package lists of a suite, from the mirror this machine uses anyway.
debian_open() {
    local suite=$1 state=$tools_dir/apt-$1 mirror
    have apt-get || return
    # Printed, not fetched: where each suite in the machine's own sources starts.
    mirror=$(apt-get update --print-uris | sed -n "s#^'\(.*/debian/\)dists/.*#\1#p" | sort -u | head -n 1)
    [[ -n $mirror ]] || return
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
        >"$state/sources.list"
    apt_private "$suite" apt-get update >"$state/log" 2>&1
}

# debian_fetch SUITE DIRECTORY PATTERN PACKAGE[=VERSION]...: unpacks the files that match PATTERN.
# apt checks the packages against the signed lists.
debian_fetch() {
    local suite=$1 into=$2 pattern=$3 part=$2.part archive
    shift 3
    rm -rf "$part"
    mkdir -p "$part/archives"
    (cd "$part/archives" && apt_private "$suite" apt-get download "$@" >log 2>&1) || return
    for archive in "$part"/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$part" --wildcards "$pattern" || return
    done
    rm -rf "$part/archives" "$into"
    mv "$part" "$into"
}
