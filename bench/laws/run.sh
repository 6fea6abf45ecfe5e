#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The analytic laws VAL-A01 to VAL-A22 against the simulator (docs/laws.md). About 40 seconds.
#   usage: bench/laws/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/laws
# Writes OUTDIR/laws.csv (every comparison) and prints the table of the document. VAL-A18 is taken from bench/lazy-window.
# Exit status: 0 fine, 1 a law does not hold, 2 usage, 3 the machine failed.
# shellcheck disable=SC2034
program=bench/laws/bench_laws name=laws
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
bad=0
# shellcheck disable=SC2086
"$bench" $quick >"$out/laws.csv" || bad=$?
[ "$bad" -le 1 ] || exit 3
"$root/bench/lazy-window/run.sh" --quick "$build" "$out/lazy-window" >/dev/null || bad=1
# set,arch,ats,policy,lazy_len,lazy_time_us,what,verdict: the deferred rows at a steady rate, and the strict ones
awk -F, -v OFS=, '$1 == "rate" || $4 == "strict" { print "VAL-A18", $2, "count " $5 "; time " $6 " us: " $7, "", "", "", $8 }' "$out/lazy-window/checks.csv" >"$out/a18.csv"
awk -f "$here/table.awk" "$out/laws.csv" "$out/a18.csv"
grep -h ',FAIL$' "$out/laws.csv" "$out/a18.csv" >&2 || true
exit $bad
