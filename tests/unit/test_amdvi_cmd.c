/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: legality, the host's buffer, COMPLETION_WAIT, device-IOTLB invalidations, prefetch. Encoded by hand from the specification. */
#include "amdvi/amdvi_cmd.h"
#include "amdvi_rig.h"

#define CTL UINT64_C(0x140d) /* what rig_on() switches on */
#define ALL_OF UINT64_C(0x7ffffffffffff000)
enum { FETCH_PS = 54000 /* 50 ns of memory, 4 cycles */, STORE_PS = 50000, WAIT_PS = 4000, DEVTAB_PS = 16000, PAGES_PS = 32000 };
#define TIMEOUT_1S (UINT64_C(4) << 5)

static void all_features(struct amdvi_cfg *c)
{
	c->efr |= 1; /* PreFSup */
}

static struct rig *ready(void (*set)(struct amdvi_cfg *), uint64_t ctl)
{
	struct rig *r = rig_new(set);

	rig_on(r, ctl);
	return r;
}

static uint64_t sem(const struct rig *r)
{
	return mem64(r, RIG_SEM);
}

static bool cmd_runs(struct rig *r)
{
	return rd32(r, AMDVI_R_STATUS) & AMDVI_ST_CmdBufRun;
}

/* CmdBufEn to 0 and 1 again; meanwhile Head and Tail to @slot unless it is negative. */
static void restart(struct rig *r, int slot)
{
	uint64_t ctl = rd64(r, AMDVI_R_CONTROL);

	wr64(r, AMDVI_R_CONTROL, ctl & ~AMDVI_CT_CmdBufEn);
	if (slot >= 0) {
		wr32(r, AMDVI_R_CMD_HEAD, (uint32_t)slot * 16);
		wr32(r, AMDVI_R_CMD_TAIL, (uint32_t)slot * 16);
		r->slot = (unsigned)slot;
	}
	wr64(r, AMDVI_R_CONTROL, ctl | AMDVI_CT_CmdBufEn);
}

static void answer(struct rig *r, unsigned i)
{
	r->u->ops->ats_cpl(r->u, r->inv[i].rid, UINT32_C(1) << r->inv[i].itag, 1);
}

/* Run until the n-th message to devices has left. Returns: when. */
static sim_time until_sent(struct rig *r, unsigned n)
{
	while (r->n_inv < n)
		ck_assert(sim_run_one(r->k));
	return sim_now(r->k);
}

/* ---- legality ---- */

static void no_prefetch(struct amdvi_cfg *c)
{
	c->efr &= ~UINT64_C(1);
}

static void bare(struct amdvi_cfg *c)
{
	c->efr &= ~(BIT64(1) | BIT64(4) | BIT64(6) | BIT64(54) | BIT64(55)); /* PPR GT IA InvIotlbType vIommu */
	c->iotlb_sup = false;
}

static void bare_but_iotlb(struct amdvi_cfg *c)
{
	bare(c);
	c->iotlb_sup = true;
}

static void ppr_no_gt(struct amdvi_cfg *c)
{
	bare(c);
	c->efr |= 3;
}

static const struct {
	const char *what;
	void (*set)(struct amdvi_cfg *);
	uint64_t w0, w1;
	bool legal;
} legal[] = {
	{ "opcode 0", all_features, 0, 0, false },
	{ "COMPLETION_WAIT of nothing", all_features, 0x1000000000000000, 0, true },
	{ "COMPLETION_WAIT, data without s", all_features, 0x1000000000000000, UINT64_MAX, true },
	{ "COMPLETION_WAIT s i f", all_features, 0x1000000000070007, 5, true },
	{ "INVALIDATE_DEVTAB_ENTRY 0100h", all_features, 0x2000000000000100, 0, true },
	{ "INVALIDATE_IOMMU_PAGES all of domain 5", all_features, 0x3000000500000000, 0x7ffffffffffff003, true },
	{ "INVALIDATE_IOMMU_PAGES GN", all_features, 0x30000005000fffff, 0x7ffffffffffff007, true },
	{ "INVALIDATE_IOMMU_PAGES without features", bare, 0x3000000500000000, 0x7ffffffffffff003, true },
	{ "INVALIDATE_IOMMU_PAGES GN without GTSup", bare, 0x3000000500000005, 0x7ffffffffffff007, false },
	{ "INVALIDATE_IOTLB_PAGES", all_features, 0x4521030020430300, 0x0000000000001004, true },
	{ "INVALIDATE_IOTLB_PAGES Type 3", all_features, 0x4000030020000300, 0x0000000000001030, true },
	{ "INVALIDATE_IOTLB_PAGES without IotlbSup", bare, 0x4000030020000300, 0x1000, false },
	{ "INVALIDATE_IOTLB_PAGES with IotlbSup only", bare_but_iotlb, 0x4000030020000300, 0x1000, true },
	{ "INVALIDATE_IOTLB_PAGES GN without GTSup", bare_but_iotlb, 0x4000030020000300, 0x1004, false },
	{ "INVALIDATE_IOTLB_PAGES Type 1 without InvIotlbTypeSup", bare_but_iotlb, 0x4000030020000300, 0x1010, false },
	{ "INVALIDATE_IOTLB_PAGES Type 2 without InvIotlbTypeSup", bare_but_iotlb, 0x4000030020000300, 0x1020, false },
	{ "INVALIDATE_INTERRUPT_TABLE", bare, 0x5000000000000100, 0, true },
	{ "PREFETCH_IOMMU_PAGES", all_features, 0x6000000501000300, 0x1014, true },
	{ "PREFETCH_IOMMU_PAGES without PreFSup", no_prefetch, 0x6000000001000300, 0x1000, false },
	{ "PREFETCH_IOMMU_PAGES without GTSup", ppr_no_gt, 0x6000000001000300, 0x1010, true },
	{ "PREFETCH_IOMMU_PAGES GN without GTSup", ppr_no_gt, 0x6000000501000300, 0x1004, false },
	{ "COMPLETE_PPR_REQUEST", all_features, 0x7000000500000300, 0x0000001a00000004, true },
	{ "COMPLETE_PPR_REQUEST without PPRSup", bare, 0x7000000000000300, 0x0000001a00000000, false },
	{ "COMPLETE_PPR_REQUEST without GTSup", ppr_no_gt, 0x7000000000000300, 0x0000001a00000000, true },
	{ "COMPLETE_PPR_REQUEST GN without GTSup", ppr_no_gt, 0x7000000500000300, 0x0000001a00000004, false },
	{ "INVALIDATE_IOMMU_ALL", all_features, 0x8000000000000000, 0, true },
	{ "INVALIDATE_IOMMU_ALL without IASup", bare, 0x8000000000000000, 0, false },
	{ "INSERT_GUEST_EVENT", all_features, 0x9000000700000000, 0x70000, true },
	{ "INSERT_GUEST_EVENT without vIommuSup", bare, 0x9000000700000000, 0x70000, false },
	{ "RESET_VMMIO", all_features, 0xa000000090000007, 0, true },
	{ "RESET_VMMIO without vIommuSup", bare, 0xa000000090000007, 0, false },
	{ "opcode b", all_features, 0xb000000000000000, 0, false },
	{ "opcode c", all_features, 0xc000000000000000, 0, false },
	{ "opcode d", all_features, 0xd000000000000000, 0, false },
	{ "opcode e", all_features, 0xe000000000000000, 0, false },
	{ "opcode f", all_features, 0xf000000000000000, 0, false },
};

