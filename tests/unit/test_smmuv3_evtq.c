/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_smmuv3_evtq.c - event records as hand-encoded words, the event queue's edges, and stalled requests.
 * The unit's walk is replaced by a table of verdicts per page, so that every fault is at hand; the last test replays a trace on the whole
 * unit.
 */
#include "smmuv3_rig.h"
#include "fake_plat.h"

/* ---- records ---- */

enum { I_S2 = 1, I_CD = 0, I_TT = 2, I_IN = 4, I_TTW = 8, I_PNU = 16, I_IND = 32 };
#define IOVA UINT64_C(0x123456789abc)
#define FULL UINT64_C(0x00ffffffffffffff)
#define SUB UINT64_C(0x0000123456789800) /* StreamID 1234, SSV, SubstreamID 56789 */
static const struct {
	const char *what;
	uint16_t code;
	uint8_t acc;
	bool no_pasid;
	uint64_t info0;
	uint64_t rec[4];
} records[] = {
	{ "F_UUT", 1, XL_R | XL_X | XL_PRIV, 0, 0, { SUB | 1, 0x0000000e00000000, IOVA, 0 } },
	{ "F_UUT write", 1, XL_W, 0, I_PNU, { SUB | 1, 0, IOVA, 0 } },
	{ "C_BAD_STREAMID without substream", 2, XL_R, 1, 0, { 0x0000123400000002, 0, 0, 0 } },
	{ "F_STE_FETCH", 3, XL_R, 0, 0, { SUB | 3, 0, 0, 0x00fffffffffffff8 } },
	{ "C_BAD_STE", 4, XL_R, 0, 0, { SUB | 4, 0, 0, 0 } },
	{ "F_BAD_ATS_TREQ", 5, XL_R | XL_W | XL_X | XL_PRIV, 0, 0, { SUB | 5, 0x00000000f0000001, 0x123456789000, 0 } },
	{ "F_BAD_ATS_TREQ, No-Write", 5, XL_R, 1, 0, { 0x0000123400000005, 0x0000000080000001, 0x123456789000, 0 } },
	{ "F_STREAM_DISABLED", 6, XL_R, 0, 0, { 0x0000123400000006, 0, 0, 0 } },
	{ "F_TRANSL_FORBIDDEN", 7, XL_R, 0, I_PNU, { 0x0000123400000007, 0x0000000800000000, IOVA, 0 } },
	{ "F_TRANSL_FORBIDDEN write", 7, XL_W, 0, 0, { 0x0000123400000007, 0, IOVA, 0 } },
	{ "C_BAD_SUBSTREAMID", 8, XL_R, 0, 0, { 0x0000123456789008, 0, 0, 0 } },
	{ "F_CD_FETCH", 9, XL_R, 0, 0, { SUB | 9, 0, 0, 0x00fffffffffffff8 } },
	{ "C_BAD_CD", 10, XL_R, 0, 0, { SUB | 10, 0, 0, 0 } },
	{ "F_WALK_EABT stage 1", 11, XL_R, 0, I_TT, { SUB | 11, 0x0000010800000000, IOVA, 0x00fffffffffffff8 } },
	{ "F_WALK_EABT stage 2", 11, XL_W, 0, I_S2 | I_IN, { SUB | 11, 0x0000028000000000, IOVA, 0x00fffffffffffff8 } },
	{ "F_TRANSLATION stage 2", 16, XL_W, 0, I_S2 | I_IN | I_PNU | I_IND, { SUB | 16, 0x0000028200000000, IOVA, 0x00fffffffffff000 } },
	{ "F_ADDR_SIZE stage 1", 17, XL_R, 0, I_IN, { SUB | 17, 0x0000020800000000, IOVA, 0 } },
	{ "F_ACCESS stage 2 of a descriptor", 18, XL_R, 0, I_S2 | I_TT | I_IND, { SUB | 18, 0x0000018c00000000, IOVA, 0x00fffffffffff000 } },
	{ "F_PERMISSION, descriptor read", 19, XL_R, 0, I_S2 | I_TT, { SUB | 19, 0x0000118800000000, IOVA, 0x00fffffffffff000 } },
	{ "F_PERMISSION, descriptor write", 19, XL_R, 0, I_S2 | I_TT | I_TTW, { SUB | 19, 0x0000018800000000, IOVA, 0x00fffffffffff000 } },
	{ "F_PERMISSION, CD", 19, XL_R, 0, I_S2 | I_CD, { SUB | 19, 0x0000008800000000, IOVA, 0x00fffffffffff000 } },
	{ "F_PERMISSION, atomic", 19, XL_R | XL_W | XL_ATOMIC, 0, I_IN | I_PNU, { SUB | 19, 0x0000020200000000, IOVA, 0 } },
	{ "F_TLB_CONFLICT", 32, XL_R, 0, I_IN, { SUB | 32, 0x0000020800000000, IOVA, 0 } },
	{ "F_CFG_CONFLICT", 33, XL_R, 0, 0, { SUB | 33, 0, 0, 0 } },
	{ "E_PAGE_REQUEST", 36, XL_R | XL_W, 0, 0, { SUB | 36, 0x0000100c00000000, 0x123456789000, 0 } },
	{ "E_PAGE_REQUEST privileged", 36, XL_R | XL_X | XL_PRIV, 0, 0, { SUB | 36, 0x000010a000000000, 0x123456789000, 0 } },
	{ "F_VMS_FETCH", 37, XL_R, 0, 0, { SUB | 37, 0, 0, 0x00fffffffffffff8 } },
};

