/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_iotlb.c - INVALIDATE_IOTLB_PAGES: messages to devices, ITags, limits, time-outs, completions.
 * Models: at most Maxpend messages of one QueueID in flight (0: option inv.inflight), 32 ITags of each device; commands beyond that
 * let later ones begin, their messages follow in order, and COMPLETION_WAIT waits for those too. A message not answered within
 * Control.InvTimeOut of its sending leaves one IOTLB_INV_TIMEOUT and counts as answered; a completion that comes later is ignored
 * (iotlb_unexpected). The event goes to the host's log for guests' commands too, with the host's device id and the address in
 * exec->spa; only the host's own stop its buffer (option halt_on_timeout).
 * GN = 1 with PASID 0 to a device whose device table entry, as it is in memory, has GV and GIoV is sent without PASID: what such a device holds of
 * its requests without PASID came from that guest table, and Linux flushes it so (model choice; the specification text we have is silent).
 * Does not model: the link (the environment delivers messages and completions), the Type field.
 * Spec: 48882, "INVALIDATE_IOTLB_PAGES", "IOTLB_INV_TIMEOUT"; PCIe ATS, "Invalidation Protocol".
 */
#include "amdvi/amdvi_cmd.h"

enum { NO_QUEUE = 1 << 16 /* QueueIDs have 16 bits */ };

/* An ITag of @rid not in use, ITAGS if there is none. */
static unsigned free_tag(const struct amdvi_cmd *c, uint32_t rid)
{
	uint32_t used = 0;
	unsigned tag;
	bool lost;

	for (const struct amdvi_iotlb_req *r = c->reqs; r; r = r->next)
		if (r->issued && r->inv.rid == rid)
			used |= UINT32_C(1) << r->inv.itag;
	tag = itag_choose(&c->itags, rid, used, &lost);
	*(tag == ITAGS ? &c->v->st.itag_waits : &c->v->st.itags_reused) += lost;
	return tag;
}

static unsigned in_flight(const struct amdvi_cmd *c, unsigned queue)
{
	unsigned n = 0;

	for (const struct amdvi_iotlb_req *r = c->reqs; r; r = r->next)
		n += r->issued && r->queue == queue;
	return n;
}

bool acmd_iotlb_pending(const struct amdvi_cmd *c, uint32_t owner, uint64_t before)
{
	for (const struct amdvi_iotlb_req *r = c->reqs; r && r->seq < before; r = r->next)
		if (r->owner == owner)
			return true;
	return false;
}

static void remove_req(struct amdvi_cmd *c, struct amdvi_iotlb_req *r)
{
	sim_cancel(c->v->u.k, &r->timer);
	*r->pprev = r->next;
	if (r->next)
		r->next->pprev = r->pprev;
	else
		c->reqs_tail = r->pprev;
	r->next = c->req_free;
	c->req_free = r;
}

/* Send @r if a tag is free and its queue may have one more. Returns: sent. */
static bool issue(struct amdvi_cmd *c, struct amdvi_iotlb_req *r)
{
	struct amdvi *v = c->v;
	struct ats_inv msg;
	unsigned tag;

	if (in_flight(c, r->queue) >= r->depth)
		return false;
	tag = free_tag(c, r->inv.rid);
	if (tag == ITAGS)
		return false;
	r->inv.itag = (uint8_t)tag;
	r->issued = true;
	v->st.iotlb++;
	if (!v->u.env.ats_inv) {
		remove_req(c, r); /* nobody there: answered at once */
		return true;
	}
	if (v->on.inv_timeout_ps)
		sim_at(v->u.k, sim_now(v->u.k) + v->on.inv_timeout_ps, &r->timer);
	msg = r->inv; /* the device may answer before it returns */
	v->u.env.ats_inv(v->u.env.arg, &msg);
	return true;
}

/* A tag of @rid or a place in @queue has become free: the oldest postponed messages go, in order. */
static void issue_postponed(struct amdvi_cmd *c, unsigned queue, uint32_t rid)
{
	for (struct amdvi_iotlb_req *r = c->reqs; r;) {
		if (r->issued || (r->queue != queue && r->inv.rid != rid)) {
			r = r->next;
			continue;
		}
		if (issue(c, r)) {
			r = c->reqs; /* the list may have changed */
			continue;
		}
		if (r->queue == queue && r->inv.rid == rid)
			return;
		r = r->next; /* held back by another queue or device, which must not hold back this one */
	}
}

static sim_fn timed_out;

/* Requests without PASID are translated as PASID 0: what the device holds of them has no PASID. */
static bool means_untagged(const struct amdvi *v, uint32_t devid)
{
	uint64_t w[4], spa = amdvi_dte_addr(v, devid);

	return spa != UINT64_MAX && mem_read(v->u.mem, spa, w, 4) == MEM_OK && (w[0] & BIT64(54)) && (w[0] & BIT64(55));
}

