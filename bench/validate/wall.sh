#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Receive rings at up to 200 Gb/s with a receive buffer that overflows (VAL-16, 17), and a server that also sends (VAL-18); Farshin et al. 2023. Input: synthetic.
# From the text: 32 rings of 1024 descriptors, two 2 KiB buffers in a page, mapped once; frames of 1448 bytes of payload; 384 connections; a line of 200 Gb/s; deferred
# flushing; in VAL-18 values of 128 KiB, keys of 64 bytes, half of the requests read, 90 Gb/s.
# Calibrated: walkers (2) and memory latency (201 ns), to a cap of 150 Gb/s. Ours otherwise, and no test of anything: the caches of configs/e5-2630v4.yaml; PCIe Gen4 x16
# with 256 requests in flight; rings served in random order, bursts of 1 to 8 frames.
# Assumed for VAL-16: 262016 bytes of receive buffer (what a vendor's page on tuning shows for a port of such a card); how packets arrive, in two ways: evenly spaced, or
# in trains of 64 KiB, the largest segment that a sender hands to its card. For VAL-18: connections spread over rings at random, and served in random order;
# a value is sent from two ranges of 64 KiB, mapped for it and unmapped lazily; misses are counted for bytes moved either way.
# "With descriptors": a descriptor is 16 bytes, read four at a time; each frame and each range sent has a completion of 64 bytes. VAL-16 is with them.
. "$(dirname "$0")/lib.sh"
v4="$root/configs/e5-2630v4.yaml"
seeds=1
frames=300000 requests=4000
[ ! "$quick" ] || { frames=60000; requests=800; }
machine="--set devices.outstanding=256 --set devices.link.bandwidth=31508 --set devices.fixed_time=0 --set vtd.walkers=2 --set memory.latency=201ns \
	--set devices.rx.buffer=262016 --set devices.rx.packet_min=65"

# Rings, and what one of them does for a frame: shared by the generators. desc=1: with descriptors and completions.
# shellcheck disable=SC2016
rings='
function rnd(n) { x = x * 16807 % 2147483647; return x % n }
function dma(dir, at, n) { printf "dma 01:00.0 %s 0x%x+%d\n", dir, at, n }
function table(at, n) { printf "map dom=1 0x%x 0x1%08x 0x%x rw\n", at, at, n }
function setup(q) {
	x = 12345; G = 1073741824
	print "#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-"
	for (q = 0; q < 32; q++) table(2 * G + q * 2097152, 2097152)
	if (desc) table(3 * G, 32 * 262144) # for each ring 16 KiB of descriptors, 64 KiB of completions; the same to send
}
function status(q, rx, n,	base) {
	base = 3 * G + q * 262144 + (rx ? 0 : 131072)
	if (n % 4 == 0 || !rx) dma("r", base + n % (rx ? 1024 : 256) * (rx ? 16 : 64), 64)
	dma("w", base + 65536 + n % 1024 * 64, 64)
}
function frame(q, n) {
	if (desc) status(q, 1, at[q])
	dma("w", 2 * G + q * 2097152 + at[q] % 1024 * 2048, n)
	at[q]++
}'
# receive N DESC: frames in random order of rings
receive() {
	awk -v n="$1" -v desc="$2" "$rings"'
	BEGIN { setup(); while (i < n) { q = rnd(32); for (b = 1 + rnd(8); b; b--) { frame(q, 1448); i++ } } }'
}
# memcached N DESC: each connection has one request under way; what it receives comes in bursts of 1 to 8 frames, what it sends in ranges of 64 KiB
memcached() {
	awk -v n="$1" -v desc="$2" "$rings"'
	function request(c) {
		if (!(c in ring)) ring[c] = rnd(32)
		get[c] = rnd(2)
		left[c] = 64 + (get[c] ? 0 : 131072) # bytes to receive
		out[c] = get[c] ? 2 : 0
	}
	function send(c,	at, i) {
		at = 3.5 * G + sent % 4096 * 65536
		table(at, 65536)
		if (desc) status(ring[c], 0, sends[ring[c]]++)
		for (i = 0; i < 16; i++) dma("r", at + i * 4096, 4096)
		printf "unmap dom=1 0x%x 0x10000\n", at
		sent++
	}
	BEGIN {
		setup()
		for (c = 0; c < 384; c++) request(c)
		while (done < n) {
			c = rnd(384)
			if (left[c] > 0)
				for (b = 1 + rnd(8); b && left[c] > 0; b--) { frame(ring[c], left[c] < 1448 ? left[c] : 1448); left[c] -= 1448 }
			else if (out[c]-- > 0)
				send(c)
			else { done++; request(c) }
		}
	}'
}
for d in 0 1; do
	receive $frames $d >"$tmp/receive$d.iot"
	memcached $requests $d >"$tmp/memcached$d.iot"
