#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Memory references of one cold walk of an SMMUv3, as the statistics of `run` count them, against the closed forms
#   configuration: c = 1 (STE) + 1 with a 2-level stream table; d = 1 (CD) + 1 with a 2-level CD table
#   stage 1: c + d + n      stage 2: c + m      nested: c + d (m + 1) + (n + 1)(m + 1) - 1
# n and m: levels from the first table to the leaf. Combinations that the driver model does not make are in tests/unit/test_smmuv3_walk.c.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
nocache=""
for c in ipa walk.s1l0 walk.s1l1 walk.s1l2 walk.s2l0 walk.s2l1 walk.s2l2; do
	case $c in
	ipa) nocache="$nocache --set smmuv3.ipa.entries=0" ;;
	*) nocache="$nocache --set smmuv3.$c=0" ;;
	esac
done
check() { # $1 expected, $2 what, then options
	local want=$1 what=$2 got
	shift 2
	# shellcheck disable=SC2086
	"$bin" run configs/captures/smmuv3.yaml --set gen.count=1 $nocache --stats "$tmp/s.csv" "$@" >"$tmp/out" || {
		cat "$tmp/out"
		return 1
	}
	got=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "smmu0.walk_reads") c = i } NR == 2 { print $c }' "$tmp/s.csv")
	echo "$what: $got reads, closed form $want"
	[ "$got" = "$want" ]
}
nested() { # n m c d
	echo $(($3 + $4 * ($2 + 1) + ($1 + 1) * ($2 + 1) - 1))
}
linear=0x004d369b # IDR0 without ST_LEVEL
page() { # granule, levels to take off: options for its page, or its block (16K and 64K: mappings of 2M are pages, of 1G blocks)
	case $1-$2 in
	4K-0) echo "--set gen.page=4K --set gen.window=4K" ;;
	4K-1 | 16K-0 | 64K-0) echo "--set gen.page=2M --set gen.window=2M" ;;
	*) echo "--set gen.page=1G --set gen.window=1G" ;;
	esac
}
# granule, levels of a 48-bit stage 1, and of a 48-bit stage 2 (16K: two concatenated tables at level 1)
while read -r g n m; do
	for off in 0 1 2; do
		[ "$off" = 2 ] && [ "$g" != 4K ] && continue
		# shellcheck disable=SC2046
		check $((4 + n - off)) "stage 1, $g, leaf $off above the page" --set software.mode=fs --set software.smmu_granule="$g" $(page "$g" $off)
		# shellcheck disable=SC2046
		check $((2 + m - off)) "stage 2, $g, leaf $off above the page" --set software.mode=ss --set software.smmu_granule="$g" $(page "$g" $off)
	done
	# shellcheck disable=SC2046
	check "$(nested "$n" "$m" 2 2)" "nested, $g" --set software.mode=nested --set software.smmu_granule="$g" $(page "$g" 0)
	# shellcheck disable=SC2046
	check "$(nested "$n" "$m" 2 1)" "nested, $g, one-level CD table" --set software.mode=nested --set software.smmu_granule="$g" --set software.smmu_ssid_bits=0 $(page "$g" 0)
	# shellcheck disable=SC2046
	check "$(nested "$n" "$m" 1 2)" "nested, $g, linear stream table" --set software.mode=nested --set software.smmu_granule="$g" --set smmuv3.idr0=$linear $(page "$g" 0)
done <<END
4K 4 4
16K 4 3
64K 3 3
END
check 7 "stage 1, 39 bits" --set software.mode=fs --set software.levels=3
check 5 "stage 2, 39 bits" --set software.mode=ss --set software.levels=3
check "$(nested 3 4 2 2)" "nested, 39 bits over 48" --set software.mode=nested --set software.levels=3
check "$(nested 4 3 2 2)" "nested, 48 bits over 39" --set software.mode=nested --set software.s2_levels=3 --set gen.pa_span=64G
# published examples: 36, 29, 25, 19
check 36 "nested 4K, 48 bits both" --set software.mode=nested
check 29 "nested 4K, stage 2 of 40 bits from concatenated tables at level 1" --set software.mode=nested --set smmuv3.idr5=0x00400072
check 25 "nested, 2 MiB over 2 MiB" --set software.mode=nested --set software.s2_page=2M --set gen.page=2M --set gen.window=2M
check 19 "nested, 2 MiB over 1 GiB" --set software.mode=nested --set software.s2_page=1G --set gen.page=2M --set gen.window=2M
