/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_ppr.c - page requests: hand-encoded entries, who is accepted, overflow and early warning, automatic responses, two logs. */
#include "amdvi_rig.h"
#include "core/base/util.h"

enum { FULL = 255, DEV = 0x300 };
enum { OVERFLOW = 0x20, INT = 0x40, RUN = 0x80, OVERFLOW_B = 0x800, ACTIVE_B = 0x1000, EARLY_B = 0x20000, EARLY = 0x40000 };
enum { EVENT_BITS = 0x1a /* EventLogInt, EventLogRun, CmdBufRun */ };
enum { SUCCESS = 0, INVALID = 1, FAILURE = 15 };
#define PPR_CTL UINT64_C(0xe000) /* PPRLogEn, PPRIntEn, PPREn */
#define AUTO BIT64(39)
#define ALWAYS BIT64(42)
#define BLOCK BIT64(41)
#define DUAL(n) ((uint64_t)(n) << 30)
#define DTE_OK UINT64_C(0x0030000000000003) /* V, TV, PPR, GPRP */
#define STATUS(r) (rd32(r, 0x2020) & ~(uint32_t)EVENT_BITS)
#define TAIL(r) rd32(r, 0x2038)
#define TAIL_B(r) rd32(r, 0x2058)

static uint64_t efr_clear; /* features that the unit under test lacks */
static void configure(struct amdvi_cfg *c)
{
	c->efr &= ~efr_clear;
}

static struct rig *start_without(uint64_t efr, uint64_t ctl)
{
	struct rig *r;

	efr_clear = efr;
	r = rig_new(configure);
	rig_on(r, ctl);
	rig_dte(r, DEV, DTE_OK, 5, 0, 0);
	return r;
}

static struct rig *start(uint64_t ctl)
{
	return start_without(0, PPR_CTL | ctl);
}

static void ask(struct rig *r, struct page_req p)
{
	r->u->ops->page_request(r->u, &p);
}

/* A read of the last page of group @prgi. */
static void last(struct rig *r, unsigned prgi)
{
	ask(r, (struct page_req){ .rid = DEV, .r = true, .last = true, .prgi = (uint16_t)prgi, .addr = 0x1000 });
}

static void lasts(struct rig *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		last(r, i & 0x1ff);
		wr32(r, 0x2020, INT); /* or the table of messages runs over */
		r->n_msi = 0;
	}
}

static uint64_t word(const struct rig *r, uint32_t log, unsigned slot, unsigned w)
{
	return mem64(r, log + 16 * slot + 8 * w);
}

/* ---- entries ---- */

static const struct {
	const char *what;
	struct page_req q;
	uint64_t w[2];
} entries[] = {
	{ "read", { .rid = 0x10300, .r = true, .prgi = 0x1ff, .addr = 0xfffff12345678fff }, { 0x100401ff00000300, 0xfffff12345678000 } },
	{ "write, last", { .rid = DEV, .w = true, .last = true, .prgi = 7, .addr = 0x7000 }, { 0x1020020700000300, 0x7000 } },
	{ "PASID, execute, privileged", { .rid = DEV, .pasid = 0xfedcb, .has_pasid = true, .r = true, .x = true, .priv = true },
	  { 0x11063c00edcb0300, 0 } },
	{ "PASID, user", { .rid = DEV, .pasid = 5, .has_pasid = true, .r = true, .w = true, .last = true, .prgi = 0x1a },
	  { 0x1164021a00050300, 0 } },
	{ "stop marker", { .rid = DEV, .pasid = 5, .has_pasid = true, .last = true, .priv = true }, { 0x1100020000050300, 0 } },
	{ "a PASID that is not there", { .rid = DEV, .pasid = 5, .r = true }, { 0x1004000000000300, 0 } },
};

