/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hyp_amd.c - AMD-Vi guests on the hardware vIOMMU under software.hypervisor = nested-hw: what the host programs and the guests queue,
 * against words encoded by hand and found by walking the private address space by hand; what guests' logs hold; and that an id map that is
 * wrong is seen: the invalidation misses, and the oracle finds the stale use. Whole runs with closed forms are in tests/golden/hyp.sh.
 */
#include <check.h>
#include <stdlib.h>
#include "amdvi/amdvi.h"
#include "check/oracle.h"
#include "core/base/bits.h"
#include "fake_plat.h"
#include "software/hyp.h"

enum { A = 0x310, B = 0x410, UNIT = 2, VFCNTL = 0x1000000, VF = 0x10000000, MAX_LOG = 4000 };
#define OFFSET UINT64_C(0x1000000000) /* guest-physical minus system-physical, the default */
#define PAGE_MASK UINT64_C(0x000ffffffffff000)

enum wrong { NOTHING, DOM_OF_OTHER, DOM_INVALID, DEV_OF_OTHER, DEV_INVALID };
struct rig {
	struct plat_cfg pc;
	struct amdvi_cfg amdvi;
	struct hyp_cfg hc;
	struct drv_cfg dc;
	struct fake_trace t;
	struct plat *p;
	struct iommu *u;
	struct hyp *h;
	struct oracle *o;
	struct err e;
	struct { uint32_t off; uint64_t val; } w[MAX_LOG]; /* register writes */
	unsigned n;
	enum wrong wrong;
};

/* One valid map, of GuestID 0: to the host ids of guest 1, or to none. */
static uint64_t tampered(const struct rig *g, uint32_t off, uint64_t val)
{
	static const uint64_t host = UINT64_C(0xffff) << 14;

	if (off == VFCNTL + 8 && g->wrong == DOM_OF_OTHER)
		return val + (UINT64_C(1) << 14); /* the next one given out, to a TransDevID or to the other guest */
	if ((off == VFCNTL + 8 && g->wrong == DOM_INVALID) || (off == VFCNTL && g->wrong == DEV_INVALID))
		return val & ~UINT64_C(1);
	if (off == VFCNTL && g->wrong == DEV_OF_OTHER)
		return (val & ~host) | (uint64_t)B << 14;
	return val;
}

static int next(void *arg, struct trc_rec *r, struct err *e)
{
	struct rig *g = arg;
	int rc = hyp_next(g->h, r, e);

	if (rc > 0 && r->kind == TRC_MMIO_WRITE) {
		r->u.mmio.val = tampered(g, r->u.mmio.off, r->u.mmio.val);
		ck_assert_uint_lt(g->n, MAX_LOG);
		g->w[g->n].off = r->u.mmio.off;
		g->w[g->n++].val = r->u.mmio.val;
	}
	return rc;
}

static void fault(void *arg, unsigned unit, const struct xl_req *q, const struct xl_res *res)
{
	hyp_fault(((struct rig *)arg)->h, unit, q, res);
}

static void guest_irq(void *arg, unsigned unit, unsigned guest)
{
	hyp_guest_irq(((struct rig *)arg)->h, unit, guest);
}

static struct rig *rig_run(enum wrong wrong, bool ats, bool trp, const struct trc_rec *r, size_t n)
{
	struct rig *g = calloc(1, sizeof(*g));
	const struct plat_hooks hooks = { .arg = g, .fault = fault, .guest_irq = guest_irq };

	ck_assert_ptr_nonnull(g);
	g->wrong = wrong;
	g->pc = fake_plat_cfg();
	if (ats) {
		g->pc.dev_default.ats_enabled = false;
		g->pc.dev_default.atc.cache.entries = 16;
	}
	cfg_defaults(amdvi_opts, &g->amdvi);
	cfg_defaults(hyp_opts, &g->hc);
	cfg_defaults(drv_opts, &g->dc);
	g->hc.mode = HYP_HW;
	g->hc.guests = 2;
	g->dc.amd_gst_trp = trp;
	g->t = (struct fake_trace){ .rec = r, .n = n };
	g->p = plat_create(&g->pc, &hooks, &g->e);
	ck_assert_ptr_nonnull(g->p);
	g->u = amdvi_create(&g->amdvi, "unit", plat_kernel(g->p), plat_mem(g->p), plat_port(g->p), 1, &g->e);
	ck_assert_msg(g->u != NULL, "%s", g->e.msg);
	ck_assert(plat_add_unit(g->p, g->u, &g->e));
	g->o = oracle_create(g->p, 16, &g->e);
	g->h = hyp_create(&g->hc, &g->dc, g->p, fake_next_rec, &g->t, &g->e);
	ck_assert_msg(g->o && g->h, "%s", g->e.msg);
	ck_assert_msg(plat_run(g->p, next, g, true, &g->e), "%s", g->e.msg);
	return g;
}

