#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `import qemu` on a real log: kinds counted, the same trace from zstd, text and a pipe, errors with status 2; `trace lift` behind it in a pipe.
# $1: the iommusim binary. Run from the top of the tree. With IOMMUSIM_CAPTURES=DIR, whole captures too: the events line of DIR/README.md.
set -u
bin=$1
dir=tests/data/import
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "import_edu: $*" >&2; exit 1; }
want_status() { # STATUS TEXT command...
	local st=$1 text=$2
	shift 2
	"$@" > "$tmp/o" 2> "$tmp/e"
	[ $? -eq "$st" ] || fail "status is not $st: $*: $(cat "$tmp/e")"
	grep -qF -- "$text" "$tmp/e" || fail "\"$text\" is not in: $(cat "$tmp/e")"
}

"$bin" import qemu $dir/edu.log.zst --image $dir/edu.snap1.idx -o "$tmp/a.iotb" --summary "$tmp/a.sum" || fail "import"
for n in "mem_write 20496" "vtd_dmar_translate 4632" "vtd_dmar_fault 2160" "vtd_inv_desc 848" "mem_page 112" "mem_drop 109"; do
	grep -q "^events:.* $n\(,\|\$\)" "$tmp/a.sum" || fail "events line lacks $n"
done
grep -q "^records: # 1, page 387, regstate 18, dma 6792, store 20496, mmiow 657, mmior 503$" "$tmp/a.sum" || fail "records"
grep -q "^DMAs: 6792 with the result of QEMU as expectation, 0 not compared$" "$tmp/a.sum" || fail "expectations"

zstd -dcq $dir/edu.log.zst > "$tmp/edu.log"
"$bin" import qemu "$tmp/edu.log" --image $dir/edu.snap1.idx 2> "$tmp/b.sum" | sed 1,2d > "$tmp/b.iot" || fail "text log"
"$bin" trace cat "$tmp/a.iotb" | sed 1,2d | cmp - "$tmp/b.iot" || fail "text and zstd logs differ"
cat $dir/edu.log.zst | "$bin" import qemu - --image $dir/edu.snap1.idx 2> /dev/null | sed 1,2d | cmp - "$tmp/b.iot" || fail "log from a pipe"

# Without image: no expectation, but the command engine has its descriptors.
grep -v '^mem_' "$tmp/edu.log" > "$tmp/bare.log"
"$bin" import qemu "$tmp/bare.log" -o "$tmp/bare.iot" --summary "$tmp/bare.sum" || fail "without image"
grep -q '^dma.*->' "$tmp/bare.iot" && fail "an expectation without tables"
grep -q "^descriptors written into the ring, because no store did: 848" "$tmp/bare.sum" || fail "descriptors"
# With image but no stores: the first command proves that stores are missing.
"$bin" import qemu "$tmp/bare.log" --image $dir/edu.snap1.idx -o "$tmp/bare.iot" --summary "$tmp/bare.sum" 2> /dev/null || fail "image, no stores"
grep -q ", 6792 not compared" "$tmp/bare.sum" || fail "expectations although stores are missing"

want_status 2 "none of 2 lines is an event" "$bin" import qemu <(printf 'hello\nworld\n')
want_status 2 "ends in the middle" "$bin" import qemu <(head -c 30000 $dir/edu.log.zst) --image $dir/edu.snap1.idx -o "$tmp/never.iotb"
[ -e "$tmp/never.iotb" ] && fail "a trace was left after an error"
want_status 2 "but the image was taken after line" "$bin" import qemu <(head -n 20 "$tmp/edu.log") --image $dir/edu.snap1.idx
want_status 2 "only qemu and ftrace" "$bin" import xen x
want_status 2 "No such file" "$bin" import qemu "$tmp/nothing"
want_status 2 "unknown option" "$bin" import qemu x --imag3 y
want_status 2 "cannot both go" "$bin" import qemu x --summary -
"$bin" import --help | grep -q '^example:' || fail "help"

"$bin" import qemu $dir/edu.log.zst --image $dir/edu.snap1.idx 2> /dev/null | "$bin" trace lift - -o - 2> "$tmp/lift.sum" > "$tmp/sw.iot" || fail "lift"
grep -q "out dma 6792 attach 26 detach 18 map 488 unmap 436 flush 356" "$tmp/lift.sum" || fail "lifted: $(cat "$tmp/lift.sum")"
grep -q '^map dom=7 0x0 0x0 0x1000000 rw$' "$tmp/sw.iot" || fail "the identity map is not one run"
grep -Ev '^(#|attach|detach|map|unmap|flush|dma)' "$tmp/sw.iot" && fail "hardware-level records were left"

[ -n "${IOMMUSIM_CAPTURES:-}" ] || exit 0
for log in "$IOMMUSIM_CAPTURES"/vtd-*.log.zst; do
	name=$(basename "$log" .log.zst)
	"$bin" import qemu "$log" --image "${log%.log.zst}.snap1.idx" -o "$tmp/c.iotb" --summary "$tmp/c.sum" || fail "$name"
	diff <(awk -v n="### $name" '$0 == n { on = 1 } on && /^\* events:/ { print substr($0, 3); exit }' "$IOMMUSIM_CAPTURES/README.md") \
		<(grep '^events:' "$tmp/c.sum") || fail "$name: counts differ from the README of the captures"
done
