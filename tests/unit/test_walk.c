/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_walk.c - readers of witness files, the tables of QEMU's fault codes and records, and the comparison over small real images in
 * tests/data/walk. Each comparison is also made to fail, by changing an expectation or a table entry.
 */
#include "walk_check.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "tests/data/walk/"
static unsigned n_diff[3];
static struct walk_diff last;
static unsigned last_steps; /* of last.trace, which is gone when we look */

static bool count(void *arg, const struct walk_diff *d)
{
	(void)arg;
	n_diff[d->kind]++;
	if (d->kind == WALK_BY_SPEC)
		return true;
	last = *d;
	last_steps = d->trace ? d->trace->n : 0;
	return true;
}

static struct walk_query *query_of(const char *suffix, const char *text, struct err *e)
{
	char path[64];
	struct walk_query *q;
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/walk-test-%d%s", (int)getpid(), suffix);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	q = walk_query_load(path, e);
	unlink(path);
	return q;
}

static void run(struct walk_unit *w, const struct walk_query *q, struct walk_tally *t)
{
	struct err e;

	memset(n_diff, 0, sizeof(n_diff));
	ck_assert_msg(walk_check(w, q, count, NULL, t, &e), "%s", e.msg);
	ck_assert_uint_eq(n_diff[WALK_DISAGREE] + n_diff[WALK_REASON], t->disagree);
	ck_assert_uint_eq(n_diff[WALK_REASON], t->different);
	ck_assert_uint_eq(n_diff[WALK_BY_SPEC], t->by_spec);
}

static void load(struct walk_unit *w, struct walk_query **q, const char *image, const char *query)
{
	char path[128];
	struct err e;

	snprintf(path, sizeof(path), DATA "%s.idx", image);
	ck_assert_msg(walk_open(w, path, 0, &e), "%s", e.msg);
	if (!query)
		return;
	snprintf(path, sizeof(path), DATA "%s.%s", image, query);
	*q = walk_query_load(path, &e);
	ck_assert_msg(*q != NULL, "%s", e.msg);
}

START_TEST(reads_every_kind_of_line)
{
	struct err e;
	struct walk_query *q = query_of(".cases",
					"# sid iova access result...\n"
					"0x20 0x1008 r ok 0x5008 0x200000 walk=0x5008\n"
					"0x20 0x2000 w fault reason=133 walk=?\n"
					"0x20 0x2000 w fault no-record walk=fault\n"
					"0x20 0x3000 r nolog walk=0x3000\n"
					"0x20 0x3000 r ok 0x3000 bypass walk=0x3000\n"
					"0x20 0x3000 r fault SMMU_EVT_F_ACCESS record=0x2000000012,0x20800000000,0x3000,0x0 walk=fault\n"
					"0x20 0x3000 r fault no-recorded-event record=none walk=fault\n"
					"0x20 0x3000 r fault abort walk=fault\n",
					&e);

	ck_assert_msg(q != NULL, "%s", e.msg);
	ck_assert_uint_eq(q->n, 8);
	ck_assert_uint_eq(q->row[0].line, 2);
	ck_assert_uint_eq(q->row[0].size, 0x200000);
	ck_assert_uint_eq(q->row[1].reason, 133);
	ck_assert_int_eq(q->row[1].walk, WQ_WALK_OUTSIDE);
	ck_assert(q->row[2].no_record && !q->row[1].no_record);
	ck_assert_int_eq(q->row[3].expect, WQ_NOLOG);
	ck_assert(q->row[4].bypass);
	ck_assert(q->row[5].have_record && !q->row[5].no_record);
	ck_assert_uint_eq(q->row[5].record[1], UINT64_C(0x20800000000));
	ck_assert_uint_eq(q->row[5].record[2], 0x3000);
	ck_assert_str_eq(q->row[5].detail, "SMMU_EVT_F_ACCESS");
	ck_assert(q->row[6].no_record && !q->row[6].have_record);
	ck_assert(q->row[7].no_record);
	walk_query_free(q);
	q = query_of(".xlate", "0x8 0x1000 ok 0x5000 0x1000 - before 12 stale\n0x8 0x1000 fault - - ? after 13 agree\n", &e);
	ck_assert_msg(q != NULL, "%s", e.msg);
	ck_assert(q->row[0].stale && !q->row[1].stale);
	ck_assert_int_eq(q->row[1].acc, '?');
	walk_query_free(q);
}
END_TEST

