/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ord.c - the ordering checker against tests/data/ordering: every section of every file must get its verdict (form: the README there).
 * Prints how many are right and wrong. ORD_DATA in the environment names another directory, ORD_ONLY a part of a file name, ORD_TELL=1
 * shows all findings.
 */
#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "check/ordhw.h"
#include "core/trace/trc.h"

struct section {
	char file[640];
	uint64_t line; /* of the heading */
	bool bad;      /* expected: a finding */
	enum ord_verdict verdict;
	enum ord_rule_id rule;
	char op[24]; /* "": anywhere */
	/* got */
	bool hit, alarm, perf;
	char first[1000];
};
struct run {
	struct ord_chk *c;
	struct ordhw *hw; /* from the first raw command of a section on */
	struct section s;
	enum ord_arch arch;
	struct ord_knobs k;
	bool open, wants_perf;
	unsigned right, wrong;
};
static unsigned total_right, total_wrong, total_files;

static bool has_rule(const struct ord_finding *f, enum ord_rule_id r)
{
	bool got = f->rule == r;

	for (unsigned i = 0; i < f->n_also; i++)
		got |= f->also[i] == r;
	return got;
}
static void on_finding(void *ctx, const struct ord_finding *f)
{
	struct section *s = &((struct run *)ctx)->s;

	if (getenv("ORD_TELL"))
		printf("    %s:%llu: %s(%s@%s) %s\n", s->file, (unsigned long long)f->line, ord_verdict_name[f->verdict],
		       ord_rules[f->rule].id, ord_op_name[f->op], f->what);
	if (f->verdict != ORD_PERF && !s->alarm)
		snprintf(s->first, sizeof(s->first), "%llu: %s(%s@%s) %s", (unsigned long long)f->line, ord_verdict_name[f->verdict],
		         ord_rules[f->rule].id, ord_op_name[f->op], f->what);
	s->alarm |= f->verdict != ORD_PERF;
	s->perf |= f->verdict == ORD_PERF;
	ck_assert_msg(f->what && f->right && *f->what && *f->right, "%s:%llu: a finding without a sentence", s->file,
	              (unsigned long long)f->line);
	s->hit |= s->bad && f->verdict == s->verdict && has_rule(f, s->rule) && (!s->op[0] || !strcmp(s->op, ord_op_name[f->op]));
}
static void close_section(struct run *r)
{
	struct err e = { 0 };
	bool ok;

	if (!r->open)
		return;
	ck_assert(!r->hw || ordhw_finish(r->hw));
	ordhw_close(r->hw);
	r->hw = NULL;
	ck_assert_msg(ord_finish(r->c, &e), "%s", e.msg);
	ord_close(r->c);
	r->c = NULL;
	r->open = false;
	ok = r->s.bad ? r->s.hit : !r->s.alarm && !(r->wants_perf && r->s.perf);
	r->right += ok;
	r->wrong += !ok;
	if (ok)
		return;
	if (r->s.bad)
		printf("wrong: %s:%llu: expected %s(%s@%s), got %s\n", r->s.file, (unsigned long long)r->s.line,
		       ord_verdict_name[r->s.verdict], ord_rules[r->s.rule].id, r->s.op,
		       r->s.first[0] ? r->s.first
		       : r->s.perf   ? "PERF"
		                     : "nothing");
	else
		printf("wrong: %s:%llu: expected OK, got %s\n", r->s.file, (unsigned long long)r->s.line,
		       r->s.first[0] ? r->s.first : "PERF");
}
static void open_section(struct run *r, const char *head, uint64_t line)
{
	char verdict[24] = "", rule[24] = "", op[24] = "";
	struct err e = { 0 };

	close_section(r);
	memset(&r->s.bad, 0, sizeof(r->s) - offsetof(struct section, bad));
	r->s.line = line;
	if (sscanf(head, " BAD -> %23[A-Z](%23[A-Z0-9-]@%23[A-Z_])", verdict, rule, op) >= 2) {
		r->s.bad = true;
		r->s.rule = ord_rule_find(rule);
		ck_assert_msg(r->s.rule < ORD_RULES_N, "%s:%llu: no rule %s", r->s.file, (unsigned long long)line, rule);
		while (r->s.verdict < ORD_PERF && strcmp(ord_verdict_name[r->s.verdict], verdict))
			r->s.verdict++;
		strcpy(r->s.op, op);
	} else {
		ck_assert_msg(!strncmp(head, " OK", 3), "%s:%llu: heading \"%s\"", r->s.file, (unsigned long long)line, head);
	}
	r->c = ord_open(r->arch, &r->k, on_finding, r, &e);
	ck_assert_msg(r->c, "%s", e.msg);
	r->open = true;
}
static void knobs(struct run *r, const char *text)
{
	char buf[400], *save = NULL;
	struct err e = { 0 };

	snprintf(buf, sizeof(buf), "%s", text);
	for (char *w = strtok_r(buf, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(w, '=');

		ck_assert_msg(eq, "%s: knob %s", r->s.file, w);
		*eq = 0;
		ck_assert_msg(ord_knob_set(&r->k, w, eq + 1, &e), "%s: %s", r->s.file, e.msg);
	}
}
static void header(struct run *r, const char *t, uint64_t line)
{
	if (*t == '#') {
		open_section(r, t + 1, line);
	} else if (!strncmp(t, " arch: ", 7)) {
		for (unsigned i = 0; i < 4; i++)
			if (!strcmp(t + 7, ord_arch_name[i]))
				r->arch = (enum ord_arch)i;
	} else if (!strncmp(t, " knobs: ", 8)) {
		knobs(r, t + 8);
	}
}
/* Does any section of the file expect PERF? Then an OK section must not have any. */
static bool expects_perf(const char *path)
{
	char line[400];
	bool got = false;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		got |= !strncmp(line, "## BAD -> PERF", 14);
	if (f)
		fclose(f);
	return got;
}
static struct ord_names *hw_begin(void *ctx, enum ord_arch a)
{
	(void)a;
	return ord_names(((struct run *)ctx)->c);
}
static bool hw_event(void *ctx, const struct ord_ev *e)
{
	return ord_event(((struct run *)ctx)->c, e, NULL);
}
static void take(struct run *r, const struct trc_rec *rec)
{
	struct ordhw_ops ops = { r, hw_begin, hw_event };
	struct err e = { 0 };
	struct ord_ev ev;
	const char *end;

	if (rec->kind != TRC_ORDER && !r->hw) {
		r->hw = ordhw_open(ord_arch_name[r->arch], false, &ops, &e);
		ck_assert_msg(r->hw, "%s", e.msg);
	}
	if (r->hw) {
		ck_assert_msg(ordhw_take(r->hw, rec), "%s:%llu: refused", r->s.file, (unsigned long long)rec->line);
		return;
	}
	ck_assert_ptr_null(ord_parse(rec->u.text, &end, &ev, ord_names(r->c)));
	ev.line = rec->line;
	ev.at = rec->at;
	ck_assert_msg(ord_event(r->c, &ev, &e), "%s", e.msg);
}
static void run_file(const char *path)
{
	static struct run r;
	struct err e = { 0 };
	struct trc_reader *t = trc_open(path, &e);
	struct trc_rec rec;
	int rc;

	ck_assert_msg(t, "%s", e.msg);
	memset(&r, 0, sizeof(r));
	cfg_defaults(ord_knob_opts, &r.k);
	snprintf(r.s.file, sizeof(r.s.file), "%s", path);
	r.wants_perf = expects_perf(path);
	while ((rc = trc_next(t, &rec, &e)) > 0) {
		if (rec.kind == TRC_COMMENT) {
			header(&r, rec.u.text, rec.line);
			continue;
		}
		ck_assert_msg((rec.kind == TRC_ORDER || rec.kind == TRC_COMMAND) && r.open, "%s:%llu: not an ordering event of a section", path,
		              (unsigned long long)rec.line);
		take(&r, &rec);
	}
	ck_assert_msg(rc == 0, "%s", e.msg);
	close_section(&r);
	cfg_free(ord_knob_opts, &r.k);
	trc_close(t);
	total_right += r.right;
	total_wrong += r.wrong;
	total_files++;
}
static void run_dir(const char *dir)
{
	const char *only = getenv("ORD_ONLY");
	struct dirent **list;
	char path[600];
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		size_t len = strlen(list[i]->d_name);

		if (len > 4 && !strcmp(list[i]->d_name + len - 4, ".iot") && (!only || strstr(list[i]->d_name, only))) {
			snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
			run_file(path);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}
START_TEST(every_sequence_of_the_test_data_gets_its_verdict)
{
	const char *dir = getenv("ORD_DATA") ? getenv("ORD_DATA") : "tests/data/ordering";
	char sub[500];

	snprintf(sub, sizeof(sub), "%s/bugs", dir);
	run_dir(dir);
	printf("rules: %u files, %u sections right, %u wrong\n", total_files, total_right, total_wrong);
	run_dir(sub);
	printf("with bugs: %u files, %u sections right, %u wrong\n", total_files, total_right, total_wrong);
	snprintf(sub, sizeof(sub), "%s/raw", dir);
	run_dir(sub);
	printf("with raw commands: %u files, %u sections right, %u wrong\n", total_files, total_right, total_wrong);
	ck_assert_uint_eq(total_wrong, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ord");
	TCase *c = tcase_create("ord");
	SRunner *sr;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_test(c, every_sequence_of_the_test_data_gets_its_verdict);
	suite_add_tcase(s, c);
	sr = srunner_create(s);
	srunner_set_fork_status(sr, CK_NOFORK);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
