/* SPDX-License-Identifier: Apache-2.0 */
/* test_atc.c - the translation cache of a device: hits, translation requests, what completions mean, options, off and on. */
#include "atc_rig.h"

enum { LOOKUP = 4000 };
#define REQUEST (24 * 1000 + LAT + MEM_LAT + 28 * 1000 + LAT) /* translation request, table read, completion */
#define READ (20 * 1000 + LAT + MEM_LAT + 84 * 1000 + LAT) /* 64 bytes with a translated address */

START_TEST(miss_then_hit_take_the_sum_of_their_parts)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	ck_assert_uint_eq(dma(&r, 0x1010, 'r', NONE), LOOKUP + REQUEST + READ);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(r.res.spa, 0x5010);
	ck_assert_uint_eq(r.f->last.at, XL_TRANSLATED);
	ck_assert_uint_eq(r.f->last.iova, 0x5010);
	ck_assert_uint_eq(dma(&r, 0x1020, 'r', NONE), LOOKUP + READ);
	ck_assert_uint_eq(r.res.spa, 0x5020);
	ck_assert_uint_eq(ATC(&r)->lookups, 2);
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	ck_assert_uint_eq(ATC(&r)->misses, 1);
	ck_assert_uint_eq(ATC(&r)->latency_ps.max, REQUEST);
	/* with a PASID the translation request is 4 bytes longer */
	ck_assert_uint_eq(dma(&r, 0x1020, 'r', 5), LOOKUP + REQUEST + 4000 + READ);
	teardown(&r);
}
END_TEST

START_TEST(equal_misses_share_a_request_and_others_wait_for_one)
{
	struct rig r;

	setup(&r);
	set(&r, "ats.requests", "1");
	map(&r, 1, 0x5003);
	map(&r, 2, 0x6003);
	start(&r);
	for (unsigned i = 0; i < 4; i++)
		submit(&r, 0x1000 + 64 * i, 64, 'r', NONE);
	submit(&r, 0x2000, 64, 'r', NONE);
	submit(&r, 0x1000, 64, 'w', NONE); /* asks for more than the read */
	sim_run(r.k);
	ck_assert_uint_eq(r.ok, 6);
	ck_assert_uint_eq(ATC(&r)->merged, 3);
	ck_assert_uint_eq(ATC(&r)->waited, 2);
	/* the completion of the first gave W as well, so that the write needs no request of its own */
	ck_assert_uint_eq(ATC(&r)->requests, 2);
	ck_assert_uint_eq(r.f->xlats, 2);
	teardown(&r);
}
END_TEST

START_TEST(a_read_only_line_is_asked_for_again)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5001);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert(r.res.ok);
	map(&r, 1, 0x5003);
	dma(&r, 0x1000, 'w', NONE);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(ATC(&r)->requests, 2);
	dma(&r, 0x1000, 'w', NONE);
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	teardown(&r);
}
END_TEST

START_TEST(size_of_the_completion_is_the_size_of_the_line)
{
	struct rig r;

	setup(&r);
	map(&r, 4, 0x40003 | 2 << 3); /* 16 KiB */
	start(&r);
	dma(&r, 0x4000, 'r', NONE);
	dma(&r, 0x7ff0 - 48, 'r', NONE);
	ck_assert_uint_eq(r.res.spa, 0x43fc0);
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	inv(&r, 0x6000, 0x6fff, NONE, false, 1); /* a quarter of it */
	sim_run(r.k);
	ck_assert_uint_eq(dev_atc_lines(r.d), 0);
	ck_assert_uint_eq(INV(&r)->lines_dropped, 1);
	teardown(&r);
}
END_TEST

/* ---- completions without translation ---- */

static const struct {
	const char *what, *policy;
	uint64_t entry;
	unsigned cpl;
	char dir;
	bool ok;
	unsigned last_at, failed, untranslated, no_access;
} denied[] = {
	{ "no access fails", "fail", 0, 0, 'r', false, XL_TRANSLATION_REQ, 1, 0, 1 },
	{ "write to a read-only page fails", "fail", 0x5001, 0, 'w', false, XL_TRANSLATION_REQ, 1, 0, 1 },
	{ "no access goes untranslated", "untranslated", 0, 0, 'r', false, XL_UNTRANSLATED, 0, 1, 1 },
	{ "U goes untranslated", "fail", 0x5003 | FAKE_U, 0, 'r', true, XL_UNTRANSLATED, 0, 1, 0 },
	{ "CA fails", "untranslated", 0x5003, 4, 'r', false, XL_TRANSLATION_REQ, 1, 0, 0 },
	{ "UR goes untranslated", "fail", 0x5003, 1, 'r', true, XL_UNTRANSLATED, 0, 0, 0 },
};

