/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3_run.c - the SMMUv3 driver on the real unit, with caches of several kinds: generated traces, where every DMA must land on
 * the address the generator mapped, and random events, where every DMA must have the answer a plain list of mappings gives.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "fake_plat.h"
#include "smmuv3/smmuv3.h"
#include "software/drv.h"
#include "software/gen.h"

static void show_diff(void *arg, const struct plat_diff *d)
{
	if (arg && (*(int *)arg)++ < 3)
		fprintf(stderr, "iova %" PRIx64 " rid %x: %s %" PRIx64 " code 0x%x, expected %" PRIx64 "\n", d->rec->u.dma.iova, d->rec->u.dma.rid,
			d->got.ok ? "ok" : "fault", d->got.spa, d->got.code, d->rec->u.dma.pa);
}

/* The generator's records, with every requester's ATS on first. */
struct feed {
	struct gen *g;
	const struct gen_cfg *c;
	uint32_t n_ats, line;
};
static int feed_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct feed *f = arg;

	if (f->n_ats < f->c->devices) {
		*r = (struct trc_rec){ .kind = TRC_DEVICE, .at = TRC_NO_TIME, .line = ++f->line };
		r->u.dev.rid = f->c->rid + f->n_ats++;
		r->u.dev.event = TRC_DEV_ATS_ON;
		return 1;
	}
	return gen_next(f->g, r, e);
}

enum { CACHE_DEFAULT, CACHE_TINY, CACHE_NONE, CACHE_SPLIT, CACHE_STREAM, CACHES };
static void set_caches(struct smmuv3_cfg *c, unsigned how)
{
	struct xc_cfg *x[] = { &c->tlb, &c->ipa, &c->l1std, &c->ste, &c->l1cd, &c->cd, &c->walk };

	if (how == CACHE_TINY || how == CACHE_NONE)
		for (size_t i = 0; i < ARRAY_LEN(x); i++) {
			x[i]->entries = how == CACHE_TINY ? 4 : 0;
			x[i]->ways = how == CACHE_TINY ? 2 : 0;
		}
	if (how == CACHE_TINY || how == CACHE_NONE)
		for (unsigned i = 0; i < 3; i++)
			c->walk_s1[i] = c->walk_s2[i] = how == CACHE_TINY ? 4 : 0;
	c->tlb_split = how == CACHE_SPLIT;
	c->walk_unified = how == CACHE_SPLIT;
	if (how == CACHE_STREAM) {
		c->tbu_tag = SMMUV3_TAG_STREAM;
		c->tbu.entries = 64;
		c->utlb.entries = 8;
	}
}

