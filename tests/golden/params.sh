#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The YAML that `params` prints is a configuration with every default: it loads, and to the same dump as a file that only names the units.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$bin" params --format yaml >"$tmp/all.yaml"
"$bin" run "$tmp/all.yaml" --dump-config >"$tmp/1"
sed -n 's/^  - name: \(.*\)/\1/p' "$tmp/1" | while read -r unit; do printf -- '- {name: %s, arch: %s}\n' "$unit" "${unit%0}"; done >"$tmp/list"
[ "$(wc -l <"$tmp/list")" -ge 2 ]
{ echo "units:"; cat "$tmp/list"; } >"$tmp/bare.yaml"
"$bin" run "$tmp/bare.yaml" --dump-config >"$tmp/2"
cmp "$tmp/1" "$tmp/2"
# each format lists the same keys
"$bin" params vtd | sed -n 's/^\(vtd\.[^ ]*\) = .*/\1/p' >"$tmp/text"
"$bin" params vtd --format md | sed -n 's/^| `\(vtd\.[^`]*\)`.*/\1/p' >"$tmp/md"
cmp "$tmp/text" "$tmp/md"
grep -qx vtd.iotlb.entries "$tmp/text"
st=0; "$bin" params vdt 2>"$tmp/err" || st=$?
[ $st = 2 ] && grep -q 'did you mean vtd' "$tmp/err"
st=0; "$bin" params >/dev/full 2>/dev/null || st=$?
[ $st = 3 ]
