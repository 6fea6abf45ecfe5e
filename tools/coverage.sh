#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lines and branches that the tests reach, per folder: builds with --coverage, runs every test, adds up what gcov says of each source file.
#   usage: tools/coverage.sh [--report] [BUILD]      default: build-coverage; --report: only the table, of a build whose tests have run
# Prints the table (markdown) and writes BUILD/coverage.csv, one row for each source file. Sources only: what inline functions of headers reach is
# not counted. gcov counts a branch for each outcome of each condition, after the compiler's simplifications at -O1.
# Exit status: 0 fine, 1 a test failed (the table is printed all the same), 2 usage, 3 the build failed.
set -eu
report=
[ "${1-}" != --report ] || { report=1; shift; }
case ${1-} in -*) echo "coverage.sh: unknown option $1; usage: tools/coverage.sh [--report] [BUILD]" >&2; exit 2 ;; esac
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build-coverage}
status=0
if [ ! "$report" ]; then
	flags='-O1 -g --coverage -fprofile-update=atomic'
	cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" >/dev/null || exit 3
	cmake --build "$build" >"$build/build.log" 2>&1 || { tail -n 30 "$build/build.log" >&2; exit 3; }
	find "$build" -name '*.gcda' -delete
	ctest --test-dir "$build" -j "$(nproc)" --output-on-failure >"$build/ctest.log" 2>&1 || { status=1; tail -n 30 "$build/ctest.log" >&2; }
fi
[ -d "$build" ] || { echo "coverage.sh: no folder $build" >&2; exit 2; }
build=$(cd "$build" && pwd)
# -n: nothing is written; an object that no test program has run has notes (.gcno) only, and counts with nothing reached.
find "$build" -name '*.gcno' -not -path '*/tests/*' -not -path '*/bench/*' -not -path '*/docs/*' -not -path '*/CompilerId*' | sort | while read -r note; do
	(cd "$(dirname "$note")" && LC_ALL=C gcov -b -n "$(basename "$note")" 2>/dev/null)
done | awk -v root="$root/" '
	/^File / { f = $0; sub(/^File ./, "", f); sub(/.$/, "", f); keep = index(f, root) == 1 && f ~ /\.(c|cpp)$/; f = substr(f, length(root) + 1); next }
	!keep { next }
	function part(s) { sub(/^.*:/, "", s); sub(/%.*/, "", s); return s + 0 }
	/^Lines executed:/ { n = $NF; lines[f] = n; hit[f] = int(part($0) * n / 100 + .5) }
	/^Taken at least once:/ { n = $NF; br[f] = n; taken[f] = int(part($0) * n / 100 + .5) }
	END { for (f in lines) printf "%s,%d,%d,%d,%d\n", f, lines[f], hit[f], br[f], taken[f] }' | sort >"$build/coverage.rows"
[ -s "$build/coverage.rows" ] || { echo "coverage.sh: gcov found nothing in $build" >&2; exit 3; }
{ echo file,lines,lines_reached,branches,branches_taken; cat "$build/coverage.rows"; } >"$build/coverage.csv"
rm "$build/coverage.rows"
awk -F, '
	NR == 1 { next }
	{ d = $1; sub(/\/[^\/]*$/, "", d); add(d); add("all") }
	function add(k) { if (!(k in l)) order[++n] = k; l[k] += $2; h[k] += $3; b[k] += $4; t[k] += $5; files[k]++ }
	function row(k) { printf "| `%s` | %d | %d | %.1f %% | %d | %s |\n", k, files[k], l[k], 100 * h[k] / l[k], b[k], b[k] ? sprintf("%.1f %%", 100 * t[k] / b[k]) : "-" }
	END {
		print "| folder | files | lines | reached | branches | taken |\n|---|---|---|---|---|---|"
		for (i = 1; i <= n; i++) if (order[i] != "all") row(order[i])
		row("all")
	}' "$build/coverage.csv"
exit $status
