/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_memo.c - sim/core/memo.h: a unit that remembers its requesters and one that is made to forget before each request get the same random
 * requests, changes of configuration structures, invalidations, register writes, capabilities and evictions. Every answer, every tag, the
 * cycles charged, the memory read and all counters are the same.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi_int.h"
#include "core/base/rng.h"
#include "core/memo.h"
#include "smmuv3/smmuv3_int.h"
#include "vtd/vtd_int.h"

enum { LEAF = 1, READ_ONLY = 2 };
enum { STEPS = 20000, BUS = 1, S1 = 0x20000, S2 = 0x30000, S2B = 0x40000, S1B = 0x50000 };
#define LOW_VA UINT64_C(0x100000)

union cfg {
	struct vtd_cfg vtd;
	struct smmuv3_cfg smmuv3;
	struct amdvi_cfg amdvi;
};
struct side {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	union cfg cfg;
	struct iommu *u;
	struct stat_reg reg;
	struct xl x;
	enum xl_act act;
	unsigned reads;
};
/* Some of each fall into one place of the memo. */
static const uint16_t rids[4] = { 0x100, 0x101, 0x124, 0x149 };
static const uint8_t pasids[4] = { 0, 1, 2, 33 };
struct arch {
	const char *name;
	struct iommu *(*create)(struct side *s, unsigned kind, struct err *e);
	void (*start)(struct side *s);
	uint64_t (*entry)(unsigned stage, unsigned level, uint64_t addr, unsigned what);
	void (*change)(struct side *s, unsigned rid, unsigned what, uint64_t r); /* a word of a configuration structure */
	void (*drop)(struct side *s, unsigned rid, unsigned what); /* an invalidation */
	void (*reg)(struct side *s, uint64_t r);
};

static void put(struct side *s, uint64_t spa, uint64_t v)
{
	if (mem_write_part(s->m, spa, 8, v) != MEM_OK)
		ck_abort_msg("no memory at 0x%llx", (unsigned long long)spa);
}

static void restore(struct side *s, uint32_t off, unsigned bytes, uint64_t v)
{
	struct err e = { 0 };

	if (!s->u->ops->restore(s->u, off, bytes, v, &e))
		ck_abort_msg("%s", e.msg);
}

/* Stage 2 from @root: the first 2 MiB, in pages of 4 KiB or as part of a GiB, to themselves or to the fourth GiB; page 4 to the interrupt range. */
static void tables_s2(struct side *s, const struct arch *a, uint64_t root, uint64_t to, bool large)
{
	put(s, root, a->entry(2, 3, root + 0x1000, 0));
	put(s, root + 0x1000, large ? a->entry(2, 2, to, LEAF) : a->entry(2, 2, root + 0x2000, 0));
	put(s, root + 0x2000, a->entry(2, 1, root + 0x3000, 0));
	for (uint64_t i = 0; i < 512; i++)
		put(s, root + 0x3000 + 8 * i, a->entry(2, 0, i == 4 ? 0xfee00000 : to + 0x1000 * i, LEAF | (i == 5 || i == 0x105 ? READ_ONLY : 0)));
}

/* Stage 1 from @root, four levels: eight pages at 0 go to @to, one of them to the interrupt range instead. */
static void tables_s1(struct side *s, const struct arch *a, uint64_t root, uint64_t to)
{
	for (unsigned l = 3; l; l--)
		put(s, root + 0x1000 * (3 - l), a->entry(1, l, root + 0x1000 * (4 - l), 0));
	for (unsigned i = 0; i < 8; i++)
		put(s, root + 0x3000 + 8 * i, a->entry(1, 0, i == 3 ? 0xfee01000 : to + 0x1000 * i, LEAF | (i == 6 ? READ_ONLY : 0)));
}

static void tables(struct side *s, const struct arch *a, bool large)
{
	tables_s1(s, a, S1, LOW_VA);
	tables_s1(s, a, S1B, LOW_VA + 0x10000);
	tables_s2(s, a, S2, 0, large);
	tables_s2(s, a, S2B, UINT64_C(3) << 30, large);
}

