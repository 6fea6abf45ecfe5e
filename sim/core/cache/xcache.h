/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xcache.h - the one set-associative store; every TLB, context, PASID and walk cache uses it.
 * Models: entries, ways (0: fully associative), replacement, mixed page sizes (an entry is found at every address of its
 * page), lookup latency, initiation interval by ports, invalidation by neutral scope.
 * Does not model: banks, parity, power.
 * Set index: of the page number of the ENTRY'S OWN size (enum xc_index), in one function for fill, lookup and invalidate.
 */
#ifndef IOMMUSIM_XCACHE_H
#define IOMMUSIM_XCACHE_H
#include "core/base/err.h"
#include "core/base/rng.h"
#include "core/cfg/cfg.h"
#include "core/stat/stat.h"

enum xc_policy { XC_LRU, XC_PLRU, XC_FIFO, XC_RANDOM, XC_RR };
#define XC_POLICY_CHOICES "lru|plru|fifo|random|rr"
/* Of the page number without its lowest index_shift bits: modulo the number of sets; all its bits folded by exclusive or; the first, moved by a hash of the tag. */
enum xc_index { XC_INDEX_PAGE, XC_INDEX_FOLD, XC_INDEX_TAG };
#define XC_INDEX_CHOICES "page|fold|tag"
struct xc_cfg {
	uint32_t entries; /* 0: no cache; every lookup misses, no fill is kept */
	uint32_t ways; /* 0: fully associative; else must divide entries */
	uint32_t policy; /* enum xc_policy */
	uint32_t lat_cyc; /* cycles from lookup to answer */
	uint32_t ports; /* lookups that can start per cycle; 0: unlimited */
	uint32_t index, index_shift; /* enum xc_index; without effect in a cache of one set */
};
/* Rows for a struct xc_cfg at member `m` of struct `t` under key prefix `p`. */
#define XC_OPTS(t, m, p, n_def, w_def, lat_def, what)                                                                                                     \
	{ p ".entries", CFG_U32, offsetof(t, m.entries), n_def, 0, 1u << 22, "entries", "Capacity of the " what "; 0 switches it off.", 0 },                 \
	{ p ".ways", CFG_U32, offsetof(t, m.ways), w_def, 0, 1u << 22, "ways", "Associativity of the " what "; 0 is fully associative.", 0 },                \
	{ p ".policy", CFG_ENUM, offsetof(t, m.policy), XC_LRU, 0, 0, "", "Replacement policy of the " what ".", XC_POLICY_CHOICES },                        \
	{ p ".latency", CFG_U32, offsetof(t, m.lat_cyc), lat_def, 0, 1000000, "cycles", "Lookup latency of the " what ".", 0 },                              \
	{ p ".ports", CFG_U32, offsetof(t, m.ports), 0, 0, 1024, "per cycle", "Lookups the " what " can start per cycle; 0 is unlimited.", 0 },                   \
	{ p ".index", CFG_ENUM, offsetof(t, m.index), XC_INDEX_PAGE, 0, 0, "",                                                                               \
	  "What picks the set of the " what ": the page number, all its bits folded, or the page number moved by a hash of the tag.", XC_INDEX_CHOICES },    \
	{ p ".index_shift", CFG_U32, offsetof(t, m.index_shift), 0, 0, 52, "bits", "Lowest bits of the page number that do not pick the set of the " what ".", 0 }

/* What an entry is found by: equality of `id` (the vendor packs its lookup tags into it) and an address inside the page. */
/* What an entry is invalidated by: the tags, its kind and its page. */
struct xc_tag {
	uint64_t first; /* first address of the page (or RID, PASID ... for configuration caches), aligned to size */
	uint64_t id; /* opaque lookup tag */
	uint32_t rid, pasid;
	uint16_t did, asid, vmid; /* did also serves as AMD domain id */
	uint8_t size_lg2; /* 0 for configuration caches: one value per entry */
	uint8_t kind; /* 0..31, the vendor's class of entry (for inv_scope.kinds) */
};
enum { INV_RID = 1, INV_PASID = 2, INV_DID = 4, INV_ASID = 8, INV_VMID = 16, INV_RANGE = 32 };
struct inv_scope {
	uint32_t by; /* which members must match: INV_* */
	uint32_t kinds; /* bit k: entries of kind k are in the scope at all */
	uint32_t range_kinds; /* with INV_RANGE: kinds to which the range applies; other kinds in `kinds` match at any address */
	uint32_t rid, rid_mask; /* (entry.rid & rid_mask) == (rid & rid_mask) */
	uint32_t pasid;
	uint32_t any_asid_kinds; /* with INV_ASID: kinds that match whatever their ASID (global entries) */
	uint16_t did, asid, vmid;
	uint16_t vmid_ignore; /* bits of the VMID that do not count */
	bool tables_only; /* about translation tables: a walk that is still reading configuration structures is not concerned (iommu_overtake()) */
	uint64_t first, last; /* inclusive */
};
static inline bool inv_covers(const struct inv_scope *s, const struct xc_tag *t)
{
	if (!(s->kinds >> t->kind & 1))
		return false;
	if ((s->by & INV_RID) && ((s->rid ^ t->rid) & s->rid_mask))
		return false;
	if (((s->by & INV_PASID) && s->pasid != t->pasid) || ((s->by & INV_DID) && s->did != t->did) ||
	    ((s->by & INV_ASID) && s->asid != t->asid && !(s->any_asid_kinds >> t->kind & 1)) ||
	    ((s->by & INV_VMID) && ((s->vmid ^ t->vmid) & ~s->vmid_ignore)))
		return false;
	if ((s->by & INV_RANGE) && (s->range_kinds >> t->kind & 1)) {
		uint64_t size_m1 = t->size_lg2 >= 64 ? UINT64_MAX : (UINT64_C(1) << t->size_lg2) - 1;
		return t->first <= s->last && t->first + size_m1 >= s->first;
	}
	return true;
}