START_TEST(what_a_completion_without_access_means)
{
	struct rig r;
	const char *w = denied[_i].what;

	setup(&r);
	set(&r, "atc.on_no_access", denied[_i].policy);
	map(&r, 1, denied[_i].entry);
	start(&r);
	r.f->xlat_cpl = denied[_i].cpl;
	dma(&r, 0x1000, denied[_i].dir, NONE);
	ck_assert_msg(r.res.ok == denied[_i].ok, "%s", w);
	ck_assert_msg(r.f->last.at == denied[_i].last_at, "%s: last request %u", w, r.f->last.at);
	ck_assert_msg(ATC(&r)->failed == denied[_i].failed && ATC(&r)->untranslated == denied[_i].untranslated, "%s", w);
	ck_assert_msg(ATC(&r)->no_access == denied[_i].no_access, "%s", w);
	ck_assert_msg(ATC(&r)->fills == (denied[_i].dir == 'w'), "%s: nothing to cache", w);
	ck_assert_msg(dev_stats_of(r.d)->faults == !denied[_i].ok, "%s", w);
	if (denied[_i].cpl == 4)
		ck_assert_uint_eq(r.res.code, 99); /* the unit's reason */
	ck_assert(dev_idle(r.d) && !iommu_inflight(&r.f->u));
	teardown(&r);
}
END_TEST

START_TEST(unsupported_request_ends_the_use_until_enabled_again)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	r.f->xlat_cpl = 1;
	dma(&r, 0x1000, 'r', NONE);
	r.f->xlat_cpl = 0;
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.f->last.at, XL_UNTRANSLATED);
	ck_assert_uint_eq(ATC(&r)->requests, 1);
	ck_assert_uint_eq(ATC(&r)->bypassed, 2);
	dev_set_ats(r.d, true);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.f->last.at, XL_TRANSLATED);
	teardown(&r);
}
END_TEST

/* ---- off and on ---- */

START_TEST(lines_do_not_outlive_ats)
{
	struct rig r;

	setup(&r);
	r.cfg.atc.keeps_after_e0 = _i;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	dev_set_ats(r.d, false);
	ck_assert_uint_eq(dev_atc_lines(r.d), _i);
	map(&r, 1, 0x7003);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.f->last.at, XL_UNTRANSLATED); /* in neither case used while off */
	ck_assert_uint_eq(r.res.spa, 0x7000);
	dev_set_ats(r.d, true);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.res.spa, _i ? 0x5000 : 0x7000); /* the bad device uses its old line */
	teardown(&r);
}
END_TEST

START_TEST(a_completion_from_before_ats_went_off_is_not_kept)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	submit(&r, 0x1000, 64, 'r', NONE);
	sim_run_until(r.k, LOOKUP + REQUEST / 2);
	dev_set_ats(r.d, false);
	dev_set_ats(r.d, true);
	sim_run(r.k);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(ATC(&r)->poisoned, 1);
	ck_assert_uint_eq(ATC(&r)->requests, 2);
	teardown(&r);
}
END_TEST

START_TEST(ats_can_be_off_from_the_start)
{
	struct rig r;

	setup(&r);
	set(&r, "ats.enabled", "false");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.f->last.at, XL_UNTRANSLATED);
	dev_set_ats(r.d, true);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(r.f->last.at, XL_TRANSLATED);
	teardown(&r);
}
END_TEST

