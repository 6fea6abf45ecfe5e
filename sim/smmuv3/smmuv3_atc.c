/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_atc.c - ATC_INV: requests to devices, ITags, time-outs, completions; CMD_SYNC, which waits for them.
 * Models: 32 ITags of each StreamID, requests beyond that in order; a time-out of each request, reported by the next CMD_SYNC of its queue
 * (CERROR_ATC_INV_SYNC) and then forgotten. CMD_SYNC: first the ATC_INVs are answered, then everything in flight retires, if there was a
 * TLBI, CFGI or ATC_INV since the last CMD_SYNC of the queue (requests that came in between are waited for as well: conservative), then
 * the message is written, then CONS passes it.
 * Does not model: the link (the environment delivers requests and completions), cacheability and shareability of the message, replies by
 * UR (they are completions).
 * Spec: Arm IHI 0070, "CMD_ATC_INV", "CMD_SYNC", "Command queue errors"; PCIe ATS, "Invalidation Protocol".
 */
#include "smmuv3/smmuv3_cmdq.h"

/* An ITag of @rid not in use, ITAGS if there is none. */
static unsigned free_tag(struct smmuv3 *s, uint32_t rid)
{
	const struct smmuv3_cmdqs *c = s->cq;
	uint32_t used = 0;
	unsigned tag;
	bool lost;

	for (const struct smmuv3_atc *r = c->atcs; r; r = r->next)
		if (r->issued && r->inv.rid == rid)
			used |= UINT32_C(1) << r->inv.itag;
	tag = itag_choose(&c->itags, rid, used, &lost);
	*(tag == ITAGS ? &s->st.itag_waits : &s->st.itags_reused) += lost;
	return tag;
}

static void remove_atc(struct smmuv3_cmdqs *c, struct smmuv3_atc *r)
{
	sim_cancel(r->q->s->u.k, &r->timer);
	*r->pprev = r->next;
	if (r->next)
		r->next->pprev = r->pprev;
	else
		c->atcs_tail = r->pprev;
	r->q->atc_open--;
	r->next = c->atc_free;
	c->atc_free = r;
}

/* Send @r if its device has a tag free. Returns: sent. */
static bool issue(struct smmuv3_cmdqs *c, struct smmuv3_atc *r)
{
	struct smmuv3 *s = r->q->s;
	unsigned tag = free_tag(s, r->inv.rid);
	struct ats_inv msg;

	if (tag == ITAGS)
		return false;
	r->inv.itag = (uint8_t)tag;
	r->issued = true;
	s->st.atc_inv++;
	if (!s->u.env.ats_inv) {
		remove_atc(c, r); /* nobody there: answered at once */
		return true;
	}
	sim_at(s->u.k, sim_now(s->u.k) + s->cfg->atc_timeout_ps, &r->timer);
	msg = r->inv; /* the device may answer before it returns */
	s->u.env.ats_inv(s->u.env.arg, &msg);
	return true;
}

/* The oldest postponed requests to @rid go, in order. */
static void issue_postponed(struct smmuv3_cmdqs *c, uint32_t rid)
{
	for (struct smmuv3_atc *r = c->atcs; r;) {
		if (r->issued || r->inv.rid != rid) {
			r = r->next;
			continue;
		}
		if (!issue(c, r))
			return;
		r = c->atcs; /* the list may have changed */
	}
}

/* Requests have gone: queues that waited for room, then those whose CMD_SYNC waited. */
static void gone(struct smmuv3 *s, struct smmuv3_cmdq *q)
{
	struct smmuv3_cmdqs *c = s->cq;

	while (c->atc_free && c->atc_wait.head)
		cmdq_atc(cmdq_fifo_get(&c->atc_wait));
	if (q->state == CQ_SYNC)
		cmdq_sync(q);
	else
		smmuv3_progress(s);
}

static void timed_out(struct sim_event *e)
{
	struct smmuv3_atc *r = container_of(e, struct smmuv3_atc, timer);
	struct smmuv3_cmdq *q = r->q;
	struct smmuv3 *s = q->s;
	struct smmuv3_cmdqs *c = s->cq;
	uint32_t rid = r->inv.rid;

	s->st.atc_timeouts++;
	q->atc_lost++;
	itag_timed_out(&c->itags, rid, r->inv.itag, r->left);
	remove_atc(c, r);
	issue_postponed(c, rid);
	gone(s, q);
}

static struct smmuv3_atc *find_tag(const struct smmuv3_cmdqs *c, uint32_t rid, unsigned tag)
{
	for (struct smmuv3_atc *r = c->atcs; r; r = r->next)
		if (r->issued && r->inv.rid == rid && r->inv.itag == tag)
			return r;
	return NULL;
}

