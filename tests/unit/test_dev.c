/* SPDX-License-Identifier: Apache-2.0 */
/* test_dev.c - splitting, slots, order, link times and invalidate answers of the requester. */
#include <check.h>
#include <string.h>
#include "fake_unit.h"
#include "pcie/dev.h"
#include "pcie/link.h"

enum { LAT = 100000, MEM_LAT = 80000 }; /* ps */
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct fake_unit *f;
	struct dev_cfg cfg;
	struct dev *d;
	unsigned done;
	struct xl_res res;
	sim_time at;
	uint64_t tags; /* in the order of completion, one hex digit each */
};

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	struct rig *r = arg;

	r->done++;
	r->res = *res;
	r->at = sim_now(r->k);
	r->tags = r->tags << 4 | q->tag;
}

static void setup(struct rig *r)
{
	*r = (struct rig){ 0 };
	r->k = sim_kernel_create();
	r->m = mem_create(0, false);
	ck_assert(mem_port_init(&r->port, &(struct mem_port_cfg){ .lat_ps = MEM_LAT }, NULL));
	r->f = fake_create(r->k, r->m, &r->port);
	cfg_defaults(dev_opts, &r->cfg);
	r->cfg.rid = 8;
	r->cfg.link_lat_ps = LAT;
	r->cfg.link_bytes_per_us = 1000; /* one byte per ns */
	r->cfg.header_bytes = 20;
}

static void map(struct rig *r, unsigned page, uint64_t pa_bits)
{
	ck_assert_int_eq(mem_write(r->m, FAKE_TABLE + 8 * page, &pa_bits, 1), MEM_OK);
}

static void start(struct rig *r)
{
	r->d = dev_create(&r->cfg, &r->f->u, on_done, r, NULL);
	ck_assert_ptr_nonnull(r->d);
}

static void submit(struct rig *r, uint64_t iova, uint64_t len, char dir, uint64_t tag)
{
	ck_assert(dev_can_accept(r->d));
	dev_submit(r->d, &(struct dev_dma){ .iova = iova, .len = len, .dir = (uint8_t)dir, .tag = tag });
}

static void teardown(struct rig *r)
{
	ck_assert(!r->d || dev_idle(r->d));
	fake_destroy(&r->f->u);
	dev_destroy(r->d);
	mem_port_fini(&r->port);
	mem_destroy(r->m);
	sim_kernel_destroy(r->k);
}

START_TEST(link_serialises_and_adds_latency)
{
	struct link_dir l;

	link_init(&l, 50, 1000, 20);
	ck_assert_uint_eq(link_send(&l, 0, 100, 1), 120000 + 50);
	ck_assert_uint_eq(link_send(&l, 0, 0, 1), 140000 + 50); /* behind the first */
	ck_assert_uint_eq(link_send(&l, 1000000, 64, 2), 1104000 + 50);
	link_init(&l, 50, 0, 20);
	ck_assert_uint_eq(link_send(&l, 7, 4096, 1), 57);
	link_init(&l, 50, 1000, 20);
	ck_assert_uint_eq(link_message(&l, 0, 28, false), 28000 + 50); /* all of its bytes, no header added */
	ck_assert_uint_eq(link_message(&l, 0, 24, false), 52000 + 50);
	ck_assert_uint_eq(link_message(&l, 0, 24, true), 24000 + 50); /* past what is queued, which it delays */
	ck_assert_uint_eq(link_send(&l, 0, 0, 1), 96000 + 50);
}
END_TEST

static const struct {
	const char *what;
	uint64_t iova, len;
	char dir;
	unsigned requests;
} splits[] = {
	{ "fits", 0x0, 64, 'r', 1 },
	{ "exactly one read request", 0x0, 512, 'r', 1 },
	{ "one byte more", 0x0, 513, 'r', 2 },
	{ "unaligned read meets the border", 0x1ff, 2, 'r', 2 },
	{ "write splits at the payload size", 0x0, 512, 'w', 2 },
	{ "page border", 0xffc, 8, 'r', 2 },
	{ "two pages of writes", 0x0, 8192, 'w', 32 },
	{ "unknown length stays in its page", 0xff0, 0, 'r', 1 },
};

