/* SPDX-License-Identifier: Apache-2.0 */
/* test_config.c - configuration files: places in errors, includes, --set, the dump reading back, and every row being well formed. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config_int.h"
#include "core/iommu.h"
#include "run_verify.h"

static char dir[64];

static void setup(void)
{
	strcpy(dir, "/tmp/test_config_XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void path_of(char *p, size_t n, const char *name)
{
	ck_assert_uint_lt((size_t)snprintf(p, n, "%s/%s", dir, name), n);
}

static void put(const char *name, const char *text)
{
	char p[100];
	FILE *f;

	path_of(p, sizeof(p), name);
	f = fopen(p, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void teardown(void)
{
	static const char *const name[] = { "a.yaml", "b.yaml", "c.yaml" };
	char p[100];

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		path_of(p, sizeof(p), name[i]);
		unlink(p);
	}
	rmdir(dir);
}

static bool load(struct run_cfg *c, struct err *e)
{
	char p[100];

	path_of(p, sizeof(p), "a.yaml");
	return run_cfg_load(c, p, e);
}

static char *dump(const struct run_cfg *c)
{
	char *s = NULL;
	size_t n;
	FILE *o = open_memstream(&s, &n);

	ck_assert(run_cfg_dump(c, o, NULL));
	fclose(o);
	return s;
}

static const struct {
	const char *text, *err; /* the message behind the directory */
} bad[] = {
	{ "units:\n  - arch: vtd\n    iotlb:\n      entries: 99999999\n",
	  "a.yaml:4:16: units.vtd0.iotlb.entries: 99999999 is above the maximum 4194304" },
	{ "units:\n  - arch: vtd\n    iotlb:\n      entires: 1\n",
	  "a.yaml:4:7: units.vtd0.iotlb.entires: unknown key; did you mean iotlb.entries?" },
	{ "units:\n  - arch: vtd\n    iotlb: 5\n", "a.yaml:3:12: units.vtd0.iotlb: expected a map of keys, found a single value" },
	{ "units:\n  - arch: vtd\n    iotlb: {entries: [1]}\n", "a.yaml:3:22: units.vtd0.iotlb.entries: expected a single value, found a list" },
	{ "units:\n  - arch: vdt\n", "a.yaml:2:11: arch: vdt is not an architecture" },
	{ "units:\n  - name: x\n", "a.yaml:2:5: units: a unit needs an arch" },
	{ "units: vtd\n", "a.yaml:1:8: units: expected a list" },
	{ "units: []\n", "a.yaml:1:8: units: at least one unit is needed" },
	{ "units:\n  - {arch: vtd, name: u}\n  - {arch: vtd, name: u}\n", "a.yaml:3:5: units: a second unit named u" },
	{ "unit:\n  - arch: vtd\n", "a.yaml:1:1: unit: unknown key; did you mean units?" },
	{ "memory:\n  latency: 80\n", "a.yaml:2:12: memory.latency: 80 has no unit" },
	{ "memory:\n  latency:\n", "memory.latency: the value is missing" },
	{ "memory: 5\n", "a.yaml:1:9: memory: expected a map of keys" },
	{ "seed: x\n", "a.yaml:1:7: seed: 'x' is not a whole number" },
	{ "seed: 1\nseed: 2\n", "a.yaml:2:1: seed: duplicate key; it first appears at line 1" },
	{ "memory: {latency: 1 ns}\nmemory.latency: 2 ns\n", "a.yaml:2:1: latency: duplicate key; it first appears at line 1" },
	{ "devices:\n  - rid: 00:01.9\n", "a.yaml:2:10: devices.rid: '00:01.9' is not a requester id" },
	{ "devices:\n  - rid: any\n  - rid: any\n", "a.yaml:3:10: devices: a second default" },
	{ "devices:\n  - rid: 0x8\n  - rid: 00:01.0\n", "a.yaml:3:5: devices: a second device with rid 00:01.0" },
	{ "devices:\n  - rid: any\n    outstanding: 0\n", "a.yaml:3:18: devices.any.outstanding: 0 is below the minimum 1" },
	{ "a: [1\n", "a.yaml:2:1: not valid YAML" },
	{ "- 1\n", "a.yaml:1:1: expected sections" },
	{ "a: &a [*a]\n", "nested deeper" },
	{ "seed: 1\n---\nseed: 2\n", "a second document" },
	{ "include: a.yaml\n", "a.yaml:1:10: include: " },
	{ "include: none.yaml\n", "a.yaml:1:10: include: " },
};