static const struct shape {
	const char *name;
	uint32_t mode, levels, s2_page, page, policy, ril, granule, wait;
	uint64_t pasid;
	bool e2h, deaf; /* deaf: the unit ignores invalidations, so the churn must show */
} shapes[] = {
	{ "stage 1", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, by page", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_OFF, DRV_GRANULE_4K, DRV_WAIT_EACH, TRC_NO_PASID, false, false },
	{ "stage 1, 2M, lazy", DRV_MODE_AUTO, 0, 0, 1, DRV_LAZY, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, EL2, PASID, lazy", DRV_MODE_FS, 0, 0, 0, DRV_LAZY, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, 0x12345, true, false },
	{ "stage 1, EL2", DRV_MODE_FS, 3, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, true, false },
	{ "stage 1, 64K", DRV_MODE_FS, 0, 0, 1, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_64K, 0, TRC_NO_PASID, false, false },
	{ "stage 2", DRV_MODE_SS, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 2, 3 levels, by page, lazy", DRV_MODE_SS, 3, 0, 0, DRV_LAZY, DRV_RIL_OFF, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 2, 16K", DRV_MODE_SS, 0, 0, 1, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_16K, 0, TRC_NO_PASID, false, false },
	{ "nested", DRV_MODE_NESTED, 0, 0, 0, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "nested, 2M above 2M, lazy, PASID", DRV_MODE_NESTED, 0, 1, 1, DRV_LAZY, DRV_RIL_OFF, DRV_GRANULE_4K, 0, 77, false, false },
	{ "nested, 1G stage 2, by page", DRV_MODE_NESTED, 0, 2, 0, DRV_STRICT, DRV_RIL_OFF, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "nested, 64K", DRV_MODE_NESTED, 0, 1, 1, DRV_STRICT, DRV_RIL_ON, DRV_GRANULE_64K, 0, TRC_NO_PASID, false, false },
	{ "bypass", DRV_MODE_PT, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, false },
	{ "stage 1, deaf unit", DRV_MODE_FS, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
	{ "stage 2, deaf unit", DRV_MODE_SS, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
	{ "nested, deaf unit", DRV_MODE_NESTED, 0, 0, 0, DRV_STRICT, DRV_RIL_AUTO, DRV_GRANULE_4K, 0, TRC_NO_PASID, false, true },
};

/* Generator, driver, platform and the real unit together; every shape with every set of caches (a deaf unit needs some). */
START_TEST(runs_on_the_unit)
{
	const struct shape *s = &shapes[_i / CACHES];
	unsigned caches = _i % CACHES;
	static char pt[] = "pt";
	struct plat_cfg pc = fake_plat_cfg();
	struct gen_cfg gc = { 0 };
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = s->deaf ? NULL : &diffs, .diff = show_diff };

	if (s->deaf && (caches == CACHE_TINY || caches == CACHE_NONE))
		return;
	struct plat *p = plat_create(&pc, &h, &e);

	cfg_defaults(gen_opts, &gc);
	cfg_defaults(drv_opts, &dc);
	cfg_defaults(smmuv3_opts, &uc);
	uc.ignore_invalidations = s->deaf;
	set_caches(&uc, caches);
	dc.mode = s->mode;
	dc.levels = s->levels;
	dc.s2_page = s->s2_page;
	dc.policy = s->policy;
	dc.smmu_ril = s->ril;
	dc.smmu_granule = s->granule;
	dc.wait = s->wait;
	dc.smmu_e2h = s->e2h;
	dc.pool_bytes = UINT64_C(4) << 30;
	gc.window = (UINT64_C(4096) << (9 * s->page)) * 40;
	gc.page = s->page;
	gc.pasid = s->pasid;
	gc.devices = 3;
	gc.count = 1500;
	gc.churn = 20;
	if (s->mode == DRV_MODE_PT)
		gc.type = pt;
	struct iommu *u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u != NULL, "%s", e.msg);
	ck_assert(plat_add_unit(p, u, &e));
	struct feed f = { .g = gen_create(&gc, 3, &e), .c = &gc };
	struct drv *d = drv_create(&dc, p, feed_next, &f, &e);

	ck_assert_msg(f.g && d, "%s", e.msg);
	ck_assert_msg(plat_run(p, drv_next, d, true, &e), "%s, caches %u: %s", s->name, caches, e.msg);
	ck_assert_msg((plat_verified(p)->disagree != 0) == s->deaf, "%s, caches %u: %" PRIu64 " differ", s->name, caches,
		      plat_verified(p)->disagree);
	ck_assert_uint_eq(plat_verified(p)->agree + plat_verified(p)->disagree, gc.count);
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x60, 4), 0); /* GERROR: no error of the queue */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x100a8, 4), 0); /* EVENTQ_PROD: no event */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x98, 4), u->ops->mmio_read(u, 0x9c, 4)); /* every command was taken */
	drv_destroy(d);
	gen_destroy(f.g);
	plat_destroy(p);
}
END_TEST

/*
 * Random events on a few requesters, PASIDs and domains, and what a list of mappings says of each DMA. Pages are mapped and unmapped in
 * runs, domains are attached, changed and left in any order; a DMA that nothing maps must be refused.
 */
