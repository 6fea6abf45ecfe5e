/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_check.c - iommusim check: the ordering rules on a trace. Ordering events go to the checker as they are; from the first hardware-level
 * record on, events are derived from stores, register writes and commands (check/ordhw.h). Software-level records are not looked at.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "check/ordhw.h"
#include "check_out.h"
#include "cli.h"

static const char help[] =
    "usage: iommusim check TRACE [--arch A] [--knob KEY=VALUE]... [--format F] [--limit N]\n"
    "       iommusim check --explain RULE | --list [--format markdown] | --knobs\n"
    "Was there a moment when a device could use what software believed gone? Checks the order of table changes, invalidations, waits and\n"
    "releases in a trace ('-': standard input) by the rules of docs/ordering.md.\n"
    "\n"
    "  --arch A        vtd, smmuv3, amdvi, any; default: what the captured registers, or a comment '# arch: A' at the top of the trace, "
    "say, else any\n"
    "  --knob K=V      what the trace does not say, for example coherent_walk=0; --knobs lists all\n"
    "  --format F      text (default), json, sarif (2.1.0), tap\n"
    "  --limit N       show at most N findings of one rule (default 20); all are counted\n"
    "  --explain RULE  statement, severity, specification, Linux functions of one rule, and what it needs in a trace\n"
    "  --list          all rules\n"
    "  --knobs         all knobs with their defaults\n"
    "  --help          this text\n"
    "\n"
    "exit status: 0, 1 for a VIOLATION or MANIFEST of severity CRITICAL or HIGH, 2 for bad input, 3 if the machine failed\n"
    "example: iommusim check traces/ordering-demo.iot\n";

enum { MAX_KNOBS = 64 };
struct args {
	const char *trace, *knob[MAX_KNOBS], *explain, *format;
	unsigned n_knobs;
	enum ord_arch arch;
	bool has_arch, list, knobs;
	uint64_t limit;
};
struct job {
	const struct args *a;
	struct ord_chk *c;
	struct ordhw_units *hw;
	struct ord_knobs k;
	struct check_out out;
	enum ord_arch arch;
	struct err e;
};
static int arch_of(const char *s)
{
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(s, ord_arch_name[i]))
			return (int)i;
	return -1;
}
static int bad_word(const char *opt, const char *got, const char *expected, const char *const *cand, size_t n)
{
	const char *near = err_nearest(got, cand, n);

	return cli_usage("check", "%s: found \"%s\", expected %s%s%s%s", opt, got, expected, near ? " (did you mean \"" : "",
	                 near ? near : "", near ? "\"?)" : "");
}
static int take_option(struct args *a, int c)
{
	char *end;
	int v;

	switch (c) {
	case 'a':
		v = arch_of(optarg);
		if (v < 0)
			return bad_word("--arch", optarg, "vtd, smmuv3, amdvi or any", ord_arch_name, 4);
		a->arch = (enum ord_arch)v;
		a->has_arch = true;
		return -1;
	case 'k':
		if (a->n_knobs == MAX_KNOBS || !strchr(optarg, '='))
			return cli_usage("check", "--knob: found \"%s\", expected KEY=VALUE, at most %d times", optarg, MAX_KNOBS);
		a->knob[a->n_knobs++] = optarg;
		return -1;
	case 'n':
		a->limit = strtoull(optarg, &end, 10);
		return *end || end == optarg ? cli_usage("check", "--limit: found \"%s\", expected a number", optarg) : -1;
	case 'f':
		a->format = optarg;
		return -1;
	case 'e':
		a->explain = optarg;
		return -1;
	case 'l':
		a->list = true;
		return -1;
	case 'K':
		a->knobs = true;
		return -1;
	case ':':
		return cli_usage("check", "an option at the end needs a value");
	}
	return cli_usage("check", "unknown option");
}
static int parse(int argc, char **argv, struct args *a)
{
	static const struct option opts[] = {
		{ "arch", required_argument, NULL, 'a' },
		{ "knob", required_argument, NULL, 'k' },
		{ "format", required_argument, NULL, 'f' },
		{ "limit", required_argument, NULL, 'n' },
		{ "explain", required_argument, NULL, 'e' },
		{ "list", no_argument, NULL, 'l' },
		{ "knobs", no_argument, NULL, 'K' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, rc;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", opts, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return cli_out(0);
		}
		if (c == '?')
			return cli_usage("check", "unknown option %s", argv[optind - 1]);
		if (c == ':')
			return cli_usage("check", "option %s needs a value", argv[optind - 1]);
		rc = take_option(a, c);
		if (rc >= 0)
			return rc;
	}
	if (argc - optind > 1)
		return cli_usage("check", "one trace at a time; what is \"%s\"?", argv[optind + 1]);
	a->trace = argv[optind];
	return !a->trace && !a->explain && !a->list && !a->knobs ? cli_usage("check", "say which trace to check") : -1;
}
static int explain(const char *id)
{
	const char *ids[ORD_RULES_N];
	enum ord_rule_id r = ord_rule_find(id);

	if (r == ORD_RULES_N) {
		for (unsigned i = 0; i < ORD_RULES_N; i++)
			ids[i] = ord_rules[i].id;
		return bad_word("--explain", id, "a rule as --list prints it", ids, ORD_RULES_N);
	}
	check_explain(r);
	return cli_out(0);
}
static int print_knobs(void)
{
	struct ord_knobs k = { 0 };
	char v[64];

	cfg_defaults(ord_knob_opts, &k);
	for (const struct cfg_opt *o = ord_knob_opts; o->key; o++) {
		cfg_print(o, &k, v, sizeof(v));
		printf("%-24s %-8s %s%s%s%s\n", o->key, *v ? v : "-", o->help, o->choices ? " (" : "", o->choices ? o->choices : "",
		       o->choices ? ")" : "");
	}
	cfg_free(ord_knob_opts, &k);
	return cli_out(0);
}
/* The checker is opened with the first event: until then comments may set architecture and knobs. */
static struct ord_chk *checker(struct job *j)
{
	for (unsigned i = 0; !j->c && i < j->a->n_knobs; i++)
		if (!ord_knob_take(&j->k, j->a->knob[i], &j->e))
			return NULL;
	if (!j->c)
		j->c = ord_open(j->arch, &j->k, check_out_finding, &j->out, &j->e);
	return j->c;
}
static struct ord_names *hw_begin(void *ctx, enum ord_arch a)
{
	struct job *j = ctx;
	const char *why;
	enum ord_rule_id r;

