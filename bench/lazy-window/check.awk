# SPDX-License-Identifier: Apache-2.0
# awk -f check.awk points.csv rates.csv: VAL-A18 and what follows from the definitions. Prints one line a check; exit status 1 if one fails.
# Deferred with count c and time t, steady rate u: an entry lives at most t (and until somebody looks at the clock, twice a twentieth of a
# period, and the flush itself, as long as the longest window of the strict run), at most c wait, and on average min(c, u t) / 2.
BEGIN { FS = "," }
FNR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
function v(name) { return $(c[name]) }
function row(ok, what) { printf "%s,%s,%s,%s,%s,%s,%s,%s\n", v("set"), v("arch"), v("ats"), v("policy"), v("lazy_len"), v("lazy_time_us"), what, ok ? "pass" : "FAIL"; n++; bad += !ok }
v("policy") == "strict" {
	row(v("pending_max") == 1, "at most one unmap pending: " v("pending_max"))
	if (v("late") == 1)
		row(v("late_uses") > 0 && v("late_translated") == 0 && v("late_reachable") == 0, "late uses translated: " v("late_translated") " of " v("late_uses"))
	if (v("set") == "rate")
		strict[v("arch")] = v("window_max_ns")
}
v("set") == "ring" && v("policy") != "strict" {
	row(v("pending_max") == v("lazy_len"), "at most c unmaps pending: " v("pending_max"))
	if (v("late") == 1)
		row(v("late_translated") <= v("late_reachable"), "late uses translated: " v("late_translated") " of " v("late_reachable") " possible")
}
v("set") == "rate" && v("policy") != "strict" {
	ut = v("lazy_time_us") / v("period_us")
	most = v("lazy_len") < ut ? v("lazy_len") : ut
	slack = 2 * v("period_us") * 1000 / 20 + strict[v("arch")]
	live = 1000 * (v("lazy_len") <= ut ? (v("lazy_len") - 1) * v("period_us") : v("lazy_time_us"))
	late = v("lazy_len") <= ut ? strict[v("arch")] * 2 : slack
	row(v("window_max_ns") >= live && v("window_max_ns") <= live + late, sprintf("longest window %.1f ns, law %.1f + at most %.1f", v("window_max_ns"), live, late))
	row(v("pending_max") == v("lazy_len") || (ut < v("lazy_len") && v("pending_max") >= ut && v("pending_max") <= ut + 1), sprintf("most pending %d, law %d", v("pending_max"), most))
	row(v("pending_mean") >= 0.98 * most / 2 && v("pending_mean") <= 1.02 * most / 2, sprintf("mean pending %.3f, law %.1f, band 2 %%", v("pending_mean"), most / 2))
}
END { if (!n) bad = 1; exit bad != 0 }
