/* SPDX-License-Identifier: Apache-2.0 */
/* The invalidation queue: layouts, legality, order, device-TLB requests, errors. Descriptors are hand-encoded from the specification. */
#include "vtd_rig.h"

static void old_sids(struct vtd_cfg *c)
{
	scalable(c);
	c->iqercd_sid = false;
}

static void no_optional(struct vtd_cfg *c)
{
	scalable(c);
	c->ecap &= ~(BIT64(41) | BIT64(42)); /* DIT, PDS */
	c->cap &= ~BIT64(39); /* PSI */
}

static struct rig *ready(void (*set)(struct vtd_cfg *), bool wide)
{
	struct rig *r = rig_new(set);

	rig_queue(r, wide);
	return r;
}

static void dev_tlb(struct rig *r, uint32_t rid, unsigned mip)
{
	put(r, 3 | (uint64_t)rid << 32 | mip << 16, 0x7000);
}

static void cpl(struct rig *r, uint32_t rid, uint32_t tags, unsigned cc)
{
	r->u->ops->ats_cpl(r->u, rid, tags, cc);
}

/* One queue holds every descriptor of the list of test vectors. */
START_TEST(every_descriptor_executes)
{
	static const uint64_t d[][2] = {
		{ 0x0000000000000011, 0 }, { 0x0000031000050031, 0 }, { 0x00000000000000d2, 0 }, { 0x00000000000500e2, 0 },
		{ 0x00000000000500f2, 0x0000000000100042 }, { 0x0000031000000003, 0x0000000000007000 }, { 0x0000031000000003, 0x0000000000011001 },
		{ 0x0000031000000003, 0x00000000400ff001 }, { 0x0000031000000003, 0x7ffffffffffff001 }, { 0x0000123403100008, 0x0000000000011800 },
		{ 0x0000123403100008, 0x7ffffffffffff800 }, { 0x0000000003100008, 0x7ffffffffffff801 }, { 0x0000002018000014, 0 },
		{ 0x0000123400050026, 0 }, { 0x0000123400050036, 0x0000000000100042 }, { 0x0000000000050007, 0 }, { 0x0000123400050017, 0 },
		{ 0x0000000000000037, 0 }, { 0x0000123403100019, 0x3c }, { 0x0000000200000045, 0 }, { 0x0000000000000015, 0 },
		{ 0x00000002000000a5, STATUS },
	};
	static const uint64_t range[][2] = { { 0x7000, 0x7fff }, { 0x10000, 0x13fff }, { 0x40000000, 0x401fffff }, { 0, UINT64_MAX },
		{ 0x10000, 0x13fff }, { 0, UINT64_MAX }, { 0, UINT64_MAX } };
	struct rig *r = ready(scalable, true);

	r->alive[r->n_alive++] = 0x310;
	for (size_t i = 0; i < ARRAY_LEN(d); i++)
		put(r, d[i][0], d[i][1]);
	tail(r);
	ck_assert(!idle(r));
	run_for(r, 50 * US);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(head_slot(r), ARRAY_LEN(d));
	ck_assert_uint_eq(rd32(r, VTD_R_ICS), 1);
	ck_assert(idle(r));
	ck_assert_uint_eq(r->n_inv, 7);
	for (unsigned i = 0; i < 7; i++) {
		ck_assert_uint_eq(r->inv[i].rid, 0x310);
		ck_assert_uint_eq(r->inv[i].first, range[i][0]);
		ck_assert_uint_eq(r->inv[i].last, range[i][1]);
		ck_assert_uint_eq(r->inv[i].has_pasid, i >= 4);
		ck_assert_uint_eq(r->inv[i].global, i == 6);
	}
	ck_assert_uint_eq(r->inv[4].pasid, 0x1234);
	ck_assert_uint_eq(r->v->st.cc_global + 10 * r->v->st.cc_device, 11);
	ck_assert_uint_eq(r->v->st.iotlb_global + 10 * r->v->st.iotlb_domain + 100 * r->v->st.iotlb_page, 111);
	ck_assert_uint_eq(r->v->st.p_iotlb_pasid + 10 * r->v->st.p_iotlb_page, 11);
	ck_assert_uint_eq(r->v->st.dev_tlb, 4);
	ck_assert_uint_eq(r->v->st.p_dev_tlb, 3);
	ck_assert_uint_eq(r->v->st.pc, 3);
	ck_assert_uint_eq(r->v->st.iec, 1);
	ck_assert_uint_eq(r->v->st.wait, 3);
	rig_free(r);
}
END_TEST

