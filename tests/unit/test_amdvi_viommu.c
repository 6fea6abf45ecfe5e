/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_viommu.c - hardware vIOMMU of one guest: its commands and their errors, dirty bit, timing. */
#include "amdvi_vrig.h"

/* The trace of one accelerated invalidation, in both buffer modes: accesses, values, what reaches the host's caches. */
START_TEST(one_invalidation)
{
	struct vrig *w = guest7(NULL, _i, 0);
	struct xc_tag t[3] = { { .first = 0x5000, .id = 1, .pasid = 9, .did = 0x45, .size_lg2 = 12, .kind = AMDVI_K_NESTED },
			       { .first = 0x5000, .id = 2, .pasid = 9, .did = 3, .size_lg2 = 12, .kind = AMDVI_K_NESTED },
			       { .first = 0x6000, .id = 3, .pasid = 9, .did = 0x45, .size_lg2 = 12, .kind = AMDVI_K_NESTED } };
	struct vi_stats was = ST;

	for (unsigned i = 0; i < 3; i++)
		xc_fill(w->v->iotlb, &t[i]);
	vr_put(w, G, 0x3000000300000009, 0x5007 - 2 - 1);
	vr_put_wait(w, G, 17);
	vr_tail(w, G);
	ck_assert(!idle(w->r));
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_eq(vr_sem(w, G), 17);
	ck_assert_uint_eq(vr_head(w, G), 0x20);
	ck_assert_uint_eq(vr_status(w, G), AMDVI_ST_CmdBufRun | AMDVI_ST_EventLogRun | AMDVI_ST_PprLogRun);
	ck_assert_uint_eq(xc_peek(w->v->iotlb, 0x5000, 1), XC_MISS);
	ck_assert_uint_ne(xc_peek(w->v->iotlb, 0x5000, 2), XC_MISS);
	ck_assert_uint_ne(xc_peek(w->v->iotlb, 0x6000, 3), XC_MISS);
	ck_assert_uint_eq(w->v->st.pages_gn, 1);
	ck_assert_uint_eq(ST.pages, 1);
	ck_assert_uint_eq(ST.wait, 1);
	ck_assert_uint_eq(ST.map_lookups - was.map_lookups, 1);
	ck_assert_uint_eq(ST.map_reads - was.map_reads, 1);
	ck_assert_uint_eq(ST.guest_reads - was.guest_reads, _i ? 2 : 0);
	ck_assert_uint_eq(ST.private_reads - was.private_reads, _i ? 1 : 3);
	ck_assert_uint_eq(ST.guest_writes - was.guest_writes, 1);
	ck_assert_uint_eq(ST.private_writes - was.private_writes, 2);
	ck_assert_uint_eq(ST.dirty_updates, 2);
	ck_assert_uint_eq(ST.latency_ps.n, 1);
	ck_assert_uint_eq(w->v->vi->gst[G].commands, 2);
	ck_assert_uint_eq(w->v->vi->gst[G].waits, 1);
	ck_assert_uint_eq(n_events(w->r), 0);
	/* again: the id is cached now */
	vr_put(w, G, 0x3000000300000009, 0x5004);
	vr_put_wait(w, G, 18);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 18);
	ck_assert_uint_eq(ST.map_reads - was.map_reads, 1);
	ck_assert_uint_eq(ST.map_lookups - was.map_lookups, 2);
	ck_assert_uint_eq(xc_stats_of(w->v->vi->idmap)->hits, 1);
	vr_free(w);
}
END_TEST

