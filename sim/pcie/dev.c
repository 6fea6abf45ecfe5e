/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev.c - the life of one request: issued, on the uplink, translated, at memory, on the downlink, finished.
 *
 * Time of a read: fixed_ps + uplink (header) + latency + translation + memory + downlink (payload, a header per MPS packet) + latency.
 * Time of a posted write, to its acceptance at memory: fixed_ps + uplink (header and payload) + latency + translation + memory; its
 * slot comes back one link latency later (credit return). fixed_ps is spent before the uplink arrival, so that every kind of request
 * has it exactly once. A refused read returns a completion without payload (Unsupported Request); a refused write only its credit.
 * Translation requests (AT = 01b) end at the root complex and return 8 bytes. A refused request that the unit turns into RAZ/WI returns
 * like a good one, without an access to memory.
 * With a translation cache a request first looks there (atc_req.c): it goes up with its translated address, untranslated, or not at all.
 */
#include "pcie/dev_int.h"

#include <stdlib.h>
#include <string.h>

/* ---- issue ---- */

/* Bytes of the next request: up to the page border, and an aligned border of MPS or MRRS. */
static uint32_t next_len(const struct dev *d, const struct op *o)
{
	uint64_t max = o->write ? d->cfg.mps : d->cfg.mrrs, n = max - (o->iova & (max - 1)); /* max <= DEV_PAGE, both powers of two */

	return (uint32_t)(n < o->left ? n : o->left);
}

static inline void send_up(struct dev *d, struct slot *s, const struct op *o)
{
	bool payload_up = o->q.at != XL_TRANSLATION_REQ && (o->write || (o->acc & XL_ATOMIC));

	slot_at(s, SLOT_UPLINK, link_send(&d->up, dev_now(d), payload_up ? s->xl.req.len : 0, 1) + d->cfg.fixed_ps);
}

void slot_send(struct slot *s)
{
	send_up(s->d, s, s->op);
}

/* A request of a device with translation cache, or of a killed operation. */
static COLD void issue_special(struct slot *s)
{
	struct dev *d = s->d;

	s->iova = s->xl.req.iova;
	s->cached = s->global = s->held = false;
	s->tries = s->inv_mask = 0;
	if (s->op->killed)
		slot_fail(s, NULL);
	else if (d->atc && s->op->q.at == XL_UNTRANSLATED)
		atc_request(s);
	else
		slot_send(s);
}

/* Slots are made when first used: a device that is idle touches none of their memory. */
static COLD struct slot *slot_make(struct dev *d)
{
	struct slot *s = &d->slot[d->slots_made++];

	memset(s, 0, sizeof(*s));
	slot_init(s, d);
	return s;
}

static void issue_one(struct dev *d, struct op *o)
{
	struct slot *s = LIKELY(d->free != NULL) ? d->free : slot_make(d);
	uint32_t n = next_len(d, o);

	d->free = s->next;
	d->slots_busy++;
	s->op = o;
	s->first = o->iova == o->q.iova;
	s->t_issue = dev_now(d);
	s->xl.req = (struct xl_req){ .iova = o->iova, .len = n, .rid = d->cfg.rid, .pasid = o->q.pasid, .has_pasid = o->q.has_pasid,
				     .acc = o->acc, .at = o->q.at };
	s->next = NULL;
	if (!o->write && d->cfg.retire == DEV_RETIRE_IN_ORDER) {
		*d->order_tail = s;
		d->order_tail = &s->next;
	}
	o->inflight++;
	o->iova += n;
	o->left -= n;
	d->st.requests++;
	d->st.bytes += n;
	if (UNLIKELY(d->special))
		issue_special(s);
	else
		send_up(d, s, o);
}

static void pump(struct dev *d)
{
	while (d->queue && d->slots_busy < d->cfg.outstanding) {
		struct op *o = d->queue;

		issue_one(d, o);
		if (o->left)
			continue;
		d->st.credit_wait_ps += dev_now(d) - o->t_submit;
		d->queue = o->next;
		if (!d->queue)
			d->queue_tail = &d->queue;
	}
}

/* ---- finish ---- */

static void slot_free(struct slot *s)
{
	struct dev *d = s->d;

	s->state = SLOT_FREE;
	s->next = d->free;
	d->free = s;
	d->slots_busy--;
	pump(d);
	if (UNLIKELY(d->special) && d->stops)
		dev_stops_check(d);
}

static COLD void account_pasid(struct slot *s, sim_time t)
{
	struct dev_pasid_stats *p = dev_pasid_of(s->d, s->op->q.has_pasid ? s->op->q.pasid : UINT32_MAX);

	p->requests++;
	p->bytes += s->xl.req.len;
	p->faults += !s->xl.res.ok;
	hist_add(&p->latency_ps, t);
}

