#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/lazy-window: VAL-A18 and the other checks hold on three architectures, are able to fail, and the same run gives the same bytes.
set -eu
build=$(cd "$(dirname "$1")" && pwd)
run=bench/lazy-window/run.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "lazy_window.sh: $*" >&2; exit 1; }
bash $run --quick "$build" "$tmp/a" >"$tmp/a.md" 2>"$tmp/a.txt" || { cat "$tmp/a.txt" >&2; fail "a check does not hold"; }
bash $run --quick "$build" "$tmp/b" >"$tmp/b.md" 2>/dev/null
cmp "$tmp/a.md" "$tmp/b.md" || fail "two runs differ"
[ "$(grep -c ',pass$' "$tmp/a/checks.csv")" = 138 ] || fail "$(grep -c ',pass$' "$tmp/a/checks.csv") checks"

# The rules can fail: one figure changed.
spoil() { # FILE POLICY COLUMN VALUE
	awk -F, -v OFS=, -v pol="$2" -v col="$3" -v to="$4" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
		NR > 1 && $c["policy"] == pol && $c["late"] == (col ~ /^late/) && !n++ { $c[col] = to } { print }' "$tmp/a/$1.csv" >"$tmp/bad.csv"
	! cmp -s "$tmp/bad.csv" "$tmp/a/$1.csv" || fail "$1 $3: nothing changed"
	if [ "$1" = points ]; then set -- "$tmp/bad.csv" "$tmp/a/rates.csv" "$3"; else set -- "$tmp/a/points.csv" "$tmp/bad.csv" "$3"; fi
	! awk -f bench/lazy-window/check.awk "$1" "$2" >/dev/null || fail "$3 is accepted"
}
spoil points strict late_translated 1
spoil points strict pending_max 2
spoil points batch-8 pending_max 9
spoil rates deferred window_max_ns 70000
spoil rates deferred pending_mean 33
spoil rates deferred pending_max 65
# a window is at least the time of an invalidation, and strict is the shortest
awk -F, 'NR > 1 && $8 == 0 { if ($4 == "strict") s = $14; else if ($14 <= s) bad = 1; if ($10 <= 100) bad = 1 } END { exit bad }' "$tmp/a/points.csv" || fail "windows"
st=0
"$build/bench/lazy-window/bench_lazy_window" nothing 2>/dev/null || st=$?
[ $st = 2 ] || fail "status $st for an unknown word"
