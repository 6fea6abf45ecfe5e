/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_xlate.c - the tag, walks through the tables, filling the TLBs (IHI 0070 chapters 3.4, 3.8, 3.13).
 * Memory attributes of two stages are not combined: the result shows those of the last stage walked.
 */
#include "smmuv3/smmuv3_walk.h"

/* ---- walks ---- */

/* Granule and level of the leaf, for TLBI hints. */
static uint16_t leaf_code(const struct smmuv3_walk *w)
{
	unsigned st = w->s1 ? 0 : 1, tg = (w->pt.t[st].grain_lg2 - 10u) / 2;

	if (w->phase == SMMUV3_PH_S2_TAIL)
		return w->code;
	return (uint16_t)(tg << SMMUV3_LEAF_CODE_SHIFT | (3u - w->pt.level[st]));
}

static void fill(struct smmuv3 *s, struct xl *x, const struct smmuv3_leaf *e, unsigned size_lg2)
{
	struct smmuv3_walk *w = walk_of(x);
	struct xc_tag t = x->tag;

	unsigned block_lg2 = w->s1 && w->s2 && w->pt.s1_lg2 > size_lg2 ? w->pt.s1_lg2 : size_lg2;

	if (!xl_may_fill(x, w->va & ~low_mask(block_lg2), block_lg2) || smmuv3_eats_split(x, w))
		return;
	t.size_lg2 = (uint8_t)size_lg2;
	t.first = w->va & ~low_mask(size_lg2);
	t.did = leaf_code(w);
	if (block_lg2 > size_lg2)
		s->fractured |= BIT64(t.did);
	if (w->s1 && (w->pt.s1_memtype & VMSA_GLOBAL) && w->kind != SMMUV3_K_EL2) {
		s->global_seen = true;
		t.kind++; /* EL1 to EL1_G, E2H to E2H_G */
		if (ctag_rule_of(s->u.ct) == CTAG_SPEC)
			t.id = SMMUV3_ID_GLOBAL | (t.id & ~UINT64_C(0xffff)) | (w->cd->w[0] >> 47 & 1);
	}
	if (s->n_tbu)
		smmuv3_tbu_fill(s, x, &t, e, 2);
	if (!smmuv3_has(s->tlb))
		return;
	if (smmuv3_split(s, w)) {
		struct smmuv3_leaf ipa = *e;

		if (w->phase == SMMUV3_PH_S2_TAIL)
			return; /* its stage-1 entry is there already */
		ipa.page = w->pt.gpa & ~low_mask(w->pt.s1_lg2);
		ipa.perm = w->pt.perm[0];
		ipa.clean = w->pt.s1_clean;
		t.size_lg2 = w->pt.s1_lg2;
		t.first = w->va & ~low_mask(t.size_lg2);
		if (xl_may_fill(x, t.first, t.size_lg2))
			smmuv3_leaf_fill(s, x, s->tlb, &t, t.id, &ipa);
		return;
	}
	smmuv3_leaf_fill(s, x, s->tlb, &t, t.id, e);
}

static enum xl_act tables_act(struct smmuv3 *s, struct xl *x, enum xl_act act);

static enum xl_act walk_done(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	const struct pt_walk *p = &w->pt;
	bool priv = w->priv && w->kind != SMMUV3_K_EL2;
	struct smmuv3_leaf e = { .page = p->pa & ~low_mask(p->size_lg2), .perm = p->out_perm, .clean = p->clean,
				 .attr = (uint8_t)bits_get(w->ste->w[1], 51, 48) };
	unsigned w_bit = XL_W << (priv ? VMSA_PRIV_SHIFT : 0);

	if (!s->cap.perm_ovr)
		e.attr = 0;
	e.memtype = w->s1 && !w->s2 ? (uint8_t)(w->cd->w[3] >> 8 * (p->s1_memtype & 7)) : p->memtype;
	if (x->req.at == XL_TRANSLATION_REQ && (x->req.acc & XL_W) && e.clean && (e.perm & w_bit) && !w->ats_dirty) {
		w->ats_dirty = true;
		w->pt.acc |= XL_W;
		smmuv3_keep(w);
		return tables_act(s, x, pt_walk_begin(&w->pt, x, false));
	}
	x->cyc += s->cfg->link_cyc;
	fill(s, x, &e, p->size_lg2);
	smmuv3_result(x, smmuv3_eats_split(x, w) ? p->gpa : p->pa, &e, p->size_lg2, priv);
	return XL_ACT_DONE;
}

static enum xl_act tables_act(struct smmuv3 *s, struct xl *x, enum xl_act act)
{
	struct smmuv3_walk *w = walk_of(x);

