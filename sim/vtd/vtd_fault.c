/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_fault.c - fault records, and the event messages of the three groups (fault, invalidation, page request).
 * Models: recording order, overflow, pending/masked events. Messages leave at once, after every earlier write of the unit.
 * Does not model: advanced fault logging.
 * Spec: "Primary Fault Logging", "Fault Event", "Fault Status Register".
 */
#include "vtd/vtd_int.h"
#include "vtd/vtd_regs.h"

static const struct fault_row {
	const char *name, *text;
	bool qualified;
} faults[256] = {
#define Q true
#define N false
#define FAULT(code, name, q, text) [code] = { name, text, q },
#include "vtd/vtd_faults.def"
#undef FAULT
#undef Q
#undef N
};

const char *vtd_fault_name(unsigned code)
{
	return code < ARRAY_LEN(faults) ? faults[code].name : NULL;
}

const char *vtd_fault_text(unsigned code)
{
	return code < ARRAY_LEN(faults) ? faults[code].text : NULL;
}

bool vtd_fault_qualified(unsigned code)
{
	return code < ARRAY_LEN(faults) && faults[code].qualified;
}

/* Of each group: its control register (data, address, upper address follow it), status register and status bits. */
static const struct {
	uint16_t ctl, status;
	uint64_t bits;
} group[] = {
	[VTD_EV_FAULT] = { VTD_R_FECTL, VTD_R_FSTS, FSTS_PFO | FSTS_PPF | FSTS_IQE | FSTS_ICE | FSTS_ITE },
	[VTD_EV_INV] = { VTD_R_IECTL, VTD_R_ICS, ICS_IWC },
	[VTD_EV_PAGE] = { VTD_R_PECTL, VTD_R_PRS, PRS_PPR | PRS_PRO },
};

bool vtd_event_status(const struct vtd *v, enum vtd_event ev)
{
	return vtd_reg_get(v, group[ev].status, 4) & group[ev].bits;
}

static void send(struct vtd *v, enum vtd_event ev)
{
	uint32_t c = group[ev].ctl;

	vtd_reg_put(v, c, 4, vtd_reg_get(v, c, 4) & ~ECTL_IP);
	if (v->u.env.msi)
		v->u.env.msi(v->u.env.arg, vtd_reg_get(v, c + 12, 4) << 32 | vtd_reg_get(v, c + 8, 4), (uint32_t)vtd_reg_get(v, c + 4, 4));
}

/* A bit of the group was set; @was_clear: none was set before, so this is a new condition. */
void vtd_event_set(struct vtd *v, enum vtd_event ev, bool was_clear)
{
	uint32_t c = group[ev].ctl;

	if (!was_clear)
		return;
	if (vtd_reg_get(v, c, 4) & ECTL_IM)
		vtd_reg_put(v, c, 4, vtd_reg_get(v, c, 4) | ECTL_IP);
	else
		send(v, ev);
}

void vtd_event_cleared(struct vtd *v, enum vtd_event ev)
{
	uint32_t c = group[ev].ctl;

	if (!vtd_event_status(v, ev))
		vtd_reg_put(v, c, 4, vtd_reg_get(v, c, 4) & ~ECTL_IP);
}

void vtd_event_unmasked(struct vtd *v, enum vtd_event ev)
{
	if (vtd_reg_get(v, group[ev].ctl, 4) & ECTL_IP)
		send(v, ev);
}

static uint32_t frcd_hi(const struct vtd *v, unsigned i)
{
	return v->cap.fro + 16 * i + 8;
}

static bool frcd_used(const struct vtd *v, unsigned i)
{
	return vtd_reg_get(v, frcd_hi(v, i), 8) & FRCD_F;
}

void vtd_fault_recompute(struct vtd *v)
{
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4);

	for (unsigned i = 0; i < v->cap.nfr; i++)
		if (frcd_used(v, i))
			return;
	/* FRI is valid only while PPF = 1 */
	vtd_reg_put(v, VTD_R_FSTS, 4, bits_put(s & ~FSTS_PPF, 15, 8, 0));
	vtd_event_cleared(v, VTD_EV_FAULT);
}

/* The next record follows the run of used ones that starts at FRI. */
void vtd_fault_restored(struct vtd *v)
{
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4);
	unsigned n = s & FSTS_PPF ? (unsigned)bits_get(s, 15, 8) % v->cap.nfr : 0;

	for (unsigned i = 0; i < v->cap.nfr && frcd_used(v, n); i++)
		n = (n + 1) % v->cap.nfr;
	v->fl.next = n;
}

static bool collapses(const struct vtd *v, uint32_t rid)
{
	for (unsigned i = 0; i < v->cap.nfr; i++) {
		uint64_t hi = vtd_reg_get(v, frcd_hi(v, i), 8);

		if ((hi & FRCD_F) && bits_get(hi, 15, 0) == rid)
			return true;
	}
	return false;
}

void vtd_fault_log(struct vtd *v, const struct xl_req *q, enum vtd_req_type type, unsigned code)
{
	uint64_t s = vtd_reg_get(v, VTD_R_FSTS, 4), hi;
	unsigned n = v->fl.next;
	bool clear = !vtd_event_status(v, VTD_EV_FAULT);

	/* 1, 2 */
	if ((s & FSTS_PFO) || (v->cfg->collapse_faults && collapses(v, q->rid & 0xffff))) {
		v->st.faults_lost++;
		return;
	}
	/* 3 */
	if (frcd_used(v, n)) {
		v->st.faults_lost++;
		vtd_reg_put(v, VTD_R_FSTS, 4, s | FSTS_PFO);
		vtd_event_set(v, VTD_EV_FAULT, clear);
		return;
	}
	/* 4 */
	hi = FRCD_F | (q->rid & 0xffff) | (uint64_t)(code & 0xff) << 32 | (uint64_t)(q->at & 3) << 60;
	hi |= (uint64_t)(type >> 1) << 62 | (uint64_t)(type & 1) << 28;
	if (q->has_pasid) {
		hi |= BIT64(31) | (uint64_t)(q->pasid & 0xfffff) << 40;
		hi |= q->acc & XL_PRIV ? BIT64(29) : 0;
		hi |= q->acc & XL_X ? BIT64(30) : 0;
	}
	vtd_reg_put(v, v->cap.fro + 16 * n, 8, q->iova & bits_mask(63, 12));
	vtd_reg_put(v, frcd_hi(v, n), 8, hi);
	v->st.fault_records++;
	if (!(s & FSTS_PPF)) {
		vtd_reg_put(v, VTD_R_FSTS, 4, bits_put(s | FSTS_PPF, 15, 8, n));
		vtd_event_set(v, VTD_EV_FAULT, clear);
	}
	v->fl.next = (n + 1) % v->cap.nfr;
}

bool vtd_fault_record(struct iommu *u, struct xl *x)
{
	enum vtd_req_type t = x->req.acc & XL_ATOMIC ? VTD_TYPE_ATOMIC : x->req.acc & XL_W ? VTD_TYPE_WRITE : VTD_TYPE_READ;

	if (!x->res.no_record && !x->req.spec)
		vtd_fault_log(vtd_of(u), &x->req, t, x->res.code);
	return true;
}
