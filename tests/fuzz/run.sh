#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the libFuzzer programs with clang, AddressSanitizer and UndefinedBehaviorSanitizer, and runs each for a share of the time.
#   tests/fuzz/run.sh SECONDS [TARGET]      TARGET: fuzz_trace, fuzz_vtd, ... (default: all of them)
# Folders under build-fuzz (or $FUZZ_DIR): b the build, corpus/TARGET what was found to reach new code, crashes/TARGET inputs that failed, TARGET.log.
# It begins with tests/fuzz/corpus/TARGET, and with files of the tree as seeds. Prints executions and failures of each.
# Exit status: 0 nothing failed, 1 something did, 3 it could not run.
set -u
cd "$(dirname "$0")/../.." || exit 3
seconds=${1:-}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: tests/fuzz/run.sh SECONDS [TARGET]" >&2; exit 3; }
dir=$(realpath -m "${FUZZ_DIR:-build-fuzz}")
die() { echo "fuzz: $*" >&2; exit 3; }
all=$(cd tests/fuzz && for f in fuzz_*.c; do echo "${f%.c}"; done)
targets=${2:-$all}
for t in $targets; do grep -qx "$t" <<< "$all" || die "unknown target \"$t\", expected one of: ${all//$'\n'/ }"; done
mkdir -p "$dir" || die "cannot write $dir"
CC=clang CXX=clang++ cmake -S . -B "$dir/b" -G Ninja -DIOMMUSIM_FUZZ=ON -DIOMMUSIM_SYSTEMC=OFF -DCMAKE_BUILD_TYPE=None \
	-DCMAKE_C_FLAGS="-g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" > "$dir/cmake.log" 2>&1 ||
	die "cmake failed, see $dir/cmake.log"
# shellcheck disable=SC2086
ninja -C "$dir/b" $targets > "$dir/build.log" 2>&1 || die "the programs do not build, see $dir/build.log"

seed() { # target: inputs made of files of the tree
	local d=$dir/corpus/$1 f
	mkdir -p "$d" "$dir/crashes/$1"
	[ -d "tests/fuzz/corpus/$1" ] && cp -n "tests/fuzz/corpus/$1"/* "$d"
	case $1 in
	fuzz_trace) for f in traces/*.iot; do { printf p; head -c 3000 "$f"; } > "$d/${f##*/}"; done ;;
	fuzz_config) for f in configs/*.yaml; do grep -v '^include' "$f" > "$d/${f##*/}"; done ;;
	fuzz_order) for f in tests/data/ordering/[A-Z]*.iot; do { printf 12; grep -v '^#' "$f" | head -c 3000; } > "$d/${f##*/}"; done ;;
	fuzz_import)
		for f in tests/data/import/*.log.zst; do
			zstd -dcq "$f" | head -n 60 > "$d/${f##*/}.txt"
			for i in "${f%.log.zst}".*.idx; do
				[ -f "$i" ] && { zstd -dcq "$f" | head -n 20; echo ====; head -n 40 "$i"; echo ====; } > "$d/${i##*/}"
			done
		done ;;
	fuzz_ftrace) { printf '\2'; cat tests/data/import/ftrace-vtd.txt; } > "$d/ftrace-vtd" ;;
	fuzz_sweep) for f in bench/sweep/*.yaml tests/data/sweep/*.yaml; do { grep -v '^base' "$f"; echo ====; cat configs/mmu600.yaml; } > "$d/${f##*/}"; done ;;
	fuzz_walk) for f in tests/data/walk/*-4711-w0*.cases.gz tests/data/walk/amdvi*.gz; do walk_seed "$f" "$d/${f##*/}"; done ;;
	fuzz_lift | fuzz_run) # the beginning, as binary that is not packed
		for f in traces/*.iotb; do for n in 3000 6000; do { starts "${f##*/}"; zstd -dcq "$f" | head -c $n; } > "$d/${f##*/}.$n"; done; done
		[ "$1" = fuzz_lift ] || { printf 0; cat traces/example.iot; } > "$d/example" ;;
	fuzz_packed) # compressed files by the reader they are for
		for f in tests/data/import/*.log.zst; do { printf 0; head -c 3000 "$f"; } > "$d/${f##*/}"; done
		for f in traces/*-edu.iotb; do { printf 1; head -c 3000 "$f"; } > "$d/${f##*/}"; done
		for f in tests/data/walk/*4711*.gz; do
			case $f in
			*.pages.gz) { printf 3; gzip -dc "$f" | head -c 12288 | gzip -n; } > "$d/${f##*/}" ;; # three pages
			*) printf 2 | cat - "$f" > "$d/${f##*/}" ;;
			esac
		done ;;
	fuzz_vtd | fuzz_smmuv3 | fuzz_amdvi | fuzz_api) # bytes without a pattern
		for f in traces/*-edu.iotb; do
			head -c 30000 "$f" | split -b 1500 - "$d/${f##*/}."
		done ;;
	esac
}
walk_seed() { # a query and the image it is about: FILE TO
	local image kind
	case ${1##*/} in vtd-4711*) image=0 ;; vtd-sm-fl*) image=1 ;; vtd-sm*) image=2 ;; smmuv3-s1*) image=3 ;; smmuv3*) image=4 ;; *) image=6 ;; esac
	case $1 in *.maps.gz) kind=0 ;; *.xlate.gz) kind=1 ;; *.cases.gz) kind=2 ;; *) return ;; esac
	{ printf '%b\0' "\\0$(printf %o $((image | kind << 3)))"; gzip -dc "$1" | head -n 60; } > "$2"
}
starts() { case $1 in vtd*) printf 0 ;; smmuv3*) printf 1 ;; *) printf 2 ;; esac; } # fuzz_run: the configuration
longest() { case $1 in fuzz_import | fuzz_config | fuzz_walk | fuzz_lift | fuzz_run) echo 6001 ;; fuzz_decode) echo 67 ;; *) echo 4096 ;; esac; }
quiet() { case $1 in fuzz_db | fuzz_lift | fuzz_run) echo 3 ;; *) echo 0 ;; esac; } # commands print
share=$((seconds / $(wc -w <<< "$targets")))
[ $share -gt 0 ] || share=1
bad=0
for t in $targets; do
	seed "$t"
	UBSAN_OPTIONS=print_stacktrace=1 nice -n 19 "$dir/b/tests/fuzz/$t" -max_len="$(longest "$t")" -timeout=5 -rss_limit_mb=2048 -max_total_time=$share \
		-close_fd_mask="$(quiet "$t")" -print_final_stats=1 -artifact_prefix="$dir/crashes/$t/" "$dir/corpus/$t" > "$dir/$t.log" 2>&1
	st=$?
	n=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/$t.log")
	echo "$t: ${n:-?} executions in $share s, $(grep -o 'cov: [0-9]*' "$dir/$t.log" | tail -1), $([ $st = 0 ] && echo "nothing failed" || echo "FAILED: $(ls "$dir/crashes/$t" | tail -1)")"
	[ $st = 0 ] || bad=1
done
exit $bad