done
name=('buffers only' 'with descriptors')
rx='dev.01:00.0.rx'
misses="[vtd0.walks] / [dev.01:00.0.bytes] * 1048576"

# shellcheck disable=SC2086
{
# VAL-17: as fast as the machine can
for d in 0 1; do
	run "$v4" --trace "$tmp/receive$d.iot" --warmup 20% --set devices.outstanding=27
	row VAL-17 "IOTLB misses that walk, per MiB at MTU 1500, ${name[d]}" '420 + 80 to 100' "$(stat "$misses")" '362 to 600'
done
# VAL-16. RATE (Gb/s), then options
offer() {
	local rate=$1
	shift
	run "$v4" --trace "$tmp/receive1.iot" --warmup 20% $machine --set devices.rx.rate=$((rate * 125)) "$@"
}
offer 200
cap=$(stat "[$rx.accepted_bytes] * 8000 / [replay.sim_ps]")
row VAL-16 'throughput at 200 Gb/s offered (Gb/s; calibrated)' 150 "$cap" input
offer 60
row VAL-16 'IOTLB misses per MiB at 60 Gb/s offered' '362 to 600' "$(stat "$misses")" '362 to 600'
echo 'arrival,offered,accepted,loss_percent' >"$out/val16.csv"
for how in 'evenly spaced:0' 'trains of 64 KiB:65536'; do
	wall='' one=''
	for ((r = 20; r <= 200; r += 5)); do
		offer $r --set devices.rx.train=${how#*:}
		loss=$(stat "100 * [$rx.dropped_packets] / [$rx.offered_packets]")
		echo "${how%:*},$r,$(stat "[$rx.accepted_bytes] * 8000 / [replay.sim_ps]"),$loss" >>"$out/val16.csv"
		[ "$wall" ] || [ "$(calc "($loss > 0)")" = 0 ] || wall=$r
		[ "$one" ] || [ "$(calc "($loss > 1)")" = 0 ] || one=$r
	done
	row VAL-16 "${how%:*}: first offered rate with loss, over the cap" '0.87' "$(calc "$wall / $cap")" '0.80 to 0.95'
	row VAL-16 "${how%:*}: first offered rate with more than 1 % of loss, over the cap (control)" '' "$(calc "$one / $cap")" input
done
# VAL-18: half of the bytes come in
serve() {
	run "$v4" --trace "$tmp/memcached$1.iot" --warmup 20% $machine --set software.policy=lazy --set software.superpages=false --set devices.rx.rate=5625
}
serve 1
row VAL-18 'IOTLB misses that walk, per MiB moved' '450 to 500' "$(stat "$misses")" '400 to 560'
row VAL-18 'the same, per MiB of packets received (control)' '' "$(stat "[vtd0.walks] / [$rx.accepted_bytes] * 1048576")" input
row VAL-18 'moved, 45 Gb/s of them received packets (Gb/s)' 90 "$(stat '[dev.01:00.0.bytes] * 8000 / [replay.sim_ps]')" input
serve 0
row VAL-18 'IOTLB misses that walk, per MiB moved, without descriptors and completions (control)' '' "$(stat "$misses")" input
}
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	gnuplot -e "dir='$out'; png='$out/val-wall.png'" "$here/wall.gp" >&2
fi
