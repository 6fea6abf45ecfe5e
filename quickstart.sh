#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds, replays a captured Linux kernel's virtio-blk traffic (lazy flushing, VT-d) under IOTLBs of 1 to 256
# entries, and leaves the statistics and a plot in out/quickstart.
set -eu
cd "$(dirname "$0")"
tools/install-deps.sh
cmake -S . -B build -G Ninja >/dev/null
cmake --build build --target iommusim
out=out/quickstart
trace=traces/vtd-lazy-vblk.iotb
mkdir -p "$out"
rm -f "$out"/*
for n in 1 2 4 8 16 32 64 128 256; do
	echo "replaying $trace with an IOTLB of $n entries" >&2
	build/iommusim run configs/captures/vtd.yaml --trace "$trace" --verify --set "vtd.iotlb.entries=$n" --stats "$out/stats-$n.csv" >"$out/run-$n.txt"
	awk -v n="$n" 'NR == 1 { print "entries," $0 } NR == 2 { print n "," $0 }' "$out/stats-$n.csv" >"$out/row"
	if [ "$n" = 1 ]; then cat "$out/row"; else tail -n 1 "$out/row"; fi >>"$out/iotlb.csv"
done
rm "$out/row"
gnuplot -e "csv='$out/iotlb.csv'; png='$out/iotlb.png'" bench/plot/iotlb.gp
tail -n 1 "$out/run-256.txt"
echo "statistics: $out/iotlb.csv (one row per IOTLB size), $out/run-*.txt"
echo "plot:       $out/iotlb.png"
