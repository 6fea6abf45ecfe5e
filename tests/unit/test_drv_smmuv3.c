/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3.c - the SMMUv3 driver: reset, commands of unmaps and flushes, tables, against rows written from what Linux sends (values
 * that a captured Linux 6.12 wrote are used where there is one).
 */
#include "test_drv_smmuv3.h"

/* Register writes and commands of the first record, as the captured kernel did them. */
START_TEST(reset_sequence)
{
	static const struct ev want[] = {
		{ 'm', 0x20, 0 }, { 'm', 0x28, 0xd75 }, { 'm', 0x2c, 6 }, { 'm', 0x80, 1 }, { 'm', 0x88, 0x10210 }, { 'm', 0x90, 1 }, { 'm', 0x98, 0 },
		{ 'm', 0x9c, 0 }, { 'm', 0x20, 8 }, { 'c', 4, 0x1f }, { 'c', SYNC_SEV, 0 }, { 'm', 0x98, 2 }, { 'c', 0x30, 0 }, { 'c', SYNC_SEV, 0 },
		{ 'm', 0x98, 4 }, { 'm', 0xa0, 1 }, { 'm', 0x100a8, 0 }, { 'm', 0x100ac, 0 }, { 'm', 0x20, 0xc }, { 'm', 0x50, 0 }, { 'm', 0x68, 0 },
		{ 'm', 0xb0, 0 }, { 'm', 0x50, 5 }, { 'm', 0x20, 0xd },
	};
	struct rig *g = rig_open(captured);

	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		const struct ev *v = &g->ev[i];
		bool base = v->a == 0x80 || v->a == 0x90 || v->a == 0xa0; /* the address is the pool's */

		ck_assert_msg(v->kind == want[i].kind && v->a == want[i].a && (base || v->b == want[i].b), "event %u: %c %" PRIx64 " %" PRIx64, i,
			      v->kind, v->a, v->b);
		ck_assert(!base || v->b >> 62 == 1);
	}
	rig_close(g);
}
END_TEST

/* A unit with EL2, MSI, PRI, ATS that was left on. */
START_TEST(reset_with_everything)
{
	static const uint32_t order[] = { 0x44, 0x20, 0x28, 0x2c, 0x80, 0x88, 0x90, 0x98, 0x9c, 0x20, 0x98, 0x98, 0x98, 0xa0, 0x100a8, 0x100ac,
					  0x20,
					  0xc0, 0x100c8, 0x100cc, 0x20, 0x20, 0x50, 0x68, 0xb0, 0xd0, 0xb0, 0xb8, 0xbc, 0x68, 0x70, 0x74, 0xd0, 0xd8, 0xdc, 0x50, 0x20 };
	static const uint32_t cr0[] = { 0, 8, 0xc, 0xe, 0x1e, 0x1f };
	struct rig *g = rig_open(full);
	unsigned k = 0, c = 0;

	idr[5] = 1;
	g->c.smmu_e2h = true;
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	for (unsigned i = 0; i < g->n && k < ARRAY_LEN(order); i++) {
		const struct ev *v = &g->ev[i];

		if (v->kind == 'c' && (v->a & 255) == 0x46) {
			ck_assert_uint_eq(v->a, 0x0fc01046); /* by message: to its own slot */
			ck_assert_uint_eq(v->b & 0xf, 0);
			ck_assert_uint_eq(v->b & ~UINT64_C(0xfff), g->cmdq & UINT64_C(0x00fffffffffff000));
		}
		if (v->kind != 'm')
			continue;
		ck_assert_msg(v->a == order[k], "register write %u: 0x%" PRIx64, k, v->a);
		if (v->a == 0x20)
			ck_assert_uint_eq(v->b, cr0[c++]);
		if (v->a == 0x2c)
			ck_assert_uint_eq(v->b, 7);
		if (v->a == 0x44)
			ck_assert_uint_eq(v->b, 0x80100000);
		k++;
	}
	ck_assert_uint_eq(k, ARRAY_LEN(order));
	EXPECT(g, 3, 4, { 4, 0x1f }, { 0x20, 0 }, { 0x30, 0 }); /* CFGI_ALL, EL2_ALL, NSNH_ALL; and CMDQ_PROD = 0 */
	rig_close(g);
}
END_TEST

