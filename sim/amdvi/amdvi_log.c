/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_log.c - the host's logs as rings in memory, records of refused requests, and iommu_ops.fault.
 * Models: an entry is written at the time of its cause as a posted write: it takes bandwidth and a slot of the memory port; entry, tail and
 * Status become visible in this order within that instant, then the interrupt is sent. A log in which one slot is left is full.
 * Logs in pairs: DualEventLogEn and DualPprLogEn 0 use A, 1 B only, 2 both in turn, 3 (reserved) A.
 * Our choices where the specification text we have is silent or terse:
 * - A full log stops (its Run bit becomes 0) until software disables and enables it; Linux restarts only a log whose Run bit is 0. In pairs,
 *   the entry that finds the active log full goes to the other one, unless that has overflowed and not been cleared, or is full as well;
 *   then logging stops. Enabling starts with A (with B if only B is used) and clears both overflows.
 * - An entry whose write is aborted is lost, the tail stays and the log stops, without overflow or interrupt.
 * - ILLEGAL_DEV_TABLE_ENTRY and INVALID_DEVICE_REQUEST carry GN and PASID when the request had one. US is set for a request with PASID that
 *   is not privileged. Of a device that belongs to a guest, only page faults of stage 1 go to the guest's log: the operand of
 *   a hardware error is a system physical address. Bits 31:27 of an entry (its vIOMMU flags) are 0 here.
 * Translation requests never log IO_PAGE_FAULT. Events suppressed by SE or SA count as lost.
 * Does not model: entries on their way to memory, asynchronous aborts; the GA log, because guest interrupts are not modelled (its
 * registers are stored, nothing writes an entry); RMP events; the erratum by which an entry's code appears late.
 * Spec: 48882, "Event Logging", "PPR Logging"; "Event Log Dual Buffering".
 */
#include "amdvi/amdvi_log.h"
#include "amdvi/amdvi_regs.h"
#include "core/base/util.h"

enum { ENTRY_BYTES = 16, DUAL_B_ONLY = 1, DUAL_SWAP = 2 };
struct half {
	uint16_t base, head, tail, early; /* registers; early 0: none */
	uint32_t overflow, early_bit; /* bits of Status */
};
static const struct log {
	uint32_t run, active, written; /* bits of Status */
	uint32_t full; /* set together with an overflow */
	uint8_t dual[2]; /* field of Control */
	struct half ab[2];
} logs[] = {
	[AMDVI_LOG_EVENT] = { AMDVI_ST_EventLogRun, AMDVI_ST_EventLogActive, AMDVI_ST_EventLogInt, 0, { AMDVI_CT_DualEventLogEn },
			      { { AMDVI_R_EVT_BASE, AMDVI_R_EVT_HEAD, AMDVI_R_EVT_TAIL, 0, AMDVI_ST_EventOverflow, 0 },
				{ AMDVI_R_EVTB_BASE, AMDVI_R_EVTB_HEAD, AMDVI_R_EVTB_TAIL, 0, AMDVI_ST_EventOverflowB, 0 } } },
	[AMDVI_LOG_PPR] = { AMDVI_ST_PprLogRun, AMDVI_ST_PprLogActive, AMDVI_ST_PprInt, AMDVI_ST_PprInt, { AMDVI_CT_DualPprLogEn },
			    { { AMDVI_R_PPR_BASE, AMDVI_R_PPR_HEAD, AMDVI_R_PPR_TAIL, AMDVI_R_EARLY, AMDVI_ST_PprOverflow, AMDVI_ST_PprOverflowEarly },
			      { AMDVI_R_PPRB_BASE, AMDVI_R_PPRB_HEAD, AMDVI_R_PPRB_TAIL, AMDVI_R_EARLYB, AMDVI_ST_PprOverflowB, AMDVI_ST_PprOverflowEarlyB } } },
};

static uint64_t status_of(const struct amdvi *v)
{
	return amdvi_reg_get(v, AMDVI_R_STATUS, 8);
}

