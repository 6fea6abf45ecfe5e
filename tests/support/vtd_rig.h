/* SPDX-License-Identifier: Apache-2.0 */
/* vtd_rig.h - rig.h for one VT-d unit. */
#ifndef VTD_RIG_H
#define VTD_RIG_H
#include "vtd/vtd_iq.h"

#define SCALABLE_CAP UINT64_C(0xd1d2078c40780c06)
#define SCALABLE_ECAP UINT64_C(0x0433ef9ea4f050df)
enum { RING = 0x10000, STATUS = 0x20000, PRQ_RING = 0x30000, ROOT = 0x40000, CTX = 0x41000 };
typedef struct vtd_cfg rig_cfg;
#define RIG_OWN                                                                                                                \
	struct vtd *v;                                                                                                         \
	unsigned slot; /* next free descriptor */                                                                              \
	bool wide;
#include "rig.h"

static inline struct iommu *rig_create(struct rig *r, void (*set)(rig_cfg *c), struct err *e)
{
	cfg_defaults(vtd_opts, &r->c);
	if (set)
		set(&r->c);
	r->u = vtd_create(&r->c, "vtd0", r->k, r->m, &r->p, 1, e);
	r->v = vtd_of(r->u);
	return r->u;
}

/* What invalidation waits write to STATUS. */
static inline uint32_t status_word(const struct rig *r)
{
	return (uint32_t)mem64(r, STATUS);
}

static inline uint32_t rig_status(struct rig *r)
{
	return status_word(r);
}

/* @tags: 31 TE and so on; keeps the level bits as drivers do. */
static inline void gcmd(struct rig *r, uint32_t set, uint32_t clear)
{
	wr32(r, VTD_R_GCMD, (((rd32(r, VTD_R_GSTS) & 0x96ffffff) | set) & ~clear));
}

static inline void scalable(struct vtd_cfg *c)
{
	c->cap = SCALABLE_CAP;
	c->ecap = SCALABLE_ECAP;
	c->ver = 0x60;
}

/* Queue on, one page of 128-bit descriptors (legacy) or two of 256-bit ones. */
static inline void rig_queue(struct rig *r, bool wide)
{
	r->wide = wide;
	wr64(r, VTD_R_RTADDR, ROOT | (wide ? 1u << 10 : 0));
	gcmd(r, GSTS_RTPS, 0);
	wr64(r, VTD_R_IQT, 0);
	wr64(r, VTD_R_IQA, RING | (wide ? IQA_DW | 1 : 0));
	gcmd(r, GSTS_QIES, 0);
	ck_assert(rd32(r, VTD_R_GSTS) & GSTS_QIES);
}

static inline void put_at(struct rig *r, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[4] = { w0, w1, 0, 0 };

	mem_write(r->m, RING + slot * (r->wide ? 32u : 16u), d, r->wide ? 4 : 2);
}

static inline void put(struct rig *r, uint64_t w0, uint64_t w1)
{
	put_at(r, r->slot, w0, w1);
	r->slot = (r->slot + 1) % 256;
}

static inline void put_wait(struct rig *r, uint32_t data)
{
	put(r, UINT64_C(0x25) | (uint64_t)data << 32, STATUS);
}

static inline void tail(struct rig *r)
{
	wr32(r, VTD_R_IQT, r->slot * (r->wide ? 32u : 16u));
}

static inline unsigned head_slot(struct rig *r)
{
	return (unsigned)(rd64(r, VTD_R_IQH) / (r->wide ? 32 : 16));
}

#endif
