/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_run.c - walks in zero time: what plain entries (struct pt_plain) lead to is followed on the spot, the page of each place in the walk being
 * remembered in a cursor. A walk in zero time leaves for the shell only with a word that cannot be read directly: a page that does not exist,
 * memory of somebody else, an address made to fail.
 * Does not model: permissions that are less than all, faults, updates, caches with entries. The word a run ends at goes to pt_step().
 */
#include "core/pt/pt_int.h"

enum { PAGE_LG2 = 12, PAGE_WORDS = 512, ROW_DATA = PT_LEVELS, ROW_S1, ROWS };
_Static_assert(ROWS * PT_LEVELS <= IOMMU_CURSORS, "a cursor for each place in a walk");

/* A struct run stays in registers if nobody gets its address; @told is a constant where it is inlined. */
#define INLINE static inline __attribute__((always_inline))

struct at { /* a stage, and its word read last */
	uint64_t table, spa, e;
	unsigned level, perm;
};
struct run { /* what struct pt_walk has while the walk stands still */
	struct pt_walk *w;
	struct xl *x;
	struct at s1, s2;
	uint64_t gpa, i1; /* input of stage 2; the stage-1 entry that it is to locate */
	unsigned n1, n2; /* words read, per stage */
	unsigned starts; /* walks of stage 2 begun */
	bool fetch;
};

static __attribute__((noinline)) bool cursor_move(struct mem_cursor *c, const struct mem *m, uint64_t page)
{
	const uint64_t *w = mem_direct(m, page);

	if (!w)
		return false;
	*c = (struct mem_cursor){ page, w };
	return true;
}

/* Entry @i of the table at @table, in a page that is in @c or can be brought there. Where it lies in its page depends on @i alone: no wait for @table. */
INLINE bool entry_at(const struct run *r, struct mem_cursor *c, uint64_t table, uint64_t i, uint64_t *e)
{
	uint64_t page = (table + 8 * i) & ~low_mask(PAGE_LG2);

	if (UNLIKELY(c->page != page) && !cursor_move(c, r->x->u->mem, page))
		return false;
	*e = c->w[i & (PAGE_WORDS - 1)];
	return true;
}

static __attribute__((noinline)) void tell(struct xl *x, uint64_t spa, uint64_t e, unsigned reads)
{
	x->mem_spa = spa;
	x->mem_st = MEM_OK;
	x->data[0] = e;
	x->reads += (uint8_t)reads;
	x->now->step(x->now->arg, x);
	x->reads -= (uint8_t)reads;
}

/* From the present table of @stage down to the first entry that is not plain, or the last. *@n: words read before and now. */
INLINE bool descend(const struct run *r, struct at *a, unsigned stage, uint64_t ia, struct mem_cursor *row, unsigned *n, bool told)
{
	const struct pt_table *t = &r->w->t[stage];
	const struct pt_plain *p = &r->w->plain[stage];
	unsigned shift = shift_of(t, a->level), per = t->grain_lg2 - 3u, before = r->n1 + r->n2 + 1;
	uint64_t table = a->table, val = p->val + a->level * p->step, i = ia >> shift & low_mask(index_bits(t, a->level)), each = low_mask(per), e = 0;
	struct mem_cursor *const from = row + a->level, *c = from;
	bool got;

	for (;;) {
		got = entry_at(r, c, table, i, &e);
		if (UNLIKELY(!got))
			break;
		if (told)
			tell(r->x, table + 8 * i, e, before + (unsigned)(from - c));
		if (c == row || (e & p->mask) != val)
			break;
		table = e & p->next;
		val -= p->step;
		shift -= per;
		i = ia >> shift & each;
		c--;
	}
	*n += (unsigned)(from - c) + got;
	a->perm &= c == from ? 0xff : p->perm;
	a->level = (unsigned)(c - row);
	a->table = table;
	a->spa = table + 8 * i;
	a->e = e;
	return got;
}

/* Leave with the word of @a, read or to be read. */
INLINE void stop(const struct run *r, const struct at *a, enum pt_phase ph)
{
	struct pt_walk *w = r->w;

	w->phase = ph;
	w->level[S1] = (uint8_t)r->s1.level;
	w->perm[S1] = (uint8_t)r->s1.perm;
	w->table[S1] = r->s1.table;
	w->level[S2] = (uint8_t)r->s2.level;
	w->perm[S2] = (uint8_t)r->s2.perm;
	w->table[S2] = r->s2.table;
	w->gpa = r->gpa;
	w->fetch = r->fetch;
	w->ran[S1] += (uint8_t)r->n1;
	w->ran[S2] += (uint8_t)r->n2;
	r->x->reads += (uint8_t)(r->n1 + r->n2);
	r->x->mem_spa = a->spa;
	r->x->mem_st = MEM_OK;
	r->x->data[0] = a->e;
	if (r->starts && !r->x->functional && w->c) {
		empty_lookup(&w->c->empty[S2], r->x, 1, w->t[S2].levels, r->starts);
		if (w->c->nested)
			empty_lookup(&w->c->empty_nested, r->x, 0, 1, r->starts);
	}
}

/* Stage 1 alone. */
INLINE bool run_s1(struct run r, bool told)
{
	bool got = descend(&r, &r.s1, S1, r.w->ia, &r.x->u->cursor[PT_LEVELS * ROW_S1], &r.n1, told);

	r.w->s1_entry_spa = r.s1.spa;
	stop(&r, &r.s1, PT_PH_S1_ENTRY);
	return got;
}

static inline uint64_t entry_index(const struct pt_table *t, uint64_t ia, unsigned level)
{
	return ia >> shift_of(t, level) & low_mask(index_bits(t, level));
}

