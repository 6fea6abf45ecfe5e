#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run --timeline and run --epochs: they change no result; what they show adds up to the statistics of the same run; wrong names and full disks.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$bin" trace gen --set count=1500 --set size=512 --set window=1M --set churn=16 -o - | sed 's/^attach.*/&\ndev 01:00.0 ats-on/' >"$tmp/ats.iot"
value() { awk -F, -v k="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == k) c = i } NR == 2 { print $c }' "$tmp/s.csv"; }
same() { [ "$2" = "$3" ] || { echo "$1: $2, expected $3"; exit 1; }; }
for a in vtd smmuv3 amdvi; do
	for devtlb in 0 64; do
		run() { "$bin" run "bench/nesting-overhead/$a.yaml" --trace "$tmp/ats.iot" --set devices.atc.entries=$devtlb "$@"; }
		run --stats "$tmp/s.csv" >"$tmp/plain"
		run --timeline "$tmp/t.json" >"$tmp/json"
		run --oracle --timeline "$tmp/t.vcd" --epochs 3us --epochs-out "$tmp/e.csv" >"$tmp/vcd"
		cmp "$tmp/plain" "$tmp/json"
		# walks: slices of the unit with arguments; their length; reads; requests that came to an end
		n() { grep -c "$1" "$tmp/t.json" || true; }
		same "$a walks" "$(n '"name":"walk","cat":"walk"')" "$(value unit.walks)"
		same "$a reads" "$(n '"name":"read","cat":"walk"')" "$(value unit.walk_reads)"
		same "$a time in walks" "$(sed -n 's/.*"name":"walk","cat":"walk".*"dur":\([0-9.e+-]*\),.*/\1/p' "$tmp/t.json" | awk '{ s += int($1 * 1e6 + .5) } END { printf "%.0f", s }')" "$(value unit.walk_ps)"
		same "$a invalidate requests" "$(n '"ph":"b","name":"invalidate request"')" "$(n '"ph":"e","name":"invalidate request"')"
		[ $devtlb = 0 ] || [ "$(n '"ph":"b","name":"invalidate request"')" -gt 50 ]
		same "$a interrupt messages" "$(n 'interrupt message')" "$(value replay.msi)"
		# as readers do it, in floating point and from the first begin of a track on: slices of a track nest or follow each other, the outer one first
		awk -F'"(pid|tid|ts|dur)":' '/"ph":"X"/ { k = $2 + 0 "." $3 + 0; if (!(k in base)) base[k] = $4 + 0
			b = $4 - base[k]; e = b + $5; while (d[k] && end[k, d[k]] <= b) d[k]--
			if (b < last[k] || (d[k] && e > end[k, d[k]])) { print "slices overlap: " $0; exit 1 }
			end[k, ++d[k]] = e; last[k] = b; n[d[k]]++; if (/"name":"read"/ && d[k] != 2) { print "a read outside its walk: " $0; exit 1 } }
			END { exit !(n[1] && n[2]) }' "$tmp/t.json"
		! command -v jq >/dev/null || jq -e '.traceEvents | length > 1000' "$tmp/t.json" >/dev/null
		# VCD: a walker becomes busy once for each walk; times do not go back; every wire is declared
		same "$a walks in the VCD" "$(awk '/^\$var wire 1 .* walker_busy/ { w["1" $4] } $1 in w { n++ } END { print n }' "$tmp/t.vcd")" "$(value unit.walks)"
		awk '/^#/ { t = substr($0, 2) + 0; if (t < last) exit 1; last = t }
			/^\$var/ { w[$4] } /^b/ { if (!($2 in w)) exit 1 } /^[01]/ { if (!(substr($0, 2) in w)) exit 1 }' "$tmp/t.vcd"
		# epochs: the sums are those of the run
		for k in replay.dmas unit.walks unit.walk_reads unit.latency.n unit.latency.sum; do
			same "$a $k" "$(awk -F, -v k=$k 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == k) c = i; next } { s += $c } END { printf "%.0f", s }' "$tmp/e.csv")" "$(value $k)"
		done
		awk -F, 'NR == 2 && $1 != 0 || NR > 2 && $1 != end || NR > 1 && $2 <= $1 { exit 1 } NR > 1 { end = $2 } END { exit NR < 5 }' "$tmp/e.csv"
	done
done
bad() { # STATUS MESSAGE OPTION...
	local st=0 want=$1 text=$2
	shift 2
	"$bin" run configs/captures/vtd.yaml --set gen.count=2000 "$@" >/dev/null 2>"$tmp/err" || st=$?
	[ $st = "$want" ] && grep -qF -- "$text" "$tmp/err" || { echo "$*: status $st"; cat "$tmp/err"; exit 1; }
}
bad 2 '--timeline x.txt: the name ends in .json or .vcd' --timeline x.txt
bad 2 '--epochs and --epochs-out go together' --epochs 1us
bad 2 '--epochs 5 parsecs: expected a time such as' --epochs '5 parsecs' --epochs-out "$tmp/e.csv"
bad 2 "$tmp/none/t.json" --timeline "$tmp/none/t.json"
bad 2 "$tmp/none/e.csv" --epochs 1us --epochs-out "$tmp/none/e.csv"
if [ -w /dev/full ]; then
	ln -s /dev/full "$tmp/full.vcd"
	bad 3 "$tmp/full.vcd: No space left on device" --timeline "$tmp/full.vcd"
	bad 3 '/dev/full: No space left on device' --epochs 1us --epochs-out /dev/full
fi
