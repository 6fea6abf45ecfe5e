#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Instances in threads of their own, under ThreadSanitizer: the library and its test are built again for that. $1: the iommusim binary.
set -eu
build=$(dirname "$1")
grep -q 'IOMMUSIM_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" && exit 0 # a sanitizer at a time
cmake -S . -B "$build/tsan" -G Ninja -DIOMMUSIM_SYSTEMC=OFF -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS=-O1 -fsanitize=thread" \
	-DCMAKE_EXE_LINKER_FLAGS=-fsanitize=thread -DCMAKE_SHARED_LINKER_FLAGS=-fsanitize=thread >/dev/null
cmake --build "$build/tsan" --target test_api >/dev/null
CK_FORK=no TSAN_OPTIONS=halt_on_error=1 "$build/tsan/tests/test_api"
