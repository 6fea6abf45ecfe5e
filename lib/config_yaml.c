/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_yaml.c - a configuration file and its includes as one tree of maps, lists and scalars, every node with its place.
 * "include: F" or "include: [F, G]" at the top level: those files come first, the keys of this file override. Maps merge key by key,
 * lists and values replace. "a.b: 1" is "a: {b: 1}". The same key twice in one file is an error.
 * Does not support: several documents in a file, keys that are not scalars. Aliases are copied (depth and size are limited).
 */
#include "config_int.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 32, MAX_NODES = 200000 };

struct incl { /* files being loaded, innermost first */
	const struct incl *up;
	const char *real;
};
struct load {
	struct ytree *t;
	yaml_document_t *doc;
	const char *file;
	unsigned inst;
	size_t *nodes; /* made so far, over all files */
	struct err *e;
};

static void node_free(struct ynode *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->n; i++)
		node_free(n->child[i]);
	free(n->child);
	free(n->key);
	free(n->text);
	free(n);
}

static struct ynode *node_new(struct load *l, uint8_t kind, struct ymark at)
{
	struct ynode *n;

	if (++*l->nodes > MAX_NODES) {
		err_at(l->e, l->file, at.line, at.col, "more than %d values in one configuration", MAX_NODES);
		return NULL;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		err_set(l->e, ERR_MACHINE, "out of memory");
		return NULL;
	}
	n->kind = kind;
	n->at = n->key_at = at;
	n->inst = l->inst;
	return n;
}

/* Takes @c in any case. */
static bool node_add(struct load *l, struct ynode *map, struct ynode *c)
{
	if (map->n == map->cap) {
		size_t cap = map->cap ? 2 * map->cap : 8;
		struct ynode **grown = realloc(map->child, cap * sizeof(*grown));

		if (!grown) {
			node_free(c);
			return err_set(l->e, ERR_MACHINE, "out of memory");
		}
		map->child = grown;
		map->cap = cap;
	}
	map->child[map->n++] = c;
	return true;
}

static struct ynode *node_find(const struct ynode *map, const char *key, size_t len)
{
	for (size_t i = 0; i < map->n; i++)
		if (strlen(map->child[i]->key) == len && !memcmp(map->child[i]->key, key, len))
			return map->child[i];
	return NULL;
}

static struct ymark mark(const struct load *l, const yaml_node_t *y)
{
	return (struct ymark){ l->file, (unsigned)y->start_mark.line + 1, (unsigned)y->start_mark.column + 1 };
}

static bool fill(struct load *l, struct ynode *n, const yaml_node_t *y, unsigned depth);

/* Empty @n so that a later file's value takes its place. Maps stay: they merge. */
static void override(struct ynode *n, uint8_t kind)
{
	if (n->kind == YN_MAP && kind == YN_MAP)
		return;
	for (size_t i = 0; i < n->n; i++)
		node_free(n->child[i]);
	n->n = 0;
	free(n->text);
	n->text = NULL;
}

/* The child map of @map named by the next component of a dotted key, made if need be. */
static struct ynode *step_into(struct load *l, struct ynode *map, const char *part, size_t len, struct ymark at)
{
	struct ynode *c = node_find(map, part, len);

	if (c && c->kind == YN_MAP)
		return c;
	if (c && c->inst == l->inst) {
		err_at(l->e, l->file, at.line, at.col, "%.*s: already has a value at line %u", (int)len, part, c->key_at.line);
		return NULL;
	}
	if (!c) {
		c = node_new(l, YN_MAP, at);
		if (!c)
			return NULL;
		c->key = strndup(part, len);
		if (!c->key) {
			node_free(c);
			err_set(l->e, ERR_MACHINE, "out of memory");
			return NULL;
		}
		c->inst = 0;
		return node_add(l, map, c) ? c : NULL;
	}
	override(c, YN_MAP); /* an included value, replaced by a map */
	c->kind = YN_MAP;
	c->inst = 0;
	c->at = c->key_at = at;
	return c;
}

static bool insert(struct load *l, struct ynode *map, const yaml_node_t *ky, const yaml_node_t *vy, unsigned depth)
{
	const char *key = (const char *)ky->data.scalar.value, *dot;
	struct ymark at = mark(l, ky);
	uint8_t kind = vy->type == YAML_MAPPING_NODE ? YN_MAP : vy->type == YAML_SEQUENCE_NODE ? YN_SEQ : YN_SCALAR;
	struct ynode *n;

	if (strlen(key) != ky->data.scalar.length || strlen(key) > 200)
		return err_at(l->e, l->file, at.line, at.col, "a key has a zero byte or is longer than 200 bytes");
	for (; (dot = strchr(key, '.')); key = dot + 1) {
		map = step_into(l, map, key, (size_t)(dot - key), at);
		if (!map)
			return false;
		if (++depth > MAX_DEPTH)
			return err_at(l->e, l->file, at.line, at.col, "nested deeper than %d", MAX_DEPTH);
	}
	n = node_find(map, key, strlen(key));
	if (n && n->inst == l->inst)
		return err_at(l->e, l->file, at.line, at.col, "%s: duplicate key; it first appears at line %u", key, n->key_at.line);
	if (n && n->inst == 0 && kind != YN_MAP && n->kind == YN_MAP && n->at.file == l->file)
		return err_at(l->e, l->file, at.line, at.col, "%s: duplicate key; parts of it appear at line %u", key, n->key_at.line);
	if (!n) {
		n = node_new(l, kind, at);
		if (!n)
			return false;
		n->key = strdup(key);
		if (!n->key) {
			node_free(n);
			return err_set(l->e, ERR_MACHINE, "out of memory");
		}
		if (!node_add(l, map, n))
			return false;
	} else {
		override(n, kind);
	}
	n->kind = kind;
	n->inst = l->inst;
	n->key_at = at;
	n->at = mark(l, vy);
	return fill(l, n, vy, depth + 1);
}

