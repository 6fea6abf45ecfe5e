/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi_lift.c - the driver model and lifting against each other on AMD-Vi: what the driver makes of events is lifted back to them
 * (v1 tables with pages of every size, v2 tables with PASIDs, pass-through), hand-made tables with skipped levels; and what is lifted from
 * a captured Linux, played by the driver on the unit, gives every result the capture has (tests/data/import, and the captures in the
 * directory IOMMUSIM_CAPTURES if that is set).
 */
#include <check.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "amdvi/amdvi.h"
#include "import/imp_qemu.h"
#include "import/lift.h"
#include "test_drv_amdvi.h"

static char dir[] = "/tmp/test_drv_amdvi_lift.XXXXXX", hard[80], soft[80];

static struct iommu *unit(struct plat *p, struct amdvi_cfg *uc)
{
	struct err e = { 0 };
	struct iommu *u;

	cfg_defaults(amdvi_opts, uc);
	u = amdvi_create(uc, "amdvi", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
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
enum { RW = XL_R | XL_W };

/* Domain numbers are the DomainIDs the driver gives out. */
static const struct trc_rec v1[] = {
	AT(A, NONE, 1, "ss"), MA(1, 0x1000, 0x100000, 0x3000, RW), MA(1, 0x40000000, 0x80000000, 0x40000000, RW),
	MA(1, 0x10000, 0x510000, 0x10000, XL_W),
	MA(1, 0x800000, 0x1800000, 0x600000, XL_R), AT(B, NONE, 2, "ss"), MA(2, 0x1000, 0x500000, 0x1000, RW),
	MA(2, 0x2000000000, 0x5000000000, 0x1000000000, RW), UN(1, 0x10000, 0x10000), UN(1, 0x2000, 0x1000), MA(1, 0x2000, 0x700000, 0x1000, RW),
	UN(1, 0x40000000, 0x40000000), UN(1, 0x1000, 0x3000), UN(1, 0x800000, 0x600000), DE(A, NONE, 1), UN(2, 0x1000, 0x1000),
	UN(2, 0x2000000000, 0x1000000000), DE(B, NONE, 2),
};
static const struct trc_rec v1_shared[] = {
	AT(A, NONE, 1, "ss"), MA(1, 0x1000, 0x100000, 0x3000, RW), AT(B, NONE, 1, "ss"), UN(1, 0x1000, 0x3000), DE(A, NONE, 1),
	MA(1, 0x200000, 0x400000, 0x200000, RW), UN(1, 0x200000, 0x200000), DE(B, NONE, 1),
};
static const struct trc_rec v2[] = {
	AT(A, NONE, 1, "fs"), MA(1, 0x1000, 0x100000, 0x3000, RW), MA(1, 0x40000000, 0x80000000, 0x40000000, RW),
	MA(1, 0x10000, 0x510000, 0x10000, XL_R),
	AT(B, NONE, 2, "fs"), MA(2, 0x7fffffff0000, 0x500000, 0x10000, RW), UN(1, 0x10000, 0x10000),
	UN(1, 0x40000000, 0x40000000), UN(1, 0x1000, 0x3000),
	DE(A, NONE, 1), UN(2, 0x7fffffff0000, 0x10000), DE(B, NONE, 2),
};
static const struct trc_rec pass[] = {
	AT(A, NONE, 0, "pt"), AT(A, 5, 2, "fs"), MA(2, 0x1000, 0x100000, 0x1000, RW), UN(2, 0x1000, 0x1000), DE(A, 5, 2), DE(A, NONE, 0),
};
#define ROW(r, ...) { #r, r, ARRAY_LEN(r), __VA_ARGS__ }
static const struct row {
	const char *name;
	const struct trc_rec *r;
	size_t n;
	uint32_t levels;
	bool sized, np;
} rows[] = {
	ROW(v1, 0, true, false), ROW(v1, 4, false, true), ROW(v1, 6, true, true), ROW(v1_shared, 0, true, false), ROW(v2, 0, true, false),
	ROW(v2, 5, true, true), ROW(pass, 0, true, false),
};

static void drive(const struct row *w, struct fake_trace *in)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_writer *out = trc_create(hard, TRC_BINARY, &e);
	struct trc_rec r;
	int got;

	ck_assert(p && out);
	unit(p, &uc);
	cfg_defaults(drv_opts, &dc);
	dc.levels = w->levels;
	dc.amd_sized_pages = w->sized;
	dc.caching_mode = w->np;
	struct drv *d = drv_create(&dc, p, fake_next_rec, in, &e);

	ck_assert_msg(d != NULL, "%s", e.msg);
	while ((got = drv_next(d, &r, &e)) > 0)
		ck_assert_msg(trc_put(out, &r, &e), "%s", e.msg);
	ck_assert_msg(!got && trc_finish(out, &e), "%s: %s", w->name, e.msg);
	drv_destroy(d);
	plat_destroy(p);
}

static void same(const struct row *w, size_t k, const struct trc_rec *r, const struct trc_rec *x)
{
	ck_assert_msg(r->kind == x->kind, "%s (row %d), record %zu: %s, not %s", w->name, (int)(w - rows), k,
		      trc_kind_name[r->kind], trc_kind_name[x->kind]);
	if (r->kind == TRC_DMA) {
		ck_assert_uint_eq(r->u.dma.iova, x->u.dma.iova);
		return;
	}
	ck_assert_msg(r->u.sw.dom == x->u.sw.dom && (r->kind > TRC_DETACH || (r->u.sw.rid == x->u.sw.rid && r->u.sw.pasid == x->u.sw.pasid)),
		      "%s (row %d), record %zu: dom %u, rid %x", w->name, (int)(w - rows), k, r->u.sw.dom, r->u.sw.rid);
	if (r->kind == TRC_ATTACH)
		ck_assert_str_eq(r->u.sw.type, x->u.sw.type);
	if (r->kind == TRC_MAP || r->kind == TRC_UNMAP)
		ck_assert_msg(r->u.sw.iova == x->u.sw.iova && r->u.sw.size == x->u.sw.size && r->u.sw.pa == x->u.sw.pa && r->u.sw.perm == x->u.sw.perm,
			      "%s (row %d), record %zu: 0x%" PRIx64 " + 0x%" PRIx64 " -> 0x%" PRIx64 " %u", w->name, (int)(w - rows), k, r->u.sw.iova,
			      r->u.sw.size, r->u.sw.pa, r->u.sw.perm);
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
	lift("amdvi");
	t = trc_open(soft, &e);
	ck_assert_msg(t != NULL, "%s", e.msg);
	while ((got = trc_next(t, &r, &e)) > 0) {
		if (r.kind == TRC_FLUSH) {
			flushes++;
			continue;
		}
		ck_assert_uint_lt(k, 2 * w->n);
		same(w, k, &r, &in[k]);
		k++;
	}
	ck_assert_msg(!got, "%s", e.msg);
	ck_assert_uint_eq(k, 2 * w->n);
	ck_assert_uint_ge(flushes, unmaps);
	trc_close(t);
}
END_TEST

/* ---- hand-made tables: skipped levels, a page larger than its entry, GN, registers by halves ---- */

#define PDE(pa, next) ((pa) | UINT64_C(0x6000000000000001) | (uint64_t)(next) << 9)
enum { DEVTAB = 0x100000, RING = 0x200000, ROOT = 0x300000, LEAVES = 0x301000 };
static const struct trc_rec hand[] = {
	REC_STORE(DEVTAB + 32 * A + 8, 7), REC_STORE(DEVTAB + 32 * A, PDE(ROOT, 5) | 2), /* Mode 5, DomainID 7 */
	REC_STORE(ROOT, PDE(LEAVES, 1)), /* entry 0 skips levels 4 to 2 */
	REC_STORE(LEAVES + 8 * 16, UINT64_C(0x6000000000017e01)), REC_STORE(LEAVES + 8 * 17, UINT64_C(0x6000000000017e01)), /* 64 KiB, two of 16 */
	REC_STORE(LEAVES, UINT64_C(0x2000000000005001)), REC_STORE(LEAVES + 8, PDE(LEAVES, 1)), /* read; an entry that leads to its own level */
	REC_WRITE(0, DEVTAB), { .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME, .u.mmio = { RING, 8, 4, true } },
	{ .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME, .u.mmio = { 8 << 24, 12, 4, true } }, REC_WRITE(0x18, 0x1001), REC_DMA('r', 0, 4),
	REC_STORE(RING, UINT64_C(0x3000000700000000)), REC_STORE(RING + 8, 0x17003), /* 64 KiB at 0x10000 */
	REC_STORE(RING + 16, UINT64_C(0x3000000700000000)), REC_STORE(RING + 24, UINT64_C(0x7ffffffffffff003)),
	REC_STORE(RING + 32, UINT64_C(0x3000000700000000)), REC_STORE(RING + 40, UINT64_C(0x7fffffffffff7003)), /* beyond 57 bits: left out */
	REC_STORE(RING + 48, UINT64_C(0x3000000700000000)), REC_STORE(RING + 56, 0x17007), /* GN: not this kind */
	REC_STORE(RING + 64, UINT64_C(0x1000000000001001)), REC_WRITE(0x2008, 80),
};

START_TEST(by_hand)
{
	static const struct { uint8_t kind; uint64_t iova, pa, size; uint8_t perm; } want[] = {
		{ TRC_ATTACH, 0, 0, 0, 0 }, { TRC_MAP, 0, 0x5000, 0x1000, XL_R }, { TRC_MAP, 0x10000, 0x10000, 0x2000, RW }, { TRC_DMA, 0, 0, 0, 0 },
		{ TRC_FLUSH, 0x10000, 0, 0x10000, 0 }, { TRC_FLUSH, 0, 0, 0, 0 },
	};
	struct err e = { 0 };
	struct trc_writer *out = trc_create(hard, TRC_BINARY, &e);
	struct trc_reader *t;
	struct trc_rec r;
	struct lift_sum s;
	size_t k = 0;

	for (size_t i = 0; i < ARRAY_LEN(hand); i++)
		ck_assert_msg(out && trc_put(out, &hand[i], &e), "%s", e.msg);
	ck_assert(trc_finish(out, &e));
	s = lift("amdvi");
	ck_assert_uint_eq(s.flush_unknown, 1);
	ck_assert_uint_eq(s.other_cmds, 1);
	t = trc_open(soft, &e);
	while (trc_next(t, &r, &e) > 0) {
		ck_assert_uint_lt(k, ARRAY_LEN(want));
		ck_assert_msg(r.kind == want[k].kind, "record %zu: %s", k, trc_kind_name[r.kind]);
		if (r.kind == TRC_MAP || r.kind == TRC_FLUSH) {
			ck_assert_uint_eq(r.u.sw.dom, 7);
			ck_assert_uint_eq(r.u.sw.iova, want[k].iova);
			ck_assert_uint_eq(r.u.sw.size, want[k].size);
		}
		if (r.kind == TRC_MAP) {
			ck_assert_uint_eq(r.u.sw.pa, want[k].pa);
			ck_assert_uint_eq(r.u.sw.perm, want[k].perm);
		}
		k++;
	}
	ck_assert_uint_eq(k, ARRAY_LEN(want));
	trc_close(t);
}
END_TEST

/* ---- captured kernels ---- */

static void each_capture(void (*fn)(const char *base))
{
	const char *cap = getenv("IOMMUSIM_CAPTURES");
	char base[280];
	struct dirent *de;
	DIR *o;

	fn("tests/data/import/amdvi-edu");
	if (!cap || !(o = opendir(cap)))
		return;
	while ((de = readdir(o))) {
		char *dot = strstr(de->d_name, ".log.zst");

		if (!dot || strncmp(de->d_name, "amdvi-", 6))
			continue;
		snprintf(base, sizeof(base), "%s/%.*s", cap, (int)(dot - de->d_name), de->d_name);
		fn(base);
	}
	closedir(o);
}

static int read_trace(void *t, struct trc_rec *r, struct err *e)
{
	return trc_next(t, r, e);
}

static void import(const char *base)
{
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
}

/* A captured run: imported, lifted, driven onto the unit. */
static void play(const char *base, uint32_t mode, bool np)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	import(base);
	struct lift_sum ls = lift(NULL); /* the registers say what it is */
	struct plat *p = plat_create(&pc, &(struct plat_hooks){ 0 }, &e);
	struct trc_reader *t = trc_open(soft, &e);