	if (act == XL_ACT_READ || act == XL_ACT_CAS)
		return act;
	if (act == XL_ACT_FAULT) {
		x->cyc += s->cfg->link_cyc;
		return smmuv3_walk_failed(s, x, false);
	}
	if (w->phase == SMMUV3_PH_S2_TAIL) { /* stage 1 came from the TLB */
		w->pt.out_perm &= w->pt.perm[0];
		w->pt.clean |= w->pt.s1_clean;
		w->pt.size_lg2 = w->pt.size_lg2 < w->pt.s1_lg2 ? w->pt.size_lg2 : w->pt.s1_lg2;
	}
	return walk_done(s, x);
}

/* tlb_split: the stage-1 entry is known; only its IPA has to be translated. */
static enum xl_act s2_tail(struct smmuv3 *s, struct xl *x, uint32_t slot)
{
	struct smmuv3_walk *w = walk_of(x);
	const struct smmuv3_leaf *e = xc_payload(s->tlb, slot);
	const struct xc_tag *t = xc_tag_of(s->tlb, slot);

	w->phase = SMMUV3_PH_S2_TAIL;
	w->pt.t[0].fmt = NULL;
	w->pt.ipa = true;
	w->pt.ia = e->page | (w->va & low_mask(t->size_lg2));
	w->pt.perm[0] = e->perm;
	w->pt.s1_clean = e->clean;
	w->pt.s1_lg2 = t->size_lg2;
	w->pt.s1_memtype = t->kind == SMMUV3_K_EL1_G ? VMSA_GLOBAL : 0;
	w->code = (uint8_t)t->did;
	return tables_act(s, x, pt_walk_begin(&w->pt, x, false));
}

enum xl_act smmuv3_split_hit(struct smmuv3 *s, struct xl *x, uint32_t slot, unsigned want, bool priv)
{
	struct smmuv3_walk *w = walk_of(x);

	smmuv3_keep(w);
	w->pt.c = &s->pt;
	w->pt.acc = (uint8_t)(want | (priv ? XL_PRIV : 0));
	smmuv3_s2_table(s, w->ste, x, &w->pt.t[1]);
	return s2_tail(s, x, slot);
}

/* EPD: no walks in this half; what a TLB has may be used. */
static bool half_disabled(const struct smmuv3_walk *w)
{
	return w->ste->world != SMMUV3_W_EL2 && (w->cd->w[0] & (w->va >> 55 & 1 ? BIT64(30) : BIT64(14)));
}

enum xl_act smmuv3_tables_begin(struct smmuv3 *s, struct xl *x, unsigned need, const struct memo_ent *m)
{
	struct smmuv3_walk *w = walk_of(x);
	bool priv = w->priv && w->kind != SMMUV3_K_EL2, upper = w->va >> 55 & 1; /* TTB1 or TTB0 */
	enum xl_act act;

	if (!x->functional) {
		s->st.tlb_misses++;
		smmuv3_pmcg_count(s, 2, x->req.rid, 1);
	}
	w->phase = SMMUV3_PH_TABLES;
	w->pt.c = &s->pt;
	w->pt.ia = w->va;
	w->pt.ipa = false;
	w->pt.acc = (uint8_t)((x->req.at == XL_TRANSLATION_REQ ? 0 : need) | (priv ? XL_PRIV : 0));
	if (w->s1 && half_disabled(w)) {
		smmuv3_keep(w);
		x->res.info[0] = SMMUV3_CLASS_IN << SMMUV3_I_CLASS_LO;
		return smmuv3_fault_config(x, EV_TRANSLATION, false);
	}
	if (!memo_tables(&s->u, m, upper, &w->pt)) {
		w->pt.t[0].fmt = w->pt.t[1].fmt = NULL;
		if (w->s1)
			smmuv3_s1_table(s, w, x, &w->pt.t[0]);
		if (w->s2)
			smmuv3_s2_table(s, w->ste, x, &w->pt.t[1]);
		memo_keep_tables(&s->u, m, upper, &w->pt);
	}
	act = pt_walk_begin(&w->pt, x, true);
	if (act != XL_ACT_DONE)
		smmuv3_keep(w);
	return tables_act(s, x, act);
}

/* TBI: the top byte is a copy of bit 55 where it is ignored. */
static uint64_t input_address(const struct smmuv3_walk *w, uint64_t iova)
{
	bool up = iova >> 55 & 1, el2 = w->ste->world == SMMUV3_W_EL2;

	if (!(w->cd->w[0] & (up && !el2 ? BIT64(39) : BIT64(38))))
		return iova;
	return (uint64_t)((int64_t)(iova << 8) >> 8) & (el2 ? low_mask(56) : UINT64_MAX);
}

