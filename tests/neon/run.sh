#!/usr/bin/env bash
# The NEON kernels on everything the planner makes of the goldens: planned here by Swift, run under qemu-aarch64
# (Debian packages libc6-dev-arm64-cross, libgcc-12-dev-arm64-cross, qemu-user-static).
#
#   tests/neon/run.sh IMAGES      a folder of images: OSSICLE_IMAGES=IMAGES swift test --filter ProgramImage
set -euo pipefail
images=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${BUILD_DIR:-.build/neon}
gcc_libraries=$(find /usr/lib/gcc-cross/aarch64-linux-gnu -mindepth 1 -maxdepth 1 | sort | tail -1)
mkdir -p "$build"
"${CC:-clang}" -std=c11 -O2 -g -Wall -Wextra -Werror -ISources/CKernels -ISources/CKernels/include \
    --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -fuse-ld=lld -static -B"$gcc_libraries" \
    -L"$gcc_libraries" -L/usr/aarch64-linux-gnu/lib tests/neon/goldens.c Sources/CKernels/*.c -o "$build/goldens" -lm
qemu-aarch64-static "$build/goldens" neon "$images"/*.image
qemu-aarch64-static "$build/goldens" --spoiled neon "$images"/*.image
