/* SPDX-License-Identifier: Apache-2.0 */
/* test_review.c - one test for each fault found by reading the models; named after it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "vtd/vtd_int.h"
#include "vtd_rig.h"
#include "vtd_tables.h"

enum { IOVA = 0x40000000 };
static struct vt v;
static struct flown {
	struct xl x;
	sim_time at;
	bool done;
} fl[4];

static void landed(struct xl *x)
{
	struct flown *f = container_of(x, struct flown, x);

	f->done = true;
	f->at = sim_now(v.k);
	iommu_retire(v.u, x);
}

static void fly(unsigned i, struct xl_req q)
{
	fl[i].x.req = q;
	fl[i].x.done = landed;
	fl[i].done = false;
	iommu_translate(v.u, &fl[i].x);
}

static void run_to_end(unsigned n)
{
	sim_run(v.k);
	for (unsigned i = 0; i < n; i++)
		ck_assert(fl[i].done);
}

static void no_ii(struct vtd_cfg *c)
{
	c->unit.ii_cyc = 0;
}

static void one_port(struct vtd_cfg *c)
{
	c->unit.ii_cyc = 0;
	c->iotlb.ports = 1;
}

static void one_walker(struct vtd_cfg *c)
{
	c->unit.walkers = 1;
	c->iotlb.lat_cyc = 50;
}

/* XC_OPTS ".ports" was read and never used. Three hits that arrive at once leave one cycle apart through one port. */
START_TEST(ports_limit_lookups_per_cycle)
{
	struct vt_opt o = { .mode = VT_LEGACY, .caches = 64, .tweak = _i ? one_port : no_ii };
	struct xl_req q = vt_req(IOVA, XL_R);

	vt_init(&v, &o);
	vt_map(&v, IOVA, IOVA, 0x5000000, 1, 1, true);
	ck_assert(vt_run(&v, &q).ok);
	for (unsigned i = 0; i < 3; i++)
		fly(i, q);
	run_to_end(3);
	for (unsigned i = 1; i < 3; i++)
		ck_assert_uint_eq(fl[i].at - fl[i - 1].at, _i ? v.cfg.unit.clock_ps : 0);
	vt_fini(&v);
}
END_TEST

START_TEST(ports_are_full_up_to_the_latest_cycle)
{
	struct xc_cfg c = { .entries = 4, .ways = 4, .ports = 2 };
	struct err e = { 0 };
	struct xcache *x = xc_create(&c, 0, 1, &e);

	ck_assert_ptr_nonnull(x);
	ck_assert_uint_eq(xc_port_wait(x, 0), 0);
	ck_assert_uint_eq(xc_port_wait(x, 0), 0);
	ck_assert_uint_eq(xc_port_wait(x, 0), 1);
	ck_assert_uint_eq(xc_port_wait(x, 1), 0);
	ck_assert_uint_eq(xc_port_wait(x, 0), 2);
	ck_assert_uint_eq(xc_port_wait(x, 9), 0);
	xc_destroy(x);
}
END_TEST

/*
 * A translation request for an atomic on a read-only page succeeds with R = W = 0; one for reading that had merged with it was told
 * the same, though reading is allowed.
 */
START_TEST(merged_translation_request_asks_for_itself)
{
	struct vt_opt o = { .mode = VT_SS, .caches = 64, .tweak = no_ii };
	struct xl_req a = vt_req(IOVA, XL_R | XL_W | XL_ATOMIC), r = vt_req(IOVA, XL_R);

	a.at = r.at = XL_TRANSLATION_REQ;
	vt_init(&v, &o);
	vt_map(&v, IOVA, IOVA, 0x5000000, 1, 1, false);
	fly(0, a);
	fly(1, r);
	run_to_end(2);
	ck_assert(fl[0].x.res.ok);
	ck_assert_uint_eq(fl[0].x.res.perm, 0);
	ck_assert(fl[1].x.res.ok);
	ck_assert_uint_eq(fl[1].x.res.perm & (XL_R | XL_W), XL_R);
	ck_assert_uint_eq(fl[1].x.res.spa, 0x5000000);
	vt_fini(&v);
}
END_TEST

/* Merged requests whose walk faults look up again. That took back counts, below zero if statistics had been cleared meanwhile. */
START_TEST(clearing_statistics_leaves_no_negative_count)
{
	struct vt_opt o = { .mode = VT_LEGACY, .caches = 64, .tweak = no_ii };

	vt_init(&v, &o);
	for (unsigned i = 0; i < 3; i++)
		fly(i, vt_req(IOVA, XL_R));
	sim_run_until(v.k, sim_now(v.k) + 100000);
	memset(&v.u->st, 0, sizeof(v.u->st));
	run_to_end(3);
	ck_assert_uint_eq(v.u->st.faults, 3);
	ck_assert_uint_le(v.u->st.merged, 1);
	ck_assert_uint_le(v.u->st.misses, 3);
	ck_assert_uint_le(v.u->st.requests, 3);
	vt_fini(&v);
}
END_TEST

START_TEST(counts_of_merged_requests_add_up)
{
	struct vt_opt o = { .mode = VT_LEGACY, .caches = 64, .tweak = no_ii };

	vt_init(&v, &o);
	if (_i)
		vt_map(&v, IOVA, IOVA, 0x5000000, 1, 1, true);
	for (unsigned i = 0; i < 3; i++)
		fly(i, vt_req(IOVA, XL_R));
	run_to_end(3);
	ck_assert_uint_eq(v.u->st.requests, 3);
	ck_assert_uint_eq(v.u->st.hits + v.u->st.misses, 3);
	ck_assert_uint_eq(v.u->st.misses, 3);
	ck_assert_uint_eq(v.u->st.merged + v.u->st.walks, 3);
	ck_assert_uint_eq(v.u->st.merged, _i ? 2 : 0);
	ck_assert_uint_eq(v.u->st.faults, _i ? 0 : 3);
	vt_fini(&v);
}
END_TEST

