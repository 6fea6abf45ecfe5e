/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_xlate.c - the tag, GCR3 table, page tables and their faults, filling the IOTLB (document 48882 "Translation Tables").
 * A fault of the host stage under a guest stage carries GN = 0 and the guest physical address, one of the guest stage GN = 1 and the
 * address of the request: the specification text we have does not say which address, so that is our choice.
 */
#include "amdvi/amdvi_walk.h"
#include "amdvi/fmt_amdv1.h"
#include "core/pt/fmt_x86_64.h"

#define ID_TABLE BIT64(55)

static uint64_t id_without_pasid(const struct amdvi_walk *w, const struct xl *x)
{
	return x->tag.did | (w->guest ? (uint64_t)w->priv << 40 | (uint64_t)w->kind << 41 : 0);
}

static uint64_t id_of(const struct amdvi_walk *w, const struct xl *x)
{
	return id_without_pasid(w, x) | (w->guest ? (uint64_t)x->tag.pasid << 20 : 0);
}

/* ---- tables ---- */

static void host_table(const struct amdvi *v, const struct amdvi_walk *w, const struct xl *x, struct pt_table *t)
{
	static const uint8_t reach[] = { 12, 21, 30, 39, 48, 57, 64 };
	unsigned mode = dte_mode(w), had = (unsigned)bits_get(w->dte->w[0], 8, 7);

	t->fmt = &fmt_amdv1;
	t->root = w->dte->w[0] & bits_mask(51, 12);
	t->id = ID_TABLE | x->tag.did;
	t->levels = (uint8_t)mode;
	t->ia_bits = reach[mode < 7 ? mode : 6];
	t->grain_lg2 = 12;
	t->top_bits = mode == 6 ? 7 : 0;
	t->oa_bits = 52;
	if (!v->cap.ha)
		had = 0;
	else if (!v->cap.hd && had == 3)
		had = 1;
	if (v->cfg->had_needs_control && had > v->on.had)
		had = v->on.had;
	t->opt = (had & 1 ? AMDV1_A : 0u) | (had == 3 ? AMDV1_D | PT_OPT_AD : 0u) | (v->cfg->upper_bits_ignored ? AMDV1_UPPER_IGNORED : 0u);
	t->inv = x->tag;
	t->inv.pasid = 0;
	t->inv.kind = w->guest ? AMDVI_K_GPA : AMDVI_K_PDC_HOST;
	if (UNLIKELY(v->u.ct != NULL))
		t->id = ctag_walk_id(v->u.ct, x, t, t->id, t->id);
}

static void guest_table(const struct amdvi *v, const struct amdvi_walk *w, const struct xl *x, uint64_t cr3, struct pt_table *t)
{
	unsigned five = (w->dte->w[2] >> 54 & 3) == 1 && v->cap.guest_levels >= 5;

	t->fmt = &fmt_x86_64;
	t->root = cr3;
	t->id = ID_TABLE | id_of(w, x);
	t->levels = (uint8_t)(4 + five);
	t->ia_bits = (uint8_t)(48 + 9 * five);
	t->grain_lg2 = 12;
	t->top_bits = 0;
	t->oa_bits = 52;
	t->opt = X86_WPE | X86_1G | (v->cap.nx ? X86_NXE : 0u) | (v->on.no_a ? X86_NO_A : 0u) | (v->on.no_d ? X86_NO_D : 0u) |
		(w->pasid ? 0u : X86_ANY_IA) | (v->cap.us ? 0u : X86_NO_US);
	t->inv = x->tag;
	t->inv.kind = w->host ? AMDVI_K_PDC_NESTED : AMDVI_K_PDC_GUEST;
	if (UNLIKELY(v->u.ct != NULL))
		t->id = ctag_walk_id(v->u.ct, x, t, t->id, ID_TABLE | id_without_pasid(w, x));
}

/* ---- faults ---- */

static uint64_t page_flags(enum pt_why why)
{
	switch (why) {
	case PT_WHY_EMPTY:
		return 0;
	case PT_WHY_RSVD:
		return AEV_F_PR | AEV_F_RZ;
	case PT_WHY_NO_R:
	case PT_WHY_NO_W:
	case PT_WHY_NO_X:
	case PT_WHY_PRIV:
	case PT_WHY_S2_W:
		return AEV_F_PR | AEV_F_PE;
	case PT_WHY_CANON:
		return 0;
	default:
		return AEV_F_PR;
	}
}

static void cache_refusal(struct amdvi *v, struct xl *x);

