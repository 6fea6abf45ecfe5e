/* SPDX-License-Identifier: Apache-2.0 */
/* test_cfg.c - option rows: what is accepted, what is refused and how, and that printing reads back exactly. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/base/rng.h"
#include "core/cfg/cfg.h"

struct all {
	uint32_t u32, choice, rid;
	uint64_t u64, hex, time, size, list;
	bool flag;
	char *str;
};
#define O(m) offsetof(struct all, m)
static const struct cfg_opt rows[] = {
	{ "iotlb.entries", CFG_U32, O(u32), 256, 1, 1 << 20, "entries", "Capacity.", 0 },
	{ "word", CFG_U64, O(u64), 7, 0, 0, "", "Any.", 0 },
	{ "mask", CFG_HEX, O(hex), 0xabc, 0, 0, "", "Any.", 0 },
	{ "latency", CFG_TIME, O(time), 80000, 0, 1000000000, "ps", "Time.", 0 },
	{ "bytes", CFG_SIZE, O(size), 4096, 0, 0, "bytes", "Size.", 0 },
	{ "flag", CFG_BOOL, O(flag), 1, 0, 1, "", "Flag.", 0 },
	{ "policy", CFG_ENUM, O(choice), 1, 0, 0, "", "Policy.", "lru|fifo|random" },
	{ "steps", CFG_LIST, O(list), 0, 0, 0, "", "Steps.", "A-1|B-2|C-3" },
	{ "rid", CFG_U32, O(rid), 0, 0, 0xffff, "rid", "Requester.", 0 },
	{ "file", CFG_STR, O(str), 0, 0, 0, "", "File.", 0 },
	{ 0 },
};

static const struct {
	const char *key, *text, *print; /* print NULL: refused, and err holds this part of the message */
	const char *err;
} cases[] = {
	{ "iotlb.entries", "1", "1", 0 }, { "iotlb.entries", "0x10", "16", 0 }, { "iotlb.entries", "1048576", "1048576", 0 },
	{ "iotlb.entries", "0", 0, "iotlb.entries: 0 is below the minimum 1" },
	{ "iotlb.entries", "1048577", 0, "iotlb.entries: 1048577 is above the maximum 1048576" },
	{ "iotlb.entries", "-1", 0, "is negative" }, { "iotlb.entries", "1x", 0, "is not a whole number" }, { "iotlb.entries", "", 0, "is not" },
	{ "iotlb.entries", "99999999999999999999", 0, "is too large" }, { "iotlb.entires", "1", 0, "did you mean iotlb.entries?" },
	{ "iotlb.entries", "4294967297", 0, "above the maximum" },
	{ "word", "18446744073709551615", "18446744073709551615", 0 }, { "word", "18446744073709551616", 0, "too large" },
	{ "mask", "0xFFFFFFFFFFFFFFFF", "0xffffffffffffffff", 0 }, { "mask", "12", "0xc", 0 }, { "mask", "0x", 0, "is not" },
	{ "latency", "287 ns", "287 ns", 0 }, { "latency", "1.5us", "1500 ns", 0 }, { "latency", "0", "0", 0 }, { "latency", "1ps", "1 ps", 0 },
	{ "latency", "1ms", "1 ms", 0 }, { "latency", "287", 0, "has no unit" }, { "latency", "0.5 ps", 0, "not a whole number" },
	{ "latency", "1 min", 0, "above the maximum 1 ms" }, { "latency", "99999999 min", 0, "too large" }, { "latency", "3 parsec", 0, "is not a time" },
	{ "latency", "-1 ns", 0, "is not a time" }, { "latency", "0.0005 ns", 0, "not a whole number" }, { "latency", "0.001 ns", "1 ps", 0 },
	{ "bytes", "64K", "64K", 0 }, { "bytes", "65536", "64K", 0 }, { "bytes", "2M", "2M", 0 }, { "bytes", "1.5G", "1536M", 0 }, { "bytes", "0", "0", 0 },
	{ "bytes", "4097", "4097", 0 }, { "bytes", "0x1000", "4K", 0 }, { "bytes", "16E", 0, "too large" }, { "bytes", "4 apples", 0, "is not a size" },
	{ "flag", "no", "false", 0 }, { "flag", "true", "true", 0 }, { "flag", "2", 0, "is not true or false" },
	{ "policy", "lru", "lru", 0 }, { "policy", "random", "random", 0 }, { "policy", "rand", 0, "not one of lru|fifo|random" }, { "policy", "", 0, "not one of" },
	{ "policy", "lru|fifo", 0, "not one of" },
	{ "steps", "B-2", "B-2", 0 }, { "steps", "C-3, A-1", "A-1,C-3", 0 }, { "steps", "", "", 0 }, { "steps", "A-1,A-1", "A-1", 0 },
	{ "steps", "A-1|B-2", 0, "steps: 'A-1|B-2' is not one of A-1|B-2|C-3" }, { "steps", "A-1,B2", 0, "steps: 'B2' is not one of A-1|B-2|C-3; did you mean B-2?" },
	{ "rid", "00:01.0", "8", 0 }, { "rid", "ff:1f.7", "65535", 0 }, { "rid", "0x8", "8", 0 }, { "rid", "00:20.0", 0, "is not a requester id" },
	{ "rid", "00:01.8", 0, "is not a requester id" },
	{ "file", "a b: c", "a b: c", 0 }, { "file", "", "", 0 },
};

