/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_walk.c - from a request to its page tables: root, context and PASID structures.
 * Check order at each structure: access error, present, reserved bits, validity.
 */
#include <string.h>

#include "vtd/vtd_walk.h"

enum { /* reserved bits of the structures, quadword by quadword */
	TT_UNTRANSLATED = 0,
	TT_ALL = 1,
	TT_PASS = 2
};

static uint64_t above_haw(const struct vtd *v)
{
	return v->cap.haw < 64 ? ~low_mask(v->cap.haw) : 0;
}

/* What a translation request is told (7.2, U6): malformed or unreadable structures abort it, blocked or absent ones do not support it. */
static unsigned completion(unsigned code)
{
	switch (code) {
	case 0x03: case 0x08: case 0x09: case 0x0a: case 0x0b:
	case 0x38: case 0x3a: case 0x40: case 0x42: case 0x43:
	case 0x50: case 0x52: case 0x58: case 0x5a: case 0x5b:
		return 4;
	}
	return 1;
}

enum xl_act vtd_refuse(struct xl *x, unsigned code)
{
	struct vtd_walk *w = walk_of(x);

	x->res.code = (uint16_t)code;
	if (w->fpd && vtd_fault_qualified(code))
		x->res.no_record = true;
	x->res.cpl = (uint8_t)completion(code);
	return XL_ACT_FAULT;
}

enum xl_act vtd_pass(struct xl *x)
{
	x->res.spa = x->req.iova;
	x->res.size_lg2 = 12;
	x->res.perm = XL_R | XL_W | XL_X;
	x->res.bypass = true;
	return XL_ACT_DONE;
}

void vtd_keep(struct vtd_walk *w)
{
	if (w->ctx && w->ctx != w->own_ctx) {
		memcpy(w->own_ctx, w->ctx, sizeof(w->own_ctx));
		w->ctx = w->own_ctx;
	}
	if (w->pe && w->pe != w->own_pe) {
		memcpy(w->own_pe, w->pe, sizeof(w->own_pe));
		w->pe = w->own_pe;
	}
}

static enum xl_act read_struct(struct xl *x, enum vtd_phase ph, uint64_t spa, unsigned words)
{
	vtd_keep(walk_of(x));
	walk_of(x)->phase = ph;
	x->mem_spa = spa;
	x->mem_words = (uint8_t)words;
	return XL_ACT_READ;
}

/* ---- legacy mode ---- */

static bool aw_supported(const struct vtd *v, unsigned aw)
{
	return aw >= 1 && aw <= 3 && (v->cap.sagaw >> aw & 1);
}

static unsigned aw_max(const struct vtd *v)
{
	for (unsigned aw = 3; aw; aw--)
		if (v->cap.sagaw >> aw & 1)
			return aw;
	return 0;
}

static enum xl_act legacy_context_ok(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned tt = (unsigned)bits_get(w->ctx[0], 3, 2);

	if (tt != TT_ALL && x->req.at != XL_UNTRANSLATED)
		return vtd_refuse(x, 0x0d);
	if (tt == TT_ALL && x->req.at == XL_TRANSLATED)
		return vtd_pass(x);
	x->tag = (struct xc_tag){ .rid = x->req.rid, .did = (uint16_t)(bits_get(w->ctx[1], 23, 8) & low_mask(v->cap.nd_bits)) };
	if (tt == TT_PASS) {
		unsigned limit = 30 + 9 * (unsigned)bits_get(w->ctx[1], 2, 0);

		if (x->req.iova & ~low_mask(limit < v->cap.haw ? limit : v->cap.haw))
			return vtd_refuse(x, 0x04);
	}
	return vtd_xlate_begin(v, x);
}

