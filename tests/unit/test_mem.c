/* SPDX-License-Identifier: Apache-2.0 */
/* test_mem.c - sparse memory against a plain array; the port's times by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "core/mem/mem.h"

static struct mem_port port;

START_TEST(never_written_reads_zero_or_absent)
{
	struct mem *lax = mem_create(0, false), *strict = mem_create(0, true);
	uint64_t w[2] = { 1, 1 };

	ck_assert_int_eq(mem_read(lax, 0x5000, w, 2), MEM_OK);
	ck_assert_uint_eq(w[0] | w[1], 0);
	ck_assert_ptr_null(mem_page(lax, 0x5000));
	ck_assert_int_eq(mem_read(strict, 0x5000, w, 1), MEM_ABSENT);
	ck_assert_int_eq(mem_cas(strict, 0x5000, 0, 1, w), MEM_ABSENT);
	ck_assert_ptr_null(mem_page(strict, 0x5000));
	ck_assert(mem_touch(strict, 0x5678));
	ck_assert_int_eq(mem_read(strict, 0x5ff8, w, 1), MEM_OK);
	ck_assert_uint_eq(w[0], 0);
	ck_assert_int_eq(mem_read(strict, 0x6000, w, 1), MEM_ABSENT);
	mem_destroy(lax);
	mem_destroy(strict);
	mem_destroy(NULL);
}
END_TEST

static const struct {
	uint64_t size, spa;
	unsigned words;
	enum mem_status want;
} end_rows[] = {
	{ 0x10000, 0xfff8, 1, MEM_OK },	       { 0x10000, 0xfff0, 2, MEM_OK },	{ 0x10000, 0x10000, 1, MEM_BUS_ERROR },
	{ 0x10008, 0x10000, 1, MEM_OK },       { 0x10008, 0x10000, 2, MEM_BUS_ERROR }, { 0x10008, 0x10008, 1, MEM_BUS_ERROR },
	{ 0, UINT64_MAX - 7, 1, MEM_OK },      { 0x10000, UINT64_MAX - 7, 1, MEM_BUS_ERROR },
	{ UINT64_C(1) << 52, (UINT64_C(1) << 52) - 8, 1, MEM_OK }, { UINT64_C(1) << 52, UINT64_C(1) << 52, 1, MEM_BUS_ERROR },
};

START_TEST(end_of_memory)
{
	struct mem *m = mem_create(end_rows[_i].size, false);
	uint64_t w[2] = { 3, 4 }, r[2] = { 0, 0 }, spa = end_rows[_i].spa;
	enum mem_status want = end_rows[_i].want;

	ck_assert_int_eq(mem_write(m, spa, w, end_rows[_i].words), want);
	ck_assert_int_eq(mem_read(m, spa, r, end_rows[_i].words), want);
	ck_assert_uint_eq(r[0], want == MEM_OK ? 3 : 0);
	if (end_rows[_i].words == 1) {
		ck_assert_int_eq(mem_write_part(m, spa, 1, 9), want);
		ck_assert_int_eq(mem_cas(m, spa, 9, 10, r), want);
	}
	ck_assert(!mem_oom(m));
	mem_destroy(m);
}
END_TEST

START_TEST(same_as_an_array)
{
	enum { PAGES = 600, STEPS = 60000 };
	static uint64_t ref[PAGES][512];
	struct mem *m = mem_create(0, false);
	struct rng r;

	rng_seed(&r, 3 + (uint64_t)_i);
	memset(ref, 0, sizeof(ref));
	for (int i = 0; i < STEPS; i++) {
		uint64_t p = rng_below(&r, PAGES), off = rng_below(&r, 512), n = 1 + rng_below(&r, 512 - off < 8 ? 512 - off : 8);
		uint64_t spa = (p * p * p << 20) + off * 8, w[8], seen, bytes = UINT64_C(1) << rng_below(&r, 4), v = rng_next(&r);
		uint64_t sub = rng_below(&r, 8 / bytes) * bytes;

		switch (rng_below(&r, 4)) {
		case 0:
			for (uint64_t j = 0; j < n; j++)
				w[j] = ref[p][off + j] = rng_next(&r);
			ck_assert_int_eq(mem_write(m, spa, w, (unsigned)n), MEM_OK);
			break;
		case 1:
			ck_assert_int_eq(mem_write_part(m, spa + sub, (unsigned)bytes, v), MEM_OK);
			for (uint64_t b = 0; b < bytes; b++) { /* byte by byte, little-endian */
				ref[p][off] &= ~(UINT64_C(0xff) << (8 * (sub + b)));
				ref[p][off] |= (v >> (8 * b) & 0xff) << (8 * (sub + b));
			}
			break;
		case 2:
			v = rng_below(&r, 2) ? ref[p][off] : v;
			ck_assert_int_eq(mem_cas(m, spa, v, 5, &seen), MEM_OK);
			ck_assert_uint_eq(seen, ref[p][off]);
			if (v == ref[p][off])
				ref[p][off] = 5;
			break;
		default:
			ck_assert_int_eq(mem_read(m, spa, w, (unsigned)n), MEM_OK);
			ck_assert_mem_eq(w, &ref[p][off], n * 8);
		}
	}
	for (uint64_t p = 0; p < PAGES; p++)
		if (mem_page(m, p * p * p << 20))
			ck_assert_mem_eq(mem_page(m, p * p * p << 20), ref[p], 4096);
	mem_destroy(m);
}
END_TEST