START_TEST(text_is_read_or_refused_as_expected)
{
	struct all a = { 0 };
	struct err e = { 0 };
	char buf[64];
	bool ok;

	cfg_defaults(rows, &a);
	ok = cfg_set(rows, &a, cases[_i].key, cases[_i].text, &e);
	if (!cases[_i].print) {
		ck_assert_msg(!ok && strstr(e.msg, cases[_i].err), "%s=%s: %s", cases[_i].key, cases[_i].text, e.msg);
		ck_assert_int_eq(e.code, ERR_INPUT);
	} else {
		ck_assert_msg(ok, "%s=%s: %s", cases[_i].key, cases[_i].text, e.msg);
		cfg_print(cfg_find(rows, cases[_i].key), &a, buf, sizeof(buf));
		ck_assert_str_eq(buf, cases[_i].print);
	}
	cfg_free(rows, &a);
}
END_TEST

START_TEST(a_refused_value_changes_nothing)
{
	struct all a = { 0 };

	cfg_defaults(rows, &a);
	ck_assert(!cfg_set(rows, &a, "iotlb.entries", "0", NULL));
	ck_assert_uint_eq(a.u32, 256);
	ck_assert_uint_eq(a.hex, 0xabc);
	ck_assert_uint_eq(a.choice, 1);
	ck_assert(a.flag);
}
END_TEST

START_TEST(random_values_print_and_read_back)
{
	static const char *const key[] = { "word", "mask", "bytes" };
	uint64_t v = 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < 3000; i++) {
		const struct cfg_opt *o = cfg_find(rows, key[i % 3]);
		struct all a = { 0 }, b = { 0 };
		char buf[64];

		v = v * 6364136223846793005 + 1442695040888963407;
		*(uint64_t *)((char *)&a + o->off) = v >> (i % 64) << (i / 64 % 64);
		cfg_print(o, &a, buf, sizeof(buf));
		ck_assert_msg(cfg_set(rows, &b, o->key, buf, NULL), "%s", buf);
		ck_assert_msg(!memcmp(&a, &b, sizeof(a)), "%s", buf);
		a.time = v % 1000000001;
		cfg_print(cfg_find(rows, "latency"), &a, buf, sizeof(buf));
		ck_assert_msg(cfg_set(rows, &b, "latency", buf, NULL) && a.time == b.time, "%s", buf);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cfg");
	TCase *t = tcase_create("cfg");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, text_is_read_or_refused_as_expected, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, a_refused_value_changes_nothing);
	tcase_add_test(t, random_values_print_and_read_back);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