START_TEST(entry_has_exactly_its_fields)
{
	struct rig *r = start(0);

	ask(r, entries[_i].q);
	for (unsigned w = 0; w < 2; w++)
		ck_assert_msg(word(r, RIG_PPR, 0, w) == entries[_i].w[w], "%s: word %u is %016llx", entries[_i].what, w,
			      (unsigned long long)word(r, RIG_PPR, 0, w));
	ck_assert_uint_eq(TAIL(r), 16);
	ck_assert_uint_eq(STATUS(r), RUN | INT);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->n_resp, 0);
	ck_assert_uint_eq(n_events(r), 0);
	ck_assert_uint_eq(r->v->st.pprs, 1);
	rig_free(r);
}
END_TEST

/* The same bits, with another code. */
START_TEST(event_of_a_refused_request)
{
	struct rig *r = start(0);

	rig_dte(r, DEV, 3, 5, 0, 0);
	ask(r, entries[_i].q);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_msg(event_word(r, 0, 0) == (entries[_i].w[0] ^ UINT64_C(0x8000000000000000)), "%s", entries[_i].what);
	ck_assert_uint_eq(event_word(r, 0, 1), entries[_i].w[1]);
	rig_free(r);
}
END_TEST

START_TEST(entry_is_a_posted_write)
{
	struct rig *r = start(0);
	uint64_t writes = r->p.st.writes, reads = r->p.st.reads;

	last(r, 0);
	ck_assert_uint_eq(r->p.st.writes, writes + 1);
	ck_assert_uint_eq(r->p.st.reads, reads);
	ck_assert_uint_eq(r->v->st.dte_reads, 0);
	ck_assert_uint_eq(sim_now(r->k), 0);
	rig_free(r);
}
END_TEST

/* ---- who is accepted ---- */

static const uint64_t EPH = UINT64_C(1) << 50;
static const struct {
	const char *what;
	uint64_t ctl, without, dte0;
	bool logged;
	uint64_t event; /* 63:48 and 15:0 of its first word */
	uint8_t code; /* of the response */
} admission[] = {
	{ "all is well", PPR_CTL, 0, DTE_OK, true, 0, 0 },
	{ "PPREn = 0", PPR_CTL & ~UINT64_C(0x8000), 0, DTE_OK, false, 0x9004000000000300, INVALID },
	{ "entry without PPR", PPR_CTL, 0, 3, false, 0x9004000000000300, INVALID },
	{ "entry with V = 0", PPR_CTL, 0, DTE_OK & ~UINT64_C(1), false, 0x9004000000000300, INVALID },
	{ "reserved bit in the entry", PPR_CTL, 0, DTE_OK | 4, false, 0x1080000000000300, FAILURE },
	{ "Mode 7", PPR_CTL, 0, DTE_OK | 0xe00, false, 0x1000000000000300, FAILURE },
	{ "no EPHSup: the entry is not asked", PPR_CTL, EPH, 3, true, 0, 0 },
	{ "no EPHSup, not even V", PPR_CTL, EPH, 0, true, 0, 0 },
	{ "no EPHSup, reserved bit", PPR_CTL, EPH, DTE_OK | 4, true, 0, 0 },
	{ "no EPHSup, vIommuEn: it is read, for vImuEn", PPR_CTL | BIT64(17) | BIT64(53), EPH, DTE_OK | 4, false, 0x1080000000000300, FAILURE },
	{ "no EPHSup, vIommuEn: not for PPR", PPR_CTL | BIT64(17) | BIT64(53), EPH, 3, true, 0, 0 },
	{ "no PPRSup", PPR_CTL, 2, DTE_OK, false, 0x9004000000000300, INVALID },
};

