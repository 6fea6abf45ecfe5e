/* SPDX-License-Identifier: Apache-2.0 */
/* test_pri.c - page requests of a device: groups, credits, responses, the end of a PASID. */
#include "atc_rig.h"

enum { SUCCESS = 0, INVALID = 1, FAILURE = 15 };

static void pri_setup(struct rig *r)
{
	setup(r);
	set(r, "atc.on_no_access", "pri");
}

/* The unit answers the oldest group not yet answered, as software told it. */
static void respond(struct rig *r, unsigned code)
{
	r->f->u.ops->mmio_write(&r->f->u, 40, 8, code);
}

START_TEST(success_translates_again)
{
	struct rig r;
	sim_time t;

	pri_setup(&r);
	start(&r);
	submit(&r, 0x1010, 64, _i ? 'w' : 'r', 5);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 0);
	ck_assert_uint_eq(r.held, 1);
	ck_assert_uint_ge(r.stuck, 1); /* nothing moves until software acts */
	ck_assert_uint_eq(r.f->n_page, 1);
	ck_assert_uint_eq(r.f->page[0].addr, 0x1000);
	ck_assert_uint_eq(r.f->page[0].pasid, 5);
	ck_assert(r.f->page[0].has_pasid && r.f->page[0].last && r.f->page[0].r == !_i && r.f->page[0].w == _i);
	map(&r, 1, 0x5003);
	t = sim_now(r.k);
	respond(&r, SUCCESS);
	sim_run_until(r.k, t + 28000 + LAT - 1);
	ck_assert_uint_eq(r.held, 1);
	sim_run_until(r.k, t + 28000 + LAT); /* the response, with its PASID */
	ck_assert_uint_eq(r.held, 0);
	sim_run(r.k);
	ck_assert_uint_eq(r.ok, 1);
	ck_assert_uint_eq(r.res.spa, 0x5010);
	ck_assert_uint_eq(PRI(&r)->success, 1);
	ck_assert_uint_eq(PRI(&r)->latency_ps.n, 1);
	ck_assert_uint_eq(ATC(&r)->requests, 2);
	ck_assert(!dev_waiting(r.d));
	teardown(&r);
}
END_TEST

static const struct { const char *what; unsigned code; bool goes_on; } bad[] = {
	{ "invalid request", INVALID, true }, { "response failure", FAILURE, false }, { "reserved", 7, false },
};

START_TEST(bad_responses)
{
	struct rig r;

	pri_setup(&r);
	start(&r);
	submit(&r, 0x1000, 64, 'r', NONE);
	sim_run(r.k);
	respond(&r, bad[_i].code);
	sim_run(r.k);
	ck_assert_msg(r.done == 1 && !r.ok, "%s", bad[_i].what);
	ck_assert_uint_eq(PRI(&r)->invalid, bad[_i].goes_on);
	ck_assert_uint_eq(PRI(&r)->failure, !bad[_i].goes_on);
	submit(&r, 0x2000, 64, 'r', NONE);
	sim_run(r.k);
	ck_assert_msg(r.f->n_page == 1u + bad[_i].goes_on, "%s: page requests go on or stop", bad[_i].what);
	dev_set_pri(r.d, false);
	dev_set_pri(r.d, true); /* clears the failure */
	submit(&r, 0x3000, 64, 'r', NONE);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_page, 2u + bad[_i].goes_on);
	teardown(&r);
}
END_TEST

START_TEST(one_group_asks_for_several_pages)
{
	struct rig r;

	pri_setup(&r);
	set(&r, "pri.group", "3");
	set(&r, "outstanding", "1");
	start(&r);
	submit(&r, 0x1f00, 0x2000, 'r', NONE); /* pages 1 to 3 */
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_page, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(r.f->page[i].addr, 0x1000 * (i + 1));
		ck_assert_int_eq(r.f->page[i].last, i == 2);
		ck_assert_uint_eq(r.f->page[i].prgi, r.f->page[0].prgi);
	}
	ck_assert_uint_eq(PRI(&r)->groups, 1);
	ck_assert_uint_eq(PRI(&r)->requests, 3);
	for (unsigned i = 1; i < 4; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	respond(&r, SUCCESS);
	sim_run(r.k);
	ck_assert_uint_eq(r.ok, 1);
	ck_assert_uint_eq(PRI(&r)->groups, 1);
	teardown(&r);
}
END_TEST

