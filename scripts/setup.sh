# shellcheck shell=bash
# Set-up shared by scripts/demo and scripts/test; source it. Everything it makes is kept and reused while unchanged.
#
# Afterwards: $root (the repository), $swift (the swift command), $python (the interpreter of .venv, where the wheel
# built from this tree is installed), $wheel.
# Packages come from the network once; then from $OSSICLE_CACHE (~/.cache/ossicle), also for other clones.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root" || exit 1
cache="${OSSICLE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ossicle}"
say() { printf '\n== %s\n' "$*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# need COMMAND PACKAGE...: the command, installed by apt when it is missing and we may.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    local command="$1"; shift
    { get "$@" && command -v "$command" >/dev/null 2>&1; } ||
        die "$command is needed and could not be installed. On Debian or Ubuntu: sudo apt-get install $*"
}

# get PACKAGE...: installs system packages, quietly; false when that cannot be done here.
get() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "Installing system packages: $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >/dev/null 2>&1 ||
        { apt-get update -q >/dev/null 2>&1 &&
          DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >/dev/null 2>&1; }
}

find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            command -v "$candidate"; return
        fi
    done
    die "Python 3.10 or newer is needed; found: $(python3 --version 2>&1). On Debian or Ubuntu: sudo apt-get install" \
        "python3 python3-venv python3-dev; on a Mac: brew install python"
}

make_environment() {
    local base; base="$(find_python)" || exit 1
    python="$root/.venv/bin/python"
    # A folder that was moved has an interpreter that no longer starts or scripts that point elsewhere.
    if [ -e .venv ] && ! [ "$("$python" -c 'import sys; print(sys.prefix)' 2>/dev/null)" -ef "$root/.venv" ]; then
        rm -rf .venv
    fi
    [ -x "$python" ] && return
    say "Making a virtual environment in .venv"
    "$base" -m venv .venv 2>/dev/null || { rm -rf .venv; get python3-venv && "$base" -m venv .venv; } ||
        die "python3 -m venv does not work. On Debian or Ubuntu: sudo apt-get install python3-venv"
}

# The extension needs Python's headers, which some distributions ship apart.
check_headers() {
    "$python" -c 'import os, sysconfig; os.stat(sysconfig.get_paths()["include"] + "/Python.h")' 2>/dev/null && return
    get python3-dev ||
        die "Python.h is missing. On Debian or Ubuntu: sudo apt-get install python3-dev"
}

# install_requirements FILE: from the cache when it has everything, else from the network into the cache.
install_requirements() {
    local file="$1" stamp=".venv/${1##*/}.stamp" wheels="$cache/wheels"
    cat scripts/requirements*.txt | cmp -s - "$stamp" && return
    say "Installing Python packages ($file)"
    mkdir -p "$wheels"
    export PIP_DISABLE_PIP_VERSION_CHECK=1
    local offline=(-m pip install -q --no-index --find-links "$wheels" -r "$file")
    if ! "$python" "${offline[@]}" 2>/dev/null; then
        { "$python" -m pip download -q --only-binary :all: -d "$wheels" -r "$file" && "$python" "${offline[@]}"; } ||
            die "Python packages could not be fetched, and $wheels does not have them all: run this once with a network."
    fi
    cat scripts/requirements*.txt >"$stamp"
}

# Builds the wheel from this tree and installs it, unless nothing it is made of has changed.
install_wheel() {
    local state
    state="$(find Sources python scripts Package.swift pyproject.toml setup.py MANIFEST.in README.md LICENSE \
        -type f ! -name '*.pyc' ! -name '*.so' ! -path '*.egg-info/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
        $("$swift" --version 2>/dev/null)"
    if [ "$(cat .venv/wheel.stamp 2>/dev/null)" != "$state" ]; then
        say "Building the engine and the wheel"
        rm -rf .build/dist build
        "$python" -m pip wheel -q --no-deps --no-build-isolation -w .build/dist "$root" ||
            die "The wheel could not be built."
        "$python" -m pip install -q --no-index --no-deps --force-reinstall .build/dist/ossicle-*.whl ||
            die "The wheel could not be installed."
        printf '%s' "$state" >.venv/wheel.stamp
    fi
    # shellcheck disable=SC2034 # for who sources this
    wheel="$(ls .build/dist/ossicle-*.whl)"
}

# set_up_tools REQUIREMENTS: Swift, Python and its packages.
set_up_tools() {
    local base; base="$(find_python)" || exit 1
    swift="$("$base" scripts/build.py --swift)" || exit 1
    make_environment
    install_requirements "$1"
}

# set_up REQUIREMENTS: those, and the wheel of this tree.
set_up() {
    set_up_tools "$1"
    check_headers
    install_wheel
}
