/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_hit.c - the way of a request that a cache of translations answers: gates, IOTLB and port caches, the result. All others leave it for
 * amdvi_walk.c (device table) or amdvi_xlate.c (GCR3 and page tables). One file, so that a hit is few functions.
 * Interrupt requests pass: they are not remapped here.
 */
#include "amdvi/amdvi_walk.h"
#include "amdvi/fmt_amdv1.h"
#include "pcie/atc.h"

enum { CPL_UR = 1 };
enum { REQ_INT_RANGE = 0 }; /* Type of INVALID_DEVICE_REQUEST, TR = 0 */
enum { STU_LG2 = 12 };

enum xl_act amdvi_no_access(struct xl *x)
{
	x->res.size_lg2 = STU_LG2;
	x->res.perm = 0;
	return XL_ACT_DONE;
}

/* ---- results ---- */

/* What may be done with no further walk: a write to a clean page must set dirty first. */
static unsigned usable(const struct amdvi_leaf *e)
{
	return e->perm & ~(e->clean * (unsigned)XL_W);
}

enum xl_act amdvi_result(struct amdvi *v, struct xl *x, uint64_t pa, const struct amdvi_leaf *e, unsigned size_lg2)
{
	unsigned perm = usable(e) & walk_of(x)->dte->grant;

	if (!x->functional) {
		v->st.translations++;
		amdvi_pc_count(v, 0x05, x, 1);
	}
	x->res.spa = pa;
	x->res.size_lg2 = (uint8_t)size_lg2;
	x->res.memtype = e->memtype;
	x->res.snoop = e->memtype & AMDV1_FC;
	if (x->req.at == XL_TRANSLATION_REQ) {
		if (!(x->req.acc & XL_X))
			perm &= ~(unsigned)XL_X;
		if (!(perm & (XL_R | XL_W)))
			return amdvi_no_access(x);
		if (e->memtype & AMDV1_U)
			perm |= ATC_PERM_U;
	}
	x->res.perm = (uint8_t)perm;
	return XL_ACT_DONE;
}

unsigned amdvi_needed(const struct xl *x)
{
	if (x->req.at == XL_TRANSLATION_REQ)
		return x->req.acc & XL_W; /* a clean page must be walked, to make it dirty */
	return x->req.acc & (XL_R | XL_W | XL_X);
}

void amdvi_put(struct amdvi *v, const struct xl *x, struct xcache *c, const struct xc_tag *t, const struct amdvi_leaf *e)
{
	uint32_t slot = xc_fill(c, t);

	if (slot != XC_MISS)
		*(struct amdvi_leaf *)xc_payload(c, slot) = *e;
	if (UNLIKELY(v->u.ct != NULL))
		ctag_fill(v->u.ct, c, slot, x);
}

/* ---- caches ---- */

/* Second operand of a cached refusal: the address of this request, or its GPA, or the GPA of the table entry that could not be read. */
static uint64_t refused_at(const struct xl *x, const struct amdvi_leaf *e)
{
	const struct amdvi_walk *w = (const struct amdvi_walk *)(const void *)x->walk;

	if ((e->info[0] & AEV_F_GN) || !w->guest)
		return x->req.iova;
	return e->page_gpa ? (e->info[1] & ~UINT64_C(0xfff)) | (x->req.iova & 0xfff) : e->info[1];
}

static bool hit(struct amdvi *v, struct xl *x, struct xcache *c, const struct xc_cfg *g, enum xl_act *act)
{
	uint32_t slot = xc_lookup(c, x->req.iova, x->tag.id);
	const struct amdvi_leaf *e;
	const struct xc_tag *t;

	xl_charge(x, c, g);
	if (slot == XC_MISS)
		return false;
	e = xc_payload(c, slot);
	t = xc_tag_of(c, slot);
	if (e->refuse && x->req.at != XL_TRANSLATION_REQ) {
		x->hit = true;
		*act = amdvi_refuse(v, x, AEV_IO_PAGE_FAULT, e->info[0], refused_at(x, e));
		return true;
	}
	if (e->refuse || (amdvi_needed(x) & ~usable(e))) {
		xc_miss_after_hit(c);
		return false;
	}
	x->hit = true;
	if (UNLIKELY(v->u.ct != NULL))
		ctag_hit(v->u.ct, c, slot, x);
	if (UNLIKELY(v->n_l1 && c == v->iotlb))
		amdvi_put(v, x, v->l1[x->port], t, e);
	*act = amdvi_result(v, x, e->page | (x->req.iova & low_mask(t->size_lg2)), e, t->size_lg2);
	return true;
}

/* The caches of translations. Returns: true if one answered. */
bool amdvi_answered(struct amdvi *v, struct xl *x, enum xl_act *act)
{
	if (UNLIKELY(v->n_l1) && hit(v, x, v->l1[x->port], &v->cfg->l1, act))
		return true;
	x->cyc += v->cfg->link_cyc;
	if (hit(v, x, v->iotlb, &v->cfg->iotlb, act)) {
		x->cyc += v->cfg->link_cyc;
		amdvi_pc_count(v, 0x06, x, 1);
		return true;
	}
	amdvi_pc_count(v, 0x07, x, 1);
	return false;
}

