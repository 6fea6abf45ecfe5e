/* SPDX-License-Identifier: Apache-2.0 */
/* Command queues: layouts, legality, order, ATC_INV and CMD_SYNC, errors, ECMDQ. Commands are hand-encoded from the specification. */
#include "smmuv3/smmuv3_cmdq.h"
#include "smmuv3_rig.h"

/* Stage-1 streams 0 to 15: STE and CD each, ASID 0x30 + StreamID, VMID 5, one table of 512 pages for all. */
enum { L1 = 0x100000, L2 = 0x101000, L3 = 0x102000, OLD = 0x200000, NEW = 0x800000 };
#define PAGE(base, i) ((uint64_t)(base) + (i) * UINT64_C(0x1000) + 0xf43) /* page, unprivileged read/write, inner shareable, AF, nG */

static void all_features(struct smmuv3_cfg *c)
{
	c->idr0 = 0x084d369b; /* both stages, Hyp, ATS, PRI, MSI, 16-bit ASID and VMID, stalls */
	c->idr1 = 0x02739d10;
	c->idr3 = 0x1714; /* RIL */
	c->idr5 = 0x00400075;
	c->aidr = 2;
}

/* Queues on, translation off. */
static struct rig *ready(void (*set)(struct smmuv3_cfg *))
{
	struct rig *r = rig_new(set);

	rig_queues(r, 0);
	return r;
}

static unsigned rd_of(struct rig *r)
{
	return rd32(r, SMMUV3_R_CMDQ_CONS) & 0xfffff;
}

static unsigned err_of(struct rig *r)
{
	return rd32(r, SMMUV3_R_CMDQ_CONS) >> 24 & 0x7f;
}

static void cd_asid(struct rig *r, unsigned sid, unsigned asid)
{
	/* T0SZ 25, EPD1, V, IPS 48 bits, AA64, R, A, ASET */
	uint64_t w0 = BIT64(47) | BIT64(46) | BIT64(45) | BIT64(41) | UINT64_C(5) << 32 | BIT64(31) | BIT64(30) | 25;

	put64(r, RIG_CD + sid * 64, (uint64_t)asid << 48 | w0);
	put64(r, RIG_CD + sid * 64 + 8, L1);
	put64(r, RIG_CD + sid * 64 + 24, 0xff);
}

static void cd_stall(struct rig *r, unsigned sid)
{
	put64(r, RIG_CD + sid * 64, mem64(r, RIG_CD + sid * 64) | BIT64(44));
}

static void ste_bypass(struct rig *r, unsigned sid)
{
	put64(r, RIG_STRTAB + sid * 64, 4 << 1 | 1);
}

static void map_pages(struct rig *r, uint64_t base)
{
	for (unsigned i = 0; i < 512; i++)
		put64(r, L3 + 8 * i, PAGE(base, i));
}

static void move_pages(struct rig *r)
{
	map_pages(r, NEW);
}

static struct rig *translating(void (*set)(struct smmuv3_cfg *))
{
	struct rig *r = rig_new(set);

	put64(r, L1, L2 | 3);
	put64(r, L2, L3 | 3);
	map_pages(r, OLD);
	for (unsigned sid = 0; sid < 16; sid++) {
		put64(r, RIG_STRTAB + sid * 64, (RIG_CD + sid * 64) | 5 << 1 | 1);
		put64(r, RIG_STRTAB + sid * 64 + 8, BIT64(44)); /* SHCFG: incoming */
		put64(r, RIG_STRTAB + sid * 64 + 16, 5);
		cd_asid(r, sid, 0x30 + sid);
	}
	rig_strtab(r, 4);
	rig_queues(r, CR0_SMMUEN);
	return r;
}

struct flight {
	struct xl x;
	bool done;
};

static void landed(struct xl *x)
{
	container_of(x, struct flight, x)->done = true;
}

/* A read of 64 bytes; it is in flight until it is retired. */
static void fly(struct rig *r, struct flight *f, uint32_t sid, uint64_t va)
{
	f->x.req = (struct xl_req){ .iova = va, .len = 64, .rid = sid, .acc = XL_R };
	f->x.done = landed;
	iommu_translate(r->u, &f->x);
}

/* Where a read ends up. */
static uint64_t dma(struct rig *r, uint32_t sid, uint64_t va)
{
	struct flight f = { 0 };

	fly(r, &f, sid, va);
	run_all(r);
	ck_assert_msg(f.done && f.x.res.ok, "stream %u, 0x%llx: event 0x%x", sid, (unsigned long long)va, f.x.res.code);
	iommu_retire(r->u, &f.x);
	return f.x.res.spa;
}

/* ---- legality ---- */

static void no_stage(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 &= ~UINT32_C(3);
}

static void s1_only(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 &= ~UINT32_C(1);
}

static void no_hyp_ats_pri(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 &= ~((1u << 9) | (1u << 10) | (1u << 16));
}

static void ats_no_pri(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 &= ~(1u << 16);
}

static void no_stall(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 |= 1u << 24;
}

static void no_ril(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr3 &= ~(1u << 10);
}

static void with_mpam(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr3 |= 1u << 7;
}

static void with_dpt(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr0 |= 1u << 30;
	c->idr3 |= 1u << 15;
	c->aidr = 3;
}

static void with_ds(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr5 |= 1u << 7 | 1;
	c->idr5 = (c->idr5 & ~7u) | 6;
}

static void size_as_52(struct smmuv3_cfg *c)
{
	all_features(c);
	c->atc_size_ill = false;
}

static void res0_ill(struct smmuv3_cfg *c)
{
	all_features(c);
	c->cmd_res0_ill = true;
}

