#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# trace gen --workload: each one, with both policies, is translated as it says and never stale on three architectures; seeds; properties that can be
# counted by hand; reuse distances near those of the capture, and of a hand-made trace exact; errors.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
gen() { "$bin" trace gen --workload "$@" -o "$tmp/w.iot"; }
for w in uniform strided zipf pcie-bench nic nvme virtio-blk mix tenants gpu; do
	for p in each static; do
		gen $w --set count=2000 --set policy=$p --set pages=256 --seed 3
		for a in vtd smmuv3 amdvi; do
			"$bin" run bench/nesting-overhead/$a.yaml --trace "$tmp/w.iot" --verify --oracle >"$tmp/out" || { echo "$w $p $a"; tail -n 3 "$tmp/out"; exit 1; }
			[ "$(grep -c ^dma "$tmp/w.iot")" = "$(sed -n 's/^verify: \([0-9]*\) agree, 0 disagree, 0 not compared/\1/p' "$tmp/out")" ]
		done
	done
	cp "$tmp/w.iot" "$tmp/a.iot"
	gen $w --set count=2000 --set policy=static --set pages=256 --seed 3
	cmp "$tmp/a.iot" "$tmp/w.iot"
	gen $w --set count=2000 --set policy=static --set pages=256 --seed 4
	case $w in # nothing random in these
	nic) cmp "$tmp/a.iot" "$tmp/w.iot" ;;
	*) ! cmp -s "$tmp/a.iot" "$tmp/w.iot" || { echo "$w: the seed changes nothing"; exit 1; } ;;
	esac
done
n() { grep -c "$1" "$tmp/w.iot" || true; }
# a lap of the ring: 256 frames of 6 DMAs (the last part of each is 1448 - 34 bytes), 32 sent of 3; a page unmapped for each
gen nic --set count=1632 --set ring=256 --set send=8
[ "$(n ^dma) $(n '+1414') $(n '+66') $(n ^unmap)" = '1632 256 32 288' ] || { n ^dma; n '+1414'; n ^unmap; exit 1; }
# one command of 64 KiB at a time: doorbell, command, 16 pages, event, doorbell; event, doorbell, completion: 23 DMAs; without doorbells in memory 18
gen nvme --set count=2300 --set depth=1 --set io=65536
[ "$(n ^dma) $(n '+4096') $(n '+64') $(n '+16 ') $(n '+4 ') $(n ^unmap)" = '2300 1600 100 100 500 100' ] || { n ^dma; n '+4096'; n '+16 '; n '+4 '; n ^unmap; exit 1; }
gen nvme --set count=1800 --set depth=1 --set io=65536 --set doorbells=registers
[ "$(n ^dma) $(n '+4096') $(n '+4 ') $(n ^unmap)" = '1800 1600 0 100' ] || { n ^dma; n ^unmap; exit 1; }
# a list of 15 pages in a command more
gen nvme --set count=2400 --set depth=1 --set io=65536 --set list=prp
[ "$(n ^dma) $(n '+4096') $(n '+120') $(n ^unmap)" = '2400 1600 100 100' ] || { n ^dma; n '+120'; n ^unmap; exit 1; }
# zipf with exponent 1 over 2 pages: the first is used twice as often
gen zipf --set count=30000 --set pages=2 --set skew=100
awk '/^dma/ { n[substr($4, 1, 7) ~ /0x80000/] ; if ($4 ~ /^0x80000/) a++; else b++ } END { exit !(a / b > 1.93 && a / b < 2.07) }' "$tmp/w.iot"

# reuse distances: a a b a c b, then a unmapped and mapped anew: 0, -, 1, -, 2, -
printf '#iotrace 1\nattach 01:00.0 pasid=- dom=1 type=-\n' >"$tmp/r.iot"
for x in 1 1 2 1 3 2; do echo "dma 01:00.0 r 0x${x}010+4"; done >>"$tmp/r.iot"
printf 'unmap dom=1 0x1000 0x1000\ndma 01:00.0 r 0x1000+4\n' >>"$tmp/r.iot"
awk -v name=t -f bench/workloads/reuse.awk "$tmp/r.iot" >"$tmp/r.csv"
for line in 't,0,0.14286' 't,1,0.28571' 't,2,0.42857' 't,first,0.57143'; do grep -qx "$line" "$tmp/r.csv" || { cat "$tmp/r.csv"; exit 1; }; done
bench/workloads/run.sh --quick "$(dirname "$bin")" "$tmp/wl" >"$tmp/table" || { cat "$tmp/table"; exit 1; }
[ "$(grep -c 'differ by at most' "$tmp/table")" = 4 ] || { cat "$tmp/table"; exit 1; }

bad() { # MESSAGE ARGUMENTS...
	local st=0 text=$1
	shift
	"$bin" trace gen "$@" -o "$tmp/w.iot" 2>"$tmp/err" || st=$?
	[ $st = 2 ] && grep -qF -- "$text" "$tmp/err" || { echo "$*: $st"; cat "$tmp/err"; exit 1; }
}
bad '--workload nicc: no such workload; did you mean nic?' --workload nicc
bad 'ring: 12 is not a multiple of 8' --workload nic --set ring=12
bad 'io: 5000 is not a multiple of 4096' --workload nvme --set io=5000
bad '--set window=1M: ' --workload nic --set window=1M
bad "reach the driver's own memory" --workload tenants --set devices=4096
