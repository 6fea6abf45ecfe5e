#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The comparison of docs/viommu.md at a few points: every point keeps the rules of correctness (the program's verdict), exits and
# private-space time are where they belong, hardware is not slower than trapping at 2 us per exit; and a broken unit is reported.
set -eu
build=$(dirname "$(readlink -f "$1")")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bench/viommu/run.sh --quick "$build" "$tmp/out" >"$tmp/table.csv"
awk -F, '
	NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
	function v(k) { if (!(k in col)) bad("no column " k); return $col[k] }
	function bad(what) { print "row " NR ": " what >"/dev/stderr"; failed = 1 }
	{
		rows++
		hw = v("way") != "trapped"
		if (v("verdict") != "ok" || v("stale") + v("lost")) bad("not ok")
		if (v("waits") + 0 < v("guests") + 0) bad("fewer unmaps than guests")
		if (hw && v("exits_per_inv") + 0) bad("exits in hardware")
		if (!hw && v("ats") == 0 && (v("exits_per_inv") * v("batch") < 0.9 || v("exits_per_inv") * v("batch") > 1.1)) bad("not an exit per unmap")
		if (hw != (v("private_share") > 0) || hw != (v("maps_kib") == 1536 * v("guests"))) bad("private space")
		if (v("touch") + 0 && !(v("checked") + 0)) bad("nothing was checked")
		if (v("p50_ns") + 0 > v("p95_ns") + 0 || v("p95_ns") + 0 > v("p99_ns") + 0) bad("percentiles")
		if (v("experiment") ~ /^(guests|busy)$/) {
			key = v("experiment") "," v("guests")
			if (v("way") == "hw0") hw0[key] = v("mean_ns")
			else if (!hw && v("exit_ns") == 2000) trapped[key] = v("mean_ns")
		}
	}
	END {
		for (k in hw0) {
			pairs++
			if (hw0[k] + 0 >= trapped[k] + 0) bad("hardware is slower: " k)
		}
		if (pairs != 6 || rows < 150) bad(rows " rows, " pairs " pairs")
		exit failed
	}' "$tmp/table.csv"
# Twice the same run, the same table.
"$build/bench/bench_viommu" --set guests=8 --set dma=2 --sweep way=hw1,trapped >"$tmp/a.csv"
"$build/bench/bench_viommu" --set guests=8 --set dma=2 --sweep way=hw1,trapped --jobs 2 >"$tmp/b.csv"
cmp "$tmp/a.csv" "$tmp/b.csv"
status=0
"$build/bench/bench_viommu" --set amdvi.quirk.ignore_invalidations=on >"$tmp/a.csv" 2>"$tmp/err" || status=$?
[ $status = 1 ] && grep -q 'stale entry after COMPLETION_WAIT' "$tmp/err" && grep -q ',broken,' "$tmp/a.csv"
for arg in '--set batch=257' '--set nothing=1' '--sweep guests=' '--jobs 0' '--what' '--set domains=3'; do
	status=0
	# shellcheck disable=SC2086
	"$build/bench/bench_viommu" $arg >/dev/null 2>"$tmp/err" || status=$?
	case $arg in
	*domains*) [ $status = 3 ] ;;
	*) [ $status = 2 ] ;;
	esac
	[ -s "$tmp/err" ]
done
