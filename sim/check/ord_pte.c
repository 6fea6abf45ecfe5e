/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_pte.c - page-table changes of the ordering checker: present leaves, and the obligations of clearing or changing one or of unlinking a
 * table. One obligation per tag for the TLBs, one per requester and PASID for each ATC; a stage-2 change also concerns everything nested on
 * it.
 */
#include <stdlib.h>
#include <string.h>
#include "check/ord_eng.h"

static bool is_named(uint64_t pa, uint32_t *id)
{
	*id = (uint32_t)(pa >> 30 & UINT32_MAX);
	return pa >> 63;
}
bool ord_page_named(struct ord_chk *c, uint64_t pa)
{
	uint32_t id;

	return !is_named(pa, &id) || (id < c->cap_named && c->named[id]);
}
static void note_name(struct ord_chk *c, uint64_t pa)
{
	uint32_t id;

	if (!is_named(pa, &id))
		return;
	if (id >= c->cap_named) {
		size_t cap = 2 * (size_t)id + 64;
		uint8_t *b = realloc(c->named, cap);

		if (!b) {
			ord_oom(c);
			return;
		}
		memset(b + c->cap_named, 0, cap - c->cap_named);
		c->named = b;
		c->cap_named = cap;
	}
	c->named[id] = 1;
}
bool ord_reachable(const struct ord_chk *c, const struct ord_dom *d)
{
	for (const struct ord_atx *a = d->atts; a; a = a->next_d)
		if (a->a.live || !a->blocked_done)
			return true;
	for (const struct ord_atx *a = d->children; a; a = a->next_p)
		if (a->a.live || !a->blocked_done)
			return true;
	return !d->ever && !c->recorded;
}
static void leaf_add(struct ord_chk *c, struct ord_dom *d, const struct ord_leafs *t, uint64_t lo, uint64_t last)
{
	struct ord_leafs *l = ord_pool_get(&c->p_leaf);

	if (!l) {
		ord_oom(c);
		return;
	}
	*l = *t;
	l->va = (struct ord_itn){ .lo = lo, .last = last };
	l->pa = (struct ord_itn){ .lo = t->pa.lo + (lo - t->va.lo), .last = t->pa.lo + (last - t->va.lo) };
	ord_it_add(&d->leaves, &l->va);
	if (l->paged)
		ord_it_add(&c->leaf_pages, &l->pa);
}
/* Takes [lo, last] out of the present leaves; each piece taken is appended to c->v as a copy of its own that is in no tree. */
static void leaf_cut(struct ord_chk *c, struct ord_dom *d, uint64_t lo, uint64_t last)
{
	size_t first;

	c->v.n = 0;
	ord_it_all(d->leaves, lo, last, &c->v);
	first = c->v.n;
	for (size_t i = 0; i < first; i++) {
		struct ord_leafs *l = container_of(c->v.p[i], struct ord_leafs, va), was = *l;
		uint64_t a = l->va.lo < lo ? lo : l->va.lo, b = l->va.last > last ? last : l->va.last;

		ord_it_del(&d->leaves, &l->va);
		if (l->paged)
			ord_it_del(&c->leaf_pages, &l->pa);
		if (was.va.lo < lo)
			leaf_add(c, d, &was, was.va.lo, lo - 1);
		if (was.va.last > last)
			leaf_add(c, d, &was, last + 1, was.va.last);
		l->va.lo = a;
		l->va.last = b;
		l->pa.lo = was.pa.lo + (a - was.va.lo);
		l->pa.last = l->pa.lo + (b - a);
		c->v.p[i] = l;
	}
}
static void atc_obls(struct ord_chk *c, struct ord_org *g, struct ord_atx *list, bool parent, const struct ord_obl *proto, bool paged)
{
	c->stamp++;
	for (struct ord_atx *a = list; a; a = parent ? a->next_p : a->next_d) {
		struct ord_devx *dev = a->a.rid != ORD_NONE ? ord_devx_of(c, a->a.rid, false) : NULL;
		struct ord_obl t = *proto;
		bool dup = false;

		if (!dev || !ord_dirty(c, dev) || (a->blocked_done && !a->open_atc))
			continue;
		t.what = ORD_O_ATC;
		t.walk = t.any_addr = false;
		t.unit = a->a.unit;
		t.rid = a->a.rid;
		t.pasid = a->a.pasid ? a->a.pasid : ORD_NONE;
		t.type = a->a.type;
		if (parent) {
			t.dom_n.lo = 0;
			t.dom_n.last = UINT64_MAX;
			t.whole = true;
		}
		for (struct ord_atx *b = dev->atts; b && !dup; b = b->next_rid)
			dup = b->stamp == c->stamp && b->a.pasid == a->a.pasid;
		a->stamp = c->stamp;
		if (!dup)
			ord_obl_new(c, g, &t, paged);
	}
}
/* The obligations of one changed range: @t has range, page and walk. */
static void oblige(struct ord_chk *c, struct ord_org *g, struct ord_dom *d, const struct ord_obl *t, bool paged)
{
	struct ord_obl o = *t;

	o.d = d->id;
	o.rid = o.pasid = ORD_NONE;
	if (!d->n_tag && !d->ever && !c->recorded) { /* never attached in this trace: under whatever tag */
		o.what = ORD_O_TLB;
		o.dom = o.sub = ORD_NONE;
		o.unit = ORD_ANY_UNIT;
		ord_obl_new(c, g, &o, paged);
	}
	for (size_t i = 0; i < d->n_tag; i++) {
		const struct ord_tagref *r = &d->tag[i];

		o = *t;
		o.what = ORD_O_TLB;
		o.d = d->id;
		o.rid = o.pasid = ORD_NONE;
		o.unit = r->unit;
		o.dom = r->dom;
		o.sub = r->sub;
		o.type = r->type;
		o.world = r->world;
		if (r->parent && c->arch == ORD_SMMUV3) { /* by address in stage 2, and every combined entry of the VMID */
			o.type = ORD_T_S2;
			o.sub = ORD_NONE;
			ord_obl_new(c, g, &o, paged);
			o.type = ORD_T_NESTED;
		}
		if (r->parent) {
			o.type = ORD_T_NESTED;
			o.dom_n.lo = 0;
			o.dom_n.last = UINT64_MAX;
			o.whole = true;
			ord_obl_new(c, g, &o, paged);
			continue;
		}
		ord_obl_new(c, g, &o, paged);
	}
	o = *t;
	o.d = d->id;
	o.dom = o.sub = ORD_NONE;
	atc_obls(c, g, d->atts, false, &o, paged);
	atc_obls(c, g, d->children, true, &o, paged);
}
static bool superpage(uint64_t lo, uint64_t last)
{
	uint64_t n = last - lo + 1;

	return (n == 2 << 20 || n == 1 << 30) && !(lo & (n - 1));
}
static void range_of(const struct ord_ev *e, struct ord_obl *t, uint64_t lo, uint64_t last, uint64_t pa)
{
	(void)e;
	t->dom_n.lo = lo;
	t->dom_n.last = last;
	t->pa_n.lo = pa;
	t->pa_n.last = pa + (last - lo);
}
/* Obligations for [lo, last] of @d: piece by piece where pages are known, the rest with its page unknown. */
static void oblige_range(struct ord_chk *c, struct ord_org *g, struct ord_dom *d, const struct ord_ev *e, bool release)
{
	uint64_t at = e->lo;
	bool end = false;
	size_t n = c->v.n;
	struct ord_obl t;

	for (size_t i = 0; i <= n && !end; i++) {
		const struct ord_leafs *l = i < n ? c->v.p[i] : NULL;
		uint64_t gap = l ? l->va.lo : e->last;

		memset(&t, 0, sizeof(t));
		if (l ? gap > at : true) { /* not known to be present */
			range_of(e, &t, at, l ? gap - 1 : e->last, 0);
			t.in_unknown = release && !(e->has & ORD_HAS(PA));
			if (e->op == ORD_PTE_CLR && e->has & ORD_HAS(PA))
				range_of(e, &t, at, l ? gap - 1 : e->last, e->v[ORD_KEY_PA] + (at - e->lo));
			oblige(c, g, d, &t, release && e->op == ORD_PTE_CLR && (e->has & ORD_HAS(PA)));
		}
		if (!l)
			break;
		memset(&t, 0, sizeof(t));
		range_of(e, &t, l->va.lo, l->va.last, l->pa.lo);
		t.any_addr = superpage(l->va.lo, l->va.last);
		t.in_unknown = release && !l->paged;
		oblige(c, g, d, &t, release && l->paged);
		end = l->va.last >= e->last;
		at = l->va.last + 1;
	}
}
static void give_back(struct ord_chk *c)
{
	for (size_t i = 0; i < c->v.n; i++)
		ord_pool_put(&c->p_leaf, c->v.p[i]);
	c->v.n = 0;
}
static void pte_set(struct ord_chk *c, const struct ord_ev *e, struct ord_dom *d)
{
	bool paged = e->have & ORD_P_PAGE, over;
	struct ord_leafs t = {
		.d = d->id, .paged = paged, .fresh = true, .line = e->line, .perm = e->has & ORD_HAS(PERM) ? e->perm | 8 : 0
	};
	struct ord_org *g;

	t.va.lo = e->lo;
	t.pa.lo = e->pa;
	leaf_cut(c, d, e->lo, e->last);
	over = c->v.n && !(c->v.n == 1 && paged && ((struct ord_leafs *)c->v.p[0])->paged &&
	                   ((struct ord_leafs *)c->v.p[0])->pa.lo == e->pa + (((struct ord_leafs *)c->v.p[0])->va.lo - e->lo));
	if (over) { /* written over a present leaf with another page */
		g = ord_org_new(c, e);
		for (size_t i = 0; g && i < c->v.n; i++) {
			const struct ord_leafs *l = c->v.p[i];
			struct ord_obl o = { .what = ORD_O_TLB };

			range_of(e, &o, l->va.lo, l->va.last, l->pa.lo);
			o.any_addr = superpage(l->va.lo, l->va.last);
			o.in_unknown = !l->paged;
			oblige(c, g, d, &o, l->paged);
		}
		ord_org_put(c, g);
	}
	give_back(c);
	if (paged)
		note_name(c, e->pa);
	leaf_add(c, d, &t, e->lo, e->last);
	if (c->k.np_cache && !over) {
		struct ord_obl o = { .np = true };

		g = ord_org_new(c, e);
		range_of(e, &o, e->lo, e->last, 0);
		for (size_t i = 0; g && i < d->n_tag; i++) {
			o.what = ORD_O_TLB;
			o.d = d->id;
			o.rid = o.pasid = ORD_NONE;
			o.unit = d->tag[i].unit;
			o.dom = d->tag[i].dom;
			o.sub = d->tag[i].sub;
			o.type = d->tag[i].type;
			o.world = d->tag[i].world;
			if (o.type != ORD_T_S1 || c->arch != ORD_VTD) /* caching mode says nothing of first stage */
				ord_obl_new(c, g, &o, false);
		}
		ord_org_put(c, g);
	}
}
static void pte_clr(struct ord_chk *c, const struct ord_ev *e, struct ord_dom *d)
{
	struct ord_org *g = ord_org_new(c, e);

	if (!g)
		return;
	leaf_cut(c, d, e->lo, e->last);
	oblige_range(c, g, d, e, true);
	give_back(c);
	ord_org_put(c, g);
}
/* Another page or size releases the old page; less permission and cleared A or D bits only make a claim wait. */
static void pte_mod(struct ord_chk *c, const struct ord_ev *e, struct ord_dom *d)
{
	bool moved = e->has & ORD_HAS(PA), resized = e->flags & ORD_F(RESIZE);
	uint8_t perm = (uint8_t)ord_val(e, ORD_KEY_PERM, 0);
	bool more = (e->has & ORD_HAS(PERM)) && !moved && !resized && !(e->flags & (ORD_F(CLRD) | ORD_F(CLRA) | ORD_F(ATTR)));
	struct ord_org *g = ord_org_new(c, e);

	if (!g)
		return;
	g->resize = resized;
	leaf_cut(c, d, e->lo, e->last);
	if (e->perm & 8) /* the old one stands in the event */
		more = more && !(e->perm & 7 & ~perm);
	else
		for (size_t i = 0; i < c->v.n; i++) {
			const struct ord_leafs *l = c->v.p[i];

			more = more && (l->perm & 8) && !(l->perm & 7 & ~perm);
		}
	if (!(more && (c->v.n || e->perm & 8)))
		oblige_range(c, g, d, e, moved || resized);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_leafs *l = c->v.p[i];

		if (moved) {
			l->pa.lo = e->v[ORD_KEY_PA] + (l->va.lo - e->lo);
			l->paged = true;
		}
		if (e->has & ORD_HAS(PERM))
			l->perm = perm | 8;
		leaf_add(c, d, l, l->va.lo, l->va.last);
	}
	if (moved)
		note_name(c, e->v[ORD_KEY_PA]);
	give_back(c);
	ord_org_put(c, g);
}
static void span_of(const struct ord_ev *e, uint64_t *lo, uint64_t *last)
{
	unsigned sh = 12 + 9 * (e->lvl > 4 ? 4 : e->lvl);

	*lo = e->lo;
	*last = e->last;
	if (*lo != *last)
		return;
	*lo = *lo >> sh << sh;
	*last = *lo + (UINT64_C(1) << sh) - 1;
}
/* Which entry of which page table: 2^20 page tables, levels to 9. */
static uint64_t link_key(const struct ord_ev *e)
{
	unsigned sh = 12 + 9 * (e->lvl > 4 ? 4 : e->lvl);

	return (uint64_t)(e->d & 0xfffff) << 44 | (uint64_t)(e->lvl & 15) << 40 | (e->addr >> sh & 0xffffffffff);
}
static void unlink_table(struct ord_chk *c, const struct ord_ev *e, struct ord_dom *d)
{
	struct ord_org *g = ord_org_new(c, e);
	struct ord_obl t = { .walk = true };
	struct ord_table *tb = e->have & ORD_P_PAGE ? ord_map_get(&c->tables, e->pa) : NULL;
	uint64_t lo, last;
	bool known;

	if (!g)
		return;
	span_of(e, &lo, &last);
	if (!tb) /* not named: what was linked there */
		tb = ord_map_get(&c->links, link_key(e));
	known = e->have & ORD_P_PAGE || tb;
	range_of(e, &t, lo, last, e->have & ORD_P_PAGE ? e->pa : tb ? tb->pa : 0);
	t.pa_n.last = t.pa_n.lo + 0xfff;
	t.in_unknown = !known;
	ord_map_del(&c->links, link_key(e));
	oblige(c, g, d, &t, known);
	leaf_cut(c, d, lo, last); /* leaves still present below it are out of reach with it */
	for (size_t i = 0; i < c->v.n; i++) {
		const struct ord_leafs *l = c->v.p[i];

		memset(&t, 0, sizeof(t));
		range_of(e, &t, l->va.lo, l->va.last, l->pa.lo);
		t.in_unknown = !l->paged;
		oblige(c, g, d, &t, l->paged);
	}
	give_back(c);
	if (tb)
		tb->linked = false;
	if (e->have & ORD_P_PAGE)
		note_name(c, e->pa);
	ord_org_put(c, g);
}
void ord_table_note(struct ord_chk *c, uint64_t pa, uint32_t d)
{
	struct ord_table *t = ord_map_get(&c->tables, pa);

	if (!t) {
		t = ord_pool_get(&c->p_table);
		if (!t || !ord_map_put(&c->tables, pa, t)) {
			ord_oom(c);
			return;
		}
	}
	t->d = d;
	t->pa = pa;
	t->linked = true;
	note_name(c, pa);
}
void ord_pte_event(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, true);

	if (!d)
		return;
	switch (e->op) {
	case ORD_PTE_SET:
		pte_set(c, e, d);
		return;
	case ORD_PTE_CLR:
		pte_clr(c, e, d);
		return;
	case ORD_PTE_MOD:
		pte_mod(c, e, d);
		return;
	case ORD_PT_LINK:
		if (!(e->have & ORD_P_PAGE))
			return;
		ord_table_note(c, e->pa, d->id);
		if (!ord_map_put(&c->links, link_key(e), ord_map_get(&c->tables, e->pa)))
			ord_oom(c);
		return;
	case ORD_PT_UNLINK:
		unlink_table(c, e, d);
		return;
	}
}
