#!/bin/bash
# build.sh MODE SHADER_FOLDER OUT: the shaders, compiled for the CPU, with the test program. MODE: plain, asan, tsan.
# The parts that do not depend on the shaders' bodies are built once, beside OUT. Needs CLANG.
set -e
mode=$1 shaders=$2 out=$3
apple=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$apple/../.." && pwd)
base=$(dirname "$out")/harness-$mode
flags=(-std=c++17 -g -O1 -ffp-contract=off -Wall -Wextra -Werror -Wno-unknown-attributes -Wno-unused-function
    -Wno-unused-const-variable -I"$apple/msl" -I"$apple/runtime" -I"$apple/runtime/include" -I"$apple/shaders"
    -I"$root/Sources/CKernels/include")
runtime=() sanitizer=() libraries=()
case $mode in
plain) sanitizer=(-fsanitize=undefined -fno-sanitize-recover=all) ;;
asan)
    # Globals in a section of their own are not guarded, so threadgroup memory is plain static here.
    sanitizer=("-fsanitize=address,undefined" -fno-sanitize-recover=all -DMSL_TG_STORAGE=static)
    runtime=(-DMSL_ASAN) ;;
tsan)
    sanitizer=(-fsanitize=thread)
    runtime=(-DMSL_TSAN)
    # Swift's own ThreadSanitizer library refers to libdispatch.
    swift=$(dirname "$(dirname "$(readlink -f "$CLANG")")")/lib/swift/linux
    [ -e "$swift/libdispatch.so" ] && libraries=(-L"$swift" -ldispatch -lBlocksRuntime "-Wl,-rpath,$swift") ;;
*) echo "build.sh: unknown mode $mode" >&2; exit 2 ;;
esac
cxx=$(dirname "$CLANG")/clang++
if [ ! -e "$base.done" ]; then
    for unit in msl_runtime msl_fiber; do "$cxx" "${flags[@]}" "${runtime[@]}" -c "$apple/runtime/$unit.cpp" -o "$base-$unit.o"; done
    "$cxx" "${flags[@]}" "${sanitizer[@]}" -I"$root/Sources/Ossicle/Backends/Metal/Shaders" \
        -c "$apple/shaders/test_shaders.cpp" -o "$base-test.o"
    touch "$base.done"
fi
python3 "$apple/msl/signatures.py" cpu "$shaders"/*.metal >"$out.cpp"
"$cxx" "${flags[@]}" "${sanitizer[@]}" -I"$shaders" -c "$out.cpp" -o "$out.o"
"$cxx" -fuse-ld=lld "${sanitizer[@]}" "$out.o" "$base"-*.o "${libraries[@]}" -o "$out"
