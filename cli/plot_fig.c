/* SPDX-License-Identifier: Apache-2.0 */
/* plot_fig.c - from runs to series: which runs belong together, means over seeds, units, what kind of picture, which axes are logarithmic. */
#include "plot_fig.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const plot_type_name[PLOT_TYPES] = { "auto", "line", "scatter", "bar", "heat", "cdf", "grouped" };

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

static bool differ(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) != 0 : a != b;
}

/* Runs that would be averaged may differ in the seed only. */
static bool one_kind(const struct plot_fig *f, size_t x, size_t by, struct err *e)
{
	for (size_t k = 0; k < f->n_key; k++) {
		if (k == x || k == by || !strcmp(f->key[k].name, "seed"))
			continue;
		for (size_t i = 1; i < f->n_run; i++)
			if (differ(f->run[i].text[k], f->run[0].text[k]))
				return err_set(e, ERR_INPUT,
					       "the runs also differ in %s (%s, %s, ...): name it with --by, or choose one with --where %s=%s",
					       f->key[k].name, f->run[0].text[k] ? f->run[0].text[k] : "as in the base",
					       f->run[i].text[k] ? f->run[i].text[k] : "as in the base",
					       f->key[k].name, f->run[0].text[k] ? f->run[0].text[k] : "VALUE");
	}
	return true;
}

static const char *label(const struct plot_run *r, size_t k)
{
	return r->text[k] ? *r->text[k] ? r->text[k] : "(none)" : "(base)";
}

static struct plot_series *series_of(struct plot_fig *f, const struct plot_run *r, size_t by)
{
	const char *name = by < f->n_key ? label(r, by) : "";
	struct plot_series *grown;

	for (size_t i = 0; i < f->n_series; i++)
		if (!strcmp(f->series[i].name, name))
			return &f->series[i];
	grown = realloc(f->series, (f->n_series + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	f->series = grown;
	grown[f->n_series] = (struct plot_series){ .name = name, .num = by < f->n_key ? r->num[by] : 0 };
	return &f->series[f->n_series++];
}

/* Mean and variance by Welford's update; sd holds the sum of squares until the end. */
static void add_number(struct plot_pt *p, double y)
{
	double d = y - p->y;

	p->n++;
	p->y += d / (double)p->n;
	p->sd += d * (y - p->y);
}

static bool add_run(struct plot_fig *f, const struct plot_run *r, size_t x, size_t by, bool each)
{
	struct plot_series *s = series_of(f, r, by);
	const char *text = x < f->n_key ? label(r, x) : NULL;
	double num = x < f->n_key ? r->num[x] : r->x;
	struct plot_pt *grown;
	size_t i = 0;

	if (!s)
		return false;
	while (i < s->n && (each || differ(s->pt[i].text, text)))
		i++;
	if (i == s->n) {
		grown = realloc(s->pt, (s->n + 1) * sizeof(*grown));
		if (!grown)
			return false;
		s->pt = grown;
		s->pt[s->n++] = (struct plot_pt){ .text = text, .x = num };
	}
	add_number(&s->pt[i], r->y);
	return true;
}

static int by_x(const void *a, const void *b)
{
	const struct plot_pt *p = a, *q = b;

	return p->x < q->x ? -1 : p->x > q->x;
}

static int by_cat(const void *a, const void *b)
{
	const struct plot_cat *p = a, *q = b;

	return p->num < q->num ? -1 : p->num > q->num;
}

static int by_num(const void *a, const void *b)
{
	const struct plot_series *p = a, *q = b;

	return p->num < q->num ? -1 : p->num > q->num;
}

/* The x values of all series, sorted if they are numbers, else in the order of the sweep. */
static bool categories(struct plot_fig *f)
{
	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++) {
			const struct plot_pt *p = &f->series[i].pt[j];
			struct plot_cat *grown;
			size_t k = 0;

			while (k < f->n_cat && p->text && strcmp(f->cat[k].text, p->text))
				k++;
			if (!p->text || k < f->n_cat)
				continue;
			grown = realloc(f->cat, (f->n_cat + 1) * sizeof(*grown));
			if (!grown)
				return false;
			f->cat = grown;
			f->cat[f->n_cat++] = (struct plot_cat){ p->text, p->x };
		}
	if (!f->x.words && f->n_cat)
		qsort(f->cat, f->n_cat, sizeof(*f->cat), by_cat);
	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++)
			for (size_t k = 0; k < f->n_cat; k++)
				if (!differ(f->cat[k].text, f->series[i].pt[j].text))
					f->series[i].pt[j].cat = k;
	return true;
}

