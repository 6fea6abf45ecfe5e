/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page-walk shell alone: formats as pure functions, walks driven by hand over an array of words. No unit, no time.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/pt/fmt_x86_64.h"
#include "core/base/bits.h"
#include "vtd/fmt_vtdss.h"

static struct pt_table x86(unsigned opt)
{
	return (struct pt_table){ .fmt = &fmt_x86_64, .levels = 4, .ia_bits = 48, .grain_lg2 = 12, .oa_bits = 46, .opt = opt };
}
static struct pt_table ss(unsigned opt)
{
	return (struct pt_table){ .fmt = &fmt_vtdss, .levels = 4, .ia_bits = 48, .grain_lg2 = 12, .oa_bits = 46, .opt = opt };
}

enum { USER = XL_R | XL_W | XL_X | XL_PRIV /* accumulated: users are let in */ };
static const struct {
	bool second;
	uint64_t e;
	unsigned opt, level, acc;
	enum pt_why why;
	enum pt_class cls;
	uint64_t set;
} entries[] = {
	{ false, 0, 0, 0, XL_R, PT_WHY_EMPTY, PT_EMPTY, 0 },
	{ false, 0x25, 0, 0, XL_R, PT_OK, PT_LEAF, 0 },
	{ false, 0x05, 0, 0, XL_R, PT_OK, PT_LEAF, 0x20 },
	{ false, 0x27, 0, 0, XL_W, PT_OK, PT_LEAF, 0x40 },
	{ false, 0x27, 0, 1, XL_W, PT_OK, PT_TABLE, 0 }, /* D belongs to leaves */
	{ false, 0x27, X86_EAFE, 1, XL_R, PT_OK, PT_TABLE, 0x400 },
	{ false, 0x25, 0, 0, XL_W, PT_WHY_NO_W, PT_LEAF, 0 },
	{ false, 0x21, 0, 0, XL_R, PT_WHY_PRIV, PT_LEAF, 0 },
	{ false, 0x21, 0, 0, XL_W, PT_WHY_PRIV, PT_LEAF, 0 }, /* user before write */
	{ false, 0x21 | 1ull << 46, 0, 0, XL_R | XL_PRIV, PT_WHY_RSVD, PT_LEAF, 0 },
	{ false, 0x21, 0, 0, XL_W | XL_PRIV, PT_OK, PT_LEAF, 0x40 },
	{ false, 0x21, X86_WPE, 0, XL_W | XL_PRIV, PT_WHY_NO_W, PT_LEAF, 0 },
	{ false, 0xa5, 0, 1, XL_R, PT_OK, PT_LEAF, 0 },
	{ false, 0xa5 | 1 << 12, 0, 1, XL_R, PT_OK, PT_LEAF, 0 }, /* PAT */
	{ false, 0xa5 | 1 << 13, 0, 1, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ false, 0xa5, 0, 2, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ false, 0xa5, X86_1G, 2, XL_R, PT_OK, PT_LEAF, 0 },
	{ false, 0xa5, X86_1G, 3, XL_R, PT_WHY_RSVD, PT_TABLE, 0 },
	{ false, 0x25 | 1ull << 63, X86_NXE, 0, XL_R | XL_X, PT_WHY_NO_X, PT_LEAF, 0 },
	{ false, 0x25 | 1ull << 63, 0, 0, XL_R | XL_X, PT_OK, PT_LEAF, 0 },
	{ false, 0x25 | 1ull << 63, X86_XD_RSVD, 0, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ true, 0, 0, 0, XL_R, PT_WHY_EMPTY, PT_EMPTY, 0 },
	{ true, 4, 0, 0, XL_R, PT_WHY_EMPTY, PT_EMPTY, 0 }, /* X alone is nothing when X is not honoured */
	{ true, 1, 0, 0, XL_W, PT_WHY_NO_W, PT_LEAF, 0 },
	{ true, 2, 0, 0, XL_R, PT_WHY_NO_R, PT_LEAF, 0 },
	{ true, 2, 0, 0, 0, PT_OK, PT_LEAF, 0 },
	{ true, 3, SS_X, 0, XL_R | XL_X, PT_WHY_NO_X, PT_LEAF, 0 },
	{ true, 3, 0, 0, XL_R | XL_X, PT_OK, PT_LEAF, 0 },
	{ true, 3, PT_OPT_AD, 0, XL_W, PT_OK, PT_LEAF, 0x300 },
	{ true, 3, PT_OPT_AD, 1, XL_W, PT_OK, PT_TABLE, 0x100 },
	{ true, 0x83, 0, 1, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ true, 0x83, SS_2M, 1, XL_R, PT_OK, PT_LEAF, 0 },
	{ true, 0x83, SS_2M, 2, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ true, 0x83, SS_2M | SS_1G, 2, XL_R, PT_OK, PT_LEAF, 0 },
	{ true, 0x83 | 1 << 20, SS_2M, 1, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ true, 0x803, 0, 0, XL_R, PT_WHY_RSVD, PT_LEAF, 0 },
	{ true, 0x803, SS_SNP, 0, XL_R, PT_OK, PT_LEAF, 0 },
	{ true, 0x803, SS_SNP, 1, XL_R, PT_WHY_RSVD, PT_TABLE, 0 },
	{ true, 1 | 1ull << 62, 0, 0, XL_W, PT_WHY_NO_W, PT_LEAF, 0 }, /* permission before reserved */
	{ true, 0xfff0000000000003 & ~(1ull << 62), 0, 0, XL_R, PT_OK, PT_LEAF, 0 }, /* 63, 61:52 are ignored */
};