static const struct {
	const char *what;
	void (*set)(struct vtd_cfg *);
	bool wide;
	uint64_t w0, w1;
	unsigned iqei; /* 0: legal */
} legal[] = {
	{ "type 0", scalable, true, 0x0, 0, 3 },
	{ "type 0xa", scalable, true, 0xa, 0, 3 },
	{ "type bits 11:9", scalable, true, 0x211, 0, 3 },
	{ "0x6 in legacy mode", NULL, false, 0x0000123400050026, 0, 3 },
	{ "0x1 reserved 8:6", scalable, true, 0x51, 0, 4 },
	{ "0x1 qw1", scalable, true, 0x11, 1, 4 },
	{ "0x1 G = 0", scalable, true, 0x01, 0, 4 },
	{ "0x2 bits 15:12", scalable, true, 0x1012, 0, 4 },
	{ "0x2 qw1 bit 7", scalable, true, 0x12, 0x80, 4 },
	{ "0x2 G = 0", scalable, true, 0x02, 0, 4 },
	{ "0x2 AM = MAMV", NULL, false, 0x32, 18, 0 },
	{ "0x2 AM above MAMV", NULL, false, 0x32, 19, 4 },
	{ "0x2 AM above MAMV, domain", NULL, false, 0x22, 19, 0 },
	{ "0x2 page without PSI", no_optional, true, 0x32, 0, 4 },
	{ "0x6 page without PSI, AM 63", no_optional, true, 0x36, 63, 0 },
	{ "0x6 G = 1", scalable, true, 0x16, 0, 4 },
	{ "0x7 G = 2", scalable, true, 0x27, 0, 4 },
	{ "0x4 IM above MHMV", NULL, false, 0x14 | UINT64_C(16) << 27, 0, 4 },
	{ "0x4 IM above MHMV, global", NULL, false, 0x04 | UINT64_C(16) << 27, 0, 0 },
	{ "0x3 PFSID with DIT", scalable, true, 0x0010031000001003, 0, 0 },
	{ "0x3 PFSID without DIT", no_optional, true, 0x0010031000001003, 0, 4 },
	{ "0x8 PFSID without DIT", no_optional, true, 0x0010031003101008, 0, 4 },
	{ "0x3 qw1 bit 1", scalable, true, 0x0000031000000003, 2, 4 },
	{ "0x8 qw1 bit 1", scalable, true, 0x0000031000000008, 2, 4 },
	{ "wait bit 8", scalable, true, 0x105, 0, 4 },
	{ "wait address bit 1", scalable, true, 0x25, 2, 4 },
	{ "wait PD", scalable, true, 0x85, 0, 0 },
	{ "wait PD without PDS", no_optional, true, 0x85, 0, 4 },
	{ "0x9 bit 5", scalable, true, 0x29, 0, 4 },
	{ "0x9 qw1 bit 12", scalable, true, 0x09, 0x1000, 4 },
};

START_TEST(legality)
{
	struct rig *r = ready(legal[_i].set, legal[_i].wide);

	r->u->env.ats_inv = NULL;
	put(r, legal[_i].w0, legal[_i].w1);
	tail(r);
	run_all(r);
	ck_assert_msg((rd64(r, VTD_R_IQERCD) & 0xf) == legal[_i].iqei, "%s: IQEI %u", legal[_i].what, (unsigned)(rd64(r, VTD_R_IQERCD) & 0xf));
	ck_assert_msg(rd32(r, VTD_R_FSTS) == (legal[_i].iqei ? 0x10 : 0), "%s: FSTS", legal[_i].what);
	ck_assert_msg(head_slot(r) == (legal[_i].iqei ? 0 : 1), "%s: IQH", legal[_i].what);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(upper_half_of_a_wide_descriptor_is_reserved)
{
	for (unsigned w = 2; w < 4; w++) {
		struct rig *r = ready(scalable, true);
		uint64_t d[4] = { 0x11, 0, 0, 0 };

		d[w] = 1;
		mem_write(r->m, RING, d, 4);
		wr32(r, VTD_R_IQT, 32);
		run_all(r);
		ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 4);
		rig_free(r);
	}
}
END_TEST

