#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What nesting costs (docs/experiments.md): the same guest trace in every hypervisor mode on the three machines of this folder. Reads per walk,
# translation latency, DMA bandwidth, invalidation cost and time until an unmapped page is safe, over modes, levels, page sizes, caches, walkers,
# exit cost, rate of unmaps, locality, guests. Inputs: `lifted` (traces/vtd-lazy-vblk.iotb, a captured guest, through `trace lift`) and `synthetic`.
#   usage: bench/nesting-overhead/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/nesting-overhead
# Prints the table (CSV) and writes OUTDIR/{table.csv,tables.md,*.png}. Every point is checked with --verify and --oracle.
# Exit status: 0 fine, 1 an answer was wrong or stale, 2 usage, 3 a point could not be run.
# shellcheck disable=SC2034
program=iommusim name=nesting-overhead
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)
export bench here tmp

# One point: number, experiment, input, arch, mode, parameter, value, second parameter, value, options of `run`.
point() {
	local n=$1 ex=$2 input=$3 arch=$4 mode=$5 p=$6 v=$7 p2=$8 v2=$9 st=0
	shift 9
	# shellcheck disable=SC2086
	"$bench" run "$here/$arch.yaml" --set software.hypervisor="$mode" --verify --oracle --stats "$tmp/$n.csv" $* >"$tmp/$n.out" 2>&1 || st=$?
	[ $st -le 1 ] || { cat "$tmp/$n.out" >&2; echo "$ex $arch $mode $p=$v $p2=$v2: status $st" >&2; return 3; }
	awk -F, -v head="$ex,$input,$arch,$mode,$p,$v,$p2,$v2,$st" '
		function g(k) { return k in c ? $c[k] : 0 }
		function mean(k) { return g(k ".n") ? sprintf("%.1f", g(k ".sum") / g(k ".n") / 1000) : "" }
		function pct(k, q) { return g(k ".n") ? sprintf("%.1f", g(k "." q) / 1000) : "" }
		function h(k) { return g("hypervisor." k) }
		NR == 1 { for (i = 1; i <= NF; i++) { c[$i] = i; if ($i ~ /^dev\..*\.bytes$/) dev[i] } next }
		{
			for (i in dev) bytes += $i
			u = g("hypervisor.unmaps")
			printf "%s,%d,%.3f,%.3f,%.4f,%.4f,%.4f,%s,%s,%s,", head, g("replay.dmas"), g("replay.sim_ps") / 1e6, \
				8000 * bytes / g("replay.sim_ps"), g("unit.walks") ? g("unit.walk_reads") / g("unit.walks") : 0, g("unit.walk_reads") / g("unit.requests"), \
				g("unit.hit_rate"), mean("unit.latency"), pct("unit.latency", "p50"), pct("unit.latency", "p99")
			printf "%s,%s,%s,%s,%s,%s,%s,%s,%s,", mean("hypervisor.unmap"), pct("hypervisor.unmap", "p99"), mean("hypervisor.safe"), pct("hypervisor.safe", "p99"), \
				mean("hypervisor.inval"), pct("hypervisor.inval", "p99"), mean("hypervisor.map"), mean("hypervisor.attach"), mean("hypervisor.s2_unmap")
			printf "%d,%d,%d,%s,%d,%d,%.3f,%.3f\n", g("hypervisor.maps"), u, h("exits"), u ? sprintf("%.3f", (h("exits_unmap") + 0) / u) : "", h("commands"), \
				h("unprotected"), h("host_ps") / 1e6, h("guest_ps") / 1e6
		}' "$tmp/$n.csv" >"$tmp/$n.row"
}
export -f point
columns=experiment,input,arch,mode,param,value,param2,value2,status,dmas,sim_us,gbps,reads_per_walk,reads_per_request,hit_rate,lat_ns,lat_p50_ns,lat_p99_ns
columns=$columns,unmap_ns,unmap_p99_ns,safe_ns,safe_p99_ns,inval_ns,inval_p99_ns,map_ns,attach_ns,s2_unmap_ns,maps,unmaps,exits,exits_per_unmap,commands,unprotected,host_us,guest_us
n=100000
add() {
	n=$((n + 1))
	echo "point $n $*" >>"$tmp/jobs"
}

