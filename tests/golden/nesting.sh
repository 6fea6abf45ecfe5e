#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/nesting-overhead on a small scale: every point answers right, and what docs/experiments.md says holds; VAL-13 and VAL-15. $1: iommusim.
set -eu
build=$(dirname "$(readlink -f "$1")")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bench/nesting-overhead/run.sh --quick "$build" "$tmp/out" >"$tmp/table.csv"
awk -F, '
	NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
	function v(k) { if (!(k in col)) bad("no column " k); return $col[k] }
	function bad(what) { print "row " NR ": " what >"/dev/stderr"; failed = 1 }
	function less(a, b, what) { pairs++; if (a == "" || b == "" || a + 0 >= b + 0) bad(what ": " a " is not below " b) }
	{
		rows++
		if (v("status") != 0) bad("wrong answer")
		if (v("experiment") == "capture" && v("param") == "-") {
			k = v("arch") "," v("mode")
			t[k] = v("sim_us"); reads[k] = v("reads_per_walk"); exits[k] = v("exits"); safe[k] = v("safe_ns"); open[k] = v("unprotected")
			if (v("maps") + 0) per[k] = v("exits") / (v("maps") + v("unmaps"))
		}
		if (v("experiment") == "devtlb") dev[v("arch") "," v("mode") "," v("value") "," v("value2")] = v("exits_per_unmap")
		if (v("experiment") == "stage2") s2[v("arch") "," v("value")] = v("s2_unmap_ns")
		if (v("experiment") == "levels" && v("value2") == 0 && v("arch") == "vtd") {
			split(v("value"), l, ":")
			want = (l[1] + 1) * (l[2] + 1) - 1 # less a few walks that found the page when their turn came
			if (v("reads_per_walk") > want || v("reads_per_walk") < 0.999 * want) bad("not the closed form: " v("reads_per_walk"))
			levels++
		}
		if (v("experiment") == "locality") bw[v("arch") "," v("mode") "," v("value") "," v("value2")] = v("gbps")
	}
	END {
		n = split("vtd smmuv3 amdvi", archs, " ")
		for (i = 1; i <= n; i++) {
			a = archs[i]
			less(t[a ",passthrough"], t[a ",native"], "passthrough has no maps")
			less(t[a ",native"], t[a ",nested-hw"], "nested walks cost")
			less(t[a ",nested-hw"], t[a ",nested-trapped"], "exits cost")
			less(t[a ",nested-trapped"], t[a ",shadow"] * 1.05, "maps that leave cost")
			less(reads[a ",native"], reads[a ",nested-hw"], "reads per walk")
			less(safe[a ",nested-hw"], safe[a ",nested-trapped"], "time to safe")
			less(0, open[a ",passthrough"], "passthrough protects nothing")
			less(s2[a ",0"], s2[a ",8"], "stage 2 flushes")
			less(per[a ",nested-trapped"], 1.1, "exits of nested")
			less(0.9, per[a ",shadow"], "exits of shadow")
			# first stage or shadow: few unmaps and bad locality favour the shadow, many unmaps the first stage
			less(bw[a ",shadow,256K,4"], bw[a ",nested-hw,256K,4"], "many unmaps")
			less(bw[a ",nested-trapped,64M,4096"], bw[a ",shadow,64M,4096"], "few unmaps, bad locality")
			for (m in per) if (m == a ",native" && per[m] != 0) bad("exits without a guest")
			for (w = 0; w < 2; w++) less(dev[a ",shadow,hidden," (w ? "each" : "batch")], dev[a ",shadow,forwarded," (w ? "each" : "batch")], "hiding saves an exit")
		}
		if (rows < 200 || levels < 5 || pairs != 42) bad(rows " rows, " levels " levels, " pairs " comparisons")
		exit failed
	}' "$tmp/table.csv"
bench/nesting-overhead/val.sh "$1" | tee "$tmp/val.csv"
[ "$(grep -c ',pass$' "$tmp/val.csv")" = 7 ]