START_TEST(legality)
{
	struct rig *r = ready(legal[_i].set, 0);
	unsigned events;

	r->u->env.ats_inv = NULL;
	put(r, legal[_i].w0, legal[_i].w1);
	put_wait(r, 1);
	tail(r);
	run_all(r);
	events = n_events(r);
	ck_assert_msg(sem(r) == legal[_i].legal, "%s: later commands", legal[_i].what);
	ck_assert_msg(cmd_runs(r) == legal[_i].legal, "%s: CmdBufRun", legal[_i].what);
	ck_assert_msg(head_slot(r) == (legal[_i].legal ? 2u : 0u), "%s: head %u", legal[_i].what, head_slot(r));
	ck_assert_uint_eq(r->v->st.cmd_illegal, !legal[_i].legal);
	if (!legal[_i].legal) {
		ck_assert_msg(events == 1 && event_word(r, 0, 0) == 0x5000000000000000 && event_word(r, 0, 1) == RIG_CMD, "%s: event",
			      legal[_i].what);
	} else {
		/* INSERT_GUEST_EVENT for a guest without a log may leave another event */
		ck_assert_msg(!events || (event_word(r, 0, 0) >> 60) > 0xa, "%s: %u events", legal[_i].what, events);
	}
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

/* Each bit alone beside the opcode: those of the masks are legal, the others are not. */
START_TEST(every_bit)
{
	static const uint64_t mask[][2] = {
		{ 1, 0 }, { 0xf00fffffffffffff, UINT64_MAX }, { 0xf00000000000ffff, 0 }, { 0xf000ffff000fffff, 0xfffffffffffff007 },
		{ UINT64_MAX, 0xfffffffffffff035 }, { 0xf00000000000ffff, 0 }, { 0xf00fffffff00ffff, 0xfffffffffffff015 },
		{ 0xf00fffff0000ffff, 0x0000ffff00000004 }, { 0xf000000000000000, 0 }, { 0xf000ffff00000000, 0x000ffffffffffff0 },
		{ 0xf00000009000ffff, 0 },
	};

	for (unsigned op = 1; op < ARRAY_LEN(mask); op++) {
		struct rig *r = ready(all_features, 0);

		r->u->env.ats_inv = NULL;
		for (unsigned b = 0; b < 124; b++) {
			unsigned w = b >= 60, bit = w ? b - 60 : b;
			bool ok = mask[op][w] >> bit & 1;

			put(r, (uint64_t)op << 60 | (w ? 0 : BIT64(bit)), w ? BIT64(bit) : 0);
			tail(r);
			run_all(r);
			ck_assert_msg(cmd_runs(r) == ok, "opcode %u word %u bit %u", op, w, bit);
			restart(r, 0);
			wr32(r, AMDVI_R_EVT_HEAD, rd32(r, AMDVI_R_EVT_TAIL));
		}
		rig_free(r);
	}
}
END_TEST

/* ---- worked traces, ring base RIG_CMD ---- */

static struct rig *trace_rig(uint64_t ctl)
{
	struct rig *r = ready(all_features, ctl);

	restart(r, 4);
	return r;
}

static void trace_a(struct rig *r)
{
	put(r, 0x3000000500000000, 0x2ff003);
	put(r, 0x4000030020000300, 0x2ff001);
	put(r, 0x1000000012345679, 0x11);
	wr32(r, AMDVI_R_CMD_TAIL, 0x70);
}

START_TEST(worked_a)
{
	struct rig *r = trace_rig(0);

	trace_a(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 1);
	ck_assert_uint_eq(r->inv[0].rid, 0x300);
	ck_assert(!r->inv[0].has_pasid && !r->inv[0].global);
	ck_assert_uint_eq(r->inv[0].first, 0x200000);
	ck_assert_uint_eq(r->inv[0].last, 0x3fffff);
	ck_assert_uint_eq(rd32(r, AMDVI_R_CMD_HEAD), 0x70); /* Head passes what has been fetched */
	ck_assert_uint_eq(mem64(r, 0x12345678), 0);
	ck_assert(!idle(r));
	answer(r, 0);
	run_all(r);
	ck_assert_uint_eq(mem64(r, 0x12345678), 17);
	ck_assert_uint_eq(n_events(r), 0);
	ck_assert_uint_eq(r->v->st.pages_pde, 1);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(worked_a_silent)
{
	struct rig *r = trace_rig(TIMEOUT_1S);
	sim_time sent;

	trace_a(r);
	sent = until_sent(r, 1);
	sim_run_until(r->k, sent + SECOND - 1);
	ck_assert_uint_eq(r->v->st.iotlb_timeouts, 0);
	ck_assert_uint_eq(n_events(r), 0);
	while (mem64(r, 0x12345678) != 17) {
		ck_assert(sim_run_one(r->k));
		ck_assert(mem64(r, 0x12345678) != 17 || n_events(r) == 1); /* the event first */
		ck_assert_uint_ge(sim_now(r->k), sent + SECOND);
	}
	ck_assert_uint_lt(sim_now(r->k), sent + SECOND + US);
	ck_assert_uint_eq(event_word(r, 0, 0), 0x7000000000000300);
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_CMD + 0x50);
	run_all(r);
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(r->v->st.iotlb_timeouts, 1);
	ck_assert(cmd_runs(r) && idle(r));
	rig_free(r);
}
END_TEST

START_TEST(worked_b)
{
	struct rig *r = trace_rig(0);

	r->alive[r->n_alive++] = 0x300;
	put(r, 0x3000001200000005, 0x7ffffffffffff007);
	put(r, 0x4005030020000300, 0x7ffffffffffff005);
	put_wait(r, 18);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(sem(r), 18);
	ck_assert(r->n_inv == 1 && r->inv[0].has_pasid);
	ck_assert_uint_eq(r->inv[0].pasid, 5);
	ck_assert_uint_eq(r->inv[0].first, 0);
	ck_assert_uint_eq(r->inv[0].last, UINT64_MAX);
	ck_assert(r->v->st.pages_gn == 1 && r->v->st.pages_pde == 1 && r->v->st.pages_all == 1);
	rig_free(r);
}
END_TEST

START_TEST(worked_c)
{
	struct rig *r = trace_rig(0);

	put(r, 0x2000000000000100, 0);
	put(r, 0x5000000000000100, 0);
	put_wait(r, 19);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(sem(r), 19);
	ck_assert(r->v->st.devtab == 1 && r->v->st.irt == 1 && r->v->st.wait == 1);
	rig_free(r);
}
END_TEST

START_TEST(worked_d)
{
	struct rig *r = trace_rig(0);

	put(r, 0x7000000500000300, 0x0000001a00000004);
	put(r, 0x7000000500000300, 0x0000f01a00000004);
	put(r, 0x7000000500000301, 0x00001fff00000000);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_resp, 3);
	ck_assert(r->resp[0].rid == 0x300 && r->resp[0].has_pasid && r->resp[0].pasid == 5 && r->resp[0].prgi == 0x1a && r->resp[0].code == 0);
	ck_assert(r->resp[1].rid == 0x300 && r->resp[1].has_pasid && r->resp[1].pasid == 5 && r->resp[1].prgi == 0x1a && r->resp[1].code == 0xf);
	ck_assert(r->resp[2].rid == 0x301 && !r->resp[2].has_pasid && r->resp[2].prgi == 0x1ff && r->resp[2].code == 1);
	ck_assert_uint_eq(r->v->st.ppr_complete, 3);
	rig_free(r);
}
END_TEST

