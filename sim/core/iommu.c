/* SPDX-License-Identifier: Apache-2.0 */
/* iommu.c - the life of one translation; see iommu.h for what is modelled. iommu_unit.c has what concerns a unit as a whole. */
#include "core/iommu.h"

#include <string.h>

static void xl_event(struct sim_event *e);
static void lookup(struct xl *x);

/* ---- merging: walks and queued misses by requester, PASID and 4 KiB page ---- */

static struct xl **merge_bucket(struct iommu *u, const struct xl_req *q)
{
	uint64_t h = (q->iova >> 12) * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)q->rid * UINT64_C(0xd6e8feb86659fd93) ^ q->pasid;

	return &u->merge_tab[(h ^ h >> 32) & u->merge_mask];
}

static struct xl *merge_find(struct iommu *u, const struct xl_req *q)
{
	for (struct xl *w = *merge_bucket(u, q); w; w = w->mnext)
		if (w->req.rid == q->rid && w->req.pasid == q->pasid && w->req.has_pasid == q->has_pasid && w->req.at == q->at &&
		    (w->req.iova ^ q->iova) >> 12 == 0 && !w->nofill && w->ov_first > w->ov_last && !((q->acc ^ w->req.acc) & (XL_PRIV | XL_X)) && !(q->acc & ~w->req.acc) &&
		    (w->req.len || !q->len))
			return w;
	return NULL;
}

static void merge_add(struct iommu *u, struct xl *x)
{
	struct xl **b = merge_bucket(u, &x->req);

	x->mnext = *b;
	*b = x;
}

static void merge_remove(struct iommu *u, struct xl *x)
{
	struct xl **p = merge_bucket(u, &x->req);

	while (*p != x)
		p = &(*p)->mnext;
	*p = x->mnext;
}

/* ---- the list of requests in flight, and who waits for it ---- */

static inline void tap(const struct xl *x, enum tap_what what)
{
	if (UNLIKELY(x->u->tap != NULL))
		x->u->tap->event(x->u->tap->arg, x->u, x, what);
}

static void link_xl(struct iommu *u, struct xl *x)
{
	x->seq = ++u->seq;
	x->next = NULL;
	x->pprev = u->newest;
	*u->newest = x;
	u->newest = &x->next;
}

static void unlink_xl(struct iommu *u, struct xl *x)
{
	*x->pprev = x->next;
	if (x->next)
		x->next->pprev = x->pprev;
	else
		u->newest = x->pprev;
}

static void drains_check(struct iommu *u)
{
	while (u->drains && (!u->oldest || u->oldest->seq >= u->drains->before)) {
		struct iommu_drain *d = u->drains;

		u->drains = d->next;
		if (!u->drains)
			u->drains_tail = &u->drains;
		u->st.drain_ps += sim_now(u->k) - d->since;
		d->fn(d);
	}
}

/* ---- reply ---- */

static void reply(struct xl *x)
{
	struct iommu *u = x->u;

	x->state = XL_REPLY;
	tap(x, TAP_STATE);
	sim_at(u->k, sim_now(u->k) + x->cyc * u->cfg->clock_ps + u->cfg->hit_ps, &x->ev);
}

static void refused(struct iommu *u, const struct xl *x)
{
	if (x->req.spec)
		return;
	u->st.faults++;
	if (u->env.fault)
		u->env.fault(u->env.arg, &x->req, &x->res);
}

/* A held request is not in flight: no invalidation waits for it. */
static void hold(struct iommu *u, struct xl *x)
{
	u->st.stalls++;
	unlink_xl(u, x);
	x->state = XL_STALLED;
	tap(x, TAP_STATE);
	if (u->env.stall)
		u->env.stall(u->env.arg, x, true);
	drains_check(u);
}

static void answer(struct xl *x)
{
	struct iommu *u = x->u;

	if (UNLIKELY(!x->res.ok)) {
		if (!u->ops->fault(u, x)) {
			hold(u, x);
			return;
		}
		refused(u, x);
	}
	hist_add(&u->st.latency_ps, sim_now(u->k) - x->t_start);
	x->state = XL_DATA;
	tap(x, TAP_STATE);
	x->done(x);
}

