/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_spec.c - a sweep file: base configuration, seeds, statistics to keep, and the list of points with their identities. */
#include "memtext.h"
#include "sweep.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAIL_AT(mark, e, ...) err_at(e, (mark)->file, (mark)->line, (mark)->col, __VA_ARGS__)

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

static bool scalar(const struct ynode *n, struct err *e)
{
	return (n->kind == YN_SCALAR && !n->plain_empty) || FAIL_AT(&n->at, e, "%s: expected a single value", n->key ? n->key : "list");
}

static const struct ynode *top(const struct sweep *s, const char *key)
{
	for (size_t i = 0; i < s->tree.root->n; i++)
		if (!strcmp(s->tree.root->child[i]->key, key))
			return s->tree.root->child[i];
	return NULL;
}

static bool check_keys(const struct sweep *s, struct err *e)
{
	static const char *const known[] = { "base", "config", "trace", "verify", "axes", "when", "seeds", "stats", "include" };

	for (size_t i = 0; i < s->tree.root->n; i++) {
		const struct ynode *n = s->tree.root->child[i];
		const char *near;
		size_t k = 0;

		while (k < ARRAY_LEN(known) && strcmp(known[k], n->key))
			k++;
		if (k < ARRAY_LEN(known))
			continue;
		near = err_nearest(n->key, known, ARRAY_LEN(known));
		return FAIL_AT(&n->key_at, e, near ? "%s: not a key of a sweep; did you mean %s?" : "%s: not a key of a sweep", n->key, near);
	}
	return true;
}

/* A file named in the sweep file, relative to it. */
static bool beside(const struct ynode *n, char *path, struct err *e)
{
	const char *slash = strrchr(n->at.file, '/');
	int dir = slash && *n->text != '/' ? (int)(slash - n->at.file + 1) : 0;

	return snprintf(path, PATH_MAX, "%.*s%s", dir, n->at.file, n->text) < PATH_MAX || FAIL_AT(&n->at, e, "the file name is too long");
}

static bool read_base(struct sweep *s, struct err *e)
{
	const struct ynode *base = top(s, "base"), *config = top(s, "config"), *trace = top(s, "trace");
	char path[PATH_MAX];
	FILE *o;
	size_t n;
	bool ok;

	if (base && (!scalar(base, e) || !beside(base, path, e)))
		return false;
	if (base && access(path, R_OK))
		return FAIL_AT(&base->at, e, "base: %s: %s", path, strerror(errno));
	if (base && !run_cfg_load(&s->base, path, e))
		return false;
	if (!base)
		run_cfg_init(&s->base);
	if (!s->base.n_unit || !s->base.plat.dev_default.name)
		return oom(e);
	if (config && config->kind != YN_MAP)
		return FAIL_AT(&config->at, e, "config: expected sections of a configuration, such as \"units:\"");
	if (config && !run_cfg_apply(&s->base, config, e))
		return false;
	if (trace) {
		if (!scalar(trace, e))
			return false;
		free(s->base.trace);
		s->base.trace = strdup(trace->text);
		if (!s->base.trace)
			return oom(e);
	}
	o = open_memstream(&s->base_text, &n);
	ok = o && run_cfg_dump(&s->base, o, e);
	return memtext_end(o, &s->base_text) ? ok : oom(e);
}

static bool number(const struct ynode *n, uint64_t *v, struct err *e)
{
	char *end;

	if (!scalar(n, e))
		return false;
	errno = 0;
	*v = strtoull(n->text, &end, 0);
	return (*n->text >= '0' && *n->text <= '9' && !*end && !errno) || FAIL_AT(&n->at, e, "seeds: %.80s: expected a whole number", n->text);
}

static int by_seed(const void *a, const void *b, void *seed)
{
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const uint64_t *s = seed;

	return s[i] != s[j] ? (s[i] < s[j] ? -1 : 1) : i < j ? -1 : i > j;
}

static bool seeds_differ(const struct sweep *s, const struct ynode *n, struct err *e)
{
	size_t *at = malloc(s->n_seed * sizeof(*at)), again = s->n_seed;

	if (!at)
		return oom(e);
	for (size_t i = 0; i < s->n_seed; i++)
		at[i] = i;
	qsort_r(at, s->n_seed, sizeof(*at), by_seed, s->seed);
	for (size_t i = 1; i < s->n_seed; i++)
		if (s->seed[at[i - 1]] == s->seed[at[i]] && at[i] < again)
			again = at[i];
	free(at);
	return again == s->n_seed || FAIL_AT(&n->child[again]->at, e, "seeds: %s appears twice", n->child[again]->text);
}