START_TEST(reset_empties_and_fails_what_waits)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	r.ok = r.done = 0;
	submit(&r, 0x2000, 64, 'r', NONE);
	sim_run_until(r.k, sim_now(r.k) + LOOKUP + 1);
	submit(&r, 0x1000, 64, 'w', NONE); /* still looking up */
	inv(&r, 0, 0xfff, NONE, false, 4);
	sim_run_until(r.k, sim_now(r.k) + 200000);
	inv(&r, 0, 0xfff, NONE, false, 5); /* on the link when the reset comes; ATS is off when it arrives */
	if (_i)
		dev_remove(r.d);
	else
		dev_reset(r.d);
	ck_assert_uint_eq(dev_atc_lines(r.d), 0);
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 2);
	ck_assert_uint_le(r.ok, 1); /* the write was on the wire already */
	ck_assert_uint_eq(ATC(&r)->poisoned, 1);
	ck_assert_uint_eq(dev_atc_lines(r.d), 0);
	ck_assert_uint_eq(r.f->n_cpl, 0);
	ck_assert_uint_eq(INV(&r)->lost, 1);
	ck_assert_uint_eq(INV(&r)->resets, 1);
	ck_assert_uint_eq(INV(&r)->removed, _i);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_int_eq(r.res.ok, !_i); /* a device that is gone moves nothing */
	dev_alive(r.d);
	dev_set_ats(r.d, true);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(r.f->last.at, XL_TRANSLATED);
	teardown(&r);
}
END_TEST

/* ---- options of cache and requests ---- */

START_TEST(smallest_translation_unit)
{
	struct rig r;

	setup(&r);
	set(&r, "ats.stu", "1");
	map(&r, 2, 0x8003 | 1 << 3); /* 8 KiB */
	map(&r, 4, 0xa003); /* 4 KiB: too small */
	start(&r);
	dma(&r, 0x3000, 'r', NONE);
	ck_assert_uint_eq(r.res.spa, 0x9000);
	dma(&r, 0x5000, 'r', NONE);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(ATC(&r)->bad_size, 1);
	ck_assert_uint_eq(r.f->last.iova, 0x4000); /* aligned to 8 KiB */
	teardown(&r);
}
END_TEST

START_TEST(address_in_the_request)
{
	struct rig r;

	setup(&r);
	r.cfg.atc.page_aligned = _i;
	start(&r);
	dma(&r, 0x1238, 'r', NONE); /* no access: the translation request is the last one the unit sees */
	ck_assert_uint_eq(r.f->last.iova, _i ? 0x1000 : 0x1238);
	teardown(&r);
}
END_TEST

START_TEST(prefetch_asks_for_what_follows)
{
	struct rig r;

	setup(&r);
	set(&r, "atc.prefetch", "3");
	for (unsigned i = 1; i < 8; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(ATC(&r)->prefetches, 3);
	ck_assert_uint_eq(dev_atc_lines(r.d), 4);
	dma(&r, 0x4000, 'r', NONE);
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	dma(&r, 0x5000, 'r', NONE); /* 6 and 7, and 8, which is not mapped */
	ck_assert_uint_eq(ATC(&r)->prefetches, 6);
	dma(&r, 0x8000, 'r', NONE); /* what a prefetch did not get is asked for */
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(dev_atc_lines(r.d), 7);
	teardown(&r);
}
END_TEST

START_TEST(lines_know_their_pasid_or_not)
{
	struct rig r;

	setup(&r);
	r.cfg.atc.tag_pasid = _i;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', 3);
	dma(&r, 0x1000, 'r', 4);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(ATC(&r)->hits, _i ? 0 : 2); /* untagged: another PASID's line is taken */
	inv(&r, 0x1000, 0x1fff, 9, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(dev_atc_lines(r.d), _i ? 3 : 0);
	teardown(&r);
}
END_TEST

START_TEST(privilege_is_part_of_the_line)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', 3);
	dev_submit(r.d, &(struct dev_dma){ .iova = 0x1000, .len = 64, .dir = 'r', .pasid = 3, .has_pasid = true, .priv = true });
	sim_run(r.k);
	ck_assert_uint_eq(ATC(&r)->hits, 0);
	ck_assert(!(r.f->last.acc & XL_PRIV)); /* no prefix, no bit */
	teardown(&r);
}
END_TEST

START_TEST(translated_requests_and_their_pasid)
{
	struct rig r;

	setup(&r);
	r.cfg.atc.translated_pasid = _i;
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'w', 3);
	ck_assert_uint_eq(r.f->last.at, XL_TRANSLATED);
	ck_assert_int_eq(r.f->last.has_pasid, _i);
	ck_assert_uint_eq(r.f->last.pasid, _i ? 3 : 0);
	teardown(&r);
}
END_TEST

START_TEST(wide_pasids_fail_in_the_device)
{
	struct rig r;

	setup(&r);
	set(&r, "pasid.width", "4");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', 15);
	ck_assert(r.res.ok);
	dma(&r, 0x1000, 'r', 16);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(ATC(&r)->failed, 1);
	teardown(&r);
}
END_TEST