START_TEST(worked_e)
{
	struct rig *r = trace_rig(0);

	put(r, 0xf000000000000000, 0);
	put_wait(r, 20);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(event_word(r, 0, 0), 0x5000000000000000);
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_CMD + 0x40);
	ck_assert(!cmd_runs(r) && idle(r) && r->n_progress);
	ck_assert_uint_eq(rd32(r, AMDVI_R_CMD_HEAD), 0x40);
	tail(r); /* a tail write does not wake it */
	run_all(r);
	ck_assert_uint_eq(sem(r), 0);
	put_at(r, 4, 0x2000000000000100, 0);
	restart(r, -1);
	ck_assert(cmd_runs(r));
	run_all(r);
	ck_assert_uint_eq(sem(r), 20);
	ck_assert_uint_eq(r->v->st.devtab, 1);
	ck_assert_uint_eq(rd32(r, AMDVI_R_CMD_HEAD), 0x60);
	ck_assert_uint_eq(n_events(r), 1);
	rig_free(r);
}
END_TEST

static void past_illegal(struct amdvi_cfg *c)
{
	c->head_past_illegal = true;
}

START_TEST(head_past_illegal)
{
	struct rig *r = ready(past_illegal, 0);

	put(r, 0, 0);
	put_wait(r, 3);
	tail(r);
	run_all(r);
	ck_assert(head_slot(r) == 1 && !cmd_runs(r) && sem(r) == 0);
	restart(r, -1);
	run_all(r);
	ck_assert(head_slot(r) == 2 && cmd_runs(r) && sem(r) == 3);
	rig_free(r);
}
END_TEST

/* ---- the buffer ---- */

START_TEST(times)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x2000000000000100, 0);
	tail(r);
	sim_run_until(r->k, FETCH_PS - 1);
	ck_assert_uint_eq(head_slot(r), 0);
	sim_run_until(r->k, FETCH_PS);
	ck_assert_uint_eq(head_slot(r), 1);
	ck_assert(!idle(r));
	sim_run_until(r->k, FETCH_PS + DEVTAB_PS - 1);
	ck_assert_uint_eq(r->v->st.devtab, 0);
	sim_run_until(r->k, FETCH_PS + DEVTAB_PS);
	ck_assert_uint_eq(r->v->st.devtab, 1);
	ck_assert(idle(r));
	ck_assert_uint_eq(r->v->st.cmd_busy_ps, FETCH_PS + DEVTAB_PS);
	sim_run_until(r->k, US);
	put_wait(r, 7);
	tail(r);
	sim_run_until(r->k, US + FETCH_PS + WAIT_PS + STORE_PS - 1);
	ck_assert_uint_eq(sem(r), 0);
	sim_run_until(r->k, US + FETCH_PS + WAIT_PS + STORE_PS);
	ck_assert_uint_eq(sem(r), 7);
	ck_assert_uint_eq(r->v->st.cmd_busy_ps, 2 * FETCH_PS + DEVTAB_PS);
	rig_free(r);
}
END_TEST

static void page_time(struct amdvi_cfg *c)
{
	c->page_cyc = 2;
}

START_TEST(pages_time)
{
	static const struct { uint64_t qw1; unsigned pages; } row[] = {
		{ 0x100000, 1 }, { 0x100001, 2 }, { 0x101001, 4 }, { 0x11f001, 64 }, { 0x2ff001, 64 }, { ALL_OF | 1, 64 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(row); i++) {
		struct rig *r = ready(page_time, 0);
		sim_time t = FETCH_PS + PAGES_PS + 2000 * row[i].pages;

		put(r, 0x3000000500000000, row[i].qw1);
		tail(r);
		sim_run_until(r->k, t - 1);
		ck_assert_uint_eq(r->v->st.pages, 0);
		sim_run_until(r->k, t);
		ck_assert_uint_eq(r->v->st.pages, 1);
		rig_free(r);
	}
}
END_TEST

START_TEST(wrap)
{
	struct rig *r = ready(NULL, 0);

	for (unsigned i = 1; i <= 1000; i += 7) { /* batches that meet the end of the buffer at different places */
		for (unsigned j = 0; j < 7; j++)
			put_wait(r, i + j);
		tail(r);
		run_all(r);
		ck_assert_uint_eq(sem(r), i + 6);
		ck_assert_uint_eq(head_slot(r), r->slot);
	}
	for (unsigned i = 0; i < 255; i++) /* full: one slot stays free */
		put(r, 0x2000000000000000 | i, 0);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->v->st.devtab, 255);
	ck_assert_uint_eq(head_slot(r), r->slot);
	rig_free(r);
}
END_TEST

START_TEST(big_buffer)
{
	struct rig *r = ready(NULL, 0);

	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_CmdBufEn);
	wr64(r, AMDVI_R_CMD_BASE, UINT64_C(0x0900000000800000)); /* 512 entries */
	wr32(r, AMDVI_R_CMD_HEAD, 0x1ff0);
	wr32(r, AMDVI_R_CMD_TAIL, 0x10);
	put64(r, 0x801ff0, 0x2000000000000100);
	put64(r, 0x800000, 0x1000000000060001);
	put64(r, 0x800008, 0x77);
	wr64(r, AMDVI_R_CONTROL, CTL);
	run_all(r);
	ck_assert_uint_eq(sem(r), 0x77);
	ck_assert_uint_eq(r->v->st.devtab, 1);
	ck_assert_uint_eq(rd32(r, AMDVI_R_CMD_HEAD), 0x10);
	rig_free(r);
}
END_TEST

START_TEST(off_and_on)
{
	struct rig *r = ready(NULL, 0);

	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_CmdBufEn);
	put_wait(r, 1);
	tail(r); /* accepted, not fetched */
	run_all(r);
	ck_assert(sem(r) == 0 && head_slot(r) == 0 && idle(r));
	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_IommuEn);
	run_all(r);
	ck_assert(sem(r) == 0 && !cmd_runs(r));
	wr64(r, AMDVI_R_CONTROL, CTL);
	run_all(r);
	ck_assert(sem(r) == 1 && cmd_runs(r));
	put_wait(r, 2); /* stopped during the fetch: not consumed */
	tail(r);
	run_for(r, FETCH_PS / 2);
	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_CmdBufEn);
	run_all(r);
	ck_assert(sem(r) == 1 && head_slot(r) == 1 && idle(r));
	wr64(r, AMDVI_R_CONTROL, CTL);
	run_for(r, FETCH_PS);
	ck_assert_uint_eq(head_slot(r), 2);
	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_CmdBufEn); /* fetched: it finishes */
	run_all(r);
	ck_assert_uint_eq(sem(r), 2);
	rig_free(r);
}
END_TEST

