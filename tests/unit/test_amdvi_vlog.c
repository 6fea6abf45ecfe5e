/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_vlog.c - hardware vIOMMU: event and PPR logs of a guest, and the host's commands for guests. */
#include "amdvi_vrig.h"

START_TEST(guest_log)
{
	struct vrig *w = guest7(NULL, _i, 0);

	event(w, 0x1000);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0);
	ck_assert(!idle(w->r));
	run_all(w->r);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0x10);
	ck_assert_uint_eq(vr_log(w, G, 0, 0), 0x2001000500000020);
	ck_assert_uint_eq(vr_log(w, G, 0, 1), 0x1000);
	ck_assert_uint_eq(n_events(w->r), 0);
	/* full with one slot left */
	for (unsigned i = 1; i < 300; i++) {
		event(w, i);
		if (i % 50 == 0)
			run_all(w->r);
	}
	run_all(w->r);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 255 * 16);
	ck_assert_uint_eq(vr_log(w, G, 254, 1), 254);
	ck_assert_uint_eq(vr_log(w, G, 255, 0), 0);
	ck_assert(vr_status(w, G) & AMDVI_ST_EventOverflow);
	ck_assert(!(vr_status(w, G) & AMDVI_ST_EventLogRun));
	ck_assert_uint_eq(ST.events, 255);
	ck_assert_uint_eq(ST.events_lost, 45);
	ck_assert_uint_eq(ST.overflows, 1);
	/* off and on again with room */
	wr32(w->r, VF(G, VF_EVT_HEAD), 254 * 16);
	wr64(w->r, VFC(G, VC_EVT), G_EVT | 0x88);
	wr64(w->r, VFC(G, VC_EVT), G_EVT | VC_EVT_EN | 0x88);
	ck_assert_uint_eq(vr_status(w, G) & (AMDVI_ST_EventOverflow | AMDVI_ST_EventLogRun), AMDVI_ST_EventLogRun);
	event(w, 0x77);
	event(w, 0x78);
	run_all(w->r);
	ck_assert_uint_eq(vr_log(w, G, 255, 1), 0x77);
	ck_assert_uint_eq(vr_log(w, G, 0, 1), 0x78);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0x10);
	vr_free(w);
}
END_TEST

START_TEST(guest_log_b)
{
	struct vrig *w = guest7(NULL, true, 0);

	wr64(w->r, VFC(G, VC_EVT), G_EVT | 0x88);
	wr64(w->r, VFC(G, VC_EVT), G_EVT | VC_EVT_EN | 0x88 | 2 << 10);
	for (unsigned i = 0; i < 260; i++) {
		event(w, i);
		run_all(w->r);
	}
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 255 * 16);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVTB_TAIL)), 5 * 16);
	ck_assert_uint_eq(mem64(w->r, vr_gpa(w, G, G_EVTB + 8)), 255);
	ck_assert_uint_eq(mem64(w->r, vr_gpa(w, G, G_EVTB + 4 * 16 + 8)), 259);
	ck_assert_uint_eq(vr_status(w, G) & (AMDVI_ST_EventOverflow | AMDVI_ST_EventOverflowB | AMDVI_ST_EventLogActive |
					     AMDVI_ST_EventLogRun),
			  AMDVI_ST_EventOverflow | AMDVI_ST_EventLogActive | AMDVI_ST_EventLogRun);
	vr_free(w);
}
END_TEST

START_TEST(guest_log_faults)
{
	struct vrig *w = guest7(NULL, _i, 0);

	if (_i)
		vr_unmap(w, w->parent[G], G_EVT);
	else
		vr_unmap(w, w->pas, 0x4000380000);
	event(w, 0x1000);
	event(w, 0x1001);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), 0xb000000720000000);
	ck_assert_uint_eq(event_word(w->r, 0, 1), _i ? G_EVT : 0x4000380000);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0);
	ck_assert_uint_eq(ST.log_faults, 1);
	ck_assert_uint_eq(ST.events_lost, 1);
	/* a device of a guest that has no registers */
	amdvi_viommu_event(w->v, (const uint64_t[4]){ 0, 0, 0, 0x0000009900208000 }, (const uint64_t[2]){ 0x2001000500000300, 0x5000 });
	ck_assert_uint_eq(n_events(w->r), 2);
	ck_assert_uint_eq(event_word(w->r, 1, 0), 0xb000009920000000);
	/* 64 wait, the others are an overflow at once */
	vr_free(w);
	w = guest7(NULL, _i, 0);
	for (unsigned i = 0; i < 70; i++)
		event(w, i);
	ck_assert(vr_status(w, G) & AMDVI_ST_EventOverflow);
	ck_assert_uint_eq(ST.events_lost, 6);
	vr_free(w);
}
END_TEST

