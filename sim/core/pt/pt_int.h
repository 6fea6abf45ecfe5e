/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_int.h - what the files of the page walk share; nobody else includes it.
 * pt_walk.c has the steps (and alone knows permissions and faults), pt_run.c runs of plain entries, pt_whole.c walks of nothing else, pt_caches.c
 * the walk caches.
 */
#ifndef IOMMUSIM_PT_INT_H
#define IOMMUSIM_PT_INT_H
#include "core/base/bits.h"
#include "core/pt/pt.h"

enum { S1, S2 };
enum { PT_PAGE_LG2 = 12, PT_PAGE_WORDS = 512 };
/* Rows of PT_LEVELS cursors for zero-time walks. Row l below PT_LEVELS: stage 2, for the stage-1 entry of level l; then: */
enum {
	PT_ROW_DATA = PT_LEVELS, /* stage 2, for what stage 1 leads to */
	PT_ROW_IPA, /* stage 2, for any other address */
	PT_ROW_S1, /* stage 1 */
	PT_ROWS
};
_Static_assert(PT_ROWS * PT_LEVELS <= IOMMU_CURSORS, "a cursor for each place in a walk");
#define PT_INLINE static inline __attribute__((always_inline))

static inline unsigned shift_of(const struct pt_table *t, unsigned level)
{
	return t->grain_lg2 + level * (t->grain_lg2 - 3u);
}

static inline unsigned index_bits(const struct pt_table *t, unsigned level)
{
	return level == t->levels - 1u && t->top_bits ? t->top_bits : t->grain_lg2 - 3u;
}

static inline uint64_t entry_offset(const struct pt_table *t, uint64_t ia, unsigned level)
{
	return 8 * (ia >> shift_of(t, level) & ((UINT64_C(1) << index_bits(t, level)) - 1));
}

/* Input bits of the levels skipped below @level, @skip of them. */
static inline bool skips_bits(const struct pt_table *t, uint64_t ia, unsigned level, unsigned skip)
{
	return skip && (ia & low_mask(shift_of(t, level)) & ~low_mask(shift_of(t, level - skip)));
}

/* The permission bits that @acc needs in an accumulated perm. */
static inline unsigned need_of(const struct pt_table *t, unsigned acc)
{
	return (acc & (XL_R | XL_W | XL_X)) << (acc & XL_PRIV ? t->fmt->priv_shift : 0);
}

/* @e stands at level 0, below entries that grant @perm, and is plain; accesses that need @need may use it. */
static inline bool plain_grants(const struct pt_plain *p, uint64_t e, unsigned perm, unsigned need)
{
	return (e & p->leaf_mask) == p->leaf_val && !(p->leaf_perm & ~perm) && !(need & ~p->leaf_perm);
}

/* The access that stage 2 is asked for. */
static inline unsigned s2_acc(const struct pt_walk *w)
{
	if (w->fetch)
		return PT_ACC_WALK | (w->update ? XL_R | XL_W : XL_R);
	return w->acc;
}

/* Is there a walk cache for entries at this level? */
static inline bool psc_kept(const struct pt_walk *w, unsigned stage, unsigned level)
{
	return w->c && (w->c->keep[stage] >> level & 1);
}

/** pt_step() - pt_walk_next() for one word. */
enum xl_act pt_step(struct pt_walk *w, struct xl *x);
/** pt_run() - zero time, and the word at x->mem_spa is wanted: go on without the shell as far as possible. */
enum xl_act pt_run(struct pt_walk *w, struct xl *x);
/**
 * pt_run_from() - the same for a nested walk at the beginning of stage 2 for the entry of @level at @gpa, all before it being plain and not yet counted; or
 * for a walk of stage 2 alone at its beginning.
 */
enum xl_act pt_run_from(struct pt_walk *w, struct xl *x, unsigned level, uint64_t gpa);
/** pt_cursor_move() - Returns: false: the page cannot be read directly; nothing is changed. */
bool pt_cursor_move(struct mem_cursor *c, const struct mem *m, uint64_t page);
/** pt_whole() - a walk of stage 2, or a nested one, at its top, where stage 2 is asked for @gpa: all tables in pages of 512, nobody to be told. */
enum xl_act pt_whole(struct pt_walk *w, struct xl *x, uint64_t gpa);
/** pt_run_begin() - zero time: the same from the beginning of a walk. Returns: false: nothing is done, walk step by step. */
bool pt_run_begin(struct pt_walk *w, struct xl *x, enum xl_act *act);

/* ---- pt_caches.c ---- */

const struct pt_psc *pt_psc_find(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t ia, unsigned *level);
const struct pt_psc *pt_nested_find(struct pt_walk *w, struct xl *x);
/** pt_psc_fill(), pt_nested_fill() - remember where the entry at @level led to; what stage 2 makes of w->gpa. */
void pt_psc_fill(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t ia, unsigned level, const struct pt_psc *p);
void pt_nested_fill(struct pt_walk *w, struct xl *x, const struct pt_psc *p);

/* @n times one look-up in each of the caches from level @first to below @levels, none of which has entries. */
static inline void empty_lookup(const struct pt_empty *e, struct xl *x, unsigned first, unsigned levels, unsigned n)
{
	for (unsigned l = first; l < levels; l++) {
		e->st[l]->lookups += n;
		e->st[l]->misses += n;
	}
	if (first < levels)
		x->cyc += n * e->lat_cyc; /* all levels are looked up at once */
}

/* @n walks of stage 2 began: their look-ups. */
PT_INLINE void pt_s2_started(struct pt_walk *w, struct xl *x, unsigned n)
{
	if (!w->c || x->functional)
		return;
	empty_lookup(&w->c->empty[S2], x, 1, w->t[S2].levels, n);
	if ((w->t[S1].fmt || w->ipa) && w->c->nested)
		empty_lookup(&w->c->empty_nested, x, 0, 1, n);
}

/** psc_find() - the deepest cached table of this stage. Returns: its payload, or NULL; *level is the level of that table. */
static inline const struct pt_psc *psc_find(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t ia, unsigned *level)
{
	if (!w->c || x->functional)
		return NULL;
	if (!w->c->empty[stage].all)
		return pt_psc_find(w, x, stage, ia, level);
	empty_lookup(&w->c->empty[stage], x, 1, w->t[stage].levels, 1);
	return NULL;
}

/** nested_find() - stage 2 of w->gpa from the nested cache, if it grants what is needed. */
static inline const struct pt_psc *nested_find(struct pt_walk *w, struct xl *x)
{
	if (!w->c || x->functional || !(w->t[S1].fmt || w->ipa) || !w->c->nested)
		return NULL;
	if (!w->c->empty_nested.all)
		return pt_nested_find(w, x);
	empty_lookup(&w->c->empty_nested, x, 0, 1, 1);
	return NULL;
}
#endif