static const struct {
	const char *what;
	void (*set)(struct smmuv3_cfg *);
	uint64_t w0, w1;
	unsigned err; /* CMDQ_CONS.ERR, 0: legal */
} legal[] = {
	{ "0x00", all_features, 0, 0, 1 },
	{ "PREFETCH_CONFIG", all_features, 0x0000000300000001, 0, 0 },
	{ "PREFETCH_CONFIG SSec", all_features, 0x401, 0, 1 },
	{ "PREFETCH_ADDR", all_features, 0x0000000300000002, 0x1000, 0 },
	{ "PREFETCH_ADDR SSec", all_features, 0x402, 0, 1 },
	{ "CFGI_STE", all_features, 0x0000000300000003, 1, 0 },
	{ "CFGI_STE SSec", all_features, 0x403, 0, 1 },
	{ "CFGI_STE without stages", no_stage, 0x3, 0, 0 },
	{ "CFGI_ALL", all_features, 0x04, 0x1f, 0 },
	{ "CFGI_ALL SSec", all_features, 0x404, 0x1f, 1 },
	{ "CFGI_CD", all_features, 0x0000000300001005, 1, 0 },
	{ "CFGI_CD SSec", all_features, 0x405, 0, 1 },
	{ "CFGI_CD without stage 1", no_stage, 0x5, 0, 1 },
	{ "CFGI_CD_ALL", all_features, 0x0000000300000006, 0, 0 },
	{ "CFGI_CD_ALL without stage 1", no_stage, 0x6, 0, 1 },
	{ "CFGI_VMS_PIDM without MPAM", all_features, 0x7, 0, 1 },
	{ "CFGI_VMS_PIDM", with_mpam, 0x7, 0, 0 },
	{ "0x08", all_features, 0x08, 0, 1 },
	{ "TLBI_NH_ALL", all_features, 0x0000000500000010, 0, 0 },
	{ "TLBI_NH_ALL without stage 1", no_stage, 0x10, 0, 1 },
	{ "TLBI_NH_ASID vmid 5 asid 9", all_features, 0x0009000500000011, 0, 0 },
	{ "TLBI_NH_ASID without stage 1", no_stage, 0x11, 0, 1 },
	{ "TLBI_NH_VA leaf 4K TTL 3 one page", all_features, 0x0009000500000012, 0x1701, 0 },
	{ "TLBI_NH_VA without stage 1", no_stage, 0x12, 0, 1 },
	{ "TLBI_NH_VA TG 1 and nothing else", all_features, 0x12, 0x1400, 1 },
	{ "TLBI_NH_VA TG 1 NUM", all_features, 0x1012, 0x1400, 0 },
	{ "TLBI_NH_VA TG 1 SCALE", all_features, 0x100012, 0x1400, 0 },
	{ "TLBI_NH_VA TG 1 SCALE bit 25 without DS", all_features, 0x2000012, 0x1400, 1 },
	{ "TLBI_NH_VA TG 1 SCALE bit 25 with DS", with_ds, 0x2000012, 0x1400, 0 },
	{ "TLBI_NH_VA TG 2 TTL 1 without DS", all_features, 0x12, 0x4900, 1 },
	{ "TLBI_NH_VA TG 2 TTL 1 with DS", with_ds, 0x12, 0x4900, 0 },
	{ "TLBI_NH_VA TG 2 TTL 2", all_features, 0x12, 0x4a00, 0 },
	{ "TLBI_NH_VA TG 3 and nothing else", all_features, 0x12, 0x0c00, 1 },
	{ "TLBI_NH_VA TG 1 without RIL", no_ril, 0x12, 0x1400, 0 },
	{ "TLBI_NH_VAA", all_features, 0x0000000500000013, 0x1000, 0 },
	{ "TLBI_NH_VAA TG 1 and nothing else", all_features, 0x13, 0x1400, 1 },
	{ "TLBI_EL3_ALL", all_features, 0x18, 0, 1 },
	{ "TLBI_EL3_VA", all_features, 0x1a, 0, 1 },
	{ "TLBI_EL2_ALL", all_features, 0x20, 0, 0 },
	{ "TLBI_EL2_ALL without Hyp", no_hyp_ats_pri, 0x20, 0, 1 },
	{ "TLBI_EL2_ASID", all_features, 0x0009000000000021, 0, 0 },
	{ "TLBI_EL2_ASID without Hyp", no_hyp_ats_pri, 0x21, 0, 1 },
	{ "TLBI_EL2_VA", all_features, 0x22, 0x1001, 0 },
	{ "TLBI_EL2_VA without Hyp", no_hyp_ats_pri, 0x22, 0, 1 },
	{ "TLBI_EL2_VA TG 1 and nothing else", all_features, 0x22, 0x1400, 1 },
	{ "TLBI_EL2_VAA", all_features, 0x23, 0x1001, 0 },
	{ "TLBI_EL2_VAA without Hyp", no_hyp_ats_pri, 0x23, 0, 1 },
	{ "TLBI_S12_VMALL", all_features, 0x0000000500000028, 0, 0 },
	{ "TLBI_S12_VMALL without stage 2", s1_only, 0x28, 0, 1 },
	{ "TLBI_S2_IPA", all_features, 0x000000050000002a, 0x1001, 0 },
	{ "TLBI_S2_IPA without stage 2", s1_only, 0x2a, 0, 1 },
	{ "TLBI_S2_IPA TG 2 and nothing else", all_features, 0x2a, 0x4800, 1 },
	{ "TLBI_NSNH_ALL", all_features, 0x30, 0, 0 },
	{ "TLBI_NSNH_ALL without stages", no_stage, 0x30, 0, 0 },
	{ "ATC_INV all of SID 0x100", all_features, 0x0000010000000040, 52, 0 },
	{ "ATC_INV without ATS", no_hyp_ats_pri, 0x40, 52, 1 },
	{ "ATC_INV Size 53", all_features, 0x0000010000000040, 53, 1 },
	{ "ATC_INV Size 53 as 52", size_as_52, 0x0000010000000040, 53, 0 },
	{ "PRI_RESP", all_features, 0x0000010000000041, 0x2000, 0 },
	{ "PRI_RESP Resp 3", all_features, 0x0000010000000041, 0x3000, 1 },
	{ "PRI_RESP without PRI", ats_no_pri, 0x0000010000000041, 0x2000, 1 },
	{ "RESUME retry SID 3 STAG 7", all_features, 0x0000000300001044, 7, 0 },
	{ "RESUME SSec", all_features, 0x0000000300001444, 7, 1 },
	{ "RESUME without stalls", no_stall, 0x0000000300001044, 7, 1 },
	{ "STALL_TERM", all_features, 0x0000000300000045, 0, 0 },
	{ "STALL_TERM SSec", all_features, 0x0000000300000445, 0, 1 },
	{ "STALL_TERM without stalls", no_stall, 0x0000000300000045, 0, 1 },
	{ "SYNC", all_features, 0x46, 0, 0 },
	{ "SYNC CS=SEV", all_features, 0x2046, 0, 0 },
	{ "SYNC CS=3", all_features, 0x3046, 0, 1 },
	{ "S_EL2_ALL", all_features, 0x50, 0, 1 },
	{ "S_EL2_VAA", all_features, 0x53, 0, 1 },
	{ "S_S12_VMALL", all_features, 0x58, 0, 1 },
	{ "S_S2_IPA", all_features, 0x5a, 0, 1 },
	{ "SNH_ALL", all_features, 0x60, 0, 1 },
	{ "DPTI_ALL without DPT", all_features, 0x70, 0, 1 },
	{ "DPTI_ALL", with_dpt, 0x70, 0, 0 },
	{ "DPTI_PA without DPT", all_features, 0x73, 0, 1 },
	{ "DPTI_PA", with_dpt, 0x73, 0, 0 },
	{ "0x80", all_features, 0x80, 0, 1 },
	{ "0xff", all_features, 0xff, 0, 1 },
	{ "RES0 ignored: CFGI_STE bit 8", all_features, 0x103, 0, 0 },
	{ "RES0: CFGI_STE bit 8", res0_ill, 0x103, 0, 1 },
	{ "RES0: CFGI_STE second word", res0_ill, 0x3, 2, 1 },
	{ "RES0: CFGI_STE, none set", res0_ill, 0x0000000300000003, 1, 0 },
	{ "RES0: TLBI_NH_ASID bit 12", res0_ill, 0x0009000500001011, 0, 1 },
	{ "RES0: SYNC bit 14", res0_ill, 0x4046, 0, 1 },
	{ "RES0: SYNC with message", res0_ill, 0x0fc00046, 0, 0 },
};

