#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The way back to the guest: time-outs of device-TLB invalidations (sim/software/hyp_back.c) and page requests (sim/software/pf_back.h), on each architecture
# and in each mode. Expected figures are closed forms of the options. Run from the top of the tree; $1: iommusim.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "hyp_back: $*" >&2; tail -12 "$tmp/o" >&2; exit 1; }
# shellcheck source=tests/support/hyp_stats.sh
. tests/support/hyp_stats.sh
archs='smmuv3 vtd amdvi'

# ---- time-outs ----
# Two devices cache a page, with and without PASID (@1); the second does not answer (@2: how) when the page is taken away.
silent() {
	local p=${1:+pasid=$1}
	echo '#iotrace 1'
	for i in 1 2; do
		[ -z "$1" ] || echo "attach 00:0$i.0 pasid=- dom=9 type=-" # on an SMMUv3 this is what turns ATS on
		echo "attach 00:0$i.0 pasid=${1:--} dom=3 type=$([ -z "$1" ] && echo - || echo fs)"
		echo "dev 00:0$i.0 ats-on"
	done
	echo 'map dom=3 0x10000 0x601e000 0x2000 rw'
	for i in 1 2; do echo "dma 00:0$i.0 r 0x10040+64 $p -> 0x601e040"; done
	echo "dev 00:02.0 ${2-silent}"
	echo 'unmap dom=3 0x10000 0x1000'
	echo 'dev 00:02.0 alive'
	echo 'map dom=3 0x20000 0x701e000 0x2000 rw'
	for i in 1 2; do echo "dma 00:0$i.0 r 0x20040+64 $p -> 0x701e040"; done
}
timeout_of() { # ARCH
	case $1 in
	amdvi) echo 1000000000000 ;; # what the driver programs, 1 s
	*) echo 50000000 ;;
	esac
}
run() { # STATUS ARCH TRACE MODE options...
	local want=$1 st=0 short="--set $2.inv.timeout=50us"
	[ "$2" != amdvi ] || short=
	"$bin" run "bench/nesting-overhead/$2.yaml" --trace "$3" --verify --oracle --stats "$tmp/s.csv" --set "software.hypervisor=$4" \
		--set devices.atc.entries=16 $short --set software.guest_timeouts=auto "${@:5}" >"$tmp/o" 2>&1 || st=$?
	[ $st = "$want" ] || fail "status $st, not $want: $*"
}
silent '' >"$tmp/no.iot"
silent 5 >"$tmp/pasid.iot"
{ cat "$tmp/no.iot"; echo 'unmap dom=3 0x20000 0x1000'; echo 'dma 00:01.0 r 0x20080+64 -> fault'; } >"$tmp/again.iot"
for t in no pasid; do sed '/silent/d; /alive/d' "$tmp/$t.iot" >"$tmp/$t.good.iot"; done
for a in $archs; do
	[ $a = smmuv3 ] || sed -i '/dom=9/d' "$tmp"/pasid*.iot
	for m in native shadow nested-trapped nested-hw; do
		for t in no pasid; do
			what="$a $m, $t"
			run 0 $a "$tmp/$t.iot" $m
			grep -q '^verify: 4 agree, 0 disagree, 0 not' "$tmp/o" || fail "$what"
			is timeouts 1
			is timeout_lost 0
			is timeout_unknown 0
			# VT-d names the requester, AMD-Vi the command, SMMUv3 nobody
			case $a in
			smmuv3) is timeout_ambiguous 1; is timeout_suspects.mean 2 ;;
			*) is timeout_exact 1; is timeout_suspects.mean 1 ;;
			esac
			case $m in # interrupt; and host software and injection
			native | nested-hw) back=1000000 ;;
			*) back=5000000 ;;
			esac
			twice=1
			if [ $a.$m = amdvi.nested-hw ]; then # the host's log, its handler, the event inserted into the guest's log, the guest's interrupt
				twice=2
				back=$(hyp timeout_latency.mean)
				[ $back -gt 4000000 ] && [ $back -lt 5000000 ] && [ "$(stat unit.viommu.events)" = 1 ] || fail "$what: $back ps by the guest's log"
			fi
			is timeout_latency.mean $back
			[ $t = no ] || continue
			# The unmap takes as much longer as the time-out and the way back, less the answer that did not come: between 0 and 2 us.
			unmap=$(hyp unmap.mean)
			run 0 $a "$tmp/$t.good.iot" $m
			is timeouts 0
			less=$(($(timeout_of $a) + back - unmap + $(hyp unmap.mean)))
			[ $less -ge 0 ] && [ $less -le 2000000 ] || fail "$what: $less ps less than time-out and way back"
		done
		run 0 $a "$tmp/no.iot" $m --set software.interrupt_time=3us
		is timeout_latency.mean $((back + twice * 2000000))
	done
	what="$a, no log of its own"
	run 2 $a "$tmp/no.iot" nested-trapped --set software.guest_timeouts=hardware
	grep -q 'without nested-hw the queue that stops is the host' "$tmp/o" || fail "$what"
	what="$a, through the host"
	run 0 $a "$tmp/no.iot" nested-hw --set software.guest_timeouts=software
	is timeout_latency.mean 5000000
	# What the guest has not queued, it is not told of.
	for m in shadow nested-trapped; do
		what="$a $m, hidden"
		run 0 $a "$tmp/no.iot" $m --set software.guest_devtlb=hidden
		is timeouts 1
		is timeout_lost 1
	done
	# Nobody looks: a queue that stopped stays stopped, and the next unmap has no effect. AMD-Vi's does not stop.
	what="$a, nobody looks"
	run 0 $a "$tmp/again.iot" native
	run $([ $a = amdvi ] && echo 0 || echo 1) $a "$tmp/again.iot" native --set software.guest_timeouts=none
	is timeouts 0
