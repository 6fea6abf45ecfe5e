/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv.c - the VT-d driver: descriptors of each operation against rows written from what Linux sends, table words by hand, and
 * whole runs of generated traces on the real unit, where every DMA must land on the address the generator mapped.
 */
#include "drv_run.h"
#include "vtd/vtd.h"

#define CAP_LEGACY UINT64_C(0x00d2008c406f0406)
#define ECAP_LEGACY UINT64_C(0x00f050df)
#define CAP_SCALABLE UINT64_C(0xd1d2078c40780c06)
#define ECAP_SCALABLE UINT64_C(0x0433ef9ea4f050df)
#define BASE UINT64_C(0x4000000000)
enum { MAX_EV = 8192, RID = 0x310 };
#define RIG_OWN uint64_t iqa, rtaddr, tail;
#include "drv_rig.h"

static uint64_t caps[2];
static uint64_t caps_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	(void)u, (void)bytes;
	return off == 8 ? caps[0] : off == 16 ? caps[1] : 0;
}

/* Each submission ends with a wait. */
static void take(struct rig *g, const struct trc_rec *r)
{
	struct mem *m = plat_mem(g->p);

	if (r->kind == TRC_STORE)
		ck_assert_int_eq(mem_write_part(m, r->u.store.pa, r->u.store.bytes, r->u.store.val), MEM_OK);
	if (r->kind != TRC_MMIO_WRITE)
		return;
	log_ev(g, 'm', r->u.mmio.off, r->u.mmio.val);
	if (r->u.mmio.off == 0x90)
		g->iqa = r->u.mmio.val;
	if (r->u.mmio.off == 0x20)
		g->rtaddr = r->u.mmio.val;
	if (r->u.mmio.off != 0x88)
		return;
	uint64_t bytes = g->iqa & 0x800 ? 32 : 16, size = 4096u << (g->iqa & 7);

	while (g->tail != r->u.mmio.val) {
		uint64_t w[4] = { 0 };

		ck_assert_int_eq(mem_read(m, (g->iqa & ~UINT64_C(0xfff)) + g->tail, w, (unsigned)bytes / 8), MEM_OK);
		ck_assert_uint_eq(w[2] | w[3], 0);
		log_ev(g, 'c', w[0], w[1]);
		g->tail = (g->tail + bytes) % size;
		if (g->tail == r->u.mmio.val) {
			ck_assert_uint_eq(w[0], UINT64_C(0x0000000200000025)); /* wait, status write, data 2 */
			ck_assert_uint_eq(w[1] & 3, 0);
		}
	}
}

static struct rig *rig_open(uint64_t cap, uint64_t ecap)
{
	caps[0] = cap;
	caps[1] = ecap;
	return rig_new("vtd", caps_read);
}

static bool is_wait(uint64_t w0)
{
	return (w0 & 15) == 5;
}

/* A submission has one wait. */
#define EXPECT COMMANDS
#define NOTHING NO_COMMANDS

#define MAPREC(v, p, n) SW(TRC_MAP, .iova = v, .pa = p, .size = n, .perm = XL_R | XL_W)

/* What was written to GCMD at the @i-th time. */
static uint64_t gcmd(const struct rig *g, unsigned i)
{
	for (unsigned k = 0; k < g->n; k++)
		if (g->ev[k].kind == 'm' && g->ev[k].a == 0x18 && !i--)
			return g->ev[k].b;
	ck_abort_msg("no such write");
}

