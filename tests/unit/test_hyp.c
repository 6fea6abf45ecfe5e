/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hyp.c - parts of the hypervisor: ranges of a guest's map against an array of pages; what a tail write hands over, from commands
 * encoded by hand. Whole runs are in tests/golden/hyp.sh.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/iommu.h"
#include "software/hyp_int.h"

enum { PAGES = 96, PAGE = 4096 };

START_TEST(ranges_are_pages)
{
	struct hyp_ranges t = { 0 };
	uint64_t pa[PAGES + 8] = { 0 };
	struct rng rng;
	unsigned wrong = 0;

	rng_seed(&rng, (uint64_t)_i + 1);
	for (unsigned n = 0; n < 1000; n++) {
		uint64_t p = rng_below(&rng, PAGES), len = 1 + rng_below(&rng, 7);

		ck_assert(hyp_ranges_cut(&t, p * PAGE, len * PAGE));
		memset(pa + p, 0, len * sizeof(*pa));
		if (rng_below(&rng, 2)) {
			const struct hyp_range r = { p * PAGE, len * PAGE, (1 + rng_below(&rng, 1000)) << 20, XL_R };

			ck_assert(hyp_ranges_add(&t, &r));
			for (uint64_t i = 0; i < len; i++)
				pa[p + i] = r.pa + i * PAGE;
		}
		for (uint64_t i = 0; i < PAGES + 8; i++) {
			const struct hyp_range *g = hyp_ranges_at(&t, i * PAGE + 5);

			wrong += (g ? g->pa + (i * PAGE - g->iova) : 0) != pa[i];
		}
		for (size_t i = 1; i < t.n; i++)
			wrong += t.r[i - 1].iova + t.r[i - 1].size > t.r[i].iova;
		ck_assert_uint_eq(wrong, 0);
	}
	free(t.r);
}
END_TEST

/* The last page there is: nothing may overflow. */
START_TEST(ranges_end_at_the_top)
{
	struct hyp_ranges t = { 0 };
	const uint64_t top = UINT64_C(0xfffffffffffff000);
	const struct hyp_range r = { top - PAGE, 2 * PAGE, 0x7000, XL_R };

	ck_assert(hyp_ranges_add(&t, &r));
	ck_assert_ptr_nonnull(hyp_ranges_at(&t, UINT64_MAX));
	ck_assert(hyp_ranges_cut(&t, top, PAGE));
	ck_assert_ptr_null(hyp_ranges_at(&t, UINT64_MAX));
	ck_assert_uint_eq(hyp_ranges_at(&t, top - 1)->pa, 0x7000);
	free(t.r);
}
END_TEST

/* Set-up writes, the first word of each command from slot 0 on, and the tail write behind them. */
static const struct ring_row {
	const char *arch;
	unsigned stride; /* bytes of a command */
	struct { uint32_t off; uint64_t val; } base, tail;
	uint64_t cmd[6];
	unsigned commands, devtlb, waits;
} rows[] = {
	/* IQA: DW = 1, QS = 0: 4 KiB. IOTLB, PASID-based IOTLB, device-TLB, PASID-based device-TLB, wait */
	{ "vtd", 32, { 0x90, 0x10800 }, { 0x88, 5 * 32 }, { 0x00010000000000f2, 0x6, 0x0008000000000003, 0x8, 0x0000000200000025 }, 5, 2, 1 },
	/* 128-bit descriptors. Context cache, IOTLB, wait */
	{ "vtd", 16, { 0x90, 0x10000 }, { 0x88, 3 * 16 }, { 0x31, 0x32, 0x0000000200000025 }, 3, 0, 1 },
	/* LOG2SIZE = 8. TLBI_NH_VA, ATC_INV, CMD_SYNC */
	{ "smmuv3", 16, { 0x90, 0x10000 | 8 }, { 0x98, 3 }, { 0x0000000100000012, 0x0000010000000040, 0x2046 }, 3, 1, 1 },
	/* the page of virtual interface 1, logical queue 0: BASE in its second half, PROD in its first */
	{ "smmuv3", 16, { 0x4030000 + 0x20000 + 0x10000, 0x10000 | 8 }, { 0x4030000 + 0x20000 + 4, 2 }, { 0x11, 0x46 }, 2, 0, 1 },
	/* ComLen = 9. INVALIDATE_IOMMU_PAGES, INVALIDATE_IOTLB_PAGES, INVALIDATE_DEVTAB_ENTRY, COMPLETION_WAIT */
	{ "amdvi", 16, { 0x08, UINT64_C(9) << 56 | 0x10000 }, { 0x2008, 4 * 16 },
	  { UINT64_C(3) << 60 | 7, UINT64_C(4) << 60 | 0x100, UINT64_C(2) << 60 | 0x100, UINT64_C(1) << 60 | 1 }, 4, 1, 1 },
	/* VFCntl and VF of GuestID 3: CmdBufEn, ComLen = 9 */
	{ "amdvi", 16, { 0x1000000 + 3 * 64 + 0x20, 0x10109 }, { 0x10000000 + 3 * 4096 + 8, 2 * 16 },
	  { UINT64_C(3) << 60 | 7, UINT64_C(1) << 60 | 1 }, 2, 0, 1 },
};

