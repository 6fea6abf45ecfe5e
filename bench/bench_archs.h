/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_archs.h - part of bench_core.c: what the benchmarks' machine needs to know of each architecture: sizes of the caches, table entries,
 * the configuration structures of requester RID (domain 1, no PASID), and how the unit is switched on.
 */
#ifndef IOMMUSIM_BENCH_ARCHS_H
#define IOMMUSIM_BENCH_ARCHS_H
#include "amdvi/amdvi.h"
#include "machine.h"
#include "smmuv3/smmuv3.h"
#include "vtd/vtd.h"

union bench_cfg {
	struct vtd_cfg vtd;
	struct smmuv3_cfg smmuv3;
	struct amdvi_cfg amdvi;
};

static void *new_cfg(struct machine *b)
{
	b->c = calloc(1, sizeof(*b->c));
	if (!b->c)
		die("out of memory");
	return b->c;
}

static void restore(struct machine *b, uint32_t off, unsigned bytes, uint64_t v)
{
	struct err e = { 0 };

	if (!b->u->ops->restore(b->u, off, bytes, v, &e))
		die(e.msg);
}

/* ---- VT-d, scalable mode ---- */

static void vtd_bench_defaults(struct machine *b, uint32_t iotlb, bool walk_caches)
{
	struct vtd_cfg *c = new_cfg(b);

	cfg_defaults(vtd_opts, c);
	c->cap = 0xd1d2078c40780e06;
	c->ecap = 0x0433ef9ea4f050df;
	c->ver = 0x60;
	c->iotlb.entries = iotlb;
	c->iotlb.ways = 8;
	if (!walk_caches)
		c->psc.entries = c->nested.entries = 0;
}

static struct iommu *vtd_bench_create(struct machine *b, struct err *e)
{
	return vtd_create(&b->c->vtd, "vtd0", plat_kernel(b->p), b->m, plat_port(b->p), 1, e);
}

static uint64_t vtd_bench_entry(unsigned stage, unsigned level, uint64_t addr)
{
	(void)level;
	return addr | (stage == 1 ? 0x67 : 3); /* present, RW, US, A, D; R, W */
}

static void vtd_bench_start(struct machine *b, uint64_t s1_root, uint64_t s2_root)
{
	/* root, context, PASID directory, PASID entry: present, 4 levels (AW = 2), type in bits 8:6, domain 1 */
	put(b, 0x1000 + 16 * (RID >> 8), 0x2000 | 1);
	put(b, 0x2000, 0x3000 | 1);
	put(b, 0x3000, 0x4000 | 1);
	put(b, 0x4000, s2_root | (b->mode == SS ? 2u : b->mode == FS ? 1u : 3u) << 6 | 2 << 2 | 1);
	put(b, 0x4008, 1);
	put(b, 0x4010, s1_root);
	b->u->ops->mmio_write(b->u, 0x20, 8, 0x1000 | 1 << 10); /* RTADDR, scalable mode */
	b->u->ops->mmio_write(b->u, 0x18, 4, 1u << 30); /* GCMD: SRTP, then TE */
	b->u->ops->mmio_write(b->u, 0x18, 4, 1u << 31);
}

/* ---- SMMUv3 ---- */

static void smmuv3_bench_defaults(struct machine *b, uint32_t iotlb, bool walk_caches)
{
	struct smmuv3_cfg *c = new_cfg(b);

	cfg_defaults(smmuv3_opts, c);
	c->tlb.entries = iotlb;
	c->tlb.ways = 8;
	if (walk_caches)
		return;
	c->ipa.entries = 0;
	for (unsigned i = 0; i < 3; i++)
		c->walk_s1[i] = c->walk_s2[i] = 0;
}

static struct iommu *smmuv3_bench_create(struct machine *b, struct err *e)
{
	return smmuv3_create(&b->c->smmuv3, "smmu0", plat_kernel(b->p), b->m, plat_port(b->p), 1, e);
}

