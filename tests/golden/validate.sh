#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `iommusim validate`: the judgement of every form of band on figures chosen by hand, errors, the marks in a page, and one real experiment.
set -eu
bin=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/d"
cat >"$tmp/d/targets.txt" <<'T'
# a comment
T-1 | prediction | one | 2 % | first | a book |
T-2 | input | one | input | second | a book | set by hand
T-3 | undone | - | 1 % | third | a book | nobody knows how
T-4 | law | two | exact | fourth | arithmetic |
T
judge() { # EXIT VERDICT PUBLISHED OURS BAND
	local st=0
	printf 'T-1|x|%s|%s|%s\nT-2|y|1|2|input\n' "$3" "$4" "$5" >"$tmp/lines"
	echo "cat $tmp/lines" >"$tmp/d/one.sh"
	"$bin" validate --only T-1 -o "$tmp/o" "$tmp/d" >"$tmp/out" 2>"$tmp/err" || st=$?
	[ $st = "$1" ] || { echo "$*: status $st"; cat "$tmp/out" "$tmp/err"; exit 1; }
	grep -q "^T-1,\"x\",.*,$2\$" "$tmp/o/validate.csv" || { echo "$*:"; cat "$tmp/o/validate.csv"; exit 1; }
}
judge 0 pass 100 102 '+-2 %'
judge 1 FAIL 100 102.1 '+-2 %'
judge 1 FAIL 100 97.9 '+-2 %'
judge 0 pass 100 98 '+-2 %'
judge 0 pass 0 5 '+-5'
judge 1 FAIL 0 -5.1 '+-5'
judge 0 pass 'about 2' 1.9 '1.9 to 2.2'
judge 1 FAIL 'about 2' 2.21 '1.9 to 2.2'
judge 1 FAIL 'about 2' 1.89 '1.9 to 2.2'
judge 0 pass '8 times' 8 '>= 8'
judge 1 FAIL '8 times' 7.99 '>= 8'
judge 0 pass - 2 '<= 2'
judge 1 FAIL - 2.01 '<= 2'
judge 0 pass 24 24.0 exact
judge 1 FAIL 24 24.0001 exact
judge 0 pass yes yes exact
judge 1 FAIL yes no exact
bad() { # STATUS MESSAGE: of one.sh as it is
	local st=0
	"$bin" validate --only T-1 -o "$tmp/o" "$tmp/d" >"$tmp/out" 2>"$tmp/err" || st=$?
	[ $st = "$1" ] && grep -qF "$2" "$tmp/err" || { echo "status $st, expected $1 and: $2"; cat "$tmp/err"; exit 1; }
}
echo 'echo "T-1|x|1|1|about 2"' >"$tmp/d/one.sh"
bad 2 'one.rows:1:1: T-1, x: cannot judge "1" by the band "about 2"'
echo 'echo "T-1|x|1|nan|exact"' >"$tmp/d/one.sh" # not a number, so a word that differs
bad 1 'validate: one'
echo 'echo "T-9|x|1|1|exact"' >"$tmp/d/one.sh"
bad 2 'one.rows:1:1: T-9 is not in'
echo 'echo "T-1|x|1|1"' >"$tmp/d/one.sh"
bad 2 'one.rows:1:1: expected 5 fields: id|what|published|ours|band'
echo 'exit 3' >"$tmp/d/one.sh"
bad 3 'one.sh: status 3, see'
echo 'true' >"$tmp/d/one.sh" # it runs, and measures nothing of its target
bad 3 'validate: one'
st=0
"$bin" validate --only T-1,T-8 "$tmp/d" 2>"$tmp/err" || st=$?
[ $st = 2 ] && grep -q 'no target T-8' "$tmp/err"
st=0
echo 'T-5 | guess | one | x | y | z |' >>"$tmp/d/targets.txt"
"$bin" validate "$tmp/d" 2>"$tmp/err" || st=$?
[ $st = 2 ] && grep -q 'targets.txt:6:1: role "guess": expected prediction' "$tmp/err"
sed -i '$d' "$tmp/d/targets.txt"

# the page: what stands between the marks is replaced, the rest stays; inputs, predictions and what is not done are apart
printf 'echo "T-1|x|100|103|+-2 %%"; echo "T-2|y|1|1|input"\n' >"$tmp/d/one.sh"
echo 'echo "T-4|z|5|5|exact"; exit 1' >"$tmp/d/two.sh"
printf 'before\n<!-- validate: begin -->\nold\n<!-- validate: end -->\nbehind\n' >"$tmp/p.md"
st=0
"$bin" validate -o "$tmp/o" --doc "$tmp/p.md" "$tmp/d" >"$tmp/out" 2>/dev/null || st=$?
[ $st = 1 ]
head -n 2 "$tmp/p.md" | grep -q before && tail -n 1 "$tmp/p.md" | grep -q behind
! grep -q '^old' "$tmp/p.md"
for line in '1 targets hold, 1 fail, 0 were not run, 1 are not done, 1 are inputs without a check.' '| T-1 | first | a book | 2 % | 0 of 1 | x: 100, ours 103 | FAIL |' \
	'| T-2 | second | a book | input | 0 of 0 |  | input |' '| T-3 | third | a book | nobody knows how |' '| T-4 | fourth | arithmetic | exact | 1 of 1 | z: 5, ours 5 | pass |' \
	'- T-2: set by hand'; do
	grep -qxF -- "$line" "$tmp/p.md" || { echo "missing: $line"; cat "$tmp/p.md"; exit 1; }
done

# a real one, and every target of the shipped list names an experiment that is there
"$bin" validate --quick --only VAL-13,VAL-15 -o "$tmp/real" bench/validate >"$tmp/out" 2>&1 || { cat "$tmp/out" "$tmp/real/"*.log; exit 1; }
grep -q '^VAL-13   pass        5 of 5' "$tmp/out"
"$bin" validate --list bench/validate | awk '{ if ($2 != "undone") print $3 }' | sort -u | while read -r e; do [ -f "bench/validate/$e.sh" ] || { echo "no $e.sh"; exit 1; }; done
[ "$("$bin" validate --list bench/validate | wc -l)" = 57 ]