START_TEST(fetch_fails)
{
	struct rig *r = ready(NULL, 0);

	put_wait(r, 1);
	put_wait(r, 2);
	mem_poison(r->m, RIG_CMD + 0x18, true); /* the second half of the second command */
	tail(r);
	run_all(r);
	ck_assert(sem(r) == 1 && head_slot(r) == 1 && !cmd_runs(r) && n_events(r) == 1);
	ck_assert_uint_eq(event_word(r, 0, 0), 0x6600000000000000);
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_CMD + 0x10);
	ck_assert_uint_eq(rd64(r, AMDVI_R_HWEV_UPPER), 0x6600000000000000);
	ck_assert_uint_eq(rd64(r, AMDVI_R_HWEV_LOWER), RIG_CMD + 0x10);
	ck_assert_uint_eq(r->v->st.cmd_hw, 1);
	mem_poison(r->m, RIG_CMD + 0x18, false);
	restart(r, -1);
	run_all(r);
	ck_assert(sem(r) == 2 && n_events(r) == 1);
	rig_free(r);
}
END_TEST

START_TEST(buffer_beyond_memory)
{
	struct rig *r = ready(NULL, 0);

	wr64(r, AMDVI_R_CONTROL, CTL & ~AMDVI_CT_CmdBufEn);
	wr64(r, AMDVI_R_CMD_BASE, UINT64_C(0x08000a0000000000));
	wr64(r, AMDVI_R_CONTROL, CTL);
	wr32(r, AMDVI_R_CMD_TAIL, 0x10);
	run_all(r);
	ck_assert(!cmd_runs(r) && idle(r));
	ck_assert_uint_eq(event_word(r, 0, 0), 0x6600000000000000);
	ck_assert_uint_eq(event_word(r, 0, 1), 0xa0000000000);
	rig_free(r);
}
END_TEST

/* The waits before the failing store complete, those after it do not. */
START_TEST(store_fails)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x4000030020000300, 0x1000);
	put(r, 0x1000000000000000 | (RIG_SEM + 0x10) | 1, 1);
	put(r, 0x1000000abcdef009 | 1, 2);
	put_wait(r, 3);
	tail(r);
	run_all(r); /* three waits wait for the device */
	ck_assert(head_slot(r) == 4 && cmd_runs(r));
	answer(r, 0);
	run_all(r);
	ck_assert_uint_eq(mem64(r, RIG_SEM + 0x10), 1);
	ck_assert_uint_eq(sem(r), 0);
	ck_assert(!cmd_runs(r) && idle(r) && n_events(r) == 1);
	ck_assert_uint_eq(event_word(r, 0, 0), 0x6600000000000000);
	ck_assert_uint_eq(event_word(r, 0, 1), 0xabcdef008);
	ck_assert_uint_eq(r->v->st.wait, 1);
	put_wait(r, 4);
	restart(r, -1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(sem(r), 4);
	rig_free(r);
}
END_TEST

START_TEST(restored)
{
	struct rig *r = rig_new(NULL);
	struct err e = { 0 };

	put_wait(r, 5);
	ck_assert(r->u->ops->restore(r->u, AMDVI_R_CMD_BASE, 8, RIG_CMD | UINT64_C(8) << 56, &e));
	ck_assert(r->u->ops->restore(r->u, AMDVI_R_CMD_TAIL, 8, 16, &e));
	ck_assert(r->u->ops->restore(r->u, AMDVI_R_CONTROL, 8, CTL, &e));
	run_all(r);
	ck_assert(idle(r) && sem(r) == 0);
	(void)rd32(r, AMDVI_R_STATUS); /* the first access wakes it */
	ck_assert(!idle(r));
	run_all(r);
	ck_assert(idle(r) && sem(r) == 5);
	rig_free(r);
}
END_TEST

static uint64_t count(struct rig *r, unsigned ctr)
{
	return rd64(r, 0x40000 + ctr * 0x100);
}

START_TEST(counters)
{
	struct rig *r = ready(NULL, 0);

	for (unsigned i = 0; i < 3; i++)
		wr64(r, 0x40008 + i * 0x100, 0x11 + i);
	r->alive[r->n_alive++] = 0x300;
	put(r, 0x2000000000000100, 0);
	put(r, 0x3000000500000000, 0x1000);
	put(r, 0x4000030020000300, 0x1000);
	put(r, 0x5000000000000100, 0);
	put(r, 0x8000000000000000, 0);
	put_wait(r, 1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(count(r, 0), 6);
	ck_assert_uint_eq(count(r, 1), 5);
	ck_assert_uint_eq(count(r, 2), 2);
	rig_free(r);
}
END_TEST

/* ---- COMPLETION_WAIT ---- */

struct flight {
	struct xl x;
	bool done;
};

static void landed(struct xl *x)
{
	container_of(x, struct flight, x)->done = true;
}

/* A read of 64 bytes; it is in flight until it is retired. */
static void fly(struct rig *r, struct flight *f, uint32_t rid, uint64_t iova)
{
	f->x.req = (struct xl_req){ .iova = iova, .len = 64, .rid = rid, .acc = XL_R };
	f->x.done = landed;
	iommu_translate(r->u, &f->x);
}

START_TEST(wait_drains)
{
	struct rig *r = ready(NULL, 0);
	struct flight f = { 0 }, later = { 0 };

	fly(r, &f, 8, 0x1000);
	put_wait(r, 1); /* nothing was invalidated: it does not wait for the request */
	tail(r);
	run_all(r);
	ck_assert(f.done && sem(r) == 1);
	put(r, 0x3000000500000000, 0x1000);
	tail(r);
	run_all(r);
	ck_assert(idle(r) && r->v->st.pages == 1); /* invalidations themselves do not drain */
	put_wait(r, 2);
	tail(r);
	run_all(r);
	ck_assert(sem(r) == 1 && !idle(r));
	fly(r, &later, 8, 0x2000); /* came after it began */
	run_all(r);
	iommu_retire(r->u, &f.x);
	run_all(r);
	ck_assert(sem(r) == 2 && idle(r));
	put_wait(r, 3);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(sem(r), 3);
	iommu_retire(r->u, &later.x);
	ck_assert_uint_eq(r->u->st.drains, 1);
	rig_free(r);
}
END_TEST

START_TEST(every_invalidation_drains)
{
	static const uint64_t qw0[] = { 0x2000000000000100, 0x3000000500000000, 0x4000030020000300, 0x5000000000000100, 0x8000000000000000 };

	for (unsigned i = 0; i < ARRAY_LEN(qw0); i++) {
		struct rig *r = ready(NULL, 0);
		struct flight f = { 0 };

		r->alive[r->n_alive++] = 0x300;
		fly(r, &f, 8, 0x1000);
		put(r, qw0[i], 0);
		put_wait(r, 1);
		tail(r);
		run_all(r);
		ck_assert_uint_eq(sem(r), 0);
		iommu_retire(r->u, &f.x);
		run_all(r);
		ck_assert_uint_eq(sem(r), 1);
		rig_free(r);
	}
}
END_TEST

START_TEST(wait_interrupts)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x1000000000060003, 9);
	tail(r);
	run_all(r);
	ck_assert(sem(r) == 9 && r->n_msi == 0);
	ck_assert(rd32(r, AMDVI_R_STATUS) & AMDVI_ST_ComWaitInt);
	wr32(r, AMDVI_R_STATUS, AMDVI_ST_ComWaitInt);
	wr64(r, AMDVI_R_CONTROL, CTL | AMDVI_CT_ComWaitIntEn);
	put(r, 0x1000000000060002, 10);
	tail(r);
	run_all(r);
	ck_assert(sem(r) == 9 && r->n_msi == 1);
	ck_assert(r->msi[0].addr == RIG_MSI_ADDR && (r->msi[0].status & AMDVI_ST_ComWaitInt));
	wr32(r, AMDVI_R_STATUS, AMDVI_ST_ComWaitInt);
	put_wait(r, 11); /* i = 0 */
	tail(r);
	run_all(r);
	ck_assert(sem(r) == 11 && r->n_msi == 1 && !(rd32(r, AMDVI_R_STATUS) & AMDVI_ST_ComWaitInt));
	rig_free(r);
}
END_TEST

