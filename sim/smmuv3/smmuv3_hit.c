/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smmuv3_hit.c - the way of a request that a TLB answers: gates, TLBs, the result (IHI 0070 chapters 3.4, 3.8, 3.13). All others leave it for
 * smmuv3_walk.c (stream table) or smmuv3_xlate.c (page tables). One file, so that a hit is few functions.
 * A cached entry that lacks the permission is walked again, so that the event says everything. A TBU hit costs the TBU's own time only: its
 * entries hold configuration as well.
 */
#include "smmuv3/smmuv3_regs.h"
#include "smmuv3/smmuv3_walk.h"

#define ID_STREAM BIT64(55)

/* A request as a stream-tagged TBU knows it. */
static uint64_t stream_id(const struct xl *x)
{
	return ID_STREAM | (uint64_t)x->req.rid << 21 | (uint64_t)(x->req.has_pasid ? x->req.pasid : 0) << 1 | x->req.has_pasid;
}

/* ---- results ---- */

/* What a translation request is granted; W = XL_W asks for write. */
void smmuv3_ats_grant(struct xl *x, unsigned perm)
{
	if ((perm & (XL_R | XL_X)) != (XL_R | XL_X) || !(x->req.acc & XL_X))
		perm &= ~(unsigned)XL_X;
	x->res.perm = (uint8_t)perm;
	if (!(perm & (XL_R | XL_W)))
		x->res.size_lg2 = SMMUV3_STU_LG2;
}

/* What may be done with no further walk: a write to a clean page must set dirty first. @shift: 0 or VMSA_PRIV_SHIFT. */
static unsigned usable(const struct smmuv3_leaf *e, unsigned shift)
{
	return e->perm >> shift & (XL_R | XL_W | XL_X) & ~(e->clean * (unsigned)XL_W);
}

enum xl_act smmuv3_result(struct xl *x, uint64_t pa, const struct smmuv3_leaf *e, unsigned size_lg2, bool priv)
{
	unsigned perm = usable(e, priv ? VMSA_PRIV_SHIFT : 0);

	x->res.spa = pa;
	x->res.size_lg2 = (uint8_t)size_lg2;
	x->res.memtype = e->memtype;
	if (x->req.at == XL_TRANSLATION_REQ)
		smmuv3_ats_grant(x, perm);
	else
		x->res.perm = (uint8_t)perm;
	return XL_ACT_DONE;
}

static bool serves(const struct smmuv3_leaf *e, unsigned need, bool priv)
{
	return !(need & ~usable(e, priv ? VMSA_PRIV_SHIFT : 0));
}

/* ---- TLBs ---- */

void smmuv3_leaf_fill(struct smmuv3 *s, const struct xl *x, struct xcache *c, const struct xc_tag *t, uint64_t id, const struct smmuv3_leaf *e)
{
	struct xc_tag tag = *t;
	uint32_t slot;

	tag.id = id;
	slot = xc_fill(c, &tag);
	if (slot != XC_MISS)
		*(struct smmuv3_leaf *)xc_payload(c, slot) = *e;
	if (UNLIKELY(s->u.ct != NULL))
		ctag_fill(s->u.ct, c, slot, x);
}

/* Put a leaf into the caches of the requester's TBU. */
void smmuv3_tbu_fill(struct smmuv3 *s, struct xl *x, const struct xc_tag *t, const struct smmuv3_leaf *e, unsigned upto)
{
	struct xcache *c[] = { s->utlb[x->port], s->tbu[x->port] };
	bool by_stream = s->cfg->tbu_tag == SMMUV3_TAG_STREAM;
	struct smmuv3_leaf leaf = *e;
	struct xc_tag own = *t;

	/* A stream's entries are for untranslated requests; with an ignored top byte the address would not find them, and an invalidation miss them. */
	if (by_stream && (x->req.at == XL_TRANSLATED || walk_of(x)->va != x->req.iova))
		return;
	own.rid = x->req.rid; /* an entry of the TCU may be another stream's */
	own.pasid = x->req.has_pasid ? x->req.pasid : 0;
	if (by_stream && s->cap.e0pd && walk_of(x)->cd && smmuv3_e0pd(walk_of(x)))
		leaf.perm &= (uint8_t)~(XL_R | XL_W | XL_X); /* nobody looks at the CD before a hit there */
	for (unsigned i = 0; i < upto; i++)
		if (smmuv3_has(c[i]))
			smmuv3_leaf_fill(s, x, c[i], &own, by_stream ? stream_id(x) : t->id, &leaf);
}