static void page_request(struct vrig *w, unsigned prgi, bool last)
{
	struct page_req q = { .rid = 0x300, .pasid = 5, .has_pasid = true, .r = true, .last = last, .prgi = (uint16_t)prgi,
			      .addr = 0x123000 };

	w->r->u->ops->page_request(w->r->u, &q);
}

START_TEST(guest_pprs)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint64_t reg = (uint64_t)G_PPR << 4 | VC_PPR_LOG_EN | VC_PPR_EN | 8;

	rig_dte(w->r, 0x300, UINT64_C(0x6000000000000003) | BIT64(52) | BIT64(53), 0x45, 0, 0x0000000700208000);
	page_request(w, 9, true);
	run_all(w->r);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_PPR_TAIL)), 0x10);
	ck_assert_uint_eq(mem64(w->r, vr_gpa(w, G, G_PPR)), 0x1144020900050020);
	ck_assert_uint_eq(mem64(w->r, vr_gpa(w, G, G_PPR + 8)), 0x123000);
	ck_assert(vr_status(w, G) & AMDVI_ST_PprInt);
	ck_assert_uint_eq(rd32(w->r, AMDVI_R_PPR_TAIL), 0);
	/* the early warning, then the answer of a full log */
	wr32(w->r, VF(G, VF_AUTORSP), 1);
	wr32(w->r, VF(G, VF_EARLY), 0xc0000000 | 2); /* counts an interrupt */
	wr64(w->r, VFC(G, VC_PPR), reg | VC_PPR_AUTO);
	for (unsigned i = 1; i < 255; i++) {
		page_request(w, 0, true);
		run_all(w->r);
		ck_assert_uint_eq((vr_status(w, G) & AMDVI_ST_PprOverflowEarly) != 0, i >= 2);
	}
	ck_assert_uint_eq(w->r->n_resp, 0);
	ck_assert_uint_eq(ST.interrupts, 1);
	page_request(w, 3, false);
	page_request(w, 3, true);
	run_all(w->r);
	ck_assert(vr_status(w, G) & AMDVI_ST_PprOverflow);
	ck_assert_uint_eq(w->r->n_resp, 1);
	ck_assert_uint_eq(w->r->resp[0].rid, 0x300);
	ck_assert_uint_eq(w->r->resp[0].pasid, 5);
	ck_assert_uint_eq(w->r->resp[0].code, 1);
	ck_assert_uint_eq(ST.pprs, 255);
	ck_assert_uint_eq(ST.pprs_lost, 2);
	/* always */
	wr64(w->r, VFC(G, VC_PPR), reg | VC_PPR_AUTO | VC_PPR_AON);
	wr32(w->r, VF(G, VF_AUTORSP), 0x1f);
	page_request(w, 4, true);
	ck_assert_uint_eq(w->r->n_resp, 2);
	ck_assert_uint_eq(w->r->resp[1].code, 0xf);
	ck_assert(!w->r->resp[1].has_pasid);
	/* a stop marker is logged unless blocked, and never answered */
	for (unsigned i = 0; i < 2; i++) {
		struct page_req q = { .rid = 0x300, .pasid = 5, .has_pasid = true, .last = true };

		if (!i)
			wr32(w->r, VF(G, VF_PPR_HEAD), 0x100);
		wr64(w->r, VFC(G, VC_PPR), (uint64_t)G_PPR << 4 | 8);
		wr64(w->r, VFC(G, VC_PPR), reg | VC_PPR_AUTO | VC_PPR_AON | (i ? VC_PPR_BLKSTOP : 0));
		w->r->u->ops->page_request(w->r->u, &q);
		run_all(w->r);
		ck_assert_uint_eq(ST.pprs, 256);
	}
	ck_assert_uint_eq(w->r->n_resp, 2);
	/* off: the host's log takes it */
	wr64(w->r, VFC(G, VC_PPR), (uint64_t)G_PPR << 4 | 8);
	ck_assert(!amdvi_viommu_ppr(w->v, (const uint64_t[4]){ 0, 0, 0, 0x0000000700208000 }, (const uint64_t[2]){ 0, 0 }));
	vr_free(w);
}
END_TEST

