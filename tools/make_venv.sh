#!/usr/bin/env bash
# Makes a virtual environment with a pip of its own: `tools/make_venv.sh FOLDER`. Installs no packages into it.
# PYTHON names the interpreter; without it the first Python 3.11 or newer found on the PATH is taken.
set -euo pipefail

venv=$1
wanted='import sys; sys.exit(sys.version_info < (3, 11))'

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if "$candidate" -c "$wanted" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "Tocsin needs Python 3.11 or newer; tried: ${PYTHON:-python3, python3.14 … python3.11, python}." >&2
    echo "Install one, or name it: make setup PYTHON=/path/to/python3" >&2
    return 1
}

# Debian keeps ensurepip in a package of its own, so `python3 -m venv` fails on a bare python3.
has_ensurepip() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

make_it() {
    if has_ensurepip "$1"; then
        "$1" -m venv --clear "$venv"
    elif "$1" -m pip --version >/dev/null 2>&1 && "$1" -c 'import venv' 2>/dev/null; then
        # Another pip can install into an environment that has none (pip 22.3 and newer).
        "$1" -m venv --clear --without-pip "$venv"
        "$1" -m pip --quiet --python "$venv/bin/python" install pip
    elif "$1" -m virtualenv --version >/dev/null 2>&1; then
        "$1" -m virtualenv --quiet --clear "$venv"
    else
        return 1
    fi
}

install_venv_package() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    local version
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Installing Debian's python$version-venv (this Python comes without ensurepip)…"
    (apt-get update && apt-get install -y --no-install-recommends "python$version-venv") >/dev/null
}

python=$(find_python)
if ! make_it "$python"; then
    if ! { install_venv_package "$python" && has_ensurepip "$python" && make_it "$python"; }; then
        echo "$python cannot make virtual environments (it has no ensurepip)." >&2
        echo "On Debian and Ubuntu: apt-get install python3-venv    Elsewhere: pip install virtualenv" >&2
        exit 1
    fi
fi
echo "Made $venv with $("$venv/bin/python" --version)."
