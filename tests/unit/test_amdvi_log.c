/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_amdvi_log.c - records of refused requests as hand-encoded words, and the edges of the event log: wrap, overflow, recovery, aborted
 * writes, the pair of logs, hardware events. Requests go through the real walk, or through a begin that refuses what the test says.
 */
#include "amdvi_rig.h"
#include "amdvi/amdvi_walk.h"
#include "core/base/util.h"

/* ---- records ---- */

#define IOVA UINT64_C(0x0000123456789abf)
#define ALL_CAUSES UINT64_C(0x0efd000000000005) /* every bit of 59:48 but NX, and domain 5 */
static const struct {
	const char *what;
	uint16_t code;
	uint8_t acc, at;
	uint32_t pasid; /* 0: none */
	uint64_t info0;
	uint64_t rec[2];
} records[] = {
	{ "write, not present", 2, XL_W, 0, 0, 5, { 0x2020000500000300, IOVA } },
	{ "read, permission", 2, XL_R, 0, 0, AEV_F_PR | AEV_F_PE | 5, { 0x2050000500000300, IOVA } },
	{ "execute, user, PASID", 2, XL_R | XL_X, 0, 0x89abc, AEV_F_GN | 5, { 0x20079abc00080300, IOVA } },
	{ "execute, privileged, PASID", 2, XL_R | XL_X | XL_PRIV, 0, 0x89abc, AEV_F_GN | 5, { 0x20039abc00080300, IOVA } },
	{ "host stage of a request with PASID", 2, XL_W | XL_PRIV, 0, 0x89abc, AEV_F_PR | 5, { 0x2030000500000300, IOVA } },
	{ "atomic, reserved bits", 2, XL_R | XL_W | XL_ATOMIC, 0, 0, AEV_F_PR | AEV_F_RZ | 5, { 0x20b0000500000300, IOVA } },
	{ "GN without a PASID: GIoV", 2, XL_R, 0, 0, AEV_F_GN | 5, { 0x2001000000000300, IOVA } },
	{ "page fault takes no Type", 2, XL_R, 0, 0, ALL_CAUSES & ~AEV_F_GN, { 0x20d8000500000300, IOVA } },
	{ "illegal entry", 1, XL_W, 0, 0, AEV_F_RZ | 5, { 0x10a0000000000300, IOVA & ~UINT64_C(3) } },
	{ "illegal entry, PASID", 1, XL_R | XL_X, 0, 0x89abc, 5, { 0x10019abc00080300, IOVA & ~UINT64_C(3) } },
	{ "illegal entry, translation request", 1, XL_R, XL_TRANSLATION_REQ, 0, 0, { 0x1100000000000300, IOVA & ~UINT64_C(3) } },
	{ "illegal entry: its bits alone", 1, XL_R, 0, 0x1, ALL_CAUSES, { 0x1089000100000300, IOVA & ~UINT64_C(3) } },
	{ "entry cannot be read", 3, XL_W, XL_TRANSLATION_REQ, 0x5, UINT64_C(2) << 57 | 5, { 0x3520000000000300, IOVA } },
	{ "entry cannot be read: its bits alone", 3, XL_R | XL_X, 0, 0x5, ALL_CAUSES, { 0x3608000000000300, IOVA } },
	{ "table cannot be read", 4, XL_R, 0, 0, UINT64_C(2) << 57 | 5, { 0x4400000500000300, IOVA } },
	{ "guest table cannot be read", 4, XL_W, 0, 0x89abc, UINT64_C(3) << 57 | AEV_F_GN | 5, { 0x46219abc00080300, IOVA } },
	{ "table cannot be read, translation request", 4, XL_R, XL_TRANSLATION_REQ, 0, UINT64_C(1) << 57 | 5, { 0x4300000500000300, IOVA } },
	{ "device request, user", 8, XL_W, 0, 0x89abc, UINT64_C(1) << 57 | 5, { 0x82039abc00080300, IOVA } },
	{ "device request, no PASID", 8, XL_W, 0, 0, 5, { 0x8000000000000300, IOVA } },
	{ "device request, translation disabled", 8, XL_R | XL_PRIV, XL_TRANSLATION_REQ, 0x1, UINT64_C(1) << 57, { 0x8301000100000300, IOVA } },
	{ "device request: type of three bits", 8, XL_R | XL_X, 0, 0, UINT64_C(6) << 57 | AEV_F_RZ, { 0x8c00000000000300, IOVA } },
};

