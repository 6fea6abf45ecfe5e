/* SPDX-License-Identifier: Apache-2.0 */
/* test_gen.c - the synthetic trace: determinism, counts, patterns, no two mappings on one physical page, churn. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/iommu.h"
#include "software/gen.h"

enum { PAGES = 64, DEVS = 3 };
static struct gen_cfg cfg(void)
{
	struct gen_cfg c = { 0 };

	cfg_defaults(gen_opts, &c);
	c.window = PAGES * 4096;
	c.pa_span = 1000 * 4096;
	c.devices = DEVS;
	c.count = 3000;
	return c;
}

static size_t pull(const struct gen_cfg *c, uint64_t seed, struct trc_rec *r, size_t cap)
{
	struct err e = { 0 };
	struct gen *g = gen_create(c, seed, &e);
	size_t n = 0;
	int rc;

	ck_assert_msg(g != NULL, "%s", e.msg);
	while ((rc = gen_next(g, &r[n], &e)) > 0)
		ck_assert_uint_lt(++n, cap);
	ck_assert_int_eq(rc, 0);
	gen_destroy(g);
	return n;
}

static struct trc_rec a[20000], b[20000];

START_TEST(same_seed_same_records)
{
	struct gen_cfg c = cfg();
	size_t n, m;

	c.churn = 7;
	n = pull(&c, 5, a, 20000);
	m = pull(&c, 5, b, 20000);
	ck_assert_uint_eq(n, m);
	ck_assert_int_eq(memcmp(a, b, n * sizeof(*a)), 0);
	m = pull(&c, 6, b, 20000);
	ck_assert(n != m || memcmp(a, b, n * sizeof(*a)) != 0);
}
END_TEST

/* Follow every map and unmap; every dma must hit a page that is mapped, where the record says; no physical page twice. */
static void follow(const struct gen_cfg *c, const struct trc_rec *r, size_t n, unsigned *unmaps)
{
	static uint64_t at[DEVS][PAGES];
	static uint8_t used[1000];
	size_t dmas = 0, writes = 0, attach = 0;

	memset(at, 0, sizeof(at));
	memset(used, 0, sizeof(used));
	*unmaps = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t page = (r[i].u.sw.iova - c->iova) / 4096, dev = r[i].u.sw.dom - 1, k = (r[i].u.sw.pa - c->pa) / 4096;

		switch (r[i].kind) {
		case TRC_ATTACH:
			ck_assert_uint_eq(r[i].u.sw.rid, c->rid + attach++);
			break;
		case TRC_MAP:
			ck_assert(page < PAGES && dev < DEVS && k < 1000 && !at[dev][page] && !used[k]);
			at[dev][page] = r[i].u.sw.pa;
			used[k] = 1;
			break;
		case TRC_UNMAP:
			ck_assert(at[dev][page] != 0);
			used[(at[dev][page] - c->pa) / 4096] = 0;
			at[dev][page] = 0;
			++*unmaps;
			break;
		default:
			ck_assert_uint_eq(r[i].kind, TRC_DMA);
			dev = r[i].u.dma.rid - c->rid;
			page = (r[i].u.dma.iova - c->iova) / 4096;
			ck_assert(page < PAGES && dev < DEVS);
			ck_assert_uint_eq(dev, dmas % DEVS);
			ck_assert_uint_ne(at[dev][page], 0);
			ck_assert_uint_eq(r[i].u.dma.pa, at[dev][page] + r[i].u.dma.iova % 4096);
			ck_assert_uint_eq(r[i].u.dma.len, c->len);
			writes += r[i].u.dma.dir == 'w';
			dmas++;
		}
	}
	ck_assert_uint_eq(attach, DEVS);
	ck_assert_uint_eq(dmas, c->count);
	ck_assert_uint_ge(writes, c->write_percent * c->count / 100 - 150); /* 5 sigma is 137 of 3000 */
	ck_assert_uint_le(writes, c->write_percent * c->count / 100 + 150);
}

