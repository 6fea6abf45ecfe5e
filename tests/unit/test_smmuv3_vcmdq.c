/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual command queues: what a guest may issue, VMID and StreamID of its commands, errors, the two ways to a queue's registers. */
#include "smmuv3/smmuv3_cmdq.h"
#include "smmuv3_rig.h"

/* Block: 2 interfaces, 4 queues. Queue q is logical queue q % 2 of interface q / 2, ring at VRING + q * 0x1000 of 16 entries. */
enum { CONFIG = SMMUV3_CMDQV_OFF, PARAM = CONFIG + 4, STATUS = CONFIG + 8, VRING = 0x80000 };
#define ALLOC(q) (CONFIG + 0x200u + 4 * (q))
#define VINTF(v, reg) (CONFIG + 0x1000u + 0x100 * (v) + (reg))
#define P0(q, reg) (CONFIG + 0x10000u + 0x80 * (q) + (reg))
#define P1(q, reg) (CONFIG + 0x20000u + 0x80 * (q) + (reg))
#define V0(v, lv, reg) (CONFIG + 0x30000u + 0x20000 * (v) + 0x80 * (lv) + (reg))
#define V1(v, lv, reg) (CONFIG + 0x40000u + 0x20000 * (v) + 0x80 * (lv) + (reg))
enum { CONS = 0, PROD = 4, QCONFIG = 8, QSTATUS = 12, GERROR = 16, GERRORN = 20, HYP = 1 << 17 };

static void with_cmdqv(struct smmuv3_cfg *c)
{
	c->idr0 = 0x084d369b;
	c->idr1 = 0x02739d10;
	c->idr3 = 0x1714;
	c->cmdqv = true;
	c->cmdqv_vintf_lg2 = 1;
	c->cmdqv_vcmdq_lg2 = 2;
}

/* @vintf: the CONFIG of both interfaces without EN: VMID 5 + v is added. */
static void vopen(struct rig *r, uint32_t vintf)
{
	wr32(r, CONFIG, 1);
	for (unsigned v = 0; v < 2; v++)
		wr32(r, VINTF(v, 0), vintf | (5 + v) << 1 | 1);
	for (unsigned q = 0; q < 4; q++) {
		wr32(r, ALLOC(q), q / 2 << 15 | q % 2 << 1 | 1);
		wr64(r, P1(q, 0), (uint64_t)(VRING + q * 0x1000) | 4);
		wr32(r, P0(q, QCONFIG), 1);
		ck_assert_uint_eq(rd32(r, P0(q, QSTATUS)), 1);
	}
}

static void vput(struct rig *r, unsigned q, unsigned slot, uint64_t w0, uint64_t w1)
{
	uint64_t d[2] = { w0, w1 };

	mem_write(r->m, VRING + q * 0x1000 + slot * 16, d, 2);
}

static struct rig *guests(void)
{
	struct rig *r = rig_new(with_cmdqv);

	rig_queues(r, 0);
	vopen(r, 0);
	return r;
}

static const struct {
	const char *what;
	uint64_t w0, w1;
	bool host_only;
} cmd[] = {
	{ "PREFETCH_CONFIG", 0x01, 0, true },
	{ "CFGI_STE", 0x03, 0, true },
	{ "CFGI_ALL", 0x04, 31, true },
	{ "CFGI_CD", 0x05, 0, true },
	{ "CFGI_CD_ALL", 0x06, 0, true },
	{ "TLBI_NH_ALL", 0x10, 0, true },
	{ "TLBI_NH_ASID", 0x11, 0, false },
	{ "TLBI_NH_VA", 0x12, 0x1000, false },
	{ "TLBI_NH_VAA", 0x13, 0x1000, true },
	{ "TLBI_EL2_ALL", 0x20, 0, true },
	{ "TLBI_S12_VMALL", 0x28, 0, true },
	{ "TLBI_S2_IPA", 0x2a, 0, true },
	{ "TLBI_NSNH_ALL", 0x30, 0, true },
	{ "ATC_INV without a match", 0x40, 52, true },
	{ "PRI_RESP", 0x41, 0x2000, true },
	{ "RESUME", 0x1044, 0, true },
	{ "STALL_TERM", 0x45, 0, true },
	{ "SYNC", 0x46, 0, false },
};