START_TEST(record_has_exactly_its_fields)
{
	struct xl_req q = { .iova = 1, .rid = 0x70300, .pasid = records[_i].pasid, .has_pasid = records[_i].pasid != 0, .acc = records[_i].acc,
			    .at = records[_i].at };
	struct xl_res r = { .code = records[_i].code, .info = { records[_i].info0, IOVA } };
	uint64_t rec[2] = { 1, 2 };

	ck_assert(amdvi_event_record(NULL, &q, &r, rec));
	for (unsigned i = 0; i < 2; i++)
		ck_assert_msg(rec[i] == records[_i].rec[i], "%s: word %u is %016llx", records[_i].what, i, (unsigned long long)rec[i]);
}
END_TEST

START_TEST(what_leaves_no_record)
{
	struct xl_req q = { .acc = XL_R };
	struct xl_res r = { .code = AEV_IO_PAGE_FAULT };
	uint64_t rec[2];

	ck_assert(amdvi_event_record(NULL, &q, &r, rec));
	r.no_record = true;
	ck_assert(!amdvi_event_record(NULL, &q, &r, rec));
	r.no_record = false;
	q.at = XL_TRANSLATION_REQ;
	ck_assert(!amdvi_event_record(NULL, &q, &r, rec));
	q.at = XL_UNTRANSLATED;
	q.pasid = 5; /* of a request without PASID it means nothing */
	r.info[0] = AEV_F_GN;
	ck_assert(amdvi_event_record(NULL, &q, &r, rec));
	ck_assert_uint_eq(rec[0], UINT64_C(0x2001000000000000));
	for (unsigned code = 0; code < 0x30; code++) {
		r.code = (uint16_t)code;
		ck_assert_msg(amdvi_event_record(NULL, &q, &r, rec) == ((code >= 1 && code <= 4) || code == 8), "code 0x%x", code);
	}
}
END_TEST

/* ---- the log ---- */

enum { FULL = 255, RUN = 8, OVERFLOW = 1, INT = 2, OVERFLOW_B = 0x8000, ACTIVE_B = 0x10000, CMD_RUN = 0x10 };
#define BASE_CTL UINT64_C(0x140d) /* what rig_on() sets: IommuEn, EventLogEn, EventIntEn, Coherent, CmdBufEn */
#define EVENT_EN UINT64_C(4)
#define DUAL(n) ((uint64_t)(n) << 32)
#define STATUS(r) (rd32(r, 0x2020) & ~(uint32_t)CMD_RUN)
#define TAIL(r) rd32(r, 0x2018)
#define TAIL_B(r) rd32(r, 0x2078)

static struct rig *start(uint64_t ctl)
{
	struct rig *r = rig_new(NULL);

	rig_on(r, ctl);
	return r;
}

/* IOTLB_INV_TIMEOUT of device @n: any entry will do. */
static void event(struct rig *r, unsigned n)
{
	uint64_t rec[2] = { UINT64_C(0x7000000000000000) | n, 0x10000 + 16 * (uint64_t)n };

	amdvi_log_event(r->v, rec);
}

static void events(struct rig *r, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		event(r, first + i);
		wr32(r, 0x2020, INT); /* or the table of messages runs over */
		r->n_msi = 0;
	}
}

static unsigned dev_at(const struct rig *r, uint32_t log, unsigned slot)
{
	return (unsigned)(mem64(r, log + 16 * slot) & 0xffff);
}