START_TEST(legacy_sequences)
{
	struct rig *g = rig_open(CAP_LEGACY, ECAP_LEGACY);
	uint64_t ctx, t;

	RUN(g, SW(TRC_ATTACH));
	EXPECT(g, 2, { 0x11, 0 }, { 0xd2, 0 }); /* cc global, iotlb global, one submission each */
	ck_assert_uint_eq(writes_of(g, 0x18), 3);
	ck_assert_uint_eq(gcmd(g, 0), 0x04000000); /* QIE */
	ck_assert_uint_eq(gcmd(g, 1), 0x44000000); /* SRTP */
	ck_assert_uint_eq(gcmd(g, 2), 0x84000000); /* TE */
	ck_assert_uint_eq(g->iqa & 0xfff, 0);
	ctx = word(g, g->rtaddr + 3 * 16);
	ck_assert_uint_eq(ctx & 0xfff, 1);
	ctx = (ctx & ~UINT64_C(0xfff)) + 0x10 * 16;
	ck_assert_uint_eq(word(g, ctx + 8), 0x202); /* DID 2, AW 4 levels */
	t = word(g, ctx) & ~UINT64_C(0xfff);
	ck_assert_uint_eq(word(g, ctx) & 0xfff, 1); /* P, TT 0 */

	RUN(g, MAPREC(0x40000000, 0x12345000, 0x3000), MAPREC(0x80000000, 0x40000000, 0x200000));
	NOTHING(g); /* CM = 0 */
	t = word(g, t + 0) & 0xffffffffff000; /* level 4 index 0 */
	uint64_t big = word(g, (word(g, t + 8 * 2) & 0xffffffffff000) + 0);

	ck_assert_uint_eq(big, 0x40000083); /* 2 MiB leaf, R W */
	t = word(g, (word(g, t + 8) & 0xffffffffff000) + 0) & 0xffffffffff000;
	ck_assert_uint_eq(word(g, t + 8), 0x12346003);

	RUN(g, UNMAPREC(0x40001000, 0x2000)); /* leaves only: IH; 2 pages not aligned to 2: AM 2 */
	EXPECT(g, 1, { 0x000200f2, 0x40000042 });
	ck_assert_uint_eq(word(g, t + 8), 0);
	ck_assert_uint_eq(word(g, t), 0x12345003);
	RUN(g, UNMAPREC(0x40000000, 0x200000)); /* a whole table goes: no IH */
	EXPECT(g, 1, { 0x000200f2, 0x40000009 });
	RUN(g, UNMAPREC(0x80001000, 0x1000)); /* part of a large page unmaps all of it */
	EXPECT(g, 1, { 0x000200f2, 0x80000049 });
	RUN(g, SW(TRC_FLUSH));
	EXPECT(g, 1, { 0x000200e2, 0 });
	RUN(g, SW(TRC_DETACH));
	EXPECT(g, 2, { 0x0000031000020031, 0 }, { 0x000200e2, 0 });
	ck_assert_uint_eq(word(g, ctx) | word(g, ctx + 8), 0);
	rig_close(g);
}
END_TEST

START_TEST(legacy_ats)
{
	struct rig *g = rig_open(CAP_LEGACY, ECAP_LEGACY);

	RUN(g, { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, TRC_DEV_ATS_ON } });
	ck_assert_uint_eq(writes_of(g, 0x18), 0); /* a device event alone does not start the driver */
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x4000));
	RUN(g, UNMAPREC(0, 0x4000));
	EXPECT(g, 1, { 0x000200f2, 0x42 }, { 0x0000031000000003, 0x1001 }); /* 16 KiB: one 1 from bit 12 up */
	RUN(g, SW(TRC_DETACH));
	EXPECT(g, 3, { 0x0000031000020031, 0 }, { 0x000200e2, 0 }, { 0x0000031000000003, 0x7ffffffffffff001 });
	rig_close(g);
}
END_TEST

START_TEST(page_selective_limits)
{
	struct rig *g = rig_open((CAP_LEGACY & ~(UINT64_C(63) << 48)) | UINT64_C(1) << 48, ECAP_LEGACY); /* MAMV 1 */

	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x4000));
	RUN(g, UNMAPREC(0, 0x4000));
	EXPECT(g, 1, { 0x000200e2, 0 });
	RUN(g, MAPREC(0, 0x100000, 0x2000), UNMAPREC(0, 0x2000));
	EXPECT(g, 1, { 0x000200f2, 0x41 });
	rig_close(g);
}
END_TEST

