# SPDX-License-Identifier: Apache-2.0
# tables.awk - the tables of docs/viommu.md from run.sh's table.csv.
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
function v(k)
{
	if (!(k in col)) {
		print "tables.awk: no column " k >"/dev/stderr"
		exit 1
	}
	return $col[k]
}
function count(g) { return g " guest" (g == 1 ? "" : "s") }
function us(x) { return sprintf(x < 9950 ? "%.2f" : "%.1f", x / 1000) }
{
	e = v("experiment"); g = v("guests"); w = v("way"); b = v("batch")
	if (w == "trapped") w = w v("exit_ns")
	if (e == "guests" || e == "busy") {
		lat[e, g, w] = us(v("p50_ns")) " / " us(v("p99_ns"))
		if (w ~ /hw/) share[e, g, w] = sprintf("%.0f", 100 * v("private_share"))
		thr[e, g, w] = sprintf("%.1f", v("inv_per_us"))
		seen[g] = 1
	} else if (e == "batch") {
		bt[g, w, b] = sprintf("%.1f", v("inv_per_us"))
	} else if (e == "even" && v("command_ns") == 0) {
		ev[g, w, b, 0] = us2(v("break_even_ns"))
	} else if (e == "even") {
		ev[g, w, b, 100] = us2(v("break_even_ns"))
	} else if (e == "even_busy") {
		eb[g, w] = us2(v("break_even_ns"))
	} else if (e == "iotlb" || e == "walkers" || e == "memory" || e == "idmap" || e == "ats") {
		k = e == "iotlb" ? v("iotlb") " entries, " (v("iotlb_ways") + 0 ? v("iotlb_ways") " ways" : "fully associative") : \
			e == "walkers" ? v("walkers") " walkers, miss queue " v("missq") : e == "memory" ? v("memory_ns") " ns, " count(g) : \
			e == "idmap" ? v("idmap") " entries, " count(g) : "batch " b ", " count(g)
		if (!((e, k) in known)) {
			known[e, k] = 1
			row[e, ++rows[e]] = k
		}
		cell[e, k, w] = us(v("p50_ns")) " / " us(v("p99_ns")) ", " sprintf("%.1f", v("inv_per_us"))
	} else if (e == "create") {
		create[v("prefill")] = us(1000 * v("create_us"))
	}
	if (w == "hw0" && e == "guests") mem[g] = sprintf("%d | %d", v("maps_kib"), v("tables_kib"))
}
function us2(x) { return sprintf(x < 10000 && x > -10000 ? "%.2f" : "%.0f", x / 1000) }
function latencies(e,  i)
{
	print "| guests | hw0 | hw1 | trapped, exit 0.5 µs | exit 2 µs | exit 10 µs | private share hw0 / hw1 (%) | hw0 / trapped at 2 µs (per µs) |\n|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= 64; i *= 2)
		if (i in seen)
			print "| " i " | " lat[e, i, "hw0"] " | " lat[e, i, "hw1"] " | " lat[e, i, "trapped500"] " | " lat[e, i, "trapped2000"] " | " \
				lat[e, i, "trapped10000"] " | " share[e, i, "hw0"] " / " share[e, i, "hw1"] " | " thr[e, i, "hw0"] " / " thr[e, i, "trapped2000"] " |"
	print ""
}
function cells(e, what,  i, k)
{
	print "| " what " | hw0 | hw1 | trapped, exit 2 µs |\n|---|---|---|---|"
	for (i = 1; i <= rows[e]; i++) {
		k = row[e, i]
		print "| " k " | " cell[e, k, "hw0"] " | " cell[e, k, "hw1"] " | " cell[e, k, "trapped2000"] " |"
	}
	print ""
}
END {
	print "Latency p50 / p99 (µs), nothing but commands:\n"
	latencies("guests")
	print "Latency p50 / p99 (µs), devices at work:\n"
	latencies("busy")
	print "Throughput (invalidations per µs, all guests), nothing but commands, as fast as they can:\n"
	print "| batch | hw0, 1 / 8 / 64 guests | hw1 | trapped, exit 2 µs |\n|---|---|---|---|"
	for (i = 1; i <= 256; i *= 2)
		if ((1, "hw0", i) in bt)
			print "| " i " | " bt[1, "hw0", i] " / " bt[8, "hw0", i] " / " bt[64, "hw0", i] " | " bt[1, "hw1", i] " / " bt[8, "hw1", i] " / " bt[64, "hw1", i] \
				" | " bt[1, "trapped2000", i] " / " bt[8, "trapped2000", i] " / " bt[64, "trapped2000", i] " |"
	print "\nBreak-even exit cost (µs), mode 0 / mode 1:\n"
	print "| guests | batch 1, 0 ns per command | batch 1, 100 ns | batch 16, 0 ns | batch 16, 100 ns | batch 1, 100 ns, devices at work |\n|---|---|---|---|---|---|"
	for (i = 1; i <= 64; i *= 2)
		if (i in seen)
			print "| " i " | " ev[i, "hw0", 1, 0] " / " ev[i, "hw1", 1, 0] " | " ev[i, "hw0", 1, 100] " / " ev[i, "hw1", 1, 100] " | " \
				ev[i, "hw0", 16, 0] " / " ev[i, "hw1", 16, 0] " | " ev[i, "hw0", 16, 100] " / " ev[i, "hw1", 16, 100] " | " eb[i, "hw0"] " / " eb[i, "hw1"] " |"
	print "\nSensitivity: latency p50 / p99 (µs), invalidations per µs.\n"
	cells("iotlb", "IOTLB, 16 guests, devices at work")
	cells("walkers", "walkers, 64 guests, devices at work")
	cells("memory", "memory latency, nothing but commands")
	cells("idmap", "id map cache, nothing but commands")
	cells("ats", "device-IOTLB invalidations")
	print "Memory of the private address space (KiB):\n\n| guests | maps | tables (mode 0) |\n|---|---|---|"
	for (i = 1; i <= 64; i *= 2)
		if (i in mem)
			print "| " i " | " mem[i] " |"
	print "\nCreation of a guest: " create[0] " µs with the ids used, " create[65536] " µs with 65536 of each kind first."
}
