/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ports.c - request ports of a unit: slots, fairness, one pipeline each; drains and held requests. Times by hand: a walk is one read
 * of 100 ns.
 */
#include <check.h>
#include "fake_unit.h"

enum { READ_PS = 100000, MAX = 64 };
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port p;
	struct fake_unit *f;
	struct xl x[MAX];
	sim_time done[MAX];
	unsigned n, retired;
	bool keep; /* do not retire */
	struct iommu_drain drain;
	sim_time drained;
};
static struct rig *rig;

static void on_done(struct xl *x)
{
	rig->done[x - rig->x] = sim_now(rig->k);
	if (rig->keep)
		return;
	rig->retired++;
	iommu_retire(x->u, x);
}

static void on_drain(struct iommu_drain *d)
{
	(void)d;
	rig->drained = sim_now(rig->k);
}

static void setup(uint32_t ports, uint32_t slots, uint32_t walkers, uint32_t missq, uint32_t ii)
{
	struct mem_port_cfg pc;
	struct err e = { 0 };

	rig = calloc(1, sizeof(*rig));
	cfg_defaults(mem_port_opts, memset(&pc, 0, sizeof(pc)));
	pc.lat_ps = READ_PS;
	rig->k = sim_kernel_create();
	rig->m = mem_create(UINT64_C(1) << 30, false);
	ck_assert(mem_port_init(&rig->p, &pc, &e));
	rig->f = calloc(1, sizeof(*rig->f));
	rig->f->cfg = (struct iommu_cfg){ .clock_ps = 1000, .walkers = walkers, .missq = missq, .ii_cyc = ii, .ports = ports, .slots = slots };
	ck_assert(iommu_init(&rig->f->u, &fake_ops, &rig->f->cfg, "fake0", rig->k, rig->m, &rig->p, &e));
	for (unsigned i = 0; i < 512; i++)
		ck_assert_int_eq(mem_write_part(rig->m, FAKE_TABLE + 8 * i, 8, (uint64_t)i << 12 | 3), MEM_OK);
	rig->drained = UINT64_MAX;
}

static void teardown(void)
{
	fake_destroy(&rig->f->u);
	mem_port_fini(&rig->p);
	mem_destroy(rig->m);
	sim_kernel_destroy(rig->k);
	free(rig);
}

static void ask(uint32_t rid)
{
	struct xl *x = &rig->x[rig->n];

	x->req = (struct xl_req){ .iova = 4096 * (uint64_t)rig->n, .len = 64, .rid = rid, .acc = XL_R };
	x->done = on_done;
	rig->n++;
	iommu_translate(&rig->f->u, x);
}

START_TEST(a_full_port_holds_its_own_requests_only)
{
	setup(2, 1, 8, 8, 0);
	ask(0), ask(2), ask(4); /* port 0 */
	ask(1); /* port 1 */
	sim_run(rig->k);
	ck_assert_uint_eq(rig->done[0], READ_PS);
	ck_assert_uint_eq(rig->done[1], 2 * READ_PS);
	ck_assert_uint_eq(rig->done[2], 3 * READ_PS);
	ck_assert_uint_eq(rig->done[3], READ_PS);
	ck_assert_uint_eq(rig->f->u.st.requests, 4);
	ck_assert_uint_eq(rig->f->u.st.hits + rig->f->u.st.misses, 4);
	teardown();
}
END_TEST

START_TEST(without_slots_only_walkers_limit)
{
	setup(2, 0, 8, 8, 0);
	ask(0), ask(2), ask(4), ask(1);
	sim_run(rig->k);
	for (unsigned i = 0; i < 4; i++)
		ck_assert_uint_eq(rig->done[i], READ_PS);
	teardown();
}
END_TEST

/* One walker and no miss queue: the ports take turns, whoever came first. */
START_TEST(held_requests_of_ports_take_turns)
{
	setup(2, 0, 1, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		ask(0);
	for (unsigned i = 0; i < 4; i++)
		ask(1);
	sim_run(rig->k);
	for (unsigned i = 1; i < 4; i++)
		ck_assert_msg(rig->done[4 + i - 1] < rig->done[i] + 2 * READ_PS && rig->done[i] < rig->done[4 + i] + 2 * READ_PS, "request %u", i);
	ck_assert_uint_eq(rig->done[3] > rig->done[7] ? rig->done[3] : rig->done[7], 8 * READ_PS);
	ck_assert_uint_eq(rig->retired, 8);
	teardown();
}
END_TEST

START_TEST(each_port_has_its_own_pipeline)
{
	setup(2, 0, 8, 8, 10);
	ask(0), ask(2), ask(1);
	sim_run(rig->k);
	ck_assert_uint_eq(rig->done[0], READ_PS);
	ck_assert_uint_eq(rig->done[1], READ_PS + 10000);
	ck_assert_uint_eq(rig->done[2], READ_PS);
	teardown();
}
END_TEST

START_TEST(a_drain_waits_for_requests_held_at_a_port)
{
	setup(1, 1, 8, 8, 0);
	ask(0), ask(0), ask(0);
	rig->drain.fn = on_drain;
	iommu_drain(&rig->f->u, &rig->drain);
	sim_run(rig->k);
	ck_assert_uint_eq(rig->drained, 3 * READ_PS);
	teardown();
}
END_TEST

/* A stalled request is not in flight; resumed, it is a new arrival. */
START_TEST(a_drain_does_not_wait_for_a_stalled_request)
{
	setup(1, 0, 8, 8, 0);
	ck_assert_int_eq(mem_write_part(rig->m, FAKE_TABLE, 8, 4), MEM_OK); /* refused, and it stalls */
	ask(0);
	sim_run(rig->k);
	ck_assert_uint_eq(rig->retired, 0);
	ck_assert_uint_eq(rig->f->u.st.stalls, 1);
	rig->drain.fn = on_drain;
	iommu_drain(&rig->f->u, &rig->drain);
	ck_assert_uint_eq(rig->drained, READ_PS);
	ck_assert_int_eq(mem_write_part(rig->m, FAKE_TABLE, 8, 0x5003), MEM_OK);
	fake_resume(rig->f, 0);
	sim_run(rig->k);
	ck_assert_uint_eq(rig->retired, 1);
	ck_assert_uint_eq(rig->x[0].res.spa, 0x5000);
	ck_assert_uint_eq(rig->done[0], 2 * READ_PS);
	ck_assert_uint_eq(rig->f->u.st.requests, 2);
	ck_assert_uint_eq(rig->f->u.st.faults, 0);
	teardown();
}
END_TEST

START_TEST(a_terminated_request_is_refused_once)
{
	setup(1, 0, 8, 8, 0);
	ck_assert_int_eq(mem_write_part(rig->m, FAKE_TABLE, 8, 4), MEM_OK);
	ask(0);
	sim_run(rig->k);
	fake_resume(rig->f, 2);
	sim_run(rig->k);
	ck_assert_uint_eq(rig->retired, 1);
	ck_assert(!rig->x[0].res.ok);
	ck_assert_uint_eq(rig->f->u.st.faults, 1);
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ports");
	TCase *t = tcase_create("ports");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_full_port_holds_its_own_requests_only);
	tcase_add_test(t, without_slots_only_walkers_limit);
	tcase_add_test(t, held_requests_of_ports_take_turns);
	tcase_add_test(t, each_port_has_its_own_pipeline);
	tcase_add_test(t, a_drain_waits_for_requests_held_at_a_port);
	tcase_add_test(t, a_drain_does_not_wait_for_a_stalled_request);
	tcase_add_test(t, a_terminated_request_is_refused_once);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
