/* SPDX-License-Identifier: Apache-2.0 */
/* test_systemc.c - the SystemC host gives the same statistics as the native one, and says no to a second run. */
#include <check.h>
#include <string.h>
#include "fake_plat.h"
#ifdef IOMMUSIM_HAVE_SYSTEMC
#include "systemc/sysc_host.h"

static const struct trc_rec recs[] = { REC_MAP(0, 0x5003), REC_DMA('r', 0xff0, 64, REC_FAULT(0)), REC_MAP(1, 0x7003), REC_WRITE(0, 1),
				       REC_DMA('w', 0x800, 2048, REC_OK(0x5800)), REC_WRITE(16, 8), REC_DMA('r', 0x40, 512, REC_OK(0x5040)) };

struct result {
	struct plat_stats st;
	struct plat_verify v;
	struct dev_stats dev;
	struct iommu_stats unit;
	struct mem_port_stats port;
	sim_time end;
	uint64_t events;
};

static void run_host(struct result *o, bool systemc)
{
	struct fake_trace src = { .rec = recs, .n = ARRAY_LEN(recs), .repeat = 500 };
	struct plat_cfg c = fake_plat_cfg();
	struct err e = { 0 };
	struct sysc *s = systemc ? sysc_create(&c, 0, &e) : NULL;
	struct plat *p = fake_plat(&c, NULL, NULL);
	struct stat_reg reg = { 0 };
	bool ok = s ? sysc_run(s, p, fake_next_rec, &src, true, &e) : plat_run(p, fake_next_rec, &src, true, &e);

	ck_assert(!systemc == !s);
	ck_assert_msg(ok, "%s", e.msg);
	ck_assert(plat_done(p) && plat_register_stats(p, &reg));
	memset(o, 0, sizeof(*o));
	o->st = *plat_statistics(p);
	o->v = *plat_verified(p);
	o->port = plat_port(p)->st;
	o->end = sim_now(plat_kernel(p));
	o->events = sim_events_run(plat_kernel(p));
	for (size_t i = 0; i < reg.n; i++) {
		if (!strcmp(reg.node[i].path, "dev.00:01.0"))
			memcpy(&o->dev, reg.node[i].base, sizeof(o->dev));
		if (!strcmp(reg.node[i].path, "fake0"))
			memcpy(&o->unit, reg.node[i].base, sizeof(o->unit));
	}
	stat_fini(&reg);
	sysc_detach(s);
	plat_destroy(p);
	sysc_destroy(s);
}

/* Buckets that are not counted in have no content; here they are to be the same. */
static void only_counts(struct hist *h)
{
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		h->b[i] = hist_count(h, i);
}

static void comparable(struct result *r)
{
	only_counts(&r->dev.latency_ps);
	only_counts(&r->unit.latency_ps);
	only_counts(&r->unit.walk_reads_hist);
}

START_TEST(same_statistics_on_both_hosts)
{
	static struct result native, sysc;
	struct plat_cfg c = fake_plat_cfg();
	struct err e = { 0 };

	run_host(&native, false);
	run_host(&sysc, true);
	ck_assert_uint_eq(native.v.agree, 503);
	ck_assert_uint_gt(native.dev.requests, 500);
	ck_assert_uint_eq(native.st.sim_ps, sysc.st.sim_ps);
	ck_assert_uint_eq(native.events, sysc.events);
	comparable(&native);
	comparable(&sysc);
	ck_assert(!memcmp(&native, &sysc, sizeof(native)));

	ck_assert_ptr_null(sysc_create(&c, 0, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "once per process"));
}
END_TEST
#endif

int main(void)
{
	Suite *s = suite_create("systemc");
	TCase *t = tcase_create("systemc");
	SRunner *sr = srunner_create(s);
	int failed;

#ifdef IOMMUSIM_HAVE_SYSTEMC
	tcase_add_test(t, same_statistics_on_both_hosts);
#endif
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
