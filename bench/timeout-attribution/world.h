/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - one run: a unit, the driver of inv_host.h, and devices that answer invalidations, or do not. Shared by the benchmark and the unit
 * test. The truth (who swallowed which invalidation) is here and never reaches the driver: it is compared with what the driver inferred.
 * Models: devices x virtual devices told apart by PASID (SIOV); from the moment the faulty ones fall silent: invalidations of their PASID,
 * or of their whole function, are swallowed or answered late; answers after a distributed delay; a reset (the device forgets everything and
 * answers again); untranslated reads of all virtual devices in turn, one at a time, through the unit. Pages to invalidate arrive at a
 * constant rate: one page of every virtual device in random order, then again.
 * Does not model: an ATC (a device that swallows an invalidation keeps the line: its page counts as exposed if it is released before the
 * requester is blocked or reset), the link.
 */
#ifndef IOMMUSIM_BENCH_TIMEOUT_WORLD_H
#define IOMMUSIM_BENCH_TIMEOUT_WORLD_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "core/base/rng.h"
#include "smmuv3/smmuv3.h"
#include "software/inv_host.h"
#include "vtd/vtd.h"

enum { W_VTD, W_VTD_NOSID, W_SMMUV3, W_AMDVI, W_ARCHS };
enum { W_SILENT_PASID, W_SILENT_FUNCTION, W_LATE, W_UR, W_ONCE }; /* UR: like W_SILENT_PASID, but answered (an unsupported request is a completion); ONCE: one invalidation of the PASID is lost */
struct world_cfg {
	uint32_t arch; /* W_VTD_NOSID: IQERCD without source-ids */
	uint32_t devices, vdevs, faulty, kind;
	uint32_t items;
	uint32_t first_faulty; /* virtual devices first_faulty, + faulty_step ... fall silent; UINT32_MAX: by lot */
	uint32_t faulty_step;
	uint32_t onset; /* they do so after this many invalidate requests */
	uint64_t timeout_ps; /* of the unit; AMD-Vi: 1, 10, 100 ... ms */
	uint64_t period_ps; /* a page arrives */
	uint64_t answer_ps; /* uniform from half to one and a half of this; one in 100 takes five times as long */
	uint64_t dma_ps; /* between two reads; 0: none */
	uint64_t seed;
	struct inv_host_cfg host;
};
struct world_result {
	struct inv_host_stats st;
	uint64_t swallowed; /* invalidate requests without an answer */
	uint64_t hit; /* virtual devices that swallowed any */
	/* first inference of each incident, summed */
	uint64_t suspects, suspects_true, truth;
	/* blamed in the end */
	uint64_t blamed, blamed_true;
	uint64_t reissued, reissued_innocent; /* repeated commands; those of virtual devices that answer */
	uint64_t exposed; /* pages released while the device could still use them */
	uint64_t fenced_innocent; /* innocent virtual devices blocked at the end, or reset */
	uint64_t innocents; /* pages of them, confirmed */
	uint64_t lat_p50, lat_p99, lat_max; /* page of an innocent: arrival to confirmation, ps */
	double held; /* page-seconds of innocents, all */
	uint64_t end_ps;
	uint64_t dma, dma_refused, dma_refused_innocent, dma_faulty_after; /* _after: of blamed virtual devices, let through after the last fence */
	double dma_lat_ns;
	bool finished;
};
struct world_answer {
	struct sim_event ev;
	struct world *w;
	struct world_answer *next;
	uint32_t rid;
	uint8_t itag;
	uint32_t item;
	bool flushes;
};
struct world {
	const struct world_cfg *c;
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	struct iommu *u;
	union {
		struct vtd_cfg vtd;
		struct smmuv3_cfg smmuv3;
		struct amdvi_cfg amdvi;
	} unit;
	struct inv_host h;
	struct inv_item *item;
	uint8_t *flushed; /* per item: the device has dropped it */
	struct world_answer *all, *idle;
	struct rng rng;
	struct world_result r;
	uint32_t n_vdevs, seen; /* invalidate requests */
	uint8_t *faulty, *cured, *silent, *blamed, *hit; /* per virtual device; silent: swallowed one in this incident; hit: ever */
	uint8_t in_reset[INVH_MAX_DEVICES];
	bool reacting;
	struct sim_event reset_ev[INVH_MAX_DEVICES];
	uint64_t *lat;
	/* reads */
	struct sim_event dma_ev;
	struct xl x;
	uint32_t dma_next;
	uint64_t dma_lat_sum, dma_lat_n;
};

