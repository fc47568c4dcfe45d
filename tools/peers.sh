#!/usr/bin/env bash
# Sees to the programs that tests work with as they are: Prometheus and amtool, real clients of Alertmanager's API, and
# nginx, a website to measure. The system's, or Debian's packages where this runs as root. Never fails: without them
# those tests are skipped, and say so.
set -euo pipefail

PATH="$PATH:/usr/sbin:/usr/local/sbin"
works() { command -v prometheus && command -v amtool && command -v nginx; } >/dev/null

works && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Prometheus, amtool and nginx from the system's packages for the tests against real programs…"
    export DEBIAN_FRONTEND=noninteractive
    # Only the programs are wanted: policy-rc.d keeps the packages from starting their services.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    install() { timeout 240 apt-get install -y --no-install-recommends prometheus prometheus-alertmanager nginx; }
    (install || { timeout 60 apt-get update && install; }) >/dev/null 2>&1 || true
fi
works || cat >&2 <<'TEXT'
***************************************************************************
*  Prometheus, amtool or nginx is not here: the tests that work with      *
*  them will be SKIPPED. Install them                                     *
*  (Debian: apt-get install prometheus prometheus-alertmanager nginx).    *
***************************************************************************
TEXT