/* ---- walks ---- */

/* What begin or next asked for: go to memory, or finish. Called at the present time; x->cyc is still to be waited. */
static void walk_finish(struct xl *x);

static void walk_act(struct xl *x, enum xl_act act)
{
	struct iommu *u = x->u;
	sim_time t = sim_now(u->k) + x->cyc * u->cfg->clock_ps;

	if (act == XL_ACT_READ || act == XL_ACT_CAS) {
		x->cyc = 0;
		x->state = XL_WALK;
		x->mem_st = act == XL_ACT_CAS; /* remembered until the data is there */
		tap(x, TAP_READ);
		t = mem_port_access(u->port, t, x->mem_spa, 8u * x->mem_words, act == XL_ACT_CAS);
		sim_at(u->k, t, &x->ev);
		return;
	}
	x->res.ok = act == XL_ACT_DONE;
	walk_finish(x);
}

/* The memory access itself, at the time its data arrives. */
static void access_memory(struct xl *x, bool cas)
{
	if (cas)
		x->mem_st = (uint8_t)mem_cas(x->u->mem, x->mem_spa, x->cas_old, x->cas_new, &x->data[0]);
	else
		x->mem_st = (uint8_t)mem_read(x->u->mem, x->mem_spa, x->data, x->mem_words);
}

static void walk_data(struct xl *x)
{
	struct iommu *u = x->u;
	bool cas = x->mem_st;

	if (UNLIKELY(x->late)) {
		x->late = false;
		walk_act(x, u->ops->next(u, x));
		return;
	}
	access_memory(x, cas);
	if (cas) {
		u->st.walk_updates++;
	} else {
		u->st.walk_reads++;
		x->reads++;
	}
	if (UNLIKELY(u->env.late && *u->env.late)) {
		x->late = true;
		sim_at(u->k, sim_now(u->k) + *u->env.late, &x->ev);
		return;
	}
	walk_act(x, u->ops->next(u, x));
}

static void walk_start(struct xl *x)
{
	struct iommu *u = x->u;

	u->busy_walkers++;
	x->t_walk = sim_now(u->k);
	x->state = XL_WALK;
	tap(x, TAP_STATE);
	walk_act(x, x->mem_st ? XL_ACT_CAS : XL_ACT_READ);
}

static bool unit_full(const struct iommu *u)
{
	return u->busy_walkers >= u->cfg->walkers && u->mq_len >= u->cfg->missq;
}

static bool port_full(const struct iommu *u, const struct iommu_port *p)
{
	return u->cfg->slots && p->busy >= u->cfg->slots;
}

/* Requests held at the ports go on, one of each port in turn. */
static void ports_refill(struct iommu *u)
{
	unsigned idle = 0;

	while (u->held && idle < u->n_in && !unit_full(u)) {
		struct iommu_port *p = &u->in[u->next_port];
		struct xl *x = p->head;

		u->next_port = u->next_port + 1 == u->n_in ? 0 : u->next_port + 1;
		if (!x || port_full(u, p)) {
			idle++;
			continue;
		}
		idle = 0;
		p->head = x->qnext;
		if (!p->head)
			p->tail = &p->head;
		u->held--;
		u->st.requests++;
		lookup(x);
	}
}

/* Cycles still to wait: @at_least, or more while the request's own lookup, begun at t_walk, is not over. */
static uint32_t cycles_left(const struct xl *x, uint32_t at_least)
{
	sim_time own = x->t_walk + x->cyc * x->u->cfg->clock_ps, now = sim_now(x->u->k);
	uint64_t left = own > now ? (own - now + x->u->cfg->clock_ps - 1) / x->u->cfg->clock_ps : 0;

	return left > at_least ? (uint32_t)left : at_least;
}

