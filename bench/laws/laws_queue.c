/* SPDX-License-Identifier: Apache-2.0 */
/*
 * laws_queue.c - one walker as a server with a queue (VAL-A11; Little's law, A10): arrivals at given times, every one a walk of one read.
 * The service time is one memory read of 126 ns; lookups take no time here, because those of a request that waits overlap with its waiting.
 */
#include "laws.h"

enum { PAGES = 512, SERVICE_PS = 126000 };

struct arrivals {
	struct rng rng;
	unsigned mode; /* 0: Poisson, 1: every @gap, 2: bursts of @burst */
	uint64_t n, i, gap_ps, burst;
	double at;
	unsigned warm;
};

static int next(void *arg, struct trc_rec *r, struct err *e)
{
	struct arrivals *s = arg;

	(void)e;
	*r = (struct trc_rec){ .at = TRC_NO_TIME, .line = s->i + 1 };
	if (s->warm < 2) {
		r->kind = s->warm++ ? TRC_MAP : TRC_ATTACH;
		r->u.sw.rid = LAB_RID;
		r->u.sw.pasid = TRC_NO_PASID;
		r->u.sw.dom = 1;
		r->u.sw.pa = 0x100001000;
		r->u.sw.size = PAGES * 4096;
		r->u.sw.perm = XL_R | XL_W;
		if (r->kind == TRC_ATTACH)
			r->u.sw.pa = r->u.sw.size = 0;
		return 1;
	}
	if (s->i == s->n)
		return 0;
	r->kind = TRC_DMA;
	r->u.dma.rid = LAB_RID;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.iova = rng_below(&s->rng, PAGES) << 12;
	r->u.dma.len = 64;
	r->u.dma.dir = 'w';
	if (s->mode == 0)
		s->at += -log(((double)rng_below(&s->rng, UINT64_C(1) << 52) + 1) / 4503599627370497.0) * (double)s->gap_ps;
	else if (s->i % s->burst == 0)
		s->at += (double)s->gap_ps;
	r->at = 100000000 + (uint64_t)s->at;
	s->i++;
	return 1;
}

static void no_lookup_time(struct lab *l)
{
	static const char *const key[3][8] = {
		{ "ctx", "pasid", "iotlb", "psc", "nested" }, { "utlb", "tbu", "tlb", "l1std", "ste", "l1cd", "cd", "walk" }, { "l1", "iotlb", "dtc", "pdc", "nested", "gcr3" },
	};

	for (size_t a = 0; a < ARRAY_LEN(key); a++)
		for (size_t i = 0; !strcmp(l->arch, lab_arch[a]) && i < ARRAY_LEN(key[a]) && key[a][i]; i++)
			lab_set(l, "units.u0.%s.latency=0", key[a][i]);
}

static struct lab *one_walker(const char *arch, struct arrivals *s)
{
	struct lab *l = lab_new(arch);

	rng_seed(&s->rng, 29);
	lab_iotlb(l, 0, 0);
	lab_set(l, "memory.latency=126 ns");
	no_lookup_time(l);
	lab_set(l, "units.u0.walkers=1");
	lab_set(l, "units.u0.merge=false");
	lab_set(l, "units.u0.missq=4096");
	lab_set(l, "units.u0.ii=0");
	lab_set(l, "software.superpages=false");
	lab_set(l, "devices.outstanding=4096");
	lab_set(l, "devices.link.bandwidth=0");
	lab_set(l, "replay.open_loop=true");
	l->c.plat.replay.warmup_dmas = s->mode == 2 ? 2 * s->burst : 2000; /* configuration and upper tables are cached by then */
	lab_run(l, next, s);
	return l;
}

static double per_walk(const struct lab *l, const char *what)
{
	return 1e-3 * (double)lab_stat(l, "u0", what) / (double)lab_stat(l, "u0", "walks");
}