START_TEST(dirty_bit)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint64_t bit, a = vr_ipa(w, vi_dirty_addr(G, &bit));
	bool seen = false;

	put64(w->r, a, ~bit);
	for (unsigned i = 0; i < 4; i++)
		vr_put_wait(w, G, i + 1);
	vr_tail(w, G);
	while (!idle(w->r)) {
		ck_assert(sim_run_one(w->r->k));
		ck_assert_uint_eq(mem64(w->r, a) | bit, UINT64_MAX);
		ck_assert(!vr_head(w, G) || vr_head(w, G) == 0x40 || vr_dirty(w, G));
		seen |= vr_dirty(w, G);
	}
	ck_assert(seen);
	ck_assert(vr_dirty(w, G)); /* the commands are done; clearing follows */
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, a), ~bit);
	ck_assert_uint_eq(ST.dirty_updates, 2);
	/* a buffer that stops with commands in it stays dirty */
	vr_put(w, G, 0, 0);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert(vr_dirty(w, G));
	vr_free(w);
}
END_TEST

static const struct { uint64_t w0, w1; } bad[] = {
	{ P(9, UINT64_C(7) << 32), 0x1000 }, { P(10, 0x90000007), 0 }, { 0, 0 }, { P(15, 0), 0 }, { P(2, 0x10020), 0 },
	{ P(3, UINT64_C(3) << 32), 8 }, { P(8, 1), 0 },
};

START_TEST(illegal)
{
	for (unsigned trp = 0; trp < 2; trp++) {
		struct vrig *w = guest7(NULL, trp, 0);
		uint64_t reg = rd64(w->r, VFC(G, VC_CMD));

		vr_put_wait(w, G, 1);
		vr_put(w, G, bad[_i].w0, bad[_i].w1);
		vr_put_wait(w, G, 2);
		vr_tail(w, G);
		run_all(w->r);
		ck_assert(idle(w->r));
		ck_assert_uint_eq(vr_sem(w, G), 1);
		ck_assert_uint_eq(vr_head(w, G), 0x10);
		ck_assert_uint_eq(vr_status(w, G), AMDVI_ST_EventLogRun | AMDVI_ST_PprLogRun | AMDVI_ST_EventLogInt);
		ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0x10);
		ck_assert_uint_eq(vr_log(w, G, 0, 0), 0x5000000000000000);
		ck_assert_uint_eq(vr_log(w, G, 0, 1), G_RING + 0x10);
		ck_assert_uint_eq(n_events(w->r), 0);
		ck_assert_uint_eq(ST.interrupts, 1);
		ck_assert(rd32(w->r, AMDVI_R_STATUS) & AMDVI_ST_CmdBufRun);
		/* a tail does not start it again; off and on does, at the same head */
		vr_tail(w, G);
		run_all(w->r);
		ck_assert_uint_eq(vr_head(w, G), 0x10);
		put64(w->r, vr_ring(w, G, 0x10), P(1, 0));
		put64(w->r, vr_ring(w, G, 0x18), 0);
		wr64(w->r, VFC(G, VC_CMD), reg & ~VC_CMD_EN);
		wr64(w->r, VFC(G, VC_CMD), reg);
		run_all(w->r);
		ck_assert_uint_eq(vr_head(w, G), 0x30);
		ck_assert_uint_eq(vr_sem(w, G), 2);
		vr_free(w);
	}
}
END_TEST

static void drops(struct amdvi_cfg *c)
{
	c->unmapped = AMDVI_UNMAPPED_DROP;
}

static void cleared(struct amdvi_cfg *c)
{
	c->clear_is_invalid = true;
}

