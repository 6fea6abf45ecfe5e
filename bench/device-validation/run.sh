#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Published measurements of devices: page-fault latency (VAL-25) and a translation cache with one entry per engine and field (VAL-26, VAL-27).
#   usage: bench/device-validation/run.sh [--quick] [BUILD [OUTDIR]]      defaults: build out/device-validation; a second
# Prints the rows id,quantity,published,ours,band,pass and writes OUTDIR/{rows,curve,published}.csv and fault-latency.png (if gnuplot is there, not with --quick).
# Exit status: 0 fine, 1 a band is missed, 2 usage, 3 a run failed.
# shellcheck disable=SC2034
program=bench/device-validation/bench_devices name=device-validation
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
st=0
# shellcheck disable=SC2086
"$bench" $quick "$root/configs/faults-vtd.yaml" "$out/curve.csv" >"$out/rows.csv" || st=$?
cat "$out/rows.csv"
[ $st -le 1 ] || exit 3
# the published percentiles, out of the rows
awk -F, 'BEGIN { print "percent,published_us"; p["median"] = 50; p["95"] = 95; p["99"] = 99; p["longest"] = 100 }
	$1 == "VAL-25" && /fault latency/ { for (k in p) if ($0 ~ "latency, " k) print p[k] "," $(NF - 3) }' "$out/rows.csv" >"$out/published.csv"
if [ ! "$quick" ] && command -v gnuplot >/dev/null; then
	gnuplot -e "dir='$out'; png='$out/fault-latency.png'" "$here/fault-latency.gp"
fi
exit $st