START_TEST(record_has_exactly_its_fields)
{
	struct xl_req q = { .iova = IOVA, .rid = 0x1234, .pasid = 0x56789, .has_pasid = !records[_i].no_pasid, .acc = records[_i].acc };
	struct xl_res r = { .code = records[_i].code, .info = { records[_i].info0, FULL } };
	uint64_t rec[4] = { 1, 2, 3, 4 };

	ck_assert(smmuv3_event_record(NULL, &q, &r, rec));
	for (unsigned i = 0; i < 4; i++)
		ck_assert_msg(rec[i] == records[_i].rec[i], "%s: word %u is %016lx, not %016lx", records[_i].what, i, rec[i], records[_i].rec[i]);
}
END_TEST

START_TEST(no_record)
{
	struct xl_req q = { .acc = XL_R };
	struct xl_res r = { .code = 0x10, .no_record = true };
	uint64_t rec[4];

	ck_assert(!smmuv3_event_record(NULL, &q, &r, rec));
	for (unsigned code = 0; code < 0x400; code += code < 0x28 ? 1 : 0x33) {
		r = (struct xl_res){ .code = (uint16_t)code };
		ck_assert_msg(smmuv3_event_record(NULL, &q, &r, rec) == (code && smmuv3_event_name(code) != NULL), "event 0x%x", code);
	}
}
END_TEST

/* ---- a unit that refuses what the test says ---- */

enum { MSI = 0x60000, SID = 0x42, PAGES = 64, N_REQ = 64 };
static struct {
	uint64_t info[PAGES]; /* SMMUV3_I_*, of the page */
	uint16_t code[PAGES]; /* 0: accepted */
} verdict;
static struct iommu_ops ops;
struct req {
	struct xl xl;
	unsigned done;
	struct xl_res res;
};
static struct req req[N_REQ];

static enum xl_act judge(struct iommu *u, struct xl *x)
{
	unsigned p = x->req.iova >> 12 & (PAGES - 1);

	(void)u;
	x->res.code = verdict.code[p];
	x->res.info[0] = verdict.info[p];
	x->res.info[1] = 0xabcd000;
	return verdict.code[p] ? XL_ACT_FAULT : XL_ACT_DONE;
}

static void req_done(struct xl *x)
{
	struct req *q = container_of(x, struct req, xl);

	q->done++;
	q->res = x->res;
	iommu_retire(x->u, x);
}

static bool term_model, merge, suppress;
static unsigned stall_max, stall_model;
static void configure(struct smmuv3_cfg *c)
{
	c->idr0 = (uint32_t)bits_put(c->idr0, 25, 24, stall_model);
	c->idr0 = (uint32_t)(bits_put(c->idr0, 26, 26, term_model) | BIT64(13)); /* MSI */
	c->idr5 = (uint32_t)bits_put(c->idr5, 31, 16, stall_max);
	c->merge_events = merge;
	c->stall_suppress = suppress;
}

/* Event queue of 2^@lg2 records, everything but the event queue's enable set up. */
static struct rig *rig_start(unsigned lg2, uint32_t cr0)
{
	struct rig *r = rig_new(configure);

	memset(&verdict, 0, sizeof verdict);
	memset(req, 0, sizeof req);
	ops = *r->u->ops;
	ops.begin = judge;
	r->u->ops = &ops;
	wr64(r, SMMUV3_R_EVENTQ_BASE, RIG_EVENTQ | lg2);
	wr32(r, SMMUV3_R_EVENTQ_PROD, 0);
	wr32(r, SMMUV3_R_EVENTQ_CONS, 0);
	wr64(r, SMMUV3_R_EVENTQ_IRQ_CFG0, MSI);
	wr32(r, SMMUV3_R_EVENTQ_IRQ_CFG1, 0x77);
	wr32(r, SMMUV3_R_IRQ_CTRL, 5);
	run_for(r, SECOND);
	rig_cr0(r, cr0);
	return r;
}

