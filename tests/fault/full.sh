#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every output of every command on a full disk: standard output is /dev/full, files may grow to 0, 4, 32 KiB and no further (RLIMIT_FSIZE). Status 3 with a
# sentence, and no file is left (but data and script of a picture that gnuplot could not write); or everything fitted. A sweep's database may stay: what is finished is in it.
#   full.sh BIN
set -u
bin=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
tests=0 bad=0
complain() { echo "full: $*" >&2; bad=1; }
cat > "$tmp/c.yaml" <<'END'
units: [{name: vtd0, arch: vtd, iotlb: {entries: 16}}]
gen: {count: 2000}
END
cat > "$tmp/s.yaml" <<END
base: $tmp/c.yaml
axes:
  - vtd.iotlb.entries: [8, 16]
END
to_stdout() { # command...: prints
	local st=0
	"$bin" "$@" > /dev/full 2> "$tmp/err" || st=$?
	tests=$((tests + 1))
	[ $st = 3 ] || complain "$*: status $st with standard output full"
	grep -q '^iommusim: ' "$tmp/err" || complain "$*: no sentence with standard output full"
}
to_file() { # command...: writes @OUT
	local st kib
	rm -rf "$tmp/whole" && mkdir "$tmp/whole"
	(cd "$tmp/whole" && exec "$bin" "${@//@OUT/$tmp/whole/out}") > /dev/null 2>&1
	for kib in 0 4 32; do
		rm -rf "$tmp/w" && mkdir "$tmp/w" "$tmp/w/d"
		st=0
		(trap '' XFSZ && ulimit -f $kib && cd "$tmp/w/d" && exec "$bin" "${@//@OUT/$tmp/w/d/out}") > /dev/null 2> /dev/full || st=$?
		tests=$((tests + 1))
		case $st in
		0 | 1) [ "$1" = sweep ] || diff -rq "$tmp/w/d" "$tmp/whole" > /dev/null || complain "$*, $kib KiB: status $st, but not the whole result" ;;
		3) [ -z "$(find "$tmp/w/d" -type f ! -name out.gp ! -name out.dat)" ] || [ "$1" = sweep ] || complain "$*, $kib KiB: left $(cd "$tmp/w/d" && find . -type f)" ;;
		*) complain "$*, $kib KiB: status $st" ;;
		esac
		[ $kib = 0 ] && [ $st != 3 ] && complain "$*: status $st though nothing can be written"
	done
}
t=$PWD/tests/data
to_stdout run "$tmp/c.yaml"
to_stdout run "$tmp/c.yaml" --dump-config
to_stdout check traces/ordering-demo.iot
for f in json sarif tap; do to_stdout check traces/ordering-demo.iot --format $f; done
to_stdout check --list
to_stdout walk "$t/walk/vtd-edu.snap4.idx" --list
to_stdout walk "$t/walk/vtd-edu.snap4.idx"
for o in '' --list '--iova 0x5000 --rid 0x20' "--query $t/walk/vtd-4711-w00.cases.gz"; do
	# shellcheck disable=SC2086
	to_stdout walk "$t/walk/vtd-4711-w00.idx" --format json $o
done
to_stdout decode vtd inv 00000000000500f2 0000000000100042
to_stdout import qemu "$t/import/edu.log.zst" --image "$t/import/edu.snap1.idx" --summary /dev/null
to_stdout trace convert traces/example.iot -o -
to_stdout import ftrace "$t/import/ftrace-vtd.txt" --summary /dev/null
for c in cat info; do to_stdout trace $c traces/example.iot; done
to_stdout params
to_stdout sweep "$tmp/s.yaml" --list
to_stdout faults configs/faults-vtd.yaml
for x in json csv txt; do to_file run "$tmp/c.yaml" --stats @OUT.$x; done
for x in iotl json vcd; do to_file run "$tmp/c.yaml" --timeline @OUT.$x; done
"$bin" run "$tmp/c.yaml" --timeline "$tmp/r.iotl" > /dev/null || complain "run --timeline"
for x in json vcd; do to_file timeline "$tmp/r.iotl" -o @OUT.$x; done
to_file run "$tmp/c.yaml" --epochs 1us --epochs-out @OUT.csv
to_file run "$tmp/c.yaml" -o @OUT
for x in iot iotb; do
	to_file import qemu "$t/import/edu.log.zst" --image "$t/import/edu.snap1.idx" -o @OUT.$x --summary /dev/null
	to_file trace convert "$PWD/traces/vtd-edu.iotb" -o @OUT.$x
done
to_file import ftrace "$t/import/ftrace-vtd.txt" -o @OUT.iotb --summary /dev/null
to_file trace cut "$PWD/traces/vtd-edu.iotb" --from 100 --to 300 -o @OUT.iotb
to_file trace gen --workload nic --set count=50 -o @OUT.iotb
to_file trace lift "$PWD/traces/vtd-edu.iotb" -o @OUT.iotb
to_file sweep "$tmp/s.yaml" --out @OUT.db
"$bin" sweep "$tmp/s.yaml" --out "$tmp/r.db" > /dev/null 2>&1 || complain "sweep"
to_file merge "$tmp/r.db" "$tmp/r.db" -o @OUT.db
to_file report "$tmp/r.db" -o @OUT.html
to_stdout plot "$tmp/r.db" --list
command -v gnuplot > /dev/null && to_file plot "$tmp/r.db" --x vtd.iotlb.entries --y vtd0.hit_rate -o @OUT.svg

# A page that takes a table keeps its old text if the new one does not fit.
mkdir "$tmp/v" && echo 'VAL-01 | undone | - | - | something | somewhere | the reason' > "$tmp/v/targets.txt"
{ yes 'a line of the page' | head -n 3000; echo '<!-- validate: begin -->'; echo '<!-- validate: end -->'; } > "$tmp/v/page.md"
cp "$tmp/v/page.md" "$tmp/v/before.md"
(trap '' XFSZ && ulimit -f 16 && exec "$bin" validate "$tmp/v" --out "$tmp/v/out" --doc "$tmp/v/page.md") > /dev/null 2> "$tmp/err"
st=$? tests=$((tests + 1))
[ $st = 3 ] || complain "validate --doc: status $st, $(head -1 "$tmp/err")"
cmp -s "$tmp/v/page.md" "$tmp/v/before.md" || complain "validate --doc: the page was changed"
echo "$tests outputs made to fail"
exit $bad