/* ECAP.PSS = 31 is a width of 32 bits: the PASID was shifted by its whole width. */
START_TEST(pasid_width_of_32_bits)
{
	struct vt_opt o = { .mode = VT_SS, .caches = 64, .ecap_set = UINT64_C(31) << 35 };
	struct xl_req q = vt_preq(IOVA, XL_R);

	vt_init(&v, &o);
	vt_map(&v, IOVA, IOVA, 0x5000000, 1, 1, true);
	ck_assert(vt_run(&v, &q).ok);
	vt_fini(&v);
}
END_TEST

/* A miss that waited for a walker longer than its lookup took starts its walk at once: it paid for the lookup twice. */
START_TEST(queued_miss_pays_its_lookup_once)
{
	struct vt_opt o = { .mode = VT_LEGACY, .caches = 64, .tweak = one_walker };
	struct xl_req warm = vt_req(IOVA, XL_R);

	vt_init(&v, &o);
	for (unsigned i = 0; i < 3; i++)
		vt_map(&v, IOVA + 4096 * i, IOVA + 4096 * i, 0x5000000 + 4096 * i, 1, 1, true);
	ck_assert(vt_run(&v, &warm).ok);
	fly(0, vt_req(IOVA + 4096, XL_R));
	fly(1, vt_req(IOVA + 8192, XL_R));
	run_to_end(2);
	ck_assert_uint_eq(fl[1].at - fl[0].at, v.port.cfg.lat_ps); /* one read of the last table each */
	vt_fini(&v);
}
END_TEST

static struct rig *queue_ready(void)
{
	struct rig *r = rig_new(scalable);

	rig_queue(r, true);
	return r;
}

/*
 * Requester 0x101 is named under two physical functions A and B. A place in A becomes free, but its oldest candidate (0x101, for B)
 * is held back by B: the request of 0x300 for A, further back, was then never sent.
 */
START_TEST(a_request_held_back_by_another_group_blocks_nobody)
{
	static const uint64_t a = UINT64_C(0x0010) << 52, b = UINT64_C(0x0020) << 52;
	struct rig *r = queue_ready();

	put(r, 3 | 1u << 16 | a | UINT64_C(0x101) << 32, 0x7000);
	put(r, 3 | 1u << 16 | b | UINT64_C(0x200) << 32, 0x7000);
	put(r, 3 | 1u << 16 | b | UINT64_C(0x101) << 32, 0x7000);
	put(r, 3 | 1u << 16 | a | UINT64_C(0x300) << 32, 0x7000);
	put_wait(r, 9);
	tail(r);
	run_for(r, 50 * US);
	ck_assert_uint_eq(r->n_inv, 2);
	r->u->ops->ats_cpl(r->u, 0x101, 1, 1);
	ck_assert_uint_eq(r->n_inv, 3);
	ck_assert_uint_eq(r->inv[2].rid, 0x300);
	r->u->ops->ats_cpl(r->u, 0x200, 1, 1);
	ck_assert_uint_eq(r->n_inv, 4);
	ck_assert_uint_eq(r->inv[3].rid, 0x101);
	r->u->ops->ats_cpl(r->u, 0x101, 1u << r->inv[3].itag, 1);
	r->u->ops->ats_cpl(r->u, 0x300, 1u << r->inv[2].itag, 1);
	run_all(r);
	ck_assert_uint_eq(status_word(r), 9);
	rig_free(r);
}
END_TEST

/* The tag of a request that timed out was the first to be used again: its late completion then confirmed the newer request. */
START_TEST(late_completion_confirms_no_newer_request)
{
	struct rig *r = queue_ready();

	put(r, 3 | UINT64_C(0x101) << 32, 0x7000);
	put_wait(r, 5);
	tail(r);
	run_all(r);
	ck_assert(rd32(r, VTD_R_FSTS) & FSTS_ITE);
	put(r, 3 | UINT64_C(0x101) << 32, 0x7000);
	put_wait(r, 6);
	tail(r);
	wr32(r, VTD_R_FSTS, FSTS_ITE);
	run_for(r, 50 * US);
	ck_assert_uint_eq(r->n_inv, 2);
	r->u->ops->ats_cpl(r->u, 0x101, 1u << r->inv[0].itag, 1); /* late */
	run_for(r, 50 * US);
	ck_assert(rd32(r, VTD_R_FSTS) & FSTS_ICE);
	ck_assert_uint_eq(status_word(r), 0);
	r->u->ops->ats_cpl(r->u, 0x101, 1u << r->inv[1].itag, 1);
	run_for(r, 50 * US);
	ck_assert_uint_eq(status_word(r), 6);
	rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("review");
	TCase *tc = tcase_create("review");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, ports_limit_lookups_per_cycle, 0, 2);
	tcase_add_test(tc, ports_are_full_up_to_the_latest_cycle);
	tcase_add_test(tc, merged_translation_request_asks_for_itself);
	tcase_add_test(tc, clearing_statistics_leaves_no_negative_count);
	tcase_add_loop_test(tc, counts_of_merged_requests_add_up, 0, 2);
	tcase_add_test(tc, pasid_width_of_32_bits);
	tcase_add_test(tc, queued_miss_pays_its_lookup_once);
	tcase_add_test(tc, a_request_held_back_by_another_group_blocks_nobody);
	tcase_add_test(tc, late_completion_confirms_no_newer_request);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