static void poisson(bool quick)
{
	static const double rho[] = { 0.5, 0.8, 0.9 };

	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (size_t i = 0; i < ARRAY_LEN(rho) - quick; i++) {
			struct arrivals s = { .n = quick ? 100000 : 2000000, .gap_ps = (uint64_t)(SERVICE_PS / rho[i]) };
			struct lab *l = one_walker(lab_arch[a], &s);
			double want = rho[i] * 126 / (2 * (1 - rho[i]));

			law("VAL-A11", lab_arch[a], 126, per_walk(l, "walk_ps"), 0.001, "one walker; Poisson arrivals; load %.1f: service (ns)", rho[i]);
			law("VAL-A11", lab_arch[a], want, per_walk(l, "walk_wait_ps"), (quick ? 0.06 : 0.02) * want, "... mean wait (ns)");
			lab_free(l);
		}
}

static void planned(void)
{
	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++) {
		struct arrivals even = { .mode = 1, .n = 20000, .gap_ps = 130000, .burst = 1 };
		struct arrivals bursts = { .mode = 2, .n = 20 * 500, .gap_ps = 10000000, .burst = 20 };
		struct lab *l = one_walker(lab_arch[a], &even);

		law("VAL-A11", lab_arch[a], 0, per_walk(l, "walk_wait_ps"), 0, "one walker; an arrival every 130 ns: mean wait (ns)");
		lab_free(l);
		l = one_walker(lab_arch[a], &bursts);
		law("VAL-A11", lab_arch[a], 19 * 126 / 2.0, per_walk(l, "walk_wait_ps"), 0, "one walker; bursts of 20: mean wait (ns)");
		/* the integral over the queue's length during one burst is D + 2D + ... + 19D */
		law("VAL-A10", lab_arch[a], 498 * 126000.0 * 190, (double)lab_stat(l, "u0", "walk_wait_ps"), 0, "... 498 bursts: sum of waits = integral of the queue's length (ps)");
		lab_free(l);
	}
}

/* Any run: the lengths of miss queue and walkers, looked at behind every event, against the times that the statistics add up. */
static void little(void)
{
	static const struct plat_hooks none;

	for (size_t a = 0; a < ARRAY_LEN(lab_arch); a++)
		for (unsigned w = 1; w <= 4; w *= 4) {
			struct lab *l = lab_new(lab_arch[a]);
			struct err e = { 0 };
			struct sim_kernel *k;
			struct iommu *u;
			double queue = 0, walkers = 0;
			sim_time last = 0;

			lab_iotlb(l, 64, 0);
			lab_set(l, "units.u0.walkers=%u", w);
			lab_set(l, "gen.count=20000");
			lab_set(l, "gen.window=2M");
			lab_set(l, "gen.devices=3");
			lab_set(l, "gen.churn=50");
			l->p = run_build(&l->c, &none, &l->reg, &e);
			l->gen = gen_create(&l->c.gen, 1, &e);
			l->drv = l->p && l->gen ? drv_create(&l->c.drv, l->p, gen_next, l->gen, &e) : NULL;
			if (!l->drv || !plat_start(l->p, drv_next, l->drv, true, &e))
				law_die(e.msg);
			k = plat_kernel(l->p);
			u = plat_unit(l->p, 0);
			for (uint32_t mq = 0, busy = 0; sim_run_one(k); mq = u->mq_len, busy = u->busy_walkers, last = sim_now(k)) {
				queue += (double)mq * (double)(sim_now(k) - last);
				walkers += (double)busy * (double)(sim_now(k) - last);
			}
			law("VAL-A10", lab_arch[a], queue, (double)lab_stat(l, "u0", "walk_wait_ps"), 0, "%u walkers; unmaps; 3 devices: sum of waits = integral of the miss queue's length (ps)", w);
			law("VAL-A10", lab_arch[a], walkers, (double)lab_stat(l, "u0", "walk_ps"), 0, "... sum of walk times = integral of the number of busy walkers (ps)");
			lab_free(l);
		}
	law_none("VAL-A10", "not tested", "command queue and page request queue: no statistics add up how long an entry is in them");
}

void laws_queue(bool quick)
{
	poisson(quick);
	planned();
	little();
}