static enum xl_act walk_failed(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	const struct pt_walk *p = &w->pt;
	bool guest = w->guest && p->f_stage == 1 && p->why != PT_WHY_S2_W;
	bool hw = p->why == PT_WHY_READ || p->why == PT_WHY_ABSENT || p->why == PT_WHY_AD_FAIL;
	enum xl_act act;

	x->res.at_level = (uint16_t)(p->f_level + 1);
	if (hw)
		return amdvi_refuse(v, x, AEV_PAGE_TAB_HW, (uint64_t)AEV_TYPE_TARGET_ABORT << 57 | (guest ? AEV_F_GN : 0), x->mem_spa);
	if (x->req.at == XL_TRANSLATION_REQ)
		return amdvi_no_access(x);
	act = amdvi_refuse(v, x, AEV_IO_PAGE_FAULT, page_flags(p->why) | (guest ? AEV_F_GN : 0), w->guest && !guest ? p->gpa : x->req.iova);
	if (v->cfg->np_cache)
		cache_refusal(v, x);
	return act;
}

static void leaf_fill(struct amdvi *v, struct xl *x, const struct amdvi_leaf *e, unsigned size_lg2)
{
	struct xc_tag t = x->tag;

	t.size_lg2 = (uint8_t)size_lg2;
	t.first = x->req.iova & ~low_mask(size_lg2);
	if (!xl_may_fill(x, t.first, size_lg2))
		return;
	if (v->n_l1)
		amdvi_put(v, x, v->l1[x->port], &t, e);
	amdvi_put(v, x, v->iotlb, &t, e);
}

/* NpCache: a page that is not present is remembered. Refused permissions are not (they may be). */
static void cache_refusal(struct amdvi *v, struct xl *x)
{
	const struct amdvi_walk *w = walk_of(x);
	struct amdvi_leaf e = { .refuse = true, .page_gpa = w->phase == AMDVI_PH_TABLES && !w->pt.f_fetch,
				.info = { x->res.info[0] & bits_mask(63, 48), x->res.info[1] } };

	if (x->res.code == AEV_IO_PAGE_FAULT && !(x->res.info[0] & AEV_F_PR))
		leaf_fill(v, x, &e, 12);
}

/* @s1 and @s2 words of tables of each stage were read. */
static void count_table_access(struct amdvi *v, const struct xl *x, unsigned s1, unsigned s2)
{
	bool guest = ((const struct amdvi_walk *)(const void *)x->walk)->guest;

	v->st.pt_reads += s1 + s2;
	v->st.pt_reads_guest += guest ? s1 : 0;
	v->st.pt_reads_nested += guest ? s2 : 0;
	if (LIKELY(!v->pc_sources))
		return;
	amdvi_pc_count(v, 0x0c, x, s1 + s2);
	if (guest && s1)
		amdvi_pc_count(v, 0x0e, x, s1);
	if (guest && s2)
		amdvi_pc_count(v, 0x0d, x, s2);
}

/* What the walk of page tables says; entries that it read on the spot are counted. */
static enum xl_act ran(struct amdvi *v, struct xl *x, enum xl_act act)
{
	const struct pt_walk *p = &walk_of(x)->pt;

	if (UNLIKELY(x->now != NULL) && !x->functional && (p->ran[0] | p->ran[1]))
		count_table_access(v, x, p->ran[0], p->ran[1]);
	return act;
}

static enum xl_act tables_act(struct amdvi *v, struct xl *x, enum xl_act act)
{
	struct amdvi_walk *w = walk_of(x);
	const struct pt_walk *p = &w->pt;
	struct amdvi_leaf e;

	if (act == XL_ACT_READ || act == XL_ACT_CAS)
		return act;
	x->cyc += v->cfg->link_cyc;
	if (act == XL_ACT_FAULT)
		return walk_failed(v, x);
	e = (struct amdvi_leaf){ .page = p->pa & ~low_mask(p->size_lg2), .perm = p->out_perm & (XL_R | XL_W | XL_X), .clean = p->clean,
				 .memtype = w->host ? p->memtype : 0 };
	if (x->req.at == XL_TRANSLATION_REQ && (x->req.acc & XL_W) && e.clean && (e.perm & XL_W) && !w->ats_dirty) {
		w->ats_dirty = true;
		w->pt.acc |= XL_W;
		amdvi_keep(w);
		return tables_act(v, x, ran(v, x, pt_walk_begin(&w->pt, x, false)));
	}
	leaf_fill(v, x, &e, p->size_lg2);
	return amdvi_result(v, x, p->pa, &e, p->size_lg2);
}

static bool late_answer(struct amdvi *v, struct xl *x, uint64_t cr3, enum xl_act *act);

enum xl_act amdvi_tables_begin(struct amdvi *v, struct xl *x, uint64_t cr3, const struct memo_ent *m)
{
	struct amdvi_walk *w = walk_of(x);
	enum xl_act act;
	unsigned st = w->guest ? 0 : 1;

