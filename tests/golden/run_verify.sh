#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --verify on a unit with translation off (every DMA keeps its address): differences are counted, the first 20 listed, status 1.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{
	echo '#iotrace 1'
	for i in $(seq 25); do
		printf 'dma 00:01.0 w 0x%x000+64 -> 0x%x000\n' "$i" "$((i + 1))"
	done
	echo 'dma 00:01.0 r 0x5000+64 -> 0x5000'
	echo 'dma 00:01.0 r 0x5000+64'
} >"$tmp/t.iot"
st=0
"$bin" run configs/captures/vtd.yaml --trace - --verify <"$tmp/t.iot" >"$tmp/out" || st=$?
[ $st = 1 ]
[ "$(tail -1 "$tmp/out")" = 'verify: 1 agree, 25 disagree, 1 not compared' ]
[ "$(tail -2 "$tmp/out" | head -1)" = '... and 5 more' ]
[ "$(grep -c '^<stdin>:' "$tmp/out")" = 20 ]
grep -qx '<stdin>:2: dma 00:01.0 w 0x1000: expected 0x2000 got 0x1000' "$tmp/out"
head -1 "$tmp/t.iot" >"$tmp/good.iot"
tail -2 "$tmp/t.iot" >>"$tmp/good.iot"
"$bin" run configs/captures/vtd.yaml --trace "$tmp/good.iot" --verify | tail -1 | grep -qx 'verify: 1 agree, 0 disagree, 1 not compared'
# interrupted: what was done is reported, status 130
"$bin" run configs/captures/vtd.yaml --set gen.count=1000000000 >"$tmp/int" & pid=$!
sleep 1
kill -INT $pid
st=0
wait $pid || st=$?
[ $st = 130 ]
grep -q '^replay$' "$tmp/int"