START_TEST(garbled_lines_name_file_and_line)
{
	static const struct {
		const char *suffix, *text, *msg;
	} bad[] = {
		{ ".maps", "# x\n0x8 - 0x1000 0x5000 0x1000 rq 0x3\n", ":2:28: 'rq' is not a permission" },
		{ ".maps", "0x8 - 0x1000 0x5000 0x1800 rw 0x3\n", ":1:21: '0x1800' is not a page size" },
		{ ".maps", "0x8 - 0x1800 0x5000 0x1000 rw 0x3\n", ":1:7: '0x1800' is not an address at a multiple" },
		{ ".maps", "0x8 - 0x1000 0x5000\n", ":1: a page size is missing" },
		{ ".xlate", "0x8 0x1000 maybe 0x5000 0x1000 - before 1 agree\n", ":1:12: 'maybe' is not ok or fault" },
		{ ".xlate", "0x8 0x1000 ok 0x5000 0x1000 - before 1 perhaps\n", ":1:40: 'perhaps' is not agree" },
		{ ".cases", "\n0x8 0x1000 r fault reason=abc walk=?\n", ":2:20: 'reason=abc' is not reason=NUMBER" },
		{ ".cases", "0x8 0x1000 r fault X record=1,2,3 walk=?\n", ":1:22: 'record=1,2,3' is not record=none or record= with four words" },
		{ ".cases", "0x8 0x1000 r fault X record=1,2,3,4,5 walk=?\n", "is not record=none or record= with four words" },
		{ ".cases", "0x8 0x1000 r nolog\n", ":1: walk=ADDRESS, walk=fault or walk=? is missing" },
		{ ".cases", "0x8 -1 r nolog walk=?\n", ":1:5: '-1' is not an address" },
		{ ".cases", "", "empty file" },
		{ ".txt", "0x8\n", "a query is called" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_ptr_null(query_of(bad[i].suffix, bad[i].text, &e));
		ck_assert_int_eq(e.code, ERR_INPUT);
		ck_assert_msg(strstr(e.msg, bad[i].msg) != NULL, "wanted \"%s\" in \"%s\"", bad[i].msg, e.msg);
	}
}
END_TEST

START_TEST(codes_are_explained_per_mode_only)
{
	const uint64_t spec[4] = { UINT64_C(0x2000000013), UINT64_C(0x28800000000), 0x5000, 0x7000 }, cd[4] = { UINT64_C(0x200000000a) };
	uint64_t qemu[4] = { UINT64_C(0x2000000013), UINT64_C(0x28800000000), 0x5000, 0x7123 };
	const uint64_t table[4] = { UINT64_C(0x2000000010), UINT64_C(0x18800000000), 0x5000, 0x7000 };
	const uint64_t qemu_table[4] = { UINT64_C(0x2000000010), UINT64_C(0x10800000000), 0x5000, 0x7000 };

	ck_assert_ptr_nonnull(walk_smmuv3_explains(qemu, spec)); /* low bits of the IPA */
	ck_assert_ptr_null(walk_smmuv3_explains(spec, spec));
	ck_assert_ptr_null(walk_smmuv3_explains(qemu, cd));
	qemu[3] = 0x8000;
	ck_assert_ptr_null(walk_smmuv3_explains(qemu, spec));
	qemu[3] = 0x7123;
	qemu[1] ^= UINT64_C(1) << 35; /* RnW */
	ck_assert_ptr_null(walk_smmuv3_explains(qemu, spec));
	ck_assert_ptr_nonnull(walk_smmuv3_explains(qemu_table, table)); /* S2 of a fault on a stage 1 descriptor */
	qemu[1] = spec[1] & ~(UINT64_C(1) << 39);
	ck_assert_ptr_null(walk_smmuv3_explains(qemu, spec)); /* not of one on the address itself */
	ck_assert_ptr_nonnull(walk_vtd_explains(true, 5, 0x85));
	ck_assert_ptr_nonnull(walk_vtd_explains(true, 12, 0x7a));
	ck_assert_ptr_null(walk_vtd_explains(true, 5, 0x86));
	ck_assert_ptr_null(walk_vtd_explains(false, 5, 0x85));
}
END_TEST

/* image, query, rows compared, then what must come out */
static const struct {
	const char *image, *query;
	unsigned agree, skipped, equal, explained, by_spec, stale;
} runs[] = {
	{ "vtd-edu.snap4", "maps.gz", 4 * 14042, 0, 0, 0, 0, 0 },
	{ "vtd-edu.snap4", "xlate.gz", 394, 0, 0, 0, 0, 0 },
	{ "vtd-lazy-nvme.snap5", "xlate.gz", 61, 0, 0, 0, 0, 38 },
	{ "vtd-4711-w00", "cases.gz", 120, 0, 74, 0, 0, 0 },
	{ "vtd-4711-w05", "cases.gz", 0, 0, 0, 0, 120, 0 }, /* pass-through, AW not the largest */
	{ "vtd-4711-w07", "cases.gz", 120, 0, 89, 0, 0, 0 }, /* FPD */
	{ "vtd-sm-sl-4711-w00", "cases.gz", 120, 0, 0, 77, 0, 0 }, /* RID_PASID not 0 */
	{ "vtd-sm-sl-4711-w20", "cases.gz", 92, 28, 0, 50, 0, 0 }, /* tables outside the image */
	{ "vtd-sm-sl-4711-w23", "cases.gz", 120, 0, 69, 0, 0, 0 },
	{ "vtd-sm-fl-4711-w00", "cases.gz", 120, 0, 85, 0, 0, 0 }, /* XD with NXE = 0 */
	{ "vtd-sm-fl-4711-w11", "cases.gz", 116, 0, 0, 0, 4, 0 }, /* pass-through beyond the width */
	{ "vtd-sm-fl-4711-w39", "cases.gz", 88, 32, 81, 0, 0, 0 },
	{ "smmuv3-edu.snap2", "maps.gz", 4 * 1754, 0, 0, 0, 0, 0 },
	{ "smmuv3-edu.snap2", "xlate.gz", 633, 0, 0, 0, 0, 0 },
	{ "smmuv3-lazy-nvme.snap2", "xlate.gz", 210, 0, 0, 0, 0, 201 },
	{ "smmuv3-s1-4711-w00", "cases.gz", 109, 4, 58, 46, 7, 0 }, /* tables beyond the output size */
	{ "smmuv3-s1-4711-w05", "cases.gz", 107, 0, 70, 0, 13, 0 }, /* CD.R = 0: no record */
	{ "smmuv3-s1-4711-w20", "cases.gz", 107, 0, 87, 8, 13, 0 }, /* 64 KiB */
	{ "smmuv3-s1-4711-w26", "cases.gz", 117, 0, 0, 0, 3, 0 }, /* bypass */
	{ "smmuv3-s1-4711-w31", "cases.gz", 98, 0, 46, 52, 22, 0 }, /* 16 KiB, block at level 1 */
	{ "smmuv3-s2-4711-w12", "cases.gz", 120, 0, 0, 79, 0, 0 },
	{ "smmuv3-s2-4711-w15", "cases.gz", 99, 0, 1, 85, 21, 0 }, /* concatenated start tables */
	{ "smmuv3-s2-4711-w24", "cases.gz", 64, 0, 0, 41, 56, 0 }, /* the same, 16 KiB */
	{ "smmuv3-nested-4711-w07", "cases.gz", 98, 0, 78, 13, 22, 0 },
	{ "smmuv3-nested-4711-w19", "cases.gz", 106, 0, 64, 38, 14, 0 }, /* stage 2 faults on stage 1 descriptors */
	{ "amdvi-edu.snap2", "maps.gz", 4 * 1095, 0, 0, 0, 0, 0 },
	{ "amdvi-edu.snap2", "xlate.gz", 601, 0, 0, 0, 0, 0 },
	{ "amdvi-4711-w00", "cases.gz", 119, 0, 61, 0, 1, 0 }, /* address beyond Mode */
	{ "amdvi-4711-w03", "cases.gz", 113, 0, 92, 0, 7, 0 }, /* skipped levels */
	{ "amdvi-4711-w11", "cases.gz", 120, 0, 0, 120, 0, 0 }, /* illegal device table entry */
	{ "amdvi-4711-w13", "cases.gz", 76, 25, 48, 0, 19, 0 }, /* reserved bits */
	{ "amdvi-4711-w14", "cases.gz", 108, 0, 56, 0, 12, 0 }, /* a page at address 0 */
	{ "amdvi-4711-w16", "cases.gz", 1, 0, 1, 0, 119, 0 }, /* TV = 0 */
	{ "amdvi-4711-w25", "cases.gz", 92, 15, 68, 0, 13, 0 }, /* wrong sizes of next level 7 */
};

START_TEST(images_agree)
{
	struct walk_unit w;
	struct walk_query *q;
	struct walk_tally t;

	load(&w, &q, runs[_i].image, runs[_i].query);
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 0);
	ck_assert_uint_eq(t.different, 0);
	ck_assert_uint_eq(t.agree, runs[_i].agree);
	ck_assert_uint_eq(t.skipped, runs[_i].skipped);
	ck_assert_uint_eq(t.equal, runs[_i].equal);
	ck_assert_uint_eq(t.explained, runs[_i].explained);
	ck_assert_uint_eq(t.by_spec, runs[_i].by_spec);
	ck_assert_uint_eq(t.stale, runs[_i].stale);
	walk_query_free(q);
	walk_close(&w);
}
END_TEST

