/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xc_quick.h - the usual hit, to be compiled into the few functions that most of the time goes to (the units' *_hit.c); all others call
 * xc_lookup(). A cache is quick if it has up to 8 ways, LRU, 2^n sets by page number, and one page size present.
 */
#ifndef IOMMUSIM_XC_QUICK_H
#define IOMMUSIM_XC_QUICK_H
#include "core/cache/xc_int.h"

static inline uint8_t xc_fp(uint64_t hash)
{
	return (uint8_t)(hash >> 57) | 0x80;
}

/* Top bit of every byte of @v that is zero. A byte above a true zero may be flagged too: callers check what they find. */
static inline uint64_t xc_zero_bytes(uint64_t v)
{
	return (v - XC_BYTES(1)) & ~v & XC_BYTES(0x80);
}

/* Move @way to the lowest nibble, those newer than it up by one. No branch: which way is newest cannot be predicted. */
static inline void xc_order_touch(struct xc_set *s, uint32_t way)
{
	uint64_t o = s->order, x = o ^ way * UINT64_C(0x1111111111111111);
	uint64_t zero = (x - UINT64_C(0x1111111111111111)) & ~x & UINT64_C(0x8888888888888888);
	uint64_t upto = zero ^ (zero - 1); /* ones up to the top bit of the nibble that holds @way */

	s->order = (o & ~upto) | (o << 4 & upto) | way;
}

struct xc_found {
	const struct xc_tag *t; /* of the entry; its payload follows */
	struct xc_set *set; /* NULL: not found by xc_quick_find() */
	uint32_t way, slot;
	unsigned lg2;
	bool other; /* not found by xc_quick_find(), but it may be there */
};
/*
 * xc_quick_find() - the first way whose hash agrees is the entry. All entries being of one size, theirs need not be compared. Changes nothing.
 * Returns: false: not found so.
 */
static inline bool xc_quick_find(const struct xcache *x, uint64_t addr, uint64_t id, struct xc_found *f)
{
	unsigned lg2 = x->quick_lg2;
	uint64_t page = addr >> (lg2 & 63), set = page & x->set_mask, m;

	f->other = lg2 == XC_NOT_QUICK;
	if (UNLIKELY(f->other))
		return false;
	f->set = &x->set[set];
	m = xc_zero_bytes(f->set->fp[0] ^ XC_BYTES((uint64_t)xc_fp(xc_hash(page, lg2, id))));
	if (UNLIKELY(!m))
		return false;
	f->way = (uint32_t)__builtin_ctzll(m) / 8;
	f->slot = (uint32_t)set * x->ways + f->way;
	f->t = xc_ent(x, f->slot);
	f->lg2 = lg2;
	f->other = UNLIKELY(f->t->id != id || (f->t->first ^ addr) >> (lg2 & 63)); /* another way may have that hash, too */
	return !f->other;
}
/* xc_quick_take() - what was found so is used: touch and count it. */
static inline void xc_quick_take(struct xcache *x, const struct xc_found *f)
{
	xc_order_touch(f->set, f->way);
	x->f.st.hits++;
}
/* The same in any cache and any way. */
bool xc_other_find(const struct xcache *x, uint64_t addr, uint64_t id, struct xc_found *f);
/** xc_find() - the entry that xc_lookup() would find; nothing is changed. Returns: false: none. */
static inline bool xc_find(const struct xcache *x, uint64_t addr, uint64_t id, struct xc_found *f)
{
	return LIKELY(xc_quick_find(x, addr, id, f)) || (f->other && xc_other_find(x, addr, id, f));
}
/** xc_missed() - count the look-up that found none. */
static inline void xc_missed(struct xcache *x)
{
	x->f.st.lookups++;
	x->f.st.misses++;
}
/** xc_take() - and it is used: count and touch as xc_lookup() would. */
static inline void xc_take(struct xcache *x, const struct xc_found *f)
{
	x->f.st.lookups++;
	if (LIKELY(f->set != NULL)) {
		xc_quick_take(x, f);
		return;
	}
	xc_touch(x, f->slot);
	x->f.st.hits++;
}
#endif
