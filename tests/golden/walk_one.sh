#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# walk without --query: requesters, one translation step by step, refusals, the list of mappings, JSON, wrong options.
set -u
bin=$1 i=tests/data/walk/vtd-edu.snap4.idx bad=0
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
fail() { echo "$*"; bad=1; }
"$bin" walk $i --rid 00:01.0 --iova 0x100000123 >"$t/out" || fail "a mapped read was refused"
diff - "$t/out" <<'X' || fail "the walk of 0x100000123 differs"
requester 0x8 iova 0x100000123 r
     1  read 0x000004f3a000 root      0x4f42001 0x0
     2  read 0x000004f42080 context   0x4f18001 0x302
     3  read 0x000004f18000 sl4       0x2fd33003
     4  read 0x00002fd33020 sl3       0x2fcf1003
     5  read 0x00002fcf1000 sl2       0x2fcf3003
     6  read 0x00002fcf3000 sl1       0xbe00003
ok 0xbe00123 (page of 0x1000 bytes, rw)
X
"$bin" walk $i --rid 0x8 --iova 0x100001008 --write >"$t/out"; [ $? = 1 ] || fail "a refused write must exit 1"
grep -q '^fault 0x05 LGN.2' "$t/out" || fail "no LGN.2 for a write to an unmapped page"
"$bin" walk $i --rid 0x8 --iova 0x100000123 --format json >"$t/json" || fail "JSON of one walk"
grep -q '"ok": true' "$t/json" && grep -q '"rid": "0x8"' "$t/json" || fail "JSON: request and answer"
[ "$(grep -c '"structure":' "$t/json")" = 6 ] || fail "JSON: six steps"
"$bin" walk $i >"$t/out" || fail "list of requesters"
[ "$(grep -c ' translate$' "$t/out")" = 8 ] || fail "8 requesters expected"
"$bin" walk $i --list | grep -v '^#' | sort >"$t/ours"
zcat tests/data/walk/vtd-edu.snap4.maps.gz | grep -v '^#' | cut -d' ' -f1-6 | sort >"$t/theirs"
cmp -s "$t/ours" "$t/theirs" || fail "--list is not the mappings of the capture"
"$bin" walk $i --rid 8 --iova 0x1000 --haw 20 >"$t/out"; [ $? = 1 ] || fail "--haw 20: tables beyond the width must be refused"
for o in "--iova" "--iova x --rid 1" "--iova 1" "--rid 1" "--haw 80 " "--format xml" "--query a --list" "--bogus"; do
	"$bin" walk $i $o >"$t/out" 2>&1; [ $? = 2 ] && grep -q "walk --help" "$t/out" || fail "walk $o must be a usage error"
done
"$bin" walk --help | grep -q '^Example' || fail "--help without an example"
exit $bad
