#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep whose Nth allocation fails: in the parent, or in one of the processes that run a point. Parent: status 3 with a sentence, or the same result; points it has
# finished stay, with the values of an undisturbed sweep. Point: it is recorded as failed and the others run, status 1; or it can be done without.
# Then --resume (--retry for a failed point) gives what an undisturbed sweep gives.
#   sweep_alloc.sh BIN LIBRARY [all]     LIBRARY: failalloc.c built; all: every N; without: about 70 in the parent, 25 in a point
set -u
bin=$1 lib=$2 all=${3:-}
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0 tests=0 ended=0 kept=0 failed=0
complain() { echo "sweep_alloc: $*" >&2; bad=1; }
printf '#iotrace 1\nattach 00:01.0 pasid=- dom=1 type=-\nmap dom=1 0x1000 0x1000 0x1000 rw\ndma 00:01.0 r 0x1000+64 -> 0x1000\n' >"$tmp/t.iot"
cat >"$tmp/s.yaml" <<END
config: {units: [{name: vtd0, arch: vtd, iotlb: {entries: 16}}]}
trace: $tmp/t.iot
verify: true
seeds: 2
axes: {vtd.walkers: [1, 2]}
stats: [replay.*, vtd0.*]
END
"$bin" sweep "$tmp/s.yaml" --out "$tmp/whole.db" -j 1 >"$tmp/good.out" || exit 1
dump "$tmp/whole.db" >"$tmp/whole"
ids() { sqlite3 "$1" "SELECT id, status, (SELECT group_concat(name || value) FROM (SELECT name, value FROM stat_values JOIN names USING(name_id) WHERE run = runs.run ORDER BY 1))
	FROM runs WHERE status != 'failed' ORDER BY id" 2>/dev/null; }
ids "$tmp/whole.db" >"$tmp/ids"
[ "$(wc -l <"$tmp/ids")" = 4 ] || exit 1
one() { # WHERE N
	local st n
	rm -rf "$tmp/failed" "$tmp/w" && mkdir "$tmp/w"
	FAIL_ALLOC_IN=$1 FAIL_ALLOC=$2 FAIL_ALLOC_FILE=$tmp/failed timeout 60 env LD_PRELOAD="$lib" "$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" -j 1 >"$tmp/out" 2>"$tmp/err"
	st=$?
	[ -e "$tmp/failed" ] || return 1
	tests=$((tests + 1))
	ids "$tmp/w/r.db" >"$tmp/now"
	n=$(wc -l <"$tmp/now")
	[ -z "$(comm -23 "$tmp/now" "$tmp/ids")" ] || complain "$1 $2: a finished point has other values"
	case $1$st in
	*0) dump "$tmp/w/r.db" | cmp -s - "$tmp/whole" || complain "$1 $2: status 0, but another result" ;;
	parent3)
		ended=$((ended + 1)) kept=$((kept + n))
		grep -q '^iommusim.*: .\|memory' "$tmp/err" || complain "$1 $2: status 3, but: $(head -c 300 "$tmp/err")"
		;;
	child1)
		failed=$((failed + 1))
		[ "$n" = 3 ] && [ "$(sqlite3 "$tmp/w/r.db" "SELECT count(*) FROM runs WHERE status = 'failed' AND error LIKE '%memory%'")" = 1 ] ||
			complain "$1 $2: $n finished; $(sqlite3 "$tmp/w/r.db" "SELECT status, error FROM runs WHERE status != 'ok'")"
		;;
	*) complain "$1 $2: status $st: $(head -c 300 "$tmp/err")" ;;
	esac
	[ $st = 0 ] && return 0
	status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/w/r.db" -j 1 $([ ! -e "$tmp/w/r.db" ] || echo --retry)
	dump "$tmp/w/r.db" | cmp -s - "$tmp/whole" || complain "$1 $2: another result after --retry"
	[ "$(ls "$tmp/w")" = r.db ] || complain "$1 $2: left $(ls "$tmp/w")"
}
for where in parent child; do
	n=1
	while one $where $n; do
		n=$((n + 1))
		[ -n "$all" ] || n=$((n + n / $([ $where = parent ] && echo 6 || echo 4)))
	done
	echo "$where: tried up to allocation $n"
done
echo "$tests allocations failed: $ended ended the sweep with $kept finished points in all, $failed made a point fail"
[ "$kept" -gt 0 ] && [ "$failed" -gt 0 ] || complain "nothing was kept, or no point failed"
exit $bad