/* Go on after the stage-1 entry just read: as s1_down() and s1_leaf() would. Returns: false: it is for pt_step() to look at. */
INLINE bool s1_next(struct run *r)
{
	struct pt_walk *w = r->w;
	const struct pt_plain *p = &w->plain[S1];
	const struct pt_table *t = &w->t[S1], *t2 = &w->t[S2];
	uint64_t e = r->s1.e, next = e & p->next, gpa, i1;
	bool table = r->s1.level;

	if (table ? (e & p->mask) != p->val + r->s1.level * p->step : !plain_grants(p, e, r->s1.perm, need_of(t, w->acc)))
		return false;
	i1 = table ? entry_index(t, w->ia, r->s1.level - 1) : 0;
	gpa = table ? next + 8 * i1 : next | (w->ia & low_mask(t->grain_lg2));
	if (t2->fmt->input(t2, gpa) != PT_OK)
		return false;
	if (table) {
		r->s1.perm &= p->perm;
		r->s1.table = w->s1_gpa = next;
		w->s1_from = (uint8_t)r->s1.level--;
		w->tab_known = false;
	} else {
		r->s1.perm &= p->leaf_perm;
		r->fetch = false;
		w->s1_lg2 = t->grain_lg2;
		w->s1_clean = w->s1_snoop = false;
		w->s1_memtype = w->memtype = (uint8_t)(e >> p->mt_lsb & p->mt_mask);
	}
	r->i1 = i1;
	r->gpa = gpa;
	r->s2.level = t2->levels - 1u;
	r->s2.table = t2->root;
	r->s2.perm = 0xff;
	r->starts++;
	return true;
}

/* The last entry of stage 2 locates a stage-1 entry: read it. */
INLINE bool s1_read(struct run *r, bool told)
{
	const struct pt_plain *p = &r->w->plain[S2];
	bool got;

	r->s2.perm &= p->leaf_perm;
	r->s1.spa = (r->s2.e & p->next) | (r->gpa & low_mask(r->w->t[S2].grain_lg2));
	got = entry_at(r, &r->x->u->cursor[PT_LEVELS * ROW_S1 + r->s1.level], r->s1.spa - 8 * r->i1, r->i1, &r->s1.e);
	r->n1 += got;
	if (told && got)
		tell(r->x, r->s1.spa, r->s1.e, r->n1 + r->n2);
	return got;
}

/* Leave there: as s2_done() would have it. */
INLINE void s1_stop(struct run *r)
{
	struct pt_walk *w = r->w;

	w->s1_entry_spa = r->s1.spa;
	w->s1_tab_perm = (uint8_t)r->s2.perm;
	w->tab_known = true;
	w->tab_split = w->t[S2].grain_lg2 < index_bits(&w->t[S1], r->s1.level) + 3u;
	r->s1.table = r->s1.spa - entry_offset(&w->t[S1], w->ia, r->s1.level);
	stop(r, &r->s1, PT_PH_S1_ENTRY);
}

/* Stage 2, and the stage-1 entries that it locates. */
INLINE bool run_s2(struct run r, bool told)
{
	const struct pt_plain *p = &r.w->plain[S2];
	bool got;

	for (;;) {
		got = descend(&r, &r.s2, S2, r.gpa, &r.x->u->cursor[PT_LEVELS * (r.fetch ? r.s1.level : (unsigned)ROW_DATA)], &r.n2, told);
		if (!got || r.s2.level || !r.fetch || r.w->update || !plain_grants(p, r.s2.e, r.s2.perm, XL_R))
			break;
		got = s1_read(&r, told);
		if (!got || !s1_next(&r)) {
			s1_stop(&r);
			return got;
		}
	}
	stop(&r, &r.s2, PT_PH_S2_ENTRY);
	return got;
}

static bool run_quiet(struct run r, unsigned stage)
{
	return stage == S2 ? run_s2(r, false) : run_s1(r, false);
}

static bool run_told(struct run r, unsigned stage)
{
	return stage == S2 ? run_s2(r, true) : run_s1(r, true);
}

static bool whole_pages(const struct pt_table *t)
{
	return !t->fmt || !(t->root & low_mask(PAGE_LG2));
}

/* Zero time must not pass by caches that would remember the walk, nor memory that would answer otherwise. Small tables may lie anywhere. */
static bool may_run(const struct pt_walk *w, const struct xl *x)
{
	const struct pt_caches *c = w->c;

	return (x->functional || !c || (c->empty[S1].all && c->empty[S2].all && c->empty_nested.all)) && mem_is_direct(x->u->mem) &&
	       whole_pages(&w->t[S1]) && whole_pages(&w->t[S2]);
}

enum xl_act pt_run(struct pt_walk *w, struct xl *x)
{
	enum xl_act act = XL_ACT_READ;

	if (!may_run(w, x))
		return act;
	while (act == XL_ACT_READ) {
		unsigned stage = pt_walk_in_s2(w) ? S2 : S1;
		struct run r = { .w = w, .x = x, .gpa = w->gpa, .fetch = w->fetch,
				 .i1 = w->fetch ? entry_index(&w->t[S1], w->ia, w->level[S1]) : 0,
				 .s1 = { .table = w->table[S1], .level = w->level[S1], .perm = w->perm[S1] },
				 .s2 = { .table = w->table[S2], .level = w->level[S2], .perm = w->perm[S2] } };

		if (!w->plain[stage].next || (stage == S1 ? w->t[S2].fmt != NULL : w->fetch && !w->plain[S1].next) ||
		    !(x->now->step ? run_told(r, stage) : run_quiet(r, stage)))
			return act;
		act = pt_step(w, x);
	}
	return act;
}
