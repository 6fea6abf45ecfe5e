/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_inv.c - where an invalidation is matched: the table of IHI 0070 "TLB invalidation" as scopes, offered to the caches they concern and to
 * the walks in progress. Nothing more than a command names is dropped, except where configuration asks for over-invalidation.
 */
#include "core/memo.h"
#include "smmuv3/smmuv3_walk.h"

#define K(x) (1u << SMMUV3_K_##x)
#define VA_EL1 (K(EL1) | K(EL1_G))
#define WC_ALL (K(WC_EL1) | K(WC_S2) | K(WC_EL2) | K(WC_E2H))
#define LEAF_ALL (VA_EL1 | K(IPA) | K(EL2) | K(E2H) | K(E2H_G))

/* ---- the caches ---- */

static struct xcache *walk_cache(struct smmuv3 *s, uint32_t entries, unsigned n, struct err *e)
{
	struct xc_cfg c = s->cfg->walk;

	c.entries = entries;
	if (c.ways && entries % c.ways) /* a small level: fully associative */
		c.ways = 0;
	return xc_create(&c, sizeof(struct pt_psc), s->seed + 16 + n, e);
}

/* Walk caches by stage and level of ours; level 3 and 4 (architecture 0 and -1) share one. */
static bool walk_caches_create(struct smmuv3 *s, struct err *e)
{
	struct xcache *one = s->cfg->walk_unified ? walk_cache(s, s->cfg->walk.entries, 0, e) : NULL;

	if (s->cfg->walk_unified && !one)
		return false;
	for (unsigned st = 0; st < 2; st++) {
		const uint32_t *n = st ? s->cfg->walk_s2 : s->cfg->walk_s1;

		for (unsigned l = 1; l <= 4; l++) {
			struct xcache **c = &s->pt.psc[st][l];

			*c = one ? one : l == 4 ? s->pt.psc[st][3] : walk_cache(s, n[3 - l], st * 8 + l, e);
			if (!*c)
				return false;
		}
	}
	pt_caches_ready(&s->pt);
	return true;
}

static bool tbu_create(struct smmuv3 *s, struct err *e)
{
	s->n_tbu = s->cfg->utlb.entries || s->cfg->tbu.entries ? s->u.n_in : 0;
	for (unsigned i = 0; i < s->n_tbu; i++) {
		s->utlb[i] = xc_create(&s->cfg->utlb, sizeof(struct smmuv3_leaf), s->seed + 64 + 2 * i, e);
		s->tbu[i] = s->utlb[i] ? xc_create(&s->cfg->tbu, sizeof(struct smmuv3_leaf), s->seed + 65 + 2 * i, e) : NULL;
		if (!s->tbu[i])
			return false;
	}
	return true;
}

/* What TLBI commands name a leaf by, per kind. TBU entries found by stream keep that tag. */
static bool tags_create(struct smmuv3 *s, struct err *e)
{
	static const uint8_t named_by[] = { [SMMUV3_K_EL1] = INV_VMID | INV_ASID, [SMMUV3_K_EL1_G] = INV_VMID, [SMMUV3_K_IPA] = INV_VMID,
					    [SMMUV3_K_EL2] = 0, [SMMUV3_K_E2H] = INV_ASID, [SMMUV3_K_E2H_G] = 0 };
	bool ok = ctag_create(&s->u, &s->cfg->unit.tag, named_by, ARRAY_LEN(named_by), &s->u.ct, e) && ctag_watch(s->u.ct, s->tlb, e);

	for (unsigned i = 0; ok && s->cfg->tbu_tag == SMMUV3_TAG_ASID && i < s->n_tbu; i++)
		ok = ctag_watch(s->u.ct, s->utlb[i], e) && ctag_watch(s->u.ct, s->tbu[i], e);
	return ok;
}

bool smmuv3_caches_create(struct smmuv3 *s, struct err *e)
{
	const struct {
		struct xcache **c;
		const struct xc_cfg *cfg;
		size_t payload;
	} row[] = {
		{ &s->l1std, &s->cfg->l1std, sizeof(uint64_t) },	   { &s->ste, &s->cfg->ste, sizeof(struct smmuv3_ste) },
		{ &s->l1cd, &s->cfg->l1cd, sizeof(struct smmuv3_l1cd) },   { &s->cd, &s->cfg->cd, sizeof(struct smmuv3_cd) },
		{ &s->tlb, &s->cfg->tlb, sizeof(struct smmuv3_leaf) },	   { &s->pt.nested, &s->cfg->ipa, sizeof(struct pt_psc) },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		*row[i].c = xc_create(row[i].cfg, row[i].payload, s->seed + 1 + i, e);
		if (!*row[i].c)
			return false;
	}
	xc_watch(s->ste, &s->u.memo->gen);
	xc_watch(s->cd, &s->u.memo->gen);
	return walk_caches_create(s, e) && tbu_create(s, e) && tags_create(s, e);
}

