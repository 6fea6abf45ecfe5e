#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The hypervisor's modes (sim/software/hyp.h): every answer right in each of them on each architecture, exits and times as the closed forms
# have them, several guests and virtual IOMMUs, and the named scenarios of docs/experiments.md. Run from the top of the tree; $1: iommusim.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "hyp: $*" >&2; tail -12 "$tmp/o" >&2; exit 1; }
run() { # STATUS ARCH TRACE options...: output in $tmp/o, statistics in $tmp/s
	local want=$1 st=0
	"$bin" run "bench/nesting-overhead/$2.yaml" --trace "$3" --verify --oracle --stats "$tmp/s.csv" "${@:4}" >"$tmp/o" 2>&1 || st=$?
	[ $st = "$want" ] || fail "status $st, not $want: $*"
}
# shellcheck source=tests/support/hyp_stats.sh
. tests/support/hyp_stats.sh
clean() {
	grep -q '^oracle: [1-9][0-9]* checked, 0 in the legal window, 0 stale, 0 invalidation missing, 0 alias, 0 reuse, 0 unexplained$' "$tmp/o" ||
		fail "not clean: $what"
	grep -q '^verify: [1-9][0-9]* agree, 0 disagree' "$tmp/o" || fail "verify: $what"
}
archs='vtd smmuv3 amdvi'
mode() { echo "--set software.hypervisor=$1"; }

# 1. One trace, every mode. Pages that are not contiguous, one mapped elsewhere, one unmapped while others stay, a large page.
cat >"$tmp/one.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
map dom=3 0x10000 0x601e000 0x1000 rw
map dom=3 0x11000 0x7013000 0x2000 rw
map dom=3 0x200000 0x8000000 0x200000 rw
dma 00:01.0 r 0x10040+64 -> 0x601e040
dma 00:01.0 r 0x10fc0+128 -> 0x601efc0
dma 00:01.0 w 0x3fff00+256 -> 0x81fff00
unmap dom=3 0x10000 0x1000
map dom=3 0x10000 0x901e000 0x1000 rw
dma 00:01.0 r 0x10000+64 -> 0x901e000
dma 00:01.0 w 0x12008+64 -> 0x7014008
EOF
sed 's/^unmap.*/&\ndma 00:01.0 r 0x10000+64 -> fault/' "$tmp/one.iot" >"$tmp/fault.iot"
for a in $archs; do
	for m in none native passthrough shadow nested-trapped nested-hw; do
		what="$a $m"
		run 0 $a "$tmp/one.iot" $(mode $m)
		clean
		[ $m != none ] || { ! grep -q hypervisor "$tmp/s.csv" || fail 'statistics without a hypervisor'; continue; }
		case $m in # attach 1; shadow: 4 maps and 2 unmaps or flushes; trapped: a tail write per flush, on AMD-Vi per command
		native | passthrough) is exits 0 ;;
		shadow) is exits 6; is exits_map 4; is exits_unmap 1; is exits_attach 1 ;;
		nested-trapped) if [ $a = amdvi ]; then is exits 3; else is exits 2; fi ;;
		nested-hw) is exits 1 ;;
		esac
		[ $m != passthrough ] || { is unprotected 1; is dma_split 1; continue; }
		run 0 $a "$tmp/fault.iot" $(mode $m)
		is faults 1
		is fault_exact 1
		case $a.$m in # interrupt; and host software and injection. AMD-Vi: the entry written to the guest's log, then its interrupt
		amdvi.nested-hw)
			logged=$(hyp fault_latency.mean)
			[ $logged -gt 1000000 ] && [ $logged -lt 1500000 ] && [ "$(stat unit.viommu.events)" = 1 ] || fail "$what: the guest's log, $logged"
			run 0 $a "$tmp/fault.iot" $(mode $m) --set software.interrupt_time=3us
			is fault_latency.mean $((logged + 2000000))
			run 0 $a "$tmp/fault.iot" $(mode $m) --set software.guest_faults=software
			is fault_latency.mean 5000000
			[ "$(stat unit.viommu.events)" = 0 ] || fail "$what: the host's log"
			;;
		*.native | *.nested-hw) is fault_latency.mean 1000000 ;;
		*) is fault_latency.mean 5000000 ;;
		esac
	done
	what="$a guest_doorbell=wait"
	run 0 $a "$tmp/one.iot" $(mode nested-trapped) --set software.guest_doorbell=wait
	is exits 2
	# 2. What trapping adds to one unmap: an exit, host software for both commands, its tail write. And nothing else.
	if [ $a != amdvi ]; then
		run 0 $a "$tmp/one.iot" $(mode nested-hw)
		hw=$(hyp unmap.mean) hws=$(hyp safe.mean)
		run 0 $a "$tmp/one.iot" $(mode nested-trapped)
		[ $(($(hyp unmap.mean) - hw)) = 2300000 ] || fail "$a: trapping adds $(($(hyp unmap.mean) - hw)) ps"
		[ $(($(hyp safe.mean) - hws)) = 1300000 ] || fail "$a: half of the exit is behind the flush"
	fi
	for x in 0 7us; do
		run 0 $a "$tmp/one.iot" $(mode shadow) --set software.exit_time=$x
		eval "at_$x=$(hyp map.mean)"
	done
	[ $((at_7us - at_0)) = 7000000 ] || fail "$a: a shadowed map has one exit"
