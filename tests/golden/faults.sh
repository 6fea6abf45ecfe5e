#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# iommusim faults: the shipped configurations end well and alike each time; findings and wrong input have their exit status and words.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "faults.sh: $*" >&2; exit 1; }

for m in vtd smmuv3 smmuv3-stall amdvi; do
	"$bin" faults configs/faults-$m.yaml --stats "$tmp/a.csv" >"$tmp/a"
	"$bin" faults configs/faults-$m.yaml --stats "$tmp/b.csv" >"$tmp/b"
	cmp "$tmp/a" "$tmp/b" && cmp "$tmp/a.csv" "$tmp/b.csv" || fail "$m: two runs differ"
	grep -q '^4096 DMAs: 4096 done, 0 failed, 0 unfinished' "$tmp/a" || fail "$m: $(tail -n 1 "$tmp/a")"
	grep -q '^  mapped  *1024$' "$tmp/a" || fail "$m: not every page was mapped once"
done
st=0
"$bin" faults configs/faults-smmuv3-stall.yaml --set devices.outstanding=32 >"$tmp/a" || st=$?
[ $st = 1 ] || fail "more stalls than there can be: status $st"
st=0
"$bin" faults configs/faults-amdvi.yaml --set page_faults.auto_response=false --set page_faults.devices=32 --set page_faults.queue_log2=8 \
	--set page_faults.length=64K --set page_faults.pages=1024 --set devices.mrrs=4096 --set devices.pri.group=16 >"$tmp/a" 2>"$tmp/e" || st=$?
[ $st = 1 ] || fail "no automatic response: status $st"
grep -q 'no response since' "$tmp/e" || fail "nothing says what waits"
want() {
	st=0
	"$bin" faults "${@:3}" >/dev/null 2>"$tmp/e" || st=$?
	[ $st = "$1" ] && grep -q "$2" "$tmp/e" || fail "${*:3}: status $st, $(cat "$tmp/e")"
}
want 2 'no configuration' --seed 1
want 2 'did you mean threads' configs/faults-vtd.yaml --set page_faults.treads=1
want 2 'first at 0' configs/faults-vtd.yaml --set page_faults.service=table --set page_faults.percentiles=50:1us,100:2us
want 2 'ECAP.PRS' configs/captures/vtd.yaml --set devices.atc.entries=4 --set devices.atc.on_no_access=pri
want 2 '.json, .csv or .txt' configs/faults-vtd.yaml --stats x
"$bin" params >"$tmp/p"
grep -q "^page_faults.percentiles" "$tmp/p" || fail "params does not list the handler"