START_TEST(who_is_accepted)
{
	for (unsigned i = 0; i < ARRAY_LEN(admission); i++) {
		struct rig *r = start_without(admission[i].without, admission[i].ctl);

		rig_dte(r, DEV, admission[i].dte0, 5, 0, 0);
		last(r, 3);
		ck_assert_msg(TAIL(r) == (admission[i].logged ? 16 : 0), "%s", admission[i].what);
		ck_assert_msg(n_events(r) == !admission[i].logged, "%s", admission[i].what);
		ck_assert_msg(r->n_resp == !admission[i].logged, "%s", admission[i].what);
		if (!admission[i].logged) {
			ck_assert_msg((event_word(r, 0, 0) & UINT64_C(0xffff00000000ffff)) == admission[i].event, "%s", admission[i].what);
			ck_assert_uint_eq(event_word(r, 0, 1), 0x1000);
			ck_assert_msg(r->resp[0].code == admission[i].code, "%s", admission[i].what);
			ck_assert_uint_eq(r->resp[0].rid, DEV);
			ck_assert_uint_eq(r->resp[0].prgi, 3);
			ck_assert_uint_eq(r->v->st.ppr_auto, 1);
		}
		rig_free(r);
	}
}
END_TEST

START_TEST(entry_that_cannot_be_read)
{
	struct rig *r = start(0);

	mem_poison(r->m, RIG_DEVTAB + 32 * DEV, true);
	last(r, 3);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x3400000000000300));
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_DEVTAB + 32 * DEV);
	ck_assert_uint_eq(r->resp[0].code, FAILURE);
	wr64(r, 0x00, RIG_DEVTAB); /* 128 entries */
	last(r, 3);
	ck_assert_uint_eq(event_word(r, 1, 0), UINT64_C(0x9004020300000300));
	ck_assert_uint_eq(r->resp[1].code, INVALID);
	wr64(r, 0x00, RIG_DEVTAB | 0x1ff);
	ask(r, (struct page_req){ .rid = DEV, .w = true });
	ck_assert_uint_eq(event_word(r, 2, 0), UINT64_C(0x3420000000000300));
	mem_poison(r->m, RIG_DEVTAB + 32 * DEV, false);
	wr64(r, 0x18, PPR_CTL); /* the unit is off: refused, and no event */
	last(r, 3);
	ck_assert_uint_eq(n_events(r), 3);
	ck_assert_uint_eq(r->n_resp, 3);
	ck_assert_uint_eq(r->resp[2].code, INVALID);
	ck_assert_uint_eq(TAIL(r), 0);
	rig_free(r);
}
END_TEST

/* Not the middle of a group, no stop marker. */
START_TEST(only_the_last_of_a_group_is_answered)
{
	struct rig *r = start(0);

	rig_dte(r, DEV, 3, 5, 0, 0);
	ask(r, (struct page_req){ .rid = DEV, .r = true, .prgi = 3 });
	ask(r, (struct page_req){ .rid = DEV, .pasid = 9, .has_pasid = true, .last = true });
	ck_assert_uint_eq(n_events(r), 2);
	ck_assert_uint_eq(r->n_resp, 0);
	ask(r, (struct page_req){ .rid = DEV, .pasid = 9, .has_pasid = true, .r = true, .last = true });
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert(r->resp[0].has_pasid);
	ck_assert_uint_eq(r->resp[0].pasid, 9);
	rig_free(r);
}
END_TEST