START_TEST(fence)
{
	for (unsigned f = 0; f < 2; f++) {
		struct rig *r = ready(NULL, 0);

		put(r, 0x4000030020000300, 0x1000);
		put(r, 0x1000000000060001 | f << 2, 1);
		put(r, 0x2000000000000100, 0);
		tail(r);
		run_all(r);
		ck_assert_uint_eq(r->v->st.devtab, !f);
		ck_assert_uint_eq(head_slot(r), f ? 2 : 3);
		ck_assert(!idle(r) && sem(r) == 0);
		answer(r, 0);
		run_all(r);
		ck_assert(idle(r) && sem(r) == 1 && r->v->st.devtab == 1);
		rig_free(r);
	}
}
END_TEST

/* Waits end in order, and wait only for what came before them. */
START_TEST(waits_in_order)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x4000030020000300, 0x1000);
	put_wait(r, 1);
	put(r, 0x4000040020000400, 0x1000);
	put(r, 0x1000000000060011, 2);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 2);
	answer(r, 1);
	run_all(r);
	ck_assert(sem(r) == 0 && mem64(r, RIG_SEM + 0x10) == 0);
	answer(r, 0);
	run_all(r);
	ck_assert(sem(r) == 1 && mem64(r, RIG_SEM + 0x10) == 2);
	put(r, 0x4000030020000300, 0x1000);
	put_wait(r, 3);
	put(r, 0x4000040020000400, 0x1000);
	tail(r);
	run_all(r);
	answer(r, 2); /* the later one is still open */
	run_all(r);
	ck_assert(sem(r) == 3 && !idle(r));
	rig_free(r);
}
END_TEST

START_TEST(many_waits)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x4000030020000300, 0x1000);
	for (unsigned i = 1; i <= 200; i++)
		put_wait(r, i);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(head_slot(r), 1 + ACMD_WAITS + 1); /* one more is fetched and finds no room */
	answer(r, 0);
	run_all(r);
	ck_assert(sem(r) == 200 && r->v->st.wait == 200 && idle(r));
	rig_free(r);
}
END_TEST

/* ---- device-IOTLB invalidations ---- */

START_TEST(iotlb_fields)
{
	static const struct { uint64_t qw1, first, last; } range[] = {
		{ 0x0000000000100000, 0x100000, 0x100fff }, { 0x0000000000100001, 0x100000, 0x101fff }, { 0x0000000000101001, 0x100000, 0x103fff },
		{ 0x00000000002ff001, 0x200000, 0x3fffff }, { 0x000000005ffff001, 0x40000000, 0x7fffffff }, { 0x7ffffffffffff001, 0, UINT64_MAX },
		{ 0xfffffffffffff001, 0, UINT64_MAX },
	};
	struct rig *r = ready(NULL, 0);

	put(r, 0x4521030020430300, 0x1004);
	put(r, 0x4521030020430300, 0x1000); /* GN = 0: the PASID is ignored */
	for (unsigned i = 0; i < ARRAY_LEN(range); i++)
		put(r, 0x4000030020000300, range[i].qw1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 2 + ARRAY_LEN(range));
	ck_assert(r->inv[0].rid == 0x300 && r->inv[0].has_pasid && r->inv[0].pasid == 0x54321);
	ck_assert(!r->inv[1].has_pasid && r->inv[1].pasid == 0);
	for (unsigned i = 0; i < ARRAY_LEN(range); i++)
		ck_assert_msg(r->inv[2 + i].first == range[i].first && r->inv[2 + i].last == range[i].last, "range %u", i);
	rig_free(r);
}
END_TEST

static void three_in_flight(struct amdvi_cfg *c)
{
	c->ordinary_inflight = 3;
}

START_TEST(maxpend)
{
	struct rig *r = ready(three_in_flight, 0);

	for (unsigned i = 0; i < 5; i++)
		put(r, 0x4000070002000300, i << 12); /* Maxpend 2, queue 7 */
	put(r, 0x4000070002000301, 0x8000); /* another device on the same queue */
	put(r, 0x4000080002000300, 0x9000); /* another queue */
	put_wait(r, 1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 3);
	ck_assert(r->inv[0].first == 0 && r->inv[1].first == 0x1000 && r->inv[2].first == 0x9000);
	ck_assert_uint_eq(head_slot(r), 8);
	answer(r, 1);
	ck_assert(r->n_inv == 4 && r->inv[3].first == 0x2000);
	answer(r, 2); /* queue 8: no place in queue 7 */
	ck_assert_uint_eq(r->n_inv, 4);
	for (unsigned i = 0; i < 7; i++)
		if (i != 1 && i != 2)
			answer(r, i);
	ck_assert(r->n_inv == 7 && r->inv[6].rid == 0x301);
	run_all(r);
	ck_assert(sem(r) == 1 && r->v->st.iotlb_unexpected == 0);
	for (unsigned i = 0; i < 5; i++)
		put(r, 0x4000070000000300, i << 12); /* Maxpend 0: what the unit is configured for */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 7 + 3);
	rig_free(r);
}
END_TEST