static inline uint32_t world_vdev(const struct world *w, uint32_t dev, uint32_t vdev)
{
	return dev * w->c->vdevs + vdev;
}

/* ---- devices ---- */

static inline bool world_swallows(struct world *w, uint32_t dev, uint32_t v)
{
	if (w->in_reset[dev])
		return true;
	if (w->seen <= w->c->onset)
		return false;
	if (w->c->kind != W_SILENT_FUNCTION)
		return w->faulty[v] && !w->cured[v];
	for (uint32_t i = 0; i < w->c->vdevs; i++)
		if (w->faulty[dev * w->c->vdevs + i] && !w->cured[dev * w->c->vdevs + i])
			return true;
	return false;
}

static inline void world_answer(struct sim_event *e)
{
	struct world_answer *a = container_of(e, struct world_answer, ev);
	struct world *w = a->w;

	if (a->flushes)
		w->flushed[a->item] = 1;
	a->ev.pprev = NULL;
	a->next = w->idle;
	w->idle = a;
	w->u->ops->ats_cpl(w->u, a->rid, UINT32_C(1) << a->itag, 1);
}

static inline void world_answer_in(struct world *w, const struct ats_inv *q, uint64_t ps, bool flushes)
{
	struct world_answer *a = w->idle;

	if (a) {
		w->idle = a->next;
	} else {
		struct { struct world_answer *all; struct world_answer a; } *n = calloc(1, sizeof *n);

		if (!n)
			abort();
		n->all = w->all;
		a = w->all = &n->a;
	}
	sim_event_init(&a->ev, world_answer);
	a->w = w;
	a->rid = q->rid;
	a->itag = q->itag;
	a->item = (uint32_t)(q->first >> 12) - 1;
	a->flushes = flushes;
	sim_at(w->k, sim_now(w->k) + ps, &a->ev);
}

static inline void world_inv(void *arg, const struct ats_inv *q)
{
	struct world *w = arg;
	uint32_t dev = q->rid - INVH_RID0, v = world_vdev(w, dev, q->pasid - 1);
	uint64_t ps = w->c->answer_ps / 2 + rng_below(&w->rng, w->c->answer_ps + 1);

	if (rng_below(&w->rng, 100) == 0)
		ps = 5 * w->c->answer_ps;
	w->seen++;
	if (!world_swallows(w, dev, v)) {
		world_answer_in(w, q, ps, true);
		return;
	}
	w->r.swallowed++;
	w->r.hit += !w->hit[v];
	w->hit[v] = 1;
	w->cured[v] |= w->c->kind == W_ONCE;
	if (!w->reacting)
		w->silent[v] = 1;
	if (w->c->kind == W_LATE)
		world_answer_in(w, q, w->c->timeout_ps + w->c->timeout_ps / 2, true);
	else if (w->c->kind == W_UR)
		world_answer_in(w, q, ps, false);
}

static inline void world_reset_over(struct sim_event *e)
{
	struct world *w;
	unsigned dev = e->prio;

	w = container_of(e - dev, struct world, reset_ev[0]);
	w->in_reset[dev] = 0;
}

static inline void world_reset(void *arg, unsigned dev)
{
	struct world *w = arg;

	w->in_reset[dev] = 1;
	memset(&w->cured[dev * w->c->vdevs], 1, w->c->vdevs);
	for (uint32_t v = 0; v < w->c->vdevs; v++)
		w->r.fenced_innocent += !w->faulty[dev * w->c->vdevs + v];
	sim_at(w->k, sim_now(w->k) + w->c->host.reset_ps / 2, &w->reset_ev[dev]);
}

