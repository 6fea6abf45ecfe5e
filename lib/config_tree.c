/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_tree.c - from the tree of a YAML file to struct run_cfg by way of the option rows.
 * Does not check what only a unit can check when it is created (ways against entries and the like).
 */
#include "config_int.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One or more option tables under the same prefix. */
struct target {
	const struct cfg_opt *opts;
	void *base;
};

/* As cfg_set() over several tables; on an unknown key the nearest of all of them is named. */
static bool target_set(const struct target *t, size_t n, const char *key, const char *text, struct err *e)
{
	const char *cand[1024], *near;
	size_t n_cand = 0;

	for (size_t i = 0; i < n; i++)
		if (cfg_find(t[i].opts, key))
			return cfg_set(t[i].opts, t[i].base, key, text, e);
	for (size_t i = 0; i < n; i++)
		for (const struct cfg_opt *o = t[i].opts; o->key && n_cand < ARRAY_LEN(cand); o++)
			cand[n_cand++] = o->key;
	near = err_nearest(key, cand, n_cand);
	if (near)
		return err_set(e, ERR_INPUT, "%s: unknown key; did you mean %s?", key, near);
	return err_set(e, ERR_INPUT, "%s: unknown key", key);
}

static size_t section_targets(struct run_cfg *c, const char *name, struct target *t, size_t max)
{
	size_t n = 0;

	for (const struct cfg_section *s = cfg_sections; s->opts; s++)
		if (!strcmp(s->name, name) && n < max)
			t[n++] = (struct target){ s->opts, (char *)c + s->off };
	return n;
}

static bool no_section(const char *name, struct err *e)
{
	const char *cand[64] = { "units", "devices", "include" }, *near;
	size_t n = 3;

	for (const struct cfg_section *s = cfg_sections; s->opts && n < ARRAY_LEN(cand); s++)
		if (*s->name)
			cand[n++] = s->name;
	for (const struct cfg_opt *o = cfg_top_opts; o->key && n < ARRAY_LEN(cand); o++)
		cand[n++] = o->key;
	near = err_nearest(name, cand, n);
	return err_set(e, ERR_INPUT, near ? "%.80s: unknown key; did you mean %s?" : "%.80s: unknown key", name, near);
}

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

struct apply {
	const struct target *t;
	size_t n;
	const char *path; /* for messages: "units.vtd0." or "" */
	bool owned; /* name, arch and rid were handled already */
	struct err *e;
};

static const struct cfg_opt *known(const struct apply *a, const char *key)
{
	const struct cfg_opt *o = NULL;

	for (size_t i = 0; i < a->n && !o; i++)
		o = cfg_find(a->t[i].opts, key);
	return o;
}

/* Does any row lie below "key."? Then a map is what belongs there. */
static bool is_group(const struct apply *a, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < a->n; i++)
		for (const struct cfg_opt *o = a->t[i].opts; o->key; o++)
			if (!strncmp(o->key, key, len) && o->key[len] == '.')
				return true;
	return false;
}

static bool fail_at(const struct ymark *at, struct err *e, const char *path, const char *what)
{
	return err_at(e, at->file, at->line, at->col, "%s%s", path, what);
}

/* A list as the value of a row of words: its items, joined. */
static bool joined(const struct ynode *v, char *buf, size_t n)
{
	size_t at = 0;

	*buf = 0;
	for (size_t i = 0; i < v->n; i++) {
		if (v->child[i]->kind != YN_SCALAR || at + strlen(v->child[i]->text) + 2 > n)
			return false;
		at += (size_t)snprintf(buf + at, n - at, "%s%s", i ? "," : "", v->child[i]->text);
	}
	return true;
}

static bool apply_leaf(const struct apply *a, const char *key, const struct ynode *v)
{
	static const char *const found[] = { "a single value", "a map", "a list" };
	const struct cfg_opt *opt = known(a, key);
	bool row = opt, group = !row && is_group(a, key), list = row && opt->type == CFG_LIST && v->kind == YN_SEQ;
	struct err in = { 0 };
	char items[1000];

	if (list && !joined(v, items, sizeof(items)))
		return err_at(a->e, v->at.file, v->at.line, v->at.col, "%s%s: expected a list of words", a->path, key);
	if (group || (row && v->kind != YN_SCALAR && !list))
		return err_at(a->e, v->at.file, v->at.line, v->at.col, "%s%s: expected %s, found %s", a->path, key, group ? "a map of keys" : "a single value",
			      found[v->kind]);
	if (row && v->plain_empty)
		return err_at(a->e, v->at.file, v->at.line, v->at.col, "%s%s: the value is missing", a->path, key);
	if (target_set(a->t, a->n, key, list ? items : v->kind == YN_SCALAR ? v->text : "", &in))
		return true;
	if (in.code == ERR_MACHINE)
		return err_set(a->e, in.code, "%s", in.msg);
	return fail_at(row ? &v->at : &v->key_at, a->e, a->path, in.msg);
}