START_TEST(tags)
{
	struct rig *r = ready(NULL, 0);
	uint32_t seen = 0;

	for (unsigned i = 0; i < 40; i++)
		put(r, 0x40000300ff000300, i << 12);
	put(r, 0x40000400ff000400, 0);
	put_wait(r, 1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 33); /* 32 tags of 0300h, and the other device */
	for (unsigned i = 0; i < 32; i++)
		seen |= UINT32_C(1) << r->inv[i].itag;
	ck_assert_uint_eq(seen, UINT32_MAX);
	r->u->ops->ats_cpl(r->u, 0x300, 0x3, 2); /* two completions each */
	ck_assert_uint_eq(r->n_inv, 33);
	r->u->ops->ats_cpl(r->u, 0x300, 0x1, 2);
	ck_assert_uint_eq(r->n_inv, 34);
	r->u->ops->ats_cpl(r->u, 0x300, 0xfffffffe, 1);
	ck_assert_uint_eq(r->n_inv, 41);
	for (unsigned i = 32; i < 41; i++)
		answer(r, i);
	run_all(r);
	ck_assert(sem(r) == 1 && idle(r) && r->v->st.iotlb_unexpected == 0);
	rig_free(r);
}
END_TEST

/* A tag that one queue of a device gives back serves another queue. */
START_TEST(tags_of_two_queues)
{
	struct rig *r = ready(NULL, 0);

	for (unsigned i = 0; i < 32; i++)
		put(r, 0x40000300ff000300, i << 12);
	put(r, 0x40000500ff000300, 0x50000);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->n_inv, 32);
	answer(r, 7);
	ck_assert(r->n_inv == 33 && r->inv[32].first == 0x50000 && r->inv[32].itag == r->inv[7].itag);
	rig_free(r);
}
END_TEST

/* More than the unit holds: it takes no further command until there is room. */
START_TEST(no_room)
{
	struct rig *r = ready(NULL, 0);

	for (unsigned i = 0; i < 200; i++)
		put(r, 0x4000030001000300, 0x1000);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(head_slot(r), 200);
	for (unsigned i = 0; i < 100; i++)
		put(r, 0x4000030001000300, 0x1000);
	put_wait(r, 1);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(head_slot(r), (ACMD_REQS + 1) % 256); /* the last one has been fetched and has no room */
	ck_assert_uint_eq(r->n_inv, 1);
	for (unsigned i = 0; i < 300; i++) {
		ck_assert_uint_eq(sem(r), 0);
		answer(r, i);
		run_all(r);
	}
	ck_assert(r->n_inv == 300 && sem(r) == 1 && idle(r));
	rig_free(r);
}
END_TEST

START_TEST(nobody_there)
{
	struct rig *r = ready(NULL, TIMEOUT_1S);

	r->u->env.ats_inv = NULL;
	put(r, 0x4000030020000300, 0x1000);
	put_wait(r, 1);
	tail(r);
	run_for(r, US);
	ck_assert(sem(r) == 1 && idle(r) && r->v->st.iotlb == 1 && n_events(r) == 0);
	rig_free(r);
}
END_TEST

START_TEST(late_answer)
{
	struct rig *r = ready(NULL, UINT64_C(1) << 5); /* 1 ms */

	put(r, 0x4000030001000300, 0x1000);
	put(r, 0x4000030001000300, 0x2000); /* sent when the first has timed out; its time runs from then */
	put_wait(r, 1);
	tail(r);
	run_for(r, 1500 * US);
	ck_assert(n_events(r) == 1 && r->n_inv == 2 && sem(r) == 0);
	ck_assert_uint_ne(r->inv[1].itag, r->inv[0].itag);
	answer(r, 0);
	run_for(r, US);
	ck_assert(sem(r) == 0 && r->v->st.iotlb_unexpected == 1);
	run_all(r);
	ck_assert(n_events(r) == 2 && sem(r) == 1 && cmd_runs(r) && idle(r));
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_CMD);
	ck_assert_uint_eq(event_word(r, 1, 1), RIG_CMD + 0x10);
	answer(r, 1);
	ck_assert(r->v->st.iotlb_unexpected == 2 && n_events(r) == 2);
	rig_free(r);
}
END_TEST

START_TEST(no_timeout)
{
	struct rig *r = ready(NULL, 0);

	put(r, 0x4000030020000300, 0x1000);
	put_wait(r, 1);
	tail(r);
	run_for(r, 1000 * SECOND);
	ck_assert(sem(r) == 0 && !idle(r) && n_events(r) == 0);
	answer(r, 0);
	run_all(r);
	ck_assert_uint_eq(sem(r), 1);
	rig_free(r);
}
END_TEST

static void halts(struct amdvi_cfg *c)
{
	c->halt_on_timeout = true;
}

START_TEST(halt_on_timeout)
{
	struct rig *r = ready(halts, TIMEOUT_1S);

	put(r, 0x4000030020000300, 0x1000);
	put(r, 0x1000000000060005, 1); /* s and f */
	put(r, 0x2000000000000100, 0);
	tail(r);
	run_all(r);
	ck_assert(n_events(r) == 1 && !cmd_runs(r) && idle(r));
	ck_assert(sem(r) == 1 && head_slot(r) == 2 && r->v->st.devtab == 0);
	restart(r, -1);
	run_all(r);
	ck_assert(head_slot(r) == 3 && r->v->st.devtab == 1);
	rig_free(r);
}
END_TEST

static void slow_pages(struct amdvi_cfg *c)
{
	c->pages_cyc = 1000;
}

static void slow_and_late(struct amdvi_cfg *c)
{
	slow_pages(c);
	c->late_iotlb = true;
}

START_TEST(late_iotlb)
{
	for (unsigned late = 0; late < 2; late++) {
		struct rig *r = ready(late ? slow_and_late : slow_pages, 0);

		r->alive[r->n_alive++] = 0x300;
		put(r, 0x3000000500000000, 0x2ff003);
		put(r, 0x4000030020000300, 0x2ff001);
		put(r, 0x4000030020000300, 0x4ff001);
		put(r, 0x2000000000000100, 0);
		put(r, 0x4000030020000300, 0x6ff001);
		put_wait(r, 1);
		tail(r);
		until_sent(r, 2);
		ck_assert_uint_eq(r->v->st.pages, !late); /* on its way before the unit's own entries are gone */
		until_sent(r, 3);
		ck_assert(r->v->st.pages == 1 && r->v->st.devtab == 1); /* nothing else overtakes */
		run_all(r);
		ck_assert(sem(r) == 1 && idle(r));
		rig_free(r);
	}
}
END_TEST

/* The wait behind the device's answer still waits for the pages. */
START_TEST(late_iotlb_and_wait)
{
	struct rig *r = ready(slow_and_late, 0);

	r->alive[r->n_alive++] = 0x300;
	put(r, 0x3000000500000000, 0x2ff003);
	put(r, 0x4000030020000300, 0x2ff001);
	put_wait(r, 1);
	tail(r);
	while (!sem(r)) {
		ck_assert(sim_run_one(r->k));
		ck_assert(!sem(r) || r->v->st.pages == 1);
	}
	rig_free(r);
}
END_TEST

/* ---- effects on caches, and prefetch ---- */

enum { OLD = 0x200000, NEW = 0x800000 };
#define DTE_W0 (BIT64(62) | BIT64(61) | RIG_TABLES | UINT64_C(1) << 9 | 3) /* IW, IR, root, Mode 1, TV, V */

