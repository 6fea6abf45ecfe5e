#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long an unmapped page stays reachable, strict, batched and lazy, and what it costs to make that short (docs/lazy-window.md). About 20 seconds.
#   usage: bench/lazy-window/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/lazy-window
# Writes OUTDIR/{points,rates,windows}.csv, checks.csv and *.png (no pictures without gnuplot, or with --quick); prints the tables of the document.
# Exit status: 0 fine, 1 a check failed, 2 usage, 3 a point could not be run.
# shellcheck disable=SC2034
program=bench/lazy-window/bench_lazy_window name=lazy-window
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck disable=SC2086
for what in points rates windows; do "$bench" $quick $what >"$out/$what.csv" || exit 3; done
bad=0
awk -f "$here/check.awk" "$out/points.csv" "$out/rates.csv" >"$out/checks.csv" || bad=1
awk -f "$here/tables.awk" "$out/points.csv" "$out/rates.csv"
grep FAIL "$out/checks.csv" >&2 || [ $bad = 0 ]
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	for p in window cost; do gnuplot -e "dir='$out'; png='$out/lazy-$p.png'" "$here/$p.gp"; done
fi
exit $bad
