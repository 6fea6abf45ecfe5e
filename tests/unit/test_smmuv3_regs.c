/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers: widths, masks, halves, guards, Update handshakes, GERROR and messages, restoring, capabilities, options' defaults.
 * Expected offsets and bits are written out from the specification, not read from the tables.
 */
#include "smmuv3_rig.h"

#define NS UINT64_C(1000)

static const struct rig_reg regs[] = {
	{ "IDR0", 0x00, 4, 0x084d369b, 0x084d369b },
	{ "IDR1", 0x04, 4, 0x02739d10, 0x02739d10 },
	{ "IDR2", 0x08, 4, 0, 0 },
	{ "IDR3", 0x0c, 4, 0x1714, 0x1714 },
	{ "IDR5", 0x14, 4, 0x400075, 0x400075 },
	{ "AIDR", 0x1c, 4, 2, 2 },
	{ "CR0 (no VMW)", 0x20, 4, 0, 0x1f },
	{ "CR0ACK", 0x24, 4, 0, 0 },
	{ "CR1", 0x28, 4, 0, 0xfff },
	{ "CR2 (no BTM, no ATSRECERR)", 0x2c, 4, 0, 0x3 },
	{ "S2PII", 0x30, 8, 0, 0 },
	{ "STATUSR", 0x40, 4, 0, 0 },
	{ "GBPA", 0x44, 4, 0x1000, 0x801f3f1f },
	{ "AGBPA", 0x48, 4, 0, 0 },
	{ "IRQ_CTRL", 0x50, 4, 0, 7 },
	{ "IRQ_CTRLACK", 0x54, 4, 0, 0 },
	{ "GERROR", 0x60, 4, 0, 0 },
	{ "GERRORN (no ECMDQ)", 0x64, 4, 0, 0x1fd },
	{ "GERROR_IRQ_CFG0", 0x68, 8, 0, 0x00fffffffffffffc },
	{ "GERROR_IRQ_CFG1", 0x70, 4, 0, 0xffffffff },
	{ "GERROR_IRQ_CFG2", 0x74, 4, 0, 0x3f },
	{ "STRTAB_BASE", 0x80, 8, 0, 0x40ffffffffffffc0 },
	{ "STRTAB_BASE_CFG", 0x88, 4, 0, 0x307ff },
	{ "CMDQ_BASE", 0x90, 8, 0, 0x40ffffffffffffff },
	{ "CMDQ_PROD is software's", 0x98, 4, 0, 0xfffff },
	{ "CMDQ_CONS, LOG2SIZE 0", 0x9c, 4, 0, 1 },
	{ "EVENTQ_BASE", 0xa0, 8, 0, 0x40ffffffffffffff },
	{ "EVENTQ_PROD in page 0", 0xa8, 4, 0, 0 },
	{ "EVENTQ_CONS in page 0", 0xac, 4, 0, 0 },
	{ "EVENTQ_IRQ_CFG0", 0xb0, 8, 0, 0x00fffffffffffffc },
	{ "EVENTQ_IRQ_CFG1", 0xb8, 4, 0, 0xffffffff },
	{ "EVENTQ_IRQ_CFG2", 0xbc, 4, 0, 0x3f },
	{ "PRIQ_BASE", 0xc0, 8, 0, 0x40ffffffffffffff },
	{ "PRIQ_IRQ_CFG0", 0xd0, 8, 0, 0x00fffffffffffffc },
	{ "PRIQ_IRQ_CFG1", 0xd8, 4, 0, 0xffffffff },
	{ "PRIQ_IRQ_CFG2", 0xdc, 4, 0, 0x8000003f },
	{ "GATOS_SID", 0x108, 8, 0, 0 },
	{ "IDR6", 0x190, 4, 0, 0 },
	{ "hole", 0xf8, 8, 0, 0 },
	{ "CMDQ_CONTROL_PAGE_BASE0", 0x4000, 8, 0, 0 },
	{ "S_IDR0", 0x8000, 4, 0, 0 },
	{ "S_CR0", 0x8020, 4, 0, 0 },
	{ "CR0 is not in page 1", 0x10020, 4, 0, 0 },
	{ "EVENTQ_PROD, LOG2SIZE 0", 0x100a8, 4, 0, 0x80000001 },
	{ "EVENTQ_CONS is software's", 0x100ac, 4, 0, 0x800fffff },
	{ "PRIQ_PROD, LOG2SIZE 0", 0x100c8, 4, 0, 0x80000001 },
	{ "PRIQ_CONS is software's", 0x100cc, 4, 0, 0x800fffff },
	{ "past page 1", 0x20000, 8, 0, 0 },
	{ "no ECMDQ", 0x40000, 8, 0, 0 },
};

START_TEST(every_register_keeps_only_its_bits)
{
	struct rig *r = rig_new(NULL);

	rig_keeps_its_bits(r, &regs[_i]);
	rig_keeps_its_halves(r, &regs[_i]);
	rig_free(r);
}
END_TEST

START_TEST(odd_accesses_do_nothing)
{
	struct rig *r = rig_new(NULL);

	r->u->ops->mmio_write(r->u, 0x98, 2, 0x1234);
	r->u->ops->mmio_write(r->u, 0x9a, 4, 0x1234);
	r->u->ops->mmio_write(r->u, 0x94, 8, UINT64_MAX);
	ck_assert_uint_eq(rd32(r, 0x98), 0);
	ck_assert_uint_eq(rd64(r, 0x90), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x2, 4), 0);
	ck_assert_uint_eq(r->u->ops->mmio_read(r->u, 0x0, 1), 0);
	/* 64 bits over two 32-bit registers: both */
	wr64(r, 0xb8, UINT64_C(0x0000001512345678));
	ck_assert_uint_eq(rd32(r, 0xb8), 0x12345678);
	ck_assert_uint_eq(rd32(r, 0xbc), 0x15);
	ck_assert_uint_eq(rd64(r, 0xb8), UINT64_C(0x0000001512345678));
	rig_free(r);
}
END_TEST

static void bare(struct smmuv3_cfg *c) /* no PRI, no MSI, no ATS, no EL2 */
{
	c->idr0 = 0x0a44108b;
}