/* ---- what the driver inferred, against the truth ---- */

static inline void world_incident(void *arg, const uint8_t *accused)
{
	struct world *w = arg;

	w->reacting = accused != NULL;
	for (uint32_t v = 0; v < w->n_vdevs && accused; v++) {
		w->r.suspects += accused[v] != 0;
		w->r.suspects_true += accused[v] && w->silent[v];
		w->r.truth += w->silent[v];
	}
	memset(w->silent, 0, w->n_vdevs);
}

static inline void world_blamed(void *arg, unsigned dev, unsigned vdev)
{
	struct world *w = arg;
	uint32_t v = world_vdev(w, dev, vdev);
	bool guilty = w->faulty[v];

	for (uint32_t i = 0; i < w->c->vdevs && w->c->kind == W_SILENT_FUNCTION; i++)
		guilty |= w->faulty[dev * w->c->vdevs + i];
	w->blamed[v] = 1;
	w->r.blamed++;
	w->r.blamed_true += guilty;
}

static inline bool world_guilty(const struct world *w, const struct inv_item *it)
{
	for (uint32_t v = 0; v < w->c->vdevs && w->c->kind == W_SILENT_FUNCTION; v++)
		if (w->faulty[world_vdev(w, it->dev, v)])
			return true;
	return w->faulty[world_vdev(w, it->dev, it->vdev)];
}

static inline void world_released(void *arg, const struct inv_item *it)
{
	struct world *w = arg;
	uint64_t lat = it->released - it->arrived;

	/* A blocked requester uses nothing; of a blocked PASID translated requests still pass. */
	w->r.exposed += !w->flushed[it - w->item] && it->how != INVH_RESET_DONE && !(it->how == INVH_FENCED && w->c->host.fence == INVH_FENCE_RID);
	if (world_guilty(w, it))
		return;
	w->r.held += (double)lat / 1e12;
	if (it->how == INVH_CONFIRMED || it->how == INVH_UNCONFIRMED)
		w->lat[w->r.innocents++] = lat;
}

/* ---- reads ---- */

static inline void world_read(struct sim_event *e)
{
	struct world *w = container_of(e, struct world, dma_ev);
	uint32_t v = w->dma_next++ % w->n_vdevs;

	w->x.req = (struct xl_req){ .iova = IH_IOVA + 4096 * (w->dma_next % IH_PAGES), .len = 64, .rid = INVH_RID0 + v / w->c->vdevs,
				    .pasid = 1 + v % w->c->vdevs, .has_pasid = true, .acc = XL_R };
	w->x.t_start = sim_now(w->k);
	w->r.dma++;
	iommu_translate(w->u, &w->x);
}

static inline void world_read_done(struct xl *x)
{
	struct world *w = container_of(x, struct world, x);
	uint32_t v = (w->dma_next - 1) % w->n_vdevs;
	bool guilty = world_guilty(w, &(struct inv_item){ .dev = (uint16_t)(v / w->c->vdevs), .vdev = (uint16_t)(v % w->c->vdevs) });

	if (!x->res.ok) {
		w->r.dma_refused++;
		w->r.dma_refused_innocent += !guilty;
	} else if (!guilty) {
		w->dma_lat_sum += sim_now(w->k) - x->t_start;
		w->dma_lat_n++;
	}
	w->r.dma_faulty_after += x->res.ok && w->h.fenced[v];
	iommu_retire(w->u, x);
	if (!thread_ended(&w->h.t))
		sim_at(w->k, sim_now(w->k) + w->c->dma_ps, &w->dma_ev);
}

/* ---- one run ---- */

static const char *const world_arch[W_ARCHS] = { "vtd", "vtd-nosid", "smmuv3", "amdvi" };

