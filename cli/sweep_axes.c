/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_axes.c - axes of a sweep file: lists and ranges of values, checked against the option row they are for; crossed and zipped groups. */
#include "sweep.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

union scratch { uint32_t u32; uint64_t u64; bool b; char *s; }; /* one option's value */

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

#define FAIL_AT(mark, e, ...) err_at(e, (mark)->file, (mark)->line, (mark)->col, __VA_ARGS__)

static const char *after(const char *path, const char *word)
{
	size_t n = strlen(word);

	return n && !strncmp(path, word, n) && path[n] == '.' ? path + n + 1 : NULL;
}

static const struct cfg_opt *unit_opt(const struct run_cfg *c, const char *path)
{
	const char *rest;

	for (size_t i = 0; i < c->n_unit; i++)
		if ((rest = after(path, c->unit[i].name)) || (rest = after(path, c->unit[i].arch->name)))
			return cfg_find(c->unit[i].arch->opts, rest);
	return NULL;
}

/* The same paths as config_set.c, found but not set. */
const struct cfg_opt *sweep_opt(const struct run_cfg *c, const char *path)
{
	const struct cfg_opt *o = NULL;
	const char *rest, *key;

	if ((rest = after(path, "units")))
		return unit_opt(c, rest);
	if ((rest = after(path, "devices"))) {
		for (size_t i = 0; i < c->plat.n_dev; i++)
			if ((key = after(rest, c->plat.dev[i].name)))
				return cfg_find(dev_opts, key);
		key = after(rest, "any");
		return cfg_find(dev_opts, key ? key : rest);
	}
	for (const struct cfg_section *s = cfg_sections; s->opts && !o; s++) {
		rest = *s->name ? after(path, s->name) : path;
		o = rest ? cfg_find(s->opts, rest) : NULL;
	}
	return o ? o : unit_opt(c, path);
}

static double as_num(const struct cfg_opt *o, const union scratch *x)
{
	switch (o->type) {
	case CFG_STR: case CFG_LIST: return NAN;
	case CFG_BOOL: return x->b;
	case CFG_U32: case CFG_ENUM: return x->u32;
	default: return (double)x->u64;
	}
}

static bool value_done(const struct cfg_opt *o, const union scratch *x, struct sweep_value *v, struct err *e)
{
	int n = cfg_print(o, x, NULL, 0);

	v->num = as_num(o, x);
	v->text = malloc((size_t)n + 1);
	if (!v->text)
		return oom(e);
	cfg_print(o, x, v->text, (size_t)n + 1);
	return true;
}

bool sweep_value_parse(const struct cfg_opt *o, const char *key, const char *text, struct sweep_value *v, struct err *e)
{
	struct cfg_opt one[2] = { *o, { 0 } };
	union scratch x = { 0 };
	struct err in = { 0 };
	bool ok;

	one[0].off = 0;
	if (!cfg_set(one, &x, o->key, text, &in)) { /* it speaks of the row; the user wrote the whole path */
		size_t n = strlen(o->key);

		return err_set(e, in.code, "%s%s", key, !strncmp(in.msg, o->key, n) ? in.msg + n : in.msg);
	}
	ok = value_done(one, &x, v, e);
	cfg_free(one, &x);
	return ok;
}

static bool value_from_num(const struct cfg_opt *o, double num, struct sweep_value *v, struct err *e)
{
	struct cfg_opt one = *o;
	union scratch x = { 0 };

	one.off = 0;
	if (o->type == CFG_U32)
		x.u32 = (uint32_t)num;
	else
		x.u64 = (uint64_t)num;
	return value_done(&one, &x, v, e);
}

static bool add_value(struct sweep_axis *a, const struct sweep_value *v, struct err *e)
{
	struct sweep_value *grown;

	if (!(a->n & (a->n - 1))) { /* room doubles at every power of two */
		grown = realloc(a->v, (a->n ? 2 * a->n : 1) * sizeof(*grown));
		if (!grown) {
			free(v->text);
			return oom(e);
		}
		a->v = grown;
	}
	a->v[a->n++] = *v;
	return true;
}

