#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `check` on a hardware-level trace of two VT-d units that share a page table under tags of their own: an address comes into use again behind
# invalidations of both units, of one, under the other's tag; what one unit alone does is as without the other. $1: the iommusim binary.
set -u
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "check_units: $*" >&2; exit 1; }
# Unit 0: root 0x1000, 00:01.0, domain 5. Unit 1: root 0x11000, 00:02.0, domain 7. Both by the table at 0x3000, where 0x1000 is page 0x99000.
head_() {
	printf '#iotrace 1\n'
	for u in '' 'u1 '; do
		printf 'regstate %sCAP off=0x8 size=8 0x12008c00000000\nregstate %sECAP off=0x10 size=8 0x1042\n' "$u" "$u"
		printf 'regstate %sGSTS off=0x1c size=4 0xc0000000\n' "$u"
		[ "$u" ] && printf 'regstate u1 RTADDR off=0x20 size=8 0x11000\n' || printf 'regstate RTADDR off=0x20 size=8 0x1000\n'
		[ "$u" ] || printf 'page 0x1000 0:0x2001\npage 0x2000 16:0x3001 0x501\npage 0x3000 0:0x4003\npage 0x4000 0:0x5003\npage 0x5000 1:0x99003\n'
	done
	printf 'page 0x11000 0:0x12001\npage 0x12000 32:0x3001 0x701\n'
}
try() { # STATUS PATTERN records between the clearing store and the one that sets another page
	local st=0
	{ head_; printf 'store 0x5008 8 0x0\n%bstore 0x5008 8 0x98003\n' "$3"; } >"$tmp/t.iot"
	"$bin" check "$tmp/t.iot" >"$tmp/o" 2>&1 || st=$?
	[ $st = "$1" ] && grep -q -- "$2" "$tmp/o" || { cat "$tmp/o"; fail "status $st, not $1, or no \"$2\": $3"; }
}
none=': 0 violations, 0 manifest, 0 hazards'
zero='mmiow 0x100 8 0x1000\nmmiow 0x108 8 0xb000000500000000\n'
one='mmiow u1 0x100 8 0x1000\nmmiow u1 0x108 8 0xb000000700000000\n'
try 0 "$none" "$zero$one"
# the stores are told once: 2 entries, 2 times translation on, PTE_CLR, 2 times TLBINV, WAIT and DONE, PTE_SET
grep -q ': 12 events, ' "$tmp/o" || { cat "$tmp/o"; fail "not 12 events"; }
try 1 'CRITICAL: GEN-ORD-03: .*unit 1, tag 7.*0x1000-0x1fff' "$zero"
try 1 'CRITICAL: GEN-ORD-03: .*unit 0, tag 5.*0x1000-0x1fff' "$one"
try 1 'CRITICAL: GEN-ORD-03: .*unit 1, tag 7' "$zero"'mmiow u1 0x100 8 0x1000\nmmiow u1 0x108 8 0xb000000500000000\n'
try 1 'CRITICAL: GEN-ORD-03: ' "$zero"'mmiow u1 0x108 8 0xb000000700000000\nmmior u1 0x108 8 -> 0xb000000700000000\n'
# the captures with all register accesses given to a second unit as well, which has the same tables: nothing new; then the second unit's ring
# stands still after its 40th tail write
two() { # ARCH TAIL LAST
	"$bin" trace cat "traces/$1-edu.iotb" | awk -v tail="$2" -v last="$3" '
		{ print }
		/^(regstate|mmiow) / { k = $1; $1 = ""; if (k == "mmiow" && $2 == tail && ++n > last) next; print k " u1" $0 }' >"$tmp/two.iot"
}
for a in vtd:0x88:0 smmuv3:0x98:0 amdvi:0x2008:1; do
	IFS=: read -r arch tail np <<<"$a"
	two "$arch" "$tail" 999999
	"$bin" check "$tmp/two.iot" --knob np_cache="$np" >"$tmp/o" || { grep -v '^not' "$tmp/o"; fail "$arch twice"; }
	grep -q "$none, 0 performance" "$tmp/o" || fail "$arch twice: findings"
	two "$arch" "$tail" 40
	"$bin" check "$tmp/two.iot" --knob np_cache="$np" >"$tmp/o" && fail "$arch: the second unit's ring stands still, and nothing is found"
	grep -q 'GEN-ORD-03: .*(unit 1, ' "$tmp/o" || { head -20 "$tmp/o"; fail "$arch: nothing of unit 1"; }
	! grep -q '(unit 0, ' "$tmp/o" || { head -20 "$tmp/o"; fail "$arch: unit 0 has done all"; }
done
# several units, and no register that tells what they are
printf '#iotrace 1\ndetach u100 00:0f.0 dom=7\nunmap dom=68 0x2000 0x1000\n' >"$tmp/none.iot"
"$bin" check "$tmp/none.iot" >"$tmp/o" || fail "units of no kind"
