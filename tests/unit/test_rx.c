/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rx.c - the receive buffer of a device: a queue with fixed times, whose every drop is known beforehand; and what replay
 * makes of drops.
 */
#include <check.h>
#include <string.h>
#include "fake_plat.h"
#include "pcie/dev.h"

/* One request at a time: a 1000-byte packet of one request takes its slot this long (ps). */
enum { LAT = 100000, MEM_LAT = 80000, LEN = 1000, HEADER = 20, WIRE = (LEN + HEADER) * 1000, SERVICE = WIRE + LAT + 2 * MEM_LAT + LAT };
struct rig {
	struct sim_kernel *k;
	struct mem *m;
	struct mem_port port;
	struct fake_unit *f;
	struct dev_cfg cfg;
	struct dev *d;
	unsigned done, dropped, left; /* left: packets still to submit */
	uint64_t first_drop, tags;
	bool short_between, overtaken;
};

static void feed(struct rig *r)
{
	while (r->left && dev_can_accept(r->d)) {
		uint64_t i = r->tags++;

		r->left--;
		dev_submit(r->d, &(struct dev_dma){ .iova = 0, .len = r->short_between && i % 2 ? 16 : LEN, .dir = 'w', .tag = i });
	}
}

static void on_done(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	struct rig *r = arg;

	ck_assert(res->ok);
	r->overtaken |= q->tag != r->done++;
	feed(r);
}

static void on_dropped(void *arg, const struct dev_dma *q)
{
	struct rig *r = arg;

	if (!r->dropped++)
		r->first_drop = q->tag;
	feed(r);
}

static void setup(struct rig *r, uint32_t buffer, uint64_t rate)
{
	const uint64_t pte = 0x5003;

	*r = (struct rig){ 0 };
	r->k = sim_kernel_create();
	r->m = mem_create(0, false);
	ck_assert(mem_port_init(&r->port, &(struct mem_port_cfg){ .lat_ps = MEM_LAT }, NULL));
	r->f = fake_create(r->k, r->m, &r->port);
	ck_assert_int_eq(mem_write(r->m, FAKE_TABLE, &pte, 1), MEM_OK);
	cfg_defaults(dev_opts, &r->cfg);
	r->cfg.rid = 8;
	r->cfg.outstanding = 1;
	r->cfg.mps = 1024;
	r->cfg.link_lat_ps = LAT;
	r->cfg.link_bytes_per_us = 1000; /* one byte per ns */
	r->cfg.header_bytes = HEADER;
	r->cfg.rx_buffer = buffer;
	r->cfg.rx_rate = rate;
	r->d = dev_create(&r->cfg, &r->f->u, on_done, r, NULL);
	ck_assert_ptr_nonnull(r->d);
	dev_on_dropped(r->d, on_dropped);
}

static void teardown(struct rig *r)
{
	ck_assert(dev_idle(r->d));
	fake_destroy(&r->f->u);
	dev_destroy(r->d);
	mem_port_fini(&r->port);
	mem_destroy(r->m);
	sim_kernel_destroy(r->k);
}

static const struct rx_stats *adds_up(const struct rig *r)
{
	const struct rx_stats *s = dev_rx_stats(r->d);

	ck_assert_uint_eq(s->offered_packets, s->accepted_packets + s->dropped_packets);
	ck_assert_uint_eq(s->offered_bytes, s->accepted_bytes + s->dropped_bytes);
	ck_assert_uint_eq(r->dropped, r->cfg.rx_rate ? 0 : s->dropped_packets); /* at a rate the DMA waits for the next packet */
	return s;
}

/*
 * The same queue on paper: a packet leaves the buffer one link latency before its slot is free. Returns: packets dropped until @n
 * were taken.
 */
static unsigned on_paper(unsigned places, uint64_t gap, unsigned n)
{
	uint64_t leave[64] = { 0 }, slot = 0; /* when the packets taken last leave; when the slot is free */
	unsigned taken = 0, lost = 0;

	for (unsigned i = 0; taken < n; i++) {
		uint64_t now = i * gap, start;

		if (taken >= places && leave[(taken - places) % 64] > now) {
			lost++;
			continue;
		}
		start = now > slot ? now : slot;
		slot = start + SERVICE;
		leave[taken++ % 64] = slot - LAT;
	}
	return lost;
}