START_TEST(caching_mode)
{
	struct rig *g = rig_open(CAP_LEGACY | 0x80, ECAP_LEGACY);

	g->c.policy = DRV_LAZY; /* caching mode is strict all the same */
	RUN(g, SW(TRC_ATTACH));
	EXPECT(g, 4, { 0x11, 0 }, { 0xd2, 0 }, { 0x0000031000000031, 0 }, { 0x000200e2, 0 }); /* device with DID 0 */
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	EXPECT(g, 1, { 0x000200f2, 0x1000 });
	RUN(g, UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, { 0x000200f2, 0x1040 });
	rig_close(g);
}
END_TEST

START_TEST(first_stage_sequences)
{
	struct rig *g = rig_open(CAP_SCALABLE, ECAP_SCALABLE);
	uint64_t ctx, dir, tab, w[3];

	RUN(g, SW(TRC_ATTACH)); /* auto: first stage */
	NOTHING(g);		  /* ESRTPS: no flush; CM = 0 */
	ck_assert_uint_eq(g->iqa & 0xfff, 0x801);
	ck_assert_uint_eq(g->rtaddr & 0xfff, 0x400);
	ctx = word(g, (g->rtaddr & ~UINT64_C(0xfff)) + 3 * 16) & ~UINT64_C(0xfff);
	ck_assert_uint_eq(word(g, ctx + 0x10 * 32) & 0xfff, 0xe09); /* P, PASIDE, PDTS 7 */
	dir = word(g, ctx + 0x10 * 32) & ~UINT64_C(0xfff);
	tab = word(g, dir);
	ck_assert_uint_eq(tab & 0xfff, 1);
	tab &= ~UINT64_C(0xfff);
	for (unsigned i = 0; i < 3; i++)
		w[i] = word(g, tab + 8 * i);
	ck_assert_uint_eq(w[0], 0x4d); /* P, AW 5 levels, PGTT 1 */
	ck_assert_uint_eq(w[1], 0x800002); /* PWSNP, DID 2 */
	ck_assert_uint_eq(w[2] & 0xfff, 0x30); /* NXE, WPE, 4 levels */
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000));
	NOTHING(g);
	RUN(g, UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, { 0x20036, 0x1040 });
	RUN(g, SWF(TRC_ATTACH, RID, 0x1234, 1)); /* the same domain for one PASID too: a tag of its own */
	NOTHING(g);
	RUN(g, MAPREC(0x1000, 0x100000, 0x1000), UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, { 0x20036, 0x1040 }, { 0x0000123400020036, 0x1040 });
	RUN(g, SWF(TRC_DETACH, RID, 0x1234, 1));
	EXPECT(g, 2, { 0x0000123400020017, 0 }, { 0x0000123400020026, 0 });
	RUN(g, SW(TRC_DETACH));
	EXPECT(g, 2, { 0x20017, 0 }, { 0x20026, 0 });
	ck_assert_uint_eq(word(g, tab) | word(g, tab + 8) | word(g, tab + 16), 0);
	rig_close(g);
}
END_TEST

