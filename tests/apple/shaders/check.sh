#!/bin/bash
# Static check of .metal files: clang's C++ for OpenCL front end with MSL's address spaces mapped to real ones.
# It rejects mixed or missing address spaces, writes through const, threadgroup variables outside kernels, doubles.
# It must also reject every file of shaders/rejected: the check's own positive control.
# usage: check.sh SHADER_FOLDER   (CLANG: which clang)
set -u
here=$(cd "$(dirname "$0")" && pwd)
check() {
    "${CLANG:-clang}" -x cl -cl-std=clc++2021 -cl-no-stdinc -fsyntax-only \
        -Xclang -cl-ext=-__opencl_c_generic_address_space,-__opencl_c_pipes,-__opencl_c_device_enqueue,-cl_khr_fp64,-__opencl_c_fp64 \
        -Xclang -fno-builtin -I"$here/../msl" -I"$1" -Wall -Wextra -Wdouble-promotion -Wshadow -Werror \
        -Wno-unknown-attributes -Wno-unused-function -Wno-unused-const-variable "$2" 2>&1
}
failures=0
for file in "$1"/*.metal; do
    check "$1" "$file" || { echo "FAIL static check of $file"; failures=1; }
done
for file in "$here"/rejected/*.metal; do
    wanted=$(sed -n 's|^// expect: ||p' "$file")
    found=$(check "$1" "$file") && { echo "FAIL accepted $file"; failures=1; continue; }
    grep -qF -- "$wanted" <<<"$found" || { echo "FAIL $file was rejected, but not for: $wanted"; echo "$found"; failures=1; }
done
shaders=("$1"/*.metal) wrong=("$here"/rejected/*.metal)
[ $failures = 0 ] && echo "static check: ${#shaders[@]} shader files accepted, ${#wrong[@]} wrong ones rejected"
exit $failures
