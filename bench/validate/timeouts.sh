#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Time-out constants (VAL-30) and the HyperSIO model (VAL-31, 32): the tables of bench/timeout-attribution.
. "$(dirname "$0")/lib.sh"
bench=$build/bench/timeout-attribution/bench_timeouts
st=0
"$bench" val30 >"$out/val30.csv" || st=$?
[ $st -le 1 ] || exit 3
"$bench" val32 >"$out/val32.csv" || st=$?
[ $st -le 1 ] || exit 3
awk -F'"' 'NR > 1 { split($3, f, ","); printf "VAL-30|%s: first report (s)|%s|%s|%s to %s\n", $2, f[2], f[3], f[4], f[5]
	printf "VAL-30|%s: names the right device|yes|%s|exact\n", $2, f[6]
	printf "VAL-30|%s: commands behind it taken for failed|0|%s|exact\n", $2, f[7] }' "$out/val30.csv"
awk -F'"' 'NR > 1 { split($3, f, ","); printf "%s|%s|%s|%s|%s\n", substr($2, 1, 6), substr($2, 8), f[2], f[3], f[5] == 0 ? "exact" : "+-" f[5] " %" }' "$out/val32.csv"
