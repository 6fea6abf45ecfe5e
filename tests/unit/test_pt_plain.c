/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain entries (struct pt_plain): entries written by hand are plain or not, and whatever a format calls plain, its entry() takes
 * for a table of the next level that grants the same, leads to the same place and has nothing to be set. Random entries, random options.
 */
#include <check.h>
#include <stdlib.h>
#include "amdvi/fmt_amdv1.h"
#include "core/base/bits.h"
#include "core/base/rng.h"
#include "core/pt/fmt_x86_64.h"
#include "smmuv3/fmt_vmsa.h"
#include "vtd/fmt_vtdss.h"

static bool is_plain(const struct pt_plain *p, uint64_t e, unsigned level)
{
	return p->next && (e & p->mask) == p->val + level * p->step;
}

static const struct {
	const struct pt_fmt *fmt;
	unsigned opt, level;
	uint64_t e, next; /* next 0: not plain */
} hand[] = {
	{ &fmt_x86_64, 0, 3, 0x1234567027, 0x1234567000 }, /* P, R/W, U/S, A */
	{ &fmt_x86_64, 0, 3, 0x1234567007, 0 }, /* A is to be set */
	{ &fmt_x86_64, X86_NO_A, 3, 0x1234567007, 0x1234567000 },
	{ &fmt_x86_64, X86_EAFE, 3, 0x1234567027, 0 },
	{ &fmt_x86_64, 0, 1, 0x12345670a7, 0 }, /* a 2 MiB leaf */
	{ &fmt_x86_64, 0, 1, 0x8000001234567027, 0 }, /* XD */
	{ &fmt_x86_64, 0, 1, 0x0000401234567027, 0 }, /* address of 47 bits, 46 are implemented */
	{ &fmt_x86_64, 0, 1, 0x1234567025, 0 }, /* read-only */
	{ &fmt_vtdss, 0, 3, 0x1234567003, 0x1234567000 },
	{ &fmt_vtdss, SS_X, 3, 0x1234567003, 0 },
	{ &fmt_vtdss, PT_OPT_AD, 3, 0x1234567003, 0 },
	{ &fmt_vtdss, PT_OPT_AD, 3, 0x1234567103, 0x1234567000 },
	{ &fmt_vtdss, SS_2M, 1, 0x1234600083, 0 },
	{ &fmt_vtdss, 0, 2, 0x1234567803, 0 }, /* bit 11 is reserved */
	{ &fmt_amdv1, 0, 3, 0x6000001234567601, 0x1234567000 }, /* IR, IW, next level 3, PR */
	{ &fmt_amdv1, 0, 3, 0x6000001234567401, 0 }, /* level 3 skipped */
	{ &fmt_amdv1, 0, 3, 0x6000001234567001, 0 }, /* a leaf */
	{ &fmt_amdv1, 0, 3, 0x6000001234567e01, 0 }, /* a leaf of another size */
	{ &fmt_amdv1, AMDV1_A, 3, 0x6000001234567601, 0 },
	{ &fmt_amdv1, AMDV1_A, 3, 0x6000001234567621, 0x1234567000 },
	{ &fmt_amdv1, 0, 3, 0x2000001234567601, 0 }, /* no IW */
	{ &fmt_vmsa_s1, 0, 3, 0x1234567003, 0x1234567000 },
	{ &fmt_vmsa_s1, 0, 2, 0x1240000001, 0 }, /* a block */
	{ &fmt_vmsa_s1, 0, 3, 0x4000001234567003, 0 }, /* APTable[1]: read-only below */
	{ &fmt_vmsa_s1, VMSA_BE, 3, 0x0370563412000000, 0 },
	{ &fmt_vmsa_s2, 0, 3, 0x1234567003, 0x1234567000 },
	{ &fmt_vmsa_s2, VMSA_PA52, 3, 0x1234567003, 0 },
	{ &fmt_vmsa_s2, 0, 3, 0x0000401234567003, 0 },
};