static uint64_t smmuv3_bench_entry(unsigned stage, unsigned level, uint64_t addr)
{
	if (level)
		return addr | 3;
	return addr | 0x403 | (stage == 1 ? 0x840 : 0xfc); /* AF, page; nG, AP = 1; S2AP = 3, MemAttr = 15 */
}

static void smmuv3_bench_start(struct machine *b, uint64_t s1_root, uint64_t s2_root)
{
	uint64_t ste = 0x10000 + 64 * RID, cd = 0x4000, config = b->mode == SS ? 6 : b->mode == FS ? 5 : 7;

	put(b, ste, cd | config << 1 | 1); /* as an IPA it must be mapped: one page of the second stage */
	put(b, ste + 16, 1 | UINT64_C(16) << 32 | UINT64_C(2) << 38 | UINT64_C(5) << 48 | UINT64_C(9) << 51); /* VMID 1, 48 bits from level 0, S2PS 48, S2AA64, S2R */
	put(b, ste + 24, s2_root);
	if (b->mode == NESTED)
		map_page(b, 2, s2_root, cd, cd, 0);
	put(b, cd, 16 | BIT64(30) | BIT64(31) | UINT64_C(5) << 32 | BIT64(41) | UINT64_C(3) << 45 | UINT64_C(1) << 48); /* 48 bits, EPD1, V, IPS, AA64, R, A, ASID 1 */
	put(b, cd + 8, s1_root);
	restore(b, 0x80, 8, 0x10000); /* STRTAB_BASE, linear, 2^9 entries */
	restore(b, 0x88, 4, 9);
	restore(b, 0x20, 4, 1); /* CR0, CR0ACK */
	restore(b, 0x24, 4, 1);
}

/* ---- AMD-Vi ---- */

static void amdvi_bench_defaults(struct machine *b, uint32_t iotlb, bool walk_caches)
{
	struct amdvi_cfg *c = new_cfg(b);

	cfg_defaults(amdvi_opts, c);
	c->iotlb.entries = iotlb;
	c->iotlb.ways = 8;
	if (!walk_caches)
		c->pdc.entries = c->nested.entries = 0;
}

static struct iommu *amdvi_bench_create(struct machine *b, struct err *e)
{
	return amdvi_create(&b->c->amdvi, "amd0", plat_kernel(b->p), b->m, plat_port(b->p), 1, e);
}

static uint64_t amdvi_bench_entry(unsigned stage, unsigned level, uint64_t addr)
{
	return stage == 1 ? addr | 0x67 : addr | UINT64_C(3) << 61 | (uint64_t)level << 9 | 1; /* x86-64; IR, IW, next level, PR */
}

static void amdvi_bench_start(struct machine *b, uint64_t s1_root, uint64_t s2_root)
{
	uint64_t dte = 0x10000 + 32 * RID, gcr3 = 0x4000;
	bool guest = b->mode != SS, host = b->mode != FS;

	/* V, TV, IR, IW; Mode 4; GV, GIoV, one level of GCR3 (root bits 14:12 at 60:58); domain 1 */
	put(b, dte, 3 | UINT64_C(3) << 61 | (host ? s2_root | 4 << 9 : 0) | (guest ? BIT64(54) | BIT64(55) | gcr3 >> 12 << 58 : 0));
	put(b, dte + 8, 1);
	put(b, gcr3, s1_root | 1);
	restore(b, 0, 8, 0x10000 | 3); /* device table, four pages */
	restore(b, 0x18, 8, 1 | 1 << 16); /* Control: IommuEn, GTEn */
}

static const struct bench_arch bench_archs[] = {
	{ "vtd", vtd_bench_defaults, vtd_bench_create, vtd_bench_entry, vtd_bench_start, 4 },
	{ "smmuv3", smmuv3_bench_defaults, smmuv3_bench_create, smmuv3_bench_entry, smmuv3_bench_start, 6 },
	{ "amdvi", amdvi_bench_defaults, amdvi_bench_create, amdvi_bench_entry, amdvi_bench_start, 2 },
};
#endif
