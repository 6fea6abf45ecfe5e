#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Memory references of one cold walk of an AMD-Vi unit, as the statistics of `run` count them, against the closed forms
#   1 (device table entry) + v1: H      v2: X + G      nested: X + (G + 1)(H + 1) - 1, with GCR3TRPMode X (H + 1) + (G + 1)(H + 1) - 1
# H and G: levels from the first table to the leaf of host and guest tables; X: levels of the GCR3 table. Pages of NextLevel 7 and skipped
# levels, which the generator does not make, are in the cases of tests/data/walk.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
nocache="--set amdvi.pdc.entries=0 --set amdvi.nested.entries=0 --set amdvi.gcr3.entries=0"
full=0x205753f32220995a # EFR with HATS 2: six levels, GATS 1, GLX 2
check() { # $1 expected, $2 what, then options
	local want=$1 what=$2 got
	shift 2
	# shellcheck disable=SC2086
	"$bin" run configs/captures/amdvi.yaml --set gen.count=1 --set amdvi.efr=$full $nocache --stats "$tmp/s.csv" --verify "$@" >"$tmp/out" || {
		cat "$tmp/out"
		return 1
	}
	got=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "amd0.walk_reads") c = i } NR == 2 { print $c }' "$tmp/s.csv")
	echo "$what: $got reads, closed form $want"
	[ "$got" = "$want" ]
}
page() { # 0, 1, 2: one mapping of this size
	case $1 in
	0) echo "--set gen.page=4K --set gen.window=4K" ;;
	1) echo "--set gen.page=2M --set gen.window=2M" ;;
	*) echo "--set gen.page=1G --set gen.window=1G" ;;
	esac
}
for p in 0 1 2; do
	for h in 3 4 5 6; do
		# shellcheck disable=SC2046
		check $((1 + h - p)) "v1, mode $h, page $p" --set software.mode=ss --set software.levels=$h $(page $p)
	done
	for g in 4 5; do
		# shellcheck disable=SC2046
		check $((1 + 1 + g - p)) "v2, $g levels, page $p" --set software.mode=fs --set software.levels=$g $(page $p)
		for pasid in 5 5000 500000; do
			x=$((pasid < 512 ? 1 : pasid < 262144 ? 2 : 3))
			# shellcheck disable=SC2046
			check $((1 + x + g - p)) "v2, $g levels, page $p, GCR3 table of $x" --set software.mode=fs --set software.levels=$g --set gen.pasid=$pasid $(page $p)
		done
	done
done
check 4 "v1, as Linux begins" --set software.mode=ss
check 5 "v1, grown for an address" --set software.mode=ss --set gen.iova=0x8000000000
check 6 "v1, grown twice" --set software.mode=ss --set gen.iova=0x1000000000000
onoff() {
	[ "$1" = 1 ] && echo on || echo off
}
nested() { # guest levels, host levels, GCR3 levels, GCR3TRPMode
	echo $((1 + ($4 ? $3 * ($2 + 1) : $3) + ($1 + 1) * ($2 + 1) - 1))
}
for g in 4 5; do
	for h in 3 4 5 6; do
		for pasid in 5 5000 500000; do
			x=$((pasid < 512 ? 1 : pasid < 262144 ? 2 : 3))
			for trp in 0 1; do
				check "$(nested $g $h $x $trp)" "nested, $g over $h, GCR3 table of $x, GCR3TRPMode $trp" --set software.mode=nested --set software.levels=$g \
					--set software.s2_levels=$h --set gen.pasid=$pasid --set software.amd_gcr3_trp="$(onoff $trp)"
			done
		done
	done
done
# the usual examples are 25 and 29 without the device table entry
check 26 "nested, 4 over 4" --set software.mode=nested --set software.amd_gcr3_trp=off
check 30 "nested, 4 over 4, GCR3TRPMode" --set software.mode=nested
# large pages: a guest 2 MiB page saves one guest level, a host 2 MiB page one reference of every host walk
check $((1 + 4 + 4 * 4 - 1)) "nested, 2 MiB over 2 MiB, GCR3TRPMode" --set software.mode=nested --set software.s2_page=2M --set gen.page=2M --set gen.window=2M
check $((1 + 3 + 4 * 3 - 1)) "nested, 2 MiB over 1 GiB, GCR3TRPMode" --set software.mode=nested --set software.s2_page=1G --set gen.page=2M --set gen.window=2M
