/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt.h - page-table walking: pure steps per format, one shell for one and two stages.
 * Models: any depth, blocks at every level, permissions accumulated over levels and stages, accessed/dirty updates, per-level
 * walk caches for both stages, a nested (gpa to spa) cache. Level 0 is always the last table.
 * Does not model: what a fault is called (the vendor translates enum pt_why).
 */
#ifndef IOMMUSIM_PT_H
#define IOMMUSIM_PT_H
#include "core/cache/xcache.h"
#include "core/iommu.h"

enum { PT_LEVELS = 6 };
enum pt_why {
	PT_OK,
	PT_WHY_RANGE, /* input address wider than the table's input */
	PT_WHY_CANON, /* input not sign-extended */
	PT_WHY_READ, /* the entry could not be read */
	PT_WHY_ABSENT, /* MEM_ABSENT: the walk left the image */
	PT_WHY_EMPTY, /* not present */
	PT_WHY_NO_R, PT_WHY_NO_W, PT_WHY_NO_X, PT_WHY_PRIV,
	PT_WHY_RSVD,
	PT_WHY_AD, /* accessed/dirty update refused (no-snoop walk) */
	PT_WHY_AD_FAIL, /* accessed/dirty update failed on the bus */
	PT_WHY_S2_W, /* stage 2 lacks write permission for the update of a stage-1 entry; gpa is that entry's */
	PT_WHY_OUT, /* output or next table wider than oa_bits, where that is no reserved-bit error */
	PT_WHY_AF, /* access flag clear, and hardware does not set it */
	PT_WHY_LEVEL, /* next level or page size that may not stand there */
	PT_WHY_SKIP, /* input bits of a skipped level are not 0 */
	PT_WHY_DEVICE /* stage 2 refuses the fetch of a stage-1 entry from device memory */
};
enum pt_class { PT_EMPTY, PT_TABLE, PT_LEAF };
struct pt_table { /* one stage as the vendor's configuration describes it */
	const struct pt_fmt *fmt;
	uint64_t root; /* first table: spa, or gpa for stage 1 above a stage 2 */
	uint64_t id; /* tag of this table's walk-cache entries */
	struct xc_tag inv; /* did, pasid, rid, kind: how invalidations find those entries */
	uint8_t levels; /* 1..6 */
	uint8_t ia_bits; /* width of the input */
	uint8_t grain_lg2; /* 12: 4 KiB tables of 512 entries */
	uint8_t top_bits; /* index bits of the first table (fewer, or more: concatenated tables); 0: as every other */
	uint8_t oa_bits; /* addresses in entries at or above 2^oa_bits are reserved-bit errors */
	uint32_t opt; /* format-specific switches */
};
struct pt_entry_info { /* what one entry says */
	enum pt_class cls;
	enum pt_why why; /* PT_OK, or the first check that failed, in the format's order */
	uint8_t perm; /* what this entry grants: XL_R|XL_W|XL_X, and what else the format keeps there (pt_fmt.priv_shift) */
	uint8_t memtype;
	uint8_t skip; /* PT_TABLE: levels skipped below this one */
	uint8_t size_lg2; /* PT_LEAF: page size; 0: as the level has it */
	uint8_t span_lg2; /* PT_LEAF: of the group of equal neighbours that may be cached as one (contiguous hint); 0: none */
	uint64_t next; /* PT_TABLE: next table; PT_LEAF: base of the page */
	uint64_t set, clr; /* bits to set and to clear for accessed/dirty (0: none) */
	bool clean; /* PT_LEAF: dirty is clear and `set` does not set it: a write would still have to */
	bool no_walk; /* PT_LEAF of stage 2: the page may hold data, but no stage-1 entries */
	bool snoop; /* not beside memtype: both would be loaded as one word right after two byte stores, and wait for them */
};
/*
 * An entry that only leads to the table of the next level: everything granted, no reserved bit, nothing to set. It is one for which
 * (e & mask) == val + level * step; entry() would give perm and e & next for it. One rule for all levels above 0.
 */