void smmuv3_caches_destroy(struct smmuv3 *s)
{
	struct xcache *own[] = { s->l1std, s->ste, s->l1cd, s->cd, s->tlb, s->pt.nested };

	for (unsigned i = 0; i < ARRAY_LEN(own); i++)
		xc_destroy(own[i]);
	if (s->cfg->walk_unified)
		xc_destroy(s->pt.psc[0][1]);
	for (unsigned st = 0; st < 2 && !s->cfg->walk_unified; st++)
		for (unsigned l = 1; l <= 3; l++)
			xc_destroy(s->pt.psc[st][l]);
	for (unsigned i = 0; i < s->n_tbu; i++) {
		xc_destroy(s->utlb[i]);
		xc_destroy(s->tbu[i]);
	}
}

/* ---- configuration ---- */

/* Walks in progress carry the tag of a leaf; a configuration command reaches them by stream alone. */
static void overtake_stream(struct smmuv3 *s, const struct inv_scope *c)
{
	struct inv_scope a = *c;

	a.kinds = ~UINT32_C(0);
	ctag_config(s->u.ct, c);
	iommu_overtake(&s->u, &a);
}

/* TBU entries found by stream hold configuration. */
static void drop_stream_tagged(struct smmuv3 *s, const struct inv_scope *c)
{
	struct inv_scope a = *c;

	if (s->cfg->tbu_tag != SMMUV3_TAG_STREAM)
		return;
	a.kinds = LEAF_ALL;
	for (unsigned i = 0; i < s->n_tbu; i++) {
		xc_invalidate(s->utlb[i], &a);
		xc_invalidate(s->tbu[i], &a);
	}
}

void smmuv3_inv_ste(struct smmuv3 *s, uint32_t sid, uint32_t mask, bool leaf)
{
	struct inv_scope c = { .by = INV_RID, .kinds = K(CFG), .rid = sid, .rid_mask = mask }, l1 = c;

	if (s->cfg->ignore_invalidations)
		return;
	l1.rid_mask &= ~(uint32_t)low_mask(s->on.split);
	xc_invalidate(s->ste, &c);
	xc_invalidate(s->l1cd, &c);
	xc_invalidate(s->cd, &c);
	if (!leaf)
		xc_invalidate(s->l1std, &l1);
	drop_stream_tagged(s, &c);
	overtake_stream(s, leaf ? &c : &l1);
}

void smmuv3_inv_cd(struct smmuv3 *s, uint32_t sid, uint32_t ssid, bool all, bool leaf)
{
	struct inv_scope c = { .by = INV_RID | (all ? 0u : INV_PASID), .kinds = K(CFG), .rid = sid, .rid_mask = ~UINT32_C(0), .pasid = ssid };
	struct inv_scope l1 = { .by = INV_RID | (all ? 0u : INV_RANGE), .kinds = K(CFG), .range_kinds = K(CFG), .rid = sid, .rid_mask = ~UINT32_C(0),
				.first = ssid, .last = ssid };

	if (s->cfg->ignore_invalidations)
		return;
	xc_invalidate(s->cd, &c);
	if (!leaf || all)
		xc_invalidate(s->l1cd, &l1);
	drop_stream_tagged(s, &c);
	overtake_stream(s, leaf && !all ? &c : &(struct inv_scope){ .by = INV_RID, .rid = sid, .rid_mask = ~UINT32_C(0) });
}

/* ---- TLBs and walk caches ---- */

enum { BY_VMID = INV_VMID, BY_ASID = INV_ASID, BY_ADDR = INV_RANGE };
struct tlbi_row {
	uint8_t op;
	uint32_t leaf, table; /* kinds */
	uint32_t by;
};
static const struct tlbi_row rows[] = {
	{ 0x10, VA_EL1, K(WC_EL1), BY_VMID }, /* NH_ALL */
	{ 0x11, K(EL1), K(WC_EL1), BY_VMID | BY_ASID }, /* NH_ASID */
	{ 0x12, VA_EL1, K(WC_EL1), BY_VMID | BY_ASID | BY_ADDR }, /* NH_VA */
	{ 0x13, VA_EL1, K(WC_EL1), BY_VMID | BY_ADDR }, /* NH_VAA */
	{ 0x20, K(EL2) | K(E2H) | K(E2H_G), K(WC_EL2) | K(WC_E2H), 0 }, /* EL2_ALL */
	{ 0x21, K(E2H), K(WC_E2H), BY_ASID }, /* EL2_ASID */
	{ 0x22, K(E2H) | K(E2H_G), K(WC_E2H), BY_ASID | BY_ADDR }, /* EL2_VA, E2H = 1 */
	{ 0x23, K(E2H) | K(E2H_G), K(WC_E2H), BY_ADDR }, /* EL2_VAA, E2H = 1 */
	{ 0x28, VA_EL1 | K(IPA), K(WC_EL1) | K(WC_S2), BY_VMID }, /* S12_VMALL */
	{ 0x2a, K(IPA), K(WC_S2), BY_VMID | BY_ADDR }, /* S2_IPA */
	{ 0x30, VA_EL1 | K(IPA), K(WC_EL1) | K(WC_S2), 0 }, /* NSNH_ALL */
};
static const struct tlbi_row el2_va = { 0x22, K(EL2), K(WC_EL2), BY_ADDR }; /* EL2_VA and EL2_VAA, E2H = 0 */

