#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/timeout-attribution: its checks hold (VAL-30, VAL-31 and VAL-32 among them), are able to fail, and the same run gives the same bytes.
set -eu
build=$(cd "$(dirname "$1")" && pwd)
run=bench/timeout-attribution/run.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "timeouts.sh: $*" >&2; exit 1; }

bash $run --quick "$build" "$tmp/a" >"$tmp/a.csv" 2>"$tmp/a.txt" || { cat "$tmp/a.txt" >&2; fail "a check does not hold"; }
bash $run --quick "$build" "$tmp/b" >"$tmp/b.csv" 2>/dev/null
cmp "$tmp/a.csv" "$tmp/b.csv" || fail "two runs differ"
[ "$(grep -c ',pass$' "$tmp/a/val30.csv")" = 8 ] || fail "VAL-30: not every row passes"
[ "$(grep -c ',pass$' "$tmp/a/val32.csv")" = 41 ] || fail "VAL-31, VAL-32: not every row passes"
[ "$(grep -c '^ok: ' "$tmp/a/checks.txt")" = 11 ] || fail "not every rule met rows"

# The table's cell in column $1 of the row with set, architecture, policy, batch $2 and one silent virtual device.
cell() {
	awk -F, -v want="$1" -v key="$2" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		$1 "," $c["arch"] "," $c["policy"] "," $c["batch"] "," $c["faulty"] == key && !n++ { print $c[want] }' "$tmp/a.csv"
}
is() { [ "$(cell "$1" "$2")" = "$3" ] || fail "$2: $1 is $(cell "$1" "$2"), expected $3"; }
is suspects faulty,smmuv3,singles,64,1 32.0000
is suspects faulty,vtd-nosid,singles,16,1 16.0000
is suspects faulty,vtd,singles,64,1 4.0000
is suspects faulty,amdvi,singles,64,1 1.0000
is recall faulty,amdvi,singles,64,4 1.0000
is blocked_innocents policy,smmuv3,quarantine,64,1 31.000
is blocked_innocents policy,vtd,quarantine,64,1 3.000
is exposed_pages policy,smmuv3,ignore,64,1 48.000
is exposed_pages policy,smmuv3,singles,64,1 0.000

# The rules can fail: one figure changed in a row of each kind.
spoil() {
	awk -F, -v OFS=, -v col="$2" -v to="$3" -v arch="$1" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
		NR > 1 && $c["arch"] == arch && $c["policy"] == "singles" && $c["incidents"] > 0 && !n++ { $c[col] = to } { print }' "$tmp/a.csv" >"$tmp/bad.csv"
	! awk -f bench/timeout-attribution/check.awk "$tmp/bad.csv" >/dev/null || fail "$1, $2 = $3 is accepted"
}
spoil amdvi precision 0.9
spoil smmuv3 recall 0.5
spoil vtd exposed_pages 1
spoil vtd-nosid blame_precision 0.5
spoil vtd reads_through_fence 2
! "$build/bench/timeout-attribution/bench_timeouts" one kind=9 2>/dev/null || fail "a fault kind out of range is accepted"
