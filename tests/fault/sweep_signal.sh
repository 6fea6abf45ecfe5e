#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep that gets SIGTERM, SIGINT or SIGKILL at random moments, and one whose worker does. Parent: it ends with 143, 130 or by the signal; its workers are gone; finished
# points stay; by SIGTERM and SIGINT it leaves no file but the database. Worker: its point is recorded as failed, with the signal, and the others run.
# Then --resume (--retry) gives what an undisturbed sweep gives.
#   sweep_signal.sh BIN [ROUNDS [SEED]]
set -u
bin=$1 rounds=${2:-2}
RANDOM=${3:-1}
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0 cut=0 hit=0
complain() { echo "sweep_signal: $*" >&2; bad=1; }
cat >"$tmp/s.yaml" <<'END'
config: {gen: {count: 50000, window: 1M}}
seeds: 2
axes: {vtd.iotlb.entries: [16, 64, 256], vtd.walkers: [1, 4]}
stats: [replay.*, vtd0.*]
END
t0=$(date +%s%N)
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/whole.db" -j 2
whole_ms=$((($(date +%s%N) - t0) / 1000000))
dump "$tmp/whole.db" >"$tmp/whole"
gone() { # processes; soon
	local c i
	for c; do
		for ((i = 0; i < 200; i++)); do
			case $(awk '{ print $3 }' "/proc/$c/stat" 2>/dev/null) in '' | Z) break ;; esac
			sleep 0.01
		done
		[ $i -lt 200 ] || return 1
	done
}
begin() { # a sweep in the background, and some time
	rm -rf "$tmp/w" && mkdir "$tmp/w"
	"$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" -j 2 >"$tmp/bg.out" 2>"$tmp/bg.err" &
	pid=$!
	sleep "$(awk -v ms=$whole_ms -v r=$RANDOM 'BEGIN { printf "%.3f", ms * r / 50000 / 1000 }')"
}
again() { # OPTION
	if [ -s "$tmp/w/r.db" ]; then
		[ "$(sqlite3 "$tmp/w/r.db" 'PRAGMA integrity_check')" = ok ] || complain "$what: the database is damaged"
		status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" -j 2 "$1"
	else
		rm -f "$tmp/w/r.db"
		status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" -j 2
	fi
	dump "$tmp/w/r.db" | cmp -s - "$tmp/whole" || complain "$what: another result after $1"
	[ "$(ls "$tmp/w")" = r.db ] || complain "$what: left $(ls "$tmp/w") after $1"
}
for ((i = 0; i < rounds; i++)); do
	for sig in TERM INT KILL; do
		what="parent, $sig, round $i"
		begin
		children=$(pgrep -P $pid || true)
		if [ $sig = INT ]; then # a background process of a script ignores it, unless it asks for it, as a sweep does once it runs points
			for ((k = 0; k < 100; k++)); do [ -z "$children" ] || break; kill -0 $pid 2>/dev/null || break; sleep 0.005; children=$(pgrep -P $pid || true); done
		fi
		kill -$sig $pid 2>/dev/null
		wait $pid 2>/dev/null
		st=$?
		gone $children || complain "$what: a worker lives on"
		case $sig$st in
		TERM143 | INT130 | KILL137) cut=$((cut + 1)) ;;
		*0) ;; # it was faster
		*) complain "$what: status $st: $(head -c 300 "$tmp/bg.err")" ;;
		esac
		[ $sig = KILL ] || [ -z "$(ls "$tmp/w" | grep -vx r.db)" ] || complain "$what: left $(ls "$tmp/w")"
		again --resume
	done
	for sig in TERM KILL INT; do
		what="worker, $sig, round $i"
		begin
		for ((k = 0; k < 50; k++)); do # stopped first, so that it cannot end meanwhile
			victim=$(pgrep -P $pid | head -1)
			[ -n "$victim" ] && kill -STOP "$victim" 2>/dev/null && [ "$(awk '{ print $3 }' "/proc/$victim/stat" 2>/dev/null)" = T ] || continue
			kill -$sig "$victim"
			kill -CONT "$victim"
			break
		done
		wait $pid 2>/dev/null
		st=$?
		n=$(sqlite3 "$tmp/w/r.db" "SELECT count(*) FROM runs WHERE status = 'failed' AND error LIKE 'killed by signal%'")
		[ "$(sqlite3 "$tmp/w/r.db" 'SELECT count(*) FROM runs')" = 12 ] || complain "$what: not every point is there"
		case $st$n in
		11) hit=$((hit + 1)) ;;
		00) ;; # that one had just ended
		*) complain "$what: status $st with $n killed: $(head -c 300 "$tmp/bg.err")" ;;
		esac
		again --retry
	done
done
# While another process has the database locked: a sweep that is told to end has begun to catch signals, but not yet to run points; a merge has opened its output.
lock() { # DATABASE
	coproc SQL { sqlite3 "$1" 2>&1; }
	echo "BEGIN EXCLUSIVE; SELECT 'locked';" >&"${SQL[1]}"
	read -r line <&"${SQL[0]}" && [ "$line" = locked ] || complain "no lock on $1"
}
unlock() { local p=$SQL_PID; echo 'ROLLBACK;' >&"${SQL[1]}"; eval "exec ${SQL[1]}>&-"; wait "$p"; }
until_true() { local i; for ((i = 0; i < 3000; i++)); do eval "$1" && return; sleep 0.01; done; complain "not in 30 s: $1"; }
what='before its first point'
rm -rf "$tmp/w" && mkdir "$tmp/w" && cp "$tmp/whole.db" "$tmp/w/r.db"
sqlite3 "$tmp/w/r.db" 'DELETE FROM runs WHERE point = 0'
lock "$tmp/w/r.db"
"$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" --resume >"$tmp/bg.out" 2>"$tmp/bg.err" &
pid=$!
catches_term() { # the program, not yet the shell that becomes it
	local s
	s=$(awk -v name="$(basename "$bin")" '$1 == "Name:" { is = $2 == name } is && $1 == "SigCgt:" { print $2 }' /proc/$pid/status)
	[ -n "$s" ] && ((0x$s & 1 << 14))
}
until_true catches_term
kill -TERM $pid
unlock
wait $pid
[ $? = 143 ] && grep -q 'interrupted; points missing: 1;' "$tmp/bg.err" || complain "$what: $(cat "$tmp/bg.err")"
[ "$(ls "$tmp/w")" = r.db ] || complain "$what: left $(ls "$tmp/w")"
what='a merge'
lock "$tmp/w/r.db"
"$bin" merge "$tmp/whole.db" "$tmp/w/r.db" -o "$tmp/w/m.db" >"$tmp/bg.out" 2>"$tmp/bg.err" &
pid=$!
until_true 'ls $tmp/w | grep -q m.db'
kill -KILL $pid
wait $pid 2>/dev/null
unlock
[ ! -e "$tmp/w/m.db" ] || complain "$what: half a union has its name"
echo "$cut sweeps cut short, $hit workers killed"
[ $cut -gt 0 ] && [ $hit -gt 0 ] || complain "no signal came in time"
exit $bad
