/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_iq.c - the invalidation queue: when the next descriptor is fetched, errors, enabling, idleness.
 * Spec: "Queued Invalidation Interface", "Invalidation Queue Error".
 */
#include <stdlib.h>
#include "vtd/vtd_iq.h"

static bool stopped(const struct vtd *v)
{
	return vtd_reg_get(v, VTD_R_FSTS, 4) & (FSTS_IQE | FSTS_ITE);
}

static bool empty(const struct vtd *v)
{
	return vtd_reg_get(v, VTD_R_IQH, 4) == vtd_reg_get(v, VTD_R_IQT, 4);
}

/* The queue is disabled once everything fetched has finished. */
static void finish_disable(struct vtd_iq *q)
{
	struct vtd *v = q->v;

	if (!q->disabling || q->state != IQS_IDLE || q->waits || q->reqs)
		return;
	q->disabling = q->on = false;
	vtd_reg_put(v, VTD_R_GSTS, 4, vtd_reg_get(v, VTD_R_GSTS, 4) & ~GSTS_QIES);
	vtd_reg_put(v, VTD_R_IQH, 8, 0);
}

bool vtd_iq_idle(const struct iommu *u)
{
	const struct vtd *v = (const struct vtd *)u;
	const struct vtd_iq *q = v->iq;

	if (v->te_draining || q->disabling || q->state != IQS_IDLE || q->waits || q->reqs || q->rb[0].busy || q->rb[1].busy || !vtd_prq_drained(v))
		return false;
	return !q->on || v->held || stopped(v) || empty(v);
}

void vtd_iq_progress(struct vtd *v)
{
	if (v->u.env.progress && vtd_iq_idle(&v->u))
		v->u.env.progress(v->u.env.arg);
}

void vtd_iq_error(struct vtd *v, unsigned code)
{
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4);
	bool clear = !vtd_event_status(v, VTD_EV_FAULT);

	if (s & FSTS_IQE)
		return;
	vtd_reg_put(v, VTD_R_FSTS, 4, s | FSTS_IQE);
	vtd_reg_put(v, VTD_R_IQERCD, 8, bits_put(vtd_reg_get(v, VTD_R_IQERCD, 8), 3, 0, code));
	v->st.iqe++;
	vtd_event_set(v, VTD_EV_FAULT, clear);
	if (v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
}

/* 4.6 step 1: is the queue itself well formed? Returns the IQEI code, 0 if so. */
static unsigned queue_check(const struct vtd *v, uint64_t iqa)
{
	bool wide = iqa & IQA_DW;

	if (v->ttm == VTD_TTM_RSVD)
		return 7;
	if (wide ? !v->cap.smts && !v->cap.adms : v->ttm != VTD_TTM_LEGACY)
		return 5;
	if (vtd_reg_get(v, VTD_R_IQT, 4) >= UINT64_C(4096) << (iqa & 7))
		return 1;
	return 0;
}

void iq_step(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	uint64_t iqa;
	unsigned code;
	sim_time t;

	finish_disable(q);
	if (!q->on || q->disabling || q->state != IQS_IDLE || q->fence || v->held || stopped(v) || empty(v)) {
		vtd_iq_progress(v);
		return;
	}
	if (!q->wait_free || !q->req_free)
		return;
	iqa = vtd_reg_get(v, VTD_R_IQA, 8);
	code = queue_check(v, iqa);
	if (code) {
		vtd_iq_error(v, code);
		return;
	}
	q->size = iqa & IQA_DW ? 32 : 16;
	q->pos = (uint32_t)(vtd_reg_get(v, VTD_R_IQH, 4) & ((UINT64_C(4096) << (iqa & 7)) - q->size));
	q->started = t = sim_now(v->u.k);
	q->state = IQS_FETCH;
	if (v->u.port)
		t = mem_port_access(v->u.port, t, (iqa & bits_mask(63, 12)) + q->pos, q->size, false);
	sim_at(v->u.k, t + v->cfg->fetch_cyc * v->u.cfg->clock_ps, &q->ev);
}

