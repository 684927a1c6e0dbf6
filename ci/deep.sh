#!/usr/bin/env bash
# The long checks, for a night or a release. Each has a length that the environment may set:
#
#   ci/deep.sh SECONDS            for each stress test, in every build; 60
#   SPLITMAP_LIN_HISTORIES        recorded histories; 1,000,000
#   SPLITMAP_SHUTTLE_SCHEDULES    random schedules, times as many as usual; 20
#   SPLITMAP_SOAK_SECONDS         one map under load; 3600
#   SPLITMAP_FUZZ_SECONDS         shared by the fuzz targets; 1800
#
# SPLITMAP_DEEP_STEPS names other steps than all of them.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

export SPLITMAP_DEEP=1 NEXTEST_PROFILE=deep
export SPLITMAP_STRESS_SECONDS=${1:-60}
export SPLITMAP_SHUTTLE_SCHEDULES=${SPLITMAP_SHUTTLE_SCHEDULES:-20}
export SPLITMAP_FUZZ_SECONDS=${SPLITMAP_FUZZ_SECONDS:-1800}
histories=${SPLITMAP_LIN_HISTORIES:-1000000} soak=${SPLITMAP_SOAK_SECONDS:-3600}
# Not for the builds in which every call takes many times as long.
unset SPLITMAP_LIN_HISTORIES SPLITMAP_SOAK_SECONDS

read -ra steps <<<"${SPLITMAP_DEEP_STEPS:-loom loom_user lin shuttle planted services test asan tsan valgrind fuzz soak}"
for name in "${steps[@]}"; do
    current_step=$name
    case $name in
        lin) SPLITMAP_LIN_HISTORIES=$histories bash ci/all.sh lin ;;
        soak) SPLITMAP_SOAK_SECONDS=$soak bash ci/all.sh soak ;;
        *) bash ci/all.sh "$name" ;;
    esac
done
