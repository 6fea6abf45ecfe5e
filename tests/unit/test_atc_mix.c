/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_atc_mix.c - a device with a translation cache behind each of the three units, driven by raw commands: requests with PASID, and those
 * without it in VT-d's legacy mode. Order of invalidations, and random mixes of DMA, remapping, invalidation, silence, late answers, resets
 * and removal. Checked: nothing arrives at a page whose invalidation has been confirmed, no DMA, wait or ITag is lost, statistics add up;
 * on a hang everything that waits is printed.
 * Number of random cases of each unit: ATC_CASES (default 30); first seed: SIM_SEED. Tables and registers are booted by pf_host_init(), in
 * legacy mode by vt_init().
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "core/base/bits.h"
#include "pcie/dev.h"
#include "smmuv3/smmuv3.h"
#include "software/pf_host_int.h"
#include "vtd_tables.h"

#define US(n) ((uint64_t)(n) * 1000000)
#define BASE UINT64_C(0x200000000)
#define SEM UINT64_C(0x180000)
#define EVENTS PF_QUEUE(1)
enum { VTD, SMMU, AMD, LEGACY, UNITS };
enum { PAGES = 16, RID = PF_RID0, PASID = 1, TAG = 1, MEM_PS = 80000 };
static const char *const unit_name[UNITS] = { "vtd", "smmuv3", "amdvi", "vtd, legacy mode" };
struct world {
	unsigned which;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port *port, own;
	struct iommu *u;
	union { struct vtd_cfg vtd; struct smmuv3_cfg smmu; struct amdvi_cfg amd; } unit;
	struct pf_cfg pc;
	struct pf_host h; /* its boot only */
	struct vt v; /* LEGACY: k, m, port and u are of this one */
	struct dev_cfg cfg;
	struct dev *d;
	uint32_t prod, seq, events; /* commands queued; waits queued; AMD-Vi: event log read so far, bytes */
	uint64_t timeout_ps, hold_ps, seed;
	unsigned done, ok, sent, mip;
	uint64_t spa; /* of the last DMA done */
	uint32_t version[PAGES], confirmed[PAGES]; /* in the tables; the oldest that may be used after a completed invalidation */
	sim_time since[PAGES]; /* and since when */
	unsigned moving; /* the page whose wait is awaited; PAGES: none */
	bool failed; /* a time-out has been reported since the wait was queued */
};

static uint64_t reg(struct world *w, uint32_t off, unsigned bytes)
{
	return w->u->ops->mmio_read(w->u, off, bytes);
}

static void wr(struct world *w, uint32_t off, unsigned bytes, uint64_t v)
{
	w->u->ops->mmio_write(w->u, off, bytes, v);
}

static uint64_t word(const struct world *w, uint64_t at)
{
	uint64_t v = 0;

	ck_assert_int_eq(mem_read(w->m, at, &v, 1), MEM_OK);
	return v;
}

/* ---- commands, by hand ---- */

static bool is_vtd(const struct world *w)
{
	return w->which == VTD || w->which == LEGACY;
}

static unsigned ring_lg2(const struct world *w)
{
	return w->which == LEGACY ? 7 : PF_RING_LG2;
}

static void put(struct world *w, uint64_t w0, uint64_t w1)
{
	uint64_t c[4] = { w0, w1, 0, 0 }, bytes = is_vtd(w) ? 32 : 16, ring = w->which == LEGACY ? w->v.iq : PF_RING;

	ck_assert_int_eq(mem_write(w->m, ring + (w->prod++ & low_mask(ring_lg2(w))) * bytes, c, bytes / 8), MEM_OK);
}

static void inv_unit(struct world *w, unsigned page)
{
	uint64_t at = PF_IOVA + 0x1000 * page;

	switch (w->which) {
	case LEGACY: put(w, vt_d_iotlb(3, VT_DID), at); break;
	case VTD: put(w, 0x36 | (uint64_t)TAG << 16 | (uint64_t)PASID << 32, at); break;
	case SMMU: put(w, 0x12 | (uint64_t)TAG << 48, at); break;
	default: put(w, UINT64_C(3) << 60 | (uint64_t)TAG << 32 | PASID, at | 4);
	}
}

