/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt_walk.c - the page-walk shell: stage 1, stage 2, and stage 1 above stage 2 as one state machine.
 * It never touches memory: it says which word it needs (x->mem_spa) and goes on when the word is there. In zero time pt_run.c reads
 * words on the spot.
 */
#include "core/pt/pt_int.h"

static enum xl_act s1_fetch(struct pt_walk *w, struct xl *x);

static enum xl_act fault(struct pt_walk *w, unsigned stage, enum pt_why why)
{
	w->why = why;
	w->f_stage = (uint8_t)(stage + 1);
	w->f_level = w->level[stage];
	w->f_top = w->level[stage] == w->t[stage].levels - 1;
	w->f_fetch = stage == S2 && w->fetch;
	return XL_ACT_FAULT;
}

static enum xl_act read_word(struct pt_walk *w, struct xl *x, enum pt_phase ph, uint64_t spa)
{
	w->phase = ph;
	x->mem_spa = spa;
	x->mem_words = 1;
	return XL_ACT_READ;
}

static enum xl_act update_word(struct pt_walk *w, struct xl *x, enum pt_phase ph, uint64_t spa, uint64_t old)
{
	w->phase = ph;
	x->mem_spa = spa;
	x->mem_words = 1;
	x->cas_old = old;
	x->cas_new = (old | w->info.set) & ~w->info.clr;
	return XL_ACT_CAS;
}

/* ---- plain entries ---- */

/* From the top down most entries are plain: worth asking what that is. */
static void plain_ask(struct pt_walk *w, unsigned stage)
{
	if (!w->plain[stage].next)
		w->t[stage].fmt->plain(&w->t[stage], &w->plain[stage]);
}

/* ---- the end ---- */

/* Size under which a leaf may be cached: the span of its contiguous group, if input and output agree on the place in it. */
static unsigned leaf_size(const struct xl *x, const struct pt_entry_info *i, unsigned lg2, uint64_t ia)
{
	if (i->span_lg2 <= lg2 || x->functional || ((i->next ^ ia) & low_mask(i->span_lg2) & ~low_mask(lg2)))
		return lg2;
	return i->span_lg2;
}

static enum xl_act finish(struct pt_walk *w, uint64_t pa, unsigned size_lg2)
{
	w->pa = pa;
	w->size_lg2 = (uint8_t)size_lg2;
	w->why = PT_OK;
	return XL_ACT_DONE;
}

/* ---- stage 2 ---- */

static enum xl_act s2_done(struct pt_walk *w, struct xl *x, const struct pt_psc *p)
{
	uint64_t spa = p->next | (w->gpa & low_mask(p->size_lg2));

	w->perm[S2] = p->perm;
	if (w->fetch) {
		w->s1_entry_spa = spa;
		if (w->update) {
			w->update = false;
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an entry of stage 1 was fetched */
			w->info = w->t[S1].fmt->entry(&w->t[S1], w->s1_entry, w->level[S1], w->acc, w->perm[S1]);
			return update_word(w, x, PT_PH_S1_UPDATE, spa, w->s1_entry);
		}
		w->s1_tab_perm = p->perm;
		w->tab_known = true;
		w->tab_split = p->size_lg2 < index_bits(&w->t[S1], w->level[S1]) + 3u;
		w->table[S1] = spa - entry_offset(&w->t[S1], w->ia, w->level[S1]);
		return s1_fetch(w, x);
	}
	w->memtype = p->memtype;
	if (!w->t[S1].fmt) {
		w->out_perm = p->perm;
		w->clean = p->clean;
		w->snoop = p->snoop;
		return finish(w, spa, p->size_lg2);
	}
	w->out_perm = w->perm[S1] & p->perm;
	w->clean = w->s1_clean || p->clean;
	w->snoop = w->s1_snoop || p->snoop;
	return finish(w, spa, w->s1_lg2 < p->size_lg2 ? w->s1_lg2 : p->size_lg2);
}

static enum xl_act s2_entry(struct pt_walk *w, struct xl *x)
{
	return read_word(w, x, PT_PH_S2_ENTRY, w->table[S2] + entry_offset(&w->t[S2], w->gpa, w->level[S2]));
}

static enum xl_act s2_start(struct pt_walk *w, struct xl *x, uint64_t gpa)
{
	const struct pt_table *t = &w->t[S2];
	const struct pt_psc *p;
	enum pt_why why;
	unsigned level = t->levels - 1u;

