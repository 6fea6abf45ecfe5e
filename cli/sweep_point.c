/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_point.c - one point, in a process of its own: configure, simulate, write the result as lines to a pipe. One line is a letter and
 * fields behind tabs: C (length; then the configuration), S (statistic: name, unit, meaning, value), H (histogram: name, unit, meaning, its
 * eight numbers, its buckets as "edge count"), M (index of a pattern of stats: that matched), E (error), T (host milliseconds), and last Z (status).
 */
#include "memtext.h"
#include "run_build.h"
#include "run_verify.h"
#include "sweep.h"
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct point {
	struct sweep *s;
	const struct sweep_trace *trace; /* in memory, or NULL */
	size_t at;
	struct stat_reg reg;
	struct hyp *hyp;
	FILE *out;
	const char *group;
	bool *hit;
};

static int read_mem(void *arg, struct trc_rec *r, struct err *e)
{
	struct point *pt = arg;

	(void)e;
	if (pt->at == pt->trace->n)
		return 0;
	*r = pt->trace->rec[pt->at++];
	return 1;
}

static int read_file(void *trc, struct trc_rec *r, struct err *e)
{
	return trc_next(trc, r, e);
}

static bool configure(struct sweep *s, const struct sweep_point *p, struct err *e)
{
	char *arg;

	for (size_t a = 0; a < s->n_axis; a++) {
		bool ok;

		if (p->choice[a] == SWEEP_UNSET)
			continue;
		if (asprintf(&arg, "%s=%s", s->axis[a].key, s->axis[a].v[p->choice[a]].text) < 0)
			return err_set(e, ERR_MACHINE, "out of memory");
		ok = run_cfg_set(&s->base, arg, e);
		free(arg);
		if (!ok)
			return false;
	}
	return true;
}

/* Without the seed, so that repeats share one text: the database has the seed of each run. */
static bool put_config(struct sweep *s, FILE *out, struct err *e)
{
	uint64_t seed = s->base.plat.seed;
	char *text = NULL;
	size_t n;
	FILE *o = open_memstream(&text, &n);
	bool ok;

	s->base.plat.seed = s->seed[0];
	ok = o && run_cfg_dump(&s->base, o, e);
	s->base.plat.seed = seed;
	if (!memtext_end(o, &text))
		ok = err_set(e, ERR_MACHINE, "out of memory");
	if (ok) {
		fprintf(out, "C\t%zu\n", n);
		fwrite(text, 1, n, out);
	}
	free(text);
	return ok;
}

static bool on_group(void *arg, const char *path)
{
	((struct point *)arg)->group = path;
	return true;
}

static bool wanted(struct point *pt, const char *name)
{
	bool any = !pt->s->n_stats;
	char flat[400];

	snprintf(flat, sizeof(flat), "%s.%s", pt->group, name);
	for (size_t i = 0; i < pt->s->n_stats; i++)
		if (!fnmatch(pt->s->stats[i], flat, 0))
			any = pt->hit[i] = true;
	return any;
}

static bool on_value(void *arg, const struct rep_val *v)
{
	struct point *pt = arg;
	uint64_t num[REP_HIST_N];

	if (!wanted(pt, v->def->name))
		return true;
	fprintf(pt->out, "%c\t%s.%s\t%s\t%s\t", v->def->kind == STAT_HIST ? 'H' : 'S', pt->group, v->def->name, v->def->unit, v->def->doc);
	if (v->def->kind == STAT_RATIO && !v->den) {
		fputc('\n', pt->out); /* not a number: NULL */
	} else if (v->def->kind == STAT_RATIO) {
		fprintf(pt->out, "%.9g\n", (double)v->num / (double)v->den);
	} else if (v->def->kind == STAT_U64) {
		fprintf(pt->out, "%" PRIu64 "\n", v->u);
	} else {
		rep_hist_numbers(v->hist, num);
		for (unsigned i = 0; i < REP_HIST_N; i++)
			fprintf(pt->out, "%s%" PRIu64, i ? " " : "", num[i]);
		fputc('\t', pt->out);
		for (unsigned i = 0; v->hist->n && i < HIST_BUCKETS; i++)
			if (hist_count(v->hist, i))
				fprintf(pt->out, "%" PRIu64 " %" PRIu64 " ", hist_bucket_high(i), hist_count(v->hist, i));
		fputc('\n', pt->out);
	}
	return true;
}