static void small(struct xc_cfg *c, unsigned kind)
{
	c->entries = kind & 1 ? 4 : 2;
	c->ways = kind & 2 ? 2 : 0;
	c->policy = kind & 4 ? XC_RANDOM : XC_LRU;
}

static void main_tlb(struct xc_cfg *c, unsigned kind)
{
	c->ways = kind & 1 ? 4 : 0;
	c->policy = (kind & 9) == 9 ? XC_FIFO : XC_LRU;
	c->ports = kind == 14;
}

/* ---- VT-d: legacy tables beside scalable ones ---- */

static struct iommu *vtd_new(struct side *s, unsigned kind, struct err *e)
{
	struct vtd_cfg *c = &s->cfg.vtd;

	cfg_defaults(vtd_opts, c);
	c->cap = kind & 8 ? 0x51d2078c40780e06 : 0xd1d2078c40780e06; /* without and with ESRTPS */
	c->ecap = 0x0433ef9ee4f050df;
	c->ver = 0x60;
	small(&c->ctx, kind);
	small(&c->pasid, kind >> 1);
	c->ctx.ports = kind == 15;
	main_tlb(&c->iotlb, kind);
	return vtd_create(c, "vtd0", s->k, s->m, &s->port, 1, e);
}

static uint64_t vtd_entry(unsigned stage, unsigned level, uint64_t addr, unsigned what)
{
	return addr | (stage == 1 ? 0x65 : 1) | (what & READ_ONLY ? 0 : 2) | (what & LEAF && level ? 0x80 : 0);
}

static void vtd_ctx(struct side *s, unsigned rid, uint64_t r)
{
	put(s, 0x2000 + 32 * (rid & 0x7f), 0x3000 | (r & 15 ? 1 : 0) | (r & 0x30 ? 8 : 0) | (r & 0x40 ? 4 : 0));
	put(s, 0x2000 + 32 * (rid & 0x7f) + 8, r >> 8 & 1);
	put(s, 0x6000 + 16 * (rid & 0xff), (r & 0x200 ? S2 : S2B) | (r & 15 ? 1 : 0) | (r & 0x40 ? 4 : 0));
	put(s, 0x6000 + 16 * (rid & 0xff) + 8, (1 + (r >> 10 & 1)) << 8 | 2);
}

static void vtd_pasid(struct side *s, unsigned pasid, uint64_t r)
{
	uint64_t pgtt = 1 + (r & 3), at = 0x4000 + 64 * pasid;

	put(s, at, (r & 4 ? S2 : S2B) | pgtt << 6 | 2 << 2 | (r & 0x38 ? 1 : 0) | (r & 0x40 ? 2 : 0));
	put(s, at + 8, (1 + (r >> 7 & 1)) | (r >> 8 & 1) << 24);
	put(s, at + 16, S1 | (r >> 9 & 3));
}

static void vtd_change(struct side *s, unsigned rid, unsigned what, uint64_t r)
{
	if (what & 1)
		vtd_ctx(s, rid, r);
	else
		vtd_pasid(s, pasids[r >> 20 & 3], r);
}

static void vtd_start(struct side *s)
{
	put(s, 0x1000 + 16 * BUS, 0x2000 | 1);
	put(s, 0x5000 + 16 * BUS, 0x6000 | 1);
	put(s, 0x3000, 0x4000 | 1);
	for (unsigned i = 0; i < 4; i++) {
		vtd_ctx(s, rids[i], 0x3ff);
		vtd_pasid(s, pasids[i], 0x7f8 | i);
	}
	s->u->ops->mmio_write(s->u, 0x20, 8, 0x1000 | 1 << 10); /* RTADDR, scalable mode */
	s->u->ops->mmio_write(s->u, 0x18, 4, 1u << 30); /* GCMD: SRTP, then TE */
	s->u->ops->mmio_write(s->u, 0x18, 4, 1u << 31);
}

