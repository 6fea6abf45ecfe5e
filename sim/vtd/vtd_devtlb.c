/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_devtlb.c - invalidate requests to devices: ITags, throttling (MIP, PFSID), time-outs, completions.
 * Does not model: the link (the environment delivers requests and completions), Global/S encoding on the wire.
 * Spec: "Device-TLB Invalidation", "Invalidation Time-out Error", "Invalidation Completion Error"; PCIe ATS "Invalidation Protocol".
 */
#include "vtd/vtd_iq.h"

enum { NO_GROUP = INT32_MAX /* of nobody */ };

/* An ITag of @rid not in use, ITAGS if there is none. */
static unsigned free_tag(struct vtd_iq *q, uint32_t rid)
{
	uint32_t used = 0;
	unsigned tag;
	bool lost;

	for (const struct iq_req *r = q->reqs; r; r = r->next)
		if (r->issued && r->inv.rid == rid)
			used |= UINT32_C(1) << r->inv.itag;
	tag = itag_choose(&q->itags, rid, used, &lost);
	*(tag == ITAGS ? &q->v->st.itag_waits : &q->v->st.itags_reused) += lost;
	return tag;
}

static unsigned pending(const struct vtd_iq *q, uint32_t group)
{
	unsigned n = 0;

	for (const struct iq_req *r = q->reqs; r; r = r->next)
		n += r->issued && r->group == group;
	return n;
}

static void remove_req(struct vtd_iq *q, struct iq_req *r)
{
	sim_cancel(q->v->u.k, &r->timer);
	*r->pprev = r->next;
	if (r->next)
		r->next->pprev = r->pprev;
	else
		q->reqs_tail = r->pprev;
	r->next = q->req_free;
	q->req_free = r;
}

/* Send @r if a tag is free and its function may have one more. Returns: sent. */
static bool issue(struct vtd_iq *q, struct iq_req *r)
{
	struct vtd *v = q->v;
	struct ats_inv msg;
	unsigned tag;

	if (pending(q, r->group) >= r->depth)
		return false;
	tag = free_tag(q, r->inv.rid);
	if (tag == ITAGS)
		return false;
	r->inv.itag = (uint8_t)tag;
	r->issued = true;
	if (!v->u.env.ats_inv) {
		remove_req(q, r); /* nobody there: answered at once */
		return true;
	}
	sim_at(v->u.k, sim_now(v->u.k) + v->cfg->inv_timeout_ps, &r->timer);
	msg = r->inv; /* the device may answer before it returns */
	v->u.env.ats_inv(v->u.env.arg, &msg);
	return true;
}

/* A tag or a place in @group or of @rid has become free: the oldest postponed requests go, in order. */
static void issue_postponed(struct vtd_iq *q, uint32_t group, uint32_t rid)
{
	for (struct iq_req *r = q->reqs; r;) {
		if (r->issued || (r->group != group && r->inv.rid != rid)) {
			r = r->next;
			continue;
		}
		if (issue(q, r)) {
			r = q->reqs; /* the list may have changed */
			continue;
		}
		if (r->group == group && r->inv.rid == rid)
			return;
		r = r->next; /* held back by another group or requester, which must not hold back this one */
	}
}

static void finished(struct vtd_iq *q, struct iq_req *r)
{
	uint32_t group = r->group, rid = r->inv.rid;

	remove_req(q, r);
	issue_postponed(q, group, rid);
}

static void timed_out(struct sim_event *e)
{
	struct iq_req *r = container_of(e, struct iq_req, timer);
	struct vtd *v = r->v;
	struct vtd_iq *q = v->iq;
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4);

	v->st.ite++;
	if (!(s & FSTS_ITE)) {
		bool clear = !vtd_event_status(v, VTD_EV_FAULT);
		uint64_t rec = vtd_reg_get(v, VTD_R_IQERCD, 8);

		vtd_reg_put(v, VTD_R_IQERCD, 8, bits_put(rec, 47, 32, v->cfg->iqercd_sid ? r->inv.rid : 0));
		vtd_reg_put(v, VTD_R_FSTS, 4, s | FSTS_ITE);
		vtd_event_set(v, VTD_EV_FAULT, clear);
	}
	itag_timed_out(&q->itags, r->inv.rid, r->inv.itag, r->left);
	/* Hardware cannot tell which requests a wait covered: none of them may complete. */
	iq_waits_abort(q);
	finished(q, r);
	if (v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
	iq_step(q);
}

