#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `check` and `run --check` on captures: nothing of severity HIGH or CRITICAL on unmodified Linux, all three architectures, from a file and
# from a pipe; what the trace cannot decide is named; a command taken out is found by the rules, by the oracle, and each names the other;
# tools/check-captures.sh. With IOMMUSIM_CAPTURES=DIR, every capture there too. $1: the iommusim binary. Run from the top of the tree.
set -u
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "check_captures: $*" >&2; exit 1; }
has() { grep -q -- "$1" "$tmp/o" || { tail -30 "$tmp/o"; fail "no \"$1\""; }; }
status() { # STATUS command...
	local want=$1 st=0
	shift
	"$@" >"$tmp/o" 2>"$tmp/e" || st=$?
	[ $st = "$want" ] || { tail -30 "$tmp/o" "$tmp/e"; fail "status $st, not $want: $*"; }
}
for arch in vtd smmuv3 amdvi; do
	knob=np_cache=$([ $arch = amdvi ] && echo 1 || echo 0) # the AMD-Vi of QEMU has NpCache
	status 0 "$bin" check traces/$arch-edu.iotb --knob $knob
	has ": 0 violations, 0 manifest, 0 hazards, 0 performance; "
	has "^not decidable here: write-backs and barriers are not in the trace: walks are taken to be coherent: .*GEN-ORD-02"
	cp "$tmp/o" "$tmp/file"
	"$bin" trace cat traces/$arch-edu.iotb | "$bin" check - --knob $knob >"$tmp/pipe" || fail "$arch: pipe"
	# the comment is a line of the text
	diff <(sed 's/^[^ ]*: \([0-9]* events\)/\1/' "$tmp/file") <(sed 's/^[^ ]*: \([0-9]* events\)/\1/' "$tmp/pipe") >"$tmp/d" || { cat "$tmp/d"; fail "$arch: a pipe gives something else"; }
	status 0 "$bin" run configs/captures/$arch.yaml --trace traces/$arch-edu.iotb --check=$knob --oracle
	has ": 0 violations, 0 manifest, 0 hazards, 0 performance; "
done
status 0 "$bin" check traces/vtd-lazy-vblk.iotb --limit 1
has ": 0 violations, 0 manifest, 0 hazards, 286 performance; "

# the first invalidation of an unmap becomes one of interrupt entries
"$bin" trace cat traces/vtd-edu.iotb | awk '
	/^store 0x41e32a0 8 0x600f2$/ && !n { $4 = "0x4"; n = 1 }
	/^store 0x41e32a8 8 / && n && n < 3 { $4 = "0x0"; n++ }
	{ print }' >"$tmp/broken.iot"
status 1 "$bin" check "$tmp/broken.iot"
has '^[^ ]*broken.iot:343: CRITICAL: GEN-ORD-03: PTE_SET while the TLB .* may still hold 0xffffd000-0xffffdfff of pt-5408000 since line 335: no command covers it$'
has '^  history: line 335 PTE_CLR: open$'
status 1 "$bin" run configs/captures/vtd.yaml --trace "$tmp/broken.iot" --check --oracle
has '^[^ ]*broken.iot:345: dma 00:04.0 r 0xffffd000: invalidation missing: got 0x4bbd000, the tables say 0x4bb9000$'
has '^[^ ]*broken.iot:343: GEN-ORD-03: the DMA of line 345 used the entry stored over in line 335 (oracle: invalidation missing)$'

# a source that records write-backs
cat >"$tmp/wb.iot" <<'WB'
#iotrace 1
# knobs: coherent_walk=0
regstate CAP off=0x8 size=8 0x12008c00000000
regstate ECAP off=0x10 size=8 0x42
regstate GSTS off=0x1c size=4 0xc4000000
regstate RTADDR off=0x20 size=8 0x1000
regstate IQA off=0x90 size=8 0x8000
page 0x1000 0:0x2001
page 0x2000 16:0x3001 0x501
page 0x3000 0:0x4003
page 0x4000 0:0x5003
page 0x5000 1:0x99003
store 0x5008 8 0x0
CLFLUSH
store 0x8000 8 0x50032
store 0x8008 8 0x1040
store 0x8010 8 0x700000025
store 0x8018 8 0xa000
mmiow 0x88 4 0x20
store 0x5008 8 0x77003
CLFLUSH
WB
status 0 "$bin" check "$tmp/wb.iot"
has ": 0 violations, "
grep "^not decidable here.*GEN-ORD-02" "$tmp/o" && fail "GEN-ORD-02 is decidable with write-backs"
sed -i '0,/^CLFLUSH/{/^CLFLUSH/d}' "$tmp/wb.iot"
status 1 "$bin" check "$tmp/wb.iot"
has "^[^ ]*wb.iot:19: CRITICAL: GEN-ORD-03: .*: the command came before the write was visible$"
has "(also GEN-ORD-02)"

# the driver models obey
cat >"$tmp/sw.iot" <<'SW'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
map dom=3 0x10000 0x601e000 0x4000 rw
dma 00:01.0 r 0x10000+64
unmap dom=3 0x10000 0x4000
map dom=3 0x10000 0x7000000 0x4000 rw
dma 00:01.0 r 0x10000+64
detach 00:01.0 pasid=- dom=3
SW
for arch in vtd smmuv3 amdvi; do
	for policy in strict lazy; do
		status 0 "$bin" run configs/captures/$arch.yaml --trace "$tmp/sw.iot" --set software.policy=$policy --check --oracle
		has ": 0 violations, 0 manifest, 0 hazards, "
	done
	# a unit brought up and devices attached in the run itself: what a capture of a running machine has behind it
	status 0 "$bin" run configs/captures/$arch.yaml --set gen.count=1000 --set gen.devices=20 --set gen.churn=20 --check
	has ": 0 violations, 0 manifest, 0 hazards, "
done
# and when they do not, the address used again is what shows it: also as a rule of the architecture, or with one
for arch in vtd smmuv3 amdvi; do
	for broken in GEN-ORD-01 GEN-ORD-02 GEN-ORD-05 GEN-ORD-15 GEN-ORD-16; do
		status 1 "$bin" run configs/captures/$arch.yaml --trace "$tmp/sw.iot" --set software.break=$broken --check
		has '^[^ ]*sw.iot:6: CRITICAL: \(GEN-ORD-03\|AMD-ORD-0[46]\): PTE_SET while the TLB '
	done
done
status 2 "$bin" run configs/captures/vtd.yaml --trace "$tmp/sw.iot" --check=lazyok=1
grep -q 'lazy_ok' "$tmp/e" || fail "no nearest knob: $(cat "$tmp/e")"

mkdir "$tmp/dir"
cp traces/vtd-edu.iotb "$tmp/dir"
status 0 tools/check-captures.sh "$tmp/dir" "$bin"
has '^vtd-edu: 10[0-9]* events, .*: 0 violations'
"$bin" trace convert "$tmp/broken.iot" -o "$tmp/dir/broken.iotb" || fail convert
status 1 tools/check-captures.sh "$tmp/dir" "$bin"
has '^  first at [0-9]*: CRITICAL: GEN-ORD-03: '
status 2 tools/check-captures.sh
[ -z "${IOMMUSIM_CAPTURES:-}" ] || status 0 tools/check-captures.sh "$IOMMUSIM_CAPTURES" "$bin"
