# SPDX-License-Identifier: Apache-2.0
# Breaks one step of a hardware-level trace (text): -v arch=vtd|smmuv3|amdvi -v nth=N picks the N-th invalidation of pages that follows a clear,
# -v how=drop puts a wait without effect in its place, -v how=late moves the last clear of a leaf before it behind the tail write.
function is_cmd(v) {
	if (arch == "vtd") return v ~ /^0x[0-9a-f]*[0-9a-f](32|f2)$/
	if (arch == "smmuv3") return v ~ /^0x[0-9a-f]+0000000012$/
	return length(v) == 18 && v ~ /^0x3/
}
function idle() { return arch == "vtd" ? "0x5" : arch == "smmuv3" ? "0x46" : "0x1000000000000000" }
function page(a) { return substr(a, 1, length(a) - 3) }
{
	l[NR] = $0
	w1[NR] = $1; w2[NR] = $2; w4[NR] = $4
	if (!at && $1 == "store" && $2 ~ /0$/ && is_cmd($4)) {
		if (clear && ++n == nth) at = NR
		clear = 0
	} else if ($1 == "store" && !($2 ~ /8$/ && page($2) == ring))
		clear = $4 == "0x0"
	if ($1 == "store" && is_cmd($4)) ring = page($2)
}
END {
	if (!at) { print "break.awk: no such command" > "/dev/stderr"; exit 1 }
	if (how == "drop") {
		l[at] = w1[at] " " w2[at] " 8 " idle()
		for (i = at + 1; w1[i] == "store" && page(w2[i]) == page(w2[at]) && w2[i] ~ /8$/; i++)
			l[i] = w1[i] " " w2[i] " 8 0x0"
	} else {
		tail = arch == "vtd" ? "0x88" : arch == "smmuv3" ? "0x98" : "0x2008"
		for (j = at; j && !(w1[j] == "store" && w4[j] == "0x0" && page(w2[j]) != page(w2[at])); j--);
		for (k = at; k <= NR && !(w1[k] == "mmiow" && w2[k] == tail); k++);
		l[k] = l[k] "\n" l[j]
		for (p = w2[j]; w1[j] == "store" && w2[j] == p && w4[j] == "0x0"; j--) # a driver may clear it twice
			l[j] = "# moved"
	}
	for (i = 1; i <= NR; i++) print l[i]
}
