#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every command with its Nth allocation failing: status 3 with a sentence that says so, or the same result as without (the allocation was one that
# can be done without); never a crash, a wrong status or a half-written file.
#   alloc.sh BIN LIBRARY [all]     LIBRARY: failalloc.c built; all: every N until no allocation fails; without: about 20 of them for each command
set -u
bin=$1 lib=$2 all=${3:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tests=0 failures=0 bad=0
complain() { echo "alloc: $*" >&2; bad=1; }
whole() { [ -z "$(cd "$tmp/w" && find . -type f ! -exec cmp -s {} "$tmp/good/{}" ';' -print)" ]; } # is every file that is there as it should be
# one NAME COMMAND...: @OUT is the file it writes, if any, without its ending.
one() {
	local name=$1 n=1 st ok step=1
	shift
	rm -rf "$tmp/w" && mkdir "$tmp/w"
	"$bin" "${@//@OUT/$tmp/w/out}" > "$tmp/good.out" 2> "$tmp/good.err"
	ok=$?
	[ $ok -lt 2 ] || complain "$name: status $ok: $(head -c 200 "$tmp/good.err")"
	rm -rf "$tmp/good" && mv "$tmp/w" "$tmp/good"
	[[ "$*" != *@OUT* ]] || [ -n "$(find "$tmp/good" -type f -size +0)" ] || complain "$name: wrote nothing"
	while :; do
		rm -rf "$tmp/w" "$tmp/failed" && mkdir "$tmp/w"
		FAIL_ALLOC=$n FAIL_ALLOC_FILE=$tmp/failed timeout 60 env LD_PRELOAD="$lib" "$bin" "${@//@OUT/$tmp/w/out}" > "$tmp/out" 2> "$tmp/err"
		st=$?
		[ -e "$tmp/failed" ] || break
		tests=$((tests + 1))
		if [ $st = 3 ]; then
			failures=$((failures + 1))
			grep -q '^iommusim: .\|memory' "$tmp/err" || complain "$name, allocation $n: status 3, but: $(head -c 200 "$tmp/err")"
			whole || complain "$name, allocation $n: left $(ls -A "$tmp/w")"
		elif [ $st = $ok ]; then
			same || complain "$name, allocation $n: status $st, but the result is another"
		else
			complain "$name, allocation $n: status $st: $(head -c 200 "$tmp/err")"
		fi
		[ -n "$all" ] || step=$((1 + n / 5))
		n=$((n + step))
	done
	echo "$name: $((n - step)) tried last"
}
same() { diff -r "$tmp/w" "$tmp/good" > "$tmp/diff" && cmp -s "$tmp/out" "$tmp/good.out"; }
cat > "$tmp/c.yaml" <<'END'
units: [{name: vtd0, arch: vtd, iotlb: {entries: 16}}]
gen: {count: 40}
END
"$bin" trace convert traces/amdvi-edu.iotb -o - | sed -n 1,400p > "$tmp/amd.iot"
"$bin" trace convert traces/smmuv3-edu.iotb -o - | sed -n 1,400p > "$tmp/smmu.iot"
one run run "$tmp/c.yaml" --stats @OUT.json
one run-timeline run "$tmp/c.yaml" --timeline @OUT.json
one run-record run "$tmp/c.yaml" --timeline @OUT.iotl
"$bin" run "$tmp/c.yaml" --timeline "$tmp/r.iotl" > /dev/null || complain "run --timeline"
one timeline timeline "$tmp/r.iotl" -o @OUT.json
"$bin" trace convert traces/vtd-edu.iotb -o - | sed -n 1,2000p > "$tmp/vtd.iot"
for a in vtd smmu amd; do
	c=configs/captures/$(sed 's/smmu/smmuv3/; s/amd/amdvi/' <<< $a).yaml
	one run-verify-$a run "$c" --trace "$tmp/$a.iot" --verify
	one run-checked-$a run "$c" --trace "$tmp/$a.iot" --oracle --check
	one run-shadow-$a run "$c" --set gen.count=30 --set software.hypervisor=shadow
done
one run-nested run configs/captures/amdvi.yaml --set gen.count=30 --set software.hypervisor=nested-hw
one check check traces/ordering-demo.iot
one check-store check "$tmp/smmu.iot"
one walk walk tests/data/walk/vtd-edu.snap4.idx --list
one walk-query walk tests/data/walk/vtd-edu.snap4.idx --query tests/data/walk/vtd-edu.snap4.maps.gz
one import import qemu tests/data/import/edu.log.zst --image tests/data/import/edu.snap1.idx -o @OUT.iot --summary /dev/null
one decode decode vtd inv 00000000000500f2 0000000000100042
one trace trace convert traces/example.iot -o @OUT.iotb
one trace-binary trace convert traces/vtd-edu.iotb -o @OUT.iot
one trace-info trace info traces/vtd-edu.iotb
one trace-cat trace cat traces/example.iot
one trace-cut trace cut traces/vtd-edu.iotb --from 100 --to 300 -o @OUT.iotb
one trace-gen trace gen --workload nic --set count=50 -o @OUT.iot
one trace-lift trace lift "$tmp/amd.iot" -o @OUT.iot
one import-ftrace import ftrace tests/data/import/ftrace-vtd.txt -o @OUT.iot --summary /dev/null
for f in json sarif tap; do one check-$f check traces/ordering-demo.iot --format $f; done
small=tests/data/walk/vtd-4711-w00
one walk-json walk $small.idx --list --format json
one walk-query-json walk $small.idx --query $small.cases.gz --format json
one walk-one-json walk $small.idx --iova 0x5000 --rid 0x20 --format json
one walk-requesters-json walk $small.idx --format json
one dump-config run "$tmp/c.yaml" --dump-config
one epochs run "$tmp/c.yaml" --epochs 1us --epochs-out @OUT.csv
one faults faults configs/faults-vtd.yaml
for f in amdvi smmuv3 smmuv3-stall; do one faults-$f faults configs/faults-$f.yaml --set page_faults.devices=2 --set page_faults.dmas=8; done
one params params
printf 'base: %s\naxes: {vtd.iotlb.entries: [8, 16]}\n' "$tmp/c.yaml" > "$tmp/s.yaml"
"$bin" sweep "$tmp/s.yaml" --out "$tmp/a.db" -j 1 > /dev/null || complain sweep
one sweep-list sweep "$tmp/s.yaml" --list
one merge merge "$tmp/a.db" "$tmp/a.db" -o @OUT.db
one report report "$tmp/a.db" -o @OUT.html
[ -z "$(command -v gnuplot)" ] || one plot plot "$tmp/a.db" --x vtd.iotlb.entries --y vtd0.hit_rate -o @OUT.svg
one plot-list plot "$tmp/a.db" --list
mkdir "$tmp/v"
echo 'T-1 | prediction | one | 2 % | first | a book |' > "$tmp/v/targets.txt"
echo 'echo "T-1|x|100|101|+-2 %"' > "$tmp/v/one.sh"
one validate validate "$tmp/v" -o @OUT
echo "$tests allocations failed, $failures of them ended the command"
exit $bad