static struct rig *plain(unsigned lg2)
{
	term_model = merge = suppress = false;
	stall_max = 4;
	stall_model = 0;
	return rig_start(lg2, CR0_EVENTQEN);
}

/* Request @i: a read of page @i of stream @sid; time passes until nothing moves. */
static void ask(struct rig *r, unsigned i, uint32_t sid)
{
	req[i].done = 0;
	req[i].xl.req = (struct xl_req){ .iova = (uint64_t)i << 12 | 0x123, .len = 8, .rid = sid, .acc = XL_R };
	req[i].xl.done = req_done;
	iommu_translate(r->u, &req[i].xl);
	run_for(r, US);
}

static void refuse(unsigned page, unsigned code, uint64_t info)
{
	verdict.code[page] = (uint16_t)code;
	verdict.info[page] = info;
}

static uint64_t rec_word(const struct rig *r, unsigned slot, unsigned w)
{
	return mem64(r, RIG_EVENTQ + 32 * slot + 8 * w);
}

#define PROD(r) rd32(r, SMMUV3_R_EVENTQ_PROD)
#define CONSUME(r, v) wr32(r, SMMUV3_R_EVENTQ_CONS, v)

/* ---- the queue ---- */

START_TEST(record_then_prod_then_interrupt)
{
	struct rig *r = plain(2);

	refuse(5, EV_TRANSLATION, I_S2 | I_IN);
	ask(r, 5, SID);
	ck_assert_uint_eq(req[5].done, 1);
	ck_assert(!req[5].res.ok);
	ck_assert_uint_eq(PROD(r), 1);
	ck_assert_uint_eq(rec_word(r, 0, 0), 0x0000004200000010);
	ck_assert_uint_eq(rec_word(r, 0, 1), 0x0000028800000000);
	ck_assert_uint_eq(rec_word(r, 0, 2), 0x5123);
	ck_assert_uint_eq(rec_word(r, 0, 3), 0xabcd000);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, MSI);
	ck_assert_uint_eq(r->msi[0].data, 0x77);
	ask(r, 5, SID); /* not empty: no second interrupt */
	ck_assert_uint_eq(PROD(r), 2);
	ck_assert_uint_eq(r->n_msi, 1);
	CONSUME(r, 2);
	ask(r, 5, SID);
	ck_assert_uint_eq(r->n_msi, 2);
	ck_assert_uint_eq(r->s->st.events, 3);
	rig_free(r);
}
END_TEST

START_TEST(speculative_and_unrecorded_leave_nothing)
{
	struct rig *r = plain(2);

	refuse(1, EV_TRANSLATION, I_IN | SMMUV3_I_STALL);
	req[1].xl.req = (struct xl_req){ .iova = 0x1000, .rid = SID, .acc = XL_R, .spec = true };
	req[1].xl.done = req_done;
	iommu_translate(r->u, &req[1].xl);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(r->s->st.events + r->s->st.events_lost, 0);
	rig_free(r);
}
END_TEST

/* Every size from one entry on: the wrap bit is the bit above the index. */
START_TEST(wrap_full_and_overflow)
{
	struct rig *r = plain((unsigned)_i);
	unsigned n = 1u << _i;

	refuse(1, EV_BAD_CD, 0);
	refuse(2, EV_BAD_STE, 0);
	for (unsigned round = 0; round < 3; round++) {
		uint32_t base = round * n & (2 * n - 1);

		for (unsigned i = 0; i < n; i++)
			ask(r, 1, SID + round);
		ck_assert_uint_eq(PROD(r), (base + n) & (2 * n - 1)); /* every entry usable */
		ck_assert_uint_eq(rec_word(r, n - 1, 0), (uint64_t)(SID + round) << 32 | 0x0a);
		CONSUME(r, PROD(r));
	}
	for (unsigned i = 0; i < n; i++)
		ask(r, 1, SID);
	ask(r, 2, SID);
	ck_assert_uint_eq(PROD(r), ((4 * n) & (2 * n - 1)) | UINT32_C(1) << 31);
	ask(r, 2, SID); /* OVFLG does not toggle again */
	ck_assert_uint_eq(PROD(r) >> 31, 1);
	ck_assert_uint_eq(r->s->st.event_overflows, 1);
	ck_assert_uint_eq(r->s->st.events_lost, 2);
	/* room, not acknowledged: records are written, the flag stays */
	CONSUME(r, (3 * n + 1) & (2 * n - 1));
	ask(r, 2, SID);
	ck_assert_uint_eq(PROD(r), ((4 * n + 1) & (2 * n - 1)) | UINT32_C(1) << 31);
	ask(r, 2, SID);
	ck_assert_uint_eq(r->s->st.event_overflows, 1);
	/* acknowledged: the next loss toggles it back to 0 */
	CONSUME(r, ((3 * n + 1) & (2 * n - 1)) | UINT32_C(1) << 31);
	ask(r, 2, SID);
	ck_assert_uint_eq(PROD(r) >> 31, 0);
	ck_assert_uint_eq(r->s->st.event_overflows, 2);
	rig_free(r);
}
END_TEST

