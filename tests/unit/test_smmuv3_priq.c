/* SPDX-License-Identifier: Apache-2.0 */
/* test_smmuv3_priq.c - page requests: hand-encoded entries, overflow, what the hardware answers by itself, interrupts. */
#include "smmuv3_rig.h"

enum { MSI = 0x61000, SID = 3, LG2 = 1, STE_VALID = 9 /* V, Config = bypass */ };
#define PPAR BIT64(18) /* of the second word */
#define OVFLG (UINT32_C(1) << 31)
#define PROD(r) rd32(r, SMMUV3_R_PRIQ_PROD)
#define CONSUME(r, v) wr32(r, SMMUV3_R_PRIQ_CONS, v)
#define EVENT(r, w) mem64(r, RIG_EVENTQ + 8 * (w))

static bool pps;
static void configure(struct smmuv3_cfg *c)
{
	c->idr0 |= (uint32_t)(BIT64(10) | BIT64(13) | BIT64(16) | BIT64(23)); /* ATS, MSI, PRI, ATSRECERR */
	c->idr3 = (uint32_t)bits_put(c->idr3, 5, 5, pps);
}

/* A PRI queue of two entries; translation on, 16 streams without STEs. */
static struct rig *start(bool lo, uint32_t cr2)
{
	struct rig *r = rig_new(configure);

	wr64(r, SMMUV3_R_EVENTQ_BASE, RIG_EVENTQ | RIG_LG2);
	wr32(r, SMMUV3_R_EVENTQ_PROD, 0);
	wr32(r, SMMUV3_R_EVENTQ_CONS, 0);
	wr64(r, SMMUV3_R_PRIQ_BASE, RIG_PRIQ | LG2);
	wr32(r, SMMUV3_R_PRIQ_PROD, 0);
	wr32(r, SMMUV3_R_PRIQ_CONS, 0);
	wr64(r, SMMUV3_R_PRIQ_IRQ_CFG0, MSI);
	wr32(r, SMMUV3_R_PRIQ_IRQ_CFG1, 0x99);
	wr32(r, SMMUV3_R_PRIQ_IRQ_CFG2, lo ? OVFLG : 0);
	wr32(r, SMMUV3_R_IRQ_CTRL, 7);
	wr32(r, SMMUV3_R_CR2, cr2);
	rig_strtab(r, 4);
	run_for(r, SECOND);
	rig_cr0(r, CR0_EVENTQEN);
	rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN | CR0_SMMUEN);
	return r;
}

static struct rig *plain(void)
{
	pps = false;
	return start(false, 0);
}

static void ste(struct rig *r, unsigned sid, uint64_t w0, uint64_t w1)
{
	put64(r, RIG_STRTAB + 64 * sid, w0);
	put64(r, RIG_STRTAB + 64 * sid + 8, w1);
}

static void ask(struct rig *r, struct page_req p)
{
	smmuv3_page_request(r->u, &p);
	run_for(r, US);
}

/* Two entries: the queue is full. */
static void fill(struct rig *r)
{
	for (unsigned i = 0; i < 2; i++)
		ask(r, (struct page_req){ .rid = SID, .r = true, .prgi = 1, .addr = 0x1000 });
	ck_assert_uint_eq(PROD(r), 2);
}

static const struct {
	const char *what;
	struct page_req q;
	uint64_t w[2];
} entries[] = {
	{ "read", { .rid = 0x12345, .r = true, .prgi = 0x1ff, .addr = 0xfffff12345678fff }, { 0x1000000000012345, 0xfffff123456781ff } },
	{ "write, last", { .rid = 1, .w = true, .last = true, .prgi = 7, .addr = 0x7000 }, { 0x6000000000000001, 0x7007 } },
	{ "PASID, execute, privileged", { .rid = 2, .pasid = 0xfedcb, .has_pasid = true, .r = true, .x = true, .priv = true, .addr = 0 },
	  { 0x9c0fedcb00000002, 0 } },
	{ "stop marker", { .rid = 2, .pasid = 5, .has_pasid = true, .last = true, .addr = 0 }, { 0xc000000500000002, 0 } },
	{ "PASID without SSV", { .rid = 2, .pasid = 5, .r = true, .addr = 0 }, { 0x1000000000000002, 0 } },
};

