#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `run --oracle`: nothing on a capture, the other statistics unchanged; stale uses when invalidations are ignored (VT-d, SMMUv3,
# AMD-Vi) or left out; two requesters behind one domain id, two streams behind one VMID; a device cache refilled from a stale IOTLB.
# With IOMMUSIM_CAPTURES=DIR, every capture there too. $1: the iommusim binary. Run from the top of the tree.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "oracle: $*" >&2; exit 1; }
oracle() { # STATUS CONFIG TRACE options...: output in $tmp/o
	local want=$1 st=0
	"$bin" run "configs/captures/$2.yaml" --trace "$3" --oracle "${@:4}" >"$tmp/o" || st=$?
	[ $st = "$want" ] || { tail -30 "$tmp/o"; fail "status $st, not $want: $*"; }
}
has() { grep -q -- "$1" "$tmp/o" || { tail -30 "$tmp/o"; fail "no \"$1\""; }; }
clean() { # CONFIG TRACE
	oracle 0 "$1" "$2" --stats "$tmp/with.txt"
	has '^oracle: [1-9][0-9]* checked, 0 in the legal window, 0 stale, 0 invalidation missing, 0 alias, 0 reuse, 0 unexplained$'
	"$bin" run "configs/captures/$1.yaml" --trace "$2" --stats "$tmp/without.txt" >/dev/null
	sed '/^oracle/,/^[a-np-z]/{/^oracle/d;/^ /d}' "$tmp/with.txt" >"$tmp/w"
	cmp -s "$tmp/w" "$tmp/without.txt" || { diff "$tmp/w" "$tmp/without.txt" | head; fail "$2: other statistics with the oracle"; }
}
ignoring() { # ARCH TRACE
	oracle 1 "$1" "$2" --set "$1.quirk.ignore_invalidations=true"
	has ': stale after completion: got 0x'
	has '^  store: line [0-9]*, \[0x[0-9a-f]*\] 0x[0-9a-f]* -> 0x0, '
	has '^  invalidation: submitted in line [0-9]*, at 0x[0-9a-f]* of the queue$'
	has '^  wait: completed '
	has '^  use: .* after the store, .* after the wait$'
}
clean vtd traces/vtd-lazy-vblk.iotb
ignoring vtd traces/vtd-lazy-vblk.iotb
for arch in smmuv3 amdvi; do
	dir=tests/data/import
	"$bin" import qemu $dir/$arch-edu.log.zst --image $dir/$arch-edu.snap1.idx -o "$tmp/$arch.iotb" 2>/dev/null
	clean $arch "$tmp/$arch.iotb"
