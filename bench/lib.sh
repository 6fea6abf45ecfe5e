# SPDX-License-Identifier: Apache-2.0
# lib.sh - sourced by the measurements bench/*/run.sh: their arguments [--quick] [BUILD [OUTDIR]]. Set before: program (what is run, below
# BUILD), name (OUTDIR is out/NAME unless given). Set by it: quick ("--quick" or nothing), here (the folder of run.sh), root, build, out (made), bench (the program).
set -eu
quick=
[ "${1-}" != --quick ] || { quick=--quick; shift; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${1:-$root/build}
out=${2:-$root/out/$name}
bench=$build/$program
if [ ! -x "$bench" ]; then
	echo "run.sh: no $bench; usage: bench/${here##*/}/run.sh [--quick] [BUILD [OUTDIR]]" >&2
	exit 2
fi
mkdir -p "$out"
shift $(($# < 2 ? $# : 2))