static inline void world_defaults(struct world_cfg *c)
{
	*c = (struct world_cfg){ .devices = 8, .vdevs = 4, .faulty = 1, .items = 2048, .first_faulty = UINT32_MAX, .faulty_step = 1, .onset = 512,
				 .timeout_ps = 60000000000, .period_ps = 3000000, .answer_ps = 1000000, .dma_ps = 1000000, .seed = 1 };
	c->host = (struct inv_host_cfg){ .batch = 16, .policy = INVH_SINGLES, .retries = 1, .spin_ps = 20000000, .look_ps = 20000000,
					 .reset_ps = 100000000, .ring_lg2 = 9, .timeout_code = 1,
					 .cpu = { .store_ps = 1000, .load_ps = 2000, .mmio_write_ps = 100000, .mmio_read_ps = 800000, .poll_ps = 50000 } };
}

/** world_arch_set() - the architecture and the hardware's time-out as the benchmark scales it, 1:1000. */
static inline void world_arch_set(struct world_cfg *c, uint32_t arch)
{
	c->arch = arch;
	c->timeout_ps = arch == W_AMDVI ? UINT64_C(1000000000) : UINT64_C(60000000000);
}

static inline struct iommu *world_unit(struct world *w, struct err *e)
{
	const struct world_cfg *c = w->c;

	switch (c->arch) {
	case W_SMMUV3:
		cfg_defaults(smmuv3_opts, &w->unit.smmuv3);
		w->unit.smmuv3.atc_timeout_ps = c->timeout_ps;
		return smmuv3_create(&w->unit.smmuv3, "smmu0", w->k, w->m, &w->p, 1, e);
	case W_AMDVI:
		cfg_defaults(amdvi_opts, &w->unit.amdvi);
		return amdvi_create(&w->unit.amdvi, "amdvi0", w->k, w->m, &w->p, 1, e);
	default:
		cfg_defaults(vtd_opts, &w->unit.vtd);
		w->unit.vtd.cap = 0xd1d2078c40780c06;
		w->unit.vtd.ecap = 0x0433ef9ea4f050df;
		w->unit.vtd.ver = 0x60;
		w->unit.vtd.inv_timeout_ps = c->timeout_ps;
		w->unit.vtd.iqercd_sid = c->arch == W_VTD;
		return vtd_create(&w->unit.vtd, "vtd0", w->k, w->m, &w->p, 1, e);
	}
}

static inline void world_items(struct world *w)
{
	uint32_t n = w->n_vdevs, *order = calloc(n, sizeof *order), at = n;

	if (!order)
		abort();
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = 0; i < w->c->items; i++, at++) {
		for (uint32_t j = n; at == n && j > 1; j--) {
			uint32_t o = (uint32_t)rng_below(&w->rng, j), t = order[o];

			order[o] = order[j - 1];
			order[j - 1] = t;
		}
		if (at == n)
			at = 0;
		w->item[i] = (struct inv_item){ .dev = (uint16_t)(order[at] / w->c->vdevs), .vdev = (uint16_t)(order[at] % w->c->vdevs),
						.iova = (uint64_t)(i + 1) << 12, .arrived = 2000000 + i * w->c->period_ps };
	}
	for (uint32_t i = 0, f = w->c->first_faulty; i < w->c->faulty && i < n; i++, f += w->c->faulty_step) {
		if (w->c->first_faulty == UINT32_MAX)
			for (f = (uint32_t)rng_below(&w->rng, n); w->faulty[f]; f = (f + 1) % n)
				;
		w->faulty[f % n] = 1;
	}
	free(order);
}

static inline int world_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static inline void world_sum(struct world *w)
{
	struct world_result *r = &w->r;

	r->st = w->h.st;
	r->finished = thread_ended(&w->h.t);
	r->end_ps = sim_now(w->k);
	qsort(w->lat, r->innocents, sizeof *w->lat, world_cmp);
	if (r->innocents) {
		r->lat_p50 = w->lat[(r->innocents - 1) / 2];
		r->lat_p99 = w->lat[(r->innocents - 1) * 99 / 100];
		r->lat_max = w->lat[r->innocents - 1];
	}
	for (uint32_t i = 0; i < w->c->items; i++) {
		if (w->item[i].sent < 2)
			continue;
		r->reissued += w->item[i].sent - 1u;
		r->reissued_innocent += world_guilty(w, &w->item[i]) ? 0 : w->item[i].sent - 1u;
	}
	for (uint32_t v = 0; v < w->n_vdevs; v++) {
		struct inv_item it = { .dev = (uint16_t)(v / w->c->vdevs), .vdev = (uint16_t)(v % w->c->vdevs) };

		r->fenced_innocent += w->h.fenced[v] && !world_guilty(w, &it);
	}
	if (w->dma_lat_n)
		r->dma_lat_ns = (double)w->dma_lat_sum / 1000 / (double)w->dma_lat_n;
}

