#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Page-fault service of a NIC and the translation cache of Intel DSA (VAL-25, 26, 27): bench/device-validation, with its picture.
. "$(dirname "$0")/lib.sh"
st=0
# shellcheck disable=SC2086
"$root/bench/device-validation/run.sh" $quick "$build" "$out" >&2 || st=$?
[ $st -le 1 ] || exit 3
awk -F'"' '/^VAL/ {id = $1; sub(/,.*/, "", id); split($3, f, ","); band = f[4] == "exact" ? "exact" : "+-" f[4]
	what = $2; sub(/ \(calibrated\)/, "", what)
	printf "%s|%s|%s|%s|%s\n", id, what, f[2], f[3], band }' "$out/rows.csv"
# The gap of hit and miss: the link latency is calibrated to it.
awk -F'"' '/^VAL-26/ { split($3, f, ","); if (f[2] == 488 && !h) h = f[3]; if (f[2] == 1026 && !m) m = f[3] }
	END { if (h && m) printf "VAL-26|gap of miss and hit (cycles)|538|%g|input\n", m - h }' "$out/rows.csv"
