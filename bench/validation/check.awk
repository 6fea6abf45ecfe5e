# SPDX-License-Identifier: Apache-2.0
# The table of checks: points.csv of run.sh against the published figures in -v dir=. Exit 1 if a band is missed.
BEGIN {
	h["val01"] = 490.9; h["val02"] = 521.7 # base time of the published curve: its 16 KiB point
	n["val01"] = 117; n["val02"] = 118; d["val01"] = 287.9; d["val02"] = 274.0 # published fit
	for (k = split("val01 val02 val04" (quick ? "" : " val05"), sets, " "); k; k--)
		read_published(sets[k])
	printf "%-38s %12s %12s %9s  %-16s %s\n", "check", "published", "simulated", "diff", "band", "result"
}
function read_published(v,   f, line, c) {
	f = dir "/" v ".csv"
	while ((getline line <f) > 0)
		if (line ~ /^[0-9]/) {
			split(line, c, ",")
			pub[v, c[1]] = c[3]
		}
	close(f)
}
function row(what, p, s, diff, band, ok) {
	printf "%-38s %12s %12s %9s  %-16s %s\n", what, p, s, diff, band, ok ? "PASS" : "FAIL"
	total++
	failed += !ok
}
# @s within @tol percent of @p
function close_to(what, p, s, tol, fmt,   e) {
	e = 100 * (s / p - 1)
	row(what, sprintf(fmt, p), sprintf(fmt, s), sprintf("%+.2f %%", e), sprintf("+-%g %%", tol), e <= tol && e >= -tol)
}
function label(w) { return w < 1024 ? w " KiB" : w / 1024 " MiB" }
# latency = h + delta (1 - N / pages) for windows of 1 MiB and more: a straight line in 1/pages, h being the 16 KiB point.
function fit(which, v, base,   i, w, y, x, m, sx, sy, sxx, sxy, slope, top) {
	for (i = 1; i <= npoint[v]; i++) {
		w = at[v, i]
		if (w < 1024)
			continue
		y = which == "published" ? pub[v, w] : lat[v, w]
		x = 4 / w
		m++; sx += x; sy += y; sxx += x * x; sxy += x * y
	}
	slope = (m * sxy - sx * sy) / (m * sxx - sx * sx)
	top = (sy - slope * sx) / m
	fit_d = top - base
	fit_n = -slope / fit_d
}
NR > 1 {
	lat[$1, $2] = $5 / $4 / 1000
	gbps[$1, $2] = $4 * 512 * 1000 / $6
	dmas[$1, $2] = $4; ratio[$1, $2] = $7 / $4; psc[$1, $2] = $10
	per_walk[$1, $2] = $8 ? $9 / $8 : 0
	at[$1, ++npoint[$1]] = $2
}
function latency(v, id,   i, w) {
	for (i = 1; i <= npoint[v]; i++) {
		w = at[v, i]
		close_to(id " latency " label(w) " (ns)", pub[v, w], lat[v, w], 2, "%.1f")
	}
}
function bandwidth(v, id,   i, w) {
	for (i = 1; i <= npoint[v]; i++) {
		w = at[v, i]
		close_to(id " bandwidth " label(w) " (Gb/s)", pub[v, w], gbps[v, w], w >= 4096 ? 12 : 10, "%.1f")
	}
}
function refit(v, id) {
	fit("simulated", v, lat[v, 16])
	close_to("VAL-03 " id " re-fitted N (entries)", n[v], fit_n, 4, "%.1f")
	close_to("VAL-03 " id " re-fitted delta (ns)", d[v], fit_d, 3, "%.1f")
	if (quick)
		return # the published fit used points that the quick sweep leaves out
	fit("published", v, h[v])
	close_to("  method: N from published points", n[v], fit_n, 0.5, "%.1f")
	close_to("  method: delta from published points", d[v], fit_d, 0.2, "%.1f")
}
function tail(v, id, p, s) {
	p = pub[v, 65536] - pub[v, 8192]
	s = lat[v, 65536] - lat[v, 8192]
	row(id " tail 8 to 64 MiB (ns)", sprintf("%.1f", p), sprintf("%.1f", s), sprintf("%+.1f ns", s - p), "+-5 ns", s - p <= 5 && s - p >= -5)
}
# Hit rate of uniform references: N / pages, within 3 sigma (VAL-A04).
function hit_rate(v, w,   want, got, sigma) {
	want = 4 * n[v] / w
	got = 1 - ratio[v, w]
	sigma = sqrt(want * (1 - want) / dmas[v, w])
	row("VAL-A04 hit rate " v " " label(w), sprintf("%.5f", want), sprintf("%.5f", got), sprintf("%+.1f s", (got - want) / sigma), "+-3 sigma",
	    (got - want) ^ 2 <= 9 * sigma ^ 2)
}
# A wrong machine: its point must be too high for the band.
function must_miss(what, v, w,   e) {
	e = 100 * (lat[v, w] / pub["val01", w] - 1)
	row(what, pub["val01", w], sprintf("%.1f", lat[v, w]), sprintf("%+.1f %%", e), "must miss 2 %", e > 2)
}
function structure(   add, i, w) {
	for (i = 1; i <= npoint["val01"]; i++) { # every miss finds its last-level table: one read; 32 tables fit into 32 entries
		w = at["val01", i]
		if (ratio["val01", w] > 0 && per_walk["val01", w] != 1)
			row("VAL-A03 reads per walk " label(w), 1, per_walk["val01", w], "", "exact", 0)
	}
	row("VAL-A03 reads per walk, walk caches", "1.0000", sprintf("%.4f", per_walk["val01", 65536]), "", "exact", per_walk["val01", 65536] == 1)
	row("VAL-A03 reads per walk, none", "4.0000", sprintf("%.4f", per_walk["nopsc", 65536]), "", "exact", per_walk["nopsc", 65536] == 4)
	row("control: 8 MiB moved 1 MiB, psc misses", "-", psc["straddle", 8192], "", "= 0", psc["straddle", 8192] == 0)
	row("control: 64 MiB moved 1 MiB, psc misses", "-", psc["straddle", 65536], "", "> 0", psc["straddle", 65536] > 0)
	add = lat["straddle", 65536] - lat["val01", 65536]
	row("control: what those misses add (ns)", "-", sprintf("%.1f", add), "", "1 to 15 ns", add >= 1 && add <= 15)
	close_to("control: 64 MiB moved 1 MiB (ns)", pub["val01", 65536], lat["straddle", 65536], 2, "%.1f")
	must_miss("control: psc of 16, 64 MiB (ns)", "psc16", 65536)
	must_miss("control: IOTLB of 64, 512 KiB (ns)", "iotlb64", 512)
}
END {
	latency("val01", "VAL-01"); latency("val02", "VAL-02")
	refit("val01", "E5-2630 v4"); refit("val02", "E5-2637 v3")
	tail("val01", "VAL-01"); tail("val02", "VAL-02")
	bandwidth("val04", "VAL-04")
	loss = 100 * (1 - gbps["val04", 512] / gbps["val04-ooo", 512])
	row("VAL-04 512 KiB, in order / any (Gb/s)", sprintf("any: %.1f", gbps["val04-ooo", 512]), sprintf("%.1f", gbps["val04", 512]),
	    sprintf("%+.1f %%", -loss), "<= -20 %", loss >= 20)
	if (!quick)
		bandwidth("val05", "VAL-05")
	hit_rate("val01", 1024); hit_rate("val01", 65536); hit_rate("val02", 1024)
	structure()
	printf "%d of %d checks passed\n", total - failed, total
	exit failed || !total
}