static void map_pages(struct rig *r, uint64_t base)
{
	for (unsigned i = 0; i < 512; i++)
		put64(r, RIG_TABLES + 8 * i, BIT64(62) | BIT64(61) | (base + i * UINT64_C(0x1000)) | 1);
}

/* Devices 8, 9 in domain 5 and 16 in domain 6 share a table of 512 pages. */
static struct rig *translating(void (*set)(struct amdvi_cfg *))
{
	struct rig *r = rig_new(set);

	map_pages(r, OLD);
	rig_dte(r, 8, DTE_W0, 5, 0, 0);
	rig_dte(r, 9, DTE_W0, 5, 0, 0);
	rig_dte(r, 16, DTE_W0, 6, 0, 0);
	rig_on(r, 0);
	return r;
}

static uint64_t dma_hit(struct rig *r, uint32_t rid, uint64_t iova, bool *hit)
{
	struct flight f = { 0 };

	fly(r, &f, rid, iova);
	run_all(r);
	ck_assert_msg(f.done && f.x.res.ok, "device %u, 0x%llx: event 0x%x", rid, (unsigned long long)iova, f.x.res.code);
	iommu_retire(r->u, &f.x);
	if (hit)
		*hit = f.x.hit;
	return f.x.res.spa;
}

static uint64_t dma(struct rig *r, uint32_t rid, uint64_t iova)
{
	return dma_hit(r, rid, iova, NULL);
}

static void now(struct rig *r, uint64_t w0, uint64_t w1)
{
	put(r, w0, w1);
	put_wait(r, r->slot + 1u);
	tail(r);
	run_all(r);
	ck_assert_uint_eq(sem(r), r->slot);
}

START_TEST(pages_drop)
{
	struct rig *r = translating(NULL);

	dma(r, 8, 0x1000);
	dma(r, 8, 0x2000);
	dma(r, 16, 0x1000);
	map_pages(r, NEW);
	now(r, 0x3000000500000000, 0x1000);
	ck_assert_uint_eq(dma(r, 9, 0x1000), NEW + 0x1000); /* one domain, one entry for both devices */
	ck_assert_uint_eq(dma(r, 8, 0x2000), OLD + 0x2000);
	ck_assert_uint_eq(dma(r, 16, 0x1000), OLD + 0x1000);
	now(r, 0x3000000500000000, 0x7ffffffffffff003);
	ck_assert_uint_eq(dma(r, 8, 0x2000), NEW + 0x2000);
	ck_assert_uint_eq(dma(r, 16, 0x1000), OLD + 0x1000);
	now(r, 0x8000000000000000, 0);
	ck_assert_uint_eq(dma(r, 16, 0x1000), NEW + 0x1000);
	rig_free(r);
}
END_TEST

START_TEST(devtab_drops)
{
	struct rig *r = translating(NULL);

	dma(r, 8, 0x1000);
	dma(r, 9, 0x1000);
	rig_dte(r, 8, DTE_W0 & ~BIT64(1), 5, 0, 0); /* TV = 0 for both: their pages fault */
	rig_dte(r, 9, DTE_W0 & ~BIT64(1), 5, 0, 0);
	ck_assert_uint_eq(dma(r, 8, 0x1000), OLD + 0x1000);
	now(r, 0x2000000000000008, 0);
	ck_assert_uint_eq(dma(r, 9, 0x1000), OLD + 0x1000);
	{
		struct flight f = { 0 };

		fly(r, &f, 8, 0x1000);
		run_all(r);
		ck_assert(f.done && !f.x.res.ok);
		iommu_retire(r->u, &f.x);
	}
	rig_free(r);
}
END_TEST

START_TEST(prefetch_fills)
{
	struct rig *r = translating(all_features);
	bool hit;

	put(r, 0x6000000001000008, 0xf000);
	tail(r);
	while (!r->v->st.prefetch)
		ck_assert(sim_run_one(r->k));
	ck_assert(head_slot(r) == 1 && !idle(r)); /* until the page is there */
	run_all(r);
	ck_assert(idle(r));
	dma_hit(r, 8, 0xf000, &hit);
	ck_assert(hit);
	now(r, 0x6000000004000008, 0x10000); /* four pages */
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(dma_hit(r, 8, 0x10000 + i * 0x1000, &hit), OLD + 0x10000 + i * 0x1000);
		ck_assert_msg(hit, "page %u", i);
	}
	dma_hit(r, 8, 0x14000, &hit);
	ck_assert(!hit);
	now(r, 0x6000000002000008, 0x20001); /* two pieces of 8 KiB */
	dma_hit(r, 8, 0x20000, &hit);
	ck_assert(hit);
	dma_hit(r, 8, 0x22000, &hit);
	ck_assert(hit);
	dma_hit(r, 8, 0x21000, &hit);
	ck_assert(!hit);
	now(r, 0x6000000000000008, 0x30000); /* none */
	dma_hit(r, 8, 0x30000, &hit);
	ck_assert(!hit);
	now(r, 0x60000000ff000008, 0x40000); /* more than the unit has room for */
	dma_hit(r, 8, 0x40000 + (ACMD_PREFETCHES - 1) * 0x1000, &hit);
	ck_assert(hit);
	dma_hit(r, 8, 0x40000 + ACMD_PREFETCHES * 0x1000, &hit);
	ck_assert(!hit);
	ck_assert_uint_eq(r->v->st.prefetch, 5);
	rig_free(r);
}
END_TEST

START_TEST(prefetch_inval)
{
	struct rig *r = translating(all_features);

	for (unsigned i = 0; i < 3; i++)
		dma(r, 8, 0x1000 * (i + 1));
	dma(r, 16, 0x1000);
	map_pages(r, NEW);
	now(r, 0x6000000002000008, 0x1000);
	ck_assert_uint_eq(dma(r, 8, 0x1000), OLD + 0x1000);
	now(r, 0x6000000002000008, 0x1010); /* Inval: the two pages of device 8's domain go first */
	ck_assert_uint_eq(dma(r, 8, 0x1000), NEW + 0x1000);
	ck_assert_uint_eq(dma(r, 8, 0x2000), NEW + 0x2000);
	ck_assert_uint_eq(dma(r, 8, 0x3000), OLD + 0x3000);
	ck_assert_uint_eq(dma(r, 16, 0x1000), OLD + 0x1000);
	rig_free(r);
}
END_TEST

START_TEST(prefetch_leaves_no_trace)
{
	struct rig *r = translating(all_features);

	put64(r, RIG_TABLES + 8, 0);
	now(r, 0x6000000001000008, 0x1000);
	now(r, 0x6000000001000020, 0x1000); /* a device without an entry */
	mem_poison(r->m, RIG_DEVTAB + 0x30 * 32, true);
	now(r, 0x6000000001000030, 0x1010); /* whose domain cannot be known */
	ck_assert_uint_eq(n_events(r), 0);
	ck_assert(r->v->st.prefetch == 3 && idle(r));
	rig_free(r);
}
END_TEST