"$bench" trace lift "$root/traces/vtd-lazy-vblk.iotb" -o "$tmp/lift.iot" 2>/dev/null
# Reasons of faults and kinds of tables are VT-d's; the others have their own.
sed 's/-> fault.*/-> fault/; s/type=legacy/type=-/' "$tmp/lift.iot" >"$tmp/all.iot"
[ ! "$quick" ] || { head -n 12000 "$tmp/all.iot" >"$tmp/part.iot"; mv "$tmp/part.iot" "$tmp/all.iot"; }
lifted="--trace $tmp/all.iot"
count=12000
[ ! "$quick" ] || count=2000
synth() { # WINDOW [options]: uniform reads and writes of 512 bytes; the first fifth is not measured
	echo "--set gen.count=$count --set gen.size=512 --set gen.window=$1 --warmup 20% ${*:2}"
}
# A device with ATS, one page unmapped and mapped elsewhere every 16 DMAs.
"$bench" trace gen --set count=$count --set size=512 --set window=1M --set churn=16 -o - | sed 's/^attach.*/&\ndev 01:00.0 ats-on/' >"$tmp/ats.iot"
archs='vtd smmuv3 amdvi'
modes='native passthrough shadow nested-trapped nested-hw'
tables='native passthrough nested-hw' # in the steady state a shadow walks as native does, and trapping is nothing that walks see
pick() { # the full list, or with --quick its first and last
	if [ "$quick" ]; then echo "${1%% *} ${1##* }"; else echo "$1"; fi
}
s() { echo "--set $1=$2"; }
caches() { # ARCH SIZE: walk caches and guest-physical cache
	case $1 in
	vtd) echo "--set vtd.psc.entries=$2 --set vtd.nested.entries=$2" ;;
	smmuv3) for l in s1l0 s1l1 s1l2 s2l0 s2l1 s2l2; do echo "--set smmuv3.walk.$l=$2"; done; echo "--set smmuv3.ipa.entries=$2" ;;
	amdvi) echo "--set amdvi.pdc.entries=$2 --set amdvi.nested.entries=$2" ;;
	esac
}
iotlb() { # ARCH SIZE
	case $1 in
	smmuv3) s smmuv3.tlb.entries "$2" ;;
	*) s "$1.iotlb.entries" "$2" ;;
	esac
}
# Levels of the guest's and the host's tables that each has.
levels() {
	case $1 in
	vtd) echo 4:3 4:4 4:5 5:4 5:5 ;;
	smmuv3) echo 3:3 3:4 4:3 4:4 ;;
	amdvi) echo 4:4 4:5 5:4 5:5 ;;
	esac
}
for a in $archs; do
	for m in $modes; do
		add capture lifted $a $m - 0 - 0 "$lifted"
		add lazy lifted $a $m policy lazy - 0 "$lifted" --set software.policy=lazy
	done
	add capture lifted $a nested-trapped doorbell wait - 0 "$lifted" --set software.guest_doorbell=wait
	for x in $(pick '500 1000 2000 5000 10000'); do
		for m in shadow nested-trapped; do
			add exit lifted $a $m exit_ns $x - 0 "$lifted" $(s software.exit_time ${x}ns)
		done
	done
	for c in $(pick '1 4 16 64 256 1024'); do
		for m in native shadow nested-trapped nested-hw; do
			add churn synthetic $a $m churn $c - 0 $(synth 4M) $(s gen.churn $c)
		done
	done
	# Small DMAs and two walkers: the rate of walks is the limit, so that a longer walk costs bandwidth.
	for w in $(pick '256K 4M 64M'); do
		for m in shadow nested-trapped nested-hw; do
			for c in $(pick '4 16 64 256 1024 4096'); do
				add locality synthetic $a $m window $w churn $c $(synth $w) --set gen.size=64 $(s $a.walkers 2) $(s gen.churn $c) $(s gen.count $((c > 256 ? 2 * count : count)))
			done
		done
	done
	for l in $(levels $a); do
		for k in 0 64; do
			add levels synthetic $a nested-hw levels $l caches $k $(synth 64M) $(s software.levels ${l%:*}) $(s software.s2_levels ${l#*:}) $(caches $a $k)
		done
	done
	for g in 4K 2M; do
		add pages synthetic $a native page $g s2_page - $(synth 256M) $(s gen.page $g) $(iotlb $a 16)
		for h in 4K 2M 1G; do
			for m in passthrough nested-hw; do
				add pages synthetic $a $m page $g s2_page $h $(synth 256M) $(s gen.page $g) $(s software.s2_page $h) $(iotlb $a 16)
			done
		done
	done
	for m in $tables; do
		for k in $(pick '0 8 32 128 512'); do
			add caches synthetic $a $m caches $k - 0 $(synth 64M) $(caches $a $k)
		done
		for k in $(pick '16 64 256 1024 4096'); do
			add iotlb synthetic $a $m iotlb $k - 0 $(synth 4M) $(iotlb $a $k)
		done
		for k in $(pick '1 2 4 8 16 32'); do
			add walkers synthetic $a $m walkers $k - 0 $(synth 64M) $(s $a.walkers $k)
		done
	done
	for d in forwarded hidden; do
		for w in batch each; do
			for m in shadow nested-trapped; do
				add devtlb synthetic $a $m devtlb $d wait $w --trace "$tmp/ats.iot" $(s software.guest_devtlb $d) $(s software.wait $w) --set devices.atc.entries=64
			done
		done
	done
	for g in $(pick '1 2 4 8'); do
		for m in nested-trapped nested-hw; do
			add guests synthetic $a $m guests $g - 0 $(synth 1M) $(s gen.devices 8) $(s gen.churn 64) $(s software.guests $g)
		done
	done
	for v in $(pick '0 1 2 4 8'); do
		"$here/stage2.sh" "$v" >"$tmp/stage2-$v.iot"
		add stage2 synthetic $a nested-trapped viommus $v - 0 --trace "$tmp/stage2-$v.iot" $(s software.direct 1) $(s software.viommus $((v ? v : 1)))
	done
done
st=0
xargs -P "$jobs" -d '\n' -I{} bash -c '{}' <"$tmp/jobs" || st=3
{
	echo $columns
	cat "$tmp"/*.row
} >"$out/table.csv"
cat "$out/table.csv"
[ $st = 0 ] || exit 3
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } $c["status"] { print "wrong: " $0 >"/dev/stderr"; bad = 1 } END { exit bad }' "$out/table.csv" || st=1
[ ! "$quick" ] || exit $st
awk -f "$here/tables.awk" "$out/table.csv" >"$out/tables.md"
if command -v gnuplot >/dev/null; then
	for p in modes exit churn locality walks sizes; do
		gnuplot -e "here='$here'; f='$out/table.csv'; png='$out/nesting-$p.png'" "$here/$p.gp"
	done
fi
exit $st
