/* SPDX-License-Identifier: Apache-2.0 */
/* test_smmuv3_pmcg.c - the counter group: registers, filters by stream, cycles, overflow, capture. */
#include "smmuv3_rig.h"

enum { G = SMMUV3_PMCG_OFF, EVCNTR = G, EVTYPER = G + 0x400, SVR = G + 0x600, SMR = G + 0xa00, CNTENSET = G + 0xc00, CNTENCLR = G + 0xc20,
       INTENSET = G + 0xc40, INTENCLR = G + 0xc60, OVSCLR = G + 0xc80, OVSSET = G + 0xcc0, CAPR = G + 0xd88, CFGR = G + 0xe00, CR = G + 0xe04,
       CEID0 = G + 0xe20, CEID1 = G + 0xe28, IRQ_CTRL = G + 0xe50, IRQ_CTRLACK = G + 0xe54, IRQ_CFG0 = G + 0xe58, IRQ_CFG1 = G + 0xe60,
       IRQ_STATUS = G + 0xe68, COUNTERS = 4, MSI = 0x62000 };
#define SPAN (UINT32_C(1) << 29)
#define OVFCAP (UINT32_C(1) << 31)

static void configure(struct smmuv3_cfg *c)
{
	c->pmcg_counters = COUNTERS;
	c->idr0 |= (uint32_t)(BIT64(10) | BIT64(13)); /* ATS, MSI */
}

static void without(struct smmuv3_cfg *c)
{
	c->pmcg_counters = 0;
}

/* Counter @n counts event @type for @smr; counting is on. */
static void arm(struct rig *r, unsigned n, uint32_t type, uint32_t smr)
{
	wr32(r, EVTYPER + 4 * n, type);
	wr32(r, SMR + 4 * n, smr);
	wr32(r, EVCNTR + 4 * n, 0);
	wr64(r, CNTENSET, BIT64(n));
	wr32(r, CR, 1);
}

static uint32_t counter(struct rig *r, unsigned n)
{
	return rd32(r, EVCNTR + 4 * n);
}

START_TEST(identification)
{
	struct rig *r = rig_new(configure);

	/* NCTR = 3, SIZE = 31, MSI, CAPTURE; one filter per counter */
	ck_assert_uint_eq(rd32(r, CFGR), 0x00601f03);
	ck_assert_uint_eq(rd64(r, CEID0), 0xff);
	ck_assert_uint_eq(rd64(r, CEID1), 0);
	wr32(r, CFGR, 0);
	ck_assert_uint_eq(rd32(r, CFGR), 0x00601f03);
	rig_free(r);
}
END_TEST

START_TEST(no_group)
{
	struct rig *r = rig_new(without);

	wr32(r, CR, 1);
	ck_assert_uint_eq(rd32(r, CFGR), 0);
	ck_assert_uint_eq(rd32(r, CR), 0);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	rig_free(r);
}
END_TEST

/* Bits of counters that do not exist stay 0; set and clear registers show the same state; both halves can be written apart. */
START_TEST(set_and_clear_registers)
{
	static const uint32_t set[] = { CNTENSET, INTENSET, OVSSET }, clr[] = { CNTENCLR, INTENCLR, OVSCLR };
	struct rig *r = rig_new(configure);

	wr64(r, set[_i], UINT64_MAX);
	ck_assert_uint_eq(rd64(r, set[_i]), 0xf);
	wr32(r, clr[_i], 5);
	wr32(r, clr[_i] + 4, UINT32_MAX);
	ck_assert_uint_eq(rd64(r, clr[_i]), 0xa);
	ck_assert_uint_eq(rd64(r, set[_i]), 0xa);
	wr32(r, set[_i] + 4, UINT32_MAX);
	wr32(r, set[_i], 1);
	ck_assert_uint_eq(rd32(r, set[_i]), 0xb);
	ck_assert_uint_eq(rd32(r, set[_i] + 4), 0);
	rig_free(r);
}
END_TEST

