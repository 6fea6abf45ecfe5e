/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_iq_exec.c - descriptors: legality, which cache scope a command becomes, waits; register-based invalidation.
 * Does not model: an interrupt entry cache (0x4 takes its time and drops nothing).
 * Spec: "Queued Invalidation Descriptors", "Register Based Invalidation Interface", "Invalidation Ordering".
 */
#include "vtd/vtd_iq.h"

#define KINDS(a) (1u << VTD_K_##a)
#define K_ALL (KINDS(SS) | KINDS(FS) | KINDS(NESTED) | KINDS(PT) | KINDS(PSC_SS) | KINDS(PSC_FS) | KINDS(PSC_NESTED))
#define K_CFG 1u /* configuration caches */

/* Bits that must be 0, by type; @dit, @pds: the mask when the capability is absent. */
static const struct {
	uint64_t w0, w1, w0_dit, w0_pds;
} resv[10] = {
	[IQ_CC] = { 0xfffc00000000f1c0, UINT64_MAX, 0, 0 },
	[IQ_IOTLB] = { 0xffffffff0000f100, 0xf80, 0, 0 },
	[IQ_DEV_TLB] = { 0x000f0000ffe001f0, 0xffe, 0xffff0000ffe0f1f0, 0 },
	[IQ_IEC] = { 0xffff000007fff1e0, UINT64_MAX, 0, 0 },
	[IQ_WAIT] = { 0xfffff100, 3, 0, 0xfffff180 },
	[IQ_P_IOTLB] = { 0xfff000000000f1c0, 0xf80, 0, 0 },
	[IQ_PC] = { 0xfff000000000f1c0, UINT64_MAX, 0, 0 },
	[IQ_P_DEV_TLB] = { 0, 0x7fe, 0xfff000000000f000, 0 },
	[IQ_PAGE_RESP] = { 0xfff00000000001e0, 0xfffffffffffff003, 0, 0 },
};

static unsigned type_of(uint64_t w0)
{
	return (unsigned)(bits_get(w0, 3, 0) | bits_get(w0, 11, 9) << 4);
}

/* Granularity and range limits: reported as a reserved field violation (U8). */
static bool limits_ok(const struct vtd_caps *c, unsigned type, const uint64_t d[4])
{
	unsigned g = (unsigned)bits_get(d[0], 5, 4);

	switch (type) {
	case IQ_CC: return g != 0;
	case IQ_IOTLB: return g != 0 && (g != 3 || (c->psi && bits_get(d[1], 5, 0) <= c->mamv));
	case IQ_IEC: return !(g & 1) || bits_get(d[0], 31, 27) <= c->mhmv;
	case IQ_P_IOTLB: return g >= 2;
	case IQ_PC: return g != 2;
	}
	return true;
}

unsigned vtd_desc_check(const struct vtd_caps *c, unsigned ttm, const uint64_t d[4], bool wide)
{
	unsigned type = type_of(d[0]), last = ttm == VTD_TTM_LEGACY ? IQ_WAIT : IQ_PAGE_RESP;
	uint64_t w0;

	if (type == 0 || type > last)
		return 3;
	w0 = resv[type].w0;
	if (!c->dit)
		w0 |= resv[type].w0_dit;
	if (!c->pds)
		w0 |= resv[type].w0_pds;
	if ((d[0] & w0) || (d[1] & resv[type].w1) || (wide && (d[2] | d[3])))
		return 4;
	return limits_ok(c, type, d) ? 0 : 4;
}

unsigned iq_check(const struct vtd *v, const uint64_t d[4], bool wide)
{
	return vtd_desc_check(&v->cap, v->ttm, d, wide);
}

static uint16_t did_of(const struct vtd *v, uint64_t field)
{
	return (uint16_t)(field & low_mask(v->cap.nd_bits));
}

/* 2^am pages around @addr; the low am bits of its page number are ignored. */
static void set_range(struct inv_scope *s, uint64_t addr, unsigned am)
{
	uint64_t m = low_mask(12 + am);

	s->by |= INV_RANGE;
	s->first = addr & ~m;
	s->last = s->first | m;
}

