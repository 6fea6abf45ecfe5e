/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_growth.c - work that must not grow with the number of things: attachments of the driver model are found in a bucket, not by a
 * search.
 */
#include <check.h>
#include <stdlib.h>
#include "software/drv_int.h"

enum { MANY = 60000, CHAIN = 16 };

static size_t longest_chain(const struct drv *d)
{
	size_t longest = 0;

	for (size_t i = 0; i < d->cap_att; i++) {
		size_t n = 0;

		for (const struct drv_att *a = d->att[i]; a; a = a->hnext)
			n++;
		longest = n > longest ? n : longest;
	}
	return longest;
}

/* The i-th: requesters, PASIDs of one requester, or requesters on two units. */
static void nth(int way, uint32_t i, unsigned *unit, uint32_t *rid, uint32_t *pasid)
{
	*unit = way == 2 ? i & 1 : 0;
	*rid = way == 1 ? 0x100 : way == 2 ? 8 + i / 2 : 8 + i;
	*pasid = way == 1 ? i + 1 : TRC_NO_PASID;
}

START_TEST(an_attachment_is_found_in_a_short_chain)
{
	const struct drv_cfg c = { 0 };
	struct drv *d = drv_create(&c, NULL, NULL, NULL, NULL);
	struct drv_dom *m[2];
	unsigned unit;
	uint32_t rid, pasid, i = 0;

	ck_assert_ptr_nonnull(d);
	m[0] = drv_dom_add(d, 1, NULL);
	m[1] = drv_dom_add(d, 2, NULL);
	for (i = 0; i < MANY; i++) {
		nth(_i, i, &unit, &rid, &pasid);
		ck_assert_ptr_null(drv_attached_to(d, unit, rid, pasid));
		ck_assert(drv_att_add(d, m[i / 3 % 2], unit, rid, pasid));
	}
	ck_assert_uint_eq(d->n_att, MANY);
	ck_assert_uint_le(longest_chain(d), CHAIN);
	for (i = 0; i < MANY; i++) {
		nth(_i, i, &unit, &rid, &pasid);
		ck_assert_ptr_eq(drv_attached_to(d, unit, rid, pasid), m[i / 3 % 2]);
		ck_assert_ptr_null(drv_att_find(d, m[1 - i / 3 % 2], unit, rid, pasid));
	}
	drv_destroy(d);
}
END_TEST

START_TEST(the_order_of_attaching_survives_detaches)
{
	const struct drv_cfg c = { 0 };
	struct drv *d = drv_create(&c, NULL, NULL, NULL, NULL);
	struct drv_dom *m = drv_dom_add(d, 1, NULL);
	static const uint32_t left[] = { 1, 2, 4, 5, 7, 8, 10, 100, 101 };
	size_t n = 0;

	for (uint32_t i = 0; i < 12; i++)
		ck_assert(drv_att_add(d, m, 0, i, TRC_NO_PASID));
	for (uint32_t i = 0; i < 12; i += 3)
		drv_att_del(d, m, 0, i, TRC_NO_PASID); /* the first among them */
	drv_att_del(d, m, 0, 11, TRC_NO_PASID); /* the last */
	ck_assert(drv_att_add(d, m, 0, 100, TRC_NO_PASID));
	ck_assert(drv_att_add(d, m, 0, 101, 7));
	for (const struct drv_att *a = m->att; a; a = a->next, n++)
		ck_assert_uint_eq(a->rid, left[n]);
	ck_assert_uint_eq(n, ARRAY_LEN(left));
	ck_assert_ptr_null(drv_attached_to(d, 0, 11, TRC_NO_PASID));
	ck_assert_ptr_null(drv_attached_to(d, 0, 101, TRC_NO_PASID));
	ck_assert_ptr_eq(drv_attached_to(d, 0, 101, 7), m);
	drv_destroy(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("growth");
	TCase *t = tcase_create("growth");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, an_attachment_is_found_in_a_short_chain, 0, 3);
	tcase_add_test(t, the_order_of_attaching_survives_detaches);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