static void walkers_refill(struct iommu *u)
{
	while (u->mq_head && u->busy_walkers < u->cfg->walkers) {
		struct xl *x = u->mq_head;

		u->mq_head = x->qnext;
		if (!u->mq_head)
			u->mq_tail = &u->mq_head;
		u->mq_len--;
		u->st.walk_wait_ps += sim_now(u->k) - x->t_walk;
		x->cyc = cycles_left(x, 0);
		walk_start(x);
	}
	if (UNLIKELY(u->held))
		ports_refill(u);
}

/* A walk that waiters share: they take its answer if it serves them, else look up again. */
static void release_waiters(struct xl *x)
{
	struct xl *w = x->waiters;

	x->waiters = NULL;
	while (w) {
		struct xl *n = w->qnext;

		x->u->in[w->port].busy--;
		if (x->res.ok && x->res.perm) {
			x->u->st.misses++;
			x->u->st.merged++;
			w->cyc = cycles_left(w, x->cyc); /* not before its own lookup is over */
			w->res = x->res;
			w->res.spa = x->res.spa - (x->req.iova & 0xfff) + (w->req.iova & 0xfff);
			w->tag = x->tag;
			w->tagged = x->tagged;
			reply(w);
		} else {
			lookup(w); /* a fault, or "no access" to a translation request, is never cached: each requester gets its own */
		}
		w = n;
	}
}

static void walk_finish(struct xl *x)
{
	struct iommu *u = x->u;

	u->st.walks++;
	u->st.walk_ps += sim_now(u->k) - x->t_walk;
	hist_add(&u->st.walk_reads_hist, x->reads);
	u->busy_walkers--;
	u->in[x->port].busy--;
	merge_remove(u, x);
	if (x->waiters)
		release_waiters(x);
	reply(x);
	walkers_refill(u);
}

/* ---- lookup ---- */

static void miss(struct xl *x, enum xl_act act)
{
	struct iommu *u = x->u;
	struct xl *w = u->cfg->merge ? merge_find(u, &x->req) : NULL;

	x->t_walk = sim_now(u->k);
	u->in[x->port].busy++;
	if (w) { /* counted when it takes the answer */
		x->state = XL_MERGED;
		tap(x, TAP_STATE);
		if (w->waiters)
			w->last_waiter->qnext = x;
		else
			w->waiters = x;
		w->last_waiter = x;
		x->qnext = NULL;
		return;
	}
	u->st.misses++;
	merge_add(u, x);
	x->mem_st = act == XL_ACT_CAS;
	if (u->busy_walkers < u->cfg->walkers) {
		walk_start(x);
		return;
	}
	x->state = XL_MISSQ;
	tap(x, TAP_STATE);
	x->qnext = NULL;
	*u->mq_tail = x;
	u->mq_tail = &x->qnext;
	u->mq_len++;
}

static void lookup(struct xl *x)
{
	struct iommu *u = x->u;
	enum xl_act act;

	x->cyc = 0;
	x->nofill = x->tagged = x->tables = x->hit = false;
	x->ov_first = UINT64_MAX;
	x->ov_last = 0;
	x->reads = 0;
	x->waiters = NULL;
	memset(&x->res, 0, sizeof(x->res));
	act = u->ops->begin(u, x);
	if (LIKELY(act == XL_ACT_DONE || act == XL_ACT_FAULT)) {
		x->res.ok = act == XL_ACT_DONE;
		u->st.hits++;
		reply(x);
		return;
	}
	miss(x, act);
}

static void arrive(struct xl *x)
{
	struct iommu *u = x->u;
	struct iommu_port *p = &u->in[x->port];

	if (UNLIKELY(p->head || port_full(u, p) || unit_full(u))) {
		x->qnext = NULL;
		*p->tail = x;
		p->tail = &x->qnext;
		u->held++;
		return;
	}
	u->st.requests++;
	lookup(x);
}

static void xl_event(struct sim_event *e)
{
	struct xl *x = container_of(e, struct xl, ev);

	switch (x->state) {
	case XL_REPLY:
		answer(x);
		break;
	case XL_WALK:
		walk_data(x);
		break;
	default:
		arrive(x);
		break;
	}
}