/* The request is over: its latency, and whose it was. */
static inline void account(struct slot *s)
{
	struct dev *d = s->d;
	sim_time t = dev_now(d) - s->t_issue;

	hist_add(&d->st.latency_ps, t);
	if (UNLIKELY(d->special) && d->pp)
		account_pasid(s, t);
}

static COLD void special_done(struct dev *d, const struct op *o)
{
	if (d->pp)
		dev_pasid_of(d, o->q.has_pasid ? o->q.pasid : UINT32_MAX)->dmas++;
	if (d->rx && rx_packet(d, o))
		rx_leave(d, o);
}

/* One request of an operation is done. The callback comes last: it may submit the next operation. */
static void request_done(struct dev *d, struct op *o)
{
	struct dev_dma q;
	struct xl_res res;

	if (--o->inflight || o->left)
		return;
	q = o->q;
	res = o->res;
	if (UNLIKELY(d->special))
		special_done(d, o);
	dev_op_free(d, o);
	d->fn(d->arg, &q, &res);
}

static void finish_read(struct slot *s)
{
	struct dev *d = s->d;
	struct op *o = s->op;

	account(s);
	slot_free(s);
	request_done(d, o);
}

static void completion(struct slot *s)
{
	struct dev *d = s->d;

	if (d->cfg.retire == DEV_RETIRE_ANY) {
		finish_read(s);
		return;
	}
	s->state = SLOT_WAIT_ORDER;
	d->in_order_wait++;
	while (d->order && d->order->state == SLOT_WAIT_ORDER) {
		struct slot *f = d->order;

		d->order = f->next;
		if (!d->order)
			d->order_tail = &d->order;
		d->in_order_wait--;
		finish_read(f);
	}
}

/* The root complex is through with a request: @bytes of payload go back for a non-posted one, a credit for a posted one. */
static void send_back(struct slot *s, uint32_t bytes)
{
	struct dev *d = s->d;
	struct op *o = s->op;

	iommu_retire(d->u, &s->xl);
	if (UNLIKELY(d->special) && o->write && s->inv_mask)
		inv_slot_done(s);
	if (!o->write) {
		uint32_t packets = bytes ? (bytes + d->cfg.mps - 1) / d->cfg.mps : 1;

		slot_at(s, SLOT_DOWNLINK, link_send(&d->down, dev_now(d), bytes, packets));
		return;
	}
	account(s);
	slot_at(s, SLOT_CREDIT, dev_now(d) + d->cfg.link_lat_ps);
	request_done(d, o);
}

/* What the DMA is told: of its first refused request, else of its first. */
static inline void take_result(struct slot *s)
{
	struct op *o = s->op;
	const struct xl_res *r = &s->xl.res;

	if ((!r->ok && !o->refused) || (s->first && !o->refused))
		o->res = *r;
	if (UNLIKELY(!r->ok)) {
		o->refused = true;
		s->d->st.faults++;
	}
}

/* Refused in the device: nothing went out. */
static COLD void failed(struct slot *s)
{
	struct dev *d = s->d;
	struct op *o = s->op;

	take_result(s);
	if (!o->write) {
		completion(s);
		return;
	}
	account(s);
	slot_free(s);
	request_done(d, o);
}

void slot_fail(struct slot *s, const struct xl_res *res)
{
	s->xl.res = res ? *res : (struct xl_res){ 0 };
	s->xl.res.ok = false;
	slot_at(s, SLOT_FAIL, dev_now(s->d));
}

static void translated(struct xl *x)
{
	struct slot *s = container_of(x, struct slot, xl);
	struct dev *d = s->d;
	struct op *o = s->op;

	take_result(s);
	if (UNLIKELY(!x->res.ok)) {
		send_back(s, !x->res.raz ? 0 : x->req.at == XL_TRANSLATION_REQ ? XLAT_BYTES : x->req.len);
	} else if (x->req.at == XL_TRANSLATION_REQ) {
		send_back(s, XLAT_BYTES);
	} else {
		if (UNLIKELY(d->u->env.access != NULL))
			d->u->env.access(d->u->env.arg, x);
		slot_at(s, SLOT_MEM, mem_port_access(d->u->port, dev_now(d), x->res.spa, x->req.len, o->write));
	}
}

/* ---- requests held back ---- */

static bool is_stuck(const struct dev *d)
{
	return d->stalled && d->slots_busy == d->stalled + d->in_order_wait;
}

