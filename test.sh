#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs every test, then the same tests under AddressSanitizer and UndefinedBehaviorSanitizer.
#   ./test.sh            both (minutes)        ./test.sh quick      without the sanitizer build
set -eu
cd "$(dirname "$0")"
tools/install-deps.sh
run() { # $1 build folder, further arguments go to cmake
	local dir=$1
	shift
	cmake -S . -B "$dir" -G Ninja "$@" >/dev/null
	cmake --build "$dir"
	ctest --test-dir "$dir" --output-on-failure -j "$(nproc)"
}
run build
[ "${1:-}" = quick ] || run build-sanitize -DIOMMUSIM_SANITIZE=ON -DIOMMUSIM_SYSTEMC=OFF -DCMAKE_BUILD_TYPE=Debug
