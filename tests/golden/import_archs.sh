#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `import qemu` on parts of SMMUv3 and AMD-Vi logs: kinds counted, the same trace from zstd and from a pipe, logs without stores, images of
# another IOMMU. $1: the iommusim binary. Run from the top of the tree. With IOMMUSIM_CAPTURES=DIR, whole captures too: the events line of
# DIR/README.md, every command found in the ring, every DMA with an expectation, and the time against `zstd -dc | wc -l`.
set -u
bin=$1
dir=tests/data/import
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "import_archs: $*" >&2; exit 1; }
want_status() { # STATUS TEXT command...
	local st=$1 text=$2
	shift 2
	"$@" > "$tmp/o" 2> "$tmp/e"
	[ $? -eq "$st" ] || fail "status is not $st: $*: $(cat "$tmp/e")"
	grep -qF -- "$text" "$tmp/e" || fail "\"$text\" is not in: $(cat "$tmp/e")"
}
has() { grep -q -- "$1" "$2" || fail "no \"$1\" in $(cat "$2")"; }

for arch in smmuv3 amdvi; do
	log=$dir/$arch-edu.log.zst idx=$dir/$arch-edu.snap1.idx
	"$bin" import qemu $log --image $idx -o "$tmp/$arch.iotb" --summary "$tmp/$arch.sum" || fail "$arch"
	cat $log | "$bin" import qemu - --image $idx 2> /dev/null | sed 1,2d > "$tmp/b.iot"
	"$bin" trace cat "$tmp/$arch.iotb" | sed 1,2d | cmp - "$tmp/b.iot" || fail "$arch: file and pipe differ"
	# image, but no stores: the first command that is not in the ring proves that stores are missing
	zstd -dcq $log | grep -v '^mem_' > "$tmp/bare.log"
	"$bin" import qemu "$tmp/bare.log" --image $idx -o "$tmp/bare.iot" --summary "$tmp/bare.sum" || fail "$arch: image, no stores"
	has "^descriptors written into the ring" "$tmp/bare.sum"
	has "not compared (the contents of the tables are not known)" "$tmp/bare.sum"
	# no image: the first event says what it is; no expectation
	"$bin" import qemu "$tmp/bare.log" -o "$tmp/bare.iot" --summary "$tmp/bare.sum" || fail "$arch: no image"
	grep -q '^dma.*->' "$tmp/bare.iot" && fail "$arch: an expectation without tables"
	grep -q '^dma' "$tmp/bare.iot" || fail "$arch: no DMA"
done
has "^events:.* smmuv3_translate_success 51," "$tmp/smmuv3.sum"
has "^events:.* smmuv3-iommu-memory-region-N-M 73, smmuv3_record_event 73," "$tmp/smmuv3.sum"
has "^records: # 1, page 62, regstate 24, dma 124, store 99, mmiow 78, mmior 42$" "$tmp/smmuv3.sum"
has "^DMAs: 124 with the result of QEMU as expectation, 0 not compared$" "$tmp/smmuv3.sum"
has "^events: amdvi_translation_result 207, mem_write 193," "$tmp/amdvi.sum"
has "^records: # 1, page 51, regstate 12, dma 193, store 157, mmiow 36, mmior 12$" "$tmp/amdvi.sum"
has "^DMAs: 193 with the result of QEMU as expectation, 0 not compared$" "$tmp/amdvi.sum"
has "^the command buffer is where the log says" "$tmp/bare.sum"

want_status 2 "a log of AMD-Vi, but the image is of SMMUv3" "$bin" import qemu $dir/amdvi-edu.log.zst --image $dir/smmuv3-edu.snap1.idx -o "$tmp/no.iotb"
want_status 2 "a log of VT-d, but the image is of AMD-Vi" "$bin" import qemu $dir/vblk.log.zst --image $dir/amdvi-edu.snap1.idx -o "$tmp/no.iotb"
[ -e "$tmp/no.iotb" ] && fail "a trace was left after an error"
"$bin" import --help > "$tmp/help"
for word in VT-d SMMUv3 AMD-Vi; do has $word "$tmp/help"; done

[ -n "${IOMMUSIM_CAPTURES:-}" ] || exit 0
ms() { echo $(($(date +%s%N) / 1000000)); }
for log in "$IOMMUSIM_CAPTURES"/smmuv3-*.log.zst "$IOMMUSIM_CAPTURES"/amdvi-*.log.zst; do
	name=$(basename "$log" .log.zst)
	t0=$(ms)
	"$bin" import qemu "$log" --image "${log%.log.zst}.snap1.idx" -o "$tmp/c.iotb" --summary "$tmp/c.sum" || fail "$name"
	t1=$(ms)
	zstd -dcq "$log" | wc -l > /dev/null
	t2=$(ms)
	diff <(awk -v n="### $name" '$0 == n { on = 1 } on && /^\* events:/ { print substr($0, 3); exit }' "$IOMMUSIM_CAPTURES/README.md") \
		<(grep '^events:' "$tmp/c.sum") || fail "$name: counts differ from the README of the captures"
	has ", 0 not compared$" "$tmp/c.sum"
	awk '$1 ~ /^(smmuv3_cmdq_opcode|amdvi_command_exec)$/ && $2 != $3 + $5 { exit 1 }' "$tmp/c.sum" || fail "$name: commands are not in the ring"
	echo "$name: import $((t1 - t0)) ms, zstd | wc $((t2 - t1)) ms"
	[ $((t1 - t0)) -le $((5 * (t2 - t1) + 100)) ] || fail "$name: slower than five times zstd | wc"
done