START_TEST(equal_faults_share_a_group)
{
	struct rig r;

	pri_setup(&r);
	start(&r);
	for (unsigned i = 0; i < 4; i++)
		submit(&r, 0x1000 + 64 * i, 64, 'r', 2);
	submit(&r, 0x1000, 64, 'r', 3); /* another PASID, another group */
	sim_run(r.k);
	ck_assert_uint_eq(PRI(&r)->groups, 2);
	ck_assert_uint_eq(PRI(&r)->merged, 3);
	ck_assert_uint_eq(r.held, 5);
	map(&r, 1, 0x5003);
	respond(&r, SUCCESS);
	respond(&r, SUCCESS);
	sim_run(r.k);
	ck_assert_uint_eq(r.ok, 5);
	ck_assert_uint_eq(r.held, 0);
	teardown(&r);
}
END_TEST

/* Capacity and allocation: the lower of the two is what may be outstanding. */
START_TEST(credits_are_pages)
{
	struct rig r;

	pri_setup(&r);
	set(&r, _i ? "pri.capacity" : "pri.allocation", "2");
	start(&r);
	for (unsigned i = 1; i < 5; i++) {
		map(&r, i, 0);
		submit(&r, 0x1000 * i, 64, 'r', NONE);
	}
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_page, 2);
	ck_assert_uint_eq(PRI(&r)->credit_waits, 2);
	for (unsigned i = 1; i < 5; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	for (unsigned i = 1; i <= 4; i++) {
		respond(&r, SUCCESS);
		sim_run(r.k);
		ck_assert_uint_eq(r.ok, i);
		ck_assert_uint_eq(r.f->n_page, i + 2 < 4 ? i + 2 : 4);
	}
	teardown(&r);
}
END_TEST

static void keep(void *arg, const char *text)
{
	strcat(strcat(arg, text), "\n");
}

START_TEST(starved_of_credit_is_reported)
{
	static char all[4096];
	struct rig r;

	pri_setup(&r);
	set(&r, "pri.allocation", "0");
	start(&r);
	submit(&r, 0x1000, 64, 'r', NONE);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_page, 0);
	ck_assert(dev_waiting(r.d));
	dev_dump(r.d, keep, all);
	ck_assert_ptr_nonnull(strstr(all, "allocation 0; 1 requests wait for credit"));
	ck_assert_ptr_nonnull(strstr(all, "waits for a page request, read 0x1000"));
	dev_reset(r.d);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 1);
	ck_assert_uint_eq(r.held, 0);
	teardown(&r);
}
END_TEST

START_TEST(unexpected_responses_are_counted)
{
	struct rig r;
	struct page_resp p = { .rid = 8, .prgi = 3 };

	pri_setup(&r);
	r.cfg.pri.resp_pasid = _i;
	start(&r);
	dev_page_resp(r.d, &p); /* no such group */
	p.prgi = 600;
	dev_page_resp(r.d, &p);
	sim_run(r.k);
	ck_assert_uint_eq(PRI(&r)->uprgi, 2);
	submit(&r, 0x1000, 64, 'r', 5);
	sim_run(r.k);
	p = (struct page_resp){ .rid = 8, .prgi = r.f->page[0].prgi, .code = INVALID };
	dev_page_resp(r.d, &p); /* without its PASID */
	sim_run(r.k);
	ck_assert_uint_eq(PRI(&r)->uprgi, 2 + (unsigned)_i);
	ck_assert_uint_eq(r.done, !_i);
	respond(&r, INVALID);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 1);
	teardown(&r);
}
END_TEST

START_TEST(endless_success_ends)
{
	struct rig r;

	pri_setup(&r);
	set(&r, "pri.retries", "3");
	start(&r);
	submit(&r, 0x1000, 64, 'r', NONE);
	for (unsigned i = 0; i < 3; i++) {
		sim_run(r.k);
		ck_assert_uint_eq(r.f->n_page, i + 1);
		respond(&r, SUCCESS); /* no guarantee that it is mapped */
	}
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 1);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(PRI(&r)->given_up, 1);
	teardown(&r);
}
END_TEST

