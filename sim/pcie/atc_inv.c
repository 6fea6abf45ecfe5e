/* SPDX-License-Identifier: Apache-2.0 */
/*
 * atc_inv.c - invalidate requests: the duties of the function, and ways to neglect them.
 * Order: received -> (queue full: held, and with it what the downlink brings later) -> lines dropped, translation requests in flight
 * overtaken -> ats.completion_time -> reads that use an old address done -> one completion per traffic class sent behind the posted
 * writes -> at the unit when those writes are done. Reads that an accepted invalidation waits for are let past a held one: an
 * invalidate request may not depend on the function's own non-posted traffic.
 * Without a translation cache there is nothing to drop, and a request is held to be received when the unit sends it.
 * Traffic class of a request: its PASID modulo atc.tc_count.
 * Spec: PCI Express Base, ch. 10 "ATS Specification": "Invalidate Request", "Invalidate Completion", "Request Acceptance Rules".
 */
#include <stdlib.h>
#include "pcie/dev_int.h"

static unsigned class_of(const struct slot *s)
{
	return s->op->q.pasid % s->d->cfg.atc.tc_count;
}

static uint32_t depth(const struct dev *d)
{
	return d->cfg.queue_depth ? d->cfg.queue_depth : INV_SLOTS;
}

/* ---- records ---- */

static void inv_event(struct sim_event *e);
static void cpl_event(struct sim_event *e);

static struct inv *inv_new(struct dev *d)
{
	struct inv *i = d->inv_spare;

	if (i) {
		d->inv_spare = i->next;
		return i;
	}
	i = calloc(1, sizeof(*i));
	if (!i) {
		mem_set_oom(d->u->mem);
		return NULL;
	}
	i->d = d;
	i->all = d->inv_all;
	d->inv_all = i;
	sim_event_init(&i->ev, inv_event);
	for (unsigned c = 0; c < INV_TCS; c++) {
		i->cpl[c].i = i;
		sim_event_init(&i->cpl[c].ev, cpl_event);
	}
	return i;
}

static void inv_free(struct inv *i)
{
	i->state = INV_FREE;
	i->next = i->d->inv_spare;
	i->d->inv_spare = i;
}

static void accept(struct inv *i, unsigned at);

/* Arrivals that waited behind held invalidate requests come again, in order. */
static void unpark(struct dev *d)
{
	struct sim_event *e = d->parked;

	d->inv_st.backpressure_ps += dev_now(d) - d->held_since;
	d->parked = NULL;
	d->parked_tail = &d->parked;
	while (e) {
		struct sim_event *n = e->next;

		sim_at(d->u->k, dev_now(d), e);
		e = n;
	}
}

bool inv_park(struct dev *d, struct sim_event *ev)
{
	ev->next = NULL; /* idle: the queue does not use it */
	*d->parked_tail = ev;
	d->parked_tail = &ev->next;
	return true;
}

static void leave(struct inv *i)
{
	struct dev *d = i->d;
	unsigned at = i->index;
	struct inv *h = d->inv_held;

	d->inv_open &= ~(UINT32_C(1) << at);
	d->inv_at[at] = NULL;
	inv_free(i);
	if (!h)
		return;
	d->inv_held = h->next;
	if (!h->next) {
		d->inv_held_tail = &d->inv_held;
		unpark(d);
	}
	accept(h, at);
}

/* ---- completions ---- */

static void deliver(struct inv_cpl *c)
{
	struct inv *i = c->i;
	struct dev *d = i->d;
	unsigned itag = i->q.itag % INV_SLOTS, told = d->fault[DEV_WRONG_ITAG] ? (itag + 1) % INV_SLOTS : itag;
	unsigned cc = d->atc ? d->cfg.atc.tc_count : 1;

	d->inv_st.completions++;
	d->inv_st.wrong_itag += told != itag;
	if (!--i->left) {
		d->itags_open &= ~(UINT32_C(1) << itag);
		hist_add(&d->inv_st.latency_ps, dev_now(d) - i->t);
		leave(i);
	}
	d->u->ops->ats_cpl(d->u, d->cfg.rid, UINT32_C(1) << told, cc & 7);
}

static void cpl_event(struct sim_event *e)
{
	struct inv_cpl *c = container_of(e, struct inv_cpl, ev);

	c->arrived = true;
	if (!c->writes)
		deliver(c);
	else
		c->i->d->inv_st.write_waits++;
}

