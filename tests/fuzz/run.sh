#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and AddressSanitizer and runs each of them.
#
#   tests/fuzz/run.sh [seconds for each target, 60 if not given] [target ...]
#
# Seeds: seeds/NAME/, and files of tests/data in a folder NAME or with that extension. What the fuzzer learns is
# kept in .build/fuzz/NAME/corpus, findings in .build/fuzz/NAME/findings. Exits non-zero when there is a finding,
# or when the fuzzer misses the bug planted as a positive control.
#
# To add a target: a file targets/FuzzX.swift with its function, and a line in targets/FuzzTargets.swift.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
out=$PWD/.build/fuzz
mkdir -p "$out/objects"

sanitize=-fsanitize=address,fuzzer-no-link
for source in Sources/CKernels/*.c; do
    clang -std=c11 -O2 -g $sanitize -ISources/CKernels -ISources/CKernels/include -c "$source" \
        -o "$out/objects/$(basename "$source" .c).o"
done
rm -f "$out/libfuzzkernels.a"
ar rcs "$out/libfuzzkernels.a" "$out"/objects/*.o
mapfile -t engine < <(find Sources/Ossicle -name '*.swift')
# Checked arithmetic stays on: an overflow is a trap, and a trap is a finding.
swiftc -emit-executable -O -wmo -g -swift-version 6 -parse-as-library -package-name ossicle -use-ld=lld -sanitize=fuzzer,address \
    -I Sources/CKernels/include -emit-module-path "$out/fuzz.swiftmodule" -o "$out/fuzz" \
    "${engine[@]}" tests/fuzz/*.swift tests/fuzz/targets/*.swift -L "$out" -lfuzzkernels -lm

# prepare NAME SECONDS: gathers the seeds; $command then fuzzes that target.
# An input may take 256 MiB in one allocation and 10 seconds; more is a finding.
prepare() {
    local name=$1 limit=$2 n=0
    work=$out/$name
    local options=(-max_total_time="$limit" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=16384
        -print_final_stats=1 -artifact_prefix="$work/findings/")
    rm -rf "$work/seeds"
    mkdir -p "$work"/{corpus,findings,seeds}
    while IFS= read -r -d '' file; do
        cp "$file" "$work/seeds/$((n += 1))"
    done < <(find tests/fuzz/seeds tests/data -type f -size -64k \( -path "*/$name/*" -o -name "*.$name" \) -print0)
    [ ! -f "tests/fuzz/seeds/$name.dict" ] || options+=(-dict="tests/fuzz/seeds/$name.dict")
    command=(env "OSSICLE_FUZZ_TARGET=$name" "$out/fuzz" "${options[@]}" "$work/corpus" "$work/seeds")
}

status=0
rm -rf "$out/planted-bug"
prepare planted-bug 60
if ! "${command[@]}" >"$work/log" 2>&1 && grep -q heap-buffer-overflow "$work/log"; then
    echo "planted-bug: found, as it must be"
else
    echo "planted-bug: NOT FOUND, the fuzzer proves nothing; see $work/log"
    status=1
fi

targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(sed -n 's/^ *"\([^"]*\)": fuzz.*/\1/p' tests/fuzz/targets/FuzzTargets.swift)
[ ${#targets[@]} -gt 1 ] || [ $# -gt 0 ] || { echo "no fuzz targets in targets/FuzzTargets.swift" >&2; exit 2; }
for name in "${targets[@]}"; do
    [ "$name" != planted-bug ] || continue
    prepare "$name" "$seconds"
    if "${command[@]}" >"$work/log" 2>&1; then
        echo "$name: no finding, $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") executions"
    else
        echo "$name: FINDING, see $work/log and $work/findings"
        tail -20 "$work/log"
        status=1
    fi
done
exit $status