	if (!j->c) {
		j->arch = a;
		ordhw_knobs(ordhw_units_first(j->hw), &j->k);
	}
	if (!checker(j))
		return NULL;
	for (size_t i = 0; (why = ordhw_undecidable(ordhw_units_first(j->hw), &j->k, i, &r)); i++) {
		j->out.reason[r] = why;
		ord_exclude(j->c, r);
	}
	return ord_names(j->c);
}
static bool hw_event(void *ctx, const struct ord_ev *e)
{
	struct job *j = ctx;

	return ord_event(j->c, e, &j->e);
}
static bool comment(struct job *j, const char *t)
{
	int v;
	char buf[400], *save = NULL;

	if (j->c)
		return true;
	if (!strncmp(t, " arch: ", 7) && !j->a->has_arch) {
		v = arch_of(t + 7);
		if (v >= 0)
			j->arch = (enum ord_arch)v;
	}
	if (strncmp(t, " knobs: ", 8))
		return true;
	snprintf(buf, sizeof(buf), "%s", t + 8);
	for (char *w = strtok_r(buf, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (!ord_knob_take(&j->k, w, &j->e))
			return false;
	return true;
}
static bool take(struct job *j, struct trc_reader *t, const struct trc_rec *r)
{
	static const struct ordhw_ops proto = { NULL, hw_begin, hw_event };
	struct ordhw_ops ops = proto;
	const struct ord_ev *ev;
	struct ord_ev e;
	const char *end;

	if (r->kind == TRC_COMMENT && !j->hw)
		return comment(j, r->u.text);
	if (r->kind == TRC_ORDER && !j->hw) {
		ev = trc_event(t, r);
		if (ev)
			return ord_event(j->c, ev, &j->e);
		if (!checker(j))
			return false;
		if (ord_parse(r->u.text, &end, &e, ord_names(j->c)))
			return err_set(&j->e, ERR_MACHINE, "no memory for names");
		e.line = r->line;
		e.at = r->at;
		trc_names(t, ord_names(j->c)); /* the first one; the next are parsed once only */
		return ord_event(j->c, &e, &j->e);
	}
	if (!j->hw) {
		ops.ctx = j;
		j->hw = ordhw_units_open(j->arch != ORD_ANY ? ord_arch_name[j->arch] : NULL, false, &ops, &j->e);
		if (!j->hw)
			return false;
	}
	return ordhw_units_take(j->hw, r);
}
static int run(struct job *j)
{
	struct trc_reader *t = trc_open(j->a->trace, &j->e);
	struct trc_rec r;
	bool ok = t != NULL;
	int rc = 0;

	while (ok && (rc = trc_next(t, &r, &j->e)) > 0)
		ok = take(j, t, &r);
	ok = ok && rc == 0 && (!j->hw || ordhw_units_finish(j->hw)) && checker(j) && ord_finish(j->c, &j->e) &&
	     check_out_end(&j->out, j->c, &j->e);
	if (!ok && !j->e.code)
		err_set(&j->e, ERR_MACHINE, "%s: the events could not be derived", j->a->trace);
	ordhw_units_close(j->hw);
	ord_close(j->c);
	trc_close(t);
	cfg_free(ord_knob_opts, &j->k);
	check_out_close(&j->out);
	return ok ? cli_out(j->out.failing != 0) : cli_fail(&j->e);
}
int cmd_check(int argc, char **argv)
{
	static const char *const formats[] = { "text", "json", "sarif", "tap", "markdown" };
	struct args a = { .limit = 20, .format = "text" };
	struct job j = { .a = &a };
	int rc = parse(argc, argv, &a);
	unsigned f = 0;

	if (rc >= 0)
		return rc;
	while (f < ARRAY_LEN(formats) && strcmp(formats[f], a.format))
		f++;
	if (f == ARRAY_LEN(formats) || (f == 4 && !a.list))
		return bad_word("--format", a.format, "text, json, sarif or tap (with --list: text or markdown)", formats, 4);
	if (a.explain)
		return explain(a.explain);
	if (a.knobs)
		return print_knobs();
	if (a.list) {
		check_list(f == 4);
		return cli_out(0);
	}
	cfg_defaults(ord_knob_opts, &j.k);
	j.arch = a.arch;
	j.out.format = (enum check_format)f;
	j.out.file = strcmp(a.trace, "-") ? a.trace : "<stdin>";
	j.out.limit = a.limit;
	if (!check_out_open(&j.out, &j.e))
		return cli_fail(&j.e);
	return run(&j);
}
