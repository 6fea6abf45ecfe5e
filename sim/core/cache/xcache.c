/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xcache.c - the set-associative store: look-up, fill, replacement. Invalidation: xc_inv.c.
 * A look-up probes once per page size present, smallest first. An identical (page, size, id) is replaced in place: it becomes
 * the most recent for LRU and PLRU, and keeps its age for FIFO. Free ways are used before anything is evicted.
 */
#include "core/cache/xcache.h"
#include <stdlib.h>
#include <string.h>
#include "core/base/bits.h"
#include "core/cache/xc_small.h"

#define STAT_STRUCT struct xc_stats
const struct stat_def xc_stat_defs[] = {
	XC_STATS(STAT_ROW)
	{ "hit_rate", "ratio", "hits / lookups", offsetof(struct xc_stats, hits), STAT_RATIO, offsetof(struct xc_stats, lookups) },
	{ 0 },
};
#undef STAT_STRUCT

static bool cfg_ok(const struct xc_cfg *c, uint32_t ways, struct err *e)
{
	if (ways && c->entries % ways)
		return err_set(e, ERR_INPUT, "cache: %u ways do not divide %u entries", ways, c->entries);
	if (c->entries && c->policy == XC_PLRU && (ways & (ways - 1)))
		return err_set(e, ERR_INPUT, "cache: policy plru needs a power of two of ways, not %u", ways);
	if (c->policy > XC_RR)
		return err_set(e, ERR_INPUT, "cache: unknown replacement policy %u", c->policy);
	if (c->index > XC_INDEX_TAG)
		return err_set(e, ERR_INPUT, "cache: unknown set index %u", c->index);
	return true;
}

static bool small_init(struct xcache *x)
{
	x->set = malloc(x->sets * sizeof(*x->set));
	if (!x->set)
		return false;
	for (uint64_t s = 0; s < x->sets; s++)
		x->set[s] = (struct xc_set){ .order = x->policy <= XC_FIFO && x->policy != XC_PLRU ? UINT64_C(0xfedcba9876543210) : 0 };
	return true;
}

struct xcache *xc_create(const struct xc_cfg *c, size_t payload, uint64_t seed, struct err *e)
{
	uint32_t ways = c->ways ? c->ways : c->entries;
	struct xcache *x;

	if (!cfg_ok(c, ways, e))
		return NULL;
	x = calloc(1, sizeof(*x));
	if (!x)
		goto fail;
	x->cfg = *c;
	x->policy = (uint8_t)c->policy;
	x->f.recent = XC_NONE;
	x->quick_lg2 = XC_NOT_QUICK;
	x->changes = &x->no_changes;
	rng_seed(&x->rng, seed);
	if (!c->entries)
		return x;
	x->ways = ways;
	x->sets = c->entries / ways;
	x->set_mask = x->sets & (x->sets - 1) ? 0 : x->sets - 1;
	if (x->sets > 1 && (c->index != XC_INDEX_PAGE || c->index_shift))
		x->set_mask = UINT64_MAX;
	x->f.stride = (sizeof(struct xc_tag) + payload + 7) & ~(size_t)7;
	x->f.ent = calloc(c->entries, x->f.stride);
	if (!x->f.ent || !(ways > XC_SMALL_WAYS ? xci_init(x) : small_init(x)))
		goto fail;
	return x;
fail:
	xc_destroy(x);
	err_set(e, ERR_MACHINE, "cache of %u entries: out of memory", c->entries);
	return NULL;
}

void xc_destroy(struct xcache *x)
{
	if (!x)
		return;
	xci_fini(x);
	free(x->set);
	free(x->f.ent);
	free(x);
}

/* --- both shapes ------------------------------------------------------------------------------------------------- */

static inline uint32_t find(const struct xcache *x, uint64_t addr, uint64_t id)
{
	for (unsigned i = 0; i < x->n_sizes; i++) {
		unsigned lg2 = x->sizes[i];
		uint64_t page = xc_page(addr, lg2), hash = xc_hash(page, lg2, id);
		uint32_t slot = x->set ? small_find(x, xc_set_of(x, page, id), hash, addr, lg2, id) : xci_find(x, hash, addr, lg2, id);

		if (slot != XC_MISS)
			return slot;
	}
	return XC_MISS;
}

static inline void touch(struct xcache *x, uint32_t slot)
{
	if (x->set) {
		const struct xc_tag *t = xc_ent(x, slot);
		uint64_t set = xc_set_of(x, xc_page(t->first, t->size_lg2), t->id);

		small_touch(x, set, slot - (uint32_t)set * x->ways);
	} else {
		xci_touch(x, slot);
	}
}