done

# 3. Two guests with equal I/O addresses, two virtual IOMMUs each, two devices behind one domain.
{
	echo '#iotrace 1'
	for i in 0 1 2 3 4 5 6 7; do echo "attach 0$((i + 1)):00.0 pasid=- dom=$((i < 6 ? i : i - 2)) type=-"; done
	for i in 0 1 2 3 4 5; do echo "map dom=$i 0x10000 0x6${i}00000 0x4000 rw"; done
	for round in 0 1; do
		for i in 0 1 2 3 4 5 6 7; do echo "dma 0$((i + 1)):00.0 r 0x11000+64 -> 0x6$((i < 6 ? i : i - 2))01000"; done
		[ $round = 1 ] || { echo 'unmap dom=4 0x11000 0x1000'; echo 'map dom=4 0x11000 0x6401000 0x1000 rw'; }
	done
	echo 'unmap dom=5 0x10000 0x4000'
	echo 'dma 06:00.0 r 0x11000+64 -> fault'
	echo 'dma 08:00.0 r 0x11000+64 -> fault'
	echo 'dma 05:00.0 r 0x11000+64 -> 0x6401000'
} >"$tmp/two.iot"
for a in $archs; do
	for m in shadow nested-trapped nested-hw; do
		what="$a $m, two guests"
		run 0 $a "$tmp/two.iot" $(mode $m) --set software.guests=2 --set software.viommus=2
		clean
		is faults 2
	done
done
# SMMUv3: each virtual SMMU has a queue of its own, in which the hardware puts VMID and StreamID. The commands carry VMID 0 and other StreamIDs, so answers
# are right only if it does. With one interface there is no second one to give out.
what='two queues wanted, one there'
run 2 smmuv3 "$tmp/two.iot" $(mode nested-hw) --set software.viommus=2 --set smmuv3.cmdqv.vintf_lg2=0
grep -q 'has 1 virtual interfaces' "$tmp/o" || fail "$what"
what='no queues for guests'
run 0 smmuv3 "$tmp/two.iot" $(mode nested-hw) --set software.viommus=2 --set smmuv3.cmdqv.present=false
clean
# AMD-Vi: each virtual IOMMU has a buffer of its own, in which the hardware puts DomainID and DeviceID. What guests issued is what their buffers executed,
# no exits but one for each attach, every wait's store made; 4 GuestIDs, not 3; without any it is the unit's own queue.
guest_buffers() {
	local n=$(($(stat unit.viommu.wait) + $(stat unit.viommu.pages) + $(stat unit.viommu.iotlb)))
	is guest_commands $n
	[ "$(stat unit.viommu.map_lookups)" = $((n - $(stat unit.viommu.wait))) ] || fail "$what: ids looked up"
	is exits "$(hyp attaches)"
	is exits_attach "$(hyp attaches)"
	is waits_lost 0
	for i in dropped halts hw_errors illegal log_faults events_lost; do [ "$(stat unit.viommu.$i)" = 0 ] || fail "$what: $i"; done
}
for trp in false true; do
	what="AMD-Vi, buffers of two guests with two virtual IOMMUs each, amd_gst_trp=$trp"
	run 0 amdvi "$tmp/two.iot" $(mode nested-hw) --set software.guests=2 --set software.viommus=2 --set software.amd_gst_trp=$trp
	clean
	guest_buffers
	is fault_exact 2
	for i in 0 1 2 3; do [ "$(stat unit.viommu.guest$i.commands)" -ge 4 ] || fail "$what: guest $i"; done
	[ "$(stat unit.viommu.guest4.commands)" = 0 ] || fail "$what: a fifth"
