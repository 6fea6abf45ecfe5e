/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ord_rel.c - release events of the ordering checker: which obligations touch the page, table, configuration table or address that is given
 * back or used anew. One finding for a release event and a rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/ord_rel.h"

enum { REUSE_LOOKS = 1024 }; /* obligations looked at when an address is used again */
/* Waivers for memory of data pages: nothing can reach it any more (3.6 b, f). */
static bool data_forgiven(struct ord_chk *c, const struct ord_obl *o)
{
	struct ord_dom *d = o->d ? ord_dom_of(c, o->d, false) : NULL;

	if (o->np)
		return true;
	if (o->what == ORD_O_ATC)
		return ord_atc_forgiven(c, o);
	return d && d->ever && !ord_reachable(c, d);
}
static bool untrusted(struct ord_chk *c, uint32_t d)
{
	struct ord_dom *dom = d ? ord_dom_of(c, d, false) : NULL;

	for (const struct ord_atx *a = dom ? dom->atts : NULL; a; a = a->next_d)
		if (ord_rid_in(c->k.untrusted_rids, a->a.rid))
			return true;
	return false;
}
static bool is_atc_teardown(void *ctx, struct ord_itn *n)
{
	const struct ord_obl *o = container_of(n, struct ord_obl, dom_n);

	return o->teardown && o->what == ORD_O_ATC && !ord_atc_forgiven(ctx, o);
}
/* A page whose leaf is still present: by a live entry, or through one whose teardown is not complete. */
static void present_leaf(struct ord_chk *c, const struct ord_ev *e, const struct ord_leafs *l, struct ord_told *told)
{
	struct ord_dom *d = ord_dom_of(c, l->d, false);
	bool live = !d->ever && !c->recorded;
	struct ord_itn *n;

	for (const struct ord_atx *a = d->atts; a; a = a->next_d)
		live |= a->a.live;
	for (const struct ord_atx *a = d->children; a; a = a->next_p)
		live |= a->a.live;
	if (live) {
		ord_report(c, ORD_GEN_25, ORD_VIOLATION, e, "the leaf cleared and flushed first",
		           "a page is released whose leaf in %s, set at line %llu, is still present", ord_name_text(&c->names, l->d),
		           (unsigned long long)l->line);
		return;
	}
	n = ord_it_any(d->obls, l->va.lo, l->va.last, is_atc_teardown, c);
	if (n)
		ord_blame_one(c, e, container_of(n, struct ord_obl, dom_n), ORD_RULES_N, told, NULL);
	for (struct ord_obl *o = c->tears; o && told->seen < ORD_BLAMES; o = o->tnext)
		if (o->what == ORD_O_CFG && o->att && (o->att->a.d == d->id || o->att->a.parent == d->id) && !o->att->blocked_done)
			ord_blame_one(c, e, o, ORD_RULES_N, told, NULL);
}
static void page_free(struct ord_chk *c, const struct ord_ev *e)
{
	uint64_t last = e->pa + (e->pa_len ? e->pa_len : 4096) - 1;
	struct ord_finding lazy = { .verdict = ORD_HAZARD, .op = e->op, .line = e->line };
	struct ord_told told = { .n = 0 };

	c->v.n = 0;
	ord_it_all(c->pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, pa_n);

		if (o->walk || data_forgiven(c, o))
			continue;
		if (c->k.lazy_ok && !untrusted(c, o->d))
			ord_blame_one(c, e, o, ORD_GEN_03, &told, &lazy);
		else
			ord_blame_one(c, e, o, ORD_RULES_N, &told, NULL);
	}
	c->v.n = 0;
	ord_it_all(c->leaf_pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++)
		present_leaf(c, e, container_of(c->v.p[i], struct ord_leafs, pa), &told);
	for (struct ord_obl *o = ord_page_named(c, e->pa) ? NULL : c->unknown; o && told.seen < ORD_BLAMES; o = o->unext)
		if (!o->walk && !data_forgiven(c, o))
			ord_blame_one(c, e, o, c->k.lazy_ok && !untrusted(c, o->d) ? ORD_GEN_03 : ORD_RULES_N, &told,
			              c->k.lazy_ok && !untrusted(c, o->d) ? &lazy : NULL);
}
/* Obligations of the teardown of whatever names page table @d (0: any page table). */
static unsigned teardown_of(struct ord_chk *c, const struct ord_ev *e, uint32_t d, struct ord_told *told)
{
	unsigned n = 0;

	for (struct ord_obl *o = c->tears; o && told->seen < ORD_BLAMES; o = o->tnext) {
		if (o->np || (o->what == ORD_O_ATC && ord_atc_forgiven(c, o)))
			continue;
		if (d && !(o->att && (o->att->a.d == d || o->att->a.parent == d)))
			continue;
		ord_blame_one(c, e, o, ORD_RULES_N, told, NULL);
		n++;
	}
	return n;
}
uint64_t ord_teardown_open(struct ord_chk *c, uint32_t rid, uint64_t since)
{
	const struct ord_devx *d = ord_devx_of(c, rid, false);
	bool any = false;

	for (const struct ord_atx *a = d ? d->atts : NULL; a && !any; a = a->next_rid)
		any = a->open;
	for (const struct ord_obl *o = any ? c->tears : NULL; o; o = o->tnext)
		if (o->rid == rid && o->org->seq >= since && !(o->what == ORD_O_ATC && ord_atc_forgiven(c, o)))
			return o->org->line;
	return 0;
}
static void pt_free(struct ord_chk *c, const struct ord_ev *e)
{
	uint64_t last = e->pa + (e->pa_len ? e->pa_len : 4096) - 1;
	struct ord_table *t = ord_map_get(&c->tables, e->pa);
	struct ord_told told = { .n = 0 };
	struct ord_dom *d;

	c->v.n = 0;
	ord_it_all(c->pages, e->pa, last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, pa_n);

		if (!o->np && !(o->what == ORD_O_ATC && ord_atc_forgiven(c, o)))
			ord_blame_one(c, e, o, ORD_RULES_N, &told, NULL);
	}
	for (struct ord_obl *o = ord_page_named(c, e->pa) ? NULL : c->unknown; o && told.seen < ORD_BLAMES; o = o->unext)
		ord_blame_one(c, e, o, ORD_RULES_N, &told, NULL);
	if (!t) {
		if (!ord_page_named(c, e->pa))
			teardown_of(c, e, 0, &told);
		return;
	}
	d = ord_dom_of(c, t->d, false);
	if (!teardown_of(c, e, t->d, &told) && t->linked && d && ord_reachable(c, d)) {
		bool mm = false;

		for (const struct ord_atx *a = d->atts; a; a = a->next_d)
			mm |= a->a.pasid != ORD_NONE && a->a.pasid;
		ord_report(c, mm ? ORD_GEN_23 : ORD_GEN_09, ORD_VIOLATION, e,
		           "unlinked, flushed without the leaf hint, and waited for first",
		           "a table page of %s is released that is still linked", ord_name_text(&c->names, t->d));
		if (c->arch == ORD_SMMUV3 && mm)
			ord_report(c, ORD_SMM_07, ORD_VIOLATION, e, "the CD switched to no walks and everything flushed first",
			           "a table page of %s is released while a CD names it", ord_name_text(&c->names, t->d));
	}
	if (t->linked) /* an entry still names it */
		return;
	ord_map_del(&c->tables, e->pa);
	ord_pool_put(&c->p_table, t);
}
static bool concerns(const struct ord_ev *e, const struct ord_att *a)
{
	bool same = a->rid == e->rid || e->rid == ORD_NONE;

	if (e->have & ORD_P_PAGE)
		return a->root == e->pa;
	if (a->kind == e->kind)
		return same && (e->pasid == ORD_NONE || e->pasid == a->pasid);
	switch (e->kind) {
	case ORD_K_CD:
	case ORD_K_L1CD:
		return same && (a->kind == ORD_K_STE || a->kind == ORD_K_CD);
	case ORD_K_PASIDE:
	case ORD_K_PASIDDIR:
		return same && (a->kind == ORD_K_CTX || a->kind == ORD_K_PASIDE);
	case ORD_K_GCR3:
		return same && (a->kind == ORD_K_DTE || a->kind == ORD_K_GCR3);
	}
	return false;
}
static void tbl_free(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_told told = { .n = 0 };

	for (struct ord_obl *o = c->tears; o && told.seen < ORD_BLAMES; o = o->tnext) {
		if (!o->np && o->att && concerns(e, &o->att->a) && !(o->what == ORD_O_ATC && ord_atc_forgiven(c, o)))
			ord_blame_one(c, e, o, ORD_GEN_13, &told, NULL);
	}
	for (size_t i = 0; i < c->n_att; i++) {
		const struct ord_att *a = &c->att_list[i]->a;
		bool above =
		    !(e->have & ORD_P_PAGE) && a->kind != e->kind && (a->kind == ORD_K_STE || a->kind == ORD_K_CTX || a->kind == ORD_K_DTE);

		if (!a->live || !concerns(e, a) || (a->kind != e->kind && !above && !(e->have & ORD_P_PAGE)))
			continue;
		ord_report(c, c->arch == ORD_SMMUV3 ? ORD_SMM_06 : ORD_GEN_13, ORD_VIOLATION, e,
		           "the entry cleared and flushed, with a completed wait, first",
		           "a configuration table is released that the %s set at line %llu still uses", ord_kind_name[a->kind],
		           (unsigned long long)a->line);
		return;
	}
}
/* The page that @o's first byte was on is where @e puts that byte. */
static bool same_page(const struct ord_ev *e, const struct ord_obl *o)
{
	return o->in_pa && e->have & ORD_P_PAGE && e->pa + (o->dom_n.lo - e->lo) == o->pa_n.lo;
}
static bool resizes(const struct ord_ev *e, const struct ord_obl *o)
{
	if (e->op != ORD_PTE_SET || (o->org->op != ORD_PT_UNLINK && !(o->org->op == ORD_PTE_MOD && o->org->resize)))
		return false;
	return !o->walk || e->last - e->lo >= o->dom_n.last - o->dom_n.lo;
}
static void iova_reuse(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);
	struct ord_told told = { .n = 0 };
	bool moved = false;

	if (!d || !d->obls)
		return;
	c->v.n = 0;
	c->v.max = REUSE_LOOKS;
	ord_it_all(d->obls, e->lo, e->last, &c->v);
	c->v.max = 0;
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);

		moved |= !o->np && !o->walk && !o->teardown && !same_page(e, o);
	}
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);
		bool resize = resizes(e, o);

		if (o->np || o->teardown || o->whole || ORD_FULL(o) || (o->walk && !resize) || (!resize && !o->in_pa && !o->in_unknown))
			continue;
		if (!o->walk && same_page(e, o) && !resize)
			continue;
		if (resize && c->k.bbm_level >= 2 && !moved)
			continue;
		if (e->op == ORD_PTE_SET && o->org->released && o->org->rule == (resize ? ORD_GEN_07 : ORD_GEN_03)) /* told at IOVA_ALLOC */
			continue;
		if (e->op == ORD_IOVA_FREE) {
			ord_blame_one(c, e, o, ORD_RULES_N, &told, NULL);
			continue;
		}
		ord_blame_one(c, e, o, resize ? ORD_GEN_07 : ORD_GEN_03, &told, NULL);
	}
}
static void claim(struct ord_chk *c, const struct ord_ev *e)
{
	struct ord_dom *d = ord_dom_of(c, e->d, false);
	enum ord_rule_id rule = e->flags & ORD_F(CLEAN) ? ORD_GEN_20 : ORD_GEN_08;
	struct ord_told told = { .n = 0 };

	c->v.n = 0;
	ord_it_all(d ? d->obls : NULL, e->lo, e->last, &c->v);
	for (size_t i = 0; i < c->v.n; i++) {
		struct ord_obl *o = container_of(c->v.p[i], struct ord_obl, dom_n);
		struct ord_finding dma = { .verdict = ORD_MANIFEST, .op = ORD_DMA, .line = o->org->dma_line };

		if (!o->np && !o->teardown)
			ord_blame_one(c, e, o, rule, &told, o->org->dma_line ? &dma : NULL);
	}
}
void ord_rel_event(struct ord_chk *c, const struct ord_ev *e)
{
	switch (e->op) {
	case ORD_PAGE_FREE:
		page_free(c, e);
		return;
	case ORD_PT_FREE:
		pt_free(c, e);
		return;
	case ORD_TBL_FREE:
		tbl_free(c, e);
		return;
	case ORD_IOVA_FREE:
	case ORD_IOVA_ALLOC:
	case ORD_PTE_SET:
		iova_reuse(c, e);
		return;
	case ORD_ID_FREE:
		ord_tag_free(c, e);
		return;
	case ORD_ID_ALLOC:
		ord_tag_alloc(c, e);
		return;
	case ORD_CLAIM:
		claim(c, e);
		return;
	case ORD_DMA:
		ord_use_dma(c, e);
		return;
	}
}
