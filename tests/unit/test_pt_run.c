/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks in zero time (pt_run.c) against the same walks word by word, over random tables of one and two stages: most entries are plain, some
 * have one thing wrong or different (a permission, accessed or dirty clear, a reserved bit, a larger page, not present, elsewhere, an address made
 * to fail). Same answer, same fault, same words in the same order, same updates, same counts of the caches' look-ups.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "amdvi/fmt_amdv1.h"
#include "core/base/bits.h"
#include "core/base/rng.h"
#include "core/pt/fmt_x86_64.h"
#include "core/pt/pt.h"
#include "smmuv3/fmt_vmsa.h"
#include "vtd/fmt_vtdss.h"

enum { TRAIL = 256 };
#define OFF UINT64_C(0x40000000) /* spa = gpa + OFF */

/* Plain entries as the specifications have them; level 0 is the last. */
static uint64_t x86_e(unsigned level, uint64_t a) { return a | (level ? 0x27 : 0x67); } /* P, R/W, U/S, A; D */
static uint64_t ss_e(unsigned level, uint64_t a) { return a | (level ? 0x103 : 0x303); } /* R, W, A; D */
static uint64_t v1_e(unsigned level, uint64_t a) { return a | UINT64_C(3) << 61 | (uint64_t)level << 9 | (level ? 0x21 : 0x61); } /* IR, IW, next level, A, PR; D */
static uint64_t vm1_e(unsigned level, uint64_t a) { return a | (level ? 3 : 0xc43); } /* table; AF, nG, AP = 1, page */
static uint64_t vm2_e(unsigned level, uint64_t a) { return a | (level ? 3 : 0x4ff); } /* AF, S2AP = 3, MemAttr = 15 */

static const struct {
	const struct pt_fmt *fmt[2]; /* NULL: no such stage */
	uint64_t (*e[2])(unsigned level, uint64_t a);
	uint32_t opts[2]; /* options that are tried */
	uint8_t grain;
} kinds[] = {
	{ { &fmt_x86_64, &fmt_vtdss }, { x86_e, ss_e }, { 0x3ff | PT_OPT_FAULT_AD, 0x3f | PT_OPT_AD | PT_OPT_FETCH_DIRTY }, 12 },
	{ { &fmt_x86_64, &fmt_amdv1 }, { x86_e, v1_e }, { 0x3ff, 3 | PT_OPT_AD }, 12 },
	{ { &fmt_vmsa_s1, &fmt_vmsa_s2 }, { vm1_e, vm2_e }, { 0x8fc, 0x681c }, 12 },
	{ { &fmt_vmsa_s1, &fmt_vmsa_s2 }, { vm1_e, vm2_e }, { 0x8fc, 0x681c }, 14 },
	{ { &fmt_x86_64, NULL }, { x86_e, NULL }, { 0x3ff, 0 }, 12 },
	{ { NULL, &fmt_vtdss }, { NULL, ss_e }, { 0, 0x3f | PT_OPT_AD }, 12 },
	{ { NULL, &fmt_amdv1 }, { NULL, v1_e }, { 0, 7 }, 12 },
	{ { &fmt_vmsa_s1, NULL }, { vm1_e, NULL }, { 0x8fc, 0 }, 16 },
};

struct world {
	struct rng r;
	struct mem *m;
	struct iommu u;
	struct pt_caches c;
	struct xcache *own[7];
	unsigned kind, odd; /* one entry in @odd is not plain */
	struct pt_table t[2];
	uint64_t next; /* page not yet used; gpa if there are two stages */
	uint64_t ia, other; /* two addresses that are mapped */
	uint64_t trail[TRAIL], word[TRAIL];
	unsigned n, cas;
	uint64_t some; /* a word of the tables */
	bool endless;
};

static uint64_t new_page(struct world *w)
{
	uint64_t p = w->next;

	w->next += UINT64_C(1) << kinds[w->kind].grain;
	return p;
}

