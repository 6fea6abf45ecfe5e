/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtd_hit.c - the way of a request that the IOTLB answers: gates, what is remembered of its requester (memo.h), IOTLB, the result. All others
 * leave it for vtd_walk.c (root, context, PASID) or vtd_xlate.c (page tables). One file, so that a hit is one function.
 */
#include "vtd/vtd_walk.h"

/* ---- result ---- */

/* What may be done with no further walk: a write to a clean page must set dirty first. */
static unsigned usable(const struct vtd_iotlb_entry *e)
{
	return e->perm & ~(e->clean * (unsigned)XL_W);
}

static bool interrupt_range(uint64_t a)
{
	return a >> 20 == 0xfee;
}

enum xl_act vtd_result(struct vtd *v, struct xl *x, uint64_t spa, const struct vtd_iotlb_entry *e, unsigned size_lg2)
{
	struct vtd_walk *w = walk_of(x);
	uint64_t test = v->cfg->ir_check_page ? spa : spa & ~low_mask(size_lg2);

	if (UNLIKELY(interrupt_range(test)))
		return vtd_refuse(x, w->scalable ? 0x87 : 0x0e);
	x->res.spa = spa;
	x->res.size_lg2 = (uint8_t)size_lg2;
	x->res.perm = (uint8_t)usable(e);
	x->res.memtype = e->memtype;
	x->res.snoop = e->snoop;
	return XL_ACT_DONE;
}

/* ---- IOTLB ---- */

static unsigned needed(const struct vtd *v, const struct xl *x)
{
	if (!x->req.len && v->cap.zlr && !(x->req.acc & XL_W))
		return x->req.acc & XL_PRIV; /* a zero-length read needs a present page only */
	return x->req.acc & (XL_R | XL_W | XL_X | XL_PRIV);
}

/* A cached entry lacks @missing permissions; as walk_failed() would say it. */
static enum xl_act hit_refused(struct xl *x, unsigned missing)
{
	bool scalable = walk_of(x)->scalable;

	if (x->req.at == XL_TRANSLATION_REQ) {
		x->res.size_lg2 = 12;
		return XL_ACT_DONE;
	}
	if (missing & XL_W)
		return vtd_refuse(x, scalable ? 0x85 : 0x05);
	if (missing & XL_R)
		return vtd_refuse(x, scalable ? 0x86 : 0x06);
	return vtd_refuse(x, 0x82);
}

/* Returns: true when the IOTLB answered; *act is then the answer. */
static bool iotlb_answer(struct vtd *v, struct xl *x, unsigned need, enum xl_act *act)
{
	uint32_t slot = xc_lookup(v->iotlb, x->req.iova, x->tag.id);
	const struct vtd_iotlb_entry *e;
	const struct xc_tag *t;

	xl_charge(x, v->iotlb, &v->cfg->iotlb);
	if (slot == XC_MISS)
		return false;
	e = xc_payload(v->iotlb, slot);
	t = xc_tag_of(v->iotlb, slot);
	if ((need & ~e->perm & (XL_R | XL_W | XL_X)) || ((need & XL_W) && e->clean)) {
		if (v->cfg->rewalk_on_perm || !(need & ~e->perm & (XL_R | XL_W | XL_X))) {
			xc_miss_after_hit(v->iotlb);
			return false;
		}
		*act = hit_refused(x, need & ~e->perm);
		return true;
	}
	x->hit = true;
	if (UNLIKELY(v->u.ct != NULL))
		ctag_hit(v->u.ct, v->iotlb, slot, x);
	*act = vtd_result(v, x, e->page | (x->req.iova & low_mask(t->size_lg2)), e, t->size_lg2);
	return true;
}

enum xl_act vtd_xlate_tagged(struct vtd *v, struct xl *x)
{
	unsigned need = needed(v, x);
	enum xl_act act;

