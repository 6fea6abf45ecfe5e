/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xc_index.c - xcache of many ways: hash table to find an entry, lists to order the entries of a set.
 * Look-up, touch, fill and drop are O(1) whatever the number of ways (PLRU: O(log ways)). Also the set indices other than the default.
 */
#include <stdlib.h>
#include "core/cache/xc_int.h"

uint64_t xci_set(const struct xcache *x, uint64_t page, uint64_t id)
{
	unsigned width = 1;
	uint64_t p = x->cfg.index_shift < 64 ? page >> x->cfg.index_shift : 0, fold = 0;

	while (x->sets > UINT64_C(1) << width)
		width++;
	switch (x->cfg.index) {
	case XC_INDEX_FOLD:
		for (; p; p >>= width)
			fold ^= p & ((UINT64_C(1) << width) - 1);
		return fold % x->sets;
	case XC_INDEX_TAG:
		return (p + (xc_hash(0, 0, id) >> 40)) % x->sets;
	default:
		return p % x->sets;
	}
}

static uint32_t set_of_slot(const struct xcache *x, uint32_t slot)
{
	return x->sets == 1 ? 0 : slot / x->ways;
}

bool xci_init(struct xcache *x)
{
	uint32_t n = x->cfg.entries;
	uint64_t heads = 1;

	while (heads < 2 * (uint64_t)n)
		heads *= 2;
	x->head_mask = heads - 1;
	x->tree_words = x->policy == XC_PLRU ? (x->ways + 63) / 64 : 0;
	x->head = malloc(heads * sizeof(*x->head));
	x->list = malloc(n * sizeof(*x->list));
	x->big = malloc(x->sets * sizeof(*x->big));
	x->used = calloc((n + 63) / 64, sizeof(*x->used));
	x->tree = x->tree_words ? calloc(x->sets * x->tree_words, sizeof(*x->tree)) : NULL;
	if (!x->head || !x->list || !x->big || !x->used || (x->tree_words && !x->tree))
		return false;
	for (uint64_t i = 0; i < heads; i++)
		x->head[i] = XC_NONE;
	for (uint32_t i = 0; i < n; i++)
		x->list[i] = (struct xc_list){ XC_NONE, XC_NONE, (i + 1) % x->ways ? i + 1 : XC_NONE };
	for (uint32_t s = 0; s < x->sets; s++)
		x->big[s] = (struct xc_big){ XC_NONE, XC_NONE, s * x->ways, 0 };
	return true;
}

void xci_fini(struct xcache *x)
{
	free(x->head);
	free(x->list);
	free(x->big);
	free(x->used);
	free(x->tree);
}

uint32_t xci_find(const struct xcache *x, uint64_t hash, uint64_t addr, unsigned size_lg2, uint64_t id)
{
	uint32_t s = x->head[hash >> 32 & x->head_mask];

	while (s != XC_NONE && !xc_is(xc_ent(x, s), addr, size_lg2, id))
		s = x->list[s].hash_next;
	return s;
}

static void list_unlink(struct xcache *x, struct xc_big *b, uint32_t slot)
{
	const struct xc_list *l = &x->list[slot];

	if (l->newer == XC_NONE)
		b->newest = l->older;
	else
		x->list[l->newer].older = l->older;
	if (l->older == XC_NONE)
		b->oldest = l->newer;
	else
		x->list[l->older].newer = l->newer;
}

static void list_push(struct xcache *x, struct xc_big *b, uint32_t slot)
{
	x->list[slot].newer = XC_NONE;
	x->list[slot].older = b->newest;
	if (b->newest == XC_NONE)
		b->oldest = slot;
	else
		x->list[b->newest].newer = slot;
	b->newest = slot;
}

void xci_touch(struct xcache *x, uint32_t slot)
{
	uint32_t set = set_of_slot(x, slot);

	x->f.recent = slot;
	if (x->policy == XC_LRU && x->big[set].newest != slot) {
		list_unlink(x, &x->big[set], slot);
		list_push(x, &x->big[set], slot);
	} else if (x->policy == XC_PLRU) {
		plru_touch(x->tree + (size_t)set * x->tree_words, x->ways, slot - set * x->ways);
	}
}

uint32_t xci_place(struct xcache *x, uint64_t set, bool *evict)
{
	struct xc_big *b = &x->big[set];
	uint32_t base = (uint32_t)set * x->ways, way;

	*evict = b->free == XC_NONE;
	if (!*evict)
		return b->free;
	switch (x->policy) {
	case XC_PLRU:
		return base + plru_victim(x->tree + set * x->tree_words, x->ways);
	case XC_RANDOM:
		return base + (uint32_t)rng_below(&x->rng, x->ways);
	case XC_RR:
		way = b->rr;
		b->rr = way + 1 == x->ways ? 0 : way + 1;
		return base + way;
	default:
		return b->oldest;
	}
}

/* The slot must be the head of its set's free list, as xci_place() gives it, or just removed. */
void xci_insert(struct xcache *x, uint32_t slot, uint64_t hash)
{
	struct xc_big *b = &x->big[set_of_slot(x, slot)];
	uint32_t *h = &x->head[hash >> 32 & x->head_mask];

	SIM_ASSERT(b->free == slot);
	x->f.recent = XC_NONE;
	b->free = x->list[slot].older;
	list_push(x, b, slot);
	x->list[slot].hash_next = *h;
	*h = slot;
	x->used[slot / 64] |= UINT64_C(1) << (slot % 64);
	if (x->policy == XC_PLRU)
		xci_touch(x, slot);
}

void xci_remove(struct xcache *x, uint32_t slot)
{
	const struct xc_tag *t = xc_ent(x, slot);
	struct xc_big *b = &x->big[set_of_slot(x, slot)];
	uint32_t *h = &x->head[xc_hash(xc_page(t->first, t->size_lg2), t->size_lg2, t->id) >> 32 & x->head_mask];

	SIM_ASSERT(x->used[slot / 64] >> (slot % 64) & 1);
	x->f.recent = XC_NONE;
	while (*h != slot)
		h = &x->list[*h].hash_next;
	*h = x->list[slot].hash_next;
	list_unlink(x, b, slot);
	x->list[slot].older = b->free;
	b->free = slot;
	x->used[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}
