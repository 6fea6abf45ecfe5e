/* SPDX-License-Identifier: Apache-2.0 */
/* run_suite.h - runs a suite of Check and says how many of its tests failed. */
#ifndef TESTS_RUN_SUITE_H
#define TESTS_RUN_SUITE_H
#include <check.h>

static inline int run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed;
}
#endif
