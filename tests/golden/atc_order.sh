#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# traces/atc-order.sh: on all three units, a device invalidated before the unit's TLB refills from it and uses the old page after everything has completed;
# the other way round it does not. The reads' addresses are checked as well (--verify).
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "atc_order.sh: $*" >&2; exit 1; }
for arch in vtd smmuv3 amdvi; do
	for order in wrong right; do
		st=0
		bash traces/atc-order.sh $arch $order | "$bin" run configs/captures/$arch.yaml --trace - --oracle --verify --set devices.atc.entries=64 >"$tmp/o" || st=$?
		bad=$([ $order = wrong ] && echo 1 || echo 0)
		[ $st = "$bad" ] || { cat "$tmp/o" >&2; fail "$arch, $order: status $st"; }
		grep -q "in the legal window, $bad stale, 0 invalidation missing, 0 alias, 0 reuse, 0 unexplained" "$tmp/o" || fail "$arch, $order: $(grep ^oracle: "$tmp/o")"
		grep -q '^verify: 3 agree, 0 disagree' "$tmp/o" || fail "$arch, $order: $(grep ^verify: "$tmp/o")"
		[ $order = right ] || grep -q 'stale after completion (device translation cache): got 0x100000, the tables say 0x101000' "$tmp/o" || fail "$arch: no chain"
	done
done
st=0
bash traces/atc-order.sh vtd worng 2>/dev/null || st=$?
[ $st = 2 ] || fail "a wrong word is accepted"