START_TEST(second_stage_and_nested)
{
	struct rig *g = rig_open(CAP_SCALABLE & ~(UINT64_C(1) << 63), ECAP_SCALABLE);

	RUN(g, SW(TRC_ATTACH, .type = "ss"), MAPREC(0x1000, 0x100000, 0x1000));
	EXPECT(g, 3, { 0x11, 0 }, { 0x37, 0 }, { 0xd2, 0 });
	RUN(g, UNMAPREC(0x1000, 0x1000));
	EXPECT(g, 1, { 0x200f2, 0x1040 });
	RUN(g, SW(TRC_DETACH));
	EXPECT(g, 2, { 0x20017, 0 }, { 0x200e2, 0 });
	RUN(g, SWF(TRC_ATTACH, RID, TRC_NO_PASID, 2, .type = "nested"),
	    SWF(TRC_MAP, RID, TRC_NO_PASID, 2, .iova = 0x1000, .pa = 0x100000, .size = 0x1000, .perm = XL_R));
	NOTHING(g);
	RUN(g, SWF(TRC_UNMAP, RID, TRC_NO_PASID, 2, .iova = 0x1000, .size = 0x1000));
	EXPECT(g, 1, { 0x20036, 0x1040 }); /* DID 2 is free again and comes back */
	RUN(g, SWF(TRC_DETACH, RID, TRC_NO_PASID, 2));
	EXPECT(g, 2, { 0x20017, 0 }, { 0x200e2, 0 });
	rig_close(g);
}
END_TEST

START_TEST(lazy_queue)
{
	struct rig *g = rig_open(CAP_LEGACY, ECAP_LEGACY);

	g->c.policy = DRV_LAZY;
	g->c.lazy_len = 3;
	RUN(g, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x8000));
	RUN(g, UNMAPREC(0, 0x1000), UNMAPREC(0x1000, 0x1000));
	NOTHING(g);
	RUN(g, UNMAPREC(0x2000, 0x1000)); /* full */
	EXPECT(g, 1, { 0x200e2, 0 });
	RUN(g, UNMAPREC(0x3000, 0x1000), MAPREC(0x1000, 0x100000, 0x1000)); /* 0x1000 has been flushed */
	NOTHING(g);
	RUN(g, MAPREC(0x3000, 0x100000, 0x1000)); /* 0x3000 has not */
	EXPECT(g, 1, { 0x200e2, 0 });
	RUN(g, UNMAPREC(0x4000, 0x1000));
	sim_run_until(plat_kernel(g->p), g->c.lazy_ps - 1);
	RUN(g, REC_DMA('r', 0, 4));
	NOTHING(g);
	sim_run_until(plat_kernel(g->p), g->c.lazy_ps);
	RUN(g, REC_DMA('r', 0, 4));
	EXPECT(g, 1, { 0x200e2, 0 });
	RUN(g, REC_DMA('r', 0, 4));
	NOTHING(g);
	rig_close(g);
}
END_TEST

START_TEST(ring_wraps_and_waits)
{
	struct rig *g = rig_open(CAP_LEGACY, ECAP_LEGACY);

	g->c.wait = DRV_WAIT_EACH;
	RUN(g, { .kind = TRC_DEVICE, .at = TRC_NO_TIME, .u.dev = { RID, TRC_DEV_ATS_ON } }, SW(TRC_ATTACH), MAPREC(0, 0x100000, 0x1000));
	for (int i = 0; i < 300; i++) { /* 1200 slots of 256 */
		RUN(g, UNMAPREC(0, 0x1000), MAPREC(0, 0x100000, 0x1000));
		EXPECT(g, 2, { 0x200f2, 0x40 }, { 0x0000031000000003, 0 });
	}
	rig_close(g);
}
END_TEST

