/* SPDX-License-Identifier: Apache-2.0 */
/* test_kernel.c - the event queue against a plain unordered list searched for its minimum. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include "core/base/rng.h"
#include "core/kernel/sim_kernel.h"

enum { N = 300 };
static const uint64_t minute = UINT64_C(60000000000000); /* ps */

struct model_ev { /* what the naive list knows of one event */
	bool in;
	sim_time at;
	uint64_t seq;
	uint32_t prio;
};
static struct sim_kernel *k;
static struct sim_event ev[N];
static struct model_ev model[N];
static uint64_t model_seq, ran, children;
static struct rng rng;
static unsigned profile;

static sim_time some_delay(void)
{
	switch (rng_below(&rng, profile == 0 ? 4 : 8)) {
	case 0: return 0;
	case 1: return rng_below(&rng, 8); /* many equal times */
	case 2: return rng_below(&rng, 2000);
	case 3: return rng_below(&rng, 100000);
	case 4: return 261000 + rng_below(&rng, 2500); /* the edge of the near wheel */
	case 5: return rng_below(&rng, 5000000);
	case 6: return rng_below(&rng, 3) * minute;
	default: return rng_next(&rng) >> (20 + rng_below(&rng, 40));
	}
}

static void schedule(unsigned i, sim_time at)
{
	ev[i].prio = (uint32_t)rng_below(&rng, 3);
	model[i] = (struct model_ev){ true, at, model_seq++, ev[i].prio };
	sim_at(k, at, &ev[i]);
	ck_assert(sim_pending(&ev[i]));
}

static int model_first(void)
{
	int best = -1;

	for (int i = 0; i < N; i++) {
		const struct model_ev *m = &model[i], *b = &model[best < 0 ? 0 : best];

		if (!m->in)
			continue;
		if (best < 0 || m->at < b->at ||
		    (m->at == b->at && (m->prio < b->prio || (m->prio == b->prio && m->seq < b->seq))))
			best = i;
	}
	return best;
}

static void random_steps(unsigned n)
{
	while (n--) {
		unsigned i = (unsigned)rng_below(&rng, N);

		if (!model[i].in) {
			schedule(i, sim_now(k) + some_delay());
		} else if (rng_below(&rng, 4) == 0) {
			ck_assert(sim_cancel(k, &ev[i]));
			ck_assert(!sim_pending(&ev[i]));
			ck_assert(!sim_cancel(k, &ev[i]));
			model[i].in = false;
		}
	}
}

static void on_event(struct sim_event *e)
{
	int i = (int)(e - ev);

	ck_assert_int_eq(i, model_first());
	ck_assert_uint_eq(sim_now(k), model[i].at);
	ck_assert(!sim_pending(e));
	model[i].in = false;
	ran++;
	if (children) {
		children--;
		random_steps(2);
	}
}

static void begin(uint64_t seed)
{
	rng_seed(&rng, seed);
	k = sim_kernel_create();
	ck_assert_ptr_nonnull(k);
	model_seq = ran = 0;
	for (int i = 0; i < N; i++) {
		sim_event_init(&ev[i], on_event);
		model[i].in = false;
	}
}

static uint64_t seed_of(int i)
{
	const char *s = getenv("SIM_SEED");

	return s ? strtoull(s, NULL, 0) : 100 + (uint64_t)i;
}

START_TEST(same_order_as_a_list)
{
	profile = (unsigned)_i % 2;
	begin(seed_of(_i));
	children = 3000;
	random_steps(50 + 40 * (unsigned)(_i % 8));
	sim_run(k);
	ck_assert_int_eq(model_first(), -1);
	ck_assert_uint_eq(sim_events_run(k), ran);
	ck_assert_uint_gt(ran, 50);
	sim_kernel_destroy(k);
}
END_TEST

/* As a host does: look, stop short of the event, schedule something earlier, run up to a time. */
START_TEST(hosts_may_peek_and_still_schedule_earlier)
{
	sim_time t, until;
	int first;

	profile = 1;
	begin(seed_of(_i));
	children = 1000;
	for (int step = 0; step < 1500; step++) {
		random_steps(3);
		first = model_first();
		ck_assert_int_eq(sim_next(k, &t), first >= 0);
		if (first < 0)
			continue;
		ck_assert_uint_eq(t, model[first].at);
		switch (rng_below(&rng, 3)) {
		case 0:
			ck_assert(sim_run_one(k));
			break;
		case 1:
			until = sim_now(k) + rng_below(&rng, t - sim_now(k) + 1);
			sim_run_until(k, until);
			ck_assert_uint_eq(sim_now(k), until);
			break;
		default:
			until = t + some_delay() / 1000;
			sim_run_until(k, until);
			first = model_first();
			ck_assert(first < 0 || model[first].at > until);
		}
	}
	sim_kernel_destroy(k);
}
END_TEST

