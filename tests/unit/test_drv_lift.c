/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_lift.c - the driver model and lifting against each other on SMMUv3: what the driver makes of events is lifted back to them; and
 * what is lifted from a captured Linux, played by the driver on the unit, gives every result the capture has (tests/data/import, and the
 * captures in the directory IOMMUSIM_CAPTURES if that is set).
 */
#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fake_plat.h"
#include "import/imp_qemu.h"
#include "import/lift.h"
#include "smmuv3/smmuv3.h"
#include "software/drv.h"

static char dir[] = "/tmp/test_drv_lift.XXXXXX", hard[64], soft[64];

static struct iommu *unit(struct plat *p, struct smmuv3_cfg *uc)
{
	struct err e = { 0 };
	struct iommu *u;

	cfg_defaults(smmuv3_opts, uc);
	u = smmuv3_create(uc, "smmuv3", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	return u;
}

static struct lift_sum lift(const char *arch)
{
	struct err e = { 0 };
	struct trc_reader *t = trc_open(hard, &e);
	struct trc_writer *w = trc_create(soft, TRC_BINARY, &e);
	struct lift_sum s;

	ck_assert_msg(t && w, "%s", e.msg);
	ck_assert_msg(lift_run_as(t, w, arch, &s, &e) && trc_finish(w, &e), "%s", e.msg);
	trc_close(t);
	return s;
}

enum { A = 0x20, B = 0x1234 };
#define AT(r, p, d, ty) { .kind = TRC_ATTACH, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d, .type = ty } }
#define DE(r, p, d) { .kind = TRC_DETACH, .at = TRC_NO_TIME, .u.sw = { .rid = r, .pasid = p, .dom = d } }
#define MA(d, v, p, n, pe)                                                                         \
	{ .kind = TRC_MAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = d, .iova = v, .pa = p, .size = n, .perm = pe } }
#define UN(d, v, n) { .kind = TRC_UNMAP, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, .dom = d, .iova = v, .size = n } }
#define NONE TRC_NO_PASID
#define RW (XL_R | XL_W)
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
#define ROW(r, ...) { #r, r, ARRAY_LEN(r), __VA_ARGS__ }
static const struct row {
	const char *name;
	const struct trc_rec *r;
	size_t n;
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

static void drive(const struct row *w, struct fake_trace *in)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_writer *out = trc_create(hard, TRC_BINARY, &e);
	struct trc_rec r;
	int got;

	ck_assert(p && out);
	unit(p, &uc);
	cfg_defaults(drv_opts, &dc);
	dc.mode = w->mode;
	dc.smmu_granule = w->granule;
	dc.smmu_ril = w->ril;
	dc.levels = w->levels;
	dc.smmu_ssid_bits = w->bits;
	dc.smmu_e2h = w->e2h;
	struct drv *d = drv_create(&dc, p, fake_next_rec, in, &e);

	ck_assert_msg(d != NULL, "%s", e.msg);
	while ((got = drv_next(d, &r, &e)) > 0)
		ck_assert_msg(trc_put(out, &r, &e), "%s", e.msg);
	ck_assert_msg(!got && trc_finish(out, &e), "%s: %s", w->name, e.msg);
	drv_destroy(d);
	plat_destroy(p);
}

