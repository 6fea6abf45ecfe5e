# SPDX-License-Identifier: Apache-2.0
# check.awk - rules that every row of points.csv obeys; prints one line per rule, exit status 1 if one is broken.
BEGIN { FS = "," }
function rule(name, ok, why) { n[name]++; if (!ok) { bad[name]++; if (!(name in first)) first[name] = why } }
NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
{
	a = $c["arch"]; set = $1; b = $c["batch"] + 0; p = $c["precision"]; r = $c["recall"]; pol = $c["policy"]
	where = set "/" a "/" pol "/batch " b "/faulty " $c["faulty"]
	go_on = $c["sw_timeouts"] > 0
	if (p != "n/a" && b == 1) rule("batch 1: precision and recall are 1", p == 1 && r == 1, where)
	if (p != "n/a" && a == "amdvi" && !go_on) rule("AMD-Vi: precision and recall are 1 while nothing wraps", p == 1 && r == 1, where)
	if (p != "n/a" && (a == "smmuv3" || a == "vtd-nosid")) {
		rule("nobody named: recall is 1", r == 1, where)
		all = $c["devices"] * $c["vdevs"]
		if ($c["faulty"] == 1) rule("nobody named: suspects are the batch", $c["suspects"] == (b < all ? b : all), where)
	}
	if (p != "n/a" && a == "vtd" && $c["faulty"] == 1) rule("VT-d, one silent: no more suspects than the function has", $c["suspects"] <= $c["vdevs"] && r == 1, where)
	if (pol != "ignore" && $c["fence"] == "rid") rule("nothing is exposed unless ignored", $c["exposed_pages"] == 0, where)
	if (pol == "ignore" && $c["faulty"] > 0) rule("ignoring exposes pages", $c["exposed_pages"] > 0, where)
	if ((pol == "singles" || pol == "bisect") && $c["blame_precision"] != "n/a") rule("one by one and bisect blame no innocent", $c["blame_precision"] == 1, where)
	if ($c["fence"] == "rid") rule("no read passes a block", $c["reads_through_fence"] == 0, where)
	if ($c["faulty"] == 0) rule("no fault, no report", $c["incidents"] == 0 && $c["reissued"] == 0 && $c["blamed"] == 0, where)
	if (set == "policy" && $c["incidents"] > 0) rule("no report before the time-out", $c["detect_in_timeouts"] >= 1, where)
}
END {
	for (k in n) {
		printf "%s: %s (%d rows%s)\n", k in bad ? "FAIL" : "ok", k, n[k], k in bad ? ", " bad[k] " not: " first[k] : ""
		f += k in bad
	}
	if (!NR) f = 1
	exit f > 0
}