START_TEST(wrong_expectations_disagree)
{
	struct walk_unit w;
	struct walk_query *q;
	struct walk_tally t;
	uint64_t good;

	load(&w, &q, "vtd-edu.snap4", "maps.gz");
	q->row[100].pa += 0x1000;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 5); /* four accesses, and the sets differ */
	q->row[100].pa -= 0x1000;
	q->row[100].perm ^= XL_W;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 3); /* first and last byte of the write, and the sets */
	q->row[100].perm ^= XL_W;
	q->n--; /* a mapping the file does not name */
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 1);
	ck_assert_uint_eq(last.line, 0);
	ck_assert_str_eq(last.expected, "no such mapping");
	walk_query_free(q);
	walk_close(&w);

	load(&w, &q, "vtd-4711-w00", "cases.gz");
	good = q->row[0].reason;
	q->row[0].reason = 12;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 1);
	ck_assert_uint_eq(t.different, 1);
	q->row[0].reason = (uint16_t)good;
	q->row[0].expect = WQ_OK;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 1);
	ck_assert_uint_gt(last_steps, 2);
	walk_query_free(q);
	walk_close(&w);
}
END_TEST

static void changed_record(unsigned row, unsigned word, uint64_t bits)
{
	struct walk_unit w;
	struct walk_query *q;
	struct walk_tally t;

	load(&w, &q, "smmuv3-s1-4711-w20", "cases.gz");
	ck_assert(q->row[row].have_record);
	q->row[row].record[word] ^= bits;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 1);
	ck_assert_uint_eq(t.different, 1);
	ck_assert_uint_eq(last.line, q->row[row].line);
	ck_assert_ptr_nonnull(strstr(last.expected, " record 0x"));
	walk_query_free(q);
	walk_close(&w);
}

