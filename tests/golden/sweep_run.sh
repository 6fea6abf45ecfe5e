#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A sweep gives the same results with one and with two jobs, and in shards that are merged; a point that cannot be built, and one whose
# process is killed, are recorded with what happened and the others run.
set -eu
bin=$1
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
small=tests/data/sweep/small.yaml

status 1 "$bin" sweep $small --out "$tmp/j1.db" -j 1
cat >"$tmp/want" <<END
$tmp/j1.db: 10 of 10 points: 8 ok, 2 failed
point 8 (vtd.iotlb.entries=6, vtd.iotlb.ways=4, gen.pattern=uniform, seed 1): cache: 4 ways do not divide 6 entries
point 9 (vtd.iotlb.entries=6, vtd.iotlb.ways=4, gen.pattern=uniform, seed 2): cache: 4 ways do not divide 6 entries
END
diff "$tmp/want" "$tmp/out"
[ ! -s "$tmp/err" ] # no progress bar in a pipe
dump "$tmp/j1.db" >"$tmp/j1"
[ "$(grep -c . "$tmp/j1")" -gt 500 ]

# a point is what `run` gives for the same configuration and seed
sqlite3 "$tmp/j1.db" 'SELECT text FROM configs JOIN runs ON config = hash WHERE point = 3' >"$tmp/p3.yaml"
"$bin" run "$tmp/p3.yaml" --seed "$(sqlite3 "$tmp/j1.db" 'SELECT seed FROM runs WHERE point = 3')" --stats "$tmp/p3.csv" >/dev/null
for s in vtd0.hits replay.sim_ps vtd0.hit_rate; do
	awk -F, -v s=$s 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == s) n = i } NR == 2 { print $n }' "$tmp/p3.csv"
	sqlite3 "$tmp/j1.db" "SELECT value FROM statistics WHERE point = 3 AND name = '$s'"
done | paste - - | awk '$1 != $2 || $1 == "" { bad = 1 } { n++ } END { exit bad || n != 3 }'

status 1 "$bin" sweep $small --out "$tmp/j2.db" -j 2
dump "$tmp/j2.db" | cmp - "$tmp/j1"

# shards: the failing points are in two of them; a union of them; the same again; a conflict
for i in 1 2; do status 1 "$bin" sweep $small --out "$tmp/s$i.db" --shard $i/4; done
for i in 3 4; do status 0 "$bin" sweep $small --out "$tmp/s$i.db" --shard $i/4; done
status 0 "$bin" sweep $small --list --shard 3/4
[ "$(wc -l <"$tmp/out")" = 2 ]
status 0 "$bin" merge "$tmp"/s[1-4].db -o "$tmp/m.db"
grep -qx "$tmp/m.db: 10 runs from 4 databases" "$tmp/out"
dump "$tmp/m.db" | cmp - "$tmp/j1"
status 0 "$bin" merge "$tmp/m.db" "$tmp/s1.db" -o "$tmp/again.db"
dump "$tmp/again.db" | cmp - "$tmp/j1"
status 2 "$bin" merge "$tmp/m.db" -o "$tmp/again.db"
sqlite3 "$tmp/s2.db" "UPDATE stat_values SET value = value + 1 WHERE name_id = (SELECT name_id FROM names WHERE name = 'vtd0.hits')"
status 1 "$bin" merge "$tmp/m.db" "$tmp/s2.db" -o "$tmp/conflict.db"
grep -q 'conflict: the same run differs, statistic vtd0.hits, in .*/s2.db' "$tmp/err"
dump "$tmp/conflict.db" | cmp - "$tmp/j1" # the first stays

# GNU parallel, as docs/sweeps.md says
if command -v parallel >/dev/null; then
	seq 4 | PARALLEL_HOME="$tmp" parallel --will-cite -j 2 "$bin" sweep $small --out "$tmp/p{}.db" --shard {}/4 -j 1 >/dev/null 2>&1 || [ $? -le 2 ]
	status 0 "$bin" merge "$tmp"/p[1-4].db -o "$tmp/pm.db"
	dump "$tmp/pm.db" | cmp - "$tmp/j1"
else
	echo "parallel is not installed: that part is left out"
fi

# the job script of docs/sweeps.md, as two tasks of a Slurm array would start it; submitted twice
for i in 1 2 2; do
	IOMMUSIM=$bin SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_COUNT=2 SLURM_CPUS_PER_TASK=2 bash bench/sweep/slurm.sh $small "$tmp/slurm" >/dev/null
done
status 0 "$bin" merge "$tmp"/slurm/shard-*.db -o "$tmp/slurm.db"
dump "$tmp/slurm.db" | cmp - "$tmp/j1"

# a pattern that matches nothing is said, not failed
sed 's/^stats:.*/stats: [vtd0.hits, vtd0.mises]/; s/, 6\]/]/; s/8, 4\]/8]/' $small >"$tmp/typo.yaml"
status 0 "$bin" sweep "$tmp/typo.yaml" --out "$tmp/typo.db"
grep -q '"vtd0.mises" matches no statistic' "$tmp/err"
[ "$(sqlite3 "$tmp/typo.db" 'SELECT group_concat(DISTINCT name) FROM statistics')" = vtd0.hits ]

# a DMA that does not agree with the trace
printf '#iotrace 1\ndma 00:01.0 r 0x1000+64 -> 0x2000\n' >"$tmp/differs.iot"
printf 'verify: true\ntrace: %s\naxes: {vtd.walkers: [1, 2]}\n' "$tmp/differs.iot" >"$tmp/differs.yaml"
status 1 "$bin" sweep "$tmp/differs.yaml" --out "$tmp/differs.db"
grep -q '2 of 2 points: 0 ok, 2 differ from the trace' "$tmp/out"
[ "$(sqlite3 "$tmp/differs.db" 'SELECT hash FROM traces')" = "$(sha256sum "$tmp/differs.iot" | cut -d' ' -f1)" ]
# traces that do not fit the memory allowed are read by every point, with the same result
status 1 "$bin" sweep "$tmp/differs.yaml" --out "$tmp/read.db" --trace-memory 1
dump "$tmp/read.db" >"$tmp/read"
dump "$tmp/differs.db" | cmp - "$tmp/read"
# another sweep, or another trace, does not resume this one
printf '#iotrace 1\ndma 00:01.0 r 0x1000+64 -> 0x3000\n' >"$tmp/differs.iot"
status 2 "$bin" sweep "$tmp/differs.yaml" --out "$tmp/differs.db" --resume
grep -q 'the results of another sweep' "$tmp/err"
