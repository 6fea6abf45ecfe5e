#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Canonical text -> binary -> text is the identity; pipes and zstd are detected; damaged input exits 2 with its place; cut keeps the
# initial state. $1: the iommusim binary. Run from the top of the tree.
set -u
bin=$1
src=traces/example.iot
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "trace_identity: $*" >&2; exit 1; }

"$bin" trace cat "$src" | cmp - "$src" || fail "cat of canonical text is not the identity"
"$bin" trace convert "$src" -o "$tmp/a.iotb" || fail "convert to binary"
"$bin" trace convert "$tmp/a.iotb" -o "$tmp/b.iot" || fail "convert to text"
cmp "$src" "$tmp/b.iot" || fail "text -> binary -> text is not the identity"
"$bin" trace convert "$tmp/b.iot" -o "$tmp/c.iotb" && cmp "$tmp/a.iotb" "$tmp/c.iotb" || fail "binary is not reproducible"
"$bin" trace cat - < "$tmp/a.iotb" | cmp - "$src" || fail "binary from a pipe"
cat "$tmp/a.iotb" | "$bin" trace convert - -o - | cmp - "$src" || fail "pipe to pipe"
ls "$tmp" | grep -q tmp && fail "a temporary file was left"

# Messy but legal input comes out canonical.
printf '#IOTRACE 1\r\n\n  DMA  @1.5ns 0:1.0   W 0x000FFF+0x40   ->0X1000 # why\r\n' > "$tmp/messy"
printf '#iotrace 1\ndma @1500 00:01.0 w 0xfff+64 -> 0x1000\n# why\n' | cmp - <("$bin" trace cat "$tmp/messy") || fail "messy text"

# Every proper prefix of a binary trace is refused with status 2, and no output file appears.
size=$(stat -c %s "$tmp/a.iotb")
for ((n = 0; n < size; n += 37)); do
	head -c "$n" "$tmp/a.iotb" > "$tmp/cut.iotb"
	"$bin" trace convert "$tmp/cut.iotb" -o "$tmp/never.iot" 2> "$tmp/err"
	[ $? -eq 2 ] || fail "prefix of $n bytes: status is not 2"
	grep -q 'cut.iotb' "$tmp/err" || fail "prefix of $n bytes: the message does not name the file"
	[ ! -e "$tmp/never.iot" ] || fail "prefix of $n bytes: output was written"
done
ls "$tmp" | grep -q 'never' && fail "a temporary file was left after an error"
printf '#iotrace 1\ndam 00:01.0 r 0x0+4\n' > "$tmp/bad.iot"
"$bin" trace info "$tmp/bad.iot" 2> "$tmp/err" > "$tmp/out"
[ $? -eq 2 ] || fail "unknown kind: status is not 2"
grep -q 'bad.iot:2:1: found "dam".*did you mean "dma"' "$tmp/err" || fail "unknown kind: $(cat "$tmp/err")"
[ ! -s "$tmp/out" ] || fail "info printed something for a bad trace"

# cut: initial state and leading comments stay; events 3 and 4 are the first two MMIO records.
"$bin" trace cut "$src" --from 3 --to 4 -o "$tmp/cut.iot" || fail "cut"
[ "$(grep -c '^\(page\|regstate\) ' "$tmp/cut.iot")" -eq 4 ] || fail "cut lost initial state"
[ "$(grep '^[a-z]' "$tmp/cut.iot" | grep -v '^\(page\|regstate\) ')" = $'mmiow @1500 0x88 4 0x260\nmmior @2000 0x34 4' ] || fail "cut kept the wrong events"
"$bin" trace cut "$src" --from 7 --to 7 --keep-writes -o - | grep -c '^\(store\|mmiow\|dev\|dma\) ' | grep -qx 5 || fail "cut --keep-writes"
"$bin" trace cut "$src" --from 5 --to 4 -o - > /dev/null 2>&1
[ $? -eq 2 ] || fail "cut with an empty range: status is not 2"
exit 0