START_TEST(legality)
{
	struct rig *r = ready(legal[_i].set);
	unsigned err = legal[_i].err;

	r->u->env.ats_inv = NULL;
	put(r, legal[_i].w0, legal[_i].w1);
	tail(r);
	ck_assert(!idle(r));
	run_all(r);
	ck_assert_msg(err_of(r) == err, "%s: ERR %u", legal[_i].what, err_of(r));
	ck_assert_msg((rd32(r, SMMUV3_R_GERROR) & 1) == (err != 0), "%s: GERROR", legal[_i].what);
	ck_assert_msg(rd_of(r) == (err ? 0 : 1), "%s: RD", legal[_i].what);
	ck_assert_msg(idle(r), "%s: not idle", legal[_i].what);
	rig_free(r);
}
END_TEST

/* ---- fetching ---- */

START_TEST(illegal_command_is_replaced_and_the_queue_goes_on)
{
	struct rig *r = ready(all_features);
	uint64_t sync[2] = { 0x46, 0 };

	put(r, 0x30, 0);
	put(r, 0xff, 0);
	put(r, 0x30, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_CMDQ_CONS), 1u << 24 | 1);
	ck_assert_uint_eq(r->s->st.tlbi_all, 1);
	ck_assert_uint_eq(r->s->st.cerror_ill, 1);
	ck_assert_uint_ge(r->n_progress, 1);
	tail(r); /* nothing is consumed while the error is active */
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 1);
	ck_assert(idle(r));
	mem_write(r->m, RIG_CMDQ + 16, sync, 2);
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert_uint_eq(r->s->st.tlbi_all, 2);
	ck_assert_uint_eq(r->s->st.sync, 1);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), rd32(r, SMMUV3_R_GERRORN));
	rig_free(r);
}
END_TEST

START_TEST(prod_is_pulled_back_after_an_error)
{
	struct rig *r = ready(all_features);

	put(r, 0xff, 0);
	put(r, 0x30, 0);
	tail(r);
	run_all(r);
	wr32(r, SMMUV3_R_CMDQ_PROD, 0);
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 0);
	ck_assert_uint_eq(r->s->st.tlbi_all, 0);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(fetch_abort)
{
	struct rig *r = ready(all_features);

	put(r, 0x30, 0);
	put(r, 0x30, 0);
	mem_poison(r->m, RIG_CMDQ + 24, true);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_CMDQ_CONS), 2u << 24 | 1);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR) & 1, 1);
	ck_assert_uint_eq(r->s->st.cerror_abt, 1);
	mem_poison(r->m, RIG_CMDQ + 24, false);
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 2);
	rig_free(r);
}
END_TEST

START_TEST(indices_wrap)
{
	struct rig *r = ready(all_features);
	unsigned n = 1u << RIG_LG2;

	for (unsigned i = 0; i < 5; i++) {
		for (unsigned j = 0; j < n; j++) /* full: equal indices, different wrap bits */
			put(r, 0x30, 0);
		tail(r);
		run_all(r);
		ck_assert_uint_eq(rd_of(r), i & 1 ? 0 : n);
	}
	ck_assert_uint_eq(r->s->st.tlbi_all, 5 * n);
	rig_free(r);
}
END_TEST

START_TEST(queue_of_one_entry)
{
	struct rig *r = ready(all_features);

	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN);
	wr64(r, SMMUV3_R_CMDQ_BASE, RIG_CMDQ);
	wr32(r, SMMUV3_R_CMDQ_PROD, 0);
	wr32(r, SMMUV3_R_CMDQ_CONS, 0);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN | CR0_CMDQEN);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t d[2] = { 0x30, 0 };

		mem_write(r->m, RIG_CMDQ, d, 2);
		wr32(r, SMMUV3_R_CMDQ_PROD, (i + 1) & 1);
		run_all(r);
		ck_assert_uint_eq(rd_of(r), (i + 1) & 1);
		ck_assert_uint_eq(r->s->st.tlbi_all, i + 1);
	}
	rig_free(r);
}
END_TEST

static void four_entries(struct smmuv3_cfg *c)
{
	all_features(c);
	c->idr1 = (c->idr1 & ~(31u << 21)) | 2u << 21;
}

START_TEST(size_is_capped)
{
	struct rig *r = ready(four_entries); /* LOG2SIZE 8, CMDQS 2 */

	for (unsigned i = 0; i < 4; i++)
		put(r, 0x30, 0);
	wr32(r, SMMUV3_R_CMDQ_PROD, 4);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 4);
	wr32(r, SMMUV3_R_CMDQ_PROD, 8 + 7); /* bits above the wrap bit do not count: the first three once more */
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 7);
	ck_assert_uint_eq(r->s->st.tlbi_all, 7);
	rig_free(r);
}
END_TEST

START_TEST(contradictory_indices_stop_the_queue_until_it_is_disabled)
{
	struct rig *r = ready(all_features);

	put(r, 0x30, 0);
	wr32(r, SMMUV3_R_CMDQ_PROD, (1u << RIG_LG2) + 1); /* one more than the queue holds */
	run_all(r);
	wr32(r, SMMUV3_R_CMDQ_PROD, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 0);
	ck_assert(idle(r));
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 0);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN | CR0_CMDQEN);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 1);
	rig_free(r);
}
END_TEST

START_TEST(disabling_waits_for_the_command_in_execution)
{
	struct rig *r = ready(all_features);

	for (unsigned i = 0; i < 50; i++)
		put(r, 0x30, 0);
	tail(r);
	run_for(r, 200000);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN);
	ck_assert_uint_gt(rd_of(r), 0);
	ck_assert_uint_lt(rd_of(r), 50);
	ck_assert_uint_eq(rd_of(r), r->s->st.tlbi_all); /* all that started are consumed, and only those */
	run_all(r);
	ck_assert_uint_eq(rd_of(r), r->s->st.tlbi_all);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN | CR0_CMDQEN);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 50);
	ck_assert_uint_eq(r->s->st.tlbi_all, 50);
	put(r, 0x30, 0);
	tail(r);
	run_for(r, 20000); /* during the fetch: the command has not started */
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 50);
	rig_free(r);
}
END_TEST

/* 50 ns memory, 4 cycles decode, 1 ns clock. */
static void timing(struct smmuv3_cfg *c)
{
	all_features(c);
	c->tlbi_cyc = 100;
	c->tlbi_page_cyc = 3;
	c->cfgi_cyc = 40;
	c->sync_cyc = 7;
	c->fetch_cyc = 4;
}

static void timing_tbu(struct smmuv3_cfg *c)
{
	timing(c);
	c->tbu.entries = 64;
	c->link_cyc = 10;
}

