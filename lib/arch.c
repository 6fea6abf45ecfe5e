/* SPDX-License-Identifier: Apache-2.0 */
/* arch.c - the list of architectures: how each unit is configured and created. */
#include "amdvi/amdvi_fields.h"
#include "config.h"
#include "smmuv3/smmuv3_fields.h"

static struct iommu *vtd_row_create(const void *cfg, const char *name, struct sim_kernel *k, struct mem *m, struct mem_port *p, uint64_t seed, struct err *e)
{
	return vtd_create(cfg, name, k, m, p, seed, e);
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
	{ "vtd", vtd_opts, sizeof(struct vtd_cfg), vtd_row_create, vtd_fault_name, vtd_fault_text },
	{ "smmuv3", smmuv3_opts, sizeof(struct smmuv3_cfg), smmuv3_row_create, smmuv3_event_name, smmuv3_event_text },
	{ "amdvi", amdvi_opts, sizeof(struct amdvi_cfg), amdvi_row_create, amdvi_event_name, amdvi_event_text },
	{ NULL, NULL, 0, NULL, NULL, NULL },
};