void smmuv3_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc)
{
	struct smmuv3 *s = smmuv3_of(u);
	struct smmuv3_cmdqs *c = s->cq;
	struct smmuv3_atc *r, *done[ITAGS];
	struct smmuv3_cmdq *q[ITAGS];
	unsigned n = 0;
	bool freed = false;

	/* Whom it answers is settled before any tag is given away again. */
	for (; itag_vector; itag_vector &= itag_vector - 1) {
		unsigned tag = (unsigned)__builtin_ctz(itag_vector);

		r = find_tag(c, rid, tag);
		if (!r) {
			s->st.atc_unexpected++;
			freed |= itag_late(&c->itags, rid, tag, cc);
			continue;
		}
		if (itag_count(&r->left, cc))
			done[n++] = r;
	}
	for (unsigned i = 0; i < n; i++) {
		q[i] = done[i]->q;
		remove_atc(c, done[i]);
	}
	if (!n && !freed)
		return;
	issue_postponed(c, rid);
	for (unsigned i = 0; i < n; i++)
		gone(s, q[i]);
}

/* 2^Size pages, aligned; 52 and above: everything. */
static void set_range(struct ats_inv *v, const uint64_t cmd[2])
{
	uint64_t m = low_mask(12 + (unsigned)bits_get(cmd[1], 5, 0));

	v->first = cmd[1] & bits_mask(63, 12) & ~m;
	v->last = v->first | m;
}

static bool ignored(const struct smmuv3 *s, uint32_t sid, bool ssv, uint32_t ssid)
{
	return !s->on.smmu || sid > low_mask(s->cap.sidsize) || (ssv && ssid > low_mask(s->cap.ssidsize));
}

void cmdq_atc(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;
	struct smmuv3_cmdqs *c = s->cq;
	struct smmuv3_atc *r = c->atc_free;
	uint32_t sid = (uint32_t)bits_get(q->cmd[0], 63, 32), ssid = (uint32_t)bits_get(q->cmd[0], 31, 12);
	bool ssv = q->cmd[0] >> 11 & 1;

	if (ignored(s, sid, ssv, ssid)) {
		s->st.cmd_ignored++;
		cmdq_consumed(q);
		return;
	}
	if (!r) {
		q->state = CQ_ATC;
		cmdq_fifo_put(&c->atc_wait, q);
		return;
	}
	c->atc_free = r->next;
	*r = (struct smmuv3_atc){ .q = q, .pprev = c->atcs_tail, .inv = { .rid = sid, .has_pasid = ssv } };
	if (ssv) {
		r->inv.pasid = ssid;
		r->inv.global = q->cmd[0] >> 9 & 1;
	}
	set_range(&r->inv, q->cmd);
	sim_event_init(&r->timer, timed_out);
	*c->atcs_tail = r;
	c->atcs_tail = &r->next;
	q->atc_open++;
	q->dirty = true;
	issue_postponed(c, sid);
	cmdq_consumed(q);
}

/* ---- CMD_SYNC ---- */

static void drained(struct iommu_drain *d)
{
	struct smmuv3_cmdq *q = container_of(d, struct smmuv3_cmdq, drain);

	q->draining = false;
	cmdq_sync(q);
}

static uint64_t message(const struct smmuv3_cmdq *q)
{
	return q->s->cap.msi && bits_get(q->cmd[0], 13, 12) == 1 ? q->cmd[1] & bits_mask(55, 2) : 0;
}

void cmdq_sync(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;
	sim_time t = sim_now(s->u.k);

	if (q->draining)
		return;
	if (q->atc_lost) {
		q->atc_lost = 0;
		cmdq_error(q, CERROR_ATC_INV_SYNC);
		return;
	}
	if (q->atc_open)
		return;
	if (q->dirty) {
		q->dirty = false;
		q->draining = true;
		q->drain.fn = drained;
		iommu_drain(&s->u, &q->drain);
		return;
	}
	if (!message(q)) {
		cmdq_signal(q);
		return;
	}
	q->state = CQ_SIGNAL;
	if (s->u.port)
		t = mem_port_access(s->u.port, t, message(q), 4, true);
	sim_at(s->u.k, t, &q->ev);
}

/* A wired interrupt of CMD_SYNC (CS = 1) has nobody to go to; the message, if there is one, is written before CONS passes. */
void cmdq_signal(struct smmuv3_cmdq *q)
{
	struct smmuv3 *s = q->s;

	if (message(q))
		smmuv3_msi(s, message(q), (uint32_t)bits_get(q->cmd[0], 63, 32), GERR_MSI_CMDQ_ABT);
	s->st.sync++;
	cmdq_consumed(q);
	if (s->u.env.progress)
		s->u.env.progress(s->u.env.arg);
}

static void itag_freed(struct itags *t, uint32_t rid)
{
	issue_postponed(container_of(t, struct smmuv3_cmdqs, itags), rid);
}

void cmdq_atc_init(struct smmuv3 *s)
{
	struct smmuv3_cmdqs *c = s->cq;

	itag_init(&c->itags, s->u.k, s->cfg->itag_hold_ps, itag_freed);
	c->atcs_tail = &c->atcs;
	cmdq_fifo_init(&c->atc_wait);
	for (unsigned i = 0; i < CMDQ_ATCS; i++) {
		c->atc_pool[i].next = c->atc_free;
		c->atc_free = &c->atc_pool[i];
	}
}

void cmdq_atc_destroy(struct smmuv3 *s)
{
	itag_fini(&s->cq->itags);
	for (struct smmuv3_atc *r = s->cq->atcs; r; r = r->next)
		sim_cancel(s->u.k, &r->timer);
}