START_TEST(one_entry)
{
	struct pt_table t = entries[_i].second ? ss(entries[_i].opt) : x86(entries[_i].opt);
	struct pt_entry_info i = t.fmt->entry(&t, entries[_i].e, entries[_i].level, entries[_i].acc, USER);

	ck_assert_uint_eq(i.why, entries[_i].why);
	ck_assert_uint_eq(i.cls, entries[_i].cls);
	if (i.why == PT_OK)
		ck_assert_uint_eq(i.set, entries[_i].set);
}
END_TEST

START_TEST(inputs)
{
	struct pt_table f = x86(0), s = ss(0);

	ck_assert_uint_eq(f.fmt->input(&f, 0x00007fffffffffff), PT_OK);
	ck_assert_uint_eq(f.fmt->input(&f, 0x0000800000000000), PT_WHY_CANON);
	ck_assert_uint_eq(f.fmt->input(&f, 0xffff800000000000), PT_OK);
	f.ia_bits = 57;
	ck_assert_uint_eq(f.fmt->input(&f, 0x0000800000000000), PT_OK);
	ck_assert_uint_eq(f.fmt->input(&f, 0x0100000000000000), PT_WHY_CANON);
	ck_assert_uint_eq(s.fmt->input(&s, 0x0000ffffffffffff), PT_OK);
	ck_assert_uint_eq(s.fmt->input(&s, 0x0001000000000000), PT_WHY_RANGE);
	ck_assert_uint_eq(s.fmt->input(&s, 0xffff800000000000), PT_WHY_RANGE); /* zero-extended */
}
END_TEST

/* ---- walks over a small memory, driven by hand ---- */

enum { WORDS = 8 * 512 };
struct hand {
	uint64_t w[WORDS];
	uint64_t trail[64];
	unsigned reads, cas;
	uint64_t race_spa, race_word; /* the word changes after it was read */
};

static enum xl_act drive(struct hand *h, struct pt_walk *w, struct xl *x)
{
	enum xl_act a = pt_walk_begin(w, x, false);

	while (a == XL_ACT_READ || a == XL_ACT_CAS) {
		uint64_t i = x->mem_spa / 8;

		ck_assert(i < WORDS && x->mem_words == 1);
		x->mem_st = MEM_OK;
		x->data[0] = h->w[i];
		if (a == XL_ACT_CAS) {
			h->cas++;
			if (h->w[i] == x->cas_old)
				h->w[i] = x->cas_new;
		} else {
			h->trail[h->reads++] = x->mem_spa;
			if (x->mem_spa == h->race_spa && h->race_word) {
				h->w[i] = h->race_word;
				h->race_word = 0;
			}
		}
		ck_assert_uint_lt(h->reads, 60);
		a = pt_walk_next(w, x);
	}
	return a;
}