START_TEST(disabled_queue_drops_without_overflow)
{
	struct rig *r = plain(1);

	rig_cr0(r, 0);
	refuse(1, EV_BAD_CD, 0);
	ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(r->s->st.events_lost, 1);
	ck_assert_uint_eq(r->s->st.event_overflows, 0);
	rig_free(r);
}
END_TEST

START_TEST(log2size_is_capped)
{
	struct rig *r = plain(3);

	rig_cr0(r, 0);
	r->s->cap.eventqs = 1; /* two entries whatever EVENTQ_BASE says */
	rig_cr0(r, CR0_EVENTQEN);
	refuse(1, EV_BAD_CD, 0);
	for (unsigned i = 0; i < 3; i++)
		ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 2 | UINT32_C(1) << 31);
	rig_free(r);
}
END_TEST

START_TEST(write_abort_keeps_prod_until_acknowledged)
{
	struct rig *r = plain(2);

	refuse(1, EV_BAD_CD, 0);
	mem_poison(r->m, RIG_EVENTQ, true);
	ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 4);
	mem_poison(r->m, RIG_EVENTQ, false);
	ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(r->s->st.events_lost, 2);
	ck_assert_uint_eq(r->s->st.event_overflows, 0);
	wr32(r, SMMUV3_R_GERRORN, 4);
	ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 1);
	rig_free(r);
}
END_TEST

static const struct {
	const char *what;
	uint16_t code, other; /* second event: same code, or another one */
	uint64_t info;
	unsigned page; /* of the second event */
	bool on, merged;
} merging[] = {
	{ "MEV", EV_TRANSLATION, EV_TRANSLATION, I_IN | SMMUV3_I_MEV, 1, true, true },
	{ "no MEV", EV_TRANSLATION, EV_TRANSLATION, I_IN, 1, true, false },
	{ "option off", EV_TRANSLATION, EV_TRANSLATION, I_IN | SMMUV3_I_MEV, 1, false, false },
	{ "another page", EV_TRANSLATION, EV_TRANSLATION, I_IN | SMMUV3_I_MEV, 2, true, false },
	{ "another event", EV_TRANSLATION, EV_ACCESS, I_IN | SMMUV3_I_MEV, 1, true, false },
	{ "C_BAD_STE without MEV", EV_BAD_STE, EV_BAD_STE, 0, 2, true, true },
	{ "C_BAD_CD without MEV", EV_BAD_CD, EV_BAD_CD, 0, 1, true, false },
	{ "C_BAD_CD with MEV", EV_BAD_CD, EV_BAD_CD, SMMUV3_I_MEV, 1, true, true },
};

START_TEST(merges_what_the_rules_allow)
{
	struct rig *r;

	term_model = suppress = false;
	stall_max = 4;
	merge = merging[_i].on;
	r = rig_start(3, CR0_EVENTQEN);
	refuse(1, merging[_i].code, merging[_i].info);
	ask(r, 1, SID);
	refuse(merging[_i].page, merging[_i].other, merging[_i].info);
	req[merging[_i].page].xl.req.iova += 8;
	ask(r, merging[_i].page, SID);
	ck_assert_msg(PROD(r) == (merging[_i].merged ? 1u : 2u), "%s: PROD %u", merging[_i].what, PROD(r));
	ck_assert_uint_eq(r->s->st.events_merged, merging[_i].merged);
	CONSUME(r, PROD(r)); /* what was read cannot be merged with */
	ask(r, merging[_i].page, SID);
	ck_assert_uint_eq(PROD(r), merging[_i].merged ? 2 : 3);
	rig_free(r);
}
END_TEST

/* The low 12 bits of the address do not count for translation faults. */
START_TEST(merging_ignores_the_page_offset)
{
	struct rig *r;

	term_model = suppress = false;
	stall_max = 4;
	merge = true;
	r = rig_start(3, CR0_EVENTQEN);
	refuse(1, EV_TRANSLATION, I_IN | SMMUV3_I_MEV);
	for (unsigned i = 0; i < 2; i++) {
		req[i].xl.req = (struct xl_req){ .iova = 0x1000 + 64 * i, .rid = SID, .acc = XL_R };
		req[i].xl.done = req_done;
		iommu_translate(r->u, &req[i].xl);
		run_for(r, US);
	}
	ck_assert_uint_eq(PROD(r), 1);
	ck_assert_uint_eq(r->s->st.events_merged, 1);
	rig_free(r);
}
END_TEST

