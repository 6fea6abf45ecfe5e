/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_run.c - walks in zero time: what plain entries (struct pt_plain) lead to is followed on the spot, the page of each place in the walk
 * being remembered in a cursor. A walk in zero time leaves for the shell only with a word that cannot be read directly: a page that does
 * not exist, memory of somebody else, an address made to fail.
 * Does not model: permissions that are less than all, faults, updates, caches with entries. The word a run ends at goes to pt_step().
 */
#include "core/pt/pt_int.h"

enum { PAGE_LG2 = 12, PAGE_WORDS = 512, ROW_DATA = PT_LEVELS, ROW_IPA, ROW_S1, ROWS };
_Static_assert(ROWS * PT_LEVELS <= IOMMU_CURSORS, "a cursor for each place in a walk");

/*
 * A struct run stays in registers if nobody gets its address. @told (x->now->step is to see each word) and @k4 (all tables are those of most
 * systems: 512 entries in a 4 KiB page) are constants where they are inlined.
 */
#define INLINE static inline __attribute__((always_inline))

struct at { /* a stage */
	uint64_t table, i, e; /* the word read last, or to be read: entry i of the table at table */
	uint64_t first; /* index bits of the present table */
	uint64_t val; /* plain entries of the present table, under plain.mask */
	unsigned level, shift, perm;
};
struct run { /* what struct pt_walk has while the walk stands still */
	struct pt_walk *w;
	struct xl *x;
	struct at s1, s2, top; /* top: of stage 2 */
	uint64_t gpa;
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

/*
 * Entry @i of the table at @table, in a page that is in @c or can be brought there. Where it lies in its page depends on @i alone: the
 * host need not wait for @table.
 */
INLINE bool read_entry(const struct run *r, struct mem_cursor *c, uint64_t table, uint64_t i, uint64_t *e, bool k4)
{
	uint64_t page = k4 ? table : (table + 8 * i) & ~(uint64_t)((1u << PAGE_LG2) - 1);

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

INLINE unsigned grain_of(const struct pt_table *t, bool k4)
{
	return k4 ? (unsigned)PAGE_LG2 : t->grain_lg2;
}

/* Index bits of all tables but the first. */
INLINE uint64_t each_of(const struct pt_table *t, bool k4)
{
	return (UINT64_C(1) << (grain_of(t, k4) - 3)) - 1;
}

/* Before the table of @level at @table. */
INLINE struct at at_table(const struct pt_walk *w, unsigned stage, unsigned level, uint64_t table, unsigned perm, bool k4)
{
	const struct pt_table *t = &w->t[stage];
	const struct pt_plain *p = &w->plain[stage];
	bool top = !k4 && level == t->levels - 1u && t->top_bits;

	return (struct at){ .table = table, .first = top ? (UINT64_C(1) << t->top_bits) - 1 : each_of(t, k4), .val = p->val + level * p->step,
			    .level = level, .shift = grain_of(t, k4) + level * (grain_of(t, k4) - 3), .perm = perm };
}

/* From the present table of @stage down to the first entry that is not plain, or the last. *@n: words read before and now. */
INLINE bool descend(const struct run *r, struct at *a, unsigned stage, uint64_t ia, struct mem_cursor *row, unsigned *n, bool told, bool k4)
{
	const struct pt_plain *p = &r->w->plain[stage];
	const uint64_t each = each_of(&r->w->t[stage], k4);
	const unsigned per = grain_of(&r->w->t[stage], k4) - 3;
	struct mem_cursor *const from = row + a->level, *c = from;
	uint64_t table = a->table, i = ia >> a->shift & a->first, e = 0;
	unsigned before = r->n1 + r->n2 + 1;
	bool got;

	for (;;) {
		got = read_entry(r, c, table, i, &e, k4);
		if (UNLIKELY(!got))
			break;
		if (told)
			tell(r->x, table + 8 * i, e, before + (unsigned)(from - c));
		if (c == row || (e & p->mask) != a->val)
			break;
		table = e & p->next;
		a->val -= p->step;
		a->shift -= per;
		i = ia >> a->shift & each;
		c--;
	}
	*n += (unsigned)(from - c) + got;
	if (c != from) {
		a->perm &= p->perm;
		a->first = each;
	}
	a->level = (unsigned)(c - row);
	a->table = table;
	a->i = i;
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
	r->x->mem_spa = a->table + 8 * a->i;
	r->x->mem_st = MEM_OK;
	r->x->data[0] = a->e;
	if (r->starts && !r->x->functional && w->c) {
		empty_lookup(&w->c->empty[S2], r->x, 1, w->t[S2].levels, r->starts);
		if (w->c->nested)
			empty_lookup(&w->c->empty_nested, r->x, 0, 1, r->starts);
	}
}

/* Stage 1 alone. */
INLINE bool run_s1(struct run r, bool told, bool k4)
{
	bool got = descend(&r, &r.s1, S1, r.w->ia, &r.x->u->cursor[PT_LEVELS * ROW_S1], &r.n1, told, k4);

	r.w->s1_entry_spa = r.s1.table + 8 * r.s1.i;
	stop(&r, &r.s1, PT_PH_S1_ENTRY);
	return got;
}

/* The last entry of stage 2 locates a stage-1 entry: read it. */
INLINE bool s1_read(struct run *r, bool told, bool k4)
{
	const struct pt_plain *p = &r->w->plain[S2];
	uint64_t spa = (r->s2.e & p->next) | (r->gpa & ((UINT64_C(1) << grain_of(&r->w->t[S2], k4)) - 1));

	r->s2.perm &= p->leaf_perm;
	r->s1.i = r->w->ia >> r->s1.shift & r->s1.first;
	r->s1.table = k4 ? r->s2.e & p->next : spa - 8 * r->s1.i;
	if (!read_entry(r, &r->x->u->cursor[PT_LEVELS * ROW_S1 + r->s1.level], r->s1.table, r->s1.i, &r->s1.e, k4))
		return false;
	r->n1++;
	if (told)
		tell(r->x, spa, r->s1.e, r->n1 + r->n2);
	return true;
}

/* Leave there: as s2_done() would have it. */
INLINE void s1_stop(struct run *r)
{
	struct pt_walk *w = r->w;

	w->s1_entry_spa = r->s1.table + 8 * r->s1.i;
	w->s1_tab_perm = (uint8_t)r->s2.perm;
	w->tab_known = true;
	w->tab_split = w->t[S2].grain_lg2 < index_bits(&w->t[S1], r->s1.level) + 3u;
	stop(r, &r->s1, PT_PH_S1_ENTRY);
}

INLINE bool s2_input_ok(const struct pt_table *t, uint64_t gpa)
{
	return LIKELY(!(gpa >> ((t->ia_bits - 1) & 63))) || t->fmt->input(t, gpa) == PT_OK;
}

/* Go on after the stage-1 entry just read: as s1_down() and s1_leaf() would. Returns: false: it is for pt_step() to look at. */
INLINE bool s1_next(struct run *r, bool k4)
{
	struct pt_walk *w = r->w;
	const struct pt_plain *p = &w->plain[S1];
	const struct pt_table *t = &w->t[S1], *t2 = &w->t[S2];
	const uint64_t each = each_of(t, k4);
	const unsigned per = grain_of(t, k4) - 3;
	struct at *a = &r->s1;
	uint64_t next = a->e & p->next, gpa;

	if (a->level) {
		gpa = next + 8 * (w->ia >> (a->shift - per) & each);
		if ((a->e & p->mask) != a->val || !s2_input_ok(t2, gpa))
			return false;
		w->s1_gpa = a->table = next;
		w->s1_from = (uint8_t)a->level--;
		w->tab_known = false;
		a->perm &= p->perm;
		a->val -= p->step;
		a->shift -= per;
		a->first = each;
	} else {
		gpa = next | (w->ia & ((UINT64_C(1) << grain_of(t, k4)) - 1));
		if (!plain_grants(p, a->e, a->perm, need_of(t, w->acc)) || !s2_input_ok(t2, gpa))
			return false;
		a->perm &= p->leaf_perm;
		r->fetch = false;
		w->s1_lg2 = (uint8_t)grain_of(t, k4);
		w->s1_clean = w->s1_snoop = false;
		w->s1_memtype = w->memtype = (uint8_t)(a->e >> p->mt_lsb & p->mt_mask);
	}
	r->gpa = gpa;
	r->starts++;
	r->s2 = r->top;
	return true;
}

/* The cursors of stage 2: one row for each stage-1 level whose entry it locates, one for what is found there, one for other addresses. */
INLINE struct mem_cursor *s2_row(const struct run *r)
{
	unsigned row = r->fetch ? r->s1.level : r->w->ipa ? (unsigned)ROW_IPA : (unsigned)ROW_DATA;

	return &r->x->u->cursor[PT_LEVELS * row];
}

/* Stage 2, and the stage-1 entries that it locates. */
INLINE bool run_s2(struct run r, bool told, bool k4)
{
	const struct pt_plain *p = &r.w->plain[S2];
	bool got;

	for (;;) {
		got = descend(&r, &r.s2, S2, r.gpa, s2_row(&r), &r.n2, told, k4);
		if (!got || r.s2.level || !r.fetch || r.w->update || !plain_grants(p, r.s2.e, r.s2.perm, XL_R))
			break;
		got = s1_read(&r, told, k4);
		if (!got || !s1_next(&r, k4)) {
			s1_stop(&r);
			return got;
		}
	}
	stop(&r, &r.s2, PT_PH_S2_ENTRY);
	return got;
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

/* What a run needs to know of the walk at @stage. */
INLINE bool run(struct pt_walk *w, struct xl *x, unsigned stage, bool told, bool k4)
{
	struct run r = { .w = w, .x = x, .gpa = w->gpa, .fetch = w->fetch };

	if (w->t[S1].fmt)
		r.s1 = at_table(w, S1, w->level[S1], w->table[S1], w->perm[S1], k4);
	if (stage == S1)
		return run_s1(r, told, k4);
	r.s2 = at_table(w, S2, w->level[S2], w->table[S2], w->perm[S2], k4);
	r.top = at_table(w, S2, w->t[S2].levels - 1u, w->t[S2].root, 0xff, k4);
	return run_s2(r, told, k4);
}

static __attribute__((noinline)) bool run_told(struct pt_walk *w, struct xl *x, unsigned stage)
{
	return stage == S2 ? run(w, x, S2, true, false) : run(w, x, S1, true, false);
}

static __attribute__((noinline)) bool run_any(struct pt_walk *w, struct xl *x, unsigned stage)
{
	return stage == S2 ? run(w, x, S2, false, false) : run(w, x, S1, false, false);
}

static __attribute__((noinline)) bool run_k4_s1(struct pt_walk *w, struct xl *x)
{
	return run(w, x, S1, false, true);
}

static __attribute__((noinline)) bool run_k4_s2(struct pt_walk *w, struct xl *x)
{
	return run(w, x, S2, false, true);
}

static bool run_k4(struct pt_walk *w, struct xl *x, unsigned stage)
{
	return stage == S2 ? run_k4_s2(w, x) : run_k4_s1(w, x);
}

static bool k4_tables(const struct pt_table *t)
{
	return !t->fmt || (t->grain_lg2 == PAGE_LG2 && (!t->top_bits || t->top_bits == PAGE_LG2 - 3));
}

enum xl_act pt_run(struct pt_walk *w, struct xl *x)
{
	enum xl_act act = XL_ACT_READ;
	bool (*go)(struct pt_walk *w, struct xl *x, unsigned stage);

	if (!may_run(w, x))
		return act;
	go = x->now->step ? run_told : k4_tables(&w->t[S1]) && k4_tables(&w->t[S2]) ? run_k4 : run_any;
	while (act == XL_ACT_READ) {
		unsigned stage = pt_walk_in_s2(w) ? S2 : S1;

		if (!w->plain[stage].next || (stage == S1 ? w->t[S2].fmt != NULL : w->fetch && !w->plain[S1].next) || !go(w, x, stage))
			return act;
		act = pt_step(w, x);
	}
	return act;
}
