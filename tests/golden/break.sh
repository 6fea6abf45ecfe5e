#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Faults in the driver models (software.break): each that makes a stale use possible is found by the oracle on each architecture it
# applies to, each run without it is clean, and so are captures lifted and run by the driver model of each architecture; what is not
# an id is refused. With IOMMUSIM_CAPTURES=DIR, every capture there too. $1: the iommusim binary. Run from the top of the tree.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "break: $*" >&2; exit 1; }
bench/fault-injection/run.sh "$bin" "$tmp/fi" >"$tmp/table" 2>"$tmp/err" || { cat "$tmp/table" "$tmp/err"; fail "see above"; }
[ ! -s "$tmp/err" ] || { cat "$tmp/err"; fail "messages"; }
# the script can fail: a machine that ignores invalidations is not clean without a fault
sed 's/--set software.superpages=false/& --set vtd.quirk.ignore_invalidations=true/' bench/fault-injection/run.sh >"$tmp/run.sh"
! bash "$tmp/run.sh" "$bin" "$tmp/no" >/dev/null 2>"$tmp/err" || fail "a machine that ignores invalidations passes"
grep -q '^fault-injection: not clean without the fault: GEN-ORD-01 vtd' "$tmp/err" || fail "no message for it"

dir=tests/data/import
"$bin" import qemu $dir/smmuv3-edu.log.zst --image $dir/smmuv3-edu.snap1.idx -o "$tmp/smmuv3.iotb" 2>/dev/null
"$bin" import qemu $dir/amdvi-edu.log.zst --image $dir/amdvi-edu.snap1.idx -o "$tmp/amdvi.iotb" 2>/dev/null
cp traces/vtd-lazy-vblk.iotb "$tmp/vtd.iotb"
lifted() { # TRACE NAME: on every architecture
	"$bin" trace lift "$1" -o "$tmp/lifted.iotb" 2>/dev/null
	for on in vtd smmuv3 amdvi; do
		[ $on = vtd ] && mode=legacy || mode=ss
		"$bin" run configs/captures/$on.yaml --trace "$tmp/lifted.iotb" --set software.mode=$mode --oracle >"$tmp/o" 2>&1 || { tail "$tmp/o"; fail "$2 lifted, on $on, is not clean"; }
		grep -q '^oracle: [1-9][0-9]* checked, .*, 0 stale, 0 invalidation missing, 0 alias, 0 reuse, 0 unexplained$' "$tmp/o" || fail "no DMA checked: $2 on $on"
	done
}
for from in vtd smmuv3 amdvi; do lifted "$tmp/$from.iotb" $from; done
for log in ${IOMMUSIM_CAPTURES:+"$IOMMUSIM_CAPTURES"/*.log.zst}; do
	name=$(basename "$log" .log.zst)
	[ "$name" != vtd-passthrough-nvme ] || continue # no DMA in it
	"$bin" import qemu "$log" --image "${log%.log.zst}.snap1.idx" -o "$tmp/c.iotb" 2>/dev/null
	lifted "$tmp/c.iotb" "$name"
done
# every third sequence broken: the unmaps of two domains alternate, and of the 20 of the first domain, whose device goes on, 7 are hit
missing() { "$bin" run configs/captures/vtd.yaml --trace "$tmp/fi/plain.iot" --set software.superpages=false --set software.break=GEN-ORD-15 --set "software.break_every=$1" --oracle | sed -n 's/^oracle: .* \([0-9]*\) invalidation missing, 0 alias, \([0-9]*\) reuse, .*/\1 \2/p'; }
[ "$(missing 1)" = '132 108' ] || fail "all broken: $(missing 1)"
read -r a b <<<"$(missing 3)"
[ $((a + b)) = $((240 * 7 / 20)) ] || fail "every third one broken: $a $b"

printf 'software:\n  break: [GEN-ORD-05, ATS-ORD-99]\n' >"$tmp/bad.yaml"
st=0
"$bin" run "$tmp/bad.yaml" 2>"$tmp/err" || st=$?
[ $st = 2 ] || fail "status $st"
grep -q "bad.yaml:2:10: software.break: 'ATS-ORD-99' is not one of GEN-ORD-01|.*; did you mean ATS-ORD-0[1-9]?" "$tmp/err" || { cat "$tmp/err"; fail "message"; }
"$bin" run configs/captures/vtd.yaml --set software.break=GEN-ORD-05,ATS-ORD-01 --dump-config | grep -q 'break: "\?GEN-ORD-05,ATS-ORD-01' || fail "dump"
