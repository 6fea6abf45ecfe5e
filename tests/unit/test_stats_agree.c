/* SPDX-License-Identifier: Apache-2.0 */
/* test_stats_agree.c - the statistics of a run agree with each other, and one counter that is wrong is found and named. */
#include <check.h>
#include <string.h>
#include "fake_plat.h"

static struct plat *ran(uint64_t warmup)
{
	static const struct trc_rec t[] = {
		REC_MAP(0, 0x5001), REC_MAP(1, 0x6003), REC_DMA('r', 0x10, 64, REC_OK(0x5010)), REC_DMA('r', 0x40, 64, REC_OK(0x5040)),
		REC_DMA('w', 0x10, 64, REC_FAULT(0)), REC_DMA('w', 0x1000, 128, REC_OK(0x6000)),
	};
	static struct fake_trace f;
	struct plat_cfg c = fake_plat_cfg();
	struct err e = { 0 };
	struct plat *p;

	f = (struct fake_trace){ .rec = t, .n = ARRAY_LEN(t) };
	c.replay.warmup_dmas = warmup;
	p = fake_plat(&c, &(struct plat_hooks){ 0 }, &e);
	ck_assert_msg(p != NULL, "%s", e.msg);
	ck_assert_msg(plat_run(p, fake_next_rec, &f, true, &e), "%s", e.msg);
	return p;
}

/* Each counter that takes part in a statement, one too many. */
static uint64_t *counter(struct plat *p, int i, const char **text)
{
	struct iommu_stats *u = &plat_unit(p, 0)->st;
	struct dev_stats *d = dev_stats_of(plat_find_device(p, 0, 8));
	struct plat_stats *r = (struct plat_stats *)(uintptr_t)plat_statistics(p);
	const struct { uint64_t *c; const char *text; } all[] = {
		{ &u->requests, "hits + misses" }, { &u->hits, "hits + misses" }, { &u->walks, "walks" }, { &u->merged, "merged" },
		{ &u->walk_reads_hist.n, "histogram" }, { &u->walk_reads_hist.sum, "histogram" }, { &u->faults, "faults" },
		{ &d->requests, "in flight" }, { &d->latency_ps.n, "in flight" }, { &r->dmas, "DMAs issued" }, { &r->faults, "faults" },
	};

	if ((size_t)i >= ARRAY_LEN(all))
		return NULL;
	*text = all[i].text;
	return all[i].c;
}

START_TEST(one_wrong_counter_is_named)
{
	struct plat *p = ran(0);
	char text[200];
	const char *want = NULL, *got;
	uint64_t *c;

	ck_assert_ptr_null(plat_stats_wrong(p, text, sizeof(text)));
	for (int i = 0; (c = counter(p, i, &want)); i++) {
		*c += 100;
		got = plat_stats_wrong(p, text, sizeof(text));
		ck_assert_msg(got && strstr(got, want), "counter %d: %s", i, got ? got : "not noticed");
		*c -= 100;
		ck_assert_ptr_null(plat_stats_wrong(p, text, sizeof(text)));
	}
	plat_destroy(p);
}
END_TEST

START_TEST(a_warm_up_is_left_alone)
{
	struct plat *p = ran(1);
	char text[200];

	plat_unit(p, 0)->st.hits += 100;
	ck_assert_ptr_null(plat_stats_wrong(p, text, sizeof(text)));
	plat_destroy(p);
}
END_TEST

START_TEST(caches)
{
	struct xc_stats s = { .lookups = 7, .hits = 3, .misses = 4, .fills = 4, .evictions = 1, .dropped = 3 };

	ck_assert_ptr_null(xc_stats_wrong(&s));
	s.hits++;
	ck_assert_ptr_nonnull(xc_stats_wrong(&s));
	s.hits--;
	s.dropped++;
	ck_assert_ptr_nonnull(xc_stats_wrong(&s));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("stats_agree");
	TCase *t = tcase_create("stats_agree");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, one_wrong_counter_is_named);
	tcase_add_test(t, a_warm_up_is_left_alone);
	tcase_add_test(t, caches);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
