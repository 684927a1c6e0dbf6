#!/usr/bin/env bash
# One map used for an hour, or `ci/soak.sh SECONDS`, while its memory has to stay level. A failure names the
# episode, and SPLITMAP_SOAK_SEED begins again with that one.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

export SPLITMAP_SOAK_SECONDS=${1:-${SPLITMAP_SOAK_SECONDS:-3600}}

# Optimised, as it ships. Not by cargo-nextest, which would lose patience.
step "soak, $SPLITMAP_SOAK_SECONDS s" cargo test --quiet --locked --release --test soak -- --nocapture
