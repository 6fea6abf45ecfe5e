/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_pt.c - page tables of the domains: which pages they are in, and which leaves come and go with a store.
 * A table is known by the 4 KiB pages it takes (one, or several with larger granules and concatenated top tables).
 * A table that a store links is looked into only when something else than a store or page follows: what is still written to it counts.
 */
#include <stdlib.h>
#include "core/base/bits.h"
#include "import/lift_int.h"

static unsigned lg2_of(const struct lift_dom *d, unsigned level)
{
	return d->t.page_lg2 + (d->t.page_lg2 - 3u) * (level - 1);
}
/* What the entry for @at maps to. */
static uint64_t leaf_pa(const struct lift_ent *x, uint64_t at)
{
	return x->pa + (at & (x->lg2 ? low_mask(x->lg2) : 0));
}
static unsigned hash_of(uint64_t pa)
{
	return (unsigned)((pa >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 50);
}
static struct lift_node **slot(struct lift *l, const struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base)
{
	struct lift_node **p = &l->hash[hash_of(pa)];

	while (*p && ((*p)->pa != pa || (*p)->dom != d || (*p)->level != level || (*p)->base != base))
		p = &(*p)->next;
	return p;
}
static uint64_t page_of(uint64_t pa)
{
	return pa & ~UINT64_C(0xfff);
}
/* In how many places is the page a table? */
static unsigned places(const struct lift *l, uint64_t pa)
{
	unsigned n = 0;

	for (const struct lift_node *x = l->hash[hash_of(pa)]; x; x = x->next)
		n += page_of(x->pa) == page_of(pa);
	return n;
}

static const struct lift_ent nothing;
/* An entry of @level that translates @at changes from @a to @b. */
static void leaf(struct lift *l, struct lift_dom *d, unsigned level, uint64_t at, const struct lift_ent *a, const struct lift_ent *b)
{
	uint64_t size = UINT64_C(1) << lg2_of(d, level);

	if (l->tap) {
		if (a->present || b->present)
			l->tap->leaf(l->tap->who, d, at, size, a, b, l->whole);
		return;
	}
	if (a->present)
		lift_leaf(l, d, false, at, 0, size, 0);
	if (b->present)
		lift_leaf(l, d, true, at, leaf_pa(b, at), size, b->perm);
}
static void table(struct lift *l, struct lift_dom *d, bool on, unsigned level, uint64_t at, const struct lift_ent *x)
{
	if (l->tap)
		l->tap->table(l->tap->who, d, on, level, at, UINT64_C(1) << lg2_of(d, level), x->pa, l->whole);
}
static void add_table(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint8_t perm, uint64_t n);
static void remove_table(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint64_t n);
static uint64_t entries(const struct lift_dom *d)
{
	return UINT64_C(1) << (d->t.page_lg2 - 3);
}
/* What removal by the tables did not find: nothing of the page table may stay. */
static void drop_nodes(struct lift *l, const struct lift_dom *d)
{
	for (unsigned i = 0; i < LIFT_HASH; i++)
		for (struct lift_node **p = &l->hash[i], *n; (n = *p) != NULL;) {
			if (n->dom != d) {
				p = &n->next;
				continue;
			}
			*p = n->next;
			free(n);
		}
}
/* The page is used for something else, so page tables that nothing is attached to and that had it are gone. */
void lift_pt_bury(struct lift *l, uint64_t pa)
{
	struct lift_node *x;

	do {
		x = l->hash[hash_of(pa)];
		while (x && (page_of(x->pa) != page_of(pa) || x->dom->refs))
			x = x->next;
		if (x) {
			struct lift_dom *dead = x->dom;

			lift_pt_remove(l, dead);
			drop_nodes(l, dead);
			lift_forget(l, dead);
		}
	} while (x);
}
/* It becomes a table of @d. */
static void bury(struct lift *l, const struct lift_dom *d, uint64_t pa)
{
	if (l->tap && d->refs)
		lift_pt_bury(l, pa);
}
static void add_below(struct lift *l, struct lift_dom *d, const struct lift_ent *x, unsigned level, uint64_t at)
{
	bury(l, d, x->pa);
	table(l, d, true, level, at, x);
	add_table(l, d, x->pa, level - 1 - x->skip, at, x->perm, entries(d));
}
static void remove_below(struct lift *l, struct lift_dom *d, const struct lift_ent *x, unsigned level, uint64_t at)
{
	table(l, d, false, level, at, x);
	remove_table(l, d, x->pa, level - 1 - x->skip, at, entries(d));
}
static void add_page(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint8_t perm, unsigned cnt)
{
	struct lift_node **p = slot(l, d, pa, level, base), *n;
	const uint64_t *w = mem_page(l->mem, page_of(pa));

	if (*p || l->failed)
		return;
	if (places(l, pa) == LIFT_PLACES) {
		lift_fail(l, ERR_INPUT, "one page is a page table in more than 64 places: tables that contain themselves?");
		return;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		lift_fail(l, ERR_MACHINE, "out of memory");
		return;
	}
	*n = (struct lift_node){ .dom = d, .pa = pa, .base = base, .n = (uint16_t)cnt, .level = (uint8_t)level, .perm = perm };
	*p = n;
	for (unsigned i = 0; w && i < cnt; i++) {
		struct lift_ent x = l->arch->entry(&d->t, w[(pa >> 3 & 511) + i], level, perm);
		uint64_t at = base + ((uint64_t)i << lg2_of(d, level));

		if (x.leaf)
			leaf(l, d, level, at, &nothing, &x);
		else if (x.present)
			add_below(l, d, &x, level, at);
	}
}
static void remove_page(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, unsigned cnt)
{
	struct lift_node **p = slot(l, d, pa, level, base), *n = *p;
	const uint64_t *w = mem_page(l->mem, page_of(pa));

	if (!n)
		return; /* linked and unlinked before anyone looked */
	*p = n->next;
	for (unsigned i = 0; w && i < cnt; i++) {
		struct lift_ent x = l->arch->entry(&d->t, w[(pa >> 3 & 511) + i], level, n->perm);
		uint64_t at = base + ((uint64_t)i << lg2_of(d, level));

		if (x.leaf)
			leaf(l, d, level, at, &x, &nothing);
		else if (x.present)
			remove_below(l, d, &x, level, at);
	}
	free(n);
}
/* The entries of a table that are in the page of @pa, of @n that are left. */
static unsigned in_page(uint64_t pa, uint64_t n)
{
	uint64_t room = 512 - (pa >> 3 & 511);

	return (unsigned)(n < room ? n : room);
}
static void add_table(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint8_t perm, uint64_t n)
{
	for (unsigned k; n && !l->failed; n -= k, pa += 8 * (uint64_t)k, base += (uint64_t)k << lg2_of(d, level)) {
		k = in_page(pa, n);
		add_page(l, d, pa, level, base, perm, k);
	}
}
static void remove_table(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint64_t n)
{
	for (unsigned k; n; n -= k, pa += 8 * (uint64_t)k, base += (uint64_t)k << lg2_of(d, level)) {
		k = in_page(pa, n);
		remove_page(l, d, pa, level, base, k);
	}
}
static uint64_t top_entries(const struct lift_dom *d)
{
	return UINT64_C(1) << (d->t.bits - lg2_of(d, d->t.levels));
}
void lift_pt_add(struct lift *l, struct lift_dom *d)
{
	bury(l, d, d->t.root);
	l->whole = true;
	add_table(l, d, d->t.root, d->t.levels, 0, l->arch->perm, top_entries(d));
	l->whole = false;
}
void lift_pt_remove(struct lift *l, struct lift_dom *d)
{
	bool whole = l->whole;

	l->whole = true;
	remove_table(l, d, d->t.root, d->t.levels, 0, top_entries(d));
	l->whole = whole;
}

static void changed(struct lift *l, struct lift_dom *d, const struct lift_link *k, uint64_t old, uint64_t val, uint8_t perm)
{
	struct lift_ent a = l->arch->entry(&d->t, old, k->level, perm), b = l->arch->entry(&d->t, val, k->level, perm);

	if (a.present == b.present && a.leaf == b.leaf && a.pa == b.pa && a.perm == b.perm && a.lg2 == b.lg2 && a.skip == b.skip)
		return; /* software or accessed bits only */
	if (a.present && !a.leaf)
		remove_below(l, d, &a, k->level, k->base);
	leaf(l, d, k->level, k->base, a.leaf ? &a : &nothing, b.leaf ? &b : &nothing);
	if (b.present && !b.leaf) {
		bury(l, d, b.pa);
		table(l, d, true, k->level, k->base, &b);
		if (!lift_grow(l, &l->link, l->n_link, &l->cap_link, sizeof(*l->link)))
			return;
		l->link[l->n_link] = *k;
		l->link[l->n_link++].perm = perm;
	}
}
/* The store of @val over @old at @pa, already in memory. A page may be a table in more than one place. */
void lift_pt_store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val)
{
	unsigned n = 0;
	struct { struct lift_link k; uint8_t perm; } hit[LIFT_PLACES];

	for (const struct lift_node *x = l->hash[hash_of(pa)]; x; x = x->next)
		if (pa >= x->pa && pa < x->pa + 8 * (uint64_t)x->n) { /* first collect: a change may remove tables of this chain */
			hit[n].k = (struct lift_link){ .dom = x->dom, .table = x->pa, .entry = pa, .level = x->level };
			hit[n].k.base = x->base + ((pa - x->pa) >> 3 << lg2_of(x->dom, x->level));
			hit[n++].perm = x->perm;
		}
	for (unsigned i = 0; i < n; i++)
		changed(l, hit[i].k.dom, &hit[i].k, old, val, hit[i].perm);
}
void lift_pt_links(struct lift *l)
{
	for (size_t i = 0; i < l->n_link; i++) {
		struct lift_link k = l->link[i];
		uint64_t e = 0, first = k.base - ((k.entry - k.table) >> 3 << lg2_of(k.dom, k.level));
		struct lift_ent x;

		if (!*slot(l, k.dom, k.table, k.level, first) || mem_read(l->mem, k.entry, &e, 1) != MEM_OK)
			continue; /* its table is gone meanwhile */
		x = l->arch->entry(&k.dom->t, e, k.level, k.perm);
		if (x.present && !x.leaf)
			add_table(l, k.dom, x.pa, k.level - 1u - x.skip, k.base, x.perm, entries(k.dom)); /* told when it was linked */
	}
	l->n_link = 0;
}
void lift_pt_free(struct lift *l)
{
	for (unsigned i = 0; i < LIFT_HASH; i++)
		for (struct lift_node *n = l->hash[i], *next; n; n = next) {
			next = n->next;
			free(n);
		}
	free(l->link);
}