/* Rows of the captured kernel: one page, 16 pages, a 2 MiB block, two of them; then a range of several commands and a table. */
START_TEST(unmap_by_range)
{
	struct rig *g = rig_open(captured);

	RUN(g, SW(TRC_ATTACH), MAPREC(0xffffc000, 0x441fe000, 0x1000), MAPREC(0xfff80000, 0x50000000, 0x10000),
	    MAPREC(0x200000, 0x46200000, 0x200000),
	    MAPREC(0x340000000, 0x45a00000, 0x400000), MAPREC(0x1000, 0x47000000, 0x23000), MAPREC(0x80000000, 0x47100000, 0x200000));
	RUN(g, UNMAPREC(0xffffc000, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000000012, 0xffffc701 });
	RUN(g, UNMAPREC(0xfff80000, 0x10000));
	EXPECT(g, 1, 1, { 0x1000000400012, 0xfff80701 });
	RUN(g, UNMAPREC(0x200000, 0x200000));
	EXPECT(g, 1, 1, { 0x1000000900012, 0x200601 });
	RUN(g, UNMAPREC(0x340000000, 0x400000));
	EXPECT(g, 1, 1, { 0x1000000a00012, 0x340000601 });
	RUN(g, UNMAPREC(0x1000, 0x23000)); /* 35 pages: 3, then 32 */
	EXPECT(g, 1, 1, { 0x1000000002012, 0x1701 }, { 0x1000000500012, 0x4701 });
	RUN(g, UNMAPREC(0x80000000, 0x100000)); /* half of the pages below one table */
	EXPECT(g, 1, 1, { 0x1000000800012, 0x80000701 });
	RUN(g, UNMAPREC(0x80000000, 0x200000)); /* the table goes: at once, without level; then what a block would have needed */
	EXPECT(g, 2, 2, { 0x1000000900012, 0x80000400 }, { 0x1000000900012, 0x80000601 });
	rig_close(g);
}
END_TEST

/* Without RIL a command for each page; batches of 64 without CMD_SYNC but the last; with the MMU-700, 63 with CMD_SYNC; or one each. */
START_TEST(unmap_by_page)
{
	static const struct { uint32_t ril, iidr, wait; unsigned syncs, writes; } row[] = {
		{ DRV_RIL_OFF, 0, DRV_WAIT_BATCH, 1, 4 }, { DRV_RIL_OFF, 0x4870043b, DRV_WAIT_BATCH, 4, 4 }, { DRV_RIL_OFF, 0, DRV_WAIT_EACH, 200, 200 },
		{ DRV_RIL_OFF, 0x4830043b, DRV_WAIT_BATCH, 1, 4 },
	};
	uint64_t want[200][2];
	uint32_t id[5];

	memcpy(id, captured, sizeof(id));
	id[4] = row[_i].iidr;
	struct rig *g = rig_open(id);

	g->c.smmu_ril = row[_i].ril;
	g->c.wait = row[_i].wait;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x40000000, 0x50000000, 200 * 4096));
	RUN(g, UNMAPREC(0x40000000, 200 * 4096));
	for (unsigned i = 0; i < 200; i++) {
		want[i][0] = UINT64_C(0x1000000000012);
		want[i][1] = 0x40000001 + 4096 * i;
	}
	expect_commands(g, want, 200, row[_i].syncs);
	PROD_WRITES(g, row[_i].writes);
	RUN(g, MAPREC(0x80000000, 0x40000000, 0x200000), UNMAPREC(0x80000000, 0x200000)); /* a block: one */
	EXPECT(g, 1, 1, { 0x1000000000012, 0x80000001 });
	rig_close(g);
}
END_TEST

START_TEST(queue_wraps)
{
	struct rig *g = rig_open(captured);

	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x1000));
	for (int i = 0; i < 600; i++) { /* 1200 entries of 256 */
		RUN(g, UNMAPREC(0, 0x1000), MAPREC(0, 0x100000, 0x1000));
		EXPECT(g, 1, 1, { 0x1000000000012, 0x701 });
	}
	rig_close(g);
}
END_TEST

