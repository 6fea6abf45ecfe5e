#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The installed headers and library alone are enough for a program of somebody else.
set -eu
bin=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
build=$(dirname "$bin")
grep -q 'IOMMUSIM_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" && exit 0 # the library then needs the sanitizer's flags
cmake --install "$build" --prefix "$tmp/p" >/dev/null
cat >"$tmp/user.c" <<'C'
#include <stdio.h>
#include "vtd/vtd.h"
int main(void)
{
	struct vtd_cfg c;
	struct mem_port_cfg pc;
	struct mem_port port;
	struct err e;
	struct sim_kernel *k = sim_kernel_create();
	struct mem *m = mem_create(0, false);
	struct iommu *u;
	struct xl_req q = { .iova = 0x1234, .len = 8, .rid = 8, .acc = XL_R };
	struct xl_res r;

	cfg_defaults(vtd_opts, &c);
	cfg_defaults(mem_port_opts, &pc);
	if (!mem_port_init(&port, &pc, &e) || !(u = vtd_create(&c, "vtd0", k, m, &port, 1, &e)))
		return 1;
	iommu_walk_now(u, &q, &r, NULL, NULL);
	printf("%d %#llx\n", r.ok, (unsigned long long)r.spa);
	u->ops->destroy(u);
	mem_port_fini(&port);
	mem_destroy(m);
	sim_kernel_destroy(k);
	return 0;
}
C
lib=$(dirname "$(find "$tmp/p" -name libiommusim_core.a)")
cc -std=c17 -I"$tmp/p/include/iommusim" "$tmp/user.c" -o "$tmp/user" -L"$lib" -liommusim_core -lzstd -lz -lm
[ "$("$tmp/user")" = "1 0x1234" ]
