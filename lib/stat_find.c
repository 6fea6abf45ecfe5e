/* SPDX-License-Identifier: Apache-2.0 */
/* stat_find.c - one statistic by its flat name; see report.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "report.h"

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

static bool unknown(const struct stat_reg *r, const char *name, struct err *e)
{
	struct find f = { .name = name };
	const struct rep_emit em = { &f, in_group, name_it };
	bool ok = report_walk(r, &em);
	const char *near = ok ? err_nearest(name, (const char *const *)f.list, f.n) : NULL;

	err_set(e, ERR_INPUT, "there is no statistic \"%.200s\"%s%s", name, near ? "; nearest: " : "", near ? near : "");
	while (f.n)
		free(f.list[--f.n]);
	free(f.list);
	return false;
}

bool stat_find(const struct stat_reg *r, const char *name, double *value, struct err *e)
{
	struct find f = { .name = name };
	const struct rep_emit em = { &f, in_group, wanted };

	report_walk(r, &em);
	if (!f.found)
		return unknown(r, name, e);
	*value = f.value;
	return true;
}
