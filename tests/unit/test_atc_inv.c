/* SPDX-License-Identifier: Apache-2.0 */
/* test_atc_inv.c - invalidate requests at a device: the duties of the function, and each way to neglect them. */
#include "atc_rig.h"

enum { WIRE_REQ = 32000, WIRE_CPL = 24000, ANSWER = WIRE_REQ + LAT + INV_TIME + WIRE_CPL + LAT };

/* ---- whom an invalidate request means ---- */

static const struct {
	const char *what, *scope;
	uint32_t pasid;
	bool global, supported;
	unsigned left; /* lines of: bit 0 no PASID, bit 1 PASID 3, bit 2 PASID 4, bit 3 Global (filled under 5) */
} scopes[] = {
	{ "no PASID, own", "own", NONE, false, true, 0xe },
	{ "no PASID, all", "all", NONE, false, true, 0x0 },
	{ "PASID 3", "own", 3, false, true, 0x5 },
	{ "PASID 4, all", "all", 4, false, true, 0x3 },
	{ "PASID of nobody", "own", 8, false, true, 0x7 },
	{ "Global", "own", 8, true, true, 0x1 },
	{ "Global, not supported", "own", 3, true, false, 0x5 },
};

START_TEST(scope_of_an_invalidate_request)
{
	static const uint32_t pasid[] = { NONE, 3, 4, 5 };
	struct rig r;
	unsigned left = 0;

	setup(&r);
	set(&r, "atc.nopasid_inv_scope", scopes[_i].scope);
	r.cfg.atc.global_inv = scopes[_i].supported;
	map(&r, 1, 0x5003);
	map(&r, 2, 0x6003 | FAKE_GLOBAL);
	start(&r);
	for (unsigned i = 0; i < 3; i++)
		dma(&r, 0x1000, 'r', pasid[i]);
	dma(&r, 0x2000, 'r', pasid[3]);
	inv(&r, 0, 0x2fff, scopes[_i].pasid, scopes[_i].global, 0);
	sim_run(r.k);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t was = ATC(&r)->hits;

		dma(&r, i == 3 ? 0x2000 : 0x1000, 'r', pasid[i]);
		left |= (unsigned)(ATC(&r)->hits - was) << i;
	}
	ck_assert_msg(left == scopes[_i].left, "%s: left 0x%x", scopes[_i].what, left);
	teardown(&r);
}
END_TEST

START_TEST(time_of_an_answer)
{
	struct rig r;

	setup(&r);
	start(&r);
	inv(&r, 0, 0xfff, NONE, false, 3); /* nothing matches, and it is answered */
	sim_run_until(r.k, ANSWER - 1);
	ck_assert_uint_eq(r.f->n_cpl, 0);
	sim_run_until(r.k, ANSWER);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(r.f->cpl[0].itags, 8);
	ck_assert_uint_eq(r.f->cpl[0].cc, 1);
	ck_assert_uint_eq(INV(&r)->latency_ps.max, ANSWER - WIRE_REQ - LAT);
	inv(&r, 0, 0xfff, 1, false, 3); /* with a PASID the request is 4 bytes longer */
	sim_run_until(r.k, 2 * ANSWER + 4000 - 1);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 2);
	teardown(&r);
}
END_TEST

/* ---- duty 2: translation requests in flight ---- */

START_TEST(overtaken_completion_is_not_used)
{
	struct rig r;
	bool reaches = _i & 1, large = _i & 2;

	setup(&r);
	map(&r, 0, 0x10003 | (large ? 1 << 3 : 0)); /* page 0, or 0 and 1 */
	map(&r, 1, 0x11003);
	start(&r);
	submit(&r, 0, 64, 'r', NONE);
	inv(&r, reaches ? 0x1000 : 0x2000, 0x2fff, NONE, false, 1); /* arrives at the device at 132 ns, while the request is under way */
	sim_run_until(r.k, 140000);
	map(&r, 0, 0x20003 | (large ? 1 << 3 : 0));
	sim_run(r.k);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(ATC(&r)->poisoned, reaches && large);
	ck_assert_uint_eq(r.res.spa, 0x20000);
	ck_assert_uint_eq(ATC(&r)->requests, reaches && large ? 2 : 1);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	teardown(&r);
}
END_TEST

