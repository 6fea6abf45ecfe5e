/* SPDX-License-Identifier: Apache-2.0 */
/* amdvi_rig.h - rig.h for one AMD-Vi unit. */
#ifndef AMDVI_RIG_H
#define AMDVI_RIG_H
#include "amdvi/amdvi_int.h"
#include "amdvi/amdvi_regs.h"

/* Where things lie in memory; rig_on() uses buffers of 2^RIG_LG2 entries, and a device table for all 65536 devices. */
enum {
	RIG_CMD = 0x10000, RIG_EVT = 0x20000, RIG_PPR = 0x30000, RIG_EVTB = 0x40000, RIG_PPRB = 0x50000, RIG_SEM = 0x60000,
	RIG_TABLES = 0x100000,
	RIG_DEVTAB = 0x400000, RIG_LG2 = 8
};
#define RIG_MSI_ADDR UINT64_C(0xfee01000)
#define RIG_MSI_DATA 0x4021u
typedef struct amdvi_cfg rig_cfg;
#define RIG_OWN                                                                                                                \
	struct amdvi *v;                                                                                                       \
	unsigned slot; /* next free command slot */
#include "rig.h"

static inline struct iommu *rig_create(struct rig *r, void (*set)(rig_cfg *c), struct err *e)
{
	cfg_defaults(amdvi_opts, &r->c);
	if (set)
		set(&r->c);
	r->u = amdvi_create(&r->c, "amdvi0", r->k, r->m, &r->p, 1, e);
	r->v = amdvi_of(r->u);
	return r->u;
}

static inline uint32_t rig_status(struct rig *r)
{
	return (uint32_t)amdvi_reg_get(r->v, AMDVI_R_STATUS, 4);
}

static inline void rig_dte(struct rig *r, uint32_t rid, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3)
{
	uint64_t d[4] = { w0, w1, w2, w3 };

	ck_assert_uint_eq(mem_write(r->m, RIG_DEVTAB + rid * 32u, d, 4), MEM_OK);
}

/*
 * Device table, buffers, MSI (address RIG_MSI_ADDR, data RIG_MSI_DATA), then Control: IommuEn, EventLogEn, EventIntEn, Coherent, CmdBufEn
 * and @ctl, for example PPRLogEn | PPRIntEn | PPREn, GTEn, ComWaitIntEn, InvTimeOut << 5.
 */
static inline void rig_on(struct rig *r, uint64_t ctl)
{
	wr64(r, AMDVI_R_DEVTAB_BASE, RIG_DEVTAB | 0x1ff);
	wr64(r, AMDVI_R_CMD_BASE, RIG_CMD | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_EVT_BASE, RIG_EVT | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_PPR_BASE, RIG_PPR | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_EVTB_BASE, RIG_EVTB | (uint64_t)RIG_LG2 << 56);
	wr64(r, AMDVI_R_PPRB_BASE, RIG_PPRB | (uint64_t)RIG_LG2 << 56);
	wr32(r, AMDVI_R_MSI_ADDR_LO, (uint32_t)RIG_MSI_ADDR);
	wr32(r, AMDVI_R_MSI_ADDR_HI, (uint32_t)(RIG_MSI_ADDR >> 32));
	wr32(r, AMDVI_R_MSI_DATA, RIG_MSI_DATA);
	wr32(r, AMDVI_R_MSI_CAP, 1u << 16);
	wr64(r, AMDVI_R_CONTROL, 0x140d | ctl);
}

static inline void put_at(struct rig *r, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	ck_assert_uint_eq(mem_write(r->m, RIG_CMD + slot * 16u, d, 2), MEM_OK);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	put_at(r, r->slot, w0, w1);
	r->slot = (r->slot + 1) % (1u << RIG_LG2);
}

/* COMPLETION_WAIT, s = 1: @data to RIG_SEM. */
static inline void put_wait(struct rig *r, uint64_t data)
{
	put(r, UINT64_C(0x1000000000000001) | RIG_SEM, data);
}

static inline void tail(struct rig *r)
{
	wr32(r, AMDVI_R_CMD_TAIL, r->slot * 16u);
}

static inline unsigned head_slot(struct rig *r)
{
	return rd32(r, AMDVI_R_CMD_HEAD) / 16;
}

static inline unsigned n_events(struct rig *r)
{
	return rd32(r, AMDVI_R_EVT_TAIL) / 16;
}

/* Word @w (0 or 1) of entry @i of event log A. */
static inline uint64_t event_word(const struct rig *r, unsigned i, unsigned w)
{
	return mem64(r, RIG_EVT + 16u * i + 8u * w);
}

#endif
