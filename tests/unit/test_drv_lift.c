/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_lift.c - the driver model and lifting against each other on SMMUv3: what the driver makes of events is lifted back to them; and
 * what is lifted from a captured Linux, played by the driver on the unit, gives every result the capture has (tests/data/import, and the
 * captures in the directory IOMMUSIM_CAPTURES if that is set).
 */
#include "drv_lift.h"
#include "smmuv3/smmuv3.h"

static void unit(struct plat *p)
{
	static struct smmuv3_cfg uc; /* the unit reads it as long as it lives */
	struct err e = { 0 };
	struct iommu *u;

	cfg_defaults(smmuv3_opts, &uc);
	u = smmuv3_create(&uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
}

static const struct lift_case smmuv3 = { "smmuv3", unit };
enum { RWX = XL_R | XL_W | XL_X };

/* Domain numbers are the ids the driver gives out: ASIDs and VMIDs from 1. Permissions are those the stage can say. */
static const struct trc_rec s1[] = {
	AT(A, NONE, 1, "fs"), MA(1, 0x1000, 0x100000, 0x3000, RWX), MA(1, 0x40000000, 0x80000000, 0x400000, RW),
	MA(1, 0xffffffff0000, 0x200000, 0x10000, XL_R),
	AT(B, NONE, 2, "fs"), MA(2, 0x1000, 0x500000, 0x1000, RWX), UN(1, 0x40000000, 0x400000), UN(1, 0x2000, 0x1000),
	MA(1, 0x2000, 0x700000, 0x1000, RWX),
	UN(1, 0x1000, 0x3000), UN(1, 0xffffffff0000, 0x10000), DE(A, NONE, 1), UN(2, 0x1000, 0x1000), DE(B, NONE, 2),
};
static const struct trc_rec s1_pasid[] = {
	AT(A, 0x345, 1, "fs"), MA(1, 0x1000, 0x100000, 0x3000, RWX), AT(A, 0x12345, 2, "fs"), MA(2, 0x1000, 0x500000, 0x1000, XL_R | XL_X),
	AT(A, NONE, 3, "fs"), MA(3, 0x10000000, 0x900000, 0x1000, RWX),
	UN(2, 0x1000, 0x1000), DE(A, 0x12345, 2), UN(1, 0x1000, 0x3000), DE(A, 0x345, 1),
	UN(3, 0x10000000, 0x1000), DE(A, NONE, 3),
};
static const struct trc_rec s2[] = {
	AT(A, NONE, 1, "ss"), MA(1, 0x1000, 0x100000, 0x3000, RWX), MA(1, 0x40000000, 0x80000000, 0x40000000, RW),
	MA(1, 0x8000, 0x200000, 0x1000, XL_W),
	AT(B, NONE, 1, "ss"), UN(1, 0x8000, 0x1000), DE(A, NONE, 1), UN(1, 0x40000000, 0x40000000), UN(1, 0x1000, 0x3000), DE(B, NONE, 1),
};
static const struct trc_rec big_pages[] = {
	AT(A, NONE, 1, ""), MA(1, 0x10000, 0x100000, 0x30000, RWX), MA(1, 0x40000000, 0x80000000, 0x20000000, RWX), UN(1, 0x40000000, 0x20000000),
	UN(1, 0x20000, 0x10000), UN(1, 0x10000, 0x10000), UN(1, 0x30000, 0x10000), DE(A, NONE, 1),
};
static const struct trc_rec pass[] = {
	AT(A, NONE, 0, "pt"), AT(A, 5, 1, "fs"), MA(1, 0x1000, 0x100000, 0x1000, RWX), UN(1, 0x1000, 0x1000), DE(A, 5, 1), DE(A, NONE, 0),
};
#define ROW(r, ...) { { EVENTS(r) }, __VA_ARGS__ }
static const struct row {
	struct events v;
	uint32_t mode, granule, ril, levels, bits;
	bool e2h;
} rows[] = {
	ROW(s1, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_AUTO, 0, 20, false),
	ROW(s1, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_OFF, 0, 0, true),
	ROW(s1_pasid, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_AUTO, 0, 20, false),
	ROW(s2, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_AUTO, 0, 20, false),
	ROW(s2, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_OFF, 3, 20, false),
	ROW(big_pages, DRV_MODE_FS, DRV_GRANULE_16K, DRV_RIL_AUTO, 0, 10, false),
	ROW(big_pages, DRV_MODE_SS, DRV_GRANULE_16K, DRV_RIL_AUTO, 0, 20, false),
	ROW(big_pages, DRV_MODE_FS, DRV_GRANULE_64K, DRV_RIL_AUTO, 0, 20, false),
	ROW(big_pages, DRV_MODE_SS, DRV_GRANULE_64K, DRV_RIL_OFF, 0, 20, false),
	ROW(pass, DRV_MODE_AUTO, DRV_GRANULE_4K, DRV_RIL_AUTO, 0, 20, false),
};

static struct drv_cfg options(const struct row *w)
{
	struct drv_cfg dc = { 0 };

	cfg_defaults(drv_opts, &dc);
	dc.mode = w->mode;
	dc.smmu_granule = w->granule;
	dc.smmu_ril = w->ril;
	dc.levels = w->levels;
	dc.smmu_ssid_bits = w->bits;
	dc.smmu_e2h = w->e2h;
	return dc;
}

START_TEST(events_come_back)
{
	struct drv_cfg dc = options(&rows[_i]);

	come_back(&smmuv3, &rows[_i].v, &dc, dc.mode == DRV_MODE_SS ? "ss" : "fs");
}
END_TEST

/* The flushes themselves, by range and whole; what names nobody is counted; other architectures are refused. */
START_TEST(flushes)
{
	static const struct trc_rec in[] = {
		AT(A, NONE, 1, "fs"), MA(1, 0x1000, 0x100000, 0x23000, RWX), UN(1, 0x1000, 0x23000),
		{ .kind = TRC_FLUSH, .at = TRC_NO_TIME, .u.sw = { .dom = 1 } },
		DE(A, NONE, 1), { .kind = TRC_FLUSH, .at = TRC_NO_TIME, .u.sw = { .dom = 1 } },
	};
	static const uint64_t want[][2] = { { 0x1000, 0x3000 }, { 0x4000, 0x20000 }, { 0, 0 } };
	struct fake_trace f = { .rec = in, .n = ARRAY_LEN(in) };
	struct drv_cfg dc = options(&rows[0]);
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_writer *w;
	struct lift_sum s;
	struct trc_rec r;
	size_t k = 0;

	drive(&smmuv3, &dc, &f);
	s = lift("smmuv3");
	ck_assert_uint_eq(s.flush_unknown, 1); /* the one behind the detach */
	t = trc_open(soft, &e);
	while (trc_next(t, &r, &e) > 0)
		if (r.kind == TRC_FLUSH) {
			ck_assert_uint_lt(k, ARRAY_LEN(want));
			ck_assert_uint_eq(r.u.sw.iova, want[k][0]);
			ck_assert_uint_eq(r.u.sw.size, want[k++][1]);
		}
	ck_assert_uint_eq(k, ARRAY_LEN(want));
	trc_close(t);
	t = trc_open(hard, &e);
	w = trc_create(soft, TRC_BINARY, &e);
	ck_assert(!lift_run_as(t, w, "ibm", &s, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "vtd, smmuv3 or amdvi"));
	trc_close(t);
	trc_abandon(w);
}
END_TEST

static void play_one(const char *base, void *dc)
{
	uint64_t dmas = play(&smmuv3, base, dc);

	if (!strcmp(base, "tests/data/import/smmuv3-edu"))
		ck_assert_uint_eq(dmas, 124);
}

START_TEST(a_captured_kernel_played_again)
{
	static const uint32_t mode[] = { DRV_MODE_AUTO, DRV_MODE_SS, DRV_MODE_NESTED };
	struct drv_cfg dc = { 0 };

	cfg_defaults(drv_opts, &dc);
	dc.mode = mode[_i];
	each_capture(&smmuv3, play_one, &dc);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("smmuv3");

	tcase_add_loop_test(t, events_come_back, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, flushes);
	tcase_add_loop_test(t, a_captured_kernel_played_again, 0, 3);
	return lift_main("drv_lift", t);
}