enum { N_RID = 4, N_CTX = 2 * N_RID, N_DOM = 5, N_SLOT = 1100, PASID = 0x321, EVENTS = 4000 };
struct chaos {
	struct rng rng;
	uint32_t dom[N_CTX]; /* of each requester without and with PASID; 0: none */
	uint64_t pa[N_DOM + 1][N_SLOT]; /* 0: not mapped */
	bool block[N_DOM + 1][N_SLOT / 512 + 1]; /* these 512 came in one map */
	unsigned n;
	bool lazy; /* what was unmapped may still be there */
};

static uint64_t iova_of(unsigned slot)
{
	return UINT64_C(0x40000000) + 4096 * (uint64_t)slot;
}

/* A run of up to 600 slots that are all free or all used. */
static unsigned run_of(struct chaos *c, unsigned dom, unsigned first)
{
	unsigned want = 1 + (unsigned)rng_below(&c->rng, rng_below(&c->rng, 4) ? 20 : 600), n = 0;

	while (n < want && first + n < N_SLOT && !c->pa[dom][first + n] == !c->pa[dom][first])
		n++;
	return n;
}

static void chaos_map(struct chaos *c, struct trc_rec *r)
{
	unsigned dom = 1 + (unsigned)rng_below(&c->rng, N_DOM), first = (unsigned)rng_below(&c->rng, N_SLOT);

	if (rng_below(&c->rng, 3) == 0) /* from the start of a 2 MiB page */
		first = 512 * (unsigned)rng_below(&c->rng, 3);
	unsigned n = run_of(c, dom, first), end;

	if (c->pa[dom][first]) { /* a 2 MiB mapping goes as a whole: it may be one leaf */
		end = first + n;
		first = c->block[dom][first / 512] ? first / 512 * 512 : first;
		end = c->block[dom][(end - 1) / 512] ? ((end - 1) / 512 + 1) * 512 : end;
		n = end - first;
	}
	r->u.sw.dom = dom;
	r->u.sw.iova = iova_of(first);
	r->u.sw.size = 4096 * (uint64_t)n;
	r->kind = c->pa[dom][first] ? TRC_UNMAP : TRC_MAP;
	if (r->kind == TRC_MAP) {
		r->u.sw.pa = UINT64_C(0x100000000) + (rng_below(&c->rng, 4096) << 21) + 4096 * (first % 512);
		r->u.sw.perm = XL_R | XL_W;
	}
	for (unsigned i = 0; i < n; i++)
		c->pa[dom][first + i] = r->kind == TRC_MAP ? r->u.sw.pa + 4096 * i : 0;
	for (unsigned i = first / 512; i <= (first + n - 1) / 512; i++)
		c->block[dom][i] = r->kind == TRC_MAP && first <= 512 * i && first + n >= 512 * (i + 1);
}

static void chaos_attach(struct chaos *c, struct trc_rec *r)
{
	unsigned ctx = (unsigned)rng_below(&c->rng, N_CTX), dom = 1 + (unsigned)rng_below(&c->rng, N_DOM);

	r->u.sw.rid = 0x20 + ctx / 2;
	r->u.sw.pasid = ctx & 1 ? PASID : TRC_NO_PASID;
	if (c->dom[ctx] && (c->dom[ctx] == dom || rng_below(&c->rng, 2))) {
		r->kind = TRC_DETACH;
		r->u.sw.dom = c->dom[ctx];
		c->dom[ctx] = 0;
		return;
	}
	r->kind = TRC_ATTACH;
	r->u.sw.dom = c->dom[ctx] = dom;
}

static void chaos_dma(struct chaos *c, struct trc_rec *r)
{
	unsigned ctx = (unsigned)rng_below(&c->rng, N_CTX), slot = (unsigned)rng_below(&c->rng, N_SLOT);
	unsigned off = (unsigned)rng_below(&c->rng, 64) * 64;
	uint64_t pa = c->dom[ctx] ? c->pa[c->dom[ctx]][slot] : 0;

	*r = (struct trc_rec)REC_DMA(rng_below(&c->rng, 2) ? 'r' : 'w', iova_of(slot) + off, 64,
				     .expect = pa ? TRC_EXP_OK : c->lazy && c->dom[ctx] ? TRC_EXP_NONE : TRC_EXP_FAULT);
	r->u.dma.pa = pa ? pa + off : 0;
	r->u.dma.rid = 0x20 + ctx / 2;
	r->u.dma.pasid = ctx & 1 ? PASID : TRC_NO_PASID;
}

