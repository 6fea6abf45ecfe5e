/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD-Vi registers: widths, masks, side effects of writes, Status and interrupts, restoring. Expected bits are written out from the
 * specification.
 */
#include "amdvi_rig.h"

#define BASE UINT64_C(0x0f0ffffffffff000)
#define PAGE UINT64_C(0x000ffffffffff000)
#define LEN8 UINT64_C(0x0800000000000000)
#define XT UINT64_C(0xff0001ffffffff04)
/* A unit with every register: the default one with SMI filter (16), MARC and performance optimisation. */
#define EFR_ALL (UINT64_C(0x20d753f322209bdf) | UINT64_C(0x110000) | BIT64(42) | BIT64(45))
static const struct rig_reg regs[] = {
	{ "device table base", 0x0000, 8, 0, 0x000ffffffffff1ff },
	{ "command base", 0x0008, 8, LEN8, BASE },
	{ "event log base", 0x0010, 8, LEN8, BASE },
	{ "exclusion base", 0x0020, 8, 0, 0x000ffffffffff003 },
	{ "exclusion limit", 0x0028, 8, 0, 0x000fffffffffffff },
	{ "EFR", 0x0030, 8, EFR_ALL, EFR_ALL },
	{ "PPR log base", 0x0038, 8, LEN8, BASE },
	{ "hardware event upper", 0x0040, 8, 0, UINT64_MAX },
	{ "hardware event lower", 0x0048, 8, 0, UINT64_MAX },
	{ "hardware event status", 0x0050, 8, 0, 0 },
	{ "hole", 0x0058, 8, 0, 0 },
	{ "SMI filter 0", 0x0060, 8, 0, 0x3ffff },
	{ "SMI filter 15", 0x00d8, 8, 0, 0x3ffff },
	{ "GA log base", 0x00e0, 8, LEN8, BASE },
	{ "GA log tail address", 0x00e8, 8, 0, 0x000ffffffffffff8 },
	{ "PPR log B base", 0x00f0, 8, LEN8, BASE },
	{ "event log B base", 0x00f8, 8, LEN8, BASE },
	{ "segment 1", 0x0100, 8, 0, 0x000ffffffffff0ff },
	{ "segment 7", 0x0130, 8, 0, 0x000ffffffffff0ff },
	{ "DSFX", 0x0138, 8, 0, 0 },
	{ "MSI vector 0", 0x0150, 4, 0x203440, 0x203440 },
	{ "MSI vector 1", 0x0154, 4, 0, 0x1f },
	{ "MSI capability", 0x0158, 4, 0x00807405, 0x00817405 },
	{ "MSI address low", 0x015c, 4, 0, 0xfffffffc },
	{ "MSI address high", 0x0160, 4, 0, 0xffffffff },
	{ "MSI data", 0x0164, 4, 0, 0xffff },
	{ "MSI map", 0x0168, 4, 0xa8030008, 0xa8030008 },
	{ "performance optimisation", 0x016c, 4, 0, 0x2000 },
	{ "XT general", 0x0170, 8, 0, XT },
	{ "XT PPR", 0x0178, 8, 0, XT },
	{ "XT GA", 0x0180, 8, 0, XT },
	{ "vIOMMU status", 0x0190, 8, 0, 0 },
	{ "EFR2", 0x01a0, 8, 0x118, 0x118 },
	{ "MARC 0 base", 0x0200, 8, 0, PAGE },
	{ "MARC 0 relocation", 0x0208, 8, 0, 0x000ffffffffff003 },
	{ "MARC 3 length", 0x0258, 8, 0, PAGE },
	{ "scratch", 0x1ff8, 4, 0, 0xffffffff },
	{ "behind the scratch", 0x1ffc, 4, 0, 0 },
	{ "command head: beyond the buffer", 0x2000, 8, 0, 0 },
	{ "GA tail: beyond the buffer", 0x2048, 8, 0, 0 },
	{ "Status", 0x2020, 8, 0, 0 },
	{ "automatic response", 0x2080, 8, 0, 0x1f },
	{ "early", 0x2088, 8, 0, 0xc0007fff },
	{ "early B", 0x2090, 8, 0, 0xc0007fff },
};

static void everything(struct amdvi_cfg *c)
{
	c->efr = EFR_ALL;
}

static void nothing(struct amdvi_cfg *c)
{
	c->efr = c->efr2 = 0;
}

START_TEST(every_register_keeps_only_its_bits)
{
	struct rig *r = rig_new(everything);
	const char *what = regs[_i].what;

	rig_keeps_its_bits(r, &regs[_i]);
	rig_free(r);
	if (regs[_i].bytes == 4)
		return;
	r = rig_new(everything);
	wr32(r, regs[_i].off, 0xffffffff);
	ck_assert_msg(rd32(r, regs[_i].off) == (uint32_t)regs[_i].ones, "%s low half", what);
	ck_assert_msg(rd32(r, regs[_i].off + 4) == regs[_i].reset >> 32, "%s: the high half was not written", what);
	wr32(r, regs[_i].off + 4, 0xffffffff);
	ck_assert_msg(rd64(r, regs[_i].off) == regs[_i].ones, "%s halves", what);
	rig_free(r);
}
END_TEST