static void rich(struct smmuv3_cfg *c) /* VMW, ATSRECERR, ECMDQ: four pages of two queues, v3.3 */
{
	c->idr0 |= 1u << 17 | 1u << 23;
	c->idr1 |= 1u << 31;
	c->idr6 = 0x02010000;
	c->aidr = 3;
}

START_TEST(absent_features_have_no_registers)
{
	struct rig *r = rig_new(bare);
	static const uint32_t gone[] = { 0x68, 0x70, 0x74, 0xb0, 0xb8, 0xbc, 0xc0, 0xd0, 0xd8, 0xdc, 0x100c8, 0x100cc };

	for (unsigned i = 0; i < ARRAY_LEN(gone); i++) {
		wr32(r, gone[i], 0xffffffff);
		ck_assert_msg(rd32(r, gone[i]) == 0, "0x%x", gone[i]);
	}
	wr32(r, 0x2c, 0xf);
	ck_assert_uint_eq(rd32(r, 0x2c), 0x2);
	wr32(r, 0x50, 0x7);
	ck_assert_uint_eq(rd32(r, 0x50), 0x5);
	wr32(r, 0x64, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0x64), 0x105);
	wr32(r, 0x64, 0);
	rig_cr0(r, 0xd);
	wr32(r, 0x20, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0x20), 0xd);
	rig_free(r);
	r = rig_new(rich);
	wr32(r, 0x2c, 0xf);
	ck_assert_uint_eq(rd32(r, 0x2c), 0xb);
	wr32(r, 0x64, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0x64), 0x3fd);
	wr32(r, 0x20, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0x20), 0x1df);
	rig_free(r);
}
END_TEST

START_TEST(priq_lo_survives_without_msi)
{
	struct rig *r = rig_new(NULL);

	ck_assert(r->u->ops->restore(r->u, 0, 4, 0x084d169b, NULL)); /* the default without MSI */
	wr32(r, 0xdc, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0xdc), 0x80000000);
	rig_free(r);
}
END_TEST

/* ---- guards ---- */
static const struct {
	const char *what;
	uint32_t off;
	unsigned bytes;
	uint64_t val;
	uint32_t ctl, en; /* CR0 or IRQ_CTRL, and the bit */
} guards[] = {
	{ "STRTAB_BASE", 0x80, 8, 0x40000, 0x20, 1 },
	{ "STRTAB_BASE_CFG", 0x88, 4, 0x8, 0x20, 1 },
	{ "CR1.TABLE", 0x28, 4, 0xfc0, 0x20, 1 },
	{ "CR2", 0x2c, 4, 0x3, 0x20, 1 },
	{ "PRIQ_BASE", 0xc0, 8, 0x30008, 0x20, 2 },
	{ "PRIQ_PROD", 0x100c8, 4, 0x1, 0x20, 2 },
	{ "CR1.QUEUE, PRIQEN", 0x28, 4, 0x3f, 0x20, 2 },
	{ "EVENTQ_BASE", 0xa0, 8, 0x20008, 0x20, 4 },
	{ "EVENTQ_PROD", 0x100a8, 4, 0x1, 0x20, 4 },
	{ "CR1.QUEUE, EVENTQEN", 0x28, 4, 0x3f, 0x20, 4 },
	{ "CMDQ_BASE", 0x90, 8, 0x10008, 0x20, 8 },
	{ "CMDQ_CONS", 0x9c, 4, 0x1, 0x20, 8 },
	{ "CR1.QUEUE, CMDQEN", 0x28, 4, 0x3f, 0x20, 8 },
	{ "GERROR_IRQ_CFG0", 0x68, 8, 0x60000, 0x50, 1 },
	{ "GERROR_IRQ_CFG1", 0x70, 4, 0x11, 0x50, 1 },
	{ "GERROR_IRQ_CFG2", 0x74, 4, 0x3f, 0x50, 1 },
	{ "PRIQ_IRQ_CFG0", 0xd0, 8, 0x60008, 0x50, 2 },
	{ "PRIQ_IRQ_CFG1", 0xd8, 4, 0x12, 0x50, 2 },
	{ "PRIQ_IRQ_CFG2", 0xdc, 4, 0x8000003f, 0x50, 2 },
	{ "EVENTQ_IRQ_CFG0", 0xb0, 8, 0x60010, 0x50, 4 },
	{ "EVENTQ_IRQ_CFG1", 0xb8, 4, 0x13, 0x50, 4 },
	{ "EVENTQ_IRQ_CFG2", 0xbc, 4, 0x3f, 0x50, 4 },
};

static uint64_t try_write(struct rig *r, unsigned i, uint64_t v)
{
	r->u->ops->mmio_write(r->u, guards[i].off, guards[i].bytes, v);
	return r->u->ops->mmio_read(r->u, guards[i].off, guards[i].bytes);
}

static void one_guard(unsigned i)
{
	struct rig *r = rig_new(NULL);
	const char *what = guards[i].what;

	ck_assert_msg(try_write(r, i, guards[i].val) == guards[i].val, "%s: off", what);
	ck_assert_msg(try_write(r, i, 0) == 0, "%s: off", what);
	wr32(r, guards[i].ctl, guards[i].en);
	ck_assert_msg(try_write(r, i, guards[i].val) == 0, "%s: 0 to 1, not acknowledged", what);
	run_for(r, US);
	ck_assert_uint_eq(rd32(r, guards[i].ctl + 4), guards[i].en);
	ck_assert_msg(try_write(r, i, guards[i].val) == 0, "%s: on", what);
	wr32(r, guards[i].ctl, 0);
	ck_assert_msg(try_write(r, i, guards[i].val) == 0, "%s: 1 to 0, not acknowledged", what);
	run_for(r, US);
	ck_assert_uint_eq(rd32(r, guards[i].ctl + 4), 0);
	ck_assert_msg(try_write(r, i, guards[i].val) == guards[i].val, "%s: off again", what);
	rig_free(r);
}

START_TEST(guarded_registers_keep_their_value)
{
	for (unsigned i = 0; i < ARRAY_LEN(guards); i++)
		one_guard(i);
}
END_TEST