	w->phase = AMDVI_PH_TABLES;
	w->pt.c = &v->pt;
	w->pt.ia = x->req.iova;
	w->pt.ipa = false;
	if (UNLIKELY(v->u.ct != NULL) && late_answer(v, x, cr3, &act))
		return act;
	w->pt.acc = (uint8_t)((x->req.at == XL_TRANSLATION_REQ ? 0 : amdvi_needed(x)) | (w->priv ? XL_PRIV : 0));
	if (!memo_tables(&v->u, m, 0, &w->pt)) {
		w->pt.t[0].fmt = w->pt.t[1].fmt = NULL;
		if (w->guest)
			guest_table(v, w, x, cr3, &w->pt.t[0]);
		if (w->host)
			host_table(v, w, x, &w->pt.t[1]);
		memo_keep_tables(&v->u, m, 0, &w->pt);
	}
	w->pt.t[0].root = cr3; /* the GCR3 table may have changed */
	act = ran(v, x, pt_walk_begin(&w->pt, x, true));
	if (act != XL_ACT_DONE)
		amdvi_keep(w);
	if (!x->functional && (w->pt.ran[0] | w->pt.ran[1])) /* these are no walks from a cached table */
		amdvi_pc_count(v, 0x09, x, 1);
	else if (!x->functional && act == XL_ACT_READ)
		amdvi_pc_count(v, w->pt.level[st] + 1u < w->pt.t[st].levels ? 0x08 : 0x09, x, 1);
	return tables_act(v, x, act);
}

/* ---- GCR3 table ---- */

/* Tag of a GCR3 cache entry beside the PASID. */
static uint64_t gcr3_id(const struct amdvi *v, const struct xl *x)
{
	const struct amdvi_walk *w = (const struct amdvi_walk *)(const void *)x->walk;

	switch (ctag_rule_of(v->u.ct)) {
	case CTAG_DEVICE:
		return x->tag.did | (uint64_t)(x->req.rid & 0xffff) << 16;
	case CTAG_ROOT: /* where the GCR3 table is */
		return x->tag.did ^ ((w->dte->w[0] & bits_mask(60, 56)) | (w->dte->w[1] & ~UINT64_C(0xffff)));
	default:
		return x->tag.did;
	}
}

static enum xl_act gcr3_read(struct xl *x, uint64_t spa)
{
	amdvi_keep(walk_of(x));
	walk_of(x)->phase = AMDVI_PH_GCR3;
	x->mem_spa = spa;
	x->mem_words = 1;
	return XL_ACT_READ;
}

/* The address of a GCR3 entry, if it is guest-physical, is translated. */
static enum xl_act gcr3_gpa(struct amdvi *v, struct xl *x, enum xl_act act)
{
	if (act == XL_ACT_FAULT)
		return walk_failed(v, x);
	return act == XL_ACT_DONE ? gcr3_read(x, walk_of(x)->pt.pa) : act;
}

static enum xl_act gcr3_level(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	uint64_t at = w->gcr3_table + 8 * (w->pasid >> 9 * w->gcr3_level & 0x1ff);

	if (!v->on.gcr3trp || !w->host)
		return gcr3_read(x, at);
	amdvi_keep(w);
	w->phase = AMDVI_PH_GCR3_GPA;
	w->pt.c = &v->pt;
	w->pt.t[0].fmt = NULL;
	host_table(v, w, x, &w->pt.t[1]);
	w->pt.ia = at;
	w->pt.acc = XL_R;
	w->pt.ipa = true;
	return gcr3_gpa(v, x, ran(v, x, pt_walk_begin(&w->pt, x, false)));
}

static enum xl_act gcr3_data(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	uint64_t e = x->data[0];

	if (!x->functional)
		v->st.gcr3_reads++;
	if (x->mem_st != MEM_OK)
		return amdvi_refuse(v, x, AEV_PAGE_TAB_HW, (uint64_t)AEV_TYPE_TARGET_ABORT << 57 | AEV_F_GN, x->mem_spa);
	if (!(e & 1))
		return x->req.at == XL_TRANSLATION_REQ ? amdvi_no_access(x) : amdvi_refuse(v, x, AEV_IO_PAGE_FAULT, AEV_F_GN, x->req.iova);
	if (w->gcr3_level) {
		w->gcr3_level--;
		w->gcr3_table = e & bits_mask(51, 12);
		return gcr3_level(v, x);
	}
	if (!x->functional && !x->nofill && x->ov_first > x->ov_last) {
		struct xc_tag t = { .first = w->pasid, .id = gcr3_id(v, x), .rid = x->req.rid & 0xffff, .pasid = x->tag.pasid, .did = x->tag.did,
				    .kind = AMDVI_K_GCR3 };
		uint32_t slot = xc_fill(v->gcr3, &t);

		if (slot != XC_MISS)
			*(uint64_t *)xc_payload(v->gcr3, slot) = e & bits_mask(51, 12);
	}
	return amdvi_tables_begin(v, x, e & bits_mask(51, 12), NULL);
}