/* As drivers do after an overflow. */
static void restart(struct rig *r, uint64_t ctl)
{
	wr64(r, 0x18, (BASE_CTL | ctl) & ~EVENT_EN);
	wr32(r, 0x2020, OVERFLOW | OVERFLOW_B | INT);
	wr64(r, 0x18, BASE_CTL | ctl);
	r->n_msi = 0;
}

START_TEST(entry_tail_status_message)
{
	struct rig *r = start(0);
	sim_time t = sim_now(r->k);
	uint64_t writes = r->p.st.writes;

	event(r, 0x300);
	ck_assert_uint_eq(sim_now(r->k), t);
	ck_assert_uint_eq(TAIL(r), 16);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x7000000000000300));
	ck_assert_uint_eq(event_word(r, 0, 1), 0x13000);
	ck_assert_uint_eq(STATUS(r), RUN | INT);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, RIG_MSI_ADDR);
	ck_assert_uint_eq(r->msi[0].data, RIG_MSI_DATA);
	ck_assert_uint_eq(r->p.st.writes, writes + 1);
	event(r, 0x301);
	ck_assert_uint_eq(TAIL(r), 32);
	ck_assert_uint_eq(r->n_msi, 1); /* EventLogInt was still 1 */
	wr32(r, 0x2020, INT);
	event(r, 0x302);
	ck_assert_uint_eq(r->n_msi, 2);
	ck_assert_uint_eq(r->v->st.events, 3);
	ck_assert_uint_eq(r->v->st.events_lost, 0);
	rig_free(r);
}
END_TEST

static struct {
	struct rig *r;
	uint64_t word;
	uint32_t tail, status;
} seen;

static void look(void *arg, uint64_t addr, uint32_t data)
{
	(void)arg, (void)addr, (void)data;
	seen.word = event_word(seen.r, 0, 0);
	seen.tail = TAIL(seen.r);
	seen.status = STATUS(seen.r);
}

START_TEST(message_finds_entry_tail_and_status)
{
	struct rig *r = start(0);

	seen.r = r;
	r->u->env.msi = look;
	event(r, 0x42);
	ck_assert_uint_eq(seen.word, UINT64_C(0x7000000000000042));
	ck_assert_uint_eq(seen.tail, 16);
	ck_assert_uint_eq(seen.status, RUN | INT);
	events(r, 1, FULL - 1);
	event(r, 0);
	ck_assert_uint_eq(seen.status, OVERFLOW); /* EventLogRun is 0 already */
	rig_free(r);
}
END_TEST

START_TEST(interrupt_needs_its_enable)
{
	struct rig *r = start(0);

	wr64(r, 0x18, BASE_CTL & ~UINT64_C(8));
	event(r, 1);
	ck_assert_uint_eq(STATUS(r), RUN | INT);
	for (unsigned i = 1; i <= FULL; i++)
		event(r, i);
	ck_assert_uint_eq(STATUS(r), OVERFLOW | INT);
	ck_assert_uint_eq(r->n_msi, 0);
	rig_free(r);
}
END_TEST

START_TEST(nothing_is_logged_while_off)
{
	struct rig *r = start(0);

	wr64(r, 0x18, BASE_CTL & ~EVENT_EN);
	event(r, 1);
	wr64(r, 0x18, BASE_CTL & ~UINT64_C(1)); /* IommuEn */
	event(r, 1);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(STATUS(r), 0);
	ck_assert_uint_eq(r->n_msi, 0);
	ck_assert_uint_eq(r->v->st.events_lost, 2);
	rig_free(r);
}
END_TEST

START_TEST(tail_wraps_at_the_buffer_s_end)
{
	struct rig *r = start(0);

	events(r, 0, 200);
	wr32(r, 0x2010, 200 * 16);
	events(r, 200, FULL);
	ck_assert_uint_eq(TAIL(r), (200 + FULL) % 256 * 16);
	for (unsigned i = 200; i < 200 + FULL; i++)
		ck_assert_uint_eq(dev_at(r, RIG_EVT, i % 256), i);
	ck_assert_uint_eq(STATUS(r), RUN);
	ck_assert_uint_eq(mem64(r, RIG_EVT + 256 * 16), 0);
	event(r, 0);
	ck_assert_uint_eq(STATUS(r), OVERFLOW);
	rig_free(r);
}
END_TEST

