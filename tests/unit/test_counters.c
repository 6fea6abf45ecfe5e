/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_counters.c - the performance counters that software reads (SMMUv3 PMCG, AMD-Vi counter banks) against our own statistics, after
 * generated traffic with churn through the driver model: first or second stage, and nested; caches small enough to miss.
 */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include "amdvi/amdvi_int.h"
#include "fake_plat.h"
#include "smmuv3/smmuv3_int.h"
#include "software/drv.h"
#include "software/gen.h"

enum { DMAS = 3000 };
static int feed_next(void *gen, struct trc_rec *r, struct err *e)
{
	return gen_next(gen, r, e);
}

static void traffic(struct plat *p, struct iommu *u, uint32_t mode)
{
	struct gen_cfg gc = { 0 };
	struct drv_cfg dc = { 0 };
	struct err e = { 0 };
	struct gen *g;
	struct drv *d;

	cfg_defaults(gen_opts, &gc);
	cfg_defaults(drv_opts, &dc);
	gc.window = 400 * 4096;
	gc.devices = 3;
	gc.count = DMAS;
	gc.churn = 10;
	dc.mode = mode;
	ck_assert(plat_add_unit(p, u, &e));
	g = gen_create(&gc, 3, &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	d = drv_create(&dc, p, feed_next, g, &e);
	ck_assert_msg(d != NULL, "%s", e.msg);
	ck_assert_msg(plat_run(p, drv_next, d, true, &e), "%s", e.msg);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	drv_destroy(d);
	gen_destroy(g);
}

static const uint32_t modes[] = { DRV_MODE_FS, DRV_MODE_SS, DRV_MODE_NESTED };

START_TEST(smmuv3)
{
	struct plat_cfg pc = fake_plat_cfg();
	struct plat_hooks h = { 0 };
	struct smmuv3_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &h, &e);
	struct smmuv3 *s;
	struct iommu *u;

	cfg_defaults(smmuv3_opts, &uc);
	uc.pmcg_counters = 6;
	uc.tlb.entries = 64;
	uc.ste.entries = uc.cd.entries = 2;
	u = smmuv3_create(&uc, "smmu0", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u != NULL, "%s", e.msg);
	s = smmuv3_of(u);
	for (unsigned n = 1; n < 6; n++) { /* EVTYPERn: event n, span filter; SMRn: every StreamID */
		u->ops->mmio_write(u, SMMUV3_PMCG_OFF + 0x400 + 4 * n, 4, n | 1u << 29);
		u->ops->mmio_write(u, SMMUV3_PMCG_OFF + 0xa00 + 4 * n, 4, 0xffffffff);
	}
	u->ops->mmio_write(u, SMMUV3_PMCG_OFF + 0xc00, 8, 0x3e); /* CNTENSET0 */
	u->ops->mmio_write(u, SMMUV3_PMCG_OFF + 0xe04, 4, 1); /* CR.E */
	traffic(p, u, modes[_i]);
	const struct {
		const char *what;
		uint64_t st;
	} want[] = { { "", 0 },
		     { "transactions", u->st.requests - s->st.prefetch }, /* of the driver's PREFETCH_CONFIG one request each */
		     { "TLB misses", s->st.tlb_misses },
		     { "configuration misses", s->st.config_misses },
		     { "table accesses", s->st.table_reads },
		     { "configuration accesses", s->st.config_reads } };
	for (unsigned n = 1; n < 6; n++) {
		ck_assert_uint_eq(u->ops->mmio_read(u, SMMUV3_PMCG_OFF + 4 * n, 4), want[n].st);
		ck_assert_msg(want[n].st > 0, "no %s", want[n].what);
	}
	ck_assert_uint_eq(s->st.table_reads + s->st.config_reads, u->st.walk_reads + u->st.walk_updates);
	plat_destroy(p);
}
END_TEST

START_TEST(amdvi)
{
	static const uint8_t source[] = { 0x05, 0x06, 0x07, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e };
	struct plat_cfg pc = fake_plat_cfg();
	struct plat_hooks h = { 0 };
	struct amdvi_cfg uc = { 0 };
	struct err e = { 0 };
	struct plat *p = plat_create(&pc, &h, &e);
	struct amdvi *v;
	struct iommu *u;

	cfg_defaults(amdvi_opts, &uc);
	uc.iotlb.entries = 64;
	uc.dtc.entries = 2;
	u = amdvi_create(&uc, "amd0", plat_kernel(p), plat_mem(p), plat_port(p), 1, &e);
	ck_assert_msg(u != NULL, "%s", e.msg);
	v = amdvi_of(u);
	for (unsigned i = 0; i < ARRAY_LEN(source); i++) /* bank i / 4, counter i % 4: source register */
		u->ops->mmio_write(u, (0x40 | i / 4) << 12 | i % 4 << 8 | 8, 8, source[i]);
	traffic(p, u, modes[_i]);
	const struct xc_stats *tlb = xc_stats_of(v->iotlb), *dtc = xc_stats_of(v->dtc);
	const uint64_t want[] = { v->st.translations, tlb->hits, tlb->misses, dtc->hits, dtc->misses, v->st.pt_reads, v->st.pt_reads_nested,
				  v->st.pt_reads_guest };
	for (unsigned i = 0; i < ARRAY_LEN(source); i++) {
		uint64_t got = u->ops->mmio_read(u, (0x40 | i / 4) << 12 | i % 4 << 8, 8);

		ck_assert_msg(got == want[i], "source 0x%02x: counter %" PRIu64 ", statistics %" PRIu64, source[i], got, want[i]);
		ck_assert_msg(got > 0 || (source[i] == 0x0d && modes[_i] != DRV_MODE_NESTED) || (source[i] == 0x0e && modes[_i] == DRV_MODE_SS),
			      "source 0x%02x never counted", source[i]);
	}
	ck_assert_uint_eq(v->st.pt_reads + v->st.dte_reads + v->st.gcr3_reads, u->st.walk_reads + u->st.walk_updates);
	plat_destroy(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("counters");
	TCase *t = tcase_create("counters");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, smmuv3, 0, (int)ARRAY_LEN(modes));
	tcase_add_loop_test(t, amdvi, 0, (int)ARRAY_LEN(modes));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
