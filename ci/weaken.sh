#!/usr/bin/env bash
# Weakens one memory ordering at a time and expects a loom model to fail: see weaken.py.
#
#   ci/weaken.sh [--list] [--only TEXT]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=${SPLITMAP_SCRATCH:-${TMPDIR:-/tmp}/splitmap-weaken}
exec python3 "$here/weaken.py" --scratch "$scratch" "$@"