START_TEST(guards_are_of_one_enable_each)
{
	struct rig *r = rig_new(NULL);

	rig_cr0(r, 0x1); /* SMMUEN */
	wr32(r, 0x28, 0xfff);
	ck_assert_uint_eq(rd32(r, 0x28), 0x03f);
	wr64(r, 0x90, 0x10008);
	wr64(r, 0xa0, 0x20008);
	wr64(r, 0xc0, 0x30008);
	ck_assert_uint_eq(rd64(r, 0x90), 0x10008);
	ck_assert_uint_eq(rd64(r, 0xa0), 0x20008);
	ck_assert_uint_eq(rd64(r, 0xc0), 0x30008);
	rig_cr0(r, 0xe); /* the queues */
	wr64(r, 0x80, 0x40000);
	ck_assert_uint_eq(rd64(r, 0x80), 0x40000);
	wr32(r, 0x28, 0xfc0);
	ck_assert_uint_eq(rd32(r, 0x28), 0xfff);
	/* software's own indices are never guarded */
	wr32(r, 0x100ac, 0x80000005);
	wr32(r, 0x100cc, 0x80000006);
	ck_assert_uint_eq(rd32(r, 0x100ac), 0x80000005);
	ck_assert_uint_eq(rd32(r, 0x100cc), 0x80000006);
	wr32(r, 0x98, 0);
	wr32(r, 0x50, 1);
	run_for(r, US);
	wr32(r, 0xb8, 7);
	wr32(r, 0x70, 7);
	ck_assert_uint_eq(rd32(r, 0xb8), 7);
	ck_assert_uint_eq(rd32(r, 0x70), 0);
	rig_free(r);
}
END_TEST

START_TEST(cr1_waits_for_enhanced_queues)
{
	struct rig *r = rig_new(rich);

	/* control pages: offset from page 0, 64 KiB, preset; enabled */
	ck_assert_uint_eq(rd64(r, 0x4000), 0x40003);
	ck_assert_uint_eq(rd64(r, 0x4060), 0x70003);
	ck_assert_uint_eq(rd32(r, 0x4068), 1);
	ck_assert_uint_eq(rd32(r, 0x406c), 1);
	ck_assert_uint_eq(rd64(r, 0x4080), 0);
	wr64(r, 0x4000, UINT64_MAX);
	ck_assert_uint_eq(rd64(r, 0x4000), 0x40003);
	wr32(r, 0x28, 0x15);
	ck_assert_uint_eq(rd32(r, 0x28), 0x15);
	wr64(r, 0x78000, 0x10004); /* page 3, queue 1 */
	wr32(r, 0x78008, 0x80000000);
	run_for(r, US);
	ck_assert_uint_eq(rd32(r, 0x7800c) >> 31, 1);
	wr32(r, 0x28, 0x2a);
	ck_assert_uint_eq(rd32(r, 0x28), 0x15);
	rig_free(r);
}
END_TEST

/* ---- Update ---- */
START_TEST(update_takes_its_time_and_fields_are_independent)
{
	struct rig *r = rig_new(NULL);

	wr32(r, 0x20, 0x4); /* EVENTQEN at 0 */
	ck_assert_uint_eq(rd32(r, 0x20), 0x4);
	ck_assert_uint_eq(rd32(r, 0x24), 0);
	ck_assert(!idle(r));
	run_for(r, 60 * NS);
	wr32(r, 0x20, 0x16); /* ATSCHK and PRIQEN 60 ns later */
	run_for(r, 40 * NS - 1);
	ck_assert_uint_eq(rd32(r, 0x24), 0);
	run_for(r, 1);
	ck_assert_uint_eq(rd32(r, 0x24), 0x4);
	ck_assert(r->s->on.eventq);
	ck_assert(!r->s->on.atschk);
	run_for(r, 60 * NS - 1);
	ck_assert_uint_eq(rd32(r, 0x24), 0x4);
	ck_assert(!idle(r));
	r->n_progress = 0;
	run_for(r, 1);
	ck_assert_uint_eq(rd32(r, 0x24), 0x16);
	ck_assert(r->s->on.atschk);
	ck_assert_msg(!r->s->on.priq, "PRIQEN needs SMMUEN to be effective");
	ck_assert(idle(r));
	ck_assert_uint_ge(r->n_progress, 1);
	rig_free(r);
}
END_TEST

START_TEST(a_field_in_transition_ignores_a_second_value)
{
	struct rig *r = rig_new(rich);

	wr32(r, 0x20, 0x44); /* VMW = 1, EVENTQEN */
	run_for(r, 10 * NS);
	wr32(r, 0x20, 0x90); /* VMW = 2 and EVENTQEN = 0 come too soon, ATSCHK does not */
	ck_assert_uint_eq(rd32(r, 0x20), 0x54);
	run_for(r, 90 * NS);
	ck_assert_uint_eq(rd32(r, 0x24), 0x44);
	run_for(r, 10 * NS);
	ck_assert_uint_eq(rd32(r, 0x24), 0x54);
	wr32(r, 0x20, 0x90);
	ck_assert_uint_eq(rd32(r, 0x20), 0x90);
	run_for(r, 100 * NS);
	ck_assert_uint_eq(rd32(r, 0x24), 0x90);
	rig_free(r);
}
END_TEST

START_TEST(vmw_ignores_low_vmid_bits)
{
	static const uint16_t ignored[8] = { 0, 1, 3, 7, 0xf, 0, 0, 0 };
	struct rig *r = rig_new(rich);

	for (unsigned i = 1; i < 8; i++) {
		rig_cr0(r, i << 6);
		ck_assert_uint_eq(r->s->on.vmid_ignore, ignored[i]);
	}
	rig_cr0(r, 0);
	ck_assert_uint_eq(r->s->on.vmid_ignore, 0);
	rig_free(r);
}
END_TEST