/* Rates from far below to four times the service rate: every loss as on paper, and in the long run 1 - service / offered. */
static const uint64_t gaps[] = { 2 * SERVICE, SERVICE, SERVICE * 9 / 10 / 1000 * 1000, SERVICE / 2, SERVICE / 4 };

START_TEST(loss_is_one_less_service_over_offered)
{
	enum { N = 4000, PLACES = 5 };
	const uint64_t rate = (uint64_t)LEN * 1000000 / gaps[_i], gap = (uint64_t)LEN * 1000000 / rate;
	const double law = gap < SERVICE ? 1 - (double)gap / SERVICE : 0;
	const struct rx_stats *s;
	struct rig r;

	setup(&r, PLACES * LEN + LEN / 2, rate); /* half a packet of room is no room */
	r.left = N;
	feed(&r);
	sim_run(r.k);
	s = adds_up(&r);
	ck_assert_uint_eq(s->accepted_packets, N);
	ck_assert_uint_eq(s->accepted_bytes, (uint64_t)N * LEN);
	ck_assert_uint_eq(r.done, N);
	ck_assert_uint_eq(s->late_packets, 0);
	ck_assert_double_eq_tol((double)s->dropped_packets / (double)s->offered_packets, law, 2.0 * PLACES / N);
	if (law > 0)
		ck_assert_uint_eq(s->held_peak, PLACES * LEN);
	else
		ck_assert_uint_le(s->held_peak, 2 * LEN);
	if ((uint64_t)LEN * 1000000 % rate == 0 || law == 0) /* no part of a picosecond carried on */
		ck_assert_uint_eq(s->dropped_packets, on_paper(PLACES, gap, N));
	teardown(&r);
}
END_TEST

/* Gaps in whole picoseconds: 1000 bytes at 625, 1000, 2000, 5000 bytes/us. */
static const uint64_t exact[] = { 625, 1000, 2000, 5000 };

START_TEST(every_drop_as_on_paper)
{
	const uint64_t gap = (uint64_t)LEN * 1000000 / exact[_i];
	struct rig r;

	for (unsigned places = 1; places < 9; places++) {
		setup(&r, places * LEN, exact[_i]);
		r.left = 1000;
		feed(&r);
		sim_run(r.k);
		ck_assert_uint_eq(adds_up(&r)->dropped_packets, on_paper(places, gap, 1000));
		teardown(&r);
	}
}
END_TEST

/*
 * Service that stands still for 220 us (a page fault of a network card) at 100 Gb/s: a lossless stream needs rate times time,
 * 2.75 MB, and not a byte less.
 */
START_TEST(a_fault_needs_rate_times_time)
{
	enum { STALL = 220000000, NEED = 2750000 };
	struct rig r;

	setup(&r, NEED - (unsigned)_i, 12500);
	dev_destroy(r.d);
	r.cfg.link_lat_ps = r.cfg.link_bytes_per_us = 0;
	r.d = dev_create(&r.cfg, &r.f->u, on_done, &r, NULL);
	r.left = 4000;
	r.port.cfg.lat_ps = STALL; /* of the first access: the walk of the first packet */
	feed(&r);
	sim_run_until(r.k, 1);
	r.port.cfg.lat_ps = 0;
	sim_run(r.k);
	ck_assert_uint_eq(r.done, 4000);
	ck_assert_uint_eq(adds_up(&r)->dropped_packets, (unsigned)_i);
	ck_assert_uint_eq(dev_rx_stats(r.d)->held_peak, _i ? NEED - LEN : NEED);
	teardown(&r);
}
END_TEST

/* All at once: what fits is taken, in order; the rest is lost. */
START_TEST(a_burst_fills_the_buffer)
{
	struct rig r;

	setup(&r, 3 * LEN, 0);
	r.left = 10;
	feed(&r);
	sim_run(r.k);
	ck_assert_uint_eq(adds_up(&r)->offered_packets, 10);
	ck_assert_uint_eq(r.dropped, 7);
	ck_assert_uint_eq(r.first_drop, 3);
	ck_assert_uint_eq(r.done, 3);
	ck_assert_uint_eq(dev_stats_of(r.d)->bytes, 3 * LEN);
	teardown(&r);
}
END_TEST