static inline void world_fini(struct world *w)
{
	for (struct world_answer *a = w->all; a;) {
		struct { struct world_answer *all; struct world_answer a; } *n = (void *)((char *)a - sizeof(struct world_answer *));

		a = n->all;
		free(n);
	}
	inv_host_fini(&w->h);
	if (w->u)
		w->u->ops->destroy(w->u);
	mem_port_fini(&w->p);
	mem_destroy(w->m);
	sim_kernel_destroy(w->k);
	free(w->item);
	free(w->flushed);
	free(w->faulty);
	free(w->lat);
}

/** world_init() - everything but the start. Returns: false with *e. world_fini() follows in both cases. */
static inline bool world_init(struct world *w, const struct world_cfg *c, struct err *e)
{
	static const struct inv_host_ops *const ops[W_ARCHS] = { &inv_host_vtd, &inv_host_vtd, &inv_host_smmuv3, &inv_host_amdvi };
	struct inv_host_env env = { .arg = w, .reset = world_reset, .incident = world_incident, .blamed = world_blamed, .released = world_released };
	struct mem_port_cfg pc = { .lat_ps = 90000 };

	*w = (struct world){ .c = c, .n_vdevs = c->devices * c->vdevs };
	rng_seed(&w->rng, c->seed);
	w->k = sim_kernel_create();
	w->m = mem_create(UINT64_C(1) << 34, false);
	w->item = calloc(c->items, sizeof *w->item);
	w->flushed = calloc(c->items, 1);
	w->faulty = calloc(w->n_vdevs, 5);
	w->lat = calloc(c->items, sizeof *w->lat);
	if (!w->k || !w->m || !w->item || !w->flushed || !w->faulty || !w->lat)
		return err_set(e, ERR_MACHINE, "out of memory");
	w->cured = w->faulty + w->n_vdevs;
	w->silent = w->cured + w->n_vdevs;
	w->blamed = w->silent + w->n_vdevs;
	w->hit = w->blamed + w->n_vdevs;
	world_items(w);
	if (!mem_port_init(&w->p, &pc, e))
		return false;
	w->u = world_unit(w, e);
	if (!w->u)
		return false;
	w->u->env = (struct iommu_env){ .arg = w, .ats_inv = world_inv };
	for (unsigned d = 0; d < INVH_MAX_DEVICES; d++) {
		sim_event_init(&w->reset_ev[d], world_reset_over);
		w->reset_ev[d].prio = d;
	}
	sim_event_init(&w->dma_ev, world_read);
	w->x.done = world_read_done;
	return inv_host_init(&w->h, &c->host, ops[c->arch], w->u, &env, c->devices, c->vdevs, w->item, c->items, e);
}

/** world_run() - until every page is released, or @limit_ps has passed. */
static inline bool world_run(const struct world_cfg *c, uint64_t limit_ps, struct world_result *r, struct err *e)
{
	struct world *w = calloc(1, sizeof *w);
	bool ok = w && world_init(w, c, e);
	sim_time t;

	if (ok) {
		sim_run_until(w->k, 1000000); /* registers settle */
		inv_host_start(&w->h);
		if (c->dma_ps)
			sim_at(w->k, sim_now(w->k) + c->dma_ps, &w->dma_ev);
		while (!thread_ended(&w->h.t) && sim_next(w->k, &t) && t <= limit_ps)
			sim_run_one(w->k);
		world_sum(w);
		*r = w->r;
	}
	if (w)
		world_fini(w);
	free(w);
	return ok;
}
#endif