static void over_invalidate(const struct vtd *v, struct inv_scope *s, bool *leaf_only)
{
	if (v->cfg->over == VTD_OVER_NONE)
		return;
	*s = (struct inv_scope){ .by = v->cfg->over == VTD_OVER_DOMAIN ? s->by & INV_DID : 0, .kinds = K_ALL, .did = s->did };
	*leaf_only = false;
}

static void inv_context(struct vtd *v, unsigned g, uint64_t did, uint32_t rid, unsigned fm)
{
	static const uint32_t keep[4] = { 0xffff, 0xfffb, 0xfff9, 0xfff8 };
	struct inv_scope s = { .kinds = K_CFG };

	v->st.cc++;
	if (g == 2) {
		v->st.cc_domain++;
		if (v->ttm == VTD_TTM_LEGACY) { /* elsewhere context entries have no DID: drop all (U9) */
			s.by = INV_DID;
			s.did = did_of(v, did);
		}
	} else if (g == 3) {
		v->st.cc_device++;
		s.by = INV_RID;
		s.rid = rid;
		s.rid_mask = keep[fm];
	} else {
		v->st.cc_global++;
	}
	vtd_inv_cc(v, &s);
}

static void inv_iotlb(struct vtd *v, unsigned g, uint64_t did, uint64_t addr, unsigned am, bool ih)
{
	struct inv_scope s = { .kinds = K_ALL };
	bool leaf = false;

	v->st.iotlb++;
	if (g == 1)
		v->st.iotlb_global++;
	if (g >= 2) {
		s.by = INV_DID;
		s.did = did_of(v, did);
	}
	if (g == 2)
		v->st.iotlb_domain++;
	if (g == 3) {
		/* The address is a second-stage input: first-stage and nested entries of the domain all go. */
		v->st.iotlb_page++;
		set_range(&s, addr & low_mask(v->cap.mgaw), am);
		s.range_kinds = KINDS(SS) | KINDS(PT) | KINDS(PSC_SS);
		leaf = ih;
	}
	over_invalidate(v, &s, &leaf);
	vtd_inv_iotlb(v, &s, leaf);
}

static void inv_p_iotlb(struct vtd *v, const uint64_t d[4])
{
	struct inv_scope s = { .by = INV_DID | INV_PASID, .did = did_of(v, bits_get(d[0], 31, 16)), .pasid = (uint32_t)bits_get(d[0], 51, 32) };
	bool leaf = false;

	v->st.p_iotlb++;
	s.kinds = KINDS(FS) | KINDS(NESTED) | KINDS(PSC_FS) | KINDS(PSC_NESTED);
	if (bits_get(d[0], 5, 4) == 2) {
		v->st.p_iotlb_pasid++;
		s.kinds |= KINDS(PT);
	} else {
		v->st.p_iotlb_page++;
		set_range(&s, d[1] & bits_mask(63, 12), (unsigned)bits_get(d[1], 5, 0));
		s.range_kinds = s.kinds;
		leaf = d[1] >> 6 & 1;
	}
	over_invalidate(v, &s, &leaf);
	vtd_inv_iotlb(v, &s, leaf);
}

static void inv_pasid(struct vtd *v, const uint64_t d[4])
{
	struct inv_scope s = { .kinds = K_CFG, .did = did_of(v, bits_get(d[0], 31, 16)), .pasid = (uint32_t)bits_get(d[0], 51, 32) };
	static const uint32_t by[4] = { INV_DID, INV_DID | INV_PASID, 0, 0 };

	v->st.pc++;
	s.by = by[bits_get(d[0], 5, 4)];
	vtd_inv_pc(v, &s);
}

static uint64_t page_cyc(const struct vtd *v, unsigned am)
{
	return (uint64_t)v->cfg->iotlb_page_cyc * (am >= 6 ? 64 : 1u << am);
}

static void exec_wait(struct vtd_iq *q)
{
	struct iq_wait *w = q->wait_free;

	q->wait_free = w->next;
	*w = (struct iq_wait){ .seq = q->seq,
			       .addr = q->d[1] & bits_mask(63, 2),
			       .data = (uint32_t)bits_get(q->d[0], 63, 32),
			       .intr = q->d[0] >> 4 & 1,
			       .sw = q->d[0] >> 5 & 1,
			       .fn = q->d[0] >> 6 & 1,
			       .pd = q->d[0] >> 7 & 1 };
	*q->waits_tail = w;
	q->waits_tail = &w->next;
	if (w->fn)
		q->fence = w;
	iq_done(q);
}

