/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_ppr.c - page requests: who may send them, the PPR log's entries, and what the hardware answers. The ring is in amdvi_log.c.
 * Models: an entry is written when the request arrives. The device table entry is read from memory in zero time: no cache is looked up or
 * filled, no time passes, no statistic counts it; and only if it says something about page requests (EPHSup, or vIommuEn).
 * Our choices where the specification text we have is silent or terse:
 * - Accepted: IommuEn, PPREn, and with EPHSup a valid entry with PPR = 1; otherwise INVALID_PPR_REQUEST, also beyond the table. An entry
 *   that cannot be read or is illegal leaves its own event. A refused request is answered Invalid Request, or Response Failure if it is
 *   for such an entry.
 * - The hardware answers the last request of a group only, and never a stop marker (last, with PASID, neither read nor write).
 * - Automatic responses (PprAutoRspEn): to a request that the log does not take because it is full or off. With PprAutoRspAon as well, to
 *   every request, and none is logged; stop markers are. PprAutoRspAon without PprAutoRspEn has no effect. Without automatic responses
 *   a dropped request gets no answer.
 *   MaskGn = 1 leaves the PASID out of the response; so does GPRP = 0 in the entry with EPHSup.
 * - BlkStopMrkEn drops stop markers. A full log sets PprInt beside PprOverflow. User: a request with PASID that is not privileged.
 * - A device with vImuEn: the host's PPREn and its entry's PPR come first, then the guest's log; if the guest does not take it, the host's.
 * Does not model: the flag for reserved bits in the request (55); EPHEn, which is stored and not looked at.
 * Spec: 48882, "Peripheral Page Request (PPR) Logging", "PPR Auto Response".
 */
#include "amdvi/amdvi_log.h"
#include "amdvi/amdvi_regs.h"

enum { CODE_PAGE_SERVICE = 1, RESP_INVALID = 0x1, RESP_FAILURE = 0xf /* PCIe codes */ };
#define DTE_V BIT64(0) /* of the first word */
#define DTE_PPR BIT64(52)
#define DTE_GPRP BIT64(53)
#define DTE_vImuEn BIT64(15) /* of the last word */

static bool stop_marker(const struct page_req *p)
{
	return p->has_pasid && p->last && !p->r && !p->w;
}

/* Entries of the PPR log and of INVALID_PPR_REQUEST differ in the code alone. */
static void encode(const struct page_req *p, unsigned code, uint64_t rec[2])
{
	uint64_t pasid = p->has_pasid ? p->pasid : 0;

	rec[0] = (p->rid & 0xffff) | (pasid & 0xffff) << 16 | (uint64_t)(p->prgi & 0x1ff) << 32 | (uint64_t)p->last << 41 |
		 (pasid >> 16 & 0xf) << 42 | (uint64_t)p->x << 49 | (uint64_t)p->r << 50 | (uint64_t)p->w << 53 |
		 (uint64_t)(p->has_pasid && !p->priv) << 54 | (uint64_t)p->has_pasid << 56 | (uint64_t)code << 60;
	rec[1] = p->addr & bits_mask(63, 12);
}

static void respond(struct amdvi *v, const struct page_req *p, bool pasid, unsigned code)
{
	struct page_resp r = { .rid = p->rid, .pasid = pasid ? p->pasid : 0, .has_pasid = pasid, .prgi = p->prgi, .code = (uint8_t)code };

	if (!p->last || stop_marker(p))
		return;
	v->st.ppr_auto++;
	if (v->u.env.page_resp)
		v->u.env.page_resp(v->u.env.arg, &r);
}

static void auto_respond(struct amdvi *v, const struct page_req *p, const uint64_t dte[4])
{
	uint64_t r = amdvi_reg_get(v, AMDVI_R_AUTORSP, 8);
	bool pasid = p->has_pasid && !(r & AMDVI_AUTORSP_MaskGn) && (!v->cap.eph || (dte[0] & DTE_GPRP));

	respond(v, p, pasid, (unsigned)bits_get(r, 3, 0));
}

/* Is the request accepted? Returns: 0, or the event, with its flags and operand in *@res. @dte: zero if not read. */
static unsigned admit(const struct amdvi *v, const struct page_req *p, uint64_t dte[4], struct xl_res *res)
{
	uint64_t at;
	unsigned event;
	bool rz;

	if (!v->on.iommu || !v->on.ppr)
		return AEV_INVALID_PPR_REQUEST;
	if (!v->cap.eph && !v->on.viommu)
		return 0;
	at = amdvi_dte_addr(v, p->rid);
	if (at == UINT64_MAX)
		return AEV_INVALID_PPR_REQUEST;
	if (mem_read(v->u.mem, at, dte, 4) != MEM_OK) {
		res->info[0] = (uint64_t)AEV_TYPE_TARGET_ABORT << 57;
		res->info[1] = at;
		return AEV_DEV_TAB_HW;
	}
	if (!(dte[0] & DTE_V))
		return v->cap.eph ? AEV_INVALID_PPR_REQUEST : 0;
	event = amdvi_dte_check(v, dte, &rz);
	if (event) {
		res->info[0] = (rz ? AEV_F_RZ : event == AEV_IO_PAGE_FAULT ? AEV_F_PR : 0) | (dte[1] & 0xffff);
		res->info[1] = p->addr;
		return event;
	}
	return v->cap.eph && !(dte[0] & DTE_PPR) ? AEV_INVALID_PPR_REQUEST : 0;
}

static void refuse(struct amdvi *v, const struct page_req *p, unsigned event, struct xl_res *res)
{
	struct xl_req q = { .iova = p->addr, .rid = p->rid, .pasid = p->pasid, .has_pasid = p->has_pasid, .acc = (uint8_t)(p->w ? XL_W : XL_R) };
	uint64_t rec[2];

	res->code = (uint16_t)event;
	if (event == AEV_INVALID_PPR_REQUEST)
		encode(p, event, rec);
	else if (!amdvi_event_record(&v->u, &q, res, rec))
		return;
	amdvi_log_event(v, rec);
	respond(v, p, p->has_pasid, event == AEV_INVALID_PPR_REQUEST ? RESP_INVALID : RESP_FAILURE);
}

void amdvi_page_request(struct iommu *u, const struct page_req *p)
{
	struct amdvi *v = amdvi_of(u);
	uint64_t dte[4] = { 0 }, rec[2];
	struct xl_res res = { 0 };
	unsigned event = admit(v, p, dte, &res);

	if (event) {
		refuse(v, p, event, &res);
		return;
	}
	encode(p, CODE_PAGE_SERVICE, rec);
	if (v->on.viommu && (dte[0] & DTE_V) && (dte[3] & DTE_vImuEn) && amdvi_viommu_ppr(v, dte, rec))
		return;
	if (stop_marker(p)) {
		if (v->on.blkstop)
			return;
	} else if (v->on.auto_rsp && v->on.auto_rsp_aon) {
		auto_respond(v, p, dte);
		return;
	}
	if (amdvi_log_put(v, AMDVI_LOG_PPR, rec))
		v->st.pprs++;
	else if (v->on.auto_rsp)
		auto_respond(v, p, dte);
}