/* PASID 1 walks through more pages than the cache has lines; PASID 3 uses one page again and again. */
START_TEST(partitions_protect_the_quiet_one)
{
	static const char *const how[] = { "none", "pasid", "engine" };
	struct rig r;
	uint64_t quiet = 0;

	setup(&r);
	set(&r, "atc.entries", "8");
	set(&r, "atc.partition", how[_i]);
	set(&r, "atc.slices", "2");
	for (unsigned i = 0; i < 64; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	start(&r);
	for (unsigned round = 0; round < 3; round++) {
		uint64_t was;

		for (unsigned i = 0; i < 16; i++)
			dma(&r, 0x1000 * i, 'r', 1);
		was = ATC(&r)->hits;
		dma(&r, 0x3f000, 'r', 3);
		quiet += ATC(&r)->hits - was;
	}
	ck_assert_uint_eq(quiet, _i == 0 ? 0 : 2);
	ck_assert_uint_le(dev_atc_lines(r.d), 8);
	ck_assert_uint_eq(ATC(&r)->hits + ATC(&r)->misses, ATC(&r)->lookups);
	teardown(&r);
}
END_TEST

START_TEST(ports_and_latency_of_the_cache)
{
	struct rig r;

	setup(&r);
	set(&r, "atc.latency", "10");
	set(&r, "atc.clock", "2 ns");
	set(&r, "atc.ports", "1");
	map(&r, 1, 0x5003);
	start(&r);
	dma(&r, 0x1000, 'r', NONE);
	ck_assert_uint_eq(dma(&r, 0x1000, 'r', NONE), 20000 + READ);
	for (unsigned i = 0; i < 3; i++)
		submit(&r, 0x1000, 64, 'w', NONE);
	sim_run_until(r.k, sim_now(r.k) + 20000 + 2000);
	ck_assert_uint_eq(ATC(&r)->hits, 3); /* one each 2 ns; the third comes at 24 ns */
	sim_run(r.k);
	ck_assert_uint_eq(ATC(&r)->hits, 4);
	teardown(&r);
}
END_TEST

START_TEST(global_lines_serve_every_pasid)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003 | FAKE_GLOBAL);
	start(&r);
	dma(&r, 0x1000, 'r', 3);
	dma(&r, 0x1000, 'r', 4);
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	dma(&r, 0x1000, 'r', NONE); /* without a PASID it is another line */
	ck_assert_uint_eq(ATC(&r)->hits, 1);
	ck_assert_uint_eq(dev_atc_lines(r.d), 2);
	inv(&r, 0x1000, 0x1fff, 7, false, 1);
	sim_run(r.k);
	ck_assert_uint_eq(dev_atc_lines(r.d), 1); /* it matches any PASID */
	teardown(&r);
}
END_TEST

START_TEST(requests_with_an_address_type_pass_by)
{
	struct rig r;

	setup(&r);
	map(&r, 1, 0x5003);
	start(&r);
	for (unsigned at = XL_TRANSLATION_REQ; at <= XL_TRANSLATED; at++) {
		dev_submit(r.d, &(struct dev_dma){ .iova = 0x1000, .len = 64, .dir = 'r', .at = (uint8_t)at });
		sim_run(r.k);
		ck_assert_uint_eq(r.f->last.at, at);
	}
	ck_assert_uint_eq(ATC(&r)->lookups, 0);
	teardown(&r);
}
END_TEST

