/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archs.h - part of bench_tags: entries, configuration structures, registers and commands of each architecture, written from the layouts
 * (VT-d scalable mode; SMMUv3 linear stream and CD tables; AMD-Vi two-level GCR3 tables). PASIDs below 8192, requesters RID0 to RID0 + 127.
 */
#ifndef IOMMUSIM_BENCH_TAGS_ARCHS_H
#define IOMMUSIM_BENCH_TAGS_ARCHS_H
#include "world.h"

enum { STRUCTS = 0x10000, PASID_LG2 = 13 };

static void write_reg(struct world *w, uint32_t off, unsigned bytes, uint64_t v)
{
	w->u->ops->mmio_write(w->u, off, bytes, v);
	sim_run(plat_kernel(w->p));
}

static uint32_t number(const struct ctx *c) /* requests without PASID use entry 0 */
{
	return c->pasid == NO_PASID ? 0 : c->pasid;
}

/* ---- VT-d ---- */

static struct iommu_cfg *vtd_defaults(struct world *w, struct xc_cfg **leaf)
{
	struct vtd_cfg *c = &w->cfg.vtd;

	cfg_defaults(vtd_opts, c);
	c->cap = 0xd1d2078c40780c06;
	c->ecap = 0x0433ef9ea4f050df;
	c->ver = 0x60;
	*leaf = &c->iotlb;
	return &c->unit;
}

static struct iommu *vtd_new(struct world *w, struct err *e)
{
	return vtd_create(&w->cfg.vtd, "vtd0", plat_kernel(w->p), w->m, plat_port(w->p), 1, e);
}

static uint64_t vtd_entry(unsigned stage, unsigned level, uint64_t addr)
{
	(void)level;
	return addr | (stage == 1 ? 0x67 : 3); /* present, RW, US, A, D; R, W */
}

static void vtd_context(struct world *w, const struct ctx *c)
{
	uint64_t *dir = &w->dev_base[c->rid - RID0], at, e;

	if (!*dir) {
		*dir = new_pages(w, 1);
		put(w, STRUCTS + 16 * (RID0 >> 8), (STRUCTS + 0x1000) | 1); /* root entry, lower half of the bus */
		put(w, STRUCTS + 0x1000 + 32 * (c->rid & 0x7f), *dir | 8 | 1); /* context entry: PASIDE, P; RID_PASID 0 */
	}
	at = *dir + 8 * (number(c) >> 6);
	e = get(w, at);
	if (!e)
		put(w, at, e = new_pages(w, 1) | 1);
	at = (e & ~UINT64_C(1)) + 64 * (number(c) & 63);
	put(w, at + 8, c->did);
	put(w, at + 16, c->s1 ? c->s1->root : 0);
	put(w, at, (c->s2 ? c->s2->root | 2 << 2 : 0) | (c->s1 && c->s2 ? 3u : c->s1 ? 1u : 2u) << 6 | 1); /* AW 2, PGTT, P */
}

static void vtd_start(struct world *w)
{
	write_reg(w, 0x90, 8, RING | 0x800 | 3); /* IQA: 256-bit descriptors, 8 pages */
	write_reg(w, 0x88, 8, 0);
	write_reg(w, 0x18, 4, 1u << 26); /* GCMD: QIE, then SRTP, then TE */
	write_reg(w, 0x20, 8, STRUCTS | 1 << 10); /* RTADDR, scalable mode */
	write_reg(w, 0x18, 4, 1u << 26 | 1u << 30);
	write_reg(w, 0x18, 4, 1u << 26 | 1u << 31);
}

static uint64_t vtd_tail(uint64_t n)
{
	return 32 * (n & ((1u << RING_LG2) - 1));
}

static void vtd_wait(struct world *w, uint64_t cmd[2])
{
	cmd[0] = 0x25 | (++w->wait_no & 0xffffffff) << 32;
	cmd[1] = STATUS;
}

static unsigned vtd_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	if (c->s1) /* PASID-based, page-selective */
		cmd[0][0] = 6 | 3 << 4 | (uint64_t)c->did << 16 | (uint64_t)number(c) << 32;
	else
		cmd[0][0] = 2 | 3 << 4 | 0xc0 | (uint64_t)c->did << 16;
	cmd[0][1] = addr;
	return 1;
}

