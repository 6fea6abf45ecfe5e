/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_priq.c - page requests: the PRI queue, its overflow, responses that the hardware gives, and CMD_PRI_RESP's message.
 * Models: an entry is written when the request arrives, as a posted write (bandwidth and a slot of the memory port); entry, PROD and
 * interrupt become visible in this order within that instant. Overflow blocks the queue until it is acknowledged. Aborts of the
 * write are synchronous. The STE that an overflow response may need (PPAR) is read from memory in zero time: no cache is looked up
 * or filled, no time passes, no statistic counts it. A request refused because the queue is off or an abort is active is answered with
 * Response Failure whether it is the last of its group or not; a stop marker is never answered.
 * Does not model: entries on their way to memory, asynchronous aborts, F_VMS_FETCH and F_CFG_CONFLICT of that STE.
 * Spec: Arm IHI 0070, "PRI queue", "PRI queue overflow", "Auto-generated PRG responses".
 */
#include "smmuv3/smmuv3_outq.h"

enum { R_PRIQ_IRQ_CFG2 = 0xdc, LO = 31 };
enum { RESP_SUCCESS = 0x0, RESP_INVALID = 0x1, RESP_FAILURE = 0xf }; /* PCIe codes */
/* ---- responses ---- */

static void respond(struct smmuv3 *s, const struct page_req *p, bool pasid, unsigned code)
{
	struct page_resp r = { .rid = p->rid, .pasid = pasid ? p->pasid : 0, .has_pasid = pasid, .prgi = p->prgi, .code = (uint8_t)code };

	s->st.pri_auto++;
	if (s->u.env.page_resp)
		s->u.env.page_resp(s->u.env.arg, &r);
}

static bool stop_marker(const struct page_req *p)
{
	return p->has_pasid && p->last && !p->w && !p->r;
}

/* The STE of @sid: 0, or the event that says why there is none; *addr is where reading failed. */
static unsigned find_ste(const struct smmuv3 *s, uint32_t sid, uint64_t ste[8], uint64_t *addr)
{
	int how = smmuv3_ste_find(s, sid, addr);
	uint64_t l1;

	if (how < 0)
		return EV_BAD_STREAMID;
	if (how > 0) {
		if (mem_read(s->u.mem, *addr, &l1, 1) != MEM_OK)
			return EV_STE_FETCH;
		if (!smmuv3_l1std_ste(s, l1, sid, addr))
			return EV_BAD_STREAMID;
	}
	if (mem_read(s->u.mem, *addr, ste, smmuv3_ste_words) != MEM_OK)
		return EV_STE_FETCH;
	return (ste[0] & 1) && smmuv3_ste_ok(s, ste) ? 0 : EV_BAD_STE;
}

static void record_config_error(struct smmuv3 *s, const struct page_req *p, unsigned event, uint64_t addr)
{
	struct xl_req q = { .iova = p->addr, .rid = p->rid, .pasid = p->pasid, .has_pasid = p->has_pasid };
	struct xl_res r = { .code = (uint16_t)event, .info = { 0, addr } };
	uint64_t rec[4];

	if (!s->on.rec_cfg_ats || (event == EV_BAD_STREAMID && !s->on.recinvsid))
		return;
	if (smmuv3_event_record(&s->u, &q, &r, rec))
		(void)smmuv3_event_write(s, rec);
}

/* The answer to the last request of a group that an overflow dropped. */
static void respond_overflow(struct smmuv3 *s, const struct page_req *p)
{
	uint64_t ste[8], addr = 0;
	unsigned event;

	if (!p->has_pasid || s->cap.pps) {
		respond(s, p, p->has_pasid, RESP_SUCCESS);
		return;
	}
	event = find_ste(s, p->rid, ste, &addr);
	if (event) {
		record_config_error(s, p, event, addr);
		respond(s, p, false, RESP_FAILURE);
		return;
	}
	respond(s, p, smmuv3_get_ste_PPAR(ste), RESP_SUCCESS);
}

void smmuv3_pri_resp(struct smmuv3 *s, uint32_t sid, bool ssv, uint32_t ssid, unsigned prgi, unsigned resp)
{
	static const uint8_t code[4] = { RESP_FAILURE, RESP_INVALID, RESP_SUCCESS, RESP_FAILURE /* refused before it comes here */ };
	struct page_resp r = { .rid = sid, .pasid = ssv ? ssid : 0, .has_pasid = ssv, .prgi = (uint16_t)(prgi & 0x1ff), .code = code[resp & 3] };

	if (s->u.env.page_resp)
		s->u.env.page_resp(s->u.env.arg, &r);
}

/* ---- the queue ---- */

/* PRIQ_IRQ_CFG2.LO: interrupt for the last request of every group, even one dropped by overflow; else when the queue gets its first entry. */
static void interrupt(struct smmuv3 *s, bool last, bool first)
{
	bool lo = smmuv3_reg_get(s, R_PRIQ_IRQ_CFG2, 4) >> LO & 1;

	if (lo ? last : first)
		smmuv3_irq(s, SMMUV3_IRQ_PRIQ);
}

static void overflow(struct smmuv3 *s, const struct smmuv3_outq *q, const struct page_req *p)
{
	if (smmuv3_outq_overflow(s, q))
		s->st.pri_overflows++;
	if (p->last && !stop_marker(p))
		respond_overflow(s, p);
	interrupt(s, p->last, false);
}

static void encode(const struct page_req *p, uint64_t w[2])
{
	w[0] = p->rid | (uint64_t)(p->has_pasid ? p->pasid & 0xfffff : 0) << 32 | (uint64_t)p->priv << 58 | (uint64_t)p->x << 59 | (uint64_t)p->r << 60 |
	       (uint64_t)p->w << 61 | (uint64_t)p->last << 62 | (uint64_t)p->has_pasid << 63;
	w[1] = (p->prgi & 0x1ffu) | (p->addr & bits_mask(63, 12));
}

static void refuse(struct smmuv3 *s, const struct page_req *p)
{
	if (!stop_marker(p))
		respond(s, p, false, RESP_FAILURE);
}

void smmuv3_page_request(struct iommu *u, const struct page_req *p)
{
	struct smmuv3 *s = smmuv3_of(u);
	struct smmuv3_outq q;
	bool was_empty;
	uint64_t w[2];

	if (!s->on.priq || smmuv3_gerror_active(s, GERR_PRIQ_ABT)) {
		refuse(s, p);
		return;
	}
	q = smmuv3_priq(s);
	if (q.ovflg != q.ovack || smmuv3_outq_full(&q)) {
		overflow(s, &q, p);
		return;
	}
	was_empty = q.prod == q.cons;
	encode(p, w);
	if (!smmuv3_outq_put(s, &q, w)) {
		smmuv3_gerror(s, GERR_PRIQ_ABT);
		refuse(s, p);
		return;
	}
	s->st.page_requests++;
	interrupt(s, p->last, was_empty);
}
