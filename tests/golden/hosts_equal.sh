#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The native and the SystemC host write the same statistics, byte for byte. Usage: hosts_equal.sh IOMMUSIM
set -eu
sim=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
config() {
	cat > "$dir/c.yaml" <<YAML
units:
  - name: unit0
    arch: $1
gen:
  count: 3000
  window: 4M
  size: 1536
  devices: 3
  churn: 100
YAML
}
config vtd
if "$sim" run "$dir/c.yaml" --host systemc --set gen.count=1 > "$dir/out" 2>&1; then
	:
elif grep -q 'built without SystemC' "$dir/out"; then
	echo "built without SystemC: nothing to compare"
	exit 0
else
	cat "$dir/out"
	exit 1
fi
for arch in vtd smmuv3 amdvi; do
	config $arch
	for warm in 0 500; do
		for host in native systemc; do
			"$sim" run "$dir/c.yaml" --host $host --warmup $warm --stats "$dir/$host.json" --stats "$dir/$host.csv" > "$dir/$host.out" 2>&1 ||
				{ cat "$dir/$host.out"; exit 1; }
		done
		grep -q '"dmas"' "$dir/native.json"
		cmp "$dir/native.json" "$dir/systemc.json"
		cmp "$dir/native.csv" "$dir/systemc.csv"
	done
done