static void rig_close(struct rig *g)
{
	oracle_destroy(g->o);
	hyp_destroy(g->h);
	plat_destroy(g->p);
	free(g);
}

#define SW(k, ...) { .kind = k, .at = TRC_NO_TIME, .u.sw = { .pasid = TRC_NO_PASID, __VA_ARGS__ } }
#define DMA(r, va, ...) \
	{ .kind = TRC_DMA, .at = TRC_NO_TIME, .u.dma = { .iova = va, .len = 64, .rid = r, .pasid = TRC_NO_PASID, __VA_ARGS__ } }
#define ATS(r) { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { r, TRC_DEV_ATS_ON } }
#define MAPS \
	SW(TRC_MAP, .dom = 1, .iova = 0x10000, .pa = 0x601e000, .size = 0x2000, .perm = 3), \
	SW(TRC_MAP, .dom = 2, .iova = 0x10000, .pa = 0x701e000, .size = 0x2000, .perm = 3), \
	DMA(A, 0x10040, REC_OK(0x601e040)), DMA(B, 0x10040, REC_OK(0x701e040)), \
	SW(TRC_UNMAP, .dom = 1, .iova = 0x10000, .size = 0x1000), \
	DMA(A, 0x10080, REC_FAULT(0)), DMA(A, 0x11080, REC_OK(0x601f080)), DMA(B, 0x10080, REC_OK(0x701e080))
static const struct trc_rec plain[] = { SW(TRC_ATTACH, .rid = A, .dom = 1), SW(TRC_ATTACH, .rid = B, .dom = 2), MAPS };
static const struct trc_rec with_ats[] = { SW(TRC_ATTACH, .rid = A, .dom = 1), SW(TRC_ATTACH, .rid = B, .dom = 2), ATS(A), ATS(B), MAPS };

static uint64_t word(const struct rig *g, uint64_t pa)
{
	uint64_t w = 0;

	ck_assert_int_eq(mem_read(plat_mem(g->p), pa, &w, 1), MEM_OK);
	return w;
}

/* The last value written to a register below the first one. */
static uint64_t reg(const struct rig *g, uint32_t off)
{
	for (unsigned i = g->n; i--;)
		if (g->w[i].off == off)
			return g->w[i].val;
	ck_abort_msg("0x%x was not written", off);
	return 0;
}

static uint64_t dte(const struct rig *g, uint32_t rid, unsigned i)
{
	return word(g, (reg(g, 0) & PAGE_MASK) + 32 * (uint64_t)rid + 8 * i);
}

/* Through the v1 table of @rid's entry: three or four levels, NextLevel at 11:9, 0 and 7 are leaves. */
static uint64_t walk(const struct rig *g, uint32_t rid, uint64_t ia)
{
	uint64_t e = dte(g, rid, 0), size;

	ck_assert_uint_eq(e & 3, 3); /* V, TV */
	for (unsigned level = (unsigned)bits_get(e, 11, 9), next;; level = next) {
		e = word(g, (e & PAGE_MASK) + 8 * (ia >> (3 + 9 * level) & 511));
		ck_assert_uint_eq(e & 1, 1);
		next = (unsigned)bits_get(e, 11, 9);
		size = UINT64_C(1) << (3 + 9 * level);
		if (next == 7) /* the lowest 0 of the address says the size */
			size = UINT64_C(2) << __builtin_ctzll(~(e & PAGE_MASK) & PAGE_MASK);
		if (!next || next == 7)
			return (e & PAGE_MASK & ~(size - 1)) + (ia & (size - 1));
	}
}

/* ---- what is programmed and queued ---- */