static void finish_points(struct plot_fig *f)
{
	bool numbers = true;

	for (size_t i = 0; i < f->n_series; i++) {
		struct plot_series *s = &f->series[i];

		numbers &= !isnan(s->num);
		for (size_t j = 0; j < s->n; j++) {
			s->pt[j].sd = s->pt[j].n > 1 ? sqrt(s->pt[j].sd / (double)(s->pt[j].n - 1)) : 0;
			f->max_n = s->pt[j].n > f->max_n ? s->pt[j].n : f->max_n;
		}
		if (!f->x.words && s->n)
			qsort(s->pt, s->n, sizeof(*s->pt), by_x);
	}
	if (numbers && f->n_series)
		qsort(f->series, f->n_series, sizeof(*f->series), by_num);
}

/* --- units --- */

static double largest(const struct plot_fig *f, bool x)
{
	double m = 0, v;

	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++) {
			v = fabs(x ? f->series[i].pt[j].x : f->series[i].pt[j].y);
			m = v > m ? v : m;
		}
	return m;
}

static void scale(struct plot_axis *a, double max)
{
	static const struct { double div; const char *unit; } time[] = { { 1e12, "s" }, { 1e9, "ms" }, { 1e6, "us" }, { 1e3, "ns" } };

	a->div = 1;
	if (strlen(a->unit) > 3 && !strcmp(a->unit + strlen(a->unit) - 3, "/ps")) { /* a rate */
		a->div = 1e-6;
		memcpy(a->unit + strlen(a->unit) - 3, "/us", 3);
	}
	for (size_t i = 0; i < ARRAY_LEN(time) && !strcmp(a->unit, "ps"); i++)
		if (max >= 2 * time[i].div) {
			a->div = time[i].div;
			snprintf(a->unit, sizeof(a->unit), "%s", time[i].unit);
		}
}

/* Large counts in millions or more; on a logarithmic axis they stay. */
static void scale_count(struct plot_axis *a, double max, bool log)
{
	char unit[sizeof(a->unit)];
	int exp = max / a->div >= 1e12 ? 12 : max / a->div >= 1e9 ? 9 : 6;

	if (log || max / a->div < 1e6)
		return;
	memcpy(unit, a->unit, sizeof(unit));
	a->div *= pow(10, exp);
	snprintf(a->unit, sizeof(a->unit), "10^%d%s%.50s", exp, strcmp(unit, "count") && *unit ? " " : "", strcmp(unit, "count") ? unit : "");
}

static void key_axis(struct plot_axis *a, const struct plot_key *k)
{
	snprintf(a->name, sizeof(a->name), "%s", k->name);
	snprintf(a->unit, sizeof(a->unit), "%s", !strcmp(k->type, "time") ? "ps" : !strcmp(k->type, "size") ? "bytes" : k->unit);
	a->size = !strcmp(k->type, "size");
	a->words = !strcmp(k->type, "text") || !strcmp(k->type, "choice") || !strcmp(k->type, "list") || !strcmp(k->type, "boolean");
	a->div = 1;
}

static void title(struct plot_fig *f, const char *name, const char *doc)
{
	if (f->req->title)
		snprintf(f->title, sizeof(f->title), "%s", f->req->title);
	else
		snprintf(f->title, sizeof(f->title), "%s%s%s", name, *doc ? ": " : "", doc);
}

/* Do the x values grow by a constant factor, over a wide range? */
static bool geometric(const struct plot_fig *f)
{
	double ratio;

	if (f->n_cat < 4 || f->x.words || f->cat[0].num <= 0 || f->cat[f->n_cat - 1].num / f->cat[0].num < 16)
		return false;
	ratio = f->cat[1].num / f->cat[0].num;
	for (size_t i = 2; i < f->n_cat; i++)
		if (fabs(f->cat[i].num / f->cat[i - 1].num / ratio - 1) > 0.3)
			return false;
	return true;
}