	ck_assert_msg(p && t, "%s", e.msg);
	ck_assert_uint_gt(ls.out[TRC_MAP], 0);
	unit(p, &uc);
	cfg_defaults(drv_opts, &dc);
	dc.mode = mode;
	dc.caching_mode = np;
	struct drv *d = drv_create(&dc, p, read_trace, t, &e);

	ck_assert_msg(d && plat_run(p, drv_next, d, true, &e), "%s: %s", base, e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	ck_assert_uint_eq(plat_verified(p)->not_compared, 0);
	ck_assert_uint_eq(plat_verified(p)->agree, ls.in[TRC_DMA]);
	ck_assert_uint_gt(plat_verified(p)->agree, 0);
	drv_destroy(d);
	plat_destroy(p);
	trc_close(t);
}

/*
 * Between two COMPLETION_WAITs the captured kernel, which runs under NpCache, flushes one range: the driver flushes that range with the
 * same commands. Flushes of everything are left out: there the driver needs one command, and the kernel some 60.
 */
struct batches {
	struct rig *g;
	uint64_t qw1[80];
	unsigned n, same;
};

static void range_of(uint64_t qw1, uint64_t *first, uint64_t *last)
{
	unsigned n = 12;

	while (qw1 & 1 && qw1 >> n & 1)
		n++;
	*first = qw1 & ~low_mask(qw1 & 1 ? n + 1 : 12);
	*last = *first | low_mask(qw1 & 1 ? n + 1 : 12);
}

static void end_of_batch(struct batches *b)
{
	uint64_t first, last, none;
	unsigned k = 0;

	if (!b->n)
		return;
	range_of(b->qw1[0], &first, &last);
	range_of(b->qw1[b->n - 1], &none, &last);
	if (b->n > 40) {
		b->n = 0;
		return;
	}
	RUN(b->g, SW(TRC_FLUSH, .iova = first, .size = last - first + 1));
	ck_assert_msg(b->g->rc == 0, "%s", b->g->e.msg);
	for (unsigned i = 0; i < b->g->n; i++)
		if (b->g->ev[i].kind == 'c' && b->g->ev[i].a >> 60 == 3) {
			ck_assert_uint_lt(k, b->n);
			ck_assert_uint_eq(b->g->ev[i].b, b->qw1[k++]);
		}
	ck_assert_uint_eq(k, b->n);
	b->same++;
	b->n = 0;
}

static void compare_flushes(const char *base)
{
	struct batches b = { .g = rig_open(EFR_CAPTURED, 0) };
	struct mem *m = mem_create(0, false);
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_rec r;
	uint64_t ring = 0, tail = 0, w[2];

	b.g->c.caching_mode = true;
	b.g->c.levels = 6;
	RUN(b.g, SW(TRC_ATTACH));
	import(base);
	t = trc_open(hard, &e);
	ck_assert_msg(t && m, "%s", e.msg);
	while (trc_next(t, &r, &e) > 0) {
		if (r.kind == TRC_STORE)
			mem_write_part(m, r.u.store.pa, r.u.store.bytes, r.u.store.val);
		if (r.kind == TRC_REGSTATE && r.u.reg.off == 8)
			ring = r.u.reg.val & bits_mask(51, 12);
		if (r.kind == TRC_REGSTATE && r.u.reg.off == 0x2008)
			tail = r.u.reg.val;
		for (; r.kind == TRC_MMIO_WRITE && r.u.mmio.off == 0x2008 && tail != r.u.mmio.val; tail = (tail + 16) & 8191) {
			ck_assert_int_eq(mem_read(m, ring + tail, w, 2), MEM_OK);
			ck_assert_uint_lt(b.n, ARRAY_LEN(b.qw1));
			if (w[0] >> 60 == 3)
				b.qw1[b.n++] = w[1];
			else if (w[0] >> 60 == 1)
				end_of_batch(&b);
		}
	}
	ck_assert_uint_gt(b.same, 10);
	trc_close(t);
	mem_destroy(m);
	rig_close(b.g);
}

START_TEST(flushes_of_a_captured_kernel)
{
	each_capture(compare_flushes);
}
END_TEST

static uint32_t play_mode;
static bool play_np;

static void play_one(const char *base)
{
	play(base, play_mode, play_np);
}

START_TEST(a_captured_kernel_played_again)
{
	static const uint32_t mode[] = { DRV_MODE_AUTO, DRV_MODE_SS, DRV_MODE_FS, DRV_MODE_NESTED };

	play_mode = mode[_i];
	play_np = _i & 1;
	each_capture(play_one);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_amdvi_lift");
	TCase *t = tcase_create("amdvi");
	SRunner *r;
	int bad;

	if (!mkdtemp(dir))
		return 1;
	snprintf(hard, sizeof(hard), "%s/hard.iotb", dir);
	snprintf(soft, sizeof(soft), "%s/soft.iotb", dir);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, events_come_back, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, by_hand);
	tcase_add_test(t, flushes_of_a_captured_kernel);
	tcase_add_loop_test(t, a_captured_kernel_played_again, 0, 4);
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