START_TEST(maps_are_scattered_and_disjoint)
{
	struct gen_cfg c = cfg();
	size_t n = pull(&c, 9, a, 20000), near = 0;
	unsigned unmaps;

	follow(&c, a, n, &unmaps);
	ck_assert_uint_eq(unmaps, 0);
	ck_assert_uint_eq(n, DEVS + DEVS * PAGES + c.count);
	for (size_t i = 2; i < 1 + PAGES; i++)
		near += a[i].u.sw.pa == a[i - 1].u.sw.pa + 4096;
	ck_assert_uint_lt(near, PAGES / 8); /* not contiguous */
}
END_TEST

START_TEST(churn_moves_pages)
{
	struct gen_cfg c = cfg();
	unsigned unmaps;
	size_t n;

	c.churn = 10;
	n = pull(&c, 9, a, 20000);
	follow(&c, a, n, &unmaps);
	ck_assert_uint_ge(unmaps, 295); /* every 10 of 1000 DMAs of 3 requesters, not after the last */
	ck_assert_uint_le(unmaps, 300);
}
END_TEST

START_TEST(patterns)
{
	struct gen_cfg c = cfg();
	size_t n, first;
	uint64_t seen = 0;

	c.devices = 1;
	c.pattern = GEN_SEQUENTIAL;
	c.len = 4096;
	c.count = 130;
	n = pull(&c, 1, a, 20000);
	first = n - c.count;
	for (size_t i = 0; i < c.count; i++)
		ck_assert_uint_eq(a[first + i].u.dma.iova, c.iova + i % PAGES * 4096);
	c.pattern = GEN_STRIDE;
	c.stride = 8192;
	pull(&c, 1, a, 20000);
	for (size_t i = 0; i < c.count; i++)
		ck_assert_uint_eq(a[first + i].u.dma.iova, c.iova + i % (PAGES / 2) * 8192);
	c.pattern = GEN_UNIFORM;
	c.count = 3000;
	pull(&c, 1, a, 20000);
	for (size_t i = 0; i < c.count; i++)
		seen |= UINT64_C(1) << ((a[first + i].u.dma.iova - c.iova) / 4096);
	ck_assert_uint_eq(seen, UINT64_MAX); /* every page: 64 * (63/64)^3000 is 2e-19 */
}
END_TEST

START_TEST(pasid_type_and_pass_through)
{
	struct gen_cfg c = cfg();
	char pt[] = "pt";
	size_t n;

	c.type = pt;
	c.pasid = 9;
	n = pull(&c, 1, a, 20000);
	ck_assert_uint_eq(n, DEVS + c.count); /* nothing to map */
	ck_assert_str_eq(a[0].u.sw.type, "pt");
	ck_assert_uint_eq(a[0].u.sw.pasid, 9);
	ck_assert_uint_eq(a[n - 1].u.dma.pasid, 9);
	ck_assert_uint_eq(a[n - 1].u.dma.pa, a[n - 1].u.dma.iova);
}
END_TEST

START_TEST(bad_configurations)
{
	struct gen_cfg c = cfg();
	struct err e;

#define REFUSED(assign, word)                                                                      \
	do {                                                                                       \
		c = cfg();                                                                         \
		assign;                                                                            \
		ck_assert_ptr_null(gen_create(&c, 1, &e));                                         \
		ck_assert_int_eq(e.code, ERR_INPUT);                                               \
		ck_assert_msg(strstr(e.msg, word) != NULL, "%s", e.msg);                           \
	} while (0)
	REFUSED(c.window += 1, "gen.window");
	REFUSED(c.len = c.window + 1, "gen.size");
	REFUSED(c.pa_span = DEVS * PAGES * 4096, "gen.pa_span");
	REFUSED(c.rid = 0xfffe, "gen.rid");
	REFUSED(c.pasid = 1 << 20, "gen.pasid");
	REFUSED(c.iova = UINT64_MAX - 4095, "gen.iova");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gen");
	TCase *t = tcase_create("gen");
	SRunner *r;
	int bad;

	tcase_add_test(t, same_seed_same_records);
	tcase_add_test(t, maps_are_scattered_and_disjoint);
	tcase_add_test(t, churn_moves_pages);
	tcase_add_test(t, patterns);
	tcase_add_test(t, pasid_type_and_pass_through);
	tcase_add_test(t, bad_configurations);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
