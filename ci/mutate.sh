#!/usr/bin/env bash
# Changes the reclaimer and the state machine in one place at a time and expects a test to fail: see mutate.py.
#
#   ci/mutate.sh [--list] [--only TEXT] [--loom] [--jobs COUNT]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=${SPLITMAP_SCRATCH:-${TMPDIR:-/tmp}/splitmap-mutate}
exec nice -n 5 python3 "$here/mutate.py" --scratch "$scratch" "$@"
