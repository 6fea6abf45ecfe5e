/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drv_run.h - driver, platform and a real unit together: traces of the generator, where every DMA must land on the address the generator
 * mapped; and random events, where a list of mappings says what each DMA must get. A test makes the unit and says how maps and unmaps go.
 */
#ifndef TESTS_DRV_RUN_H
#define TESTS_DRV_RUN_H

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include "core/base/rng.h"
#include "fake_plat.h"
#include "software/drv.h"
#include "software/gen.h"

/* `arg` counts; NULL: say nothing. */
static inline void show_diff(void *arg, const struct plat_diff *d)
{
	if (arg && (*(int *)arg)++ < 3)
		fprintf(stderr, "iova %" PRIx64 " rid %x pasid %x: %s %" PRIx64 " code 0x%x, expected %" PRIx64 "\n", d->rec->u.dma.iova,
			d->rec->u.dma.rid, d->rec->u.dma.pasid, d->got.ok ? "ok" : "fault", d->got.spa, d->got.code, d->rec->u.dma.pa);
}

/* ---- the generator ---- */

/* Pages of 4096 * 512^page bytes, remapped often by three devices. */
static inline struct gen_cfg churning(uint32_t page, uint64_t pasid, bool pass_through)
{
	static char pt[] = "pt";
	struct gen_cfg gc = { 0 };

	cfg_defaults(gen_opts, &gc);
	gc.window = (UINT64_C(4096) << (9 * page)) * 40;
	gc.page = page;
	gc.pasid = pasid;
	gc.devices = 3;
	gc.count = 1500;
	gc.churn = 20;
	if (pass_through)
		gc.type = pt;
	return gc;
}

/* The generator's records, with ATS of `n_ats` requesters on first. */
struct feed {
	struct gen *g;
	uint32_t rid, n_ats, line;
};
static inline int feed_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct feed *f = arg;

	if (f->n_ats) {
		*r = (struct trc_rec){ .kind = TRC_DEVICE, .at = TRC_NO_TIME, .line = ++f->line };
		r->u.dev.rid = f->rid + --f->n_ats;
		r->u.dev.event = TRC_DEV_ATS_ON;
		return 1;
	}
	return gen_next(f->g, r, e);
}

/* Runs the whole trace; a deaf unit must give wrong answers, any other none. */
static inline void run_gen(struct plat *p, const struct drv_cfg *dc, const struct gen_cfg *gc, uint32_t n_ats, bool deaf, const char *name)
{
	struct err e = { 0 };
	struct feed f = { .g = gen_create(gc, 3, &e), .rid = gc->rid, .n_ats = n_ats };
	struct drv *d = drv_create(dc, p, feed_next, &f, &e);

	ck_assert_msg(f.g && d, "%s", e.msg);
	ck_assert_msg(plat_run(p, drv_next, d, true, &e), "%s: %s", name, e.msg);
	ck_assert_msg((plat_verified(p)->disagree != 0) == deaf, "%s: %" PRIu64 " differ", name, plat_verified(p)->disagree);
	ck_assert_uint_eq(plat_verified(p)->agree + plat_verified(p)->disagree, gc->count);
	drv_destroy(d);
	gen_destroy(f.g);
}

/* ---- random events ---- */

/*
 * On a few requesters, PASIDs and domains: pages are mapped and unmapped in runs, domains are attached, changed and left in any order; a
 * DMA that nothing maps must be refused.
 */
enum { N_RID = 4, N_CTX = 2 * N_RID, N_DOM = 5, N_SLOT = 1100, PASID = 0x321, EVENTS = 4000 };
struct chaos {
	void (*map)(struct chaos *c, struct trc_rec *r); /* a map or an unmap of some slots */
	struct rng rng;
	uint32_t dom[N_CTX]; /* of each requester without and with PASID; 0: none */
	uint64_t pa[N_DOM + 1][N_SLOT]; /* 0: not mapped */
	uint16_t from[N_DOM + 1][N_SLOT], to[N_DOM + 1][N_SLOT]; /* first and last slot of the map that made it */
	uint64_t base; /* of slot 0 */
	unsigned n;
	bool lazy; /* what was unmapped may still be there */
	bool pasids;
	bool leave_first; /* a context is left before it gets another domain */
	bool ats_off; /* ATS is switched off too: then a device answers no ATC_INV, and some drivers send one behind */
};

static inline uint64_t iova_of(const struct chaos *c, unsigned slot)
{
	return c->base + 4096 * (uint64_t)slot;
}

/* A run of up to 600 slots that are all free or all used. */
static inline unsigned run_of(struct chaos *c, unsigned dom, unsigned first)
{
	unsigned want = 1 + (unsigned)rng_below(&c->rng, rng_below(&c->rng, 4) ? 20 : 600), n = 0;

	while (n < want && first + n < N_SLOT && !c->pa[dom][first + n] == !c->pa[dom][first])
		n++;
	return n;
}

/* Every third is the first one of 2 MiB. */
static inline unsigned some_slot(struct chaos *c)
{
	unsigned slot = (unsigned)rng_below(&c->rng, N_SLOT);

	return rng_below(&c->rng, 3) ? slot : 512 * (unsigned)rng_below(&c->rng, 3);
}

