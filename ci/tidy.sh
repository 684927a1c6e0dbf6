#!/usr/bin/env bash
# House rules that neither rustc nor clippy can check, by looking at the text.
#
# `ci/tidy.sh` checks the checks, then the tree; `ci/tidy.sh --self-test` does the first half only. Each
# check has to fail on every violation planted for it, and to pass a tree that comes as close to one as
# is allowed.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

MAX_FILE_LINES=700
MAX_README_LINES=80
# Where `unsafe` may be written, an extended regular expression on paths.
UNSAFE_FILES='^src/(bucket/(table/.*|marked\.rs)|reclaim/.*|sync/entry(/.*)?\.rs)$'

# Every check runs in the root of a tree, prints `file:line: complaint` and fails if it printed any.
checks=(door unsafe safety ordering models thread_local unfinished todo length readme paths hosts lock references scripts)

# ---------------------------------------------------------------------------------------------- files

# files SUFFIX...: the files of the tree that git tracks or would track, or all where there is no git.
files() {
    local suffix
    {
        git -c safe.directory='*' ls-files --cached --others --exclude-standard 2>/dev/null ||
            find . \( -name target -o -name .git \) -prune -o -type f -print | sed 's#^\./##'
    } | sort -u | while read -r path; do
        [[ -f $path ]] || continue
        for suffix in "$@"; do
            case $path in *"$suffix") echo "$path" ;; esac
        done
    done
}

rust_sources() {
    files .rs | grep '^src/' || true
}

# Sources that loom is to see all of: not the door itself, and not the unit tests.
sources_behind_the_door() {
    rust_sources | grep -vE '^src/primitive/|/tests/' || true
}

# This file names what it forbids.
texts() {
    files .rs .sh .md .toml .yml .yaml .ci/run | grep -v '^ci/tidy\.sh$' || true
}

# complain: fails if there is anything to print, and prints it.
complain() {
    ! grep .
}