/* ---- stalls ---- */

#define STALL (I_IN | SMMUV3_I_STALL)

static unsigned stag_of(const struct rig *r, unsigned slot)
{
	uint64_t w = rec_word(r, slot, 1);

	ck_assert_uint_eq(w >> 31 & 1, 1);
	return w & 0xffff;
}

START_TEST(stall_then_retry_finds_the_new_table)
{
	struct rig *r = plain(3);

	refuse(1, EV_TRANSLATION, STALL);
	ask(r, 1, SID);
	ck_assert_uint_eq(req[1].done, 0);
	ck_assert_uint_eq(PROD(r), 1);
	ck_assert_uint_eq(rec_word(r, 0, 1) & ~UINT64_C(0xffff), 0x0000020880000000);
	smmuv3_resume(r->s, SID + 1, stag_of(r, 0), true, false); /* another stream, another tag: nothing */
	smmuv3_resume(r->s, SID, stag_of(r, 0) + 1, true, false);
	smmuv3_resume(r->s, SID, 0xffff, true, false);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 0);
	ck_assert_uint_eq(PROD(r), 1);
	smmuv3_resume(r->s, SID, stag_of(r, 0), true, false); /* not repaired: a new record */
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 0);
	ck_assert_uint_eq(PROD(r), 2);
	refuse(1, 0, 0);
	smmuv3_resume(r->s, SID, stag_of(r, 1), true, false);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert(req[1].res.ok);
	smmuv3_resume(r->s, SID, stag_of(r, 1), true, false); /* the same once more: nothing */
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert_uint_eq(r->s->st.stall_records, 2);
	ck_assert_uint_eq(r->u->st.stalls, 2);
	rig_free(r);
}
END_TEST

static const struct {
	bool ac, ab, term_model, raz;
} ends[] = { { false, false, false, true }, { false, true, false, false }, { false, false, true, false }, { false, true, true, false } };

START_TEST(terminate_is_abort_or_raz)
{
	struct rig *r;

	term_model = ends[_i].term_model;
	merge = suppress = false;
	stall_max = 4;
	r = rig_start(3, CR0_EVENTQEN);
	refuse(1, EV_ACCESS, STALL);
	ask(r, 1, SID);
	smmuv3_resume(r->s, SID, stag_of(r, 0), ends[_i].ac, ends[_i].ab);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert(!req[1].res.ok);
	ck_assert_uint_eq(req[1].res.raz, ends[_i].raz);
	ck_assert_uint_eq(PROD(r), 1); /* no second record */
	ck_assert_uint_eq(r->u->st.faults, 1);
	rig_free(r);
}
END_TEST

/* Tags are unique; the request beyond STALL_MAX is aborted with Stall = 0; a freed tag can be used again. */
START_TEST(one_more_than_stall_max)
{
	struct rig *r = plain(4);
	unsigned seen = 0;

	for (unsigned i = 0; i < 6; i++)
		refuse(i, EV_PERMISSION, STALL);
	for (unsigned i = 0; i < 5; i++)
		ask(r, i, SID);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(req[i].done, 0);
		seen |= 1u << stag_of(r, i);
	}
	ck_assert_uint_eq(seen, 0xf);
	ck_assert_uint_eq(req[4].done, 1);
	ck_assert(!req[4].res.ok && !req[4].res.raz);
	ck_assert_uint_eq(rec_word(r, 4, 1), 0x0000020800000000);
	smmuv3_resume(r->s, SID, stag_of(r, 2), false, true);
	run_for(r, US);
	ask(r, 5, SID);
	ck_assert_uint_eq(req[5].done, 0);
	ck_assert_uint_eq(stag_of(r, 5), stag_of(r, 2));
	ck_assert_uint_eq(r->s->st.stall_records, 5);
	rig_free(r);
}
END_TEST

/* Faults that cannot stall, requests that must not, and a unit that never stalls. */
START_TEST(what_does_not_stall)
{
	struct rig *r = plain(4);

	refuse(1, EV_BAD_CD, STALL);
	ask(r, 1, SID);
	refuse(2, EV_TRANSLATION, STALL);
	req[2].xl.req = (struct xl_req){ .iova = 0x2000, .rid = SID, .acc = XL_R, .at = XL_TRANSLATED };
	req[2].xl.done = req_done;
	iommu_translate(r->u, &req[2].xl);
	run_for(r, US);
	r->s->cap.stall_model = 1;
	refuse(3, EV_TRANSLATION, STALL);
	ask(r, 3, SID);
	for (unsigned i = 1; i < 4; i++) {
		ck_assert_uint_eq(req[i].done, 1);
		ck_assert_uint_eq(rec_word(r, i - 1, 1) >> 31 & 1, 0);
	}
	rig_free(r);
}
END_TEST