static char trail[64];
static unsigned trail_n;
static struct sim_event ea, eb, ec, ed;

static void note(struct sim_event *e)
{
	trail[trail_n++] = e == &ea ? 'a' : e == &eb ? 'b' : e == &ec ? 'c' : 'd';
	trail[trail_n] = 0;
	if (e == &ea && trail_n == 1) {
		sim_at(k, sim_now(k), &ec); /* same time, later sequence, but more urgent than b */
		sim_at(k, sim_now(k), &ed);
	}
}

START_TEST(same_time_from_inside_an_event)
{
	k = sim_kernel_create();
	sim_event_init(&ea, note);
	sim_event_init(&eb, note);
	sim_event_init(&ec, note);
	sim_event_init(&ed, note);
	eb.prio = 5;
	ed.prio = 5;
	trail_n = 0;
	sim_at(k, 1000, &eb);
	sim_at(k, 1000, &ea);
	sim_run_until(k, 999);
	ck_assert_uint_eq(trail_n, 0);
	sim_run_until(k, 1000);
	ck_assert_str_eq(trail, "acbd");
	ck_assert(!sim_run_one(k));
	sim_kernel_destroy(k);
}
END_TEST

static void stop_at_b(struct sim_event *e)
{
	note(e);
	if (e == &eb)
		sim_stop(k);
}

START_TEST(stop_leaves_the_rest_pending)
{
	k = sim_kernel_create();
	trail_n = 8; /* no children from note() */
	sim_event_init(&ea, stop_at_b);
	sim_event_init(&eb, stop_at_b);
	sim_event_init(&ec, stop_at_b);
	sim_at(k, 1, &ea);
	sim_at(k, 2, &eb);
	sim_at(k, UINT64_MAX, &ec);
	sim_run(k);
	ck_assert(!sim_pending(&ea) && !sim_pending(&eb) && sim_pending(&ec));
	ck_assert_uint_eq(sim_now(k), 2);
	sim_run(k);
	ck_assert_uint_eq(sim_now(k), UINT64_MAX);
	ck_assert_uint_eq(sim_events_run(k), 3);
	sim_kernel_destroy(k);
}
END_TEST

static uint64_t gaps;

static void gap(struct sim_event *e)
{
	if (--gaps)
		sim_at(k, sim_now(k) + minute, e);
}

/* Cost follows events: a hundred thousand minutes pass in far less than the time limit of the test. */
START_TEST(long_gaps_are_cheap)
{
	k = sim_kernel_create();
	gaps = 100000;
	sim_event_init(&ea, gap);
	sim_at(k, 0, &ea);
	sim_run(k);
	ck_assert_uint_eq(sim_now(k), 99999 * minute);
	sim_kernel_destroy(k);
}
END_TEST

/* Every one of many events due at once, ordered by priority, then as scheduled, from near and from afar; some cancelled on the way. */
START_TEST(many_at_one_time)
{
	const sim_time delay[] = { 0, 40, 300000, minute };

	profile = 0;
	for (unsigned d = 0; d < ARRAY_LEN(delay); d++) {
		begin(seed_of((int)d));
		for (unsigned i = 0; i < N; i++)
			schedule(i, delay[d]);
		for (unsigned i = 0; i < N; i += 7) {
			ck_assert(sim_cancel(k, &ev[i]));
			model[i].in = false;
		}
		children = 200;
		sim_run(k);
		ck_assert_int_eq(model_first(), -1);
		sim_kernel_destroy(k);
	}
}
END_TEST

START_TEST(empty_queue)
{
	sim_time t;

	k = sim_kernel_create();
	ck_assert(!sim_next(k, &t));
	ck_assert(!sim_run_one(k));
	sim_run_until(k, 12345);
	ck_assert_uint_eq(sim_now(k), 12345);
	sim_kernel_destroy(k);
	sim_kernel_destroy(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("kernel");
	TCase *t = tcase_create("kernel");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, same_order_as_a_list, 0, 16);
	tcase_add_loop_test(t, hosts_may_peek_and_still_schedule_earlier, 0, 8);
	tcase_add_test(t, same_time_from_inside_an_event);
	tcase_add_test(t, stop_leaves_the_rest_pending);
	tcase_add_test(t, long_gaps_are_cheap);
	tcase_add_test(t, many_at_one_time);
	tcase_add_test(t, empty_queue);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
