# SPDX-License-Identifier: Apache-2.0
# awk -f table.awk laws.csv a18.csv: one row for each law. What a law says is written here; everything else is counted.
BEGIN {
	FS = ","
	split("nested walk: nm + n + m reads|cold reads with the configuration structures|reads with walk caches: n - d|hit rate under uniform references|cyclic references|strides and sets|" \
	      "payload of a link|in flight / latency|walkers / walk time|Little's law|one server with a queue|stack inclusion|two populations (Che)|partitions|fault buffering|" \
	      "commands for a range|precision of invalidation|window of deferred invalidation|no stale use behind a wait|conservation of counts|compulsory misses|monotonicity of cost", say, "|")
}
FNR == 1 && $1 == "law" { next }
$7 == "pass" || $7 == "FAIL" {
	n[$1]++
	fail[$1] += $7 == "FAIL"
	if (index(on[$1] " ", " " $2 " ") == 0)
		on[$1] = on[$1] " " $2
	exact[$1] += $6 == "exact"
	next
}
$7 != "" && !($1 == "VAL-A18") { note[$1] = note[$1] (note[$1] == "" ? "" : "; ") $7 ": " $3 }
END {
	print "| law | says | on | comparisons | of them exact | fail | else |\n|---|---|---|---|---|---|---|"
	for (i = 1; i <= 22; i++) {
		id = sprintf("VAL-A%02d", i)
		printf "| %s | %s |%s | %d | %d | %d | %s |\n", id, say[i], on[id] == "" ? " -" : on[id], n[id], exact[id], fail[id], note[id]
	}
}