static struct pt_table table(const struct pt_fmt *fmt, unsigned opt)
{
	return (struct pt_table){ .fmt = fmt, .levels = 4, .ia_bits = 48, .grain_lg2 = 12, .oa_bits = 46, .opt = opt };
}

START_TEST(by_hand)
{
	const struct pt_table t = table(hand[_i].fmt, hand[_i].opt);
	struct pt_plain p;

	t.fmt->plain(&t, &p);
	ck_assert(is_plain(&p, hand[_i].e, hand[_i].level) == (hand[_i].next != 0));
	if (hand[_i].next)
		ck_assert_uint_eq(hand[_i].e & p.next, hand[_i].next);
}
END_TEST

static const struct {
	const struct pt_fmt *fmt;
	unsigned opts; /* options that exist */
} formats[] = {
	{ &fmt_x86_64, 0x3ff | PT_OPT_FAULT_AD }, { &fmt_vtdss, 0x3f | PT_OPT_AD | PT_OPT_FETCH_DIRTY | PT_OPT_FAULT_AD }, { &fmt_amdv1, 7 },
	{ &fmt_vmsa_s1, 0xfff }, { &fmt_vmsa_s2, 0x7fff },
};

/* An entry near the plain one of a table: some of its bits as there, one or two others. */
static uint64_t near(struct rng *r, const struct pt_plain *p, unsigned level)
{
	uint64_t e = (rng_next(r) & ~p->mask) | (p->val + level * p->step);

	for (uint64_t n = rng_below(r, 3); n; n--)
		e ^= BIT64(rng_below(r, 64));
	return e;
}

START_TEST(as_entry)
{
	unsigned plain = 0, other = 0;
	struct rng r;

	rng_seed(&r, 11 + (unsigned)_i);
	for (unsigned n = 0; n < 200000; n++) {
		struct pt_table t = table(formats[_i].fmt, (unsigned)rng_next(&r) & formats[_i].opts);
		unsigned level = 1 + (unsigned)rng_below(&r, 4), acc = (unsigned)rng_below(&r, 16) | (rng_below(&r, 4) ? 0 : PT_ACC_WALK);
		unsigned granted = (unsigned)rng_below(&r, 256) | (acc & 7) | (acc & 7) << t.fmt->priv_shift;
		struct pt_entry_info i;
		struct pt_plain p;
		uint64_t e;

		t.levels = 5;
		t.oa_bits = (uint8_t)(36 + rng_below(&r, 17));
		t.fmt->plain(&t, &p);
		e = near(&r, &p, level);
		if (!is_plain(&p, e, level)) {
			other++;
			continue;
		}
		plain++;
		i = t.fmt->entry(&t, e, level, acc, granted);
		if (i.cls != PT_TABLE || i.why != PT_OK || i.set || i.clr || i.skip || i.next != (e & p.next) || ((i.perm ^ p.perm) & granted))
			ck_abort_msg("%s: entry 0x%llx at level %u, options 0x%x, is not plain", t.fmt->name, (unsigned long long)e, level, t.opt);
	}
	ck_assert(plain > 10000 && other > 10000);
}
END_TEST

/* ---- leaves of level 0 ---- */