START_TEST(smmuen_latches_tables_and_cr2)
{
	struct rig *r = rig_new(rich);

	wr64(r, 0x80, UINT64_C(0x40ffffffffffffc0));
	wr32(r, 0x88, 0x8); /* linear, 2^8 streams: 16 KiB */
	wr32(r, 0x2c, 0xb);
	ck_assert(!r->s->on.recinvsid && !r->s->on.e2h && !r->s->on.rec_cfg_ats);
	rig_cr0(r, 0x3);
	ck_assert(r->s->on.smmu && r->s->on.priq && !r->s->on.two_level);
	ck_assert(r->s->on.recinvsid && r->s->on.e2h && r->s->on.rec_cfg_ats);
	ck_assert_uint_eq(r->s->on.strtab, UINT64_C(0x00ffffffffffc000));
	ck_assert_uint_eq(r->s->on.log2size, 8);
	rig_cr0(r, 0);
	wr32(r, 0x88, 0x10210); /* 2-level, split 8, 2^16 streams: 256 descriptors */
	rig_cr0(r, 0x1);
	ck_assert(r->s->on.two_level);
	ck_assert_uint_eq(r->s->on.split, 8);
	ck_assert_uint_eq(r->s->on.strtab, UINT64_C(0x00fffffffffff800));
	rig_cr0(r, 0);
	wr32(r, 0x88, 0x10287); /* 2-level, split 10, 2^7 streams: one descriptor, in 64 bytes */
	rig_cr0(r, 0x1);
	ck_assert_uint_eq(r->s->on.split, 10);
	ck_assert_uint_eq(r->s->on.strtab, UINT64_C(0x00ffffffffffffc0));
	rig_cr0(r, 0);
	wr32(r, 0x88, 0x301c9); /* reserved format: linear */
	rig_cr0(r, 0x1);
	ck_assert(!r->s->on.two_level);
	rig_cr0(r, 0);
	wr32(r, 0x88, 0x101c9); /* reserved split 7: 6 */
	rig_cr0(r, 0x1);
	ck_assert_uint_eq(r->s->on.split, 6);
	ck_assert_uint_eq(r->s->on.strtab, UINT64_C(0x00ffffffffffffc0));
	rig_cr0(r, 0);
	wr32(r, 0x88, 0x3f); /* larger than any address */
	rig_cr0(r, 0x1);
	ck_assert_uint_eq(r->s->on.strtab, 0);
	rig_free(r);
}
END_TEST

static void answered(struct xl *x)
{
	(void)x;
}

START_TEST(smmuen_off_waits_for_requests_in_flight)
{
	struct rig *r = rig_new(NULL);
	struct xl *x = calloc(1, sizeof *x);

	x->req = (struct xl_req){ .iova = 0x1000, .len = 64, .rid = 1, .acc = XL_R };
	x->done = answered;
	rig_strtab(r, 4);
	rig_cr0(r, 0x1);
	iommu_translate(r->u, x);
	run_for(r, US);
	wr32(r, 0x20, 0);
	run_for(r, 100 * NS - 1);
	ck_assert(r->s->on.smmu);
	run_for(r, 1);
	ck_assert_msg(!r->s->on.smmu, "new requests follow GBPA");
	run_for(r, 10 * US);
	ck_assert_msg(rd32(r, 0x24) == 1, "a request is still in flight");
	ck_assert(!idle(r));
	wr32(r, 0x20, 1);
	ck_assert_msg(rd32(r, 0x20) == 0, "SMMUEN is in transition");
	wr64(r, 0x80, 0x80000);
	ck_assert_uint_eq(rd64(r, 0x80), RIG_STRTAB);
	r->n_progress = 0;
	iommu_retire(r->u, x);
	ck_assert_uint_eq(rd32(r, 0x24), 0);
	ck_assert(idle(r));
	ck_assert_uint_ge(r->n_progress, 1);
	free(x);
	rig_free(r);
}
END_TEST

static void ended(struct xl *x)
{
	iommu_retire(x->u, x);
	x->u = NULL;
}

START_TEST(smmuen_off_terminates_stalled_requests)
{
	struct rig *r = rig_new(NULL);
	struct xl *x = calloc(1, sizeof *x);

	x->req = (struct xl_req){ .iova = 0x1000, .len = 64, .rid = 1, .acc = XL_R };
	x->done = ended;
	rig_strtab(r, 4);
	put64(r, RIG_STRTAB + 64, 0xb | RIG_CD); /* V, Config 5 */
	/* T0SZ 16, EPD1, V, IPS 48, AA64, S, R, A, ASID 1; an empty table */
	put64(r, RIG_CD, UINT64_C(0x00017205c0000010));
	put64(r, RIG_CD + 8, 0x200000);
	rig_queues(r, 0x1);
	iommu_translate(r->u, x);
	run_for(r, 10 * US);
	ck_assert_msg(x->u && x->state == XL_STALLED, "held for software");
	ck_assert_uint_eq(rd32(r, 0x100a8), 1);
	wr32(r, 0x20, 0xe);
	run_for(r, US);
	ck_assert_uint_eq(rd32(r, 0x24), 0xe);
	ck_assert(!x->u && !x->res.ok);
	ck_assert(idle(r));
	free(x);
	rig_free(r);
}
END_TEST

static void quick(struct smmuv3_cfg *c)
{
	c->update_ps = 1000;
	c->tlbi_cyc = 1000; /* 1 us */
}

START_TEST(cmdqen_off_finishes_the_command_in_progress)
{
	struct rig *r = rig_new(quick);

	rig_queues(r, 0);
	put(r, 0x30, 0); /* TLBI_NSNH_ALL */
	put(r, 0x30, 0);
	tail(r);
	run_for(r, 500 * NS); /* the first one executes */
	wr32(r, 0x20, 0x6);
	run_for(r, 100 * NS);
	ck_assert_msg(rd32(r, 0x24) == 0xe, "a command is executing");
	ck_assert_uint_eq(rd32(r, 0x9c), 0);
	ck_assert(!idle(r));
	wr64(r, 0x90, 0x70008);
	ck_assert_uint_eq(rd64(r, 0x90), 0x10008);
	run_for(r, 4 * US);
	ck_assert_uint_eq(rd32(r, 0x24), 0x6);
	ck_assert_msg(rd32(r, 0x9c) == 1, "the first one was consumed, the second was not started");
	ck_assert(idle(r));
	ck_assert(!r->s->on.cmdq && r->s->on.eventq);
	rig_cr0(r, 0xe);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x9c), 2);
	rig_free(r);
}
END_TEST