START_TEST(overtaken_request_for_the_very_page)
{
	struct rig r;

	setup(&r);
	map(&r, 0, 0x10003);
	start(&r);
	submit(&r, 0, 64, 'w', 3);
	sim_run_until(r.k, 4000 + 24000 + LAT + MEM_LAT + 1); /* the old entry is read */
	map(&r, 0, 0x20003);
	inv(&r, 0, 0xfff, 3, false, 1); /* but its completion is on the wire: the request comes behind it, unless the wire is free later */
	sim_run(r.k);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(dev_atc_lines(r.d), ATC(&r)->poisoned);
	dma(&r, 0, 'w', 3);
	ck_assert_uint_eq(r.res.spa, 0x20000);
	teardown(&r);
}
END_TEST

START_TEST(a_global_page_may_be_in_the_scope_of_another_pasid)
{
	struct rig r;

	setup(&r);
	map(&r, 0, 0x10003 | (_i ? FAKE_GLOBAL : 0));
	start(&r);
	submit(&r, 0, 64, 'r', 3);
	inv(&r, 0, 0xfff, 4, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(ATC(&r)->poisoned, (uint64_t)_i);
	teardown(&r);
}
END_TEST

/* ---- duty 3: reads; duty 4: posted writes ---- */

START_TEST(reads_with_an_old_address_come_first)
{
	struct rig r;
	sim_time t;
	bool concerned = _i & 1, broken = _i & 2;

	setup(&r);
	r.cfg.no_flush = broken;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	t = sim_now(r.k);
	r.port.cfg.lat_ps = US(50); /* a slow read */
	submit(&r, 0x1000, 64, 'r', NONE);
	sim_run_until(r.k, t + 10000);
	inv(&r, concerned ? 0x1000 : 0x3000, 0x3fff, NONE, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(INV(&r)->read_waits, concerned && !broken);
	if (concerned && !broken)
		ck_assert_uint_eq(r.f->cpl[0].at, r.at + WIRE_CPL + LAT);
	else
		ck_assert_uint_lt(r.f->cpl[0].at, r.at);
	ck_assert_uint_eq(INV(&r)->unflushed, broken);
	ck_assert_uint_eq(dev_atc_lines(r.d), concerned && !broken ? 0 : 1);
	teardown(&r);
}
END_TEST

START_TEST(posted_writes_are_pushed)
{
	struct rig r;
	bool misorder = _i == 1;

	setup(&r);
	set(&r, "atc.misorders_completion", misorder ? "true" : "false");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'w', NONE);
	r.port.cfg.lat_ps = US(50);
	submit(&r, 0x1000, 64, 'w', NONE);
	sim_run_until(r.k, sim_now(r.k) + 10000);
	inv(&r, 0x1000, 0x1fff, NONE, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(INV(&r)->misordered, misorder);
	ck_assert_uint_eq(INV(&r)->write_waits, !misorder);
	if (misorder) {
		ck_assert_uint_lt(r.f->cpl[0].at, r.at); /* the write lands in a page that software may have given away */
		ck_assert_uint_eq(r.f->cpl[0].busy, 1);
	} else {
		ck_assert_uint_ge(r.f->cpl[0].at, r.at);
		ck_assert_uint_eq(r.f->cpl[0].busy, 0);
	}
	teardown(&r);
}
END_TEST

/* A write queued on a slow wire: only a device that misorders gets its completion out before it. */
START_TEST(completion_queues_behind_the_data)
{
	struct rig r;

	setup(&r);
	r.cfg.misorder = _i;
	r.cfg.ats_cpl_ps = 0;
	r.cfg.mps = 4096;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'w', NONE);
	submit(&r, 0x1000, 4096, 'w', NONE); /* over 4 us on the wire */
	inv(&r, 0x1000, 0x1fff, NONE, false, 1);
	sim_run(r.k);
	if (_i)
		ck_assert_uint_lt(r.f->cpl[0].at, r.at);
	else
		ck_assert_uint_ge(r.f->cpl[0].at, r.at);
	teardown(&r);
}
END_TEST

START_TEST(one_completion_for_each_traffic_class)
{
	struct rig r;
	unsigned n = _i ? 8 : 3;

	setup(&r);
	r.cfg.atc.tc_count = n;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'w', 1);
	r.port.cfg.lat_ps = US(50);
	submit(&r, 0x1000, 64, 'w', 1);
	sim_run_until(r.k, sim_now(r.k) + 10000);
	inv(&r, 0x1000, 0x1fff, 1, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, n);
	for (unsigned i = 0; i < n; i++)
		ck_assert_uint_eq(r.f->cpl[i].cc, n & 7); /* 0 stands for 8 */
	ck_assert_uint_eq(r.f->cpl[n - 1].busy, 0); /* that of class 1 came last, behind the write */
	ck_assert_uint_eq(r.f->cpl[n - 2].busy, 1);
	ck_assert_uint_eq(INV(&r)->latency_ps.n, 1);
	teardown(&r);
}
END_TEST

