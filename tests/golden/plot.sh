#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plot: the numbers it draws are those of the database, averaged over seeds only; every type makes a picture of every kind; errors name
# the nearest axis or statistic; script and data stay and make the same picture again.
set -eu
bin=$1
. tests/data/sweep/lib.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat >"$tmp/s.yaml" <<'END'
config: {gen: {count: 3000}}
seeds: 3
axes:
  - gen.window: {from: 64K, to: 4M, factor: 4}
  - vtd.iotlb.entries: [16, 64]
  - gen.pattern: [uniform, sequential]
END
status 0 "$bin" sweep "$tmp/s.yaml" --out "$tmp/r.db"
cd "$tmp"
plot() { status 0 "$bin" plot r.db "$@"; }
bad() { # part of the message, arguments
	local text=$1
	shift
	status 2 "$bin" plot r.db "$@" -o bad.svg
	grep -qF -- "$text" err || { echo "$*: expected $text"; cat err; exit 1; }
	[ ! -e bad.svg ] && [ ! -e bad.gp ]
}
bad '--x vtd.iotlb.entires: not an axis of this sweep; did you mean vtd.iotlb.entries?' --x vtd.iotlb.entires --y vtd0.hits
bad 'vtd0.hit_rat: no such statistic in these results; did you mean vtd0.hit_rate?' --x gen.window --y vtd0.hit_rat
bad 'vtd0.latncy: no such histogram in these results; did you mean vtd0.latency?' --y vtd0.latncy --type cdf
bad '--by gen.windw: not an axis of this sweep; did you mean gen.window?' --x gen.window --y vtd0.hits --by gen.windw
bad '--where gen.windw: not an axis' --x gen.window --y vtd0.hits --where gen.windw=1
bad '--where gen.pattern=random: no run has it; its values are uniform, sequential' --x gen.window --y vtd0.hits --where gen.pattern=random
bad 'the runs also differ in gen.pattern (uniform, sequential, ...): name it with --by, or choose one with --where gen.pattern=uniform' \
	--x gen.window --y vtd0.hits --by vtd.iotlb.entries
bad '--log x: bars' --x gen.window --y vtd0.hits --type heat --by gen.pattern --where vtd.iotlb.entries=16 --log xy
bad '--type heat needs --by' --x gen.window --y vtd0.hits --type heat --where gen.pattern=uniform --where vtd.iotlb.entries=16
bad 'did you mean scatter?' --x gen.window --y vtd0.hits --type scater
bad '--x KEY is missing' --y vtd0.hits
bad '--y STAT is missing' --x gen.window
bad '--log: there are values of 0' --x gen.window --by vtd.iotlb.entries --where gen.pattern=uniform --y vtd0.faults --log y
status 2 "$bin" plot r.db --x gen.window --y vtd0.hits -o p.jpg
status 2 "$bin" plot none.db --x gen.window --y vtd0.hits -o p.svg
status 0 "$bin" plot r.db --list
grep -q '^axis  gen.window  (size in bytes)' out && grep -q '^hist  vtd0.latency  (ps)' out

# the data: mean and standard deviation over the three seeds, sizes in bytes, time in the unit of the label
plot --x gen.window --y vtd0.latency.p99 --by vtd.iotlb.entries --where gen.pattern=uniform -o line.svg
grep -q '^set ylabel "vtd0.latency.p99 (ns)"' line.gp
grep -q '^set logscale x 2' line.gp && grep -q '"64K" 65536, "256K" 262144' line.gp # grows by a factor: logarithmic without being told
sqlite3 r.db "SELECT p99 FROM histograms JOIN parameters a USING(run) JOIN parameters b USING(run) JOIN parameters c USING(run) WHERE name = 'vtd0.latency'
	AND a.value = '1M' AND b.key = 'vtd.iotlb.entries' AND b.value = '64' AND c.value = 'uniform'" |
	awk '{ s += $1 / 1000; q += $1 * $1 / 1e6; n++ } END { m = s / n; printf "%.6g %.4g %d\n", m, sqrt((q - n * m * m) / (n - 1)), n }' >want