START_TEST(wrong_records_disagree)
{
	struct walk_unit w;
	struct walk_query *q;
	struct walk_tally t;
	unsigned row = 0, none = 0;

	load(&w, &q, "smmuv3-s1-4711-w20", "cases.gz");
	while (!q->row[row].have_record || (q->row[row].record[0] & 0xff) != 0x10) /* F_TRANSLATION */
		ck_assert_uint_lt(++row, q->n);
	q->row[row].no_record = true;
	q->row[row].have_record = false;
	run(&w, q, &t);
	ck_assert_uint_eq(t.different, 1);
	walk_query_free(q);
	walk_close(&w);
	changed_record(row, 0, 1); /* event */
	changed_record(row, 0, UINT64_C(1) << 32); /* stream */
	changed_record(row, 1, UINT64_C(1) << 35); /* RnW */
	changed_record(row, 1, UINT64_C(1) << 40); /* CLASS */
	changed_record(row, 2, 8);
	changed_record(row, 3, 0x1000);
	load(&w, &q, "smmuv3-s1-4711-w05", "cases.gz"); /* CD.R = 0 */
	while (!q->row[none].no_record)
		ck_assert_uint_lt(++none, q->n);
	q->row[none].no_record = false;
	q->row[none].have_record = true;
	run(&w, q, &t);
	ck_assert_uint_eq(t.different, 1);
	walk_query_free(q);
	walk_close(&w);
}
END_TEST

