#!/bin/bash
# What Sources/CAccelerate does on the way through a program: it calls Accelerate or the engine's own steps and copies
# memory, no more. (What Accelerate itself does then, Apple does not say.) CLANG names a clang. usage: symbols.sh
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

foreign() { # SOURCE: what it calls that it should not
    "$CLANG" -std=c11 -O2 -Wall -Wextra -Werror -DACCELERATE_NEW_LAPACK -I"$root/Sources/CAccelerate/include" \
        -I"$root/Sources/CKernels/include" -I"$here/../Stubs/Accelerate/include" -c "$1" -o "$folder/object.o"
    "$(dirname "$CLANG")/llvm-nm" -u --format=just-symbols "$folder/object.o" |
        sed -E '/^(cblas_|vDSP_|vv|BNNSGraph|ok_run_steps$|mem(cpy|set)$)/d'
}

status=0
for source in "$root"/Sources/CAccelerate/*.c; do
    calls=$(foreign "$source")
    [ -z "$calls" ] || { echo "$(basename "$source") calls $calls" >&2; status=1; }
done
printf '#include <stdlib.h>\nvoid *p(void);\nvoid *p(void) { return malloc(8); }\n' >"$folder/control.c"
control=$(foreign "$folder/control.c")
[ "$control" = malloc ] || { echo "an allocation is not seen" >&2; status=1; }
[ $status = 0 ] && echo "CAccelerate calls only Accelerate, the engine's own steps, memcpy and memset"
exit $status
