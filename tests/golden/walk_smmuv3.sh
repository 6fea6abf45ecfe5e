#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# walk over SMMUv3 images: one translation step by step, requesters, the list of mappings, comparisons, and that a wrong record is found.
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
i=$d/smmuv3-edu.snap2.idx
"$bin" walk $i --rid 00:01.0 --iova 0x34a123 >"$t/out" || fail "a mapped read was refused"
diff - "$t/out" <<'X1' || fail "the walk of 0x34a123 differs"
requester 0x8 iova 0x34a123 r
     1  read 0x000043a79000 stel1     0x6b260009
     2  read 0x00006b260200 ste       0x43b8700b 0xd6 0x0 0x0 0x0 0x0 0x0 0x0
     3  read 0x000043b87000 cd        0x5e204c0003510 0x44092000 0x0 0xfffffffff404ff44 0x0 0x0 0x0 0x0
     4  read 0x000044092000 s1_l0     0x44093003
     5  read 0x000044093000 s1_l1     0x44094003
     6  read 0x000044094008 s1_l2     0x46200f45
ok 0x4634a123 (page of 0x200000 bytes, rw)
X1
"$bin" walk $i --list | grep -v '^#' | sort >"$t/ours"
zcat $d/smmuv3-edu.snap2.maps.gz | grep -v '^#' | cut -d' ' -f1-6 | sort >"$t/theirs"
cmp -s "$t/ours" "$t/theirs" || fail "--list is not the mappings of the capture"
"$bin" walk $i >"$t/out" || fail "list of requesters"
[ "$(grep -c ' stage1$' "$t/out")" = 4 ] && [ "$(grep -c ' abort$' "$t/out")" = 252 ] || fail "4 streams with stage 1 and 252 that abort expected"
want 1 "fault 0x10 F_TRANSLATION" $i --rid 8 --iova 0x7000000000
want 1 "fault log: record 0x800000010 0x20800000000 0x7000000000 0x0" $i --rid 8 --iova 0x7000000000
want 1 "fault 0x08 C_BAD_SUBSTREAMID" $i --rid 8 --iova 0x34a123 --pasid 1
want 2 "an SMMUv3 has 32, 36, 40, 42, 44, 48 or 52 output address bits, not 33" $i --haw 33
want 0 "633 agree, 0 disagree, 0 skipped" $i --query $d/smmuv3-edu.snap2.xlate.gz
want 0 "reason: 87 equal, 8 explained, 0 different" $d/smmuv3-s1-4711-w20.idx --query $d/smmuv3-s1-4711-w20.cases.gz
want 0 "QEMU uses only the first of the concatenated start tables" $d/smmuv3-s2-4711-w15.idx --query $d/smmuv3-s2-4711-w15.cases.gz
want 0 "QEMU checks no address size in bypass" $d/smmuv3-s1-4711-w26.idx --query $d/smmuv3-s1-4711-w26.cases.gz
want 0 "explained 37: QEMU does not check the address of a table against the output size" $d/smmuv3-s1-4711-w00.idx --query $d/smmuv3-s1-4711-w00.cases.gz
# a wrong record and a wrong event: found and listed with both
zcat $d/smmuv3-s1-4711-w20.cases.gz | sed '0,/record=0x2000000010,0x20/s//record=0x2000000010,0x10/' >"$t/w.cases"
want 1 "reason differs: line" $d/smmuv3-s1-4711-w20.idx --query "$t/w.cases"
want 1 "record 0x2000000010 0x10" $d/smmuv3-s1-4711-w20.idx --query "$t/w.cases"
want 1 "106 agree, 1 disagree, 0 skipped" $d/smmuv3-s1-4711-w20.idx --query "$t/w.cases"
exit $bad
