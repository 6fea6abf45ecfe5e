#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How cost and memory grow (docs/growth.md): CPU time of one DMA and of one attach or map, and peak memory, as the trace, requesters, PASIDs,
# domains, guests, mapped pages and domains with unmaps grow, on the three units.
#   usage: bench/growth/run.sh [--quick|--long] [BUILD [OUTDIR]]      defaults: build out/growth; --long: traces of up to 10^9 DMAs, 10^5
# requesters and 60000 domains; one point at a time, of up to 11 GB.
# Prints the CSV, and writes OUTDIR/{growth.csv,exponents.csv,table.md,growth-*.png}. A point takes at most ten minutes of CPU time.
# Exponents are slopes of least squares through the logarithms of the upper half of the points (the last four or more). Memory is without that
# of the smallest point; where fewer than three points add 1 MiB or more the exponent is given as 0.
# Exit status: 0 fine, 1 something grows worse than linearly, 2 usage, 3 a point could not be run.
set -eu
what=
case ${1-} in --quick | --long) what=$1; shift ;; -*) echo "run.sh: unknown option $1; usage: bench/growth/run.sh [--quick|--long] [BUILD [OUTDIR]]" >&2; exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-$root/build}
out=${2:-$root/out/growth}
bin=$build/bench/growth/bench_growth
[ -x "$bin" ] || { echo "run.sh: no $bin; usage: bench/growth/run.sh [--quick|--long] [BUILD [OUTDIR]]" >&2; exit 2; }
mkdir -p "$out"
csv=$out/growth.csv
dmas=200000
jobs=$(nproc)
[ "$what" != --long ] || jobs=1
axes='length devices pasids domains guests pages unmaps'
values() {
	case $what:$1 in
	--quick:length) echo 10000 30000 100000 300000 1000000 ;;
	--quick:pasids | --quick:pages) echo 1 10 100 1000 10000 100000 ;;
	--quick:unmaps) echo 1 10 100 1000 3000 ;;
	--quick:guests) echo 1 2 4 8 16 32 64 ;;
	--quick:*) echo 1 10 100 1000 10000 ;;
	--long:length) echo 100000 300000 1000000 3000000 10000000 30000000 100000000 300000000 1000000000 ;;
	*:length) echo 100000 300000 1000000 3000000 10000000 ;;
	--long:devices) echo 1 10 100 1000 10000 100000 ;;
	*:devices) echo 1 10 100 1000 10000 20000 ;;
	*:pasids) echo 1 10 100 1000 10000 100000 1000000 ;;
	--long:domains) echo 1 10 100 1000 10000 60000 ;;
	*:domains) echo 1 10 100 1000 10000 20000 ;;
	*:guests) echo 1 2 4 8 16 32 64 ;;
	*:pages) echo 1 10 100 1000 10000 100000 1000000 ;;
	*:unmaps) echo 1 10 100 1000 10000 ;;
	esac
}
[ "$what" != --quick ] || dmas=20000
export bin dmas out
point() { # NUMBER ARCH AXIS N
	local n=$dmas
	[ "$3" != devices ] || [ $n -ge $((10 * $4)) ] || n=$((10 * $4)) # what a requester touches first is touched once
	(ulimit -t 600; "$bin" "$2" "$3" "$4" "$n") >"$out/$1.row" || { echo "run.sh: $2 $3 $4: failed" >&2; exit 255; }
}
export -f point
rm -f "$out"/*.row
i=1000
for axis in $axes; do
	for n in $(values "$axis"); do
		for arch in vtd smmuv3 amdvi; do
			echo $((i += 1)) $arch "$axis" "$n"
		done
	done
done | xargs -P "$jobs" -L 1 bash -c 'point "$@"' point || exit 3
{ echo arch,axis,n,dmas,attached_mapped,setup_ns,dma_ns,peak_kib; cat "$out"/*.row; } | tee "$csv"
rm -f "$out"/*.row
# What one more costs: DMAs and attaches by themselves; memory by the number of things.
awk -F, -v table="$out/table.md" -v exponents="$out/exponents.csv" '
	function slope(k, c, from,   i, m, sx, sy, sxx, sxy, x, y) {
		for (i = from; i <= n[k]; i++) {
			y = c == 8 ? v[k, i, 8] - v[k, 1, 8] : v[k, i, c]
			if (y <= (c == 8 ? 1024 : 0)) continue # memory: less than 1 MiB more is noise
			x = log(v[k, i, 3]); y = log(y); m++; sx += x; sy += y; sxx += x * x; sxy += x * y
		}
		return m < (c == 8 ? 3 : 2) ? 0 : (m * sxy - sx * sy) / (m * sxx - sx * sx)
	}
	NR == 1 { next }
	{ k = $2 "," $1; if (!(k in n)) keys[++nk] = k; n[k]++; for (c = 3; c <= 8; c++) v[k, n[k], c] = $c }
	END {
		print "axis,arch,dma,setup,memory,memory_per_thing_bytes" >exponents
		print "| grows | unit | from, to | ns a DMA, first and last | exponent | ns an attach or map, last | exponent | MiB, first and last | exponent |\n|---|---|---|---|---|---|---|---|---|" >table
		for (j = 1; j <= nk; j++) {
			k = keys[j]; split(k, p, ","); e = n[k]
			from = int(e / 2) + 1; if (from > e - 3) from = e - 3; if (from < 1) from = 1
			d = slope(k, 7, from); s = slope(k, 6, from); m = slope(k, 8, from < 2 ? 2 : from)
			flat = p[1] == "length"
			grown = v[k, e, 8] - v[k, 1, 8]
			printf "%s,%.2f,%s,%.2f,%.0f\n", k, d, flat ? "-" : sprintf("%.2f", s), m, 1024 * grown / v[k, e, 3] >exponents
			printf "| %s | %s | %d, %d | %.0f, %.0f | %.2f | %s | %s | %.0f, %.0f | %.2f |\n", p[1], p[2], v[k, 1, 3], v[k, e, 3], v[k, 1, 7], v[k, e, 7], d, \
				flat ? "-" : sprintf("%.0f", v[k, e, 6]), flat ? "-" : sprintf("%.2f", s), v[k, 1, 8] / 1024, v[k, e, 8] / 1024, m >table
			if (d > .5 || (!flat && s > .5) || m > 1.2) { printf "run.sh: %s: exponents %.2f (DMA), %.2f (setup), %.2f (memory)\n", k, d, s, m > "/dev/stderr"; bad = 1 }
		}
		exit bad
	}' "$csv" && status=0 || status=$?
for axis in $axes; do
	gnuplot -e "here='$here'; f='$csv'; x='$out/exponents.csv'; axis='$axis'; png='$out/growth-$axis.png'" "$here/growth.gp" || exit 3
done
exit $status