void iommu_translate(struct iommu *u, struct xl *x)
{
	unsigned port = u->n_in > 1 ? x->req.rid % u->n_in : 0;
	struct iommu_port *p = &u->in[port];
	sim_time now = sim_now(u->k), start = now > p->pipe_free ? now : p->pipe_free;

	p->pipe_free = start + u->cfg->ii_cyc * u->cfg->clock_ps;
	x->u = u;
	x->port = (uint8_t)port;
	x->t_start = now;
	x->functional = false;
	x->now = NULL;
	x->tagged = x->nofill = false;
	x->state = XL_LOOKUP;
	link_xl(u, x);
	x->id = x->seq;
	tap(x, TAP_STATE);
	sim_event_init(&x->ev, xl_event);
	if (start > now)
		sim_at(u->k, start, &x->ev);
	else
		arrive(x);
}

/* ---- draining and overtaking ---- */

void iommu_retire(struct iommu *u, struct xl *x)
{
	tap(x, TAP_GONE);
	unlink_xl(u, x);
	x->state = XL_IDLE;
	if (UNLIKELY(u->drains != NULL))
		drains_check(u);
}

void iommu_resume(struct iommu *u, struct xl *x)
{
	if (u->env.stall)
		u->env.stall(u->env.arg, x, false);
	link_xl(u, x);
	x->state = XL_LOOKUP;
	tap(x, TAP_STATE);
	sim_at(u->k, sim_now(u->k), &x->ev);
}

static void terminated(struct sim_event *e)
{
	struct xl *x = container_of(e, struct xl, ev);

	sim_event_init(&x->ev, xl_event);
	refused(x->u, x);
	hist_add(&x->u->st.latency_ps, sim_now(x->u->k) - x->t_start);
	x->state = XL_DATA;
	tap(x, TAP_STATE);
	x->done(x);
}

void iommu_terminate(struct iommu *u, struct xl *x)
{
	if (u->env.stall)
		u->env.stall(u->env.arg, x, false);
	link_xl(u, x);
	x->state = XL_REPLY;
	sim_event_init(&x->ev, terminated);
	sim_at(u->k, sim_now(u->k), &x->ev);
}

void iommu_drain(struct iommu *u, struct iommu_drain *d)
{
	u->st.drains++;
	d->next = NULL;
	d->before = u->seq + 1;
	d->since = sim_now(u->k);
	*u->drains_tail = d;
	u->drains_tail = &d->next;
	drains_check(u);
}

void iommu_overtake(struct iommu *u, const struct inv_scope *s)
{
	struct inv_scope anywhere = *s;

	anywhere.by &= ~(uint32_t)INV_RANGE;
	for (struct xl *x = u->oldest; x; x = x->next) {
		if ((x->state != XL_WALK && x->state != XL_MISSQ) || x->nofill)
			continue;
		if (x->tagged ? inv_covers(s, &x->tag) : !s->tables_only || x->tables) {
			x->nofill = true;
			u->st.overtaken++;
		} else if (x->tagged && inv_covers(&anywhere, &x->tag)) { /* a larger page may still reach into the range */
			x->ov_first = s->first < x->ov_first ? s->first : x->ov_first;
			x->ov_last = s->last > x->ov_last ? s->last : x->ov_last;
		}
	}
}

/* ---- zero time ---- */

void iommu_walk_now(struct iommu *u, const struct xl_req *q, struct xl_res *r, iommu_step_fn *step, void *arg)
{
	const struct xl_now now = { step, arg };
	struct xl x;
	enum xl_act act;

	memset(&x, 0, offsetof(struct xl, data));
	x.req = *q;
	x.u = u;
	x.now = &now;
	x.functional = x.nofill = true;
	act = u->ops->begin(u, &x);
	while (act == XL_ACT_READ || act == XL_ACT_CAS) {
		access_memory(&x, act == XL_ACT_CAS);
		x.reads++;
		if (step)
			step(arg, &x);
		act = u->ops->next(u, &x);
	}
	x.res.ok = act == XL_ACT_DONE;
	*r = x.res;
}
