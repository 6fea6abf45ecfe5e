/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_walk.c - from a request past the gates to its device table entry (document 48882 "Device Table").
 * The HyperTransport address ranges other than interrupts are ordinary addresses.
 */
#include <string.h>
#include "amdvi/amdvi_walk.h"

enum { CPL_UR = 1, CPL_CA = 4 };
enum { REQ_NOT_ALLOWED = 1 }; /* Type of INVALID_DEVICE_REQUEST, TR = 1 */

const uint64_t *amdvi_walk_dte(const struct xl *x)
{
	const struct amdvi_walk *w = (const struct amdvi_walk *)(const void *)x->walk;

	return w->have_dte ? w->dte->w : NULL;
}

enum xl_act amdvi_pass(struct xl *x)
{
	x->res.spa = x->req.iova;
	x->res.size_lg2 = 12;
	x->res.perm = XL_R | XL_W | XL_X;
	x->res.bypass = true;
	return XL_ACT_DONE;
}

/* SE and SA: is this page fault logged? The first of a device under SE is; its cached entry remembers. */
static bool suppressed(struct amdvi *v, struct xl *x)
{
	const struct amdvi_walk *w = walk_of(x);
	uint32_t slot;
	struct amdvi_dtc_entry *e;
	bool was;

	if (!w->have_dte || !(w->dte->w[0] & 1))
		return false;
	if (w->dte->w[1] & BIT64(34))
		return true;
	if (!(w->dte->w[1] & BIT64(33)) || x->functional)
		return false;
	slot = xc_peek(v->dtc, x->req.rid & 0xffff, 0);
	if (slot == XC_MISS)
		return false;
	e = xc_payload(v->dtc, slot);
	was = e->raised;
	e->raised = true;
	return was;
}

enum xl_act amdvi_refuse(struct amdvi *v, struct xl *x, unsigned code, uint64_t flags, uint64_t operand)
{
	struct amdvi_walk *w = walk_of(x);

	amdvi_keep(w); /* for the event, when it is logged */
	x->res.code = (uint16_t)code;
	x->res.info[0] = flags | (w->have_dte ? w->dte->w[1] & 0xffff : 0);
	x->res.info[1] = operand;
	x->res.cpl = code == AEV_ILLEGAL_DTE || code == AEV_DEV_TAB_HW || code == AEV_PAGE_TAB_HW ? CPL_CA : CPL_UR;
	if (code == AEV_IO_PAGE_FAULT && !x->req.spec && suppressed(v, x))
		x->res.no_record = true;
	if (!x->functional) {
		v->st.aborts++;
		amdvi_pc_count(v, 0x04, x, 1);
	}
	return XL_ACT_FAULT;
}

uint64_t amdvi_dte_addr(const struct amdvi *v, uint32_t devid)
{
	unsigned seg = v->on.seg_lg2 ? (devid & 0xffff) >> (16 - v->on.seg_lg2) : 0;
	uint32_t index = devid & (uint32_t)low_mask(16 - v->on.seg_lg2);

	return index < v->on.entries[seg] ? v->on.table[seg] + 32 * (uint64_t)index : UINT64_MAX;
}

static uint64_t dte_reserved(const struct amdvi *v, unsigned word)
{
	const struct amdvi_caps *c = &v->cap;
	uint64_t r;

	if (!word) {
		r = ~UINT64_C(0x7fffffffffffff83);
		if (!v->cfg->dte_rsvd_by_feature)
			return r;
		return r | (c->ha || c->hd ? 0 : bits_mask(8, 7)) | (c->eph || c->ppr ? 0 : bits_mask(53, 52)) | (c->gio ? 0 : BIT64(54)) |
		       (c->gt ? 0 : BIT64(55) | bits_mask(60, 56));
	}
	r = c->sats ? 0 : BIT64(42);
	if (!v->cfg->dte_rsvd_by_feature)
		return r;
	return r | (c->gt ? 0 : bits_mask(31, 16) | bits_mask(63, 43)) | (v->cfg->iotlb_sup ? 0 : BIT64(32));
}

unsigned amdvi_dte_check(const struct amdvi *v, const uint64_t dte[4], bool *rz)
{
	unsigned mode = (unsigned)bits_get(dte[0], 11, 9);

	*rz = (dte[0] & dte_reserved(v, 0)) || (dte[1] & dte_reserved(v, 1)) || bits_get(dte[0], 8, 7) == 2;
	if (*rz)
		return AEV_ILLEGAL_DTE;
	if (mode == 7 || mode > v->cap.host_levels)
		return v->cfg->illegal_mode_page_fault ? AEV_IO_PAGE_FAULT : AEV_ILLEGAL_DTE;
	if ((dte[0] & BIT64(55)) && bits_get(dte[0], 57, 56) > v->cap.glx)
		return AEV_ILLEGAL_DTE;
	return 0;
}

static enum xl_act page_fault(struct amdvi *v, struct xl *x, uint64_t flags)
{
	if (x->req.at == XL_TRANSLATION_REQ) { /* never logged: the device is told "no access" */
		x->res.size_lg2 = 12;
		x->res.perm = 0;
		return XL_ACT_DONE;
	}
	return amdvi_refuse(v, x, AEV_IO_PAGE_FAULT, flags, x->req.iova);
}

enum xl_act amdvi_pass_excluded(struct amdvi *v, struct xl *x)
{
	if (!x->functional) {
		v->st.pass_exclusion++;
		amdvi_pc_count(v, 0x03, x, 1);
	}
	return amdvi_pass(x);
}