START_TEST(splits_at_borders)
{
	struct rig r;

	setup(&r);
	map(&r, 0, 0x5003);
	map(&r, 1, 0x9003);
	map(&r, 2, 0xa003);
	start(&r);
	submit(&r, splits[_i].iova, splits[_i].len, splits[_i].dir, 1);
	sim_run(r.k);
	ck_assert_msg(dev_stats_of(r.d)->requests == splits[_i].requests, "%s: %llu requests", splits[_i].what,
		      (unsigned long long)dev_stats_of(r.d)->requests);
	ck_assert_uint_eq(r.done, 1);
	ck_assert(r.res.ok);
	ck_assert_uint_eq(r.res.spa, 0x5000 + (splits[_i].iova & 0xfff));
	ck_assert_uint_eq(dev_stats_of(r.d)->bytes, splits[_i].len ? splits[_i].len : 16);
	ck_assert_uint_eq(dev_stats_of(r.d)->assumed_len, splits[_i].len == 0);
	teardown(&r);
}
END_TEST

START_TEST(read_takes_the_sum_of_its_parts)
{
	struct rig r;
	/* fixed + header up + latency + table read + data read + (payload and two headers) down + latency */
	const sim_time want = 7000 + 20000 + LAT + MEM_LAT + MEM_LAT + (512 + 40) * 1000 + LAT;

	setup(&r);
	r.cfg.fixed_ps = 7000;
	map(&r, 0, 0x5001);
	start(&r);
	submit(&r, 0, 512, 'r', 1);
	sim_run_until(r.k, want - 1);
	ck_assert_uint_eq(r.done, 0);
	sim_run_until(r.k, want);
	ck_assert_uint_eq(r.done, 1);
	ck_assert_uint_eq(dev_stats_of(r.d)->latency_ps.max, want);
	teardown(&r);
}
END_TEST

START_TEST(posted_write_is_done_at_memory_and_its_slot_later)
{
	struct rig r;
	const sim_time want = (20 + 64) * 1000 + LAT + 2 * MEM_LAT;

	setup(&r);
	r.cfg.outstanding = 1;
	map(&r, 0, 0x5003);
	start(&r);
	submit(&r, 0, 64, 'w', 1);
	ck_assert(!dev_can_accept(r.d));
	sim_run_until(r.k, want - 1);
	ck_assert_uint_eq(r.done, 0);
	sim_run_until(r.k, want);
	ck_assert_uint_eq(r.done, 1);
	ck_assert(!iommu_inflight(&r.f->u));
	ck_assert(dev_can_accept(r.d));
	submit(&r, 64, 64, 'w', 2); /* accepted, but its request needs the slot */
	ck_assert_uint_eq(dev_stats_of(r.d)->requests, 1);
	sim_run_until(r.k, want + LAT - 1);
	ck_assert_uint_eq(dev_stats_of(r.d)->requests, 1);
	sim_run_until(r.k, want + LAT);
	ck_assert_uint_eq(dev_stats_of(r.d)->requests, 2);
	ck_assert_uint_eq(dev_stats_of(r.d)->credit_wait_ps, LAT);
	sim_run(r.k);
	teardown(&r);
}
END_TEST

START_TEST(refused_request_touches_no_memory)
{
	struct rig r;

	setup(&r);
	map(&r, 0, 0x5001);
	start(&r);
	submit(&r, 0xff0, 32, 'r', 1); /* the second page is not mapped */
	sim_run(r.k);
	ck_assert(!r.res.ok);
	ck_assert_uint_eq(r.res.code, FAKE_EMPTY);
	ck_assert_uint_eq(dev_stats_of(r.d)->faults, 1);
	ck_assert_uint_eq(r.port.st.reads, 2 + 1); /* two table reads, one of data */
	submit(&r, 0, 64, 'w', 2);
	sim_run(r.k);
	ck_assert_uint_eq(r.res.code, FAKE_NO_W);
	ck_assert_uint_eq(r.port.st.writes, 0);
	ck_assert(!iommu_inflight(&r.f->u));
	teardown(&r);
}
END_TEST

