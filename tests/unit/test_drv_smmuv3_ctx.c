/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_smmuv3_ctx.c - the SMMUv3 driver: contents of stream table entries and context descriptors, and the order of stores and commands
 * of attach, change of domain, detach and ATS. Scripts: T and C with a byte offset are stores to the STE and the CD, a dot is a write of
 * CMDQ_PROD. Values that a captured Linux 6.12 wrote are used where there is one.
 */
#include "test_drv_smmuv3.h"

START_TEST(stage1_entries_and_order)
{
	struct rig *g = rig_open(captured);
	uint64_t ste, cd, t;

	RUN(g, SW(TRC_ATTACH));
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	SCRIPT(g, ste, cd, ". sync . sync . T0 C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . ");
	/* the first T0 is an abort entry */
	ck_assert_uint_eq(word(g, ste) & ~UINT64_C(0x00ffffffffffffc0), 0xb);
	ck_assert_uint_eq(word(g, ste + 8), 0xd6);
	ck_assert_uint_eq(word(g, ste + 16) | word(g, ste + 24), 0);
	ck_assert_uint_eq(word(g, ste + 64), 1); /* the neighbour aborts */
	ck_assert_uint_eq(word(g, cd), UINT64_C(0x1e204c0003510));
	ck_assert_uint_eq(word(g, cd + 16), 0);
	ck_assert_uint_eq(word(g, cd + 24), UINT64_C(0xfffffffff404ff44));
	t = word(g, cd + 8);
	ck_assert_uint_eq(t & 0xfff, 0);
	RUN(g, MAPREC(0xffffc000, 0x441fe000, 0x1000), MAPREC(0x200000, 0x46200000, 0x200000));
	NOTHING(g);
	t = word(g, t);
	ck_assert_uint_eq(t & 0xfff, 3);
	uint64_t l2 = word(g, (t & ~UINT64_C(0xfff)) + 8 * 3), big = word(g, (t & ~UINT64_C(0xfff)));

	ck_assert_uint_eq(word(g, (big & ~UINT64_C(0xfff)) + 8), 0x46200f45);
	t = word(g, (l2 & ~UINT64_C(0xfff)) + 8 * 511) & ~UINT64_C(0xfff);
	ck_assert_uint_eq(word(g, t + 8 * 508), 0x441fef47);
	RUN(g, SW(TRC_MAP, .iova = 0xffffb000, .pa = 0x438fe000, .size = 0x1000, .perm = XL_R | XL_X),
	    SW(TRC_MAP, .iova = 0xffffa000, .pa = 0x438ff000, .size = 0x1000, .perm = XL_R | XL_W));
	ck_assert_uint_eq(word(g, t + 8 * 507), 0x438fefc7);
	ck_assert_uint_eq(word(g, t + 8 * 506), UINT64_C(0x00600000438fff47));
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . C0 cd sync . C8 C24 cd sync . ");
	EXPECT(g, 4, 5, { 0x2000000003, 1 }, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { 0x2000000005, 1 }, { 0x2000000005, 1 });
	ck_assert_uint_eq(word(g, ste), 1);
	ck_assert_uint_eq(word(g, ste + 8) | word(g, cd) | word(g, cd + 8) | word(g, cd + 24), 0);
	RUN(g, SWF(TRC_ATTACH, 0x1234, TRC_NO_PASID, 7)); /* ASID 2; a second block of the stream table */
	ck_assert_uint_eq(word(g, cd_of(g, 0x1234, 0, 0)) >> 48, 2);
	rig_close(g);
}
END_TEST

