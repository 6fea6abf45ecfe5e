/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json.c - statistics as a tree: the points of a path are levels. Counters beyond 2^63 become reals (JSON's integers here are signed).
 */
#include "report.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct tree {
	json_t *root, *at; /* borrowed: the object of the present group */
};

static json_t *number(uint64_t v)
{
	return v > INT64_MAX ? json_real((double)v) : json_integer((json_int_t)v);
}

static bool json_group(void *arg, const char *path)
{
	struct tree *t = arg;
	const char *end;

	t->at = t->root;
	for (;; path = end + 1) {
		json_t *next;

		end = strchrnul(path, '.');
		next = json_object_getn(t->at, path, (size_t)(end - path));
		if (!json_is_object(next)) {
			next = json_object();
			if (json_object_setn_new(t->at, path, (size_t)(end - path), next))
				return false;
		}
		t->at = next;
		if (!*end)
			return true;
	}
}

static bool json_value(void *arg, const struct rep_val *v)
{
	struct tree *t = arg;
	json_t *j;

	if (v->def->kind == STAT_HIST) {
		uint64_t num[REP_HIST_N];

		rep_hist_numbers(v->hist, num);
		j = json_object();
		for (unsigned i = 0; j && i < REP_HIST_N; i++)
			if (json_object_set_new(j, rep_hist_name[i], number(num[i]))) {
				json_decref(j);
				j = NULL;
			}
	} else if (v->def->kind == STAT_RATIO) {
		j = v->den ? json_real((double)v->num / (double)v->den) : json_null();
	} else {
		j = number(v->u);
	}
	return j && !json_object_set_new(t->at, v->def->name, j);
}

bool report_json(const struct stat_reg *r, FILE *o, struct err *e)
{
	struct tree t = { .root = json_object() };
	struct rep_emit em = { &t, json_group, json_value };
	bool ok = t.root && report_walk(r, &em);

	if (!ok)
		err_set(e, ERR_MACHINE, "out of memory");
	errno = 0;
	if (ok && (json_dumpf(t.root, o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) || fputc('\n', o) == EOF || fflush(o)))
		ok = err_set(e, ERR_MACHINE, "cannot write statistics: %s", errno ? strerror(errno) : "write error");
	json_decref(t.root);
	return ok;
}
