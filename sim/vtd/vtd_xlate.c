/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_xlate.c - the tag, page tables, their fault codes, filling the IOTLB.
 * Pass-through requests use no IOTLB entry (docs/limits.md).
 */
#include "vtd/fmt_vtdss.h"
#include "vtd/vtd_walk.h"
#include "core/pt/fmt_x86_64.h"

/* Lookup tags per translation type (5.2): DID + page for second stage; DID + PASID + page (and privilege) for first stage and nested. */
static uint64_t tag_without_pasid(const struct vtd_walk *w, const struct xl *x)
{
	uint64_t id = x->tag.did;

	if (w->kind == VTD_K_FS || w->kind == VTD_K_NESTED)
		id |= (uint64_t)w->priv << 59 | (uint64_t)w->kind << 60;
	return id;
}

static uint64_t tag_id(const struct vtd_walk *w, const struct xl *x)
{
	bool pasid = w->kind == VTD_K_FS || w->kind == VTD_K_NESTED;

	return tag_without_pasid(w, x) | (pasid ? (uint64_t)x->tag.pasid << 20 : 0);
}

/* Set in place: a struct returned would be copied before its bytes are there to copy. */
static void ss_table(const struct vtd *v, const struct vtd_walk *w, const struct xl *x, struct pt_table *t)
{
	uint64_t p = w->scalable ? w->pe[0] : w->ctx[0];
	unsigned aw = (unsigned)(w->scalable ? bits_get(p, 4, 2) : bits_get(w->ctx[1], 2, 0)), width = 30 + 9 * aw;

	t->fmt = &fmt_vtdss;
	t->root = p & bits_mask(63, 12);
	t->levels = (uint8_t)(aw + 2);
	t->ia_bits = (uint8_t)(width < v->cap.mgaw ? width : v->cap.mgaw);
	t->grain_lg2 = 12;
	t->top_bits = 0;
	t->oa_bits = (uint8_t)v->cap.haw;
	t->inv = x->tag;
	t->inv.kind = VTD_K_PSC_SS;
	t->opt = (v->cap.sslps & 1 ? SS_2M : 0) | (v->cap.sslps & 2 ? SS_1G : 0) | (v->cap.sc ? SS_SNP : 0) | (v->cap.mts ? SS_MT : 0);
	if (w->scalable && (p & BIT64(5)) && v->cap.ers)
		t->opt |= SS_X;
	if (w->scalable && (p & BIT64(9)))
		t->opt |= PT_OPT_AD | (v->cfg->ss_d_on_fs_read ? PT_OPT_FETCH_DIRTY : 0u) | (v->cfg->ad_needs_snoop && !(w->pe[1] & BIT64(23)) ? PT_OPT_FAULT_AD : 0u);
	if (w->kind == VTD_K_NESTED && v->cfg->spr17)
		t->opt |= SS_NO_RO;
	t->id = x->tag.did;
	if (UNLIKELY(v->u.ct != NULL))
		t->id = ctag_walk_id(v->u.ct, x, t, t->id, t->id);
}

static void fs_table(const struct vtd *v, const struct vtd_walk *w, const struct xl *x, struct pt_table *t)
{
	unsigned five = (unsigned)bits_get(w->pe[2], 3, 2) & 1;

	t->fmt = &fmt_x86_64;
	t->root = w->pe[2] & bits_mask(63, 12);
	t->levels = (uint8_t)(4 + five);
	t->ia_bits = (uint8_t)(48 + 9 * five);
	t->grain_lg2 = 12;
	t->top_bits = 0;
	t->oa_bits = w->kind == VTD_K_NESTED ? 52 : (uint8_t)v->cap.haw;
	t->inv = x->tag;
	t->inv.kind = w->kind == VTD_K_NESTED ? VTD_K_PSC_NESTED : VTD_K_PSC_FS;
	t->opt = (w->pe[2] & BIT64(4) ? X86_WPE : 0) | (w->pe[2] & BIT64(5) ? X86_NXE : 0) | (w->pe[2] & BIT64(6) ? X86_SMEP : 0) |
		(w->pe[2] & BIT64(7) && v->cap.eafs ? X86_EAFE : 0) | (v->cap.fs1gp ? X86_1G : 0);
	if (v->cfg->xd_reserved && !(w->pe[2] & BIT64(5)))
		t->opt |= X86_XD_RSVD;
	if (v->cfg->ad_needs_snoop && !(w->pe[1] & BIT64(23)))
		t->opt |= PT_OPT_FAULT_AD;
	t->id = tag_id(w, x);
	if (UNLIKELY(v->u.ct != NULL))
		t->id = ctag_walk_id(v->u.ct, x, t, t->id, tag_without_pasid(w, x));
}