static enum xl_act legacy_context(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned tt, aw;

	if (x->mem_st != MEM_OK)
		return vtd_refuse(x, 0x09);
	memcpy(w->own_ctx, x->data, 16);
	w->own_ctx[2] = w->own_ctx[3] = 0;
	w->ctx = w->own_ctx;
	w->fpd |= w->ctx[0] >> 1 & 1;
	if (!(w->ctx[0] & 1))
		return vtd_refuse(x, 0x02);
	if ((w->ctx[0] & (bits_mask(11, 4) | above_haw(v))) || (w->ctx[1] & (BIT64(7) | bits_mask(63, 24))) ||
	    (v->cap.nd_bits < 16 && (w->ctx[1] & bits_mask(23, 8 + v->cap.nd_bits))))
		return vtd_refuse(x, 0x0b);
	tt = (unsigned)bits_get(w->ctx[0], 3, 2);
	aw = (unsigned)bits_get(w->ctx[1], 2, 0);
	if (tt == 3 || (tt == TT_ALL && !v->cap.dt) || (tt == TT_PASS && !v->cap.pt) || !aw_supported(v, aw) ||
	    (tt == TT_PASS && aw != aw_max(v)))
		return vtd_refuse(x, 0x03);
	if (!x->functional && !x->nofill) {
		struct xc_tag t = { .first = x->req.rid, .rid = x->req.rid, .did = (uint16_t)bits_get(w->ctx[1], 23, 8) };
		uint32_t slot = xc_fill(v->cc, &t);

		if (slot != XC_MISS)
			memcpy(xc_payload(v->cc, slot), w->own_ctx, sizeof(struct vtd_cc_entry));
	}
	return legacy_context_ok(v, x);
}

static enum xl_act legacy_root(struct vtd *v, struct xl *x)
{
	if (x->mem_st != MEM_OK)
		return vtd_refuse(x, 0x08);
	if (!(x->data[0] & 1))
		return vtd_refuse(x, 0x01);
	if ((x->data[0] & (bits_mask(11, 1) | above_haw(v))) || x->data[1])
		return vtd_refuse(x, 0x0a);
	return read_struct(x, VTD_PH_CONTEXT, (x->data[0] & bits_mask(63, 12)) + 16 * (x->req.rid & 0xff), 2);
}

/* ---- scalable mode: pure checks, shared with page requests (vtd_prq.c) ---- */

unsigned vtd_check_sroot(const struct vtd *v, uint64_t half)
{
	if (!(half & 1))
		return 0x39;
	return half & (bits_mask(11, 1) | above_haw(v)) ? 0x3a : 0;
}

unsigned vtd_check_scontext(const struct vtd *v, const uint64_t *c)
{
	uint64_t rsvd = bits_mask(8, 5) | above_haw(v) | (v->cap.dt ? 0 : BIT64(2)) | (v->cap.prs ? 0 : BIT64(4));

	if (!(c[0] & 1))
		return 0x41;
	if ((c[0] & rsvd) || (c[1] & bits_mask(63, 21)) || c[2] || c[3])
		return 0x42;
	return (c[0] & BIT64(3)) && !v->cap.pasid ? 0x43 : 0; /* PASIDE on a unit without: invalid programming (model choice, U4) */
}

unsigned vtd_select_pasid(const struct vtd *v, const uint64_t *c, bool has_pasid, uint32_t pasid, uint32_t *out)
{
	unsigned bits = (unsigned)bits_get(c[0], 11, 9) + 13; /* PDTS */

	if (!has_pasid) {
		*out = v->cap.rps ? (uint32_t)bits_get(c[1], 19, 0) : 0; /* RID_PASID */
		return *out >> bits ? 0x48 : 0;
	}
	*out = pasid;
	if (!(c[0] & BIT64(3))) /* PASIDE */
		return 0x45;
	return pasid >> bits || pasid >= BIT64(v->cap.pss) ? 0x46 : 0;
}

/* ---- scalable mode ---- */

static enum xl_act pasid_ok(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned pgtt = (unsigned)bits_get(w->pe[0], 8, 6);

	if ((x->req.acc & XL_X) && !(w->pe[2] & 2)) /* ERE */
		return vtd_refuse(x, 0x5c);
	if (w->priv && !(w->pe[2] & 1)) /* SRE */
		return vtd_refuse(x, 0x5d);
	x->tag = (struct xc_tag){ .rid = x->req.rid, .pasid = w->pasid,
				  .did = (uint16_t)(bits_get(w->pe[1], 15, 0) & low_mask(v->cap.nd_bits)) };
	if (pgtt == VTD_PGTT_PT && (x->req.iova & above_haw(v)))
		return vtd_refuse(x, 0x83);
	return vtd_xlate_begin(v, x);
}

