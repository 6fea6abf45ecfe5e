# SPDX-License-Identifier: Apache-2.0
# breakeven.awk - from points.csv: a batch of B saves t(1) - t(B) per invalidation (rows `speed`) and costs stall(B) - stall(1) more per fault
# (rows `policy`). Rarer than one fault in (stall(B) - stall(1)) / (t(1) - t(B)) invalidations, the batch pays. Stalls are a number of hardware
# time-outs, 60 s (AMD-Vi 1 s), and the rest, which does not scale with it and is below the driver's interval of looking.
BEGIN { FS = OFS = ","; print "arch,policy,batch,ns_per_invalidation,stall_in_timeouts,break_even" }
NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
$1 == "speed" { t[$c["arch"], $c["batch"]] = $c["ns_per_invalidation"] }
$1 == "policy" { k = $c["arch"] SUBSEP $c["policy"]; if (!(k in seen)) { seen[k] = 1; order[++n] = k }
	stall[k, $c["batch"]] = $c["stall_in_timeouts"]; timeout[$c["arch"]] = $c["timeout_us"]; bs[$c["batch"]] = 1 }
END {
	for (i = 1; i <= n; i++) {
		split(order[i], p, SUBSEP)
		for (b = 1; b <= 256; b *= 2) {
			if (!(b in bs))
				continue
			more = stall[order[i], b] - stall[order[i], 1]
			whole = int(more * 10 + 0.5) / 10 # time-outs; what is left over is microseconds, whatever the time-out
			rest = (more - whole) * timeout[p[1]] * 1e-6
			full = whole * (p[1] == "amdvi" ? 1 : 60) + rest
			saved = (t[p[1], 1] - t[p[1], b]) * 1e-9
			be = saved > 0 ? full / saved : "NaN"
			if (be != "NaN" && be < 0.5) be = 0.5
			print p[1], p[2], b, t[p[1], b], stall[order[i], b], be
		}
	}
}
