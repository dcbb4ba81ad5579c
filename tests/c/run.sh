#!/usr/bin/env bash
# The C side: headers as C11 and C++17, the interface tests, the example built by pkg-config, and the sanitizers.
#
#   tests/c/run.sh [headers] [interface] [example] [sanitizers]     all of them without an argument
# $PYTHON runs scripts/build.py; Swift is found by it.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$root"
python="${PYTHON:-python3}"
swift="$("$python" scripts/build.py --swift)"
clang="$(dirname "$swift")/clang"
# The sanitizers' runtimes belong to the Swift toolchain's clang; the rest is also a matter for the system's compiler.
cc="$(command -v "${CC:-cc}" || echo "$clang")"
cxx="$(command -v "${CXX:-c++}" || echo "$clang++")"
strict=(-Wall -Wextra -Wpedantic -Werror)
models="$root/tests/data/models"
coreml="$root/tests/data/coreml"
work="$root/.build/c-tests"
prefix="$work/installed here"          # a path with a space, on purpose
mkdir -p "$work"

headers() {
    local header compiler
    for header in ossicle.h $(cd Sources/COssicle/include && ls ossicle/*.h); do
        printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$work/header.c"
        cp "$work/header.c" "$work/header.cpp"
        for compiler in "$cc" "$clang"; do
            "$compiler" -std=c11 "${strict[@]}" -fsyntax-only -ISources/COssicle/include "$work/header.c"
        done
        for compiler in "$cxx" "$clang++"; do
            "$compiler" -std=c++17 "${strict[@]}" -fsyntax-only -ISources/COssicle/include "$work/header.cpp"
        done
    done
    # Positive control: the flags are strict enough to refuse an old habit.
    printf '#include <ossicle.h>\nint f() { int unused; return 0; }\n' >"$work/header.c"
    if "$cc" -std=c11 "${strict[@]}" -fsyntax-only -ISources/COssicle/include "$work/header.c" 2>/dev/null; then
        echo "the header check accepts anything" >&2; return 1
    fi
    echo "headers: C11 and C++17"
    framework
}

# The headers where OssicleC.framework has them, as Apple's compilers see them. Nothing of the system is needed:
# a freestanding clang has <stddef.h> and <stdint.h> of its own.
framework() {
    local bundle="$work/frameworks/OssicleC.framework" target path="$work/framework"
    local options=(-ffreestanding -nostdlibinc -fsyntax-only -F "$work/frameworks")
    local modules=(-fmodules "-fmodules-cache-path=$work/modules")
    rm -rf "$work/frameworks"
    scripts/framework_headers.sh "$bundle"
    printf '#include <OssicleC/ossicle.h>\n' >"$path.c"
    printf '@import OssicleC;\n' >"$path.m"
    printf 'int version(void) { return (int)ossicle_abi_version(); }\n' | tee -a "$path.c" >>"$path.m"
    for target in arm64-apple-macosx13.3 arm64-apple-ios16.4; do
        "$clang" "--target=$target" -std=c11 "${strict[@]}" "${options[@]}" "$path.c"
        "$clang" "--target=$target" "${strict[@]}" "${options[@]}" "${modules[@]}" "$path.m"
    done
    # Positive control: a header that looks for another one through the folder's name does not find it.
    sed -i.old 's|"status.h"|"ossicle/status.h"|' "$bundle/Headers/ossicle/model.h"
    for target in "$path.c" "$path.m"; do
        if "$clang" --target=arm64-apple-macosx13.3 "${options[@]}" "${modules[@]}" "$target" 2>"$work/framework.txt"; then
            echo "the framework check accepts anything" >&2; return 1
        fi
        grep -q "'ossicle/status.h' file not found" "$work/framework.txt"
    done
    echo "headers: as a framework, included and imported"
}

installed() {
    command -v pkg-config >/dev/null || { echo "pkg-config is needed (on a Mac: brew install pkgconf)" >&2; return 1; }
    "$python" scripts/build.py --prefix "$prefix"
    export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
    release="-DRELEASE=\"$(pkg-config --modversion ossicle)\""
    local found
    flags=()
    found="$(pkg-config --cflags --libs ossicle)"
    eval "flags=($found)" # quoted by pkg-config
    flags+=("-Wl,-rpath,$prefix/lib")
}

interface() {
    installed
    "$cc" -std=c11 "${strict[@]}" -O1 tests/c/abi_test.c "$release" "${flags[@]}" -lm -o "$work/abi_test"
    "$work/abi_test" "$models/nam"
    "$cc" -std=c11 "${strict[@]}" -O1 tests/c/hybrid_test.c "${flags[@]}" -lm -o "$work/hybrid_test"
    "$work/hybrid_test" "$models/nam" "$work/hybrid.safetensors"
    "$cc" -std=c11 "${strict[@]}" -O1 tests/c/threads_test.c "${flags[@]}" -lpthread -o "$work/threads_test"
    "$work/threads_test" "$models/nam/BossWN-nano.nam"
    "$cc" -std=c11 "${strict[@]}" -O1 tests/c/coreml_test.c "${flags[@]}" -o "$work/coreml_test"
    "$work/coreml_test" "$coreml" "$work"
    "$cc" -std=c11 "${strict[@]}" -O1 tests/c/inference_test.c "${flags[@]}" -lm -o "$work/inference_test"
    "$work/inference_test" "$coreml"
}

example() {
    installed
    local phrase="$root/examples/audio/phrase.wav" model="$models/nam/BossWN-nano.nam"
    "$cc" -std=c11 "${strict[@]}" -O2 examples/c/stream_wav.c examples/c/wav.c "${flags[@]}" -o "$work/stream_wav"
    "$work/stream_wav" "$model" "$phrase" "$work/out 64.wav"
    "$work/stream_wav" "$model" "$phrase" "$work/out 1000.wav" 1000
    if "$work/stream_wav" "$phrase" "$phrase" "$work/none.wav" 2>"$work/error.txt"; then
        echo "a WAV file was accepted as a model" >&2; return 1
    fi
    grep -q phrase.wav "$work/error.txt"
    "$python" - "$phrase" "$work/out 64.wav" "$work/out 1000.wav" <<'CHECK'
import array, sys
def floats(path):
    data = open(path, "rb").read()
    return array.array("f", data[58:])
small, large = map(floats, sys.argv[2:])
frames = (len(open(sys.argv[1], "rb").read()) - 44) // 2
assert len(small) == len(large) == frames, (len(small), len(large), frames)
assert max(abs(a - b) for a, b in zip(small, large)) < 1e-5, "block size changes the sound"
peak = max(map(abs, small))
assert 0.01 < peak < 10, peak
print(f"example: {frames} frames, peak {peak:.3f}, the same in blocks of 64 and 1000")
CHECK
    # The installed library from Swift: its module map is found by itself and names the library to link.
    printf 'import OssicleC\nprint(String(cString: ossicle_version()))\n' >"$work/version.swift"
    "$(dirname "$swift")/swiftc" "$work/version.swift" -I "$prefix/include" -L "$prefix/lib" \
        -Xlinker -rpath -Xlinker "$prefix/lib" -o "$work/version"
    [ "$("$work/version")" = "$(pkg-config --modversion ossicle)" ]
    echo "example: import OssicleC in Swift"
}

sanitizers() {
    local library dispatch threads
    local common=(-fuse-ld=lld -std=c11 -Wall -Wextra -g -O1 -ISources/COssicle/include)
    installed
    library="$("$python" scripts/build.py --variant address | tail -1)"
    "$clang" "${common[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all "$release" \
        tests/c/abi_test.c "$library" -lm -o "$work/abi_test_address"
    local test
    for test in hybrid coreml inference; do
        "$clang" "${common[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all "tests/c/${test}_test.c" \
            "$library" -lm -o "$work/${test}_test_address"
    done
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
    LD_LIBRARY_PATH="$(dirname "$library")" "$work/abi_test_address" "$models/nam"
    LD_LIBRARY_PATH="$(dirname "$library")" "$work/hybrid_test_address" "$models/nam" "$work/hybrid.safetensors"
    LD_LIBRARY_PATH="$(dirname "$library")" "$work/coreml_test_address" "$coreml" "$work"
    LD_LIBRARY_PATH="$(dirname "$library")" "$work/inference_test_address" "$coreml"
    unset ASAN_OPTIONS
    library="$("$python" scripts/build.py --variant thread | tail -1)"
    # The toolchain's runtime of this sanitizer knows about libdispatch and wants it at link time.
    dispatch="$(dirname "$swift")/../lib/swift/linux"
    threads=(-fsanitize=thread "-L$dispatch" "-Wl,-rpath,$dispatch" -ldispatch -lBlocksRuntime -lpthread)
    "$clang" "${common[@]}" tests/c/threads_test.c "$library" "${threads[@]}" \
        -o "$work/threads_test_thread"
    LD_LIBRARY_PATH="$(dirname "$library")" TSAN_OPTIONS=halt_on_error=1 \
        "$work/threads_test_thread" "$models/nam/BossWN-nano.nam"
    controls
}

# Positive controls: each sanitizer reports a planted defect.
controls() {
    local kind
    printf '%s\n' '#include <stdlib.h>' 'int main(int n, char **v) { (void)v; char *p = malloc(4); free(p);' \
        'return p[n]; }' >"$work/address.c"
    printf '%s\n' 'int main(int n, char **v) { (void)v; return 2147483647 + n != 0; }' >"$work/undefined.c"
    printf '%s\n' '#include <pthread.h>' 'static int x; static void *f(void *p) { ++x; return p; }' \
        'int main(void) { pthread_t t; pthread_create(&t, 0, f, 0); ++x; pthread_join(t, 0); return 0; }' >"$work/thread.c"
    for kind in address undefined thread; do
        local options=("-fsanitize=$kind")
        [ $kind = thread ] && options=("${threads[@]}")
        "$clang" -fuse-ld=lld -g -O0 -fno-sanitize-recover=undefined "$work/$kind.c" "${options[@]}" -o "$work/planted_$kind"
        if "$work/planted_$kind" 2>"$work/planted.txt"; then echo "the $kind sanitizer is blind" >&2; return 1; fi
        grep -qE 'Sanitizer|runtime error' "$work/planted.txt"
    done
    echo "sanitizers: every planted defect is reported"
}

for part in "${@:-headers interface example sanitizers}"; do
    for one in $part; do "$one"; done
done