/* The tag where it is not the specification's: identifiers of fewer bits, another rule. Returns: the IOTLB's. */
static uint64_t rule_id(const struct vtd *v, const struct vtd_walk *w, struct xl *x)
{
	struct ctag_key k;

	x->tag.did = (uint16_t)ctag_short(v->u.ct, x->tag.did);
	x->tag.pasid = ctag_short(v->u.ct, x->tag.pasid);
	k = (struct ctag_key){ .spec = tag_id(w, x), .table = tag_without_pasid(w, x), .mode = (uint64_t)w->kind << 1 | w->priv };

	if (ctag_rule_of(v->u.ct) == CTAG_ROOT) {
		struct pt_table s1 = { 0 }, s2 = { 0 };

		if (w->kind != VTD_K_SS)
			fs_table(v, w, x, &s1);
		if (w->kind != VTD_K_FS)
			ss_table(v, w, x, &s2);
		k.root = ctag_root(&s1, &s2, w->scalable ? w->pe[1] & bits_mask(30, 23) : 0); /* snoop and memory type */
	}
	return ctag_id(v->u.ct, x, &k);
}

/* ---- faults ---- */

static unsigned legacy_code(const struct pt_walk *p, unsigned acc)
{
	switch (p->why) {
	case PT_WHY_RANGE:
		return 0x04;
	case PT_WHY_READ:
	case PT_WHY_ABSENT:
		return p->f_top ? 0x03 : 0x07;
	case PT_WHY_NO_W:
		return 0x05;
	case PT_WHY_EMPTY:
		return acc & XL_W ? 0x05 : 0x06;
	case PT_WHY_RSVD:
		return 0x0c;
	default:
		return 0x06;
	}
}

static unsigned ss_code(const struct pt_walk *p)
{
	switch (p->why) {
	case PT_WHY_RANGE:
		return p->f_fetch ? 0x74 : 0x84;
	case PT_WHY_READ:
	case PT_WHY_ABSENT:
		return p->f_top ? 0x7b : 0x78;
	case PT_WHY_EMPTY:
		return 0x79;
	case PT_WHY_NO_R:
		if (p->f_fetch)
			return p->level[0] == p->t[0].levels - 1 ? 0x75 : 0x76;
		return 0x86;
	case PT_WHY_NO_W:
		return p->f_fetch ? 0x77 : 0x85;
	case PT_WHY_NO_X:
		return 0x82;
	case PT_WHY_AD:
		return 0x7c;
	case PT_WHY_AD_FAIL:
		return 0x7d;
	default:
		return 0x7a;
	}
}

static unsigned fs_code(const struct pt_walk *p)
{
	switch (p->why) {
	case PT_WHY_CANON:
		return 0x80;
	case PT_WHY_READ:
	case PT_WHY_ABSENT:
		return p->f_top ? 0x73 : 0x70;
	case PT_WHY_EMPTY:
		return 0x71;
	case PT_WHY_PRIV:
		return 0x81;
	case PT_WHY_NO_W:
		return 0x85;
	case PT_WHY_NO_X:
		return 0x82;
	case PT_WHY_S2_W:
		return 0x77;
	case PT_WHY_AD:
		return 0x90;
	case PT_WHY_AD_FAIL:
		return 0x91;
	default:
		return 0x72;
	}
}

/* A failed page walk. Translation requests learn "no permission" instead of a fault where 7.2 says so. */
static enum xl_act walk_failed(struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	struct pt_walk *p = &w->pt;

	x->res.at_level = p->f_level;
	if (x->req.at == XL_TRANSLATION_REQ && p->why != PT_WHY_READ && p->why != PT_WHY_ABSENT && p->why != PT_WHY_RSVD &&
	    p->why != PT_WHY_AD_FAIL) {
		x->res.size_lg2 = 12;
		return XL_ACT_DONE; /* success with R = W = 0: perm stays 0 */
	}
	vtd_refuse(x, !w->scalable ? legacy_code(p, x->req.acc) : p->f_stage == 2 ? ss_code(p) : fs_code(p));
	x->res.cpl = x->req.at == XL_TRANSLATION_REQ ? 4 : 1;
	return XL_ACT_FAULT;
}

