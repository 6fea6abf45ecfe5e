/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_amd_guest.c - guests with an AMD-Vi each, hardware vIOMMU and trapped: every answer of the unit after a COMPLETION_WAIT against the
 * tables, entries that must stay, counts, times by hand; and what must show when something is wrong.
 */
#include <check.h>
#include "../../bench/viommu/point.h"
#include "core/base/bits.h"

static struct vp_cfg cfg;
static struct vp_result res;

static void small(unsigned way, unsigned guests, unsigned batch)
{
	vp_defaults(&cfg);
	cfg.way = way;
	cfg.guests = guests;
	cfg.guest.batch = batch;
	cfg.guest.devices = 3;
	cfg.guest.touch = AMDG_MAX_BATCH; /* every page is read, mapped and unmapped */
	cfg.amdvi.iotlb.entries = 8192; /* nothing is evicted: what goes was dropped */
	cfg.amdvi.iotlb.ways = 0;
	cfg.rounds = 8;
	cfg.warmup = 2;
}

static void run(void)
{
	struct err e = { 0 };

	ck_assert_msg(vp_run(&cfg, &res, &e), "%s", e.msg);
}

static void run_fine(void)
{
	const char *broken;

	run();
	broken = vp_broken(&cfg, &res);
	ck_assert_msg(!broken, "%s", broken ? broken : "");
}

static const unsigned many[] = { 1, 8, 64 };

/* 3 ways x 3 numbers of guests x device-IOTLB invalidations off and on */
START_TEST(nobody_sees_a_stale_entry)
{
	unsigned way = (unsigned)_i % 3, guests = many[_i / 3 % 3], ats = (unsigned)_i / 9;
	uint64_t touched;

	small(way, guests, 4);
	cfg.guest.ats = ats;
	cfg.guest.dma = guests < 64; /* background reads as well */
	run_fine();
	touched = 4 * res.all.waits;
	ck_assert_uint_ge(res.rounds_min, cfg.warmup); /* every guest got on */
	ck_assert_uint_eq(res.run.tlb_evictions, 0);
	ck_assert_uint_eq(res.kept, 2 * guests);
	ck_assert_uint_eq(res.kept_dropped, 0);
	ck_assert_uint_eq(res.all.refused, touched);
	ck_assert_uint_ge(res.all.checked, 2 * touched);
	ck_assert_uint_eq(res.run.pages, touched);
	/* domain 0 has two devices, domain 1 one */
	ck_assert_uint_eq(res.run.iotlb, ats ? res.all.iotlbs : 0);
	if (ats)
		ck_assert_uint_gt(res.all.iotlbs, touched);
	if (guests == 1)
		ck_assert_uint_eq(res.run.tlb_dropped, touched);
	ck_assert_uint_eq(res.host.exits, way == VP_TRAPPED ? res.all.waits : 0);
}
END_TEST

START_TEST(large_batches_wrap_and_fill_the_rings)
{
	small((unsigned)_i, 32, 256); /* 32 guests put 8224 commands on a host buffer of 4096 */
	cfg.guest.touch = 2;
	cfg.rounds = 3;
	run_fine();
	ck_assert_uint_ge(res.all.pages, 32 * 256 * 3);
	if (_i == VP_TRAPPED)
		ck_assert_uint_eq(res.host.commands, 257 * res.all.waits);
}
END_TEST

START_TEST(other_shapes)
{
	small(_i & 1 ? VP_HW1 : VP_HW0, 3, 8);
	cfg.guest.devices = 5;
	cfg.guest.domains = 5;
	cfg.host.prefill = 64;
	cfg.host.small_pages = _i & 2;
	cfg.host.guest_small_pages = _i & 2;
	cfg.guest.think_ps = 700000;
	cfg.amdvi.idmap.entries = _i & 1 ? 0 : 64;
	run_fine();
	ck_assert_uint_eq(res.run.lookups, res.all.pages);
	if (_i & 1)
		ck_assert_uint_eq(res.run.map_reads, res.run.lookups);
	else
		ck_assert_uint_eq(res.run.map_reads, 15); /* each domain of each guest once */
}
END_TEST

/* ---- times ---- */

static uint64_t one_latency(unsigned way, uint64_t exit_ps, unsigned batch)
{
	vp_defaults(&cfg);
	cfg.way = way;
	cfg.guest.touch = 0;
	cfg.guest.batch = batch;
	cfg.guest.think_ps = 0;
	cfg.host.exit_ps = exit_ps;
	run_fine();
	return res.latency_sum_ps / res.waits;
}

/*
 * Trapped, in ns: exit 2000; two loads of 2 and 100 of software for each of two commands; four stores of 1; from the host's tail write: two
 * fetches of 90 + 4, 32 to execute, 4 to wait and 90 to store make 314, seen by the looks at 100 + 2 + 50 n: 352; a store, and the guest's
 * look.
 */
START_TEST(trapped_latency_by_hand)
{
	uint64_t two = one_latency(VP_TRAPPED, 2000000, 1);

	ck_assert_uint_eq(two, (2000 + 2 * (2 * 2 + 100) + 4 + 352 + 1 + 2) * UINT64_C(1000));
	ck_assert_uint_eq(one_latency(VP_TRAPPED, 5000000, 1) - two, 3000000);
	/* each further page: 104 of software, two stores, 126 in the host's buffer; 8 of them, and up to 50 until the next look */
	ck_assert_uint_ge(one_latency(VP_TRAPPED, 2000000, 9), two + 8 * UINT64_C(232000) - 50000);
	ck_assert_uint_le(one_latency(VP_TRAPPED, 2000000, 9), two + 8 * UINT64_C(232000) + 50000);
}
END_TEST

