# SPDX-License-Identifier: Apache-2.0
# Tables of docs/experiments.md from run.sh's table: awk -f tables.awk table.csv
BEGIN {
	FS = ","
	split("vtd smmuv3 amdvi", archs, " ")
	name["vtd"] = "VT-d"; name["smmuv3"] = "SMMUv3"; name["amdvi"] = "AMD-Vi"
	split("native passthrough shadow nested-trapped nested-hw", modes, " ")
}
NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
{
	key = $c["experiment"] "," $c["arch"] "," $c["mode"] "," $c["value"] "," $c["value2"]
	row[key] = $0
}
function get(key, col, a) {
	if (!(key in row)) return ""
	split(row[key], a, ",")
	return a[c[col]]
}
function us(v) { return v == "" ? "-" : sprintf("%.3g", v / 1000) }
function capture(key, label) {
	printf "| %s | %.1f | %.2f | %.2f | %s / %s | %s | %s | %s | %s | %d | %.1f |\n", label, get(key, "sim_us") / 1000, get(key, "gbps"), get(key, "reads_per_walk"), \
		get(key, "lat_p50_ns"), get(key, "lat_p99_ns"), us(get(key, "map_ns")), us(get(key, "unmap_ns")), us(get(key, "safe_ns")), \
		(get(key, "unprotected") + 0 ? "never" : us(get(key, "safe_p99_ns"))), get(key, "exits"), get(key, "host_us") / 1000
}
END {
	print "One trace, three architectures, all modes (lifted; strict unmaps):\n"
	print "| | time (ms) | Gb/s | reads per walk | translation p50 / p99 (ns) | map (µs) | unmap (µs) | time to safe (µs) | p99 (µs) | exits | host software (ms) |"
	print "|---|---|---|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= 3; i++) {
		for (m = 1; m <= 5; m++) capture("capture," archs[i] "," modes[m] ",0,0", name[archs[i]] ", " modes[m])
		if (archs[i] == "amdvi") capture("capture,amdvi,nested-trapped,wait,0", "AMD-Vi, nested-trapped, one doorbell a flush")
	}
	print "\nThe same with lazy unmaps:\n"
	print "| | time (ms) | Gb/s | reads per walk | unmap (µs) | time to safe (µs) | p99 (µs) | exits |"
	print "|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= 3; i++) for (m = 1; m <= 5; m++) {
		if (modes[m] == "passthrough") continue
		key = "lazy," archs[i] "," modes[m] ",lazy,0"
		printf "| %s, %s | %.1f | %.2f | %.2f | %s | %s | %s | %d |\n", name[archs[i]], modes[m], get(key, "sim_us") / 1000, get(key, "gbps"), get(key, "reads_per_walk"), \
			us(get(key, "unmap_ns")), us(get(key, "safe_ns")), us(get(key, "safe_p99_ns")), get(key, "exits")
	}
	print "\nDevice-TLB flushes forwarded or hidden (synthetic, a device with ATS; exits per unmap, unmap in µs):\n"
	print "| | shadow, forwarded | shadow, hidden | nested, forwarded | nested, hidden |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= 3; i++) for (w = 0; w < 2; w++) {
		printf "| %s, %s |", name[archs[i]], w ? "a wait for each command" : "one wait a batch"
		for (m = 3; m <= 4; m++) for (d = 0; d < 2; d++) {
			key = "devtlb," archs[i] "," modes[m] "," (d ? "hidden" : "forwarded") "," (w ? "each" : "batch")
			printf " %.0f, %s |", get(key, "exits_per_unmap"), us(get(key, "unmap_ns"))
		}
		print ""
	}
	print "\nTaking a page from a virtual machine with so many virtual IOMMUs and one device without (synthetic; µs until the page is safe):\n"
	print "| virtual IOMMUs | VT-d | SMMUv3 | AMD-Vi |"
	print "|---|---|---|---|"
	n = split("0 1 2 4 8", v, " ")
	for (k = 1; k <= n; k++) {
		printf "| %s |", v[k]
		for (i = 1; i <= 3; i++) {
			key = "stage2," archs[i] ",nested-trapped," v[k] ",0"
			printf " %s |", us(get(key, "s2_unmap_ns"))
		}
		print ""
	}
	print "\nGuests that share a unit (synthetic, 8 devices, 1 MiB each, one unmap in 64 DMAs; Gb/s, hit rate, unmap in µs):\n"
	print "| guests | VT-d, trapped | VT-d, hardware | SMMUv3, trapped | SMMUv3, hardware | AMD-Vi, trapped | AMD-Vi, hardware |"
	print "|---|---|---|---|---|---|---|"
	n = split("1 2 4 8", v, " ")
	for (k = 1; k <= n; k++) {
		printf "| %s |", v[k]
		for (i = 1; i <= 3; i++) for (m = 4; m <= 5; m++) {
			key = "guests," archs[i] "," modes[m] "," v[k] ",0"
			printf " %.1f, %.3f, %s |", get(key, "gbps"), get(key, "hit_rate"), us(get(key, "unmap_ns"))
		}
		print ""
	}
}