START_TEST(ats_order)
{
	struct rig *g = rig_open(plain_ats);
	const uint64_t all = UINT64_C(0x2000000040);
	uint64_t ste, cd;

	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	ck_assert_uint_eq(g->n, 1); /* a device event alone does not start the driver */
	RUN(g, SW(TRC_ATTACH));
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	SCRIPT(g, ste, cd, ". sync . sync . T0 C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . atc sync . ");
	ck_assert_uint_eq(word(g, ste + 8), 0x100000d6); /* EATS 1 */
	RUN(g, MAPREC(0x3000, 0x100000, 0x4000));
	RUN(g, UNMAPREC(0x3000, 0x4000)); /* TLB first, then the ATC: 0x3000..0x6fff is in one span of 32 KiB */
	EXPECT(g, 2, 2, { 0x1000000200012, 0x3701 }, { all, 0x3 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000000000011, 0 }, { all, ALL });
	RUN(g, DEVREC(TRC_DEV_ATS_OFF));
	SCRIPT(g, ste, cd, "dev T8 ste sync . prefetch . atc sync . ");
	EXPECT(g, 2, 3, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { all, ALL });
	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	SCRIPT(g, ste, cd, "T8 ste sync . prefetch . atc sync . dev ");
	RUN(g, SW(TRC_DETACH));
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . atc sync . C0 cd sync . C8 C24 cd sync . ");
	RUN(g, SW(TRC_ATTACH, .type = "pt")); /* another mode of the same domain */
	ck_assert_int_eq(g->rc, -1);
	rig_close(g);
	g = rig_open(plain_ats);
	RUN(g, DEVREC(TRC_DEV_ATS_ON), SW(TRC_ATTACH, .type = "pt"));
	ck_assert_uint_eq(word(g, ste_of(g, RID) + 8) >> 28 & 3, 0); /* none in bypass */
	rig_close(g);
}
END_TEST

/* A change of domain: what can change in one step does; two live doublewords make a break. */
START_TEST(domain_changes)
{
	struct rig *g = rig_open(plain_ats);
	uint64_t ste, cd;

#define TO(d, t) RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, d, .type = t))
	TO(1, "fs");
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, 0);
	TO(2, "fs"); /* ASID and TTB0 */
	SCRIPT(g, ste, cd, "C0 cd sync . C8 cd sync . C0 cd sync . prefetch . ");
	ck_assert_uint_eq(word(g, cd) >> 48, 2);
	TO(3, "pt"); /* stage 1 to bypass: one doubleword */
	SCRIPT(g, ste, cd, "T0 ste sync . T8 ste sync . prefetch . C0 cd sync . C8 C24 cd sync . ");
	ck_assert_uint_eq(word(g, ste), 9);
	TO(4, "ss");
	SCRIPT(g, ste, cd, "T16 T24 ste sync . T0 ste sync . prefetch . ");
	TO(5, "ss"); /* VMID and S2TTB */
	SCRIPT(g, ste, cd, "T0 ste sync . T16 T24 ste sync . T0 ste sync . prefetch . ");
	TO(1, "fs"); /* Config and VMID */
	SCRIPT(g, ste, cd, "C8 C24 cd sync . C0 cd sync . T0 ste sync . T8 T16 T24 ste sync . T0 ste sync . prefetch . ");
	RUN(g, DEVREC(TRC_DEV_ATS_ON));
	TO(2, "fs"); /* ATS stays on: flushed behind the change */
	SCRIPT(g, ste, cd, "C0 cd sync . C8 cd sync . C0 cd sync . prefetch . atc sync . ");
	RUN(g, SWF(TRC_DETACH, RID, TRC_NO_PASID, 2), SWF(TRC_FLUSH, RID, TRC_NO_PASID, 1));
	ck_assert_int_eq(g->rc, 0);
#undef TO
	rig_close(g);
}
END_TEST

