#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The picture of all checks: validate.csv of OUTDIR, ours over published, where both are numbers and the published one is above zero. Nothing without gnuplot.
#   usage: bench/validate/summary.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v gnuplot >/dev/null || exit 0
awk -F'"' 'NR > 1 { id = $1; sub(/,.*/, "", id); split($3, f, ",")
	if (f[2] !~ /^[0-9.]+$/ || f[3] !~ /^[0-9.e+-]+$/ || f[2] <= 0 || $5 ~ /input/) next
	print id, f[3] / f[2], 0, ($5 ~ /FAIL/) }' "$1/validate.csv" | sort -s -k1,1 |
	awk '$1 != id { id = $1; n++ } { print n - 1, $0 } END { print "#", n }' >"$1/ratio.dat"
n=$(awk '$1 == "#" { print $2 }' "$1/ratio.dat")
[ "${n:-0}" -gt 0 ] || exit 0
gnuplot -e "f='$1/ratio.dat'; png='$1/validate.png'; n=$n" "$here/summary.gp"