/* "seeds: 5": the seed of the configuration and the four after it; "seeds: [1, 7]": these. */
static bool read_seeds(struct sweep *s, struct err *e)
{
	const struct ynode *n = top(s, "seeds");
	uint64_t count = 1;

	if (n && n->kind == YN_SEQ)
		count = n->n;
	else if (n && !number(n, &count, e))
		return false;
	if (!count || count > SWEEP_MAX_POINTS)
		return FAIL_AT(&n->at, e, "seeds: from 1 to %d of them", SWEEP_MAX_POINTS);
	s->seed = calloc(count, sizeof(*s->seed));
	if (!s->seed)
		return oom(e);
	s->n_seed = count;
	for (size_t i = 0; i < count; i++) {
		s->seed[i] = s->base.plat.seed + i;
		if (n && n->kind == YN_SEQ && !number(n->child[i], &s->seed[i], e))
			return false;
	}
	return !n || n->kind != YN_SEQ || seeds_differ(s, n, e);
}

static bool read_stats(struct sweep *s, struct err *e)
{
	const struct ynode *n = top(s, "stats");
	size_t count = !n ? 0 : n->kind == YN_SEQ ? n->n : 1;

	s->stats = calloc(count + 1, sizeof(*s->stats));
	if (!s->stats)
		return oom(e);
	for (size_t i = 0; i < count; i++) {
		const struct ynode *c = n->kind == YN_SEQ ? n->child[i] : n;

		if (!scalar(c, e))
			return false;
		s->stats[s->n_stats++] = c->text;
	}
	return true;
}

static bool read_verify(struct sweep *s, struct err *e)
{
	const struct ynode *n = top(s, "verify");

	if (!n)
		return true;
	if (!scalar(n, e))
		return false;
	s->verify = !strcmp(n->text, "true");
	return s->verify || !strcmp(n->text, "false") || FAIL_AT(&n->at, e, "verify: %.80s: expected true or false", n->text);
}

/* --- points --- */

static bool add_points(struct sweep *s, const int32_t *choice, struct err *e)
{
	if (s->n_tried++ == SWEEP_MAX_TRIED)
		return err_set(e, ERR_INPUT, "%s: more than %d combinations of values, with those that when: leaves out", s->tree.file[0],
			       SWEEP_MAX_TRIED);
	if (!sweep_cond_holds(s, &s->when, choice))
		return true;
	for (size_t i = 0; i < s->n_seed; i++) {
		struct sweep_point *p;

		if (s->n_point == SWEEP_MAX_POINTS)
			return err_set(e, ERR_INPUT, "%s: more than %d points", s->tree.file[0], SWEEP_MAX_POINTS);
		if (!(s->n_point & (s->n_point - 1))) {
			p = realloc(s->point, (s->n_point ? 2 * s->n_point : 1) * sizeof(*p));
			if (!p)
				return oom(e);
			s->point = p;
		}
		p = &s->point[s->n_point];
		*p = (struct sweep_point){ .seed = s->seed[i], .choice = malloc((s->n_axis + 1) * sizeof(*p->choice)) };
		if (!p->choice)
			return oom(e);
		memcpy(p->choice, choice, s->n_axis * sizeof(*choice));
		s->n_point++;
	}
	return true;
}

/* The axes of group @g from @axis on, then the groups behind it: the last axis varies fastest, seeds faster still. */
static bool expand(struct sweep *s, int32_t *choice, size_t g, size_t axis, struct err *e)
{
	const struct sweep_group *gr;

	if (g == s->n_group)
		return add_points(s, choice, e);
	gr = &s->group[g];
	if (axis == gr->first + gr->n)
		return expand(s, choice, g + 1, g + 1 < s->n_group ? s->group[g + 1].first : 0, e);
	if (axis == gr->first && !sweep_cond_holds(s, &gr->when, choice)) {
		for (size_t i = 0; i < gr->n; i++)
			choice[gr->first + i] = SWEEP_UNSET;
		return expand(s, choice, g, gr->first + gr->n, e);
	}
	for (size_t v = 0; v < s->axis[axis].n; v++) {
		for (size_t i = axis; i < (gr->zip ? gr->first + gr->n : axis + 1); i++)
			choice[i] = (int32_t)v;
		if (!expand(s, choice, g, gr->zip ? gr->first + gr->n : axis + 1, e))
			return false;
	}
	return true;
}

