/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3_run.c - the SMMUv3 driver on the real unit, with caches of several kinds: generated traces, where every DMA must land on
 * the address the generator mapped, and random events, where every DMA must have the answer a plain list of mappings gives.
 */
#include "drv_run.h"
#include "smmuv3/smmuv3.h"

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
	struct plat_cfg pc = fake_plat_cfg();
	struct gen_cfg gc = churning(s->page, s->pasid, s->mode == DRV_MODE_PT);
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = s->deaf ? NULL : &diffs, .diff = show_diff };

	if (s->deaf && (caches == CACHE_TINY || caches == CACHE_NONE))
		return;
	struct plat *p = plat_create(&pc, &h, &e);

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
	struct iommu *u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u != NULL, "%s", e.msg);
	ck_assert(plat_add_unit(p, u, &e));
	run_gen(p, &dc, &gc, gc.devices, s->deaf, s->name);
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x60, 4), 0); /* GERROR: no error of the queue */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x100a8, 4), 0); /* EVENTQ_PROD: no event */
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x98, 4), u->ops->mmio_read(u, 0x9c, 4)); /* every command was taken */
	plat_destroy(p);
}
END_TEST

/* Did the 2 MiB around this slot come in one map? */
static bool block(const struct chaos *c, unsigned dom, unsigned slot)
{
	unsigned start = slot / 512 * 512;

	return c->from[dom][slot] <= start && c->to[dom][slot] >= start + 511;
}

/* A run of pages, all of which are mapped or none; a 2 MiB mapping goes as a whole, since it may be one leaf. */
static void chaos_map(struct chaos *c, struct trc_rec *r)
{
	unsigned dom = 1 + (unsigned)rng_below(&c->rng, N_DOM), first = some_slot(c), n = run_of(c, dom, first), end = first + n;

	if (c->pa[dom][first]) {
		first = block(c, dom, first) ? first / 512 * 512 : first;
		end = block(c, dom, end - 1) ? ((end - 1) / 512 + 1) * 512 : end;
	}
	set_slots(c, r, dom, first, end - first);
}

static uint64_t random_events(unsigned mode, unsigned caches, bool e2h, bool ril, bool lazy, uint64_t seed, bool deaf)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = chaos_plat(&pc, deaf, &e);
	struct chaos *c = calloc(1, sizeof(*c));
	char name[40];

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(smmuv3_opts, &uc);
	uc.ignore_invalidations = deaf;
	set_caches(&uc, caches);
	dc.mode = mode;
	dc.smmu_e2h = e2h;
	dc.smmu_ril = ril ? DRV_RIL_ON : DRV_RIL_OFF;
	dc.superpages = true;
	c->map = chaos_map;
	c->base = 0x40000000;
	c->lazy = lazy;
	c->pasids = true;
	struct iommu *u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	snprintf(name, sizeof(name), "mode %u, caches %u", mode, caches);
	uint64_t bad = run_chaos(p, &dc, c, seed, name);

	ck_assert_uint_eq(u->ops->mmio_read(u, 0x60, 4) & 1, 0); /* no command was refused */
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