static void put(struct amdvi_exec *x)
{
	struct amdvi *v = x->v;
	struct amdvi_cmd *c = v->cmd;
	struct amdvi_iotlb_req *r = c->req_free;
	unsigned depth = (unsigned)bits_get(x->qw[0], 31, 24);

	c->req_free = r->next;
	*r = (struct amdvi_iotlb_req){ .v = v, .seq = c->seq++, .spa = x->spa, .owner = x->owner, .pprev = c->reqs_tail,
				       .queue = (uint16_t)bits_get(x->qw[0], 47, 32), .depth = (uint16_t)(depth ? depth : v->cfg->ordinary_inflight),
				       .inv = { .rid = (uint32_t)bits_get(x->qw[0], 15, 0), .has_pasid = x->qw[1] >> 2 & 1 } };
	sim_event_init(&r->timer, timed_out);
	if (r->inv.has_pasid)
		r->inv.pasid = (uint32_t)amdvi_get_cmd_invalidate_iotlb_pages_PASID(x->qw);
	if (r->inv.has_pasid && !r->inv.pasid && means_untagged(v, r->inv.rid))
		r->inv.has_pasid = false;
	amdvi_cmd_range(x->qw[1], &r->inv.first, &r->inv.last);
	*c->reqs_tail = r;
	c->reqs_tail = &r->next;
	issue_postponed(c, r->queue, r->inv.rid);
}

void acmd_iotlb(struct amdvi_exec *x)
{
	struct amdvi_cmd *c = x->v->cmd;

	if (c->req_free) {
		put(x);
		acmd_exec_done(x);
		return;
	}
	x->next = NULL;
	*c->room_tail = x;
	c->room_tail = &x->next;
}

/* Requests have gone: commands that waited for room, then COMPLETION_WAITs. */
static void gone(struct amdvi_cmd *c)
{
	while (c->req_free && c->room) {
		struct amdvi_exec *x = c->room;

		c->room = x->next;
		if (!c->room)
			c->room_tail = &c->room;
		put(x);
		acmd_exec_done(x);
	}
	acmd_waits_run(c);
	amdvi_progress(c->v);
}

static void timed_out(struct sim_event *e)
{
	struct amdvi_iotlb_req *r = container_of(e, struct amdvi_iotlb_req, timer);
	struct amdvi *v = r->v;
	struct amdvi_cmd *c = v->cmd;
	uint64_t rec[2] = { (uint64_t)AEV_IOTLB_INV_TIMEOUT << 60 | r->inv.rid, r->spa & ~UINT64_C(15) };
	uint32_t rid = r->inv.rid;
	unsigned queue = r->queue;
	bool stop = v->cfg->halt_on_timeout && !r->owner;

	v->st.iotlb_timeouts++;
	itag_timed_out(&c->itags, rid, r->inv.itag, r->left);
	remove_req(c, r);
	if (stop)
		acmd_halt(v);
	amdvi_log_event(v, rec); /* before any COMPLETION_WAIT stores */
	issue_postponed(c, queue, rid);
	gone(c);
	if (stop && v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
}

static struct amdvi_iotlb_req *find_tag(const struct amdvi_cmd *c, uint32_t rid, unsigned tag)
{
	for (struct amdvi_iotlb_req *r = c->reqs; r; r = r->next)
		if (r->issued && r->inv.rid == rid && r->inv.itag == tag)
			return r;
	return NULL;
}

void amdvi_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc)
{
	struct amdvi *v = amdvi_of(u);
	struct amdvi_cmd *c = v->cmd;
	struct amdvi_iotlb_req *done[ITAGS];
	unsigned queue[ITAGS], n = 0;
	bool freed = false;

	/* Whom it answers is settled before any tag is given away again. */
	for (; itag_vector; itag_vector &= itag_vector - 1) {
		unsigned tag = (unsigned)__builtin_ctz(itag_vector);
		struct amdvi_iotlb_req *r = find_tag(c, rid, tag);

		if (!r) {
			v->st.iotlb_unexpected++;
			freed |= itag_late(&c->itags, rid, tag, cc);
			continue;
		}
		if (itag_count(&r->left, cc))
			done[n++] = r;
	}
	for (unsigned i = 0; i < n; i++) {
		queue[i] = done[i]->queue;
		remove_req(c, done[i]);
	}
	for (unsigned i = 0; i < n; i++)
		issue_postponed(c, queue[i], rid);
	if (freed)
		issue_postponed(c, NO_QUEUE, rid);
	if (n)
		gone(c);
}

static void itag_freed(struct itags *t, uint32_t rid)
{
	issue_postponed(container_of(t, struct amdvi_cmd, itags), NO_QUEUE, rid);
}

void acmd_iotlb_create(struct amdvi_cmd *c)
{
	itag_init(&c->itags, c->v->u.k, c->v->cfg->itag_hold_ps, itag_freed);
	c->reqs_tail = &c->reqs;
	c->room_tail = &c->room;
	for (unsigned i = 0; i < ACMD_REQS; i++) {
		c->req_pool[i].next = c->req_free;
		c->req_free = &c->req_pool[i];
	}
}

void acmd_iotlb_destroy(struct amdvi_cmd *c)
{
	itag_fini(&c->itags);
	for (struct amdvi_iotlb_req *r = c->reqs; r; r = r->next)
		sim_cancel(c->v->u.k, &r->timer);
}
