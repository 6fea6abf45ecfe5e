#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Memory references of one cold walk, as the statistics of `run` count them, against the closed forms
#   legacy: 2 + m        scalable, one stage: 4 + n        nested: (n + 1)(m + 1) - 1 + 4
# (root and context; scalable mode adds PASID directory and PASID entry).
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
legacy="--set vtd.cap=0x00d2008c406f0e06" # 3, 4 and 5 levels
scalable="--set vtd.cap=0xd1d2078c40780e06 --set vtd.ecap=0x0433ef9ea4f050df --set vtd.ver=0x60"
check() { # $1 expected, $2 what, then options
	local want=$1 what=$2 got
	shift 2
	"$bin" run configs/captures/vtd.yaml --set gen.count=1 --set gen.window=4K --stats "$tmp/s.csv" "$@" >/dev/null
	got=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "vtd0.walk_reads") c = i } NR == 2 { print $c }' "$tmp/s.csv")
	echo "$what: $got reads, closed form $want"
	[ "$got" = "$want" ]
}
for m in 3 4 5; do
	# shellcheck disable=SC2086
	check $((2 + m)) "legacy, $m levels" $legacy --set software.mode=legacy --set software.levels=$m
	# shellcheck disable=SC2086
	check $((4 + m)) "scalable second stage, $m levels" $scalable --set software.mode=ss --set software.levels=$m
done
for n in 4 5; do
	# shellcheck disable=SC2086
	check $((4 + n)) "scalable first stage, $n levels" $scalable --set software.mode=fs --set software.levels=$n
	for m in 3 4 5; do
		# shellcheck disable=SC2086
		check $(((n + 1) * (m + 1) - 1 + 4)) "nested, $n x $m" $scalable --set software.mode=nested --set software.levels=$n \
			--set software.s2_levels=$m --set vtd.psc.entries=0 --set vtd.nested.entries=0
	done
done
