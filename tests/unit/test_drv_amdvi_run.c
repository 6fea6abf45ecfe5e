/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi_run.c - the AMD driver on the real unit, with caches of several kinds and with and without a translation cache in the
 * device: generated traces, where every DMA must land on the address the generator mapped, and random events, where every DMA must have
 * the answer a plain list of mappings gives. A unit that ignores invalidations must show wrong translations.
 */
#include "amdvi/amdvi.h"
#include "drv_run.h"

/* EFR: all features, HATS 2 (6 levels), GLX 2, no vIOMMU; without INVALIDATE_IOMMU_ALL; EFR2: GCR3TRPMode. */
#define EFR_FULL UINT64_C(0x205753f32220995a)
enum { CMD_HEAD = 0x2000, CMD_TAIL = 0x2008, EVT_TAIL = 0x2018, STATUS = 0x2020, CMDBUFRUN = 16 };

enum { CACHE_DEFAULT, CACHE_TINY, CACHE_NONE, CACHE_L1, CACHE_ATC, CACHES };
static void set_caches(struct amdvi_cfg *c, struct plat_cfg *pc, unsigned how)
{
	struct xc_cfg *x[] = { &c->l1, &c->iotlb, &c->dtc, &c->pdc, &c->nested, &c->gcr3 };

	if (how == CACHE_TINY || how == CACHE_NONE)
		for (size_t i = 0; i < ARRAY_LEN(x); i++) {
			x[i]->entries = how == CACHE_TINY ? 4 : 0;
			x[i]->ways = how == CACHE_TINY ? 2 : 0;
		}
	if (how == CACHE_L1) {
		c->l1.entries = 64;
		c->l1.ways = 4;
	}
	if (how == CACHE_ATC) {
		pc->dev_default.ats_enabled = false;
		pc->dev_default.atc.cache.entries = 64;
		pc->dev_default.atc.cache.ways = 4;
	}
}

static const struct shape {
	const char *name;
	uint32_t mode, levels, s2_levels, s2_page, page, policy, wait, trp;
	uint64_t pasid;
	bool sized, np, deaf; /* np: NpCache; deaf: the unit ignores invalidations, so the churn must show */
} shapes[] = {
	{ "v1", DRV_MODE_AUTO, 0, 0, 0, 0, DRV_STRICT, 0, 0, TRC_NO_PASID, true, false, false },
	{ "v1, 4 levels, 2M, lazy", DRV_MODE_SS, 4, 0, 0, 1, DRV_LAZY, 0, 0, TRC_NO_PASID, false, false, false },
	{ "v1, 6 levels, NpCache", DRV_MODE_LEGACY, 6, 0, 0, 0, DRV_STRICT, DRV_WAIT_EACH, 0, TRC_NO_PASID, true, true, false },
	{ "v1, lazy asked with NpCache", DRV_MODE_SS, 0, 0, 0, 0, DRV_LAZY, 0, 0, TRC_NO_PASID, true, true, false },
	{ "v2", DRV_MODE_FS, 0, 0, 0, 0, DRV_STRICT, 0, 0, TRC_NO_PASID, true, false, false },
	{ "v2, 5 levels, 2M, lazy", DRV_MODE_FS, 5, 0, 0, 1, DRV_LAZY, 0, 0, TRC_NO_PASID, true, false, false },
	{ "v2, PASID of 9 bits", DRV_MODE_FS, 0, 0, 0, 0, DRV_STRICT, 0, 0, 7, true, false, false },
	{ "v2, PASID of 18 bits, lazy", DRV_MODE_FS, 0, 0, 0, 0, DRV_LAZY, 0, 0, 0x12345, true, false, false },
	{ "v2, PASID of 20 bits, NpCache", DRV_MODE_FS, 5, 0, 0, 0, DRV_STRICT, 0, 0, 0xf2345, true, true, false },
	{ "nested", DRV_MODE_NESTED, 0, 0, 0, 0, DRV_STRICT, 0, DRV_ON, TRC_NO_PASID, true, false, false },
	{ "nested, GCR3 table of the host", DRV_MODE_NESTED, 0, 3, 1, 0, DRV_LAZY, 0, DRV_OFF, TRC_NO_PASID, true, false, false },
	{ "nested, PASID, 1G below 2M", DRV_MODE_NESTED, 5, 5, 2, 1, DRV_STRICT, 0, DRV_ON, 0x4321, true, false, false },
	{ "nested, PASID of 20 bits, host's GCR3", DRV_MODE_NESTED, 0, 6, 0, 0, DRV_STRICT, 0, DRV_OFF, 0x54321, true, true, false },
	{ "pass-through", DRV_MODE_PT, 0, 0, 0, 0, DRV_STRICT, 0, 0, TRC_NO_PASID, true, false, false },
	{ "v1, deaf unit", DRV_MODE_SS, 0, 0, 0, 0, DRV_STRICT, 0, 0, TRC_NO_PASID, true, false, true },
	{ "v2, deaf unit", DRV_MODE_FS, 0, 0, 0, 0, DRV_STRICT, 0, 0, TRC_NO_PASID, true, false, true },
	{ "nested, deaf unit", DRV_MODE_NESTED, 0, 0, 0, 0, DRV_STRICT, 0, DRV_AUTO, TRC_NO_PASID, true, false, true },
};