static void vtd_drop(struct side *s, unsigned rid, unsigned what)
{
	struct vtd *v = vtd_of(s->u);
	struct inv_scope one = { .by = INV_RID, .kinds = ~0u, .rid = rid, .rid_mask = ~0u }, all = { .kinds = ~0u };

	switch (what & 7) {
	case 0: vtd_inv_cc(v, &one); break;
	case 1: vtd_inv_pc(v, &one); break;
	case 2: vtd_inv_cc(v, &all); break;
	case 3: vtd_inv_pc(v, &all); break;
	case 4: vtd_inv_iotlb(v, &all, false); break;
	default: vtd_drop_all(v); break;
	}
}

static void vtd_reg(struct side *s, uint64_t r)
{
	bool on = vtd_of(s->u)->te;

	switch (r & 3) {
	case 0: /* root table, and its mode */
		s->u->ops->mmio_write(s->u, 0x20, 8, r & 0xc ? 0x1000 | 1 << 10 : r & 0x70 ? 0x5000 : 0x5000 | 3 << 10);
		s->u->ops->mmio_write(s->u, 0x18, 4, 1u << 30 | (uint32_t)on << 31);
		break;
	case 1:
		s->u->ops->mmio_write(s->u, 0x18, 4, r & 0x1c ? 1u << 31 : 0);
		break;
	default: /* ECAP: PASIDs of 2 or 20 bits, RID_PASID or not */
		restore(s, 0x10, 8, (0x0433ef9ee4f050df & ~(UINT64_C(31) << 35) & ~BIT64(49)) | (r & 0x30 ? UINT64_C(19) << 35 : 0) | (r & 0x40 ? BIT64(49) : 0));
		break;
	}
}

/* ---- SMMUv3 ---- */

static struct iommu *smmuv3_new(struct side *s, unsigned kind, struct err *e)
{
	struct smmuv3_cfg *c = &s->cfg.smmuv3;

	cfg_defaults(smmuv3_opts, c);
	small(&c->ste, kind);
	small(&c->cd, kind >> 1);
	c->ste.ports = kind == 15;
	main_tlb(&c->tlb, kind);
	if (kind & 8)
		c->utlb.entries = 2;
	c->tlb_split = kind & 4;
	c->tbu_tag = kind == 9 ? SMMUV3_TAG_STREAM : SMMUV3_TAG_ASID;
	return smmuv3_create(c, "smmu0", s->k, s->m, &s->port, 1, e);
}

static uint64_t smmuv3_entry(unsigned stage, unsigned level, uint64_t addr, unsigned what)
{
	if (!(what & LEAF))
		return addr | 3;
	return addr | 0x401 | (level ? 0 : 2) | (stage == 1 ? 0x840 | (what & READ_ONLY ? 0x80 : 0) : what & READ_ONLY ? 0x7c : 0xfc);
}

static void smmuv3_ste(struct side *s, unsigned rid, uint64_t r)
{
	static const uint8_t config[] = { 5, 6, 7, 4, 7, 5, 6, 0 };
	uint64_t at = 0x80000 + 64 * (uint64_t)rid;

	put(s, at, 0x10000 | (uint64_t)config[r & 7] << 1 | (r & 0x38 ? 1 : 0) | UINT64_C(6) << 59); /* linear CDs, six bits */
	put(s, at + 8, (2 - (r >> 6 & 1)) | UINT64_C(1) << 28 | (r & 0x80 ? UINT64_C(2) << 48 : 0)); /* S1DSS, EATS, PRIVCFG */
	put(s, at + 16, (1 + (r >> 8 & 1)) | UINT64_C(16) << 32 | UINT64_C(2) << 38 | UINT64_C(5) << 48 | UINT64_C(9) << 51);
	put(s, at + 24, r & 0x200 ? S2 : S2B);
}

static void smmuv3_cd(struct side *s, unsigned ssid, uint64_t r)
{
	uint64_t at = 0x10000 + 64 * (uint64_t)ssid, asid = 1 + (r & 1) + (r & 2 ? 0x100 : 0);

	put(s, at, 16 | (r & 0xc0 ? 16 << 16 | 2 << 22 : BIT64(30)) /* TTB1, or EPD1 */ | (r & 0x1c ? BIT64(31) : 0) | UINT64_C(5) << 32 | (r & 0x20 ? BIT64(38) : 0) | BIT64(41) | UINT64_C(3) << 45 | asid << 48);
	put(s, at + 8, S1);
	put(s, at + 16, S1B);
}

