#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Captures that tools/capture/capture.sh made, from the first instruction of an unmodified kernel: every DMA as QEMU answered it, nothing found
# by the checker, and with one step broken a finding, on all three architectures. $1: the iommusim binary. Run from the top of the tree.
set -u
bin=$1
dir=tests/data/capture
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "capture_own: $*" >&2; exit 1; }

for arch in vtd smmuv3 amdvi; do
	n=$(awk -v a=$arch '$1 == a { print $2 }' <<-E
		vtd 3088
		smmuv3 3800
		amdvi 3594
	E
	)
	knob=() && [ $arch = amdvi ] && knob=(--knob np_cache=1) # QEMU's NpCache is not in a register
	"$bin" import qemu $dir/$arch-nvme.log.zst --image $dir/$arch-nvme.idx -o "$tmp/t.iotb" --summary "$tmp/sum" || fail "$arch: import"
	grep -q "^DMAs: $n with the result of QEMU as expectation, 0 not compared$" "$tmp/sum" || fail "$arch: $(grep DMAs "$tmp/sum")"
	"$bin" run configs/captures/$arch.yaml --trace "$tmp/t.iotb" --verify --oracle >"$tmp/o" 2>&1 || fail "$arch: verify: $(tail -n 3 "$tmp/o")"
	grep -q "^verify: [0-9]* agree, 0 disagree, 0 not compared$" "$tmp/o" || fail "$arch: $(tail -n 1 "$tmp/o")"
	grep -q "^oracle: .* 0 stale, 0 invalidation missing, 0 alias, 0 reuse, 0 unexplained$" "$tmp/o" || fail "$arch: oracle"
	"$bin" run configs/captures/$arch.yaml --trace "$tmp/t.iotb" --verify --set $arch.quirk.ignore_invalidations=true >"$tmp/o" 2>&1 &&
		fail "$arch: nothing disagrees although invalidations are ignored"
	"$bin" check "$tmp/t.iotb" "${knob[@]}" >"$tmp/o" || fail "$arch: check"
	grep -q ": 0 violations, 0 manifest, 0 hazards, " "$tmp/o" || fail "$arch: $(tail -n 1 "$tmp/o")"
	if [ $arch = vtd ]; then # its walks are not coherent, and the log has the write-backs
		grep -q '^not decidable here.*GEN-ORD-02' "$tmp/o" && fail "vtd: write-backs do not count"
		zstd -dcq $dir/vtd-nvme.log.zst | grep -v '^mem_flush' >"$tmp/dry.log"
		cp $dir/vtd-nvme.idx "$tmp/dry.idx"
		cp $dir/vtd-nvme.pages.gz "$tmp/dry.pages.gz"
		"$bin" import qemu "$tmp/dry.log" --image "$tmp/dry.idx" -o "$tmp/dry.iotb" --summary "$tmp/sum" || fail "vtd: import without write-backs"
		"$bin" check "$tmp/dry.iotb" >"$tmp/o" && fail "vtd: nothing found although nothing is written back"
		grep -q "the command came before the write was visible" "$tmp/o" || fail "vtd: wrong finding without write-backs"
	fi
	"$bin" trace cat "$tmp/t.iotb" >"$tmp/t.iot"
	for how in drop late; do
		awk -v arch=$arch -v nth=11 -v how=$how -f tests/golden/break.awk "$tmp/t.iot" >"$tmp/b.iot" || fail "$arch: $how"
		cmp -s "$tmp/t.iot" "$tmp/b.iot" && fail "$arch: $how changed nothing"
		"$bin" check "$tmp/b.iot" "${knob[@]}" >"$tmp/o"
		[ $? -eq 1 ] || fail "$arch: $how was not found"
		grep -q "CRITICAL: GEN-ORD-03: PTE_SET while the TLB" "$tmp/o" || fail "$arch: $how: $(tail -n 1 "$tmp/o")"
	done
done