bool sweep_points(struct sweep *s, struct err *e)
{
	int32_t *choice = calloc(s->n_axis + 1, sizeof(*choice));
	bool ok = choice ? expand(s, choice, 0, 0, e) : oom(e);

	free(choice);
	if (ok && !s->n_point)
		return err_set(e, ERR_INPUT, "%s: no point is left: when: holds for none", s->tree.file[0]);
	return ok;
}

void sweep_identify(struct sweep *s, const struct sweep_traces *t)
{
	struct sha all, one, base;
	const struct sweep_trace *trace;
	const char *path;
	char line[64];

	sha_init(&base);
	sha_add(&base, s->base_text, strlen(s->base_text));
	sha_init(&all);
	for (size_t i = 0; i < s->n_point; i++) {
		struct sweep_point *p = &s->point[i];

		one = base;
		for (size_t a = 0; a < s->n_axis; a++)
			if (p->choice[a] != SWEEP_UNSET) {
				const char *text = s->axis[a].v[p->choice[a]].text;

				sha_add(&one, s->axis[a].key, strlen(s->axis[a].key) + 1);
				sha_add(&one, text, strlen(text) + 1);
			}
		path = sweep_trace_of(s, p);
		trace = path && t ? sweep_trace_find(t, path) : NULL;
		if (trace)
			sha_add(&one, trace->hash, SHA_HEX);
		sha_add(&one, line, (size_t)snprintf(line, sizeof(line), "seed %llu verify %d", (unsigned long long)p->seed, s->verify));
		sha_end(&one, p->id);
		sha_add(&all, p->id, SHA_HEX);
	}
	sha_end(&all, s->plan);
}

void sweep_say(const struct sweep *s, const struct sweep_point *p, char *buf, size_t n)
{
	size_t at = 0;

	*buf = 0;
	for (size_t a = 0; a < s->n_axis && at < n; a++)
		if (p->choice[a] != SWEEP_UNSET)
			at += (size_t)snprintf(buf + at, n - at, "%s=%s, ", s->axis[a].key, s->axis[a].v[p->choice[a]].text);
	if (at < n)
		snprintf(buf + at, n - at, "seed %llu", (unsigned long long)p->seed);
}

/* The file as it was written, for the database; the tree has read it before. Standard input is not kept. NULL: no memory. */
static char *read_text(const char *path)
{
	char *text = NULL;
	size_t cap = 0;
	FILE *f;

	errno = 0;
	f = strcmp(path, "-") ? fopen(path, "r") : NULL;
	if (!f || getdelim(&text, &cap, 0, f) < 0) {
		free(text);
		text = errno == ENOMEM ? NULL : strdup("");
	}
	if (f)
		fclose(f);
	return text;
}

bool sweep_load(struct sweep *s, const char *path, struct err *e)
{
	const struct ynode *axes, *when;
	bool ok;

	*s = (struct sweep){ 0 };
	if (!ytree_load(&s->tree, path, NULL, e))
		return false;
	s->text = read_text(path);
	axes = top(s, "axes");
	when = top(s, "when");
	ok = (s->text || oom(e)) && check_keys(s, e) && read_base(s, e) && (!axes || sweep_read_axes(s, axes, e)) &&
	     (!when || sweep_read_conds(s, when, s->n_axis, &s->when, e)) && read_seeds(s, e) && read_stats(s, e) && read_verify(s, e) &&
			sweep_points(s, e);
	if (!ok)
		sweep_free(s);
	return ok;
}

void sweep_free(struct sweep *s)
{
	for (size_t i = 0; i < s->n_point; i++)
		free(s->point[i].choice);
	for (size_t i = 0; i < s->n_axis; i++) {
		for (size_t v = 0; v < s->axis[i].n; v++)
			free(s->axis[i].v[v].text);
		free(s->axis[i].v);
		free(s->axis[i].key);
	}
	for (size_t i = 0; i < s->n_group; i++) {
		for (size_t c = 0; c < s->group[i].when.n; c++)
			free(s->group[i].when.c[c].v.text);
		free(s->group[i].when.c);
	}
	for (size_t c = 0; c < s->when.n; c++)
		free(s->when.c[c].v.text);
	free(s->when.c);
	free(s->group);
	free(s->axis);
	free(s->point);
	free(s->seed);
	free(s->stats);
	free(s->text);
	free(s->base_text);
	if (s->base.unit)
		run_cfg_free(&s->base);
	ytree_free(&s->tree);
	*s = (struct sweep){ 0 };
}