static bool fill_map(struct load *l, struct ynode *n, const yaml_node_t *y, unsigned depth, bool top)
{
	for (const yaml_node_pair_t *p = y->data.mapping.pairs.start; p < y->data.mapping.pairs.top; p++) {
		const yaml_node_t *k = yaml_document_get_node(l->doc, p->key);

		if (k->type != YAML_SCALAR_NODE) {
			struct ymark at = mark(l, k);

			return err_at(l->e, l->file, at.line, at.col, "a key must be a word");
		}
		if (top && !strcmp((const char *)k->data.scalar.value, "include"))
			continue;
		if (!insert(l, n, k, yaml_document_get_node(l->doc, p->value), depth))
			return false;
	}
	return true;
}

static bool fill(struct load *l, struct ynode *n, const yaml_node_t *y, unsigned depth)
{
	if (depth > MAX_DEPTH)
		return err_at(l->e, l->file, n->at.line, n->at.col, "nested deeper than %d", MAX_DEPTH);
	if (y->type == YAML_MAPPING_NODE)
		return fill_map(l, n, y, depth, false);
	if (y->type == YAML_SEQUENCE_NODE) {
		for (const yaml_node_item_t *i = y->data.sequence.items.start; i < y->data.sequence.items.top; i++) {
			const yaml_node_t *iy = yaml_document_get_node(l->doc, *i);
			uint8_t kind = iy->type == YAML_MAPPING_NODE ? YN_MAP : iy->type == YAML_SEQUENCE_NODE ? YN_SEQ : YN_SCALAR;
			struct ynode *c = node_new(l, kind, mark(l, iy));

			if (!c || !node_add(l, n, c) || !fill(l, c, iy, depth + 1))
				return false;
		}
		return true;
	}
	if (strlen((const char *)y->data.scalar.value) != y->data.scalar.length)
		return err_at(l->e, l->file, n->at.line, n->at.col, "a value has a zero byte");
	n->plain_empty = !y->data.scalar.length && y->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = strdup((const char *)y->data.scalar.value);
	return n->text || err_set(l->e, ERR_MACHINE, "out of memory");
}

static const char *keep_name(struct ytree *t, const char *name)
{
	char **grown = realloc(t->file, (t->n_file + 1) * sizeof(*grown)), *s = strdup(name);

	if (grown)
		t->file = grown;
	if (!grown || !s) {
		free(s);
		return NULL;
	}
	return t->file[t->n_file++] = s;
}

static bool load_file(struct ytree *t, const char *path, const struct incl *up, const struct ymark *from, size_t *nodes, struct err *e);

static bool include_one(struct load *l, const yaml_node_t *y, const struct incl *me)
{
	const char *slash = strrchr(l->file, '/'), *name;
	int dir = slash ? (int)(slash - l->file + 1) : 0;
	struct ymark at = mark(l, y);
	char path[PATH_MAX];

	if (y->type != YAML_SCALAR_NODE || !y->data.scalar.length)
		return err_at(l->e, l->file, at.line, at.col, "include: expected a file name or a list of file names");
	name = (const char *)y->data.scalar.value;
	if ((size_t)snprintf(path, sizeof(path), "%.*s%s", *name == '/' ? 0 : dir, l->file, name) >= sizeof(path))
		return err_at(l->e, l->file, at.line, at.col, "include: the file name is too long");
	return load_file(l->t, path, me, &at, l->nodes, l->e);
}

static bool includes(struct load *l, const yaml_node_t *top, const struct incl *me)
{
	unsigned seen = 0;

	for (const yaml_node_pair_t *p = top->data.mapping.pairs.start; p < top->data.mapping.pairs.top; p++) {
		const yaml_node_t *k = yaml_document_get_node(l->doc, p->key), *v = yaml_document_get_node(l->doc, p->value);
		struct ymark at = mark(l, k);

		if (k->type != YAML_SCALAR_NODE || strcmp((const char *)k->data.scalar.value, "include"))
			continue;
		if (seen++)
			return err_at(l->e, l->file, at.line, at.col, "include: duplicate key; use a list");
		if (v->type != YAML_SEQUENCE_NODE) {
			if (!include_one(l, v, me))
				return false;
			continue;
		}
		for (const yaml_node_item_t *i = v->data.sequence.items.start; i < v->data.sequence.items.top; i++)
			if (!include_one(l, yaml_document_get_node(l->doc, *i), me))
				return false;
	}
	return true;
}