static void bad_completion(struct vtd *v, uint32_t rid)
{
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4), rec = vtd_reg_get(v, VTD_R_IQERCD, 8);
	bool clear = !vtd_event_status(v, VTD_EV_FAULT);

	v->st.ice++;
	if (s & FSTS_ICE)
		return;
	vtd_reg_put(v, VTD_R_IQERCD, 8, bits_put(rec, 63, 48, v->cfg->iqercd_sid ? rid : 0));
	vtd_reg_put(v, VTD_R_FSTS, 4, s | FSTS_ICE);
	vtd_event_set(v, VTD_EV_FAULT, clear);
}

static struct iq_req *find_tag(const struct vtd_iq *q, uint32_t rid, unsigned tag)
{
	for (struct iq_req *r = q->reqs; r; r = r->next)
		if (r->issued && r->inv.rid == rid && r->inv.itag == tag)
			return r;
	return NULL;
}

void vtd_iq_ats_cpl(struct iommu *u, uint32_t rid, uint32_t itag_vector, unsigned cc)
{
	struct vtd *v = vtd_of(u);
	struct vtd_iq *q = v->iq;
	struct iq_req *r, *done[ITAGS];
	uint32_t group[ITAGS];
	unsigned n = 0;
	bool bad = !itag_vector, freed = false;

	/* Whom it answers is settled before any tag is given away again. */
	for (; itag_vector; itag_vector &= itag_vector - 1) {
		r = find_tag(q, rid, (unsigned)__builtin_ctz(itag_vector));
		if (!r) {
			freed |= itag_late(&q->itags, rid, (unsigned)__builtin_ctz(itag_vector), cc);
			bad = true;
			continue;
		}
		if (itag_count(&r->left, cc))
			done[n++] = r;
	}
	if (bad)
		bad_completion(v, rid);
	for (unsigned i = 0; i < n; i++) {
		group[i] = done[i]->group;
		remove_req(q, done[i]);
	}
	for (unsigned i = 0; i < n; i++)
		issue_postponed(q, group[i], rid);
	if (freed)
		issue_postponed(q, NO_GROUP, rid);
	vtd_iq_kick(v);
}

void iq_dev_fetched(struct vtd_iq *q, const uint64_t d[4])
{
	struct vtd *v = q->v;
	struct iq_req *r = q->req_free;
	bool pasid = bits_get(d[0], 3, 0) == IQ_P_DEV_TLB, s = pasid ? d[1] >> 11 & 1 : d[1] & 1;
	unsigned mip = (unsigned)(pasid ? bits_get(d[0], 8, 4) : bits_get(d[0], 20, 16));
	uint64_t addr = d[1] & bits_mask(63, 12), m = low_mask(12);
	uint32_t pfsid = (uint32_t)(bits_get(d[0], 15, 12) | bits_get(d[0], 63, 52) << 4);
	uint32_t rid = (uint32_t)(pasid ? bits_get(d[0], 31, 16) : bits_get(d[0], 47, 32));

	*(pasid ? &v->st.p_dev_tlb : &v->st.dev_tlb) += 1;
	/* S: size is 8 KiB << the number of 1 bits from bit 12 up; bit 63 cannot be part of the size */
	if (s) {
		unsigned ones = (unsigned)__builtin_ctzll(~(addr >> 12) | BIT64(51));

		m = low_mask(ones == 51 ? 64 : 13 + ones);
	}
	q->req_free = r->next;
	*r = (struct iq_req){ .v = v, .seq = q->seq++, .depth = (uint8_t)(mip ? mip : 32), .group = v->cap.dit ? pfsid : rid, .pprev = q->reqs_tail };
	r->inv = (struct ats_inv){ .rid = rid, .has_pasid = pasid, .first = addr & ~m, .last = (addr & ~m) | m };
	if (pasid) {
		r->inv.pasid = (uint32_t)bits_get(d[0], 51, 32);
		r->inv.global = d[1] & 1;
	}
	sim_event_init(&r->timer, timed_out);
	*q->reqs_tail = r;
	q->reqs_tail = &r->next;
	issue_postponed(q, r->group, rid);
}

static void itag_freed(struct itags *t, uint32_t rid)
{
	issue_postponed(container_of(t, struct vtd_iq, itags), NO_GROUP, rid);
}

void iq_dev_init(struct vtd_iq *q)
{
	itag_init(&q->itags, q->v->u.k, q->v->cfg->itag_hold_ps, itag_freed);
	q->reqs_tail = &q->reqs;
	for (unsigned i = 0; i < IQ_REQS; i++) {
		q->req_pool[i].next = q->req_free;
		q->req_free = &q->req_pool[i];
	}
}