	w->gpa = gpa;
	w->level[S2] = (uint8_t)level;
	why = t->fmt->input(t, gpa);
	if (why != PT_OK)
		return fault(w, S2, why);
	p = nested_find(w, x);
	if (p) {
		struct pt_psc copy = *p;

		return s2_done(w, x, &copy);
	}
	w->table[S2] = t->root;
	w->perm[S2] = 0xff;
	p = psc_find(w, x, S2, gpa, &level);
	if (p && !(need_of(t, s2_acc(w)) & ~p->perm)) { /* as in s1_start() */
		w->table[S2] = p->next;
		w->perm[S2] = p->perm;
		w->level[S2] = (uint8_t)level;
		return s2_entry(w, x);
	}
	plain_ask(w, S2);
	return s2_entry(w, x);
}

/* Remember that the entry at @level led to the present table. */
static __attribute__((noinline)) enum xl_act s2_keep(struct pt_walk *w, struct xl *x, unsigned level)
{
	struct pt_psc p = { .next = w->table[S2], .perm = w->perm[S2], .level = w->level[S2] };

	pt_psc_fill(w, x, S2, w->gpa, level, &p);
	return s2_entry(w, x);
}

/* Go down to the table at @next, @skip levels of tables left out. */
static inline enum xl_act s2_down(struct pt_walk *w, struct xl *x, uint64_t next, unsigned skip)
{
	unsigned level = w->level[S2];

	w->table[S2] = next;
	w->level[S2] = (uint8_t)(level - 1 - skip);
	return psc_kept(w, S2, level) ? s2_keep(w, x, level) : s2_entry(w, x);
}

static inline enum xl_act s2_leaf(struct pt_walk *w, struct xl *x, const struct pt_psc *p)
{
	if (w->c && (w->t[S1].fmt || w->ipa) && !w->c->empty_nested.all)
		pt_nested_fill(w, x, p);
	return s2_done(w, x, p);
}

static enum xl_act s2_accept(struct pt_walk *w, struct xl *x, const struct pt_entry_info *i)
{
	unsigned level = w->level[S2], lg2;
	struct pt_psc p;

	w->perm[S2] &= i->perm;
	if (i->cls == PT_TABLE) {
		if (skips_bits(&w->t[S2], w->gpa, level, i->skip))
			return fault(w, S2, PT_WHY_SKIP);
		return s2_down(w, x, i->next, i->skip);
	}
	p = (struct pt_psc){ .perm = w->perm[S2] };
	lg2 = i->size_lg2 ? i->size_lg2 : shift_of(&w->t[S2], level);
	p.memtype = i->memtype;
	p.snoop = i->snoop;
	p.size_lg2 = (uint8_t)leaf_size(x, i, lg2, w->gpa);
	p.next = (i->next | (w->gpa & low_mask(lg2))) & ~low_mask(p.size_lg2);
	p.clean = i->clean;
	p.no_walk = i->no_walk;
	return s2_leaf(w, x, &p);
}

static enum xl_act s2_data(struct pt_walk *w, struct xl *x, uint64_t e)
{
	const struct pt_table *t = &w->t[S2];

	struct pt_entry_info i = t->fmt->entry(t, e, w->level[S2], s2_acc(w), w->perm[S2]);

	if (i.why != PT_OK)
		return fault(w, S2, i.why);
	if (w->fetch && (t->opt & PT_OPT_FETCH_DIRTY) && i.clean && (i.perm & w->perm[S2] & XL_W))
		i = t->fmt->entry(t, e, w->level[S2], PT_ACC_WALK | XL_R | XL_W, w->perm[S2]);
	if (i.set | i.clr) {
		if (t->opt & PT_OPT_FAULT_AD)
			return fault(w, S2, PT_WHY_AD);
		if (!x->functional) {
			w->info = i;
			return update_word(w, x, PT_PH_S2_UPDATE, x->mem_spa, e);
		}
	}
	return s2_accept(w, x, &i);
}

/* ---- stage 1 ---- */

/* Read the entry of the current stage-1 table; above a stage 2 its address is translated first. */
static enum xl_act s1_fetch(struct pt_walk *w, struct xl *x)
{
	unsigned level = w->level[S1];
	uint64_t off = entry_offset(&w->t[S1], w->ia, level);

