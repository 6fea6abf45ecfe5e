#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processor time of `run --host systemc` against the native host, in alternating pairs; the median of the ratios. One row per workload and quantum.
#   bench/hosts.sh [BUILD [DMAS]]      about a minute; also checks that the statistics are equal
set -euo pipefail
build=${1:-build}
n=${2:-1000000}
sim=$build/iommusim
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
seconds() { # of processor time
	local TIMEFORMAT=%U
	{ time "$sim" run "$@" > /dev/null 2> "$dir/err" || cat "$dir/err"; } 2>&1
}
echo "workload,quantum,native_s,ratio"
for arch in vtd smmuv3 amdvi; do
	for kind in hits misses; do
		window=256K
		[ $kind = hits ] || window=64M
		cat > "$dir/c.yaml" <<YAML
units: [{name: unit0, arch: $arch}]
devices: [{rid: any, outstanding: 32}]
gen: {count: $n, window: $window, size: 64, pattern: uniform, devices: 1}
YAML
		for q in 0 1us; do
			for i in 1 2 3 4 5; do
				a=$(seconds "$dir/c.yaml" --stats "$dir/n.json")
				b=$(seconds "$dir/c.yaml" --stats "$dir/s.json" --host systemc --quantum $q)
				cmp "$dir/n.json" "$dir/s.json" >&2
				echo "$a $b"
			done | awk -v what="$arch $kind" -v q=$q '
				{ r[NR] = $2 / $1; s[NR] = $1 }
				function median(v,  i, j, t) {
					for (i = 2; i <= NR; i++)
						for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
					return v[int((NR + 1) / 2)]
				}
				END { printf "%s,%s,%.2f,%.2f\n", what, q, median(s), median(r) }'
		done
	done
done