START_TEST(commands_take_their_time)
{
	static const struct {
		void (*set)(struct smmuv3_cfg *);
		uint64_t w0, w1;
		unsigned cyc;
	} t[] = {
		{ timing, 0x30, 0, 100 }, { timing, 0x12, 0x1000, 100 }, { timing, 0x3012, 0x1400, 112 }, /* NUM 3: 4 pages */
		{ timing, 0x1f00012 | 0x1f000, 0x1400, 100 + 64 * 3 }, { timing, 0x3, 0, 40 }, { timing, 0x46, 0, 7 },
		{ timing_tbu, 0x30, 0, 120 }, { timing_tbu, 0x3, 0, 60 }, { timing_tbu, 0x46, 0, 7 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct rig *r = ready(t[i].set);

		put(r, t[i].w0, t[i].w1);
		tail(r);
		run_for(r, 54000 + t[i].cyc * 1000 - 1);
		ck_assert_msg(rd_of(r) == 0, "%zu: early", i);
		run_for(r, 1);
		ck_assert_msg(rd_of(r) == 1, "%zu: late", i);
		ck_assert_uint_eq(r->s->st.cmdq_busy_ps, 54000 + t[i].cyc * 1000);
		rig_free(r);
	}
}
END_TEST

/* ---- what they drop ---- */

START_TEST(range_decoding)
{
	static const struct {
		void (*set)(struct smmuv3_cfg *);
		uint64_t w0, w1, first, last;
		unsigned tg, level, leaf;
	} t[] = {
		{ all_features, 0x12, 0x1001, 0x1000, 0x1fff, 0, 0, 1 },
		{ all_features, 0x12, 0x1701, 0x1000, 0x1fff, 1, 3, 1 },
		{ all_features, 0x1012, 0x10400, 0x10000, 0x11fff, 1, 0, 0 }, /* (1+1) * 2^0 * 4K */
		{ all_features, 0x303012, 0x40000400, 0x40000000, 0x4001ffff, 1, 0, 0 }, /* 4 * 2^3 * 4K */
		{ all_features, 0x202013, 0x100000800, 0x100000000, 0x10002ffff, 2, 0, 0 }, /* 3 * 2^2 * 16K */
		{ all_features, 0x10011f022, 0x200000c00, 0x200000000, 0x2003fffff, 3, 0, 0 }, /* 32 * 2^1 * 64K */
		{ all_features, 0x10002a, 0x80000e00, 0x80000000, 0x8001ffff, 3, 2, 0 }, /* 1 * 2^1 * 64K */
		{ all_features, 0x2012, 0x40000500, 0x40000000, 0x40000000 + 3 * 0x1000 - 1, 1, 1, 0 },
		{ all_features, 0x1012, 0x40000900, 0x40000000, 0x40007fff, 2, 0, 0 }, /* TTL 1 with 16K: no hint */
		{ no_ril, 0x303012, 0x40000401, 0x40000000, 0x40000fff, 0, 0, 1 },
		{ all_features, 0x1f1f012, 0x7ffffffff0000400, 0x7ffffffff0000000, 0x7fffffffffffffff, 1, 0, 0 }, /* ends with its half */
		{ all_features, 0x1f1f012, 0xfffffffff0000400, 0xfffffffff0000000, UINT64_MAX, 1, 0, 0 },
		{ all_features, 0x1f1f02a, 0x00fffffff0000400, 0x00fffffff0000000, 0x00ffffffffffffff, 1, 0, 0 }, /* IPAs have 56 bits */
		{ with_ds, 0x2700012, 0x400, 0, (UINT64_C(1) << (39 + 12)) - 1, 1, 0, 0 }, /* SCALE 39 */
		{ with_ds, 0x3f00012, 0x400, 0, (UINT64_C(1) << (39 + 12)) - 1, 1, 0, 0 }, /* 63 acts as 39 */
		{ all_features, 0x2700012, 0x400, 0, (UINT64_C(1) << (7 + 12)) - 1, 1, 0, 0 }, /* without DS: bits 24:20 */
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct rig *r = ready(t[i].set);
		struct smmuv3_tlbi d = { 0 };
		uint64_t cmd[2] = { t[i].w0, t[i].w1 };

		cmdq_range(r->s, cmd, &d);
		ck_assert_msg(d.first == t[i].first && d.last == t[i].last, "%zu: %llx to %llx", i, (unsigned long long)d.first,
			      (unsigned long long)d.last);
		ck_assert_msg(d.tg == t[i].tg && d.level == t[i].level && d.leaf == t[i].leaf, "%zu: TG %u level %u leaf %u", i, d.tg, d.level, d.leaf);
		rig_free(r);
	}
}
END_TEST

START_TEST(a_range_drops_its_pages_only)
{
	struct rig *r = translating(all_features);

	for (unsigned i = 0; i < 12; i++)
		ck_assert_uint_eq(dma(r, 3, i * 0x1000), OLD + i * 0x1000);
	move_pages(r);
	for (unsigned i = 0; i < 12; i++)
		ck_assert_uint_eq(dma(r, 3, i * 0x1000), OLD + i * 0x1000);
	/* NUM 2, SCALE 1: 6 pages from 0x3000; ASID 0x30 + SID, VMID 5 */
	put(r, 0x0033000500102012, 0x3400);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	for (unsigned i = 0; i < 12; i++)
		ck_assert_uint_eq(dma(r, 3, i * 0x1000), (i >= 3 && i < 9 ? NEW : OLD) + i * 0x1000);
	ck_assert_uint_eq(r->s->st.tlbi_va, 1);
	ck_assert_uint_eq(r->s->st.tlbi_range, 1);
	rig_free(r);
}
END_TEST

START_TEST(asid_and_vmid_are_told_apart)
{
	struct rig *r = translating(all_features);

	dma(r, 3, 0);
	dma(r, 4, 0);
	move_pages(r);
	put(r, 0x0034000600000011, 0); /* the ASID of stream 4 under another VMID */
	put(r, 0x0034000500000011, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(dma(r, 3, 0), OLD);
	ck_assert_uint_eq(dma(r, 4, 0), NEW);
	put(r, 0x0000000500000010, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(dma(r, 3, 0), NEW);
	ck_assert_uint_eq(r->s->st.tlbi_asid + 10 * r->s->st.tlbi_all, 12);
	rig_free(r);
}
END_TEST

START_TEST(cfgi_ste_range_drops_an_aligned_block)
{
	struct rig *r = translating(all_features);

	for (unsigned sid = 0; sid < 16; sid++)
		dma(r, sid, 0);
	for (unsigned sid = 0; sid < 16; sid++)
		ste_bypass(r, sid);
	put(r, 0x0000000600000004, 1); /* Range 1: 4 streams around 6 */
	put(r, 0x0000000900000003, 0);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	for (unsigned sid = 0; sid < 16; sid++)
		ck_assert_uint_eq(dma(r, sid, 0), (sid >= 4 && sid < 8) || sid == 9 ? 0 : OLD);
	ck_assert_uint_eq(r->s->st.cfgi_ste, 2);
	put(r, 0x04, 0x1f);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	for (unsigned sid = 0; sid < 16; sid++)
		ck_assert_uint_eq(dma(r, sid, 0), 0);
	ck_assert_uint_eq(r->s->st.cfgi_all, 1);
	rig_free(r);
}
END_TEST

START_TEST(cfgi_cd_drops_one_stream)
{
	struct rig *r = translating(all_features);

	dma(r, 3, 0);
	dma(r, 4, 0);
	cd_asid(r, 3, 0x70);
	cd_asid(r, 4, 0x71);
	move_pages(r);
	put(r, 0x0000000300000005, 1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(dma(r, 3, 0), NEW); /* another ASID: nothing cached */
	ck_assert_uint_eq(dma(r, 4, 0), OLD);
	put(r, 0x0000000400000006, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(dma(r, 4, 0), NEW);
	ck_assert_uint_eq(r->s->st.cfgi_cd, 2);
	rig_free(r);
}
END_TEST

START_TEST(prefetch_fills_and_leaves_no_trace)
{
	struct rig *r = translating(all_features);
	uint64_t walks;

	put(r, 0x0000000300000002, 0x4003); /* 2^3 pages from 0x4000 */
	tail(r);
	run_for(r, 54000);
	ck_assert_uint_eq(rd_of(r), 1);
	ck_assert(!idle(r)); /* consumed, but its walks go on */
	put(r, 0x0000000400000001, 0);
	tail(r);
	run_all(r);
	ck_assert(idle(r));
	ck_assert_uint_eq(r->s->st.prefetch, 2);
	walks = r->u->st.walks;
	ck_assert_uint_eq(walks, 9);
	move_pages(r);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_uint_eq(dma(r, 3, 0x4000 + i * 0x1000), OLD + 0x4000 + i * 0x1000);
	ck_assert_uint_eq(r->u->st.walks, walks);
	ste_bypass(r, 4);
	ck_assert_uint_eq(dma(r, 4, 0x4000), NEW + 0x4000); /* configuration was cached, pages were not */
	put(r, 0x0000002000000002, 0x1000); /* no such stream */
	put(r, 0x0000000300000002, 0xfffff000000f); /* 2^15 addresses, none mapped: what finds no room is dropped */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_EVENTQ_PROD), 0);
	ck_assert(idle(r));
	rig_cr0(r, rd32(r, SMMUV3_R_CR0) & ~1u);
	walks = r->u->st.walks;
	put(r, 0x0000000300000002, 0x4003);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->u->st.walks, walks);
	ck_assert_uint_eq(r->s->st.cmd_ignored, 1);
	rig_free(r);
}
END_TEST

START_TEST(stride_of_prefetch)
{
	struct rig *r = translating(all_features);

	put(r, 0x0000000300000002, 0x1022); /* 4 addresses, 2 pages apart */
	tail(r);
	run_all(r);
	move_pages(r);
	for (unsigned i = 0; i < 10; i++)
		ck_assert_uint_eq(dma(r, 3, i * 0x1000), (i == 1 || i == 3 || i == 5 || i == 7 ? OLD : NEW) + i * 0x1000);
	rig_free(r);
}
END_TEST

/* ---- CMD_SYNC ---- */

static const uint64_t invalidation[][2] = { { 0x0000000500000010, 0 }, { 0x0000000700000003, 0 }, { 0x0009000500000012, 0x1000 },
					    { 0x04, 31 } };

static void sync_waits(const uint64_t inv[2])
{
	struct rig *r = translating(all_features);
	struct flight f = { 0 };

	fly(r, &f, 3, 0);
	run_all(r);
	ck_assert(f.done);
	put(r, 0x46, 0); /* nothing was invalidated: nothing to wait for */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 1);
	put(r, inv[0], inv[1]);
	put(r, 0x46, 0);
	put(r, 0x30, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 2); /* the invalidation is consumed, SYNC and what follows are not */
	ck_assert(!idle(r));
	iommu_retire(r->u, &f.x);
	ck_assert_uint_eq(r->s->st.sync, 2);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 4);
	ck_assert(idle(r));
	rig_free(r);
}

