# SPDX-License-Identifier: Apache-2.0
# check.awk - what must hold in points.csv whatever the sizes. Prints one line per rule: ok or FAIL, with how many rows it met; exit status 1 if one fails.
BEGIN { FS = "," }
NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
function v(name) { return $c[name] }
function must(what, good) {
	met[what]++
	if (!good) { failed[what]++; if (!(what in first)) first[what] = $0 }
}
{
	set = v("set"); arch = v("arch"); rule = v("rule"); ids = v("ids"); n = v("n") + 0
	many = ids == "one-per-guest" || ids == "one-per-function"
	must("no stale use where software names all users", set == "one-command" || v("stale") == 0)
	must("what the oracle cannot explain: nothing, or 1 in 1000 where tags lie", v("unexplained") <= (v("wrong") > 0 ? v("reads_of_devices") / 1000 : 0))
	if (set == "one-command") {
		named = arch == "smmuv3" || rule == "table" # a command does not look at the PASID
		must("one command for all users: stale uses where it names a PASID, none elsewhere", named ? v("stale") == 0 : v("stale") > 0)
	}
	if (rule == "device" || rule == "root")
		must("rules device and root give no wrong translation", v("wrong") == 0)
	if (rule == "spec" && (set != "instances" || ids == "one-per-unit"))
		must("the specification's tag gives no wrong translation when software numbers as it must", v("wrong") == 0)
	if (set == "instances" && ids == "one-per-guest" && rule == "spec" && n > 1)
		must("one number for n virtual units: wrong share between 0.85 and 1.02 of 4 (n - 1) / (4 n + 1)", (q = v("wrong_share") * (4 * n + 1) / (4 * (n - 1))) > 0.85 && q < 1.02)
	if (rule == "table" && set == "siov" && arch != "smmuv3" && ids == "one-per-function" && n > 1)
		must("one number for several tables under rule table: wrong translations", v("wrong") > 0)
	if (rule == "table" && ids == "one-per-interface")
		must("one number per table under rule table: no wrong translation", v("wrong") == 0)
	if (set == "instances" && n > 0)
		must("commands per move of a guest page: one set for each number", v("commands_per_s2_move") == (arch == "smmuv3" ? 2 : 1) * (ids == "one-per-unit" ? n + 1 : 1))
	if (set == "pasids") {
		must("commands per unmap: one per PASID where commands name one", v("commands_per_unmap") == (arch == "smmuv3" || rule == "table" ? 1 : n))
		own = rule == "pasid" || rule == "device" || (rule == "spec" && arch != "smmuv3")
		cold = 1 - 256 / v("reads_of_devices")
		if (own)
			must("a tag per PASID: hit rate is capacity / (pages * PASIDs), within 0.02", (d = v("hit_rate") - cold * 256 / (64 * n)) < 0.02 && d > -0.02)
		else
			must("a tag per table: more than 97 % hits whatever the number of PASIDs", v("hit_rate") > 0.97 && v("duplicates") == 0)
		if (own)
			must("a tag per PASID: three of four entries repeat another one (256 entries, 64 pages)", v("duplicates") > 0.72 && v("duplicates") < 0.78)
	}
	if (set == "gpa" && (rule == "spec" || rule == "root"))
		must("no PASID in the tag: requesters share the guest's mapping", v("other_hits") > 0.7)
}
END {
	for (w in met) {
		printf "%s: %s (%d rows)\n", w in failed ? "FAIL" : "ok", w, met[w] | "sort"
		if (w in failed) { print "      " first[w] | "sort"; bad = 1 }
	}
	close("sort")
	exit bad
}