/* A rate that is no whole number of picoseconds a packet: the last packet of 3000 arrives when it must. */
START_TEST(parts_of_a_picosecond_are_carried_on)
{
	struct rig r;

	setup(&r, 1u << 22, 7);
	r.left = 3001; /* the buffer has room for all of them on their way */
	feed(&r);
	sim_run_until(r.k, UINT64_C(3000) * LEN * 1000000 / 7 - 1);
	ck_assert_uint_eq(dev_rx_stats(r.d)->offered_packets, 3000);
	sim_run_until(r.k, UINT64_C(3000) * LEN * 1000000 / 7);
	ck_assert_uint_eq(dev_rx_stats(r.d)->offered_packets, 3001);
	sim_run(r.k);
	teardown(&r);
}
END_TEST

/* Short writes between packets are never dropped, never counted, and do not overtake. */
START_TEST(short_writes_wait_behind_their_packet)
{
	struct rig r;

	setup(&r, 2 * LEN, 5000);
	r.short_between = true;
	r.left = 400;
	feed(&r);
	ck_assert_uint_eq(dev_stats_of(r.d)->dmas, 0); /* nothing has arrived at time 0 of this event queue, so nothing behind it went either */
	sim_run(r.k);
	ck_assert_uint_eq(adds_up(&r)->accepted_packets, 200);
	ck_assert_uint_gt(dev_rx_stats(r.d)->dropped_packets, 0);
	ck_assert_uint_eq(r.done, 400);
	ck_assert(!r.overtaken);
	teardown(&r);
}
END_TEST

START_TEST(submitted_late_is_counted)
{
	struct rig r;

	setup(&r, 8 * LEN, 1000);
	r.left = 1;
	feed(&r);
	sim_run_until(r.k, 3500000); /* the next three are due at 1, 2 and 3 us */
	r.left = 4;
	feed(&r);
	sim_run_until(r.k, 3500000);
	ck_assert_uint_eq(dev_rx_stats(r.d)->offered_packets, 4);
	sim_run(r.k);
	ck_assert_uint_eq(adds_up(&r)->late_packets, 3);
	ck_assert_uint_eq(r.done, 5);
	teardown(&r);
}
END_TEST

/*
 * Trains of four packets: within one they are a packet of the line apart; starts have the mean of the rate, and the spread of an
 * exponential law.
 */
START_TEST(trains_have_the_rate_and_the_spread)
{
	enum { TRAIN = 4, GAP = LEN * 1000000 / 25000, MEAN = TRAIN * LEN };
	double sum = 0, squares = 0, n = 0;
	sim_time last = 0;
	struct rig r;

	setup(&r, 1u << 20, 0);
	dev_destroy(r.d);
	r.cfg.rx_rate = 10; /* one of 2500 busy: trains hardly ever meet */
	r.cfg.rx_train = TRAIN * LEN;
	r.d = dev_create(&r.cfg, &r.f->u, on_done, &r, NULL);
	r.left = 4 * 20000;
	feed(&r);
	for (uint64_t seen = 0; sim_run_one(r.k);) {
		const struct rx_stats *s = dev_rx_stats(r.d);
		double gap = (double)(sim_now(r.k) - last) / 1e6;

		if (s->offered_packets == seen)
			continue;
		seen = s->offered_packets;
		if (seen % TRAIN == 2)
			ck_assert_uint_eq(sim_now(r.k) - last, GAP);
		if (seen % TRAIN != 1)
			continue;
		if (seen > 1)
			sum += gap, squares += gap * gap, n++;
		last = sim_now(r.k);
	}
	ck_assert_double_eq_tol(sum / n, MEAN / 10.0, 0.03 * MEAN / 10.0); /* 1/sqrt(20000) is 0.7 % */
	ck_assert_double_eq_tol(squares / n / (sum / n) / (sum / n), 2, 0.15);
	teardown(&r);
}
END_TEST

static const struct {
	uint32_t buffer;
	uint64_t rate, train;
	const char *says;
} bad[] = {
	{ 0, 1000, 0, "rx.buffer" },
	{ 1000, 0, 1000, "rx.rate" },
	{ 1000, 30000, 1000, "rx.line_rate" },
};