/* Every leaf below the map @n becomes one dotted key; @key is the part so far. */
static bool apply_map(const struct apply *a, const char *key, const struct ynode *n)
{
	char sub[400];

	for (size_t i = 0; i < n->n; i++) {
		const struct ynode *c = n->child[i];

		if (!*key && a->owned && cfg_owned_key(c->key))
			continue;
		if ((size_t)snprintf(sub, sizeof(sub), "%s%s%s", key, *key ? "." : "", c->key) >= sizeof(sub))
			return fail_at(&c->key_at, a->e, a->path, "the key is too long");
		if (c->kind == YN_MAP && is_group(a, sub)) {
			if (!apply_map(a, sub, c))
				return false;
		} else if (!apply_leaf(a, sub, c)) {
			return false;
		}
	}
	return true;
}

static const struct ynode *child(const struct ynode *map, const char *key)
{
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->child[i]->key, key))
			return map->child[i];
	return NULL;
}

/* The text of @key of one unit or device; NULL with no error when it is not there. */
static bool item_text(const struct ynode *item, const char *key, const char **text, struct err *e)
{
	const struct ynode *c = child(item, key);

	*text = NULL;
	if (!c)
		return true;
	if (c->kind != YN_SCALAR || !*c->text)
		return fail_at(&c->at, e, key, ": expected a word");
	*text = c->text;
	return true;
}

/* Names appear in --set paths and in flat names of statistics. */
static bool check_name(const struct ynode *item, const char *name, struct err *e)
{
	const struct ynode *c = child(item, "name");

	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return fail_at(c ? &c->at : &item->at, e, "name: ", "only letters, digits, '_' and '-' can be in a name");
	if (strlen(name) > 64)
		return fail_at(c ? &c->at : &item->at, e, "name: ", "longer than 64 letters");
	return true;
}

static const struct arch *find_arch(const struct ynode *item, const char *word, struct err *e)
{
	const char *cand[16], *near;
	const struct ynode *c = child(item, "arch");
	size_t n = 0;

	for (const struct arch *a = archs; a->name; a++) {
		if (!strcmp(a->name, word))
			return a;
		cand[n++] = a->name;
	}
	near = err_nearest(word, cand, n);
	err_at(e, c->at.file, c->at.line, c->at.col, "arch: %.80s is not an architecture; %s %s", word, near ? "did you mean" : "known is", near ? near : cand[0]);
	return NULL;
}

static bool apply_unit(struct run_cfg *c, const struct ynode *item, struct err *e)
{
	const char *arch, *name;
	const struct arch *a;
	struct run_unit *u;
	char made[32], path[100];
	unsigned n = 0;

	if (!item_text(item, "arch", &arch, e) || !item_text(item, "name", &name, e))
		return false;
	if (!arch)
		return fail_at(&item->at, e, "units: ", "a unit needs an arch");
	a = find_arch(item, arch, e);
	if (!a)
		return false;
	for (size_t i = 0; i < c->n_unit; i++)
		n += c->unit[i].arch == a;
	snprintf(made, sizeof(made), "%s%u", a->name, n);
	name = name ? name : made;
	if (!check_name(item, name, e))
		return false;
	for (size_t i = 0; i < c->n_unit; i++)
		if (!strcmp(c->unit[i].name, name))
			return err_at(e, item->at.file, item->at.line, item->at.col, "units: a second unit named %s", name);
	u = run_unit_add(c, a, name);
	if (!u)
		return oom(e);
	snprintf(path, sizeof(path), "units.%s.", name);
	return apply_map(&(struct apply){ &(struct target){ a->opts, &u->c }, 1, path, true, e }, "", item);
}

