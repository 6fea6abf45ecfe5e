/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_drv_break.c - what the drivers write when they are told to break a rule, as one line for each unmap, against lines encoded by hand:
 * "0" the entry cleared, "W0:W1" a command, "wait", "." a write of the tail that the replay waits for, "~" one that it does not.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake_plat.h"
#include "software/drv.h"

enum { RID = 0x310, MAX_LINE = 2000 };
static const struct arch {
	const char *name;
	uint32_t reg[4], ring, tail; /* capability registers, ring base, tail */
	uint64_t val[4];
	unsigned wait_shift, wait_mask, wait_op;
} archs[] = {
	{ "vtd", { 0x08, 0x10, 0x1c, 0 }, 0x90, 0x88, { 0x00d2008c406f0406, 0x00f050df, 0, 0 }, 0, 15, 5 },
	{ "smmuv3", { 0x00, 0x04, 0x0c, 0x14 }, 0x90, 0x98, { 0x0d4d1c1b, 0x02739d10, 0x400, 0x00400075 }, 0, 255, 0x46 },
	{ "amdvi", { 0x30, 0x1a0, 0x18, 0 }, 0x08, 0x2008, { 0x205753f32220995a, 0, 0, 0 }, 60, 15, 1 },
};
static const struct arch *now;

static uint64_t reg_read(struct iommu *u, uint32_t off, unsigned bytes)
{
	(void)u, (void)bytes;
	for (unsigned i = 0; i < 4; i++)
		if (now->reg[i] == off)
			return now->val[i];
	return 0;
}

struct rig {
	struct plat_cfg pc;
	struct plat *p;
	struct drv_cfg c;
	struct drv *d;
	struct fake_trace t;
	struct iommu_ops ops;
	struct err e;
	uint64_t base;
	struct { uint64_t pa, val; } cmd[64]; /* since the last tail write */
	unsigned n_cmd;
	char line[MAX_LINE];
	size_t at;
};

static void put(struct rig *g, const char *text)
{
	g->at += (size_t)snprintf(g->line + g->at, sizeof(g->line) - g->at, "%s%s", g->at ? " " : "", text);
	ck_assert_uint_lt(g->at, sizeof(g->line));
}

static void take(struct rig *g, const struct trc_rec *r)
{
	char text[64];

	if (r->kind == TRC_MMIO_WRITE && r->u.mmio.off == now->ring)
		g->base = r->u.mmio.val & UINT64_C(0x000ffffffffff000);
	if (r->kind == TRC_STORE && r->u.store.bytes == 8 && r->u.store.pa - g->base < 4096) {
		ck_assert_uint_lt(g->n_cmd, ARRAY_LEN(g->cmd));
		g->cmd[g->n_cmd].pa = r->u.store.pa;
		g->cmd[g->n_cmd++].val = r->u.store.val;
	} else if (r->kind == TRC_STORE && r->u.store.bytes == 8 && !r->u.store.val) {
		put(g, "0");
	}
	if (r->kind == TRC_DMA)
		put(g, "dma");
	if (r->kind != TRC_MMIO_WRITE || r->u.mmio.off != now->tail)
		return;
	for (unsigned i = 0; i + 1 < g->n_cmd; i += 2) {
		snprintf(text, sizeof(text), "%" PRIx64 ":%" PRIx64, g->cmd[i].val, g->cmd[i + 1].val);
		put(g, (g->cmd[i].val >> now->wait_shift & now->wait_mask) == now->wait_op ? "wait" : text);
	}
	g->n_cmd = 0;
	put(g, r->u.mmio.unwaited ? "~" : ".");
}

static void run(struct rig *g, const struct trc_rec *r, size_t n)
{
	struct trc_rec out;
	int rc;

	g->t = (struct fake_trace){ .rec = r, .n = n };
	g->at = 0;
	g->line[0] = 0;
	if (!g->d)
		g->d = drv_create(&g->c, g->p, fake_next_rec, &g->t, &g->e);
	ck_assert_msg(g->d != NULL, "%s", g->e.msg);
	while ((rc = drv_next(g->d, &out, &g->e)) > 0)
		take(g, &out);
	ck_assert_msg(rc == 0, "%s", g->e.msg);
}
#define SW(k, ...) { .kind = k, .at = TRC_NO_TIME, .u.sw = { .rid = RID, .pasid = TRC_NO_PASID, .dom = 1, __VA_ARGS__ } }
#define RUN(g, ...) run(g, (const struct trc_rec[]){ __VA_ARGS__ }, ARRAY_LEN(((const struct trc_rec[]){ __VA_ARGS__ })))