START_TEST(guests_issue_few_commands)
{
	for (unsigned host = 0; host < 2; host++) {
		struct rig *r = rig_new(with_cmdqv);
		bool ok = host || !cmd[_i].host_only;

		rig_queues(r, 0);
		vopen(r, host ? HYP : 0);
		vput(r, 1, 0, cmd[_i].w0, cmd[_i].w1);
		wr32(r, P0(1, PROD), 1);
		ck_assert(!idle(r));
		run_all(r);
		ck_assert_msg(rd32(r, P0(1, CONS)) == (ok ? 1 : 1u << 24), "%s: CONS %x", cmd[_i].what, rd32(r, P0(1, CONS)));
		ck_assert_msg(rd32(r, P0(1, GERROR)) == !ok, "%s: GERROR", cmd[_i].what);
		ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 0);
		ck_assert(idle(r));
		rig_free(r);
	}
}
END_TEST

START_TEST(identification)
{
	struct rig *r = guests();

	ck_assert_uint_eq(rd32(r, PARAM), 1 << 8 | 2 << 4);
	ck_assert_uint_eq(rd32(r, STATUS), 1);
	ck_assert_uint_eq(rd32(r, VINTF(1, 4)), 1);
	ck_assert_uint_eq(rd32(r, VINTF(1, 0)), 6 << 1 | 1);
	ck_assert_uint_eq(rd32(r, ALLOC(3)), 1 << 15 | 1 << 1 | 1);
	ck_assert_uint_eq(rd64(r, P1(3, 0)), (uint64_t)(VRING + 0x3000) | 4);
	wr64(r, P1(3, 0), 0); /* on: does not change */
	wr32(r, P0(3, CONS), 1);
	wr32(r, ALLOC(3), 0);
	ck_assert_uint_eq(rd64(r, P1(3, 0)), (uint64_t)(VRING + 0x3000) | 4);
	ck_assert_uint_eq(rd32(r, P0(3, CONS)), 0);
	ck_assert_uint_eq(rd32(r, ALLOC(3)), 1 << 15 | 1 << 1 | 1);
	wr32(r, CONFIG + 0x1c, 1);
	wr32(r, CONFIG + 0x20, 2);
	ck_assert_uint_eq(rd64(r, CONFIG + 0x18), UINT64_C(1) << 32);
	ck_assert_uint_eq(rd32(r, CONFIG + 0x20), 2);
	wr32(r, P0(3, QCONFIG), 0); /* off: does */
	wr32(r, P0(3, CONS), 0x7f000005);
	wr64(r, P0(3, GERROR), UINT64_C(1) << 32 | 1); /* GERROR is read-only, GERRORN is not */
	ck_assert_uint_eq(rd32(r, P0(3, CONS)), 5);
	ck_assert_uint_eq(rd64(r, P0(3, GERROR)), UINT64_C(1) << 32);
	wr64(r, ALLOC(2), UINT64_C(0x12345601) << 32 | 0xffffffff); /* queue 2 is on, 3 is off */
	ck_assert_uint_eq(rd64(r, ALLOC(2)), UINT64_C(0x140001) << 32 | 0x8001);
	wr32(r, VINTF(0, 0x44), 0x55);
	ck_assert_uint_eq(rd32(r, VINTF(0, 0x44)), 0x55);
	wr64(r, P1(2, 8), 0x123456789abcdef8);
	ck_assert_uint_eq(rd32(r, P1(2, 12)), 0x12345678);
	rig_free(r);
	r = rig_new(NULL);
	wr32(r, CONFIG, 1);
	ck_assert_uint_eq(rd32(r, CONFIG), 0);
	ck_assert_uint_eq(rd32(r, PARAM), 0);
	rig_free(r);
}
END_TEST

START_TEST(an_interface_sees_its_queues_by_logical_number)
{
	struct rig *r = guests();

	vput(r, 3, 0, 0x46, 0);
	wr32(r, V0(1, 1, PROD), 1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, V0(1, 1, CONS)), 1);
	ck_assert_uint_eq(rd32(r, P0(3, CONS)), 1);
	ck_assert_uint_eq(rd64(r, V0(1, 1, CONS)), UINT64_C(1) << 32 | 1);
	ck_assert_uint_eq(rd64(r, V1(1, 1, 0)), (uint64_t)(VRING + 0x3000) | 4);
	ck_assert_uint_eq(rd32(r, V0(0, 1, CONS)), 0);
	ck_assert_uint_eq(rd32(r, V0(0, 1, QSTATUS)), 1);
	ck_assert_uint_eq(rd32(r, V0(0, 2, QSTATUS)), 0); /* interface 0 has two queues */
	rig_free(r);
}
END_TEST