done
run 2 amdvi "$tmp/two.iot" $(mode nested-hw) --set software.guests=2 --set software.viommus=2 --set amdvi.viommu.guests=3
grep -q 'unit 0 has 3 GuestIDs, all in use (amdvi.viommu.guests)' "$tmp/o" || fail "$what: 3 GuestIDs"
for none in amdvi.viommu.guests=0 amdvi.efr=0x205753f322209bdf; do
	what="AMD-Vi without hardware vIOMMU: $none"
	run 0 amdvi "$tmp/two.iot" $(mode nested-hw) --set software.guests=2 --set software.viommus=2 --set $none
	clean
done
# A domain cannot be in two guests.
sed 's/dom=5 type/dom=4 type/' "$tmp/two.iot" >"$tmp/bad.iot"
run 2 vtd "$tmp/bad.iot" $(mode nested-hw) --set software.guests=2
grep -q 'domain 4 belongs to virtual machine 0, the device to 1' "$tmp/o" || fail 'no message'

# 4. Three virtual SMMUs and one device without any on one stage 2: equal ASIDs, three VMIDs and a fourth. Taking a page away from the virtual
# machine costs 2 commands for the device's own VMID and 3 for each virtual SMMU's.
stage2() { # number of virtual SMMUs
	echo '#iotrace 1'
	echo 'attach 00:01.0 pasid=- dom=9 type=vm'
	echo 'map dom=9 0x1000005000 0x5000 0x2000 rw'
	for ((i = 1; i <= $1; i++)); do
		echo "attach 0$i:00.0 pasid=- dom=$i type=-"
		echo "map dom=$i 0x10000 0x6${i}00000 0x1000 rw"
		echo "dma 0$i:00.0 r 0x10000+64 -> 0x6${i}00000"
	done
	for ((i = 1; i <= $1; i++)); do echo "dma 0$i:00.0 r 0x10040+64 -> 0x6${i}00040"; done
	echo 'dma 00:01.0 r 0x1000005000+64 -> 0x5000'
	[ "${2-}" != unmap ] || echo 'unmap dom=9 0x1000005000 0x1000'
	[ "${2-}" != unmap ] || echo 'dma 00:01.0 r 0x1000005000+64 -> fault'
}
for a in $archs; do
	last=0
	for n in 0 1 2 3; do
		what="$a, $n virtual IOMMUs and a device without"
		stage2 $n >"$tmp/a.iot"
		stage2 $n unmap >"$tmp/b.iot"
		v=$((n ? n : 1))
		run 0 $a "$tmp/a.iot" $(mode nested-trapped) --set software.viommus=$v --set software.direct=1
		before=$(hyp commands)
		run 0 $a "$tmp/b.iot" $(mode nested-trapped) --set software.viommus=$v --set software.direct=1
		clean
		cost=$(($(hyp commands) - before))
		case $a in
		smmuv3) [ $cost = $((2 + 3 * n)) ] || fail "$what: $cost commands" ;;
		*) [ $cost = $((2 + 2 * n)) ] || fail "$what: $cost commands" ;;
		esac
		[ "$(hyp s2_unmap.mean)" -gt "$last" ] || fail "$what: not dearer"
		last=$(hyp s2_unmap.mean)
		is fault_lost 0
	done
done
what='one VMID for three virtual SMMUs'
run 1 smmuv3 "$tmp/b.iot" $(mode nested-trapped) --set software.viommus=3 --set software.direct=1 --set software.smmu_vmid=vm
grep -q '^oracle: .* [1-9][0-9]* alias' "$tmp/o" || fail 'equal ASIDs under one VMID are not an alias'

# 5. The same page table before and after the guest turns PASID on.
cat >"$tmp/pasid.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
map dom=3 0x10000 0x601e000 0x2000 rw
dma 00:01.0 r 0x10040+64 -> 0x601e040
attach 00:01.0 pasid=5 dom=3 type=-
dma 00:01.0 r 0x10080+64 pasid=5 -> 0x601e080
dma 00:01.0 r 0x100c0+64 -> 0x601e0c0
unmap dom=3 0x10000 0x1000
dma 00:01.0 r 0x11000+64 pasid=5 -> 0x601f000
dma 00:01.0 r 0x10080+64 pasid=5 -> fault
dma 00:01.0 r 0x10080+64 -> fault
EOF
for a in $archs; do
	for m in nested-trapped nested-hw; do
		what="$a $m, PASID turned on"
		run 0 $a "$tmp/pasid.iot" $(mode $m)
		clean
	done