/* Switched off and given a reserved length while a record is on its way: after so many of the simulator's events. */
START_TEST(guest_log_shrinks)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint32_t tail;

	rig_dte(w->r, 0x300, UINT64_C(0x6000000000000003) | BIT64(52) | BIT64(53), 0x45, 0, 0x0000000700208000);
	page_request(w, 9, true);
	for (int i = 0; i < _i && sim_run_one(w->r->k); i++)
		;
	tail = rd32(w->r, VF(G, VF_PPR_TAIL));
	wr64(w->r, VFC(G, VC_PPR), (uint64_t)G_PPR << 4 | 8);
	wr64(w->r, VFC(G, VC_PPR), (uint64_t)G_PPR << 4 | 7);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_eq(ST.pprs + ST.pprs_lost, 1);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_PPR_TAIL)), tail);
	vr_free(w);
}
END_TEST

START_TEST(host_commands)
{
	struct vrig *w = guest7(NULL, true, 0);

	/* INSERT_GUEST_EVENT */
	put64(w->r, RIG_TABLES, 0x2030001200050020);
	put64(w->r, RIG_TABLES + 8, 0xabc000);
	put(w->r, P(9, UINT64_C(7) << 32), RIG_TABLES);
	put(w->r, P(9, UINT64_C(0x63) << 32), RIG_TABLES);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(vr_log(w, G, 0, 0), 0x2030001200050020);
	ck_assert_uint_eq(vr_log(w, G, 0, 1), 0xabc000);
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), 0xb000006320000000);
	mem_poison(w->r->m, RIG_TABLES, true);
	put(w->r, P(9, UINT64_C(7) << 32), RIG_TABLES);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(n_events(w->r), 2);
	ck_assert_uint_eq(event_word(w->r, 1, 0), UINT64_C(0xc400000000030007));
	/* RESET_VMMIO of pointers and Status only, then as Linux issues it */
	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_all(w->r);
	put(w->r, 0xa000000000000007, 0);
	tail(w->r);
	run_all(w->r);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0);
	ck_assert_uint_eq(vr_head(w, G), 0x10);
	ck_assert_uint_eq(vr_status(w, G), AMDVI_ST_CmdBufRun | AMDVI_ST_EventLogRun | AMDVI_ST_PprLogRun);
	vr_guest(w, 8);
	put(w->r, 0xa000000090000007, 0);
	tail(w->r);
	run_all(w->r);
	for (unsigned i = 0; i < VI_VF_REGS; i++)
		ck_assert_uint_eq(rd64(w->r, VF(G, i)), 0);
	for (unsigned i = 0; i < VC_REGS; i++)
		ck_assert_uint_eq(rd64(w->r, VFC(G, i)), 0);
	ck_assert_uint_ne(vr_status(w, 8), 0);
	ck_assert_uint_eq(mem64(w->r, vr_ipa(w, 0x2000380018)), 0x114001);
	vr_free(w);
}
END_TEST

int main(void)
{
	const TTest *const one[] = { guest_log_b, guest_pprs, host_commands };
	TCase *t = tcase_create("vlog");

	for (unsigned i = 0; i < ARRAY_LEN(one); i++)
		tcase_add_test(t, one[i]);
	tcase_add_loop_test(t, guest_log, 0, 2);
	tcase_add_loop_test(t, guest_log_shrinks, 0, 12);
	tcase_add_loop_test(t, guest_log_faults, 0, 2);
	return run_suite(t, "amdvi_vlog");
}
