/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_evtq.c - the event queue: when it can be written, overflow, merging of records, and iommu_ops.fault.
 * Models: records are written at the time of the fault as a posted write: they take bandwidth and a slot of the memory port, and
 * record, PROD and interrupt become visible in this order within that instant. Aborts of the write are synchronous: PROD stays.
 * A record that cannot be written is dropped; only a full queue that is enabled and has no abort active also overflows. An overflow
 * does not keep later records out once there is room. Indices that are inconsistent count as full.
 * Merging (an option, off by default): with the record written last only, while that is unread.
 * Does not model: records on their way to memory, asynchronous aborts, cacheability attributes.
 * Spec: Arm IHI 0070, "Event queue", "Event queue overflow", "Event merging".
 */
#include "smmuv3/smmuv3_evtq.h"
#include "smmuv3/smmuv3_outq.h"

#include <stdlib.h>
#include <string.h>

enum smmuv3_put smmuv3_evtq_put(struct smmuv3 *s, const uint64_t rec[SMMUV3_EVENT_WORDS])
{
	struct smmuv3_outq q = smmuv3_eventq(s);
	bool was_empty = q.prod == q.cons;

	if (!s->on.eventq || smmuv3_gerror_active(s, GERR_EVENTQ_ABT))
		return SMMUV3_PUT_OFF;
	if (smmuv3_outq_full(&q))
		return SMMUV3_PUT_FULL;
	if (!smmuv3_outq_put(s, &q, rec)) {
		smmuv3_gerror(s, GERR_EVENTQ_ABT);
		return SMMUV3_PUT_ABORT;
	}
	memcpy(s->eq->last, rec, sizeof(s->eq->last));
	s->eq->last_prod = q.prod;
	s->eq->have_last = true;
	s->st.events++;
	if (was_empty)
		smmuv3_irq(s, SMMUV3_IRQ_EVENTQ);
	return SMMUV3_PUT_OK;
}

/* ---- merging ---- */

/* Mergeable whatever STE.MEV says. */
static bool merges_always(unsigned code)
{
	return code == EV_UUT || code == EV_BAD_STREAMID || code == EV_STE_FETCH || code == EV_BAD_STE;
}

static uint64_t compared_address_bits(unsigned code)
{
	switch (code) {
	case EV_TRANSL_FORBIDDEN: case EV_WALK_EABT: case EV_TRANSLATION: case EV_ADDR_SIZE: case EV_ACCESS: case EV_PERMISSION: case EV_TLB_CONFLICT:
		return ~UINT64_C(0xfff);
	}
	return UINT64_MAX;
}

static bool merged(const struct smmuv3 *s, const uint64_t *rec, bool mev)
{
	const struct smmuv3_evtq *q = s->eq;
	unsigned code = rec[0] & 0xff;
	struct smmuv3_outq r;

	if (!s->cfg->merge_events || !q->have_last || !(mev || merges_always(code)) || !s->on.eventq)
		return false;
	r = smmuv3_eventq(s); /* a stall record never matches: its bit Stall is not in @rec */
	return r.prod == q->last_prod && r.prod != r.cons && rec[0] == q->last[0] && rec[1] == q->last[1] && rec[3] == q->last[3] &&
	       !((rec[2] ^ q->last[2]) & compared_address_bits(code));
}

/* ---- records that do not belong to a stalled request ---- */

static void lost(struct smmuv3 *s, enum smmuv3_put why)
{
	struct smmuv3_outq q = smmuv3_eventq(s);

	s->st.events_lost++;
	if (why == SMMUV3_PUT_FULL && smmuv3_outq_overflow(s, &q))
		s->st.event_overflows++;
}

static bool append(struct smmuv3 *s, const uint64_t *rec, bool mev)
{
	enum smmuv3_put p;

	if (merged(s, rec, mev)) {
		s->st.events_merged++;
		return true;
	}
	p = smmuv3_evtq_put(s, rec);
	if (p != SMMUV3_PUT_OK)
		lost(s, p);
	return p == SMMUV3_PUT_OK;
}

bool smmuv3_event_write(struct smmuv3 *s, const uint64_t rec[4])
{
	return append(s, rec, false);
}

/* Only the translation faults can stall, and only requests that a client waits for. */
static bool may_stall(const struct smmuv3 *s, const struct xl *x)
{
	return (x->res.info[0] & SMMUV3_I_STALL) && s->cap.stall_model != 1 && x->req.at == XL_UNTRANSLATED && x->res.code >= EV_TRANSLATION &&
	       x->res.code <= EV_PERMISSION;
}

bool smmuv3_fault(struct iommu *u, struct xl *x)
{
	struct smmuv3 *s = smmuv3_of(u);
	uint64_t rec[SMMUV3_EVENT_WORDS];

	if (x->req.spec || !smmuv3_event_record(u, &x->req, &x->res, rec))
		return true;
	if (may_stall(s, x)) {
		if (smmuv3_stall_hold(s, x, rec))
			return false;
		x->res.raz = false; /* no STAG: aborted */
	}
	append(s, rec, x->res.info[0] & SMMUV3_I_MEV);
	return true;
}

bool smmuv3_evtq_create(struct smmuv3 *s, struct err *e)
{
	s->eq = calloc(1, sizeof(*s->eq));
	if (!s->eq)
		return err_set(e, ERR_MACHINE, "%s: out of memory", s->u.name);
	s->eq->free_head = s->eq->free_tail = s->eq->held_head = s->eq->held_tail = SMMUV3_STALL_NONE;
	return smmuv3_stall_create(s) || err_set(e, ERR_MACHINE, "%s: out of memory for %u stalled requests", s->u.name, s->cap.stall_max);
}

void smmuv3_evtq_destroy(struct smmuv3 *s)
{
	if (!s->eq)
		return;
	free(s->eq->stall);
	free(s->eq);
	s->eq = NULL;
}