static void smmuv3_change(struct side *s, unsigned rid, unsigned what, uint64_t r)
{
	if (what & 1)
		smmuv3_ste(s, rid, r);
	else
		smmuv3_cd(s, pasids[r >> 20 & 3], r);
}

static void smmuv3_start(struct side *s)
{
	for (unsigned i = 0; i < 4; i++) {
		smmuv3_ste(s, rids[i], 0x278 | i);
		smmuv3_cd(s, pasids[i], 0x5c | i);
	}
	restore(s, 0x80, 8, 0x80000); /* STRTAB_BASE, linear, 2^9 entries */
	restore(s, 0x88, 4, 9);
	restore(s, 0x20, 4, 0x11); /* CR0: SMMUEN, ATSCHK; CR0ACK */
	restore(s, 0x24, 4, 0x11);
}

static void smmuv3_drop(struct side *s, unsigned rid, unsigned what)
{
	struct smmuv3 *v = smmuv3_of(s->u);
	struct smmuv3_tlbi nsnh = { .op = 0x30, .last = UINT64_MAX };

	switch (what & 7) {
	case 0: smmuv3_inv_ste(v, rid, ~0u, true); break;
	case 1: smmuv3_inv_cd(v, rid, 0, true, false); break;
	case 2: smmuv3_inv_ste(v, 0, 0, false); break;
	case 3: smmuv3_inv_cd(v, rid, pasids[what >> 3 & 3], false, true); break;
	default: smmuv3_tlbi(v, &nsnh); break;
	}
}

static void smmuv3_reg(struct side *s, uint64_t r)
{
	uint64_t idr0 = smmuv3_reg_get(smmuv3_of(s->u), 0, 4), idr1 = smmuv3_reg_get(smmuv3_of(s->u), 4, 4);

	switch (r & 3) {
	case 0:
		restore(s, 0x20, 4, (r & 0x1c ? 1 : 0) | (r & 0x20 ? 0x10 : 0));
		break;
	case 1: /* IDR0.ASID16, VMID16 */
		restore(s, 0, 4, (idr0 & ~(UINT64_C(1) << 12 | UINT64_C(1) << 18)) | (r & 4 ? 1u << 12 : 0) | (r & 8 ? 1u << 18 : 0));
		break;
	default: /* IDR1.SSIDSIZE; ATTR_PERMS_OVR */
		restore(s, 4, 4, (idr1 & ~(UINT64_C(31) << 6 | UINT64_C(1) << 26)) | (r & 0x1c ? 20u << 6 : 0) | (r & 0x20 ? 1u << 26 : 0));
		break;
	}
}

/* ---- AMD-Vi ---- */

static struct iommu *amdvi_new(struct side *s, unsigned kind, struct err *e)
{
	struct amdvi_cfg *c = &s->cfg.amdvi;

	cfg_defaults(amdvi_opts, c);
	small(&c->dtc, kind);
	c->dtc.ports = kind == 15;
	main_tlb(&c->iotlb, kind);
	c->l1.entries = kind & 8 ? 2 : 0;
	c->l1.ways = 0;
	c->np_cache = kind & 4;
	return amdvi_create(c, "amd0", s->k, s->m, &s->port, 1, e);
}

static uint64_t amdvi_entry(unsigned stage, unsigned level, uint64_t addr, unsigned what)
{
	if (stage == 1)
		return addr | (what & READ_ONLY ? 0x65 : 0x67);
	return addr | BIT64(61) | (what & READ_ONLY ? 0 : BIT64(62)) | (what & LEAF ? 0 : (uint64_t)level << 9) | 1;
}