START_TEST(refuses_what_makes_no_sense)
{
	struct err e = { 0 };
	struct dev_cfg c;

	cfg_defaults(dev_opts, &c);
	c.rx_buffer = bad[_i].buffer;
	c.rx_rate = bad[_i].rate;
	c.rx_train = bad[_i].train;
	ck_assert(!dev_cfg_check(&c, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_ptr_nonnull(strstr(e.msg, bad[_i].says));
}
END_TEST

/* A packet that never fits is lost once, not for ever. */
START_TEST(longer_than_the_buffer)
{
	struct rig r;

	setup(&r, LEN - 1, 1000);
	r.left = 3;
	feed(&r);
	sim_run(r.k);
	ck_assert_uint_eq(r.dropped, 3);
	ck_assert_uint_eq(dev_rx_stats(r.d)->dropped_packets, 3);
	ck_assert_uint_eq(r.done, 0);
	teardown(&r);
}
END_TEST

/* A removed device drops nothing: its packets fail. */
static void on_fail(void *arg, const struct dev_dma *q, const struct xl_res *res)
{
	(void)q;
	*(unsigned *)arg += !res->ok;
}

START_TEST(removed_while_packets_are_coming)
{
	unsigned failed = 0;
	struct dev *d;
	struct rig r;

	setup(&r, 100 * LEN, 1000);
	d = dev_create(&r.cfg, &r.f->u, on_fail, &failed, NULL);
	for (unsigned i = 0; i < 10; i++)
		dev_submit(d, &(struct dev_dma){ .iova = 0, .len = LEN, .dir = 'w' });
	dev_remove(d);
	sim_run(r.k);
	ck_assert_uint_eq(failed, 10);
	ck_assert(dev_idle(d));
	dev_destroy(d);
	teardown(&r);
}
END_TEST

/* Replay: a dropped packet is a DMA that is over; it is not compared, and stores behind it go on. */
START_TEST(replay_goes_on_behind_a_drop)
{
	static const struct trc_rec trace[] = {
		REC_MAP(0, 0x5003), REC_DMA('w', 0, LEN, REC_OK(0x5000)), REC_DMA('w', 0, LEN, REC_OK(0x5000)),
		REC_DMA('w', 0, LEN, REC_OK(0x9999000)) /* wrong, if it were not dropped */, REC_MAP(0, 0), REC_DMA('w', 0, LEN, REC_FAULT(FAKE_EMPTY)),
	};
	struct plat_cfg c = fake_plat_cfg();
	struct fake_trace t = { .rec = trace, .n = ARRAY_LEN(trace) };
	struct err e = { 0 };
	struct plat *p;

	c.dev_default.rx_buffer = 2 * LEN;
	p = fake_plat(&c, &(struct plat_hooks){ 0 }, &e);
	ck_assert_msg(p && plat_run(p, fake_next_rec, &t, true, &e), "%s", e.msg);
	ck_assert(plat_done(p));
	ck_assert_uint_eq(plat_statistics(p)->dmas, 4);
	ck_assert_uint_eq(plat_verified(p)->agree, 3);
	ck_assert_uint_eq(plat_verified(p)->disagree, 0);
	plat_destroy(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rx");
	TCase *t = tcase_create("rx");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_loop_test(t, loss_is_one_less_service_over_offered, 0, ARRAY_LEN(gaps));
	tcase_add_loop_test(t, every_drop_as_on_paper, 0, ARRAY_LEN(exact));
	tcase_add_loop_test(t, a_fault_needs_rate_times_time, 0, 2);
	tcase_add_test(t, a_burst_fills_the_buffer);
	tcase_add_test(t, parts_of_a_picosecond_are_carried_on);
	tcase_add_test(t, short_writes_wait_behind_their_packet);
	tcase_add_test(t, submitted_late_is_counted);
	tcase_add_test(t, trains_have_the_rate_and_the_spread);
	tcase_add_loop_test(t, refuses_what_makes_no_sense, 0, ARRAY_LEN(bad));
	tcase_add_test(t, longer_than_the_buffer);
	tcase_add_test(t, removed_while_packets_are_coming);
	tcase_add_test(t, replay_goes_on_behind_a_drop);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