static uint64_t spec_id(const struct smmuv3_walk *w, const struct xl *x)
{
	return w->s1 ? smmuv3_id(w->ste->world, x->tag.vmid, x->tag.asid) : SMMUV3_ID_IPA | smmuv3_id(0, x->tag.vmid, 0);
}

/* The tag where it is not the specification's: identifiers of fewer bits (the VMID is), another rule. Returns: the TLB's. */
static uint64_t rule_id(const struct smmuv3 *s, const struct smmuv3_walk *w, struct xl *x)
{
	struct ctag_key k = { .mode = w->kind };

	x->tag.asid = (uint16_t)ctag_short(s->u.ct, x->tag.asid);
	k.spec = k.table = spec_id(w, x);

	if (ctag_rule_of(s->u.ct) == CTAG_ROOT) {
		struct pt_table s1 = { 0 }, s2 = { 0 };

		if (w->s1 && !half_disabled(w))
			smmuv3_s1_table(s, w, x, &s1);
		if (w->s2)
			smmuv3_s2_table(s, w->ste, x, &s2);
		k.root = ctag_root(&s1, &s2, w->s1 ? w->cd->w[3] : 0); /* MAIR */
	}
	return ctag_id(s->u.ct, x, &k);
}

static void set_tag(const struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	unsigned world = w->ste->world;

	x->tag = (struct xc_tag){ .first = w->va & ~UINT64_C(0xfff), .size_lg2 = 12, .rid = x->req.rid, .pasid = w->ssid, .vmid = smmuv3_vmid(s, w->ste) };
	if (w->s1) {
		w->kind = world == SMMUV3_W_EL1 ? SMMUV3_K_EL1 : world == SMMUV3_W_EL2 ? SMMUV3_K_EL2 : SMMUV3_K_E2H;
		if (world != SMMUV3_W_EL2)
			x->tag.asid = (uint16_t)(bits_get(w->cd->w[0], 63, 48) & low_mask(s->cap.asid16 ? 16 : 8));
	} else {
		w->kind = SMMUV3_K_IPA;
	}
	x->tag.id = UNLIKELY(s->u.ct != NULL) ? rule_id(s, w, x) : spec_id(w, x);
	x->tag.kind = w->kind;
	x->tagged = true;
}

/* For the next request like this one, unless the address has a say: beyond the IPA size, or in which half (E0PD), or the byte above it (TBI). */
static void remember(struct smmuv3 *s, const struct xl *x)
{
	const struct smmuv3_walk *w = (const struct smmuv3_walk *)(const void *)x->walk;
	bool usual = x->req.at == XL_UNTRANSLATED && !s->n_tbu && !smmuv3_split(s, w), priv = smmuv3_priv(w);
	uint64_t beyond = 0;

	if (s->cfg->tbu_tag == SMMUV3_TAG_STREAM) /* the TBU comes first */
		return;
	if (!w->s1)
		beyond = ~low_mask(s->cap.ias);
	else if (s->cap.e0pd && !w->priv)
		return;
	else if (w->cd->w[0] & bits_mask(39, 38))
		beyond = bits_mask(63, 55);
	memo_keep(&s->u, x, &(struct memo_what){ .main = s->tlb, .c = { s->ste, w->s1 ? s->cd : NULL }, .slot = { w->ste_slot, w->cd_slot }, .beyond = beyond,
						 .own = { w->s1, w->s2, w->priv, w->ind, priv ? VMSA_PRIV_SHIFT : 0 },
						 .need = usual ? (uint8_t)smmuv3_needed(x, w) : MEMO_LONG,
						 .hit_cyc = 2 * s->cfg->link_cyc });
}

enum xl_act smmuv3_xlate(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	if (!w->s1) {
		if (x->req.iova >> (w->s2 ? s->cap.ias : s->cap.oas))
			return smmuv3_bypass_size(x);
		if (!w->s2) {
			smmuv3_pass(x);
			if (x->req.at == XL_TRANSLATION_REQ)
				smmuv3_ats_grant(x, x->res.perm);
			return XL_ACT_DONE;
		}
	}
	w->va = w->s1 ? input_address(w, x->req.iova) : x->req.iova;
	set_tag(s, x);
	if (UNLIKELY(s->cap.e0pd) && w->s1 && !w->priv && smmuv3_e0pd(w)) {
		x->res.info[0] = SMMUV3_CLASS_IN << SMMUV3_I_CLASS_LO;
		return smmuv3_fault_config(x, EV_TRANSLATION, false);
	}
	remember(s, x);
	return smmuv3_xlate_tagged(s, x);
}

enum xl_act smmuv3_xlate_next(struct smmuv3 *s, struct xl *x)
{
	return tables_act(s, x, pt_walk_next(&walk_of(x)->pt, x));
}