static void amdvi_change(struct side *s, unsigned rid, unsigned what, uint64_t r)
{
	uint64_t at = 0x80000 + 32 * (uint64_t)rid;
	bool guest = r & 3, host = (r & 3) != 1;

	if (what & 4)
		put(s, 0x10000 + 8 * pasids[r >> 20 & 3], (r & 0x8000 ? S1 : S1B) | 1);
	put(s, at, (r & 0x1c ? 3 : r & 0x20 ? 1 : 0) | (r & 0x40 ? BIT64(61) : 0) | (r & 0x80 ? BIT64(62) : 0) | (host ? (r & 0x100 ? S2 : S2B) | 4 << 9 : 0) |
		       (guest ? BIT64(54) | BIT64(55) | UINT64_C(0x10) << 58 : 0));
	put(s, at + 8, (1 + (r >> 9 & 1)) | (r & 0x400 ? BIT64(32) : 0) | (r & 0x800 ? BIT64(33) : 0) | (r & 0x7000 ? 0 : BIT64(39)) | UINT64_C(0x10) >> 3 << 16);
}

static void amdvi_start(struct side *s)
{
	for (unsigned i = 0; i < 4; i++) {
		amdvi_change(s, rids[i], 0, 0x71fc | i);
		put(s, 0x10000 + 8 * pasids[i], S1 | 1);
	}
	restore(s, 0, 8, 0x80000 | 3); /* device table, four pages */
	restore(s, 0x18, 8, 1 | 1 << 16); /* Control: IommuEn, GTEn */
}

static void amdvi_drop(struct side *s, unsigned rid, unsigned what)
{
	struct amdvi *v = amdvi_of(s->u);

	switch (what & 3) {
	case 0: amdvi_inv_devtab(v, rid); break;
	case 1: amdvi_inv_domain(v, (uint16_t)(1 + (what >> 2 & 1))); break;
	case 2: amdvi_inv_all(v); break;
	default: amdvi_inv_devtab(v, rids[what >> 2 & 3]); break;
	}
}

static void amdvi_reg(struct side *s, uint64_t r)
{
	uint64_t efr = amdvi_reg_get(amdvi_of(s->u), 0x30, 8);

	switch (r & 3) {
	case 0: /* IommuEn, GTEn */
		restore(s, 0x18, 8, (r & 0x1c ? 1u : 0) | (r & 0x60 ? 1u << 16 : 0));
		break;
	case 1: /* an exclusion range over two pages; in use, and for all */
		s->u->ops->mmio_write(s->u, 0x28, 8, 0x3000);
		s->u->ops->mmio_write(s->u, 0x20, 8, 0x2000 | (r >> 2 & 1) | (r >> 3 & 1) << 1);
		break;
	default: /* EFR: PASIDs of 1 or 20 bits; GIOSup */
		restore(s, 0x30, 8, (efr & ~(UINT64_C(31) << 32 | BIT64(48))) | (r & 0x1c ? UINT64_C(19) << 32 : 0) | (r & 0x20 ? BIT64(48) : 0));
		break;
	}
}

static const struct arch archs[] = {
	{ "vtd", vtd_new, vtd_start, vtd_entry, vtd_change, vtd_drop, vtd_reg },
	{ "smmuv3", smmuv3_new, smmuv3_start, smmuv3_entry, smmuv3_change, smmuv3_drop, smmuv3_reg },
	{ "amdvi", amdvi_new, amdvi_start, amdvi_entry, amdvi_change, amdvi_drop, amdvi_reg },
};

/* ---- both sides ---- */

static void open_side(struct side *s, const struct arch *a, unsigned kind)
{
	static const struct mem_port_cfg port = { .lat_ps = 80000 };
	struct err e = { 0 };

	memset(s, 0, sizeof(*s));
	s->k = sim_kernel_create();
	s->m = mem_create(UINT64_C(1) << 40, false);
	ck_assert(s->k && s->m && mem_port_init(&s->port, &port, &e));
	s->u = a->create(s, kind, &e);
	ck_assert_msg(s->u != NULL, "%s", e.msg);
	ck_assert(s->u->ops->stats(s->u, &s->reg));
	tables(s, a, kind & 2);
	a->start(s);
}

