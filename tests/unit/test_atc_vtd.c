/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_atc_vtd.c - a device with a translation cache behind a real VT-d unit: order of invalidations, page requests, and random mixes
 * of DMA, remapping, invalidation, silence, late answers and resets, checked against the pages that software believes in.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "pcie/dev.h"
#include "vtd/vtd_iq.h"
#include "vtd_tables.h"

#define US(n) ((uint64_t)(n) * 1000000)
enum { PAGES = 16, FSTS = 0x34, FSTS_ITE_BIT = 0x40, PQ_HEAD = 0xc0, PQ_TAIL = 0xc8, PQ_ADDR = 0xd0 };
#define BASE UINT64_C(0x100000000)
struct world {
	struct vt v;
	struct dev_cfg cfg;
	struct dev *d;
	uint32_t pasid; /* UINT32_MAX: none */
	unsigned done, ok, sent, mip; /* mip: invalidate requests at once that software allows, 0: 32 */
	uint64_t spa; /* of the last one done */
	uint64_t leaf[PAGES];
	uint32_t version[PAGES], confirmed[PAGES]; /* in the tables; the oldest that may be used after a completed invalidation */
	unsigned moving; /* the page whose wait is awaited; PAGES: none */
};

/* The address of a page says which version of the mapping it is. */
static uint64_t spa_of(unsigned page, uint32_t version)
{
	return BASE + ((uint64_t)version << 20) + 0x1000 * page;
}

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct world *w = arg;
	unsigned page = (unsigned)(q->iova >> 12 & 15);

	w->done++;
	w->ok += r->ok;
	w->spa = r->spa;
	if (!r->ok)
		return;
	ck_assert_uint_eq((r->spa - BASE) >> 12 & 15, page);
	/* duties 1 to 4: once the wait has completed, nothing arrives at the old page any more */
	ck_assert_msg((r->spa - BASE) >> 20 >= w->confirmed[page], "page %u: version %llu used, %u confirmed", page,
		      (unsigned long long)((r->spa - BASE) >> 20), w->confirmed[page]);
}

static void on_inv(void *arg, const struct ats_inv *q)
{
	dev_ats_inv(((struct world *)arg)->d, q);
}

static void on_resp(void *arg, const struct page_resp *r)
{
	dev_page_resp(((struct world *)arg)->d, r);
}

/* From the instant at which the wait has written its status, software may give the old page away. */
static void on_progress(void *arg)
{
	struct world *w = arg;

	if (w->moving < PAGES && vt_waited(&w->v))
		w->confirmed[w->moving] = w->version[w->moving];
}

static void short_timeout(struct vtd_cfg *c)
{
	c->inv_timeout_ps = US(60);
}

static void world_init(struct world *w, bool pasid)
{
	struct vt_opt o = { .mode = pasid ? VT_FS : VT_LEGACY_ATS, .caches = 64, .tweak = short_timeout };

	memset(w, 0, sizeof(*w));
	vt_init(&w->v, &o);
	w->pasid = pasid ? VT_PASID : UINT32_MAX;
	w->v.u->env.arg = w;
	w->v.u->env.ats_inv = on_inv;
	w->v.u->env.page_resp = on_resp;
	w->v.u->env.progress = on_progress;
	w->moving = PAGES;
	cfg_defaults(dev_opts, &w->cfg);
	w->cfg.rid = VT_SID;
	w->cfg.retire = DEV_RETIRE_ANY;
	w->cfg.atc.cache.entries = 32;
}

static void world_start(struct world *w)
{
	struct err e = { 0 };

	w->d = dev_create(&w->cfg, w->v.u, on_done, w, &e);
	ck_assert_msg(w->d != NULL, "%s", e.msg);
}

static void world_fini(struct world *w)
{
	w->v.u->ops->destroy(w->v.u);
	dev_destroy(w->d);
	mem_port_fini(&w->v.port);
	mem_destroy(w->v.m);
	sim_kernel_destroy(w->v.k);
}

static void map_page(struct world *w, unsigned page)
{
	uint64_t iova = 0x1000 * page, to = spa_of(page, ++w->version[page]);

	w->leaf[page] = w->pasid == UINT32_MAX ? vt_ss_map(&w->v, iova, to, 1, VT_SS_R | VT_SS_W)
					       : vt_fs_map(&w->v, iova, to, 1, VT_FS_P | VT_FS_U | VT_FS_W | VT_FS_A | VT_FS_D);
}

static void dma(struct world *w, unsigned page, char dir)
{
	w->sent++;
	dev_submit(w->d, &(struct dev_dma){ .iova = 0x1000 * page, .len = 64, .dir = (uint8_t)dir, .has_pasid = w->pasid != UINT32_MAX,
					    .pasid = w->pasid == UINT32_MAX ? 0 : w->pasid });
}

