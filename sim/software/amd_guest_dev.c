/* SPDX-License-Identifier: Apache-2.0 */
/* amd_guest_dev.c - devices of a guest: reads of pages being unmapped and of others, answers to invalidate requests; see amd_guest.h. */
#include "software/amd_guest_int.h"

enum { BACKGROUND = AMDG_SLOTS * AMDG_MAX };

uint32_t amdg_draw(struct amd_guest *g, uint32_t n)
{
	g->rng = g->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)((g->rng >> 33) % n);
}

static void background(struct amd_dma *d)
{
	struct amd_guest *g = d->g;
	uint32_t page = g->cfg->pages > 1 ? 1 + amdg_draw(g, g->cfg->pages - 1) : 0;

	d->xl.req.iova = AMDG_IOVA_KEPT + (uint64_t)page * AMDG_PAGE + 64 * amdg_draw(g, AMDG_PAGE / 64);
	iommu_translate(g->t.u, &d->xl);
}

static void compare(struct amd_guest *g, const struct xl *x)
{
	struct xl_res now;

	iommu_walk_now(g->t.u, &x->req, &now, NULL, NULL);
	g->st.checked++;
	if (x->res.ok && (!now.ok || now.spa != x->res.spa))
		g->st.stale++;
	else if (!x->res.ok && now.ok)
		g->st.lost++;
	else if (!x->res.ok)
		g->st.refused++;
}

static void dma_done(struct amd_dma *d)
{
	struct amd_guest *g = d->g;

	iommu_retire(g->t.u, &d->xl);
	g->st.dmas++;
	if (d->slot != BACKGROUND) {
		if (!--g->busy[d->slot] && (g->phase == G_FREE || g->phase == G_USED))
			thread_wake(&g->t);
		return;
	}
	d->xl.req.len = 0; /* resting */
	if (!g->stop)
		sim_at(g->t.u->k, sim_now(g->t.u->k) + g->cfg->dma_gap_ps, &d->ev);
}

static void dma_event(struct sim_event *e)
{
	struct amd_dma *d = container_of(e, struct amd_dma, ev);

	if (d->slot == BACKGROUND && !d->xl.req.len) {
		if (d->g->stop)
			return;
		d->xl.req.len = 64;
		background(d);
		return;
	}
	dma_done(d);
}

static void translated(struct xl *x)
{
	struct amd_dma *d = container_of(x, struct amd_dma, xl);
	struct iommu *u = x->u;

	compare(d->g, x);
	sim_at(u->k, x->res.ok ? mem_port_access(u->port, sim_now(u->k), x->res.spa, 64, false) : sim_now(u->k), &d->ev);
}

void amdg_touch(struct amd_guest *g, uint32_t slot)
{
	const struct amd_guest_cfg *c = g->cfg;
	uint32_t n = c->touch < c->batch ? c->touch : c->batch, m = amdg_domain_of(g, slot), devs = (c->devices - m - 1) / c->domains + 1;

	g->busy[slot] = n;
	for (uint32_t i = 0; i < n; i++) {
		struct amd_dma *d = &g->touch[slot * n + i];

		/* spec: nobody logs a refusal that is meant to happen */
		d->xl.req = (struct xl_req){ .iova = amdg_slot_iova(g, slot, i * c->batch / n), .len = 64, .acc = XL_R, .spec = true };
		d->xl.req.rid = g->rid0 + m + (i % devs) * c->domains;
		d->xl.done = translated;
		iommu_translate(g->t.u, &d->xl);
	}
}

/* ---- invalidate requests ---- */

static void answer(struct sim_event *e)
{
	struct amd_answer *a = container_of(e, struct amd_answer, ev);
	uint32_t tags = a->tags;

	a->tags = 0;
	a->g->t.u->ops->ats_cpl(a->g->t.u, a->rid, tags, 1);
}

/* Is @q for a device and a page of the unmap that the driver waits for? */
static bool expected(const struct amd_guest *g, const struct ats_inv *q)
{
	uint32_t slot = amdg_slot_of(g, g->n - 1);

	return (g->phase == G_RUNG || g->phase == G_SEEN) && (q->rid - g->rid0) % g->cfg->domains == amdg_domain_of(g, slot) &&
	       q->first >= amdg_slot_iova(g, slot, 0) && q->last < amdg_slot_iova(g, slot, g->cfg->batch);
}

void amd_guest_ats_inv(struct amd_guest *g, const struct ats_inv *q)
{
	struct amd_answer *a = &g->answer[(q->rid - g->rid0) * AMDG_TAGS + q->itag % AMDG_TAGS];

	g->st.ats++;
	g->st.ats_wrong += !expected(g, q);
	a->tags = UINT32_C(1) << q->itag;
	sim_at(g->t.u->k, sim_now(g->t.u->k) + g->cfg->ats_ps, &a->ev);
}

/* ---- life ---- */

void amdg_devices_init(struct amd_guest *g)
{
	const struct amd_guest_cfg *c = g->cfg;
	uint32_t n = c->touch < c->batch ? c->touch : c->batch;

	for (uint32_t i = 0; i < c->devices * AMDG_TAGS; i++) {
		sim_event_init(&g->answer[i].ev, answer);
		g->answer[i].g = g;
		g->answer[i].rid = g->rid0 + i / AMDG_TAGS;
	}
	for (uint32_t i = 0; i < AMDG_SLOTS * c->domains * n; i++) {
		g->touch[i].g = g;
		g->touch[i].slot = i / n;
		sim_event_init(&g->touch[i].ev, dma_event);
	}
	for (uint32_t i = 0; i < c->devices * c->dma; i++) {
		g->back[i].g = g;
		g->back[i].slot = BACKGROUND;
		g->back[i].xl.req = (struct xl_req){ .rid = g->rid0 + i / c->dma, .acc = XL_R };
		g->back[i].xl.done = translated;
		sim_event_init(&g->back[i].ev, dma_event);
	}
}