/* find() and touch() of a small cache in one, with the set at hand for both: any number of page sizes and ways */
static __attribute__((noinline)) uint32_t small_lookup(struct xcache *x, uint64_t addr, uint64_t id)
{
	for (unsigned i = 0; i < x->n_sizes; i++) {
		unsigned lg2 = x->sizes[i];
		uint64_t page = xc_page(addr, lg2), set = xc_set_of(x, page, id);
		uint32_t slot = small_find(x, set, xc_hash(page, lg2, id), addr, lg2, id);

		if (LIKELY(slot != XC_MISS)) {
			small_touch(x, set, slot - (uint32_t)set * x->ways);
			x->f.st.hits++;
			return slot;
		}
	}
	x->f.st.misses++;
	return XC_MISS;
}

static __attribute__((noinline)) uint32_t large_lookup(struct xcache *x, uint64_t addr, uint64_t id)
{
	uint32_t slot = find(x, addr, id);

	if (slot == XC_MISS) {
		x->f.st.misses++;
	} else {
		xci_touch(x, slot);
		x->f.st.hits++;
	}
	return slot;
}

/* One size only: with more, a smaller page beside the recent one would have to be found first. */
static inline bool is_recent(const struct xcache *x, uint64_t addr, uint64_t id)
{
	return x->n_sizes == 1 && x->f.recent != XC_NONE && xc_is(xc_ent(x, x->f.recent), addr, x->sizes[0], id);
}

bool xc_other_find(const struct xcache *x, uint64_t addr, uint64_t id, struct xc_found *f)
{
	uint32_t slot;

	if (!x->live)
		return false;
	slot = !x->set && is_recent(x, addr, id) ? x->f.recent : find(x, addr, id);
	if (slot == XC_MISS)
		return false;
	*f = (struct xc_found){ .t = xc_ent(x, slot), .slot = slot, .lg2 = xc_ent(x, slot)->size_lg2 };
	return true;
}

/* All other caches and cases; the look-up is counted already. */
static inline uint32_t lookup_rest(struct xcache *x, uint64_t addr, uint64_t id)
{
	if (!x->live) {
		x->f.st.misses++;
		return XC_MISS;
	}
	if (x->set)
		return small_lookup(x, addr, id);
	if (LIKELY(is_recent(x, addr, id))) {
		x->f.st.hits++;
		return x->f.recent;
	}
	return large_lookup(x, addr, id);
}

uint32_t xc_lookup(struct xcache *x, uint64_t addr, uint64_t id)
{
	struct xc_found f;

	x->f.st.lookups++;
	if (x->quick_lg2 == XC_NOT_QUICK)
		return lookup_rest(x, addr, id);
	if (UNLIKELY(!xc_quick_find(x, addr, id, &f)))
		return small_lookup(x, addr, id);
	xc_quick_take(x, &f);
	return f.slot;
}

void xc_touch(struct xcache *x, uint32_t slot)
{
	touch(x, slot);
}

void xc_watch(struct xcache *x, uint64_t *changes)
{
	x->changes = changes;
}

uint32_t xc_lookup_either(struct xcache *x, uint64_t addr, uint64_t id, uint64_t alt)
{
	uint32_t slot = xc_lookup(x, addr, id), other;

	if (slot != XC_MISS || alt == id)
		return slot;
	other = find(x, addr, alt);
	if (other == XC_MISS)
		return XC_MISS;
	touch(x, other);
	x->f.st.misses--;
	x->f.st.hits++;
	return other;
}

uint32_t xc_peek(const struct xcache *x, uint64_t addr, uint64_t id)
{
	return find(x, addr, id);
}

void xc_miss_after_hit(struct xcache *x)
{
	x->f.st.hits--;
	x->f.st.misses++;
}

/* After the list of sizes changed. */
static void quick_update(struct xcache *x)
{
	bool quick = x->set && x->policy == XC_LRU && x->ways <= 8 && x->set_mask == x->sets - 1 && x->n_sizes == 1 && x->sizes[0] < 64;

	x->quick_lg2 = quick ? x->sizes[0] : XC_NOT_QUICK;
}

static void count_in(struct xcache *x, const struct xc_tag *t)
{
	unsigned i = x->n_sizes;

	x->live++;
	if (!x->n_kind[t->kind]++)
		x->kinds |= 1u << t->kind;
	if (x->n_size[t->size_lg2]++)
		return;
	for (; i && x->sizes[i - 1] > t->size_lg2; i--)
		x->sizes[i] = x->sizes[i - 1];
	x->sizes[i] = t->size_lg2;
	x->n_sizes++;
	quick_update(x);
}

static void count_out(struct xcache *x, const struct xc_tag *t)
{
	unsigned i = 0;

	x->live--;
	if (!--x->n_kind[t->kind])
		x->kinds &= ~(1u << t->kind);
	if (--x->n_size[t->size_lg2])
		return;
	while (x->sizes[i] != t->size_lg2)
		i++;
	x->n_sizes--;
	memmove(x->sizes + i, x->sizes + i + 1, x->n_sizes - i);
	quick_update(x);
}

static void remove_entry(struct xcache *x, uint32_t slot)
{
	if (x->set)
		small_remove(x, slot);
	else
		xci_remove(x, slot);
	++*x->changes;
	count_out(x, xc_ent(x, slot));
}