START_TEST(sync_waits_for_a_request_in_flight)
{
	for (size_t i = 0; i < ARRAY_LEN(invalidation); i++)
		sync_waits(invalidation[i]);
}
END_TEST

static struct {
	struct rig *r;
	unsigned rd;
} seen;

static void msi_sees(void *arg, uint64_t addr, uint32_t data)
{
	(void)arg, (void)addr, (void)data;
	seen.rd = rd_of(seen.r);
}

START_TEST(message_comes_before_cons_passes)
{
	struct rig *r = ready(all_features);

	seen.r = r;
	seen.rd = 99;
	r->u->env.msi = msi_sees;
	put(r, 0x30, 0);
	put(r, 0x1046, RIG_MSI);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(seen.rd, 1);
	ck_assert_uint_eq(rd_of(r), 2);
	rig_free(r);
}
END_TEST

START_TEST(sync_message)
{
	struct rig *r = ready(all_features);

	put64(r, RIG_MSI, 0x1111111122222222);
	put(r, UINT64_C(0x89abcdef) << 32 | 0x0fc01046, RIG_MSI);
	put(r, 0x1046, 0); /* CS = 1 without an address */
	put(r, UINT64_C(0x89abcdef) << 32 | 0x2046, RIG_MSI); /* CS = SEV: no message */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, RIG_MSI);
	ck_assert_uint_eq(r->msi[0].data, 0x89abcdef);
	ck_assert_uint_eq(mem64(r, RIG_MSI), 0x1111111189abcdef);
	ck_assert_uint_eq(r->s->st.sync, 3);
	/* An address where memory does not answer: GERROR.MSI_CMDQ_ABT_ERR, the queue goes on. */
	put(r, 0x1046, UINT64_C(1) << 33);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 1u << 4);
	ck_assert_uint_eq(rd_of(r), 5);
	rig_free(r);
}
END_TEST

/* Linux polls the slot of the CMD_SYNC itself. */
START_TEST(message_into_its_own_slot)
{
	struct rig *r = ready(all_features);

	put(r, 0x0fc01046, RIG_CMDQ);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_CMDQ) & UINT32_MAX, 0);
	ck_assert_uint_eq(rd_of(r), 1);
	rig_free(r);
}
END_TEST

/* ---- ATC_INV ---- */

static void short_timeout(struct smmuv3_cfg *c)
{
	all_features(c);
	c->atc_timeout_ps = 100 * US;
}

static void atc(struct rig *r, uint32_t sid)
{
	put(r, (uint64_t)sid << 32 | 0x40, 0x7000);
}

static void cpl(struct rig *r, uint32_t sid, uint32_t tags, unsigned cc)
{
	r->u->ops->ats_cpl(r->u, sid, tags, cc);
}

START_TEST(atc_ranges)
{
	static const struct {
		uint64_t w0, w1, first, last;
		bool pasid, global;
	} t[] = {
		{ 0x0000010000000040, 0x7000, 0x7000, 0x7fff, false, false },
		{ 0x0000010000000040, 0x7004, 0, 0xffff, false, false },
		{ 0x0000010000000040, 0x7000 | 52, 0, UINT64_MAX, false, false },
		{ 0x0000010000000040, 0xfffffffffffff000 | 51, UINT64_C(1) << 63, UINT64_MAX, false, false },
		{ 0x0000010001234a40, 0x10000, 0x10000, 0x10fff, true, true },
		{ 0x0000010001234840, 0x10000, 0x10000, 0x10fff, true, false },
		{ 0x0000010001234240, 0x10000, 0x10000, 0x10fff, false, false },
	};
	struct rig *r = translating(all_features);

	r->alive[r->n_alive++] = 0x100;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		put(r, t[i].w0, t[i].w1);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), ARRAY_LEN(t) + 1);
	ck_assert_uint_eq(r->n_inv, ARRAY_LEN(t));
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		ck_assert_msg(r->inv[i].first == t[i].first && r->inv[i].last == t[i].last, "%zu", i);
		ck_assert_msg(r->inv[i].has_pasid == t[i].pasid && r->inv[i].global == t[i].global, "%zu: PASID", i);
		ck_assert_uint_eq(r->inv[i].pasid, t[i].pasid ? 0x1234 : 0);
		ck_assert_uint_eq(r->inv[i].rid, 0x100);
	}
	rig_free(r);
}
END_TEST