/* vImuEn: guest 1 gets it as device 20h, in a guest-physical log (TransDevID 77h passes untranslated); the host's checks come first. */
START_TEST(guest_s_request)
{
	struct rig *r = start(BIT64(17) | BIT64(53) | BIT64(60)); /* GAEn, vIommuEn, GstBufferTRPMode */

	wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x10, 0x770000);
	wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x30, 0x800000 | 0x508); /* PPREn, PPRLogEn; 80000h */
	rig_dte(r, DEV, DTE_OK, 5, 0, UINT64_C(0x0000000100208000));
	last(r, 3);
	run_all(r);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(mem64(r, 0x80000), UINT64_C(0x1004020300000020));
	ck_assert_uint_eq(mem64(r, 0x80008), 0x1000);
	rig_dte(r, DEV, 3, 5, 0, UINT64_C(0x0000000100208000)); /* PPR = 0 */
	last(r, 3);
	run_all(r);
	ck_assert_uint_eq(mem64(r, 0x80010), 0);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x9004020300000300));
	rig_dte(r, DEV, DTE_OK, 5, 0, UINT64_C(0x0000000100200000)); /* vImuEn = 0 */
	last(r, 3);
	run_all(r);
	ck_assert_uint_eq(mem64(r, 0x80010), 0);
	ck_assert_uint_eq(word(r, RIG_PPR, 0, 0), UINT64_C(0x1004020300000300));
	rig_free(r);
	r = start_without(EPH, PPR_CTL | BIT64(17) | BIT64(53) | BIT64(60));
	wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x10, 0x770000);
	wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x30, 0x800000 | 0x508);
	rig_dte(r, DEV, 0, 5, 0, UINT64_C(0x0000000100208000)); /* V = 0: vImuEn means nothing */
	last(r, 3);
	run_all(r);
	ck_assert_uint_eq(mem64(r, 0x80000), 0);
	ck_assert_uint_eq(TAIL(r), 16);
	rig_free(r);
}
END_TEST

/* A guest that does not accept page requests. */
START_TEST(guest_that_does_not_take_it)
{
	struct rig *r = start(BIT64(17) | BIT64(53));

	rig_dte(r, DEV, DTE_OK, 5, 0, UINT64_C(0x0000000100208000));
	last(r, 3);
	ck_assert_uint_eq(TAIL(r), 16);
	ck_assert_uint_eq(word(r, RIG_PPR, 0, 0), UINT64_C(0x1004020300000300));
	rig_free(r);
}
END_TEST

START_TEST(stop_markers_can_be_blocked)
{
	for (unsigned block = 0; block < 2; block++) {
		struct rig *r = start(block ? BLOCK : 0);

		ask(r, (struct page_req){ .rid = DEV, .pasid = 9, .has_pasid = true, .last = true });
		ck_assert_uint_eq(TAIL(r), block ? 0 : 16);
		last(r, 0); /* this is none: no PASID, and a read */
		ask(r, (struct page_req){ .rid = DEV, .last = true });
		ck_assert_uint_eq(TAIL(r), block ? 32 : 48);
		ck_assert_uint_eq(r->n_resp, 0);
		rig_free(r);
	}
}
END_TEST

/* ---- overflow ---- */

START_TEST(overflow_drops_without_an_answer)
{
	struct rig *r = start(0);

	lasts(r, FULL);
	ck_assert_uint_eq(STATUS(r), RUN);
	last(r, 0);
	ck_assert_uint_eq(STATUS(r), OVERFLOW | INT);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(TAIL(r), FULL * 16);
	ck_assert_uint_eq(word(r, RIG_PPR, FULL, 0), 0);
	wr32(r, 0x2030, FULL * 16);
	wr32(r, 0x2020, OVERFLOW | INT);
	last(r, 0);
	ck_assert_uint_eq(TAIL(r), FULL * 16); /* not before it is enabled again */
	ck_assert_uint_eq(r->n_resp, 0);
	ck_assert_uint_eq(r->v->st.ppr_overflows, 1);
	ck_assert_uint_eq(r->v->st.pprs, FULL);
	wr64(r, 0x18, 0x140d | (PPR_CTL & ~UINT64_C(0x2000)));
	wr64(r, 0x18, 0x140d | PPR_CTL);
	last(r, 0x15);
	ck_assert_uint_eq(STATUS(r), RUN | INT);
	ck_assert_uint_eq(word(r, RIG_PPR, FULL, 0), UINT64_C(0x1004021500000300));
	ck_assert_uint_eq(TAIL(r), 0);
	rig_free(r);
}
END_TEST

