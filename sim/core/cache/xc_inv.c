/* SPDX-License-Identifier: Apache-2.0 */
/* xc_inv.c - xcache: invalidation by scope, over all sets or over those of the pages it names. */
#include <string.h>
#include "core/cache/xc_int.h"

static uint32_t drop_covered(struct xcache *x, uint32_t slot, const struct inv_scope *s)
{
	if (!inv_covers(s, xc_ent(x, slot)))
		return 0;
	xc_drop(x, slot);
	return 1;
}

static uint32_t inv_set(struct xcache *x, uint64_t set, const struct inv_scope *s)
{
	uint32_t n = 0, base = (uint32_t)set * x->ways;

	if (x->set) {
		for (uint32_t half = 0; 8 * half < x->ways; half++)
			for (uint64_t m = x->set[set].fp[half] & XC_BYTES(0x80); m; m &= m - 1)
				n += drop_covered(x, base + 8 * half + (uint32_t)__builtin_ctzll(m) / 8, s);
		return n;
	}
	for (uint32_t slot = base; slot < base + x->ways; slot++)
		if (x->used[slot / 64] >> (slot % 64) & 1)
			n += drop_covered(x, slot, s);
	return n;
}

static uint32_t inv_scan(struct xcache *x, const struct inv_scope *s)
{
	uint32_t n = 0;

	if (x->set) {
		for (uint64_t set = 0; set < x->sets && x->live; set++)
			n += inv_set(x, set, s);
		return n;
	}
	for (uint32_t i = 0; i < (x->cfg.entries + 63) / 64; i++)
		for (uint64_t m = x->used[i]; m; m &= m - 1)
			n += drop_covered(x, 64 * i + (uint32_t)__builtin_ctzll(m), s);
	return n;
}

/* Does every live kind of the scope obey its range, and is it cheaper to visit the sets of the range's pages than all sets? */
static bool probe_pays(const struct xcache *x, const struct inv_scope *s)
{
	uint64_t budget = x->sets / 2, sum = 0;

	if (x->cfg.index == XC_INDEX_TAG) /* the pages do not name the sets */
		return false;
	if (!(s->by & INV_RANGE) || (s->kinds & x->kinds & ~s->range_kinds) || s->first > s->last)
		return false;
	for (unsigned i = 0; i < x->n_sizes; i++) {
		uint64_t d = xc_page(s->last, x->sizes[i]) - xc_page(s->first, x->sizes[i]);

		if (d >= budget - sum)
			return false;
		sum += d + 1;
	}
	return true;
}

static uint32_t inv_probe(struct xcache *x, const struct inv_scope *s)
{
	uint8_t sizes[65], n_sizes = x->n_sizes; /* a copy: drops change the list */
	uint32_t n = 0;

	memcpy(sizes, x->sizes, n_sizes);
	for (unsigned i = 0; i < n_sizes; i++) {
		uint64_t p = xc_page(s->first, sizes[i]), last = xc_page(s->last, sizes[i]);

		for (uint64_t left = last - p + 1; left; left--, p++)
			n += inv_set(x, xc_set_of(x, p, 0), s);
	}
	return n;
}

uint32_t xc_invalidate(struct xcache *x, const struct inv_scope *s)
{
	x->f.st.invalidations++;
	if (!(x->kinds & s->kinds))
		return 0;
	return probe_pays(x, s) ? inv_probe(x, s) : inv_scan(x, s);
}