static const struct {
	const struct pt_fmt *fmt;
	unsigned opt;
	uint64_t e, page; /* page 0: not plain */
	unsigned perm, memtype;
} leaves[] = {
	{ &fmt_x86_64, 0, 0x1234567067, 0x1234567000, 0xf, 0 }, /* P, R/W, U/S, A, D */
	{ &fmt_x86_64, 0, 0x1234567027, 0, 0, 0 }, /* a write sets D */
	{ &fmt_x86_64, X86_NO_D, 0x1234567027, 0x1234567000, 0xf, 0 },
	{ &fmt_x86_64, 0, 0x1234567047, 0, 0, 0 }, /* A is to be set */
	{ &fmt_x86_64, X86_EAFE, 0x1234567067, 0, 0, 0 },
	{ &fmt_x86_64, X86_EAFE, 0x1234567467, 0x1234567000, 0xf, 0 },
	{ &fmt_x86_64, X86_SMEP, 0x1234567067, 0, 0, 0 }, /* a supervisor must not execute it */
	{ &fmt_x86_64, 0, 0x1234567065, 0, 0, 0 }, /* read-only */
	{ &fmt_x86_64, 0, 0x1234567063, 0, 0, 0 }, /* supervisor */
	{ &fmt_x86_64, X86_NXE, 0x8000001234567067, 0, 0, 0 },
	{ &fmt_x86_64, 0, 0x0000401234567067, 0, 0, 0 }, /* address of 47 bits */
	{ &fmt_vtdss, 0, 0x1234567003, 0x1234567000, 7, 0 },
	{ &fmt_vtdss, SS_X, 0x1234567003, 0, 0, 0 },
	{ &fmt_vtdss, SS_X, 0x1234567007, 0x1234567000, 7, 0 },
	{ &fmt_vtdss, PT_OPT_AD, 0x1234567103, 0, 0, 0 }, /* D is clear */
	{ &fmt_vtdss, PT_OPT_AD, 0x1234567303, 0x1234567000, 7, 0 },
	{ &fmt_vtdss, SS_SNP, 0x1234567803, 0, 0, 0 }, /* snoops */
	{ &fmt_vtdss, SS_MT, 0x1234567073, 0x1234567000, 7, 14 }, /* EMT 6, IPAT */
	{ &fmt_vtdss, 0, 0x1234567073, 0x1234567000, 7, 0 },
	{ &fmt_vtdss, 0, 0x1234567001, 0, 0, 0 },
	{ &fmt_amdv1, 0, 0x6000001234567001, 0x1234567000, 7, 0 },
	{ &fmt_amdv1, 0, 0x6000001234567e01, 0, 0, 0 }, /* of another size */
	{ &fmt_amdv1, AMDV1_A | AMDV1_D, 0x6000001234567021, 0, 0, 0 },
	{ &fmt_amdv1, AMDV1_A | AMDV1_D, 0x6000001234567061, 0x1234567000, 7, 0 },
	{ &fmt_amdv1, 0, 0x7000001234567001, 0, 0, 0 }, /* FC */
	{ &fmt_amdv1, 0, 0x2000001234567001, 0, 0, 0 }, /* no IW */
	{ &fmt_vmsa_s1, 0, 0x1234567c47, 0x1234567000, 0x37, 1 }, /* AF, nG, AP = 1, AttrIndx 1: not executable where users write */
	{ &fmt_vmsa_s1, VMSA_EL2, 0x1234567c47, 0x1234567000, 0x77, 1 },
	{ &fmt_vmsa_s1, 0, 0x1234567447, 0, 0, 0 }, /* global */
	{ &fmt_vmsa_s1, 0, 0x1234567847, 0, 0, 0 }, /* AF is clear */
	{ &fmt_vmsa_s1, 0, 0x1234567cc7, 0, 0, 0 }, /* read-only */
	{ &fmt_vmsa_s1, VMSA_WXN, 0x1234567c47, 0, 0, 0 },
	{ &fmt_vmsa_s1, VMSA_BE, 0x470c563412000000, 0, 0, 0 },
	{ &fmt_vmsa_s1, VMSA_CONT, 0x0010001234567c47, 0, 0, 0 },
	{ &fmt_vmsa_s1, 0, 0x0010001234567c47, 0x1234567000, 0x37, 1 },
	{ &fmt_vmsa_s2, 0, 0x12345674ff, 0x1234567000, 0x77, 15 }, /* AF, S2AP = 3, MemAttr = 15 */
	{ &fmt_vmsa_s2, VMSA_PTW, 0x12345674ff, 0x1234567000, 0x77, 15 },
	{ &fmt_vmsa_s2, VMSA_PTW, 0x12345674c7, 0, 0, 0 }, /* Device: holds no tables */
	{ &fmt_vmsa_s2, 0, 0x12345674c7, 0x1234567000, 0x77, 1 },
	{ &fmt_vmsa_s2, 0, 0x004000123456747f, 0, 0, 0 }, /* no execution */
	{ &fmt_vmsa_s2, 0, 0x123456747f, 0, 0, 0 }, /* no writes */
};