START_TEST(atc_inv_is_ignored)
{
	struct rig *r = ready(all_features); /* SMMUEN = 0 */

	atc(r, 0x100);
	put(r, 0x0000010000000041, 0x2000);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert_uint_eq(r->n_inv + r->n_resp, 0);
	ck_assert_uint_eq(r->s->st.cmd_ignored, 2);
	rig_free(r);
	r = translating(all_features);
	atc(r, 0x10000); /* SIDSIZE is 16 */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 0);
	ck_assert(idle(r));
	r->u->env.ats_inv = NULL; /* no device has an ATC: answered at once */
	atc(r, 0x100);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert_uint_eq(r->s->st.atc_inv, 1);
	rig_free(r);
}
END_TEST

START_TEST(sync_waits_for_the_device)
{
	struct rig *r = translating(all_features);

	atc(r, 0x100);
	put(r, 0x46, 0);
	put(r, 0x30, 0);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(r->n_inv, 1);
	ck_assert_uint_eq(rd_of(r), 1);
	cpl(r, 0x100, 1u << r->inv[0].itag, 2); /* the first of two */
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 1);
	cpl(r, 0x100, 1u << r->inv[0].itag, 2);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert(idle(r));
	ck_assert_uint_eq(r->s->st.atc_unexpected, 0);
	rig_free(r);
}
END_TEST

/* The device has answered, but what it sent before with old translations is still on its way. */
START_TEST(sync_after_atc_inv_waits_for_requests_too)
{
	struct rig *r = translating(all_features);
	struct flight f = { 0 };

	fly(r, &f, 3, 0);
	run_all(r);
	r->alive[r->n_alive++] = 0x100;
	atc(r, 0x100);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 1);
	iommu_retire(r->u, &f.x);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 2);
	rig_free(r);
}
END_TEST

START_TEST(nobody_waits_but_the_unit_is_not_idle)
{
	struct rig *r = translating(all_features);

	atc(r, 0x100);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 1);
	ck_assert(!idle(r));
	cpl(r, 0x100, 1u << r->inv[0].itag, 1);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(the_33rd_waits_for_a_tag)
{
	struct rig *r = translating(all_features);
	uint32_t seen = 0;

	for (unsigned i = 0; i < 34; i++)
		atc(r, 0x100);
	atc(r, 0x101);
	put(r, 0x46, 0);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 35); /* all are consumed */
	ck_assert_uint_eq(r->n_inv, 33); /* 32 to one device, 1 to the other */
	for (unsigned i = 0; i < 32; i++)
		seen |= 1u << r->inv[i].itag;
	ck_assert_uint_eq(seen, UINT32_MAX);
	ck_assert_uint_eq(r->inv[32].rid, 0x101);
	cpl(r, 0x100, 1u << 9, 1);
	ck_assert_uint_eq(r->n_inv, 34);
	ck_assert_uint_eq(r->inv[33].itag, 9);
	cpl(r, 0x100, UINT32_MAX, 1);
	ck_assert_uint_eq(r->n_inv, 35);
	cpl(r, 0x101, 1u << r->inv[32].itag, 1);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 35);
	cpl(r, 0x100, 1u << r->inv[34].itag, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 36);
	ck_assert_uint_eq(r->s->st.atc_inv, 35);
	rig_free(r);
}
END_TEST

START_TEST(a_queue_waits_while_the_unit_holds_too_many)
{
	struct rig *r = translating(all_features);

	for (unsigned i = 0; i < 255; i++)
		atc(r, 0x100);
	tail(r);
	run_for(r, 100 * US);
	for (unsigned i = 0; i < 3; i++)
		atc(r, 0x101);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 256); /* the 257th is not consumed */
	cpl(r, 0x101, 1u << r->inv[32].itag, 1);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 257);
	cpl(r, 0x100, 3, 1);
	run_for(r, 50 * US);
	ck_assert_uint_eq(rd_of(r), 258);
	rig_free(r);
}
END_TEST

START_TEST(a_time_out_frees_the_tag)
{
	struct rig *r = translating(short_timeout);

	for (unsigned i = 0; i < 33; i++)
		atc(r, 0x100);
	tail(r);
	run_for(r, 90 * US);
	ck_assert_uint_eq(r->n_inv, 32);
	run_for(r, 30 * US);
	ck_assert_uint_eq(r->n_inv, 33);
	run_all(r);
	ck_assert_uint_eq(r->s->st.atc_timeouts, 33);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(time_out_is_reported_by_the_sync)
{
	struct rig *r = translating(short_timeout);

	r->alive[r->n_alive++] = 0x101;
	atc(r, 0x100);
	atc(r, 0x101);
	put(r, 0x46, 0);
	put(r, 0x30, 0);
	tail(r);
	run_for(r, 90 * US);
	ck_assert_uint_eq(rd_of(r), 2);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 0);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_CMDQ_CONS), 3u << 24 | 2); /* RD stands at the SYNC */
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 1);
	ck_assert_uint_eq(r->s->st.atc_timeouts, 1);
	ck_assert_uint_eq(r->s->st.sync, 0);
	ck_assert(idle(r));
	/* The SYNC executes again: the request that timed out is no longer outstanding. */
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 4);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 1);
	ck_assert_uint_eq(r->s->st.sync, 1);
	ck_assert_uint_eq(r->s->st.cerror_atc, 1);
	rig_free(r);
}
END_TEST

/* A SYNC that failed guaranteed nothing: the next one still waits for what the TLBI needs. */
START_TEST(sync_after_an_error_still_drains)
{
	struct rig *r = translating(short_timeout);
	struct flight f = { 0 };

	fly(r, &f, 3, 0);
	run_all(r);
	put(r, 0x30, 0);
	atc(r, 0x100);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(err_of(r), 3);
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 2);
	ck_assert(!idle(r));
	iommu_retire(r->u, &f.x);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 3);
	rig_free(r);
}
END_TEST

START_TEST(time_out_before_the_sync_is_reported_by_it)
{
	struct rig *r = translating(short_timeout);

	atc(r, 0x100);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 0);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(err_of(r), 3);
	ck_assert_uint_eq(rd_of(r), 1);
	rig_free(r);
}
END_TEST

START_TEST(late_completion_answers_nothing_newer)
{
	struct rig *r = translating(short_timeout);
	unsigned late;

	atc(r, 0x100);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	late = r->inv[0].itag;
	wr32(r, SMMUV3_R_GERRORN, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 2);
	atc(r, 0x100);
	put(r, 0x46, 0);
	tail(r);
	run_for(r, 10 * US);
	ck_assert_uint_eq(r->n_inv, 2);
	ck_assert_uint_ne(r->inv[1].itag, late);
	cpl(r, 0x100, 1u << late, 1);
	run_for(r, 10 * US);
	ck_assert_uint_eq(rd_of(r), 3);
	ck_assert_uint_eq(r->s->st.atc_unexpected, 1);
	cpl(r, 0x100, 1u << r->inv[1].itag, 1);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 4);
	rig_free(r);
}
END_TEST

