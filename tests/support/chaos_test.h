/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chaos_test.h - the fuzz harness's inputs drawn from fixed seeds: bounded and the same on every machine. To be included behind the
 * architecture's header; CHAOS_TEST(name, first seed, inputs a seed) is the program.
 */
#ifndef IOMMUSIM_CHAOS_TEST_H
#define IOMMUSIM_CHAOS_TEST_H
#include <check.h>
#include "run_suite.h"
#include "core/base/rng.h"

static uint64_t chaos_drawn(struct rng *g)
{
	uint8_t buf[1500];

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rng_next(g);
	return chaos_run(buf, sizeof(buf));
}

static void chaos_seed(uint64_t seed, unsigned inputs)
{
	uint64_t score = 0;
	struct rng g;

	rng_seed(&g, seed);
	for (unsigned n = 0; n < inputs; n++)
		score += chaos_drawn(&g);
	ck_assert_uint_gt(score, inputs * 20); /* the inputs reach the walk */
}

START_TEST(same_again)
{
	struct rng g, h;

	rng_seed(&g, 5);
	h = g;
	ck_assert_uint_eq(chaos_drawn(&g), chaos_drawn(&h));
}
END_TEST

static int chaos_main(const char *name, const TTest *hostile)
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create("random");
	int bad;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, hostile, 0, 4);
	tcase_add_test(t, same_again);
	suite_add_tcase(s, t);
	bad = run_suite(s);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
#define CHAOS_TEST(name, seed, inputs)                                                                                         \
	START_TEST(hostile_guests)                                                                                             \
	{                                                                                                                      \
		chaos_seed((seed) + (uint64_t)_i, inputs);                                                                     \
	}                                                                                                                      \
	END_TEST                                                                                                               \
															       \
	int main(void)                                                                                                         \
	{                                                                                                                      \
		return chaos_main(name, hostile_guests);                                                                       \
	}
#endif