START_TEST(a_changed_table_disagrees)
{
	struct walk_unit w;
	struct walk_query *q;
	struct walk_tally t;
	struct walk_trace tr;
	struct xl_req rq = { .iova = 0x100000000, .rid = 8, .len = 1, .acc = XL_R };
	struct xl_res r;
	uint64_t leaf;

	load(&w, &q, "vtd-lazy-nvme.snap5", "xlate.gz");
	q->row[0].stale = !q->row[0].stale;
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 1);
	walk_query_free(q);
	walk_close(&w);

	load(&w, &q, "vtd-edu.snap4", "maps.gz");
	ck_assert(walk_now(&w, &rq, &r, &tr));
	ck_assert(r.ok && tr.n == 6); /* root, context, four levels */
	leaf = tr.step[5].data[0] & ~UINT64_C(3);
	ck_assert_int_eq(mem_write(w.m, tr.step[5].spa, &leaf, 1), MEM_OK);
	run(&w, q, &t);
	ck_assert_uint_eq(t.disagree, 3 * 5); /* three requesters share the domain: two directions of two bytes, and the sets */
	walk_query_free(q);
	walk_close(&w);
}
END_TEST

START_TEST(a_page_not_in_the_image_is_no_answer)
{
	struct walk_unit w;
	struct walk_trace tr;
	struct xl_req rq = { .iova = 0x100000000, .rid = 8, .len = 1, .acc = XL_R };
	struct xl_res r;
	uint64_t e;

	load(&w, NULL, "vtd-edu.snap4", NULL);
	ck_assert(walk_now(&w, &rq, &r, &tr));
	e = UINT64_C(0x7fff0000003);
	ck_assert_int_eq(mem_write(w.m, tr.step[4].spa, &e, 1), MEM_OK);
	ck_assert(!walk_now(&w, &rq, &r, &tr));
	ck_assert_uint_eq(tr.left_at & ~UINT64_C(4095), 0x7fff0000000);
	walk_close(&w);
}
END_TEST

START_TEST(a_table_that_points_to_itself_ends)
{
	struct walk_unit w;
	struct walk_map *m;
	struct walk_trace tr;
	struct xl_req rq = { .iova = 0x100000000, .rid = 8, .len = 1, .acc = XL_R };
	struct xl_res r;
	struct err e;
	uint64_t top, v;
	size_t n;

	load(&w, NULL, "vtd-edu.snap4", NULL);
	ck_assert(walk_now(&w, &rq, &r, &tr));
	top = tr.step[2].spa & ~UINT64_C(4095);
	v = top | 3;
	for (unsigned i = 0; i < 512; i++)
		ck_assert_int_eq(mem_write(w.m, top + 8 * i, &v, 1), MEM_OK);
	ck_assert(!walk_list(&w, &m, &n, &e));
	ck_assert_int_eq(e.code, ERR_INPUT);
	walk_close(&w);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("walk");
	TCase *c = tcase_create("walk");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, reads_every_kind_of_line);
	tcase_add_test(c, garbled_lines_name_file_and_line);
	tcase_add_test(c, codes_are_explained_per_mode_only);
	tcase_add_loop_test(c, images_agree, 0, (int)ARRAY_LEN(runs));
	tcase_add_test(c, wrong_expectations_disagree);
	tcase_add_test(c, wrong_records_disagree);
	tcase_add_test(c, a_changed_table_disagrees);
	tcase_add_test(c, a_page_not_in_the_image_is_no_answer);
	tcase_add_test(c, a_table_that_points_to_itself_ends);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