START_TEST(early_warning)
{
	for (unsigned msi = 0; msi < 2; msi++) {
		struct rig *r = start(0);

		wr32(r, 0x2088, UINT32_C(0x80000003) | msi << 30);
		lasts(r, 3);
		ck_assert_uint_eq(STATUS(r), RUN);
		last(r, 0);
		ck_assert_uint_eq(STATUS(r), RUN | INT | EARLY);
		ck_assert_uint_eq(r->n_msi, 1 + msi);
		wr32(r, 0x2020, EARLY | INT);
		wr32(r, 0x2030, 16 * 2); /* two are read: three remain after the next */
		last(r, 0);
		ck_assert_uint_eq(STATUS(r), RUN | INT);
		wr32(r, 0x2088, 0);
		lasts(r, 100);
		ck_assert_uint_eq(STATUS(r), RUN);
		rig_free(r);
	}
}
END_TEST

START_TEST(aborted_write_stops_the_log)
{
	struct rig *r = start(AUTO);

	mem_poison(r->m, RIG_PPR, true);
	wr32(r, 0x2080, FAILURE);
	last(r, 0x21);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(STATUS(r), 0);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].code, FAILURE);
	ck_assert_uint_eq(r->v->st.pprs, 0);
	rig_free(r);
}
END_TEST

/* ---- automatic responses ---- */

START_TEST(automatic_response_when_full)
{
	static const uint8_t codes[] = { SUCCESS, INVALID, FAILURE };
	struct rig *r = start(AUTO);

	lasts(r, FULL);
	ck_assert_uint_eq(r->n_resp, 0);
	for (unsigned i = 0; i < ARRAY_LEN(codes); i++) {
		wr32(r, 0x2080, codes[i]);
		ask(r, (struct page_req){ .rid = DEV, .r = true, .prgi = 0x44 });
		ask(r, (struct page_req){ .rid = DEV, .pasid = 9, .has_pasid = true, .last = true });
		ck_assert_uint_eq(r->n_resp, i);
		last(r, 0x44 + i);
		ck_assert_uint_eq(r->n_resp, i + 1);
		ck_assert_uint_eq(r->resp[i].rid, DEV);
		ck_assert_uint_eq(r->resp[i].prgi, 0x44 + i);
		ck_assert_uint_eq(r->resp[i].code, codes[i]);
		ck_assert(!r->resp[i].has_pasid);
	}
	ck_assert_uint_eq(r->v->st.ppr_auto, 3);
	ck_assert_uint_eq(r->v->st.ppr_overflows, 1);
	rig_free(r);
}
END_TEST

START_TEST(automatic_response_while_the_log_is_off)
{
	struct rig *r = start_without(0, (PPR_CTL & ~UINT64_C(0x2000)) | AUTO); /* PPREn, but no PPRLogEn */

	last(r, 1);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(STATUS(r), 0);
	ck_assert_uint_eq(n_events(r), 0);
	rig_free(r);
}
END_TEST

START_TEST(pasid_of_the_response)
{
	static const struct { uint64_t without, dte0; uint32_t reg; bool pasid; } cases[] = {
		{ 0, DTE_OK, 0, true },
		{ 0, DTE_OK, 0x10, false }, /* MaskGn */
		{ 0, DTE_OK & ~BIT64(53), 0, false }, /* GPRP = 0 */
		{ UINT64_C(1) << 50, 3, 0, true }, /* no EPHSup: there is no GPRP */
		{ UINT64_C(1) << 50, 3, 0x10, false },
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig *r = start_without(cases[i].without, PPR_CTL | AUTO | ALWAYS);

		wr32(r, 0x2080, cases[i].reg);
		rig_dte(r, DEV, cases[i].dte0, 5, 0, 0);
		ask(r, (struct page_req){ .rid = DEV, .pasid = 0x12345, .has_pasid = true, .w = true, .last = true });
		ck_assert_uint_eq(r->n_resp, 1);
		ck_assert_msg(r->resp[0].has_pasid == cases[i].pasid, "row %u", i);
		ck_assert_uint_eq(r->resp[0].pasid, cases[i].pasid ? 0x12345 : 0);
		rig_free(r);
	}
}
END_TEST