static void check_unmapped(void (*set)(struct amdvi_cfg *c), bool clear, bool fails, bool halts)
{
	static const struct { uint64_t w0, w1, addr; } cmd[] = {
		{ P(2, 0x21), 0, 0x1000700210 }, { P(3, UINT64_C(4) << 32), 0, 0x2000380020 }, { P(4, 0x21), 0, 0x1000700210 },
		{ P(5, 0x21), 0, 0x1000700210 }, { P(7, 0x21), 0, 0x1000700210 },
	};

	for (unsigned i = 0; i < ARRAY_LEN(cmd); i++) {
		struct vrig *w = guest7(set, true, 0);

		w->r->n_alive = 1; /* device 0 */
		if (clear) {
			vr_map(w, G, VI_DEV, 0x21, 0);
			vr_map(w, G, VI_DOM, 4, 0);
		}
		vr_put(w, G, cmd[i].w0, cmd[i].w1);
		vr_put_wait(w, G, 1);
		vr_tail(w, G);
		run_all(w->r);
		ck_assert(idle(w->r));
		ck_assert_uint_eq(n_events(w->r), fails);
		ck_assert_uint_eq(ST.dropped, fails);
		ck_assert_uint_eq(ST.map_zero, !fails);
		ck_assert_uint_eq(vr_head(w, G), halts ? 0x10 : 0x20);
		ck_assert_uint_eq(vr_sem(w, G), !halts);
		ck_assert_uint_eq((vr_status(w, G) & AMDVI_ST_CmdBufRun) != 0, !halts);
		ck_assert_uint_eq(w->v->st.devtab + w->v->st.pages + w->v->st.iotlb + w->v->st.irt + w->v->st.ppr_complete, !fails);
		if (fails) {
			ck_assert_uint_eq(event_word(w->r, 0, 0), HW_ERROR(0, VI_S_MAP));
			ck_assert_uint_eq(event_word(w->r, 0, 1), cmd[i].addr);
		}
		vr_free(w);
	}
}

START_TEST(unmapped_ids)
{
	check_unmapped(NULL, false, true, true);
	check_unmapped(drops, false, true, false);
	check_unmapped(NULL, true, false, false);
	check_unmapped(cleared, true, true, true);
}
END_TEST

/* Which access fails; what the host's log says; where the guest's buffer stands. */
START_TEST(access_faults)
{
	static const struct { bool trp; uint64_t private_addr, gpa, word0, word1; uint32_t head; bool runs; } row[] = {
		{ true, 0x2000380000, 0, HW_ERROR(0, VI_S_MAP), 0x2000380018, 0, false },
		{ false, 0x2800380000, 0, HW_ERROR(0, VI_S_CMD), 0x2800380000, 0, false },
		{ true, 0, G_RING, HW_ERROR(0, VI_S_CMD), G_RING, 0, false },
		{ true, 0, G_SEM, HW_ERROR(AEV_F_RW, VI_S_STORE), G_SEM, 0x10, false },
		{ true, 0x400070, 0, HW_ERROR(AEV_F_RW, VI_S_CMD) & ~BIT64(31), 0x400070, 0x20, true },
	};
	struct vrig *w = guest7(NULL, row[_i].trp, 0);

	vr_put(w, G, 0x3000000300000009, 0x5004);
	vr_put_wait(w, G, 1);
	if (row[_i].private_addr)
		vr_unmap(w, w->pas, row[_i].private_addr);
	else
		vr_unmap(w, w->parent[G], row[_i].gpa);
	amdvi_inv_all(w->v);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_ge(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), row[_i].word0);
	ck_assert_uint_eq(event_word(w->r, 0, 1), row[_i].word1);
	ck_assert_uint_eq(vr_head(w, G), row[_i].head);
	ck_assert_uint_eq((vr_status(w, G) & AMDVI_ST_CmdBufRun) != 0, row[_i].runs);
	ck_assert_uint_eq(ST.hw_errors, row[_i].runs ? 2 : 1);
	ck_assert_uint_eq(ST.wait, row[_i].runs);
	ck_assert(rd32(w->r, AMDVI_R_STATUS) & AMDVI_ST_CmdBufRun);
	vr_free(w);
}
END_TEST