static void no_errors(struct iommu *u, bool events)
{
	ck_assert(u->ops->mmio_read(u, STATUS, 4) & CMDBUFRUN); /* no command was refused */
	ck_assert_uint_eq(u->ops->mmio_read(u, CMD_HEAD, 4), u->ops->mmio_read(u, CMD_TAIL, 4));
	if (!events)
		ck_assert_uint_eq(u->ops->mmio_read(u, EVT_TAIL, 4), 0);
}

/* Generator, driver, platform and the real unit together; every shape with every set of caches (a deaf unit needs some). */
START_TEST(runs_on_the_unit)
{
	const struct shape *s = &shapes[_i / CACHES];
	unsigned caches = _i % CACHES;
	struct plat_cfg pc = fake_plat_cfg();
	struct gen_cfg gc = churning(s->page, s->pasid, s->mode == DRV_MODE_PT);
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = s->deaf ? NULL : &diffs, .diff = show_diff };

	if (s->deaf && (caches == CACHE_TINY || caches == CACHE_NONE || caches == CACHE_ATC))
		return;
	cfg_defaults(drv_opts, &dc);
	cfg_defaults(amdvi_opts, &uc);
	uc.efr = EFR_FULL;
	uc.efr2 |= 8;
	uc.np_cache = s->np;
	uc.ignore_invalidations = s->deaf;
	set_caches(&uc, &pc, caches);
	struct plat *p = plat_create(&pc, &h, &e);

	dc.mode = s->mode;
	dc.levels = s->levels;
	dc.s2_levels = s->s2_levels;
	dc.s2_page = s->s2_page;
	dc.policy = s->policy;
	dc.wait = s->wait;
	dc.amd_gcr3_trp = s->trp;
	dc.amd_sized_pages = s->sized;
	dc.caching_mode = s->np;
	dc.pool_bytes = UINT64_C(4) << 30;
	struct iommu *u = amdvi_create(&uc, "amdvi", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u != NULL, "%s", e.msg);
	ck_assert(plat_add_unit(p, u, &e));
	run_gen(p, &dc, &gc, gc.devices, s->deaf, s->name);
	no_errors(u, s->deaf);
	plat_destroy(p);
}
END_TEST

static uint64_t random_events(unsigned mode, unsigned caches, bool np, bool lazy, uint64_t seed, bool deaf)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	struct chaos *c = calloc(1, sizeof(*c));
	char name[40];

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(amdvi_opts, &uc);
	uc.efr = EFR_FULL;
	uc.efr2 |= seed & 1 ? 8 : 0;
	uc.efr &= seed & 2 ? ~UINT64_C(0) : ~UINT64_C(0x40); /* INVALIDATE_IOMMU_ALL */
	uc.np_cache = np;
	uc.ignore_invalidations = deaf;
	set_caches(&uc, &pc, caches);
	struct plat *p = chaos_plat(&pc, deaf, &e);

	dc.mode = mode;
	dc.caching_mode = np;
	dc.amd_sized_pages = seed & 4;
	dc.amd_last_rid = 0x1ff;
	c->map = chaos_map_whole;
	c->lazy = lazy;
	c->pasids = mode != DRV_MODE_SS;
	c->ats_off = true;
	c->base = seed & 8 && mode == DRV_MODE_SS ? UINT64_C(0x123440000000) : UINT64_C(0x40000000); /* with a fourth level, or without */
	struct iommu *u = amdvi_create(&uc, "amdvi", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	snprintf(name, sizeof(name), "mode %u, caches %u", mode, caches);
	uint64_t bad = run_chaos(p, &dc, c, seed, name);

	no_errors(u, true);
	plat_destroy(p);
	free(c);
	return bad;
}

static const uint32_t modes[] = { DRV_MODE_SS, DRV_MODE_FS, DRV_MODE_NESTED };
START_TEST(random_events_on_the_unit)
{
	const unsigned mode = modes[_i % 3], caches = (unsigned)_i / 3 % CACHES, how = (unsigned)_i / 3 / CACHES;
	uint64_t bad = random_events(mode, caches, how == 1, how == 2, 100 + (uint64_t)_i, false);

	ck_assert_msg(!bad, "mode %u, caches %u, how %u (row %d): %" PRIu64 " wrong", mode, caches, how, _i, bad);
}
END_TEST