static bool add_text(struct sweep_axis *a, const struct ynode *n, struct err *e)
{
	struct sweep_value v;
	struct err in = { 0 };

	if (n->kind != YN_SCALAR || n->plain_empty)
		return FAIL_AT(&n->at, e, "%s: expected a single value", a->key);
	if (!sweep_value_parse(a->opt, a->key, n->text, &v, &in))
		return in.code == ERR_MACHINE ? err_set(e, in.code, "%s", in.msg) : FAIL_AT(&n->at, e, "%s", in.msg);
	return add_value(a, &v, e);
}

/* --- values that come again --- */

struct rows { const struct sweep_axis *axis; size_t n; }; /* row i: the value i of every axis */

static int row_cmp(const struct rows *r, size_t i, size_t j)
{
	int c = 0;

	for (size_t k = 0; k < r->n && !c; k++)
		c = strcmp(r->axis[k].v[i].text, r->axis[k].v[j].text);
	return c;
}

static int by_row(const void *a, const void *b, void *rows)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	int c = row_cmp(rows, i, j);

	return c ? c : i < j ? -1 : i > j;
}

/* *@again: the first row that repeats one before it, *@first. Returns: 1, 0 if all differ, -1 on error. */
static int repeated(struct rows r, size_t *first, size_t *again, struct err *e)
{
	size_t n = r.axis->n, *row = malloc((n + 1) * sizeof(*row));

	if (!row) {
		oom(e);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		row[i] = i;
	qsort_r(row, n, sizeof(*row), by_row, &r);
	*again = n;
	for (size_t i = 1; i < n; i++)
		if (row[i] < *again && !row_cmp(&r, row[i - 1], row[i])) {
			*first = row[i - 1];
			*again = row[i];
		}
	free(row);
	return *again < n;
}

/* --- ranges: from, to, and one of step, factor, points --- */

#define EXACT 0x1p53 /* whole numbers above are not all different as a double */
struct range { double from, to, step, factor, points; const struct ynode *how; };

static bool plain_number(const struct ynode *n, double *v)
{
	char *end;

	*v = strtod(n->text, &end);
	return n->text[0] && !*end && isfinite(*v);
}

static bool range_field(struct range *r, const struct sweep_axis *a, const struct ynode *c, struct err *e)
{
	static const char *const names[] = { "from", "to", "step", "factor", "points" };
	double *slot[] = { &r->from, &r->to, &r->step, &r->factor, &r->points };
	struct sweep_value v;
	struct err in = { 0 };
	const char *near;
	struct cfg_opt any = *a->opt;
	size_t i = 0;

	while (i < ARRAY_LEN(names) && strcmp(names[i], c->key))
		i++;
	if (i == ARRAY_LEN(names)) {
		near = err_nearest(c->key, names, ARRAY_LEN(names));
		return FAIL_AT(&c->key_at, e, near ? "%s: %s is not part of a range; did you mean %s?" : "%s: %s is not part of a range",
				a->key, c->key, near);
	}
	if (c->kind != YN_SCALAR || c->plain_empty)
		return FAIL_AT(&c->at, e, "%s: %s: expected a single value", a->key, c->key);
	if (i >= 2) {
		if (r->how)
			return FAIL_AT(&c->key_at, e, "%s: a range has one of step, factor and points", a->key);
		r->how = c;
	}
	if (i >= 3)
		return plain_number(c, slot[i]) || FAIL_AT(&c->at, e, "%s: %s %s: expected a number", a->key, c->key, c->text);
	if (i == 2)
		any.min = any.max = 0; /* a step need not lie in the range of the key */
	if (!sweep_value_parse(&any, a->key, c->text, &v, &in))
		return FAIL_AT(&c->at, e, "%s: %s", c->key, in.msg);
	*slot[i] = v.num;
	free(v.text);
	return true;
}

static bool range_check(const struct range *r, const struct sweep_axis *a, const struct ynode *n, struct err *e)
{
	if (isnan(r->from) || isnan(r->to) || !r->how)
		return FAIL_AT(&n->at, e, "%s: a range needs from, to, and step, factor or points", a->key);
	if (r->to < r->from)
		return FAIL_AT(&n->at, e, "%s: the range ends below its start", a->key);
	if (!isnan(r->step) && r->step <= 0)
		return FAIL_AT(&r->how->at, e, "%s: step: must be above 0", a->key);
	if (!isnan(r->factor) && r->factor <= 1)
		return FAIL_AT(&r->how->at, e, "%s: factor: must be above 1", a->key);
	if (!isnan(r->points) && (r->points < 2 || r->points > SWEEP_MAX_VALUES || r->points != floor(r->points)))
		return FAIL_AT(&r->how->at, e, "%s: points: from 2 to %d", a->key, SWEEP_MAX_VALUES);
	if (r->to > EXACT)
		return FAIL_AT(&n->at, e, "%s: a range ends at 2^53 at most: give a list", a->key);
	if (isnan(r->step) && r->from <= 0)
		return FAIL_AT(&n->at, e, "%s: a logarithmic range starts above 0", a->key);
	return true;
}

static double range_at(const struct range *r, size_t i)
{
	double v;

	if (!isnan(r->step))
		return r->from + (double)i * r->step;
	v = !isnan(r->factor) ? r->from * pow(r->factor, (double)i) : r->from * pow(r->to / r->from, (double)i / (r->points - 1));
	return floor(v + 0.5);
}

static bool add_range(struct sweep_axis *a, const struct ynode *n, struct err *e)
{
	struct range r = { NAN, NAN, NAN, NAN, NAN, NULL };
	double last = NAN, x;

	if (a->opt->type == CFG_STR || a->opt->type == CFG_LIST || a->opt->type == CFG_BOOL || a->opt->type == CFG_ENUM)
		return FAIL_AT(&n->at, e, "%s: not a number: give a list of values", a->key);
	for (size_t i = 0; i < n->n; i++)
		if (!range_field(&r, a, n->child[i], e))
			return false;
	if (!range_check(&r, a, n, e))
		return false;
	for (size_t i = 0; (x = range_at(&r, i)) <= r.to && (isnan(r.points) || (double)i < r.points); i++) {
		struct sweep_value v;

		if (i == SWEEP_MAX_VALUES)
			return FAIL_AT(&n->at, e, "%s: more than %d values", a->key, SWEEP_MAX_VALUES);
		if (x == last)
			continue; /* logarithmic steps narrower than a whole number */
		last = x;
		if (!value_from_num(a->opt, x, &v, e) || !add_value(a, &v, e))
			return false;
	}
	return true;
}

/* --- axes and groups --- */

static bool unknown_key(struct sweep *s, const char *key, const struct ynode *n, struct err *e)
{
	struct err in = { 0 };
	char arg[420];
	const char *msg;
	size_t cut, colon;

	snprintf(arg, sizeof(arg), "%.400s=0", key);
	if (run_cfg_set(&s->base, arg, &in)) /* cannot be: sweep_opt() and it know the same paths */
		return FAIL_AT(&n->key_at, e, "%s: cannot be swept", key);
	cut = strlen("--set ") + strlen(arg) + strlen(": ");
	msg = strlen(in.msg) > cut ? in.msg + cut : in.msg;
	colon = strcspn(msg, ":"); /* it begins with the last part of the path */
	if (colon <= strlen(key) && !strncmp(key + strlen(key) - colon, msg, colon))
		msg += colon;
	if (!strchr(key, '.') && strstr(msg, key)) /* the nearest key of "memory" is "memory" */
		msg = ": a group of keys, not a key";
	return FAIL_AT(&n->key_at, e, "%s%s%s", key, *msg == ':' ? "" : ": ", msg);
}

static bool list_differs(const struct sweep_axis *a, const struct ynode *n, struct err *e)
{
	size_t i, j;
	int got = repeated((struct rows){ a, 1 }, &i, &j, e);

	return got > 0 ? FAIL_AT(&n->child[j]->at, e, "%s: the value %s appears twice", a->key, a->v[j].text) : !got;
}

static bool add_axis(struct sweep *s, const char *key, const struct ynode *n, bool zip, struct err *e)
{
	struct sweep_axis *grown = realloc(s->axis, (s->n_axis + 1) * sizeof(*grown)), *a;

	if (!grown)
		return oom(e);
	s->axis = grown;
	for (size_t i = 0; i < s->n_axis; i++)
		if (!strcmp(s->axis[i].key, key))
			return FAIL_AT(&n->key_at, e, "%s: already an axis at line %u", key, s->axis[i].at.line);
	a = &s->axis[s->n_axis];
	*a = (struct sweep_axis){ .key = strdup(key), .opt = sweep_opt(&s->base, key), .at = n->key_at };
	if (!a->key)
		return oom(e);
	s->n_axis++;
	if (!strcmp(key, "seed"))
		return FAIL_AT(&n->key_at, e, "seed: not an axis; repeats over seeds are \"seeds:\" at the top of the file");
	if (!a->opt)
		return unknown_key(s, key, n, e);
	if (n->kind == YN_MAP)
		return add_range(a, n, e);
	if (n->kind == YN_SCALAR)
		return add_text(a, n, e);
	if (!n->n || n->n > SWEEP_MAX_VALUES)
		return n->n ? FAIL_AT(&n->at, e, "%s: more than %d values", key, SWEEP_MAX_VALUES) : FAIL_AT(&n->at, e, "%s: the list of values is empty", key);
	for (size_t i = 0; i < n->n; i++)
		if (!add_text(a, n->child[i], e))
			return false;
	return zip || list_differs(a, n, e);
}

static const struct ynode *child(const struct ynode *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->child[i]->key, key))
			return map->child[i];
	return NULL;
}