static bool apply_device(struct run_cfg *c, const struct ynode *item, bool any, struct err *e)
{
	static const struct cfg_opt rid_opt[] = { { "rid", CFG_U32, 0, 0, 0, 0xffff, "rid", "", NULL }, { NULL, 0, 0, 0, 0, 0, NULL, NULL, NULL } };
	const char *rid, *name;
	struct dev_cfg *d = &c->plat.dev_default, *grown;
	struct err in = { 0 };
	char made[32], path[100];
	uint32_t v = 0;

	if (!item_text(item, "rid", &rid, e) || !item_text(item, "name", &name, e))
		return false;
	if (!rid)
		return fail_at(&item->at, e, "devices: ", "a device needs a rid: bus:device.function, or any");
	if (!strcmp(rid, "any") != any)
		return true; /* the other pass */
	if (!any) {
		if (!cfg_set(rid_opt, &v, "rid", rid, &in))
			return fail_at(&child(item, "rid")->at, e, "devices.", in.msg);
		for (size_t i = 0; i < c->plat.n_dev; i++)
			if (c->plat.dev[i].rid == v)
				return err_at(e, item->at.file, item->at.line, item->at.col, "devices: a second device with rid %s", rid);
		snprintf(made, sizeof(made), "dev_%04x", v);
		name = name ? name : made;
		if (!check_name(item, name, e))
			return false;
		for (size_t i = 0; i < c->plat.n_dev; i++)
			if (!strcmp(c->plat.dev[i].name, name))
				return err_at(e, item->at.file, item->at.line, item->at.col, "devices: a second device named %s", name);
		grown = realloc(c->plat.dev, (c->plat.n_dev + 1) * sizeof(*grown));
		if (!grown)
			return oom(e);
		c->plat.dev = grown;
		d = &grown[c->plat.n_dev];
		if (!dev_cfg_copy(d, &c->plat.dev_default, name))
			return oom(e);
		d->rid = v;
		c->plat.n_dev++;
	} else if (name && strcmp(name, "any")) {
		return fail_at(&child(item, "name")->at, e, "devices.any.name: ", "the default device has no other name");
	}
	snprintf(path, sizeof(path), "devices.%s.", any ? "any" : name);
	return apply_map(&(struct apply){ &(struct target){ dev_opts, d }, 1, path, true, e }, "", item);
}

static bool check_list(const struct ynode *n, struct err *e)
{
	if (n->kind != YN_SEQ)
		return fail_at(&n->at, e, n->key, ": expected a list (lines that begin with '-')");
	for (size_t i = 0; i < n->n; i++)
		if (n->child[i]->kind != YN_MAP)
			return fail_at(&n->child[i]->at, e, n->key, ": each entry is a map of keys");
	return true;
}

static bool apply_units(struct run_cfg *c, const struct ynode *n, struct err *e)
{
	if (!check_list(n, e))
		return false;
	if (!n->n)
		return fail_at(&n->at, e, n->key, ": at least one unit is needed");
	while (c->n_unit)
		run_unit_free(&c->unit[--c->n_unit]);
	for (size_t i = 0; i < n->n; i++)
		if (!apply_unit(c, n->child[i], e))
			return false;
	return true;
}

static bool apply_devices(struct run_cfg *c, const struct ynode *n, struct err *e)
{
	unsigned anys = 0;

	if (!check_list(n, e))
		return false;
	for (int any = 1; any >= 0; any--) /* the default first: the others start from it */
		for (size_t i = 0; i < n->n; i++) {
			const struct ynode *rid = child(n->child[i], "rid");

			if (any && rid && rid->kind == YN_SCALAR && !strcmp(rid->text, "any") && anys++)
				return fail_at(&rid->at, e, "devices: ", "a second default (rid: any)");
			if (!apply_device(c, n->child[i], any, e))
				return false;
		}
	return true;
}

static bool apply_section(struct run_cfg *c, const struct ynode *n, struct err *e)
{
	struct target t[4];
	struct err in = { 0 };
	char path[220];
	size_t k;

	if (!strcmp(n->key, "units"))
		return apply_units(c, n, e);
	if (!strcmp(n->key, "devices"))
		return apply_devices(c, n, e);
	if (cfg_find(cfg_top_opts, n->key))
		return apply_leaf(&(struct apply){ &(struct target){ cfg_top_opts, c }, 1, "", false, e }, n->key, n);
	k = *n->key ? section_targets(c, n->key, t, ARRAY_LEN(t)) : 0;
	if (!k) {
		no_section(n->key, &in);
		return fail_at(&n->key_at, e, "", in.msg);
	}
	if (n->kind == YN_SCALAR && n->plain_empty)
		return true; /* "gen:" with everything below it commented out */
	if (n->kind != YN_MAP)
		return fail_at(&n->at, e, n->key, ": expected a map of keys");
	snprintf(path, sizeof(path), "%s.", n->key);
	return apply_map(&(struct apply){ t, k, path, false, e }, "", n);
}

bool run_cfg_apply(struct run_cfg *c, const struct ynode *root, struct err *e)
{
	for (size_t i = 0; i < root->n; i++)
		if (!apply_section(c, root->child[i], e))
			return false;
	return true;
}