static int chaos_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct chaos *c = arg;
	unsigned what = (unsigned)rng_below(&c->rng, 100);

	(void)e;
	*r = (struct trc_rec){ .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID } };
	if (c->n++ == EVENTS)
		return 0;
	if (c->n == 1) { /* switches the unit on */
		r->kind = TRC_ATTACH;
		r->u.sw.rid = 0x100;
		r->u.sw.dom = 1;
	} else if (what < 12) {
		chaos_map(c, r);
	} else if (what < 18) {
		chaos_attach(c, r);
	} else if (what < 20) {
		r->kind = TRC_DEVICE; /* never off: a device that is off answers no ATC_INV, and Linux sends one behind */
		r->u.dev.rid = 0x20 + (uint32_t)rng_below(&c->rng, N_RID);
		r->u.dev.event = TRC_DEV_ATS_ON;
	} else {
		chaos_dma(c, r);
	}
	r->line = c->n;
	return 1;
}

static bool any_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got)
{
	(void)arg, (void)u, (void)expected, (void)got;
	return true;
}

static uint64_t random_events(unsigned mode, unsigned caches, bool e2h, bool ril, bool lazy, uint64_t seed, bool deaf)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = deaf ? NULL : &diffs, .diff = show_diff, .same_fault = any_fault };
	struct plat *p = plat_create(&pc, &h, &e);
	struct chaos *c = calloc(1, sizeof(*c));

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(smmuv3_opts, &uc);
	uc.ignore_invalidations = deaf;
	set_caches(&uc, caches);
	dc.mode = mode;
	dc.smmu_e2h = e2h;
	dc.smmu_ril = ril ? DRV_RIL_ON : DRV_RIL_OFF;
	dc.superpages = true;
	dc.pool_bytes = UINT64_C(4) << 30;
	dc.policy = lazy ? DRV_LAZY : DRV_STRICT;
	dc.lazy_len = 20;
	c->lazy = lazy;
	rng_seed(&c->rng, seed);
	struct iommu *u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	struct drv *d = drv_create(&dc, p, chaos_next, c, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "mode %u, caches %u, seed %" PRIu64 ": %s", mode, caches, seed, e.msg);
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x60, 4) & 1, 0); /* no command was refused */
	ck_assert_uint_gt(plat_verified(p)->agree, EVENTS / 4);
	uint64_t bad = plat_verified(p)->disagree;

	drv_destroy(d);
	plat_destroy(p);
	free(c);
	return bad;
}

START_TEST(random_events_on_the_unit)
{
	const unsigned mode = _i & 1 ? DRV_MODE_NESTED : DRV_MODE_FS, caches = (unsigned)_i / 4 % CACHES;
	const bool e2h = _i & 2 && mode == DRV_MODE_FS, ril = _i & 2, lazy = _i >= 4 * CACHES;

	ck_assert_uint_eq(random_events(mode, caches, e2h, ril, lazy, 100 + (uint64_t)_i, false), 0);
}
END_TEST

START_TEST(random_events_on_a_deaf_unit)
{
	ck_assert_uint_gt(random_events(_i ? DRV_MODE_NESTED : DRV_MODE_FS, CACHE_DEFAULT, false, true, false, 7, true), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_smmuv3_run");
	TCase *t = tcase_create("smmuv3");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, runs_on_the_unit, 0, (int)(ARRAY_LEN(shapes) * CACHES));
	tcase_add_loop_test(t, random_events_on_the_unit, 0, 8 * CACHES);
	tcase_add_loop_test(t, random_events_on_a_deaf_unit, 0, 2);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