static void inv_iotlb(struct world *w)
{
	if (w->pasid == UINT32_MAX)
		vt_inv(&w->v, vt_d_iotlb(2, VT_DID), 0);
	else
		vt_inv(&w->v, vt_d_piotlb(2, VT_DID, w->pasid), 0);
}

static void inv_device(struct world *w, unsigned page)
{
	if (w->pasid == UINT32_MAX)
		vt_inv(&w->v, 3 | (uint64_t)w->mip << 16 | (uint64_t)VT_SID << 32, 0x1000 * page);
	else
		vt_inv(&w->v, 8 | (uint64_t)w->mip << 4 | (uint64_t)VT_SID << 16 | (uint64_t)w->pasid << 32, 0x1000 * page);
}

/* ---- order ---- */

/*
 * The page is moved. Device first: a DMA between the two invalidations refills the device's cache from the IOTLB, which still has the old
 * page, and nothing removes that line any more. IOTLB first: the same DMA may hit the old line, but that goes with the second step.
 */
START_TEST(device_first_leaves_a_stale_line)
{
	struct world w;
	bool device_first = _i & 1;

	world_init(&w, _i & 2);
	world_start(&w);
	map_page(&w, 5);
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.spa, spa_of(5, 1));
	map_page(&w, 5);
	if (device_first)
		inv_device(&w, 5);
	else
		inv_iotlb(&w);
	sim_run(w.v.k);
	ck_assert(vt_waited(&w.v));
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.spa, spa_of(5, 1)); /* legal: the sequence is not complete */
	if (device_first)
		inv_iotlb(&w);
	else
		inv_device(&w, 5);
	sim_run(w.v.k);
	ck_assert(vt_waited(&w.v));
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.spa, device_first ? spa_of(5, 1) : spa_of(5, 2));
	ck_assert_uint_eq(dev_inv_stats(w.d)->completions, 1);
	ck_assert_uint_eq(dev_inv_stats(w.d)->lines_dropped, 1);
	world_fini(&w);
}
END_TEST

/* The unit refuses what its tables do not permit: no ATS for this requester. */
START_TEST(ats_not_permitted)
{
	struct world w;

	world_init(&w, false);
	vt_edit(&w.v, w.v.ctx, 0, 4); /* TT 00: requests without translation only */
	world_start(&w);
	map_page(&w, 5);
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.ok, 1); /* sent untranslated after UR */
	ck_assert_uint_eq(dev_atc_stats(w.d)->ur, 1);
	ck_assert_uint_eq(dev_atc_stats(w.d)->bypassed, 1);
	world_fini(&w);
}
END_TEST

/* ---- page requests ---- */

START_TEST(page_request_is_answered_by_software)
{
	struct world w;
	uint64_t pq;

	world_init(&w, true);
	w.cfg.atc.on_no_access = ATC_DENY_PRI;
	pq = vt_page(&w.v);
	vt_wr(&w.v, PQ_ADDR, 8, pq);
	world_start(&w);
	dma(&w, 7, 'w');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.done, 0);
	ck_assert_uint_eq(vt_rd(&w.v, PQ_TAIL, 8), 32);
	ck_assert_uint_eq(vt_get(&w.v, pq + 8) & ~UINT64_C(0xff8), 0x7000 | 4 | 2); /* last, write */
	ck_assert_uint_eq(vt_get(&w.v, pq) >> 32 & 0xfffff, VT_PASID);
	map_page(&w, 7);
	vt_inv(&w.v, 9 | 1 << 4 | (uint64_t)VT_SID << 16 | (uint64_t)VT_PASID << 32, vt_get(&w.v, pq + 8) & 0xff8);
	sim_run(w.v.k);
	ck_assert_uint_eq(w.ok, 1);
	ck_assert_uint_eq(w.spa, spa_of(7, 1));
	ck_assert_uint_eq(dev_pri_stats(w.d)->success, 1);
	world_fini(&w);
}
END_TEST

/* A full queue is answered Success by the unit itself: the device asks again until there is room. */
START_TEST(overflow_makes_the_device_ask_again)
{
	struct world w;

	world_init(&w, true);
	w.cfg.atc.on_no_access = ATC_DENY_PRI;
	w.cfg.pri.retries = 5;
	vt_wr(&w.v, PQ_ADDR, 8, vt_page(&w.v));
	vt_wr(&w.v, PQ_HEAD, 8, 32); /* tail 0 is one below: full */
	world_start(&w);
	dma(&w, 7, 'w');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.done, 1);
	ck_assert_uint_eq(w.ok, 0);
	ck_assert_uint_eq(dev_pri_stats(w.d)->success, 5);
	ck_assert_uint_eq(dev_pri_stats(w.d)->given_up, 1);
	world_fini(&w);
}
END_TEST

