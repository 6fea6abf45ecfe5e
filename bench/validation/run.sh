#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Reproduces the published latency and bandwidth against window of two Xeons (VAL-01 to VAL-05, docs/validation.md) and checks each
# point against its band; exit 1 if one is missed. Structural: every miss walks four-level second-stage tables through the walk caches.
#   usage: bench/validation/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/validation
# Writes OUTDIR/{points,val01,val02,val04,val05,control}.csv, checks.txt, and two pictures if gnuplot is there (not with --quick).
# shellcheck disable=SC2034
program=iommusim name=validation
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

seeds='1 2 3' count=105000 warm=5000
windows='16 256 512 1024 1536 2048 3072 4096 8192 16384 32768 65536'
bw_windows=$windows
if [ "$quick" ]; then
	seeds=1 count=25000
	windows='16 512 1024 2048 4096 8192 65536'
	bw_windows='256 512 2048 65536'
fi

# one EXPERIMENT WINDOW_KIB CONFIG [--set KEY=VALUE]...: one row of points.csv, sums over the seeds.
echo 'experiment,window_kib,pages,dmas,latency_ps,sim_ps,misses,walks,walk_reads,psc_misses' >"$out/points.csv"
one() {
	local name=$1 window=$2 config=$3 seed
	shift 3
	: >"$tmp/rows"
	for seed in $seeds; do
		"$bench" run "$root/configs/$config.yaml" --seed "$seed" --warmup $warm --set gen.count=$count --set gen.window="${window}K" "$@" \
			--stats "$tmp/s.csv" >/dev/null
		cat "$tmp/s.csv" >>"$tmp/rows"
	done
	awk -F, -v name="$name" -v w="$window" '
		NR % 2 { for (i = 1; i <= NF; i++) col[$i] = i; next } # every run writes its header
		function get(k)
		{
			if (!(k in col)) {
				print "no statistic " k >"/dev/stderr"
				exit bad = 2
			}
			return $col[k]
		}
		{
			n += get("dev.01:00.0.latency.n"); l += get("dev.01:00.0.latency.sum"); t += get("replay.sim_ps")
			m += get("vtd0.misses"); k += get("vtd0.walks"); r += get("vtd0.walk_reads")
			p += get("vtd0.psc.s2.l2.misses")
			if (get("vtd0.faults") + 0) { print "faults in " name >"/dev/stderr"; exit bad = 2 }
		}
		END { if (bad) exit bad
			printf "%s,%d,%d,%d,%.0f,%.0f,%d,%d,%d,%d\n", name, w, w / 4, n, l, t, m, k, r, p }' "$tmp/rows" >>"$out/points.csv"
}
# Bandwidth runs keep 27 reads in flight. Their base time is shorter (432 and 478 ns; the data set warmed the host cache for them): the
# path outside IOMMU and memory is shortened by the difference to the latency runs, 490.9 - 432 and 521.7 - 478 ns.
bw_v4='--set devices.outstanding=27 --set devices.fixed_time=27.88ns'
bw_v3='--set devices.outstanding=27 --set devices.fixed_time=87.78ns'
for w in $windows; do
	one val01 "$w" e5-2630v4
	one val02 "$w" e5-2637v3
done
for w in $bw_windows; do # shellcheck disable=SC2086
	one val04 "$w" e5-2630v4 $bw_v4
	# shellcheck disable=SC2086
	[ "$quick" ] || one val05 "$w" e5-2637v3 $bw_v3
done
# Controls: out of order; the window moved by half a last-level table, so that 64 MiB needs 33 of them; half the walk cache; none.
# shellcheck disable=SC2086
one val04-ooo 512 e5-2630v4 $bw_v4 --set devices.retire=any
for w in 8192 65536; do
	one straddle "$w" e5-2630v4 --set gen.iova=0x40100000
	one psc16 "$w" e5-2630v4 --set vtd.psc.entries=16
done
one nopsc 65536 e5-2630v4 --set vtd.psc.entries=0
one iotlb64 512 e5-2630v4 --set vtd.iotlb.entries=64

for v in val01 val02 val04 val05; do
	[ ! "$quick" ] || [ $v != val05 ] || continue
	awk -F, -v v=$v '
		FNR == 1 { file++ }
		/^#/ { next }
		file == 1 { pub[$1] = $3; next }
		$1 == v { x = v < "val04" ? $5 / $4 / 1000 : $4 * 64 * 8 * 1000 / $6
			if (!done++) print "window_kib,pages,published,simulated,diff_percent,miss_ratio,reads_per_walk"
			printf "%d,%d,%s,%.4f,%.3f,%.5f,%.4f\n", $2, $3, pub[$2], x, 100 * (x / pub[$2] - 1), $7 / $4, $8 ? $9 / $8 : 0 }' \
		"$here/$v.csv" "$out/points.csv" >"$out/$v.csv"
done
awk -F, 'NR == 1 || $1 !~ /^val0[1245]$/' "$out/points.csv" >"$out/control.csv"
status=0
awk -F, -v dir="$here" -v quick="$quick" -f "$here/check.awk" "$out/points.csv" >"$out/checks.txt" || status=$?
cat "$out/checks.txt"
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	gnuplot -e "dir='$out'; png='$out/val-latency.png'" "$root/bench/plot/val_latency.gp"
	gnuplot -e "dir='$out'; png='$out/val-bandwidth.png'" "$root/bench/plot/val_bandwidth.gp"
fi
exit $status