START_TEST(registers_of_absent_features_read_zero)
{
	static const uint16_t off[] = { 0x38, 0x40, 0x48, 0x50, 0x60, 0xd8, 0xe0, 0xe8, 0xf0, 0xf8, 0x100, 0x108, 0x118, 0x150, 0x158,
					0x160, 0x168, 0x170,
					0x180, 0x190, 0x200, 0x258, 0x2030, 0x2038, 0x2040, 0x2050, 0x2070, 0x2080, 0x2088, 0x2090 };
	struct rig *r = rig_new(nothing);

	for (unsigned i = 0; i < ARRAY_LEN(off); i++) {
		wr64(r, off[i], UINT64_MAX);
		ck_assert_msg(rd64(r, off[i]) == 0, "0x%x", off[i]);
	}
	wr64(r, 0x4000, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, 0x4000), 0);
	ck_assert_uint_eq(rd64(r, AMDVI_VF_OFF), 0);
	wr64(r, AMDVI_VFCNTL_OFF + 0x20, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, AMDVI_VFCNTL_OFF + 0x20), 0);
	rig_free(r);
}
END_TEST

static void two_segments_four_filters(struct amdvi_cfg *c)
{
	c->efr = BIT64(38) | 0x90000; /* DevTblSegSup 1; SmiFSup 1, SmiFRC 2 */
}

START_TEST(numbers_of_registers)
{
	struct rig *r = rig_new(two_segments_four_filters);

	for (unsigned i = 0; i < 16; i++) {
		wr64(r, 0x60 + 8 * i, 7);
		ck_assert_uint_eq(rd64(r, 0x60 + 8 * i), i < 4 ? 7 : 0);
	}
	for (unsigned i = 1; i < 8; i++) {
		wr64(r, 0xf8 + 8 * i, 0x1000);
		ck_assert_uint_eq(rd64(r, 0xf8 + 8 * i), i < 2 ? 0x1000 : 0);
	}
	rig_free(r);
}
END_TEST

START_TEST(odd_accesses_do_nothing)
{
	struct rig *r = rig_new(NULL);

	r->u->ops->mmio_write(r->u, 0x1ff8, 2, 0x1234);
	r->u->ops->mmio_write(r->u, 0x1ffc, 8, UINT64_MAX);
	r->u->ops->mmio_write(r->u, 0x1ff9, 4, 0x1234);
	ck_assert_uint_eq(rd32(r, 0x1ff8), 0);
	wr32(r, 0x1ff8, 0x1234);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x1ff8, 2), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x1ff9, 4), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x80000, 8), 0);
	/* one 64-bit access over two 32-bit registers is legal */
	wr64(r, 0x160, UINT64_C(0x0000beef00000001));
	ck_assert_uint_eq(rd32(r, 0x160), 1);
	ck_assert_uint_eq(rd32(r, 0x164), 0xbeef);
	rig_free(r);
}
END_TEST

static const struct {
	uint64_t efr, efr2, control;
} control_bits[] = {
	{ 0, 0, 0 },
	{ BIT64(1), 0, 0xe000 }, /* PPRSup: PPRLogEn PPRIntEn PPREn */
	{ BIT64(2), 0, BIT64(50) | BIT64(51) }, /* XTSup: XTEn IntCapXTEn */
	{ BIT64(4), 0, BIT64(16) },
	{ BIT64(5), 0, BIT64(55) }, /* GAPPISup */
	{ BIT64(7), 0, BIT64(17) }, /* GASup: GAEn */
	{ BIT64(21), 0, 0x3e000000 }, /* GAMSup: GAMEn GALogEn GAIntEn */
	{ BIT64(16), 0, BIT64(22) | BIT64(24) }, /* SmiFSup */
	{ BIT64(25), 0, 0xc0000000 }, /* DualPprLogSup */
	{ BIT64(29), 0, UINT64_C(0x300000000) }, /* DualEventLogSup */
	{ BIT64(41), 0, BIT64(39) | BIT64(42) }, /* PprAutoRspSup */
	{ BIT64(42), 0, BIT64(40) }, /* MarcSup */
	{ BIT64(44), 0, BIT64(41) }, /* BlkStopMrkSup */
	{ BIT64(49), 0, BIT64(46) }, /* HASup */
	{ BIT64(50), 0, BIT64(45) }, /* EPHSup */
	{ BIT64(52), 0, BIT64(47) }, /* HDSup */
	{ BIT64(55), 0, BIT64(52) | BIT64(53) | BIT64(60) }, /* vIommuSup */
	{ BIT64(61), 0, BIT64(48) | BIT64(54) }, /* GAUpdateDisSup */
	{ 0, BIT64(2), BIT64(56) },
	{ 0, BIT64(3), BIT64(58) },
	{ 0, BIT64(5), UINT64_C(7) << 61 },
	{ 0, BIT64(8), BIT64(43) | BIT64(44) },
};