START_TEST(gbpa_update)
{
	struct rig *r = rig_new(NULL);

	wr32(r, 0x44, 0x00100000);
	ck_assert_msg(rd32(r, 0x44) == 0x1000, "a write without Update is ignored");
	wr32(r, 0x44, 0x80100000);
	ck_assert_uint_eq(rd32(r, 0x44), 0x80100000);
	ck_assert_msg(!(r->s->on.gbpa & 1u << 20), "not in force yet");
	ck_assert(!idle(r));
	run_for(r, 100 * NS - 1);
	wr32(r, 0x44, 0x80001000);
	ck_assert_msg(rd32(r, 0x44) == 0x80100000, "a write during an Update is ignored");
	run_for(r, 1);
	ck_assert_uint_eq(rd32(r, 0x44), 0x00100000);
	ck_assert_uint_eq(r->s->on.gbpa, 0x00100000);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

static void aborting(struct smmuv3_cfg *c)
{
	c->gbpa_abort = true;
	c->page0_alias = true;
}

START_TEST(choices_of_the_configuration)
{
	struct rig *r = rig_new(aborting);

	ck_assert_uint_eq(rd32(r, 0x44), 0x00101000);
	ck_assert_uint_eq(r->s->on.gbpa, 0x00101000);
	wr32(r, 0x100ac, 0x80000005);
	ck_assert_uint_eq(rd32(r, 0xac), 0x80000005);
	wr32(r, 0xcc, 0x3);
	ck_assert_uint_eq(rd32(r, 0x100cc), 0x3);
	rig_free(r);
}
END_TEST

/* ---- GERROR and messages ---- */
START_TEST(gerror_toggles_once_until_acknowledged)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x68, 0x60000);
	wr32(r, 0x70, 0xabcd);
	smmuv3_gerror(r->s, 2);
	ck_assert_uint_eq(rd32(r, 0x60), 0x4);
	ck_assert_msg(r->n_msi == 0, "interrupt is off");
	wr32(r, 0x64, 0x4);
	ck_assert(!smmuv3_gerror_active(r->s, 2));
	wr32(r, 0x50, 1);
	smmuv3_gerror(r->s, 3);
	ck_assert_msg(r->n_msi == 0, "enabled, but not acknowledged yet");
	run_for(r, US);
	smmuv3_gerror(r->s, 2);
	ck_assert_uint_eq(rd32(r, 0x60), 0x8);
	ck_assert_uint_eq(rd32(r, 0x64), 0x4);
	ck_assert(smmuv3_gerror_active(r->s, 2));
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, 0x60000);
	ck_assert_uint_eq(r->msi[0].data, 0xabcd);
	ck_assert_uint_eq(mem64(r, 0x60000), 0xabcd);
	smmuv3_gerror(r->s, 2);
	ck_assert_uint_eq(rd32(r, 0x60), 0x8);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->s->st.gerrors, 3);
	wr32(r, 0x64, 0x8); /* GERROR as read: both acknowledged */
	ck_assert(!smmuv3_gerror_active(r->s, 2) && !smmuv3_gerror_active(r->s, 3));
	rig_free(r);
}
END_TEST

START_TEST(messages_write_four_bytes_or_abort)
{
	struct rig *r = rig_new(NULL);

	wr32(r, 0x50, 7);
	run_for(r, US);
	smmuv3_irq(r->s, SMMUV3_IRQ_EVENTQ);
	ck_assert_msg(r->n_msi == 0, "no address: wired only");
	put64(r, 0x60000, UINT64_C(0x1111111122222222));
	smmuv3_msi(r->s, 0x60004, 0x33333333, 4);
	ck_assert_uint_eq(mem64(r, 0x60000), UINT64_C(0x3333333322222222));
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->s->st.msis, 1);
	/* past the end of memory */
	smmuv3_msi(r->s, UINT64_C(0x100000000), 1, 4);
	ck_assert_uint_eq(rd32(r, 0x60), 0x10);
	mem_poison(r->m, 0x60008, true);
	smmuv3_msi(r->s, 0x60008, 1, 5);
	ck_assert_uint_eq(rd32(r, 0x60), 0x30);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->s->st.msi_aborts, 2);
	/* bits above the output size are dropped */
	smmuv3_msi(r->s, UINT64_C(0x0001000000060010), 9, 4);
	ck_assert_uint_eq(r->msi[1].addr, 0x60010);
	rig_free(r);
}
END_TEST

START_TEST(gerror_message_that_aborts_raises_no_other)
{
	struct rig *r = rig_new(NULL);

	wr64(r, 0x68, UINT64_C(0x200000000));
	wr32(r, 0x50, 1);
	run_for(r, US);
	smmuv3_gerror(r->s, 2);
	ck_assert_uint_eq(rd32(r, 0x60), 0x84);
	ck_assert_uint_eq(r->s->st.msi_aborts, 1);
	ck_assert_uint_eq(r->n_msi, 0);
	rig_free(r);
}
END_TEST

START_TEST(each_source_has_its_registers_and_its_abort_bit)
{
	static const struct {
		enum smmuv3_irq which;
		uint32_t cfg0, en, abt;
	} src[] = { { SMMUV3_IRQ_EVENTQ, 0xb0, 4, 0x20 }, { SMMUV3_IRQ_PRIQ, 0xd0, 2, 0x40 }, { SMMUV3_IRQ_GERROR, 0x68, 1, 0x80 } };

	for (unsigned i = 0; i < ARRAY_LEN(src); i++) {
		struct rig *r = rig_new(NULL);

		wr64(r, src[i].cfg0, 0x60000 + 8 * i);
		wr32(r, src[i].cfg0 + 8, 0x100 + i);
		wr32(r, 0x50, 7 & ~src[i].en);
		run_for(r, US);
		smmuv3_irq(r->s, src[i].which);
		ck_assert_uint_eq(r->n_msi, 0);
		wr32(r, 0x50, 7);
		run_for(r, US);
		smmuv3_irq(r->s, src[i].which);
		ck_assert_uint_eq(r->n_msi, 1);
		ck_assert_uint_eq(r->msi[0].addr, 0x60000 + 8 * i);
		ck_assert_uint_eq(r->msi[0].data, 0x100 + i);
		mem_poison(r->m, 0x60000 + 8 * i, true);
		smmuv3_irq(r->s, src[i].which);
		ck_assert_uint_eq(rd32(r, 0x60), src[i].abt);
		rig_free(r);
	}
}
END_TEST