static bool pasid_entry_valid(const struct vtd *v, const uint64_t *pe)
{
	unsigned pgtt = (unsigned)bits_get(pe[0], 8, 6), aw = (unsigned)bits_get(pe[0], 4, 2), fspm = (unsigned)bits_get(pe[2], 3, 2);
	bool fs = pgtt == VTD_PGTT_FS || pgtt == VTD_PGTT_NESTED, ss = pgtt == VTD_PGTT_SS || pgtt == VTD_PGTT_NESTED;

	if (pgtt < VTD_PGTT_FS || pgtt > VTD_PGTT_PT)
		return false;
	if ((pgtt == VTD_PGTT_FS && !v->cap.fsts) || (pgtt == VTD_PGTT_SS && !v->cap.ssts) || (pgtt == VTD_PGTT_NESTED && !v->cap.nest) ||
	    (pgtt == VTD_PGTT_PT && !v->cap.pt))
		return false;
	if (ss && !aw_supported(v, aw))
		return false;
	return !fs || fspm == 0 || (fspm == 1 && v->cap.fs5lp);
}

static bool pasid_entry_reserved(const struct vtd *v, const uint64_t *pe)
{
	unsigned pgtt = (unsigned)bits_get(pe[0], 8, 6);

	if ((pe[0] & bits_mask(11, 10)) || (pe[1] & bits_mask(22, 16)) || (pe[2] & bits_mask(11, 8)) || pe[3] || pe[4] || pe[5] || pe[6] ||
	    pe[7])
		return true;
	if ((pe[0] & BIT64(9)) && !v->cap.ssads)
		return true;
	if ((pgtt == VTD_PGTT_SS || pgtt == VTD_PGTT_NESTED) && (pe[0] & above_haw(v)))
		return true;
	return pgtt == VTD_PGTT_FS && (pe[2] & above_haw(v));
}

static enum xl_act pasid_entry(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);

	if (x->mem_st != MEM_OK)
		return vtd_refuse(x, 0x58);
	memcpy(w->own_pe, x->data, sizeof(w->own_pe));
	w->pe = w->own_pe;
	w->fpd |= w->pe[0] >> 1 & 1;
	if (!(w->pe[0] & 1))
		return vtd_refuse(x, 0x59);
	if (pasid_entry_reserved(v, x->data))
		return vtd_refuse(x, 0x5a);
	if (!pasid_entry_valid(v, w->pe))
		return vtd_refuse(x, 0x5b);
	if (!x->functional && !x->nofill) {
		struct xc_tag t = { .first = w->pasid, .id = x->req.rid, .rid = x->req.rid, .pasid = w->pasid,
				    .did = (uint16_t)(w->pe[1] & low_mask(v->cap.nd_bits)) };
		uint32_t slot = xc_fill(v->pc, &t);

		if (slot != XC_MISS) {
			struct vtd_pc_entry *p = xc_payload(v->pc, slot);

			memcpy(p->w, w->own_pe, sizeof(p->w));
			p->fpd = w->dir_fpd || (w->pe[0] >> 1 & 1);
		}
	}
	return pasid_ok(v, x);
}

static enum xl_act pasid_dir(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);

	if (x->mem_st != MEM_OK)
		return vtd_refuse(x, 0x50);
	w->dir_fpd = x->data[0] >> 1 & 1;
	w->fpd |= w->dir_fpd;
	if (!(x->data[0] & 1))
		return vtd_refuse(x, 0x51);
	if (x->data[0] & (bits_mask(11, 2) | above_haw(v)))
		return vtd_refuse(x, 0x52);
	return read_struct(x, VTD_PH_PASID, (x->data[0] & bits_mask(63, 12)) + 64 * (uint64_t)(w->pasid & 63), 8);
}