START_TEST(poison_hits_its_word_only)
{
	struct mem *m = mem_create(0, false);
	uint64_t w[4] = { 1, 2, 3, 4 }, seen;

	mem_poison(m, 0x1010, true);
	mem_poison(m, 0x1010, true);
	ck_assert_int_eq(mem_write(m, 0x1000, w, 2), MEM_OK);
	ck_assert_int_eq(mem_write(m, 0x1018, w, 4), MEM_OK);
	ck_assert_int_eq(mem_write(m, 0x1000, w, 4), MEM_BUS_ERROR);
	ck_assert_int_eq(mem_read(m, 0x1010, w, 1), MEM_BUS_ERROR);
	ck_assert_int_eq(mem_read(m, 0x1000, w, 3), MEM_BUS_ERROR);
	ck_assert_int_eq(mem_write_part(m, 0x1017, 1, 0), MEM_BUS_ERROR);
	ck_assert_int_eq(mem_write_part(m, 0x1018, 1, 0), MEM_OK);
	ck_assert_int_eq(mem_cas(m, 0x1010, 0, 0, &seen), MEM_BUS_ERROR);
	mem_poison(m, 0x1010, false);
	ck_assert_int_eq(mem_read(m, 0x1000, w, 4), MEM_OK);
	mem_destroy(m);
}
END_TEST

static uint64_t last_seen, pages_seen;

static void each(void *arg, uint64_t spa, const uint64_t *w)
{
	ck_assert(!pages_seen++ || spa > last_seen);
	ck_assert_uint_eq(w[0], spa);
	ck_assert_ptr_eq(mem_page(arg, spa), w);
	last_seen = spa;
}

START_TEST(pages_come_in_order)
{
	struct mem *m = mem_create(0, true);

	pages_seen = 0;
	mem_each_page(m, each, m);
	ck_assert_uint_eq(pages_seen, 0);
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t spa = (i * 7919 % 1000) << 40;

		ck_assert_int_eq(mem_write(m, spa, &spa, 1), MEM_OK);
	}
	mem_each_page(m, each, m);
	ck_assert_uint_eq(pages_seen, 1000);
	mem_destroy(m);
}
END_TEST

static void port_begin(struct mem_port_cfg c)
{
	struct err e = { 0 };

	ck_assert_msg(mem_port_init(&port, &c, &e), "%s", e.msg);
}

START_TEST(port_latency_only)
{
	port_begin((struct mem_port_cfg){ .lat_ps = 90000 });
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(mem_port_access(&port, 5, 64 * (uint64_t)i, 64, i & 1), 90005);
	ck_assert_uint_eq(port.st.reads, 50);
	ck_assert_uint_eq(port.st.writes, 50);
	ck_assert_uint_eq(port.st.bytes, 6400);
	ck_assert_uint_eq(port.st.wait_ps, 0);
	mem_port_fini(&port);
}
END_TEST