START_TEST(a_tail_write_is_counted)
{
	const struct ring_row *w = &rows[_i];
	const struct iommu_ops ops = { .arch = w->arch };
	const struct iommu u = { .ops = &ops };
	struct hyp_unit *unit = calloc(1, sizeof(*unit));
	struct mem *m = mem_create(0, false);
	struct hyp_batch b;

	for (unsigned i = 0; i < w->commands; i++)
		ck_assert_int_eq(mem_write(m, 0x10000 + i * w->stride, &w->cmd[i], 1), MEM_OK);
	ck_assert(!hyp_ring_write(unit, &u, m, w->tail.off, 0, &b, NULL)); /* no ring yet */
	ck_assert(!hyp_ring_write(unit, &u, m, w->base.off, w->base.val, &b, NULL));
	ck_assert(hyp_ring_write(unit, &u, m, w->tail.off, w->tail.val, &b, NULL));
	ck_assert_uint_eq(b.commands, w->commands);
	ck_assert_uint_eq(b.devtlb, w->devtlb);
	ck_assert_uint_eq(b.waits, w->waits);
	ck_assert(!b.guest == (w->base.off < 0x1000000)); /* registers of guests begin there, on both */
	ck_assert(b.asked == (b.guest && !strcmp(w->arch, "amdvi")));
	ck_assert(hyp_ring_write(unit, &u, m, w->tail.off, w->tail.val, &b, NULL)); /* the same tail again: nothing new */
	ck_assert_uint_eq(b.commands, 0);
	mem_destroy(m);
	free(unit);
}
END_TEST

/* GuestID 1, guest-physical addresses 1000000000h higher: two waits, of which the last one counts; another one of GuestID 0 is its own. */
START_TEST(what_a_guests_wait_stores)
{
	const struct iommu_ops ops = { .arch = "amdvi" };
	const struct iommu u = { .ops = &ops };
	struct hyp_unit *unit = calloc(1, sizeof(*unit));
	struct mem *m = mem_create(0, false);
	const uint64_t waits[4] = { UINT64_C(0x1000001000005001), 7, UINT64_C(0x1000001000006009), 8 };
	struct hyp_batch b;

	unit->s2_offset = UINT64_C(0x1000000000);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_int_eq(mem_write(m, 0x10000 + 8 * i, &waits[i], 1), MEM_OK);
	ck_assert(!hyp_ring_write(unit, &u, m, 0x1000040 + 0x20, UINT64_C(0x1000010109), &b, NULL));
	ck_assert(hyp_ring_write(unit, &u, m, 0x10001008, 16, &b, NULL));
	ck_assert(b.asked);
	ck_assert_ptr_eq(b.guest, &unit->vintf[1]);
	ck_assert_uint_eq(b.guest->wait_at, 0x5000);
	ck_assert(hyp_ring_write(unit, &u, m, 0x10001008, 32, &b, NULL));
	ck_assert(!b.asked);
	ck_assert_uint_eq(b.guest->wait_at, 0x6008);
	ck_assert_uint_eq(b.guest->wait_val, 8);
	ck_assert_uint_eq(unit->vintf[0].wait_at, 0);
	ck_assert(!hyp_ring_write(unit, &u, m, 0x1000040 + 0x28, UINT64_C(0x1000020309), &b, NULL)); /* its event log */
	ck_assert_uint_eq(unit->vintf[1].log, 0x20000);
	ck_assert_uint_eq(unit->vintf[1].log_size, 8192);
	mem_destroy(m);
	free(unit);
}
END_TEST

START_TEST(a_ring_wraps)
{
	const struct iommu_ops ops = { .arch = "amdvi" };
	const struct iommu u = { .ops = &ops };
	struct hyp_unit *unit = calloc(1, sizeof(*unit));
	struct mem *m = mem_create(0, false);
	struct hyp_batch b;

	ck_assert(!hyp_ring_write(unit, &u, m, 0x08, UINT64_C(8) << 56 | 0x10000, &b, NULL)); /* 256 entries */
	ck_assert(hyp_ring_write(unit, &u, m, 0x2008, 254 * 16, &b, NULL));
	ck_assert_uint_eq(b.commands, 254);
	ck_assert(hyp_ring_write(unit, &u, m, 0x2008, 1 * 16, &b, NULL));
	ck_assert_uint_eq(b.commands, 3);
	mem_destroy(m);
	free(unit);
}
END_TEST

/* Commands encoded by hand: requester 0x108, PASID as given. */
static const struct target_row {
	const char *arch;
	uint64_t w[2];
	uint32_t pasid;
	bool devtlb;
} targets[] = {
	{ "vtd", { 0x0000010800000003, 0x10000 }, TRC_NO_PASID, true },
	{ "vtd", { 0x0000000501080008, 0x10000 }, 5, true },
	{ "vtd", { 0x0000000100000025, 0x1000 }, 0, false }, /* wait */
	{ "smmuv3", { 0x0000010800000040, 0x10000 }, TRC_NO_PASID, true },
	{ "smmuv3", { 0x0000010812345840, 0x10000 }, 0x12345, true },
	{ "smmuv3", { 0x0000000000000046, 0 }, 0, false }, /* CMD_SYNC */
	{ "amdvi", { 0x4000010820000108, 0x10000 }, TRC_NO_PASID, true },
	{ "amdvi", { 0x4245010820230108, 0x10004 }, 0x22345, true },
	{ "amdvi", { 0x1000000000001001, 1 }, 0, false }, /* COMPLETION_WAIT */
};

START_TEST(a_command_names_its_device)
{
	const struct target_row *w = &targets[_i];
	struct hyp_target t;

	ck_assert_int_eq(hyp_ring_target(w->arch, w->w, &t), w->devtlb);
	if (!w->devtlb)
		return;
	ck_assert_uint_eq(t.rid, 0x108);
	ck_assert_uint_eq(t.pasid, w->pasid);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyp");
	TCase *t = tcase_create("hyp");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, ranges_are_pages, 0, 4);
	tcase_add_test(t, ranges_end_at_the_top);
	tcase_add_loop_test(t, a_tail_write_is_counted, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, what_a_guests_wait_stores);
	tcase_add_test(t, a_ring_wraps);
	tcase_add_loop_test(t, a_command_names_its_device, 0, (int)ARRAY_LEN(targets));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
