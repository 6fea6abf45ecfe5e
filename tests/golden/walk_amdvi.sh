#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# walk over AMD-Vi images: one translation step by step, requesters, the list of mappings, comparisons, and that a wrong answer is found.
set -u
bin=$1 d=tests/data/walk bad=0
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
fail() { echo "$*"; bad=1; }
want() { # status, text the output must hold, then the arguments
	local st=$1 text=$2 got; shift 2
	"$bin" walk "$@" >"$t/out" 2>&1; got=$?
	if [ $got != "$st" ] || ! grep -qF -- "$text" "$t/out"; then
		echo "walk $*: status $got, wanted $st and \"$text\"; last lines:"; tail -n 3 "$t/out"; bad=1
	fi
}
i=$d/amdvi-edu.snap2.idx
"$bin" walk $i --list | grep -v '^#' | sort >"$t/ours"
zcat $d/amdvi-edu.snap2.maps.gz | grep -v '^#' | cut -d' ' -f1-6 | sort >"$t/theirs"
cmp -s "$t/ours" "$t/theirs" || fail "--list is not the mappings of the capture"
"$bin" walk $i >"$t/out" || fail "list of requesters"
[ "$(grep -c ' translate$' "$t/out")" = 8 ] && [ "$(grep -c ' blocked$' "$t/out")" = 244 ] || fail "8 requesters translated and 244 blocked expected"
want 0 "ok 0xde10123 (page of 0x10000 bytes, rw)" $i --rid 00:02.0 --iova 0x150010123
want 1 "fault 0x02 IO_PAGE_FAULT" $i --rid 00:02.0 --iova 0x160000010 --write
want 1 "fault log: record 0x2070000700000010 0x160000010" $i --rid 00:02.0 --iova 0x160000010 --write
want 2 "the address width of an AMD-Vi is 52 bits, not 40" $i --haw 40
want 0 "601 agree, 0 disagree, 0 skipped" $i --query $d/amdvi-edu.snap2.xlate.gz
want 0 "reason: 92 equal, 0 explained, 0 different" $d/amdvi-4711-w03.idx --query $d/amdvi-4711-w03.cases.gz
want 0 "reason: 0 equal, 120 explained, 0 different" $d/amdvi-4711-w11.idx --query $d/amdvi-4711-w11.cases.gz
want 0 "QEMU checks no reserved bits" $d/amdvi-4711-w13.idx --query $d/amdvi-4711-w13.cases.gz
want 0 "QEMU lets requests through where TV is 0" $d/amdvi-4711-w16.idx --query $d/amdvi-4711-w16.cases.gz
# a wrong address, and an access let through that must be refused
zcat $d/amdvi-edu.snap2.xlate.gz | sed '2s/0x8600000/0x8800000/' >"$t/w.xlate"
want 1 "600 agree, 1 disagree, 0 skipped" $i --query "$t/w.xlate"
zcat $d/amdvi-4711-w03.cases.gz | awk '!n && /page_fault/ { n = 1; $0 = $1 " " $2 " " $3 " ok 0x1000 - walk=0x1000" } { print }' >"$t/w.cases"
want 1 "112 agree, 1 disagree, 0 skipped" $d/amdvi-4711-w03.idx --query "$t/w.cases"
exit $bad