static unsigned vtd_s2_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	cmd[0][0] = 2 | 3 << 4 | 0xc0 | (uint64_t)c->did << 16;
	cmd[0][1] = addr;
	return 1;
}

/* ---- SMMUv3 ---- */

static struct iommu_cfg *smmuv3_defaults(struct world *w, struct xc_cfg **leaf)
{
	struct smmuv3_cfg *c = &w->cfg.smmuv3;

	cfg_defaults(smmuv3_opts, c);
	*leaf = &c->tlb;
	return &c->unit;
}

static struct iommu *smmuv3_new(struct world *w, struct err *e)
{
	return smmuv3_create(&w->cfg.smmuv3, "smmu0", plat_kernel(w->p), w->m, plat_port(w->p), 1, e);
}

static uint64_t smmuv3_entry(unsigned stage, unsigned level, uint64_t addr)
{
	if (level)
		return addr | 3;
	return addr | 0x403 | (stage == 1 ? 0x840 : 0xfc); /* AF, page; nG, AP = 1; S2AP = 3, MemAttr = 15 */
}

static void smmuv3_context(struct world *w, const struct ctx *c)
{
	uint64_t *cds = &w->dev_base[c->rid - RID0], ste = STRUCTS + 64 * c->rid, cd;

	if (!*cds)
		*cds = new_aligned(w, 1u << (PASID_LG2 + 6 - 12));
	if (c->s1 || !get(w, ste)) {
		put(w, ste + 8, w->dss_bypass ? 1 : 2); /* S1DSS: bypass, or the CD of substream 0 */
		/* S2VMID; 48 bits from level 0, S2PS 48, S2AA64, S2R */
		put(w, ste + 16, c->vmid | (c->s2 ? UINT64_C(16) << 32 | UINT64_C(2) << 38 | UINT64_C(5) << 48 | UINT64_C(9) << 51 : 0));
		put(w, ste + 24, c->s2 ? c->s2->root : 0);
		put(w, ste, (c->s1 ? *cds | (uint64_t)PASID_LG2 << 59 : 0) | (c->s1 && c->s2 ? 7u : c->s1 ? 5u : 6u) << 1 | 1);
	}
	if (!c->s1)
		return;
	cd = *cds + 64 * number(c);
	if (c->s2)
		map(w, c->s2, cd & ~UINT64_C(0xfff), cd & ~UINT64_C(0xfff));
	put(w, cd + 8, c->s1->root);
	/* 48 bits, EPD1, V, IPS 48, AA64, R, A */
	put(w, cd, 16 | BIT64(30) | BIT64(31) | UINT64_C(5) << 32 | BIT64(41) | UINT64_C(3) << 45 | (uint64_t)c->asid << 48);
}

static void smmuv3_start(struct world *w)
{
	write_reg(w, 0x80, 8, STRUCTS); /* STRTAB_BASE, linear, 2^9 entries */
	write_reg(w, 0x88, 4, 9);
	write_reg(w, 0x90, 8, RING | RING_LG2); /* CMDQ_BASE */
	write_reg(w, 0x20, 4, 8); /* CR0: CMDQEN, then SMMUEN */
	write_reg(w, 0x20, 4, 9);
}

static uint64_t smmuv3_tail(uint64_t n)
{
	return n & ((2u << RING_LG2) - 1);
}

static void smmuv3_wait(struct world *w, uint64_t cmd[2])
{
	(void)w;
	cmd[0] = 0x46; /* CMD_SYNC, no signal */
	cmd[1] = 0;
}

static unsigned smmuv3_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	if (c->s1) /* NH_VA */
		cmd[0][0] = 0x12 | (uint64_t)c->vmid << 32 | (uint64_t)c->asid << 48;
	else
		cmd[0][0] = 0x2a | (uint64_t)c->vmid << 32;
	cmd[0][1] = addr;
	return 1;
}

static unsigned smmuv3_s2_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	cmd[0][0] = 0x2a | (uint64_t)c->vmid << 32; /* S2_IPA, then NH_ALL for entries of both stages */
	cmd[0][1] = addr;
	cmd[1][0] = 0x10 | (uint64_t)c->vmid << 32;
	cmd[1][1] = 0;
	return 2;
}

/* ---- AMD-Vi ---- */

static struct iommu_cfg *amdvi_defaults(struct world *w, struct xc_cfg **leaf)
{
	struct amdvi_cfg *c = &w->cfg.amdvi;

