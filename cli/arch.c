/* SPDX-License-Identifier: Apache-2.0 */
/* arch.c - the list of architectures: how each unit is configured, created, and how its fault codes compare with those of a source. */
#include "config.h"
#include "walk_check.h"

static struct iommu *vtd_row_create(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	return vtd_create(cfg, name, k, m, p, seed, e);
}

/* The specification's codes from 0x30 on exist in scalable mode only; what QEMU calls them there is one table (walk_vtd.c). */
static bool vtd_same_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got)
{
	(void)arg;
	(void)u;
	return expected == got || walk_vtd_explains(got >= 0x30, expected, got);
}

static struct iommu *smmuv3_row_create(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	return smmuv3_create(cfg, name, k, m, p, seed, e);
}

static struct iommu *amdvi_row_create(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	return amdvi_create(cfg, name, k, m, p, seed, e);
}

const struct arch archs[] = {
	{ "vtd", vtd_opts, sizeof(struct vtd_cfg), vtd_row_create, vtd_same_fault },
	{ "smmuv3", smmuv3_opts, sizeof(struct smmuv3_cfg), smmuv3_row_create, NULL },
	{ "amdvi", amdvi_opts, sizeof(struct amdvi_cfg), amdvi_row_create, NULL },
	{ NULL, NULL, 0, NULL, NULL },
};