START_TEST(longest_log)
{
	struct rig *r = start(0);

	wr64(r, 0x18, BASE_CTL & ~EVENT_EN);
	wr64(r, 0x10, UINT64_C(0x0f00000000100000));
	wr64(r, 0x18, BASE_CTL);
	events(r, 0, 32767);
	ck_assert_uint_eq(TAIL(r), 0x7fff0);
	ck_assert_uint_eq(dev_at(r, 0x100000, 32766), 32766);
	event(r, 0);
	ck_assert_uint_eq(STATUS(r), OVERFLOW);
	rig_free(r);
}
END_TEST

START_TEST(overflow_keeps_the_last_slot_and_stops)
{
	struct rig *r = start(0);

	events(r, 0, FULL);
	ck_assert_uint_eq(TAIL(r), FULL * 16);
	ck_assert_uint_eq(STATUS(r), RUN);
	event(r, 0x999);
	ck_assert_uint_eq(TAIL(r), FULL * 16);
	ck_assert_uint_eq(mem64(r, RIG_EVT + FULL * 16), 0);
	ck_assert_uint_eq(STATUS(r), OVERFLOW); /* no EventLogInt */
	ck_assert_uint_eq(r->n_msi, 1);
	wr32(r, 0x2010, FULL * 16); /* room alone does not help, nor the cleared bit alone */
	event(r, 0x999);
	ck_assert_uint_eq(STATUS(r), OVERFLOW);
	wr32(r, 0x2020, OVERFLOW);
	event(r, 0x999);
	ck_assert_uint_eq(STATUS(r), 0);
	ck_assert_uint_eq(TAIL(r), FULL * 16);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->v->st.events, FULL);
	ck_assert_uint_eq(r->v->st.events_lost, 3);
	ck_assert_uint_eq(r->v->st.event_overflows, 1);
	restart(r, 0);
	ck_assert_uint_eq(STATUS(r), RUN);
	events(r, 7, 1);
	ck_assert_uint_eq(dev_at(r, RIG_EVT, FULL), 7);
	ck_assert_uint_eq(TAIL(r), 0);
	rig_free(r);
}
END_TEST

START_TEST(restart_without_room_overflows_again)
{
	struct rig *r = start(0);

	events(r, 0, FULL + 1);
	restart(r, 0);
	ck_assert_uint_eq(STATUS(r), RUN);
	event(r, 0);
	ck_assert_uint_eq(STATUS(r), OVERFLOW);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->v->st.event_overflows, 2);
	rig_free(r);
}
END_TEST

START_TEST(aborted_write_loses_the_entry_and_stops)
{
	struct rig *r = start(0);

	events(r, 1, 1);
	mem_poison(r->m, RIG_EVT + 16, true);
	event(r, 2);
	ck_assert_uint_eq(TAIL(r), 16);
	ck_assert_uint_eq(STATUS(r), 0);
	ck_assert_uint_eq(r->n_msi, 0);
	ck_assert_uint_eq(r->v->st.events_lost, 1);
	mem_poison(r->m, RIG_EVT + 16, false);
	event(r, 3);
	ck_assert_uint_eq(TAIL(r), 16);
	restart(r, 0);
	event(r, 4);
	ck_assert_uint_eq(dev_at(r, RIG_EVT, 1), 4);
	ck_assert_uint_eq(r->v->st.event_overflows, 0);
	rig_free(r);
}
END_TEST

/* ---- two logs ---- */

