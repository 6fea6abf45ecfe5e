#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [--doc FILE] [--out FOLDER] [BUILD-DIRECTORY [NAME]] - run the benchmarks, print the CSV, and on stderr each row whose ratio is
# above its bound. NAME: only rows of bench_core and bench_text that begin so, no whole runs. --doc: put the tables between the marks of FILE (docs/performance.md). --out: write
# speed.csv and, if gnuplot is there, speed.png.
# Exit status: 0 all within their bounds, 1 some above, 2 wrong usage or no such program, 3 a benchmark failed. Run it on an otherwise idle machine.
set -u
doc='' dir=''
while [ $# -gt 1 ]; do
	case $1 in
	--doc) doc=$2 ;;
	--out) dir=$2 ;;
	*) break ;;
	esac
	shift 2
done
build=${1:-build}
bench=$build/bench
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -x "$bench/bench_core" ] || [ ! -x "$bench/bench_text" ]; then
	echo "run.sh: no benchmarks in $bench; usage: bench/run.sh [--doc FILE] [--out FOLDER] [BUILD-DIRECTORY [NAME]]" >&2
	exit 2
fi
if [ "$doc" ] && ! grep -q '^<!-- speed -->$' "$doc"; then
	echo "run.sh: $doc: expected a line <!-- speed -->, and <!-- /speed --> below it" >&2
	exit 2
fi
out=$("$bench/bench_core" ${2:+"$2"}) || exit 3
text=$("$bench/bench_text" ${2:+"$2"}) || exit 3
out+=${text#"${text%%$'\n'*}"} # without its header
[ "${2:-}" ] || out+=$'\n'$("$here/totals.sh" "$build" "$(awk -F, 'NR == 2 { print $7 }' <<< "$out")") || exit 3
printf '%s\n' "$out"

# One table with a column for each architecture, one of the other rows. A ratio above its bound is bold.
tables() {
	printf '%s\n' "$out" | awk -F, '
		function cell(ns, ratio, bound) { return ns " (" (bound != "-" && ratio > bound + 0 ? "**" ratio "**" : ratio) ")" }
		NR == 1 { next }
		NR == 2 { print "ns of CPU time, in brackets the ratio to the ideal loop; medians of five, " $7 ". Bold: above the bound.\n" }
		{ arch = $2; sub(/;.*/, "", arch) }
		arch ~ /^(vtd|smmuv3|amdvi)$/ {
			what = $2; sub(/^[^;]*; /, "", what)
			row = $1 "; " what; if ($1 == "nested_walk_now") row = $1 # the number of reads differs
			if (!(row in bound)) { bound[row] = $10; order[++n] = row }
			at[row, arch] = cell($4, $6, $10)
			next
		}
		{ other[++m] = "| `" $1 "`, " $2 " | " cell($4, $6, $10) " | " $5 " | " $10 " |" }
		END {
			if (n) print "| row | VT-d | SMMUv3 | AMD-Vi | bound |\n|---|---|---|---|---|"
			for (i = 1; i <= n; i++) {
				name = order[i]; if (!sub(/;/, "`,", name)) name = name "`"
				print "| `" name " | " at[order[i], "vtd"] " | " at[order[i], "smmuv3"] " | " at[order[i], "amdvi"] " | " bound[order[i]] " |"
			}
			if (m) print "\n| row | ns (ratio) | ideal, ns | bound |\n|---|---|---|---|"
			for (i = 1; i <= m; i++) print other[i]
		}'
}
if [ "$doc" ]; then
	tables > "$doc.tables.$$" && awk -v t="$doc.tables.$$" '
		$0 == "<!-- /speed -->" { skip = 0 }
		!skip
		$0 == "<!-- speed -->" { skip = 1; while ((getline line < t) > 0) print line }' "$doc" > "$doc.$$" && mv "$doc.$$" "$doc" || exit 3
	rm -f "$doc.tables.$$"
fi
if [ "$dir" ]; then
	mkdir -p "$dir" && printf '%s\n' "$out" > "$dir/speed.csv" || exit 3
	if command -v gnuplot > /dev/null; then
		gnuplot -e "csv='$dir/speed.csv'; png='$dir/speed.png'" "$here/plot/speed.gp" || exit 3
	fi
fi
printf '%s\n' "$out" | awk -F, '
	NR > 1 && $10 != "-" && $6 > $10 + 0 { printf "above its bound: %s, %s: ratio %s, bound %s\n", $1, $2, $6, $10 > "/dev/stderr"; bad = 1 }
	END { exit bad }'
