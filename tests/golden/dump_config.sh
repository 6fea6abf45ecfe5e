#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# --dump-config reads back to the identical dump and to the same run.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$bin" run configs/captures/vtd.yaml --set vtd.iotlb.entries=32 --set memory.latency='91 ns' --set gen.count=2000 --seed 5 --warmup 10% --dump-config >"$tmp/1.yaml"
"$bin" run "$tmp/1.yaml" --dump-config >"$tmp/2.yaml"
cmp "$tmp/1.yaml" "$tmp/2.yaml"
"$bin" run - --dump-config <"$tmp/1.yaml" | cmp - "$tmp/1.yaml"
"$bin" run configs/captures/vtd.yaml --set vtd.iotlb.entries=32 --set memory.latency='91 ns' --set gen.count=2000 --seed 5 --warmup 10% -o "$tmp/a" >"$tmp/a.out"
"$bin" run "$tmp/1.yaml" -o "$tmp/b" >"$tmp/b.out"
diff -r "$tmp/a" "$tmp/b"
cmp "$tmp/a.out" "$tmp/b.out"
st=0; "$bin" run "$tmp/1.yaml" --dump-config >/dev/full 2>/dev/null || st=$?
[ $st = 3 ]