static enum xl_act hit(struct smmuv3 *s, struct xl *x, struct xcache *c, uint32_t slot, unsigned at, bool priv)
{
	const struct smmuv3_leaf *e = xc_payload(c, slot);
	const struct xc_tag *t = xc_tag_of(c, slot);

	x->hit = true;
	if (UNLIKELY(s->u.ct != NULL))
		ctag_hit(s->u.ct, c, slot, x);
	if (at && s->n_tbu)
		smmuv3_tbu_fill(s, x, t, e, at);
	return smmuv3_result(x, e->page | (x->req.iova & low_mask(t->size_lg2)), e, t->size_lg2, priv);
}

/* Look into one cache; a leaf that does not serve the request counts as a miss. */
static uint32_t leaf_find(struct smmuv3 *s, struct xl *x, struct xcache *c, const struct xc_cfg *g, uint64_t addr, uint64_t id, unsigned need, bool priv)
{
	bool globals = s->global_seen && (x->tag.kind == SMMUV3_K_EL1 || x->tag.kind == SMMUV3_K_E2H) && id == x->tag.id &&
		       ctag_rule_of(s->u.ct) == CTAG_SPEC;
	uint32_t slot;

	if (UNLIKELY(globals))
		slot = xc_lookup_either(c, addr, id, SMMUV3_ID_GLOBAL | (id & ~UINT64_C(0xffff)) | (walk_of(x)->cd->w[0] >> 47 & 1));
	else
		slot = xc_lookup(c, addr, id);
	xl_charge(x, c, g);
	if (slot == XC_MISS || serves(xc_payload(c, slot), need, priv))
		return slot;
	xc_miss_after_hit(c);
	return XC_MISS;
}

static bool stream_hit(struct smmuv3 *s, struct xl *x, enum xl_act *act)
{
	struct xcache *c[] = { s->utlb[x->port], s->tbu[x->port] };
	const struct xc_cfg *g[] = { &s->cfg->utlb, &s->cfg->tbu };

	if (x->functional || x->req.at != XL_UNTRANSLATED)
		return false;
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		const struct smmuv3_leaf *e;
		uint32_t slot;
		bool priv, ind;

		if (!smmuv3_has(c[i]))
			continue;
		slot = xc_lookup(c[i], x->req.iova, stream_id(x));
		xl_charge(x, c[i], g[i]);
		if (slot == XC_MISS)
			continue;
		e = xc_payload(c[i], slot);
		priv = (e->attr & 3) == 2 ? false : (e->attr & 3) == 3 ? true : x->req.acc & XL_PRIV;
		ind = !(x->req.acc & XL_W) && (e->attr >> 2 == 2 ? false : e->attr >> 2 == 3 ? true : x->req.acc & XL_X);
		if (serves(e, ind ? XL_X : x->req.acc & (XL_R | XL_W), priv)) {
			walk_of(x)->va = x->req.iova;
			*act = hit(s, x, c[i], slot, i, priv);
			return true;
		}
		xc_miss_after_hit(c[i]);
	}
	return false;
}

/* The TBU of the requester, by VMID and ASID. */
static bool tbu_answer(struct smmuv3 *s, struct xl *x, unsigned need, bool priv, enum xl_act *act)
{
	struct xcache *c[] = { s->utlb[x->port], s->tbu[x->port] };
	const struct xc_cfg *g[] = { &s->cfg->utlb, &s->cfg->tbu };
	uint32_t config_cyc = x->cyc;

	x->cyc = 0;
	for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
		uint32_t slot;

		if (!smmuv3_has(c[i]))
			continue;
		slot = leaf_find(s, x, c[i], g[i], walk_of(x)->va, x->tag.id, need, priv);
		if (slot != XC_MISS) {
			*act = hit(s, x, c[i], slot, i, priv);
			return true;
		}
	}
	x->cyc += config_cyc;
	return false;
}