/* Two interfaces of one function, told apart by PASID: the statistics show whom a slow one's misses concern. */
START_TEST(each_pasid_has_its_own_statistics)
{
	struct rig r;
	struct stat_reg reg = { 0 };
	const struct dev_pasid_stats *p[3] = { 0 };

	setup(&r);
	if (_i)
		r.cfg.atc.cache.entries = 0; /* they do not need the cache */
	set(&r, "per_pasid", "2");
	for (unsigned i = 0; i < 32; i++)
		map(&r, i, 0x10003 + 0x1000 * i);
	start(&r);
	for (unsigned i = 0; i < 32; i++)
		dma(&r, 0x1000 * i, 'r', 7);
	for (unsigned i = 0; i < 4; i++)
		dma(&r, 0, 'r', 9);
	dma(&r, 0, 'r', 11);
	dma(&r, 0, 'r', NONE);
	inv(&r, 0, UINT64_MAX, 9, false, 0);
	sim_run(r.k);
	ck_assert(dev_list_stats(r.d, &reg, "dev.x"));
	for (size_t i = 0; i < reg.n; i++)
		if (reg.node[i].defs == dev_pasid_stat_defs)
			p[strcmp(reg.node[i].path, "dev.x.rest") ? strcmp(reg.node[i].path, "dev.x.pasid0") != 0 : 2] = reg.node[i].base;
	ck_assert(p[0] && p[1] && p[2]);
	ck_assert_uint_eq(p[0]->pasid, 7);
	ck_assert_uint_eq(p[0]->dmas, 32);
	ck_assert_uint_eq(p[0]->requests, 32);
	ck_assert_uint_eq(p[0]->bytes, 32 * 64);
	ck_assert_uint_eq(p[1]->pasid, 9);
	ck_assert_uint_eq(p[1]->invalidations, 1);
	ck_assert_uint_eq(p[2]->dmas, 2);
	if (!_i) {
		ck_assert_uint_eq(p[0]->atc_misses, 32);
		ck_assert_uint_eq(p[1]->atc_hits, 3);
		ck_assert_uint_lt(p[1]->latency_ps.min, p[0]->latency_ps.min);
	}
	ck_assert_uint_eq(p[0]->latency_ps.n + p[1]->latency_ps.n + p[2]->latency_ps.n, 38);
	ck_assert(dev_list_stats(r.d, &reg, "dev.x")); /* nothing twice */
	for (size_t i = 0; i < reg.n; i++)
		for (size_t k = i + 1; k < reg.n; k++)
			ck_assert_str_ne(reg.node[i].path, reg.node[k].path);
	stat_fini(&reg);
	teardown(&r);
}
END_TEST

START_TEST(bad_configurations_are_refused)
{
	static const struct { const char *key, *value; } rows[][2] = {
		{ { "atc.partition", "pasid" }, { "atc.slices", "3" } },
		{ { "atc.ways", "5" }, { "atc.entries", "64" } },
	};
	struct rig r;
	struct err e = { 0 };

	setup(&r);
	set(&r, rows[_i][0].key, rows[_i][0].value);
	set(&r, rows[_i][1].key, rows[_i][1].value);
	ck_assert_ptr_null(dev_create(&r.cfg, &r.f->u, rig_done, &r, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	teardown(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("atc");
	TCase *t = tcase_create("atc");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, miss_then_hit_take_the_sum_of_their_parts);
	tcase_add_test(t, equal_misses_share_a_request_and_others_wait_for_one);
	tcase_add_test(t, a_read_only_line_is_asked_for_again);
	tcase_add_test(t, size_of_the_completion_is_the_size_of_the_line);
	tcase_add_loop_test(t, what_a_completion_without_access_means, 0, ARRAY_LEN(denied));
	tcase_add_test(t, unsupported_request_ends_the_use_until_enabled_again);
	tcase_add_loop_test(t, lines_do_not_outlive_ats, 0, 2);
	tcase_add_test(t, a_completion_from_before_ats_went_off_is_not_kept);
	tcase_add_test(t, ats_can_be_off_from_the_start);
	tcase_add_loop_test(t, reset_empties_and_fails_what_waits, 0, 2);
	tcase_add_test(t, smallest_translation_unit);
	tcase_add_loop_test(t, address_in_the_request, 0, 2);
	tcase_add_test(t, prefetch_asks_for_what_follows);
	tcase_add_loop_test(t, lines_know_their_pasid_or_not, 0, 2);
	tcase_add_test(t, privilege_is_part_of_the_line);
	tcase_add_loop_test(t, translated_requests_and_their_pasid, 0, 2);
	tcase_add_test(t, wide_pasids_fail_in_the_device);
	tcase_add_loop_test(t, partitions_protect_the_quiet_one, 0, 3);
	tcase_add_test(t, ports_and_latency_of_the_cache);
	tcase_add_test(t, global_lines_serve_every_pasid);
	tcase_add_test(t, requests_with_an_address_type_pass_by);
	tcase_add_loop_test(t, each_pasid_has_its_own_statistics, 0, 2);
	tcase_add_loop_test(t, bad_configurations_are_refused, 0, 2);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