/* @e, or what is different from it in one thing. */
static uint64_t maybe_odd(struct world *w, uint64_t e)
{
	if (rng_below(&w->r, w->odd))
		return e;
	switch (rng_below(&w->r, 8)) {
	case 0:
		return 0;
	case 4:
	case 5:
		return e & ~BIT64(5 + rng_below(&w->r, 6)); /* accessed, dirty, of one format or another */
	case 1:
		return e ^ BIT64(rng_below(&w->r, 12)); /* permissions, accessed, dirty, size */
	case 2:
		return e ^ BIT64(52 + rng_below(&w->r, 12)); /* reserved, execution */
	case 6:
		return e & ~BIT64(10); /* AF of VMSA */
	case 3:
		return e ^ BIT64(30 + rng_below(&w->r, 18)); /* the address: beyond stage 2, or reserved */
	default:
		return e ^ BIT64(rng_below(&w->r, 64));
	}
}

/* The entry of @level for @ia in the table at @spa. */
static uint64_t entry_at(const struct pt_table *t, uint64_t spa, uint64_t ia, unsigned level)
{
	unsigned per = t->grain_lg2 - 3u, bits = level == t->levels - 1u && t->top_bits ? t->top_bits : per;

	return spa + 8 * (ia >> (t->grain_lg2 + level * per) & low_mask(bits));
}

static void map(struct world *w, unsigned stage, uint64_t from, uint64_t to);

static uint64_t table_spa(struct world *w, unsigned stage, uint64_t at)
{
	bool both = w->t[0].fmt && w->t[1].fmt;

	if (stage == 1 || !both)
		return at;
	map(w, 1, at, at + OFF);
	return at + OFF;
}

static void map(struct world *w, unsigned stage, uint64_t from, uint64_t to)
{
	const struct pt_table *t = &w->t[stage];
	uint64_t at = t->root, pages = low_mask(t->grain_lg2);

	for (unsigned l = t->levels - 1u;; l--) {
		uint64_t spa = entry_at(t, table_spa(w, stage, at & ~pages) + (at & pages), from, l), e = 0;

		(void)mem_read(w->m, spa, &e, 1);
		if (!e) {
			uint64_t next = l ? new_page(w) : to & ~pages;

			e = maybe_odd(w, kinds[w->kind].e[stage](l, next));
			if (mem_write(w->m, spa, &e, 1) != MEM_OK) /* beyond the end */
				return;
			if (!rng_below(&w->r, 4))
				w->some = spa;
			if (l && stage == 1 && w->t[0].fmt)
				ck_assert(mem_touch(w->m, next));
		}
		if (!l)
			return;
		at = e & bits_mask(45, t->grain_lg2);
	}
}

static void table_init(struct world *w, unsigned stage)
{
	struct pt_table *t = &w->t[stage];

	t->fmt = kinds[w->kind].fmt[stage];
	if (!t->fmt)
		return;
	t->grain_lg2 = kinds[w->kind].grain;
	t->levels = (uint8_t)(t->grain_lg2 != 12 ? 3 : stage == 0 && !rng_below(&w->r, 8) ? 1 : 2 + rng_below(&w->r, 4));
	t->oa_bits = 46;
	t->opt = rng_below(&w->r, 2) ? 0 : (uint32_t)rng_next(&w->r) & kinds[w->kind].opts[stage];
	t->ia_bits = (uint8_t)(t->grain_lg2 + t->levels * (t->grain_lg2 - 3));
	if (stage == 1 && !rng_below(&w->r, 4)) { /* two tables side by side at the top */
		t->top_bits = (uint8_t)(t->grain_lg2 - 2);
		t->ia_bits++;
	}
	t->root = new_page(w);
	(void)new_page(w);
	if (!rng_below(&w->r, 8)) { /* a small table that begins within a page */
		t->top_bits = 3;
		t->ia_bits = (uint8_t)(t->grain_lg2 + (t->levels - 1) * (t->grain_lg2 - 3) + 3);
		t->root += 64;
	}
}

static void world_init(struct world *w, unsigned kind, uint64_t seed, bool caches)
{
	static const struct xc_cfg empty = { .lat_cyc = 2 };
	uint64_t limit;

	memset(w, 0, sizeof(*w));
	rng_seed(&w->r, seed);
	w->kind = kind;
	w->odd = rng_below(&w->r, 2) ? 1000000 : 2 + (unsigned)rng_below(&w->r, 20);
	w->endless = rng_below(&w->r, 8);
	w->m = mem_create(w->endless ? 0 : 0x40108000, rng_below(&w->r, 2));
	ck_assert(w->m != NULL);
	w->u.mem = w->m;
	for (unsigned i = 0; i < IOMMU_CURSORS; i++)
		w->u.cursor[i].page = 1;
	for (unsigned i = 0; caches && i < ARRAY_LEN(w->own); i++) {
		w->own[i] = xc_create(&empty, sizeof(struct pt_psc), 1, NULL);
		ck_assert(w->own[i] != NULL);
		*(i < 6 ? &w->c.psc[i / 3][1 + i % 3] : &w->c.nested) = w->own[i];
	}
	pt_caches_ready(&w->c);
	w->next = 0x100000;
	table_init(w, 1);
	table_init(w, 0);
	limit = w->t[w->t[0].fmt ? 0 : 1].ia_bits;
	w->ia = rng_next(&w->r) & low_mask((unsigned)limit - (rng_below(&w->r, 16) ? 1 : 0));
	w->other = w->ia ^ BIT64(kinds[kind].grain + rng_below(&w->r, (unsigned)limit - kinds[kind].grain));
}