START_TEST(mistakes_are_named_with_their_place)
{
	struct run_cfg c;
	struct err e = { 0 };

	put("a.yaml", bad[_i].text);
	ck_assert_msg(!load(&c, &e), "%s", bad[_i].text);
	ck_assert_int_eq(e.code, ERR_INPUT);
	ck_assert_msg(strstr(e.msg, bad[_i].err), "%s", e.msg);
	ck_assert(!strncmp(e.msg, dir, strlen(dir)));
}
END_TEST

START_TEST(an_empty_file_is_all_defaults)
{
	struct run_cfg c, d;
	char *s, *t;

	put("a.yaml", "# nothing\n");
	ck_assert(load(&c, NULL));
	run_cfg_init(&d);
	s = dump(&c);
	t = dump(&d);
	ck_assert_str_eq(s, t);
	ck_assert_str_eq(c.unit[0].name, "vtd0");
	free(s);
	free(t);
	run_cfg_free(&c);
	run_cfg_free(&d);
}
END_TEST

START_TEST(the_dump_reads_back_to_the_same_dump)
{
	struct err e = { 0 };
	struct run_cfg c;
	char *s, *t;

	put("a.yaml", "seed: 9\ntrace: {file: \"a \\\"b\\\\: #c\"}\nmemory.latency: 91 ns\n"
		      "units: [{arch: vtd, iotlb.entries: 512}, {arch: vtd, name: gpu, iotlb: {ways: 0}}]\n"
		      "devices: [{rid: 02:00.1, name: nic}, {rid: any, outstanding: 7}]\n");
	ck_assert_msg(load(&c, &e), "%s", e.msg);
	ck_assert_uint_eq(c.plat.dev[0].outstanding, 7); /* the default is where listed devices start */
	ck_assert_uint_eq(c.plat.dev[0].rid, 0x201);
	ck_assert_str_eq(c.trace, "a \"b\\: #c");
	s = dump(&c);
	run_cfg_free(&c);
	put("a.yaml", s);
	ck_assert_msg(load(&c, &e), "%s", e.msg);
	t = dump(&c);
	ck_assert_str_eq(s, t);
	ck_assert_uint_eq(c.unit[0].c.vtd.iotlb.entries, 512);
	free(s);
	free(t);
	run_cfg_free(&c);
}
END_TEST

START_TEST(the_including_file_overrides)
{
	struct err e = { 0 };
	struct run_cfg c;

	put("b.yaml", "seed: 1\nmemory: {latency: 50 ns, size: 1G}\n");
	put("c.yaml", "seed: 2\n");
	put("a.yaml", "memory: {latency: 60 ns}\ninclude: [b.yaml, c.yaml]\n");
	ck_assert_msg(load(&c, &e), "%s", e.msg);
	ck_assert_uint_eq(c.plat.seed, 2);
	ck_assert_uint_eq(c.plat.port.lat_ps, 60000);
	ck_assert_uint_eq(c.plat.mem_size, UINT64_C(1) << 30);
	run_cfg_free(&c);
	put("b.yaml", "include: a.yaml\n");
	ck_assert(!load(&c, &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "b.yaml:1:10: include: "));
	ck_assert_ptr_nonnull(strstr(e.msg, "includes itself"));
}
END_TEST

