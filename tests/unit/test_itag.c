/* SPDX-License-Identifier: Apache-2.0 */
/* test_itag.c - ITags that timed out: avoided, reused when no other is left, or held back until answered in full or for a time. */
#include <check.h>
#include "pcie/itag.h"

enum { RID = 0x100 };
struct world {
	struct sim_kernel *k;
	struct itags t;
	unsigned freed;
};

static void on_freed(struct itags *t, uint32_t rid)
{
	struct world *w = container_of(t, struct world, t);

	ck_assert_uint_eq(rid, RID);
	w->freed++;
}

static void init(struct world *w, uint64_t hold)
{
	*w = (struct world){ .k = sim_kernel_create() };
	itag_init(&w->t, w->k, hold, on_freed);
}

static void fini(struct world *w)
{
	itag_fini(&w->t);
	sim_kernel_destroy(w->k);
}

START_TEST(lost_ones_come_last)
{
	struct world w;
	bool lost;

	init(&w, 0);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 0);
	itag_timed_out(&w.t, RID, 0, 0);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 1);
	ck_assert(!lost);
	ck_assert_uint_eq(itag_choose(&w.t, RID + 1, 0, &lost), 0); /* of that requester only */
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0xfffffffe, &lost), 0); /* no other is left */
	ck_assert(lost);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0xffffffff, &lost), ITAGS);
	ck_assert(!lost);
	fini(&w);
}
END_TEST

/* Two traffic classes: the ITag is free after the second late completion, not after the first. */
START_TEST(an_answer_is_whole_when_every_class_has_come)
{
	struct world w;
	bool lost;

	init(&w, 0);
	itag_timed_out(&w.t, RID, 0, 0);
	itag_late(&w.t, RID, 0, 2);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 1);
	itag_late(&w.t, RID, 0, 2);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 0);
	itag_timed_out(&w.t, RID, 0, 1); /* one of two had come before the time-out */
	itag_late(&w.t, RID, 0, 2);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 0);
	itag_timed_out(&w.t, RID, 0, 0); /* twice the same one: both answers are awaited; a count of 0 means 8 */
	itag_timed_out(&w.t, RID, 0, 0);
	for (unsigned i = 0; i < 16; i++) {
		ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 1);
		ck_assert(!itag_late(&w.t, RID, 0, 0));
	}
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 0);
	fini(&w);
}
END_TEST

START_TEST(held_ones_wait)
{
	struct world w;
	bool lost;

	init(&w, 1000);
	for (unsigned i = 0; i < ITAGS; i++) {
		sim_run_until(w.k, 10 * i);
		itag_timed_out(&w.t, RID, i, 0);
	}
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), ITAGS);
	ck_assert(lost);
	ck_assert(itag_late(&w.t, RID, 7, 1)); /* its answer: the caller goes on */
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 7);
	ck_assert_uint_eq(w.freed, 0);
	sim_run_until(w.k, 999);
	ck_assert_uint_eq(w.freed, 0);
	sim_run_until(w.k, 1000);
	ck_assert_uint_eq(w.freed, 1);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 0, &lost), 0);
	sim_run(w.k);
	ck_assert_uint_eq(sim_now(w.k), 1310);
	ck_assert_uint_eq(w.freed, ITAGS - 1);
	fini(&w);
}
END_TEST

START_TEST(the_oldest_is_forgotten)
{
	struct world w;
	bool lost;

	init(&w, 0);
	itag_timed_out(&w.t, RID, 3, 0);
	for (unsigned i = 1; i < ITAG_LOST; i++)
		itag_timed_out(&w.t, RID + 1, i % ITAGS, 0);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 7, &lost), 4);
	itag_timed_out(&w.t, RID + 1, 0, 0);
	ck_assert_uint_eq(itag_choose(&w.t, RID, 7, &lost), 3);
	fini(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("itag");
	TCase *t = tcase_create("itag");
	SRunner *sr;
	int failed;

	tcase_add_test(t, lost_ones_come_last);
	tcase_add_test(t, an_answer_is_whole_when_every_class_has_come);
	tcase_add_test(t, held_ones_wait);
	tcase_add_test(t, the_oldest_is_forgotten);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