static const struct {
	const char *arch, *broken, *set, *want;
	uint64_t pages;
} cases[] = {
	/* DID 2, page-selective, draining; IH; AM */
	{ "vtd", "", "", "0 200f2:40000040 wait .", 1 },
	{ "vtd", "", "", "0 0 0 0 200f2:40000042 wait .", 4 },
	{ "vtd", "", "ih=false", "0 200f2:40000000 wait .", 1 },
	{ "vtd", "GEN-ORD-01", "", "0", 1 },
	{ "vtd", "GEN-ORD-02", "", "200f2:40000040 wait . dma 0", 1 },
	{ "vtd", "GEN-ORD-04", "", "0 dma 200f2:40000040 wait .", 1 },
	{ "vtd", "GEN-ORD-05", "", "0 200f2:40000040 ~", 1 },
	{ "vtd", "GEN-ORD-15", "", "0 f2:40000040 wait .", 1 },
	{ "vtd", "GEN-ORD-16", "", "0 0 0 0 200f2:40000040 wait .", 4 },
	{ "vtd", "VTD-ORD-04", "", "0 20036:40000040 wait .", 1 },
	{ "vtd", "VTD-ORD-08", "ih=false", "0 200f2:40000040 wait .", 1 },
	{ "vtd", "SMM-ORD-12,AMD-ORD-05", "ih=false", "0 200f2:40000000 wait .", 1 },
	/* TLBI_NH_VA, ASID 1; Leaf */
	{ "smmuv3", "", "smmu_ril=off", "0 1000000000012:40000001 wait .", 1 },
	{ "smmuv3", "", "smmu_ril=off", "0 0 1000000000012:40000001 1000000000012:40001001 wait .", 2 },
	{ "smmuv3", "GEN-ORD-05", "smmu_ril=off", "0 1000000000012:40000001 ~", 1 },
	{ "smmuv3", "GEN-ORD-15", "smmu_ril=off", "0 12:40000001 wait .", 1 },
	{ "smmuv3", "GEN-ORD-16", "smmu_ril=off", "0 0 1000000000012:40000001 wait .", 2 },
	{ "smmuv3", "", "ih=false", "0 0 1000000100012:40000400 wait .", 2 }, /* NUM 0, SCALE 1; TG 4K */
	{ "smmuv3", "SMM-ORD-12", "ih=false", "0 0 1000000100012:40000401 wait .", 2 },
	{ "smmuv3", "", "smmu_ril=on", "0 0 1000000100012:40000701 wait .", 2 }, /* TTL 3 */
	{ "smmuv3", "GEN-ORD-16", "smmu_ril=on", "0 0 1000000000012:40000001 wait .", 2 },
	/* INVALIDATE_IOMMU_PAGES, DomainID 1; PDE, S */
	{ "amdvi", "", "", "0 3000000100000000:40000002 . wait .", 1 },
	{ "amdvi", "", "", "0 0 0 0 3000000100000000:40001003 . wait .", 4 },
	{ "amdvi", "GEN-ORD-05", "", "0 3000000100000000:40000002 ~", 1 },
	{ "amdvi", "GEN-ORD-15", "", "0 3000000000000000:40000002 . wait .", 1 },
	{ "amdvi", "GEN-ORD-16", "", "0 0 0 0 3000000100000000:40001002 . wait .", 4 },
	{ "amdvi", "AMD-ORD-05", "", "0 3000000100000000:40000000 . wait .", 1 },
};

START_TEST(an_unmap_is_broken_as_told)
{
	struct rig *g = calloc(1, sizeof(*g));
	char set[64];

	ck_assert_ptr_nonnull(g);
	for (size_t i = 0; i < ARRAY_LEN(archs); i++)
		if (!strcmp(archs[i].name, cases[_i].arch))
			now = &archs[i];
	g->pc = fake_plat_cfg();
	g->p = plat_create(&g->pc, &(struct plat_hooks){ 0 }, &g->e);
	ck_assert_ptr_nonnull(g->p);
	struct fake_unit *f = fake_create(plat_kernel(g->p), plat_mem(g->p), plat_port(g->p));
	g->ops = fake_ops;
	g->ops.arch = now->name;
	g->ops.mmio_read = reg_read;
	f->u.ops = &g->ops;
	ck_assert(plat_add_unit(g->p, &f->u, &g->e));
	cfg_defaults(drv_opts, &g->c);
	ck_assert(cfg_set(drv_opts, &g->c, "superpages", "false", &g->e));
	ck_assert_msg(cfg_set(drv_opts, &g->c, "break", cases[_i].broken, &g->e), "%s", g->e.msg);
	snprintf(set, sizeof(set), "%s", cases[_i].set);
	if (*set) {
		char *eq = strchr(set, '=');

		*eq = 0;
		ck_assert_msg(cfg_set(drv_opts, &g->c, set, eq + 1, &g->e), "%s", g->e.msg);
	}
	RUN(g, SW(TRC_ATTACH), SW(TRC_MAP, .iova = 0x40000000, .pa = 0x12345000, .size = 4096 * 4, .perm = XL_R | XL_W));
	struct trc_rec r[] = {
		SW(TRC_UNMAP, .iova = 0x40000000, .size = 4096 * cases[_i].pages),
		{ .kind = TRC_DMA, .at = TRC_NO_TIME, .u.dma = { .rid = RID, .pasid = TRC_NO_PASID, .iova = 0x1000, .len = 4, .dir = 'r' } },
		{ .kind = TRC_COMMENT, .at = TRC_NO_TIME, .u.text = "" },
	};
	bool late = strstr(cases[_i].want, "dma");

	run(g, r, late ? 3 : 1);
	ck_assert_msg(!strcmp(g->line, cases[_i].want), "%s %s %s: %s, expected %s", cases[_i].arch, cases[_i].broken, cases[_i].set,
		      g->line, cases[_i].want);
	drv_destroy(g->d);
	plat_destroy(g->p);
	free(g);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("drv_break");
	TCase *t = tcase_create("drv_break");

	tcase_add_loop_test(t, an_unmap_is_broken_as_told, 0, ARRAY_LEN(cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
