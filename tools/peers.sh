#!/usr/bin/env bash
# Sees to a Prometheus and an amtool for the tests against real clients of Alertmanager's API: the system's, or Debian's
# packages where this runs as root. Never fails: without them those tests are skipped, and say so.
set -euo pipefail

works() { command -v prometheus >/dev/null && command -v amtool >/dev/null; }

works && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Prometheus and amtool from the system's packages for the tests against real clients…"
    export DEBIAN_FRONTEND=noninteractive
    # Only the programs are wanted: policy-rc.d keeps the packages from starting their services.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
        trap 'rm -f "$policy"' EXIT
    fi
    install() { timeout 240 apt-get install -y --no-install-recommends prometheus prometheus-alertmanager; }
    (install || { timeout 60 apt-get update && install; }) >/dev/null 2>&1 || true
fi
works || cat >&2 <<'TEXT'
***************************************************************************
*  There is no Prometheus here: the tests with real clients of            *
*  Alertmanager's API will be SKIPPED. Install it and amtool              *
*  (Debian: apt-get install prometheus prometheus-alertmanager).          *
***************************************************************************
TEXT