START_TEST(pasids)
{
	struct rig *g = rig_open(full);
	uint64_t ste, cd;

	g->c.smmu_ssid_bits = _i ? 10 : 20; /* 1: a linear table */
	RUN(g, SW(TRC_ATTACH, .type = "pt"));
	ste = ste_of(g, RID);
	RUN(g, SWF(TRC_ATTACH, RID, 0x345, 2));
	cd = cd_of(g, RID, 0x345, 0);
	ck_assert_uint_eq(word(g, ste) >> 59, _i ? 10 : 20);
	ck_assert_uint_eq(word(g, ste) >> 4 & 3, _i ? 0 : 2);
	ck_assert_uint_eq(word(g, ste + 8) & 3, 1); /* requests without PASID bypass stage 1 */
	SCRIPT(g, ste, cd, _i ? "C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . " :
		"cd sync . C8 C24 cd sync . C0 cd sync . T8 ste sync . T0 ste sync . prefetch . "); /* first a new level 1 descriptor */
	RUN(g, SWF(TRC_MAP, RID, TRC_NO_PASID, 2, .iova = 0, .pa = 0x100000, .size = 0x1000, .perm = XL_R));
	RUN(g, DEVREC(TRC_DEV_ATS_ON), SWF(TRC_UNMAP, RID, TRC_NO_PASID, 2, .iova = 0, .size = 0x1000));
	EXPECT(g, 4, 5, { 0x2000000003, 1 }, { 0x2000000001, 0 }, { 0x2000000040, ALL }, { 0x1000000000012, 0x701 }, { 0x2000345840, 0 });
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 2)); /* the same domain without PASID: S1DSS 2; the STE changes in one step */
	ck_assert_uint_eq(word(g, ste + 8) & 3, 2);
	SCRIPT(g, ste, cd_of(g, RID, 0, 0), "C8 C24 cd sync . C0 cd sync . T8 ste sync . prefetch . atc sync . ");
	RUN(g, SWF(TRC_DETACH, RID, 0x345, 2));
	SCRIPT(g, ste, cd, "C0 cd sync . C8 C24 cd sync . atc sync . ");
	RUN(g, SWF(TRC_ATTACH, RID, 5, 3), SWF(TRC_DETACH, RID, TRC_NO_PASID, 2)); /* PASIDs only: others are refused */
	ck_assert_uint_eq(word(g, ste) & 15, 0xb);
	ck_assert_uint_eq(word(g, ste + 8) & 3, 0);
	RUN(g, SWF(TRC_DETACH, RID, 5, 3));
	ck_assert_int_eq(g->rc, 0);
	ck_assert_uint_eq(word(g, ste), 1);
	rig_close(g);
}
END_TEST

START_TEST(nested)
{
	struct rig *g = rig_open(full);
	uint64_t ste, cd, off, ttb;

	off = g->c.s2_offset;
	RUN(g, SW(TRC_ATTACH, .type = "nested"), MAPREC(0x1000, 0x100000, 0x1000));
	ck_assert_int_eq(g->rc, 0);
	ste = ste_of(g, RID);
	cd = cd_of(g, RID, 0, off);
	ck_assert_uint_eq(word(g, ste) & 15, 0xf);
	ck_assert_uint_eq(word(g, ste + 8), 0x080800d6); /* MEV, S1STALLD of a unit that can stall */
	ck_assert_uint_eq(word(g, ste + 16) & 0xffff, 1);
	ck_assert_uint_eq(word(g, cd) >> 48, 1); /* the guest's first ASID */
	ttb = word(g, cd + 8) - off;
	for (int i = 0; i < 3; i++)
		ttb = (word(g, ttb) & ~UINT64_C(0xfff)) - off;
	ck_assert_uint_eq(word(g, ttb + 8), 0x100f47 + off);
	RUN(g, UNMAPREC(0x1000, 0x1000), SW(TRC_FLUSH));
	EXPECT(g, 2, 2, { 0x1000100000012, 0x1701 }, { 0x1000100000011, 0 });
	RUN(g, SWF(TRC_ATTACH, 0x21, TRC_NO_PASID, 2)); /* a domain of the host has ASID 1 too, in VMID 0 */
	ck_assert_uint_eq(word(g, cd_of(g, 0x21, 0, 0)) >> 48, 1);
	RUN(g, SWF(TRC_ATTACH, 0x22, TRC_NO_PASID, 3, .type = "ss"));
	ck_assert_uint_eq(word(g, ste_of(g, 0x22) + 16) & 0xffff, 2);
	rig_close(g);
}
END_TEST

