#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Mutation check of the rules of cache matching and ordering: do the tests notice when a rule is broken?
#   tools/mutate.sh [FOLDER] [PATTERN]     FOLDER (default build-mutate): a copy of the tree and its build; PATTERN: only mutations whose name matches
# All mutations of tools/mutations.txt go into the copy at once, each switched on by its number in the environment variable MUTANT, so that one
# build serves all. Then every rule of the ordering checker is silenced in turn (named by its id). Prints a line for each: killed, with the
# first test that failed, SURVIVED, if the tests named in the list all pass, or same, if the list says that nothing can be seen; then the count.
# Exit status: 0 all killed, 1 some survived, 3 it could not be tried.
set -u
case ${1:-} in -*) sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2 ;; esac
cd "$(dirname "$0")/.." || exit 3
dir=$(realpath -m "${1:-build-mutate}")
want=${2:-.}
src=$dir/src
die() { echo "mutate: $*" >&2; exit 3; }

name=() from=() around=() to=() file=() tests=() why=()
read_list() {
	local line f='' t='' text
	while IFS= read -r line; do
		text=${line:2} text=${text//\\n/$'\n'} text=${text//\\t/$'\t'}
		case $line in
		'#'* | '') ;;
		'tests '*) t=${line#tests } ;;
		'file '*) f=${line#file } ;;
		'- '*) from[-1]=$text around[-1]=$text ;;
		'@ '*) around[-1]=$text ;;
		'+ '*) to[-1]=$text ;;
		'= '*) why[-1]=$text ;;
		*' | '*) name+=("${line%% | *}") from+=('') around+=('') to+=('') why+=('') file+=("$f") tests+=("$t") ;;
		*) die "mutations.txt: found \"$line\", expected a line as its head describes" ;;
		esac
	done < tools/mutations.txt
}
count() { # occurrences of $2 in $1
	local rest=${1//"$2"/}
	echo $(((${#1} - ${#rest}) / ${#2}))
}
# Number $1 goes into its file of the copy, beside those that are there.
put() {
	local i=$1 now original both there
	original=$(< "${file[i]}") now=$(< "$src/${file[i]}")
	[ "$(count "$original" "${around[i]}")" = 1 ] || die "${name[i]}: does not occur exactly once in ${file[i]}"
	[ "$(count "$now" "${around[i]}")" -gt 0 ] || die "${name[i]}: overlaps with another mutation"
	if [[ ${from[i]} == *\; ]]; then
		both="do { if (mutant() == $i) { ${to[i]} } else { ${from[i]} } } while (0);"
	else
		both="(mutant() == $i ? (${to[i]}) : (${from[i]}))"
	fi
	there=${around[i]/"${from[i]}"/"$both"}
	printf '%s\n' "${now//"${around[i]}"/"$there"}" > "$src/${file[i]}"
}
build() {
	local i
	src=$dir/new
	rm -rf "$src" && mkdir -p "$src" "$dir/src" || die "cannot write $dir"
	git ls-files -z | xargs -0 cp --parents -t "$src" || die "cannot copy the tree"
	cat > "$src/mutant.h" <<-'END'
		#include <stdlib.h>
		static __attribute__((unused)) int mutant_number = -2;
		static inline __attribute__((unused)) int mutant(void)
		{
			if (mutant_number == -2)
				mutant_number = getenv("MUTANT") ? atoi(getenv("MUTANT")) : -1;
			return mutant_number;
		}
	END
	# Longer texts first: a shorter one may stand inside.
	for i in $(for i in "${!from[@]}"; do echo "${#from[i]} $i"; done | sort -k1,1nr -k2n | cut -d' ' -f2); do
		put "$i"
	done
	perl -0pi -e 's{(\nvoid ord_emit.*?\n\{\n)}{$1\tfor (unsigned i = 0; i < f->n_also;)\n\t\tif (mutant() == 1000 + (int)f->also[i])\n\t\t\tf->also[i] = f->also[--f->n_also];\n\t\telse\n\t\t\ti++;\n\tif (mutant() == 1000 + (int)f->rule) {\n\t\tif (!f->n_also)\n\t\t\treturn;\n\t\tf->rule = f->also[--f->n_also];\n\t}\n}s' "$src/sim/check/ord_eng.c"
	grep -q "1000 + (int)f->rule" "$src/sim/check/ord_eng.c" || die "ord_emit() is not as it was"
	(cd "$src" && find . -type f -print0) | while IFS= read -r -d '' f; do # only what changed, so that the build goes on from the last one
		cmp -s "$src/$f" "$dir/src/$f" || install -D "$src/$f" "$dir/src/$f" || exit 3
	done || die "cannot write $dir/src"
	src=$dir/src
	cmake -S "$src" -B "$dir/b" -G Ninja -DIOMMUSIM_SYSTEMC=OFF -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-O1 -w -include $src/mutant.h" \
		${CMAKE_C_COMPILER_LAUNCHER:+-DCMAKE_C_COMPILER_LAUNCHER=$CMAKE_C_COMPILER_LAUNCHER} > "$dir/cmake.log" || die "cmake failed"
	# shellcheck disable=SC2046
	ninja -C "$dir/b" iommusim $(tr ' ' '\n' <<< "${tests[*]}" | grep '^test_' | sort -u) > "$dir/build.log" 2>&1 ||
		die "the mutated tree does not build, see $dir/build.log"
}
killed=0 survived=0 same=0
declare -A took
run_test() { # name
	case $1 in
	golden_*) (cd "$src" && timeout 300 bash "tests/golden/${1#golden_}.sh" "$dir/b/iommusim") ;;
	*) (cd "$src" && CK_FORK=no timeout 300 "$dir/b/tests/$1") ;;
	esac > "$dir/test.log" 2>&1
}
ask() { # name number tests why
	local t
	export MUTANT=$2
	for t in $(for t in $3; do echo "${took[$t]} $t"; done | sort -n | cut -d' ' -f2); do # quick ones first
		run_test "$t" || { echo "killed $1 $t"; killed=$((killed + 1)); return; }
	done
	[ -n "${4:-}" ] && { echo "same $1: $4"; same=$((same + 1)); return; }
	echo "SURVIVED $1"
	survived=$((survived + 1))
}
read_list
build
export MUTANT=-1
for t in $(for i in "${!name[@]}"; do [[ ${name[i]} =~ $want ]] && tr ' ' '\n' <<< "${tests[i]}"; done | sort -u) test_ord; do
	t0=${EPOCHREALTIME/./}
	run_test "$t" || die "$t fails without any mutation, see $dir/test.log"
	took[$t]=$((${EPOCHREALTIME/./} - t0))
done
for i in "${!name[@]}"; do
	[[ ${name[i]} =~ $want ]] && ask "${name[i]}" "$i" "${tests[i]}" "${why[i]}"
done
i=1000
for rule in $("$dir/b/iommusim" check --list | cut -d' ' -f1); do
	[[ $rule =~ $want ]] && ask "$rule" $i test_ord
	i=$((i + 1))
done
echo "$killed killed, $survived survived, $same that cannot be seen"
[ $survived = 0 ]
