#!/usr/bin/env bash
# Sees to a Chromium for the browser tests: the system's, or Debian's package where this runs as root.
# Never fails: without Chromium those tests are skipped, and say so.
set -euo pipefail

works() { chromium --version >/dev/null 2>&1 || chromium-browser --version >/dev/null 2>&1; }

works && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium from the system's packages for the browser tests…"
    export DEBIAN_FRONTEND=noninteractive
    (timeout 60 apt-get update && timeout 240 apt-get install -y --no-install-recommends chromium) >/dev/null || true
fi
works || cat >&2 <<'TEXT'
***************************************************************************
*  There is no Chromium here: the browser tests will be SKIPPED.          *
*  Install it (Debian: apt-get install chromium) and run `make test`.     *
***************************************************************************
TEXT
