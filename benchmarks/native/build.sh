#!/usr/bin/env bash
# Builds the C++ peers that compare.py measures when they are there, from checkouts of their repositories:
#
#   RTNEURAL=... XSIMD=... NAM_CORE=... EIGEN=... benchmarks/native/build.sh
#
# RTNEURAL: github.com/jatinchowdhury18/RTNeural at 1fb1f07; XSIMD: github.com/xtensor-stack/xsimd at 10.0.0;
# NAM_CORE: github.com/sdatkinson/NeuralAmpModelerCore at daae2d0; EIGEN: the folder that holds Eigen 3.4.
# Which variant is quickest changes with the network: compare.py takes the best for each line.
set -euo pipefail
cd "$(dirname "$0")"
out=../../.build/native
mkdir -p "$out"
common=(-std=c++20 -O3 -DNDEBUG -fPIC -fvisibility=hidden -w)
cxx=${CXX:-clang++}

if [ -n "${RTNEURAL:-}" ]; then
    rtneural=("${common[@]}" -I"$RTNEURAL" -DRTNEURAL_DEFAULT_ALIGNMENT=32 rtneural.cpp -shared)
    "$cxx" "${rtneural[@]}" -march=native -DRTNEURAL_USE_XSIMD=1 -I"$XSIMD/include" -o "$out/rtneural-xsimd.so"
    "$cxx" "${rtneural[@]}" -march=x86-64-v3 -DRTNEURAL_USE_XSIMD=1 -I"$XSIMD/include" -o "$out/rtneural-xsimd-avx2.so"
    g++ "${rtneural[@]}" -march=native -DRTNEURAL_USE_EIGEN=1 -I"$RTNEURAL/modules/Eigen" -o "$out/rtneural-eigen.so"
fi
if [ -n "${NAM_CORE:-}" ]; then
    # Relaxed arithmetic lets g++ use the C library's vector tanh, the quickest that is not NAM's approximation.
    # It holds for the compiler alone: the linker would switch the whole process to flushing denormals.
    objects=$(mktemp -d)
    trap 'rm -r "$objects"' EXIT
    for source in nam_core.cpp "$NAM_CORE"/NAM/*.cpp "$NAM_CORE"/NAM/wavenet/*.cpp; do
        g++ "${common[@]}" -march=native -ffast-math -I"$NAM_CORE" -I"$EIGEN" -I"$NAM_CORE/Dependencies/nlohmann" \
            -c "$source" -o "$objects/$(basename "$source").o"
    done
    g++ -shared "$objects"/*.o -o "$out/nam-core.so"
fi