/* Every leaf below the map @n is an axis; @key is the part of its path so far. At the top the words of a group are left out. */
static bool add_axes(struct sweep *s, const char *key, const struct ynode *n, bool zip, struct err *e)
{
	char sub[400];

	for (size_t i = 0; i < n->n; i++) {
		const struct ynode *c = n->child[i];

		if (!*key && (!strcmp(c->key, "when") || !strcmp(c->key, "zip")))
			continue;
		if ((size_t)snprintf(sub, sizeof(sub), "%s%s%s", key, *key ? "." : "", c->key) >= sizeof(sub))
			return FAIL_AT(&c->key_at, e, "the key is too long");
		if (c->kind == YN_MAP && !child(c, "from") && !child(c, "to") && !sweep_opt(&s->base, sub)) {
			if (!add_axes(s, sub, c, zip, e))
				return false;
		} else if (!add_axis(s, sub, c, zip, e)) {
			return false;
		}
	}
	return true;
}

/* In a zipped group a value may come again, all of them together not. */
static bool zip_differs(const struct sweep *s, const struct sweep_group *g, const struct ymark *at, struct err *e)
{
	size_t i, j;
	int got = repeated((struct rows){ s->axis + g->first, g->n }, &i, &j, e);

	return got > 0 ? FAIL_AT(at, e, "zip: values %zu and %zu are the same in every key", i + 1, j + 1) : !got;
}