done
for log in ${IOMMUSIM_CAPTURES:+"$IOMMUSIM_CAPTURES"/*.log.zst}; do
	name=$(basename "$log" .log.zst)
	[ "$name" != vtd-passthrough-nvme ] || continue # no DMA in it
	"$bin" import qemu "$log" --image "${log%.log.zst}.snap1.idx" -o "$tmp/c.iotb" 2>/dev/null
	clean "${name%%-*}" "$tmp/c.iotb"
	ignoring "${name%%-*}" "$tmp/c.iotb"
done

# AMD-Vi and SMMUv3 by the driver model: map, use, unmap, flush, use
cat >"$tmp/sw.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
map dom=3 0x10000 0x601e000 0x1000 rw
dma 00:01.0 r 0x10000+64
unmap dom=3 0x10000 0x1000
flush dom=3 0x10000 0x1000
dma 00:01.0 r 0x10000+64
EOF
for arch in vtd smmuv3 amdvi; do
	oracle 0 $arch "$tmp/sw.iot"
	has '^oracle: 2 checked, 0 in the legal window, 0 stale'
	ignoring $arch "$tmp/sw.iot"
	has '^oracle: 2 checked, 0 in the legal window, 1 stale, 0 inv'
done

vtd_tables() { # two requesters, domain id $1 and $2: 0x1000 is 0x100000 for the one and 0x200000 for the other; $3: TT of the first
	cat <<EOF
#iotrace 1
store 0x1000 8 0x2001
store 0x2080 8 0x300$((1 + 4 * $3))
store 0x2088 8 0x$(printf %x $(($1 << 8 | 2)))
store 0x2100 8 0x7001
store 0x2108 8 0x$(printf %x $(($2 << 8 | 2)))
store 0x3000 8 0x4003
store 0x4000 8 0x5003
store 0x5000 8 0x6003
store 0x6008 8 0x100003
store 0x7000 8 0x8003
store 0x8000 8 0x9003
store 0x9000 8 0xa003
store 0xa008 8 0x200003
mmiow 0x20 8 0x1000
mmiow 0x18 4 0x40000000
mmiow 0x90 8 0xe000
mmiow 0x88 8 0x0
mmiow 0x18 4 0x4000000
mmiow 0x18 4 0x84000000
EOF
}
vtd_alias() {
	vtd_tables "$1" "$2" 0
	printf 'dma 00:02.0 r 0x1000+64 -> 0x200000\nmmiow 0x34 4 0x0\ndma 00:01.0 r 0x1000+64\n'
}
vtd_alias 5 5 >"$tmp/alias.iot"
oracle 1 vtd "$tmp/alias.iot"
has ':23: dma 00:01.0 r 0x1000: alias: got 0x200000, the tables say 0x100000$'
has '^  other context: 00:02.0, the same tag (domain 5, ASID 0, VMID 0)$'
has ' 0 stale, 0 invalidation missing, 1 alias, 0 reuse, 0 unexplained$'
vtd_alias 5 6 >"$tmp/own.iot"
oracle 0 vtd "$tmp/own.iot"

cat >"$tmp/smmu.iot" <<'EOF'
#iotrace 1
# two streams, one VMID (5), two second-stage tables
store 0x10200 8 0xd
store 0x10210 8 0x40d005900000005
store 0x10218 8 0x4000
store 0x10400 8 0xd
store 0x10410 8 0x40d005900000005
store 0x10418 8 0x8000
store 0x4000 8 0x5003
store 0x5000 8 0x6003
store 0x6008 8 0x1004ff
store 0x8000 8 0x9003
store 0x9000 8 0xa003
store 0xa008 8 0x2004ff
mmiow 0x80 8 0x10000
mmiow 0x88 4 0x8
mmiow 0x20 4 0x1
dma 00:02.0 r 0x1000+64 -> 0x200000
mmiow 0x50 4 0x0
dma 00:01.0 r 0x1000+64
EOF
oracle 1 smmuv3 "$tmp/smmu.iot"
has 'dma 00:01.0 r 0x1000: alias: got 0x200000, the tables say 0x100000$'
has '^  other context: 00:02.0, the same tag (domain 0, ASID 0, VMID 5)$'

# unmapped; then only a wait; then an invalidation of another page; the use stays without an invalidation
{
	vtd_tables 5 6 0
	cat <<'EOF'
dma 00:01.0 r 0x1000+64
store 0x6008 8 0x0
dma 00:01.0 r 0x1000+64
mmiow 0x34 4 0x0
store 0xe000 8 0x100000025
store 0xe008 8 0xf000
mmiow 0x88 8 0x10
dma 00:01.0 r 0x1000+64
mmiow 0x34 4 0x0
store 0xe010 8 0x500f2
store 0xe018 8 0x8000
store 0xe020 8 0x200000025
store 0xe028 8 0xf000
mmiow 0x88 8 0x30
dma 00:01.0 r 0x1000+64
EOF
} >"$tmp/missing.iot"
oracle 1 vtd "$tmp/missing.iot"
has ' 1 in the legal window, 0 stale, 2 invalidation missing, 0 alias, 0 reuse, 0 unexplained$'

# the wrong order: the device's cache is emptied before the IOTLB, and refills from it
{
	vtd_tables 5 6 1
	cat <<'EOF'
dma 00:01.0 r 0x1000+64 -> 0x100000
mmiow 0x34 4 0x0
store 0x6008 8 0x0
store 0xe000 8 0x800000003
store 0xe008 8 0x1000
store 0xe010 8 0x100000025
store 0xe018 8 0xf000
mmiow 0x88 8 0x20
dma 00:01.0 r 0x1000+64
mmiow 0x34 4 0x0
store 0xe020 8 0xd2
store 0xe028 8 0x0
store 0xe030 8 0x200000025
store 0xe038 8 0xf000
mmiow 0x88 8 0x40
dma 00:01.0 r 0x1000+64
EOF
} >"$tmp/atc.iot"
oracle 1 vtd "$tmp/atc.iot" --set devices.atc.entries=64 --stats "$tmp/s.json" --stats "$tmp/s.csv"
has ':29: dma 00:01.0 r 0x1000: invalidation missing (device translation cache): got 0x100000, the tables say refused'
has ':36: dma 00:01.0 r 0x1000: stale after completion (device translation cache): got 0x100000, the tables say refused'
has '^  invalidation: submitted in line 35, at 0x20 of the queue$'
grep -q '"oracle"' "$tmp/s.json"
grep -q 'oracle\.stale' "$tmp/s.csv"