/* What every unit has: 12:0, CRW, SlfWBDis, PrivAbrtEn, IRTCacheDis. DevTblSegEn stays 0: a larger value would make the write ignored. */
START_TEST(control_bits_need_their_feature)
{
	for (unsigned i = 0; i < ARRAY_LEN(control_bits); i++) {
		struct rig *r = rig_new(nothing);

		amdvi_reg_put(r->v, AMDVI_R_EFR, 8, control_bits[i].efr);
		amdvi_reg_put(r->v, AMDVI_R_EFR2, 8, control_bits[i].efr2);
		amdvi_caps_decode(r->v);
		ck_assert_uint_eq(rd64(r, 0x18), 0x400);
		wr64(r, 0x18, ~(UINT64_C(7) << 34));
		ck_assert_msg(rd64(r, 0x18) == (UINT64_C(0x0800006000bc1fff) | control_bits[i].control), "row %u: 0x%llx", i,
			      (unsigned long long)rd64(r, 0x18));
		rig_free(r);
	}
}
END_TEST

START_TEST(control_of_the_full_unit)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x18, ~(UINT64_C(1) << 36)); /* DevTblSegEn = 3 */
	ck_assert_uint_eq(rd64(r, 0x18), UINT64_C(0x1c7dfeeffebfffff));
	ck_assert_uint_eq(rd64(r, 0x2020), 0x198); /* EventLogRun CmdBufRun PprLogRun GALogRun */
	wr64(r, 0x18, 0);
	ck_assert_uint_eq(rd64(r, 0x18), 0);
	ck_assert_uint_eq(rd64(r, 0x2020), 0);
	rig_free(r);
}
END_TEST

static void two_segments(struct amdvi_cfg *c)
{
	c->efr = (c->efr & ~(UINT64_C(3) << 38)) | BIT64(38);
}

START_TEST(too_many_segments_ignore_the_whole_write)
{
	struct rig *r = rig_new(two_segments);

	wr64(r, 0x18, UINT64_C(2) << 34 | 1);
	ck_assert_uint_eq(rd64(r, 0x18), 0x400);
	ck_assert(!r->v->on.iommu);
	wr64(r, 0x18, UINT64_C(1) << 34 | 1);
	ck_assert_uint_eq(rd64(r, 0x18), UINT64_C(1) << 34 | 1);
	ck_assert_uint_eq(r->v->on.seg_lg2, 1);
	wr32(r, 0x1c, 3 << 2 | 1 << 9); /* BlkStopMrkEn of the same half is ignored too */
	ck_assert_uint_eq(rd64(r, 0x18), UINT64_C(1) << 34 | 1);
	wr32(r, 0x18, 0); /* the other half is not concerned */
	ck_assert_uint_eq(rd64(r, 0x18), UINT64_C(1) << 34);
	rig_free(r);
}
END_TEST

static const struct {
	const char *what;
	uint64_t en[3]; /* Control bits that must all be 1 */
	uint32_t run, overflow;
} engines[] = {
	{ "command buffer", { 1, BIT64(12) }, 1 << 4, 0 },
	{ "event log", { 1, BIT64(2) }, 1 << 3, 1 << 0 },
	{ "PPR log", { 1, BIT64(13), BIT64(15) }, 1 << 7, 1 << 5 },
	{ "GA log", { 1, BIT64(28) }, 1 << 8, 0 },
};

/* Whichever enable comes last starts it, whichever goes first stops it. */
START_TEST(run_bits_follow_their_enables)
{
	for (unsigned i = 0; i < ARRAY_LEN(engines); i++) {
		uint64_t all = engines[i].en[0] | engines[i].en[1] | engines[i].en[2];

		for (unsigned k = 0; k < 3 && engines[i].en[k]; k++) {
			struct rig *r = rig_new(NULL);

			amdvi_status(r->v, engines[i].overflow, 0);
			wr64(r, 0x18, all & ~engines[i].en[k]);
			ck_assert_msg(rd32(r, 0x2020) == engines[i].overflow, "%s: not yet", engines[i].what);
			wr64(r, 0x18, all);
			ck_assert_msg(rd32(r, 0x2020) == engines[i].run, "%s runs, overflow is cleared", engines[i].what);
			amdvi_status(r->v, engines[i].overflow, 0);
			wr64(r, 0x18, all | BIT64(11)); /* no edge: nothing is cleared */
			ck_assert_msg(rd32(r, 0x2020) == (engines[i].run | engines[i].overflow), "%s goes on", engines[i].what);
			wr64(r, 0x18, all & ~engines[i].en[k]);
			ck_assert_msg(rd32(r, 0x2020) == engines[i].overflow, "%s stops", engines[i].what);
			rig_free(r);
		}
	}
}
END_TEST

START_TEST(stopped_command_buffer_needs_an_edge)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x18, 0x1001);
	ck_assert(r->v->on.cmd);
	amdvi_status(r->v, 0, 1 << 4); /* as an illegal command does */
	ck_assert(!r->v->on.cmd);
	wr64(r, 0x18, 0x1401);
	ck_assert_uint_eq(rd32(r, 0x2020), 0);
	wr64(r, 0x18, 0x0401);
	wr64(r, 0x18, 0x1401);
	ck_assert_uint_eq(rd32(r, 0x2020), 1 << 4);
	rig_free(r);
}
END_TEST