/* ih off: Leaf = 0, no level, and never a range of one page. */
START_TEST(options_of_flushes)
{
	struct rig *g = rig_open(captured);

	g->c.ih = false;
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x21000));
	RUN(g, UNMAPREC(0, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000100012, 0x400 });
	RUN(g, SW(TRC_FLUSH, .iova = 0x1000, .size = 0x20000));
	EXPECT(g, 1, 1, { 0x1000000500012, 0x1400 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, SW(TRC_FLUSH, .iova = 0, .size = UINT64_C(1) << 47)); /* more than a range command can say */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	rig_close(g);
	g = rig_open(captured);
	g->c.caching_mode = true;
	g->c.policy = DRV_LAZY; /* not lazy all the same */
	RUN(g, SW(TRC_ATTACH));
	RUN(g, MAPREC(0x1000, 0x100000, 0x2000));
	EXPECT(g, 1, 1, { 0x1000000100012, 0x1400 });
	RUN(g, UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, 1, { 0x1000000000012, 0x1701 });
	rig_close(g);
	g = rig_open(full);
	g->c.smmu_e2h = true;
	g->c.smmu_sync = DRV_SYNC_SEV;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_uint_eq(word(g, ste_of(g, RID) + 8) >> 30 & 3, 2); /* STRW */
	RUN(g, UNMAPREC(0x1000, 0x1000), SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000000000022, 0x1701 }, { 0x1000000000021, 0 });
	for (unsigned i = 0; i < g->n; i++)
		ck_assert(g->ev[i].kind != 'c' || (g->ev[i].a & 255) != 0x46 || g->ev[i].a == SYNC_SEV);
	rig_close(g);
}
END_TEST

START_TEST(stage2)
{
	/* OAS bits, granule: T0SZ, SL0, TG, PS code; the number of entries that fit the top table */
	static const struct { uint32_t idr5, levels; unsigned granule, t0sz, sl0, tg, ps; } row[] = {
		{ 0x74, 0, DRV_GRANULE_4K, 20, 2, 0, 4 }, { 0x75, 0, DRV_GRANULE_4K, 16, 2, 0, 5 },
		{ 0x72, 0, DRV_GRANULE_4K, 24, 1, 0, 2 }, /* 40 bits: 2 tables */
		{ 0x73, 0, DRV_GRANULE_4K, 22, 1, 0, 3 }, { 0x71, 0, DRV_GRANULE_4K, 28, 1, 0, 1 }, { 0x75, 3, DRV_GRANULE_4K, 25, 1, 0, 5 },
		{ 0x75, 0, DRV_GRANULE_16K, 16, 2, 2, 5 }, { 0x74, 0, DRV_GRANULE_16K, 20, 2, 2, 4 }, { 0x75, 0, DRV_GRANULE_64K, 16, 2, 1, 5 },
	};
	uint32_t id[5];

	memcpy(id, full, sizeof(id));
	id[3] = row[_i].idr5;
	struct rig *g = rig_open(id);

	g->c.smmu_granule = row[_i].granule;
	g->c.levels = row[_i].levels;
	RUN(g, SW(TRC_ATTACH, .type = "ss"));
	uint64_t ste = ste_of(g, RID), w2 = word(g, ste + 16), page = UINT64_C(4096) << (2 * row[_i].granule);

	SCRIPT(g, ste, 0, ". sync . sync . sync . T0 T16 T24 ste sync . T0 ste sync . prefetch . ");
	ck_assert_uint_eq(word(g, ste), 0xd);
	ck_assert_uint_eq(word(g, ste + 8), 0); /* no attribute override in IDR1 */
	ck_assert_uint_eq(w2 & 0xffffffff, 1); /* VMID */
	ck_assert_uint_eq(w2 >> 32 & 63, row[_i].t0sz);
	ck_assert_uint_eq(w2 >> 38 & 3, row[_i].sl0);
	ck_assert_uint_eq(w2 >> 40 & 0x3f, 0x35); /* write-back, inner shareable */
	ck_assert_uint_eq(w2 >> 46 & 3, row[_i].tg);
	ck_assert_uint_eq(w2 >> 48 & 7, row[_i].ps);
	ck_assert_uint_eq(w2 >> 51, 0x89); /* AA64, PTW, R */
	/* the last page of the input range is a page of this domain, aligned tables hold it */
	uint64_t top = UINT64_C(1) << (64 - row[_i].t0sz), ttb = word(g, ste + 24);
	unsigned s = 9 + 2 * row[_i].granule, start = row[_i].granule == DRV_GRANULE_4K ? 2 - row[_i].sl0 : 3 - row[_i].sl0;
	unsigned lg2 = 12 + 2 * row[_i].granule + s * (3 - start);

	ck_assert_uint_eq(ttb & ((8 * top >> lg2) - 1), 0);
	RUN(g, MAPREC(top - page, page * 5, page));
	ck_assert_int_eq(g->rc, 0);
	ttb += 8 * ((top - 1) >> lg2);
	for (; start < 3; start++) {
		ck_assert_uint_eq(word(g, ttb) & 0xfff, 3);
		ttb = (word(g, ttb) & ~UINT64_C(0xfff)) + 8 * ((UINT64_C(1) << s) - 1);
	}
	ck_assert_uint_eq(word(g, ttb), page * 5 + 0x7ff);
	RUN(g, UNMAPREC(top - page, page));
	EXPECT(g, 1, 1, { 0x10000002a, (top - page) | (row[_i].granule + 1) << 10 | 0x301 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x100000028, 0 });
	RUN(g, SW(TRC_MAP, .iova = 0, .pa = 0, .size = page, .perm = XL_W));
	ck_assert_int_eq(g->rc, 0);
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, 0, "T0 ste sync . T16 T24 ste sync . prefetch . ");
	rig_close(g);
}
END_TEST