	cfg_defaults(amdvi_opts, c);
	*leaf = &c->iotlb;
	return &c->unit;
}

static struct iommu *amdvi_new(struct world *w, struct err *e)
{
	return amdvi_create(&w->cfg.amdvi, "amd0", plat_kernel(w->p), w->m, plat_port(w->p), 1, e);
}

static uint64_t amdvi_entry(unsigned stage, unsigned level, uint64_t addr)
{
	return stage == 1 ? addr | 0x67 : addr | UINT64_C(3) << 61 | (uint64_t)level << 9 | 1; /* x86-64; IR, IW, next level, PR */
}

static void amdvi_context(struct world *w, const struct ctx *c)
{
	uint64_t *gcr3 = &w->dev_base[c->rid - RID0], dte = STRUCTS + 32 * c->rid, at, e, old;

	if (!*gcr3)
		*gcr3 = new_pages(w, 1);
	old = get(w, dte);
	/* V, TV, IR, IW; Mode 4; GV, GLX 1, root bits 14:12 at 60:58, 30:15 at 31:16 and 51:31 at 63:43 of the next word; GIoV if entry 0 is used */
	e = 3 | UINT64_C(3) << 61 | (c->s2 ? c->s2->root | 4 << 9 : 0);
	if (c->s1)
		e |= BIT64(55) | BIT64(56) | bits_get(*gcr3, 14, 12) << 58 | (c->pasid == NO_PASID ? BIT64(54) : old & BIT64(54));
	if (!c->s1 && old) /* requests without PASID use the host table of a device that has PASIDs */
		e = old;
	put(w, dte + 8, c->did | bits_get(*gcr3, 30, 15) << 16 | bits_get(*gcr3, 51, 31) << 43);
	put(w, dte, e);
	if (!c->s1)
		return;
	at = *gcr3 + 8 * (number(c) >> 9);
	e = get(w, at);
	if (!e)
		put(w, at, e = new_pages(w, 1) | 1);
	put(w, (e & ~UINT64_C(1)) + 8 * (number(c) & 511), c->s1->root | 1);
}

static void amdvi_start(struct world *w)
{
	write_reg(w, 0, 8, STRUCTS | 3); /* device table, four pages */
	write_reg(w, 8, 8, RING | (uint64_t)RING_LG2 << 56);
	write_reg(w, 0x10, 8, LOG | UINT64_C(8) << 56);
	write_reg(w, 0x18, 8, 1 | 1 << 2 | 1 << 12 | 1 << 16); /* IommuEn, EventLogEn, CmdBufEn, GTEn */
}

static uint64_t amdvi_tail(uint64_t n)
{
	return 16 * (n & ((1u << RING_LG2) - 1));
}

static void amdvi_wait(struct world *w, uint64_t cmd[2])
{
	cmd[0] = UINT64_C(1) << 60 | STATUS | 1; /* store */
	cmd[1] = ++w->wait_no;
}

static unsigned amdvi_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	cmd[0][0] = UINT64_C(3) << 60 | (uint64_t)c->did << 32 | (c->s1 ? number(c) : 0);
	cmd[0][1] = addr | (c->s1 ? 4 : 0); /* GN */
	return 1;
}

static unsigned amdvi_s2_page(const struct ctx *c, uint64_t addr, uint64_t cmd[][2])
{
	cmd[0][0] = UINT64_C(3) << 60 | (uint64_t)c->did << 32;
	cmd[0][1] = addr;
	return 1;
}

enum { VTD, SMMUV3, AMDVI, ARCHS };
static const struct arch archs[ARCHS] = {
	[VTD] = { "vtd", "vtd0.iotlb", vtd_defaults, vtd_new, vtd_entry, vtd_context, vtd_start, 4, 0x88, vtd_tail, vtd_wait, vtd_page, vtd_s2_page },
	[SMMUV3] = { "smmuv3", "smmu0.tlb", smmuv3_defaults, smmuv3_new, smmuv3_entry, smmuv3_context, smmuv3_start, 2, 0x98, smmuv3_tail, smmuv3_wait,
		     smmuv3_page, smmuv3_s2_page },
	[AMDVI] = { "amdvi", "amd0.iotlb", amdvi_defaults, amdvi_new, amdvi_entry, amdvi_context, amdvi_start, 2, 0x2008, amdvi_tail, amdvi_wait, amdvi_page,
		    amdvi_s2_page },
};
#endif
