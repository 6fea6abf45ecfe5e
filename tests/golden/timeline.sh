#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run --timeline, timeline, and run --epochs: they change no result; what they show adds up to the statistics of the same run; wrong names and full disks.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$bin" trace gen --set count=1500 --set size=512 --set window=1M --set churn=16 -o - | sed 's/^attach.*/&\ndev 01:00.0 ats-on/' >"$tmp/ats.iot"
value() { awk -F, -v k="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == k) c = i } NR == 2 { print $c }' "$tmp/s.csv"; }
same() { [ "$2" = "$3" ] || { echo "$1: $2, expected $3"; exit 1; }; }
# Begins and ends pair and nest in each track, in the order of time, the end of one slice before the begin of the next; what is inside what; times are
# decimals of at most 6 digits. Prints how many slices did not end, and the length of walks in ps.
slices() {
	awk 'function bad(why) { print why ": " $0; failed = 1; exit 1 }
		function field(key) { return match($0, "\"" key "\":[^,}]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }
		/"dur":/ { bad("a duration") }
		!/"ts":/ { if (/"ph":"[^M]"/) bad("no time"); next }
		{ t = field("ts"); if (t !~ /^[0-9]+(\.[0-9]+)?$/) bad("not a decimal"); split(t, part, "."); if (length(part[2]) > 6) bad("too many digits")
			t = part[1] * 1000000 + substr(part[2] "000000", 1, 6); k = field("pid") " " field("tid"); name = field("name"); cat = field("cat") }
		/"ph":"[BEi]"/ { if (t < last[k]) bad("out of order"); last[k] = t }
		/"ph":"B"/ { around = depth[k] ? open[k, depth[k]] : ""
			want = cat == "\"phase\"" ? "\"dma\"" : name == "\"read\"" ? "\"walk\"" : ""
			if (around != want) bad("inside " around)
			open[k, ++depth[k]] = cat; named[k, depth[k]] = name; since[k, depth[k]] = t; n++ }
		/"ph":"E"/ { if (!depth[k] || named[k, depth[k]] != name) bad("not begun"); walks += open[k, depth[k]] == "\"walk\"" && name == "\"walk\"" ? t - since[k, depth[k]] : 0
			depth[k]--; n-- }
		END { if (!failed) printf "%d %.0f\n", n, walks }' "$1"
}
for a in vtd smmuv3 amdvi; do
	for devtlb in 0 64; do
		run() { "$bin" run "bench/nesting-overhead/$a.yaml" --trace "$tmp/ats.iot" --set devices.atc.entries=$devtlb "$@"; }
		run --stats "$tmp/s.csv" >"$tmp/plain"
		run --timeline "$tmp/t.json" >"$tmp/json"
		run --timeline "$tmp/t.iotl" >"$tmp/iotl"
		cmp "$tmp/plain" "$tmp/iotl"
		"$bin" timeline "$tmp/t.iotl" -o "$tmp/of.json"
		"$bin" timeline "$tmp/t.iotl" -o "$tmp/of.vcd"
		run --oracle --timeline "$tmp/t.vcd" --epochs 3us --epochs-out "$tmp/e.csv" >"$tmp/vcd"
		cmp "$tmp/plain" "$tmp/json"
		cmp "$tmp/t.json" "$tmp/of.json"
		# slices: walks and reads, the length of walks; messages and their answers
		n() { grep -c "$1" "$tmp/t.json" || true; }
		same "$a walks" "$(n '"ph":"B","name":"walk","cat":"walk"')" "$(value unit.walks)"
		same "$a reads" "$(n '"ph":"B","name":"read","cat":"walk"')" "$(value unit.walk_reads)"
		same "$a slices that did not end, time in walks" "$(slices "$tmp/t.json")" "0 $(value unit.walk_ps)"
		same "$a results" "$(n '"ph":"E".*"result":')" "$(n '"ph":"B".*"cat":"dma"')"
		[ $devtlb = 0 ] || [ "$(n '"ph":"B","name":"invalidate request"')" -gt 50 ]
		same "$a interrupt messages" "$(n '"ph":"i".*"interrupt message"')" "$(value replay.msi)"
		! command -v jq >/dev/null || jq -e '.traceEvents | length > 1000' "$tmp/t.json" >/dev/null
		cmp <(sed '$d' "$tmp/t.vcd") <(sed '$d' "$tmp/of.vcd") # the clock of an interval may stand a little later when all is over
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
# Page requests: a slice for each group, not for each request; nobody answers those of SMMUv3, for no software reads its queue.
echo 'dma 01:00.0 w 0x7000000000+8192' | cat "$tmp/ats.iot" - >"$tmp/pri.iot"
for a in vtd smmuv3 amdvi; do
	"$bin" run "bench/nesting-overhead/$a.yaml" --trace "$tmp/pri.iot" --set devices.atc.entries=64 --set devices.atc.on_no_access=pri --set devices.pri.group=2 \
		--stats "$tmp/s.csv" --timeline "$tmp/t.json" >/dev/null 2>&1
	[ "$(value dev.01:00.0.pri.requests)" -gt "$(value dev.01:00.0.pri.groups)" ]
	same "$a page request groups" "$(grep -c '"ph":"B","name":"page request group"' "$tmp/t.json")" "$(value dev.01:00.0.pri.groups)"
	same "$a without an answer" "$(slices "$tmp/t.json" | cut -d ' ' -f 1)" $(($(value dev.01:00.0.pri.groups) - $(value dev.01:00.0.pri.invalid)))
done
# What has not ended when the machine is stuck has a begin only: each of the DMAs, and what it waits for inside it.
"$bin" run configs/captures/vtd.yaml --set gen.count=2000 --set 'replay.stuck=250 ns' --timeline "$tmp/t.json" >/dev/null 2>"$tmp/err" && exit 1
n=$(sed -n 's/.* with \([0-9]*\) DMAs in flight$/\1/p' "$tmp/err")
[ "$n" -gt 8 ]
open() { echo $(($(grep -c "\"ph\":\"B\".*\"cat\":\"$1\"" "$tmp/t.json") - $(grep -c "\"ph\":\"E\",\"name\":\"$2\"" "$tmp/t.json"))); }
same 'DMAs that did not end' "$(open dma DMA)" "$n"
same 'slices that did not end' "$(slices "$tmp/t.json" | cut -d ' ' -f 1)" $((2 * n + $(open walk '\(walk\|read\)')))
# The same of a recording. A part of one: the slices that begin there, whole, and no others.
"$bin" run configs/captures/vtd.yaml --set gen.count=2000 --set 'replay.stuck=250 ns' --timeline "$tmp/t.iotl" >/dev/null 2>&1 && exit 1
"$bin" timeline "$tmp/t.iotl" -o "$tmp/of.json"
cmp "$tmp/t.json" "$tmp/of.json"
"$bin" run bench/nesting-overhead/vtd.yaml --trace "$tmp/pri.iot" --set devices.atc.entries=64 --set devices.atc.on_no_access=pri --timeline "$tmp/t.iotl" >/dev/null 2>&1
"$bin" timeline "$tmp/t.iotl" -o "$tmp/t.json"
begins() { # FILE FROM TO: walks, DMAs, messages and commands that begin in this time (us)
	awk -v a="$2" -v b="$3" '/"ph":"[Bi]"/ && !/"cat":"phase"/ && !/"name":"read"/ { match($0, "\"ts\":[0-9.]*"); t = substr($0, RSTART + 5, RLENGTH - 5) + 0
		if (t >= a && t <= b) print }' "$1" | sed 's/"tid":[0-9]*//; s/,$//' | sort
}
for part in '0 5' '5 40' '40 1000000'; do
	read -r a b <<<"$part"
	"$bin" timeline "$tmp/t.iotl" --from "${a}us" --to "${b}us" -o "$tmp/of.json"
	slices "$tmp/of.json" >"$tmp/n"
	begins "$tmp/t.json" "$a" "$b" >"$tmp/want"
	[ "$(wc -l <"$tmp/want")" -gt 50 ]
	begins "$tmp/of.json" 0 1000000 | diff - "$tmp/want" >/dev/null || { echo "$part: not the slices that begin there"; exit 1; }
	"$bin" timeline "$tmp/t.iotl" --from "${a}us" --to "${b}us" -o "$tmp/of.vcd"
	awk -v a="$a" -v b="$b" '/^#/ { t = substr($0, 2) / 1e6; if (n++ && t > 0 && t < a) bad = 1; if (t <= b) last = n } END { exit bad || last < n - 1 }' "$tmp/of.vcd" || { echo "$part: VCD beyond"; exit 1; }
done
refused() { # MESSAGE ARGUMENT...
	local st=0 text=$1
	shift
	"$bin" timeline "$@" 2>"$tmp/err" || st=$?
	[ $st = 2 ] && grep -qF -- "$text" "$tmp/err" || { echo "timeline $*: status $st"; cat "$tmp/err"; exit 1; }
	[ ! -e "$tmp/no.json" ] || { echo "timeline $*: left a file"; exit 1; }
}
damaged() { # MESSAGE OFFSET BYTES...: a recording with other bytes there
	local text=$1 at=$2
	shift 2
	cp "$tmp/t.iotl" "$tmp/d.iotl"
	printf "$*" | dd of="$tmp/d.iotl" bs=1 seek=$((at)) conv=notrunc status=none
	refused "$text" "$tmp/d.iotl" -o "$tmp/no.json"
}
refused '-o F.json or F.vcd is missing' "$tmp/t.iotl"
refused '-o x.txt: the name ends in .json or .vcd' "$tmp/t.iotl" -o x.txt
refused '-o x.iotl: the name ends in .json or .vcd' "$tmp/t.iotl" -o x.iotl
refused 'no recording given' -o "$tmp/no.json"
refused '--from soon: expected a time such as' "$tmp/t.iotl" --from soon -o "$tmp/no.json"
refused '--to 1us: ends before --from 2us' "$tmp/t.iotl" --from 2us --to 1us -o "$tmp/no.json"
refused "$tmp/none.iotl: No such file" "$tmp/none.iotl" -o "$tmp/no.json"
refused "no recording of 'iommusim run --timeline F.iotl'" "$tmp/t.json" -o "$tmp/no.json"
head -c 1000 "$tmp/t.iotl" >"$tmp/short.iotl"
refused 'ends after 23 whole records' "$tmp/short.iotl" -o "$tmp/no.json"
head -c 70 "$tmp/t.iotl" >"$tmp/short.iotl"
refused 'ends after 0 whole records' "$tmp/short.iotl" -o "$tmp/no.json"
damaged 'found records of 41 bytes' 12 '\051'
damaged 'found 65537 units' 8 '\001\000\001'
damaged 'record 3: a unit that there is not' '80 + 2 * 40 + 34' '\001'
damaged 'record 3: a kind of event that there is not' '80 + 2 * 40 + 36' '\007'
damaged 'record 2: a kind of event that there is not' '80 + 40 + 37' '\377'
damaged 'record 201: earlier than the one before' '80 + 200 * 40' '\000\000\000\000\000\000\000\000'
damaged 'a request that is not in flight' '80 + 200 * 40 + 8' '\377\377'
bad() { # STATUS MESSAGE OPTION...
	local st=0 want=$1 text=$2
	shift 2
	"$bin" run configs/captures/vtd.yaml --set gen.count=2000 "$@" >/dev/null 2>"$tmp/err" || st=$?
	[ $st = "$want" ] && grep -qF -- "$text" "$tmp/err" || { echo "$*: status $st"; cat "$tmp/err"; exit 1; }
}
bad 2 '--timeline x.txt: the name ends in .iotl, .json or .vcd' --timeline x.txt
bad 2 '--epochs and --epochs-out go together' --epochs 1us
bad 2 '--epochs 5 parsecs: expected a time such as' --epochs '5 parsecs' --epochs-out "$tmp/e.csv"
bad 2 "$tmp/none/t.json" --timeline "$tmp/none/t.json"
bad 2 "$tmp/none/e.csv" --epochs 1us --epochs-out "$tmp/none/e.csv"
if [ -w /dev/full ]; then
	ln -s /dev/full "$tmp/full.vcd"
	bad 3 "$tmp/full.vcd: No space left on device" --timeline "$tmp/full.vcd"
	bad 3 '/dev/full: No space left on device' --epochs 1us --epochs-out /dev/full
fi
