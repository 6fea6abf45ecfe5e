#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares the walk over every memory image of a directory with the lists beside it (NAME.maps.gz, NAME.xlate.gz, NAME.cases.gz) and adds up.
# Exit status 1 if one disagrees or there is nothing to compare.   usage: tools/verify-images.sh DIR [LIST]...
# DIR has NAME.idx and NAME.pages.gz; LIST is maps, xlate or cases (all three if none is given).
set -eu
dir=${1:?usage: tools/verify-images.sh DIR [LIST]...}
shift
[ $# -gt 0 ] || set -- maps xlate cases
bin=${IOMMUSIM:-build/iommusim}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
: >"$tmp/all"
for idx in "$dir"/*.idx; do
	for list in "$@"; do
		query=${idx%.idx}.$list.gz
		[ -e "$query" ] || continue
		"$bin" walk "$idx" --query "$query" >"$tmp/o" || bad=1
		printf '%-36s %s\n' "$(basename "$query")" "$(tail -n 1 "$tmp/o")"
		cat "$tmp/o" >>"$tmp/all"
	done
done
awk '/^[0-9]+ agree, / { n++; a += $1; d += $3; s += $5 }
	/^decided by the specification: / { p += $5 }
	END { printf "%d lists: %d agree, %d disagree, %d decided by the specification, %d skipped (they lead outside the image)\n", n, a, d, p, s; exit !n }' \
	"$tmp/all" || bad=1
exit $bad