/* Stale translations of the private domain serve until exactly that domain is invalidated; an aborted access is an error too. */
START_TEST(private_invalidation)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint64_t dom = vr_ipa(w, 0x2000380018);

	vr_unmap(w, w->pas, 0x2000380000);
	put(w->r, P(3, (uint64_t)(VR_PRIVATE_DID + 1) << 32), 0x7ffffffffffff003);
	put_wait(w->r, 1);
	tail(w->r);
	run_all(w->r);
	vr_map(w, G, VI_DOM, 3, 0x46); /* through the cached translation */
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, dom), 0x118001);
	ck_assert_uint_eq(n_events(w->r), 0);
	put(w->r, P(3, (uint64_t)VR_PRIVATE_DID << 32), 0x7ffffffffffff003);
	put_wait(w->r, 2);
	tail(w->r);
	run_all(w->r);
	vr_map(w, G, VI_DOM, 3, 0x47);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, dom), 0x118001);
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), (HW_ERROR(AEV_F_RW, VI_S_MAP)) & ~BIT64(31));
	ck_assert_uint_eq(event_word(w->r, 0, 1), 0x2000380018);
	mem_poison(w->r->m, vr_ipa(w, 0x1000700200), true);
	vr_map(w, G, VI_DEV, 0x20, 0x301);
	run_all(w->r);
	ck_assert_uint_eq(n_events(w->r), 2);
	ck_assert_uint_eq(event_word(w->r, 1, 0), (HW_ERROR(AEV_F_RW | (uint64_t)AEV_TYPE_TARGET_ABORT << 57, VI_S_MAP)) & ~BIT64(31));
	vr_free(w);
}
END_TEST

START_TEST(wait_interrupt)
{
	struct vrig *w = guest7(NULL, true, 0);

	wr64(w->r, VFC(G, VC_CMD), G_RING | VC_CMD_EN | VC_CMD_INT | 8);
	vr_put(w, G, P(1, 2), 0);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert(vr_status(w, G) & AMDVI_ST_ComWaitInt);
	ck_assert_uint_eq(rd32(w->r, AMDVI_R_STATUS) & AMDVI_ST_ComWaitInt, 0);
	ck_assert_uint_eq(ST.interrupts, 1);
	ck_assert_uint_eq(w->r->n_msi, 0);
	ck_assert_uint_eq(ST.latency_ps.n, 0); /* it stored nothing */
	wr32(w->r, VF(G, VF_STATUS), AMDVI_ST_ComWaitInt | AMDVI_ST_CmdBufRun);
	ck_assert_uint_eq(vr_status(w, G), AMDVI_ST_CmdBufRun | AMDVI_ST_EventLogRun | AMDVI_ST_PprLogRun);
	vr_free(w);
}
END_TEST

/* Device ids of the host, and each guest's wait for its own device only. */
START_TEST(device_commands)
{
	struct vrig *w = guest7(NULL, true, UINT64_C(4) << 5);
	struct xc_tag t = { .first = 0x300, .rid = 0x300, .kind = AMDVI_K_DTC };

	xc_fill(w->v->dtc, &t);
	vr_guest(w, 8);
	vr_put(w, G, P(2, 0x20), 0);
	vr_put(w, G, 0x4001002001000020, 0x5004); /* PASID 1, Maxpend 1, QueueID 20h */
	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_for(w->r, 100 * US);
	vr_put_wait(w, 8, 2);
	vr_tail(w, 8);
	put_wait(w->r, 3);
	tail(w->r);
	run_for(w->r, 100 * US);
	ck_assert_uint_eq(xc_peek(w->v->dtc, 0x300, 0), XC_MISS);
	ck_assert_uint_eq(w->r->n_inv, 1);
	ck_assert_uint_eq(w->r->inv[0].rid, 0x300);
	ck_assert_uint_eq(w->r->inv[0].pasid, 1);
	ck_assert_uint_eq(vr_sem(w, G), 0);
	ck_assert_uint_eq(vr_sem(w, 8), 2);
	ck_assert_uint_eq(mem64(w->r, RIG_SEM), 3);
	ck_assert(!idle(w->r));
	w->r->u->ops->ats_cpl(w->r->u, 0x300, 1u << w->r->inv[0].itag, 1);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 1);
	/* no answer: an event of the host, with its device id; then the wait completes */
	vr_put(w, G, 0x4001002001000020, 0x5004);
	vr_put_wait(w, G, 5);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 5);
	ck_assert_uint_eq(n_events(w->r), 1);
	ck_assert_uint_eq(event_word(w->r, 0, 0), 0x7000000000000300);
	ck_assert_uint_eq(event_word(w->r, 0, 1), G_RING + 0x30);
	/* a page response */
	vr_put(w, G, P(7, (UINT64_C(5) << 32) | 0x20), 0x0000001a00000004);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(w->r->n_resp, 1);
	ck_assert_uint_eq(w->r->resp[0].rid, 0x300);
	ck_assert_uint_eq(w->r->resp[0].prgi, 0x1a);
	vr_free(w);
}
END_TEST