static void fetched(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	uint64_t iqa = vtd_reg_get(v, VTD_R_IQA, 8), bytes = UINT64_C(4096) << (iqa & 7);
	enum mem_status st;
	unsigned code;

	q->state = IQS_IDLE;
	v->st.busy_ps += sim_now(v->u.k) - q->started;
	/* A time-out, or an unaligned tail, that came during the fetch: this descriptor is not consumed. */
	if (stopped(v)) {
		iq_step(q);
		return;
	}
	q->d[2] = q->d[3] = 0;
	st = mem_read(v->u.mem, (iqa & bits_mask(63, 12)) + q->pos, q->d, q->size / 8);
	code = st == MEM_OK ? iq_check(v, q->d, q->size == 32) : 2;
	if (code) {
		finish_disable(q);
		vtd_iq_error(v, code);
		return;
	}
	vtd_reg_put(v, VTD_R_IQH, 8, (q->pos + q->size) & (bytes - 1));
	q->state = IQS_EXEC;
	q->started = sim_now(v->u.k);
	iq_exec(q);
}

static void iq_event(struct sim_event *e)
{
	struct vtd_iq *q = container_of(e, struct vtd_iq, ev);

	if (q->state == IQS_FETCH)
		fetched(q);
	else
		iq_exec_end(q);
}

void iq_done(struct vtd_iq *q)
{
	q->v->st.busy_ps += sim_now(q->v->u.k) - q->started;
	q->state = IQS_IDLE;
	iq_waits_run(q);
	iq_step(q);
}

void vtd_iq_kick(struct vtd *v)
{
	iq_waits_run(v->iq);
	iq_step(v->iq);
}

void vtd_iq_enable(struct vtd *v, bool on)
{
	struct vtd_iq *q = v->iq;

	if (on == (q->on && !q->disabling))
		return;
	if (on && !q->on)
		vtd_reg_put(v, VTD_R_IQH, 8, 0);
	q->disabling = !on;
	if (on) {
		q->on = true;
		vtd_reg_put(v, VTD_R_GSTS, 4, vtd_reg_get(v, VTD_R_GSTS, 4) | GSTS_QIES);
	}
	iq_step(q);
}

/* Captured registers say whether the queue is on; it goes on at IQH when the unit is next used. */
void vtd_iq_restored(struct vtd *v)
{
	v->iq->on = vtd_reg_get(v, VTD_R_GSTS, 4) & GSTS_QIES;
	v->iq->disabling = false;
}

bool vtd_iq_create(struct vtd *v, struct err *e)
{
	struct vtd_iq *q = calloc(1, sizeof *q);

	if (!q)
		return err_set(e, ERR_MACHINE, "%s: out of memory", v->u.name);
	v->iq = q;
	q->v = v;
	sim_event_init(&q->ev, iq_event);
	sim_event_init(&q->wait_ev, iq_wait_written);
	q->waits_tail = &q->waits;
	for (unsigned i = 0; i < IQ_WAITS; i++) {
		q->wait_pool[i].next = q->wait_free;
		q->wait_free = &q->wait_pool[i];
	}
	for (unsigned i = 0; i < 2; i++) {
		q->rb[i].v = v;
		sim_event_init(&q->rb[i].ev, iq_rb_end);
		q->rb[i].drain.fn = iq_rb_drained;
	}
	iq_dev_init(q);
	return true;
}

void vtd_iq_destroy(struct vtd *v)
{
	struct vtd_iq *q = v->iq;

	if (!q)
		return;
	sim_cancel(v->u.k, &q->ev);
	sim_cancel(v->u.k, &q->wait_ev);
	for (unsigned i = 0; i < 2; i++)
		sim_cancel(v->u.k, &q->rb[i].ev);
	for (struct iq_req *r = q->reqs; r; r = r->next)
		sim_cancel(v->u.k, &r->timer);
	itag_fini(&q->itags);
	free(q);
	v->iq = NULL;
}