START_TEST(gerrorn_restarts_the_command_queue)
{
	struct rig *r = rig_new(NULL);

	rig_queues(r, 0);
	put(r, 0x00, 0); /* reserved opcode */
	put(r, 0x30, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x60), 0x1);
	ck_assert_uint_eq(rd32(r, 0x9c), 0x01000000);
	put64(r, RIG_CMDQ, 0x30);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x9c) & 0xfffff, 0);
	/* disabling does not clear the error */
	rig_cr0(r, 0);
	rig_cr0(r, 0x8);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x9c) & 0xfffff, 0);
	wr32(r, 0x64, 0x1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x9c) & 0xfffff, 2);
	rig_free(r);
}
END_TEST

START_TEST(index_bits_follow_the_capped_size)
{
	struct rig *r = rig_new(NULL);

	r->s->cap.eventqs = 7;
	wr64(r, 0xa0, 0x2001f);
	wr32(r, 0x100a8, 0xffffffff);
	ck_assert_uint_eq(rd64(r, 0xa0), 0x2001f);
	ck_assert_uint_eq(rd32(r, 0x100a8), 0x800000ff);
	wr64(r, 0xa0, 0x20003);
	ck_assert_uint_eq(rd32(r, 0x100a8), 0x8000000f);
	wr64(r, 0x90, 0x10013);
	wr32(r, 0x9c, 0xffffffff);
	ck_assert_uint_eq(rd32(r, 0x9c), 0xfffff);
	rig_free(r);
}
END_TEST

START_TEST(tails)
{
	struct rig *r = rig_new(rich);

	ck_assert(smmuv3_is_tail(r->u, 0x98));
	ck_assert(!smmuv3_is_tail(r->u, 0x9c));
	ck_assert(!smmuv3_is_tail(r->u, 0x20));
	ck_assert(smmuv3_is_tail(r->u, 0x78008));
	ck_assert(!smmuv3_is_tail(r->u, 0x78000));
	ck_assert(!smmuv3_is_tail(r->u, 0x44008));
	ck_assert(!smmuv3_is_tail(r->u, 0x80008));
	r->c.cmdqv = true;
	ck_assert(smmuv3_is_tail(r->u, 0x4010084));
	ck_assert(!smmuv3_is_tail(r->u, 0x4020084));
	ck_assert(smmuv3_is_tail(r->u, 0x4050104));
	ck_assert(!smmuv3_is_tail(r->u, 0x4040104));
	r->c.cmdqv = false;
	ck_assert(!smmuv3_is_tail(r->u, 0x4010084));
	rig_free(r);
}
END_TEST

/* ---- restoring ---- */
static bool restore(struct rig *r, uint32_t off, unsigned bytes, uint64_t v)
{
	struct err e = { 0 };

	return r->u->ops->restore(r->u, off, bytes, v, &e);
}

START_TEST(restored_registers_are_in_force)
{
	struct rig *r = rig_new(NULL);
	static const uint64_t image[][3] = { /* registers of an emulated unit in use; no PRI queue, no acknowledgement of IRQ_CTRL */
		{ 0x0, 4, 0x0d44101b }, { 0x4, 4, 0x02730010 }, { 0x8, 4, 0 }, { 0xc, 4, 0x1414 }, { 0x14, 4, 0x74 }, { 0x18, 4, 0 }, { 0x1c, 4, 1 },
		{ 0x20, 4, 0xd }, { 0x24, 4, 0xd }, { 0x28, 4, 0xd75 }, { 0x2c, 4, 0x6 }, { 0x44, 4, 0x1000 }, { 0x50, 4, 0x5 }, { 0x60, 4, 0 },
		{ 0x64, 4, 0 }, { 0x80, 8, 0x4000000043a51000 }, { 0x88, 4, 0x10210 }, { 0x90, 8, 0x400000006b300010 }, { 0x98, 4, 0x1a24 },
		{ 0x9c, 4, 0x1a23 }, { 0xa0, 8, 0x400000006b40000f }, { 0x100a8, 4, 0 }, { 0x100ac, 4, 0 } };

	put64(r, 0x6b300000 + 0x1a23 * 16, 0x30);
	for (unsigned i = 0; i < ARRAY_LEN(image); i++)
		ck_assert(restore(r, (uint32_t)image[i][0], (unsigned)image[i][1], image[i][2]));
	ck_assert(r->s->on.smmu && r->s->on.cmdq && r->s->on.eventq && !r->s->on.priq && r->s->on.two_level && r->s->on.recinvsid);
	ck_assert_uint_eq(r->s->on.strtab, 0x43a51000);
	ck_assert_uint_eq(r->s->on.split, 8);
	ck_assert_uint_eq(r->s->on.log2size, 16);
	ck_assert_uint_eq(r->s->cap.oas, 44);
	ck_assert_uint_eq(r->s->cap.stall_model, 1);
	ck_assert(!r->s->cap.pri && !r->s->cap.ats && !r->s->cap.msi && r->s->cap.term_model && r->s->cap.s1p && r->s->cap.s2p);
	ck_assert_msg(r->s->held, "nothing runs yet");
	run_all(r);
	ck_assert_uint_eq(smmuv3_reg_get(r->s, 0x9c, 4), 0x1a23);
	for (unsigned i = 0; i < ARRAY_LEN(image); i++)
		if (image[i][0] != 0x9c)
			ck_assert_uint_eq(r->u->ops->mmio_read(r->u, (uint32_t)image[i][0], (unsigned)image[i][1]), image[i][2]);
	ck_assert_uint_eq(rd32(r, 0x54), 5);
	run_all(r);
	ck_assert_uint_eq(rd32(r, 0x9c), 0x1a24);
	rig_free(r);
}
END_TEST