static void past_illegal(struct amdvi_cfg *c)
{
	c->head_past_illegal = true;
}

START_TEST(head_after_illegal)
{
	struct vrig *w = guest7(past_illegal, true, 0);

	vr_put(w, G, 0, 0);
	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_head(w, G), 0x10);
	ck_assert_uint_eq(vr_sem(w, G), 0);
	vr_free(w);
}
END_TEST

/*
 * What one COMPLETION_WAIT costs with every translation cached: DTC 1 + IOTLB 2 cycles for each access; dirty bit read and written, command
 * read, word stored: 4 times 50 ns; decode 4, execution 4 cycles; 1 ns each.
 */
START_TEST(timing)
{
	struct vrig *w = guest7(NULL, _i, 0);
	uint64_t was;

	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_all(w->r);
	was = ST.latency_ps.sum;
	vr_put_wait(w, G, 2);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(ST.latency_ps.sum - was, 1000 * (3 * 3 + 4 * 50 + 4 + 4));
	/* a buffer that was replaced before anything was fetched leaves no trace */
	wr64(w->r, AMDVI_R_CONTROL, rd64(w->r, AMDVI_R_CONTROL) & ~AMDVI_CT_vCmdEn);
	vr_tail(w, G);
	wr32(w->r, VF(G, VF_CMD_TAIL), w->tail[G] + 16);
	wr64(w->r, VFC(G, VC_CMD), 0); /* off, */
	wr64(w->r, VFC(G, VC_CMD), 0); /* none, */
	wr64(w->r, VFC(G, VC_CMD), G_RING | VC_CMD_EN | 8);
	run_for(w->r, US);
	wr64(w->r, AMDVI_R_CONTROL, rd64(w->r, AMDVI_R_CONTROL) | AMDVI_CT_vCmdEn);
	w->tail[G] = 0;
	was = ST.latency_ps.sum;
	vr_put_wait(w, G, 9);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 9);
	ck_assert_uint_eq(ST.latency_ps.sum - was, 1000 * (3 * 3 + 4 * 50 + 4 + 4));
	/* two behind one tail write: fetch, decode, execution and store again */
	was = ST.latency_ps.max;
	vr_put_wait(w, G, 3);
	vr_put_wait(w, G, 4);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(ST.latency_ps.n, 5);
	ck_assert_uint_eq(w->v->vi->gst[G].latency_ps.n, 5);
	ck_assert_uint_ge(ST.latency_ps.max, 1000 * (3 * 3 + 4 * 50 + 4 + 4 + 2 * 53 + 8));
	ck_assert_uint_ge(ST.latency_ps.max, was);
	vr_free(w);
}
END_TEST

int main(void)
{
	const TTest *const one[] = { dirty_bit, unmapped_ids, private_invalidation, wait_interrupt, device_commands, head_after_illegal };
	TCase *t = tcase_create("viommu");

	for (unsigned i = 0; i < ARRAY_LEN(one); i++)
		tcase_add_test(t, one[i]);
	tcase_add_loop_test(t, one_invalidation, 0, 2);
	tcase_add_loop_test(t, illegal, 0, ARRAY_LEN(bad));
	tcase_add_loop_test(t, access_faults, 0, 5);
	tcase_add_loop_test(t, timing, 0, 2);
	return run_suite(t, "amdvi_viommu");
}
