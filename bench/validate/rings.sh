#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Receive rings with a map and an unmap for each page, strict (VAL-09, 11, 12, 14; Rubin et al., SOSP 2024, and laboratory notes). Input: synthetic. VT-d second stage. VAL-09 (a) is the published law with the published rates;
# (b) one 4 KiB DMA at a time on a link without bandwidth limit: fixed time 65 ns, 197 ns for each read of the walk.
. "$(dirname "$0")/lib.sh"
v4="$root/configs/e5-2630v4.yaml"
seeds=1
laps=40
[ ! "$quick" ] || laps=8

# ring LAPS ORDER: 20 descriptors of 64 pages of 4 KiB, each mapped, written, unmapped. ORDER contiguous: 256 KiB of addresses each; shuffled: any page
# of 256 MiB (128 leaf tables).
ring() {
	awk -v laps="$1" -v order="$2" 'BEGIN { print "#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-"
		x = 12345
		if (order == "shuffled") {
			for (i = 0; i < 65536; i++) free[i] = i
			for (i = 65535; i; i--) { x = x * 16807 % 2147483647; k = x % (i + 1); t = free[i]; free[i] = free[k]; free[k] = t }
		}
		for (d = 0; d < 20 * laps; d++) {
			for (i = 0; i < 64; i++) {
				p = order == "shuffled" ? free[(d * 64 + i) % 65536] : d % 20 * 64 + i
				iova[i] = 2147483648 + p * 4096
				x = x * 16807 % 2147483647
				printf "map dom=1 0x%x 0x1%08x 0x1000 rw\n", iova[i], x % 262144 * 4096
			}
			for (i = 0; i < 64; i++) printf "dma 01:00.0 w 0x%x+4096\n", iova[i]
			for (i = 0; i < 64; i++) printf "unmap dom=1 0x%x 0x1000\n", iova[i]
		}
	}'
}
ring $laps contiguous >"$tmp/contiguous.iot"
ring $laps shuffled >"$tmp/shuffled.iot"

# VAL-09 (a)
m=$(calc '1.30 + 0.05 + 0.05 + 0.36')
row VAL-09 'law: reads for 4 KiB, from the published rates' 1.76 "$m" '+-0.01'
row VAL-09 'law: throughput of one stream with 65 and 197 ns (Gb/s)' 79.6 "$(calc "4096 * 8 / (65 + $m * 197)")" '+-0.5'
row VAL-10 'l0 (ns)' 65 65 input
row VAL-10 'lm (ns)' 197 197 input
# (b): the simulated stream against the law with the simulated reads; DMAs of a whole page in one request, unlimited link, memory writes not waited for
run "$v4" --trace "$tmp/contiguous.iot" --warmup 10% --set devices.outstanding=1 --set devices.mps=4096 --set devices.link.bandwidth=0 --set devices.link.latency=0 \
	--set devices.fixed_time=65ns --set memory.latency=197ns --set software.ih=false --set vtd.iotlb.latency=0 --set vtd.psc.latency=0 --set vtd.ctx.latency=0
reads=$(stat '[vtd0.walk_reads] / [replay.dmas]')
# one posted write takes the fixed time, the walk, and the write to memory, which l0 of the law includes: subtract it
ours=$(stat '4096 * 8000 / ([dev.01:00.0.latency.sum] / [dev.01:00.0.latency.n] - 197000)')
row VAL-09 'simulated stream over the law with its own reads' 1 "$(calc "$ours / (4096 * 8 / (65 + $reads * 197))")" '+-10 %'

# VAL-11: misses in the two upper levels; the first walk misses once in each
run "$v4" --trace "$tmp/contiguous.iot" --set software.ih=false
full1=$(stat '[vtd0.psc.s2.l4.misses] - 1') full2=$(stat '[vtd0.psc.s2.l3.misses] - 1')
row VAL-11 'unmap drops walk caches: level 1 misses behind the first walk' '> 0' "$full1" '>= 1'
row VAL-11 'unmap drops walk caches: level 2 misses over level 1 misses' 1 "$(calc "$full2 / $full1")" exact
run "$v4" --trace "$tmp/contiguous.iot" --set software.ih=true
row VAL-11 'leaf only: level 1 misses behind the first walk' 0 "$(stat '[vtd0.psc.s2.l4.misses] - 1')" exact
row VAL-11 'leaf only: level 2 misses behind the first walk' 0 "$(stat '[vtd0.psc.s2.l3.misses] - 1')" exact
# VAL-12: leaf tables touched by a descriptor (misses of a walk cache that every unmap empties), and misses with 64 entries
run "$v4" --trace "$tmp/contiguous.iot" --set software.ih=false --set vtd.psc.entries=64
row VAL-12 'contiguous: misses of the last walk cache for 64 pages' '<= 2' "$(stat '[vtd0.psc.s2.l2.misses] / [replay.dmas] * 64')" '<= 2'
run "$v4" --trace "$tmp/contiguous.iot" --set vtd.psc.entries=64
contiguous=$(stat '[vtd0.psc.s2.l2.misses] / [replay.dmas]')
run "$v4" --trace "$tmp/shuffled.iot" --set vtd.psc.entries=64
row VAL-12 'shuffled over contiguous, misses of the last walk cache (64 entries)' '>= 10' "$(calc "$(stat '[vtd0.psc.s2.l2.misses] / [replay.dmas]') / $contiguous")" '>= 10'
# VAL-14
run "$v4" --trace "$tmp/contiguous.iot" --warmup 10% --set devices.outstanding=27
row VAL-14 'IOTLB misses that walk, for 4 KiB received, strict' '0.96 to 1.19' "$(stat '[vtd0.walks] / [replay.dmas]')" '0.9 to 1.3'