static void four_levels(struct hand *h, uint64_t bits, uint64_t leaf)
{
	memset(h, 0, sizeof(*h));
	for (unsigned l = 0; l < 3; l++)
		h->w[l * 512] = (l + 1) * 4096 | bits;
	h->w[3 * 512 + 5] = leaf;
}

START_TEST(trail)
{
	static struct hand h;
	struct xl x = { .state = 0 };
	struct pt_walk w = { .ia = 0x5123, .acc = XL_R };

	four_levels(&h, 0x27, 0x7000 | 0x25);
	w.t[0] = x86(0);
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_DONE);
	ck_assert_uint_eq(h.reads, 4);
	ck_assert_uint_eq(h.trail[3], 3 * 4096 + 5 * 8);
	ck_assert_uint_eq(w.pa, 0x7123);
	ck_assert_uint_eq(w.size_lg2, 12);
	ck_assert_uint_eq(w.out_perm & (XL_R | XL_W | XL_X), XL_R | XL_X);
	ck_assert(w.clean);
}
END_TEST

/* Software changes the entry between the read and the locked update: the new entry counts. */
START_TEST(update_race)
{
	static struct hand h;
	struct xl x = { .state = 0 };
	struct pt_walk w = { .ia = 0x5000, .acc = XL_R };

	four_levels(&h, 0x27, 0x7000 | 0x05);
	w.t[0] = x86(0);
	h.race_spa = 3 * 4096 + 5 * 8;
	h.race_word = 0x6000 | 0x05;
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_DONE);
	ck_assert_uint_eq(w.pa, 0x6000);
	ck_assert_uint_eq(h.cas, 2);
	ck_assert_uint_eq(h.w[3 * 512 + 5], 0x6000 | 0x25);
	four_levels(&h, 0x27, 0x7000 | 0x05);
	h.race_spa = 3 * 4096 + 5 * 8;
	h.race_word = 2; /* not present any more */
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_FAULT);
	ck_assert_uint_eq(w.why, PT_WHY_EMPTY);
	ck_assert_uint_eq(w.f_stage, 1);
	ck_assert_uint_eq(w.f_level, 0);
	ck_assert_uint_eq(h.w[3 * 512 + 5], 2);
}
END_TEST

/* Identity second stage of 2 MiB over the same words: 4 x (3 + 1) + 3 reads; faults name the stage. */
START_TEST(two_stages)
{
	static struct hand h;
	struct xl x = { .state = 0 };
	struct pt_walk w = { .ia = 0x5123, .acc = XL_R };

	four_levels(&h, 0x27, 0x7000 | 0x25);
	h.w[4 * 512] = 5 * 4096 | 3;
	h.w[5 * 512] = 6 * 4096 | 3;
	h.w[6 * 512] = 0x83;
	w.t[0] = x86(0);
	w.t[1] = ss(SS_2M);
	w.t[1].root = 4 * 4096;
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_DONE);
	ck_assert_uint_eq(h.reads, 4 * 4 + 3);
	ck_assert_uint_eq(w.pa, 0x7123);
	ck_assert_uint_eq(w.size_lg2, 12);
	h.w[6 * 512] = 0x82;
	h.reads = 0;
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_FAULT);
	ck_assert(w.why == PT_WHY_NO_R && w.f_stage == 2 && w.f_fetch && w.level[0] == 3);
	h.w[6 * 512] = 0x83;
	h.w[3 * 512 + 5] = 0;
	h.reads = 0;
	ck_assert_int_eq(drive(&h, &w, &x), XL_ACT_FAULT);
	ck_assert(w.why == PT_WHY_EMPTY && w.f_stage == 1 && !w.f_fetch && w.f_level == 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pt");
	TCase *t = tcase_create("pt");
	SRunner *r;
	int bad;

	tcase_add_loop_test(t, one_entry, 0, (int)ARRAY_LEN(entries));
	tcase_add_test(t, inputs);
	tcase_add_test(t, trail);
	tcase_add_test(t, update_race);
	tcase_add_test(t, two_stages);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