static void world_map(struct world *w, uint64_t ia)
{
	uint64_t to = new_page(w) | (ia & low_mask(kinds[w->kind].grain));

	if (w->t[0].fmt)
		map(w, 0, ia, to);
	if (w->t[1].fmt)
		map(w, 1, w->t[0].fmt ? to : ia, to + OFF);
}

static void world_maps(struct world *w)
{
	world_map(w, w->ia);
	world_map(w, w->other);
	if (!rng_below(&w->r, 16))
		mem_poison(w->m, w->some, true);
}

static void world_fini(struct world *w)
{
	for (unsigned i = 0; i < ARRAY_LEN(w->own); i++)
		xc_destroy(w->own[i]);
	mem_destroy(w->m);
}

static void seen(void *arg, const struct xl *x)
{
	struct world *w = arg;

	ck_assert_uint_lt(w->n, TRAIL);
	ck_assert_uint_eq(x->reads + w->cas, w->n + 1);
	w->trail[w->n] = x->mem_spa << 2 | x->mem_st;
	w->word[w->n++] = x->mem_st == MEM_OK ? x->data[0] : 0;
}

enum how { BY_WORD, NOW_TOLD, NOW_QUIET };

static enum xl_act drive(struct world *w, struct pt_walk *p, struct xl *x, enum how how)
{
	const struct xl_now now = { how == NOW_TOLD ? seen : NULL, w };
	enum xl_act a;

	x->u = &w->u;
	x->now = how == BY_WORD ? NULL : &now;
	a = pt_walk_begin(p, x, false);
	while (a == XL_ACT_READ || a == XL_ACT_CAS) {
		if (a == XL_ACT_CAS) {
			x->mem_st = (uint8_t)mem_cas(w->m, x->mem_spa, x->cas_old, x->cas_new, x->data);
			w->cas++;
		} else {
			x->mem_st = (uint8_t)mem_read(w->m, x->mem_spa, x->data, 1);
			x->reads++;
		}
		if (how != NOW_QUIET)
			seen(w, x);
		a = pt_walk_next(p, x);
	}
	x->now = NULL;
	return a;
}

static void same_result(const struct pt_walk *a, const struct pt_walk *b, enum xl_act act)
{
	ck_assert_int_eq(a->why, b->why);
	for (unsigned s = 0; s < 2; s++)
		if (a->t[s].fmt)
			ck_assert(a->level[s] == b->level[s]);
	if (act == XL_ACT_DONE) {
		ck_assert_uint_eq(a->pa, b->pa);
		ck_assert(a->size_lg2 == b->size_lg2 && a->out_perm == b->out_perm && a->memtype == b->memtype && a->snoop == b->snoop && a->clean == b->clean);
		if (a->t[0].fmt)
			ck_assert(a->perm[0] == b->perm[0] && a->s1_memtype == b->s1_memtype && a->s1_lg2 == b->s1_lg2 && a->s1_clean == b->s1_clean);
	} else {
		ck_assert(a->f_stage == b->f_stage && a->f_level == b->f_level && a->f_top == b->f_top && a->f_fetch == b->f_fetch);
	}
	if (a->t[1].fmt)
		ck_assert_uint_eq(a->gpa, b->gpa);
}

static unsigned done, faults, updates;