START_TEST(a_queue_runs_only_with_everything_enabled)
{
	static const uint32_t off[] = { CONFIG, VINTF(0, 0), P0(0, QCONFIG) };

	for (size_t i = 0; i < ARRAY_LEN(off); i++) {
		struct rig *r = guests();
		uint32_t was = rd32(r, off[i]);

		wr32(r, off[i], was & ~1u);
		ck_assert_uint_eq(rd32(r, P0(0, QSTATUS)), 0);
		vput(r, 0, 0, 0x46, 0);
		wr32(r, P0(0, PROD), 1);
		run_all(r);
		ck_assert_uint_eq(rd32(r, P0(0, CONS)), 0);
		ck_assert(idle(r));
		wr32(r, off[i], was);
		run_all(r);
		ck_assert_uint_eq(rd32(r, P0(0, CONS)), 1);
		rig_free(r);
	}
}
END_TEST

START_TEST(errors_and_recovery)
{
	struct rig *r = guests();

	vput(r, 1, 0, 0x46, 0);
	vput(r, 1, 1, 0x30, 0);
	vput(r, 2, 0, 0x46, 0);
	mem_poison(r->m, VRING + 0x3000, true);
	for (unsigned q = 1; q < 4; q++)
		wr32(r, P0(q, PROD), q == 1 ? 2 : 1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, P0(1, CONS)), 1u << 24 | 1);
	ck_assert_uint_eq(rd32(r, P0(2, CONS)), 1);
	ck_assert_uint_eq(rd32(r, P0(3, CONS)), 2u << 24);
	ck_assert_uint_eq(rd64(r, CONFIG + 0x10) >> 32, 3); /* VINTF_ERR_MAP: both interfaces */
	ck_assert_uint_eq(rd32(r, CONFIG + 0x24), 0xa);
	ck_assert_uint_eq(rd32(r, VINTF(0, 0xc0)), 2);
	ck_assert_uint_eq(rd32(r, VINTF(1, 0xc0)), 2);
	ck_assert_uint_eq(rd32(r, VINTF(1, 0xc4)), 0);
	vput(r, 1, 1, 0x46, 0);
	wr32(r, P0(1, GERRORN), rd32(r, P0(1, GERROR)));
	run_all(r);
	ck_assert_uint_eq(rd32(r, P0(1, CONS)) & 0xff, 2);
	ck_assert_uint_eq(rd32(r, CONFIG + 0x24), 8);
	ck_assert_uint_eq(rd32(r, CONFIG + 0x14), 2);
	wr32(r, P0(0, QCONFIG), 0);
	wr32(r, ALLOC(0), 70 << 1 | 1); /* logical queue 70 */
	wr32(r, V0(0, 70, QCONFIG), 1);
	vput(r, 0, 0, 0x30, 0);
	wr32(r, V0(0, 70, PROD), 1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, VINTF(0, 0xc0)), 0);
	ck_assert_uint_eq(rd32(r, VINTF(0, 0xc8)), 1 << 6);
	rig_free(r);
}
END_TEST

/* ---- VMID and StreamID ---- */

enum { L1 = 0x100000, L2 = 0x101000, L3 = 0x102000, OLD = 0x200000, NEW = 0x800000 };
struct flight {
	struct xl x;
	bool done;
};

static void landed(struct xl *x)
{
	container_of(x, struct flight, x)->done = true;
}

static uint64_t dma(struct rig *r, uint32_t sid)
{
	struct flight f = { .x.req = { .len = 64, .rid = sid, .acc = XL_R }, .x.done = landed };

	iommu_translate(r->u, &f.x);
	run_all(r);
	ck_assert(f.done && f.x.res.ok);
	iommu_retire(r->u, &f.x);
	return f.x.res.spa;
}

/* Streams 0 to 3: stage 1 with ASID 9, VMID 4 + StreamID; page 0 only. */
static struct rig *streams(void)
{
	struct rig *r = rig_new(with_cmdqv);

	put64(r, L1, L2 | 3);
	put64(r, L2, L3 | 3);
	put64(r, L3, OLD | 0xf43);
	for (unsigned sid = 0; sid < 4; sid++) {
		put64(r, RIG_STRTAB + sid * 64, RIG_CD | 5 << 1 | 1);
		put64(r, RIG_STRTAB + sid * 64 + 8, BIT64(44));
		put64(r, RIG_STRTAB + sid * 64 + 16, 4 + sid);
	}
	put64(r, RIG_CD, UINT64_C(9) << 48 | BIT64(47) | BIT64(46) | BIT64(45) | BIT64(41) | UINT64_C(5) << 32 | BIT64(31) | BIT64(30) | 25);
	put64(r, RIG_CD + 8, L1);
	put64(r, RIG_CD + 24, 0xff);
	rig_strtab(r, 2);
	rig_queues(r, CR0_SMMUEN);
	return r;
}

