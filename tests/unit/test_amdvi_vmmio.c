/* SPDX-License-Identifier: Apache-2.0 */
/* test_amdvi_vmmio.c - hardware vIOMMU: addresses and values, registers of both windows, map writes, resets. */
#include "amdvi_vrig.h"

START_TEST(addresses)
{
	static const struct { enum vi_region r; uint64_t base; } row[] = {
		{ VI_R_MMIO, 0x1c0 }, { VI_R_CMD, 0x2800380000 }, { VI_R_PPR, 0x3000380000 }, { VI_R_PPRB, 0x3800380000 },
		{ VI_R_EVT, 0x4000380000 }, { VI_R_EVTB, 0x4800380000 },
	};
	static const struct { uint32_t gid; uint64_t addr, bit; } dirty[] = {
		{ 7, 0x400070, 1 }, { 1, 0x400010, 1 }, { 0x102, 0x400020, 2 }, { 0x2000, 0x400000, BIT64(32) },
		{ 0x7fff, 0x400ff8, BIT64(63) },
	};
	uint64_t bit;

	for (unsigned i = 0; i < ARRAY_LEN(row); i++)
		ck_assert_uint_eq(vi_private_addr(row[i].r, 7, 0), row[i].base);
	ck_assert_uint_eq(vi_map_addr(7, VI_DEV, 0x20), 0x1000700200);
	ck_assert_uint_eq(vi_map_addr(7, VI_DOM, 3), 0x2000380018);
	for (unsigned i = 0; i < ARRAY_LEN(dirty); i++) {
		ck_assert_uint_eq(vi_dirty_addr(dirty[i].gid, &bit), dirty[i].addr);
		ck_assert_uint_eq(bit, dirty[i].bit);
	}
	ck_assert_uint_eq(VFC(7, 0), AMDVI_VFCNTL_OFF + 0x1c0);
	ck_assert_uint_eq(VF(7, VF_CMD_TAIL), AMDVI_VF_OFF + 0x7008);
	ck_assert_uint_eq(VF(7, VF_EVTB_TAIL), AMDVI_VF_OFF + 0x7078);
	ck_assert_uint_eq(VF(7, VF_EARLYB), AMDVI_VF_OFF + 0x7090);
	ck_assert_uint_eq(VFC(7, VC_PPRB_BASE), AMDVI_VFCNTL_OFF + 0x1f8);
}
END_TEST

START_TEST(map_writes)
{
	struct vrig *w = vr_new(NULL, true, 0);
	uint64_t dev, dom;
	sim_time t;

	vr_guest(w, G);
	dev = vr_ipa(w, 0x1000700200);
	dom = vr_ipa(w, 0x2000380018);
	put64(w->r, dev + 8, 5);
	t = sim_now(w->r->k);
	wr64(w->r, AMDVI_VFCNTL_OFF + 0x1c0, 0x8008000000c00001);
	wr64(w->r, AMDVI_VFCNTL_OFF + 0x1c8, 0x8000c00000114001);
	ck_assert_uint_eq(rd64(w->r, VFC(G, 0)), 0x8008000000c00001);
	ck_assert(!idle(w->r));
	ck_assert_uint_eq(mem64(w->r, dev), 0);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_ge(sim_now(w->r->k) - t, 2 * 50000);
	ck_assert_uint_eq(rd64(w->r, VFC(G, 0)), 0x0008000000c00001);
	ck_assert_uint_eq(mem64(w->r, dev), 0xc00001);
	ck_assert_uint_eq(mem64(w->r, dev + 8), 0);
	ck_assert_uint_eq(mem64(w->r, dom), 0x114001);
	/* no write without bit 63; the driver's way to unmap; halves of the register */
	wr64(w->r, VFC(G, 0), 0x0008000000000001);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, dev), 0xc00001);
	wr64(w->r, VFC(G, 0), 0x8008000000000001);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, dev), 1);
	wr32(w->r, VFC(G, 0), 0x00c00001);
	wr32(w->r, VFC(G, 0) + 4, 0x80080000);
	run_all(w->r);
	ck_assert_uint_eq(mem64(w->r, dev), 0xc00001);
	ck_assert_uint_eq(ST.map_writes, 4);
	ck_assert_uint_eq(ST.private_writes, 4);
	ck_assert_uint_gt(ST.private_ps, 0);
	vr_free(w);
}
END_TEST

/* A command right behind the map write that it needs finds the new entry, also if the old one was cached. */
START_TEST(map_order)
{
	struct vrig *w = guest7(NULL, true, 0);

	w->r->n_alive = 1;
	w->r->alive[0] = 0x301;
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			vr_map(w, G, VI_DEV, 0x20, 0x301);
		vr_put(w, G, P(4, 0x20), 0x1000);
		vr_tail(w, G);
		run_all(w->r);
	}
	ck_assert_uint_eq(w->r->n_inv, 2);
	ck_assert_uint_eq(w->r->inv[0].rid, 0x300);
	ck_assert_uint_eq(w->r->inv[1].rid, 0x301);
	/* as many as a driver writes to clear all */
	for (unsigned i = 0; i < 256; i++)
		vr_map(w, G, VI_DEV, (uint16_t)i, (uint16_t)(0x300 - i));
	vr_put(w, G, P(4, 0xff), 0x1000);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(w->r->inv[2].rid, 0x201);
	ck_assert_uint_eq(ST.map_writes, 2 + 1 + 256);
	vr_free(w);
}
END_TEST