/* The walks for @ia in three worlds that are the same. */
static void walks(struct world *w, uint64_t ia, bool functional)
{
	struct pt_walk p[3];
	struct xl x[3];
	enum xl_act act[3];

	for (unsigned h = 0; h < 3; h++) {
		memset(&p[h], 0, sizeof(p[h]));
		memset(&x[h], 0, sizeof(x[h]));
		x[h].functional = functional;
		x[h].ov_first = UINT64_MAX;
		p[h].c = &w[h].c;
		p[h].t[0] = w[h].t[0];
		p[h].t[1] = w[h].t[1];
		p[h].ia = ia;
		p[h].acc = (uint8_t)rng_below(&w[h].r, 16);
		w[h].n = w[h].cas = 0;
		act[h] = drive(&w[h], &p[h], &x[h], (enum how)h);
	}
	for (unsigned h = 1; h < 3; h++) {
		ck_assert_int_eq(act[0], act[h]);
		same_result(&p[0], &p[h], act[0]);
		ck_assert(x[0].reads == x[h].reads && x[0].cyc == x[h].cyc && w[0].cas == w[h].cas);
		for (unsigned i = 0; !functional && i < ARRAY_LEN(w[0].own); i++)
			ck_assert(!memcmp(xc_stats_of(w[0].own[i]), xc_stats_of(w[h].own[i]), sizeof(struct xc_stats)));
	}
	ck_assert_uint_eq(w[0].n, w[NOW_TOLD].n);
	ck_assert(!memcmp(w[0].trail, w[NOW_TOLD].trail, w[0].n * sizeof(uint64_t)) && !memcmp(w[0].word, w[NOW_TOLD].word, w[0].n * sizeof(uint64_t)));
	done += act[0] == XL_ACT_DONE;
	faults += act[0] == XL_ACT_FAULT;
	updates += w[0].cas;
}

static void one(unsigned kind, uint64_t seed, bool functional)
{
	static struct world w[3];

	for (unsigned h = 0; h < 3; h++) {
		world_init(&w[h], kind, seed, !functional);
		world_maps(&w[h]);
	}
	walks(w, w->ia, functional);
	walks(w, w->other, functional); /* cursors are elsewhere */
	for (unsigned h = 0; h < 3; h++)
		world_fini(&w[h]);
}

START_TEST(as_by_word)
{
	done = faults = updates = 0;
	for (unsigned n = 0; n < 4000; n++)
		one((unsigned)_i, 1000 * (uint64_t)_i + n, n & 1);
	ck_assert_msg(done > 600 && faults > 100, "kind %d: %u done, %u faults, %u updates", _i, done, faults, updates);
	ck_assert_uint_gt(updates, 0);
}
END_TEST

/* All is plain and can be read on the spot. */
static bool usual(const struct world *w)
{
	return w->odd > 100 && w->endless && mem_is_direct(w->m) && !(w->t[0].opt | w->t[1].opt) && !(w->t[0].top_bits | w->t[1].top_bits) &&
	       !(w->ia >> (w->t[0].ia_bits - 1));
}

/* The bench's nested walk: the shell reads nothing, and the cursors stay where they are. */
START_TEST(runs_to_the_end)
{
	static const struct xl_now now;
	static struct world w;
	uint64_t seed = 0;

	do {
		world_init(&w, 0, seed, true);
		world_maps(&w);
		for (unsigned again = 0; again < 2 && usual(&w); again++) {
			struct pt_walk p = { .c = &w.c, .t = { w.t[0], w.t[1] }, .ia = w.ia, .acc = XL_W };
			struct xl x = { .u = &w.u, .now = &now, .ov_first = UINT64_MAX };
			struct mem_cursor before[IOMMU_CURSORS];

			memcpy(before, w.u.cursor, sizeof(before));
			ck_assert_int_eq(pt_walk_begin(&p, &x, false), XL_ACT_DONE);
			ck_assert_uint_eq(x.reads, (w.t[0].levels + 1u) * (w.t[1].levels + 1u) - 1);
			ck_assert_uint_eq(p.ran[0], w.t[0].levels);
			ck_assert(!again || !memcmp(before, w.u.cursor, sizeof(before)));
			mem_poison(w.m, w.some, true); /* what was remembered does not hide it */
			ck_assert_int_eq(pt_walk_begin(&p, &x, false), XL_ACT_READ);
			mem_poison(w.m, w.some, false);
			done += again;
		}
		world_fini(&w);
	} while (++seed < 300);
	ck_assert_uint_gt(done, 10);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pt_run");
	TCase *t = tcase_create("pt_run");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, as_by_word, 0, (int)ARRAY_LEN(kinds));
	tcase_add_test(t, runs_to_the_end);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
