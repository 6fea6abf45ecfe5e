/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.h - part of world.h: its configuration and results, devices that answer invalidations, or do not, and the comparison of what the
 * driver inferred with the truth (who swallowed which invalidation), which never reaches the driver.
 * Models: devices x virtual devices told apart by PASID (SIOV); from the moment the faulty ones fall silent: invalidations of their PASID,
 * or of their whole function, are swallowed or answered late; answers after a distributed delay; a reset (the device forgets everything and
 * answers again); untranslated reads of all virtual devices in turn, one at a time, through the unit.
 * Does not model: an ATC (a device that swallows an invalidation keeps the line: its page counts as exposed if it is released before the
 * requester is blocked or reset), the link.
 */
#ifndef IOMMUSIM_BENCH_TIMEOUT_DEVICES_H
#define IOMMUSIM_BENCH_TIMEOUT_DEVICES_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/amdvi.h"
#include "core/base/rng.h"
#include "smmuv3/smmuv3.h"
#include "software/inv_host.h"
#include "vtd/vtd.h"

enum { W_VTD, W_VTD_NOSID, W_SMMUV3, W_AMDVI, W_ARCHS };
/* W_UR: like W_SILENT_PASID, but answered (an unsupported request is a completion); W_ONCE: one invalidation of the PASID is lost. */
enum { W_SILENT_PASID, W_SILENT_FUNCTION, W_LATE, W_UR, W_ONCE };
struct world_cfg {
	uint32_t arch; /* W_VTD_NOSID: IQERCD without source-ids */
	uint32_t devices, vdevs, faulty, kind;
	uint32_t items;
	uint32_t first_faulty; /* virtual devices first_faulty, + faulty_step ... fall silent; UINT32_MAX: by lot */
	uint32_t faulty_step;
	uint32_t onset; /* they do so after this many invalidate requests */
	uint64_t timeout_ps; /* of the unit; 0: its default; AMD-Vi: what host.timeout_code says, repeated here for who scales by it */
	uint64_t itag_hold_ps; /* of the unit: ITags that timed out are held back */
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
		/* a driver that goes on learns of a time-out batches later */
		bool guilty = w->c->host.sw_then == INVH_SW_GO_ON ? w->hit[v] : w->silent[v];

		w->r.suspects += accused[v] != 0;
		w->r.suspects_true += accused[v] && guilty;
		w->r.truth += guilty;
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
#endif
