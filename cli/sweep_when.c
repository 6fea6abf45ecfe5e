/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep_when.c - conditions on points: KEY OP VALUE [and KEY OP VALUE]..., where KEY is an axis. Values compare by number (ps, bytes), words by == and !=.
 * Does not know: or, brackets, keys that are no axis.
 */
#include "sweep.h"
#include <stdlib.h>
#include <string.h>

#define FAIL_AT(mark, e, ...) err_at(e, (mark)->file, (mark)->line, (mark)->col, __VA_ARGS__)

static bool oom(struct err *e)
{
	return err_set(e, ERR_MACHINE, "out of memory");
}

static bool find_axis(const struct sweep *s, const char *key, size_t known, const struct ynode *n, size_t *axis, struct err *e)
{
	const char *cand[256], *near;
	size_t k = 0;

	for (*axis = 0; *axis < known; ++*axis)
		if (!strcmp(s->axis[*axis].key, key))
			return true;
	for (size_t i = 0; i < known && k < ARRAY_LEN(cand); i++)
		cand[k++] = s->axis[i].key;
	near = err_nearest(key, cand, k);
	return FAIL_AT(&n->at, e, near ? "when: %s is not an axis before this; did you mean %s?" : "when: %s is not an axis before this",
			key, near);
}

static bool one_cond(const struct sweep *s, char *text, const struct ynode *n, size_t known, struct sweep_cond *c, struct err *e)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	size_t at = strcspn(text, "=!<>"), i = 0;
	char *value;
	struct err in = { 0 };

	while (i < ARRAY_LEN(ops) && strncmp(text + at, ops[i], strlen(ops[i])))
		i++;
	if (!at || i == ARRAY_LEN(ops))
		return FAIL_AT(&n->at, e, "when: \"%.80s\": expected KEY OP VALUE with one of == != <= >= < >", text);
	snprintf(c->op, sizeof(c->op), "%s", ops[i]);
	value = text + at + strlen(ops[i]);
	value += strspn(value, " ");
	while (at && text[at - 1] == ' ')
		at--;
	text[at] = 0;
	for (char *end = value + strlen(value); end > value && end[-1] == ' ';)
		*--end = 0;
	if (!find_axis(s, text, known, n, &c->axis, e))
		return false;
	const struct sweep_axis *a = &s->axis[c->axis];

	if ((a->opt->type == CFG_STR || a->opt->type == CFG_LIST || a->opt->type == CFG_ENUM || a->opt->type == CFG_BOOL) && *c->op != '=' && *c->op != '!')
		return FAIL_AT(&n->at, e, "when: %s has no order; use == or !=", a->key);
	return sweep_value_parse(a->opt, a->key, value, &c->v, &in) || FAIL_AT(&n->at, e, "when: %s", in.msg);
}

static bool cond_text(const struct sweep *s, const struct ynode *n, size_t known, struct sweep_conds *out, struct err *e)
{
	char *copy, *p, *and;
	bool ok = true;

	if (n->kind != YN_SCALAR || n->plain_empty)
		return FAIL_AT(&n->at, e, "when: expected KEY OP VALUE");
	copy = p = strdup(n->text);
	if (!copy)
		return oom(e);
	do {
		struct sweep_cond *grown = realloc(out->c, (out->n + 1) * sizeof(*grown));

		if (!grown) {
			ok = oom(e);
			break;
		}
		out->c = grown;
		out->c[out->n] = (struct sweep_cond){ 0 };
		and = strstr(p, " and ");
		if (and)
			*and = 0;
		p += strspn(p, " ");
		ok = one_cond(s, p, n, known, &out->c[out->n], e);
		out->n += ok;
		p = and ? and + strlen(" and ") : NULL;
	} while (ok && p);
	free(copy);
	return ok;
}

bool sweep_read_conds(struct sweep *s, const struct ynode *n, size_t known, struct sweep_conds *out, struct err *e)
{
	if (n->kind != YN_SEQ)
		return cond_text(s, n, known, out, e);
	for (size_t i = 0; i < n->n; i++)
		if (!cond_text(s, n->child[i], known, out, e))
			return false;
	return true;
}

bool sweep_cond_holds(const struct sweep *s, const struct sweep_conds *w, const int32_t *choice)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct sweep_cond *c = &w->c[i];
		const struct sweep_value *v;
		bool eq, ok;

		if (choice[c->axis] == SWEEP_UNSET)
			return false;
		v = &s->axis[c->axis].v[choice[c->axis]];
		eq = !strcmp(v->text, c->v.text);
		switch (*c->op) {
		case '=': ok = eq; break;
		case '!': ok = !eq; break;
		case '<': ok = v->num < c->v.num || (c->op[1] && eq); break;
		default: ok = v->num > c->v.num || (c->op[1] && eq); break;
		}
		if (!ok)
			return false;
	}
	return true;
}