static void exec_page_resp(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	struct page_resp r = { .rid = (uint32_t)bits_get(q->d[0], 31, 16),
			       .pasid = (uint32_t)bits_get(q->d[0], 51, 32),
			       .has_pasid = q->d[0] >> 4 & 1,
			       .prgi = (uint16_t)bits_get(q->d[1], 11, 3),
			       .code = (uint8_t)bits_get(q->d[0], 15, 12) };

	v->st.page_resp++;
	if (v->u.env.page_resp)
		v->u.env.page_resp(v->u.env.arg, &r);
	iq_done(q);
}

void iq_exec(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	const struct vtd_cfg *c = v->cfg;
	unsigned g = (unsigned)bits_get(q->d[0], 5, 4), am = (unsigned)bits_get(q->d[1], 5, 0);
	uint64_t cyc = 0;

	switch (type_of(q->d[0])) {
	case IQ_CC: cyc = c->cc_cyc; break;
	case IQ_IOTLB: cyc = c->iotlb_cyc + (g == 3 ? page_cyc(v, am) : 0); break;
	case IQ_P_IOTLB: cyc = c->iotlb_cyc + (g == 3 ? page_cyc(v, am) : 0); break;
	case IQ_IEC: cyc = c->iec_cyc; break;
	case IQ_PC: cyc = c->pc_cyc; break;
	case IQ_WAIT: exec_wait(q); return;
	case IQ_PAGE_RESP: exec_page_resp(q); return;
	case IQ_DEV_TLB:
	case IQ_P_DEV_TLB:
		iq_dev_fetched(q, q->d);
		iq_done(q);
		return;
	}
	sim_at(v->u.k, sim_now(v->u.k) + cyc * v->u.cfg->clock_ps, &q->ev);
}

static void drained(struct iommu_drain *d)
{
	iq_done(container_of(d, struct vtd_iq, drain));
}

void iq_exec_end(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	const uint64_t *d = q->d;
	unsigned g = (unsigned)bits_get(d[0], 5, 4);
	bool drain = false;

	switch (type_of(d[0])) {
	case IQ_CC:
		inv_context(v, g, bits_get(d[0], 31, 16), (uint32_t)bits_get(d[0], 47, 32), (unsigned)bits_get(d[0], 49, 48));
		break;
	case IQ_IOTLB:
		inv_iotlb(v, g, bits_get(d[0], 31, 16), d[1] & bits_mask(63, 12), (unsigned)bits_get(d[1], 5, 0), d[1] >> 6 & 1);
		drain = v->cap.major >= 2 || bits_get(d[0], 7, 6);
		break;
	case IQ_P_IOTLB:
		inv_p_iotlb(v, d);
		drain = true;
		break;
	case IQ_PC: inv_pasid(v, d); break;
	case IQ_IEC: v->st.iec++; break;
	}
	if (!drain) {
		iq_done(q);
		return;
	}
	q->state = IQS_DRAIN;
	q->drain.fn = drained;
	iommu_drain(&v->u, &q->drain);
}

/* Waits. The oldest one completes when every device-TLB request before it has; its status write takes the memory's time. */
void iq_waits_run(struct vtd_iq *q)
{
	struct vtd *v = q->v;
	struct iq_wait *w = q->waits;
	sim_time t = sim_now(v->u.k);

	if (!w || w->writing || (q->reqs && q->reqs->seq < w->seq) || (w->pd && !vtd_prq_drained(v)))
		return;
	w->writing = true;
	if (w->sw && v->u.port)
		t = mem_port_access(v->u.port, t, w->addr, 4, true);
	sim_at(v->u.k, t, &q->wait_ev);
}

static void wait_remove(struct vtd_iq *q, struct iq_wait *w)
{
	q->waits = w->next;
	if (!q->waits)
		q->waits_tail = &q->waits;
	if (q->fence == w)
		q->fence = NULL;
	w->next = q->wait_free;
	q->wait_free = w;
}