static void note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text); /* kept by the pool; part of the error if the point fails */
}

static void ignore_diff(void *arg, const struct plat_diff *d)
{
	(void)arg;
	(void)d; /* counted in verify.disagree */
}

static void fault(void *arg, unsigned unit, const struct xl_req *q, const struct xl_res *res)
{
	const struct point *pt = arg;

	if (pt->hyp)
		hyp_fault(pt->hyp, unit, q, res);
}

static void guest_irq(void *arg, unsigned unit, unsigned guest)
{
	const struct point *pt = arg;

	if (pt->hyp)
		hyp_guest_irq(pt->hyp, unit, guest);
}

static void queue(void *arg, unsigned unit)
{
	const struct point *pt = arg;

	if (pt->hyp)
		hyp_look(pt->hyp, unit);
}

static bool simulate(struct point *pt, struct plat_verify *v, struct err *e)
{
	struct run_cfg *c = &pt->s->base;
	const struct plat_hooks hooks = { .arg = pt, .same_fault = run_same_fault, .diff = ignore_diff, .note = note,
					  .fault = c->hyp.mode != HYP_NONE ? fault : NULL,
					  .queue = c->hyp.mode != HYP_NONE && c->hyp.timeouts ? queue : NULL, .guest_irq = guest_irq };
	struct plat *p = run_build(c, &hooks, &pt->reg, e);
	void *src = pt;
	plat_source_fn *fn = read_mem;

	if (!p)
		return false;
	if (!c->trace) {
		src = gen_create(&c->gen, c->plat.seed, e);
		fn = gen_next;
	} else if (!pt->trace || !pt->trace->rec) {
		src = trc_open(c->trace, e);
		fn = read_file;
	}
	pt->hyp = src ? hyp_create(&c->hyp, &c->drv, p, fn, src, e) : NULL;
	if (pt->hyp && c->hyp.mode != HYP_NONE && !stat_add(&pt->reg, "hypervisor", hyp_statistics(pt->hyp), hyp_stat_defs))
		return err_set(e, ERR_MACHINE, "out of memory");
	if (!pt->hyp || !plat_run(p, hyp_next, pt->hyp, pt->s->verify, e))
		return false;
	*v = *plat_verified(p);
	if (pt->s->verify && !stat_add(&pt->reg, "verify", v, run_verify_defs))
		return err_set(e, ERR_MACHINE, "out of memory");
	return true; /* nothing is freed: the process ends here */
}

int sweep_point_run(struct sweep *s, const struct sweep_point *p, const struct sweep_traces *t, FILE *out)
{
	struct point pt = { .s = s, .out = out, .hit = calloc(s->n_stats + 1, sizeof(bool)) };
	const struct rep_emit em = { &pt, on_group, on_value };
	struct plat_verify v = { 0 };
	struct timespec a, b;
	struct err e = { 0 };
	bool ok;

	clock_gettime(CLOCK_MONOTONIC, &a);
	ok = pt.hit ? configure(s, p, &e) : err_set(&e, ERR_MACHINE, "out of memory");
	s->base.plat.seed = p->seed;
	pt.trace = ok && s->base.trace ? sweep_trace_find(t, s->base.trace) : NULL;
	ok = ok && put_config(s, out, &e) && simulate(&pt, &v, &e);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok = ok && (report_walk(&pt.reg, &em) || err_set(&e, ERR_MACHINE, "out of memory"));
	for (size_t i = 0; ok && i < s->n_stats; i++)
		if (pt.hit[i])
			fprintf(out, "M\t%zu\n", i);
	if (!ok)
		fprintf(out, "E\t%s\n", e.msg);
	fprintf(out, "T\t%.3f\n", 1e3 * (double)(b.tv_sec - a.tv_sec) + 1e-6 * (double)(b.tv_nsec - a.tv_nsec));
	fprintf(out, "Z\t%s\n", !ok ? "failed" : v.disagree ? "differs" : "ok");
	free(pt.hit);
	return fflush(out) || ferror(out);
}
