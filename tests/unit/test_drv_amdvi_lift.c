/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_amdvi_lift.c - the driver model and lifting against each other on AMD-Vi: what the driver makes of events is lifted back to them
 * (v1 tables with pages of every size, v2 tables with PASIDs, pass-through), hand-made tables with skipped levels; and what is lifted from
 * a captured Linux, played by the driver on the unit, gives every result the capture has (tests/data/import, and the captures in the
 * directory IOMMUSIM_CAPTURES if that is set).
 */
#include "amdvi/amdvi.h"
#include "drv_lift.h"
#include "test_drv_amdvi.h"

static void unit(struct plat *p)
{
	static struct amdvi_cfg uc; /* the unit reads it as long as it lives */
	struct err e = { 0 };
	struct iommu *u;

	cfg_defaults(amdvi_opts, &uc);
	u = amdvi_create(&uc, "amdvi", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
}

static const struct lift_case amdvi = { "amdvi", unit };

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
#define ROW(r, ...) { { EVENTS(r) }, __VA_ARGS__ }
static const struct row {
	struct events v;
	uint32_t levels;
	bool sized, np;
} rows[] = {
	ROW(v1, 0, true, false), ROW(v1, 4, false, true), ROW(v1, 6, true, true), ROW(v1_shared, 0, true, false), ROW(v2, 0, true, false),
	ROW(v2, 5, true, true), ROW(pass, 0, true, false),
};

START_TEST(events_come_back)
{
	const struct row *w = &rows[_i];
	struct drv_cfg dc = { 0 };

	cfg_defaults(drv_opts, &dc);
	dc.levels = w->levels;
	dc.amd_sized_pages = w->sized;
	dc.caching_mode = w->np;
	come_back(&amdvi, &w->v, &dc, "");
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

static void compare_flushes(const char *base, void *unused)
{
	struct batches b = { .g = rig_open(EFR_CAPTURED, 0) };
	struct mem *m = mem_create(0, false);
	struct err e = { 0 };
	struct trc_reader *t;
	struct trc_rec r;
	uint64_t ring = 0, tail = 0, w[2];

	(void)unused;
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
	each_capture(&amdvi, compare_flushes, NULL);
}
END_TEST

static void play_one(const char *base, void *dc)
{
	play(&amdvi, base, dc);
}

START_TEST(a_captured_kernel_played_again)
{
	static const uint32_t mode[] = { DRV_MODE_AUTO, DRV_MODE_SS, DRV_MODE_FS, DRV_MODE_NESTED };
	struct drv_cfg dc = { 0 };

	cfg_defaults(drv_opts, &dc);
	dc.mode = mode[_i];
	dc.caching_mode = _i & 1;
	each_capture(&amdvi, play_one, &dc);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("amdvi");

	tcase_add_loop_test(t, events_come_back, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(t, by_hand);
	tcase_add_test(t, flushes_of_a_captured_kernel);
	tcase_add_loop_test(t, a_captured_kernel_played_again, 0, 4);
	return lift_main("drv_amdvi_lift", t);
}
