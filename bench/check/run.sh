#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Speed and memory of the ordering checker, by number of events: straight into the engine, and `iommusim check` on text and binary traces.
# usage: bench/check/run.sh BUILD_DIRECTORY [EVENTS...]   (default 100000 1000000 10000000)
# Prints CSV: path,events,seconds,events_per_s,max_rss_KiB,open_max,findings (the last two for the engine only).
set -eu
[ $# -ge 1 ] || { echo "usage: bench/check/run.sh BUILD_DIRECTORY [EVENTS...]" >&2; exit 2; }
build=$1
shift
[ $# -gt 0 ] || set -- 100000 1000000 10000000
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo path,events,seconds,events_per_s,max_rss_KiB,open_max,findings
one() { # path events trace
	/usr/bin/time -f '%U %S %M' -o "$tmp/t" "$build/iommusim" check "$3" > "$tmp/out"
	awk -v p="$1" -v n="$2" '{ t = $1 + $2; printf "%s,%d,%.3f,%.0f,%d,,\n", p, n, t, n / t, $3 }' "$tmp/t"
}
for n in "$@"; do
	"$build/bench/bench_check" api "$n"
	"$build/bench/bench_check" text "$n" > "$tmp/t.iot"
	one text "$n" "$tmp/t.iot"
	"$build/iommusim" trace convert "$tmp/t.iot" -o "$tmp/t.iotb"
	one binary "$n" "$tmp/t.iotb"
done