done

# 6. A caching-mode guest that skips device-TLB flushes: right over a shadow, stale on a first stage.
cat >"$tmp/ats.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
dev 00:01.0 ats-on
map dom=3 0x10000 0x601e000 0x2000 rw
dma 00:01.0 r 0x10040+64 -> 0x601e040
unmap dom=3 0x10000 0x1000
dma 00:01.0 r 0x10080+64 -> fault
EOF
for a in $archs; do
	for d in forwarded hidden skipped; do
		what="$a, device-TLB flushes $d"
		run 0 $a "$tmp/ats.iot" $(mode shadow) --set devices.atc.entries=16 --set software.guest_devtlb=$d
		clean
		st=0
		[ $d != skipped ] || st=1
		run $st $a "$tmp/ats.iot" $(mode nested-trapped) --set devices.atc.entries=16 --set software.guest_devtlb=$d
		case $d in
		skipped)
			grep -q '^verify: 1 agree, 1 disagree' "$tmp/o" || fail "$what"
			grep -q '^oracle: .* 0 stale, [1-9][0-9]* invalidation missing\|^oracle: .* [1-9][0-9]* stale' "$tmp/o" || fail "$what"
			;;
		*) clean; eval "exits_$d=$(hyp exits)" ;;
		esac
	done
	case $a in # separate submissions: hiding the second saves an exit; in one batch (VT-d) there is none to save
	vtd) [ $exits_hidden = $exits_forwarded ] || fail "$a: $exits_hidden $exits_forwarded exits" ;;
	*) [ $exits_hidden = $((exits_forwarded - 1)) ] || fail "$a: $exits_hidden $exits_forwarded exits" ;;
	esac
	what="$a, guest with hardware queue"
	run 0 $a "$tmp/ats.iot" $(mode nested-hw) --set devices.atc.entries=16
	clean
	[ $a != amdvi ] || { [ "$(stat unit.viommu.iotlb)" -ge 1 ] && [ "$(hyp guest_commands)" = $(($(stat unit.viommu.wait) + $(stat unit.viommu.pages) + $(stat unit.viommu.iotlb))) ]; } || fail "$what"
	run 2 $a "$tmp/ats.iot" $(mode nested-hw) --set software.guest_devtlb=hidden
done

# 7. Two interfaces of one function in the same guest: its own PASIDs tell them apart, a shared one does not. And the guest's PASID 0 (here: no
# PASID) is the interface's host PASID.
cat >"$tmp/siov.iot" <<'EOF'
#iotrace 1
attach 20:00.0 pasid=- dom=1 type=-
attach 20:00.1 pasid=- dom=2 type=-
attach 20:00.0 pasid=3 dom=3 type=-
attach 20:00.0 pasid=100 dom=4 type=-
attach 20:00.1 pasid=100 dom=4 type=-
map dom=1 0x10000 0x6010000 0x1000 rw
map dom=2 0x10000 0x6020000 0x1000 rw
map dom=3 0x10000 0x6030000 0x1000 rw
map dom=4 0x10000 0x6040000 0x1000 rw
dma 20:00.0 r 0x10000+64 -> 0x6010000
dma 20:00.1 r 0x10000+64 -> 0x6020000
dma 20:00.0 r 0x10000+64 pasid=3 -> 0x6030000
dma 20:00.0 r 0x10000+64 pasid=100 -> 0x6040000
dma 20:00.1 r 0x10000+64 pasid=100 -> 0x6040000
dma 20:00.1 r 0x50000+64 -> fault
dma 20:00.0 r 0x50000+64 pasid=3 -> fault
EOF
sed '$a dma 20:00.1 r 0x50000+64 pasid=100 -> fault' "$tmp/siov.iot" >"$tmp/shared.iot"
iface='--set software.interfaces=2 --set software.interface_first=0x2000 --set software.interface_rid=0x0100 --set software.interface_pasid=256'
for a in $archs; do
	what="$a, interfaces"
	run 0 $a "$tmp/siov.iot" $(mode nested-trapped) $iface
	clean
	is fault_exact 2
	is fault_ambiguous 0
	run 0 $a "$tmp/shared.iot" $(mode nested-trapped) $iface
	is fault_exact 2
	is fault_ambiguous 1
	# without the hypervisor, the same as requests of 01:00.0 with the host's PASIDs: the unit does the same
	reads=$(stat unit.walk_reads)
	sed 's/20:00.0 pasid=-/01:00.0 pasid=256/; s/20:00.1 pasid=-/01:00.0 pasid=272/; s/20:00.0 pasid=3/01:00.0 pasid=259/
		s/20:00.0 \(.*\)pasid=3/01:00.0 \1pasid=259/; s/20:00.0 \(.*\)pasid=100/01:00.0 \1pasid=100/; /^attach 20:00.1 pasid=100/d
		s/20:00.1 \(.*\)pasid=100/01:00.0 \1pasid=100/; /pasid/!s/20:00.0 r \([^ ]*\)/01:00.0 r \1 pasid=256/; /pasid/!s/20:00.1 r \([^ ]*\)/01:00.0 r \1 pasid=272/
		s/type=-/type=nested/' "$tmp/shared.iot" >"$tmp/x.iot"
	run 0 $a "$tmp/x.iot"
	[ "$(stat unit.walk_reads)" = "$reads" ] || fail "$what: other walks without the hypervisor"