START_TEST(counts_only_what_is_enabled)
{
	struct rig *r = rig_new(configure);

	arm(r, 0, 1 | SPAN, UINT32_MAX);
	arm(r, 1, 2 | SPAN, UINT32_MAX);
	wr32(r, CR, 0);
	smmuv3_pmcg_count(r->s, 1, 7, 1);
	wr32(r, CR, 1);
	smmuv3_pmcg_count(r->s, 1, 7, 3);
	smmuv3_pmcg_count(r->s, 2, 7, 2);
	smmuv3_pmcg_count(r->s, 3, 7, 9);
	smmuv3_pmcg_count(r->s, 33, 7, 9); /* not event 1 */
	ck_assert_uint_eq(counter(r, 0), 3);
	ck_assert_uint_eq(counter(r, 1), 2);
	ck_assert_uint_eq(rd64(r, EVCNTR), UINT64_C(0x0000000200000003));
	wr64(r, CNTENCLR, 1);
	smmuv3_pmcg_count(r->s, 1, 7, 1);
	smmuv3_pmcg_count(r->s, 2, 7, 1);
	ck_assert_uint_eq(counter(r, 0), 3);
	ck_assert_uint_eq(counter(r, 1), 3);
	ck_assert_uint_eq(counter(r, 2), 0);
	rig_free(r);
}
END_TEST

static const struct {
	const char *what;
	uint32_t span, smr, sid;
	bool counted;
} filters[] = {
	{ "exact", 0, 0x1234, 0x1234, true },
	{ "exact, another", 0, 0x1234, 0x1235, false },
	{ "exact, all ones is one stream", 0, UINT32_MAX, 0x1234, false },
	{ "span of 2", SPAN, 0x1234, 0x1235, true },
	{ "span of 2, below", SPAN, 0x1234, 0x1233, false },
	{ "span of 2, above", SPAN, 0x1234, 0x1236, false },
	{ "span of 8, first", SPAN, 0x1233, 0x1230, true },
	{ "span of 8, last", SPAN, 0x1233, 0x1237, true },
	{ "span of 8, above", SPAN, 0x1233, 0x1238, false },
	{ "half of all", SPAN, 0x3fffffff, 0x7fffffff, true },
	{ "other half", SPAN, 0x3fffffff, 0x80000000, false },
	{ "all but the top bit set: all", SPAN, 0x7fffffff, 0xffffffff, true },
	{ "all", SPAN, UINT32_MAX, 0x80000001, true },
};

START_TEST(filter_by_stream)
{
	struct rig *r = rig_new(configure);

	arm(r, 2, 4 | filters[_i].span, filters[_i].smr);
	smmuv3_pmcg_count(r->s, 4, filters[_i].sid, 5);
	ck_assert_msg(counter(r, 2) == (filters[_i].counted ? 5 : 0), "%s: %u", filters[_i].what, counter(r, 2));
	rig_free(r);
}
END_TEST

/* Each counter has its own filter (SID_FILTER_TYPE = 0). */
START_TEST(filters_are_per_counter)
{
	struct rig *r = rig_new(configure);

	for (unsigned i = 0; i < COUNTERS; i++)
		arm(r, i, 1, 10 + i);
	for (unsigned i = 0; i < COUNTERS; i++)
		smmuv3_pmcg_count(r->s, 1, 10 + i, i + 1);
	for (unsigned i = 0; i < COUNTERS; i++)
		ck_assert_uint_eq(counter(r, i), i + 1);
	rig_free(r);
}
END_TEST

START_TEST(cycles_follow_the_clock)
{
	struct rig *r = rig_new(configure);
	uint64_t clock = r->c.unit.clock_ps;

	run_for(r, 1000 * clock);
	arm(r, 0, 0, 12345); /* no filter */
	run_for(r, 500 * clock);
	ck_assert_uint_eq(counter(r, 0), 500);
	wr64(r, CNTENCLR, 1);
	run_for(r, 500 * clock);
	ck_assert_uint_eq(counter(r, 0), 500);
	wr64(r, CNTENSET, 1);
	run_for(r, 7 * clock);
	wr32(r, CR, 0);
	run_for(r, 100 * clock);
	ck_assert_uint_eq(counter(r, 0), 507);
	rig_free(r);
}
END_TEST

static void irq_on(struct rig *r, unsigned n)
{
	wr64(r, IRQ_CFG0, MSI);
	wr32(r, IRQ_CFG1, 0x5a);
	wr32(r, IRQ_CTRL, 1);
	wr64(r, INTENSET, BIT64(n));
	ck_assert_uint_eq(rd32(r, IRQ_CTRLACK), 1);
}

