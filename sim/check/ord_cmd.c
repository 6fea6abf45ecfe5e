/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_cmd.c - invalidation commands of the ordering checker: what a command covers, by the rules of the architecture, and in what order it
 * counts. Ranges are decoded as hardware does (VT-d base and AM, SMMUv3 TG/TTL/NUM/SCALE, AMD and PCIe size codes). A command that is not
 * executed covers nothing. Not modelled: how many entries a cache really holds.
 */
#include <string.h>
#include "check/ord_eng.h"

static bool pow2_range(uint64_t base, unsigned sh, uint64_t *lo, uint64_t *last)
{
	if (sh >= 64) {
		*lo = 0;
		*last = UINT64_MAX;
		return true;
	}
	*lo = base >> sh << sh;
	*last = *lo + ((UINT64_C(1) << sh) - 1);
	return true;
}
/* S=1: the first zero bit from 12 up gives the size. 0x7fff_ffff_ffff_f000 is everything. */
static bool size_code(uint64_t base, uint64_t *lo, uint64_t *last)
{
	unsigned n = 12;

	while (n < 63 && base >> n & 1)
		n++;
	return pow2_range(base, n >= 63 ? 64 : n + 1, lo, last);
}
static bool smmu_range(const struct ord_ev *e, const struct ord_knobs *k, uint64_t base, uint64_t *lo, uint64_t *last)
{
	uint64_t tg = ord_val(e, ORD_KEY_TG, 0), ttl = ord_val(e, ORD_KEY_TTL, 0), num = ord_val(e, ORD_KEY_NUM, 0),
	         scale = ord_val(e, ORD_KEY_SCALE, 0);
	unsigned gran = tg == 2 ? 14 : tg == 3 ? 16 : 12;
	unsigned __int128 n = (unsigned __int128)(num + 1) << (scale > 31 ? 31 : scale) << gran;

	if (tg > 3 || ttl > 3 || num > 31 || scale > 31 || (tg && !ttl && !num && !scale) || (!tg && (num || scale)) ||
	    (tg && !k->smmu_range_inv))
		return false;
	if (tg && ttl) { /* a hint: the base is a block of that level, whose entries go */
		unsigned block = gran + (unsigned)(3 - ttl) * (gran - 3);

		if (base & ((UINT64_C(1) << block) - 1))
			return false;
	}
	*lo = base >> gran << gran;
	*last = n - 1 > UINT64_MAX - *lo ? UINT64_MAX : *lo + (uint64_t)(n - 1);
	return true;
}
bool ord_cmd_range(struct ord_chk *c, const struct ord_ev *e, uint64_t *lo, uint64_t *last)
{
	uint64_t base = ord_val(e, ORD_KEY_BASE, 0);

	*lo = e->have & ORD_P_RANGE ? e->lo : 0;
	*last = e->have & ORD_P_RANGE ? e->last : UINT64_MAX;
	if (e->flags & ORD_F(ILLEGAL))
		return false;
	if (!(e->has & ORD_HAS(BASE)))
		return true;
	if (e->has & ORD_HAS(AM)) {
		if (e->op == ORD_TLBINV && !(e->has & ORD_HAS(PASID)) && e->v[ORD_KEY_AM] > c->k.vtd_mamv)
			return false;
		return pow2_range(base, 12 + (unsigned)(e->v[ORD_KEY_AM] > 52 ? 52 : e->v[ORD_KEY_AM]), lo, last);
	}
	if (ord_val(e, ORD_KEY_S, 0))
		return size_code(base, lo, last);
	if (e->has & (ORD_HAS(TG) | ORD_HAS(TTL) | ORD_HAS(NUM) | ORD_HAS(SCALE)))
		return smmu_range(e, &c->k, base, lo, last);
	return pow2_range(base, 12, lo, last);
}
/* SMMUv3: an ASID without VMID means VMID 0. */
static void tag_of(struct ord_chk *c, const struct ord_ev *e, struct ord_cmd *m)
{
	m->dom = (uint32_t)ord_val(e, ORD_KEY_DID, ord_val(e, ORD_KEY_VMID, ord_val(e, ORD_KEY_DOMID, ORD_NONE)));
	m->sub = (uint32_t)ord_val(e, ORD_KEY_ASID, ord_val(e, ORD_KEY_PASID, ORD_NONE));
	if (e->op == ORD_TLBINV && m->dom == ORD_NONE && m->sub != ORD_NONE && c->arch != ORD_VTD && c->arch != ORD_AMDVI)
		m->dom = 0;
	if (e->op == ORD_TLBINV && m->sub == ORD_NONE && c->arch == ORD_AMDVI && ord_val(e, ORD_KEY_GN, 0))
		m->sub = 0;
}
static bool form_is(struct ord_chk *c, const struct ord_cmd *m, const char *what)
{
	return (m->has & ORD_HAS(FORM)) && !strcmp(ord_name_text(&c->names, m->form), what);
}
/* VT-d: domain- or page-selective (DID), PASID-based (DID, PASID), global. */
static bool tag_vtd(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	bool full = !m->lo && m->last == UINT64_MAX, piotlb = m->sub != ORD_NONE || form_is(c, m, "piotlb");

	if (o->type == ORD_T_S2) {
		*why = ORD_WHY_FORM;
		return !piotlb;
	}
	if (piotlb) { /* first stage, pass-through; nested ones only where the first stage changed */
		*why = m->sub != o->sub && o->sub != ORD_NONE ? ORD_WHY_TAG : ORD_WHY_FORM;
		if (o->type == ORD_T_NESTED && (o->teardown || o->sub == ORD_NONE))
			return false;
		return m->sub == o->sub || o->sub == ORD_NONE;
	}
	*why = ORD_WHY_FORM;
	if (full || o->type == ORD_T_NONE || o->sub == ORD_NONE)
		return true;
	if (o->walk && (m->flags & ORD_F(LEAF))) {
		*why = ORD_WHY_LEAF;
		return false;
	}
	return c->k.vtd_psi_drops_fs; /* page-selective: drops every first-stage entry of the DID, whatever the address */
}
static bool tag_smmu(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	(void)c;
	*why = ORD_WHY_FORM;
	if (m->world != o->world && m->dom != ORD_NONE && o->type != ORD_T_S2)
		return false;
	if (o->type == ORD_T_S2)
		return m->sub == ORD_NONE && !(m->flags & ORD_F(S1));
	if (m->flags & ORD_F(S2))
		return false;
	if (o->type == ORD_T_NESTED && o->sub == ORD_NONE && m->sub != ORD_NONE)
		return false;
	*why = ORD_WHY_TAG;
	return m->sub == ORD_NONE || o->sub == ORD_NONE || m->sub == o->sub || (m->flags & ORD_F(GLOBAL));
}
static bool tag_amd(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	*why = ORD_WHY_FORM;
	if (o->type == ORD_T_S2 || o->sub == ORD_NONE)
		return m->sub == ORD_NONE || o->type != ORD_T_S2;
	if (m->sub == ORD_NONE)
		return c->k.amd_gn0_drops_nested || m->dom == ORD_NONE;
	*why = ORD_WHY_TAG;
	return m->sub == o->sub;
}
static bool tag_tlb(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	*why = ORD_WHY_UNIT;
	if (o->unit != ORD_ANY_UNIT && m->unit != o->unit)
		return false;
	*why = ORD_WHY_TAG;
	if (m->dom != ORD_NONE && o->dom != ORD_NONE && m->dom != o->dom)
		return false;
	if (o->dom == ORD_NONE)
		return true;
	switch (c->arch) {
	case ORD_VTD:
		return tag_vtd(c, m, o, why);
	case ORD_SMMUV3:
		return tag_smmu(c, m, o, why);
	case ORD_AMDVI:
		return tag_amd(c, m, o, why);
	case ORD_ANY:
		break;
	}
	return m->sub == ORD_NONE || o->sub == ORD_NONE || m->sub == o->sub;
}
static bool nopasid_all(const struct ord_chk *c)
{
	return c->k.nopasid_inv_scope ? c->k.nopasid_inv_scope == 2 : c->arch == ORD_SMMUV3;
}
static bool tag_cfg(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	*why = ORD_WHY_UNIT;
	if (m->unit != o->unit)
		return false;
	if (m->kind == ORD_K_ALL || (!m->kind && m->rid == ORD_NONE))
		return true;
	*why = ORD_WHY_FORM;
	if (m->kind && m->kind != o->kind) {
		bool ste = m->kind == ORD_K_STE && (o->kind == ORD_K_CD || o->kind == ORD_K_L1CD);
		bool l1 = !(m->flags & ORD_F(LEAF)) &&
		          ((m->kind == ORD_K_STE && o->kind == ORD_K_L1STD) || (m->kind == ORD_K_CD && o->kind == ORD_K_L1CD));
		bool dir = (m->kind == ORD_K_PASIDE && o->kind == ORD_K_PASIDDIR) ||
		           (m->kind == ORD_K_CTX && (o->kind == ORD_K_ROOT || o->kind == ORD_K_PASIDDIR));

		if (!ste && !l1 && !dir)
			return false;
	}
	*why = ORD_WHY_TAG;
	if (o->np && o->kind == ORD_K_CTX && c->arch == ORD_VTD) { /* not-present context entries are cached under DID 0 */
		if (m->dom != ORD_NONE && m->dom)
			return false;
	} else if (m->dom != ORD_NONE && o->dom != ORD_NONE && m->dom != o->dom) {
		return false;
	}
	if (m->rid != ORD_NONE && o->rid != ORD_NONE && m->rid != o->rid && o->kind != ORD_K_L1STD)
		return false;
	if (m->kind == ORD_K_STE && o->kind == ORD_K_CD)
		return true;
	if (m->pasid != ORD_NONE && (m->pasid ? m->pasid != o->pasid : o->pasid && o->pasid != ORD_NONE))
		return false;
	return m->sub == ORD_NONE || o->sub == ORD_NONE || m->sub == o->sub || o->kind == ORD_K_CD;
}
bool ord_cmd_tag(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, enum ord_cause *why)
{
	if (o->what == ORD_O_CFG)
		return m->op == ORD_CFGINV && tag_cfg(c, m, o, why);
	if (o->what != ORD_O_ATC)
		return m->op == ORD_TLBINV && tag_tlb(c, m, o, why);
	*why = ORD_WHY_TAG;
	if (m->op != ORD_ATCINV || m->rid != o->rid)
		return false;
	*why = ORD_WHY_FORM;
	if (m->pasid == o->pasid)
		return true;
	return (m->pasid == ORD_NONE && nopasid_all(c)) || (m->flags & ORD_F(GLOBAL) && o->pasid != ORD_NONE);
}
/* The part of @o that the range of @m removes. */
bool ord_cmd_range_ok(struct ord_chk *c, const struct ord_cmd *m, const struct ord_obl *o, uint64_t *lo, uint64_t *last)
{
	bool any = c->k.superpage_any_addr ? c->k.superpage_any_addr == 2 : c->arch == ORD_VTD;

	*lo = m->lo;
	*last = m->last;
	if (m->lo > o->dom_n.last || m->last < o->dom_n.lo)
		return false;
	if (o->what == ORD_O_TLB && c->arch == ORD_VTD && m->sub == ORD_NONE && o->sub != ORD_NONE && o->type != ORD_T_S2) {
		*lo = o->dom_n.lo; /* page-selective on first-stage entries drops all of the DID; one at another address is not seen here */
		*last = o->dom_n.last;
	} else if ((o->any_addr && any) || (o->walk && !ORD_FULL(o) && (c->arch == ORD_SMMUV3 || any))) {
		*lo = o->dom_n.lo;
		*last = o->dom_n.last;
	} else if (o->walk && (m->lo > o->dom_n.lo || m->last < o->dom_n.last)) {
		return false;
	}
	return true;
}
struct gate {
	struct ord_chk *c;
	const struct ord_obl *o;
	uint32_t q;
};
/* A TLB obligation of the same change, not yet ordered before what is issued on the queue now? */
static bool not_ordered(void *ctx, struct ord_itn *n)
{
	const struct gate *g = ctx;
	const struct ord_obl *t = container_of(n, struct ord_obl, dom_n);

	return t->org == g->o->org && t->what == ORD_O_TLB && (t->unit == g->o->unit || t->unit == ORD_ANY_UNIT) && !t->np &&
	       !ord_obl_ordered(g->c, t, g->q);
}
/* May a command on queue @q count for @o now? Configuration first, then TLBs, then ATCs. */
static bool gated(struct ord_chk *c, const struct ord_obl *o, uint32_t q)
{
	struct gate g = { c, o, q };
	struct ord_dom *d;

	if (o->np)
		return false;
	for (const struct ord_obl *x = o->org->cfg; x; x = x->next_cfg) {
		if (x == o || (o->what == ORD_O_CFG && !(o->kind == ORD_K_PASIDE && x->kind == ORD_K_CTX)))
			continue;
		if (x->unit == o->unit && !ord_obl_ordered(c, x, q))
			return true;
	}
	if (o->what != ORD_O_ATC || o->teardown)
		return false;
	if (!ord_dev(c, o->rid, true)->ats) /* cannot refill any more */
		return false;
	d = o->d ? ord_dom_of(c, o->d, false) : NULL;
	return d && ord_it_any(d->obls, o->dom_n.lo, o->dom_n.last, not_ordered, &g);
}
struct tally {
	uint64_t n, bytes;
	bool teardown, np, wide;
};
static void try_cover(struct ord_chk *c, struct ord_obl *o, const struct ord_cmd *m, struct tally *t)
{
	enum ord_cause why;
	uint64_t lo, last;

	if (o->state == ORD_S_OPEN || !ord_cmd_tag(c, m, o, &why) || !ord_cmd_range_ok(c, m, o, &lo, &last))
		return;
	if (o->what == ORD_O_TLB && o->walk && (m->flags & ORD_F(LEAF)))
		return;
	if (gated(c, o, m->q))
		return;
	t->n++;
	t->teardown |= o->teardown;
	t->np |= o->np;
	t->wide |= !o->np && m->sub == ORD_NONE && o->sub != ORD_NONE && o->what == ORD_O_TLB && o->type != ORD_T_S2 &&
	           (c->arch == ORD_AMDVI ? m->dom != ORD_NONE : c->arch == ORD_VTD && !(!m->lo && m->last == UINT64_MAX));
	t->wide |= o->what == ORD_O_ATC && m->pasid == ORD_NONE && o->pasid != ORD_NONE;
	lo = lo < o->dom_n.lo ? o->dom_n.lo : lo;
	last = last > o->dom_n.last ? o->dom_n.last : last;
	t->bytes += last - lo + (last - lo != UINT64_MAX);
	ord_obl_cover(c, o, lo, last, m);
}
static void cover_tree(struct ord_chk *c, struct ord_itn *root, const struct ord_cmd *m, struct tally *t)
{
	c->v2.n = 0;
	ord_it_all(root, m->lo, m->last, &c->v2);
	for (size_t i = 0; i < c->v2.n; i++)
		try_cover(c, container_of(c->v2.p[i], struct ord_obl, tag_n), m, t);
}
static void cover_sub(struct ord_chk *c, const struct ord_sub *s, const struct ord_cmd *m, struct tally *t)
{
	if (!s)
		return;
	cover_tree(c, s->root[0], m, t);
	if (!(m->flags & ORD_F(LEAF)))
		cover_tree(c, s->root[1], m, t);
}
/* The obligations under a tag, or of a device, that a command with this PASID or ASID (ORD_NONE: every one) may remove. */
static void cover_tag(struct ord_chk *c, struct ord_tags *g, const struct ord_cmd *m, uint32_t sub, struct tally *t)
{
	if (!g)
		return;
	if (sub != ORD_NONE) {
		cover_sub(c, ord_sub_of(c, g, sub, false), m, t);
		cover_sub(c, ord_sub_of(c, g, ORD_NONE, false), m, t);
		return;
	}
	for (const struct ord_sub *s = g->subs; s; s = s->next)
		cover_sub(c, s, m, t);
}
static void cover_tlb(struct ord_chk *c, const struct ord_cmd *m, struct tally *t)
{
	uint32_t sub = m->flags & ORD_F(GLOBAL) ? ORD_NONE : m->sub;

	for (size_t i = 0; m->dom == ORD_NONE && i < c->all_tags.n; i++)
		if (((struct ord_tags *)c->all_tags.p[i])->unit == m->unit)
			cover_tag(c, c->all_tags.p[i], m, sub, t);
	if (m->dom != ORD_NONE)
		cover_tag(c, ord_tags_of(c, m->unit, m->dom, false), m, sub, t);
	cover_tag(c, &c->wild, m, ORD_NONE, t);
}
static void cover_atc(struct ord_chk *c, struct ord_devx *dev, const struct ord_cmd *m, struct tally *t)
{
	if ((m->flags & ORD_F(GLOBAL)) || (m->pasid == ORD_NONE && nopasid_all(c)))
		cover_tag(c, &dev->open, m, ORD_NONE, t);
	else
		cover_sub(c, ord_sub_of(c, &dev->open, m->pasid, false), m, t);
}
static void cover_cfg(struct ord_chk *c, const struct ord_cmd *m, struct tally *t)
{
	c->v2.n = 0;
	for (unsigned b = 0; b < ORD_CFG_BUCKETS; b++)
		if (m->rid == ORD_NONE || b == ord_bucket(m->rid) || b == ord_bucket(ORD_NONE))
			for (struct ord_obl *o = c->cfg[b]; o; o = o->bucket)
				ord_vec_add(&c->v2, o);
	/* oldest first, and what stands above before what stands below: a PASID cache counts only behind its context cache */
	for (int below = 0; below < 2; below++)
		for (size_t i = c->v2.n; i-- > 0;) {
			struct ord_obl *o = c->v2.p[i];

			if ((o->kind == ORD_K_PASIDE) == below && o->in_bucket)
				try_cover(c, o, m, t);
		}
}
static void perf(struct ord_chk *c, const struct ord_ev *e, const struct ord_cmd *m, const struct tally *t)
{
	bool full = !m->lo && m->last == UINT64_MAX;
	double flushed = full ? 0x1p48 : (double)(m->last - m->lo) + 1, factor = t->bytes ? flushed / (double)t->bytes : 0;

	if (m->op != ORD_TLBINV || t->teardown || t->np || !t->n)
		return;
	if (full ? t->n > 1 && factor <= (double)c->k.overinv_factor * 0x1p20 : factor <= (double)c->k.overinv_factor)
		return;
	if (full && t->bytes >= UINT64_C(1) << 30)
		return;
	ord_report_as(c, ORD_GEN_17, ORD_PERF, ORD_PERF_SEV, factor, e->line, e->op, "a command of the range that changed",
	              "%s flushed to remove %llu KiB", full ? "the whole tag is" : "far more than changed is",
	              (unsigned long long)(t->bytes >> 10));
}
void ord_cmd_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_cmd *m = &c->ring[c->n_cmd++ % ORD_LAST_CMDS];
	struct ord_devx *dev;
	struct tally t = { 0 };

	memset(m, 0, sizeof(*m));
	m->q = ord_queue_id(c, e);
	m->seq = c->seq;
	m->line = e->line;
	m->flags = e->flags;
	m->has = e->has;
	m->slot = ord_val(e, ORD_KEY_SLOT, 0);
	m->form = (uint32_t)ord_val(e, ORD_KEY_FORM, 0);
	m->world = ord_world(c, e);
	m->rid = e->rid;
	m->pasid = e->pasid;
	m->op = e->op;
	m->unit = e->unit;
	m->kind = e->kind;
	tag_of(c, e, m);
	c->last_q = m->q;
	if (!ord_cmd_range(c, e, &m->lo, &m->last) || e->flags & (ORD_F(ERR) | ORD_F(BAD))) {
		m->rejected = true;
		return;
	}
	switch (e->op) {
	case ORD_TLBINV:
		cover_tlb(c, m, &t);
		break;
	case ORD_ATCINV:
		dev = ord_devx_of(c, e->rid, true);
		if (!dev)
			break;
		cover_atc(c, dev, m, &t);
		if (!dev->d.ats && !m->lo && m->last == UINT64_MAX && m->pasid == ORD_NONE) {
			dev->clean_seq = m->seq;
			dev->clean_q = m->q;
		}
		break;
	case ORD_CFGINV:
		cover_cfg(c, m, &t);
		break;
	}
	m->covered = t.n;
	m->wide = t.wide;
	perf(c, e, m, &t);
}