done

# 8. A guest's device table that is write-protected: two exits more for each entry it writes.
for n in 1 2; do
	{
		echo '#iotrace 1'
		for ((i = 1; i <= n; i++)); do echo "attach 0$i:00.0 pasid=- dom=$i type=-"; done
		echo 'map dom=1 0x10000 0x601e000 0x1000 rw'
		echo 'dma 01:00.0 r 0x10000+64 -> 0x601e000'
	} >"$tmp/dte.iot"
	run 0 amdvi "$tmp/dte.iot" $(mode nested-hw)
	exits=$(hyp exits) mean=$(hyp attach.mean)
	run 0 amdvi "$tmp/dte.iot" $(mode nested-hw) --set software.amd_dte_trap=true
	is exits_table $((2 * n))
	[ "$(hyp exits)" = $((exits + 2 * n)) ] || fail 'exits of table stores'
	[ $(($(hyp attach.mean) - mean)) = 4000000 ] || fail "a trapped entry costs $(($(hyp attach.mean) - mean)) ps"
done

# 9. Address spaces beside each other: no PASID, a PASID with the guest-physical map, a PASID with a table of its own (VT-d; the others need a first stage
# for each PASID). The guest's I/O addresses on a shadow while its PASIDs are nested.
cat >"$tmp/spaces.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
attach 00:01.0 pasid=7 dom=20 type=vm
attach 00:01.0 pasid=8 dom=21 type=-
map dom=3 0x10000 0x601e000 0x1000 rw
map dom=20 0x1000005000 0x5000 0x1000 rw
map dom=21 0x10000 0x701e000 0x1000 rw
dma 00:01.0 r 0x10000+64 -> 0x601e000
dma 00:01.0 r 0x1000005000+64 pasid=7 -> 0x5000
dma 00:01.0 r 0x10000+64 pasid=8 -> 0x701e000
unmap dom=21 0x10000 0x1000
dma 00:01.0 r 0x10000+64 -> 0x601e000
dma 00:01.0 r 0x10000+64 pasid=8 -> fault
EOF
for i in bind shadow; do
	what="guest_iova=$i"
	run 0 vtd "$tmp/spaces.iot" $(mode nested-trapped) --set software.guest_iova=$i
	clean
	if [ $i = bind ]; then is exits_map 0; else is exits_map 1; fi
	is exits_unmap 1
done
for a in smmuv3 amdvi; do
	run 2 $a "$tmp/spaces.iot" $(mode nested-trapped)
	grep -q 'a PASID of requester 0x8 cannot be in a ss domain' "$tmp/o" || fail "$a: PASID with the guest-physical map"
	run 0 $a "$tmp/one.iot" $(mode nested-trapped) --set software.guest_iova=shadow
	is exits_map 4
done
# A device that the guest itself passes through.
cat >"$tmp/pt.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=pt
attach 00:02.0 pasid=- dom=4 type=-
map dom=4 0x10000 0x601e000 0x1000 rw
dma 00:01.0 r 0x7654ff0+64 -> 0x7654ff0
dma 00:02.0 r 0x10000+64 -> 0x601e000
dma 00:01.0 w 0x601e008+64 -> 0x601e008
EOF
for a in $archs; do
	for m in native passthrough shadow nested-trapped nested-hw; do
		what="$a $m, identity"
		run 0 $a "$tmp/pt.iot" $(mode $m)
		grep -q '^verify: 3 agree, 0 disagree, 0 not' "$tmp/o" || fail "$what"
	done