/* Stage 1 in 16 and 64 KiB pages. */
START_TEST(granules)
{
	static const struct { uint32_t granule; uint64_t page, block; unsigned tg0, reads; uint64_t unmap[2]; } row[] = {
		{ DRV_GRANULE_16K, 0x4000, 0x2000000, 2, 4, { 0x1000000000012, 0xb01 } },
		{ DRV_GRANULE_64K, 0x10000, 0x20000000, 1, 3, { 0x1000000000012, 0xf01 } },
	};
	struct rig *g = rig_open(full);
	const uint64_t page = row[_i].page, mask = ~(page - 1) & UINT64_C(0xffffffffffff);
	unsigned s = 11 + 2 * (unsigned)_i, g_lg2 = 14 + 2 * (unsigned)_i;

	g->c.smmu_granule = row[_i].granule;
	RUN(g, SW(TRC_ATTACH), MAPREC(0x80000000, 0x40000000, page), MAPREC(0x40000000, 0x80000000, row[_i].block));
	uint64_t cd = cd_of(g, RID, 0, 0), t = word(g, cd + 8);

	ck_assert_uint_eq(word(g, cd) & 0xff, 16u | row[_i].tg0 << 6);
	for (unsigned l = 4 - row[_i].reads; l < 3; l++) {
		uint64_t ia = l == 4 - row[_i].reads ? 0x80000000 : 0x80000000 & ((UINT64_C(1) << (g_lg2 + s * (4 - l))) - 1);

		t = word(g, t + 8 * (ia >> (g_lg2 + s * (3 - l))));
		ck_assert_uint_eq(t & 0xfff, 3);
		t &= mask;
	}
	ck_assert_uint_eq(word(g, t), 0x40000f47);
	RUN(g, UNMAPREC(0x80000000, page));
	EXPECT(g, 1, 1, { row[_i].unmap[0], 0x80000000 | row[_i].unmap[1] });
	RUN(g, UNMAPREC(0x40000000, row[_i].block)); /* one command, level 2 */
	EXPECT(g, 1, 1, { 0x1000000000012 | (uint64_t)s << 20, 0x40000000 | ((row[_i].unmap[1] & 0xc00) | 0x201) });
	RUN(g, MAPREC(0x80001000, 0x40000000, page));
	ck_assert_int_eq(g->rc, -1);
	ck_assert_ptr_nonnull(strstr(g->e.msg, _i ? "64 KiB" : "16 KiB"));
	rig_close(g);
}
END_TEST

START_TEST(lazy)
{
	struct rig *g = rig_open(captured);

	g->c.policy = DRV_LAZY;
	g->c.lazy_len = 3;
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x200000), MAPREC(0x40000000, 0x40000000, 0x200000));
	RUN(g, UNMAPREC(0, 0x1000), UNMAPREC(0x1000, 0x1000));
	NOTHING(g);
	RUN(g, UNMAPREC(0x40000000, 0x200000)); /* full: by ASID */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, UNMAPREC(0x2000, 0x1000));
	NOTHING(g);
	RUN(g, MAPREC(0x2000, 0x100000, 0x1000)); /* not given out again before its flush */
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	RUN(g, UNMAPREC(0, 0x200000)); /* a table goes: flushed at once */
	EXPECT(g, 1, 1, { 0x1000000900012, 0x400 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, 1, { 0x1000000000011, 0 });
	rig_close(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_smmuv3");
	TCase *t = tcase_create("smmuv3");
	SRunner *r;
	int bad;

	tcase_add_test(t, reset_sequence);
	tcase_add_test(t, reset_with_everything);
	tcase_add_test(t, unmap_by_range);
	tcase_add_loop_test(t, unmap_by_page, 0, 4);
	tcase_add_test(t, queue_wraps);
	tcase_add_test(t, options_of_flushes);
	tcase_add_loop_test(t, stage2, 0, 9);
	tcase_add_loop_test(t, granules, 0, 2);
	tcase_add_test(t, lazy);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
