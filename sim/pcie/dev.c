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
 */
#include "pcie/dev.h"

#include <stdlib.h>
#include <string.h>
#include "pcie/link.h"

enum { PAGE = 4096, INV_BYTES = 8, XLAT_BYTES = 8, ITAGS = 32 };
enum slot_state { SLOT_FREE, SLOT_UPLINK, SLOT_XLAT, SLOT_MEM, SLOT_CREDIT, SLOT_DOWNLINK, SLOT_WAIT_ORDER };

struct op { /* one DMA operation */
	struct dev_dma q;
	uint64_t iova, left; /* what is not yet split into requests */
	uint32_t inflight;
	bool write, have_res, refused;
	uint8_t acc;
	sim_time t_submit;
	struct xl_res res;
	struct op *next, *extra; /* extra: list of operations beyond the pool */
};
struct slot { /* one request; the translation lives inside, so that nothing is allocated on the way */
	struct xl xl;
	struct sim_event ev;
	struct dev *d;
	struct op *op;
	struct slot *next; /* free list, or non-posted requests in issue order */
	sim_time t_issue;
	uint8_t state;
	bool first;
};
struct inv_answer {
	struct sim_event ev;
	struct dev *d;
	uint8_t itag;
	bool sent;
};
struct dev {
	struct dev_cfg cfg;
	struct iommu *u;
	dev_done_fn *fn;
	void *arg;
	struct link_dir up, down;
	struct slot *slot, *free;
	struct slot *order, **order_tail; /* non-posted requests of an in-order device, oldest first */
	struct op *op, *op_free, *op_extra;
	struct op *queue, **queue_tail; /* operations with requests still to issue */
	uint32_t ops_busy, slots_busy, stalled, in_order_wait; /* the last two: slots held back by the unit, in SLOT_WAIT_ORDER */
	dev_stuck_fn *stuck;
	bool silent, ats_off;
	struct inv_answer inv[ITAGS];
	struct dev_stats st;
};

#define NS(n) ((uint64_t)(n) * 1000)
#define O(m) offsetof(struct dev_cfg, m)
const struct cfg_opt dev_opts[] = {
	{ "outstanding", CFG_U32, O(outstanding), 32, 1, 4096, "requests", "Requests in flight after splitting.", 0 },
	{ "retire", CFG_ENUM, O(retire), DEV_RETIRE_IN_ORDER, 0, 0, "", "Order in which reads finish and free their slots.", "in-order|any" },
	{ "mps", CFG_U32, O(mps), 256, 128, PAGE, "bytes", "Maximum payload of a write or a completion packet; a power of two.", 0 },
	{ "mrrs", CFG_U32, O(mrrs), 512, 128, PAGE, "bytes", "Maximum read request; a power of two.", 0 },
	{ "link.latency", CFG_TIME, O(link_lat_ps), NS(100), 0, NS(1000000), "ps", "One-way latency of the link; the default is assumed.", 0 },
	{ "link.bandwidth", CFG_U64, O(link_bytes_per_us), 7877, 0, 10000000, "bytes/us",
	  "Each direction; 0 is unlimited; the default is PCIe Gen3 x8, 63 Gb/s.", 0 },
	{ "link.header", CFG_U32, O(header_bytes), 24, 0, 256, "bytes", "Header and framing of every packet.", 0 },
	{ "fixed_time", CFG_TIME, O(fixed_ps), 0, 0, NS(1000000), "ps", "Added once to every request: path outside link, IOMMU, memory.", 0 },
	{ "unknown.dir", CFG_ENUM, O(unknown_dir), 0, 0, 0, "", "Direction of a DMA whose trace does not say it.", "read|write" },
	{ "unknown.len", CFG_U32, O(unknown_len), 64, 1, PAGE, "bytes", "Length of a DMA whose trace does not say it; never past its page.", 0 },
	{ "ats.completion_time", CFG_TIME, O(ats_cpl_ps), NS(1000), 0, UINT64_C(600000000000000), "ps",
	  "Time the device takes to answer an invalidate request.", 0 },
	{ "ats.silent", CFG_BOOL, O(ats_silent), 0, 0, 1, "", "The device never answers invalidate requests.", 0 },
	{ 0 },
};
#undef O
#define STAT_STRUCT struct dev_stats
const struct stat_def dev_stat_defs[] = {
	DEV_STATS(STAT_ROW){ "latency", "ps", "request issued to completed", offsetof(struct dev_stats, latency_ps), STAT_HIST, 0 },
	{ 0 },
};
#undef STAT_STRUCT

static sim_time now(const struct dev *d)
{
	return sim_now(d->u->k);
}

static void slot_at(struct slot *s, enum slot_state st, sim_time t)
{
	s->state = (uint8_t)st;
	sim_at(s->d->u->k, t, &s->ev);
}

/* ---- issue ---- */

