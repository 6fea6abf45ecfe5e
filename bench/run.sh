#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh [BUILD-DIRECTORY [NAME]] - run the benchmarks, print the CSV, and on stderr each row whose ratio is above its bound.
# Exit status: 0 all within their bounds, 1 some above, 2 no such program, 3 a benchmark failed. Run it on an otherwise idle machine.
set -u
build=${1:-build}
bench=$build/bench/bench_core
if [ ! -x "$bench" ]; then
	echo "run.sh: no $bench; usage: bench/run.sh [BUILD-DIRECTORY [NAME]]" >&2
	exit 2
fi
out=$("$bench" ${2:+"$2"}) || exit 3
printf '%s\n' "$out"
printf '%s\n' "$out" | awk -F, '
	NR > 1 && $10 != "-" && $6 > $10 { printf "above its bound: %s, %s: ratio %s, bound %s\n", $1, $2, $6, $10 > "/dev/stderr"; bad = 1 }
	END { exit bad }'
