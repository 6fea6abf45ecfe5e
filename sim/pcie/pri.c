/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pri.c - page requests; see pri.h for what is modelled.
 * A group asks for the page a request needs and, with pri.group above 1, for the following pages of the same DMA, as many as there are
 * credits for. A request for a page that an open group has already asked for joins that group.
 */
#include <stdlib.h>
#include "pcie/dev_int.h"

enum { RESP_SUCCESS = 0, RESP_INVALID = 1, PAGE_LG2 = 12 };

static void prg_event(struct sim_event *e);
static void resp_event(struct sim_event *e);

/* Software has to act before @s goes on (on), or has. It can act once the last request of the group has reached the unit. */
static void hold(struct slot *s, bool on)
{
	struct dev *d = s->d;

	if (s->held == on)
		return;
	s->held = on;
	d->stalled += on ? 1 : UINT32_MAX;
	if (d->held)
		d->held(d->arg, s->op->q.tag, on);
	dev_stuck_check(d);
}

static void fail_waiting(struct slot *s)
{
	struct xl_res r = s->xl.res;

	hold(s, false);
	s->d->atc->st.failed++;
	slot_fail(s, &r);
}

static uint32_t credits(const struct dev *d)
{
	uint32_t most = d->cfg.pri.capacity < d->cfg.pri.allocation ? d->cfg.pri.capacity : d->cfg.pri.allocation;

	return most > d->pri->used ? most - d->pri->used : 0;
}

/* ---- groups ---- */

static struct prg *find_group(struct dev *d, const struct slot *s)
{
	const struct dev_dma *q = &s->op->q;

	for (uint32_t i = 0; i < d->pri->n_prg; i++) {
		struct prg *g = &d->pri->prg[i];

		if (!g->open || g->has_pasid != q->has_pasid || g->pasid != q->pasid || (g->acc ^ s->op->acc) & XL_PRIV || atc_need(s) & ~g->acc)
			continue;
		for (uint32_t p = 0; p < g->n; p++)
			if (g->addr[p] >> PAGE_LG2 == s->iova >> PAGE_LG2)
				return g;
	}
	return NULL;
}

static struct prg *free_group(struct dev *d)
{
	for (uint32_t i = 0; i < d->pri->n_prg; i++)
		if (!d->pri->prg[i].open)
			return &d->pri->prg[i];
	return NULL;
}

static void send(struct dev *d, struct prg *g)
{
	for (uint32_t p = 0; p < g->n; p++)
		g->arrive[p] = link_message(&d->up, dev_now(d), LINK_PAGE_REQ + (g->has_pasid ? LINK_PASID : 0), false) + d->cfg.fixed_ps;
	g->t = dev_now(d);
	g->sent = 0;
	sim_at(d->u->k, g->arrive[0], &g->ev);
}

static void open_group(struct prg *g, const struct slot *s)
{
	struct dev *d = g->d;
	const struct op *o = s->op;
	uint64_t page = s->iova & ~low_mask(PAGE_LG2), last = o->q.iova + (o->q.len ? o->q.len : 1) - 1;
	uint32_t most = d->cfg.pri.group < credits(d) ? d->cfg.pri.group : credits(d);

	g->open = true;
	g->has_pasid = o->q.has_pasid;
	g->pasid = o->q.pasid;
	g->acc = atc_need(s) | (o->acc & XL_PRIV);
	g->n = 0;
	slots_init(&g->waiters);
	do {
		g->addr[g->n++] = page;
		page += 1u << PAGE_LG2;
	} while (g->n < most && page && page <= last);
	d->pri->used += g->n;
	d->pri->st.groups++;
	d->pri->st.requests += g->n;
	send(d, g);
}

static void close_group(struct prg *g)
{
	g->open = false;
	g->d->pri->used -= g->n;
}

/* One page request has reached the unit. */
static void prg_event(struct sim_event *e)
{
	struct prg *g = container_of(e, struct prg, ev);
	struct dev *d = g->d;
	struct page_req p = { .rid = d->cfg.rid, .pasid = g->pasid, .has_pasid = g->has_pasid, .r = g->acc & XL_R, .w = g->acc & XL_W,
			      .x = g->acc & XL_X, .priv = g->acc & XL_PRIV, .prgi = g->index, .addr = g->addr[g->sent] };

	g->sent++;
	p.last = g->sent == g->n;
	if (!p.last)
		sim_at(d->u->k, g->arrive[g->sent], &g->ev);
	for (struct slot *s = g->waiters.head; p.last && s; s = s->qnext)
		hold(s, true);
	if (d->u->ops->page_request)
		d->u->ops->page_request(d->u, &p);
	else if (p.last) /* nobody takes it */
		dev_page_resp(d, &(struct page_resp){ .rid = p.rid, .pasid = p.pasid, .has_pasid = p.has_pasid, .prgi = p.prgi, .code = 15 });
}

/* Join a group, open one, or wait for credit. Returns: false if it waits. */
static bool ask(struct slot *s)
{
	struct dev *d = s->d;
	struct prg *g = find_group(d, s);

	if (g) {
		d->pri->st.merged++;
	} else {
		g = credits(d) ? free_group(d) : NULL;
		if (!g) {
			slots_put(&d->pri->queue, s);
			return false;
		}
		open_group(g, s);
	}
	slots_put(&g->waiters, s);
	if (g->sent == g->n)
		hold(s, true);
	return true;
}

