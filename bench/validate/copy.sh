#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A copy engine over P source pages in turn, one destination page and one page of descriptors (VAL-24; Amit, Ben-Yehuda, Yassour 2010), and the time
# share of walks under memory latency (VAL-33; Koenig et al. 2025), and what one miss adds (VAL-21; Malka et al. 2015).
# VAL-24 inputs: 32 entries, LRU; delta = 650 ns; copy times without translation of 1370 ns (1 KiB) and 4300 ns (4 KiB), which give the two published
# penalties at 256 pages. Predicted: the knee, and the penalties in between from the misses that the IOTLB counts.
. "$(dirname "$0")/lib.sh"
v4="$root/configs/e5-2630v4.yaml"
seeds=1
copies=4000
[ ! "$quick" ] || copies=1000
misses() { # PAGES: IOTLB misses of a copy
	awk -v p="$1" -v n=$copies 'BEGIN { print "#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-"
		for (i = 0; i < p + 2; i++) printf "map dom=1 0x%x 0x%x 0x1000 rw\n", 0x80000000 + i * 4096, 0x100000000 + i * 4096
		for (k = 0; k < n; k++) {
			printf "dma 01:00.0 r 0x%x+64\n", 0x80000000 + p * 4096
			printf "dma 01:00.0 r 0x%x+512\n", 0x80000000 + k % p * 4096
			printf "dma 01:00.0 w 0x%x+512\n", 0x80000000 + (p + 1) * 4096
		} }' >"$tmp/copy.iot"
	run "$v4" --trace "$tmp/copy.iot" --warmup $((3 * copies / 2)) --set vtd.iotlb.entries=32 --set devices.outstanding=1
	stat '3 * [vtd0.misses] / [replay.dmas]'
}
echo 'pages,misses,penalty_1k,penalty_4k' >"$out/val24.csv"
for p in 1 2 4 8 16 24 30 31 32 64 128 256; do
	m=$(misses $p)
	echo "$p,$m,$(calc "100 * $m * 650 / 1370"),$(calc "100 * $m * 650 / 4300")" >>"$out/val24.csv"
done
at() { awk -F, -v p="$1" -v c="$2" '$1 == p { print $c }' "$out/val24.csv"; }
knee=$(awk -F, 'NR > 1 && $2 < .01 { k = $1 } END { print k }' "$out/val24.csv")
row VAL-24 'last number of source pages without misses' '16 to 32' "$knee" '17 to 31'
row VAL-24 'penalty at 16 pages, 1 KiB (points)' 0 "$(at 16 3)" '+-5'
row VAL-24 'penalty at 256 pages, 1 KiB (points; calibrated)' 47 "$(at 256 3)" input
row VAL-24 'penalty at 256 pages, 4 KiB (points; calibrated)' 15 "$(at 256 4)" input
row VAL-24 'penalty at 32 pages, 1 KiB (points)' 34 "$(at 32 3)" '+-5'
row VAL-24 'penalty at 32 pages, 4 KiB (points)' 8 "$(at 32 4)" '+-5'

# VAL-21: one buffer against one at random, one read in flight, no walk caches, 120 ns for a read of memory
lat() { run "$v4" --warmup 1000 --set gen.count=20000 --set vtd.psc.entries=0 --set memory.latency=120ns --set gen.window="$1"; stat '[dev.01:00.0.latency.sum] / [dev.01:00.0.latency.n] / 1e6'; }
row VAL-21 'random buffer less single buffer, 4 reads of 120 ns (us)' 0.494 "$(calc "$(lat 256M) - $(lat 4K)")" '0.44 to 0.55'

# VAL-33: reads in sequence, one in flight; the share of the run that translations take
share() { # LATENCY_NS [option]...: time in walks over the time of the same run without walks
	local l=$1
	shift
	run "$v4" --set gen.count=20000 --set gen.pattern=sequential --set gen.window=16M --set gen.size=512 --set vtd.psc.entries=0 --set software.levels=3 --set vtd.cap=0xd2008c406f0606 \
		--set memory.latency="${l}ns" "$@"
	stat '[vtd0.walk_ps] / ([replay.sim_ps] - [vtd0.walk_ps])'
}
base=
for k in 1 2 3 4 5; do
	s=$(share $((100 * k)) --set devices.fixed_time=5us)
	base=${base:-$s}
	row VAL-33 "translation share at ${k} times the latency, over $k times that at once" 1 "$(calc "$s / ($k * $base)")" '+-15 %'
done
cached=$(share 500 --set devices.fixed_time=5us --set memory.llc.entries=65536 --set memory.llc.latency=25ns)
row VAL-33 'share without over share with a last-level cache (20 times faster)' '>= 8' "$(calc "$s / $cached")" '>= 8'