START_TEST(linear_stream_table)
{
	static const uint32_t small[5] = { 0x0544101b, 0x02730008, 0, 0x15, 0 }; /* one level, 8 StreamID bits, no RIL */
	struct rig *g = rig_open(small);

	RUN(g, SW(TRC_ATTACH));
	ck_assert_uint_eq(g->cfg, 8);
	ck_assert_uint_eq(word(g, g->strtab + 64 * 255), 1);
	ck_assert_uint_eq(word(g, ste_of(g, RID)) & 15, 0xb);
	RUN(g, SWF(TRC_ATTACH, 0x100, TRC_NO_PASID, 2));
	ck_assert_ptr_nonnull(strstr(g->e.msg, "8 StreamID bits"));
	rig_close(g);
}
END_TEST

/* Two SMMUv3 and a VT-d unit: one domain on two units has one ASID and is flushed on both; tables do not cross architectures. */
START_TEST(several_units)
{
	struct rig *g = rig_open(captured);
	struct fake_unit *f[2];
	struct iommu_ops vtd = fake_ops;
	struct trc_rec r[] = { SW(TRC_ATTACH, .type = "ss"), SWF(TRC_ATTACH, RID, TRC_NO_PASID, 1, .type = "ss"), MAPREC(0x1000, 0x100000, 0x1000),
			       UNMAPREC(0x1000, 0x1000) };
	struct trc_rec cross = SWF(TRC_ATTACH, 1, TRC_NO_PASID, 1), out;
	unsigned ipa = 0, prod[2] = { 0 };

	vtd.arch = "vtd";
	for (int i = 0; i < 2; i++) {
		f[i] = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
		f[i]->u.ops = i ? &vtd : &g->ops;
		ck_assert(plat_add_unit(g->p, &f[i]->u, &g->e));
	}
	r[1].unit = 1;
	cross.unit = 2;
	g->t = (struct fake_trace){ .rec = r, .n = ARRAY_LEN(r) };
	g->d = drv_create(&g->c, g->p, fake_next_rec, &g->t, &g->e);
	while ((g->rc = drv_next(g->d, &out, &g->e)) > 0) {
		if (out.kind == TRC_STORE && out.u.store.val == UINT64_C(0x10000002a))
			ipa++;
		if (out.kind == TRC_MMIO_WRITE && out.u.mmio.off == 0x98 && out.line == 4)
			prod[out.unit]++;
	}
	ck_assert_msg(!g->rc, "%s", g->e.msg);
	ck_assert_uint_eq(ipa, 2); /* VMID 1 on each */
	ck_assert_uint_eq(prod[0], 1);
	ck_assert_uint_eq(prod[1], 1);
	rig_run(g, &cross, 1);
	ck_assert_ptr_nonnull(strstr(g->e.msg, "tables for smmuv3"));
	rig_close(g);
}
END_TEST