START_TEST(stall_term_ends_the_stalls_of_a_stream)
{
	struct rig *r = plain(4);

	for (unsigned i = 0; i < 4; i++) {
		refuse(i, EV_TRANSLATION, STALL);
		ask(r, i, SID + (i & 1));
	}
	smmuv3_stall_term(r->s, SID, false);
	run_for(r, US);
	ck_assert(req[0].done && !req[1].done && req[2].done && !req[3].done);
	ck_assert(!req[0].res.ok && !req[0].res.raz);
	smmuv3_resume(r->s, SID, stag_of(r, 0), true, false); /* its tag is free */
	run_for(r, US);
	ck_assert_uint_eq(req[0].done, 1);
	smmuv3_stall_term(r->s, 0, true);
	run_for(r, US);
	ck_assert(req[1].done && req[3].done);
	ck_assert_uint_eq(PROD(r), 4);
	rig_free(r);
}
END_TEST

/* Clearing SMMUEN aborts whatever is stalled. */
START_TEST(smmuen_off_ends_every_stall)
{
	struct rig *r;

	term_model = merge = suppress = false;
	stall_max = 4;
	stall_model = 0;
	r = rig_start(4, CR0_EVENTQEN | CR0_SMMUEN);
	refuse(1, EV_TRANSLATION, STALL);
	ask(r, 1, SID);
	ck_assert_uint_eq(req[1].done, 0);
	rig_cr0(r, CR0_EVENTQEN);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert(!req[1].res.ok);
	rig_free(r);
}
END_TEST

/* The queue is full: stall records wait in order, ordinary ones are lost, and stalls cause no overflow. */
START_TEST(stall_records_are_held_while_full)
{
	struct rig *r = plain(1);

	for (unsigned i = 0; i < 4; i++)
		refuse(i, EV_TRANSLATION, STALL);
	for (unsigned i = 0; i < 4; i++)
		ask(r, i, SID + i);
	ck_assert_uint_eq(PROD(r), 2);
	ck_assert_uint_eq(r->s->st.event_overflows, 0);
	smmuv3_resume(r->s, SID + 2, 2, true, false); /* software cannot know this tag yet */
	run_for(r, US);
	ck_assert_uint_eq(r->u->st.stalls, 4);
	CONSUME(r, 1);
	ck_assert_uint_eq(PROD(r), 3);
	ck_assert_uint_eq(rec_word(r, 0, 0) >> 32, SID + 2);
	ck_assert_uint_eq(rec_word(r, 0, 2), 0x2123);
	CONSUME(r, 3);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(rec_word(r, 1, 0) >> 32, SID + 3);
	ck_assert_uint_eq(r->s->st.stall_records, 4);
	ck_assert_uint_eq(r->s->st.events_lost, 0);
	refuse(3, 0, 0);
	smmuv3_resume(r->s, SID + 3, stag_of(r, 1), true, false);
	run_for(r, US);
	ck_assert_uint_eq(req[3].done, 1);
	rig_free(r);
}
END_TEST

/* Held while the queue is off or its write aborted: written after EVENTQEN, or after the acknowledgement. */
START_TEST(stall_records_are_held_while_off_or_aborted)
{
	struct rig *r = plain(2);

	if (_i)
		mem_poison(r->m, RIG_EVENTQ, true);
	else
		rig_cr0(r, 0);
	refuse(1, EV_TRANSLATION, STALL);
	ask(r, 1, SID);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(req[1].done, 0);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), _i ? 4 : 0);
	mem_poison(r->m, RIG_EVENTQ, false);
	if (_i)
		wr32(r, SMMUV3_R_GERRORN, 4);
	else
		rig_cr0(r, CR0_EVENTQEN);
	run_for(r, US);
	ck_assert_uint_eq(PROD(r), 1);
	stag_of(r, 0);
	rig_free(r);
}
END_TEST

/* An invalidation came between the fault and the room in the queue: the stale record is not written, the request is tried again. */
START_TEST(held_request_is_retried_after_an_invalidation)
{
	struct rig *r = plain(0);

	refuse(0, EV_BAD_CD, 0);
	refuse(1, EV_TRANSLATION, STALL);
	refuse(2, EV_TRANSLATION, STALL);
	ask(r, 0, SID);
	ask(r, 1, SID);
	ask(r, 2, SID);
	r->s->st.tlbi_va++; /* what executing a TLBI does */
	refuse(1, 0, 0);
	CONSUME(r, 1);
	run_for(r, US);
	ck_assert_uint_eq(req[1].done, 1);
	ck_assert(req[1].res.ok);
	ck_assert_uint_eq(req[2].done, 0);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(rec_word(r, 0, 2), 0x2123);
	ck_assert_uint_eq(r->s->st.stall_records, 1);
	rig_free(r);
}
END_TEST