done
# Two units, one domain of a guest on both: an exit for each.
sed 's/^units:/&\n  - name: second\n    arch: vtd\n    cap: 0xd1d2078c40780e06\n    ecap: 0x0433ef9ea4f050df\n    ver: 0x60/' bench/nesting-overhead/vtd.yaml >"$tmp/two.yaml"
cat >"$tmp/units.iot" <<'EOF'
#iotrace 1
attach 00:01.0 pasid=- dom=3 type=-
attach u1 00:01.0 pasid=- dom=3 type=-
map dom=3 0x10000 0x601e000 0x2000 rw
dma 00:01.0 r 0x10000+64 -> 0x601e000
dma u1 00:01.0 r 0x10000+64 -> 0x601e000
unmap dom=3 0x10000 0x1000
dma 00:01.0 r 0x10000+64 -> fault
dma u1 00:01.0 r 0x10000+64 -> fault
EOF
what='two units'
for m in shadow nested-trapped nested-hw passthrough; do
	st=0
	"$bin" run "$tmp/two.yaml" --trace "$tmp/units.iot" --verify --oracle --stats "$tmp/s.csv" $(mode $m) >"$tmp/o" 2>&1 || st=$?
	[ $st = 0 ] || fail "two units, $m: $st"
	[ $m != nested-trapped ] || is exits_unmap 2
	[ $m != passthrough ] || is unprotected 1
done

# 10. At random: maps of 1 to 4 pages, unmaps of 1 to 8 (parts of maps among them), DMAs of up to two pages; three devices, two domains. The expected results are awk's.
awk 'function rnd(n) { x = x * 16807 % 2147483647; return int(x / 65536) % n }
BEGIN {
	x = 4711
	print "#iotrace 1\nattach 00:01.0 pasid=- dom=0 type=-\nattach 00:02.0 pasid=- dom=1 type=-\nattach 00:03.0 pasid=- dom=1 type=-"
	for (n = 0; n < 1500; n++) {
		d = rnd(2); p = rnd(64); k = rnd(10)
		if (k < 3) {
			len = 1 + rnd(4); for (i = 0; i < len && !((d, p + i) in m); i++);
			if (!i) continue
			pa = 100663296 + rnd(4096) * 16384
			printf "map dom=%d 0x%x 0x%x 0x%x rw\n", d, 1048576 + p * 4096, pa, i * 4096
			while (i--) m[d, p + i] = pa + i * 4096
		} else if (k < 5) {
			len = 1 + rnd(8)
			printf "unmap dom=%d 0x%x 0x%x\n", d, 1048576 + p * 4096, len * 4096
			for (i = 0; i < len; i++) delete m[d, p + i]
		} else {
			off = rnd(63) * 64
			printf "dma 00:%02x.0 %s 0x%x+%d -> ", d ? 2 + rnd(2) : 1, rnd(2) ? "r" : "w", 1048576 + p * 4096 + off, (((d, p + 1) in m) && off > 2048 ? 2112 : 64)
			if ((d, p) in m) printf "0x%x\n", m[d, p] + off; else print "fault"
		}
	}
}' >"$tmp/random.iot"
for a in $archs; do
	for m in native shadow nested-trapped nested-hw passthrough; do
		what="$a $m, at random"
		run 0 $a "$tmp/random.iot" $(mode $m) --set software.superpages=false # AMD-Vi: pages of 8 KiB would go as a whole
		clean
		[ $a.$m != amdvi.nested-hw ] || guest_buffers
		[ $m != passthrough ] || { [ "$(hyp dma_lost)" -gt 100 ] && [ "$(hyp dma_split)" -gt 20 ]; } || fail "$what: no DMA lost or split"
	done
	what="$a, at random, one device without virtual IOMMU"
	run 0 $a "$tmp/random.iot" $(mode nested-trapped) --set software.direct=1 --set software.superpages=false
	clean
done

# 11. Wrong input.
run 2 vtd "$tmp/one.iot" $(mode shadow) --set software.mode=fs
grep -q 'software.mode is for' "$tmp/o" || fail 'software.mode with shadow'
run 2 vtd "$tmp/one.iot" $(mode nested-hw) --set vtd.ecap=0xf050df --set vtd.cap=0xd2008c406f0406
grep -q 'cannot do nested tables' "$tmp/o" || fail 'no nesting'
run 2 vtd "$tmp/one.iot" $(mode nest)