START_TEST(off_means_no_page_request)
{
	struct rig r;

	pri_setup(&r);
	if (_i)
		set(&r, "pri.enabled", "false");
	start(&r);
	if (!_i)
		dev_set_pri(r.d, false);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(r.f->n_page, 0);
	teardown(&r);
}
END_TEST

START_TEST(late_response_after_a_reset_is_unexpected)
{
	struct rig r;

	pri_setup(&r);
	start(&r);
	submit(&r, 0x1000, 64, 'r', NONE);
	sim_run(r.k);
	dev_reset(r.d);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 1);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(r.held, 0);
	respond(&r, SUCCESS);
	sim_run(r.k);
	ck_assert_uint_eq(PRI(&r)->uprgi, 1);
	teardown(&r);
}
END_TEST

/* ---- the end of a PASID ---- */

static void stopped(void *arg, struct dev *d, uint32_t pasid)
{
	ck_assert_uint_eq(pasid, 5);
	ck_assert(dev_idle(d) || pasid == 5);
	++*(unsigned *)arg;
}

START_TEST(stopping_a_pasid)
{
	struct rig r;
	unsigned n = 0;
	bool marker = _i;

	pri_setup(&r);
	r.cfg.pri.stop_marker = marker;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', 5);
	dma(&r, 0x1000, 'r', 6);
	submit(&r, 0x2000, 64, 'r', 5); /* will wait for its page */
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_page, 1);
	ck_assert(dev_stop_pasid(r.d, 5, stopped, &n));
	ck_assert_uint_eq(n, 0);
	submit(&r, 0x1000, 64, 'r', 5); /* new work is refused */
	submit(&r, 0x1000, 64, 'r', 6); /* its sibling's is not */
	sim_run(r.k);
	if (marker) {
		ck_assert_uint_eq(n, 1);
		ck_assert_uint_eq(r.done, 5);
		ck_assert_uint_eq(r.ok, 3);
		ck_assert_uint_eq(r.f->n_page, 2);
		ck_assert(r.f->page[1].last && !r.f->page[1].r && !r.f->page[1].w && r.f->page[1].pasid == 5);
		ck_assert_uint_eq(PRI(&r)->stop_markers, 1);
	} else {
		ck_assert_uint_eq(n, 0);
		respond(&r, INVALID);
		sim_run(r.k);
		ck_assert_uint_eq(n, 1);
		ck_assert_uint_eq(r.done, 5);
	}
	ck_assert_uint_eq(dev_atc_lines(r.d), 1); /* that of PASID 6 */
	dma(&r, 0x1000, 'r', 5); /* bound anew */
	ck_assert(r.res.ok);
	teardown(&r);
}
END_TEST

START_TEST(stopping_an_idle_pasid)
{
	struct rig r;
	unsigned n = 0;

	setup(&r);
	start(&r);
	ck_assert(dev_stop_pasid(r.d, 5, stopped, &n));
	ck_assert_uint_eq(n, 0);
	sim_run(r.k);
	ck_assert_uint_eq(n, 1);
	teardown(&r);
	setup(&r);
	r.cfg.atc.cache.entries = 0;
	start(&r);
	ck_assert(!dev_stop_pasid(r.d, 5, stopped, &n));
	teardown(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pri");
	TCase *t = tcase_create("pri");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, success_translates_again, 0, 2);
	tcase_add_loop_test(t, bad_responses, 0, ARRAY_LEN(bad));
	tcase_add_test(t, one_group_asks_for_several_pages);
	tcase_add_test(t, equal_faults_share_a_group);
	tcase_add_loop_test(t, credits_are_pages, 0, 2);
	tcase_add_test(t, starved_of_credit_is_reported);
	tcase_add_loop_test(t, unexpected_responses_are_counted, 0, 2);
	tcase_add_test(t, endless_success_ends);
	tcase_add_loop_test(t, off_means_no_page_request, 0, 2);
	tcase_add_test(t, late_response_after_a_reset_is_unexpected);
	tcase_add_loop_test(t, stopping_a_pasid, 0, 2);
	tcase_add_test(t, stopping_an_idle_pasid);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
