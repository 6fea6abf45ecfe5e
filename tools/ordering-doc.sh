#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Puts the knobs and the rule table of `iommusim check` between the marks of docs/ordering.md, and prints the page.
# usage: tools/ordering-doc.sh IOMMUSIM [PAGE]     (write it back: ... > new && mv new docs/ordering.md)
set -eu
[ $# -ge 1 ] || { echo "usage: tools/ordering-doc.sh IOMMUSIM [PAGE]" >&2; exit 2; }
bin=$1
page=${2:-docs/ordering.md}
skip=0
while IFS= read -r line; do
	case $line in
	'<!-- end -->') skip=0 ;;
	esac
	[ $skip = 1 ] || printf '%s\n' "$line"
	case $line in
	'<!-- knobs -->')
		echo '```'
		"$bin" check --knobs
		echo '```'
		skip=1 ;;
	'<!-- rules -->')
		"$bin" check --list --format markdown
		skip=1 ;;
	esac
done < "$page"
