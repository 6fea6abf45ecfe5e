/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ordhw_pt.c - leaves and tables of page tables as lifting finds them, and table pages that are used again: they were freed before. Scope:
 * ordhw.h.
 */
#include "check/ordhw_int.h"
#include <stdlib.h>
#include "core/base/bits.h"

static void of_table(struct ordhw *h, struct ord_ev *e, struct lift_dom *d)
{
	if (!d->tapped)
		d->tapped = ordhw_table(h, d->t.root);
	e->d = d->tapped;
	e->have |= ORD_P_DOM;
}

/* Leaves that continue the run go into it. A page table of several domains tells everything as often. */
static void leaf_event(struct ordhw *h, const struct ord_ev *e)
{
	struct ord_ev *r = &h->run;

	if (r->op == e->op && r->d == e->d && r->op != ORD_PTE_MOD && r->perm == e->perm) {
		if (e->lo >= r->lo && e->last <= r->last && r->line == e->line)
			return;
		if (r->last + 1 == e->lo && e->lo && (e->op == ORD_PTE_CLR || r->pa + r->pa_len == e->pa)) {
			r->last = e->last;
			r->pa_len += e->pa_len;
			return;
		}
	}
	ordhw_end_run(h);
	*r = *e;
	if (h->several)
		ordhw_end_run(h);
}
void ordhw_leaf(void *who, struct lift_dom *d, uint64_t iova, uint64_t size, const struct lift_ent *a, const struct lift_ent *b, bool whole)
{
	struct ordhw *h = who;
	struct ord_ev e;

	if (whole || !h->begun)
		return;
	ordhw_new(h, &e, a->present ? b->present ? ORD_PTE_MOD : ORD_PTE_CLR : ORD_PTE_SET);
	of_table(h, &e, d);
	ordhw_range(&e, iova, iova + size - 1);
	if (b->present) {
		e.perm = b->perm;
		ord_put(&e, ORD_KEY_PERM, b->perm);
	}
	if (e.op == ORD_PTE_SET) {
		e.pa = b->pa + (b->lg2 ? iova & low_mask(b->lg2) : 0);
		e.pa_len = size;
		e.have |= ORD_P_PAGE;
	} else if (e.op == ORD_PTE_MOD && a->pa != b->pa) {
		ord_put(&e, ORD_KEY_PA, b->pa);
	}
	leaf_event(h, &e);
}
static size_t hash_of(uint64_t page)
{
	return (size_t)((page >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
}
static struct ordhw_page *gone_find(const struct ordhw *h, uint64_t page)
{
	size_t mask = h->cap_gone - 1;

	for (size_t i = hash_of(page) & mask; h->cap_gone && h->gone[i].page; i = (i + 1) & mask)
		if (h->gone[i].page == page)
			return &h->gone[i];
	return NULL;
}
static void gone_put(struct ordhw *h, struct ordhw_page g)
{
	uint64_t page = g.page;
	size_t i = hash_of(page) & (h->cap_gone - 1);

	while (h->gone[i].page > 1)
		i = (i + 1) & (h->cap_gone - 1);
	h->n_gone += !h->gone[i].page;
	h->gone[i] = g;
}
/* Open addressing: rebuilt when half full, without what was deleted. */
void ordhw_gone(struct ordhw *h, uint64_t page, uint32_t d, bool whole)
{
	struct ordhw_page *g;

	page &= ~UINT64_C(0xfff);
	if (2 * (h->n_gone + 1) > h->cap_gone) {
		struct ordhw_page *old = h->gone;
		size_t cap = h->cap_gone, live = 0;

		for (size_t i = 0; i < cap; i++)
			live += old[i].page > 1;
		h->cap_gone = cap ? 4 * live > cap ? 2 * cap : cap : 256;
		h->gone = calloc(h->cap_gone, sizeof(*old));
		h->n_gone = 0;
		if (!h->gone) {
			h->gone = old;
			h->cap_gone = cap;
			ordhw_fail(h, ERR_MACHINE, "out of memory");
			return;
		}
		for (size_t i = 0; i < cap; i++)
			if (old[i].page > 1)
				gone_put(h, old[i]);
		free(old);
	}
	g = gone_find(h, page);
	if (!g)
		gone_put(h, (struct ordhw_page){ page, d, whole });
}
/* It was freed before. */
static void freed(struct ordhw *h, struct ordhw_page *p)
{
	struct ord_ev e;

	ordhw_new(h, &e, ORD_PT_FREE);
	e.pa = p->page;
	e.pa_len = 4096;
	e.have |= ORD_P_PAGE;
	for (size_t i = 0; i < h->n_top; i++)
		if (h->top[i].root == p->page)
			h->top[i--] = h->top[--h->n_top];
	p->page = 1;
	h->sum.pt_free++;
	ordhw_emit(h, &e);
}
void ordhw_used(struct ordhw *h, uint64_t page, uint32_t d)
{
	struct ordhw_page *p = h->n_gone ? gone_find(h, page & ~UINT64_C(0xfff)) : NULL;

	if (p && p->whole && p->d == d)
		p->page = 1; /* its page table is attached again */
	else if (p)
		freed(h, p);
}
void ordhw_table_changed(void *who, struct lift_dom *d, bool on, unsigned level, uint64_t iova, uint64_t size, uint64_t pa, bool whole)
{
	struct ordhw *h = who;
	struct ord_ev e;

	if (!h->begun)
		return;
	ordhw_new(h, &e, on ? ORD_PT_LINK : ORD_PT_UNLINK);
	of_table(h, &e, d);
	if (on)
		ordhw_used(h, pa, e.d);
	else
		ordhw_gone(h, pa, e.d, whole);
	if (whole)
		return;
	e.lvl = (uint8_t)(level - 1);
	e.addr = iova;
	e.pa = pa & ~UINT64_C(0xfff);
	e.have |= ORD_P_ADDR | ORD_P_PAGE;
	ordhw_range(&e, iova, iova + size - 1);
	ordhw_emit(h, &e);
}

/* A store to a word of no table in use. A page table that nothing uses may be stored to by its owner. */
void ordhw_stored(struct ordhw *h, uint64_t pa)
{
	struct ordhw_page *p = h->n_gone ? gone_find(h, pa & ~UINT64_C(0xfff)) : NULL;

	if (p && !p->whole)
		freed(h, p);
}
