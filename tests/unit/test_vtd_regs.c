/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers: widths, masks, halves, global commands, restoring. Expected bits are written out from the specification, not read from the
 * tables.
 */
#include "vtd_rig.h"

static void mts(struct vtd_cfg *c)
{
	scalable(c);
	c->ecap |= BIT64(25);
}

static const struct rig_reg regs[] = {
	{ "VER", 0x000, 4, 0x60, 0x60 },
	{ "CAP", 0x008, 8, SCALABLE_CAP, SCALABLE_CAP },
	{ "GSTS", 0x01c, 4, 0, 0 },
	{ "RTADDR", 0x020, 8, 0, 0xfffffffffffffc00 },
	{ "FSTS", 0x034, 4, 0, 0 },
	{ "FECTL", 0x038, 4, 0x80000000, 0x80000000 },
	{ "FEDATA", 0x03c, 4, 0, 0xffff },
	{ "FEADDR", 0x040, 4, 0, 0xfffffffc },
	{ "FEUADDR", 0x044, 4, 0, 0xffffffff },
	{ "AFLOG", 0x058, 8, 0, 0 },
	{ "PMEN (no PLMR, no PHMR)", 0x064, 4, 0, 0 },
	{ "IQH", 0x080, 8, 0, 0 },
	{ "IQT", 0x088, 8, 0, 0x7fff0 },
	{ "IQA", 0x090, 8, 0, 0xfffffffffffff807 },
	{ "ICS", 0x09c, 4, 0, 0 },
	{ "IECTL", 0x0a0, 4, 0x80000000, 0x80000000 },
	{ "IEDATA", 0x0a4, 4, 0, 0xffff },
	{ "IEADDR", 0x0a8, 4, 0, 0xfffffffc },
	{ "IEUADDR", 0x0ac, 4, 0, 0xffffffff },
	{ "IQERCD", 0x0b0, 8, 0, 0 },
	{ "IRTA", 0x0b8, 8, 0, 0xfffffffffffff80f },
	{ "PQH", 0x0c0, 8, 0, 0x7ffe0 },
	{ "PQT", 0x0c8, 8, 0, 0x7ffe0 },
	{ "PQA", 0x0d0, 8, 0, 0xfffffffffffff007 },
	{ "PRS", 0x0dc, 4, 0, 0 },
	{ "PECTL", 0x0e0, 4, 0x80000000, 0x80000000 },
	{ "MTRRDEF (no MTS)", 0x108, 8, 0, 0 },
	{ "hole", 0x0f8, 8, 0, 0 },
	{ "VCMD", 0xe00, 8, 0, 0 },
	{ "VCCAP", 0xe30, 8, 0, 0 },
	{ "FRCD[7] high", 0x478, 8, 0, 0 },
	{ "IVA is write-only", 0x500, 8, 0, 0 },
};

START_TEST(every_register_keeps_only_its_bits)
{
	struct rig *r = rig_new(scalable);

	rig_keeps_its_bits(r, &regs[_i]);
	rig_keeps_its_halves(r, &regs[_i]);
	rig_free(r);
}
END_TEST

START_TEST(odd_accesses_do_nothing)
{
	struct rig *r = rig_new(NULL);

	r->u->ops->mmio_write(r->u, 0x3c, 2, 0x1234);
	r->u->ops->mmio_write(r->u, 0x3c, 8, 0x1234);
	r->u->ops->mmio_write(r->u, 0x1ffc, 8, UINT64_MAX);
	ck_assert_uint_eq(rd32(r, 0x3c), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x10001, 4), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x9, 4), 0);
	/* one 64-bit access over two 32-bit registers is legal */
	wr64(r, 0x38, UINT64_C(0x0000beef00000000));
	ck_assert_uint_eq(rd64(r, 0x38), UINT64_C(0x0000beef00000000));
	rig_free(r);
}
END_TEST

START_TEST(mtrr_block_only_with_mts)
{
	struct rig *r = rig_new(mts);

	ck_assert_uint_eq(rd64(r, 0x100), 0x50a);
	wr64(r, 0x108, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, 0x108), 0xcff);
	wr64(r, 0x218, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, 0x218), UINT64_C(0xfffffffffffff800));
	rig_free(r);
}
END_TEST

START_TEST(srtp_latches_only_when_asked)
{
	struct rig *r = rig_new(scalable);

	wr64(r, VTD_R_RTADDR, 0x5000 | 1 << 10);
	ck_assert_uint_eq(r->v->root, 0);
	gcmd(r, GSTS_RTPS, 0);
	ck_assert_uint_eq(r->v->root, 0x5000);
	ck_assert_uint_eq(r->v->ttm, VTD_TTM_SCALABLE);
	ck_assert_uint_eq(rd32(r, VTD_R_GSTS), GSTS_RTPS);
	wr64(r, VTD_R_RTADDR, 0x6000);
	gcmd(r, 0, 0);
	ck_assert_uint_eq(r->v->root, 0x5000);
	ck_assert_uint_eq(rd32(r, 0x18), 0);
	rig_free(r);
}
END_TEST