START_TEST(held_records_of_terminated_requests_are_lost)
{
	struct rig *r = plain(0);

	for (unsigned i = 0; i < 4; i++) {
		refuse(i, EV_TRANSLATION, STALL);
		ask(r, i, SID + (i & 1));
	}
	smmuv3_stall_term(r->s, SID + 1, false);
	run_for(r, US);
	ck_assert(!req[0].done && req[1].done && !req[2].done && req[3].done);
	ck_assert_uint_eq(r->s->st.events_lost, 2);
	CONSUME(r, 1);
	ck_assert_uint_eq(PROD(r), 0);
	ck_assert_uint_eq(rec_word(r, 0, 2), 0x2123);
	rig_free(r);
}
END_TEST

START_TEST(duplicates_wait_without_a_record)
{
	struct rig *r;

	term_model = merge = false;
	suppress = _i;
	stall_max = 8;
	r = rig_start(4, CR0_EVENTQEN);
	refuse(1, EV_TRANSLATION, STALL);
	for (unsigned i = 0; i < 4; i++) {
		req[i].xl.req = (struct xl_req){ .iova = 0x1000 + 16 * i, .rid = SID, .acc = i == 3 ? XL_W : XL_R };
		req[i].xl.done = req_done;
		iommu_translate(r->u, &req[i].xl);
		run_for(r, US);
	}
	ck_assert_uint_eq(PROD(r), _i ? 2 : 4); /* the write is no duplicate of a read */
	if (_i) {
		smmuv3_resume(r->s, SID, stag_of(r, 0), false, true);
		run_for(r, US);
		ck_assert(req[0].done && !req[1].done && !req[2].done && !req[3].done);
		ck_assert_uint_eq(PROD(r), 3); /* the first suppressed one, tried anew, stalls for both */
		refuse(1, 0, 0);
		smmuv3_resume(r->s, SID, stag_of(r, 2), true, false);
		run_for(r, US);
		ck_assert(req[1].done && req[2].done && req[1].res.ok && req[2].res.ok);
	}
	rig_free(r); /* with a stalled request left */
}
END_TEST

/* A restored IDR5 with a larger STALL_MAX: requests already stalled keep their tags. */
START_TEST(stall_max_can_grow)
{
	struct rig *r = plain(6);

	for (unsigned i = 0; i < 32; i++)
		refuse(i, EV_TRANSLATION, STALL);
	for (unsigned i = 0; i < 4; i++)
		ask(r, i, SID);
	r->s->cap.stall_max = 20;
	for (unsigned i = 4; i < 21; i++)
		ask(r, i, SID);
	ck_assert_uint_eq(r->s->st.stall_records, 20);
	ck_assert_uint_eq(req[20].done, 1);
	refuse(0, 0, 0);
	smmuv3_resume(r->s, SID, stag_of(r, 0), true, false);
	run_for(r, US);
	ck_assert_uint_eq(req[0].done, 1);
	rig_free(r);
}
END_TEST

/* ---- the whole unit, replaying a trace ---- */

enum { TTB = 0x70000, L2 = 0x71000, L3 = 0x72000, DEV = 8 };
#define REC_REG(o, v, n) { .kind = TRC_MMIO_WRITE, .at = TRC_NO_TIME, .u.mmio = { v, o, n, true } }
#define REC_RESUME(slot, acab, stag) REC_STORE(RIG_CMDQ + 16 * (slot), UINT64_C(0x0000000800000044) | (acab)), REC_STORE(RIG_CMDQ + 16 * (slot) + 8, stag)
#define REC_STE REC_STORE(RIG_STRTAB + 64 * DEV, 0x5000b) /* V, Config = stage 1, S1ContextPtr */
/* V, AA64, S, R, A, EPD1, T0SZ = 25: three levels of 4 KiB tables */
#define REC_CD REC_STORE(RIG_CD, 0x00007200c0000019), REC_STORE(RIG_CD + 8, TTB), REC_STORE(RIG_CD + 24, 0xff)
#define REC_TABLES REC_STORE(TTB, L2 | 3), REC_STORE(L2, L3 | 3)
#define REC_REGS REC_REG(SMMUV3_R_CMDQ_BASE, RIG_CMDQ | RIG_LG2, 8), REC_REG(SMMUV3_R_CMDQ_PROD, 0, 4), REC_REG(SMMUV3_R_CMDQ_CONS, 0, 4), \
	REC_REG(SMMUV3_R_EVENTQ_BASE, RIG_EVENTQ | RIG_LG2, 8), REC_REG(SMMUV3_R_EVENTQ_PROD, 0, 4), REC_REG(SMMUV3_R_EVENTQ_CONS, 0, 4), \
	REC_REG(SMMUV3_R_STRTAB_BASE, RIG_STRTAB, 8), REC_REG(SMMUV3_R_STRTAB_BASE_CFG, 4, 4), REC_REG(SMMUV3_R_CR0, 0xd, 4)
