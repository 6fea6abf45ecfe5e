#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# totals.sh [BUILD-DIRECTORY [COMPILER]]: what a whole run costs with something beside it, in the columns of bench/run.sh, which calls it. One operation is a DMA;
# "ours" is the processor time of the run with it, "ideal" that of the same run without; medians of five, the two alternating. Then the ordering
# checker alone: one operation is an event, beside the 500 ns of two million a second.
# Exit status: 0, 2 no such program, 3 a run failed.
set -eu
build=$(realpath -m "${1:-build}")
cd "$(dirname "$0")/.."
bin=$build/iommusim compiler=${2:--}
if [ ! -x "$bin" ] || [ ! -x "$build/bench/bench_check" ]; then
	echo "totals.sh: no $bin, or no benchmarks; usage: bench/totals.sh [BUILD-DIRECTORY [COMPILER]]" >&2
	exit 2
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
TIMEFORMAT='%3U %3S'
fail() { echo "totals.sh: $*" >&2; exit 3; }
seconds() { # of processor time
	local st=0
	{ time "$bin" run "$@" > "$tmp/out" 2> "$tmp/err" || st=$?; } 2> "$tmp/time"
	[ $st = 0 ] || fail "run $*: $(cat "$tmp/err")"
	awk '{ printf "%.3f\n", $1 + $2 }' "$tmp/time"
}
row() { # NAME PARAM BOUND OPERATIONS < pairs of seconds
	awk -v name="$1" -v param="$2" -v bound="$3" -v n="$4" -v cc="$compiler" '
		function median(a, m,   i, j, t) { for (i = 2; i <= m; i++) for (j = i; j > 1 && a[j] < a[j - 1]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t } return a[int((m + 1) / 2)] }
		{ ours[NR] = $1 * 1e9 / n; ideal[NR] = $2 * 1e9 / n; ratio[NR] = $1 / $2 }
		END { r = median(ratio, NR); o = median(ours, NR); printf "%s,%s,%d,%.2f,%.2f,%.2f,%s,%.2f,%.2f,%s\n", name, param, n, o, median(ideal, NR), r, cc, ours[1], ours[NR], bound }'
}
pairs() { # NAME PARAM BOUND "OPTIONS" RUN...
	local name=$1 param=$2 bound=$3 with=$4 n ours ideal
	shift 4
	seconds "$@" > /dev/null
	n=$(sed -n '1s/ DMAs in .*//p' "$tmp/out")
	for _ in 1 2 3 4 5; do
		# shellcheck disable=SC2086
		ours=$(seconds "$@" $with)
		ideal=$(seconds "$@")
		echo "$ours $ideal"
	done > "$tmp/pairs"
	row "$name" "$param" "$bound" "$n" < "$tmp/pairs"
}
lazy=(configs/captures/vtd.yaml --trace traces/vtd-lazy-vblk.iotb)
each() { # NAME BOUND OPTIONS
	pairs "$1" 'a captured trace' "$2" "$3" "${lazy[@]}"
	for a in vtd smmuv3 amdvi; do pairs "$1" "$a; 100000 generated DMAs" "$2" "$3" "configs/captures/$a.yaml" --set gen.count=100000; done
}
each run_recorded 2 "--timeline $tmp/t.iotl"
pairs run_json 'a captured trace' - "--timeline $tmp/t.json" "${lazy[@]}"
pairs run_vcd 'a captured trace' - "--timeline $tmp/t.vcd" "${lazy[@]}"
each run_oracle 2 --oracle
each run_checked - --check
for _ in 1 2 3 4 5; do "$build/bench/bench_check" api 1000000 | awk -F, '{ print $3, $2 * 500e-9 }'; done | row check 'one event; beside 500 ns' 1 1000000
