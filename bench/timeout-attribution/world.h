/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - one run: a unit, the driver of inv_host.h, and the devices of devices.h. Shared by the benchmark and the unit test.
 * Pages to invalidate: one of every virtual device in random order, then again, at a constant rate.
 */
#ifndef IOMMUSIM_BENCH_TIMEOUT_WORLD_H
#define IOMMUSIM_BENCH_TIMEOUT_WORLD_H
#include "devices.h"

/* ---- one run ---- */

static const char *const world_arch[W_ARCHS] = { "vtd", "vtd-nosid", "smmuv3", "amdvi" };

static inline void world_defaults(struct world_cfg *c)
{
	*c = (struct world_cfg){ .devices = 8, .vdevs = 4, .faulty = 1, .items = 2048, .first_faulty = UINT32_MAX, .faulty_step = 1, .onset = 512,
				 .timeout_ps = 60000000000, .period_ps = 3000000, .answer_ps = 1000000, .dma_ps = 1000000, .seed = 1 };
	c->host = (struct inv_host_cfg){ .batch = 16, .policy = INVH_SINGLES, .retries = 1, .spin_ps = 100000000, .look_ps = 20000000,
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
		w->unit.smmuv3.itag_hold_ps = c->itag_hold_ps;
		if (c->timeout_ps)
			w->unit.smmuv3.atc_timeout_ps = c->timeout_ps;
		return smmuv3_create(&w->unit.smmuv3, "smmu0", w->k, w->m, &w->p, 1, e);
	case W_AMDVI:
		cfg_defaults(amdvi_opts, &w->unit.amdvi);
		w->unit.amdvi.itag_hold_ps = c->itag_hold_ps;
		return amdvi_create(&w->unit.amdvi, "amdvi0", w->k, w->m, &w->p, 1, e);
	default:
		cfg_defaults(vtd_opts, &w->unit.vtd);
		w->unit.vtd.cap = 0xd1d2078c40780c06;
		w->unit.vtd.ecap = 0x0433ef9ea4f050df;
		w->unit.vtd.ver = 0x60;
		if (c->timeout_ps)
			w->unit.vtd.inv_timeout_ps = c->timeout_ps;
		w->unit.vtd.iqercd_sid = c->arch == W_VTD;
		w->unit.vtd.itag_hold_ps = c->itag_hold_ps;
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
	inv_host_fini(&w->h);
	if (w->u)
		w->u->ops->destroy(w->u); /* may cancel events, which touches their neighbours in the queue */
	for (struct world_answer *a = w->all; a;) {
		struct { struct world_answer *all; struct world_answer a; } *n = (void *)((char *)a - sizeof(struct world_answer *));

		a = n->all;
		free(n);
	}
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
