/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_atc_vtd.c - page requests of a device with a translation cache behind a real VT-d unit. Invalidations: test_atc_mix.c.
 */
#include <check.h>
#include <string.h>
#include "pcie/dev.h"
#include "vtd_tables.h"

enum { PQ_HEAD = 0xc0, PQ_TAIL = 0xc8, PQ_ADDR = 0xd0 };
#define TARGET UINT64_C(0x100000000)
struct world {
	struct vt v;
	struct dev_cfg cfg;
	struct dev *d;
	unsigned done, ok;
	uint64_t spa; /* of the last one done */
};

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct world *w = arg;

	(void)q;
	w->done++;
	w->ok += r->ok;
	w->spa = r->spa;
}

static void on_resp(void *arg, const struct page_resp *r)
{
	dev_page_resp(((struct world *)arg)->d, r);
}

static void world_init(struct world *w)
{
	struct vt_opt o = { .mode = VT_FS, .caches = 64 };

	memset(w, 0, sizeof(*w));
	vt_init(&w->v, &o);
	w->v.u->env.arg = w;
	w->v.u->env.page_resp = on_resp;
	cfg_defaults(dev_opts, &w->cfg);
	w->cfg.rid = VT_SID;
	w->cfg.retire = DEV_RETIRE_ANY;
	w->cfg.atc.cache.entries = 32;
	w->cfg.atc.on_no_access = ATC_DENY_PRI;
}

static void world_start(struct world *w)
{
	struct err e = { 0 };

	w->d = dev_create(&w->cfg, w->v.u, on_done, w, &e);
	ck_assert_msg(w->d != NULL, "%s", e.msg);
}

static void world_fini(struct world *w)
{
	dev_destroy(w->d);
	vt_fini(&w->v);
}

/* A write to page 7, which nothing maps yet. */
static void dma(struct world *w)
{
	dev_submit(w->d, &(struct dev_dma){ .iova = 0x7000, .len = 64, .dir = 'w', .has_pasid = true, .pasid = VT_PASID });
	sim_run(w->v.k);
}

START_TEST(page_request_is_answered_by_software)
{
	struct world w;
	uint64_t pq;

	world_init(&w);
	pq = vt_page(&w.v);
	vt_wr(&w.v, PQ_ADDR, 8, pq);
	world_start(&w);
	dma(&w);
	ck_assert_uint_eq(w.done, 0);
	ck_assert_uint_eq(vt_rd(&w.v, PQ_TAIL, 8), 32);
	ck_assert_uint_eq(vt_get(&w.v, pq + 8) & ~UINT64_C(0xff8), 0x7000 | 4 | 2); /* last, write */
	ck_assert_uint_eq(vt_get(&w.v, pq) >> 32 & 0xfffff, VT_PASID);
	vt_fs_map(&w.v, 0x7000, TARGET, 1, VT_FS_P | VT_FS_U | VT_FS_W | VT_FS_A | VT_FS_D);
	vt_inv(&w.v, 9 | 1 << 4 | (uint64_t)VT_SID << 16 | (uint64_t)VT_PASID << 32, vt_get(&w.v, pq + 8) & 0xff8);
	sim_run(w.v.k);
	ck_assert_uint_eq(w.ok, 1);
	ck_assert_uint_eq(w.spa, TARGET);
	ck_assert_uint_eq(dev_pri_stats(w.d)->success, 1);
	world_fini(&w);
}
END_TEST

/* A full queue is answered Success by the unit itself: the device asks again until there is room. */
START_TEST(overflow_makes_the_device_ask_again)
{
	struct world w;

	world_init(&w);
	w.cfg.pri.retries = 5;
	vt_wr(&w.v, PQ_ADDR, 8, vt_page(&w.v));
	vt_wr(&w.v, PQ_HEAD, 8, 32); /* tail 0 is one below: full */
	world_start(&w);
	dma(&w);
	ck_assert_uint_eq(w.done, 1);
	ck_assert_uint_eq(w.ok, 0);
	ck_assert_uint_eq(dev_pri_stats(w.d)->success, 5);
	ck_assert_uint_eq(dev_pri_stats(w.d)->given_up, 1);
	world_fini(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("atc_vtd");
	TCase *t = tcase_create("atc_vtd");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, page_request_is_answered_by_software);
	tcase_add_test(t, overflow_makes_the_device_ask_again);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
