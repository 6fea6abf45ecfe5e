#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `import ftrace` on a log made by hand from the print formats of the events: records, the other ways tools print a line, the checker and the
# driver model behind it, errors with file:line:col. $1: the iommusim binary. Run from the top of the tree.
set -u
bin=$1
log=tests/data/import/ftrace-vtd.txt
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "import_ftrace: $*" >&2; exit 1; }
bad() { # STATUS TEXT LOG-LINE [OPTION...]
	local st=$1 text=$2 line=$3
	shift 3
	printf '# tracer: nop\n%s\n' "$line" >"$tmp/bad.txt"
	"$bin" import ftrace "$tmp/bad.txt" -o "$tmp/never.iot" "$@" 2>"$tmp/e"
	[ $? -eq "$st" ] || fail "status is not $st: $line"
	grep -qF -- "$text" "$tmp/e" || fail "\"$text\" is not in: $(cat "$tmp/e")"
	[ -e "$tmp/never.iot" ] && fail "a trace was left after an error"
}

"$bin" import ftrace $log -o "$tmp/a.iot" --summary "$tmp/sum" || fail "import"
diff - "$tmp/a.iot" <<'WANT' || fail "records"
#iotrace 1
attach @10000000 03:00.0 pasid=- dom=5 type=-
@10000000 CFG_SET CTX 03:00.0 dom=d5 did=5
map @400000000 dom=5 0xffffe000 0x4a3c000 0x2000 rw
@400000000 PTE_SET d5 0xffffe000/0x2000 0x4a3c000
map @500000000 dom=5 0xffffd000 0x4a50000 0x1000 rw
@500000000 PTE_SET d5 0xffffd000/0x1000 0x4a50000
unmap @600000000 dom=5 0xffffd000 0x1000
@600000000 PTE_CLR d5 0xffffd000/0x1000
flush @601000000 dom=5 0xffffd000 0x1000
cmd @602000000 q=0 slot=- 0x500f2 0xffffd000
cmd @604000000 q=0 slot=- 0x30000000003 0xffffd000
cmd @605000000 q=0 slot=- 0x200000025 0x4042c04
@605000000 DONE w0
map @800000000 dom=5 0xffffd000 0x4a51000 0x1000 rw
@800000000 PTE_SET d5 0xffffd000/0x1000 0x4a51000
dma @900000000 03:00.0 w 0xffff0000+? -> fault
detach @1900000000 03:00.0 pasid=- dom=5
WANT
grep -q "^other lines: 5$" "$tmp/sum" || fail "summary: $(cat "$tmp/sum")"

# trace-cmd and perf print the same events with other beginnings
sed -E '/^#/d; s/^ *([^ ]+)-([0-9]+) +\[([0-9]+)\] [^ ]+ +([0-9.]+): ([a-z_]+):/\1 \2 [\3] \4: iommu:\5:/; s/iommu:(qi_submit|cache_tag)/intel_iommu:\1/' \
	$log >"$tmp/perf.txt"
"$bin" import ftrace - <"$tmp/perf.txt" 2>/dev/null | diff "$tmp/a.iot" - || fail "another tool's text"

# the checker: nothing to say, and the command left out is found
"$bin" check --arch vtd "$tmp/a.iot" >"$tmp/o" || fail "check: $(head -n 3 "$tmp/o")"
grep -q ": 0 violations, " "$tmp/o" || fail "check: $(tail -n 1 "$tmp/o")"
grep -v iotlb_inv $log | "$bin" import ftrace - -o "$tmp/b.iot" 2>/dev/null || fail "import without the command"
"$bin" check --arch vtd "$tmp/b.iot" >"$tmp/o"
[ $? -eq 1 ] || fail "the missing command was not found"
grep -q "CRITICAL: GEN-ORD-03: PTE_SET .* no command covers it" "$tmp/o" || fail "$(head -n 3 "$tmp/o")"
# the driver model: the fault that the log has is the model's too
"$bin" run configs/captures/vtd.yaml --trace "$tmp/a.iot" --verify >"$tmp/o" 2>&1 || fail "run: $(tail -n 3 "$tmp/o")"
grep -q "^verify: 1 agree, 0 disagree, 0 not compared$" "$tmp/o" || fail "run: $(tail -n 1 "$tmp/o")"

# without tags the domain is the one that is named
grep -v cache_tag $log | "$bin" import ftrace - --domain 9 2>/dev/null | grep -c 'dom=9' | grep -qx 5 || fail "--domain"
sed '/cache_tag_assign.*iotlb did 5/{p;s/03:00.0/04:00.0/;s/did 5/did 6/}' $log | "$bin" import ftrace - --summary "$tmp/sum" -o "$tmp/c.iot" || fail "two domains"
grep -q "several domains are in use.*: 4$" "$tmp/sum" || fail "two domains: $(cat "$tmp/sum")"
sed 's/0000:03:00.0/4ca0000.gpu/' $log | "$bin" import ftrace - --summary "$tmp/sum" -o "$tmp/c.iot" || fail "another bus"
grep -q "not a PCI function" "$tmp/sum" || fail "another bus: $(cat "$tmp/sum")"
printf 'CPU:1 [LOST 17 EVENTS]\n' | cat - $log | "$bin" import ftrace - --summary "$tmp/sum" -o "$tmp/c.iot" || fail "lost"
grep -q "lost events at 1 places" "$tmp/sum" || fail "lost"

at='dd-1 [000] d..1. 1.000001:'
bad 2 'bad.txt:2:63: found " + 0x5000", expected " - 0xHEX"' "$at map: IOMMU: iova=0x000000000000f000 + 0x5000"
bad 2 'expected " paddr=0xHEX"' "$at map: IOMMU: iova=0x0000000000001000 - 0x0000000000002000 size=4096"
bad 2 'expected "IOMMU: device="' "$at attach_device_to_domain: 0000:03:00.0"
bad 2 'expected " 0xHEX"' "$at qi_submit: iotlb_inv dmar0: 0x2 0x0 0x0"
bad 2 'expected the end of the line' "$at qi_submit: iotlb_inv dmar0: 0x2 0x0 0x0 0x0 0x0"
bad 2 'expected " did NUMBER"' "$at cache_tag_assign: dmar0/0000:03:00.0 type iotlb dom 5 pasid 0 ref 1"
bad 2 'none of 2 lines is an event' "$at sched_switch: x"
bad 2 '--domain: found "x"' "$at sched_switch: x" --domain x
bad 2 '--image is not for ftrace' "$at sched_switch: x" --image y.idx
exit 0
