/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lift_pt.c - page tables of the domains: which pages they are in, and which leaves come and go with a store.
 * A table that a store links is looked into only when something else than a store or page follows: what is still written to it counts.
 */
#include <stdlib.h>
#include "core/base/bits.h"
#include "core/iommu.h"
#include "import/lift_int.h"

static const uint64_t addr_mask = UINT64_C(0x000ffffffffff000);
struct ent { bool present, leaf; uint64_t pa; uint8_t perm; };

static struct ent entry(const struct lift_dom *d, uint64_t e, unsigned level, uint8_t perm)
{
	struct ent x = { .present = d->fs ? e & 1 : (e & 3) != 0 };

	x.perm = perm & (d->fs ? XL_R | (e & 2 ? XL_W : 0) : (e & 1 ? XL_R : 0) | (e & 2 ? XL_W : 0));
	x.leaf = level == 1 || (level <= 3 && e >> 7 & 1);
	x.pa = e & addr_mask;
	if (x.leaf)
		x.pa &= ~low_mask(12 + 9 * (level - 1));
	return x;
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
/* In how many places is the page a table? */
static unsigned places(const struct lift *l, uint64_t pa)
{
	unsigned n = 0;

	for (const struct lift_node *x = l->hash[hash_of(pa)]; x; x = x->next)
		n += x->pa == pa;
	return n;
}
void lift_pt_add(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base, uint8_t perm)
{
	struct lift_node **p = slot(l, d, pa, level, base), *n;
	const uint64_t *w = mem_page(l->mem, pa);

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
	*n = (struct lift_node){ .dom = d, .pa = pa, .base = base, .level = (uint8_t)level, .perm = perm };
	*p = n;
	for (unsigned i = 0; w && i < 512; i++) {
		struct ent x = entry(d, w[i], level, perm);
		uint64_t at = base + ((uint64_t)i << (12 + 9 * (level - 1)));

		if (x.present && x.leaf)
			lift_leaf(l, d, true, at, x.pa, UINT64_C(1) << (12 + 9 * (level - 1)), x.perm);
		else if (x.present)
			lift_pt_add(l, d, x.pa, level - 1, at, x.perm);
	}
}
void lift_pt_remove(struct lift *l, struct lift_dom *d, uint64_t pa, unsigned level, uint64_t base)
{
	struct lift_node **p = slot(l, d, pa, level, base), *n = *p;
	const uint64_t *w = mem_page(l->mem, pa);

	if (!n)
		return; /* linked and unlinked before anyone looked */
	*p = n->next;
	for (unsigned i = 0; w && i < 512; i++) {
		struct ent x = entry(d, w[i], level, n->perm);
		uint64_t at = base + ((uint64_t)i << (12 + 9 * (level - 1)));

		if (x.present && x.leaf)
			lift_leaf(l, d, false, at, 0, UINT64_C(1) << (12 + 9 * (level - 1)), 0);
		else if (x.present)
			lift_pt_remove(l, d, x.pa, level - 1, at);
	}
	free(n);
}

static void changed(struct lift *l, struct lift_dom *d, const struct lift_link *k, uint64_t old, uint64_t val, uint8_t perm)
{
	struct ent a = entry(d, old, k->level, perm), b = entry(d, val, k->level, perm);
	uint64_t size = UINT64_C(1) << (12 + 9 * (k->level - 1));

	if (a.present == b.present && a.leaf == b.leaf && a.pa == b.pa && a.perm == b.perm)
		return; /* software or accessed bits only */
	if (a.present && a.leaf)
		lift_leaf(l, d, false, k->base, 0, size, 0);
	else if (a.present)
		lift_pt_remove(l, d, a.pa, k->level - 1, k->base);
	if (b.present && b.leaf) {
		lift_leaf(l, d, true, k->base, b.pa, size, b.perm);
	} else if (b.present) {
		if (!lift_grow(l, &l->link, l->n_link, &l->cap_link, sizeof(*l->link)))
			return;
		l->link[l->n_link] = *k;
		l->link[l->n_link++].perm = perm;
	}
}
/* The store of @val over @old at @pa, already in memory. A page may be a table in more than one place. */
void lift_pt_store(struct lift *l, uint64_t pa, uint64_t old, uint64_t val)
{
	uint64_t page = pa & ~UINT64_C(0xfff);
	unsigned n = 0;
	struct { struct lift_link k; uint8_t perm; } hit[LIFT_PLACES];

	for (const struct lift_node *x = l->hash[hash_of(page)]; x; x = x->next)
		if (x->pa == page) { /* first collect: a change may remove tables of this chain */
			hit[n].k = (struct lift_link){ .dom = x->dom, .pa = page, .entry = pa, .level = x->level };
			hit[n].k.base = x->base + ((pa >> 3 & 511) << (12 + 9 * (x->level - 1)));
			hit[n++].perm = x->perm;
		}
	for (unsigned i = 0; i < n; i++)
		changed(l, hit[i].k.dom, &hit[i].k, old, val, hit[i].perm);
}
void lift_pt_links(struct lift *l)
{
	for (size_t i = 0; i < l->n_link; i++) {
		struct lift_link k = l->link[i];
		uint64_t e = 0, span = UINT64_C(1) << (12 + 9 * (k.level - 1));
		struct ent x;

		if (!*slot(l, k.dom, k.pa, k.level, k.base & ~(span * 512 - 1)) || mem_read(l->mem, k.entry, &e, 1) != MEM_OK)
			continue; /* its table is gone meanwhile */
		x = entry(k.dom, e, k.level, k.perm);
		if (x.present && !x.leaf)
			lift_pt_add(l, k.dom, x.pa, k.level - 1, k.base, x.perm);
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