START_TEST(leaf_by_hand)
{
	const struct pt_table t = table(leaves[_i].fmt, leaves[_i].opt);
	struct pt_plain p;
	uint64_t e = leaves[_i].e;

	t.fmt->plain(&t, &p);
	ck_assert(((e & p.leaf_mask) == p.leaf_val) == (leaves[_i].page != 0));
	if (!leaves[_i].page)
		return;
	ck_assert_uint_eq(e & p.next, leaves[_i].page);
	ck_assert_uint_eq(p.leaf_perm, leaves[_i].perm);
	ck_assert_uint_eq(e >> p.mt_lsb & p.mt_mask, leaves[_i].memtype);
}
END_TEST

static bool same_leaf(const struct pt_plain *p, const struct pt_entry_info *i, uint64_t e, unsigned granted)
{
	return i->cls == PT_LEAF && i->why == PT_OK && !i->set && !i->clr && !i->clean && !i->snoop && !i->no_walk && i->span_lg2 <= 12 &&
	       (!i->size_lg2 || i->size_lg2 == 12) && i->next == (e & p->next) && !((i->perm ^ p->leaf_perm) & granted) &&
	       i->memtype == (e >> p->mt_lsb & p->mt_mask);
}

START_TEST(leaf_as_entry)
{
	unsigned plain = 0, other = 0;
	struct rng r;

	rng_seed(&r, 21 + (unsigned)_i);
	for (unsigned n = 0; n < 200000; n++) {
		struct pt_table t = table(formats[_i].fmt, (unsigned)rng_next(&r) & formats[_i].opts);
		unsigned acc = (unsigned)rng_below(&r, 16) | (rng_below(&r, 4) ? 0 : PT_ACC_WALK), granted, need;
		struct pt_entry_info i;
		struct pt_plain p;
		uint64_t e;

		t.oa_bits = (uint8_t)(36 + rng_below(&r, 17));
		t.fmt->plain(&t, &p);
		e = (rng_next(&r) & ~p.leaf_mask) | p.leaf_val;
		for (uint64_t f = rng_below(&r, 3); f; f--)
			e ^= BIT64(rng_below(&r, 64));
		granted = (unsigned)rng_below(&r, 256) | p.leaf_perm;
		need = (acc & 7) << (acc & XL_PRIV ? t.fmt->priv_shift : 0);
		if ((e & p.leaf_mask) != p.leaf_val || (need & ~(unsigned)p.leaf_perm)) {
			other++;
			continue;
		}
		plain++;
		i = t.fmt->entry(&t, e, 0, acc, granted);
		if (!same_leaf(&p, &i, e, granted))
			ck_abort_msg("%s: entry 0x%llx, options 0x%x, is no plain leaf", t.fmt->name, (unsigned long long)e, t.opt);
	}
	ck_assert(plain > 3000 && other > 10000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pt_plain");
	TCase *t = tcase_create("pt_plain");
	SRunner *r;
	int bad;

	tcase_add_loop_test(t, by_hand, 0, (int)ARRAY_LEN(hand));
	tcase_add_loop_test(t, as_entry, 0, (int)ARRAY_LEN(formats));
	tcase_add_loop_test(t, leaf_by_hand, 0, (int)ARRAY_LEN(leaves));
	tcase_add_loop_test(t, leaf_as_entry, 0, (int)ARRAY_LEN(formats));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