static const struct tlbi_row *row_of(const struct smmuv3 *s, unsigned op)
{
	if ((op == 0x22 || op == 0x23) && !s->on.e2h)
		return &el2_va;
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].op == op)
			return &rows[i];
	return NULL;
}

static uint32_t over_by(const struct smmuv3 *s, uint32_t by)
{
	switch (s->cfg->over) {
	case SMMUV3_OVER_ASID:
		return by & ~(uint32_t)BY_ADDR;
	case SMMUV3_OVER_VMID:
		return by & ~(uint32_t)(BY_ADDR | BY_ASID);
	case SMMUV3_OVER_ALL:
		return 0;
	default:
		return by;
	}
}

static void inv_leaves(struct smmuv3 *s, const struct inv_scope *c, const struct inv_scope *ipa)
{
	ctag_drop(s->u.ct, s->tlb, c);
	for (unsigned i = 0; i < s->n_tbu; i++) {
		ctag_drop(s->u.ct, s->utlb[i], c);
		ctag_drop(s->u.ct, s->tbu[i], c);
	}
	if (ipa->kinds)
		xc_invalidate(s->pt.nested, ipa);
}

/*
 * A block of stage 1 that stage 2 maps in smaller pages is in the TLBs in pieces; an invalidation of any address in the block concerns them
 * all. The pieces carry the granule and level of their block.
 */
static void inv_fractured(struct smmuv3 *s, const struct inv_scope *c, const struct smmuv3_tlbi *t)
{
	static const struct inv_scope no_ipa = { 0 };

	for (uint64_t codes = s->fractured; codes; codes &= codes - 1) {
		unsigned code = (unsigned)__builtin_ctzll(codes), g = 10 + 2 * (code >> SMMUV3_LEAF_CODE_SHIFT), level = code & 3;
		uint64_t block = low_mask(g + (3 - level) * (g - 3));
		struct inv_scope f = *c;

		if (t->tg && t->level && s->cfg->ttl_hint && f.did != code)
			continue;
		f.by |= INV_DID;
		f.did = (uint16_t)code;
		f.first &= ~block;
		f.last |= block;
		inv_leaves(s, &f, &no_ipa);
	}
}

static void inv_tables(struct smmuv3 *s, const struct inv_scope *c)
{
	if (s->cfg->walk_unified) {
		xc_invalidate(s->pt.psc[0][1], c);
		return;
	}
	for (unsigned st = 0; st < 2; st++)
		for (unsigned l = 1; l <= 3; l++)
			xc_invalidate(s->pt.psc[st][l], c);
}

/* A walk in progress does not know yet whether its page is global, nor its level; under a stage 2 it reads at many IPAs. */
static void overtake(struct smmuv3 *s, const struct inv_scope *c, bool ipa)
{
	struct inv_scope a = *c;

	if (a.kinds & (K(EL1_G) | K(E2H_G)))
		a.by &= ~(uint32_t)INV_ASID;
	a.by &= ~(uint32_t)INV_DID;
	a.tables_only = true;
	if (ipa) {
		a.kinds |= VA_EL1;
		a.by &= ~(uint32_t)INV_RANGE;
	}
	iommu_overtake(&s->u, &a);
}

void smmuv3_tlbi(struct smmuv3 *s, const struct smmuv3_tlbi *t)
{
	const struct tlbi_row *r = row_of(s, t->op);
	struct inv_scope c, tables, ipa;

	if (!r || s->cfg->ignore_invalidations)
		return;
	c = (struct inv_scope){ .by = over_by(s, r->by), .kinds = r->leaf, .range_kinds = r->leaf | r->table, .asid = t->asid, .vmid = t->vmid,
				.vmid_ignore = s->on.vmid_ignore, .any_asid_kinds = K(EL1_G) | K(E2H_G), .first = t->first, .last = t->last };
	if (!s->cap.s2p)
		c.by &= ~(uint32_t)INV_VMID;
	ctag_scope(s->u.ct, &c);
	ipa = tables = c;
	ipa.kinds &= K(IPA);
	if (ipa.kinds)
		ipa.kinds = K(WC_S2); /* the IPA cache is filled by the walker under the tag of the stage-2 tables */
	tables.kinds = r->table;
	if (t->tg && t->level && s->cfg->ttl_hint && (c.by & INV_RANGE)) {
		c.by |= INV_DID;
		c.did = (uint16_t)(t->tg << SMMUV3_LEAF_CODE_SHIFT | t->level);
	}
	inv_leaves(s, &c, &ipa);
	if (s->fractured && (c.by & INV_RANGE) && (c.kinds & ~K(IPA)))
		inv_fractured(s, &c, t);
	if (!t->leaf || !(r->by & BY_ADDR))
		inv_tables(s, &tables);
	overtake(s, &c, r->leaf & K(IPA));
}
