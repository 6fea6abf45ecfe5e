/* SPDX-License-Identifier: Apache-2.0 */
/* config_set.c - "--set path=value". Paths: config.h. Errors name the argument as it was typed. */
#include "config_int.h"
#include <stdio.h>
#include <string.h>

/* What is left of @path after the first component @word and its point; NULL if it begins with something else. */
static const char *after(const char *path, const char *word)
{
	size_t n = strlen(word);

	return n && !strncmp(path, word, n) && path[n] == '.' ? path + n + 1 : NULL;
}

static bool set_unit(struct run_unit *u, const char *key, const char *value, struct err *e)
{
	return cfg_set(u->arch->opts, &u->c, key, value, e);
}

/* units.NAME.key. Returns: whether the path was of this form; *ok says if it could be set. */
static bool try_named_unit(struct run_cfg *c, const char *rest, const char *value, bool *ok, struct err *e)
{
	const char *cand[64], *near, *key;
	char name[65];
	size_t n = 0;

	for (size_t i = 0; i < c->n_unit; i++)
		if ((key = after(rest, c->unit[i].name))) {
			*ok = set_unit(&c->unit[i], key, value, e);
			return true;
		}
	for (size_t i = 0; i < c->n_unit && n < ARRAY_LEN(cand); i++)
		cand[n++] = c->unit[i].name;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(rest, "."), rest);
	near = err_nearest(name, cand, n);
	*ok = err_set(e, ERR_INPUT, near ? "%s: no unit of that name; did you mean %s?" : "%s: no unit of that name", name, near);
	return true;
}

static bool set_devices(struct run_cfg *c, const char *rest, const char *value, struct err *e)
{
	const char *key = after(rest, "any");

	if (key)
		return cfg_set(dev_opts, &c->plat.dev_default, key, value, e);
	for (size_t i = 0; i < c->plat.n_dev; i++)
		if ((key = after(rest, c->plat.dev[i].name)))
			return cfg_set(dev_opts, &c->plat.dev[i], key, value, e);
	for (size_t i = 0; i < c->plat.n_dev; i++)
		if (!cfg_set(dev_opts, &c->plat.dev[i], rest, value, e))
			return false;
	return cfg_set(dev_opts, &c->plat.dev_default, rest, value, e);
}

static bool set_section(struct run_cfg *c, const char *name, const char *key, const char *value, struct err *e)
{
	const struct cfg_section *last = NULL;
	const char *cand[1024], *near;
	size_t n = 0;

	for (const struct cfg_section *s = cfg_sections; s->opts; s++) {
		if (strcmp(s->name, name))
			continue;
		if (cfg_find(s->opts, key))
			return cfg_set(s->opts, (char *)c + s->off, key, value, e);
		for (const struct cfg_opt *o = s->opts; o->key && n < ARRAY_LEN(cand); o++)
			cand[n++] = o->key;
		last = s;
	}
	near = last ? err_nearest(key, cand, n) : NULL;
	return err_set(e, ERR_INPUT, near ? "%s: unknown key; did you mean %s?" : "%s: unknown key", key, near);
}

/* The first component is not a name we know: say which one is near. */
static bool unknown_path(const struct run_cfg *c, const char *path, struct err *e)
{
	const char *cand[128] = { "units", "devices" }, *near;
	char first[65];
	size_t n = 2;

	for (const struct cfg_section *s = cfg_sections; s->opts && n < ARRAY_LEN(cand); s++)
		cand[n++] = *s->name ? s->name : s->opts->key;
	for (const struct arch *a = archs; a->name && n < ARRAY_LEN(cand); a++)
		cand[n++] = a->name;
	for (size_t i = 0; i < c->n_unit && n < ARRAY_LEN(cand); i++)
		cand[n++] = c->unit[i].name;
	snprintf(first, sizeof(first), "%.*s", (int)strcspn(path, "."), path);
	near = err_nearest(first, cand, n);
	return err_set(e, ERR_INPUT, near ? "%s: unknown key; did you mean %s?" : "%s: unknown key", first, near);
}

static bool set_path(struct run_cfg *c, const char *path, const char *value, struct err *e)
{
	const char *rest;
	bool ok = true, hit = false;

	if ((rest = after(path, "units")))
		return try_named_unit(c, rest, value, &ok, e) && ok;
	if ((rest = after(path, "devices")))
		return set_devices(c, rest, value, e);
	for (const struct cfg_section *s = cfg_sections; s->opts; s++) {
		if (!*s->name && cfg_find(s->opts, path))
			return cfg_set(s->opts, (char *)c + s->off, path, value, e);
		if ((rest = after(path, s->name)))
			return set_section(c, s->name, rest, value, e);
	}
	for (size_t i = 0; i < c->n_unit; i++)
		if ((rest = after(path, c->unit[i].name)))
			return set_unit(&c->unit[i], rest, value, e);
	for (size_t i = 0; ok && i < c->n_unit; i++)
		if ((rest = after(path, c->unit[i].arch->name))) {
			hit = true;
			ok = set_unit(&c->unit[i], rest, value, e);
		}
	return hit ? ok : unknown_path(c, path, e);
}

bool run_cfg_set(struct run_cfg *c, const char *assignment, struct err *e)
{
	const char *eq = strchr(assignment, '=');
	struct err in = { 0 };
	char path[300];

	if (!eq || eq == assignment || (size_t)(eq - assignment) >= sizeof(path))
		return err_set(e, ERR_INPUT, "--set %.200s: expected key=value", assignment);
	memcpy(path, assignment, (size_t)(eq - assignment));
	path[eq - assignment] = 0;
	if (set_path(c, path, eq + 1, &in))
		return true;
	return err_set(e, in.code, "--set %.200s: %s", assignment, in.msg);
}
