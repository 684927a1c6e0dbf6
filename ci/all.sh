#!/usr/bin/env bash
# Everything that has to pass before a commit, cheap things first, the tests' own summary last.
# Arguments name other steps to run instead: `ci/all.sh lint doc`.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

steps=("$@")
[[ $# -gt 0 ]] || steps=(tidy lint doc api deps msrv targets loom loom_user lin shuttle planted asan "services --local" test)
skipped=()

# A script that skips (status 77) is neither a pass nor a failure, and said so.
for name in "${steps[@]}"; do
    current_step=$name begin=$SECONDS status=0
    echo "===== $name"
    read -ra arguments <<<"$name"
    bash "ci/${arguments[0]}.sh" "${arguments[@]:1}" </dev/null || status=$?
    case $status in
        0) verdict=passed ;;
        77) verdict=SKIPPED skipped+=("$name") ;;
        *) exit "$status" ;;
    esac
    echo "===== $name: $verdict, $((SECONDS - begin)) s"
done

if [[ ${#skipped[@]} -gt 0 ]]; then
    echo "NOT CHECKED: ${skipped[*]}"
fi
echo "ci: ${#steps[@]} steps, ${#skipped[@]} skipped, $SECONDS s"