enum xl_act amdvi_gcr3_begin(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	struct amdvi_walk *w = walk_of(x);
	const uint64_t *d = w->dte->w;

	if (!x->functional) {
		uint32_t slot = xc_lookup(v->gcr3, w->pasid, gcr3_id(v, x));

		xl_charge(x, v->gcr3, &v->cfg->gcr3);
		if (slot != XC_MISS)
			return amdvi_tables_begin(v, x, *(const uint64_t *)xc_payload(v->gcr3, slot), m);
	}
	w->gcr3_level = (uint8_t)bits_get(d[0], 57, 56);
	w->gcr3_table = bits_get(d[0], 60, 58) << 12 | bits_get(d[1], 31, 16) << 15 | bits_get(d[1], 63, 43) << 31;
	return gcr3_level(v, x);
}

/* ---- tags ---- */

/* Rule root under a guest stage: the root is in the GCR3 entry, so that comes first, and the caches of translations are asked when it is known. */
static bool root_is_late(const struct amdvi *v, const struct xl *x)
{
	const struct amdvi_walk *w = (const struct amdvi_walk *)(const void *)x->walk;

	return ctag_rule_of(v->u.ct) == CTAG_ROOT && w->guest && !x->functional;
}

/* The tag where it may not be the specification's; identifiers are short already. */
static uint64_t rule_id(const struct amdvi *v, const struct amdvi_walk *w, const struct xl *x, uint64_t cr3)
{
	struct ctag_key k = { .spec = id_of(w, x), .table = id_without_pasid(w, x), .mode = (uint64_t)w->kind << 1 | w->priv };

	if (ctag_rule_of(v->u.ct) == CTAG_ROOT) {
		struct pt_table s1 = { 0 }, s2 = { 0 };

		if (w->guest)
			guest_table(v, w, x, cr3, &s1);
		if (w->host)
			host_table(v, w, x, &s2);
		k.root = ctag_root(&s1, &s2, 0);
	}
	return ctag_id(v->u.ct, x, &k);
}

__attribute__((cold)) static bool late_answer(struct amdvi *v, struct xl *x, uint64_t cr3, enum xl_act *act)
{
	if (!root_is_late(v, x))
		return false;
	x->tag.id = rule_id(v, walk_of(x), x, cr3);
	return amdvi_answered(v, x, act);
}

/* Returns: the root is not known yet. */
__attribute__((cold)) static bool retag(struct amdvi *v, struct xl *x)
{
	x->tag.did = (uint16_t)ctag_short(v->u.ct, x->tag.did);
	x->tag.pasid = ctag_short(v->u.ct, x->tag.pasid);
	x->tag.id = rule_id(v, walk_of(x), x, 0);
	return root_is_late(v, x);
}

/* For the next request like this one. */
static void remember(struct amdvi *v, const struct xl *x)
{
	const struct amdvi_walk *w = (const struct amdvi_walk *)(const void *)x->walk;

	memo_keep(&v->u, x, &(struct memo_what){ .main = v->iotlb, .c = { v->dtc }, .slot = { w->dtc_slot }, .own = { w->guest, w->host, w->dte->grant },
						 .need = x->req.at == XL_UNTRANSLATED && !v->n_l1 ? (uint8_t)amdvi_needed(x) : MEMO_LONG,
						 .hit_cyc = 2 * v->cfg->link_cyc });
}

enum xl_act amdvi_xlate(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);

	w->kind = !w->guest ? AMDVI_K_HOST : w->host ? AMDVI_K_NESTED : AMDVI_K_GUEST;
	x->tag = (struct xc_tag){ .first = x->req.iova & ~UINT64_C(0xfff), .size_lg2 = 12, .rid = x->req.rid & 0xffff, .pasid = w->pasid,
				  .did = (uint16_t)w->dte->w[1], .kind = w->kind };
	x->tagged = true;
	x->tag.id = id_of(w, x);
	if (UNLIKELY(v->u.ct != NULL) && retag(v, x))
		return amdvi_gcr3_begin(v, x, NULL);
	if (!v->on.excl) /* else the address has a say */
		remember(v, x);
	return amdvi_xlate_tagged(v, x);
}

enum xl_act amdvi_xlate_next(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);
	enum xl_act act;

	if (w->phase == AMDVI_PH_GCR3)
		return gcr3_data(v, x);
	if (!x->functional)
		count_table_access(v, x, !pt_walk_in_s2(&w->pt), pt_walk_in_s2(&w->pt));
	act = ran(v, x, pt_walk_next(&w->pt, x));
	return w->phase == AMDVI_PH_GCR3_GPA ? gcr3_gpa(v, x, act) : tables_act(v, x, act);
}
