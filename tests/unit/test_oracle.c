/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oracle.c - classes and chains, on a unit that caches pages without asking whose they are: requester 16 has a table of its own
 * (the page behind FAKE_TABLE), but the cache knows pages only. Register 0: 1 empties the cache, 3 gives page 0
 * an address that no table ever held, anything else only says it is done.
 */
#include <check.h>
#include <string.h>
#include "fake_plat.h"
#include "check/oracle.h"

enum { TABLE2 = FAKE_TABLE + 0x1000, OTHER = 16, INVENT = 3 };
#define DMA(r, va) { .kind = TRC_DMA, .at = TRC_NO_TIME, .u.dma = { .iova = va, .len = 64, .dir = 'r', .rid = r, .pasid = TRC_NO_PASID } }
#define BARRIER REC_WRITE(8, 0) /* waits for all DMAs before it */

struct entry { bool valid; uint64_t e; };
static struct entry cache[512]; /* of the unit; emptied by each test */
static const struct iommu_ops *plain;
static struct iommu_ops caching;

static uint64_t table_of(const struct xl *x)
{
	return x->req.rid == OTHER ? TABLE2 : FAKE_TABLE;
}

static enum xl_act caching_begin(struct iommu *u, struct xl *x)
{
	unsigned i = x->req.iova >> 12 & 511;

	if (!x->functional && cache[i].valid) {
		x->data[0] = cache[i].e;
		return plain->next(u, x);
	}
	x->mem_spa = table_of(x) + 8 * i;
	x->mem_words = 1;
	return XL_ACT_READ;
}

static enum xl_act caching_next(struct iommu *u, struct xl *x)
{
	if (!x->functional && (x->data[0] & 1))
		cache[x->req.iova >> 12 & 511] = (struct entry){ true, x->data[0] };
	return plain->next(u, x);
}

static void caching_write(struct iommu *u, uint32_t off, unsigned bytes, uint64_t v)
{
	if (off == 0 && v == 1)
		memset(cache, 0, sizeof(cache));
	if (off == 0 && v == INVENT)
		cache[0] = (struct entry){ true, 0xbad001 };
	plain->mmio_write(u, off, bytes, v);
}

struct seen {
	struct oracle_stats st;
	struct oracle_finding f[4];
	size_t n;
	uint64_t bad, word0;
};

static struct seen run(const struct trc_rec *rec, size_t n)
{
	struct plat_cfg c = fake_plat_cfg();
	struct fake_trace t = { .rec = rec, .n = n };
	struct err e = { 0 };
	struct plat *p = fake_plat(&c, NULL, &e);
	const struct oracle_finding *f;
	struct oracle *o;
	struct iommu *u;
	struct seen s = { 0 };

	ck_assert_msg(p != NULL, "%s", e.msg);
	u = plat_unit(p, 0);
	plain = u->ops;
	caching = *plain;
	caching.begin = caching_begin;
	caching.next = caching_next;
	caching.mmio_write = caching_write;
	u->ops = &caching;
	memset(cache, 0, sizeof(cache));
	o = oracle_create(p, 4, &e);
	ck_assert_msg(o != NULL, "%s", e.msg);
	ck_assert_msg(plat_run(p, fake_next_rec, &t, false, &e), "%s", e.msg);
	ck_assert(!oracle_oom(o));
	s.st = *oracle_statistics(o);
	s.bad = oracle_bad(o);
	for (; s.n < 4 && (f = oracle_finding(o, s.n)) != NULL; s.n++)
		s.f[s.n] = *f;
	ck_assert_int_eq(mem_read(plat_mem(p), FAKE_TABLE, &s.word0, 1), MEM_OK);
	oracle_destroy(o);
	ck_assert_ptr_eq(u->ops, &caching);
	plat_destroy(p);
	return s;
}
#define RUN(a) run(a, ARRAY_LEN(a))

START_TEST(unchanged_tables_are_walked_once)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), DMA(8, 0), DMA(8, 0x40), BARRIER, DMA(8, 0x80), DMA(8, 0xc0), DMA(8, 0x100), REC_MAP(9, 0x6001),
		DMA(8, 0x140),
	};
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.checked, 6);
	ck_assert_uint_eq(s.st.agree, 6);
	ck_assert_uint_eq(s.bad, 0);
	ck_assert_uint_ge(s.st.walks, 2); /* once, and again after the register write; a store to the same line may cost one more */
	ck_assert_uint_le(s.st.walks, 4);
}
END_TEST