START_TEST(full_log_hands_over_to_the_other)
{
	struct rig *r = start(DUAL(2));

	events(r, 0, FULL);
	ck_assert_uint_eq(STATUS(r), RUN);
	event(r, 0x500);
	ck_assert_uint_eq(STATUS(r), RUN | OVERFLOW | ACTIVE_B | INT);
	ck_assert_uint_eq(r->n_msi, 1); /* both bits at once */
	ck_assert_uint_eq(TAIL(r), FULL * 16);
	ck_assert_uint_eq(TAIL_B(r), 16);
	ck_assert_uint_eq(dev_at(r, RIG_EVTB, 0), 0x500);
	ck_assert_uint_eq(r->v->st.events_lost, 0);
	ck_assert_uint_eq(r->v->st.event_overflows, 1);
	/* A is emptied: B, when full, hands over to it */
	wr32(r, 0x2010, FULL * 16);
	wr32(r, 0x2020, OVERFLOW | INT);
	events(r, 0x501, FULL - 1);
	ck_assert_uint_eq(TAIL_B(r), FULL * 16);
	event(r, 0x600);
	ck_assert_uint_eq(STATUS(r), RUN | OVERFLOW_B | INT);
	ck_assert_uint_eq(dev_at(r, RIG_EVT, FULL), 0x600);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(r->v->st.events, 2 * FULL + 1);
	rig_free(r);
}
END_TEST

START_TEST(both_logs_full)
{
	for (unsigned cleared = 0; cleared < 2; cleared++) {
		struct rig *r = start(DUAL(2));

		events(r, 0, 2 * FULL);
		ck_assert_uint_eq(STATUS(r), RUN | OVERFLOW | ACTIVE_B);
		if (cleared) /* but not emptied */
			wr32(r, 0x2020, OVERFLOW);
		event(r, 0);
		ck_assert_uint_eq(STATUS(r), OVERFLOW | OVERFLOW_B | ACTIVE_B);
		ck_assert_uint_eq(r->n_msi, 1);
		ck_assert_uint_eq(r->v->st.event_overflows, cleared ? 3 : 2);
		ck_assert_uint_eq(r->v->st.events_lost, 1);
		restart(r, DUAL(2));
		ck_assert_uint_eq(STATUS(r), RUN); /* A is active */
		wr32(r, 0x2010, FULL * 16);
		event(r, 0x77);
		ck_assert_uint_eq(dev_at(r, RIG_EVT, FULL), 0x77);
		rig_free(r);
	}
}
END_TEST

START_TEST(enabling_clears_overflow_b_by_itself)
{
	struct rig *r = start(DUAL(2));

	events(r, 0, 2 * FULL + 1);
	wr64(r, 0x18, BASE_CTL & ~EVENT_EN);
	ck_assert_uint_eq(STATUS(r), OVERFLOW | OVERFLOW_B | ACTIVE_B);
	wr64(r, 0x18, BASE_CTL | DUAL(2));
	ck_assert_uint_eq(STATUS(r), RUN);
	rig_free(r);
}
END_TEST

START_TEST(only_log_b)
{
	struct rig *r = start(DUAL(1));

	ck_assert_uint_eq(STATUS(r), RUN | ACTIVE_B);
	events(r, 3, FULL);
	ck_assert_uint_eq(TAIL(r), 0);
	ck_assert_uint_eq(TAIL_B(r), FULL * 16);
	ck_assert_uint_eq(dev_at(r, RIG_EVTB, 0), 3);
	event(r, 0);
	ck_assert_uint_eq(STATUS(r), ACTIVE_B | OVERFLOW_B);
	ck_assert_uint_eq(TAIL(r), 0);
	rig_free(r);
}
END_TEST

START_TEST(only_log_a)
{
	struct rig *r = start(DUAL(0));

	events(r, 0, FULL + 2);
	ck_assert_uint_eq(STATUS(r), OVERFLOW);
	ck_assert_uint_eq(TAIL_B(r), 0);
	rig_free(r);
}
END_TEST

/* ---- hardware events ---- */

