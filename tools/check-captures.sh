#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Check the order of table changes, commands and waits in every capture of a directory: NAME.log.zst with NAME.snap1.idx (QEMU logs, imported
# first) and NAME.iotb. One line for each: events, findings by verdict, seconds of `iommusim check`, events a second, peak memory.
# Usage: check-captures.sh DIRECTORY [IOMMUSIM [WORK]]    WORK: keep the full reports there
# Exit status: 0, 1 a violation of severity HIGH or CRITICAL, 2 wrong use, 3 a capture could not be read.
set -u
[ $# -ge 1 ] && [ $# -le 3 ] && [ -d "$1" ] || { sed -n '3,7s/^# //p' "$0" >&2; exit 2; }
dir=$1 bin=${2:-iommusim} tmp=$(mktemp -d) worst=0
trap 'rm -rf "$tmp"' EXIT
work=${3:-$tmp}
mkdir -p "$work" || exit 3

one() { # NAME TRACE
	local knob=() st t0 t1 ms s kib ev
	# the AMD-Vi of QEMU has NpCache, which no register of the unit tells
	case $1 in *amdvi*) knob=(--knob np_cache=1) ;; esac
	t0=$(date +%s%N)
	if [ -x /usr/bin/time ]; then
		/usr/bin/time -f %M -o "$tmp/kib" "$bin" check "$2" --limit 1 "${knob[@]}" >"$work/$1.check"
	else
		"$bin" check "$2" --limit 1 "${knob[@]}" >"$work/$1.check"
	fi
	st=$?
	t1=$(date +%s%N)
	[ $st -le 1 ] || { echo "$1: exit status $st" >&2; worst=3; return; }
	[ $st -le $worst ] || worst=$st
	ms=$(((t1 - t0 + 999999) / 1000000))
	kib=$(tail -1 "$tmp/kib" 2>/dev/null || echo -)
	s=$(tail -1 "$work/$1.check")
	ev=${s#*: } ev=${ev%% *}
	printf '%s: %s; %d.%03d s, %d k events/s, %s KiB\n' "$1" "${s#*: }" $((ms / 1000)) $((ms % 1000)) $((ev / ms)) "$kib"
	sed -n 's/^[^ ]*:\([0-9]*\): \([A-Z]*: [A-Z0-9-]*: .*\)/  first at \1: \2/p; s/^[^ ]*: \([0-9]* more findings of .*\) not shown/  \1/p' "$work/$1.check"
}
for log in "$dir"/*.log.zst; do
	[ -e "$log" ] || continue
	name=$(basename "$log" .log.zst)
	"$bin" import qemu "$log" --image "${log%.log.zst}.snap1.idx" -o "$tmp/c.iotb" >/dev/null 2>"$tmp/e" || { cat "$tmp/e" >&2; worst=3; continue; }
	one "$name" "$tmp/c.iotb"
done
for trace in "$dir"/*.iotb; do
	[ -e "$trace" ] || continue
	one "$(basename "$trace" .iotb)" "$trace"
done
exit $worst
