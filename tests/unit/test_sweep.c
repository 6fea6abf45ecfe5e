/* SPDX-License-Identifier: Apache-2.0 */
/* test_sweep.c - SHA-256 against its published vectors; values of axes, the order of points, conditions, identities. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sweep.h"

static const struct { const char *text; size_t repeat; const char *hex; } vectors[] = { /* FIPS 180-4 examples */
	{ "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

START_TEST(sha_vectors)
{
	char hex[SHA_HEX];
	struct sha s;

	sha_init(&s);
	for (size_t i = 0; i < vectors[_i].repeat; i++)
		sha_add(&s, vectors[_i].text, strlen(vectors[_i].text));
	sha_end(&s, hex);
	ck_assert_str_eq(hex, vectors[_i].hex);
}
END_TEST

/* The points of a sweep file, one per line; "!" and the message if it is refused. The ids are checked to differ. */
static char *points(const char *yaml, char plan[SHA_HEX])
{
	char path[] = "/tmp/test_sweep_XXXXXX", line[1000], *text = NULL;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w"), *o;
	struct sweep s;
	struct err e = { 0 };
	size_t n;

	fputs(yaml, f);
	fclose(f);
	o = open_memstream(&text, &n);
	if (!sweep_load(&s, path, &e)) {
		fprintf(o, "!%s", strncmp(e.msg, path, strlen(path)) ? e.msg : e.msg + strlen(path));
	} else {
		sweep_identify(&s, NULL);
		for (size_t i = 0; i < s.n_point; i++) {
			sweep_say(&s, &s.point[i], line, sizeof(line));
			fprintf(o, "%s\n", line);
			for (size_t j = 0; j < i; j++)
				ck_assert_str_ne(s.point[i].id, s.point[j].id);
		}
		if (plan)
			memcpy(plan, s.plan, SHA_HEX);
		sweep_free(&s);
	}
	fclose(o);
	unlink(path);
	return text;
}

static const struct { const char *what, *yaml, *points; } cases[] = {
	{ "no axes: the base alone", "seeds: 1\n", "seed 1\n" },
	{ "a count of seeds goes on from the seed of the base", "config: {seed: 40}\nseeds: 3\n", "seed 40\nseed 41\nseed 42\n" },
	{ "a list of seeds", "seeds: [9, 3]\n", "seed 9\nseed 3\n" },
	{ "the last axis varies fastest, seeds faster still", "seeds: 2\naxes:\n  - vtd.walkers: [1, 2]\n  - gen.count: [5, 6]\n",
	  "vtd.walkers=1, gen.count=5, seed 1\nvtd.walkers=1, gen.count=5, seed 2\nvtd.walkers=1, gen.count=6, seed 1\n"
	  "vtd.walkers=1, gen.count=6, seed 2\nvtd.walkers=2, gen.count=5, seed 1\nvtd.walkers=2, gen.count=5, seed 2\n"
	  "vtd.walkers=2, gen.count=6, seed 1\nvtd.walkers=2, gen.count=6, seed 2\n" },
	{ "keys as nested maps", "axes: {vtd: {iotlb: {entries: [8]}}, memory.latency: [50 ns]}\n",
	  "vtd.iotlb.entries=8, memory.latency=50 ns, seed 1\n" },
	{ "a range with a step ends at or below its end", "axes: {vtd.walkers: {from: 1, to: 8, step: 3}}\n",
	  "vtd.walkers=1, seed 1\nvtd.walkers=4, seed 1\nvtd.walkers=7, seed 1\n" },
	{ "a range of times", "axes: {memory.latency: {from: 500 ns, to: 1.5 us, step: 500 ns}}\n",
	  "memory.latency=500 ns, seed 1\nmemory.latency=1 us, seed 1\nmemory.latency=1500 ns, seed 1\n" },
	{ "a factor, of sizes", "axes: {gen.window: {from: 512K, to: 2M, factor: 2}}\n",
	  "gen.window=512K, seed 1\ngen.window=1M, seed 1\ngen.window=2M, seed 1\n" },
	{ "points at equal ratios, rounded, without repeats", "axes: {vtd.walkers: {from: 1, to: 4, points: 5}}\n",
	  "vtd.walkers=1, seed 1\nvtd.walkers=2, seed 1\nvtd.walkers=3, seed 1\nvtd.walkers=4, seed 1\n" },
	{ "values are written as the configuration writes them", "axes: {gen.window: [1048576, 0x200000]}\n",
	  "gen.window=1M, seed 1\ngen.window=2M, seed 1\n" },
	{ "zipped", "axes:\n  - zip: {vtd.walkers: [1, 2], gen.count: [7, 7]}\n",
	  "vtd.walkers=1, gen.count=7, seed 1\nvtd.walkers=2, gen.count=7, seed 1\n" },
	{ "zipped, twice the same", "axes:\n  - zip: {vtd.walkers: [1, 1], gen.count: [7, 7]}\n",
	  "!:2:10: zip: values 1 and 2 are the same in every key" },
	{ "a condition on a group leaves its keys at the base",
	  "axes:\n  - vtd.walkers: [1, 4]\n  - gen.count: [5, 6]\n    when: vtd.walkers >= 4\n",
	  "vtd.walkers=1, seed 1\nvtd.walkers=4, gen.count=5, seed 1\nvtd.walkers=4, gen.count=6, seed 1\n" },
	{ "a condition on points leaves points out",
	  "axes: {vtd.walkers: [1, 2], gen.count: [5, 6]}\nwhen: [vtd.walkers != 1 and gen.count > 5]\n",
	  "vtd.walkers=2, gen.count=6, seed 1\n" },
	{ "a condition compares sizes, not letters", "axes: {gen.window: [64K, 1M, 8K]}\nwhen: gen.window <= 65536\n",
	  "gen.window=64K, seed 1\ngen.window=8K, seed 1\n" },
	{ "a condition on an axis that does not apply is false",
	  "axes:\n  - vtd.walkers: [1, 4]\n  - gen.count: [5]\n    when: vtd.walkers == 4\nwhen: gen.count != 9\n", "vtd.walkers=4, gen.count=5, seed 1\n" },
	{ "a group's condition knows only the axes before it", "axes:\n  - vtd.walkers: [1, 4]\n    when: gen.count > 1\n  - gen.count: [5]\n",
	  "!:3:11: when: gen.count is not an axis before this" },
};

START_TEST(points_of_a_sweep)
{
	char *got = points(cases[_i].yaml, NULL);

	ck_assert_msg(!strcmp(got, cases[_i].points), "%s: got\n%s", cases[_i].what, got);
	free(got);
}
END_TEST

START_TEST(plan_tells_sweeps_apart)
{
	static const char *const yaml[] = { "axes: {vtd.walkers: [1, 2]}\n", "axes: {vtd.walkers: [1, 3]}\n", "axes: {vtd.walkers: [2, 1]}\n",
					    "axes: {vtd.walkers: [1, 2]}\nseeds: 2\n", "axes: {vtd.walkers: [1, 2]}\nverify: true\n",
					    "axes: {vtd.walkers: [1, 2]}\nconfig: {gen: {count: 5}}\n" };
	char plan[ARRAY_LEN(yaml)][SHA_HEX], again[SHA_HEX];

	for (size_t i = 0; i < ARRAY_LEN(yaml); i++) {
		free(points(yaml[i], plan[i]));
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(plan[i], plan[j]);
	}
	free(points("# a comment\naxes:\n  - {vtd.walkers: [0x1, 2]}\n", again));
	ck_assert_str_eq(again, plan[0]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sweep");
	TCase *t = tcase_create("sweep");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, t);
	tcase_add_loop_test(t, sha_vectors, 0, ARRAY_LEN(vectors));
	tcase_add_loop_test(t, points_of_a_sweep, 0, ARRAY_LEN(cases));
	tcase_add_test(t, plan_tells_sweeps_apart);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
