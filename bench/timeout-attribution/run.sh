#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who timed out? Truth against what a driver infers, per architecture, batch, faults and reaction (docs/timeouts.md). About 30 seconds.
#   usage: bench/timeout-attribution/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/timeouts
# Prints the table (CSV) and writes OUTDIR/{points,breakeven,val30,val32}.csv, checks.txt, and *.png (no pictures without gnuplot, or with --quick).
# Exit status: 0 fine, 1 a check failed, 2 usage, 3 a point could not be run.
# shellcheck disable=SC2034
program=bench/timeout-attribution/bench_timeouts name=timeouts
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck disable=SC2086
"$bench" $quick points >"$out/points.csv" || exit 3
cat "$out/points.csv"
bad=0
"$bench" val30 >"$out/val30.csv" || bad=1
"$bench" val32 >"$out/val32.csv" || bad=1
awk -f "$here/breakeven.awk" "$out/points.csv" >"$out/breakeven.csv"
awk -f "$here/check.awk" "$out/points.csv" >"$out/checks.txt" || bad=1
cat "$out/val30.csv" "$out/val32.csv" "$out/checks.txt" >&2
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	for p in suspects precision recovery innocents siov breakeven; do
		gnuplot -e "here='$here'; dir='$out'; png='$out/timeout-$p.png'" "$here/$p.gp"
	done
fi
exit $bad