void dev_stuck_check(struct dev *d)
{
	struct op *o;

	if (LIKELY(!is_stuck(d)))
		return;
	if (!d->op_free) {
		o = calloc(1, sizeof(*o));
		if (o) {
			o->extra = d->op_extra;
			d->op_extra = d->op_free = o;
		} else {
			mem_set_oom(d->u->mem);
		}
	}
	if (d->stuck)
		d->stuck(d->arg, d);
}

void dev_on_stuck(struct dev *d, dev_stuck_fn *fn)
{
	d->stuck = fn;
}

void dev_on_held(struct dev *d, dev_held_fn *fn)
{
	d->held = fn;
}

void dev_on_dropped(struct dev *d, dev_dropped_fn *fn)
{
	d->dropped = fn;
}

uint64_t dev_stalled(struct dev *d, const struct xl *x, bool on, bool *dma)
{
	struct slot *s = container_of(x, struct slot, xl);

	/* a translation request of the cache is no DMA: those that wait for it are not known to be held back */
	*dma = (uintptr_t)s >= (uintptr_t)d->slot && (uintptr_t)s < (uintptr_t)(d->slot + d->cfg.outstanding);
	if (!*dma)
		return 0;
	if (s->inv_mask)
		inv_slot_done(s); /* what software must decide cannot be waited for: posted progress must not depend on it */
	d->stalled += on ? 1 : UINT32_MAX;
	dev_stuck_check(d);
	return s->op->q.tag;
}

static COLD void special_event(struct slot *s)
{
	SIM_ASSERT(s->state == SLOT_ATC_LOOKUP || s->state == SLOT_FAIL);
	if (s->state == SLOT_FAIL)
		failed(s);
	else
		atc_looked_up(s);
}

static void slot_event(struct sim_event *e)
{
	struct slot *s = container_of(e, struct slot, ev);
	struct dev *d = s->d;

	switch (s->state) {
	case SLOT_UPLINK:
		s->state = SLOT_XLAT;
		iommu_request(s->d->u, &s->xl);
		break;
	case SLOT_MEM:
		send_back(s, s->xl.req.len);
		break;
	case SLOT_CREDIT:
		slot_free(s);
		break;
	case SLOT_DOWNLINK:
		if (UNLIKELY(d->special) && s->inv_mask)
			inv_slot_done(s);
		else if (UNLIKELY(d->inv_held != NULL) && inv_park(d, e))
			break;
		completion(s);
		break;
	default: /* few cases above: a jump table costs more than it saves */
		special_event(s);
	}
	if (UNLIKELY(d->stalled))
		dev_stuck_check(d);
}

/* ---- operations ---- */

bool dev_can_accept(const struct dev *d)
{
	return d->op_free && (LIKELY(d->ops_busy < d->cfg.outstanding) || d->rx || is_stuck(d));
}

static void op_access(const struct dev *d, struct op *o)
{
	char dir = (char)o->q.dir;

	if (dir == '?')
		dir = d->cfg.unknown_dir ? 'w' : 'r';
	o->acc = dir == 'w' ? XL_W : dir == 'x' ? XL_R | XL_X : dir == 'a' ? XL_R | XL_W | XL_ATOMIC : XL_R;
	o->write = dir == 'w' && o->q.at != XL_TRANSLATION_REQ; /* a translation request for writing is still answered */
	if (o->q.priv)
		o->acc |= XL_PRIV;
}

void dev_enqueue(struct dev *d, struct op *o)
{
	o->killed = d->special && d->removed;
	o->t_submit = dev_now(d);
	d->st.dmas++;
	*d->queue_tail = o;
	d->queue_tail = &o->next;
	pump(d);
	if (UNLIKELY(d->stalled))
		dev_stuck_check(d);
}

void dev_submit(struct dev *d, const struct dev_dma *q)
{
	struct op *o = d->op_free;

	SIM_ASSERT(o);
	d->op_free = o->next;
	d->ops_busy++;
	o->q = *q;
	o->iova = q->iova;
	o->left = q->len;
	o->inflight = 0;
	o->refused = false;
	o->next = NULL;
	memset(&o->res, 0, sizeof(o->res));
	if (!q->len) {
		uint64_t room = DEV_PAGE - (q->iova & (DEV_PAGE - 1));

		o->left = d->cfg.unknown_len < room ? d->cfg.unknown_len : room;
		d->st.assumed_len++;
	}
	if (q->dir == '?')
		d->st.assumed_dir++;
	op_access(d, o);
	if (LIKELY(!d->rx) || !rx_take(d, o))
		dev_enqueue(d, o);
}

void slot_init(struct slot *s, struct dev *d)
{
	s->d = d;
	s->xl.done = translated;
	sim_event_init(&s->ev, slot_event);
}
