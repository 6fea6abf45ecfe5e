#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the tag of a translation cache costs, and when it lies (docs/cache-tags.md). About 40 seconds.
#   usage: bench/cache-tag-ambiguity/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/cache-tags
# Prints the table (CSV) and writes OUTDIR/{points,short}.csv, checks.txt, and *.png (no pictures without gnuplot, or with --quick).
# Exit status: 0 fine, 1 a check failed, 2 usage, 3 a point could not be run.
# shellcheck disable=SC2034
program=bench/cache-tag-ambiguity/bench_tags name=cache-tags
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck disable=SC2086
"$bench" $quick points >"$out/points.csv" || exit 3
cat "$out/points.csv"
bad=0
# shellcheck disable=SC2086
"$bench" $quick short >"$out/short.csv" || bad=1
awk -f "$here/check.awk" "$out/points.csv" >"$out/checks.txt" || bad=1
grep -c ',pass$' "$out/short.csv" | sed 's/$/ points of short tags as the law says/' >&2
grep ',MISS$' "$out/short.csv" >&2 || true
cat "$out/checks.txt" >&2
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	for p in pasids instances shared short index; do
		gnuplot -e "here='$here'; dir='$out'; png='$out/tags-$p.png'" "$here/$p.gp"
	done
fi
exit $bad
