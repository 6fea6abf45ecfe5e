/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_whole.c - nested walks, and walks of stage 2 alone, in zero time, from the top, over tables of 512 entries in a 4 KiB page, nobody being told: as
 * pt_run.c would do them, but nothing is written before the end is reached. Where an entry is not plain (struct pt_plain), or a word cannot be read here, pt_run.c goes on from
 * stage 2 for the stage-1 entry before.
 * Does not model: stage 2 of other than 3 to 5 levels; what pt_run.c does not.
 */
#include "core/pt/pt_int.h"

enum { PER_LG2 = PT_PAGE_LG2 - 3 };

/* Entry @i of the table at @table. Returns: false: it cannot be read here. */
PT_INLINE bool word_at(struct mem_cursor *c, const struct mem *m, uint64_t table, uint64_t i, uint64_t *e)
{
	if (UNLIKELY(c->page != table) && !pt_cursor_move(c, m, table))
		return false;
	*e = c->w[i & (PT_PAGE_WORDS - 1)];
	return true;
}

/* On from @table of level @l to the next one. Returns: false: its entry is not plain, or cannot be read. */
PT_INLINE bool pass(struct mem_cursor *row, const struct mem *m, const struct pt_plain *p, unsigned l, uint64_t ia, uint64_t *table)
{
	uint64_t e;

	if (!word_at(row + l, m, *table, ia >> (PT_PAGE_LG2 + PER_LG2 * l), &e) || UNLIKELY((e & p->mask) != p->val + l * p->step))
		return false;
	*table = e & p->next;
	return true;
}

/* Stage 2 of @levels, to its last entry. Returns: false: not all is plain, or can be read. */
PT_INLINE bool stage2(struct mem_cursor *row, const struct mem *m, const struct pt_plain *p, uint64_t table, unsigned levels, uint64_t gpa, uint64_t *e)
{
	return (levels < 5 || pass(row, m, p, 4, gpa, &table)) && (levels < 4 || pass(row, m, p, 3, gpa, &table)) && pass(row, m, p, 2, gpa, &table) &&
	       pass(row, m, p, 1, gpa, &table) && word_at(row, m, table, gpa >> PT_PAGE_LG2, e) && LIKELY((*e & p->leaf_mask) == p->leaf_val);
}

/* Do plain entries grant @need, down to the last and with it? */
PT_INLINE bool grants(const struct pt_walk *w, unsigned stage, unsigned need)
{
	const struct pt_plain *p = &w->plain[stage];

	return !(p->leaf_perm & ~p->perm) && !(need & ~p->leaf_perm);
}

/* The walk ended at @pa, @e1 and @e2 being the last entries: as s2_done() would have it. */
PT_INLINE enum xl_act done(struct pt_walk *w, struct xl *x, uint64_t gpa, uint64_t e1, uint64_t e2, unsigned levels2)
{
	const struct pt_plain *p1 = &w->plain[S1], *p2 = &w->plain[S2];
	unsigned levels1 = w->t[S1].levels, n2 = (levels1 + 1) * levels2;

	w->level[S1] = w->level[S2] = 0;
	w->perm[S1] = p1->leaf_perm;
	w->perm[S2] = p2->leaf_perm;
	w->out_perm = p1->leaf_perm & p2->leaf_perm;
	w->s1_memtype = (uint8_t)(e1 >> p1->mt_lsb & p1->mt_mask);
	w->memtype = (uint8_t)(e2 >> p2->mt_lsb & p2->mt_mask);
	w->s1_clean = w->s1_snoop = w->clean = w->snoop = false;
	w->s1_lg2 = w->size_lg2 = PT_PAGE_LG2;
	w->fetch = false;
	w->gpa = gpa;
	w->pa = (e2 & p2->next) | (gpa & low_mask(PT_PAGE_LG2));
	w->why = PT_OK;
	w->ran[S1] = (uint8_t)levels1;
	w->ran[S2] = (uint8_t)n2;
	x->reads += (uint8_t)(levels1 + n2);
	pt_s2_started(w, x, levels1 + 1);
	return XL_ACT_DONE;
}