static void inv_device(struct world *w, unsigned page)
{
	uint64_t at = PF_IOVA + 0x1000 * page, rid = RID;

	switch (w->which) {
	case LEGACY: put(w, 3 | (uint64_t)w->mip << 16 | (uint64_t)VT_SID << 32, at); break;
	case VTD: put(w, 8 | (uint64_t)w->mip << 4 | (rid & 15) << 12 | rid << 16 | (uint64_t)PASID << 32 | rid >> 4 << 52, at); break;
	case SMMU: put(w, 0x40 | 1 << 11 | PASID << 12 | rid << 32, at); break;
	default: put(w, UINT64_C(4) << 60 | rid | (uint64_t)(w->mip ? w->mip : 32) << 24 | rid << 32 | (uint64_t)PASID << 48, at | 4);
	}
}

/* A wait that stores a number, and the tail. */
static void wait_cmd(struct world *w)
{
	uint64_t n = ++w->seq;

	w->failed = false;
	switch (w->which) {
	case VTD:
	case LEGACY:
		put(w, 0x25 | n << 32, SEM);
		wr(w, 0x88, 4, (w->prod & low_mask(ring_lg2(w))) * 32);
		break;
	case SMMU:
		put(w, 0x46 | 1 << 12 | n << 32, SEM);
		wr(w, 0x98, 4, w->prod & low_mask(PF_RING_LG2 + 1));
		break;
	default:
		put(w, UINT64_C(1) << 60 | SEM | 1, n);
		wr(w, 0x2008, 4, (w->prod & low_mask(PF_RING_LG2)) * 16);
	}
}

static bool waited(const struct world *w)
{
	return (uint32_t)word(w, SEM) == w->seq;
}

/* A time-out that software has not acknowledged. */
static bool error(struct world *w)
{
	switch (w->which) {
	case VTD:
	case LEGACY: return reg(w, 0x34, 4) & 0x40; /* FSTS.ITE */
	case SMMU: return (reg(w, 0x60, 4) ^ reg(w, 0x64, 4)) & 1; /* GERROR.CMDQ_ERR */
	default: return reg(w, 0x2018, 4) != w->events;
	}
}

static void acknowledge(struct world *w)
{
	switch (w->which) {
	case VTD:
	case LEGACY:
		wr(w, 0x34, 4, 0x70);
		break;
	case SMMU:
		ck_assert_uint_eq(reg(w, 0x9c, 4) >> 24 & 0x7f, 3); /* CERROR_ATC_INV_SYNC */
		wr(w, 0x64, 4, reg(w, 0x60, 4));
		break;
	default:
		for (uint32_t end = (uint32_t)reg(w, 0x2018, 4); w->events != end; w->events = (w->events + 16) % (16 << 9)) {
			uint64_t rec = word(w, EVENTS + w->events);

			if (rec >> 60 == 7) /* IOTLB_INV_TIMEOUT; refused requests have their own entries */
				ck_assert_uint_eq(rec & 0xffff, RID);
		}
		wr(w, 0x2010, 4, w->events);
	}
}

/* Is there a time-out among what is not acknowledged? AMD-Vi: the log holds refused requests, too. */
static bool timeout_pending(struct world *w)
{
	if (w->which != AMD)
		return error(w);
	for (uint32_t at = w->events, end = (uint32_t)reg(w, 0x2018, 4); at != end; at = (at + 16) % (16 << 9))
		if (word(w, EVENTS + at) >> 60 == 7)
			return true;
	return false;
}

/* ---- the machine ---- */

/* The address of a page says which version of the mapping it is. */
static uint64_t spa_of(unsigned page, uint32_t version)
{
	return BASE + ((uint64_t)version << 20) + 0x1000 * page;
}