START_TEST(page_responses)
{
	static const uint8_t code[] = { 0xf, 1, 0 };
	struct rig *r = translating(all_features);

	for (unsigned i = 0; i < 3; i++)
		put(r, UINT64_C(0x0000010001234841) - (i == 1 ? 0x1234800 : 0), i << 12 | 0x105);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_resp, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(r->resp[i].rid, 0x100);
		ck_assert_uint_eq(r->resp[i].prgi, 0x105);
		ck_assert_uint_eq(r->resp[i].code, code[i]);
		ck_assert_uint_eq(r->resp[i].has_pasid, i != 1);
	}
	ck_assert_uint_eq(r->s->st.pri_resp, 3);
	rig_free(r);
}
END_TEST

/* A stalled request is terminated by STALL_TERM, or goes on by RESUME once its page exists. */
START_TEST(stalled_requests)
{
	struct rig *r = translating(all_features);
	struct flight f = { 0 }, g = { 0 };
	uint64_t rec;

	cd_stall(r, 3);
	put64(r, L3 + 8 * 5, 0);
	fly(r, &f, 3, 0x5000);
	run_all(r);
	ck_assert(!f.done);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_EVENTQ_PROD), 1);
	rec = mem64(r, RIG_EVENTQ + 8);
	ck_assert(rec & BIT64(31));
	put64(r, L3 + 8 * 5, PAGE(OLD, 5));
	put(r, 0x0000000300001044, rec & 0xffff);
	tail(r);
	run_all(r);
	ck_assert(f.done && f.x.res.ok);
	iommu_retire(r->u, &f.x);
	put64(r, L3 + 8 * 6, 0);
	fly(r, &g, 3, 0x6000);
	run_all(r);
	ck_assert(!g.done);
	put(r, 0x0000000300000045, 0);
	tail(r);
	run_all(r);
	ck_assert(g.done && !g.x.res.ok);
	iommu_retire(r->u, &g.x);
	ck_assert_uint_eq(r->s->st.resume, 2);
	rig_free(r);
}
END_TEST

/* ---- ECMDQ: 2^1 pages of 2^2 queues ---- */

static void with_ecmdq(struct smmuv3_cfg *c)
{
	all_features(c);
	c->aidr = 3;
	c->idr1 |= 1u << 31;
	c->idr6 = 1u << 24 | 2u << 16;
}
#define E_REG(q, reg) ((uint32_t)SMMUV3_ECMDQ_OFF + (q) / 4 * 0x10000u + (q) % 4 * 0x4000u + (reg))
enum { E_RING = 0x80000 };

static void e_open(struct rig *r, unsigned q)
{
	wr64(r, E_REG(q, 0), (uint64_t)(E_RING + q * 0x1000) | 4);
	wr32(r, E_REG(q, 8), 0);
	wr32(r, E_REG(q, 12), 0);
	wr32(r, E_REG(q, 8), 1u << 31);
	ck_assert_uint_eq(rd32(r, E_REG(q, 12)), 1u << 31);
}

static void e_put(struct rig *r, unsigned q, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	mem_write(r->m, E_RING + q * 0x1000 + slot * 16, d, 2);
}

START_TEST(ecmdq_errors_are_its_own)
{
	struct rig *r = ready(with_ecmdq);

	e_open(r, 1);
	e_open(r, 6);
	e_put(r, 1, 0, 0x30, 0);
	e_put(r, 1, 1, 0xff, 0);
	e_put(r, 1, 2, 0x46, 0);
	e_put(r, 6, 0, 0x46, 0);
	wr32(r, E_REG(1, 8), 1u << 31 | 3);
	wr32(r, E_REG(6, 8), 1u << 31 | 1);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(1, 12)), 1u << 31 | 1u << 24 | 1u << 23 | 1);
	ck_assert_uint_eq(rd32(r, E_REG(6, 12)), 1u << 31 | 1);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 1u << 9);
	ck_assert_uint_eq(rd_of(r), 1);
	ck_assert(idle(r));
	wr32(r, SMMUV3_R_GERRORN, 1u << 9); /* the queue has an acknowledgement of its own */
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(1, 12)) & 0xf, 1);
	e_put(r, 1, 1, 0x46, 0);
	wr32(r, E_REG(1, 8), 1u << 31 | 1u << 23 | 3);
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(1, 12)) & 0xf, 3);
	ck_assert_uint_eq(r->s->st.sync, 4);
	/* An aborted fetch toggles ERR back. */
	mem_poison(r->m, E_RING + 0x1000 + 3 * 16, true);
	wr32(r, E_REG(1, 8), 1u << 31 | 1u << 23 | 4);
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(1, 12)), 1u << 31 | 2u << 24 | 3);
	rig_free(r);
}
END_TEST

START_TEST(ecmdq_registers_are_guarded)
{
	struct rig *r = ready(with_ecmdq);

	e_open(r, 2);
	wr64(r, E_REG(2, 0), 0x1000);
	wr32(r, E_REG(2, 12), 5);
	ck_assert_uint_eq(rd64(r, E_REG(2, 0)), (uint64_t)(E_RING + 0x2000) | 4);
	ck_assert_uint_eq(rd32(r, E_REG(2, 12)), 1u << 31);
	wr32(r, E_REG(2, 8), 0);
	ck_assert_uint_eq(rd32(r, E_REG(2, 12)), 0);
	wr32(r, E_REG(2, 12), 0x80800005);
	ck_assert_uint_eq(rd32(r, E_REG(2, 12)), 5);
	wr32(r, E_REG(2, 4), 1u << 30);
	ck_assert_uint_eq(rd64(r, E_REG(2, 0)), UINT64_C(1) << 62 | (E_RING + 0x2000) | 4);
	ck_assert_uint_eq(rd64(r, E_REG(2, 16)), 0);
	wr64(r, E_REG(2, 8), UINT64_C(7) << 32 | 9);
	ck_assert_uint_eq(rd64(r, E_REG(2, 8)), UINT64_C(7) << 32 | 9);
	ck_assert_uint_eq(rd32(r, SMMUV3_ECMDQ_OFF + 0x20000 + 12), 0); /* beyond the pages */
	rig_free(r);
	r = ready(all_features);
	wr32(r, E_REG(0, 8), 1u << 31);
	ck_assert_uint_eq(rd32(r, E_REG(0, 8)), 0);
	rig_free(r);
}
END_TEST

START_TEST(sync_of_one_queue_does_not_hold_back_another)
{
	struct rig *r = translating(with_ecmdq);
	struct flight f = { 0 };

	fly(r, &f, 3, 0);
	run_all(r);
	e_open(r, 0);
	e_put(r, 0, 0, 0x30, 0);
	e_put(r, 0, 1, 0x46, 0);
	e_put(r, 0, 2, 0x30, 0);
	wr32(r, E_REG(0, 8), 1u << 31 | 3);
	put(r, 0x0000000300000003, 0);
	put(r, 0x0000000400000003, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(0, 12)) & 0xf, 1);
	ck_assert_uint_eq(rd_of(r), 2);
	wr32(r, E_REG(0, 8), 3); /* EN 1 to 0: the SYNC has started */
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(0, 12)), 1u << 31 | 1);
	iommu_retire(r->u, &f.x);
	run_all(r);
	ck_assert_uint_eq(rd32(r, E_REG(0, 12)), 2);
	ck_assert_uint_eq(r->s->st.tlbi_all, 1);
	rig_free(r);
}
END_TEST