static enum xl_act tables_or_gcr3(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	return walk_of(x)->guest ? amdvi_gcr3_begin(v, x, m) : amdvi_tables_begin(v, x, 0, m);
}

enum xl_act amdvi_xlate_tagged(struct amdvi *v, struct xl *x)
{
	enum xl_act act;

	if (!x->functional && amdvi_answered(v, x, &act))
		return act;
	return tables_or_gcr3(v, x, NULL);
}

/* ---- gates ---- */

static bool interrupt_range(uint64_t a)
{
	return a >> 20 == 0xfee;
}

static COLD enum xl_act switched_off(struct amdvi *v, struct xl *x)
{
	if (x->req.at == XL_TRANSLATION_REQ) {
		x->res.no_record = true;
		x->res.cpl = CPL_UR;
		return XL_ACT_FAULT;
	}
	if (!x->functional) {
		v->st.pass_untranslated++;
		amdvi_pc_count(v, 0x01, x, 1);
	}
	return amdvi_pass(x);
}

static __attribute__((noinline)) enum xl_act gates(struct amdvi *v, struct xl *x)
{
	struct amdvi_walk *w = walk_of(x);

	w->dtc_slot = XC_MISS;
	w->have_dte = w->guest = w->ats_dirty = false;
	w->priv = x->req.acc & XL_PRIV;
	if (UNLIKELY(!v->on.iommu))
		return switched_off(v, x);
	if (UNLIKELY(amdvi_excluded(v, x->req.iova) && v->on.excl_allow))
		return amdvi_pass_excluded(v, x);
	if (UNLIKELY(interrupt_range(x->req.iova) && !x->req.has_pasid && !x->req.spec && x->req.at == XL_UNTRANSLATED)) {
		if ((x->req.acc & (XL_W | XL_ATOMIC)) == XL_W)
			return amdvi_pass(x); /* an interrupt request */
		return amdvi_refuse(v, x, AEV_INVALID_DEVICE_REQUEST, (uint64_t)REQ_INT_RANGE << 57, x->req.iova);
	}
	return amdvi_dte_lookup(v, x);
}

/* A request like one before it: what the device table entry said then. */
static void recall(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	struct amdvi_walk *w = walk_of(x);

	memo_use(m, x);
	amdvi_pc_count(v, 0x0a, x, 1);
	w->dte = m->cfg[0].entry;
	w->have_dte = true;
	w->ats_dirty = false;
	w->priv = x->req.acc & XL_PRIV;
	w->guest = m->own[0];
	w->host = m->own[1];
	w->pasid = m->tag.pasid;
	w->kind = m->tag.kind;
}

static __attribute__((noinline)) enum xl_act remembered(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	recall(v, x, m);
	return amdvi_xlate_tagged(v, x);
}

static __attribute__((noinline)) enum xl_act usual_miss(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	recall(v, x, m);
	xc_missed(v->iotlb);
	amdvi_pc_count(v, 0x07, x, 1);
	x->cyc += v->cfg->link_cyc + v->cfg->iotlb.lat_cyc;
	return tables_or_gcr3(v, x, m);
}

static COLD void pc_count_hit(struct amdvi *v, const struct xl *x)
{
	amdvi_pc_count(v, 0x0a, x, 1);
	amdvi_pc_count(v, 0x06, x, 1);
	amdvi_pc_count(v, 0x05, x, 1);
}

/* And the IOTLB has the translation or not, nothing else being asked. Nothing is changed before that is sure. */
static HOT enum xl_act usual(struct amdvi *v, struct xl *x, const struct memo_ent *m)
{
	const struct amdvi_leaf *e;
	struct xc_found f;

	if (UNLIKELY(!xc_find(v->iotlb, x->req.iova, m->tag.id, &f)))
		return usual_miss(v, x, m);
	e = (const void *)(f.t + 1);
	if (UNLIKELY(m->need & ~usable(e))) /* a cached refusal grants nothing */
		return remembered(v, x, m);
	memo_take(m, x, v->iotlb, &f, e->page, usable(e) & m->own[2], e->memtype);
	v->st.translations++;
	if (UNLIKELY(v->pc_sources != 0))
		pc_count_hit(v, x);
	x->res.snoop = e->memtype & AMDV1_FC;
	return XL_ACT_DONE;
}

enum xl_act amdvi_begin(struct iommu *u, struct xl *x)
{
	struct amdvi *v = amdvi_of(u);
	const struct memo_ent *m;

	if (UNLIKELY(v->held && !x->functional)) {
		v->held = false;
		amdvi_cmd_kick(v);
	}
	m = memo_find(u, x);
	if (UNLIKELY(!m || interrupt_range(x->req.iova)))
		return gates(v, x);
	return memo_usual(m) ? usual(v, x, m) : remembered(v, x, m);
}
