#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is installed is enough for a program of somebody else, in a directory of its own: by find_package() and by pkg-config, in C and C++.
# Only the functions of the header can be seen in the library. $1: the iommusim binary.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "install: $*" >&2; exit 1; }
build=$(dirname "$bin")
cmake --install "$build" --prefix "$tmp/p" >/dev/null
lib=$(dirname "$(find "$tmp/p" -name libiommusim.so)")
header=$(grep -o 'IOMMUSIM_API [^;(]*(' "$tmp/p/include/iommusim/iommusim.h" | grep -o 'iommusim_[a-z_]*(' | tr -d '(' | sort)
seen=$(nm -D --defined-only "$lib/libiommusim.so" | sed -n 's/.* T \(.*\)@@IOMMUSIM_0\.1$/\1/p' | sort)
[ -n "$header" ] && [ "$header" = "$seen" ] || fail "header and library differ: $(diff <(echo "$header") <(echo "$seen") | head)"
[ "$("$tmp/p/bin/iommusim" --version)" = "iommusim $(sed -n 's/^Version: //p' "$lib/pkgconfig/iommusim.pc")" ] || fail "versions differ"

cp -r docs/examples "$tmp/user"
san=
grep -q 'IOMMUSIM_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" && san=-fsanitize=address,undefined
cmake -S "$tmp/user" -B "$tmp/user/build" -DCMAKE_PREFIX_PATH="$tmp/p" -DCMAKE_C_FLAGS="$san" -DCMAKE_CXX_FLAGS="$san" >/dev/null
cmake --build "$tmp/user/build" >/dev/null
ctest --test-dir "$tmp/user/build" >/dev/null || fail "the examples, built elsewhere, fail"
ldd "$tmp/user/build/example_driver_test" | grep -q "$tmp/p" || fail "the example does not use the installed library"

cat >"$tmp/user.cpp" <<'C'
#include <cstdio>
#include <iommusim/iommusim.h>
int main()
{
	auto o = IOMMUSIM_INIT(struct iommusim_options);
	o.config_text = "units: [{arch: amdvi, name: x}]";
	iommusim *s = iommusim_create(&o, nullptr, 0);
	std::printf("%s\n", s ? iommusim_unit_architecture(s, 0) : "none");
	iommusim_destroy(s);
}
C
# shellcheck disable=SC2046
c++ -std=c++17 -Wall -Wextra -Werror $san "$tmp/user.cpp" -o "$tmp/user.bin" $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs iommusim) "-Wl,-rpath,$lib"
[ "$("$tmp/user.bin")" = amdvi ] || fail "pkg-config and C++"
[ -f "$lib/libiommusim-systemc.so" ] || exit 0 # built without SystemC
# shellcheck disable=SC2046
c++ -std=c++17 -Wall -Wextra -Werror docs/examples/tlm_platform.cpp -o "$tmp/tlm" $(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs iommusim-systemc) "-Wl,-rpath,$lib"
"$tmp/tlm" 2>/dev/null | grep -q 'disk: 64 of 64 blocks written' || fail "pkg-config and SystemC"
