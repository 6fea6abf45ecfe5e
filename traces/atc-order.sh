#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# atc-order.sh - prints a trace in which a page is moved while a device with a translation cache reads it; tables and commands encoded by hand.
#   usage: traces/atc-order.sh vtd|smmuv3|amdvi wrong|right | iommusim run configs/captures/ARCH.yaml --trace - --oracle --set devices.atc.entries=64
# wrong: the device is invalidated before the unit's TLB, and refills from it; the last read uses the old page after everything has completed.
# right: the unit first. The read between the two steps uses the old page as well, legally; the last one does not.
set -eu
arch=${1-} order=${2-}
case "$arch $order" in
"vtd wrong" | "vtd right" | "smmuv3 wrong" | "smmuv3 right" | "amdvi wrong" | "amdvi right") ;;
*)
	echo "usage: traces/atc-order.sh vtd|smmuv3|amdvi wrong|right" >&2
	exit 2
	;;
esac
cmd=0xe000 # next free command
put() { # one command of two words
	printf 'store 0x%x 8 %s\nstore 0x%x 8 %s\n' $((cmd)) "$1" $((cmd + 8)) "$2"
	cmd=$((cmd + 16))
}
read_it() { echo "dma 00:01.0 r 0x1000+64${1:+ -> $1}"; }

# Page 0x1000 of device 00:01.0 is at 0x100000; the leaf entry is at 0x6008.
case $arch in
vtd)
	table="store 0x1000 8 0x2001
store 0x2080 8 0x4005
store 0x2088 8 0x502
store 0x4000 8 0x5003
store 0x5000 8 0x7003
store 0x7000 8 0x6003"
	leaf=0x3
	on="mmiow 0x20 8 0x1000
mmiow 0x18 4 0x40000000
mmiow 0x90 8 0xe000
mmiow 0x88 8 0x0
mmiow 0x18 4 0x4000000
mmiow 0x18 4 0x84000000"
	unit() { put 0x500f2 0x1000; } # page-selective, domain 5
	device() { put 0x800000003 0x1000; }
	wait_for() { put 0x100000025 0xf000; }
	tail_is() { printf 'mmiow 0x88 8 0x%x\n' $((cmd - 0xe000)); }
	barrier='mmiow 0x34 4 0x0'
	;;
smmuv3)
	table="store 0x10200 8 0xd
store 0x10208 8 0x10000000
store 0x10210 8 0x40d005900000005
store 0x10218 8 0x4000
store 0x4000 8 0x5003
store 0x5000 8 0x6003"
	leaf=0x4ff
	on="mmiow 0x80 8 0x10000
mmiow 0x88 4 0x8
mmiow 0x90 8 0xe008
mmiow 0x98 4 0x0
mmiow 0x9c 4 0x0
mmiow 0x20 4 0x9"
	unit() { put 0x50000002a 0x1000; } # CMD_TLBI_S2_IPA, VMID 5
	device() { put 0x800000040 0x1000; } # CMD_ATC_INV
	wait_for() { put 0x100001046 0xf000; }
	tail_is() { printf 'mmiow 0x98 4 0x%x\n' $(((cmd - 0xe000) / 16)); }
	barrier='mmiow 0x50 4 0x0'
	;;
amdvi)
	table="store 0x10100 8 0x6000000000004603
store 0x10108 8 0x100000005
store 0x4000 8 0x6000000000005401
store 0x5000 8 0x6000000000006201"
	leaf=0x6000000000000001
	on="mmiow 0x0 8 0x10000
mmiow 0x8 8 0x80000000000e000
mmiow 0x18 8 0x1401"
	unit() { put 0x3000000500000000 0x1000; }
	device() { put 0x4000000820000008 0x1000; }
	wait_for() { put 0x100000000000f001 1; }
	tail_is() { printf 'mmiow 0x2008 4 0x%x\n' $((cmd - 0xe000)); }
	barrier='mmiow 0x2020 4 0x0'
	;;
esac

echo '#iotrace 1'
echo "$table"
printf 'store 0x6008 8 0x%x\n' $((0x100000 | leaf))
echo "$on"
read_it 0x100000
echo "$barrier"
printf 'store 0x6008 8 0x%x\n' $((0x101000 | leaf))
if [ "$order" = wrong ]; then device; else unit; fi
tail_is
read_it 0x100000
echo "$barrier"
if [ "$order" = wrong ]; then unit; else device; fi
wait_for
tail_is
read_it $([ "$order" = wrong ] && echo 0x100000 || echo 0x101000)
