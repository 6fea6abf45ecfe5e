#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The shipped capture (Linux 6.1, virtio-blk, lazy): every DMA agrees under tiny, default and huge caches; the commands executed are those the
# original log has after its pause (286 IOTLB domain, 25 interrupt-entry, 311 waits); counters add up; two runs give the same bytes; ignoring
# invalidations must disagree.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
run() { "$bin" run configs/captures/vtd.yaml --trace traces/vtd-lazy-vblk.iotb "$@"; }
stat() { awk -F, -v n="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == n) c = i } NR == 2 { if (!c) exit 1; print $c }' "$1"; }
want='verify: 128157 agree, 0 disagree, 0 not compared'
for n in 1 64 65536; do
	[ "$(run --verify --set vtd.iotlb.entries=$n --set vtd.psc.entries=$n --stats "$tmp/$n.csv" | tail -n 1)" = "$want" ]
	s=$tmp/$n.csv
	[ "$(stat "$s" vtd0.inv.iotlb_domain) $(stat "$s" vtd0.inv.iotlb) $(stat "$s" vtd0.inv.iec) $(stat "$s" vtd0.inv.wait)" = "286 286 25 311" ]
	for c in vtd0.iotlb vtd0.ctx vtd0.psc.s2.l2 vtd0.psc.s2.l3 vtd0.psc.s2.l4; do
		[ $(($(stat "$s" $c.hits) + $(stat "$s" $c.misses))) = "$(stat "$s" $c.lookups)" ]
	done
	[ $(($(stat "$s" vtd0.hits) + $(stat "$s" vtd0.misses))) = "$(stat "$s" vtd0.requests)" ]
	[ $(($(stat "$s" vtd0.walks) + $(stat "$s" vtd0.merged))) = "$(stat "$s" vtd0.misses)" ]
done
run --set vtd.iotlb.entries=64 --set vtd.psc.entries=64 --verify --stats "$tmp/again.csv" >/dev/null
cmp "$tmp/64.csv" "$tmp/again.csv"
[ "$(stat "$tmp/1.csv" vtd0.iotlb.hits)" -lt "$(stat "$tmp/64.csv" vtd0.iotlb.hits)" ]
st=0
run --verify --set vtd.iotlb.entries=65536 --set vtd.quirk.ignore_invalidations=true >"$tmp/ignored" || st=$?
[ $st = 1 ]
[ "$(tail -n 1 "$tmp/ignored" | sed 's/.*agree, \([0-9]*\) disagree.*/\1/')" -gt 10000 ]