static const struct {
	uint32_t base, head, tail, locked; /* locked: hardware's while it runs */
	uint64_t control;
	uint32_t lowest; /* bit of the pointers */
} bufs[] = {
	{ 0x08, 0x2000, 0x2008, 0x2000, 0x1001, 16 },
	{ 0x10, 0x2010, 0x2018, 0x2018, 0x0005, 16 },
	{ 0xf8, 0x2070, 0x2078, 0x2078, 0x0005, 16 },
	{ 0x38, 0x2030, 0x2038, 0x2038, 0xa001, 16 },
	{ 0xf0, 0x2050, 0x2058, 0x2058, 0xa001, 16 },
	{ 0xe0, 0x2040, 0x2048, 0x2048, 0x10000001, 8 },
};

START_TEST(bases_and_pointers)
{
	for (unsigned i = 0; i < ARRAY_LEN(bufs); i++) {
		struct rig *r = rig_new(NULL);
		uint32_t head = bufs[i].head, tail = bufs[i].tail, base = bufs[i].base;

		wr64(r, base, UINT64_C(0x0900000000100000)); /* 512 entries, 8 KiB */
		wr32(r, head, 0x1fff);
		ck_assert_uint_eq(rd32(r, head), 0x2000 - bufs[i].lowest);
		wr32(r, head, 0x2000);
		ck_assert_msg(rd32(r, head) == 0x2000 - bufs[i].lowest, "row %u: beyond the buffer is ignored", i);
		wr64(r, tail, 0x1000);
		ck_assert_uint_eq(rd64(r, tail), 0x1000);
		wr32(r, tail + 4, 0xffffffff);
		ck_assert_uint_eq(rd64(r, tail), 0x1000);
		/* length codes below 8 are refused; a base resets both pointers */
		wr64(r, base, UINT64_C(0x0700000000200000));
		ck_assert_uint_eq(rd64(r, base), UINT64_C(0x0900000000100000));
		ck_assert_uint_eq(rd64(r, tail), 0x1000);
		wr64(r, base, UINT64_C(0x0800000000200000));
		ck_assert_uint_eq(rd64(r, base), UINT64_C(0x0800000000200000));
		ck_assert_uint_eq(rd64(r, head), 0);
		ck_assert_uint_eq(rd64(r, tail), 0);
		/* running: base and hardware's pointer are ignored, software's is not */
		wr64(r, 0x18, bufs[i].control);
		wr64(r, base, UINT64_C(0x0900000000300000));
		ck_assert_uint_eq(rd64(r, base), UINT64_C(0x0800000000200000));
		wr32(r, bufs[i].locked, 0x20);
		ck_assert_msg(rd32(r, bufs[i].locked) == 0, "row %u: locked while running", i);
		if (i) {
			wr32(r, head, 0x20);
			ck_assert_uint_eq(rd32(r, head), 0x20);
		}
		wr64(r, 0x18, 1);
		wr32(r, bufs[i].locked, 0x20);
		ck_assert_uint_eq(rd32(r, bufs[i].locked), 0x20);
		rig_free(r);
	}
}
END_TEST

START_TEST(base_by_halves)
{
	struct rig *r = rig_new(NULL);

	wr32(r, 0x2010, 0x40);
	wr32(r, 0x10, 0x5000);
	ck_assert_uint_eq(rd64(r, 0x10), UINT64_C(0x0800000000005000));
	ck_assert_uint_eq(rd32(r, 0x2010), 0);
	wr32(r, 0x14, 0x07000001); /* refused: length code 7 */
	ck_assert_uint_eq(rd64(r, 0x10), UINT64_C(0x0800000000005000));
	wr32(r, 0x14, 0x0a000001);
	ck_assert_uint_eq(rd64(r, 0x10), UINT64_C(0x0a00000100005000));
	rig_free(r);
}
END_TEST

START_TEST(device_table_may_move_while_running)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x00, 0x123001);
	ck_assert_uint_eq(r->v->on.table[0], 0x123000);
	ck_assert_uint_eq(r->v->on.entries[0], 256);
	wr64(r, 0x18, 1);
	wr64(r, 0x00, 0x4561ff);
	ck_assert_uint_eq(rd64(r, 0), 0x4561ff);
	ck_assert_uint_eq(r->v->on.table[0], 0x456000);
	ck_assert_uint_eq(r->v->on.entries[0], 65536);
	rig_free(r);
}
END_TEST

START_TEST(segments)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x00, 0x100003f); /* 8192 entries */
	for (unsigned s = 1; s < 8; s++)
		wr64(r, 0x100 + 8 * (s - 1), 0x1000000 * (s + 1) + s);
	for (unsigned en = 0; en < 4; en++) {
		wr64(r, 0x18, (uint64_t)en << 34);
		ck_assert_uint_eq(r->v->on.seg_lg2, en);
		for (unsigned s = 0; s < 8; s++) {
			ck_assert_uint_eq(r->v->on.table[s], s < 1u << en ? 0x1000000 * (s + 1) : 0);
			ck_assert_uint_eq(r->v->on.entries[s], s >= 1u << en ? 0 : s ? (s + 1) * 128 : 8192);
		}
	}
	wr64(r, 0x130, 0x9000004); /* takes effect at once */
	ck_assert_uint_eq(r->v->on.table[7], 0x9000000);
	ck_assert_uint_eq(r->v->on.entries[7], 5 * 128);
	rig_free(r);
}
END_TEST