static enum xl_act scalable_context_ok(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned code;

	if (x->req.at != XL_UNTRANSLATED && !(w->ctx[0] & 4)) /* DTE */
		return vtd_refuse(x, 0x44);
	if (x->req.at == XL_TRANSLATED)
		return vtd_pass(x);
	code = vtd_select_pasid(v, w->ctx, x->req.has_pasid, x->req.pasid, &w->pasid);
	if (code)
		return vtd_refuse(x, code);
	w->priv = x->req.has_pasid ? x->req.acc & XL_PRIV : v->cap.rprivs && (w->ctx[1] >> 20 & 1);
	if (!x->functional) {
		uint32_t slot = xc_lookup(v->pc, w->pasid, x->req.rid);

		xl_charge(x, v->pc, &v->cfg->pasid);
		if (slot != XC_MISS) {
			const struct vtd_pc_entry *p = xc_payload(v->pc, slot);

			w->pc_slot = slot;
			w->pe = p->w;
			w->fpd |= p->fpd;
			return pasid_ok(v, x);
		}
	}
	return read_struct(x, VTD_PH_PASIDDIR, (w->ctx[0] & bits_mask(63, 12)) + 8 * (uint64_t)(w->pasid >> 6), 1);
}

static enum xl_act scalable_context(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned code;

	if (x->mem_st != MEM_OK)
		return vtd_refuse(x, 0x40);
	memcpy(w->own_ctx, x->data, 32);
	w->ctx = w->own_ctx;
	w->fpd |= w->ctx[0] >> 1 & 1;
	code = vtd_check_scontext(v, w->ctx);
	if (code)
		return vtd_refuse(x, code);
	if (!x->functional && !x->nofill) {
		struct xc_tag t = { .first = x->req.rid, .rid = x->req.rid };
		uint32_t slot = xc_fill(v->cc, &t);

		if (slot != XC_MISS)
			memcpy(xc_payload(v->cc, slot), w->own_ctx, sizeof(struct vtd_cc_entry));
	}
	return scalable_context_ok(v, x);
}

static enum xl_act scalable_root(struct vtd *v, struct xl *x)
{
	uint64_t half = x->data[x->req.rid >> 7 & 1];
	unsigned code = x->mem_st != MEM_OK ? 0x38 : vtd_check_sroot(v, half);

	if (code)
		return vtd_refuse(x, code);
	return read_struct(x, VTD_PH_CONTEXT, (half & bits_mask(63, 12)) + 32 * (x->req.rid & 0x7f), 4);
}

/* ---- the beginning ---- */

static enum xl_act context_lookup(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);

	if (!x->functional) {
		uint32_t slot = xc_lookup(v->cc, x->req.rid, 0);

		xl_charge(x, v->cc, &v->cfg->ctx);
		if (slot != XC_MISS) {
			w->cc_slot = slot;
			w->ctx = ((const struct vtd_cc_entry *)xc_payload(v->cc, slot))->w;
			w->fpd = w->ctx[0] >> 1 & 1;
			return w->scalable ? scalable_context_ok(v, x) : legacy_context_ok(v, x);
		}
	}
	return read_struct(x, VTD_PH_ROOT, v->root + 16 * (uint64_t)(x->req.rid >> 8 & 0xff), 2);
}

/* What the root table's mode says, then the structures. */
enum xl_act vtd_config_begin(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);

	w->ctx = w->pe = NULL;
	w->cc_slot = w->pc_slot = XC_MISS;
	w->priv = x->req.acc & XL_PRIV;
	w->pasid = 0;
	if (v->ttm == VTD_TTM_RSVD || (w->scalable && !v->cap.smts) || (v->ttm == VTD_TTM_ABORT && !v->cap.adms))
		return vtd_refuse(x, 0x30);
	if (v->ttm == VTD_TTM_ABORT)
		return vtd_refuse(x, 0x33);
	if (!w->scalable && x->req.has_pasid)
		return vtd_refuse(x, 0x31);
	return context_lookup(v, x);
}

enum xl_act vtd_walk_next(struct iommu *u, struct xl *x)
{
	struct vtd *v = vtd_of(u);
	struct vtd_walk *w = walk_of(x);

	switch ((enum vtd_phase)w->phase) {
	case VTD_PH_ROOT:
		return w->scalable ? scalable_root(v, x) : legacy_root(v, x);
	case VTD_PH_CONTEXT:
		return w->scalable ? scalable_context(v, x) : legacy_context(v, x);
	case VTD_PH_PASIDDIR:
		return pasid_dir(v, x);
	case VTD_PH_PASID:
		return pasid_entry(v, x);
	case VTD_PH_TABLES:
		break;
	}
	return vtd_xlate_next(v, x);
}