#define REC_PAGE(n, v) REC_STORE(L3 + 8 * (n), v) /* AF, unprivileged read and write */

START_TEST(trace_with_resume)
{
	static const struct trc_rec t[] = {
		REC_STE, REC_CD, REC_TABLES, REC_REGS,
		REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_PAGE(0, 0x5443), /* waits until the DMA stalls, then repairs */
		REC_RESUME(0, 0x1000, 0), REC_REG(SMMUV3_R_CMDQ_PROD, 1, 4),
		REC_DMA('w', 0x1010, 64, REC_FAULT(EV_TRANSLATION)), REC_REG(SMMUV3_R_CR2, 0, 4), /* guarded: without effect, but it waits */
		REC_RESUME(1, 0x2000, 1), REC_REG(SMMUV3_R_CMDQ_PROD, 2, 4),
		REC_DMA('r', 0x2010, 64, REC_OK(0x7010)), REC_REG(SMMUV3_R_CR2, 0, 4), /* never resumed */
		REC_DMA('r', 0x20, 64, REC_OK(0x5020)),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct smmuv3_cfg cfg;
	struct err e = { 0 };
	struct plat *p = plat_create(&c, NULL, &e);
	struct iommu *u;
	uint64_t rec[4];

	ck_assert_msg(p != NULL, "%s", e.msg);
	cfg_defaults(smmuv3_opts, &cfg);
	term_model = merge = suppress = false;
	stall_max = 4;
	stall_model = 0;
	configure(&cfg);
	u = smmuv3_create(&cfg, "smmu0", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	ck_assert_msg(plat_run(p, fake_next_rec, &(struct fake_trace){ .rec = t, .n = ARRAY_LEN(t) }, true, &e), "%s", e.msg);
	ck_assert_uint_eq(plat_statistics(p)->stalled_at_end, 2); /* the last read waits in order behind the one before */
	ck_assert_uint_eq(plat_verified(p)->agree, 2);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	ck_assert_uint_eq(plat_verified(p)->not_compared, 2);
	ck_assert_uint_eq(smmuv3_of(u)->st.stall_records, 3);
	ck_assert_uint_eq(smmuv3_of(u)->st.resume, 2);
	ck_assert_uint_eq(mem_read(plat_mem(p), RIG_EVENTQ + 32, rec, 4), MEM_OK);
	ck_assert_uint_eq(rec[0], 0x0000000800000010);
	ck_assert_uint_eq(rec[1], 0x0000020080000001);
	ck_assert_uint_eq(rec[2], 0x1010);
	plat_destroy(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_evtq");
	TCase *t = tcase_create("smmuv3_evtq");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, record_has_exactly_its_fields, 0, ARRAY_LEN(records));
	tcase_add_test(t, no_record);
	tcase_add_test(t, record_then_prod_then_interrupt);
	tcase_add_test(t, speculative_and_unrecorded_leave_nothing);
	tcase_add_loop_test(t, wrap_full_and_overflow, 0, 4);
	tcase_add_test(t, disabled_queue_drops_without_overflow);
	tcase_add_test(t, log2size_is_capped);
	tcase_add_test(t, write_abort_keeps_prod_until_acknowledged);
	tcase_add_loop_test(t, merges_what_the_rules_allow, 0, ARRAY_LEN(merging));
	tcase_add_test(t, merging_ignores_the_page_offset);
	tcase_add_test(t, stall_then_retry_finds_the_new_table);
	tcase_add_loop_test(t, terminate_is_abort_or_raz, 0, ARRAY_LEN(ends));
	tcase_add_test(t, one_more_than_stall_max);
	tcase_add_test(t, what_does_not_stall);
	tcase_add_test(t, stall_term_ends_the_stalls_of_a_stream);
	tcase_add_test(t, smmuen_off_ends_every_stall);
	tcase_add_test(t, stall_records_are_held_while_full);
	tcase_add_loop_test(t, stall_records_are_held_while_off_or_aborted, 0, 2);
	tcase_add_test(t, held_request_is_retried_after_an_invalidation);
	tcase_add_test(t, held_records_of_terminated_requests_are_lost);
	tcase_add_loop_test(t, duplicates_wait_without_a_record, 0, 2);
	tcase_add_test(t, stall_max_can_grow);
	tcase_add_test(t, trace_with_resume);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