	if (w->t[S2].fmt && !w->tab_known) {
		w->fetch = true;
		w->s1_gpa = w->table[S1];
		return s2_start(w, x, w->s1_gpa + off);
	}
	if (level + 1u < w->t[S1].levels && psc_kept(w, S1, w->s1_from)) { /* the entry above led here: remember it */
		struct pt_psc p = { .next = w->table[S1], .next_gpa = w->s1_gpa, .perm = w->perm[S1], .s2_perm = w->s1_tab_perm,
				    .split = w->tab_split, .level = (uint8_t)level };

		pt_psc_fill(w, x, S1, w->ia, w->s1_from, &p);
	}
	w->s1_entry_spa = w->table[S1] + off;
	return read_word(w, x, PT_PH_S1_ENTRY, w->s1_entry_spa);
}

static enum xl_act s1_start(struct pt_walk *w, struct xl *x)
{
	const struct pt_table *t = &w->t[S1];
	const struct pt_psc *p;
	unsigned level = t->levels - 1u;
	enum pt_why why;

	w->level[S1] = (uint8_t)level;
	w->perm[S1] = 0xff; /* x86: XL_PRIV here says that every entry so far lets users in */
	w->s1_tab_perm = 0xff;
	w->tab_split = false;
	why = t->fmt->input(t, w->ia);
	if (why != PT_OK)
		return fault(w, S1, why);
	w->table[S1] = t->root;
	w->tab_known = false;
	p = psc_find(w, x, S1, w->ia, &level);
	if (p && !(need_of(t, w->acc) & ~p->perm)) { /* an upper level that refuses is read again, for the fault */
		w->level[S1] = (uint8_t)level;
		w->perm[S1] = p->perm;
		if (p->split) {
			w->table[S1] = p->next_gpa;
			w->s1_from = (uint8_t)(level + 1);
			return s1_fetch(w, x);
		}
		w->table[S1] = p->next;
		w->s1_gpa = p->next_gpa;
		w->s1_tab_perm = p->s2_perm;
		w->s1_entry_spa = p->next + entry_offset(t, w->ia, level);
		return read_word(w, x, PT_PH_S1_ENTRY, w->s1_entry_spa);
	}
	plain_ask(w, S1);
	return s1_fetch(w, x);
}

static inline enum xl_act s1_down(struct pt_walk *w, struct xl *x, uint64_t next, unsigned skip)
{
	unsigned level = w->level[S1];

	w->table[S1] = next;
	w->tab_known = false;
	w->s1_from = (uint8_t)level;
	w->level[S1] = (uint8_t)(level - 1 - skip);
	return s1_fetch(w, x);
}

/* Stage 1 gives @addr, with w->s1_lg2 to s1_memtype set. */
static enum xl_act s1_leaf(struct pt_walk *w, struct xl *x, uint64_t addr)
{
	w->memtype = w->s1_memtype;
	if (!w->t[S2].fmt) {
		w->out_perm = w->perm[S1];
		w->clean = w->s1_clean;
		w->snoop = w->s1_snoop;
		return finish(w, addr, w->s1_lg2);
	}
	w->fetch = false;
	return s2_start(w, x, addr);
}

static enum xl_act s1_accept(struct pt_walk *w, struct xl *x, const struct pt_entry_info *i)
{
	unsigned level = w->level[S1], lg2 = i->size_lg2 ? i->size_lg2 : shift_of(&w->t[S1], level);

	w->perm[S1] &= i->perm;
	if (i->cls == PT_TABLE) {
		if (skips_bits(&w->t[S1], w->ia, level, i->skip))
			return fault(w, S1, PT_WHY_SKIP);
		return s1_down(w, x, i->next, i->skip);
	}
	w->s1_lg2 = (uint8_t)leaf_size(x, i, lg2, w->ia);
	w->s1_clean = i->clean;
	w->s1_snoop = i->snoop;
	w->s1_memtype = i->memtype;
	return s1_leaf(w, x, i->next | (w->ia & low_mask(lg2)));
}

/* Set accessed/dirty in the entry just read. Above a stage 2 the page of the entry must be writable there, and becomes dirty. */
static enum xl_act s1_update(struct pt_walk *w, struct xl *x)
{
	if (w->t[S1].opt & PT_OPT_FAULT_AD)
		return fault(w, S1, PT_WHY_AD);
	if (w->t[S2].fmt && !(w->s1_tab_perm & XL_W)) {
		w->gpa = w->s1_gpa + entry_offset(&w->t[S1], w->ia, w->level[S1]);
		return fault(w, S1, PT_WHY_S2_W);
	}
	if (x->functional)
		return s1_accept(w, x, &w->info);
	if (w->t[S2].fmt && (w->t[S2].opt & PT_OPT_AD)) { /* the page of the entry becomes dirty in stage 2 first */
		w->fetch = w->update = true;
		return s2_start(w, x, w->s1_gpa + entry_offset(&w->t[S1], w->ia, w->level[S1]));
	}
	return update_word(w, x, PT_PH_S1_UPDATE, w->s1_entry_spa, w->s1_entry);
}

