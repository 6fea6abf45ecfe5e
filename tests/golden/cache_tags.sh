#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/cache-tag-ambiguity: its checks and the laws of short tags hold, are able to fail, the same run gives the same bytes; the options by the command line.
set -eu
sim=$1
build=$(cd "$(dirname "$1")" && pwd)
run=bench/cache-tag-ambiguity/run.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "cache_tags.sh: $*" >&2; exit 1; }

bash $run --quick "$build" "$tmp/a" >"$tmp/a.csv" 2>"$tmp/a.txt" || { cat "$tmp/a.txt" >&2; fail "a check does not hold"; }
bash $run --quick "$build" "$tmp/b" >"$tmp/b.csv" 2>/dev/null
cmp "$tmp/a.csv" "$tmp/b.csv" || fail "two runs differ"
cmp "$tmp/a/short.csv" "$tmp/b/short.csv" || fail "two runs with short tags differ"
[ "$(grep -c ',pass$' "$tmp/a/short.csv")" = 24 ] || fail "short tags: not every row passes"
[ "$(grep -c '^ok: ' "$tmp/a/checks.txt")" = 14 ] || fail "not every rule met rows"

# The table's cell in column $1 of the row with set, architecture, rule, numbering and n.
cell() {
	awk -F, -v want="$1" -v key="$2" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$1 "," $c["arch"] "," $c["rule"] "," $c["ids"] "," $c["n"] == key && !n++ { print $c[want] }' "$tmp/a.csv"
}
is() { [ "$(cell "$1" "$2")" = "$3" ] || fail "$2: $1 is $(cell "$1" "$2"), expected $3"; }
is commands_per_unmap pasids,vtd,spec,-,256 256.00
is commands_per_unmap pasids,vtd,table,-,256 1.00
is commands_per_unmap pasids,smmuv3,spec,-,256 1.00
is commands_per_s2_move instances,smmuv3,spec,one-per-unit,4 10.00
is wrong instances,smmuv3,spec,one-per-unit,4 0
is wrong instances,smmuv3,root,one-per-guest,4 0
is dropped_unnamed pasids,smmuv3,spec,-,64 0
is duplicates gpa,vtd,spec,-,4 0.0000
# lowest bits: 64 numbers in a row, 2 and 5 bits: 1 - 4/64 and 1 - 32/64
grep -q '^smmuv3,low,2,64,4,0.93750,0.93750,' "$tmp/a/short.csv" || fail "2 bits: not 0.9375"
grep -q '^vtd,low,5,64,4,0.50000,0.50000,' "$tmp/a/short.csv" || fail "5 bits: not 0.5"

# The rules can fail: one figure changed in a row of each kind.
spoil() {
	awk -F, -v OFS=, -v set="$1" -v rule="$2" -v ids="$3" -v col="$4" -v to="$5" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
		NR > 1 && $1 == set && $c["rule"] == rule && $c["ids"] == ids && $c["n"] > 1 && $c["arch"] != "smmuv3" && !n++ { $c[col] = to } { print }' "$tmp/a.csv" >"$tmp/bad.csv"
	! cmp -s "$tmp/a.csv" "$tmp/bad.csv" || fail "$1, $2, $3: no such row"
	! awk -f bench/cache-tag-ambiguity/check.awk "$tmp/bad.csv" >/dev/null || fail "$1, $2: $4 = $5 is accepted"
}
spoil instances root one-per-guest wrong 1
spoil instances spec one-per-unit wrong 1
spoil instances spec one-per-guest wrong_share 0.1
spoil instances spec one-per-unit commands_per_s2_move 1
spoil siov table one-per-function wrong 0
spoil pasids spec - hit_rate 0.9
spoil pasids spec - duplicates 0
spoil pasids table - hit_rate 0.5
spoil gpa spec - other_hits 0
spoil gpa device - stale 1
spoil gpa device - unexplained 1
spoil one-command spec - stale 0
spoil one-command table - stale 1

# By the command line: rule spec writes the statistics as without the option, another rule writes its own beside; a word that is no rule is refused.
generated="configs/captures/vtd.yaml --set gen.count=4000 --set gen.devices=4 --set gen.churn=20"
# shellcheck disable=SC2086
{
	"$sim" run $generated --stats "$tmp/plain.json" >/dev/null
	"$sim" run $generated --set vtd.tag.rule=spec --stats "$tmp/spec.json" >/dev/null
	"$sim" run $generated --set vtd.tag.rule=root --oracle --stats "$tmp/root.txt" >/dev/null
	"$sim" run $generated --set vtd.iotlb.index=tag --set vtd.iotlb.ways=4 --oracle >/dev/null
}
cmp "$tmp/plain.json" "$tmp/spec.json" || fail "tag.rule=spec changes the statistics"
! grep -q '"tag"' "$tmp/plain.json" || fail "statistics of tags without tags"
grep -q '^vtd0.tag$' "$tmp/root.txt" || fail "no statistics of rule root"
status=0
# shellcheck disable=SC2086
"$sim" run $generated --set vtd.tag.rule=roots >/dev/null 2>"$tmp/err" || status=$?
[ $status = 2 ] && grep -q "spec|pasid|device|table|root" "$tmp/err" || fail "vtd.tag.rule=roots: status $status, $(cat "$tmp/err")"