static bool add_group(struct sweep *s, const struct ynode *n, struct err *e)
{
	struct sweep_group *grown = realloc(s->group, (s->n_group + 1) * sizeof(*grown)), *g;
	const struct ynode *zip = child(n, "zip"), *when = child(n, "when");

	if (!grown)
		return oom(e);
	s->group = grown;
	g = &s->group[s->n_group++];
	*g = (struct sweep_group){ .first = s->n_axis, .zip = zip };
	if (when && !sweep_read_conds(s, when, s->n_axis, &g->when, e))
		return false;
	if (zip && zip->kind != YN_MAP)
		return FAIL_AT(&zip->at, e, "zip: expected a map of keys to lists");
	if (!add_axes(s, "", zip ? zip : n, zip, e))
		return false;
	g = &s->group[s->n_group - 1];
	g->n = s->n_axis - g->first;
	if (!g->n)
		return FAIL_AT(&n->at, e, "axes: no key in this group");
	if (zip && n->n != 1u + !!when)
		return FAIL_AT(&n->at, e, "axes: a group with zip has no other keys but when");
	for (size_t i = g->first + 1; zip && i < s->n_axis; i++)
		if (s->axis[i].n != s->axis[g->first].n)
			return FAIL_AT(&s->axis[i].at, e, "zip: %s has %zu values, %s has %zu", s->axis[i].key, s->axis[i].n,
				       s->axis[g->first].key, s->axis[g->first].n);
	return !zip || zip_differs(s, g, &zip->at, e);
}

bool sweep_read_axes(struct sweep *s, const struct ynode *n, struct err *e)
{
	if (n->kind == YN_MAP)
		return add_group(s, n, e);
	if (n->kind != YN_SEQ || !n->n)
		return FAIL_AT(&n->at, e, "axes: expected a map of keys to values, or a list of such maps");
	for (size_t i = 0; i < n->n; i++) {
		if (n->child[i]->kind != YN_MAP)
			return FAIL_AT(&n->child[i]->at, e, "axes: each entry is a map of keys to values");
		if (!add_group(s, n->child[i], e))
			return false;
	}
	return true;
}
