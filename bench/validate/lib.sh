# SPDX-License-Identifier: Apache-2.0
# lib.sh - sourced by the experiments of `iommusim validate`: their arguments, one run, its statistics, one line of result.
set -eu
quick=
[ "${1-}" != --quick ] || { quick=--quick; shift; }
if [ $# != 2 ]; then
	echo "usage: $0 [--quick] BUILD OUTDIR" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$1 out=$2
bin=$build/iommusim
mkdir -p "$out"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
count=100000 seeds='1 2 3'
[ ! "$quick" ] || { count=20000; seeds=1; }

# run CONFIG [option]...: the sums over the seeds stay for stat.
run() {
	local seed config=$1
	shift
	: >"$tmp/rows"
	for seed in $seeds; do
		"$bin" run "$config" --seed "$seed" "$@" --stats "$tmp/s.csv" >"$tmp/run.out" 2>&1 || { cat "$tmp/run.out" >&2; exit 3; }
		cat "$tmp/s.csv" >>"$tmp/rows"
	done
}
# stat EXPRESSION: of statistics in brackets, summed over the seeds: stat '[vtd0.walk_reads] / [vtd0.walks]'
stat() {
	local awk_text
	# shellcheck disable=SC2001
	awk_text=$(echo "$1" | sed 's/\[\([^]]*\)\]/g("\1")/g')
	awk -F, 'function g(k) { if (!(k in at)) { print "no statistic " k >"/dev/stderr"; exit 3 } return sum[at[k]] + 0 }
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		NR % 2 == 0 { for (i = 1; i <= NF; i++) sum[i] += $i }
		END { printf "%.6g\n", '"$awk_text"' }' "$tmp/rows"
}
calc() { awk "BEGIN { printf \"%.6g\\n\", $1 }"; }
# row ID WHAT PUBLISHED OURS BAND
row() { echo "$1|$2|$3|$4|$5"; }
