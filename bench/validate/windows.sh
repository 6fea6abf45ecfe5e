#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Latency and bandwidth against window (VAL-01 to 05): bench/validation, with its pictures. Published values: the files of that folder.
. "$(dirname "$0")/lib.sh"
st=0
# shellcheck disable=SC2086
"$root/bench/validation/run.sh" $quick "$bin" "$out" >&2 || st=$?
[ $st -le 1 ] || exit 3
for v in 01 02 04 05; do
	[ -s "$out/val$v.csv" ] || continue # VAL-05 is not in the quick run
	awk -F, -v v=$v 'NR > 1 { w = ($1 < 1024 ? $1 " KiB" : $1 / 1024 " MiB")
		if (v < 4) printf "VAL-%s|latency, window %s (ns)|%s|%.2f|+-2 %%\n", v, w, $3, $4
		else printf "VAL-%s|bandwidth, window %s (Gb/s)|%s|%.2f|+-%d %%\n", v, w, $3, $4, ($1 >= 4096 ? 12 : 10) }' "$out/val$v.csv"
done
# lines of checks: 38 columns of text, then published and ours
awk '/^VAL-03/ { what = substr($0, 8, 31); gsub(/ +$/, "", what); $0 = substr($0, 39)
		printf "VAL-03|%s|%s|%s|+-%d %%\n", what, $1, $2, what ~ /delta/ ? 3 : 4 }
	/^VAL-04 512 KiB, in order/ { $0 = substr($0, 39); printf "VAL-04|512 KiB, in order over any order|0.737|%.4f|<= 0.80\n", $3 / $2 }' "$out/checks.txt"
