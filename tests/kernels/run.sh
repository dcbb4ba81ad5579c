#!/usr/bin/env bash
# Builds and runs the C kernel tests: plain, under the sanitizers, and for AArch64 under qemu (Debian packages
# libc6-dev-arm64-cross, libgcc-12-dev-arm64-cross, qemu-user-static). Usage: tests/kernels/run.sh [plain] [address] [realtime] [neon]
set -euo pipefail
cd "$(dirname "$0")/../.."
cc=${CC:-clang}
build=${BUILD_DIR:-build/kernels}
sources=(Sources/CKernels/*.c)
flags=(-std=c11 -O2 -g -Wall -Wextra -Werror -ISources/CKernels -ISources/CKernels/include -Itests/kernels)

compile() { # name, flags...
    local name=$1 out
    shift
    for test in tests/kernels/*_test.c; do
        out=$build/$name/$(basename "$test" .c)
        mkdir -p "$build/$name"
        "$cc" "${flags[@]}" "$@" "$test" "${sources[@]}" -o "$out" -lm
    done
}
execute() { # name, runner...
    local name=$1
    shift
    for test in tests/kernels/*_test.c; do "$@" "$build/$name/$(basename "$test" .c)"; done
}

for variant in "${@:-plain address realtime neon}"; do
    for name in $variant; do
        echo "== $name"
        case $name in
        plain) compile plain && execute plain env ;;
        address)
            compile address -fsanitize=address,undefined -fno-sanitize-recover=all
            execute address env ASAN_OPTIONS=detect_leaks=1
            ;;
        realtime)
            # -Wfunction-effects proves most of it at compile time; the sanitizer watches the rest.
            compile realtime -fsanitize=realtime -DOK_CHECK_REALTIME -Wfunction-effects
            execute realtime env RTSAN_OPTIONS=halt_on_error=1
            # Positive control: an allocation in such a function stops the program.
            "$cc" "${flags[@]}" -fsanitize=realtime -DOK_CHECK_REALTIME tests/kernels/realtime_control.c -o "$build/realtime/control"
            ! "$build/realtime/control" 2>/dev/null || { echo "RealtimeSanitizer sees nothing" >&2; exit 1; }
            ;;
        neon)
            command -v qemu-aarch64-static >/dev/null || { echo "no qemu-aarch64-static" >&2; exit 1; }
            gcc_libraries=$(ls -d /usr/lib/gcc-cross/aarch64-linux-gnu/* | tail -1)
            compile neon --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -fuse-ld=lld \
                -static -B"$gcc_libraries" -L"$gcc_libraries" -L/usr/aarch64-linux-gnu/lib
            execute neon qemu-aarch64-static
            ;;
        *) echo "unknown variant: $name" >&2; exit 2 ;;
        esac
    done
done