START_TEST(random_events_on_a_deaf_unit)
{
	ck_assert_uint_gt(random_events(modes[_i], CACHE_DEFAULT, false, false, 7, true), 0);
}
END_TEST

#define MAP_PAGE(v, p)                                                                             \
	{ .kind = TRC_MAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = 1, .iova = v, .pa = p, .size = 4096, .perm = XL_R } }
/* NpCache: a refusal is cached; a driver that does not flush after a map meets it again. */
START_TEST(refusals_are_cached)
{
	const struct trc_rec in[] = {
		{ .kind = TRC_ATTACH, .at = TRC_NO_TIME, .u.sw = { .rid = 8, .pasid = TRC_NO_PASID, .dom = 1 } },
		MAP_PAGE(0x1000, 0x100000),
		REC_DMA('r', 0x1000, 64, REC_OK(0x100000)), REC_DMA('r', 0x2000, 64, REC_FAULT(2)),
		MAP_PAGE(0x2000, 0x200000),
		REC_DMA('r', 0x2000, 64, REC_OK(0x200000)), REC_DMA('r', 0x2040, 64, REC_OK(0x200040)),
	};
	struct fake_trace t = { .rec = in, .n = ARRAY_LEN(in) };
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(amdvi_opts, &uc);
	uc.np_cache = true;
	dc.mode = modes[_i / 2];
	dc.caching_mode = _i & 1;
	struct iommu *u = amdvi_create(&uc, "amdvi", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	struct drv *d = drv_create(&dc, p, fake_next_rec, &t, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s", e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, _i & 1 ? 0 : 2);
	drv_destroy(d);
	plat_destroy(p);
}
END_TEST

/* One domain on two units: what is unmapped is gone on both; a v1 table grows for both (in the other modes the address is a low one). */
START_TEST(two_units)
{
	const uint64_t far = _i ? 0x5000 : UINT64_C(0x8000000000);
	const struct trc_rec in[] = {
		{ .kind = TRC_ATTACH, .at = TRC_NO_TIME, .u.sw = { .rid = 8, .pasid = TRC_NO_PASID, .dom = 1 } },
		{ .kind = TRC_ATTACH, .unit = 1, .at = TRC_NO_TIME, .u.sw = { .rid = 8, .pasid = TRC_NO_PASID, .dom = 1 } },
		MAP_PAGE(0x1000, 0x100000), REC_DMA('r', 0x1000, 64, REC_OK(0x100000)), REC_DMA('r', 0x1000, 64, REC_OK(0x100000)),
		MAP_PAGE(far, 0x200000), REC_DMA('r', far, 64, REC_OK(0x200000)), REC_DMA('r', far, 64, REC_OK(0x200000)),
		REC_DMA('r', 0x1000, 64, REC_OK(0x100000)), REC_DMA('r', 0x1000, 64, REC_OK(0x100000)),
		{ .kind = TRC_UNMAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = 1, .iova = 0x1000, .size = 4096 } },
		REC_DMA('r', 0x1000, 64, REC_FAULT(2)), REC_DMA('r', 0x1000, 64, REC_FAULT(2)), REC_DMA('r', far, 64, REC_OK(0x200000)),
	};
	struct trc_rec rec[ARRAY_LEN(in)];
	struct fake_trace t = { .rec = rec, .n = ARRAY_LEN(in) };
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	unsigned dmas = 0;

	for (unsigned i = 0; i < ARRAY_LEN(in); i++) {
		rec[i] = in[i];
		if (in[i].kind == TRC_DMA)
			rec[i].unit = dmas++ & 1;
	}
	cfg_defaults(drv_opts, &dc);
	cfg_defaults(amdvi_opts, &uc);
	dc.mode = modes[_i];
	for (unsigned i = 0; i < 2; i++)
		ck_assert(plat_add_unit(p, amdvi_create(&uc, i ? "b" : "a", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e), &e));
	struct drv *d = drv_create(&dc, p, fake_next_rec, &t, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s", e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	ck_assert_uint_eq(plat_verified(p)->agree, dmas);
	drv_destroy(d);
	plat_destroy(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_amdvi_run");
	TCase *t = tcase_create("amdvi");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, runs_on_the_unit, 0, (int)(ARRAY_LEN(shapes) * CACHES));
	tcase_add_loop_test(t, random_events_on_the_unit, 0, 3 * 3 * CACHES);
	tcase_add_loop_test(t, random_events_on_a_deaf_unit, 0, 3);
	tcase_add_loop_test(t, refusals_are_cached, 0, 6);
	tcase_add_loop_test(t, two_units, 0, 3);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