START_TEST(queue_errors)
{
	struct rig *r = ready(NULL, false); /* 1: tail outside */

	wr32(r, VTD_R_IQT, 0x1000);
	run_all(r);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 1);
	rig_free(r);
	r = ready(NULL, false); /* 2: unreadable */
	mem_poison(r->m, RING, true);
	wr32(r, VTD_R_IQT, 0x10);
	run_all(r);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 2);
	ck_assert_uint_eq(rd64(r, VTD_R_IQH), 0);
	rig_free(r);
	r = rig_new(scalable); /* 5: narrow queue in scalable mode */
	rig_queue(r, false);
	wr64(r, VTD_R_RTADDR, ROOT | 1 << 10);
	gcmd(r, GSTS_RTPS, 0);
	wr32(r, VTD_R_IQT, 0x10);
	run_all(r);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 5);
	rig_free(r);
	r = rig_new(NULL); /* 5: wide queue in a unit without scalable mode */
	wr64(r, VTD_R_IQA, RING | 0x800);
	gcmd(r, GSTS_QIES, 0);
	wr32(r, VTD_R_IQT, 0x20);
	run_all(r);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 5);
	rig_free(r);
	r = ready(scalable, true); /* 7 */
	wr64(r, VTD_R_RTADDR, ROOT | 2 << 10);
	gcmd(r, GSTS_RTPS, 0);
	wr32(r, VTD_R_IQT, 0x20);
	run_all(r);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 7);
	rig_free(r);
}
END_TEST

/* Behaviour vector 1. */
START_TEST(misaligned_tail)
{
	struct rig *r = ready(scalable, true);

	wr32(r, VTD_R_IQT, 0x10);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x10);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 6);
	ck_assert_uint_eq(rd64(r, VTD_R_IQH) | rd64(r, VTD_R_IQT), 0);
	ck_assert_uint_eq(r->n_progress > 0, 1);
	wr32(r, VTD_R_FSTS, 0x10);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 0);
	rig_free(r);
}
END_TEST

/* Behaviour vector 2. */
START_TEST(bad_descriptor_is_replaced)
{
	struct rig *r = ready(scalable, true);

	for (unsigned i = 0; i < 5; i++)
		put(r, i == 3 ? 0xf : 0x11, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->v->st.cc, 3);
	ck_assert_uint_eq(head_slot(r), 3);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 3);
	put_at(r, 3, UINT64_C(0x0000000200000025), STATUS);
	wr32(r, VTD_R_IQT, 5 * 32); /* only stored */
	run_all(r);
	ck_assert_uint_eq(head_slot(r), 3);
	wr32(r, VTD_R_FSTS, 0x10);
	run_all(r);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(r->v->st.cc, 4);
	ck_assert_uint_eq(head_slot(r), 5);
	rig_free(r);
}
END_TEST

/* Behaviour vector 3: A dead, B alive. */
START_TEST(timeout_aborts_the_wait_for_good)
{
	struct rig *r = ready(scalable, true);

	wr32(r, VTD_R_FEADDR, 0xfee01000);
	wr32(r, VTD_R_FECTL, 0);
	r->alive[r->n_alive++] = 0xb00;
	dev_tlb(r, 0xa00, 0);
	dev_tlb(r, 0xb00, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, 59 * SECOND);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0);
	ck_assert_uint_eq(head_slot(r), 3);
	ck_assert(!idle(r));
	run_for(r, 2 * SECOND);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x40);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), UINT64_C(0xa0000000000));
	ck_assert_uint_eq(status_word(r), 0);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert(idle(r));
	ck_assert_uint_eq(r->v->st.waits_aborted, 1);
	dev_tlb(r, 0xb00, 0); /* queued while stopped */
	put_wait(r, 3);
	tail(r);
	run_for(r, SECOND);
	ck_assert_uint_eq(head_slot(r), 3);
	ck_assert_uint_eq(status_word(r), 0);
	wr32(r, VTD_R_FSTS, 0x40);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 0);
	run_for(r, SECOND);
	ck_assert_uint_eq(status_word(r), 3);
	ck_assert_uint_eq(head_slot(r), 5);
	cpl(r, 0xa00, 1, 1); /* too late: its tag is free */
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x20);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), UINT64_C(0x0a00000000000000));
	rig_free(r);
}
END_TEST

