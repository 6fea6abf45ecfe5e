/* SPDX-License-Identifier: Apache-2.0 */
/* run_build.c - configuration -> platform with its units and the registry of their statistics. */
#include "run_build.h"

struct plat *run_build(struct run_cfg *c, const struct plat_hooks *hooks, struct stat_reg *reg, struct err *e)
{
	struct plat *p = plat_create(&c->plat, hooks, e);

	if (!p)
		return NULL;
	for (size_t i = 0; i < c->n_unit; i++) {
		struct run_unit *u = &c->unit[i];
		struct iommu *iommu = u->arch->create(&u->c, u->name, plat_kernel(p), plat_mem(p), plat_port(p), c->plat.seed + i, e);

		if (!iommu || !plat_add_unit(p, iommu, e))
			goto fail;
	}
	if (!plat_register_stats(p, reg)) {
		err_set(e, ERR_MACHINE, "out of memory");
		goto fail;
	}
	plat_set_stat_reg(p, reg);
	return p;
fail:
	plat_destroy(p);
	return NULL;
}
