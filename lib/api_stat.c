/* SPDX-License-Identifier: Apache-2.0 */
/* api_stat.c - the public C library: statistics by name and as JSON, findings of the oracle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "api_int.h"
#include "oracle_text.h"
#include "report.h"

enum { KEPT = 100 }; /* findings that can be read */

/* ---- statistics ---- */

struct find {
	const char *name, *rest; /* the wanted name; what follows the group's path, NULL in other groups */
	bool found;
	double value;
	char **list; /* every name, if wanted for the nearest */
	size_t n;
	const char *path;
};

static bool in_group(void *arg, const char *path)
{
	struct find *f = arg;
	size_t n = strlen(path);

	f->path = path;
	f->rest = !strncmp(f->name, path, n) && f->name[n] == '.' ? f->name + n + 1 : NULL;
	return true;
}

static void hist_value(struct find *f, const struct rep_val *v)
{
	size_t n = strlen(v->def->name);
	uint64_t num[REP_HIST_N];

	if (strncmp(f->rest, v->def->name, n) || f->rest[n] != '.')
		return;
	rep_hist_numbers(v->hist, num);
	for (unsigned i = 0; i < REP_HIST_N; i++)
		if (!strcmp(f->rest + n + 1, rep_hist_name[i])) {
			f->found = true;
			f->value = (double)num[i];
		}
}

static bool wanted(void *arg, const struct rep_val *v)
{
	struct find *f = arg;

	if (!f->rest || f->found)
		return true;
	if (v->def->kind == STAT_HIST) {
		hist_value(f, v);
	} else if (!strcmp(f->rest, v->def->name)) {
		f->found = true;
		f->value = v->def->kind != STAT_RATIO ? (double)v->u : v->den ? (double)v->num / (double)v->den : (double)NAN;
	}
	return true;
}

static bool keep(struct find *f, const char *name, const char *of)
{
	char **l = realloc(f->list, (f->n + 1) * sizeof(*l));

	if (!l)
		return false;
	f->list = l;
	if (asprintf(&l[f->n], "%s.%s%s%s", f->path, name, of ? "." : "", of ? of : "") < 0)
		return false;
	f->n++;
	return true;
}

static bool name_it(void *arg, const struct rep_val *v)
{
	if (v->def->kind != STAT_HIST)
		return keep(arg, v->def->name, NULL);
	for (unsigned i = 0; i < REP_HIST_N; i++)
		if (!keep(arg, v->def->name, rep_hist_name[i]))
			return false;
	return true;
}

static int unknown(iommusim *s, const char *name)
{
	struct find f = { .name = name };
	const struct rep_emit em = { &f, in_group, name_it };
	bool ok = report_walk(&s->reg, &em);
	const char *near = ok ? err_nearest(name, (const char *const *)f.list, f.n) : NULL;
	int st = api_invalid(s, "there is no statistic \"%.200s\"%s%s", name, near ? "; nearest: " : "", near ? near : "");

	while (f.n)
		free(f.list[--f.n]);
	free(f.list);
	return st;
}

int iommusim_statistic(iommusim *s, const char *name, double *value)
{
	struct find f = { .name = name };
	const struct rep_emit em = { &f, in_group, wanted };

	report_walk(&s->reg, &em);
	if (!f.found)
		return unknown(s, name);
	*value = f.value;
	return IOMMUSIM_OK;
}

char *iommusim_statistics_json(iommusim *s)
{
	char *text = NULL;
	size_t n = 0;
	struct err e = { 0 };
	FILE *o = open_memstream(&text, &n);
	bool ok = o && report_json(&s->reg, o, &e);

	if (o && fclose(o))
		ok = err_set(&e, ERR_MACHINE, "out of memory");
	if (ok)
		return text;
	free(text);
	if (!e.code)
		err_set(&e, ERR_MACHINE, "out of memory");
	api_fail(s, &e);
	return NULL;
}

void iommusim_statistics_reset(iommusim *s)
{
	stat_reset(&s->reg);
}

void iommusim_free(char *text)
{
	free(text);
}

/* ---- findings ---- */

bool api_start_oracle(iommusim *s, struct err *e)
{
	s->oracle = oracle_create(s->p, KEPT, e);
	if (!s->oracle)
		return false;
	return stat_add(&s->reg, "oracle", oracle_statistics(s->oracle), oracle_stat_defs) || err_set(e, ERR_MACHINE, "out of memory");
}

uint64_t iommusim_finding_count(const iommusim *s)
{
	return s->oracle ? oracle_bad(s->oracle) : 0;
}

int iommusim_finding(const iommusim *s, size_t index, char *text, size_t size)
{
	const struct oracle_finding *f = s->oracle && index < oracle_bad(s->oracle) ? oracle_finding(s->oracle, index) : NULL;
	char *all = NULL;
	size_t n = 0;
	FILE *o;

	if (size)
		*text = '\0';
	if (!f || f->class == ORACLE_WINDOW)
		return 0;
	o = open_memstream(&all, &n);
	if (!o)
		return 0;
	oracle_text(f, "call", o);
	if (!fclose(o) && size) {
		memcpy(text, all, n < size ? n : size - 1);
		text[n < size ? n : size - 1] = '\0';
	}
	free(all);
	return (int)n;
}