static void send_completions(struct inv *i)
{
	struct dev *d = i->d;
	unsigned n = d->atc ? d->cfg.atc.tc_count : 1;
	bool pass = d->fault[DEV_MISORDER], passed = false;

	i->state = INV_CPL;
	i->left = (uint8_t)n;
	for (unsigned c = 0; c < n; c++) {
		i->cpl[c].writes = 0;
		i->cpl[c].arrived = false;
	}
	for (uint32_t k = 0; d->atc && k < d->slots_made; k++) {
		struct slot *s = &d->slot[k];

		if (!s->cached || !s->op->write || s->state < SLOT_UPLINK || s->state > SLOT_MEM)
			continue;
		passed = true;
		if (pass)
			continue;
		s->inv_mask |= UINT32_C(1) << i->index;
		i->cpl[class_of(s)].writes++;
	}
	d->inv_st.misordered += pass && passed;
	for (unsigned c = 0; c < n; c++) {
		sim_time t = d->atc ? link_message(&d->up, dev_now(d), LINK_INV_CPL, pass) : link_send(&d->up, dev_now(d), INV_BYTES, 1);

		sim_at(d->u->k, t, &i->cpl[c].ev);
	}
}

/* Returns: true if there will be no answer; then counted. */
static bool unanswered(struct dev *d)
{
	bool *f = d->fault;

	if (d->removed) {
		d->inv_st.removed++;
	} else if (f[DEV_SILENT]) {
		d->inv_st.silent++;
	} else if (f[DEV_UR] || (d->ats_off && d->cfg.inv_off == ATC_OFF_UR)) {
		d->inv_st.ur++;
		return !d->cfg.ur_completes;
	} else if (d->ats_off && d->cfg.inv_off == ATC_OFF_SILENT) {
		d->inv_st.silent++;
	} else if (f[DEV_DROP] && ++d->drop_count >= (d->cfg.drop_every ? d->cfg.drop_every : 2)) {
		d->drop_count = 0;
		d->inv_st.dropped++;
	} else {
		return false;
	}
	return true;
}

static void answer(struct inv *i)
{
	if (unanswered(i->d))
		leave(i);
	else
		send_completions(i);
}

/* ---- arrival ---- */

/* Reads and atomics on their way with an address that @i takes away (duty 3). */
static void mark_reads(struct inv *i)
{
	struct dev *d = i->d;

	for (uint32_t k = 0; k < d->slots_made; k++) {
		struct slot *s = &d->slot[k];

		if (!s->cached || s->op->write || s->state < SLOT_UPLINK || s->state > SLOT_DOWNLINK || s->state == SLOT_CREDIT)
			continue;
		if (s->state == SLOT_DOWNLINK && !sim_pending(&s->ev))
			continue; /* received, but behind a held invalidate request */
		if (s->iova > i->q.last || s->iova + s->xl.req.len - 1 < i->q.first)
			continue;
		if (!atc_in_scope(d, &i->q, s->op->q.has_pasid, s->op->q.pasid) && !(s->global && i->q.has_pasid))
			continue;
		s->inv_mask |= UINT32_C(1) << i->index;
		i->reads++;
	}
	d->inv_st.read_waits += i->reads != 0;
}

static void flush(struct inv *i)
{
	struct dev *d = i->d;

	i->reads = 0;
	if (!d->atc)
		return;
	if (d->fault[DEV_NO_FLUSH] || d->fault[DEV_UR]) {
		d->inv_st.unflushed += d->fault[DEV_NO_FLUSH];
		return;
	}
	if (d->ats_off && d->cfg.inv_off != ATC_OFF_COMPLETE)
		return;
	d->inv_st.lines_dropped += atc_drop(d, &i->q);
	d->inv_st.overtaken += atc_overtake(d, &i->q);
	mark_reads(i);
}

static uint64_t work_time(struct dev *d)
{
	uint64_t t = d->cfg.ats_cpl_ps;

	if (d->fault[DEV_SLOW]) {
		d->inv_st.late++;
		t += d->cfg.late_ps;
	}
	return t;
}

static void accept(struct inv *i, unsigned at)
{
	struct dev *d = i->d;

	i->index = (uint8_t)at;
	d->inv_at[at] = i;
	d->inv_open |= UINT32_C(1) << at;
	flush(i);
	i->state = INV_WORK;
	sim_at(d->u->k, dev_now(d) + work_time(d), &i->ev);
}

/* The first free place below the queue depth; INV_SLOTS: none. */
static unsigned place(const struct dev *d)
{
	unsigned at = (unsigned)__builtin_ctzll(~(uint64_t)d->inv_open);

	return at < depth(d) ? at : INV_SLOTS;
}

static void arrived(struct inv *i)
{
	struct dev *d = i->d;
	unsigned at;

	if (d->removed || d->fault[DEV_SILENT]) {
		(void)unanswered(d);
		inv_free(i);
		return;
	}
	d->inv_st.disabled += d->ats_off;
	at = place(d);
	if (!d->inv_held && at < INV_SLOTS) {
		accept(i, at);
		return;
	}
	d->inv_st.backpressured++;
	i->state = INV_HELD;
	i->next = NULL;
	if (!d->inv_held)
		d->held_since = dev_now(d);
	*d->inv_held_tail = i;
	d->inv_held_tail = &i->next;
}