static bool powers_of_two(const struct plot_fig *f)
{
	int exp;

	for (size_t i = 0; i < f->n_cat; i++)
		if (frexp(f->cat[i].num, &exp) != 0.5)
			return false;
	return f->n_cat;
}

static bool choose(struct plot_fig *f, struct err *e)
{
	bool any_by = f->req->by;

	if (f->type == PLOT_AUTO)
		f->type = f->x.words ? any_by ? PLOT_GROUPED : PLOT_BAR : PLOT_LINE;
	if (f->type == PLOT_BAR && any_by)
		f->type = PLOT_GROUPED;
	if ((f->type == PLOT_HEAT || f->type == PLOT_GROUPED) && !any_by)
		return err_set(e, ERR_INPUT, "--type %s needs --by KEY", plot_type_name[f->type]);
	f->log = f->req->log;
	if (f->log == PLOT_LOG_AUTO && geometric(f))
		f->log = PLOT_LOG_X;
	if (f->type == PLOT_BAR || f->type == PLOT_GROUPED || f->type == PLOT_HEAT || f->x.words) { /* positions are places in a list there */
		if (f->req->log & PLOT_LOG_X)
			return err_set(e, ERR_INPUT, "--log x: bars, heat maps and words have no scale on x; --log y is possible");
		f->log &= ~(unsigned)PLOT_LOG_X;
	}
	f->pow_base = powers_of_two(f) ? 2 : 10;
	for (size_t i = 0; i < f->n_series; i++)
		for (size_t j = 0; j < f->series[i].n; j++)
			if ((f->log & PLOT_LOG_X && f->series[i].pt[j].x <= 0) || (f->log & PLOT_LOG_Y && f->series[i].pt[j].y <= 0))
				return err_set(e, ERR_INPUT, "--log: there are values of 0 or below; they have no logarithm");
	return true;
}

/* --- distributions --- */

static int by_edge(const void *a, const void *b)
{
	return by_x(a, b);
}

/* The buckets of every run of a series summed, then as shares at or below each edge. */
static bool cdf_series(struct plot_fig *f, const struct plot_run *r, size_t by)
{
	struct plot_series *s = series_of(f, r, by);
	char *p = r->buckets, *end;
	double edge;

	if (!s)
		return false;
	for (; p && *p; p = end) {
		struct plot_pt *grown;
		size_t i = 0;
		double n;

		edge = strtod(p, &end);
		n = strtod(end, &end);
		end += strspn(end, " ");
		if (end == p)
			break;
		while (i < s->n && s->pt[i].x != edge)
			i++;
		if (i == s->n) {
			grown = realloc(s->pt, (s->n + 1) * sizeof(*grown));
			if (!grown)
				return false;
			s->pt = grown;
			s->pt[s->n++] = (struct plot_pt){ .x = edge };
		}
		s->pt[i].y += n;
	}
	return true;
}

static bool cdf(struct plot_fig *f, const struct rdb *db, size_t by, struct err *e)
{
	double lo = INFINITY, hi = 0;
	char doc[200];

	if (f->req->x)
		return err_set(e, ERR_INPUT, "--type cdf takes no --x: the histogram given by --y is the x axis");
	if (!plot_hist(f, db, f->req->y, &f->x, doc, sizeof(doc), e) || !one_kind(f, f->n_key, by, e))
		return false;
	for (size_t i = 0; i < f->n_run; i++)
		if (!cdf_series(f, &f->run[i], by))
			return oom(e);
	for (size_t i = 0; i < f->n_series; i++) {
		struct plot_series *s = &f->series[i];
		double sum = 0, all = 0;

		if (s->n)
			qsort(s->pt, s->n, sizeof(*s->pt), by_edge);
		for (size_t j = 0; j < s->n; j++)
			all += s->pt[j].y;
		for (size_t j = 0; j < s->n; j++) {
			sum += s->pt[j].y;
			s->pt[j].y = sum / all;
			lo = s->pt[j].x < lo ? s->pt[j].x : lo;
			hi = s->pt[j].x > hi ? s->pt[j].x : hi;
		}
	}
	if (hi == 0 && !(lo < INFINITY))
		return err_set(e, ERR_INPUT, "%.200s: the histogram is empty in all of these runs", f->req->y);
	snprintf(f->y.name, sizeof(f->y.name), "share of samples at or below");
	f->y.div = 1;
	f->max_n = 1;
	f->pow_base = 10;
	f->log = f->req->log == PLOT_LOG_AUTO ? lo > 0 && hi / lo >= 100 ? PLOT_LOG_X : 0 : f->req->log;
	if (f->log & PLOT_LOG_X && lo <= 0)
		return err_set(e, ERR_INPUT, "--log x: there are values of 0; they have no logarithm");
	scale(&f->x, f->log & PLOT_LOG_X ? sqrt(lo * hi) : hi);
	title(f, f->x.name, doc);
	finish_points(f);
	return true;
}

