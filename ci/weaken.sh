#!/usr/bin/env bash
# Weakens one memory ordering at a time and expects a loom model to fail: see weaken.py.
# Survivors are in loom-tests/WEAKENING.md.
#
#   ci/weaken.sh [--list] [--only TEXT] [--bound SECONDS] [--slow SECONDS] [--jobs COUNT]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=${SPLITMAP_SCRATCH:-${TMPDIR:-/tmp}/splitmap-weaken}
exec nice -n 5 python3 "$here/weaken.py" --scratch "$scratch" "$@"
