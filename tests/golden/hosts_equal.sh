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
equal() { # what is run, further options of both
	local q
	"$sim" run "$@" --stats "$dir/native.json" --stats "$dir/native.csv" > "$dir/native.out" 2>&1 || { cat "$dir/native.out"; exit 1; }
	grep -q '"dmas"' "$dir/native.json"
	for q in 0 700ns 1ms; do
		"$sim" run "$@" --host systemc --quantum $q --stats "$dir/systemc.json" --stats "$dir/systemc.csv" > "$dir/systemc.out" 2>&1 ||
			{ cat "$dir/systemc.out"; exit 1; }
		cmp "$dir/native.json" "$dir/systemc.json"
		cmp "$dir/native.csv" "$dir/systemc.csv"
		cmp "$dir/native.out" "$dir/systemc.out"
	done
	n=$((n + 3))
}
n=0
for arch in vtd smmuv3 amdvi; do
	config $arch
	for warm in 0 500; do
		equal "$dir/c.yaml" --warmup $warm
	done
	scalable=
	[ $arch = vtd ] && scalable="--set vtd.cap=0xd1d2078c40780c06 --set vtd.ecap=0x0433ef9ea4f050df"
	# shellcheck disable=SC2086
	equal "$dir/c.yaml" $scalable --set software.mode=nested --set software.policy=lazy
	equal "$dir/c.yaml" --set devices.atc.entries=16
done
for c in configs/*.yaml; do # every example
	equal "$c" --set gen.count=1000
done
equal configs/captures/vtd.yaml --trace traces/vtd-lazy-vblk.iotb --verify --oracle
for arch in smmuv3 amdvi; do
	"$sim" import qemu tests/data/import/$arch-edu.log.zst --image tests/data/import/$arch-edu.snap1.idx -o "$dir/t.iotb" 2> /dev/null
	equal configs/captures/$arch.yaml --trace "$dir/t.iotb" --verify --oracle
done
st=0
"$sim" run "$dir/c.yaml" --quantum 1us > "$dir/out" 2>&1 || st=$?
[ $st = 2 ] && grep -q 'only --host systemc has one' "$dir/out"
echo "$n runs under SystemC equal the native ones"