/*
 * A read that memory has answered may still be on its way to the device when the wait completes: the unit waits for its own part only.
 * (Translated reads are waited for by the device.) In legacy mode that has not been seen, and is not let pass.
 */
static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *r)
{
	struct world *w = arg;
	unsigned page = (unsigned)((q->iova - PF_IOVA) >> 12);
	bool on_its_way = w->which != LEGACY && q->dir != 'w' && sim_now(w->k) - w->since[page] <= w->cfg.link_lat_ps + US(1) / 10;

	w->done++;
	w->ok += r->ok;
	w->spa = r->spa;
	if (!r->ok)
		return;
	ck_assert_uint_eq((r->spa - BASE) >> 12 & 15, page);
	ck_assert_msg((r->spa - BASE) >> 20 >= w->confirmed[page] - on_its_way, "%s, seed %llu, page %u: version %llu used, %u confirmed",
		      unit_name[w->which], (unsigned long long)w->seed, page, (unsigned long long)((r->spa - BASE) >> 20), w->confirmed[page]);
}

static void on_inv(void *arg, const struct ats_inv *q)
{
	dev_ats_inv(((struct world *)arg)->d, q);
}

/* From the instant at which the wait has stored, with nothing reported, software may give the old page away. */
static void on_progress(void *arg)
{
	struct world *w = arg;

	if (w->moving == PAGES || w->confirmed[w->moving] == w->version[w->moving] || !waited(w) || w->failed || timeout_pending(w))
		return;
	w->confirmed[w->moving] = w->version[w->moving];
	w->since[w->moving] = sim_now(w->k);
}

static uint64_t legacy_hold;
static void legacy_times(struct vtd_cfg *c)
{
	c->itag_hold_ps = legacy_hold;
	c->inv_timeout_ps = US(60);
}

static void init_legacy(struct world *w)
{
	struct vt_opt o = { .mode = VT_LEGACY_ATS, .caches = 64, .tweak = legacy_times };

	legacy_hold = w->hold_ps;
	w->timeout_ps = US(60);
	vt_init(&w->v, &o);
	w->k = w->v.k;
	w->m = w->v.m;
	w->port = &w->v.port;
	w->u = w->v.u;
}

static struct iommu *unit(struct world *w, struct err *e)
{
	switch (w->which) {
	case VTD:
		cfg_defaults(vtd_opts, &w->unit.vtd);
		w->unit.vtd.cap = 0xd1d2078c40780c06;
		w->unit.vtd.ecap = 0x0433ef9ea4f050df;
		w->unit.vtd.ver = 0x60;
		w->unit.vtd.itag_hold_ps = w->hold_ps;
		w->unit.vtd.inv_timeout_ps = w->timeout_ps = US(60);
		return vtd_create(&w->unit.vtd, "vtd0", w->k, w->m, w->port, 1, e);
	case SMMU:
		cfg_defaults(smmuv3_opts, &w->unit.smmu);
		w->unit.smmu.itag_hold_ps = w->hold_ps;
		w->unit.smmu.atc_timeout_ps = w->timeout_ps = US(60);
		return smmuv3_create(&w->unit.smmu, "smmu0", w->k, w->m, w->port, 1, e);
	default:
		cfg_defaults(amdvi_opts, &w->unit.amd);
		w->unit.amd.itag_hold_ps = w->hold_ps;
		w->timeout_ps = US(1000); /* InvTimeOut 1 */
		return amdvi_create(&w->unit.amd, "amd0", w->k, w->m, w->port, 1, e);
	}
}

static void map_page(struct world *w, unsigned page)
{
	uint64_t spa = spa_of(page, ++w->version[page]), v;

	if (w->which == LEGACY) {
		(void)vt_ss_map(&w->v, PF_IOVA + 0x1000 * page, spa, 1, VT_SS_R | VT_SS_W);
		return;
	}
	v = spa | w->h.o->pte;
	ck_assert_int_eq(mem_write(w->m, pf_entry_at(&w->pc, 0, 0, page), &v, 1), MEM_OK);
}