START_TEST(restored_updates_go_on)
{
	struct rig *r = rig_new(NULL);

	ck_assert(restore(r, 0x20, 4, 0x4)); /* alone: acknowledged */
	ck_assert(r->s->on.eventq);
	ck_assert(restore(r, 0x20, 8, UINT64_C(0x0000000400000005)));
	ck_assert(!r->s->on.smmu);
	ck_assert(restore(r, 0x50, 8, 0x1));
	ck_assert(restore(r, 0x44, 4, 0x80100000));
	ck_assert_uint_eq(r->s->on.gbpa, 0x1000);
	ck_assert_uint_eq(rd32(r, 0x24), 0x4); /* the first access */
	run_for(r, US);
	ck_assert_uint_eq(rd32(r, 0x24), 0x5);
	ck_assert(r->s->on.smmu);
	ck_assert_uint_eq(rd32(r, 0x54), 0x1);
	ck_assert_uint_eq(rd32(r, 0x44), 0x00100000);
	ck_assert_uint_eq(r->s->on.gbpa, 0x00100000);
	rig_free(r);
}
END_TEST

START_TEST(restore_refuses_what_is_no_register)
{
	struct rig *r = rig_new(NULL);

	ck_assert(!restore(r, 0x21, 4, 0));
	ck_assert(!restore(r, 0x20, 2, 0));
	ck_assert(!restore(r, 0x8020, 4, 0));
	ck_assert(!restore(r, 0x10020, 4, 1));
	ck_assert(!restore(r, 0x40000, 8, 0));
	ck_assert(restore(r, 0x100a8, 8, UINT64_C(0x0000000300000005)));
	ck_assert(restore(r, 0xa8, 8, 0)); /* not there without the alias */
	ck_assert_uint_eq(smmuv3_reg_get(r->s, 0x100a8, 8), UINT64_C(0x0000000300000005));
	rig_free(r);
}
END_TEST

/* ---- capabilities ---- */
START_TEST(capabilities_are_clamped)
{
	struct rig *r = rig_new(NULL);
	const struct smmuv3_caps *c = &r->s->cap;

	ck_assert(c->s1p && c->s2p && !c->ttf32 && c->ttf64 && c->cohacc && c->hyp && c->ats && !c->ns1ats && c->asid16 && c->msi && c->pri);
	ck_assert(c->vmid16 && c->cd2l && c->st2l && !c->term_model && c->ril && c->had && c->xnx && c->fwb && c->stt && c->gran16k);
	ck_assert_uint_eq(c->httu, 2);
	ck_assert_uint_eq(c->ttendian, 2);
	ck_assert_uint_eq(c->stall_max, 64);
	ck_assert_uint_eq(c->cmdqs, 19);
	ck_assert_uint_eq(c->eventqs, 19);
	ck_assert_uint_eq(c->priqs, 19);
	ck_assert_uint_eq(c->ssidsize, 20);
	ck_assert_uint_eq(c->sidsize, 16);
	ck_assert_uint_eq(c->oas, 48);
	ck_assert_uint_eq(c->ias, 48);
	ck_assert_uint_eq(c->bbml, 2);
	/* everything on, v3.0: what later revisions bring is absent */
	ck_assert(restore(r, 0x0, 8, UINT64_MAX));
	ck_assert(restore(r, 0xc, 4, 0xffffffff));
	ck_assert(restore(r, 0x14, 4, 0xffff0077 | 0xc80));
	ck_assert(restore(r, 0x190, 4, 0xffffffff));
	ck_assert(restore(r, 0x1c, 4, 0));
	ck_assert(!c->xnx && !c->ril && !c->fwb && !c->bbml && !c->e0pd && !c->ptwnnc && !c->ecmdq && !c->ds && !c->rme && !c->dpt && c->had);
	ck_assert_uint_eq(c->oas, 48);
	ck_assert_uint_eq(c->vax, 0);
	ck_assert_uint_eq(c->sidsize, 32);
	ck_assert_uint_eq(c->ssidsize, 20);
	ck_assert_uint_eq(c->cmdqs, 19);
	ck_assert_uint_eq(c->stall_model, 1);
	ck_assert_uint_eq(c->stall_max, 0);
	ck_assert(!c->st2l);
	ck_assert(restore(r, 0x1c, 4, 1));
	ck_assert(c->xnx && c->ril && c->fwb && c->bbml == 2 && c->ds && !c->e0pd && !c->ptwnnc && !c->ecmdq);
	ck_assert_uint_eq(c->oas, 52);
	ck_assert_uint_eq(c->vax, 1);
	ck_assert(restore(r, 0x1c, 4, 3));
	ck_assert(c->e0pd && c->ptwnnc && c->rme && c->dpt);
	ck_assert_msg(!c->ecmdq, "QUEUES_PRESET");
	ck_assert(restore(r, 0x4, 4, 0xdfffffff));
	ck_assert(c->ecmdq);
	ck_assert_uint_eq(c->ecmdq_pages_lg2, 8);
	ck_assert_uint_eq(c->ecmdq_lg2, 8);
	/* without stage 2, ATS and COHACC */
	ck_assert(restore(r, 0x0, 4, 0xffffffff & ~(1u | 1u << 4 | 1u << 10 | 3u << 24)));
	ck_assert(!c->pri && !c->vmw && !c->vmid16 && !c->xnx && !c->fwb && !c->atsrecerr && !c->ecmdq && c->hyp);
	ck_assert_uint_eq(c->stall_max, 0xffff);
	ck_assert(restore(r, 0x14, 4, 0x75));
	ck_assert_uint_eq(c->stall_max, 1);
	/* no stage 1, only LPAE */
	ck_assert(restore(r, 0x0, 4, 0x5));
	ck_assert(!c->hyp && !c->cd2l && !c->had && c->ssidsize == 0);
	ck_assert_uint_eq(c->ias, 40);
	rig_free(r);
}
END_TEST

