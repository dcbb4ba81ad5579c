#!/bin/bash
# Proves what is no Swift without a Mac: the Metal shaders (static check, CPU runs under three sanitizer builds,
# planted bugs) and what the steps for Accelerate call.
# usage: tests/apple/run.sh [BUILD_FOLDER]     about a minute on two cores; exit status 0 when everything holds
set -u
apple=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$apple/../.." && pwd)
shaders=$root/Sources/Ossicle/Backends/Metal/Shaders
build=${1:-$root/.build/apple-shaders}

fail() { echo "tests/apple/run.sh: $*" >&2; exit 2; }
command -v python3 >/dev/null || fail "python3 is missing (3.11 or later, for signatures.py and mutate.py)"
python3 -c 'import tomllib' 2>/dev/null || fail "python3 is older than 3.11: $(python3 --version)"
if [ -z "${CLANG:-}" ]; then
    swift=$(command -v swift) || fail "swift is not in PATH; put it there or set CLANG to a clang"
    CLANG=$(dirname "$(readlink -f "$swift")")/clang
fi
[ -x "$CLANG" ] && [ -x "$(dirname "$CLANG")/clang++" ] || fail "no clang and clang++ at $CLANG (set CLANG)"
export CLANG
mkdir -p "$build" && rm -f "$build"/harness-*
status=0

echo "== static check ($("$CLANG" --version | head -1))"
"$apple/shaders/check.sh" "$shaders" || status=1

echo "== steps for Accelerate"
"$apple/accelerate/symbols.sh" || status=1

echo "== on the CPU, against float64: three thread orders, both ways to dispatch"
prove() { # MODE ARGUMENTS…
    mode=$1; shift
    "$apple/shaders/build.sh" "$mode" "$shaders" "$build/$mode" >"$build/$mode.log" 2>&1 && "$build/$mode" "$@" >>"$build/$mode.log" 2>&1
}
prove plain & plain=$!
prove asan & asan=$!
wait $plain; plain=$?
prove tsan quick & tsan=$!
wait $asan; asan=$?
wait $tsan; tsan=$?
for mode in plain asan tsan; do
    if [ "${!mode}" = 0 ]; then echo "$mode: $(tail -1 "$build/$mode.log")"; else status=1; echo "$mode: FAILED"; tail -30 "$build/$mode.log"; fi
done
grep -E "worst" "$build/plain.log"

echo "== what a step on BNNS Graph calls"
# Nothing that could allocate or lock is ours: the system's execution, and our own steps in its place.
undefined() { # SOURCE
    "$CLANG" -c -O2 -Wall -Wextra -Werror -I"$root/Sources/CKernels/include" -I"$root/Sources/CAccelerate/include" \
        -I"$apple/Stubs/Accelerate/include" "$1" -o "$build/bnns.o" &&
        "$(dirname "$CLANG")/llvm-nm" --undefined-only --format=just-symbols "$build/bnns.o" | sort | tr '\n' ' '
}
calls=$(undefined "$root/Sources/CAccelerate/bnns.c")
# Positive control: an allocation that is put in shows.
{ echo '#include <stdlib.h>'; sed 's/model->report(model->name);/& model->sinks[0] = malloc(4);/' "$root/Sources/CAccelerate/bnns.c"; } >"$build/planted.c"
planted=$(undefined "$build/planted.c")
if [ "$calls" = "BNNSGraphContextExecute ok_run_steps " ] && [ "$planted" = "BNNSGraphContextExecute malloc ok_run_steps " ]; then
    echo "$calls"
else
    status=1; echo "FAILED: $calls / $planted"
fi

echo "== planted bugs"
if [ $status = 0 ]; then python3 "$apple/shaders/mutate.py" "$shaders" "$build" || status=1; else echo "not run: fix the above first"; fi
[ $status = 0 ] && echo "all shader checks passed" || echo "SHADER CHECKS FAILED"
exit $status