done
# VT-d without the requester: of an older unit, or kept from the guest.
for s in vtd.iqercd_sid=false software.guest_itesid=false; do
	what="$s"
	run 0 vtd "$tmp/no.iot" nested-trapped --set $s
	is timeout_ambiguous 1
	is timeout_suspects.mean 2
done
# VT-d: an answer with a wrong ITag is an unexpected completion, and the invalidation times out.
what='wrong ITag'
silent '' wrong-itag >"$tmp/wrong.iot"
run 0 vtd "$tmp/wrong.iot" nested-trapped
is timeouts 1
[ "$(hyp bad_completions)" -ge 1 ] || fail "$what"
# Two interfaces of one function share a PASID: the command names both.
cat >"$tmp/shared.iot" <<'EOT'
#iotrace 1
attach 01:00.0 pasid=- dom=9 type=-
attach 20:00.0 pasid=100 dom=4 type=-
attach 20:00.1 pasid=100 dom=4 type=-
dev 20:00.0 ats-on
map dom=4 0x10000 0x6040000 0x1000 rw
dma 20:00.0 r 0x10000+64 pasid=100 -> 0x6040000
dma 20:00.1 r 0x10000+64 pasid=100 -> 0x6040000
dev 20:00.0 silent
unmap dom=4 0x10000 0x1000
EOT
for a in $archs; do
	what="$a, shared PASID"
	run 0 $a "$tmp/shared.iot" nested-trapped --set software.interfaces=2 --set software.interface_first=0x2000 --set software.interface_rid=0x0100
	is timeout_ambiguous 1
	is timeout_suspects.mean 2
done