START_TEST(overflow_sets_status_and_interrupts_once)
{
	struct rig *r = rig_new(configure);

	irq_on(r, 1);
	arm(r, 1, 1 | SPAN, UINT32_MAX);
	arm(r, 2, 1 | SPAN, UINT32_MAX); /* no interrupt of its own */
	wr32(r, EVCNTR + 4, UINT32_MAX - 1);
	wr32(r, EVCNTR + 8, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	ck_assert_uint_eq(rd64(r, OVSSET), 4);
	ck_assert_uint_eq(r->n_msi, 0);
	smmuv3_pmcg_count(r->s, 1, 0, 3);
	ck_assert_uint_eq(counter(r, 1), 2);
	ck_assert_uint_eq(rd64(r, OVSCLR), 6);
	ck_assert_uint_eq(r->n_msi, 1);
	ck_assert_uint_eq(r->msi[0].addr, MSI);
	ck_assert_uint_eq(r->msi[0].data, 0x5a);
	wr32(r, EVCNTR + 4, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1); /* status still set */
	ck_assert_uint_eq(r->n_msi, 1);
	wr64(r, OVSCLR, 2);
	wr32(r, EVCNTR + 4, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	ck_assert_uint_eq(r->n_msi, 2);
	wr32(r, IRQ_CTRL, 0);
	wr64(r, OVSCLR, 2);
	wr32(r, EVCNTR + 4, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	ck_assert_uint_eq(r->n_msi, 2);
	ck_assert_uint_eq(rd64(r, OVSSET), 6);
	rig_free(r);
}
END_TEST

/* The interrupt of a cycle counter comes at its time, not at the next access; and only then is the event queue kept alive. */
START_TEST(cycle_overflow_interrupts_in_time)
{
	struct rig *r = rig_new(configure);
	uint64_t clock = r->c.unit.clock_ps, t0;

	arm(r, 0, 0, 0);
	wr32(r, EVCNTR, UINT32_MAX - 999);
	sim_run(r->k); /* nothing to wait for */
	irq_on(r, 0);
	t0 = sim_now(r->k);
	sim_run_until(r->k, t0 + 1000 * clock - 1);
	ck_assert_uint_eq(r->n_msi, 0);
	sim_run_until(r->k, t0 + 1000 * clock);
	ck_assert_uint_eq(r->n_msi, 1);
	sim_run(r->k); /* ends: not armed again before OVSCLR0 */
	ck_assert_uint_eq(sim_now(r->k), t0 + 1000 * clock);
	ck_assert_uint_eq(counter(r, 0), 0);
	rig_free(r);
}
END_TEST

START_TEST(aborted_message_shows_in_status)
{
	struct rig *r = rig_new(configure);

	irq_on(r, 0);
	arm(r, 0, 1 | SPAN, UINT32_MAX);
	mem_poison(r->m, MSI, true);
	wr32(r, EVCNTR, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	ck_assert_uint_eq(r->n_msi, 0);
	ck_assert_uint_eq(rd32(r, IRQ_STATUS), 1);
	ck_assert_uint_eq(rd32(r, SMMUV3_R_GERROR), 0);
	wr32(r, IRQ_CTRL, 0);
	wr32(r, IRQ_CTRL, 1);
	ck_assert_uint_eq(rd32(r, IRQ_STATUS), 0);
	rig_free(r);
}
END_TEST

START_TEST(capture_by_register_and_by_overflow)
{
	struct rig *r = rig_new(configure);

	arm(r, 0, 1 | SPAN | OVFCAP, UINT32_MAX);
	arm(r, 1, 2 | SPAN, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 11);
	smmuv3_pmcg_count(r->s, 2, 0, 22);
	ck_assert_uint_eq(rd32(r, SVR), 0);
	wr32(r, CAPR, 1);
	smmuv3_pmcg_count(r->s, 2, 0, 1);
	ck_assert_uint_eq(rd32(r, SVR), 11);
	ck_assert_uint_eq(rd32(r, SVR + 4), 22);
	wr32(r, SVR, 5); /* read-only */
	ck_assert_uint_eq(rd32(r, SVR), 11);
	wr32(r, EVCNTR, UINT32_MAX);
	smmuv3_pmcg_count(r->s, 1, 0, 1);
	ck_assert_uint_eq(rd32(r, SVR), 0);
	ck_assert_uint_eq(rd32(r, SVR + 4), 23);
	rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("smmuv3_pmcg");
	TCase *t = tcase_create("smmuv3_pmcg");
	SRunner *sr;
	int failed;

	tcase_add_test(t, identification);
	tcase_add_test(t, no_group);
	tcase_add_loop_test(t, set_and_clear_registers, 0, 3);
	tcase_add_test(t, counts_only_what_is_enabled);
	tcase_add_loop_test(t, filter_by_stream, 0, ARRAY_LEN(filters));
	tcase_add_test(t, filters_are_per_counter);
	tcase_add_test(t, cycles_follow_the_clock);
	tcase_add_test(t, overflow_sets_status_and_interrupts_once);
	tcase_add_test(t, cycle_overflow_interrupts_in_time);
	tcase_add_test(t, aborted_message_shows_in_status);
	tcase_add_test(t, capture_by_register_and_by_overflow);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