START_TEST(the_vmid_is_the_interface_s)
{
	static const uint64_t w[][2] = { { 0x0009000700000012, 0 }, { 0x0009000700000011, 0 } }; /* both say VMID 7 */

	for (unsigned host = 0; host < 2; host++) {
		for (size_t i = 0; i < ARRAY_LEN(w); i++) {
			struct rig *r = streams();

			vopen(r, host ? HYP : 0);
			for (unsigned sid = 0; sid < 4; sid++)
				ck_assert_uint_eq(dma(r, sid), OLD);
			put64(r, L3, NEW | 0xf43);
			vput(r, 2, 0, w[i][0], w[i][1]); /* interface 1: VMID 6 */
			vput(r, 2, 1, 0x46, 0);
			wr32(r, P0(2, PROD), 2);
			run_all(r);
			ck_assert_uint_eq(rd32(r, P0(2, CONS)), 2);
			for (unsigned sid = 0; sid < 4; sid++)
				ck_assert_uint_eq(dma(r, sid), sid == (host ? 3u : 2u) ? NEW : OLD);
			rig_free(r);
		}
	}
}
END_TEST

START_TEST(the_streamid_is_replaced)
{
	struct rig *r = streams();

	vopen(r, 0);
	r->alive[r->n_alive++] = 0x123;
	wr32(r, VINTF(0, 0x40 + 4 * 15), 0x77 << 1 | 1);
	wr32(r, VINTF(0, 0x80 + 4 * 15), 0x123);
	wr32(r, VINTF(0, 0x40), 0x78 << 1); /* not enabled */
	ck_assert_uint_eq(rd32(r, VINTF(0, 0x80 + 4 * 15)), 0x123);
	vput(r, 0, 0, 0x0000007700000040, 52);
	vput(r, 0, 1, 0x46, 0);
	vput(r, 0, 2, 0x0000007800000040, 52);
	vput(r, 2, 0, 0x0000007700000040, 52); /* the other interface has no such stream */
	wr32(r, P0(0, PROD), 3);
	wr32(r, P0(2, PROD), 1);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 1);
	ck_assert_uint_eq(r->inv[0].rid, 0x123);
	ck_assert_uint_eq(rd32(r, P0(0, CONS)), 1u << 24 | 2);
	ck_assert_uint_eq(rd32(r, P0(2, CONS)), 1u << 24);
	rig_free(r);
}
END_TEST

START_TEST(time_out)
{
	struct rig *r = streams();

	r->c.atc_timeout_ps = 100 * US;
	vopen(r, HYP);
	vput(r, 0, 0, 0x0000010000000040, 52);
	vput(r, 0, 1, 0x46, 0);
	wr32(r, P0(0, PROD), 2);
	vput(r, 1, 0, 0x46, 0);
	wr32(r, P0(1, PROD), 1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, P0(1, CONS)), 1);
	ck_assert_uint_eq(rd32(r, P0(0, CONS)), 3u << 24 | 1);
	ck_assert_uint_eq(rd32(r, P0(0, GERROR)), 1);
	wr32(r, P0(0, GERRORN), 1);
	run_all(r);
	ck_assert_uint_eq(rd32(r, P0(0, CONS)) & 0xff, 2);
	rig_free(r);
}
END_TEST

/* The queue is the guest's to write: whatever is in it, the unit goes on. */
START_TEST(random_words_never_stop_the_unit)
{
	struct rng g;
	struct rig *r = streams();

	rng_seed(&g, 7);
	vopen(r, 0);
	for (unsigned i = 0; i < 2000; i++) {
		uint64_t w0 = rng_next(&g);

		if (i & 1) /* half of them legal opcodes */
			w0 = (w0 & ~UINT64_C(0xff)) | (i & 2 ? 0x12 : 0x11);
		vput(r, 0, i & 15, w0, rng_next(&g));
		wr32(r, P0(0, PROD), (i + 1) & 31);
		run_all(r);
		if (rd32(r, P0(0, GERROR)) != rd32(r, P0(0, GERRORN))) {
			vput(r, 0, i & 15, 0x46, 0);
			wr32(r, P0(0, GERRORN), rd32(r, P0(0, GERROR)));
			run_all(r);
		}
		ck_assert_uint_eq(rd32(r, P0(0, CONS)) & 0xff, (i + 1) & 31);
		ck_assert(idle(r));
	}
	rig_free(r);
}
END_TEST

RIG_MAIN("smmuv3_vcmdq", guests_issue_few_commands, ARRAY_LEN(cmd), identification, an_interface_sees_its_queues_by_logical_number,
	 a_queue_runs_only_with_everything_enabled, errors_and_recovery, the_vmid_is_the_interface_s, the_streamid_is_replaced, time_out,
	 random_words_never_stop_the_unit)
