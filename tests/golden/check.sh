#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# iommusim check: the demo trace in every format, text and binary, exit status, errors with their place, and the generated page.
# $1: the iommusim binary. Run from the top of the tree.
set -u
bin=$1
demo=traces/ordering-demo.iot
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "check: $*" >&2; exit 1; }
refused() { # status pattern argument...
	local want=$1 pat=$2
	shift 2
	"$bin" check "$@" > "$tmp/o" 2> "$tmp/e"
	[ $? = "$want" ] || fail "$*: status, expected $want"
	grep -q -- "$pat" "$tmp/e" || fail "$*: $(cat "$tmp/e"), expected $pat"
}

"$bin" check "$demo" > "$tmp/text"
[ $? = 1 ] || fail "a CRITICAL violation must exit 1"
grep -q "^$demo:11: CRITICAL: GEN-ORD-06: PAGE_FREE while the TLB (unit 1, tag 9) may still hold 0x1000-0x1fff of d1 since line 7" "$tmp/text" || fail "text"
grep -q "^  history: line 7 PTE_CLR: open; line 8 TLBINV: did not count" "$tmp/text" || fail "history"
grep -q "^not decidable here: no event CLFLUSH: GEN-ORD-02" "$tmp/text" || fail "undecided rules"
"$bin" trace convert "$demo" -o "$tmp/d.iotb" || fail "convert"
"$bin" check "$tmp/d.iotb" --arch vtd | grep -q "CRITICAL: GEN-ORD-06" || fail "binary"
"$bin" check - < "$demo" | grep -q "^<stdin>:11: CRITICAL" || fail "standard input"

# The repaired form is clean.
sed 's/^WAIT w1/TLBINV@u1 did=9 0x1000\/4K ; WAIT@u0 w1 ; WAIT@u1 w2 ; DONE w2/' "$demo" > "$tmp/good.iot"
"$bin" check "$tmp/good.iot" > "$tmp/o" || fail "the repaired trace: $(cat "$tmp/o")"

"$bin" check "$demo" --format json > "$tmp/json"
[ $? = 1 ] && grep -q '"rule": "GEN-ORD-06"' "$tmp/json" && grep -q '"verdict": "VIOLATION"' "$tmp/json" || fail "json"
"$bin" check "$demo" --format sarif > "$tmp/sarif"
[ $? = 1 ] && grep -q '"version": "2.1.0"' "$tmp/sarif" && grep -q '"ruleId": "GEN-ORD-06"' "$tmp/sarif" || fail "sarif"
[ "$(grep -c '"shortDescription"' "$tmp/sarif")" = 135 ] || fail "sarif lacks rules"
"$bin" check "$demo" --format tap > "$tmp/tap"
plan=$(sed -n 's/^1\.\.//p' "$tmp/tap")
[ "$(grep -cE '^(not )?ok ' "$tmp/tap")" = "$plan" ] || fail "tap: plan $plan"
[ "$(grep -c '^not ok' "$tmp/tap")" = 1 ] || fail "tap: one rule is broken"

[ "$("$bin" check --list | wc -l)" = 135 ] || fail "135 rules"
"$bin" check --explain vtd-ord-10 | grep -q "PASID-based" || fail "explain"
refused 2 'did you mean "GEN-ORD' --explain GEN-ORD-6
refused 2 'coherent_walk' "$demo" --knob coherent_wlk=0
refused 2 'expected vtd, smmuv3' "$demo" --arch vtdd
refused 2 'say which trace' --format json
printf '#iotrace 1\nPTE_CLR d1 0x1000/4K\nPTE_CRL d1 0x0\n' > "$tmp/bad.iot"
refused 2 'bad.iot:3:1: found "PTE_CRL", expected a record kind' "$tmp/bad.iot"
cp "$demo" "$tmp/"$'\xff.iot'
refused 2 'not UTF-8' "$tmp/"$'\xff.iot' --format sarif
printf '#iotrace 1\n# knobs: nope=1\nPTE_CLR d1 0x1000/4K\n' > "$tmp/knob.iot"
refused 2 'nope' "$tmp/knob.iot"

bash tools/ordering-doc.sh "$bin" | cmp - docs/ordering.md || fail "docs/ordering.md is not what tools/ordering-doc.sh prints"