START_TEST(entry_as_encoded_by_hand)
{
	struct rig *r = plain();

	ask(r, entries[_i].q);
	ck_assert_uint_eq(PROD(r), 1);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_msg(mem64(r, RIG_PRIQ + 8 * i) == entries[_i].w[i], "%s: word %u is %016lx", entries[_i].what, i, mem64(r, RIG_PRIQ + 8 * i));
	ck_assert_uint_eq(r->n_resp, 0); /* software answers */
	ck_assert_uint_eq(r->s->st.page_requests, 1);
	rig_free(r);
}
END_TEST

START_TEST(queue_wraps)
{
	struct rig *r = plain();
	static const uint32_t prod[] = { 1, 2, 3, 0, 1 };

	for (unsigned i = 0; i < 5; i++) {
		ask(r, (struct page_req){ .rid = SID, .r = true, .addr = (uint64_t)(i + 1) << 12 });
		ck_assert_uint_eq(PROD(r), prod[i]);
		ck_assert_uint_eq(mem64(r, RIG_PRIQ + 16 * (i & 1) + 8), (i + 1) << 12);
		CONSUME(r, PROD(r));
	}
	rig_free(r);
}
END_TEST

START_TEST(overflow_blocks_until_acknowledged)
{
	struct rig *r = plain();

	fill(r);
	ask(r, (struct page_req){ .rid = SID, .r = true, .prgi = 2, .addr = 0x2000 });
	ck_assert_uint_eq(PROD(r), 2 | OVFLG);
	ck_assert_uint_eq(r->n_resp, 0); /* not the last of its group */
	CONSUME(r, 2); /* room, but the overflow is not acknowledged */
	ask(r, (struct page_req){ .rid = SID, .r = true, .last = true, .prgi = 2, .addr = 0x2000 });
	ck_assert_uint_eq(PROD(r), 2 | OVFLG);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].code, 0);
	ck_assert_uint_eq(r->resp[0].prgi, 2);
	ck_assert_uint_eq(r->resp[0].rid, SID);
	ck_assert_uint_eq(r->s->st.pri_overflows, 1);
	CONSUME(r, 2 | OVFLG);
	ask(r, (struct page_req){ .rid = SID, .r = true, .last = true, .prgi = 3, .addr = 0x3000 });
	ck_assert_uint_eq(PROD(r), 3 | OVFLG);
	ck_assert_uint_eq(r->n_resp, 1);
	ask(r, (struct page_req){ .rid = SID, .r = true, .last = true, .prgi = 4, .addr = 0x3000 });
	ask(r, (struct page_req){ .rid = SID, .r = true, .last = true, .prgi = 5, .addr = 0x3000 });
	ck_assert_uint_eq(PROD(r), 0); /* toggled back */
	ck_assert_uint_eq(r->s->st.pri_overflows, 2);
	rig_free(r);
}
END_TEST