static void fill_cc(struct rig *r)
{
	struct xc_tag t = { .first = 0x310, .rid = 0x310 };

	ck_assert_uint_ne(xc_fill(r->v->cc, &t), XC_MISS);
}

START_TEST(srtp_drops_caches_only_with_esrtps)
{
	struct rig *r = rig_new(scalable);

	fill_cc(r);
	gcmd(r, GSTS_RTPS, 0);
	ck_assert_uint_eq(xc_live(r->v->cc), 0);
	rig_free(r);
	r = rig_new(NULL);
	fill_cc(r);
	gcmd(r, GSTS_RTPS, 0);
	ck_assert_uint_eq(xc_live(r->v->cc), 1);
	rig_free(r);
}
END_TEST

static void answered(struct xl *x)
{
	(void)x;
}

START_TEST(te_off_drains_then_drops)
{
	struct rig *r = rig_new(scalable);
	struct xl *x = calloc(1, sizeof *x);

	x->req = (struct xl_req){ .iova = 0x1000, .len = 64, .rid = 0x310, .acc = XL_R };
	x->done = answered;
	gcmd(r, GSTS_TES, 0);
	ck_assert(r->v->te);
	fill_cc(r);
	iommu_translate(r->u, x);
	gcmd(r, 0, GSTS_TES);
	run_for(r, 10 * US);
	ck_assert_msg(rd32(r, VTD_R_GSTS) & GSTS_TES, "a request is still in flight");
	ck_assert(!idle(r));
	ck_assert_uint_ge(xc_live(r->v->cc), 1);
	r->n_progress = 0;
	iommu_retire(r->u, x);
	run_for(r, US);
	ck_assert(!(rd32(r, VTD_R_GSTS) & GSTS_TES));
	ck_assert(idle(r));
	ck_assert_uint_ge(r->n_progress, 1);
	ck_assert_uint_eq(xc_live(r->v->cc), 0);
	free(x);
	rig_free(r);
}
END_TEST

static void pmr(struct vtd_cfg *c)
{
	c->cap |= BIT64(5) | BIT64(6);
}

START_TEST(protected_memory)
{
	struct rig *r = rig_new(pmr);
	struct xl_req q = { .iova = 0x3fffff, .len = 1, .acc = XL_R };
	struct xl_res res;

	wr32(r, VTD_R_PLMBASE, 0xffffffff);
	ck_assert_uint_eq(rd32(r, VTD_R_PLMBASE), 0xffe00000);
	wr32(r, VTD_R_PLMBASE, 0x200000);
	wr32(r, VTD_R_PLMLIMIT, 0x200000);
	wr64(r, VTD_R_PHMBASE, UINT64_MAX);
	wr64(r, VTD_R_PHMLIMIT, 0);
	iommu_walk_now(r->u, &q, &res, NULL, NULL);
	ck_assert(res.ok);
	wr32(r, VTD_R_PMEN, 0x80000000);
	ck_assert_uint_eq(rd32(r, VTD_R_PMEN), 0x80000001);
	iommu_walk_now(r->u, &q, &res, NULL, NULL);
	ck_assert(!res.ok && res.no_record);
	q.iova = 0x400000;
	iommu_walk_now(r->u, &q, &res, NULL, NULL);
	ck_assert(res.ok);
	wr32(r, VTD_R_PMEN, 0);
	ck_assert_uint_eq(rd32(r, VTD_R_PMEN), 0);
	rig_free(r);
}
END_TEST

/* CCMD and IOTLB: request in, granularity out, both by 64 bits and with the command in the high half. */
START_TEST(register_based_invalidation)
{
	struct rig *r = rig_new(NULL);

	fill_cc(r);
	wr64(r, VTD_R_CCMD, UINT64_C(0xa000000000000000));
	ck_assert_msg(rd64(r, VTD_R_CCMD) >> 63, "ICC stays until done");
	ck_assert(!idle(r));
	wr64(r, VTD_R_CCMD, 0); /* not ours while busy */
	run_for(r, 16 * 1000 - 1);
	ck_assert(rd64(r, VTD_R_CCMD) >> 63);
	run_for(r, 1);
	ck_assert_uint_eq(rd64(r, VTD_R_CCMD), UINT64_C(0x2800000000000000));
	ck_assert_uint_eq(xc_live(r->v->cc), 0);
	ck_assert(idle(r));
	wr64(r, 0x500, 0x100000 | 2);
	wr32(r, 0x508, 0);
	wr32(r, 0x50c, 0xb0000005); /* page-selective, DID 5 */
	run_for(r, US);
	ck_assert_uint_eq(rd64(r, 0x508), UINT64_C(0x3600000500000000));
	wr64(r, 0x500, 0x100000 | 19); /* AM above MAMV 18 */
	wr32(r, 0x50c, 0xb0000005);
	run_for(r, US);
	ck_assert_uint_eq(rd64(r, 0x508), UINT64_C(0x3000000500000000));
	wr64(r, VTD_R_CCMD, UINT64_C(0x8000000000000000)); /* CIRG reserved */
	run_for(r, US);
	ck_assert_uint_eq(rd64(r, VTD_R_CCMD), 0);
	rig_free(r);
	r = rig_new(scalable); /* major 6 */
	wr64(r, VTD_R_CCMD, UINT64_C(0xa000000000000000));
	run_for(r, US);
	ck_assert_uint_eq(rd64(r, VTD_R_CCMD), UINT64_C(0x2000000000000000));
	rig_free(r);
}
END_TEST