void iq_wait_written(struct sim_event *e)
{
	struct vtd_iq *q = container_of(e, struct vtd_iq, wait_ev);
	struct vtd *v = q->v;
	struct iq_wait *w = q->waits;

	/* A status write that the memory refuses is lost, as a posted write is. */
	if (w->sw)
		(void)mem_write_part(v->u.mem, w->addr, 4, w->data);
	if (w->intr) {
		uint64_t s = vtd_reg_get(v, VTD_R_ICS, 4);

		vtd_reg_put(v, VTD_R_ICS, 4, s | ICS_IWC);
		vtd_event_set(v, VTD_EV_INV, !(s & ICS_IWC));
	}
	v->st.wait++;
	q->ended++;
	wait_remove(q, w);
	if (v->u.env.progress)
		v->u.env.progress(v->u.env.arg);
	iq_waits_run(q);
	iq_step(q);
}

void iq_waits_abort(struct vtd_iq *q)
{
	sim_cancel(q->v->u.k, &q->wait_ev);
	while (q->waits) {
		wait_remove(q, q->waits);
		q->v->st.waits_aborted++;
		q->aborted++;
	}
}

/* Register-based invalidation. */
static unsigned rb_granularity(const struct vtd *v, bool iotlb)
{
	unsigned g;

	if (v->cap.major >= 6 || v->ttm != VTD_TTM_LEGACY)
		return 0;
	if (!iotlb)
		return (unsigned)bits_get(vtd_reg_get(v, VTD_R_CCMD, 8), 62, 61);
	g = (unsigned)bits_get(vtd_reg_get(v, v->cap.iro + VTD_R_IOTLB, 8), 61, 60);
	if (g == 3 && bits_get(vtd_reg_get(v, v->cap.iro + VTD_R_IVA, 8), 5, 0) > v->cap.mamv)
		return 0;
	return g == 3 && !v->cap.psi ? 2 : g; /* a coarser flush than asked for is always legal, and reported */
}

void vtd_iq_register_inv(struct vtd *v, bool iotlb)
{
	struct iq_reg *r = &v->iq->rb[iotlb];
	uint64_t cyc = iotlb ? v->cfg->iotlb_cyc : v->cfg->cc_cyc;

	r->busy = true;
	r->done = rb_granularity(v, iotlb);
	if (iotlb && r->done == 3)
		cyc += page_cyc(v, (unsigned)bits_get(vtd_reg_get(v, v->cap.iro + VTD_R_IVA, 8), 5, 0));
	sim_at(v->u.k, sim_now(v->u.k) + (r->done ? cyc * v->u.cfg->clock_ps : 0), &r->ev);
}

void iq_rb_drained(struct iommu_drain *d)
{
	struct iq_reg *r = container_of(d, struct iq_reg, drain);
	struct vtd *v = r->v;
	bool iotlb = r == &v->iq->rb[1];
	uint32_t off = iotlb ? v->cap.iro + VTD_R_IOTLB : VTD_R_CCMD;
	uint64_t w = vtd_reg_get(v, off, 8) & ~CCMD_ICC; /* the same bit as IVT */

	vtd_reg_put(v, off, 8, iotlb ? bits_put(w, 58, 57, r->done) : bits_put(w, 60, 59, r->done));
	r->busy = false;
	vtd_iq_progress(v);
}

void iq_rb_end(struct sim_event *e)
{
	struct iq_reg *r = container_of(e, struct iq_reg, ev);
	struct vtd *v = r->v;
	bool iotlb = r == &v->iq->rb[1];
	uint64_t w = vtd_reg_get(v, iotlb ? v->cap.iro + VTD_R_IOTLB : VTD_R_CCMD, 8), iva = vtd_reg_get(v, v->cap.iro + VTD_R_IVA, 8);

	if (r->done && !iotlb)
		inv_context(v, r->done, bits_get(w, 15, 0), (uint32_t)bits_get(w, 31, 16), (unsigned)bits_get(w, 33, 32));
	if (r->done && iotlb) {
		inv_iotlb(v, r->done, bits_get(w, 47, 32), iva & bits_mask(63, 12), (unsigned)bits_get(iva, 5, 0), iva >> 6 & 1);
		if (v->cfg->over != VTD_OVER_NONE)
			r->done = v->cfg->over == VTD_OVER_GLOBAL || r->done == 1 ? 1 : 2;
		if (v->cap.major >= 2 || bits_get(w, 49, 48)) {
			iommu_drain(&v->u, &r->drain);
			return;
		}
	}
	iq_rb_drained(&r->drain);
}
