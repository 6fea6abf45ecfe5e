#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench/validation/software.sh within its bands; and not with slower memory. $1: iommusim.
set -eu
bin=$(readlink -f "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bench/validation/software.sh "$bin" | tee "$tmp/rows"
[ "$(grep -c ',pass$' "$tmp/rows")" = 25 ]
cat >"$tmp/wrong" <<END
#!/bin/sh
exec "$bin" "\$@" --set memory.latency=400ns
END
chmod +x "$tmp/wrong"
if bench/validation/software.sh "$tmp/wrong" >"$tmp/rows"; then
	echo 'a machine with 400 ns memory passed' >&2
	exit 1
fi
grep -q 'VAL-09.*,MISSED$' "$tmp/rows"
grep -q "VAL-28 2 MiB by page, hardware alone.*,MISSED\$" "$tmp/rows"