START_TEST(control_is_latched)
{
	static const uint64_t ms[8] = { 0, 1, 10, 100, 1000, 10000, 100000, 0 };
	struct rig *r = rig_new(NULL);
	const struct amdvi_on *on = &r->v->on;

	for (unsigned i = 0; i < 8; i++) {
		wr64(r, 0x18, (uint64_t)i << 5);
		ck_assert_uint_eq(on->inv_timeout_code, i);
		ck_assert_uint_eq(on->inv_timeout_ps, ms[i] * UINT64_C(1000000000));
	}
	/* the sample of the specification sheet */
	wr64(r, 0x18, UINT64_C(0x000c22003203f48d));
	ck_assert_uint_eq(rd64(r, 0x18), UINT64_C(0x000c22003203f48d));
	ck_assert(on->iommu && on->event && on->cmd && on->ppr_log && on->ppr && on->gt && on->blkstop);
	ck_assert(!on->auto_rsp && !on->auto_rsp_aon && !on->gcr3trp && !on->gst_buf_trp && !on->viommu && !on->vcmd && !on->no_a && !on->no_d);
	ck_assert_uint_eq(on->inv_timeout_ps, UINT64_C(1000000000000));
	ck_assert_uint_eq(on->had, 0);
	wr64(r, 0x18, BIT64(39) | BIT64(42) | BIT64(46) | BIT64(47) | BIT64(48) | BIT64(52) | BIT64(53) | BIT64(54) | BIT64(58) | BIT64(60));
	ck_assert(on->auto_rsp && on->auto_rsp_aon && on->gcr3trp && on->gst_buf_trp && on->viommu && on->no_a && on->no_d);
	ck_assert_msg(!on->vcmd, "guests' commands need IommuEn");
	ck_assert_uint_eq(on->had, 3);
	ck_assert(!on->iommu && !on->event && !on->cmd && !on->ppr && !on->gt);
	wr64(r, 0x18, BIT64(52) | BIT64(53) | 1);
	ck_assert(on->vcmd);
	rig_free(r);
}
END_TEST

START_TEST(exclusion_range)
{
	struct rig *r = rig_new(NULL);

	ck_assert_uint_eq(rd64(r, 0x28), 0);
	wr64(r, 0x20, 0x5003);
	wr64(r, 0x28, 0x8000);
	ck_assert_uint_eq(rd64(r, 0x28), 0x8fff);
	ck_assert(r->v->on.excl && r->v->on.excl_allow);
	ck_assert_uint_eq(r->v->on.excl_base, 0x5000);
	ck_assert_uint_eq(r->v->on.excl_limit, 0x8fff);
	wr64(r, 0x20, 0x5001);
	ck_assert(r->v->on.excl && !r->v->on.excl_allow);
	wr32(r, 0x2c, 1);
	ck_assert_uint_eq(r->v->on.excl_limit, UINT64_C(0x100008fff));
	wr64(r, 0x20, 0x5002);
	ck_assert(!r->v->on.excl);
	rig_free(r);
}
END_TEST

START_TEST(every_status_bit)
{
	static const uint8_t w1c[] = { 0, 1, 2, 5, 6, 9, 10, 11, 15, 17, 18 }, ro[] = { 3, 4, 7, 8, 12, 16 };
	struct rig *r = rig_new(NULL);
	uint32_t all = 0;

	for (unsigned i = 0; i < ARRAY_LEN(w1c); i++)
		all |= UINT32_C(1) << w1c[i];
	ck_assert_uint_eq(all, 0x68e67);
	for (unsigned i = 0; i < ARRAY_LEN(ro); i++)
		all |= UINT32_C(1) << ro[i];
	for (unsigned i = 0; i < ARRAY_LEN(w1c); i++) {
		amdvi_status(r->v, all, 0);
		wr32(r, 0x2020, 0);
		ck_assert_uint_eq(rd32(r, 0x2020), all);
		wr32(r, 0x2020, UINT32_C(1) << w1c[i]);
		ck_assert_uint_eq(rd32(r, 0x2020), all & ~(UINT32_C(1) << w1c[i]));
	}
	wr64(r, 0x2020, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, 0x2020), 0x11198);
	rig_free(r);
}
END_TEST

static const struct {
	uint32_t status;
	uint64_t control;
	uint32_t early; /* register with IntEn instead */
	uint32_t xt;
} groups[] = {
	{ 1 << 0, BIT64(3), 0, 0x170 }, /* EventOverflow: EventIntEn */
	{ 1 << 1, BIT64(3), 0, 0x170 },
	{ 1 << 15, BIT64(3), 0, 0x170 },
	{ 1 << 2, BIT64(4), 0, 0x170 }, /* ComWaitInt: ComWaitIntEn */
	{ 1 << 5, BIT64(14), 0, 0x178 }, /* PprOverflow: PPRIntEn */
	{ 1 << 6, BIT64(14), 0, 0x178 },
	{ 1 << 11, BIT64(14), 0, 0x178 },
	{ 1 << 18, 0, 0x2088, 0x178 },
	{ 1 << 17, 0, 0x2090, 0x178 },
	{ 1 << 9, BIT64(29), 0, 0x180 }, /* GALOverflow: GAIntEn */
	{ 1 << 10, BIT64(29), 0, 0x180 },
};

/* The enables are given, or all the others are. */
static struct rig *group_rig(unsigned i, bool mine, uint64_t more)
{
	struct rig *r = rig_new(NULL);
	uint64_t ctl = groups[i].control, all = BIT64(3) | BIT64(4) | BIT64(14) | BIT64(29);