/* Three busy queues share the execution unit: none gets ahead by more than one command. */
static void slow_exec(struct smmuv3_cfg *c)
{
	with_ecmdq(c);
	c->tlbi_cyc = 1000;
}

START_TEST(queues_take_turns)
{
	struct rig *r = ready(slow_exec);

	for (unsigned q = 0; q < 2; q++) {
		e_open(r, q);
		for (unsigned i = 0; i < 12; i++)
			e_put(r, q, i, 0x30, 0);
	}
	for (unsigned i = 0; i < 12; i++)
		put(r, 0x30, 0);
	tail(r);
	wr32(r, E_REG(0, 8), 1u << 31 | 12);
	wr32(r, E_REG(1, 8), 1u << 31 | 12);
	for (unsigned i = 0; i < 34; i++) {
		unsigned a = rd_of(r), b = rd32(r, E_REG(0, 12)) & 0xf, c = rd32(r, E_REG(1, 12)) & 0xf, lo = a < b ? a : b, hi = a > b ? a : b;

		lo = lo < c ? lo : c;
		hi = hi > c ? hi : c;
		ck_assert_uint_le(hi, lo + 1);
		ck_assert_uint_le(a + b + c, i);
		ck_assert_uint_ge(a + b + c + 1, i); /* and the unit is never idle: one command each 1000 cycles */
		run_for(r, US);
	}
	run_all(r);
	ck_assert_uint_eq(r->s->st.tlbi_all, 36);
	rig_free(r);
}
END_TEST

/* Time-outs are of the queue that sent the request. */
START_TEST(atc_time_out_of_another_queue)
{
	struct rig *r = translating(with_ecmdq);

	r->c.atc_timeout_ps = 100 * US;
	e_open(r, 0);
	e_put(r, 0, 0, 0x0000010000000040, 52);
	e_put(r, 0, 1, 0x46, 0);
	wr32(r, E_REG(0, 8), 1u << 31 | 2);
	put(r, 0x46, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(rd_of(r), 1);
	ck_assert_uint_eq(rd32(r, E_REG(0, 12)), 1u << 31 | 3u << 24 | 1u << 23 | 1);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 1u << 9);
	rig_free(r);
}
END_TEST

/* Random words and random answers on two queues: every command is consumed or refused, and nothing is left over. */
static uint64_t random_command(struct rng *g)
{
	static const uint8_t op[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11, 0x12, 0x2a, 0x30,
				      0x40, 0x40, 0x40, 0x41, 0x44, 0x45, 0x46, 0x46, 0x46 };
	uint64_t w = rng_next(g);

	return rng_below(g, 8) ? (w & UINT64_C(0x0003000ffffff800)) | op[rng_below(g, ARRAY_LEN(op))] : w;
}

START_TEST(random_words)
{
	struct rig *r = translating(with_ecmdq);
	struct rng g;
	unsigned e = 0, n = 0;

	r->c.atc_timeout_ps = 20 * US;
	rng_seed(&g, 11);
	e_open(r, 0);
	for (unsigned i = 0; i < 4000; i++) {
		r->n_inv = r->n_resp = r->n_msi = 0;
		put(r, random_command(&g), rng_next(&g) & UINT64_C(0xfffffffffff3f));
		e_put(r, 0, e & 15, random_command(&g), rng_next(&g) & UINT64_C(0xfffffffffff3f));
		e = (e + 1) & 31;
		tail(r);
		wr32(r, E_REG(0, 8), (rd32(r, E_REG(0, 8)) & 0x80800000) | e);
		run_for(r, rng_below(&g, US));
		for (unsigned j = 0; j < r->n_inv; j++)
			if (rng_below(&g, 4))
				cpl(r, r->inv[j].rid, 1u << r->inv[j].itag, (unsigned)rng_below(&g, 3));
		if (i & 1)
			run_all(r);
		for (unsigned tries = 0; tries < 100; tries++) { /* as drivers do: put a CMD_SYNC in its place */
			bool main = (rd32(r, SMMUV3_R_GERROR) ^ rd32(r, SMMUV3_R_GERRORN)) & 1;
			bool enh = (rd32(r, E_REG(0, 8)) ^ rd32(r, E_REG(0, 12))) >> 23 & 1;
			uint64_t sync[2] = { 0x46, 0 };

			if (!main && !enh)
				break;
			n++;
			if (main)
				mem_write(r->m, RIG_CMDQ + (rd_of(r) & 255) * 16, sync, 2);
			if (enh) {
				e_put(r, 0, rd32(r, E_REG(0, 12)) & 15, 0x46, 0);
				wr32(r, E_REG(0, 8), rd32(r, E_REG(0, 8)) ^ 1u << 23);
			}
			wr32(r, SMMUV3_R_GERRORN, rd32(r, SMMUV3_R_GERROR));
			if (i & 1)
				run_all(r);
		}
		if (!(i & 1))
			continue;
		ck_assert_uint_eq(rd_of(r), r->prod);
		ck_assert_uint_eq(rd32(r, E_REG(0, 12)) & 31, e);
		ck_assert(idle(r));
	}
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_gt(r->s->st.cerror_atc, 10);
	ck_assert_uint_gt(r->s->st.sync, 500);
	ck_assert_ptr_null(r->s->cq->atcs);
	ck_assert_uint_eq(r->s->cq->busy + r->s->cq->prefetches, 0);
	n = 0;
	for (const struct smmuv3_atc *a = r->s->cq->atc_free; a; a = a->next)
		n++;
	ck_assert_uint_eq(n, CMDQ_ATCS);
	rig_free(r);
}
END_TEST

RIG_MAIN("smmuv3_cmdq", legality, ARRAY_LEN(legal), illegal_command_is_replaced_and_the_queue_goes_on,
	 prod_is_pulled_back_after_an_error, fetch_abort, indices_wrap, queue_of_one_entry, size_is_capped,
	 contradictory_indices_stop_the_queue_until_it_is_disabled, disabling_waits_for_the_command_in_execution,
	 commands_take_their_time, range_decoding, a_range_drops_its_pages_only, asid_and_vmid_are_told_apart,
	 cfgi_ste_range_drops_an_aligned_block, cfgi_cd_drops_one_stream, prefetch_fills_and_leaves_no_trace, stride_of_prefetch,
	 sync_waits_for_a_request_in_flight, message_comes_before_cons_passes, sync_message, message_into_its_own_slot, atc_ranges,
	 atc_inv_is_ignored, sync_waits_for_the_device, sync_after_atc_inv_waits_for_requests_too,
	 nobody_waits_but_the_unit_is_not_idle, the_33rd_waits_for_a_tag, a_queue_waits_while_the_unit_holds_too_many,
	 a_time_out_frees_the_tag, time_out_is_reported_by_the_sync, sync_after_an_error_still_drains,
	 time_out_before_the_sync_is_reported_by_it, late_completion_answers_nothing_newer, page_responses, stalled_requests, ecmdq_errors_are_its_own,
	 ecmdq_registers_are_guarded, sync_of_one_queue_does_not_hold_back_another, queues_take_turns, atc_time_out_of_another_queue,
	 random_words)