enum xl_act smmuv3_xlate_tagged(struct smmuv3 *s, struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);
	bool priv = smmuv3_priv(w);
	unsigned need = smmuv3_needed(x, w), want = x->req.at == XL_TRANSLATION_REQ ? need & XL_W : need;
	enum xl_act act;
	uint32_t slot;

	if (x->functional || smmuv3_eats_split(x, w))
		return smmuv3_tables_begin(s, x, need, NULL);
	if (s->n_tbu && s->cfg->tbu_tag == SMMUV3_TAG_ASID && tbu_answer(s, x, want, priv, &act))
		return act;
	x->cyc += s->cfg->link_cyc;
	if (!s->cfg->tlb.entries)
		return smmuv3_tables_begin(s, x, need, NULL);
	slot = leaf_find(s, x, s->tlb, &s->cfg->tlb, w->va, x->tag.id, want, priv);
	if (slot == XC_MISS)
		return smmuv3_tables_begin(s, x, need, NULL);
	if (UNLIKELY(smmuv3_split(s, w)))
		return smmuv3_split_hit(s, x, slot, want, priv);
	x->cyc += s->cfg->link_cyc;
	return hit(s, x, s->tlb, slot, 2, priv);
}

/* ---- gates ---- */

/* Nothing is known of the request but itself. */
static void fresh(struct xl *x)
{
	struct smmuv3_walk *w = walk_of(x);

	w->ste = NULL;
	w->cd = NULL;
	w->ste_slot = w->cd_slot = XC_MISS;
	w->config_missed = w->ats_dirty = false;
	w->priv = x->req.acc & XL_PRIV;
	w->ind = false;
}

/* A request like one before it: what STE and CD said then. */
static void recall(struct xl *x, const struct memo_ent *m)
{
	struct smmuv3_walk *w = walk_of(x);

	memo_use(m, x);
	w->ste = m->cfg[0].entry;
	w->cd = m->cfg[1].entry;
	w->s1 = m->own[0];
	w->s2 = m->own[1];
	w->priv = m->own[2];
	w->ind = m->own[3];
	w->config_missed = w->ats_dirty = false;
	w->kind = m->tag.kind;
	w->va = x->req.iova;
}

static __attribute__((noinline)) enum xl_act remembered(struct smmuv3 *s, struct xl *x, const struct memo_ent *m)
{
	recall(x, m);
	return smmuv3_xlate_tagged(s, x);
}

static __attribute__((noinline)) enum xl_act usual_miss(struct smmuv3 *s, struct xl *x, const struct memo_ent *m)
{
	if (s->global_seen) /* the look-up is not over */
		return remembered(s, x, m);
	recall(x, m);
	xc_missed(s->tlb);
	x->cyc += s->cfg->link_cyc + s->cfg->tlb.lat_cyc;
	return smmuv3_tables_begin(s, x, smmuv3_needed(x, walk_of(x)), m);
}

/* And the TLB has the translation or not, nothing else being asked. Nothing is changed before that is sure. */
static HOT enum xl_act usual(struct smmuv3 *s, struct xl *x, const struct memo_ent *m)
{
	const struct smmuv3_leaf *e;
	struct xc_found f;
	unsigned perm;

	if (UNLIKELY(!xc_find(s->tlb, x->req.iova, m->tag.id, &f)))
		return usual_miss(s, x, m);
	e = (const void *)(f.t + 1);
	perm = usable(e, m->own[4]);
	if (UNLIKELY(m->need & ~perm))
		return remembered(s, x, m);
	memo_take(m, x, s->tlb, &f, e->page, perm, e->memtype);
	return XL_ACT_DONE;
}

static __attribute__((noinline)) enum xl_act unknown(struct smmuv3 *s, struct xl *x)
{
	enum xl_act act;

	fresh(x);
	if (UNLIKELY(!s->on.smmu))
		return smmuv3_disabled(s, x);
	if (x->req.at == XL_TRANSLATED && !s->on.atschk)
		return smmuv3_pass_translated(s, x);
	if (s->cfg->tbu_tag == SMMUV3_TAG_STREAM && stream_hit(s, x, &act))
		return act;
	return smmuv3_ste_lookup(s, x);
}

enum xl_act smmuv3_begin(struct iommu *u, struct xl *x)
{
	struct smmuv3 *s = smmuv3_of(u);
	const struct memo_ent *m;

	if (UNLIKELY(s->held && !x->functional))
		smmuv3_wake(s);
	if (!x->functional && !x->req.spec && x->state != XL_MERGED) { /* once per request: not when the walk it waited for did not serve it */
		s->st.ats_requests += x->req.at == XL_TRANSLATION_REQ;
		smmuv3_pmcg_count(s, x->req.at == XL_TRANSLATION_REQ ? 6 : x->req.at == XL_TRANSLATED ? 7 : 1, x->req.rid, 1);
	}
	m = memo_find(u, x);
	if (UNLIKELY(!m))
		return unknown(s, x);
	return memo_usual(m) ? usual(s, x, m) : remembered(s, x, m);
}