/* ---- queue depth ---- */

/* The second one is held, and a read's completion behind it. A read that the first one waits for is let through. */
START_TEST(a_full_queue_holds_up_the_link)
{
	struct rig r;
	sim_time t;
	bool needed = _i;

	setup(&r);
	set(&r, "ats.queue_depth", "1");
	set(&r, "ats.completion_time", "10 us");
	map(&r, 1, 0x5003);
	map(&r, 2, 0x6003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	dma(&r, 0x2000, 'r', NONE);
	t = sim_now(r.k);
	r.port.cfg.lat_ps = US(1);
	submit(&r, needed ? 0x1000 : 0x2000, 64, 'r', NONE);
	inv(&r, 0x1000, 0x1fff, NONE, false, 1);
	inv(&r, 0x4000, 0x4fff, NONE, false, 2);
	sim_run_until(r.k, t + US(9));
	ck_assert_uint_eq(INV(&r)->backpressured, 1);
	ck_assert_uint_eq(r.done, needed ? 3 : 2);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 3);
	ck_assert_uint_eq(r.f->n_cpl, 2);
	ck_assert_uint_eq(r.f->cpl[0].itags, 2);
	ck_assert_uint_eq(r.f->cpl[1].itags, 4);
	ck_assert_uint_gt(INV(&r)->backpressure_ps, US(10) - 1000);
	teardown(&r);
}
END_TEST

START_TEST(thirty_two_at_once)
{
	struct rig r;
	uint32_t seen = 0;

	setup(&r);
	if (_i)
		r.cfg.atc.cache.entries = 0;
	start(&r);
	for (unsigned i = 0; i < 32; i++)
		inv(&r, 0x1000 * i, 0x1000 * i + 0xfff, NONE, false, i);
	inv(&r, 0, 0xfff, NONE, false, 7); /* one too many: its tag is in use, and it is answered all the same */
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 33);
	for (unsigned i = 0; i < 33; i++)
		seen |= r.f->cpl[i].itags;
	ck_assert_uint_eq(seen, UINT32_MAX);
	ck_assert_uint_eq(INV(&r)->backpressured, 1);
	ck_assert(!dev_waiting(r.d));
	teardown(&r);
}
END_TEST

/* ---- devices that misbehave, by configuration and by event ---- */

static const struct {
	const char *what, *key, *value;
	enum dev_fault fault;
	size_t counter; /* of struct inv_stats */
	unsigned answers; /* to four requests */
	uint32_t itags; /* of all answers */
	unsigned left; /* lines */
} faults[] = {
#define C(m) offsetof(struct inv_stats, m)
	{ "silent", "ats.silent", "true", DEV_SILENT, C(silent), 0, 0, 4 },
	{ "slow", "atc.slow", "true", DEV_SLOW, C(late), 4, 0xf, 0 },
	{ "wrong ITag", "atc.wrong_itag", "true", DEV_WRONG_ITAG, C(wrong_itag), 4, 0x1e, 0 },
	{ "no flush", "atc.no_flush", "true", DEV_NO_FLUSH, C(unflushed), 4, 0xf, 4 },
	{ "drops every second", "atc.drops_completion", "2", DEV_DROP, C(dropped), 2, 0x5, 0 },
	{ "unsupported request", "atc.ur", "true", DEV_UR, C(ur), 0, 0, 4 },
};

