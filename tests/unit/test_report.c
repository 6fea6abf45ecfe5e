/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - the three writers over one small registry; ratios of nothing, files that cannot be written. */
#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "report.h"

struct thing {
	uint64_t hits, lookups, wait_ps;
	struct hist h;
};
static const struct stat_def defs[] = {
	{ "hits", "count", "", offsetof(struct thing, hits), STAT_U64, 0 },
	{ "hit_rate", "ratio", "", offsetof(struct thing, hits), STAT_RATIO, offsetof(struct thing, lookups) },
	{ "wait_ps", "ps", "", offsetof(struct thing, wait_ps), STAT_U64, 0 },
	{ "latency", "ps", "", offsetof(struct thing, h), STAT_HIST, 0 },
	{ 0 },
};
static struct thing used, idle;
static struct stat_reg reg;

static void setup(void)
{
	memset(&used, 0, sizeof(used));
	memset(&idle, 0, sizeof(idle));
	used.hits = 3;
	used.lookups = 4;
	used.wait_ps = 1234567;
	hist_add(&used.h, 10);
	hist_add(&used.h, 30);
	ck_assert(stat_add(&reg, "vtd0.iotlb", &used, defs));
	ck_assert(stat_add(&reg, "vtd0.ctx", &idle, defs));
}

static void teardown(void)
{
	stat_fini(&reg);
	memset(&reg, 0, sizeof(reg));
}

static char *written(bool (*fn)(const struct stat_reg *r, FILE *o, struct err *e))
{
	char *s = NULL;
	size_t n;
	FILE *o = open_memstream(&s, &n);

	ck_assert(fn(&reg, o, NULL));
	fclose(o);
	return s;
}

static bool full(const struct stat_reg *r, FILE *o, struct err *e)
{
	return report_text(r, false, o, e);
}

static bool brief(const struct stat_reg *r, FILE *o, struct err *e)
{
	return report_text(r, true, o, e);
}

START_TEST(text_shows_units_and_na)
{
	char *s = written(full);

	ck_assert_ptr_nonnull(strstr(s, "vtd0.iotlb\n  hits                     3\n  hit_rate                 0.750000\n  wait_ps                  1.234 us\n"));
	ck_assert_ptr_nonnull(strstr(s, "  latency                  n 2  mean 20 ps  min 10 ps  p50 10 ps  p95 30 ps  p99 30 ps  p99.9 30 ps  max 30 ps\n"));
	ck_assert_ptr_nonnull(strstr(s, "vtd0.ctx\n  hits                     0\n  hit_rate                 n/a\n"));
	free(s);
}
END_TEST

START_TEST(brief_text_leaves_out_what_is_zero)
{
	char *s = written(brief);

	ck_assert_ptr_nonnull(strstr(s, "hits                     3"));
	ck_assert_ptr_null(strstr(s, "vtd0.ctx"));
	ck_assert_ptr_null(strstr(s, "n/a"));
	free(s);
}
END_TEST

START_TEST(json_is_a_tree)
{
	char *s = written(report_json);
	json_t *root = json_loads(s, JSON_REJECT_DUPLICATES, NULL), *tlb = json_object_get(json_object_get(root, "vtd0"), "iotlb");

	ck_assert_ptr_nonnull(tlb);
	ck_assert_int_eq(json_integer_value(json_object_get(tlb, "hits")), 3);
	ck_assert_double_eq(json_real_value(json_object_get(tlb, "hit_rate")), 0.75);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(tlb, "latency"), "p99_9")), 30);
	ck_assert_int_eq(json_integer_value(json_object_get(json_object_get(tlb, "latency"), "sum")), 40);
	ck_assert(json_is_null(json_object_get(json_object_get(json_object_get(root, "vtd0"), "ctx"), "hit_rate")));
	json_decref(root);
	free(s);
}
END_TEST

START_TEST(csv_is_two_lines_of_equal_width)
{
	char *s = written(report_csv), *nl = strchr(s, '\n');
	unsigned commas[2] = { 0 };

	ck_assert_int_eq(strncmp(s, "vtd0.iotlb.hits,vtd0.iotlb.hit_rate,vtd0.iotlb.wait_ps,vtd0.iotlb.latency.n,", 76), 0);
	ck_assert_int_eq(strncmp(nl + 1, "3,0.75,1234567,2,40,10,10,30,30,30,30,0,n/a,0,0,", 48), 0);
	for (char *p = s; *p; p++)
		commas[p > nl] += *p == ',';
	ck_assert_uint_eq(commas[0], commas[1]);
	ck_assert_uint_eq(commas[0], 21);
	ck_assert_ptr_eq(strchr(nl + 1, '\n'), s + strlen(s) - 1);
	free(s);
}
END_TEST

START_TEST(a_full_disk_is_the_machines_fault)
{
	bool (*const fn[])(const struct stat_reg *r, FILE *o, struct err *e) = { full, report_json, report_csv };
	struct err e = { 0 };
	FILE *o = fopen("/dev/full", "w");

	ck_assert(!fn[_i](&reg, o, &e));
	ck_assert_int_eq(e.code, ERR_MACHINE);
	ck_assert_ptr_nonnull(strstr(e.msg, strerror(ENOSPC)));
	fclose(o);
}
END_TEST

START_TEST(files_appear_whole_or_not_at_all)
{
	char dir[] = "/tmp/test_report_XXXXXX", path[64], cmd[64];
	struct err e = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s.json", dir);
	ck_assert(report_file(&reg, path, &e));
	ck_assert_int_eq(access(path, R_OK), 0);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* no temporary file is left */
	ck_assert(!report_file(&reg, path, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	snprintf(cmd, sizeof(cmd), "%s/s.xml", dir);
	ck_assert(!report_known(cmd) && !report_file(&reg, cmd, &e));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, text_shows_units_and_na);
	tcase_add_test(t, brief_text_leaves_out_what_is_zero);
	tcase_add_test(t, json_is_a_tree);
	tcase_add_test(t, csv_is_two_lines_of_equal_width);
	tcase_add_loop_test(t, a_full_disk_is_the_machines_fault, 0, 3);
	tcase_add_test(t, files_appear_whole_or_not_at_all);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