static bool yaml_error(const yaml_parser_t *p, const char *file, struct err *e)
{
	const yaml_mark_t *m = &p->problem_mark;

	if (p->error == YAML_MEMORY_ERROR || p->error == YAML_NO_ERROR) /* libyaml does not always say that it had none */
		return err_set(e, ERR_MACHINE, "%s: out of memory", file);
	if (p->error == YAML_READER_ERROR)
		return err_set(e, ERR_INPUT, "%s: byte %zu: %s", file, p->problem_offset, p->problem ? p->problem : "not a text file");
	return err_at(e, file, m->line + 1, (unsigned)m->column + 1, "not valid YAML: %s", p->problem ? p->problem : "syntax error");
}

static bool load_docs(struct load *l, yaml_parser_t *p, const struct incl *me)
{
	yaml_document_t doc, more;
	yaml_node_t *top;
	bool ok = true;

	if (!yaml_parser_load(p, &doc))
		return yaml_error(p, l->file, l->e);
	l->doc = &doc;
	top = yaml_document_get_root_node(&doc);
	if (top && !(top->type == YAML_SCALAR_NODE && !top->data.scalar.length)) {
		if (top->type != YAML_MAPPING_NODE)
			ok = err_at(l->e, l->file, (unsigned)top->start_mark.line + 1, (unsigned)top->start_mark.column + 1,
				    "expected sections such as \"units:\" at the top of the file");
		ok = ok && includes(l, top, me) && fill_map(l, l->t->root, top, 0, true);
	}
	if (ok && top) {
		if (!yaml_parser_load(p, &more)) {
			ok = yaml_error(p, l->file, l->e);
		} else {
			if (yaml_document_get_root_node(&more))
				ok = err_at(l->e, l->file, more.start_mark.line + 1, (unsigned)more.start_mark.column + 1, "a second document in one file");
			yaml_document_delete(&more);
		}
	}
	yaml_document_delete(&doc);
	l->doc = NULL;
	return ok;
}

static bool load_stream(struct load *l, FILE *f, const struct incl *me)
{
	yaml_parser_t p;
	bool ok;

	if (!yaml_parser_initialize(&p))
		return err_set(l->e, ERR_MACHINE, "out of memory");
	yaml_parser_set_input_file(&p, f);
	ok = load_docs(l, &p, me);
	yaml_parser_delete(&p);
	if (!ok && ferror(f))
		return err_errno(l->e, l->file);
	return ok;
}

static bool load_file(struct ytree *t, const char *path, const struct incl *up, const struct ymark *from, size_t *nodes, struct err *e)
{
	bool std_in = !strcmp(path, "-") && !up, ok;
	char real[PATH_MAX] = "-";
	struct incl me = { up, real };
	FILE *f = std_in ? stdin : fopen(path, "r");
	struct load l = { .t = t, .inst = (unsigned)t->n_file + 1, .nodes = nodes, .e = e };

	if (!f || (!std_in && !realpath(path, real))) {
		ok = from ? err_at(e, from->file, from->line, from->col, "include: %s: %s", path, strerror(errno)) : err_errno(e, path);
		if (f)
			fclose(f);
		return ok;
	}
	ok = true;
	for (const struct incl *i = up; i && ok; i = i->up)
		if (!strcmp(i->real, real))
			ok = err_at(e, from->file, from->line, from->col, "include: %s includes itself", path);
	l.file = ok ? keep_name(t, std_in ? "<stdin>" : path) : NULL;
	if (ok && !l.file)
		ok = err_set(e, ERR_MACHINE, "out of memory");
	ok = ok && load_stream(&l, f, &me);
	if (!std_in)
		fclose(f);
	return ok;
}

static bool load_text(struct ytree *t, const char *text, const char *name, size_t *nodes, struct err *e)
{
	struct incl me = { NULL, "" };
	struct load l = { .t = t, .inst = 1, .nodes = nodes, .e = e, .file = keep_name(t, name) };
	FILE *f = *text ? fmemopen((void *)(uintptr_t)text, strlen(text), "r") : fopen("/dev/null", "r");
	bool ok;

	if (!f || !l.file) {
		if (f)
			fclose(f);
		return err_set(e, ERR_MACHINE, "out of memory");
	}
	ok = load_stream(&l, f, &me);
	fclose(f);
	return ok;
}

bool ytree_load(struct ytree *t, const char *path, const char *text, struct err *e)
{
	size_t nodes = 0;

	*t = (struct ytree){ .root = calloc(1, sizeof(*t->root)) };
	if (!t->root)
		return err_set(e, ERR_MACHINE, "out of memory");
	t->root->kind = YN_MAP;
	if (text ? load_text(t, text, path, &nodes, e) : load_file(t, path, NULL, NULL, &nodes, e))
		return true;
	ytree_free(t);
	return false;
}

void ytree_free(struct ytree *t)
{
	node_free(t->root);
	for (size_t i = 0; i < t->n_file; i++)
		free(t->file[i]);
	free(t->file);
	*t = (struct ytree){ 0 };
}
