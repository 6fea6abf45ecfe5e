/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_check.c - `run --check`: findings are kept and printed after the run. A finding and a use of a stale translation belong together if the
 * store that the oracle found behind the use is one of the lines in the history of the finding's obligation.
 */
#include "run_check.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check/ordrun.h"
#include "check_out.h"

enum { KEPT = 100 };
struct run_check {
	struct plat *p;
	struct ordrun *run;
	struct ord_chk *c;
	struct ord_knobs k;
	struct check_out out;
	struct err e;
	struct ord_finding f[KEPT];
	size_t n;
	uint64_t more;
	const char *knobs;
	bool failed;
};

static void report(void *ctx, const struct ord_finding *f)
{
	struct run_check *r = ctx;
	struct ord_finding *k = &r->f[r->n];

	if (r->n == KEPT) {
		r->more++;
		return;
	}
	*k = *f;
	k->what = strdup(f->what);
	k->right = strdup(f->right ? f->right : "");
	r->failed |= !k->what || !k->right;
	r->n++;
}
static bool set_knobs(struct run_check *r)
{
	char buf[512], *save = NULL;

	snprintf(buf, sizeof(buf), "%s", r->knobs ? r->knobs : "");
	for (char *w = strtok_r(buf, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (!ord_knob_take(&r->k, w, &r->e))
			return false;
	return true;
}
static struct ord_names *begin(void *ctx, enum ord_arch a)
{
	struct run_check *r = ctx;
	enum ord_rule_id id;
	const char *why;

	ordhw_knobs(ordrun_hw(r->run), &r->k);
	if (!set_knobs(r))
		return NULL;
	r->c = ord_open(a, &r->k, report, r, &r->e);
	for (size_t i = 0; r->c && (why = ordhw_undecidable(ordrun_hw(r->run), &r->k, i, &id)); i++) {
		r->out.reason[id] = why;
		ord_exclude(r->c, id);
	}
	return r->c ? ord_names(r->c) : NULL;
}
static bool event(void *ctx, const struct ord_ev *e)
{
	struct run_check *r = ctx;

	return ord_event(r->c, e, &r->e);
}
static bool put(void *run, const struct trc_rec *r)
{
	return ordrun_next(run, r);
}
struct run_check *run_check_start(struct plat *p, const char *knobs, struct err *e)
{
	struct run_check *r = calloc(1, sizeof(*r));
	struct ordhw_ops o = { r, begin, event };
	struct iommu *u = plat_unit(p, 0);

	if (!r) {
		err_set(e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	r->p = p;
	r->knobs = knobs;
	cfg_defaults(ord_knob_opts, &r->k);
	if (plat_unit(p, 1))
		err_set(&r->e, ERR_INPUT, "--check: the ordering of one unit only can be checked in a run");
	else if (!knobs || set_knobs(r)) /* spelling, before the run */
		r->run = ordrun_create(p, u->ops->arch, &o, &r->e);
	if (r->run && check_out_open(&r->out, &r->e) && ordhw_capabilities(u, put, r->run))
		return r;
	*e = r->e;
	run_check_free(r);
	return NULL;
}
int run_check_next(struct run_check *r, const struct trc_rec *rec, struct err *e)
{
	if (ordrun_next(r->run, rec))
		return 1;
	*e = r->e;
	return -1;
}
bool run_check_end(struct run_check *r, struct err *e)
{
	if (!ordrun_finish(r->run) || (r->c && !ord_finish(r->c, &r->e)) || r->failed) {
		*e = r->e;
		return e->code != 0 ? false : err_set(e, ERR_MACHINE, "--check: out of memory");
	}
	return true;
}

/* ---- what is printed ---- */

static bool about(const struct ord_finding *f, const struct oracle_finding *o)
{
	for (unsigned i = 0; o->has_store && i < f->n_steps; i++)
		if (f->step[i].line == o->store.line)
			return true;
	return false;
}
static bool error(const struct oracle_finding *f)
{
	return f->class != ORACLE_WINDOW;
}
static void both(const struct run_check *r, const struct oracle *o, const char *trace)
{
	const struct oracle_finding *u;

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; (u = oracle_finding(o, k)) != NULL; k++)
			if (about(&r->f[i], u))
				printf("%s:%" PRIu64 ": %s: the DMA of line %" PRIu64 " used the entry stored over in line %" PRIu64 " (oracle: %s)\n", trace,
				       r->f[i].line, ord_rules[r->f[i].rule].id, u->line, u->store.line, oracle_class_name[u->class]);
	for (size_t k = 0; (u = oracle_finding(o, k)) != NULL; k++) {
		size_t i = 0;

		while (i < r->n && !about(&r->f[i], u))
			i++;
		if (error(u) && i == r->n)
			printf("%s:%" PRIu64 ": oracle: %s: no rule has a finding for the store of line %" PRIu64 "\n", trace, u->line,
			       oracle_class_name[u->class], u->has_store ? u->store.line : 0);
	}
}
uint64_t run_check_print(struct run_check *r, const struct oracle *o, const char *trace)
{
	r->out.file = trace;
	r->out.limit = KEPT;
	for (size_t i = 0; i < r->n; i++)
		check_out_finding(&r->out, &r->f[i]);
	if (r->more)
		printf("... and %" PRIu64 " findings more\n", r->more);
	if (o)
		both(r, o, trace);
	if (r->c && !check_out_end(&r->out, r->c, &r->e))
		return 1;
	return r->out.failing;
}
void run_check_free(struct run_check *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		free((void *)(uintptr_t)r->f[i].what);
		free((void *)(uintptr_t)r->f[i].right);
	}
	ordrun_destroy(r->run);
	ord_close(r->c);
	cfg_free(ord_knob_opts, &r->k);
	check_out_close(&r->out);
	free(r);
}
