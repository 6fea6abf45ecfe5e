#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bandwidth by size, direction and page size on the Xeon of configs/e5-2630v4.yaml (VAL-06, 07, 08, 35; pcie-bench data set). Inputs: those of the
# configuration, 27 reads in flight and 432 (478) ns base time as in VAL-04, 05; for writes 6 walkers and the device's own limit of 47.4 M/s, as
# bandwidth of its link (88 bytes for each write). Without an IOMMU: the same machine, pass-through.
. "$(dirname "$0")/lib.sh"
v4="$root/configs/e5-2630v4.yaml" v3="$root/configs/e5-2637v3.yaml"
common="--warmup 5000 --set gen.count=$((count + 5000)) --set devices.outstanding=27"
bw4="$common --set devices.fixed_time=27.88ns"
bw3="$common --set devices.fixed_time=87.78ns"
bytes='[dev.01:00.0.latency.n] * SIZE * 8000 / [replay.sim_ps]' # completed
rate='[dev.01:00.0.latency.n] * 1e6 / [replay.sim_ps]'

# shellcheck disable=SC2086
{
# VAL-06: 64 MiB, the walkers are the limit
for m in "E5-2630 v4;$v4;$bw4;287.9" "E5-2637 v3;$v3;$bw3;274.0"; do
	IFS=';' read -r name config opts delta <<<"$m"
	run "$config" $opts
	r64=$(stat "$rate")
	run "$config" $opts --set gen.size=128
	r128=$(stat "$rate")
	row VAL-06 "$name, rate of 128 bytes over 64" 1.00 "$(calc "$r128 / $r64")" '+-0.05'
	row VAL-06 "$name, rate over walkers / delta" 1.00 "$(calc "$r64 / (5e3 / $delta)")" '+-0.10'
done
# VAL-07: loss against pass-through at 64 MiB
last=101
for p in 64:65.5 128:53.8 256:28.1 512:2.5; do
	size=${p%:*}
	run "$v4" $bw4 --set gen.size=$size
	on=$(stat "${bytes/SIZE/$size}")
	run "$v4" $bw4 --set gen.size=$size --set gen.type=pt
	off=$(stat "${bytes/SIZE/$size}")
	loss=$(calc "100 * (1 - $on / $off)")
	row VAL-07 "loss at $size bytes (%)" ${p#*:} $loss '+-6'
	row VAL-07 "loss at $size bytes below that of the size before" yes "$(calc "$loss < $last" | sed 's/1/yes/; s/0/no/')" exact
	last=$loss
done
# VAL-08: 2 MiB pages, one read in flight; smaller windows lie in one page, as the first does
first=
for w in 2M 4M 16M 64M; do
	run "$v4" --warmup 5000 --set gen.count=$((count + 5000)) --set gen.window=$w --set gen.page=2M --set software.superpages=true
	l=$(stat '[dev.01:00.0.latency.sum] / [dev.01:00.0.latency.n]')
	first=${first:-$l}
	row VAL-08 "2 MiB pages, latency at $w over that at 2M" 1 "$(calc "$l / $first")" '+-1 %'
	row VAL-08 "2 MiB pages, misses at $w" 0 "$(stat '[vtd0.misses]')" exact
done
# VAL-35: posted writes; inputs: 6 walkers, the device's own limit, and no merging of walks, which the law has not either (with it: the last two rows)
writes() { run "$v4" $common --set devices.outstanding=4096 --set gen.write_percent=100 --set vtd.walkers=6 --set vtd.merge=$2 --set devices.link.bandwidth=4171 --set gen.window=${1}K; }
size=64
echo 'window_kib,published,ours,law' >"$out/val35.csv"
for p in 256:24.3 512:24.3 1024:19.4 1536:15.1 2048:13.6 3072:12.5 4096:12.0 8192:11.5 16384:11.2 32768:10.9 65536:11.1; do
	w=${p%:*}
	writes $w false
	x=$(stat "${bytes/SIZE/$size}")
	row VAL-35 "posted writes, window $w KiB (Gb/s)" ${p#*:} $x '+-5 %'
	echo "$w,${p#*:},$x,$(awk -v p=$((w / 4)) 'BEGIN { m = 1 - 117 / p; x = m > 0 ? 6e3 / (287.9 * m) : 1e9; printf "%.2f", .512 * (x < 47.4 ? x : 47.4) }')" >>"$out/val35.csv"
done
for w in 1024 65536; do
	writes $w true
	row VAL-35 "with merging of walks, window $w KiB (Gb/s; control)" "" "$(stat "${bytes/SIZE/$size}")" input
done
}
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	gnuplot -e "dir='$out'; png='$out/val-writes.png'" "$here/writes.gp" >&2
fi