PT_INLINE enum xl_act walk(struct pt_walk *w, struct xl *x, uint64_t gpa, unsigned levels2)
{
	const struct pt_plain *p1 = &w->plain[S1], *p2 = &w->plain[S2];
	const struct mem *m = x->u->mem;
	const uint64_t root2 = w->t[S2].root, beyond = ~UINT64_C(0) << ((w->t[S2].ia_bits - 1) & 63);
	struct mem_cursor *rows = x->u->cursor;
	unsigned l = w->t[S1].levels - 1u;
	uint64_t val = p1->val + l * p1->step, e1, e2, data;

	for (;; l--) {
		if (!stage2(rows + PT_LEVELS * l, m, p2, root2, levels2, gpa, &e2) ||
		    !word_at(rows + PT_LEVELS * PT_ROW_S1 + l, m, e2 & p2->next, gpa >> 3, &e1))
			return pt_run_from(w, x, l, gpa);
		if (!l)
			break;
		data = (e1 & p1->next) + 8 * (w->ia >> (PT_PAGE_LG2 + PER_LG2 * (l - 1)) & (PT_PAGE_WORDS - 1));
		if (UNLIKELY((e1 & p1->mask) != val || (data & beyond)))
			return pt_run_from(w, x, l, gpa);
		val -= p1->step;
		gpa = data;
	}
	data = (e1 & p1->next) | (w->ia & low_mask(PT_PAGE_LG2));
	if (UNLIKELY((e1 & p1->leaf_mask) != p1->leaf_val || (data & beyond)) || !stage2(rows + PT_LEVELS * PT_ROW_DATA, m, p2, root2, levels2, data, &e2))
		return pt_run_from(w, x, 0, gpa);
	return done(w, x, data, e1, e2, levels2);
}

/* Stage 2 alone. */
PT_INLINE enum xl_act alone(struct pt_walk *w, struct xl *x, unsigned levels2)
{
	const struct pt_plain *p = &w->plain[S2];
	struct mem_cursor *row = x->u->cursor + PT_LEVELS * (w->ipa ? PT_ROW_IPA : PT_ROW_DATA);
	uint64_t e;

	if (!stage2(row, x->u->mem, p, w->t[S2].root, levels2, w->ia, &e))
		return pt_run_from(w, x, 0, w->ia);
	w->level[S2] = 0;
	w->perm[S2] = w->out_perm = p->leaf_perm;
	w->memtype = (uint8_t)(e >> p->mt_lsb & p->mt_mask);
	w->clean = w->snoop = false;
	w->size_lg2 = PT_PAGE_LG2;
	w->pa = (e & p->next) | (w->ia & low_mask(PT_PAGE_LG2));
	w->why = PT_OK;
	w->ran[S2] = (uint8_t)levels2;
	x->reads += (uint8_t)levels2;
	pt_s2_started(w, x, 1);
	return XL_ACT_DONE;
}

enum xl_act pt_whole(struct pt_walk *w, struct xl *x, uint64_t gpa)
{
	const struct pt_table *t1 = &w->t[S1], *t2 = &w->t[S2];
	bool both = t1->fmt;

	if ((both && !grants(w, S1, need_of(t1, w->acc))) || !grants(w, S2, need_of(t2, w->acc) | (both ? XL_R : 0)))
		return pt_run_from(w, x, both ? t1->levels - 1u : 0, gpa);
	switch (t2->levels) {
	case 3:
		return both ? walk(w, x, gpa, 3) : alone(w, x, 3);
	case 4:
		return both ? walk(w, x, gpa, 4) : alone(w, x, 4);
	case 5:
		return both ? walk(w, x, gpa, 5) : alone(w, x, 5);
	default:
		return pt_run_from(w, x, both ? t1->levels - 1u : 0, gpa);
	}
}
