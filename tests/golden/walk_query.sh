#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# walk --query over small images of real captures and damaged tables: last line, reason line, exit status, and that a wrong expectation is found.
set -u
bin=$1 d=tests/data/walk bad=0
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
want() { # status, text the output must hold, then the arguments
	local st=$1 text=$2 got; shift 2
	"$bin" walk "$@" >"$t/out" 2>&1; got=$?
	if [ $got != "$st" ] || ! grep -qF -- "$text" "$t/out"; then
		echo "walk $*: status $got, wanted $st and \"$text\"; last lines:"; tail -n 3 "$t/out"; bad=1
	fi
}
want 0 "56168 agree, 0 disagree, 0 skipped" $d/vtd-edu.snap4.idx --query $d/vtd-edu.snap4.maps.gz
want 0 "394 agree, 0 disagree, 0 skipped" $d/vtd-edu.snap4.idx --query $d/vtd-edu.snap4.xlate.gz
want 0 "stale: 38 as memory says" $d/vtd-lazy-nvme.snap5.idx --query $d/vtd-lazy-nvme.snap5.xlate.gz
want 0 "reason: 74 equal, 0 explained, 0 different" $d/vtd-4711-w00.idx --query $d/vtd-4711-w00.cases.gz
want 0 "reason: 0 equal, 77 explained, 0 different" $d/vtd-sm-sl-4711-w00.idx --query $d/vtd-sm-sl-4711-w00.cases.gz
want 0 "88 agree, 0 disagree, 32 skipped" $d/vtd-sm-fl-4711-w39.idx --query $d/vtd-sm-fl-4711-w39.cases.gz
want 0 "decided by the specification: 120" $d/vtd-4711-w05.idx --query $d/vtd-4711-w05.cases.gz
for q in maps.gz xlate.gz; do # the last line is the sum
	"$bin" walk $d/vtd-edu.snap4.idx --query $d/vtd-edu.snap4.$q | tail -n 1 | grep -qE '^[0-9]+ agree, 0 disagree, 0 skipped$' || { echo "no sum at the end: $q"; bad=1; }
done
# a wrong expectation: found, listed with the walk, exit status 1
zcat $d/vtd-edu.snap4.xlate.gz | sed '2s/0x10a00000/0x10c00000/' >"$t/w.xlate"
want 1 "393 agree, 1 disagree, 0 skipped" $d/vtd-edu.snap4.idx --query "$t/w.xlate"
want 1 "expected ok 0x10c00000" $d/vtd-edu.snap4.idx --query "$t/w.xlate"
want 1 "0x000004f3a000 root" $d/vtd-edu.snap4.idx --query "$t/w.xlate"
# bad input: place and status 2
sed '3s/.*/0x8 what ok/' "$t/w.xlate" >"$t/x.xlate"
want 2 "x.xlate:3:5: 'what' is not an address" $d/vtd-edu.snap4.idx --query "$t/x.xlate"
want 2 "" $d/vtd-edu.snap4.idx --query "$t/none.maps.gz"
head -c 3000 $d/vtd-edu.snap4.maps.gz >"$t/cut.maps.gz"
want 2 "damaged or cut gzip data" $d/vtd-edu.snap4.idx --query "$t/cut.maps.gz"
sed 's/^kind vtd/kind other/' $d/vtd-edu.snap4.idx >"$t/a.idx"; cp $d/vtd-edu.snap4.pages.gz "$t/a.pages.gz"
want 2 "kind must be vtd, smmuv3 or amdvi" "$t/a.idx"
exit $bad