START_TEST(ids_buffers_and_commands_are_as_by_hand)
{
	const bool trp = _i;
	struct rig *g = rig_run(NOTHING, false, trp, plain, ARRAY_LEN(plain));
	const uint64_t control = reg(g, 0x18), misc = reg(g, VFCNTL + 0x10), cmd = reg(g, VFCNTL + 0x20);
	const uint32_t trans = (uint32_t)(misc >> 16);
	uint64_t ring, dom;

	/* vCmdEn, vIommuEn, GstBufferTRPMode, GAEn */
	ck_assert_uint_eq(control >> 52 & 3, 3);
	ck_assert_uint_eq(control >> 60 & 1, trp);
	ck_assert_uint_eq(control >> 17 & 1, 1);
	/* device 0008h of GuestIDs 0 and 1; vImuEn */
	ck_assert_uint_eq(reg(g, VFCNTL), UINT64_C(1) << 63 | UINT64_C(0x0008) << 46 | (uint64_t)A << 14 | 1);
	ck_assert_uint_eq(reg(g, VFCNTL + 64), UINT64_C(1) << 63 | UINT64_C(0x0008) << 46 | (uint64_t)B << 14 | 1);
	ck_assert_uint_eq(dte(g, A, 3), UINT64_C(0x0000000000088000));
	ck_assert_uint_eq(dte(g, B, 3), UINT64_C(0x0000000100088000));
	/* domain 1 of each is its device's DomainID, and these differ from 1 and from each other */
	dom = dte(g, A, 1) & 0xffff;
	ck_assert_uint_eq(reg(g, VFCNTL + 8), UINT64_C(1) << 63 | UINT64_C(1) << 46 | dom << 14 | 1);
	ck_assert_uint_eq(bits_get(reg(g, VFCNTL + 64 + 8), 29, 14), dte(g, B, 1) & 0xffff);
	ck_assert_uint_ne(dom, 1);
	ck_assert_uint_ne(dom, dte(g, B, 1) & 0xffff);
	/* maps in memory, where the hardware put them: 16 bytes for a device, 8 for a domain */
	ck_assert_uint_eq(word(g, walk(g, UNIT, UINT64_C(0x1000000000) + 0x0008 * 16)), (uint64_t)A << 14 | 1);
	ck_assert_uint_eq(word(g, walk(g, UNIT, UINT64_C(0x1000100000) + 0x0008 * 16)), (uint64_t)B << 14 | 1);
	ck_assert_uint_eq(word(g, walk(g, UNIT, UINT64_C(0x2000000000) + 1 * 8)), dom << 14 | 1);
	/* the buffer: guest-physical through the TransDevID, and private unless at the former; 512 entries, on */
	ck_assert_uint_eq(cmd & 0xfff, 0x109);
	ring = walk(g, trans, cmd & PAGE_MASK);
	ck_assert_uint_eq(ring, (cmd & PAGE_MASK) - OFFSET);
	if (!trp)
		ck_assert_uint_eq(walk(g, UNIT, UINT64_C(0x2800000000)), ring);
	/* attach: PASID 0 of domain 1, everything, PDE, GN; wait. Unmap: one page; wait */
	ck_assert_uint_eq(word(g, ring), UINT64_C(0x3000000100000000));
	ck_assert_uint_eq(word(g, ring + 8), UINT64_C(0x7ffffffffffff007));
	ck_assert_uint_eq(word(g, ring + 16) >> 60, 1);
	ck_assert_uint_eq(word(g, ring + 32), UINT64_C(0x3000000100000000));
	ck_assert_uint_eq(word(g, ring + 40), UINT64_C(0x10006));
	ck_assert_uint_eq(word(g, ring + 48) & ~PAGE_MASK, UINT64_C(0x1000000000000001));
	ck_assert_uint_eq(word(g, ring + 56), 2);
	ck_assert_uint_eq(word(g, walk(g, trans, word(g, ring + 48) & PAGE_MASK)), 2); /* stored */
	ck_assert_uint_eq(word(g, ring + 64), 0);
	ck_assert_uint_eq(reg(g, VF + 8), 4 * 16);
	ck_assert_uint_eq(g->u->ops->mmio_read(g->u, VF, 8), 4 * 16);
	ck_assert_uint_eq(reg(g, VF + 0x1000 + 8), 2 * 16); /* the other guest: its attach */
	ck_assert_uint_eq(hyp_statistics(g->h)->guest_commands, 6);
	ck_assert_uint_eq(hyp_statistics(g->h)->exits, 2);
	ck_assert_uint_eq(hyp_statistics(g->h)->waits_lost, 0);
	ck_assert_uint_eq(oracle_bad(g->o), 0);
	ck_assert_uint_eq(plat_verified(g->p)->disagree, 0);
	rig_close(g);
}
END_TEST

/* ---- faults ---- */

START_TEST(a_fault_is_in_the_guests_log)
{
	struct rig *g = rig_run(NOTHING, false, _i, plain, ARRAY_LEN(plain));
	const uint64_t evt = reg(g, VFCNTL + 0x28), log = walk(g, (uint32_t)(reg(g, VFCNTL + 0x10) >> 16), evt & PAGE_MASK);

	ck_assert_uint_eq(evt & 0xfff, 0x309); /* on, interrupt, 512 entries */
	/* IO_PAGE_FAULT, GN, PASID 0, the guest's DeviceID; the page; none behind it, none with the other guest or the host */
	ck_assert_uint_eq(word(g, log) & UINT64_C(0xf001ffff000fffff), UINT64_C(0x2001000000000008));
	ck_assert_uint_eq(word(g, log + 8) & ~UINT64_C(0xfff), 0x10000);
	ck_assert_uint_eq(word(g, log + 16), 0);
	for (unsigned guest = 0; guest < 2; guest++) {
		ck_assert_uint_eq(g->u->ops->mmio_read(g->u, VF + 0x1000 * guest + 0x18, 8), guest ? 0 : 16);
		ck_assert_uint_eq(g->u->ops->mmio_read(g->u, VF + 0x1000 * guest + 0x10, 8), guest ? 0 : 16); /* read */
		ck_assert_uint_eq(g->u->ops->mmio_read(g->u, VF + 0x1000 * guest + 0x20, 8) & 3, 0); /* EventLogInt was cleared */
	}
	ck_assert_uint_eq(g->u->ops->mmio_read(g->u, 0x2018, 4), 0);
	ck_assert_uint_eq(hyp_statistics(g->h)->fault_exact, 1);
	ck_assert_uint_eq(hyp_statistics(g->h)->fault_latency.n, 1);
	ck_assert_uint_gt(hyp_statistics(g->h)->fault_latency.min, 1000000); /* interrupt_time, and the entry's write */
	rig_close(g);
}
END_TEST

