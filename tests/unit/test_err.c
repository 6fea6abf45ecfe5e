/* SPDX-License-Identifier: Apache-2.0 */
/* test_err.c - places in messages, exit codes, spelling distance. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/err.h"

START_TEST(place_comes_first)
{
	struct err e = { 0 };

	ck_assert(!err_at(&e, "a.yaml", 12, 7, "%s: %d is below the minimum %d", "k", 0, 1));
	ck_assert_str_eq(e.msg, "a.yaml:12:7: k: 0 is below the minimum 1");
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert(!err_at(&e, "t.iot", 3, 0, "bad"));
	ck_assert_str_eq(e.msg, "t.iot:3: bad");
	ck_assert(!err_set(NULL, ERR_INPUT, "nobody %s", "listens"));
	ck_assert(!err_at(NULL, "f", 1, 1, "x"));
}
END_TEST

START_TEST(message_stays_one_line_and_in_bounds)
{
	struct err e = { 0 };
	char *big = malloc(5000);

	memset(big, 'x', 4999);
	big[4999] = 0;
	ck_assert(!err_set(&e, ERR_MACHINE, "a\nb\r%s", big));
	ck_assert(strncmp(e.msg, "a b x", 5) == 0);
	ck_assert_uint_eq(strlen(e.msg), sizeof(e.msg) - 1);
	ck_assert(!err_at(&e, big, 1, 2, "tail"));
	ck_assert(strstr(e.msg, ":1:2: tail") != NULL);
	free(big);
}
END_TEST

START_TEST(message_may_quote_itself)
{
	struct err e = { 0 };

	ck_assert(!err_set(&e, ERR_INPUT, "inner"));
	ck_assert(!err_at(&e, "f", 2, 0, "%s", e.msg));
	ck_assert_str_eq(e.msg, "f:2: inner");
}
END_TEST

static const struct {
	int no, code;
} errno_rows[] = { { ENOENT, ERR_INPUT }, { EACCES, ERR_INPUT }, { EISDIR, ERR_INPUT }, { ENOSPC, ERR_MACHINE }, { EIO, ERR_MACHINE } };

START_TEST(errno_tells_user_from_machine)
{
	struct err e = { 0 };

	errno = errno_rows[_i].no;
	ck_assert(!err_errno(&e, "some/file"));
	ck_assert_int_eq(e.code, errno_rows[_i].code);
	ck_assert(strncmp(e.msg, "some/file: ", 11) == 0);
	ck_assert(strstr(e.msg, strerror(errno_rows[_i].no)) != NULL);
}
END_TEST

static const char *const keys[] = { "iotlb.entries", "iotlb.ways", "walkers", "clock", "merge" };
static const struct {
	const char *word, *want;
} near_rows[] = {
	{ "walkers", "walkers" },
	{ "walker", "walkers" }, /* insert */
	{ "walkerss", "walkers" }, /* delete */
	{ "welkers", "walkers" }, /* change */
	{ "wlakers", "walkers" }, /* swap: one step */
	{ "iotlb.entires", "iotlb.entries" },
	{ "cl", NULL }, /* distance 3 > 1 + 2/3 */
	{ "clo", "clock" }, /* distance 2 <= 1 + 3/3 */
	{ "c", NULL },
	{ "zzzzzzzz", NULL },
	{ "", NULL },
};

START_TEST(nearest_row)
{
	const char *got = err_nearest(near_rows[_i].word, keys, ARRAY_LEN(keys));

	if (near_rows[_i].want)
		ck_assert_msg(got && !strcmp(got, near_rows[_i].want), "%s -> %s", near_rows[_i].word, got ? got : "(none)");
	else
		ck_assert_msg(!got, "%s -> %s", near_rows[_i].word, got);
}
END_TEST

START_TEST(nearest_swap_costs_one)
{
	static const char *const two[] = { "abxx", "ba" };

	/* "ab" has 1 + 2/3 = 1 step: only the swap is in reach */
	ck_assert_str_eq(err_nearest("ab", two, 2), "ba");
	ck_assert_ptr_null(err_nearest("ab", NULL, 0));
}
END_TEST

START_TEST(nearest_survives_long_words)
{
	char *big = malloc(4000);
	const char *cand[] = { big };

	memset(big, 'q', 3999);
	big[3999] = 0;
	ck_assert_ptr_null(err_nearest(big, keys, ARRAY_LEN(keys)));
	ck_assert_ptr_null(err_nearest("clock", cand, 1));
	free(big);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("err");
	TCase *t = tcase_create("err");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, place_comes_first);
	tcase_add_test(t, message_stays_one_line_and_in_bounds);
	tcase_add_test(t, message_may_quote_itself);
	tcase_add_loop_test(t, errno_tells_user_from_machine, 0, (int)ARRAY_LEN(errno_rows));
	tcase_add_loop_test(t, nearest_row, 0, (int)ARRAY_LEN(near_rows));
	tcase_add_test(t, nearest_swap_costs_one);
	tcase_add_test(t, nearest_survives_long_words);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