/* The clock of a time-out: not at t - 1, at t. */
START_TEST(timeout_at_its_time)
{
	struct rig *r = ready(scalable, true);
	sim_time t;

	dev_tlb(r, 0xa00, 0);
	tail(r);
	while (!r->n_inv)
		ck_assert(sim_run_one(r->k));
	t = sim_now(r->k) + r->c.inv_timeout_ps;
	sim_run_until(r->k, t - 1);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0);
	sim_run_until(r->k, t);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x40);
	rig_free(r);
}
END_TEST

/* Behaviour vector 4. */
START_TEST(two_dead_devices_name_one)
{
	struct rig *r = ready(scalable, true);
	uint64_t sid;

	dev_tlb(r, 0xa00, 0);
	dev_tlb(r, 0xb00, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, 70 * SECOND);
	sid = rd64(r, VTD_R_IQERCD) >> 32;
	ck_assert(sid == 0xa00 || sid == 0xb00);
	ck_assert_uint_eq(r->v->st.ite, 2);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x40);
	rig_free(r);
}
END_TEST

/* Behaviour vector 5: two PASIDs of one device cannot be told apart. */
START_TEST(pasid_is_not_reported)
{
	uint64_t rec[2];

	for (unsigned lost = 0; lost < 2; lost++) {
		struct rig *r = ready(scalable, true);

		put(r, UINT64_C(0x0000000103100008), 0x1000);
		put(r, UINT64_C(0x0000000203100008), 0x1000);
		put_wait(r, 2);
		tail(r);
		run_for(r, US);
		ck_assert_uint_eq(r->n_inv, 2);
		ck_assert_uint_ne(r->inv[0].pasid, r->inv[1].pasid);
		cpl(r, 0x310, UINT32_C(1) << r->inv[!lost].itag, 1);
		run_for(r, 70 * SECOND);
		rec[lost] = rd64(r, VTD_R_IQERCD);
		ck_assert_uint_eq(status_word(r), 0);
		rig_free(r);
	}
	ck_assert_uint_eq(rec[0], rec[1]);
	ck_assert_uint_eq(rec[0], UINT64_C(0x31000000000));
}
END_TEST

START_TEST(old_units_do_not_name_anyone)
{
	struct rig *r = ready(old_sids, true);

	dev_tlb(r, 0xa00, 0);
	tail(r);
	run_for(r, 70 * SECOND);
	cpl(r, 0xb00, 1, 1);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x60);
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), 0);
	rig_free(r);
}
END_TEST

START_TEST(bad_completions)
{
	struct rig *r = ready(scalable, true);

	dev_tlb(r, 0xa00, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, US);
	cpl(r, 0xb00, 1, 1); /* wrong requester */
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0x20);
	cpl(r, 0xa00, 2, 1); /* wrong tag; the first stays recorded */
	ck_assert_uint_eq(rd64(r, VTD_R_IQERCD), UINT64_C(0x0b00) << 48);
	ck_assert_uint_eq(status_word(r), 0);
	put(r, 0x11, 0); /* the queue keeps running */
	tail(r);
	run_for(r, US);
	ck_assert_uint_eq(r->v->st.cc, 1);
	cpl(r, 0xa00, 1, 2); /* the first of two */
	run_for(r, US);
	ck_assert_uint_eq(status_word(r), 0);
	cpl(r, 0xa00, 1, 2);
	run_for(r, US);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(r->v->st.ice, 2);
	rig_free(r);
}
END_TEST