# ---- page requests ----
# One device, one fault at a time, so that nothing waits for anything but the way: what a mode adds to native is a sum of options.
faults() { # STATUS MACHINE MODE options...
	local want=$1 st=0
	"$bin" faults "configs/faults-$2.yaml" --stats "$tmp/s.csv" --set "software.hypervisor=$3" --set page_faults.devices=1 --set page_faults.service=fixed \
		--set devices.outstanding=1 --set page_faults.pages=64 --set page_faults.dmas=64 "${@:4}" >"$tmp/o" 2>&1 || st=$?
	[ $st = "$want" ] || fail "status $st, not $want: $*"
}
latency() { echo $(($(stat page_faults.latency.sum) / $(stat page_faults.latency.n))); }
for m in vtd smmuv3 smmuv3-stall amdvi; do
	hard=0
	case $m in smmuv3*) hard=5100000 ;; esac
	faults 0 $m native
	native=$(latency)
	for mode in "passthrough 2100000" "shadow 7150000" "nested-trapped 5100000" "nested-hw $hard"; do
		set -- $mode
		what="page requests, $m $1"
		faults 0 $m "$1"
		grep -q '^64 DMAs: 64 done, 0 failed, 0 unfinished' "$tmp/o" || fail "$what"
		[ $(($(latency) - native)) = "$2" ] || fail "$what: $(($(latency) - native)) ps more than native"
		# AMD-Vi: by the guest's own PPR log and command buffer, or by the unit's
		own=$([ $m.$1 = amdvi.nested-hw ] && echo 64 || echo 0)
		if [ $m = amdvi ]; then
			for i in pprs ppr_complete interrupts; do [ "$(stat amd0.viommu.$i)" = $own ] || fail "$what: $i $(stat amd0.viommu.$i)"; done
			[ "$(stat amd0.amdvi.pprs)" = $((64 - own)) ] && [ "$(stat amd0.viommu.map_reads)" = $((own / 64)) ] || fail "$what: whose log"
		fi
		case $1 in # host_fault_time and inject_time
		passthrough) is guest_groups 0; is host_groups 64; is exits 0 ;;
		shadow) is guest_groups 64; is exits 128; is page_latency.mean 4000000 ;;
		nested-trapped) is guest_groups 64; is host_groups 64; is exits 64; is page_latency.mean 4000000; is host_ps $((64 * 4100000)) ;;
		nested-hw) is guest_groups 64; is host_groups $((hard ? 64 : 0)); is exits $((hard ? 64 : 0)); is page_latency.mean $((hard ? 4000000 : 0)) ;;
		esac
	done
	# A first stage with plain I/O addresses: Invalid at once, by the host if it reads the requests, else by the guest; the other PASID's are served.
	what="page requests, $m, plain I/O addresses"
	for mode in "native 0" "nested-trapped 32" "nested-hw $((hard ? 32 : 0))"; do
		set -- $mode
		faults 0 $m "$1" --set page_faults.pasids=2 --set page_faults.plain_pasids=1 --set devices.mrrs=4096
		grep -q '^64 DMAs: 32 done, 32 failed, 0 unfinished' "$tmp/o" || fail "$what, $1"
		[ "$(stat page_faults.refused)" = 32 ] && [ "$(stat page_faults.invalid)" = 32 ] || fail "$what, $1"
		is host_refused "$2"
	done
	what="page requests, $m, by hardware"
	faults 2 $m nested-trapped --set software.guest_pages=hardware
	faults $((hard ? 2 : 0)) $m nested-hw --set software.guest_pages=hardware
done
# AMD-Vi: a guest's log that overflows is answered by the hardware for the guest, and works again; without hardware vIOMMU it is the unit's own.
what='a guest log that overflows'
st=0
"$bin" faults configs/faults-amdvi.yaml --stats "$tmp/s.csv" --set software.hypervisor=nested-hw --set page_faults.queue_log2=8 --set page_faults.devices=32 \
	--set page_faults.notice_time=300us --set devices.outstanding=64 --set page_faults.dmas=64 >"$tmp/o" 2>&1 || st=$?
[ $st -le 1 ] && grep -q '^2048 DMAs: [1-9].* 0 unfinished' "$tmp/o" && [ "$(stat page_faults.overflows)" -gt 1 ] || fail "$what: $st"
[ "$(stat amd0.viommu.ppr_auto)" -gt 0 ] && [ "$(stat amd0.viommu.ppr_auto)" = "$(stat amd0.viommu.pprs_lost)" ] || fail "$what: automatic answers"
[ "$(stat amd0.viommu.ppr_complete)" = "$(stat page_faults.groups)" ] || fail "$what: the guest's answers"
what='no GuestIDs'
faults 0 amdvi nested-hw --set amdvi.viommu.guests=0
[ "$(stat amd0.amdvi.pprs)" = 64 ] || fail "$what"
# The host's one reader is a bottleneck that the guest's threads cannot help: with 8 devices and 64 threads, one group each host_fault_time.
faults 0 vtd nested-trapped --set page_faults.devices=8 --set page_faults.threads=64 --set devices.outstanding=32 --set software.host_fault_time=50us
is host_groups 512
[ "$(hyp page_latency.mean)" -gt 500000000 ] || fail "$what: groups do not wait for the host"
