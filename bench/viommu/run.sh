#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hardware vIOMMU against trap and execute (docs/viommu.md): latency and throughput of guests' invalidations over guests, batch, exit cost
# and cache sizes, the break-even exit cost, memory. About a minute on two processors.
#   usage: bench/viommu/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/viommu
# Prints one table (CSV, first column: experiment) and writes OUTDIR/{table.csv,<experiment>.csv,tables.md,*.png} (no pictures without gnuplot, or with --quick).
# Exit status: 0 fine, 1 a point broke a rule of correctness, 2 usage, 3 a point could not be run.
# shellcheck disable=SC2034
program=bench/bench_viommu name=viommu
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
jobs=$(nproc 2>/dev/null || echo 2)
guests='1 2 4 8 16 32 64' batches='1,2,4,8,16,32,64,128,256' rounds=200
[ ! "$quick" ] || { guests='1 8 64' batches='1,16,256' rounds=32; }
list=${guests// /,}
# The machine: as the options' defaults, but for an IOTLB without sets and a device table cache that holds every device and TransDevID
# Guests use equal I/O addresses: an index of page number bits alone puts them all into the same few sets (experiment `iotlb`).
base="--jobs $jobs --set amdvi.iotlb.ways=0 --set amdvi.dtc.entries=256 --set rounds=$rounds"
quiet='--set touch=0' think='--set think=1us'
hw='--sweep way=hw0,hw1' all='--sweep way=hw0,hw1,trapped'
names='guests busy batch even even_busy exit command idmap ats iotlb walkers memory create'
for f in $names; do rm -f "$out/$f.csv"; done
n=0 steps=11
# ex NAME ARGUMENTS...: rows for NAME.csv.
ex() {
	local name=$1
	shift
	# shellcheck disable=SC2086
	"$bench" $base "$@" >"$out/.rows"
	[ -s "$out/$name.csv" ] || head -n 1 "$out/.rows" | sed 's/^/experiment,/' >"$out/$name.csv"
	sed "1d; s/^/$name,/" "$out/.rows" >>"$out/$name.csv"
}
step() {
	n=$((n + 1))
	[ ! -t 2 ] || echo "step $n of $steps: $1" >&2
}
busy() { # GUESTS: devices with one background read each in flight, the same load of all of them together
	echo "$think --set guests=$1 --set dma=1 --set dma_gap=$1us"
}
exits() { # NAME ARGUMENTS...: both hardware ways, and trapped at three exit costs
	local name=$1
	shift
	# shellcheck disable=SC2086
	ex "$name" $hw "$@"
	ex "$name" --set way=trapped --sweep exit=500ns,2us,10us "$@"
}
# shellcheck disable=SC2046,SC2086
{
	step 'guests, nothing but commands'
	exits guests $quiet $think --sweep guests="$list"
	step 'guests, devices at work'
	for g in $guests; do exits busy $(busy $g); done
	step 'batch'
	for g in 1 8 64; do
		r=$rounds
		[ $g -lt 64 ] || r=$((rounds / 16 + 8))
		ex batch $all $quiet --set guests=$g --sweep batch=$batches --set rounds=$r --set warmup=4
	done
	step 'break-even'
	ex even $hw $quiet $think --sweep batch=1,16 --sweep command=0,100ns --sweep guests="$list" --set rounds=$((rounds / 4)) --break-even
	for g in $guests; do ex even_busy $hw $(busy $g) --set rounds=$((rounds / 4)) --break-even; done
	step 'exit cost'
	ex exit --set way=trapped $quiet $think --sweep guests=1,8,64 --sweep exit=500ns,1us,2us,5us,10us,20us
	step 'cost of a command in the hypervisor'
	ex command --set way=trapped $quiet $think --set batch=16 --sweep guests=1,8,64 --sweep command=0,100ns,300ns,1us
	step 'id map cache'
	ex idmap $hw $quiet $think --sweep guests=8,64 --sweep amdvi.idmap.entries=0,64,256
	step 'device-IOTLB invalidations'
	ex ats $all $quiet $think --set ats=on --sweep guests=1,8,64 --sweep batch=1,16
	step 'IOTLB and walkers'
	for shape in '16 0' '64 0' '512 0' '512 8'; do
		ex iotlb $all $(busy 16) --set amdvi.iotlb.entries="${shape% *}" --set amdvi.iotlb.ways="${shape#* }"
	done
	ex walkers $all $(busy 64) --sweep amdvi.walkers=8,16,32
	ex walkers $all $(busy 64) --set amdvi.missq=1024
	step 'memory latency'
	ex memory $all $quiet $think --sweep guests=1,8,64 --sweep memory.latency=10ns,30ns,90ns,200ns
	step 'creation of a guest'
	[ "$quick" ] || ex create --set way=hw0 $quiet --sweep prefill=0,65536
}
rm -f "$out/.rows"
{
	head -n 1 "$out/guests.csv"
	for f in $names; do
		[ ! -s "$out/$f.csv" ] || tail -n +2 "$out/$f.csv"
	done
} >"$out/table.csv"
cat "$out/table.csv"
[ ! "$quick" ] || exit 0
awk -f "$here/tables.awk" "$out/table.csv" >"$out/tables.md"
if command -v gnuplot >/dev/null; then
	for p in latency throughput share even; do
		gnuplot -e "here='$here'; dir='$out'; png='$out/viommu-$p.png'" "$here/$p.gp"
	done
fi