	wr32(r, 0x15c, 0xfee01000);
	wr32(r, 0x164, 0x4021);
	wr32(r, 0x158, 1 << 16);
	if (groups[i].early != 0x2088 || mine)
		wr32(r, 0x2088, 1u << 30);
	if (groups[i].early != 0x2090 || mine)
		wr32(r, 0x2090, 1u << 30);
	wr64(r, 0x18, more | (mine && ctl ? ctl : all & ~ctl));
	return r;
}

START_TEST(interrupt_of_every_status_bit)
{
	for (unsigned i = 0; i < ARRAY_LEN(groups); i++) {
		struct rig *r = group_rig(i, true, 0);

		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_msg(r->n_msi == 1, "row %u", i);
		ck_assert_uint_eq(r->msi[0].addr, RIG_MSI_ADDR);
		ck_assert_uint_eq(r->msi[0].data, RIG_MSI_DATA);
		ck_assert_uint_eq(r->msi[0].status, groups[i].status);
		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_msg(r->n_msi == 1, "row %u: it was 1 before", i);
		wr32(r, 0x2020, groups[i].status);
		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_uint_eq(r->n_msi, 2);
		wr32(r, 0x2020, groups[i].status);
		wr32(r, 0x158, 0);
		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_msg(r->n_msi == 2, "row %u: MsiEn = 0", i);
		rig_free(r);
		r = group_rig(i, false, 0);
		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_msg(r->n_msi == 0, "row %u: not enabled", i);
		rig_free(r);
	}
}
END_TEST

START_TEST(one_message_per_group)
{
	struct rig *r = rig_new(NULL);

	rig_on(r, BIT64(4));
	amdvi_status(r->v, 0x3, 0);
	ck_assert_uint_eq(r->n_msi, 1);
	wr32(r, 0x2020, 0x3);
	amdvi_status(r->v, 0x7, 0);
	ck_assert_uint_eq(r->n_msi, 3);
	rig_free(r);
}
END_TEST

/* Destination 0x12345678: 78h in the usual place, 123456h above; logical mode; lowest priority. MsiEn is not asked. */
START_TEST(xt_interrupts)
{
	for (unsigned i = 0; i < ARRAY_LEN(groups); i++) {
		struct rig *r = group_rig(i, true, BIT64(51));

		wr32(r, 0x158, 0);
		wr64(r, groups[i].xt, UINT64_C(0x1200014534567804));
		amdvi_status(r->v, groups[i].status, 0);
		ck_assert_uint_eq(r->n_msi, 1);
		ck_assert_msg(r->msi[0].addr == UINT64_C(0x12345600fee78004), "row %u: 0x%llx", i, (unsigned long long)r->msi[0].addr);
		ck_assert_uint_eq(r->msi[0].data, 0x145);
		rig_free(r);
	}
}
END_TEST

START_TEST(hardware_event_registers)
{
	static const uint64_t a[2] = { UINT64_C(0x6400000000000000), 0x1234 }, b[2] = { UINT64_C(0x3400000000000300), 0x5678 };
	struct rig *r = rig_new(NULL);

	wr64(r, 0x50, 3);
	ck_assert_uint_eq(rd64(r, 0x50), 0);
	amdvi_hw_event(r->v, a);
	ck_assert_uint_eq(rd64(r, 0x40), a[0]);
	ck_assert_uint_eq(rd64(r, 0x48), a[1]);
	ck_assert_uint_eq(rd64(r, 0x50), 1);
	amdvi_hw_event(r->v, b);
	ck_assert_uint_eq(rd64(r, 0x40), a[0]);
	ck_assert_uint_eq(rd64(r, 0x50), 3);
	wr64(r, 0x50, 2);
	ck_assert_uint_eq(rd64(r, 0x50), 1);
	amdvi_hw_event(r->v, b);
	wr64(r, 0x50, 1);
	ck_assert_uint_eq(rd64(r, 0x50), 2);
	wr64(r, 0x50, 2); /* HEV = 0: not cleared */
	ck_assert_uint_eq(rd64(r, 0x50), 2);
	amdvi_hw_event(r->v, b);
	ck_assert_uint_eq(rd64(r, 0x40), b[0]);
	wr64(r, 0x50, 3);
	ck_assert_uint_eq(rd64(r, 0x50), 0);
	rig_free(r);
	r = rig_new(nothing);
	amdvi_hw_event(r->v, a);
	ck_assert_uint_eq(amdvi_reg_get(r->v, 0x50, 8), 0);
	rig_free(r);
}
END_TEST

START_TEST(tail_write_starts_commands)
{
	struct rig *r = rig_new(NULL);

	put_wait(r, 17);
	tail(r); /* not running: nothing happens */
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 0);
	rig_on(r, 0); /* the bases reset the tail */
	ck_assert_uint_eq(rd32(r, 0x2008), 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 17);
	ck_assert_uint_eq(head_slot(r), 1);
	rig_free(r);
}
END_TEST

START_TEST(command_buffer_enable_starts_commands)
{
	struct rig *r = rig_new(NULL);

	rig_on(r, 0);
	wr64(r, 0x18, 0x40d);
	put_wait(r, 18);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 0);
	wr64(r, 0x18, 0x140d);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 18);
	rig_free(r);
}
END_TEST