START_TEST(hardware_errors_are_copied)
{
	for (unsigned code = 1; code < 16; code++) {
		struct rig *r = start(0);
		uint64_t rec[2] = { (uint64_t)code << 60 | 0x300, UINT64_C(0xfedcba9876543210) };
		bool hw = code == 3 || code == 4 || code == 6;

		wr64(r, 0x18, BASE_CTL & ~EVENT_EN); /* whether it is logged or not */
		amdvi_log_event(r->v, rec);
		ck_assert_msg(rd64(r, 0x40) == (hw ? rec[0] : 0), "code %u", code);
		ck_assert_uint_eq(rd64(r, 0x48), hw ? rec[1] : 0);
		ck_assert_uint_eq(rd64(r, 0x50), hw);
		rig_free(r);
	}
}
END_TEST

/* ---- requests ---- */

static struct xl xl;
static unsigned n_done;

static void done(struct xl *x)
{
	n_done++;
	iommu_retire(x->u, x);
}

static void request(struct rig *r, struct xl_req q)
{
	memset(&xl, 0, sizeof xl);
	n_done = 0;
	xl.req = q;
	xl.done = done;
	iommu_translate(r->u, &xl);
	run_for(r, SECOND);
	ck_assert_uint_eq(n_done, 1);
}

/* V, TV, Mode 3, IR, IW; domain 5; the table is empty. */
#define DTE0 UINT64_C(0x6000000000100603)

START_TEST(page_fault_of_a_walk)
{
	struct rig *r = start(0);

	rig_dte(r, 0x300, DTE0, 5, 0, 0);
	request(r, (struct xl_req){ .iova = 0x12345678, .len = 4, .rid = 0x300, .acc = XL_W });
	ck_assert(!xl.res.ok);
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x2020000500000300));
	ck_assert_uint_eq(event_word(r, 0, 1), 0x12345678);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->n_fault, 1);
	request(r, (struct xl_req){ .iova = 0x12345678, .len = 4, .rid = 0x300, .acc = XL_W, .spec = true });
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(r->v->st.events_lost, 0);
	rig_free(r);
}
END_TEST

START_TEST(device_table_that_cannot_be_read)
{
	struct rig *r = start(0);

	mem_poison(r->m, RIG_DEVTAB + 32 * 0x300, true);
	request(r, (struct xl_req){ .iova = 0x1000, .len = 4, .rid = 0x300, .acc = XL_R });
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x3400000000000300));
	ck_assert_uint_eq(event_word(r, 0, 1), RIG_DEVTAB + 32 * 0x300);
	ck_assert_uint_eq(rd64(r, 0x40), UINT64_C(0x3400000000000300));
	ck_assert_uint_eq(rd64(r, 0x50), 1);
	rig_free(r);
}
END_TEST

START_TEST(suppressed_events_are_lost)
{
	struct rig *r = start(0);

	rig_dte(r, 0x300, DTE0, 5 | BIT64(33), 0, 0); /* SE */
	rig_dte(r, 0x301, DTE0, 5 | BIT64(34), 0, 0); /* SA */
	for (unsigned i = 0; i < 3; i++) {
		request(r, (struct xl_req){ .iova = 0x1000, .len = 4, .rid = 0x300, .acc = XL_R });
		request(r, (struct xl_req){ .iova = 0x1000, .len = 4, .rid = 0x301, .acc = XL_R });
	}
	ck_assert_uint_eq(n_events(r), 1);
	ck_assert_uint_eq(event_word(r, 0, 0), UINT64_C(0x2000000500000300));
	ck_assert_uint_eq(r->v->st.events_lost, 5);
	wr64(r, 0x18, BASE_CTL & ~UINT64_C(1)); /* a translation request while the unit is off is refused; that is no event */
	request(r, (struct xl_req){ .iova = 0x1000, .len = 4, .rid = 0x300, .acc = XL_R, .at = XL_TRANSLATION_REQ });
	ck_assert_uint_eq(r->v->st.events_lost, 5);
	rig_free(r);
}
END_TEST

