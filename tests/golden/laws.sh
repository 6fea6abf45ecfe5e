#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/laws: the analytic laws VAL-A01 to VAL-A22 hold (fewer arrivals and machines than in docs/laws.md), and are able to fail.
set -eu
build=$(cd "$(dirname "$1")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "laws.sh: $*" >&2; exit 1; }
bash bench/laws/run.sh --quick "$build" "$tmp" >"$tmp/table.md" 2>"$tmp/err" || { cat "$tmp/err" >&2; fail "a law does not hold"; }
[ "$(grep -c '^| VAL-A[0-9][0-9] |' "$tmp/table.md")" = 22 ] || fail "not every law has a row"
# every law but A15 was compared with something
awk -F'|' '/^\| VAL-A/ && $5 + 0 < 3 && $2 !~ /A15|A17/ { print; bad = 1 } END { exit bad }' "$tmp/table.md" || fail "laws without comparisons"
# a machine of which one figure is not as the law was told
other() { # SETTING PART LAWS...
	local st=0 want
	"$build/bench/laws/bench_laws" --quick --set "$1" --only "$2" >"$tmp/other.csv" || st=$?
	[ $st = 1 ] || fail "status $st with $1"
	for want in "${@:3}"; do grep -q "^$want,.*,FAIL\$" "$tmp/other.csv" || fail "$want passes with $1"; done
}
other 'memory.latency=127 ns' queue VAL-A11
other 'devices.outstanding=3' walk VAL-A03
other 'software.levels=4' walk VAL-A01 VAL-A02
st=0
"$build/bench/laws/bench_laws" nothing 2>/dev/null || st=$?
[ $st = 2 ] || fail "status $st for an unknown word"
