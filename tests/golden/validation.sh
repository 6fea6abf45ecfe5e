#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The published curves VAL-01 to VAL-04 at fewer points and DMAs, same bands; the controls of bench/validation/run.sh must fail theirs;
# and the script itself must report a failure when the model is wrong: a miss that costs half, seen through a wrapper.
set -eu
bin=$(readlink -f "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bench/validation/run.sh --quick "$(dirname "$bin")" "$tmp/out"
tail -n 1 "$tmp/out/checks.txt" | grep -Eq '^([0-9]+) of \1 checks passed$'
mkdir "$tmp/wrong"
cat >"$tmp/wrong/iommusim" <<END
#!/bin/sh
exec "$bin" "\$@" --set memory.latency=150ns
END
chmod +x "$tmp/wrong/iommusim"
if bench/validation/run.sh --quick "$tmp/wrong" "$tmp/bad" >/dev/null; then
	echo "a machine with 150 ns memory passed" >&2
	exit 1
fi
grep -q '^VAL-01 latency 1 MiB .*FAIL$' "$tmp/bad/checks.txt"