START_TEST(switched_off)
{
	struct vrig *w = guest7(NULL, true, 0);
	uint64_t ctl = rd64(w->r, AMDVI_R_CONTROL);

	/* no such guest, no such size, no such register */
	wr64(w->r, VFC(16, VC_CMD), 0x1108);
	ck_assert_uint_eq(rd64(w->r, VFC(16, VC_CMD)), 0);
	wr32(w->r, VF(16, VF_CMD_TAIL), 0x10);
	ck_assert_uint_eq(rd32(w->r, VF(16, VF_CMD_TAIL)), 0);
	w->r->u->ops->mmio_write(w->r->u, VF(G, VF_AUTORSP), 2, 3);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_AUTORSP)), 0);
	ck_assert_uint_eq(rd32(w->r, AMDVI_VF_OFF + G * 4096 + 0x98), 0);
	/* vCmdEn = 0: tails are accepted, nothing is fetched */
	wr64(w->r, AMDVI_R_CONTROL, ctl & ~AMDVI_CT_vCmdEn);
	ck_assert(!(vr_status(w, G) & AMDVI_ST_CmdBufRun));
	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_CMD_TAIL)), 0x10);
	ck_assert_uint_eq(vr_head(w, G), 0);
	ck_assert(idle(w->r));
	/* vIommuEn = 0: everything reads 0 and ignores writes, nothing is forgotten */
	wr64(w->r, AMDVI_R_CONTROL, ctl & ~AMDVI_CT_vIommuEn);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_CMD_TAIL)), 0);
	ck_assert_uint_eq(rd64(w->r, VFC(G, VC_CMD)), 0);
	wr64(w->r, VFC(G, VC_CMD), 0);
	vr_map(w, G, VI_DOM, 3, 0x46);
	run_all(w->r);
	ck_assert_uint_eq(ST.map_writes, 2);
	wr64(w->r, AMDVI_R_CONTROL, ctl);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 1);
	ck_assert_uint_eq(vr_head(w, G), 0x10);
	/* bases and the head of a running buffer are locked; pointers beyond it are ignored */
	wr64(w->r, VFC(G, VC_CMD), 0x77000 | VC_CMD_EN | VC_CMD_INT | 9);
	ck_assert_uint_eq(rd64(w->r, VFC(G, VC_CMD)), G_RING | VC_CMD_EN | VC_CMD_INT | 8);
	wr32(w->r, VF(G, VF_CMD_HEAD), 0);
	wr32(w->r, VF(G, VF_CMD_TAIL), 0x1000);
	ck_assert_uint_eq(vr_head(w, G), 0x10);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_CMD_TAIL)), 0x10);
	vr_free(w);
}
END_TEST

START_TEST(statistics)
{
	struct vrig *w = guest7(NULL, true, 0);
	struct stat_reg r = { 0 };

	ck_assert(amdvi_viommu_stats(w->v, &r));
	ck_assert_uint_eq(r.n, 2 + 16);
	ck_assert_str_eq(r.node[1].path, "amdvi0.idmap");
	ck_assert_str_eq(r.node[2 + G].path, "amdvi0.viommu.guest7");
	vr_put(w, G, P(2, 0x20), 0);
	vr_put_wait(w, G, 1);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(*(uint64_t *)r.node[2 + G].base, 2); /* commands */
	stat_fini(&r);
	vr_free(w);
}
END_TEST

/* A reset while a command is being fetched: it is forgotten, and the guest can start anew. */
START_TEST(reset_in_flight)
{
	struct vrig *w = guest7(NULL, true, 0);

	for (unsigned i = 0; i < 8; i++)
		vr_put_wait(w, G, i + 1);
	vr_tail(w, G);
	event(w, 2);
	run_for(w->r, 20000 * (sim_time)(_i + 1));
	amdvi_viommu_reset(w->v, G, true, true);
	event(w, 1);
	run_all(w->r);
	ck_assert(idle(w->r));
	ck_assert_uint_eq(vr_head(w, G), 0);
	ck_assert_uint_eq(rd32(w->r, VF(G, VF_EVT_TAIL)), 0);
	ck_assert(!vr_dirty(w, G));
	vr_guest(w, G); /* with other tables */
	amdvi_inv_all(w->v);
	w->tail[G] = 0;
	vr_put_wait(w, G, 99);
	vr_tail(w, G);
	run_all(w->r);
	ck_assert_uint_eq(vr_sem(w, G), 99);
	ck_assert_uint_eq(vr_head(w, G), 0x10);
	vr_free(w);
}
END_TEST

int main(void)
{
	const TTest *const one[] = { addresses, map_writes, map_order, switched_off, statistics };
	TCase *t = tcase_create("vmmio");

	for (unsigned i = 0; i < ARRAY_LEN(one); i++)
		tcase_add_test(t, one[i]);
	tcase_add_loop_test(t, reset_in_flight, 0, 40);
	return run_suite(t, "amdvi_vmmio");
}