/* Bytes of the next request: up to the page border, and an aligned border of MPS or MRRS. */
static uint32_t next_len(const struct dev *d, const struct op *o)
{
	uint64_t max = o->write ? d->cfg.mps : d->cfg.mrrs, n = max - (o->iova & (max - 1)); /* max <= PAGE, both powers of two */

	return (uint32_t)(n < o->left ? n : o->left);
}

static void issue_one(struct dev *d, struct op *o)
{
	struct slot *s = d->free;
	uint32_t n = next_len(d, o);
	bool payload_up = o->q.at != XL_TRANSLATION_REQ && (o->write || (o->acc & XL_ATOMIC));

	d->free = s->next;
	d->slots_busy++;
	s->op = o;
	s->first = o->iova == o->q.iova;
	s->t_issue = now(d);
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
	slot_at(s, SLOT_UPLINK, link_send(&d->up, now(d), payload_up ? n : 0, 1) + d->cfg.fixed_ps);
}

static void pump(struct dev *d)
{
	while (d->queue && d->free) {
		struct op *o = d->queue;

		issue_one(d, o);
		if (o->left)
			continue;
		d->st.credit_wait_ps += now(d) - o->t_submit;
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
	o->next = d->op_free;
	d->op_free = o;
	d->ops_busy--;
	d->fn(d->arg, &q, &res);
}

static void finish_read(struct slot *s)
{
	struct dev *d = s->d;
	struct op *o = s->op;

	hist_add(&d->st.latency_ps, now(d) - s->t_issue);
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
	if (!o->write) {
		uint32_t packets = bytes ? (bytes + d->cfg.mps - 1) / d->cfg.mps : 1;

		slot_at(s, SLOT_DOWNLINK, link_send(&d->down, now(d), bytes, packets));
		return;
	}
	hist_add(&d->st.latency_ps, now(d) - s->t_issue);
	slot_at(s, SLOT_CREDIT, now(d) + d->cfg.link_lat_ps);
	request_done(d, o);
}

static void translated(struct xl *x)
{
	struct slot *s = container_of(x, struct slot, xl);
	struct dev *d = s->d;
	struct op *o = s->op;

	if ((!x->res.ok && !o->refused) || (s->first && !o->refused))
		o->res = x->res;
	if (UNLIKELY(!x->res.ok)) {
		o->refused = true;
		d->st.faults++;
		send_back(s, !x->res.raz ? 0 : x->req.at == XL_TRANSLATION_REQ ? XLAT_BYTES : x->req.len);
	} else if (x->req.at == XL_TRANSLATION_REQ) {
		send_back(s, XLAT_BYTES);
	} else {
		slot_at(s, SLOT_MEM, mem_port_access(d->u->port, now(d), x->res.spa, x->req.len, o->write));
	}
}

/* ---- requests held back ---- */

static bool is_stuck(const struct dev *d)
{
	return d->stalled && d->slots_busy == d->stalled + d->in_order_wait;
}

static void stuck_check(struct dev *d)
{
	struct op *o;

	if (LIKELY(!is_stuck(d)))
		return;
	if (!d->op_free) {
		o = calloc(1, sizeof(*o)); /* without memory for it the device is just full */
		if (o) {
			o->extra = d->op_extra;
			d->op_extra = d->op_free = o;
		}
	}
	if (d->stuck)
		d->stuck(d->arg, d);
}

void dev_on_stuck(struct dev *d, dev_stuck_fn *fn)
{
	d->stuck = fn;
}

uint64_t dev_stalled(struct dev *d, const struct xl *x, bool on)
{
	const struct slot *s = container_of(x, const struct slot, xl);

	d->stalled += on ? 1 : UINT32_MAX;
	stuck_check(d);
	return s->op->q.tag;
}

static void slot_event(struct sim_event *e)
{
	struct slot *s = container_of(e, struct slot, ev);
	struct dev *d = s->d;

	switch (s->state) {
	case SLOT_UPLINK:
		s->state = SLOT_XLAT;
		iommu_translate(s->d->u, &s->xl);
		break;
	case SLOT_MEM:
		send_back(s, s->xl.req.len);
		break;
	case SLOT_CREDIT:
		slot_free(s);
		break;
	case SLOT_DOWNLINK:
		completion(s);
		break;
	default:
		SIM_ASSERT(!"an event of an idle request");
	}
	if (UNLIKELY(d->stalled))
		stuck_check(d);
}

/* ---- invalidate requests ---- */

static void inv_event(struct sim_event *e)
{
	struct inv_answer *a = container_of(e, struct inv_answer, ev);
	struct dev *d = a->d;

	if (a->sent) {
		d->u->ops->ats_cpl(d->u, d->cfg.rid, UINT32_C(1) << a->itag, 1);
		return;
	}
	if (d->silent || d->ats_off)
		return;
	a->sent = true;
	sim_at(d->u->k, link_send(&d->up, now(d), INV_BYTES, 1), &a->ev);
}

void dev_ats_inv(struct dev *d, const struct ats_inv *q)
{
	struct inv_answer *a = &d->inv[q->itag % ITAGS];

	d->st.ats_invalidations++;
	/* A tag is unique while its request is open; a second request under it gets the first one's answer. */
	if (d->silent || d->ats_off || sim_pending(&a->ev))
		return;
	a->itag = q->itag % ITAGS;
	a->sent = false;
	sim_at(d->u->k, link_send(&d->down, now(d), INV_BYTES, 1) + d->cfg.ats_cpl_ps, &a->ev);
}

void dev_set_silent(struct dev *d, bool silent)
{
	d->silent = silent;
}

void dev_set_ats(struct dev *d, bool on)
{
	d->ats_off = !on;
}

void dev_reset(struct dev *d)
{
	for (unsigned i = 0; i < ITAGS; i++)
		sim_cancel(d->u->k, &d->inv[i].ev);
	d->silent = false;
}

/* ---- operations ---- */

bool dev_can_accept(const struct dev *d)
{
	return d->op_free && (LIKELY(d->ops_busy < d->cfg.outstanding) || is_stuck(d));
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
	o->have_res = o->refused = false;
	o->t_submit = now(d);
	o->next = NULL;
	memset(&o->res, 0, sizeof(o->res));
	if (!q->len) {
		uint64_t room = PAGE - (q->iova & (PAGE - 1));

		o->left = d->cfg.unknown_len < room ? d->cfg.unknown_len : room;
		d->st.assumed_len++;
	}
	if (q->dir == '?')
		d->st.assumed_dir++;
	op_access(d, o);
	d->st.dmas++;
	*d->queue_tail = o;
	d->queue_tail = &o->next;
	pump(d);
	if (UNLIKELY(d->stalled))
		stuck_check(d);
}

bool dev_idle(const struct dev *d)
{
	return !d->ops_busy && !d->slots_busy;
}

const struct dev_cfg *dev_config(const struct dev *d)
{
	return &d->cfg;
}

struct dev_stats *dev_stats_of(struct dev *d)
{
	return &d->st;
}

bool dev_cfg_check(const struct dev_cfg *c, struct err *e)
{
	const struct cfg_opt *mps = cfg_find(dev_opts, "mps");

	if (c->mps < mps->min || c->mps > mps->max || (c->mps & (c->mps - 1)))
		return err_set(e, ERR_INPUT, "device mps: %u is not a power of two from 128 to 4096", c->mps);
	if (c->mrrs < mps->min || c->mrrs > mps->max || (c->mrrs & (c->mrrs - 1)))
		return err_set(e, ERR_INPUT, "device mrrs: %u is not a power of two from 128 to 4096", c->mrrs);
	if (!c->outstanding || c->outstanding > 4096)
		return err_set(e, ERR_INPUT, "device outstanding: %u is not from 1 to 4096", c->outstanding);
	if (!c->unknown_len)
		return err_set(e, ERR_INPUT, "device unknown.len: 0 is below the minimum 1");
	return true;
}

static void dev_init(struct dev *d)
{
	for (uint32_t i = d->cfg.outstanding; i-- > 0;) {
		struct slot *s = &d->slot[i];

		s->d = d;
		s->xl.done = translated;
		sim_event_init(&s->ev, slot_event);
		s->next = d->free;
		d->free = s;
		d->op[i].next = d->op_free;
		d->op_free = &d->op[i];
	}
	for (unsigned i = 0; i < ITAGS; i++) {
		d->inv[i].d = d;
		sim_event_init(&d->inv[i].ev, inv_event);
	}
	link_init(&d->up, d->cfg.link_lat_ps, d->cfg.link_bytes_per_us, d->cfg.header_bytes);
	link_init(&d->down, d->cfg.link_lat_ps, d->cfg.link_bytes_per_us, d->cfg.header_bytes);
	d->silent = d->cfg.ats_silent;
	d->order_tail = &d->order;
	d->queue_tail = &d->queue;
}

struct dev *dev_create(const struct dev_cfg *c, struct iommu *u, dev_done_fn *fn, void *arg, struct err *e)
{
	struct dev *d;

	if (!dev_cfg_check(c, e))
		return NULL;
	d = calloc(1, sizeof(*d));
	if (d) {
		d->slot = calloc(c->outstanding, sizeof(*d->slot));
		d->op = calloc(c->outstanding, sizeof(*d->op));
	}
	if (!d || !d->slot || !d->op) {
		dev_destroy(d);
		err_set(e, ERR_MACHINE, "out of memory for a device with %u requests", c->outstanding);
		return NULL;
	}
	d->cfg = *c;
	d->u = u;
	d->fn = fn;
	d->arg = arg;
	dev_init(d);
	return d;
}

void dev_destroy(struct dev *d)
{
	if (!d)
		return;
	while (d->op_extra) {
		struct op *o = d->op_extra;

		d->op_extra = o->extra;
		free(o);
	}
	free(d->slot);
	free(d->op);
	free(d);
}
