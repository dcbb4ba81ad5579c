#!/usr/bin/env bash
# Builds and runs the C kernel tests: plain, under the sanitizers, and for AArch64 under qemu (Debian packages
# libc6-dev-arm64-cross, libgcc-12-dev-arm64-cross, qemu-user-static). golden_test gets PyTorch's reference cases.
#
#   tests/kernels/run.sh [plain] [address] [realtime] [neon]
#
# The plain run takes every case of the random sweeps. The others, ten to forty times slower, take a sample of
# them (OK_TEST_SPARSE, see kernel_test.h), of the same cases on every run.
# On a Mac the plain run alone can work: Apple's clang has neither LeakSanitizer nor RealtimeSanitizer.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
cc=${CC:-clang}
build=${BUILD_DIR:-build/kernels}
flags=(-std=c11 -O2 -gline-tables-only -Wall -Wextra -Werror "-I$root/Sources/CKernels" "-I$root/Sources/CKernels/include"
    "-I$root/tests/kernels")
link=(-fuse-ld=lld -lm)
[ "$(uname -s)" != Darwin ] || link=(-lm)
jobs=$(getconf _NPROCESSORS_ONLN)

compile() { # name, flags...: every source once, then each test is linked with all kernels
    local name=$1 folder=$build/$1 test
    shift
    rm -rf "$folder" && mkdir -p "$folder"
    (cd "$folder" && printf '%s\0' "$root"/Sources/CKernels/*.c "$root"/tests/kernels/*_test.c |
        xargs -0 -n 1 -P "$jobs" "$cc" "${flags[@]}" "$@" -c)
    mkdir "$folder/tests" && mv "$folder"/*_test.o "$folder/tests"
    for test in "$folder"/tests/*.o; do "$cc" "$@" "$test" "$folder"/*.o -o "${test%.o}" "${link[@]}"; done
}
execute() { # name, runner...
    local name=$1
    shift
    # One log each, so that tests side by side do not mix their lines.
    # shellcheck disable=SC2016 # the inner shell expands
    for test in tests/kernels/*_test.c; do printf '%s\0' "$build/$name/tests/$(basename "$test" .c)"; done |
        xargs -0 -n 1 -P "$jobs" bash -c '"${@:1:$#-1}" "${@: -1}" >"${@: -1}.log" 2>&1
            status=$?; cat "${@: -1}.log"; exit $status' execute "$@"
}

mkdir -p "$build"
export OK_GOLDENS=$build/goldens.bin
"${PYTHON:-python3}" tests/kernels/goldens.py tests/data/goldens/cases "$OK_GOLDENS"
for variant in "${@:-plain address realtime neon}"; do
    for name in $variant; do
        echo "== $name"
        case $name in
        plain)
            compile plain
            execute plain env
            ;;
        address)
            # Calls to the checks, not copies of them, and no pointer checks beside AddressSanitizer's: unrolled
            # kernels take clang half the time.
            compile address -DOK_TEST_SPARSE -fsanitize=address,undefined -fno-sanitize-recover=all \
                -fno-sanitize=null,alignment,pointer-overflow -fsanitize-address-outline-instrumentation
            execute address env ASAN_OPTIONS=detect_leaks=1
            ;;
        realtime)
            # -Wfunction-effects proves most of it at compile time; the sanitizer watches the rest.
            compile realtime -DOK_TEST_SPARSE -O1 -fsanitize=realtime -DOK_CHECK_REALTIME -Wfunction-effects
            execute realtime env RTSAN_OPTIONS=halt_on_error=1
            # Positive control: an allocation in such a function stops the program.
            "$cc" "${flags[@]}" -fsanitize=realtime -DOK_CHECK_REALTIME tests/kernels/realtime_control.c \
                -o "$build/realtime/control" "${link[@]}"
            ! "$build/realtime/control" 2>/dev/null || { echo "RealtimeSanitizer sees nothing" >&2; exit 1; }
            ;;
        neon)
            command -v qemu-aarch64-static >/dev/null || { echo "no qemu-aarch64-static" >&2; exit 1; }
            gcc_libraries=$(find /usr/lib/gcc-cross/aarch64-linux-gnu -mindepth 1 -maxdepth 1 | sort | tail -1)
            x86_link=("${link[@]}")
            link=(-static -B"$gcc_libraries" -L"$gcc_libraries" -L/usr/aarch64-linux-gnu/lib "${link[@]}")
            compile neon -DOK_TEST_SPARSE --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include
            link=("${x86_link[@]}")
            execute neon qemu-aarch64-static
            ;;
        *) echo "unknown variant: $name" >&2; exit 2 ;;
        esac
    done
done
