# SPDX-License-Identifier: Apache-2.0
# awk -f tables.awk points.csv rates.csv: the tables of docs/lazy-window.md.
BEGIN { FS = ","; order = "strict batch-8 batch-32 batch-128 lazy-256"; archs = "vtd smmuv3 amdvi" }
FNR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
function v(name) { return $(c[name]) }
v("set") == "ring" {
	k = v("arch") "," v("ats") "," v("policy")
	if (v("late") == 0) {
		cell[k] = sprintf("%.2f | %.2f | %.2f | %.1f | %.0f", v("window_mean_ns") / 1000, v("window_p99_ns") / 1000, v("window_max_ns") / 1000, v("pending_mean"), v("gbit_per_s"))
	} else {
		late[k] = sprintf("%.1f %% | %.1f %%", 100 * v("late_reachable") / v("late_uses"), 100 * v("late_translated") / v("late_uses"))
	}
}
v("set") == "rate" {
	rate[++n] = sprintf("| %s | %s | %s | %s | %s | %.3f | %.3f | %s | %.3f |", v("arch"), v("policy") == "strict" ? "strict" : "c = " v("lazy_len") ", t = " v("lazy_time_us") " us",
		v("period_us") + 0, v("unmaps"), v("policy") == "strict" ? "-" : v("lazy_len") < v("lazy_time_us") / v("period_us") ? v("lazy_len") / 2 : v("lazy_time_us") / v("period_us") / 2,
		v("pending_mean"), v("window_mean_ns") / 1000, v("pending_max"), v("window_max_ns") / 1000)
}
END {
	print "| | device cache | policy | mean window (us) | p99 | longest | unmaps pending, mean | Gb/s | late uses: could | did |"
	print "|---|---|---|---|---|---|---|---|---|---|"
	split(order, p, " ")
	na = split(archs, a, " ")
	for (i = 1; i <= na; i++)
		for (ats = 0; ats < 2; ats++)
			for (j = 1; j in p; j++) {
				k = a[i] "," ats "," p[j]
				print "| " a[i] " | " (ats ? "yes" : "no") " | " p[j] " | " cell[k] " | " late[k] " |"
			}
	print "\n| | policy | one unmap in (us) | unmaps | law: mean pending | mean pending | mean window (us) | most pending | longest window (us) |"
	print "|---|---|---|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++)
		print rate[i]
}
