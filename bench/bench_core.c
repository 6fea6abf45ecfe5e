/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_core.c - host time per operation of the hot paths, each beside a plain loop that does the least for the same answer (ideal.h).
 * Usage and output: row.h. What the ratios should be: bench/expect.md.
 * Does not measure: the command line, the driver model, SystemC.
 */
#include "bench_archs.h"

enum { IN_FLIGHT_MAX = 4096 };

/* ---- look-ups ---- */

struct look {
	struct xcache *x;
	struct ideal_tlb t;
	uint64_t addr[4096];
};

static void look_ours(void *arg, uint64_t ops)
{
	struct look *l = arg;

	for (uint64_t i = 0; i < ops; i++) {
		uint32_t slot = xc_lookup(l->x, l->addr[i % 4096], 7);

		sink += *(uint64_t *)xc_payload(l->x, slot);
	}
}

static void look_ideal(void *arg, uint64_t ops)
{
	struct look *l = arg;

	for (uint64_t i = 0; i < ops; i++)
		sink += (&l->t.pa[0][0])[ideal_lookup(&l->t, l->addr[i % 4096] >> 12)];
}

static void look_fill(struct look *l, struct rng *r)
{
	ideal_tlb_init(&l->t);
	for (unsigned i = 0; i < 256; i++)
		ideal_fill(&l->t, (IOVA >> 12) + i, i);
	for (unsigned i = 0; i < 4096; i++)
		l->addr[i] = IOVA + 4096 * rng_below(r, 256) + rng_below(r, 4096);
}

static void bench_lookup(const char *param, uint32_t entries, uint32_t ways)
{
	struct xc_cfg c = { .entries = entries, .ways = ways, .policy = XC_LRU };
	struct look *l = calloc(1, sizeof(*l));
	struct rng r;

	rng_seed(&r, 1);
	if (!l || !(l->x = xc_create(&c, 8, 1, NULL)))
		die("out of memory");
	look_fill(l, &r);
	for (unsigned i = 0; i < 256; i++) {
		struct xc_tag t = { .first = IOVA + 4096 * i, .id = 7, .size_lg2 = 12 };

		*(uint64_t *)xc_payload(l->x, xc_fill(l->x, &t)) = i;
	}
	row("xcache_hit", param, 8000000, "1.5", look_ours, l, look_ideal, l);
	xc_destroy(l->x);
	free(l);
}

/* ---- events ---- */

struct events {
	struct sim_kernel *k;
	struct sim_event ev[IN_FLIGHT_MAX];
	uint32_t delay[8192];
	uint64_t n, left;
	struct ideal_wheel w;
};
static struct events *ev; /* of the row being measured: sim_fn has no argument of its own */

static void ev_fire(struct sim_event *e)
{
	if (--ev->left == 0)
		sim_stop(ev->k);
	sim_at(ev->k, sim_now(ev->k) + ev->delay[ev->n++ % 8192], e);
}

static void ev_ours(void *arg, uint64_t ops)
{
	(void)arg;
	ev->left = ops;
	sim_run(ev->k);
}

static void ev_ideal(void *arg, uint64_t ops)
{
	struct events *v = arg;

	for (uint64_t i = 0; i < ops; i++) {
		int32_t e = ideal_pop(&v->w);

		ideal_at(&v->w, e, v->w.now + v->delay[i % 8192]);
	}
	sink += v->w.now;
}

static void ev_setup(unsigned pending)
{
	struct rng r;

	ev = calloc(1, sizeof(*ev));
	if (!ev || !(ev->k = sim_kernel_create()))
		die("out of memory");
	rng_seed(&r, 2);
	ideal_wheel_init(&ev->w);
	for (unsigned i = 0; i < 8192; i++)
		ev->delay[i] = (uint32_t)(1 + rng_below(&r, 200000));
	for (unsigned i = 0; i < pending; i++) {
		sim_event_init(&ev->ev[i], ev_fire);
		sim_at(ev->k, ev->delay[i], &ev->ev[i]);
		ideal_at(&ev->w, (int32_t)i, ev->delay[i]);
	}
}

static void ev_free(void)
{
	sim_kernel_destroy(ev->k);
	free(ev);
	ev = NULL;
}

static void bench_events(void)
{
	static const unsigned pending[] = { 1, 32, 512, 4096 };
	char param[32];

	for (unsigned i = 0; i < ARRAY_LEN(pending); i++) {
		ev_setup(pending[i]);
		snprintf(param, sizeof(param), "%u pending", pending[i]);
		row("event", param, 4000000, "2", ev_ours, NULL, ev_ideal, ev);
		ev_free();
	}
}

/* One translation through the vendor's steps with all caches, in zero time: what iommu.c does without its events. */
static void unit_ours(void *arg, uint64_t ops)
{
	static const struct xl_now now;
	struct machine *b = arg;
	struct xl *x = &b->x;

	x->now = &now;

	for (uint64_t i = 0; i < ops; i++) {
		enum xl_act act;

		x->req = (struct xl_req){ .iova = b->addr[b->n++ % b->span], .len = 64, .rid = RID, .acc = XL_R };
		x->ov_first = UINT64_MAX; /* no range invalidated */
		x->reads = 0;
		act = b->u->ops->begin(b->u, x);
		while (act == XL_ACT_READ) {
			x->mem_st = (uint8_t)mem_read(b->m, x->mem_spa, x->data, x->mem_words);
			x->reads++;
			act = b->u->ops->next(b->u, x);
		}
		if (act != XL_ACT_DONE)
			die("a translation failed");
		b->reads += x->reads;
		sink += x->res.spa;
	}
}

