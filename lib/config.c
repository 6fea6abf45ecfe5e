/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - struct run_cfg: its sections, defaults, units and devices; loading one from a file or a text. config_tree.c does the reading,
 * config_set.c --set, config_dump.c the way back.
 */
#include "config_int.h"
#include <stdlib.h>
#include <string.h>

static const struct cfg_opt trace_opts[] = {
	{ "file", CFG_STR, offsetof(struct run_cfg, trace), 0, 0, 0, "", "Trace to replay, relative to the current directory; none means generated traffic.", NULL },
	{ NULL, 0, 0, 0, 0, 0, NULL, NULL, NULL },
};
const struct cfg_opt cfg_top_opts[] = {
	{ "seed", CFG_U64, offsetof(struct run_cfg, plat.seed), 1, 0, 0, "", "Seed of everything random; equal seeds give equal runs.", NULL },
	{ NULL, 0, 0, 0, 0, 0, NULL, NULL, NULL },
};
const struct cfg_section cfg_sections[] = {
	{ "", cfg_top_opts, 0 },
	{ "memory", plat_opts, offsetof(struct run_cfg, plat) },
	{ "memory", mem_port_opts, offsetof(struct run_cfg, plat.port) },
	{ "replay", replay_opts, offsetof(struct run_cfg, plat.replay) },
	{ "trace", trace_opts, 0 },
	{ "gen", gen_opts, offsetof(struct run_cfg, gen) },
	{ "software", drv_opts, offsetof(struct run_cfg, drv) },
	{ "software", hyp_opts, offsetof(struct run_cfg, hyp) },
	{ "page_faults", pf_opts, offsetof(struct run_cfg, faults) },
	{ NULL, NULL, 0 },
};

bool cfg_owned_key(const char *key)
{
	return !strcmp(key, "name") || !strcmp(key, "rid") || !strcmp(key, "arch");
}

struct run_unit *run_unit_add(struct run_cfg *c, const struct arch *a, const char *name)
{
	struct run_unit *grown = realloc(c->unit, (c->n_unit + 1) * sizeof(*grown)), *u;

	if (!grown)
		return NULL;
	c->unit = grown;
	u = &grown[c->n_unit];
	memset(u, 0, sizeof(*u));
	u->name = strdup(name);
	if (!u->name)
		return NULL;
	u->arch = a;
	cfg_defaults(a->opts, &u->c);
	c->n_unit++;
	return u;
}

void run_unit_free(struct run_unit *u)
{
	cfg_free(u->arch->opts, &u->c);
	free(u->name);
}

static void dev_free(struct dev_cfg *d)
{
	char *name = d->name;

	d->name = NULL;
	cfg_free(dev_opts, d);
	free(name);
}

bool dev_cfg_copy(struct dev_cfg *d, const struct dev_cfg *from, const char *name)
{
	*d = *from;
	d->name = NULL;
	for (const struct cfg_opt *o = dev_opts; o->key; o++)
		if (o->type == CFG_STR && o->off != offsetof(struct dev_cfg, name)) {
			char **s = (char **)(void *)((char *)d + o->off);

			*s = *s ? strdup(*s) : NULL;
		}
	d->name = strdup(name);
	return d->name;
}

void run_cfg_init(struct run_cfg *c)
{
	memset(c, 0, sizeof(*c));
	for (const struct cfg_section *s = cfg_sections; s->opts; s++)
		cfg_defaults(s->opts, (char *)c + s->off);
	cfg_defaults(dev_opts, &c->plat.dev_default);
	c->plat.dev_default.name = strdup("any");
	run_unit_add(c, &archs[0], "vtd0");
}

void run_cfg_free(struct run_cfg *c)
{
	for (const struct cfg_section *s = cfg_sections; s->opts; s++)
		cfg_free(s->opts, (char *)c + s->off);
	for (size_t i = 0; i < c->n_unit; i++)
		run_unit_free(&c->unit[i]);
	for (size_t i = 0; i < c->plat.n_dev; i++)
		dev_free(&c->plat.dev[i]);
	dev_free(&c->plat.dev_default);
	free(c->unit);
	free(c->plat.dev);
	memset(c, 0, sizeof(*c));
}

static bool load(struct run_cfg *c, const char *path, const char *text, struct err *e)
{
	struct ytree t;
	bool ok;

	run_cfg_init(c);
	if (!c->n_unit || !c->plat.dev_default.name)
		ok = err_set(e, ERR_MACHINE, "out of memory");
	else if (!ytree_load(&t, path, text, e))
		ok = false;
	else {
		ok = run_cfg_apply(c, t.root, e);
		ytree_free(&t);
	}
	if (!ok)
		run_cfg_free(c);
	return ok;
}

bool run_cfg_load(struct run_cfg *c, const char *path, struct err *e)
{
	return load(c, path, NULL, e);
}

bool run_cfg_parse(struct run_cfg *c, const char *text, const char *name, struct err *e)
{
	return load(c, name, text, e);
}
