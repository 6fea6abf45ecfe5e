/* SPDX-License-Identifier: Apache-2.0 */
/* test_stat.c - histogram edges and percentiles against sorted samples; the registry. */
#include <check.h>
#include <stdlib.h>
#include "core/base/rng.h"
#include "core/stat/stat.h"

static struct hist h;

START_TEST(buckets_tile_all_values)
{
	ck_assert_uint_eq(hist_bucket_low(0), 0);
	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		uint64_t lo = hist_bucket_low(i), hi = hist_bucket_high(i);

		ck_assert_uint_le(lo, hi);
		ck_assert_uint_le(hi - lo, lo / 64);
		if (i + 1 < HIST_BUCKETS)
			ck_assert_uint_eq(hist_bucket_low(i + 1), hi + 1);
		hist_reset(&h);
		hist_add(&h, lo);
		hist_add(&h, hi);
		ck_assert_uint_eq(hist_count(&h, i), 2);
	}
	ck_assert_uint_eq(hist_bucket_high(HIST_BUCKETS - 1), UINT64_MAX);
	ck_assert_uint_eq(hist_bucket_low(63), hist_bucket_high(63));
	ck_assert_uint_eq(hist_bucket_low(64), 64);
}
END_TEST

static int cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The exact percentile lies in the bucket whose upper edge is reported, and the report is never above the maximum. */
START_TEST(percentiles_against_sorted_samples)
{
	static const unsigned pm[] = { 0, 1, 500, 900, 950, 990, 999, 1000 };
	static uint64_t v[5000];
	size_t n = 1 + (size_t)_i * 613;
	struct rng r;
	uint64_t sum = 0;

	rng_seed(&r, 7 + (uint64_t)_i);
	hist_reset(&h);
	for (size_t i = 0; i < n; i++) {
		v[i] = rng_next(&r) >> (_i % 2 ? 64 - 7 : rng_below(&r, 64));
		sum += v[i];
		hist_add(&h, v[i]);
	}
	qsort(v, n, sizeof(v[0]), cmp);
	ck_assert_uint_eq(h.n, n);
	ck_assert_uint_eq(h.min, v[0]);
	ck_assert_uint_eq(h.max, v[n - 1]);
	ck_assert_uint_eq(h.sum, sum);
	for (size_t i = 0; i < ARRAY_LEN(pm); i++) {
		size_t need = (n * pm[i] + 999) / 1000;
		uint64_t exact = v[need ? need - 1 : 0], got = hist_pct(&h, pm[i]);

		ck_assert_uint_ge(got, exact);
		ck_assert_uint_le(got - exact, exact / 64);
		ck_assert_uint_le(got, h.max);
	}
	ck_assert_uint_eq(hist_pct(&h, 1000), h.max);
}
END_TEST

static const uint64_t same_rows[] = { 0, 1, 63, 64, 65, 1000003, UINT64_MAX - 1, UINT64_MAX };

START_TEST(all_samples_equal)
{
	hist_reset(&h);
	for (int i = 0; i < 1000; i++)
		hist_add(&h, same_rows[_i]);
	for (unsigned p = 0; p <= 1000; p += 100)
		ck_assert_uint_eq(hist_pct(&h, p), same_rows[_i]);
	ck_assert_uint_eq(h.min, same_rows[_i]);
}
END_TEST

START_TEST(empty_histogram)
{
	hist_reset(&h);
	ck_assert_uint_eq(hist_pct(&h, 500), 0);
	hist_add(&h, 9);
	hist_reset(&h);
	ck_assert_uint_eq(hist_pct(&h, 999), 0);
	ck_assert_uint_eq(h.n + h.sum + h.min + h.max + hist_count(&h, 9), 0);
	hist_add(&h, 10); /* counts of before do not come back */
	ck_assert_uint_eq(hist_count(&h, 9), 0);
	ck_assert_uint_eq(hist_count(&h, 10), 1);
}
END_TEST

struct demo {
	uint64_t a, untouched, b;
	struct hist h;
};
static const struct stat_def demo_defs[] = {
	{ "a", "count", "a", offsetof(struct demo, a), STAT_U64, 0 },
	{ "b", "count", "b", offsetof(struct demo, b), STAT_U64, 0 },
	{ "h", "ps", "h", offsetof(struct demo, h), STAT_HIST, 0 },
	{ "a_per_untouched", "ratio", "r", offsetof(struct demo, a), STAT_RATIO, offsetof(struct demo, untouched) },
	{ 0 },
};

START_TEST(reset_clears_what_is_registered)
{
	static struct demo d[100];
	struct stat_reg r = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(d); i++) {
		d[i].a = d[i].untouched = d[i].b = i + 1;
		hist_add(&d[i].h, i);
		ck_assert(stat_add(&r, "demo", &d[i], demo_defs));
	}
	ck_assert_uint_eq(r.n, 100);
	stat_reset(&r);
	for (size_t i = 0; i < ARRAY_LEN(d); i++) {
		ck_assert_uint_eq(d[i].a + d[i].b + d[i].h.n, 0);
		ck_assert_uint_eq(d[i].untouched, i + 1); /* a ratio is no storage */
		ck_assert_ptr_eq(r.node[i].base, &d[i]);
	}
	stat_fini(&r);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stat");
	TCase *t = tcase_create("stat");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, buckets_tile_all_values);
	tcase_add_loop_test(t, percentiles_against_sorted_samples, 0, 8);
	tcase_add_loop_test(t, all_samples_equal, 0, (int)ARRAY_LEN(same_rows));
	tcase_add_test(t, empty_histogram);
	tcase_add_test(t, reset_clears_what_is_registered);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
