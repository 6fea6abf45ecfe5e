/* SPDX-License-Identifier: Apache-2.0 */
/* smmuv3_rig.h - rig.h for one SMMUv3. */
#ifndef SMMUV3_RIG_H
#define SMMUV3_RIG_H
#include "smmuv3/smmuv3_int.h"
#include "smmuv3/smmuv3_regs.h"

/* Where things lie in memory; rig_queues() uses the rings with 2^RIG_LG2 entries each. */
enum { RIG_CMDQ = 0x10000, RIG_EVENTQ = 0x20000, RIG_PRIQ = 0x30000, RIG_STRTAB = 0x40000, RIG_CD = 0x50000, RIG_MSI = 0x60000 };
enum { RIG_LG2 = 8 };
typedef struct smmuv3_cfg rig_cfg;
#define RIG_OWN                                                                                                                \
	struct smmuv3 *s;                                                                                                      \
	unsigned prod; /* next free command slot, wrap bit included */
#include "rig.h"

static inline struct iommu *rig_create(struct rig *r, void (*set)(rig_cfg *c), struct err *e)
{
	cfg_defaults(smmuv3_opts, &r->c);
	if (set)
		set(&r->c);
	r->u = smmuv3_create(&r->c, "smmu0", r->k, r->m, &r->p, 1, e);
	r->s = smmuv3_of(r->u);
	return r->u;
}

static inline uint32_t rig_status(struct rig *r)
{
	return (uint32_t)smmuv3_reg_get(r->s, SMMUV3_R_GERROR, 4);
}

/* Write CR0 and run until CR0ACK says the same; fails if that takes a second. */
static inline void rig_cr0(struct rig *r, uint32_t v)
{
	wr32(r, SMMUV3_R_CR0, v);
	for (unsigned i = 0; i < 1000 && rd32(r, SMMUV3_R_CR0ACK) != v; i++)
		run_for(r, 1000 * US);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_CR0ACK), v);
}

/* Queues at their places, empty and enabled, and all interrupt enables; @cr0: further CR0 bits (SMMUEN ...). */
static inline void rig_queues(struct rig *r, uint32_t cr0)
{
	wr64(r, SMMUV3_R_CMDQ_BASE, RIG_CMDQ | RIG_LG2);
	wr32(r, SMMUV3_R_CMDQ_PROD, 0);
	wr32(r, SMMUV3_R_CMDQ_CONS, 0);
	wr64(r, SMMUV3_R_EVENTQ_BASE, RIG_EVENTQ | RIG_LG2);
	wr32(r, SMMUV3_R_EVENTQ_PROD, 0);
	wr32(r, SMMUV3_R_EVENTQ_CONS, 0);
	wr64(r, SMMUV3_R_PRIQ_BASE, RIG_PRIQ | RIG_LG2);
	wr32(r, SMMUV3_R_PRIQ_PROD, 0);
	wr32(r, SMMUV3_R_PRIQ_CONS, 0);
	wr32(r, SMMUV3_R_IRQ_CTRL, r->s->cap.pri ? 7 : 5);
	rig_cr0(r, cr0 | CR0_CMDQEN | CR0_EVENTQEN | (r->s->cap.pri ? CR0_PRIQEN : 0));
}

/* A linear stream table of 2^@lg2 entries at RIG_STRTAB; before SMMUEN. */
static inline void rig_strtab(struct rig *r, unsigned lg2)
{
	wr64(r, SMMUV3_R_STRTAB_BASE, RIG_STRTAB);
	wr32(r, SMMUV3_R_STRTAB_BASE_CFG, lg2);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	ck_assert_uint_eq(mem_write(r->m, RIG_CMDQ + (r->prod & ((1u << RIG_LG2) - 1)) * 16, d, 2), MEM_OK);
	r->prod = (r->prod + 1) & ((2u << RIG_LG2) - 1);
}

static inline void tail(struct rig *r)
{
	wr32(r, SMMUV3_R_CMDQ_PROD, r->prod);
}

#endif
