/* SPDX-License-Identifier: Apache-2.0 */
/* xc_small.h - sets of up to 16 ways, all compared at once; part of xcache.c. The usual hit: xc_quick.h. */
#ifndef IOMMUSIM_XC_SMALL_H
#define IOMMUSIM_XC_SMALL_H
#include "core/cache/xc_quick.h"

static inline uint32_t small_find(const struct xcache *x, uint64_t set, uint64_t hash, uint64_t addr, unsigned lg2, uint64_t id)
{
	const struct xc_set *s = &x->set[set];
	uint64_t pat = XC_BYTES((uint64_t)xc_fp(hash));

	for (uint32_t half = 0; 8 * half < x->ways; half++)
		for (uint64_t m = xc_zero_bytes(s->fp[half] ^ pat); m; m &= m - 1) {
			uint32_t slot = (uint32_t)set * x->ways + 8 * half + (uint32_t)__builtin_ctzll(m) / 8;

			if (LIKELY(xc_is(xc_ent(x, slot), addr, lg2, id)))
				return slot;
		}
	return XC_MISS;
}

static inline void small_touch(struct xcache *x, uint64_t set, uint32_t way)
{
	if (x->policy == XC_LRU)
		xc_order_touch(&x->set[set], way);
	else if (x->policy == XC_PLRU)
		plru_touch(&x->set[set].order, x->ways, way);
}

static inline uint32_t small_place(struct xcache *x, uint64_t set, bool *evict)
{
	struct xc_set *s = &x->set[set];
	uint32_t base = (uint32_t)set * x->ways, way;

	*evict = false;
	for (uint32_t half = 0; 8 * half < x->ways; half++) {
		uint64_t free_ways = ~s->fp[half] & XC_BYTES(0x80);

		way = 8 * half + (free_ways ? (uint32_t)__builtin_ctzll(free_ways) / 8 : 8);
		if (free_ways && way < x->ways)
			return base + way;
	}
	*evict = true;
	switch (x->policy) {
	case XC_PLRU:
		return base + plru_victim(&s->order, x->ways);
	case XC_RANDOM:
		return base + (uint32_t)rng_below(&x->rng, x->ways);
	case XC_RR:
		way = (uint32_t)s->order;
		s->order = way + 1 == x->ways ? 0 : way + 1;
		return base + way;
	default:
		return base + (s->order >> (4 * (x->ways - 1)) & 15);
	}
}

static inline void small_insert(struct xcache *x, uint64_t set, uint32_t slot, uint64_t hash)
{
	struct xc_set *s = &x->set[set];
	uint32_t way = slot - (uint32_t)set * x->ways;
	unsigned sh = 8 * (way % 8);

	s->fp[way / 8] = (s->fp[way / 8] & ~(UINT64_C(0xff) << sh)) | (uint64_t)xc_fp(hash) << sh;
	if (x->policy == XC_FIFO)
		xc_order_touch(s, way);
	else
		small_touch(x, set, way);
}

static inline void small_remove(struct xcache *x, uint32_t slot)
{
	const struct xc_tag *t = xc_ent(x, slot);
	uint64_t set = xc_set_of(x, xc_page(t->first, t->size_lg2), t->id);
	uint32_t way = slot - (uint32_t)set * x->ways;

	SIM_ASSERT(x->set[set].fp[way / 8] >> (8 * (way % 8)) & 0x80);
	x->set[set].fp[way / 8] &= ~(UINT64_C(0xff) << (8 * (way % 8)));
}
#endif
