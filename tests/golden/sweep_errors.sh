#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Wrong sweep files and options: one sentence with file:line:col, the nearest name, status 2.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
top=$PWD
cd "$tmp"
bad() { # the exact message (without "iommusim: "), the sweep file
	local st=0
	printf '%s\n' "$2" >s.yaml
	"$bin" sweep s.yaml --list >out 2>err || st=$?
	[ $st = 2 ] && [ "$(cat err)" = "iommusim: s.yaml$1" ] || { printf 'status %s, expected 2 and "s.yaml%s"\n' $st "$1"; cat err; exit 1; }
}
bad ':1:8: vtd.iotlb.entires: unknown key; did you mean iotlb.entries?' 'axes: {vtd.iotlb.entires: [1, 2]}'
bad ':1:8: memory: a group of keys, not a key' 'axes: {memory: 5}'
bad ':1:31: vtd.iotlb.entries: '"'two'"' is not a whole number, decimal or 0x hexadecimal' 'axes: {vtd.iotlb.entries: [1, two]}'
bad ':1:31: vtd.iotlb.entries: the value 1 appears twice' 'axes: {vtd.iotlb.entries: [1, 1]}'
bad ':1:23: vtd.walkers: 99999999 is above the maximum 4096' 'axes: {vtd.walkers: [ 99999999]}'
bad ':1:27: vtd.iotlb.entries: the list of values is empty' 'axes: {vtd.iotlb.entries: []}'
bad ':1:27: vtd.iotlb.entries: the range ends below its start' 'axes: {vtd.iotlb.entries: {from: 4, to: 2, step: 1}}'
bad ':1:37: vtd.iotlb.entries: too is not part of a range; did you mean to?' 'axes: {vtd.iotlb.entries: {from: 4, too: 2, step: 1}}'
bad ':1:27: vtd.iotlb.entries: a range needs from, to, and step, factor or points' 'axes: {vtd.iotlb.entries: {from: 4, to: 8}}'
bad ':1:53: vtd.iotlb.entries: a range has one of step, factor and points' 'axes: {vtd.iotlb.entries: {from: 4, to: 8, step: 1, factor: 2}}'
bad ':1:27: vtd.iotlb.entries: a logarithmic range starts above 0' 'axes: {vtd.iotlb.entries: {from: 0, to: 8, factor: 2}}'
bad ':1:67: vtd.iotlb.entries: points: from 2 to 100000' 'axes: {vtd.iotlb.entries:                {from: 1, to: 8, points: 2.5}}'
bad ':1:19: gen.count: a range ends at 2^53 at most: give a list' 'axes: {gen.count: {from: 1, to: 0xffffffffffffffff, points: 3}}'
bad ':1:34: vtd.iotlb.entries: the value 2 appears twice' 'axes: {vtd.iotlb.entries: [3, 2, 02, 3]}'
bad ': more than 4000000 combinations of values, with those that when: leaves out' \
	$'axes:\n  - gen.count: {from: 1, to: 2001, step: 1}\n  - gen.window: {from: 1M, to: 3M, step: 1K}\nwhen: gen.count < 1'