/* MIP bounds what a function has pending; with DIT the functions of one PFSID share it; 32 tags bound the rest. */
START_TEST(throttling)
{
	struct rig *r = ready(scalable, true);
	unsigned before;

	for (unsigned i = 0; i < 4; i++) /* two functions of PF 0x0100: depth 2 together */
		put(r, 3 | 2u << 16 | UINT64_C(0x0010) << 52 | (uint64_t)(0x101 + (i & 1)) << 32, 0x7000);
	for (unsigned i = 0; i < 40; i++)
		put(r, 3 | UINT64_C(0x0020) << 52 | UINT64_C(0x200) << 32, 0x7000);
	put_wait(r, 9);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(r->n_inv, 2 + 32);
	ck_assert_uint_eq(r->inv[0].rid, 0x101);
	ck_assert_uint_eq(r->inv[1].rid, 0x102);
	for (unsigned i = 2; i < 34; i++)
		ck_assert_uint_eq(r->inv[i].itag, i - 2);
	cpl(r, 0x102, 1, 1); /* room for the next of the pair, in order */
	ck_assert_uint_eq(r->n_inv, 35);
	ck_assert_uint_eq(r->inv[34].rid, 0x101);
	cpl(r, 0x200, 0x70000000, 1);
	ck_assert_uint_eq(r->n_inv, 38);
	ck_assert_uint_eq(r->inv[37].itag, 30);
	cpl(r, 0x200, UINT32_MAX, 1);
	ck_assert_uint_eq(r->n_inv, 43);
	cpl(r, 0x200, 0x1f, 1);
	ck_assert_uint_eq(status_word(r), 0);
	before = rd32(r, VTD_R_FSTS);
	cpl(r, 0x101, 3, 1);
	cpl(r, 0x102, 1, 1);
	run_for(r, US);
	ck_assert_uint_eq(before | rd32(r, VTD_R_FSTS), 0);
	ck_assert_uint_eq(status_word(r), 9);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(postponed_requests_go_out_after_a_timeout)
{
	struct rig *r = ready(scalable, true);

	dev_tlb(r, 0xa00, 1);
	dev_tlb(r, 0xa00, 1);
	tail(r);
	run_for(r, US);
	ck_assert_uint_eq(r->n_inv, 1);
	run_for(r, 61 * SECOND);
	ck_assert_uint_eq(r->n_inv, 2);
	ck_assert(!idle(r));
	run_for(r, 61 * SECOND);
	ck_assert_uint_eq(r->v->st.ite, 2);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

/* More device-TLB requests and waits than hardware holds: fetching pauses, nothing is lost. */
START_TEST(full_pools_pause_fetching)
{
	struct rig *r = ready(scalable, true);

	for (unsigned n = 0; n < 2; n++) {
		for (unsigned i = 0; i < 250; i++)
			dev_tlb(r, 0xa00, 1);
		tail(r);
		run_for(r, 100 * US);
	}
	ck_assert_uint_eq(head_slot(r), 256 % 256);
	put_wait(r, 4);
	tail(r);
	for (unsigned i = 0; i < 500; i++) {
		ck_assert_uint_eq(status_word(r), 0);
		cpl(r, 0xa00, 1, 1);
		run_for(r, US);
	}
	ck_assert_uint_eq(r->v->st.dev_tlb, 500);
	ck_assert_uint_eq(status_word(r), 4);
	ck_assert_uint_eq(rd32(r, VTD_R_FSTS), 0);
	rig_free(r);
}
END_TEST

/* O5: what follows a wait may start before it completes, unless FN = 1. */
START_TEST(fence)
{
	for (unsigned fn = 0; fn < 2; fn++) {
		struct rig *r = ready(scalable, true);

		dev_tlb(r, 0xa00, 0);
		put(r, UINT64_C(0x0000000200000025) | fn << 6, STATUS);
		put(r, 0x11, 0);
		tail(r);
		run_for(r, 10 * US);
		ck_assert_uint_eq(r->v->st.cc, !fn);
		ck_assert_uint_eq(head_slot(r), fn ? 2 : 3);
		ck_assert_uint_eq(status_word(r), 0);
		cpl(r, 0xa00, 1, 1);
		run_for(r, 10 * US);
		ck_assert_uint_eq(status_word(r), 2);
		ck_assert_uint_eq(r->v->st.cc, 1);
		rig_free(r);
	}
}
END_TEST

/* O4, O8: waits complete in order, and each only after the requests ahead of it. */
START_TEST(waits_complete_in_order)
{
	struct rig *r = ready(scalable, true);

	dev_tlb(r, 0xa00, 0);
	put_wait(r, 1);
	dev_tlb(r, 0xb00, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, 10 * US);
	cpl(r, 0xb00, 1, 1);
	run_for(r, 10 * US);
	ck_assert_uint_eq(status_word(r), 0);
	cpl(r, 0xa00, 1, 1);
	run_for(r, 10 * US);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(r->v->st.wait, 2);
	rig_free(r);
}
END_TEST

/* O6: the status word is in memory when the message leaves; the second message needs IWC cleared. */
START_TEST(status_before_interrupt)
{
	struct rig *r = ready(scalable, true);

	wr32(r, VTD_R_IEADDR, 0xfee03000);
	wr32(r, VTD_R_IEDATA, 0x55);
	wr32(r, VTD_R_IECTL, 0);
	put(r, UINT64_C(0x0000000700000035), STATUS);
	put(r, UINT64_C(0x0000000800000035), STATUS);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].status, 7);
	ck_assert_uint_eq(r->msi[0].addr, 0xfee03000);
	ck_assert_uint_eq(r->msi[0].data, 0x55);
	ck_assert_uint_eq(status_word(r), 8);
	wr32(r, VTD_R_ICS, 1);
	put(r, 0x15, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_msi, 2);
	rig_free(r);
}
END_TEST