static void unit_hit_ideal(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++) {
		uint64_t vpn = b->addr[i % b->span] >> 12;
		int slot = ideal_lookup(&b->it, vpn);

		if (slot < 0)
			ideal_fill(&b->it, vpn, ideal_nested(&b->iw, vpn));
		else
			sink += (&b->it.pa[0][0])[slot];
	}
}

static void walk_now_ours(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++) {
		struct xl_req q = { .iova = b->addr[i % PAGES], .len = 64, .rid = RID, .acc = XL_R };
		struct xl_res r;

		iommu_walk_now(b->u, &q, &r, NULL, NULL);
		if (!r.ok)
			die("a walk failed");
		sink += r.spa;
	}
}

static void walk_ideal(void *arg, uint64_t ops)
{
	struct machine *b = arg;

	for (uint64_t i = 0; i < ops; i++)
		sink += ideal_nested(&b->iw, b->addr[i % PAGES] >> 12);
}

static void bench_unit(const struct bench_arch *a)
{
	static const char *const name[] = { "second stage", "first stage", "nested" };
	struct machine *b;
	char param[64];

	for (unsigned m = SS; m <= NESTED; m++) {
		b = machine(a, (enum mode)m, true, 256);
		b->span = 128;
		snprintf(param, sizeof(param), "%s; %s", a->name, name[m]);
		row("functional_hit", param, 4000000, "2", unit_ours, b, unit_hit_ideal, b);
		machine_free(b);
	}
	b = machine(a, NESTED, false, 64); /* 512 pages in turn through 64 entries, LRU: never a hit */
	unit_ours(b, 1); /* context and PASID entry are cached from here on */
	b->reads = 0;
	unit_ours(b, 1000);
	b->iw.refs = 0;
	walk_ideal(b, 1000);
	if (b->reads != 24000 || b->iw.refs != 24000)
		die("a nested walk does not take 24 references");
	snprintf(param, sizeof(param), "%s; 24 reads", a->name);
	row("nested_miss", param, 400000, "2", unit_ours, b, unit_hit_ideal, b);
	snprintf(param, sizeof(param), "%s; %u reads", a->name, 24 + a->config_reads);
	row("nested_walk_now", param, 400000, "-", walk_now_ours, b, walk_ideal, b);
	machine_free(b);
}

/* ---- timed DMA ---- */

struct feed {
	struct machine *b;
	uint64_t left, n;
};

static int feed_next(void *arg, struct trc_rec *r, struct err *e)
{
	struct feed *f = arg;

	(void)e;
	if (!f->left)
		return 0;
	f->left--;
	*r = (struct trc_rec){ .kind = TRC_DMA, .at = TRC_NO_TIME, .line = ++f->n };
	r->u.dma.iova = f->b->addr[f->n % f->b->span];
	r->u.dma.rid = RID;
	r->u.dma.pasid = TRC_NO_PASID;
	r->u.dma.len = 64;
	r->u.dma.dir = f->n & 1 ? 'r' : 'w';
	return 1;
}

static void dma_ours(void *arg, uint64_t ops)
{
	struct machine *b = arg;
	struct feed f = { .b = b, .left = ops };
	struct err e = { 0 };
	const struct plat_stats *s;

	machine_new(b); /* a platform replays one trace; some 50 us */
	if (!plat_run(b->p, feed_next, &f, false, &e))
		die(e.msg);
	s = plat_statistics(b->p);
	if (s->dmas != ops || s->faults)
		die("a DMA failed");
	b->reads = sim_events_run(plat_kernel(b->p));
}

static void bench_dma(const struct bench_arch *a)
{
	static const struct {
		const char *what;
		enum mode mode;
		bool hit, walk_caches;
	} kind[] = { { "hit", SS, true, true }, { "miss with walk caches", SS, false, true }, { "nested miss 24 reads", NESTED, false, false } };
	static const unsigned flight[] = { 1, 32 };
	char param[64];

	for (unsigned k = 0; k < ARRAY_LEN(kind); k++)
		for (unsigned i = 0; i < ARRAY_LEN(flight); i++) {
			struct machine *b = machine(a, kind[k].mode, kind[k].walk_caches, kind[k].hit ? 256 : 64);

			b->span = kind[k].hit ? 128 : PAGES;
			b->pc.dev_default.outstanding = flight[i];
			snprintf(param, sizeof(param), "%s; %s; %u in flight", a->name, kind[k].what, flight[i]);
			ev_setup(flight[i]);
			row("timed_dma", param, k == 2 ? 100000 : 400000, k == 2 ? "-" : "50", dma_ours, b, ev_ideal, ev);
			ev_free();
			machine_free(b);
		}
}

int main(int argc, char **argv)
{
	row_begin(argc, argv);
	bench_lookup("8 ways", 256, 8);
	bench_lookup("fully associative", 256, 0);
	bench_events();
	for (unsigned i = 0; i < ARRAY_LEN(bench_archs); i++)
		bench_unit(&bench_archs[i]);
	for (unsigned i = 0; i < ARRAY_LEN(bench_archs); i++)
		bench_dma(&bench_archs[i]);
	return sink == 1; /* never; keeps sink alive */
}
