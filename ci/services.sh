#!/usr/bin/env bash
# The services, as a user would start them: real HTTP, real processes, a real Redis, a real browser.
#
# `ci/services.sh` installs the last two where it can, and skips what needs a Redis that cannot be had.
# `ci/services.sh --local` installs nothing and leaves Redis out.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# installed PROGRAM PACKAGE: whether the program is there, now or after an attempt to install it.
installed() {
    have "$1" && return
    have apt-get && [[ $(id -u) == 0 ]] || return
    echo "installing $2"
    # Lists that are there may be out of date, or may do where the mirror cannot be reached.
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 || return
    have "$1"
}

# service PACKAGE: its tests, one after the other. They start servers and measure time, and would disturb
# each other; what they print is shown, since it says what was not checked. A test that hangs fails.
service() {
    cargo test --quiet --locked --package "$1" --no-run
    timeout 300 cargo test --quiet --locked --package "$1" -- --test-threads 1 --nocapture
}

case ${1-} in
    --local)
        step "cache-service" service cache-service
        exit
        ;;
    "") ;;
    *)
        echo "usage: ci/services.sh [--local]" >&2
        exit 2
        ;;
esac

installed chromium chromium || echo "NOT CHECKED: the page in a browser: there is no Chromium" >&2
step "cache-service" service cache-service

installed redis-server redis-server || skip "the tiered cache: there is no redis-server, and none can be installed"
export TIERED_CACHE_REDIS=required
step "tiered-cache" service tiered-cache