static void init_pf(struct world *w)
{
	struct mem_port_cfg pc = { .lat_ps = MEM_PS };
	struct err e = { 0 };

	w->k = sim_kernel_create();
	w->m = mem_create(0, false);
	w->port = &w->own;
	ck_assert(mem_port_init(w->port, &pc, &e));
	w->u = unit(w, &e);
	ck_assert_msg(w->u != NULL, "%s", e.msg);
	cfg_defaults(pf_opts, &w->pc);
	w->pc.devices = w->pc.pasids = 1;
	w->pc.pages = PAGES;
	ck_assert_msg(pf_host_init(&w->h, &w->pc, w->u, false, 1, &e), "%s", e.msg);
	if (w->which == AMD) { /* an event log, InvTimeOut 1 ms */
		wr(w, 0x10, 8, EVENTS | UINT64_C(9) << 56);
		wr(w, 0x18, 8, reg(w, 0x18, 8) | 1 << 5 | 1 << 2);
	}
}

static void world_init_hold(struct world *w, unsigned which, uint64_t hold_ps)
{
	memset(w, 0, sizeof(*w));
	w->which = which;
	w->hold_ps = hold_ps;
	w->moving = PAGES;
	if (which == LEGACY)
		init_legacy(w);
	else
		init_pf(w);
	w->u->env = (struct iommu_env){ .arg = w, .ats_inv = on_inv, .progress = on_progress };
	sim_run_until(w->k, US(5));
	cfg_defaults(dev_opts, &w->cfg);
	w->cfg.rid = which == LEGACY ? VT_SID : RID;
	w->cfg.retire = DEV_RETIRE_ANY;
	w->cfg.atc.cache.entries = 32;
}

static void world_init(struct world *w, unsigned which)
{
	world_init_hold(w, which, 0);
}

static void world_start(struct world *w)
{
	struct err e = { 0 };

	w->d = dev_create(&w->cfg, w->u, on_done, w, &e);
	ck_assert_msg(w->d != NULL, "%s", e.msg);
	for (unsigned p = 0; p < PAGES; p++) {
		map_page(w, p);
		w->confirmed[p] = 1;
	}
}

static void world_fini(struct world *w)
{
	w->u->ops->destroy(w->u);
	dev_destroy(w->d);
	if (w->which != LEGACY)
		pf_host_fini(&w->h);
	mem_port_fini(w->port);
	mem_destroy(w->m);
	sim_kernel_destroy(w->k);
}

static void dma(struct world *w, unsigned page, char dir)
{
	w->sent++;
	dev_submit(w->d, &(struct dev_dma){ .iova = PF_IOVA + 0x1000 * page, .len = 64, .dir = (uint8_t)dir,
					    .has_pasid = w->which != LEGACY, .pasid = w->which == LEGACY ? 0 : PASID });
}