/* Each flag follows its own bit when all others are set. */
#define FLAG(off, bit, m) { #m, off, bit, offsetof(struct smmuv3_caps, m) }
static const struct {
	const char *what;
	uint32_t off;
	unsigned bit;
	size_t at;
} flags[] = {
	FLAG(0, 0, s2p), FLAG(0, 1, s1p), FLAG(0, 2, ttf32), FLAG(0, 3, ttf64), FLAG(0, 4, cohacc), FLAG(0, 9, hyp), FLAG(0, 10, ats),
	FLAG(0, 11, ns1ats), FLAG(0, 12, asid16), FLAG(0, 13, msi), FLAG(0, 14, sev), FLAG(0, 16, pri), FLAG(0, 17, vmw), FLAG(0, 18, vmid16),
	FLAG(0, 19, cd2l), FLAG(0, 23, atsrecerr), FLAG(0, 26, term_model), FLAG(0, 27, st2l), FLAG(0, 30, rme), FLAG(4, 26, perm_ovr),
	FLAG(4, 27, attr_ovr), FLAG(4, 31, ecmdq), FLAG(0xc, 2, had), FLAG(0xc, 4, xnx), FLAG(0xc, 5, pps), FLAG(0xc, 7, mpam), FLAG(0xc, 8, fwb),
	FLAG(0xc, 9, stt), FLAG(0xc, 10, ril), FLAG(0xc, 13, e0pd), FLAG(0xc, 14, ptwnnc), FLAG(0xc, 15, dpt), FLAG(0xc, 17, epan),
	FLAG(0x14, 4, gran4k), FLAG(0x14, 5, gran16k), FLAG(0x14, 6, gran64k), FLAG(0x14, 7, ds),
};
#undef FLAG

START_TEST(each_capability_is_its_own_bit)
{
	/* ST_LEVEL 1, no preset queues, BBML 2, OAS 52, v3.3 */
	static const uint32_t all[][2] = { { 0, 0x4fffffff }, { 4, 0x9fffffff }, { 0xc, 0xfffff7ff }, { 0x14, 0xffff04f6 }, { 0x1c, 3 } };

	for (unsigned i = 0; i < ARRAY_LEN(flags); i++) {
		struct rig *r = rig_new(NULL);
		const bool *flag = (const bool *)((const char *)&r->s->cap + flags[i].at);
		uint64_t v;

		for (unsigned j = 0; j < ARRAY_LEN(all); j++)
			ck_assert(restore(r, all[j][0], 4, all[j][1]));
		ck_assert_msg(*flag, "%s", flags[i].what);
		v = rd32(r, flags[i].off) & ~(UINT64_C(1) << flags[i].bit);
		ck_assert(restore(r, flags[i].off, 4, v));
		ck_assert_msg(!*flag, "%s without its bit", flags[i].what);
		rig_free(r);
	}
}
END_TEST

START_TEST(every_cache_and_counter_is_registered)
{
	struct rig *r = rig_new(NULL);
	struct stat_reg g = { 0 };
	static const char *const must[] = { "smmu0", "smmu0.smmuv3", "smmu0.l1std", "smmu0.ste", "smmu0.l1cd", "smmu0.cd", "smmu0.tlb",
		"smmu0.ipa", "smmu0.walk.s1l0", "smmu0.walk.s1l1", "smmu0.walk.s1l2", "smmu0.walk.s2l0", "smmu0.walk.s2l1", "smmu0.walk.s2l2" };

	ck_assert(r->u->ops->stats(r->u, &g));
	for (unsigned i = 0; i < ARRAY_LEN(must); i++) {
		unsigned n = 0;

		for (size_t j = 0; j < g.n; j++)
			n += !strcmp(g.node[j].path, must[i]);
		ck_assert_msg(n == 1, "%s: %u", must[i], n);
	}
	stat_fini(&g);
	rig_free(r);
}
END_TEST

static void tbus(struct smmuv3_cfg *c)
{
	c->unit.ports = 2;
	c->utlb.entries = 8;
	c->tbu.entries = 16;
	c->walk_unified = true;
}

START_TEST(statistics_of_tbus_and_of_a_unified_walk_cache)
{
	struct rig *r = rig_new(tbus);
	struct stat_reg g = { 0 };
	static const char *const must[] = { "smmu0.tbu0.utlb", "smmu0.tbu0.tlb", "smmu0.tbu1.utlb", "smmu0.tbu1.tlb", "smmu0.walk" };

	ck_assert(r->u->ops->stats(r->u, &g));
	for (unsigned i = 0; i < ARRAY_LEN(must); i++) {
		unsigned n = 0;

		for (size_t j = 0; j < g.n; j++)
			n += !strcmp(g.node[j].path, must[i]);
		ck_assert_msg(n == 1, "%s: %u", must[i], n);
	}
	for (size_t j = 0; j < g.n; j++)
		ck_assert_msg(!strstr(g.node[j].path, "walk.s") && !strstr(g.node[j].path, "tbu2"), "%s", g.node[j].path);
	stat_fini(&g);
	rig_free(r);
}
END_TEST

RIG_MAIN("smmuv3_regs", every_register_keeps_only_its_bits, ARRAY_LEN(regs), odd_accesses_do_nothing, absent_features_have_no_registers,
	 priq_lo_survives_without_msi, guarded_registers_keep_their_value, guards_are_of_one_enable_each, cr1_waits_for_enhanced_queues,
	 update_takes_its_time_and_fields_are_independent, a_field_in_transition_ignores_a_second_value, vmw_ignores_low_vmid_bits,
	 smmuen_latches_tables_and_cr2, smmuen_off_waits_for_requests_in_flight,
	 smmuen_off_terminates_stalled_requests, cmdqen_off_finishes_the_command_in_progress, gbpa_update,
	 choices_of_the_configuration, gerror_toggles_once_until_acknowledged, messages_write_four_bytes_or_abort,
	 gerror_message_that_aborts_raises_no_other, each_source_has_its_registers_and_its_abort_bit, gerrorn_restarts_the_command_queue,
	 index_bits_follow_the_capped_size, tails, restored_registers_are_in_force, restored_updates_go_on, restore_refuses_what_is_no_register,
	 capabilities_are_clamped, each_capability_is_its_own_bit, every_cache_and_counter_is_registered,
	 statistics_of_tbus_and_of_a_unified_walk_cache)
