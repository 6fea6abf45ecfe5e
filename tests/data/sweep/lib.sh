# SPDX-License-Identifier: Apache-2.0
# Sourced by the sweep tests: everything in a result database but the time it took, in an order that does not depend on when points finished.
dump() {
	sqlite3 "$1" "SELECT id, point, seed, config, trace, verify, version, status, error FROM runs ORDER BY id;
		SELECT id, key, value, num FROM parameters JOIN runs USING(run) ORDER BY 1, 2;
		SELECT id, name, value, unit, doc FROM stat_values JOIN names USING(name_id) JOIN runs USING(run) ORDER BY 1, 2;
		SELECT id, name, n, sum, min, p50, p95, p99, p99_9, max, buckets FROM hist_values JOIN names USING(name_id) JOIN runs USING(run) ORDER BY 1, 2;
		SELECT hash, text FROM configs ORDER BY 1; SELECT hash, path, bytes FROM traces ORDER BY 1;
		SELECT key, type, unit, help FROM keys ORDER BY ord; SELECT key, value FROM meta ORDER BY 1"
}
status() { # expected status, then the command; output in $tmp/out, errors in $tmp/err
	local want=$1 got=0
	shift
	"$@" >"$tmp/out" 2>"$tmp/err" || got=$?
	[ "$got" = "$want" ] || { echo "$*: status $got, expected $want"; cat "$tmp/out" "$tmp/err"; exit 1; }
}