START_TEST(disabling_during_a_fetch)
{
	struct rig *r = rig_new(NULL);

	rig_on(r, 0);
	put_wait(r, 22);
	tail(r);
	wr64(r, 0x18, 0x40d); /* its fetch is on the way */
	ck_assert(idle(r));
	put_at(r, 0, UINT64_C(0x1000000000000001) | RIG_SEM, 23); /* software may rewrite the slot now */
	wr64(r, 0x18, 0x140d);
	ck_assert(!idle(r));
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 23);
	ck_assert_uint_eq(head_slot(r), 1);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

static void restore(struct rig *r, uint32_t off, uint64_t val)
{
	struct err e = { 0 };

	ck_assert_msg(r->u->ops->restore(r->u, off, 8, val, &e), "%s", e.msg);
}

/* Registers as QEMU's unit had them under Linux, two commands pending. */
START_TEST(restore_has_no_side_effects)
{
	struct rig *r = rig_new(NULL);
	const struct amdvi_on *on = &r->v->on;

	restore(r, 0x00, 0x41f2001);
	restore(r, 0x08, UINT64_C(0x900000000010000));
	restore(r, 0x10, UINT64_C(0x900000000020000));
	restore(r, 0x18, 0x3148f);
	ck_assert(on->cmd && on->event);
	restore(r, 0x20, 0);
	restore(r, 0x28, 0);
	restore(r, 0x30, 0x29d3);
	restore(r, 0x2000, 0x140);
	restore(r, 0x2008, 0x160);
	restore(r, 0x2010, 0);
	restore(r, 0x2018, 0x30);
	restore(r, 0x2020, 0x18);
	ck_assert_uint_eq(on->table[0], 0x41f2000);
	ck_assert_uint_eq(on->entries[0], 256);
	ck_assert(on->iommu && on->cmd && on->event && on->gt && !on->ppr && !on->ppr_log);
	ck_assert_uint_eq(on->inv_timeout_code, 4);
	ck_assert(r->v->cap.pref && r->v->cap.ppr && r->v->cap.gt && r->v->cap.ia && r->v->cap.ga && r->v->cap.he && !r->v->cap.pc &&
		  !r->v->cap.viommu);
	ck_assert_uint_eq(r->v->cap.host_levels, 6);
	ck_assert_uint_eq(rd64(r, 0x100), 0);
	put_at(r, 0x14, UINT64_C(0x1000000000000001) | RIG_SEM, 19);
	put_at(r, 0x15, UINT64_C(0x1000000000000001) | RIG_SEM, 20);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 20); /* the read above was the next access */
	ck_assert_uint_eq(rd32(r, 0x2000), 0x160);
	ck_assert_uint_eq(rd32(r, 0x2018), 0x30);
	rig_free(r);
}
END_TEST

START_TEST(restored_commands_wait_for_an_access)
{
	struct rig *r = rig_new(NULL);

	restore(r, 0x08, UINT64_C(0x800000000010000));
	restore(r, 0x18, 0x1401);
	restore(r, 0x2008, 0x10);
	put_at(r, 0, UINT64_C(0x1000000000000001) | RIG_SEM, 21);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 0);
	rd64(r, 0x30);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 21);
	rig_free(r);
	r = rig_new(NULL);
	restore(r, 0x08, UINT64_C(0x800000000010000));
	restore(r, 0x18, 0x1401);
	restore(r, 0x2008, 0x10);
	restore(r, 0x2020, 0); /* an error had stopped the buffer */
	put_at(r, 0, UINT64_C(0x1000000000000001) | RIG_SEM, 21);
	rd64(r, 0x30);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM), 0);
	rig_free(r);
}
END_TEST

START_TEST(restore_refuses_what_it_cannot_do)
{
	struct rig *r = rig_new(NULL);
	struct err e = { 0 };

	ck_assert(!r->u->ops->restore(r->u, 0x4000, 8, 0, &e));
	ck_assert(!r->u->ops->restore(r->u, 0x18, 2, 0, &e));
	ck_assert(!r->u->ops->restore(r->u, 0x1c, 8, 0, &e));
	ck_assert_msg(strstr(e.msg, "amdvi0: 8 bytes at 0x1c"), "%s", e.msg);
	ck_assert(r->u->ops->restore(r->u, 0x2008, 4, 0x10, &e)); /* by halves as well */
	ck_assert_uint_eq(rd64(r, 0x2008), 0x10);
	rig_free(r);
}
END_TEST

static void epyc(struct amdvi_cfg *c)
{
	c->efr = UINT64_C(0x058f77ef22294ade);
	c->efr2 = 0x800;
}

static void reserved(struct amdvi_cfg *c)
{
	c->efr = 0x10 | 3 << 10 | 3 << 12 | 3 << 14 | UINT64_C(31) << 32;
}

