/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev_event.c - what happens to a device as a whole: faults, reset, removal, ATS and page requests on and off, the end of a PASID.
 * Reset and removal: requests that are on the wire finish (what they read or wrote has been read or written); completions of translation
 * requests are discarded; everything else that the device had taken fails.
 * Spec: PCI Express Base, "Function Level Reset"; ch. 10 "ATS Control Register", "Page Request Control Register", "Stop Marker Messages".
 */
#include <stdlib.h>
#include "pcie/dev_int.h"

/* ---- faults ---- */

void dev_set_fault(struct dev *d, enum dev_fault f, bool on)
{
	d->fault[f] = on;
	d->had_fault |= on && f != DEV_SILENT;
	if (f == DEV_DROP)
		d->drop_count = 0;
}

void dev_set_silent(struct dev *d, bool silent)
{
	dev_set_fault(d, DEV_SILENT, silent);
}

void dev_alive(struct dev *d)
{
	for (unsigned f = 0; f < DEV_FAULTS; f++)
		dev_set_fault(d, f, false);
	d->removed = false;
}

/* ---- ATS and page requests ---- */

void dev_set_ats(struct dev *d, bool on)
{
	bool was = !d->ats_off;

	d->ats_off = !on;
	if (!d->atc || (on == was && !(on && d->atc->ur)))
		return;
	d->atc->ur = false;
	atc_poison_all(d);
	if (!d->cfg.atc.keeps_after_e0)
		atc_drop_all(d);
}

void dev_set_pri(struct dev *d, bool on)
{
	if (!d->pri)
		return;
	if (!on)
		pri_off(d);
	else if (!d->pri->on)
		d->pri->rf = false;
	d->pri->on = on;
}

/* ---- reset, removal ---- */

/* Requests without a place on the wire, and what is left of every operation. */
static void kill_work(struct dev *d)
{
	struct slot *s;

	for (struct op *o = d->queue; o; o = o->next)
		o->killed = true;
	if (!d->atc)
		return;
	while ((s = slots_take(&d->atc->queue)))
		slot_fail(s, NULL);
	for (uint32_t i = 0; i < d->cfg.atc.requests; i++)
		while (d->atc->treq[i].state != TREQ_FREE && (s = slots_take(&d->atc->treq[i].waiters)))
			slot_fail(s, NULL);
	for (uint32_t i = 0; i < d->slots_made; i++)
		if (d->slot[i].state == SLOT_ATC_LOOKUP && sim_cancel(d->u->k, &d->slot[i].ev))
			slot_fail(&d->slot[i], NULL);
	pri_forget(d);
}

void dev_reset(struct dev *d)
{
	d->inv_st.resets++;
	d->fault[DEV_SILENT] = d->fault[DEV_SLOW] = false; /* it hung; what is built wrongly stays so */
	inv_forget(d);
	if (!d->atc)
		return;
	kill_work(d);
	d->ats_off = true;
	d->atc->ur = false;
	atc_poison_all(d);
	atc_drop_all(d);
}

void dev_remove(struct dev *d)
{
	d->removed = d->had_fault = d->special = true;
	if (d->atc)
		dev_reset(d);
	else {
		inv_forget(d);
		kill_work(d);
	}
}

/* ---- the end of a PASID ---- */

bool dev_stopping(const struct dev *d, const struct op *o)
{
	for (const struct stop *t = d->stops; t; t = t->next)
		if (o->q.has_pasid && o->q.pasid == t->pasid)
			return true;
	return false;
}

static bool in_use(const struct dev *d, uint32_t pasid)
{
	for (uint32_t i = 0; i < d->slots_made; i++)
		if (d->slot[i].state != SLOT_FREE && d->slot[i].op->q.has_pasid && d->slot[i].op->q.pasid == pasid)
			return true;
	for (const struct op *o = d->queue; o; o = o->next)
		if (o->q.has_pasid && o->q.pasid == pasid)
			return true;
	return !d->cfg.pri.stop_marker && pri_pasid_open(d, pasid);
}

void dev_stops_check(struct dev *d)
{
	for (struct stop *t = d->stops; t; t = t->next)
		if (!t->marker && !t->finished && !in_use(d, t->pasid)) {
			t->finished = true;
			sim_at(d->u->k, dev_now(d), &t->ev);
		}
}

static void drop_pasid(struct dev *d, uint32_t pasid)
{
	struct ats_inv all = { .rid = d->cfg.rid, .pasid = pasid, .has_pasid = true, .last = UINT64_MAX };

	d->inv_st.lines_dropped += atc_drop(d, &all);
	(void)atc_overtake(d, &all);
}

static void stop_event(struct sim_event *e)
{
	struct stop *t = container_of(e, struct stop, ev), **p, copy;
	struct dev *d = t->d;

	if (t->marker) {
		struct page_req m = { .rid = d->cfg.rid, .pasid = t->pasid, .has_pasid = true, .last = true };

		t->marker = false;
		d->pri->st.stop_markers++;
		if (d->u->ops->page_request)
			d->u->ops->page_request(d->u, &m);
		dev_stops_check(d);
		return;
	}
	for (p = &d->stops; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	drop_pasid(d, t->pasid);
	copy = *t;
	free(t);
	if (copy.fn)
		copy.fn(copy.arg, d, copy.pasid);
}

bool dev_stop_pasid(struct dev *d, uint32_t pasid, dev_stopped_fn *fn, void *arg)
{
	struct stop *t = d->atc ? calloc(1, sizeof(*t)) : NULL;

	if (!t) {
		if (d->atc)
			mem_set_oom(d->u->mem);
		return false;
	}
	*t = (struct stop){ .next = d->stops, .d = d, .pasid = pasid, .fn = fn, .arg = arg };
	sim_event_init(&t->ev, stop_event);
	d->stops = t;
	if (d->cfg.pri.stop_marker && d->pri->on && !d->pri->rf) {
		t->marker = true; /* behind the page requests before it, on the same wire */
		sim_at(d->u->k, link_message(&d->up, dev_now(d), LINK_PAGE_REQ + LINK_PASID, false) + d->cfg.fixed_ps, &t->ev);
		pri_abort(d, pasid);
	}
	dev_stops_check(d);
	return true;
}

void dev_stops_fini(struct dev *d)
{
	while (d->stops) {
		struct stop *t = d->stops;

		d->stops = t->next;
		free(t);
	}
}