START_TEST(port_outstanding_waits_for_the_earliest_slot)
{
	port_begin((struct mem_port_cfg){ .lat_ps = 100, .outstanding = 3 });
	ck_assert_uint_eq(mem_port_access(&port, 0, 0, 8, false), 100);
	ck_assert_uint_eq(mem_port_access(&port, 10, 0, 8, false), 110);
	ck_assert_uint_eq(mem_port_access(&port, 20, 0, 8, false), 120);
	ck_assert_uint_eq(mem_port_access(&port, 20, 0, 8, false), 200); /* starts at 100 */
	ck_assert_uint_eq(mem_port_access(&port, 20, 0, 8, false), 210); /* starts at 110 */
	ck_assert_uint_eq(port.st.wait_ps, 80 + 90);
	ck_assert_uint_eq(mem_port_access(&port, 119, 0, 8, false), 220); /* one ps too early */
	ck_assert_uint_eq(mem_port_access(&port, 200, 0, 8, false), 300); /* on time */
	ck_assert_uint_eq(mem_port_access(&port, 1000, 0, 8, false), 1100);
	ck_assert_uint_eq(port.st.wait_ps, 171);
	mem_port_fini(&port);
}
END_TEST

START_TEST(port_many_slots_bound_throughput)
{
	sim_time done = 0;

	port_begin((struct mem_port_cfg){ .lat_ps = 1000, .outstanding = 32 });
	for (int i = 0; i < 3200; i++)
		done = mem_port_access(&port, 0, 0, 8, false);
	ck_assert_uint_eq(done, 100 * 1000); /* slots / latency */
	mem_port_fini(&port);
}
END_TEST

START_TEST(port_bandwidth)
{
	port_begin((struct mem_port_cfg){ .lat_ps = 1000, .bytes_per_us = 64000 }); /* 64 bytes take 1000 ps */
	ck_assert_uint_eq(mem_port_access(&port, 0, 0, 64, false), 2000);
	ck_assert_uint_eq(mem_port_access(&port, 0, 0, 64, true), 3000);
	ck_assert_uint_eq(port.st.wait_ps, 1000);
	ck_assert_uint_eq(mem_port_access(&port, 5000, 0, 8, false), 6125);
	mem_port_fini(&port);
	port_begin((struct mem_port_cfg){ .bytes_per_us = 3000000 }); /* a third of a ps a byte: rounded up */
	ck_assert_uint_eq(mem_port_access(&port, 0, 0, 1, false), 1);
	mem_port_fini(&port);
}
END_TEST

START_TEST(port_llc)
{
	port_begin((struct mem_port_cfg){ .lat_ps = 1000, .llc_entries = 4, .llc_lat_ps = 30, .outstanding = 1 });
	ck_assert_uint_eq(mem_port_access(&port, 0, 0x100, 8, false), 1000);
	ck_assert_uint_eq(mem_port_access(&port, 0, 0x138, 8, false), 30); /* same line; the busy slot does not matter */
	ck_assert_uint_eq(mem_port_access(&port, 1000, 0x138, 16, true), 2000); /* two lines, the second is not there */
	ck_assert_uint_eq(mem_port_access(&port, 2000, 0x100, 128, false), 2030);
	ck_assert_uint_eq(port.st.llc_hits, 2);
	for (uint64_t a = 0x1000; a < 0x1100; a += 64) /* four new lines push the two out */
		(void)mem_port_access(&port, 5000, a, 64, false);
	ck_assert_uint_eq(mem_port_access(&port, 90000, 0x100, 8, false), 91000);
	mem_port_fini(&port);
}
END_TEST

START_TEST(port_refuses_bad_ways)
{
	struct mem_port_cfg c = { .llc_entries = 10, .llc_ways = 4, .outstanding = 2 };
	struct err e = { 0 };

	ck_assert(!mem_port_init(&port, &c, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mem");
	TCase *t = tcase_create("mem");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, never_written_reads_zero_or_absent);
	tcase_add_loop_test(t, end_of_memory, 0, (int)ARRAY_LEN(end_rows));
	tcase_add_loop_test(t, same_as_an_array, 0, 2);
	tcase_add_test(t, poison_hits_its_word_only);
	tcase_add_test(t, pages_come_in_order);
	tcase_add_test(t, port_latency_only);
	tcase_add_test(t, port_outstanding_waits_for_the_earliest_slot);
	tcase_add_test(t, port_many_slots_bound_throughput);
	tcase_add_test(t, port_bandwidth);
	tcase_add_test(t, port_llc);
	tcase_add_test(t, port_refuses_bad_ways);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