bad ':1:26: vtd.iotlb.policy: not a number: give a list of values' 'axes: {vtd.iotlb.policy: {from: 1, to: 2, step: 1}}'
bad ':1:8: seed: not an axis; repeats over seeds are "seeds:" at the top of the file' 'axes: {seed: [1, 2]}'
bad ':1:1: axis: not a key of a sweep; did you mean axes?' 'axis: {vtd.walkers: [1]}'
bad ':2:39: zip: vtd.walkers has 2 values, vtd.iotlb.entries has 3' $'axes:\n  - zip: {vtd.iotlb.entries: [1,2,3], vtd.walkers: [1,2]}'
bad ':3:5: vtd.walkers: already an axis at line 2' $'axes:\n  - vtd.walkers: [1]\n  - vtd.walkers: [2]'
bad ':3:7: when: vtd.wakers is not an axis before this; did you mean vtd.walkers?' $'axes:\n  - vtd.walkers: [1, 2]\nwhen: vtd.wakers > 1'
bad ':3:7: when: "vtd.walkers ~ 1": expected KEY OP VALUE with one of == != <= >= < >' $'axes:\n  - vtd.walkers: [1, 2]\nwhen: vtd.walkers ~ 1'
bad ':3:7: when: gen.pattern has no order; use == or !=' $'axes:\n  - gen.pattern: [uniform]\nwhen: gen.pattern > uniform'
bad ': no point is left: when: holds for none' $'axes:\n  - vtd.walkers: [1, 2]\nwhen: vtd.walkers > 2'
bad ':1:24: memory.latency: 5 has no unit; expected a time such as "287 ns" or "1.5 us" (ps, ns, us, ms, s, min)' 'axes: {memory.latency: 5}'
bad ':1:16: gen.cuont: unknown key; did you mean count?' 'config: {gen: {cuont: 5}}'
bad ':1:7: base: none.yaml: No such file or directory' 'base: none.yaml'
bad ':1:8: seeds: from 1 to 1000000 of them' 'seeds: 0'
bad ':1:12: seeds: 7 appears twice' 'seeds: [7, 7]'
bad ':1:18: seeds: 5 appears twice' 'seeds: [7, 5, 9, 5, 7]'
bad ':1:9: verify: maybe: expected true or false' 'verify: maybe'
# the example of the document; includes; an axis of traces
sed -n '/^```yaml/,/^```/p' "$top/docs/sweeps.md" | sed '/^```/d; s#../../configs#'"$top"'/configs#' >doc.yaml
"$bin" sweep doc.yaml --list >out
[ "$(wc -l <out)" = $((2 * 8 * 6 * 8 * 3 * 5)) ] || { head -n 3 out; wc -l out; exit 1; }
printf 'axes: {vtd.walkers: [1, 2]}\nseeds: 2\n' >part.yaml
printf 'include: part.yaml\nseeds: 1\naxes: {trace.file: [a.iot, b.iot]}\n' >whole.yaml
[ "$("$bin" sweep whole.yaml --list | tail -n 1)" = '3: vtd.walkers=2, trace.file=b.iot, seed 1' ]
use() { # part of the message, arguments
	local st=0 text=$1
	shift
	"$bin" "$@" >out 2>err || st=$?
	[ $st = 2 ] && grep -qF -- "$text" err || { printf '%s: status %s, expected 2 and "%s"\n' "$*" $st "$text"; cat err; exit 1; }
}
echo 'axes: {vtd.walkers: [1, 2]}' >ok.yaml
use 'no sweep file given' sweep --out x.db
use '--out R.db is missing' sweep ok.yaml
use 'expected I/N' sweep ok.yaml --out x.db --shard 3/2
use 'expected I/N' sweep ok.yaml --out x.db --shard 0/2
use '-j 0' sweep ok.yaml --out x.db -j 0
use 'unknown option --reume' sweep ok.yaml --reume
use 'none/x.db: No such file' sweep ok.yaml --out none/x.db
echo 'config: {trace: {file: none.iot}}' >trace.yaml
use 'none.iot: No such file' sweep trace.yaml --out x.db
echo hello >text.db
use 'already exists' sweep ok.yaml --out text.db
use 'file is not a database' sweep ok.yaml --out text.db --resume
"$bin" sweep ok.yaml --out damaged.db >out 2>err || [ -s damaged.db ] # what its points say does not matter
printf '\377' | dd of=damaged.db bs=1 seek=68 conv=notrunc status=none # its id is negative
use 'damaged.db: not a result database' sweep ok.yaml --out damaged.db --resume
use 'none.db: No such file' merge none.db -o x.db
use '-o R.db is missing' merge text.db
[ ! -e x.db ]