/* Write @t over a live entry. */
static inline void replace(struct xcache *x, uint32_t slot, const struct xc_tag *t)
{
	struct xc_tag *e = xc_ent(x, slot);
	bool same = e->kind == t->kind && e->size_lg2 == t->size_lg2;

	if (!same)
		count_out(x, e);
	*e = *t;
	if (!same)
		count_in(x, t);
}

/*
 * The usual fill: @t is not there, its set is full, and the cache is quick for its size: the oldest way is written over. No way with the same
 * hash means not there. Returns: XC_MISS: not so, and nothing is changed.
 */
static inline uint32_t quick_fill(struct xcache *x, const struct xc_tag *t, uint64_t page, uint64_t hash)
{
	uint32_t ways = x->ways, sh = 4 * (ways - 1);
	uint64_t all = XC_BYTES(0x80) >> (64 - 8 * ways), set = page & x->set_mask, fp = xc_fp(hash);
	struct xc_set *s = &x->set[set];
	uint64_t way = s->order >> sh & 15, upto = ~(~UINT64_C(15) << sh);
	uint32_t slot = (uint32_t)(set * ways + way);
	struct xc_tag *e = xc_ent(x, slot);

	if (UNLIKELY((s->fp[0] & all) != all || xc_zero_bytes(s->fp[0] ^ XC_BYTES(fp)) || e->kind != t->kind))
		return XC_MISS;
	s->fp[0] ^= (fp ^ (s->fp[0] >> 8 * way & 0xff)) << 8 * way;
	s->order = (s->order & ~upto) | ((s->order << 4 | way) & upto);
	x->f.st.evictions++;
	*e = *t;
	return slot;
}

static __attribute__((noinline)) uint32_t any_fill(struct xcache *x, const struct xc_tag *t, uint64_t page, uint64_t hash)
{
	uint64_t set = xc_set_of(x, page, t->id);
	uint32_t slot = x->set ? small_find(x, set, hash, t->first, t->size_lg2, t->id) : xci_find(x, hash, t->first, t->size_lg2, t->id);
	bool evict;

	if (slot != XC_MISS) {
		touch(x, slot);
		replace(x, slot, t);
		return slot;
	}
	slot = x->set ? small_place(x, set, &evict) : xci_place(x, set, &evict);
	if (evict && !x->set)
		xci_remove(x, slot);
	if (x->set)
		small_insert(x, set, slot, hash);
	else
		xci_insert(x, slot, hash);
	x->f.st.evictions += evict;
	if (evict) {
		replace(x, slot, t);
	} else {
		*xc_ent(x, slot) = *t;
		count_in(x, t);
	}
	return slot;
}

uint32_t xc_fill(struct xcache *x, const struct xc_tag *t)
{
	uint64_t page = xc_page(t->first, t->size_lg2), hash = xc_hash(page, t->size_lg2, t->id);
	uint32_t slot = XC_MISS;

	SIM_ASSERT(t->size_lg2 <= 64 && t->kind < 32);
	SIM_ASSERT(!(t->first & low_mask(t->size_lg2)));
	if (!x->cfg.entries)
		return XC_MISS;
	x->f.st.fills++;
	++*x->changes;
	if (LIKELY(t->size_lg2 == x->quick_lg2))
		slot = quick_fill(x, t, page, hash);
	return LIKELY(slot != XC_MISS) ? slot : any_fill(x, t, page, hash);
}

bool xc_is_live(const struct xcache *x, uint32_t slot)
{
	if (x->set)
		return x->set[slot / x->ways].fp[slot % x->ways / 8] >> (8 * (slot % x->ways % 8)) & 0x80;
	return x->used[slot / 64] >> (slot % 64) & 1;
}

void xc_drop(struct xcache *x, uint32_t slot)
{
	remove_entry(x, slot);
	x->f.st.dropped++;
}

/* Ports are given away in the order of the calls; cycles before the latest one count as full. */
uint64_t xc_port_wait(struct xcache *x, uint64_t cycle)
{
	if (!x->cfg.ports)
		return 0;
	if (cycle > x->port_cycle || !x->port_used) {
		x->port_cycle = cycle;
		x->port_used = 0;
	} else if (x->port_used == x->cfg.ports) {
		x->port_cycle++;
		x->port_used = 0;
	}
	x->port_used++;
	return x->port_cycle - cycle;
}

uint32_t xc_live(const struct xcache *x)
{
	return x->live;
}

const struct xc_cfg *xc_config(const struct xcache *x)
{
	return &x->cfg;
}

struct xc_stats *xc_stats_of(struct xcache *x)
{
	return &x->f.st;
}

const char *xc_stats_wrong(const struct xc_stats *s)
{
	if (s->lookups != s->hits + s->misses)
		return "lookups are not hits + misses";
	return s->evictions + s->dropped > s->fills ? "more entries evicted or dropped than filled" : NULL;
}