static unsigned dual_of(const struct amdvi *v, const struct log *l)
{
	return (unsigned)bits_get(amdvi_reg_get(v, AMDVI_R_CONTROL, 8), l->dual[0], l->dual[1]);
}

static uint64_t bytes_of(const struct amdvi *v, const struct half *h)
{
	return amdvi_buf_bytes(amdvi_reg_get(v, h->base, 8));
}

static uint64_t used(const struct amdvi *v, const struct half *h)
{
	return (amdvi_reg_get(v, h->tail, 8) - amdvi_reg_get(v, h->head, 8)) & (bytes_of(v, h) - ENTRY_BYTES);
}

/* Can take an entry. If it is full now, *@set gets what Status shall say. */
static bool usable(struct amdvi *v, const struct log *l, const struct half *h, uint32_t *set)
{
	if (status_of(v) & h->overflow)
		return false;
	if (used(v, h) + ENTRY_BYTES < bytes_of(v, h))
		return true;
	*set |= h->overflow | l->full;
	if (l == &logs[AMDVI_LOG_EVENT])
		v->st.event_overflows++;
	else
		v->st.ppr_overflows++;
	return false;
}

static bool write_entry(struct amdvi *v, const struct half *h, const uint64_t rec[2])
{
	uint64_t wrap = bytes_of(v, h) - ENTRY_BYTES, tail = amdvi_reg_get(v, h->tail, 8) & wrap;
	uint64_t at = amdvi_buf_addr(amdvi_reg_get(v, h->base, 8)) + tail;

	if (v->u.port)
		(void)mem_port_access(v->u.port, sim_now(v->u.k), at, ENTRY_BYTES, true); /* posted: nobody waits for its end */
	if (mem_write(v->u.mem, at, rec, 2) != MEM_OK)
		return false;
	amdvi_reg_put(v, h->tail, 8, (tail + ENTRY_BYTES) & wrap);
	return true;
}

static uint32_t early(const struct amdvi *v, const struct half *h)
{
	uint64_t r = h->early && v->cap.early ? amdvi_reg_get(v, h->early, 8) : 0;

	return (r & AMDVI_EARLY_En) && used(v, h) / ENTRY_BYTES > bits_get(r, 14, 0) ? h->early_bit : 0;
}

bool amdvi_log_put(struct amdvi *v, enum amdvi_log_id id, const uint64_t rec[2])
{
	const struct log *l = &logs[id];
	unsigned dual = dual_of(v, l), n = dual == DUAL_B_ONLY || (dual == DUAL_SWAP && (status_of(v) & l->active));
	uint32_t set = 0, clear = 0;
	bool ok;

	if (!(status_of(v) & l->run))
		return false;
	ok = usable(v, l, &l->ab[n], &set);
	if (!ok && dual == DUAL_SWAP) {
		n ^= 1;
		ok = usable(v, l, &l->ab[n], &set);
		if (ok && n)
			set |= l->active;
		else if (ok)
			clear |= l->active;
	}
	ok = ok && write_entry(v, &l->ab[n], rec);
	if (ok)
		set |= l->written | early(v, &l->ab[n]);
	else
		clear |= l->run;
	amdvi_status(v, set, clear); /* last: whoever gets the interrupt finds everything as it will stay */
	return ok;
}

void amdvi_log_enabled(struct amdvi *v, bool event)
{
	const struct log *l = &logs[event ? AMDVI_LOG_EVENT : AMDVI_LOG_PPR];
	bool b = dual_of(v, l) == DUAL_B_ONLY;

	amdvi_status(v, b ? l->active : 0, l->ab[1].overflow | (b ? 0 : l->active));
}

void amdvi_log_event(struct amdvi *v, const uint64_t rec[2])
{
	unsigned code = (unsigned)bits_get(rec[0], 63, 60);

	if (code == AEV_DEV_TAB_HW || code == AEV_PAGE_TAB_HW || code == AEV_COMMAND_HW)
		amdvi_hw_event(v, rec);
	if (amdvi_log_put(v, AMDVI_LOG_EVENT, rec))
		v->st.events++;
	else
		v->st.events_lost++;
}

/* ---- records of refused requests ---- */