static void inv_event(struct sim_event *e)
{
	struct inv *i = container_of(e, struct inv, ev);

	if (i->state == INV_LINK) {
		i->t = dev_now(i->d);
		arrived(i);
	} else if (i->reads) {
		i->state = INV_READS;
	} else {
		answer(i);
	}
}

void inv_slot_done(struct slot *s)
{
	struct dev *d = s->d;
	uint32_t m = s->inv_mask;

	s->inv_mask = 0;
	s->cached = false;
	for (; m; m &= m - 1) {
		struct inv *i = d->inv_at[__builtin_ctz(m)];

		if (s->op->write) {
			struct inv_cpl *c = &i->cpl[class_of(s)];

			if (!--c->writes && c->arrived)
				deliver(c);
		} else if (!--i->reads && i->state == INV_READS) {
			answer(i);
		}
	}
}

void dev_ats_inv(struct dev *d, const struct ats_inv *q)
{
	struct inv *i;
	sim_time t;
	bool off = d->ats_off && d->cfg.inv_off == ATC_OFF_SILENT;

	d->st.ats_invalidations++;
	if (d->pp && q->has_pasid)
		dev_pasid_of(d, q->pasid)->invalidations++;
	d->itags_open |= UINT32_C(1) << q->itag % INV_SLOTS;
	if (!d->atc && (d->fault[DEV_SILENT] || d->removed || off)) {
		d->inv_st.disabled += d->ats_off;
		(void)unanswered(d);
		return;
	}
	i = inv_new(d);
	if (!i)
		return;
	i->q = *q;
	i->reads = 0;
	if (d->atc) {
		i->state = INV_LINK;
		t = link_message(&d->down, dev_now(d), LINK_INV_REQ + (q->has_pasid ? LINK_PASID : 0), false);
	} else {
		unsigned at = place(d);

		i->t = dev_now(d);
		if (at == INV_SLOTS) { /* all answers are under way: their order is that of the requests, and so this one is held */
			arrived(i);
			return;
		}
		d->inv_st.disabled += d->ats_off;
		d->inv_st.unflushed += d->fault[DEV_NO_FLUSH];
		i->index = (uint8_t)at;
		d->inv_at[at] = i;
		d->inv_open |= UINT32_C(1) << at;
		i->state = INV_WORK;
		t = link_send(&d->down, dev_now(d), INV_BYTES, 1) + work_time(d);
	}
	sim_at(d->u->k, t, &i->ev);
}

/* ---- life ---- */

/* Everything received and not answered is lost. */
void inv_forget(struct dev *d)
{
	bool held = d->inv_held != NULL;

	for (struct inv *i = d->inv_all; i; i = i->all) {
		if (i->state == INV_FREE || i->state == INV_LINK)
			continue; /* on the link: it meets the function after the reset */
		sim_cancel(d->u->k, &i->ev);
		for (unsigned c = 0; c < INV_TCS; c++)
			sim_cancel(d->u->k, &i->cpl[c].ev);
		d->inv_st.lost++;
		inv_free(i);
	}
	for (uint32_t k = 0; d->atc && k < d->slots_made; k++)
		d->slot[k].inv_mask = 0;
	d->inv_open = 0;
	d->inv_held = NULL;
	d->inv_held_tail = &d->inv_held;
	if (held)
		unpark(d);
}

void inv_init(struct dev *d)
{
	d->inv_held_tail = &d->inv_held;
	d->parked_tail = &d->parked;
	d->fault[DEV_SILENT] = d->cfg.ats_silent;
	d->fault[DEV_SLOW] = d->cfg.slow;
	d->fault[DEV_WRONG_ITAG] = d->cfg.wrong_itag;
	d->fault[DEV_NO_FLUSH] = d->cfg.no_flush;
	d->fault[DEV_MISORDER] = d->cfg.misorder;
	d->fault[DEV_DROP] = d->cfg.drop_every != 0;
	d->fault[DEV_UR] = d->cfg.ur;
	for (unsigned f = 1; f < DEV_FAULTS; f++)
		d->had_fault |= d->fault[f];
	d->ats_off = !d->cfg.ats_enabled;
}

void inv_fini(struct dev *d)
{
	while (d->inv_all) {
		struct inv *i = d->inv_all;

		d->inv_all = i->all;
		free(i);
	}
}

const struct inv_stats *dev_inv_stats(const struct dev *d)
{
	return &d->inv_st;
}