START_TEST(user_mistakes)
{
	static const struct {
		struct trc_rec r[2];
		const char *say;
	} row[] = {
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH) }, "already attached" },
		{ { SW(TRC_ATTACH), SWF(TRC_DETACH, 0x311, TRC_NO_PASID, 1) }, "not attached" },
		{ { SW(TRC_ATTACH), SW(TRC_ATTACH, .type = "sv") }, "unknown attach type" },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, TRC_NO_PASID, 1, .type = "ss") }, "domain 1 is legacy, not ss" },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, TRC_NO_PASID, 2, .type = "fs") }, "runs in legacy mode" },
		{ { SW(TRC_ATTACH), SWF(TRC_ATTACH, 0x311, 5, 1) }, "PASID 5" },
		{ { SW(TRC_ATTACH), MAPREC(0x1001, 0x100000, 0x1000) }, "4 KiB" },
		{ { SW(TRC_ATTACH), MAPREC(UINT64_C(1) << 48, 0x100000, 0x1000) }, "48-bit" },
		{ { SW(TRC_ATTACH), MAPREC(0, BASE, 0x1000) }, "driver's own memory" },
		{ { MAPREC(0, 0x100000, 0x2000), MAPREC(0x1000, 0x200000, 0x1000) }, "already mapped" },
		{ { SW(TRC_ATTACH), SW(TRC_MAP, .size = 0x1000) }, "permission" },
		{ { SW(TRC_ATTACH, .type = "pt"), MAPREC(0, 0x100000, 0x1000) }, "pass-through" },
		{ { SW(TRC_ATTACH), { .kind = TRC_ATTACH, .unit = 1 } }, "no unit 1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct rig *g = rig_open(CAP_LEGACY, ECAP_LEGACY);

		rig_run(g, row[i].r, 2);
		ck_assert_int_eq(g->rc, -1);
		ck_assert_int_eq(g->e.code, ERR_INPUT);
		ck_assert_msg(strstr(g->e.msg, row[i].say) != NULL, "row %zu: %s", i, g->e.msg);
		ck_assert_msg(strstr(g->e.msg, "record 2") != NULL, "%s", g->e.msg);
		rig_close(g);
	}
}
END_TEST