/* ---- random mixes ---- */

static void busy_a_while(struct world *w, struct rng *g)
{
	unsigned n = (unsigned)rng_below(g, 12);

	w->v.port.cfg.lat_ps = rng_below(g, 3) ? 80000 : 80000 + rng_below(g, 4000000); /* some DMAs take long */
	while (n-- && dev_can_accept(w->d))
		dma(w, (unsigned)rng_below(g, PAGES), "rwa"[rng_below(g, 3)]);
	sim_run_until(w->v.k, sim_now(w->v.k) + rng_below(g, 800000));
	w->v.port.cfg.lat_ps = 80000;
}

/* Runs on until the last wait has completed (true) or a time-out has stopped the queue, which is then let go (false). */
static bool wait_or_timeout(struct world *w, struct rng *g)
{
	for (unsigned i = 0; i < 400; i++) {
		if (vt_waited(&w->v))
			return true;
		if (vt_rd(&w->v, FSTS, 4) & FSTS_ITE_BIT) {
			vt_wr(&w->v, FSTS, 4, 0x70);
			return false;
		}
		busy_a_while(w, g);
		sim_run_until(w->v.k, sim_now(w->v.k) + US(1));
	}
	ck_abort_msg("a wait neither completes nor times out");
}

static void remap(struct world *w, struct rng *g)
{
	unsigned page = (unsigned)rng_below(g, PAGES), tries = 0;

	map_page(w, page);
	inv_iotlb(w);
	if (rng_below(g, 2))
		busy_a_while(w, g);
	else /* the old page is in use, and no more than that */
		sim_run_until(w->v.k, sim_now(w->v.k) + US(1));
	for (unsigned i = 0; i < 3 && dev_can_accept(w->d); i++) {
		w->v.port.cfg.lat_ps = US(1) + rng_below(g, 5000000);
		dma(w, page, "rwa"[i]);
		sim_run_until(w->v.k, sim_now(w->v.k) + rng_below(g, 400000));
		w->v.port.cfg.lat_ps = 80000;
	}
	do {
		inv_device(w, page);
		w->moving = page;
		if (++tries > 2) /* software gives up on a sick device: reset, then everything is gone from it */
			dev_alive(w->d);
	} while (!wait_or_timeout(w, g));
	ck_assert_uint_eq(w->confirmed[page], w->version[page]);
	w->moving = PAGES;
}

static void sick(struct world *w, struct rng *g)
{
	static const enum dev_fault f[] = { DEV_SILENT, DEV_SLOW, DEV_DROP };

	switch (rng_below(g, 6)) {
	case 0:
		dev_reset(w->d);
		busy_a_while(w, g);
		dev_set_ats(w->d, true);
		break;
	case 1:
		dev_remove(w->d);
		busy_a_while(w, g);
		dev_alive(w->d);
		dev_set_ats(w->d, true);
		break;
	case 2:
		dev_set_ats(w->d, false);
		busy_a_while(w, g);
		dev_set_ats(w->d, true);
		break;
	default:
		dev_set_fault(w->d, f[rng_below(g, 3)], true);
	}
}

static void random_config(struct dev_cfg *c, struct rng *g)
{
	static const uint32_t entries[] = { 4, 8, 32 };

	c->atc.cache.entries = entries[rng_below(g, 3)];
	c->atc.cache.policy = (uint32_t)rng_below(g, 5);
	c->atc.partition = (uint32_t)rng_below(g, 3);
	c->atc.slices = 1u << rng_below(g, 3);
	c->atc.requests = 1 + (uint32_t)rng_below(g, 6);
	c->atc.prefetch = (uint32_t)rng_below(g, 4);
	c->atc.tc_count = 1 + (uint32_t)rng_below(g, 8);
	c->queue_depth = (uint32_t)rng_below(g, 4);
	c->outstanding = 1 + (uint32_t)rng_below(g, 40);
	c->retire = DEV_RETIRE_ANY;
	c->late_ps = US(100); /* past the unit's time-out */
	c->drop_every = 0;
	c->ats_cpl_ps = rng_below(g, 2) * rng_below(g, 3000000);
	c->inv_off = (uint32_t)rng_below(g, 3);
	c->atc.on_no_access = (uint32_t)rng_below(g, 2);
}

