/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plat_env.c - what is outside a unit: interrupts, messages to devices, faults, the host between devices and unit.
 * DMAs held back by a unit, or stuck behind one on their device, are taken out of the replay's list of DMAs in flight (they are aside).
 */
#include "software/plat_int.h"

/* ---- messages ---- */

static inline void tap(const struct unit_rec *u, enum tap_msg what, uint32_t rid, uint64_t value)
{
	if (UNLIKELY(u->u->tap != NULL))
		u->u->tap->message(u->u->tap->arg, u->u, what, rid, value);
}

static void env_msi(void *arg, uint64_t addr, uint32_t data)
{
	struct unit_rec *u = arg;

	tap(u, TAP_MSI, 0, addr);
	u->p->st.msi++; /* no interrupt controller */
	if (u->p->hook.msi)
		u->p->hook.msi(u->p->hook.arg, u->index, addr, data);
}

static void env_ats_inv(void *arg, const struct ats_inv *q)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, q->rid, NULL);

	tap(u, TAP_ATS_INV, q->rid, q->itag);
	if (d) /* without memory for the device nobody answers, and the unit's time-out says so */
		dev_ats_inv(d, q);
}

static void env_page_resp(void *arg, const struct page_resp *r)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, r->rid, NULL);

	tap(u, TAP_PAGE_RESP, r->rid, r->prgi);
	if (d)
		dev_page_resp(d, r);
}

static void env_progress(void *arg)
{
	struct unit_rec *u = arg;

	tap(u, TAP_PROGRESS, 0, 0);
	if (UNLIKELY(u->p->r.watch.progress != NULL))
		u->p->r.watch.progress(u->p->r.watch.arg, u->index);
	if (UNLIKELY(u->p->hook.queue != NULL))
		u->p->hook.queue(u->p->hook.arg, u->index);
	replay_wake(&u->p->r);
}

static void env_fault(void *arg, const struct xl_req *q, const struct xl_res *r)
{
	struct unit_rec *u = arg;

	u->p->st.faults++;
	if (u->p->hook.fault)
		u->p->hook.fault(u->p->hook.arg, u->index, q, r);
}

static void env_guest_irq(void *arg, unsigned guest)
{
	struct unit_rec *u = arg;

	if (u->p->hook.guest_irq)
		u->p->hook.guest_irq(u->p->hook.arg, u->index, guest);
}

/* ---- stalled DMAs ---- */

static void set_aside(struct plat *p, struct flight *f)
{
	struct replay *r = &p->r;

	if (wordset_has(&p->is_aside, (uintptr_t)f))
		return;
	if (!wordset_add(&p->is_aside, (uintptr_t)f)) {
		r->oom = true;
		return;
	}
	for (uint32_t i = 0; i < f->n_word; i++)
		wordset_remove(&r->words, f->word[i]);
	f->n_word = 0;
	if (r->fresh == f)
		r->fresh = f->next;
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	else
		r->flying_tail = f->pprev;
	r->n_flying--;
	f->next = p->aside;
	f->pprev = &p->aside;
	if (f->next)
		f->next->pprev = &f->next;
	p->aside = f;
}

void plat_take_back(struct plat *p, struct flight *f)
{
	struct replay *r = &p->r;

	wordset_remove(&p->is_aside, (uintptr_t)f);
	*f->pprev = f->next;
	if (f->next)
		f->next->pprev = f->pprev;
	if (!r->fresh)
		r->fresh = f;
	f->next = NULL;
	f->pprev = r->flying_tail;
	*r->flying_tail = f;
	r->flying_tail = &f->next;
	r->n_flying++;
}

void plat_dev_stuck(void *arg, struct dev *d)
{
	struct plat *p = ((struct dev_rec *)arg)->p;

	for (struct flight *f = p->r.flying, *next; f; f = next) {
		next = f->next;
		if (f->dev == d)
			set_aside(p, f);
	}
	replay_wake(&p->r);
}

/* A request of @f waits for software (on), or no longer does. */
static void hold(struct plat *p, struct dev *d, struct flight *f, bool on)
{
	p->n_held += on ? 1 : UINT64_MAX;
	if (on) {
		if (!wordset_add(&p->held, (uintptr_t)f))
			p->r.oom = true;
		set_aside(p, f);
	} else if (wordset_has(&p->held, (uintptr_t)f)) { /* or there was no memory for it */
		wordset_remove(&p->held, (uintptr_t)f);
		for (struct flight *g = p->aside, *next; g; g = next) {
			next = g->next;
			if (g->dev == d && !wordset_has(&p->held, (uintptr_t)g))
				plat_take_back(p, g);
		}
	}
	replay_wake(&p->r);
}

static void env_stall(void *arg, struct xl *x, bool on)
{
	struct unit_rec *u = arg;
	struct dev *d = plat_device(u->p, u->index, x->req.rid, NULL); /* exists: it sent @x */
	bool dma;
	uint64_t tag = dev_stalled(d, x, on, &dma);

	if (dma)
		hold(u->p, d, (struct flight *)(uintptr_t)tag, on);
}

void plat_dev_held(void *arg, uint64_t tag, bool on)
{
	struct dev_rec *r = arg;

	hold(r->p, r->d, (struct flight *)(uintptr_t)tag, on);
}

/* ---- a host between devices and units ---- */

static void env_request(void *arg, struct xl *x)
{
	struct unit_rec *u = arg;

	u->p->r.link.request(u->p->r.link.arg, u->index, x);
}

static void env_access(void *arg, struct xl *x)
{
	struct unit_rec *u = arg;

	u->p->r.link.access(u->p->r.link.arg, u->index, x);
}

void plat_set_link(struct plat *p, const struct plat_link *l)
{
	p->r.link = *l;
	for (size_t i = 0; i < p->n_unit; i++) {
		p->unit[i]->u->env.request = env_request;
		p->unit[i]->u->env.access = env_access;
	}
}

struct iommu_env plat_env(struct unit_rec *r)
{
	return (struct iommu_env){ .arg = r, .msi = env_msi, .ats_inv = env_ats_inv, .page_resp = env_page_resp,
				   .progress = env_progress, .fault = env_fault, .guest_irq = env_guest_irq, .stall = env_stall };
}