# code AWK-PROGRAM FILE...: runs a program over Rust sources. It sees `raw` (the line) and `line` (the
# line without comments and the insides of strings), arrays of both by line number, and `in_use`
# (this line is part of a `use` item). `word(line, "a|b")` matches whole words.
code() {
    local program=$1
    shift
    [[ $# -gt 0 ]] || return 0
    awk '
        function word(text, pattern) {
            return text ~ ("(^|[^A-Za-z0-9_])(" pattern ")($|[^A-Za-z0-9_])")
        }
        # The line holds a comment only; a comment or an attribute only.
        function comment(number) {
            return raws[number] ~ /^[ \t]*\/\//
        }
        function aside(number) {
            return comment(number) || raws[number] ~ /^[ \t]*#!?\[/
        }
        function complaint(text) {
            print FILENAME ":" FNR ": " text
        }
        FNR == 1 { split("", raws); split("", lines); use_open = 0; use_text = "" }
        {
            raw = $0
            line = raw
            gsub(/'\''\\?"'\''/, "_", line)
            gsub(/"([^"\\]|\\.)*"/, "\"\"", line)
            sub(/\/\/.*/, "", line)
            raws[FNR] = raw
            lines[FNR] = line
            in_use = use_open || line ~ /^[ \t]*(pub(\([a-z: ]+\))? +)?use /
            use_text = use_open ? use_text line : line
            use_open = in_use && line !~ /;/
        }
        '"$program" "$@"
}

# --------------------------------------------------------------------------------------------- checks

# Atomics, locks, threads and arc-swap come through `src/primitive` only, so loom sees them all.
check_door() {
    local sources
    mapfile -t sources < <(sources_behind_the_door)
    # The second rule is for `use std::{collections::HashMap, sync::Arc}`, on one line or several.
    code '
        word(line, "(std|core|alloc)::(sync|thread)") || word(line, "parking_lot|arc_swap|loom") {
            complaint("goes round src/primitive: " raw)
            next
        }
        in_use && !use_open && use_text ~ /use +(::)?(std|core|alloc)::\{/ &&
            use_text ~ /[{,][ \t]*(sync|thread)[ \t]*(::|,|\}| as )/ {
            complaint("goes round src/primitive: " raw)
        }
    ' "${sources[@]}" | complain
}

# `unsafe` has its places.
check_unsafe() {
    local sources
    mapfile -t sources < <(rust_sources | grep -vE "$UNSAFE_FILES")
    code 'word(line, "unsafe") { complaint("unsafe outside its files: " raw) }' "${sources[@]}" | complain
}

# Every unsafe block and impl says why it is sound, at most three lines of code further up; every
# unsafe function of the crate says what it asks of its caller.
check_safety() {
    local sources
    mapfile -t sources < <(files .rs)
    code '
        function said(tag, slack,    at) {
            for (at = FNR; at > 0; at--) {
                if (raws[at] ~ tag) return 1
                if (at < FNR && !aside(at) && --slack < 0) return 0
            }
            return 0
        }
        line ~ /(^|[^A-Za-z0-9_])unsafe[ \t]*(\{|impl[ <])/ && !said("SAFETY:", 3) {
            complaint("no SAFETY comment: " raw)
        }
        FILENAME ~ /^src\// && line ~ /(^|[^A-Za-z0-9_])unsafe +fn +[a-z_]/ && !said("# Safety", 0) {
            complaint("no # Safety section: " raw)
        }
    ' "${sources[@]}" | complain
}

# Every memory ordering says what it pairs with: an ORDERING comment that reaches into the twelve
# lines above.
check_ordering() {
    local sources
    mapfile -t sources < <(rust_sources)
    code '
        function said(    at) {
            for (at = FNR; at > 0; at--) {
                if (at < FNR - 12 && !(comment(at) && comment(at + 1))) return 0
                if (raws[at] ~ /ORDERING:/) return 1
            }
            return 0
        }
        # Asking for an ordering is not using it.
        { gsub(/[!=]= *(Ordering::)?[A-Z][A-Za-z]+/, "", line) }
        !in_use && word(line, "SeqCst|Acquire|Release|AcqRel|Relaxed") && !said() {
            complaint("no ORDERING comment: " raw)
        }
    ' "${sources[@]}" | complain
}

# A model that a comment names, as `file::function`, exists: the weakening check runs those first.
check_models() {
    local sources
    mapfile -t sources < <(rust_sources)
    code '
        function named(    list, models, at) {
            while (match(prose, /Models?: [^.]*/)) {
                list = substr(prose, RSTART, RLENGTH)
                prose = substr(prose, RSTART + RLENGTH)
                sub(/^Models?: /, "", list)
                split(list, models, /, +/)
                for (at in models) print FILENAME ":" begin ": " models[at]
            }
            prose = ""
        }
        FNR == 1 { prose = "" }
        comment(FNR) {
            if (prose == "") begin = FNR
            text = raw
            sub(/^[ \t]*\/\/[!\/]?[ \t]*/, "", text)
            prose = prose text " "
            next
        }
        { named() }
    ' "${sources[@]}" | while read -r place model; do
        if ! [[ $model =~ ^([a-z]+)::([a-z0-9_]+)$ ]] ||
            ! grep -qs "^fn ${BASH_REMATCH[2]}()" "loom-tests/tests/${BASH_REMATCH[1]}.rs"; then
            echo "$place no such model: $model"
        fi
    done | complain
}

# The macro is in the prelude of std, so the door is easily missed.
check_thread_local() {
    local sources
    mapfile -t sources < <(sources_behind_the_door)
    code '
        in_use && !use_open && use_text ~ /crate::primitive::/ && word(use_text, "thread_local") { imported[FILENAME] }
        line ~ /(^|[^A-Za-z0-9_])thread_local!/ && !(FILENAME in imported) {
            complaint("thread_local! is not the one of src/primitive: " raw)
        }
    ' "${sources[@]}" | complain
}

# Nothing unfinished is committed.
check_unfinished() {
    { texts | xargs -r -d '\n' grep -nHE '\b(todo|unimplemented)!|\b(FIXME|XXX)\b' || true; } | complain
}

# What is put off is written down where it is not forgotten.
check_todo() {
    { texts | xargs -r -d '\n' grep -nHE '\bTODO\b' | grep -vE '\bTODO\(#[0-9]+\)' || true; } | complain
}

# A file is read in one sitting.
check_length() {
    local path lines
    files .rs .sh .ci/run | while read -r path; do
        lines=$(wc -l <"$path")
        ((lines <= MAX_FILE_LINES)) || echo "$path:$lines: more than $MAX_FILE_LINES lines"
    done | complain
}

check_readme() {
    local lines=0
    [[ ! -e README.md ]] || lines=$(wc -l <README.md)
    if ((lines == 0)); then
        echo "README.md:0: missing or empty"
    elif ((lines > MAX_README_LINES)); then
        echo "README.md:$lines: more than $MAX_README_LINES lines"
    fi | complain
}

# Nobody else has these directories.
check_paths() {
    { texts | xargs -r -d '\n' grep -nHE '(^|[^A-Za-z0-9_.~/-])/(work|tmp|root|home|Users)(/|\b)' || true; } | complain
}

# Addresses lead to pages for readers, never to a registry or a mirror.
check_hosts() {
    {
        texts | xargs -r -d '\n' grep -nHoE 'https?://[A-Za-z0-9.-]+' |
            grep -vE '://(localhost|github\.com|docs\.rs|doc\.rust-lang\.org|rust-lang\.github\.io|(www\.)?apache\.org|opensource\.org|keepachangelog\.com|semver\.org|(pkg\.)?go\.dev|en\.wikipedia\.org|doi\.org)$'
        texts | xargs -r -d '\n' grep -nHiE '\b(crates|npmjs|pypi|pythonhosted|debian|npm)\.(io|org|com|net)\b'
        true
    } | complain
}

# The lock file names the registry that cargo names by default, whatever this machine goes through.
check_lock() {
    {
        files Cargo.lock | xargs -r -d '\n' grep -nH '^source = ' |
            grep -v '"registry+https://github.com/rust-lang/crates\.io-index"$'
        true
    } | complain
}

# A page or script that a text names exists.
check_references() {
    local known
    known=$(files '' | sed 's#.*/##' | sort -u)
    {
        # shellcheck disable=SC2016 # a dollar sign, the start of a variable in a script
        texts | xargs -r -d '\n' grep -noHE '[$A-Za-z0-9_-][A-Za-z0-9_./-]*\.(md|sh)\b' |
            awk -F: -v known="$known" '
                BEGIN { split(known, names, "\n"); for (n in names) exists[names[n]] }
                { name = $3; sub(/.*\//, "", name) }
                $3 !~ /^\$/ && !(name in exists) { print $1 ":" $2 ": no such file: " $3 }'
        true
    } | complain
}

# Scripts stop at the first error, and can be started as they are.
check_scripts() {
    local path
    files .sh .ci/run | while read -r path; do
        grep -q '^source ' "$path" || grep -q '^set -euo pipefail$' "$path" || [[ $path == ci/lib.sh ]] ||
            echo "$path:1: no 'set -euo pipefail'"
        [[ -x $path || $path == ci/lib.sh ]] || echo "$path:1: not executable"
    done | complain
}

# run_checks NAME...: runs them all, however many fail.
run_checks() {
    local check complaints failed=0
    for check in "$@"; do
        complaints=$("check_$check") || {
            failed=1
            printf '%s\n' "$complaints" | sed "s/^/[$check] /" >&2
        }
    done
    return "$failed"
}

# ------------------------------------------------------------------------------------------ self-test

# plant PATH: writes stdin there, in the current tree.
plant() {
    mkdir -p "$(dirname "$1")"
    cat >"$1"
}

# plant_innocent: a small tree that no check may complain about.
plant_innocent() {
    echo "# See README.md and ci/a.sh, or https://docs.rs/splitmap." | plant README.md
    # shellcheck disable=SC2016 # the same
    printf 'set -euo pipefail\n"ci/$name.sh"\n' | plant ci/a.sh
    chmod +x ci/a.sh
    plant Cargo.lock <<'EOF'
source = "registry+https://github.com/rust-lang/crates.io-index"
EOF
    plant src/primitive/native.rs <<'EOF'
pub(crate) use std::sync::{Arc, atomic::Ordering::{Acquire, Relaxed}};
use parking_lot::Mutex;
EOF
    plant src/sync/mod.rs <<'EOF'
//! Not `std::sync::Mutex`, not unsafe; Relaxed in prose.
#![deny(unsafe_code, unsafe_op_in_unsafe_fn)]
use std::{collections::HashMap, hash::BuildHasher};
use crate::primitive::{
    Ordering::{self, Acquire},
    thread_local,
};
thread_local! {}
// TODO(#12): a shorter wait.
#[cfg(splitmap_loom)]
fn get(&self) -> Option<usize> {
    assert!(order != Ordering::SeqCst);
    let message = "unsafe: std::sync, '\"' and Relaxed // in a string";
    // ORDERING: Acquire pairs with the Release in `set`.
    self.cell.load(Acquire).cmp(&other) == std::cmp::Ordering::Less
}
EOF
    plant src/reclaim/slot.rs <<'EOF'
/// Frees it.
///
/// # Safety
///
/// Nobody reads it.
#[inline]
pub(super) unsafe fn free(at: *mut u8) {
    // SAFETY: the caller says so, and it is
    // a long story.
    let _gone =
        unsafe { Box::from_raw(at) };
}
EOF
}

# trial CHECK DESCRIPTION: runs stdin as a script in an innocent tree; then CHECK has to complain, or
# nobody may if CHECK is `none`.
trial() {
    local check=$1 description=$2 among=("$1") tree other
    [[ $check != none ]] || among=("${checks[@]}")
    tree=$(mktemp -d "$trials/XXXXXX")
    mkdir -p "$tree"
    (
        cd "$tree"
        git init -q . 2>/dev/null || true
        plant_innocent
        # shellcheck disable=SC1091 # the script of this trial
        source /dev/stdin
        for other in "${among[@]}"; do
            if "check_$other" >complaints; then
                [[ $other != "$check" ]] || { echo "[$check] missed: $description" >&2; exit 1; }
            else
                [[ $other == "$check" ]] || { echo "[$other] wrongly complains: $description" >&2; cat complaints >&2; exit 1; }
            fi
        done
    )
    count=$((count + 1))
}

self_test() {
    local count=0
    trials=$(mktemp -d)
    trap 'rm -rf "$trials"' RETURN

    trial none 'an innocent tree' <<<':'

    trial door 'an atomic of std' <<<"echo 'use std::sync::atomic::AtomicU8;' | plant src/a.rs"
    trial door 'a nested import' <<<"echo 'use std::{mem, sync::Arc};' | plant src/a.rs"
    trial door 'an import on several lines' <<<"printf 'use std::{\n    mem,\n    thread,\n};\n' | plant src/a.rs"
    trial door 'core' <<<"echo 'fn f() { core::sync::atomic::fence(o) }' | plant src/a.rs"
    trial door 'a thread' <<<"echo 'fn f() { std::thread::spawn(g); }' | plant src/sync/a.rs"
    trial door 'parking_lot' <<<"echo 'type M = parking_lot::Mutex<u8>;' | plant src/bucket/a.rs"
    trial door 'arc-swap' <<<"echo 'use arc_swap::ArcSwap;' | plant src/sync/a.rs"
    trial door 'loom' <<<"echo 'use loom::model;' | plant src/lib.rs"

    trial unsafe 'a block elsewhere' <<<"printf '// SAFETY: fine.\nlet a = unsafe { f() };\n' | plant src/sync/a.rs"
    trial unsafe 'a file with a similar name' <<<"printf '// SAFETY: fine.\nunsafe impl Send for A {}\n' | plant src/bucket/table.rs"
    trial unsafe 'a lint that is opened does not help' <<<"printf '#![expect(unsafe_code)]\nunsafe extern \"C\" {}\n' | plant src/lib.rs"

    trial safety 'a block without a comment' <<<"echo 'let a = unsafe { f() };' | plant src/reclaim/a.rs"
    trial safety 'an impl without a comment' <<<"echo 'unsafe impl<K> Send for A<K> {}' | plant src/sync/entry.rs"
    trial safety 'a comment too far up' <<<"printf '// SAFETY: fine.\na();\nb();\nc();\nd();\nunsafe { f() }\n' | plant src/reclaim/a.rs"
    trial safety 'a test' <<<"echo 'let a = unsafe { f() };' | plant tests/it/a.rs"
    trial safety 'a function without a section' <<<"printf '/// Frees.\nunsafe fn free() {}\n' | plant src/bucket/table/raw.rs"

    trial ordering 'no comment' <<<"echo 'a.load(Ordering::Acquire);' | plant src/a.rs"
    trial ordering 'no comment, bare' <<<"echo 'a.store(1, Relaxed);' | plant src/primitive/a.rs"
    trial ordering 'one of several lines' <<<"printf 'a.swap(\n    1,\n    AcqRel,\n);\n' | plant src/a.rs"
    trial ordering 'a comment that is too far up' <<<"{ echo '// ORDERING: x'; seq 12 | sed 's/.*/f();/'; echo 'fence(SeqCst);'; } | plant src/a.rs"
    trial none 'a long comment' <<<"{ seq 20 | sed '1s#.*#// ORDERING: x#; 2,\$s#.*#// and#'; seq 11 | sed 's/.*/f();/'; echo 'fence(SeqCst);'; } | plant src/a.rs"
    trial ordering 'a use item ends' <<<"printf 'use a::{\n    Relaxed,\n};\na.store(1, Relaxed);\n' | plant src/a.rs"

    trial models 'a model that is gone' <<<"printf '// ORDERING: Relaxed. Model:\n// sb::gone.\na.load(Relaxed);\n' | plant src/a.rs"
    trial models 'one of two' <<<"printf 'fn two() {}\n' | plant loom-tests/tests/sb.rs; printf '// Models: sb::two, sb::gone.\nf();\n' | plant src/a.rs"
    trial none 'models that exist' <<<"printf 'fn two() {}\nfn keys() {}\n' | plant loom-tests/tests/sb.rs; printf '// ORDERING: x. Models: sb::two,\n// sb::keys.\nf();\n' | plant src/a.rs"

    trial thread_local 'the one of std' <<<"echo 'thread_local! {}' | plant src/reclaim/a.rs"

    trial unfinished 'todo' <<<"echo 'fn f() { todo!() }' | plant src/a.rs"
    trial unfinished 'unimplemented' <<<"echo 'fn f() { unimplemented!(\"b\") }' | plant benches/src/a.rs"
    trial unfinished 'FIXME' <<<"echo '# FIXME later' >> ci/a.sh"
    trial unfinished 'XXX' <<<"echo '// XXX' | plant tests/a.rs"

    trial todo 'without a number' <<<"echo '// TODO: think' | plant src/a.rs"
    trial todo 'with a name' <<<"echo '// TODO(me): think' | plant examples/a.rs"

    trial length 'a long file' <<<"seq $((MAX_FILE_LINES + 1)) | sed 's#^#//#' | plant tests/a.rs"

    trial readme 'a long README' <<<"seq $((MAX_README_LINES + 1)) | plant README.md"
    trial readme 'an empty README' <<<": | plant README.md"

    trial paths 'a checkout' <<<"echo '// in /home/me/checkout' | plant src/a.rs"
    trial paths 'a temporary directory' <<<"echo 'dir=/tmp' >> ci/a.sh"
    trial paths 'a home' <<<"echo 'See \`/home/me/notes\`.' | plant docs/a.md"

    trial hosts 'an address' <<<"echo 'See https://index.example.net/a.' >> README.md"
    trial hosts 'a bare name' <<<"echo '// from static.crates.io' | plant src/a.rs"

    trial lock 'a mirror' <<<"echo 'source = \"registry+https://mirror.example.net/index\"' >> Cargo.lock"
    trial lock 'a git dependency' <<<"echo 'source = \"git+https://github.com/a/b\"' >> Cargo.lock"

    trial references 'a page that is gone' <<<"echo '//! See docs/GONE.md.' | plant src/a.rs"
    trial references 'a script that is gone' <<<"echo 'Run \`ci/gone.sh\`.' >> README.md"

    trial scripts 'careless' <<<"echo 'cd a' > ci/b.sh; chmod +x ci/b.sh"
    trial scripts 'not executable' <<<"chmod -x ci/a.sh"

    echo "tidy: $count trials, every planted violation was found"
}

case ${1-} in
    --self-test) step "tidy self-test" self_test ;;
    "")
        step "tidy self-test" self_test
        step "tidy" run_checks "${checks[@]}"
        ;;
    *)
        echo "usage: ci/tidy.sh [--self-test]" >&2
        exit 2
        ;;
esac
