/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amdvi_walk.h - private to the walk: its state inside struct xl, and the payloads of the caches.
 * amdvi_hit.c: gates, IOTLB, results; amdvi_walk.c: device table; amdvi_xlate.c: tag, GCR3 table, page tables and faults; amdvi_inv.c: invalidation.
 */
#ifndef IOMMUSIM_AMDVI_WALK_H
#define IOMMUSIM_AMDVI_WALK_H
#include "core/memo.h"
#include "amdvi/amdvi_int.h"

enum amdvi_phase { AMDVI_PH_DTE, AMDVI_PH_GCR3_GPA, AMDVI_PH_GCR3, AMDVI_PH_TABLES };
struct amdvi_dtc_entry {
	uint64_t w[4];
	uint8_t bad; /* 0, AEV_ILLEGAL_DTE, or AEV_IO_PAGE_FAULT (option illegal_mode_page_fault) */
	bool rz; /* because of a reserved bit */
	bool raised; /* SE = 1: a page fault was logged since the entry was read */
	uint8_t grant; /* IR, IW: XL_R | XL_X, XL_W */
};
struct amdvi_leaf { /* entry of iotlb and l1 */
	uint64_t page;
	uint8_t perm, memtype;
	bool clean; /* a write must set dirty first */
	bool page_gpa; /* refuse: info[1] lies in the page of the request's own GPA */
	bool refuse; /* np_cache: a cached refusal; flags and second operand of its event: */
	uint64_t info[2];
};
struct amdvi_walk {
	uint8_t phase;
	uint8_t kind; /* enum amdvi_kind of the leaf */
	bool have_dte, guest /* the guest stage is used */, host /* the host stage */, priv, ats_dirty;
	uint8_t gcr3_level; /* being read; 0 is the last */
	uint32_t pasid;
	uint64_t gcr3_table; /* being read */
	uint32_t dtc_slot; /* where dte was found, or XC_MISS */
	const struct amdvi_dtc_entry *dte; /* in the cache, or own_dte; have_dte only */
	struct amdvi_dtc_entry own_dte;
	struct pt_walk pt;
};
_Static_assert(sizeof(struct amdvi_walk) <= sizeof(((struct xl *)0)->walk), "struct xl holds the walk");
static inline struct amdvi_walk *walk_of(struct xl *x)
{
	return (struct amdvi_walk *)(void *)x->walk;
}
static inline unsigned dte_mode(const struct amdvi_walk *w)
{
	return (unsigned)bits_get(w->dte->w[0], 11, 9);
}
/** amdvi_keep() - copy the entry out of the cache before time passes. */
static inline void amdvi_keep(struct amdvi_walk *w)
{
	if (w->have_dte && w->dte != &w->own_dte) {
		w->own_dte = *w->dte;
		w->dte = &w->own_dte;
	}
}
enum xl_act amdvi_pass(struct xl *x);
/** amdvi_refuse() - event @code with flags @flags (AEV_F_*, Type) and second operand @operand. SE and SA of the DTE apply to page faults. */
enum xl_act amdvi_refuse(struct amdvi *v, struct xl *x, unsigned code, uint64_t flags, uint64_t operand);
/** amdvi_xlate() - the device table entry is known and lets the request in. */
enum xl_act amdvi_xlate(struct amdvi *v, struct xl *x);
/** amdvi_xlate_tagged() - and it has its tag: caches of translations, then GCR3 and tables. */
enum xl_act amdvi_xlate_tagged(struct amdvi *v, struct xl *x);
/** amdvi_answered() - the caches of translations. Returns: true if one answered; *@act is the answer then. */
bool amdvi_answered(struct amdvi *v, struct xl *x, enum xl_act *act);
/* No cache of translations answered. @m: what is remembered of the requester, or NULL. */
enum xl_act amdvi_gcr3_begin(struct amdvi *v, struct xl *x, const struct memo_ent *m);
enum xl_act amdvi_tables_begin(struct amdvi *v, struct xl *x, uint64_t cr3, const struct memo_ent *m);
enum xl_act amdvi_result(struct amdvi *v, struct xl *x, uint64_t pa, const struct amdvi_leaf *e, unsigned size_lg2);
enum xl_act amdvi_no_access(struct xl *x); /* what a translation request is told */
unsigned amdvi_needed(const struct xl *x);
/** amdvi_put() - fill @c. */
void amdvi_put(struct amdvi *v, const struct xl *x, struct xcache *c, const struct xc_tag *t, const struct amdvi_leaf *e);
/** amdvi_dte_lookup() - the gates are open: device table. */
enum xl_act amdvi_dte_lookup(struct amdvi *v, struct xl *x);
enum xl_act amdvi_pass_excluded(struct amdvi *v, struct xl *x);
static inline bool amdvi_excluded(const struct amdvi *v, uint64_t a)
{
	return v->on.excl && a >= v->on.excl_base && a <= v->on.excl_limit;
}
enum xl_act amdvi_xlate_next(struct amdvi *v, struct xl *x);
#endif