START_TEST(status_write_is_32_bits)
{
	struct rig *r = ready(scalable, true);
	uint64_t w = UINT64_MAX;

	mem_write(r->m, STATUS, &w, 1);
	put(r, UINT64_C(0x0000000200000025), STATUS + 4);
	tail(r);
	run_all(r);
	mem_read(r->m, STATUS, &w, 1);
	ck_assert_uint_eq(w, UINT64_C(0x00000002ffffffff));
	rig_free(r);
}
END_TEST

static void answered(struct xl *x)
{
	(void)x;
}

/* An IOTLB invalidation completes after the DMA in flight; in old units only if DR or DW asks for it. */
START_TEST(draining)
{
	static const struct { bool modern; uint64_t w0; bool drains; } c[] = { { true, 0x12, true }, { true, 0x26, true },
		{ false, 0x12, false }, { false, 0x52, true }, { false, 0x92, true } };

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct rig *r = ready(c[i].modern ? scalable : NULL, c[i].modern);
		struct xl *x = calloc(1, sizeof *x);

		x->req = (struct xl_req){ .iova = 0x1000, .len = 64, .rid = 0x310, .acc = XL_R };
		x->done = answered;
		iommu_translate(r->u, x);
		run_for(r, US);
		put(r, c[i].w0, 0);
		put_wait(r, 2);
		tail(r);
		run_for(r, 100 * US);
		ck_assert_uint_eq(status_word(r), c[i].drains ? 0 : 2);
		iommu_retire(r->u, x);
		run_for(r, US);
		ck_assert_uint_eq(status_word(r), 2);
		free(x);
		rig_free(r);
	}
}
END_TEST

/* Fetch, decode, execution and status write, to the picosecond: 50 ns memory, 4 cycles decode, 16 cycles, 1 ns clock. */
START_TEST(latency)
{
	struct rig *r = ready(scalable, true);

	put(r, 0x11, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, (50 + 4 + 16 + 50 + 4 + 50) * 1000 - 1);
	ck_assert_uint_eq(status_word(r), 0);
	ck_assert_uint_eq(r->v->st.cc, 1);
	run_for(r, 1);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert_uint_eq(r->v->st.busy_ps, (50 + 4 + 16 + 50 + 4) * 1000);
	rig_free(r);
}
END_TEST

START_TEST(disabling_finishes_what_was_fetched)
{
	struct rig *r = ready(scalable, true);

	dev_tlb(r, 0xa00, 0);
	put_wait(r, 2);
	tail(r);
	run_for(r, US);
	gcmd(r, 0, GSTS_QIES);
	ck_assert(rd32(r, VTD_R_GSTS) & GSTS_QIES);
	ck_assert(!idle(r));
	cpl(r, 0xa00, 1, 1);
	run_for(r, US);
	ck_assert_uint_eq(status_word(r), 2);
	ck_assert(!(rd32(r, VTD_R_GSTS) & GSTS_QIES));
	ck_assert_uint_eq(rd64(r, VTD_R_IQH), 0);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(ring_wraps)
{
	struct rig *r = ready(NULL, false);

	for (unsigned n = 1; n <= 1000; n++) {
		put(r, 0x11, 0);
		put_wait(r, n);
		tail(r);
		run_all(r);
		ck_assert_uint_eq(status_word(r), n);
		ck_assert(idle(r));
	}
	ck_assert_uint_eq(r->v->st.cc, 1000);
	rig_free(r);
}
END_TEST

RIG_MAIN("vtd_iq", legality, ARRAY_LEN(legal), every_descriptor_executes, upper_half_of_a_wide_descriptor_is_reserved, queue_errors,
	 misaligned_tail,
	      bad_descriptor_is_replaced, timeout_aborts_the_wait_for_good, timeout_at_its_time, two_dead_devices_name_one, pasid_is_not_reported,
	      old_units_do_not_name_anyone, bad_completions, throttling, postponed_requests_go_out_after_a_timeout, full_pools_pause_fetching, fence,
	      waits_complete_in_order, status_before_interrupt, status_write_is_32_bits, draining, latency, disabling_finishes_what_was_fetched, ring_wraps)