/* ---- a second owner, as a guest is one; the execution unit both share ---- */

struct guest {
	struct amdvi_exec x;
	unsigned done, interrupts;
	uint64_t addr, data;
};

static void guest_done(struct amdvi_exec *x)
{
	container_of(x, struct guest, x)->done++;
}

static void guest_interrupt(struct amdvi_exec *x)
{
	container_of(x, struct guest, x)->interrupts++;
}

static void guest_store(struct amdvi_exec *x, uint64_t addr, uint64_t data)
{
	container_of(x, struct guest, x)->addr = addr;
	container_of(x, struct guest, x)->data = data;
}

static void guest_cmd(struct rig *r, struct guest *g, uint64_t w0, uint64_t w1)
{
	ck_assert_uint_eq(amdvi_exec_check(r->v, (uint64_t[2]){ w0, w1 }, true), 0);
	g->x.qw[0] = w0;
	g->x.qw[1] = w1;
	amdvi_exec_begin(&g->x);
}

START_TEST(owners_are_separate)
{
	struct rig *r = ready(NULL, 0);
	struct guest g = { 0 };

	amdvi_exec_init(r->v, &g.x, 8, guest_done);
	g.x.store = guest_store;
	g.x.interrupt = guest_interrupt;
	put(r, 0x4000030020000300, 0x1000);
	put_wait(r, 1);
	tail(r);
	run_all(r);
	guest_cmd(r, &g, 0x1000000000005003, 0x99); /* the host's device is silent: not the guest's concern */
	run_all(r);
	ck_assert(g.addr == 0x5000 && g.data == 0x99 && g.done == 0);
	amdvi_exec_stored(&g.x, true);
	ck_assert(g.done == 1 && g.interrupts == 1 && sem(r) == 0);
	ck_assert_uint_eq(r->u->st.drains, 1); /* the host's */
	guest_cmd(r, &g, 0x4000040020000400, 0x1000);
	ck_assert_uint_eq(g.done, 2);
	answer(r, 0);
	run_all(r);
	ck_assert_uint_eq(sem(r), 1); /* the guest's device is silent: not the host's concern */
	guest_cmd(r, &g, 0x1000000000006003, 0x9a);
	run_all(r);
	ck_assert_uint_eq(g.addr, 0x5000);
	answer(r, 1);
	run_all(r);
	ck_assert_uint_eq(g.addr, 0x6000);
	amdvi_exec_stored(&g.x, false); /* it did not reach memory: no interrupt, and the host's buffer goes on */
	ck_assert(g.done == 3 && g.interrupts == 1 && cmd_runs(r) && n_events(r) == 0);
	ck_assert_uint_eq(r->u->st.drains, 2);
	guest_cmd(r, &g, 0x1000000000000000, 0); /* nothing to drain any more */
	run_all(r);
	ck_assert(g.done == 4 && r->u->st.drains == 2);
	ck_assert(idle(r));
	rig_free(r);
}
END_TEST

START_TEST(time_out_of_a_guest)
{
	struct rig *r = ready(halts, TIMEOUT_1S);
	struct guest g = { 0 };

	amdvi_exec_init(r->v, &g.x, 8, guest_done);
	g.x.spa = 0x7654320;
	guest_cmd(r, &g, 0x4000040020000400, 0x1000);
	run_all(r);
	ck_assert(n_events(r) == 1 && cmd_runs(r) && idle(r));
	ck_assert_uint_eq(event_word(r, 0, 0), 0x7000000000000400);
	ck_assert_uint_eq(event_word(r, 0, 1), 0x7654320);
	rig_free(r);
}
END_TEST

struct turn {
	struct vi_turn t;
	bool mine;
};

static void got_it(struct vi_turn *t)
{
	container_of(t, struct turn, t)->mine = true;
}

START_TEST(turns)
{
	struct rig *r = ready(NULL, 0);
	struct turn t = { .t.go = got_it };

	amdvi_turn_take(r->v, &t.t, false);
	ck_assert(t.mine);
	put(r, 0x2000000000000100, 0); /* no guest can issue commands: the host need not ask */
	tail(r);
	run_all(r);
	ck_assert_uint_eq(r->v->st.devtab, 1);
	wr64(r, AMDVI_R_CONTROL, CTL | AMDVI_CT_GAEn | AMDVI_CT_vCmdEn | AMDVI_CT_vIommuEn);
	put(r, 0x2000000000000100, 0);
	put(r, 0x2000000000000101, 0);
	tail(r);
	run_all(r);
	ck_assert(r->v->st.devtab == 1 && head_slot(r) == 2 && !idle(r));
	amdvi_turn_give(r->v);
	ck_assert_uint_eq(r->v->st.devtab, 1);
	t.mine = false;
	amdvi_turn_take(r->v, &t.t, false); /* behind the command that has it */
	ck_assert(!t.mine);
	run_all(r);
	ck_assert(t.mine && r->v->st.devtab == 2 && head_slot(r) == 3);
	amdvi_turn_give(r->v);
	run_all(r);
	ck_assert_uint_eq(r->v->st.devtab, 3);
	put(r, 0x4000030020000300, 0x1000); /* neither the device nor the wait keeps the unit beyond its decode time */
	put_wait(r, 1);
	tail(r);
	until_sent(r, 1);
	t.mine = false;
	amdvi_turn_take(r->v, &t.t, false);
	run_for(r, 4000 - 1);
	ck_assert(!t.mine);
	run_for(r, 1);
	ck_assert(t.mine);
	amdvi_turn_give(r->v);
	run_all(r);
	t.mine = false;
	amdvi_turn_take(r->v, &t.t, false);
	ck_assert(t.mine && head_slot(r) == 5 && sem(r) == 0);
	answer(r, 0);
	run_all(r);
	ck_assert(sem(r) == 1 && idle(r));
	rig_free(r);
}
END_TEST

START_TEST(not_for_guests)
{
	struct rig *r = ready(all_features, 0);

	for (uint64_t op = 1; op <= 10; op++)
		ck_assert_uint_eq(amdvi_exec_check(r->v, (uint64_t[2]){ op << 60, 0 }, true), op >= 9 ? AEV_ILLEGAL_COMMAND : 0);
	rig_free(r);
}
END_TEST

RIG_MAIN("amdvi_cmd", legality, ARRAY_LEN(legal), every_bit, worked_a, worked_a_silent, worked_b, worked_c, worked_d, worked_e,
	 head_past_illegal, times, pages_time, wrap, big_buffer, off_and_on, fetch_fails, buffer_beyond_memory, store_fails, restored,
	 counters, wait_drains, every_invalidation_drains, wait_interrupts, fence, waits_in_order, many_waits, iotlb_fields, maxpend, tags,
	 tags_of_two_queues, no_room, nobody_there, late_answer, no_timeout, halt_on_timeout, late_iotlb, late_iotlb_and_wait, pages_drop,
	 devtab_drops, prefetch_fills, prefetch_inval, prefetch_leaves_no_trace, owners_are_separate, time_out_of_a_guest, turns,
	 not_for_guests)