static void print(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static void hang(struct world *w, const char *what)
{
	dev_dump(w->d, print, NULL);
	iommu_dump(w->u, print, NULL);
	ck_abort_msg("%s, seed %llu: %s", unit_name[w->which], (unsigned long long)w->seed, what);
}

/* ---- order ---- */

/*
 * The page is moved. Device first: a DMA between the two invalidations refills the device's cache from the unit's TLB, which still has the
 * old page, and nothing removes that line any more. Unit first: the same DMA may hit the old line, but that goes with the second step.
 */
START_TEST(device_first_leaves_a_stale_line)
{
	bool device_first = _i & 1;
	struct world w;

	world_init(&w, (unsigned)_i >> 1);
	world_start(&w);
	w.confirmed[5] = 0;
	dma(&w, 5, 'r');
	sim_run(w.k);
	ck_assert_uint_eq(w.spa, spa_of(5, 1));
	map_page(&w, 5);
	for (unsigned step = 0; step < 2; step++) {
		if (device_first == !step)
			inv_device(&w, 5);
		else
			inv_unit(&w, 5);
		wait_cmd(&w);
		sim_run(w.k);
		ck_assert(waited(&w) && !error(&w));
		dma(&w, 5, 'r');
		sim_run(w.k);
		ck_assert_uint_eq(w.spa, spa_of(5, step && !device_first ? 2 : 1)); /* after the first step the old page is legal */
	}
	ck_assert_uint_eq(dev_inv_stats(w.d)->completions, 1);
	ck_assert_uint_eq(dev_inv_stats(w.d)->lines_dropped, 1);
	ck_assert_uint_eq(dev_atc_stats(w.d)->fills, 2);
	world_fini(&w);
}
END_TEST

/* ---- random mixes ---- */

static void busy_a_while(struct world *w, struct rng *g)
{
	unsigned n = (unsigned)rng_below(g, 12);

	w->port->cfg.lat_ps = rng_below(g, 3) ? MEM_PS : MEM_PS + rng_below(g, 4000000); /* some DMAs take long */
	while (n-- && dev_can_accept(w->d))
		dma(w, (unsigned)rng_below(g, PAGES), "rwa"[rng_below(g, 3)]);
	sim_run_until(w->k, sim_now(w->k) + rng_below(g, 800000));
	w->port->cfg.lat_ps = MEM_PS;
}

/* Runs on until the last wait has completed. Returns: nothing was reported meanwhile. VT-d aborts the wait instead. */
static bool wait_or_timeout(struct world *w, struct rng *g)
{
	sim_time end = sim_now(w->k) + 6 * w->timeout_ps;

	while (sim_now(w->k) < end) {
		if (error(w)) {
			w->failed |= timeout_pending(w);
			acknowledge(w);
			if (w->failed && is_vtd(w))
				return false;
			continue;
		}
		if (waited(w))
			return !w->failed;
		busy_a_while(w, g);
		sim_run_until(w->k, sim_now(w->k) + w->timeout_ps / 60);
	}
	hang(w, "a wait neither completes nor times out");
	return false;
}

static void remap(struct world *w, struct rng *g)
{
	unsigned page = (unsigned)rng_below(g, PAGES), tries = 0;

	map_page(w, page);
	inv_unit(w, page);
	if (rng_below(g, 2)) {
		wait_cmd(w);
		busy_a_while(w, g);
	}
	for (unsigned i = 0; i < 3 && dev_can_accept(w->d); i++) {
		w->port->cfg.lat_ps = US(1) + rng_below(g, 5000000);
		dma(w, page, "rwa"[i]);
		sim_run_until(w->k, sim_now(w->k) + rng_below(g, 400000));
		w->port->cfg.lat_ps = MEM_PS;
	}
	do {
		inv_device(w, page);
		wait_cmd(w);
		w->moving = page;
		if (++tries > 2) /* software gives up on a sick device: reset, then everything is gone from it */
			dev_alive(w->d);
		if (tries > 8)
			hang(w, "an invalidation never succeeds");
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

static void random_config(struct world *w, struct rng *g)
{
	static const uint32_t entries[] = { 4, 8, 32 };
	struct dev_cfg *c = &w->cfg;

	c->atc.cache.entries = entries[rng_below(g, 3)];
	c->atc.cache.policy = (uint32_t)rng_below(g, 5);
	c->atc.partition = (uint32_t)rng_below(g, 4);
	c->atc.slices = 1u << rng_below(g, 3);
	c->atc.requests = 1 + (uint32_t)rng_below(g, 6);
	c->atc.prefetch = (uint32_t)rng_below(g, 4);
	c->atc.tc_count = 1 + (uint32_t)rng_below(g, 8);
	c->queue_depth = (uint32_t)rng_below(g, 4);
	c->outstanding = 1 + (uint32_t)rng_below(g, 40);
	c->late_ps = w->timeout_ps + w->timeout_ps / 2;
	c->drop_every = 0;
	c->ats_cpl_ps = rng_below(g, 2) * rng_below(g, 3000000);
	c->inv_off = (uint32_t)rng_below(g, 3);
	c->atc.on_no_access = (uint32_t)rng_below(g, 2);
}

static void one_case(unsigned which, uint64_t seed)
{
	const struct atc_stats *a;
	const struct inv_stats *v;
	struct world w;
	struct rng g;

	rng_seed(&g, seed);
	world_init_hold(&w, which, rng_below(&g, 3) ? 0 : rng_below(&g, US(3000)));
	w.seed = seed;
	random_config(&w, &g);
	world_start(&w);
	for (unsigned i = 0; i < 40; i++) {
		busy_a_while(&w, &g);
		if (rng_below(&g, 8) == 0)
			sick(&w, &g);
		remap(&w, &g);
		if (rng_below(&g, 4) == 0)
			dev_alive(w.d);
	}
	dev_alive(w.d);
	dev_set_ats(w.d, true);
	sim_run(w.k); /* late answers too */
	if (error(&w))
		acknowledge(&w);
	/*
	 * every ITag is free again: more requests than there are tags get through. The device's queue depth cannot be told to an SMMUv3:
	 * more time
	 */
	w.mip = w.cfg.queue_depth;
	w.unit.smmu.atc_timeout_ps += which == SMMU ? US(10000) : 0;
	for (unsigned i = 0; i < 40; i++)
		inv_device(&w, i % PAGES);
	wait_cmd(&w);
	sim_run(w.k);
	if (!waited(&w) || error(&w) || w.done != w.sent || !dev_idle(w.d) || iommu_inflight(w.u) || !w.u->ops->commands_idle(w.u))
		hang(&w, "something is left at the end");
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

START_TEST(random_mixes_lose_nothing)
{
	const char *cases = getenv("ATC_CASES"), *first = getenv("SIM_SEED");
	unsigned n = cases ? (unsigned)strtoul(cases, NULL, 0) : 30;
	uint64_t seed = first ? strtoull(first, NULL, 0) : 1;

	for (unsigned i = 0; i < n; i++)
		one_case((unsigned)_i, seed + i);
	printf("test_atc_mix: %s, %u random cases, 40 remappings each\n", unit_name[_i], n);
}
END_TEST

/* The check in on_done() can fail: a device that answers without flushing uses a page that was given away. */
START_TEST(the_check_sees_a_device_that_does_not_flush)
{
	struct world w;

	world_init(&w, (unsigned)_i);
	w.cfg.no_flush = true;
	world_start(&w);
	w.confirmed[5] = 0;
	dma(&w, 5, 'r');
	sim_run(w.k);
	map_page(&w, 5);
	inv_unit(&w, 5);
	inv_device(&w, 5);
	wait_cmd(&w);
	sim_run(w.k);
	ck_assert(waited(&w) && !error(&w));
	dma(&w, 5, 'r');
	sim_run(w.k);
	ck_assert_uint_eq(w.spa, spa_of(5, 1)); /* version 2 has been confirmed */
	world_fini(&w);
}
END_TEST

/* The tables do not permit ATS for this requester: Unsupported Request, and the device goes on without its cache. */
START_TEST(ats_not_permitted)
{
	static const struct { uint64_t at, clear; } bit[UNITS] = {
		{ PF_TABLES + 0x1000, BIT64(2) /* context entry, DTE */ },
		{ PF_TABLES + 64 * RID + 8, BIT64(28) /* STE, EATS */ },
		{ PF_TABLES + 32 * RID + 8, BIT64(32) /* DTE, I */ },
		{ 0, BIT64(2) /* context entry, TT 00 instead of 01 */ },
	};
	struct world w;
	uint64_t v, at;

	world_init(&w, (unsigned)_i);
	at = _i == LEGACY ? w.v.ctx : bit[_i].at;
	v = word(&w, at);
	ck_assert(v & bit[_i].clear);
	v &= ~bit[_i].clear;
	ck_assert_int_eq(mem_write(w.m, at, &v, 1), MEM_OK);
	world_start(&w);
	for (unsigned i = 1; i <= 3; i++) {
		dma(&w, 5, 'r');
		sim_run(w.k);
		ck_assert_uint_eq(w.ok, i);
		ck_assert_uint_eq(w.spa, spa_of(5, 1));
	}
	ck_assert_uint_eq(dev_atc_stats(w.d)->ur, 1);
	ck_assert_uint_eq(dev_atc_stats(w.d)->bypassed, 3);
	ck_assert_uint_eq(dev_atc_lines(w.d), 0);
	world_fini(&w);
}
END_TEST

/* ---- ITags that timed out ---- */

static uint64_t stat_of(struct world *w, const char *name)
{
	struct stat_reg r = { 0 };
	uint64_t v = UINT64_MAX;

	ck_assert(w->u->ops->stats(w->u, &r));
	for (size_t i = 0; i < r.n; i++)
		for (const struct stat_def *s = r.node[i].defs; s->name; s++)
			if (!strcmp(s->name, name) && s->kind == STAT_U64)
				v = *(const uint64_t *)((const char *)r.node[i].base + s->off);
	stat_fini(&r);
	ck_assert_msg(v != UINT64_MAX, "no statistic %s", name);
	return v;
}

static void keep(void *arg, const char *text)
{
	strcat(strcat(arg, text), "\n");
}

/* 40 requests to a silent device: 8 more than ITags. They reuse lost ITags, or with inv.itag_hold wait, and the statistics say which. */
START_TEST(lost_itags_are_reused_or_held)
{
	uint64_t hold = _i & 1 ? US(5000) : 0;
	static char all[8192];
	struct world w;
	sim_time t;

	world_init_hold(&w, (unsigned)_i >> 1, hold);
	w.cfg.ats_silent = true;
	world_start(&w);
	t = sim_now(w.k);
	for (unsigned i = 0; i < 40; i++)
		inv_device(&w, i % PAGES);
	wait_cmd(&w);
	sim_run_until(w.k, t + US(20));
	ck_assert(!waited(&w));
	ck_assert(dev_waiting(w.d));
	ck_assert_uint_eq(dev_inv_stats(w.d)->silent, 32);
	all[0] = '\0';
	dev_dump(w.d, keep, all);
	ck_assert_ptr_nonnull(strstr(all, "ITags 0xffffffff, the device is silent"));
	sim_run_until(w.k, t + w.timeout_ps + US(20));
	ck_assert(timeout_pending(&w) || w.which == SMMU); /* SMMUv3 reports at the CMD_SYNC, when all have ended */
	ck_assert_uint_eq(dev_inv_stats(w.d)->silent, hold ? 32 : 40);
	ck_assert_uint_eq(stat_of(&w, "itags_reused"), hold ? 0 : 8);
	ck_assert((stat_of(&w, "itag_waits") > 0) == (hold > 0));
	sim_run_until(w.k, t + w.timeout_ps + hold + US(20));
	ck_assert_uint_eq(dev_inv_stats(w.d)->silent, 40);
	sim_run(w.k);
	ck_assert(timeout_pending(&w));
	ck_assert_uint_ge(sim_now(w.k), t + 2 * w.timeout_ps + hold);
	world_fini(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("atc_mix");
	TCase *t = tcase_create("atc_mix");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 500);
	tcase_add_loop_test(t, device_first_leaves_a_stale_line, 0, 2 * UNITS);
	tcase_add_loop_test(t, random_mixes_lose_nothing, 0, UNITS);
	tcase_add_loop_test(t, ats_not_permitted, 0, UNITS);
	tcase_add_loop_test(t, lost_itags_are_reused_or_held, 0, 2 * UNITS);
	tcase_add_loop_test(t, the_check_sees_a_device_that_does_not_flush, 0, UNITS);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