/* A long read first, a short one behind it: only the device that may reorder hands over the short one first. */
START_TEST(retires_in_the_order_configured)
{
	struct rig r;

	setup(&r);
	r.cfg.retire = _i ? DEV_RETIRE_ANY : DEV_RETIRE_IN_ORDER;
	map(&r, 0, 0x5001);
	start(&r);
	r.port.cfg.lat_ps = 900000; /* the first request's accesses are slow */
	submit(&r, 0, 64, 'r', 1);
	submit(&r, 4096, 64, 'r', 2); /* refused after its table read: back early */
	sim_run(r.k);
	ck_assert_uint_eq(r.tags, _i ? 0x21 : 0x12);
	teardown(&r);
}
END_TEST

START_TEST(never_more_requests_than_slots)
{
	struct rig r;
	unsigned sent = 0, most = 0;

	setup(&r);
	r.cfg.outstanding = 4;
	map(&r, 0, 0x5003);
	start(&r);
	for (;;) {
		unsigned n = 0;

		while (sent < 40 && dev_can_accept(r.d))
			submit(&r, 0, 1024, sent++ & 1 ? 'w' : 'r', 1);
		if (!sim_run_one(r.k))
			break;
		for (struct xl *x = r.f->u.oldest; x; x = x->next)
			n++;
		most = n > most ? n : most;
	}
	ck_assert_uint_eq(r.done, 40);
	ck_assert_uint_le(most, 4);
	ck_assert_uint_eq(dev_stats_of(r.d)->requests, 20 * 2 + 20 * 4);
	teardown(&r);
}
END_TEST

START_TEST(answers_an_invalidate_request_or_not)
{
	struct rig r;
	const sim_time want = 28000 + LAT + 1000000 + 28000 + LAT;

	setup(&r);
	start(&r);
	if (_i == 1)
		dev_set_silent(r.d, true);
	if (_i == 2)
		dev_set_ats(r.d, false);
	dev_ats_inv(r.d, &(struct ats_inv){ .rid = 8, .itag = 3 });
	if (_i == 3)
		dev_reset(r.d); /* loses the answer */
	sim_run(r.k);
	ck_assert_uint_eq(r.f->answered_at, _i ? 0 : want);
	ck_assert_uint_eq(dev_stats_of(r.d)->ats_invalidations, 1);
	teardown(&r);
}
END_TEST

START_TEST(refuses_sizes_that_are_no_powers_of_two)
{
	static const uint32_t bad[] = { 0, 64, 384, 8192 };
	struct rig r;
	struct err e = { 0 };

	setup(&r);
	r.cfg.mps = bad[_i];
	ck_assert_ptr_null(dev_create(&r.cfg, &r.f->u, on_done, &r, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	r.cfg.mps = 128;
	r.cfg.mrrs = bad[_i];
	ck_assert_ptr_null(dev_create(&r.cfg, &r.f->u, on_done, &r, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "mrrs"));
	teardown(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dev");
	TCase *t = tcase_create("dev");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_test(t, link_serialises_and_adds_latency);
	tcase_add_loop_test(t, splits_at_borders, 0, ARRAY_LEN(splits));
	tcase_add_test(t, read_takes_the_sum_of_its_parts);
	tcase_add_test(t, posted_write_is_done_at_memory_and_its_slot_later);
	tcase_add_test(t, refused_request_touches_no_memory);
	tcase_add_loop_test(t, retires_in_the_order_configured, 0, 2);
	tcase_add_test(t, never_more_requests_than_slots);
	tcase_add_loop_test(t, answers_an_invalidate_request_or_not, 0, 4);
	tcase_add_loop_test(t, refuses_sizes_that_are_no_powers_of_two, 0, 4);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
