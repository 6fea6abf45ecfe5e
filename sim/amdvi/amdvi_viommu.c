/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_viommu.c - hardware vIOMMU: guests, turns at the execution unit, creation and statistics.
 * Turns: guests and host wait for the one execution unit first come first served, each with at most one command, so busy engines alternate.
 * Per-guest statistics exist if at most 64 guests are configured.
 * Does not model: secure guests (GuestID 8000h and above are ordinary). Spec: 48882; see amdvi_viommu.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include "amdvi/amdvi_viommu.h"

void vi_busy(struct amdvi *v, int n)
{
	v->vi->busy += (uint32_t)n;
	if (!v->vi->busy)
		amdvi_progress(v);
}

void vi_interrupt(struct vi_guest *g)
{
	g->v->vi->st.interrupts++;
	if (g->v->u.env.guest_irq)
		g->v->u.env.guest_irq(g->v->u.env.arg, g->gid);
}

/* ---- the execution unit ---- */

static void turn_begin(struct amdvi_viommu *vi, struct vi_turn *t)
{
	struct sim_kernel *k = vi->v->u.k;

	vi->unit_busy = true;
	vi->st.turns++;
	vi->st.turn_wait_ps += sim_now(k) - t->since;
	if (t->brief)
		sim_at(k, sim_now(k) + vi->v->cfg->fetch_cyc * vi->v->cfg->unit.clock_ps, &vi->turn_ev);
	t->go(t);
}

void amdvi_turn_take(struct amdvi *v, struct vi_turn *t, bool brief)
{
	t->brief = brief;
	t->next = NULL;
	t->since = sim_now(v->u.k);
	if (!v->vi->unit_busy) {
		turn_begin(v->vi, t);
		return;
	}
	*v->vi->turn_last = t;
	v->vi->turn_last = &t->next;
}

void amdvi_turn_give(struct amdvi *v)
{
	struct vi_turn *t = v->vi->turn_first;

	v->vi->unit_busy = false;
	if (!t)
		return;
	v->vi->turn_first = t->next;
	if (!t->next)
		v->vi->turn_last = &v->vi->turn_first;
	turn_begin(v->vi, t);
}

static void turn_over(struct sim_event *e)
{
	amdvi_turn_give(container_of(e, struct amdvi_viommu, turn_ev)->v);
}

/* ---- the unit's side ---- */

static void guest_init(struct amdvi *v, uint32_t gid)
{
	struct vi_guest *g = &v->vi->guest[gid];

	g->v = v;
	g->gid = gid;
	g->st = v->vi->gst ? &v->vi->gst[gid] : NULL;
	vi_engine_init(g);
	vi_log_init(g);
}

struct vi_guest *vi_guest_of(struct amdvi *v, uint32_t gid)
{
	if (!v->on.viommu || gid >= v->cfg->viommu_guests)
		return NULL;
	if (!v->vi->guest[gid].v)
		guest_init(v, gid);
	return &v->vi->guest[gid];
}

void amdvi_viommu_kick(struct amdvi *v)
{
	for (uint32_t i = 0; v->vi && i < v->cfg->viommu_guests; i++) {
		struct vi_guest *g = &v->vi->guest[i];

		if (!g->v)
			continue;
		vi_latch(g);
		vi_guest_kick(g);
	}
}

bool amdvi_viommu_idle(const struct amdvi *v)
{
	return !v->vi->busy;
}

bool amdvi_viommu_create(struct amdvi *v, struct err *e)
{
	uint32_t n = v->cfg->viommu_guests;
	struct amdvi_viommu *vi = v->vi = calloc(1, sizeof *vi);

	if (!vi)
		return err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
	vi->v = v;
	vi->turn_last = &vi->turn_first;
	sim_event_init(&vi->turn_ev, turn_over);
	vi->guest = calloc(n ? n : 1, sizeof *vi->guest);
	vi->path = calloc(2 + VI_STAT_GUESTS, sizeof *vi->path);
	if (n && n <= VI_STAT_GUESTS)
		vi->gst = calloc(n, sizeof *vi->gst);
	if (!vi->guest || !vi->path || (n && n <= VI_STAT_GUESTS && !vi->gst))
		return err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
	vi->idmap = xc_create(&v->cfg->idmap, sizeof(uint16_t), v->seed + 200, e);
	return vi->idmap != NULL;
}

static void cancel(struct amdvi *v, struct vi_access *a)
{
	sim_cancel(v->u.k, &a->ev);
	sim_cancel(v->u.k, &a->xl.ev);
}

static void guest_fini(struct amdvi *v, struct vi_guest *g)
{
	if (!g->v)
		return;
	cancel(v, &g->acc);
	cancel(v, &g->log);
	sim_cancel(v->u.k, &g->ev);
	sim_cancel(v->u.k, &g->log_ev);
	sim_cancel(v->u.k, &g->x.ev);
	free(g->map[VI_DEV]);
	free(g->map[VI_DOM]);
}

void amdvi_viommu_destroy(struct amdvi *v)
{
	struct amdvi_viommu *vi = v->vi;

	if (!vi)
		return;
	cancel(v, &vi->mw_acc);
	sim_cancel(v->u.k, &vi->mw_ev);
	sim_cancel(v->u.k, &vi->turn_ev);
	for (uint32_t i = 0; vi->guest && i < v->cfg->viommu_guests; i++)
		guest_fini(v, &vi->guest[i]);
	xc_destroy(vi->idmap);
	free(vi->guest);
	free(vi->gst);
	free(vi->path);
	free(vi->mw);
	free(vi);
	v->vi = NULL;
}

#define LATENCY_DOC "tail write to completion store, of COMPLETION_WAIT commands"
#define STAT_STRUCT struct vi_stats
static const struct stat_def vi_stat_defs[] = {
	VIOMMU_STATS(STAT_ROW){ "latency", "ps", LATENCY_DOC, offsetof(struct vi_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT
#define STAT_STRUCT struct vi_guest_stats
static const struct stat_def vi_guest_stat_defs[] = {
	VIOMMU_GUEST_STATS(STAT_ROW){ "latency", "ps", LATENCY_DOC, offsetof(struct vi_guest_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT

bool amdvi_viommu_stats(struct amdvi *v, struct stat_reg *r)
{
	struct amdvi_viommu *vi = v->vi;
	bool ok;

	if (!v->cfg->viommu_guests || !v->cap.viommu)
		return true;
	snprintf(vi->path[0], sizeof *vi->path, "%.50s.viommu", v->u.name);
	snprintf(vi->path[1], sizeof *vi->path, "%.50s.idmap", v->u.name);
	ok = stat_add(r, vi->path[0], &vi->st, vi_stat_defs) && stat_add(r, vi->path[1], xc_stats_of(vi->idmap), xc_stat_defs);
	for (uint32_t i = 0; ok && vi->gst && i < v->cfg->viommu_guests; i++) {
		snprintf(vi->path[2 + i], sizeof *vi->path, "%.50s.viommu.guest%u", v->u.name, i);
		ok = stat_add(r, vi->path[2 + i], &vi->gst[i], vi_guest_stat_defs);
	}
	return ok;
}