START_TEST(random_mixes_lose_nothing)
{
	const char *env = getenv("SIM_SEED");
	uint64_t seed = (env ? strtoull(env, NULL, 0) : 20) + (uint64_t)_i;
	struct world w;
	struct rng g;
	const struct atc_stats *a;
	const struct inv_stats *v;

	rng_seed(&g, seed);
	world_init(&w, _i & 1);
	random_config(&w.cfg, &g);
	world_start(&w);
	for (unsigned p = 0; p < PAGES; p++) {
		map_page(&w, p);
		w.confirmed[p] = 1;
	}
	for (unsigned i = 0; i < 60; i++) {
		busy_a_while(&w, &g);
		if (rng_below(&g, 8) == 0)
			sick(&w, &g);
		remap(&w, &g);
		if (rng_below(&g, 4) == 0)
			dev_alive(w.d);
	}
	dev_alive(w.d);
	dev_set_ats(w.d, true);
	sim_run(w.v.k); /* late answers too */
	/* every ITag is free again: more requests than there are tags get through */
	vt_wr(&w.v, FSTS, 4, 0x70);
	w.mip = w.cfg.queue_depth; /* more would time out behind each other, rightly */
	for (unsigned i = 0; i < 40; i++)
		inv_device(&w, i % PAGES);
	sim_run(w.v.k);
	ck_assert_msg(vt_waited(&w.v), "seed %llu: invalidations hang", (unsigned long long)seed);
	ck_assert_msg(w.done == w.sent, "seed %llu: %u of %u DMAs", (unsigned long long)seed, w.done, w.sent);
	ck_assert(dev_idle(w.d) && !iommu_inflight(w.v.u));
	a = dev_atc_stats(w.d);
	v = dev_inv_stats(w.d);
	ck_assert_uint_eq(a->hits + a->misses, a->lookups);
	ck_assert_uint_eq(a->latency_ps.n, a->requests);
	ck_assert_uint_le(a->fills + a->poisoned + a->ca + a->ur + a->bad_size, a->requests);
	ck_assert_uint_le(v->latency_ps.n, v->completions);
	ck_assert_uint_eq(dev_stats_of(w.d)->latency_ps.n, dev_stats_of(w.d)->requests);
	ck_assert_uint_eq(dev_stats_of(w.d)->ats_invalidations, v->latency_ps.n + v->silent + v->removed + v->dropped + v->ur + v->lost);
	ck_assert_uint_gt(a->hits, 0);
	world_fini(&w);
}
END_TEST

/* Negative control: a device that answers without flushing is caught by the check in on_done(). */
START_TEST(the_check_sees_a_device_that_does_not_flush)
{
	struct world w;

	world_init(&w, false);
	w.cfg.no_flush = true;
	world_start(&w);
	map_page(&w, 5);
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	map_page(&w, 5);
	inv_iotlb(&w);
	inv_device(&w, 5);
	sim_run(w.v.k);
	ck_assert(vt_waited(&w.v));
	dma(&w, 5, 'r');
	sim_run(w.v.k);
	ck_assert_uint_eq(w.spa, spa_of(5, 1));
	ck_assert_uint_eq(dev_inv_stats(w.d)->unflushed, 1);
	world_fini(&w);
}
END_TEST

/* 32 requests without answer: what there is no tag for waits, and the reports of unit and device say so. */
static void keep(void *arg, const char *text)
{
	strcat(strcat(arg, text), "\n");
}

START_TEST(itags_used_up_by_a_silent_device)
{
	static char all[8192];
	struct world w;

	world_init(&w, false);
	w.cfg.ats_silent = true;
	world_start(&w);
	for (unsigned i = 0; i < 40; i++)
		inv_device(&w, 1);
	sim_run_until(w.v.k, sim_now(w.v.k) + US(20));
	ck_assert(!vt_waited(&w.v));
	ck_assert(dev_waiting(w.d));
	ck_assert_uint_eq(dev_inv_stats(w.d)->silent, 32);
	dev_dump(w.d, keep, all);
	ck_assert_ptr_nonnull(strstr(all, "ITags 0xffffffff, the device is silent"));
	world_fini(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("atc_vtd");
	TCase *t = tcase_create("atc_vtd");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, device_first_leaves_a_stale_line, 0, 4);
	tcase_add_test(t, ats_not_permitted);
	tcase_add_test(t, page_request_is_answered_by_software);
	tcase_add_test(t, overflow_makes_the_device_ask_again);
	tcase_add_loop_test(t, random_mixes_lose_nothing, 0, 40);
	tcase_add_test(t, the_check_sees_a_device_that_does_not_flush);
	tcase_add_test(t, itags_used_up_by_a_silent_device);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