START_TEST(user_mistakes)
{
	static const struct {
		struct trc_rec r[2];
		const char *say;
		uint32_t ril, sync, granule, e2h, levels;
	} row[] = {
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH) }, "already attached", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_DETACH, 0x311, TRC_NO_PASID, 1) }, "not attached", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 1, TRC_NO_PASID, 2, .type = "sv") }, "unknown attach type", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 1, TRC_NO_PASID, 2, .type = "legacy") }, "mode of VT-d", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, TRC_NO_PASID, 1, .type = "ss") }, "domain 1 is fs, not ss", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, 5, 1) }, "PASID 5", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), MAPREC(0x1001, 0x100000, 0x1000) }, "4 KiB", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), MAPREC(UINT64_C(1) << 48, 0x100000, 0x1000) }, "48-bit", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), SW(TRC_MAP, .pa = UINT64_C(1) << 44, .size = 0x1000, .perm = XL_R) }, "44 bits", 0, 0, 0, 0, 0 },
		{ { MAPREC(0, 0x100000, 0x2000), MAPREC(0x1000, 0x200000, 0x1000) }, "already mapped", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH, .type = "pt"), MAPREC(0, 0x100000, 0x1000) }, "pass-through", 0, 0, 0, 0, 0 },
		{ { SW(TRC_ATTACH), { .kind = TRC_ATTACH, .unit = 1 } }, "no unit 1", 0, 0, 0, 0, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "IDR0.MSI", 0, DRV_SYNC_MSI, 0, 0, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "EL2", 0, 0, 0, 1, 0 },
		{ { SWF(TRC_FLUSH, 0, TRC_NO_PASID, 1) }, "4 levels", 0, 0, 0, 0, 5 },
	};
	struct rig *g = rig_open(captured);

	g->c.smmu_ril = row[_i].ril;
	g->c.smmu_sync = row[_i].sync;
	g->c.smmu_e2h = row[_i].e2h;
	g->c.levels = row[_i].levels;
	rig_run(g, row[_i].r, row[_i].r[1].kind ? 2 : 1);
	ck_assert_int_eq(g->rc, -1);
	ck_assert_int_eq(g->e.code, ERR_INPUT);
	ck_assert_msg(strstr(g->e.msg, row[_i].say) != NULL, "row %d: %s", _i, g->e.msg);
	rig_close(g);
}
END_TEST

START_TEST(unit_lacks)
{
	static const struct { uint32_t id[5], mode, ril, granule; const char *say; } row[] = {
		{ { 0x0d44101b, 0x02730010, 0x1014, 0x74, 0 }, DRV_MODE_AUTO, DRV_RIL_ON, 0, "IDR3.RIL" },
		{ { 0x0d44101b, 0x02730010, 0x1414, 0x54, 0 }, DRV_MODE_AUTO, 0, DRV_GRANULE_16K, "smmu_granule" },
		{ { 0x0d441019, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "IDR0.S1P" }, /* stage 2 only */
		{ { 0x0d44101a, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_SS, 0, 0, "IDR0.S2P" },
		{ { 0x0d44101b, 0x02730010, 0x1414, 0x74, 0x4870043b }, DRV_MODE_NESTED, 0, 0, "erratum" },
		{ { 0x0d44101b, 0x00d30010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "IDR1.CMDQS" }, /* 64 commands */
		{ { 0x0d441017, 0x02730010, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "VMSAv8-64" },
		{ { 0x0544101b, 0x02730020, 0x1414, 0x74, 0 }, DRV_MODE_FS, 0, 0, "linear stream table" },
	};
	struct rig *g = rig_open(row[_i].id);

	g->c.mode = row[_i].mode;
	g->c.smmu_ril = row[_i].ril;
	g->c.smmu_granule = row[_i].granule;
	RUN(g, SW(TRC_ATTACH));
	ck_assert_int_eq(g->rc, -1);
	ck_assert_msg(strstr(g->e.msg, row[_i].say) != NULL, "row %d: %s", _i, g->e.msg);
	rig_close(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_smmuv3_ctx");
	TCase *t = tcase_create("smmuv3");
	SRunner *r;
	int bad;

	tcase_add_test(t, stage1_entries_and_order);
	tcase_add_test(t, ats_order);
	tcase_add_test(t, domain_changes);
	tcase_add_loop_test(t, pasids, 0, 2);
	tcase_add_test(t, nested);
	tcase_add_test(t, linear_stream_table);
	tcase_add_test(t, several_units);
	tcase_add_loop_test(t, user_mistakes, 0, 15);
	tcase_add_loop_test(t, unit_lacks, 0, 8);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