	if (!x->functional && iotlb_answer(v, x, need, &act))
		return act;
	return vtd_tables_begin(v, x, need, NULL);
}

/* ---- gates ---- */

static COLD enum xl_act translation_off(struct vtd *v, struct xl *x)
{
	/* Protected memory; with remapping on, blocking what a translation yields is optional and not done. */
	if (vtd_pmr_hit(v, &x->req)) {
		x->res = (struct xl_res){ .no_record = true, .cpl = 1 };
		return XL_ACT_FAULT;
	}
	if (x->req.at == XL_UNTRANSLATED)
		return vtd_pass(x);
	x->res.no_record = true; /* unsupported request; nothing is recorded while translation is off (U16) */
	return vtd_refuse(x, 0x0d);
}

static COLD enum xl_act interrupt_request(struct xl *x)
{
	if ((x->req.acc & (XL_W | XL_ATOMIC)) == XL_W && x->req.len == 4)
		return vtd_pass(x); /* not remapped here */
	return vtd_refuse(x, walk_of(x)->scalable ? 0x87 : 0x0e);
}

/* A request like one before it: what context and PASID entry said then. */
static void recall(struct vtd *v, struct xl *x, const struct memo_ent *m)
{
	struct vtd_walk *w = walk_of(x);

	memo_use(m, x);
	w->ctx = m->cfg[0].entry;
	w->pe = m->cfg[1].entry;
	w->scalable = v->ttm == VTD_TTM_SCALABLE;
	w->priv = m->own[0];
	w->fpd = m->own[1];
	w->kind = m->tag.kind;
}

/* @m: what is remembered, or NULL. */
static __attribute__((noinline)) enum xl_act unusual(struct vtd *v, struct xl *x, const struct memo_ent *m)
{
	walk_of(x)->fpd = false;
	walk_of(x)->scalable = v->ttm == VTD_TTM_SCALABLE;
	if (!v->te)
		return translation_off(v, x);
	if (interrupt_range(x->req.iova) && !x->req.has_pasid && x->req.at == XL_UNTRANSLATED)
		return interrupt_request(x);
	if (!m)
		return vtd_config_begin(v, x);
	recall(v, x, m);
	return vtd_xlate_tagged(v, x);
}

static __attribute__((noinline)) enum xl_act usual_miss(struct vtd *v, struct xl *x, const struct memo_ent *m)
{
	recall(v, x, m);
	xc_missed(v->iotlb);
	x->cyc += v->cfg->iotlb.lat_cyc;
	return vtd_tables_begin(v, x, needed(v, x), m);
}

/* And the IOTLB has the translation or not, nothing else being asked. Nothing is changed before that is sure. */
static HOT enum xl_act usual(struct vtd *v, struct xl *x, const struct memo_ent *m)
{
	const struct vtd_iotlb_entry *e;
	struct xc_found f;
	uint64_t spa;

	if (UNLIKELY(!xc_find(v->iotlb, x->req.iova, m->tag.id, &f)))
		return usual_miss(v, x, m);
	e = (const void *)(f.t + 1);
	spa = e->page | (x->req.iova & low_mask(f.lg2));
	if (UNLIKELY((m->need & ~usable(e)) || interrupt_range(v->cfg->ir_check_page ? spa : e->page)))
		return unusual(v, x, m);
	memo_take(m, x, v->iotlb, &f, e->page, usable(e), e->memtype);
	x->res.snoop = e->snoop;
	return XL_ACT_DONE;
}

enum xl_act vtd_begin(struct iommu *u, struct xl *x)
{
	struct vtd *v = vtd_of(u);
	const struct memo_ent *m;

	if (UNLIKELY(v->held && !x->functional))
		vtd_wake(v);
	m = memo_find(u, x);
	if (UNLIKELY(!m || !v->te || interrupt_range(x->req.iova) || !memo_usual(m)))
		return unusual(v, x, m);
	return usual(v, x, m);
}
