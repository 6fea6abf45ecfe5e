#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two-stage translation (VAL-13, 15): bench/nesting-overhead/val.sh. Published ranges count as their middle.
. "$(dirname "$0")/lib.sh"
st=0
"$root/bench/nesting-overhead/val.sh" "$bin" >"$out/rows.csv" || st=$?
[ $st -le 1 ] || exit 3
awk -F, 'NR > 1 { band = $5
	split($5, b, " to "); if (b[1] == b[2]) band = "exact"
	if (/times native/) band = ">= 5"; else if (/the exit is input/) band = "input"
	printf "%s|%s, %s|%s|%s|%s\n", substr($2, 1, 6), $1, substr($2, 8), $3, $4 + 0, band }' "$out/rows.csv"