static void restore(struct rig *r, uint32_t off, unsigned bytes, uint64_t v)
{
	struct err e = { 0 };

	ck_assert_msg(r->u->ops->restore(r->u, off, bytes, v, &e), "%s", e.msg);
}

/* A queue captured in the middle goes on at IQH, whatever the order of the registers. */
static void restore_from(unsigned first)
{
	static const struct { uint32_t off; unsigned bytes; uint64_t v; } st[] = {
		{ VTD_R_GSTS, 4, 0xc4000000 }, { VTD_R_IQT, 8, 0x60 }, { VTD_R_IQH, 8, 0x40 }, { VTD_R_IQA, 8, RING | 0x801 },
		{ VTD_R_RTADDR, 8, ROOT | 0x400 }, { VTD_R_ECAP, 8, SCALABLE_ECAP }, { VTD_R_CAP + 4, 4, SCALABLE_CAP >> 32 },
		{ VTD_R_CAP, 4, SCALABLE_CAP & 0xffffffff }, { VTD_R_VER, 4, 0x60 }, { 0x478, 8, UINT64_C(1) << 63 | 0x310 },
	};
	struct rig *r = rig_new(NULL);
	const unsigned n = ARRAY_LEN(st);

	r->wide = true;
	put_at(r, 2, UINT64_C(0x0000000700000025), STATUS);
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (i * 7 + first) % n; /* 7 and 10 have no common factor */

		restore(r, st[j].off, st[j].bytes, st[j].v);
	}
	ck_assert(r->v->te);
	ck_assert_uint_eq(r->v->root, ROOT);
	ck_assert_uint_eq(r->v->ttm, VTD_TTM_SCALABLE);
	ck_assert_uint_eq(r->v->cap.nfr, 8);
	run_for(r, US);
	ck_assert_uint_eq(status_word(r), 0);
	ck_assert_uint_eq(rd64(r, 0x478), UINT64_C(1) << 63 | 0x310); /* the first access lets the queue go on */
	run_for(r, US);
	ck_assert_uint_eq(status_word(r), 7);
	ck_assert_uint_eq(rd64(r, VTD_R_IQH), 0x60);
	rig_free(r);
}

START_TEST(impossible_capabilities_are_errors)
{
	struct rig *r = rig_new(NULL);
	struct err e = { 0 };

	ck_assert(!r->u->ops->restore(r->u, VTD_R_CAP, 8, UINT64_C(0x00d2ff8fff6f0406), &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert(!r->u->ops->restore(r->u, 0x81, 8, 0, &e));
	r->c.cap = UINT64_C(0x00d2ff8fff6f0406);
	ck_assert_ptr_null(vtd_create(&r->c, "vtd1", r->k, r->m, &r->p, 1, &e));
	rig_free(r);
}
END_TEST

START_TEST(statistics_have_distinct_paths)
{
	struct rig *r = rig_new(NULL);
	struct stat_reg s = { 0 };

	ck_assert(r->u->ops->stats(r->u, &s));
	ck_assert_uint_ge(s.n, 6);
	for (size_t i = 0; i < s.n; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(s.node[i].path, s.node[j].path);
	stat_fini(&s);
	rig_free(r);
}
END_TEST

#define ORDERS 10
START_TEST(restore_in_any_order)
{
	for (unsigned i = 0; i < ORDERS; i++)
		restore_from(i);
}
END_TEST

RIG_MAIN("vtd_regs", every_register_keeps_only_its_bits, ARRAY_LEN(regs), odd_accesses_do_nothing, mtrr_block_only_with_mts,
	 srtp_latches_only_when_asked,
	 srtp_drops_caches_only_with_esrtps, te_off_drains_then_drops, protected_memory, register_based_invalidation, restore_in_any_order,
	 impossible_capabilities_are_errors, statistics_have_distinct_paths)
