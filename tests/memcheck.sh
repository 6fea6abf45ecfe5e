#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Valgrind's memcheck over tests of a build without sanitizers: reads of what nobody wrote, reads and writes outside blocks, blocks nobody frees.
#   tests/memcheck.sh BUILD [TEST...]     BUILD: the build folder; TEST: test_NAME for a unit test, NAME for tests/golden/NAME.sh, whose every
#                                         command runs under memcheck (default: the unit tests but for the long ones, and some of the commands)
# A line for each test. Exit status: 0 clean, 1 findings or a failed test (its output is printed), 3 it could not run.
# Not seen: paths no test takes; the points of a sweep and pictures (processes of their own are not followed).
set -u
cd "$(dirname "$0")/.." || exit 3
build=$(realpath -m "${1:-none}")
[ -x "$build/iommusim" ] || { echo "usage: tests/memcheck.sh BUILD [TEST...]" >&2; exit 3; }
command -v valgrind > /dev/null || { echo "memcheck: valgrind is not installed" >&2; exit 3; }
shift
# Many minutes under memcheck: random runs, growth, simulations of whole guests.
long="amdvi_races amdvi_scopes ctag growth inv_host ord_hostile ordhw_broken pf_host smmuv3_races systemc trace walk_amdvi walk_enum xcache"
golden="sweep_errors run_errors import_ftrace walk_query decode params"
if [ $# = 0 ]; then
	for t in "$build"/tests/test_*; do
		[ -f "$t" ] && [ -x "$t" ] && [[ " $long " != *" ${t##*/test_} "* ]] && set -- "$@" "${t##*/}"
	done
	for t in $golden; do set -- "$@" "$t"; done
fi
tmp=$(mktemp -d) || exit 3
trap 'rm -rf "$tmp"' EXIT
vg=(nice valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite)
printf '#!/bin/sh\nexec %s %s "$@"\n' "${vg[*]}" "$build/iommusim" > "$tmp/iommusim"
chmod +x "$tmp/iommusim"
bad=0
for t in "$@"; do
	from=$SECONDS
	if [[ $t == test_* ]]; then
		CK_FORK=no "${vg[@]}" "$build/tests/$t" > "$tmp/out" 2>&1
	else
		bash "tests/golden/$t.sh" "$tmp/iommusim" > "$tmp/out" 2>&1
	fi
	st=$?
	if [ $st = 0 ] && ! grep -q '^==[0-9]*== ' "$tmp/out"; then
		echo "$t: clean ($((SECONDS - from)) s)"
	else
		echo "$t: status $st ($((SECONDS - from)) s)"
		cat "$tmp/out"
		bad=1
	fi
done
exit $bad