void pri_wait(struct slot *s, const struct xl_res *res)
{
	struct dev *d = s->d;
	struct pri *p = d->pri;
	struct xl_res r = *res;

	r.ok = false;
	if (!p->on || p->rf || (d->stops && dev_stopping(d, s->op)) || (d->cfg.pri.retries && s->tries >= d->cfg.pri.retries)) {
		p->st.given_up += d->cfg.pri.retries && s->tries >= d->cfg.pri.retries;
		d->atc->st.failed++;
		slot_fail(s, &r);
		return;
	}
	s->xl.res = r; /* the answer if this fails */
	s->tries++;
	s->state = SLOT_PRI_WAIT;
	if (!ask(s)) {
		p->st.credit_waits++;
		hold(s, true); /* a credit comes back with a response only */
	}
}

static void queue_pump(struct dev *d)
{
	struct slot_list l = d->pri->queue;
	struct slot *s;

	slots_init(&d->pri->queue);
	while ((s = slots_take(&l))) {
		hold(s, false);
		if (!ask(s))
			hold(s, true);
	}
}

static void fail_list(struct slot_list *l)
{
	struct slot *s;

	while ((s = slots_take(l)))
		fail_waiting(s);
}

/* ---- responses ---- */

static bool pasid_fits(const struct prg *g, const struct page_resp *r)
{
	return !g->d->cfg.pri.resp_pasid || (r->has_pasid == g->has_pasid && (!r->has_pasid || r->pasid == g->pasid));
}

static void respond(struct dev *d, const struct page_resp *r)
{
	struct prg *g = r->prgi < d->pri->n_prg ? &d->pri->prg[r->prgi] : NULL;
	struct slot_list l;
	struct slot *s;

	if (!g || !g->open || g->sent != g->n || !pasid_fits(g, r)) {
		d->pri->st.uprgi++;
		return;
	}
	hist_add(&d->pri->st.latency_ps, dev_now(d) - g->t);
	l = g->waiters;
	slots_init(&g->waiters);
	close_group(g);
	if (r->code == RESP_SUCCESS) {
		d->pri->st.success++;
		while ((s = slots_take(&l))) {
			hold(s, false);
			atc_request(s);
		}
	} else {
		*(r->code == RESP_INVALID ? &d->pri->st.invalid : &d->pri->st.failure) += 1;
		d->pri->rf |= r->code != RESP_INVALID; /* reserved codes count as failure */
		fail_list(&l);
	}
	if (d->pri->rf)
		fail_list(&d->pri->queue);
	else
		queue_pump(d);
	if (d->stops)
		dev_stops_check(d);
}

static void resp_event(struct sim_event *e)
{
	struct presp *m = container_of(e, struct presp, ev);
	struct dev *d = m->d;
	struct page_resp r = m->r;

	if (d->inv_held && inv_park(d, e))
		return;
	m->next = d->pri->spare;
	d->pri->spare = m;
	respond(d, &r);
}

void dev_page_resp(struct dev *d, const struct page_resp *r)
{
	struct pri *p = d->pri;
	struct presp *m;

	if (!p) /* a device without page requests: nothing is outstanding */
		return;
	m = p->spare;
	if (m) {
		p->spare = m->next;
	} else {
		m = calloc(1, sizeof(*m));
		if (!m) {
			mem_set_oom(d->u->mem);
			return;
		}
		m->d = d;
		m->all = p->all;
		p->all = m;
		sim_event_init(&m->ev, resp_event);
	}
	m->r = *r;
	sim_at(d->u->k, link_message(&d->down, dev_now(d), LINK_PAGE_RESP + (r->has_pasid ? LINK_PASID : 0), false), &m->ev);
}

/* ---- off, and PASIDs that stop ---- */

void pri_forget(struct dev *d)
{
	for (uint32_t i = 0; i < d->pri->n_prg; i++) {
		struct prg *g = &d->pri->prg[i];

		sim_cancel(d->u->k, &g->ev);
		if (!g->open)
			continue;
		close_group(g);
		fail_list(&g->waiters);
	}
	fail_list(&d->pri->queue);
	d->pri->on = d->pri->rf = false;
}

void pri_off(struct dev *d)
{
	d->pri->on = false;
	fail_list(&d->pri->queue);
}

bool pri_pasid_open(const struct dev *d, uint32_t pasid)
{
	for (uint32_t i = 0; i < d->pri->n_prg; i++) {
		const struct prg *g = &d->pri->prg[i];

		if (g->has_pasid && g->pasid == pasid && g->open)
			return true;
	}
	return false;
}

static void abort_in(struct slot_list *l, uint32_t pasid)
{
	struct slot_list old = *l;
	struct slot *s;

	slots_init(l);
	while ((s = slots_take(&old))) {
		if (s->op->q.has_pasid && s->op->q.pasid == pasid)
			fail_waiting(s);
		else
			slots_put(l, s);
	}
}

void pri_abort(struct dev *d, uint32_t pasid)
{
	for (uint32_t i = 0; i < d->pri->n_prg; i++)
		if (d->pri->prg[i].open)
			abort_in(&d->pri->prg[i].waiters, pasid);
	abort_in(&d->pri->queue, pasid);
}

/* ---- life ---- */

void pri_init(struct dev *d)
{
	d->pri->on = d->cfg.pri.enabled;
	for (uint32_t i = 0; i < d->pri->n_prg; i++) {
		struct prg *g = &d->pri->prg[i];

		g->d = d;
		g->index = (uint16_t)i;
		slots_init(&g->waiters);
		sim_event_init(&g->ev, prg_event);
	}
}

void pri_fini(struct dev *d)
{
	if (!d->pri)
		return;
	while (d->pri->all) {
		struct presp *m = d->pri->all;

		d->pri->all = m->all;
		free(m);
	}
	free(d->pri->prg);
	free(d->pri);
	d->pri = NULL;
}

const struct pri_stats *dev_pri_stats(const struct dev *d)
{
	return d->pri ? &d->pri->st : NULL;
}
