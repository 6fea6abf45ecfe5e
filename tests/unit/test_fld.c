/* SPDX-License-Identifier: Apache-2.0 */
/* test_fld.c - reserved masks, get/put, printing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/fld.h"

static const struct fld rows[] = {
	{ "P", 0, 0, 0, FLD_RW, "present" },
	{ "CNT", 0, 7, 4, FLD_RW, "count" },
	{ "PTR", 0, 63, 12, FLD_ADDR, "table" },
	{ "ALL", 1, 63, 0, FLD_RO, "whole word" },
	{ "AVAIL", 2, 6, 3, FLD_IGN, "ignored" },
};
static const struct fld_set set = { "toy", "Toy Entry", 3, rows, ARRAY_LEN(rows) };

START_TEST(reserved_is_what_no_row_names)
{
	ck_assert_uint_eq(fld_reserved(&set, 0), 0xf0e);
	ck_assert_uint_eq(fld_reserved(&set, 1), 0);
	ck_assert_uint_eq(fld_reserved(&set, 2), ~UINT64_C(0x78));
}
END_TEST

START_TEST(get_by_hand)
{
	const uint64_t w[3] = { UINT64_C(0x123456789abcd0a1), 77, 0x78 };

	ck_assert_uint_eq(fld_get(&rows[0], w), 1);
	ck_assert_uint_eq(fld_get(&rows[1], w), 0xa);
	ck_assert_uint_eq(fld_get(&rows[2], w), UINT64_C(0x123456789abcd));
	ck_assert_uint_eq(fld_get(&rows[3], w), 77);
	ck_assert_uint_eq(fld_get(&rows[4], w), 0xf);
}
END_TEST

START_TEST(put_changes_its_bits_only)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int ones = 0; ones < 2; ones++) {
			uint64_t w[3], was[3], v = UINT64_C(0xa5a5a5a5a5a5a5a5), width;

			memset(w, ones ? 0xff : 0, sizeof(w));
			memcpy(was, w, sizeof(w));
			fld_put(&rows[i], w, v);
			width = rows[i].hi - rows[i].lo + 1u;
			ck_assert_uint_eq(fld_get(&rows[i], w), width == 64 ? v : v & ((UINT64_C(1) << width) - 1));
			fld_put(&rows[i], w, ones ? ~UINT64_C(0) : 0);
			ck_assert_mem_eq(w, was, sizeof(w));
		}
}
END_TEST

START_TEST(print_shows_values_addresses_and_reserved_bits)
{
	const uint64_t w[3] = { UINT64_C(0xabc051), 5, UINT64_C(1) << 63 };
	const uint64_t clean[3] = { 1, 5, 0 };
	char *out = NULL;
	size_t n = 0;
	FILE *o = open_memstream(&out, &n);

	fld_print(o, &set, w);
	fclose(o);
	ck_assert_ptr_nonnull(strstr(out, "  CNT   [7:4]     0x5 "));
	ck_assert_ptr_nonnull(strstr(out, "  PTR   [63:12]   0xabc000 "));
	ck_assert_ptr_nonnull(strstr(out, "  ALL   [127:64]  0x5 "));
	ck_assert_ptr_nonnull(strstr(out, "\nreserved bits set: word 2 0x8000000000000000\n"));
	free(out);
	o = open_memstream(&out, &n);
	fld_print(o, &set, clean);
	fclose(o);
	ck_assert_ptr_null(strstr(out, "reserved"));
	free(out);
}
END_TEST

START_TEST(find_by_name)
{
	ck_assert_ptr_eq(fld_find(&set, "PTR"), &rows[2]);
	ck_assert_ptr_null(fld_find(&set, "PT"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("fld");
	TCase *t = tcase_create("fld");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, reserved_is_what_no_row_names);
	tcase_add_test(t, get_by_hand);
	tcase_add_test(t, put_changes_its_bits_only);
	tcase_add_test(t, print_shows_values_addresses_and_reserved_bits);
	tcase_add_test(t, find_by_name);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