struct shape {
	const char *name;
	bool scalable;
	uint32_t mode, levels, s2_levels, s2_page, page, policy;
	uint64_t pasid;
	bool cm, deaf; /* deaf: the unit ignores invalidations, so the churn must show */
};
static const struct shape shapes[] = {
	{ "legacy4", false, DRV_MODE_LEGACY, 4, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "legacy on scalable unit, 5", true, DRV_MODE_LEGACY, 5, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "legacy 2M lazy", false, DRV_MODE_AUTO, 0, 0, 0, 1, DRV_LAZY, TRC_NO_PASID, false, false },
	{ "ss4", true, DRV_MODE_SS, 4, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "ss5 2M cm", true, DRV_MODE_SS, 5, 0, 0, 1, DRV_LAZY, TRC_NO_PASID, true, false },
	{ "fs4", true, DRV_MODE_FS, 4, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "fs5 lazy pasid", true, DRV_MODE_FS, 5, 0, 0, 0, DRV_LAZY, 0x12345, false, false },
	{ "nested 4x4", true, DRV_MODE_NESTED, 4, 4, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "nested 5x5 2M/2M", true, DRV_MODE_NESTED, 5, 5, 1, 1, DRV_LAZY, 77, false, false },
	{ "nested 4x4 1G stage 2", true, DRV_MODE_NESTED, 4, 4, 2, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "fs4 deaf", true, DRV_MODE_FS, 4, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, true },
	{ "pt", true, DRV_MODE_PT, 0, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
	{ "pt legacy", false, DRV_MODE_PT, 0, 0, 0, 0, DRV_STRICT, TRC_NO_PASID, false, false },
};

/* Generator, driver, platform and the real unit together. */
START_TEST(runs_on_the_unit)
{
	const struct shape *s = &shapes[_i];
	struct plat_cfg pc = fake_plat_cfg();
	struct gen_cfg gc = churning(s->page, s->pasid, s->mode == DRV_MODE_PT);
	struct drv_cfg dc = { 0 };
	struct vtd_cfg vc = { 0 };
	struct err e = { 0 };
	int diffs = 0;
	struct plat_hooks h = { .arg = s->deaf ? NULL : &diffs, .diff = show_diff };
	struct plat *p = plat_create(&pc, &h, &e);

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(vtd_opts, &vc);
	vc.cap = s->scalable ? CAP_SCALABLE : CAP_LEGACY;
	vc.ecap = s->scalable ? ECAP_SCALABLE : ECAP_LEGACY;
	vc.ver = s->scalable ? 0x60 : 0x10;
	vc.ignore_invalidations = s->deaf;
	dc.mode = s->mode;
	dc.levels = s->levels;
	dc.s2_levels = s->s2_levels;
	dc.s2_page = s->s2_page;
	dc.policy = s->policy;
	dc.caching_mode = s->cm;
	struct iommu *u = vtd_create(&vc, "vtd0", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u != NULL, "%s", e.msg);
	ck_assert(plat_add_unit(p, u, &e));
	run_gen(p, &dc, &gc, 0, s->deaf, s->name);
	ck_assert_uint_eq(plat_statistics(p)->faults, 0);
	ck_assert_uint_eq(u->ops->mmio_read(u, 0x34, 4), 0); /* no fault, no queue error */
	plat_destroy(p);
}
END_TEST

static uint64_t random_events(unsigned mode, bool lazy, bool superpages, uint64_t seed, bool deaf)
{
	const bool scalable = mode != DRV_MODE_LEGACY;
	struct plat_cfg pc = fake_plat_cfg();
	struct drv_cfg dc = { 0 };
	struct vtd_cfg vc = { 0 };
	struct err e = { 0 };
	struct plat *p = chaos_plat(&pc, deaf, &e);
	struct chaos *c = calloc(1, sizeof(*c));
	char name[40];

	cfg_defaults(drv_opts, &dc);
	cfg_defaults(vtd_opts, &vc);
	vc.cap = scalable ? CAP_SCALABLE : CAP_LEGACY;
	vc.ecap = scalable ? ECAP_SCALABLE : ECAP_LEGACY;
	vc.ver = scalable ? 0x60 : 0x10;
	vc.ignore_invalidations = deaf;
	dc.mode = mode;
	dc.superpages = superpages;
	c->map = chaos_map_whole;
	c->base = 0x40000000;
	c->lazy = lazy;
	c->pasids = scalable;
	c->leave_first = true;
	c->ats_off = true;
	struct iommu *u = vtd_create(&vc, "vtd0", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);

	ck_assert_msg(u && plat_add_unit(p, u, &e), "%s", e.msg);
	snprintf(name, sizeof(name), "mode %u", mode);
	uint64_t bad = run_chaos(p, &dc, c, seed, name);

	ck_assert_uint_eq(u->ops->mmio_read(u, 0x34, 4) & 0x70, 0); /* no error of the queue */
	plat_destroy(p);
	free(c);
	return bad;
}

static const uint32_t modes[] = { DRV_MODE_LEGACY, DRV_MODE_SS, DRV_MODE_FS, DRV_MODE_NESTED };
START_TEST(random_events_on_the_unit)
{
	ck_assert_uint_eq(random_events(modes[_i % 4], _i & 4, _i & 8, 100 + (uint64_t)_i, false), 0);
}
END_TEST

START_TEST(random_events_on_a_deaf_unit)
{
	ck_assert_uint_gt(random_events(modes[_i], false, true, 7, true), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv");
	TCase *t = tcase_create("vtd");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, legacy_sequences);
	tcase_add_test(t, legacy_ats);
	tcase_add_test(t, page_selective_limits);
	tcase_add_test(t, caching_mode);
	tcase_add_test(t, first_stage_sequences);
	tcase_add_test(t, second_stage_and_nested);
	tcase_add_test(t, lazy_queue);
	tcase_add_test(t, ring_wraps_and_waits);
	tcase_add_test(t, user_mistakes);
	tcase_add_loop_test(t, runs_on_the_unit, 0, (int)ARRAY_LEN(shapes));
	tcase_add_loop_test(t, random_events_on_the_unit, 0, 4 * 4 * 4);
	tcase_add_loop_test(t, random_events_on_a_deaf_unit, 0, 4);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