START_TEST(always_on)
{
	struct rig *r = start(AUTO | ALWAYS);

	wr32(r, 0x2080, INVALID);
	ask(r, (struct page_req){ .rid = DEV, .r = true, .prgi = 2 });
	last(r, 2);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(r->resp[0].code, INVALID);
	ck_assert_uint_eq(TAIL(r), 0);
	ask(r, (struct page_req){ .rid = DEV, .pasid = 9, .has_pasid = true, .last = true }); /* a stop marker is logged */
	ck_assert_uint_eq(TAIL(r), 16);
	ck_assert_uint_eq(r->n_resp, 1);
	rig_free(r);
	r = start(ALWAYS);
	last(r, 2);
	ck_assert_uint_eq(r->n_resp, 0);
	ck_assert_uint_eq(TAIL(r), 16);
	rig_free(r);
}
END_TEST

/* ---- two logs ---- */

START_TEST(full_log_hands_over_to_the_other)
{
	struct rig *r = start(DUAL(2) | AUTO);

	wr32(r, 0x2090, UINT32_C(0xc0000001)); /* early warning of B: more than one entry */
	lasts(r, FULL);
	last(r, 0x31);
	ck_assert_uint_eq(STATUS(r), RUN | OVERFLOW | INT | ACTIVE_B);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(word(r, RIG_PPRB, 0, 0), UINT64_C(0x1004023100000300));
	wr32(r, 0x2020, INT);
	last(r, 0x32);
	ck_assert_uint_eq(STATUS(r), RUN | OVERFLOW | INT | ACTIVE_B | EARLY_B);
	ck_assert_uint_eq(TAIL_B(r), 32);
	lasts(r, FULL - 2);
	ck_assert_uint_eq(r->n_resp, 0);
	last(r, 0x33);
	ck_assert_uint_eq(r->n_resp, 1);
	ck_assert_uint_eq(STATUS(r), OVERFLOW | OVERFLOW_B | INT | ACTIVE_B | EARLY_B);
	ck_assert_uint_eq(r->v->st.ppr_overflows, 2);
	wr64(r, 0x18, 0x140d | (PPR_CTL & ~UINT64_C(0x2000)));
	wr32(r, 0x2030, FULL * 16);
	wr64(r, 0x18, 0x140d | PPR_CTL | DUAL(2));
	ck_assert_uint_eq(STATUS(r), RUN | INT | EARLY_B);
	last(r, 0x34);
	ck_assert_uint_eq(word(r, RIG_PPR, FULL, 0), UINT64_C(0x1004023400000300));
	rig_free(r);
	r = start(DUAL(1));
	last(r, 0x35);
	ck_assert_uint_eq(STATUS(r), RUN | INT | ACTIVE_B);
	ck_assert_uint_eq(word(r, RIG_PPRB, 0, 0), UINT64_C(0x1004023500000300));
	rig_free(r);
}
END_TEST

int main(void)
{
	static const TTest *const *const none = NULL;
	const TTest *const one[] = { entry_is_a_posted_write, who_is_accepted, entry_that_cannot_be_read, only_the_last_of_a_group_is_answered,
				     guest_s_request, guest_that_does_not_take_it, stop_markers_can_be_blocked, overflow_drops_without_an_answer, early_warning,
				     aborted_write_stops_the_log, automatic_response_when_full, automatic_response_while_the_log_is_off,
				     pasid_of_the_response, always_on, full_log_hands_over_to_the_other };
	int failed = rig_suite("amdvi_ppr_events", event_of_a_refused_request, ARRAY_LEN(entries), none, 0);

	return rig_suite("amdvi_ppr", entry_has_exactly_its_fields, ARRAY_LEN(entries), one, ARRAY_LEN(one)) || failed;
}