START_TEST(each_fault_shows_and_is_counted)
{
	struct rig r;
	unsigned n = (unsigned)_i / 2;
	uint32_t itags = 0;
	uint64_t count;

	setup(&r);
	if (_i & 1)
		set(&r, faults[n].key, faults[n].value);
	for (unsigned i = 0; i < 8; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	start(&r);
	if (!(_i & 1))
		dev_set_fault(r.d, faults[n].fault, true);
	for (unsigned i = 0; i < 4; i++)
		dma(&r, 0x1000 * i, 'r', NONE);
	for (unsigned i = 0; i < 4; i++)
		inv(&r, 0x1000 * i, 0x1000 * i + 0xfff, NONE, false, i);
	sim_run_until(r.k, sim_now(r.k) + US(100));
	if (faults[n].fault == DEV_SLOW)
		ck_assert_uint_eq(r.f->n_cpl, 0);
	sim_run(r.k);
	for (unsigned i = 0; i < r.f->n_cpl; i++)
		itags |= r.f->cpl[i].itags;
	memcpy(&count, (const char *)INV(&r) + faults[n].counter, sizeof(count));
	ck_assert_msg(r.f->n_cpl == faults[n].answers, "%s: %u answers", faults[n].what, r.f->n_cpl);
	ck_assert_msg(itags == faults[n].itags, "%s: ITags 0x%x", faults[n].what, itags);
	ck_assert_msg(dev_atc_lines(r.d) == faults[n].left, "%s: %u lines", faults[n].what, dev_atc_lines(r.d));
	ck_assert_msg(count == (faults[n].fault == DEV_DROP ? 2 : 4), "%s: counted %llu", faults[n].what, (unsigned long long)count);
	if (faults[n].fault == DEV_SLOW)
		ck_assert_uint_gt(r.f->cpl[0].at, r.cfg.late_ps);
	/* well again */
	dev_alive(r.d);
	r.f->n_cpl = 0;
	inv(&r, 0, UINT64_MAX, NONE, false, 9);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(r.f->cpl[0].itags, 1 << 9);
	ck_assert_uint_eq(dev_atc_lines(r.d), 0);
	teardown(&r);
}
END_TEST

START_TEST(a_device_without_cache_misbehaves_as_well)
{
	struct rig r;
	struct stat_reg reg = { 0 };

	setup(&r);
	r.cfg.atc.cache.entries = 0;
	start(&r);
	ck_assert(dev_list_stats(r.d, &reg, "dev.x"));
	ck_assert_uint_eq(reg.n, 1);
	dev_set_fault(r.d, DEV_WRONG_ITAG, true);
	ck_assert(dev_list_stats(r.d, &reg, "dev.x"));
	ck_assert_uint_eq(reg.n, 2);
	ck_assert_str_eq(reg.node[1].path, "dev.x.inv");
	inv(&r, 0, 0xfff, NONE, false, 31);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->cpl[0].itags, 1); /* the one above the highest */
	dev_remove(r.d);
	inv(&r, 0, 0xfff, NONE, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(INV(&r)->removed, 1);
	stat_fini(&reg);
	teardown(&r);
}
END_TEST

START_TEST(unsupported_request_may_end_it_at_the_unit)
{
	struct rig r;

	setup(&r);
	set(&r, "atc.ur", "true");
	set(&r, "atc.ur_completes", "true");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	inv(&r, 0, 0xffff, NONE, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	ck_assert_uint_eq(dev_atc_lines(r.d), 1); /* the line may still be there */
	teardown(&r);
}
END_TEST

static const struct { const char *word; unsigned answers, ur, silent; } off[] = {
	{ "complete", 1, 0, 0 }, { "ur", 0, 1, 0 }, { "silent", 0, 0, 1 },
};

START_TEST(invalidate_requests_while_ats_is_off)
{
	struct rig r;

	setup(&r);
	set(&r, "atc.inv_when_disabled", off[_i].word);
	start(&r);
	dev_set_ats(r.d, false);
	inv(&r, 0, 0xfff, NONE, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, off[_i].answers);
	ck_assert_uint_eq(INV(&r)->disabled, 1);
	ck_assert_uint_eq(INV(&r)->ur, off[_i].ur);
	ck_assert_uint_eq(INV(&r)->silent, off[_i].silent);
	teardown(&r);
}
END_TEST

START_TEST(reset_forgets_what_was_accepted)
{
	struct rig r;

	setup(&r);
	set(&r, "ats.queue_depth", "1");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	r.port.cfg.lat_ps = US(50);
	submit(&r, 0x1000, 64, 'r', NONE);
	inv(&r, 0x1000, 0x1fff, NONE, false, 1);
	inv(&r, 0x1000, 0x1fff, NONE, false, 2); /* held */
	sim_run_until(r.k, sim_now(r.k) + US(5));
	dev_reset(r.d);
	ck_assert_uint_eq(INV(&r)->lost, 2);
	dev_set_ats(r.d, true);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 0);
	ck_assert_uint_eq(r.done, 2);
	inv(&r, 0x1000, 0x1fff, NONE, false, 3);
	sim_run(r.k);
	ck_assert_uint_eq(r.f->n_cpl, 1);
	teardown(&r);
}
END_TEST

static void keep(void *arg, const char *text)
{
	char *all = arg;

	ck_assert_uint_lt(strlen(all) + strlen(text), 4000);
	strcat(strcat(all, text), "\n");
}

START_TEST(the_report_names_what_is_waited_for)
{
	static char all[4096];
	struct rig r;

	setup(&r);
	set(&r, "ats.silent", "true");
	set(&r, "ats.requests", "1");
	map(&r, 1, 0x5003);
	start(&r);
	for (unsigned i = 0; i < 32; i++)
		inv(&r, 0, 0xfff, NONE, false, i);
	sim_run(r.k);
	submit(&r, 0x1000, 64, 'r', NONE);
	submit(&r, 0x2000, 64, 'r', NONE);
	sim_run_until(r.k, sim_now(r.k) + 10000);
	ck_assert(dev_waiting(r.d));
	dev_dump(r.d, keep, all);
	ck_assert_ptr_nonnull(strstr(all, "device 00:01.0: 2 DMAs"));
	ck_assert_ptr_nonnull(strstr(all, "ITags 0xffffffff, the device is silent"));
	ck_assert_ptr_nonnull(strstr(all, "1 of 1 translation requests in flight, 1 requests wait for one"));
	ck_assert_ptr_nonnull(strstr(all, "waits for a translation, read 0x2000"));
	sim_run(r.k);
	teardown(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("atc_inv");
	TCase *t = tcase_create("atc_inv");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, scope_of_an_invalidate_request, 0, ARRAY_LEN(scopes));
	tcase_add_test(t, time_of_an_answer);
	tcase_add_loop_test(t, overtaken_completion_is_not_used, 0, 4);
	tcase_add_test(t, overtaken_request_for_the_very_page);
	tcase_add_loop_test(t, a_global_page_may_be_in_the_scope_of_another_pasid, 0, 2);
	tcase_add_loop_test(t, reads_with_an_old_address_come_first, 0, 4);
	tcase_add_loop_test(t, posted_writes_are_pushed, 0, 2);
	tcase_add_loop_test(t, completion_queues_behind_the_data, 0, 2);
	tcase_add_loop_test(t, one_completion_for_each_traffic_class, 0, 2);
	tcase_add_loop_test(t, a_full_queue_holds_up_the_link, 0, 2);
	tcase_add_loop_test(t, thirty_two_at_once, 0, 2);
	tcase_add_loop_test(t, each_fault_shows_and_is_counted, 0, 2 * ARRAY_LEN(faults));
	tcase_add_test(t, a_device_without_cache_misbehaves_as_well);
	tcase_add_test(t, unsupported_request_may_end_it_at_the_unit);
	tcase_add_loop_test(t, invalidate_requests_while_ats_is_off, 0, ARRAY_LEN(off));
	tcase_add_test(t, reset_forgets_what_was_accepted);
	tcase_add_test(t, the_report_names_what_is_waited_for);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
