#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The analytic laws (VAL-A01 to A22): bench/laws. A law holds if none of its comparisons fails.
. "$(dirname "$0")/lib.sh"
st=0
# shellcheck disable=SC2086
"$root/bench/laws/run.sh" $quick "$build" "$out" >"$out/table.md" || st=$?
[ $st -le 1 ] || exit 3
cat "$out/laws.csv" "$out/a18.csv" | awk -F, '/^VAL-A/ && ($NF == "pass" || $NF == "FAIL") { n[$1]++; bad[$1] += $NF == "FAIL" }
	END { for (k in n) printf "%s|comparisons that fail, of %d|0|%d|exact\n", k, n[k], bad[k] }' | sort