static void close_side(struct side *s)
{
	stat_fini(&s->reg);
	s->u->ops->destroy(s->u);
	mem_port_fini(&s->port);
	mem_destroy(s->m);
	sim_kernel_destroy(s->k);
}

static struct xl_req request(struct rng *g)
{
	static const uint8_t acc[] = { XL_R, XL_W, XL_R, XL_W, XL_R | XL_W, XL_R | XL_PRIV, XL_W | XL_PRIV, XL_R | XL_X };
	uint64_t r = rng_next(g), page = r & 7;
	struct xl_req q = { .len = 64, .rid = rids[r >> 3 & 3], .acc = acc[r >> 5 & 7] };

	q.has_pasid = (r >> 8 & 3) == 0;
	q.pasid = q.has_pasid ? pasids[r >> 10 & 3] : 0;
	q.at = (r >> 12 & 7) == 0 ? XL_TRANSLATION_REQ : (r >> 12 & 15) == 1 ? XL_TRANSLATED : XL_UNTRANSLATED;
	q.spec = (r >> 16 & 15) == 0;
	q.iova = page << 12 | (r >> 20 & 0xf80);
	if ((r >> 32 & 15) == 0) { /* interrupts, by way of a large page too, a top byte, beyond every table */
		static const uint64_t odd[] = { 0xfee00000, 0x3ee00000, 0x3ee00000, 0x3ee00000, 0xfee00000, UINT64_C(0x5a) << 56, UINT64_C(1) << 52, ~UINT64_C(0) << 48 };

		q.iova |= odd[r >> 36 & 7];
	}
	if ((r >> 40 & 15) == 0)
		q.len = 0;
	return q;
}

/* One request without events, as iommu.c does it. */
static void ask(struct side *s, const struct xl_req *q)
{
	struct xl *x = &s->x;

	memset(x, 0, sizeof(*x));
	x->u = s->u;
	x->req = *q;
	x->state = XL_LOOKUP;
	x->ov_first = UINT64_MAX;
	s->reads = 0;
	s->act = s->u->ops->begin(s->u, x);
	while (s->act == XL_ACT_READ || s->act == XL_ACT_CAS) {
		if (s->act == XL_ACT_CAS)
			x->mem_st = (uint8_t)mem_cas(s->m, x->mem_spa, x->cas_old, x->cas_new, &x->data[0]);
		else
			x->mem_st = (uint8_t)mem_read(s->m, x->mem_spa, x->data, x->mem_words);
		s->reads++;
		s->act = s->u->ops->next(s->u, x);
	}
	x->res.ok = s->act == XL_ACT_DONE;
	if (!x->res.ok && !s->u->ops->fault(s->u, x))
		ck_abort_msg("a request is held");
}

static void same_answer(const struct side *a, const struct side *b, const char *arch, unsigned step)
{
	const struct xl_res *p = &a->x.res, *q = &b->x.res;

	if (a->act != b->act || p->ok != q->ok || p->spa != q->spa || p->code != q->code)
		ck_abort_msg("%s, step %u: act %d %d, spa 0x%llx 0x%llx, code 0x%x 0x%x", arch, step, a->act, b->act, (unsigned long long)p->spa,
			     (unsigned long long)q->spa, p->code, q->code);
	if (p->size_lg2 != q->size_lg2 || p->perm != q->perm || p->bypass != q->bypass || p->snoop != q->snoop || p->no_record != q->no_record ||
	    p->memtype != q->memtype || p->cpl != q->cpl || p->info[0] != q->info[0] || p->info[1] != q->info[1])
		ck_abort_msg("%s, step %u: another result", arch, step);
	if (a->reads != b->reads || a->x.cyc != b->x.cyc || a->x.hit != b->x.hit || a->x.tagged != b->x.tagged)
		ck_abort_msg("%s, step %u: %u %u reads, %u %u cycles", arch, step, a->reads, b->reads, a->x.cyc, b->x.cyc);
	if (a->x.tagged && memcmp(&a->x.tag, &b->x.tag, sizeof(a->x.tag)))
		ck_abort_msg("%s, step %u: another tag", arch, step);
}

