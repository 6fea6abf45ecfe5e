/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_run.c - walks in zero time: what plain entries (struct pt_plain) lead to is followed on the spot, the page of each place in the walk
 * being remembered in a cursor. A walk in zero time leaves for the shell only with a word that cannot be read directly: a page that does
 * not exist, memory of somebody else, an address made to fail.
 * Does not model: permissions that are less than all, faults, updates, caches with entries. The word a run ends at goes to pt_step().
 */
#include "core/pt/pt_int.h"

/* A struct run stays in registers if nobody gets its address. @told (x->now->step is to see each word) is a constant where it is inlined. */
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
	unsigned starts; /* walks of stage 2 begun and not yet counted */
	unsigned per1; /* index bits of stage-1 tables but the first */
	uint64_t beyond2; /* an address with none of these bits is input for stage 2 */
	bool fetch;
};

bool pt_cursor_move(struct mem_cursor *c, const struct mem *m, uint64_t page)
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
PT_INLINE bool read_entry(const struct run *r, struct mem_cursor *c, uint64_t table, uint64_t i, uint64_t *e)
{
	uint64_t page = (table + 8 * i) & ~(uint64_t)((1u << PT_PAGE_LG2) - 1);

	if (UNLIKELY(c->page != page) && !pt_cursor_move(c, r->x->u->mem, page))
		return false;
	*e = c->w[i & (PT_PAGE_WORDS - 1)];
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

/* Index bits of all tables but the first. */
PT_INLINE uint64_t each_of(const struct pt_table *t)
{
	return (UINT64_C(1) << (t->grain_lg2 - 3)) - 1;
}

/* Before the table of @level at @table. */
PT_INLINE struct at at_table(const struct pt_walk *w, unsigned stage, unsigned level, uint64_t table, unsigned perm)
{
	const struct pt_table *t = &w->t[stage];
	const struct pt_plain *p = &w->plain[stage];
	bool top = level == t->levels - 1u && t->top_bits;

	return (struct at){ .table = table, .first = top ? (UINT64_C(1) << t->top_bits) - 1 : each_of(t), .val = p->val + level * p->step,
			    .level = level, .shift = t->grain_lg2 + level * (t->grain_lg2 - 3), .perm = perm };
}

/* From the present table of @stage down to the first entry that is not plain, or the last. *@n: words read before and now. */
PT_INLINE bool descend(const struct run *r, struct at *a, unsigned stage, uint64_t ia, struct mem_cursor *row, unsigned *n, bool told)
{
	const struct pt_plain *p = &r->w->plain[stage];
	const uint64_t each = each_of(&r->w->t[stage]);
	const unsigned per = r->w->t[stage].grain_lg2 - 3u;
	struct mem_cursor *const from = row + a->level, *c = from;
	uint64_t table = a->table, i = ia >> a->shift & a->first, e = 0;
	unsigned before = r->n1 + r->n2 + 1;
	bool got;

	for (;;) {
		got = read_entry(r, c, table, i, &e);
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

enum run_end {
	RUN_WORD, /* the word read last is for pt_step() to look at */
	RUN_UNREAD, /* the word wanted next cannot be read here */
	RUN_DONE
};

/* Leave with the word of @a, read or to be read. */
PT_INLINE void stop(const struct run *r, const struct at *a, enum pt_phase ph)
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
	if (r->starts)
		pt_s2_started(w, r->x, r->starts);
}

PT_INLINE enum run_end done(struct pt_walk *w, uint64_t pa, unsigned size_lg2, unsigned perm)
{
	w->pa = pa;
	w->size_lg2 = (uint8_t)size_lg2;
	w->out_perm = (uint8_t)perm;
	w->why = PT_OK;
	return RUN_DONE;
}

/* Stage 1 alone. A plain leaf ends the walk, as s1_leaf() would have it. */
PT_INLINE enum run_end run_s1(struct run r, bool told)
{
	struct pt_walk *w = r.w;
	const struct pt_plain *p = &w->plain[S1];
	const struct pt_table *t = &w->t[S1];
	bool got = descend(&r, &r.s1, S1, w->ia, &r.x->u->cursor[PT_LEVELS * PT_ROW_S1], &r.n1, told);

	w->s1_entry_spa = r.s1.table + 8 * r.s1.i;
	stop(&r, &r.s1, PT_PH_S1_ENTRY);
	if (!got || r.s1.level || !plain_grants(p, r.s1.e, r.s1.perm, need_of(t, w->acc)))
		return got ? RUN_WORD : RUN_UNREAD;
	w->s1_lg2 = t->grain_lg2;
	w->s1_clean = w->s1_snoop = w->clean = w->snoop = false;
	w->s1_memtype = w->memtype = (uint8_t)(r.s1.e >> p->mt_lsb & p->mt_mask);
	w->perm[S1] &= p->leaf_perm;
	return done(w, (r.s1.e & p->next) | (w->ia & ((UINT64_C(1) << t->grain_lg2) - 1)), t->grain_lg2, w->perm[S1]);
}

/* The last entry of stage 2 locates a stage-1 entry: read it. */
PT_INLINE bool s1_read(struct run *r, bool told)
{
	const struct pt_plain *p = &r->w->plain[S2];
	uint64_t spa = (r->s2.e & p->next) | (r->gpa & ((UINT64_C(1) << r->w->t[S2].grain_lg2) - 1));

	r->s2.perm &= p->leaf_perm;
	r->s1.i = r->w->ia >> r->s1.shift & r->s1.first;
	r->s1.table = spa - 8 * r->s1.i;
	if (!read_entry(r, &r->x->u->cursor[PT_LEVELS * PT_ROW_S1 + r->s1.level], r->s1.table, r->s1.i, &r->s1.e))
		return false;
	r->n1++;
	if (told)
		tell(r->x, spa, r->s1.e, r->n1 + r->n2);
	return true;
}

/* Leave there: as s2_done() would have it. */
PT_INLINE void s1_stop(struct run *r)
{
	struct pt_walk *w = r->w;

	w->s1_entry_spa = r->s1.table + 8 * r->s1.i;
	w->s1_tab_perm = (uint8_t)r->s2.perm;
	w->tab_known = true;
	w->tab_split = w->t[S2].grain_lg2 < index_bits(&w->t[S1], r->s1.level) + 3u;
	stop(r, &r->s1, PT_PH_S1_ENTRY);
}

PT_INLINE bool s2_input_ok(const struct run *r, uint64_t gpa)
{
	return LIKELY(!(gpa & r->beyond2)) || r->w->t[S2].fmt->input(&r->w->t[S2], gpa) == PT_OK;
}

/* Go on after the stage-1 entry just read: as s1_down() and s1_leaf() would. Returns: false: it is for pt_step() to look at. */
PT_INLINE bool s1_next(struct run *r)
{
	struct pt_walk *w = r->w;
	const struct pt_plain *p = &w->plain[S1];
	const struct pt_table *t = &w->t[S1];
	const uint64_t each = (UINT64_C(1) << r->per1) - 1;
	struct at *a = &r->s1;
	uint64_t next = a->e & p->next, gpa;

	if (a->level) {
		gpa = next + 8 * (w->ia >> (a->shift - r->per1) & each);
		if ((a->e & p->mask) != a->val || !s2_input_ok(r, gpa))
			return false;
		w->s1_gpa = a->table = next;
		w->s1_from = (uint8_t)a->level--;
		w->tab_known = false;
		a->perm &= p->perm;
		a->val -= p->step;
		a->shift -= r->per1;
		a->first = each;
	} else {
		gpa = next | (w->ia & ((UINT64_C(1) << t->grain_lg2) - 1));
		if (!plain_grants(p, a->e, a->perm, need_of(t, w->acc)) || !s2_input_ok(r, gpa))
			return false;
		a->perm &= p->leaf_perm;
		r->fetch = false;
		w->s1_lg2 = t->grain_lg2;
		w->s1_clean = w->s1_snoop = false;
		w->s1_memtype = w->memtype = (uint8_t)(a->e >> p->mt_lsb & p->mt_mask);
	}
	r->gpa = gpa;
	r->starts++;
	return true;
}

/* The cursors of stage 2: one row for each stage-1 level whose entry it locates, one for what is found there, one for other addresses. */
PT_INLINE struct mem_cursor *s2_row(const struct run *r)
{
	unsigned row = r->fetch ? r->s1.level : r->w->ipa ? (unsigned)PT_ROW_IPA : (unsigned)PT_ROW_DATA;

	return &r->x->u->cursor[PT_LEVELS * row];
}

/* A plain leaf of stage 2 ends the walk, as s2_done() would have it. */
PT_INLINE enum run_end s2_finish(const struct run *r)
{
	struct pt_walk *w = r->w;
	const struct pt_plain *p = &w->plain[S2];
	const unsigned grain = w->t[S2].grain_lg2;
	uint64_t spa = (r->s2.e & p->next) | (r->gpa & ((UINT64_C(1) << grain) - 1));
	bool s1 = w->t[S1].fmt;

	w->perm[S2] &= p->leaf_perm;
	w->memtype = (uint8_t)(r->s2.e >> p->mt_lsb & p->mt_mask);
	w->clean = s1 && w->s1_clean;
	w->snoop = s1 && w->s1_snoop;
	return done(w, spa, s1 && w->s1_lg2 < grain ? w->s1_lg2 : grain, s1 ? w->perm[S1] & w->perm[S2] : w->perm[S2]);
}

/* Stage 2, and the stage-1 entries that it locates. */
PT_INLINE enum run_end run_s2(struct run r, bool told)
{
	struct pt_walk *w = r.w;
	bool got, leaf;

	for (;;) {
		got = descend(&r, &r.s2, S2, r.gpa, s2_row(&r), &r.n2, told);
		leaf = got && !r.s2.level && !w->update && plain_grants(&w->plain[S2], r.s2.e, r.s2.perm, r.fetch ? XL_R : need_of(&w->t[S2], w->acc));
		if (!leaf || !r.fetch)
			break;
		got = s1_read(&r, told);
		if (!got || !s1_next(&r)) {
			s1_stop(&r);
			return got ? RUN_WORD : RUN_UNREAD;
		}
		r.s2 = r.top;
	}
	stop(&r, &r.s2, PT_PH_S2_ENTRY);
	return leaf ? s2_finish(&r) : got ? RUN_WORD : RUN_UNREAD;
}

static bool whole_pages(const struct pt_table *t)
{
	return !t->fmt || !(t->root & low_mask(PT_PAGE_LG2));
}

/* Zero time must not pass by caches that would remember the walk, nor memory that would answer otherwise. Small tables may lie anywhere. */
static bool may_run(const struct pt_walk *w, const struct xl *x)
{
	const struct pt_caches *c = w->c;

	return (x->functional || !c || (c->empty[S1].all && c->empty[S2].all && c->empty_nested.all)) && mem_is_direct(x->u->mem) &&
	       whole_pages(&w->t[S1]) && whole_pages(&w->t[S2]);
}

/* What a run needs to know of the walk, but for r.s2. */
PT_INLINE struct run run_at(struct pt_walk *w, struct xl *x)
{
	struct run r = { .w = w, .x = x, .gpa = w->gpa, .fetch = w->fetch };

	if (w->t[S1].fmt) {
		r.s1 = at_table(w, S1, w->level[S1], w->table[S1], w->perm[S1]);
		r.per1 = w->t[S1].grain_lg2 - 3u;
	}
	if (w->t[S2].fmt) {
		r.top = at_table(w, S2, w->t[S2].levels - 1u, w->t[S2].root, 0xff);
		r.beyond2 = ~UINT64_C(0) << ((w->t[S2].ia_bits - 1) & 63);
	}
	return r;
}

PT_INLINE struct run run_at_s2(struct pt_walk *w, struct xl *x)
{
	struct run r = run_at(w, x);

	r.s2 = at_table(w, S2, w->level[S2], w->table[S2], w->perm[S2]);
	return r;
}

static __attribute__((noinline)) enum run_end run_told(struct pt_walk *w, struct xl *x, unsigned stage)
{
	return stage == S2 ? run_s2(run_at_s2(w, x), true) : run_s1(run_at(w, x), true);
}

static enum run_end run_quiet(struct pt_walk *w, struct xl *x, unsigned stage)
{
	return stage == S2 ? run_s2(run_at_s2(w, x), false) : run_s1(run_at(w, x), false);
}

/* pt_run(), may_run() being known. */
static enum xl_act go_on(struct pt_walk *w, struct xl *x)
{
	enum xl_act act = XL_ACT_READ;

	while (act == XL_ACT_READ) {
		unsigned stage = pt_walk_in_s2(w) ? S2 : S1;
		enum run_end end;

		if (!w->plain[stage].next || (stage == S1 ? w->t[S2].fmt != NULL : w->fetch && !w->plain[S1].next))
			return act;
		end = x->now->step ? run_told(w, x, stage) : run_quiet(w, x, stage);
		if (end == RUN_UNREAD)
			return act;
		act = end == RUN_DONE ? XL_ACT_DONE : pt_step(w, x);
	}
	return act;
}

enum xl_act pt_run(struct pt_walk *w, struct xl *x)
{
	return may_run(w, x) ? go_on(w, x) : XL_ACT_READ;
}

static bool pages_of_512(const struct pt_table *t)
{
	return t->grain_lg2 == PT_PAGE_LG2 && (!t->top_bits || t->top_bits == PT_PAGE_LG2 - 3);
}

static void at_top(struct pt_walk *w, unsigned stage, enum pt_phase ph)
{
	const struct pt_table *t = &w->t[stage];

	if (!w->plain[stage].next)
		t->fmt->plain(t, &w->plain[stage]);
	w->level[stage] = (uint8_t)(t->levels - 1);
	w->perm[stage] = 0xff;
	w->table[stage] = t->root;
	w->phase = ph;
}

/* As s1_start(). */
static void top_s1(struct pt_walk *w, struct xl *x)
{
	at_top(w, S1, PT_PH_S1_ENTRY);
	w->s1_tab_perm = 0xff;
	w->tab_split = w->tab_known = false;
	if (w->c && !x->functional)
		empty_lookup(&w->c->empty[S1], x, 1, w->t[S1].levels, 1);
}

/* As s2_start(). */
static void top_s2(struct pt_walk *w, uint64_t gpa)
{
	at_top(w, S2, PT_PH_S2_ENTRY);
	w->gpa = gpa;
	w->fetch = w->t[S1].fmt != NULL;
	w->s1_gpa = w->t[S1].root;
}

enum xl_act pt_run_from(struct pt_walk *w, struct xl *x, unsigned level, uint64_t gpa)
{
	unsigned n = w->t[S1].fmt ? w->t[S1].levels - 1u - level : 0;

	if (n) {
		w->s1_from = (uint8_t)(level + 1);
		w->s1_gpa = w->table[S1] = gpa & ~low_mask(PT_PAGE_LG2);
		w->level[S1] = (uint8_t)level;
		w->perm[S1] = w->plain[S1].perm;
		w->gpa = gpa;
	}
	w->ran[S1] = (uint8_t)n;
	w->ran[S2] = (uint8_t)(n * w->t[S2].levels);
	x->reads += (uint8_t)(n * (w->t[S2].levels + 1u));
	pt_s2_started(w, x, n + 1);
	return go_on(w, x);
}

bool pt_run_begin(struct pt_walk *w, struct xl *x, enum xl_act *act)
{
	const struct pt_table *t1 = &w->t[S1], *t2 = &w->t[S2];
	uint64_t gpa = t1->fmt ? t1->root + entry_offset(t1, w->ia, t1->levels - 1u) : w->ia;

	if (!may_run(w, x) || (t1->fmt && t1->fmt->input(t1, w->ia) != PT_OK) || (t2->fmt && t2->fmt->input(t2, gpa) != PT_OK))
		return false;
	x->mem_words = 1;
	if (t1->fmt)
		top_s1(w, x);
	if (t2->fmt)
		top_s2(w, gpa);
	if (!x->now->step && t2->fmt && pages_of_512(t2) && (!t1->fmt || pages_of_512(t1))) {
		*act = pt_whole(w, x, gpa);
		return true;
	}
	if (t2->fmt)
		pt_s2_started(w, x, 1);
	*act = go_on(w, x);
	return true;
}