START_TEST(features)
{
	struct rig *r = rig_new(epyc);
	const struct amdvi_caps *c = &r->v->cap;

	ck_assert(!c->pref && c->ppr && c->nx && c->gt && c->ia && c->ga && !c->he && c->pc && c->us && c->early && c->autorsp && c->blkstop);
	ck_assert(c->gio && c->ha && c->eph && !c->hd && !c->inv_type && c->viommu && !c->ga_dis && c->msi_mmio && c->perfopt && c->attrfw);
	ck_assert(!c->sats && !c->snp && !c->gcr3trp && c->htrange && c->dual_ppr && c->dual_event);
	ck_assert_uint_eq(c->host_levels, 6);
	ck_assert_uint_eq(c->guest_levels, 4);
	ck_assert_uint_eq(c->glx, 1);
	ck_assert_uint_eq(c->pasid_bits, 16);
	ck_assert_uint_eq(c->seg_lg2, 3);
	ck_assert_uint_eq(c->gam, 1);
	rig_free(r);
	r = rig_new(NULL);
	c = &r->v->cap;
	ck_assert(c->pref && c->he && c->hd && c->inv_type && c->ga_dis && c->gcr3trp && !c->attrfw && !c->htrange && !c->perfopt);
	ck_assert_uint_eq(c->guest_levels, 5);
	ck_assert_uint_eq(c->glx, 2);
	ck_assert_uint_eq(c->pasid_bits, 20);
	rig_free(r);
	r = rig_new(nothing);
	c = &r->v->cap;
	ck_assert_uint_eq(c->host_levels, 4);
	ck_assert_uint_eq(c->guest_levels, 0);
	ck_assert_uint_eq(c->pasid_bits, 0);
	rig_free(r);
	r = rig_new(reserved);
	c = &r->v->cap;
	ck_assert_uint_eq(c->host_levels, 0);
	ck_assert_uint_eq(c->guest_levels, 5);
	ck_assert_uint_eq(c->glx, 2);
	ck_assert_uint_eq(c->pasid_bits, 20);
	rig_free(r);
}
END_TEST

START_TEST(tails)
{
	struct rig *r = rig_new(NULL);
	bool (*t)(const struct iommu *u, uint32_t off) = r->u->ops->is_tail;

	ck_assert(t(r->u, 0x2008) && t(r->u, 0x200c) && !t(r->u, 0x2000) && !t(r->u, 0x2018) && !t(r->u, 0x2010));
	ck_assert(t(r->u, AMDVI_VF_OFF + 0x7008) && !t(r->u, AMDVI_VF_OFF + 0x7000) && !t(r->u, AMDVI_VF_OFF + 0x7018) &&
		  !t(r->u, AMDVI_VFCNTL_OFF + 8));
	rig_free(r);
}
END_TEST

static void ports(struct amdvi_cfg *c)
{
	c->unit.ports = 2;
	c->l1.entries = 4;
}

START_TEST(statistics_have_their_own_names)
{
	struct rig *r = rig_new(ports);
	struct stat_reg s = { 0 };
	static const char *const want[] = { "amdvi0", "amdvi0.amdvi", "amdvi0.dtc", "amdvi0.gcr3", "amdvi0.iotlb", "amdvi0.nested",
					    "amdvi0.port0.l1",
					    "amdvi0.port1.l1", "amdvi0.pdc.guest.l2", "amdvi0.pdc.host.l6" };

	ck_assert(r->u->ops->stats(r->u, &s));
	for (unsigned w = 0; w < ARRAY_LEN(want); w++) {
		unsigned n = 0;

		for (size_t i = 0; i < s.n; i++)
			n += !strcmp(s.node[i].path, want[w]);
		ck_assert_msg(n == 1, "%s: %u", want[w], n);
	}
	for (size_t i = 0; i < s.n; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(s.node[i].path, s.node[j].path);
	stat_fini(&s);
	rig_free(r);
}
END_TEST

START_TEST(impossible_cache_is_an_error)
{
	struct sim_kernel *k = sim_kernel_create();
	struct mem *m = mem_create(UINT64_C(1) << 32, false);
	struct mem_port p;
	struct mem_port_cfg pc = { 0 };
	struct amdvi_cfg c;
	struct err e = { 0 };

	ck_assert(mem_port_init(&p, &pc, &e));
	cfg_defaults(amdvi_opts, &c);
	c.iotlb.entries = 10;
	c.iotlb.ways = 4;
	ck_assert_ptr_null(amdvi_create(&c, "amdvi0", k, m, &p, 1, &e));
	ck_assert_str_ne(e.msg, "");
	mem_port_fini(&p);
	mem_destroy(m);
	sim_kernel_destroy(k);
}
END_TEST

RIG_MAIN("amdvi_regs", every_register_keeps_only_its_bits, ARRAY_LEN(regs),
	 registers_of_absent_features_read_zero, numbers_of_registers, odd_accesses_do_nothing,
	 control_bits_need_their_feature, control_of_the_full_unit, too_many_segments_ignore_the_whole_write, run_bits_follow_their_enables,
	 stopped_command_buffer_needs_an_edge, bases_and_pointers, base_by_halves, device_table_may_move_while_running, segments, control_is_latched,
	 exclusion_range, every_status_bit, interrupt_of_every_status_bit, one_message_per_group, xt_interrupts, hardware_event_registers,
	 tail_write_starts_commands, command_buffer_enable_starts_commands, disabling_during_a_fetch, restore_has_no_side_effects, restored_commands_wait_for_an_access,
	 restore_refuses_what_it_cannot_do, features, tails, impossible_cache_is_an_error, statistics_have_their_own_names)