enum { NONE = -1 };
enum { STE_OK, STE_PPAR, STE_INVALID, STE_POISON, STE_RANGE };
static const struct {
	const char *what;
	bool pps, pasid, last, stop;
	int ste;
	uint32_t cr2;
	int code; /* of the response, NONE: no response */
	bool resp_pasid;
	unsigned event; /* 0: none */
} overflows[] = {
	{ "no PASID", 0, 0, 1, 0, STE_INVALID, 0, 0x0, 0, 0 },
	{ "no PASID, not last", 0, 0, 0, 0, STE_OK, 0, NONE, 0, 0 },
	{ "PASID, PPS", 1, 1, 1, 0, STE_INVALID, 0, 0x0, 1, 0 },
	{ "PASID, PPS, not last", 1, 1, 0, 0, STE_OK, 0, NONE, 0, 0 },
	{ "PASID, PPAR = 1", 0, 1, 1, 0, STE_PPAR, 0, 0x0, 1, 0 },
	{ "PASID, PPAR = 0", 0, 1, 1, 0, STE_OK, 0, 0x0, 0, 0 },
	{ "PASID, no STE", 0, 1, 1, 0, STE_INVALID, 0, 0xf, 0, 0 },
	{ "PASID, no STE, recorded", 0, 1, 1, 0, STE_INVALID, 0x8, 0xf, 0, 0x04 },
	{ "PASID, STE abort", 0, 1, 1, 0, STE_POISON, 0, 0xf, 0, 0 },
	{ "PASID, STE abort, recorded", 0, 1, 1, 0, STE_POISON, 0x8, 0xf, 0, 0x03 },
	{ "PASID, stream out of range", 0, 1, 1, 0, STE_RANGE, 0x8, 0xf, 0, 0 },
	{ "PASID, stream out of range, recorded", 0, 1, 1, 0, STE_RANGE, 0xa, 0xf, 0, 0x02 },
	{ "stop marker", 0, 1, 1, 1, STE_PPAR, 0, NONE, 0, 0 },
};

START_TEST(overflow_response)
{
	uint32_t sid = overflows[_i].ste == STE_RANGE ? 16 : SID;
	struct rig *r;

	pps = overflows[_i].pps;
	r = start(false, overflows[_i].cr2);
	if (overflows[_i].ste != STE_INVALID && overflows[_i].ste != STE_RANGE)
		ste(r, SID, STE_VALID, overflows[_i].ste == STE_PPAR ? PPAR : 0);
	if (overflows[_i].ste == STE_POISON)
		mem_poison(r->m, RIG_STRTAB + 64 * SID, true);
	fill(r);
	ask(r, (struct page_req){ .rid = sid, .pasid = overflows[_i].pasid ? 0x77 : 0, .has_pasid = overflows[_i].pasid, .r = !overflows[_i].stop,
				  .last = overflows[_i].last, .prgi = 9, .addr = 0x4000 });
	ck_assert_uint_eq(PROD(r), 2 | OVFLG);
	ck_assert_msg(r->n_resp == (overflows[_i].code != NONE), "%s: %u responses", overflows[_i].what, r->n_resp);
	if (r->n_resp) {
		ck_assert_msg(r->resp[0].code == overflows[_i].code, "%s: code %u", overflows[_i].what, r->resp[0].code);
		ck_assert_msg(r->resp[0].has_pasid == overflows[_i].resp_pasid, "%s: PASID", overflows[_i].what);
		ck_assert_uint_eq(r->resp[0].pasid, overflows[_i].resp_pasid ? 0x77 : 0);
		ck_assert_uint_eq(r->resp[0].prgi, 9);
	}
	ck_assert_uint_eq(r->s->st.pri_auto, r->n_resp);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_EVENTQ_PROD), overflows[_i].event != 0);
	if (overflows[_i].event)
		ck_assert_uint_eq(EVENT(r, 0), (uint64_t)sid << 32 | 0x77800 | overflows[_i].event);
	if (overflows[_i].event == 0x03)
		ck_assert_uint_eq(EVENT(r, 3), RIG_STRTAB + 64 * SID);
	rig_free(r);
}
END_TEST