#define TYPE_HW (UINT64_C(3) << 57)
#define TYPE_REQ (UINT64_C(7) << 57) /* of INVALID_DEVICE_REQUEST */
#define US_REQ BIT64(49) /* US of INVALID_DEVICE_REQUEST */
enum { ID_NONE, ID_PASID /* if the request has one */, ID_TAG /* PASID with GN, else DomainID */ };
static const struct {
	uint64_t cause, request, operand; /* bits it has: of the cause (xl_res.info), of the request, of the second word */
	uint8_t id;
} records[] = {
	[AEV_ILLEGAL_DTE] = { AEV_F_GN | AEV_F_I | AEV_F_RZ, AEV_F_RW | AEV_F_TR, ~UINT64_C(3), ID_PASID },
	[AEV_IO_PAGE_FAULT] = { AEV_F_GN | AEV_F_I | AEV_F_PR | AEV_F_PE | AEV_F_RZ, AEV_F_NX | AEV_F_US | AEV_F_RW, UINT64_MAX, ID_TAG },
	[AEV_DEV_TAB_HW] = { AEV_F_I | TYPE_HW, AEV_F_RW | AEV_F_TR, UINT64_MAX, ID_NONE },
	[AEV_PAGE_TAB_HW] = { AEV_F_GN | AEV_F_I | TYPE_HW, AEV_F_RW | AEV_F_TR, UINT64_MAX, ID_TAG },
	[AEV_INVALID_DEVICE_REQUEST] = { AEV_F_GN | TYPE_REQ, US_REQ | AEV_F_TR, UINT64_MAX, ID_PASID },
};

bool amdvi_event_record(const struct iommu *u, const struct xl_req *q, const struct xl_res *r, uint64_t rec[2])
{
	bool user = q->has_pasid && !(q->acc & XL_PRIV), tr = q->at == XL_TRANSLATION_REQ;
	uint64_t w, req;

	(void)u;
	if (r->no_record || r->code >= ARRAY_LEN(records) || !records[r->code].operand || (r->code == AEV_IO_PAGE_FAULT && tr))
		return false;
	req = (q->acc & XL_W ? AEV_F_RW : 0) | (tr ? AEV_F_TR : 0);
	if (r->code == AEV_INVALID_DEVICE_REQUEST)
		req |= user ? US_REQ : 0;
	else
		req |= (q->acc & XL_X ? AEV_F_NX : 0) | (user ? AEV_F_US : 0);
	w = (r->info[0] & records[r->code].cause) | (req & records[r->code].request);
	if (records[r->code].id == ID_PASID && q->has_pasid)
		w |= AEV_F_GN;
	if (w & AEV_F_GN) {
		uint64_t pasid = q->has_pasid ? q->pasid : 0;

		w |= (pasid & 0xffff) << 32 | (pasid >> 16 & 0xf) << 16;
	} else if (records[r->code].id == ID_TAG) {
		w |= (r->info[0] & 0xffff) << 32;
	}
	rec[0] = (uint64_t)r->code << 60 | w | (q->rid & 0xffff);
	rec[1] = r->info[1] & records[r->code].operand;
	return true;
}

bool amdvi_fault(struct iommu *u, struct xl *x)
{
	struct amdvi *v = amdvi_of(u);
	const uint64_t *dte = amdvi_walk_dte(x);
	uint64_t rec[2];

	if (x->req.spec)
		return true;
	if (x->res.no_record && x->res.code)
		v->st.events_lost++;
	if (!amdvi_event_record(u, &x->req, &x->res, rec))
		return true;
	if (v->on.viommu && x->res.code == AEV_IO_PAGE_FAULT && (rec[0] & AEV_F_GN) && dte && (dte[3] & BIT64(15)))
		amdvi_viommu_event(v, dte, rec);
	else
		amdvi_log_event(v, rec);
	return true;
}

/* Its state is in registers alone. */
bool amdvi_log_create(struct amdvi *v, struct err *e)
{
	(void)v, (void)e;
	return true;
}

void amdvi_log_destroy(struct amdvi *v)
{
	(void)v;
}