/* A DMA behind every event: there is where its effect has to be. */
START_TEST(events_come_back)
{
	const struct row *w = &rows[_i];
	struct trc_rec in[64], r;
	struct err e = { 0 };
	struct trc_reader *t;
	size_t k = 0, flushes = 0, unmaps = 0;
	int got;

	ck_assert_uint_le(2 * w->n, ARRAY_LEN(in));
	for (size_t i = 0; i < w->n; i++) {
		in[2 * i] = w->r[i];
		in[2 * i + 1] = (struct trc_rec)REC_DMA('r', i, 4);
		unmaps += w->r[i].kind == TRC_UNMAP;
	}
	struct fake_trace f = { .rec = in, .n = 2 * w->n };

	drive(w, &f);
	lift("smmuv3");
	t = trc_open(soft, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((got = trc_next(t, &r, &e)) > 0) {
		const struct trc_rec *x = &in[k];

		if (r.kind == TRC_FLUSH) {
			flushes++;
			continue;
		}
		ck_assert_uint_lt(k, 2 * w->n);
		ck_assert_msg(r.kind == x->kind, "%s (row %d), record %zu: %s, not %s", w->name, _i, k, trc_kind_name[r.kind], trc_kind_name[x->kind]);
		if (r.kind == TRC_DMA)
			ck_assert_uint_eq(r.u.dma.iova, x->u.dma.iova);
		else
			ck_assert_msg(r.u.sw.dom == x->u.sw.dom && (r.kind > TRC_DETACH || (r.u.sw.rid == x->u.sw.rid && r.u.sw.pasid == x->u.sw.pasid)),
				      "%s (row %d), record %zu: dom %u, rid %x", w->name, _i, k, r.u.sw.dom, r.u.sw.rid);
		if (r.kind == TRC_ATTACH)
			ck_assert_str_eq(r.u.sw.type, *x->u.sw.type ? x->u.sw.type : w->mode == DRV_MODE_SS ? "ss" : "fs");
		if (r.kind == TRC_MAP || r.kind == TRC_UNMAP)
			ck_assert_msg(r.u.sw.iova == x->u.sw.iova && r.u.sw.size == x->u.sw.size && r.u.sw.pa == x->u.sw.pa && r.u.sw.perm == x->u.sw.perm,
				      "%s (row %d), record %zu: 0x%" PRIx64 " + 0x%" PRIx64 " -> 0x%" PRIx64 " %u", w->name, _i, k, r.u.sw.iova, r.u.sw.size,
				      r.u.sw.pa, r.u.sw.perm);
		k++;
	}
	ck_assert_msg(!got, "%s", e.msg);
	ck_assert_uint_eq(k, 2 * w->n);
	ck_assert_uint_ge(flushes, unmaps);
	trc_close(t);
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
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_writer *w;
	struct lift_sum s;
	struct trc_rec r;
	size_t k = 0;

	drive(&rows[0], &f);
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

static int read_trace(void *t, struct trc_rec *r, struct err *e)
{
	return trc_next(t, r, e);
}

/* A captured run: imported, lifted, driven onto the unit. */
static void play(const char *base, uint32_t mode, uint64_t dmas)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	struct imp_sum is;
	char log[300], name[300];

	snprintf(log, sizeof(log), "%s.log.zst", base);
	snprintf(name, sizeof(name), "%s.snap1.idx", base);
	struct image *im = image_load(name, &e);
	struct trc_writer *w = trc_create(hard, TRC_BINARY, &e);

	ck_assert_msg(im && w, "%s", e.msg);
	ck_assert_msg(imp_qemu(&(struct imp_qemu_in){ log, name, im }, w, &is, &e) && trc_finish(w, &e), "%s", e.msg);
	image_free(im);
	lift(NULL); /* the registers say what it is */
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_reader *t = trc_open(soft, &e);

	ck_assert_msg(p && t, "%s", e.msg);
	unit(p, &uc);
	cfg_defaults(drv_opts, &dc);
	dc.mode = mode;
	struct drv *d = drv_create(&dc, p, read_trace, t, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s: %s", base, e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	ck_assert_uint_eq(plat_verified(p)->not_compared, 0);
	if (dmas)
		ck_assert_uint_eq(plat_verified(p)->agree, dmas);
	ck_assert_uint_gt(plat_verified(p)->agree, 0);
	drv_destroy(d);
	plat_destroy(p);
	trc_close(t);
}

START_TEST(a_captured_kernel_played_again)
{
	static const uint32_t mode[] = { DRV_MODE_AUTO, DRV_MODE_SS, DRV_MODE_NESTED };
	const char *cap = getenv("IOMMUSIM_CAPTURES");
	char base[280];
	struct dirent *de;
	DIR *o;

	play("tests/data/import/smmuv3-edu", mode[_i], 124);
	if (!cap || !(o = opendir(cap)))
		return;
	while ((de = readdir(o))) {
		char *dot = strstr(de->d_name, ".log.zst");

		if (!dot || strncmp(de->d_name, "smmuv3-", 7))
			continue;
		snprintf(base, sizeof(base), "%s/%.*s", cap, (int)(dot - de->d_name), de->d_name);
		play(base, mode[_i], 0);
	}
	closedir(o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_lift");
	TCase *t = tcase_create("smmuv3");
	SRunner *r;
	int bad;

	if (!mkdtemp(dir))
		return 1;
	snprintf(hard, sizeof(hard), "%s/hard.iotb", dir);
	snprintf(soft, sizeof(soft), "%s/soft.iotb", dir);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, events_come_back, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, flushes);
	tcase_add_loop_test(t, a_captured_kernel_played_again, 0, 3);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	unlink(hard);
	unlink(soft);
	rmdir(dir);
	return bad != 0;
}