static void same_counters(const struct side *a, const struct side *b, const char *arch, unsigned step)
{
	for (size_t i = 0; i < a->reg.n; i++)
		for (const struct stat_def *d = a->reg.node[i].defs; d->name; d++) {
			const uint64_t *p = (const void *)((const char *)a->reg.node[i].base + d->off), *q = (const void *)((const char *)b->reg.node[i].base + d->off);

			if (d->kind == STAT_U64 && *p != *q) /* ck_assert_msg() writes a file each time */
				ck_abort_msg("%s, step %u: %s.%s is %llu and %llu", arch, step, a->reg.node[i].path, d->name, (unsigned long long)*p,
					     (unsigned long long)*q);
		}
}

static void change_both(const struct arch *a, struct side *const s[2], struct rng *g)
{
	uint64_t r = rng_next(g), v = rng_next(g);
	unsigned rid = rids[r & 3], what = (unsigned)(r >> 8);

	for (unsigned i = 0; i < 2; i++) {
		switch (r >> 4 & 7) {
		case 0: case 1: a->change(s[i], rid, what, v); break;
		case 2: case 3: a->drop(s[i], rid, what); break;
		case 4: /* as software does it */
			a->change(s[i], rid, what, v);
			a->drop(s[i], rid, 0);
			a->drop(s[i], rid, 1);
			break;
		case 5: a->reg(s[i], v); break;
		default: a->start(s[i]); break; /* all as in the beginning, or most would be refused soon */
		}
		(void)sim_run(s[i]->k);
	}
}

START_TEST(remembering_changes_nothing)
{
	const struct arch *a = &archs[_i / 16];
	static struct side with, without;
	struct side *const both[2] = { &with, &without };
	struct xl_req q = { .rid = 0x100, .acc = XL_R, .len = 64 };
	unsigned used = 0;
	struct rng g;

	rng_seed(&g, 77 + (uint64_t)_i);
	open_side(&with, a, _i % 16);
	open_side(&without, a, _i % 16);
	for (unsigned step = 0; step < STEPS; step++) {
		struct xl_req now = request(&g);
		uint64_t iova = now.iova;

		if (rng_below(&g, 4) == 0) /* the same requester some times in turn */
			q = now;
		q.iova = iova;
		if (rng_below(&g, 16) == 0)
			change_both(a, both, &g);
		memo_forget(without.u);
		with.x.req = q;
		with.x.functional = false;
		used += memo_find(with.u, &with.x) != NULL;
		ask(&with, &q);
		ask(&without, &q);
		same_answer(&with, &without, a->name, step);
		same_counters(&with, &without, a->name, step);
	}
	if (_i % 16 == 15 || (a->name[0] == 's' && _i % 16 == 9)) /* ports, or a TBU that comes first */
		ck_assert_uint_eq(used, 0);
	else
		ck_assert_uint_gt(used, STEPS / 100);
	close_side(&with);
	close_side(&without);
}
END_TEST

/* Walks that overlap write an entry twice: what was remembered of the first must not be used with the second. */
START_TEST(fills_and_drops_are_told)
{
	static const struct xc_cfg c[] = { { .entries = 4, .ways = 2 }, { .entries = 4 } };
	struct xcache *x = xc_create(&c[_i], 8, 1, NULL);
	struct xc_tag t = { .first = 7, .rid = 7 };
	struct inv_scope all = { .kinds = ~0u };
	uint64_t n = 10;

	ck_assert(x != NULL);
	xc_watch(x, &n);
	(void)xc_fill(x, &t);
	ck_assert_uint_eq(n, 11);
	(void)xc_fill(x, &t);
	ck_assert_uint_eq(n, 12);
	(void)xc_lookup(x, 7, 0);
	ck_assert_uint_eq(n, 12);
	ck_assert_uint_eq(xc_invalidate(x, &all), 1);
	ck_assert_uint_eq(n, 13);
	xc_destroy(x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memo");
	TCase *t = tcase_create("memo");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, remembering_changes_nothing, 0, 16 * (int)ARRAY_LEN(archs));
	tcase_add_loop_test(t, fills_and_drops_are_told, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