#define XC_STATS(X)                                                                                \
	X(lookups, "count", "requests presented")                                                  \
	X(hits, "count", "requests answered here")                                                 \
	X(misses, "count", "requests not answered here")                                           \
	X(fills, "count", "entries written")                                                       \
	X(evictions, "count", "valid entries displaced by a fill")                                 \
	X(invalidations, "count", "invalidation scopes applied")                                   \
	X(dropped, "count", "entries removed by invalidations")
struct xc_stats {
	XC_STATS(STAT_DECL)
};
extern const struct stat_def xc_stat_defs[]; /* the counters and the ratio hit_rate = hits / lookups */

#define XC_MISS UINT32_MAX
struct xcache; /* opaque, but for its beginning: */
struct xc_front {
	unsigned char *ent; /* per slot: struct xc_tag, then the payload */
	size_t stride;
	uint32_t recent; /* the slot used last, if nothing was used, written or dropped since: finding it again changes no order. UINT32_MAX: none */
	struct xc_stats st;
};
static inline struct xc_tag *xcf_ent(const struct xc_front *f, uint32_t slot)
{
	return (struct xc_tag *)(void *)(f->ent + slot * f->stride);
}
/** xc_create() - @payload: bytes kept beside each entry. Errors: ways does not divide entries, PLRU ways not a power of two, memory. */
struct xcache *xc_create(const struct xc_cfg *c, size_t payload, uint64_t seed, struct err *e) MUST_USE;
void xc_destroy(struct xcache *x);
/** xc_lookup() - find the entry with this id whose page holds @addr; counts and touches replacement. Returns: slot or XC_MISS. */
uint32_t xc_lookup(struct xcache *x, uint64_t addr, uint64_t id);
/** xc_lookup_either() - one lookup of an entry with @id, or with @alt if there is none (@alt == @id: no second try). */
uint32_t xc_lookup_either(struct xcache *x, uint64_t addr, uint64_t id, uint64_t alt);
/** xc_touch() - the slot was used: replacement only. */
void xc_touch(struct xcache *x, uint32_t slot);
/** xc_again() - count and touch as xc_lookup() would that finds @slot, known to be what it would find: nothing was filled or dropped since one did. */
static inline void xc_again(struct xcache *x, uint32_t slot)
{
	struct xc_front *f = (struct xc_front *)x;

	f->st.lookups++;
	if (UNLIKELY(slot != f->recent))
		xc_touch(x, slot);
	f->st.hits++;
}
/** xc_watch() - from now on add one to *@changes (which outlives the cache) at every fill and drop. */
void xc_watch(struct xcache *x, uint64_t *changes);
/** xc_peek() - as xc_lookup without counting or touching. */
uint32_t xc_peek(const struct xcache *x, uint64_t addr, uint64_t id);
/** xc_miss_after_hit() - turn the hit just counted into a miss (entry found but not usable). */
void xc_miss_after_hit(struct xcache *x);
/** xc_fill() - insert or replace. Returns: slot, or XC_MISS when entries = 0. The payload is the caller's to write. */
uint32_t xc_fill(struct xcache *x, const struct xc_tag *t);
static inline void *xc_payload(struct xcache *x, uint32_t slot)
{
	return xcf_ent((struct xc_front *)x, slot) + 1;
}
static inline const struct xc_tag *xc_tag_of(const struct xcache *x, uint32_t slot)
{
	return xcf_ent((const struct xc_front *)x, slot);
}
/** xc_invalidate() - drop all entries covered by @s. Returns: how many. */
uint32_t xc_invalidate(struct xcache *x, const struct inv_scope *s);
/** xc_is_live() - the slot holds an entry. */
bool xc_is_live(const struct xcache *x, uint32_t slot);
/** xc_drop() - drop one entry. */
void xc_drop(struct xcache *x, uint32_t slot);
uint32_t xc_live(const struct xcache *x);
const struct xc_cfg *xc_config(const struct xcache *x);
struct xc_stats *xc_stats_of(struct xcache *x);
/** xc_stats_wrong() - NULL, or which of the counters contradict each other. */
const char *xc_stats_wrong(const struct xc_stats *s);
/** xc_port_wait() - take a port for a lookup that could start in clock cycle @cycle. Returns: cycles until one is free (0 with ports = 0). */
uint64_t xc_port_wait(struct xcache *x, uint64_t cycle);
#endif
