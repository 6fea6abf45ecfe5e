#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Static analysis of the C sources: cppcheck, and clang-tidy with the checks of .clang-tidy. Silent if there is nothing to say.
#   tools/analyze.sh [FOLDER] [FILE...]     FOLDER (default build-analyze): for the compile commands; FILE: only these (default: sim, lib, cli)
# Exit status: 0 clean, 1 findings, 3 it could not run.
set -u
case ${1:-} in -*) sed -n '3,5s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
cd "$(dirname "$0")/.." || exit 3
dir=${1:-build-analyze}
[ $# -gt 0 ] && shift
cmake -S . -B "$dir" -G Ninja -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > /dev/null || exit 3
bad=0
if [ $# = 0 ]; then
	mapfile -t files < <(git ls-files 'sim/**.c' 'lib/*.c' 'cli/*.c')
else
	files=("$@")
fi
nice cppcheck -j "$(nproc)" --quiet --std=c11 --enable=warning,portability --inline-suppr --suppressions-list=tools/cppcheck.supp --error-exitcode=1 \
	-Isim -Ilib -Icli -Iinclude "${files[@]}" || bad=1
printf '%s\0' "${files[@]}" | nice xargs -0 -n 4 -P "$(nproc)" clang-tidy -p "$dir" --quiet 2> >(grep -v 'warnings\? generated\|Suppressed\|Use -header-filter' >&2) || bad=1
exit $bad