START_TEST(hardware_ignores_the_exit_cost)
{
	uint64_t a = one_latency(VP_HW0, 2000000, 1);

	ck_assert_uint_eq(a, one_latency(VP_HW0, 20000000, 1));
	ck_assert_uint_gt(a, 360000); /* dirty bit, two fetches, a store: at least four memory accesses */
	ck_assert_uint_lt(a, 1000000);
	ck_assert_uint_gt(one_latency(VP_HW0, 0, 9), a + 8 * UINT64_C(126000));
}
END_TEST

/* ---- what must show ---- */

static void must_break(const char *how)
{
	const char *broken;

	run();
	broken = vp_broken(&cfg, &res);
	ck_assert_ptr_nonnull(broken);
	ck_assert_str_eq(broken, how);
}

START_TEST(ignored_invalidations_show)
{
	small((unsigned)_i, 2, 4);
	cfg.amdvi.ignore_invalidations = true;
	must_break("a device was answered from a stale entry after COMPLETION_WAIT");
	ck_assert_uint_gt(res.all.stale, 0);
}
END_TEST

START_TEST(dropping_too_much_shows)
{
	small((unsigned)_i, 2, 4);
	cfg.amdvi.over = AMDVI_OVER_DOMAIN;
	must_break("an invalidation dropped an entry outside its pages");
	ck_assert_uint_eq(res.kept_dropped, 4); /* all have invalidated something */
}
END_TEST

static void swap_domains(struct vp *b)
{
	uint32_t cntl = AMDVI_VFCNTL_OFF + 0x08; /* of guest 0 */
	uint64_t other = amd_host_did(1, 0);

	b->u->ops->mmio_write(b->u, cntl, 8, BIT64(63) | (uint64_t)AMDG_DOM0 << 46 | other << 14 | 1);
	while (!b->u->ops->commands_idle(b->u) && sim_run_one(b->k))
		;
}

START_TEST(a_wrong_domain_map_shows)
{
	small(VP_HW0, 2, 4);
	cfg.booted = swap_domains;
	must_break("a device was answered from a stale entry after COMPLETION_WAIT");
}
END_TEST

static void swap_devices(struct vp *b)
{
	uint64_t other = b->guest[1].rid0;

	b->u->ops->mmio_write(b->u, AMDVI_VFCNTL_OFF, 8, BIT64(63) | (uint64_t)AMDG_DEV0 << 46 | other << 14 | 1);
	while (!b->u->ops->commands_idle(b->u) && sim_run_one(b->k))
		;
}

START_TEST(a_wrong_device_map_shows)
{
	small(VP_HW0, 2, 4);
	cfg.guest.ats = true;
	cfg.booted = swap_devices;
	must_break("a device was told to invalidate something else than its own unmapped page");
}
END_TEST

static void unmap_domain(struct vp *b)
{
	b->u->ops->mmio_write(b->u, AMDVI_VFCNTL_OFF + 0x08, 8, BIT64(63) | (uint64_t)AMDG_DOM0 << 46);
}

START_TEST(a_missing_domain_stops_the_guest)
{
	struct err e = { 0 };

	small(VP_HW1, 1, 4);
	cfg.booted = unmap_domain;
	ck_assert(!vp_run(&cfg, &res, &e));
	ck_assert_msg(strstr(e.msg, "stuck after 0 unmaps") && strstr(e.msg, "1 vIOMMU hardware errors"), "%s", e.msg);
}
END_TEST

START_TEST(impossible_guests_are_refused)
{
	static const struct { unsigned devices, domains, batch, pages; bool ats; } bad[] = {
		{ 2, 3, 1, 16, false }, { 0, 0, 1, 16, false }, { 65, 1, 1, 16, false }, { 1, 1, 257, 16, false }, { 1, 1, 0, 16, false },
		{ 3, 3, 1, 400, false }, { 64, 1, 256, 16, true } /* 16641 commands fit */, { 1, 1, 1, 513, false }
	};
	struct err e = { 0 };

	vp_defaults(&cfg);
	cfg.guest.devices = bad[_i].devices;
	cfg.guest.domains = bad[_i].domains;
	cfg.guest.batch = bad[_i].batch;
	cfg.guest.pages = bad[_i].pages;
	cfg.guest.ats = bad[_i].ats;
	cfg.rounds = cfg.warmup = 1;
	ck_assert_int_eq(vp_run(&cfg, &res, &e), bad[_i].ats);
	ck_assert_int_eq(e.code, bad[_i].ats ? ERR_NONE : ERR_INPUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("amd_guest");
	TCase *tc = tcase_create("amd_guest");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, nobody_sees_a_stale_entry, 0, 18);
	tcase_add_loop_test(tc, large_batches_wrap_and_fill_the_rings, 0, 3);
	tcase_add_loop_test(tc, other_shapes, 0, 4);
	tcase_add_test(tc, trapped_latency_by_hand);
	tcase_add_test(tc, hardware_ignores_the_exit_cost);
	tcase_add_loop_test(tc, ignored_invalidations_show, 0, 3);
	tcase_add_loop_test(tc, dropping_too_much_shows, 0, 3);
	tcase_add_test(tc, a_wrong_domain_map_shows);
	tcase_add_test(tc, a_wrong_device_map_shows);
	tcase_add_test(tc, a_missing_domain_stops_the_guest);
	tcase_add_loop_test(tc, impossible_guests_are_refused, 0, 8);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