/* Queue off, translation off, or an abort not acknowledged: every request fails, without PASID; stop markers are dropped. */
START_TEST(refused_without_a_queue)
{
	struct rig *r = plain();

	pps = false;
	if (_i == 0)
		rig_cr0(r, CR0_EVENTQEN | CR0_SMMUEN);
	else if (_i == 1)
		rig_cr0(r, CR0_EVENTQEN | CR0_PRIQEN);
	else
		smmuv3_gerror(r->s, GERR_PRIQ_ABT);
	ask(r, (struct page_req){ .rid = SID, .r = true, .prgi = 1, .addr = 0x1000 });
	ask(r, (struct page_req){ .rid = SID, .pasid = 5, .has_pasid = true, .w = true, .last = true, .prgi = 2, .addr = 0x1000 });
	ask(r, (struct page_req){ .rid = SID, .pasid = 5, .has_pasid = true, .last = true, .addr = 0x1000 });
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(r->n_resp, 2);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(r->resp[i].code, 0xf);
		ck_assert(!r->resp[i].has_pasid);
	}
	rig_free(r);
}
END_TEST

START_TEST(write_abort)
{
	struct rig *r = plain();

	mem_poison(r->m, RIG_PRIQ, true);
	ask(r, (struct page_req){ .rid = SID, .r = true, .prgi = 1, .addr = 0x1000 });
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 8);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].code, 0xf);
	mem_poison(r->m, RIG_PRIQ, false);
	wr32(r, SMMUV3_R_GERRORN, 8);
	ask(r, (struct page_req){ .rid = SID, .r = true, .prgi = 1, .addr = 0x1000 });
	ck_assert_uint_eq(PROD(r), 1);
	rig_free(r);
}
END_TEST

/* LO = 0: when the queue stops being empty. LO = 1: for every last request, even one that overflow dropped. */
START_TEST(interrupts)
{
	static const struct { bool last, consume; unsigned empty_rule, last_rule; } step[] = {
		{ false, false, 1, 0 }, { true, false, 1, 1 }, /* full */
		{ true, false, 1, 2 }, { false, true, 1, 2 }, { false, false, 2, 2 }, { true, false, 2, 3 },
	};
	struct rig *r;

	pps = false;
	r = start(_i, 0);
	for (unsigned i = 0; i < ARRAY_LEN(step); i++) {
		ask(r, (struct page_req){ .rid = SID, .r = true, .last = step[i].last, .addr = 0x1000 });
		if (step[i].consume)
			CONSUME(r, PROD(r));
		ck_assert_msg(r->n_msi == (_i ? step[i].last_rule : step[i].empty_rule), "step %u: %u interrupts", i, r->n_msi);
	}
	ck_assert_uint_eq(r->msi[0].addr, MSI);
	ck_assert_uint_eq(r->msi[0].data, 0x99);
	rig_free(r);
}
END_TEST

/* CMD_PRI_RESP: field Resp to PCIe response code. */
START_TEST(software_responses)
{
	static const uint8_t code[] = { 0xf, 0x1, 0x0 };
	struct rig *r = plain();

	for (unsigned i = 0; i < 3; i++)
		smmuv3_pri_resp(r->s, SID, i & 1, 0x12, 0x100 + i, i);
	ck_assert_uint_eq(r->n_resp, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(r->resp[i].code, code[i]);
		ck_assert_uint_eq(r->resp[i].prgi, 0x100 + i);
		ck_assert_uint_eq(r->resp[i].has_pasid, i & 1);
		ck_assert_uint_eq(r->resp[i].pasid, i & 1 ? 0x12 : 0);
	}
	ck_assert_uint_eq(r->s->st.pri_auto, 0);
	rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_priq");
	TCase *t = tcase_create("smmuv3_priq");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, entry_as_encoded_by_hand, 0, ARRAY_LEN(entries));
	tcase_add_test(t, queue_wraps);
	tcase_add_test(t, overflow_blocks_until_acknowledged);
	tcase_add_loop_test(t, overflow_response, 0, ARRAY_LEN(overflows));
	tcase_add_loop_test(t, refused_without_a_queue, 0, 3);
	tcase_add_test(t, write_abort);
	tcase_add_loop_test(t, interrupts, 0, 2);
	tcase_add_test(t, software_responses);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
