#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What can happen to a long sweep: kill -9, Ctrl-C, a killed point, a full disk, a folder that cannot be written. Finished points stay, and
# --resume does the rest, to the same results as a run that nothing happened to.
set -eu
bin=$1
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/s.yaml" <<'END'
config: {gen: {count: 200000, window: 1M}}
seeds: 2
axes:
  - vtd.iotlb.entries: [16, 64, 256]
  - vtd.walkers: [1, 4]
END
runs() { sqlite3 "$1" 'SELECT count(*) FROM runs' 2>/dev/null || echo 0; }
started() { # sweep in the background into $1; returns when two points are finished
	"$bin" sweep "$tmp/s.yaml" --out "$1" -j 2 >"$tmp/bg.out" 2>"$tmp/bg.err" &
	pid=$!
	for _ in $(seq 600); do [ -e "$1" ] && [ "$(runs "$1")" -ge 2 ] && return 0; sleep 0.05; done
	echo "no point finished"
	exit 1
}
stopped() { # the process, soon
	local s
	for _ in $(seq 100); do
		s=$(awk '{ print $3 }' "/proc/$1/stat" 2>/dev/null) || s=
		case $s in T) return 0 ;; Z | '') return 1 ;; esac
		sleep 0.01
	done
	return 1
}
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/whole.db"
dump "$tmp/whole.db" >"$tmp/whole"

# kill -9: the children end too, and the database is whole
started "$tmp/killed.db"
children=$(pgrep -P $pid || true)
kill -9 $pid
wait $pid 2>/dev/null || true
for c in $children; do for _ in $(seq 100); do kill -0 "$c" 2>/dev/null || break; sleep 0.05; done; kill -0 "$c" 2>/dev/null && exit 1; done
n=$(runs "$tmp/killed.db")
[ "$n" -ge 2 ] && [ "$n" -lt 12 ]
[ "$(sqlite3 "$tmp/killed.db" 'PRAGMA integrity_check')" = ok ]
sqlite3 "$tmp/killed.db" 'SELECT id, host_ms FROM runs ORDER BY id' >"$tmp/before"
status 2 "$bin" sweep "$tmp/s.yaml" --out "$tmp/killed.db"
grep -q 'already exists; --resume' "$tmp/err"
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/killed.db" --resume
dump "$tmp/killed.db" | cmp - "$tmp/whole"
sqlite3 "$tmp/killed.db" 'SELECT id, host_ms FROM runs ORDER BY id' | comm -12 - "$tmp/before" | cmp - "$tmp/before" # none was done again

# killed before it had begun: an empty file, or tables with nothing in them
: >"$tmp/empty.db"
sqlite3 "$tmp/whole.db" .schema | grep -v sqlite_ | sqlite3 "$tmp/tables.db"
for p in application_id user_version; do sqlite3 "$tmp/tables.db" "PRAGMA $p = $(sqlite3 "$tmp/whole.db" "PRAGMA $p")"; done
status 2 "$bin" sweep "$tmp/s.yaml" --out "$tmp/empty.db"
for f in empty tables; do
	status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/$f.db" --resume
	dump "$tmp/$f.db" | cmp - "$tmp/whole"
done

# Ctrl-C
started "$tmp/int.db"
kill -INT $pid
st=0; wait $pid || st=$?
[ $st = 130 ] && grep -q 'interrupted; points missing: [0-9]*; --resume does them' "$tmp/bg.err"
[ "$(sqlite3 "$tmp/int.db" "SELECT count(*) FROM runs WHERE status != 'ok'")" = 0 ]
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/int.db" --resume
dump "$tmp/int.db" | cmp - "$tmp/whole"

# the process of one point is killed: that point failed, the sweep goes on; --resume leaves it, --retry does it again
started "$tmp/child.db"
victim=
while [ -z "$victim" ] && kill -0 $pid; do # stopped first: it must not end of itself between being found and being killed
	for c in $(pgrep -P $pid); do
		kill -STOP "$c" 2>/dev/null && stopped "$c" && victim=$c && break
	done
done
kill -9 "$victim"
st=0; wait $pid || st=$?
[ $st = 1 ] && grep -q '12 of 12 points: 11 ok, 1 failed' "$tmp/bg.out" && grep -q 'killed by signal 9 (Killed)' "$tmp/bg.out"
status 1 "$bin" sweep "$tmp/s.yaml" --out "$tmp/child.db" --resume
status 0 "$bin" merge "$tmp/child.db" "$tmp/whole.db" -o "$tmp/better.db" # the one that ran takes its place
dump "$tmp/better.db" | cmp - "$tmp/whole"
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/child.db" --retry
dump "$tmp/child.db" | cmp - "$tmp/whole"

# the disk is full: a limit on the size of files does the same
st=0
(ulimit -f 150; exec "$bin" sweep "$tmp/s.yaml" --out "$tmp/full.db" -j 1) >"$tmp/out" 2>"$tmp/err" || st=$?
[ $st = 3 ] && grep -Eq 'full.db: (database or disk is full|disk I/O error)' "$tmp/err" && grep -q 'points were finished and are kept' "$tmp/err"
n=$(runs "$tmp/full.db")
[ "$n" -ge 1 ] && [ "$n" -lt 12 ]
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/full.db" --resume
dump "$tmp/full.db" | cmp - "$tmp/whole"
st=0; "$bin" sweep "$tmp/s.yaml" --list >/dev/full 2>/dev/null || st=$?
[ $st = 3 ]

# a folder that cannot be written
as=
[ "$(id -u)" != 0 ] || as="setpriv --reuid=65534 --regid=65534 --clear-groups"
mkdir "$tmp/ro"
chmod 555 "$tmp/ro"
chmod 755 "$tmp"
if $as "$bin" --version >/dev/null 2>&1; then
	status 3 $as "$bin" sweep "$tmp/s.yaml" --out "$tmp/ro/r.db"
	grep -q 'ro/r.db: Permission denied' "$tmp/err"
else
	echo "cannot run without the rights of root: the read-only folder is left out"
fi
