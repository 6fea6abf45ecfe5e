#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Generated traffic runs, twice to the same bytes; another seed gives other bytes; every form of statistics agrees on the DMA count.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
run() { "$bin" run configs/captures/vtd.yaml --set gen.count=3000 "$@"; }
run --seed 7 -o "$tmp/a" >"$tmp/a.out" 2>"$tmp/a.err"
run --seed 7 -o "$tmp/b" >"$tmp/b.out"
run --seed 8 -o "$tmp/c" >/dev/null
diff -r "$tmp/a" "$tmp/b"
cmp "$tmp/a.out" "$tmp/b.out"
[ ! -s "$tmp/a.err" ] # silence in a pipe
if cmp -s "$tmp/a/stats.csv" "$tmp/c/stats.csv"; then exit 1; fi
grep -q '^3000 DMAs in ' "$tmp/a.out"
[ "$(wc -l <"$tmp/a/stats.csv")" = 2 ]
col=$(head -1 "$tmp/a/stats.csv" | tr , '\n' | grep -nx replay.dmas | cut -d: -f1)
[ "$(tail -1 "$tmp/a/stats.csv" | cut -d, -f"$col")" = 3000 ]
grep -q '"dmas": 3000' "$tmp/a/stats.json"
grep -Eq '^  dmas +3000$' "$tmp/a/stats.txt"
run --verify >"$tmp/v"
tail -1 "$tmp/v" | grep -qx 'verify: 3000 agree, 0 disagree, 0 not compared' # the generator knows where it mapped