/* ATS requests and translated requests before the tables. Returns: true if that decides. */
static bool ats_gate(struct amdvi *v, struct xl *x, enum xl_act *act)
{
	bool tr = x->req.at == XL_TRANSLATION_REQ;

	if (!v->cfg->iotlb_sup || !(walk_of(x)->dte->w[1] & BIT64(32))) {
		*act = amdvi_refuse(v, x, AEV_INVALID_DEVICE_REQUEST, (uint64_t)REQ_NOT_ALLOWED << 57 | (tr ? AEV_F_TR : 0), x->req.iova);
		return true;
	}
	if (tr)
		return false;
	if (!x->functional) {
		v->st.pass_translated++;
		amdvi_pc_count(v, 0x02, x, 1);
	}
	*act = amdvi_pass(x);
	return true;
}

/* Which stages translate the request, and under which PASID. Returns: false if the PASID cannot be translated. */
static bool choose_stages(const struct amdvi *v, const struct xl *x, struct amdvi_walk *w)
{
	bool gv = (w->dte->w[0] & BIT64(55)) && v->on.gt;
	unsigned glx = (unsigned)bits_get(w->dte->w[0], 57, 56), bits = 9 * (glx + 1);

	w->host = dte_mode(w) != 0;
	w->guest = x->req.has_pasid || (gv && v->cap.gio && (w->dte->w[0] & BIT64(54)));
	w->pasid = x->req.has_pasid ? x->req.pasid : 0;
	if (!w->guest)
		return true;
	return gv && !(w->pasid >> (bits < v->cap.pasid_bits ? bits : v->cap.pasid_bits));
}

static enum xl_act dte_known(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	unsigned grant = w->dte->grant;
	enum xl_act act;

	w->have_dte = true;
	if (!(w->dte->w[0] & 1)) {
		if (!x->functional) {
			v->st.pass_untranslated++;
			amdvi_pc_count(v, 0x01, x, 1);
		}
		return amdvi_pass(x);
	}
	if (w->dte->bad)
		return amdvi_refuse(v, x, w->dte->bad, w->dte->rz ? AEV_F_RZ : w->dte->bad == AEV_IO_PAGE_FAULT ? AEV_F_PR : 0, x->req.iova);
	if (amdvi_excluded(v, x->req.iova) && (w->dte->w[1] & BIT64(39)))
		return amdvi_pass_excluded(v, x);
	if (!(w->dte->w[0] & 2))
		return page_fault(v, x, x->req.has_pasid ? AEV_F_GN : 0);
	if (UNLIKELY(x->req.at == XL_TRANSLATION_REQ || x->req.at == XL_TRANSLATED) && ats_gate(v, x, &act))
		return act;
	if (!choose_stages(v, x, w))
		return page_fault(v, x, AEV_F_GN);
	if (x->req.at != XL_TRANSLATION_REQ && (x->req.acc & (XL_R | XL_W) & ~grant))
		return page_fault(v, x, AEV_F_PR | AEV_F_PE | (w->guest ? AEV_F_GN : 0));
	if (!w->guest && !w->host) {
		amdvi_pass(x);
		if (x->req.at == XL_TRANSLATION_REQ && !(x->req.acc & XL_X))
			grant &= ~(unsigned)XL_X;
		x->res.perm = (uint8_t)grant;
		return XL_ACT_DONE;
	}
	return amdvi_xlate(v, x);
}

static enum xl_act dte_read(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	struct amdvi_dtc_entry *e = &w->own_dte;

	if (!x->functional)
		v->st.dte_reads++;
	if (x->mem_st != MEM_OK)
		return amdvi_refuse(v, x, AEV_DEV_TAB_HW, (uint64_t)AEV_TYPE_TARGET_ABORT << 57 | (x->req.at == XL_TRANSLATION_REQ ? AEV_F_TR : 0), x->mem_spa);
	memcpy(e->w, x->data, sizeof(e->w));
	e->rz = e->raised = false;
	e->grant = (e->w[0] & BIT64(61) ? XL_R | XL_X : 0) | (e->w[0] & BIT64(62) ? XL_W : 0);
	e->bad = e->w[0] & 1 ? (uint8_t)amdvi_dte_check(v, e->w, &e->rz) : 0;
	w->dte = e;
	if (!x->functional && !x->nofill) {
		struct xc_tag t = { .first = x->req.rid & 0xffff, .rid = x->req.rid & 0xffff, .did = (uint16_t)e->w[1], .kind = AMDVI_K_DTC };
		uint32_t slot = xc_fill(v->dtc, &t);

		if (slot != XC_MISS)
			*(struct amdvi_dtc_entry *)xc_payload(v->dtc, slot) = *e;
	}
	return dte_known(v, x);
}

enum xl_act amdvi_dte_lookup(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	uint32_t devid = x->req.rid & 0xffff;
	uint64_t addr;

	if (!x->functional) {
		uint32_t slot = xc_lookup(v->dtc, devid, 0);

		xl_charge(x, v->dtc, &v->cfg->dtc);
		amdvi_pc_count(v, slot == XC_MISS ? 0x0b : 0x0a, x, 1);
		if (LIKELY(slot != XC_MISS)) {
			w->dtc_slot = slot;
			w->dte = xc_payload(v->dtc, slot);
			return dte_known(v, x);
		}
	}
	addr = amdvi_dte_addr(v, devid);
	if (addr == UINT64_MAX)
		return amdvi_refuse(v, x, AEV_IO_PAGE_FAULT, 0, 0);
	w->phase = AMDVI_PH_DTE;
	x->mem_spa = addr;
	x->mem_words = 4;
	return XL_ACT_READ;
}

enum xl_act amdvi_next(struct iommu *u, struct xl *x)
{
	struct amdvi *v = amdvi_of(u);

	return walk_of(x)->phase == AMDVI_PH_DTE ? dte_read(v, x) : amdvi_xlate_next(v, x);
}
