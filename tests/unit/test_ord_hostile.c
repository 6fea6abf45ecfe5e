/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ord_hostile.c - the ordering checker on inputs made to hurt: many open obligations and commands that cover none of them, overlapping
 * ranges, identifiers used again, thousands of PASIDs on one device. A run of N events and one of 8 N are timed; work that grows with the
 * square would take 64 times as long. Also the hash map of the rule families (ord_tab.h) against a plain array.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "check/ord_tab.h"

enum { N = 4000, TIMES = 8, RATIO = 32 };

struct run { struct ord_chk *c; uint64_t line, findings; };

static void on_finding(void *ctx, const struct ord_finding *f)
{
	((struct run *)ctx)->findings += f->op <= ORD_END;
}
static void ev(struct run *r, const char *fmt, unsigned long long a, unsigned long long b)
{
	char text[ORD_TEXT_MAX];
	struct err err = { 0 };
	struct ord_ev e;
	const char *end, *bad;

	snprintf(text, sizeof(text), fmt, a, b);
	bad = ord_parse(text, &end, &e, ord_names(r->c));
	ck_assert_msg(!bad, "%s: %s", text, bad);
	e.line = ++r->line;
	e.at = UINT64_MAX;
	ck_assert_msg(ord_event(r->c, &e, &err), "%s", err.msg);
}
static void set_up(struct run *r)
{
	static const char *const list[] = {
		"CFG_SET CTX 03:00.0 ats=1", "CFG_SET PASIDE 03:00.0 dom=d1 did=5 type=ss", "CFG_SET PASIDE 03:00.0.1 dom=mm did=6 type=fs", "CFGINV all", "WAIT w", "DONE w",
		"DEV_CFG 03:00.0 PASID=1", "DEV_CFG 03:00.0 ATS=1", "DEV_CFG 03:00.0 PRI=1",
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		ev(r, list[i], 0, 0);
}
/* 10^n pages cleared and never flushed, each then released. */
static void released(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PTE_SET d1 0x%llx/4K 0x%llx rw", i << 12, (i + 0x100000) << 12);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PTE_CLR d1 0x%llx/4K", i << 12, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PAGE_FREE 0x%llx/4K", (i + 0x100000) << 12, 0);
	ck_assert_uint_ge(r->findings, n);
}
static void leaf_commands(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PT_UNLINK d1 lvl1 0x%llx", i << 21, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "TLBINV did=5 all leaf", 0, 0);
	ck_assert_uint_eq(r->findings, 0);
}
static void other_pasid(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PTE_CLR d1 0x%llx/4K", i << 12, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "ATCINV 03:00.0.9 all", 0, 0);
	ck_assert_uint_eq(r->findings, 0);
}
static void pasids(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "CFG_SET PASIDE 03:00.0.%llu dom=m%llu did=6 type=fs", i + 2, i);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "CFG_CLR PASIDE 03:00.0.%llu", i + 2, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "ID_FREE pasid=%llu", i + 2, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "ID_ALLOC pasid=%llu B", i + 2, 0);
	ck_assert_uint_ge(r->findings, n);
}
static void same_id(struct run *r, uint64_t n)
{
	ev(r, "PTE_CLR d1 0x1000/4K", 0, 0);
	for (uint64_t i = 0; i < n; i++) {
		ev(r, "ID_FREE did=5", 0, 0);
		ev(r, "ID_FREE pasid=77", 0, 0);
		ev(r, "ID_ALLOC did=5 B", 0, 0);
	}
	ck_assert_uint_ge(r->findings, n);
}
static void huge_ranges(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PTE_CLR d1 0x%llx/1T", i << 12, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "TLBINV did=5 0x%llx/4K", i << 20, 0);
}
static void page_requests(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PREQ 03:00.0.1 %llu 0x%llx L", i, i << 12);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PTE_SET mm 0x%llx/4K 0x80000000 rw", i << 12, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "PRSP 03:00.0.1 %llu OK", i, 0);
	ck_assert_uint_eq(r->findings, 0);
}
static void waits(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		ev(r, "WAIT w%llu addr=0x%llx", i, i << 4);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "GIVEUP w%llu", i, 0);
	for (uint64_t i = 0; i < n; i++)
		ev(r, "ITMO 03:00.0", 0, 0);
	for (uint64_t i = n; i-- > 0;)
		ev(r, "DONE w%llu", i, 0);
}
static void guests(struct run *r, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		ev(r, "CFG_SET VDEV v%llu vm=A%llu rid=03:00.0", i, i);
		ev(r, "G:TLBINV asid=1 0x%llx/4K vm=A%llu", i << 12, i);
		ev(r, "G:ATCINV v%llu 0x1000/4K vm=A%llu", i, i);
		ev(r, "FWD ATCINV 03:00.0 0x1000/4K", 0, 0);
	}
}
static const struct { const char *name; void (*f)(struct run *r, uint64_t n); } cases[] = {
	{ "released", released }, { "leaf_commands", leaf_commands }, { "other_pasid", other_pasid }, { "pasids", pasids }, { "same_id", same_id },
	{ "huge_ranges", huge_ranges }, { "page_requests", page_requests }, { "waits", waits }, { "guests", guests },
};
/* Seconds of processor time of one run. */
static double seconds(size_t i, uint64_t n)
{
	struct ord_knobs k;
	struct err err = { 0 };
	struct run r = { .line = 0 };
	clock_t from, to;

	memset(&k, 0, sizeof(k));
	cfg_defaults(ord_knob_opts, &k);
	r.c = ord_open(ORD_VTD, &k, on_finding, &r, &err);
	ck_assert_msg(r.c, "%s", err.msg);
	set_up(&r);
	from = clock();
	cases[i].f(&r, n);
	ck_assert_msg(ord_finish(r.c, &err), "%s", err.msg);
	to = clock();
	ord_close(r.c);
	cfg_free(ord_knob_opts, &k);
	return (double)(to - from) / CLOCKS_PER_SEC;
}
/* By default only that it ends; with IOMMUSIM_TIMED set, for an idle machine, also that the time grows no worse than the input. */
START_TEST(work_grows_with_the_input)
{
	double small = seconds((size_t)_i, N), large = seconds((size_t)_i, N * TIMES);

	if (getenv("IOMMUSIM_TIMED") && large > 0.25) /* shorter ones say nothing */
		ck_assert_msg(large < RATIO * small, "%s: %d events more take %g s instead of %g s", cases[_i].name, N * (TIMES - 1), large, small);
}
END_TEST
START_TEST(map_of_the_families_holds_what_was_put)
{
	enum { KEYS = 500, STEPS = 20000 };
	struct ord_tab t = { 0 };
	struct ord_knobs k;
	struct err err = { 0 };
	uint32_t want[KEYS] = { 0 }, have = 0, rnd = 1;
	struct ord_chk *c;

	memset(&k, 0, sizeof(k));
	cfg_defaults(ord_knob_opts, &k);
	c = ord_open(ORD_ANY, &k, NULL, NULL, &err);
	ck_assert_ptr_nonnull(c);
	for (uint32_t i = 1; i <= STEPS; i++) {
		uint32_t key, *v;

		rnd = rnd * 1664525 + 1013904223;
		key = (rnd >> 8) % KEYS;
		if (rnd >> 31) {
			v = ord_tab_put(c, &t, key / 7, key % 7, sizeof(*v));
			ck_assert_ptr_nonnull(v);
			ck_assert_uint_eq(*v, want[key]);
			have += !want[key];
			*v = want[key] = i;
		} else {
			v = ord_tab_get(&t, key / 7, key % 7);
			ck_assert_uint_eq(v ? *v : 0, want[key]);
			have -= want[key] != 0;
			want[key] = 0;
			ord_tab_del(&t, key / 7, key % 7);
			ck_assert_ptr_null(ord_tab_get(&t, key / 7, key % 7));
		}
		ck_assert_uint_eq(t.n, have);
	}
	for (uint32_t i = 0; i < t.n; i++) {
		uint64_t key[2];
		const uint32_t *v = ord_tab_at(&t, i, key);

		ck_assert_uint_eq(*v, want[key[0] * 7 + key[1]]);
	}
	ord_tab_free(c, &t);
	ord_close(c);
	cfg_free(ord_knob_opts, &k);
}
END_TEST
int main(void)
{
	Suite *s = suite_create("ord_hostile");
	TCase *t = tcase_create("all");
	SRunner *r;
	int bad;

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, work_grows_with_the_input, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, map_of_the_families_holds_what_was_put);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	bad = srunner_ntests_failed(r);
	srunner_free(r);
	return bad != 0;
}
