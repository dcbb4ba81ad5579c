#!/bin/bash
# compile.sh SOURCE.metal OUT.so: a kernel library for msl_load; what the Metal stub's makeLibrary(source:) runs.
set -e
here=$(cd "$(dirname "$0")" && pwd)
python3 "$here/signatures.py" cpu "$(readlink -f "$1")" >"$1.cpp"
exec "${CLANG:-clang}" -x c++ -std=c++17 -O2 -ffp-contract=off -fPIC -shared -DMSL_LIBRARY \
    -I"$here" -I"$here/../runtime/include" -Wno-unknown-attributes "$1.cpp" -o "$2"
