#!/bin/bash
# The unchanged .metal files as PTX for an NVIDIA GPU: gpu/shaders.ptx. No CUDA toolkit is needed, only a clang with
# the NVPTX target (Swift's own has none; Debian's and LLVM's have it). usage: make_ptx.sh [OUT.ptx]
# PTX_CLANG picks the compiler, PTX_ARCH the architecture (sm_80 by default: runs on every later GPU too).
set -e
here=$(cd "$(dirname "$0")" && pwd)
apple=$here/..
shaders=$apple/../../Sources/Ossicle/Backends/Metal/Shaders
out=${1:-$here/shaders.ptx}
for candidate in ${PTX_CLANG:-} clang-21 clang-20 clang-19 clang-18 clang; do
    if command -v "$candidate" >/dev/null && "$candidate" --print-targets | grep -q nvptx64; then compiler=$candidate; break; fi
done
[ -n "${compiler:-}" ] || { echo "make_ptx.sh: no clang with the nvptx64 target (apt-get install clang-19, or set PTX_CLANG)" >&2; exit 2; }
unit=$(mktemp --suffix=.cu)
trap 'rm -f "$unit"' EXIT
python3 "$apple/msl/signatures.py" cuda "$shaders"/*.metal >"$unit"
# fp contraction off: a GPU in safe math mode rounds every operation, and so does the CPU run.
"$compiler" -x cuda --cuda-device-only --cuda-gpu-arch="${PTX_ARCH:-sm_80}" -nocudainc -nocudalib -std=c++17 -O3 \
    -ffp-contract=off -Xclang -target-feature -Xclang +ptx72 -I"$apple/msl" -I"$shaders" -Wall -Werror \
    -Wno-unknown-attributes -Wno-unknown-cuda-version -Wno-unused-function -Wno-unused-const-variable \
    -S "$unit" -o "$out"
if grep -E "^\.extern|^\.func.*;" "$out"; then echo "make_ptx.sh: unresolved functions in $out" >&2; exit 1; fi
echo "$out: $(grep -c '^\.visible \.entry' "$out") kernels, by $("$compiler" --version | head -1)"
if command -v "${PTXAS:-ptxas}" >/dev/null; then
    "${PTXAS:-ptxas}" -arch="${PTX_ARCH:-sm_80}" -v "$out" -o /dev/null 2>&1 | grep -E "error|Compiling|Used"
fi
