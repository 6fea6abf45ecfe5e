/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xc_int.h - what xcache.c, xc_index.c, xc_inv.c and xc_quick.h share; nobody else includes it.
 * Two shapes: "small" (set-associative, up to 16 ways) keeps one byte of hash per way in two words and compares all ways at
 * once; "indexed" (fully associative, or more ways) finds entries by a hash table over all slots and orders them by lists.
 */
#ifndef IOMMUSIM_XC_INT_H
#define IOMMUSIM_XC_INT_H
#include "core/cache/xcache.h"

enum { XC_SMALL_WAYS = 16, XC_NOT_QUICK = 255 };
#define XC_NONE UINT32_MAX
#define XC_BYTES(b) (UINT64_C(0x0101010101010101) * (b))

struct xc_set { /* small */
	uint64_t fp[2]; /* byte w: 0x80 | 7 bits of the entry's hash, 0: way is free */
	uint64_t order; /* LRU, FIFO: way numbers, newest in the lowest nibble. PLRU: the tree. RR: the next victim. */
};
struct xc_list { /* indexed, per slot */
	uint32_t hash_next; /* next entry of the hash bucket */
	uint32_t newer, older; /* order of use (LRU) or of birth (FIFO); free slots are chained through older */
};
struct xc_big { /* indexed, per set */
	uint32_t newest, oldest, free, rr;
};

struct xcache {
	struct xc_front f; /* first */
	/* look-up */
	struct xc_set *set; /* NULL: indexed */
	uint64_t sets, set_mask; /* set_mask: sets - 1 if that is a power of two, else 0 with sets > 1; UINT64_MAX: an index other than the default */
	uint32_t ways;
	uint8_t policy, n_sizes;
	uint8_t quick_lg2; /* the cache is quick (xc_quick.h): the one page size present; else XC_NOT_QUICK */
	uint8_t sizes[65]; /* page sizes present, ascending */
	uint64_t *changes, no_changes; /* xc_watch(), or the second of the two */
	struct xc_cfg cfg;
	uint64_t port_cycle; /* latest cycle in which a lookup starts, and how many start in it */
	uint32_t port_used;
	/* indexed */
	uint32_t *head; /* hash buckets */
	uint64_t head_mask;
	struct xc_list *list;
	struct xc_big *big;
	uint64_t *tree; /* PLRU: tree_words words per set */
	uint32_t tree_words;
	uint64_t *used; /* bit per slot: holds an entry */
	/* bookkeeping */
	uint32_t live, kinds; /* kinds: bit k set if n_kind[k] > 0 */
	uint32_t n_size[65], n_kind[32];
	struct rng rng;
};

static inline struct xc_tag *xc_ent(const struct xcache *x, uint32_t slot)
{
	return xcf_ent(&x->f, slot);
}
static inline uint64_t xc_page(uint64_t addr, unsigned size_lg2)
{
	return size_lg2 >= 64 ? 0 : addr >> size_lg2;
}
/* The set of a page under a tag: the only place where this is decided, xci_set() being its second half. */
uint64_t xci_set(const struct xcache *x, uint64_t page, uint64_t id);
static inline uint64_t xc_set_of(const struct xcache *x, uint64_t page, uint64_t id)
{
	if (LIKELY(x->set_mask == x->sets - 1))
		return page & x->set_mask;
	if (UNLIKELY(x->set_mask == UINT64_MAX))
		return xci_set(x, page, id);
	return page % x->sets;
}
static inline uint64_t xc_hash(uint64_t page, unsigned size_lg2, uint64_t id)
{
	uint64_t h = (page ^ id * UINT64_C(0xd6e8feb86659fd93)) + size_lg2 * UINT64_C(0xa0761d6478bd642f);

	h ^= h >> 32;
	return h * UINT64_C(0x9e3779b97f4a7c15);
}
static inline bool xc_is(const struct xc_tag *t, uint64_t addr, unsigned size_lg2, uint64_t id)
{
	return t->id == id && t->size_lg2 == size_lg2 && xc_page(t->first ^ addr, size_lg2) == 0;
}

/* Pseudo-LRU over a power of two of ways: node n has children 2n and 2n+1; its bit says which half to take the victim from. */
static inline void plru_touch(uint64_t *tree, uint32_t ways, uint32_t way)
{
	uint32_t n = 1;

	for (uint32_t half = ways / 2; half; half /= 2) {
		bool upper = way & half;

		if (upper)
			tree[n / 64] &= ~(UINT64_C(1) << (n % 64));
		else
			tree[n / 64] |= UINT64_C(1) << (n % 64);
		n = 2 * n + upper;
	}
}
static inline uint32_t plru_victim(const uint64_t *tree, uint32_t ways)
{
	uint32_t n = 1;

	while (n < ways)
		n = 2 * n + (tree[n / 64] >> (n % 64) & 1);
	return n - ways;
}

bool xci_init(struct xcache *x);
void xci_fini(struct xcache *x);
uint32_t xci_find(const struct xcache *x, uint64_t hash, uint64_t addr, unsigned size_lg2, uint64_t id);
void xci_touch(struct xcache *x, uint32_t slot);
/** xci_place() - a slot of @set for a new entry; *@evict tells whether it still holds one. */
uint32_t xci_place(struct xcache *x, uint64_t set, bool *evict);
void xci_insert(struct xcache *x, uint32_t slot, uint64_t hash);
void xci_remove(struct xcache *x, uint32_t slot);
#endif