/* ---- results ---- */

static enum xl_act walk_done(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	const struct pt_walk *p = &w->pt;
	struct vtd_iotlb_entry e = { .page = p->pa & ~low_mask(p->size_lg2), .perm = p->out_perm & (XL_R | XL_W | XL_X), .memtype = p->memtype,
				     .snoop = p->snoop || (w->scalable && (w->pe[1] & BIT64(24))), .clean = p->clean };
	enum xl_act act = vtd_result(v, x, p->pa, &e, p->size_lg2);

	if (act == XL_ACT_DONE && xl_may_fill(x, x->req.iova & ~low_mask(p->size_lg2), p->size_lg2)) {
		struct xc_tag t = x->tag;
		uint32_t slot;

		t.size_lg2 = p->size_lg2;
		t.first = x->req.iova & ~low_mask(p->size_lg2);
		slot = xc_fill(v->iotlb, &t);
		if (slot != XC_MISS)
			*(struct vtd_iotlb_entry *)xc_payload(v->iotlb, slot) = e;
		if (UNLIKELY(v->u.ct != NULL))
			ctag_fill(v->u.ct, v->iotlb, slot, x);
	}
	return act;
}

static enum xl_act after_tables(struct vtd *v, struct xl *x, enum xl_act act)
{
	if (act == XL_ACT_DONE)
		return walk_done(v, x);
	return act == XL_ACT_FAULT ? walk_failed(x) : act;
}

enum xl_act vtd_tables_begin(struct vtd *v, struct xl *x, unsigned need, const struct memo_ent *m)
{
	struct vtd_walk *w = walk_of(x);
	enum xl_act act;

	w->phase = VTD_PH_TABLES;
	w->pt.c = &v->psc;
	w->pt.ipa = false;
	w->pt.ia = x->req.iova;
	w->pt.acc = (uint8_t)((need & ~XL_PRIV) | (w->priv ? XL_PRIV : 0));
	if (!memo_tables(&v->u, m, 0, &w->pt)) {
		w->pt.t[0].fmt = w->pt.t[1].fmt = NULL;
		if (w->kind != VTD_K_SS)
			fs_table(v, w, x, &w->pt.t[0]);
		if (w->kind != VTD_K_FS)
			ss_table(v, w, x, &w->pt.t[1]);
		memo_keep_tables(&v->u, m, 0, &w->pt);
	}
	act = pt_walk_begin(&w->pt, x, true);
	if (act != XL_ACT_DONE)
		vtd_keep(w);
	return after_tables(v, x, act);
}

enum xl_act vtd_xlate_begin(struct vtd *v, struct xl *x)
{
	struct vtd_walk *w = walk_of(x);
	unsigned pgtt = w->scalable ? (unsigned)bits_get(w->pe[0], 8, 6) : bits_get(w->ctx[0], 3, 2) == 2 ? VTD_PGTT_PT : VTD_PGTT_SS;

	if (pgtt == VTD_PGTT_PT) {
		if (x->req.iova >> 20 == 0xfee)
			return vtd_refuse(x, w->scalable ? 0x87 : 0x0e);
		return vtd_pass(x);
	}
	w->kind = pgtt == VTD_PGTT_SS ? VTD_K_SS : pgtt == VTD_PGTT_FS ? VTD_K_FS : VTD_K_NESTED;
	x->tag.kind = w->kind;
	x->tag.id = UNLIKELY(v->u.ct != NULL) ? rule_id(v, w, x) : tag_id(w, x);
	x->tag.size_lg2 = 12;
	x->tag.first = x->req.iova & ~UINT64_C(0xfff);
	x->tagged = true;
	memo_keep(&v->u, x, &(struct memo_what){ .main = v->iotlb, .c = { v->cc, w->scalable ? v->pc : NULL }, .slot = { w->cc_slot, w->pc_slot }, .own = { w->priv, w->fpd },
						 .need = x->req.at == XL_UNTRANSLATED ? x->req.acc & (XL_R | XL_W | XL_X) : MEMO_LONG });
	return vtd_xlate_tagged(v, x);
}

enum xl_act vtd_xlate_next(struct vtd *v, struct xl *x)
{
	return after_tables(v, x, pt_walk_next(&walk_of(x)->pt, x));
}
