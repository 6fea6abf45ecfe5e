#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a driver's policy makes of a line rate (VAL-20, 22, 23): rows of bench/validation/software.sh.
. "$(dirname "$0")/lib.sh"
st=0
"$root/bench/validation/software.sh" "$bin" >"$out/software.csv" || st=$?
[ $st -le 1 ] || exit 3
awk -F, '$2 ~ /^VAL-2[023] / { what = substr($2, 8); for (i = 3; i < NF - 3; i++) what = what "," $i
	printf "%s|%s|%s|%s|%s\n", substr($2, 1, 6), what, $(NF - 3), $(NF - 2), $(NF - 1) }' "$out/software.csv"