static uint64_t verdict_info, verdict_qw3;
static uint16_t verdict_code;
static struct iommu_ops real;

static enum xl_act judge(struct iommu *u, struct xl *x)
{
	if (x->req.rid != 0x300)
		return real.begin(u, x);
	walk_of(x)->have_dte = true;
	walk_of(x)->own_dte = (struct amdvi_dtc_entry){ .w = { 3, 5, 0, verdict_qw3 } };
	walk_of(x)->dte = &walk_of(x)->own_dte;
	x->res.code = verdict_code;
	x->res.info[0] = verdict_info;
	x->res.info[1] = 0xabc000;
	return XL_ACT_FAULT;
}

/*
 * Whose log: page faults of stage 1 of a device with vImuEn go to guest 1, as device 20h, while vIommuEn is 1. Its log is guest-physical
 * (GstBufferTRPMode), and TransDevID 77h passes untranslated.
 */
enum { GUEST_LOG = 0x80000 };
START_TEST(stage_1_faults_go_to_the_guest)
{
	static const struct { const char *what; uint64_t ctl, qw3, info; uint16_t code; bool host; } cases[] = {
		{ "stage 1", AMDVI_CT_vIommuEn, 0x0000000100208000, AEV_F_GN | 5, 2, false },
		{ "stage 2", AMDVI_CT_vIommuEn, 0x0000000100208000, 5, 2, true },
		{ "no vImuEn", AMDVI_CT_vIommuEn, 0x0000000100200000, AEV_F_GN | 5, 2, true },
		{ "vIommuEn = 0", 0, 0x0000000100208000, AEV_F_GN | 5, 2, true },
		{ "hardware error", AMDVI_CT_vIommuEn, 0x0000000100208000, AEV_F_GN | 5, 4, true },
	};

	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig *r = start(AMDVI_CT_GAEn | AMDVI_CT_GstBufferTRPMode | cases[i].ctl);
		struct iommu_ops ops = *r->u->ops;

		wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x10, 0x770000);
		wr64(r, AMDVI_VFCNTL_OFF + 0x40 + 0x28, GUEST_LOG | 0x108);
		real = *r->u->ops;
		ops.begin = judge;
		r->u->ops = &ops;
		verdict_info = cases[i].info;
		verdict_qw3 = cases[i].qw3;
		verdict_code = cases[i].code;
		request(r, (struct xl_req){ .iova = 0x1000, .len = 4, .rid = 0x300, .pasid = 1, .has_pasid = true, .acc = XL_R });
		ck_assert_msg(n_events(r) == cases[i].host, "%s: %u events", cases[i].what, n_events(r));
		if (cases[i].host)
			ck_assert_uint_eq(event_word(r, 0, 0) >> 60, cases[i].code);
		ck_assert_msg(mem64(r, GUEST_LOG) == (cases[i].host ? 0 : UINT64_C(0x2005000100000020)), "%s", cases[i].what);
		ck_assert_uint_eq(mem64(r, GUEST_LOG + 8), cases[i].host ? 0 : 0xabc000);
		rig_free(r);
	}
}
END_TEST

RIG_MAIN("amdvi_log", record_has_exactly_its_fields, ARRAY_LEN(records), what_leaves_no_record, entry_tail_status_message,
	 message_finds_entry_tail_and_status, interrupt_needs_its_enable, nothing_is_logged_while_off, tail_wraps_at_the_buffer_s_end, longest_log,
	 overflow_keeps_the_last_slot_and_stops, restart_without_room_overflows_again, aborted_write_loses_the_entry_and_stops,
	 full_log_hands_over_to_the_other, both_logs_full, enabling_clears_overflow_b_by_itself, only_log_b, only_log_a,
	 hardware_errors_are_copied,
	 page_fault_of_a_walk, device_table_that_cannot_be_read, suppressed_events_are_lost, stage_1_faults_go_to_the_guest)
