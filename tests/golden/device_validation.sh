#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/device-validation: VAL-25, VAL-26 and VAL-27 hold, their controls miss, and the same run gives the same bytes.
set -eu
build=$(cd "$(dirname "$1")" && pwd)
run=bench/device-validation/run.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "device_validation.sh: $*" >&2; exit 1; }

bash $run --quick "$build" "$tmp/a" >"$tmp/a.csv" || { cat "$tmp/a.csv" >&2; fail "a band is missed"; }
bash $run --quick "$build" "$tmp/b" >"$tmp/b.csv"
cmp "$tmp/a.csv" "$tmp/b.csv" || fail "two runs differ"
rows() { grep -c "^$1,.*,pass\$" "$tmp/a.csv" || true; }
[ "$(rows VAL-25)" = 6 ] && [ "$(rows VAL-26)" = 6 ] && [ "$(rows VAL-27)" = 22 ] && [ "$(rows VAL-A15)" = 1 ] && [ "$(rows control)" = 2 ] ||
	fail "rows are missing or fail: $(cat "$tmp/a.csv")"
# A slower interrupt must be seen: 30 us more than the published service time.
sed 's/service: exponential/notice_time: 30us/' configs/faults-vtd.yaml >"$tmp/slow.yaml"
st=0
"$build/bench/device-validation/bench_devices" --quick "$tmp/slow.yaml" >"$tmp/slow.csv" || st=$?
[ $st = 1 ] && grep -q '^VAL-25,"fault latency, mean.*FAIL$' "$tmp/slow.csv" || fail "30 us more are not seen"