START_TEST(before_completion_is_the_legal_window_and_after_it_stale)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), DMA(8, 0), REC_WRITE(0, 2), DMA(8, 0x10) };
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.window, 1);
	ck_assert_uint_eq(s.st.stale, 1);
	ck_assert_uint_eq(s.bad, 1);
	ck_assert_uint_eq(s.st.age_ps.n, 2);
	ck_assert_int_eq(s.f[0].class, ORACLE_STALE); /* errors first */
	ck_assert_uint_eq(s.f[0].line, 6);
	ck_assert_uint_eq(s.f[0].store.line, 3);
	ck_assert_uint_eq(s.f[0].store.addr, FAKE_TABLE);
	ck_assert_uint_eq(s.f[0].store.old, 0x5001);
	ck_assert_uint_eq(s.f[0].store.new_, 0);
	ck_assert(s.f[0].has_cmd);
	ck_assert_uint_eq(s.f[0].cmd.line, 5);
	ck_assert_uint_ge(s.f[0].cmd.done_at, s.f[0].cmd.at + 1);
	ck_assert_uint_gt(s.f[0].at, s.f[0].cmd.done_at);
	ck_assert(s.f[0].got.ok && s.f[0].got.spa == 0x5010);
	ck_assert(!s.f[0].now.ok);
	ck_assert_int_eq(s.f[1].class, ORACLE_WINDOW);
	ck_assert_uint_eq(s.f[1].line, 4);
	ck_assert(!s.f[1].has_cmd);
	ck_assert_uint_eq(s.word0, 0); /* looking back has left memory alone */
}
END_TEST

START_TEST(obeyed_invalidations_leave_nothing)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), REC_WRITE(0, 1), DMA(8, 0), REC_MAP(0, 0x6001), DMA(8, 0),
	};
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.agree, 3);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

/* The cause is the store that ended the mapping used, not the newest one. */
START_TEST(the_store_that_ended_it_is_found_behind_newer_ones)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), REC_WRITE(0, 2), REC_MAP(0, 0x7001), DMA(8, 0) };
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.stale, 1);
	ck_assert_uint_eq(s.f[0].store.line, 3);
	ck_assert_uint_eq(s.f[0].store.new_, 0);
	ck_assert_uint_eq(s.f[0].now.spa, 0x7000);
	ck_assert_uint_eq(s.word0, 0x7001);
}
END_TEST

START_TEST(more_changes_than_are_kept_still_make_it_stale)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), REC_MAP(0, 0x6001), REC_MAP(0, 0), REC_MAP(0, 0x7001), REC_MAP(0, 0),
		REC_MAP(0, 0x8001), REC_MAP(0, 0), REC_MAP(0, 0x9001), REC_MAP(0, 0), REC_MAP(0, 0xa001), REC_WRITE(0, 2), DMA(8, 0),
	};
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.stale, 1);
	ck_assert(s.f[0].lost && !s.f[0].has_store);
	ck_assert_uint_eq(s.f[0].cmd.line, 13);
	ck_assert_uint_eq(s.word0, 0xa001);
}
END_TEST

START_TEST(page_mapped_elsewhere_is_reuse_even_in_the_window)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), REC_MAP(3, 0x5001), DMA(8, 0) };
	static const struct trc_rec other[] = { REC_MAP(0, 0x5001), DMA(8, 0), REC_MAP(0, 0), REC_MAP(3, 0x6001), DMA(8, 0) };
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.reuse, 1);
	ck_assert_uint_eq(s.f[0].reuse_line, 4);
	ck_assert_uint_eq(s.f[0].reuse_word, FAKE_TABLE + 24);
	ck_assert_uint_eq(s.bad, 1);
	s = RUN(other);
	ck_assert_uint_eq(s.st.reuse, 0);
	ck_assert_uint_eq(s.st.window, 1);
	ck_assert_uint_eq(s.bad, 0);
}
END_TEST

START_TEST(another_requesters_entry_is_an_alias)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5001), REC_STORE(TABLE2, 0x6001), DMA(8, 0), BARRIER, DMA(OTHER, 0) };
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.alias, 1);
	ck_assert(s.f[0].has_other);
	ck_assert_uint_eq(s.f[0].req.rid, OTHER);
	ck_assert_uint_eq(s.f[0].other_rid, 8);
	ck_assert_uint_eq(s.f[0].got.spa, 0x5000);
	ck_assert_uint_eq(s.f[0].now.spa, 0x6000);
}
END_TEST

START_TEST(an_answer_that_nothing_explains_says_so)
{
	static const struct trc_rec t[] = { REC_MAP(0, 0x5001), DMA(8, 0), BARRIER, REC_WRITE(0, INVENT), DMA(8, 0) };
	struct seen s = RUN(t);

	ck_assert_uint_eq(s.st.unexplained, 1);
	ck_assert_uint_eq(s.bad, 1);
	ck_assert_uint_eq(s.f[0].got.spa, 0xbad000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("oracle");
	TCase *t = tcase_create("oracle");
	SRunner *r;
	int failed;

	tcase_add_test(t, unchanged_tables_are_walked_once);
	tcase_add_test(t, before_completion_is_the_legal_window_and_after_it_stale);
	tcase_add_test(t, obeyed_invalidations_leave_nothing);
	tcase_add_test(t, the_store_that_ended_it_is_found_behind_newer_ones);
	tcase_add_test(t, more_changes_than_are_kept_still_make_it_stale);
	tcase_add_test(t, page_mapped_elsewhere_is_reuse_even_in_the_window);
	tcase_add_test(t, another_requesters_entry_is_an_alias);
	tcase_add_test(t, an_answer_that_nothing_explains_says_so);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
