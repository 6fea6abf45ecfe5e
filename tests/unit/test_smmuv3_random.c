/* SPDX-License-Identifier: Apache-2.0 */
/* The fuzz harness's inputs drawn from fixed seeds: bounded and the same on every machine. */
#include <check.h>
#include <stdlib.h>
#include "core/base/rng.h"
#include "smmuv3_chaos.h"

enum { INPUTS = 500, BYTES = 1500 };

START_TEST(hostile_guests)
{
	uint8_t buf[BYTES];
	uint64_t score = 0;
	struct rng g;

	rng_seed(&g, 4177 + (uint64_t)_i);
	for (int n = 0; n < INPUTS; n++) {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = (uint8_t)rng_next(&g);
		score += chaos_run(buf, sizeof(buf));
	}
	ck_assert_uint_gt(score, INPUTS * 20); /* the inputs reach the walk */
}
END_TEST

START_TEST(same_again)
{
	uint8_t buf[BYTES];
	struct rng g;

	rng_seed(&g, 5);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rng_next(&g);
	ck_assert_uint_eq(chaos_run(buf, sizeof(buf)), chaos_run(buf, sizeof(buf)));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_random");
	TCase *t = tcase_create("random");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, hostile_guests, 0, 4);
	tcase_add_test(t, same_again);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