static bool find_key(const struct plot_fig *f, const char *option, const char *name, size_t *k, struct err *e)
{
	const char *cand[512], *near;
	size_t n = 0;

	*k = name ? plot_find_key(f, name) : f->n_key;
	if (!name || *k < f->n_key)
		return true;
	for (; n < f->n_key && n < ARRAY_LEN(cand); n++)
		cand[n] = f->key[n].name;
	near = err_nearest(name, cand, n);
	return err_set(e, ERR_INPUT,
			near ? "%s %.200s: not an axis of this sweep; did you mean %s?" : "%s %.200s: not an axis of this sweep", option,
					name, near);
}

/* --x is an axis, or else a statistic. */
static bool resolve_x(struct plot_fig *f, const struct rdb *db, size_t *x, struct err *e)
{
	struct err in = { 0 };
	char doc[200];

	*x = plot_find_key(f, f->req->x);
	if (*x < f->n_key) {
		key_axis(&f->x, &f->key[*x]);
		return true;
	}
	if (plot_stat(f, db, f->req->x, true, &f->x, doc, sizeof(doc), &in))
		return true;
	return in.code == ERR_MACHINE ? err_set(e, in.code, "%s", in.msg) : find_key(f, "--x", f->req->x, x, e);
}

static bool series(struct plot_fig *f, const struct rdb *db, size_t by, struct err *e)
{
	char doc[200];
	bool each;
	size_t x;

	if (!f->req->x)
		return err_set(e, ERR_INPUT, "--x KEY is missing");
	if (!resolve_x(f, db, &x, e) || !plot_stat(f, db, f->req->y, false, &f->y, doc, sizeof(doc), e))
		return false;
	if (x == f->n_key && f->type == PLOT_AUTO)
		f->type = PLOT_SCATTER;
	each = f->type == PLOT_SCATTER || x == f->n_key; /* every run by itself */
	if (!each && !one_kind(f, x, by, e))
		return false;
	for (size_t i = 0; i < f->n_run; i++) {
		bool no_x = x == f->n_key ? isnan(f->run[i].x) : !f->run[i].text[x] && !f->x.words; /* a condition left the axis out */

		if (isnan(f->run[i].y) || no_x)
			f->n_dropped++;
		else if (!add_run(f, &f->run[i], x, by, each))
			return oom(e);
	}
	if (f->n_dropped == f->n_run)
		return err_set(e, ERR_INPUT, "no run has a value of both %.150s and %.150s", f->req->y, f->req->x);
	finish_points(f);
	if (!categories(f))
		return oom(e);
	scale(&f->x, largest(f, true));
	scale(&f->y, largest(f, false));
	scale_count(&f->y, largest(f, false), f->req->log & PLOT_LOG_Y);
	if (x == f->n_key)
		scale_count(&f->x, largest(f, true), f->req->log & PLOT_LOG_X);
	title(f, f->y.name, doc);
	return choose(f, e);
}

bool plot_query(struct plot_fig *f, const struct rdb *db, const struct plot_req *q, struct err *e)
{
	size_t by;
	bool ok;

	*f = (struct plot_fig){ .req = q, .type = q->type };
	ok = plot_load(f, db, e) && plot_where(f, e);
	if (ok && !f->n_run)
		ok = err_set(e, ERR_INPUT, "%s: no run that did not fail", db->path);
	ok = ok && find_key(f, "--by", q->by, &by, e);
	if (ok && q->by)
		snprintf(f->by, sizeof(f->by), "%s", q->by);
	ok = ok && (q->type == PLOT_CDF ? cdf(f, db, by, e) : series(f, db, by, e));
	if (!ok)
		plot_fig_free(f);
	return ok;
}