START_TEST(set_reaches_units_devices_and_sections)
{
	static const char *const no[][2] = {
		{ "memory.latncy=1 ns", "--set memory.latncy=1 ns: latncy: unknown key; did you mean latency?" },
		{ "memry.latency=1 ns", "memry: unknown key; did you mean memory?" }, { "vtd.iotlb.entries", "expected key=value" },
		{ "units.gpo.iotlb.entries=1", "gpo: no unit of that name; did you mean gpu?" }, { "devices.outstanding=0", "below the minimum 1" },
	};
	struct err e = { 0 };
	struct run_cfg c;

	put("a.yaml", "units: [{arch: vtd}, {arch: vtd, name: gpu}]\ndevices: [{rid: 02:00.1, name: nic}]\n");
	ck_assert(load(&c, &e));
	ck_assert(run_cfg_set(&c, "vtd.iotlb.entries=64", &e));
	ck_assert(run_cfg_set(&c, "units.gpu.iotlb.entries=32", &e));
	ck_assert(run_cfg_set(&c, "devices.outstanding=5", &e));
	ck_assert(run_cfg_set(&c, "devices.nic.outstanding=6", &e));
	ck_assert(run_cfg_set(&c, "replay.order=all", &e));
	ck_assert(run_cfg_set(&c, "seed=77", &e));
	ck_assert_uint_eq(c.unit[0].c.vtd.iotlb.entries, 64);
	ck_assert_uint_eq(c.unit[1].c.vtd.iotlb.entries, 32);
	ck_assert_uint_eq(c.plat.dev_default.outstanding, 5);
	ck_assert_uint_eq(c.plat.dev[0].outstanding, 6);
	ck_assert_uint_eq(c.plat.replay.order, REPLAY_ORDER_ALL);
	ck_assert_uint_eq(c.plat.seed, 77);
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		ck_assert(!run_cfg_set(&c, no[i][0], &e));
		ck_assert_msg(strstr(e.msg, no[i][1]), "%s", e.msg);
	}
	run_cfg_free(&c);
}
END_TEST

static void check_rows(const char *what, const struct cfg_opt *o)
{
	for (const struct cfg_opt *p = o; p->key; p++) {
		size_t n = strlen(p->help);
		uint64_t choices = 1;

		ck_assert_msg(n && p->help[n - 1] == '.', "%s %s: help \"%s\" ends with no period", what, p->key, p->help);
		ck_assert_msg(p->unit, "%s %s: no unit", what, p->key);
		for (const struct cfg_opt *q = p + 1; q->key; q++)
			ck_assert_msg(strcmp(p->key, q->key), "%s %s: twice", what, p->key);
		for (const char *s = p->choices; p->type == CFG_ENUM && *s; s++)
			choices += *s == '|';
		if (p->type == CFG_ENUM)
			ck_assert_msg(p->def < choices, "%s %s: default outside the choices", what, p->key);
		else if (p->type == CFG_BOOL)
			ck_assert_msg(p->def <= 1, "%s %s: default", what, p->key);
		else if (p->type != CFG_STR && (p->min || p->max))
			ck_assert_msg(p->def >= p->min && p->def <= p->max, "%s %s: default out of range", what, p->key);
		if (p->type == CFG_U32)
			ck_assert_msg(p->max <= UINT32_MAX && p->def <= UINT32_MAX, "%s %s: does not fit", what, p->key);
	}
}

START_TEST(every_row_is_well_formed)
{
	for (const struct cfg_section *s = cfg_sections; s->opts; s++)
		check_rows(s->name, s->opts);
	for (const struct arch *a = archs; a->name; a++)
		check_rows(a->name, a->opts);
	check_rows("devices", dev_opts);
}
END_TEST

START_TEST(scalable_mode_codes_of_qemu_match_the_specification)
{
	const struct iommu_ops ops = { .arch = "vtd" };
	const struct iommu u = { .ops = &ops };

	ck_assert(run_same_fault(NULL, &u, 0x85, 0x85));
	ck_assert(run_same_fault(NULL, &u, 0x05, 0x85));
	ck_assert(run_same_fault(NULL, &u, 0x01, 0x39));
	ck_assert(!run_same_fault(NULL, &u, 0x85, 0x05)); /* not the other way */
	ck_assert(!run_same_fault(NULL, &u, 0x05, 0x86));
	ck_assert(!run_same_fault(NULL, &u, 0x05, 0x06));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, mistakes_are_named_with_their_place, 0, (int)ARRAY_LEN(bad));
	tcase_add_test(t, an_empty_file_is_all_defaults);
	tcase_add_test(t, the_dump_reads_back_to_the_same_dump);
	tcase_add_test(t, the_including_file_overrides);
	tcase_add_test(t, set_reaches_units_devices_and_sections);
	tcase_add_test(t, every_row_is_well_formed);
	tcase_add_test(t, scalable_mode_codes_of_qemu_match_the_specification);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