struct pt_plain {
	uint64_t mask, val, step;
	uint64_t next; /* 0: not asked yet */
	uint8_t perm;
	/*
	 * Level 0: a page of the table's own size, present and with nothing to set or to refuse. If (e & leaf_mask) == leaf_val, for any
	 * access that leaf_perm grants below entries that grant leaf_perm, entry() would give it, e & next and memtype
	 * e >> mt_lsb & mt_mask, and nothing else.
	 */
	uint64_t leaf_mask, leaf_val; /* 0 and 1: there is none */
	uint8_t leaf_perm, mt_lsb, mt_mask;
};
struct pt_fmt {
	const char *name;
	/* Pure: entry @e at @level for access @acc (XL_*), permissions so far @perm. */
	struct pt_entry_info (*entry)(const struct pt_table *t, uint64_t e, unsigned level, unsigned acc, unsigned perm);
	/* Input check: PT_OK, PT_WHY_RANGE or PT_WHY_CANON. In stage 2 any address below 2^(ia_bits - 1) is PT_OK. */
	enum pt_why (*input)(const struct pt_table *t, uint64_t ia);
	void (*plain)(const struct pt_table *t, struct pt_plain *p);
	uint8_t priv_shift; /* perm >> priv_shift is what a privileged access has; 0: entry() was told the privilege, one answer */
};
struct pt_empty { /* caches without entries: what a look-up does to them */
	bool all; /* none has entries or ports, and all have one latency */
	uint32_t lat_cyc;
	struct xc_stats *st[PT_LEVELS], none; /* none: where there is no such cache; those there are begin with level 1 (nested: 0) */
};
struct pt_caches { /* any may be NULL */
	/* [stage][level]: where the table entry at this level leads to; payload struct pt_psc. Several may be one cache: the level is in the tag. */
	struct xcache *psc[2][PT_LEVELS];
	struct xcache *nested; /* gpa page to spa; payload struct pt_psc */
	/* from pt_caches_ready() */
	uint8_t keep[2]; /* bit l: psc[stage][l] has entries */
	struct pt_empty empty[2], empty_nested;
};
struct pt_psc {
	uint64_t next; /* spa of the next table (nested cache: of the page) */
	uint64_t next_gpa; /* stage-1 entries above a stage 2: the table's own address */
	uint8_t perm; /* accumulated in this stage */
	uint8_t s2_perm; /* stage-1 entries above a stage 2: what stage 2 grants on the page of the next table */
	bool clean; /* nested cache: a write must still set dirty */
	bool no_walk; /* nested cache */
	bool split; /* stage-1 entries above a stage 2 of smaller pages: `next` is not known for the whole table */
	uint8_t level; /* of the next table */
	uint8_t size_lg2, memtype;
	bool snoop;
};
enum { PT_ACC_WALK = 0x40 }; /* beside XL_* in the access given to a stage-2 entry(): the fetch or update of a stage-1 entry, or the like */
enum {
	PT_OPT_FETCH_DIRTY = 1u << 29, /* stage 2: fetching a stage-1 entry makes its page dirty, if it may be written */
	PT_OPT_AD = 1u << 30, /* stage 2 keeps accessed/dirty bits */
	PT_OPT_FAULT_AD = 1u << 31 /* an accessed/dirty update is a fault PT_WHY_AD (tables walked without snoop) */
};
struct pt_walk {
	/* set by the caller */
	const struct pt_caches *c; /* NULL: none */
	struct pt_table t[2]; /* [0] stage 1, [1] stage 2; fmt NULL: no such stage */
	uint64_t ia;
	uint8_t acc; /* XL_*, PT_ACC_WALK; 0 needs a present page only */
	bool ipa; /* stage 2 alone, for an address that nested walks use too: the nested cache serves it */
	/* progress */
	uint8_t phase; /* enum pt_phase: what the memory access in progress is for */
	uint8_t level[2]; /* table being read, per stage */
	uint8_t perm[2]; /* accumulated so far */
	uint8_t s1_tab_perm; /* what stage 2 grants on the page of the current stage-1 table */
	uint8_t s1_lg2;
	uint8_t s1_from; /* level of the entry that led to the current stage-1 table */
	bool fetch; /* the stage-2 walk translates the address of a stage-1 entry, not the final address */
	bool update; /* ... because that entry is about to be updated */
	bool tab_known; /* table[0] is an spa already */
	bool tab_split; /* ... of the part that holds the entry only */
	bool s1_clean, s1_snoop;
	uint64_t table[2]; /* current table per stage */
	uint64_t gpa; /* input of the stage-2 walk */
	uint64_t s1_entry; /* the stage-1 entry about to be updated */
	uint64_t s1_entry_spa;
	uint64_t s1_gpa; /* gpa of the current stage-1 table */
	struct pt_entry_info info;
	struct pt_plain plain[2]; /* of t[]; if not known, asked for when a walk starts at the top */
	uint8_t ran[2]; /* zero time: words read on the spot in the last pt_walk_begin() or pt_walk_next(), per stage */
	/* result */
	uint64_t pa;
	uint8_t size_lg2, out_perm, memtype, s1_memtype; /* memtype: of the last stage walked */
	bool snoop;
	bool clean; /* the translation must not serve a write before dirty is set */
	/* fault */
	enum pt_why why;
	uint8_t f_stage, f_level; /* stage 1 or 2; level of the entry */
	bool f_top; /* the entry was in the top table of its stage */
	bool f_fetch; /* stage 2 failed under the fetch of a stage-1 entry; level[0] says which */
};
enum pt_phase { PT_PH_S1_ENTRY, PT_PH_S1_UPDATE, PT_PH_S2_ENTRY, PT_PH_S2_UPDATE };
/** pt_walk_in_s2() - the access in progress is to a stage-2 entry. */
static inline bool pt_walk_in_s2(const struct pt_walk *w)
{
	return w->phase >= PT_PH_S2_ENTRY;
}
/** pt_caches_ready() - to be called when the caches are made. */
void pt_caches_ready(struct pt_caches *c);
/** pt_walk_begin() - start a walk; @x carries the memory protocol of iommu.h (mem_spa, cas_*, data, cyc, nofill). @known: w->plain is w->t's. */
enum xl_act pt_walk_begin(struct pt_walk *w, struct xl *x, bool known);
/** pt_walk_next() - the access asked for is done. Returns: XL_ACT_DONE: pa ... clean are valid; XL_ACT_FAULT: why ... f_fetch are. */
enum xl_act pt_walk_next(struct pt_walk *w, struct xl *x);
#endif