/*
 * Many at once. A hundred: none is lost, as the guest reads while more come. Four thousand: they come faster than the hardware writes one entry
 * after the other, more than 64 wait, and it loses most. Every one is read or known to be lost, but for the last ones, behind which none is read.
 */
START_TEST(many_faults_are_read)
{
	const unsigned n = _i ? 4000 : 100;
	struct trc_rec *r = calloc(n + 2, sizeof(*r));
	const struct trc_rec attach[] = { SW(TRC_ATTACH, .rid = A, .dom = 1), SW(TRC_ATTACH, .rid = B, .dom = 2) };
	struct rig *g;
	const struct hyp_stats *st;

	r[0] = attach[0];
	r[1] = attach[1];
	for (unsigned i = 0; i < n; i++)
		r[2 + i] = (struct trc_rec)DMA(!_i && (i & 1) ? B : A, 0x10000 + 0x1000 * (uint64_t)i, REC_FAULT(0));
	g = rig_run(NOTHING, false, false, r, 2 + n);
	st = hyp_statistics(g->h);
	ck_assert_uint_eq(st->faults, n);
	ck_assert_uint_le(st->fault_exact + st->fault_lost, n);
	ck_assert_uint_ge(st->fault_exact + st->fault_lost, n - 64);
	ck_assert_uint_eq(st->fault_latency.n, st->fault_exact);
	ck_assert_uint_eq(st->fault_unknown, 0);
	if (!_i) {
		ck_assert_uint_eq(st->fault_exact, n);
		ck_assert_uint_eq(st->fault_lost, 0);
	} else {
		ck_assert_uint_gt(st->fault_exact, 100);
		ck_assert_uint_gt(st->fault_lost, 100);
	}
	rig_close(g);
	free(r);
}
END_TEST

/* ---- an id map that is wrong ---- */

/*
 * A buffer that stopped never stores what a wait is for: a guest would wait for ever. The replay goes on, and what devices use then is in
 * the legal window.
 */
static const struct {
	enum wrong wrong;
	bool ats, missed;
	uint64_t waits_lost;
} maps[] = {
	{ NOTHING, false, false, 0 }, { NOTHING, true, false, 0 },
	{ DOM_OF_OTHER, false, true, 0 },
	{ DOM_INVALID, false, false, 2 }, /* stops at the first command of the attach: no wait comes back */
	{ DEV_OF_OTHER, false, false, 0 }, /* nobody uses it */
	{ DEV_OF_OTHER, true, true, 0 },
	{ DEV_INVALID, true, false, 1 }, /* stops at the device's invalidation */
};

START_TEST(a_wrong_map_is_a_stale_use)
{
	const struct trc_rec *r = maps[_i].ats ? with_ats : plain;
	struct rig *g = rig_run(maps[_i].wrong, maps[_i].ats, false, r, maps[_i].ats ? ARRAY_LEN(with_ats) : ARRAY_LEN(plain));

	ck_assert_uint_eq(hyp_statistics(g->h)->waits_lost, maps[_i].waits_lost);
	/* the unmapped page is still there for A; nothing else is wrong */
	ck_assert_uint_eq(plat_verified(g->p)->disagree, maps[_i].missed || maps[_i].waits_lost);
	ck_assert_uint_eq(oracle_bad(g->o), maps[_i].missed);
	ck_assert_uint_eq(oracle_statistics(g->o)->window, maps[_i].waits_lost ? 1 : 0);
	rig_close(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hyp_amd");
	TCase *t = tcase_create("hyp_amd");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, ids_buffers_and_commands_are_as_by_hand, 0, 2);
	tcase_add_loop_test(t, a_fault_is_in_the_guests_log, 0, 2);
	tcase_add_loop_test(t, many_faults_are_read, 0, 2);
	tcase_add_loop_test(t, a_wrong_map_is_a_stale_use, 0, (int)ARRAY_LEN(maps));
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