static enum xl_act s1_data(struct pt_walk *w, struct xl *x, uint64_t e)
{
	const struct pt_table *t = &w->t[S1];
	struct pt_entry_info i = t->fmt->entry(t, e, w->level[S1], w->acc, w->perm[S1]);

	w->s1_entry = e;
	if (i.why != PT_OK)
		return fault(w, S1, i.why);
	if (i.set | i.clr) {
		w->info = i;
		return s1_update(w, x);
	}
	return s1_accept(w, x, &i);
}

/* ---- words ---- */

/* An access whose word has to be looked at bit by bit, or that failed, or that was an update. */
static __attribute__((noinline)) enum xl_act accessed(struct pt_walk *w, struct xl *x)
{
	unsigned stage = pt_walk_in_s2(w) ? S2 : S1;
	bool update = w->phase == PT_PH_S1_UPDATE || w->phase == PT_PH_S2_UPDATE;

	if (x->mem_st != MEM_OK)
		return fault(w, stage, update ? PT_WHY_AD_FAIL : x->mem_st == MEM_ABSENT ? PT_WHY_ABSENT : PT_WHY_READ);
	if (!update || x->data[0] != x->cas_old) /* a word read, or one that changed under the update: look at it (again) */
		return stage == S2 ? s2_data(w, x, x->data[0]) : s1_data(w, x, x->data[0]);
	return stage == S2 ? s2_accept(w, x, &w->info) : s1_accept(w, x, &w->info);
}

/* A plain entry of level 0. */
static enum xl_act plain_leaf(struct pt_walk *w, struct xl *x, unsigned stage, uint64_t e)
{
	const struct pt_plain *p = &w->plain[stage];
	uint8_t grain = w->t[stage].grain_lg2, mt = (uint8_t)(e >> p->mt_lsb & p->mt_mask);
	struct pt_psc leaf;

	w->perm[stage] &= p->leaf_perm;
	if (stage == S2) {
		leaf = (struct pt_psc){ .next = e & p->next, .perm = w->perm[S2], .size_lg2 = grain, .memtype = mt };
		return s2_leaf(w, x, &leaf);
	}
	w->s1_lg2 = grain;
	w->s1_clean = w->s1_snoop = false;
	w->s1_memtype = mt;
	return s1_leaf(w, x, (e & p->next) | (w->ia & low_mask(grain)));
}

enum xl_act pt_step(struct pt_walk *w, struct xl *x)
{
	unsigned stage = pt_walk_in_s2(w) ? S2 : S1;
	const struct pt_plain *p = &w->plain[stage];
	uint64_t e = x->data[0];

	if (x->mem_st != MEM_OK || w->phase == PT_PH_S1_UPDATE || w->phase == PT_PH_S2_UPDATE || !p->next)
		return accessed(w, x);
	if (!w->level[stage]) {
		unsigned need = need_of(&w->t[stage], stage == S2 ? s2_acc(w) : w->acc);

		return plain_grants(p, e, w->perm[stage], need) ? plain_leaf(w, x, stage, e) : accessed(w, x);
	}
	if ((e & p->mask) != p->val + w->level[stage] * p->step)
		return accessed(w, x);
	w->perm[stage] &= p->perm;
	return stage == S2 ? s2_down(w, x, e & p->next, 0) : s1_down(w, x, e & p->next, 0);
}

/* ---- entry points ---- */

enum xl_act pt_walk_begin(struct pt_walk *w, struct xl *x, bool known)
{
	enum xl_act act;

	w->update = false;
	w->info.cls = PT_EMPTY;
	if (!known)
		w->plain[S1].next = w->plain[S2].next = 0;
	w->ran[S1] = w->ran[S2] = 0;
	w->phase = PT_PH_S2_ENTRY;
	w->fetch = false;
	if (x->now && pt_run_begin(w, x, &act))
		return act;
	act = w->t[S1].fmt ? s1_start(w, x) : s2_start(w, x, w->ia);
	return x->now && act == XL_ACT_READ ? pt_run(w, x) : act;
}

enum xl_act pt_walk_next(struct pt_walk *w, struct xl *x)
{
	enum xl_act act;

	w->ran[S1] = w->ran[S2] = 0;
	act = pt_step(w, x);
	return x->now && act == XL_ACT_READ ? pt_run(w, x) : act;
}
