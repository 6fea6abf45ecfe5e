#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Latency and bandwidth against window (VAL-01 to 05): bench/validation, with its pictures. Published values: the files of that folder.
. "$(dirname "$0")/lib.sh"
st=0
# shellcheck disable=SC2086
"$root/bench/validation/run.sh" $quick "$build" "$out" >&2 || st=$?
[ $st -le 1 ] || exit 3
for v in 01 02 04 05; do
	[ -s "$out/val$v.csv" ] || continue # VAL-05 is not in the quick run
	awk -F, -v v=$v 'NR > 1 { w = ($1 < 1024 ? $1 " KiB" : $1 / 1024 " MiB")
		if (v < 4) printf "VAL-%s|latency, window %s (ns)|%s|%.2f|+-2 %%\n", v, w, $3, $4
		else printf "VAL-%s|bandwidth, window %s (Gb/s)|%s|%.2f|+-%d %%\n", v, w, $3, $4, ($1 >= 4096 ? 12 : 10) }' "$out/val$v.csv"
done
# Lines of checks: text that ends with a unit in brackets, then published and ours.
awk '{ at = index($0, ")"); rest = substr($0, at + 1) }
	/^VAL-03/ { split(rest, f, " "); what = substr($0, 8, at - 7)
		printf "VAL-03|%s|%s|%s|+-%d %%\n", what, f[1], f[2], (what ~ /delta/ ? 3 : 4) }
	/^VAL-04 512 KiB, in order/ { sub(/any: /, "", rest); split(rest, f, " "); printf "VAL-04|512 KiB, in order over any order|at most 0.80|%.4f|<= 0.80\n", f[2] / f[1] }' "$out/checks.txt"