/* The record, and the list of mappings after it. */
static inline void set_slots(struct chaos *c, struct trc_rec *r, unsigned dom, unsigned first, unsigned n)
{
	bool map = !c->pa[dom][first];

	r->u.sw.dom = dom;
	r->u.sw.iova = iova_of(c, first);
	r->u.sw.size = 4096 * (uint64_t)n;
	r->kind = map ? TRC_MAP : TRC_UNMAP;
	if (map) {
		r->u.sw.pa = UINT64_C(0x100000000) + (rng_below(&c->rng, 4096) << 21) + 4096 * (first % 512);
		r->u.sw.perm = XL_R | XL_W;
	}
	for (unsigned i = first; i < first + n; i++) {
		c->pa[dom][i] = map ? r->u.sw.pa + 4096 * (i - first) : 0;
		c->from[dom][i] = (uint16_t)first;
		c->to[dom][i] = (uint16_t)(first + n - 1);
	}
}

/* What one map made goes as a whole: it may be one large page. */
static inline void chaos_map_whole(struct chaos *c, struct trc_rec *r)
{
	unsigned dom = 1 + (unsigned)rng_below(&c->rng, N_DOM), first = some_slot(c), n;

	if (c->pa[dom][first]) {
		n = c->to[dom][first] + 1u - c->from[dom][first];
		first = c->from[dom][first];
	} else {
		n = run_of(c, dom, first);
	}
	set_slots(c, r, dom, first, n);
}

static inline void chaos_attach(struct chaos *c, struct trc_rec *r)
{
	unsigned ctx = (unsigned)rng_below(&c->rng, N_CTX), dom = 1 + (unsigned)rng_below(&c->rng, N_DOM);

	if (!c->pasids)
		ctx &= ~1u;
	r->u.sw.rid = 0x20 + ctx / 2;
	r->u.sw.pasid = ctx & 1 ? PASID : TRC_NO_PASID;
	if (c->dom[ctx] && (c->leave_first || c->dom[ctx] == dom || rng_below(&c->rng, 2))) {
		r->kind = TRC_DETACH;
		r->u.sw.dom = c->dom[ctx];
		c->dom[ctx] = 0;
		return;
	}
	r->kind = TRC_ATTACH;
	r->u.sw.dom = c->dom[ctx] = dom;
}

static inline void chaos_dma(struct chaos *c, struct trc_rec *r)
{
	unsigned ctx = (unsigned)rng_below(&c->rng, N_CTX), slot = (unsigned)rng_below(&c->rng, N_SLOT);
	unsigned off = (unsigned)rng_below(&c->rng, 64) * 64;
	uint64_t pa = c->dom[ctx] ? c->pa[c->dom[ctx]][slot] : 0;

	*r = (struct trc_rec)REC_DMA(rng_below(&c->rng, 2) ? 'r' : 'w', iova_of(c, slot) + off, 64,
				     .expect = pa ? TRC_EXP_OK : c->lazy && c->dom[ctx] ? TRC_EXP_NONE : TRC_EXP_FAULT);
	r->u.dma.pa = pa ? pa + off : 0;
	r->u.dma.rid = 0x20 + ctx / 2;
	r->u.dma.pasid = ctx & 1 ? PASID : TRC_NO_PASID;
}

static inline int chaos_next(void *arg, struct trc_rec *r, struct err *e)
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
		c->map(c, r);
	} else if (what < 18) {
		chaos_attach(c, r);
	} else if (what < 20) {
		r->kind = TRC_DEVICE;
		r->u.dev.rid = 0x20 + (uint32_t)rng_below(&c->rng, N_RID);
		r->u.dev.event = c->ats_off && !rng_below(&c->rng, 3) ? TRC_DEV_ATS_OFF : TRC_DEV_ATS_ON;
	} else {
		chaos_dma(c, r);
	}
	r->line = c->n;
	return 1;
}

static inline bool any_fault(void *arg, const struct iommu *u, unsigned expected, unsigned got)
{
	(void)arg, (void)u, (void)expected, (void)got;
	return true;
}

/* A platform for random events: every fault will do, and the first wrong answers are printed unless the unit is deaf. */
static inline struct plat *chaos_plat(const struct plat_cfg *pc, bool deaf, struct err *e)
{
	static int diffs;
	struct plat_hooks h = { .arg = deaf ? NULL : &diffs, .diff = show_diff, .same_fault = any_fault };

	diffs = 0;
	return plat_create(pc, &h, e);
}

/* The number of wrong answers. */
static inline uint64_t run_chaos(struct plat *p, struct drv_cfg *dc, struct chaos *c, uint64_t seed, const char *name)
{
	struct err e = { 0 };

	dc->pool_bytes = UINT64_C(4) << 30;
	dc->policy = c->lazy ? DRV_LAZY : DRV_STRICT;
	dc->lazy_len = 20;
	rng_seed(&c->rng, seed);
	struct drv *d = drv_create(dc, p, chaos_next, c, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s, seed %" PRIu64 ": %s", name, seed, e.msg);
	ck_assert_uint_gt(plat_verified(p)->agree, EVENTS / 4);
	drv_destroy(d);
	return plat_verified(p)->disagree;
}

#endif