awk '/^# series/ { entries = $4 } entries == 64 && $6 == "\"1M\"" { printf "%.6g %.4g %d\n", $3, $4, $5 }' line.dat | cmp - want
[ "$(grep -c '"' line.dat)" = 8 ]

# a quotient in simulated microseconds; one point per run
plot --x vtd0.hit_rate --y replay.dmas/replay.sim_ps --by gen.pattern -o scatter.svg
grep -q '^set ylabel "replay.dmas/replay.sim_ps (count/us)"' scatter.gp
[ "$(grep -cv '^#\|^$' scatter.dat)" = 48 ]

# a distribution ends at 1 and never falls
plot --y vtd0.latency --type cdf --by vtd.iotlb.entries --where gen.window=256K --where gen.pattern=uniform -o cdf.svg
awk '/^#/ { last = 0; next } NF { if ($3 < last) bad = 1; last = $3; n++ } !NF { if (last && last != 1) bad = 1 } END { exit bad || last != 1 || n < 10 }' cdf.dat

plot --x gen.pattern --y vtd0.hits --where gen.window=1M --where vtd.iotlb.entries=64 -o bar.png
plot --x gen.window --y vtd0.hits --by gen.pattern --where vtd.iotlb.entries=64 --type grouped -o grouped.pdf
plot --x gen.window --y vtd0.hit_rate --by vtd.iotlb.entries --where gen.pattern=uniform --type heat -o heat.svg
plot --x gen.window --y vtd0.misses --by vtd.iotlb.entries --where gen.pattern=uniform --log xy -o log.svg --title 'a "title" \n with _marks_'
for f in line scatter cdf heat log; do grep -q '</svg>' $f.svg; done
[ "$(head -c 8 bar.png | tail -c 3)" = PNG ] || [ "$(head -c 4 bar.png | tail -c 3)" = PNG ]
[ "$(head -c 4 grouped.pdf)" = %PDF ]
grep -q 'a "title" \\n with _marks_\|a &quot;title&quot; \\n with _marks_' log.svg
cp line.svg first.svg
gnuplot line.gp
cmp line.svg first.svg

# rows with their unit; ratios end at 1, ticks that would overlap are left out, large counts are in millions, short error bars keep their ends
grep -q '^set ylabel "vtd.iotlb.entries (entries)"' heat.gp
plot --x gen.window --y vtd0.hit_rate --by vtd.iotlb.entries --where gen.pattern=uniform --log none -o near.svg
grep -q '^set yrange \[0:1.02\]' near.gp && grep -q '^set xtics ("64K" 65536, "1M" 1048576, "4M" 4194304)' near.gp
[ "$(grep -c '90 fixed lw' near.gp)" = 2 ]
printf 'config: {gen: {count: 20000}}\naxes:\n  - vtd.walkers: [1, 2]\n' >bytes.yaml
status 0 "$bin" sweep bytes.yaml --out bytes.db
status 0 "$bin" plot bytes.db --x vtd.walkers --y memory.bytes -o bytes.svg
grep -q '^set ylabel "memory.bytes (10^6 bytes)"' bytes.gp && grep -q '^set xtics 1$' bytes.gp
sqlite3 bytes.db "SELECT printf('%.10g', value / 1e6) FROM statistics WHERE name = 'memory.bytes' ORDER BY point" >want
awk '/^[0-9]/ { print $3 }' bytes.dat | cmp - want

# an axis that a condition leaves out: those runs have no place on x; runs of different bases are not averaged
printf 'config: {gen: {count: 500}}\naxes:\n  - vtd.iotlb.entries: [16, 64]\n  - vtd.walkers: [1, 4]\n    when: vtd.iotlb.entries > 16\n' >cond.yaml
status 0 "$bin" sweep cond.yaml --out cond.db
status 0 "$bin" plot cond.db --x vtd.walkers --y vtd0.hits --by vtd.iotlb.entries -o cond.svg
[ "$(grep -cv '^#\|^$' cond.dat)" = 2 ] && grep -q '1 runs without a value left out' cond.gp
sed 's/500/600/' cond.yaml >other.yaml
status 0 "$bin" sweep other.yaml --out other.db
status 0 "$bin" merge cond.db other.db -o both.db
grep -q 'other.db is of another sweep' err
status 2 "$bin" plot both.db --x vtd.walkers --y vtd0.hits --by vtd.iotlb.entries -o both.svg
grep -q 'two runs have the same axis values and seed' err

# paths are words: bars, without being told
printf 'axes:\n  - trace.file: [%s, ./%s]\n' e.iot e.iot >files.yaml
status 0 "$bin" trace gen --set count=50 -o e.iot
status 0 "$bin" sweep files.yaml --out files.db
[ "$(sqlite3 files.db "SELECT type FROM keys WHERE key = 'trace.file'")" = text ]
status 0 "$bin" plot files.db --x trace.file --y vtd0.hits -o files.svg
grep -q 'with boxes' files.gp

# a full disk; no gnuplot
status 3 env PATH=/nonexistent "$bin" plot r.db --x gen.window --y vtd0.hits --by vtd.iotlb.entries --where gen.pattern=uniform -o no.svg
grep -q 'gnuplot is not installed' err && [ -s no.gp ] && [ -s no.dat ]
ln -s /dev/full full.dat
status 3 "$bin" plot r.db --x gen.window --y vtd0.hits --by vtd.iotlb.entries --where gen.pattern=uniform -o full.svg
grep -q 'full.dat: No space left' err

# texts of a database are data: no command, no markup, no way past a buffer
cp r.db evil.db
sqlite3 evil.db "UPDATE names SET doc = 'a \`touch evil_ran\` it''s' WHERE name = 'vtd0.hits'; UPDATE traces SET hash = '<script>';
	INSERT OR REPLACE INTO meta VALUES('points', '<script>'); INSERT INTO traces VALUES('<script>x', 'p', '<script>')"
status 0 "$bin" plot evil.db --x gen.window --y vtd0.hits --by gen.pattern --where vtd.iotlb.entries=64 -o evil.svg
[ ! -e evil_ran ]
grep -q "^set title 'vtd0.hits: a \`touch evil_ran\` it''s'" evil.gp
status 0 "$bin" report r.db --y vtd0.hits -o want.html
status 0 "$bin" report evil.db --y vtd0.hits -o evil.html
grep -q '&lt;script' evil.html && [ "$(grep -c '<script>' evil.html)" = "$(grep -c '<script>' want.html)" ]
status 2 "$bin" plot r.db --x gen.window --y "vtd0.hits/$(printf '%0400d' 1).p99" -o bad.svg
# a table that was replaced, a trigger
cp r.db view.db
sqlite3 view.db "ALTER TABLE names RENAME TO n; CREATE VIEW names AS SELECT * FROM n"
status 2 "$bin" plot view.db --list
grep -q 'damaged, or changed by another program: ' err
cp r.db trigger.db
sqlite3 trigger.db "CREATE TRIGGER t AFTER INSERT ON runs BEGIN SELECT 1; END"
status 2 "$bin" plot trigger.db --list
grep -q 'has a trigger' err
